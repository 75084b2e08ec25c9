"""Planar views in a study: their regions are those of the study, their series the course in time of its curves."""

import os

from ..errors import Faults, InputError
from ..scene import segments, volumes
from . import imagedTracer, jointKinetics, planarFile, planarQuantities, planarSeries, record
from .planarLines import Patient
from .regionMasks import regionLayers, regionNames, segmentationNode
from .registration import referenceOf
from .stage import digestOf

_WHERE = "kinetics.hybrid.views"


def resolvePaths(description, studyPath):
    """Absolute paths in the planar series of a study description; a planar file that it names is read into it.

    Raises
    ------
    InputError, FaultList
        A planar file that cannot be read.
    """
    hybrid, folder = (description.get("kinetics") or {}).get("hybrid"), os.path.dirname(os.path.abspath(studyPath))
    for _name, holder, key in record.planarReferences(description):
        holder[key] = os.path.normpath(os.path.join(folder, holder[key]))
    if isinstance(hybrid, dict) and isinstance(hybrid.get("views"), str):
        hybrid["views"] = planarFile.readPlanarStudy(os.path.join(folder, hybrid["views"]))


def applyHybrid(study, given, names):
    """Planar series of a study file: ``views`` (the content of a planar file), or as :func:`.jointKinetics.applyHybrid`
    takes them.

    Raises
    ------
    InputError, FaultList
    """
    if not isinstance(given, dict) or given.get("views") is None:
        jointKinetics.applyHybrid(study, given, names)
        return
    for key in sorted(set(given) - {"views"}):
        raise InputError(f"'{key}' is given beside planar views", f"{_WHERE}", "Give one of them")
    setViews(study, given["views"], names)


def setViewsFile(study, path):
    """As :func:`setViews`, from a planar file."""
    setViews(study, planarFile.readPlanarStudy(path), regionNames(study))


def setViews(study, content, names=()):
    """Measure planar views and state what they show as the planar series of the study's regions; replaces what was
    stated.

    Parameters
    ----------
    content : dict
        Of a planar file, with absolute paths. Regions without corners are those of the study; its CT is that of the
        reference time point, unless the content names another one in the same coordinates.
    names : sequence of str
        Regions of the study.

    Raises
    ------
    InputError, FaultList
        Nothing is changed then.
    """
    content, faults = planarFile.checked(content, _WHERE), Faults()
    if content.get("labelmap") is not None:
        faults.add("A label map is named, and the regions are those of the study", f"{_WHERE}.labelmap", "Leave it out")
    known = {*names, jointKinetics.REMAINDER}
    for region in content["regions"]:
        if names and region["name"] not in known:
            faults.add(f"'{region['name']}' is not a region", _WHERE, f"Known are {', '.join(sorted(known))}")
    faults.raiseIfAny()
    rows, warnings = planarSeries.planarSeries(content, _patient(study, content), study.choice("radionuclide"),
                                                  imagedTracer.imagedDateTime(study), _patientIds(study))
    entries = planarSeries.seriesByRegion(rows, content)
    for region, series in entries.items():
        series["warnings"] = [f"{words.removeprefix(f'{region}: ')}." for words in warnings
                              if words.startswith(f"{region}: ")]
    regions = tuple(f"{region}: " for region in entries)
    jointKinetics.replacePlanarSeries(study, entries, {
        "content": content, "regions": _digest(study),
        "warnings": [f"Planar views: {words}." for words in warnings if not words.startswith(regions)]})


def _patient(study, content):
    """CT and regions of the study in the coordinates of its reference, ``None`` without a CT."""
    if segmentationNode(study) is None:
        return None
    reference = referenceOf(study)
    if content.get("ct") is not None:
        ct = planarQuantities.ctOfFile(content["ct"])
    elif reference.ctNode is not None:
        ct = planarQuantities.requiredCT(volumes.volumeFromNode(reference.ctNode))
    else:
        return None
    return Patient(ct, tuple((layer.labels, layer.names) for layer in regionLayers(study)))


def _patientIds(study):
    return sorted({timePoint.factValue("patientId") for timePoint in study.timePoints} - {None, ""})


def _digest(study):
    """Of what the views are measured by: regions, and the CT they are drawn on."""
    node = segmentationNode(study)
    if node is None:
        return None
    ct = referenceOf(study).ctNode
    return digestOf({"segmentation": segments.segmentationDigest(node),
                     "ct": None if ct is None else volumes.contentDigest(ct)})


def missing(study):
    """What stands against the planar series as the study is now."""
    views = study.choice(jointKinetics.VIEWS)
    if not views or not jointKinetics.planarSeries(study) or views["regions"] == _digest(study):
        return []
    return ["The regions or their CT changed since the planar views were measured by them: choose the planar file "
            "again"]


def warnings(study):
    """What is doubtful of the planar views as a whole."""
    views = study.choice(jointKinetics.VIEWS)
    return list(views["warnings"]) if views and jointKinetics.planarSeries(study) else []

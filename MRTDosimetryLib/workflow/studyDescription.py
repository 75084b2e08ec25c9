"""A study of the scene as a study file: what was chosen, stated, drawn and changed, so that running it repeats it."""

import copy
import os

import numpy as np

from ..errors import InputError
from ..scene import keptImages, volumes
from . import (
    administrationEntry,
    doseOptions,
    externalDose,
    jointKinetics,
    protocol,
    recordedTimePoints,
    registration,
    reporting,
    signOff,
    statedOrigins,
    statements,
)
from .kineticsOptions import REMAINDER
from .regionMasks import regionNames, segmentationNode

# Folder of what has no file of its own: regions as drawn, images that were loaded otherwise.
INPUTS_FOLDER = "inputs"
EDITED = "isRecordEdited"
REGION_KEYS = {"layers", "unnamedLabels", "referenceFromRegions", "signOff", EDITED}
EXTERNAL_KEYS = {"name", "unit", "geometry"}
# Choices that have keys of their own, or that no result depends on.
_TOLD = {"protocol", "radionuclide", "administration", "patient", "registration", "registrationAccepted",
         "registrationStated", "dose", "kinetics", "uncertainty", "resolutionFWHMMM", "radiobiology", "export",
         "statements", reporting.KEY, "unnamedLabels", "signOff", "signOffLeftOut", "reportSignOff", "outputFolder",
         "reportTemplate", "scanCalibration", jointKinetics.VIEWS, protocol.WITHOUT_IMAGES}
_BY_REGION = ("populationHalfLife", "earlierCycle", "regionModels", "fixed", "bounds", "excludedPoints")


def describe(study, folder):
    """The study file of a study.

    Parameters
    ----------
    folder : str
        Of the record: files are written below it, into ``inputs``.

    Returns
    -------
    dict
        With absolute paths.

    Raises
    ------
    InputError
        Something cannot be written, or does not come back from the disk as it is.
    """
    content = {"schemaVersion": 1, "name": study.name, "protocol": study.choice("protocol"),
               "radionuclide": study.choice("radionuclide"), "administration": _administration(study),
               **_statements(study)}
    if protocol.usesImages(study):
        content |= _images(study, os.path.join(folder, INPUTS_FOLDER))
    if reporting.stated(study):
        content[reporting.KEY] = reporting.stated(study)
    if study.choice("export"):
        content["export"] = study.choice("export")
    origins = statedOrigins.describe(study)
    if origins:
        content[statedOrigins.KEY] = origins
    further = {key: value for key, value in study.choices().items() if key not in _TOLD}
    if further:
        content["choices"] = further
    return content


def _administration(study):
    given = study.choice("administration")
    if given is None:
        return None
    found = {key: given[key] for key in administrationEntry.KEYS if given.get(key) is not None}
    if found.get("measuredActivityMBq") is not None:
        found.pop("activityMBq", None)  # which is computed from it
    elif given.get("reason"):
        found["reason"] = given["reason"]
    return found


def _statements(study):
    found = {}
    for key, value in statements.stated(study).items():
        top, _dot, below = key.partition(".")
        if below:
            found.setdefault(top, {})[below] = value
        else:
            found[top] = value
    patient = {**(study.choice("patient") or {}), **(found.get("patient") or {})}
    return {**found, **({"patient": patient} if patient else {})}


def _images(study, folder):
    points = study.timePoints
    content = {"timePoints": [recordedTimePoints.describe(study, timePoint, folder, number)
                              for number, timePoint in enumerate(points, 1)],
               "registration": registration.kindOf(study), "regions": _regions(study, folder, points),
               "kinetics": _kinetics(study), "dose": _dose(study, folder)}
    for key in ("resolutionFWHMMM", "uncertainty", "radiobiology"):
        if study.choice(key) is not None:
            content[key] = study.choice(key)
    return content


def _regions(study, folder, points):
    node = segmentationNode(study)
    os.makedirs(folder, exist_ok=True)
    path, layers = keptImages.writeRegions(node, os.path.join(folder, "regions"))
    kept = {"layers": layers, "unnamedLabels": study.choice("unnamedLabels"),
            "signOff": signOff.statements(study) or None}
    matrix = volumes.matrixOf(node.GetParentTransformNode())
    if not np.array_equal(matrix, np.eye(4)):
        kept["referenceFromRegions"] = matrix.tolist()
    return {"segmentation": path, "timePoint": points.index(study.referenceTimePoint),
            "kept": {key: value for key, value in kept.items() if value is not None}}


def applyRegions(study, description, timePoint):
    """Put regions that were written by :func:`describe` into a study, drawn on ``timePoint``."""
    from . import segmentation

    kept, where = description["kept"], "regions.kept"
    if not isinstance(kept, dict) or not set(kept) <= REGION_KEYS:
        raise InputError("What is kept of the regions is damaged", where, f"Known are {', '.join(sorted(REGION_KEYS))}")
    node = keptImages.readRegions(study.scene, description["segmentation"], kept.get("layers"))
    if kept.get("referenceFromRegions") is not None:
        volumes.setTransform([node], kept["referenceFromRegions"], "Regions to reference")
    study.referenceTimePoint = timePoint
    segmentation.setSegmentation(study, node)
    study.setChoice("unnamedLabels", kept.get("unnamedLabels"))
    signOff.restore(study, kept.get("signOff") or {}, bool(kept.get(EDITED)))


def _kinetics(study):
    """The choices as a study file has them; statements on regions that are gone have nothing to be applied to."""
    choice = copy.deepcopy(study.choice("kinetics") or {})
    known = {*regionNames(study), REMAINDER}
    for key in _BY_REGION:
        if key in choice and key != "populationHalfLife":  # which may be of a tissue
            choice[key] = {name: value for name, value in choice[key].items() if name in known}
    series = choice.pop("hybrid", None)
    if series and statements.PLANAR not in statements.stated(study):
        views = study.choice(jointKinetics.VIEWS)
        choice["hybrid"] = {"views": views["content"]} if views else {"series": series}
    return choice


def _dose(study, folder):
    choice = copy.deepcopy(study.choice("dose") or {})
    external = choice.get("external")
    if external and external.get("volume"):
        node = study.nodeByRole(externalDose.ROLE)
        path = os.path.join(folder, "externalMap.nrrd")
        os.makedirs(folder, exist_ok=True)
        external["kept"] = {"name": node.GetName(), "unit": volumes.unitOf(node),
                            "geometry": keptImages.writeVolume(node, path)}
        external["file"] = path
        del external["volume"]
    return {key: value for key, value in choice.items() if value is not None}


def applyDose(study, description):
    """Put the choices of the absorbed dose into a study, with an external map that was a volume of its scene."""
    description = copy.deepcopy(description)
    external = description.get("external")
    kept = external.get("kept") if isinstance(external, dict) else None
    if kept is None:
        doseOptions.setDose(study, description)
        return
    if not isinstance(kept, dict) or not set(kept) <= EXTERNAL_KEYS or not isinstance(external.get("file"), str):
        raise InputError("What is kept of the external map is damaged", "dose.external.kept",
                         f"Known are {', '.join(sorted(EXTERNAL_KEYS))}")
    path = external.pop("file")
    del external["kept"]
    doseOptions.setDose(study, {**description, "external": {**external, "volume": True}})
    quantity = external["quantity"]
    node = keptImages.readVolume(study.scene, path, kept.get("name") or "External map", quantity,
                                 kept.get("unit", ""), kept.get("geometry"))
    study.setNodeForRole(externalDose.ROLE, node)


def applyFurther(study, choices):
    """Take over choices that have no key of their own in a study file."""
    if not isinstance(choices, dict):
        raise InputError("The choices are not an object", "choices", "Leave them out")
    for key in sorted(set(choices) & _TOLD):
        raise InputError(f"'{key}' has a key of its own in a study file", "choices", "State it there")
    for key, value in choices.items():
        study.setChoice(key, value)

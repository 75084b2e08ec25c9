"""Time points as a record states them: with what the user changed since, and from images kept beside the record."""

import os

from ..errors import Faults, InputError
from ..scene import keptImages, volumes
from . import calibrationUse, registration, spectFiles, timePoints, timePointSource

# Keys of a time point in a study file beside those of :func:`.spectFiles.addTimePoint`.
KEYS = {"overrides", "excluded", "registration", "kept", timePointSource.STATED_BY}
_LATER = ("overrides", "excluded", "registration")
_OVERRIDE_KEYS = {"fact", "value", "unit", "reason"}
_KEPT_KEYS = {"facts", "spectName", "spectUnit", "spectGeometry", "ctName", "ctGeometry", "ctUnit"}
_FACT_KEYS = {"value", "unit", "source", "detail", "alternatives", "reason"}


def addTimePoint(study, item, name):
    """Add the time point of an entry of a study file or record.

    Parameters
    ----------
    item : dict
        As of :func:`.spectFiles.addTimePoint`, and ``overrides`` (list of ``fact``, ``value``, ``unit``, ``reason``),
        ``excluded`` (``{"reason": "..."}``: left out of all stages), ``registration`` (``referenceFromTimePoint``:
        4 x 4 in RAS mm, an alignment by hand; ``isAccepted``), ``statedBy`` ("user" or "file") and ``kept`` (facts,
        names and geometry of images that were in the scene, written by :func:`describe`).
    name : str
        What the time point is called in messages.

    Returns
    -------
    TimePoint
    """
    _requireKnown(item, name)
    if item.get("kept") is not None:
        timePoint = _addKept(study, item, name)
    elif item.get(timePointSource.STATED_BY) == "user":
        given = {key: value for key, value in item.items()
                 if key not in (*_LATER, "spect", "ct", timePointSource.STATED_BY, *calibrationUse.TIME_POINT_KEYS)}
        timePoint = timePoints.addFromFiles(study, item["spect"], item.get("ct"), **given,
                                            calibration=calibrationUse.ofScan(item))
    else:
        timePoint = spectFiles.addTimePoint(study, item, name, calibrationUse.ofScan(item))
    timePointSource.note(timePoint, {key: value for key, value in item.items() if key not in _LATER})
    faults = Faults()
    for change in item.get("overrides") or []:
        with faults.collect():
            timePoints.overrideFact(study, timePoint, change["fact"], change.get("value"), change.get("unit", ""),
                                    change.get("reason") or "")
    if item.get("excluded") is not None:
        # records of earlier versions may hold none
        timePoints.setExcluded(study, timePoint, True, item["excluded"].get("reason") or "no reason was given")
    aligned = item.get("registration") or {}
    if aligned:
        with faults.collect():
            registration.state(study, timePoint, aligned.get("referenceFromTimePoint"),
                               aligned.get("isAccepted", False))
    faults.raiseIfAny()
    return timePoint


def _requireKnown(item, name):
    faults = Faults()
    changes = item.get("overrides")
    if changes is not None and not (isinstance(changes, list) and all(
            isinstance(change, dict) and set(change) <= _OVERRIDE_KEYS and isinstance(change.get("fact"), str)
            for change in changes)):
        faults.add("The overrides are not a list of fact, value, unit and reason", f"{name}: overrides",
                   'Write e.g. [{"fact": "timeAfterAdministrationHours", "value": 24.5, "unit": "h", "reason": "..."}]')
    for key, known, example in (("excluded", {"reason"}, '{"reason": "..."}'),
                                ("registration", {"referenceFromTimePoint", "isAccepted"},
                                 '{"referenceFromTimePoint": [[1, 0, 0, 5], ...], "isAccepted": true}'),
                                ("kept", _KEPT_KEYS, '{"facts": {...}}')):
        given = item.get(key)
        if given is not None and not (isinstance(given, dict) and set(given) <= known):
            faults.add(f"'{key}' is not an object of {', '.join(sorted(known))}", name, f"Write e.g. {example}")
    if item.get(timePointSource.STATED_BY) not in (None, "user", "file"):
        faults.add("It is not known who states this", f"{name}: {timePointSource.STATED_BY}", "Use user or file")
    faults.raiseIfAny()


def _addKept(study, item, name):
    """The images as they were in the scene, activity at the scan, with the facts found then."""
    kept = item["kept"]
    facts = kept.get("facts")
    if not isinstance(facts, dict) or not all(isinstance(fact, dict) and set(fact) == _FACT_KEYS
                                              for fact in facts.values()):
        raise InputError("The facts of the kept images are damaged", name, "Add the time point from its images")
    for path in (item["spect"], item.get("ct")):
        if path is not None and not os.path.exists(path):
            raise InputError("There is no such file", path, "Bring the folder of the record back as it was")
    unit = kept.get("spectUnit", "Bq/mL")
    spectNode = keptImages.readVolume(study.scene, item["spect"], kept.get("spectName") or name,
                                      timePoints.quantityOf(unit), unit, kept.get("spectGeometry"))
    ctNode = None
    if item.get("ct") is not None:
        ctNode = keptImages.readVolume(study.scene, item["ct"], kept.get("ctName") or f"{name} CT", "attenuation",
                                       kept.get("ctUnit", "[hnsf'U]"), kept.get("ctGeometry"))
    timePoint = study.addTimePoint(spectNode, ctNode)
    for key, fact in facts.items():
        timePoint.setFact(key, **fact)
    return timePoint


def describe(study, timePoint, folder, number):
    """Entry of a study file that makes this time point again, bit for bit.

    Where its images are those of files, the files are named; else the images are written into ``folder``.
    """
    item = timePointSource.itemOf(timePoint)
    if item is None or "kept" in item:  # the folder of kept images may be the one that is being replaced
        item = _keep(timePoint, folder, number)
    else:
        changes = [{"fact": name, "value": fact["value"], "unit": fact["unit"], "reason": fact["reason"]}
                   for name, fact in timePoint.facts.items()
                   if fact["detail"] == "override" and name != registration.CORRECTION_FACT]
        if changes:
            item["overrides"] = changes
    if timePoint.isExcluded:
        item["excluded"] = {"reason": timePoint.exclusionReason}
    row = next((row for row in registration.rows(study) if row["nodeID"] == timePoint.spectNode.GetID()), None)
    aligned = {}
    if row is not None and row["isManuallyCorrected"]:
        aligned["referenceFromTimePoint"] = timePoint.referenceFromTimePoint.tolist()
    if row is not None and row["isAccepted"]:
        aligned["isAccepted"] = True
    if aligned:
        item["registration"] = aligned
    return item


def _facts(timePoint):
    return {name: fact for name, fact in timePoint.facts.items() if name != registration.CORRECTION_FACT}


def _keep(timePoint, folder, number):
    spectNode, ctNode = timePoint.spectNode, timePoint.ctNode
    os.makedirs(folder, exist_ok=True)
    item = {"spect": os.path.join(folder, f"spect{number}.nrrd")}
    kept = {"facts": _facts(timePoint), "spectName": spectNode.GetName(), "spectUnit": volumes.unitOf(spectNode),
            "spectGeometry": keptImages.writeVolume(spectNode, item["spect"])}
    if ctNode is not None:
        item["ct"] = os.path.join(folder, f"ct{number}.nrrd")
        kept |= {"ctName": ctNode.GetName(), "ctUnit": volumes.unitOf(ctNode),
                 "ctGeometry": keptImages.writeVolume(ctNode, item["ct"])}
    return {**item, "kept": kept}

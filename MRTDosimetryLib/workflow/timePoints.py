"""Stage 3: time points: images in Bq/mL with their time, and where each fact comes from."""

import os

import numpy as np

from ..errors import Faults, InputError
from ..imaging.checks import fieldOfViewFraction, requireFinite
from ..imaging.resampling import averageOnGrid
from ..physics.sums import productSum
from ..progress import noProgress
from ..scene import volumes
from ..scene.study import TIME_FACT, TimePoint
from . import activityBalance, calibrationUse, hashChain, imagedTracer, timePointSource
from .activityImage import Given, compareFramesOfReference, establishFacts, isPlan, readActivityImage, readCT
from .protocol import positiveNumber, usesImages
from .stage import Stage

# Level 1 of the EANM enabling guide: an administered activity within 10 % of what was meant.
ACTIVITY_DISAGREEMENT = 0.10
# Activity outside the CT beyond this share is worth a word: it has no density and no absorbed dose.
UNCOVERED_SHARE = 0.02
# What making a time point settles about the image it keeps.
_SETTLED_FACTS = (TIME_FACT, "unit", "decayCorrection", "decayCorrectedTo", "calibrationFactorBqPerCps",
                  *calibrationUse.FACTS)
_POSITIVE_FACTS = {TIME_FACT: "time after administration", "durationSeconds": "duration of the scan"}


def addFromFiles(study, spectPath, ctPath=None, unit=None, hoursAfterAdministration=None, acquisitionDateTime=None,
                 calibrationFactorBqPerCps=None, durationSeconds=None, decayCorrectedTo=None, source="user",
                 name=None, calibration=None):
    """Add a time point from DICOM, NRRD, NIfTI or MetaImage files.

    Parameters
    ----------
    spectPath, ctPath : str
        File or DICOM folder; ``ctPath`` may be ``None``.
    unit : str or None
        ``Bq/mL``, ``kBq/mL``, ``MBq/mL``, ``counts`` or ``relative`` (image of a plan: see :mod:`.plannedActivity`);
        ``None`` when the file states it itself (DICOM).
    hoursAfterAdministration : float or None
        Time of the scan; ``None`` takes ``acquisitionDateTime`` or the DICOM header against the administration.
    decayCorrectedTo : str or None
        ``"administration"`` or an ISO date and time the image was decay corrected to; ``None``: activity at the scan.
    calibration : ScanCalibration, optional
        A calibration record in place of the factor.

    Returns
    -------
    TimePoint

    Raises
    ------
    InputError, FaultList
        Everything found wrong with this time point.
    """
    label = name or os.path.basename(os.path.normpath(str(spectPath)))
    faults, ct, ctFacts = Faults(), None, {}
    with faults.collect():
        volume, facts = readActivityImage(spectPath, label)
    with faults.collect():
        if ctPath is not None:
            ct, ctFacts = readCT(ctPath, label)
    faults.raiseIfAny()
    given = Given(unit, hoursAfterAdministration, acquisitionDateTime, calibrationFactorBqPerCps, durationSeconds,
                   decayCorrectedTo, source, calibration)
    timePoint = addImages(study, volume, facts, ct, ctFacts, given, label)
    timePointSource.note(timePoint, {
        "spect": str(spectPath), "ct": None if ctPath is None else str(ctPath), "unit": unit,
        "hoursAfterAdministration": hoursAfterAdministration, "acquisitionDateTime": acquisitionDateTime,
        "calibrationFactorBqPerCps": calibrationFactorBqPerCps, "durationSeconds": durationSeconds,
        "decayCorrectedTo": decayCorrectedTo, timePointSource.STATED_BY: source,
        **({} if calibration is None else calibration.item())})
    return timePoint


def addImages(study, volume, facts, ct, ctFacts, given, label):
    """Add a time point from images that were read; an error adds nothing.

    Parameters
    ----------
    volume : Volume
        Activity as found, with the facts its header states.
    ct : Volume or None
        In Hounsfield units, with its facts.
    given : Given
        What is stated beside the header.
    label : str
        What the images are called in messages.

    Returns
    -------
    TimePoint
    """
    converted, facts = establishFacts(study, volume, facts, given, label)
    compareFramesOfReference(facts, ctFacts)
    if ct is not None:
        requireFinite(ct)
        _requireOverlap(converted, ct, label)
    when = f"{facts['timeAfterAdministrationHours']['value']:.4g} h"
    named = converted.withArray(converted.array, name=f"SPECT {when}")
    spectNode = volumes.addVolume(study.scene, named, quantityOf(named.unit))
    ctNode = None
    if ct is not None:
        ctNode = volumes.addVolume(study.scene, ct.withArray(ct.array, name=f"CT {when}"), "attenuation")
    return _addTimePoint(study, spectNode, ctNode, facts, given)


def addFromNodes(study, spectNode, ctNode=None, unit=None, hoursAfterAdministration=None, acquisitionDateTime=None,
                 calibrationFactorBqPerCps=None, durationSeconds=None, decayCorrectedTo=None, source="user",
                 calibration=None):
    """Add a time point from volumes that are in the scene; an image in another unit becomes a new volume in Bq/mL.

    Parameters and errors as for :func:`addFromFiles`; ``unit`` ``None`` takes the unit stated by the volume. What the
    header stated of a volume loaded through the DICOM browser is used as it is for files.
    """
    volume = volumes.volumeFromNode(spectNode)
    given = Given(unit, hoursAfterAdministration, acquisitionDateTime, calibrationFactorBqPerCps, durationSeconds,
                   decayCorrectedTo, source, calibration)
    facts = factsOfNode(study, spectNode, volume)
    converted, facts = establishFacts(study, volume, facts, given, spectNode.GetName())
    if ctNode is not None:
        ct = volumes.volumeFromNode(ctNode)
        requireFinite(ct)
        _requireOverlap(converted, ct, spectNode.GetName())
    isUnchanged = converted.array is volume.array and volume.unit == converted.unit
    node = spectNode if isUnchanged else volumes.addVolume(
        study.scene, converted.withArray(converted.array, name=f"{spectNode.GetName()} {converted.unit}"),
        quantityOf(converted.unit))
    return _addTimePoint(study, node, ctNode, facts, given)


def quantityOf(unit):
    """What the values of a time point's image are, by their unit: a key of :data:`..scene.volumes.QUANTITIES`."""
    return "counts" if unit == "counts" else "activityConcentration"


def factsOfNode(study, node, volume):
    """Facts that came with a volume, and its unit."""
    facts = TimePoint(study, node).facts
    if TIME_FACT in facts:
        # It was a time point before, so its image has been brought to Bq/mL at the scan: not to be done again.
        facts = {key: fact for key, fact in facts.items() if key not in _SETTLED_FACTS}
    if volume.unit and (facts.get("unit") or {}).get("value") != volume.unit:
        facts["unit"] = {"value": volume.unit, "unit": "", "source": "scene", "detail": "unit of the volume"}
    return facts


def overrideFact(study, timePoint, name, value, unit, reason):
    """Replace a fact by the user's own, with the reason that goes into the record; what was found is kept beside it.

    Raises
    ------
    InputError
        No reason, a value that cannot be, or one that the image was converted with.
    """
    if not str(reason).strip():
        raise InputError("An override needs a reason", timePoint.label, "Say why the value is replaced")
    isCounts = timePoint.factValue("unit") == "counts"
    if (name in _SETTLED_FACTS and name != TIME_FACT) or (name == "durationSeconds" and isCounts):
        raise InputError("The image was converted with this value when it was added: a new value would not change it",
                         timePoint.label, "Exclude this time point and add the image again with the right value")
    if name in _POSITIVE_FACTS:
        value = positiveNumber(value, _POSITIVE_FACTS[name], timePoint.label)
    found = timePoint.fact(name)
    alternatives = list((found or {}).get("alternatives") or [])
    if found:
        alternatives.append({key: found.get(key) for key in ("value", "unit", "source", "detail")})
    before = None if found is None else found.get("value")
    hashChain.append(study, "override", f"{timePoint.label}: {name}", before=before, after=value, unit=unit,
                     reason=str(reason).strip())
    timePoint.setFact(name, value, unit, "user", "override", alternatives=alternatives, reason=str(reason).strip())


def setExcluded(study, timePoint, isExcluded, reason=""):
    """Leave a time point out of all stages, or take it back; nothing is deleted.

    Raises
    ------
    InputError
        It is left out without a reason.
    """
    if isExcluded and not str(reason).strip():
        raise InputError("Leaving a scan out needs a reason", timePoint.label, "Say why, e.g. patient moved")
    if bool(isExcluded) != timePoint.isExcluded:
        hashChain.append(study, "exclusion" if isExcluded else "inclusion", f"time point {timePoint.label}",
                         reason=str(reason).strip() or None)
    timePoint.isExcluded = bool(isExcluded)
    if isExcluded:
        timePoint.exclusionReason = str(reason).strip()


def setReference(study, timePoint):
    """Make ``timePoint`` the one that the others are registered to and that regions are drawn on."""
    study.referenceTimePoint = timePoint


def includedTimePoints(study):
    """The time points that are not excluded, in time order."""
    return [timePoint for timePoint in study.timePoints if not timePoint.isExcluded]


def rows(study):
    """One row per time point for tables.

    Returns
    -------
    list of dict
        ``label``, ``name``, ``timeHours``, ``unit`` (as found), ``durationSeconds``, ``ct``, ``sources``
        (fact name -> words), ``facts``, ``totalActivityMBq`` (``None`` for a plan), ``shareOfAdministered``,
        ``balance`` (see :mod:`.activityBalance`, or ``None``), ``isExcluded``, ``exclusionReason``, ``isReference``,
        ``problems`` (list of str).
    """
    reference = study.referenceTimePoint
    scans = [{"nodeID": timePoint.spectNode.GetID(), "label": timePoint.label, "timeHours": timePoint.timeHours,
              "totalActivityMBq": totalActivityMBq(timePoint)} for timePoint in study.timePoints]
    balance = activityBalance.balance(study, [scan for scan, timePoint in zip(scans, study.timePoints, strict=True)
                                              if not timePoint.isExcluded and scan["totalActivityMBq"] is not None])
    balanced = {row["nodeID"]: row for row in balance}
    table = []
    for timePoint, scan in zip(study.timePoints, scans, strict=True):
        # What an excluded scan shows is judged alone, not against the others.
        judged = None if scan["totalActivityMBq"] is None else \
            balanced.get(scan["nodeID"]) or next(iter(activityBalance.balance(study, [scan])), None)
        problems = [str(remark).rstrip(".") for remark in (timePoint.fact("remarks") or {}).get("value") or []]
        if timePoint.timeHours is None:
            problems.append("The time after administration is not known")
        if judged is not None:
            problems += judged["problems"]
        table.append({
            "label": timePoint.label, "name": timePoint.spectNode.GetName(), "timeHours": timePoint.timeHours,
            "unit": (timePoint.fact("unit") or {}).get("value", ""),
            "durationSeconds": (timePoint.fact("durationSeconds") or {}).get("value"),
            "ct": timePoint.ctNode.GetName() if timePoint.ctNode else "",
            "sources": {key: _sourceWords(fact) for key, fact in timePoint.facts.items()},
            "facts": timePoint.facts, "totalActivityMBq": scan["totalActivityMBq"],
            "shareOfAdministered": None if judged is None else judged["shareOfAdministered"], "balance": judged,
            "isExcluded": timePoint.isExcluded,
            "exclusionReason": timePoint.exclusionReason if timePoint.isExcluded else "",
            "isReference": reference is not None and reference.spectNode is timePoint.spectNode,
            "problems": problems})
    return table


def totalActivityMBq(timePoint):
    """Activity in the whole image in MBq; ``None`` for an image in relative units."""
    if isPlan(timePoint):
        return None
    volume = volumes.volumeFromNode(timePoint.spectNode)
    return float(volume.array.sum(dtype=np.float64)) * volume.voxelVolumeML * 1e-6


def _addTimePoint(study, spectNode, ctNode, facts, given):
    timePoint = study.addTimePoint(spectNode, ctNode)
    for key, fact in facts.items():
        timePoint.setFact(key, fact["value"], fact.get("unit", ""), fact["source"], fact.get("detail", ""),
                          alternatives=fact.get("alternatives") or (), reason=fact.get("reason") or "")
    calibrationUse.keep(study, given.calibration)
    reason = (facts.get(calibrationUse.KEY) or {}).get("reason")
    if reason:
        hashChain.append(study, "override", f"{timePoint.label}: {calibrationUse.KEY}",
                         after=facts[calibrationUse.KEY]["detail"], reason=reason)
    return timePoint


def _requireOverlap(spect, ct, label):
    covered = fieldOfViewFraction(spect, ct)
    if covered <= 0.0:
        raise InputError("SPECT and CT do not overlap", label, "Check that both are of the same session and patient")


def _activityShareOutside(spect, ct):
    """Share of the (positive) activity of an image that lies beyond the CT."""
    _hounsfield, covered = averageOnGrid(ct, spect)
    activity = np.maximum(spect.array, 0)
    total = float(activity.sum(dtype=np.float64))
    return 0.0 if total == 0 else 1.0 - productSum(activity, covered) / total


def _sourceWords(fact):
    words = {"DICOM": "DICOM", "file": "study file", "user": "user", "scene": "scene"}.get(fact.get("source"), "")
    detail = fact.get("detail")
    reason = fact.get("reason")
    text = f"{words} {detail}".strip() if detail else words
    return f"{text}, because: {reason}" if reason else text


def _missing(study):
    found = includedTimePoints(study)
    if not found:
        return ["Add at least one time point: a SPECT or PET image with its time after administration"]
    return [f"{timePoint.spectNode.GetName()}: give the time after administration"
            for timePoint in found if timePoint.timeHours is None]


def _inputs(study):
    return {"radionuclide": study.choice("radionuclide"), "administration": study.choice("administration"),
            "timePoints": [timePointInputs(timePoint) for timePoint in includedTimePoints(study)],
            **imagedTracer.inputs(study)}


def timePointInputs(timePoint):
    """What of a time point later results depend on."""
    ctNode = timePoint.ctNode
    return {"spect": volumes.contentDigest(timePoint.spectNode), "timeHours": timePoint.timeHours,
            "ct": volumes.contentDigest(ctNode) if ctNode else None}


def _compute(study, progress=noProgress):
    faults, warnings = Faults(), []
    found = includedTimePoints(study)
    for timePoint in found:
        label = timePoint.label
        spect = volumes.volumeFromNode(timePoint.spectNode)
        with faults.collect():
            requireFinite(spect)
            if spect.unit.lower() != "bq/ml" and not isPlan(timePoint):
                raise InputError(f"The image is in '{spect.unit or 'no unit'}' instead of Bq/mL", label,
                                 "Add it again as a time point with its unit")
            if timePoint.timeHours <= 0:
                raise InputError(f"The time after administration is {timePoint.timeHours:g} h", label,
                                 "It has to be above zero")
            if timePoint.ctNode:
                ct = volumes.volumeFromNode(timePoint.ctNode)
                _requireOverlap(spect, ct, label)
                uncovered = _activityShareOutside(spect, ct)
                if uncovered > UNCOVERED_SHARE:
                    warnings.append(f"{label}: {uncovered:.0%} of the activity in view lies outside the CT.")
        negative = float(-spect.array[spect.array < 0].sum(dtype=np.float64))
        positive = float(spect.array[spect.array > 0].sum(dtype=np.float64))
        if negative > 0.01 * positive:
            warnings.append(f"{label}: negative voxel values amount to {negative / positive:.0%} of the activity.")
    for earlier, later in zip(found, found[1:], strict=False):
        if later.timeHours - earlier.timeHours < 1e-6:
            faults.add(f"Two time points are at the same time, {later.timeHours:g} h", later.spectNode.GetName(),
                       "Correct the time or exclude one of them")
    faults.raiseIfAny()
    table = rows(study)
    warnings += [f"{row['label']}: {problem}." for row in table if not row["isExcluded"] for problem in row["problems"]]
    warnings += _disagreements(study, found)
    balance = [row["balance"] for row in table if row["balance"] is not None and not row["isExcluded"]]
    activityBalance.writeChart(study, balance)
    keep = ("label", "name", "timeHours", "unit", "durationSeconds", "ct", "sources", "facts", "totalActivityMBq",
            "shareOfAdministered", "isReference")
    progress(1.0, "")
    return {"rows": [{key: row[key] for key in keep} for row in table if not row["isExcluded"]],
            "activityBalance": [{key: row[key] for key in row if key != "nodeID"} for row in balance]}, warnings


def _disagreements(study, found):
    """What the images' headers say against each other and against the study."""
    words = []
    patients = {timePoint.factValue("patientId") for timePoint in found} - {None, ""}
    if len(patients) > 1:
        words.append(f"The images are of different patients: {', '.join(sorted(patients))}.")
    seen = {}
    for timePoint in found:
        digest = volumes.contentDigest(timePoint.spectNode)
        if digest in seen:
            words.append(f"{timePoint.label}: the image holds the same values as that of {seen[digest]}: check that "
                         "each scan is given once.")
        seen.setdefault(digest, timePoint.label)
    administered, radionuclide = imagedTracer.imagedActivityMBq(study), imagedTracer.imagedNuclide(study).name
    for timePoint in found:
        if isPlan(timePoint):
            continue  # of the tracer that stands for the treatment, as the plan says
        stated = timePoint.factValue("radionuclide")
        if stated and stated != radionuclide:
            words.append(f"{timePoint.label}: the image is of {stated}, the study is of {radionuclide}." if
                         imagedTracer.statedPrediction(study) is None else
                         f"{timePoint.label}: the image is of {stated}, the prediction by images of {radionuclide}.")
        activity = timePoint.factValue("administeredActivityMBq")
        if activity and administered and abs(activity / administered - 1.0) > ACTIVITY_DISAGREEMENT:
            words.append(f"{timePoint.label}: the image's header states {activity:g} MBq administered, the study "
                         f"{administered:g} MBq.")
    return words


STAGE = Stage("timePoints", "Time points", _missing, _inputs, _compute, needs=("protocol",),
              isNeeded=usesImages)

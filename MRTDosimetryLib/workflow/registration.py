"""Stage 4: every time point brought onto the reference time point by its CT."""

import numpy as np

from ..errors import DosimetryError, InputError
from ..imaging import registration as imageRegistration
from ..progress import noProgress, subProgress
from ..scene import volumes
from . import hashChain
from .protocol import usesImages
from .stage import Stage
from .timePoints import includedTimePoints

KINDS = ("none", "rigid", "affine")
# Fact of a time point that the user has aligned by hand.
CORRECTION_FACT = "registration"
# Corrections of a study file that wait for the stage: node ID -> {"matrix", "isAccepted"}.
_STATED = "registrationStated"


def setKind(study, kind):
    """Choose ``"none"`` (images are aligned already), ``"rigid"`` or ``"affine"``."""
    if kind not in KINDS:
        raise InputError(f"'{kind}' is not a kind of registration", "registration", f"Use {', '.join(KINDS)}")
    study.setChoice("registration", kind)


def kindOf(study):
    """The chosen kind; rigid where nothing was chosen."""
    return study.choice("registration", "rigid")


def accept(study, timePoint, isAccepted=True):
    """Note that the user looked at the alignment of a time point and accepts it (or takes that back).

    It holds for this alignment: one that is corrected or found anew has to be looked at again.
    """
    accepted = dict(study.choice("registrationAccepted", {}))
    accepted[timePoint.spectNode.GetID()] = _fingerprint(referenceFromTimePoint(timePoint)) if isAccepted else False
    study.setChoice("registrationAccepted", accepted)
    hashChain.append(study, "registration", f"{timePoint.label}: " + (
        "alignment accepted" if isAccepted else "acceptance of the alignment taken back"),
        matrix=referenceFromTimePoint(timePoint).tolist())


def state(study, timePoint, matrix=None, isAccepted=False):
    """State, before the time points are registered, what a study file says of one.

    Parameters
    ----------
    matrix : array_like or None
        4 x 4, reference coordinates (RAS mm) from the time point's own, in place of the one that will be found.
    isAccepted : bool
        Whether the user looked at the alignment and accepted it.

    Raises
    ------
    InputError
        No valid transform.
    """
    if matrix is not None:
        try:
            array = np.asarray(matrix, float)
        except (TypeError, ValueError):
            array = np.zeros(0)
        if array.shape != (4, 4) or not np.all(np.isfinite(array)) or abs(np.linalg.det(array[:3, :3])) < 1e-9 \
                or not np.array_equal(array[3], [0, 0, 0, 1]):
            raise InputError("The alignment is no transform", timePoint.label, "Give four rows of four numbers, in mm")
        matrix = array.tolist()
    if not isinstance(isAccepted, bool):
        raise InputError("Whether the alignment is accepted is neither true nor false", timePoint.label)
    stated = study.choice(_STATED, {})
    stated[timePoint.spectNode.GetID()] = {"matrix": matrix, "isAccepted": isAccepted}
    study.setChoice(_STATED, stated)


def _fingerprint(matrix):
    return volumes.geometryBytes(matrix).hex()


def _isSame(matrix, other):
    """Whether two transforms move no point of a body by more than some hundredths of a millimeter."""
    difference = np.asarray(matrix, float) - np.asarray(other, float)
    return bool(np.abs(difference[:3, :3]).max() < 1e-4 and np.abs(difference[:3, 3]).max() < 1e-2)


def rows(study):
    """One row per registered time point.

    Returns
    -------
    list of dict
        ``label``, ``timeHours``, ``translationMM`` (3), ``rotationDegrees`` (3), ``diceBefore``, ``diceAfter``,
        ``quality`` (``"reference"``, ``"good"``, ``"check"``, ``"none"``), ``reasons``, ``isManuallyCorrected``,
        ``isAccepted``, and ``isMoved``: the transform is not any more the one that this row describes.
    """
    accepted, points = study.choice("registrationAccepted", {}), _pointsByID(study)
    table = []
    for row in _keptRows(study):
        timePoint = points.get(row["nodeID"])
        now = None if timePoint is None else referenceFromTimePoint(timePoint)
        table.append({**row, "isAccepted": now is not None and accepted.get(row["nodeID"]) == _fingerprint(now),
                      "isMoved": now is not None and not _isSame(now, row["matrix"])})
    return table


def _keptRows(study):
    found = ((study.stageRecord("registration") or {}).get("value") or {}).get("rows", [])
    # Rows without their transform are of a version that kept none: such a study is registered anew.
    return [row for row in found if "matrix" in row]


def _pointsByID(study):
    return {timePoint.spectNode.GetID(): timePoint for timePoint in study.timePoints}


def startCorrection(study, timePoint):
    """Make sure that a time point has a transform that can be moved by hand.

    Returns
    -------
    vtkMRMLLinearTransformNode

    Raises
    ------
    InputError
        It is the reference, or was not registered yet.
    """
    row = _rowToCorrect(study, timePoint)
    if timePoint.transformNode is None:
        timePoint.setReferenceFromTimePoint(row["matrix"])
    return timePoint.transformNode


def _rowToCorrect(study, timePoint):
    if timePoint == study.referenceTimePoint:
        raise InputError("The reference time point stays where it is", timePoint.label,
                         "Correct the other time points against it")
    row = next((row for row in _keptRows(study) if row["nodeID"] == timePoint.spectNode.GetID()), None)
    if row is None:
        raise InputError("The time point is not registered yet", timePoint.label, "Register the time points first")
    return row


def removeCorrection(study, timePoint):
    """Take a time point back to the alignment that was found without the user's hand."""
    row = _rowToCorrect(study, timePoint)
    timePoint.setReferenceFromTimePoint((row.get("automatic") or row)["matrix"])


def referenceOf(study):
    """The reference among the included time points.

    Raises
    ------
    InputError
        No time point, or the reference is excluded.
    """
    included = includedTimePoints(study)
    reference = study.referenceTimePoint
    if reference is None or not included:
        raise InputError("There is no time point", "Time points", "Add at least one time point")
    if reference.isExcluded:
        raise InputError("The reference time point is excluded", reference.label, "Choose another reference")
    return reference


def referenceFromTimePoint(timePoint):
    """4 x 4 matrix (RAS) from a time point's own coordinates to the reference's; identity when there is none."""
    return timePoint.referenceFromTimePoint


def otherTimePoints(study):
    """The included time points except the reference."""
    reference = referenceOf(study)
    return [item for item in includedTimePoints(study) if item.spectNode is not reference.spectNode]


def _missing(study):
    included = includedTimePoints(study)
    if not included:
        return ["Add at least one time point"]
    reference = study.referenceTimePoint
    if reference is None or reference.isExcluded:
        return ["Choose a reference time point that is not excluded"]
    if kindOf(study) == "none" or len(included) < 2:
        return []
    return [f"{item.label}: give its CT, or choose no registration" for item in included if item.ctNode is None]


def _inputs(study):
    reference = study.referenceTimePoint
    return {"kind": kindOf(study), "reference": _ctDigest(reference) if reference else None,
            "cts": [_ctDigest(item) for item in includedTimePoints(study)],
            # A transform moved by hand is an input as well.
            "matrices": [_fingerprint(referenceFromTimePoint(item)) for item in includedTimePoints(study)],
            **({"stated": study.choice(_STATED)} if study.choice(_STATED) else {})}


def _ctDigest(timePoint):
    """The CT is what registration depends on; without one, the image itself stands for the time point."""
    return volumes.contentDigest(timePoint.ctNode or timePoint.spectNode)


def _compute(study, progress=noProgress):
    kind, reference, warnings = kindOf(study), referenceOf(study), []
    earlier = {row["nodeID"]: row for row in _keptRows(study)}
    others = otherTimePoints(study)
    fixed = volumes.volumeFromNode(reference.ctNode) if others and reference.ctNode is not None else None
    results, stated = [], study.choice(_STATED, {})
    # Everything is computed before the scene changes, so that canceling leaves the study as it was.
    for position, timePoint in enumerate(others):
        part = subProgress(progress, position / len(others), (position + 1) / len(others), f"{timePoint.label}: ")
        inputs = {"kind": kind, "fixed": _ctDigest(reference), "moving": _ctDigest(timePoint)}
        kept = earlier.get(timePoint.spectNode.GetID())
        if kept and kept.get("inputs") == inputs and (kind == "none" or timePoint.transformNode is not None):
            results.append((timePoint, _keptOrCorrected(timePoint, kept, fixed, referenceFromTimePoint(timePoint))))
            continue
        if kept and kept["isManuallyCorrected"]:
            warnings.append(f"{timePoint.label}: the correction by hand no longer holds, because the images or the "
                            "kind of registration changed. Look at the alignment.")
        row = _plainRow(timePoint, inputs) if kind == "none" else _registered(timePoint, fixed, kind, inputs, part)
        matrix = (stated.get(timePoint.spectNode.GetID()) or {}).get("matrix")
        results.append((timePoint, row if matrix is None else _keptOrCorrected(timePoint, row, fixed,
                                                                               np.asarray(matrix))))
    table = [{**_plainRow(reference), "quality": "reference"}]
    reference.setReferenceFromTimePoint(None)
    for timePoint, row in results:
        _place(study, timePoint, row)
        table.append(row)
        if row["quality"] == "check":
            warnings.append(f"Registration of {row['label']}: {'; '.join(row['reasons'])}. Look at the alignment.")
        if row["isManuallyCorrected"]:
            warnings.append(f"Registration of {row['label']}: corrected by hand.")
    # Placed once: what the user moves from now on counts.
    study.setChoice(_STATED, None)
    for timePoint in others:
        if (stated.get(timePoint.spectNode.GetID()) or {}).get("isAccepted"):
            accept(study, timePoint)
    if kind == "none" and others:
        warnings.append("No registration: the images are taken as aligned.")
    return {"kind": kind, "reference": reference.label, "rows": table}, warnings


def _registered(timePoint, fixed, kind, inputs, progress):
    """Row of a time point that is registered anew."""
    try:
        result = imageRegistration.register(fixed, volumes.volumeFromNode(timePoint.ctNode), kind, progress)
    except DosimetryError as error:
        raise type(error)(error.what, f"{timePoint.label}: {error.where}" if error.where else timePoint.label,
                          error.mend) from None
    return _resultRow(timePoint, result, inputs)


def _keptOrCorrected(timePoint, kept, fixed, now):
    """Row of a time point whose images are as they were: as found, or as the user has moved it since (``now``)."""
    found = kept.get("automatic") or kept
    named = {"label": timePoint.label, "timeHours": timePoint.timeHours}
    if _isSame(now, found["matrix"]):
        return {**found, **named}
    if _isSame(now, kept["matrix"]):
        return {**kept, **named}
    moving = None if timePoint.ctNode is None else volumes.volumeFromNode(timePoint.ctNode)
    moved = imageRegistration.judge(fixed, moving, now)
    return {**_plainRow(timePoint, found.get("inputs")), **moved, "diceBefore": found["diceBefore"],
            "matrix": now.tolist(), "isManuallyCorrected": True, "automatic": found}


def _place(study, timePoint, row):
    """Put a time point where its row says, and keep with it whether that is by the user's hand."""
    if _isSame(row["matrix"], np.eye(4)) and row["quality"] == "none":
        timePoint.setReferenceFromTimePoint(None)
    elif timePoint.transformNode is None or not _isSame(referenceFromTimePoint(timePoint), row["matrix"]):
        timePoint.setReferenceFromTimePoint(row["matrix"])
    fact = timePoint.fact(CORRECTION_FACT)
    if not row["isManuallyCorrected"]:
        if fact is not None:
            timePoint.setFact(CORRECTION_FACT, None, "", "user")
        return
    value = f"manually corrected: {_words(row)}"
    if fact is None or fact["value"] != value:
        hashChain.append(study, "registration", f"{timePoint.label}: corrected by hand",
                         before=row["automatic"]["matrix"], after=row["matrix"])
        timePoint.setFact(CORRECTION_FACT, value, "", "user", "override",
                          [{"value": _words(row["automatic"]), "unit": "", "source": "registration", "detail": ""}],
                          "aligned by eye with the transform's handles")


def _words(row):
    """Shift and rotation of a row as text."""
    shift = ", ".join(f"{value:.1f}" for value in row["translationMM"])
    turn = ", ".join(f"{value:.1f}" for value in row["rotationDegrees"])
    return f"shift {shift} mm, rotation {turn} degrees (R, A, S)"


def _plainRow(timePoint, inputs=None):
    return {"label": timePoint.label, "timeHours": timePoint.timeHours, "nodeID": timePoint.spectNode.GetID(),
            "translationMM": [0.0, 0.0, 0.0], "rotationDegrees": [0.0, 0.0, 0.0], "diceBefore": None,
            "diceAfter": None, "quality": "none", "reasons": [], "inputs": inputs, "matrix": np.eye(4).tolist(),
            "isManuallyCorrected": False}


def _resultRow(timePoint, result, inputs):
    found = result.toDict()
    kept = ("translationMM", "rotationDegrees", "metricBefore", "metricAfter", "sharedBodyFraction", "stopReason",
            "quality")
    return {**_plainRow(timePoint, inputs), **{key: found[key] for key in kept},
            "diceBefore": found["bodyOverlapDiceBefore"], "diceAfter": found["bodyOverlapDiceAfter"],
            "differenceBeforeHU": found["meanAbsoluteDifferenceHUBefore"],
            "differenceAfterHU": found["meanAbsoluteDifferenceHUAfter"],
            "reasons": found["qualityReasons"], "matrix": found["referenceFromTimePoint"]}


STAGE = Stage("registration", "Registration", _missing, _inputs, _compute, needs=("timePoints",),
              isNeeded=usesImages)

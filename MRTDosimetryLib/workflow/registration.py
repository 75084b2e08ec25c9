"""Stage 3: every time point brought onto the reference time point by its CT."""

from ..errors import DosimetryError, InputError
from ..imaging import registration as imageRegistration
from ..progress import noProgress, subProgress
from ..scene import volumes
from .stage import Stage
from .timePoints import includedTimePoints

KINDS = ("none", "rigid", "affine")


def setKind(study, kind):
    """Choose ``"none"`` (images are aligned already), ``"rigid"`` or ``"affine"``."""
    if kind not in KINDS:
        raise InputError(f"'{kind}' is not a kind of registration", "registration", f"Use {', '.join(KINDS)}")
    study.setChoice("registration", kind)


def kindOf(study):
    """The chosen kind; rigid where nothing was chosen."""
    return study.choice("registration", "rigid")


def accept(study, timePoint, isAccepted=True):
    """Note that the user looked at the alignment of a time point and accepts it (or takes that back)."""
    accepted = dict(study.choice("registrationAccepted", {}))
    accepted[timePoint.spectNode.GetID()] = bool(isAccepted)
    study.setChoice("registrationAccepted", accepted)


def rows(study):
    """One row per registered time point.

    Returns
    -------
    list of dict
        ``label``, ``timeHours``, ``translationMM`` (3), ``rotationDegrees`` (3), ``diceBefore``, ``diceAfter``,
        ``quality`` (``"reference"``, ``"good"``, ``"check"``, ``"none"``), ``reasons``, ``isAccepted``.
    """
    record = study.stageRecord("registration")
    accepted = study.choice("registrationAccepted", {})
    table = []
    for row in ((record or {}).get("value") or {}).get("rows", []):
        table.append({**row, "isAccepted": bool(accepted.get(row["nodeID"], False))})
    return table


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
            "cts": [_ctDigest(item) for item in includedTimePoints(study)]}


def _ctDigest(timePoint):
    """The CT is what registration depends on; without one, the image itself stands for the time point."""
    return volumes.contentDigest(timePoint.ctNode or timePoint.spectNode)


def _compute(study, progress=noProgress):
    kind, reference, warnings = kindOf(study), referenceOf(study), []
    earlier = {row["nodeID"]: row for row in rows(study)}
    table = [_referenceRow(reference)]
    reference.setReferenceFromTimePoint(None)
    others = otherTimePoints(study)
    fixed = volumes.volumeFromNode(reference.ctNode) if others and kind != "none" else None
    results = []
    # Everything is computed before the scene changes, so that canceling leaves the study as it was.
    for position, timePoint in enumerate(others):
        part = subProgress(progress, position / len(others), (position + 1) / len(others), f"{timePoint.label}: ")
        if kind == "none":
            results.append((timePoint, None, _plainRow(timePoint)))
            continue
        inputs = {"kind": kind, "fixed": _ctDigest(reference), "moving": _ctDigest(timePoint)}
        kept = earlier.get(timePoint.spectNode.GetID())
        if kept and kept.get("inputs") == inputs and timePoint.transformNode is not None:
            results.append((timePoint, referenceFromTimePoint(timePoint), kept))
            continue
        try:
            result = imageRegistration.register(fixed, volumes.volumeFromNode(timePoint.ctNode), kind, part)
        except DosimetryError as error:
            raise type(error)(error.what, f"{timePoint.label}: {error.where}" if error.where else timePoint.label,
                              error.mend) from None
        results.append((timePoint, result.referenceFromTimePoint, _resultRow(timePoint, result, inputs)))
    for timePoint, matrix, row in results:
        if matrix is None:
            timePoint.setReferenceFromTimePoint(None)
        elif timePoint.transformNode is None or row is not earlier.get(timePoint.spectNode.GetID()):
            timePoint.setReferenceFromTimePoint(matrix)
        table.append({key: value for key, value in row.items() if key != "isAccepted"})
        if row["quality"] == "check":
            warnings.append(f"Registration of {row['label']}: {'; '.join(row['reasons'])}. Look at the alignment.")
    if kind == "none" and others:
        warnings.append("No registration: the images are taken as aligned.")
    return {"kind": kind, "reference": reference.label, "rows": table}, warnings


def _referenceRow(timePoint):
    return {**_plainRow(timePoint), "quality": "reference"}


def _plainRow(timePoint):
    return {"label": timePoint.label, "timeHours": timePoint.timeHours, "nodeID": timePoint.spectNode.GetID(),
            "translationMM": [0.0, 0.0, 0.0], "rotationDegrees": [0.0, 0.0, 0.0], "diceBefore": None,
            "diceAfter": None, "quality": "none", "reasons": []}


def _resultRow(timePoint, result, inputs):
    found = result.toDict()
    kept = ("translationMM", "rotationDegrees", "metricBefore", "metricAfter", "sharedBodyFraction", "stopReason",
            "quality")
    return {"label": timePoint.label, "timeHours": timePoint.timeHours, "nodeID": timePoint.spectNode.GetID(),
            **{key: found[key] for key in kept},
            "diceBefore": found["bodyOverlapDiceBefore"], "diceAfter": found["bodyOverlapDiceAfter"],
            "differenceBeforeHU": found["meanAbsoluteDifferenceHUBefore"],
            "differenceAfterHU": found["meanAbsoluteDifferenceHUAfter"],
            "reasons": found["qualityReasons"], "inputs": inputs}


STAGE = Stage("registration", "Registration", _missing, _inputs, _compute, needs=("timePoints",))

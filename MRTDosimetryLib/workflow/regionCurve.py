"""The curve of one region for the eye: its points against the fit, the models compared, the extrapolated share."""

from . import excludedPoints
from .timePoints import includedTimePoints


def pointRows(study, region):
    """One row per scan.

    Returns
    -------
    list of dict
        ``label``, ``timeHours``, ``activityMBq``, ``uncertaintyMBq``, ``fittedMBq``, ``residualMBq``,
        ``residualInU`` (``None`` where not known, not yet fitted or excluded) and ``reason``, why the point is
        excluded, or ``None``.
    """
    found = _region(study, region)
    points = zip(found.get("timeActivity", []), found.get("curve", {}).get("atPoints", {}).get("activitiesMBq", []),
                 strict=True)
    fitted = {point["timeHours"]: (point, value) for point, value in points}
    included, rows = includedTimePoints(study), []
    reasons = excludedPoints.reasonsAt(study, region, [timePoint.timeHours for timePoint in included])
    for timePoint, reason in zip(included, reasons, strict=True):
        point, value = fitted.get(timePoint.timeHours, ({}, None))
        activity, uncertainty = point.get("activityMBq"), point.get("uncertaintyMBq")
        residual = None if value is None or reason is not None else activity - value
        rows.append({"label": timePoint.label, "timeHours": timePoint.timeHours, "activityMBq": activity,
                     "uncertaintyMBq": uncertainty, "fittedMBq": value, "residualMBq": residual,
                     "residualInU": residual / uncertainty if residual is not None and uncertainty else None,
                     "reason": reason})
    return rows


def candidates(study, region):
    """The models of a region's fit, tried or not; empty before the run."""
    return _region(study, region).get("fit", {}).get("candidates", [])


def extrapolation(study, region):
    """Share of the time-integrated activity before the first and after the last point; ``None`` before the run."""
    fit = _region(study, region).get("fit")
    return None if fit is None else (fit["extrapolatedBeforeFraction"], fit["extrapolatedAfterFraction"])


def _region(study, region):
    value = (study.stageRecord("kinetics") or {}).get("value") or {}
    return value.get("regions", {}).get(region, {})

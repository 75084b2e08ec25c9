"""Activity in view of each scan against what decay leaves of the administered activity, and what cannot be."""

from ..physics.decay import decayFactor
from ..scene import plots
from .imagedTracer import imagedActivityMBq, imagedNuclide

# Relative uncertainty (k = 1) of the activity in view where the study states none for the calibration.
ASSUMED_RELATIVE_UNCERTAINTY = 0.05
_COVERAGE = 2.0
# A rise of the decay-corrected total by more than this between points after EARLY_HOURS needs new uptake.
TOTAL_RISE_TOLERANCE = 0.02
EARLY_HOURS = 12.0

_ROLE, _NAME = "activityBalanceChart", "Activity balance"
_LINE, _VIEW, _IMPOSSIBLE = (0.45, 0.45, 0.45), (0.0, 0.45, 0.70), (0.84, 0.15, 0.16)


def highestPossibleShare(study):
    """The most that can be in view, as a fraction of the administered activity left by decay (100 % and 2 u)."""
    stated = (study.choice("uncertainty") or {}).get("calibrationRelative")
    return 1.0 + _COVERAGE * (ASSUMED_RELATIVE_UNCERTAINTY if stated is None else stated)


def balance(study, scans):
    """The activity balance of scans, in the order of time.

    Parameters
    ----------
    scans : list of dict
        ``nodeID``, ``label``, ``timeHours`` and ``totalActivityMBq`` of each; those without a time are left out.

    Returns
    -------
    list of dict
        ``nodeID``, ``label``, ``timeHours``, ``totalActivityMBq`` (in view at the scan), ``expectedActivityMBq`` (left
        of the administered activity by decay alone) and ``shareOfAdministered`` (their ratio; both ``None`` where no
        administered activity is stated), ``decayCorrectedActivityMBq`` (in view, corrected to the administration),
        ``isAboveAdministered``, ``risesFrom`` (label of the earlier scan with less, or ``None``) and ``problems``.
        Empty without a radionuclide.
    """
    if not study.choice("radionuclide"):
        return []
    halfLifeHours, administeredMBq = imagedNuclide(study).halfLifeHours, imagedActivityMBq(study)
    highest, rows = highestPossibleShare(study), []
    known = sorted((scan for scan in scans if scan["timeHours"] is not None), key=lambda scan: scan["timeHours"])
    for scan in known:
        left = float(decayFactor(halfLifeHours, scan["timeHours"]))
        expected = None if administeredMBq is None else administeredMBq * left
        share = None if expected is None else scan["totalActivityMBq"] / expected
        row = {"nodeID": scan["nodeID"], "label": scan["label"], "timeHours": scan["timeHours"],
               "totalActivityMBq": scan["totalActivityMBq"], "expectedActivityMBq": expected,
               "shareOfAdministered": share, "decayCorrectedActivityMBq": scan["totalActivityMBq"] / left,
               "isAboveAdministered": share is not None and bool(share > highest), "risesFrom": None, "problems": []}
        if row["isAboveAdministered"]:
            row["problems"].append(f"{share:.0%} of the administered activity left by decay is in view: check the "
                                   "unit, the calibration and the time")
        rows.append(row)
    for earlier, later in zip(rows, rows[1:], strict=False):
        rise = _riseFrom(earlier, later)
        if rise is not None:
            later["risesFrom"] = earlier["label"]
            later["problems"].append(
                f"the decay-corrected total activity rises by {rise:.0%} since {earlier['label']}: physically "
                "impossible without new uptake. Check times, units, calibration and field of view")
    return rows


def _riseFrom(earlier, later):
    """Relative rise of the decay-corrected total beyond the tolerance, ``None`` where there is none."""
    before, after = earlier["decayCorrectedActivityMBq"], later["decayCorrectedActivityMBq"]
    if earlier["timeHours"] < EARLY_HOURS or before <= 0 or after / before - 1.0 <= TOTAL_RISE_TOLERANCE:
        return None
    return after / before - 1.0


def writeChart(study, rows):
    """Chart of the balance, in percent of the administered activity where that is stated; filled again on a new call.

    Returns
    -------
    vtkMRMLPlotChartNode or None
        ``None`` when there is nothing to show; a chart of before is then taken away.
    """
    chart = study.nodeByRole(_ROLE)
    if not rows:
        if chart is not None:
            plots.removeChart(chart)
            study.setNodeForRole(_ROLE, None)
        return None
    times, values, unit = _values(rows)
    series = []
    if unit == "%":
        series.append(plots.Series("administered, left by decay", (0.0, 1.05 * times[-1]), (100.0, 100.0), _LINE,
                                   "dashed", 1.5))
    series.append(plots.Series("in view", times, values, _VIEW, "pointsAndLine"))
    impossible = [(time, value) for time, value, row in zip(times, values, rows, strict=True) if row["problems"]]
    if impossible:
        series.append(plots.Series("not possible", *(tuple(part) for part in zip(*impossible, strict=True)),
                                   _IMPOSSIBLE, "diamonds"))
    # short enough for a plot view below the slices: the chart's title says the rest
    yTitle = "In view (% of administered)" if unit == "%" else "In view (MBq)"
    chart = plots.setChart(study.scene, _NAME, f"{_NAME}, decay-corrected", "Time after administration (h)", yTitle,
                           series, node=chart)
    study.setNodeForRole(_ROLE, chart)
    return chart


def _values(rows):
    """Times, values and unit of the chart: percent of the administered activity, or MBq where that is not stated."""
    times = tuple(row["timeHours"] for row in rows)
    if rows[0]["shareOfAdministered"] is None:
        return times, tuple(row["decayCorrectedActivityMBq"] for row in rows), "MBq"
    return times, tuple(100.0 * row["shareOfAdministered"] for row in rows), "%"

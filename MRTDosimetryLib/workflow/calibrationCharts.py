"""Charts and tables of a calibration in the scene, for as long as the page of calibrations shows them."""

import dataclasses
import math
from datetime import datetime

import numpy as np

from ..physics import sphereRecovery
from ..physics.cameraSensitivity import COMPONENTS
from ..physics.deadTime import observedRate
from ..scene import plots, tables

_CHART, _TABLE, _ATTRIBUTE = "chart", "table", "MRTDosimetry.calibration"
_NAMES = {_CHART: "Calibration chart", _TABLE: "Calibration table"}
_CLASSES = {_CHART: "vtkMRMLPlotChartNode", _TABLE: "vtkMRMLTableNode"}
_BLUE, _RED, _AMBER, _GRAY = (0.12, 0.38, 0.69), (0.75, 0.15, 0.15), (0.85, 0.55, 0.1), (0.5, 0.5, 0.5)
_LINE_POINTS = 101
# Of numbers in the table of the view, which shows all that there are.
_DIGITS = 4


def show(scene, content):
    """Write chart and table of a record or of a control chart, in place of those shown before.

    Parameters
    ----------
    scene : vtkMRMLScene
    content : dict
        Of :func:`.calibrationRecord.load` or :func:`.constancyLog.chartOf`.

    Returns
    -------
    (vtkMRMLPlotChartNode or None, vtkMRMLTableNode or None)
        ``None`` where there is nothing to show.
    """
    chart, columns = _constancy(content) if "tests" in content else _record(content)
    found = []
    for kind, value in ((_CHART, chart), (_TABLE, columns)):
        node = _node(scene, kind)
        if value is None:
            _remove(scene, kind, node)
            found.append(None)
            continue
        if kind == _CHART:
            node = plots.setChart(scene, _NAMES[kind], *value, node=node, isRoomAbove=True)
        else:
            node = tables.setTable(node, scene, _NAMES[kind], [_short(column) for column in value])
        node.SetAttribute(_ATTRIBUTE, kind)
        found.append(node)
    return tuple(found)


def _short(column):
    """A column of numbers with a few digits, whole numbers as they are."""
    return column if column.type == "string" else dataclasses.replace(column, values=[
        value if value is None or value == 0 else
        round(value, max(0, _DIGITS - 1 - math.floor(math.log10(abs(value))))) for value in column.values])


def remove(scene):
    """Take chart and table out of the scene."""
    for kind in _CLASSES:
        _remove(scene, kind, _node(scene, kind))


def _remove(scene, kind, node):
    if node is None:
        return
    if kind == _CHART:
        plots.removeChart(node)
    else:
        scene.RemoveNode(node)


def _node(scene, kind):
    for index in range(scene.GetNumberOfNodesByClass(_CLASSES[kind])):
        node = scene.GetNthNodeByClass(index, _CLASSES[kind])
        if node.GetAttribute(_ATTRIBUTE) == kind:
            return node
    return None


def _record(content):
    """The chart (title, axes, series) and the columns of the table that say most of a record."""
    if content.get("recovery") is not None:
        return _recovery(content["recovery"])
    if (content.get("deadTime") or {}).get("points"):
        return _deadTime(content["deadTime"])
    if content.get("sensitivity") is not None:
        return _sensitivity(content["sensitivity"])
    if content.get("counter") is not None:
        return _values(content["counter"]["values"], content["counter"]["cpsPerBq"],
                       content["counter"]["relativeUncertainty"], "1/(s Bq)", "Counting"), None
    return None, None


def _recovery(content):
    curve = sphereRecovery.fromDict(content)
    known = curve.forRegions()
    points = sorted(curve.points, key=lambda point: point.volumeML)
    volumes = np.geomspace(curve.minimumVolumeML / 1.5, curve.maximumVolumeML * 1.5, _LINE_POINTS)
    fitted = np.asarray(known.value(volumes), float)
    spread = fitted * np.asarray([known.relativeFitUncertainty(volume) for volume in volumes], float)
    # the logarithm of the volume: a chart has no logarithmic x axis
    x = [math.log10(volume) for volume in volumes]
    series = [
        plots.Series("Curve", x, list(fitted), _BLUE, "line"),
        plots.Series("+ u (k = 1)", x, list(fitted + spread), _BLUE, "dashed", 1.0),
        plots.Series("- u (k = 1)", x, list(fitted - spread), _BLUE, "dashed", 1.0),
        plots.Series("Spheres", [math.log10(point.volumeML) for point in points], [point.recovery for point in points],
                     _RED, "points")]
    columns = [tables.Column("Sphere", "", [point.name for point in points], "string"),
               tables.Column("Volume", "mL", [point.volumeML for point in points]),
               tables.Column("Recovery", "", [point.recovery for point in points]),
               tables.Column("Curve", "", [float(known.value(point.volumeML)) for point in points])]
    return ("Recovery of spheres", "log10 of the volume in mL", "Recovery", series), columns


def _deadTime(content):
    points = content["points"]
    highest = max(point["countRateCps"] for point in points) / (1.0 - content["largestLoss"])
    true = np.linspace(0.0, highest, _LINE_POINTS)
    observed = [observedRate(rate, content["microseconds"], content["model"]) for rate in true]
    # each counting at the true rate that gives its fitted one
    places = np.interp([point["countRateCps"] for point in points], observed, true)
    series = [plots.Series("Fit", list(true), observed, _BLUE, "line"),
              plots.Series("Without loss", list(true), list(true), _GRAY, "dashed", 1.0),
              plots.Series("Countings", list(places), [point["countRateCps"] for point in points], _RED, "points")]
    isDecaying = "hours" in points[0]
    columns = [tables.Column("Time", "h", [point["hours"] for point in points]) if isDecaying else
               tables.Column("Activity", "MBq", [point["activityMBq"] for point in points]),
               tables.Column("Observed", "1/s", [point["countRateCps"] for point in points]),
               tables.Column("Residual", "u", [point["residual"] for point in points])]
    title = f"Dead time by {'a decaying source' if isDecaying else 'known activities'}"
    return (title, "True count rate (1/s)", "Observed count rate (1/s)", series), columns


def _sensitivity(content):
    known = {key: value for key, value in content["components"].items() if value is not None}
    columns = None
    if known:
        columns = [tables.Column("Component", "", [COMPONENTS[key] for key in known], "string"),
                   tables.Column("Relative standard uncertainty", "%", [100.0 * value for value in known.values()])]
    unit = content["unit"] or "found over true activity"
    return _values(content["values"], content["value"], content["relativeUncertainty"], unit, "Scan"), columns


def _values(values, mean, relative, unit, title):
    """Chart of single values about their mean."""
    ends = [0.5, len(values) + 0.5]
    series = [plots.Series("Mean", ends, [mean, mean], _BLUE, "line")]
    if relative is not None:
        series += [plots.Series("+ u (k = 1)", ends, [mean * (1.0 + relative)] * 2, _BLUE, "dashed", 1.0),
                   plots.Series("- u (k = 1)", ends, [mean * (1.0 - relative)] * 2, _BLUE, "dashed", 1.0)]
    series.append(plots.Series("Single values", list(range(1, len(values) + 1)), list(values), _RED, "points"))
    return f"Sensitivity ({unit})", title, f"Sensitivity ({unit})", series


def _constancy(content):
    tests, limits = content["tests"], content["limits"]
    if not tests:
        return None, None
    moments = [datetime.fromisoformat(test["dateTime"]) for test in tests]
    days = [(moment - moments[0]).total_seconds() / 86400.0 for moment in moments]
    ends = [min(days) - 1.0, max(days) + 1.0]
    series = [plots.Series("Expected", ends, [0.0, 0.0], _GRAY, "line", 1.0)]
    for title, limit, color in (("warning", limits["warning"], _AMBER), ("action", limits["action"], _RED)):
        for sign, mark in ((1, "+"), (-1, "-")):
            series.append(plots.Series(f"{mark} {title} limit", ends, [sign * 100.0 * limit] * 2, color, "dashed", 1.5))
    series.append(plots.Series("Tests", days, [100.0 * test["deviation"] for test in tests], _BLUE, "pointsAndLine"))
    columns = [tables.Column("Date", "", [test["dateTime"][:10] for test in tests], "string"),
               tables.Column("Result", "", [test["value"] for test in tests]),
               tables.Column("Expected", "", [test["expected"] for test in tests]),
               tables.Column("Deviation", "%", [100.0 * test["deviation"] for test in tests]),
               tables.Column("Status", "", [test["status"] for test in tests], "string")]
    title = f"Constancy of {content['instrument']}"
    return (title, f"Days since {moments[0].date()}", "Deviation (%)", series), columns

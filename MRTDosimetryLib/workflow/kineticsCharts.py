"""Tables and charts of the curves: all regions together, and one region large with band and residuals."""

from ..errors import InputError
from ..scene import plots, tables
from . import studyNodes
from .jointKinetics import ABSOLUTE

_TIME, _ACTIVITY = "Time after administration (h)", "Activity (MBq)"
_BAND_STYLE = {"style": "dashed", "width": 1.0}
_GRAY, _DARK = (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)
_ALL_CHART, _REGION_CHART = "timeActivityChart", "regionChart"
# Of the points of one region -> of those of all regions in one chart.
_SCALED, _PLANAR = " (planar, scaled)", " (planar)"
_TOGETHER = {"": "measured", " (excluded)": "excluded from the fit", _SCALED: "planar, scaled", _PLANAR: "planar"}


def writeTimeActivity(study, value):
    """Tables of measured and fitted activities with their 95 % bands, and the chart with points and fitted lines.

    The bands are in the chart of one region: in that of all they would hide the lines, and fill the legend.
    """
    regions, colors, times = value["regions"], studyNodes.colorsOf(study), value["timesHours"]
    columns = [tables.Column("Time after administration", "h", times)]
    points, lines = {}, []
    for name, region in regions.items():
        curve, measured = region["curve"], [point["activityMBq"] for point in region["timeActivity"]]
        color, atPoints = colors.get(name, _GRAY), curve["atPoints"]
        uncertainties = [point["uncertaintyMBq"] for point in region["timeActivity"]]
        columns += [tables.Column(title, "MBq", values) for title, values in (
            (name, measured), (f"u({name})", uncertainties), (f"{name}, fit", atPoints["activitiesMBq"]),
            (f"{name}, 95 % low", atPoints["lowMBq"]), (f"{name}, 95 % high", atPoints["highMBq"]))
            if values is not None and any(value is not None for value in values)]  # an unknown one has no column
        for item in _points(name, region, color):
            points.setdefault((_TOGETHER[item.name.removeprefix(name)], item.style), []).append(item)
        lines.append(plots.Series(name, curve["timesHours"], curve["activitiesMBq"], color, "line"))
    studyNodes.putTable(study, "timeActivityTable", "Time-activity curves", columns)
    studyNodes.putTable(study, "fittedCurvesTable", "Fitted curves", _fittedColumns(regions))
    # One entry of the legend per region: its line; the points of all in one color lie on their lines.
    joined = [plots.Series(title, [x for item in items for x in item.x], [y for item in items for y in item.y], _DARK,
                           style) for (title, style), items in points.items()]
    studyNodes.putChart(study, _ALL_CHART, "Time-activity curves", _TIME, _ACTIVITY, [*lines, *joined],
                        logScale=isLogScale(study))
    shown = shownRegion(study)
    if shown is not None:
        writeRegionChart(study, value, shown if shown in regions else next(iter(regions)))


def isLogScale(study):
    """Whether the charts of the curves are drawn on a logarithmic axis."""
    node = study.nodeByRole(_ALL_CHART)
    return node is not None and bool(node.GetYAxisLogScale())


def setLogScale(study, value, isLogarithmic):
    """Draw the charts of the curves on a logarithmic axis, or on a linear one.

    Parameters
    ----------
    value : dict
        Of the kinetics.
    """
    node = study.nodeByRole(_ALL_CHART)
    if node is not None and bool(node.GetYAxisLogScale()) != bool(isLogarithmic):
        node.SetYAxisLogScale(bool(isLogarithmic))
        writeTimeActivity(study, value)


def shownRegion(study):
    """Region of the chart of one region, ``None`` where there is no such chart yet."""
    node = study.nodeByRole("regionChart")
    return None if node is None else node.GetAttribute("MRTDosimetry.region")


def writeRegionChart(study, value, name):
    """Chart of one region: points, fit, 95 % band, and the residuals about zero.

    Returns
    -------
    vtkMRMLPlotChartNode

    Raises
    ------
    InputError
        No such region.
    """
    region = (value or {}).get("regions", {}).get(name)
    if region is None:
        raise InputError("There is no fit of this region", str(name), "Fit the curves first")
    curve, color = region["curve"], studyNodes.colorsOf(study).get(name, _GRAY)
    times, residuals = _residuals(region)
    series = [*_points(name, region, color),
              plots.Series("fit", curve["timesHours"], curve["activitiesMBq"], color, "line"),
              *_bands(curve, color),
              plots.Series("measured \N{MINUS SIGN} fit", times, residuals, _GRAY, "points")]
    node = studyNodes.putChart(study, _REGION_CHART, "Time-activity curve of a region", _TIME, _ACTIVITY, series,
                               title=f"{name}: {region['fit']['title']}", logScale=isLogScale(study))
    node.SetAttribute("MRTDosimetry.region", name)
    return node


def writeCandidates(study, value):
    """Table of the fit models of every region: tried or not, chosen or why not."""
    rows = [(name, row) for name, region in value["regions"].items() for row in region["fit"]["candidates"]]
    columns = [tables.Column("Region", "", [name for name, _row in rows], "string"),
               tables.Column("Model", "", [row["title"] for _name, row in rows], "string"),
               tables.Column("Chosen", "", ["yes" if row["isChosen"] else "" for _name, row in rows], "string")]
    for title, unit, key in (("AICc", "", "aicc"), ("Akaike weight", "", "akaikeWeight"),
                             ("Time-integrated activity", "MBq h", "timeIntegratedActivityMBqH"),
                             ("u(time-integrated activity)", "MBq h", "timeIntegratedActivityUncertaintyMBqH")):
        columns.append(tables.Column(title, unit, [row[key] for _name, row in rows]))
    columns.append(tables.Column("Reason", "", [row["reason"] for _name, row in rows], "string"))
    studyNodes.putTable(study, "candidatesTable", "Fit candidates", columns)


def _points(name, region, color):
    """Measured points, crosses where excluded from the fit, and those of a planar series."""
    found = []
    for title, style, points in ((name, "points", _fitted(region)), (f"{name} (excluded)", "crosses", [
            point for point in region["timeActivity"] if point.get("isExcluded")])):
        if points:
            found.append(plots.Series(title, [point["timeHours"] for point in points],
                                      [point["activityMBq"] for point in points], color, style))
    planar = region["fit"].get("planarSeries")
    if planar is not None:
        title = name + (_PLANAR if planar.get("use") == ABSOLUTE else _SCALED)
        found.append(plots.Series(title, planar["timesHours"], planar["activitiesMBq"], color, "diamonds"))
    return found


def _bands(curve, color):
    if curve["lowMBq"] is None:
        return []
    return [plots.Series(f"(95 % {words})", curve["timesHours"], curve[key], color, **_BAND_STYLE)
            for key, words in (("lowMBq", "low"), ("highMBq", "high"))]


def _residuals(region):
    """Times and residuals: of the planar series where the curve is fitted to one."""
    planar = region["fit"].get("planarSeries")
    times = planar["timesHours"] if planar is not None else [point["timeHours"] for point in _fitted(region)]
    return times, region["fit"]["residualsMBq"]


def _fitted(region):
    """The points of a region that are not excluded from its fit."""
    return [point for point in region["timeActivity"] if not point.get("isExcluded")]


def _fittedColumns(regions):
    """The sampled curves with their bands; regions may have their own times."""
    samples = list(dict.fromkeys(tuple(region["curve"]["timesHours"]) for region in regions.values()))
    columns = []
    for index, times in enumerate(samples):
        suffix = "" if len(samples) == 1 else f" {index + 1}"
        columns.append(tables.Column(f"Time after administration{suffix}", "h", times))
        for name, region in regions.items():
            curve = region["curve"]
            if tuple(curve["timesHours"]) != times:
                continue
            columns.append(tables.Column(f"{name}, fit", "MBq", curve["activitiesMBq"]))
            if curve["lowMBq"] is not None:
                columns += [tables.Column(f"{name}, 95 % low", "MBq", curve["lowMBq"]),
                            tables.Column(f"{name}, 95 % high", "MBq", curve["highMBq"])]
    return columns

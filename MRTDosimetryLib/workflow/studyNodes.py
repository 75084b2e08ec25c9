"""What a study shows in the scene: result volumes, tables and charts, reused on the next run."""

from ..scene import plots, segments, tables, volumes
from .regionMasks import segmentationNode


def putVolume(study, role, volume, quantity):
    """The study's volume node of a role with this image in it; made when there is none yet."""
    node = study.nodeByRole(role)
    if node is None:
        node = volumes.addVolume(study.scene, volume, quantity)
        study.setNodeForRole(role, node)
    else:
        volumes.setVolume(node, volume, quantity)
    return node


def _colors(study):
    """Color of each region, as in the segmentation."""
    node = segmentationNode(study)
    return {} if node is None else segments.regionColors(node)


def putTable(study, role, name, columns):
    """The study's table of a role with these columns; made when there is none yet."""
    node = tables.setTable(study.nodeByRole(role), study.scene, name, columns)
    study.setNodeForRole(role, node)
    return node


def putChart(study, role, name, xTitle, yTitle, series):
    """The study's chart of a role with these series; made when there is none yet."""
    node = plots.setChart(study.scene, name, name, xTitle, yTitle, series, node=study.nodeByRole(role))
    study.setNodeForRole(role, node)
    return node


def writeTimeActivity(study, value):
    """Table of the measured activities, and the chart with points and fitted lines."""
    regions, colors, times = value["regions"], _colors(study), value["timesHours"]
    columns = [tables.Column("Time after administration", "h", times)]
    series = []
    for name, region in regions.items():
        measured = [point["activityMBq"] for point in region["timeActivity"]]
        columns.append(tables.Column(name, "MBq", measured))
        color = colors.get(name, (0.5, 0.5, 0.5))
        series.append(plots.Series(name, times, measured, color, "points"))
        series.append(plots.Series(f"{name} (fit)", region["curve"]["timesHours"], region["curve"]["activitiesMBq"],
                                   color, "line"))
    putTable(study, "timeActivityTable", "Time-activity curves", columns)
    putChart(study, "timeActivityChart", "Time-activity curves", "Time after administration (h)", "Activity (MBq)",
             series)


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
    putTable(study, "candidatesTable", "Fit candidates", columns)


def writeDVH(study, regions, curves):
    """Table of the DVH values and chart of the cumulative dose-volume histograms."""
    colors = _colors(study)
    columns = [tables.Column("Region", "", list(regions), "string")]
    for title, key in (("D98", "D98Gy"), ("D95", "D95Gy"), ("D50", "D50Gy"), ("D2", "D2Gy"), ("Minimum", "minGy"),
                       ("Mean of the map", "meanGy"), ("Maximum", "maxGy")):
        columns.append(tables.Column(title, "Gy", [region["dvh"][key] for region in regions.values()]))
    putTable(study, "dvhTable", "Dose-volume histogram values", columns)
    series = [plots.Series(name, curve["absorbedDoseGy"], curve["volumePercent"], colors.get(name, (0.5, 0.5, 0.5)))
              for name, curve in curves.items()]
    putChart(study, "dvhChart", "Dose-volume histograms", "Absorbed dose (Gy)", "Volume (%)", series)

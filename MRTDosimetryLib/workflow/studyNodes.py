"""What a study shows in the scene: result volumes, tables and charts, reused on the next run."""

from ..scene import plots, segments, tables, volumes
from .regionMasks import segmentationNode

HIDDEN_CHOICE = "hiddenHistograms"


def putVolume(study, role, volume, quantity):
    """The study's volume node of a role with this image in it; made when there is none yet."""
    node = study.nodeByRole(role)
    if node is None:
        node = volumes.addVolume(study.scene, volume, quantity)
        study.setNodeForRole(role, node)
    else:
        volumes.setVolume(node, volume, quantity)
    return node


def colorsOf(study):
    """Color of each region, as in the segmentation."""
    node = segmentationNode(study)
    return {} if node is None else segments.regionColors(node)


def putTable(study, role, name, columns):
    """The study's table of a role with these columns; made when there is none yet."""
    node = tables.setTable(study.nodeByRole(role), study.scene, name, columns)
    study.setNodeForRole(role, node)
    return node


def putChart(study, role, name, xTitle, yTitle, series, title=None, logScale=False):
    """The study's chart of a role with these series; made when there is none yet."""
    node = plots.setChart(study.scene, name, title or name, xTitle, yTitle, series, logScale, study.nodeByRole(role))
    study.setNodeForRole(role, node)
    return node


def writeDVH(study, regions, curves):
    """Table of the DVH values and chart of the cumulative dose-volume histograms."""
    columns = [tables.Column("Region", "", list(regions), "string")]
    for title, key in (("D98", "D98Gy"), ("D95", "D95Gy"), ("D50", "D50Gy"), ("D2", "D2Gy"), ("Minimum", "minGy"),
                       ("Mean of the map", "meanGy"), ("Maximum", "maxGy")):
        columns.append(tables.Column(title, "Gy", [region["dvh"][key] for region in regions.values()]))
    putTable(study, "dvhTable", "Dose-volume histogram values", columns)
    writeDVHChart(study, curves)


def hiddenHistograms(study):
    """Names of the regions whose histogram the user does not want to see."""
    return study.choice(HIDDEN_CHOICE, [])


def writeDVHChart(study, curves):
    """Chart of the cumulative dose-volume histograms that are not hidden."""
    colors, hidden = colorsOf(study), hiddenHistograms(study)
    series = [plots.Series(name, curve["absorbedDoseGy"], curve["volumePercent"], colors.get(name, (0.5, 0.5, 0.5)))
              for name, curve in curves.items() if name not in hidden]
    putChart(study, "dvhChart", "Dose-volume histograms", "Absorbed dose (Gy)", "Volume (%)", series)

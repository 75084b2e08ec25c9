"""What the radiobiology of a study leaves in the scene: map of the BED, table, histograms, curves of effect."""

import numpy as np

from ..report.radiobiologyText import repairText
from ..scene import display, plots, tables
from . import engineNodes, studyNodes
from .radiobiologyCurves import TITLES

MAP = engineNodes.BED
TABLE, HISTOGRAMS, CURVES = "radiobiologyTable", "bedVolumeChart", "doseResponseChart"
ROLES = (MAP, TABLE, HISTOGRAMS, CURVES)
_CURVE_POINTS = 200
_GRAY = (0.45, 0.45, 0.45)
_HISTOGRAM_KEYS = ("D98Gy", "D50Gy", "D2Gy", "meanGy")
_VALUES = (("BED", "Gy", "bedGy"), ("u(BED)", "Gy", "bedUncertaintyGy"), ("EQD2", "Gy", "eqd2Gy"),
           ("EUD", "Gy", "eudGy"), ("EUBED", "Gy", "eubedGy"), ("gEUD", "Gy", "gEUDGy"),
           ("Exponent of the gEUD", "", "gEUDExponent"))


def put(study, regions, histograms, bedMap, curves):
    """Fill map, table and charts; what is not wanted any more goes.

    Parameters
    ----------
    regions : dict of str to dict
        Values of the stage.
    histograms : dict of str to dict
        ``bedGy`` and ``volumePercent`` by region.
    bedMap : Volume or None
    curves : dict of str to DoseResponse
    """
    if bedMap is None:
        engineNodes.removeNode(study, MAP)
    else:
        display.styleBiologicallyEffectiveDose(studyNodes.putVolume(study, MAP, bedMap, MAP))
    studyNodes.putTable(study, TABLE, "Radiobiology", _columns(regions))
    colors = studyNodes.colorsOf(study)
    _chart(study, HISTOGRAMS, "BED-volume histograms", "BED (Gy)", "Volume (%)",
           [plots.Series(name, row["bedGy"], row["volumePercent"], colors.get(name, _GRAY))
            for name, row in histograms.items()])
    _chart(study, CURVES, "Tumor control and complication", "Absorbed dose or BED (Gy)", "Probability (%)",
           _effectSeries(regions, curves, colors))


def remove(study, roles=ROLES):
    """Take back what is not stated any more."""
    for role in roles:
        engineNodes.removeNode(study, role)


def nodesOf(study):
    """All nodes of this file that the study has, for its results folder."""
    return [node for node in (study.nodeByRole(role) for role in ROLES) if node is not None]


def _chart(study, role, name, xTitle, yTitle, series):
    if series:
        studyNodes.putChart(study, role, name, xTitle, yTitle, series)
    else:
        engineNodes.removeNode(study, role)


def _columns(regions):
    rows = list(regions.values())
    biology = [row["radiobiology"] or {} for row in rows]
    columns = [tables.Column("Region", "", list(regions), "string"),
               tables.Column("alpha/beta", "Gy", [item.get("alphaBetaGy") for item in biology]),
               tables.Column("Repair half-life", "", [
                   repairText(item.get("repair") or item["repairHalfLifeHours"]) if item else "" for item in biology],
                   "string"),
               tables.Column("Lea-Catcheside factor", "", [item.get("leaCatchesideFactor") for item in biology])]
    columns += [tables.Column(title, unit, [row.get(key) for row in rows]) for title, unit, key in _VALUES
                if any(row.get(key) is not None for row in rows)]
    if any(row.get("bedHistogram") for row in rows):
        columns += [tables.Column(f"BED, {'mean of the map' if key == 'meanGy' else key[:-2]}", "Gy", [
            (row.get("bedHistogram") or {}).get(key) for row in rows]) for key in _HISTOGRAM_KEYS]
    for key, title in (("tcp", "TCP"), ("ntcp", "NTCP")):
        for curve in dict.fromkeys(item["curve"] for row in rows for item in row.get(key) or []):
            columns.append(tables.Column(f"{title}, {curve}", "%", [next(
                (100.0 * item["probability"] for item in row.get(key) or [] if item["curve"] == curve), None)
                for row in rows]))
    columns.append(tables.Column("Source of the parameters", "", [item.get("source") or "" for item in biology],
                                 "string"))
    return columns


def _effectSeries(regions, curves, colors):
    """A line for each curve that gave a probability, and the point of each region on it."""
    points = [(name, item) for name, row in regions.items() for item in [*(row.get("tcp") or []),
                                                                         *(row.get("ntcp") or [])]]
    series, used = [], dict.fromkeys(item["curve"] for _name, item in points)
    for position, identifier in enumerate(used):
        curve = curves[identifier]
        last = max([1.6 * curve.d50Gy, *(1.1 * item["valueGy"] for _n, item in points if item["curve"] == identifier)])
        x = np.linspace(0.0, last, _CURVE_POINTS)
        series.append(plots.Series(f"{curve.endpoint} ({TITLES[curve.quantity]})", x.tolist(),
                                   (100.0 * np.asarray(curve.probability(x))).tolist(), _GRAY,
                                   "line" if position % 2 == 0 else "dashed"))
    names = [name for name, _item in points]
    series += [plots.Series(name if names.count(name) == 1 else f"{name}, {item['curve']}", [item["valueGy"]],
                            [100.0 * item["probability"]], colors.get(name, _GRAY), "points") for name, item in points]
    return series

"""What the absorbed-dose engines leave in the scene: a map for each, differences, tables, overlaid histograms."""

import functools
import json

from ..imaging.volume import Volume
from ..scene import display, isodose, maximumMarker, plots, regionsIn3D, tables, volumes
from ..scene.regionSurfaces import isDrawnAsSurfaces
from . import doseOptions, studyNodes
from .regionMasks import segmentationNode

ABSORBED_DOSE, DIFFERENCE = "absorbedDose", "absorbedDoseDifference"
RATE, BED = "absorbedDoseRate", "biologicallyEffectiveDose"
TABLE, CHART, RATE_TABLE = "engineTable", "engineDVHChart", "absorbedDoseRateTable"
_NAMES = tuple(name for name, _title in doseOptions.engineChoices())
_STYLES = ("line", "dashed", "points", "pointsAndLine")


def roleOf(study, name):
    """Role of the absorbed-dose map of an engine: that of the primary one has no engine in it."""
    return ABSORBED_DOSE if name == doseOptions.primaryName(study) else f"{ABSORBED_DOSE}.{name}"


def mapNodes(study):
    """Engine name to absorbed-dose node, of all engines of the last run."""
    value = (study.stageRecord("dose") or {}).get("value") or {}
    found = {}
    for name, content in (value.get("engines") or {}).items():
        node = study.nodeByRole(ABSORBED_DOSE if content["isPrimary"] else f"{ABSORBED_DOSE}.{name}")
        if node is not None:
            found[name] = node
    return found


def resultNodes(study):
    """All nodes of this file that the study has, for its results folder."""
    roles = [f"{kind}.{name}" for kind in (ABSORBED_DOSE, DIFFERENCE) for name in _NAMES]
    nodes = [study.nodeByRole(role) for role in [
        *roles, TABLE, CHART, RATE_TABLE, isodose.ROLE, isodose.TABLE_ROLE, maximumMarker.ROLE,
        regionsIn3D.ROLE]]
    nodes += rateNodes(study)
    return [node for node in nodes if node is not None]


def shownMaps(study):
    """(key, title, engine name or "") of every map that can be shown; the primary absorbed dose first."""
    primaryTitle, titles = _titlesIn(study.stageText("dose"))
    found = [(ABSORBED_DOSE, primaryTitle, "")] if study.nodeByRole(ABSORBED_DOSE) is not None and primaryTitle else []
    for name, title in titles:
        for kind, words in ((ABSORBED_DOSE, "{title}"), (DIFFERENCE, "{title}: difference")):
            if study.nodeByRole(f"{kind}.{name}") is not None:
                found.append((f"{kind}.{name}", words.format(title=title), name))
    if study.nodeByRole(BED) is not None:
        found.append((BED, study.nodeByRole(BED).GetName(), ""))
    found += [(f"{RATE}.{index}", node.GetName(), "") for index, node in enumerate(rateNodes(study))]
    return found


@functools.lru_cache(maxsize=8)
def _titlesIn(text):
    """Title of the primary engine, and (name, title) of all; the long record is read once, not at every click."""
    value = (json.loads(text).get("value") if text else None) or {}
    engines = value.get("engines") or {}
    titles = tuple((name, engines[name]["title"]) for name in value.get("engineOrder") or [])
    return value.get("engineTitle", ""), titles


def nodeOf(study, key):
    """Node of a key of :func:`shownMaps`, or None."""
    kind, _dot, rest = key.partition(".")
    if kind == RATE:
        nodes = rateNodes(study)
        return nodes[int(rest)] if int(rest) < len(nodes) else None
    return study.nodeByRole(key)


def putRegionsIn3D(study, occupancies, grid):
    """Surfaces of the regions for the 3D view; none of their own where the regions themselves are surfaces.

    Parameters
    ----------
    occupancies : dict of str to Occupancy
        On the grid of ``grid``, a :class:`Volume`.
    """
    if segmentsAreSurfaces(study):
        regionsIn3D.remove(study)
        return
    regions = {}
    for name, item in occupancies.items():
        matrix = grid.ijkToRAS.copy()
        start = [part.start or 0 for part in item.slices][::-1]
        matrix[:3, 3] += matrix[:3, :3] @ start
        if item.fraction.size:
            regions[name] = Volume(item.fraction, matrix, "", name)
    regionsIn3D.putRegions(study, regions, studyNodes.colorsOf(study))


def segmentsAreSurfaces(study):
    """Whether the regions were drawn or loaded as closed surfaces, which the 3D view shows as they are."""
    node = segmentationNode(study)
    return node is not None and isDrawnAsSurfaces(node)


def putMaps(study, results):
    """A volume for each engine, all in the same colors; those of engines not chosen any more go.

    Parameters
    ----------
    results : dict of str to EngineResult
        The primary one first.
    """
    primary = next(iter(results))
    maximumMarker.remove(study)  # of the map that was; shown again with the new one
    maximum = None
    for name, result in results.items():
        isPrimary = name == primary
        title = "Absorbed dose" if isPrimary else f"Absorbed dose, {result.title}"
        volume = result.absorbedDose.withArray(result.absorbedDose.array, "Gy", title)
        node = studyNodes.putVolume(study, ABSORBED_DOSE if isPrimary else f"{ABSORBED_DOSE}.{name}", volume,
                                    "absorbedDose")
        # Maps that are compared have to be seen in one range of colors.
        maximum = display.styleAbsorbedDose(node, maximum, withLegend=isPrimary)
    for name in _NAMES:
        if name not in results or name == primary:
            removeNode(study, f"{ABSORBED_DOSE}.{name}")
            removeNode(study, f"{DIFFERENCE}.{name}")


def putDifference(study, name, volume, largestGy):
    """The difference of an engine's map to that of the primary one, in Gy."""
    node = studyNodes.putVolume(study, f"{DIFFERENCE}.{name}", volume, "absorbedDoseDifference")
    display.styleDifference(node, largestGy)


def putComparison(study, regions, engines, curves):
    """Table of all engines per region, and chart of their histograms.

    Parameters
    ----------
    regions : dict of str to dict
        With ``engines``: engine name to ``absorbedDoseGy``, ``statisticalStandardErrorGy``, ``dvh``,
        ``differenceFromPrimaryPercent`` and ``gammaPassPercent``.
    engines : dict of str to dict
        With ``title``, the primary one first.
    curves : dict of str to dict
        Engine name to the curves by region.
    """
    if len(engines) < 2:
        for role in (TABLE, CHART):
            removeNode(study, role)
        return
    rows = [(region, name) for region in regions for name in engines]
    found = [regions[region]["engines"][name] for region, name in rows]
    columns = [tables.Column("Region", "", [region for region, _name in rows], "string"),
               tables.Column("Engine", "", [engines[name]["title"] for _region, name in rows], "string")]
    for title, unit, key in (("Absorbed dose", "Gy", "absorbedDoseGy"),
                             ("Statistical standard error", "Gy", "statisticalStandardErrorGy"),
                             ("Difference from the primary engine", "%", "differenceFromPrimaryPercent"),
                             ("Gamma pass rate", "%", "gammaPassPercent")):
        columns.append(tables.Column(title, unit, [item[key] for item in found]))
    for key in ("D98Gy", "D50Gy", "D2Gy"):
        columns.append(tables.Column(key[:-2], "Gy", [item["dvh"][key] for item in found]))
    studyNodes.putTable(study, TABLE, "Absorbed-dose engines", columns)
    colors = studyNodes.colorsOf(study)
    series = [plots.Series(f"{region}, {engines[name]['title']}", curves[name][region]["absorbedDoseGy"],
                           curves[name][region]["volumePercent"], colors.get(region, (0.5, 0.5, 0.5)),
                           _STYLES[position % len(_STYLES)])
              for position, name in enumerate(engines) for region in regions]
    studyNodes.putChart(study, CHART, "Dose-volume histograms of all engines", "Absorbed dose (Gy)", "Volume (%)",
                        series)


def putRates(study, rates):
    """A volume of absorbed-dose rate for each time point (label, volume); those of an earlier run are used again."""
    nodes = rateNodes(study)
    for surplus in nodes[len(rates):]:
        study.scene.RemoveNode(surplus)
    study.node.RemoveNodeReferenceIDs(RATE)
    kept = nodes[:len(rates)]
    maximum = None
    for position, (label, volume) in enumerate(rates):
        named = volume.withArray(volume.array, name=f"Absorbed-dose rate, {label}")
        if position < len(kept):
            node = kept[position]
            volumes.setVolume(node, named, RATE)
            node.SetName(named.name)
        else:
            node = volumes.addVolume(study.scene, named, RATE)
        study.node.AddNodeReferenceID(RATE, node.GetID())
        maximum = display.styleAbsorbedDoseRate(node, maximum, withLegend=False)


def rateNodes(study):
    """The absorbed-dose-rate volumes of the study, in the order of time."""
    count = study.node.GetNumberOfNodeReferences(RATE)
    nodes = [study.node.GetNthNodeReference(RATE, index) for index in range(count)]
    return [node for node in nodes if node is not None]


def putRateTable(study, timesHours, regions):
    """Table of the regions' mean absorbed-dose rates; without ``regions`` it goes."""
    if not regions:
        removeNode(study, RATE_TABLE)
        return
    columns = [tables.Column("Time after administration", "h", list(timesHours))]
    columns += [tables.Column(name, "mGy/h", region["ratesMGyPerHour"]) for name, region in regions.items()]
    studyNodes.putTable(study, RATE_TABLE, "Absorbed-dose rates", columns)


def removeNode(study, role):
    """Take the node of a role out of the scene; a chart goes with its lines."""
    node = study.nodeByRole(role)
    if node is None:
        return
    study.setNodeForRole(role, None)
    if node.IsA("vtkMRMLPlotChartNode"):
        # An empty chart has given its lines and their data back.
        plots.setChart(study.scene, node.GetName(), "", "", "", [], node=node)
    study.scene.RemoveNode(node)

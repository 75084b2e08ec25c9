"""Charts as plot nodes, filled again instead of added again."""

from dataclasses import dataclass

import slicer
import vtk

from ..errors import InputError
from . import tables

_DATA_ROLE = "MRTDosimetry.chartData"
_LEGEND_SIZE, _SMALLEST_LEGEND, _LEGEND_HEIGHT = 14, 7, 300
# Of the range of values: what is left free below them, and above them for the legend, which has its place there.
_ROOM_BELOW, _ROOM_ABOVE = 0.05, 0.5


@dataclass(frozen=True)
class Series:
    """One line or set of points of a chart.

    Attributes
    ----------
    name : str
        In the legend.
    x, y : sequence of float
        Values (a y of None is left out); alternatively ``tableNode`` with ``xColumn`` and ``yColumn``, the titles of
        number columns.
    color : tuple of float
        Red, green, blue from 0 to 1.
    style : str
        "points", "diamonds", "crosses", "line", "dashed" or "pointsAndLine".
    width : float
        Of the line.
    """

    name: str
    x: tuple = None
    y: tuple = None
    color: tuple = (0.0, 0.0, 0.0)
    style: str = "line"
    width: float = 2.0
    tableNode: object = None
    xColumn: str = ""
    yColumn: str = ""


def setChart(scene, name, title, xTitle, yTitle, series, logScale=False, node=None, isRoomAbove=False):
    """Fill a chart, or add one when ``node`` is None; nodes of an earlier run are used again or removed.

    Parameters
    ----------
    scene : vtkMRMLScene
    name : str
        Name of the chart node.
    title, xTitle, yTitle : str
        Shown; axis titles with unit.
    series : list of Series
    logScale : bool
        Logarithmic y axis; values that are not positive are not drawn on it.
    node : vtkMRMLPlotChartNode or None
    isRoomAbove : bool
        Whether room is left above all values, so that the legend at the upper right hides none; for series with values
        of their own whose last ones are high.

    Returns
    -------
    vtkMRMLPlotChartNode
    """
    series = list(series)
    if len({item.name for item in series}) < len(series):
        raise InputError("Two lines of the chart have the same name", name)
    if node is None:
        node = scene.AddNewNodeByClass("vtkMRMLPlotChartNode", name)
    wasModifying = node.StartModify()
    node.SetName(name)
    node.SetTitle(title)
    node.SetTitleVisibility(bool(title))
    node.SetXAxisTitle(xTitle)
    node.SetYAxisTitle(yTitle)
    node.SetYAxisLogScale(logScale)
    node.SetLegendVisibility(len(series) > 1)
    # the legend of many lines would hide them
    node.SetLegendFontSize(max(_SMALLEST_LEGEND, min(_LEGEND_SIZE, _LEGEND_HEIGHT // max(len(series), 1))))
    node.SetGridVisibility(True)
    node.SetYAxisRangeAuto(not isRoomAbove)
    if isRoomAbove:
        node.SetYAxisRange(*_rangeWithRoom(series))
    seriesNodes = _resized(scene, node, "vtkMRMLPlotSeriesNode", _seriesNodes(node), len(series))
    node.RemoveAllPlotSeriesNodeIDs()
    sources = _sources(scene, node, name, series, logScale)
    for item, seriesNode, source in zip(series, seriesNodes, sources, strict=True):
        _setSeries(seriesNode, item, *source)
        node.AddAndObservePlotSeriesNodeID(seriesNode.GetID())
    node.EndModify(wasModifying)
    return node


def _rangeWithRoom(series):
    values = [float(y) for item in series for y in item.y if y is not None]
    low, high = min(values), max(values)
    span = high - low or abs(high) or 1.0
    return low - _ROOM_BELOW * span, high + _ROOM_ABOVE * span


def removeChart(node):
    """Take a chart out of the scene with its series and their data."""
    scene, series = node.GetScene(), _seriesNodes(node)
    data = [node.GetNthNodeReference(_DATA_ROLE, index) for index in range(node.GetNumberOfNodeReferences(_DATA_ROLE))]
    for item in [node, *series, *data]:
        if item is not None:
            scene.RemoveNode(item)


def _seriesNodes(node):
    nodes = [node.GetNthPlotSeriesNode(index) for index in range(node.GetNumberOfPlotSeriesNodes())]
    return [item for item in nodes if item is not None]


def _resized(scene, chartNode, className, nodes, count):
    """``count`` nodes of a class: those there are, new ones, surplus ones removed from the scene."""
    for surplus in nodes[count:]:
        scene.RemoveNode(surplus)
    return nodes[:count] + [scene.AddNewNodeByClass(className) for _ in range(count - len(nodes))]


def _sources(scene, chartNode, name, series, logScale):
    """(table node, x column, y column) per series; values given directly go into hidden tables, one per set of x."""
    groups = {}
    for item in series:
        if item.tableNode is None:
            x, y = _values(item, name, logScale)
            groups.setdefault(x, []).append((item, y))
    count = chartNode.GetNumberOfNodeReferences(_DATA_ROLE)
    nodes = [chartNode.GetNthNodeReference(_DATA_ROLE, index) for index in range(count)]
    nodes = _resized(scene, chartNode, "vtkMRMLTableNode", [item for item in nodes if item is not None], len(groups))
    chartNode.RemoveNodeReferenceIDs(_DATA_ROLE)
    sources = {}
    for index, ((x, members), tableNode) in enumerate(zip(groups.items(), nodes, strict=True)):
        columns = [tables.Column("x", "", x)] + [tables.Column(item.name, "", y) for item, y in members]
        tables.setTable(tableNode, scene, f"{name} data {index + 1}", columns)
        tableNode.SetHideFromEditors(False)  # a hidden table would not be saved with the scene
        chartNode.AddNodeReferenceID(_DATA_ROLE, tableNode.GetID())
        sources.update({item.name: (tableNode, "x", item.name) for item, _ in members})
    return [sources.get(item.name, (item.tableNode, item.xColumn, item.yColumn)) for item in series]


def _values(item, where, logScale):
    if item.x is None or item.y is None or len(item.x) != len(item.y):
        raise InputError(f"'{item.name}' has no values, or not as many x as y", where)
    pairs = zip(item.x, item.y, strict=True)
    pairs = [(float(x), float(y)) for x, y in pairs if y is not None and (not logScale or y > 0)]
    return tuple(x for x, _ in pairs), tuple(y for _, y in pairs)


def _setSeries(node, item, tableNode, xColumn, yColumn):
    for column in (xColumn, yColumn):
        array = tableNode.GetTable().GetColumnByName(column)
        if array is None or not isinstance(array, vtk.vtkDataArray):
            raise InputError(f"The table has no number column '{column}'", tableNode.GetName())
    plotSeries = slicer.vtkMRMLPlotSeriesNode
    node.SetName(item.name)
    node.SetAndObserveTableNodeID(tableNode.GetID())
    node.SetXColumnName(xColumn)
    node.SetYColumnName(yColumn)
    node.SetPlotType(plotSeries.PlotTypeScatter)
    lines = {"line": plotSeries.LineStyleSolid, "pointsAndLine": plotSeries.LineStyleSolid}
    lines["dashed"] = plotSeries.LineStyleDash
    node.SetLineStyle(lines.get(item.style, plotSeries.LineStyleNone))
    markers = {"points": plotSeries.MarkerStyleCircle, "pointsAndLine": plotSeries.MarkerStyleCircle,
               "diamonds": plotSeries.MarkerStyleDiamond, "crosses": plotSeries.MarkerStyleCross}
    node.SetMarkerStyle(markers.get(item.style, plotSeries.MarkerStyleNone))
    node.SetMarkerSize(9)
    node.SetLineWidth(item.width)
    node.SetColor(*item.color)

"""Pictures of the views as the current layout arranges them, beside the panel: what a user would see on the screen.

Slice and 3D views are drawn by Slicer's own displayable managers from the layout's own view nodes; charts by VTK from
the chart nodes; tables by Qt. Only the frames around them are missing.
"""

import os
import xml.etree.ElementTree as ElementTree

import slicer
import vtk
from PySide6 import QtCore, QtGui, QtWidgets
from vtk.util import numpy_support

from .native import native

_SLICE_MANAGERS = ("vtkMRMLModelSliceDisplayableManager", "vtkMRMLSegmentationsDisplayableManager2D",
                   "vtkMRMLMarkupsDisplayableManager", "vtkMRMLColorLegendDisplayableManager",
                   "vtkMRMLRulerDisplayableManager")
_THREE_D_MANAGERS = ("vtkMRMLCameraDisplayableManager", "vtkMRMLViewDisplayableManager",
                     "vtkMRMLModelDisplayableManager", "vtkMRMLMarkupsDisplayableManager",
                     "vtkMRMLSegmentationsDisplayableManager3D", "vtkMRMLColorLegendDisplayableManager")
_BACKGROUND = (0.76, 0.76, 0.91), (0.45, 0.47, 0.72)
_GAP = 2
_FOUR_UP = 3
# of vtkMRMLPlotSeriesNode -> of vtkPlotPoints and vtkPen
_MARKERS = {0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 5}
_LINES = {0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 5}


class _SliceView:
    """Window, slice logic and displayable managers of a slice node of the layout."""

    def __init__(self, wizard, node):
        applicationLogic = wizard.app.applicationLogic()
        self.node = node
        self.logic = slicer.vtkMRMLSliceLogic()
        self.logic.SetMRMLApplicationLogic(applicationLogic)
        self.logic.SetMRMLScene(wizard.scene)
        self.logic.SetSliceNode(node)
        self._logics = applicationLogic.GetSliceLogics()
        self._logics.AddItem(self.logic)
        self.window, renderer, self._interactor = _window(400, 400)
        self._group = _managers(slicer.vtkMRMLSliceViewDisplayableManagerFactory.GetInstance(), _SLICE_MANAGERS,
                                renderer, node, applicationLogic)
        self._mapper = vtk.vtkImageMapper()
        self._mapper.SetColorWindow(255)
        self._mapper.SetColorLevel(127.5)
        actor = vtk.vtkActor2D()
        actor.SetMapper(self._mapper)
        actor.GetProperty().SetDisplayLocationToBackground()
        renderer.AddViewProp(actor)

    def image(self, width, height):
        self.window.SetSize(width, height)
        self.logic.ResizeSliceNode(width, height)
        offset = self.node.GetSliceOffset()
        self.logic.FitSliceToBackground(width, height)
        self.node.SetSliceOffset(offset)
        self._mapper.SetInputConnection(self.logic.GetImageDataConnection())
        return _image(self.window)

    def close(self):
        self._group.SetMRMLDisplayableNode(None)
        self.window.Finalize()
        self._logics.RemoveItem(self.logic)
        self.logic.SetMRMLScene(None)


class SliceViews:
    """Gives every slice view of the layouts what draws it. A context manager.

    Open it before the scene is filled, as the application has its views: color legends show up only in views that
    were there first.
    """

    def __init__(self, wizard):
        self._wizard = wizard
        self._views = {}

    def __enter__(self):
        self._wizard.app.layoutManager().setLayout(_FOUR_UP)
        self._add()
        return self

    def _add(self):
        for node in self._wizard.app.layoutManager()._views("vtkMRMLSliceNode"):
            if node.GetID() not in self._views:
                self._views[node.GetID()] = _SliceView(self._wizard, node)

    def update(self):
        """For the layout that is shown now; then the step shows its images in it."""
        self._add()
        # what makes the managers of color legends look for the images of their views
        self._wizard.scene.StartState(self._wizard.scene.BatchProcessState)
        self._wizard.scene.EndState(self._wizard.scene.BatchProcessState)
        self._wizard.shell.step.showInViews()
        scene = self._wizard.scene
        for index in range(scene.GetNumberOfNodesByClass("vtkMRMLColorLegendDisplayNode")):
            scene.GetNthNodeByClass(index, "vtkMRMLColorLegendDisplayNode").Modified()

    def image(self, node, width, height):
        return self._views[node.GetID()].image(width, height)

    def __exit__(self, kind, error, traceback):
        for view in self._views.values():
            view.close()
        self._views.clear()


def draw(wizard, sliceViews, path, size=(1500, 900)):
    """Write a picture of panel and views.

    Parameters
    ----------
    wizard : driving.Wizard
        With a main window, on the page to show.
    sliceViews : SliceViews
        Updated for the layout of that page.
    path : str
    size : (int, int)
        Width and height of the views in pixels.

    Returns
    -------
    dict
        Layout name of each view -> its :class:`QImage`.
    """
    node = wizard.app.layoutManager().layoutLogic().GetLayoutNode()
    description = ElementTree.fromstring(node.GetCurrentLayoutDescription())
    panel = native(wizard.widget.parent).grab().toImage()
    whole = QtGui.QImage(panel.width() + _GAP + size[0], max(panel.height(), size[1]), QtGui.QImage.Format_RGB32)
    whole.fill(QtGui.QColor(60, 60, 60))
    places = _places(description, QtCore.QRect(panel.width() + _GAP, 0, *size))
    found = {element.get("singletontag"): (rectangle.topLeft(), _picture(
        wizard, sliceViews, element, rectangle.width(), rectangle.height())) for element, rectangle in places}
    painter = QtGui.QPainter(whole)
    painter.drawImage(0, 0, panel)
    for corner, image in found.values():
        painter.drawImage(corner, image)
    painter.end()
    os.makedirs(os.path.dirname(path), exist_ok=True)
    whole.save(path)
    return {tag: image for tag, (_corner, image) in found.items()}


def _places(element, rectangle):
    """(view element, rectangle) of every view of a layout element."""
    if element.tag == "view":
        return [(element, rectangle)]
    items = element.findall("item")
    sizes = [float(item.get("splitSize") or 1000 / len(items)) for item in items]
    isHorizontal = element.get("type") == "horizontal"
    length = rectangle.width() if isHorizontal else rectangle.height()
    places, start = [], 0.0
    if element.get("type") == "grid" or any(item.get("row") for item in items):
        rows = 1 + max(int(item.get("row")) for item in items)
        columns = 1 + max(int(item.get("column")) for item in items)
        width, height = rectangle.width() // columns, rectangle.height() // rows
        for item in items:
            place = QtCore.QRect(rectangle.x() + int(item.get("column")) * width,
                                 rectangle.y() + int(item.get("row")) * height, width - _GAP, height - _GAP)
            places += _places(item[0], place)
        return places
    for item, part in zip(items, sizes, strict=True):
        share = part / sum(sizes) * length
        first, extent = round(start), round(share) - _GAP
        place = QtCore.QRect(rectangle.x() + first, rectangle.y(), extent, rectangle.height()) if isHorizontal else \
            QtCore.QRect(rectangle.x(), rectangle.y() + first, rectangle.width(), extent)
        places += _places(item[0], place)
        start += share
    return places


def _picture(wizard, sliceViews, element, width, height):
    className, tag = element.get("class"), element.get("singletontag")
    node = next(node for node in wizard.app.layoutManager()._views(className) if node.GetLayoutName() == tag)
    if className == "vtkMRMLSliceNode":
        return sliceViews.image(node, width, height)
    if className == "vtkMRMLViewNode":
        return _threeD(wizard, node, width, height)
    return (_plot if className == "vtkMRMLPlotViewNode" else _table)(node, width, height)


def _window(width, height):
    window = vtk.vtkRenderWindow()
    window.SetOffScreenRendering(1)
    window.SetMultiSamples(0)
    window.SetSize(width, height)
    renderer = vtk.vtkRenderer()
    window.AddRenderer(renderer)
    interactor = vtk.vtkRenderWindowInteractor()
    interactor.SetRenderWindow(window)
    return window, renderer, interactor


def _image(window):
    """What the window shows, as an image of Qt's."""
    window.Render()
    grabber = vtk.vtkWindowToImageFilter()
    grabber.SetInput(window)
    grabber.ReadFrontBufferOff()
    grabber.Update()
    data = grabber.GetOutput()
    width, height, _depth = data.GetDimensions()
    pixels = numpy_support.vtk_to_numpy(data.GetPointData().GetScalars()).reshape(height, width, -1)[::-1, :, :3].copy()
    return QtGui.QImage(pixels.tobytes(), width, height, 3 * width, QtGui.QImage.Format_RGB888).copy()


def _managers(factory, names, renderer, node, applicationLogic):
    factory.SetMRMLApplicationLogic(applicationLogic)
    for name in names:
        if not factory.IsDisplayableManagerRegistered(name):
            factory.RegisterDisplayableManager(name)
    group = slicer.vtkMRMLDisplayableManagerGroup()
    group.Initialize(factory, renderer)
    group.SetMRMLDisplayableNode(node)
    return group


def _threeD(wizard, node, width, height):
    window, renderer, interactor = _window(width, height)
    window.SetAlphaBitPlanes(1)
    renderer.SetUseDepthPeeling(True)
    renderer.SetUseFXAA(True)
    renderer.GradientBackgroundOn()
    renderer.SetBackground(*_BACKGROUND[0])
    renderer.SetBackground2(*_BACKGROUND[1])
    group = _managers(slicer.vtkMRMLThreeDViewDisplayableManagerFactory.GetInstance(), _THREE_D_MANAGERS, renderer,
                      node, wizard.app.applicationLogic())
    window.Render()
    camera = renderer.GetActiveCamera()
    camera.SetPosition(0, 1500, 0)
    camera.SetFocalPoint(0, 0, 0)
    camera.SetViewUp(0, 0, 1)
    renderer.ResetCamera()
    camera.Zoom(1.4)
    try:
        return _image(window)
    finally:
        group.SetMRMLDisplayableNode(None)
        window.Finalize()
        del interactor


def _plot(node, width, height):
    chartNode = node.GetPlotChartNode()
    view = vtk.vtkContextView()
    window = view.GetRenderWindow()
    window.SetOffScreenRendering(1)
    window.SetMultiSamples(0)
    window.SetSize(width, height)
    view.GetRenderer().SetBackground(1, 1, 1)
    chart = vtk.vtkChartXY()
    view.GetScene().AddItem(chart)
    if chartNode is None:
        chart.SetTitle("(no chart)")
        return _image(window)
    chart.SetTitle(chartNode.GetTitle() if chartNode.GetTitleVisibility() else "")
    chart.SetShowLegend(bool(chartNode.GetLegendVisibility()))
    chart.GetLegend().SetLabelSize(chartNode.GetLegendFontSize())
    for axis, title, isLogarithmic in ((vtk.vtkAxis.BOTTOM, chartNode.GetXAxisTitle(), chartNode.GetXAxisLogScale()),
                                       (vtk.vtkAxis.LEFT, chartNode.GetYAxisTitle(), chartNode.GetYAxisLogScale())):
        chart.GetAxis(axis).SetTitle(title)
        chart.GetAxis(axis).SetLogScale(bool(isLogarithmic))
    if not chartNode.GetYAxisRangeAuto():
        chart.GetAxis(vtk.vtkAxis.LEFT).SetBehavior(vtk.vtkAxis.FIXED)
        chart.GetAxis(vtk.vtkAxis.LEFT).SetRange(*chartNode.GetYAxisRange())
    for index in range(chartNode.GetNumberOfPlotSeriesNodes()):
        series = chartNode.GetNthPlotSeriesNode(index)
        plot = chart.AddPlot(vtk.vtkChart.LINE)
        table = series.GetTableNode().GetTable()
        plot.SetInputData(table, series.GetXColumnName(), series.GetYColumnName())
        plot.SetLabel(series.GetName())
        plot.SetColorF(*series.GetColor())
        plot.SetWidth(series.GetLineWidth())
        plot.GetPen().SetLineType(_LINES[series.GetLineStyle()])
        plot.SetMarkerStyle(_MARKERS[series.GetMarkerStyle()])
        plot.SetMarkerSize(series.GetMarkerSize())
    try:
        return _image(window)
    finally:
        window.Finalize()


def _table(node, width, height):
    tableNode = node.GetTableNode()
    widget = native(QtWidgets.QTableWidget())
    if tableNode is not None:
        table = tableNode.GetTable()
        rows, columns = table.GetNumberOfRows(), table.GetNumberOfColumns()
        widget.setRowCount(rows)
        widget.setColumnCount(columns)
        widget.setHorizontalHeaderLabels([tableNode.GetColumnName(column) for column in range(columns)])
        for row in range(rows):
            for column in range(columns):
                value = table.GetValue(row, column)
                text = f"{value.ToDouble():.6g}" if value.IsNumeric() else value.ToString()
                widget.setItem(row, column, QtWidgets.QTableWidgetItem(text))
        widget.resizeColumnsToContents()
    widget.resize(width, height)
    image = widget.grab().toImage()
    widget.close()
    return image

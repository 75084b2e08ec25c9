"""The arrangement of views for each step, put back to the user's own when the module is left."""

import slicer

from ..scene import registrationView

PLOT_VIEW = "MRTDosimetryPlot"
TABLE_VIEW = "MRTDosimetryTable"
# Numbers from the range that Slicer leaves to modules; one that was given to an arrangement keeps it for good, because
# the application remembers the description.
_NUMBERS = {"drawing": 15082, "curves": 15083, "absorbedDose": 15084, "results": 15085, "timePoints": 15086,
            "registration": 15087, "measured": 15088}
_FOUR_UP = 3
_ORIENTATIONS = {"Red": ("Axial", "R", "#F34A33"), "Green": ("Coronal", "G", "#6EB04B"),
                 "Yellow": ("Sagittal", "Y", "#EDD54C")}


def _slice(tag, prefix=""):
    orientation, label, color = _ORIENTATIONS[tag]
    return (f'<view class="vtkMRMLSliceNode" singletontag="{prefix}{tag}">'
            f'<property name="orientation" action="default">{orientation}</property>'
            f'<property name="viewlabel" action="default">{label}</property>'
            f'<property name="viewcolor" action="default">{color}</property></view>')


def _view(className, tag, label):
    return (f'<view class="{className}" singletontag="{tag}">'
            f'<property name="viewlabel" action="default">{label}</property></view>')


def _split(direction, *items):
    """Items are XML, or pairs of a size and XML."""
    inside = "".join(
        f'<item splitSize="{item[0]}">{item[1]}</item>' if type(item) is tuple else f"<item>{item}</item>"
        for item in items)
    return f'<layout type="{direction}" split="true">{inside}</layout>'


def _description(name):
    plot = _view("vtkMRMLPlotViewNode", PLOT_VIEW, "P")
    table = _view("vtkMRMLTableViewNode", TABLE_VIEW, "T")
    threeD = _view("vtkMRMLViewNode", "1", "1")
    red, green, yellow = _slice("Red"), _slice("Green"), _slice("Yellow")
    if name == "timePoints":
        below = _split("horizontal", plot, table)
        return _split("vertical", (600, _split("horizontal", red, green, yellow)), (400, below))
    if name == "registration":
        alone = [_slice(tag, registrationView.MOVING_VIEW) for tag in _ORIENTATIONS]
        return _split("vertical", _split("horizontal", red, green, yellow), _split("horizontal", *alone))
    if name == "drawing":
        return _split("horizontal", (650, red), (350, _split("vertical", green, threeD)))
    if name == "curves":
        return _split("horizontal", (650, plot), (350, _split("vertical", red, green)))
    if name == "measured":
        return _split("vertical", (650, plot), (350, table))
    if name == "absorbedDose":
        return _split("vertical", _split("horizontal", red, threeD), _split("horizontal", green, yellow))
    return _split("vertical", (600, _split("horizontal", plot, red)), (400, table))


class Layouts:
    """Shows the layout of a step; does nothing where the application has no main window."""

    def __init__(self):
        self._userLayout = None

    def show(self, name):
        """Show a layout by name; "fourUp" is Slicer's own."""
        manager = slicer.app.layoutManager()
        if manager is None:
            return
        if self._userLayout is None:
            self._userLayout = manager.layout
        if name not in _NUMBERS:
            manager.setLayout(_FOUR_UP)
            return
        number = _NUMBERS[name]
        node = manager.layoutLogic().GetLayoutNode()
        # one of an earlier version of the module may be there
        if not node.AddLayoutDescription(number, _description(name)):
            node.SetLayoutDescription(number, _description(name))
        manager.setLayout(number)

    def restore(self):
        """Back to the layout the user had before."""
        manager = slicer.app.layoutManager()
        if manager is not None and self._userLayout is not None:
            manager.setLayout(self._userLayout)
        self._userLayout = None


def showChart(chartNode):
    """Show a chart (None: an empty view) in the wizard's plot view, when it is on screen."""
    manager = slicer.app.layoutManager()
    if manager is None:
        return
    for index in range(manager.plotViewCount):
        viewNode = manager.plotWidget(index).mrmlPlotViewNode()
        if viewNode.GetLayoutName() == PLOT_VIEW:
            viewNode.SetPlotChartNodeID(chartNode.GetID() if chartNode is not None else None)


def showTable(tableNode):
    """Show a table (None: an empty view) in the wizard's table view, when it is on screen."""
    manager = slicer.app.layoutManager()
    if manager is None:
        return
    for index in range(manager.tableViewCount):
        viewNode = manager.tableWidget(index).mrmlTableViewNode()
        if viewNode.GetLayoutName() == TABLE_VIEW:
            viewNode.SetTableNodeID(tableNode.GetID() if tableNode is not None else None)


def showVolumes(background, foreground=None, opacity=0.5):
    """Show volumes in all slice views, ``foreground`` over ``background``."""
    slicer.util.setSliceViewerLayers(
        background=background.GetID() if background else None,
        foreground=foreground.GetID() if foreground else None, foregroundOpacity=opacity)
    fitSliceViews()


def fitSliceViews():
    """Make the slice views show the whole of their images."""
    manager = slicer.app.layoutManager()
    if manager is not None:
        manager.resetSliceViews()


def fit3DViews():
    """Make the 3D views show all of their contents, as after loading."""
    manager = slicer.app.layoutManager()
    if manager is not None:
        manager.resetThreeDViews()


def showRegion(segmentationNode, name):
    """Move all slice views to the middle of a region."""
    segmentation = segmentationNode.GetSegmentation()
    segmentID = segmentation.GetSegmentIdBySegmentName(name)
    if segmentID:
        showPoint(segmentationNode.GetSegmentCenterRAS(segmentID))


def showPoint(centerRAS):
    """Move all slice views to a point."""
    slicer.vtkMRMLSliceNode.JumpAllSlices(slicer.mrmlScene, centerRAS[0], centerRAS[1], centerRAS[2])

"""Page 4: organs and lesions, drawn with Slicer's own Segment Editor."""

import slicer
from slicer.i18n import tr as _

from ..errors import InputError
from ..scene import display
from ..workflow import segmentation
from . import icons
from .base import Step
from .layouts import showRegion
from .tables import fill, numberCell, textCell

# An editor node of our own, so that the Segment Editor module keeps its own state.
_EDITOR_TAG = "MRTDosimetryEditor"
_EVENTS = ("SegmentAdded", "SegmentRemoved", "SegmentModified", "SourceRepresentationModified")


class RegionsStep(Step):
    """Draw or check the regions."""

    name = "regions"
    uiFile = "RegionsStep.ui"
    layoutName = "drawing"
    advancedWidgets = ("labelMapSection",)

    def __init__(self, shell):
        super().__init__(shell)
        self._observed = None

    def title(self):
        return _("Regions")

    def help(self):
        return _("Draw or verify organs and lesions on the reference CT.")

    def computeText(self):
        return _("Compute volumes")

    def connectWidgets(self):
        ui = self.ui
        ui.segmentEditor.segmentationNodeSelectorVisible = False
        ui.segmentEditor.sourceVolumeNodeSelectorVisible = False
        ui.segmentEditor.switchToSegmentationsButtonVisible = False
        ui.segmentEditor.maximumNumberOfUndoStates = 20
        ui.segmentationSelector.connect("currentNodeChanged(vtkMRMLNode*)", self.onSegmentation)
        ui.startDrawingButton.connect("clicked()", self.onStartDrawing)
        ui.regionsTable.connect("cellDoubleClicked(int,int)", self.showRow)
        ui.labelFileButton.connect("clicked()", lambda: self.chooseFile(ui.labelPathEdit, _("Label map")))
        ui.labelAddButton.connect("clicked()", self.onLabelMap)

    def setScene(self, scene):
        """The editor node goes in before the scene; both are let go before the scene closes."""
        editor = self.ui.segmentEditor
        self.isUpdating = True
        if scene is not None:
            editor.setMRMLSegmentEditorNode(self._editorNode(scene))
        editor.setMRMLScene(scene)
        self.ui.segmentationSelector.setMRMLScene(scene)
        if scene is None:
            editor.setMRMLSegmentEditorNode(None)
        self.isUpdating = False

    @staticmethod
    def _editorNode(scene):
        node = scene.GetSingletonNode(_EDITOR_TAG, "vtkMRMLSegmentEditorNode")
        if node is None:
            node = scene.CreateNodeByClass("vtkMRMLSegmentEditorNode")
            node.UnRegister(None)
            node.SetSingletonTag(_EDITOR_TAG)
            node = scene.AddNode(node)
        return node

    def mainTable(self):
        return self.ui.regionsTable

    # life cycle of the editor

    def enter(self):
        self.ui.segmentEditor.installKeyboardShortcuts()
        self._selectInEditor()

    def showInViews(self):
        if self.study.referenceTimePoint is not None:
            display.showActivityOverCT(self.study.referenceTimePoint)

    def exit(self):
        editor = self.ui.segmentEditor
        editor.setActiveEffect(None)
        editor.uninstallKeyboardShortcuts()
        editor.removeViewObservations()
        editor.setSegmentationNode(None)
        editor.setSourceVolumeNode(None)
        self._observe(None)

    def _selectInEditor(self):
        editor, node = self.ui.segmentEditor, self.study.nodeByRole("segmentation")
        reference = self.study.referenceTimePoint
        isUsable = node is not None and reference is not None
        editor.setSegmentationNode(node if isUsable else None)
        editor.setSourceVolumeNode((reference.ctNode or reference.spectNode) if isUsable else None)
        editor.setupViewObservations()
        editor.updateWidgetFromMRML()
        self._observe(node)

    def _observe(self, node):
        """Follow the drawing, so that later steps turn stale in time."""
        content = node.GetSegmentation() if node is not None else None
        if content is self._observed:
            return
        observers = self.shell.observers
        if self._observed is not None:
            for event in _EVENTS:
                observers.removeObserver(self._observed, getattr(self._observed, event), self.onDrawn)
        self._observed = content
        if content is not None:
            for event in _EVENTS:
                observers.addObserver(content, getattr(content, event), self.onDrawn)

    def onDrawn(self, caller, event):
        self.shell.refreshSoon()

    # showing

    def refresh(self):
        ui, node = self.ui, self.study.nodeByRole("segmentation")
        ui.segmentationSelector.setCurrentNode(node)
        ui.segmentEditor.setVisible(node is not None)
        ui.startDrawingButton.setVisible(node is None)
        ui.startDrawingButton.setEnabled(self.study.referenceTimePoint is not None)
        rows = segmentation.rows(self.study)
        ui.regionsTable.setVisible(bool(rows))
        titles = [_("Region"), _("Tissue"), _("Volume\n(mL)"), _("Mass\n(g)")]
        fill(ui.regionsTable, titles, [self._cells(row) for row in rows])
        if self.shell.isEntered and self.shell.step is self and node is not ui.segmentEditor.segmentationNode():
            self._selectInEditor()

    @staticmethod
    def _cells(row):
        icon = icons.icon("warning") if row["problems"] else None
        density = row["densityGPerML"]
        massTip = "" if density is None else _("Mean density {value} g/mL").format(value=f"{density:.3f}")
        return [textCell(row["name"], "\n".join([row["name"], *row["problems"]]), icon),
                textCell(row["tissue"] or _("not known")), numberCell(row["volumeML"]),
                numberCell(row["massG"], massTip)]

    def showRow(self, row, column=0):
        node = self.study.nodeByRole("segmentation")
        showRegion(node, self.ui.regionsTable.item(row, 0).text())

    # doing

    def onSegmentation(self, node):
        if not self.isUpdating and self.study is not None and node is not self.study.nodeByRole("segmentation"):
            self.attempt(segmentation.setSegmentation, self.study, node)

    def onStartDrawing(self):
        self.attempt(self._startDrawing)

    def _startDrawing(self):
        reference = self.study.referenceTimePoint
        volume = reference.ctNode or reference.spectNode
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", _("Regions"))
        node.CreateDefaultDisplayNodes()
        node.SetReferenceImageGeometryParameterFromVolumeNode(volume)
        segmentation.setSegmentation(self.study, node)

    def onLabelMap(self):
        ui = self.ui
        self.shell.run(_("Reading the label map"), lambda progress: segmentation.addFromLabelmap(
            self.study, ui.labelPathEdit.text.strip(), _names(ui.labelNamesEdit.text), self._reference()))

    def _reference(self):
        reference = self.study.referenceTimePoint
        if reference is None:
            raise InputError(_("There is no time point"), _("Regions"), _("Add at least one time point"))
        return reference


def _names(text):
    """``"1 = liver, 3 = kidney left"`` as a dictionary; what is not of that form is refused by its own words."""
    names = {}
    for part in text.replace(";", ",").split(","):
        if part.strip():
            value, sign, name = part.partition("=")
            if not sign:
                raise InputError(_("'{part}' is not a label value and a name").format(part=part.strip()), _("Names"),
                                 _("Write it as 1 = liver, 3 = kidney left"))
            names[value.strip()] = name.strip()
    return names

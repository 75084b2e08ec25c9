"""Page 4: organs and lesions, drawn with Slicer's own Segment Editor."""

import qt
import slicer
from slicer.i18n import tr as _

from ..errors import InputError
from ..report.numbers import significant
from ..scene import display, segments, terminology
from ..workflow import liveRegions, regionHelpers, segmentation, signOff
from . import icons, totalSegmentator
from .base import Step
from .layouts import showRegion
from .regionSigning import RegionSigning
from .regionTools import RegionTools
from .tables import Cell, fill, numberCell, textCell

# An editor node of our own, so that the Segment Editor module keeps its own state.
_EDITOR_TAG = "MRTDosimetryEditor"
_EVENTS = ("SegmentAdded", "SegmentRemoved", "SegmentModified", "SourceRepresentationModified")
# So long after the last change the numbers follow: not in the middle of a stroke.
_LIVE_DELAY_MS = 150
_FILL_WHILE_DRAWING = 0.2


class RegionsStep(Step):
    """Draw or check the regions."""

    name = "regions"
    uiFile = "RegionsStep.ui"
    layoutName = "drawing"
    technologistsActs = ("draftRegion", "verifyRegion")
    advancedWidgets = ("labelMapSection",)

    def __init__(self, shell):
        super().__init__(shell)
        self._observed = None
        self._rows = []
        self._filled = (None, None)
        self.tools = RegionTools(self)
        self.signing = RegionSigning(self)

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
        ui.segmentEditor.connect("currentSegmentIDChanged(QString)", self.onEditorSegment)
        ui.segmentationSelector.connect("currentIndexChanged(int)", self.onSegmentation)
        ui.startDrawingButton.connect("clicked()", self.onStartDrawing)
        ui.addRegionButton.connect("clicked()", self.onAddRegion)
        ui.totalSegmentatorButton.connect("clicked()", self.onTotalSegmentator)
        ui.regionsTable.connect("itemSelectionChanged()", self.onRow)
        ui.regionsTable.connect("cellDoubleClicked(int,int)", self.showRow)
        ui.labelFileButton.connect("clicked()", lambda: self.chooseFile(ui.labelPathEdit, _("File with regions")))
        ui.labelAddButton.connect("clicked()", self.onFile)
        self.tools.connectWidgets()
        self.signing.connectWidgets()
        self._liveTimer = qt.QTimer()
        self._liveTimer.setSingleShot(True)
        self._liveTimer.setInterval(_LIVE_DELAY_MS)
        self._liveTimer.connect("timeout()", self.updateLive)

    def setScene(self, scene):
        """The editor node goes in before the scene; both are let go before the scene closes."""
        editor = self.ui.segmentEditor
        self.isUpdating = True
        if scene is not None:
            terminology.loadTerminology()
            editor.setMRMLSegmentEditorNode(self._editorNode(scene))
        editor.setMRMLScene(scene)
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
        if slicer.app.layoutManager() is not None:  # without a main window nothing could catch keys
            self.ui.segmentEditor.installKeyboardShortcuts()
        self._selectInEditor()
        self.tools.enter()

    def showInViews(self):
        if self.study.referenceTimePoint is not None:
            display.showActivityOverCT(self.study.referenceTimePoint)

    def exit(self):
        self._liveTimer.stop()
        self.tools.exit()
        self._showFill(None)
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
        self._showFill(node if isUsable else None)

    def _showFill(self, node):
        """Let the image be seen through the regions of ``node`` while they are drawn, and give others back theirs."""
        earlier, fill = self._filled
        style = node.GetDisplayNode() if node is not None else None
        if style is earlier:
            return
        if earlier is not None and earlier.GetScene() is not None:
            earlier.SetOpacity2DFill(fill)
        self._filled = (style, None if style is None else style.GetOpacity2DFill())
        if style is not None:
            style.SetOpacity2DFill(_FILL_WHILE_DRAWING)

    def _observe(self, node):
        """Follow the drawing: the numbers of this page at once, the states of later steps when things are quiet."""
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
        if self.shell.isEntered and not self.shell.isBusy:
            self._liveTimer.start()
        self.shell.refreshSoon()

    # showing

    def refresh(self):
        ui, node = self.ui, self.study.nodeByRole("segmentation")
        choices = [("", _("none yet")), *((item.GetID(), item.GetName()) for item in self._segmentationNodes())]
        self.fillSelector(ui.segmentationSelector, choices, "" if node is None else node.GetID())
        hasReference = self.study.referenceTimePoint is not None
        ui.segmentEditor.setVisible(node is not None)
        ui.startDrawingButton.setVisible(node is None)
        ui.startDrawingButton.setEnabled(hasReference)
        ui.addRegionButton.setEnabled(hasReference)
        self._fillRegionSelector()
        ui.totalSegmentatorButton.setVisible(totalSegmentator.isThere())
        if self.shell.isEntered and self.shell.step is self and node is not ui.segmentEditor.segmentationNode():
            self._selectInEditor()
        self.tools.refresh()
        self._refreshRows()

    def updateLive(self):
        """The numbers of the regions as they are drawn now; quick enough to follow the drawing."""
        if self.study is None or self.shell.isBusy or self.shell.step is not self:
            return
        self.isUpdating = True
        try:
            self._refreshRows()
        finally:
            self.isUpdating = False

    def _refreshRows(self):
        table = self.ui.regionsTable
        self._rows = liveRegions.rows(self.study)
        signed = {row["segmentID"]: row for row in signOff.rows(self.study)}
        computed = {row["name"]: row for row in segmentation.rows(self.study)}
        table.setVisible(bool(self._rows))
        titles = [_("Region"), _("Volume\n(mL)"), _("Mean\n(kBq/mL)"), _("Recovery\n(%)")]
        fill(table, titles, [self._cells(row, signed[row["segmentID"]], computed[row["name"]]) for row in self._rows])
        self._selectRow(self.ui.segmentEditor.currentSegmentID())
        self.signing.refresh(signed)

    @staticmethod
    def _cells(row, signed, computed):
        problems = [text[0].upper() + text[1:] + "." for text in [*row["problems"], *computed["problems"]]]
        state = {"verified": "done", "stale": "stale"}.get(signed["state"])
        icon = "warning" if problems else state
        lines = [row["name"], row["tissue"] or _("tissue not known"), *problems, *signOff.words(signed)]
        if computed["massG"] is not None:
            lines.append(_("As computed: {mass} g, {density} g/mL").format(
                mass=significant(computed["massG"]), density=f"{computed['densityGPerML']:.3f}"))
        activity, total = row["meanActivityBqPerML"], row["activityMBq"]
        totalTip = "" if total is None else _("In all {value} MBq on the reference time point").format(
            value=significant(total))
        return [textCell(row["name"], "\n".join(lines), icons.icon(icon) if icon else None),
                numberCell(row["volumeML"] or None),
                numberCell(None if activity is None else activity / 1000.0, totalTip),
                _recoveryCell(row)]

    def _segmentationNodes(self):
        scene = slicer.mrmlScene
        count = scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode")
        nodes = [scene.GetNthNodeByClass(index, "vtkMRMLSegmentationNode") for index in range(count)]
        return [node for node in nodes if segmentation.canBeRegions(node) and not node.GetHideFromEditors()]

    def _fillRegionSelector(self):
        selector, missing = self.ui.regionSelector, regionHelpers.missingRegions(self.study)
        choices = regionHelpers.regionChoices(self.study)
        typed = selector.currentText
        wasBlocked = selector.blockSignals(True)
        known = [selector.itemText(index) for index in range(selector.count)]
        names = [choice["name"] for choice in choices]
        if names != known:
            selector.clear()
            for choice in choices:
                selector.addItem(icons.swatch(choice["color"]), choice["name"])
            if typed and typed not in known:
                selector.setEditText(typed)
        selector.blockSignals(wasBlocked)
        self.ui.missingLabel.setVisible(bool(missing))
        self.ui.missingLabel.text = _("Still missing for the protocol: {names}").format(names=", ".join(missing))

    # selection: the row, the editor's segment and the target of the helpers are one

    def onRow(self):
        row = self.selected(self.ui.regionsTable)
        if not self.isUpdating and 0 <= row < len(self._rows):
            self.ui.segmentEditor.setCurrentSegmentID(self._rows[row]["segmentID"])
            self.signing.refresh()

    def onEditorSegment(self, segmentID):
        if self.study is not None and not self.isUpdating:
            self._selectRow(segmentID)
            self.signing.refresh()

    def _selectRow(self, segmentID):
        table = self.ui.regionsTable
        ids = [row["segmentID"] for row in self._rows]
        if segmentID in ids and table.currentRow() != ids.index(segmentID):
            wasBlocked = table.blockSignals(True)
            table.setCurrentCell(ids.index(segmentID), 0)
            table.blockSignals(wasBlocked)

    def selectedSegmentID(self):
        """Segment ID of the region that is selected, or an empty text."""
        row = self.selected(self.ui.regionsTable)
        return self._rows[row]["segmentID"] if 0 <= row < len(self._rows) else ""

    def drawnSegmentIDs(self):
        """Segment IDs of the regions in which something is drawn."""
        return [row["segmentID"] for row in self._rows if row["volumeML"] > 0]

    def regionName(self, segmentID):
        """Name of a region of the study."""
        return segments.regionNames(self.study.nodeByRole("segmentation"))[segmentID]

    def showRow(self, row, column=0):
        node = self.study.nodeByRole("segmentation")
        showRegion(node, self.ui.regionsTable.item(row, 0).text())

    # doing

    def saveForUndo(self):
        """Call it right before regions are changed: the Segment Editor's undo takes the change back."""
        if self.study.nodeByRole("segmentation") is not None:
            self.ui.segmentEditor.saveStateForUndo()

    def onSegmentation(self, index):
        node = slicer.mrmlScene.GetNodeByID(self.ui.segmentationSelector.itemData(index) or "")
        if not self.isUpdating and self.study is not None and node is not self.study.nodeByRole("segmentation"):
            self.attempt(segmentation.setSegmentation, self.study, node)

    def onStartDrawing(self):
        self.attempt(regionHelpers.startDrawing, self.study)

    def onAddRegion(self):
        def add():
            self.saveForUndo()
            segmentID = regionHelpers.addRegion(self.study, self.ui.regionSelector.currentText)
            self._selectInEditor()
            self.ui.segmentEditor.setCurrentSegmentID(segmentID)
            self.ui.regionSelector.setEditText("")

        self.attempt(add)

    def onTotalSegmentator(self):
        self.saveForUndo()
        self.shell.run(_("Drawing organs"), lambda progress: totalSegmentator.draw(self.study, progress))

    def onFile(self):
        ui = self.ui
        self.shell.run(_("Reading the regions"), lambda progress: regionHelpers.importFile(
            self.study, ui.labelPathEdit.text, _names(ui.labelNamesEdit.text), self._reference()))

    def _reference(self):
        reference = self.study.referenceTimePoint
        if reference is None:
            raise InputError(_("There is no time point"), _("Regions"), _("Add at least one time point"))
        return reference


def _recoveryCell(row):
    if row["recovery"] is None:
        return numberCell(None)
    words = liveRegions.recoveryWords(row)
    mark = "~" if row["isResolutionAssumed"] else ""
    tip = words + "."
    if not words:
        tip = _("Share of its activity that a sphere of this volume keeps at a resolution of {value} mm.").format(
            value=significant(row["resolutionFWHMMM"]))
    if row["isResolutionAssumed"]:
        tip += "\n" + _("The resolution is assumed: state it on the page of the absorbed dose.")
    return Cell(f"{mark}{100 * row['recovery']:.0f}", tip, icons.icon("warning") if words else None)


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

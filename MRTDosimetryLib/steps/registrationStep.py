"""Page 3: all time points brought onto the reference time point."""

from slicer.i18n import tr as _

from ..report.numbers import rounded
from ..scene import registrationView
from ..workflow import registration, registrationQuality
from . import icons
from .base import Step
from .layouts import fitSliceViews, showRegion
from .tables import Cell, fill, numberCell, textCell

_TRANSFORM_CHANGED = "TransformModifiedEvent"


class RegistrationStep(Step):
    """How far each scan is shifted and turned, and whether the alignment is good."""

    name = "registration"
    uiFile = "RegistrationStep.ui"
    layoutName = "registration"
    isForPhysician = False

    def __init__(self, shell):
        super().__init__(shell)
        # Of the views and the scene, to be given back; the study keeps nothing of it.
        self._linked = []
        self._observed = None

    def title(self):
        return _("Registration")

    def help(self):
        return _("Bring all time points onto the reference time point by their CT, and look at the alignment.")

    def computeText(self):
        isMoved = self.study is not None and any(row["isMoved"] for row in registration.rows(self.study))
        return _("Keep correction") if isMoved else _("Register")

    def connectWidgets(self):
        ui = self.ui
        titles = {"none": _("none: images are aligned"), "rigid": _("rigid: shift and rotation"),
                  "affine": _("affine: also scaling and shear")}
        self.fillSelector(ui.kindSelector, [(kind, titles[kind]) for kind in registration.KINDS], "rigid")
        ways = {registrationView.BLEND: _("blending"), registrationView.CHECKERBOARD: _("checkerboard"),
                registrationView.SWIPE: _("one beside the other"),
                registrationView.ACTIVITY: _("activity over the reference CT")}
        self.fillSelector(ui.compareSelector, [(mode, ways[mode]) for mode in registrationView.MODES],
                          registrationView.BLEND)
        ui.kindSelector.connect("currentIndexChanged(int)", self.onKind)
        ui.compareSelector.connect("currentIndexChanged(int)", self.onCompare)
        ui.registrationTable.connect("itemSelectionChanged()", self.onSelected)
        ui.registrationTable.connect("cellDoubleClicked(int,int)", self.showRow)
        ui.driftTable.connect("cellDoubleClicked(int,int)", self.onRegion)
        ui.blendSlider.connect("valueChanged(int)", self.onBlend)
        ui.acceptButton.connect("clicked()", self.onAccept)
        ui.correctButton.connect("clicked(bool)", self.onCorrect)
        ui.resetButton.connect("clicked()", self.onReset)
        ui.driftButton.connect("clicked()", self.onMeasure)

    def mainTable(self):
        return self.ui.registrationTable

    # life cycle: the views are linked and may show handles while the page is in front

    def enter(self):
        # A scene may have been saved with the handles shown.
        self._hideHandles()
        self._linked += registrationView.linkViews(self.study.scene)

    def exit(self):
        self._hideHandles()
        for node in self._linked:
            if node.GetScene() is not None:
                node.SetLinkedControl(False)
        self._linked = []
        if self.study.node.GetScene() is not None:
            registrationView.removeComparison(self.study)

    def _hideHandles(self):
        self._observe(None)
        if self.study.node.GetScene() is None:
            return
        for timePoint in self.study.timePoints:
            registrationView.setHandles(timePoint, False)

    def _observe(self, node):
        """Follow a transform that is moved by hand, so that later steps turn stale in time."""
        observers = self.shell.observers
        if self._observed is not None:
            event = getattr(self._observed, _TRANSFORM_CHANGED)
            observers.removeObserver(self._observed, event, self.onMoved)
        self._observed = node
        if node is not None:
            observers.addObserver(node, getattr(node, _TRANSFORM_CHANGED), self.onMoved)

    def onMoved(self, caller, event):
        self.shell.refreshSoon()

    # showing

    def refresh(self):
        ui = self.ui
        self.selectData(ui.kindSelector, registration.kindOf(self.study))
        rows = registration.rows(self.study)
        ui.registrationTable.setVisible(bool(rows))
        titles = [_("Time point"), _("Shift\n(mm)"), _("Rotation\n(\N{DEGREE SIGN})"), _("Alignment")]
        fill(ui.registrationTable, titles, [self._cells(row) for row in rows])
        if rows and ui.registrationTable.currentRow() < 0:
            ui.registrationTable.setCurrentCell(min(1, len(rows) - 1), 0)
        self._refreshSelected()

    def _cells(self, row):
        shift = "  ".join(rounded(value) for value in row["translationMM"])
        turn = "  ".join(rounded(value) for value in row["rotationDegrees"])
        quality, icon = {
            "reference": (_("reference"), None), "none": (_("not registered"), None),
            "good": (_("good"), icons.icon("done")), "check": (_("check"), icons.icon("warning")),
        }[row["quality"]]
        lines = list(row["reasons"])
        if row["isManuallyCorrected"]:
            quality, icon = _("by hand"), icons.icon("user")
        if row["isAccepted"]:
            quality, icon = _("accepted"), icons.icon("done")
        if row["isMoved"]:
            quality, icon = _("moved"), icons.icon("stale")
            lines.insert(0, _("Moved since it was registered: keep the correction, or undo it"))
        if row["diceAfter"] is not None and row["diceBefore"] is not None:
            lines.append(_("Overlap of the bodies (Dice): {before} before, {after} after").format(
                before=rounded(row["diceBefore"], 3), after=rounded(row["diceAfter"], 3)))
        axes = _("Right, anterior, superior")
        return [textCell(row["label"]), Cell(shift, axes), Cell(turn, axes), textCell(quality, "\n".join(lines), icon)]

    def _refreshSelected(self):
        ui, row = self.ui, self._selectedRow()
        isOther = row is not None and row["quality"] != "reference" and self._timePointOf(row) is not None
        isAccepted = row is not None and row["isAccepted"]
        ui.acceptButton.setEnabled(isOther and not row["isMoved"])
        ui.acceptButton.text = _("Take back") if isAccepted else _("Accept")
        ui.correctButton.setEnabled(isOther)
        ui.correctButton.checked = isOther and registrationView.hasHandles(self._timePointOf(row))
        ui.resetButton.setEnabled(isOther and (row["isMoved"] or row["isManuallyCorrected"]))
        for widget in (ui.compareSelectorLabel, ui.compareSelector, ui.acceptButton, ui.correctButton, ui.resetButton):
            widget.setVisible(row is not None)
        self._refreshSlider(row)
        self._refreshDrift(row)

    def _refreshSlider(self, row):
        mode, ui = self.ui.compareSelector.currentData, self.ui
        ui.blendSliderLabel.text = _("Edge") if mode == registrationView.SWIPE else _("Opacity")
        for widget in (ui.blendSliderLabel, ui.blendSlider):
            widget.setVisible(row is not None and mode != registrationView.CHECKERBOARD)

    def _refreshDrift(self, row):
        ui = self.ui
        missing = registrationQuality.missing(self.study)
        rows = [] if row is None else [item for item in registrationQuality.keptRows(self.study)
                                       if item["nodeID"] == row["nodeID"]]
        fill(ui.driftTable, [_("Region"), _("Drift\n(mm)"), _("One voxel\n(%)")], [_driftCells(item) for item in rows])
        ui.driftButton.setEnabled(not missing and not registrationQuality.isCurrent(self.study))
        ui.driftButton.toolTip = missing[0] if missing else _("Measures every region at every time point")
        if missing:
            ui.driftWords.text = missing[0]
        elif rows:
            ui.driftWords.text = _("Drift above one voxel is marked.")
        else:
            ui.driftWords.text = _("Not measured for the present images, regions and alignment.")

    def _selectedRow(self):
        rows = registration.rows(self.study) if self.study is not None else []
        index = self.selected(self.ui.registrationTable)
        return rows[index] if 0 <= index < len(rows) else None

    def _timePointOf(self, row):
        found = [point for point in self.study.timePoints if point.spectNode.GetID() == row["nodeID"]]
        return found[0] if found else None

    def showInViews(self):
        if self._selectedRow() is not None:
            self.showRow(self.selected(self.ui.registrationTable))
        else:
            self._showUnregistered()
        fitSliceViews()

    def _showUnregistered(self):
        """The next scan as it lies before anything is computed, so that no view stays without an image."""
        reference = self.study.referenceTimePoint
        others = [point for point in self.study.timePoints if point != reference]
        if reference is not None and others:
            registrationView.show(self.study, others[0], self.ui.compareSelector.currentData,
                                  self.ui.blendSlider.value / 100.0)

    def showRow(self, index, column=0):
        """The time point of a row against the reference, as chosen."""
        rows = registration.rows(self.study)
        timePoint = self._timePointOf(rows[index]) if 0 <= index < len(rows) else None
        if timePoint is not None and self.study.referenceTimePoint is not None:
            registrationView.show(self.study, timePoint, self.ui.compareSelector.currentData,
                                  self.ui.blendSlider.value / 100.0)

    # doing

    def onSelected(self):
        if self.isUpdating or self.study is None:
            return
        self._hideHandles()
        self._refreshSelected()
        self.onCompare()

    def onKind(self, index):
        self.attempt(registration.setKind, self.study, self.ui.kindSelector.itemData(index))

    def onCompare(self, *_values):
        if self.study is not None and self._selectedRow() is not None:
            self.attempt(self.showRow, self.selected(self.ui.registrationTable))

    def onBlend(self, value):
        self.onCompare()

    def onRegion(self, index, column=0):
        showRegion(self.study.nodeByRole("segmentation"), self.ui.driftTable.item(index, 0).text())

    def onAccept(self):
        row = self._selectedRow()
        timePoint = self._timePointOf(row)
        if timePoint is not None:
            self.attempt(registration.accept, self.study, timePoint, not row["isAccepted"])

    def onCorrect(self, isChecked):
        """Handles on or off; what they move is kept by the primary button."""
        self.attempt(self._setHandles, self._timePointOf(self._selectedRow()), isChecked)

    def _setHandles(self, timePoint, isShown):
        self._hideHandles()
        if not isShown:
            return
        self._observe(registration.startCorrection(self.study, timePoint))
        registrationView.setHandles(timePoint, True)
        # Only a blend follows the hand at once.
        if self.ui.compareSelector.currentData not in (registrationView.BLEND, registrationView.ACTIVITY):
            self.selectData(self.ui.compareSelector, registrationView.BLEND)

    def onReset(self):
        self.attempt(registration.removeCorrection, self.study, self._timePointOf(self._selectedRow()))

    def onMeasure(self):
        self.shell.run(_("Regions after registration"),
                       lambda progress: registrationQuality.measure(self.study, progress))

    def apply(self, progress):
        self._hideHandles()
        super().apply(progress)


def _driftCells(row):
    drift = row["driftMM"]
    if row["isReference"]:
        tip = _("The others are measured against this time point")
    elif drift is None:
        tip = _("The region is cut by the image, or does not stand out of its surroundings")
    else:
        tip = _("Right, anterior, superior: {shift} mm").format(
            shift=", ".join(rounded(value, 1) for value in row["driftRASMM"]))
    change = _("Largest relative change of the region's activity when it is shifted by one voxel")
    return [textCell(row["region"]),
            numberCell(drift, tip, icon=icons.icon("warning") if row["isDriftLarge"] else None),
            numberCell(row["oneVoxelChangePercent"], change)]

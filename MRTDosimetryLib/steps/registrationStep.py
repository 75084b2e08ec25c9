"""Page 3: all time points brought onto the reference time point."""

import slicer
from slicer.i18n import tr as _

from ..report.numbers import rounded
from ..workflow import registration
from . import icons
from .base import Step
from .layouts import showVolumes
from .tables import Cell, fill, textCell


class RegistrationStep(Step):
    """How far each scan is shifted and turned, and whether the alignment is good."""

    name = "registration"
    uiFile = "RegistrationStep.ui"
    layoutName = "fused"
    isForPhysician = False

    def title(self):
        return _("Registration")

    def help(self):
        return _("Bring all time points onto the reference time point by their CT, and look at the alignment.")

    def computeText(self):
        return _("Register")

    def connectWidgets(self):
        ui = self.ui
        titles = {"none": _("images are aligned already"), "rigid": _("rigid: shift and rotation"),
                  "affine": _("affine: also scaling and shear")}
        self.fillSelector(ui.kindSelector, [(kind, titles[kind]) for kind in registration.KINDS], "rigid")
        ui.kindSelector.connect("currentIndexChanged(int)", self.onKind)
        ui.registrationTable.connect("itemSelectionChanged()", self._refreshSelected)
        ui.registrationTable.connect("cellDoubleClicked(int,int)", self.showRow)
        ui.blendSlider.connect("valueChanged(int)", self.onBlend)
        ui.acceptButton.connect("clicked()", self.onAccept)

    def mainTable(self):
        return self.ui.registrationTable

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
        if row["isAccepted"]:
            quality, icon = _("accepted"), icons.icon("done")
        lines = list(row["reasons"])
        if row["diceAfter"] is not None:
            lines.append(_("Overlap of the bodies (Dice): {before} before, {after} after").format(
                before=rounded(row["diceBefore"], 3), after=rounded(row["diceAfter"], 3)))
        axes = _("Right, anterior, superior")
        return [textCell(row["label"]), Cell(shift, axes), Cell(turn, axes), textCell(quality, "\n".join(lines), icon)]

    def _refreshSelected(self):
        row = self._selectedRow()
        isRegistered = row is not None and row["quality"] in ("good", "check")
        self.ui.acceptButton.setEnabled(isRegistered)
        isAccepted = row is not None and row["isAccepted"]
        self.ui.acceptButton.text = _("Take acceptance back") if isAccepted else _("Accept alignment")
        self.ui.blendSlider.setEnabled(row is not None)

    def _selectedRow(self):
        rows = registration.rows(self.study) if self.study is not None else []
        index = self.selected(self.ui.registrationTable)
        return rows[index] if 0 <= index < len(rows) else None

    def _timePointOf(self, row):
        found = [point for point in self.study.timePoints if point.spectNode.GetID() == row["nodeID"]]
        return found[0] if found else None

    def showInViews(self):
        row = self._selectedRow()
        if row is not None:
            self.showRow(self.selected(self.ui.registrationTable))

    def showRow(self, index, column=0):
        """The CT of a time point over the reference CT."""
        timePoint = self._timePointOf(registration.rows(self.study)[index])
        reference = self.study.referenceTimePoint
        if timePoint is None or reference is None:
            return
        background = reference.ctNode or reference.spectNode
        foreground = timePoint.ctNode or timePoint.spectNode
        isReference = foreground is background
        showVolumes(background, None if isReference else foreground, self.ui.blendSlider.value / 100.0)

    def onKind(self, index):
        self.attempt(registration.setKind, self.study, self.ui.kindSelector.itemData(index))

    def onBlend(self, value):
        slicer.util.setSliceViewerLayers(foregroundOpacity=value / 100.0)

    def onAccept(self):
        row = self._selectedRow()
        timePoint = self._timePointOf(row)
        if timePoint is not None:
            self.attempt(registration.accept, self.study, timePoint, not row["isAccepted"])

"""Page 2: the time points and where each of their facts comes from."""

import slicer
from slicer.i18n import tr as _

from ..report.numbers import significant, words
from ..scene import display, sequences
from ..workflow import activityBalance, scanCalibration, timePoints, timePointsTable
from . import icons
from .base import Step
from .calibrationChoice import CalibrationChoice
from .foundScans import FoundScansList
from .layouts import fitSliceViews, showChart, showTable, showVolumes
from .page import NOTE_MARK
from .tables import asNumber, fill, numberCell, textCell

_FILES, _SCENE = "files", "scene"
_UNITS = ("Bq/mL", "kBq/mL", "MBq/mL", "counts", "relative")
# Facts that can be given even where none was found.
_WANTED_FACTS = (("timeAfterAdministrationHours", "h"), ("durationSeconds", "s"))
_SPECT_OPACITY = 0.6


class TimePointsStep(Step):
    """SPECT and CT of each scan."""

    name = "timePoints"
    uiFile = "TimePointsStep.ui"
    layoutName = "timePoints"
    isForPhysician = False
    isForTechnologist = True
    advancedWidgets = ("calibrationWidget",)

    def __init__(self, shell):
        super().__init__(shell)
        self.found = FoundScansList(self)
        self._shownPoint, self._wasExcluded = None, False
        self.calibration = CalibrationChoice(self)

    def title(self):
        return _("Time points")

    def help(self):
        return _("Add the SPECT and CT of each scan and check time, unit and activity.")

    def computeText(self):
        return _("Check time points")

    def connectWidgets(self):
        ui = self.ui
        self.fillSelector(ui.addFromSelector, [(_FILES, _("files")), (_SCENE, _("loaded volumes"))], _FILES)
        self.fillSelector(ui.unitSelector, [("", _("as the image states it"))] + [(u, u) for u in _UNITS], "")
        ui.addFromSelector.connect("currentIndexChanged(int)", self._showSourceRows)
        ui.unitSelector.connect("currentIndexChanged(int)", self._showSourceRows)
        ui.openDICOMButton.connect("clicked()", self.onOpenDICOM)
        ui.sampleButton.connect("clicked()", self.shell.studies.loadSample)
        ui.timePointsTable.connect("itemSelectionChanged()", self._refreshSelected)
        ui.timePointsTable.connect("cellDoubleClicked(int,int)", self.showRow)
        ui.timeSlider.connect("valueChanged(int)", self.onTime)
        ui.factsTable.connect("itemSelectionChanged()", self._refreshFactWords)
        ui.referenceButton.connect("clicked()", self.onReference)
        ui.excludeButton.connect("clicked()", self.onExclude)
        ui.overrideButton.connect("clicked()", self.onOverride)
        ui.addButton.connect("clicked()", self.onAdd)
        for edit, fileButton, folderButton in (
                (ui.spectPathEdit, ui.spectFileButton, ui.spectFolderButton),
                (ui.ctPathEdit, ui.ctFileButton, ui.ctFolderButton)):
            fileButton.connect("clicked()", lambda edit=edit: self.chooseFile(edit, _("Image file")))
            folderButton.connect("clicked()", lambda edit=edit: self.chooseFolder(edit, _("DICOM folder")))
        self.found.connectWidgets()
        self.calibration.connectWidgets()
        self._showSourceRows()

    def setScene(self, scene):
        super().setScene(scene)
        self.found.forget()
        self.ui.spectNodeSelector.setMRMLScene(scene)
        self.ui.ctNodeSelector.setMRMLScene(scene)

    def exit(self):
        self.found.forget()

    def mainTable(self):
        return self.ui.timePointsTable

    # showing

    def refresh(self):
        rows = timePoints.rows(self.study)
        hasRows = bool(rows)
        ui = self.ui
        for widget in (ui.timePointsTable, ui.timePointButtons, ui.factsSection):
            widget.setVisible(hasRows)
        self._refreshSlider()
        self.found.refresh()
        self.calibration.refresh()
        ui.noTimePointsWords.setVisible(not hasRows and not self.found.isOpen)
        ui.noTimePointsButtons.setVisible(not hasRows)
        titles = [_("Time point"), _("Time (h)"), _("Activity\n(MBq)"), _("CT")]
        fill(ui.timePointsTable, titles, [self._cells(row) for row in rows])
        if hasRows and ui.timePointsTable.currentRow() < 0:
            ui.timePointsTable.setCurrentCell(0, 0)
        self._refreshSelected()

    @staticmethod
    def _cells(row):
        notes = []
        if row["isReference"]:
            notes.append(_("reference"))
        if row["isExcluded"]:
            notes.append(_("excluded"))
        label = NOTE_MARK.join([row["label"], *notes])
        excluded = [_("Excluded, because: {reason}").format(reason=row["exclusionReason"])] if row["isExcluded"] else []
        icon = icons.icon("warning") if row["problems"] else None
        share = row["shareOfAdministered"]
        activityTip = _("Activity in the whole image at the time of the scan")
        if share is not None:
            activityTip += "\n" + _("{percent} % of what decay leaves of the administered activity").format(
                percent=significant(100 * share))
        sources = row["sources"]
        return [
            textCell(label, "\n".join([row["name"], *excluded, *row["problems"]]), icon),
            numberCell(row["timeHours"], _("From: {source}").format(
                source=sources.get("timeAfterAdministrationHours", _("not known"))),
                icon=_sourceIcon(row["facts"].get("timeAfterAdministrationHours"))),
            numberCell(row["totalActivityMBq"], activityTip + "\n" + _("Unit from: {source}").format(
                source=sources.get("unit", _("not known"))),
                icon=icons.icon("warning") if (row["balance"] or {}).get("problems") else None),
            textCell(_("yes") if row["ct"] else _("none"), row["ct"]),
        ]

    def _selectedTimePoint(self):
        row = self.selected(self.ui.timePointsTable)
        found = self.study.timePoints if self.study is not None else []
        return found[row] if 0 <= row < len(found) else None

    def _facts(self):
        timePoint = self._selectedTimePoint()
        if timePoint is None:
            return []
        facts = timePoint.facts
        absent = [(name, {"value": None, "unit": unit, "source": _("not known"), "detail": ""})
                  for name, unit in _WANTED_FACTS if name not in facts]
        return absent + list(facts.items())

    def _refreshSelected(self):
        ui, timePoint = self.ui, self._selectedTimePoint()
        ui.referenceButton.setEnabled(timePoint is not None and timePoint != self.study.referenceTimePoint)
        ui.excludeButton.text = _("Include") if timePoint is not None and timePoint.isExcluded else _("Exclude")
        ui.excludeButton.setEnabled(timePoint is not None)
        isExcluded = timePoint is not None and timePoint.isExcluded
        ui.excludeReasonEdit.setEnabled(timePoint is not None and not isExcluded)
        if isExcluded:
            ui.excludeReasonEdit.text = timePoint.exclusionReason
            ui.excludeReasonEdit.cursorPosition = 0
        elif self._wasExcluded or timePoint != self._shownPoint:
            ui.excludeReasonEdit.text = ""
        self._shownPoint, self._wasExcluded = timePoint, isExcluded
        rows = []
        for name, fact in self._facts():
            value = fact["value"]
            text = f"{value:g} {fact['unit']}".strip() if type(value) in (int, float) else str(value or "\N{EN DASH}")
            rows.append([textCell(words(name)), textCell(text),
                         textCell(fact["source"], self._origin(fact), _sourceIcon(fact))])
        fill(ui.factsTable, [_("Fact"), _("Value"), _("From")], rows)
        self._refreshFactWords()

    @staticmethod
    def _origin(fact):
        lines = [_("From: {source} {detail}").format(source=fact["source"], detail=fact["detail"] or "")]
        if fact.get("reason"):
            lines.append(_("Because: {reason}").format(reason=fact["reason"]))
        for other in fact.get("alternatives") or []:
            lines.append(_("Also found: {other}").format(other=_otherWords(other)))
        return "\n".join(line.strip() for line in lines)

    def _refreshFactWords(self):
        ui, facts = self.ui, self._facts()
        row = self.selected(ui.factsTable)
        isChosen = 0 <= row < len(facts)
        ui.factWords.text = self._origin(facts[row][1]) if isChosen else _("Select a fact to see its origin.")
        for widget in (ui.overrideValueEdit, ui.overrideReasonEdit, ui.overrideButton):
            widget.setEnabled(isChosen)

    def _showSourceRows(self, *_values):
        ui = self.ui
        isFromFiles = ui.addFromSelector.currentData == _FILES
        isCounts = ui.unitSelector.currentData == "counts"
        fileRows = (ui.spectFileRowLabel, ui.spectPathEdit, ui.spectFileButton, ui.spectFolderButton,
                    ui.ctFileRowLabel, ui.ctPathEdit, ui.ctFileButton, ui.ctFolderButton)
        sceneRows = (ui.spectNodeSelectorLabel, ui.spectNodeSelector, ui.ctNodeSelectorLabel, ui.ctNodeSelector)
        countRows = (ui.calibrationBoxLabel, ui.calibrationBox, ui.durationBoxLabel, ui.durationBox)
        for widgets, isShown in ((fileRows, isFromFiles), (sceneRows, not isFromFiles), (countRows, isCounts)):
            for widget in widgets:
                widget.setVisible(isShown)

    def showRow(self, row, column=0):
        timePoint, points = self.study.timePoints[row], sequences.shownTimePoints(self.study)
        display.showActivityOverCT(timePoint)
        if self.study.nodeByRole("segmentation") is not None:
            display.styleRegions(self.study.nodeByRole("segmentation"))
        fitSliceViews()
        if timePoint in points:
            slider = self.ui.timeSlider
            wasBlocked = slider.blockSignals(True)
            slider.maximum = len(points) - 1
            slider.value = points.index(timePoint)
            slider.blockSignals(wasBlocked)
            self._refreshSlider()

    def showInViews(self):
        reference = self.study.referenceTimePoint
        if reference is None:
            return
        self.showRow(self.study.timePoints.index(reference))
        self._showNumbers()

    def _showNumbers(self):
        """The activity balance and the full table; both are cheap, and nothing else depends on them."""
        rows = timePoints.rows(self.study)
        balance = [row["balance"] for row in rows if row["balance"] is not None and not row["isExcluded"]]
        showChart(activityBalance.writeChart(self.study, balance))
        showTable(timePointsTable.writeTable(self.study, rows))

    def _refreshSlider(self):
        ui, points = self.ui, sequences.shownTimePoints(self.study)
        for widget in (ui.timeSliderLabel, ui.timeSlider, ui.timeSliderWords):
            widget.setVisible(len(points) > 1)
        if len(points) < 2:
            return
        ui.timeSlider.maximum = len(points) - 1
        ui.timeSliderWords.text = points[ui.timeSlider.value].label

    def onTime(self, index):
        """The registered SPECT of a time over the reference CT, all in the same colors."""
        if self.study is not None:
            self.attempt(self._showTime, index)

    def _showTime(self, index):
        points = sequences.shownTimePoints(self.study)
        shown = sequences.showTimePoint(self.study, index)
        ct = self.study.referenceTimePoint.ctNode
        if ct is None:
            showVolumes(shown)
        else:
            showVolumes(ct, shown, _SPECT_OPACITY)
        self.ui.timePointsTable.setCurrentCell(self.study.timePoints.index(points[index]), 0)

    # doing

    def onOpenDICOM(self):
        slicer.util.selectModule("DICOM")

    def fillForm(self, path):
        """Put an image file that states neither unit nor time into the form, for the user to state them."""
        ui = self.ui
        ui.addSection.collapsed = False
        self.selectData(ui.addFromSelector, _FILES)
        ui.spectPathEdit.text = path

    def onReference(self):
        self.attempt(timePoints.setReference, self.study, self._selectedTimePoint())

    def onExclude(self):
        timePoint = self._selectedTimePoint()
        self.attempt(self._exclude, timePoint, not timePoint.isExcluded)

    def _exclude(self, timePoint, isExcluded):
        timePoints.setExcluded(self.study, timePoint, isExcluded, self.ui.excludeReasonEdit.text if isExcluded else "")
        self._showNumbers()

    def onOverride(self):
        ui = self.ui
        name, fact = self._facts()[self.selected(ui.factsTable)]
        value = ui.overrideValueEdit.text.strip()
        if fact["value"] is None or type(fact["value"]) in (int, float):
            value = asNumber(value)
        self.attempt(self._override, self._selectedTimePoint(), name, value, fact["unit"])

    def _override(self, timePoint, name, value, unit):
        timePoints.overrideFact(self.study, timePoint, name, value, unit, self.ui.overrideReasonEdit.text)
        # Only once it is taken: words that were refused stay to be mended.
        self.ui.overrideValueEdit.text = ""
        self.ui.overrideReasonEdit.text = ""
        self._showNumbers()

    def onAdd(self):
        """Add the time point described by the form; the form stays as it is when something is wrong with it."""
        ui = self.ui
        options = {
            "unit": ui.unitSelector.currentData or None,
            "hoursAfterAdministration": ui.hoursBox.value or None,
            "calibrationFactorBqPerCps": ui.calibrationBox.value or None,
            "durationSeconds": ui.durationBox.value or None,
            "decayCorrectedTo": ui.decayCorrectedToEdit.text.strip() or None,
        }
        rate = ui.fullFieldBox.value or None
        if ui.addFromSelector.currentData == _FILES:
            spectPath, ctPath = ui.spectPathEdit.text.strip(), ui.ctPathEdit.text.strip() or None
            isAdded = self.shell.run(_("Reading images"), lambda progress: timePoints.addFromFiles(
                self.study, spectPath, ctPath, calibration=scanCalibration.forScan(self.study, rate), **options))
        else:
            spectNode, ctNode = ui.spectNodeSelector.currentNode(), ui.ctNodeSelector.currentNode()
            isAdded = self.shell.run(_("Adding images"), lambda progress: timePoints.addFromNodes(
                self.study, spectNode, ctNode, calibration=scanCalibration.forScan(self.study, rate), **options))
        if isAdded:
            ui.spectPathEdit.text = ""
            ui.ctPathEdit.text = ""
            ui.hoursBox.value = 0.0
            ui.fullFieldBox.value = 0.0


def _sourceIcon(fact):
    """The mark of where a fact comes from; none for a fact that is not known."""
    if fact is None or fact["value"] is None:
        return None
    return icons.icon("user" if fact["source"] == "user" else "header")


def _otherWords(other):
    """An alternative as it was kept: a value with its unit and origin, or plain words."""
    if type(other) is dict:
        return " ".join(str(other[key]) for key in ("value", "unit", "source", "detail") if other.get(key))
    return str(other)

"""Page of the center: its calibrations with what each is worth today, and new ones from phantom scans to the record."""

import os

import qt
import slicer
from slicer.i18n import tr as _

from ..errors import InputError
from ..report.numbers import plusMinus, significant
from ..scene import calibrationMarkers
from ..workflow import calibrationCharts, calibrationFolder, calibrationForms, calibrationRecord, constancyLog
from ..workflow.calibrationDraft import CalibrationDraft
from . import icons
from .calibrationGroups import CalibrationGroups
from .calibrationPlaces import CalibrationPlaces
from .calibrationScanList import CalibrationScanList
from .calibrationSelector import FOLDER_SETTING, centerFolder
from .centerPage import CenterPage
from .layouts import showChart, showPoint, showTable
from .page import NOTE_MARK
from .tables import Cell, fill, fitHeight, textCell, wrapped

_ICONS = {"valid": "done", "superseded": "notNeeded", "ending": "warning", "unlimited": "warning", "notYet": "warning",
          "expired": "stale", "warning": "warning", "action": "error", "edited": "error", "damaged": "error"}
# States that are said below the page, with the kind of the message.
_TOLD = {"edited": "error", "damaged": "error", "action": "error", "warning": "warning", "expired": "stale",
         "ending": "warning", "notYet": "warning"}
_LAYOUT = "timePoints"


class CalibrationPage(CenterPage):
    """Lists the calibrations of the center, and makes new ones."""

    name = "calibrations"
    uiFile = "CalibrationPage.ui"
    isForPhysician = False
    isForTechnologist = True

    def __init__(self, frame):
        super().__init__(frame)
        self.draft = CalibrationDraft()
        self.groups = CalibrationGroups(self)
        self.scans = CalibrationScanList(self)
        self.places = CalibrationPlaces(self)
        self._rows, self._problem, self._said = [], "", ""
        self._isInViews = False

    def title(self):
        return _("Calibrations")

    def help(self):
        return _("See what each calibration is worth today, and make new ones from phantom scans and sources.")

    def primaryText(self):
        if self.draft.kind == calibrationForms.LOG:
            return _("Begin the control chart")
        if self.draft.kind == calibrationForms.TEST:
            return _("Add the test")
        return _("Save the record") if self.draft.content is not None else _("Calibrate")

    # ------------------------------------------------------------------ life cycle

    def connectWidgets(self):
        ui = self.ui
        ui.folderEdit.text = centerFolder()
        ui.folderEdit.connect("editingFinished()", self.onFolder)
        ui.folderButton.connect("clicked()", self.onChooseFolder)
        ui.recordsTable.connect("itemSelectionChanged()", self.onRow)
        ui.recordsTable.connect("cellDoubleClicked(int,int)", self.showRow)
        ui.showButton.connect("clicked()", self.onShow)
        ui.likeButton.connect("clicked()", self.onLike)
        self.fillSelector(ui.kindSelector, [("", _("choose what to calibrate")), *calibrationForms.KINDS.items()], "")
        ui.kindSelector.connect("currentIndexChanged(int)", self.onKind)
        ui.logSelector.connect("currentIndexChanged(int)", self.onLog)
        ui.sensitivitySelector.connect("currentIndexChanged(int)", self.onSensitivity)
        for part in (self.groups, self.scans, self.places):
            part.connectWidgets()

    def enter(self):
        self._read()

    def exit(self):
        """Views and mouse are given back; what was typed stays."""
        self.places.stop()
        calibrationMarkers.remove(slicer.mrmlScene)
        calibrationCharts.remove(slicer.mrmlScene)
        if self._isInViews:
            self.frame.shell.layouts.restore()
        self._isInViews = False

    def setScene(self, scene):
        super().setScene(scene)
        if scene is None:
            self.draft.close()

    def useViews(self):
        """Arrange the views for slices, chart and table."""
        self._isInViews = True
        self.frame.shell.layouts.show(_LAYOUT)

    # ------------------------------------------------------------------ what is kept

    def folder(self):
        return self.ui.folderEdit.text.strip()

    def onChooseFolder(self):
        before = self.ui.folderEdit.text
        self.chooseFolder(self.ui.folderEdit, _("Folder of the calibrations"))
        if self.ui.folderEdit.text != before:
            self.onFolder()

    def onFolder(self):
        """The folder is a setting of the application."""
        if self.folder() != centerFolder():
            qt.QSettings().setValue(FOLDER_SETTING, self.folder())
            self.draft.sensitivityFrom = self.draft.logPath = ""
            self._read()
        self.frame.refresh()

    def _read(self):
        """Read the folder; called when it may have changed."""
        self._rows, self._problem = [], ""
        if not self.folder():
            return
        try:
            self._rows = calibrationFolder.listed(self.folder())
        except InputError as error:
            self._problem = str(error)

    def _selectedRow(self):
        index = self.selected(self.ui.recordsTable)
        return self._rows[index] if 0 <= index < len(self._rows) else None

    # ------------------------------------------------------------------ words

    def blockers(self):
        if not self.folder():
            return [_("Choose the folder of the center in which the calibrations are kept")]
        return self.draft.missing()

    def remarks(self):
        found = [("error", self._problem)] if self._problem else []
        found += [("info", self._said)] if self._said else []
        content = self.draft.content
        found += [("warning", text) for text in (content or {}).get("warnings") or []]
        if self.draft.kind:
            return found
        return found + [(_TOLD[row["state"]], _told(row)) for row in self._rows if row["state"] in _TOLD]

    def mainTable(self):
        return self.ui.recordsTable

    def goTo(self, text):
        """Select the record that a message is about."""
        index = next((index for index, row in enumerate(self._rows) if _told(row) == text), -1)
        if index >= 0:
            self.ui.recordsTable.setCurrentCell(index, 0)

    # ------------------------------------------------------------------ showing

    def refresh(self):
        ui, draft = self.ui, self.draft
        ui.folderEdit.toolTip = self.folder() or _("Folder of the center in which the calibrations are kept")
        ui.emptyWords.setVisible(not self._rows)
        isFolder = bool(self.folder()) and not self._problem
        ui.emptyWords.text = _("No calibration is kept in this folder yet. Choose below what to calibrate; each record "
                               "is kept here with its scans, as a new version.") if isFolder else _(
            "The calibrations of the center are kept in one folder, which all computers may share.")
        fitHeight(ui.emptyWords)
        ui.recordsTable.setVisible(bool(self._rows))
        fill(ui.recordsTable, [_("Instrument"), _("Radio-\nnuclide"), _("Value"), _("Valid until,\nnext test")],
             [_cells(row) for row in self._rows], linesOfRow=2)
        self._refreshRecord()
        self.selectData(ui.kindSelector, draft.kind)
        ui.newWidget.setVisible(bool(draft.kind))
        self._refreshReferences()
        for part in (self.groups, self.scans, self.places):
            part.refresh()
        lines = calibrationRecord.describe(draft.content) if draft.content is not None else []
        ui.resultWords.setVisible(bool(lines))
        ui.resultWords.text = wrapped("\n".join([_("Not saved yet:"), *lines[:-1]])) if lines else ""
        fitHeight(ui.resultWords)

    def _refreshRecord(self):
        ui, row = self.ui, self._selectedRow()
        # while something is made, there is no room for more than the list
        isRead = bool(self._rows) and not self.draft.kind
        ui.recordWords.setVisible(isRead)
        ui.recordButtons.setVisible(isRead)
        isUsable = row is not None and row["content"] is not None
        ui.showButton.setEnabled(isUsable)
        ui.likeButton.setEnabled(isUsable and row["kinds"] != [calibrationFolder.CONSTANCY])
        ui.recordWords.text = wrapped("\n".join(_lines(row)) if row is not None else
                                      _("Select a record to see what it rests on."))
        fitHeight(ui.recordWords)

    def _refreshReferences(self):
        """What else a kind refers to: the sensitivity of a recovery, the control chart of a test."""
        ui, draft = self.ui, self.draft
        isTest, isRecovery = draft.kind == calibrationForms.TEST, draft.kind == calibrationForms.RECOVERY
        for widgets, isShown in (((ui.logLabel, ui.logSelector), isTest),
                                 ((ui.sensitivityLabel, ui.sensitivitySelector), isRecovery)):
            for widget in widgets:
                widget.setVisible(isShown)
        logs = [(row["path"], row["instrument"]) for row in self._rows
                if row["kinds"] == [calibrationFolder.CONSTANCY] and row["content"] is not None]
        self.fillSelector(ui.logSelector, [("", _("choose")), *logs], draft.logPath)
        records = [(row["path"], f"{row['instrument']}, {row['radionuclide']}, {row['date']}") for row in self._rows
                   if row["content"] is not None and "sensitivity" in row["kinds"]]
        self.fillSelector(ui.sensitivitySelector, [("", _("none: the scans are in Bq/mL")), *records],
                          draft.sensitivityFrom)

    def onRow(self):
        if not self.isUpdating:
            self._refreshRecord()

    def showRow(self, row, column=0):
        if 0 <= row < len(self._rows) and self._rows[row]["content"] is not None:
            self.showContent(self._rows[row]["content"])

    def onShow(self):
        self.showRow(self.selected(self.ui.recordsTable))

    def showContent(self, content):
        """Chart, table and spheres of a record or control chart in the views."""
        def show():
            self.useViews()
            chart, table = calibrationCharts.show(slicer.mrmlScene, content)
            showChart(chart)
            showTable(table)
            spheres = (content.get("recovery") or {}).get("spheres") or []
            calibrationMarkers.showSpheres(slicer.mrmlScene, [(item["name"], item["centerRASMM"]) for item in spheres])
            if spheres:
                centers = [item["centerRASMM"] for item in spheres]
                showPoint([sum(values) / len(centers) for values in zip(*centers, strict=True)])

        self.attempt(show)

    # ------------------------------------------------------------------ making

    def onKind(self, index):
        if not self.isUpdating:
            kind = self.ui.kindSelector.itemData(index)
            self._said = ""
            self.attempt(self.draft.begin, kind)

    def onLog(self, index):
        if not self.isUpdating:
            self.draft.logPath = self.ui.logSelector.itemData(index)
            self.frame.refresh()

    def onSensitivity(self, index):
        if not self.isUpdating:
            self.draft.sensitivityFrom = self.ui.sensitivitySelector.itemData(index)
            self.frame.refresh()

    def onLike(self):
        row = self._selectedRow()

        def begin():
            kind = row["kinds"][0]
            self.draft.begin(kind)
            self.draft.likeRecord(row["content"])

        self._said = ""
        self.attempt(begin)

    def onPrimary(self):
        if self.draft.isConstancy:
            if self.run(self.title(), self._keep):
                self.showContent(constancyLog.chartOf(self._keptPath))
        elif self.draft.content is not None:
            self.run(self.title(), self._keep)
        elif self.frame.hasPackages() and self.run(
                self.title(), lambda progress: self.draft.make(slicer.mrmlScene, progress)):
            self.showContent(self.draft.content)

    def _keep(self, _progress):
        self._keptPath = self.draft.save(self.folder())
        self._said = _("Kept as {name}").format(name=os.path.basename(self._keptPath))
        self._read()


def _kindWords(row):
    return ", ".join(calibrationFolder.TITLES[kind] for kind in row["kinds"])


def _told(row):
    """What the messages say of a row."""
    title = NOTE_MARK.join(text for text in (row["instrument"], _kindWords(row), row["date"]) if text)
    return f"{title}: {row['words'][0]}"


def _lines(row):
    """What is to be read of a record."""
    if row["kinds"] == [calibrationFolder.CONSTANCY] and row["content"] is not None:
        return [*row["words"], *constancyLog.lines(row["content"])[-6:-1]]
    told = calibrationRecord.describe(row["content"]) if row["content"] is not None else []
    return [row["file"], *row["words"], *told]


def _cells(row):
    toolTip = "\n".join([row["file"], *row["words"]])
    isAlarm = row["state"] in ("edited", "damaged", "expired", "action")
    value = "\N{EN DASH}"
    if row["value"] is not None:
        shown = significant(row["value"]) if row["uncertainty"] is None else plusMinus(row["value"], row["uncertainty"])
        value = f"{shown} %" if row["unit"] == "%" else f"{shown}\n{row['unit']}" if row["unit"] else shown
    return [textCell(f"{row['instrument']}\n{_kindWords(row)}", toolTip, icons.icon(_ICONS[row["state"]])),
            textCell(row["radionuclide"], toolTip), Cell(value, toolTip),
            Cell(row["validUntil"] or "\N{EN DASH}", toolTip, None, False, isAlarm)]

"""Page of the center: the program held against known truths on this computer, and the reports on it."""

import qt
import slicer
from slicer.i18n import tr as _

from ..errors import InputError
from ..report import commissioningReport
from ..report.numbers import dateTimeText, minutesAndSeconds, rounded
from ..workflow import commissioning, commissioningKept, commissioningSigned
from ..workflow.commissioningCase import FAIL, PASS
from . import icons
from .centerPage import CenterPage
from .tables import ALARM_COLOR, Cell, fill, fitHeight, textCell, wrapped

FOLDER_SETTING, DATA_SETTING = "MRTDosimetry/commissioningFolder", "MRTDosimetry/commissioningData"
_PUBLIC = "public"  # the group that can be given data sets
_ALL, _NOT_PASSED, _CHANGED = "all", "notPassed", "changed"
_CHANGED_MARK = "\N{BLACK UP-POINTING TRIANGLE} "
_BOLD_LINE_LENGTH = 42  # characters, in the narrowest panel
_NOTHING = "\N{EN DASH}"


class CommissioningPage(CenterPage):
    """Runs the commissioning, shows its cases and keeps the reports in a folder of the center."""

    name = "commissioning"
    uiFile = "CommissioningPage.ui"
    isForPhysician = False

    def __init__(self, frame):
        super().__init__(frame)
        self._boxes = {}
        self._runs, self._problems, self._shownFolder, self._rows = [], [], "", []

    def title(self):
        return _("Commissioning")

    def help(self):
        return _("Hold the program against known truths on this computer, and keep the signed report.")

    def primaryText(self):
        return _("Run the commissioning")

    # ------------------------------------------------------------------ building

    def connectWidgets(self):
        ui = self.ui
        for key, subject in commissioning.groups().items():
            box = qt.QCheckBox(subject)
            box.checked = True
            box.connect("toggled(bool)", self.onExtent)
            ui.groupsWidget.layout().addWidget(box)
            self._boxes[key] = box
        ui.extentSection.collapsed = True
        ui.quickBox.connect("toggled(bool)", self.onExtent)
        ui.allButton.connect("clicked()", lambda: self._choose(True))
        ui.noneButton.connect("clicked()", lambda: self._choose(False))
        for edit, button, setting in ((ui.keptEdit, ui.keptButton, FOLDER_SETTING),
                                      (ui.dataEdit, ui.dataButton, DATA_SETTING)):
            edit.text = str(slicer.util.settingsValue(setting, "") or "")
            edit.connect("editingFinished()", self.onFolders)
            button.connect("clicked()", lambda edit=edit: self.onChooseFolder(edit))
        for edit in (ui.nameEdit, ui.roleEdit):
            edit.connect("textChanged(QString)", self.onTyped)
        ui.runSelector.connect("currentIndexChanged(int)", self.onRun)
        ui.filterSelector.connect("currentIndexChanged(int)", self.onFilter)
        ui.casesTable.connect("currentCellChanged(int,int,int,int)", self.onCase)
        ui.signEdit.connect("textChanged(QString)", self.onSigner)
        ui.signButton.connect("clicked()", self.onSign)
        ui.openButton.connect("clicked()", self.onOpen)

    def enter(self):
        self._read()

    # ------------------------------------------------------------------ what is asked for

    def _folder(self):
        return self.ui.keptEdit.text.strip()

    def box(self, key):
        """Check box of a group of cases."""
        return self._boxes[key]

    def _chosen(self):
        return [key for key, box in self._boxes.items() if box.checked]

    def _data(self):
        """Folder of the data sets; none where their group is not chosen."""
        return self.ui.dataEdit.text.strip() if _PUBLIC in self._chosen() else ""

    def _person(self):
        ui = self.ui
        return {"name": ui.nameEdit.text, "role": ui.roleEdit.text.strip() or ui.roleEdit.placeholderText}

    def blockers(self):
        found = []
        if not self._folder():
            found.append(_("Choose the folder in which the reports are kept"))
        if not self.ui.nameEdit.text.strip():
            found.append(_("Give the name of who runs it: it stands on the report"))
        if not self._chosen():
            found.append(_("Choose at least one group of cases"))
        return found

    def onTyped(self, *_values):
        if not self.isUpdating:
            self.frame.refreshActions()

    def onExtent(self, *_values):
        if not self.isUpdating:
            self.frame.refresh()

    def _choose(self, isChosen):
        self.isUpdating = True
        for box in self._boxes.values():
            box.checked = isChosen
        self.isUpdating = False
        self.frame.refresh()

    def onChooseFolder(self, edit):
        before = edit.text
        self.chooseFolder(edit, _("Folder"))
        if edit.text != before:
            self.onFolders()

    def onFolders(self):
        """The folders are settings of the application."""
        ui, settings = self.ui, qt.QSettings()
        settings.setValue(DATA_SETTING, ui.dataEdit.text.strip())
        if self._folder() != str(slicer.util.settingsValue(FOLDER_SETTING, "") or ""):
            settings.setValue(FOLDER_SETTING, self._folder())
            self._shownFolder = ""
            self._read()
        self.frame.refresh()

    def onPrimary(self):
        def work(progress):
            self._shownFolder, _content = commissioningKept.runAndKeep(
                self._folder(), self.ui.quickBox.checked, progress, self._data() or None, self._chosen(),
                self._person())
            self._read()

        if self.frame.hasPackages():
            self.run(self.title(), work)

    # ------------------------------------------------------------------ what is kept

    def _read(self):
        """Read the runs that are kept; called when they may have changed."""
        self._runs, self._problems = [], []
        if not self._folder():
            return
        try:
            self._runs, self._problems = commissioningKept.keptRuns(self._folder())
        except InputError as error:
            self._problems = [str(error)]

    def _shownRun(self):
        """The run that is shown: the chosen one, else the newest."""
        found = next((run for run in self._runs if run.folder == self._shownFolder), None)
        return found or (self._runs[0] if self._runs else None)

    def onRun(self, index):
        if not self.isUpdating and index >= 0:
            self._shownFolder = self.ui.runSelector.itemData(index)
            self.frame.refresh()

    def onFilter(self, _index):
        if not self.isUpdating:
            self.frame.refresh()

    def onOpen(self):
        run = self._shownRun()
        if run is not None and run.pagePath:
            qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(run.pagePath))

    def onSigner(self, _text):
        if not self.isUpdating:
            self._showSigning(self._shownRun())

    def onSign(self):
        def sign():
            run = self._shownRun()
            try:
                commissioningSigned.sign(run.folder, self.frame.shell.role(), self.ui.signEdit.text)
                self.ui.signEdit.text = ""  # nobody signs for somebody else by mistake
            finally:
                self._shownFolder = run.folder
                self._read()

        self.attempt(sign)

    def remarks(self):
        run = self._shownRun()
        found = [("warning", text) for text in self._problems]
        if run is None:
            return found
        failing = [("error", text) for text in commissioningReport.problemLines(run.content)]
        failing += [("error", _("Changed since it was signed: {fault}").format(fault=fault)) for fault in run.faults]
        told = [run.warning, commissioningReport.leftOutWords(run.content)]
        if run is self._runs[0] and run.changedVersions:
            told.append(_("The program or its packages changed since this run, so that it has to be run again: {names}")
                        .format(names="; ".join(f"{name} {then} \N{RIGHTWARDS ARROW} {now}"
                                                for name, then, now in run.changedVersions)))
        return failing + [("warning", text) for text in told if text] + found

    # ------------------------------------------------------------------ showing

    def refresh(self):
        ui, run = self.ui, self._shownRun()
        ui.keptEdit.toolTip = ui.keptEdit.text or _("Folder in which every run is kept, each in a sub-folder")
        ui.roleEdit.placeholderText = self.frame.shell.ui.roleSelector.currentText
        hasPublic = _PUBLIC in self._chosen()
        for widget in (ui.dataEdit, ui.dataButton):
            widget.setEnabled(hasPublic)
        ui.extentSection.text = _("Extent: {size}, {count} of {all} groups").format(
            size=_sizeText(ui.quickBox.checked), count=len(self._chosen()), all=len(self._boxes))
        ui.emptyWords.setVisible(run is None)
        fitHeight(ui.emptyWords)
        for widget in (ui.runSelector, ui.verdictWords, ui.comparisonWords, ui.filterSelector, ui.casesTable,
                       ui.caseWords, ui.signWords, ui.signEdit, ui.signButton, ui.openButton):
            widget.setVisible(run is not None)
        self.fillSelector(ui.runSelector, [(item.folder, _runText(item)) for item in self._runs],
                          None if run is None else run.folder)
        if run is not None:
            self._showRun(run)

    def _showRun(self, run):
        ui, content = self.ui, run.content
        ui.runSelector.toolTip = run.folder
        isPassed = content["overall"].get("isPassed") is True
        ui.verdictWords.setStyleSheet(
            "QLabel { font-weight: bold; }" if isPassed else
            "QLabel {{ font-weight: bold; color: rgb({}, {}, {}); }}".format(*ALARM_COLOR))
        ui.verdictWords.text = wrapped(
            f"{content['overall']['result']}: {commissioningReport.summaryText(content)}", _BOLD_LINE_LENGTH)
        person = commissioningReport.personText(content)
        made = [_("Run by {person}").format(person=person)] if person else []
        made.append(_("{size}, {time}").format(size=_sizeText(content["isQuick"]),
                                               time=minutesAndSeconds(content["seconds"])))
        compared = commissioningReport.comparisonWords(content["previous"]) or [
            _("There was no earlier run of this extent to compare with")]
        ui.comparisonWords.text = "\n".join([wrapped(", ".join(made) + "."), wrapped("; ".join(compared) + ".")])
        self._showCases(content["cases"])
        self._showSigning(run)
        ui.openButton.setEnabled(run.pagePath is not None)
        ui.openButton.toolTip = run.pagePath or _("The page is not there any more")

    def _showSigning(self, run):
        """Who signed the run that is shown; nobody signs one that was edited."""
        ui, isWhole = self.ui, not run.faults and not run.warning
        signed = [_("Signed by {person}").format(person=commissioningReport.signatureText(entry))
                  for entry in run.signatures] if isWhole else []
        ui.signWords.text = wrapped("\n".join(signed or [_("Nobody signed this run yet") if isWhole else
                                                         _("This run was edited: its signatures do not hold")]))
        ui.signEdit.setEnabled(isWhole)
        ui.signButton.setEnabled(isWhole and bool(ui.signEdit.text.strip()))
        ui.signButton.toolTip = _("Sign the run that is shown, in your role at the desk: the report is written with "
                                  "it") if isWhole else _("Run the commissioning again")

    def _showCases(self, cases):
        ui = self.ui
        notPassed, changed = [case for case in cases if _isAlarm(case)], [case for case in cases if _isChanged(case)]
        groups = {}
        for case in cases:
            groups.setdefault(case["subject"], []).append(case)
        sets = {_ALL: cases, _NOT_PASSED: notPassed, _CHANGED: changed, **groups}
        titles = {_ALL: _("All cases"), _NOT_PASSED: _("Not passed"), _CHANGED: _("Changed since the last run")}
        kept = ui.filterSelector.currentData
        self.fillSelector(ui.filterSelector, [(key, f"{titles.get(key, key)} ({len(members)})")
                                              for key, members in sets.items()], kept if kept in sets else _ALL)
        # what did not pass comes first
        self._rows = sorted(sets[ui.filterSelector.currentData], key=lambda case: not _isAlarm(case))
        fill(ui.casesTable, [_("Case"), _("Result"), _("Deviation /\ntolerance"), _("Time\n(s)")],
             [_cells(case) for case in self._rows], linesOfRow=2)
        self._showCase()

    def onCase(self, *_cells):
        if not self.isUpdating:
            self._showCase()

    def _showCase(self):
        row = self.selected(self.ui.casesTable)
        case = self._rows[row] if 0 <= row < len(self._rows) else None
        self.ui.caseWords.text = wrapped(_("Select a case to see its numbers and their source.") if case is None
                                         else "\n".join(commissioningReport.caseLines(case)))

    def mainTable(self):
        return self.ui.casesTable

    def goTo(self, text):
        self.selectData(self.ui.filterSelector, _ALL)
        super().goTo(text)


def _sizeText(isQuick):
    return _("quick") if isQuick else _("full")


def _runText(run):
    return f"{dateTimeText(run.content['created'])[:16]}, {run.content['overall']['result']}, " \
           f"{_sizeText(run.content['isQuick'])}"


def _isAlarm(case):
    """Whether a case keeps the run from passing."""
    return case["status"] == FAIL or (case["status"] != PASS and not case["isOptional"])


def _isChanged(case):
    return bool(case.get("isChanged"))


def _cells(case):
    toolTip = "\n".join(commissioningReport.caseLines(case))
    isAlarm = _isAlarm(case)
    icon = icons.icon("error" if isAlarm else "done" if case["status"] == PASS else "notNeeded")
    deviation = _NOTHING if case["problem"] else commissioningReport.deviationOfTolerance(case)
    return [textCell(case["name"], toolTip),
            Cell((_CHANGED_MARK if _isChanged(case) else "") + case["status"], toolTip, icon, False, isAlarm),
            Cell(deviation, toolTip, isAlarm=isAlarm), Cell(rounded(case["seconds"], 1), toolTip)]

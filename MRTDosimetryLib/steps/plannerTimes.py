"""Part of the planner: the center's own times, task by task, kept in its file."""

import qt
import slicer
from slicer.i18n import tr as _

from ..errors import DosimetryError
from ..report.numbers import compact
from ..therapies import planner, plannerTasks
from ..workflow import plan, planTimes, protocol
from .pagePart import PagePart
from .tables import Cell, asNumber, fill, shortened, textCell

SETTING = "MRTDosimetry/centerTimes"
_NOTHING = "\N{EN DASH}"
_TASK, _NUMBER, _CAMERA, _ROLE = range(4)
_LONGEST_TITLE = 44


class PlannerTimes(PagePart):
    """The file is a setting of the application; each number that is typed is checked and written at once."""

    def __init__(self, page):
        super().__init__(page)
        self.times = None
        self.faults = []
        self._lines = []

    # ------------------------------------------------------------------ file

    def path(self):
        """File of the times; empty where none is chosen."""
        return str(slicer.util.settingsValue(SETTING, "") or "")

    def read(self):
        """Read the file; what is wrong with it keeps plans from being made."""
        self.times, self.faults = None, []
        if not self.path():
            return
        try:
            self.times = plan.readTimes(self.path())
        except DosimetryError as error:
            self.faults = [str(fault) for fault in error.faults]

    def connectWidgets(self):
        ui, page = self.ui, self.page
        ui.timesSection.collapsed = True
        ui.fileButton.connect("clicked()", self.onChoose)
        ui.newButton.connect("clicked()", self.onNew)
        for edit in (ui.centerEdit, ui.dateEdit):
            edit.connect("editingFinished()", self.onAbout)
        page.fillSelector(ui.roleSelector, plannerTasks.roles().items(), next(iter(plannerTasks.roles())))
        for selector in (ui.tasksSelector, ui.groupSelector, ui.roleSelector):
            selector.connect("currentIndexChanged(int)", self.onShown)
        ui.roleBox.connect("toggled(bool)", self.onRole)
        ui.tasksTable.connect("cellChanged(int,int)", self.onCell)
        ui.tasksTable.connect("currentCellChanged(int,int,int,int)", self.onTask)
        ui.sourceEdit.connect("editingFinished()", self.onSource)

    def onChoose(self):
        path = qt.QFileDialog.getOpenFileName(self.page.widget, _("Times of the center"), self.path(),
                                              _("Times (*.json)"))
        if path:
            self.page.attempt(self._take, str(path))

    def onNew(self):
        path = qt.QFileDialog.getSaveFileName(self.page.widget, _("New file of times"), "center.json",
                                              _("Times (*.json)"))
        if path:
            self.page.attempt(self._make, str(path))

    def _make(self, path):
        path = path if path.lower().endswith(".json") else f"{path}.json"
        plan.writeTemplate(path, self.page.protocols())
        self._take(path)

    def _take(self, path):
        plan.readTimes(path)  # refused here, the file before stays
        qt.QSettings().setValue(SETTING, path)
        self.read()

    # ------------------------------------------------------------------ changes

    def _change(self, function, *args):
        def change():
            try:
                function(self.path(), *args)
            finally:
                self.read()

        self.page.attempt(change)

    def onAbout(self):
        ui, times = self.ui, self.times
        given = ui.centerEdit.text, ui.dateEdit.text
        if times is not None and given != (times.center, times.date):
            self._change(planTimes.setAbout, *given)

    def onRole(self, takesPart):
        if not self.page.isUpdating:
            self._change(planTimes.setRole, self.ui.roleSelector.currentData, takesPart)

    def onShown(self, *_values):
        if not self.page.isUpdating:
            self.page.frame.refresh()

    def onCell(self, row, column):
        if self.page.isUpdating or not 0 <= row < len(self._lines):
            return
        task = self._lines[row].task
        value = asNumber(self.ui.tasksTable.item(row, column).text().strip())
        if column == _NUMBER and task.group == plannerTasks.RECURRING:
            self._change(planTimes.setPerYear, task.id, value)
        elif column == _NUMBER:
            self._change(planTimes.setCount, self.ui.tasksSelector.currentData, task.id, value)
        else:
            key = planner.CAMERA if column == _CAMERA else self.ui.roleSelector.currentData
            self._change(planTimes.setMinutes, task.id, key, value)

    def onSource(self):
        line = self._selected()
        if line is not None and self.ui.sourceEdit.text.strip() != line.source:
            self._change(planTimes.setSource, line.task.id, self.ui.sourceEdit.text)

    # ------------------------------------------------------------------ showing

    def refresh(self):
        ui, page = self.ui, self.page
        hasFile = self.times is not None
        ui.fileEdit.text = self.path()
        ui.fileEdit.toolTip = self.path() or _("Without a file nothing is stated")
        for widget in (ui.centerLabel, ui.centerEdit, ui.dateEdit, ui.roleBox, ui.sourceLabel, ui.sourceEdit):
            widget.setVisible(hasFile)
        chosen = page.protocols()
        titles = dict(protocol.protocolChoices())
        kept = ui.tasksSelector.currentData
        page.fillSelector(ui.tasksSelector, [(name, titles[name]) for name in chosen],
                          kept if kept in chosen else chosen[0])
        ui.tasksSelector.setVisible(len(chosen) > 1)
        if hasFile:
            ui.centerEdit.text, ui.dateEdit.text = self.times.center, self.times.date
            ui.roleBox.checked = ui.roleSelector.currentData in self.times.roles
        self._showTasks(planner.linesOf(ui.tasksSelector.currentData, self.times))

    def _showTasks(self, lines):
        ui, role = self.ui, self.ui.roleSelector.currentData
        words = {plannerTasks.ONE_OFF: _("in all"), plannerTasks.RECURRING: _("a year")}
        groups = [name for name in plannerTasks.groups() if any(line.task.group == name for line in lines)]
        choices = []
        for name in groups:
            gaps = sum(bool(line.notStated) for line in lines if line.task.group == name)
            title = f"{plannerTasks.groups()[name]} ({words.get(name, _('each cycle'))})"
            choices.append((name, f"{title}: " + (_("{count} not stated in full").format(count=gaps) if gaps
                                                  else _("all stated"))))
        kept = ui.groupSelector.currentData
        self.page.fillSelector(ui.groupSelector, choices, kept if kept in groups else groups[0])
        self._lines = [line for line in lines if line.task.group == ui.groupSelector.currentData]
        roleTitle = f"{plannerTasks.roles()[role].split()[-1].capitalize()}\n(min)"
        fill(ui.tasksTable, [_("Task"), _("Number"), _("Camera\n(min)"), roleTitle],
             [self._cells(line, role) for line in self._lines], linesOfRow=2)
        self._allowEditing(role)
        self._showSource()

    def _cells(self, line, role):
        task = line.task
        toolTip = "\n".join([task.title, _("From: {source}").format(source=line.source or _("not stated"))])
        cells = [textCell(shortened(task.title, _LONGEST_TITLE), toolTip), Cell(_shown(line.count), toolTip)]
        for key, isAsked in ((planner.CAMERA, task.usesCamera), (role, role in line.minutes)):
            cells.append(Cell(_shown(line.minutes.get(key)) if isAsked else _NOTHING, toolTip))
        return cells

    def _allowEditing(self, role):
        """Numbers can be typed where there is a file and the task has such a number."""
        table = self.ui.tasksTable
        wasBlocked = table.blockSignals(True)
        flags = qt.Qt.ItemIsEnabled | qt.Qt.ItemIsSelectable
        for row, line in enumerate(self._lines):
            isAsked = {_TASK: False, _NUMBER: True, _CAMERA: line.task.usesCamera, _ROLE: role in line.minutes}
            for column, isThere in isAsked.items():
                canEdit = self.times is not None and isThere
                table.item(row, column).setFlags(flags | qt.Qt.ItemIsEditable if canEdit else flags)
        table.blockSignals(wasBlocked)

    def _selected(self):
        row = self.page.selected(self.ui.tasksTable)
        return self._lines[row] if 0 <= row < len(self._lines) else None

    def onTask(self, *_cells):
        if not self.page.isUpdating:
            self._showSource()

    def _showSource(self):
        ui, line = self.ui, self._selected()
        ui.sourceEdit.setEnabled(line is not None)
        ui.sourceEdit.text = "" if line is None else line.source
        ui.sourceEdit.placeholderText = _("select a task") if line is None else _("where its times come from")


def _shown(value):
    """A number, or nothing where it is not stated."""
    return "" if value is None else compact(value)

"""Page of the center: what a strategy takes of camera, staff and samples, two of them side by side."""

import qt
from slicer.i18n import tr as _

from ..errors import DosimetryError
from ..report import planReport
from ..workflow import plan, protocol
from .centerPage import CenterPage
from .plannerTimes import PlannerTimes
from .tables import Cell, fill, textCell, wrapped

_NONE = ""


class PlannerPage(CenterPage):
    """Adds up the center's own times; what is blank is told as not stated, and nothing is guessed."""

    name = "planner"
    uiFile = "PlannerPage.ui"
    isForPhysician = False
    isForTechnologist = True

    def __init__(self, frame):
        super().__init__(frame)
        self.times = PlannerTimes(self)
        self.plans = []
        self._faults, self._saved = [], ""

    def title(self):
        return _("Plan the work")

    def help(self):
        return _("See what a strategy takes of camera, staff and samples before it is started.")

    def primaryText(self):
        return _("Save the page...")

    # ------------------------------------------------------------------ building

    def connectWidgets(self):
        ui = self.ui
        choices = protocol.protocolChoices()
        self.fillSelector(ui.firstSelector, choices, choices[0][0])
        self.fillSelector(ui.secondSelector, [(_NONE, _("none")), *choices], _NONE)
        self.fillSelector(ui.totalSelector, planReport.TOTALS, "all")
        for selector in (ui.firstSelector, ui.secondSelector, ui.totalSelector):
            selector.connect("currentIndexChanged(int)", self.onChoice)
        for box in (ui.patientsBox, ui.cyclesBox, ui.yearsBox):
            box.connect("valueChanged(int)", self.onChoice)
        ui.factsSection.collapsed = True
        self.times.connectWidgets()

    def enter(self):
        """A plan begins with the protocol of the study that is open; it only reads it."""
        study = self.frame.shell.study
        identifier = study.choice("protocol") if study is not None else None
        if identifier and not self.ui.patientsBox.value and not self.ui.cyclesBox.value:
            self.selectData(self.ui.firstSelector, identifier)
        self.times.read()

    # ------------------------------------------------------------------ what is asked for

    def protocols(self):
        """The chosen strategies, one or two."""
        ui = self.ui
        return [name for name in (ui.firstSelector.currentData, ui.secondSelector.currentData) if name]

    def blockers(self):
        return self._missing() + self._faults

    def _missing(self):
        found = []
        if not self.ui.patientsBox.value:
            found.append(_("Give the number of patients a year"))
        if not self.ui.cyclesBox.value:
            found.append(_("Give the number of cycles of each patient"))
        return found

    def remarks(self):
        found = [("error", text) for text in self._faults]
        for made in self.plans:
            if made.notStated:
                found.append(("warning", _("{title}: tasks that are not stated in full: {count}").format(
                    title=made.title, count=len(made.notStated))))
        return found + ([("info", _("The page is {path}").format(path=self._saved))] if self._saved else [])

    def onChoice(self, *_values):
        if not self.isUpdating:
            self._saved = ""
            self.frame.refresh()

    def onPrimary(self):
        if not self.frame.hasPackages():
            return
        path = qt.QFileDialog.getSaveFileName(self.widget, _("Page of the plan"), "plan.html", _("Pages (*.html)"))
        if path:
            self.attempt(self._save, str(path))

    def _save(self, path):
        path = path if path.lower().endswith((".html", ".htm")) else f"{path}.html"
        plan.writePage(path, self.plans, self.times.times)
        self._saved = path
        qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(path))

    # ------------------------------------------------------------------ showing

    def refresh(self):
        ui = self.ui
        self.plans, self._faults = [], list(self.times.faults)
        if not self._faults and not self._missing():
            self._makePlans()
        self.times.refresh()
        for widget in (ui.totalSelector, ui.totalsTable, ui.planWords):
            widget.setVisible(bool(self.plans))
        for selector in (ui.firstSelector, ui.secondSelector):
            selector.toolTip = selector.currentText
        if self.plans:
            self._showTotals()
        ui.factsWords.text = self._facts()
        ui.factsSection.setVisible(bool(ui.factsWords.text))

    def _makePlans(self):
        ui = self.ui
        years = ui.yearsBox.value
        try:
            self.plans = plan.makePlans(self.protocols(), ui.patientsBox.value * years, ui.cyclesBox.value,
                                        self.times.times, years)
        except DosimetryError as error:
            self._faults = [str(fault) for fault in error.faults]

    def _showTotals(self):
        ui, plans, name = self.ui, self.plans, self.ui.totalSelector.currentData
        isPair = len(plans) > 1
        titles = ["", *([_("First"), _("Second"), _("Second\nless first")] if isPair else [_("Strategy")])]
        rows = [self._timeRow(key, name) for key in planReport.keysOf(plans)]
        for kind, title in planReport.PLURALS.items():
            if any(kind in made.numbers() for made in plans):
                rows += self._numberRows(kind, title)
        fill(ui.totalsTable, titles, rows)
        for column, made in enumerate(plans, start=1):
            ui.totalsTable.horizontalHeaderItem(column).setToolTip(made.title)
        counts = _("Patients: {patients}; cycles of each: {cycles}; years: {years}.").format(
            patients=plans[0].patients, cycles=plans[0].cycles, years=ui.yearsBox.value)
        ui.planWords.text = wrapped(f"{counts}\n{self._originWords()}")

    def _originWords(self):
        times = self.times.times
        if times is None:
            return _("No times are stated: only scans, samples and readings are counted.")
        about = ", ".join(text for text in (times.center or _("the center"), times.date) if text)
        return _("Times of {about}.").format(about=about)

    def _timeRow(self, key, name):
        title, plans = planReport.keyTitle(key), self.plans
        cells = [textCell(title)]
        for made in plans:
            total = planReport.totalOf(made, key, name)
            gaps = [f"{task}: {planReport.gapWords(what)}" for task, what in made.notStated]
            toolTip = made.title if total.isComplete else "\n".join([made.title, _("Not stated:"), *gaps])
            cells.append(Cell(planReport.hours(total), toolTip))
        if len(plans) > 1:
            cells.append(Cell(planReport.differenceText(plans, key, name)))
        return cells

    def _numberRows(self, kind, title):
        rows = []
        for index, words in enumerate((_("each cycle"), _("in all"))):
            values = [made.numbers().get(kind, (0, 0))[index] for made in self.plans]
            text = f"{title[:1].upper()}{title[1:]}, {words}"
            cells = [textCell(text), *(Cell(str(value), made.title)
                                       for value, made in zip(values, self.plans, strict=True))]
            rows.append(cells + ([Cell(f"{values[1] - values[0]:+d}".replace("-", "\N{MINUS SIGN}"))]
                                 if len(values) > 1 else []))
        return rows

    def _facts(self):
        """What a survey of other centers found; words beside the sums, never part of them."""
        found = {fact["words"]: fact["source"] for made in self.plans for fact in made.facts}
        if not found:
            return ""
        return wrapped("\n".join([_("Of a survey, and no part of any sum:"),
                                  *(f"\N{BULLET} {words}" for words in found), *sorted(set(found.values()))]))

    def mainTable(self):
        return self.ui.tasksTable



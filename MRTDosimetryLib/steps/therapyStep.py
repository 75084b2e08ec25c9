"""Page 8: prescription, limits and earlier cycles, and what the therapy's own calculation makes of all."""

import qt
from slicer.i18n import tr as _

from ..report.numbers import compact
from ..workflow import statements, therapyViews
from ..workflow.protocol import studyStrategy
from . import therapyValues
from .base import Step
from .layouts import showChart, showTable
from .measurementsStep import PAGES
from .statementSection import StatementSection
from .tables import fill, fitHeight, numberCell, shortened, textCell

# Characters that fit beside the limits in the narrowest panel.
_LONGEST_SCOPE = 17


class TherapyStep(Step):
    """What is wanted and what limits it; activity, cycles, absorbed doses."""

    name = "therapy"
    uiFile = "TherapyStep.ui"
    layoutName = "measured"

    def __init__(self, shell):
        super().__init__(shell)
        self._sections = {}
        self._shown = {}
        self._isPhysicist = True

    def title(self):
        return _("Prescription and limits")

    def help(self):
        return _("State what is wanted, its limits and earlier cycles; the activity follows with its uncertainty.")

    def computeText(self):
        return _("Evaluate")

    def connectWidgets(self):
        ui = self.ui
        for key, page in PAGES.items():
            if page == self.name:
                section = StatementSection(self, key, self.onOpened)
                ui.prescriptionBox.layout().addWidget(section.button)
                self._sections[key] = section
        ui.practiceSection.collapsed = True
        ui.practiceUseButton.connect("clicked()", self.onUseLimit)
        ui.practiceTable.connect("itemSelectionChanged()", self.onPracticeRow)
        ui.cycleFileButton.connect("clicked()", self.onCycleFile)
        ui.therapySelector.connect("currentIndexChanged(int)", self.onView)
        ui.therapyChartSelector.connect("currentIndexChanged(int)", self.onView)
        ui.therapyTableSelector.connect("currentIndexChanged(int)", self.onView)

    def mainTable(self):
        return self.ui.therapyTable

    def setRole(self, isPhysicist):
        """The physician reads what is stated."""
        self._isPhysicist = isPhysicist
        for section in self._sections.values():
            section.setEnabled(isPhysicist)

    def section(self, key):
        """The section of a kind, unfolded."""
        self._sections[key].open()
        return self._sections[key]

    # showing

    def showInViews(self):
        """What was evaluated comes to the front of what it rests on."""
        ui = self.ui
        if self.shell.state(self.name) == "done":
            for section in self._sections.values():
                section.button.collapsed = True
        for show, selector in ((showChart, ui.therapyChartSelector), (showTable, ui.therapyTableSelector)):
            show(self.study.nodeByRole(selector.currentData) if selector.currentData else None)

    def refresh(self):
        ui, study = self.ui, self.study
        stated, strategy = statements.stated(study), studyStrategy(study)
        for key, section in self._sections.items():
            isTaken = strategy is None or key in strategy.statements
            section.button.setVisible(key in stated or (isTaken and self._isPhysicist))
            section.refresh()
        ui.cycleFileButton.setVisible(self._isPhysicist and not ui.prescriptionBox.isHidden()
                                      and not self._sections["earlierCycles"].button.isHidden())
        self._refreshPractice()
        words = therapyViews.recommendation(study)
        ui.recommendationWords.setVisible(bool(words))
        ui.recommendationWords.text = words
        fitHeight(ui.recommendationWords)
        self._fill(ui.therapySelector, therapyValues.choices(study))
        self._fill(ui.therapyChartSelector, therapyViews.chartsToShow(study))
        self._fill(ui.therapyTableSelector, therapyViews.tablesToShow(study))
        hasValues = ui.therapySelector.count > 0
        ui.therapySelector.setVisible(hasValues)
        ui.therapyTable.setVisible(hasValues)
        if hasValues:
            therapyValues.show(ui.therapyTable, study, ui.therapySelector.currentData)
        for selector, label in ((ui.therapyChartSelector, ui.therapyChartSelectorLabel),
                                (ui.therapyTableSelector, ui.therapyTableSelectorLabel)):
            for widget in (selector, label):
                widget.setVisible(selector.count > 0)

    def _fill(self, selector, choices):
        keys, shown = [key for key, _title in choices], self._shown.get(selector.objectName)
        self.fillSelector(selector, choices, shown if shown in keys else (keys[0] if keys else None))

    def _refreshPractice(self):
        ui, limits = self.ui, therapyViews.practiceLimits(self.study)
        ui.practiceSection.setVisible(bool(limits) and self._isPhysicist)
        fill(ui.practiceTable, [_("Limit"), _("Gy"), _("Scope")], [
            [textCell(f"{limit.tissue}, {limit.quantity}", f"{limit.source}\n{limit.edition}"),
             numberCell(limit.value), textCell(shortened(limit.scope, _LONGEST_SCOPE), limit.scope)]
            for limit, _row in limits])
        for row, (limit, _entry) in enumerate(limits):
            ui.practiceTable.item(row, 1).setText(compact(limit.value))
        self.onPracticeRow()

    def onPracticeRow(self):
        if self.study is None:
            return
        ui, limits = self.ui, therapyViews.practiceLimits(self.study)
        number = self.selected(ui.practiceTable)
        isRow = 0 <= number < len(limits)
        ui.practiceUseButton.setEnabled(isRow and limits[number][1] is not None)
        if not isRow:
            ui.practiceWords.text = _("None is applied by itself. Select one to see its source.")
            return
        limit, _row = limits[number]
        checked = _("checked") if limit.isVerified else _("not checked against it")
        ui.practiceWords.text = _("Source ({checked}): {source}").format(checked=checked, source=limit.source)

    def onOpened(self, opened):
        for section in self._sections.values():
            if section is not opened:
                section.button.collapsed = True

    # changes

    def onUseLimit(self):
        self.attempt(therapyViews.useLimit, self.study, self.selected(self.ui.practiceTable))

    def onCycleFile(self):
        path = qt.QFileDialog.getOpenFileName(self.widget, _("Results of an earlier cycle"), "",
                                              _("Results (results.json *.json)"))
        if path:
            self.attempt(therapyViews.addEarlierResults, self.study, path)

    def onView(self, _index):
        if self.study is None or self.isUpdating:
            return
        ui = self.ui
        # what the user chose stays, also where another table comes into being
        self._shown = {selector.objectName: selector.currentData for selector in (
            ui.therapySelector, ui.therapyChartSelector, ui.therapyTableSelector)}
        self.shell.attempt(self.showInViews)

    def goTo(self, text):
        """Open the section that a message is about."""
        key = next((key for key, section in self._sections.items() if section.kind.title in text), None)
        if key is not None:
            self.section(key)
        else:
            super().goTo(text)

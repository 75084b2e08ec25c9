"""Page 7: the results of all regions."""

import qt
from slicer.i18n import tr as _

from ..report.numbers import plusMinus, signed, significant
from ..workflow import doseOptions, protocol, results, resultsTables, studyNodes, therapyViews
from . import therapyValues
from .base import Step
from .layouts import showChart, showRegion, showTable
from .radiobiologyEditor import effectLines
from .tables import Cell, fill, fitHeight, numberCell, percentileText, textCell

_ROW_HEIGHT = 24


class ResultsStep(Step):
    """All numbers, the dose-volume histograms, the uncertainty budget of a region and the full tables."""

    name = "results"
    uiFile = "ResultsStep.ui"
    isAboutAbsorbedDose = True

    def __init__(self, shell):
        super().__init__(shell)
        self._shown = {}

    @property
    def layoutName(self):
        """Without images there is nothing to show in slices."""
        return "results" if self.study is None or protocol.usesImages(self.study) else "measured"

    def title(self):
        return _("Results")

    def help(self):
        if self.layoutName == "measured":
            return _("Read the values with their uncertainty, and what they rest on.")
        return _("Read the absorbed doses with their uncertainty and the dose-volume histograms.")

    def computeText(self):
        return _("Collect results")

    def connectWidgets(self):
        ui = self.ui
        # one of them open, so that the page fits on the screen
        self._sections = qt.QButtonGroup(self.widget)
        for section in (ui.budgetSection, ui.regionSection):
            self._sections.addButton(section)
        ui.resultsTable.connect("itemSelectionChanged()", self.onRow)
        ui.resultsTable.connect("cellClicked(int,int)", self.showRow)
        ui.resultsTable.connect("itemChanged(QTableWidgetItem*)", self.onChecked)
        ui.chartSelector.connect("currentIndexChanged(int)", self.onView)
        ui.tableSelector.connect("currentIndexChanged(int)", self.onView)

    def mainTable(self):
        return self.ui.resultsTable

    def showInViews(self):
        showChart(self._nodeOf(self.ui.chartSelector))
        showTable(self._nodeOf(self.ui.tableSelector))

    def _nodeOf(self, selector):
        role = selector.currentData
        return self.study.nodeByRole(role) if role else None

    # showing

    def refresh(self):
        ui, rows = self.ui, results.rows(self.study)
        for widget in (ui.resultsTable, ui.regionSection, ui.budgetSection):
            widget.setVisible(bool(rows))
        self._refreshTherapy(rows)
        titles = [_("Region"), _("Absorbed\ndose (Gy)"), _("Gy/GBq"), _("BED\n(Gy)")]
        fill(ui.resultsTable, titles, [self._cells(row) for row in rows])
        for column, tip in ((1, _("Mean absorbed dose, k = 1")),
                            (2, _("Absorbed dose per administered activity")),
                            (3, _("Biologically effective dose of the mean absorbed dose"))):
            ui.resultsTable.horizontalHeaderItem(column).setToolTip(tip)
        self._refreshChecks(rows)
        ui.resultsWords.text = self._words(rows)
        ui.resultsWords.setVisible(bool(rows) or ui.therapyValuesTable.isHidden())
        charts = resultsTables.chartsToShow(self.study) + therapyViews.chartsToShow(self.study)
        tables = resultsTables.tablesToShow(self.study) + therapyViews.tablesToShow(self.study)
        ui.viewsWidget.setVisible(bool(charts + tables))
        for selector, choices in ((ui.chartSelector, charts), (ui.tableSelector, tables)):
            keys, shown = [role for role, _title in choices], self._shown.get(selector.objectName)
            self.fillSelector(selector, choices, shown if shown in keys else (keys[0] if keys else None))
        if rows and ui.resultsTable.currentRow() < 0:
            ui.resultsTable.setCurrentCell(0, 0)
        self._refreshSelected()

    def _refreshTherapy(self, rows):
        """The recommendation; without regions also the values it rests on."""
        ui, words = self.ui, therapyViews.recommendation(self.study)
        ui.therapyWords.setVisible(bool(words))
        ui.therapyWords.text = words
        fitHeight(ui.therapyWords)
        isShown = not rows and bool(therapyViews.valueRows(self.study))
        ui.therapyValuesTable.setVisible(isShown)
        if isShown:
            therapyValues.show(ui.therapyValuesTable, self.study, therapyValues.VALUES)

    @staticmethod
    def _words(rows):
        if not rows:
            return _("Nothing has been computed yet.")
        missing = [row["name"] for row in rows if row["absorbedDoseUncertaintyGy"] is None]
        words = _("Ticked regions are in the chart. \N{PLUS-MINUS SIGN} is k = 1.")
        return words + " " + _("No uncertainty: {names}.").format(names=", ".join(missing)) if missing else words

    def _refreshChecks(self, rows):
        """A check mark per region: whether its histogram is in the chart."""
        table, hidden = self.ui.resultsTable, studyNodes.hiddenHistograms(self.study)
        wasBlocked = table.blockSignals(True)
        for number, row in enumerate(rows):
            item = table.item(number, 0)
            item.setFlags(qt.Qt.ItemIsEnabled | qt.Qt.ItemIsSelectable | qt.Qt.ItemIsUserCheckable)
            item.setCheckState(qt.Qt.Unchecked if row["name"] in hidden else qt.Qt.Checked)
        table.blockSignals(wasBlocked)

    @staticmethod
    def _cells(row):
        bedTip = _("Not computed, see the messages") if row["bedGy"] is None else ""
        return [textCell(row["name"]),
                numberCell(row["absorbedDoseGy"], "", row["absorbedDoseUncertaintyGy"]),
                numberCell(row["absorbedDoseCoefficientGyPerGBq"]), numberCell(row["bedGy"], bedTip)]

    def _selectedRow(self):
        rows = results.rows(self.study) if self.study is not None else []
        number = self.selected(self.ui.resultsTable)
        return rows[number] if 0 <= number < len(rows) else None

    def _refreshSelected(self):
        """Numbers and uncertainty budget of the selected region."""
        ui, row = self.ui, self._selectedRow()
        if row is None:
            return
        ui.regionSection.text = row["name"][:1].upper() + row["name"][1:]
        details = self._details(row) + self._cohortDetails(row)
        fill(ui.detailTable, [_("Quantity"), _("Value")], details)
        ui.detailTable.horizontalHeader().setVisible(False)
        ui.detailTable.setFixedHeight(_ROW_HEIGHT * len(details) + 2)
        budget = resultsTables.budgetRows(row)
        ui.budgetTable.setVisible(bool(budget))
        titles = [_("Component"), _("u (%)"), _("Share\n(%)")]
        fill(ui.budgetTable, titles, [self._budgetCells(line) for line in budget])
        absent = [line["title"][:1].lower() + line["title"][1:] for line in budget if line["status"] == "not stated"]
        if not budget:
            ui.budgetWords.text = _("No uncertainty budget was computed for this region.")
        elif absent:
            ui.budgetWords.text = _("Not stated, and therefore not included: {names}.").format(names=", ".join(absent))
        else:
            ui.budgetWords.text = _("Relative standard uncertainties (k = 1) of the mean absorbed dose.")

    @staticmethod
    def _budgetCells(line):
        uncertainty, share = line["uncertaintyPercent"], line["sharePercent"]
        cells = [textCell(line["title"]), numberCell(uncertainty, line["status"]), numberCell(share)]
        if uncertainty is not None:
            cells[1].text = significant(uncertainty, 2)
        if share is not None:
            cells[2].text = f"{share:.0f}".replace("-", "\N{MINUS SIGN}")
        return cells

    @staticmethod
    def _details(row):
        """(quantity, value with unit) of a region: what has no place in four columns."""
        dvh = row["dvh"]
        lines = [(_("Mass"), _number(row["massG"], "g")), (_("Volume"), _number(row["volumeML"], "mL")),
                 (_("Time-integrated activity"), _number(row["timeIntegratedActivityMBqH"], "MBq h",
                                                         row["timeIntegratedActivityUncertaintyMBqH"])),
                 (_("Effective half-life"), _number(row["effectiveHalfLifeHours"], "h")),
                 (_("D98 / D50 / D2"), " / ".join(significant(dvh[key]) for key in ("D98Gy", "D50Gy", "D2Gy")) + " Gy")]
        lines += effectLines(row)
        percentile = row.get(resultsTables.COHORT_KEY)
        if percentile is not None:
            lines.append((_("Percentile of the cohort"), significant(percentile, 2)))
        for name, engine in list(row["engines"].items())[1:]:
            value = _number(engine["absorbedDoseGy"], "Gy")
            difference = engine["differenceFromPrimaryPercent"]
            if difference is not None:
                value += f" ({signed(difference, 2)} %)"
            lines.append((doseOptions.titleOf(name), value))
        return [[textCell(title), Cell(text)] for title, text in lines]

    def _cohortDetails(self, row):
        """Where the absorbed dose per activity stands in each published cohort."""
        lines = []
        for entry in therapyViews.cohortRows(self.study, row["name"]):
            if entry["percentile"] is not None:
                patients = _("{count} patients").format(count=entry["patients"]) if entry["patients"] else _("a cohort")
                title = textCell(_("Percentile of {patients}").format(patients=patients),
                                 f"{entry['method']}\n{entry['source']}")
                lines.append([title, Cell(percentileText(entry["percentile"]))])
        return lines

    # what is shown

    def onRow(self):
        if self.study is not None and not self.isUpdating:
            self._refreshSelected()

    def showRow(self, row, column=0):
        showRegion(self.study.nodeByRole("segmentation"), self.ui.resultsTable.item(row, 0).text())

    def onChecked(self, item):
        if item.column() == 0:
            self.attempt(resultsTables.setHistogramShown, self.study, item.text(), item.checkState() == qt.Qt.Checked)

    def onView(self, _index):
        if self.study is not None and not self.isUpdating:
            # what the user chose stays, also where an earlier table comes into being
            self._shown = {selector.objectName: selector.currentData
                           for selector in (self.ui.chartSelector, self.ui.tableSelector)}
            self.shell.attempt(self.showInViews)


def _number(value, unit, uncertainty=None):
    if value is None:
        return "\N{EN DASH}"
    text = significant(value) if uncertainty is None else plusMinus(value, uncertainty)
    return f"{text} {unit}"

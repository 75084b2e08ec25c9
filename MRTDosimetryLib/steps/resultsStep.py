"""Page 7: the results of all regions."""

from slicer.i18n import tr as _

from ..report.numbers import significant
from ..workflow import results
from .base import Step
from .layouts import showChart, showRegion, showTable
from .tables import fill, numberCell, textCell


class ResultsStep(Step):
    """All numbers, the dose-volume histograms and the full table."""

    name = "results"
    uiFile = "ResultsStep.ui"
    layoutName = "results"

    def title(self):
        return _("Results")

    def help(self):
        return _("Read the absorbed doses with their uncertainty and the dose-volume histograms.")

    def computeText(self):
        return _("Collect results")

    def connectWidgets(self):
        self.ui.resultsTable.connect("cellDoubleClicked(int,int)", self.showRow)

    def mainTable(self):
        return self.ui.resultsTable

    def showInViews(self):
        showChart(self.study.nodeByRole("dvhChart"))
        showTable(self.study.nodeByRole("resultsTable"))

    def refresh(self):
        ui, rows = self.ui, results.rows(self.study)
        ui.resultsTable.setVisible(bool(rows))
        titles = [_("Region"), _("Mass\n(g)"), _("Absorbed\ndose (Gy)"), _("Per activity\n(Gy/GBq)")]
        fill(ui.resultsTable, titles, [self._cells(row) for row in rows])
        ui.resultsTable.horizontalHeaderItem(2).setToolTip(_("Mean absorbed dose, k = 1"))
        ui.resultsTable.horizontalHeaderItem(3).setToolTip(_("Absorbed dose per administered activity"))
        ui.resultsWords.text = _("Uncertainties are k = 1.") if rows else _("Nothing has been computed yet.")

    @staticmethod
    def _cells(row):
        tip = _("Volume {volume} mL").format(volume=significant(row["volumeML"]))
        return [textCell(row["name"]), numberCell(row["massG"], tip),
                numberCell(row["absorbedDoseGy"], "", row["absorbedDoseUncertaintyGy"]),
                numberCell(row["absorbedDoseCoefficientGyPerGBq"])]

    def showRow(self, row, column=0):
        showRegion(self.study.nodeByRole("segmentation"), self.ui.resultsTable.item(row, 0).text())

"""Page 6: absorbed dose map and mean absorbed doses."""

from slicer.i18n import tr as _

from ..scene import display
from ..workflow import dose, segmentation
from .base import Step
from .layouts import showRegion
from .tables import fill, numberCell, textCell


class DoseStep(Step):
    """From time-integrated activity and density to absorbed dose."""

    name = "dose"
    uiFile = "DoseStep.ui"
    layoutName = "absorbedDose"
    isForPhysician = False
    advancedWidgets = ("doseAdvanced",)

    def title(self):
        return _("Absorbed dose")

    def help(self):
        return _("Compute the absorbed dose map and each region's mean absorbed dose.")

    def computeText(self):
        return _("Compute absorbed dose")

    def connectWidgets(self):
        ui = self.ui
        self.fillSelector(ui.engineSelector, dose.engineChoices(), dose.DEFAULT_ENGINE)
        titles = {"ct": _("from the CT"), "uniform": _("uniform")}
        self.fillSelector(ui.densitySelector, [(key, titles[key]) for key in dose.DENSITIES], "ct")
        ui.engineSelector.connect("currentIndexChanged(int)", self.onChoice)
        ui.densitySelector.connect("currentIndexChanged(int)", self.onChoice)
        ui.densityBox.connect("valueChanged(double)", self.onChoice)
        ui.doseResetButton.connect("clicked()", self.onReset)
        ui.doseTable.connect("cellDoubleClicked(int,int)", self.showRow)
        ui.showDoseButton.connect("clicked()", self.onShow)

    def mainTable(self):
        return self.ui.doseTable

    def showInViews(self):
        if self.study.nodeByRole("absorbedDose") is not None:
            display.showDoseOverCT(self.study)

    def refresh(self):
        ui = self.ui
        engine, density = dose.engineOf(self.study), segmentation.densityChoice(self.study)
        self.selectData(ui.engineSelector, engine.name)
        self.selectData(ui.densitySelector, density)
        ui.densityBox.setEnabled(density == "uniform")
        ui.densityBox.value = (self.study.choice("dose") or {}).get("densityGPerML") or 0.0
        isChanged = engine.name != dose.DEFAULT_ENGINE or density != "ct"
        ui.doseResetButton.setEnabled(isChanged)
        ui.doseChanged.setVisible(isChanged)
        ui.doseChanged.text = _("Changed from the protocol: {engine}, density {density}.").format(
            engine=engine.title, density=ui.densitySelector.currentText)
        rows = dose.rows(self.study)
        ui.doseTable.setVisible(bool(rows))
        titles = [_("Region"), _("Absorbed\ndose (Gy)"), _("D50\n(Gy)"), _("BED\n(Gy)")]
        fill(ui.doseTable, titles, [self._cells(row) for row in rows])
        ui.doseTable.horizontalHeaderItem(1).setToolTip(_("Mean absorbed dose, k = 1"))
        ui.doseTable.horizontalHeaderItem(2).setToolTip(_("Absorbed dose that half of the volume receives at least"))
        ui.doseTable.horizontalHeaderItem(3).setToolTip(_("Biologically effective dose of the mean absorbed dose"))
        ui.showDoseButton.setEnabled(self.study.nodeByRole("absorbedDose") is not None)

    @staticmethod
    def _cells(row):
        bedTip = _("Not computed, see the messages") if row["bedGy"] is None else ""
        return [textCell(row["region"]),
                numberCell(row["absorbedDoseGy"], "", row["absorbedDoseUncertaintyGy"]),
                numberCell(row["dvh"]["D50Gy"]), numberCell(row["bedGy"], bedTip)]

    def showRow(self, row, column=0):
        showRegion(self.study.nodeByRole("segmentation"), self.ui.doseTable.item(row, 0).text())

    def onChoice(self, *_values):
        ui = self.ui
        self.attempt(dose.setEngine, self.study, ui.engineSelector.currentData, ui.densitySelector.currentData,
                     ui.densityBox.value or None)

    def onReset(self):
        self.attempt(dose.setEngine, self.study)

    def onShow(self):
        self.shell.attempt(lambda: display.showDoseOverCT(self.study))

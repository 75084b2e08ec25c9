"""Page 6: absorbed dose map and mean absorbed doses."""

from slicer.i18n import tr as _

from ..physics.uncertainty.budget import METHODS
from ..scene import display
from ..workflow import dose, segmentation, uncertainty
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
        methods = {"auto": _("Automatic"), "analytic": _("First order"),
                   "monteCarlo": _("Monte Carlo")}
        self.fillSelector(ui.uncertaintyMethodSelector, [(name, methods[name]) for name in METHODS], "auto")
        ui.resolutionBox.connect("valueChanged(double)", self.onResolution)
        ui.calibrationUncertaintyBox.connect("valueChanged(double)", self.onCalibrationUncertainty)
        ui.uncertaintyMethodSelector.connect("currentIndexChanged(int)", self.onUncertaintyMethod)
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
        stated = uncertainty.options(self.study)
        ui.resolutionBox.value = stated["resolutionFWHMMM"] or 0.0
        calibration = stated["calibrationRelative"]
        ui.calibrationUncertaintyBox.value = ui.calibrationUncertaintyBox.minimum if calibration is None \
            else 100.0 * calibration
        self.selectData(ui.uncertaintyMethodSelector, stated["method"])
        changes = []
        if engine.name != dose.DEFAULT_ENGINE:
            changes.append(engine.title)
        if density != "ct":
            changes.append(_("density {density}").format(density=ui.densitySelector.currentText))
        if stated["method"] != "auto":
            changes.append(_("uncertainties by {method}").format(method=ui.uncertaintyMethodSelector.currentText))
        ui.doseResetButton.setEnabled(bool(changes))
        ui.doseChanged.setVisible(bool(changes))
        ui.doseChanged.text = _("Changed from the protocol: {changes}.").format(changes="; ".join(changes))
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

    def onResolution(self, fwhmMM):
        self.attempt(uncertainty.setResolution, self.study, fwhmMM or None)

    def onCalibrationUncertainty(self, percentage):
        self.attempt(uncertainty.setStatement, self.study, "calibrationRelative",
                     None if percentage < 0 else percentage / 100.0)

    def onUncertaintyMethod(self, index):
        method = self.ui.uncertaintyMethodSelector.itemData(index)
        self.attempt(uncertainty.setStatement, self.study, "method", None if method == "auto" else method)

    def onReset(self):
        def reset(study):
            dose.setEngine(study)
            uncertainty.setStatement(study, "method", None)
        self.attempt(reset, self.study)

    def onShow(self):
        self.shell.attempt(lambda: display.showDoseOverCT(self.study))

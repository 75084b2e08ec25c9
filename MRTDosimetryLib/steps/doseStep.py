"""Page 6: absorbed dose maps by one or more engines, and each region's mean absorbed dose."""

import qt
from slicer.i18n import tr as _

from ..imaging.mapUnits import QUANTITIES
from ..physics.nuclides import PROGENY_CHOICES, nuclide
from ..physics.uncertainty.budget import METHODS
from ..report.numbers import significant
from ..workflow import dose, doseOptions, engineNodes, externalDose, segmentation, stages, uncertainty
from .base import Step
from .doseDisplay import DoseDisplay
from .layouts import showRegion
from .radiobiologyEditor import RadiobiologyEditor
from .tables import fill, numberCell, textCell

_NOT_STATED = ""
_ROW_HEIGHT = 19


class DoseStep(Step):
    """From time-integrated activity and density to absorbed dose."""

    name = "dose"
    uiFile = "DoseStep.ui"
    layoutName = "absorbedDose"
    isForPhysician = False
    isAboutAbsorbedDose = True
    advancedWidgets = ("doseAdvanced", "externalSection", "radiobiologySection", "effectSection")

    def __init__(self, shell):
        super().__init__(shell)
        self.display = DoseDisplay(self)
        self.radiobiology = RadiobiologyEditor(self)

    def title(self):
        return _("Absorbed dose")

    def help(self):
        return _("Compute the absorbed dose map and each region's mean absorbed dose.")

    def computeText(self):
        return _("Compute absorbed dose")

    def connectWidgets(self):
        ui = self.ui
        titles = {"ct": _("from the CT"), "uniform": _("uniform")}
        self.fillSelector(ui.densitySelector, [(key, titles[key]) for key in doseOptions.DENSITIES], "ct")
        methods = {"auto": _("Automatic"), "analytic": _("First order"),
                   "monteCarlo": _("Monte Carlo")}
        self.fillSelector(ui.uncertaintyMethodSelector, [(name, methods[name]) for name in METHODS], "auto")
        progeny = {"excluded": _("parent alone"), "inPlace": _("decay in place")}
        self.fillSelector(ui.progenySelector, [(_NOT_STATED, _("not stated"))] +
                          [(key, progeny[key]) for key in PROGENY_CHOICES], _NOT_STATED)
        quantities = {"absorbedDose": _("Absorbed dose"), "absorbedDoseRate": _("Absorbed-dose rate"),
                      "timeIntegratedActivity": _("Time-integrated activity")}
        self.fillSelector(ui.quantitySelector, [(key, quantities[key]) for key in QUANTITIES], "absorbedDose")
        ui.resolutionBox.connect("valueChanged(double)", self.onResolution)
        ui.calibrationUncertaintyBox.connect("valueChanged(double)", self.onCalibrationUncertainty)
        ui.uncertaintyMethodSelector.connect("currentIndexChanged(int)", self.onUncertaintyMethod)
        ui.engineSelector.connect("currentIndexChanged(int)", self.onChoice)
        ui.compareList.connect("itemChanged(QListWidgetItem*)", self.onCompare)
        ui.densitySelector.connect("currentIndexChanged(int)", self.onChoice)
        ui.densityBox.connect("valueChanged(double)", self.onChoice)
        ui.statisticsBox.connect("valueChanged(double)", self.onStatistics)
        ui.seedBox.connect("valueChanged(int)", self.onSeed)
        ui.kernelRadiusBox.connect("valueChanged(double)", self.onKernelRadius)
        ui.progenySelector.connect("currentIndexChanged(int)", self.onProgeny)
        ui.rbeBox.connect("valueChanged(double)", self.onRBE)
        ui.doseRateBox.connect("toggled(bool)", self.onDoseRate)
        ui.doseResetButton.connect("clicked()", self.onReset)
        ui.doseTable.connect("cellDoubleClicked(int,int)", self.showRow)
        ui.engineTable.connect("cellDoubleClicked(int,int)", self.showRow)
        self.display.connectWidgets()
        self.radiobiology.connectWidgets()
        ui.externalFileButton.connect("clicked()", self.onExternalFile)
        ui.externalUseButton.connect("clicked()", self.onExternalUse)
        ui.externalRemoveButton.connect("clicked()", self.onExternalRemove)

    def mainTable(self):
        return self.ui.doseTable

    def showInViews(self):
        self.display.showInViews()

    def exit(self):
        self.display.exit()

    def refresh(self):
        ui, choice = self.ui, doseOptions.stated(self.study)
        self._refreshEngines(choice)
        density = segmentation.densityChoice(self.study)
        self.selectData(ui.densitySelector, density)
        ui.densityBox.setEnabled(density == "uniform")
        ui.densityBox.value = choice["densityGPerML"] or 0.0
        stated = uncertainty.options(self.study)
        ui.resolutionBox.value = stated["resolutionFWHMMM"] or 0.0
        calibration = stated["calibrationRelative"]
        ui.calibrationUncertaintyBox.value = ui.calibrationUncertaintyBox.minimum if calibration is None \
            else 100.0 * calibration
        self.selectData(ui.uncertaintyMethodSelector, stated["method"])
        self._refreshOptions(choice)
        self._refreshChanges(choice, density, stated)
        self.radiobiology.refresh()
        self._refreshResults()

    def apply(self, progress):
        """The absorbed dose, and what it amounts to with the study's own radiobiology."""
        stages.runStale(self.study, progress, upTo="radiobiology")

    def _refreshEngines(self, choice):
        """The primary engine, and a check box for each other one; the map from elsewhere where there is one."""
        ui = self.ui
        known = [(name, title) for name, title in doseOptions.engineChoices()
                 if name != doseOptions.EXTERNAL or choice["external"]]
        primary, *others = choice["engines"]
        self.fillSelector(ui.engineSelector, known, primary)
        rest = [(name, title) for name, title in known if name != primary]
        wasBlocked = ui.compareList.blockSignals(True)
        ui.compareList.clear()
        for name, title in rest:
            item = qt.QListWidgetItem(title)
            item.setData(qt.Qt.UserRole, name)
            item.setFlags(qt.Qt.ItemIsEnabled | qt.Qt.ItemIsUserCheckable)
            item.setCheckState(qt.Qt.Checked if name in others else qt.Qt.Unchecked)
            ui.compareList.addItem(item)
        ui.compareList.setFixedHeight(_ROW_HEIGHT * max(len(rest), 1) + 4)
        ui.compareList.blockSignals(wasBlocked)
        external = choice["external"]
        ui.externalRemoveButton.setEnabled(external is not None)
        ui.externalWords.setVisible(external is not None)
        if external:
            node = self.study.nodeByRole(externalDose.ROLE)
            name = external.get("file") or (node.GetName() if node is not None else _("removed volume"))
            ui.externalWords.text = _("In use: {name}").format(name=name)

    def _refreshOptions(self, choice):
        ui, options = self.ui, choice["options"]
        carlo = options.get("monteCarlo") or {}
        ui.statisticsBox.value = 100.0 * (carlo.get("relativeUncertainty") or 0.0)
        ui.seedBox.value = carlo.get("seed", -1)
        ui.kernelRadiusBox.value = (options.get("voxelS") or {}).get("kernelRadiusMM") or 0.0
        self.selectData(ui.progenySelector, choice["progeny"] or _NOT_STATED)
        ui.rbeBox.value = choice["rbe"].get("alpha", 0.0)
        ui.doseRateBox.checked = choice["doseRateMaps"]
        isChain = self._hasProgeny() or bool(choice["progeny"] or choice["rbe"])
        for widget in (ui.progenySelectorLabel, ui.progenySelector, ui.rbeBoxLabel, ui.rbeBox):
            widget.setVisible(isChain)

    def _hasProgeny(self):
        name = self.study.choice("radionuclide")
        return name is not None and bool(nuclide(name).progeny)

    def _refreshChanges(self, choice, density, stated):
        """Mark what differs from the protocol."""
        ui, changes = self.ui, []
        if choice["engines"][0] != doseOptions.DEFAULT_ENGINE:
            changes.append(doseOptions.titleOf(choice["engines"][0]))
        if density != "ct":
            changes.append(_("density {density}").format(density=ui.densitySelector.currentText))
        if stated["method"] != "auto":
            changes.append(_("uncertainties by {method}").format(method=ui.uncertaintyMethodSelector.currentText))
        changes += [_("options of {engine}").format(engine=doseOptions.titleOf(name)) for name in choice["options"]]
        ui.doseResetButton.setEnabled(bool(changes) or len(choice["engines"]) > 1)
        ui.doseChanged.setVisible(bool(changes))
        ui.doseChanged.text = _("Changed from the protocol: {changes}.").format(changes="; ".join(changes))

    def _refreshResults(self):
        ui, rows = self.ui, dose.rows(self.study)
        ui.doseTable.setVisible(bool(rows))
        titles = [_("Region"), _("Absorbed\ndose (Gy)"), _("D50\n(Gy)"), _("BED\n(Gy)")]
        fill(ui.doseTable, titles, [self._cells(row) for row in rows])
        ui.doseTable.horizontalHeaderItem(1).setToolTip(_("Mean absorbed dose, k = 1"))
        ui.doseTable.horizontalHeaderItem(2).setToolTip(_("Absorbed dose that half of the volume receives at least"))
        ui.doseTable.horizontalHeaderItem(3).setToolTip(_("Biologically effective dose of the mean absorbed dose"))
        self.display.refresh()
        self._refreshComparison(rows, {key: name for key, _title, name in engineNodes.shownMaps(self.study)})

    def _refreshComparison(self, rows, engineOfMap):
        """The engine whose map is shown, else the first beside the primary one, against the primary one."""
        ui, engines = self.ui, dose.engines(self.study)
        others = list(engines)[1:]
        ui.engineTable.setVisible(bool(rows) and bool(others))
        if not others or not rows:
            return
        name = engineOfMap.get(ui.mapSelector.currentData) or others[0]
        titles = [engines[name]["title"], _("Absorbed\ndose (Gy)"), _("Differ-\nence (%)"), _("Gamma\npass (%)")]
        fill(ui.engineTable, titles, [self._comparisonCells(row["region"], row["engines"][name]) for row in rows])
        gamma = engines[name].get("gamma") or {}
        ui.engineTable.horizontalHeaderItem(1).setToolTip(_("Mean absorbed dose with its statistical standard error"))
        ui.engineTable.horizontalHeaderItem(2).setToolTip(_("From the primary engine"))
        ui.engineTable.horizontalHeaderItem(3).setToolTip(
            _("{percentage} % of the local absorbed dose or {distance} mm").format(
                percentage=significant(gamma.get("absorbedDosePercent") or 0.0),
                distance=significant(gamma.get("distanceMM") or 0.0)))

    @staticmethod
    def _comparisonCells(region, content):
        difference, gamma = content["differenceFromPrimaryPercent"], content["gammaPassPercent"]
        cells = [textCell(region), numberCell(content["absorbedDoseGy"], "", content["statisticalStandardErrorGy"]),
                 numberCell(difference), numberCell(gamma)]
        if difference is not None:
            cells[2].text = f"{difference:+.1f}".replace("-", "\N{MINUS SIGN}")
        if gamma is not None:
            cells[3].text = f"{gamma:.0f}"
        return cells

    @staticmethod
    def _cells(row):
        bedTip = _("Not computed, see the messages") if row["bedGy"] is None else ""
        return [textCell(row["region"]),
                numberCell(row["absorbedDoseGy"], "", row["absorbedDoseUncertaintyGy"]),
                numberCell(row["dvh"]["D50Gy"]), numberCell(row["bedGy"], bedTip)]

    def showRow(self, row, column=0):
        showRegion(self.study.nodeByRole("segmentation"), self.ui.doseTable.item(row, 0).text())

    # choices

    def onChoice(self, *_values):
        ui = self.ui
        self.attempt(doseOptions.setEngine, self.study, ui.engineSelector.currentData, ui.densitySelector.currentData,
                     ui.densityBox.value or None)

    def onCompare(self, _item):
        listing = self.ui.compareList
        items = [listing.item(row) for row in range(listing.count)]
        self.attempt(doseOptions.setComparison, self.study, [
            item.data(qt.Qt.UserRole) for item in items if item.checkState() == qt.Qt.Checked])

    def onStatistics(self, percentage):
        self.attempt(doseOptions.setEngineOption, self.study, "monteCarlo", "relativeUncertainty",
                     percentage / 100.0 or None)

    def onSeed(self, seed):
        self.attempt(doseOptions.setEngineOption, self.study, "monteCarlo", "seed", None if seed < 0 else seed)

    def onKernelRadius(self, radiusMM):
        self.attempt(doseOptions.setEngineOption, self.study, "voxelS", "kernelRadiusMM", radiusMM or None)

    def onProgeny(self, index):
        self.attempt(self._change, "progeny", self.ui.progenySelector.itemData(index) or None)

    def onRBE(self, value):
        self.attempt(self._change, "rbe", {"alpha": value} if value else None)

    def onDoseRate(self, isWanted):
        self.attempt(self._change, "doseRateMaps", isWanted or None)

    def _change(self, key, value):
        doseOptions.change(self.study, **{key: value})

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
            doseOptions.reset(study)
            uncertainty.setStatement(study, "method", None)
        self.attempt(reset, self.study)

    # map from elsewhere

    def onExternalFile(self):
        self.chooseFile(self.ui.externalFileEdit, _("Absorbed-dose map"))

    def onExternalUse(self):
        ui = self.ui
        stated = (ui.quantitySelector.currentData, ui.externalUnitEdit.text.strip(), ui.externalTimeBox.value)
        path, node = ui.externalFileEdit.text.strip(), ui.externalSelector.currentNode()
        if path:
            self.attempt(externalDose.setFile, self.study, path, *stated)
        else:
            self.attempt(externalDose.setVolume, self.study, node, *stated)

    def onExternalRemove(self):
        self.attempt(externalDose.remove, self.study)

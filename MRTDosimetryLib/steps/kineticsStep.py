"""Page 5: time-activity curves and their fits."""

from slicer.i18n import tr as _

from ..errors import InputError
from ..report.numbers import percent, significant
from ..workflow import excludedPoints, kinetics, kineticsCharts, kineticsOptions, spokenKeys
from ..workflow.timePoints import includedTimePoints
from . import icons
from .base import Step
from .curvePoints import CurvePoints
from .curveStatements import CurveStatements
from .layouts import showChart, showRegion
from .tables import fill, numberCell, shortened, textCell

_DEFAULT_MODEL = "auto"
# Characters that fit beside the numbers in the narrowest panel.
_LONGEST_MODEL, _LONGEST_SOURCE = 17, 44
_AS_ALL = ""
_OWN = ""
# How a population is described -> its center and its spread.
_FORMS = {"median": ("medianHours", "geometricSD"), "mean": ("meanHours", "sdHours"),
          "earlier": ("effectiveHalfLifeHours", "standardErrorHours")}
_EARLIER = "earlier"


class KineticsStep(Step):
    """One fit per region."""

    name = "kinetics"
    uiFile = "KineticsStep.ui"
    layoutName = "curves"
    needsPackages = True
    isForPhysician = False
    advancedWidgets = ("kineticsAdvanced",)

    def title(self):
        return _("Kinetics")

    def help(self):
        return _("Fit the activity of each region over time and integrate it.")

    def computeText(self):
        return _("Fit curves")

    def connectWidgets(self):
        ui = self.ui
        self.fillSelector(ui.modelSelector, kineticsOptions.modelNames(), _DEFAULT_MODEL)
        self.fillSelector(ui.regionModelSelector, [(_AS_ALL, _("As all regions")), *kineticsOptions.modelNames()],
                          _AS_ALL)
        forms = {"median": _("Median, geom. SD"), "mean": _("Mean, SD"), _EARLIER: _("Earlier cycle, u")}
        self.fillSelector(ui.populationFormSelector, list(forms.items()), "median")
        ui.modelSelector.connect("currentIndexChanged(int)", self.onModel)
        ui.regionModelSelector.connect("currentIndexChanged(int)", self.onRegionModel)
        ui.activityUncertaintyBox.connect("valueChanged(double)", self.onActivityUncertainty)
        ui.perVoxelBox.connect("toggled(bool)", self.onPerVoxel)
        ui.populationTableSelector.connect("currentIndexChanged(int)", self.onPopulationTable)
        ui.populationFormSelector.connect("currentIndexChanged(int)", self.onPopulationForm)
        ui.populationButton.connect("clicked()", self.onPopulation)
        ui.kineticsResetButton.connect("clicked()", self.onReset)
        ui.kineticsTable.connect("itemSelectionChanged()", self.onSelection)
        ui.regionChartBox.connect("toggled(bool)", self.onRegionChart)
        ui.logScaleBox.connect("toggled(bool)", self.onLogScale)
        self.statements = CurveStatements(self)
        self.statements.connectWidgets()
        self.points = CurvePoints(self)
        self.points.connectWidgets()
        # unfolding shows all that is inside, also what the model has no use for
        ui.kineticsAdvanced.connect("contentsCollapsed(bool)", self.onFolded)
        ui.kineticsTable.connect("cellDoubleClicked(int,int)", self.showRow)
        ui.halfLifeButton.connect("clicked()", self.onHalfLife)

    def mainTable(self):
        return self.ui.kineticsTable

    def showInViews(self):
        self._showChart()

    def refresh(self):
        ui, options = self.ui, kineticsOptions.options(self.study)
        self.selectData(ui.modelSelector, options["model"])
        titles = dict(kineticsOptions.modelNames())
        changes = self._changes(options, titles)
        ui.kineticsResetButton.setEnabled(bool(changes))
        ui.kineticsChanged.setVisible(bool(changes))
        ui.kineticsChanged.text = _("Changed from the protocol: {changes}.").format(changes="; ".join(changes))
        ui.activityUncertaintyBox.value = 100.0 * (options["relativeActivityUncertainty"] or 0.0)
        ui.perVoxelBox.checked = options["perVoxel"]
        rows = kinetics.rows(self.study)
        ui.kineticsTable.setVisible(bool(rows))
        columns = [_("Region"), _("Model"), _("T eff.\n(h)"), _("TIA\n(MBq h)")]
        fill(ui.kineticsTable, columns, [self._cells(row, options, titles) for row in rows])
        ui.kineticsTable.horizontalHeaderItem(2).setToolTip(_("Effective half-life of the last phase"))
        ui.kineticsTable.horizontalHeaderItem(3).setToolTip(
            _("Time-integrated activity; \N{PLUS-MINUS SIGN} is k = 1 of the fit alone, the results add the "
              "volume and the calibration"))
        if rows and ui.kineticsTable.currentRow() < 0:
            ui.kineticsTable.setCurrentCell(0, 0)
        scans = len(includedTimePoints(self.study))
        # the shortest curve, where points are excluded
        points = min(excludedPoints.counts(self.study, [row["region"] for row in rows]).values(), default=scans)
        ui.halfLifeWidget.setVisible(points == 1)
        ui.perVoxelBox.setVisible(scans != 1 or options["perVoxel"])
        isPriorOfUse = 0 < points <= kineticsOptions.MOST_POINTS_OF_PRIOR
        ui.populationWidget.setVisible(isPriorOfUse)
        ui.halfLifeProvenance.setVisible(isPriorOfUse and bool(rows))
        for box in (ui.regionChartBox, ui.logScaleBox):
            box.setVisible(any(row["model"] for row in rows))
        ui.logScaleBox.checked = kineticsCharts.isLogScale(self.study)
        self._refreshSelected()

    @staticmethod
    def _changes(options, titles):
        """What differs from the protocol, in words."""
        changes = []
        if options["model"] != _DEFAULT_MODEL:
            changes.append(_("model {name}").format(name=titles[options["model"]]))
        changes += [_("{region}: {name}").format(region=region, name=titles[name])
                    for region, name in options["regionModels"].items()]
        changes += [_("{region}: parameters fixed or bounded").format(region=region)
                    for region in sorted({*options["fixed"], *options["bounds"]})]
        changes += [_("{parameters} shared by {regions}").format(
            parameters=", ".join(group["parameters"]), regions=", ".join(group["regions"]))
            for group in options["shared"]]
        if options["trapezoid"]:
            changes.append(_("ends of the trapezoid"))
        if options["lateForm"]:
            changes.append(_("form of the late point"))
        changes += [_("{region}: {times} h excluded").format(region=region, times=" h, ".join(
            significant(entry["hoursAfterAdministration"]) for entry in entries))
                    for region, entries in options["excludedPoints"].items()]
        if options["perVoxel"]:
            changes.append(_("fits per voxel"))
        return changes

    @staticmethod
    def _cells(row, options, titles):
        icon = icons.icon("warning") if row["warnings"] else None
        stated = options["effectiveHalfLifeHours"].get(row["region"])
        halfLife, halfLifeTip = row["effectiveHalfLifeHours"], ""
        if stated:
            halfLife = halfLife or stated["hours"]
            halfLifeTip = _("Stated, from: {source}").format(source=stated["source"])
        tip, title = "", titles.get(row["model"], "")
        if row["extrapolatedFraction"] is not None:
            tip = _("{share} of it is extrapolated").format(share=percent(row["extrapolatedFraction"]))
        return [textCell(row["region"], "\n".join([row["region"], *row["warnings"]]), icon),
                textCell(shortened(title, _LONGEST_MODEL), title), numberCell(halfLife, halfLifeTip),
                numberCell(row["timeIntegratedActivityMBqH"], tip, row["timeIntegratedActivityUncertaintyMBqH"])]

    def selectedRegion(self):
        """Name of the region of the selected row, or None."""
        table = self.ui.kineticsTable
        row = self.selected(table)
        return table.item(row, 0).text() if row >= 0 else None

    def _refreshSelected(self):
        """Show what is stated for the selected region, without answering to it."""
        if self.study is None:
            return
        wasUpdating, self.isUpdating = self.isUpdating, True
        try:
            self._showStatements(self.selectedRegion())
        finally:
            self.isUpdating = wasUpdating

    def _showStatements(self, region):
        ui, options = self.ui, kineticsOptions.options(self.study)
        for widget in (ui.halfLifeButton, ui.populationButton, ui.regionModelSelector):
            widget.setEnabled(region is not None)
        points = len(includedTimePoints(self.study)) if region is None else \
            excludedPoints.counts(self.study, [region])[region]
        fitted = next((row["model"] for row in kinetics.rows(self.study) if row["region"] == region), None)
        self.statements.show(region, options, points, fitted)
        self.points.show(region, options)
        self.selectData(ui.regionModelSelector, options["regionModels"].get(region, _AS_ALL))
        stated = options["effectiveHalfLifeHours"].get(region) or {}
        ui.halfLifeBox.value = stated.get("hours", 0.0)
        ui.halfLifeUncertaintyBox.value = 100.0 * (stated.get("relativeUncertainty") or 0.0)
        ui.halfLifeSourceEdit.text = stated.get("source", "")
        prior, key = (None, "") if region is None else kineticsOptions.statedPrior(self.study, region)
        table = kineticsOptions.tabulatedHalfLives(self.study)
        choices = [(self._tableKey(entry), _("{tracer}, {tissue}, from the table").format(**entry)) for entry in table]
        current = self._tableKey(prior) if prior in table else _OWN
        self.fillSelector(ui.populationTableSelector, [(_OWN, _("Own value")), *choices], current)
        earlier = options["earlierCycle"].get(region)
        self._showPrior(earlier if current == _OWN and earlier else prior)
        text, source = ("", "") if region is None else self._provenance(region, options, stated, prior, key)
        ui.halfLifeProvenance.text = text
        ui.halfLifeProvenance.toolTip = source

    @staticmethod
    def _tableKey(entry):
        return f"{entry['tracer']}|{entry['tissue']}"

    def _showPrior(self, prior):
        """Fill the fields of the population half-life; those of the table cannot be edited."""
        ui = self.ui
        isOwn = ui.populationTableSelector.currentData == _OWN
        if not isOwn:
            resolved = kineticsOptions.resolvedPrior(self.study, prior)
            prior = {"medianHours": resolved.medianHours, "geometricSD": resolved.geometricSD,
                     "source": resolved.source}
        prior = prior or {}
        form = next((name for name, (center, _spread) in _FORMS.items() if center in prior), "median")
        self.selectData(ui.populationFormSelector, form)
        center, spread = _FORMS[form]
        self._nameSpread(form)
        ui.populationCenterBox.value = prior.get(center, 0.0)
        ui.populationSpreadBox.value = prior.get(spread, 0.0)
        ui.populationSourceEdit.text = prior.get("source", "")
        for widget in (ui.populationFormSelector, ui.populationCenterBox, ui.populationSpreadBox,
                       ui.populationSourceEdit):
            widget.setEnabled(isOwn)

    def _nameSpread(self, form):
        ui = self.ui
        centers = {"median": _("no median"), "mean": _("no mean"), _EARLIER: _("no half-life")}
        spreads = {"median": _("no geometric SD"), "mean": _("no SD"), _EARLIER: _("no uncertainty")}
        ui.populationCenterBox.specialValueText = centers[form]
        ui.populationSpreadBox.specialValueText = spreads[form]
        ui.populationSpreadBox.suffix = "" if form == "median" else " h"

    def _provenance(self, region, options, stated, prior, key):
        """Where the half-life of the selected region comes from: one sentence, and the source in full."""
        if stated and excludedPoints.counts(self.study, [region])[region] == 1:
            words, source = _("effective half-life {hours} h").format(hours=significant(stated["hours"])), \
                stated["source"]
        elif region in options["hybrid"]:
            words, source = _("course in time by a planar series"), options["hybrid"][region]["source"]
        elif region in options["earlierCycle"]:
            earlier = options["earlierCycle"][region]
            words, source = _("effective half-life {hours} h of an earlier cycle").format(
                hours=significant(earlier["effectiveHalfLifeHours"])), earlier.get("source", _("source not stated"))
        elif prior is not None:
            try:
                resolved = kineticsOptions.resolvedPrior(self.study, prior)
            except InputError as error:  # the radionuclide changed since
                return spokenKeys.spoken(str(error)), ""
            words, source = _("population half-life, median {hours} h, geometric SD {spread}").format(
                hours=significant(resolved.medianHours), spread=significant(resolved.geometricSD)), resolved.source
            if key != region:
                words += _(", stated for {key}").format(key=key)
        elif kineticsOptions.chosenModel(self.study, region) == kineticsOptions.LATE:
            return _("{region}: no half-life is needed.").format(region=region), ""
        else:
            return _("{region}: no half-life is stated.").format(region=region), ""
        return _("{region}: {words} ({source}).").format(
            region=region, words=words, source=shortened(source, _LONGEST_SOURCE)), source

    def showRow(self, row, column=0):
        showRegion(self.study.nodeByRole("segmentation"), self.ui.kineticsTable.item(row, 0).text())

    def _showChart(self):
        """The chart of all regions, or of the selected one, in the plot view."""
        if self.study is None:
            return
        node = kinetics.showRegion(self.study, self.selectedRegion()) if self.ui.regionChartBox.checked else None
        showChart(node or self.study.nodeByRole("timeActivityChart"))

    def onSelection(self):
        self._refreshSelected()
        if self.ui.regionChartBox.checked and not self.isUpdating:
            self._showChart()

    def onFolded(self, isFolded):
        if not isFolded and self.study is not None and not self.isUpdating:
            self.update()

    def onRegionChart(self, _isAlone):
        if not self.isUpdating:
            self._showChart()

    def onLogScale(self, isLogarithmic):
        self.attempt(self._setLogScale, isLogarithmic)

    def _setLogScale(self, isLogarithmic):
        kinetics.setLogScale(self.study, isLogarithmic)
        self._showChart()

    def onModel(self, index):
        self.attempt(kineticsOptions.setModel, self.study, self.ui.modelSelector.itemData(index))

    def onRegionModel(self, index):
        name = self.ui.regionModelSelector.itemData(index)
        self.attempt(kineticsOptions.setRegionModel, self.study, self.selectedRegion(), name or None)

    def onPerVoxel(self, isPerVoxel):
        self.attempt(kineticsOptions.setPerVoxel, self.study, isPerVoxel)

    def onActivityUncertainty(self, percentage):
        self.attempt(kineticsOptions.setRelativeActivityUncertainty, self.study, percentage / 100.0 or None)

    def onReset(self):
        self.attempt(kineticsOptions.resetModels, self.study)

    def onHalfLife(self):
        ui = self.ui
        source = ui.halfLifeSourceEdit.text.strip() or "user"
        self.attempt(kineticsOptions.setEffectiveHalfLife, self.study, self.selectedRegion(),
                     ui.halfLifeBox.value or None, source, ui.halfLifeUncertaintyBox.value / 100.0 or None)

    def onPopulationTable(self, _index):
        if not self.isUpdating:
            self._showPrior(self._tablePrior())

    def onPopulationForm(self, index):
        if not self.isUpdating:
            self._nameSpread(self.ui.populationFormSelector.itemData(index))

    def onPopulation(self):
        ui = self.ui
        prior, form, region = self._tablePrior(), ui.populationFormSelector.currentData, self.selectedRegion()
        if prior is None and ui.populationCenterBox.value > 0:
            center, spread = _FORMS[form]
            prior = {center: ui.populationCenterBox.value, spread: ui.populationSpreadBox.value}
            source = ui.populationSourceEdit.text.strip()
            if source or form != _EARLIER:
                prior["source"] = source
            if form == _EARLIER:
                self.attempt(kineticsOptions.setEarlierCycle, self.study, region, prior)
                if kineticsOptions.options(self.study)["earlierCycle"].get(region) != prior:
                    self._showPrior(prior)
                return
        if form == _EARLIER and prior is None:
            self.attempt(kineticsOptions.setEarlierCycle, self.study, region, None)
            return
        self.attempt(kineticsOptions.setPopulationHalfLife, self.study, region, prior)
        if prior is not None and kineticsOptions.statedPrior(self.study, region)[0] != prior:
            self._showPrior(prior)  # refused: what was typed stays, to be mended

    def _tablePrior(self):
        """The chosen entry of the table, or None for an own value."""
        chosen = self.ui.populationTableSelector.currentData
        return next((entry for entry in kineticsOptions.tabulatedHalfLives(self.study)
                     if self._tableKey(entry) == chosen), None)

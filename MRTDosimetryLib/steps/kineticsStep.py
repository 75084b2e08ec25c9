"""Page 5: time-activity curves and their fits."""

from slicer.i18n import tr as _

from ..report.numbers import percent
from ..workflow import kinetics
from ..workflow.timePoints import includedTimePoints
from . import icons
from .base import Step
from .layouts import showChart, showRegion
from .tables import fill, numberCell, textCell

_DEFAULT_MODEL = "auto"


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
        self.fillSelector(ui.modelSelector, kinetics.modelNames(), _DEFAULT_MODEL)
        ui.modelSelector.connect("currentIndexChanged(int)", self.onModel)
        ui.kineticsResetButton.connect("clicked()", self.onReset)
        ui.kineticsTable.connect("itemSelectionChanged()", self._refreshSelected)
        ui.kineticsTable.connect("cellDoubleClicked(int,int)", self.showRow)
        ui.halfLifeButton.connect("clicked()", self.onHalfLife)

    def mainTable(self):
        return self.ui.kineticsTable

    def showInViews(self):
        showChart(self.study.nodeByRole("timeActivityChart"))

    def refresh(self):
        ui, options = self.ui, kinetics.options(self.study)
        self.selectData(ui.modelSelector, options["model"])
        titles = dict(kinetics.modelNames())
        isChanged = options["model"] != _DEFAULT_MODEL
        ui.kineticsResetButton.setEnabled(isChanged)
        ui.kineticsChanged.setVisible(isChanged)
        ui.kineticsChanged.text = _("Changed from the protocol: model {name}.").format(
            name=titles[options["model"]])
        rows = kinetics.rows(self.study)
        ui.kineticsTable.setVisible(bool(rows))
        columns = [_("Region"), _("Model"), _("T eff.\n(h)"), _("TIA\n(MBq h)")]
        fill(ui.kineticsTable, columns, [self._cells(row, options, titles) for row in rows])
        ui.kineticsTable.horizontalHeaderItem(2).setToolTip(_("Effective half-life of the last phase"))
        ui.kineticsTable.horizontalHeaderItem(3).setToolTip(_("Time-integrated activity, k = 1"))
        if rows and ui.kineticsTable.currentRow() < 0:
            ui.kineticsTable.setCurrentCell(0, 0)
        ui.halfLifeWidget.setVisible(len(includedTimePoints(self.study)) == 1)
        self._refreshSelected()

    @staticmethod
    def _cells(row, options, titles):
        icon = icons.icon("warning") if row["warnings"] else None
        stated = options["effectiveHalfLifeHours"].get(row["region"])
        halfLife, halfLifeTip = row["effectiveHalfLifeHours"], ""
        if stated:
            halfLife = halfLife or stated["hours"]
            halfLifeTip = _("Stated, from: {source}").format(source=stated["source"])
        tip = ""
        if row["extrapolatedFraction"] is not None:
            tip = _("{share} of it is extrapolated").format(share=percent(row["extrapolatedFraction"]))
        return [textCell(row["region"], "\n".join([row["region"], *row["warnings"]]), icon),
                textCell(titles.get(row["model"], "")), numberCell(halfLife, halfLifeTip),
                numberCell(row["timeIntegratedActivityMBqH"], tip, row["timeIntegratedActivityUncertaintyMBqH"])]

    def _selectedRegion(self):
        table = self.ui.kineticsTable
        row = self.selected(table)
        return table.item(row, 0).text() if row >= 0 else None

    def _refreshSelected(self):
        region = self._selectedRegion()
        self.ui.halfLifeButton.setEnabled(region is not None)
        stated = kinetics.options(self.study)["effectiveHalfLifeHours"].get(region) if self.study is not None else None
        self.ui.halfLifeBox.value = stated["hours"] if stated else 0.0
        self.ui.halfLifeSourceEdit.text = stated["source"] if stated else ""

    def showRow(self, row, column=0):
        showRegion(self.study.nodeByRole("segmentation"), self.ui.kineticsTable.item(row, 0).text())

    def onModel(self, index):
        self.attempt(kinetics.setModel, self.study, self.ui.modelSelector.itemData(index))

    def onReset(self):
        self.attempt(kinetics.setModel, self.study, _DEFAULT_MODEL)

    def onHalfLife(self):
        ui = self.ui
        source = ui.halfLifeSourceEdit.text.strip() or "user"
        self.attempt(kinetics.setEffectiveHalfLife, self.study, self._selectedRegion(), ui.halfLifeBox.value or None,
                     source)

"""The selected region's curve on the kinetics page: its points, which the user may exclude, and its models."""

import qt
from slicer.i18n import tr as _

from ..errors import InputError
from ..physics.kinetics.result import EXTRAPOLATION_WARNING
from ..report import candidateTables
from ..report.numbers import percent, signed, significant
from ..workflow import excludedPoints, kineticsOptions, regionCurve
from . import icons
from .pagePart import PagePart
from .tables import Cell, fill, numberCell, shortened, textCell

_LONGEST_MODEL = 20


class CurvePoints(PagePart):
    """The folded section with the points and the candidates of the selected region."""

    def __init__(self, page):
        super().__init__(page)
        self._region = None
        self._isTyped = False

    def connectWidgets(self):
        ui = self.ui
        ui.pointsTable.connect("itemChanged(QTableWidgetItem*)", self.onChecked)
        ui.pointsTable.connect("itemSelectionChanged()", self.onPoint)
        ui.exclusionReasonEdit.connect("textEdited(QString)", self.onTyped)
        ui.exclusionReasonEdit.connect("returnPressed()", self.onReason)
        ui.applyToAllButton.connect("clicked()", self.onApplyToAll)

    def show(self, region, options):
        """Show the curve of a region; ``None`` for no region."""
        ui, rows = self.ui, [] if region is None else regionCurve.pointRows(self.study, region)
        if region != self._region:  # what was typed belongs to the other region
            self._region, self._isTyped = region, False
            ui.exclusionReasonEdit.text = ""
        ui.curveSection.setVisible(bool(rows))
        ui.curveSection.text = _("Points and models: {region}").format(region=region or "")
        own = {name for name in options["regionModels"] if name != kineticsOptions.REMAINDER}
        ui.applyToAllButton.setEnabled(region is not None and bool(own))
        self._showExtrapolated(region)
        self._showPoints(rows)
        self._showCandidates([] if region is None else regionCurve.candidates(self.study, region), region)

    def _showExtrapolated(self, region):
        shares = None if region is None else regionCurve.extrapolation(self.study, region)
        label = self.ui.extrapolatedLabel
        label.setVisible(shares is not None)
        if shares is None:
            return
        words = _("{region}: {share} of the time-integrated activity is extrapolated ({before} before the first, "
                  "{after} after the last point)").format(
                      region=region, share=percent(sum(shares)), before=percent(shares[0]), after=percent(shares[1]))
        isMuch = sum(shares) > EXTRAPOLATION_WARNING
        label.text = _("{words}, more than {limit}.").format(
            words=words, limit=percent(EXTRAPOLATION_WARNING)) if isMuch else words + "."

    def _showPoints(self, rows):
        table = self.ui.pointsTable
        fill(table, [_("Time\n(h)"), _("Measured\n(MBq)"), _("Fit\n(MBq)"), _("Residual\n(u)")],
             [self._pointCells(row) for row in rows])
        wasBlocked = table.blockSignals(True)
        for number, row in enumerate(rows):
            item = table.item(number, 0)
            item.setFlags(qt.Qt.ItemIsEnabled | qt.Qt.ItemIsSelectable | qt.Qt.ItemIsUserCheckable)
            item.setCheckState(qt.Qt.Checked if row["reason"] is None else qt.Qt.Unchecked)
        table.blockSignals(wasBlocked)
        table.horizontalHeaderItem(0).setToolTip(_("After administration; ticked points are fitted"))
        table.horizontalHeaderItem(3).setToolTip(
            _("Measured \N{MINUS SIGN} fit, in standard uncertainties (k = 1) of the measured activity"))
        if not self._isTyped:
            self._showReason()

    @staticmethod
    def _pointCells(row):
        reason, residual = row["reason"], row["residualMBq"]
        tip = row["label"] if reason is None else _("{label}, excluded: {reason}").format(
            label=row["label"], reason=reason)
        residualTip = "" if residual is None else _("{value} MBq").format(value=signed(residual))
        last = numberCell(None, residualTip)
        if reason is not None:
            last = Cell(_("excluded"), reason)
        elif row["residualInU"] is not None:
            last = Cell(_twoDecimals(row["residualInU"]), residualTip)
        return [textCell(significant(row["timeHours"]), tip),
                numberCell(row["activityMBq"], "", row["uncertaintyMBq"]), numberCell(row["fittedMBq"]), last]

    def _showCandidates(self, candidates, region):
        ui = self.ui
        tried = [row for row in candidates if row.get("timeIntegratedActivityMBqH") is not None]
        ui.candidatesTable.setVisible(bool(tried))
        fill(ui.candidatesTable, [_("Model"), _("AICc"), _("Weight"), _("TIA\n(MBq h)")],
             [self._candidateCells(row) for row in tried])
        ui.candidatesTable.horizontalHeaderItem(2).setToolTip(_("Akaike weight"))
        ui.candidatesTable.horizontalHeaderItem(3).setToolTip(_("Time-integrated activity, k = 1"))
        others = len(candidates) - len(tried)
        ui.candidateWords.setVisible(others > 0)
        ui.candidateWords.text = _("Models not fitted: {count}.").format(count=others)
        ui.candidateWords.toolTip = "\n".join(candidateTables.notes(
            [{"name": region, "fit": {"candidates": candidates}}])) if others else ""

    @staticmethod
    def _candidateCells(row):
        title = row.get("title") or row["model"]
        weight, aicc = row.get("akaikeWeight"), row.get("aicc")
        return [textCell(shortened(title, _LONGEST_MODEL), f"{title}: {row['reason']}",
                         icons.icon("done") if row["isChosen"] else None),
                numberCell(None) if aicc is None else Cell(f"{aicc:.1f}".replace("-", "\N{MINUS SIGN}")),
                numberCell(None) if weight is None else Cell(percent(weight)),
                numberCell(row["timeIntegratedActivityMBqH"], "", row.get("timeIntegratedActivityUncertaintyMBqH"))]

    # excluding

    def _selectedPoint(self):
        rows = [] if self._region is None else regionCurve.pointRows(self.study, self._region)
        number = self.page.selected(self.ui.pointsTable)
        return rows[number] if 0 <= number < len(rows) else None

    def _showReason(self):
        """The reason of the selected point; what is typed stays for a point without one."""
        edit, row = self.ui.exclusionReasonEdit, self._selectedPoint()
        shown = "" if row is None else row["reason"] or ""
        if shown or not self._isTyped:
            edit.text, self._isTyped = shown, False
        edit.placeholderText = _("reason to exclude a point") if row is None else _(
            "reason to exclude {label}, then Enter").format(label=row["label"])

    def onPoint(self):
        if self.study is not None and not self.page.isUpdating:
            self._showReason()

    def onTyped(self, _text):
        self._isTyped = True

    def onChecked(self, item):
        """A point without its tick is taken once there is a reason."""
        if item.column() != 0 or self.page.isUpdating:
            return
        row, isFitted = item.row(), item.checkState() == qt.Qt.Checked
        self.ui.pointsTable.setCurrentCell(row, 0)
        timeHours = regionCurve.pointRows(self.study, self._region)[row]["timeHours"]
        if isFitted:
            self.page.attempt(excludedPoints.setExcluded, self.study, self._region, timeHours, None)
        else:
            self.page.attempt(self._exclude, timeHours)

    def onReason(self):
        row = self._selectedPoint()
        if row is None:
            self.page.attempt(self._requirePoint)
        else:
            self.page.attempt(self._exclude, row["timeHours"])

    def _requirePoint(self):
        raise InputError(_("No point is selected"), self._region or "", _("Select the point to exclude"))

    def _exclude(self, timeHours):
        edit = self.ui.exclusionReasonEdit
        reason = edit.text.strip()
        if not reason:
            edit.setFocus()
            raise InputError(_("The point at {hours} h stays until there is a reason").format(
                hours=significant(timeHours)), self._region, _("Type the reason under the points, then press Enter"))
        excludedPoints.setExcluded(self.study, self._region, timeHours, reason)
        self._isTyped = False

    def onApplyToAll(self):
        self.page.attempt(kineticsOptions.applyModelToAll, self.study, self._region)


def _twoDecimals(value):
    """Signed, but nothing has no sign."""
    text = f"{value:+.2f}"
    return "0.00" if float(text) == 0.0 else text.replace("-", "\N{MINUS SIGN}")

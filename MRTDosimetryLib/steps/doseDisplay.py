"""Part of page 6: which map the views show, its colors, isodoses and maximum."""

import qt
from slicer.i18n import tr as _

from ..report.numbers import significant
from ..scene import maximumMarker
from ..workflow import doseDisplay, engineNodes
from . import icons
from .layouts import showPoint
from .pagePart import PagePart
from .tables import Cell, asNumber, fill, numberCell


class DoseDisplay(PagePart):
    """What is seen of the absorbed dose. Nothing here changes a result."""

    def __init__(self, page):
        super().__init__(page)
        self._levelsGy = []

    def connectWidgets(self):
        ui = self.ui
        self.page.fillSelector(ui.thresholdUnitSelector, [
            (doseDisplay.PERCENT, _("% of the end")), (doseDisplay.GRAY, _("Gy"))], doseDisplay.PERCENT)
        ui.mapSelector.connect("currentIndexChanged(int)", self.onMap)
        ui.showDoseButton.connect("clicked()", self.onShow)
        ui.opacitySlider.connect("valueChanged(int)", self.onOpacity)
        ui.linesBox.connect("toggled(bool)", lambda isShown: self._change(isodoseLines=isShown))
        ui.surfacesBox.connect("toggled(bool)", lambda isShown: self._change(isodoseSurfaces=isShown))
        ui.maximumBox.connect("toggled(bool)", lambda isShown: self._change(maximumMarker=isShown))
        ui.maximumButton.connect("clicked()", self.onMaximum)
        ui.upperEndBox.connect("valueChanged(double)", lambda value: self._change(maximumGy=value or None))
        ui.thresholdBox.connect("valueChanged(double)", lambda value: self._change(threshold=value))
        ui.thresholdUnitSelector.connect("currentIndexChanged(int)", self.onThresholdUnit)
        ui.isodoseTable.connect("itemChanged(QTableWidgetItem*)", self.onLevelEdited)
        ui.levelAddButton.connect("clicked()", self.onLevelAdded)
        ui.levelRemoveButton.connect("clicked()", self.onLevelRemoved)
        ui.displaySection.connect("contentsCollapsed(bool)", self.onFolded)
        ui.displayResetButton.connect("clicked()", lambda: self.page.attempt(self._reset))

    def showInViews(self):
        doseDisplay.show(self.study)

    def exit(self):
        doseDisplay.hide(self.study)

    # showing

    def refresh(self):
        ui, stated = self.ui, doseDisplay.settings(self.study)
        maps = engineNodes.shownMaps(self.study)
        self.page.fillSelector(ui.mapSelector, [(key, title) for key, title, _name in maps],
                               doseDisplay.shownKey(self.study))
        for widget in (ui.mapSelector, ui.showDoseButton, ui.opacityLabel, ui.opacitySlider, ui.opacityWords,
                       ui.linesBox, ui.surfacesBox, ui.maximumBox, ui.maximumButton, ui.displaySection):
            widget.setVisible(bool(maps))
        self._followTheMap()
        if not maps:
            return
        percent = round(100 * stated["opacity"])
        ui.opacitySlider.value = percent
        ui.opacityWords.text = _("{percent} %").format(percent=percent)
        ui.linesBox.checked = stated["isodoseLines"]
        ui.surfacesBox.checked = stated["isodoseSurfaces"]
        ui.maximumBox.checked = stated["maximumMarker"]
        self._refreshRange(stated)
        self._refreshLevels(stated)
        ui.displayResetButton.setEnabled(any(
            stated[key] != value for key, value in doseDisplay.DEFAULTS.items() if key != "map"))

    def _followTheMap(self):
        """When somebody removed the map that was shown, its marker goes, and the next map is shown."""
        page = self.page
        isInFront = page.shell.isEntered and page.shell.step is page
        hasMarker = maximumMarker.markerNode(self.study) is not None
        if isInFront and hasMarker and maximumMarker.markedMap(self.study) is None:
            self.showInViews()

    def _refreshRange(self, stated):
        ui, shown = self.ui, doseDisplay.shownRange(self.study)
        ui.upperEndBox.setEnabled(shown.isAbsorbedDose)
        automatic = _("automatic")
        if shown.isAbsorbedDose and stated["maximumGy"] is None:
            automatic = _("automatic: {end} Gy").format(end=significant(shown.maximum))
        ui.upperEndBox.specialValueText = automatic
        ui.upperEndBox.value = stated["maximumGy"] or 0.0
        ui.thresholdBox.decimals = 1 if stated["thresholdUnit"] == doseDisplay.PERCENT else 3
        ui.thresholdBox.value = stated["threshold"]
        self.page.selectData(ui.thresholdUnitSelector, stated["thresholdUnit"])
        for widget in (ui.thresholdBox, ui.thresholdUnitSelector):
            widget.setEnabled(shown.threshold is not None)

    def _refreshLevels(self, stated):
        """The list of levels; surfaces are made when the list or the lines are to be seen."""
        ui = self.ui
        isWanted = not ui.displaySection.collapsed or stated["isodoseLines"] or stated["isodoseSurfaces"]
        rows = doseDisplay.isodoseRows(self.study) if isWanted else []
        self._levelsGy = [row["levelGy"] for row in rows]
        fill(ui.isodoseTable, [_("Isodose (Gy)"), _("Volume inside (mL)")], [
            [Cell(f"{row['levelGy']:g}", _("Edit to change the level"), _swatch(row["color"])),
             numberCell(row["volumeML"], _("Nowhere reached") if row["color"] is None else "")] for row in rows])
        wasBlocked = ui.isodoseTable.blockSignals(True)
        for row in range(len(rows)):
            volume = ui.isodoseTable.item(row, 1)
            volume.setFlags(qt.Qt.ItemIsEnabled | qt.Qt.ItemIsSelectable)
        ui.isodoseTable.blockSignals(wasBlocked)
        title = next((title for key, title, _name in engineNodes.shownMaps(self.study)
                      if engineNodes.nodeOf(self.study, key) is doseDisplay.isodoseNode(self.study)), "")
        ui.isodoseWords.text = _("Isodoses of: {map}. The report has the round levels of the primary map.").format(
            map=title)
        ui.levelRemoveButton.setEnabled(len(rows) > 1)

    # choices

    def onMap(self, index):
        self._change(map=self.ui.mapSelector.itemData(index))

    def onShow(self):
        self.page.attempt(self.showInViews)

    def onOpacity(self, percent):
        self._change(opacity=percent / 100.0)

    def onThresholdUnit(self, index):
        """The same threshold in the other unit."""
        unit = self.ui.thresholdUnitSelector.itemData(index)
        if not self.page.isUpdating:
            self.page.attempt(self._changeUnit, unit)

    def _changeUnit(self, unit):
        stated = doseDisplay.settings(self.study)
        if unit == stated["thresholdUnit"]:
            return
        endGy = doseDisplay.absorbedDoseEndGy(self.study)
        factor = endGy / 100.0 if unit == doseDisplay.GRAY else 100.0 / endGy
        self._apply({"threshold": float(f"{stated['threshold'] * factor:.3g}"), "thresholdUnit": unit})

    def onFolded(self, isCollapsed):
        if not isCollapsed and self.study is not None:
            self.page.update()

    def onMaximum(self):
        position = doseDisplay.maximumRAS(self.study)
        if position is not None:
            showPoint(position)

    def onLevelEdited(self, item):
        if self.page.isUpdating or item.column() != 0:
            return
        levels = list(self._levelsGy)
        levels[item.row()] = asNumber(item.text())
        self._change(isodoseLevelsGy=levels)

    def onLevelAdded(self):
        self._change(isodoseLevelsGy=[*self._levelsGy, self.ui.levelBox.value])

    def onLevelRemoved(self):
        row = self.page.selected(self.ui.isodoseTable)
        if 0 <= row < len(self._levelsGy):
            self._change(isodoseLevelsGy=[level for place, level in enumerate(self._levelsGy) if place != row])

    def _change(self, **values):
        self.page.attempt(self._apply, values)

    def _apply(self, values):
        doseDisplay.change(self.study, **values)
        self.showInViews()

    def _reset(self):
        doseDisplay.reset(self.study)
        self.showInViews()


def _swatch(color):
    """The color of a level's line; nothing for a level that is nowhere reached."""
    return None if color is None else icons.swatch([round(255 * part) for part in color])

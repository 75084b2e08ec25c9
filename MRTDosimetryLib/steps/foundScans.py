"""Part of page 2: scans found in a folder, among the loaded volumes or in what was dropped, before they are added."""

import qt
from slicer.i18n import tr as _

from ..scene import loadedVolumes
from ..workflow import foundScans, loadedScans, scanCalibration, scanFolder
from . import icons
from .dropArea import DropArea
from .pagePart import PagePart
from .tables import fill, numberCell, shortened, textCell

_NOT_CHOSEN = -2
_LONGEST_CT = 24


class FoundScansList(PagePart):
    """Shows what was found; nothing becomes a time point before the user says so."""

    def __init__(self, page):
        super().__init__(page)
        self._found = None
        self._study = None

    @property
    def isOpen(self):
        """Whether there is a list that belongs to the study in front."""
        return self._found is not None and self._study is not None and self._study == self.page.study

    def connectWidgets(self):
        ui = self.ui
        self._dropArea = DropArea(self.onDropped)
        ui.dropFrame.layout().addWidget(self._dropArea)
        ui.folderScansButton.connect("clicked()", self.onFolder)
        ui.loadedScansButton.connect("clicked()", self.onLoaded)
        ui.foundTable.connect("itemSelectionChanged()", self.onRow)
        ui.foundTable.connect("itemChanged(QTableWidgetItem*)", self.onChecked)
        ui.foundCTSelector.connect("currentIndexChanged(int)", self.onCT)
        ui.foundAddButton.connect("clicked()", self.onAdd)
        ui.foundCloseButton.connect("clicked()", self.onClose)

    def forget(self):
        """Drop the list: its volumes may go with their scene, and what it says may be mended on another page."""
        self._found = self._study = None

    # searching

    def onFolder(self):
        path = qt.QFileDialog.getExistingDirectory(self.page.widget, _("Folder of the scans"), "")
        if path:
            self._searchFiles([path])

    def onLoaded(self):
        self._search(lambda progress: loadedScans.find(self.page.study, None, self._factor(), progress, self._record()))

    def onDropped(self, addresses, paths):
        """Files and folders are searched, and so are items of the data tree; an image file goes into the form."""
        if self.page.study is None:
            return
        items = loadedVolumes.itemsOfURLs(addresses)
        if items:
            self._search(lambda progress: loadedScans.find(self.page.study, items, self._factor(), progress,
                                                           self._record()))
            return
        self._searchFiles(paths)

    def _searchFiles(self, paths):
        if len(paths) == 1 and scanFolder.isPlainImage(paths[0]):
            self.page.fillForm(paths[0])
            return
        self._search(lambda progress: scanFolder.find(self.page.study, paths, self._factor(), progress, self._record()))

    def _search(self, find):
        def work(progress):
            self.forget()
            self._found, self._study = find(progress), self.page.study

        self.page.shell.run(_("Looking for scans"), work)

    def _record(self):
        return scanCalibration.forScan(self.page.study)

    def _factor(self):
        """The factor of the form, where the form says that images are in counts."""
        ui = self.ui
        return (ui.calibrationBox.value or None) if ui.unitSelector.currentData == "counts" else None

    # showing

    def refresh(self):
        ui = self.ui
        ui.foundWidget.setVisible(self.isOpen)
        if not self.isOpen:
            return
        fill(ui.foundTable, [_("Scan"), _("Time (h)"), _("CT")], [self._cells(scan) for scan in self._found.scans])
        wasBlocked = ui.foundTable.blockSignals(True)
        for row, scan in enumerate(self._found.scans):
            cell = ui.foundTable.item(row, 0)
            flags = qt.Qt.ItemIsEnabled | qt.Qt.ItemIsSelectable
            if scan.canBeAdded:
                cell.setFlags(flags | qt.Qt.ItemIsUserCheckable)
                cell.setCheckState(qt.Qt.Checked if scan.isWanted else qt.Qt.Unchecked)
            else:
                cell.setFlags(flags)
        if self._found.scans and ui.foundTable.currentRow() < 0:
            open_ = [row for row, scan in enumerate(self._found.scans) if not scan.isWanted]
            ui.foundTable.setCurrentCell(open_[0] if open_ else 0, 0)
        ui.foundTable.blockSignals(wasBlocked)
        self._refreshSelected()

    def _cells(self, scan):
        words = scan.refusal or "\n".join([*scan.words, *scan.remarks])
        isSure = scan.isWanted and not scan.remarks
        icon = icons.icon("error") if scan.refusal else None if isSure else icons.icon("warning")
        ct = _("choose") if scan.ct is None and not scan.refusal else self._found.ctTitle(scan)
        return [textCell(scan.identity.title, words, icon), numberCell(scan.timeHours, words),
                textCell(shortened(ct, _LONGEST_CT) or "\N{EN DASH}", words)]

    def _refreshSelected(self):
        ui, found, scan = self.ui, self._found, self._selectedScan()
        count = len(found.wanted)
        ui.foundWords.text = " ".join([_("Found: {count}, ticked: {ticked}.").format(
            count=len(found.scans), ticked=count), *found.words])
        ui.foundTable.setVisible(bool(found.scans))
        ui.foundAddButton.setEnabled(count > 0)
        hasChoice = scan is not None and not scan.refusal
        for widget in (ui.foundCTLabel, ui.foundCTSelector):
            widget.setVisible(hasChoice and bool(found.cts))
        ui.foundRowWords.setVisible(scan is not None)
        if scan is None:
            return
        ui.foundRowWords.text = _("{scan}: {words}").format(
            scan=scan.identity.title, words=scan.refusal or ". ".join([*scan.words, *scan.remarks]) + ".")
        choices = [(foundScans.NO_CT, _("none")), *found.ctChoices()]
        if scan.ct is None:
            choices.insert(0, (_NOT_CHOSEN, _("choose")))
        self.page.fillSelector(ui.foundCTSelector, choices, _NOT_CHOSEN if scan.ct is None else scan.ct)

    def _selectedScan(self):
        row = self.page.selected(self.ui.foundTable)
        return self._found.scans[row] if self.isOpen and 0 <= row < len(self._found.scans) else None

    # choosing

    def onRow(self):
        if self.isOpen and not self.page.isUpdating:
            self._refreshSelected()

    def onChecked(self, item):
        if self.isOpen and item.column() == 0:
            self._found.scans[item.row()].isWanted = item.checkState() == qt.Qt.Checked
            self._refreshSelected()

    def onCT(self, index):
        scan, place = self._selectedScan(), self.ui.foundCTSelector.itemData(index)
        if scan is not None and place != _NOT_CHOSEN:
            self._found.chooseCT(scan, place)
            self.page.update()

    def onAdd(self):
        page = self.page
        if page.shell.run(_("Adding scans"), lambda progress: foundScans.addWanted(page.study, self._found, progress)):
            self.forget()
            page.update()
            page.showInViews()

    def onClose(self):
        self.forget()
        self.page.update()

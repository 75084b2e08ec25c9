"""Part of the page of calibrations: the scans, from the loaded volumes or from files, and what is stated of each."""

import slicer
from slicer.i18n import tr as _

from ..scene import display
from ..workflow import calibrationForms, calibrationImages
from .layouts import showVolumes
from .page import NOTE_MARK
from .pagePart import PagePart
from .statementForm import WARNING, StatementForm
from .tables import fill, fitHeight, textCell, wrapped

_LOADED, _FILES = "loaded", "files"


class CalibrationScanList(PagePart):
    """Scans are added one by one; nothing is measured before the calibration is made."""

    def __init__(self, page):
        super().__init__(page)
        self._forms, self._shownGroup = {}, ""

    @property
    def draft(self):
        return self.page.draft

    def form(self):
        """The form of what is stated of the scan that is chosen."""
        return self._forms[self.draft.scanGroup]

    def connectWidgets(self):
        ui, page = self.ui, self.page
        page.fillSelector(ui.scanFromSelector, [(_LOADED, _("loaded volumes")), (_FILES, _("files"))], _LOADED)
        ui.scanFromSelector.connect("currentIndexChanged(int)", self.onFrom)
        ui.scanNodeSelector.connect("currentNodeChanged(vtkMRMLNode*)", self.onNode)
        ui.ctNodeSelector.connect("currentNodeChanged(vtkMRMLNode*)", self.onNode)
        ui.scanFileButton.connect("clicked()", lambda: page.chooseFile(ui.scanPathEdit, _("Scan of the phantom")))
        ui.scanFolderButton.connect("clicked()", lambda: page.chooseFolder(ui.scanPathEdit, _("DICOM folder")))
        ui.addScanButton.connect("clicked()", self.onAdd)
        ui.removeScanButton.connect("clicked()", self.onRemove)
        ui.scansTable.connect("cellDoubleClicked(int,int)", self.onDoubleClick)

    def _ensureForm(self, group):
        if group not in self._forms:
            form = StatementForm(calibrationForms.GROUPS[group][1],
                                 lambda name, value: self.page.attempt(self.draft.set, group, name, value))
            self._forms[group] = form
            self.ui.scanFormHolder.layout().addWidget(form.widget)

    @property
    def _isFromFiles(self):
        # a planar image cannot be loaded as a volume that keeps its views
        return self.draft.kind == calibrationForms.PLANAR or self.ui.scanFromSelector.currentData == _FILES

    # ------------------------------------------------------------------ showing

    def refresh(self):
        ui, draft = self.ui, self.draft
        group = draft.scanGroup
        ui.scansSection.setVisible(group is not None)
        if group is None:
            return
        self._ensureForm(group)
        for name, form in self._forms.items():
            form.widget.setVisible(name == group)
        fields, values = calibrationForms.GROUPS[group][1], draft.values.get(group, {})
        faults = calibrationForms.faultsOf(fields, values)
        self._forms[group].show(values, faults)
        words = [calibrationForms.GROUPS[group][0]]
        words += [_("{count} to mend").format(count=len(faults))] if faults else [str(len(values))] if values else []
        ui.scanDetailsSection.text = (WARNING if faults else "") + NOTE_MARK.join(words)
        if group != self._shownGroup:
            self._shownGroup = group
            ui.scanDetailsSection.collapsed = group == "scan"
        ui.scansSection.text = _("Scans: {count}").format(count=len(draft.scans))
        for widget in (ui.scansTable, ui.removeScanButton):
            widget.setVisible(bool(draft.scans))
        fill(ui.scansTable, [_("Scan"), _("Start"), _("Unit")], [_cells(scan) for scan in draft.scans])
        isPlanar, isFromFiles = draft.kind == calibrationForms.PLANAR, self._isFromFiles
        for widgets, isShown in (((ui.scanFromLabel, ui.scanFromSelector), not isPlanar),
                                 ((ui.scanNodeLabel, ui.scanNodeSelector, ui.ctNodeLabel, ui.ctNodeSelector),
                                  not isFromFiles),
                                 ((ui.scanPathLabel, ui.scanPathEdit, ui.scanFileButton), isFromFiles),
                                 ((ui.scanFolderButton,), isFromFiles and not isPlanar)):
            for widget in widgets:
                widget.setVisible(isShown)
        self._refreshFacts()

    def _refreshFacts(self):
        ui, node = self.ui, self.ui.scanNodeSelector.currentNode()
        lines = calibrationImages.factWords(node) if node is not None and not self._isFromFiles else []
        ui.scanFactsWords.setVisible(bool(lines))
        ui.scanFactsWords.text = wrapped("\n".join(lines))
        fitHeight(ui.scanFactsWords)

    # ------------------------------------------------------------------ doing

    def onFrom(self, _index):
        if not self.page.isUpdating:
            self.page.frame.refresh()

    def onNode(self, _node):
        """Show what was chosen, over its CT."""
        if self.page.isUpdating or not self._isInFront:
            return
        scan, ct = self.ui.scanNodeSelector.currentNode(), self.ui.ctNodeSelector.currentNode()
        if scan is not None:
            self.page.attempt(self.show, scan, ct)
        else:
            self.page.frame.refresh()

    @property
    def _isInFront(self):
        frame = self.page.frame
        return frame.isInFront and frame.page is self.page and self.draft.scanGroup is not None

    def show(self, scan, ct=None):
        """A scan in the slice views, over its CT where there is one."""
        self.page.useViews()
        display.styleActivity(scan, overCT=ct is not None)
        showVolumes(scan if ct is None else ct, None if ct is None else scan)

    def onDoubleClick(self, row, _column):
        scan = self.draft.scans[row]
        if scan.node is not None and scan.node.GetScene() is slicer.mrmlScene:
            self.page.attempt(self.show, scan.node, self.ui.ctNodeSelector.currentNode())

    def onAdd(self):
        ui, draft = self.ui, self.draft
        if self._isFromFiles:
            path = ui.scanPathEdit.text.strip()

            def read(_progress):
                draft.addFile(path)
                ui.scanPathEdit.text = ""

            self.page.run(_("Reading the scan"), read)
        else:
            self.page.attempt(draft.addNode, ui.scanNodeSelector.currentNode())

    def onRemove(self):
        self.page.attempt(self.draft.removeScan, self.page.selected(self.ui.scansTable))


def _cells(scan):
    stated = "\n".join([scan.path or scan.title, *(f"{name}: {value}" for name, value in scan.values.items())])
    return [textCell(scan.title, stated), textCell(scan.moment[:16].replace("T", " ") or "\N{EN DASH}", stated),
            textCell(scan.unit or "\N{EN DASH}", stated)]

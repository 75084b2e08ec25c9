"""Page 8: report and result files."""

import os

import qt
from slicer.i18n import tr as _

from ..workflow import report
from .base import Step

_REPORT_FILE = "report.html"


class ReportStep(Step):
    """One folder with everything that leaves Slicer."""

    name = "report"
    uiFile = "ReportStep.ui"
    needsPackages = True

    def title(self):
        return _("Report")

    def help(self):
        return _("Write the report, the tables, the images and the record of the calculation.")

    def computeText(self):
        return _("Write report")

    def connectWidgets(self):
        ui = self.ui
        ui.folderButton.connect("clicked()", self.onFolder)
        ui.openReportButton.connect("clicked()", lambda: self._open(_REPORT_FILE))
        ui.filesList.connect("itemDoubleClicked(QListWidgetItem*)", lambda item: self._open(item.text()))

    def refresh(self):
        ui = self.ui
        ui.folderEdit.text = self.study.choice("outputFolder") or ""
        ui.folderEdit.toolTip = ui.folderEdit.text
        value = self._value()
        ui.filesList.clear()
        ui.filesList.addItems(value["files"])
        ui.filesList.setVisible(bool(value["files"]))
        ui.openReportButton.setVisible(bool(value["files"]))
        ui.openReportButton.setEnabled(os.path.exists(os.path.join(value["folder"], _REPORT_FILE)))

    def _value(self):
        record = self.study.stageRecord(self.name) or {}
        return record.get("value") or {"folder": "", "files": []}

    def onFolder(self):
        before = self.study.choice("outputFolder") or ""
        folder = qt.QFileDialog.getExistingDirectory(self.widget, _("Folder for report and result files"), before)
        if folder:
            self.attempt(report.setFolder, self.study, folder)

    def _open(self, name):
        path = os.path.join(self._value()["folder"], name)
        qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(path))

"""Page 8: preview, signatures, report and result files."""

import os

import qt
import slicer
from slicer.i18n import tr as _

from ..workflow import doseDisplay, protocol, report, stages
from .base import Step
from .reportAsked import ReportAsked
from .reportRegistry import ReportRegistry
from .reportSigning import ReportSigning

_REPORT_FILE = "report.html"
# The center's template is a matter of the computer, not of a study.
_TEMPLATE_SETTING = "MRTDosimetry/reportTemplate"
_ROW_HEIGHT, _MOST_ROWS = 17, 8


class ReportStep(Step):
    """One folder with everything that leaves Slicer, signed."""

    name = "report"
    uiFile = "ReportStep.ui"
    needsPackages = True
    technologistsActs = ("preparedBy", "medicalPhysicsExpert", "treatingPhysician")
    isAboutAbsorbedDose = True

    def __init__(self, shell):
        super().__init__(shell)
        self.asked = ReportAsked(self)
        self.signing = ReportSigning(self)
        self.registry = ReportRegistry(self)

    def title(self):
        return _("Report")

    def help(self):
        return _("Check and sign the results, then write report, images and record.")

    def computeText(self):
        return _("Write report")

    def connectWidgets(self):
        ui = self.ui
        ui.previewButton.connect("clicked()", self.onPreview)
        ui.folderButton.connect("clicked()", self.onFolder)
        ui.templateButton.connect("clicked()", self.onTemplate)
        ui.shippedButton.connect("clicked()", lambda: self._setTemplate(""))
        ui.dicomBox.connect("toggled(bool)", self.onExport)
        ui.deidentifiedBox.connect("toggled(bool)", self.onExport)
        ui.openReportButton.connect("clicked()", lambda: self._open(_REPORT_FILE))
        ui.filesList.connect("itemDoubleClicked(QListWidgetItem*)", lambda item: self._open(item.text()))
        self.asked.connectWidgets()
        self.signing.connectWidgets()
        self.registry.connectWidgets()

    def showInViews(self):
        doseDisplay.showMap(self.study)

    def refresh(self):
        ui = self.ui
        hasResults = stages.state(self.study, "results") == "done"
        ui.previewBrowser.setVisible(hasResults)
        ui.previewButton.setVisible(hasResults)
        if hasResults:
            ui.previewBrowser.setHtml(report.previewHTML(self.study))
        self.asked.refresh(hasResults)
        self.signing.refresh(hasResults)
        self.registry.refresh(hasResults)
        for widget in (ui.dicomRowLabel, ui.dicomBox, ui.deidentifiedBox):
            widget.setVisible(protocol.usesImages(self.study))
        ui.folderEdit.text = self.study.choice("outputFolder") or ""
        ui.folderEdit.toolTip = ui.folderEdit.text
        ui.templateEdit.text = self._template()
        ui.templateEdit.toolTip = ui.templateEdit.text
        ui.shippedButton.setEnabled(bool(ui.templateEdit.text))
        export = self.study.choice("export", {})
        ui.dicomBox.checked = bool(export.get("dicom"))
        ui.deidentifiedBox.checked = bool(export.get("deidentified"))
        ui.deidentifiedBox.setEnabled(ui.dicomBox.checked)
        value = self._value()
        ui.filesList.clear()
        ui.filesList.addItems(value["files"])
        ui.filesList.setVisible(bool(value["files"]))
        ui.filesList.setFixedHeight(_ROW_HEIGHT * min(len(value["files"]), _MOST_ROWS) + 8)
        ui.openReportButton.setVisible(bool(value["files"]))
        ui.openReportButton.setEnabled(os.path.exists(os.path.join(value["folder"], _REPORT_FILE)))

    def apply(self, progress):
        report.setTemplate(self.study, self._template())
        super().apply(progress)

    def _template(self):
        return str(qt.QSettings().value(_TEMPLATE_SETTING, "") or "")

    def _setTemplate(self, folder):
        def take():
            report.setTemplate(self.study, folder)
            qt.QSettings().setValue(_TEMPLATE_SETTING, folder)

        self.attempt(take)

    def onTemplate(self):
        folder = qt.QFileDialog.getExistingDirectory(self.widget, _("Folder of the report's template"),
                                                     self._template())
        if folder:
            self._setTemplate(str(folder))

    def _value(self):
        record = self.study.stageRecord(self.name) or {}
        return record.get("value") or {"folder": "", "files": []}

    def onFolder(self):
        before = self.study.choice("outputFolder") or ""
        folder = qt.QFileDialog.getExistingDirectory(self.widget, _("Folder for report and result files"), before)
        if folder:
            self.attempt(report.setFolder, self.study, folder)

    def onExport(self, *_values):
        ui = self.ui
        self.attempt(report.setExport, self.study, ui.dicomBox.checked, ui.deidentifiedBox.checked)

    def onPreview(self):
        """A draft of the whole report in the web browser of the computer: Slicer's own cannot be relied on."""
        def draft(progress):
            report.setTemplate(self.study, self._template())
            path = report.writePreview(self.study, os.path.join(slicer.app.temporaryPath, "MRTDosimetryPreview"),
                                       progress)
            qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(path))

        if self.shell.hasPackages():
            self.shell.run(_("Preview"), draft)

    def _open(self, name):
        path = os.path.join(self._value()["folder"], name)
        qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(path))

"""Part of page 3: the calibration record of the scans, and the one whose recovery the regions are given."""

import qt
from slicer.i18n import tr as _

from ..errors import InputError
from ..therapies.inputs import Field
from ..workflow import partialVolume, scanCalibration, spokenKeys
from ..workflow.calibrationRecord import SETTINGS
from .calibrationSelector import centerFolder
from .page import NOTE_MARK
from .pagePart import PagePart
from .statementForm import WARNING, StatementForm
from .tables import fitHeight, wrapped

_OTHER = "other"
_DOUBTFUL = ("expired", "notYet", "superseded")


class CalibrationChoice(PagePart):
    """What scans are added with from now on; those that are there keep theirs. The recovery counts at once."""

    def connectWidgets(self):
        ui = self.ui
        tip = _("Of the scans, where their headers are silent")
        fields = [Field(key, title[:1].upper() + title[1:], "text", tip=tip) for key, title in SETTINGS.items()]
        self.form = StatementForm(fields, self.onSetting)
        ui.scanSettingsLabel.text = _("Where the headers of the scans are silent:")
        ui.scanSettingsHolder.layout().addWidget(self.form.widget)
        ui.calibrationSection.connect("contentsCollapsed(bool)", self.onFolded)
        ui.scanRecordSelector.connect("currentIndexChanged(int)", self.onRecord)
        ui.recoveryRecordSelector.connect("currentIndexChanged(int)", self.onRecovery)
        ui.recoveryMethodSelector.connect("currentIndexChanged(int)", self.onMethod)
        ui.scanRecordButton.connect("clicked()", lambda: self._chooseFile(self._setRecord))
        ui.recoveryRecordButton.connect("clicked()", lambda: self._chooseFile(self._setRecovery))
        ui.calibrationReasonEdit.connect("editingFinished()", self.onReason)

    # ------------------------------------------------------------------ showing

    def refresh(self):
        ui, study = self.ui, self.study
        choice, recovery = scanCalibration.chosen(study), partialVolume.choice(study)
        words = [_("Calibration"), _("none") if choice is None else choice["file"]]
        if recovery is not None:
            words.append(_("recovery by {file}").format(file=recovery["file"]))
        ui.calibrationSection.text = NOTE_MARK.join(words)
        if ui.calibrationSection.collapsed:
            return
        self._fill(ui.scanRecordSelector, False, choice, "path")
        self._fill(ui.recoveryRecordSelector, True, recovery, "digest")
        methods = [(partialVolume.SPHERES, _("a sphere of its volume")),
                   (partialVolume.TRANSFER, _("its own shape"))]
        self.page.fillSelector(ui.recoveryMethodSelector, methods,
                               partialVolume.SPHERES if recovery is None else recovery["method"])
        for widget in (ui.recoveryMethodLabel, ui.recoveryMethodSelector):
            widget.setVisible(recovery is not None)
        ui.scanRecordWords.setVisible(choice is not None)
        ui.scanRecordWords.text = wrapped("\n".join(self._lines()))
        fitHeight(ui.scanRecordWords)
        for widget in (ui.scanSettingsLabel, self.form.widget):
            widget.setVisible(choice is not None)
        self.form.show({} if choice is None else choice["settings"], {})
        ui.calibrationReasonEdit.setVisible(choice is not None or ui.recoveryRecordSelector.count > 1)
        if choice is not None and not ui.calibrationReasonEdit.modified:
            ui.calibrationReasonEdit.text = choice["reason"]

    def _lines(self):
        """The chosen record, or why it can no longer be used."""
        try:
            return scanCalibration.describe(self.study)
        except InputError as error:
            return [WARNING + spokenKeys.spoken(str(error))]

    def _fill(self, selector, isRecovery, chosen, key):
        rows = scanCalibration.choices(self.study, centerFolder(), isRecovery)
        found = [("", _("none"))] + [(row["path"], _title(row)) for row in rows]
        known = {row["path"] if key == "path" else row["content"]["digest"]: row["path"] for row in rows}
        current = "" if chosen is None else known.get(chosen[key], _OTHER)
        if current == _OTHER:
            found.append((_OTHER, chosen["file"]))
        self.page.fillSelector(selector, found, current)

    # ------------------------------------------------------------------ choosing

    def onFolded(self, isFolded):
        if not isFolded and self.study is not None and not self.page.isUpdating:
            self.page.update()

    def onRecord(self, index):
        path = self.ui.scanRecordSelector.itemData(index)
        if path != _OTHER and not self.page.isUpdating and self.study is not None:
            self._setRecord(path)

    def _setRecord(self, path):
        self.ui.calibrationReasonEdit.text = ""
        self.page.found.forget()
        self.page.attempt(scanCalibration.setRecord, self.study, path)

    def onRecovery(self, index):
        path = self.ui.recoveryRecordSelector.itemData(index)
        if path != _OTHER and not self.page.isUpdating and self.study is not None:
            self._setRecovery(path)

    def _setRecovery(self, path):
        self.page.attempt(scanCalibration.setRecovery, self.study, path, self.ui.calibrationReasonEdit.text)

    def onMethod(self, index):
        if not self.page.isUpdating and self.study is not None and partialVolume.choice(self.study) is not None:
            self.page.attempt(partialVolume.setMethod, self.study, self.ui.recoveryMethodSelector.itemData(index))

    def _chooseFile(self, choose):
        path = qt.QFileDialog.getOpenFileName(self.page.widget, _("Calibration record"), centerFolder(),
                                              _("Records (*.json)"))
        if path:
            choose(path)

    def onSetting(self, name, value):
        self.page.found.forget()
        self.page.attempt(scanCalibration.setSetting, self.study, name, value)

    def onReason(self):
        text, choice = self.ui.calibrationReasonEdit.text.strip(), scanCalibration.chosen(self.study)
        self.ui.calibrationReasonEdit.modified = False
        if choice is not None and text != choice["reason"]:
            self.page.found.forget()
            self.page.attempt(scanCalibration.setReason, self.study, text)


def _title(row):
    """A record as a list shows it; what is not valid today has a mark."""
    return (WARNING if row["state"] in _DOUBTFUL else "") + ", ".join(
        text for text in (row["instrument"], row["content"].get("collimator"), row["date"]) if text)

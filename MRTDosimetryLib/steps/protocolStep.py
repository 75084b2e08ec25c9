"""Page 1: protocol, radionuclide and administration."""

import qt
from slicer.i18n import tr as _

from ..workflow import protocol
from . import icons
from .base import Step

_DATE_FORMAT = "yyyy-MM-dd'T'HH:mm:ss"


class ProtocolStep(Step):
    """What is treated, with what, how much and when."""

    name = "protocol"
    uiFile = "ProtocolStep.ui"
    isForPhysician = False

    def title(self):
        return _("Protocol")

    def help(self):
        return _("Choose the treatment and state the administration.")

    def computeText(self):
        return _("Confirm protocol")

    def connectWidgets(self):
        ui = self.ui
        choices = [("", _("Plain imaging study"))] + protocol.protocolChoices()
        self.fillSelector(ui.protocolSelector, choices, "")
        ui.protocolSelector.connect("currentIndexChanged(int)", self.onProtocol)
        ui.radionuclideSelector.connect("currentIndexChanged(int)", self.onRadionuclide)
        ui.activityBox.connect("valueChanged(double)", self.onAdministration)
        ui.dateKnown.connect("toggled(bool)", self.onAdministration)
        ui.dateBox.connect("dateTimeChanged(QDateTime)", self.onAdministration)
        ui.activitySource.connect("clicked()", self.onSource)
        ui.reasonEdit.connect("editingFinished()", self.onReason)

    def refresh(self):
        ui = self.ui
        identifier = self.study.choice("protocol")
        radionuclide = self.study.choice("radionuclide")
        chosen = "" if identifier is None and radionuclide else identifier
        self.selectData(ui.protocolSelector, chosen)
        content = protocol.studyProtocol(self.study)
        names = content["radionuclides"] if content else protocol.radionuclides()
        self.fillSelector(ui.radionuclideSelector, [(name, name) for name in names], radionuclide)
        given = self.study.choice("administration") or {}
        ui.activityBox.value = given.get("activityMBq") or 0.0
        ui.dateKnown.checked = bool(given.get("dateTime"))
        ui.dateBox.setEnabled(ui.dateKnown.checked)
        if given.get("dateTime"):
            ui.dateBox.dateTime = qt.QDateTime.fromString(given["dateTime"][:19], _DATE_FORMAT)
        self._showSource(given)
        ui.protocolWords.text = self._words(content) if radionuclide else ""

    def _showSource(self, given):
        mark = self.ui.activitySource
        mark.setVisible(bool(given))
        source = given.get("source", "user")
        mark.setIcon(icons.icon("user" if source == "user" else "header"))
        reason = given.get("reason", "")
        words = _("From: {source}").format(source=source)
        mark.toolTip = _("{source}\nBecause: {reason}").format(source=words, reason=reason) if reason else words

    @staticmethod
    def _words(content):
        if content is None:
            return _("A plain imaging study: any number of time points, no limits.")
        fewest = content.get("minimumTimePoints", 1)
        if fewest == 1:
            return _("One time point is enough; each region then needs its effective half-life.")
        return _("At least {count} time points are needed.").format(count=fewest)

    def onProtocol(self, index):
        identifier = self.ui.protocolSelector.itemData(index)
        if identifier:
            self.attempt(protocol.setProtocol, self.study, identifier)
        else:
            radionuclide = self.study.choice("radionuclide") or protocol.radionuclides()[0]
            self.attempt(protocol.setProtocol, self.study, None, radionuclide)

    def onRadionuclide(self, index):
        name = self.ui.radionuclideSelector.itemData(index)
        self.attempt(protocol.setProtocol, self.study, self.study.choice("protocol"), name)

    def onAdministration(self, *_values):
        """Keep activity and date; a value read from a header keeps its mark until it is changed here."""
        ui = self.ui
        activityMBq = ui.activityBox.value or None
        moment = ui.dateBox.dateTime.toString(_DATE_FORMAT) if ui.dateKnown.checked else None
        self.attempt(protocol.setAdministration, self.study, activityMBq, moment, "user", ui.reasonEdit.text.strip())

    def onReason(self):
        if self.study is not None and self.study.choice("administration"):
            self.onAdministration()

    def onSource(self):
        """A click on the mark opens the place where a reason is given."""
        self.ui.protocolAdvanced.collapsed = False
        self.ui.reasonEdit.setFocus()

"""Page 1: protocol, radionuclide, patient and administration."""

import html

import qt
from slicer.i18n import tr as _

from ..report.numbers import signed, significant
from ..scene import display
from ..workflow import administrationEntry, patientFacts, protocol, protocolAbout, roles, stages, statementText
from . import icons
from .base import Step
from .statementSection import StatementSection
from .tables import fitHeight

_PERCENT = 100.0
_DATE_FORMAT = "yyyy-MM-dd'T'HH:mm:ss"


class ProtocolStep(Step):
    """What is treated, with what, how much and when."""

    name = "protocol"
    uiFile = "ProtocolStep.ui"
    isForPhysician = False
    isForTechnologist = True

    def title(self):
        return _("Protocol")

    def help(self):
        return _("Choose the treatment and state patient and administration.")

    def computeText(self):
        return _("Confirm protocol")

    def connectWidgets(self):
        ui = self.ui
        choices = [("", _("Plain imaging study"))] + protocolAbout.therapyChoices()
        self.fillSelector(ui.therapySelector, choices, "")
        ui.therapySelector.connect("currentIndexChanged(int)", self.onTherapy)
        ui.strategySelector.connect("currentIndexChanged(int)", self.onStrategy)
        self._patient = StatementSection(self, "patient", title=_("Physical data of the patient"))
        ui.patientBox.layout().addWidget(self._patient.button)
        ui.patientFactsButton.connect("clicked()", self.onPatientFacts)
        ui.measurementsButton.connect("clicked()", self.onMeasurements)
        ui.withoutImagesBox.connect("toggled(bool)", self.onWithoutImages)
        ui.radionuclideSelector.connect("currentIndexChanged(int)", self.onRadionuclide)
        ui.patientNameEdit.connect("editingFinished()", self.onPatient)
        ui.patientIDEdit.connect("editingFinished()", self.onPatient)
        ui.cycleBox.connect("valueChanged(int)", self.onPatient)
        ui.prescribedBox.connect("valueChanged(double)", self.onPrescribed)
        ui.activityBox.connect("valueChanged(double)", self.onAdministration)
        ui.dateKnown.connect("toggled(bool)", self.onAdministration)
        ui.dateBox.connect("dateTimeChanged(QDateTime)", self.onDate)
        ui.measuredBox.connect("valueChanged(double)", self.onMeasured)
        ui.measuredDateBox.connect("dateTimeChanged(QDateTime)", self.onMeasured)
        ui.residualBox.connect("valueChanged(double)", self.onMeasured)
        ui.residualDateBox.connect("dateTimeChanged(QDateTime)", self.onMeasured)
        ui.activityUncertaintyBox.connect("valueChanged(double)", self.onActivityUncertainty)
        ui.activitySource.connect("clicked()", self.onSource)
        ui.reasonEdit.connect("editingFinished()", self.onReason)

    def section(self, key):
        """The section of the patient's physical data, unfolded."""
        self._patient.open()
        return self._patient

    # showing

    def showInViews(self):
        if self.study.referenceTimePoint is not None:
            display.showActivityOverCT(self.study.referenceTimePoint)

    def refresh(self):
        ui = self.ui
        identifier = self.study.choice("protocol")
        radionuclide = self.study.choice("radionuclide")
        content = protocol.studyProtocol(self.study)
        therapy = content["therapy"] if content else "" if radionuclide else None
        self.selectData(ui.therapySelector, therapy)
        for widget in (ui.strategySelector, ui.strategySelectorLabel, ui.aboutSection):
            widget.setVisible(bool(content))
        self.fillSelector(ui.strategySelector, protocolAbout.strategyChoices(therapy) if content else [], identifier)
        names = content["radionuclides"] if content else protocol.radionuclides()
        self.fillSelector(ui.radionuclideSelector, [(name, name) for name in names], radionuclide)
        ui.protocolWords.setVisible(bool(radionuclide))
        ui.protocolWords.text = self._words(content) if radionuclide else ""
        fitHeight(ui.protocolWords)
        ui.protocolWords.toolTip = "\n".join(map(protocolAbout.levelWords, protocolAbout.LEVELS))
        ui.aboutBrowser.setHtml(_aboutHTML(protocolAbout.about(self.study)))
        self._patient.button.setVisible(bool(radionuclide))
        self._patient.setEnabled(not roles.refusal(roles.STATE_MEASUREMENTS, self.shell.role()))
        self._patient.refresh()
        self._showPatientFacts()
        ui.measurementsButton.setVisible(bool(radionuclide)
                                         and self.shell.state("measurements") == stages.NOT_NEEDED)
        ui.withoutImagesBox.setVisible(bool(radionuclide) and (
            protocol.canBeWithoutImages(self.study) or protocol.lacksImages(self.study)))
        ui.withoutImagesBox.checked = protocol.lacksImages(self.study)
        self._refreshPatient()
        given = self.study.choice("administration") or {}
        self._refreshAdministration(given)
        self._refreshMeasured(given)
        self._showSource(given)

    def _refreshPatient(self):
        ui, patient = self.ui, self.study.choice("patient", {})
        ui.patientNameEdit.text = str(patient.get("name") or "")
        ui.patientIDEdit.text = str(patient.get("id") or "")
        found = administrationEntry.identifierInImages(self.study)
        ui.patientIDEdit.placeholderText = _("{identifier} (images)").format(identifier=found) if found else _("ID")
        cycle = patient.get("cycle")
        ui.cycleBox.value = cycle if type(cycle) is int else 0

    def _refreshAdministration(self, given):
        ui = self.ui
        ui.prescribedBox.value = given.get(administrationEntry.PRESCRIBED) or 0.0
        ui.activityBox.value = given.get("activityMBq") or 0.0
        isMeasured = given.get("measuredActivityMBq") is not None
        # one of them states the activity, not both
        ui.activityBox.setEnabled(not isMeasured)
        ui.activityBox.specialValueText = _("not complete") if isMeasured else _("not stated")
        ui.dateKnown.checked = bool(given.get("dateTime"))
        now = qt.QDateTime.currentDateTime().toString(_DATE_FORMAT)[:-2] + "00"
        ui.dateBox.dateTime = _dateTime(given.get("dateTime") or now)
        deviation = administrationEntry.deviationPercent(self.study)
        ui.deviationWords.setVisible(deviation is not None)
        if deviation is not None:
            warned = administrationEntry.warnings(self.study)
            ui.deviationWords.text = _("\N{WARNING SIGN} {words}").format(words=warned[0]) if warned else _(
                "{deviation} % from the prescribed activity.").format(deviation=signed(deviation, 2))

    def _refreshMeasured(self, given):
        ui = self.ui
        ui.measuredBox.value = given.get("measuredActivityMBq") or 0.0
        residual = given.get("residualActivityMBq")
        ui.residualBox.value = ui.residualBox.minimum if residual is None else residual
        start = given.get("dateTime")
        for box, key in ((ui.measuredDateBox, "measuredDateTime"), (ui.residualDateBox, "residualDateTime")):
            box.setEnabled(bool(start))
            if given.get(key) or start:
                box.dateTime = _dateTime(given.get(key) or start)
        relative = administrationEntry.statedRelativeUncertainty(self.study)
        ui.activityUncertaintyBox.value = 0.0 if relative is None else _PERCENT * relative
        lacking = administrationEntry.missing(self.study)
        if lacking:
            ui.measuredWords.text = _("{words}.").format(words=lacking[0])
        elif given.get("measuredActivityMBq") is None:
            ui.measuredWords.text = _("The administered activity is their difference, each decayed from its own time.")
        else:
            ui.measuredWords.text = _("Administered: {activity} MBq, the difference of both.").format(
                activity=significant(given["activityMBq"], 4))

    def _showSource(self, given):
        mark = self.ui.activitySource
        mark.setVisible(bool(given))
        source = given.get("source", "user")
        mark.setIcon(icons.icon("user" if source == "user" else "header"))
        reason = given.get("reason", "")
        words = _("From: {source}").format(source=source)
        mark.toolTip = _("{source}\nBecause: {reason}").format(source=words, reason=reason) if reason else words

    def _words(self, content):
        if content is None:
            return _("A plain imaging study: any number of time points, no limits.")
        number, change = protocolAbout.level(self.study)
        words = _("{level}.").format(level=protocolAbout.levelWords(number))
        return f"{words} {change}." if change else words

    # choices

    def onTherapy(self, index):
        """Another therapy begins with its first strategy; what is stated stays."""
        therapy = self.ui.therapySelector.itemData(index)
        if therapy:
            self.attempt(self._setProtocol, protocolAbout.strategyChoices(therapy)[0][0], None)
        else:
            self.attempt(self._setProtocol, None, self.study.choice("radionuclide") or protocol.radionuclides()[0])

    def onStrategy(self, index):
        identifier = self.ui.strategySelector.itemData(index)
        if identifier:
            self.attempt(self._setProtocol, identifier, self.study.choice("radionuclide"))

    def _showPatientFacts(self):
        """What the images state and nobody has taken over yet."""
        ui, found = self.ui, patientFacts.inImages(self.study)
        fields = {field.name: field.title for field in self._patient.kind.fields}
        words = [f"{fields[name]}: {statementText.textOf(value)}" for name, value in found.items()]
        ui.patientFactsButton.setVisible(bool(found))
        ui.patientFactsButton.text = _("Take over from the images ({count})").format(count=len(found))
        ui.patientFactsButton.toolTip = "\n".join(words)

    def onPatientFacts(self):
        self._patient.open()
        self.attempt(patientFacts.take, self.study, self.shell.role())

    def onMeasurements(self):
        self.shell.goToPage(self.shell.indexOf("measurements"))

    def onWithoutImages(self, isWithout):
        self.attempt(protocol.setWithoutImages, self.study, isWithout)

    def onRadionuclide(self, index):
        name = self.ui.radionuclideSelector.itemData(index)
        self.attempt(self._setProtocol, self.study.choice("protocol"), name)

    def _setProtocol(self, identifier, radionuclide):
        protocol.setProtocol(self.study, identifier, radionuclide)
        administrationEntry.refresh(self.study)

    def onPatient(self, *_values):
        ui = self.ui
        self.attempt(self._setPatient, ui.patientNameEdit.text, ui.patientIDEdit.text, ui.cycleBox.value or None)

    def _setPatient(self, name, identifier, cycle):
        administrationEntry.setPatient(self.study, name=name, id=identifier, cycle=cycle)

    def onPrescribed(self, activityMBq):
        self.attempt(self._change, {administrationEntry.PRESCRIBED: activityMBq or None})

    def onAdministration(self, *_values):
        """Keep activity and date; a value read from a header keeps its mark until it is changed here."""
        ui = self.ui
        values = {"dateTime": ui.dateBox.dateTime.toString(_DATE_FORMAT) if ui.dateKnown.checked else None}
        if ui.measuredBox.value == 0.0:
            values["activityMBq"] = ui.activityBox.value or None
        self.attempt(self._change, values)

    def onDate(self, _moment):
        """A date that is entered is known."""
        if not self.isUpdating:
            wasBlocked = self.ui.dateKnown.blockSignals(True)
            self.ui.dateKnown.checked = True
            self.ui.dateKnown.blockSignals(wasBlocked)
            self.onAdministration()

    def onMeasured(self, *_values):
        """Times stay those of the administration until they are changed."""
        ui = self.ui
        residual = None if ui.residualBox.value < 0 else ui.residualBox.value
        measured = ui.measuredBox.value or None
        given = (self.study.choice("administration") or {}) if self.study is not None else {}
        values = {"measuredActivityMBq": measured, "residualActivityMBq": residual}
        for key, box, value in (("measuredDateTime", ui.measuredDateBox, measured),
                                ("residualDateTime", ui.residualDateBox, residual)):
            moment = box.dateTime.toString(_DATE_FORMAT) if box.enabled else None
            isOwn = moment is not None and moment != (given.get("dateTime") or "")[:19]
            values[key] = moment if value is not None and (isOwn or given.get(key)) else None
        self.attempt(self._change, values)

    def onActivityUncertainty(self, percent):
        self.attempt(self._change, {administrationEntry.UNCERTAINTY_RELATIVE: percent / _PERCENT or None,
                                    administrationEntry.UNCERTAINTY_MBQ: None})

    def _change(self, values):
        administrationEntry.change(self.study, "user", self.ui.reasonEdit.text.strip(), self.shell.role(), **values)

    def onReason(self):
        if self.study is not None and self.study.choice("administration"):
            self.onAdministration()

    def onSource(self):
        """A click on the mark opens the place where a reason is given."""
        self.ui.protocolAdvanced.collapsed = False
        self.ui.reasonEdit.setFocus()


def _aboutHTML(parts):
    """Headings and sentences as a text browser shows them."""
    found = []
    for heading, sentences in parts:
        found.append(f"<p><b>{html.escape(heading)}</b></p>" if heading else "")
        found += [f"<p>{html.escape(text)}</p>" for text in sentences] if not heading else [
            "<ul>", *(f"<li>{html.escape(text)}</li>" for text in sentences), "</ul>"]
    return "".join(found)


def _dateTime(text):
    return qt.QDateTime.fromString(text[:19], _DATE_FORMAT)

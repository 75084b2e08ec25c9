"""Part of the report page: the center's own registry of signed cases, and where this patient stands in it."""

import re

import qt
import slicer
from slicer.i18n import tr as _

from ..errors import InputError
from ..registry.places import ENVIRONMENT
from ..workflow import cohortRegistry, reportSignOff
from .pagePart import PagePart
from .tables import Cell, fill, numberCell, percentileText, textCell, wrapped

SETTING = "MRTDosimetry/registry"
# postgresql://user:password@host
_PASSWORD = re.compile(r"://[^/@]*:[^/@]*@")


class ReportRegistry(PagePart):
    """Register after the sign-off, compare at any time; where the registry is, is a setting of the application."""

    def __init__(self, page):
        super().__init__(page)
        self._shownOf, self._words, self._compared = None, "", {}

    def connectWidgets(self):
        ui = self.page.ui
        ui.registrySection.collapsed = True
        ui.registryEdit.connect("editingFinished()", self.onPlace)
        ui.registryButton.connect("clicked()", self.onChoose)
        ui.registerButton.connect("clicked()", self.onRegister)
        ui.compareButton.connect("clicked()", self.onCompare)
        ui.registrySection.connect("contentsCollapsed(bool)", self.onFolded)

    def onFolded(self, isFolded):
        if not isFolded and self.page.study is not None and not self.page.isUpdating:
            self.page.update()

    def refresh(self, hasResults):
        """Show the place and what was last found of this study."""
        ui, study = self.page.ui, self.page.study
        if self._shownOf != study:
            self._shownOf, self._words, self._compared = study, "", {}
            ui.registryCodeEdit.text = ""
        place = self._place()
        if ui.registryEdit.text != place:
            ui.registryEdit.text = place
        ui.registryEdit.toolTip = place or _(
            "A file on a local drive, which is made where there is none, or postgresql://USER@HOST/DATABASE; else the "
            "environment variable {name}").format(name=ENVIRONMENT)
        isTracerAsked = not study.choice("protocol")
        for widget in (ui.registryTracerEdit, ui.registryTracerLabel):
            widget.setVisible(isTracerAsked)
        isSigned = all(row["isValid"] for row in reportSignOff.rows(study))
        ui.registerButton.setEnabled(isSigned and bool(place))
        ui.registerButton.toolTip = _("Adds the case without name and identifier") if isSigned else _(
            "All three have to sign first")
        ui.compareButton.setEnabled(hasResults and bool(place))
        ui.registryWords.text = wrapped(self._words)
        ui.registryWords.setVisible(bool(self._words))
        ui.registryTable.setVisible(bool(self._compared))
        fill(ui.registryTable, [_("Region"), _("Percen-\ntile (%)"), _("90 %\ninterval"), _("Patients")],
             [_cells(name, found) for name, found in self._compared.items()])

    @staticmethod
    def _place():
        return str(slicer.util.settingsValue(SETTING, "") or "")

    def onPlace(self):
        text = self.page.ui.registryEdit.text.strip()
        if text != self._place():
            self.page.attempt(self._setPlace, text)

    def _setPlace(self, text):
        if _PASSWORD.search(text):
            raise InputError(_("The address holds a password, which the settings would keep for everybody to read"), "",
                             _("Leave it out: PostgreSQL reads it from its password file or from PGPASSWORD"))
        qt.QSettings().setValue(SETTING, text)
        self._words, self._compared = "", {}

    def onChoose(self):
        path = qt.QFileDialog.getOpenFileName(self.page.widget, _("Registry of the center"), self._place(),
                                              _("Registries (*.sqlite *.db);;All files (*)"))
        if path:
            self.page.attempt(self._setPlace, path)

    def _given(self):
        ui = self.page.ui
        return {"code": ui.registryCodeEdit.text.strip() or None, "tracer": ui.registryTracerEdit.text.strip() or None}

    def onRegister(self):
        def register(_progress):
            self.page.shell.ensurePackages()
            found = cohortRegistry.register(self.page.study, self._place(), **self._given())
            self._words = "\n".join([found["words"], *found["notes"]])

        self.page.shell.run(_("Registry"), register)

    def onCompare(self):
        def compare(_progress):
            self.page.shell.ensurePackages()
            self._compared = cohortRegistry.compare(self.page.study, self._place(), **self._given())
            self._words = "" if self._compared else _("There are no regions to compare.")

        self.page.shell.run(_("Registry"), compare)


def _cells(name, found):
    percentile, interval = found[cohortRegistry.COHORT_KEY], found[cohortRegistry.INTERVAL_KEY]
    words = found[cohortRegistry.WORDS_KEY]
    shown = numberCell(None, words) if percentile is None else Cell(percentileText(percentile), words)
    between = "\N{EN DASH}" if interval is None else " to ".join(percentileText(end) for end in interval)
    return [textCell(name, f"{name}: {words}"), shown, Cell(between, words),
            Cell(str(found[cohortRegistry.NUMBER_KEY]), words)]

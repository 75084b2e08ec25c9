"""Part of page 4: who drafted and who verified the regions."""

import qt
from slicer.i18n import tr as _

from ..workflow import signOff
from .pagePart import PagePart

_NAME_SETTING = "MRTDosimetry/signerName"


class RegionSigning(PagePart):
    """Signs the selected region, or all of them, in the name given and the role at the desk."""

    def __init__(self, page):
        super().__init__(page)
        self._signed = {}

    def connectWidgets(self):
        ui = self.ui
        ui.signerEdit.text = qt.QSettings().value(_NAME_SETTING, "") or ""
        ui.signerEdit.connect("editingFinished()", self.onName)
        ui.draftedButton.connect("clicked()", lambda: self._sign(signOff.DRAFTED))
        ui.verifiedButton.connect("clicked()", lambda: self._sign(signOff.VERIFIED))

    def refresh(self, signed=None):
        """Show what is signed: of the selected region, and of all."""
        ui = self.ui
        if signed is not None:
            self._signed = signed
        ui.signWidget.setVisible(bool(self._signed))
        if not self._signed:
            return
        states = [row["state"] for row in self._signed.values()]
        lines = [_("{count} of {all} regions verified").format(
            count=states.count("verified"), all=len(states)) + (
            _(", {count} changed since").format(count=states.count("stale")) if "stale" in states else "") + "."]
        row = self._signed.get(self.page.selectedSegmentID())
        if row is not None:
            words = signOff.words(row) or [_("not signed")]
            lines += [_("{region}: {words}.").format(region=row["region"], words=text) for text in words]
        ui.signLabel.text = "\n".join(lines)

    def onName(self):
        qt.QSettings().setValue(_NAME_SETTING, self.ui.signerEdit.text.strip())

    def _sign(self, kind):
        page = self.page
        role = page.shell.role()

        def sign():
            wanted = [page.selectedSegmentID()]
            if self.ui.signAllBox.checked:
                # what is not drawn yet is not signed
                wanted = page.drawnSegmentIDs()
            for segmentID in wanted:
                signOff.sign(page.study, segmentID, kind, role, self.ui.signerEdit.text)

        page.attempt(sign)

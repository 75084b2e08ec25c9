"""Part of page 8: who prepared, checked and decides."""

from slicer.i18n import tr as _

from ..report.numbers import dateTimeText
from ..workflow import reportSignOff
from .pagePart import PagePart


class ReportSigning(PagePart):
    """A name and a button for each role of the report's signature lines."""

    def __init__(self, page):
        super().__init__(page)
        self._study = None

    def _widgets(self, role):
        return getattr(self.page.ui, f"{role}Edit"), getattr(self.page.ui, f"{role}Button")

    def connectWidgets(self):
        for role, _title in reportSignOff.ROLES:
            _edit, button = self._widgets(role)
            button.connect("clicked()", lambda role=role: self.onButton(role))

    def refresh(self, canSign):
        """Show who signed; ``canSign``: the results are up to date."""
        lines, isChanged = [], False
        isOtherStudy, self._study = self.page.study != self._study, self.page.study
        for row in reportSignOff.rows(self.page.study):
            edit, button = self._widgets(row["role"])
            isSigned = row["isValid"]
            edit.setEnabled(not isSigned)
            button.text = _("Withdraw") if isSigned else _("Sign")
            button.setEnabled(isSigned or canSign)
            button.toolTip = "" if isSigned or canSign else _("Compute the results first")
            if isOtherStudy:
                edit.text = ""  # a name is never suggested: nobody signs for somebody else by mistake
            if row["name"]:
                edit.text = row["name"]
                edit.cursorPosition = 0
                isChanged = isChanged or not isSigned
            if isSigned:
                lines.append(_("{title}: signed {time}").format(
                    title=row["title"], time=dateTimeText(row["time"])[:16]))
        if isChanged:
            lines.append(_("The results changed after they were signed: sign again."))
        self.page.ui.signWords.setVisible(bool(lines))
        self.page.ui.signWords.text = "\n".join(lines)

    def onButton(self, role):
        study, (edit, _button) = self.page.study, self._widgets(role)
        row = next(row for row in reportSignOff.rows(study) if row["role"] == role)
        if row["isValid"]:
            self.page.attempt(reportSignOff.withdraw, study, role)
            return
        self.page.attempt(reportSignOff.sign, study, role, edit.text, None, self.page.shell.role())

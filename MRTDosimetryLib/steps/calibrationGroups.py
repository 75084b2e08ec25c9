"""Part of the page of calibrations: the groups of fields that a kind needs, and its table."""

import ctk
import qt
from slicer.i18n import tr as _

from ..workflow import calibrationForms
from .page import NOTE_MARK
from .pagePart import PagePart
from .statementForm import WARNING, StatementForm
from .statementTable import StatementTable

SCANS = "scans"


class CalibrationGroups(PagePart):
    """One section for each group; one at a time is open. Made when a kind is first chosen."""

    def __init__(self, page):
        super().__init__(page)
        self._sections, self._forms, self._tables = {}, {}, {}
        self._shownKind = ""

    @property
    def draft(self):
        return self.page.draft

    def form(self, group):
        """The form of a group that was shown."""
        return self._forms[group]

    def section(self, group):
        """The section of a group that was shown."""
        return self._sections[group]

    def table(self):
        """The table of the kind in front."""
        return self._tables[self.draft.kind]

    def connectWidgets(self):
        self.ui.scansSection.connect("contentsCollapsed(bool)", lambda isFolded: self.onFolded(SCANS, isFolded))

    # ------------------------------------------------------------------ building

    def _ensureSection(self, group):
        if group in self._sections:
            return
        button = ctk.ctkCollapsibleButton()
        button.collapsed = True
        button.objectName = f"{group}Section"
        layout = qt.QVBoxLayout()
        layout.setContentsMargins(4, 4, 4, 4)
        button.setLayout(layout)
        form = StatementForm(calibrationForms.GROUPS[group][1],
                             lambda name, value: self.page.attempt(self.draft.set, group, name, value))
        layout.addWidget(form.widget)
        self._sections[group], self._forms[group] = button, form
        order = list(calibrationForms.GROUPS)
        place = sum(order.index(other) < order.index(group) for other in self._sections)
        self.ui.groupsHolder.layout().insertWidget(place, button)
        button.connect("contentsCollapsed(bool)", lambda isFolded: self.onFolded(group, isFolded))

    def _ensureTable(self, kind):
        if kind not in self._tables:
            _title, fields = calibrationForms.tableOf(kind)
            table = StatementTable(fields, (), self.onRows, self.page.frame.attempt)
            self._tables[kind] = table
            self.ui.rowsHolder.layout().addWidget(table.widget)

    def onFolded(self, group, isFolded):
        """One open section at a time fits on the screen; the scans are one of them."""
        if isFolded or self.page.isUpdating:
            return
        if group != SCANS:
            self.ui.scansSection.collapsed = True
        for name, section in self._sections.items():
            if name != group:
                section.collapsed = True

    # ------------------------------------------------------------------ showing

    def refresh(self):
        kind, draft = self.draft.kind, self.draft
        groups = calibrationForms.groupsOf(kind) if kind else ()
        for group in groups:
            self._ensureSection(group)
        if kind != self._shownKind:
            self._shownKind = kind
            hasScans = self.draft.scanGroup is not None
            self.ui.scansSection.collapsed = not hasScans
            for group, section in self._sections.items():
                section.collapsed = hasScans or group != next(iter(groups), None)
        for group, section in self._sections.items():
            section.setVisible(group in groups)
            if group in groups:
                self._showGroup(group, draft.values.get(group, {}))
        table = calibrationForms.tableOf(kind) if kind else None
        self.ui.rowsWidget.setVisible(table is not None)
        if table is not None:
            self._ensureTable(kind)
            self.ui.rowsLabel.text = table[0] + ":"
            self._showRows(table[1])
        for name, item in self._tables.items():
            item.widget.setVisible(name == kind)

    def _showGroup(self, group, values):
        title, fields = calibrationForms.GROUPS[group]
        faults = calibrationForms.faultsOf(fields, values)
        isAsked = group not in calibrationForms.OPTIONAL or bool(values)
        lacking = len(calibrationForms.missingOf(fields, values)) if isAsked else 0
        words = [title]
        if faults:
            words.append(_("{count} to mend").format(count=len(faults)))
        elif lacking:
            words.append(_("{count} to give").format(count=lacking))
        elif not isAsked:
            words.append(_("may be left out"))
        self._sections[group].text = (WARNING if faults else "") + NOTE_MARK.join(words)
        self._forms[group].show(values, faults)

    def _showRows(self, fields):
        rows, faults = self.draft.values["rows"], {}
        for number, row in enumerate(rows):
            faults |= {(number, name): words for name, words in calibrationForms.faultsOf(fields, row).items()}
        self.table().show(rows, faults)

    def onRows(self, rows):
        def keep():
            self.draft.values["rows"] = rows

        self.page.attempt(keep)

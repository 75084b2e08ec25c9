"""A section of a page for one kind of statement: a form or a table, where it comes from, and what is wrong with it."""

import os

import ctk
import qt
from slicer.i18n import tr as _

from ..therapies import inputs
from ..workflow import earlierResults, statementEntry, statements, statementText
from . import icons
from .page import NOTE_MARK
from .statementForm import WARNING, StatementForm
from .statementTable import StatementTable
from .tables import wrapped


class StatementSection:
    """What is stated of a kind; its widgets are made when the section is first opened.

    Parameters
    ----------
    page : Step
    key : str
        Of the kind.
    onOpened : callable, optional
        ``onOpened(section)`` when the user opens it.
    title : str, optional
        In place of that of the kind.

    Attributes
    ----------
    button : ctkCollapsibleButton
    form : StatementForm or None
    table : StatementTable or None
        Of a kind of rows.
    lists : dict of str to StatementTable
        Of a kind with lists.
    """

    def __init__(self, page, key, onOpened=None, title=""):
        self.page, self.key = page, key
        self._onOpened, self._title = onOpened, title
        self._isEnabled = True
        self._takenBack = {}
        self.form = self.table = None
        self.lists, self._listTitles = {}, {}
        self.button = ctk.ctkCollapsibleButton()
        self.button.collapsed = True
        self.button.objectName = key
        layout = qt.QVBoxLayout()
        layout.setContentsMargins(4, 4, 4, 4)
        self.button.setLayout(layout)
        self.button.connect("contentsCollapsed(bool)", self.onFolded)

    @property
    def kind(self):
        return inputs.kinds()[self.key]

    @property
    def isBuilt(self):
        return self.form is not None or self.table is not None

    def open(self):
        """Unfold the section."""
        self.button.collapsed = False

    def onFolded(self, isFolded):
        if isFolded:
            return
        self._build()
        self.refresh()
        if self._onOpened is not None:
            self._onOpened(self)

    def _build(self):
        if self.isBuilt:
            return
        # one widget holds all: unfolding shows whatever is directly inside
        content = qt.QWidget()
        layout = qt.QVBoxLayout()
        layout.setContentsMargins(0, 0, 0, 0)
        content.setLayout(layout)
        kind = self.kind
        if kind.isTable:
            # a file of results is chosen by a button, and replaced by what it holds
            fields = [field for field in kind.fields if field.name != earlierResults.RESULTS]
            self.table = StatementTable(fields, kind.lists, self._setValue, self.page.attempt, self.onFile)
            layout.addWidget(self.table.widget)
        else:
            self.form = StatementForm(kind.fields, self.onField)
            layout.addWidget(self.form.widget)
        for item in () if kind.isTable else kind.lists:
            title = qt.QLabel()
            title.text = item.title
            layout.addWidget(title)
            self._listTitles[item.name] = title
            self.lists[item.name] = StatementTable(
                item.fields, (), lambda rows, name=item.name: self.onField(name, rows), self.page.attempt)
            layout.addWidget(self.lists[item.name].widget)
        self.words = qt.QLabel()
        self.words.textFormat = qt.Qt.PlainText
        layout.addWidget(self.words)
        layout.addLayout(self._makeOrigin())
        self.button.layout().addWidget(content)
        self.setEnabled(self._isEnabled)

    def _makeOrigin(self):
        """Where it comes from, why, and a way to take it back."""
        row = qt.QHBoxLayout()
        self.origin = qt.QToolButton()
        self.origin.autoRaise = True
        self.reasonEdit = qt.QLineEdit()
        self.reasonEdit.placeholderText = _("reason or note")
        self.reasonEdit.toolTip = _("Kept with what is stated, for report and record")
        self.reasonEdit.connect("editingFinished()", self.onReason)
        self.takeBackButton = qt.QPushButton()
        self.takeBackButton.connect("clicked()", self.onTakeBack)
        for widget in (self.origin, self.reasonEdit, self.takeBackButton):
            row.addWidget(widget)
        return row

    # showing

    def refresh(self):
        """Show the study as it is now; a folded section shows its title alone."""
        entry = statements.statements(self.page.study).get(self.key) or {}
        value, kind = self._stated(), self.kind
        faults = {}
        for path, words in statementEntry.located(kind, value):
            faults[path] = f"{faults[path]} {words}" if path in faults else words
        words = [self._title or kind.title, statementEntry.summary(kind, value)]
        if faults:
            words.append(_("{count} to mend").format(count=len(faults)))
        self.button.text = (WARNING if faults else "") + NOTE_MARK.join(words)
        if not self.isBuilt or self.button.collapsed:
            return
        shown = set()
        if self.table is not None:
            self.table.show(value or [], faults)
            shown = set(faults)
        else:
            value = value or {}
            own = {path[0]: words for path, words in faults.items() if len(path) == 1}
            self.form.show(value, own)
            shown |= {path for path in faults if len(path) == 1}
            for name, table in self.lists.items():
                inner = {path[1:]: words for path, words in faults.items() if path[:1] == (name,) and len(path) > 1}
                table.show(statementEntry.rowsOf(value.get(name)), inner)
                for widget in (table.widget, self._listTitles[name]):
                    widget.setVisible(self._isEnabled or bool(value.get(name)))
                shown |= {path for path in faults if path[:1] == (name,)}
        rest = [WARNING + words for path, words in faults.items() if path not in shown]
        self.words.text = wrapped("\n".join(rest))
        self.words.setVisible(bool(rest))
        self._showOrigin(entry)

    def _showOrigin(self, entry):
        isStated, kept = bool(entry), self.page.study in self._keptFor()
        self.origin.setVisible(isStated and (self._isEnabled or bool(entry["reason"])))
        self.reasonEdit.setVisible(isStated and (self._isEnabled or bool(entry["reason"])))
        self.takeBackButton.setVisible(self._isEnabled and (isStated or kept))
        self.takeBackButton.text = _("Take back") if isStated else _("Put back")
        self.takeBackButton.toolTip = _("As if nothing had been stated; it can be put back") if isStated else _(
            "What was taken back")
        source = {"user": _("entered by hand"), "file": _("from a file"), "DICOM": _("from DICOM")}.get(
            entry.get("source"), "")
        self.origin.setIcon(icons.icon("user" if entry.get("source") == "user" else "header"))
        self.origin.toolTip = ", ".join(text for text in (source, entry.get("detail")) if text)
        if self.reasonEdit.text != entry.get("reason", ""):
            self.reasonEdit.text = entry.get("reason", "")

    def setEnabled(self, isEnabled):
        """Whether anything can be changed here."""
        self._isEnabled = isEnabled
        if not self.isBuilt:
            return
        for part in (self.form, self.table, *self.lists.values()):
            if part is not None:
                part.setEnabled(isEnabled)
        self.reasonEdit.setEnabled(isEnabled)

    # changes

    def _stated(self):
        return statementEntry.flattened(self.kind, statements.stated(self.page.study).get(self.key))

    def _setValue(self, value, **origin):
        self.page.attempt(lambda: statementEntry.keep(
            self.page.study, self.key, value, actingAs=self.page.shell.role(), **origin))

    def onField(self, name, value):
        self._setValue({**(self._stated() or {}), name: value})

    def onReason(self):
        entry = statements.statements(self.page.study).get(self.key)
        text = self.reasonEdit.text.strip()
        if entry and text != entry["reason"]:
            self._setValue(entry["value"], source=entry["source"], reason=text, detail=entry["detail"])

    def onFile(self):
        path = qt.QFileDialog.getOpenFileName(self.page.widget, _("CSV file of measurements"), "",
                                              _("Tables (*.csv *.txt *.tsv)"))
        if path:
            self.page.attempt(lambda: self._read(path))

    def _read(self, path):
        rows, name = statementText.rowsOfFile(self.kind.fields, path)
        before = self._stated() or []
        origin = {"source": "user", "detail": _("with rows of {name}").format(name=os.path.basename(path))} if before \
            else {"source": "file", "detail": name}
        statementEntry.keep(self.page.study, self.key, [*before, *rows], actingAs=self.page.shell.role(), **origin)

    def _keptFor(self):
        return [study for study, _entry in self._takenBack.values()]

    def onTakeBack(self):
        """Take the statement back, or put back what was taken."""
        study = self.page.study
        entry, node = statements.statements(study).get(self.key), study.node.GetID()
        if entry:
            self._takenBack[node] = (study, entry)
            self._setValue(None)
        elif node in self._takenBack:
            entry = self._takenBack.pop(node)[1]
            self._setValue(entry["value"], source=entry["source"], reason=entry["reason"], detail=entry["detail"])

"""Part of page 8: what the report asks for beyond images and calculation, and what of it is missing."""

import qt
from slicer.i18n import tr as _

from ..errors import InputError
from ..workflow import reportAsked, reporting
from .pagePart import PagePart
from .statementForm import StatementForm
from .tables import wrapped

_ROW_HEIGHT, _MOST_ROWS = 17, 8


class ReportAsked(PagePart):
    """The missing items of the checklist, and a form for each of its sections; a click leads to where an item is
    stated."""

    def __init__(self, page):
        super().__init__(page)
        self._shownOf, self._letter, self._sections = None, "", []
        self._forms, self._faults, self._typed = {}, {}, {}

    def connectWidgets(self):
        ui = self.page.ui
        ui.askedSection.collapsed = True
        ui.askedSection.connect("contentsCollapsed(bool)", self.onFolded)
        ui.askedSelector.connect("currentIndexChanged(int)", self.onSection)
        ui.askedList.connect("itemClicked(QListWidgetItem*)", self.onMissing)

    def onFolded(self, isFolded):
        if not isFolded and self.page.study is not None and not self.page.isUpdating:
            self.page.update()

    def refresh(self, hasResults):
        """Show what is missing and the form of the chosen section; ``hasResults``: the results are up to date."""
        ui, study = self.page.ui, self.page.study
        if self._shownOf != study:
            self._shownOf, self._faults, self._typed, self._letter = study, {}, {}, ""
        ui.askedSection.setVisible(hasResults)
        if not hasResults:
            return
        self._sections = reportAsked.sections(study)
        missing = [(section, item) for section in self._sections for item in section["missing"]]
        count = sum(section["count"] for section in self._sections)
        ui.askedSection.text = _("What the report asks for: {missing} of {count} missing").format(
            missing=len(missing), count=count)
        if not ui.askedSection.collapsed:
            self._showMissing(missing)
            self._showForm()

    def _showMissing(self, missing):
        ui = self.page.ui
        ui.askedList.clear()
        for section, item in missing:
            row = qt.QListWidgetItem(f"{section['letter']}  {item['title']}")
            row.setToolTip(_("Stated below") if item["field"] else _("On the page '{title}'").format(
                title=self._pageTitle(item["page"])))
            row.setData(qt.Qt.UserRole, f"{item['field']}/{item['page']}")
            ui.askedList.addItem(row)
        ui.askedList.setVisible(bool(missing))
        ui.askedList.setFixedHeight(_ROW_HEIGHT * min(len(missing), _MOST_ROWS) + 8)
        ui.askedWords.text = wrapped(_("Not recorded. A click leads to where it is stated:")) if missing else \
            _("Nothing is missing.")

    def _showForm(self):
        ui = self.page.ui
        filled = [section for section in self._sections if section["fields"]]
        letters = [section["letter"] for section in filled]
        if self._letter not in letters:
            self._letter = next((section["letter"] for section in filled if section["missing"]), letters[0])
        self.page.fillSelector(ui.askedSelector, [
            (section["letter"], _("{title}: {recorded} of {count}").format(**section)) for section in filled],
            self._letter)
        section = filled[letters.index(self._letter)]
        names = tuple(field.name for field in section["fields"])
        shown = self._form(names, section["fields"])
        for form in self._forms.values():
            form.widget.setVisible(form is shown)
        stated, role = reporting.stated(self.page.study), self.page.shell.role()
        shown.show({name: self._typed.get(name, stated.get(name)) for name in names}, self._faults)
        for name in names:
            editor, words = shown.editor(name), reporting.refusal(name, role)
            editor.setEnabled(not words)
            editor.placeholderText = section["known"].get(name) or _("not recorded")
            editor.toolTip = words or reporting.field(name).tip or reporting.field(name).title

    def _form(self, names, fields):
        """The form of these fields, made at its first use."""
        if names not in self._forms:
            form = StatementForm(fields, self.onChanged, isWide=True)
            self.page.ui.askedHolder.layout().addWidget(form.widget)
            self._forms[names] = form
        return self._forms[names]

    def form(self):
        """The form in front."""
        return next(form for form in self._forms.values() if not form.widget.isHidden())

    # changes

    def onSection(self, index):
        if not self.page.isUpdating:
            self._letter = self.page.ui.askedSelector.itemData(index)
            self.page.update()

    def onChanged(self, name, value):
        if not self.page.isUpdating:
            self.page.attempt(self._state, name, value)

    def _state(self, name, value):
        try:
            reporting.stateAtDesk(self.page.study, self.page.shell.role(), name, value)
        except InputError as error:
            # what was typed stays there with what is wrong with it
            self._typed[name], self._faults[name] = value, " ".join(fault.what for fault in error.faults)
            return
        self._typed.pop(name, None)
        self._faults.pop(name, None)

    def onMissing(self, row):
        field, _separator, page = str(row.data(qt.Qt.UserRole)).partition("/")
        if field:
            self._focus(field)
        elif page != self.page.name:
            shell = self.page.shell
            index = shell.indexOf(page)
            if shell.isShown(index):
                shell.goToPage(index)
        else:
            self.page.ui.signSection.collapsed = False

    def _focus(self, field):
        self._letter = next(section["letter"] for section in self._sections
                            if field in [item.name for item in section["fields"]])
        self.page.update()
        self.form().editor(field).setFocus()

    def _pageTitle(self, name):
        shell = self.page.shell
        return shell.steps[shell.indexOf(name)].title()

"""Page 2: what is measured and stated beside images, one section for each kind."""

from slicer.i18n import tr as _

from ..therapies import inputs
from ..workflow import roles, statements
from .base import Step
from .layouts import showChart, showTable
from .statementSection import StatementSection

# Kinds that are asked for on another page.
PAGES = {"patient": "protocol", "prescription": "therapy", "earlierCycles": "therapy"}
# What the words of a stage speak of -> the page where it is stated.
_SPOKEN_OF = (("administered activity", "protocol"), ("planned activity", "protocol"), ("body mass", "protocol"),
              ("blood volume", "protocol"), ("wanted absorbed dose", "therapy"))
_SHORTEST_WORD = 4


class MeasurementsStep(Step):
    """Measurements, typed, pasted or read from a file."""

    name = "measurements"
    uiFile = "MeasurementsStep.ui"
    layoutName = "measured"
    isForPhysician = False
    isForTechnologist = True

    def __init__(self, shell):
        super().__init__(shell)
        self._sections = {}
        self._added = {}
        self._opened = None

    def title(self):
        return _("Measurements")

    def help(self):
        return _("State what was measured beside images; unfold a section to type, paste or read it.")

    def computeText(self):
        return _("Check and show")

    def connectWidgets(self):
        self.ui.addKindSelector.connect("currentIndexChanged(int)", self.onAdd)

    # showing

    def enter(self):
        """A page that was not opened yet shows what comes first."""
        if self._opened != self.study.node.GetID():
            self._opened = self.study.node.GetID()
            self.update()
            for section in self._sections.values():
                section.button.collapsed = True
            keys = self._keys()
            stated = statements.stated(self.study)
            if keys:
                self._sections[next((key for key in keys if key not in stated), keys[0])].open()

    def showInViews(self):
        self._showViews()

    def refresh(self):
        ui, keys = self.ui, self._keys()
        refused = roles.refusal(roles.STATE_MEASUREMENTS, self.shell.role())
        ui.rolesWords.setVisible(bool(refused))
        ui.rolesWords.text = refused
        ui.addKindSelector.setEnabled(not refused)
        for key in keys:
            self._section(key)
        for key, section in self._sections.items():
            section.button.setVisible(key in keys)
            if key in keys:
                section.setEnabled(not refused)
                section.refresh()
        known = inputs.kinds()
        choices = [("", _("State something else..."))]
        choices += [(key, kind.title) for key, kind in known.items() if key not in keys]
        self.fillSelector(ui.addKindSelector, choices, "")
        ui.measurementsWords.setVisible(not keys)

    def _keys(self):
        """Kinds with a section: those that the protocol asks for, what is stated, and what the user chose."""
        asked = [kind.key for kind in statements.kindsToAsk(self.study)]
        return [key for key in dict.fromkeys([*asked, *self._added.get(self.study.node.GetID(), ())])
                if key not in PAGES]

    def _section(self, key):
        """The section of a kind, made at its first use."""
        if key not in self._sections:
            section = StatementSection(self, key, self.onOpened)
            self.ui.sectionsWidget.layout().addWidget(section.button)
            self._sections[key] = section
        return self._sections[key]

    def section(self, key):
        """The section of a kind, unfolded."""
        section = self._section(key)
        section.open()
        return section

    def onOpened(self, opened):
        """One open section at a time fits on the screen."""
        for section in self._sections.values():
            if section is not opened:
                section.button.collapsed = True
        self._showViews()

    def _showViews(self):
        """Chart and table of the open section, as they were written last."""
        key = next((key for key, section in self._sections.items() if not section.button.collapsed), None)
        if self.study is not None:
            showChart(None if key is None else self.study.nodeByRole(f"statement.{key}.chart"))
            showTable(None if key is None else self.study.nodeByRole(f"statement.{key}.table"))

    # changes

    def onAdd(self, index):
        key = self.ui.addKindSelector.itemData(index)
        if key in PAGES:
            self.shell.goToPage(self.shell.indexOf(PAGES[key]))
        elif key:
            self._added.setdefault(self.study.node.GetID(), []).append(key)
            self.shell.refresh()
            self._section(key).open()

    def goTo(self, text):
        """Open the section that a message is about, or the page where it is stated."""
        kinds = inputs.kinds()
        page = next((page for key, page in PAGES.items() if kinds[key].title in text or f"({key}" in text), None) \
            or next((page for words, page in _SPOKEN_OF if words in text), None)
        if page is not None:
            self.shell.goToPage(self.shell.indexOf(page))
            return
        titles = {key: kinds[key].title.lower() for key in self._keys()}
        words = text.lower()
        named = max((key for key in titles if words.startswith(titles[key])), key=lambda key: len(titles[key]),
                    default=None)

        def likeness(key):
            return sum(word in words for word in titles[key].split() if len(word) >= _SHORTEST_WORD)

        found = named or max(titles, key=likeness, default=None)
        if found is not None and (named or likeness(found)):
            self._section(found).open()

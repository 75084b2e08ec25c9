"""What every page has in common, of the wizard and of the center."""

import qt
import slicer

# Between a row's name and what is noted beside it.
NOTE_MARK = " \N{MIDDLE DOT} "


class Page:
    """A widget from a .ui file with its words; a frame shows it.

    Subclasses set the class attributes, return their texts from :meth:`title` and :meth:`help`, and fill their page in
    :meth:`refresh`.

    Parameters
    ----------
    frame : Frame

    Attributes
    ----------
    name : str
        Key of the page, e.g. for its section of the tutorial.
    uiFile : str
        File in ``Resources/UI``.
    isForPhysician : bool
        Whether the page is shown in the physician's view.
    isForTechnologist : bool
        Whether the page is shown in the technologist's view: what is measured and acquired.
    technologistsActs : tuple of str
        Of :data:`~MRTDosimetryLib.workflow.roles.ACTS`: where the center's rules let a technologist do one of them, the
        page is shown as well.
    advancedWidgets : tuple of str
        Names of widgets that only the physicist sees.
    """

    name = ""
    uiFile = ""
    isForPhysician = True
    isForTechnologist = False
    technologistsActs = ()
    advancedWidgets = ()

    def __init__(self, frame):
        self.frame = frame
        self.widget = None
        self.ui = None
        self.isUpdating = False

    # texts

    def title(self):
        """Title of the page."""
        raise NotImplementedError

    def help(self):
        """What the page is for, in one sentence."""
        raise NotImplementedError

    # life cycle

    def setup(self, loadUI):
        """Make the page once. ``loadUI(fileName)`` gives the widget of a .ui file."""
        self.widget = loadUI(self.uiFile)
        self.ui = slicer.util.childWidgetVariables(self.widget)
        self.connectWidgets()

    def connectWidgets(self):
        """Connect signals and fill lists that never change."""

    def setScene(self, scene):
        """Hand the scene (or None before it closes) to the widgets that need it."""
        self.widget.setMRMLScene(scene)

    def enter(self):
        """The page comes to the front."""

    def exit(self):
        """The page leaves the front."""

    def refresh(self):
        """Show what is so now."""

    def update(self):
        """:meth:`refresh` without the page's own handlers answering to it."""
        self.isUpdating = True
        try:
            self.refresh()
        finally:
            self.isUpdating = False

    def setRole(self, isPhysicist):
        """Show or hide what only the physicist needs."""
        for name in self.advancedWidgets:
            getattr(self.ui, name).setVisible(isPhysicist)

    def goTo(self, text):
        """Show what a message is about; the default selects the table row that it names."""
        table = self.mainTable()
        if table is None:
            return
        names = [(table.item(row, 0).text().split(NOTE_MARK)[0], row) for row in range(table.rowCount)]
        # The longest name that occurs: "24 h" holds "4 h" as well.
        _length, row = max(((len(name), row) for name, row in names if name in text), default=(0, -1))
        if row >= 0:
            table.setCurrentCell(row, 0)
            self.showRow(row)

    def mainTable(self):
        """The table that messages refer to, or None."""
        return None

    def showRow(self, row):
        """Show what a row stands for."""

    # helpers for pages

    def attempt(self, function, *args):
        """Call something quick; errors become messages, then everything is refreshed."""
        if not self.isUpdating:
            self.frame.attempt(lambda: function(*args))

    def fillSelector(self, selector, choices, current):
        """Fill a combo box with (value, title) pairs and select ``current``."""
        wasBlocked = selector.blockSignals(True)
        selector.clear()
        for value, title in choices:
            selector.addItem(title, value)
        self.selectData(selector, current)
        selector.blockSignals(wasBlocked)

    @staticmethod
    def selectData(selector, value):
        """Select the entry with that value; none where the value is not known."""
        selector.setCurrentIndex(-1 if value is None else selector.findData(value))

    def selected(self, table):
        """Selected row, or -1."""
        return table.currentRow()

    def chooseFile(self, edit, caption):
        """Let the user choose a file for a line edit."""
        path = qt.QFileDialog.getOpenFileName(self.widget, caption, edit.text)
        if path:
            edit.text = path

    def chooseFolder(self, edit, caption):
        """Let the user choose a folder for a line edit."""
        path = qt.QFileDialog.getExistingDirectory(self.widget, caption, edit.text)
        if path:
            edit.text = path

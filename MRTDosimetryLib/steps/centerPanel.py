"""The panel of the center: what is not about one study, in front of the study's pages for as long as it is needed."""

import qt
import slicer
from slicer.i18n import tr as _

from .allCenterPages import CENTER_PAGES
from .frame import Frame
from .messages import Message, MessageList
from .tables import fitHeight


class CenterPanel(Frame):
    """Takes the place of the study's pages in the module panel, and gives it back.

    While it is in front, the step of the study is left as when another module is opened: nothing of the study is
    computed, shown or changed. Layout and views stay as they are, and are the step's again on the way back.

    Parameters
    ----------
    shell : Shell
    """

    def __init__(self, shell):
        super().__init__(shell.resourcePath)
        self.shell = shell
        self.isInFront = False
        self.messageList = MessageList(self)
        self._buttons = []

    # ------------------------------------------------------------------ building

    def setup(self):
        """Make the panel and its pages, and put it below the header of the wizard."""
        self.widget = self.loadUI("CenterPanel.ui")
        self.ui = slicer.util.childWidgetVariables(self.widget)
        self.addPages(CENTER_PAGES)
        for index in range(len(self.pages)):
            self._addButton(index)
        self.messageList.connectWidgets()
        self.ui.backButton.connect("clicked()", self.close)
        self.ui.primaryButton.connect("clicked()", self.onPrimary)
        self.ui.helpButton.connect("clicked()", self.onHelp)
        self.shell.ui.centerButton.connect("clicked()", self.onCenterButton)
        self.shell.widget.layout().addWidget(self.widget)
        self.widget.setVisible(False)

    def _addButton(self, index):
        page = self.pages[index]
        button = qt.QToolButton()
        button.text = page.title()
        button.toolTip = page.help()
        button.checkable = True
        button.setSizePolicy(qt.QSizePolicy.Expanding, qt.QSizePolicy.Fixed)
        button.connect("clicked()", lambda: self.goToPage(index))
        self.ui.pageBar.layout().addWidget(button)
        self._buttons.append(button)

    # ------------------------------------------------------------------ front and back

    def onCenterButton(self):
        if self.isInFront:
            self.close()
        else:
            self.open()

    def open(self):
        """Come to the front; the study's page is left."""
        shown = self._shown()
        if self.isInFront or not shown:
            return
        self.shell.leaveStudy()
        self.isInFront = True
        if self.index not in shown:
            self.index = shown[0]
        self._showInPanel()
        self.enter()

    def close(self):
        """Give the front back to the study's page, with its layout and views."""
        if not self.isInFront:
            return
        self.exit()
        self.isInFront = False
        self._messages = []
        self._showInPanel()
        self.shell.enter()

    def _showInPanel(self):
        self.widget.setVisible(self.isInFront)
        self.shell.ui.studyPanel.setVisible(not self.isInFront)
        self.shell.ui.centerButton.checked = self.isInFront

    def enter(self):
        """The panel is seen: it was opened, or the module was while the panel is in front."""
        for page in self.pages:
            page.setScene(slicer.mrmlScene)
        self.page.enter()
        self.refresh()

    def exit(self):
        """The panel is not seen any more."""
        if self.isInFront:
            self.page.exit()

    def cleanup(self):
        """The widget goes away: let go of all nodes."""
        for page in self.pages:
            page.setScene(None)

    def setRole(self, isPhysicist):
        """Show what the role at the desk sees; without a page of its own it is back at the study."""
        for page in self.pages:
            page.setRole(isPhysicist)
        shown = self._shown()
        self.shell.ui.centerButton.setVisible(bool(shown))
        if self.isInFront and not shown:
            self.close()
        elif self.isInFront:
            self.goToPage(self.index if self.index in shown else shown[0])

    def _shown(self):
        """Numbers of the pages for the role at the desk."""
        return [index for index, page in enumerate(self.pages) if self.shell.isForRole(page)]

    # ------------------------------------------------------------------ pages

    def goToPage(self, index):
        """Bring a page to the front."""
        if index != self.index:
            self.page.exit()
            self.index = index
            self._messages = []
            self.page.enter()
        self.refresh()

    def onPrimary(self):
        self.page.onPrimary()

    # ------------------------------------------------------------------ showing

    def refresh(self):
        """Show the page in front, what there is to say of it, and the buttons."""
        if self.isBusy or not self.isInFront:
            return
        ui, page, shown = self.ui, self.page, self._shown()
        for index, button in enumerate(self._buttons):
            button.setVisible(index in shown)
            button.checked = index == self.index
        self.showWidget(page.widget)
        ui.pageTitle.text = page.title()
        ui.pageHelp.text = page.help()
        fitHeight(ui.pageHelp)
        page.update()
        self.refreshActions()
        ui.backButton.text = _("Back to the study") if self.shell.study is not None else _("Back")

    def refreshActions(self):
        """Show what there is to say and whether the primary button can be pressed, while something is typed."""
        ui, page = self.ui, self.page
        blockers = page.blockers()
        self.messageList.show([Message(kind, text) for kind, text in self._messages + page.remarks()]
                              + [Message("needsInput", text) for text in blockers])
        ui.primaryButton.text = page.primaryText()
        ui.primaryButton.setEnabled(not blockers)
        ui.primaryButton.setDefault(not blockers)
        ui.primaryButton.toolTip = blockers[0] if blockers else page.help()

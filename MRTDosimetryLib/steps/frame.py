"""What holds pages: shows one of them, does what it asks for, and keeps what there is to say about it."""

import os

import qt
import slicer
from slicer.i18n import tr as _

from ..errors import CanceledError, DosimetryError, PackageError
from . import packages, tutorial
from .progressDialog import ProgressDialog


class Frame:
    """Base of the wizard and of the panel of the center.

    Subclasses have ``ui`` with ``pageHolder`` in ``pageScroll``, go to a page in :meth:`goToPage`, and show everything
    in :meth:`refresh`.

    Parameters
    ----------
    resourcePath : callable
        ``resourcePath("UI/X.ui")``: files of the module.

    Attributes
    ----------
    pages : list of Page
    index : int
        Number of the page that is worked on.
    shownWidget : QWidget or None
        What is in front: the widget of that page, or another one in its place.
    """

    def __init__(self, resourcePath):
        self.resourcePath = resourcePath
        self.isBusy = False
        self.ui = None
        self.pages = []
        self.index = 0
        self.shownWidget = None
        self._widgets = []
        self._messages = []

    def loadUI(self, name):
        return slicer.util.loadUI(self.resourcePath(os.path.join("UI", name)))

    def refresh(self):
        """Show what is so now."""
        raise NotImplementedError

    def attempt(self, function):
        """Call something quick; what goes wrong is shown in the panel. Returns whether it went well."""
        self._messages = []
        isDone = False
        try:
            with slicer.util.tryWithErrorDisplay(_("This should not have happened."), show=True):
                isDone = self._guarded(function)
        finally:
            self.refresh()
        return isDone

    def run(self, title, function):
        """Call ``function(progress)`` with a progress window; returns whether it came to its end."""
        def work():
            # Windows are repainted during the work; the pages must not look at what is half made.
            self.isBusy = True
            try:
                with ProgressDialog(title) as progress:
                    function(progress)
            finally:
                self.isBusy = False

        return self.attempt(work)

    def _guarded(self, function):
        try:
            self._withPackages(function)
        except CanceledError:
            self._messages = [("info", _("Canceled. What was not finished is as it was before."))]
        except DosimetryError as error:
            self._messages = [("error", str(fault)) for fault in error.faults]
        else:
            return True
        return False

    def _withPackages(self, function):
        """Call something; a package that it lacks is asked for, and it is called again."""
        try:
            function()
        except PackageError:
            if not self.ensurePackages():
                raise
            function()

    def hasPackages(self):
        """Ask for packages that are missing before long work, which would stop in its midst for them.

        The question stands alone, the window of a progress would cover it.
        """
        return self.attempt(self.ensurePackages)

    def ensurePackages(self):
        """Ask for packages that are missing; returns whether some were installed."""
        return packages.ensure(self.resourcePath("requirements.txt"))

    # ------------------------------------------------------------------ pages

    @property
    def page(self):
        """The page that is worked on."""
        return self.pages[self.index]

    def indexOf(self, name):
        return [page.name for page in self.pages].index(name)

    def goToPage(self, index):
        """Leave the page that is worked on and bring another one to the front."""
        raise NotImplementedError

    def goToMessage(self, target, text):
        """Go to what a message is about: another page, or what it names on the one in front."""
        if target:
            self.goToPage(self.indexOf(target))
        elif self._isPageInFront():
            self.page.goTo(text)

    def onHelp(self):
        """The tutorial, at the page in front."""
        qt.QDesktopServices.openUrl(qt.QUrl(tutorial.addressOf(self.page.name if self._isPageInFront() else "")))

    def _isPageInFront(self):
        return self.shownWidget is self.page.widget

    def addPages(self, classes):
        """Make pages and put them among the widgets of which one is shown."""
        for pageClass in classes:
            page = pageClass(self)
            page.setup(self.loadUI)
            self.pages.append(page)
            self.addWidget(page.widget)
            self.ui.pageHolder.layout().addWidget(page.widget)

    def addWidget(self, widget):
        """Take a widget of the holder of pages among those of which one is shown."""
        widget.setVisible(False)
        self._widgets.append(widget)

    def showWidget(self, widget):
        """Bring a page's widget to the front; what scrolls is as tall as this one needs.

        It scrolls inside of the frame, so that messages and buttons stay in sight. The others are hidden in a plain
        layout, where they need no room; a ``QStackedWidget`` has the height for its width of its tallest page.
        """
        if self.shownWidget is not widget:
            for other in self._widgets:
                other.setVisible(other is widget)
            self.shownWidget = widget
            self.ui.pageScroll.ensureVisible(0, 0)
        # as wide as the widest page: the panel is not to change its width from page to page
        self.ui.pageScroll.setMinimumWidth(max(other.minimumSizeHint.width() for other in self._widgets))

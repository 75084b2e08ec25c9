"""What holds pages: shows one of them, does what it asks for, and keeps what there is to say about it."""

import os

import qt
import slicer
from slicer.i18n import tr as _

from ..errors import CanceledError, DosimetryError
from . import packages
from .progressDialog import ProgressDialog


class Frame:
    """Base of the wizard and of the panel of the center.

    Subclasses have ``ui`` with ``pageStack`` in ``pageScroll``, and show everything in :meth:`refresh`.

    Parameters
    ----------
    resourcePath : callable
        ``resourcePath("UI/X.ui")``: files of the module.
    """

    def __init__(self, resourcePath):
        self.resourcePath = resourcePath
        self.isBusy = False
        self.ui = None
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
            function()
        except CanceledError:
            self._messages = [("info", _("Canceled. What was not finished is as it was before."))]
        except DosimetryError as error:
            self._messages = [("error", str(fault)) for fault in error.faults]
        else:
            return True
        return False

    def hasPackages(self):
        """Ask for packages that are missing; the question stands alone, the window of a progress would cover it."""
        return self.attempt(self.ensurePackages)

    def ensurePackages(self):
        """Ask for packages that are missing."""
        packages.ensure(self.resourcePath("requirements.txt"))

    def showPage(self, page):
        """Bring a page to the front; the stack is as tall as this page, not as the tallest one.

        The page scrolls inside of the frame, so that messages and buttons stay in sight.
        """
        stack = self.ui.pageStack
        for index in range(stack.count):
            other = stack.widget(index)
            other.setSizePolicy(qt.QSizePolicy.Preferred, qt.QSizePolicy.Preferred if other is page
                                else qt.QSizePolicy.Ignored)
        if stack.currentWidget() is not page:
            stack.setCurrentWidget(page)
            self.ui.pageScroll.ensureVisible(0, 0)
        self.ui.pageScroll.setMinimumWidth(stack.minimumSizeHint.width())

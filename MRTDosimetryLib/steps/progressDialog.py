"""Progress of long work with Cancel."""

import qt
import slicer
from slicer.i18n import tr as _

from ..errors import CanceledError

# Short work is not worth a window.
_MINIMUM_DURATION_MS = 700


class ProgressDialog:
    """Context manager that is the ``progress(fraction, message)`` of a long function.

    Raises :class:`CanceledError` from the report that follows a click on Cancel.
    """

    def __init__(self, title):
        self._title = title
        self._dialog = None

    def __enter__(self):
        self._dialog = slicer.util.createProgressDialog(
            labelText=self._title, windowTitle=_("MRTDosimetry"), maximum=100,
            autoClose=False, autoReset=False, minimumDuration=_MINIMUM_DURATION_MS,
            windowModality=qt.Qt.ApplicationModal)
        self._dialog.setMinimumWidth(360)
        return self

    def __call__(self, fraction, message=""):
        dialog = self._dialog
        if message:
            dialog.labelText = message
        dialog.value = int(100 * min(max(fraction, 0.0), 1.0))
        slicer.app.processEvents()
        if dialog.wasCanceled:
            raise CanceledError()

    def __exit__(self, kind, error, traceback):
        self._dialog.close()
        self._dialog.deleteLater()
        self._dialog = None
        return False

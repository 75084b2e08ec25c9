"""A place of a page on which files, folders and items of Slicer's data tree can be dropped."""

import qt
from slicer.i18n import tr as _


class DropArea(qt.QWidget):
    """Takes what has addresses: files of the computer (``file://``) and items of the data tree (``mrml://``).

    Parameters
    ----------
    onDropped : callable
        Gets the addresses as a list of str and the paths among them, once the drag is over.
    """

    def __init__(self, onDropped):
        super().__init__()
        self._onDropped = onDropped
        self.setAcceptDrops(True)
        layout = qt.QVBoxLayout()
        layout.setContentsMargins(0, 0, 0, 0)
        self.setLayout(layout)
        label = qt.QLabel(_("Or drop folders, files or items of the data tree here"))
        label.setAlignment(qt.Qt.AlignCenter)
        label.setWordWrap(True)
        label.setMargin(6)
        label.setStyleSheet("QLabel { border: 1px dashed palette(mid); border-radius: 4px; }")
        layout.addWidget(label)

    def dragEnterEvent(self, event):
        # accepted as it was proposed, which is what Slicer's own views do with items of the data tree
        if event.mimeData().hasUrls():
            event.accept()
        else:
            event.ignore()

    def dropEvent(self, event):
        urls = event.mimeData().urls()
        if not urls:
            event.ignore()
            return
        event.accept()
        addresses, paths = [url.toString() for url in urls], [url.toLocalFile() for url in urls if url.isLocalFile()]
        # Whoever started the drag waits until this returns.
        qt.QTimer.singleShot(0, lambda: self._onDropped(addresses, paths))

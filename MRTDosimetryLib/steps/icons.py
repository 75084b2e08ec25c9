"""Icons of states and messages: a shape of its own for each, readable on light and dark."""

import os

import qt
from slicer.i18n import tr as _

STATES = ("notNeeded", "needsInput", "ready", "done", "stale", "error")
_SWATCH = 12
_folder = ""
_icons = {}


def setFolder(folder):
    """Where the icons are: ``Resources/Icons`` of the module."""
    global _folder
    if folder != _folder:
        _folder = folder
        _icons.clear()


def icon(name):
    """Icon of a state (see ``STATES``), of a message ("info", "warning") or of a source ("user", "header")."""
    if name not in _icons:
        _icons[name] = qt.QIcon(os.path.join(_folder, f"state{name[0].upper()}{name[1:]}.svg"))
    return _icons[name]


def swatch(color):
    """Icon of a color (0..255, three values)."""
    pixmap = qt.QPixmap(_SWATCH, _SWATCH)
    pixmap.fill(qt.QColor(*color))
    return qt.QIcon(pixmap)


def stateWords(state):
    """A state in words, for tooltips."""
    return {
        "notNeeded": _("not needed"),
        "needsInput": _("needs input"),
        "ready": _("ready"),
        "done": _("done"),
        "stale": _("inputs changed since"),
        "error": _("error"),
    }[state]

"""The module ``qt``: the described classes of PySide6, guarded, with dialogs that never block a test."""

import types

from PySide6 import QtCore, QtGui, QtUiTools, QtWidgets

from . import api
from .native import originalGet, toPython
from .pythonQt import guard
from .signals import callSlot

_MODULES = (QtWidgets, QtGui, QtCore, QtUiTools)
_queuedReplies = {}


class UnexpectedDialog(AssertionError):
    """A static modal dialog was opened: in the application the test would hang."""


def queueReply(dialog, value):
    """Let the next static dialog, e.g. ``"QFileDialog.getExistingDirectory"``, answer ``value`` at once."""
    _queuedReplies.setdefault(dialog, []).append(value)


def _dialogGuard(cls, function):
    def answer(*args, **kwargs):
        if kwargs:
            raise ValueError("called slot does not support kwargs")
        replies = _queuedReplies.get(f"{cls.__name__}.{function}")
        if not replies:
            raise UnexpectedDialog(f"qt.{cls.__name__}.{function} blocks in the application, in testing mode too")
        return replies.pop(0)

    return staticmethod(answer)


_STATIC_DIALOGS = {
    "QFileDialog": ("getOpenFileName", "getOpenFileNames", "getSaveFileName", "getExistingDirectory"),
    "QInputDialog": ("getText", "getDouble", "getInt", "getItem", "getMultiLineText"),
    "QMessageBox": ("question", "warning", "critical", "information", "about"),
}


def _singleShot(milliseconds, function):
    QtCore.QTimer._nativeSingleShot(milliseconds, lambda: callSlot(function, ()))


def _settingValue(self, key, *default):
    value = QtCore.QSettings._nativeValue(self, key, *default)
    return toPython(value)


def build():
    """The module ``qt``: the classes of the description, guarded."""
    module = types.ModuleType("qt")
    from .uiLoader import UiLoader

    classes = {}
    for name in api.classNames():
        space, short = name.split(".")
        cls = next((getattr(place, short) for place in _MODULES if space == "qt" and hasattr(place, short)), None)
        if cls is not None:
            setattr(module, short, cls)
            classes[name] = cls
    # Kept for all classes before the first one is guarded: they inherit it from each other.
    originalGet.update((cls, cls.__getattribute__) for cls in classes.values())
    for name, cls in classes.items():
        short = cls.__name__
        if short == "Qt":
            continue
        if short in _STATIC_DIALOGS:
            for function in _STATIC_DIALOGS[short]:
                setattr(cls, function, _dialogGuard(cls, function))
        if short == "QTimer":
            cls._nativeSingleShot = cls.singleShot
            cls.singleShot = staticmethod(_singleShot)
        if short == "QSettings":
            cls._nativeValue = cls.value
            cls.value = _settingValue
        guard(cls, name)
    module.QUiLoader = UiLoader
    module.__getattr__ = _absent
    return module


def _absent(name):
    if name.startswith("__"):
        raise AttributeError(name)
    raise api.NotImitated(f"qt.{name} is not in pythonQtApi.json: list it in extractApi.py if the application has it")

"""Stand-ins of the CTK widgets in use. ``read_x``/``write_x`` are the property x."""

import types

from PySide6 import QtCore, QtWidgets

from . import api, uiLoader
from .native import native
from .pythonQt import guard
from .signals import emit


class ctkCollapsibleButton(QtWidgets.QAbstractButton):
    """A header that folds its contents; ``checked`` is ``not collapsed``."""

    def __init__(self, *args):
        if args and not (len(args) == 1 and (args[0] is None or isinstance(args[0], QtWidgets.QWidget))):
            raise ValueError("ctkCollapsibleButton takes a parent only")
        super().__init__(*args)
        self._isCollapsed = False
        native(self).setCheckable(True)
        native(self).setChecked(True)
        self._header = 24
        native(self).setContentsMargins(8, self._header, 0, 0)
        native(self).toggled.connect(self._onToggled)
        native(self).setSizePolicy(QtWidgets.QSizePolicy.Preferred, QtWidgets.QSizePolicy.Preferred)

    def _onToggled(self, isOpen):
        self.write_collapsed(not isOpen)

    def read_collapsed(self):
        return self._isCollapsed

    def write_collapsed(self, value):
        if value == self._isCollapsed:
            return
        self._isCollapsed = bool(value)
        native(self).setChecked(not value)
        for child in native(self).children():
            if isinstance(child, QtWidgets.QWidget):
                native(child).setVisible(not value)
        native(self).setMaximumHeight(self._header if value else 16777215)
        native(self).updateGeometry()
        emit(self, "contentsCollapsed", bool(value))

    def _total(self, size):
        return QtCore.QSize(size.width() + 8, size.height() + self._header)

    def sizeHint(self):
        layout = native(self).layout()
        isOpen = layout is not None and not self._isCollapsed
        return self._total(native(layout).sizeHint()) if isOpen else QtCore.QSize(100, self._header)

    def minimumSizeHint(self):
        layout = native(self).layout()
        isOpen = layout is not None and not self._isCollapsed
        return self._total(native(layout).minimumSize()) if isOpen else QtCore.QSize(60, self._header)

    def paintEvent(self, event):
        painter = QtWidgets.QStylePainter(self)
        option = QtWidgets.QStyleOptionButton()
        option.rect = QtCore.QRect(0, 0, native(self).width(), self._header)
        option.palette = native(self).palette()
        option.state = QtWidgets.QStyle.State_Enabled
        painter.drawControl(QtWidgets.QStyle.CE_PushButtonBevel, option)
        mark = "\u25b8" if self._isCollapsed else "\u25be"
        area = QtCore.QRect(8, 0, option.rect.width() - 8, self._header)
        painter.drawText(area, QtCore.Qt.AlignVCenter, f"{mark}  {native(self).text()}")
        painter.end()


def build():
    """The module ``ctk``."""
    module = types.ModuleType("ctk")
    for cls in (ctkCollapsibleButton,):
        guard(cls, f"ctk.{cls.__name__}")
        setattr(module, cls.__name__, cls)
        uiLoader.customWidgets[cls.__name__] = cls
    module.__getattr__ = _absent
    return module


def _absent(name):
    if name.startswith("__"):
        raise AttributeError(name)
    raise api.NotImitated(f"ctk.{name} has no stand-in")

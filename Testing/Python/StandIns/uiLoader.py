"""Loads .ui files with the stand-in widgets; refuses what the application would silently turn into something else."""

import xml.etree.ElementTree as ElementTree

from PySide6 import QtCore, QtUiTools

from . import api
from .native import apiNameOf, native

customWidgets = {}  # class name in .ui -> Python class


class UiError(AssertionError):
    """The .ui file holds something the application does not know."""


class UiLoader(QtUiTools.QUiLoader):
    """``qt.QUiLoader`` with ``load(file)``."""

    def __init__(self, *args):
        super().__init__(*args)
        self._kept = []

    def createWidget(self, className, parent=None, name=""):
        if className not in api.description()["uiLoaderClasses"]:
            raise UiError(f"{className} cannot be made from a .ui file: the application takes its base class instead")
        if className in customWidgets:
            widget = customWidgets[className](parent) if parent is not None else customWidgets[className]()
            native(widget).setObjectName(name)
            self._kept.append(widget)
            return widget
        api.classInfo(f"qt.{className}")
        return super().createWidget(className, parent, name)

    def load(self, file, parent=None):
        text = bytes(file.readAll().data()).decode("utf-8")
        root = ElementTree.fromstring(text)
        _check(root)
        connections = list(root.iter("connection"))
        for element in root.findall("connections"):
            element.clear()  # connected below; Qt knows no signals with MRML pointers
        buffer = QtCore.QBuffer()
        buffer.setData(QtCore.QByteArray(ElementTree.tostring(root, encoding="utf-8")))
        buffer.open(QtCore.QIODevice.ReadOnly)
        widget = super().load(buffer)
        if widget is None:
            raise UiError(native(self).errorString())
        _setOwnProperties(root, widget)
        _connect(connections, widget)
        return widget


def _check(root):
    names = [element.get("name") for element in root.iter("widget")]
    doubles = sorted({name for name in names if names.count(name) > 1})
    if doubles:
        raise UiError(f"object names used twice: {doubles}")
    extends = {custom.findtext("class") for custom in root.iter("customwidget")}
    for element in root.iter("widget"):
        cls = element.get("class")
        if cls in customWidgets and cls not in extends:
            raise UiError(f"{cls} is used without a <customwidget> entry")
        if cls not in api.description()["uiLoaderClasses"]:
            raise UiError(f"{cls} cannot be made from a .ui file")
        known = api.members(_apiName(cls))
        for prop in element.findall("property"):
            name = prop.get("name")
            if prop.get("stdset") != "0" and known.get(name, ("",))[0] != "property":
                raise UiError(f"{cls} has no property {name}")


def _apiName(className):
    for space in ("qt", "ctk", "slicer"):
        if f"{space}.{className}" in api.classNames():
            return f"{space}.{className}"
    raise api.NotImitated(f"{className} is not in pythonQtApi.json: list it in extractApi.py")


def _value(prop):
    value = prop[0]
    if value.tag == "bool":
        return value.text == "true"
    if value.tag == "number":
        return int(value.text)
    if value.tag == "double":
        return float(value.text)
    if value.tag == "string":
        return value.text or ""
    if value.tag == "stringlist":
        return tuple(item.text or "" for item in value.findall("string"))
    return None


def _setOwnProperties(root, widget):
    """Set what QUiLoader could only store as dynamic properties: those written in Python."""
    for element in root.iter("widget"):
        if element.get("class") not in customWidgets:
            continue
        target = _named(widget, element.get("name"))
        for prop in element.findall("property"):
            value = _value(prop)
            name = prop.get("name")
            if native(target).metaObject().indexOfProperty(name) < 0 and value is not None:
                native(target).setProperty(name, None)
                setattr(target, name, value)


def _named(widget, name):
    if native(widget).objectName() == name:
        return widget
    for child in native(widget).children():
        found = _named(child, name)
        if found is not None:
            return found
    return None


def _connect(connections, widget):
    for connection in connections:
        sender = _named(widget, connection.findtext("sender"))
        receiver = _named(widget, connection.findtext("receiver"))
        signal, slot = connection.findtext("signal"), connection.findtext("slot")
        if sender is None or receiver is None:
            raise UiError(f"connection of unknown objects: {signal} -> {slot}")
        slotName = slot[: slot.index("(")]
        if slotName not in api.members(apiNameOf(type(receiver))):
            raise UiError(f"{connection.findtext('receiver')} has no slot {slot}")
        sender.connect(signal, getattr(receiver, slotName))

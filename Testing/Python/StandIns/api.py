"""What the classes of the application offer, from ``Testing/Data/pythonQtApi.json``."""

import json
import os
import re
from functools import cache

_PATH = os.path.join(os.path.dirname(__file__), "..", "..", "Data", "pythonQtApi.json")
# What every PythonQt object has beside the members of its class; "name" is the object name (slicer.util relies on it).
_BUILT_IN = ("name", "className", "inherits", "delete", "help")


class NotImitated(NotImplementedError):
    """The application has it, the stand-ins do not: add it to them."""


@cache
def description():
    with open(_PATH, encoding="utf-8") as file:
        return json.load(file)


def classNames():
    return description()["classes"].keys()


def classInfo(name):
    try:
        return description()["classes"][name]
    except KeyError:
        raise NotImitated(f"{name} is not in pythonQtApi.json: list it in extractApi.py") from None


def isDerivedFrom(name, base):
    while name:
        if name == base:
            return True
        name = classInfo(name)["base"]
    return False


@cache
def members(name):
    """``{member: (kind, detail)}`` with the inherited ones; kind is property, method, signal or enum."""
    result = {}
    chain = []
    while name:
        chain.append(name)
        name = classInfo(name)["base"]
    for level in reversed(chain):
        info = classInfo(level)
        for signal in info["signals"]:
            result[signal[: signal.index("(")]] = ("signal", None)
        for method in info["methods"]:
            # A property that a derived class repeats as a method (introspection of its virtual setter) stays one.
            if result.get(method, ("", None))[0] not in ("property", "signal"):
                result[method] = ("method", None)
        for enum, values in info["enums"].items():
            result[enum] = ("enum", None)
            for value in values:
                result.setdefault(value, ("enum", None))
        for prop, (kind, isWritable) in info["properties"].items():
            result[prop] = ("property", (kind, bool(isWritable)))
    if any(level == "qt.QObject" for level in chain):
        for extra in _BUILT_IN:
            result.setdefault(extra, ("builtin", None))
    if "qt.QTimer" in chain:
        result["singleShot"] = ("method", None)
    if "qt.QDialog" in chain or "qt.QMenu" in chain:
        result.setdefault("exec_", ("method", None))
    return result


@cache
def signals(name):
    """Normalized signatures of the class and its bases."""
    result = set()
    while name:
        info = classInfo(name)
        result.update(info["signals"])
        name = info["base"]
    return frozenset(result)


def normalized(signature):
    """The signature the way Qt's meta object compares it: no spaces, no const references."""
    text = re.sub(r"\bconst\b|&", "", signature)
    return re.sub(r"\s+", "", text)

"""Signals by their exact signature, as PythonQt connects them; exceptions in slots are noted, not raised."""

import functools
import inspect
import sys
import traceback
import types

from PySide6 import QtCore

from . import api
from .native import apiNameOf, baseGet, guarded, toPython

slotFailures = []  # texts of the exceptions that slots raised; a test fails when any is left


class UnknownSignal(AssertionError):
    """The application would print "signal does not exist" and go on without a connection."""


def takeSlotFailures():
    """The failures so far; the list starts anew."""
    failures = list(slotFailures)
    slotFailures.clear()
    return failures


def positionalCount(function):
    """How many arguments a slot takes; None when all of them are handed over."""
    if isinstance(function, (functools.partial, types.BuiltinFunctionType)):
        return None
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return None
    return sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)


def callSlot(function, args):
    """Call as the application does: at most as many arguments as fit; an exception is noted, the caller goes on."""
    count = positionalCount(function)
    with _SlotFailuresAreNoted():
        function(*(args if count is None else args[:count]))


class _SlotFailuresAreNoted:
    """As in PythonQt: what a slot raises is printed, and the caller goes on."""

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is None or not issubclass(kind, Exception):
            return False
        slotFailures.append("".join(traceback.format_exception(kind, error, trace)))
        sys.stderr.write(slotFailures[-1])
        return True


_WITH_COUNT = (
    lambda relay: lambda: relay(),
    lambda relay: lambda a: relay(a),
    lambda relay: lambda a, b: relay(a, b),
    lambda relay: lambda a, b, c: relay(a, b, c),
    lambda relay: lambda a, b, c, d: relay(a, b, c, d),
)


def _connections(self):
    instance = baseGet(self, "__dict__")
    return instance.setdefault("_standInConnections", [])


def checkedSignature(self, text):
    """The normalized signature; raises on one the application or Qt 6 does not know."""
    signature = api.normalized(text)
    apiName = apiNameOf(type(self))
    isOwn = not api.classInfo(apiName)["isQObject"] or signature not in api.signals(apiName)
    metaObject = baseGet(self, "metaObject")()
    if isOwn and (type(self) in guarded or metaObject.indexOfSignal(signature) < 0):
        raise UnknownSignal(f"{apiName} has no signal '{text}'")
    name = signature[: signature.index("(")]
    if signature in api.signals(apiName) and isinstance(getattr(type(self), name, None), QtCore.Signal):
        if metaObject.indexOfSignal(signature) < 0:
            raise UnknownSignal(f"{apiName}.{text} is gone in Qt 6")
    return signature


def connect(self, *args):
    if len(args) == 3:
        receiver, slot = args[1], args[2]
        slotName = slot[: slot.index("(")] if isinstance(slot, str) else slot
        function = getattr(receiver, slotName) if isinstance(slotName, str) else slotName
    elif len(args) == 2:
        function = args[1]
    else:
        raise ValueError("connect takes a signal and a callable")
    if not callable(function):
        raise TypeError(f"connect: {function!r} is not callable, which the application would notice at emission only")
    signature = checkedSignature(self, args[0])
    name = signature[: signature.index("(")]
    inside = signature[signature.index("(") + 1: -1]
    count = len(inside.split(",")) if inside else 0

    def relay(*values):
        callSlot(function, tuple(toPython(value) for value in values[:count]))
    isNative = isinstance(getattr(type(self), name, None), QtCore.Signal)
    if isNative:
        # PySide6 chooses the overload by the number of parameters it sees.
        relay = _WITH_COUNT[count](relay)
        baseGet(self, name).connect(relay)
    _connections(self).append((signature, function, relay, isNative))
    return True


def disconnect(self, *args):
    if not args:
        raise ValueError("disconnect() without arguments is not offered")
    signature = checkedSignature(self, args[0])
    for entry in list(_connections(self)):
        if entry[0] == signature and (len(args) == 1 or entry[1] == args[1]):
            _connections(self).remove(entry)
            if entry[3]:
                baseGet(self, signature[: signature.index("(")]).disconnect(entry[2])
            if len(args) > 1:
                return True
    return len(args) == 1


def emit(self, name, *args):
    """Emit a signal of a stand-in widget written in Python, every overload with as many arguments as it takes."""
    if baseGet(self, "signalsBlocked")():
        return
    for signature, _, relay, isNative in list(_connections(self)):
        if signature[: signature.index("(")] == name and not isNative:
            relay(*args)


class BoundSignal:
    """``w.clicked`` : connect, disconnect, emit."""

    def __init__(self, owner, name):
        overloads = [text for text in api.signals(apiNameOf(type(owner))) if text[: text.index("(")] == name]
        self._owner, self._name = owner, name
        self._signature = max(overloads, key=lambda text: len(text.split(",")) if "()" not in text else 0)

    def connect(self, function):
        return connect(self._owner, self._signature, function)

    def disconnect(self, *args):
        return disconnect(self._owner, self._signature, *args)

    def emit(self, *args):
        if isinstance(getattr(type(self._owner), self._name, None), QtCore.Signal):
            baseGet(self._owner, self._name).emit(*args)
        else:
            emit(self._owner, self._name, *args)

    __call__ = emit

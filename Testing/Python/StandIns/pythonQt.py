"""Gives PySide6 the manners of PythonQt: module ``qt`` with guarded classes.

Properties are read and written without parentheses, unknown names and keyword arguments are refused, signals are
connected by exact signature, lists come back as tuples, exceptions in slots are collected.
"""

import functools
import inspect
import sys
import traceback
import types

from PySide6 import QtCore, QtGui, QtUiTools, QtWidgets

from . import api

_MODULES = (QtWidgets, QtGui, QtCore, QtUiTools)
_originalGet = {}  # class of PySide6 -> its attribute access before it was guarded
_guarded = {}  # Python class -> name in the description
slotFailures = []  # texts of the exceptions that slots raised; a test fails when any is left
_queuedReplies = {}


def _baseGet(target, name):
    for cls in type(target).__mro__:
        if cls in _originalGet:
            return _originalGet[cls](target, name)
    return object.__getattribute__(target, name)


class UnknownSignal(AssertionError):
    """The application would print "signal does not exist" and go on without a connection."""


class UnexpectedDialog(AssertionError):
    """A static modal dialog was opened: in the application the test would hang."""


class Native:
    """Access to an object past the guard, for the stand-ins themselves: ``native(w).text()`` as in PySide6."""

    __slots__ = ("_object",)

    def __init__(self, target):
        object.__setattr__(self, "_object", target)

    def __getattr__(self, name):
        return _baseGet(self._object, name)


def native(target):
    return Native(target)


def takeSlotFailures():
    failures = list(slotFailures)
    slotFailures.clear()
    return failures


def queueReply(dialog, value):
    """Let the next static dialog, e.g. ``"QFileDialog.getExistingDirectory"``, answer ``value`` at once."""
    _queuedReplies.setdefault(dialog, []).append(value)


def apiNameOf(cls):
    """Name in the description of the class or its nearest guarded base."""
    for base in cls.__mro__:
        if base in _guarded:
            return _guarded[base]
    raise api.NotImitated(f"{cls.__name__} has no stand-in")


def guard(cls, apiName):
    """Put the class under the description's rule."""
    api.classInfo(apiName)
    _guarded[cls] = apiName
    isQObject = api.classInfo(apiName)["isQObject"]
    original = cls.__init__

    def construct(self, *args, **kwargs):
        # Python subclasses run their own __init__ first and may take keywords themselves.
        if kwargs:
            raise ValueError(f"{cls.__name__}: called slot does not support kwargs")
        original(self, *args)

    cls.__init__ = construct
    cls.__getattribute__ = _getObjectMember if isQObject else _getValueMember
    cls.__setattr__ = _setMember
    return cls


def toPython(value):
    """What PythonQt would hand over for a value of PySide6."""
    if isinstance(value, list):
        return tuple(toPython(item) for item in value)
    return value


def _noKeywords(name, function):
    def call(*args, **kwargs):
        if kwargs:
            raise ValueError(f"{name}: called slot does not support kwargs")
        return toPython(function(*args))

    return call


def _isPythonAttribute(self, name):
    """Whether the name belongs to a Python subclass written by the user of ``qt``, or to its instance."""
    isSubclass = False
    for cls in type(self).__mro__:
        if cls in _guarded:
            break
        isSubclass = True
        if name in cls.__dict__:
            return True
    return isSubclass and name in _baseGet(self, "__dict__")


def _isQtVirtual(self, name):
    """Whether Qt itself asks a class written in Python for an override of a virtual function."""
    if type(self).__module__.startswith("PySide6"):
        return False
    isOverridable = name in ("sizeHint", "minimumSizeHint", "event", "eventFilter") or name.endswith("Event")
    return isOverridable and any(name in cls.__dict__ for cls in type(self).__mro__ if not cls.__module__.startswith("PySide6"))


def _isInternal(name):
    return name.startswith(("_", "read_", "write_"))


def _getValueMember(self, name):
    if _isInternal(name) or type(self) not in _guarded:
        return object.__getattribute__(self, name)
    kind, _ = _memberOf(self, name)
    value = object.__getattribute__(self, name)
    return _noKeywords(name, value) if kind == "method" else value


def _memberOf(self, name):
    apiName = apiNameOf(type(self))
    found = api.members(apiName).get(name)
    if found is None:
        raise AttributeError(f"{apiName} object has no attribute '{name}' in the application")
    return found


def _getObjectMember(self, name):
    if _isInternal(name) or _isPythonAttribute(self, name):
        return _baseGet(self, name)
    # A class outside the description (say a scroll bar inside a view) must not pass by its base's members.
    isOutside = type(self).__module__.startswith("PySide6") and type(self) not in _guarded
    if isOutside and name not in api.members("qt.QObject"):
        if hasattr(QtCore.QObject, name):
            return _baseGet(self, name)
        raise api.NotImitated(f"{type(self).__name__} is not in pythonQtApi.json: list it in extractApi.py")
    if _isQtVirtual(self, name):
        return _baseGet(self, name)
    if name in _baseGet(self, "dynamicPropertyNames")():
        return toPython(_baseGet(self, "property")(name))
    if name not in api.members(apiNameOf(type(self))) and hasattr(type(self), name):
        # Qt looks names of virtual functions up in this way too, and takes an exception amiss.
        return _Refused(apiNameOf(type(self)), name)
    kind, _ = _memberOf(self, name)
    if kind == "property":
        return _readProperty(self, name)
    if kind == "signal":
        return BoundSignal(self, name)
    if kind == "builtin" or name in ("connect", "disconnect", "exec_", "findChild", "findChildren", "setProperty"):
        return getattr(_Extra, name)(self)
    if kind == "method":
        return _noKeywords(name, _method(self, name))
    return _baseGet(self, name)


def _method(self, name):
    try:
        return _baseGet(self, name)
    except AttributeError:
        # PySide6 shows no setter for some properties; the application does.
        if name.startswith("set") and len(name) > 3:
            prop = name[3].lower() + name[4:]
            if api.members(apiNameOf(type(self))).get(prop, ("",))[0] == "property":
                return lambda value: _setMember(self, prop, value)
        raise api.NotImitated(f"{apiNameOf(type(self))}.{name} is not imitated") from None


_VIRTUAL_PROPERTIES = ("sizeHint", "minimumSizeHint")
_beingRead = set()


def _readProperty(self, name):
    if name not in _VIRTUAL_PROPERTIES:
        return _propertyValue(self, name)
    # Reading makes Qt look for an override under the same name.
    key = (id(self), name)
    if key in _beingRead:
        return _Refused(apiNameOf(type(self)), name)
    _beingRead.add(key)
    try:
        return _propertyValue(self, name)
    finally:
        _beingRead.discard(key)


def _propertyValue(self, name):
    reader = getattr(type(self), f"read_{name}", None)
    if reader is not None:
        return toPython(reader(self))
    metaObject = _baseGet(self, "metaObject")()
    if metaObject.indexOfProperty(name) >= 0:
        return toPython(_baseGet(self, "property")(name))
    for getter in (name, f"is{name[0].upper()}{name[1:]}"):
        function = getattr(type(self), getter, None)
        if callable(function):
            return toPython(function(self))
    raise api.NotImitated(f"{apiNameOf(type(self))}.{name} is not imitated")


def _setMember(self, name, value):
    if _isInternal(name) or isinstance(value, QtCore.SignalInstance):  # PySide6 keeps its signals in this way
        _baseGet(self, "__dict__")[name] = value
        return
    isSubclass = type(self) not in _guarded
    members = api.members(apiNameOf(type(self)))
    if name not in members:
        if isSubclass:
            _baseGet(self, "__dict__")[name] = value
            return
        if isinstance(self, QtCore.QObject) and name in _baseGet(self, "dynamicPropertyNames")():
            _baseGet(self, "setProperty")(name, value)
            return
        raise AttributeError(f"'{name}': creating new attributes on C++ objects is not allowed")
    kind, detail = members[name]
    if kind != "property":
        raise AttributeError(f"Slot '{name}' can not be overwritten")
    cppType, isWritable = detail
    if not isWritable:
        raise AttributeError(f"Property '{name}' of {apiNameOf(type(self))} is not writable")
    _writeProperty(self, name, cppType, _converted(name, cppType, value))


def _converted(name, cppType, value):
    refusal = AttributeError(f"Property '{name}' of type '{cppType}' does not accept an object of type {type(value).__name__}")
    if cppType == "bool":
        return bool(value)
    if cppType in ("int", "double", "float", "uint"):
        if isinstance(value, str) or value is None:
            raise refusal
        return int(value) if cppType in ("int", "uint") else float(value)
    if cppType == "QString":
        # PythonQt would show 'None' or '5'; that is never what is meant.
        if not isinstance(value, str):
            raise refusal
        return value
    if cppType == "QStringList":
        if not isinstance(value, (list, tuple, str)):
            raise refusal
        return list(value)
    wanted = getattr(QtGui, cppType, getattr(QtCore, cppType, None)) if cppType.startswith("Q") and "::" not in cppType else None
    if wanted is not None and not isinstance(value, wanted):
        raise refusal
    return value


def _writeProperty(self, name, cppType, value):
    writer = getattr(type(self), f"write_{name}", None)
    if writer is not None:
        writer(self, value)
        return
    setter = getattr(type(self), f"set{name[0].upper()}{name[1:]}", None)
    if setter is not None:
        setter(self, value)
        return
    if _baseGet(self, "metaObject")().indexOfProperty(name) >= 0 and _baseGet(self, "setProperty")(name, value):
        return
    raise api.NotImitated(f"{apiNameOf(type(self))}.{name} cannot be set in the stand-ins")


# ---------------------------------------------------------------------------------------------- signals


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
    try:
        function(*(args if count is None else args[:count]))
    except Exception:  # noqa: BLE001 - this is the imitation of PythonQt, which lets nothing through
        slotFailures.append(traceback.format_exc())
        sys.stderr.write(slotFailures[-1])


_WITH_COUNT = (
    lambda relay: lambda: relay(),
    lambda relay: lambda a: relay(a),
    lambda relay: lambda a, b: relay(a, b),
    lambda relay: lambda a, b, c: relay(a, b, c),
    lambda relay: lambda a, b, c, d: relay(a, b, c, d),
)


def _connections(self):
    instance = _baseGet(self, "__dict__")
    return instance.setdefault("_standInConnections", [])


def checkedSignature(self, text):
    """The normalized signature; raises on one the application or Qt 6 does not know."""
    signature = api.normalized(text)
    apiName = apiNameOf(type(self))
    isOwn = not api.classInfo(apiName)["isQObject"] or signature not in api.signals(apiName)
    metaObject = _baseGet(self, "metaObject")()
    if isOwn and (type(self) in _guarded or metaObject.indexOfSignal(signature) < 0):
        raise UnknownSignal(f"{apiName} has no signal '{text}'")
    name = signature[: signature.index("(")]
    if signature in api.signals(apiName) and isinstance(getattr(type(self), name, None), QtCore.Signal):
        if metaObject.indexOfSignal(signature) < 0:
            raise UnknownSignal(f"{apiName}.{text} is gone in Qt 6")
    return signature


def _connect(self, *args):
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
        _baseGet(self, name).connect(relay)
    _connections(self).append((signature, function, relay, isNative))
    return True


def _disconnect(self, *args):
    if not args:
        raise ValueError("disconnect() without arguments is not offered")
    signature = checkedSignature(self, args[0])
    for entry in list(_connections(self)):
        if entry[0] == signature and (len(args) == 1 or entry[1] == args[1]):
            _connections(self).remove(entry)
            if entry[3]:
                _baseGet(self, signature[: signature.index("(")]).disconnect(entry[2])
            if len(args) > 1:
                return True
    return len(args) == 1


def emit(self, name, *args):
    """Emit a signal of a stand-in widget written in Python, every overload with as many arguments as it takes."""
    if _baseGet(self, "signalsBlocked")():
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
        return _connect(self._owner, self._signature, function)

    def disconnect(self, *args):
        return _disconnect(self._owner, self._signature, *args)

    def emit(self, *args):
        if isinstance(getattr(type(self._owner), self._name, None), QtCore.Signal):
            _baseGet(self._owner, self._name).emit(*args)
        else:
            emit(self._owner, self._name, *args)

    __call__ = emit


class _Refused:
    """A member of PySide6 that the application does not have: any use raises."""

    def __init__(self, apiName, name):
        self.__dict__.update(_words=f"{apiName} object has no attribute '{name}' in the application")

    def __call__(self, *args, **kwargs):
        raise AttributeError(self._words)

    def __getattr__(self, name):
        raise AttributeError(self._words)

    def __setattr__(self, name, value):
        raise AttributeError(self._words)

    def __bool__(self):
        raise AttributeError(self._words)


class _Extra:
    """Members that PythonQt treats in its own way; each returns the callable or value for ``self``."""

    @staticmethod
    def name(self):
        return _baseGet(self, "objectName")()

    @staticmethod
    def className(self):
        return lambda: apiNameOf(type(self)).split(".")[1]

    @staticmethod
    def inherits(self):
        return lambda name: any(
            api.isDerivedFrom(apiNameOf(type(self)), f"{space}.{name}")
            for space in ("qt", "ctk", "slicer") if f"{space}.{name}" in api.classNames())

    @staticmethod
    def delete(self):
        import shiboken6

        return lambda: shiboken6.delete(self)

    @staticmethod
    def help(self):
        return lambda: None

    @staticmethod
    def exec_(self):
        return _noKeywords("exec_", _baseGet(self, "exec"))

    @staticmethod
    def connect(self):
        return _noKeywords("connect", lambda *args: _connect(self, *args))

    @staticmethod
    def disconnect(self):
        return _noKeywords("disconnect", lambda *args: _disconnect(self, *args))

    @staticmethod
    def findChild(self):
        return _noKeywords("findChild", lambda kind, name: next(iter(_find(self, kind, name)), None))

    @staticmethod
    def findChildren(self):
        return _noKeywords("findChildren", lambda kind, *name: tuple(_find(self, kind, *name)))

    @staticmethod
    def setProperty(self):
        return _noKeywords("setProperty", lambda name, value: _baseGet(self, "setProperty")(name, value))


def _find(self, kind, name=""):
    wanted = kind if isinstance(kind, str) else apiNameOf(kind).split(".")[1]
    for child in _baseGet(self, "children")():
        if _Extra.inherits(child)(wanted) and (not name or _baseGet(child, "objectName")() == name):
            yield child
        yield from _find(child, kind, name)


# ---------------------------------------------------------------------------------------------- module qt


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
    _originalGet.update((cls, cls.__getattribute__) for cls in classes.values())
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

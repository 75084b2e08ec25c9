"""Gives classes of PySide6, and stand-ins derived from them, the manners of PythonQt.

Properties are read and written without parentheses, unknown names and keyword arguments are refused, lists come back
as tuples. The module ``qt`` itself is made in :mod:`.qtModule`, signals are in :mod:`.signals`.
"""

from PySide6 import QtCore, QtGui

from . import api
from .native import apiNameOf, baseGet, guarded, noKeywords, toPython
from .signals import BoundSignal, connect, disconnect


def guard(cls, apiName):
    """Put the class under the description's rule."""
    api.classInfo(apiName)
    guarded[cls] = apiName
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


def _isPythonAttribute(self, name):
    """Whether the name belongs to a Python subclass written by the user of ``qt``, or to its instance."""
    isSubclass = False
    for cls in type(self).__mro__:
        if cls in guarded:
            break
        isSubclass = True
        if name in cls.__dict__:
            return True
    return isSubclass and name in baseGet(self, "__dict__")


def _isQtVirtual(self, name):
    """Whether Qt itself asks a class written in Python for an override of a virtual function."""
    if type(self).__module__.startswith("PySide6"):
        return False
    isOverridable = name in ("sizeHint", "minimumSizeHint", "event", "eventFilter") or name.endswith("Event")
    ownClasses = [cls for cls in type(self).__mro__ if not cls.__module__.startswith("PySide6")]
    return isOverridable and any(name in cls.__dict__ for cls in ownClasses)


def _isInternal(name):
    return name.startswith(("_", "read_", "write_"))


def _getValueMember(self, name):
    if _isInternal(name) or type(self) not in guarded:
        return object.__getattribute__(self, name)
    kind, _ = _memberOf(self, name)
    value = object.__getattribute__(self, name)
    return noKeywords(name, value) if kind == "method" else value


def _memberOf(self, name):
    apiName = apiNameOf(type(self))
    found = api.members(apiName).get(name)
    if found is None:
        raise AttributeError(f"{apiName} object has no attribute '{name}' in the application")
    return found


def _getObjectMember(self, name):
    if _isInternal(name) or _isPythonAttribute(self, name):
        return baseGet(self, name)
    # A class outside the description (say a scroll bar inside a view) must not pass by its base's members.
    isOutside = type(self).__module__.startswith("PySide6") and type(self) not in guarded
    if isOutside and name not in api.members("qt.QObject"):
        if hasattr(QtCore.QObject, name):
            return baseGet(self, name)
        raise api.NotImitated(f"{type(self).__name__} is not in pythonQtApi.json: list it in extractApi.py")
    if _isQtVirtual(self, name):
        return baseGet(self, name)
    if name in baseGet(self, "dynamicPropertyNames")():
        return toPython(baseGet(self, "property")(name))
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
        return noKeywords(name, _method(self, name))
    return baseGet(self, name)


def _method(self, name):
    try:
        return baseGet(self, name)
    except AttributeError:
        # PySide6 shows no setter for some properties; the application does.
        if name.startswith("set") and len(name) > 3:
            prop = name[3].lower() + name[4:]
            if api.members(apiNameOf(type(self))).get(prop, ("",))[0] == "property":
                return lambda value: _setMember(self, prop, value)
        raise api.NotImitated(f"{apiNameOf(type(self))}.{name} is not imitated") from None


_VIRTUAL_PROPERTIES = ("sizeHint", "minimumSizeHint", "spacing")
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
    metaObject = baseGet(self, "metaObject")()
    if metaObject.indexOfProperty(name) >= 0:
        return toPython(baseGet(self, "property")(name))
    for getter in (name, f"is{name[0].upper()}{name[1:]}"):
        function = getattr(type(self), getter, None)
        if callable(function):
            return toPython(function(self))
    raise api.NotImitated(f"{apiNameOf(type(self))}.{name} is not imitated")


def _setMember(self, name, value):
    if _isInternal(name) or isinstance(value, QtCore.SignalInstance):  # PySide6 keeps its signals in this way
        baseGet(self, "__dict__")[name] = value
        return
    isSubclass = type(self) not in guarded
    members = api.members(apiNameOf(type(self)))
    if name not in members:
        if isSubclass:
            baseGet(self, "__dict__")[name] = value
            return
        if isinstance(self, QtCore.QObject) and name in baseGet(self, "dynamicPropertyNames")():
            baseGet(self, "setProperty")(name, value)
            return
        raise AttributeError(f"'{name}': creating new attributes on C++ objects is not allowed")
    kind, detail = members[name]
    if kind != "property":
        raise AttributeError(f"Slot '{name}' can not be overwritten")
    cppType, isWritable = detail
    if not isWritable:
        raise AttributeError(f"Property '{name}' of {apiNameOf(type(self))} is not writable")
    _writeProperty(self, name, cppType, converted(name, cppType, value))


def converted(name, cppType, value):
    refusal = AttributeError(
        f"Property '{name}' of type '{cppType}' does not accept an object of type {type(value).__name__}")
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
    isValueType = cppType.startswith("Q") and "::" not in cppType
    wanted = getattr(QtGui, cppType, getattr(QtCore, cppType, None)) if isValueType else None
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
    if baseGet(self, "metaObject")().indexOfProperty(name) >= 0 and baseGet(self, "setProperty")(name, value):
        return
    raise api.NotImitated(f"{apiNameOf(type(self))}.{name} cannot be set in the stand-ins")


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
        return baseGet(self, "objectName")()

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
        return noKeywords("exec_", baseGet(self, "exec"))

    @staticmethod
    def connect(self):
        return noKeywords("connect", lambda *args: connect(self, *args))

    @staticmethod
    def disconnect(self):
        return noKeywords("disconnect", lambda *args: disconnect(self, *args))

    @staticmethod
    def findChild(self):
        return noKeywords("findChild", lambda kind, name: next(iter(_find(self, kind, name)), None))

    @staticmethod
    def findChildren(self):
        return noKeywords("findChildren", lambda kind, *name: tuple(_find(self, kind, *name)))

    @staticmethod
    def setProperty(self):
        return noKeywords("setProperty", lambda name, value: baseGet(self, "setProperty")(name, value))


def _find(self, kind, name=""):
    wanted = kind if isinstance(kind, str) else apiNameOf(kind).split(".")[1]
    for child in baseGet(self, "children")():
        if _Extra.inherits(child)(wanted) and (not name or baseGet(child, "objectName")() == name):
            yield child
        yield from _find(child, kind, name)

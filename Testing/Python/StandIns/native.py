"""Access to objects past the guard, and what the other files share."""

from . import api

originalGet = {}  # class of PySide6 -> its attribute access before it was guarded
guarded = {}  # Python class -> name in the description


def baseGet(target, name):
    """Attribute of an object as PySide6 gives it."""
    for cls in type(target).__mro__:
        if cls in originalGet:
            return originalGet[cls](target, name)
    return object.__getattribute__(target, name)


class Native:
    """Access to an object past the guard, for the stand-ins themselves: ``native(w).text()`` as in PySide6."""

    __slots__ = ("_object",)

    def __init__(self, target):
        object.__setattr__(self, "_object", target)

    def __getattr__(self, name):
        return baseGet(self._object, name)


def native(target):
    return Native(target)


def apiNameOf(cls):
    """Name in the description of the class or its nearest guarded base."""
    for base in cls.__mro__:
        if base in guarded:
            return guarded[base]
    raise api.NotImitated(f"{cls.__name__} has no stand-in")


def toPython(value):
    """What PythonQt would hand over for a value of PySide6."""
    if isinstance(value, list):
        return tuple(toPython(item) for item in value)
    return value


def noKeywords(name, function):
    """The function, refusing keyword arguments and handing back tuples."""

    def call(*args, **kwargs):
        if kwargs:
            raise ValueError(f"{name}: called slot does not support kwargs")
        return toPython(function(*args))

    return call

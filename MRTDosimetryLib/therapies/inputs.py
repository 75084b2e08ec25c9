"""Checks of what a study file or the wizard states beside images: kinds of measurements, patient, prescription.

One entry of ``KINDS`` per key of the study file. A therapy's file adds its own by :func:`registerKind`; what is not
registered is refused by its name.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import Faults, InputError

_kinds = {}


@dataclass(frozen=True)
class Kind:
    """One kind of statement.

    Attributes
    ----------
    key : str
        Of the study file: a top-level key (``"thyroid"``), or one below ``measurements``
        (``"measurements.wholeBody"``).
    title : str
        What the user reads.
    check : callable
        ``check(value, where) -> value``: the value as the calculation takes it, or :class:`InputError` /
        :class:`FaultList` in words; never silently changed.
    fields : tuple of Field
        What the wizard asks for: fields of a form, or columns of a table where ``isTable``.
    isTable : bool
        Whether the value is a list of rows.
    lists : tuple of Rows
        Lists within the value; within each row of it where ``isTable``.
    """

    key: str
    title: str
    check: Callable
    fields: tuple = ()
    isTable: bool = False
    lists: tuple = ()


@dataclass(frozen=True)
class Field:
    """One field of a form or column of a table.

    Attributes
    ----------
    name : str
        Key in the study file, with its unit in the name.
    title : str
        With the unit in brackets.
    kind : str
        "number", "integer", "text", "choice" or "calibration" (the record of an instrument).
    choices : tuple of (str, str)
        Value and title, of a choice; of a calibration the kind of instrument alone.
    tip : str
    isRequired : bool
    """

    name: str
    title: str
    kind: str = "number"
    choices: tuple = ()
    tip: str = ""
    isRequired: bool = False


@dataclass(frozen=True)
class Rows:
    """A list of rows within a statement.

    Attributes
    ----------
    name : str
        Key in the study file.
    title : str
    fields : tuple of Field
        Columns.
    """

    name: str
    title: str
    fields: tuple


def registerKind(kind):
    """Make a :class:`Kind` known under its key; the last one of a key counts."""
    _kinds[kind.key] = kind


def kinds():
    """All kinds, key -> :class:`Kind`."""
    from .registry import therapies

    therapies()  # which imports every therapy's file
    return dict(_kinds)


def checked(statements, where="study"):
    """Statements as the calculations take them.

    Parameters
    ----------
    statements : dict
        Key of a kind -> value as in the study file.

    Returns
    -------
    dict
        The same keys; the caller's own copy.

    Raises
    ------
    InputError, FaultList
        Every fault found.
    """
    known, faults, found = kinds(), Faults(), {}
    for key, value in statements.items():
        place = f"{where}: {key}"
        if key not in known:
            faults.add(f"The key '{key}' is not known", where, f"Known are {', '.join(sorted(known))}")
            continue
        with faults.collect():
            found[key] = known[key].check(copy.deepcopy(value), place)
    faults.raiseIfAny()
    return found


def number(value, what, where, low=None, high=None, isLowIncluded=True, isHighIncluded=True, mend=""):
    """``value`` as a finite float within limits, or an :class:`InputError` in words.

    Parameters
    ----------
    low, high : float or None
        Limits; ``None`` for none.
    mend : str
        How to mend a value outside its limits.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise InputError(f"The {what} is not a number ({value!r})", where, "Give a number")
    value = float(value)
    if value != value or value in (float("inf"), float("-inf")):
        raise InputError(f"The {what} is not a finite number", where, "Give a number")
    isTooLow = low is not None and (value < low or (value == low and not isLowIncluded))
    isTooHigh = high is not None and (value > high or (value == high and not isHighIncluded))
    if isTooLow or isTooHigh:
        bounds = []
        if low is not None:
            bounds.append(f"{'at least' if isLowIncluded else 'above'} {low:g}")
        if high is not None:
            bounds.append(f"{'at most' if isHighIncluded else 'below'} {high:g}")
        raise InputError(f"The {what} is {value:g}, but has to be {' and '.join(bounds)}", where, mend)
    return value


def optionalNumber(value, *args, **options):
    """As :func:`number`; ``None`` stays ``None``."""
    return None if value is None else number(value, *args, **options)


def refuseUnknown(content, known, where):
    """:class:`InputError` where ``content`` is no dictionary or holds a key that is not among ``known``."""
    if not isinstance(content, dict):
        raise InputError("This is not an object with named values", where, f"Give {', '.join(sorted(known))}")
    unknown = sorted(set(content) - set(known))
    if unknown:
        raise InputError(f"The key '{unknown[0]}' is not known", where, f"Known are {', '.join(sorted(known))}")


def table(value, where, checkRow, fewest=1):
    """A list of rows, each checked by ``checkRow(row, where)``; all faults of all rows in one go."""
    if not isinstance(value, list):
        raise InputError("This is not a list of measurements", where, "Give a list, one object per measurement")
    if len(value) < fewest:
        raise InputError(f"{len(value)} measurements are given, at least {fewest} are needed", where)
    faults, found = Faults(), []
    for position, row in enumerate(value):
        with faults.collect():
            found.append(checkRow(row, f"{where}, row {position + 1}"))
    faults.raiseIfAny()
    return found


def requireOrderedTimes(rows, where, key="timeHours"):
    """Times have to rise from row to row."""
    times = [row[key] for row in rows]
    for position, (earlier, later) in enumerate(zip(times, times[1:], strict=False)):
        if not later > earlier:
            raise InputError(f"The times are not in order: {later:g} h comes after {earlier:g} h",
                             f"{where}, row {position + 2}", "List the measurements in the order of time, each once")

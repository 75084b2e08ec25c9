"""Who stated what, in a record: so that a repetition says so too, and not that all of it came from a file."""

import copy

from ..errors import InputError
from . import reporting, statements

KEY = "origins"
_ADMINISTRATION = "administration"
_PARTS = ("source", "detail", "reason", "role")


def describe(study):
    """Origins of the statements, of the administration and of what is stated for the report alone.

    Returns
    -------
    dict
        ``statements`` and ``reporting`` (by key) and ``administration``, each ``source``, ``detail``, ``reason`` and
        ``role``; only what is stated.
    """
    given = study.choice(_ADMINISTRATION)
    found = {"statements": {key: _partsOf(entry) for key, entry in statements.statements(study).items()},
             reporting.KEY: {key: _partsOf(entry) for key, entry in reporting.statements(study).items()},
             _ADMINISTRATION: _partsOf(given or {})}
    return {key: value for key, value in found.items() if value}


def restore(study, given):
    """Put back what :func:`describe` gave, once the values are stated.

    Raises
    ------
    InputError
        Something else than that.
    """
    known = {"statements": "statements", reporting.KEY: reporting.KEY}
    if not isinstance(given, dict) or not set(given) <= {*known, _ADMINISTRATION} or not all(
            isinstance(part, dict) for part in given.values()):
        raise InputError("The origins are not those of a record", KEY, "Leave them out: then all is stated by the file")
    for key, choice in known.items():
        kept = copy.deepcopy(study.choice(choice) or {})
        for name in set(kept) & set(given.get(key) or {}):
            kept[name].update(_checked(given[key][name]))
        study.setChoice(choice, kept or None)
    if study.choice(_ADMINISTRATION) and given.get(_ADMINISTRATION):
        study.setChoice(_ADMINISTRATION, {**study.choice(_ADMINISTRATION), **_checked(given[_ADMINISTRATION])})


def _partsOf(entry):
    return {key: entry[key] for key in _PARTS if key in entry}


def _checked(parts):
    if not isinstance(parts, dict) or not set(parts) <= set(_PARTS) \
            or parts.get("source") not in (None, *statements.SOURCES) \
            or not all(isinstance(value, str) for value in parts.values()):
        raise InputError("An origin is not source, detail, reason and role", KEY,
                         f"Sources are {', '.join(statements.SOURCES)}")
    return parts

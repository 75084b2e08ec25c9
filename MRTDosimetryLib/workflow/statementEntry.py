"""Statements as they are typed in step by step: drafts are kept, and each fault finds the field that it is about."""

import copy
import re

from ..errors import InputError
from ..therapies import inputs
from . import counterRecords, jointKinetics, roles, statements, statementText

# ", row 2", ", limit 1", ": compartment 3" in the place of a fault.
_ROW = re.compile(r"[,:] (?:row|limit|compartment) (\d+)")
# What a field may be filled with to see which fault goes away.
_NUMBERS = (1.0, 0.5, 0.1, 0.01, 10.0, 100.0, 1000.0)
_WORDS = ("kidney", "example")


# What is decided, not measured.
_DECIDED = ("prescription", "earlierCycles")


def requireRole(key, actingAs):
    """Refuse a statement of a kind that is not a role's business; returns the role as it is kept with the statement.

    Parameters
    ----------
    key : str
        Of a kind.
    actingAs : str or None
        Role at the desk; ``None`` for a statement that nobody makes at a desk.
    """
    if actingAs is not None and key not in _DECIDED:
        roles.require(roles.STATE_MEASUREMENTS, actingAs)
    return actingAs


def keep(study, key, value, source="user", reason=None, detail=None, actingAs=None):
    """Keep what is typed, complete or not; what is empty takes the statement back.

    Parameters
    ----------
    key : str
        Of a kind.
    value : JSON value
        Without what is not stated; rows without content fall away.
    source, reason, detail : str
        As of :func:`.statements.setStatement`; reason and detail stay as they are where they are left out.
    actingAs : str, optional
        Role at the desk, which is kept with the statement.

    Raises
    ------
    InputError
        Names of regions or files that do not fit the study: what is typed is kept where it can be. A role that does
        not state measurements: nothing is changed.
    """
    role = requireRole(key, actingAs)
    before = statements.statements(study).get(key) or {}
    value, _name = counterRecords.resolved(key, cleaned(value), key)
    if reason is None:
        reason = before.get("reason", "")
    if detail is None:
        detail = before.get("detail", "")
        if source == "user" and before.get("source") not in (None, "user") and detail:
            detail = f"{detail}, changed by hand"
    given = {"source": source, "reason": reason, "detail": detail, "role": role}
    isDraft = value is not None and bool(_faults(inputs.kinds()[key], value))
    if key == statements.PLANAR and isDraft:
        jointKinetics.removePlanarSeries(study)  # nothing is computed from what stood there before
    statements.setStatement(study, key, value, isDraft=isDraft, **given)


def cleaned(value):
    """A value without empty parts; ``None`` where nothing is left. Rows keep their order."""
    if isinstance(value, dict):
        value = {name: cleaned(item) for name, item in value.items()}
        value = {name: item for name, item in value.items() if item is not None}
        return value or None
    if isinstance(value, list):
        return [item for item in map(cleaned, value) if item is not None] or None
    return None if value == "" else value


def rowsOf(value):
    """The rows of a list within a statement; an object of rows by their names becomes a list with ``name``."""
    if isinstance(value, dict):
        return [{"name": name, **(row if isinstance(row, dict) else {})} for name, row in value.items()]
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def flattened(kind, value):
    """A form's value with the fields of a level between, e.g. ``{"planar": {...}}``, among the others."""
    if not isinstance(value, dict):
        return value
    fields, lists = {field.name for field in kind.fields}, {item.name for item in kind.lists}
    found = {}
    for key, content in value.items():
        isBetween = isinstance(content, dict) and key not in fields | lists and fields & set(content)
        found |= content if isBetween else {key: content}
    return found


def located(kind, value):
    """Every fault of a value with the place that it is about.

    A fault belongs to the field without which, or with another content of which, it would not be there.

    Parameters
    ----------
    kind : Kind
    value : JSON value
        As stated; ``None`` for nothing.

    Returns
    -------
    list of (tuple, str)
        Path of the field, e.g. ``("massG",)``, ``(2, "timeHours")``, ``("limits", 0, "valueGy")``, or of a row, or
        empty where no field can be named; and the words.
    """
    if value is None:
        return []
    before = _faults(kind, value)
    if not before:
        return []
    paths, seen = _paths(kind, value), {}

    def after(path):
        if path not in seen:
            seen[path] = [_faults(kind, changed) for changed in _changed(kind, value, path)]
        return seen[path]

    found = []
    for fault in before:
        row = _rowOf(kind, value, fault)
        near = [path for path in paths if path[:len(row)] == row] if row else paths
        sure = [path for path in near
                if any(fault not in left and set(left) <= set(before) for left in after(path))]
        likely = sure or [path for path in near if any(fault not in left for left in after(path))]
        stated = [path for path in likely if _get(value, path) is not None] or likely
        # one field, or two that contradict each other; more than that is a matter of the whole
        places = stated if 0 < len(stated) <= 2 else [row]
        found += [(path, _words(kind, fault, _get(value, path) if path else None)) for path in places]
    return list(dict.fromkeys(found))


def _faults(kind, value):
    """(what, where, mend) of each fault of a value."""
    try:
        kind.check(copy.deepcopy(value), kind.title)
    except InputError as error:
        return [(fault.what, fault.where, fault.mend) for fault in error.faults]
    return []


def _words(kind, fault, value):
    """A fault as it is read beside its field: titles in place of the keys of a study file."""
    what, _where, mend = fault
    words = f"{what}. {mend}." if mend else f"{what}."
    words = words.replace(" is not a number (None)", " is missing")
    for fields in (kind.fields, *(item.fields for item in kind.lists)):
        for field in fields:
            if not field.name.islower():  # a key, and no word of the sentence
                words = re.sub(rf"\b{field.name}\b", f"'{field.title}'", words)
    if isinstance(value, str) and statementText.isAmbiguous(value):
        words += " Separators of thousands are not understood: write a decimal point and nothing else."
    return words


def _rowOf(kind, value, fault):
    """Path of the row that the words of a fault name, or an empty one."""
    match = _ROW.search(fault[1])
    if match is None:
        return ()
    number = int(match.group(1)) - 1
    if kind.isTable:
        return (number,) if number < len(value) else ()
    return next(((item.name, number) for item in kind.lists if number < len(value.get(item.name) or ())), ())


def _paths(kind, value):
    """Paths of all fields, stated or not, the stated rows only."""
    if kind.isTable:
        return [path for number, row in enumerate(value)
                for path in _ofRow(kind.fields, kind.lists, row, (number,))]
    return _ofRow(kind.fields, kind.lists, value, ())


def _ofRow(fields, lists, row, start):
    found = [(*start, field.name) for field in fields]
    for item in lists:
        content = row.get(item.name) if isinstance(row, dict) else None
        keys = content if isinstance(content, dict) else range(len(content)) if isinstance(content, list) else ()
        found += [(*start, item.name, key, field.name) for key in keys for field in item.fields]
    return found


def _fieldAt(kind, path):
    fields = kind.fields
    for part in path[:-1]:
        fields = next((item.fields for item in kind.lists if item.name == part), fields)
    return next(field for field in fields if field.name == path[-1])


def _changed(kind, value, path):
    """The value with another content of one field: without it, and with some that may be right."""
    field, own = _fieldAt(kind, path), _get(value, path)
    if own is not None and not field.isRequired:  # without a required one, others are no longer looked at
        yield _set(value, path, None)
    if field.kind == "choice":
        tried = [item for item, _title in field.choices[:2]]
    elif field.kind == "text":
        tried = _WORDS
    else:
        tried = (1,) if field.kind == "integer" else _NUMBERS
    for content in tried:
        if content != own:
            yield _set(value, path, content)


def _get(value, path):
    for part in path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _set(value, path, content):
    changed = copy.deepcopy(value)
    target = changed
    for part in path[:-1]:
        target = target[part]
    if content is None:
        target.pop(path[-1], None)
    else:
        target[path[-1]] = content
    return changed


def summary(kind, value):
    """How much of a kind is stated, in words."""
    if value is None:
        return "not stated"
    if kind.isTable:
        return f"{len(value)} row" if len(value) == 1 else f"{len(value)} rows"
    return f"{len(value)} stated"

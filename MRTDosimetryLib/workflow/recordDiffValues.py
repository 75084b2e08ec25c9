"""Every single value of two JSON contents beside each other, lists of named things matched by their names."""

# What tells the members of a list apart, the first that all of them have.
_NAMES = (("name",), ("region", "label"), ("label",), ("key",), ("timeHours",), ("hoursAfterAdministration",),
          ("levelGy",), ("title",))
ABSENT = "absent"


def flat(value, path=()):
    """{path: single value} of a JSON value; a path is a tuple of keys."""
    if isinstance(value, dict) and value:
        return {place: item for key, entry in value.items() for place, item in flat(entry, (*path, str(key))).items()}
    if isinstance(value, list) and value:
        return {place: item for name, entry in zip(entryNames(value), value, strict=True)
                for place, item in flat(entry, (*path, name)).items()}
    return {path: value}


def entryNames(entries):
    """What the members of a list are called in a path."""
    keys = next((names for names in _NAMES if _isTold(entries, names)), None)
    return [_nameOf(entry, number, keys) for number, entry in enumerate(entries)]


def _isTold(entries, names):
    if not all(isinstance(entry, dict) and all(name in entry for name in names) for entry in entries):
        return False
    found = [tuple(str(entry[name]) for name in names) for entry in entries]
    return len(set(found)) == len(found)


def _nameOf(entry, number, names):
    return f"{number + 1}" if names is None else ", ".join(str(entry[name]) for name in names)


def changes(first, second):
    """Values that differ between two flat contents.

    Returns
    -------
    list of dict
        ``path`` (list of str), ``from``, ``to`` (``"absent"`` where there is none) and ``percent``, the change of a
        number relative to the first, ``None`` where there is none; the largest first.
    """
    found = []
    for path in dict.fromkeys([*first, *second]):
        one, other = first.get(path, ABSENT), second.get(path, ABSENT)
        if type(one) is type(other) and one == other or isNumber(one) and isNumber(other) and one == other:
            continue
        found.append({"path": list(path), "from": one, "to": other, "percent": _percent(one, other)})
    return sorted(found, key=lambda row: (row["percent"] is None, -abs(row["percent"] or 0.0)))


def _percent(one, other):
    if not (isNumber(one) and isNumber(other)) or one == 0:
        return None
    return 100.0 * (other - one) / abs(one)


def isNumber(value):
    """Whether a value of JSON is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def words(row):
    """A change in words."""
    change = "" if row["percent"] is None else f" ({row['percent']:+.3g} %)"
    return f"{' / '.join(row['path'])}: {_text(row['from'])} -> {_text(row['to'])}{change}"


def _text(value):
    if isinstance(value, float):
        return f"{value:.6g}"
    return "none" if value is None else str(value)

"""What was measured or stated beside images, as tables: one for each statement, and one for each list in it."""

import json

from .numbers import compact, words
from .quantities import titleAndUnit, valueText
from .therapyTables import stated

_ORIGINS = {"user": "Entered by hand", "file": "From the study file", "DICOM": "From DICOM"}
_QUANTITY = ["Quantity", "Value", "Unit"]


def inputs(rows):
    """What was stated: (title, Table, where from) of each statement, the origin with its last table.

    Parameters
    ----------
    rows : list of dict
        As :func:`.workflow.measurements.rows` gives them.
    """
    found = []
    for row in rows:
        origin = _ORIGINS[row["source"]]
        origin += "".join(f", {text}" for text in (row["detail"], row["reason"]) if text)
        tables = _statementTables(row) if row["isTable"] else _valueTables(row)
        last = len(tables) - 1
        found += [(title, table, f"{origin}." if position == last else "")
                  for position, (title, table) in enumerate(tables)]
    return found


def _statementTables(row):
    columns = [(words(title) if title == name else title, unit, [_chosen(value, row["choices"].get(name))
                                                                  for value in values])
               for name, title, unit, values in row["columns"]]
    content = {"title": row["title"], "columns": [_titled(title, unit) for title, unit, _values in columns],
               "rows": list(zip(*([_inLine(value) for value in values] for _title, _unit, values in columns),
                                strict=True))}
    return [_table(content)]


def _valueTables(row):
    """Single values in one table; a list of objects, such as the limits of a prescription, in one of its own."""
    single, lists = [], []
    for name, title, unit, values in row["columns"]:
        title = words(title) if title == name else title
        content = _parsed(_chosen(values[0], row["choices"].get(name)))
        if isinstance(content, list) and content and all(isinstance(item, dict) for item in content):
            lists.append((f"{row['title']}: {title}", _listTable(content)))
        elif isinstance(content, dict):
            single += [(f"{title}: {below}", value, belowUnit) for below, value, belowUnit in _lines(content)]
        else:
            single.append((title, _inLine(content), unit))
    tables = []
    if single:
        title, table = _table({"title": row["title"], "columns": _QUANTITY,
                               "rows": [(title[:1].upper() + title[1:], value, "" if unit == "1" else unit)
                                        for title, value, unit in single]})
        table.css = "values"
        tables.append((title, table))
    return tables + lists


def _listTable(content):
    """One row per object, one column per key of any of them."""
    keys = list(dict.fromkeys(key for item in content for key in item))
    # what names a row comes first
    keys.sort(key=lambda key: key not in ("name", "region", "tissue", "cycle"))
    titles = [titleAndUnit(key) for key in keys]
    table = _table({"title": "", "columns": [_titled(title[:1].upper() + title[1:], unit) for title, unit in titles],
                    "rows": [[_inLine(item.get(key)) for key in keys] for item in content]})[1]
    table.css = "listed"
    return table


def _table(content):
    # as it was given: no digits are added or taken away
    return stated(content, lambda value: compact(value, 7))[:2]


def _titled(title, unit):
    return f"{title} ({unit})" if unit not in ("", "1") else title


def _lines(content):
    """(words, value, unit) of an object's values, those of objects in it with the words of both."""
    found = []
    for key, value in content.items():
        title, unit = titleAndUnit(key)
        if isinstance(value, dict):
            found += [(f"{key}: {below}", item, belowUnit) for below, item, belowUnit in _lines(value)]
        else:
            # a key may be a name as well, which is no word of the program
            isName = not unit and (" " in key or not key[:1].islower())
            found.append((key if isName else title, _inLine(value), unit))
    return found


def _parsed(value):
    """An object or a list of objects, which a statement holds as JSON; other values as they are."""
    if not (isinstance(value, str) and value[:1] in ("{", "[")):
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value


def _inLine(value):
    """A value for a cell: objects and lists in words."""
    content = _parsed(value)
    if isinstance(content, dict):
        return ", ".join(_itemWords(key, item) for key, item in content.items() if item is not None)
    if isinstance(content, list):
        return "; ".join(str(_inLine(item)) for item in content)
    return content


def _itemWords(key, item):
    title, unit = titleAndUnit(key)
    if isinstance(item, (dict, list)):
        return f"{key}: {_inLine(item)}"
    return f"{title} {compact(item, 7) if _isNumber(item) else valueText(item)} {unit}".rstrip()


def _isNumber(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _chosen(value, choices):
    """The title of a chosen value."""
    return next((title for known, title in choices or () if known == value), value)

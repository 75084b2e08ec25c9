"""Tables of a therapy's own calculation: its results, what was stated for it, and what the protocol says of itself."""

import json

from .numbers import compact, plusMinus, significant, words
from .quantities import lines, titleAndUnit, valueText
from .tables import NOT_COMPUTED, Cell, Column, Table, textCell

# Keys of ``therapy`` in results.json that are no values of the calculation.
FRAME_KEYS = ("protocol", "strategy", "level", "recommendation", "assumptions", "leavesOut", "uncertaintyCost",
              "tables")
_LINES_IN_ONE_COLUMN = 14
DECISION = "The decision is the treating physician's."
# Council Directive 2013/59/Euratom, article 83, as quoted by the EANM position paper (doi 10.1007/s00259-020-05038-9).
PHYSICS_EXPERT = (
    "Closely involved in therapeutic practice that is not standardized; involved in standardized therapeutic practice; "
    "consulted in any other.")
PHYSICS_EXPERT_SOURCE = "Council Directive 2013/59/Euratom, as quoted in doi 10.1007/s00259-020-05038-9"


def decision(recommendation):
    """Who decides, to stand behind a recommendation that does not say so itself."""
    return "" if "treating physician" in recommendation else DECISION


def values(therapy):
    """All values of the calculation with their units, as one table, or two to stand side by side; ``[]`` for none."""
    return valueTables(lines({key: value for key, value in therapy.items() if key not in FRAME_KEYS}))


def valueTables(found, inOneColumn=_LINES_IN_ONE_COLUMN):
    """Lines of :mod:`.quantities` as one table, or as two to stand side by side; ``[]`` for none."""
    count = len(found) if len(found) <= inOneColumn else (len(found) + 1) // 2
    return [_valueTable(found[start:start + count]) for start in range(0, len(found), count or 1)]


def _valueTable(found):
    table = Table([Column("Quantity", isNumber=False), Column("Value"), Column("Unit", isNumber=False)], css="values")
    for line in found:
        value = Cell(NOT_COMPUTED, isMissing=True) if line.value is None else \
            Cell(numberText(line), detail=intervalText(line))
        table.rows.append([Cell(line.title[:1].upper() + line.title[1:]), value, Cell(line.unit)])
    return table


def numberText(line):
    """A value with its standard uncertainty, without its unit."""
    return valueText(line.value) if line.uncertainty is None else plusMinus(line.value, line.uncertainty)


def intervalText(line):
    """The 95 % interval of a value, or an empty text."""
    return "" if line.interval is None else f"95 %: {' to '.join(significant(end) for end in line.interval)}"


def stated(content, formatNumber=None):
    """A table of the calculation, or of a statement: ``title``, ``columns``, ``rows``, ``source``.

    Parameters
    ----------
    content : dict
    formatNumber : callable, optional
        Of numbers beside the first column, which names the row; four significant digits when left out.

    Returns
    -------
    (str, Table, str)
        Title, table and source.
    """
    formatNumber = formatNumber or (lambda value: significant(value, 4))
    isNumber = [any(_isNumber(row[index]) for row in content["rows"]) for index in range(len(content["columns"]))]
    table = Table([Column(title, isNumber=number and index > 0)
                   for index, (title, number) in enumerate(zip(content["columns"], isNumber, strict=True))])
    for row in content["rows"]:
        table.rows.append([_cell(value, formatNumber if index else compact) for index, value in enumerate(row)])
    return content["title"], table, content.get("source") or ""


def inputs(rows):
    """What was stated beside images: (title, Table, where from) of each statement."""
    found = []
    for row in rows:
        columns = [(name, words(title) if title == name else title, unit,
                    [_objectWords(_chosen(value, row["choices"].get(name))) for value in values])
                   for name, title, unit, values in row["columns"]]
        if row["isTable"]:
            content = {"title": row["title"], "columns": [_titled(title, unit) for _n, title, unit, _v in columns],
                       "rows": list(zip(*(values for *_others, values in columns), strict=True))}
        else:
            content = {"title": row["title"], "columns": ["Quantity", "Value", "Unit"],
                       "rows": [(title, values[0], unit) for _name, title, unit, values in columns]}
        origin = {"user": "Entered by hand", "file": "From the study file", "DICOM": "From DICOM"}[row["source"]]
        origin += "".join(f", {text}" for text in (row["detail"], row["reason"]) if text)
        # as it was given: no digits are added or taken away
        found.append((*stated(content, lambda value: compact(value, 7))[:2], f"{origin}."))
    return found


def texts(value):
    """What a protocol says of itself as sentences, from a text, a list, or an object with ``value`` and ``source``."""
    if value in (None, "", [], {}):
        return []
    if isinstance(value, (list, tuple)):
        return [text for item in value for text in texts(item)]
    if isinstance(value, dict):
        if "value" in value:
            unit = "" if value.get("unit") in (None, "1") else f" {value['unit']}"
            source = f" ({value['source']})" if value.get("source") else ""
            open_ = "" if value.get("verified", True) else ", not verified"
            return [f"{value.get('about', '')} {valueText(value['value'])}{unit}{source}{open_}".strip()]
        return [f"{key}: {text}" for key, item in value.items() for text in texts(item)]
    return [str(value)]


def _titled(title, unit):
    return f"{title} ({unit})" if unit else title


def _isNumber(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _objectWords(value):
    """Words for an object or a list of objects, which a statement holds as JSON; other values as they are."""
    if not (isinstance(value, str) and value[:1] in ("{", "[")):
        return value
    try:
        content = json.loads(value)
    except json.JSONDecodeError:
        return value
    return "; ".join(_itemWords(item) for item in (content if isinstance(content, list) else [content]))


def _itemWords(content):
    if not isinstance(content, dict):
        return compact(content, 7) if _isNumber(content) else valueText(content)
    found = []
    for key, item in content.items():
        title, unit = titleAndUnit(key)
        if isinstance(item, (dict, list)):
            # a key below may be a name, which is no word of the program
            found.append(f"{key}: {_itemWords(item) if isinstance(item, dict) else '; '.join(map(_itemWords, item))}")
        elif item is not None:
            found.append(f"{title} {compact(item, 7) if _isNumber(item) else valueText(item)} {unit}".rstrip())
    return ", ".join(found)


def _chosen(value, choices):
    """The title of a chosen value."""
    return next((title for known, title in choices or () if known == value), value)


def _cell(value, formatNumber):
    if isinstance(value, float):
        return Cell(formatNumber(value))
    if value == "":
        return Cell("")
    return textCell(None if value is None else valueText(value), "\N{EN DASH}")

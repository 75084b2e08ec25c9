"""Tables of a therapy's own calculation: its results, what was stated for it, and what the protocol says of itself."""

from .numbers import significant
from .quantities import lines, valueText
from .tables import NOT_COMPUTED, Cell, Column, Table, textCell

# Keys of ``therapy`` in results.json that are no values of the calculation.
FRAME_KEYS = ("protocol", "strategy", "level", "recommendation", "assumptions", "leavesOut", "uncertaintyCost",
              "tables")
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
    """All values of the calculation with their units, or ``None``."""
    found = lines({key: value for key, value in therapy.items() if key not in FRAME_KEYS})
    if not found:
        return None
    table = Table([Column("Quantity", isNumber=False), Column("Value"), Column("Unit", isNumber=False)], css="values")
    for title, value, unit in found:
        table.rows.append([Cell(title[:1].upper() + title[1:]),
                           Cell(NOT_COMPUTED, isMissing=True) if value is None else Cell(valueText(value)), Cell(unit)])
    return table


def stated(content):
    """A table of the calculation, or of a statement: ``title``, ``columns``, ``rows``, ``source``.

    Returns
    -------
    (str, Table, str)
        Title, table and source.
    """
    isNumber = [any(_isNumber(row[index]) for row in content["rows"]) for index in range(len(content["columns"]))]
    # the first column names the row
    table = Table([Column(title, isNumber=number and index > 0)
                   for index, (title, number) in enumerate(zip(content["columns"], isNumber, strict=True))])
    for row in content["rows"]:
        table.rows.append([_cell(value) for value in row])
    return content["title"], table, content.get("source") or ""


def inputs(rows):
    """What was stated beside images: (title, Table, where from) of each statement."""
    found = []
    for row in rows:
        columns = row["columns"]
        if row["isTable"]:
            content = {"title": row["title"], "columns": [_titled(title, unit) for _n, title, unit, _v in columns],
                       "rows": list(zip(*(values for *_others, values in columns), strict=True))}
        else:
            content = {"title": row["title"], "columns": ["Quantity", "Value", "Unit"],
                       "rows": [(title, values[0], unit) for _name, title, unit, values in columns]}
        origin = {"user": "Entered by hand", "file": "From the study file", "DICOM": "From DICOM"}[row["source"]]
        origin += "".join(f", {text}" for text in (row["detail"], row["reason"]) if text)
        found.append((*stated(content)[:2], f"{origin}."))
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


def _cell(value):
    if isinstance(value, float):
        return Cell(significant(value, 4))
    return textCell(None if value is None else valueText(value), "\N{EN DASH}")

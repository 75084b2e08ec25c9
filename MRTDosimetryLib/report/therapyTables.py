"""Tables of a therapy's own calculation: its results, what was stated for it, and what the protocol says of itself."""

from .numbers import asGiven, compact, plusMinus, rounded, significant
from .prose import readable
from .quantities import lines, valueText
from .tables import Cell, Column, Footnotes, Table, textCell

# Keys of ``therapy`` in results.json that are no values of the calculation.
FRAME_KEYS = ("protocol", "strategy", "level", "recommendation", "assumptions", "leavesOut", "uncertaintyCost",
              "tables")
# Values that have a place of their own in the report.
_ELSEWHERE = ("levelReached", "cohort")
_LINES_IN_ONE_COLUMN = 14
# By the title of a column: percentiles and z that a cohort of some tens of patients can carry.
_OF_COLUMN = {"Percentile (%)": lambda value: percentileText(value), "z": lambda value: rounded(value, 2)}
# What of the columns is always computed, also where it comes out with few digits.
_COMPUTED = ("Absorbed dose (Gy)", "Mean absorbed dose (Gy)", "Least (Gy)", "Largest (Gy)", "For this body mass (MBq)")
_SPACE = "\N{NO-BREAK SPACE}"
_PROBABILITY, _LEAST_PROBABILITY = "Probability of ", 0.001
# A longer text stands below the table, not in it.
_LONGEST_IN_TABLE = 32
_DIGITS_OF_COUNTS = 12
# The last column of a table of the calculation, whose texts repeat from row to row.
_SOURCE = "Source"
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
    return valueTables(ownLines(therapy))


def ownLines(therapy):
    """The values as lines of :mod:`.quantities`."""
    return lines({key: value for key, value in therapy.items() if key not in (*FRAME_KEYS, *_ELSEWHERE)})


def valueTables(found, inOneColumn=_LINES_IN_ONE_COLUMN):
    """Lines of :mod:`.quantities` as one table, or as two to stand side by side; ``[]`` for none."""
    count = len(found) if len(found) <= inOneColumn else (len(found) + 1) // 2
    return [_valueTable(found[start:start + count]) for start in range(0, len(found), count or 1)]


def _valueTable(found):
    table, notes = _quantityTable(), Footnotes()
    for line in found:
        isLong = len(line.origin) > _LONGEST_IN_TABLE
        detail = "; ".join(filter(None, (intervalText(line), "" if isLong else line.origin)))
        mark = notes.mark(line.origin[:1].upper() + line.origin[1:]) if isLong else ""
        value, unit = (Cell(line.missing, mark, isMissing=True), "") if line.value is None else \
            (Cell(numberText(line), mark, detail), line.unit)
        table.rows.append([Cell(line.title[:1].upper() + line.title[1:]), value, Cell(unit.replace(" ", _SPACE))])
    table.footnotes = notes.entries()
    return table


def _quantityTable():
    return Table([Column("Quantity", isNumber=False), Column("Value"), Column("Unit", isNumber=False)], css="values")


def numberText(line):
    """A value with its standard uncertainty, without its unit."""
    if isinstance(line.value, (list, tuple)) and len(line.value) == 2 and all(map(_isNumber, line.value)):
        return " to ".join(significant(end) for end in line.value)
    return valueText(line.value) if line.uncertainty is None else plusMinus(line.value, line.uncertainty)


def intervalText(line):
    """The 95 % interval of a value, or an empty text."""
    return "" if line.interval is None else f"95 %: {' to '.join(significant(end) for end in line.interval)}"


def stated(content, formatNumber=None):
    """A table of the calculation, or of a statement: ``title``, ``columns``, ``rows``, ``source``.

    Sources of the rows become footnotes: they are long, and the same for many rows.

    Parameters
    ----------
    content : dict
    formatNumber : callable, optional
        Of numbers beside the first column, which names the row; :func:`.numberText.asGiven` when left out.

    Returns
    -------
    (str, Table, str)
        Title, table and source.
    """
    titles, rows, notes = list(content["columns"]), [list(row) for row in content["rows"]], Footnotes()
    sources = [row.pop() for row in rows] if len(titles) > 2 and titles[-1] == _SOURCE else None
    titles = titles if sources is None else titles[:-1]
    isNumber = [any(_isNumber(row[index]) for row in rows) for index in range(len(titles))]
    table = Table([Column(*_titleAndUnit(title), isNumber=number and index > 0)
                   for index, (title, number) in enumerate(zip(titles, isNumber, strict=True))])
    for position, row in enumerate(rows):
        cells = [_cell(value, formatNumber or _formatOf(title) if index else compact)
                 for index, (title, value) in enumerate(zip(titles, row, strict=True))]
        if sources is not None and sources[position]:
            text = str(sources[position])
            cells[0] = Cell(cells[0].text, notes.mark(text[:1].upper() + text[1:]))
        table.rows.append(cells)
    table.footnotes = notes.entries()
    return content["title"], table, content.get("source") or ""


def _formatOf(title):
    if title.startswith(_PROBABILITY):
        return probabilityText
    return _OF_COLUMN.get(title) or (significant if title in _COMPUTED else asGiven)


def probabilityText(value):
    """A probability of 0..1; one that is nearly certain is not printed as 0 or 1."""
    return "< 0.001" if value < _LEAST_PROBABILITY else "> 0.999" if value > 1.0 - _LEAST_PROBABILITY \
        else significant(value, 2)


def percentileText(value):
    """A percentile without digits that a cohort of some tens of patients cannot carry."""
    return "< 1" if value < 1.0 else "> 99" if value > 99.0 else f"{value:.0f}"


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


def _titleAndUnit(title):
    """Title and unit of a column that is given as ``"title (unit)"``."""
    words, _separator, unit = title.removesuffix(")").rpartition(" (")
    shown, unit = (words, unit) if title.endswith(")") and words else (title, "")
    return shown.replace(" %", f"{_SPACE}%"), unit


def _isNumber(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _cell(value, formatNumber):
    if isinstance(value, float):
        return Cell(formatNumber(value))
    if _isNumber(value):
        return Cell(compact(value, _DIGITS_OF_COUNTS))
    if value == "":
        return Cell("")
    return textCell(None if value is None else readable(valueText(value)), "\N{EN DASH}")

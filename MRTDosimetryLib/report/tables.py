"""Tables as the template shows them: columns with units, cells, and footnotes for what is missing."""

from dataclasses import dataclass, field

NOT_COMPUTED = "not computed"
NOT_RECORDED = "not recorded"
NOT_STATED = "not stated"


@dataclass(frozen=True)
class Column:
    """Title and unit of a column; numbers are set to the right."""

    title: str
    unit: str = ""
    isNumber: bool = True


@dataclass(frozen=True)
class Cell:
    """One entry: its text, a footnote letter, a second quiet line, and how it is to be shown."""

    text: str
    mark: str = ""
    detail: str = ""
    isMissing: bool = False
    isFlagged: bool = False
    badge: str = ""


@dataclass
class Table:
    """Columns, rows of cells and footnotes; an empty table is never shown."""

    columns: list
    rows: list = field(default_factory=list)
    footnotes: list = field(default_factory=list)
    css: str = ""

    @property
    def isShort(self):
        """Whether the table is to stay on one page."""
        return len(self.rows) <= 14 and self.css != "checklist"


class Footnotes:
    """Gives each different text one letter, in the order in which they come up."""

    _LETTERS = "abcdefghijklmnopqrstuvwxyz"

    def __init__(self):
        self._marks = {}

    def mark(self, text):
        """Letter of the footnote ``text``."""
        if text not in self._marks:
            lap, index = divmod(len(self._marks), len(self._LETTERS))
            self._marks[text] = self._LETTERS[index] * (lap + 1)
        return self._marks[text]

    def entries(self):
        """(letter, text) of all footnotes given so far."""
        return [(mark, text) for text, mark in self._marks.items()]


def textCell(value, missing=NOT_RECORDED):
    """Text, or the words for its absence."""
    if value is None or value == "":
        return Cell(missing, isMissing=True)
    return Cell(str(value))


def numberCell(value, formatNumber, missing=NOT_RECORDED):
    """Number through ``formatNumber``, or the words for its absence."""
    return Cell(missing, isMissing=True) if value is None else Cell(formatNumber(value))

"""Tables of the pages: few columns, units in the titles, three significant digits, sources as tooltips."""

import math
import textwrap
from dataclasses import dataclass

import qt

from ..report.numbers import plusMinus, significant

_ROW_HEIGHT = 24
_MOST_ROWS = 8
_LINE_HEIGHT = 15
# Characters of a line in the narrowest panel.
LINE_LENGTH = 48


# As the sign of errors; readable on light and dark.
ALARM_COLOR = (214, 69, 65)


@dataclass
class Cell:
    """Text of a cell, its tooltip, icon and side; an alarm is red."""

    text: str
    toolTip: str = ""
    icon: object = None
    isNumber: bool = True
    isAlarm: bool = False


def textCell(text, toolTip="", icon=None):
    """A cell with words."""
    return Cell(text, toolTip or text, icon, False)


def numberCell(value, toolTip="", uncertainty=None, icon=None):
    """A cell with a number and, where known, its uncertainty; a dash where there is no value."""
    if value is None:
        return Cell("\N{EN DASH}", toolTip, icon)
    text = significant(value) if uncertainty is None else plusMinus(value, uncertainty)
    return Cell(text, toolTip, icon)


def asNumber(text):
    """A typed number with decimal point or comma; other text stays text and is refused by the workflow."""
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return text


def fitHeight(label, lineLength=LINE_LENGTH):
    """Give a label with words the height of its lines: layouts squeeze wrapped text to less than it needs."""
    lines = sum(max(1, math.ceil(len(line) / lineLength)) for line in label.text.splitlines())
    label.setMinimumHeight(_LINE_HEIGHT * lines)


def wrapped(text, lineLength=LINE_LENGTH):
    """A text in lines of its own: a label that wraps by itself is squeezed where it stands among many others."""
    return "\n".join(line for part in text.splitlines() for line in textwrap.wrap(part, lineLength) or [""])


def percentileText(value):
    """A percentile without digits that say nothing."""
    if value < 0.1:
        return "<0.1"
    return ">99.9" if value > 99.9 else f"{value:.1f}" if value < 10.0 or value > 90.0 else f"{value:.0f}"


def shortened(text, longest):
    """A text of at most ``longest`` characters, with an ellipsis where it was longer; its tooltip has it in full."""
    return text if len(text) <= longest else text[:longest - 1].rstrip(" ,;") + "\N{HORIZONTAL ELLIPSIS}"


def fill(table, titles, rows, linesOfRow=1):
    """Show ``rows`` (lists of :class:`Cell`) and keep the selected row where possible.

    The first column takes the width that is left; the table is as high as its rows, up to eight of them. In rows of
    more than one line a table with ``wordWrap`` wraps its texts.
    """
    selected = table.currentRow()
    wasBlocked = table.blockSignals(True)
    table.setColumnCount(len(titles))
    table.setHorizontalHeaderLabels(titles)
    table.setRowCount(len(rows))
    for row, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            table.setItem(row, column, _item(cell))
    header = table.horizontalHeader()
    header.setMinimumSectionSize(30)
    for column in range(len(titles)):
        mode = qt.QHeaderView.Stretch if column == 0 else qt.QHeaderView.ResizeToContents
        header.setSectionResizeMode(column, mode)
    vertical = table.verticalHeader()
    rowHeight = _ROW_HEIGHT + _LINE_HEIGHT * (linesOfRow - 1)
    vertical.setDefaultSectionSize(rowHeight)
    shown = min(max(len(rows), 2), math.ceil(_MOST_ROWS * _ROW_HEIGHT / rowHeight))
    table.setFixedHeight(header.sizeHint.height() + rowHeight * shown + 4)
    if 0 <= selected < len(rows):
        table.setCurrentCell(selected, 0)
    table.blockSignals(wasBlocked)


def _item(cell):
    item = qt.QTableWidgetItem(cell.text)
    if cell.toolTip:
        item.setToolTip(cell.toolTip)
    if cell.icon is not None:
        item.setIcon(cell.icon)
    if cell.isAlarm:
        item.setForeground(qt.QBrush(qt.QColor(*ALARM_COLOR)))
    if cell.isNumber:
        item.setTextAlignment(qt.Qt.AlignRight | qt.Qt.AlignVCenter)
    return item

"""Tables of the report on paper: widths of the columns by what they hold, as a browser gives them."""

from ...errors import InputError
from ..drawing import GRID, QUIET_INK
from .letters import Look, pieces

_CELL, _DENSE, _FILES = 6.7, 6.2, 5.2
_SMALLEST = 4.4
_PADDING = 2.8
# A longer word (a checksum) is broken rather than the table made smaller.
_LONGEST_WORD = 24
_NAME_WIDTH = 95.0
_STRONG_LINE = "#9aa5b1"
# Shares of the columns of the checklist, whose sections are to look alike.
_CHECKLIST_SHARES = (0.34, 0.40, 0.26)
# Rows of a table that stays on one page where it can, as in the style sheet.
_ROWS_TOGETHER = 14
_AS_WIDE_AS_NEEDED = {"values", "listed"}


def tableOf(element, width, letters):
    """A table with its header repeated on each page.

    Parameters
    ----------
    element : Element
        ``table``.
    width : float
        Of the page in points.
    letters : Letters

    Returns
    -------
    (reportlab.platypus.Table, bool)
        The table, and whether it is to stay together.

    Raises
    ------
    InputError
        Cells over several rows, which are not set.
    """
    head, body = _rows(element)
    if not head and not body:
        return None, False
    size = _DENSE if "dense" in element.classes else _FILES if "files" in element.classes else _CELL
    count = max(sum(_span(cell) for cell in row) for row in head + body)
    while True:
        cells = [[_Cell(cell, size, isHead, letters) for cell in row] for rows, isHead in ((head, True), (body, False))
                 for row in rows]
        widths = _widths(cells, count, width, isStretched=not element.classes & _AS_WIDE_AS_NEEDED)
        if widths is not None or size <= _SMALLEST:
            break
        size = max(_SMALLEST, size - 0.4)
    isChecklist = "checklist" in element.classes
    if isChecklist and count == len(_CHECKLIST_SHARES):
        widths = [share * width for share in _CHECKLIST_SHARES]
    isTogether = len(body) <= _ROWS_TOGETHER and not isChecklist
    return _table(cells, widths or _squeezed(cells, count, width), len(head)), isTogether


def _rows(element):
    """(rows of the head, rows of the body) of a table."""
    heads = [row for part in element.all("thead") for row in part.all("tr")]
    known = {id(row) for row in heads}
    head, body = [row.elements for row in heads], [row.elements for row in element.all("tr") if id(row) not in known]
    for row in head + body:
        for cell in row:
            if cell.attributes.get("rowspan", "1") != "1":
                raise InputError("A cell reaches over several rows, which cannot be set in a PDF", "report",
                                 "Take rowspan out of the template")
    return head, [row for row in body if row]


def _span(cell):
    return int(cell.attributes.get("colspan", "1") or 1)


class _Cell:
    """Text of a cell, and how wide it wants and needs to be."""

    def __init__(self, element, size, isHead, letters):
        self.isHead, self.size, self.span, self.letters = isHead, size, _span(element), letters
        self.isNumber = "number" in element.classes
        look = Look(size=0.94 * size, color=QUIET_INK) if isHead else Look(size=size)
        self.pieces = pieces(element, look)
        self.wanted, self.needed = letters.lineWidths(self.pieces)
        if self.isNumber and not isHead and not any("missing" in item.classes for item in element.all("span")):
            # a value keeps its uncertainty beside it
            self.needed = self.wanted
        if element.tag == "th" and not isHead:
            # what names a row is to be read at a glance
            self.needed = max(self.needed, min(self.wanted, _NAME_WIDTH))
        longest = letters.width("0" * _LONGEST_WORD, look.font, size)
        self.needed = min(self.needed, max(longest, _NAME_WIDTH))
        self.wanted, self.needed = self.wanted + 2 * _PADDING + 0.5, self.needed + 2 * _PADDING + 0.5

    def paragraph(self):
        from reportlab.lib.enums import TA_LEFT, TA_RIGHT
        from reportlab.lib.styles import ParagraphStyle
        from reportlab.platypus import Paragraph

        style = ParagraphStyle("cell", fontName="DejaVuSans", fontSize=self.size, leading=1.22 * self.size,
                               alignment=TA_RIGHT if self.isNumber else TA_LEFT, splitLongWords=1)
        return Paragraph(self.letters.markup(self.pieces), style)


def _columns(cells, count, key):
    """The largest of each column's cells; a cell over several columns counts for none of them."""
    found = [2 * _PADDING] * count
    for row in cells:
        position = 0
        for cell in row:
            if cell.span == 1:
                found[position] = max(found[position], getattr(cell, key))
            position += cell.span
    return found


def _widths(cells, count, width, isStretched):
    wanted, needed = _columns(cells, count, "wanted"), _columns(cells, count, "needed")
    if sum(needed) > width:
        return None
    if sum(wanted) <= width:
        spare = (width - sum(wanted)) if isStretched else 0.0
        return [item + spare * item / sum(wanted) for item in wanted]
    share = (width - sum(needed)) / (sum(wanted) - sum(needed))
    return [least + share * (most - least) for least, most in zip(needed, wanted, strict=True)]


def _squeezed(cells, count, width):
    """Widths of a table that is too wide at its smallest letters: words break, nothing is cut off."""
    needed = _columns(cells, count, "needed")
    return [item * width / sum(needed) for item in needed]


def _table(cells, widths, headRows):
    from reportlab.lib.colors import HexColor
    from reportlab.platypus import Table

    rows, commands = [], [
        ("VALIGN", (0, 0), (-1, -1), "TOP"), ("VALIGN", (0, 0), (-1, headRows - 1), "BOTTOM"),
        ("LEFTPADDING", (0, 0), (-1, -1), _PADDING), ("RIGHTPADDING", (0, 0), (-1, -1), _PADDING),
        ("LEFTPADDING", (0, 0), (0, -1), 0), ("RIGHTPADDING", (-1, 0), (-1, -1), 0),
        ("TOPPADDING", (0, 0), (-1, -1), 1.7), ("BOTTOMPADDING", (0, 0), (-1, -1), 2.0),
        ("LINEBELOW", (0, headRows), (-1, -1), 0.4, HexColor(GRID))]
    if headRows:
        commands.append(("LINEBELOW", (0, headRows - 1), (-1, headRows - 1), 0.8, HexColor(_STRONG_LINE)))
    else:
        commands.pop(1)
    for number, row in enumerate(cells):
        line = []
        for cell in row:
            if cell.span > 1:
                commands.append(("SPAN", (len(line), number), (len(line) + cell.span - 1, number)))
            line += [cell.paragraph(), *[""] * (cell.span - 1)]
        rows.append(line + [""] * (len(widths) - len(line)))
    return Table(rows, colWidths=widths, repeatRows=headRows, style=commands, hAlign="LEFT")

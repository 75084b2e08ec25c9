"""From the elements of the report to what stands on the pages: headings, paragraphs, tables, boxes, pictures."""

from ..drawing import GRID, INK, QUIET_INK
from . import embedded, grids
from .letters import ACCENT, AMBER, Look, pieces

_BLOCKS = {"address", "article", "blockquote", "body", "dd", "div", "dl", "dt", "figcaption", "figure", "footer", "h1",
           "h2", "h3", "h4", "header", "hr", "html", "img", "li", "main", "nav", "ol", "p", "page", "pre", "section",
           "table", "ul"}
_SKIPPED = {"head", "script", "style", "title"}
_GAP, _KEY_COLUMN = 10.0, 64.0 * 72.0 / 25.4
# A heading needs this much of the page below it; else it begins the next one.
_BELOW = {"h1": 60.0, "h2": 110.0, "h3": 70.0, "h4": 60.0}
_LOOKS = {"h1": Look(size=12.0, isBold=True), "h2": Look(size=10.5, color=ACCENT, isBold=True),
          "h3": Look(size=8.2, isBold=True), "h4": Look(size=7.6, isBold=True)}
_TEXT = Look()
_BOXES = {"warnings": ("#d98200", "#fff6e5", AMBER), "recommendation": (ACCENT, "#eef6f9", ACCENT)}
# A first page that is higher than this many pages goes on over the next one.
_LARGEST_SHRINKING = 1.25


def withHeadings(flowables):
    """The same flowables with every heading, and the words below a table, kept on the page of what they belong to, if
    that stays together itself."""
    from reportlab.platypus import KeepTogether, Spacer

    found, headings = [], []
    for item in flowables:
        if getattr(item, "isLegend", False) and not headings:
            gap = found[-1:] if found and isinstance(found[-1], Spacer) else []
            above = found[-1 - len(gap)] if len(found) > len(gap) else None
            if isinstance(above, KeepTogether):
                found[len(found) - 1 - len(gap):] = [KeepTogether([*above._content, *gap, item])]
                continue
        if getattr(item, "isHeading", False):
            headings.append(item)
            continue
        if headings and isinstance(item, KeepTogether):
            inner = [heading for heading in headings if heading.__class__.__name__ != "CondPageBreak"]
            item = KeepTogether([*inner, *item._content])
        else:
            found += headings
        headings = []
        found.append(item)
    return found + headings


class Blocks:
    """Makes what stands on the pages.

    Parameters
    ----------
    letters : Letters
    height : float
        Of the printable page in points.
    """

    def __init__(self, letters, height):
        self.letters, self.height = letters, height
        # what stands in a column stays whole as it is, and cannot ask for a new page
        self._isInColumn = self._isOnKeyPage = False

    def of(self, element, width):
        """What an element holds, as a list of flowables of reportlab for a column of ``width`` points."""
        if element.tag in _SKIPPED:
            return []
        for key, make in self._byClass().items() if element.tag != "table" else ():
            if key in element.classes:
                return make(element, width)
        make = {"table": self._table, "ul": self._list, "ol": self._list, "dl": self._definitions, "hr": self._line,
                "figure": self._figure, "img": self._figure, "header": self._header}.get(element.tag)
        if make is not None:
            return make(element, width)
        if element.tag in _LOOKS:
            return self._heading(element, width)
        if element.attributes.get("id") == "summary":
            return self._summary(element, width)
        if element.tag == "footer":
            return [*self._line(element, width), *self._children(element, width)]
        return self._children(element, width)

    def _summary(self, element, width):
        """The first page: what is a little too high for it is made smaller, so that the signatures stay on it."""
        from reportlab.platypus import KeepInFrame, PageBreak

        self._isInColumn = True
        whole = self._children(element, width)
        self._isInColumn = False
        # the frame asks for a little more than its flowables
        height = self._heightOf(whole, width) + 2.0
        if height <= self.height or height > _LARGEST_SHRINKING * self.height:
            return [*self._children(element, width), PageBreak()]
        return [KeepInFrame(width, self.height, whole, mode="shrink"), PageBreak()]

    def _byClass(self):
        return {"warnings": self._box, "recommendation": self._box, "keypage": self._keyPage, "several": self._pairs,
                "sidebyside": self._pairs, "budgets": self._pairs, "approval": self._signatures, "facts": self._facts,
                "methods": self._methods, "byhand": self._form,
                "center": self._center}

    def _children(self, element, width):
        """Blocks one below the other; text between them in paragraphs of its own."""
        found, run = [], []
        for child in element.children:
            if not isinstance(child, str) and child.tag in _SKIPPED:
                continue
            if not isinstance(child, str) and (child.tag in _BLOCKS or any(child.all(*_BLOCKS))):
                found += self._paragraph(self._wrapped(element, run), width)
                found += self.of(child, width)
                run = []
            else:
                run.append(child)
        return found + self._paragraph(self._wrapped(element, run), width)

    @staticmethod
    def _wrapped(element, children):
        return type(element)(element.tag, element.attributes, children)

    def _column(self, element, width):
        """What an element holds, for a column beside another one."""
        before, self._isInColumn = self._isInColumn, True
        try:
            return self.of(element, width)
        finally:
            self._isInColumn = before

    def _together(self, flowables):
        from reportlab.platypus import KeepTogether

        return flowables if self._isInColumn else [KeepTogether(flowables)]

    def _paragraph(self, element, width, look=_TEXT, before=0.0, after=2.5, right=False, indent=0.0, bullet=None):
        from reportlab.lib.enums import TA_LEFT, TA_RIGHT
        from reportlab.lib.styles import ParagraphStyle
        from reportlab.platypus import Paragraph

        if element.classes & {"legend", "made", "footnotes", "kind"} or element.tag in ("figcaption", "footer"):
            look = Look(size=6.3, color=QUIET_INK)
        found = pieces(element, look)
        if not found:
            return []
        size = max(piece.look.size for piece in found)
        style = ParagraphStyle("text", fontName="DejaVuSans", fontSize=size, leading=1.32 * size, spaceBefore=before,
                               spaceAfter=after, alignment=TA_RIGHT if right else TA_LEFT, leftIndent=indent,
                               bulletIndent=0, bulletFontName="DejaVuSans", bulletFontSize=size, bulletColor=INK)
        paragraph = Paragraph(self.letters.markup(found), style, bulletText=bullet)
        paragraph.isHeading = "lead" in element.classes
        paragraph.isLegend = bool(element.classes & {"legend", "footnotes"})
        return [paragraph]

    def _heading(self, element, width):
        from reportlab.lib.colors import HexColor
        from reportlab.platypus import CondPageBreak, HRFlowable

        look = _LOOKS[element.tag]
        found = [] if self._isInColumn else [CondPageBreak(min(_BELOW[element.tag], self.height / 2))]
        found += self._paragraph(element, width, look, before=14.0 if element.tag == "h2" else 7.0, after=2.0)
        if element.tag == "h2":
            found.append(HRFlowable(width="100%", thickness=0.5, color=HexColor(GRID), spaceBefore=0, spaceAfter=4))
        for item in found:
            item.isHeading = True
        return found

    def _line(self, _element, _width):
        from reportlab.lib.colors import HexColor
        from reportlab.platypus import HRFlowable

        return [HRFlowable(width="100%", thickness=0.5, color=HexColor(GRID), spaceBefore=3, spaceAfter=3)]

    def _table(self, element, width):
        from reportlab.platypus import Spacer

        table, isTogether = grids.tableOf(element, width, self.letters)
        if table is None:
            return []
        return [*(self._together([table]) if isTogether else [table]), Spacer(0, 3)]

    def _list(self, element, width):
        look = Look(size=6.3, color=QUIET_INK) if "footnotes" in element.classes else _TEXT
        found = []
        for number, item in enumerate(element.elements, 1):
            bullet = None if "footnotes" in element.classes else f"{number}." if element.tag == "ol" else "\u2022"
            blocks = [child for child in item.elements if child.tag in _BLOCKS]
            if blocks:
                found += self._children(item, width)
            else:
                found += self._paragraph(item, width, look, after=1.2, indent=9.0 if bullet else 0.0, bullet=bullet)
        for item in found if "footnotes" in element.classes else ():
            item.isLegend = True
        return found

    def _definitions(self, element, width):
        """Terms with their descriptions, one below the other."""
        found = []
        for item in element.all("dt", "dd"):
            found += self._paragraph(item, width, Look(isBold=item.tag == "dt"), before=3.0 * (item.tag == "dt"))
        return found

    def _methods(self, element, width):
        """Terms to the left of their descriptions; a description of several parts stands below its term."""
        from reportlab.platypus import CondPageBreak

        found, term, isBelowList = [], 0.24 * width, False
        for pair in element.elements:
            dt, dd = next(pair.all("dt"), None), next(pair.all("dd"), None)
            if dt is None or dd is None:
                found += self._children(pair, width)
            elif any(dd.all("ul", "ol", "table")):
                # its name stays on the page of the first lines
                found += [] if self._isInColumn else [CondPageBreak(_BELOW["h4"])]
                found += self._paragraph(dt, width, Look(isBold=True), before=4.0) + self._children(dd, width)
                isBelowList = True
            else:
                grid = self._grid([[self._paragraph(dt, term, Look(isBold=True)),
                                    self._paragraph(dd, width - term)]], [term, width - term], hasLines=True)
                if isBelowList:
                    grid.spaceBefore = 4.0
                found.append(grid)
                isBelowList = False
        return found

    def _facts(self, element, width):
        """The identification block: six columns, of which some entries take two or three."""
        rows, row, taken = [], [], 0
        for item in element.elements:
            span = 3 if "widest" in item.classes else 2 if "wide" in item.classes else 1
            if taken + span > 6:
                rows.append(row)
                row, taken = [], 0
            row.append((item, span))
            taken += span
        rows.append(row)
        column, found = width / 6.0, []
        for row in rows:
            cells = [[*self._paragraph(self._part(item, "dt"), span * column - 6, Look(size=6.0, color=QUIET_INK),
                                       after=0.5),
                      *self._paragraph(self._part(item, "dd"), span * column - 6, Look(size=7.2), after=0)]
                     for item, span in row]
            widths = [span * column for _item, span in row]
            if sum(widths) < width - 1:
                cells.append([])
                widths.append(width - sum(widths))
            found.append(self._grid([cells], widths, below=3.5))
        return found

    @staticmethod
    def _part(item, tag):
        return next(item.all(tag), type(item)(tag))

    def _grid(self, rows, widths, hasLines=False, below=2.0):
        """Columns beside each other without the look of a table."""
        from reportlab.lib.colors import HexColor
        from reportlab.platypus import Table

        style = [("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0),
                 ("RIGHTPADDING", (0, 0), (-1, -1), 6), ("RIGHTPADDING", (-1, 0), (-1, -1), 0),
                 ("TOPPADDING", (0, 0), (-1, -1), 1), ("BOTTOMPADDING", (0, 0), (-1, -1), below)]
        if hasLines:
            style.append(("LINEBELOW", (0, 0), (-1, -1), 0.4, HexColor(GRID)))
        return Table(rows, colWidths=widths, style=style, hAlign="LEFT")

    def _pairs(self, element, width):
        """Two columns; what is too high for a page stands alone."""
        column, items, found = (width - _GAP) / 2.0, element.elements, []
        for start in range(0, len(items), 2):
            pair = [self._column(item, column) for item in items[start:start + 2]]
            if max(self._heightOf(part, column) for part in pair) > 0.9 * self.height:
                for item in items[start:start + 2]:
                    found += self.of(item, width)
                continue
            found += self._together([self._grid([[*pair, *([[]] if len(pair) == 1 else [])]], [column + _GAP, column])])
        return found

    def _keyPage(self, element, width):
        """Results to the left, pictures to the right."""
        right = _KEY_COLUMN
        parts = element.elements
        if len(parts) != 2:
            return self._children(element, width)
        left = width - right - _GAP
        self._isOnKeyPage = True
        columns = [self._column(parts[0], left), self._column(parts[1], right)]
        self._isOnKeyPage = False
        if max(self._heightOf(columns[0], left), self._heightOf(columns[1], right)) > 0.9 * self.height:
            return self._children(element, width)
        return [self._grid([columns], [left + _GAP, right])]

    @staticmethod
    def _heightOf(flowables, width):
        return sum(item.wrap(width, 1e6)[1] + item.getSpaceBefore() + item.getSpaceAfter() for item in flowables)

    def _center(self, element, width):
        """Logo, and name and address beside it."""
        logo, others = next(element.all("img"), None), [part for part in element.elements if part.tag != "img"]
        left = embedded.LOGO_WIDTH + _GAP if logo is not None else 0.0
        text = [item for part in others for item in self._column(part, width - left)]
        if logo is None:
            return text
        return [self._grid([[[self._picture(logo, embedded.LOGO_WIDTH)], text]], [left, width - left])]

    def _header(self, element, width):
        from reportlab.lib.colors import HexColor
        from reportlab.platypus import HRFlowable

        parts = element.elements
        share = {1: [1.0], 2: [0.68, 0.32]}.get(len(parts), [1.0 / max(len(parts), 1)] * len(parts))
        cells = [self._paragraph(part, each * width - 6, right=part is parts[-1]) if part.tag == "p"
                 else self._column(part, each * width - 6) for part, each in zip(parts, share, strict=True)]
        rule = HRFlowable(width="100%", thickness=1.4, color=HexColor(ACCENT), spaceBefore=0, spaceAfter=5)
        return [self._grid([cells], [each * width for each in share]), rule] if parts else []

    def _box(self, element, width):
        """A box with a strong left side; its lines may go on over a page."""
        from reportlab.lib.colors import HexColor
        from reportlab.platypus import Spacer, Table

        strong, back, heading = next(_BOXES[key] for key in _BOXES if key in element.classes)
        rows = []
        for child in element.elements:
            if child.tag in _LOOKS:
                rows.append(self._paragraph(child, width - 16, Look(size=7.8, color=heading, isBold=True), after=0))
            else:
                rows += [[item] for item in self._column(child, width - 16)]
        table = Table([[row] for row in rows if row], colWidths=[width], hAlign="LEFT", style=[
            ("BACKGROUND", (0, 0), (-1, -1), HexColor(back)), ("LINEBEFORE", (0, 0), (0, -1), 3, HexColor(strong)),
            ("LEFTPADDING", (0, 0), (-1, -1), 9), ("RIGHTPADDING", (0, 0), (-1, -1), 7),
            ("TOPPADDING", (0, 0), (-1, -1), 1.2), ("BOTTOMPADDING", (0, 0), (-1, -1), 1.2)])
        return [Spacer(0, 3), table, Spacer(0, 4)]

    def _signatures(self, element, width):
        from reportlab.lib.colors import HexColor
        from reportlab.platypus import Spacer, Table

        items = element.elements
        if not items:
            return []
        column, cells, style = width / len(items), [], [("VALIGN", (0, 0), (-1, -1), "TOP"),
                                                        ("LEFTPADDING", (0, 0), (-1, -1), 0)]
        for index, item in enumerate(items):
            cell = self._paragraph(item, column - 14, Look(size=6.6, color=QUIET_INK), after=0)
            if "signed" not in item.classes:
                cell += self._paragraph(type(item)("p", {}, ["name, date, signature"]), column - 14,
                                        Look(size=6.3, color=QUIET_INK))
            cells += [cell, ""]
            style.append(("LINEABOVE", (2 * index, 0), (2 * index, 0), 0.6, HexColor("#9aa5b1")))
        table = Table([cells], colWidths=[column - 14, 14] * len(items), style=style, hAlign="LEFT")
        return self._together([Spacer(0, 16), table])

    def _form(self, element, width):
        """Headings and text as they are, then lines to write on, two beside each other."""
        from reportlab.lib.colors import HexColor
        from reportlab.platypus import Table

        entries = [item for item in element.all("span") if item.text.strip()]
        others = [child for child in element.elements if not any(child.all("span"))]
        found = [item for child in others for item in self.of(child, width)]
        column = (width - _GAP) / 2.0
        cells = [self._paragraph(type(item)("p", {}, item.children), column, Look(size=6.3, color=QUIET_INK), after=0)
                 for item in entries]
        rows = [[cells[index], "", cells[index + 1] if index + 1 < len(cells) else ""]
                for index in range(0, len(cells), 2)]
        # a table for each line: one that goes on over a page would draw a line above the first entry there
        return found + [Table([row], colWidths=[column, _GAP, column], hAlign="LEFT", style=[
            ("LINEBELOW", (0, 0), (0, -1), 0.5, HexColor("#9aa5b1")),
            ("LINEBELOW", (2, 0), (2, -1), 0.5, HexColor("#9aa5b1")), ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("TOPPADDING", (0, 0), (-1, -1), 9), ("BOTTOMPADDING", (0, 0), (-1, -1), 2)]) for row in rows]

    def _figure(self, element, width):
        """A picture with its words, all on one page."""
        from reportlab.platypus import Spacer

        found = []
        for child in [element] if element.tag == "img" else element.elements:
            if child.tag != "img":
                isTitle = "title" in child.classes
                found += self._paragraph(type(child)("p", {}, child.children), width,
                                         Look(size=7.4, isBold=True) if isTitle else Look(size=6.3, color=QUIET_INK))
                continue
            found.append(self._picture(child, width))
        return self._together([*found, Spacer(0, 4)]) if found else []

    def _picture(self, element, width):
        place = "page" if self._isOnKeyPage else "column" if self._isInColumn else "alone"
        return embedded.pictureOf(element, width, self.height, place)

"""Fonts of the PDF, and the text of an element in pieces with font, size and color."""

import functools
import html
import os
import re
import unicodedata
from dataclasses import dataclass, replace

from ...errors import InputError
from ..drawing import INK, QUIET_INK

ACCENT, AMBER = "#0b4f6c", "#8a4b00"
# Letters of the charts as well: they come with matplotlib, hold all signs of the reports, and may be embedded.
_FAMILY = "DejaVuSans"
_FILES = {"": "DejaVuSans", "-Bold": "DejaVuSans-Bold", "-Oblique": "DejaVuSans-Oblique",
          "-BoldOblique": "DejaVuSans-BoldOblique"}
_BOLD, _ITALIC = {"strong", "b", "th"}, {"em", "i"}
# What a class of the report's style sheet says of the letters.
_QUIET = {"missing", "absent", "detail", "unit", "legend", "footnotes", "made", "kind"}
# What the style sheet puts before a flagged value; it stays on its line.
_FLAG = "\N{BLACK UP-POINTING TRIANGLE}\N{NO-BREAK SPACE}"
_OWN_LINE = {"detail", "unit"}
_FROM_RIGHT_TO_LEFT = {"R", "AL", "AN"}


@dataclass(frozen=True)
class Look:
    """How letters look: size in points, color, bold, italic, rise above the line."""

    size: float = 7.4
    color: str = INK
    isBold: bool = False
    isItalic: bool = False
    rise: float = 0.0

    @property
    def font(self):
        slant = "Oblique" if self.isItalic else ""
        weight = "Bold" if self.isBold else ""
        return f"{_FAMILY}-{weight}{slant}" if weight or slant else _FAMILY


@dataclass(frozen=True)
class Piece:
    """Text of one look; ``isNewLine``: begins a line of its own."""

    text: str
    look: Look
    isNewLine: bool = False


@functools.cache
def _fonts():
    """The fonts, read once; what each document uses of them they keep apart."""
    from matplotlib import get_data_path
    from reportlab.pdfbase.ttfonts import TTFont

    folder = os.path.join(get_data_path(), "fonts", "ttf")
    return [TTFont(f"{_FAMILY}{suffix}", os.path.join(folder, f"{name}.ttf")) for suffix, name in _FILES.items()]


class Letters:
    """The registered fonts; collects the letters that they do not hold."""

    def __init__(self):
        from reportlab.pdfbase import pdfmetrics

        self._known = {}
        for font in _fonts():
            pdfmetrics.registerFont(font)
            self._known[font.fontName] = font.face.charToGlyph
        self.missing = set()
        self.width = pdfmetrics.stringWidth

    def requireAll(self):
        """Refuse a page with letters that would not be printed as they are written.

        Raises
        ------
        InputError
        """
        if self.missing:
            raise InputError(f"The letters {' '.join(sorted(self.missing))} cannot be set in a PDF", "report.pdf",
                             "Print report.html from a browser instead")

    def markup(self, pieces):
        """Pieces as text of a paragraph of reportlab."""
        found = []
        for piece in pieces:
            if piece.isNewLine and found:
                found.append("<br/>")
            for font, text in self._runs(piece):
                size, rise = f"{piece.look.size:.2f}", piece.look.rise
                words = f'<font name="{font}" size="{size}" color="{piece.look.color}">{html.escape(text)}</font>'
                if rise:
                    kind = "super" if rise > 0 else "sub"
                    words = f'<{kind} size="{size}" rise="{abs(rise):.2f}">{words}</{kind}>'
                found.append(words)
        return "".join(found)

    def _runs(self, piece):
        """The text in runs of one font: signs that a bold or slanted font lacks come from the upright one."""
        wanted, plain, runs = self._known[piece.look.font], self._known[_FAMILY], []
        for letter in piece.text:
            font = piece.look.font
            code = ord(letter)
            if unicodedata.bidirectional(letter) in _FROM_RIGHT_TO_LEFT:
                self.missing.add(letter)
            if code not in wanted and letter not in "\n\t\r":
                font = _FAMILY
                if code not in plain:
                    self.missing.add(letter)
            if runs and runs[-1][0] == font:
                runs[-1][1] += letter
            else:
                runs.append([font, letter])
        return runs

    def checked(self, text):
        """Text that is set as it is, its letters looked up."""
        self._runs(Piece(text, Look()))
        return text

    def lineWidths(self, pieces):
        """Widths in points of the longest line and of the longest word."""
        lines, word = [0.0], 0.0
        for piece in pieces:
            if piece.isNewLine:
                lines.append(0.0)
            parts = piece.text.split(" ")
            widths = [self.width(part, piece.look.font, piece.look.size) for part in parts]
            lines[-1] += sum(widths) + self.width(" ", piece.look.font, piece.look.size) * (len(parts) - 1)
            word = max(word, *widths)
        return max(lines), word


def pieces(element, look):
    """The text of an element, white space as a browser shows it.

    Parameters
    ----------
    element : Element
    look : Look
        Of the text that nothing else is said of.

    Returns
    -------
    list of Piece
    """
    return _trimmed(_collected(element, _lookOf(element, look)))


def _collected(element, look):
    found = []
    for child in element.children:
        if isinstance(child, str):
            if child:
                # the narrow space between digits would be a place to break a number
                found.append(Piece(child.replace("\u202f", "\u00a0"), look))
            continue
        if child.tag in ("style", "script", "img"):
            continue
        if child.tag == "br":
            found.append(Piece("", look, True))
            continue
        own = _collected(child, _lookOf(child, look))
        if own and "flagged" in child.classes:
            own[0] = replace(own[0], text=f"{_FLAG}{own[0].text.lstrip()}")
        if own and child.classes & _OWN_LINE:
            own[0] = replace(own[0], isNewLine=True)
        found += own
    return found


def _trimmed(found):
    """Runs of white space as one space, none at the ends of lines."""
    kept, isSpace = [], True
    for piece in found:
        words = re.sub(r"[ \t\r\n]+", " ", piece.text)
        if piece.isNewLine:
            isSpace = True
            if kept:
                kept[-1] = replace(kept[-1], text=kept[-1].text.rstrip(" "))
        if isSpace:
            words = words.lstrip(" ")
        if words or piece.isNewLine:
            kept.append(replace(piece, text=words))
            isSpace = words.endswith(" ") if words else isSpace
    if kept:
        kept[-1] = replace(kept[-1], text=kept[-1].text.rstrip(" "))
    while kept and not kept[-1].text:
        kept.pop()
    return kept


def _lookOf(element, look):
    if element.tag in _BOLD:
        look = replace(look, isBold=True)
    if element.tag in _ITALIC:
        look = replace(look, isItalic=True)
    if element.tag == "sup":
        look = replace(look, size=0.75 * look.size, rise=0.35 * look.size, color=ACCENT)
    if element.tag == "sub":
        look = replace(look, size=0.75 * look.size, rise=-0.15 * look.size)
    classes = element.classes
    if classes & _QUIET:
        look = replace(look, color=QUIET_INK)
    if classes & {"missing", "absent"}:
        look = replace(look, isItalic=True, isBold=False)
    if classes & {"detail", "unit"}:
        look = replace(look, size=0.88 * look.size, isBold=False)
    if classes & {"flagged", "badge"}:
        look = replace(look, color=AMBER, isBold=True)
    return look

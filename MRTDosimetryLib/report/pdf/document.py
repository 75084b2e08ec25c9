"""The pages of the PDF: margins, patient and page number on each, and what the file says of itself."""

import contextlib
import io

from ... import __version__
from ...digests import grouped
from ...errors import InputError
from ..drawing import QUIET_INK
from ..identification import SHORT_CODE
from ..templateFolder import STATEMENT
from .blocks import Blocks, withHeadings
from .elements import parse
from .letters import Letters

PAPERS = {"A4": (595.2756, 841.8898), "Letter": (612.0, 792.0)}
_MARGIN, _BOTTOM = 42.5, 45.0
_FOOTER_SIZE = 6.0


def pdfOf(page, patientIdentifier, paper="A4", code=""):
    """An HTML report as PDF.

    Parameters
    ----------
    page : str
        The HTML, which refers to no other file. Its style sheet is not read: elements and classes of the shipped
        template decide how the pages look, and all text of others is set as paragraphs.
    patientIdentifier : str
        Printed on each page.
    paper : str
        Of :data:`PAPERS`.
    code : str
        Of the report, the beginning of which is printed on each page where there is one.

    Returns
    -------
    bytes
        The same for the same HTML.

    Raises
    ------
    InputError
        The package reportlab is missing, HTML that does not nest, a picture that is not in the page, or letters that
        the fonts do not hold.
    """
    requirePackage()
    from reportlab.pdfgen.canvas import Canvas
    from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate

    if paper not in PAPERS:
        raise InputError(f"The paper '{paper}' is not known", "report", f"Use {' or '.join(PAPERS)}")
    width, height = PAPERS[paper]
    tree, letters = parse(page), Letters()
    size = (width - 2 * _MARGIN, height - _MARGIN - _BOTTOM)
    flowables = withHeadings(Blocks(letters, size[1]).of(tree, size[0]))
    lines = [letters.checked(text) for text in (
        f"Patient ID: {patientIdentifier}", STATEMENT, f"Code: {grouped(code, SHORT_CODE)}" if code else "")]
    letters.requireAll()

    class NumberedCanvas(Canvas):
        """Knows the number of pages when it writes the first one."""

        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            self.kept = []

        def showPage(self):
            self.kept.append(dict(self.__dict__))
            self._startPage()

        def save(self):
            for number, state in enumerate(self.kept, 1):
                self.__dict__.update(state)
                _drawFooter(self, width, lines, number, len(self.kept))
                super().showPage()
            super().save()

    title = next((item.text for item in tree.all("title")), "Absorbed dose report")
    buffer = io.BytesIO()
    document = BaseDocTemplate(buffer, pagesize=(width, height), title=" ".join(title.split()),
                               creator=f"MRTDosimetry {__version__}", author="", subject="Absorbed dose report",
                               invariant=1)
    document.addPageTemplates(PageTemplate("page", [
        Frame(_MARGIN, _BOTTOM, *size, leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0)]))
    with _binaryStreams():
        document.build(flowables, canvasmaker=NumberedCanvas)
    return buffer.getvalue()


@contextlib.contextmanager
def _binaryStreams():
    """Pictures and pages are stored compressed; written in letters as well they would take time and a quarter more."""
    from reportlab import rl_config

    before, rl_config.useA85 = rl_config.useA85, 0
    try:
        yield
    finally:
        rl_config.useA85 = before


def requirePackage():
    """Refuse to write a PDF without the package that sets it.

    Raises
    ------
    InputError
    """
    try:
        import reportlab  # noqa: F401
    except ImportError as error:
        raise InputError("A PDF needs the Python package reportlab", "report.pdf",
                         "Install reportlab into this Python, or print report.html from a browser") from error


def _drawFooter(canvas, width, lines, number, count):
    from reportlab.lib.colors import HexColor

    canvas.setFont("DejaVuSans", _FOOTER_SIZE)
    canvas.setFillColor(HexColor(QUIET_INK))
    height = 0.55 * _BOTTOM
    canvas.drawString(_MARGIN, height, lines[0])
    canvas.drawString(_MARGIN, height - 1.4 * _FOOTER_SIZE, lines[2])
    canvas.drawString((width - canvas.stringWidth(lines[1], "DejaVuSans", _FOOTER_SIZE)) / 2.0, height, lines[1])
    canvas.drawRightString(width - _MARGIN, height, f"Page {number} of {count}")

"""The report as PDF: nothing of the HTML is lost, nothing is cut, and what cannot be set is refused."""

import base64
import copy
import io
import re
import sys

import pypdf
import pytest
from reportExample import exampleContext, exampleResults
from test_report_html import PNG

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.report.figures import absorbedDoseChart
from MRTDosimetryLib.report.htmlReport import Picture, renderReport
from MRTDosimetryLib.report.pdf import charts, elements, grids, letters
from MRTDosimetryLib.report.pdf.document import PAPERS, pdfOf

CHART = b"""<svg xmlns:xlink="http://www.w3.org/1999/xlink" width="100pt" height="50pt" viewBox="0 0 100 50"
 xmlns="http://www.w3.org/2000/svg"><defs><clipPath id="c"><rect x="0" y="0" width="10" height="10"/></clipPath>
 <path id="m" d="M 0 0 L 1 1"/></defs>%s</svg>"""


def readerOf(page, paper="A4", identifier="ID 7"):
    return pypdf.PdfReader(io.BytesIO(pdfOf(page, identifier, paper)))


def squeezed(text):
    """Text without any white space: lines break elsewhere in a PDF."""
    return re.sub(r"[\s\u00a0\u202f]+", "", text)


def textOf(reader):
    return squeezed(" ".join(page.extract_text() for page in reader.pages))


@pytest.fixture(scope="module")
def page():
    results = exampleResults(20)
    return renderReport(results, exampleContext(results), [Picture("Axial", "A slice.", PNG)])


@pytest.fixture(scope="module")
def pdf(page):
    return readerOf(page)


def test_everyTextOfTheReportIsInThePDF(page, pdf):
    found, lost = textOf(pdf), []
    for element in elements.parse(page).all("p", "td", "th", "li", "dt", "dd", "h1", "h2", "h3", "figcaption"):
        if any(child.tag in ("p", "li") for child in element.all("p", "li")):
            continue
        # detail and unit stand on lines of their own, and a table may break any word
        for part in re.split(r"\s+", element.text):
            if part and squeezed(part) not in found:
                lost.append(part)
    assert not lost
    assert len(found) > 8000


def test_regionsUnitsAndWarningsAreThere(page, pdf):
    found, results = textOf(pdf), exampleResults(20)
    for region in results["regions"]:
        assert squeezed(region["name"]) in found
    for text in (*results["warnings"], "Gy/GBq", "MBq h", "research use; the treating physician decides"):
        assert squeezed(text).lower() in found.lower()
    assert squeezed("4.97 ± 0.30") in found


def test_patientAndNumberOnEachPage(pdf):
    count = len(pdf.pages)
    assert count > 3
    for number, sheet in enumerate(pdf.pages, 1):
        text = sheet.extract_text()
        assert f"Page {number} of {count}" in text and "Patient ID: ID 7" in text
    assert "DIGITAL-PATIENT" in pdf.metadata.title


def test_summaryIsTheFirstPage(pdf):
    first, second = (pdf.pages[index].extract_text() for index in (0, 1))
    assert "Treating physician" in first and "Results in full" not in first
    assert "Treating physician" not in second


@pytest.mark.parametrize("paper", PAPERS)
def test_nothingReachesBeyondThePaper(page, paper):
    reader = readerOf(page, paper)
    width, height = PAPERS[paper]
    outside = []

    def look(text, matrix, textMatrix, _font, _size):
        x, y = textMatrix[4:]
        place = (matrix[0] * x + matrix[2] * y + matrix[4], matrix[1] * x + matrix[3] * y + matrix[5])
        if text.strip() and not (20 < place[0] < width - 20 and 15 < place[1] < height - 20):
            outside.append((text, place))

    for sheet in reader.pages:
        assert (sheet.mediabox.width, sheet.mediabox.height) == pytest.approx((width, height), abs=0.01)
        sheet.extract_text(visitor_text=look)
    assert not outside
    assert "Treating physician" in reader.pages[0].extract_text(), "the signatures stay on the first page"


def test_headerIsRepeatedOnEachPageOfALongTable():
    rows = "".join(f"<tr><th>region {index}</th><td class='number'>{index} Gy</td></tr>" for index in range(150))
    reader = readerOf(f"<table><thead><tr><th>Name of it</th><th>Value</th></tr></thead><tbody>{rows}</tbody></table>")
    assert len(reader.pages) > 1
    assert all("Name of it" in sheet.extract_text() for sheet in reader.pages)
    assert squeezed("region 149149 Gy") in textOf(reader)


def test_wideTableIsMadeSmallerNotCut():
    letter = letters.Letters()
    cells = "".join(f"<td class='number'>{index}.123 ± 0.456</td>" for index in range(9))
    found = elements.parse(f"<table><tr><th>a region</th>{cells}</tr></table>").elements[0]
    table, _isTogether = grids.tableOf(found, 400.0, letter)
    assert sum(table._colWidths) == pytest.approx(400.0)
    # far too wide even so: words break
    table, _isTogether = grids.tableOf(found, 150.0, letter)
    assert sum(table._colWidths) == pytest.approx(150.0)
    assert table.wrap(150.0, 1e4)[1] > 20


def test_chartsStayLines(page):
    reader = readerOf(page)
    drawn = b"".join(sheet.get_contents().get_data() for sheet in reader.pages)
    # curves of letters and of histograms are drawn, not pixels
    assert drawn.count(b" c\n") + drawn.count(b" c ") > 500
    assert sum(len(sheet.images) for sheet in reader.pages) == 2, "the picture, here and on the first page"


def test_chartOfMatplotlib():
    drawing = charts.drawingOf(absorbedDoseChart(exampleResults(3)["regions"]), 200.0)
    assert drawing.width == pytest.approx(200.0)


@pytest.mark.parametrize("inside, words", [
    (b"<text>a</text>", "<text>"), (b'<use xlink:href="#none"/>', "not there"),
    (b'<path d="M 0 0 l 3 3" style="stroke: #000000"/>', "step 'l'"), (b'<path d="M 0 0" style="fill: red"/>', "red"),
    (b'<g transform="skewX(3)"><path d="M 0 0"/></g>', "skewX"),
    (b'<path clip-path="url(#m)" d="M 0 0"/>', "no rectangle"),
])
def test_chartThatCannotBeDrawnIsRefused(inside, words):
    with pytest.raises(InputError, match=re.escape(words)):
        charts.drawingOf(CHART % inside)


def test_sizeOfAChartHasToBeKnown():
    with pytest.raises(InputError, match="points from 0"):
        charts.drawingOf((CHART % b"").replace(b"100pt", b"100px"))
    with pytest.raises(InputError, match="viewBox"):
        charts.drawingOf((CHART % b"").replace(b"viewBox", b"box"))


def test_sameHTMLSamePDF():
    page = "<html><head><title>A</title></head><body><p>Text.</p></body></html>"
    assert pdfOf(page, "1") == pdfOf(page, "1")


@pytest.mark.parametrize("name", ["山田 太郎", "محمد", "שרה"])
def test_nameThatCannotBeSetIsRefused(name):
    with pytest.raises(InputError, match="cannot be set in a PDF"):
        pdfOf("<p>Text.</p>", name)
    with pytest.raises(InputError, match="Print report.html"):
        pdfOf(f"<p>{name}</p>", "1")


def test_signsOfTheReportAndNamesOfEurope():
    text = "± × 10⁻⁵ α/β γ ≤ – … µ Ångström Žižková Łódź Đặng Ελένη Наталья 1\u202f234"
    assert squeezed(text) in textOf(readerOf(f"<p><strong>{text}</strong> <em>{text}</em></p>"))


@pytest.mark.parametrize("page, words", [
    ("<div><p>a</div></section>", "closes"), ("<section><p>a</p>", "not closed"),
    ("<img src='https://example.org/a.png'>", "not inside"),
    ("<img src='data:image/png;base64,AAAA'>", "cannot be read"),
    ("<table><tr><td rowspan='2'>a</td></tr></table>", "several rows"),
])
def test_pageThatCannotBeSetIsRefused(page, words):
    with pytest.raises(InputError, match=words):
        pdfOf(page, "1")


def test_unknownElementsAreSetAsText():
    found = textOf(readerOf("<body>Loose text<blockquote>quoted <b>words</b></blockquote><ol><li>one<li>two</ol>"
                            "<aside>beside</aside><hr><dl><dt>term<dd>said</dl></body>"))
    for word in ("Loosetext", "quotedwords", "1.", "one", "two", "beside", "term", "said"):
        assert word in found


def test_paperIsOneThatIsKnown():
    with pytest.raises(InputError, match="A4 or Letter"):
        pdfOf("<p>a</p>", "1", "A5")


def test_withoutThePackageItIsTold(monkeypatch):
    monkeypatch.setitem(sys.modules, "reportlab", None)
    with pytest.raises(InputError, match="reportlab"):
        pdfOf("<p>a</p>", "1")


def test_manyRegionsStillHaveAFirstPage():
    results = exampleResults(20)
    results["regions"] += [{**copy.deepcopy(region), "name": f"{region['name']} {index}"}
                           for index in range(2) for region in results["regions"]]
    results["warnings"] = [f"warning number {index} is one of many that fill a line of the page" for index in range(60)]
    text = renderReport(results, {}, [Picture("Axial", "", PNG)])
    reader = readerOf(text)
    assert "Treating physician" in reader.pages[0].extract_text()
    assert squeezed("warning number 59 is one of many") in textOf(reader)


def test_picturesKeepTheirPixels():
    from matplotlib.figure import Figure

    buffer = io.BytesIO()
    figure = Figure(figsize=(4, 3), dpi=300)
    figure.savefig(buffer, format="png")
    uri = base64.b64encode(buffer.getvalue()).decode()
    reader = readerOf(f"<figure><img src='data:image/png;base64,{uri}'></figure>")
    image, = reader.pages[0].images
    assert image.image.size == (1200, 900)


@pytest.mark.parametrize("rows", range(1, 15))
def test_wordsBelowATableAreOnItsPage(rows):
    """Whatever stands above: the tables are shifted over the end of the page line by line."""
    table = "<div class='scroll'><table><thead><tr><th>Name</th></tr></thead><tbody>{}</tbody></table></div>"
    above = table.format("".join(f"<tr><td>above {row}</td></tr>" for row in range(rows)))
    body = table.format("<tr><td>body mass</td></tr>" * 4)
    part = f"<h3>Heading</h3>{body}<p class='legend'>From the study file.</p>"
    html = f"<html><body><main>{above}{part * 12}</main></body></html>"
    texts = [page.extract_text() for page in readerOf(html).pages]
    assert len(texts) > 1 and sum(text.count("From the study file.") for text in texts) == 12
    assert all(text.count("Heading") == text.count("From the study file.") for text in texts)

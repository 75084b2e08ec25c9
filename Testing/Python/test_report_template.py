"""A center's own template: used, named in the record, and refused in words where it is broken or leaves things out."""

import json

import pytest
from reportExample import exampleContext, exampleResults
from test_report_html import PNG, Reader

from MRTDosimetryLib import commandLine
from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.report import templateFolder
from MRTDosimetryLib.report.htmlReport import renderReport
from MRTDosimetryLib.report.pdf.document import pdfOf
from MRTDosimetryLib.resources import resourcePath


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "template"
    templateFolder.export(str(path))
    return path


def change(folder, name, old, new):
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new), encoding="utf-8")


def center(folder, **values):
    (folder / "center.json").write_text(json.dumps(values), encoding="utf-8")


def report(folder, count=2):
    results = exampleResults(count)
    return renderReport(results, exampleContext(results), template=templateFolder.load(str(folder)))


def test_exportedTemplateIsTheShippedOne(folder):
    results = exampleResults(2)
    assert report(folder) == renderReport(results, exampleContext(results))
    assert sorted(path.name for path in folder.iterdir()) == sorted((*templateFolder.FILES, "center.json"))


def test_nothingIsWrittenOver(folder):
    with pytest.raises(InputError, match="not empty"):
        templateFolder.export(str(folder))


def test_centerOnTheFirstPage(tmp_path):
    (tmp_path / "logo.png").write_bytes(PNG)
    center(tmp_path, name="A <b>hospital</b>", address=["Street 1", "Town"], logo="logo.png", paper="Letter")
    template = templateFolder.load(str(tmp_path))
    text = report(tmp_path)
    assert "A &lt;b&gt;hospital&lt;/b&gt;" in text, "escaped as any text"
    assert "Town" in text[:text.index("<header>")] and "data:image/png;base64,iVBOR" in text[:text.index("<header>")]
    assert template.paper == "Letter" and pdfOf(text, "1", template.paper).startswith(b"%PDF")


def test_aFileOfTheCenterTakesThePlaceOfTheShippedOne(tmp_path):
    (tmp_path / "report.css").write_text("h1 { color: green; }", encoding="utf-8")
    text = report(tmp_path)
    assert "color: green" in text and "break-inside" not in text
    assert "Results in full" in text, "the other files are the shipped ones"


def test_textStaysEscaped(folder):
    change(folder, "summary.html", "<h1>{{ title }}</h1>", "<h1>{{ title }} for {{ patientName }}</h1>")
    results = exampleResults(2)
    context = {**exampleContext(results), "patient": {"name": "<script>x</script>", "id": "1"}}
    text = renderReport(results, context, template=templateFolder.load(str(folder)))
    assert "<script" not in text and "&lt;script&gt;" in text


def test_digestChangesWithAnyFile(folder, tmp_path):
    first = templateFolder.load(str(folder))
    assert not first.isShipped and templateFolder.load().isShipped
    change(folder, "report.css", "210mm", "211mm")
    second = templateFolder.load(str(folder))
    center(folder, name="A hospital")
    third = templateFolder.load(str(folder))
    assert len({first.digest, second.digest, third.digest, templateFolder.load().digest}) == 4
    assert third.describe() == {"template": "own", "sha256": third.digest, "paper": "A4", "center": "A hospital"}


@pytest.mark.parametrize("name, old, new, words", [
    ("report.html", "{% include \"summary.html\" %}", "{% include \"summary.html\" ", "report.html, line.*no template"),
    ("summary.html", "{{ title }}", "{{ titel }}", "titel"),
    ("summary.html", "{{ title }}", "{{ title | safe }}", "switches off"),
    ("summary.html", "{{ title }}", "{% autoescape false %}{{ title }}{% endautoescape %}", "switches off"),
    ("report.html", "<main>", "<main><img src='https://example.org/logo.png'>", "line .*outside"),
    ("report.html", "<main>", "<main><script>1</script>", "outside"),
    ("report.css", "h1 {", "@import 'a.css'; h1 {", "outside"),
    ("report.css", "h1 {", "h1 { background: url(logo.png);", "outside"),
])
def test_brokenFileIsRefusedBeforeAnythingIsComputed(name, old, new, words, folder):
    change(folder, name, old, new)
    with pytest.raises(InputError, match=words):
        templateFolder.load(str(folder))


@pytest.mark.parametrize("name, old, new, words", [
    ("summary.html", "{{ renderFacts(facts) }}", "{{ facts.nothing.there }}", "cannot be filled"),
    ("summary.html", "{{ renderFacts(facts) }}", "{{ 1 / 0 }}", "cannot be filled"),
    ("summary.html", "{{ renderFacts(facts) }}", "", "leaves out the patient's identifier: DIGITAL-PATIENT"),
    ("macros.html", "{{ text }}</li>", "</li>", "leaves out a warning"),
    ("summary.html", "</article>", "</div>", "closes"),
    ("report.html", "<footer>", "<footer><a {{ 'hre' ~ 'f' }}='http://example.org'>x</a>", "outside"),
    ("summary.html", "{{ renderFacts(facts) }}", "{{ facts.__class__.__mro__ }}", "cannot be filled"),
])
def test_templateThatDoesNotFitIsRefused(name, old, new, words, folder):
    change(folder, name, old, new)
    with pytest.raises(InputError, match=words):
        report(folder)


def test_reportWithoutItsRegionsOrStatementIsRefused(folder):
    (folder / "report.html").write_text("<html><body><p>{{ patientIdentifier }}</p></body></html>", encoding="utf-8")
    with pytest.raises(InputError) as found:
        report(folder)
    told = [str(fault) for fault in found.value.faults]
    assert any("a region: liver" in text for text in told) and any("research use" in text for text in told)
    assert any("a warning" in text for text in told)


@pytest.mark.parametrize("values, words", [
    ({"title": "x"}, "Give any of name"), ({"name": 3}, "have to be texts"), ({"paper": "A5"}, "A4 or Letter"),
    ({"logo": "none.png"}, "no such logo"), ({"logo": "../logo.png"}, "not a file of the template"),
])
def test_centerThatCannotBeIsRefused(values, words, tmp_path):
    center(tmp_path, **values)
    with pytest.raises(InputError, match=words):
        templateFolder.load(str(tmp_path))


def test_foldersThatAreNoTemplate(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        templateFolder.load(str(tmp_path / "none"))
    with pytest.raises(InputError, match="holds no template"):
        templateFolder.load(str(tmp_path))
    (tmp_path / "center.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="not valid JSON"):
        templateFolder.load(str(tmp_path))
    (tmp_path / "logo.gif").write_bytes(b"GIF89a")
    center(tmp_path, logo="logo.gif")
    with pytest.raises(InputError, match="PNG or JPEG"):
        templateFolder.load(str(tmp_path))


def test_commandLine(tmp_path, capsys):
    folder = tmp_path / "ours"
    assert commandLine.main(["report", "--export-template", str(folder)]) == 0
    center(folder, name="A hospital", address="Street 1", paper="Letter")
    assert commandLine.main(["report", "--check-template", str(folder)]) == 0
    assert "A hospital, paper Letter" in capsys.readouterr().out
    study = resourcePath("Protocols", "examples", "iodineMibg.wholeBody.json")
    out = tmp_path / "out"
    assert commandLine.main(["run", study, "--out", str(out), "--template", str(folder)]) == 0
    assert "A hospital" in (out / "report.html").read_text(encoding="utf-8")
    record = json.loads((out / "record.json").read_text(encoding="utf-8"))
    assert record["report"] == templateFolder.load(str(folder)).describe()
    assert commandLine.main(["verify", str(out)]) == 0
    change(folder, "report.html", "{{ patientIdentifier }}", "{{ patientIdentifer }}")
    assert commandLine.main(["run", study, "--out", str(tmp_path / "other"), "--template", str(folder)]) == 2
    assert "patientIdentifer" in capsys.readouterr().err and not (tmp_path / "other").exists()
    assert commandLine.main(["report", "--check-template", str(folder)]) == 2


def test_shippedTemplateIsNamedInTheRecord():
    described = templateFolder.load().describe()
    assert described["template"] == "shipped" and described["center"] is None


def test_nestingOfTheShippedTemplate():
    results = exampleResults(2)
    assert not Reader(renderReport(results, exampleContext(results))).open

"""What a study states for its report: from the study file to report, results and record, and back."""

import io
import json

import pypdf
import pytest

from MRTDosimetryLib import commandLine
from MRTDosimetryLib.resources import resourcePath

STATED = {"indication": "Relapse", "batch": "A-17", "durationMinutes": 60, "extravasation": "none seen"}


def studyFile(folder, **changes):
    with open(resourcePath("Protocols", "examples", "iodineMibg.wholeBody.json"), encoding="utf-8") as file:
        content = json.load(file)
    path = folder / "study.json"
    path.write_text(json.dumps({**content, "reporting": STATED, **changes}), encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reporting")
    assert commandLine.main(["run", studyFile(folder), "--out", str(folder / "out")]) == 0
    return folder / "out"


def load(path):
    return json.loads(path.read_text(encoding="utf-8"))


def recorded(results):
    return {item["id"]: item for section in results["checklist"]["sections"] for item in section["items"]}


def test_checklistOfTheResults(out):
    items = recorded(load(out / "results.json"))
    assert items["batch"]["value"] == "A-17" and items["batch"]["source"] == "file"
    assert items["duration"]["value"] == "60 min" and items["residual"]["isRecorded"] is False


def test_statementsInThePages(out):
    html = (out / "report.html").read_text(encoding="utf-8")
    pages = pypdf.PdfReader(io.BytesIO((out / "report.pdf").read_bytes())).pages
    text = " ".join(" ".join(page.extract_text() for page in pages).split())
    for words in ("A-17", "none seen", "not recorded", "To be completed by hand"):
        assert words in html and words in text


def test_recordRepeatsThem(out, tmp_path):
    assert load(out / "record.json")["study"]["reporting"] == {**STATED, "durationMinutes": 60.0}
    assert commandLine.main(["run", str(out / "record.json"), "--out", str(tmp_path / "again")]) == 0
    assert load(tmp_path / "again" / "results.json") == load(out / "results.json")


@pytest.mark.parametrize("reporting, words", [
    ({"lot": "A"}, "reporting: The key 'lot' is not known"), (["A"], "not an object"),
    ({"durationMinutes": "60"}, "not a number")])
def test_faultsAreToldByTheirPlace(reporting, words, tmp_path, capsys):
    status = commandLine.main(["run", studyFile(tmp_path, reporting=reporting), "--out", str(tmp_path / "out")])
    assert status == 2 and words in capsys.readouterr().err
    assert not (tmp_path / "out").exists()

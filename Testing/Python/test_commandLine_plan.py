"""mrt-dosimetry plan: template, text, JSON, page, and what it refuses."""

import json

import pytest

from MRTDosimetryLib import commandLine
from MRTDosimetryLib.report import planReport
from MRTDosimetryLib.therapies.planner import Total

MULTI, SINGLE = "lutetiumDotatate.multiTimePoint", "lutetiumDotatate.singleTimePoint"
BOTH = ["--protocol", MULTI, "--protocol", SINGLE, "--patients", "20", "--cycles", "4"]


def centerFile(folder, change=lambda content: None):
    path = folder / "center.json"
    assert commandLine.main(["plan", "--protocol", MULTI, "--protocol", SINGLE, "--template", str(path)]) == 0
    content = json.loads(path.read_text(encoding="utf-8"))
    for entry in content["times"].values():
        entry["staffMinutes"] = dict.fromkeys(entry["staffMinutes"], 15)
        entry.update({key: 30 for key in ("cameraMinutes", "timesPerYear") if key in entry})
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")
    return str(path)


def test_json(tmp_path, capsys):
    path = centerFile(tmp_path)
    capsys.readouterr()
    assert commandLine.main(["plan", *BOTH, "--times", path, "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    first, second = content["plans"]
    assert content["kind"] == "resource plan" and first["isComplete"] and first["notStated"] == []
    assert first["totals"]["camera"]["perCycle"] == {"minutes": 90, "isComplete": True}
    assert second["totals"]["camera"]["patients"] == {"minutes": 20 * 4 * 30, "isComplete": True}
    assert first["numbers"] == {"scan": {"perCycle": 3, "all": 240}}


def test_withoutTimesThereAreNumbersOfScansAlone(capsys):
    assert commandLine.main(["plan", *BOTH]) == 0
    text = capsys.readouterr().out
    assert "scans: 3 each cycle, 240 in all" in text and "In all: not stated" in text
    assert "Incomplete: times of 16 tasks" in text and " 0 h" not in text


def test_thePage(tmp_path, capsys):
    def change(content):
        content["center"] = "Center <A>"
        content["times"]["segmentation"]["staffMinutes"]["physician"] = None

    path, page = centerFile(tmp_path, change), tmp_path / "plan.html"
    assert commandLine.main(["plan", *BOTH, "--times", path, "--html", str(page), "--years", "2"]) == 0
    text = page.read_text(encoding="utf-8")
    assert "Center &lt;A&gt;" in text and "The sums are incomplete" in text and "over 2 years" in text
    assert text.count("Outlines of organs and lesions: physician") == 2
    assert "two thirds" in text and "No part of any sum" in text
    assert "src=" not in text and "href=" not in text
    # with everything stated nothing is said to be missing
    assert commandLine.main(["plan", *BOTH, "--times", centerFileAgain(tmp_path), "--html", str(page)]) == 0
    text = page.read_text(encoding="utf-8")
    assert "incomplete" not in text and "not stated" not in text and "≥" not in text
    capsys.readouterr()


def centerFileAgain(folder):
    (folder / "second").mkdir()
    return centerFile(folder / "second", lambda content: content.update(center="Center A"))


@pytest.mark.parametrize("minutes, isComplete, text", [
    (0.0, True, "none"), (59.0, True, "59 min"), (60.0, True, "1.0 h"), (5999.0, True, "100 h"),
    (5994.0, True, "99.9 h"), (75000.0, True, "1250 h"), (None, False, "not stated"),
    (99999.0, False, "≥ 1666 h"), (119.9, False, "≥ 1.9 h")])
def test_durations(minutes, isComplete, text):
    assert planReport.hours(Total(minutes, isComplete)).replace("\N{NO-BREAK SPACE}", " ") == text


def test_theTemplateOverwritesNothing(tmp_path, capsys):
    path = centerFile(tmp_path)
    before = open(path, encoding="utf-8").read()
    assert commandLine.main(["plan", "--protocol", MULTI, "--template", path]) == 2
    assert "already" in capsys.readouterr().err and open(path, encoding="utf-8").read() == before


@pytest.mark.parametrize("arguments, words", [
    (["--protocol", MULTI, "--cycles", "4"], "--patients is not given"),
    (["--protocol", "magic", "--patients", "1", "--cycles", "1"], "not a protocol"),
    (["--protocol", MULTI, "--protocol", MULTI, "--patients", "1", "--cycles", "1"], "two different"),
    (["--protocol", MULTI, "--patients", "0", "--cycles", "1"], "number of patients is 0"),
    ([*BOTH, "--times", "none.json"], "no such file"), ([*BOTH, "--html", "no/where/plan.html"], "cannot be written"),
    (["--protocol", "magic", "--template", "t.json"], "not a protocol"),
    ([*BOTH, "--years", "-1"], "time of the plan is -1")])
def test_refusals(tmp_path, monkeypatch, capsys, arguments, words):
    monkeypatch.chdir(tmp_path)
    assert commandLine.main(["plan", *arguments]) == 2
    printed = capsys.readouterr()
    assert words in printed.err and "Traceback" not in printed.err and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text, words", [
    ("{", "not JSON"), ("[]", "no times of a center"), ("{\"kind\": NaN}", "NaN"), ("\udcff", "cannot be read")])
def test_damagedTimes(tmp_path, capsys, text, words):
    path = tmp_path / "center.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert commandLine.main(["plan", *BOTH, "--times", str(path)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and words in lines[0]

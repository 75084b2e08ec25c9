"""mrt-dosimetry check: the program proves itself, says so when it cannot, and refuses what it cannot compare with."""

import hashlib
import json
import re

import pytest
from commissioningExamples import brokenEngine

from MRTDosimetryLib import commandLine
from MRTDosimetryLib.errors import CanceledError, InputError
from MRTDosimetryLib.report import commissioningReport
from MRTDosimetryLib.workflow import commissioning, commissioningCasesEngines, commissioningCasesKinetics


def load(folder):
    return json.loads((folder / "commissioning.json").read_text(encoding="utf-8"))


def few(monkeypatch, *checks):
    monkeypatch.setattr(commissioning, "CHECKS", checks or commissioningCasesEngines.CHECKS[:1])


def test_quickCheckPasses(tmp_path, capsys):
    out = tmp_path / "check"
    assert commandLine.main(["check", "--quick", "--out", str(out)]) == 0
    printed, content = capsys.readouterr(), load(out)
    assert "PASS: " in printed.out and printed.err == ""
    assert {path.name for path in out.iterdir()} == {"commissioning.json", "commissioning.html"}
    overall, cases = content["overall"], content["cases"]
    assert overall["isPassed"] and overall["failed"] == overall["notRun"] == 0 and overall["optionalNotRun"] == 2
    assert overall["passed"] == sum(case["status"] == "PASS" for case in cases) > 60
    subjects = {case["subject"] for case in cases}
    assert len(subjects) == 11 and len({case["key"] for case in cases}) == len(cases)
    for case in cases:
        if case["status"] == "PASS":
            scale = abs(case["expected"]) if case["isRelative"] else 1.0
            assert abs(case["computed"] - case["expected"]) <= case["tolerance"] * scale * (1 + 1e-9)
            assert case["source"] and case["toleranceReason"] and case["quantity"]
            assert case["deviation"] is not None and case["seconds"] >= 0
    assert content["versions"]["numpy"] and content["platform"]["system"]
    assert sum(case["seconds"] for case in cases) == pytest.approx(content["seconds"], rel=0.05, abs=1.0)
    # without the recovery of its size no lesion is near the truth
    found = {case["key"]: {item["label"]: item for item in case["details"]} for case in cases}
    for label, item in found["patient.small.recovered.lesions"].items():
        plain = found["patient.small.small"][label]["computed"]
        assert abs(plain / item["expected"] - 1) > 0.15 > abs(item["computed"] / item["expected"] - 1)
    # the page bears the digest of the file
    digest = hashlib.sha256((out / "commissioning.json").read_bytes()).hexdigest()
    page = (out / "commissioning.html").read_text(encoding="utf-8")
    assert digest in page and "Medical physics expert" in page and "Prepared by" in page
    assert "src=" not in page and "href=" not in page
    requireSmallerLettersForMoreLines(content, digest)


def requireSmallerLettersForMoreLines(content, digest):
    """No size of the paper is asked for; what does not pass takes lines, and the same problem is told once."""
    assert re.search(r"@page[^}]*size:", commissioningReport.render(content, digest)) is None
    for start, classes in ((100, ""), (60, ' class="dense"'), (5, ' class="dense densest"')):
        for case in content["cases"][start:]:
            case.update(status="not run", problem="No module named 'highdicom'")
        page = commissioningReport.render(content, digest)
        assert f"<body{classes}>" in page, start
    assert page.count("as above") == len(content["cases"]) - 5 - 1
    assert page.count("No module named") == 1 + 4  # in the table, and among the first problems


def test_brokenEngineFails(tmp_path, capsys, monkeypatch):
    few(monkeypatch)
    assert commandLine.main(["check", "--out", str(tmp_path / "before")]) == 0
    brokenEngine(monkeypatch)
    out = tmp_path / "after"
    assert commandLine.main(["check", "--out", str(out), "--previous", str(tmp_path / "before")]) == 1
    printed, content = capsys.readouterr().out, load(out)
    assert "FAIL, changed since the last result: Absorbed-dose engines" in printed and "FAIL: 0 passed" in printed
    assert content["overall"]["result"] == "FAIL" and content["overall"]["failed"] == 2
    assert content["previous"]["result"] == "PASS" and content["previous"]["warning"] == ""
    assert content["previous"]["changed"] == ["engines.localCube", "engines.localDecay"]
    assert content["cases"][0]["previous"]["computed"] == pytest.approx(content["cases"][0]["computed"] / 1.001)
    page = (out / "commissioning.html").read_text(encoding="utf-8")
    assert "changed beyond numerical noise: 2" in page and "2 not passed" in page
    # against itself, nothing changes
    again = tmp_path / "again"
    assert commandLine.main(["check", "--out", str(again), "--previous", str(out / "commissioning.json")]) == 1
    assert load(again)["previous"]["changed"] == []


def test_whatCannotRunIsNotPassed(tmp_path, capsys, monkeypatch):
    from MRTDosimetryLib.workflow.commissioningCase import Case, Check

    def absent(job, progress):
        yield Case("some.first", "Some", "First", "value", "", 1.0, 1.0, "one", 0.1, True, "test")
        raise ImportError("No module named 'highdicom'")

    def refused(job, progress):
        raise InputError("The scan is missing", "phantom", "Bring it")
        yield

    def notANumber(job, progress):
        yield Case("some.nan", "Some", "Infinite", "value", "", 1.0, float("nan"), "one", 0.1, True, "test")

    def optional(job, progress):
        yield Case("some.later", "Some", "Later", problem="Download it", isOptional=True)

    few(monkeypatch, *(Check(f"some.{run.__name__}", "Some", run.__name__, run)
                       for run in (absent, refused, notANumber, optional)))
    assert commandLine.main(["check", "--out", str(tmp_path / "out")]) == 1
    content = load(tmp_path / "out")
    assert [case["status"] for case in content["cases"]] == ["PASS", "not run", "not run", "FAIL", "not run"]
    assert "highdicom" in content["cases"][1]["problem"] and "Bring it" in content["cases"][2]["problem"]
    assert content["cases"][3]["computed"] is None and "not a finite number" in content["cases"][3]["note"]
    assert content["overall"]["notRun"] == 2 and content["overall"]["optionalNotRun"] == 1
    page = (tmp_path / "out" / "commissioning.html").read_text(encoding="utf-8")
    assert "3 not passed" in page and "No module named" in page
    few(monkeypatch, Check("some.optional", "Some", "optional", optional))
    assert commandLine.main(["check", "--out", str(tmp_path / "out")]) == 0


def test_editedEarlierResultIsTold(tmp_path, monkeypatch):
    few(monkeypatch)
    first, second = tmp_path / "first", tmp_path / "second"
    assert commandLine.main(["check", "--out", str(first)]) == 0
    file = first / "commissioning.json"
    file.write_text(file.read_text(encoding="utf-8").replace("6.1228", "6.1229"), encoding="utf-8")
    assert commandLine.main(["check", "--out", str(second), "--previous", str(first)]) == 0
    assert "was edited" in load(second)["previous"]["warning"]
    assert "was edited" in (second / "commissioning.html").read_text(encoding="utf-8")
    (first / "commissioning.html").unlink()
    assert commandLine.main(["check", "--out", str(second), "--previous", str(first)]) == 0
    assert "cannot be told" in load(second)["previous"]["warning"]


@pytest.mark.parametrize(("text", "words"), [
    (None, "cannot be read"), ("{", "no JSON"), ("\udcff", "no JSON"), ("[]", "no result of a commissioning"),
    ('{"kind": "record"}', "no result of a commissioning"), ('{"kind": "commissioning"}', "newer version"),
    ('{"kind": "commissioning", "schemaVersion": 2}', "newer version"),
    ('{"kind": "commissioning", "schemaVersion": 1, "overall": {}, "cases": [{"key": "a"}]}', "not complete"),
    ('{"kind": "commissioning", "schemaVersion": 1, "overall": {}, "cases": [{"key": "a", "status": "PASS", '
     '"computed": "x"}]}', "not complete")])
def test_badPreviousIsRefused(tmp_path, capsys, monkeypatch, text, words):
    few(monkeypatch)
    previous, out = tmp_path / "previous", tmp_path / "out"
    previous.mkdir()
    if text is not None:
        (previous / "commissioning.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert commandLine.main(["check", "--out", str(out), "--previous", str(previous)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and words in lines[0] and not out.exists()


def test_outputFolderThatIsAFile(tmp_path, capsys, monkeypatch):
    few(monkeypatch)
    (tmp_path / "file").write_text("x", encoding="utf-8")
    assert commandLine.main(["check", "--out", str(tmp_path / "file")]) == 2
    assert "output folder is a file" in capsys.readouterr().err


def test_canceledLeavesNothing(tmp_path, monkeypatch):
    few(monkeypatch, *commissioningCasesKinetics.CHECKS)
    seen = []

    def cancel(fraction, message=""):
        seen.append(fraction)
        if fraction > 0.2:
            raise CanceledError

    with pytest.raises(CanceledError):
        commissioning.runCommissioning(str(tmp_path / "out"), True, None, cancel)
    assert seen == sorted(seen) and list(tmp_path.iterdir()) == []


def test_chosenGroupsAlone(tmp_path, capsys):
    out = tmp_path / "out"
    assert commandLine.main(["check", "--only", "dvh", "--only", "biology", "--by", " Ada  Bee ", "--role", "physicist",
                             "--out", str(out)]) == 0
    content, page = load(out), (out / "commissioning.html").read_text(encoding="utf-8")
    subjects = {case["subject"] for case in content["cases"]}
    assert content["groups"] == ["biology", "dvh"]
    assert subjects == {"Radiobiology, uncertainty", "Dose-volume histograms"}
    assert len(content["leftOut"]) == 9 and not subjects & set(content["leftOut"])
    assert content["runBy"] == {"name": "Ada Bee", "role": "physicist"} and "Prepared by: Ada Bee, physicist" in page
    words = "Not the whole commissioning. Left out: Time-activity curves; "
    assert words in capsys.readouterr().out and words in page and "9 groups left out" in page


@pytest.mark.parametrize(("options", "words"), [
    (["--only", "kinetic"], "Known are kinetics, biology"), (["--role", "physicist"], "without a name"),
    (["--only", "dvh", "--data", "."], "their group is not chosen")])
def test_whatCannotBeChosen(tmp_path, capsys, options, words):
    assert commandLine.main(["check", "--out", str(tmp_path / "out"), *options]) == 2
    assert words in capsys.readouterr().err and list(tmp_path.iterdir()) == []


def test_keptRunsAreComparedWithTheLastOfTheSameExtent(tmp_path, monkeypatch):
    from MRTDosimetryLib.workflow import commissioningKept

    def run(*options):
        before = set(tmp_path.iterdir())
        assert commandLine.main(["check", "--keep", str(tmp_path), *options]) in (0, 1)
        return (set(tmp_path.iterdir()) - before).pop()

    few(monkeypatch, *commissioningCasesEngines.CHECKS[:1], *commissioningCasesKinetics.CHECKS[3:])
    whole, part = run(), run("--only", "engines")
    assert load(whole)["previous"] is None and load(part)["previous"]["result"] == "PASS"
    assert load(part)["previous"]["missing"] == [] and load(part)["previous"]["new"] == []
    quick = run("--quick")
    assert load(quick)["previous"] is None, "of another extent"
    brokenEngine(monkeypatch)
    broken = run("--by", "Ada Bee")
    sha256 = hashlib.sha256((whole / "commissioning.json").read_bytes()).hexdigest()
    assert load(broken)["previous"]["sha256"] == sha256, "the part does not hold all of its groups"
    assert load(broken)["previous"]["changed"] == ["engines.localCube", "engines.localDecay"]
    runs, problems = commissioningKept.keptRuns(str(tmp_path))
    assert {kept.folder for kept in runs} == {str(path) for path in (whole, part, quick, broken)} and not problems
    assert [kept.created for kept in runs] == sorted((kept.created for kept in runs), reverse=True)
    (whole / "commissioning.json").write_text("{", encoding="utf-8")
    runs, problems = commissioningKept.keptRuns(str(tmp_path))
    assert len(runs) == 3 and len(problems) == 1 and "no JSON" in problems[0]


@pytest.mark.parametrize("name", ["missing", "file"])
def test_keptRunsThatCannotBeRead(tmp_path, name):
    from MRTDosimetryLib.workflow import commissioningKept

    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be read"):
        commissioningKept.keptRuns(str(tmp_path / name))

"""mrt-dosimetry check: the program proves itself, says so when it cannot, and refuses what it cannot compare with."""

import hashlib
import json

import pytest

from MRTDosimetryLib import commandLine
from MRTDosimetryLib.errors import CanceledError, InputError
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
    assert overall["passed"] == sum(case["status"] == "PASS" for case in cases) > 50
    subjects = {case["subject"] for case in cases}
    assert len(subjects) == 10 and len({case["key"] for case in cases}) == len(cases)
    for case in cases:
        if case["status"] == "PASS":
            scale = abs(case["expected"]) if case["isRelative"] else 1.0
            assert abs(case["computed"] - case["expected"]) <= case["tolerance"] * scale * (1 + 1e-9)
            assert case["source"] and case["toleranceReason"] and case["quantity"]
            assert case["deviation"] is not None and case["seconds"] >= 0
    assert content["versions"]["numpy"] and content["platform"]["system"]
    assert sum(case["seconds"] for case in cases) == pytest.approx(content["seconds"], abs=1.0)
    # the page bears the digest of the file
    digest = hashlib.sha256((out / "commissioning.json").read_bytes()).hexdigest()
    page = (out / "commissioning.html").read_text(encoding="utf-8")
    assert digest in page and "Medical physics expert" in page and "Prepared by" in page
    assert "src=" not in page and "href=" not in page


def brokenEngine(monkeypatch):
    from MRTDosimetryLib.physics.dose import registry

    real = registry.engine

    def engine(name):
        from dataclasses import replace

        found = real(name)

        def compute(*arguments, **options):
            result = found.compute(*arguments, **options)
            return replace(result, absorbedDoseGy=result.absorbedDoseGy * 1.001)

        return replace(found, compute=compute)

    monkeypatch.setattr(commissioningCasesEngines, "engine", engine)


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

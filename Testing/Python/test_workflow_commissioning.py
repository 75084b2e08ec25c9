"""What a case of the commissioning is: passed or not, worst of several, changed or not."""

import math
from dataclasses import replace

import pytest

from MRTDosimetryLib.report import commissioningReport
from MRTDosimetryLib.workflow import commissioningCasesCalibration, commissioningCasesTherapies
from MRTDosimetryLib.workflow.commissioning import CHECKS
from MRTDosimetryLib.workflow.commissioningCase import Case, Job, isChanged, published, worst


def case(expected, computed, tolerance=0.03, isRelative=True, **more):
    return Case("key", "Subject", "Name", "value", "Gy", expected, computed, "source", tolerance, isRelative, "reason",
                **more)


@pytest.mark.parametrize(("expected", "computed", "tolerance", "isRelative", "status"), [
    (2.0, 2.06, 0.0301, True, "PASS"), (2.0, 2.07, 0.03, True, "FAIL"), (2.0, 1.93, 0.03, True, "FAIL"),
    (-2.0, -2.05, 0.03, True, "PASS"), (0.0, 0.5, 1.0, False, "PASS"), (0.0, -1.5, 1.0, False, "FAIL"),
    (0.0, 0.0, 0.0, False, "PASS"), (1.0, math.nan, 0.5, True, "FAIL"), (1.0, math.inf, 0.5, False, "FAIL")])
def test_status(expected, computed, tolerance, isRelative, status):
    assert case(expected, computed, tolerance, isRelative).status == status


def test_notRun():
    assert not Case("key", "Subject", "Name", problem="No package").isPassed
    assert Case("key", "Subject", "Name", problem="No package", isOptional=True).isPassed
    assert Case("key", "Subject", "Name", problem="No package").toDict()["deviation"] is None


def test_worstOfSeveral():
    found = worst(case(None, None), [("a", 1.0, 1.01), ("b", 10.0, 9.8), ("c", 5.0, 5.0)])
    assert (found.expected, found.computed) == (10.0, 9.8) and found.note == "worst of 3: b"
    assert [item["label"] for item in found.details] == ["a", "b", "c"]
    assert worst(case(None, None), [("a", 1.0, 9.0), ("b", 1.0, math.nan)]).status == "FAIL"
    assert worst(case(None, None), [("a", 1.0, 9.0), ("b", 1.0, math.nan)]).note == "worst of 2: b"


def test_worstOfSeveralKindsSaysWhichKind():
    found = worst(case(None, None), [("a", 1.0, 1.01, "activity", "MBq"), ("b", 10.0, 10.2, "loss", "")])
    assert (found.quantity, found.unit, found.note) == ("loss", "", "worst of 2: b")
    assert [(item["quantity"], item["unit"]) for item in found.details] == [("activity", "MBq"), ("loss", "")]


@pytest.mark.parametrize("check", [*commissioningCasesTherapies.CHECKS, *commissioningCasesCalibration.CHECKS[1:]])
def test_workedExamplesPassAndCanFail(check, tmp_path):
    """With every known number altered by 1 % no case passes."""
    cases = list(check.run(Job(True, str(tmp_path)), None))
    assert cases and all(case.status == "PASS" for case in cases)
    for case in cases:
        altered = [(item["label"], item["expected"] * 1.01, item["computed"]) for item in case.details]
        assert worst(replace(case, details=()), altered).status == "FAIL"


def test_digitalPhantomsPassAndCanFail(tmp_path, monkeypatch):
    """Another sensitivity, spheres at other places or of other recovery, or none that is missing: no case passes."""
    job, files = Job(True, str(tmp_path)), commissioningCasesCalibration.PhantomFiles("small")
    cases = {case.key: case for case in commissioningCasesCalibration.digitalPhantoms(job, lambda *_: None)}
    assert [case.status for case in cases.values()] == ["PASS"] * 4
    assert len(cases["calibration.small.recovery"].details) == len(cases["calibration.small.places"].details) == 6
    scan = files.sphereScan()
    other = replace(scan, centersRAS=scan.centersRAS + 2.0, recoveries=tuple(value * 1.04 for value in scan.recoveries))
    monkeypatch.setattr(commissioningCasesCalibration, "SENSITIVITY_CPS_PER_MBQ", 9.5)
    monkeypatch.setattr(commissioningCasesCalibration, "_MISSING", 1)
    monkeypatch.setattr(commissioningCasesCalibration, "PhantomFiles", lambda _size: files)
    monkeypatch.setattr(files, "sphereScan", lambda *_, **__: other)  # no scan without a sphere any more
    failed = list(commissioningCasesCalibration.digitalPhantoms(job, lambda *_: None))
    assert [case.status for case in failed] == ["FAIL"] * 4 and failed[3].deviation is None


def test_whatPassedAlikeStandsOnOneLine():
    def row(name, computed=2.0, quantity="value"):
        return {**case(2.0, computed).toDict(), "name": name, "quantity": quantity}

    rows = [row("Kidney left (small)"), row("Y-90"), row("Liver (small)", 2.05), row("Marrow", 2.0, "other"),
            row("Lesion (small)", 2.1)]
    lines = commissioningReport._lines(rows)
    assert [[item["name"] for item in line] for line in lines] == [
        ["Kidney left (small)", "Y-90", "Liver (small)"], ["Marrow"], ["Lesion (small)"]]
    assert commissioningReport._sharedName([rows[0], rows[2]]) == "Kidney left, liver (small)"
    assert commissioningReport._sharedName([row("Voxel S values, Y-90"), row("Voxel S values, I-131")]) == \
        "Voxel S values, Y-90, I-131"
    shown = commissioningReport._row(lines[0], commissioningReport.Footnotes(), {}, False)
    assert shown["computed"] == "2.05" and shown["name"].endswith("worst of 3") and shown["deviation"] == "+2.5 %"
    changed = [{**item, "isChanged": True, "previous": {}} for item in rows]
    assert [len(line) for line in commissioningReport._lines(changed)] == [1] * 5


@pytest.mark.parametrize(("before", "after", "changed"), [
    (2.0, 2.0, False), (2.0, 2.00001, False), (2.0, 2.0001, True), (None, 2.0, True)])
def test_changes(before, after, changed):
    last = case(2.0, math.nan if before is None else before).toDict()
    last["status"] = "PASS"
    assert isChanged(case(2.0, after).toDict(), last) == changed


def test_changeOfTheStatus():
    assert isChanged(case(2.0, 2.0).toDict(), {"status": "not run", "computed": None})
    assert not isChanged(case(0.0, 1e-13, 1e-3, False).toDict(), {"status": "PASS", "computed": 0.0})


def test_checksHaveKeysOfTheirOwn():
    assert len({check.key for check in CHECKS}) == len(CHECKS) and all(check.share > 0 for check in CHECKS)


def test_publishedNumbersSayWhereTheyComeFrom():
    for name in ("nuclides", "misra1a", "fourPoints", "voxelSValues", "sphereFractions",
                 "thyroidActivity", "wholeBody", "bloodDose", "partition", "kidneyLimit", "deadTime",
                 "deadTimeNonParalyzable", "decayingSource", "counters", "constancyChart", "scatterWindows"):
        record = published(name)
        assert len(record["source"]) > 10 and record["edition"] and record["unit"] and record["verified"] is True

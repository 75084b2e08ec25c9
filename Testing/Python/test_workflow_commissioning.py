"""What a case of the commissioning is: passed or not, worst of several, changed or not."""

import math
from dataclasses import replace

import pytest

from MRTDosimetryLib.workflow import commissioningCasesTherapies
from MRTDosimetryLib.workflow.commissioning import CHECKS
from MRTDosimetryLib.workflow.commissioningCase import Case, isChanged, published, worst


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


@pytest.mark.parametrize("check", commissioningCasesTherapies.CHECKS)
def test_therapiesPassAndCanFail(check):
    """With every known number altered by 1 % no case passes."""
    assert all(case.status == "PASS" for case in check.run(None, None))
    for case in check.run(None, None):
        altered = [(item["label"], item["expected"] * 1.01, item["computed"]) for item in case.details]
        assert worst(replace(case, details=()), altered).status == "FAIL"


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
                 "thyroidActivity", "wholeBody", "bloodDose", "partition", "kidneyLimit", "deadTime"):
        record = published(name)
        assert len(record["source"]) > 10 and record["edition"] and record["unit"] and record["verified"] is True

"""The center's times, changed one at a time: the file stays whole, and what cannot be is refused."""

import json

import pytest

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.therapies import plannerTasks
from MRTDosimetryLib.workflow import plan, planTimes

MULTI, SINGLE = "lutetiumDotatate.multiTimePoint", "lutetiumDotatate.singleTimePoint"


@pytest.fixture
def path(tmp_path):
    file = str(tmp_path / "center.json")
    plan.writeTemplate(file, [MULTI])
    return file


def content(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def minutesOf(path, key, name, protocol=MULTI, patients=10, cycles=4):
    (made,) = plan.makePlans([protocol], patients, cycles, plan.readTimes(path), 2)
    return made.totals(key)[name].minutes


def test_statementsAreKeptAndTakenBack(path):
    for role in ("technologist", "physician", "nurse"):
        planTimes.setRole(path, role, False)
    planTimes.setMinutes(path, "spectScan", "camera", 40.0)
    planTimes.setMinutes(path, "spectScan", "medicalPhysicsExpert", 7.5)
    planTimes.setSource(path, "spectScan", " mean  of ten scans ")
    planTimes.setAbout(path, " Center  A ", "2026-05")
    assert minutesOf(path, "camera", "perCycle") == 3 * 40 and minutesOf(path, "camera", "patients") == 3 * 40 * 4 * 10
    times = plan.readTimes(path)
    assert (times.center, times.date, times.roles) == ("Center A", "2026-05", ("medicalPhysicsExpert",))
    assert times.sources == {"spectScan": "mean of ten scans"}
    assert content(path)["times"]["spectScan"]["cameraMinutes"] == 40 and "40.0" not in open(path).read()
    planTimes.setMinutes(path, "spectScan", "camera", "  ")
    assert minutesOf(path, "camera", "perCycle") is None, "not stated, and not 0"
    planTimes.setMinutes(path, "spectScan", "camera", 0)
    assert minutesOf(path, "camera", "perCycle") == 0.0
    planTimes.setRole(path, "nurse", True)
    assert plan.readTimes(path).roles == ("medicalPhysicsExpert", "nurse")


def test_numbersOfTasks(path):
    planTimes.setMinutes(path, "spectScan", "camera", 40)
    planTimes.setCount(path, MULTI, "spectScan", 5)
    assert minutesOf(path, "camera", "perCycle") == 200 and minutesOf(path, "camera", "perCycle", SINGLE) == 40
    planTimes.setCount(path, MULTI, "spectScan", 3)
    assert content(path)["counts"] == {}, "as the protocol has it"
    planTimes.setPerYear(path, "cameraConstancy", 4)
    planTimes.setMinutes(path, "cameraConstancy", "camera", 15)
    assert minutesOf(path, "camera", "perYear") == 60


def test_aTaskThatTheFileWasNotMadeFor(path):
    planTimes.setMinutes(path, "bloodSample", "nurse", 10)
    assert content(path)["times"]["bloodSample"]["staffMinutes"] == {"nurse": 10}
    assert plan.readTimes(path).staff["bloodSample", "nurse"] == 10


@pytest.mark.parametrize(("change", "words"), [
    (lambda path: planTimes.setMinutes(path, "spectScan", "camera", "half an hour"), "'half an hour', which is no num"),
    (lambda path: planTimes.setMinutes(path, "spectScan", "nurse", -5.0), "time of the nurse is -5"),
    (lambda path: planTimes.setMinutes(path, "report", "camera", 5.0), "this task has none"),
    (lambda path: planTimes.setMinutes(path, "report", "nurse", float("nan")), "time of the nurse is nan"),
    (lambda path: planTimes.setPerYear(path, "cameraConstancy", float("inf")), "number per year is inf"),
    (lambda path: planTimes.setPerYear(path, "spectScan", 4.0), "this task has none"),
    (lambda path: planTimes.setCount(path, MULTI, "spectScan", 2.5), "whole number"),
    (lambda path: planTimes.setCount(path, MULTI, "bloodSample", 2), "no task whose number this protocol states")])
def test_whatCannotBeIsRefusedAndNothingIsWritten(path, change, words):
    before = open(path, encoding="utf-8").read()
    with pytest.raises(InputError, match=words):
        change(path)
    assert open(path, encoding="utf-8").read() == before


def test_aRoleWithTimesIsNotTakenOut(path):
    planTimes.setMinutes(path, "report", "nurse", 5)
    with pytest.raises(InputError, match="Times of the nurse are stated"):
        planTimes.setRole(path, "nurse", False)
    for role in list(plannerTasks.roles())[:3]:
        planTimes.setRole(path, role, False)
    planTimes.setMinutes(path, "report", "nurse", None)
    with pytest.raises(InputError, match="No role would be left"):
        planTimes.setRole(path, "nurse", False)


def test_aDamagedFileStaysAsItIs(path):
    damaged = content(path)
    damaged["times"]["magic"] = {}
    with open(path, "w", encoding="utf-8") as file:
        json.dump(damaged, file)
    with pytest.raises(InputError, match="no task"):
        planTimes.setMinutes(path, "report", "nurse", 5)
    assert content(path) == damaged


def test_theSourceStandsOnThePage(path, tmp_path):
    planTimes.setSource(path, "report", "estimate <of the team>")
    plans = plan.makePlans([MULTI], 1, 1, plan.readTimes(path))
    page = str(tmp_path / "plan.html")
    plan.writePage(page, plans, plan.readTimes(path))
    assert "estimate &lt;of the team&gt;" in open(page, encoding="utf-8").read()
    broken = content(path)
    broken["times"]["report"]["source"] = 3
    with pytest.raises(InputError, match="'source' is no text"):
        plannerTasks.centerTimes(broken)

"""The resource planner: counts from the protocols, sums of what is stated, gaps that are told."""

import json

import pytest

from MRTDosimetryLib.errors import FaultList, InputError
from MRTDosimetryLib.therapies import planner, plannerTasks, registry

MULTI, SINGLE = "lutetiumDotatate.multiTimePoint", "lutetiumDotatate.singleTimePoint"
BLOOD = "thyroidCancerIodine.bloodDose"


def filled(*protocols, camera=30, staff=(60, 20, 10, 0), perYear=4):
    """A template with the same times for each task."""
    content = plannerTasks.template(protocols)
    for entry in content["times"].values():
        entry["staffMinutes"] = dict(zip(entry["staffMinutes"], staff, strict=True))
        entry.update({key: value for key, value in (("cameraMinutes", camera), ("timesPerYear", perYear))
                      if key in entry})
    return content


def plan(protocol, content, patients=20, cycles=4, years=None):
    return planner.makePlan(protocol, patients, cycles, plannerTasks.centerTimes(content), years)


@pytest.mark.parametrize("identifier", registry.protocolIds())
def test_everyProtocolSaysWhatItTakes(identifier):
    needs, tasks = registry.protocol(identifier)["resources"], plannerTasks.catalog()
    counts = plannerTasks.countsOf(identifier)
    assert set(counts) <= set(tasks)
    assert all(tasks[name].group == "oneOff" for name in needs["oneOff"])
    assert all(tasks[name].group == "recurring" and counts[name] is None for name in needs["recurring"])
    for entry in needs["perCycle"]:
        assert tasks[entry["task"]].group not in ("oneOff", "recurring") and counts[entry["task"]] >= 1
    assert {"protocolDevelopment", "activityMeterConstancy", "administeredActivity", "absorbedDoseCalculation",
            "report", "review"} <= set(counts)
    # what needs images has scans, processes them and tests its camera; what does not has none
    scans = sum(counts[name] for name in counts if tasks[name].kind == "scan")
    strategy = registry.strategy(identifier)
    assert scans >= strategy.minimumTimePoints
    assert ("segmentation" in counts) == bool(scans)
    assert any(tasks[name].usesCamera for name in needs["recurring"]) == bool(scans)


@pytest.mark.parametrize("identifier, task, count", [
    (MULTI, "spectScan", "recommendedTimesHours"),
    ("lutetiumPsma.hybrid", "planarScan", "recommendedPlanarTimesHours"),
    ("iodineMibg.wholeBody", "wholeBodyReading", "recommendedReadingTimesHours"),
    ("thyroidIodine.multipleUptakes", "uptakeReading", "recommendedTimesHours"),
    (BLOOD, "bloodSample", "recommendedSampleTimesHours")])
def test_countsAreThoseOfTheRecommendedTimes(identifier, task, count):
    assert plannerTasks.countsOf(identifier)[task] == len(registry.protocol(identifier)[count]["value"])


def test_countsInNumbers():
    assert [plannerTasks.countsOf(MULTI)[name] for name in ("spectScan", "registration", "segmentation")] == [3, 2, 1]
    assert "registration" not in plannerTasks.countsOf(SINGLE)
    # the first whole-body reading, before the patient voids, comes to those at the times of the samples
    counts = plannerTasks.countsOf(BLOOD)
    assert (counts["bloodSample"], counts["sampleCounting"], counts["wholeBodyReading"]) == (6, 6, 7)
    assert plannerTasks.countsOf("iodineMibg.wholeBodyAndSpect")["spectScan"] == 3


def test_sumsByHand():
    found = plan(MULTI, filled(MULTI), years=2)
    # one-off: 5 tasks, 3 of them with the camera; recurring: 2, 1 of them with the camera, 4 times a year;
    # a cycle: activity 1, scans 3, reconstructions 3, registrations 2, outlines 1, curves, calculation, report, review
    expert = {name: total.minutes for name, total in found.totals("medicalPhysicsExpert").items()}
    assert expert == {"oneOff": 300, "perYear": 480, "perCycle": 14 * 60, "perPatient": 4 * 14 * 60,
                      "patients": 80 * 14 * 60, "all": 300 + 2 * 480 + 80 * 14 * 60}
    camera = {name: total.minutes for name, total in found.totals("camera").items()}
    assert camera == {"oneOff": 90, "perYear": 120, "perCycle": 90, "perPatient": 360, "patients": 7200, "all": 7530}
    assert found.totals("nurse")["all"] == planner.Total(0.0, True)
    assert found.staffTotals["perCycle"] == planner.Total(14 * 90, True)
    assert found.numbers() == {"scan": (3, 240)} and found.notStated == []
    assert found.imageProcessingShare == pytest.approx(6 / 14)
    # without years the recurring tests stand by themselves
    assert plan(MULTI, filled(MULTI)).totals("camera")["all"].minutes == 90 + 7200


def test_samplesAreCounted():
    assert plan(BLOOD, filled(BLOOD), 5, 2).numbers() == {"reading": (7, 70), "sample": (6, 60),
                                                          "counted sample": (6, 60)}
    assert "camera" not in plan(BLOOD, filled(BLOOD)).keys and plan(BLOOD, filled(BLOOD)).imageProcessingShare is None


def test_nothingIsGuessed():
    """Without times there is no sum at all, and no zero."""
    for found in (planner.makePlan(MULTI, 20, 4), plan(MULTI, plannerTasks.template([MULTI]))):
        assert all(total == planner.Total(None, False) for key in found.keys for total in found.totals(key).values())
        assert len(found.notStated) == len(found.lines) == len(plannerTasks.countsOf(MULTI))
        assert found.imageProcessingShare is None and not found.toDict()["isComplete"]
        assert found.numbers() == {"scan": (3, 240)}


def test_aGapMakesTheSumIncompleteAndIsListed():
    content = filled(MULTI)
    content["times"]["spectScan"]["cameraMinutes"] = None
    content["times"]["cameraConstancy"]["timesPerYear"] = None
    content["times"]["segmentation"]["staffMinutes"]["physician"] = None
    del content["times"]["report"]["staffMinutes"]["nurse"]
    found = plan(MULTI, content, years=1)
    assert found.totals("camera")["oneOff"] == planner.Total(90.0, True)
    assert found.totals("camera")["perCycle"] == planner.Total(None, False)
    assert found.totals("camera")["all"] == planner.Total(90.0, False)
    assert found.totals("physician")["perCycle"] == planner.Total(13 * 10.0, False)
    assert found.totals("technologist")["perYear"] == planner.Total(4 * 20.0, False)
    assert found.totals("technologist")["perCycle"].isComplete
    assert dict(found.notStated) == {
        "Constancy of the camera's sensitivity": ["number per year"], "Quantitative SPECT/CT": ["camera"],
        "Outlines of organs and lesions": ["physician"], "Report": ["nurse"]}
    assert found.imageProcessingShare is None


def test_zeroIsAStatement():
    content = filled(MULTI, camera=0, staff=(0, 0, 0, 0), perYear=0)
    found = plan(MULTI, content)
    assert found.notStated == [] and found.staffTotals["all"] == planner.Total(0.0, True)
    # no test in a year needs no time
    content = filled(MULTI, perYear=0)
    content["times"]["cameraConstancy"]["cameraMinutes"] = None
    assert plan(MULTI, content).totals("camera")["perYear"] == planner.Total(0.0, True)


def test_theCentersOwnNumbersAndRoles():
    content = filled(MULTI, SINGLE)
    content["counts"] = {MULTI: {"spectScan": 4}}
    content["roles"] = ["technologist", "medicalPhysicsExpert"]
    for entry in content["times"].values():
        entry["staffMinutes"]["nurse"] = None
        entry["staffMinutes"]["physician"] = None
    assert plan(MULTI, content).numbers() == {"scan": (4, 320)} and plan(SINGLE, content).numbers() == {"scan": (1, 80)}
    assert plan(MULTI, content).keys == ("camera", "medicalPhysicsExpert", "technologist")
    assert plan(MULTI, content).notStated == []


def test_differencesOfTwoStrategies():
    content = filled(MULTI, SINGLE)
    first, second = plan(MULTI, content), plan(SINGLE, content)
    # two scans, two reconstructions and two registrations less
    assert planner.difference(first, second, "camera", "perCycle") == -60
    assert planner.difference(first, second, "staff", "perCycle") == -6 * 90
    assert planner.difference(first, second, "nurse", "all") == 0
    content["times"]["registration"]["staffMinutes"]["technologist"] = None
    first, second = plan(MULTI, content), plan(SINGLE, content)
    assert planner.difference(first, second, "technologist", "all") is None
    assert planner.difference(first, second, "staff", "all") is None
    assert planner.difference(first, second, "medicalPhysicsExpert", "perCycle") == -6 * 60
    # a strategy without a camera takes none of it
    other = plan("iodineMibg.wholeBody", filled("iodineMibg.wholeBody"))
    spect = plan("iodineMibg.wholeBodyAndSpect", filled("iodineMibg.wholeBodyAndSpect"))
    assert planner.difference(other, spect, "camera", "perCycle") == 90


def test_factsAreWordsBesideTheSums():
    found = planner.makePlan(MULTI, 1, 1)
    assert any("two thirds" in fact["words"] for fact in found.facts)
    assert all("Gear J" in fact["source"] for fact in found.facts)
    words = " ".join(fact["words"] for fact in planner.makePlan("iodineMibg.wholeBody", 1, 1).facts)
    assert "few minutes" in words and "camera" not in words and "images" not in words


def test_theTemplateIsEmptyAndIsTaken():
    content = plannerTasks.template([MULTI, SINGLE])
    assert set(content["times"]) == set(plannerTasks.countsOf(MULTI)) | set(plannerTasks.countsOf(SINGLE))
    times = plannerTasks.centerTimes(json.loads(json.dumps(content)))
    assert not (times.camera or times.staff or times.perYear or times.counts)
    assert "cameraMinutes" in content["times"]["spectScan"] and "cameraMinutes" not in content["times"]["report"]


def change(content, *path, value):
    for key in path[:-1]:
        content = content[key]
    content[path[-1]] = value


@pytest.mark.parametrize("path, value, words", [
    (("kind",), "x", "no times of a center"), (("schemaVersion",), 2, "another version"),
    (("more",), 1, "'more' is not known"),
    (("times",), [], "'times' is not there"), (("times", "magic"), {}, "'magic' is no task"),
    (("times", "report", "cameraMinutes"), 5, "this task has none"),
    (("times", "report", "timesPerYear"), 5, "this task has none"),
    (("times", "report", "staffMinutes"), 5, "no object"), (("times", "report", "hours"), 5, "'hours' is not known"),
    (("times", "report", "staffMinutes", "nurse"), -1, "time of the nurse is -1"),
    (("times", "report", "staffMinutes", "nurse"), "10", "is not a number"),
    (("times", "report", "staffMinutes", "nurse"), True, "is not a number"),
    (("times", "report", "staffMinutes", "nurse"), float("nan"), "not a finite number"),
    (("times", "report", "staffMinutes", "clerk"), 3, "'clerk' is not among the roles"),
    (("times", "report"), 7, "not an object"), (("roles",), [], "no list of roles"),
    (("roles",), ["clerk"], "'clerk' is no role"),
    (("counts",), {"magic": {}}, "not a protocol"), (("counts",), {MULTI: 3}, "no object of protocols"),
    (("counts",), {MULTI: {"spectScan": 2.5}}, "number of 'spectScan' is 2.5"),
    (("counts",), {MULTI: {"planarScan": 2}}, "'planarScan' is no task whose number"),
    (("counts",), {MULTI: {"cameraConstancy": 2}}, "'cameraConstancy' is no task whose number"),
    (("center",), 3, "is no text")])
def test_wrongTimesAreRefused(path, value, words):
    content = filled(MULTI)
    change(content, *path, value=value)
    with pytest.raises(InputError, match=words):
        plannerTasks.centerTimes(content)


def test_allFaultsAreTold():
    content = filled(MULTI)
    change(content, "times", "report", "staffMinutes", "nurse", value=-1)
    change(content, "times", "review", "staffMinutes", "nurse", value="x")
    content["roles"] = ["medicalPhysicsExpert", "nurse"]  # the others still have times
    with pytest.raises(FaultList) as caught:
        plannerTasks.centerTimes(content)
    assert len(caught.value.faults) == 2 + 2 * len(content["times"])


@pytest.mark.parametrize("protocol, patients, cycles, years, words", [
    (MULTI, 0, 1, None, "number of patients is 0"), (MULTI, 1, -1, None, "number of cycles is -1"),
    (MULTI, 1.5, 1, None, "number of patients is 1.5"), (MULTI, 1, 1, 0, "time of the plan is 0"),
    (MULTI, 1, 1, float("inf"), "time of the plan is inf"), ("magic", 1, 1, None, "not a protocol")])
def test_wrongPlansAreRefused(protocol, patients, cycles, years, words):
    with pytest.raises(InputError, match=words):
        planner.makePlan(protocol, patients, cycles, years=years)

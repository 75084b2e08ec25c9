"""A point of one region's curve left out of its fit with a reason: numbers, words, record; and what is refused."""

import csv
import json

import pytest
from caseFiles import ORGANS, activityImage, bodyLabels
from test_workflow_kineticsOptions import activity, fitted, opened, refusal, results, run, withKinetics

from MRTDosimetryLib import commandLine
from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.imaging.files import writeImage
from MRTDosimetryLib.physics.kinetics import selection
from MRTDosimetryLib.physics.kinetics.curve import TimeActivityCurve
from MRTDosimetryLib.physics.nuclides import nuclide
from MRTDosimetryLib.scene.study import TIME_FACT
from MRTDosimetryLib.workflow import (
    excludedPoints,
    jointKinetics,
    kinetics,
    kineticsOptions,
    record,
    regionCurve,
    stages,
    timePoints,
)

pytestmark = pytest.mark.usefixtures("allWithoutPictures")

RATE = nuclide("Lu-177").decayConstantPerHour
KEPT_HOURS = (4.0, 24.0, 168.0)
EXCLUDED = {"liver": [{"timePoint": 2, "reason": "patient moved"}]}


def withMovedScan(folder, **choices):
    """A change that spoils the liver at 96 h by a factor of two and states kinetics choices."""
    def change(description):
        spoiled = {"liver": {**ORGANS["liver"], "startMBq": 2 * ORGANS["liver"]["startMBq"]},
                   "kidney left": ORGANS["kidney left"]}
        writeImage(activityImage(bodyLabels(), 96.0, organs=spoiled), str(folder / "spect3.nrrd"))
        description["kinetics"].update(choices)
    return change


def test_excludedPointFromStudyFileToRecord(tmp_path):
    status, folder = run(tmp_path, change=withMovedScan(tmp_path, excludedPoints=EXCLUDED))
    assert status == 0
    regions, warnings = results(folder)
    liver = regions["liver"]
    points = liver["timeActivity"]
    assert [point.get("isExcluded") for point in points] == [None, None, True, None]
    assert points[2]["reason"] == "patient moved" and points[2]["uncertaintyMBq"] is None
    assert points[2]["activityMBq"] == pytest.approx(2 * activity("liver", 96.0), rel=1e-3)
    assert "reason" not in points[0]
    assert not any("isExcluded" in point for point in regions["kidney left"]["timeActivity"])
    kept = [point["activityMBq"] for point in points if "isExcluded" not in point]
    direct = selection.fit(TimeActivityCurve(KEPT_HOURS, kept), RATE)
    assert liver["timeIntegratedActivityMBqH"] == pytest.approx(direct.timeIntegratedActivityMBqH, rel=1e-9)
    assert liver["fit"]["residualsMBq"] == pytest.approx(direct.residualsMBq, abs=1e-9)
    assert liver["fit"]["degreesOfFreedom"] == direct.degreesOfFreedom
    assert liver["effectiveHalfLifeHours"] == pytest.approx(70.0, rel=1e-3)
    line = next(text for text in warnings if text.startswith("liver: Excluded"))
    assert "96 h (patient moved)" in line and "3 of 4 points are left" in line
    assert any("spread over the region" in text for text in liver["fit"]["assumptions"])
    assert not any("xcluded" in text for text in regions["kidney left"]["fit"]["assumptions"])
    content = json.loads((folder / "record.json").read_text(encoding="utf-8"))
    assert {"what": "liver: point at 96 h", "from": "fitted", "to": "excluded from the fit",
            "reason": "patient moved"} in content["overrides"]
    report = (folder / "report.html").read_text(encoding="utf-8")
    assert "(excluded)" in report and "patient moved" in report and "points excluded from the fit" in report
    with open(folder / "timeActivity.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["excluded from the fit, reason"] for row in rows if row["region"] == "liver"] == [
        "", "", "patient moved", ""]
    again = tmp_path / "again"
    assert commandLine.main(["run", str(folder / "record.json"), "--out", str(again)]) == 0
    assert results(again)[0] == regions


def test_chartShowsTheExcludedPointApart(tmp_path):
    study = opened(tmp_path, change=withMovedScan(
        tmp_path, relativeActivityUncertainty=0.05,
        excludedPoints={"liver": [{"hoursAfterAdministration": 96.01, "reason": "moved"}]}))
    fit = fitted(study)["liver"]
    assert len(fit["residualsMBq"]) == 3
    point = study.stageRecord("kinetics")["value"]["regions"]["liver"]["timeActivity"][2]
    assert point["uncertaintyMBq"] == pytest.approx(0.05 * point["activityMBq"]), "as stated for every activity"
    assert point["timeHours"] == 96.0 and excludedPoints.stated(study, "liver")[0]["hoursAfterAdministration"] == 96.0
    series = {}
    for node in (study.nodeByRole("timeActivityChart"), kinetics.showRegion(study, "liver")):
        series |= {node.GetNthPlotSeriesNode(index).GetName(): node.GetNthPlotSeriesNode(index)
                   for index in range(node.GetNumberOfPlotSeriesNodes())}
    crossed, fittedPoints = series["liver (excluded)"], series["liver"]
    together = series["excluded from the fit"]
    assert crossed.GetMarkerStyle() == together.GetMarkerStyle() == crossed.MarkerStyleCross
    assert together.GetTableNode().GetTable().GetNumberOfRows() == 1
    assert crossed.GetTableNode().GetTable().GetNumberOfRows() == 1
    assert fittedPoints.GetTableNode().GetTable().GetNumberOfRows() == 3
    assert series["measured \N{MINUS SIGN} fit"].GetTableNode().GetTable().GetNumberOfRows() == 3
    assert "kidney left (excluded)" not in series


def test_takenBackGivesTheSameNumbers(tmp_path):
    study = opened(tmp_path)
    before = fitted(study)["liver"]["timeIntegratedActivityMBqH"]
    excludedPoints.setExcluded(study, "liver", 168.0, "late")
    assert stages.state(study, "kinetics") == "stale"
    fitted(study)
    assert record.overrides(study)[0]["reason"] == "late"
    excludedPoints.setExcluded(study, "liver", 168.0, None)
    assert "excludedPoints" not in study.choice("kinetics") and record.overrides(study) == []
    assert fitted(study)["liver"]["timeIntegratedActivityMBqH"] == before
    excludedPoints.setExcluded(study, "liver", 4.0, "early")
    kineticsOptions.resetModels(study)
    assert "excludedPoints" not in study.choice("kinetics")


def test_fewerPointsFollowTheSameRules(tmp_path):
    three = [{"timePoint": index, "reason": "spoiled"} for index in (0, 1, 2)]
    study = opened(tmp_path, change=withKinetics(excludedPoints={"liver": three}))
    missing = kinetics.STAGE.missing(study)
    assert len(missing) == 1 and "single time point" in missing[0] and "liver" in missing[0]
    assert "kidney" not in missing[0]
    kineticsOptions.setEffectiveHalfLife(study, "liver", 70.0, "our cohort")
    kineticsOptions.setEffectiveHalfLife(study, "kidney left", 50.0, "our cohort")
    assert kinetics.STAGE.missing(study) == []
    fits = fitted(study)
    assert fits["liver"]["model"] == "singleTimePoint" and fits["kidney left"]["model"] == "monoExponential"
    words = study.stageRecord("kinetics")["warnings"]
    assert any(text.startswith("kidney left: the stated effective half-life is not used") for text in words)
    assert any("1 of 4 points are left" in text for text in words)
    kineticsOptions.setRegionModel(study, "liver", "biExponential")
    with pytest.raises(InputError, match="liver"):
        fitted(study)


def test_sharedFitLeavesThePointOut(tmp_path):
    group = {"regions": ["liver", "kidney left"], "model": "monoExponential", "parameters": ["lambda"]}
    study = opened(tmp_path, change=withMovedScan(tmp_path, excludedPoints=EXCLUDED, shared=[group]))
    fits = fitted(study)
    assert len(fits["liver"]["residualsMBq"]) == 3 and len(fits["kidney left"]["residualsMBq"]) == 4
    assert fits["liver"]["shared"]["degreesOfFreedom"] == 7 - 3
    assert any("Excluded from the fit" in text for text in fits["liver"]["warnings"])


def test_mapsPerVoxelKeepTheScanAndSaySo(tmp_path):
    study = opened(tmp_path, change=withKinetics(excludedPoints=EXCLUDED, perVoxel=True))
    fits = fitted(study)
    assert any("fits per voxel keep all scans" in text for text in fits["liver"]["assumptions"])
    value = study.stageRecord("kinetics")["value"]
    assert value["voxels"]["regions"]["liver"]["replacedVoxels"] == 0
    assert value["voxels"]["regions"]["liver"]["voxelTimeIntegratedActivityMBqH"] == pytest.approx(
        fits["liver"]["timeIntegratedActivityMBqH"], rel=1e-3)


def test_rowsOfTheRegionsCurve(tmp_path):
    study = opened(tmp_path, change=withMovedScan(tmp_path, excludedPoints=EXCLUDED, relativeActivityUncertainty=0.05))
    before = regionCurve.pointRows(study, "liver")
    assert [row["timeHours"] for row in before] == [4.0, 24.0, 96.0, 168.0]
    assert [row["activityMBq"] for row in before] == [None] * 4 and before[2]["reason"] == "patient moved"
    assert regionCurve.candidates(study, "liver") == [] and regionCurve.extrapolation(study, "liver") is None
    fit = fitted(study)["liver"]
    rows = regionCurve.pointRows(study, "liver")
    assert rows[2]["residualMBq"] is None and rows[2]["residualInU"] is None
    for row, residual in zip([rows[0], rows[1], rows[3]], fit["residualsMBq"], strict=True):
        assert row["activityMBq"] - row["fittedMBq"] == pytest.approx(residual, abs=1e-9)
        assert row["residualInU"] == pytest.approx(residual / row["uncertaintyMBq"], abs=1e-9)
    assert sum(regionCurve.extrapolation(study, "liver")) == pytest.approx(fit["extrapolatedFraction"])
    assert any(row["isChosen"] for row in regionCurve.candidates(study, "liver"))
    kineticsOptions.setRegionModel(study, "liver", "biExponential")
    kineticsOptions.setRegionModel(study, "remainder", "trapezoid")
    kineticsOptions.applyModelToAll(study, "liver")
    stated = study.choice("kinetics")
    assert stated["model"] == "biExponential" and stated["regionModels"] == {"remainder": "trapezoid"}


def test_remainderLeavesThePointOutAsWell(tmp_path):
    study = opened(tmp_path, change=withKinetics(
        excludedPoints={"remainder": [{"timePoint": 0, "reason": "bladder in view"}]}))
    fitted(study)
    content = study.stageRecord("kinetics")
    assert len(content["value"]["remainder"]["activitiesMBq"]) == 4
    assert content["value"]["remainder"]["effectiveHalfLifeHours"] == pytest.approx(60.0, rel=1e-2)
    assert any("Remainder of the image: Excluded" in text and "bladder in view" in text
               for text in content["warnings"])


@pytest.mark.parametrize("given, words", [
    ({"heart": [{"timePoint": 0, "reason": "r"}]}, "'heart', which is not a region"),
    ({"liver": {"timePoint": 0, "reason": "r"}}, "not a list"),
    ({"liver": [3]}, "not an object"),
    ([], None), ("liver", "not given by name"),
    ({"liver": [{"timePoint": 0}]}, "without a reason"),
    ({"liver": [{"timePoint": 0, "reason": "  "}]}, "without a reason"),
    ({"liver": [{"timePoint": 0, "reason": 5}]}, "without a reason"),
    ({"liver": [{"timePoint": 4, "reason": "r"}]}, "no time point 4 to exclude"),
    ({"liver": [{"timePoint": True, "reason": "r"}]}, "no time point True"),
    ({"liver": [{"hoursAfterAdministration": 50.0, "reason": "r"}]}, "no time point at 50 h"),
    ({"liver": [{"hoursAfterAdministration": "late", "reason": "r"}]}, "no time point at 'late' h"),
    ({"liver": [{"reason": "r"}]}, "not named once"),
    ({"liver": [{"timePoint": 0, "hoursAfterAdministration": 4.0, "reason": "r"}]}, "not named once"),
    ({"liver": [{"timePoint": 0, "reason": "r", "why": 1}]}, "'why' is not known"),
    ({"liver": [{"timePoint": 0, "reason": "r"}, {"hoursAfterAdministration": 4.0, "reason": "r"}]}, "excluded twice"),
    ({"liver": [{"timePoint": index, "reason": "r"} for index in range(4)]}, "Every point of the curve"),
])
def test_impossibleExclusionsAreRefused(tmp_path, given, words):
    if words is None:
        assert opened(tmp_path, change=withKinetics(excludedPoints=given)).choice("kinetics")["model"] == "auto"
        return
    lines = refusal(tmp_path, change=withKinetics(excludedPoints=given))
    assert len(lines) == 1 and words in lines[0] and "kinetics.excludedPoints" in lines[0]


def test_theCommandLineRefusesInWords(tmp_path, capsys):
    status, folder = run(tmp_path, change=withKinetics(excludedPoints={"liver": [{"timePoint": 9, "reason": ""}]}))
    lines = [line for line in capsys.readouterr().err.splitlines() if line.strip()]
    assert status == 2 and not folder.exists()
    assert any("without a reason" in line for line in lines) and any("no time point 9" in line for line in lines)


def test_aPlanarSeriesHasNoPointToExclude(tmp_path):
    study = opened(tmp_path, times=(24.0, 96.0))
    excludedPoints.setExcluded(study, "liver", 24.0, "moved")
    jointKinetics.setPlanarSeries(study, "liver", {"timesHours": [4, 24], "values": [9, 7], "unit": "counts",
                                                   "source": "two views"})
    assert any("planar series" in text and "point is excluded" in text for text in kinetics.STAGE.missing(study))
    with pytest.raises(InputError, match="planar series"):
        excludedPoints.setExcluded(study, "liver", 96.0, "moved")


def test_aScanThatChangedItsTimeIsMissed(tmp_path):
    study = opened(tmp_path, change=withKinetics(excludedPoints=EXCLUDED))
    timePoints.overrideFact(study, study.timePoints[2], TIME_FACT, 99.0, "h", "clock was wrong")
    assert any("excluded at 96 h belongs to no time point" in text for text in kinetics.STAGE.missing(study))
    excludedPoints.setExcluded(study, "liver", 96.0, None)
    assert kinetics.STAGE.missing(study) == []

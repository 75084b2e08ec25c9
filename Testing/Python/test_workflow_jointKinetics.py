"""Shared rates, planar series scaled by one SPECT/CT, ends of curves: from study file to record and report."""

import csv
import json
import math

import numpy as np
import pytest
from caseFiles import ORGANS, writeStudy
from test_workflow_kineticsOptions import activity, fitted, opened, refusal, results, run, withKinetics

from MRTDosimetryLib import commandLine
from MRTDosimetryLib.errors import FaultList, InputError
from MRTDosimetryLib.physics.kinetics.curve import TimeActivityCurve
from MRTDosimetryLib.physics.kinetics.hybrid import fitHybrid
from MRTDosimetryLib.physics.kinetics.shared import fitShared
from MRTDosimetryLib.physics.nuclides import nuclide
from MRTDosimetryLib.scene import tables
from MRTDosimetryLib.workflow import jointKinetics, kinetics, kineticsOptions, stages

pytestmark = pytest.mark.usefixtures("allWithoutPictures")

SHARED = {"regions": ["liver", "kidney left"], "model": "monoExponential", "parameters": ["lambda"],
          "source": "protocol of our own"}
PLANAR_HOURS = (2.0, 20.0, 70.0, 120.0, 170.0)
RATE = nuclide("Lu-177").decayConstantPerHour


def planarValues(name, scale):
    return [scale * activity(name, time) for time in PLANAR_HOURS]


def withPlanarFile(folder, uncertainty=True, **choices):
    """A change that gives planar series of both organs in a CSV file, in counts, 2 % each."""
    header = ["timeHours", "liver", "kidney left"] + (["liver uncertainty", "kidney left uncertainty"]
                                                      if uncertainty else [])
    columns = [PLANAR_HOURS, planarValues("liver", 31.0), planarValues("kidney left", 17.0)]
    if uncertainty:
        columns += [[0.02 * value for value in values] for values in columns[1:3]]
    with open(folder / "planar.csv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *zip(*columns, strict=True)])
    return withKinetics(hybrid={"file": "planar.csv", "unit": "counts", "source": "geometric mean of two views"},
                        **choices)


def test_sharedRateFromStudyFileToRecord(tmp_path):
    status, folder = run(tmp_path, change=withKinetics(shared=[SHARED], relativeActivityUncertainty=0.05))
    assert status == 0
    regions, _warnings = results(folder)
    times = (4.0, 24.0, 96.0, 168.0)
    curves = []
    for name in SHARED["regions"]:
        values = [point["activityMBq"] for point in regions[name]["timeActivity"]]
        curves.append(TimeActivityCurve(times, values, [0.05 * value for value in values]))
    direct = fitShared(curves, RATE, "monoExponential", ["lambda"])
    for index, name in enumerate(SHARED["regions"]):
        fit, other = regions[name]["fit"], SHARED["regions"][1 - index]
        assert regions[name]["timeIntegratedActivityMBqH"] == pytest.approx(
            direct.results[index].timeIntegratedActivityMBqH, rel=1e-9)
        tie = fit["shared"]
        assert tie["covarianceMBqH2"][other] == pytest.approx(direct.covarianceMBqH2[0, 1], rel=1e-9)
        assert 0.0 < abs(tie["correlation"][other]) < 1.0 and tie["degreesOfFreedom"] == 8 - 3
        assert fit["candidates"][0]["isChosen"] and "one fit of" in fit["candidates"][0]["reason"]
        assert any(f"shared with {other}" in text and "correlation" in text for text in fit["assumptions"])
    first, second = (regions[name]["fit"]["parameters"]["lambda"]["value"] for name in SHARED["regions"])
    assert first == second
    report = (folder / "report.html").read_text(encoding="utf-8")
    assert "not independent" in report and "protocol of our own" in report
    again = tmp_path / "again"
    assert commandLine.main(["run", str(folder / "record.json"), "--out", str(again)]) == 0
    assert results(again)[0] == regions


def test_sharedRatesOfOneRegionLeaveTheOthersAlone(tmp_path):
    study = opened(tmp_path)
    alone = fitted(study)["liver"]
    kineticsOptions.setModel(study, "monoExponential")
    jointKinetics.share(study, "liver", "kidney left", ["lambda"])
    assert fitted(study)["liver"]["effectiveHalfLifeHours"] < alone["effectiveHalfLifeHours"]
    jointKinetics.unshare(study, "liver")
    assert jointKinetics.sharedGroups(study) == [] and "shared" not in study.choice("kinetics")
    assert fitted(study)["liver"]["timeIntegratedActivityMBqH"] == alone["timeIntegratedActivityMBqH"]


@pytest.mark.parametrize("group, words", [
    ({**SHARED, "regions": ["liver"]}, "two or more"),
    ({**SHARED, "regions": ["liver", "heart"]}, "'heart' is not a region"),
    ({**SHARED, "regions": ["liver", "liver"]}, "two or more"),
    ({**SHARED, "model": "auto"}, "No model is chosen"),
    ({**SHARED, "model": "cubic"}, "not a fit model"),
    ({**SHARED, "model": "trapezoid"}, "no rates to share"),
    ({**SHARED, "parameters": ["A0"]}, "not rates of the model"),
    ({**SHARED, "parameters": "lambda"}, "not rates of the model"),
    ({**SHARED, "with": "spleen"}, "'with' is not known"),
    ({**SHARED, "source": 3}, "not a text"),
    ("liver", "not an object"),
])
def test_impossibleGroupsAreRefused(tmp_path, group, words):
    lines = refusal(tmp_path, change=withKinetics(shared=[group]))
    assert len(lines) == 1 and words in lines[0] and "kinetics.shared" in lines[0]


def test_groupsAgainstEachOtherAndOtherStatements(tmp_path):
    assert "more than one joint fit" in refusal(tmp_path, change=withKinetics(shared=[SHARED, SHARED]))[0]
    assert "not a list" in refusal(tmp_path, change=withKinetics(shared=SHARED))[0]
    study = opened(tmp_path, change=withKinetics(
        shared=[SHARED], regionModels={"liver": "biExponential"},
        fixed={"kidney left": {"lambda": 0.01}}))
    with pytest.raises(FaultList) as caught:
        fitted(study)
    words = " ".join(str(fault) for fault in caught.value.faults)
    assert "joint fit takes Mono-exponential" in words and "in a joint fit are fixed" in words


def test_hybridFromStudyFileToRecord(tmp_path):
    status, folder = run(tmp_path, times=(24.0,), change=withPlanarFile(tmp_path, relativeActivityUncertainty=0.04))
    assert status == 0
    regions, warnings = results(folder)
    for name, scale in (("liver", 31.0), ("kidney left", 17.0)):
        fit, organ = regions[name]["fit"], ORGANS[name]
        truth = organ["startMBq"] * organ["halfLifeHours"] / math.log(2)
        assert regions[name]["timeIntegratedActivityMBqH"] == pytest.approx(truth, rel=2e-3)
        values = planarValues(name, scale)
        measured = regions[name]["timeActivity"][0]
        direct = fitHybrid(TimeActivityCurve(PLANAR_HOURS, values, [0.02 * value for value in values]), 24.0,
                           measured["activityMBq"], RATE, measured["uncertaintyMBq"])
        assert regions[name]["timeIntegratedActivityMBqH"] == pytest.approx(direct.timeIntegratedActivityMBqH)
        assert fit["timeIntegratedActivityUncertaintyMBqH"] == pytest.approx(
            direct.timeIntegratedActivityUncertaintyMBqH)
        assert measured["uncertaintyMBq"] == pytest.approx(0.04 * measured["activityMBq"])
        planar = fit["planarSeries"]
        assert planar["activitiesMBq"] == pytest.approx([value / scale * measured["activityMBq"] / activity(name, 24.0)
                                                         for value in values], rel=1e-3)
        assert len(fit["scanTimeSensitivityPerHour"]) == 1
        assert fit["candidates"][0]["timeIntegratedActivityMBqH"] == pytest.approx(truth, rel=0.05)
        assert any("geometric mean of two views" in text for text in fit["assumptions"])
        assert any("Overlap and background" in text for text in fit["assumptions"])
    report = (folder / "report.html").read_text(encoding="utf-8")
    assert "open diamonds" in report and "Sensitivity to the time of the scan" in report
    recorded = json.loads((folder / "record.json").read_text(encoding="utf-8"))
    assert any(item["path"].endswith("planar.csv") and item["sha256"] for item in recorded["inputs"])
    again = tmp_path / "again"
    assert commandLine.main(["run", str(folder / "record.json"), "--out", str(again)]) == 0
    assert results(again)[0] == regions
    assert not any("half-life" in text and "physical decay is assumed" not in text for text in warnings)


def test_planarSeriesOfOneRegionInTheStudyFile(tmp_path):
    series = {"timesHours": list(PLANAR_HOURS), "values": planarValues("liver", 2.0)}
    study = opened(tmp_path, times=(24.0,), change=withKinetics(
        hybrid={"unit": "cps", "source": "planar images", "series": {"liver": series}},
        effectiveHalfLifeHours={"kidney left": 50.0}))
    fits = fitted(study)
    assert fits["liver"]["timeIntegratedActivityMBqH"] == pytest.approx(400.0 * 70.0 / math.log(2), rel=2e-3)
    assert fits["kidney left"]["model"] == "singleTimePoint"
    assert any("uncertainty is not computed" in text for text in fits["liver"]["warnings"])
    jointKinetics.setPlanarSeries(study, "liver", None)
    assert "liver" in " ".join(kinetics.STAGE.missing(study))


@pytest.mark.parametrize("hybrid, words", [
    ({"file": "missing.csv", "unit": "counts"}, "no such file"),
    ({"file": 3, "unit": "counts"}, "not named"),
    ({"unit": "counts"}, "either file or series"),
    ({"series": [], "unit": "counts", "source": "x"}, "not given by name"),
    ({"series": {"liver": {"timesHours": [4, 24], "values": [9, 5], "unit": "sievert", "source": "x"}}}, "'sievert'"),
    ({"series": {"liver": {"timesHours": [4, 24], "values": [9, 5]}}, "unit": "cps"}, "no source"),
    ({"series": {"liver": {"timesHours": [24, 4], "values": [9, 5]}}, "unit": "cps", "source": "x"}, "increas"),
    ({"series": {"liver": {"timesHours": [4], "values": [9]}}, "unit": "cps", "source": "x"}, "at least two points"),
    ({"series": {"liver": {"timesHours": [4, 24], "values": [0, 0]}}, "unit": "cps", "source": "x"}, "above zero"),
    ({"series": {"liver": {"timesHours": [4, 24], "values": [9, "b"]}}, "unit": "cps", "source": "x"}, "list of numb"),
    ({"series": {"heart": {"timesHours": [4, 24], "values": [9, 5]}}, "unit": "cps", "source": "x"}, "not a region"),
    ({"series": {}, "scale": 2}, "'scale' is not known"),
    ("planar.csv", "not an object"),
])
def test_impossiblePlanarSeriesAreRefused(tmp_path, capfd, hybrid, words):
    path = writeStudy(tmp_path, times=(24.0,), change=withKinetics(hybrid=hybrid))
    assert commandLine.main(["run", str(path), "--out", str(tmp_path / "out")]) == 2
    shown = capfd.readouterr().err
    assert words in shown and "Traceback" not in shown and not (tmp_path / "out").exists()


@pytest.mark.parametrize("content, words", [
    ("time,liver\n4,9\n24,5\n", "header"),
    ("timeHours\n4\n", "header"),
    ("timeHours,liver,liver\n4,9,9\n", "header"),
    ("timeHours,liver,spleen uncertainty\n4,9,1\n24,5,1\n", "belongs to no region"),
    ("timeHours,liver\n4,9\n24\n", "instead of 2"),
    ("timeHours,liver\n4,nine\n24,5\n", "'nine' is not a number"),
    ("timeHours,liver\n,9\n24,5\n", "time is missing"),
    ("timeHours,liver,liver uncertainty\n4,9,1\n24,5,\n", "others have none"),
    ("timeHours,liver\n4,nan\n24,5\n", "list of numbers"),
    ("timeHours,heart\n4,9\n24,5\n", "'heart' is not a region"),
    ("", "header"),
])
def test_badPlanarFiles(tmp_path, content, words):
    (tmp_path / "planar.csv").write_text(content, encoding="utf-8")
    lines = refusal(tmp_path, times=(24.0,), change=withKinetics(hybrid={"file": "planar.csv", "unit": "counts"}))
    assert words in lines[0] and "planar.csv" in lines[0]


def test_aPlanarSeriesTakesOneTimePointAndAModelOfCurves(tmp_path):
    study = opened(tmp_path, change=withPlanarFile(tmp_path))
    assert any("scaled by one SPECT/CT" in text for text in kinetics.STAGE.missing(study))
    study = opened(tmp_path, times=(24.0,), change=withPlanarFile(tmp_path, regionModels={"liver": "latePoint"}))
    with pytest.raises(InputError, match="does not fit a planar series"):
        fitted(study)


def test_endsOfTheTrapezoidAndFormOfTheLatePoint(tmp_path):
    study = opened(tmp_path, change=withKinetics(model="trapezoid", trapezoid={
        "start": "zero-linear", "tail": "physical", "source": "procedure 7"}))
    fit = fitted(study)["liver"]
    values = [activity("liver", time) for time in (4.0, 24.0, 96.0, 168.0)]
    area = 0.5 * 4.0 * values[0] + np.trapezoid(values, (4.0, 24.0, 96.0, 168.0)) + values[-1] / RATE
    assert fit["timeIntegratedActivityMBqH"] == pytest.approx(area, rel=1e-3)
    assert any("procedure 7" in text for text in fit["assumptions"])
    study = opened(tmp_path, times=(96.0,), change=withKinetics(model="latePoint", lateForm="minimum"))
    assert fitted(study)["liver"]["timeIntegratedActivityMBqH"] == pytest.approx(
        math.e * activity("liver", 96.0) * 96.0, rel=1e-3)


@pytest.mark.parametrize("choices, words", [
    ({"trapezoid": {"start": "flat"}}, "'flat' is no start"),
    ({"trapezoid": {"end": "physical"}}, "'end' is not known"),
    ({"trapezoid": "physical"}, "not given by name"),
    ({"trapezoid": {"start": "constant", "source": 1}}, "source is not a text"),
    ({"lateForm": "newest"}, "'newest' is no form"),
    ({"lateForm": [3]}, "is no form"),
    ({"trapezoid": {"start": ["constant"]}}, "is no start"),
    ({"fixed": {"liver": {"lambda": 0.01, "source": ""}}}, "source is not a text"),
    ({"bounds": {"liver": {"lambda": [0.01, 0.02], "source": 4}}}, "source is not a text"),
    ({"earlierCycle": {"liver": {"effectiveHalfLifeHours": 60, "standardErrorHours": 3, "source": 1}}}, "not a text"),
])
def test_badEndsFormsAndSources(tmp_path, choices, words):
    lines = refusal(tmp_path, change=withKinetics(**choices))
    assert len(lines) == 1 and words in lines[0]


def test_sourcesAreNamedWithTheFit(tmp_path):
    study = opened(tmp_path, change=withKinetics(model="monoExponential", fixed={
        "liver": {"lambda": math.log(2) / 70.0, "source": "cycle 1"}}, bounds={
        "kidney left": {"lambda": [0.005, None], "source": "textbook"}}))
    fits = fitted(study)
    assert any("values of lambda taken from: cycle 1" in text for text in fits["liver"]["assumptions"])
    assert any("bounds of lambda taken from: textbook" in text for text in fits["kidney left"]["assumptions"])


def test_bandInChartTableAndFile(tmp_path):
    status, folder = run(tmp_path, change=withKinetics(relativeActivityUncertainty=0.05))
    assert status == 0
    with open(folder / "timeActivity.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        low, fit, high = (float(row[key]) for key in ("95 % band low (MBq)", "fitted activity (MBq)",
                                                      "95 % band high (MBq)"))
        assert 0 < low < fit < high and float(row["activity (MBq)"]) == pytest.approx(fit, rel=0.02)
    assert "95\N{NO-BREAK SPACE}% band" in (folder / "report.html").read_text(encoding="utf-8") \
        or "95 % band" in (folder / "report.html").read_text(encoding="utf-8")


def test_chartsAreFilledAgainNotAdded(tmp_path):
    study = opened(tmp_path, change=withKinetics(relativeActivityUncertainty=0.05))
    fitted(study)
    chart = study.nodeByRole("timeActivityChart")
    names = [chart.GetNthPlotSeriesNode(index).GetName() for index in range(chart.GetNumberOfPlotSeriesNodes())]
    assert names == ["liver", "kidney left", "measured"]
    measured = chart.GetNthPlotSeriesNode(2)
    assert measured.GetLineStyle() == measured.LineStyleNone and measured.GetMarkerStyle() == measured.MarkerStyleCircle
    points = sum(len(region["timeActivity"]) for region in study.stageRecord("kinetics")["value"]["regions"].values())
    assert measured.GetTableNode().GetTable().GetNumberOfRows() == points
    table = study.nodeByRole("fittedCurvesTable")
    low, value, high = (np.array(tables.columnValues(table, f"liver, {words} (MBq)"))
                        for words in ("95 % low", "fit", "95 % high"))
    assert np.all(low < value) and np.all(value < high)
    node = kinetics.showRegion(study, "kidney left")
    assert study.nodeByRole("regionChart") is node and kinetics.showRegion(study, "bladder") is None
    names = [node.GetNthPlotSeriesNode(index).GetName() for index in range(node.GetNumberOfPlotSeriesNodes())]
    assert names == ["kidney left", "fit", "(95 % low)", "(95 % high)", "measured \N{MINUS SIGN} fit"]
    band, fit = node.GetNthPlotSeriesNode(2), node.GetNthPlotSeriesNode(1)
    assert band.GetLineStyle() == band.LineStyleDash and band.GetLineWidth() < fit.GetLineWidth()
    assert band.GetColor() == fit.GetColor()
    count = study.scene.GetNumberOfNodes()
    kineticsOptions.setModel(study, "monoExponential")
    stages.runStale(study, upTo="kinetics")
    kinetics.showRegion(study, "liver")
    assert study.scene.GetNumberOfNodes() == count
    kinetics.setLogScale(study, True)
    assert chart.GetYAxisLogScale()
    assert kinetics.showRegion(study, "liver").GetYAxisLogScale(), "both charts, also when filled again"
    kinetics.setLogScale(study, False)
    assert not chart.GetYAxisLogScale() and not study.nodeByRole("regionChart").GetYAxisLogScale()
    assert study.scene.GetNumberOfNodes() == count
    # A trapezoid without uncertainties has no band: no lines and no columns for it.
    kineticsOptions.setRelativeActivityUncertainty(study, None)
    kineticsOptions.setModel(study, "trapezoid")
    fitted(study)
    names = [chart.GetNthPlotSeriesNode(index).GetName() for index in range(chart.GetNumberOfPlotSeriesNodes())]
    assert not any("95 %" in name for name in names)
    assert tables.columnValues(study.nodeByRole("timeActivityTable"), "liver, fit (MBq)")

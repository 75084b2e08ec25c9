"""Models, priors and uncertainties stated per region: what they do to the numbers, and which are refused."""

import json
import math

import pytest
from caseFiles import ORGANS, PHYSICAL_HALF_LIFE_HOURS, writeStudy

from MRTDosimetryLib import commandLine
from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.scene import headless, tables
from MRTDosimetryLib.scene.study import Study
from MRTDosimetryLib.workflow import kinetics, kineticsOptions, stages, studyFile

pytestmark = pytest.mark.usefixtures("allWithoutPictures")

KIDNEY_PRIOR = {"medianHours": 51.0, "geometricSD": 1.2, "source": "cohort of our own"}
LIVER_EARLIER = {"effectiveHalfLifeHours": 70.0, "standardErrorHours": 4.0, "cycle": "1", "relativeChange": 0.1}


def withKinetics(**choices):
    def change(description):
        description["kinetics"].update(choices)
    return change


def run(folder, **arguments):
    path = writeStudy(folder, **arguments)
    status = commandLine.main(["run", str(path), "--out", str(folder / "out")])
    return status, folder / "out"


def results(folder):
    content = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    return {region["name"]: region for region in content["regions"]}, content["warnings"]


def opened(folder, **arguments):
    """The study of a study file in a new scene, nothing computed."""
    study = Study.create(headless.newScene(), "case")
    studyFile.applyStudy(study, studyFile.readStudyFile(writeStudy(folder, **arguments))[0])
    return study


def fitted(study):
    stages.runStale(study, upTo="kinetics")
    return {name: region["fit"] for name, region in study.stageRecord("kinetics")["value"]["regions"].items()}


def refusal(folder, **arguments):
    """Every line by which a study is refused."""
    with pytest.raises(InputError) as caught:
        opened(folder, **arguments)
    return [str(fault) for fault in caught.value.faults]


def activity(name, timeHours):
    return ORGANS[name]["startMBq"] * math.exp(-math.log(2) * timeHours / ORGANS[name]["halfLifeHours"])


def test_singleTimePointWithPriorsFromStudyFileToRecord(tmp_path):
    status, folder = run(tmp_path, times=(72.0,), change=withKinetics(
        populationHalfLife={"kidney": KIDNEY_PRIOR}, earlierCycle={"liver": LIVER_EARLIER},
        relativeActivityUncertainty=0.05))
    assert status == 0
    regions, warnings = results(folder)
    kidney, liver = regions["kidney left"], regions["liver"]
    assert (kidney["fit"]["model"], liver["fit"]["model"]) == ("populationHalfLife", "earlierCycleHalfLife")
    # At t = T / ln 2 the area hardly depends on the half-life: e A t, with the spread of the activity alone left over.
    least = math.e * activity("kidney left", 72.0) * 72.0
    assert kidney["timeIntegratedActivityMBqH"] == pytest.approx(least, rel=0.03)
    relative = kidney["fit"]["timeIntegratedActivityUncertaintyMBqH"] / kidney["timeIntegratedActivityMBqH"]
    assert 0.05 < relative < 0.07
    assert kidney["timeActivity"][0]["uncertaintyMBq"] == pytest.approx(0.05 * activity("kidney left", 72.0), rel=1e-3)
    assert len(kidney["fit"]["scanTimeSensitivityPerHour"]) == 1
    assert any("cohort of our own" in text for text in kidney["fit"]["assumptions"])
    assert any("earlier cycle" in text and "cycle 1" in text for text in liver["fit"]["assumptions"])
    assert liver["absorbedDoseUncertaintyGy"] > 0
    report = (folder / "report.html").read_text(encoding="utf-8")
    assert "cohort of our own" in report and "Sensitivity to the time of the scan" in report
    again = tmp_path / "again"
    assert commandLine.main(["run", str(folder / "record.json"), "--out", str(again)]) == 0
    assert results(again)[0] == regions


def test_halfLifeWithItsUncertainty(tmp_path):
    study = opened(tmp_path, times=(24.0,), change=withKinetics(effectiveHalfLifeHours={
        "liver": {"hours": 70.0, "relativeUncertainty": 0.12, "source": "cycle 1"}, "kidney left": 50.0}))
    fits = fitted(study)
    relative = fits["liver"]["timeIntegratedActivityUncertaintyMBqH"] / fits["liver"]["timeIntegratedActivityMBqH"]
    assert relative == pytest.approx(abs(math.log(2) * 24.0 / 70.0 - 1.0) * 0.12, rel=1e-6)
    assert any("cycle 1" in text for text in fits["liver"]["assumptions"])
    assert fits["kidney left"]["timeIntegratedActivityUncertaintyMBqH"] is None
    assert any("study file" in text for text in fits["kidney left"]["assumptions"])
    # the chart shows the half-life that one point rests on, over three of it
    curve = study.stageRecord("kinetics")["value"]["regions"]["liver"]["curve"]
    assert curve["timesHours"][-1] == pytest.approx(210.0)
    assert curve["activitiesMBq"][-1] == pytest.approx(curve["activitiesMBq"][0] / 8.0)


def test_halfLifeComesBeforeThePrior(tmp_path):
    study = opened(tmp_path, times=(24.0,), change=withKinetics(
        effectiveHalfLifeHours={"liver": 70.0, "kidney left": 50.0}, populationHalfLife={"kidney": KIDNEY_PRIOR}))
    fit = fitted(study)["kidney left"]
    assert fit["model"] == "singleTimePoint"
    assert any("not used" in text for text in fit["warnings"])


def test_priorMeetsTwoTimePoints(tmp_path):
    study = opened(tmp_path, times=(24.0, 96.0), change=withKinetics(
        populationHalfLife={"kidney left": KIDNEY_PRIOR}, relativeActivityUncertainty=0.03))
    fits = fitted(study)
    truth = activity("kidney left", 0.0) * 50.0 / math.log(2)
    assert fits["kidney left"]["model"] == "populationHalfLife"
    assert fits["kidney left"]["timeIntegratedActivityMBqH"] == pytest.approx(truth, rel=0.02)
    assert fits["liver"]["model"] == "monoExponential" and fits["liver"]["covarianceKind"] == "absolute"
    kineticsOptions.setRelativeActivityUncertainty(study, None)
    assert any("kinetics.relativeActivityUncertainty" in text and "kidney left" in text and "liver" not in text
               for text in kinetics.STAGE.missing(study))


def test_missingAsksForHalfLifeOrPrior(tmp_path):
    study = opened(tmp_path, times=(24.0,))
    words = " ".join(kinetics.STAGE.missing(study))
    assert all(key in words for key in ("effectiveHalfLifeHours", "populationHalfLife", "earlierCycle",
                                        "liver", "kidney left"))
    kineticsOptions.setPopulationHalfLife(study, "kidney", KIDNEY_PRIOR)
    assert "kidney" not in " ".join(kinetics.STAGE.missing(study))
    kineticsOptions.setRegionModel(study, "liver", "latePoint")
    assert kinetics.STAGE.missing(study) == []
    fits = fitted(study)
    assert fits["liver"]["timeIntegratedActivityMBqH"] == pytest.approx(
        2.0 / math.log(2) * activity("liver", 24.0) * 24.0, rel=1e-3)


def test_shippedPopulationIsChosenByTracerAndTissue(tmp_path):
    study = opened(tmp_path, times=(48.0,), change=withKinetics(
        effectiveHalfLifeHours={"liver": 70.0},
        populationHalfLife={"kidney": {"tracer": "PSMA-617", "tissue": "kidney"}}))
    assert any("PSMA-617" in text for text in fitted(study)["kidney left"]["assumptions"])
    assert {"tracer": "PSMA-617", "tissue": "kidney"} in kineticsOptions.tabulatedHalfLives(study)


def test_regionModelFixedAndBoundedParameters(tmp_path):
    rate = math.log(2) / 50.0
    study = opened(tmp_path, change=withKinetics(
        regionModels={"kidney left": "f2", "liver": "f2"}, fixed={"kidney left": {"lambda1": rate}},
        bounds={"liver": {"lambda1": [0.0101, None]}}, relativeActivityUncertainty=0.05))
    fits = fitted(study)
    assert fits["kidney left"]["parameters"]["lambda1"]["value"] == pytest.approx(rate)
    assert any("fixed" in text for text in fits["kidney left"]["assumptions"])
    assert fits["liver"]["parameters"]["lambda1"]["value"] == pytest.approx(0.0101)
    assert fits["kidney left"]["covarianceKind"] == "absolute"
    # One fixed rate, four points, 5 % each: the amplitude's relative uncertainty, hence that of the area.
    kidney = fits["kidney left"]
    assert kidney["timeIntegratedActivityUncertaintyMBqH"] / kidney["timeIntegratedActivityMBqH"] == pytest.approx(
        0.05 / 2.0, rel=1e-2)


def test_statementsWithoutUseAreSpokenOf(tmp_path):
    study = opened(tmp_path, change=withKinetics(populationHalfLife={"kidney": KIDNEY_PRIOR}))
    kineticsOptions.setRegionModel(study, "bladder", "trapezoid")
    fitted(study)
    words = " ".join(study.stageRecord("kinetics")["warnings"])
    assert "more than two time points" in words and "bladder, which is not a region" in words


def test_everyFaultOfTheKineticsIsTold(tmp_path):
    lines = refusal(tmp_path, times=(24.0,), change=withKinetics(
        model="quadratic", relativeActivityUncertainty=5, regionModels={"liver": "cubic", "heart": "trapezoid"},
        effectiveHalfLifeHours={"liver": {"hours": 70, "error": 3}, "kidney left": {"source": "cycle 1"}},
        populationHalfLife={"kidney": {"medianHours": 51}, "liver": {**KIDNEY_PRIOR, "medianHours": 400.0}},
        earlierCycle={"liver": {"effectiveHalfLifeHours": 70.0}}, fixed={"liver": {"lambda1": "fast"}},
        bounds={"liver": {"lambda1": [0.01]}}))
    for words in ("quadratic", "relativeActivityUncertainty", "cubic", "'heart', which is not a region", "'error'",
                  "No effective half-life is given", "given by medianHours", "longer than the physical",
                  "standard error", "'fast', is not a number", "not a pair"):
        assert any(words in line for line in lines), f"{words} in {lines}"
    assert len(lines) == 11
    assert all("liver" in line or "kidney" in line or "heart" in line for line in lines[2:])


@pytest.mark.parametrize("prior, words", [
    ({"medianHours": 51.0, "geometricSD": 9.0, "source": "x"}, "as sdHours"),
    ({"meanHours": 1.0, "sdHours": 1e300, "source": "x"}, "tells nothing"),
    (51.0, "No population half-life is given")])
def test_impossiblePopulationsAreRefused(tmp_path, prior, words):
    assert words in refusal(tmp_path, times=(24.0,), change=withKinetics(populationHalfLife={"kidney": prior}))[0]


def test_fixedParametersNeedAChosenModel(tmp_path):
    study = opened(tmp_path, change=withKinetics(fixed={"liver": {"lambda1": 0.01}}))
    with pytest.raises(InputError, match="no exponential model") as caught:
        fitted(study)
    assert "liver" in caught.value.where
    kineticsOptions.setRegionModel(study, "liver", "monoExponential")
    kineticsOptions.setFixed(study, "liver", {"lambda9": 0.01})
    with pytest.raises(InputError, match="no parameter") as caught:
        fitted(study)
    assert caught.value.where.startswith("liver")


def test_earlierStudiesStayUpToDate(tmp_path):
    study = opened(tmp_path)
    assert set(study.choice("kinetics")) == {"model", "perVoxel", "effectiveHalfLifeHours"}
    kineticsOptions.setRegionModel(study, "liver", "trapezoid")
    kineticsOptions.setRegionModel(study, "liver", None)
    assert set(study.choice("kinetics")) == {"model", "perVoxel", "effectiveHalfLifeHours"}


def test_halfLifeOfAnotherRadionuclideIsRefused(tmp_path):
    study = opened(tmp_path)
    study.setChoice("radionuclide", "Y-90")
    with pytest.raises(InputError, match="not one of Y-90"):
        kineticsOptions.setPopulationHalfLife(study, "kidney", {"tracer": "PSMA-617", "tissue": "kidney"})
    assert PHYSICAL_HALF_LIFE_HOURS > 100 and kineticsOptions.tabulatedHalfLives(study) == []


def test_candidatesAreATableOfTheScene(tmp_path):
    study = opened(tmp_path, times=(4.0, 24.0, 96.0, 168.0, 240.0))
    fits = fitted(study)
    node = study.nodeByRole("candidatesTable")
    assert node.GetName() == "Fit candidates"
    regions, chosen = tables.columnValues(node, "Region"), tables.columnValues(node, "Chosen")
    assert len(regions) == sum(len(fit["candidates"]) for fit in fits.values())
    for name, fit in fits.items():
        places = [index for index, region in enumerate(regions) if region == name and chosen[index] == "yes"]
        assert len(places) == 1
        assert tables.columnValues(node, "Model")[places[0]] == fit["title"]
    assert all(tables.columnValues(node, "Reason"))

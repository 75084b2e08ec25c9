"""Uncertainty from the study file to the results: what is stated counts, what is not is said."""

import json
import math

import pytest
from caseFiles import bodyLabels, writeStudy

from MRTDosimetryLib import commandLine
from MRTDosimetryLib.physics.partialVolume import recoveryOfSphere
from MRTDosimetryLib.physics.uncertainty.activity import boundaryFactor
from MRTDosimetryLib.physics.uncertainty.volume import diameterUncertaintyMM, equivalentDiameterMM

pytestmark = pytest.mark.usefixtures("allWithoutPictures")

VOXEL_MM, FWHM_MM = 8.0, 10.0


def noisy(folder):
    """The images a few percent off their kinetics, so that the fit has an uncertainty."""
    import numpy as np

    from MRTDosimetryLib.imaging.files import readImage, writeImage
    for index, factor in enumerate((1.03, 0.96, 1.04, 0.97)):
        image = readImage(str(folder / f"spect{index + 1}.nrrd"))
        writeImage(image.withArray(image.array * np.float32(factor)), str(folder / f"spect{index + 1}.nrrd"))


def run(folder, change=None):
    study = writeStudy(folder, change=change)
    noisy(folder)
    assert commandLine.main(["run", str(study), "--out", str(folder / "out")]) == 0
    return json.loads((folder / "out" / "results.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def stated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stated")
    return folder, run(folder, lambda d: d.update(resolutionFWHMMM=FWHM_MM, uncertainty={"calibrationRelative": 0.03}))


@pytest.fixture(scope="module")
def unstated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("unstated")
    return folder, run(folder)


def relative(region):
    return region["absorbedDoseUncertaintyGy"] / region["absorbedDoseGy"]


def test_liverByHand(stated):
    liver = next(region for region in stated[1]["regions"] if region["name"] == "liver")
    fit = liver["fit"]["timeIntegratedActivityUncertaintyMBqH"] / liver["timeIntegratedActivityMBqH"]
    volumeML = float((bodyLabels().array == 1).sum()) * 0.512
    diameter = equivalentDiameterMM(volumeML)
    volume = 3 * math.sqrt(VOXEL_MM ** 2 / 6 + FWHM_MM ** 2 / (4 * math.log(2))) / diameter
    slope = boundaryFactor(volumeML, FWHM_MM) / (2 * recoveryOfSphere(volumeML, FWHM_MM))
    assert fit > 0.01
    assert relative(liver) == pytest.approx(math.sqrt(fit ** 2 + 0.03 ** 2 + ((slope - 1) * volume) ** 2), rel=1e-6)
    activity = liver["timeIntegratedActivityUncertaintyMBqH"] / liver["timeIntegratedActivityMBqH"]
    assert activity == pytest.approx(math.sqrt(fit ** 2 + 0.03 ** 2 + (slope * volume) ** 2), rel=1e-6)
    assert liver["uncertaintyBudget"]["method"] == "analytic"
    assert liver["uncertaintyBudget"]["notIncluded"] == []


def test_sharesOfTheBudgetAddUp(stated):
    for region in stated[1]["regions"]:
        budget = region["uncertaintyBudget"]
        assert sum(item["sharePercent"] or 0 for item in budget["components"]) == pytest.approx(100, abs=1e-6)
        assert {"curveFit", "calibration", "recovery", "countRate", "sValue", "activitySValue"} <= {
            item["name"] for item in budget["components"]}
        assert budget["coverageFactor"] == 1
        assert budget["relativeUncertainty"] == pytest.approx(relative(region), rel=1e-9)


def test_smallRegionByMonteCarloRepeatsItself(stated, tmp_path):
    folder, results = stated
    kidney = next(region for region in results["regions"] if region["name"] == "kidney left")
    assert kidney["uncertaintyBudget"]["steps"]["volume"] == pytest.approx(
        3 * diameterUncertaintyMM(VOXEL_MM, FWHM_MM) / equivalentDiameterMM(kidney["volumeML"]), rel=1e-9)
    assert commandLine.main(["run", str(folder / "out" / "record.json"), "--out", str(tmp_path / "again")]) == 0
    assert json.loads((tmp_path / "again" / "results.json").read_text(encoding="utf-8")) == results


def test_withoutResolutionOnlyTheFitIsInAndThatIsSaid(unstated):
    folder, results = unstated
    words = " ".join(results["warnings"])
    assert "do not include volume and resolution" in words and "do not include the calibration" in words
    for region in results["regions"]:
        fit = region["fit"]["timeIntegratedActivityUncertaintyMBqH"]
        assert region["timeIntegratedActivityUncertaintyMBqH"] == pytest.approx(fit, rel=1e-9)
        assert relative(region) == pytest.approx(fit / region["timeIntegratedActivityMBqH"], rel=1e-9)
        assert region["uncertaintyBudget"]["notIncluded"] == ["calibration", "volume"]
    html = (folder / "out" / "report.html").read_text(encoding="utf-8")
    assert "Volume and resolution are not included" in html and "not stated" in html


def test_reportShowsTheBudgets(stated):
    folder, results = stated
    assert not [line for line in results["warnings"] if "do not include" in line]
    html = (folder / "out" / "report.html").read_text(encoding="utf-8")
    for words in ("Uncertainty budgets", "Count rate at the outline", "Covariance of time-integrated activity and mass",
                  "Activity lost to limited resolution is a bias"):
        assert words in html


def test_methodOperatorAndOutlineAreTaken(unstated, tmp_path):
    statement = {"calibrationRelative": 0.03, "operatorDiameterMM": 2.0, "outlineResolutionFWHMMM": 1.0,
                 "method": "monteCarlo"}
    results = run(tmp_path, lambda d: d.update(resolutionFWHMMM=FWHM_MM, uncertainty=statement))
    for region in results["regions"]:
        budget = region["uncertaintyBudget"]
        assert budget["method"] == "monteCarlo"
        assert budget["steps"]["diameterUncertaintyMM"] == pytest.approx(diameterUncertaintyMM(VOXEL_MM, 1.0, 2.0))
        assert budget["monteCarloInterval95"][0] < 1 < budget["monteCarloInterval95"][1]
        assert budget["monteCarloRelativeUncertainty"] == pytest.approx(budget["analyticRelativeUncertainty"], rel=0.1)


def test_singleTimePointHasNoUncertaintyButABudget(tmp_path):
    def change(description):
        description.update(resolutionFWHMMM=FWHM_MM, uncertainty={"calibrationRelative": 0.03})
        description["timePoints"] = description["timePoints"][2:3]
        description["kinetics"]["effectiveHalfLifeHours"] = {"liver": 70.0, "kidney left": 50.0}
    study = writeStudy(tmp_path, change=change)
    assert commandLine.main(["run", str(study), "--out", str(tmp_path / "out")]) == 0
    results = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    for region in results["regions"]:
        budget = region["uncertaintyBudget"]
        if "curveFit" not in budget["notIncluded"]:
            continue  # the fit knows its uncertainty: nothing is missing
        assert region["absorbedDoseUncertaintyGy"] is None and region["timeIntegratedActivityUncertaintyMBqH"] is None
        assert budget["relativeUncertainty"] > 0.03
        assert any(line.startswith(f"{region['name']}:") and "ncertainty" in line for line in results["warnings"])


@pytest.mark.parametrize(("change", "words"), [
    ({"resolutionFWHMMM": 0}, "resolution is 0, but has to be above zero"),
    ({"resolutionFWHMMM": "10"}, "resolution is not a number"),
    ({"uncertainty": 0.03}, "The uncertainty is not an object"),
    ({"uncertainty": {"calibration": 0.03}}, "key 'calibration' is not known"),
    ({"uncertainty": {"calibrationRelative": 3.0}}, "Give a fraction, 0.03 for 3 %"),
    ({"uncertainty": {"calibrationRelative": -0.1}}, "relative uncertainty of the calibration is -0.1"),
    ({"uncertainty": {"calibrationRelative": False}}, "not a number"),
    ({"uncertainty": {"operatorDiameterMM": "wide"}}, "operator's uncertainty of the diameter is not a number"),
    ({"uncertainty": {"method": "guess"}}, "Known are auto, analytic, monteCarlo"),
    ({"uncertainty": {"method": ["auto"]}}, "Known are auto, analytic, monteCarlo")])
def test_badStatementsInWords(tmp_path, capfd, change, words):
    study = writeStudy(tmp_path, change=lambda d: d.update(change))
    assert commandLine.main(["run", str(study), "--out", str(tmp_path / "out")]) == 2
    shown = capfd.readouterr().err
    assert words in shown and "Traceback" not in shown
    assert not (tmp_path / "out").exists()


def test_severalFaultsAtOnce(tmp_path, capfd):
    study = writeStudy(tmp_path, change=lambda d: d.update(
        resolutionFWHMMM=-1, uncertainty={"calibrationRelative": -1, "method": "guess"}))
    assert commandLine.main(["run", str(study), "--out", str(tmp_path / "out")]) == 2
    shown = capfd.readouterr().err
    assert "resolution is -1" in shown and "calibration is -1" in shown and "'guess'" in shown


def test_aStatementMakesTheAbsorbedDoseStale(tmp_path):
    from MRTDosimetryLib.workflow import job, stages, studyFile, uncertainty
    description, _inputs = studyFile.readStudyFile(str(writeStudy(tmp_path)))
    study, _inputs = job.computeStudy(description)
    assert stages.state(study, "dose") == "done"
    uncertainty.setResolution(study, 9.0)
    assert stages.state(study, "kinetics") == "done" and stages.state(study, "dose") == "stale"

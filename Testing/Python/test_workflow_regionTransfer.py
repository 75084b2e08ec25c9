"""A study whose regions are recovered by their own shapes and neighbors, from the study file to report and record."""

import json
import math

import numpy as np
import pytest
from caseFiles import ORGANS, TIMES_HOURS, activityImage, bodyLabels, writeStudy
from scipy import ndimage

from MRTDosimetryLib import commandLine
from MRTDosimetryLib.imaging.files import writeImage
from MRTDosimetryLib.physics.partialVolume import SIGMA_PER_FWHM
from MRTDosimetryLib.physics.pointSpread import PointSpreadFit
from MRTDosimetryLib.physics.recoveryFit import RecoveryPoint, fitRecovery
from MRTDosimetryLib.physics.uncertainty.pointSpreadRecovery import PointSpreadRecovery
from MRTDosimetryLib.physics.uncertainty.recovery import FittedRecovery
from MRTDosimetryLib.workflow import calibrationRecord

pytestmark = pytest.mark.usefixtures("allWithoutPictures")

FWHM_MM, VOXEL_MM, REST_MBQ = 20.0, 8.0, 200.0
SPREAD = PointSpreadRecovery(FWHM_MM, 0.0, ((0.2, 0.0), (0.0, 0.01)), 0.01, VOXEL_MM ** 2 / 12)


def record(hasSpread=True):
    true = FittedRecovery(0.9, 4.0)
    points = [RecoveryPoint(f"{volume:g} mL", volume, float(true.value(volume)), 0.01)
              for volume in (1.0, 5.0, 20.0, 100.0)]
    recovery = fitRecovery(points).toDict()
    if hasSpread:
        recovery.update(curve="pointSpread", curveReason="test",
                        pointSpread=PointSpreadFit(SPREAD, (0.0,) * 4, 1.0, 2, "").toDict())
    return calibrationRecord.sealed({
        "kind": "calibration", "schemaVersion": 1, "program": "test", "radionuclide": "Lu-177", "camera": "Camera A",
        "collimator": "MEGP", "reconstruction": "OSEM", "energyWindow": {"lowerKeV": 187.2, "upperKeV": 228.8},
        "date": "2026-01-01", "validUntil": "2027-01-01", "recovery": recovery, "warnings": [], "statement": {},
        "inputs": []})


def writeCase(folder, method="geometricTransfer", hasSpread=True):
    """The body of :mod:`caseFiles` as a camera of 20 mm shows it, and a record of that camera."""
    (folder / "camera.json").write_text(json.dumps(record(hasSpread)), encoding="utf-8")

    def change(description):
        description["partialVolume"] = {"method": method, "calibration": "camera.json"}
        description["resolutionFWHMMM"] = 10.0

    study = writeStudy(folder, change=change)
    sigma = math.sqrt((FWHM_MM * SIGMA_PER_FWHM) ** 2 - VOXEL_MM ** 2 / 12) / VOXEL_MM
    for index, hours in enumerate(TIMES_HOURS):
        image = activityImage(bodyLabels(), hours, REST_MBQ)
        blurred = ndimage.gaussian_filter(image.array.astype(float), sigma, mode="constant", truncate=6.0)
        writeImage(image.withArray(blurred.astype(np.float32)), str(folder / f"spect{index + 1}.nrrd"))
    return study


def run(folder, study, out="out"):
    assert commandLine.main(["run", str(study), "--out", str(folder / out)]) == 0
    return json.loads((folder / out / "results.json").read_text(encoding="utf-8"))


def true(name):
    return ORGANS[name]["startMBq"] * ORGANS[name]["halfLifeHours"] / math.log(2)


def testActivitiesAreThoseOfTheBody(tmp_path):
    plain, solved = tmp_path / "plain", tmp_path / "solved"
    plain.mkdir(), solved.mkdir()
    without = {region["name"]: region for region in run(plain, writeCase(plain, "none"))["regions"]}
    found = run(solved, writeCase(solved))
    for region in found["regions"]:
        name, recovery = region["name"], region["recovery"]
        assert without[name]["timeIntegratedActivityMBqH"] < 0.93 * true(name)
        assert region["timeIntegratedActivityMBqH"] == pytest.approx(true(name), rel=0.01), name
        assert region["absorbedDoseGy"] / without[name]["absorbedDoseGy"] == pytest.approx(
            region["timeIntegratedActivityMBqH"] / without[name]["timeIntegratedActivityMBqH"], rel=1e-6)
        # the images' own maps and histograms stay
        assert region["dvh"]["meanGy"] == pytest.approx(without[name]["dvh"]["meanGy"], rel=0.01)
        assert len(recovery["coefficients"]) == len(TIMES_HOURS)
        assert min(recovery["coefficients"]) <= recovery["coefficient"] <= max(recovery["coefficients"])
        start, halfLife = ORGANS[name]["startMBq"], ORGANS[name]["halfLifeHours"]
        activities = [start * 0.5 ** (hours / halfLife) for hours in TIMES_HOURS]
        assert [point["activityMBq"] for point in region["timeActivity"]] == pytest.approx(activities, rel=0.01)
        budget = region["uncertaintyBudget"]
        assert budget["steps"]["recoveryCoefficient"] == pytest.approx(recovery["coefficient"])
        assert budget["steps"]["recoveryFit"] == pytest.approx(recovery["relativeUncertainty"])
        assert {item["name"]: item["status"] for item in budget["components"]}["recovery"] == "included"
        low, high = budget["relativeInterval95"]
        assert low < 1.0 < high and low * region["absorbedDoseGy"] > 0
    report = (solved / "out" / "report.html").read_text(encoding="utf-8")
    assert "geometric transfer" in report and "spill-out and spill-in are taken off" in report
    again = run(solved, solved / "out" / "record.json", "again")
    assert again["regions"] == found["regions"]


def testOnlyChosenRegionsButAllAreNeighbors(tmp_path):
    study = writeCase(tmp_path)
    content = json.loads(study.read_text(encoding="utf-8"))
    content["partialVolume"]["regions"] = ["kidney left"]
    study.write_text(json.dumps(content), encoding="utf-8")
    liver, kidney = run(tmp_path, study)["regions"]
    assert "recovery" not in liver and liver["timeIntegratedActivityMBqH"] < 0.97 * true("liver")
    assert kidney["timeIntegratedActivityMBqH"] == pytest.approx(true("kidney left"), rel=0.01)


@pytest.mark.parametrize("method", ["geometricTransfer", "recovery"])
def testActivitiesOfPlanarViewsAreNotRecovered(tmp_path, method):
    """They are not those of the SPECT/CT: its recovery is no part of value, map or budget."""
    study = writeCase(tmp_path, method)
    content = json.loads(study.read_text(encoding="utf-8"))
    start, halfLife = ORGANS["kidney left"]["startMBq"], ORGANS["kidney left"]["halfLifeHours"]
    values = [start * 0.5 ** (hours / halfLife) for hours in TIMES_HOURS]
    content["kinetics"]["hybrid"] = {"unit": "MBq", "source": "planar views", "use": "absolute", "series": {
        "kidney left": {"timesHours": list(TIMES_HOURS), "values": values,
                        "uncertainties": [0.01 * value for value in values]}}}
    study.write_text(json.dumps(content), encoding="utf-8")
    found = run(tmp_path, study)
    liver, kidney = found["regions"]
    assert "recovery" in liver and "recovery" not in kidney
    assert kidney["timeIntegratedActivityMBqH"] == pytest.approx(true("kidney left"), rel=1e-4)
    assert kidney["dvh"]["meanGy"] == pytest.approx(kidney["absorbedDoseGy"], rel=0.02)
    assert kidney["uncertaintyBudget"]["steps"].get("recoveryCoefficient") in (None, 1.0)
    assert any(words.startswith("kidney left: its activity is that of the planar views") for words in found["warnings"])


def testWithoutAPointSpreadItIsRefused(tmp_path, capsys):
    study = writeCase(tmp_path, hasSpread=False)
    assert commandLine.main(["run", str(study), "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert "holds no point spread" in said and "Calibrate again" in said and "Traceback" not in said
    assert not (tmp_path / "out").exists()

"""A calibration record in a study: factor, dead time, uncertainty and recovery, and what is refused or flagged."""

import json
import math

import numpy as np
import pytest
from caseFiles import ORGANS, PHYSICAL_HALF_LIFE_HOURS, bodyLabels, writeStudy

from MRTDosimetryLib import commandLine
from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.imaging.files import readImage, writeImage
from MRTDosimetryLib.physics.deadTime import observedRate, trueRate
from MRTDosimetryLib.physics.decay import acquisitionDecayFactor
from MRTDosimetryLib.physics.recoveryFit import RecoveryPoint, fitRecovery
from MRTDosimetryLib.physics.uncertainty.recovery import FittedRecovery
from MRTDosimetryLib.workflow import calibrationRecord, calibrationUse, partialVolume

pytestmark = pytest.mark.usefixtures("allWithoutPictures")

CPS_PER_MBQ, SECONDS = 9.0, 1200.0
SETTINGS = {"camera": "Camera A", "collimator": "MEGP", "reconstruction": "OSEM"}
WINDOW_KEV = [187.2, 228.8]


def curve(volumesML=(1.0, 5.0, 20.0, 100.0, 300.0)):
    true = FittedRecovery(0.9, 4.0)
    points = [RecoveryPoint(f"{volume:g} mL", volume, float(true.value(volume)), 0.01) for volume in volumesML]
    return fitRecovery(points).toDict()


def record(**changes):
    content = {
        "kind": "calibration", "schemaVersion": 1, "program": "test", "radionuclide": "Lu-177", **SETTINGS,
        "energyWindow": {"lowerKeV": 187.2, "upperKeV": 228.8}, "date": "2026-01-01", "validUntil": "2027-01-01",
        "sensitivity": {"value": CPS_PER_MBQ, "unit": "1/(s MBq)", "isRatio": False, "factor": 1e6 / CPS_PER_MBQ,
                        "factorUnit": "Bq/cps", "relativeUncertainty": 0.025, "components": {}, "values": [],
                        "scans": []},
        "deadTime": {"model": "paralyzable", "microseconds": 5.0}, "recovery": curve(), "warnings": [],
        "statement": {}, "inputs": [], **changes}
    return calibrationRecord.sealed({key: value for key, value in content.items() if value is not None})


def makeCase(folder, content=None, change=None, isCounts=True, rates=None):
    """A study in counts beside a calibration record; ``rates``: observed over true counts per scan."""
    (folder / "camera.json").write_text(json.dumps(content or record()), encoding="utf-8")

    def all_(description):
        description["calibration"] = "camera.json"
        for point in description["timePoints"]:
            if isCounts:
                point.update(unit="counts", durationSeconds=SECONDS)
            point.update(SETTINGS, energyWindowKeV=WINDOW_KEV)
        if change:
            change(description)

    study = writeStudy(folder, change=all_)
    if isCounts:
        decay = acquisitionDecayFactor(PHYSICAL_HALF_LIFE_HOURS, SECONDS / 3600.0)
        for index in range(4):
            path = str(folder / f"spect{index + 1}.nrrd")
            image = readImage(path)
            perConcentration = image.voxelVolumeML * 1e-6 * CPS_PER_MBQ * SECONDS / decay * (rates or [1.0] * 4)[index]
            writeImage(image.withArray(image.array * np.float32(perConcentration)), path)
    return study


def run(folder, study):
    assert commandLine.main(["run", str(study), "--out", str(folder / "out")]) == 0
    return json.loads((folder / "out" / "results.json").read_text(encoding="utf-8"))


def timeIntegrated(name):
    organ = ORGANS[name]
    return organ["startMBq"] * organ["halfLifeHours"] / math.log(2)


def test_countsBecomeActivity(tmp_path, capsys):
    study = makeCase(tmp_path, record(deadTime=None, recovery=None))
    results = run(tmp_path, study)
    for region in results["regions"]:
        assert region["timeIntegratedActivityMBqH"] == pytest.approx(timeIntegrated(region["name"]), rel=1e-3)
        components = {item["name"]: item for item in region["uncertaintyBudget"]["components"]}
        assert components["calibration"]["relativeUncertainty"] == pytest.approx(0.025)
        assert "recovery" not in region
    assert not [words for words in results["warnings"] if "Calibration" in words], results["warnings"]
    # provenance, and the record repeats the run
    written = json.loads((tmp_path / "out" / "record.json").read_text(encoding="utf-8"))
    assert any(item["path"].endswith("camera.json") for item in written["inputs"])
    facts = written["timePoints"][0]["facts"]
    assert facts["calibration"]["value"] == record(deadTime=None, recovery=None)["digest"]
    assert facts["calibrationFactorBqPerCps"]["value"] == pytest.approx(1e6 / CPS_PER_MBQ)
    assert facts["acquisitionDecayFactor"]["value"] == pytest.approx(1.000724, abs=1e-6)
    assert commandLine.main(["run", str(tmp_path / "out" / "record.json"), "--out", str(tmp_path / "again")]) == 0
    again = json.loads((tmp_path / "again" / "results.json").read_text(encoding="utf-8"))
    assert again["regions"] == results["regions"]
    report = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Calibration camera.json, digest" in report
    capsys.readouterr()


def test_deadTimeFromTheFullField(tmp_path):
    """T30: 48,000 true counts per second behind 6 µs are 25 % loss."""
    full = (48000.0, 40000.0, 20000.0, 8000.0)
    observed = [observedRate(rate, 6.0) for rate in full]
    assert 1 - observed[0] / full[0] == pytest.approx(0.2502, abs=5e-5)

    def rates(description):
        for point, rate in zip(description["timePoints"], observed, strict=True):
            point["fullFieldCountRateCps"] = rate

    content = record(deadTime={"model": "paralyzable", "microseconds": 6.0}, recovery=None)
    study = makeCase(tmp_path, content, rates, rates=[seen / true for seen, true in zip(observed, full, strict=True)])
    results = run(tmp_path, study)
    for region in results["regions"]:
        assert region["timeIntegratedActivityMBqH"] == pytest.approx(timeIntegrated(region["name"]), rel=1e-3)
    assert [words for words in results["warnings"] if "Dead time took 25%" in words]
    facts = json.loads((tmp_path / "out" / "record.json").read_text(encoding="utf-8"))["timePoints"][0]["facts"]
    assert facts["deadTimeFactor"]["value"] == pytest.approx(trueRate(observed[0], 6.0).rateCps / observed[0])


FULL_CPS = (48000.0, 40000.0, 20000.0, 8000.0)


def deadTimeCase(folder, deadTime, **changes):
    """A study behind a paralyzable camera of 6 µs, and a record with a dead time."""
    observed = [observedRate(rate, 6.0) for rate in FULL_CPS]

    def rates(description):
        for point, rate in zip(description["timePoints"], observed, strict=True):
            point["fullFieldCountRateCps"] = rate

    folder.mkdir()
    content = record(deadTime={"model": "paralyzable", **deadTime}, recovery=None, **changes)
    return run(folder, makeCase(folder, content, rates, rates=[
        seen / true for seen, true in zip(observed, FULL_CPS, strict=True)]))["regions"]


def components(region):
    return {item["name"]: item for item in region["uncertaintyBudget"]["components"]}


def test_theUncertaintyOfTheDeadTime(tmp_path):
    """Against studies whose dead time is larger and smaller by its standard uncertainty, curves fitted again."""
    relative = 0.03
    found = deadTimeCase(tmp_path / "found", {"microseconds": 6.0, "relativeUncertainty": relative})
    more, less = (deadTimeCase(tmp_path / name, {"microseconds": 6.0 * factor})
                  for name, factor in (("more", 1.0 + relative), ("less", 1.0 - relative)))
    largest = relative * 0.288 / 0.712
    for region, high, low in zip(found, more, less, strict=True):
        values = [item["timeIntegratedActivityMBqH"] for item in (region, high, low)]
        component, budget = components(region)["deadTime"], region["uncertaintyBudget"]
        assert component["relativeUncertainty"] == pytest.approx((values[1] - values[2]) / (2 * values[0]), rel=0.01)
        assert 0.05 * largest < component["relativeUncertainty"] < largest and component["status"] == "included"
        # independent of the other components, of which it is one
        without = high["uncertaintyBudget"]
        for key in ("relativeUncertainty", "timeIntegratedActivityRelativeUncertainty"):
            assert budget[key] == pytest.approx(math.hypot(without[key], component["relativeUncertainty"]), rel=1e-3)
        assert sum(item["sharePercent"] or 0.0 for item in budget["components"]) == pytest.approx(100.0)
        assert "deadTime" not in components(high)
    written = json.loads((tmp_path / "found" / "out" / "record.json").read_text(encoding="utf-8"))
    changes = [point["facts"]["deadTimeUncertainty"]["value"] for point in written["timePoints"]]
    assert changes == pytest.approx([relative * rate * 6e-6 / (1 - rate * 6e-6) for rate in FULL_CPS], rel=1e-6)
    results = json.loads((tmp_path / "more" / "out" / "results.json").read_text(encoding="utf-8"))
    assert any("uncertainty of its dead time is not stated" in words for words in results["warnings"])
    report = (tmp_path / "found" / "out" / "report.html").read_text(encoding="utf-8")
    assert "uncertainty of the camera&#39;s dead time" in report


def test_aSensitivityOfTheSameDeadTime(tmp_path):
    """A phantom at the rate of the first scan takes the dead time out of it, and puts it into the last one."""
    relative, rate = 0.03, observedRate(FULL_CPS[0], 6.0)
    statement = {"sensitivity": {"scans": [{"fullFieldCountRateCps": rate}]}}
    found = deadTimeCase(tmp_path / "found", {"microseconds": 6.0, "relativeUncertainty": relative},
                         statement=statement)
    written = json.loads((tmp_path / "found" / "out" / "record.json").read_text(encoding="utf-8"))
    changes = [(point["facts"].get("deadTimeUncertainty") or {}).get("value") for point in written["timePoints"]]
    assert changes[0] is None
    assert changes[3] == pytest.approx(relative * (0.048 / 0.952 - 0.288 / 0.712), rel=1e-6)
    assert all(components(region)["deadTime"]["relativeUncertainty"] > 0 for region in found)


def test_recoveryOfTheRegions(tmp_path):
    """Activity and absorbed dose over R(V), its uncertainty in the budget; maps and histograms as they were."""
    plain, recovered = tmp_path / "plain", tmp_path / "recovered"
    plain.mkdir(), recovered.mkdir()
    without = run(plain, makeCase(plain))
    found = run(recovered, makeCase(recovered, change=lambda description: description.update(
        partialVolume={"method": "recovery"}, resolutionFWHMMM=8.0)))
    volumes = {name: float((bodyLabels().array == organ["label"]).sum()) * 0.512 for name, organ in ORGANS.items()}
    true = FittedRecovery(0.9, 4.0, largestML=300.0)
    for before, after in zip(without["regions"], found["regions"], strict=True):
        name = after["name"]
        coefficient = float(true.value(volumes[name]))
        assert after["recovery"]["coefficient"] == pytest.approx(coefficient, rel=1e-5)
        for key in ("timeIntegratedActivityMBqH", "absorbedDoseGy"):
            assert after[key] == pytest.approx(before[key] / coefficient, rel=1e-5)
        assert after["timeActivity"][1]["activityMBq"] == pytest.approx(before["timeActivity"][1]["activityMBq"]
                                                                        / coefficient, rel=1e-6)
        assert after["dvh"] == pytest.approx(before["dvh"], rel=1e-5)
        components = {item["name"]: item for item in after["uncertaintyBudget"]["components"]}
        assert components["recovery"]["status"] == "included" == components["recoveryCountRate"]["status"]
        assert components["recoveryCountRate"]["sharePercent"] < 0  # what the outline moves in both cancels in part
        steps = after["uncertaintyBudget"]["steps"]
        assert steps["recoveryCoefficient"] == pytest.approx(coefficient, rel=1e-5)
        assert steps["recoveryFit"] == pytest.approx(after["recovery"]["relativeUncertainty"])
    beyond = [words for words in found["warnings"] if "its recovery of" in words]
    assert len(beyond) == 1 and beyond[0].startswith("liver") and "extrapolated, by surface over volume" in beyond[0]
    report = (recovered / "out" / "report.html").read_text(encoding="utf-8")
    assert "are divided by the recovery" in report and "No partial-volume correction" not in report
    assert "No partial-volume correction" in (plain / "out" / "report.html").read_text(encoding="utf-8")


def test_smallRegionsStayAsTheyAre(tmp_path):
    content = record(recovery=curve((100.0, 200.0, 400.0, 2000.0)))
    found = run(tmp_path, makeCase(tmp_path, content, lambda description: description.update(
        partialVolume={"method": "recovery"}, resolutionFWHMMM=8.0)))
    kidney = next(region for region in found["regions"] if region["name"] == "kidney left")
    assert "recovery" not in kidney
    assert any(words.startswith("kidney left") and "is not corrected" in words for words in found["warnings"])
    components = {item["name"]: item for item in kidney["uncertaintyBudget"]["components"]}
    assert components["recovery"]["status"] == "not applied"


def test_onlyChosenRegions(tmp_path):
    found = run(tmp_path, makeCase(tmp_path, change=lambda description: description.update(
        partialVolume={"method": "recovery", "regions": ["kidney left"]})))
    assert ["recovery" in region for region in found["regions"]] == [False, True]


@pytest.mark.parametrize("content, change, words", [
    (record(radionuclide="I-131"), None, "calibration is for I-131, the study is of Lu-177"),
    (record(sensitivity=None), None, "holds no sensitivity in counts"),
    (record(recovery=None), lambda d: d.update(partialVolume={"method": "recovery"}), "holds no recovery curve"),
    (None, lambda d: d["timePoints"][0].update(calibrationFactorBqPerCps=100000.0), "Both a calibration record"),
    (record(deadTime=None), lambda d: d["timePoints"][0].update(fullFieldCountRateCps=100.0), "holds no dead time"),
    (None, lambda d: d["timePoints"][0].update(fullFieldCountRateCps=1e6), "can show"),
    (None, lambda d: d.update(partialVolume={"method": "magic"}), "no method of partial-volume correction"),
    (None, lambda d: d.update(partialVolume={"method": "recovery", "regions": ["heart"]}), "'heart' is not a region"),
    (None, lambda d: d.update(calibration="absent.json"), "no such file"),
    (None, lambda d: d.update(calibration=7), "not a path"),
    (None, lambda d: d.pop("calibration"), "stated without a calibration"),
    (None, lambda d: d["timePoints"][0].update(energyWindowKeV=208), "not two limits in keV"),
    ({**record(), "camera": "Camera B"}, None, "was changed after it was written"),
])
def test_refusedInWords(tmp_path, capsys, content, change, words):
    study = makeCase(tmp_path, content, change)
    assert commandLine.main(["run", str(study), "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert words in said and "Traceback" not in said, said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("content, change, words", [
    (record(validUntil="2026-02-01"), None, "the calibration expired on 2026-02-01, 92 days before the scan"),
    (None, lambda d: d["timePoints"][0].update(collimator="HEGP"), "the collimator is 'HEGP'"),
    (None, lambda d: d["timePoints"][0].update(energyWindowKeV=[101.7, 124.3]), "the energy window is 101.7 to"),
    (None, lambda d: d["timePoints"][0].pop("camera"), "the scan states no camera"),
    (None, None, "dead time is not corrected"),
])
def test_flaggedBeforeItIsUsed(tmp_path, content, change, words):
    results = run(tmp_path, makeCase(tmp_path, content, change))
    assert any("Calibration camera.json" in line and words in line for line in results["warnings"]), results["warnings"]


def test_imagesInActivity(tmp_path):
    """A cross-calibration brings them to the truth; a sensitivity in counts is not used, and its u(Q) neither."""
    for name, sensitivity, factor in (
            ("ratio", {"value": 0.95, "isRatio": True, "factor": 1 / 0.95, "relativeUncertainty": 0.025}, 1 / 0.95),
            ("counts", record()["sensitivity"], 1.0)):
        folder = tmp_path / name
        folder.mkdir()
        results = run(folder, makeCase(folder, record(sensitivity=sensitivity, deadTime=None), isCounts=False))
        for region in results["regions"]:
            assert region["timeIntegratedActivityMBqH"] == pytest.approx(factor * timeIntegrated(region["name"]),
                                                                         rel=1e-3)
            budget = region["uncertaintyBudget"]
            assert ("calibration" in budget["notIncluded"]) == (name == "counts")
        isSaid = any("is in activity already" in words for words in results["warnings"])
        assert isSaid == (name == "counts")


def test_doorsWithoutAFile():
    with pytest.raises(InputError, match="without a calibration"):
        calibrationUse.ofScan({"camera": "A"})
    assert calibrationUse.ofScan({"energyWindow": 1}) is None
    assert partialVolume.checkedDescription({}, "partialVolume") is None


def test_aScanAddedByHandIsRecordedWithItsCalibration(tmp_path):
    """As the module adds it; the entry that the record writes makes the same images again."""
    from MRTDosimetryLib.scene import volumes
    from MRTDosimetryLib.scene.headless import newScene
    from MRTDosimetryLib.scene.study import Study
    from MRTDosimetryLib.workflow import calibration, protocol, recordedTimePoints, timePoints

    makeCase(tmp_path)

    def emptyStudy():
        study = Study.create(newScene(), "By hand")
        protocol.setProtocol(study, None, "Lu-177")
        protocol.setAdministration(study, 7400.0, "2026-05-04T10:00:00")
        return study

    study = emptyStudy()
    chosen = calibration.forScan(str(tmp_path / "camera.json"), {**SETTINGS, "energyWindow": {
        "lowerKeV": 187.2, "upperKeV": 228.8}}, 5000.0)
    added = timePoints.addFromFiles(study, str(tmp_path / "spect1.nrrd"), unit="counts", hoursAfterAdministration=4.0,
                                    durationSeconds=SECONDS, calibration=chosen)
    calibration.apply(study, [chosen])
    assert study.choice("uncertainty")["calibrationRelative"] == pytest.approx(0.025)
    item = recordedTimePoints.describe(study, added, str(tmp_path / "kept"), 1)
    assert item["calibration"].endswith("camera.json") and item["energyWindowKeV"] == [187.2, 228.8]
    again = recordedTimePoints.addTimePoint(emptyStudy(), item, "time point 1")
    assert volumes.contentDigest(again.spectNode) == volumes.contentDigest(added.spectNode)
    assert again.facts == added.facts and added.factValue("deadTimeFactor") == pytest.approx(1.0256, abs=1e-3)

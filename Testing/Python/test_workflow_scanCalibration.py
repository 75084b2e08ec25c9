"""A calibration record chosen for the scans of a study: the numbers of the study file, and what needs a reason."""

import json
from datetime import date

import calibrationExamples as example
import numpy as np
import pytest

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.imaging import files
from MRTDosimetryLib.imaging.volume import Volume
from MRTDosimetryLib.scene import headless, volumes
from MRTDosimetryLib.scene.study import Study
from MRTDosimetryLib.workflow import (
    calibration,
    calibrationUse,
    doseOptions,
    partialVolume,
    protocol,
    record,
    registration,
    scanCalibration,
    segmentation,
    stages,
    studyDescription,
    studyFile,
    timePoints,
    uncertainty,
)

HOURS = (24.0, 96.0)
DOSE = {"engine": "localDeposition", "density": "uniform"}
SETTINGS = {"camera": "Camera A", "collimator": "MEGP", "energyWindow": "187.2 to 228.8 keV", "reconstruction": "OSEM"}


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    """A folder with the record of a sensitivity and recovery, and others that do not fit."""
    folder = tmp_path_factory.mktemp("records")
    content = example.recordOf(folder, deadTime={"model": "paralyzable", "microseconds": 5.0})
    calibration.write(content, folder / "camera.json")
    for name, changes in (("expired", {"validUntil": "2026-05-04"}), ("other", {"collimator": "HEGP"}),
                          ("iodine", {"radionuclide": "I-131"})):
        calibration.write(example.changedRecord(content, **changes), folder / f"{name}.json")
    return folder


def scan(hours):
    """Two warm blocks in counts, washed out with 70 h."""
    image = np.zeros(example.SHAPE, np.float32)
    for box, share in ((np.s_[4:9, 4:9, 3:7], 0.6), (np.s_[5:8, 12:15, 12:15], 0.4)):
        image[box] = share / image[box].size
    return Volume(image * np.float32(300.0 * 0.5 ** (hours / 70.0) * example.CPS_PER_MBQ * example.SECONDS),
                  example.matrix(), "counts", f"scan {hours:g} h")


def labels():
    found = np.zeros(example.SHAPE, np.uint8)
    found[4:9, 4:9, 3:7], found[5:8, 12:15, 12:15] = 1, 2
    return Volume(found, example.matrix(), "", "labels")


@pytest.fixture
def study():
    found = Study.create(headless.newScene(), "Case")
    protocol.setProtocol(found, None, "Lu-177")
    protocol.setAdministration(found, 7400.0, "2026-05-05T10:00:00")
    registration.setKind(found, "none")
    return found


def addScans(study, rate=2000.0):
    for hours in HOURS:
        node = volumes.addVolume(study.scene, scan(hours), "counts")
        timePoints.addFromNodes(study, node, None, "counts", hours, durationSeconds=example.SECONDS,
                                calibration=scanCalibration.forScan(study, rate))
    doseOptions.setDose(study, DOSE)
    segmentation.addFromLabels(study, labels(), {1: "liver", 2: "kidney left"}, study.timePoints[0])


def choose(study, path):
    scanCalibration.setRecord(study, str(path))
    for key, value in SETTINGS.items():
        scanCalibration.setSetting(study, key, value)


def numbers(study):
    stages.runStale(study, upTo="kinetics")
    return study.stageRecord("kinetics")["value"]["regions"]


def test_theNumbersOfTheStudyFile(study, records, tmp_path):
    choose(study, records / "camera.json")
    addScans(study)
    scanCalibration.setRecovery(study, str(records / "camera.json"))
    for index, hours in enumerate(HOURS):
        files.writeImage(scan(hours), str(tmp_path / f"scan{index}.nrrd"))
    files.writeImage(labels(), str(tmp_path / "labels.nrrd"))
    described = {
        "schemaVersion": 1, "protocol": None, "radionuclide": "Lu-177", "calibration": str(records / "camera.json"),
        "administration": {"activityMBq": 7400, "dateTime": "2026-05-05T10:00:00"}, "registration": "none",
        "timePoints": [{"spect": f"scan{index}.nrrd", "unit": "counts", "hoursAfterAdministration": hours,
                        "durationSeconds": example.SECONDS, "fullFieldCountRateCps": 2000.0, "camera": "Camera A",
                        "collimator": "MEGP", "reconstruction": "OSEM", "energyWindowKeV": [187.2, 228.8]}
                       for index, hours in enumerate(HOURS)],
        "regions": {"labelmap": "labels.nrrd", "timePoint": 0, "names": {"1": "liver", "2": "kidney left"}},
        "dose": DOSE, "partialVolume": {"method": "recovery"}}
    (tmp_path / "study.json").write_text(json.dumps(described), encoding="utf-8")
    description, _inputs = studyFile.readStudyFile(str(tmp_path / "study.json"))
    other = Study.create(study.scene, "From the file")
    studyFile.applyStudy(other, description)
    assert [row["totalActivityMBq"] for row in timePoints.rows(study)] == pytest.approx(
        [row["totalActivityMBq"] for row in timePoints.rows(other)], rel=1e-6)
    for key in ("calibration", "partialVolume", "uncertainty"):
        assert study.choice(key) == other.choice(key)
    assert uncertainty.options(study)["calibrationRelative"] == pytest.approx(0.02, rel=0.01)
    own, theirs = numbers(study), numbers(other)
    assert list(own) == list(theirs)
    for name, region in own.items():
        assert region["recovery"] == theirs[name]["recovery"]
        assert region["fit"]["timeIntegratedActivityMBqH"] == pytest.approx(
            theirs[name]["fit"]["timeIntegratedActivityMBqH"], rel=1e-6)
    assert not [words for words in study.stageRecord("kinetics")["warnings"] if "camera.json" in words]
    assert study.timePoints[0].fact("camera")["value"] == "Camera A"


def test_whatDoesNotFitNeedsAReason(study, records):
    choose(study, records / "other.json")
    node = volumes.addVolume(study.scene, scan(24.0), "counts")

    def add():
        return timePoints.addFromNodes(study, node, None, "counts", 24.0, durationSeconds=example.SECONDS,
                                       calibration=scanCalibration.forScan(study))

    with pytest.raises(InputError, match="The collimator is 'MEGP', the calibration is for 'HEGP'.*say why"):
        add()
    assert study.timePoints == []
    scanCalibration.setReason(study, "the same septa by another name")
    timePoint = add()
    remarks = timePoint.fact("remarks")["value"]
    assert "the calibration is for 'HEGP'; used because: the same septa by another name" in remarks[0]
    assert timePoint.fact(calibrationUse.KEY)["reason"] == "the same septa by another name"
    (override,) = record.overrides(study)
    assert override["what"].endswith("what speaks against the calibration")
    assert override["reason"] == "the same septa by another name"
    # another record needs a reason of its own
    scanCalibration.setRecord(study, str(records / "expired.json"))
    with pytest.raises(InputError, match="expired on 2026-05-04, 2 days before the scan"):
        add()


def test_aStudyMadeByHandRepeatsItself(study, records, tmp_path):
    """Scans of files added with a record that needs a reason: what is written of the study makes it again."""
    choose(study, records / "other.json")
    scanCalibration.setReason(study, "the same septa by another name")
    for index, hours in enumerate(HOURS):
        path = str(tmp_path / f"scan{index}.nrrd")
        files.writeImage(scan(hours), path)
        timePoints.addFromFiles(study, path, None, "counts", hours, durationSeconds=example.SECONDS,
                                calibration=scanCalibration.forScan(study, 2000.0))
    doseOptions.setDose(study, DOSE)
    segmentation.addFromLabels(study, labels(), {1: "liver", 2: "kidney left"}, study.timePoints[0])
    scanCalibration.setRecovery(study, str(records / "other.json"), "none of the own is there yet")
    content = studyDescription.describe(study, str(tmp_path / "kept"))
    assert content["timePoints"][0]["calibrationReason"] == "the same septa by another name"
    (tmp_path / "study.json").write_text(json.dumps(content), encoding="utf-8")
    description, _inputs = studyFile.readStudyFile(str(tmp_path / "study.json"))
    other = Study.create(study.scene, "Again")
    studyFile.applyStudy(other, description)
    for own, theirs in zip(study.timePoints, other.timePoints, strict=True):
        assert own.facts == theirs.facts
    assert [row["totalActivityMBq"] for row in timePoints.rows(study)] == [
        row["totalActivityMBq"] for row in timePoints.rows(other)]
    for key in ("calibration", "partialVolume", "uncertainty"):
        assert study.choice(key) == other.choice(key)


def test_recoveryThatDoesNotFit(study, records):
    choose(study, records / "camera.json")
    addScans(study)
    with pytest.raises(InputError, match="The collimator is 'MEGP', the calibration is for 'HEGP'"):
        scanCalibration.setRecovery(study, str(records / "other.json"))
    assert partialVolume.choice(study) is None
    scanCalibration.setRecovery(study, str(records / "other.json"), "none of the own is there yet")
    numbers(study)
    told = [words for words in study.stageRecord("kinetics")["warnings"] if words.startswith("Recovery of other.json")]
    assert len(told) == 1 and "used because: none of the own is there yet" in told[0]
    scanCalibration.setRecovery(study, None)
    assert partialVolume.choice(study) is None


def test_theUncertaintyIsTakenAndGivenBack(study, records):
    choose(study, records / "camera.json")
    addScans(study)
    assert uncertainty.options(study)["calibrationRelative"] == pytest.approx(0.02, rel=0.01)
    scanCalibration.setRecord(study, None)
    activity = scan(120.0)
    plain = volumes.addVolume(study.scene, activity.withArray(activity.array, unit="Bq/mL"), "activityConcentration")
    timePoints.addFromNodes(study, plain, None, "Bq/mL", 120.0)
    assert uncertainty.options(study)["calibrationRelative"] is None, "one scan is without the record"
    uncertainty.setStatement(study, "calibrationRelative", 0.05)
    choose(study, records / "camera.json")
    node = volumes.addVolume(study.scene, scan(48.0), "counts")
    timePoints.addFromNodes(study, node, None, "counts", 48.0, durationSeconds=example.SECONDS,
                            calibration=scanCalibration.forScan(study))
    assert uncertainty.options(study)["calibrationRelative"] == 0.05, "what the user states stays"


def test_refusedInWords(study, records, tmp_path):
    with pytest.raises(InputError, match="The calibration is for I-131, the study is of Lu-177"):
        scanCalibration.setRecord(study, str(records / "iodine.json"))
    content = json.loads((records / "camera.json").read_text(encoding="utf-8"))
    content["sensitivity"]["factor"] *= 2
    (tmp_path / "edited.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(InputError, match="was changed after it was written"):
        scanCalibration.setRecord(study, str(tmp_path / "edited.json"))
    with pytest.raises(InputError, match="no calibration is chosen"):
        scanCalibration.forScan(study, 1000.0)
    assert scanCalibration.forScan(study) is None
    calibration.write(calibration.load(records / "camera.json"), tmp_path / "own.json")
    scanCalibration.setRecord(study, str(tmp_path / "own.json"))
    with pytest.raises(InputError, match="is no energy window"):
        scanCalibration.setSetting(study, "energyWindow", "208")
    calibration.write(calibration.load(records / "expired.json"), tmp_path / "own.json")
    with pytest.raises(InputError, match="another one than was chosen"):
        scanCalibration.forScan(study)


def test_whichRecordsThereAre(study, records):
    found = scanCalibration.choices(study, str(records), today=date(2026, 6, 1))
    assert {row["file"]: row["state"] for row in found} == {"camera.json": "valid", "other.json": "valid",
                                                            "expired.json": "expired"}
    assert found[-1]["file"] == "expired.json", "what is valid comes first"
    assert scanCalibration.choices(study, "") == []
    scanCalibration.setRecord(study, str(records / "camera.json"))
    assert scanCalibration.describe(study)[0].startswith("Calibration of Camera A for Lu-177")

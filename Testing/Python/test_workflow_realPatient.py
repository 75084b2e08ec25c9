"""The job on a real patient: a published activity set turned into a four-time-point study with known kinetics."""

import json
import math
import os
from pathlib import Path

import numpy as np
import pytest

from MRTDosimetryLib import commandLine
from MRTDosimetryLib.imaging.files import readImage, writeImage
from MRTDosimetryLib.imaging.resampling import resample
from MRTDosimetryLib.imaging.volume import Volume

FOLDER = Path(os.environ.get("MRTDOSIMETRY_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data")) / \
    "lutetiumPatient"
pytestmark = pytest.mark.skipif(not (FOLDER / "labels.nrrd").exists(),
                                reason="the real patient's data are not beside the project (shared/data)")

TIMES_HOURS = (4.0, 24.0, 96.0, 168.0)
NAMES = {1: "liver", 2: "spleen", 3: "kidney left", 4: "kidney right", 5: "tumor 1", 6: "tumor 2", 7: "tumor 3"}
HALF_LIVES_HOURS = {1: 67.0, 2: 70.0, 3: 51.0, 4: 53.0, 5: 90.0, 6: 100.0, 7: 85.0}
REFERENCE_HOURS = 24.0
LOCAL_GY_KG_PER_GBQ_H = 0.08532
ENGINES = ("localDeposition", "voxelS", "monteCarlo")


def activityAt(timeHours, labels, activity):
    """The published activities, taken as present at 24 h, moved along each organ's half-life; Bq/mL."""
    array = np.zeros(labels.array.shape, np.float32)
    for label, halfLife in HALF_LIVES_HOURS.items():
        inside = labels.array == label
        array[inside] = activity.array[inside] * 1000.0 * 2 ** ((REFERENCE_HOURS - timeHours) / halfLife)
    return array


def trueTIA(label, labels, activity):
    inside = labels.array == label
    atReferenceMBq = float(activity.array[inside].sum(dtype=np.float64)) * labels.voxelVolumeML / 1000.0
    atStart = atReferenceMBq * 2 ** (REFERENCE_HOURS / HALF_LIVES_HOURS[label])
    return atStart * HALF_LIVES_HOURS[label] / math.log(2)


def pose(degrees, shiftMM, center):
    """Rotation about the axis from foot to head and a tilt, around ``center``, then a shift; 4 x 4 RAS mm."""
    a, b = np.radians(degrees), np.radians(degrees / 2)
    spin = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    tilt = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    matrix = np.eye(4)
    matrix[:3, :3] = spin @ tilt
    matrix[:3, 3] = center + shiftMM - matrix[:3, :3] @ center
    return matrix


@pytest.fixture(scope="module")
def patient():
    labels = readImage(str(FOLDER / "labels.nrrd"))
    return labels, readImage(str(FOLDER / "ct_HU.nrrd")), readImage(str(FOLDER / "activity_kBq_per_mL.nrrd"))


@pytest.fixture(scope="module")
def still(patient, tmp_path_factory):
    """All scans in one position, by all engines: (folder, results)."""
    folder = tmp_path_factory.mktemp("still")
    study = writeCase(folder, patient, engine=list(ENGINES))
    assert commandLine.main(["run", str(study), "--out", str(folder / "out")]) == 0
    return folder, json.loads((folder / "out" / "results.json").read_text(encoding="utf-8"))


def writeCase(folder, patient, move=None, engine="localDeposition"):
    labels, ct, activity = patient
    writeImage(labels, str(folder / "labels.nrrd"))
    points = []
    for index, timeHours in enumerate(TIMES_HOURS):
        image = Volume(activityAt(timeHours, labels, activity), labels.ijkToRAS, "Bq/mL", "SPECT")
        hounsfield = ct
        if index == 1 and move is not None:
            # A scan of the moved patient: every voxel shows what lay at the point before the move.
            back = np.linalg.inv(move)
            image = resample(image, labels, back, "nearest", 0.0)
            hounsfield = resample(ct, ct, back, "linear", -1000.0, np.float32)
            noise = np.random.default_rng(1).normal(0.0, 10.0, ct.array.shape).astype(np.float32)
            hounsfield = hounsfield.withArray(hounsfield.array + noise)
        writeImage(image, str(folder / f"spect{index}.nrrd"))
        writeImage(hounsfield, str(folder / f"ct{index}.nrrd"))
        points.append({"spect": f"spect{index}.nrrd", "ct": f"ct{index}.nrrd", "unit": "Bq/mL",
                       "hoursAfterAdministration": timeHours})
    study = {"schemaVersion": 1, "protocol": "lutetiumDotatate.multiTimePoint", "radionuclide": "Lu-177",
             "administration": {"activityMBq": 7400, "dateTime": "2026-05-04T10:00:00"}, "timePoints": points,
             "regions": {"labelmap": "labels.nrrd", "timePoint": 0,
                         "names": {str(label): name for label, name in NAMES.items()}},
             "registration": "none" if move is None else "rigid", "dose": {"engine": engine}}
    path = folder / "study.json"
    path.write_text(json.dumps(study), encoding="utf-8")
    return path


def test_timeIntegratedActivityAndAbsorbedDoseOfEachOrgan(still, patient):
    (folder, results), (labels, _ct, activity) = still, patient
    found = {region["name"]: region for region in results["regions"]}
    assert set(found) == set(NAMES.values())
    dose = readImage(str(folder / "out" / "absorbedDose.nrrd"))
    print("\nregion          TIA MBq h (true)        absorbed dose Gy (true)")
    for label, name in NAMES.items():
        region, tia = found[name], trueTIA(label, labels, activity)
        expected = tia * LOCAL_GY_KG_PER_GBQ_H / region["massG"]
        print(f"{name:14} {region['timeIntegratedActivityMBqH']:9.2f} ({tia:9.2f})   "
              f"{region['absorbedDoseGy']:8.4f} ({expected:8.4f})")
        assert region["volumeML"] == pytest.approx((labels.array == label).sum() * labels.voxelVolumeML, rel=1e-6)
        assert 0.9 < region["massG"] / region["volumeML"] < 1.2
        assert region["timeIntegratedActivityMBqH"] == pytest.approx(tia, rel=0.005)
        assert region["absorbedDoseGy"] == pytest.approx(expected, rel=0.01)
        # the map itself: energy over mass, voxel by voxel
        inside = labels.array == label
        assert dose.array[inside].mean() == pytest.approx(expected, rel=0.03)


def test_movedSecondTimePointIsBroughtBack(tmp_path, patient):
    labels, ct, activity = patient
    center = (ct.ijkToRAS @ [*(np.array(ct.sizeIJK) / 2), 1.0])[:3]
    move = pose(4.0, np.array([9.0, -7.0, 8.0]), center)
    study = writeCase(tmp_path, patient, move)
    assert commandLine.main(["run", str(study), "--out", str(tmp_path / "out")]) == 0
    results = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    row = next(item for item in results["registration"] if item["timeHours"] == 24.0)
    assert row["quality"] == "good", row
    from MRTDosimetryLib.scene import files as sceneFiles
    from MRTDosimetryLib.scene.study import Study
    scene = sceneFiles.openBundle(str(tmp_path / "out" / "scene.mrb"))
    point = next(item for item in Study.all(scene)[0].timePoints if item.timeHours == 24.0)
    for label, name in NAMES.items():
        k, j, i = (axis.mean() for axis in np.nonzero(labels.array == label))
        organ = labels.ijkToRAS @ [i, j, k, 1.0]
        error = np.linalg.norm((point.referenceFromTimePoint @ (move @ organ) - organ)[:3])
        print(f"{name}: {error:.2f} mm")
        assert error < 1.0, name
    for label, name in NAMES.items():
        region = next(item for item in results["regions"] if item["name"] == name)
        measured = next(p for p in region["timeActivity"] if p["timeHours"] == 24.0)["activityMBq"]
        inside = labels.array == label
        true = float(activity.array[inside].sum(dtype=np.float64)) * labels.voxelVolumeML / 1000.0
        # a voxel of 4 mm at a moved edge is either full or empty, so small regions lose part of their rim
        tolerance = 0.05 if name == "liver" else 0.12 if label <= 4 else 0.35
        assert measured == pytest.approx(true, rel=tolerance), name



def test_enginesSideBySide(still):
    """Photons add a few percent to what local deposition gives, and no energy is lost."""
    _folder, results = still
    print("\nregion          local deposition   voxel S   Monte Carlo (Gy)")
    for region in results["regions"]:
        local, kernel, carlo = (region["engines"][name]["absorbedDoseGy"] for name in ENGINES)
        error = region["engines"]["monteCarlo"]["statisticalStandardErrorGy"]
        print(f"{region['name']:14} {local:10.4f} {kernel:10.4f} {carlo:10.4f} +- {error:.4f}")
        assert error < 0.01 * carlo
        # the photons of 177Lu add 0.5 to 15 %; electrons that leave a tumor of 4 mL take a few percent away
        assert 1.0 < carlo / local < 1.15 and 0.95 < kernel / local < 1.15
        assert kernel == pytest.approx(carlo, rel=0.05)
    for name, engine in results["engines"].items():
        balance = engine["energyBalance"]
        print(f"{name}: deposited + escaped - emitted = {balance['deviationPercent']:+.4f} %, "
              f"gamma {(engine.get('gamma') or {}).get('passPercent')} %")
        assert balance["depositedMeV"] + balance["escapedMeV"] == pytest.approx(balance["emittedMeV"], rel=0.005)

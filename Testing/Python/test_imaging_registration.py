"""A known movement of the patient is found again, and what cannot be registered is refused."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from imagingExamples import geometry, needsPatient, patientImage, pose, positions, torsoCT

from MRTDosimetryLib.errors import CalculationError, CanceledError, InputError
from MRTDosimetryLib.imaging.alignment import PreparedCT, bestShift, mutualInformation
from MRTDosimetryLib.imaging.grid import Grid
from MRTDosimetryLib.imaging.masks import bodyMask, shrinkToSpacing
from MRTDosimetryLib.imaging.registration import describe, register
from MRTDosimetryLib.imaging.resampling import resample
from MRTDosimetryLib.imaging.sitkBridge import sitkTransform
from MRTDosimetryLib.imaging.volume import Volume

TORSO_POINTS = np.array([[60, 20, 20], [-100, -40, 20], [60, -55, -30], [-60, -55, -30], [0, -70, 0]], dtype=float)
SMALL_POSES = [((3, -2, 3), (8, -6, 4)), ((-1, 4, 2), (-9, 3, 11)), ((0, 1, -5), (2, 14, -5))]


def errorsMM(result, truth, points):
    """Distance between where points of the moving scan should come to lie and where they do."""
    points = np.vstack([np.asarray(points).T, np.ones(len(points))])
    moving = np.linalg.inv(truth) @ points
    return np.linalg.norm((result.referenceFromTimePoint @ moving - points)[:3], axis=0)


@pytest.fixture(scope="module")
def torso():
    return torsoCT(couchRowMM=-112.0)


@pytest.fixture(scope="module")
def patient():
    ct, labels = patientImage("ct_HU"), patientImage("labels")
    points = [positions(labels)[:, labels.array == label].mean(axis=1) for label in range(1, 8)]
    rng = np.random.default_rng(3)
    noisy = ct.withArray(np.rint(ct.array + rng.normal(0, 15, ct.array.shape)).astype(np.int16), name="CT day 1")

    def scan(truth, grid=None, noiseHU=20.0):
        image = resample(ct, ct if grid is None else grid, truth, outside=-1000.0)
        noise = np.random.default_rng(7).normal(0, noiseHU, image.array.shape)
        return image.withArray(np.rint(image.array + noise).astype(np.int16), name="CT day 2")

    return noisy, scan, points, Grid(ct.sizeIJK, ct.ijkToRAS).center()


@pytest.mark.parametrize("degrees, shiftMM", SMALL_POSES)
def test_torsoWithAnotherCouchIsFoundWithinAThirdOfAMillimeter(torso, degrees, shiftMM):
    truth = pose(degrees, shiftMM)
    result = register(torso, torsoCT(seed=1, move=truth, couchRowMM=-125.0))
    assert errorsMM(result, truth, TORSO_POINTS).max() < 0.3
    assert result.quality == "good" and result.qualityReasons == ()
    assert result.metricAfter > result.metricBefore and result.bodyOverlapDiceAfter > 0.97
    assert result.bodyOverlapDiceAfter > result.bodyOverlapDiceBefore
    assert result.meanAbsoluteDifferenceHUAfter < result.meanAbsoluteDifferenceHUBefore
    assert np.allclose(result.rotationDegrees, degrees, atol=0.4)
    assert np.allclose(np.linalg.norm(result.translationMM), np.linalg.norm(shiftMM), atol=1.5)
    assert np.allclose(result.referenceFromTimePoint[:3, :3] @ result.referenceFromTimePoint[:3, :3].T, np.eye(3))


@needsPatient
@pytest.mark.parametrize("degrees, shiftMM", SMALL_POSES)
def test_realPatientIsFoundWithinAThirdOfAMillimeter(patient, degrees, shiftMM):
    fixed, scan, points, center = patient
    truth = pose(degrees, shiftMM, center)
    result = register(fixed, scan(truth))
    assert errorsMM(result, truth, points).max() < 0.3
    assert result.quality == "good" and "Step too small" in result.stopReason


@needsPatient
def test_realPatientInAnotherFieldOfViewAndFarAway(patient):
    fixed, scan, points, center = patient
    truth = pose((6, -8, 10), (40, -30, -25), center)
    assert errorsMM(register(fixed, scan(truth)), truth, points).max() < 1.0
    # fewer, larger voxels, the lower half only, and a couch origin 600 mm away
    matrix = geometry((4.88, 4.88, 5.0), (310.0, 310.0, center[2] - 200 - 600))
    truth = pose((3, -2, 4), (10, -8, 600), center)
    result = register(fixed, scan(truth, Grid((128, 128, 60), matrix)))
    assert errorsMM(result, truth, points).max() < 1.0
    assert result.quality == "check" and "shifted" in result.qualityReasons[0]
    assert result.bodyOverlapDiceBefore == 0.0 and result.meanAbsoluteDifferenceHUBefore is None


@needsPatient
@pytest.mark.parametrize("tableMM", [0, -2000])
def test_realPatientOfWhichAThirdIsInBothScans(patient, tableMM):
    fixed, scan, points, center = patient
    truth = pose((3, -2, 3), (8, -6, tableMM), center)
    count, half = fixed.array.shape[0], fixed.array.shape[0] * 6 // 10
    planes = fixed.array.shape[1:]
    lower = Grid(fixed.sizeIJK, fixed.ijkToRAS).cropped((slice(0, half), slice(0, planes[0]), slice(0, planes[1])))
    matrix = Grid(fixed.sizeIJK, fixed.ijkToRAS).cropped(
        (slice(count - half, count), slice(0, planes[0]), slice(0, planes[1]))).ijkToRAS
    matrix[2, 3] -= tableMM
    upper = scan(truth, Grid(lower.sizeIJK, matrix))
    result = register(Volume(fixed.array[:half], lower.ijkToRAS, fixed.unit, "CT day 1"), upper)
    shared = [p for p in points if lower.ijkToRAS[2, 3] + (count - half) * fixed.spacingMM[2] < p[2]
              < lower.ijkToRAS[2, 3] + half * fixed.spacingMM[2]]
    assert len(shared) > 0 and errorsMM(result, truth, shared).max() < 1.0
    assert result.quality == "check" and any("share" in reason for reason in result.qualityReasons)


@needsPatient
def test_affineFindsScaling(patient):
    fixed, scan, points, center = patient
    truth = pose((2, -1, 3), (8, -6, 4), center) @ np.diag([1.03, 0.98, 1.02, 1.0])
    result = register(fixed, scan(truth), "affine")
    assert errorsMM(result, truth, points).max() < 1.0
    assert result.kind == "affine"
    assert np.linalg.det(result.referenceFromTimePoint[:3, :3]) == pytest.approx(1.03 * 0.98 * 1.02, abs=0.005)


def test_sameImageStaysWhereItIs(torso):
    result = register(torso, torso)
    assert errorsMM(result, np.eye(4), TORSO_POINTS).max() < 0.1
    assert result.bodyOverlapDiceAfter > 0.99 and result.meanAbsoluteDifferenceHUAfter < 2.0


@pytest.mark.parametrize("sign", [1, -1])
def test_thickSlicesStoredInAnyDirection(torso, sign):
    truth = pose((2, -1, 3), (6, -5, 7))
    thick = torsoCT(shape=(21, 64, 96), spacingMM=(4.5, 4.5, 13.0), seed=1, move=truth)
    flip = np.diag([sign, sign, sign, 1.0])
    flip[:3, 3] = (1 - sign) / 2 * (np.array(thick.sizeIJK) - 1)
    moving = Volume(np.ascontiguousarray(thick.array[::sign, ::sign, ::sign]), thick.ijkToRAS @ flip, "[hnsf'U]", "CT")
    assert errorsMM(register(torso, moving), truth, TORSO_POINTS).max() < 1.0
    assert errorsMM(register(moving, torso), np.linalg.inv(truth), TORSO_POINTS).max() < 1.0


def test_resultDoesNotDependOnRunOrThreads(tmp_path):
    code = ("import os, sys\nimport SimpleITK as sitk\n"
            "sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(int(sys.argv[1]))\n"
            "from imagingExamples import pose, torsoCT\n"
            "from MRTDosimetryLib.imaging.registration import register\n"
            "moving = torsoCT(seed=1, move=pose((3, -2, 3), (8, -6, 4)))\n"
            "print(register(torsoCT(), moving).referenceFromTimePoint.tobytes().hex())\n")
    here = Path(__file__).resolve()
    results = []
    for threads in ("1", "3"):
        environment = {"PYTHONPATH": f"{here.parents[2]}:{here.parent}", "OMP_NUM_THREADS": threads,
                       "OPENBLAS_NUM_THREADS": threads, "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run([sys.executable, "-c", code, threads], capture_output=True, text=True, check=True,
                              env=environment, timeout=120)
        results.append(done.stdout.strip())
    assert len(results[0]) == 256 and results[0] == results[1]


def test_otherAnatomyIsRefused(torso):
    r, a, s = positions(torso)
    ball = np.where((r / 80) ** 2 + (a / 80) ** 2 + (s / 100) ** 2 < 1, 40, -1000).astype(np.int16)
    with pytest.raises(CalculationError, match="transform|share too little") as caught:
        register(torso, torso.withArray(ball, name="CT 24 h"))
    assert caught.value.where == "CT 24 h" and caught.value.mend


def test_imagesWithoutOverlapAreRefused(torso):
    far = torso.ijkToRAS.copy()
    far[2, 3] += 5000
    noise = np.random.default_rng(0).normal(0, 400, torso.array.shape).astype(np.int16)
    with pytest.raises(InputError, match="overlap"):
        register(torso, Volume(noise, far, "[hnsf'U]", "CT 24 h"))


def test_otherRefusals(torso):
    with pytest.raises(InputError, match="unknown"):
        register(torso, torso, "deformable")
    with pytest.raises(InputError, match="No patient"):
        register(torso, torso.withArray(np.full_like(torso.array, -1000)))
    with pytest.raises(InputError, match="only 14 mm"):
        register(torso, torso.withArray(torso.array[:3]))
    broken = torso.array.astype(np.float32)
    broken[3, 3, 3] = np.nan
    with pytest.raises(InputError, match="NaN"):
        register(torso, torso.withArray(broken))


@pytest.mark.parametrize("kind, stopAt", [("rigid", 0.3), ("rigid", 0.52), ("affine", 0.75)])
def test_progressCanCancelBeforeAndDuringTheSearch(torso, capfd, kind, stopAt):
    fractions = []

    def progress(fraction, message=""):
        fractions.append(fraction)
        if fraction >= stopAt:
            raise CanceledError()

    with pytest.raises(CanceledError):
        register(torso, torsoCT(seed=1, move=pose((3, -2, 3), (8, -6, 4))), kind, progress)
    assert fractions == sorted(fractions) and fractions[0] == 0.0
    # asked once, then nothing more; and nothing of it is printed by SimpleITK
    assert sum(fraction >= stopAt for fraction in fractions) == 1
    assert capfd.readouterr() == ("", "")


def test_progressIsToldDuringTheSearchAndThreadsAreGivenBack(torso):
    fractions, threads = [], SimpleITK.ProcessObject.GetGlobalDefaultNumberOfThreads()
    result = register(torso, torso, progress=lambda fraction, message: fractions.append(fraction))
    assert sum(0.5 < fraction < 0.9 for fraction in fractions) >= result.iterations - 2 > 10
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    assert SimpleITK.ProcessObject.GetGlobalDefaultNumberOfThreads() == threads


def test_resultIsPlainForJSON(torso):
    import json

    values = json.loads(json.dumps(register(torso, torso).toDict()))
    assert values["kind"] == "rigid" and len(values["referenceFromTimePoint"]) == 4


def test_describe():
    matrix = pose((0, 0, 10), (1, 2, 3), (100, 50, 0))
    translation, degrees = describe(matrix, (100, 50, 0))
    assert np.allclose(translation, (1, 2, 3)) and np.allclose(degrees, (0, 0, 10))
    scaled = matrix @ np.diag([1.1, 0.9, 1.0, 1.0])
    assert np.allclose(describe(pose((7, 0, 0), (0, 0, 0)), (0, 0, 0))[1], (7, 0, 0))
    assert abs(describe(scaled, (0, 0, 0))[1][2] - 10) < 0.1


def test_bestShiftIsFoundToAVoxel(torso):
    shift = np.array([36.0, -24.0, 1512.0])
    matrix = torso.ijkToRAS.copy()
    matrix[:3, 3] += shift
    found = bestShift(PreparedCT(torso), PreparedCT(Volume(torso.array, matrix, torso.unit, "CT")))
    assert np.allclose(found[:3, :3], np.eye(3)) and np.abs(found[:3, 3] - shift).max() <= 6.0


def test_mutualInformationOfEqualAndUnrelatedImages(torso):
    one = PreparedCT(torso)
    other = PreparedCT(torso.withArray(torso.array))
    same = mutualInformation(one, other, sitkTransform(np.eye(4)))
    moved = mutualInformation(one, other, sitkTransform(pose((0, 0, 0), (9, 0, 0))))
    array = SimpleITK.GetArrayFromImage(other.windowed)
    shuffled = SimpleITK.GetImageFromArray(np.random.default_rng(1).permuted(array.ravel()).reshape(array.shape))
    shuffled.CopyInformation(other.windowed)
    other.windowed = shuffled
    # no more than the entropy of 32 equal bins
    assert np.log(32) > same > moved > 0.1
    assert mutualInformation(one, other, sitkTransform(np.eye(4))) < 0.01


def test_bodyMaskLeavesTheCouchAndFillsTheLungs(torso):
    mask = bodyMask(torso)
    r, a, s = positions(torso)
    isTorso = (r / 170) ** 2 + (a / 105) ** 2 + (s / 700) ** 2 <= 1
    assert mask.array.dtype == np.uint8 and mask.hasSameGridAs(torso)
    shared = 2 * np.count_nonzero(mask.array.astype(bool) & isTorso) / (mask.array.sum(dtype=int) + isTorso.sum())
    assert shared > 0.98
    assert not mask.array[(np.abs(r) > 150) & (a < -105)].any()
    assert mask.array[tuple(np.rint(np.linalg.inv(torso.ijkToRAS) @ [80, 5, 130, 1])[2::-1].astype(int))] == 1


def test_shrinkingKeepsPlacesAndMeans():
    fine = Volume(np.random.default_rng(0).normal(size=(10, 33, 32)).astype(np.float32),
                  geometry((1, 1, 3), (16, 16, -15)))
    small = shrinkToSpacing(fine, 4.0)
    assert small.sizeIJK == (8, 8, 10) and np.allclose(small.spacingMM, (4, 4, 3))
    assert np.allclose(small.ijkToRAS[:3, 3], (16 - 1.5, 16 - 1.5, -15))
    assert small.array[2, 3, 1] == pytest.approx(fine.array[2, 12:16, 4:8].mean(), abs=1e-6)

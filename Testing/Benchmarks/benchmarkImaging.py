"""Time and accuracy of the imaging layer, the usual way beside ours.

Run from the repository: ``.venv/bin/python Testing/Benchmarks/benchmarkImaging.py [--slow]``.
``--slow`` adds the naive registration at full resolution (about a minute).
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import SimpleITK as sitk

for folder in (Path(__file__).resolve().parents[2], Path(__file__).resolve().parents[1] / "Python"):
    sys.path.insert(0, str(folder))

from imagingExamples import PATIENT, geometry, patientImage, pose, positions, spheres, torsoCT  # noqa: E402

from MRTDosimetryLib.imaging.grid import Grid  # noqa: E402
from MRTDosimetryLib.imaging.masks import bodyMask  # noqa: E402
from MRTDosimetryLib.imaging.occupancy import occupancy  # noqa: E402
from MRTDosimetryLib.imaging.registration import register  # noqa: E402
from MRTDosimetryLib.imaging.resampling import averageOnGrid, resample  # noqa: E402
from MRTDosimetryLib.imaging.sitkBridge import matrixFromSITK, toSITK  # noqa: E402
from MRTDosimetryLib.imaging.volume import Volume  # noqa: E402

CT = Grid((512, 512, 115), geometry((0.977, 0.977, 4.0), (249.6, 249.6, -228.0)))
SPECT = Grid((128, 128, 100), geometry((4.8, 4.8, 4.8), (304.8, 304.8, -237.6)))
POSES = [((3, -2, 3), (8, -6, 4)), ((-1, 4, 2), (-9, 3, 11)), ((0, 1, -5), (2, 14, -5)), ((2, 3, -2), (-6, -9, 9))]
TORSO_POINTS = np.array([[60, 20, 20], [-100, -40, 20], [60, -55, -30], [-60, -55, -30], [0, -70, 0]], dtype=float)


def timed(function, repeats=2):
    """Result and the best wall time of some runs, in seconds."""
    best = np.inf
    for _ in range(repeats):
        started = time.perf_counter()
        result = function()
        best = min(best, time.perf_counter() - started)
    return result, best


def errorsMM(referenceFromTimePoint, truth, points):
    points = np.vstack([np.asarray(points).T, np.ones(len(points))])
    return np.linalg.norm((referenceFromTimePoint @ np.linalg.inv(truth) @ points - points)[:3], axis=0)


def naiveRegistration(fixedCT, movingCT):
    """The naive way: whole images at full resolution, couch and air included, 5 % of the voxels at random."""
    fixed, moving = (toSITK(ct.withArray(ct.array.astype(np.float32))) for ct in (fixedCT, movingCT))
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(32)
    method.SetMetricSamplingStrategy(method.RANDOM)
    method.SetMetricSamplingPercentagePerLevel((0.4, 0.2, 0.05), 121212)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(2.0, 1e-3, 100, 0.5)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel((8, 4, 2))
    method.SetSmoothingSigmasPerLevel((4.0, 2.0, 1.0))
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOff()
    method.SetInitialTransform(sitk.CenteredTransformInitializer(fixed, moving, sitk.Euler3DTransform(),
                                                                 sitk.CenteredTransformInitializerFilter.GEOMETRY))
    return np.linalg.inv(matrixFromSITK(method.Execute(fixed, moving)))


def benchmarkRegistration(slow):
    print("\nRegistration: distance of organ centers from where they should be")
    print(f"{'case':<34}{'degrees':>14}{'shift mm':>15}{'mean mm':>9}{'max mm':>8}{'s':>7}")

    def row(name, degrees, shiftMM, errors, seconds):
        print(f"{name:<34}{str(degrees):>14}{str(shiftMM):>15}{errors.mean():9.3f}{errors.max():8.3f}{seconds:7.2f}")

    def compare(name, fixed, scan, points, center, kinds=("rigid",)):
        for degrees, shiftMM in POSES:
            truth = pose(degrees, shiftMM, center)
            moving = scan(truth)
            for kind in kinds:
                result, seconds = timed(lambda f=fixed, m=moving, k=kind: register(f, m, k))
                errors = errorsMM(result.referenceFromTimePoint, truth, points)
                row(f"{name}, {kind}", degrees, shiftMM, errors, seconds)
        if slow:
            matrix, seconds = timed(lambda: naiveRegistration(fixed, moving), 1)
            row(f"{name}, naive (full size)", degrees, shiftMM, errorsMM(matrix, truth, points), seconds)

    def enlarged(small, noiseHU, seed):
        large = resample(small, CT, outside=-1000.0)
        noise = np.random.default_rng(seed).standard_normal(large.array.shape, np.float32) * noiseHU
        return large.withArray(np.clip(large.array + noise, -1024, 3071).astype(np.int16))

    compare("torso 512x512x115", enlarged(torsoCT(shape=(100, 64, 96), couchRowMM=-112.0), 40.0, 2),
            lambda truth: enlarged(torsoCT(shape=(100, 64, 96), seed=1, move=truth, couchRowMM=-125.0), 60.0, 3),
            TORSO_POINTS, (0, 0, 0), ("rigid", "affine"))
    if not (PATIENT / "ct_HU.nrrd").exists():
        print("the real patient's data are not beside the project (shared/data): left out")
        return
    ct, labels = patientImage("ct_HU"), patientImage("labels")
    points = [positions(labels)[:, labels.array == label].mean(axis=1) for label in range(1, 8)]

    def patientScan(truth):
        image = resample(ct, ct, truth, outside=-1000.0)
        return image.withArray(np.rint(image.array + np.random.default_rng(7).normal(0, 20, image.array.shape)))

    noisy = ct.withArray(ct.array + np.random.default_rng(3).normal(0, 15, ct.array.shape))
    compare("real patient 108x70x90", noisy, patientScan, points, Grid(ct.sizeIJK, ct.ijkToRAS).center())


def benchmarkAveraging(ct):
    print("\nCT 512x512x115 on SPECT 128x128x100 (noise of 100 HU: what is left of it, and time)")
    move = pose((3, -2, 5), (8, -6, 11))
    for name, function in (("interpolated, parallel", lambda: resample(ct, SPECT).array),
                           ("averaged, parallel", lambda: averageOnGrid(ct, SPECT)[0].array),
                           ("interpolated, oblique", lambda: resample(ct, SPECT, move).array),
                           ("averaged, oblique", lambda: averageOnGrid(ct, SPECT, move)[0].array)):
        array, seconds = timed(function)
        print(f"{name:<34}noise {array[30:70, 40:90, 40:90].std():6.1f} HU{seconds:9.3f} s")


def benchmarkOccupancy():
    rng = np.random.default_rng(0)
    radii = (7.8, 12, 16, 20, 25, 25, 30, 40, 40, 45, 60, 80)
    centers = [(x, y, z) for x in (-120, 0, 120) for y in (-120, 80) for z in (-110, 110)]
    labels = spheres((115, 512, 512), CT.ijkToRAS, list(zip(rng.permutation(centers), radii, strict=True)))
    move = pose((3, -2, 5), (8, -6, 11))

    def nearest():
        coarse = resample(labels, SPECT, move, "nearest", outside=0).array
        return {label: np.count_nonzero(coarse == label) * SPECT.voxelVolumeML for label in range(1, 13)}

    def subGridEverywhere():
        total = {label: 0.0 for label in range(1, 13)}
        for k in range(0, 100, 10):
            part = SPECT.cropped((slice(k, k + 10), slice(0, 128), slice(0, 128))).subdivided((4, 4, 4))
            fine = resample(labels, part, move, "nearest", outside=0).array
            for label in total:
                total[label] += np.count_nonzero(fine == label) * part.voxelVolumeML
        return total

    def ours(matrix):
        return {label: region.volumeML for label, region in occupancy(labels, SPECT, matrix).items()}

    print("\nOccupancy of 12 spheres, labels 512x512x115 on SPECT 128x128x100")
    print("largest error of volume of the 2 mL sphere and of the others, and time")
    exact = np.bincount(labels.array.ravel()) * labels.voxelVolumeML
    for name, function in (("usual: nearest voxel", nearest), ("usual: sub-grid of everything", subGridEverywhere),
                           ("ours, moved", lambda: ours(move)), ("ours, parallel", lambda: ours(np.eye(4)))):
        volumes, seconds = timed(function, 1 if "everything" in name else 2)
        errors = {label: abs(volumes[label] / exact[label] - 1) * 100 for label in volumes}
        others = max(value for label, value in errors.items() if label != 1)
        print(f"{name:<34}{errors[1]:8.3f} %{others:8.3f} %{seconds:9.3f} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slow", action="store_true")
    options = parser.parse_args()
    noise = np.random.default_rng(0).normal(0, 100, (115, 512, 512)).astype(np.int16)
    ct = Volume(noise, CT.ijkToRAS, "[hnsf'U]", "CT")
    benchmarkAveraging(ct)
    benchmarkOccupancy()
    _, seconds = timed(lambda: bodyMask(ct))
    print(f"\nBody mask of a CT of 512x512x115: {seconds:.2f} s")
    benchmarkRegistration(options.slow)


if __name__ == "__main__":
    main()

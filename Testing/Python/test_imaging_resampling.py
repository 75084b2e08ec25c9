"""Resampling keeps positions; averaging over larger voxels keeps means and sums."""

import numpy as np
import pytest
from imagingExamples import geometry, pose, positions, smoothVolume

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.imaging.grid import Grid
from MRTDosimetryLib.imaging.resampling import (
    averageOnGrid,
    blockSum,
    coveredFraction,
    resample,
    resampleActivity,
)
from MRTDosimetryLib.imaging.volume import Volume

FINE = geometry((1.0, 1.0, 2.0), (40.0, 40.0, -30.0))
COARSE = Grid((12, 12, 9), geometry((4.8, 4.8, 4.8), (28.0, 27.0, -21.0)))


def test_linearResamplingOfALinearImageIsExact():
    volume = smoothVolume((40, 90, 90), FINE)
    move = pose((4, -7, 10), (3, -2, 4))
    result = resample(volume, COARSE, move)
    r, a, s = positions(result)
    moved = np.einsum("ab,bkji->akji", move[:3, :3], np.stack([r, a, s])) + move[:3, 3][:, None, None, None]
    assert np.allclose(result.array, moved[0] + 2 * moved[1] - 3 * moved[2], atol=1e-3)
    assert result.array.dtype == np.float32 and result.unit == "Bq/mL"
    assert np.array_equal(result.ijkToRAS, COARSE.ijkToRAS)


def test_ownGridGivesOwnValues():
    volume = Volume(np.random.default_rng(0).integers(-1000, 1000, (5, 6, 7)).astype(np.int16), FINE)
    same = resample(volume, volume, interpolation="nearest")
    assert np.array_equal(same.array, volume.array) and same.array.dtype == np.int16
    assert same.array is not volume.array
    assert np.array_equal(resample(volume, volume).array, volume.array)


def test_outsideAndTypes():
    volume = Volume(np.full((5, 5, 5), 7, np.int16), np.eye(4))
    shifted = np.eye(4)
    shifted[0, 3] = 2.4
    nearest = resample(volume, volume, shifted, "nearest", outside=-1000)
    assert nearest.array.dtype == np.int16
    assert np.array_equal(np.unique(nearest.array), [-1000, 7])
    # voxel i lies at i + 2.4: inside up to the outer face at 4.5
    assert np.array_equal(nearest.array[0, 0], [7, 7, 7, -1000, -1000])
    assert resample(volume, volume, shifted, dtype=np.int16, outside=-5).array[0, 0, 4] == -5
    half = np.eye(4)
    half[0, 3] = 0.5
    ramp = Volume(np.arange(5, dtype=np.int16) * np.ones((5, 5, 1), np.int16), np.eye(4))
    assert np.array_equal(resample(ramp, ramp, half, dtype=np.int16).array[0, 0, :3], [0, 2, 2])
    with pytest.raises(InputError, match="cubic"):
        resample(volume, volume, interpolation="cubic")


@pytest.mark.parametrize("flips", [(-1, -1, 1), (1, -1, -1)])
def test_averageKeepsTheSumExactly(flips):
    first = [40.0 if f < 0 else -49.0 for f in flips[:2]] + [-30.0 if flips[2] > 0 else 48.0]
    volume = Volume(np.random.default_rng(1).normal(50, 20, (40, 90, 90)).astype(np.float32),
                    geometry((1.0, 1.0, 2.0), first, flips))
    large = Grid((30, 30, 25), geometry((4.8, 4.8, 4.8), (66.0, 66.0, -50.0)))
    means, covered = averageOnGrid(volume, large)
    total = volume.array.sum(dtype=np.float64) * volume.voxelVolumeML
    assert means.array.sum(dtype=np.float64) * large.voxelVolumeML == pytest.approx(total, rel=1e-6)
    assert covered.sum(dtype=np.float64) * large.voxelVolumeML == pytest.approx(
        volume.array.size * volume.voxelVolumeML, rel=1e-6)


def test_averageOverWholeBlocksIsTheBlockMean():
    fine = Volume(np.random.default_rng(2).normal(size=(8, 8, 8)).astype(np.float32), np.eye(4))
    matrix = np.diag([4.0, 4.0, 2.0, 1.0])
    matrix[:3, 3] = 1.5, 1.5, 0.5
    means, covered = averageOnGrid(fine, Grid((2, 2, 4), matrix))
    assert np.allclose(means.array, fine.array.reshape(4, 2, 2, 4, 2, 4).mean(axis=(1, 3, 5)), atol=1e-6)
    assert np.all(covered == 1.0)


def test_averageWithAxesInAnotherOrder():
    fine = smoothVolume((30, 31, 32), geometry((1, 1, 1), (20, 20, -10)))
    swapped = np.array([[0, 0, 3.0, -9.0], [3.0, 0, 0, -8.0], [0, -3.0, 0, 16.0], [0, 0, 0, 1]])
    means, covered = averageOnGrid(fine, Grid((6, 5, 7), swapped))
    r, a, s = positions(means)
    assert covered.min() == 1.0
    assert np.allclose(means.array, r + 2 * a - 3 * s, atol=1e-4)


def test_obliqueAverageOfALinearImageIsExactAndTellsWhatIsCovered():
    volume = smoothVolume((50, 110, 110), geometry((1.0, 1.0, 2.0), (50.0, 50.0, -30.0)))
    move = pose((3, -2, 5), (8, -6, 11))
    means, covered = averageOnGrid(volume, COARSE, move)
    assert covered.min() == 1.0
    centers = resample(volume, COARSE, move)
    assert np.allclose(means.array, centers.array, atol=2e-3)
    large = Grid((40, 40, 40), geometry((4.8, 4.8, 4.8), (90.0, 90.0, -80.0)))
    _, covered = averageOnGrid(volume, large, move)
    assert covered.sum(dtype=np.float64) * large.voxelVolumeML == pytest.approx(
        volume.array.size * volume.voxelVolumeML, rel=2e-3)


def test_obliqueAverageKeepsTheMeanOfNoise():
    noisy = Volume(np.random.default_rng(3).normal(100, 30, (60, 60, 60)).astype(np.float32),
                   geometry((1, 1, 1), (30, 30, -30)))
    inner = Grid((9, 9, 9), geometry((4.0, 4.0, 4.0), (16, 16, -16)))
    means, _ = averageOnGrid(noisy, inner, pose((3, 4, 5), (0, 0, 0)))
    assert means.array.mean() == pytest.approx(100.0, abs=0.5)
    # 64 values per voxel: the noise falls by almost their square root; one interpolated value would keep 10 and more
    assert means.array.std() < 5.0


def test_outsideEntersPartlyCoveredVoxels():
    volume = Volume(np.full((10, 10, 10), 50, np.int16), geometry((4, 4, 4), (0, 0, 0)))
    grid = Grid((10, 10, 10), geometry((4, 4, 4), (1, 0, 0)))
    means, covered = averageOnGrid(volume, grid, outside=-1000)
    assert covered[0, 0, 0] == pytest.approx(0.75) and covered[0, 0, 1] == 1.0
    assert means.array[0, 0, 0] == pytest.approx(0.75 * 50 - 250) and means.array[0, 0, 1] == 50.0
    far = Grid((3, 3, 3), geometry((4, 4, 4), (900, 0, 0)))
    means, covered = averageOnGrid(volume, far, outside=-1000)
    assert np.all(means.array == -1000) and not covered.any()


def test_coveredFractionAgreesWithAnalyticAverage():
    matrix = np.diag([2.0, 2.0, 2.0, 1.0])
    matrix[:3, 3] = -2.0, 0.25, 0.5
    fraction = coveredFraction(matrix, (4, 3, 3), (5, 6, 6), (8, 8, 8))
    assert fraction[1, 1].tolist() == pytest.approx([0.0, 0.75, 1.0, 0.75], abs=0.13)


def test_blockSum():
    array = np.random.default_rng(4).integers(0, 2, (8, 12, 16)).astype(np.uint8)
    assert np.array_equal(blockSum(array, (8, 6, 4)), array.reshape(2, 4, 2, 6, 2, 8).sum(axis=(1, 3, 5)))


def gaussianSpots(spacingMM, fwhmMM=10.0, size=24):
    """Image of three small hot spots as a SPECT of that resolution shows them, with the spheres' mask."""
    grid = Grid((size, size, size), geometry((spacingMM,) * 3, (-spacingMM * size / 2,) * 3, (1, 1, 1)))
    r, a, s = positions(Volume(np.zeros(grid.shape, np.float32), grid.ijkToRAS))
    sigma = fwhmMM / 2.3548
    image, mask = np.full(grid.shape, 0.5), np.zeros(grid.shape, bool)
    for center in ((3.0, -7.0, 5.0), (-22.0, 15.0, -11.0), (20.0, 18.0, 16.0)):
        squares = (r - center[0]) ** 2 + (a - center[1]) ** 2 + (s - center[2]) ** 2
        image += 100.0 * np.exp(-0.5 * squares / sigma ** 2)
        mask |= squares < 8.0 ** 2
    return Volume(image.astype(np.float32), grid.ijkToRAS, "Bq/mL"), mask


def test_activityOfSmallLesionsSurvivesAnotherGrid():
    image, mask = gaussianSpots(4.4)
    move = pose((2, -3, 4), (2.2, -1.9, 2.1))
    there, _clipped = resampleActivity(image, image, np.linalg.inv(move), outside=0.0)
    straight = resample(image, image, np.linalg.inv(move))
    back = {name: resample(moved, image, move, kind).array[mask].sum() / image.array[mask].sum()
            for name, moved, kind in (("spline", there, "spline"), ("linear", straight, "linear"))}
    assert abs(back["spline"] - 1.0) < 0.01 and back["linear"] < 0.90


def test_activityIsNeverNegativeAndWhatIsAddedIsSaid():
    array = np.zeros((12, 12, 12), np.float32)
    array[5:7, 5:7, 5:7] = 1000.0
    image = Volume(array, np.eye(4), "Bq/mL")
    shifted = np.eye(4)
    shifted[:3, 3] = 0.5
    moved, added = resampleActivity(image, image, shifted)
    inside = moved.array[np.isfinite(moved.array)]
    assert inside.min() == 0.0 and moved.array.dtype == np.float32 and np.isnan(moved.array[-1, -1, -1])
    raw = resample(image, image, shifted, "spline", np.nan).array
    assert added == pytest.approx(-raw[raw < 0].sum() / inside.sum(), rel=1e-5) and added > 0.01
    own, added = resampleActivity(image, image)
    assert np.array_equal(own.array, array) and added == 0.0
    # What an image itself holds below zero stays.
    lower = Volume(array - 5.0, np.eye(4), "Bq/mL")
    assert np.nanmin(resampleActivity(lower, lower, shifted)[0].array) == -5.0

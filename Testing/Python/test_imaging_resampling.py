"""Resampling keeps positions; averaging over larger voxels keeps means and sums."""

import numpy as np
import pytest
from imagingExamples import geometry, pose, positions, smoothVolume

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.imaging.grid import Grid
from MRTDosimetryLib.imaging.resampling import averageOnGrid, blockSum, coveredFraction, resample
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

"""Spheres of a set volume, thresholds inside a sphere, regions brought onto another grid."""

import numpy as np
import pytest

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.imaging.grid import Grid
from MRTDosimetryLib.imaging.regionDrawing import maskOnGrid, sphereOfVolume, thresholdInSphere
from MRTDosimetryLib.imaging.volume import Volume

# As a CT: anisotropic, axes reversed, away from the origin.
CT = Grid((120, 110, 60), np.array([[-0.977, 0, 0, 60.0], [0, -0.977, 0, 50.0], [0, 0, 4.0, -400.0], [0, 0, 0, 1]]))


def rotation(degrees, shift=(0.0, 0.0, 0.0)):
    angle = np.deg2rad(degrees)
    matrix = np.eye(4)
    matrix[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    matrix[:3, 3] = shift
    return matrix


def volumeML(mask):
    return np.count_nonzero(mask.array) * mask.voxelVolumeML


def centerOf(mask):
    """Center of gravity in RAS mm."""
    index = np.array(np.nonzero(mask.array))[::-1].mean(axis=1)
    return (mask.ijkToRAS @ [*index, 1.0])[:3]


@pytest.mark.parametrize("wanted", [0.05, 0.5, 2.5, 8.0, 60.0])
@pytest.mark.parametrize("center", [(0.0, 0.0, -280.0), (3.3, -1.7, -278.6)])
def testSphereMeetsItsVolumeToHalfAVoxel(wanted, center):
    mask = sphereOfVolume(CT, center, wanted)
    assert abs(volumeML(mask) - wanted) <= CT.voxelVolumeML / 2 * 1.0001
    assert np.abs(centerOf(mask) - center).max() < 2.1  # mm, half a slice
    index = np.array(np.nonzero(mask.array))[::-1]
    points = (mask.ijkToRAS @ np.vstack([index, np.ones(index.shape[1])]))[:3] - np.array(center)[:, None]
    radius = (3000 * wanted / (4 * np.pi)) ** (1 / 3)
    assert np.linalg.norm(points, axis=0).max() < radius + 2.5


def testSphereOnATurnedGridIsTheSameSphere():
    turned = Grid(CT.sizeIJK, rotation(25, (5, 5, 0)) @ CT.ijkToRAS)
    mask = sphereOfVolume(turned, turned.center(), 10.0)
    assert volumeML(mask) == pytest.approx(10.0, abs=CT.voxelVolumeML)
    assert np.abs(centerOf(mask) - turned.center()).max() < 0.3


@pytest.mark.parametrize("center, size, words", [
    ((0, 0, -280), 0.0, "above zero"), ((0, 0, -280), -1.0, "above zero"), ((0, 0, -280), float("nan"), "above zero"),
    ((0, 0, -280), 1e-4, "smaller than a voxel"), ((500, 0, -280), 5.0, "point lies outside the image"),
    ((58, 0, -280), 20.0, r"\d+% of the sphere lies outside"), ((0, 0, float("nan")), 5.0, "three numbers"),
    ((0, 0), 5.0, "three numbers")])
def testSpheresThatCannotBeAreRefused(center, size, words):
    with pytest.raises(InputError, match=words):
        sphereOfVolume(CT, center, size)


def spect(value=1.0e6, background=1.0e5):
    """A hot ball of 20 mm radius at (10, -5, -282) in warm water, on voxels of 4.8 mm."""
    matrix = np.diag([4.8, 4.8, 4.8, 1.0])
    matrix[:3, 3] = [-70, -80, -400]
    k, j, i = np.indices((50, 36, 36))
    points = np.stack([i, j, k], -1) * 4.8 + matrix[:3, 3]
    inside = np.linalg.norm(points - np.array([10, -5, -282]), axis=-1) <= 20
    return Volume(np.where(inside, value, background).astype(np.float32), matrix, "Bq/mL", "SPECT")


def testHalfOfTheMaximumFindsTheBall():
    image = spect()
    found = thresholdInSphere(image, CT, (10, -5, -282), 40.0, fractionOfMaximum=0.55)
    assert (found.maximum, found.threshold) == (pytest.approx(1e6), pytest.approx(5.5e5))
    # halfway between ball and background, linear interpolation leaves the volume of the ball's own voxels
    own = np.count_nonzero(image.array > 5e5) * image.voxelVolumeML
    assert found.volumeML == pytest.approx(own, rel=0.03)
    assert np.abs(centerOf(found.mask) - [10, -5, -282]).max() < 1.5
    assert np.linalg.norm(found.maximumRAS - [10, -5, -282]) <= 20


def testOnlyTheSphereIsLookedAt():
    image = spect()
    image.array[40, 3, 3] = 5e7  # hotter, elsewhere
    near = thresholdInSphere(image, CT, (10, -5, -282), 12.0, threshold=5e5)
    assert near.maximum == pytest.approx(1e6)
    assert near.volumeML == pytest.approx(4 / 3 * np.pi * 1.2**3, rel=0.03), "the sphere itself"


def testAThresholdThroughARegistration():
    """The image moved and turned by its registration is found where it was moved to."""
    image, move = spect(), rotation(12, (8, -6, 5))
    center = (move @ [10, -5, -282, 1])[:3]
    found = thresholdInSphere(image, CT, center, 40.0, fractionOfMaximum=0.55, gridToImage=np.linalg.inv(move))
    assert np.abs(centerOf(found.mask) - center).max() < 1.5
    assert found.volumeML == pytest.approx(np.count_nonzero(image.array > 5e5) * image.voxelVolumeML, rel=0.03)


@pytest.mark.parametrize("options, words", [
    ({}, "percentage of the maximum or"), ({"fractionOfMaximum": 0.5, "threshold": 1.0}, "percentage of the maximum"),
    ({"fractionOfMaximum": 0.0}, "above 0 and up to 100"), ({"fractionOfMaximum": 1.5}, "above 0 and up to 100"),
    ({"threshold": -1.0}, "above zero"), ({"threshold": 5e6}, "Nothing in the sphere reaches 5e.06 Bq/mL"),
    ({"threshold": 1.0, "radiusMM": 0.0}, "radius"), ({"threshold": 1.0, "radiusMM": 1e4}, "radius"),
    ({"threshold": 1.0, "centerRAS": (900, 0, 0)}, "point lies outside the image")])
def testThresholdsThatCannotBeAreRefused(options, words):
    given = {"centerRAS": (10, -5, -282), "radiusMM": 30.0, **options}
    with pytest.raises(InputError, match=words):
        thresholdInSphere(spect(), CT, **given)


def testColdAndBrokenImagesAreRefused():
    with pytest.raises(InputError, match="no activity in the sphere"):
        thresholdInSphere(spect(0, 0), CT, (10, -5, -282), 30.0, 0.5)
    image = spect()
    image.array[24, 15, 17] = np.nan
    with pytest.raises(InputError, match="without a valid number"):
        thresholdInSphere(image, CT, (10, -5, -282), 30.0, 0.5)


def testAMaskOnItsOwnGridIsTheSameMask():
    mask = sphereOfVolume(CT, (0, 0, -280), 8.0)
    same, outside = maskOnGrid(mask, CT)
    assert outside == 0.0 and np.count_nonzero(same.array) == np.count_nonzero(mask.array)
    assert np.abs(centerOf(same) - centerOf(mask)).max() < 1e-9


@pytest.mark.parametrize("wanted, tolerance", [(2.5, 0.06), (18.0, 0.02), (150.0, 0.01)])
def testAMovedMaskKeepsItsVolumeAndPlace(wanted, tolerance):
    grid, move = Grid((100, 100, 50), np.diag([1.5, 1.5, 3.0, 1.0])), rotation(8, (3.1, -2.2, 1.4))
    mask = sphereOfVolume(grid, grid.center(), wanted)
    moved, outside = maskOnGrid(mask, grid, move)
    assert outside == 0.0
    assert volumeML(moved) == pytest.approx(volumeML(mask), rel=tolerance)
    error = np.abs(centerOf(moved) - (move @ [*centerOf(mask), 1.0])[:3])
    # whole voxels of 1.5 and 3 mm: a shift of half a slice cannot be followed to its end
    assert error[:2].max() < 0.1 and error[2] < 0.9


def testAMaskBeyondTheGridIsTold():
    mask = sphereOfVolume(CT, (0, 0, -280), 8.0)
    move = np.eye(4)
    move[0, 3] = 60.0
    cut, outside = maskOnGrid(mask, CT, move)
    assert 0.3 < outside < 0.7 and volumeML(cut) == pytest.approx((1 - outside) * 8.0, rel=0.1)
    move[0, 3] = 500.0
    with pytest.raises(InputError, match="lies outside the image"):
        maskOnGrid(mask, CT, move)
    with pytest.raises(InputError, match="empty"):
        maskOnGrid(mask.withArray(np.zeros_like(mask.array)), CT)

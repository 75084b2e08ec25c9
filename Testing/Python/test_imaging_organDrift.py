"""Centers of activity, effect of one voxel of shift, and two images in one, against what is known by construction."""

import numpy as np
import pytest

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.imaging import comparisonImage, organDrift
from MRTDosimetryLib.imaging.occupancy import occupancy
from MRTDosimetryLib.imaging.volume import Volume

SPACING = (4.0, 4.8, 5.2)
SHAPE = (40, 44, 48)


def matrixOf(flips=(1, 1, 1)):
    matrix = np.diag([*np.multiply(SPACING, flips), 1.0])
    matrix[:3, 3] = (-40.0, 25.0, 300.0)
    return matrix


def sphere(matrix, centerRAS, radiusMM):
    """About the fraction of each voxel inside a sphere: its surface crosses a voxel over some 5 mm."""
    k, j, i = np.indices(SHAPE, dtype=float)
    ras = np.tensordot(matrix, np.stack([i, j, k, np.ones(SHAPE)]), axes=1)[:3]
    distanceMM = np.sqrt(np.sum((ras - np.reshape(centerRAS, (3, 1, 1, 1))) ** 2, axis=0))
    return np.clip((radiusMM - distanceMM) / 5.0 + 0.5, 0.0, 1.0)


def scene(shiftMM=(0.0, 0.0, 0.0), background=0.15, flips=(1, 1, 1), neighbor=0.0):
    """An organ (label 1) beside another one (label 2), outlined at rest, its activity moved by ``shiftMM``."""
    matrix = matrixOf(flips)
    middle = (matrix @ [24, 22, 20, 1.0])[:3]
    other = middle + [52.0, 0.0, 0.0]
    organ = sphere(matrix, middle + np.array(shiftMM), 20.0)
    image = background + (1.0 - background) * organ
    image += neighbor * sphere(matrix, other + np.array(shiftMM), 18.0)
    labels = np.zeros(SHAPE, np.uint8)
    labels[sphere(matrix, middle, 20.0) >= 0.5] = 1
    labels[sphere(matrix, other, 18.0) >= 0.5] = 2
    spect = Volume(1e4 * image, matrix, "Bq/mL", "SPECT")
    return spect, occupancy(Volume(labels, matrix), spect), middle


@pytest.mark.parametrize("flips", [(1, 1, 1), (-1, -1, 1)])
@pytest.mark.parametrize("shiftMM", [(0, 0, 0), (3.0, -2.0, 1.0), (6.0, 5.0, -7.0), (0.0, 0.0, 11.0)])
def test_aMovedOrganIsFoundWhereItIs(shiftMM, flips):
    image, occupancies, middle = scene(shiftMM, flips=flips)
    still = organDrift.activityCenters(scene(flips=flips)[0], occupancies)
    assert still[1] == pytest.approx(middle, abs=0.2)
    found = organDrift.activityCenters(image, occupancies, {1: still[1]})
    assert found[1] - still[1] == pytest.approx(shiftMM, abs=0.4)


def test_aHotNeighborAndLessContrastDoNotPullTheCenter():
    shiftMM = np.array([4.0, 0.0, -4.0])
    still, occupancies, _middle = scene(neighbor=3.0)
    center = organDrift.activityCenters(still, occupancies)[1]
    later, _occupancies, _middle = scene(shiftMM, background=0.2, neighbor=3.0)
    found = organDrift.activityCenters(later, occupancies, {1: center})[1]
    assert found - center == pytest.approx(shiftMM, abs=0.8)


def test_aRegionLikeItsSurroundingsOrCutByTheImageHasNoCenter():
    image, occupancies, _middle = scene(background=0.9)
    assert organDrift.activityCenters(image, occupancies)[1] is None
    cut = image.withArray(image.array)
    grid = Volume(image.array[:18], image.ijkToRAS)
    labels = np.zeros(SHAPE, np.uint8)
    labels[occupancies[1].slices][occupancies[1].fraction > 0.5] = 1
    parts = occupancy(Volume(labels, image.ijkToRAS), grid)
    assert organDrift.activityCenters(cut.withArray(image.array[:18]), parts)[1] is None


def test_oneVoxelOfShiftAgainstSumsOverTheWholeImage():
    image, occupancies, _middle = scene((1.0, 2.0, 3.0), background=0.05)
    fraction = np.zeros(SHAPE)
    fraction[occupancies[1].slices] = occupancies[1].fraction
    unmoved = (image.array * fraction).sum()
    expected = max(abs((np.roll(image.array, step, axis) * fraction).sum() / unmoved - 1)
                   for axis in range(3) for step in (-1, 1))
    assert organDrift.oneVoxelChange(image, occupancies)[1] == pytest.approx(expected, rel=1e-5)


def test_beyondTheEdgeOfTheImageThereIsNoActivity():
    image = Volume(np.ones((3, 3, 3)), np.eye(4), "Bq/mL")
    whole = occupancy(image.withArray(np.ones((3, 3, 3), np.uint8)), image)
    assert organDrift.oneVoxelChange(image, whole)[1] == pytest.approx(1 / 3)
    nothing = image.withArray(np.zeros((3, 3, 3)))
    assert organDrift.oneVoxelChange(nothing, whole)[1] is None


def test_anotherImagesOccupancyIsRefused():
    image, occupancies, _middle = scene()
    with pytest.raises(InputError, match="another image"):
        organDrift.activityCenters(image.withArray(image.array[:15]), occupancies)


def pair(flips=(1, 1, 1), shape=(20, 30, 40)):
    matrix = np.diag([*np.multiply((2.0, 3.0, 4.0), flips), 1.0])
    return Volume(np.zeros(shape, np.int16), matrix), Volume(np.ones(shape, np.int16), matrix)


def test_checkerboardTilesAreCubesInTurns():
    first, second = pair()
    board = comparisonImage.checkerboard(first, second, 24.0).array
    assert board.dtype == np.int16 and set(np.unique(board)) == {0, 1}
    assert 0.4 < board.mean() < 0.6
    for axis, voxels in ((0, 6), (1, 8), (2, 12)):
        line = np.moveaxis(board, axis, 0).reshape(board.shape[axis], -1)[:, 0]
        turns = np.flatnonzero(np.diff(line))
        assert set(np.diff(turns)) <= {voxels}
    assert not first.array.any(), "the images themselves stay as they are"


@pytest.mark.parametrize("flip", [1, -1])
def test_swipeShowsTheReferenceOnTheLeftOfThePicture(flip):
    first, second = pair((flip, 1, 1))
    image = comparisonImage.swipe(first, second, 0.25)
    right = image.ijkToRAS[0, 0] * np.arange(40) + image.ijkToRAS[0, 3]
    order = np.argsort(-right)  # from the patient's right, the left side of the picture
    assert image.array[5, 7, order].tolist() == [0] * 10 + [1] * 30
    assert comparisonImage.swipe(first, second, 1.0).array.max() == 0
    assert comparisonImage.swipe(first, second, 0.0).array.min() == 1


def test_comparisonsOfOtherGridsAndImpossibleEdgesAreRefused():
    first, second = pair()
    with pytest.raises(InputError, match="same voxels"):
        comparisonImage.checkerboard(first, pair((-1, 1, 1))[1])
    with pytest.raises(InputError, match="edge"):
        comparisonImage.swipe(first, second, 1.2)
    with pytest.raises(InputError, match="tiles"):
        comparisonImage.checkerboard(first, second, 0.0)

"""Maps of voxel kinetics: known kinetics come back, the rest follows its region, and nothing is lost outside."""

import math

import numpy as np
import pytest
from imagingExamples import geometry, spheres

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.imaging.occupancy import occupancy
from MRTDosimetryLib.imaging.voxelKinetics import RegionKinetics, fitMaps, regionIndexMap
from MRTDosimetryLib.physics.kinetics.voxelwise import VoxelState

LN2 = math.log(2)
PHYSICAL = LN2 / 159.528
TIMES = np.array([4.0, 24.0, 96.0, 168.0])
WEIGHTS = [14.0, 46.0, 72.0, 108.0]
SHAPE = (12, 20, 24)


@pytest.fixture
def case():
    labels = spheres(SHAPE, geometry((5, 5, 5), (57.5, 47.5, -27.5)), [((25, 0, 0), 17), ((-25, 0, 0), 12)])
    index = regionIndexMap(list(occupancy(labels, labels).values()), SHAPE)
    halfLives = np.choose(index, [50.0, 90.0, 70.0])
    halfLives += np.random.default_rng(0).uniform(-10, 10, SHAPE)
    images = [(np.choose(index, [8.0, 20.0, 1.0]) * 2 ** (-time / halfLives)).astype(np.float32) for time in TIMES]
    kinetics = []
    for position in range(3):
        activities = tuple(float(image[index == position].sum()) for image in images)
        kinetics.append(RegionKinetics("monoExponential", 1000.0 * (position + 1), activities, 60.0))
    truth = np.choose(index, [8.0, 20.0, 1.0]) * halfLives / LN2
    return labels, index, images, kinetics, halfLives, truth


def test_regionIndexIsTheLabelOnTheSameGrid(case):
    labels, index = case[:2]
    assert np.array_equal(index, (labels.array.astype(int) - 1) % 3)


def test_noiseFreeMapsAreTheTruth(case):
    _labels, index, images, kinetics, halfLives, truth = case
    maps = fitMaps(TIMES, images, np.ones(SHAPE, bool), index, kinetics, PHYSICAL, WEIGHTS)
    assert np.abs(maps.timeIntegrated / truth - 1).max() < 1e-5
    assert np.abs(maps.effectiveHalfLifeHours / halfLives - 1).max() < 1e-5
    assert maps.relativeResidual.max() < 1e-5
    assert maps.replaced == [0, 0, 0] and sum(maps.voxels) == index.size
    assert maps.states[0] == {VoxelState.FITTED: maps.voxels[0]}


def test_unphysicalVoxelsAreCountedForTheirRegion(case):
    _labels, index, images, kinetics, _halfLives, _truth = case
    first, second = (tuple(np.argwhere(index == position)[0]) for position in (0, 1))
    for rise, image in enumerate(images, start=1):
        image[first] = rise
    images[2][second] = -1.0
    maps = fitMaps(TIMES, images, np.ones(SHAPE, bool), index, kinetics, PHYSICAL, WEIGHTS)
    assert maps.replaced == [1, 1, 0]
    assert maps.states[0][VoxelState.RISING] == 1 and maps.states[1][VoxelState.NEGATIVE] == 1
    own = np.dot(WEIGHTS, [1, 2, 3, 4])
    assert maps.timeIntegrated[first] == pytest.approx(own * 1000 / np.dot(WEIGHTS, kinetics[0].activities), rel=1e-5)
    assert maps.effectiveHalfLifeHours[first] == 60 and maps.relativeResidual[first] == 1


def test_outsideTheMaskTheActivityIsKept(case):
    _labels, index, images, kinetics, _halfLives, truth = case
    mask = index < 2
    maps = fitMaps(TIMES, images, mask, index, kinetics, PHYSICAL, WEIGHTS)
    assert np.abs(maps.timeIntegrated[mask] / truth[mask] - 1).max() < 1e-5
    assert maps.timeIntegrated[~mask].sum(dtype=float) == pytest.approx(3000.0, rel=1e-5)
    assert not maps.effectiveHalfLifeHours[~mask].any() and not maps.relativeResidual[~mask].any()
    assert maps.voxels[2] == 0


def test_whereAScanDoesNotReachTheOthersCount(case):
    _labels, index, images, kinetics, _halfLives, _truth = case
    images[3][:4] = np.nan
    maps = fitMaps(TIMES, images, np.ones(SHAPE, bool), index, kinetics, PHYSICAL, WEIGHTS)
    assert sum(maps.replaced) == np.prod((4, *SHAPE[1:]))
    assert all(np.isfinite(item).all() for item in (maps.timeIntegrated, maps.effectiveHalfLifeHours))
    place = (0, 0, 0)
    own = sum(weight * image[place] for weight, image in zip(WEIGHTS[:3], images[:3], strict=True))
    assert maps.timeIntegrated[place] == pytest.approx(
        own * 3000.0 / np.dot(WEIGHTS[:3], kinetics[2].activities[:3]), rel=1e-5)


def test_everyRegionTakesItsOwnModel(case):
    _labels, index, images, kinetics, _halfLives, truth = case
    kinetics[1] = RegionKinetics("trapezoid", 2000.0, kinetics[1].activities, 90.0)
    maps = fitMaps(TIMES, images, np.ones(SHAPE, bool), index, kinetics, PHYSICAL, WEIGHTS)
    assert np.abs(maps.timeIntegrated / truth - 1)[index != 1].max() < 1e-5
    error = (maps.timeIntegrated / truth - 1)[index == 1]
    assert error.min() > 0.001 and error.max() < 0.1  # straight lines lie above a falling exponential


def test_otherGridIsRefused(case):
    _labels, index, images, kinetics, _halfLives, _truth = case
    with pytest.raises(InputError):
        fitMaps(TIMES, images[:3], np.ones(SHAPE, bool), index, kinetics, PHYSICAL, WEIGHTS)
    with pytest.raises(InputError):
        fitMaps(TIMES, images, np.ones((2, 2, 2), bool), index, kinetics, PHYSICAL, WEIGHTS)

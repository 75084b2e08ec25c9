"""Spread time-integrated activity sums to the value of each region."""

import numpy as np
import pytest
from imagingExamples import geometry, spheres

from MRTDosimetryLib.errors import CalculationError, InputError
from MRTDosimetryLib.imaging.grid import Grid
from MRTDosimetryLib.imaging.occupancy import fractionImage, occupancy
from MRTDosimetryLib.imaging.spread import registeredMean, spreadTimeIntegratedActivity
from MRTDosimetryLib.imaging.volume import Volume

GRID = Grid((24, 24, 20), geometry((4.8, 4.8, 4.8), (55.0, 55.0, -46.0)))


@pytest.fixture(scope="module")
def regions():
    labels = spheres((48, 60, 60), geometry((2, 2, 2), (60, 60, -48)), [((20, 0, 0), 15.0), ((-15, 10, 5), 20.0)])
    return occupancy(labels, GRID)


def test_sumsAreThoseOfTheRegions(regions):
    rng = np.random.default_rng(0)
    distribution = rng.uniform(1, 5, GRID.shape)
    only = spreadTimeIntegratedActivity({1: 1200.0, 2: 300.0}, regions, distribution)
    assert only.sum() == pytest.approx(1500.0, rel=1e-12)
    first = spreadTimeIntegratedActivity({1: 1200.0, 2: 0.0}, regions, distribution)
    assert first.sum() == pytest.approx(1200.0, rel=1e-12)
    assert not first[fractionImage(regions[1], GRID) == 0].any()
    everything = spreadTimeIntegratedActivity({1: 1200.0, 2: 300.0}, regions, distribution, 5000.0)
    rest = everything - only
    assert rest.sum() == pytest.approx(5000.0, rel=1e-9)
    whole = fractionImage(regions[1], GRID) + fractionImage(regions[2], GRID) >= 1.0
    assert np.abs(rest[whole]).max() < 1e-9


def test_sharesFollowTheDistribution(regions):
    distribution = np.ones(GRID.shape)
    distribution[:, :, :12] = 3.0
    spread = spreadTimeIntegratedActivity({2: 100.0}, regions, distribution)
    whole = fractionImage(regions[2], GRID) == 1.0
    left, right = spread[:, :, :12][whole[:, :, :12]], spread[:, :, 12:][whole[:, :, 12:]]
    if left.size and right.size:
        assert left.mean() / right.mean() == pytest.approx(3.0)
    assert spread[whole].min() > 0.0
    negative = distribution.copy()
    negative[whole] = np.where(np.arange(whole.sum()) % 2, negative[whole], -5.0)
    again = spreadTimeIntegratedActivity({2: 100.0}, regions, negative)
    assert again.min() == 0.0 and again.sum() == pytest.approx(100.0)


def test_refusals(regions):
    nothing = np.zeros(GRID.shape)
    with pytest.raises(CalculationError, match="region 1"):
        spreadTimeIntegratedActivity({1: 10.0}, regions, nothing)
    assert not spreadTimeIntegratedActivity({1: 0.0}, regions, nothing).any()
    with pytest.raises(CalculationError, match="remainder"):
        spreadTimeIntegratedActivity({}, regions, nothing, 10.0)
    for values, distribution, words in (({9: 1.0}, nothing + 1, "Region 9"), ({1: -1.0}, nothing + 1, "-1"),
                                        ({1: np.nan}, nothing + 1, "nan"), ({1: 1.0}, nothing * np.nan, "NaN"),
                                        ({1: 1.0}, np.ones((3, 3, 3)), "another image")):
        with pytest.raises(InputError, match=words):
            spreadTimeIntegratedActivity(values, regions, distribution)


def test_meanOfRegisteredImages():
    one, two = Volume(np.full((2, 2, 2), 2.0)), Volume(np.full((2, 2, 2), 6.0))
    assert np.all(registeredMean([one, two]) == 4.0)
    assert np.all(registeredMean([one, two], [3, 1]) == 3.0)
    covered = np.ones((2, 2, 2))
    covered[0] = 0.0
    mean = registeredMean([one, two], None, [None, covered])
    assert np.all(mean[0] == 2.0) and np.all(mean[1] == 4.0)
    assert not registeredMean([one], None, [np.zeros((2, 2, 2))]).any()
    for arguments in (([],), ([one, two], [1]), ([one], [-1]), ([one], [0]), ([one, Volume(np.ones((3, 3, 3)))],)):
        with pytest.raises(InputError):
            registeredMean(*arguments)

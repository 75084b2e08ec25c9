"""What is a time-activity curve, and when it rises against decay."""

import math

import pytest

from MRTDosimetryLib.errors import FaultList, InputError
from MRTDosimetryLib.physics.kinetics.curve import TimeActivityCurve, risesAgainstDecay
from MRTDosimetryLib.physics.nuclides import nuclide

RATE = nuclide("Lu-177").decayConstantPerHour


@pytest.mark.parametrize(("times", "activities", "sigmas", "words"), [
    ([], [], None, "no points"),
    ([4, 24], [1], None, "2 times, 1 activities"),
    ([4, 24], [1, 1], [1], "1 uncertainties"),
    ([24, 4], [1, 1], None, "out of order"),
    ([24, 24], [1, 1], None, "same time"),
    ([0, 24], [1, 1], None, "after administration"),
    ([-4, 24], [1, 1], None, "after administration"),
    ([4, math.nan], [1, 1], None, "not a finite number"),
    ([4, 24], [1, -1], None, "cannot be negative"),
    ([4, 24], [1, math.inf], None, "not a finite number"),
    ([4, 24], [0, 0], None, "zero at every time"),
    ([4, 24], [1, 1], [0.1, 0], "uncertainty at 24 h is 0"),
    ([4, 24], [1, 1], [0.1, math.nan], "above zero"),
    ([4, 24], ["a", 1], None, "not all numbers"),
    ([[4, 24]], [1, 1], None, "not a list"),
])
def test_impossibleCurves(times, activities, sigmas, words):
    with pytest.raises(InputError, match=words):
        TimeActivityCurve(times, activities, sigmas)


def test_allFaultsAtOnce():
    with pytest.raises(FaultList) as caught:
        TimeActivityCurve([24, 4], [-1, 2])
    assert len(caught.value.faults) == 2


def decayed(times, excess):
    return [100 * math.exp(-RATE * time) * factor for time, factor in zip(times, excess, strict=True)]


def test_physicalDecayDoesNotRise():
    assert risesAgainstDecay(TimeActivityCurve([24, 96, 168], decayed([24, 96, 168], [1, 1, 1])), RATE) == []


def test_lateRiseIsFound():
    curve = TimeActivityCurve([4, 24, 96, 168], decayed([4, 24, 96, 168], [0.5, 1.0, 0.9, 1.0]))
    rises = risesAgainstDecay(curve, RATE)
    assert [(rise.fromHours, rise.toHours) for rise in rises] == [(96, 168)]
    assert rises[0].ratio == pytest.approx(1 / 0.9)
    assert "physically impossible without new uptake" in str(rises[0])


def test_earlyUptakeIsNoFaultButInATotalItIs():
    curve = TimeActivityCurve([4, 24, 96], decayed([4, 24, 96], [0.5, 1.0, 0.8]))
    assert risesAgainstDecay(curve, RATE) == []
    assert len(risesAgainstDecay(curve, RATE, fromHours=0.0)) == 1


def test_knownUncertaintyWidensTheTolerance():
    activities = decayed([24, 96], [1.0, 1.2])
    assert risesAgainstDecay(TimeActivityCurve([24, 96], activities), RATE)
    wide = [0.15 * value for value in activities]
    assert risesAgainstDecay(TimeActivityCurve([24, 96], activities, wide), RATE) == []


def test_riseFromZero():
    rises = risesAgainstDecay(TimeActivityCurve([24, 96], [0, 5]), RATE)
    assert len(rises) == 1 and "from zero" in str(rises[0])

"""Activity and cycles under a limit, against worked examples, closed forms and independent simulation."""

import math

import numpy as np
import pytest
from scipy import optimize, stats

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.physics.courseLimits import MOST_CYCLES, Course, Part
from MRTDosimetryLib.physics.radiobiology import leaCatchesideFactor

LN2 = math.log(2)
Q = leaCatchesideFactor([(1.0, LN2 / 50)], 2.8) / 2.6


def test_workedExampleInAbsorbedDose():
    """T7: 0.55 Gy/GBq, 2 x 7.4 GBq given, limit 23 Gy -> 14.86 Gy left, 27.018 GBq."""
    course = Course([Part(4.07), Part(4.07)], Part(0.55), samples=None)
    assert course.limitLeftGy(23.0)[0] == pytest.approx(14.86, abs=1e-9)
    assert course.activityGBq(23.0, None) == pytest.approx(27.018, abs=5e-4)
    assert course.remainingCycles(23.0, 7.4, None) == (pytest.approx(14.86 / 4.07), 3)


def test_workedExampleInBED():
    """T7: 7.4 GBq -> 4.07 Gy, BED 4.4079 Gy; 6.35 cycles to 28 Gy and 9.07 to 40 Gy."""
    assert Part(4.07, quadraticPerGy=Q).effectGy == pytest.approx(4.4079, abs=5e-5)
    course = Course([], Part(0.55, quadraticPerGy=Q), samples=None)
    assert course.remainingCycles(28.0, 7.4, None) == (pytest.approx(6.35, abs=5e-3), 6)
    assert course.remainingCycles(40.0, 7.4, None) == (pytest.approx(9.07, abs=5e-3), 9)
    activity = course.activityGBq(28.0, None, cycles=4)
    assert 4 * Part(0.55 * activity, quadraticPerGy=Q).effectGy == pytest.approx(28.0)


def closedForm(limit, given, coefficient, relative, probability):
    """All cycles share one log-normal factor of mean 1: A = (L / f(1 - p) - given) / c."""
    spread = math.sqrt(math.log1p(relative ** 2))
    return (limit / math.exp(spread * stats.norm.ppf(1 - probability) - spread ** 2 / 2) - given) / coefficient


@pytest.mark.parametrize("probability", [0.01, 0.05, 0.2, 0.5])
def test_probabilityInAbsorbedDoseIsTheClosedForm(probability):
    course = Course([Part(4.07, 0.13), Part(4.07, 0.13)], Part(0.55, 0.13))
    found = course.activityGBq(23.0, probability)
    assert found == pytest.approx(closedForm(23.0, 8.14, 0.55, 0.13, probability), rel=2e-4)
    assert course.passingProbability(23.0, found, 1) == pytest.approx(probability, abs=2e-5)
    # the same total in three equal cycles, which share the common part
    assert course.activityGBq(23.0, probability, cycles=3) == pytest.approx(found / 3)


def test_probabilityInBEDIsTheClosedForm():
    """One common factor: the quantile of the factor gives that of the BED."""
    course = Course([Part(4.07, 0.15, 0.0, Q)], Part(0.55, 0.15, 0.0, Q))
    spread = math.sqrt(math.log1p(0.15 ** 2))
    factor = math.exp(spread * stats.norm.ppf(0.95) - spread ** 2 / 2)

    def total(activity):
        return sum(factor * d + Q * (factor * d) ** 2 for d in (4.07, 0.55 * activity, 0.55 * activity)) - 28.0

    assert course.activityGBq(28.0, 0.05, cycles=2) == pytest.approx(optimize.brentq(total, 0, 100), rel=2e-4)


def test_variationFromCycleToCycleByIndependentSimulation():
    """Drawn anew with another generator: the stated share of courses passes the limit."""
    course = Course([Part(4.0, 0.1, 0.0, Q), Part(5.0, 0.1, 0.2, Q)], Part(0.55, 0.1, 0.2, Q), 0.15)
    activity = course.activityGBq(28.0, 0.05, cycles=2)
    random = np.random.default_rng(99)
    count = 400000

    def factor(relative):
        spread = math.sqrt(math.log1p(relative ** 2))
        return random.lognormal(-spread ** 2 / 2, spread, count)

    common, inverse = factor(0.1), 1 / factor(0.15)
    total = np.zeros(count)
    for best, variation in ((4.0, 0.0), (5.0, 0.2), (0.55 * activity, 0.2), (0.55 * activity, 0.2)):
        dose = best * common * factor(variation)
        total += dose + Q * inverse * dose ** 2
    # standard error of the simulation 3.4e-4, that of the calculation 1e-3
    assert np.mean(total > 28.0) == pytest.approx(0.05, abs=0.004)
    assert course.passingProbability(28.0, activity, 2) == pytest.approx(0.05, abs=1e-3)


def test_independentVariationAveragesOut():
    """The same spread in every cycle hurts more when the cycles have it in common."""
    common = Course([], Part(0.55, 0.2)).activityGBq(23.0, 0.05, cycles=5)
    apart = Course([], Part(0.55, 0.0, 0.2)).activityGBq(23.0, 0.05, cycles=5)
    none = Course([], Part(0.55)).activityGBq(23.0, 0.05, cycles=5)
    assert common < apart < none == pytest.approx(23 / 0.55 / 5)


def test_remainingCyclesAtAProbability():
    course = Course([Part(4.07, 0.13)] * 2, Part(0.55, 0.13))
    real, whole = course.remainingCycles(23.0, 7.4, 0.05)
    assert real == pytest.approx(closedForm(23.0, 8.14, 4.07, 0.13, 0.05), rel=2e-4)
    assert whole == int(real) == 2 < 14.86 / 4.07
    assert course.passingProbability(23.0, 7.4, 2) <= 0.05 < course.passingProbability(23.0, 7.4, 3)


def test_nothingIsLeftOfAPassedLimit():
    course = Course([Part(24.0, 0.1)], Part(0.55, 0.1))
    assert course.activityGBq(23.0, 0.05) == 0.0
    assert course.remainingCycles(23.0, 7.4, 0.05) == (0.0, 0)
    assert course.passingProbability(23.0, 0.0, 1) > 0.5
    # below the limit, but not with the probability wanted
    near = Course([Part(22.0, 0.1)], Part(0.55, 0.1))
    assert near.activityGBq(23.0, 0.05) == 0.0 and Course([Part(22.0)], Part(0.55), samples=None).activityGBq(
        23.0, None) > 0


def test_exactlyOnTheLimitIsNotPassed():
    assert Course([], Part(1.0), samples=None).remainingCycles(21.0, 7.0, None) == (pytest.approx(3.0), 3)


def test_manyCyclesEnd():
    assert Course([], Part(1e-6), samples=None).remainingCycles(23.0, 1.0, None) == (MOST_CYCLES, MOST_CYCLES)


@pytest.mark.parametrize("call", [
    lambda: Part(-1.0), lambda: Part(1.0, math.nan), lambda: Part(1.0, 0.1, -0.1), lambda: Course([], Part(0.0)),
    lambda: Course([], Part(1.0), alphaBetaUncertainty=1.5)])
def test_refusals(call):
    with pytest.raises(InputError):
        call()

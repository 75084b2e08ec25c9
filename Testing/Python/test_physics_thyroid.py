"""Radioiodine uptake of the thyroid: probe, two compartments, late uptake, activity and mass.

Numbers without another source are those of a worked example: kT = ln 2 / 5.5 d, kB = ln 2 / 0.25 d, kt = 1.5 /d.
"""

import math

import numpy as np
import pytest

from MRTDosimetryLib.errors import CalculationError, InputError
from MRTDosimetryLib.physics import thyroidActivity as activity
from MRTDosimetryLib.physics.nuclides import nuclide
from MRTDosimetryLib.physics.thyroidKinetics import StatedHalfLife, fitUptakes, twoCompartmentUptake
from MRTDosimetryLib.physics.thyroidLateUptake import lateUptake, lateUptakeWithoutHalfLife
from MRTDosimetryLib.physics.thyroidUptake import (
    Counting,
    DeadTime,
    decayCorrectedToPresent,
    uptakeFromCounts,
    uptakeOf131Iodine,
)

LN2 = math.log(2)
IODINE = nuclide("I-131")
RATE = IODINE.decayConstantPerHour
KT, KB, UPTAKE_RATE = LN2 / 5.5, LN2 / 0.25, 1.5
INTEGRAL = 4.29282
POOL, HALF_LIFE = StatedHalfLife(6.0), StatedHalfLife(132.0)


def truth(*timesHours):
    return twoCompartmentUptake(np.array(timesHours, float), UPTAKE_RATE, KT, KB)


# kinetics

def test_workedExampleOfTwoCompartments():
    assert truth(6, 24, 48, 120, 192) == pytest.approx([0.26581, 0.46424, 0.43828, 0.30182, 0.20680], abs=5e-6)
    found = fitUptakes([6, 24, 120], truth(6, 24, 120), None, RATE)
    assert found.integralD == pytest.approx(INTEGRAL, abs=5e-6)
    time, fraction = found.maximum
    assert (time / 24, fraction) == (pytest.approx(1.16795, abs=5e-6), pytest.approx(0.46696, abs=5e-6))
    assert found.extrapolatedUptake == pytest.approx(0.5668, abs=5e-5)
    assert (found.uptakeRatePerDay, found.lossRatePerDay, found.poolLossRatePerDay) == pytest.approx(
        (UPTAKE_RATE, KT, KB), rel=1e-6)
    assert found.uncertaintyD is None and any("as many uptakes as parameters" in text for text in found.warnings)


@pytest.mark.parametrize(("held", "times"), [
    ({"pool": POOL}, (48, 120)), ({"halfLife": HALF_LIFE}, (6, 24)), ({"halfLife": HALF_LIFE, "pool": POOL}, (6, 24)),
    ({"halfLife": HALF_LIFE, "pool": POOL}, (48, 120)), ({}, (5, 24, 48, 120, 168))])
def test_truthIsRecovered(held, times):
    values = truth(*times)
    found = fitUptakes(times, values, 0.05 * values, RATE, **held)
    assert found.integralD == pytest.approx(INTEGRAL, abs=5e-6)
    assert found.effectiveHalfLifeHours == pytest.approx(132)


def test_measuredCountsMoreThanStated():
    values = truth(5, 36, 156)
    found = fitUptakes([5, 36, 156], values, 0.05 * values, RATE, StatedHalfLife(60.0, 5.0), StatedHalfLife(1.0, 0.2))
    assert found.integralD == pytest.approx(INTEGRAL, abs=5e-6) and found.isHalfLifeMeasured and found.isPoolMeasured
    assert sum("is not used: it is fitted" in text for text in found.warnings) == 2
    assert found.uncertaintyD / found.integralD == pytest.approx(0.0740, abs=5e-4)


def test_twoLateUptakesHoldThePoolAndMeasureTheHalfLife():
    values = truth(48, 120)
    found = fitUptakes([48, 120], values, 0.05 * values, RATE, HALF_LIFE, POOL)
    assert found.isHalfLifeMeasured and not found.isPoolMeasured
    early = fitUptakes([6, 24], truth(6, 24), None, RATE, HALF_LIFE, POOL)
    assert not early.isHalfLifeMeasured and early.isPoolMeasured


def test_spreadOfAHeldHalfLifeIsCarried():
    """Against refits at drawn half-lives of the iodide pool."""
    times, values = [24, 120], truth(24, 120)
    without = fitUptakes(times, values, 0.02 * values, RATE, pool=POOL)
    found = fitUptakes(times, values, 0.02 * values, RATE, pool=StatedHalfLife(6.0, 2.0, "test"))
    assert any("spread of the stated half-life of the iodide pool is not given" in text for text in without.warnings)
    sigma = math.sqrt(math.log1p(1 / 9))
    drawn = 6 * np.exp(sigma * np.random.default_rng(3).standard_normal(300))
    areas = np.array([fitUptakes(times, values, 0.02 * values, RATE, pool=StatedHalfLife(float(hours))).integralD
                      for hours in drawn])
    spread = math.sqrt(np.mean((areas - found.integralD) ** 2))
    assert math.sqrt(found.uncertaintyD ** 2 - without.uncertaintyD ** 2) == pytest.approx(spread, rel=0.25)


def test_twoUptakesWithoutAnythingStated():
    found = fitUptakes([48, 120], truth(48, 120), None, RATE)
    assert found.method == "monoExponential" and found.integralD > INTEGRAL
    assert any("makes the integral too large" in text for text in found.warnings)
    with pytest.raises(CalculationError, match="still rises between 6 h and 24 h"):
        fitUptakes([6, 24], truth(6, 24), None, RATE)
    with pytest.raises(InputError, match="at least two uptakes"):
        fitUptakes([120], truth(120), None, RATE)


def test_slowerThanPhysicalDecayIsHeldAndSaid():
    values = truth(5, 36, 156) * np.exp(RATE * np.array([5, 36, 156]))  # corrected for decay by mistake
    found = fitUptakes([5, 36, 156], values, 0.03 * values, RATE)
    assert found.effectiveHalfLifeHours == pytest.approx(IODINE.halfLifeHours, rel=1e-6)
    assert any("corrected for decay" in text for text in found.warnings)


def test_poorlyDeterminedFitIsSaid():
    values = truth(6, 24, 30)
    found = fitUptakes([6, 24, 30], values, 0.1 * values, RATE)
    assert any("poorly determined" in text for text in found.warnings)


@pytest.mark.parametrize("times", [(5, 36, 156), (5, 24, 48, 120, 168)])
def test_coverageOfTheFit(times):
    """The 95 % interval holds the truth in 92 to 98 of 100 simulations of 5 % noise (400 of them: 3 SD are 3.3)."""
    random, inside = np.random.default_rng(7), 0
    values = truth(*times)
    for _ in range(400):
        noisy = values * (1 + 0.05 * random.standard_normal(values.size))
        found = fitUptakes(times, noisy, 0.05 * values, RATE)
        inside += found.interval95D[0] <= INTEGRAL <= found.interval95D[1]
    assert 0.917 <= inside / 400 <= 0.983


def test_workedExampleOfALateUptake():
    assert lateUptake(120, truth(120)[0], None, RATE, HALF_LIFE).integralD == pytest.approx(4.4972, abs=5e-5)
    assert lateUptakeWithoutHalfLife(120, truth(120)[0], None, (96, 180)).integralD == pytest.approx(4.1021, abs=5e-5)
    withPool = lateUptake(120, truth(120)[0], None, RATE, HALF_LIFE, POOL)
    assert withPool.integralD == pytest.approx(INTEGRAL, abs=5e-6)
    assert withPool.uptakeRatePerDay == pytest.approx(UPTAKE_RATE)
    assert withPool.evaluate(np.array([24.0]))[0] == pytest.approx(0.46424, abs=5e-6)


@pytest.mark.parametrize(("days", "ratio"), [(4, 0.990), (5, 0.942), (5.5, 0.912), (6.5, 0.850), (7.5, 0.791)])
def test_formWithoutAHalfLifeAgainstOneExponential(days, ratio):
    form = lateUptakeWithoutHalfLife(120, 0.3, None, (96, 180)).integralD
    exponential = lateUptake(120, 0.3, None, RATE, StatedHalfLife(24.0 * days)).integralD
    assert form / exponential == pytest.approx(ratio, abs=5e-4)


def test_formWithoutAHalfLifeIsExactAtItsOwn():
    exact = lateUptake(120, 0.3, None, RATE, StatedHalfLife(120 * LN2)).integralD
    found = lateUptakeWithoutHalfLife(120, 0.3, 0.01, (96, 180))
    assert found.integralD == pytest.approx(exact, rel=1e-12)
    low, high = found.interval95D
    assert low < found.integralD < high and found.effectiveHalfLifeHours is None and found.evaluate is None


def test_coverageOfALateUptake():
    random, inside = np.random.default_rng(11), 0
    sigma = math.sqrt(math.log1p(0.15 ** 2))
    for _ in range(2000):
        hours = 110 * math.exp(sigma * random.standard_normal())
        area = 0.3 * 2 ** (120 / hours) * hours / LN2 / 24
        found = lateUptake(120, 0.3 * (1 + 0.05 * random.standard_normal()), 0.015, RATE, StatedHalfLife(110, 16.5))
        inside += found.interval95D[0] <= area <= found.interval95D[1]
    assert 0.93 <= inside / 2000 <= 0.975


def test_lateUptakeRefusals():
    with pytest.raises(InputError, match="8.333 d is above the physical one of 8.021 d"):
        lateUptake(120, 0.3, None, RATE, StatedHalfLife(200.0))
    with pytest.raises(InputError, match="iodide pool, 140 h, is not below"):
        lateUptake(120, 0.3, None, RATE, HALF_LIFE, StatedHalfLife(140.0))
    found = lateUptake(120, 0.6, None, RATE, HALF_LIFE)
    assert any("more than all that was administered" in text for text in found.warnings)


# probe

def probe(seconds=None, neck=20150, thigh=150, standard=50120, room=120):
    return [Counting(counts, seconds) for counts in (neck, thigh, standard, room)]


def test_uptakeIsTheRatioOfNetCounts():
    found = uptakeFromCounts(24, *probe(), IODINE.halfLifeHours)
    assert found.fraction == pytest.approx(0.4)
    assert found.uncertainty == pytest.approx(0.4 * math.sqrt(20300) / 20000)
    assert found.standardRelative == pytest.approx(math.sqrt(50240) / 50000)
    double = uptakeFromCounts(24, Counting(40300, 120), Counting(150, 60), Counting(50120, 60), Counting(240, 120),
                              IODINE.halfLifeHours)
    assert double.fraction == pytest.approx(0.4)


def test_standardCountedLaterShowsLess():
    """At one physical half-life the standard has half its activity: the same counts are half the uptake."""
    at = uptakeFromCounts(IODINE.halfLifeHours, *probe(), IODINE.halfLifeHours)
    along = uptakeFromCounts(IODINE.halfLifeHours, *probe(), IODINE.halfLifeHours, IODINE.halfLifeHours)
    assert along.fraction == pytest.approx(at.fraction / 2)
    tenth = uptakeFromCounts(24, *probe(), IODINE.halfLifeHours, standardActivityFraction=0.1)
    assert tenth.fraction == pytest.approx(0.04)


def test_uptakeOfCountsThroughTheWholeChain():
    """123I administered, standard counted along: neck and standard as both decay, uptake as 131I would show it."""
    tracer, time = nuclide("I-123"), 24.0
    decay = 2 ** (-time / tracer.halfLifeHours)
    retained = 0.46424 * math.exp(RATE * time)  # corrected for decay, the same for all iodine
    counts = [Counting(value) for value in (1e6 * retained * decay + 300, 300, 1e6 * decay + 100, 100)]
    found = uptakeFromCounts(time, *counts, tracer.halfLifeHours, time)
    assert uptakeOf131Iodine(found.fraction, time, tracer.halfLifeHours, IODINE.halfLifeHours) == pytest.approx(0.46424)
    assert decayCorrectedToPresent(retained, time, IODINE.halfLifeHours) == pytest.approx(0.46424)


def test_deadTimeRaisesTheFasterOfTheTwo():
    plain = uptakeFromCounts(24, *probe(1.0), IODINE.halfLifeHours)
    found = uptakeFromCounts(24, *probe(1.0), IODINE.halfLifeHours, deadTime=DeadTime(4.0, "nonParalyzable"))
    neck, standard = 20150 / (1 - 20150 * 4e-6), 50120 / (1 - 50120 * 4e-6)
    assert found.fraction == pytest.approx((neck - 150) / (standard - 120)) and found.fraction < plain.fraction
    warned = uptakeFromCounts(24, *probe(1.0), IODINE.halfLifeHours, deadTime=DeadTime(6.0, "nonParalyzable"))
    assert any("30% of the events of the standard" in text for text in warned.warnings)


def test_countingStatisticsAgainstSimulation():
    random = np.random.default_rng(5)
    neck, thigh, standard, room = (random.poisson(mean, 20000) for mean in (2150, 150, 5120, 120))
    ratios = (neck - thigh) / (standard - room)
    found = uptakeFromCounts(24, *probe(None, 2150, 150, 5120, 120), IODINE.halfLifeHours)
    total = math.hypot(found.uncertainty, found.standardRelative * found.fraction)
    assert total == pytest.approx(ratios.std(), rel=0.03)


@pytest.mark.parametrize(("countings", "options", "words"), [
    (probe(neck=150, thigh=20150), {}, "neck are not above those of the background"),
    (probe(standard=100), {}, "standard are not above those of the room.*decayed"),
    (probe(neck=60000), {}, "more than all that was administered"),
    ([Counting(20150, 60), Counting(150, 60), Counting(50120), Counting(120)], {}, "not for standard, room"),
    (probe(), {"deadTime": DeadTime(5.0, "paralyzable")}, "no counting times"),
    (probe(0.1), {"deadTime": DeadTime(6.0, "paralyzable")}, "can show")])
def test_countsThatGiveNoUptake(countings, options, words):
    with pytest.raises(InputError, match=words):
        uptakeFromCounts(24, *countings, IODINE.halfLifeHours, **options)


def test_countsWithinBackgroundAreSaid():
    found = uptakeFromCounts(24, *probe(neck=160), IODINE.halfLifeHours)
    assert any("neck are not distinguishable from background" in text for text in found.warnings)


# activity and mass

def test_energyConstants():
    constants = activity.energyConstants()
    assert constants["classic"].valueGyGPerMBqD == pytest.approx(2.8063, abs=5e-5)
    assert constants["classic"].energyMeV == pytest.approx(0.2027, abs=5e-5)
    assert 1 / constants["classic"].valueGyGPerMBqD == pytest.approx(0.35635, abs=5e-6)
    assert constants["electrons"].valueGyGPerMBqD == pytest.approx(2.6557, abs=5e-5)
    ratio = constants["classic"].valueGyGPerMBqD / constants["electrons"].valueGyGPerMBqD
    assert (1 - 1 / ratio, ratio - 1) == (pytest.approx(0.054, abs=5e-4), pytest.approx(0.057, abs=5e-4))
    assert constants["electrons"].isVerified and not constants["classic"].isVerified
    assert activity.energyConstant("user", 2.75, "own").valueGyGPerMBqD == 2.75
    with pytest.raises(InputError, match="is no energy constant"):
        activity.energyConstant("24.7")
    with pytest.raises(InputError, match="own energy constant is not given"):
        activity.energyConstant("user")


def test_workedExampleOfTheActivity():
    constants = activity.energyConstants()
    classic = constants["classic"]
    area = float(UPTAKE_RATE / (KB * KT))
    assert activity.activityMBq(200, 20, area, classic) == pytest.approx(332.04, abs=5e-3)
    assert activity.activityMBq(200, 20, area, constants["electrons"]) == pytest.approx(350.86, abs=5e-3)
    extrapolated = activity.marinelliIntegralD(UPTAKE_RATE / (KB - KT), 132)
    assert activity.activityMBq(200, 20, extrapolated, classic) == pytest.approx(316.95, abs=5e-3)
    dayOne = activity.marinelliIntegralD(truth(24)[0], 132)
    assert activity.activityMBq(200, 20, dayOne, classic) == pytest.approx(386.95, abs=5e-3)
    # The classic form itself.
    formula = 24.7 * 20 * 200 / (46.423885 * 5.5)
    assert activity.activityMBq(200, 20, dayOne, classic) == pytest.approx(formula, rel=1e-6)


def test_massOfLobes():
    formulas = activity.lobeFormulas()
    lobe = activity.massOfAxes([(50, 20, 20)], formulas["ellipsoid"], 1.0, 2.0)
    assert lobe.massG == pytest.approx(math.pi / 6 * 20)
    assert lobe.relativeUncertainty == pytest.approx(math.sqrt(0.04 ** 2 + 2 * 0.1 ** 2))
    both = activity.massOfAxes([(50, 20, 20)] * 2, formulas["brunn1981"], 1.05, 2.0)
    assert both.massG == pytest.approx(2 * 0.479 * 20 * 1.05)
    assert both.relativeUncertainty == pytest.approx(lobe.relativeUncertainty / math.sqrt(2))


def test_budgetLeavesOutWhatIsNotKnown():
    budget = activity.Budget({"mass": 0.15, "uptake": 0.08, "common": None})
    assert budget.relative == pytest.approx(0.17) and not budget.isComplete
    low, high = budget.interval95(300)
    assert low * high == pytest.approx(300 ** 2)
    assert activity.Budget({"mass": None}).interval95(1.0) is None


@pytest.mark.parametrize(("mass", "area", "words"), [(0.0, 4.0, "mass .* is 0"), (20.0, float("nan"), "integral")])
def test_noActivityOfNothing(mass, area, words):
    with pytest.raises(InputError, match=words):
        activity.activityMBq(200, mass, area, activity.energyConstant("classic"))

"""Whole-body retention by an external monitor: worked example, uncertainty, coverage, bad input."""

import math

import numpy as np
import pytest

from MRTDosimetryLib.errors import CalculationError, FaultList, InputError
from MRTDosimetryLib.physics import wholeBody, wholeBodyDose, wholeBodyModels
from MRTDosimetryLib.physics.nuclides import nuclide
from MRTDosimetryLib.physics.wholeBody import Reading

IODINE = nuclide("I-131")
RATE = IODINE.decayConstantPerHour
# Clinical reference T2.
TIMES = [0.0, 4.0, 12.0, 24.0, 48.0, 72.0, 96.0]
FRACTIONS = [1.0, 0.80, 0.58, 0.40, 0.21, 0.115, 0.066]


def readings(fractions=FRACTIONS, times=TIMES, first=10000.0, background=5.0, seconds=None, ratio=1.5):
    """Anterior and posterior rates whose geometric mean follows the fractions."""
    return [Reading(time, first * fraction * ratio + background, first * fraction / ratio + background, background,
                    seconds) for time, fraction in zip(times, fractions, strict=True)]


def integral(**options):
    keys = {key: options.pop(key) for key in ("tail", "tailReadings") if key in options}
    return wholeBody.integrate(wholeBody.retention(readings(**options), RATE), RATE, **keys)


def test_theWorkedExample():
    result = integral()
    assert result.betweenH == pytest.approx(27.8523, abs=5e-5)
    assert result.tailEffectiveHalfLifeHours == pytest.approx(29.959, abs=5e-4)
    assert result.tailH == pytest.approx(2.8526, abs=5e-5)
    assert result.timeIntegratedActivityCoefficientH == pytest.approx(30.7049, abs=5e-5)
    assert result.tailPhysicalH == pytest.approx(18.329, abs=1e-3)
    trapezoid = np.trapezoid(FRACTIONS, TIMES)
    # The reference states the trapezoid without its tail.
    assert trapezoid == pytest.approx(28.392, abs=5e-4) and trapezoid > result.betweenH
    assert len(result.phases) == 6 and result.extrapolatedFraction == pytest.approx(2.8526 / 30.7049, rel=1e-4)
    assert integral(tail="physical").tailH == pytest.approx(18.329, abs=1e-3)


def test_theWorkedExampleInGray():
    result = integral()
    dose = wholeBodyDose.wholeBodyDoseCoefficient(result.timeIntegratedActivityCoefficientH, 1.0, 20.0, IODINE)
    assert 10.0 * dose.totalGyPerGBq == pytest.approx(2.6065, abs=5e-5)
    assert dose.uncertaintyGyPerGBq == pytest.approx(dose.totalGyPerGBq / 30.7049, rel=1e-4)
    activity, uncertainty = wholeBodyDose.nextActivityMBq(10000.0, 10.0 * dose.totalGyPerGBq, 4.0, 0.1)
    assert activity == pytest.approx(5346.0, abs=0.05)
    step = 1e-4
    slope = (wholeBodyDose.nextActivityMBq(10000.0, 2.6065 + step, 4.0)[0]
             - wholeBodyDose.nextActivityMBq(10000.0, 2.6065 - step, 4.0)[0]) / (2 * step)
    assert uncertainty == pytest.approx(0.1 * abs(slope), rel=1e-4)
    assert wholeBodyDose.nextActivityMBq(10000.0, 2.0, 4.0, 0.1, earlierGy=1.0) == pytest.approx((5000.0, 750.0))


@pytest.mark.parametrize(("massKg", "value"), [(10, 1.6073e-5), (20, 8.4890e-6), (30, 5.8435e-6), (50, 3.6505e-6),
                                               (70, 2.6777e-6)])
def test_wholeBodySValues(massKg, value):
    assert wholeBodyDose.wholeBodySValue(massKg, IODINE) == pytest.approx(value, rel=2e-5)


def test_withoutAnSValueNothingIsGuessed():
    lutetium = wholeBodyDose.wholeBodyDoseCoefficient(60.0, 1.0, 70.0, nuclide("Lu-177"))
    assert lutetium.totalGyPerGBq is None and lutetium.uncertaintyGyPerGBq is None
    assert lutetium.electronGyPerGBq == pytest.approx(60.0 * 0.08532 / 70.0, rel=1e-3)
    assert lutetium.upperBoundGyPerGBq > lutetium.electronGyPerGBq
    with pytest.raises(InputError, match="no whole-body S value of Lu-177"):
        wholeBodyDose.wholeBodySValue(70.0, nuclide("Lu-177"))
    yttrium = wholeBodyDose.wholeBodyDoseCoefficient(60.0, None, 70.0, nuclide("P-32"))
    assert yttrium.totalGyPerGBq == yttrium.electronGyPerGBq
    with pytest.raises(InputError, match="progeny"):
        wholeBodyDose.wholeBodyDoseCoefficient(60.0, None, 70.0, nuclide("Ac-225"))
    electrons = wholeBodyDose.wholeBodyDoseCoefficient(30.0, None, 70.0, IODINE)
    assert electrons.electronGyPerGBq < electrons.totalGyPerGBq < electrons.upperBoundGyPerGBq


def test_theTotalIsReached():
    with pytest.raises(CalculationError, match="already reached"):
        wholeBodyDose.nextActivityMBq(10000.0, 4.1, 4.0)
    with pytest.raises(CalculationError, match="already reached"):
        wholeBodyDose.nextActivityMBq(10000.0, 2.0, 4.0, earlierGy=2.0)


def test_equalAndRisingNeighbors():
    flat = integral(fractions=[1.0, 0.5, 0.5, 0.25], times=[0.0, 24.0, 48.0, 72.0])
    assert flat.phases[1].areaH == pytest.approx(12.0) and flat.phases[1].effectiveHalfLifeHours is None
    nearly = integral(fractions=[1.0, 0.5, 0.5 * (1 - 1e-7), 0.25], times=[0.0, 24.0, 48.0, 72.0])
    assert nearly.timeIntegratedActivityCoefficientH == pytest.approx(flat.timeIntegratedActivityCoefficientH, rel=1e-6)
    rising = integral(fractions=[1.0, 0.5, 0.55, 0.25], times=[0.0, 24.0, 48.0, 72.0])
    rate = math.log(0.5 / 0.55) / 24.0
    assert rising.phases[1].areaH == pytest.approx((0.5 - 0.55) / rate)
    assert any("cannot gain activity" in text and "24 h and 48 h" in text for text in rising.warnings)


@pytest.mark.parametrize("last", [0.21, 0.23, 0.209])
def test_lastReadingsThatDoNotFall(last):
    """Their own exponential would never end, or end later than physical decay."""
    result = integral(fractions=[1.0, 0.4, 0.21, last], times=[0.0, 24.0, 48.0, 72.0])
    assert result.tail == "physical" and result.tailH == pytest.approx(last / RATE)
    assert result.tailEffectiveHalfLifeHours == pytest.approx(IODINE.halfLifeHours)
    assert any("no faster than by physical decay" in text for text in result.warnings)
    assert any("would never end" in text for text in result.warnings) == (last >= 0.21)


def test_tailThroughMoreReadings():
    """Least squares in the logarithm."""
    result = integral(tailReadings=4)
    slope = np.polyfit(TIMES[-4:], np.log(FRACTIONS[-4:]), 1)[0]
    assert result.tailEffectiveHalfLifeHours == pytest.approx(math.log(2) / -slope)
    with pytest.raises(InputError, match="through 8 of 7 readings"):
        integral(tailReadings=8)
    with pytest.raises(InputError, match="is no tail"):
        integral(tail="longer")


def test_decayUntilTheFirstReading():
    late = wholeBody.retention(readings(times=[2.0, *TIMES[1:]]), RATE)
    assert late.fractions[0] == pytest.approx(2.0 ** (-2.0 / IODINE.halfLifeHours))
    result = wholeBody.integrate(late, RATE)
    assert result.phases[0].areaH == pytest.approx((1 - late.fractions[0]) / RATE)
    assert any("no excretion" in text for text in result.assumptions)


@pytest.mark.parametrize("tailReadings", [2, 4])
@pytest.mark.parametrize("tail", ["effective", "physical"])
@pytest.mark.parametrize("dead", [0.0, 10.0])
@pytest.mark.parametrize("isSingleView", [False, True])
@pytest.mark.parametrize("fractions", [FRACTIONS, [1.0, 0.8, 0.58, 0.58, 0.21, 0.20999, 0.066]])
def test_uncertaintyAgainstNumericalDerivatives(tail, tailReadings, dead, isSingleView, fractions):
    """Every single count rate moved; one background for all."""
    seconds = 60.0
    base = [[reading.anteriorCps, reading.posteriorCps] for reading in readings(fractions)]

    def area(rates, background):
        given = [Reading(time, anterior, None if isSingleView else posterior, background, seconds)
                 for time, (anterior, posterior) in zip(TIMES, rates, strict=True)]
        return wholeBody.integrate(wholeBody.retention(given, RATE, dead), RATE, tail, tailReadings)

    variance, step = 0.0, 1e-3
    for row in range(len(TIMES)):
        for column in range(1 if isSingleView else 2):
            high, low = (np.array(base) for _ in range(2))
            high[row, column] += step
            low[row, column] -= step
            slope = (area(high, 5.0).timeIntegratedActivityCoefficientH
                     - area(low, 5.0).timeIntegratedActivityCoefficientH) / (2 * step)
            variance += slope ** 2 * base[row][column] / seconds
    slope = (area(base, 5.0 + step).timeIntegratedActivityCoefficientH
             - area(base, 5.0 - step).timeIntegratedActivityCoefficientH) / (2 * step)
    variance += slope ** 2 * 5.0 / seconds
    assert area(base, 5.0).statisticalUncertaintyH == pytest.approx(math.sqrt(variance), rel=1e-4)


def test_reproducibilityWidensTheUncertainty():
    plain = wholeBody.retention(readings(seconds=60.0), RATE)
    wide = wholeBody.retention(readings(seconds=60.0), RATE, reproducibility=0.05)
    assert wide.hasReproducibility and not plain.hasReproducibility
    assert wide.relativeErrors == pytest.approx(np.hypot(plain.relativeErrors, 0.05))
    assert integral().statisticalUncertaintyH is None


def test_coverageOfTheTruth():
    """Bi-exponential retention, Poisson counts and 3 % reproducibility: 95 % intervals hold the true area."""
    truth = 0.7 / 0.06 + 0.3 / 0.012
    random = np.random.default_rng(7)
    times = np.array([0.05, 4.0, 12.0, 24.0, 48.0, 72.0, 96.0, 120.0])
    rates = 4000.0 * (0.7 * np.exp(-0.06 * times) + 0.3 * np.exp(-0.012 * times))
    hits, runs, relative = 0, 100, []
    for _ in range(runs):
        given = []
        for time, rate in zip(times, rates, strict=True):
            true = rate * random.normal(1.0, 0.03)
            anterior, posterior = (random.poisson((true * factor + 20.0) * 60.0) / 60.0 for factor in (1.2, 1 / 1.2))
            given.append(Reading(float(time), anterior, posterior, 20.0, 60.0))
        kept = wholeBody.retention(given, RATE, reproducibility=0.03)
        result = wholeBody.integrate(kept, RATE)
        spread = wholeBodyModels.totalUncertaintyH(
            result, wholeBodyModels.modelUncertaintyH(result, wholeBodyModels.alternatives(kept, RATE))[0])
        value = result.timeIntegratedActivityCoefficientH
        relative.append(spread / value)
        hits += abs(value - truth) < 1.96 * spread
    assert hits / runs >= 0.92 and np.median(relative) < 0.10, (hits / runs, np.median(relative))


def test_alternativesOfTheWorkedExample():
    kept = wholeBody.retention(readings(seconds=60.0), RATE, reproducibility=0.02)
    rows = {row.title: row for row in wholeBodyModels.alternatives(kept, RATE)}
    assert set(rows) == {"One exponential", "Two exponentials", "Three exponentials",
                         "Automatic choice of the kinetics"}
    assert not rows["One exponential"].isUsable and "Not acceptable" in rows["One exponential"].reason
    assert rows["Two exponentials"].timeIntegratedActivityCoefficientH == pytest.approx(30.6, abs=1.0)
    few = wholeBody.retention(readings([1.0, 0.5], [0.0, 24.0]), RATE)
    alternatives = wholeBodyModels.alternatives(few, RATE)
    assert [row.timeIntegratedActivityCoefficientH is None for row in alternatives] == [False, True, True]
    assert "at least" in alternatives[1].reason


def test_withoutAFitTheTailMayBeLonger():
    few = wholeBody.retention(readings([1.0, 0.5], [0.0, 24.0]), RATE)
    result = wholeBody.integrate(few, RATE)
    spread, words = wholeBodyModels.modelUncertaintyH(result, ())
    assert spread == pytest.approx((result.tailPhysicalH - result.tailH) / math.sqrt(18)) and "triangular" in words


@pytest.mark.parametrize(("change", "words"), [
    ({"posteriorCps": None}, "24 h: The posterior count rate is missing.*both views"),
    ({"anteriorCps": 4.0}, "24 h: The anterior count rate .* is not above the background"),
    ({"posteriorCps": 5.0}, "24 h: The posterior count rate .* is not above the background"),
    ({"anteriorCps": 4e4, "posteriorCps": 4e4}, "24 h shows 4.*before the patient voids")])
def test_badReadings(change, words):
    given = readings()
    given[3] = Reading(**{**vars(given[3]), **change})
    with pytest.raises(InputError, match=words):
        wholeBody.retention(given, RATE)


def test_allFaultsAtOnce():
    given = [Reading(reading.timeHours, 1.0, 1.0, 5.0) for reading in readings()]
    with pytest.raises(FaultList) as caught:
        wholeBody.retention(given, RATE)
    assert len(caught.value.faults) == len(TIMES)
    with pytest.raises(InputError, match="At least two readings"):
        wholeBody.retention(readings()[:1], RATE)


def test_singleViewIsSaid():
    given = [Reading(reading.timeHours, reading.anteriorCps, None, 5.0) for reading in readings()]
    kept = wholeBody.retention(given, RATE)
    assert kept.isSingleView and kept.fractions == pytest.approx(FRACTIONS)

"""Standard error and 95 % band of the fitted curve, against finite differences and simulated repetitions."""

import json
import math

import numpy as np
import pytest

from MRTDosimetryLib.physics.kinetics.averaging import average
from MRTDosimetryLib.physics.kinetics.curve import TimeActivityCurve
from MRTDosimetryLib.physics.kinetics.hybrid import fitHybrid
from MRTDosimetryLib.physics.kinetics.intervals import band95, interval95, mixtureBand95, mixtureInterval95
from MRTDosimetryLib.physics.kinetics.selection import fit
from MRTDosimetryLib.physics.kinetics.shared import fitShared
from MRTDosimetryLib.physics.nuclides import nuclide

RATE = nuclide("Lu-177").decayConstantPerHour
LN2 = math.log(2)
TIMES = np.array([1.0, 4.0, 24.0, 48.0, 96.0, 120.0, 168.0, 240.0])
AT = np.array([0.0, 0.5, 4.0, 30.0, 100.0, 168.0, 300.0])
SLOW, FAST, UPTAKE = LN2 / 55, LN2 / 5, LN2 / 4
PRIOR = {"medianHours": 50.0, "geometricSD": 1.25, "source": "cohort of the test"}


def mono(t):
    return 100 * np.exp(-SLOW * t)


def bi(t):
    return 60 * np.exp(-SLOW * t) + 40 * np.exp(-FAST * t)


def uptake(t):
    return 100 * (np.exp(-SLOW * t) - np.exp(-UPTAKE * t))


def tail(t):
    return 60 * np.exp(-SLOW * t) + 5 * np.exp(-RATE * t)


def mixed(t):
    return 30 * np.exp(-SLOW * t) + 70 * (np.exp(-SLOW * t) - np.exp(-UPTAKE * t)) \
        - 30 * np.exp(-(60 * LN2 + RATE) * t)


def propagated(function, exact, sigmas, step=1e-4):
    """sqrt(sum (df/dy_i sigma_i)^2) of a function of the activities, by central differences."""
    slopes = [(function(exact + change) - function(exact - change)) / (2 * step * value)
              for value, change in zip(exact, np.diag(step * exact), strict=True)]
    return np.linalg.norm(np.array(slopes) * sigmas[:, None], axis=0)


@pytest.mark.parametrize(("model", "function"), [
    ("monoExponential", mono), ("biExponential", bi), ("uptakeWashout", uptake), ("f2", mono), ("f1a", lambda t:
     50 * np.exp(-RATE * t)), ("f3", uptake), ("f3b", tail), ("f4", bi), ("f4a", mixed), ("f4d", mixed)])
def test_standardErrorAgainstFiniteDifferences(model, function):
    exact = function(TIMES)
    sigmas = 0.05 * exact

    def curve(values):
        return fit(TimeActivityCurve(TIMES, values, sigmas), RATE, model).activityMBq(AT)

    result = fit(TimeActivityCurve(TIMES, exact, sigmas), RATE, model)
    errors = result.activityStandardErrorMBq(AT)
    assert errors == pytest.approx(propagated(curve, exact, sigmas), rel=2e-3, abs=1e-6)
    low, high = result.activityBandMBq(AT)
    values = result.activityMBq(AT)
    assert np.all((low >= 0) & (low <= values + 1e-9) & (values <= high + 1e-9)) and np.all(np.isfinite(high))
    json.dumps(result.toDict(), allow_nan=False)


@pytest.mark.parametrize(("start", "tail"), [("zero-linear", "physical"), ("constant", "effective"),
                                             ("extrapolated", "effective")])
def test_trapezoidAgainstFiniteDifferences(start, tail):
    times, exact = np.array([4.0, 24.0, 96.0, 168.0]), np.array([100.0, 80.0, 35.0, 15.0])
    sigmas, at = np.array([5.0, 4.0, 2.0, 1.0]), np.array([0.0, 2.0, 4.0, 10.0, 24.0, 80.0, 168.0, 200.0, 400.0])

    def curve(values):
        return fit(TimeActivityCurve(times, values, sigmas), RATE, "trapezoid",
                   options={"start": start, "tail": tail}).activityMBq(at)

    result = fit(TimeActivityCurve(times, exact, sigmas), RATE, "trapezoid", options={"start": start, "tail": tail})
    assert result.activityStandardErrorMBq(at) == pytest.approx(propagated(curve, exact, sigmas), rel=1e-5)


def test_trapezoidThatEndsAtZeroHasABandAboveIt():
    result = fit(TimeActivityCurve([4.0, 24.0, 96.0], [50.0, 20.0, 0.0], [5.0, 2.0, 1.0]), RATE, "trapezoid")
    assert result.activityStandardErrorMBq([96.0, 96.0 + LN2 / RATE]) == pytest.approx([1.0, 0.5])
    low, high = result.activityBandMBq([96.0])
    assert low[0] == 0 and high[0] == pytest.approx(1.959964)


def test_bandAgainstRepeatedMeasurements():
    """Parametric bootstrap: the fits of 200 simulated repetitions scatter by the standard error, within the band."""
    rng, exact = np.random.default_rng(3), bi(TIMES)
    sigmas = 0.03 * exact
    result = fit(TimeActivityCurve(TIMES, exact, sigmas), RATE, "biExponential")
    fits = [fit(TimeActivityCurve(TIMES, exact + sigmas * rng.standard_normal(TIMES.size), sigmas), RATE,
                "biExponential") for _ in range(200)]
    curves = np.array([item.activityMBq(AT) for item in fits])
    # The first hours and the tail are extrapolated: there the scatter is skewed.
    assert result.activityStandardErrorMBq(AT) == pytest.approx(curves.std(axis=0), rel=0.12)
    bands = [item.activityBandMBq(AT) for item in fits]
    covered = np.mean([(low <= bi(AT)) & (bi(AT) <= high) for low, high in bands], axis=0)
    assert np.all((covered > 0.91) & (covered < 0.985))


def test_scaledCovarianceTakesStudentT():
    rng = np.random.default_rng(2)
    times = TIMES[[1, 2, 4, 6]]
    result = fit(TimeActivityCurve(times, mono(times) * (1 + 0.05 * rng.standard_normal(4))), RATE,
                 "monoExponential")
    errors, values = result.activityStandardErrorMBq(AT), result.activityMBq(AT)
    low, high = result.activityBandMBq(AT)
    assert high == pytest.approx(values * np.exp(4.302653 * errors / values), rel=1e-6)
    assert low * high == pytest.approx(values ** 2)


def test_withoutACovarianceThereIsAReason():
    cases = [fit(TimeActivityCurve([24.0, 96.0], [80.0, 30.0]), RATE),
             fit(TimeActivityCurve([24.0, 96.0], [80.0, 30.0]), RATE, "trapezoid"),
             fit(TimeActivityCurve([72.0], [30.0], [1.0]), RATE, effectiveHalfLifeHours=50.0)]
    for result, words in zip(cases, ("degrees of freedom", "not known", "not stated"), strict=True):
        assert result.activityStandardErrorMBq(AT) is None and result.activityBandMBq(AT) is None
        assert words in result.activityBandReason
        assert result.toDict()["activityBandReason"] == result.activityBandReason


def test_averageIsUnconditional():
    exact = bi(TIMES)
    data = TimeActivityCurve(TIMES, exact * (1 + 0.1 * np.random.default_rng(1).standard_normal(8)), 0.1 * exact)
    fits = [fit(data, RATE, name) for name in ("monoExponential", "biExponential")]
    fits[0].aicc = fits[1].aicc + 1.0
    result, weights = average(fits, data)
    curves = np.array([item.activityMBq(AT) for item in fits])
    errors = np.array([item.activityStandardErrorMBq(AT) for item in fits])
    shares = np.array(weights)[:, None]
    mean = np.sum(shares * curves, axis=0)
    assert result.activityMBq(AT) == pytest.approx(mean)
    assert result.activityStandardErrorMBq(AT) == pytest.approx(
        np.sqrt(np.sum(shares * (errors ** 2 + (curves - mean) ** 2), axis=0)))
    low, high = result.activityBandMBq(AT)
    for index in range(AT.size):
        assert [low[index], high[index]] == pytest.approx(mixtureInterval95(
            [(weight, curves[row, index], errors[row, index], None) for row, weight in enumerate(weights)]), rel=1e-6)


@pytest.mark.parametrize("sigma", [2.0, None])
def test_populationPriorAgainstMonteCarlo(sigma):
    rng = np.random.default_rng(4)
    halfLives = 50 * 1.25 ** rng.standard_normal(200_000)
    rates = LN2 / halfLives[halfLives < LN2 / RATE]
    measured = 30 + (sigma or 0.0) * rng.standard_normal(rates.size)
    at = np.array([0.0, 24.0, 100.0, 250.0])
    drawn = measured[:, None] * np.exp(-rates[:, None] * (at - 24))
    result = fit(TimeActivityCurve([24.0], [30.0], None if sigma is None else [sigma]), RATE, "populationHalfLife",
                 options={"populationHalfLife": PRIOR})
    low, lower, upper, high = np.quantile(drawn, [0.025, 0.158655, 0.841345, 0.975], axis=0)
    assert result.activityStandardErrorMBq(at) == pytest.approx((upper - lower) / 2, rel=0.015, abs=1e-6)
    assert result.activityBandMBq(at)[0] == pytest.approx(low, rel=0.015)
    assert result.activityBandMBq(at)[1] == pytest.approx(high, rel=0.015)


def test_singleTimePointFromBothUncertainties():
    def curve(activity, halfLife):
        return activity * np.exp(-LN2 / halfLife * (AT - 72))

    result = fit(TimeActivityCurve([72.0], [30.0], [1.5]), RATE, effectiveHalfLifeHours=50.0,
                 options={"relativeHalfLifeUncertainty": 0.1})
    step = 1e-4
    slopes = [(curve(30 + step, 50) - curve(30 - step, 50)) / (2 * step) * 1.5,
              (curve(30, 50 + step) - curve(30, 50 - step)) / (2 * step) * 5.0]
    assert result.activityStandardErrorMBq(AT) == pytest.approx(np.linalg.norm(slopes, axis=0), rel=1e-6)
    late = fit(TimeActivityCurve([72.0], [30.0], [1.5]), RATE, "latePoint")
    low, high = late.activityBandMBq(AT)
    assert np.all((low > 0) & (low < late.activityMBq(AT)) & (late.activityMBq(AT) < high))


def test_hybridAndSharedFits():
    times = np.array([4.0, 24.0, 96.0, 168.0])
    planar = 17 * mono(times)
    sigmas = 0.03 * planar
    spect = float(mono(np.array(24.0)))

    def curve(values):
        return fitHybrid(TimeActivityCurve(times, values, sigmas), 24.0, spect, RATE, 0.05 * spect).activityMBq(AT)

    result = fitHybrid(TimeActivityCurve(times, planar, sigmas), 24.0, spect, RATE, 0.05 * spect)
    expected = np.hypot(propagated(curve, planar, sigmas, 1e-3), 0.05 * curve(planar))
    assert result.activityStandardErrorMBq(AT) == pytest.approx(expected, rel=1e-3)
    assert "SPECT/CT" in fitHybrid(TimeActivityCurve(times, planar, sigmas), 24.0, spect, RATE).activityBandReason
    curves = [TimeActivityCurve(times, scale * mono(times), scale * 0.05 * mono(times)) for scale in (1.0, 0.6)]
    joint = fitShared(curves, RATE, "monoExponential", ["lambda"]).results[0]
    alone = fit(curves[0], RATE, "monoExponential")
    assert np.all(joint.activityStandardErrorMBq(AT) < alone.activityStandardErrorMBq(AT))


def test_bands():
    low, high = band95(np.array([100.0, 0.0, 1.0]), np.array([5.0, 2.0, 10.0]))
    assert [low[0], high[0]] == pytest.approx(interval95(100.0, 5.0))
    assert low[1] == 0 and high[1] == pytest.approx(2 * 1.959964) and 0 <= low[2] < 1e-6
    assert high[2] == pytest.approx(1 + 10 * 1.959964)
    low, high = mixtureBand95([0.5, 0.5], [np.array([0.0, 10.0])] * 2, [np.array([0.0, 1.0])] * 2, [None, 3])
    assert low[0] == pytest.approx(0, abs=1e-12) and high[0] == pytest.approx(0, abs=1e-12)
    assert [low[1], high[1]] == pytest.approx(mixtureInterval95([(0.5, 10.0, 1.0, None), (0.5, 10.0, 1.0, 3)]),
                                              rel=1e-6)

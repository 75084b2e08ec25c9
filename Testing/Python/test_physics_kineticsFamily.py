"""Sums of exponentials: worked examples, options, choice and average of models, joint fits."""

import json
import math

import numpy as np
import pytest

from MRTDosimetryLib.errors import CalculationError, InputError
from MRTDosimetryLib.physics.kinetics.acceptance import runsProbability
from MRTDosimetryLib.physics.kinetics.averaging import akaikeWeights, average
from MRTDosimetryLib.physics.kinetics.curve import TimeActivityCurve
from MRTDosimetryLib.physics.kinetics.intervals import coverageFactor, interval95, mixtureInterval95
from MRTDosimetryLib.physics.kinetics.registry import fitModels
from MRTDosimetryLib.physics.kinetics.selection import AUTO_MODELS, fit
from MRTDosimetryLib.physics.kinetics.shared import fitShared
from MRTDosimetryLib.physics.nuclides import nuclide
from MRTDosimetryLib.physics.radiobiology import leaCatchesideFactor

RATE = nuclide("Lu-177").decayConstantPerHour
LN2 = math.log(2)
TIMES = np.array([1.0, 4.0, 24.0, 48.0, 96.0, 120.0, 168.0, 240.0])
SLOW, FAST, UPTAKE = LN2 / 55, LN2 / 5, LN2 / 4


def curve(function, times=TIMES, noise=0.0, sigma=None, seed=1):
    exact = function(times)
    values = exact * (1 + noise * np.random.default_rng(seed).standard_normal(times.size))
    return TimeActivityCurve(times, values, None if sigma is None else sigma * exact)


def mono(t):
    return 100 * np.exp(-SLOW * t)


def bi(t):
    return 60 * np.exp(-SLOW * t) + 40 * np.exp(-FAST * t)


def uptake(t):
    return 100 * (np.exp(-SLOW * t) - np.exp(-UPTAKE * t))


def two(t):
    return 60 * np.exp(-SLOW * t) + 40 * np.exp(-LN2 / 12 * t) - 100 * np.exp(-LN2 / 1.5 * t)


def three(t):
    return 60 * np.exp(-SLOW * t) + 40 * np.exp(-LN2 / 12 * t) + 80 * np.exp(-LN2 / 1.5 * t)


def test_workedMonoExponential():
    """T14, f2: 100 MBq, biological half-life 70 h."""
    effective = LN2 / 70 + RATE
    result = fit(curve(lambda t: 100 * np.exp(-effective * t)), RATE, "f2")
    assert result.effectiveHalfLifeHours == pytest.approx(48.652, abs=5e-4)
    assert result.timeIntegratedActivityMBqH == pytest.approx(7018.98, abs=5e-3)


def test_workedBiExponential():
    """T15, f4: 60 MBq with 80 h and 40 MBq with 4 h biological half-life."""
    result = fit(curve(lambda t: 60 * np.exp(-(LN2 / 80 + RATE) * t) + 40 * np.exp(-(LN2 / 4 + RATE) * t)), RATE, "f4")
    assert result.timeIntegratedActivityMBqH == pytest.approx(4837.26, abs=5e-3)
    assert result.parameters["A1"].value == pytest.approx(60) and result.parameters["A2"].value == pytest.approx(40)


def test_workedAreaParametrization():
    """T18, f4d: A1 = 1000 is the area itself; also the covariance of the area is that of A1."""
    slow, fast, mixing, a = LN2 / 60 + RATE, LN2 / 5 + RATE, LN2 * 60 + RATE, 0.3
    scale = 1000 / ((1 - a) / slow - a / fast - (1 - 2 * a) / mixing)

    def function(t):
        return scale * ((1 - a) * np.exp(-slow * t) - a * np.exp(-fast * t) - (1 - 2 * a) * np.exp(-mixing * t))

    assert function(np.array([1, 4, 24, 96, 168])) == pytest.approx(
        [10.23097, 11.62897, 11.16927, 3.62936, 1.15540], abs=5e-6)
    result = fit(curve(function, sigma=0.05), RATE, "f4d")
    assert result.parameters["A1"].value == pytest.approx(1000.000, abs=5e-4)
    assert result.parameters["a"].value == pytest.approx(0.3)
    assert result.timeIntegratedActivityMBqH == pytest.approx(1000.000, abs=5e-4)
    assert result.parameters["A1"].standardError == pytest.approx(result.timeIntegratedActivityUncertaintyMBqH)
    other = fit(curve(function, sigma=0.05), RATE, "f4a")
    assert other.timeIntegratedActivityUncertaintyMBqH == pytest.approx(result.timeIntegratedActivityUncertaintyMBqH)
    assert other.parameters["A2"].value == pytest.approx(scale * a)


def test_akaikeWeightsOfTheWorkedExample():
    """T20."""
    assert akaikeWeights([12.0, 19.5]) == pytest.approx([0.97702, 0.02298], abs=5e-6)


@pytest.mark.parametrize(("model", "function"), [
    ("monoExponential", mono), ("biExponential", bi), ("uptakeWashout", uptake), ("uptakeTwoWashouts", two),
    ("triExponential", three),
    ("monoExponentialPlusPhysicalTail", lambda t: 60 * np.exp(-SLOW * t) + 5 * np.exp(-RATE * t)),
    ("f1a", lambda t: 50 * np.exp(-RATE * t))])
def test_exactCurveIsFoundWithItsArea(model, function):
    result = fit(curve(function, sigma=0.05), RATE, model)
    grid = np.concatenate([np.linspace(0, 50, 200_001), np.linspace(50, 4000, 200_001)[1:]])
    assert result.timeIntegratedActivityMBqH == pytest.approx(np.trapezoid(function(grid), grid), rel=1e-6)
    assert result.activityMBq(TIMES) == pytest.approx(function(TIMES), rel=1e-7)
    shape = result.absorbedDoseRateShape
    assert sum(value / rate for value, rate in shape) == pytest.approx(result.timeIntegratedActivityMBqH)
    assert 0 < leaCatchesideFactor(shape, 2.8) < 1
    json.dumps(result.toDict(), allow_nan=False)


@pytest.mark.parametrize(("model", "function"), [("biExponential", bi), ("uptakeWashout", uptake)])
def test_uncertaintyAgainstNumericalDerivatives(model, function):
    """u^2 = sum (dA/dy_i sigma_i)^2 holds for least squares at exact data."""
    exact, sigmas = function(TIMES), 0.05 * function(TIMES)

    def area(values):
        return fit(TimeActivityCurve(TIMES, values, sigmas), RATE, model).timeIntegratedActivityMBqH

    slopes = [(area(exact + step) - area(exact - step)) / 2 for step in np.diag(1e-4 * exact)]
    expected = np.linalg.norm(np.array(slopes) / (1e-4 * exact) * sigmas)
    result = fit(TimeActivityCurve(TIMES, exact, sigmas), RATE, model)
    assert result.timeIntegratedActivityUncertaintyMBqH == pytest.approx(expected, rel=1e-4)


def test_fixedAndBoundedParameters():
    data = curve(bi, noise=0.03, sigma=0.03)
    fixed = fit(data, RATE, "biExponential", options={"fixed": {"lambda2": FAST}})
    assert fixed.parameters["lambda2"].value == FAST and fixed.parameters["lambda2"].standardError is None
    assert fixed.degreesOfFreedom == 5 and any("fixed" in text for text in fixed.assumptions)
    free = fit(data, RATE, "biExponential")
    assert fixed.timeIntegratedActivityUncertaintyMBqH <= free.timeIntegratedActivityUncertaintyMBqH
    amplitude = fit(data, RATE, "biExponential", options={"fixed": {"A2": 40.0}})
    assert amplitude.parameters["A2"].value == pytest.approx(40.0)
    bounded = fit(data, RATE, "monoExponential", options={"bounds": {"lambda": [None, 0.008]}})
    assert bounded.parameters["lambda"].value == pytest.approx(0.008)


@pytest.mark.parametrize(("model", "options", "words"), [
    ("auto", {"fixed": {"lambda": 0.01}}, "automatic choice takes no fixed"),
    ("trapezoid", {"fixed": {"lambda": 0.01}}, "takes no option"),
    ("monoExponential", {"fixed": {"lambda": 0.001}}, "below physical decay"),
    ("monoExponential", {"fixed": {"magic": 1.0}}, "no parameter"),
    ("monoExponential", {"fixed": {"A0": -1.0}}, "not a number"),
    ("monoExponential", {"bounds": {"lambda": 3}}, "not a pair"),
    ("monoExponential", {"bounds": {"lambda": [0.02, 0.01]}}, "leave no value"),
    ("biExponential", {"fixed": {"lambda1": 0.1, "lambda2": 0.02}}, "not in increasing order")])
def test_optionFaults(model, options, words):
    with pytest.raises(InputError, match=words):
        fit(curve(bi), RATE, model, options=options)


def test_tooFewPointsForTheModel():
    with pytest.raises(InputError, match="has 4 parameters and needs at least 4"):
        fit(curve(bi, TIMES[:3]), RATE, "biExponential")


def test_superfluousPhasesAreAnErrorOrFlagged():
    data = curve(mono, noise=0.03, sigma=0.03)
    try:
        result = fit(data, RATE, "biExponential")
    except CalculationError as error:
        assert "do not determine" in error.what
    else:
        assert result.warnings or result.parameters["lambda2"].standardError > 0


@pytest.mark.parametrize(("function", "expected"), [
    (mono, "monoExponential"), (bi, "biExponential"), (uptake, "uptakeWashout"), (two, "uptakeTwoWashouts")])
def test_autoFindsTheModel(function, expected):
    result = fit(curve(function, noise=0.02, sigma=0.02), RATE)
    assert result.model == expected
    rows = {row["model"]: row for row in result.candidates}
    assert set(rows) == {*AUTO_MODELS, "trapezoid"} and result.candidates[0]["isChosen"]
    assert all(row["reason"] for row in rows.values())
    weights = [row["akaikeWeight"] for row in rows.values() if row["akaikeWeight"] is not None]
    assert math.fsum(weights) == pytest.approx(1.0)


def test_monoDataGiveTheMonoValueAndSayWhatWasNotTried():
    for count in (2, 3, 4):
        times = np.array([4.0, 24.0, 96.0, 168.0])[-count:]
        data = curve(mono, times, noise=0.05, sigma=0.05)
        result = fit(data, RATE)
        assert result.model == "monoExponential" and result.modelAverage is None
        assert result.timeIntegratedActivityMBqH == fit(data, RATE, "monoExponential").timeIntegratedActivityMBqH
        assert sum(f"{count} time points leave no comparison" in text for text in result.assumptions) == 1
        assert {row["model"]: row for row in result.candidates}["biExponential"]["reason"].startswith("not tried: 4")
        assert (result.aicc is not None) == (count > 3)


def test_autoFitsAnUptakeFromFourPointsOn():
    result = fit(curve(uptake, np.array([1.0, 6.0, 24.0, 120.0]), noise=0.03, sigma=0.03), RATE)
    assert result.model == "uptakeWashout" and "too few for an Akaike criterion" in result.candidates[0]["reason"]
    assert result.aicc is None


def test_averageIsOneCurve():
    data = curve(bi, noise=0.1, sigma=0.1)
    fits = [fit(data, RATE, name) for name in ("monoExponential", "biExponential")]
    fits[0].aicc = fits[1].aicc + 1.0
    result, weights = average(fits, data)
    areas = [item.timeIntegratedActivityMBqH for item in fits]
    mean = float(np.dot(weights, areas))
    assert result.model == "biExponential" and result.timeIntegratedActivityMBqH == pytest.approx(mean)
    variance = sum(weight * (item.timeIntegratedActivityUncertaintyMBqH ** 2 + (area - mean) ** 2)
                   for weight, item, area in zip(weights, fits, areas, strict=True))
    assert result.timeIntegratedActivityUncertaintyMBqH == pytest.approx(math.sqrt(variance))
    assert sum(value / rate for value, rate in result.absorbedDoseRateShape) == pytest.approx(mean)
    assert result.residualsMBq == pytest.approx((data.activitiesMBq - result.activityMBq(TIMES)).tolist())
    low, high = result.timeIntegratedActivityInterval95MBqH
    assert low < mean < high
    fits[0].aicc = fits[1].aicc + 11.0
    assert average(fits, data)[0] is fits[1]


def test_aFaintPhaseWidensTheInterval():
    """A second phase that six noisy points do not prove still counts in the average, by AIC."""
    times = np.array([1.0, 4.0, 24.0, 72.0, 120.0, 168.0])
    data = curve(lambda t: 70 * np.exp(-SLOW * t) + 20 * np.exp(-FAST * t), times, noise=0.1, sigma=0.1, seed=7)
    result, alone = fit(data, RATE), fit(data, RATE, "monoExponential")
    assert result.model == "monoExponential" and result.parameters == alone.parameters
    record = dict(zip(result.modelAverage["models"], result.modelAverage["weights"], strict=True))
    assert result.modelAverage["criterion"] == "AIC" and 0.01 < record["biExponential"] < 0.5
    low, high = result.timeIntegratedActivityInterval95MBqH
    lowAlone, highAlone = alone.timeIntegratedActivityInterval95MBqH
    assert high / low > highAlone / lowAlone
    rows = {row["model"]: row for row in result.candidates}
    assert rows["biExponential"]["akaikeWeight"] == record["biExponential"]
    fits = {name: fit(data, RATE, name) for name in record}
    criteria = [item.chiSquare + 2 * len(item.parameters) for item in fits.values()]
    assert list(record.values()) == pytest.approx(akaikeWeights(criteria))


def test_aPhysicalTailIsChosenOnlyAtTheBoundOfTheBiExponential():
    def tail(t):
        return 60 * np.exp(-LN2 / 20 * t) + 40 * np.exp(-RATE * t)

    held = fit(curve(tail, noise=0.02, sigma=0.02, seed=3), RATE)
    rows = {row["model"]: row for row in held.candidates}
    assert held.model == "monoExponentialPlusPhysicalTail" and "held at physical" in rows["biExponential"]["reason"]
    # The rate that the bound holds is not known as well as the tail alone would have it.
    alone = fit(curve(tail, noise=0.02, sigma=0.02, seed=3), RATE, held.model)
    assert held.timeIntegratedActivityUncertaintyMBqH > alone.timeIntegratedActivityUncertaintyMBqH
    free = fit(curve(lambda t: 60 * np.exp(-LN2 / 90 * t) + 40 * np.exp(-LN2 / 10 * t), noise=0.05, sigma=0.05), RATE)
    rows = {row["model"]: row for row in free.candidates}
    assert free.model == "biExponential"
    assert not rows["monoExponentialPlusPhysicalTail"]["isAccepted"]


def test_intervals():
    assert coverageFactor() == pytest.approx(1.959964) and coverageFactor(2) == pytest.approx(4.302653)
    low, high = interval95(100.0, 5.0)
    assert low * high == pytest.approx(1e4) and high == pytest.approx(100 * math.exp(0.09799820))
    assert mixtureInterval95([(1.0, 100.0, 5.0, None)]) == pytest.approx([low, high], rel=1e-6)
    assert mixtureInterval95([(0.5, 100.0, 5.0, 2), (0.5, 100.0, 5.0, 2)]) == pytest.approx(
        interval95(100.0, 5.0, 2), rel=1e-6)
    scaled = fit(curve(mono, TIMES[:4], noise=0.05), RATE)
    assert scaled.covarianceKind == "scaled" and scaled.timeIntegratedActivityInterval95MBqH == pytest.approx(
        interval95(scaled.timeIntegratedActivityMBqH, scaled.timeIntegratedActivityUncertaintyMBqH, 2))


def test_runs():
    """All orders of 3 and 3 signs: 2 of 20 have two runs."""
    assert runsProbability(2, 3, 3) == pytest.approx(0.1) and runsProbability(6, 3, 3) == pytest.approx(1.0)


@pytest.mark.parametrize("values", [[50, 50, 50, 50], [10, 20, 40, 80], [0, 0, 5, 4], [80, 0, 0, 0], [1, 90, 2, 80]])
def test_oddCurvesGiveAFlaggedResult(values):
    for sigmas in (None, [5.0] * 4):
        result = fit(TimeActivityCurve([4.0, 24.0, 96.0, 168.0], values, sigmas), RATE)
        assert math.isfinite(result.timeIntegratedActivityMBqH) and result.warnings
        json.dumps(result.toDict(), allow_nan=False)


def test_sharedRate():
    times = np.array([4.0, 24.0, 96.0, 168.0])
    curves = [curve(mono, times, 0.05, 0.05, 1), curve(lambda t: 0.6 * mono(t), times, 0.05, 0.05, 2)]
    joint = fitShared(curves, RATE, "monoExponential", ["lambda"])
    rates = {item.parameters["lambda"].value for item in joint.results}
    assert len(rates) == 1 and all(item.degreesOfFreedom == 5 for item in joint.results)
    alone = [fit(item, RATE, "monoExponential") for item in curves]
    low, high = sorted(item.parameters["lambda"].value for item in alone)
    assert low <= rates.pop() <= high
    assert joint.results[0].parameters["lambda"].standardError < alone[0].parameters["lambda"].standardError
    assert joint.covarianceMBqH2[0, 1] == pytest.approx(joint.covarianceMBqH2[1, 0]) and joint.covarianceMBqH2[0, 1] > 0
    assert math.sqrt(joint.covarianceMBqH2[0, 0]) == pytest.approx(
        joint.results[0].timeIntegratedActivityUncertaintyMBqH)
    for arguments, words in (((curves[:1], RATE, "monoExponential", ["lambda"]), "at least two curves"),
                             ((curves, RATE, "monoExponential", ["A0"]), "cannot be shared"),
                             ((curves, RATE, "trapezoid", ["lambda"]), "cannot share"),
                             ((curves, RATE, "triExponential", ["lambda1"]), "parameters")):
        with pytest.raises(InputError, match=words):
            fitShared(*arguments)


def test_everyFunctionIsThere():
    assert {"f1a", "f2", "f3", "f3b", "f4", "f4a", "f4d"} <= set(fitModels())
    data = curve(uptake, noise=0.02, sigma=0.02)
    assert fit(data, RATE, "f3").covariance == fit(data, RATE, "uptakeWashout").covariance


def test_coverageOfASmallSimulation():
    """The benchmark in small: 150 curves of 4 points at 5 %."""
    rng, covered, close = np.random.default_rng(5), 0, 0
    times = np.array([4.0, 24.0, 96.0, 168.0])
    for _ in range(150):
        rate = LN2 / min(55 * 1.35 ** rng.standard_normal(), 150)
        exact = 100 * np.exp(-rate * times)
        result = fit(TimeActivityCurve(times, exact * (1 + 0.05 * rng.standard_normal(4)), 0.05 * exact), RATE)
        low, high = result.timeIntegratedActivityInterval95MBqH
        covered += low <= 100 / rate <= high
        close += abs(result.timeIntegratedActivityMBqH * rate / 100 - 1) < 0.25
    assert 136 <= covered <= 149 and close >= 143

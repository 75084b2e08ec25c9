"""The mono-exponential fit against worked examples, scipy and simulated noise."""

import math

import numpy as np
import pytest

from MRTDosimetryLib.errors import CalculationError, InputError
from MRTDosimetryLib.physics.kinetics.curve import TimeActivityCurve
from MRTDosimetryLib.physics.kinetics.monoExponential import fitMonoExponential
from MRTDosimetryLib.physics.kinetics.weighting import PROPORTIONAL_FLOOR, correctedAkaike
from MRTDosimetryLib.physics.nuclides import nuclide

RATE = nuclide("Lu-177").decayConstantPerHour
TIMES = np.array([4.0, 24.0, 96.0, 168.0])
WORKED = np.array([100.0, 80.0, 35.0, 15.0])


def test_workedExampleWithGivenUncertainties():
    """Clinical reference T17, all printed digits."""
    result = fitMonoExponential(TimeActivityCurve(TIMES, WORKED, 0.05 * WORKED), RATE)
    assert result.parameters["A0"].value == pytest.approx(105.358, abs=5e-4)
    assert result.parameters["lambda"].value == pytest.approx(0.0115722, abs=5e-8)
    covariance = np.array(result.covariance)
    assert covariance[0, 0] == pytest.approx(15.7165, abs=5e-5)
    assert covariance[0, 1] == covariance[1, 0] == pytest.approx(1.1414e-3, abs=5e-8)
    assert covariance[1, 1] == pytest.approx(1.48405e-7, abs=5e-13)
    assert result.chiSquare == pytest.approx(0.05864, abs=5e-6)
    assert result.timeIntegratedActivityMBqH == pytest.approx(9104.41, abs=5e-3)
    relative = result.timeIntegratedActivityUncertaintyMBqH / result.timeIntegratedActivityMBqH
    assert relative == pytest.approx(0.025529, abs=5e-7)
    assert result.covarianceKind == "absolute" and result.degreesOfFreedom == 2
    assert result.activityUncertaintiesMBq == pytest.approx(0.05 * WORKED)


def test_workedExampleWithScaledCovariance():
    """T17 without uncertainties: the same point, 0.4371 % from the reduced chi-square."""
    result = fitMonoExponential(TimeActivityCurve(TIMES, WORKED), RATE)
    assert result.timeIntegratedActivityMBqH == pytest.approx(9104.41, abs=5e-3)
    relative = result.timeIntegratedActivityUncertaintyMBqH / result.timeIntegratedActivityMBqH
    assert relative == pytest.approx(0.004371, abs=5e-7)
    assert result.covarianceKind == "scaled"
    coefficient = 0.05 * math.sqrt(0.05864 / 2)
    assert result.coefficientOfVariation == pytest.approx(coefficient, rel=1e-4)
    assert result.activityUncertaintiesMBq == pytest.approx(coefficient * WORKED, rel=1e-4)


def test_effectiveHalfLifeAndArea():
    """T14: 100 MBq, biological half-life 70 h, 177Lu."""
    rate = math.log(2) / 70 + RATE
    result = fitMonoExponential(TimeActivityCurve(TIMES, 100 * np.exp(-rate * TIMES)), RATE)
    assert result.effectiveHalfLifeHours == pytest.approx(48.652, abs=5e-4)
    assert result.timeIntegratedActivityMBqH == pytest.approx(7018.98, abs=5e-3)
    assert result.extrapolatedBeforeFraction == pytest.approx(1 - math.exp(-rate * 4), rel=1e-6)
    assert result.extrapolatedAfterFraction == pytest.approx(math.exp(-rate * 168), rel=1e-6)
    assert result.activityMBq(np.array([0.0, 70.0])) == pytest.approx(100 * np.exp(-rate * np.array([0.0, 70.0])))


def test_agreesWithScipyOnNoisyCurves():
    from scipy.optimize import curve_fit

    rng = np.random.default_rng(1)
    worst = 0.0
    for _ in range(60):
        rate = math.log(2) / rng.uniform(20, 120)
        times = np.sort(rng.uniform(1, 200, rng.integers(3, 8)))
        if np.min(np.diff(times)) < 5:
            continue
        truth = rng.uniform(1, 1000) * np.exp(-rate * times)
        sigmas = 0.08 * truth
        activities = np.maximum(truth + sigmas * rng.standard_normal(times.size), 0.01 * truth)
        mine = fitMonoExponential(TimeActivityCurve(times, activities, sigmas), 1e-6)
        found, covariance = curve_fit(lambda t, a, k: a * np.exp(-k * t), times, activities, sigma=sigmas,
                                      p0=(truth[0], rate), absolute_sigma=True, ftol=1e-14, xtol=1e-14, gtol=1e-14)
        if found[1] <= 1e-6:
            continue
        worst = max(worst, abs(mine.timeIntegratedActivityMBqH / (found[0] / found[1]) - 1))
        assert np.array(mine.covariance) == pytest.approx(covariance, rel=1e-3)
    assert 0 < worst < 1e-6


def test_isALeastSquaresPoint():
    """The gradient of the chi-square vanishes: an optimum to the digits of a certified problem."""
    sigmas = np.array([7.0, 5.0, 3.0, 2.0])
    result = fitMonoExponential(TimeActivityCurve(TIMES, WORKED, sigmas), RATE)
    amplitude, rate = (result.parameters[name].value for name in ("A0", "lambda"))
    shape = np.exp(-rate * TIMES)
    residuals = (WORKED - amplitude * shape) / sigmas
    jacobian = np.column_stack([shape, -amplitude * TIMES * shape]) / sigmas[:, None]
    cosine = (jacobian.T @ residuals) / np.linalg.norm(jacobian, axis=0) / np.linalg.norm(residuals)
    assert np.abs(cosine).max() < 1e-7


def test_uncertaintyDescribesTheScatterOfRepeatedMeasurements():
    rng = np.random.default_rng(7)
    truth = 100 * np.exp(-math.log(2) / 55 * TIMES)
    sigmas = 0.05 * truth
    areas, uncertainties, covered = [], [], 0
    for _ in range(400):
        curve = TimeActivityCurve(TIMES, truth + sigmas * rng.standard_normal(4), sigmas)
        result = fitMonoExponential(curve, RATE)
        areas.append(result.timeIntegratedActivityMBqH)
        uncertainties.append(result.timeIntegratedActivityUncertaintyMBqH)
        covered += abs(areas[-1] - 100 / (math.log(2) / 55)) < uncertainties[-1]
    assert np.std(areas) == pytest.approx(np.mean(uncertainties), rel=0.1)
    assert covered / 400 == pytest.approx(0.683, abs=0.07)


def test_neverSlowerThanPhysicalDecay():
    result = fitMonoExponential(TimeActivityCurve([24, 96, 168], [50, 49, 48]), RATE)
    assert result.effectiveHalfLifeHours == pytest.approx(159.528, rel=1e-9)
    assert any("held at the physical" in text for text in result.warnings)


def test_pureDecayIsFoundAsSuch():
    activities = 50 * np.exp(-RATE * TIMES)
    result = fitMonoExponential(TimeActivityCurve(TIMES, activities), RATE)
    assert result.effectiveHalfLifeHours == pytest.approx(159.528, rel=1e-6)
    assert result.timeIntegratedActivityMBqH == pytest.approx(50 / RATE, rel=1e-7)


def test_twoPointsGiveTheLineThroughThemAndNoUncertainty():
    result = fitMonoExponential(TimeActivityCurve([24, 96], [80, 20]), RATE)
    assert result.effectiveHalfLifeHours == pytest.approx(36.0, rel=1e-9)
    assert result.covariance is None and result.covarianceKind == "none"
    assert result.timeIntegratedActivityUncertaintyMBqH is None and result.activityUncertaintiesMBq is None
    assert any("degrees of freedom" in text for text in result.warnings)


def test_twoPointsWithUncertaintiesPropagateThem():
    """Analytic: lambda = ln(a/b)/dt, A0 = a exp(lambda t1), by numerical derivatives."""
    times, activities, sigmas = np.array([24.0, 96.0]), np.array([80.0, 20.0]), np.array([4.0, 2.0])

    def area(values):
        rate = math.log(values[0] / values[1]) / 72.0
        return values[0] * math.exp(rate * 24.0) / rate

    slopes = [(area(activities + step) - area(activities - step)) / 2e-4 for step in 1e-4 * np.eye(2)]
    result = fitMonoExponential(TimeActivityCurve(times, activities, sigmas), RATE)
    assert result.timeIntegratedActivityUncertaintyMBqH == pytest.approx(math.hypot(*(slopes * sigmas)), rel=1e-6)


def test_aZeroGetsAFiniteWeightSaidInWords():
    result = fitMonoExponential(TimeActivityCurve([4, 24, 96, 168], [100, 60, 15, 0]), RATE)
    assert math.isfinite(result.timeIntegratedActivityMBqH) and result.timeIntegratedActivityMBqH > 0
    assert "at 168 h" in result.weighting and f"{PROPORTIONAL_FLOOR:.0%}" in result.weighting
    assert result.activityUncertaintiesMBq[3] == pytest.approx(result.coefficientOfVariation * 5.0)


def test_theFloorLeavesExactCurvesAlone():
    times = np.array([1.0, 24.0, 96.0, 168.0])
    result = fitMonoExponential(TimeActivityCurve(times, 100 * np.exp(-0.05 * times)), RATE)
    assert result.timeIntegratedActivityMBqH == pytest.approx(2000.0, rel=1e-8)


def test_scaleOfTimeAndActivityDoesNotMatter():
    result = fitMonoExponential(TimeActivityCurve(TIMES, WORKED), RATE)
    other = fitMonoExponential(TimeActivityCurve(TIMES * 1e-3, WORKED * 1e-7), RATE * 1e3)
    assert other.timeIntegratedActivityMBqH == pytest.approx(result.timeIntegratedActivityMBqH * 1e-10, rel=1e-9)


def test_sameInputSameOutput():
    first, second = (fitMonoExponential(TimeActivityCurve(TIMES, WORKED), RATE).toDict() for _ in range(2))
    assert first == second


def test_oneActivityAboveZeroIsRefused():
    with pytest.raises(InputError, match="at least two activities above zero"):
        fitMonoExponential(TimeActivityCurve([24, 96, 168], [80, 0, 0]), RATE)


def test_absurdExtrapolationIsRefused():
    with pytest.raises(CalculationError, match="too fast"):
        fitMonoExponential(TimeActivityCurve([100, 101], [1, 1e-9]), RATE)


def test_akaike():
    """T20: N = 6; chi-square 4.0 with K = 2 gives 12.0, 1.5 with K = 3 gives 19.5."""
    assert correctedAkaike(4.0, True, 6, 2) == pytest.approx(12.0)
    assert correctedAkaike(1.5, True, 6, 3) == pytest.approx(19.5)
    first, second = (math.exp(-value / 2) for value in (0.0, 7.5))
    assert first / (first + second) == pytest.approx(0.97702, abs=5e-6)
    assert correctedAkaike(1.0, True, 3, 2) is None
    assert correctedAkaike(0.0, False, 6, 2) is None
    # A common scale of the weights moves no model against another.
    difference = correctedAkaike(3.0, False, 6, 2) - correctedAkaike(1.0, False, 6, 3)
    assert difference == pytest.approx(correctedAkaike(0.03, False, 6, 2) - correctedAkaike(0.01, False, 6, 3))

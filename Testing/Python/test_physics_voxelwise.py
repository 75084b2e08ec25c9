"""Fits per voxel: the same optimum as a fit of each voxel by scipy, exact recovery, and nothing but valid numbers."""

import math
import warnings

import numpy as np
import pytest

from MRTDosimetryLib.errors import CanceledError, InputError
from MRTDosimetryLib.physics.kinetics import selection, voxelwise
from MRTDosimetryLib.physics.kinetics.curve import TimeActivityCurve
from MRTDosimetryLib.physics.kinetics.voxelwise import VoxelState, fitVoxels, replaceUnphysical, voxelModels

LN2 = math.log(2)
PHYSICAL = LN2 / 159.528
FOUR = np.array([4.0, 24.0, 96.0, 168.0])
SIX = np.array([2.0, 6.0, 24.0, 48.0, 96.0, 168.0])


def mono(t, a, rate):
    return a * np.exp(-rate * t)


def bi(t, a, b, slow, difference):
    return a * np.exp(-slow * t) + b * np.exp(-(slow + difference) * t)


def uptake(t, a, slow, difference):
    return a * np.exp(-slow * t) * -np.expm1(-difference * t)


def drawn(model, count, seed):
    """Parameters, function, true areas and times of random voxels."""
    rng = np.random.default_rng(seed)
    slow, scale = LN2 / rng.uniform(40, 120, count), 10 ** rng.uniform(-3, 5, count)
    if model == "monoExponential":
        return np.stack([scale, slow]), mono, scale / slow, FOUR
    if model == "biExponential":
        a, b, difference = scale * rng.uniform(1, 3, count), scale, LN2 / rng.uniform(3, 12, count)
        return np.stack([a, b, slow, difference]), bi, a / slow + b / (slow + difference), SIX
    difference = LN2 / rng.uniform(1, 8, count)
    return np.stack([scale, slow, difference]), uptake, scale / slow - scale / (slow + difference), SIX


EXPONENTIALS = ("monoExponential", "biExponential", "uptakeWashout")
# With much more noise the chi-square of two exponentials has several minima of nearly the same depth.
NOISE = {"monoExponential": 0.10, "biExponential": 0.02, "uptakeWashout": 0.05}


def noisy(model, count, seed):
    parameters, function, area, times = drawn(model, count, seed)
    clean = np.array([function(times, *values) for values in parameters.T]).T
    rng = np.random.default_rng(seed + 1)
    return parameters, function, area, times, clean * (1 + NOISE[model] * rng.standard_normal(clean.shape))


def areaOf(model, values):
    if model == "monoExponential":
        return values[0] / values[1]
    if model == "biExponential":
        return values[0] / values[2] + values[1] / (values[2] + values[3])
    return values[0] / values[1] - values[0] / (values[1] + values[2])


@pytest.mark.parametrize("model", EXPONENTIALS)
def test_noiseFreeCurvesAreRecovered(model):
    parameters, function, area, times = drawn(model, 2000, 11)
    clean = np.array([function(times, *values) for values in parameters.T]).T
    for weighting in voxelwise.WEIGHTINGS:
        fit = fitVoxels(times, clean, PHYSICAL, model, weighting)
        assert fit.isPhysical.all()
        assert np.abs(fit.timeIntegrated / area - 1).max() < 1e-5
        slow = parameters[1] if model != "biExponential" else parameters[2]
        assert np.abs(fit.effectiveHalfLifeHours * slow / LN2 - 1).max() < 1e-5
        assert fit.relativeResidual.max() < 1e-5


@pytest.mark.parametrize("model", EXPONENTIALS)
def test_sameAsScipyVoxelByVoxel(model):
    """1000 random noisy voxels, each also by scipy.optimize.curve_fit with the same weights and bounds."""
    from scipy.optimize import OptimizeWarning, curve_fit

    parameters, function, _area, times, activities = noisy(model, 1000, 5)
    fit = fitVoxels(times, activities, PHYSICAL, model, "proportional")
    fastest = min(7.0 / np.diff(times).min(), -math.log(0.1) / times[0])
    lower = {"monoExponential": [0, PHYSICAL], "biExponential": [0, 0, PHYSICAL, 0.05 * PHYSICAL],
             "uptakeWashout": [0, PHYSICAL, 0.05 * PHYSICAL]}[model]
    upper = {"monoExponential": [np.inf, fastest], "biExponential": [np.inf, np.inf, fastest, fastest],
             "uptakeWashout": [np.inf, fastest, 20.0 / times[0]]}[model]
    assert fit.isPhysical.mean() > 0.99
    worst = 0.0
    for index in np.flatnonzero(fit.isPhysical):
        y, scale = activities[:, index], activities[:, index].max()
        start = np.clip(parameters[:, index] / [*[scale] * (len(lower) - (1 if model == "monoExponential" else 2)),
                                                *[1.0] * (1 if model == "monoExponential" else 2)],
                        np.array(lower) * 1.0001, upper)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", OptimizeWarning)
            found, _covariance = curve_fit(function, times, y / scale, start, np.maximum(y / scale, 0.05),
                                           bounds=(lower, upper), x_scale=start, xtol=1e-13, ftol=1e-13, gtol=1e-13,
                                           max_nfev=2000)
        worst = max(worst, abs(fit.timeIntegrated[index] / (areaOf(model, found) * scale) - 1))
    assert worst < 1e-4


def test_trapezoidIsThatOfARegion():
    rng = np.random.default_rng(3)
    activities = rng.uniform(0.1, 10, (4, 300))
    fit = fitVoxels(FOUR, activities, PHYSICAL, "trapezoid")
    for index in np.flatnonzero(fit.isPhysical):
        region = selection.fit(TimeActivityCurve(FOUR, activities[:, index]), PHYSICAL, "trapezoid")
        assert fit.timeIntegrated[index] == pytest.approx(region.timeIntegratedActivityMBqH, rel=1e-12)
        assert fit.effectiveHalfLifeHours[index] == pytest.approx(region.effectiveHalfLifeHours, rel=1e-6)
    options = {"start": "zero-linear", "tail": "physical"}
    fit = fitVoxels(FOUR, activities, PHYSICAL, "trapezoid", options=options)
    index = np.flatnonzero(fit.isPhysical)[0]
    region = selection.fit(TimeActivityCurve(FOUR, activities[:, index]), PHYSICAL, "trapezoid", options=options)
    assert fit.timeIntegrated[index] == pytest.approx(region.timeIntegratedActivityMBqH, rel=1e-12)


def test_monoExponentialIsThatOfARegion():
    _parameters, _function, _area, times, activities = noisy("monoExponential", 25, 8)
    fit = fitVoxels(times, activities, PHYSICAL)
    for index in range(25):
        region = selection.fit(TimeActivityCurve(times, activities[:, index]), PHYSICAL, "monoExponential")
        assert fit.timeIntegrated[index] == pytest.approx(region.timeIntegratedActivityMBqH, rel=1e-5)


def test_slowerThanPhysicalIsHeldExactlyThere():
    activities = np.stack([mono(FOUR, 3.0, LN2 / 400.0)], axis=1)
    for model in ("monoExponential", "biExponential"):
        fit = fitVoxels(FOUR, activities, PHYSICAL, model)
        assert fit.states[0] == VoxelState.AT_PHYSICAL_DECAY and fit.isPhysical[0]
        assert fit.effectiveHalfLifeHours[0] == pytest.approx(159.528, rel=1e-7)
        shape, weights = np.exp(-PHYSICAL * FOUR), 1 / activities[:, 0] ** 2
        amplitude = np.sum(weights * shape * activities[:, 0]) / np.sum(weights * shape ** 2)
        assert fit.timeIntegrated[0] == pytest.approx(amplitude / PHYSICAL, rel=1e-6)


PATTERNS = {
    "zeros": (np.zeros(4), VoxelState.NO_ACTIVITY), "one point": (np.array([0, 0, 5.0, 0]), VoxelState.NO_ACTIVITY),
    "negative": (np.array([5, 3, -0.1, 1.0]), VoxelState.NEGATIVE),
    "constant": (np.full(4, 2.0), VoxelState.RISING), "rising": (np.array([1, 2, 3, 4.0]), VoxelState.RISING),
    "not a number": (np.array([1, np.nan, 3, 4.0]), VoxelState.NOT_MEASURED),
    "infinite": (np.array([1, np.inf, 3, 4.0]), VoxelState.NOT_MEASURED),
    "too fast": (np.array([1, 1e-30, 0, 0.0]), VoxelState.TOO_FAST),
    "late zeros": (np.array([4, 1, 0, 0.0]), None), "huge": (np.array([3e38, 2e38, 1e38, 5e37]), VoxelState.FITTED),
    "denormal": (np.array([4e-44, 3e-44, 2e-44, 1e-44]), VoxelState.FITTED),
    "one spike": (np.array([0, 1e-20, 1e20, 0]), None), "zero first": (np.array([0, 5, 3, 1.0]), None),
    "wide": (np.array([1e30, 1, 1e-30, 1e-37]), None), "alternating": (np.array([5, 0, 5, 0.0]), None),
}


@pytest.mark.parametrize("model", list(voxelModels()))
@pytest.mark.parametrize("weighting", list(voxelwise.WEIGHTINGS))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_everyPatternGivesValidNumbers(model, weighting, dtype):
    rng = np.random.default_rng(0)
    patterns = np.stack([pattern for pattern, _state in PATTERNS.values()], axis=1)
    random = rng.standard_normal((4, 500)) * 10.0 ** rng.integers(-37, 37, (4, 500))
    sparse = rng.uniform(0, 1, (4, 500)) * (rng.uniform(0, 1, (4, 500)) > 0.4)
    activities = np.concatenate([patterns, random, np.abs(random), sparse], axis=1).astype(dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit = fitVoxels(FOUR, activities, PHYSICAL, model, weighting)
    for values in (fit.timeIntegrated, fit.effectiveHalfLifeHours, fit.relativeResidual):
        assert np.all(np.isfinite(values)) and np.all(values >= 0)
    bad = ~fit.isPhysical
    assert np.all(fit.timeIntegrated[bad] == 0) and np.all(fit.timeIntegrated[~bad] > 0)
    assert np.all(fit.effectiveHalfLifeHours[~bad] <= 159.528 * (1 + 1e-6))
    if model == "monoExponential":
        expected = [state for _pattern, state in PATTERNS.values()]
        assert [want for want in expected if want is not None] == \
            [VoxelState(got) for got, want in zip(fit.states, expected, strict=False) if want is not None]


def test_largeNumbersOfDoublesAreFlaggedNotInfinite():
    fit = fitVoxels(FOUR, np.array([[1.7e308], [1.6e308], [1.5e308], [1e308]]), PHYSICAL)
    assert fit.states[0] == VoxelState.NOT_CONVERGED and fit.timeIntegrated[0] == 0


@pytest.mark.parametrize("model", list(voxelModels()))
def test_resultDoesNotDependOnChunksOrNeighbors(model):
    activities = np.abs(np.random.default_rng(4).normal(1, 0.7, (6, 999)))
    whole = fitVoxels(SIX, activities, PHYSICAL, model)
    parts = fitVoxels(SIX, activities, PHYSICAL, model, chunkSize=300)
    again = fitVoxels(SIX, activities, PHYSICAL, model)
    assert np.array_equal(whole.timeIntegrated, again.timeIntegrated)
    assert np.array_equal(whole.states, parts.states)
    assert np.allclose(whole.timeIntegrated, parts.timeIntegrated, rtol=1e-6, atol=0)


def test_scaleDoesNotMatter():
    activities = noisy("monoExponential", 50, 2)[4]
    one = fitVoxels(FOUR, activities, PHYSICAL)
    other = fitVoxels(FOUR, activities * 2.0 ** 40, PHYSICAL)
    assert np.array_equal(other.timeIntegrated, one.timeIntegrated * 2.0 ** 40)


def test_weightsFromTheFitAreNotBiasedByNoise():
    rng = np.random.default_rng(9)
    clean = mono(FOUR[:, None], 1.0, LN2 / rng.uniform(40, 90, 20000))
    activities = np.maximum(clean * (1 + 0.3 * rng.standard_normal(clean.shape)), 0)
    true = clean[0] * np.exp(np.log(clean[0] / clean[1]) / 20 * 4) / (np.log(clean[0] / clean[1]) / 20)
    bias = {}
    for weighting in ("proportional", "fitted"):
        fit = fitVoxels(FOUR, activities, PHYSICAL, weighting=weighting)
        good = fit.isPhysical
        bias[weighting] = fit.timeIntegrated[good].sum() / true[good].sum() - 1
    assert abs(bias["fitted"]) < 0.03 and bias["proportional"] < -0.05


def test_replacedVoxelsFollowTheirRegion():
    good, bad = mono(FOUR, 2.0, LN2 / 60.0), np.array([1.0, 2.0, 3.0, 4.0])
    half = np.array([3.0, np.nan, 1.0, np.nan])
    activities = np.stack([good, bad, bad, half, np.zeros(4)], axis=1)
    weights, regions = np.array([14.0, 46.0, 72.0, 108.0]), np.array([0, 0, 1, 1, 0])
    tia, halfLives = [900.0, 5000.0], [60.0, 90.0]
    curves = np.stack([mono(FOUR, 10.0, LN2 / 60.0), mono(FOUR, 40.0, LN2 / 90.0)])
    fit, counts = replaceUnphysical(fitVoxels(FOUR, activities, PHYSICAL), activities, weights, regions, tia, curves,
                                    halfLives)
    assert counts.tolist() == [2, 2] and fit.isReplaced.tolist() == [False, True, True, True, True]
    assert fit.timeIntegrated[0] == pytest.approx(2.0 * 60 / LN2, rel=1e-6)
    for index, region in ((1, 0), (2, 1)):
        assert fit.timeIntegrated[index] == pytest.approx(weights @ bad / (weights @ curves[region]) * tia[region])
        assert fit.effectiveHalfLifeHours[index] == halfLives[region]
    measured = np.array([True, False, True, False])
    expected = (weights * half)[measured].sum() / (weights * curves[1])[measured].sum() * tia[1]
    assert fit.timeIntegrated[3] == pytest.approx(expected)
    assert fit.timeIntegrated[4] == 0
    unknown, _counts = replaceUnphysical(fitVoxels(FOUR, activities, PHYSICAL), activities, weights, regions,
                                         [np.nan, 5000.0], curves, halfLives)
    assert unknown.timeIntegrated[1] == 0 and unknown.effectiveHalfLifeHours[1] == 0


@pytest.mark.parametrize("arguments", [
    ([4.0], np.ones((1, 2)), PHYSICAL), ([4.0, 4.0], np.ones((2, 2)), PHYSICAL),
    ([0.0, 4.0], np.ones((2, 2)), PHYSICAL), (FOUR, np.ones((3, 2)), PHYSICAL), (FOUR, np.ones(4), PHYSICAL),
    (FOUR, np.ones((4, 2)), 0.0), (FOUR, np.ones((4, 2)), LN2 / 0.1),
    (FOUR, np.ones((4, 2)), PHYSICAL, "spline"), (FOUR, np.ones((4, 2)), PHYSICAL, "trapezoid", "none"),
    (FOUR[:2], np.ones((2, 2)), PHYSICAL, "uptakeWashout"), (FOUR[:3], np.ones((3, 2)), PHYSICAL, "biExponential"),
    (FOUR, np.ones((4, 2)), PHYSICAL, "trapezoid", "constant", {"start": "guess"})])
def test_unusableInputIsRefused(arguments):
    with pytest.raises(InputError):
        fitVoxels(*arguments)


def test_curvesMostlyBeforeTheFirstScanAreFlagged():
    activities = mono(FOUR[:, None], 5.0, np.array([LN2 / 30.0, LN2 / 1.0]))
    assert fitVoxels(FOUR, activities, PHYSICAL).states.tolist() == [VoxelState.FITTED, VoxelState.TOO_FAST]
    early = bi(SIX, 1000.0, 0.5, 2.5, 0.1)[:, None] + mono(SIX, 0.01, LN2 / 80.0)[:, None]
    assert fitVoxels(SIX, early, PHYSICAL, "biExponential").states[0] == VoxelState.TOO_FAST


@pytest.mark.parametrize("model", list(voxelModels()))
def test_shortLivedNuclidesAreNoDifferent(model):
    """A physical half-life far below the time of the first scan, with activity as it has to be there, and without."""
    rate = LN2 / 1.83
    activities = np.stack([mono(SIX, 1e6, 1.2 * rate), np.full(6, 1.0), np.array([1, 0, 0, 1e-9, 0, 0])], axis=1)
    for times in (SIX, SIX + 50):
        fit = fitVoxels(times, activities, rate, model)
        assert all(np.isfinite(item).all() for item in (fit.timeIntegrated, fit.relativeResidual))
        assert fit.states[1] == VoxelState.RISING


def test_canBeCanceled():
    def stop(fraction, message=""):
        raise CanceledError()

    with pytest.raises(CanceledError):
        fitVoxels(FOUR, np.ones((4, 3)), PHYSICAL, progress=stop)


def test_noVoxels():
    assert fitVoxels(FOUR, np.ones((4, 0)), PHYSICAL).timeIntegrated.size == 0

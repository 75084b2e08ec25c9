"""Impossible and odd curves, for every fit model: an error in words or a flagged result, never NaN, no other model."""

import json
import math
import sys
import warnings

import numpy as np
import pytest

from MRTDosimetryLib.errors import CalculationError, FaultList, InputError, PackageError
from MRTDosimetryLib.physics.kinetics.curve import TimeActivityCurve
from MRTDosimetryLib.physics.kinetics.populationPrior import priorFromMean
from MRTDosimetryLib.physics.kinetics.registry import fitModels
from MRTDosimetryLib.physics.kinetics.selection import AUTO, fit
from MRTDosimetryLib.physics.nuclides import nuclide

RATE = nuclide("Lu-177").decayConstantPerHour
TIMES = [1.0, 4.0, 24.0, 72.0, 120.0, 168.0, 240.0]
PRIOR = {"medianHours": 50.0, "geometricSD": 1.25, "source": "cohort of the test"}
NEEDED = {"populationHalfLife": {"populationHalfLife": PRIOR, "relativeActivityUncertainty": 0.05},
          "earlierCycleHalfLife": {"earlierCycle": {"effectiveHalfLifeHours": 50.0, "standardErrorHours": 2.0},
                                   "relativeActivityUncertainty": 0.05}}
NAMES = [AUTO, *fitModels()]
ERRORS = (InputError, CalculationError, FaultList)


def outcome(name, activities, times=TIMES, isGiven=False):
    """Result of a fit of as many of the last points as the model takes, or the error."""
    most = None if name == AUTO else fitModels()[name].maximumPoints
    times, activities = times[-most:] if most else times, activities[-most:] if most else activities
    sigmas = [max(0.05 * value, 0.1) for value in activities] if isGiven else None
    halfLife = 50.0 if name == "singleTimePoint" else None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            result = fit(TimeActivityCurve(times, activities, sigmas), RATE, name, halfLife, NEEDED.get(name))
        except ERRORS as error:
            assert str(error)
            return error
        check(result, name)
    return result


def check(result, name):
    assert name in (AUTO, result.model)
    assert math.isfinite(result.timeIntegratedActivityMBqH) and result.timeIntegratedActivityMBqH > 0
    json.dumps(result.toDict(), allow_nan=False)
    at = np.array([0.0, 0.5, 30.0, 168.0, 1000.0])
    assert np.all(np.isfinite(result.activityMBq(at))) and np.all(result.activityMBq(at) >= -1e-9)
    band, errors = result.activityBandMBq(at), result.activityStandardErrorMBq(at)
    assert (band is None) == (errors is None) == (result.activityBandReason is not None)
    if band is not None:
        assert np.all(np.isfinite(errors)) and np.all(np.isfinite(band)) and np.all(band[0] >= 0)
        assert np.all(band[0] <= band[1])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("values", "isGiven"), [
    ([50.0] * 7, True), ([10.0, 20.0, 30.0, 40.0, 60.0, 90.0, 140.0], False),
    ([100.0, 90.0, 70.0, 30.0, 20.0, 40.0, 60.0], True), ([100.0, 90.0, 70.0, 30.0, 20.0, 40.0, 60.0], False),
    ([0.0, 0.0, 80.0, 40.0, 20.0, 10.0, 0.0], False), ([80.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], True),
    ([1.0, 90.0, 2.0, 80.0, 1.0, 70.0, 3.0], False)])
def test_oddCurvesAreRefusedOrFlagged(name, values, isGiven):
    result = outcome(name, values, isGiven=isGiven)
    if not isinstance(result, ERRORS):
        assert result.warnings


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("times", "activities", "sigmas", "words"), [
    ([24.0, 24.0, 96.0], [9.0, 8.0, 3.0], None, "same time"), ([24.0, 12.0], [9.0, 8.0], None, "out of order"),
    ([0.0, 24.0], [9.0, 8.0], None, "after administration"), ([4.0, 24.0], [9.0, -1.0], None, "cannot be negative"),
    ([4.0, 24.0], [0.0, 0.0], None, "zero at every time"), ([4.0, 24.0], [9.0, float("nan")], None, "not a finite"),
    ([4.0, 24.0], [9.0, 8.0], [1.0, 0.0], "has to be above zero"), ([], [], None, "no points")])
def test_impossibleCurvesAreRefused(name, times, activities, sigmas, words):
    with pytest.raises(ERRORS, match=words):
        fit(TimeActivityCurve(times, activities, sigmas), RATE, name, options=NEEDED.get(name))


@pytest.mark.parametrize("name", [name for name, model in fitModels().items() if (model.parameterCount or 0) > 1])
@pytest.mark.parametrize("isGiven", [False, True])
def test_fewerPointsThanParametersAreRefused(name, isGiven):
    count = fitModels()[name].parameterCount - 1
    values = [80.0, 60.0, 40.0, 25.0, 12.0, 5.0, 2.0]
    assert "needs at least" in str(outcome(name, values[:count], TIMES[:count], isGiven))
    exact = outcome(name, values[:count + 1], TIMES[:count + 1])
    if not isinstance(exact, ERRORS):
        assert exact.timeIntegratedActivityUncertaintyMBqH is None and "degrees of freedom" in exact.activityBandReason


@pytest.mark.parametrize("name", ["populationHalfLife", "singleTimePoint", "latePoint"])
@pytest.mark.parametrize("halfLife", [1e-300, 1e-3, 0.1, 1.0, 159.0])
def test_extremeHalfLives(name, halfLife):
    options = {"populationHalfLife": {**PRIOR, "medianHours": halfLife}} if name == "populationHalfLife" else {}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            result = fit(TimeActivityCurve([72.0], [30.0], [2.0]), RATE, name,
                         halfLife if name == "singleTimePoint" else None, options)
        except InputError as error:
            assert halfLife < 1 and "far too short" in str(error)
        else:
            check(result, name)


def test_extremeSpread():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for mean, deviation in ((50.0, 1e5), (1e-200, 1e200), (50.0, 1e300)):
            with pytest.raises(InputError, match="tells nothing"):
                priorFromMean(mean, deviation, "test")
        with pytest.raises(InputError, match="tells nothing"):
            fit(TimeActivityCurve([72.0], [30.0]), RATE, "populationHalfLife",
                options={"populationHalfLife": {**PRIOR, "geometricSD": 1e6}})
        wide = {"populationHalfLife": {**PRIOR, "geometricSD": 9.0}}
        unknown = fit(TimeActivityCurve([72.0], [30.0]), RATE, "populationHalfLife", options=wide)
        known = fit(TimeActivityCurve([72.0], [30.0], [0.01]), RATE, "populationHalfLife", options=wide)
        for result in (unknown, known):
            check(result, "populationHalfLife")
        # A precise activity changes nothing: the half-life alone is uncertain.
        assert known.timeIntegratedActivityMBqH == pytest.approx(unknown.timeIntegratedActivityMBqH, rel=0.05)


@pytest.mark.parametrize("activities", [[100 * 0.99 ** time for time in TIMES],
                                        [100 * (0.99 ** time - 0.9 ** time) for time in TIMES]])
def test_withoutTheSolverNoOtherModelTakesItsPlace(activities, monkeypatch):
    """The trapezoid in place of a fit would be another number without a word."""
    assert fit(TimeActivityCurve(TIMES, activities), RATE).model != "trapezoid"
    monkeypatch.setitem(sys.modules, "lmfit", None)
    with pytest.raises(PackageError, match="lmfit is not installed"):
        fit(TimeActivityCurve(TIMES, activities), RATE)
    assert fit(TimeActivityCurve(TIMES, activities), RATE, "trapezoid").model == "trapezoid", "it needs none"

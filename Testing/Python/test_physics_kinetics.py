"""Trapezoid, single time point and the choice between the models."""

import json
import math

import numpy as np
import pytest

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.physics.kinetics.curve import TimeActivityCurve
from MRTDosimetryLib.physics.kinetics.registry import FitModel, fitModels, modelTitles, registerModel
from MRTDosimetryLib.physics.kinetics.selection import fit
from MRTDosimetryLib.physics.nuclides import nuclide

RATE = nuclide("Lu-177").decayConstantPerHour
TIMES = [4.0, 24.0, 96.0, 168.0]
WORKED = [100.0, 80.0, 35.0, 15.0]


def trapezoid(activities=WORKED, times=TIMES, sigmas=None, **options):
    return fit(TimeActivityCurve(times, activities, sigmas), RATE, "trapezoid", options=options)


def test_trapezoidOfTheWorkedExample():
    """Clinical reference T17: 7740.0 between the points, 400 before, 3452.25 after = 11592.25."""
    result = trapezoid(tail="physical")
    assert result.timeIntegratedActivityMBqH == pytest.approx(11592.25, abs=5e-3)
    assert result.extrapolatedBeforeFraction * 11592.25 == pytest.approx(400.0, abs=1e-3)
    assert result.extrapolatedAfterFraction * 11592.25 == pytest.approx(3452.25, abs=5e-3)
    assert result.extrapolatedFraction > 0.2 and any("extrapolated" in text for text in result.warnings)


def test_trapezoidTailFromTheLastTwoPoints():
    rate = math.log(35 / 15) / 72
    result = trapezoid()
    assert result.timeIntegratedActivityMBqH == pytest.approx(8140.0 + 15 / rate, rel=1e-12)
    assert result.effectiveHalfLifeHours == pytest.approx(math.log(2) / rate, rel=1e-12)


def test_trapezoidStarts():
    middle = trapezoid().timeIntegratedActivityMBqH - 400.0
    assert trapezoid(start="zero-linear").timeIntegratedActivityMBqH == pytest.approx(middle + 200.0)
    rate = math.log(100 / 80) / 20
    start = 100 / rate * (math.exp(4 * rate) - 1)
    assert trapezoid(start="extrapolated").timeIntegratedActivityMBqH == pytest.approx(middle + start)
    flat = trapezoid([100, 100, 35, 15], start="extrapolated").timeIntegratedActivityMBqH
    assert flat == pytest.approx(trapezoid([100, 100, 35, 15]).timeIntegratedActivityMBqH)


@pytest.mark.parametrize("start", ["zero-linear", "constant", "extrapolated"])
@pytest.mark.parametrize("tail", ["physical", "effective"])
@pytest.mark.parametrize("activities", [WORKED, [20.0, 60.0, 35.0, 15.0], [50.0, 50.0, 40.0, 39.0]])
def test_trapezoidUncertaintyAgainstNumericalDerivatives(start, tail, activities):
    sigmas = np.array([5.0, 4.0, 2.0, 1.0])

    def area(values):
        return trapezoid(values, start=start, tail=tail).timeIntegratedActivityMBqH

    values = np.array(activities)
    slopes = np.array([(area(values + step) - area(values - step)) / 2e-4 for step in 1e-4 * np.eye(4)])
    result = trapezoid(activities, sigmas=sigmas, start=start, tail=tail)
    assert result.timeIntegratedActivityUncertaintyMBqH == pytest.approx(np.linalg.norm(slopes * sigmas), rel=1e-6)
    assert result.activityUncertaintiesMBq == sigmas.tolist()


def test_trapezoidHasNoUncertaintyWithoutThatOfTheActivities():
    result = trapezoid()
    assert result.timeIntegratedActivityUncertaintyMBqH is None and result.activityUncertaintiesMBq is None
    assert any("uncertainty is not computed" in text for text in result.warnings)


@pytest.mark.parametrize("start", ["zero-linear", "constant", "extrapolated"])
def test_trapezoidCurveHasItsArea(start):
    result = trapezoid(start=start)
    times = np.linspace(0, 3000, 3_000_001)
    assert np.trapezoid(result.activityMBq(times), times) == pytest.approx(
        result.timeIntegratedActivityMBqH, rel=1e-5)
    assert result.activityMBq(np.array(TIMES)) == pytest.approx(WORKED)


def test_trapezoidTailIsNeverSlowerThanPhysical():
    result = trapezoid([100, 80, 35, 34])
    assert result.effectiveHalfLifeHours == pytest.approx(159.528)
    assert any("tail is physical decay" in text for text in result.warnings)


def test_trapezoidThatEndsAtZero():
    result = trapezoid([100, 60, 30, 0])
    assert result.timeIntegratedActivityMBqH == pytest.approx(400 + 1600 + 3240 + 1080)
    assert result.effectiveHalfLifeHours is None and result.extrapolatedAfterFraction == 0
    assert result.activityMBq(np.array([200.0])) == 0
    assert any("zero" in text for text in result.warnings)


@pytest.mark.parametrize(("options", "words"), [
    ({"start": "magic"}, "no start"), ({"tail": "magic"}, "no tail"), ({"begin": "constant"}, "Unknown fit option")])
def test_trapezoidOptions(options, words):
    with pytest.raises(InputError, match=words):
        trapezoid(**options)
    with pytest.raises(InputError, match="first two activities above zero"):
        trapezoid([0, 80, 35, 15], start="extrapolated")


def single(time=72.0, activity=55.0, halfLife=50.0, sigma=None, **options):
    curve = TimeActivityCurve([time], [activity], None if sigma is None else [sigma])
    return fit(curve, RATE, effectiveHalfLifeHours=halfLife, options=options)


def test_singleTimePointOfTheWorkedExample():
    """T6: kidney of 150 g, 50 h, 55 MBq at 72 h."""
    result = single()
    assert result.parameters["A0"].value == pytest.approx(149.226, abs=5e-4)
    assert result.timeIntegratedActivityMBqH == pytest.approx(10764.4, abs=0.05)
    constant = nuclide("Lu-177").localDoseConstantGyKgPerGBqH
    assert result.timeIntegratedActivityMBqH * constant / 150 == pytest.approx(6.1228, abs=5e-4)
    assert result.extrapolatedFraction == pytest.approx(1.0)
    assert result.timeIntegratedActivityUncertaintyMBqH is None and result.covarianceKind == "none"


def test_singleTimePointUncertainty():
    halfLife, relative = 50.0, 0.12
    step = 1e-5
    slope = (single(halfLife=halfLife * (1 + step)).timeIntegratedActivityMBqH
             - single(halfLife=halfLife * (1 - step)).timeIntegratedActivityMBqH) / (2 * step)
    alone = single(relativeHalfLifeUncertainty=relative)
    assert alone.timeIntegratedActivityUncertaintyMBqH == pytest.approx(abs(slope) * relative, rel=1e-6)
    assert any("alone" in text for text in alone.warnings)
    both = single(sigma=5.5, relativeHalfLifeUncertainty=relative)
    expected = math.hypot(slope * relative, 0.1 * both.timeIntegratedActivityMBqH)
    assert both.timeIntegratedActivityUncertaintyMBqH == pytest.approx(expected, rel=1e-6)


def test_singleTimePointIsInsensitiveToTheHalfLifeAtOneMeanLife():
    result = single(time=50 / math.log(2), relativeHalfLifeUncertainty=0.3)
    assert result.timeIntegratedActivityUncertaintyMBqH == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(("arguments", "words"), [
    ({"halfLife": None}, "needs an effective half-life"), ({"halfLife": 200.0}, "longer than the physical"),
    ({"halfLife": 0.0}, "half-life"), ({"relativeHalfLifeUncertainty": 1.5}, "relative uncertainty")])
def test_singleTimePointRefusals(arguments, words):
    with pytest.raises(InputError, match=words):
        single(**arguments)


def chosen(activities, times=TIMES, sigmas=None):
    return fit(TimeActivityCurve(times, activities, sigmas), RATE)


def test_autoTakesTheMonoExponentialForAFallingCurve():
    result = chosen(WORKED)
    assert result.model == "monoExponential"
    assert [item["model"] for item in result.candidates if item["isChosen"]] == ["monoExponential"]
    assert "falls from its first point" in result.candidates[0]["reason"]


def test_autoTakesTheTrapezoidForUptakeAtThreePoints():
    """Three points cannot check a model of an uptake, which has three parameters."""
    result = chosen([10, 30, 20], TIMES[:3])
    assert result.model == "trapezoid"
    assert "uptake phase: the largest activity is at 24 h" in result.warnings[0]


def test_autoTakesAnEarlyPlateauWithinNoiseForAFallingCurve():
    assert chosen([50, 52, 20, 9]).model == "monoExponential"
    sigmas = [0.5, 0.5, 0.2, 0.1]
    assert chosen([50, 52, 20, 9], sigmas=sigmas).model == "trapezoid"


def test_autoRejectsAPoorFit():
    result = chosen([100, 20, 15, 10])
    assert result.model == "trapezoid" and "residual" in result.warnings[0]
    sigmas = [2.0, 0.5, 0.3, 0.2]
    result = chosen([100, 20, 15, 10], sigmas=sigmas)
    assert result.model == "trapezoid" and "chi-square" in result.warnings[0]


def test_autoWithTwoPoints():
    assert chosen([80, 20], [24, 96]).model == "monoExponential"
    assert chosen([20, 80], [4, 96]).model == "trapezoid"
    assert chosen([80, 0], [24, 96]).model == "trapezoid"


def test_autoWithASinglePointNeedsAHalfLife():
    assert single().model == "singleTimePoint"
    with pytest.raises(InputError, match="single time point needs an effective half-life"):
        chosen([80], [24])


def test_aHalfLifeBesideSeveralPointsIsNotUsedAndSaidSo():
    result = fit(TimeActivityCurve(TIMES, WORKED), RATE, effectiveHalfLifeHours=30.0)
    assert result.timeIntegratedActivityMBqH == pytest.approx(9104.41, abs=5e-3)
    assert any("not used" in text for text in result.warnings)


def test_lateRiseIsFlagged():
    assert any("physically impossible" in text for text in chosen([50, 52, 50, 9]).warnings)
    assert not any("physically impossible" in text for text in chosen(WORKED).warnings)


@pytest.mark.parametrize(("model", "times", "activities", "words"), [
    ("magic", TIMES, WORKED, "not a fit model.*auto, monoExponential"),
    ("monoExponential", [4.0], [1.0], "at least 2 time points"),
    ("trapezoid", [4.0], [1.0], "at least 2 time points"),
    ("singleTimePoint", TIMES, WORKED, "takes 1 point"),
])
def test_refusals(model, times, activities, words):
    with pytest.raises(InputError, match=words):
        fit(TimeActivityCurve(times, activities), RATE, model)


@pytest.mark.parametrize("model", ["monoExponential", "trapezoid"])
def test_resultsAreJSON(model):
    result = fit(TimeActivityCurve(TIMES, WORKED), RATE, model)
    content = json.loads(json.dumps(result.toDict(), allow_nan=False))
    assert content["timeIntegratedActivityMBqH"] == result.timeIntegratedActivityMBqH
    assert {"model", "parameters", "covariance", "aicc", "extrapolatedFraction", "candidates"} <= set(content)
    for parameter in content["parameters"].values():
        assert set(parameter) == {"value", "standardError", "unit"}


def test_aLaterModelIsOneCall():
    assert list(fitModels())[:3] == ["monoExponential", "trapezoid", "singleTimePoint"]
    template = fitModels()["trapezoid"]
    registerModel(FitModel("another", "Another", template.fit, minimumPoints=2))
    try:
        assert ("another", "Another") in modelTitles()
        assert fit(TimeActivityCurve(TIMES, WORKED), RATE, "another").timeIntegratedActivityMBqH > 0
    finally:
        from MRTDosimetryLib.physics.kinetics import registry

        del registry._models["another"]

"""One and two time points: population prior, earlier cycle, late point, hybrid scaling."""

import json
import math

import numpy as np
import pytest

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.physics.kinetics.curve import TimeActivityCurve
from MRTDosimetryLib.physics.kinetics.hybrid import fitHybrid
from MRTDosimetryLib.physics.kinetics.populationPrior import expectedNormalRange, priorOf, tabulatedPrior
from MRTDosimetryLib.physics.kinetics.selection import fit
from MRTDosimetryLib.physics.nuclides import nuclide

RATE = nuclide("Lu-177").decayConstantPerHour
LN2 = math.log(2)
PRIOR = {"medianHours": 50.0, "geometricSD": 1.25, "source": "cohort of the test"}


def posterior(times, activities, sigmas=None, prior=PRIOR, **options):
    return fit(TimeActivityCurve(times, activities, sigmas), RATE, "populationHalfLife",
               options={"populationHalfLife": prior, **options})


def test_narrowPriorGivesTheKnownHalfLife():
    """T6: 55 MBq at 72 h with 50 h gives 10764.4 MBq h."""
    result = posterior([72.0], [55.0], prior={**PRIOR, "geometricSD": 1.0005})
    assert result.timeIntegratedActivityMBqH == pytest.approx(10764.4, abs=0.5)
    assert result.scanTimeSensitivityPerHour == pytest.approx([LN2 / 50], rel=1e-3)
    assert any("activity is not known" in text for text in result.warnings)


def test_onePointAgainstMonteCarlo():
    rng = np.random.default_rng(4)
    halfLives = 50 * 1.25 ** rng.standard_normal(400_000)
    halfLives = halfLives[halfLives < LN2 / RATE]
    rates = LN2 / halfLives
    areas = (30 + 2 * rng.standard_normal(rates.size)) * np.exp(rates * 24) / rates
    result = posterior([24.0], [30.0], [2.0])
    assert result.timeIntegratedActivityMBqH == pytest.approx(np.median(areas), rel=3e-3)
    low, high = np.quantile(areas, [0.158655, 0.841345])
    assert result.timeIntegratedActivityUncertaintyMBqH == pytest.approx((high - low) / 2, rel=0.01)
    assert result.timeIntegratedActivityInterval95MBqH == pytest.approx(np.quantile(areas, [0.025, 0.975]), rel=0.01)
    assert sum(a / k for a, k in result.absorbedDoseRateShape) == pytest.approx(result.timeIntegratedActivityMBqH)
    assert any("cohort of the test" in text for text in result.assumptions)
    json.dumps(result.toDict(), allow_nan=False)


def test_twoPreciseLatePointsOverruleThePrior():
    times = np.array([24.0, 120.0])
    activities = 100 * np.exp(-LN2 / 70 * times)
    result = posterior(times, activities, 0.005 * activities)
    assert result.effectiveHalfLifeHours == pytest.approx(70, rel=0.02)
    assert len(result.scanTimeSensitivityPerHour) == 2
    poor = posterior(times, activities, 0.5 * activities)
    assert 48 < poor.effectiveHalfLifeHours < 65
    assert posterior(times, activities, relativeActivityUncertainty=0.005).effectiveHalfLifeHours == pytest.approx(
        result.effectiveHalfLifeHours)


def test_statedIntervalHoldsTheTruthOfThePopulation():
    rng, covered = np.random.default_rng(8), 0
    for _ in range(200):
        halfLife = min(50 * 1.25 ** rng.standard_normal(), 155)
        activity = 100 * math.exp(-LN2 / halfLife * 72)
        result = posterior([72.0], [activity * (1 + 0.05 * rng.standard_normal())], [0.05 * activity])
        low, high = result.timeIntegratedActivityInterval95MBqH
        covered += low <= 100 * halfLife / LN2 <= high
    assert 182 <= covered <= 199


def test_priorForms():
    prior = priorOf({"meanHours": 51.0, "sdHours": 6.0, "source": "user"})
    spread = math.log(prior.geometricSD)
    assert prior.medianHours * math.exp(spread ** 2 / 2) == pytest.approx(51.0)
    assert 51.0 * math.sqrt(math.expm1(spread ** 2)) == pytest.approx(6.0)
    assert not prior.isVerified
    assert expectedNormalRange(20) == pytest.approx(3.735, abs=1e-3)  # known control-chart constant d2
    shipped = tabulatedPrior("PSMA-617", "kidney")
    assert shipped.medianHours == 35.5 and shipped.isVerified and 2.0 < shipped.geometricSD < 2.3
    wide = posterior([72.0], [55.0], [3.0], prior={"tracer": "PSMA-617", "tissue": "kidney"})
    assert wide.timeIntegratedActivityMBqH < 3e4 and "meanTimeIntegratedActivity" not in wide.parameters


@pytest.mark.parametrize(("prior", "words"), [
    (None, "No population half-life"), ({"medianHours": 50.0}, "is given by"),
    ({**PRIOR, "source": " "}, "no source"), ({**PRIOR, "geometricSD": 1.0}, "geometric SD"),
    ({**PRIOR, "medianHours": float("nan")}, "median"), ({**PRIOR, "medianHours": 9000.0}, "longer than the physical"),
    ({"tracer": "PSMA-617", "tissue": "nail"}, "No population half-life of nail")])
def test_priorFaults(prior, words):
    with pytest.raises(InputError, match=words):
        posterior([24.0], [30.0], prior=prior)


def test_refusals():
    with pytest.raises(InputError, match="need the uncertainties"):
        posterior([24.0, 96.0], [30.0, 10.0])
    with pytest.raises(InputError, match="takes 2 points"):
        posterior([24.0, 96.0, 168.0], [30.0, 10.0, 5.0])
    with pytest.raises(InputError, match="activity is zero"):
        posterior([24.0, 96.0], [30.0, 0.0], [1.0, 1.0])


@pytest.mark.parametrize(("halfLife", "ratio"), [(30, 0.696), (40, 0.909), (51, 1.021), (67, 1.061), (77, 1.051),
                                                 (96, 1.000), (110, 0.953), (130, 0.885)])
def test_latePointAgainstTheWorkedRatios(halfLife, ratio):
    activity = 100 * math.exp(-LN2 / halfLife * 96)
    result = fit(TimeActivityCurve([96.0], [activity]), RATE, "latePoint")
    assert result.timeIntegratedActivityMBqH * LN2 / (100 * halfLife) == pytest.approx(ratio, abs=5e-4)
    assert result.scanTimeSensitivityPerHour == [1 / 96]
    assert sum(a / k for a, k in result.absorbedDoseRateShape) == pytest.approx(result.timeIntegratedActivityMBqH)
    assert any("0.75 to 2.5" in text for text in result.assumptions)


def test_leastAreaOfALatePoint():
    options = {"lateForm": "minimum"}
    least = fit(TimeActivityCurve([96.0], [10.0]), RATE, "latePoint", options=options).timeIntegratedActivityMBqH
    assert least == pytest.approx(math.e * 960)
    for halfLife in (30, 66.5, 96, 150):
        assert 10 * math.exp(LN2 / halfLife * 96) * halfLife / LN2 >= least
    with pytest.raises(InputError, match="no form"):
        fit(TimeActivityCurve([96.0], [10.0]), RATE, "latePoint", options={"lateForm": "magic"})


def test_earlierCycle():
    def later(**given):
        return fit(TimeActivityCurve([24.0], [30.0], [1.0]), RATE, "earlierCycleHalfLife", options={
            "earlierCycle": {"effectiveHalfLifeHours": 50.0, "standardErrorHours": 2.0, "cycle": "1", **given}})

    result = later()
    assert any("cycle 1" in text for text in result.assumptions)
    assert any("unchanged" in text for text in result.warnings)
    assert later(relativeChange=0.2).timeIntegratedActivityUncertaintyMBqH > \
        2 * result.timeIntegratedActivityUncertaintyMBqH
    for given, words in (({"relativeChange": 2.0}, "between 0 and 1"), ({"standardErrorHours": 0.0}, "standard dev"),
                         ({"magic": 1}, "Unknown entry")):
        with pytest.raises(InputError, match=words):
            later(**given)


def test_hybridScaling():
    times = np.array([4.0, 24.0, 96.0, 168.0])
    planar = 1700 * np.exp(-LN2 / 60 * times)
    curve = TimeActivityCurve(times, planar, 0.03 * planar)
    activity = 80 * math.exp(-LN2 / 60 * 24)
    result = fitHybrid(curve, 24.0, activity, RATE, 0.05 * activity)
    assert result.timeIntegratedActivityMBqH == pytest.approx(80 * 60 / LN2, rel=1e-7)
    assert result.activityMBq(np.array([24.0])) == pytest.approx(activity)
    assert result.scanTimeSensitivityPerHour == pytest.approx([LN2 / 60], rel=1e-5)
    assert sum(a / k for a, k in result.absorbedDoseRateShape) == pytest.approx(result.timeIntegratedActivityMBqH)

    def area(values):
        return fitHybrid(TimeActivityCurve(times, values, 0.03 * planar), 24.0, activity,
                         RATE).timeIntegratedActivityMBqH

    slopes = np.array([(area(planar + step) - area(planar - step)) / 2 for step in np.diag(1e-3 * planar)])
    random = np.linalg.norm(slopes / (1e-3 * planar) * 0.03 * planar) / result.timeIntegratedActivityMBqH
    assert result.timeIntegratedActivityUncertaintyMBqH / result.timeIntegratedActivityMBqH == pytest.approx(
        math.hypot(random, 0.05), rel=1e-3)
    # a SPECT/CT beyond the planar images rests on what the fit extrapolates to
    for hours, isBeyond in ((24.0, False), (curve.timesHours[-1] * 1.1, False), (curve.timesHours[-1] * 2, True),
                            (curve.timesHours[0] / 2, True)):
        told = fitHybrid(curve, float(hours), activity, RATE).warnings
        assert any("lies beyond the planar series" in words for words in told) == isBeyond
    unknown = fitHybrid(curve, 24.0, activity, RATE)
    assert unknown.timeIntegratedActivityUncertaintyMBqH is None and unknown.warnings
    with pytest.raises(InputError, match="not a number above zero"):
        fitHybrid(curve, 24.0, 0.0, RATE)

"""Dead time from a decaying source and known activities: countings of a known dead time, with and without noise."""

import numpy as np
import pytest

from MRTDosimetryLib.errors import CalculationError, InputError
from MRTDosimetryLib.physics.deadTime import MODELS, observedRate, trueRate
from MRTDosimetryLib.physics.deadTimeFit import fitDeadTime, fitKnownActivities

HALF_LIFE_HOURS = 6.0067
HOURS = (0.0, 3.0, 6.0, 12.0, 18.0, 24.0, 36.0)
SECONDS = 60.0


def countings(microseconds, model, trueCps=120000.0, backgroundCps=40.0, seed=None):
    rates = [observedRate(trueCps * 0.5 ** (hour / HALF_LIFE_HOURS) + backgroundCps, microseconds, model)
             for hour in HOURS]
    counts = np.array(rates) * SECONDS
    return counts if seed is None else np.random.default_rng(seed).poisson(counts).astype(float)


@pytest.mark.parametrize("model", ["paralyzable", "nonParalyzable"])
def test_theTrueDeadTime(model):
    found = fitDeadTime(HOURS, countings(2.5, model), [SECONDS] * 7, HALF_LIFE_HOURS, model, 40.0)
    assert found.microseconds == pytest.approx(2.5, rel=1e-6) and found.chiSquare < 1e-6
    assert found.degreesOfFreedom == 5
    # exp(-N tau), or 1 / (1 + N tau), at the highest rate
    lost = 1 - np.exp(-0.3001) if model == "paralyzable" else 0.3001 / 1.3001
    assert found.lossFraction == pytest.approx(lost, rel=1e-4)


def test_itsUncertaintyCoversTheNoise():
    results = [fitDeadTime(HOURS, countings(2.5, "paralyzable", seed=seed), [SECONDS] * 7, HALF_LIFE_HOURS,
                           backgroundCps=40.0) for seed in range(100)]
    deviations = np.array([item.microseconds / 2.5 - 1.0 for item in results])
    stated = np.mean([item.relativeUncertainty for item in results])
    assert abs(deviations.mean()) < 3 * deviations.std() / 10
    # never below counting statistics, a little above them where the scatter is larger by chance
    assert 0.8 < stated / deviations.std() < 1.6


@pytest.mark.parametrize("change, kind, words", [
    ({"hours": HOURS[:2], "counts": countings(2.5, "paralyzable")[:2], "seconds": [60.0, 60.0]}, InputError,
     "at least 3 countings"),
    ({"hours": HOURS[::-1]}, InputError, "not in the order of time"),
    ({"counts": [0.0] * 7}, InputError, "number of counts"),
    ({"backgroundCps": 1e6}, InputError, "not above the background"),
    ({"model": "magic"}, InputError, "no model of dead time"),
    ({"counts": countings(1e-3, "paralyzable")}, CalculationError, "show no dead time"),
    ({"halfLifeHours": 2.8}, CalculationError, "follow neither activity nor dead time"),
])
def test_refusedInWords(change, kind, words):
    given = {"hours": HOURS, "counts": countings(2.5, "paralyzable"), "seconds": [SECONDS] * 7,
             "halfLifeHours": HALF_LIFE_HOURS, "backgroundCps": 40.0, **change}
    with pytest.raises(kind, match=words):
        fitDeadTime(**given)


ACTIVITIES = 2.0 ** -np.arange(0.0, 8.0, 0.7)


def known(topCps, model, random=None, backgroundCps=0.0, seconds=60.0, microseconds=6.0):
    """Activities, counts and seconds; with the counts that are expected, or random ones."""
    expected = np.array([observedRate(topCps * activity + backgroundCps, microseconds, model) * seconds
                         for activity in ACTIVITIES])
    return ACTIVITIES, expected if random is None else random.poisson(expected), [seconds] * len(ACTIVITIES)


@pytest.mark.parametrize("model", list(MODELS))
def test_theModelIsChosen(model):
    """Of T30: 48,000 true counts per second behind 6 µs."""
    found = fitKnownActivities(*known(48000.0, model, backgroundCps=30.0), "auto", 30.0)
    assert found.model == model and found.microseconds == pytest.approx(6.0, rel=1e-6) and found.chiSquare < 1e-6
    assert found.probability > 0.999 and found.isToldApart and abs(found.otherMicroseconds / 6.0 - 1.0) > 0.05
    true = 48030.0
    assert found.lossFraction == pytest.approx(1 - observedRate(true, 6.0, model) / true, rel=1e-5)
    random = np.random.default_rng(11)
    chosen = [fitKnownActivities(*known(60000.0, model, random, 50.0), "auto", 50.0).model for _ in range(20)]
    assert chosen == [model] * 20


def test_thePublishedExampleBackAndForth():
    """T30: the fitted detector shows 35,988.6 of 48,000 counts per second, a loss of 25.02 %, and gives them back."""
    found = fitKnownActivities(*known(48000.0, "paralyzable"), "auto")
    assert observedRate(48000.0, found.microseconds) == pytest.approx(35988.6, abs=0.05)
    back = trueRate(35988.6, found.microseconds, found.model)
    assert back.rateCps == pytest.approx(48000.0, abs=0.1) and back.lossFraction == pytest.approx(0.2502, abs=5e-5)


def test_modelsThatAreNotToldApart():
    """At small losses both fit: it is said, and the uncertainty holds their difference."""
    random = np.random.default_rng(2)
    for _ in range(20):
        found = fitKnownActivities(*known(8000.0, "paralyzable", random, seconds=300.0), "auto")
        if not found.isToldApart:
            difference = abs(found.otherMicroseconds / found.microseconds - 1.0)
            assert found.relativeUncertainty > (1 - found.probability) ** 0.5 * difference
            return
    raise AssertionError("told apart every time")


def test_activitiesWithUncertaintiesOfTheirOwn():
    given = known(60000.0, "paralyzable")
    loose = fitKnownActivities(*given, relativeUncertainties=[0.02] * len(ACTIVITIES))
    assert loose.relativeUncertainty > 3 * fitKnownActivities(*given).relativeUncertainty


@pytest.mark.parametrize("change, kind, words", [
    ({"activities": [1.0] * 12}, InputError, "fewer than 3 different activities"),
    ({"activities": [0.0, *ACTIVITIES[1:]]}, InputError, "activity is 0"),
    ({"relativeUncertainties": [-0.1] * 12}, InputError, "cannot be negative"),
    ({"counts": known(4e5, "paralyzable")[1]}, CalculationError, "beyond the most|neither activity nor dead time"),
])
def test_knownActivitiesRefusedInWords(change, kind, words):
    activities, counts, seconds = known(48000.0, "paralyzable")
    with pytest.raises(kind, match=words):
        fitKnownActivities(**{"activities": activities, "counts": counts, "seconds": seconds, **change})

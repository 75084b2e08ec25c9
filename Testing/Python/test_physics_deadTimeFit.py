"""Dead time from a decaying source: the countings that a known dead time makes, with and without noise."""

import numpy as np
import pytest

from MRTDosimetryLib.errors import CalculationError, InputError
from MRTDosimetryLib.physics.deadTime import observedRate
from MRTDosimetryLib.physics.deadTimeFit import fitDeadTime

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
    ({"halfLifeHours": 2.8}, CalculationError, "follow neither decay nor dead time"),
])
def test_refusedInWords(change, kind, words):
    given = {"hours": HOURS, "counts": countings(2.5, "paralyzable"), "seconds": [SECONDS] * 7,
             "halfLifeHours": HALF_LIFE_HOURS, "backgroundCps": 40.0, **change}
    with pytest.raises(kind, match=words):
        fitDeadTime(**given)

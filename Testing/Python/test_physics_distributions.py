"""Distributions over patients: percentiles, log-normal parameters, normal range and the place of a value."""

import math

import numpy as np
import pytest

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.physics import distributions


@pytest.mark.parametrize("n, proportion, oneSided, factor", [
    # NIST/SEMATECH e-Handbook of Statistical Methods, 7.2.6.3: t'(0.99; 42, 8.4043) = 12.28834
    (43, 0.90, 0.99, 12.28834 / math.sqrt(43)),
    # Zaiontz C., Real Statistics, example of the tolerance interval with the noncentral t distribution
    (40, 0.90, 0.99, 1.9017),
    # Odeh and Owen, one-sided tolerance factors for 95 % of a population with 95 % confidence
    (10, 0.95, 0.95, 2.911),
])
def test_toleranceFactorsAsPublished(n, proportion, oneSided, factor):
    confidence = 2.0 * oneSided - 1.0  # half of the rest on each side
    assert distributions.toleranceFactors(n, proportion, confidence)[1] == pytest.approx(factor, rel=1e-4)


@pytest.mark.parametrize("n, ranks", [(120, (1, 7)), (133, (1, 8))])
def test_ranksOfTheConfidenceLimits(n, ranks):
    """Reed AH, Henry RJ, Mason WB. Clin Chem 1971;17:275-284: ranks of the 90 % limits of the 2.5th percentile."""
    values = np.arange(1.0, n + 1)
    found = distributions.describe(values).normalRange
    assert found.method == "ranks" and found.lowInterval90 == ranks
    assert found.highInterval90 == (n + 1 - ranks[1], n + 1 - ranks[0])
    assert found.low == pytest.approx(0.025 * (n + 1)) and found.high == pytest.approx(0.975 * (n + 1))


def test_ranksNeed119Values():
    # 1 - 0.975^n >= 0.95: the smallest value lies below the 2.5th percentile
    assert distributions.smallestNumberForRanks() == math.ceil(math.log(0.05) / math.log(0.975)) == 119


def test_momentsAndPercentiles():
    values = [4.0, 1.0, 2.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0]
    found = distributions.describe(values)
    assert (found.n, found.minimum, found.maximum, found.median) == (9, 1.0, 256.0, 16.0)
    assert found.mean == pytest.approx(511.0 / 9) and found.sd == pytest.approx(np.std(values, ddof=1))
    assert found.geometricMean == pytest.approx(16.0)
    assert found.geometricSD == pytest.approx(2.0 ** math.sqrt(7.5))
    assert found.percentiles[25.0] == pytest.approx(3.0), "rank 2.5 of 9"
    assert found.percentiles[2.5] is None and found.percentiles[97.5] is None, "they lie beyond the values"


@pytest.mark.parametrize("n", [1, 2, 9])
def test_fewPatientsHaveNoRange(n):
    found = distributions.describe(np.linspace(0.5, 0.8, n))
    assert found.normalRange is None and f"{n} of at least 10 patients" in found.notes[0]
    assert distributions.position(np.linspace(0.5, 0.8, n), 0.6) is None
    assert (found.sd is None) == (n == 1)


def test_rangeOfTenPatients():
    values = np.exp(np.random.default_rng(3).normal(-0.5, 0.3, 10))
    found = distributions.describe(values)
    mean, sd = np.log(values).mean(), np.log(values).std(ddof=1)
    assert found.normalRange.method == "log-normal"
    assert found.normalRange.low == pytest.approx(math.exp(mean - 1.959964 * sd))
    assert found.normalRange.high == pytest.approx(math.exp(mean + 1.959964 * sd))
    low, high = found.normalRange.highInterval90
    assert low < found.normalRange.high < high


def test_confidenceOfTheRangeHolds():
    """90 of 100 intervals hold the true limit: log-normal ones with 20, ranks with 150 patients."""
    rng = np.random.default_rng(5)
    truth = math.exp(1.959963985 * 0.4)
    for n, runs in ((20, 1000), (150, 1000)):
        held = stated = 0
        for _ in range(runs):
            found = distributions.describe(np.exp(rng.normal(0.0, 0.4, n))).normalRange
            if found is not None:
                stated += 1
                held += found.highInterval90[0] <= truth <= found.highInterval90[1]
        assert stated > 0.97 * runs
        # ranks are discrete and hold it somewhat more often
        assert 0.87 < held / stated < (0.93 if n == 20 else 0.96)


def test_valuesOfAnotherShapeHaveNoRange():
    values = np.concatenate([np.full(30, 1.0), np.full(30, 10.0)]) * np.linspace(0.99, 1.01, 60)
    found = distributions.describe(values)
    assert found.normalRange is None and "Shapiro-Wilk" in found.notes[0] and "119 patients" in found.notes[0]


@pytest.mark.parametrize("values, words", [
    (np.linspace(0.0, 1.0, 40), "not above zero"), (np.full(20, 0.5), "no log-normal distribution")])
def test_valuesWithoutLogarithmsOrSpread(values, words):
    found = distributions.describe(values)
    assert found.normalRange is None and any(words in note for note in found.notes)


def test_placeOfAValue():
    values = np.arange(1.0, 101.0)
    found = distributions.position(values, 90.0)
    assert found.percentile == pytest.approx(89.5), "89 below and one equal"
    assert found.z == pytest.approx((90.0 - 50.5) / np.std(values, ddof=1))
    # Clopper-Pearson: P(at least 89 of 100) is 5 % at the lower limit
    low = found.percentileInterval90[0] / 100.0
    tail = sum(math.comb(100, k) * low**k * (1 - low) ** (100 - k) for k in range(89, 101))
    assert tail == pytest.approx(0.05, rel=1e-6)
    above = distributions.position(values, 1e3)
    assert above.percentile == 100.0 and above.percentileInterval90[1] == 100.0
    assert above.percentileInterval90[0] == pytest.approx(100.0 * 0.05 ** (1 / 100)), "0.05 = p^100"


def test_zOfTheLogarithms():
    values = np.exp(np.linspace(-1.0, 1.0, 21))
    found = distributions.position(values, math.exp(0.5))
    assert found.zLog == pytest.approx(0.5 / np.std(np.linspace(-1.0, 1.0, 21), ddof=1))
    assert distributions.position(values, -1.0).zLog is None


@pytest.mark.parametrize("values", [[], [1.0, math.nan], [1.0, math.inf]])
def test_badValues(values):
    with pytest.raises(InputError):
        distributions.describe(values)

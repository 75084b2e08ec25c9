"""Distribution of a quantity over patients: moments, percentiles, log-normal parameters, normal range, and the place
of one value in it. What too few values cannot say is ``None``, with words."""

import functools
import math
from dataclasses import dataclass

import numpy as np

from ..errors import InputError

# With fewer patients, neither a range nor a percentile says anything about the next patient.
SMALLEST_NUMBER = 10
RANGE_PERCENTS = (2.5, 97.5)
PERCENTS = (2.5, 5.0, 25.0, 50.0, 75.0, 95.0, 97.5)
CONFIDENCE = 0.90
# Below this probability the values are not taken for log-normal ones.
_SHAPE_PROBABILITY = 0.01


@dataclass(frozen=True)
class NormalRange:
    """2.5th and 97.5th percentile of the patients that the values stand for.

    Attributes
    ----------
    low, high : float
    lowInterval90, highInterval90 : tuple of (float, float)
        Confidence intervals of both limits, 90 %: what the number of patients leaves open.
    method : str
        "ranks" (no assumption on the shape) or "log-normal".
    """

    low: float
    high: float
    lowInterval90: tuple
    highInterval90: tuple
    method: str


@dataclass(frozen=True)
class Distribution:
    """What ``n`` values say; in their unit.

    Attributes
    ----------
    n : int
    mean, median, minimum, maximum : float
    sd : float or None
        Standard deviation with n - 1; ``None`` for a single value.
    percentiles : dict
        Percent -> value, or ``None`` where the number of values does not reach that far out.
    geometricMean, geometricSD : float or None
        exp of mean and standard deviation (n - 1) of the logarithms; ``None`` where a value is not above zero.
    shapeProbability : float or None
        Shapiro-Wilk probability that log-normal values look like these; ``None`` where it is not needed.
    normalRange : NormalRange or None
    notes : tuple of str
        Why something is not stated.
    """

    n: int
    mean: float
    sd: float | None
    median: float
    minimum: float
    maximum: float
    percentiles: dict
    geometricMean: float | None
    geometricSD: float | None
    shapeProbability: float | None
    normalRange: NormalRange | None
    notes: tuple


@dataclass(frozen=True)
class Position:
    """Place of one value among those of others.

    Attributes
    ----------
    percentile : float
        Percent of the values below it, equal ones counted by half.
    percentileInterval90 : tuple of (float, float)
        Clopper-Pearson interval (90 %) of the percentage of patients below it.
    z : float or None
        (value - mean) / SD.
    zLog : float or None
        The same of the logarithms.
    """

    percentile: float
    percentileInterval90: tuple
    z: float | None
    zLog: float | None


def describe(values):
    """Distribution of independent values, one per patient.

    Parameters
    ----------
    values : array_like, shape (n,)

    Returns
    -------
    Distribution
        The percentile p is the value of rank p (n + 1), between ranks by straight lines. The normal range is stated
        from :data:`SMALLEST_NUMBER` values on: by ranks as soon as there are ranks that bound both limits with 90 %
        confidence (n >= 119), else as that of a log-normal distribution with exact confidence limits from the
        noncentral t distribution, unless the Shapiro-Wilk test contradicts that shape.

    Raises
    ------
    InputError
        No value, or one that is not finite.
    """
    values = np.sort(_checked(values))
    n, notes = len(values), []
    logs = np.log(values) if values[0] > 0 else None
    sd = float(values.std(ddof=1)) if n > 1 else None
    geometricSD = float(np.exp(logs.std(ddof=1))) if logs is not None and n > 1 else None
    if logs is None:
        notes.append("A value is not above zero: log-normal parameters are not stated")
    normalRange, probability = None, None
    if n < SMALLEST_NUMBER:
        notes.append(f"The normal range is not stated: {n} of at least {SMALLEST_NUMBER} patients")
    elif _rankLimits(n) is not None:
        normalRange = _rangeByRanks(values)
    elif logs is None or not logs.std() > 0:
        notes.append("The normal range is not stated: the values are no log-normal distribution, and without that "
                     f"assumption it needs {smallestNumberForRanks()} patients")
    else:
        from scipy.stats import shapiro

        probability = float(shapiro(logs).pvalue)
        if probability < _SHAPE_PROBABILITY:
            notes.append(f"The normal range is not stated: log-normal values seldom look like these (Shapiro-Wilk, "
                         f"p = {probability:.2g}), and without that assumption it needs "
                         f"{smallestNumberForRanks()} patients")
        else:
            normalRange = _rangeOfLogNormal(logs)
    return Distribution(
        n, float(values.mean()), sd, float(np.median(values)), float(values[0]), float(values[-1]),
        {percent: _percentile(values, percent) for percent in PERCENTS},
        None if logs is None else float(np.exp(logs.mean())), geometricSD, probability, normalRange, tuple(notes))


def position(values, value):
    """Place of ``value`` among the values of other patients.

    Parameters
    ----------
    values : array_like, shape (n,)
    value : float

    Returns
    -------
    Position or None
        ``None`` with fewer than :data:`SMALLEST_NUMBER` values.

    Raises
    ------
    InputError
        No value, or one that is not finite.
    """
    values = _checked(values)
    (value,) = _checked([value])
    n = len(values)
    if n < SMALLEST_NUMBER:
        return None
    from scipy.special import betaincinv

    below, upTo = int((values < value).sum()), int((values <= value).sum())
    tail = (1.0 - CONFIDENCE) / 2.0
    low = 0.0 if below == 0 else float(betaincinv(below, n - below + 1, tail))
    high = 1.0 if upTo == n else float(betaincinv(upTo + 1, n - upTo, 1.0 - tail))
    isPositive = value > 0 and bool((values > 0).all())
    return Position(50.0 * (below + upTo) / n, (100.0 * low, 100.0 * high), _z(values, value),
                    _z(np.log(values), math.log(value)) if isPositive else None)


@functools.cache
def smallestNumberForRanks():
    """Number of values from which on ranks bound both limits of the normal range with 90 % confidence."""
    n = SMALLEST_NUMBER
    while _rankLimits(n) is None:
        n += 1
    return n


def _checked(values):
    values = np.asarray(values, float)
    if values.ndim != 1 or not len(values):
        raise InputError("There are no values", "distribution", "Register cases first")
    if not np.isfinite(values).all():
        raise InputError("A value is not a finite number", "distribution")
    return values


def _z(values, value):
    sd = float(values.std(ddof=1))
    return float((value - values.mean()) / sd) if sd > 0 else None


def _percentile(values, percent):
    rank = percent / 100.0 * (len(values) + 1)
    # a rank outside of the values would be a guess at what lies beyond them
    if not 1.0 <= rank <= len(values):
        return None
    return float(np.interp(rank, np.arange(1, len(values) + 1), values))


@functools.lru_cache(maxsize=256)
def _rankLimits(n):
    """Ranks (from 1) of the confidence limits of the 2.5th percentile, or ``None`` where no rank bounds it.

    The number of values below a percentile is binomial: the r-th value lies at or below it with the probability
    that at least r values do. That of the 97.5th percentile is the mirror image.
    """
    from scipy.special import bdtr

    p, tail = RANGE_PERCENTS[0] / 100.0, (1.0 - CONFIDENCE) / 2.0
    counts = np.arange(n + 1)
    cumulative = bdtr(counts, n, p)
    low = int((cumulative <= tail).sum())  # largest r with P(fewer than r below) <= tail
    high = int((cumulative < 1.0 - tail).sum()) + 1  # smallest s with P(fewer than s below) >= 1 - tail
    return (low, high) if low >= 1 and high <= n else None


def _rangeByRanks(values):
    n = len(values)
    low, high = _rankLimits(n)
    return NormalRange(_percentile(values, RANGE_PERCENTS[0]), _percentile(values, RANGE_PERCENTS[1]),
                       (float(values[low - 1]), float(values[high - 1])),
                       (float(values[n - high]), float(values[n - low])), "ranks")


@functools.lru_cache(maxsize=256)
def toleranceFactors(n, proportion=RANGE_PERCENTS[1] / 100.0, confidence=CONFIDENCE):
    """Factors k with which mean + k SD bounds a quantile of a normal distribution from below and from above.

    Exact one-sided tolerance factors, t'(p; n - 1, z sqrt(n)) / sqrt(n) with the noncentral t distribution; both
    together hold the quantile of ``proportion`` with the confidence ``confidence``, half of the rest on each side.
    """
    from scipy.special import nctdtrit, ndtri

    shift = float(ndtri(proportion)) * math.sqrt(n)
    tail = (1.0 - confidence) / 2.0
    return tuple(float(nctdtrit(n - 1, shift, p)) / math.sqrt(n) for p in (tail, 1.0 - tail))


def _rangeOfLogNormal(logs):
    from scipy.special import ndtri

    mean, sd = float(logs.mean()), float(logs.std(ddof=1))
    inner, outer = toleranceFactors(len(logs))
    z = float(ndtri(RANGE_PERCENTS[1] / 100.0))
    low, high, *bounds = (math.exp(mean + factor * sd) for factor in (-z, z, -outer, -inner, inner, outer))
    return NormalRange(low, high, tuple(bounds[:2]), tuple(bounds[2:]), "log-normal")

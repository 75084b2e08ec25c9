"""Whole-body retention by an external monitor: counter-posed readings, self-calibration, integration to infinity.

The geometric mean of anterior and posterior net count rates, divided by that of the first reading, taken before the
patient voids, is the fraction of the administered activity in the body (Buckley et al., J Nucl Med 2009;50:1518-24;
EANM standard operational procedure for 131I-mIBG, EJNMMI Phys 2020, PMC7060302).
"""

import math
from dataclasses import dataclass, field

import numpy as np

from ..errors import Faults, InputError
from .deadTime import trueRate
from .decay import LN2
from .kinetics.curve import TimeActivityCurve, risesAgainstDecay

TAILS = {"effective": "After the last reading: the exponential through the last readings, never slower than physical "
                      "decay.",
         "physical": "After the last reading: physical decay alone, the upper bound."}
# A retention may pass what physical decay leaves by so much (bladder filling, posture); beyond, the first reading is
# not that of the whole activity.
LARGEST_EXCESS = 1.25
# A kinetics fit takes times above zero; a reading at the administration itself enters it a second later.
_FIRST_FIT_TIME_HOURS = 1.0 / 3600.0


@dataclass(frozen=True)
class Reading:
    """Count rates of one time, dead time and background included.

    ``posteriorCps`` may be ``None`` (single view); ``countingSeconds`` is that of each view, ``backgroundSeconds``
    that of the background (``None``: as ``countingSeconds``).
    """

    timeHours: float
    anteriorCps: float
    posteriorCps: float | None
    backgroundCps: float
    countingSeconds: float | None = None
    backgroundSeconds: float | None = None


@dataclass(frozen=True)
class Retention:
    """Fraction of the administered activity in the body, decaying.

    Attributes
    ----------
    timesHours, fractions : numpy.ndarray
        (N,); the first fraction is that of physical decay until the first reading.
    covariance : numpy.ndarray or None
        (N, N); ``None`` without counting times. The first reading is common to all.
    relativeErrors : numpy.ndarray or None
        (N,) of the net rates themselves, for fits.
    isSingleView : bool
    largestLossFraction : float
        By dead time, of all readings.
    hasReproducibility : bool
        Whether the covariance holds more than counting statistics.
    """

    timesHours: np.ndarray
    fractions: np.ndarray
    covariance: np.ndarray | None
    relativeErrors: np.ndarray | None
    isSingleView: bool
    largestLossFraction: float = 0.0
    hasReproducibility: bool = False

    def curve(self):
        """As a :class:`TimeActivityCurve` of 1 MBq administered."""
        times = np.maximum(self.timesHours, _FIRST_FIT_TIME_HOURS)
        sigmas = None if self.relativeErrors is None else self.fractions * self.relativeErrors
        return TimeActivityCurve(times, self.fractions, sigmas)


def retention(readings, physicalRate, deadTimeMicroseconds=0.0, deadTimeModel="paralyzable", reproducibility=None,
              where="whole-body readings"):
    """Self-calibrated retention of a series of readings.

    Parameters
    ----------
    readings : sequence of Reading
        At least two, in the order of time; the first one before the patient voids.
    physicalRate : float
        Physical decay constant in 1/h: at the first reading the body holds what has not decayed.
    reproducibility : float or None
        Relative standard uncertainty of one reading beside counting statistics (posture, distance).

    Returns
    -------
    Retention

    Raises
    ------
    InputError, FaultList
        Counts not above background, a posterior reading missing here and there, more than was administered ...
    """
    if len(readings) < 2:
        raise InputError("At least two readings are needed: the first one calibrates", where, "Add a later reading")
    faults = Faults()
    isSingleView = all(reading.posteriorCps is None for reading in readings)
    rates, gradients = np.zeros(len(readings)), []
    loss = 0.0
    for index, reading in enumerate(readings):
        place = f"{where}, {reading.timeHours:g} h"
        if reading.posteriorCps is None and not isSingleView:
            faults.add("The posterior count rate is missing", place,
                       "Give both views at every time, or the anterior one alone throughout")
            continue
        with faults.collect():
            rates[index], gradient, lost = _meanRate(reading, deadTimeMicroseconds, deadTimeModel, place)
            gradients.append(gradient)
            loss = max(loss, lost)
    faults.raiseIfAny()
    times = np.array([reading.timeHours for reading in readings], float)
    start = math.exp(-physicalRate * times[0])
    fractions = start * rates / rates[0]
    _refuseExcess(times, fractions, physicalRate, where)
    covariance = _covariance(readings, gradients, rates, reproducibility)
    if covariance is None:
        return Retention(times, fractions, None, None, isSingleView, loss)
    jacobian = start / rates[0] * np.eye(times.size)
    jacobian[:, 0] -= fractions / rates[0]
    return Retention(times, fractions, jacobian @ covariance @ jacobian.T,
                     np.sqrt(np.diag(covariance)) / rates, isSingleView, loss, reproducibility is not None)


def _meanRate(reading, deadTimeMicroseconds, deadTimeModel, place):
    """Geometric mean of the net rates, its gradient by (anterior, posterior, background) as observed, largest loss."""
    views = [("anterior", reading.anteriorCps)]
    if reading.posteriorCps is not None:
        views.append(("posterior", reading.posteriorCps))
    background = trueRate(reading.backgroundCps, deadTimeMicroseconds, deadTimeModel, place)
    true, net = [], []
    for name, observed in views:
        true.append(trueRate(observed, deadTimeMicroseconds, deadTimeModel, place))
        net.append(true[-1].rateCps - background.rateCps)
        if net[-1] <= 0:
            raise InputError(f"The {name} count rate ({observed:g} per second) is not above the background "
                             f"({reading.backgroundCps:g} per second)", place,
                             "Check both, or leave this reading out: at background level it says nothing")
    mean = math.sqrt(net[0] * net[-1])
    share = mean / len(views)
    slopes = [share / value * rate.sensitivity for value, rate in zip(net, true, strict=True)]
    byBackground = -background.sensitivity * sum(share / value for value in net)
    return mean, (*slopes, byBackground), max(rate.lossFraction for rate in true)


def _covariance(readings, gradients, rates, reproducibility):
    """Covariance of the mean net rates, or ``None`` without counting times.

    A background that is the same number throughout was measured once: its uncertainty is common to all readings.
    """
    if any(reading.countingSeconds is None for reading in readings):
        return None
    covariance = np.zeros((len(readings), len(readings)))
    isOneBackground = len({reading.backgroundCps for reading in readings}) == 1
    byBackground = np.array([gradient[-1] for gradient in gradients])
    variances = np.array([reading.backgroundCps / (reading.backgroundSeconds or reading.countingSeconds)
                          for reading in readings])
    if isOneBackground:
        covariance += variances.min() * np.outer(byBackground, byBackground)
    else:
        covariance[np.diag_indices(len(readings))] += variances * byBackground ** 2
    for index, (reading, gradient) in enumerate(zip(readings, gradients, strict=True)):
        views = [reading.anteriorCps] + ([] if reading.posteriorCps is None else [reading.posteriorCps])
        for rate, slope in zip(views, gradient[:-1], strict=True):
            covariance[index, index] += slope ** 2 * rate / reading.countingSeconds
    if reproducibility is not None:
        covariance[np.diag_indices(len(readings))] += (reproducibility * rates) ** 2
    return covariance


def _refuseExcess(times, fractions, physicalRate, where):
    excess = fractions / np.exp(-physicalRate * times)
    worst = int(np.argmax(excess))
    if excess[worst] > LARGEST_EXCESS:
        raise InputError(f"The reading at {times[worst]:g} h shows {excess[worst]:.0%} of the administered activity, "
                         "decay taken out", where,
                         "The first reading calibrates all others: it has to be taken before the patient voids, and "
                         "all at the same distance and posture")


@dataclass(frozen=True)
class Phase:
    """One exponential between two readings; ``effectiveHalfLifeHours`` is ``None`` where the retention does not
    fall."""

    fromHours: float
    toHours: float
    areaH: float
    effectiveHalfLifeHours: float | None


@dataclass(frozen=True)
class WholeBodyIntegral:
    """Time-integrated activity coefficient of the whole body from administration to infinity, in h.

    Attributes
    ----------
    timeIntegratedActivityCoefficientH : float
    statisticalUncertaintyH : float or None
        k = 1, of the readings through all phases and the tail.
    betweenH, tailH : float
        Area up to the last reading, and after it.
    tail : str
        Key of ``TAILS`` that was used; "physical" also where the last readings fall no faster.
    tailEffectiveHalfLifeHours : float
    tailEffectiveH : float or None
        Of the exponential through the last readings; ``None`` where they do not fall.
    tailPhysicalH : float
        Upper bound of the tail.
    phases : tuple of Phase
    warnings, assumptions : list of str
    """

    timeIntegratedActivityCoefficientH: float
    statisticalUncertaintyH: float | None
    betweenH: float
    tailH: float
    tail: str
    tailEffectiveHalfLifeHours: float
    tailEffectiveH: float | None
    tailPhysicalH: float
    phases: tuple
    warnings: list = field(default_factory=list)
    assumptions: list = field(default_factory=list)

    @property
    def extrapolatedFraction(self):
        return self.tailH / self.timeIntegratedActivityCoefficientH


def integrate(retention, physicalRate, tail="effective", tailReadings=2):
    """Piecewise log-linear integral of a retention: one exponential between neighboring readings, and a tail.

    Phase from i to j: rate = ln(f_i/f_j)/(t_j - t_i), area = (f_i - f_j)/rate, which for equal neighbors is
    f (t_j - t_i) and holds for rising ones as well. Before the first reading: physical decay alone.

    Parameters
    ----------
    retention : Retention
    physicalRate : float
        1/h
    tail : str
        Key of ``TAILS``.
    tailReadings : int
        Number of last readings through which the rate of the effective tail is fitted (in the logarithm, equal
        weights).

    Returns
    -------
    WholeBodyIntegral

    Raises
    ------
    InputError
        Unknown tail, or a number of readings that cannot be.
    """
    times, fractions = retention.timesHours, retention.fractions
    if tail not in TAILS:
        raise InputError(f"'{tail}' is no tail of the whole-body retention", "tail", f"Known are {', '.join(TAILS)}")
    if not 2 <= tailReadings <= times.size:
        raise InputError(f"The tail cannot be fitted through {tailReadings} of {times.size} readings", "tailReadings",
                         f"Give a number from 2 to {times.size}")
    gradient, phases, warnings = np.zeros(times.size), [], []
    before = -math.expm1(-physicalRate * times[0]) / physicalRate
    if times[0] > 0:
        phases.append(Phase(0.0, float(times[0]), before, LN2 / physicalRate))
    for index in range(times.size - 1):
        step = float(times[index + 1] - times[index])
        mean, slopes = _logarithmicMean(fractions[index], fractions[index + 1])
        gradient[index:index + 2] += step * np.array(slopes)
        rate = math.log(fractions[index] / fractions[index + 1]) / step
        phases.append(Phase(float(times[index]), float(times[index + 1]), float(mean * step),
                            LN2 / rate if rate > 0 else None))
    rate, rateGradient = _tailRate(times, fractions, tailReadings)
    last = float(fractions[-1])
    physicalH = last / physicalRate
    # Equal readings differ by the last bits of their rates.
    isFalling = rate * (times[-1] - times[-tailReadings]) > 1e-9
    effectiveH = last / rate if isFalling else None
    used = tail
    if tail == "effective" and rate <= physicalRate:
        used = "physical"
        warnings.append(
            f"The last {tailReadings} readings fall no faster than by physical decay"
            + ("" if isFalling else " (they do not fall at all: their own exponential would never end)")
            + ": physical decay is taken after the last reading, the upper bound. Check the last readings.")
    if used == "physical":
        tailH, tailRate = physicalH, physicalRate
        gradient[-1] += 1.0 / physicalRate
    else:
        tailH, tailRate = effectiveH, rate
        gradient[-1] += 1.0 / rate
        gradient -= last / rate ** 2 * rateGradient
    between = sum(phase.areaH for phase in phases)
    warnings += [f"The decay-corrected whole-body activity rises by {rise.ratio - 1:.0%} between {rise.fromHours:g} h "
                 f"and {rise.toHours:g} h, but the body cannot gain activity: check distance, posture, background and "
                 "contamination." for rise in risesAgainstDecay(retention.curve(), physicalRate, fromHours=0.0)]
    uncertainty = None if retention.covariance is None else float(np.sqrt(gradient @ retention.covariance @ gradient))
    return WholeBodyIntegral(
        float(between + tailH), uncertainty, float(between), float(tailH), used, float(LN2 / tailRate), effectiveH,
        float(physicalH), tuple(phases), warnings,
        ["Between neighboring readings the whole-body activity follows one exponential each.", TAILS[used]]
        + (["Before the first reading: no excretion, physical decay alone."] if times[0] > 0 else []))


def _logarithmicMean(first, second):
    """(a - b)/ln(a/b), the mean of an exponential between its ends, with its derivatives by both."""
    x = math.log(first / second)
    if abs(x) < 1e-4:  # the closed forms cancel there: their series
        return first * (1.0 - x / 2.0 + x * x / 6.0), (0.5 - x / 6.0, 0.5 + x / 6.0)
    mean = (first - second) / x
    return mean, ((1.0 - mean / first) / x, (mean / second - 1.0) / x)


def _tailRate(times, fractions, tailReadings):
    """Rate (1/h) of the exponential through the last readings, and its gradient by the fractions."""
    part = slice(times.size - tailReadings, None)
    distances = times[part] - times[part].mean()
    weights = -distances / (distances @ distances)
    gradient = np.zeros(times.size)
    gradient[part] = weights / fractions[part]
    return float(weights @ np.log(fractions[part])), gradient

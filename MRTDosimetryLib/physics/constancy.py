"""Constancy of an instrument by a long-lived source: what it should show, control limits, when the next test is due."""

import calendar
import math
from dataclasses import dataclass
from datetime import date

from ..errors import InputError
from .decay import decayFactor
from .uncertainty.volume import positive

IN_CONTROL, WARNING, ACTION = "in control", "warning", "action"
PERIODS = {"quarterly": 3, "halfYearly": 6, "yearly": 12}  # months
# Standard deviations of a control chart (Shewhart): warning and action.
SIGMA_LIMITS = (2.0, 3.0)
# A run of so many results on one side of the expectation speaks of a drift though each is within its limits.
_RUN = 7
_FEWEST_FOR_SIGMA = 5


@dataclass(frozen=True)
class ControlLimits:
    """Relative deviations from which on a result warns, or calls for action; ``source`` in words."""

    warning: float
    action: float
    source: str

    def __post_init__(self):
        positive(self.warning, "warning limit", "constancy")
        if not self.action > self.warning:
            raise InputError(f"The action limit ({self.action:.4g}) is not above the warning limit "
                             f"({self.warning:.4g})", "constancy", "Give the larger one as action limit")


@dataclass(frozen=True)
class ConstancyResult:
    """One test: ``expected`` by decay, ``deviation`` relative to it, ``status`` and in ``words`` what stands out."""

    value: float
    expected: float
    deviation: float
    status: str
    words: str = ""


def percentLimits(warningPercent, actionPercent):
    """Limits as stated in percent."""
    return ControlLimits(positive(warningPercent, "warning limit (%)", "constancy") / 100.0,
                         positive(actionPercent, "action limit (%)", "constancy") / 100.0, "stated")


def sigmaLimits(relativeSigma):
    """Two and three standard deviations of a stated relative one."""
    sigma = positive(relativeSigma, "relative standard deviation", "constancy")
    return ControlLimits(SIGMA_LIMITS[0] * sigma, SIGMA_LIMITS[1] * sigma,
                         f"2 and 3 standard deviations of {sigma:.3%}")


def limitsFromBaseline(deviations):
    """Two and three standard deviations of the results that are taken as the baseline.

    Raises
    ------
    InputError
        Fewer than five of them.
    """
    values = list(deviations)
    if len(values) < _FEWEST_FOR_SIGMA:
        raise InputError(f"Control limits from results need at least {_FEWEST_FOR_SIGMA} of them, there are "
                         f"{len(values)}", "constancy", "State limits in percent until then")
    mean = sum(values) / len(values)
    sigma = math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))
    found = sigmaLimits(sigma)
    return ControlLimits(found.warning, found.action, f"{found.source}, of the first {len(values)} results")


def relativeDeviation(value, referenceValue, halfLifeHours, hoursSinceReference):
    """What a source of that half-life should show now, and the relative deviation from it."""
    expected = positive(referenceValue, "reference value", "constancy") * decayFactor(halfLifeHours,
                                                                                      hoursSinceReference)
    return expected, positive(value, "result", "constancy") / expected - 1.0


def controlChart(results, referenceValue, halfLifeHours, limits):
    """All results of an instrument against their expectation.

    Parameters
    ----------
    results : sequence of (float, float)
        Hours since the reference, and the net result, in the order of time.
    referenceValue : float
    halfLifeHours : float
    limits : ControlLimits

    Returns
    -------
    list of ConstancyResult
    """
    found, hours = [], [item[0] for item in results]
    if any(later < earlier for earlier, later in zip(hours, hours[1:], strict=False)):
        raise InputError("The tests are out of order", "constancy", "List them in the order of time")
    run, side = 0, 0
    for elapsed, value in results:
        expected, deviation = relativeDeviation(value, referenceValue, halfLifeHours, elapsed)
        distance = abs(deviation)
        status = ACTION if distance > limits.action else WARNING if distance > limits.warning else IN_CONTROL
        sign = (deviation > 0) - (deviation < 0)
        run = run + 1 if sign == side and sign else 1
        side = sign
        words = f"{run} results in a row on the same side: look for a drift" if run >= _RUN else ""
        found.append(ConstancyResult(float(value), expected, deviation, status, words))
    return found


def nextDue(last, period):
    """Day on which the next test is due.

    Parameters
    ----------
    last : datetime.date
    period : str
        ``"quarterly"``, ``"halfYearly"`` or ``"yearly"``.

    Returns
    -------
    datetime.date
        The same day of the month, or the last one of a shorter month.
    """
    if period not in PERIODS:
        raise InputError(f"{period!r} is no period of tests", "constancy", f"Use {', '.join(PERIODS)}")
    month = last.month - 1 + PERIODS[period]
    year, month = last.year + month // 12, month % 12 + 1
    return date(year, month, min(last.day, calendar.monthrange(year, month)[1]))

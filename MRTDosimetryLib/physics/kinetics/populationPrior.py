"""Log-normal population priors of the effective half-life, from a cited table or from the user."""

import math
from dataclasses import dataclass

import numpy as np

from ...errors import InputError
from ...resources import dataPath, loadJSON
from ..decay import LN2

WHERE = "kinetics.populationHalfLife"
# Nodes of the quadrature over the logarithm of the half-life, and its reach in standard deviations.
NODES, REACH = 601, 5.0
# A larger spread is no knowledge: 95 % of the half-lives within a factor of 91 to either side.
LARGEST_GEOMETRIC_SD = 10.0


@dataclass(frozen=True)
class HalfLifePrior:
    """Log-normal distribution of the effective half-life, cut off at the physical one.

    Attributes
    ----------
    medianHours, geometricSD : float
    source : str
        Where it comes from, in words.
    isVerified : bool
    """

    medianHours: float
    geometricSD: float
    source: str
    isVerified: bool = False

    def __post_init__(self):
        for name, value, least in (("median", self.medianHours, 0.0), ("geometric SD", self.geometricSD, 1.0)):
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) \
                    or value <= least:
                raise InputError(f"The {name} of the half-life, {value!r}, is not a number above {least:g}", WHERE)
        if self.geometricSD > LARGEST_GEOMETRIC_SD:
            raise InputError(f"The geometric SD of the half-life, {self.geometricSD:.4g}, is above "
                             f"{LARGEST_GEOMETRIC_SD:g}: such a prior tells nothing", WHERE, "Check mean and spread")
        if not (isinstance(self.source, str) and self.source.strip()):
            raise InputError("The prior of the half-life has no source", WHERE, "State where the half-life comes from")

    def nodes(self, physicalRate):
        """Half-lives (h) and their probabilities, both (n,), for a quadrature."""
        spread = math.log(self.geometricSD)
        top = min(math.log(self.medianHours) + REACH * spread, math.log(LN2 / physicalRate))
        bottom = math.log(self.medianHours) - REACH * spread
        if bottom >= top:
            raise InputError(f"The half-life of {self.medianHours:g} h is longer than the physical one of "
                             f"{LN2 / physicalRate:.4g} h", WHERE, "Give the effective half-life")
        logarithms = np.linspace(bottom, top, NODES)
        density = np.exp(-0.5 * ((logarithms - math.log(self.medianHours)) / spread) ** 2)
        density[[0, -1]] *= 0.5
        return np.exp(logarithms), density / density.sum()

    def __str__(self):
        mark = "" if self.isVerified else ", not verified"
        return (f"log-normal, median {self.medianHours:.4g} h, geometric standard deviation {self.geometricSD:.3g} "
                f"({self.source}{mark})")


def priorOf(given):
    """The prior that an option states.

    Parameters
    ----------
    given : HalfLifePrior or dict
        ``{"tracer", "tissue"}`` of the shipped table, or ``source`` with ``medianHours`` and ``geometricSD``, or with
        ``meanHours`` and ``sdHours`` (taken as mean and standard deviation of the log-normal distribution).

    Raises
    ------
    InputError
    """
    if isinstance(given, HalfLifePrior):
        return given
    if not isinstance(given, dict):
        raise InputError("No population half-life is given", WHERE,
                         "Give a source with median and geometric SD, or with mean and SD, or tracer and tissue")
    keys = set(given) - {"isVerified", "verified"}
    if keys == {"tracer", "tissue"}:
        return tabulatedPrior(given["tracer"], given["tissue"])
    if keys == {"medianHours", "geometricSD", "source"}:
        return HalfLifePrior(given["medianHours"], given["geometricSD"], given["source"])
    if keys == {"meanHours", "sdHours", "source"}:
        return priorFromMean(given["meanHours"], given["sdHours"], given["source"])
    raise InputError(f"The population half-life is given by {', '.join(sorted(keys)) or 'nothing'}", WHERE,
                     "Give source, medianHours and geometricSD, or source, meanHours and sdHours, or tracer and tissue")


def priorFromMean(meanHours, sdHours, source):
    """The log-normal prior of a mean and a standard deviation (h)."""
    for name, value in (("mean", meanHours), ("standard deviation", sdHours)):
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value <= 0:
            raise InputError(f"The {name} of the half-life, {value!r}, is not a number above zero", WHERE)
    ratio = sdHours / meanHours
    if ratio > math.sqrt(math.expm1(math.log(LARGEST_GEOMETRIC_SD) ** 2)):
        raise InputError(f"The standard deviation of the half-life, {sdHours:g} h, is {ratio:.3g} times its mean: such "
                         "a prior tells nothing", WHERE, "Check mean and standard deviation")
    variance = math.log1p(ratio ** 2)
    return HalfLifePrior(meanHours * math.exp(-variance / 2.0), math.exp(math.sqrt(variance)), source)


def tabulatedPrior(tracer, tissue):
    """Prior from ``data/populationHalfLives.json``: published median and range of a small cohort.

    The range of n log-normal values is on average the expected range of n standard normal ones times the standard
    deviation of the logarithm; that gives the geometric standard deviation.
    """
    table = loadJSON(dataPath("populationHalfLives.json"))["halfLives"]
    for entry in table:
        if entry["tracer"] == tracer and entry["tissue"] == tissue:
            half = entry["effectiveHalfLife"]
            spread = math.log(half["largest"] / half["least"]) / expectedNormalRange(half["patients"])
            return HalfLifePrior(half["value"], math.exp(spread),
                                 f"{tracer}, {tissue}: {half['source']}; spread from the range of {half['patients']} "
                                 "patients", half["verified"])
    known = ", ".join(f"{entry['tracer']} {entry['tissue']}" for entry in table)
    raise InputError(f"No population half-life of {tissue} is known for {tracer}", WHERE,
                     f"Known are {known}. Give your own with its source")


def expectedNormalRange(count):
    """Expected range of ``count`` standard normal values: integral of 1 - F^n - (1 - F)^n."""
    from scipy.special import ndtr

    grid = np.linspace(-9.0, 9.0, 4001)
    below = ndtr(grid)
    return float(np.trapezoid(1.0 - below ** count - (1.0 - below) ** count, grid))

"""Biologically effective dose of absorbed dose given at a changing rate, in the linear-quadratic model.

Parameters of tissues (``data/radiobiology.json``) are cited and editable; none of them is verified yet.
"""

import functools
import math
from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from ..resources import dataPath, loadJSON
from .decay import LN2


@dataclass(frozen=True)
class RadiobiologyParameters:
    """alpha/beta and repair half-life of a tissue, with where each comes from.

    In place of one repair half-life there may be (share, half-life in h) of each component of repair.
    """

    tissue: str
    alphaBetaGy: float
    repairHalfLifeHours: float | tuple
    alphaBetaSource: str
    repairHalfLifeSource: str
    verified: bool

    @property
    def source(self):
        """Where both numbers come from, in one line."""
        if self.alphaBetaSource == self.repairHalfLifeSource:
            return self.alphaBetaSource
        return f"alpha/beta: {self.alphaBetaSource}; repair half-life: {self.repairHalfLifeSource}"


@functools.lru_cache(maxsize=1)
def _table():
    table = {}
    for entry in loadJSON(dataPath("radiobiology.json"))["tissues"]:
        ratio, repair = entry["alphaBeta"], entry["repairHalfLife"]
        table[entry["tissue"]] = RadiobiologyParameters(
            tissue=entry["tissue"], alphaBetaGy=float(ratio["value"]), repairHalfLifeHours=float(repair["value"]),
            alphaBetaSource=ratio["source"], repairHalfLifeSource=repair["source"],
            verified=bool(ratio["verified"] and repair["verified"]))
    return table


def tissuesWithParameters():
    """Tissues that the table holds."""
    return tuple(_table())


def parametersFor(tissue):
    """Radiobiological parameters of a tissue.

    Returns
    -------
    RadiobiologyParameters or None
        ``None`` when the table has none for this tissue: then there is no BED.
    """
    return _table().get(tissue)


def leaCatchesideFactor(shape, repairHalfLifeHours):
    """Lea-Catcheside factor G of an absorbed dose rate that is a sum of exponentials.

    G = (2/D^2) sum_ij R_i R_j / [(l_i + l_j)(mu + l_j)], D = sum R_i / l_i, mu = ln 2 / repair half-life; one
    exponential gives l/(l + mu) (Dale, Br J Radiol 1985;58:515-528). An amplitude may be negative (uptake phase).

    Parameters
    ----------
    shape : sequence of (float, float)
        (amplitude, rate in 1/h); amplitudes in any common unit.
    repairHalfLifeHours : float or sequence of (float, float)
        One half-life, or (share, half-life in h) of each component of repair: G = sum p_k G(mu_k).

    Returns
    -------
    float
        Above 0 (very slow delivery) and at most 1 (acute).

    Raises
    ------
    InputError
        No exponentials, a rate or half-life not above zero, a total absorbed dose not above zero.
    """
    if not _isOneRepair(repairHalfLifeHours):
        return _overRepairs(lambda hours: leaCatchesideFactor(shape, hours), repairHalfLifeHours)
    mu = _repairRate(repairHalfLifeHours)
    terms = np.asarray(shape, float)
    if terms.ndim != 2 or terms.shape[1] != 2 or not np.all(np.isfinite(terms)) or np.any(terms[:, 1] <= 0):
        raise InputError("The absorbed dose rate is not given as exponentials with rates above zero", "BED")
    amplitudes, rates = terms.T
    total = float(np.sum(amplitudes / rates))
    if total <= 0:
        raise InputError("The integral of the absorbed dose rate is not above zero", "BED")
    pairs = np.outer(amplitudes, amplitudes) / (np.add.outer(rates, rates) * (mu + rates)[None, :])
    return float(2.0 * pairs.sum() / total ** 2)


def leaCatchesideFactorPiecewise(timesHours, rates, tailRatePerHour, repairHalfLifeHours):
    """Lea-Catcheside factor of an absorbed dose rate that is linear between points, with an exponential tail.

    G = (2/D^2) integral R(t) Y(t) dt, Y' = R - mu Y, Y(0) = 0. On each piece Y is exact: a line plus an exponential.

    Parameters
    ----------
    timesHours, rates : array_like
        Shape (N,), N >= 2, times increasing from 0; rates not negative, in any common unit.
    tailRatePerHour : float or None
        Of the exponential after the last point; ``None``: nothing after it.
    repairHalfLifeHours : float or sequence of (float, float)
        As of :func:`leaCatchesideFactor`.

    Returns
    -------
    float
    """
    if not _isOneRepair(repairHalfLifeHours):
        return _overRepairs(lambda hours: leaCatchesideFactorPiecewise(timesHours, rates, tailRatePerHour, hours),
                            repairHalfLifeHours)
    mu = _repairRate(repairHalfLifeHours)
    times, values = np.asarray(timesHours, float), np.asarray(rates, float)
    if times.ndim != 1 or times.shape != values.shape or times.size < 2 or np.any(np.diff(times) <= 0):
        raise InputError("The absorbed dose rate is not given at increasing times", "BED")
    if np.any(values < 0) or not np.all(np.isfinite(values)):
        raise InputError("The absorbed dose rate is negative or not finite", "BED")
    lesions, total, cross = 0.0, 0.0, 0.0
    for first in range(times.size - 1):
        step = times[first + 1] - times[first]
        start, slope = values[first], (values[first + 1] - values[first]) / step
        area, product, lesions = _linearPiece(start, slope, step, mu, lesions)
        total, cross = total + area, cross + product
    if tailRatePerHour is not None:
        if not tailRatePerHour > 0:
            raise InputError("The rate of the tail is not above zero", "BED")
        last = values[-1]
        # R = last e^(-l s). From (R Y)' = R^2 - (l + mu) R Y follows the integral of R Y.
        total += last / tailRatePerHour
        cross += (last * lesions + last ** 2 / (2.0 * tailRatePerHour)) / (mu + tailRatePerHour)
    if total <= 0:
        raise InputError("The integral of the absorbed dose rate is not above zero", "BED")
    return float(2.0 * cross / total ** 2)


def _linearPiece(start, slope, step, mu, lesions):
    """Integrals of R and R Y over one piece R = start + slope s, and Y at its end."""
    # Particular solution p + q s of Y' = R - mu Y.
    q = slope / mu
    p = (start - q) / mu
    transient = lesions - p
    decay = math.exp(-mu * step)
    area = start * step + slope * step ** 2 / 2.0
    line = start * p * step + (start * q + slope * p) * step ** 2 / 2.0 + slope * q * step ** 3 / 3.0
    zeroth = -math.expm1(-mu * step) / mu
    first = (zeroth - step * decay) / mu
    return area, line + transient * (start * zeroth + slope * first), p + q * step + transient * decay


def bed(absorbedDoseGy, leaCatcheside, alphaBetaGy, repopulationGy=0.0):
    """BED = D + G D^2 / (alpha/beta) less what repopulation makes up for, in Gy.

    Parameters
    ----------
    absorbedDoseGy : float or array_like
        Not negative; an array may be a map, all of whose voxels follow the same course in time. Cycles weeks apart:
        add up their BED.
    leaCatcheside : float
        G of the delivery, 0 to 1.
    alphaBetaGy : float
    repopulationGy : float
        As of :func:`repopulationGy`; where it exceeds the effect, nothing of it is left: 0.

    Returns
    -------
    float or numpy.ndarray
    """
    if not (math.isfinite(repopulationGy) and repopulationGy >= 0):
        raise InputError("The effect of repopulation is negative or not finite", "BED")
    dose = np.asarray(absorbedDoseGy, float)
    if not np.all(np.isfinite(dose)) or np.any(dose < 0):
        raise InputError("The absorbed dose is negative or not finite", "BED")
    if not 0 <= leaCatcheside <= 1 + 1e-9:
        raise InputError(f"The Lea-Catcheside factor is {leaCatcheside:g}, but lies between 0 and 1", "BED")
    value = np.maximum(dose * (1.0 + leaCatcheside * dose / _alphaBeta(alphaBetaGy)) - repopulationGy, 0.0)
    return float(value) if value.ndim == 0 else value


def bedUncertaintyGy(absorbedDoseGy, uncertaintyGy, leaCatcheside, alphaBetaGy):
    """Standard uncertainty of a BED from that of the absorbed dose, to first order: (1 + 2 G D / (alpha/beta)) u(D).

    Course in time and parameters of the tissue are taken as exact; so is what repopulation makes up for.

    Parameters
    ----------
    absorbedDoseGy, uncertaintyGy : float
        The second with k = 1.

    Returns
    -------
    float
        In Gy, k = 1.
    """
    return (1.0 + 2.0 * leaCatcheside * absorbedDoseGy / _alphaBeta(alphaBetaGy)) * uncertaintyGy


def repopulationGy(overallTimeHours, averageDoublingTimeHours, alphaPerGy, kickOffTimeHours=0.0):
    """BED that repopulation makes up for: ln 2 (T - Tk) / (alpha Tav), nothing before the kick-off time Tk.

    Parameters
    ----------
    overallTimeHours : float
        T; with a falling rate the time until which irradiation outweighs growth.
    averageDoublingTimeHours, alphaPerGy : float
    kickOffTimeHours : float

    Returns
    -------
    float
        In Gy.
    """
    for value, what, isZeroAllowed in ((overallTimeHours, "overall time", True),
                                       (averageDoublingTimeHours, "doubling time", False), (alphaPerGy, "alpha", False),
                                       (kickOffTimeHours, "kick-off time", True)):
        if not math.isfinite(value) or value < 0 or (value == 0 and not isZeroAllowed):
            raise InputError(f"The {what} of repopulation is {value:g}, but has to be above zero", "radiobiology")
    return LN2 * max(overallTimeHours - kickOffTimeHours, 0.0) / (alphaPerGy * averageDoublingTimeHours)


def eqd2(bedGy, alphaBetaGy):
    """EQD2 = BED / (1 + 2/(alpha/beta)), in Gy: the same effect in fractions of 2 Gy."""
    value = np.asarray(bedGy, float) / (1.0 + 2.0 / _alphaBeta(alphaBetaGy))
    return float(value) if value.ndim == 0 else value


def _isOneRepair(repair):
    return isinstance(repair, (int, float, np.number))


def _overRepairs(factor, repairs):
    """Sum of ``factor(half-life)`` over the components of repair, weighted by their shares."""
    terms = np.asarray(repairs, float)
    if terms.ndim != 2 or terms.shape[1] != 2 or np.any(terms[:, 0] < 0) or not abs(terms[:, 0].sum() - 1.0) <= 1e-6:
        raise InputError("The components of repair are not (share, half-life) with shares that add up to 1",
                         "radiobiology")
    return float(sum(share * factor(float(hours)) for share, hours in terms))


def _alphaBeta(alphaBetaGy):
    if not (math.isfinite(alphaBetaGy) and alphaBetaGy > 0):
        raise InputError(f"alpha/beta is {alphaBetaGy:g} Gy, but has to be above zero", "radiobiology")
    return float(alphaBetaGy)


def _repairRate(repairHalfLifeHours):
    if not (math.isfinite(repairHalfLifeHours) and repairHalfLifeHours > 0):
        raise InputError(f"The repair half-life is {repairHalfLifeHours:g} h, but has to be above zero",
                         "radiobiology")
    return LN2 / repairHalfLifeHours

"""Integral of the radioiodine uptake of the thyroid over time, from one late uptake."""

import math

import numpy as np

from ..errors import InputError
from .decay import LN2
from .kinetics.intervals import NORMAL_QUANTILE, interval95
from .thyroidKinetics import BOUND_TOLERANCE, WHERE, UptakeIntegral
from .units import HOURS_PER_DAY

LATE_HALF_LIFE, LATE_POOL, LATE_FORM = "lateHalfLife", "lateHalfLifeAndPool", "lateWithoutHalfLife"
TITLES = {
    LATE_HALF_LIFE: "One late uptake and a stated effective half-life",
    LATE_POOL: "One late uptake, stated half-lives of thyroid and iodide pool",
    LATE_FORM: "One late uptake without a half-life, e t RIU(t)",
}


def lateUptake(timeHours, fraction, uncertainty, physicalRatePerHour, halfLife, pool=None):
    """One late uptake and a stated effective half-life T.

    Integral RIU(t) 2^(t/T) T / ln 2: one exponential from administration on; with a stated half-life of the iodide
    pool the two-compartment curve through the point.

    Parameters
    ----------
    timeHours, fraction : float
    uncertainty : float or None
        Standard uncertainty of ``fraction``.
    physicalRatePerHour : float
    halfLife : StatedHalfLife
    pool : StatedHalfLife, optional

    Returns
    -------
    UptakeIntegral
        The value is that at the stated half-lives, the uncertainty that of the point and of their spread.
    """
    timeHours, fraction, longest = float(timeHours), float(fraction), LN2 / physicalRatePerHour
    _requireEffective(halfLife, longest)
    if pool is not None and pool.hours >= halfLife.hours:
        raise InputError(f"The half-life of the iodide pool, {pool.hours:g} h, is not below that of the thyroid, "
                         f"{halfLife.hours:g} h", WHERE, "Check the two half-lives")

    def parts(hours, poolHours):
        """Extrapolated uptake and integral in d."""
        loss, early = LN2 / hours, 0.0 if poolHours is None else LN2 / poolHours
        shape = math.exp(-loss * timeHours) - (math.exp(-early * timeHours) if early else 0.0)
        amplitude = fraction / shape
        return amplitude, amplitude * (1.0 / loss - (1.0 / early if early else 0.0)) / HOURS_PER_DAY

    amplitude, integral = parts(halfLife.hours, None if pool is None else pool.hours)
    nodes = [(hours, poolHours, weight * poolWeight) for hours, weight in halfLife.nodes(longest)
             for poolHours, poolWeight in ([(None, 1.0)] if pool is None else pool.nodes(0.99 * hours))]
    variance = sum(weight * (parts(hours, poolHours)[1] - integral) ** 2 for hours, poolHours, weight in nodes)
    relative = 0.0 if uncertainty is None else uncertainty / fraction
    combined = math.hypot(math.sqrt(variance), relative * integral)
    warnings = ["The whole integral rests on one uptake and a half-life that is not measured here."]
    if not halfLife.uncertaintyHours:
        warnings.append("The spread of the stated effective half-life is not given: the uncertainty leaves it out.")
    if uncertainty is None:
        warnings.append("The uncertainty of the uptake is not known: that of the integral leaves it out.")
    if amplitude > 1.0:
        warnings.append(f"The uptake extrapolated to administration is {amplitude:.3g}, more than all that was "
                        "administered: check the uptake, its time and the half-life.")
    method = LATE_HALF_LIFE if pool is None else LATE_POOL
    loss, early = LN2 / halfLife.hours, None if pool is None else LN2 / pool.hours
    return UptakeIntegral(
        method, TITLES[method], integral, combined or None,
        tuple(interval95(integral, combined)) if combined else None, effectiveHalfLifeHours=halfLife.hours,
        effectiveHalfLifeUncertaintyHours=halfLife.uncertaintyHours, extrapolatedUptake=amplitude,
        poolHalfLifeHours=None if pool is None else pool.hours,
        evaluate=lambda times: amplitude * (np.exp(-loss * np.asarray(times, float))
                                            - (0.0 if early is None else np.exp(-early * np.asarray(times, float)))),
        assumptions=("One exponential from administration on: no uptake phase." if pool is None else
                     f"Two compartments; the effective half-life of the iodide pool is {pool}.",
                     f"The effective half-life of the thyroid is {halfLife}."), warnings=tuple(warnings))


def lateUptakeWithoutHalfLife(timeHours, fraction, uncertainty, halfLifeRangeHours):
    """One late uptake without a half-life: integral e t RIU(t).

    It is the least area that one exponential through the point can have, that of T = t ln 2, and changes little with
    T about that. The uncertainty is that over ``halfLifeRangeHours`` (least, largest), all being equally likely in
    their logarithm, and that of the uptake.

    Returns
    -------
    UptakeIntegral
        Without a half-life and a curve.
    """
    timeHours, fraction = float(timeHours), float(fraction)
    integral = math.e * timeHours * fraction / HOURS_PER_DAY
    least, largest = halfLifeRangeHours
    rates = LN2 / np.exp(np.linspace(math.log(least), math.log(largest), 401))
    areas = fraction * np.exp(rates * timeHours) / rates / HOURS_PER_DAY
    relative = 0.0 if uncertainty is None else uncertainty / fraction
    combined = math.sqrt(float(np.mean((areas - integral) ** 2)) + (relative * float(np.mean(areas))) ** 2)
    reach = math.exp(NORMAL_QUANTILE * relative)
    warnings = ["The whole integral rests on one uptake, and no effective half-life is stated: the form e t RIU(t) is "
                f"{100 * (1 - integral / float(areas.max())):.0f} % too small where the half-life is that of the far "
                "end of the range."]
    if uncertainty is None:
        warnings.append("The uncertainty of the uptake is not known: that of the integral leaves it out.")
    return UptakeIntegral(
        LATE_FORM, TITLES[LATE_FORM], integral, combined,
        (min(integral, float(areas.min())) / reach, float(areas.max()) * reach),
        assumptions=("One exponential from administration on: no uptake phase.",
                     f"The effective half-life lies between {least / HOURS_PER_DAY:.3g} and "
                     f"{largest / HOURS_PER_DAY:.3g} d; the integral is e t RIU(t), exact for a half-life of "
                     f"{timeHours * LN2 / HOURS_PER_DAY:.3g} d and too small for any other."), warnings=tuple(warnings))


def _requireEffective(halfLife, longest):
    if halfLife.hours > longest * (1.0 + BOUND_TOLERANCE):
        raise InputError(f"The effective half-life of {halfLife.hours / HOURS_PER_DAY:.4g} d is above the physical one "
                         f"of {longest / HOURS_PER_DAY:.4g} d", WHERE,
                         "Give the effective half-life, physical decay included, in days")

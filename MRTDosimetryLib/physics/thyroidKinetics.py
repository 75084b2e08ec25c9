"""Integral of the radioiodine uptake of the thyroid over time, from several uptakes.

Two compartments: iodide leaves the pool of the body at the effective rate kB, a part of it at the rate kt into the
thyroid, which loses it at the effective rate kT. RIU(t) = kt / (kB - kT) (exp(-kT t) - exp(-kB t)), its integral is
kt / (kB kT) (Haenscheid et al., EANM standard operational procedure for benign thyroid disease, Eur J Nucl Med Mol
Imaging 2013;40:1126-1134). It is the uptake and washout of :mod:`.kinetics` with kt = A1 (kB - kT).
"""

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ..errors import CalculationError, InputError
from .decay import LN2
from .kinetics.curve import TimeActivityCurve, risesAgainstDecay
from .kinetics.exponentialFamily import UPTAKE
from .kinetics.exponentialFit import fitExponential
from .kinetics.intervals import interval95
from .kinetics.monoExponential import MODEL as MONO
from .units import HOURS_PER_DAY

TWO_COMPARTMENT, MONO_EXPONENTIAL = "twoCompartment", "monoExponential"
TITLES = {
    TWO_COMPARTMENT: "Two-compartment fit",
    MONO_EXPONENTIAL: "One exponential through the uptakes",
}
WHERE = "thyroid uptake"
NAMES = {"lambda1": "thyroid", "lambda2": "iodide pool"}
# Nodes of the quadrature over the logarithm of a stated half-life.
NODES = 9
# A parameter known no better than to this share is called poorly determined.
POOR_RELATIVE = 0.5
# The longest half-life of the iodide pool in a spread about a stated one, by that of the thyroid.
LARGEST_POOL_SHARE = 0.5
# At the physical half-life within this share the fit is at its bound.
BOUND_TOLERANCE = 1e-3


@dataclass(frozen=True)
class StatedHalfLife:
    """An effective half-life that is not measured here, log-normal about its stated value.

    Attributes
    ----------
    hours : float
        Taken as the median.
    uncertaintyHours : float or None
        Standard deviation; ``None``: not stated, and then not part of any uncertainty.
    source : str
    """

    hours: float
    uncertaintyHours: float | None = None
    source: str = ""

    def nodes(self, longest=math.inf):
        """(hours, weight) of a Gauss-Hermite quadrature; half-lives are cut off at ``longest``."""
        if not self.uncertaintyHours:
            return [(min(self.hours, longest), 1.0)]
        spread = math.sqrt(math.log1p((self.uncertaintyHours / self.hours) ** 2))
        places, weights = np.polynomial.hermite_e.hermegauss(NODES)
        return [(min(self.hours * math.exp(spread * place), longest), weight / math.sqrt(2.0 * math.pi))
                for place, weight in zip(places.tolist(), weights.tolist(), strict=True)]

    def __str__(self):
        spread = "" if self.uncertaintyHours is None else f" ± {self.uncertaintyHours:.2g} h"
        return f"{self.hours:.4g} h{spread} ({self.source or 'source not stated'})"


@dataclass(frozen=True)
class UptakeIntegral:
    """Integral of the uptake over all time, and what it was computed from.

    Attributes
    ----------
    method, title : str
    integralD : float
        Fraction times days: the time-integrated activity coefficient in days.
    uncertaintyD : float or None
        Standard uncertainty (k = 1); ``None`` where none could be stated.
    interval95D : (float, float) or None
    effectiveHalfLifeHours : float or None
        Of the last phase.
    effectiveHalfLifeUncertaintyHours : float or None
    extrapolatedUptake : float or None
        Of the last phase, extrapolated back to administration.
    poolHalfLifeHours, poolHalfLifeUncertaintyHours : float or None
        Effective half-life of the iodide pool, ln 2 / kB.
    evaluate : callable or None
        ``evaluate(timesHours) -> fractions``.
    isHalfLifeMeasured, isPoolMeasured : bool
        Whether the half-lives of thyroid and iodide pool come from these uptakes.
    degreesOfFreedom : int
    assumptions, warnings : tuple of str
    """

    method: str
    title: str
    integralD: float
    uncertaintyD: float | None
    interval95D: tuple | None
    effectiveHalfLifeHours: float | None = None
    effectiveHalfLifeUncertaintyHours: float | None = None
    extrapolatedUptake: float | None = None
    poolHalfLifeHours: float | None = None
    poolHalfLifeUncertaintyHours: float | None = None
    evaluate: Callable | None = field(default=None, repr=False)
    isHalfLifeMeasured: bool = False
    isPoolMeasured: bool = False
    degreesOfFreedom: int = 0
    assumptions: tuple = ()
    warnings: tuple = ()

    @property
    def lossRatePerDay(self):
        """kT in 1/d, or ``None``."""
        return None if self.effectiveHalfLifeHours is None else LN2 / self.effectiveHalfLifeHours * HOURS_PER_DAY

    @property
    def poolLossRatePerDay(self):
        """kB in 1/d, or ``None``."""
        return None if self.poolHalfLifeHours is None else LN2 / self.poolHalfLifeHours * HOURS_PER_DAY

    @property
    def uptakeRatePerDay(self):
        """kt in 1/d, or ``None``."""
        if self.poolHalfLifeHours is None:
            return None
        return self.extrapolatedUptake * (self.poolLossRatePerDay - self.lossRatePerDay)

    @property
    def maximum(self):
        """(hours, fraction) of the greatest uptake, at ln(kB / kT) / (kB - kT), or ``None``."""
        if self.poolHalfLifeHours is None:
            return None
        pool, loss = LN2 / self.poolHalfLifeHours, LN2 / self.effectiveHalfLifeHours
        time = math.log(pool / loss) / (pool - loss)
        return time, float(self.evaluate(np.array([time]))[0])


def twoCompartmentUptake(timesHours, uptakeRatePerDay, lossRatePerDay, poolLossRatePerDay):
    """RIU(t) of the two-compartment model with rates in 1/d; ``timesHours`` (N,) or a number."""
    days = np.asarray(timesHours, float) / HOURS_PER_DAY
    scale = uptakeRatePerDay / (poolLossRatePerDay - lossRatePerDay)
    return scale * (np.exp(-lossRatePerDay * days) - np.exp(-poolLossRatePerDay * days))


def fitUptakes(timesHours, fractions, uncertainties, physicalRatePerHour, halfLife=None, pool=None):
    """Two-compartment fit of several uptakes.

    Weighted least squares with kT at or above physical decay and kB above kT; the integral's uncertainty by the
    covariance of the fit and, where a half-life is stated, by its spread: the fit is repeated over it.

    Parameters
    ----------
    timesHours, fractions : array_like
        Shape (N,), N >= 2; 131I as present at the times.
    uncertainties : array_like or None
        Standard uncertainties, (N,).
    physicalRatePerHour : float
    halfLife, pool : StatedHalfLife, optional
        Effective half-lives of the thyroid and of the iodide pool. One of them is held where the uptakes are too few or
        do not determine the fit; what is measured counts more than what is stated. Without either, one exponential.

    Returns
    -------
    UptakeIntegral

    Raises
    ------
    InputError
    CalculationError
        Where the uptakes do not determine the parameters.
    """
    curve = TimeActivityCurve(timesHours, fractions, uncertainties)
    if curve.size < 2:
        raise InputError("A fit needs at least two uptakes", WHERE, "Use the strategy of one late uptake")
    choices = _choices(curve, physicalRatePerHour, halfLife, pool)
    warnings = []
    for held in choices if curve.size > 2 else choices[1:]:
        try:
            found = _fit(UPTAKE, curve, physicalRatePerHour, held)
        except CalculationError as error:
            warnings.append(f"The uptakes do not determine a two-compartment fit: {error.what[0].lower()}"
                            f"{error.what[1:]}.")
            continue
        if found.parameters["A1"].value == 0:
            raise CalculationError("The fit finds no uptake", WHERE, "Check the uptakes and their times")
        value = _withSpread(_fromFit(TWO_COMPARTMENT, curve, found, physicalRatePerHour, held),
                            curve, physicalRatePerHour, held)
        unused = [name for name, item in (("lambda1", halfLife), ("lambda2", pool)) if item is not None
                  and name not in held]
        warnings += [f"The stated half-life of the {NAMES[name]} is not used: it is fitted to the uptakes."
                     for name in unused]
        return dataclasses.replace(value, warnings=value.warnings + tuple(warnings))
    if curve.size == 2:
        warnings.append("Two uptakes alone do not show the uptake phase.")
    return _monoExponential(curve, physicalRatePerHour, [
        *warnings, "One exponential is taken back to administration, which makes the integral too large by about the "
        "half-life of the iodide pool over that of the thyroid. State the half-life of the iodide pool, or measure at "
        "4 to 6 h, too."])


def _choices(curve, physicalRate, halfLife, pool):
    """What to hold, best first: nothing, then the iodide pool, then the thyroid.

    The thyroid comes first where two uptakes still rise: they do not show its loss.
    """
    found = [{"lambda2": pool}] if pool is not None else []
    if halfLife is not None:
        isRising = curve.size == 2 and bool(risesAgainstDecay(curve, physicalRate, fromHours=0.0))
        found.insert(0 if isRising else len(found), {"lambda1": halfLife})
    return [{}, *found]


def _fit(model, curve, physicalRate, held):
    fixed = {name: max(LN2 / item.hours, physicalRate) for name, item in held.items()}
    return fitExponential(model, curve, physicalRate, {"fixed": fixed})


def _monoExponential(curve, physicalRate, warnings):
    rises = risesAgainstDecay(curve, physicalRate, fromHours=0.0)
    if rises:
        raise CalculationError(
            f"The decay-corrected uptake still rises between {rises[0].fromHours:g} h and {rises[0].toHours:g} h: "
            "these uptakes do not show how fast the thyroid loses iodine", WHERE,
            "Measure later, or state the effective half-life with its source")
    found = _fit(MONO, curve, physicalRate, {})
    value = _fromFit(MONO_EXPONENTIAL, curve, found, physicalRate, {})
    return dataclasses.replace(value, warnings=value.warnings + tuple(warnings))


def _fromFit(method, curve, found, physicalRate, held):
    """:class:`UptakeIntegral` of a fit of the library, before the spread of what is held."""
    values = {name: item.value for name, item in found.parameters.items()}
    errors = {name: item.standardError for name, item in found.parameters.items()}
    amplitude, loss = ("A1", "lambda1") if method == TWO_COMPARTMENT else ("A0", "lambda")
    rate = values[loss]
    pool = values.get("lambda2")
    halfLifeError, poolError = (None if error is None else LN2 / value ** 2 * error
                                for value, error in ((rate, errors[loss]), (pool, errors.get("lambda2"))))
    warnings = _warningsOfFit(found, values, errors, amplitude, loss, physicalRate, held)
    # Until a day after administration the thyroid takes iodine up.
    warnings += [f"The decay-corrected uptake rises by {100 * (rise.ratio - 1):.0f} % between {rise.fromHours:g} h and "
                 f"{rise.toHours:g} h: check the measurements." for rise in risesAgainstDecay(curve, physicalRate)]
    assumptions = ["Two compartments, thyroid and iodide pool; no iodine returns from the thyroid to the pool."
                   if method == TWO_COMPARTMENT else "One exponential from administration on: no uptake phase.",
                   *(f"The effective half-life of the {NAMES[name]} is held at {item}." for name, item in held.items())]
    uncertainty = found.timeIntegratedActivityUncertaintyMBqH
    interval = found.timeIntegratedActivityInterval95MBqH
    return UptakeIntegral(
        method, TITLES[method], found.timeIntegratedActivityMBqH / HOURS_PER_DAY,
        None if uncertainty is None else uncertainty / HOURS_PER_DAY,
        None if interval is None else tuple(limit / HOURS_PER_DAY for limit in interval),
        effectiveHalfLifeHours=LN2 / rate, effectiveHalfLifeUncertaintyHours=halfLifeError,
        extrapolatedUptake=values[amplitude],
        poolHalfLifeHours=None if pool is None else LN2 / pool, poolHalfLifeUncertaintyHours=poolError,
        evaluate=found.activityMBq, isHalfLifeMeasured=loss not in held,
        isPoolMeasured=pool is not None and "lambda2" not in held, degreesOfFreedom=found.degreesOfFreedom,
        assumptions=tuple(assumptions), warnings=tuple(warnings))


def _warningsOfFit(found, values, errors, amplitude, loss, physicalRate, held):
    words = []
    titles = {amplitude: "uptake extrapolated to administration", loss: "effective half-life of the thyroid",
              "lambda2": "half-life of the iodide pool"}
    if found.covarianceKind == "none":
        words.append("The uncertainty of the fit is not computed: as many uptakes as parameters, without stated "
                     "uncertainties.")
    poor = [titles[name] for name, error in errors.items()
            if error is not None and error > POOR_RELATIVE * values[name]]
    if poor:
        words.append(f"The fit is poorly determined: the relative standard uncertainty of the {' and the '.join(poor)} "
                     f"is above {POOR_RELATIVE:.0%}.")
    if loss not in held and values[loss] <= physicalRate * (1.0 + BOUND_TOLERANCE):
        words.append("The uptakes fall no faster than by physical decay: the effective half-life is held at the "
                     "physical one. Were the uptakes corrected for decay, or is the time of the standard not stated?")
    if values[amplitude] > 1.0:
        words.append(f"The uptake extrapolated to administration is {values[amplitude]:.3g}, more than all that was "
                     "administered: check the uptakes and their times.")
    return words


def _withSpread(value, curve, physicalRate, held):
    """With the spread of the half-life that is held in the uncertainties: the fit repeated over its quadrature."""
    if not held:
        return value
    (name, item), = held.items()
    if not item.uncertaintyHours:
        return dataclasses.replace(value, warnings=(*value.warnings, f"The spread of the stated half-life of the "
                                                    f"{NAMES[name]} is not given: the uncertainty leaves it out."))
    variance, ofHalfLife = 0.0, 0.0
    # The pool empties faster than the thyroid, here at least twice as fast.
    longest = LN2 / physicalRate if name == "lambda1" else LARGEST_POOL_SHARE * value.effectiveHalfLifeHours
    for hours, weight in item.nodes(longest):
        found = _fit(UPTAKE, curve, physicalRate, {name: StatedHalfLife(hours)})
        variance += weight * (found.timeIntegratedActivityMBqH / HOURS_PER_DAY - value.integralD) ** 2
        ofHalfLife += weight * (LN2 / found.parameters["lambda1"].value - value.effectiveHalfLifeHours) ** 2
    uncertainty = math.hypot(value.uncertaintyD or 0.0, math.sqrt(variance))
    degrees = None if value.uncertaintyD is None or curve.uncertaintiesMBq is not None else value.degreesOfFreedom
    return dataclasses.replace(
        value, uncertaintyD=uncertainty, interval95D=tuple(interval95(value.integralD, uncertainty, degrees)),
        effectiveHalfLifeUncertaintyHours=math.hypot(value.effectiveHalfLifeUncertaintyHours or 0.0,
                                                     math.sqrt(ofHalfLife)))

"""One measured activity and a given effective half-life (Madsen et al., Med Phys 2018;45:2318-2324)."""

import math

import numpy as np

from ...errors import InputError
from ..decay import LN2
from ..decay import decayConstantPerHour as rateOfHalfLife
from .intervals import interval95
from .rateSearch import LARGEST_EXPONENT
from .registry import FitModel, registerModel
from .result import FitResult, Parameter

NAME, TITLE = "singleTimePoint", "Single time point with a given effective half-life"


def fitSingleTimePoint(curve, decayConstantPerHour, options=None):
    """A(t) exp(lambda t) / lambda with lambda from a given effective half-life.

    The relative sensitivity to the half-life is |lambda t - 1|: none when the scan lies at t = T / ln 2.

    Parameters
    ----------
    curve : TimeActivityCurve
        Exactly one point, above zero.
    decayConstantPerHour : float
        Physical decay constant; the effective half-life cannot be longer than the physical one.
    options : dict
        ``effectiveHalfLifeHours`` (needed); ``relativeHalfLifeUncertainty`` (k = 1, optional).

    Returns
    -------
    FitResult

    Raises
    ------
    InputError
        No or an impossible half-life, or an impossible uncertainty of it.
    """
    options = options or {}
    rate = _effectiveRate(options.get("effectiveHalfLifeHours"), decayConstantPerHour)
    halfLifeHours = LN2 / rate
    relativeT = options.get("relativeHalfLifeUncertainty")
    if relativeT is not None and not (math.isfinite(relativeT) and 0 < relativeT < 1):
        raise InputError(f"The relative uncertainty of the effective half-life is {relativeT:g}", "kinetics",
                         "Give a number between 0 and 1, or none")
    time, activity = float(curve.timesHours[0]), float(curve.activitiesMBq[0])
    if rate * time > LARGEST_EXPONENT:
        raise InputError(f"An effective half-life of {halfLifeHours:g} h is far too short for a scan at {time:g} h",
                         "kinetics.effectiveHalfLifeHours", "Check half-life and time, in hours")
    sigma = None if curve.uncertaintiesMBq is None else float(curve.uncertaintiesMBq[0])
    amplitude = activity * math.exp(rate * time)
    area = amplitude / rate
    warnings = ["The whole time-integrated activity rests on one measurement and a given effective half-life."]
    uncertainty, kind = None, "none"
    if relativeT is None:
        warnings.append("The uncertainty is not computed: that of the given effective half-life is not stated.")
    else:
        relative = abs(rate * time - 1.0) * relativeT
        kind = "absolute"
        if sigma is None:
            warnings.append("The uncertainty is that of the effective half-life alone: that of the activity is not "
                            "known.")
        else:
            relative = math.hypot(relative, sigma / activity)
        uncertainty = area * relative
    halfLifeError = None if relativeT is None else halfLifeHours * relativeT
    return FitResult(
        model=NAME, title=TITLE,
        parameters={"A0": Parameter(amplitude, None, "MBq"),
                    "effectiveHalfLife": Parameter(halfLifeHours, halfLifeError, "h")},
        parameterNames=["A0", "effectiveHalfLife"], covariance=None, timeIntegratedActivityMBqH=area,
        timeIntegratedActivityUncertaintyMBqH=uncertainty,
        timeIntegratedActivityInterval95MBqH=interval95(area, uncertainty), scanTimeSensitivityPerHour=[rate],
        effectiveHalfLifeHours=halfLifeHours, aicc=None,
        chiSquare=None, degreesOfFreedom=0, covarianceKind=kind, weighting="none: one point",
        coefficientOfVariation=None, activityUncertaintiesMBq=None if sigma is None else [sigma],
        extrapolatedBeforeFraction=-math.expm1(-rate * time), extrapolatedAfterFraction=math.exp(-rate * time),
        residualsMBq=[0.0], absorbedDoseRateShape=[(amplitude, rate)],
        evaluate=lambda timesHours: amplitude * np.exp(-rate * timesHours),
        standardErrors=None if relativeT is None else lambda timesHours: (
            amplitude * np.exp(-rate * timesHours)
            * np.hypot(rate * (timesHours - time) * relativeT, 0.0 if sigma is None else sigma / activity)),
        bandReason="The uncertainty of the given effective half-life is not stated." if relativeT is None else "",
        assumptions=["One exponential from administration to infinity: no uptake phase.",
                     f"Effective half-life of {halfLifeHours:.4g} h as given, not measured."], warnings=warnings)


def _effectiveRate(halfLifeHours, physicalRate):
    if halfLifeHours is None:
        raise InputError("A single time point needs an effective half-life", "kinetics.effectiveHalfLifeHours",
                         "Give it per region, or add time points")
    rate = rateOfHalfLife(halfLifeHours)
    if rate < physicalRate * (1 - 1e-9):
        raise InputError(f"The effective half-life of {halfLifeHours:g} h is longer than the physical one of "
                         f"{LN2 / physicalRate:.4g} h", "kinetics.effectiveHalfLifeHours",
                         "Give the effective half-life, physical decay included")
    return max(rate, physicalRate)


registerModel(FitModel(NAME, TITLE, fitSingleTimePoint, minimumPoints=1, maximumPoints=1,
                       optionNames=("effectiveHalfLifeHours", "relativeHalfLifeUncertainty")))

"""The door to the fit models: a chosen one, or the automatic choice with its reasons."""

import numpy as np

from ...errors import CalculationError, InputError
from .curve import risesAgainstDecay
from .registry import fitModel, fitModels
from .result import EXTRAPOLATION_WARNING
from .weighting import PROPORTIONAL_FLOOR

AUTO = "auto"
# Acceptance of a fit (NUKFIT, Kletting et al. 2013): coefficient of variation of every parameter below 50 %.
PARAMETER_LIMIT = 0.5
RESIDUAL_LIMIT = 0.20
CHI_SQUARE_PROBABILITY = 0.01
UPTAKE_TOLERANCE = 0.05


def fit(curve, decayConstantPerHour, model=AUTO, effectiveHalfLifeHours=None, options=None):
    """Time-integrated activity of a curve.

    ``"auto"``: one point takes the given half-life; two and more take the mono-exponential when the curve falls from
    its first point and the fit is acceptable, else the trapezoid. Unacceptable is a fit with a parameter whose
    standard error exceeds 50 %; with given uncertainties, one with a chi-square of a probability below 1 %; without,
    one with a residual above 20 % of a measured activity (of 5 % of the largest one, where the activity is less).
    All models tried are in ``candidates``, with the reason.

    Parameters
    ----------
    curve : TimeActivityCurve
    decayConstantPerHour : float
        Physical decay constant.
    model : str
        ``"auto"`` or a name of :func:`~.registry.fitModels`.
    effectiveHalfLifeHours : float, optional
        For a single time point.
    options : dict, optional
        ``start`` and ``tail`` of the trapezoid, ``relativeHalfLifeUncertainty`` of the single time point.

    Returns
    -------
    FitResult

    Raises
    ------
    InputError
        Unknown model or option, too few or too many points, a single point without a half-life.
    CalculationError
        When no model gives a result.
    """
    options = dict(options or {})
    _checkOptions(options)
    if not (np.isfinite(decayConstantPerHour) and decayConstantPerHour > 0):
        raise InputError("The physical decay constant has to be above zero", "radionuclide")
    if effectiveHalfLifeHours is not None:
        options["effectiveHalfLifeHours"] = effectiveHalfLifeHours
    if model != AUTO:
        result = _run(model, curve, decayConstantPerHour, options)
        result.candidates = [_candidate(result, True, "chosen by the user")]
    elif curve.size == 1:
        if effectiveHalfLifeHours is None:
            raise InputError("A single time point needs an effective half-life", "kinetics.effectiveHalfLifeHours",
                             "Give it per region, or add time points")
        result = _run("singleTimePoint", curve, decayConstantPerHour, options)
        result.candidates = [_candidate(result, True, "a single time point")]
    else:
        result = _choose(curve, decayConstantPerHour, options)
    if effectiveHalfLifeHours is not None and result.model != "singleTimePoint":
        result.warnings.append("The given effective half-life is not used: the curve has more than one point.")
    _flag(result, curve, decayConstantPerHour)
    return result


def _checkOptions(options):
    known = {name for model in fitModels().values() for name in model.optionNames}
    unknown = [name for name in options if name not in known]
    if unknown:
        raise InputError(f"Unknown fit option {', '.join(map(repr, unknown))}", "kinetics",
                         f"Known are {', '.join(sorted(known))}")


def _run(name, curve, decayConstantPerHour, options):
    model = fitModel(name)
    if curve.size < model.minimumPoints:
        raise InputError(f"{model.title} needs at least {model.minimumPoints} time points, there "
                         f"{'is' if curve.size == 1 else 'are'} {curve.size}", "time-activity curve",
                         "Add time points, or give an effective half-life")
    if model.maximumPoints is not None and curve.size > model.maximumPoints:
        raise InputError(f"{model.title} takes {model.maximumPoints} point, there are {curve.size}",
                         "time-activity curve", "Choose another model, or exclude time points")
    return model.fit(curve, decayConstantPerHour,
                     {key: value for key, value in options.items() if key in model.optionNames})


def _choose(curve, decayConstantPerHour, options):
    """Mono-exponential or trapezoid, by the rules of :func:`fit`."""
    mono, reasons = None, []
    try:
        mono = _run("monoExponential", curve, decayConstantPerHour, options)
    except (InputError, CalculationError) as error:
        reasons = [f"not possible: {error.what}"]
    uptake = _uptakeTime(curve)
    if uptake is not None:
        reasons.append(f"uptake phase: the largest activity is at {uptake:g} h, not at the first point")
    if mono is not None:
        reasons += _objections(mono, curve)
        if not reasons:
            mono.candidates = [_candidate(mono, True, "the curve falls from its first point and the fit is acceptable")]
            return mono
    trapezoid = _run("trapezoid", curve, decayConstantPerHour, options)
    rejected = "; ".join(reasons)
    trapezoid.candidates = [_candidate(trapezoid, True, f"mono-exponential not accepted: {rejected}")]
    if mono is None:
        trapezoid.candidates.append({"model": "monoExponential", "title": fitModel("monoExponential").title,
                                     "timeIntegratedActivityMBqH": None,
                                     "timeIntegratedActivityUncertaintyMBqH": None, "aicc": None,
                                     "isChosen": False, "reason": rejected})
    else:
        trapezoid.candidates.append(_candidate(mono, False, rejected))
    trapezoid.warnings.insert(0, f"The trapezoid is used, the mono-exponential fit is not accepted: {rejected}.")
    return trapezoid


def _uptakeTime(curve):
    """Time of the largest activity if it exceeds the first one beyond noise, else ``None``."""
    top = int(np.argmax(curve.activitiesMBq))
    if top == 0:
        return None
    tolerance = UPTAKE_TOLERANCE * curve.activitiesMBq[top]
    if curve.uncertaintiesMBq is not None:
        tolerance = 2.0 * float(np.hypot(curve.uncertaintiesMBq[top], curve.uncertaintiesMBq[0]))
    isAbove = curve.activitiesMBq[top] - curve.activitiesMBq[0] > tolerance
    return float(curve.timesHours[top]) if isAbove else None


def _objections(result, curve):
    """Why a fit is not acceptable; empty when it is."""
    objections = []
    for name, parameter in result.parameters.items():
        if parameter.standardError is not None and parameter.standardError > PARAMETER_LIMIT * abs(parameter.value):
            share = parameter.standardError / abs(parameter.value)
            objections.append(f"the standard error of {name} is {share:.0%}, more than {PARAMETER_LIMIT:.0%}")
    if curve.uncertaintiesMBq is None:
        return objections + _residualObjection(result, curve)
    return objections + _chiSquareObjection(result)


def _residualObjection(result, curve):
    floor = PROPORTIONAL_FLOOR * curve.activitiesMBq.max()
    relative = np.abs(result.residualsMBq) / np.maximum(curve.activitiesMBq, floor)
    worst = int(np.argmax(relative))
    if relative[worst] <= RESIDUAL_LIMIT:
        return []
    return [f"the residual at {curve.timesHours[worst]:g} h is {relative[worst]:.0%}, more than {RESIDUAL_LIMIT:.0%}"]


def _chiSquareObjection(result):
    if result.degreesOfFreedom == 0:
        return []
    # Imported here: scipy.special is needed for this one probability only.
    from scipy.special import gammaincc

    probability = float(gammaincc(result.degreesOfFreedom / 2.0, result.chiSquare / 2.0))
    if probability >= CHI_SQUARE_PROBABILITY:
        return []
    reduced = result.chiSquare / result.degreesOfFreedom
    return [f"the reduced chi-square is {reduced:.3g}, of a probability below {CHI_SQUARE_PROBABILITY:.0%}"]


def _candidate(result, isChosen, reason):
    return {"model": result.model, "title": result.title,
            "timeIntegratedActivityMBqH": result.timeIntegratedActivityMBqH,
            "timeIntegratedActivityUncertaintyMBqH": result.timeIntegratedActivityUncertaintyMBqH,
            "aicc": result.aicc, "isChosen": isChosen, "reason": reason}


def _flag(result, curve, decayConstantPerHour):
    """Warnings that hold for every model."""
    if result.model != "singleTimePoint" and result.extrapolatedFraction > EXTRAPOLATION_WARNING:
        result.warnings.append(
            f"{result.extrapolatedFraction:.1%} of the time-integrated activity is extrapolated "
            f"({result.extrapolatedBeforeFraction:.1%} before the first, {result.extrapolatedAfterFraction:.1%} after "
            f"the last point), more than {EXTRAPOLATION_WARNING:.0%}.")
    result.warnings += [str(rise) for rise in risesAgainstDecay(curve, decayConstantPerHour)]

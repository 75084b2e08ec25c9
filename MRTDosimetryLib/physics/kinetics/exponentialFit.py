"""The fit of any model that is a sum of exponentials: options, solution, covariance, area and its uncertainty."""

import math

import numpy as np

from ...errors import CalculationError, InputError
from ..decay import LN2
from .exponentialModel import areaOfExponentials, evaluateExponentials
from .intervals import interval95
from .rateSearch import Projection, searchRates
from .registry import FitModel, fitModel, registerModel
from .result import FitResult, Parameter
from .solver import covarianceOf
from .weighting import correctedAkaike, weightingOf

BOUND_TOLERANCE = 1e-6
# Two phases closer than this are one.
CLOSEST_RATES = 1e-3
OPTION_NAMES = ("fixed", "bounds")

_models = {}


def exponentialModel(name):
    """The :class:`~.exponentialModel.ExponentialModel` of a name, or ``None`` for a model of another kind."""
    fitModel(name)
    return _models.get(name)


def registerExponential(model, module):
    """Make a model fittable under its name; it needs as many points as it has parameters unless some are fixed.

    ``module`` is the name of the one that calls this.
    """
    _models[model.name] = model
    registerModel(FitModel(model.name, model.title,
                           lambda curve, rate, options=None: fitExponential(model, curve, rate, options),
                           minimumPoints=1, optionNames=OPTION_NAMES,
                           parameterCount=len(model.parameterNames), module=module))


def fitExponential(model, curve, decayConstantPerHour, options=None):
    """Weighted least-squares fit of a sum of exponentials with effective rates at or above the physical one.

    Variable projection over a grid of rates finds the start, lmfit refines it: the answer depends on no start value.
    The area from 0 to infinity is the sum of coefficient / rate; its variance is g V g^T with the analytic gradient
    g. V = (J^T W J)^-1 with given uncertainties ("absolute"), times the reduced chi-square without ("scaled"), none
    without degrees of freedom (Kletting et al., NUKFIT, Med Phys 2013;40:102504; Glatting et al., Med Phys
    2007;34:4285-4292).

    Parameters
    ----------
    model : ExponentialModel
    curve : TimeActivityCurve
        At least as many points as free parameters.
    decayConstantPerHour : float
        Physical decay constant.
    options : dict, optional
        ``fixed``: parameter -> value; ``bounds``: parameter -> (least, most), ``None`` for no bound of that side.

    Returns
    -------
    FitResult

    Raises
    ------
    InputError
        Too few points, unknown parameters, impossible values.
    CalculationError
        When the fit does not converge, or the points do not determine the parameters.
    """
    amplitudeBounds, rateBounds = parameterBounds(model, curve.timesHours, decayConstantPerHour, options or {})
    free = freeNames(model, amplitudeBounds, rateBounds)
    needed = max(len(free), 1)
    if np.count_nonzero(curve.activitiesMBq) < min(needed, 2) or curve.size < needed:
        if curve.size >= needed:
            title = model.title[0].lower() + model.title[1:]
            raise InputError(f"A {title} fit needs at least two activities above zero", "time-activity curve",
                             "Use the trapezoid, or exclude the time points without activity")
        raise InputError(f"{model.title} has {needed} parameters and needs at least {needed} time points, there "
                         f"{'is' if curve.size == 1 else 'are'} {curve.size}", "time-activity curve",
                         "Add time points, fix a parameter, or choose a model with fewer parameters")
    weighting = weightingOf(curve)
    projection = Projection(model, curve.timesHours, curve.activitiesMBq, weighting.sigmasMBq, decayConstantPerHour,
                            amplitudeBounds)
    rates, amplitudes, residuals = searchRates(projection, rateBounds)
    return buildResult(model, curve, decayConstantPerHour, weighting, amplitudes, rates, residuals,
                       free, wordsOfOptions(options))


def freeNames(model, amplitudeBounds, rateBounds):
    """Names of the parameters that are not fixed, amplitudes first."""
    bounds = dict(zip((*model.amplitudes, *model.rates), (*amplitudeBounds, *rateBounds), strict=True))
    return [name for name, (least, most) in bounds.items() if least < most]


def parameterBounds(model, times, physicalRate, options):
    """(least, most) of every amplitude and of every rate, from the physics and the options."""
    # Faster than a fall to 1e-12 between the closest points cannot be told apart.
    # An uptake is seen from administration on, a fall from the first point on.
    isFromStart = model.isRisingFromZero or times.size == 1
    steps = np.diff(times, prepend=0.0) if isFromStart else np.diff(times)
    fastest = max(28.0 / float(steps.min()), 2.0 * physicalRate)
    bounds = {name: [0.0, math.inf] for name in model.amplitudes}
    bounds |= {name: [physicalRate, fastest] for name in model.rates}
    where = "kinetics"
    for key in ("fixed", "bounds"):
        if not isinstance(options.get(key) or {}, dict):
            raise InputError(f"The {key} parameters are not names and values", f"{where} {key}")
        for name, given in dict(options.get(key) or {}).items():
            if name not in bounds:
                raise InputError(f"'{name}' is no parameter of {model.title} that can be fixed or bounded",
                                 f"{where} {key}", f"Known are {', '.join(bounds) or 'none'}")
            least, most = (given, given) if key == "fixed" else _pair(name, given)
            _checkBound(name, least, most, physicalRate if name in model.rates else None)
            isRate = name in model.rates
            bounds[name] = [bounds[name][0] if least is None else max(float(least), physicalRate if isRate else 0.0),
                            bounds[name][1] if most is None else float(most)]
            if bounds[name][0] > bounds[name][1]:
                raise InputError(f"The bounds of {name} leave no value", f"{where} {key}", "Give wider bounds")
    fixedRates = [bounds[name][0] for name in model.rates if bounds[name][0] == bounds[name][1]]
    if any(later <= earlier for earlier, later in zip(fixedRates[:-1], fixedRates[1:], strict=True)):
        raise InputError("The fixed rates are not in increasing order", f"{where} fixed",
                         "Give the slowest phase first")
    return [tuple(bounds[name]) for name in model.amplitudes], [tuple(bounds[name]) for name in model.rates]


def _pair(name, given):
    try:
        least, most = given
    except (TypeError, ValueError):
        raise InputError(f"The bounds of {name} are not a pair", "kinetics bounds",
                         "Give [least, most], null for no bound") from None
    return least, most


def _checkBound(name, least, most, physicalRate):
    for value in (least, most):
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
            raise InputError(f"The value {value!r} given for {name} is not a number from 0 on", "kinetics")
    if physicalRate is not None and most is not None and most < physicalRate * (1 - 1e-9):
        raise InputError(f"The value {most:g}/h given for {name} is below physical decay, {physicalRate:.6g}/h",
                         "kinetics", "Give the effective rate, physical decay included")


def wordsOfOptions(options):
    """Sentences that say what the user fixed or bounded."""
    options = options or {}
    words = [f"{name} is fixed at {value:g} by the user." for name, value in (options.get("fixed") or {}).items()]
    return words + [f"{name} is kept within {pair[0]} to {pair[1]} by the user."
                    for name, pair in (options.get("bounds") or {}).items()]


def buildResult(model, curve, physicalRate, weighting, amplitudes, rates, residuals, free, words, covariance=None,
                degreesOfFreedom=None, scaleChiSquare=None):
    """The :class:`FitResult` of a least-squares point.

    ``covariance`` (of ``free``), ``degreesOfFreedom`` and ``scaleChiSquare`` are given by a joint fit of several
    curves, else they are this curve's own.
    """
    exponentials = model.exponentials(amplitudes, rates, physicalRate)
    if not exponentials:
        raise CalculationError(f"The {model.title} finds no activity", "time-activity curve", "Check the curve")
    inner = [*model.amplitudes, *model.rates]
    reduced = _reducedNames(model, amplitudes, rates, free)
    used = [name for name in free if name not in reduced]
    chiSquare = float(residuals @ residuals)
    degrees = curve.size - len(free) if degreesOfFreedom is None else degreesOfFreedom
    scale = (chiSquare if scaleChiSquare is None else scaleChiSquare) / degrees if degrees > 0 else None
    jacobian = model.jacobian(curve.timesHours, amplitudes, rates, physicalRate)
    if covariance is None:
        columns = [inner.index(name) for name in used]
        covariance = covarianceOf(jacobian[:, columns] / weighting.sigmasMBq[:, None]) if used else np.zeros((0, 0))
    else:
        keep = [free.index(name) for name in used]
        covariance = covariance[np.ix_(keep, keep)]
    kind, coefficient = "absolute", None
    if not weighting.isAbsolute:
        coefficient = None if scale is None else math.sqrt(scale)
        covariance, kind = (None, "none") if scale is None else (covariance * scale, "scaled")
    full = _spread(covariance, used, inner)
    gradient = model.areaGradient(amplitudes, rates, physicalRate)
    area = areaOfExponentials(exponentials)
    uncertainty = None if full is None else math.sqrt(max(float(gradient @ full @ gradient), 0.0))
    names, units, values, outer = _reported(model, amplitudes, rates, physicalRate)
    shown = None if full is None else outer @ full @ outer.T
    errors = [None] * len(names)
    if shown is not None:
        errors = [None if variance <= 0 else math.sqrt(variance) for variance in np.diag(shown)]
    first, last = curve.timesHours[0], curve.timesHours[-1]
    return FitResult(
        model=model.name, title=model.title,
        parameters={name: Parameter(float(value), error, unit)
                    for name, value, error, unit in zip(names, values, errors, units, strict=True)},
        parameterNames=list(names), covariance=None if shown is None else shown.tolist(),
        timeIntegratedActivityMBqH=area, timeIntegratedActivityUncertaintyMBqH=uncertainty,
        timeIntegratedActivityInterval95MBqH=interval95(area, uncertainty, degrees if kind == "scaled" else None),
        effectiveHalfLifeHours=float(LN2 / min(rate for _value, rate in exponentials)),
        aicc=correctedAkaike(chiSquare, weighting.isAbsolute, curve.size, len(free)), chiSquare=chiSquare,
        degreesOfFreedom=degrees, covarianceKind=kind, weighting=weighting.words, coefficientOfVariation=coefficient,
        activityUncertaintiesMBq=_pointUncertainties(weighting, coefficient),
        extrapolatedBeforeFraction=1.0 - areaOfExponentials(exponentials, first) / area,
        extrapolatedAfterFraction=areaOfExponentials(exponentials, last) / area,
        residualsMBq=(curve.activitiesMBq - evaluateExponentials(exponentials, curve.timesHours)).tolist(),
        absorbedDoseRateShape=exponentials,
        evaluate=lambda timesHours: evaluateExponentials(exponentials, timesHours),
        standardErrors=None if full is None else lambda timesHours: _curveErrors(
            model, timesHours, amplitudes, rates, physicalRate, full),
        bandReason="The fit leaves no degrees of freedom to estimate the scatter from." if full is None else "",
        assumptions=[model.assumption, "Effective rates at or above the physical decay constant.", *words],
        warnings=_warnings(model, rates, physicalRate, free, reduced, kind, degrees))


def _curveErrors(model, timesHours, amplitudes, rates, physicalRate, covariance):
    """Standard error of the curve at times of any shape: J V J^T with the derivatives by amplitudes and rates."""
    jacobian = model.jacobian(timesHours.ravel(), amplitudes, rates, physicalRate)
    variances = np.einsum("tp,pq,tq->t", jacobian, covariance, jacobian)
    return np.sqrt(np.maximum(variances, 0.0)).reshape(timesHours.shape)


def _reducedNames(model, amplitudes, rates, free):
    """Free parameters that the fit leaves without meaning: an amplitude at zero, and the rates of its terms alone."""
    zero = {name for name, value in zip(model.amplitudes, amplitudes, strict=True) if value == 0.0}
    alive = {rate for name, terms in model.terms.items() if name not in zero for _sign, rate in terms}
    reduced = zero | {rate for rate in model.rates if rate not in alive}
    return {name for name in reduced if name in free}


def _spread(covariance, used, inner):
    """Covariance of the used parameters as one of all of them, zero for those that are fixed or without meaning."""
    if covariance is None:
        return None
    full = np.zeros((len(inner), len(inner)))
    places = [inner.index(name) for name in used]
    full[np.ix_(places, places)] = covariance
    return full


def _reported(model, amplitudes, rates, physicalRate):
    """Names, units and values of the parameters shown, and their derivatives by amplitudes and rates."""
    if model.reported is not None:
        return model.reported(amplitudes, rates, physicalRate)
    inner = [*model.amplitudes, *model.rates]
    names = model.parameterNames
    values = dict(zip(inner, [*amplitudes, *rates], strict=True))
    outer = np.array([[float(name == column) for column in inner] for name in names])
    units = ["MBq" if name in model.amplitudes else "1/h" for name in names]
    return names, units, [values[name] for name in names], outer


def _warnings(model, rates, physicalRate, free, reduced, kind, degrees):
    warnings = []
    if kind == "none":
        points = "two points" if len(free) == 2 else "as many points as parameters"
        warnings.append(f"The uncertainty of the fit is not computed: {points} without given uncertainties leave no "
                        "degrees of freedom.")
    if reduced:
        warnings.append(f"The data leave no meaning to {', '.join(sorted(reduced))}: an amplitude is zero, the curve "
                        "is that of a model with fewer parameters.")
    if len(rates) and rates[0] <= physicalRate * (1 + BOUND_TOLERANCE) and model.rates[0] in free:
        warnings.append("The activity falls no faster than by physical decay: the effective half-life is held at the "
                        "physical one, and the uncertainty does not know of this bound.")
    return warnings


def _pointUncertainties(weighting, coefficient):
    if weighting.isAbsolute:
        return weighting.sigmasMBq.tolist()
    return None if coefficient is None else (coefficient * weighting.sigmasMBq).tolist()

"""One exponential, never slower than physical decay: A(t) = A0 exp(-lambda t)."""

import math

import numpy as np

from ...errors import CalculationError, InputError
from ..decay import LN2
from .registry import FitModel, registerModel
from .result import FitResult, Parameter
from .weighting import correctedAkaike, weightingOf

NAME, TITLE = "monoExponential", "Mono-exponential"
BOUND_TOLERANCE = 1e-6
GRID = 400


def fitMonoExponential(curve, decayConstantPerHour, options=None):
    """Weighted least-squares fit of one exponential with an effective rate at or above the physical one.

    Model f2 of clinical practice (Kletting et al., NUKFIT, Med Phys 2013;40, sums of exponentials times physical
    decay): the biological rate is not negative. The area from 0 to infinity is A0 / lambda; its variance is
    g V g^T with g = (1/lambda, -A0/lambda^2). V = (J^T W J)^-1 with given uncertainties ("absolute"), times the
    reduced chi-square without ("scaled"), none without degrees of freedom.

    Parameters
    ----------
    curve : TimeActivityCurve
        At least two points, at least two of them above zero.
    decayConstantPerHour : float
        Physical decay constant.
    options : dict, optional
        None are known.

    Returns
    -------
    FitResult
        Parameters ``A0`` (MBq) and ``lambda`` (effective, 1/h).

    Raises
    ------
    InputError
        Too few points above zero.
    CalculationError
        When the fit does not converge.
    """
    if np.count_nonzero(curve.activitiesMBq) < 2:
        raise InputError("A mono-exponential fit needs at least two activities above zero", "time-activity curve",
                         "Use the trapezoid, or exclude the time points without activity")
    times, activities = curve.timesHours, curve.activitiesMBq
    weighting = weightingOf(curve)
    sigmas = weighting.sigmasMBq
    rate = _minimize(times, activities, sigmas, decayConstantPerHour)
    amplitude = _amplitude(rate, times, activities, sigmas)
    fitted = amplitude * np.exp(-rate * times)
    residuals = activities - fitted
    chiSquare = float(np.sum((residuals / sigmas) ** 2))
    degrees = curve.size - 2
    area = amplitude / rate
    isAtBound = rate <= decayConstantPerHour * (1 + BOUND_TOLERANCE)

    covariance, kind = _covariance(amplitude, rate, times, sigmas), "absolute"
    coefficient = None
    if not weighting.isAbsolute:
        coefficient = math.sqrt(chiSquare / degrees) if degrees > 0 else None
        covariance, kind = (covariance * chiSquare / degrees, "scaled") if degrees > 0 else (None, "none")
    warnings = []
    uncertainty, errors = None, (None, None)
    if covariance is None:
        warnings.append("The uncertainty of the fit is not computed: two points without given uncertainties leave no "
                        "degrees of freedom.")
    else:
        gradient = np.array([1.0 / rate, -amplitude / rate ** 2])
        uncertainty = math.sqrt(max(float(gradient @ covariance @ gradient), 0.0))
        errors = tuple(math.sqrt(value) for value in np.diag(covariance))
    if isAtBound:
        warnings.append("The activity falls no faster than by physical decay: the effective half-life is held at the "
                        "physical one, and the uncertainty does not know of this bound.")
    return FitResult(
        model=NAME, title=TITLE,
        parameters={"A0": Parameter(float(amplitude), errors[0], "MBq"),
                    "lambda": Parameter(float(rate), errors[1], "1/h")},
        parameterNames=["A0", "lambda"], covariance=None if covariance is None else covariance.tolist(),
        timeIntegratedActivityMBqH=float(area), timeIntegratedActivityUncertaintyMBqH=uncertainty,
        effectiveHalfLifeHours=float(LN2 / rate),
        aicc=correctedAkaike(chiSquare, weighting.isAbsolute, curve.size, 2), chiSquare=chiSquare,
        degreesOfFreedom=degrees,
        covarianceKind=kind, weighting=weighting.words, coefficientOfVariation=coefficient,
        activityUncertaintiesMBq=_pointUncertainties(weighting, coefficient),
        extrapolatedBeforeFraction=float(-np.expm1(-rate * times[0])),
        extrapolatedAfterFraction=float(np.exp(-rate * times[-1])), residualsMBq=residuals.tolist(),
        absorbedDoseRateShape=[(float(amplitude), float(rate))],
        evaluate=lambda timesHours: amplitude * np.exp(-rate * timesHours),
        assumptions=["One exponential from administration to infinity: no uptake phase.",
                     "Effective rate at or above the physical decay constant."], warnings=warnings)


def _amplitude(rate, times, activities, sigmas):
    """Amplitude of least chi-square for a rate; the exponential is taken from the first point for its range."""
    if rate * times[0] > 100.0:
        raise CalculationError("The activity falls too fast between the points for an extrapolation to administration",
                               "time-activity curve", "Choose the trapezoid")
    shape = np.exp(-rate * (times - times[0]))
    value = float(np.sum(shape * activities / sigmas ** 2) / np.sum((shape / sigmas) ** 2))
    return value * math.exp(rate * times[0])


def _minimize(times, activities, sigmas, physicalRate):
    """Rate of the least chi-square; the amplitude is linear and always at its best value for the rate.

    A scan of the whole sensible range gives the start, so that no start value can lead into a local minimum.
    """
    # Faster than a fall to 1e-12 between the closest points cannot be told apart.
    fastest = max(28.0 / float(np.min(np.diff(times))), 2.0 * physicalRate)

    def residuals(rate):
        """Weighted residuals, shape (..., N) for rates of shape (..., 1)."""
        shape = np.exp(-rate * (times - times[0])) / sigmas
        best = np.sum(shape * activities / sigmas, axis=-1, keepdims=True) / np.sum(shape ** 2, axis=-1, keepdims=True)
        return activities / sigmas - best * shape

    grid = np.geomspace(physicalRate, fastest, GRID)
    start = int(np.argmin(np.sum(residuals(grid[:, None]) ** 2, axis=-1)))
    lower, upper = grid[max(start - 1, 0)], grid[min(start + 1, GRID - 1)]
    best = _refine(residuals, lower, grid[start], upper)
    # The bound itself: an optimizer of interior points never quite reaches it.
    if np.sum(residuals(physicalRate) ** 2) <= np.sum(residuals(best) ** 2) * (1 + 1e-12):
        return physicalRate
    return best


def _refine(residuals, lower, start, upper):
    """Local minimum between two rates with lmfit."""
    try:
        import lmfit
    except ImportError:
        raise CalculationError("The Python package lmfit is not installed", "mono-exponential fit",
                               "Install it with pip, or choose the trapezoid") from None
    parameters = lmfit.Parameters()
    # Fitted as the natural logarithm, so that steps and tolerances do not depend on the size of the rate.
    logStart = min(max(math.log(start), math.log(lower) + 1e-9), math.log(upper) - 1e-9)
    parameters.add("logRate", value=logStart, min=math.log(lower), max=math.log(upper))
    outcome = lmfit.minimize(lambda values: residuals(math.exp(values["logRate"].value)), parameters,
                             method="least_squares", xtol=1e-13, ftol=1e-13, gtol=1e-13, calc_covar=False)
    rate = math.exp(outcome.params["logRate"].value)
    if not outcome.success or not math.isfinite(rate):
        raise CalculationError("The mono-exponential fit does not converge", "time-activity curve",
                               "Check the curve, or choose the trapezoid")
    return rate


def _covariance(amplitude, rate, times, sigmas):
    """(J^T W J)^-1 for (A0, lambda)."""
    shape = np.exp(-rate * times)
    jacobian = np.column_stack([shape, -amplitude * times * shape]) / sigmas[:, None]
    # Columns are scaled to unit length before inversion: the parameters differ by orders of magnitude.
    lengths = np.linalg.norm(jacobian, axis=0)
    if not np.all(lengths > 0):
        raise CalculationError("The mono-exponential fit has no covariance", "time-activity curve",
                               "Choose the trapezoid")
    normal = (jacobian / lengths).T @ (jacobian / lengths)
    if np.linalg.cond(normal) > 1e14:
        raise CalculationError("The points do not determine both parameters of the mono-exponential fit",
                               "time-activity curve", "Choose the trapezoid")
    return np.linalg.inv(normal) / np.outer(lengths, lengths)


def _pointUncertainties(weighting, coefficient):
    if weighting.isAbsolute:
        return weighting.sigmasMBq.tolist()
    return None if coefficient is None else (coefficient * weighting.sigmasMBq).tolist()


registerModel(FitModel(NAME, TITLE, fitMonoExponential, minimumPoints=2))

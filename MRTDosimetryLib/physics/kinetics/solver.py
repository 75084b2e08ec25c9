"""The one least-squares solver of the fit models: lmfit with analytic derivatives and tight tolerances."""

import math
from dataclasses import dataclass

import numpy as np

from ...errors import CalculationError, missingPackage

TOLERANCE = 1e-15
MAXIMUM_EVALUATIONS = 4000
# First step at most this multiple of the start's own size: a longer one leaves the basin of a far start.
FIRST_STEP = 1.0
# A Jacobian of unit columns with a larger condition number does not determine its parameters.
CONDITION_LIMIT = 1e7


@dataclass(frozen=True)
class Solution:
    """Least-squares point: ``values`` (P,), weighted ``residuals`` (N,) and their sum of squares ``chiSquare``."""

    values: np.ndarray
    residuals: np.ndarray
    chiSquare: float


def solveLeastSquares(residuals, jacobian, start, lower=None, upper=None, tolerance=TOLERANCE,
                       maximumEvaluations=MAXIMUM_EVALUATIONS):
    """Local minimum of a sum of squares with lmfit.

    By Levenberg-Marquardt (MINPACK); where that leads outside the bounds, by the trust-region reflective method,
    which keeps every step inside them. The result depends on nothing but the arguments.

    Parameters
    ----------
    residuals : callable
        (P,) values -> (N,) weighted residuals.
    jacobian : callable
        (P,) values -> (N, P) derivatives of the residuals.
    start : array_like
        Shape (P,).
    lower, upper : array_like, optional
        Bounds, shape (P,); infinite where there is none.
    tolerance : float
        Relative, of the sum of squares and of the values.
    maximumEvaluations : int

    Returns
    -------
    Solution

    Raises
    ------
    CalculationError
        When the fit does not converge to finite values.
    PackageError
        When lmfit is not installed.
    """
    try:
        import lmfit
    except ImportError:
        raise missingPackage("lmfit", "time-activity fit") from None
    start = np.asarray(start, float)
    low = np.full(start.size, -np.inf) if lower is None else np.asarray(lower, float)
    high = np.full(start.size, np.inf) if upper is None else np.asarray(upper, float)
    isBounded = bool(np.any(np.isfinite(low)) or np.any(np.isfinite(high)))
    names = [f"p{index}" for index in range(start.size)]

    def vector(current):
        return np.array([current[name].value for name in names])

    def minimize(isHeld, fixed=None):
        parameters = lmfit.Parameters()
        for name, value, least, most in zip(names, start, low, high, strict=True):
            # A start on a bound would leave the trust region no step.
            margin = 1e-9 * (most - least) if np.isfinite(most - least) else 0.0
            bounds = {"min": least, "max": most} if isHeld else {}
            parameters.add(name, value=min(max(value, least + margin), most - margin), **bounds)
            if fixed is not None and name in fixed:
                parameters[name].set(value=fixed[name], vary=False)
        isFree = np.array([parameters[name].vary for name in names])
        if not np.any(isFree):
            values = vector(parameters)
            final = np.asarray(residuals(values), float)
            return Solution(values, final, float(final @ final)), True
        arguments = ({"method": "least_squares", "x_scale": "jac"} if isHeld
                     else {"method": "leastsq", "factor": FIRST_STEP})
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            outcome = lmfit.minimize(lambda current: residuals(vector(current)), parameters, calc_covar=False,
                                     max_nfev=maximumEvaluations, xtol=tolerance, ftol=tolerance, gtol=tolerance,
                                     Dfun=lambda current: jacobian(vector(current))[:, isFree], nan_policy="propagate",
                                     **arguments)
            values = vector(outcome.params)
            final = np.asarray(residuals(values), float)
        # "Tolerance too small" (6 to 8) is what the best reachable point looks like; running out of steps is not.
        isEnded = outcome.success or getattr(outcome, "ier", 0) in (6, 7, 8)
        return Solution(values, final, float(final @ final)), isEnded and bool(np.all(np.isfinite(values)))

    def isInside(values):
        return bool(np.all(values >= low) and np.all(values <= high))

    # The minimum mostly lies inside the bounds or on those that the unbounded method passes: several times as fast.
    found, isEnded = minimize(False)
    held = {}
    while isBounded and isEnded and not isInside(found.values):
        held |= {name: float(min(max(value, least), most))
                 for name, value, least, most in zip(names, found.values, low, high, strict=True)
                 if not least <= value <= most}
        found, isEnded = minimize(False, held)
    if isBounded and not (isEnded and _isHeldInward(found, jacobian, names, held, low)):
        found, isEnded = minimize(True)
    if not (isEnded and math.isfinite(found.chiSquare)):
        raise CalculationError("The fit does not converge", "time-activity curve",
                               "Check the curve, or choose a model with fewer parameters, or the trapezoid")
    return found


def _isHeldInward(found, jacobian, names, held, lower):
    """Whether the sum of squares rises from every bound that a value is held at towards the inside."""
    gradient = jacobian(found.values).T @ found.residuals
    for index, name in enumerate(names):
        isLower = found.values[index] <= lower[index]
        if name in held and (gradient[index] if isLower else -gradient[index]) < 0.0:
            return False
    return True


def covarianceOf(weightedJacobian):
    """(J^T J)^-1 of a Jacobian (N, P) of weighted residuals, without squaring its condition number.

    Raises
    ------
    CalculationError
        When the points do not determine every parameter.
    """
    lengths = np.linalg.norm(weightedJacobian, axis=0)
    message = "The points do not determine all parameters of the fit"
    mend = "Choose a model with fewer parameters, fix a parameter, or choose the trapezoid"
    if weightedJacobian.shape[0] < weightedJacobian.shape[1] or not np.all(lengths > 0):
        raise CalculationError(message, "time-activity curve", mend)
    # Columns of unit length: the parameters differ by orders of magnitude.
    _left, singular, right = np.linalg.svd(weightedJacobian / lengths, full_matrices=False)
    if not singular[-1] * CONDITION_LIMIT > singular[0]:
        raise CalculationError(message, "time-activity curve", mend)
    scaled = right.T / singular
    return (scaled @ scaled.T) / np.outer(lengths, lengths)

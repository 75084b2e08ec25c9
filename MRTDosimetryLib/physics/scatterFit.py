"""Least squares with a scatter of single points about the curve, beyond what their uncertainties allow.

Where a curve fits worse than the uncertainties of its points allow, a scatter common to all points is added to them so
that chi-square is as large as the degrees of freedom (Mandel and Paule, Anal Chem 1970;42:1194-1197).
"""

import math
from dataclasses import dataclass

import numpy as np

from ..errors import CalculationError, InputError
from .kinetics.solver import covarianceOf, solveLeastSquares

_HALVINGS = 40


@dataclass(frozen=True)
class ScatterFit:
    """A fitted curve.

    Attributes
    ----------
    values : numpy.ndarray
        Parameters, shape (P,).
    covariance : numpy.ndarray
        (P, P), with what all points have in common.
    scatter : float
        Standard deviation of single points about the curve beyond their uncertainties.
    residuals : numpy.ndarray
        Measured less fitted, shape (N,).
    chiSquare : float
        Weighted by uncertainties and scatter.
    degreesOfFreedom : int
    words : str
        Where the covariance comes from.
    """

    values: np.ndarray
    covariance: np.ndarray
    scatter: float
    residuals: np.ndarray
    chiSquare: float
    degreesOfFreedom: int
    words: str


def fitWithScatter(model, jacobian, start, measured, uncertainties, commonRelative=0.0, where="fit", mend=""):
    """Fit a curve to points.

    Parameters
    ----------
    model, jacobian : callable
        Of the (P,) parameters: fitted values, shape (N,), and their derivatives, shape (N, P).
    start : array_like
        (P,)
    measured : array_like
        (N,)
    uncertainties : sequence of (float or None)
        Standard uncertainties (k = 1): of all points or of none. Without them the scatter alone gives the weights.
    commonRelative : float
        Relative standard uncertainty that all points share; it moves the whole curve and is added to the covariance
        to first order.
    where, mend : str
        In messages.

    Returns
    -------
    ScatterFit

    Raises
    ------
    InputError, CalculationError
    """
    measured = np.asarray(measured, float)
    hasSpreads = all(spread is not None and spread > 0 for spread in uncertainties)
    if not hasSpreads and any(spread is not None for spread in uncertainties):
        raise InputError("Some points have an uncertainty above zero and others have none", where,
                         "Give all of them or none")
    variances = np.array(uncertainties, float) ** 2 if hasSpreads else np.zeros_like(measured)
    degrees = measured.size - len(start)
    try:
        values, scatter = _values(model, jacobian, start, measured, variances, degrees)
        weights = _weights(variances, scatter)
        weighted = jacobian(values) * weights[:, None]
        covariance = covarianceOf(weighted)
    except CalculationError as error:
        raise CalculationError(error.what, where, mend) from None
    if not hasSpreads:
        covariance = covariance * (1.0 if scatter > 0 else 0.0)
    words = "from the uncertainties of the points and their scatter about the curve" if hasSpreads else \
        "from the scatter about the curve"
    if commonRelative:
        shift = np.linalg.lstsq(weighted, weights * measured * commonRelative, rcond=None)[0]
        covariance = covariance + np.outer(shift, shift)
        words += f", with {commonRelative:.2%} common to all points"
    residuals = measured - model(values)
    return ScatterFit(values, covariance, float(scatter), residuals, float(np.sum((weights * residuals) ** 2)), degrees,
                      words)


def _weights(variances, scatter):
    total = variances + scatter ** 2
    return 1.0 / np.sqrt(total) if np.all(total > 0) else np.ones_like(variances)


def _values(model, jacobian, start, measured, variances, degrees):
    """Parameters, and the scatter about the curve that makes chi-square equal to the degrees of freedom."""
    def solve(scatter):
        weights = _weights(variances, scatter)
        solution = solveLeastSquares(lambda values: weights * (model(values) - measured),
                                     lambda values: jacobian(values) * weights[:, None], start)
        return solution.values, solution.chiSquare

    values, chiSquare = solve(0.0)
    if not np.any(variances > 0):
        return values, math.sqrt(chiSquare / degrees)
    if chiSquare <= degrees:
        return values, 0.0
    low, high = 0.0, math.sqrt(float(np.sum((model(values) - measured) ** 2)))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        values, chiSquare = solve(middle)
        low, high = (middle, high) if chiSquare > degrees else (low, middle)
    return values, middle

"""Weights of the points of a time-activity curve, the same for every fitted model."""

import math
from dataclasses import dataclass

import numpy as np

# Below this share of the largest activity a constant coefficient of variation is no longer credible (noise and
# background do not vanish with the activity), and a true zero would get an infinite weight.
PROPORTIONAL_FLOOR = 0.05
# Relative scatter below which two fits of exact data differ by rounding alone.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Weighting:
    """Standard deviations that weight the points.

    Attributes
    ----------
    sigmasMBq : numpy.ndarray
        Given uncertainties, or the activities themselves (floored): then only their ratios mean something.
    isAbsolute : bool
        Whether the uncertainties were given.
    words : str
    """

    sigmasMBq: np.ndarray
    isAbsolute: bool
    words: str


def weightingOf(curve):
    """Weights 1/sigma^2 with given uncertainties, else a constant coefficient of variation.

    Without uncertainties sigma is proportional to the activity, and to 5 % of the curve's largest activity where the
    activity is less than that. ``words`` names the points so treated.
    """
    if curve.uncertaintiesMBq is not None:
        return Weighting(curve.uncertaintiesMBq, True, "1/u^2 with the given standard uncertainties u")
    floor = PROPORTIONAL_FLOOR * curve.activitiesMBq.max()
    isFloored = curve.activitiesMBq < floor
    words = "constant coefficient of variation (u proportional to the activity)"
    if np.any(isFloored):
        times = ", ".join(f"{time:g}" for time in curve.timesHours[isFloored])
        words += (f"; at {times} h, where the activity is below {PROPORTIONAL_FLOOR:.0%} of the curve's largest, "
                  "u as for that share of the largest")
    return Weighting(np.maximum(curve.activitiesMBq, floor), False, words)


def akaike(chiSquare, parameters):
    """AIC = -2 ln L + 2K of a least-squares fit with given uncertainties (constants left out).

    Without the small-sample term of AICc, which stands for the variance estimated from the same points (Hurvich and
    Tsai, Biometrika 1989;76:297-307): for a known variance and a linear model 2K is the exact correction at any N.
    """
    return chiSquare + 2.0 * parameters


def correctedAkaike(chiSquare, isAbsolute, points, parameters):
    """AICc of a least-squares fit with Gaussian errors, or ``None`` where it is not defined.

    AICc = -2 ln L + 2K + 2K(K+1)/(N-K-1). With given uncertainties -2 ln L is the chi-square; with weights known up
    to a common scale it is N ln(chi-square / N) (Burnham and Anderson 2002; constants left out, the
    scale not counted in K as it belongs to every model compared). Needs N > K + 1 and, without given uncertainties,
    a scatter above zero.
    """
    if points <= parameters + 1:
        return None
    if isAbsolute:
        likelihood = chiSquare
    elif chiSquare > 0:
        likelihood = points * math.log(max(chiSquare / points, ROUNDING ** 2))
    else:
        return None
    return float(likelihood + 2 * parameters + 2 * parameters * (parameters + 1) / (points - parameters - 1))

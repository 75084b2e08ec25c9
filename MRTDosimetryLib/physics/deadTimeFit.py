"""Dead time of a detector from countings of one source as it decays.

The true rate falls by decay alone, N(t) = S exp(-lambda t) + B, the observed one by N exp(-N tau) or N / (1 + N tau):
S and tau are those that fit the countings (decaying-source method: Knoll, Radiation Detection and Measurement, chapter
on counting systems and dead time).
"""

import math
from dataclasses import dataclass

import numpy as np

from ..errors import CalculationError, InputError
from .deadTime import MODELS
from .kinetics.solver import covarianceOf, solveLeastSquares
from .uncertainty.volume import notNegative, positive

FEWEST_COUNTINGS = 3
# The largest count rate has to lose so much that the loss, not its noise, is seen.
LEAST_LOSS = 0.01
# Countings that deviate farther from the curve are of another nuclide, or their times are wrong.
LARGEST_MISFIT = 0.03
_WHERE = "decaying source"
_MICROSECONDS = 1e6


@dataclass(frozen=True)
class FittedDeadTime:
    """A dead time found from a decaying source.

    Attributes
    ----------
    microseconds : float
    relativeUncertainty : float
        k = 1, of counting statistics and, where it is larger, the scatter about the curve.
    lossFraction : float
        Share of the true counts that was lost at the highest rate.
    residuals : tuple of float
        Observed less fitted rate over its uncertainty.
    chiSquare : float
    degreesOfFreedom : int
    """

    microseconds: float
    relativeUncertainty: float
    lossFraction: float
    residuals: tuple
    chiSquare: float
    degreesOfFreedom: int


def fitDeadTime(hours, counts, seconds, halfLifeHours, model="paralyzable", backgroundCps=0.0):
    """Dead time by countings of a decaying source.

    Parameters
    ----------
    hours : sequence of float
        From the first counting, in rising order.
    counts, seconds : sequence of float
        Observed counts of each counting, and its duration in real time.
    halfLifeHours : float
    model : {"paralyzable", "nonParalyzable"}
    backgroundCps : float
        Count rate without the source.

    Returns
    -------
    FittedDeadTime

    Raises
    ------
    InputError
        Fewer than three countings, counts or times that cannot be, an unknown model.
    CalculationError
        No dead time can be told from the countings.
    """
    if model not in MODELS:
        raise InputError(f"'{model}' is no model of dead time", _WHERE, f"Use {' or '.join(MODELS)}")
    if len(hours) < FEWEST_COUNTINGS:
        raise InputError(f"A dead time needs at least {FEWEST_COUNTINGS} countings of the decaying source, there are "
                         f"{len(hours)}", _WHERE, "Count again after it has decayed")
    durations = np.array([positive(value, "counting time (s)", _WHERE) for value in seconds])
    observed = np.array([positive(value, "number of counts", _WHERE) for value in counts])
    background = notNegative(backgroundCps, "background (1/s)", _WHERE)
    rates, spreads = observed / durations, np.sqrt(observed) / durations
    if np.any(np.diff(hours) <= 0):
        raise InputError("The countings are not in the order of time", _WHERE, "Check their dates and times")
    if np.any(rates <= background):
        raise InputError("A count rate is not above the background", _WHERE, "Check both, or leave this counting out")
    decay = np.exp(-math.log(2.0) / positive(halfLifeHours, "half-life (h)", _WHERE) * (np.asarray(hours) - hours[0]))
    scale = float(np.max((rates - background) / decay))

    def parts(values):
        """True rates, observed ones, and their derivatives by true rate and by dead time."""
        tau = values[1] / scale
        true = scale * np.exp(values[0]) * decay + background
        if model == "paralyzable":
            seen = true * np.exp(-true * tau)
            return true, seen, np.exp(-true * tau) * (1.0 - true * tau), -true * seen
        seen = true / (1.0 + true * tau)
        return true, seen, (seen / true) ** 2, -seen ** 2

    def residuals(values):
        return (parts(values)[1] - rates) / spreads

    def jacobian(values):
        true, _seen, byRate, byTau = parts(values)
        return np.column_stack([byRate * (true - background), byTau / scale]) / spreads[:, None]

    try:
        found = solveLeastSquares(residuals, jacobian, np.array([0.0, 0.01]))
        covariance = covarianceOf(jacobian(found.values))
    except CalculationError:
        raise CalculationError("No dead time fits the countings", _WHERE,
                               "Check counts, times, the radionuclide and the model") from None
    degrees = len(rates) - 2
    scatter = max(1.0, found.chiSquare / degrees)
    tau, spread = float(found.values[1]) / scale, math.sqrt(float(covariance[1, 1]) * scatter) / scale
    true, seen, byRate, _byTau = parts(found.values)
    loss = float(np.max(1.0 - seen / true))
    if np.max(np.abs(rates / seen - 1.0)) > LARGEST_MISFIT:
        raise CalculationError(
            f"The countings follow neither decay nor dead time: they deviate by up to "
            f"{np.max(np.abs(rates / seen - 1.0)):.0%}", _WHERE, "Check counts, times, the radionuclide and the model")
    if tau <= 0 or loss < LEAST_LOSS or spread > tau:
        raise CalculationError(
            f"The countings show no dead time: {tau * _MICROSECONDS:.3g} +- {spread * _MICROSECONDS:.2g} µs", _WHERE,
            "Begin with a stronger source, and check counts, times and radionuclide")
    if np.any(byRate <= 0):
        raise CalculationError("The highest count rate lies beyond the most that such a detector can show", _WHERE,
                               "Leave the first countings out, or choose the other model")
    return FittedDeadTime(tau * _MICROSECONDS, spread / tau, loss, tuple(float(-item) for item in found.residuals),
                          found.chiSquare, degrees)

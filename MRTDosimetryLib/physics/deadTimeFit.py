"""Dead time of a detector from countings of one source as it decays, or of several known activities.

The true rate is N = S a + B with the activity a, of a decaying source exp(-lambda t), and the background B; the
observed one N exp(-N tau) or N / (1 + N tau): S and tau are those that fit the countings, so that the activities need
to be known relatively only (decaying-source method: Knoll, Radiation Detection and Measurement, chapter on counting
systems and dead time).
"""

import math
from dataclasses import dataclass

import numpy as np

from ..errors import CalculationError, InputError
from .deadTime import MODELS
from .decay import decayFactor
from .kinetics.solver import covarianceOf, solveLeastSquares
from .uncertainty.volume import notNegative, positive

AUTO = "auto"
FEWEST_COUNTINGS = 3
# The largest count rate has to lose so much that the loss, not its noise, is seen.
LEAST_LOSS = 0.01
# Countings that deviate farther from the curve are of another nuclide, or their times are wrong.
LARGEST_MISFIT = 0.03
# A model that is less probable than this against the other one is not told from it by the countings.
TOLD_APART = 0.95
_DECAYING, _KNOWN = "decaying source", "known activities"
_MICROSECONDS = 1e6
# Dead times from which a fit begins, in units of the inverse of the largest rate.
_STARTS = (0.01, 0.05, 0.2, 0.6)


@dataclass(frozen=True)
class FittedDeadTime:
    """A dead time found from countings.

    Attributes
    ----------
    microseconds : float
    relativeUncertainty : float
        k = 1, of counting statistics and, where it is larger, the scatter about the curve; with the difference of the
        other model as far as that is probable (averaged over models by Akaike weights).
    lossFraction : float
        Share of the true counts that was lost at the highest rate.
    residuals : tuple of float
        Observed less fitted rate over its uncertainty.
    chiSquare : float
    degreesOfFreedom : int
    model : str
    probability : float or None
        Of the model against the other one by their Akaike weights; ``None`` where the model is stated.
    otherMicroseconds : float or None
        By the other model, where both fit.
    """

    microseconds: float
    relativeUncertainty: float
    lossFraction: float
    residuals: tuple
    chiSquare: float
    degreesOfFreedom: int
    model: str
    probability: float | None = None
    otherMicroseconds: float | None = None

    @property
    def isToldApart(self):
        """Whether the countings tell the models apart, or the model is stated."""
        return self.probability is None or self.probability >= TOLD_APART


def fitDeadTime(hours, counts, seconds, halfLifeHours, model="paralyzable", backgroundCps=0.0):
    """Dead time by countings of a decaying source.

    Parameters
    ----------
    hours : sequence of float
        From the first counting, in rising order.
    counts, seconds : sequence of float
        Observed counts of each counting, and its duration in real time.
    halfLifeHours : float
    model : {"paralyzable", "nonParalyzable", "auto"}
        ``"auto"``: the one that fits better; both have two parameters, so that it is also the one of the smaller Akaike
        criterion.
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
    if np.any(np.diff(hours) <= 0):
        raise InputError("The countings are not in the order of time", _DECAYING, "Check their dates and times")
    halfLife = positive(halfLifeHours, "half-life (h)", _DECAYING)
    activities = [decayFactor(halfLife, hour - hours[0]) for hour in hours]
    return _fitted(activities, counts, seconds, model, backgroundCps, None, _DECAYING)


def fitKnownActivities(activities, counts, seconds, model="paralyzable", backgroundCps=0.0, relativeUncertainties=None):
    """Dead time by countings of several known activities.

    Parameters
    ----------
    activities : sequence of float
        In any unit common to all.
    relativeUncertainties : sequence of float, optional
        Relative standard uncertainty (k = 1) that each activity has of its own.
    counts, seconds, model, backgroundCps
        As of :func:`fitDeadTime`, errors too.

    Returns
    -------
    FittedDeadTime
    """
    activities = [positive(value, "activity", _KNOWN) for value in activities]
    if len(activities) >= FEWEST_COUNTINGS and len(set(activities)) < FEWEST_COUNTINGS:
        raise InputError(f"The countings are of fewer than {FEWEST_COUNTINGS} different activities", _KNOWN,
                         "Give countings from rates without loss to the highest ones in use")
    return _fitted(activities, counts, seconds, model, backgroundCps, relativeUncertainties, _KNOWN)


def _fitted(activities, counts, seconds, model, backgroundCps, relativeUncertainties, where):
    if model not in (*MODELS, AUTO):
        raise InputError(f"'{model}' is no model of dead time", where, f"Use {' or '.join((*MODELS, AUTO))}")
    if len(activities) < FEWEST_COUNTINGS:
        raise InputError(f"A dead time needs at least {FEWEST_COUNTINGS} countings, there are {len(activities)}", where,
                         "Count again after the source has decayed, or other activities")
    durations = np.array([positive(value, "counting time (s)", where) for value in seconds])
    observed = np.array([positive(value, "number of counts", where) for value in counts])
    background = notNegative(backgroundCps, "background (1/s)", where)
    rates = observed / durations
    if np.any(rates <= background):
        raise InputError("A count rate is not above the background", where, "Check both, or leave this counting out")
    own = [notNegative(value, "relative uncertainty of the activity", where) for value in relativeUncertainties or []]
    spreads = np.sqrt(observed) / durations if not own else np.hypot(np.sqrt(observed) / durations, own * rates)
    known, refused = {}, None
    for name in (MODELS if model == AUTO else (model,)):
        try:
            known[name] = _fit(np.asarray(activities, float), rates, spreads, background, name, where)
        except CalculationError as error:
            refused = refused or error
    if not known:
        raise refused
    chosen = min(known, key=lambda name: known[name].chiSquare)
    found = known[chosen]
    if model != AUTO:
        return found
    if len(known) == 1:
        return _withProbability(found, 1.0, None)
    other = next(item for name, item in known.items() if name != chosen)
    scale = max(1.0, found.chiSquare / found.degreesOfFreedom)
    return _withProbability(found, 1.0 / (1.0 + math.exp(-min((other.chiSquare - found.chiSquare) / (2.0 * scale),
                                                              700.0))), other.microseconds)


def _withProbability(found, probability, otherMicroseconds):
    spread = found.relativeUncertainty
    if otherMicroseconds is not None:
        spread = math.hypot(spread, math.sqrt(1.0 - probability) * (otherMicroseconds / found.microseconds - 1.0))
    return FittedDeadTime(found.microseconds, spread, found.lossFraction, found.residuals, found.chiSquare,
                          found.degreesOfFreedom, found.model, probability, otherMicroseconds)


def _fit(activities, rates, spreads, background, model, where):
    """One model's :class:`FittedDeadTime`."""
    scale = float(np.max((rates - background) / activities))
    top = scale * float(activities.max())

    def parts(values):
        """True rates, observed ones, and their derivatives by true rate and by dead time."""
        tau = values[1] / top
        true = scale * np.exp(min(values[0], 100.0)) * activities + background
        if model == "paralyzable":
            seen = true * np.exp(-true * tau)
            return true, seen, np.exp(-true * tau) * (1.0 - true * tau), -true * seen
        seen = true / (1.0 + true * tau)
        return true, seen, (seen / true) ** 2, -seen ** 2

    def residuals(values):
        return (parts(values)[1] - rates) / spreads

    def jacobian(values):
        true, _seen, byRate, byTau = parts(values)
        return np.column_stack([byRate * (true - background), byTau / top]) / spreads[:, None]

    try:
        found = min((solveLeastSquares(residuals, jacobian, np.array([0.0, start])) for start in _STARTS),
                    key=lambda solution: solution.chiSquare)
        covariance = covarianceOf(jacobian(found.values))
    except CalculationError:
        raise CalculationError("No dead time fits the countings", where,
                               "Check counts, times, the radionuclide and the model") from None
    degrees = len(rates) - 2
    scatter = max(1.0, found.chiSquare / degrees)
    tau, spread = float(found.values[1]) / top, math.sqrt(float(covariance[1, 1]) * scatter) / top
    true, seen, byRate, _byTau = parts(found.values)
    loss = float(np.max(1.0 - seen / true))
    misfit = float(np.max(np.abs(rates / seen - 1.0) - 3.0 * np.maximum(spreads / rates - 0.01, 0.0)))
    if misfit > LARGEST_MISFIT:
        raise CalculationError(
            f"The countings follow neither activity nor dead time: they deviate by up to "
            f"{np.max(np.abs(rates / seen - 1.0)):.0%}", where, "Check counts, times, the radionuclide and the model")
    if tau <= 0 or loss < LEAST_LOSS or spread > tau:
        raise CalculationError(
            f"The countings show no dead time: {tau * _MICROSECONDS:.3g} +- {spread * _MICROSECONDS:.2g} µs", where,
            "Begin with a stronger source, and check counts, times and radionuclide")
    if np.any(byRate <= 0):
        raise CalculationError("The highest count rate lies beyond the most that such a detector can show", where,
                               "Leave the highest countings out, or choose the other model")
    return FittedDeadTime(tau * _MICROSECONDS, spread / tau, loss, tuple(float(-item) for item in found.residuals),
                          found.chiSquare, degrees, model)

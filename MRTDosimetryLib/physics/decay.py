"""Radioactive decay: decay constant, decay factor, correction for decay during an acquisition."""

import math

import numpy as np

from ..errors import InputError

LN2 = math.log(2.0)


def _positive(value, what):
    isNumber = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    if not isNumber or not math.isfinite(value) or value <= 0:
        raise InputError(f"The {what} is {value!r}, but has to be a number above zero", what)
    return float(value)


def decayConstantPerHour(halfLifeHours):
    """ln 2 / T, in 1/h. Raises :class:`InputError` unless the half-life is finite and above zero."""
    return LN2 / _positive(halfLifeHours, "half-life (h)")


def halfLifeHours(decayConstantPerHour):
    """ln 2 / lambda, in h. Raises :class:`InputError` unless the decay constant is finite and above zero."""
    return LN2 / _positive(decayConstantPerHour, "decay constant (1/h)")


def decayFactor(halfLifeHours, elapsedHours):
    """Fraction of the activity left after ``elapsedHours``: 2^(-t/T).

    Parameters
    ----------
    halfLifeHours : float
    elapsedHours : float or array_like
        Below zero it leads back in time (a factor above 1).

    Returns
    -------
    float or numpy.ndarray
        As ``elapsedHours``.

    Raises
    ------
    InputError
        Half-life not above zero, or a time that is not finite.
    """
    halfLifeHours = _positive(halfLifeHours, "half-life (h)")
    elapsed = np.asarray(elapsedHours, float)
    if not np.all(np.isfinite(elapsed)):
        raise InputError("The elapsed time is not a finite number", "elapsed time (h)")
    factor = np.exp2(-elapsed / halfLifeHours)
    return float(factor) if factor.ndim == 0 else factor


def acquisitionDecayFactor(halfLifeHours, durationHours):
    """Factor from the mean activity during an acquisition to the activity at its start.

    lambda d / (1 - exp(-lambda d)), d the duration.

    Parameters
    ----------
    halfLifeHours, durationHours : float
        ``durationHours`` may be 0 (factor 1).

    Returns
    -------
    float
        At least 1.
    """
    rate = decayConstantPerHour(halfLifeHours)
    if durationHours == 0:
        return 1.0
    x = rate * _positive(durationHours, "acquisition duration (h)")
    return x / -math.expm1(-x)

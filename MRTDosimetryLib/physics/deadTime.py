"""True count rate from an observed one: dead time of a camera, probe, monitor or gamma counter.

Non-paralyzable: N = R / (1 - R tau). Paralyzable: R = N exp(-N tau), so N = -W0(-R tau) / tau with the principal
branch of the Lambert W function; an observed rate above 1 / (e tau) is none that such a detector can show (Adams et
al., Med Phys 1978;5; EJNMMI Phys 2020, 10.1186/s40658-020-00296-w).
"""

import math
from dataclasses import dataclass

from ..errors import InputError
from .uncertainty.volume import notNegative, positive

MODELS = {"paralyzable": "Paralyzable: counts during the dead time prolong it",
          "nonParalyzable": "Non-paralyzable: counts during the dead time are lost and do not prolong it"}
_SECONDS_PER_MICROSECOND = 1e-6


@dataclass(frozen=True)
class TrueRate:
    """Count rate without dead time.

    Attributes
    ----------
    rateCps : float
    sensitivity : float
        d true / d observed: standard uncertainties grow by it.
    lossFraction : float
        Share of the true counts that was lost.
    deadTimeExponent : float
        d ln true / d ln dead time: the relative standard uncertainty of the dead time times this is that of the rate.
        N tau / (1 - N tau) for a paralyzable detector, N tau for a non-paralyzable one.
    """

    rateCps: float
    sensitivity: float
    lossFraction: float
    deadTimeExponent: float = 0.0


def trueRate(observedCps, deadTimeMicroseconds, model="paralyzable", where="dead time"):
    """True count rate of an observed one.

    Parameters
    ----------
    observedCps : float
        Of the full spectrum and field of view, not of one energy window or region.
    deadTimeMicroseconds : float
        0: no correction.
    model : {"paralyzable", "nonParalyzable"}
    where : str
        Place for messages.

    Returns
    -------
    TrueRate

    Raises
    ------
    InputError
        A rate or dead time below zero, an unknown model, or a rate that the detector cannot show.
    """
    observed = notNegative(observedCps, "count rate (1/s)", where)
    tau = notNegative(deadTimeMicroseconds, "dead time (µs)", where) * _SECONDS_PER_MICROSECOND
    if model not in MODELS:
        raise InputError(f"'{model}' is no model of dead time", where, f"Use {' or '.join(MODELS)}")
    if observed == 0 or tau == 0:
        return TrueRate(observed, 1.0, 0.0)
    x = observed * tau
    largest = 1.0 / math.e if model == "paralyzable" else 1.0
    if x >= largest * (1.0 - 1e-9):
        raise InputError(
            f"The observed count rate of {observed:.6g} per second is not below {largest / tau:.6g}, the most that a "
            f"{'paralyzable' if model == 'paralyzable' else 'non-paralyzable'} detector with a dead time of "
            f"{deadTimeMicroseconds:g} µs can show", where, "Check rate, dead time and model, or measure later")
    if model == "nonParalyzable":
        rate = observed / (1.0 - x)
        return TrueRate(rate, 1.0 / (1.0 - x) ** 2, x, rate * tau)
    # Imported here: scipy.special is needed for this one function only.
    from scipy.special import lambertw

    y = -float(lambertw(-x).real)  # N tau on the principal branch, 0..1
    return TrueRate(y / tau, math.exp(y) / (1.0 - y), -math.expm1(-y), y / (1.0 - y))


def observedRate(trueCps, deadTimeMicroseconds, model="paralyzable"):
    """Rate that a detector shows of a true one: N exp(-N tau), or N / (1 + N tau)."""
    true = notNegative(trueCps, "count rate (1/s)", "dead time")
    x = true * positive(deadTimeMicroseconds, "dead time (µs)", "dead time") * _SECONDS_PER_MICROSECOND
    if model not in MODELS:
        raise InputError(f"'{model}' is no model of dead time", "dead time", f"Use {' or '.join(MODELS)}")
    return true * math.exp(-x) if model == "paralyzable" else true / (1.0 + x)

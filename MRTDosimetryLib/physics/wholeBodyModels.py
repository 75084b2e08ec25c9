"""What other ways of integration make of a whole-body retention, and how uncertain the way itself is.

Beside the phases between neighboring readings (:mod:`.wholeBody`): one, two and three fitted exponentials and the
automatic choice of the kinetics.
"""

import math
from dataclasses import dataclass

from ..errors import CalculationError, InputError
from .kinetics import selection
from .kinetics.acceptance import objections

_MODELS = (("monoExponential", "One exponential"), ("biExponential", "Two exponentials"),
           ("triExponential", "Three exponentials"))
_AUTO = (selection.AUTO, "Automatic choice of the kinetics")
# From three points on the automatic choice compares.
_FEWEST_FOR_AUTO = 3


@dataclass(frozen=True)
class Alternative:
    """One other way; the value is ``None`` where ``reason`` says why it is not possible.

    ``isUsable``: no objection of the kinetics, so that its distance says something about the way of integration.
    """

    title: str
    timeIntegratedActivityCoefficientH: float | None
    uncertaintyH: float | None
    extrapolatedFraction: float | None
    reason: str
    isUsable: bool = False


def alternatives(retention, physicalRate):
    """Fits of one to three exponentials and the automatic choice.

    Parameters
    ----------
    retention : Retention
    physicalRate : float
        1/h

    Returns
    -------
    tuple of Alternative
    """
    curve = retention.curve()
    found = [_fitted(name, title, curve, physicalRate) for name, title in _MODELS]
    if curve.size >= _FEWEST_FOR_AUTO:
        found.append(_fitted(*_AUTO, curve, physicalRate))
    return tuple(found)


def _fitted(name, title, curve, physicalRate):
    try:
        result = selection.fit(curve, physicalRate, name)
    except (InputError, CalculationError) as error:
        return Alternative(title, None, None, None, f"Not possible: {error.what}.")
    if name == selection.AUTO:
        # The trapezoid is its last resort and says nothing that the phases do not.
        isUsable, reason = result.model != "trapezoid", f"{result.title}."
    else:
        reasons = objections(result, curve, physicalRate)
        isUsable, reason = not reasons, f"Not acceptable: {'; '.join(reasons)}." if reasons else "Acceptable."
    return Alternative(title, result.timeIntegratedActivityMBqH, result.timeIntegratedActivityUncertaintyMBqH,
                       result.extrapolatedFraction, reason, isUsable)


def modelUncertaintyH(integral, alternatives):
    """Standard uncertainty (k = 1) of the way of integration, and where it comes from in words.

    The distance to the automatic choice of the kinetics (else to the acceptable fit farthest away) is the half-width
    of a rectangular distribution. Without any acceptable fit, a slower phase after the last reading may lengthen the
    tail up to physical decay: a triangular distribution from the effective to the physical tail.

    Returns
    -------
    (float, str)
    """
    value = integral.timeIntegratedActivityCoefficientH
    usable = [item for item in alternatives if item.isUsable]
    if usable:
        chosen = next((item for item in usable if item.title == _AUTO[1]), None) or max(
            usable, key=lambda item: abs(item.timeIntegratedActivityCoefficientH - value))
        distance = abs(chosen.timeIntegratedActivityCoefficientH - value)
        return distance / math.sqrt(3.0), (
            f"The uncertainty holds the distance ({_hours(distance)} h) of the phases between neighboring readings to "
            f"another way ({chosen.title.lower()}), as the half-width of a rectangular distribution.")
    reach = integral.tailPhysicalH - integral.tailH
    return reach / math.sqrt(18.0), (
        "No fit of exponentials is acceptable for comparison: the uncertainty holds that of the tail, which a slower "
        f"phase could lengthen by up to {reach:.3g} h (physical decay), as a triangular distribution.")


def _hours(valueH):
    """Hours in words: what is far below a reading's own time is not spelled out."""
    return "less than 0.01" if valueH < 0.01 else f"{valueH:.3g}"


def totalUncertaintyH(integral, modelUncertaintyH):
    """Readings and way of integration together; ``None`` where the readings have no uncertainty."""
    statistical = integral.statisticalUncertaintyH
    return None if statistical is None else math.hypot(statistical, modelUncertaintyH)

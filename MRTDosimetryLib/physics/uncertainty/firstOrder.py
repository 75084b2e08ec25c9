"""First-order propagation of uncertainty through any smooth function of a few independent quantities."""

import math
from dataclasses import dataclass

from ...errors import InputError

# Step of the central differences in standard uncertainties: their error is of its square.
_STEP = 1e-3


@dataclass(frozen=True)
class Propagated:
    """``value`` of a function, its standard ``uncertainty`` (k = 1) and the ``parts`` of it, quantity -> u."""

    value: float
    uncertainty: float
    parts: dict


def propagateFirstOrder(function, values, uncertainties):
    """Value and combined standard uncertainty of each result of a function (GUM, JCGM 100:2008, equation 10).

    Parameters
    ----------
    function : callable
        ``function(values) -> dict of str to (float or None)``: results by name.
    values : dict of str to float
        The quantities, independent of each other.
    uncertainties : dict of str to float
        Standard uncertainties (k = 1) of some of them; the others count as exact.

    Returns
    -------
    dict of str to Propagated
        Without the results that are ``None``.

    Raises
    ------
    InputError
        An uncertainty that is negative or not finite, or one of no quantity.
    """
    for name, uncertainty in uncertainties.items():
        if name not in values:
            raise InputError(f"An uncertainty is stated for '{name}', which is not among the quantities", "uncertainty")
        if not (math.isfinite(uncertainty) and uncertainty >= 0):
            raise InputError(f"The uncertainty of {name} is {uncertainty:g}, but cannot be negative", "uncertainty")
    middle = {name: value for name, value in function(values).items() if value is not None}
    parts = {name: {} for name in middle}
    for quantity, uncertainty in uncertainties.items():
        if uncertainty == 0:
            continue
        step = _STEP * uncertainty
        above = function({**values, quantity: values[quantity] + step})
        below = function({**values, quantity: values[quantity] - step})
        for name in middle:
            parts[name][quantity] = abs(above[name] - below[name]) / (2.0 * _STEP)
    return {name: Propagated(value, math.hypot(*parts[name].values()) if parts[name] else 0.0, parts[name])
            for name, value in middle.items()}

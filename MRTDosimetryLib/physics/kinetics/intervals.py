"""95 % intervals of a time-integrated activity: a positive quantity, symmetric in its logarithm."""

import math

NORMAL_QUANTILE = 1.959963984540054


def interval95(value, uncertainty, degreesOfFreedom=None):
    """Interval that holds the true value with a probability of 95 %.

    The time-integrated activity is positive and its estimate skewed to the right (an area divided by a rate), so the
    logarithm is taken as normal, with the relative uncertainty as its standard deviation.

    Parameters
    ----------
    value : float
        MBq h
    uncertainty : float or None
        k = 1.
    degreesOfFreedom : int, optional
        Of the scatter that the uncertainty was estimated from: Student t takes the place of the normal distribution
        (k = 12.7, 4.3, 3.2 for 1, 2, 3). ``None`` for given uncertainties.

    Returns
    -------
    list of float or None
        [lower, upper] in MBq h; ``None`` without an uncertainty.
    """
    if uncertainty is None:
        return None
    quantile = coverageFactor(degreesOfFreedom)
    # No more than a factor of e^50: an interval of no use, but of finite numbers.
    exponent = min(quantile * uncertainty / value, 50.0)
    return [value * math.exp(-exponent), value * math.exp(exponent)]


def coverageFactor(degreesOfFreedom=None):
    """k of the 95 % interval: Student t, or the normal distribution for ``None``."""
    if degreesOfFreedom is None:
        return NORMAL_QUANTILE
    # Imported here: scipy.special is needed for this one quantile only.
    from scipy.special import stdtrit

    return float(stdtrit(degreesOfFreedom, 0.975))


def mixtureInterval95(components):
    """95 % interval of a weighted mixture of such distributions.

    Parameters
    ----------
    components : sequence of (weight, value, uncertainty, degreesOfFreedom or None)
        Weights add up to 1.

    Returns
    -------
    list of float
    """
    from scipy.special import ndtr, stdtr

    def below(logarithm):
        total = 0.0
        for weight, value, uncertainty, degrees in components:
            distance = (logarithm - math.log(value)) / (uncertainty / value)
            total += weight * float(ndtr(distance) if degrees is None else stdtr(degrees, distance))
        return total

    reach = [(math.log(value), min(coverageFactor(degrees) * 1.5 * uncertainty / value, 60.0))
             for _weight, value, uncertainty, degrees in components]
    found = []
    for probability in (0.025, 0.975):
        low, high = min(place - width for place, width in reach), max(place + width for place, width in reach)
        for _step in range(80):
            middle = (low + high) / 2.0
            low, high = (middle, high) if below(middle) < probability else (low, middle)
        found.append(math.exp((low + high) / 2.0))
    return found

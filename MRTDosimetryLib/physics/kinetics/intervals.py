"""95 % intervals of a time-integrated activity and of a curve: positive quantities, symmetric in their logarithm."""

import math

import numpy as np

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


def band95(values, errors, degreesOfFreedom=None):
    """:func:`interval95` at every point of a curve, down to values of zero.

    Up to a relative error of 1 the logarithm is normal; beyond it (a curve close to zero) the upper limit is that at a
    relative error of 1 or the value plus k errors, whichever is more, so that it neither jumps nor runs away.

    Parameters
    ----------
    values, errors : numpy.ndarray
        Not negative, of one shape.
    degreesOfFreedom : int, optional

    Returns
    -------
    low, high : numpy.ndarray
        ``low`` is not negative.
    """
    quantile = coverageFactor(degreesOfFreedom)
    values, errors = np.maximum(values, 0.0), np.asarray(errors, float)
    relative = np.divide(errors, values, out=np.full(values.shape, np.inf), where=values > 0)
    low = values * np.exp(-np.minimum(quantile * relative, 700.0))
    factor = np.exp(quantile * np.minimum(relative, 1.0))
    high = np.where(relative <= 1.0, values * factor, np.maximum(values * factor, values + quantile * errors))
    return low, high


def mixtureBand95(weights, values, errors, degreesOfFreedom):
    """:func:`mixtureInterval95` at every point of several curves.

    Parameters
    ----------
    weights : sequence of float
        (M,), sum 1.
    values, errors : sequence of numpy.ndarray
        M arrays of one shape.
    degreesOfFreedom : sequence of int or None
        (M,)

    Returns
    -------
    low, high : numpy.ndarray
    """
    from scipy.special import ndtr, stdtr

    def below(limits):
        total = np.zeros(limits.shape)
        for weight, value, error, degrees in zip(weights, values, errors, degreesOfFreedom, strict=True):
            isSpread = (value > 0) & (error > 0)
            distance = np.where(limits >= value, np.inf, -np.inf)
            positive = isSpread & (limits > 0)
            distance[positive] = np.log(limits[positive] / value[positive]) * value[positive] / error[positive]
            total += weight * (ndtr(distance) if degrees is None else stdtr(degrees, distance))
        return total

    bands = [band95(value, error, degrees)
             for value, error, degrees in zip(values, errors, degreesOfFreedom, strict=True)]
    # A quantile of the mixture lies between those of its parts.
    low, high = np.min([part[0] for part in bands], axis=0), np.max([part[1] for part in bands], axis=0)
    return tuple(bisect(below, probability, low / 2.0, 2.0 * high) for probability in (0.025, 0.975))


def bisect(below, probability, low, high, steps=60):
    """Arguments at which a rising function of arrays passes a probability, between ``low`` and ``high``."""
    for _step in range(steps):
        middle = (low + high) / 2.0
        isBelow = below(middle) < probability
        low, high = np.where(isBelow, middle, low), np.where(isBelow, high, middle)
    return (low + high) / 2.0

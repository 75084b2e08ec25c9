"""Random numbers of the propagation of distributions."""

import math

import numpy as np


def logNormal(random, relative, samples):
    """Logarithms of a quantity over its median; the relative standard deviation is exactly ``relative``."""
    if relative == 0.0:
        return np.zeros(1)
    return math.sqrt(math.log1p(relative ** 2)) * random.standard_normal(samples)


def correlatedNormal(deviations, covariance, random, samples):
    """Two normal numbers of mean 0 with the standard ``deviations`` and the correlation of a 2 x 2 covariance."""
    product = math.sqrt(covariance[0, 0] * covariance[1, 1])
    correlation = min(max(covariance[0, 1] / product, -1.0), 1.0) if product else 0.0
    first, second = random.standard_normal((2, samples))
    second = correlation * first + math.sqrt(1.0 - correlation ** 2) * second
    return deviations[0] * first, deviations[1] * second


def correlatedLogNormal(medians, covariance, random, samples):
    """Two positive parameters whose logarithms have the correlation of the parameters."""
    relative = np.sqrt(np.diag(covariance)) / np.asarray(medians)
    first, second = correlatedNormal(np.sqrt(np.log1p(relative ** 2)), covariance, random, samples)
    return medians[0] * np.exp(first), medians[1] * np.exp(second)

"""Sums over many voxels that come out the same to the last bit on any number of processor cores."""

import numpy as np


def productSum(first, second):
    """Sum of the products of two arrays, in double precision.

    A matrix product (``@``, ``numpy.dot``, ``numpy.vdot``) leaves the order of the additions to the library of linear
    algebra, which chooses it by the number of cores: a record would be repeated with other last digits elsewhere.

    Parameters
    ----------
    first, second : array_like
        Of one shape.

    Returns
    -------
    float
    """
    first, second = np.asarray(first), np.asarray(second)
    if first.shape != second.shape:
        raise ValueError(f"arrays of the shapes {first.shape} and {second.shape} have no sum of products")
    return float(np.multiply(first, second, dtype=np.float64).sum())

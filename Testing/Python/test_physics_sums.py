"""Sums of products: right, in double precision, and the same however the memory is laid out."""

import math

import numpy as np
import pytest

from MRTDosimetryLib.physics.sums import productSum


def test_sumOfProductsIsExactToDoublePrecision():
    random = np.random.default_rng(1)
    first, second = random.random((30, 40, 50)).astype(np.float32), random.random((30, 40, 50))
    exact = math.fsum(float(a) * float(b) for a, b in zip(first.ravel(), second.ravel(), strict=True))
    assert productSum(first, second) == pytest.approx(exact, rel=1e-14)
    # single precision would lose the small ones
    assert productSum(np.array([1e8, 1, -1e8], np.float32), np.ones(3, np.float32)) == 1.0
    window = np.zeros((60, 40, 100))[::2, :, ::2]
    window[...] = second
    assert productSum(first, window) == pytest.approx(exact, rel=1e-14)
    assert productSum([True, False], [3, 5]) == 3.0


def test_arraysOfOtherShapesAreRefused():
    with pytest.raises(ValueError, match="no sum of products"):
        productSum(np.ones(3), np.ones(1))

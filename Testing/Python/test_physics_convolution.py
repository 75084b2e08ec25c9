"""Convolution with symmetric kernels against the direct sum."""

import numpy as np
import pytest

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.physics.dose.convolution import convolveSymmetric

RNG = np.random.default_rng(11)


def direct(image, octant):
    """Sum over all offsets, in double precision."""
    result = np.zeros(image.shape)
    for offset in np.ndindex(*(2 * number - 1 for number in octant.shape)):
        shift = [position - number + 1 for position, number in zip(offset, octant.shape, strict=True)]
        if any(abs(step) >= number for step, number in zip(shift, image.shape, strict=True)):
            continue
        to = tuple(slice(max(step, 0), number + min(step, 0)) for step, number in zip(shift, image.shape, strict=True))
        start = tuple(slice(max(-step, 0), number + min(-step, 0))
                      for step, number in zip(shift, image.shape, strict=True))
        result[to] += image[start] * octant[tuple(abs(step) for step in shift)]
    return result


@pytest.mark.parametrize("shape, kernel", [((9, 14, 11), (3, 4, 2)), ((8, 8, 8), (8, 8, 8)), ((5, 7, 6), (12, 3, 20)),
                                           ((1, 1, 1), (1, 1, 1)), ((1, 9, 4), (3, 3, 3)), ((2, 1, 5), (1, 1, 2)),
                                           ((30, 23, 17), (6, 12, 9))])
def test_againstTheDirectSum(shape, kernel):
    image, octant = RNG.random(shape), RNG.random(kernel)
    (found,) = convolveSymmetric(image, [octant])
    expected = direct(image, octant)
    assert found.dtype == np.float32 and found.shape == shape
    assert np.max(np.abs(found - expected)) <= 1e-6 * expected.max()


def test_severalKernelsAtOnce():
    image = RNG.random((12, 10, 15))
    octants = [RNG.random((2, 2, 2)), RNG.random((9, 4, 12))]
    found = convolveSymmetric(image, octants)
    for one, octant in zip(found, octants, strict=True):
        expected = direct(image, octant)
        assert np.max(np.abs(one - expected)) <= 1e-6 * expected.max()


def test_workersGiveTheSame():
    image, octant = RNG.random((40, 33, 29)), RNG.random((9, 9, 9))
    assert np.array_equal(convolveSymmetric(image, [octant], 1)[0], convolveSymmetric(image, [octant], 2)[0])


def test_theInputStaysAsItIs():
    image = RNG.random((6, 6, 6)).astype(np.float32)
    copy = image.copy()
    convolveSymmetric(image, [np.ones((2, 2, 2))])
    assert np.array_equal(image, copy)


def test_badInput():
    with pytest.raises(InputError, match="no three axes"):
        convolveSymmetric(np.ones((3, 3)), [np.ones((1, 1, 1))])
    with pytest.raises(InputError, match="no three axes"):
        convolveSymmetric(np.ones((3, 3, 3)), [np.ones((1, 1))])

"""Checks of images before numbers are taken from them."""

import numpy as np

from ..errors import InputError
from .grid import gridOf, indexMatrix


def requireFinite(volume):
    """Refuse an image that holds NaN or infinite voxels.

    Raises
    ------
    InputError
        With their number and the position (i, j, k) of the first.
    """
    array = volume.array
    if array.dtype.kind != "f":
        return
    # the sum is finite unless a voxel is not (or the sum itself overflows): one pass without a temporary image
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(array.sum(dtype=np.float64)):
            return
    bad = ~np.isfinite(array)
    count = int(bad.sum())
    if count:
        k, j, i = np.unravel_index(int(bad.argmax()), array.shape)
        raise InputError(f"{count} of {array.size} voxels hold no valid number (NaN or infinite), the first at "
                         f"i={i}, j={j}, k={k}", volume.name, "Export or reconstruct the image again")


def fieldOfViewFraction(image, other, imageToOther=None):
    """Fraction (0..1) of the field of view of ``image`` that lies inside that of ``other``.

    Parameters
    ----------
    image, other : Volume or Grid
    imageToOther : numpy.ndarray, optional
        4 x 4 in RAS mm, from points of ``image`` to points of ``other``; identity when left out.

    Returns
    -------
    float
        By 40 x 40 x 40 sample points: resolution better than 3 %.
    """
    samples = 40
    size, otherSize = np.array(gridOf(image).sizeIJK), np.array(gridOf(other).sizeIJK)
    positions = [(np.arange(samples) + 0.5) / samples * n - 0.5 for n in size]
    matrix = indexMatrix(gridOf(image), gridOf(other), imageToOther)
    inside = np.ones((samples,) * 3, dtype=bool)
    for axis in range(3):
        row = matrix[axis]
        index = (row[0] * positions[0][:, None, None] + row[1] * positions[1][None, :, None]
                 + row[2] * positions[2][None, None, :] + row[3])
        inside &= (index >= -0.5) & (index <= otherSize[axis] - 0.5)
    return float(inside.mean())


def requireOverlap(image, other, minimumFraction=0.1, imageToOther=None):
    """Refuse a pair of images of which less than ``minimumFraction`` of the first lies inside the second.

    Returns
    -------
    float
        The fraction found.

    Raises
    ------
    InputError
        When it is below ``minimumFraction``, or zero.
    """
    fraction = fieldOfViewFraction(image, other, imageToOther)
    if fraction <= 0.0 or fraction < minimumFraction:
        first = getattr(image, "name", "") or "first image"
        second = getattr(other, "name", "") or "second image"
        mend = "Check that both belong to the same scan and that their positions are right"
        if fraction <= 0.0:
            raise InputError(f"{first} and {second} do not overlap", first, mend)
        raise InputError(f"Only {100 * fraction:.0f} % of the field of view of {first} lies inside that of {second} "
                         f"(at least {100 * minimumFraction:.0f} % needed)", first, mend)
    return fraction

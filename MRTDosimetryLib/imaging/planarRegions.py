"""Regions of planar images: polygons as fractions of pixels, and what lies over each other."""

import numpy as np

from ..errors import InputError
from ..physics.sums import productSum

_SUBDIVISIONS = 5


def polygonFractions(shape, points, name="planar region"):
    """Fraction of each pixel inside a closed polygon.

    Parameters
    ----------
    shape : tuple of 2 int
        Rows, columns.
    points : sequence of (column, row)
        Corners; (0, 0) is the middle of the first pixel.

    Returns
    -------
    numpy.ndarray
        float32, by 5 x 5 points per pixel.

    Raises
    ------
    InputError
        Fewer than three corners, corners outside of the image, or a polygon without area.
    """
    corners = np.asarray(points, float)
    if corners.ndim != 2 or corners.shape[1:] != (2,) or len(corners) < 3 or not np.all(np.isfinite(corners)):
        raise InputError("The region is not a polygon", name, "Give at least three corners [column, row]")
    if corners.min() < -0.5 or np.any(corners.max(axis=0) > np.array([shape[1], shape[0]]) - 0.5):
        raise InputError(f"The polygon lies in part outside the image of {shape[1]} columns and {shape[0]} rows", name,
                         "Correct its corners")
    offsets = (np.arange(_SUBDIVISIONS) + 0.5) / _SUBDIVISIONS - 0.5
    x = (np.arange(shape[1])[:, None] + offsets).ravel()[None, :]
    y = (np.arange(shape[0])[:, None] + offsets).ravel()[:, None]
    inside = np.zeros((y.size, x.size), bool)
    following = np.roll(corners, -1, axis=0)
    for (x0, y0), (x1, y1) in zip(corners, following, strict=True):
        if y0 == y1:
            continue
        crosses = ((y0 > y) != (y1 > y)) & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
        inside ^= crosses
    blocks = inside.reshape(shape[0], _SUBDIVISIONS, shape[1], _SUBDIVISIONS)
    fractions = blocks.mean(axis=(1, 3), dtype=np.float32)
    if not fractions.any():
        raise InputError("The polygon has no area", name, "Correct its corners")
    return fractions


def countsInside(counts, fractions):
    """Counts of an image in a region."""
    return productSum(counts, fractions)


def overlapShare(first, second):
    """Area that two regions share, over that of the smaller one."""
    shared = float(np.minimum(first, second).sum(dtype=np.float64))
    return shared / float(min(first.sum(dtype=np.float64), second.sum(dtype=np.float64)))


def mirrored(points, columns):
    """Corners as a view from the other side shows them."""
    return [[columns - 1 - float(column), float(row)] for column, row in points]

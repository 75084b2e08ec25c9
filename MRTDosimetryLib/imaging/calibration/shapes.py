"""Spheres and cylinders at known places as fractions of an image's voxels."""

import math

import numpy as np

from ...errors import InputError
from ...physics.sums import productSum
from ...physics.uncertainty.volume import positive
from ..grid import Grid, gridOf
from ..occupancy import occupancyOfMask
from ..volume import Volume

# Steps of the fine mask over the smallest extent of a shape, and the finest and coarsest step.
_STEPS, _FINEST_MM, _COARSEST_MM = 48, 0.2, 1.0
_LARGEST_OUTSIDE = 0.001


def sphereOccupancy(image, centerRAS, diameterMM, name="sphere"):
    """Which fraction of each voxel lies inside a sphere.

    Parameters
    ----------
    image : Volume or Grid
    centerRAS : sequence of float
        RAS mm, shape (3,).
    diameterMM : float
    name : str
        In messages.

    Returns
    -------
    Occupancy
        Its ``volumeML`` is that of the painted sphere, within a few tenths of a percent of the true one.

    Raises
    ------
    InputError
        A sphere that does not lie wholly inside the image.
    """
    radius = positive(diameterMM, "diameter (mm)", name) / 2.0
    center = _point(centerRAS, name)
    return _painted(image, center, (radius,) * 3, lambda offset: np.einsum("...a,...a->...", offset, offset)
                    <= radius ** 2, name)


def cylinderOccupancy(image, centerRAS, axisRAS, radiusMM, lengthMM, name="cylinder"):
    """Which fraction of each voxel lies inside a cylinder; see :func:`sphereOccupancy`."""
    radius, half = positive(radiusMM, "radius (mm)", name), positive(lengthMM, "length (mm)", name) / 2.0
    center, axis = _point(centerRAS, name), _point(axisRAS, name)
    if not np.linalg.norm(axis) > 0:
        raise InputError("The axis has no direction", name, "Give e.g. [0, 0, 1]")
    axis = axis / np.linalg.norm(axis)
    reach = np.abs(axis) * half + np.sqrt(np.maximum(1.0 - axis ** 2, 0.0)) * radius

    def isInside(offset):
        along = offset @ axis
        across = np.einsum("...a,...a->...", offset, offset) - along ** 2
        return (np.abs(along) <= half) & (across <= radius ** 2)

    return _painted(image, center, reach, isInside, name)


def _painted(image, center, reachMM, isInside, name):
    """Occupancy of a shape painted on a fine grid whose axes are those of the image."""
    grid = gridOf(image)
    directions = grid.ijkToRAS[:3, :3] / grid.spacingMM
    # the reach along the image's own axes
    reach = np.abs(directions.T) @ np.asarray(reachMM, float)
    step = float(np.clip(2 * min(reachMM) / _STEPS, _FINEST_MM, _COARSEST_MM))
    counts = [2 * math.ceil(value / step) + 1 for value in reach]
    matrix = np.eye(4)
    matrix[:3, :3] = directions * step
    matrix[:3, 3] = center - matrix[:3, :3] @ ((np.array(counts) - 1) / 2.0)
    fine = Grid(counts, matrix)
    mask = np.zeros(fine.shape, np.uint8)
    i, j = np.meshgrid(np.arange(counts[0]), np.arange(counts[1]), indexing="xy")
    for k in range(counts[2]):
        index = np.stack([i, j, np.full_like(i, k)], axis=-1) - (np.array(counts) - 1) / 2.0
        mask[k] = isInside(index @ matrix[:3, :3].T)
    found = occupancyOfMask(Volume(mask, matrix, "", name), grid)
    if found.fractionOutside > _LARGEST_OUTSIDE:
        raise InputError(f"{found.fractionOutside:.0%} of the region lies outside the image", name,
                         "Check its position and size, or scan the phantom in the middle of the field of view")
    return found


def _point(values, name):
    point = np.asarray(values, float)
    if point.shape != (3,) or not np.all(np.isfinite(point)):
        raise InputError("This is not a point or direction of three numbers", name, "Give RAS mm, e.g. [0, 0, 1]")
    return point


def signalInside(image, occupancy):
    """Sum of an image over a region, a voxel counting by its fraction inside.

    Returns
    -------
    float
        In the image's unit: counts of a count image; of a concentration times the voxel volume that of the region.
    """
    part = image.array[occupancy.slices]
    return productSum(part, occupancy.fraction)


def meanInside(image, occupancy):
    """Mean of an image over a region."""
    return signalInside(image, occupancy) / float(occupancy.fraction.sum(dtype=np.float64))

"""A filled cylinder found in its own image."""

from dataclasses import dataclass

import numpy as np

from ...errors import InputError
from ..masks import axialAxis

# Of the high value inside (90th percentile of what is above a tenth of the maximum): the edge lies at one half.
_EDGE = 0.5
_FEWEST_SLICES = 4
# Of the median area of a slice: smaller slices cut the ends and do not count for axis and radius.
_WHOLE_SLICE = 0.95


@dataclass(frozen=True)
class Cylinder:
    """``centerRAS`` (3,) and ``axisRAS`` (3,) in RAS, ``radiusMM``, ``lengthMM`` at half the height of the image."""

    centerRAS: np.ndarray
    axisRAS: np.ndarray
    radiusMM: float
    lengthMM: float


def fitCylinder(image):
    """Center, axis, radius and length of a filled cylinder that lies about along the patient's axis.

    Voxels above half of the inside make up the cylinder; the straight line through the centers of its slices is the
    axis, the slices' mean area gives the radius, and the volume the length.

    Parameters
    ----------
    image : Volume

    Returns
    -------
    Cylinder

    Raises
    ------
    InputError
        When the image shows no such cylinder.
    """
    where = image.name or "cylinder"
    axial = axialAxis(image)
    array = np.moveaxis(image.array, axial, 0)
    highest = float(array.max())
    if not highest > 0:
        raise InputError("The image holds no activity at all", where, "Check that it is the right file")
    inside = array > _EDGE * np.percentile(array[array > 0.1 * highest], 90)
    inside = _largestPart(inside)
    sizes = inside.sum(axis=(1, 2))
    chosen = np.flatnonzero(sizes > _WHOLE_SLICE * np.median(sizes[sizes > 0]))
    if chosen.size < _FEWEST_SLICES:
        raise InputError(f"Only {chosen.size} slices hold the phantom in full, too few to find its axis", where,
                         "Give center, axis, radius and length, or a region of your own")
    rows, columns = np.indices(inside.shape[1:])
    areas = sizes[chosen].astype(float)
    centers = np.zeros((chosen.size, 3))
    axes = [axial, *(axis for axis in range(3) if axis != axial)]  # array axes of slice, row, column
    for place, (index, area) in enumerate(zip(chosen, areas, strict=True)):
        values = (index, (rows * inside[index]).sum() / area, (columns * inside[index]).sum() / area)
        for axis, value in zip(axes, values, strict=True):
            centers[place, 2 - axis] = value
    points = centers @ image.ijkToRAS[:3, :3].T + image.ijkToRAS[:3, 3]
    middle = points.mean(axis=0)
    _left, _singular, directions = np.linalg.svd(points - middle)
    axis = directions[0] * (1.0 if directions[0][2] >= 0 else -1.0)
    spacing = image.spacingMM
    inPlane = float(np.prod(spacing) / spacing[2 - axial])
    # the slices cut a leaning cylinder in ellipses
    lean = abs(float(axis @ (image.ijkToRAS[:3, 2 - axial] / spacing[2 - axial])))
    radius = float(np.sqrt(np.mean(areas) * inPlane * lean / np.pi))
    voxels = np.argwhere(inside).mean(axis=0)
    index = np.zeros(3)
    for axisIndex, value in zip(axes, voxels, strict=True):
        index[2 - axisIndex] = value
    center = image.ijkToRAS[:3, :3] @ index + image.ijkToRAS[:3, 3]
    length = float(inside.sum()) * image.voxelVolumeML * 1000.0 / (np.pi * radius ** 2)
    return Cylinder(center, axis, radius, length)


def _largestPart(mask):
    from scipy import ndimage

    parts, _count = ndimage.label(mask)
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    return parts == sizes.argmax()

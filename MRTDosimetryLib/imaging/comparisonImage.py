"""Two images of one grid in one picture: in turns like a checkerboard, or one beside the other."""

import numpy as np

from ..errors import InputError
from .grid import gridOf
from .sitkBridge import resampleOnto, toSITK

TILE_MM = 40.0


def onVoxelsOf(first, second, firstToSecond, outside):
    """``second`` on the voxels of ``first``, to be looked at: whole numbers are not rounded but cut off.

    Parameters
    ----------
    firstToSecond : numpy.ndarray
        4 x 4 in RAS mm, from points of ``first`` to points of ``second``.
    outside : float
        Value where there is none.
    """
    import SimpleITK as sitk

    array = resampleOnto(toSITK(second), gridOf(first), firstToSecond, sitk.sitkLinear, outside, first.array.dtype)
    return first.withArray(array, name=second.name)


def checkerboard(first, second, tileMM=TILE_MM):
    """An image that shows ``first`` and ``second`` in turns, in cubes of about ``tileMM``.

    Parameters
    ----------
    first, second : Volume
        On the same grid.

    Returns
    -------
    Volume
        Of the type of ``first``.
    """
    _requireSameGrid(first, second)
    if not np.isfinite(tileMM) or tileMM <= 0:
        raise InputError(f"A checkerboard cannot have tiles of {tileMM:g} mm", first.name)
    parities = []
    for size, spacing in zip(first.array.shape, first.spacingMM[::-1], strict=True):
        # the pattern starts at the middle, so that it stays in place when the field of view grows
        position = (np.arange(size) - (size - 1) / 2.0) * spacing
        parities.append(np.floor(position / tileMM).astype(np.int64) & 1)
    result = first.array.copy()
    for k, parityK in enumerate(parities[0]):
        isSecond = (parities[1][:, None] ^ parities[2][None, :] ^ parityK).astype(bool)
        np.copyto(result[k], second.array[k], where=isSecond, casting="same_kind")
    return first.withArray(result)


def swipe(first, second, fraction):
    """An image that shows ``first`` on the patient's right up to ``fraction`` of the width, ``second`` beyond.

    Slices are looked at from the feet and the front: the patient's right is on the left of the picture.

    Parameters
    ----------
    first, second : Volume
        On the same grid.
    fraction : float
        0 (all ``second``) to 1 (all ``first``).
    """
    _requireSameGrid(first, second)
    if not 0.0 <= fraction <= 1.0:
        raise InputError(f"The edge between the images cannot lie at {fraction:g} of the width", first.name)
    towardRight = first.ijkToRAS[0, :3] / first.spacingMM
    axis = 2 - int(np.abs(towardRight).argmax())
    size = first.array.shape[axis]
    edge = round(fraction * size)
    # along the axis the patient's right comes first, or last
    isFlipped = towardRight[2 - axis] > 0
    part = slice(0, size - edge) if isFlipped else slice(edge, size)
    result = first.array.copy()
    where = (slice(None),) * axis + (part,)
    result[where] = second.array[where]
    return first.withArray(result)


def _requireSameGrid(first, second):
    if not first.hasSameGridAs(second):
        raise InputError("Two images can only be shown in one when they lie on the same voxels", second.name)

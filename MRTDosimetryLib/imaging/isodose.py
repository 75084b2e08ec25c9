"""Isodose surfaces: round levels, and the fine lattice on which the surfaces are made."""

import math
import numbers

import numpy as np

from ..errors import InputError
from ..physics.interpolation import cellBounds, interpolate

DEFAULT_FRACTIONS = (0.1, 0.25, 0.5, 0.75, 0.9)
_ROUND = np.array([1.0, 1.2, 1.5, 1.8, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 6.0, 7.0, 8.0, 9.0])
# Between the voxels of a level's box: nodes this far apart, and not more of them than this.
_FINE_MM = 1.7
_FINE_NODES = 16_000_000
_MOST_PARTS = 5
# Voxels above the level from which on the flat pieces of coarser nodes cut off nothing (below 0.1 %), and those nodes.
_PARTS_OF_LARGE = ((100_000, 1), (10_000, 2))


def defaultLevelsGy(maximumGy, fractions=DEFAULT_FRACTIONS):
    """Round levels near fractions of a maximum, rising.

    Parameters
    ----------
    maximumGy : float
        Upper end of the absorbed doses worth showing; better a round or robust one than that of a noisy voxel.
    fractions : sequence of float
        Between 0 and 1.

    Returns
    -------
    tuple of float
        Such as (2, 5, 10, 15, 18) for 20 Gy. Fewer when two of them round to the same level.
    """
    if not (math.isfinite(maximumGy) and maximumGy > 0):
        raise InputError(f"A maximum of {maximumGy:g} Gy has no isodose levels", "Isodose")
    decade = 10.0 ** math.floor(math.log10(maximumGy))
    # the product of decimal fractions may be 0.30000000000000004: a round number is meant
    candidates = np.array([float(f"{number * power * decade:.3g}") for power in (1e-3, 1e-2, 0.1, 1.0)
                           for number in _ROUND])
    candidates = candidates[candidates < maximumGy * (1 - 1e-9)]
    return tuple(sorted({float(candidates[np.argmin(np.abs(np.log(candidates / (fraction * maximumGy))))])
                         for fraction in fractions}))


def checkedLevelsGy(levelsGy):
    """User-given levels as a rising tuple of numbers.

    Raises
    ------
    InputError
        No level, or one that is not a number above 0; equal ones are merged.
    """
    levels = []
    for level in levelsGy:
        if isinstance(level, bool) or not isinstance(level, numbers.Real) or not math.isfinite(level) or level <= 0:
            raise InputError(f"'{level}' is not an isodose level", "Isodose", "Give numbers above 0, in Gy")
        # as many digits as the name of the level has
        levels.append(float(f"{level:g}"))
    if not levels:
        raise InputError("There is no isodose level", "Isodose", "Give one or more, in Gy")
    return tuple(sorted(set(levels)))


def levelName(levelGy):
    """What a level is called: "20 Gy"."""
    return f"{levelGy:g} Gy"


def fineLattice(volume, levelGy):
    """Absorbed dose at nodes finer than its voxels, around everything above a level.

    On voxels alone, the flat pieces of a surface cut off a few percent of a hot spot that is a few voxels wide. The
    nodes reach to the outer faces of the image, and are framed by a layer far below the level, so that every surface is
    closed.

    Parameters
    ----------
    volume : Volume
        Absorbed dose in Gy.
    levelGy : float
        The smaller the part of the image above it, the finer the nodes.

    Returns
    -------
    array : numpy.ndarray
        float32, shape (k, j, i) of the nodes.
    positions : list of numpy.ndarray
        Along k, j, i: voxel index of each node.

    Raises
    ------
    InputError
        When the absorbed dose is nowhere above the level.
    """
    above = volume.array > levelGy
    if not above.any():
        raise InputError(f"The absorbed dose is nowhere above {levelName(levelGy)}", volume.name,
                         "Choose a lower level")
    ranges = []
    for axis, size in enumerate(volume.array.shape):
        used = np.flatnonzero(above.any(axis=tuple(other for other in range(3) if other != axis)))
        ranges.append((max(int(used[0]) - 1, 0), min(int(used[-1]) + 1, size - 1)))
    lengths = np.array([last - first + 1 for first, last in ranges])
    number = np.count_nonzero(above)
    limit = next((parts for voxels, parts in _PARTS_OF_LARGE if number > voxels), _MOST_PARTS)
    parts = np.clip(np.ceil(volume.spacingMM[::-1] / _FINE_MM), 1, limit).astype(int)
    while parts.max() > 1 and np.prod(lengths * parts) > _FINE_NODES:
        parts[np.argmax(parts)] -= 1
    box = tuple(slice(first, last + 1) for first, last in ranges)
    values = _nodeValues(volume.array, box, parts, levelGy)
    ends = [(int(first == 0), int(last == size - 1)) for (first, last), size in
            zip(ranges, volume.array.shape, strict=True)]
    positions = [np.concatenate([[-0.5] * before, np.linspace(first, last, count), [last + 0.5] * after])
                 for (first, last), count, (before, after) in zip(ranges, values.shape, ends, strict=True)]
    frame = levelGy - 1e4 * (float(values.max()) - levelGy + 1.0)
    array = np.pad(np.pad(values, ends, mode="edge"), 1, constant_values=frame)
    return array, [np.concatenate([axis[:1], axis, axis[-1:]]) for axis in positions]


def _nodeValues(array, box, parts, levelGy):
    """Values at the nodes in a box: interpolated where the surface may run, elsewhere those of the nearest voxel."""
    coarse = array[box].astype(float)
    nodes = [np.arange((size - 1) * count + 1) / count for size, count in zip(coarse.shape, parts, strict=True)]
    values = coarse[np.ix_(*[np.rint(axis).astype(int) for axis in nodes])].astype(np.float32)
    if parts.max() == 1 or min(coarse.shape) == 1:
        return values
    lower, upper = cellBounds(coarse)
    touched = (lower <= levelGy) & (upper >= levelGy)
    for axis, count in enumerate(parts):
        touched = np.repeat(touched, count, axis=axis)
        # a node belongs to the cells on both sides of it
        touched = np.pad(touched, [(int(other == axis),) * 2 for other in range(3)])
        first = (slice(None),) * axis
        touched = touched[(*first, slice(None, -1))] | touched[(*first, slice(1, None))]
    index = np.nonzero(touched)
    start = np.array([part.start for part in box])[:, None]
    values[index] = interpolate(array, np.array(index) / parts[:, None] + start)
    return values

"""A map from elsewhere on the grid of a study, and how much of each region it covers."""

from dataclasses import dataclass, field

import numpy as np

from ..errors import InputError
from ..physics.sums import productSum
from .grid import gridOf, indexMatrix, isSameGrid
from .resampling import averageOnGrid, coveredFraction, parallelAxes, resample, spacingRatio
from .volume import Volume

# A region of which less is covered has no mean: what is missing may be its hottest part.
LEAST_COVERED = 0.99
# Map voxels this much smaller than those of the grid are averaged: interpolation would skip values.
_AVERAGE_RATIO = 1.5
# Points per voxel and axis of an oblique map whose activity is handed over point by point.
_MOST_POINTS = 8
_COVERAGE_POINTS = 4
# Voxels of it that are worked on together: few enough for the processor's cache.
_CHUNK = 65536


@dataclass(frozen=True)
class PlacedMap:
    """A map on the grid of a study.

    Attributes
    ----------
    volume : Volume
        Gy, Gy/h or MBq h in each voxel; 0 where the map does not reach.
    covered : numpy.ndarray
        float32 (k, j, i): fraction of each voxel that the map covers.
    standardError : Volume or None
        Of the values (k = 1). Neighbors are not independent after interpolation.
    outsideShare : float
        Time-integrated activity: share of the map's total that lies beyond the grid; else 0.
    notes : list of str
    """

    volume: Volume
    covered: np.ndarray
    standardError: Volume | None
    outsideShare: float
    notes: list = field(default_factory=list)


def placeMap(external, grid, gridToMap=None):
    """Bring a map to a grid: absorbed dose and its rate by interpolation, activity conserving its total.

    Absorbed dose: linear interpolation; where the map's voxels are 1.5 times smaller or more, means over the voxels of
    the grid. Time-integrated activity: by the overlap of voxels (parallel axes), otherwise in points of which each
    goes to the voxel it lies in.

    Parameters
    ----------
    external : ExternalMap
    grid : Volume or Grid
        Of the study.
    gridToMap : numpy.ndarray, optional
        4 x 4 in RAS mm, from points of the grid to points of the map; identity when left out.

    Returns
    -------
    PlacedMap

    Raises
    ------
    InputError
        When map and grid do not overlap, or the map is zero wherever they do.
    """
    target, source = gridOf(grid), external.volume
    matrix = indexMatrix(target, gridOf(source), gridToMap)
    name = source.name or "external map"
    notes, outsideShare = list(external.notes), 0.0
    if gridToMap is None and isSameGrid(source, target):
        values, covered = source.array, np.ones(target.shape, np.float32)
        error = None if external.standardError is None else external.standardError.array
        notes.append(f"{name}: on the voxels of the study, values as they are.")
    else:
        covered = coveredFraction(matrix, target.sizeIJK, source.sizeIJK, [_COVERAGE_POINTS] * 3)
        if not covered.any():
            raise InputError("The map and the images of the study do not overlap", name,
                             "Check positions and frame of reference; a map whose file holds no position of the "
                             "patient can be stated to lie on the study's voxels")
        if external.quantity == "timeIntegratedActivity":
            values, error = _conserving(source, target, gridToMap, matrix), None
            total = external.total
            outsideShare = max(0.0, 1.0 - float(values.sum(dtype=np.float64)) / total)
            notes.append(f"{name}: resampled so that the time-integrated activity is conserved; "
                         f"{outsideShare:.2%} of it lies beyond the images of the study.")
            if external.standardError is not None:
                notes.append(f"{name}: its uncertainty map is not used, since it is given on other voxels.")
        else:
            values, error, words = _interpolated(external, target, gridToMap, matrix)
            notes.append(f"{name}: {words}.")
    if not np.any(values):
        raise InputError(f"The map of {external.title} is zero everywhere in the images of the study", name,
                         "Check positions and frame of reference")
    result = Volume(values, target.ijkToRAS, source.unit, source.name)
    return PlacedMap(result, covered, None if error is None else result.withArray(error), outsideShare, notes)


def regionCoverage(covered, occupancies):
    """Fraction (0..1) of each region that a map covers.

    Parameters
    ----------
    covered : numpy.ndarray
        (k, j, i), see :class:`PlacedMap`.
    occupancies : dict of str to Occupancy
        On the same grid.

    Returns
    -------
    dict of str to float
        Of the part of the region that lies on the grid; 0 where none does.
    """
    found = {}
    for name, item in occupancies.items():
        total = float(item.fraction.sum(dtype=np.float64))
        inside = productSum(item.fraction, covered[item.slices]) / total if total > 0 else 0.0
        found[name] = min(1.0, inside)
    return found


def requireRegionsCovered(coverage, mapName, leastCovered=LEAST_COVERED):
    """Refuse a map that does not cover every region.

    Raises
    ------
    InputError
        Naming each region with the part that is covered.
    """
    short = [f"{name} ({share:.1%})" for name, share in coverage.items() if share < leastCovered]
    if short:
        raise InputError(f"The map does not cover these regions: {', '.join(short)}", mapName,
                         "Export a map that covers them, or leave the regions out")


def regionStandardError(standardError, weights):
    """Statistical standard error of a region's mean, for voxels with independent errors.

    Parameters
    ----------
    standardError : numpy.ndarray
        Of each voxel on the map's own grid, in a box.
    weights : numpy.ndarray
        Volume or mass of each voxel in the region, of the same shape.

    Returns
    -------
    float
        sqrt(sum (w s)^2) / sum w. Particles that cross several voxels make neighbors agree, so this is a lower bound.
    """
    weights = np.asarray(weights, np.float64)
    total = float(weights.sum())
    if weights.shape != np.shape(standardError) or not total > 0:
        raise InputError("The region holds none of the map's voxels", "statistical uncertainty")
    return float(np.sqrt(np.sum(np.square(weights * standardError)))) / total


def _interpolated(external, target, gridToMap, matrix):
    """Values and standard errors of an absorbed dose on another grid, and how."""
    source, error = external.volume, external.standardError
    ratio = spacingRatio(matrix, source)
    if ratio.max() >= _AVERAGE_RATIO:
        values = _mean(source, target, gridToMap)
        if error is not None:
            variance = error.withArray(np.square(error.array, dtype=np.float64).astype(np.float32))
            # the mean of n voxels with independent errors
            error = np.sqrt(_mean(variance, target, gridToMap) / np.float32(max(1.0, np.prod(ratio))))
        return values, error, "means over the larger voxels of the study"
    values = resample(source, target, gridToMap, "linear").array
    if error is not None:
        error = resample(error, target, gridToMap, "linear").array
    return values, error, "interpolated linearly to the voxels of the study"


def _mean(volume, target, gridToMap):
    means, covered = averageOnGrid(volume, target, gridToMap)
    values = np.zeros_like(means.array)
    # beyond the map there is no value, and not zero: the mean is over the part that is covered
    np.divide(means.array, covered, out=values, where=covered > 1e-3)
    return values


def _conserving(source, target, gridToMap, matrix):
    """Content of each voxel of the grid, from contents of the map's voxels."""
    if parallelAxes(matrix, target.sizeIJK) is not None:
        perML = source.withArray(source.array / source.array.dtype.type(source.voxelVolumeML))
        return averageOnGrid(perML, target, gridToMap)[0].array * np.float32(target.voxelVolumeML)
    return _pointByPoint(source, target, np.linalg.inv(matrix))


def _pointByPoint(source, target, toTarget):
    """Content of each voxel of the grid, from points spread evenly in the map's voxels."""
    counts = [int(c) for c in np.clip(np.ceil(2 * spacingRatio(toTarget, target)), 2, _MOST_POINTS)]
    steps = [(np.arange(c) + 0.5) / c - 0.5 for c in counts]
    linear = toTarget[:3, :3]
    # half a voxel more, so that cutting off the fraction rounds to the nearest center
    offsets = [linear @ step + toTarget[:3, 3] + 0.5 for step in np.array(np.meshgrid(*steps)).reshape(3, -1).T]
    result = np.zeros(int(np.prod(target.shape)))
    strides = np.array([1, target.sizeIJK[0], target.sizeIJK[0] * target.sizeIJK[1]])
    filled = np.flatnonzero(source.array)
    for start in range(0, filled.size, _CHUNK):
        chosen = filled[start:start + _CHUNK]
        k, j, i = np.unravel_index(chosen, source.array.shape)
        content = source.array.ravel()[chosen] / len(offsets)
        centers = [row[0] * i + row[1] * j + row[2] * k for row in linear]
        for offset in offsets:
            flat, isInside = np.zeros(chosen.size, np.int64), np.ones(chosen.size, bool)
            for axis in range(3):
                index = np.floor(centers[axis] + offset[axis]).astype(np.int64)
                isInside &= (index >= 0) & (index < target.sizeIJK[axis])
                index *= strides[axis]
                flat += index
            flat = flat[isInside]
            if flat.size:
                low = int(flat.min())
                sums = np.bincount(flat - low, content[isInside])
                result[low:low + sums.size] += sums
    return result.reshape(target.shape).astype(np.float32)

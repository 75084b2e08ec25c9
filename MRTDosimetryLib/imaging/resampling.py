"""Images on other grids: interpolated, or averaged over larger voxels."""

import numpy as np

from ..errors import InputError
from .grid import cornerIndices, gridOf, indexMatrix, isSameGrid, rigidOrAffine
from .sitkBridge import resampleOnto, toSITK
from .volume import Volume

# weights nearer to 0 or 1 than this come from rounding of the geometry alone
_WEIGHT_ROUNDING = 1e-6


def resample(volume, grid, gridToVolume=None, interpolation="linear", outside=0.0, dtype=None):
    """Values of an image at the voxel centers of another grid.

    Parameters
    ----------
    volume : Volume
    grid : Volume or Grid
    gridToVolume : numpy.ndarray, optional
        4 x 4 in RAS mm, from points of ``grid`` to points of ``volume``; identity when left out.
    interpolation : {"linear", "nearest", "spline"}
        "spline" is the cubic B-spline through the voxel values: unlike "linear" it does not blur, but beside a steep
        edge it swings over and under the values there.
    outside : float
        Value of voxels beyond the image.
    dtype : numpy dtype, optional
        Of the result; left out, the type of ``volume`` for "nearest" and float32 (float64 for a float64
        image) for the others.

    Returns
    -------
    Volume
        On ``grid``, with the unit and name of ``volume``.

    Notes
    -----
    Interpolation to much larger voxels skips values; use :func:`averageOnGrid` there.
    """
    import SimpleITK as sitk

    kernels = {"linear": sitk.sitkLinear, "nearest": sitk.sitkNearestNeighbor, "spline": sitk.sitkBSpline}
    if interpolation not in kernels:
        raise InputError(f"Interpolation '{interpolation}' is unknown", volume.name, "Use linear, nearest or spline")
    gridToVolume = np.eye(4) if gridToVolume is None else rigidOrAffine(gridToVolume)
    target = gridOf(grid)
    if dtype is None:
        dtype = volume.array.dtype if interpolation == "nearest" else _realType(volume.array)
    dtype = np.dtype(dtype)
    if np.array_equal(gridToVolume, np.eye(4)) and isSameGrid(volume, target, 1e-4):
        return Volume(volume.array.astype(dtype), target.ijkToRAS, volume.unit, volume.name)
    if dtype.kind in "iu" and interpolation != "nearest":
        # SimpleITK truncates where it casts; rounding is what a reader expects of an integer image
        real = resample(volume, grid, gridToVolume, interpolation, outside, np.float32)
        limits = np.iinfo(dtype)
        return real.withArray(np.clip(np.rint(real.array), limits.min, limits.max).astype(dtype))
    array = resampleOnto(toSITK(volume), target, gridToVolume, kernels[interpolation], outside, dtype)
    return Volume(array.astype(dtype, copy=False), target.ijkToRAS, volume.unit, volume.name)


def resampleActivity(volume, grid, gridToVolume=None, outside=np.nan):
    """An activity image on another grid of like voxels, with what its regions hold kept as well as can be.

    Linear interpolation between voxels blurs once more: a lesion of 2 mL loses a tenth or more of its activity. The
    cubic spline does not (its gain stays near 1 up to frequencies that a SPECT does not hold); what it swings below
    zero beside hot regions, where the image itself holds nothing negative, is set to zero.

    Parameters
    ----------
    volume : Volume
        Finite values.
    grid : Volume or Grid
    gridToVolume : numpy.ndarray, optional
        As in :func:`resample`.
    outside : float
        Value of voxels beyond the image.

    Returns
    -------
    Volume
        float32, on ``grid``.
    float
        What setting to zero added, as a fraction of the sum of the result.
    """
    result = resample(volume, grid, gridToVolume, "spline", outside, np.float32)
    lowest = min(float(volume.array.min()), 0.0)
    isBelow = result.array < lowest  # NaN compares false
    if not isBelow.any():
        return result, 0.0
    array = result.array.copy()
    added = float(np.sum(lowest - array[isBelow], dtype=np.float64))
    array[isBelow] = lowest
    total = float(np.nansum(array, dtype=np.float64))
    return result.withArray(array), added / total if total > 0 else 0.0


def averageOnGrid(volume, grid, gridToVolume=None, outside=0.0):
    """Mean value of an image inside each voxel of a coarser grid, e.g. a CT on the voxels of a SPECT.

    Parallel axes: exact overlap-weighted means, so that sums are conserved. Otherwise: mean of linearly
    interpolated values on a sub-grid as fine as the image itself.

    Parameters
    ----------
    volume : Volume
    grid : Volume or Grid
    gridToVolume : numpy.ndarray, optional
        4 x 4 in RAS mm, from points of ``grid`` to points of ``volume``; identity when left out.
    outside : float
        Value assumed beyond the image; it enters the mean of voxels that are covered in part.

    Returns
    -------
    Volume
        Means, float32, on ``grid``.
    numpy.ndarray
        Fraction (0..1, float32, (k, j, i)) of each voxel that the image covers.
    """
    target = gridOf(grid)
    matrix = indexMatrix(target, gridOf(volume), gridToVolume)
    axes = parallelAxes(matrix, target.sizeIJK)
    if axes is not None:
        weights = axisWeights(matrix, axes, target.sizeIJK, volume.sizeIJK)
        covered = _outer([np.round(w.sum(axis=1, dtype=np.float64), 6) for w in weights])
        means = applyAxisWeights(volume.array, weights, axes)
        if outside != 0.0:
            means += (outside * (1.0 - covered)).astype(np.float32)
    else:
        means, covered = _averageOblique(volume, target, gridToVolume, matrix, outside)
    return Volume(means, target.ijkToRAS, volume.unit, volume.name), covered.astype(np.float32)


def parallelAxes(matrix, sizeIJK, toleranceVoxels=0.02):
    """Which axis of the second image runs along each axis (i, j, k) of the first; None when they are oblique.

    Parameters
    ----------
    matrix : numpy.ndarray
        4 x 4 of :func:`~.grid.indexMatrix`.
    sizeIJK : sequence of int
        Size of the first image: cross terms may shift its last voxel by up to ``toleranceVoxels``.
    """
    linear = matrix[:3, :3]
    axes = [int(np.abs(linear[:, axis]).argmax()) for axis in range(3)]
    if len(set(axes)) != 3:
        return None
    cross = linear.copy()
    for axis in range(3):
        cross[axes[axis], axis] = 0.0
    return axes if np.all(np.abs(cross) * np.asarray(sizeIJK) <= toleranceVoxels) else None


def axisWeights(matrix, axes, sizeIJK, otherSizeIJK):
    """Per axis (i, j, k) of a grid: fraction of each of its voxels that each voxel of the other image fills.

    Returns
    -------
    list of numpy.ndarray
        Three float32 arrays (voxels of the grid, voxels of the other image).
    """
    weights = []
    # cross terms below the tolerance of parallelAxes are taken at the middle of the grid
    middle = (np.asarray(sizeIJK) - 1) / 2.0
    atMiddle = matrix[:3, :3] @ middle + matrix[:3, 3]
    for axis in range(3):
        along = axes[axis]
        step = matrix[along, axis]
        center = atMiddle[along] + step * (np.arange(sizeIJK[axis]) - middle[axis])
        low, high = center - abs(step) / 2, center + abs(step) / 2
        index = np.arange(otherSizeIJK[along])
        overlap = np.minimum(high[:, None], index + 0.5) - np.maximum(low[:, None], index - 0.5)
        fraction = np.clip(overlap, 0.0, None) / abs(step)
        fraction[fraction < _WEIGHT_ROUNDING] = 0.0
        fraction[fraction > 1.0 - _WEIGHT_ROUNDING] = 1.0
        weights.append(fraction.astype(np.float32))
    return weights


def applyAxisWeights(array, weights, axes):
    """Weighted sums of an array (k, j, i) along its three axes, float32 on the grid of :func:`axisWeights`."""
    from scipy import sparse

    # bring the axes of the other image into the order of the grid (array order is k, j, i)
    array = array.transpose([2 - axes[2], 2 - axes[1], 2 - axes[0]])
    alongI, alongJ, alongK = weights
    used = [np.flatnonzero(w.any(axis=0)) for w in weights]
    result = np.zeros((alongK.shape[0], alongJ.shape[0], alongI.shape[0]), np.float32)
    if min(len(u) for u in used) == 0:
        return result
    i, j = slice(used[0][0], used[0][-1] + 1), slice(used[1][0], used[1][-1] + 1)
    # each voxel of the grid takes from a few neighbors only: sparse products need a hundredth of the multiplications
    sparseI, sparseJ = sparse.csr_array(alongI[:, i]), sparse.csr_array(alongJ[:, j])
    for k in used[2]:
        rows = sparseJ @ array[k, j, i].astype(np.float32)
        plane = (sparseI @ rows.T).T
        for target in np.flatnonzero(alongK[:, k]):
            result[target] += alongK[target, k] * plane
    return result


def blockSum(array, counts):
    """Sums over blocks of ``counts`` (along i, j, k) voxels of an array (k, j, i); the type grows as needed."""
    for axis, count in zip((0, 1, 2), reversed(counts), strict=True):
        if count == 1:
            continue
        parts = [array[(slice(None),) * axis + (slice(start, None, count),)] for start in range(count)]
        total = parts[0].astype(_sumType(array.dtype, axis), copy=True)
        for part in parts[1:]:
            total += part
        array = total
    return array


def _sumType(dtype, axis):
    # counts of at most 8 x 8 stay below 256; the last axis needs more
    return dtype if dtype.kind == "f" else np.dtype(np.uint8 if axis < 2 else np.uint16)


def _averageOblique(volume, target, gridToVolume, matrix, outside):
    import SimpleITK as sitk

    gridToVolume = np.eye(4) if gridToVolume is None else rigidOrAffine(gridToVolume)
    counts = [int(c) for c in np.clip(np.rint(spacingRatio(matrix, volume)), 1, 8)]
    image = toSITK(volume)
    means = np.empty(target.shape, np.float32)
    slabThickness = max(1, int(3e7 // (target.sizeIJK[0] * target.sizeIJK[1] * np.prod(counts))))
    for start in range(0, target.sizeIJK[2], slabThickness):
        stop = min(start + slabThickness, target.sizeIJK[2])
        part = target.cropped((slice(start, stop), slice(0, target.sizeIJK[1]), slice(0, target.sizeIJK[0])))
        fine = resampleOnto(image, part.subdivided(counts), gridToVolume, sitk.sitkLinear, outside, np.float32)
        means[start:stop] = blockSum(fine, counts)
    means *= np.float32(1.0 / np.prod(counts))
    return means, coveredFraction(matrix, target.sizeIJK, volume.sizeIJK, counts)


def spacingRatio(matrix, image):
    """Voxels of ``image`` per voxel of a grid, along each axis (i, j, k) of the grid, shape (3,)."""
    stepsMM = np.abs(matrix[:3, :3]) * image.spacingMM[:, None]
    return np.linalg.norm(stepsMM, axis=0) / image.spacingMM[stepsMM.argmax(axis=0)]


def coveredFraction(matrix, sizeIJK, otherSizeIJK, counts):
    """Fraction of each voxel of a grid that lies inside another image, array (k, j, i).

    Voxels wholly inside or outside are told by their corners; the others by ``counts`` sub-points.
    """
    linear, limit = matrix[:3, :3], np.asarray(otherSizeIJK) - 0.5
    ranges = [np.arange(n, dtype=float) for n in sizeIJK]
    reach = np.abs(linear).sum(axis=1) / 2.0
    isWhole = np.ones(sizeIJK[::-1], dtype=bool)
    isAny = np.ones(sizeIJK[::-1], dtype=bool)
    for axis in range(3):
        index = (linear[axis, 0] * ranges[0][None, None, :] + linear[axis, 1] * ranges[1][None, :, None]
                 + linear[axis, 2] * ranges[2][:, None, None] + matrix[axis, 3])
        isWhole &= (index - reach[axis] >= -0.5) & (index + reach[axis] <= limit[axis])
        isAny &= (index + reach[axis] >= -0.5) & (index - reach[axis] <= limit[axis])
    covered = isWhole.astype(np.float32)
    k, j, i = np.nonzero(isAny & ~isWhole)
    if len(k):
        centers = linear @ np.array([i, j, k], dtype=float) + matrix[:3, 3:]
        steps = [(np.arange(c) + 0.5) / c - 0.5 for c in counts]
        total = np.zeros(len(k))
        for offset in np.array(np.meshgrid(*steps, indexing="ij")).reshape(3, -1).T:
            point = centers + (linear @ offset)[:, None]
            total += np.all((point >= -0.5) & (point <= limit[:, None]), axis=0)
        covered[k, j, i] = total / np.prod(counts)
    return covered


def isInside(matrix, sizeIJK, otherSizeIJK):
    """Whether a whole grid lies inside another image (its eight corners do)."""
    corners = (matrix @ cornerIndices(sizeIJK))[:3]
    limit = np.asarray(otherSizeIJK)[:, None] - 0.5
    return bool(np.all((corners >= -0.5 - 1e-6) & (corners <= limit + 1e-6)))


def _outer(alongIJK):
    alongI, alongJ, alongK = alongIJK
    return alongK[:, None, None] * alongJ[None, :, None] * alongI[None, None, :]


def _realType(array):
    return np.float64 if array.dtype == np.float64 else np.float32

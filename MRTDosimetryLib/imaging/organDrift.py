"""Where the activity of a region lies in an image, and what a shift of one voxel would change."""

import numpy as np

from ..errors import InputError
from ..physics.sums import productSum

# Around a region its activity is searched this far; another region's voxels are left out.
MARGIN_MM = 12.0
# Of the region's high activity (95th percentile): what lies below does not move the center.
_THRESHOLD = 0.4
# A region that does not stand out from its surroundings by this factor has no center of its own: that of marrow (2.5)
# follows its noise along the spine, those of kidneys, spleen, liver and lesions (4 and more) hold within a millimeter.
_LEAST_CONTRAST = 3.0
_ITERATIONS, _SETTLED_MM = 12, 0.05
_OTHER_SHARE = 0.25


def activityCenters(volume, occupancies, expectedRAS=None, marginMM=MARGIN_MM):
    """Center of activity of each region, in the image's own coordinates.

    The centroid of what exceeds 40 % of the region's high activity, in the region grown by ``marginMM`` without the
    other regions. The search region follows what it finds (mean shift: Comaniciu and Meer, IEEE Trans Pattern Anal Mach
    Intell 2002;24:603), so that a center is found in full even where the organ has left its outline in part.

    Parameters
    ----------
    volume : Volume
        Activity concentration.
    occupancies : dict to Occupancy
        Regions on the grid of ``volume``.
    expectedRAS : dict, optional
        Where the centers would be without any movement, RAS mm (3,) of this image's coordinates, e.g. those of the
        reference image. Left out: the search region stays at the outline.
    marginMM : float

    Returns
    -------
    dict to numpy.ndarray or None
        RAS mm (3,) per region; ``None`` for one that is cut by the image, or does not stand out of its surroundings.
    """
    total = np.zeros(volume.array.shape, np.float32)
    for item in occupancies.values():
        _requireGrid(volume, item)
        total[item.slices] += item.fraction
    expectedRAS = expectedRAS or {}
    return {key: _center(volume, item, total, expectedRAS.get(key), marginMM) for key, item in occupancies.items()}


def _requireGrid(volume, item):
    if volume.array[item.slices].shape != item.fraction.shape:
        raise InputError("The occupancy of a region belongs to another image", volume.name)


def _center(volume, item, union, expectedRAS, marginMM):
    from scipy import ndimage

    isInside = item.fraction >= 0.5
    if item.fractionOutside > 0.01 or not isInside.any():
        return None
    spacing = volume.spacingMM[::-1]
    reach = [int(np.ceil(2 * marginMM / step)) + 1 for step in spacing]
    start = [max(part.start - more, 0) for part, more in zip(item.slices, reach, strict=True)]
    stop = [min(part.stop + more, size) for part, more, size in zip(item.slices, reach, union.shape, strict=True)]
    box = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
    own = np.zeros([b - a for a, b in zip(start, stop, strict=True)], np.float32)
    own[tuple(slice(part.start - a, part.stop - a) for part, a in zip(item.slices, start, strict=True))] = item.fraction
    activity = np.asarray(volume.array[box], np.float32)
    isFree = union[box] - own <= _OTHER_SHARE
    distanceMM = ndimage.distance_transform_edt(own < 0.5, sampling=spacing)
    shell = isFree & (distanceMM > 0) & (distanceMM <= marginMM)
    high = float(np.percentile(activity[own >= 0.5], 95))
    surroundings = float(activity[shell].mean()) if shell.any() else 0.0
    # What has moved out of its outline stands out less there; whether it does at all is told where it is in place.
    least = _LEAST_CONTRAST if expectedRAS is None else 1.0
    if high <= 0 or float(activity[own >= 0.5].mean()) < least * surroundings:
        return None
    excess = np.maximum(activity - np.float32(_THRESHOLD * high), 0) * isFree
    toIndex = np.linalg.inv(volume.ijkToRAS)
    expected = None if expectedRAS is None else (toIndex @ [*expectedRAS, 1.0])[2::-1] - start
    shift = np.zeros(3)
    for _attempt in range(1 if expected is None else _ITERATIONS):
        moved = distanceMM if not shift.any() else ndimage.shift(distanceMM, shift, order=1, mode="nearest")
        weights = np.where(moved <= marginMM, excess, 0)
        total = float(weights.sum(dtype=np.float64))
        if total <= 0:
            return None
        center = np.array([np.dot(np.arange(size), weights.sum(axis=tuple(a for a in range(3) if a != axis),
                                                               dtype=np.float64))
                           for axis, size in enumerate(weights.shape)]) / total
        if expected is None:
            break
        step = (center - expected) - shift
        shift = np.clip(center - expected, -marginMM / spacing, marginMM / spacing)
        if np.linalg.norm(step * spacing) < _SETTLED_MM:
            break
    return (volume.ijkToRAS @ [*(center + start)[::-1], 1.0])[:3]


def oneVoxelChange(volume, occupancies):
    """Largest relative change of each region's activity when it is shifted by one voxel.

    Parameters
    ----------
    volume : Volume
        Activity concentration; beyond its edge there is none.
    occupancies : dict to Occupancy

    Returns
    -------
    dict to float or None
        Over the six shifts along the axes of the grid, as a fraction; ``None`` for a region without activity.
    """
    return {key: _oneVoxelChange(volume, item) for key, item in occupancies.items()}


def _oneVoxelChange(volume, item):
    _requireGrid(volume, item)
    size = volume.array.shape
    low = [max(part.start - 1, 0) for part in item.slices]
    high = [min(part.stop + 1, end) for part, end in zip(item.slices, size, strict=True)]
    # one voxel more on every side, of nothing where the image ends
    padding = [(1 - (part.start - a), 1 - (b - part.stop)) for part, a, b in zip(item.slices, low, high, strict=True)]
    part = np.pad(volume.array[tuple(slice(a, b) for a, b in zip(low, high, strict=True))].astype(np.float32), padding)
    shape = item.fraction.shape

    def activity(offset):
        window = tuple(slice(1 + step, 1 + step + count) for step, count in zip(offset, shape, strict=True))
        return productSum(part[window], item.fraction)

    unmoved = activity((0, 0, 0))
    if unmoved <= 0:
        return None
    shifts = [tuple(sign if axis == at else 0 for axis in range(3)) for at in range(3) for sign in (-1, 1)]
    return max(abs(activity(offset) / unmoved - 1.0) for offset in shifts)

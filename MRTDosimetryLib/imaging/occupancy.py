"""How much of every voxel of an image lies inside each region of a segmentation."""

from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from .files import requireLabels
from .grid import cornerIndices, gridOf, indexMatrix, rigidOrAffine
from .resampling import applyAxisWeights, axisWeights, blockSum, isInside, parallelAxes, spacingRatio
from .sitkBridge import resampleOnto, toSITK
from .volume import Volume

# sums of float32 weights are exact to about this
_ROUNDING = 1e-5


@dataclass(frozen=True)
class Occupancy:
    """The part of a grid that one region occupies.

    Attributes
    ----------
    label : int
        Value of the region in its label image.
    slices : tuple of slice
        Bounding box (k, j, i) in arrays on the grid; empty where the region lies outside.
    fraction : numpy.ndarray
        float32, of the shape of the box: fraction (0..1) of each voxel inside the region.
    voxelVolumeML : float
        Of the grid.
    fractionOutside : float
        Fraction of the region's own volume that lies beyond the grid.
    labelVolumeML : float
        Volume of the region in its own label image.
    """

    label: int
    slices: tuple
    fraction: np.ndarray
    voxelVolumeML: float
    fractionOutside: float
    labelVolumeML: float

    @property
    def volumeML(self):
        """Volume that the region occupies on the grid."""
        return float(self.fraction.sum(dtype=np.float64)) * self.voxelVolumeML


def occupancy(labels, grid, gridToLabels=None, subdivisions=None):
    """Occupancy of every region of a label image on another grid.

    Parallel axes: exact overlap of the voxels, hence exactly 0 or 1 where the grids agree. Otherwise:
    nearest-neighbor sampling of each voxel on a sub-grid.

    Parameters
    ----------
    labels : Volume
        Whole numbers; 0 is background.
    grid : Volume or Grid
        E.g. the SPECT of a time point.
    gridToLabels : numpy.ndarray, optional
        4 x 4 in RAS mm, from points of ``grid`` to points of ``labels``; identity when left out.
    subdivisions : int, optional
        Sub-points along each axis of a voxel, 1..8; left out, as fine as the labels, at least 4.

    Returns
    -------
    dict of int to Occupancy
        One entry per label found in the image, in rising order.

    Raises
    ------
    InputError
        When the image is no label image, or holds no region.
    """
    array = requireLabels(labels)
    boxes = labelBoxes(array)
    if not boxes:
        raise InputError("The label image holds no region", labels.name, "Draw or load the regions first")
    return _occupancies(array, boxes, labels, grid, gridToLabels, subdivisions)


def occupancyOfMask(mask, grid, gridToMask=None):
    """:class:`Occupancy` of a single region on another grid, quicker than :func:`occupancy`.

    Parameters
    ----------
    mask : Volume
        uint8, 1 inside and 0 outside, cut to the region.
    grid, gridToMask
        See :func:`occupancy`.
    """
    whole = tuple(slice(0, size) for size in mask.array.shape)
    return _occupancies(mask.array, {1: whole}, mask, grid, gridToMask, None)[1]


def _occupancies(array, boxes, labels, grid, gridToLabels, subdivisions):
    target = gridOf(grid)
    gridToLabels = np.eye(4) if gridToLabels is None else rigidOrAffine(gridToLabels)
    matrix = indexMatrix(target, labels, gridToLabels)
    axes = parallelAxes(matrix, target.sizeIJK)
    if axes is not None:
        weights = axisWeights(matrix, axes, target.sizeIJK, labels.sizeIJK)
        return {label: _exact(array, label, box, labels, target, weights, axes) for label, box in boxes.items()}
    counts = _subdivisions(subdivisions, matrix, labels)
    image = toSITK(Volume(array, labels.ijkToRAS))
    return {label: _sampled(array, image, label, box, labels, target, gridToLabels, matrix, counts)
            for label, box in boxes.items()}


def labelBoxes(array):
    """Bounding box of every label in an integer array (k, j, i): dict of label to three slices, rising labels."""
    from scipy import ndimage

    isUsed = array.any(axis=(1, 2))
    if not isUsed.any():
        return {}
    first, last = np.flatnonzero(isUsed)[[0, -1]]
    part = array[first:last + 1]
    if part.max() > 65535:
        # a box list as long as the largest label would be wasteful: number the labels first
        values, numbered = np.unique(part, return_inverse=True)
        found = ndimage.find_objects(numbered.reshape(part.shape))
        named = zip(values[1:] if values[0] == 0 else values, found if values[0] == 0 else found, strict=False)
    else:
        named = enumerate(ndimage.find_objects(part), start=1)
    return {int(label): (slice(box[0].start + int(first), box[0].stop + int(first)), box[1], box[2])
            for label, box in named if box is not None}


def fractionImage(occupancyOfRegion, grid):
    """The occupancy of one region as a float32 array (k, j, i) on the whole grid."""
    full = np.zeros(gridOf(grid).shape, np.float32)
    full[occupancyOfRegion.slices] = occupancyOfRegion.fraction
    return full


def _exact(array, label, box, labels, target, weights, axes):
    """Overlap of voxels with parallel axes, within the box of the label."""
    kji = list(box)
    # part of each weight matrix that belongs to the box, and the voxels of the grid it reaches
    parts, ranges = [], []
    for axis in range(3):
        part = weights[axis][:, kji[2 - axes[axis]]]
        reached = np.flatnonzero(part.any(axis=1))
        start, stop = (int(reached[0]), int(reached[-1]) + 1) if len(reached) else (0, 0)
        parts.append(part[start:stop])
        ranges.append(slice(start, stop))
    slices = tuple(reversed(ranges))
    mask = array[box] == label
    labelVolumeML = int(mask.sum()) * labels.voxelVolumeML
    if any(s.stop == s.start for s in slices):
        return _nowhere(label, target, labelVolumeML)
    fraction = applyAxisWeights(mask.view(np.uint8), parts, axes)
    fraction[fraction > 1.0 - _ROUNDING] = 1.0
    inside = float(fraction.sum(dtype=np.float64)) * target.voxelVolumeML
    outside = 1.0 - inside / labelVolumeML
    outside = outside if outside > _ROUNDING else 0.0
    return Occupancy(label, slices, fraction, target.voxelVolumeML, outside, labelVolumeML)


def _sampled(array, image, label, box, labels, target, gridToLabels, matrix, counts):
    """Share of the sub-points of each voxel whose nearest label voxel carries the label."""
    import SimpleITK as sitk

    mask = array[box] == label
    number = int(mask.sum())
    labelVolumeML = number * labels.voxelVolumeML
    labelsToGrid = np.linalg.inv(matrix)
    boxGrid = gridOf(labels).cropped(box)
    # box of the label (outer voxel faces) in indices of the grid
    start = [s.start for s in reversed(box)]
    corners = cornerIndices(boxGrid.sizeIJK)
    corners[:3] += np.array(start)[:, None]
    reached = (labelsToGrid @ corners)[:3]
    low = np.maximum(np.floor(reached.min(axis=1) + 0.5), 0).astype(int)
    high = np.minimum(np.ceil(reached.max(axis=1) + 0.5), target.sizeIJK).astype(int)
    if np.any(high <= low):
        return _nowhere(label, target, labelVolumeML)
    slices = tuple(slice(int(a), int(b)) for a, b in zip(low[::-1], high[::-1], strict=True))
    part = target.cropped(slices)
    sampled = resampleOnto(image, part.subdivided(counts), gridToLabels, sitk.sitkNearestNeighbor, 0)
    points = blockSum((sampled == label).view(np.uint8), counts)
    fraction = points.astype(np.float32) / np.float32(np.prod(counts))
    outside = 0.0
    if not isInside(labelsToGrid @ _shift(start), boxGrid.sizeIJK, target.sizeIJK):
        outside = 1.0 - _insideFraction(np.nonzero(mask), labelsToGrid @ _shift(start), target.sizeIJK)
    return Occupancy(label, slices, fraction, target.voxelVolumeML, float(outside), labelVolumeML)


def _insideFraction(kji, labelsToGrid, sizeIJK):
    """Fraction of label voxels inside a grid, each voxel taken as 2 x 2 x 2 points."""
    k, j, i = kji
    center = labelsToGrid[:3, :3] @ np.array([i, j, k], dtype=float) + labelsToGrid[:3, 3:]
    limit = np.array(sizeIJK)[:, None] - 0.5
    inside = 0
    for offset in np.ndindex(2, 2, 2):
        index = center + (labelsToGrid[:3, :3] @ (np.array(offset) / 2.0 - 0.25))[:, None]
        inside += np.count_nonzero(np.all((index >= -0.5) & (index <= limit), axis=0))
    return inside / (8.0 * len(k))


def _subdivisions(subdivisions, matrix, labels):
    if subdivisions is None:
        return [int(c) for c in np.clip(np.ceil(spacingRatio(matrix, labels) - 0.2), 4, 8)]
    if int(subdivisions) != subdivisions or not 1 <= subdivisions <= 8:
        raise InputError(f"{subdivisions} subdivisions of a voxel cannot be used", "", "Use a whole number from 1 to 8")
    return [int(subdivisions)] * 3


def _nowhere(label, target, labelVolumeML):
    empty = (slice(0, 0),) * 3
    return Occupancy(label, empty, np.zeros((0, 0, 0), np.float32), target.voxelVolumeML, 1.0, labelVolumeML)


def _shift(ijk):
    matrix = np.eye(4)
    matrix[:3, 3] = ijk
    return matrix

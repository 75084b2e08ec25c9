"""Regions by rule: spheres of a set volume, thresholds inside a sphere, a region brought onto another grid."""

import math
from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from .grid import gridOf, indexMatrix, rigidOrAffine
from .volume import Volume

# Beyond this a sphere is no help for drawing, and its voxels become many.
LARGEST_RADIUS_MM = 250.0
_PLACE = "Place the point inside the image"


@dataclass(frozen=True)
class ThresholdedRegion:
    """What a threshold leaves of a sphere.

    Attributes
    ----------
    mask : Volume
        uint8, 1 inside; cut to the sphere.
    threshold, maximum : float
        In the unit of the image.
    maximumRAS : numpy.ndarray
        Center of the voxel that holds the maximum, in the coordinates of the grid.
    """

    mask: Volume
    threshold: float
    maximum: float
    maximumRAS: np.ndarray

    @property
    def volumeML(self):
        return int(np.count_nonzero(self.mask.array)) * self.mask.voxelVolumeML


def radiusOfVolumeMM(volumeML):
    """Radius of a sphere; InputError unless the volume is above zero."""
    if not (math.isfinite(volumeML) and volumeML > 0):
        raise InputError(f"The volume is {volumeML:g} mL, but has to be above zero", "sphere")
    return (3000.0 * volumeML / (4.0 * math.pi)) ** (1.0 / 3.0)


def sphereOfVolume(grid, centerRAS, volumeML):
    """The voxels nearest to a point, as many as make up a volume.

    A sphere cut out by its radius misses or exceeds its volume by whole shells of voxels; here the volume is met to
    half a voxel.

    Parameters
    ----------
    grid : Volume or Grid
        On which the region is drawn.
    centerRAS : sequence of float
        RAS mm, shape (3,).
    volumeML : float

    Returns
    -------
    Volume
        uint8 (k, j, i), 1 inside; cut to the sphere.

    Raises
    ------
    InputError
        A volume below half a voxel, or a sphere that does not lie wholly inside the grid.
    """
    grid, radiusMM = gridOf(grid), radiusOfVolumeMM(volumeML)
    number = int(round(volumeML / grid.voxelVolumeML))
    if number < 1:
        raise InputError(f"A sphere of {volumeML:.3g} mL is smaller than a voxel of {grid.voxelVolumeML:.3g} mL",
                         "sphere", "Give a larger volume")
    _requireInside(grid, centerRAS)
    # A voxel more on each side: the farthest of the nearest voxels can lie beyond the radius.
    box, squared = _squaredDistances(grid, centerRAS, radiusMM + float(np.max(grid.spacingMM)), isCut=False)
    nearest = np.argpartition(squared, number - 1, axis=None)[:number] if number < squared.size else \
        np.arange(squared.size)
    mask = np.zeros(squared.shape, np.uint8)
    mask.reshape(-1)[nearest] = 1
    inside = tuple(slice(max(part.start, 0) - part.start, min(part.stop, size) - part.start)
                   for part, size in zip(box, grid.shape, strict=True))
    outside = number - int(np.count_nonzero(mask[inside]))
    if outside:
        raise InputError(f"{outside / number:.0%} of the sphere lies outside the image", "sphere",
                         "Place the point further inside, or give a smaller volume")
    shown = tuple(slice(max(part.start, 0), min(part.stop, size)) for part, size in zip(box, grid.shape, strict=True))
    return Volume(mask[inside], grid.cropped(shown).ijkToRAS, "", "sphere")


def thresholdInSphere(image, grid, centerRAS, radiusMM, fractionOfMaximum=None, threshold=None, gridToImage=None):
    """The voxels of a sphere in which an image reaches a threshold.

    The maximum is that of the image's own voxels whose centers lie in the sphere; the threshold is applied to the
    image interpolated linearly at the voxel centers of the grid, so that the outline follows the grid's resolution.

    Parameters
    ----------
    image : Volume
        E.g. SPECT in Bq/mL.
    grid : Volume or Grid
        On which the region is drawn.
    centerRAS : sequence of float
        RAS mm in the coordinates of the grid, shape (3,).
    radiusMM : float
    fractionOfMaximum : float, optional
        Above 0, at most 1. Either this or ``threshold``.
    threshold : float, optional
        In the unit of the image, above 0.
    gridToImage : numpy.ndarray, optional
        4 x 4 in RAS mm, from points of the grid to points of the image; identity when left out.

    Returns
    -------
    ThresholdedRegion

    Raises
    ------
    InputError
        A point outside the image, a threshold that cannot be, or one that nothing reaches.
    """
    if (fractionOfMaximum is None) == (threshold is None):
        raise InputError("Give a percentage of the maximum or an absolute value", "threshold")
    if fractionOfMaximum is not None and not 0 < fractionOfMaximum <= 1:
        raise InputError(f"The threshold is {fractionOfMaximum:.3g} of the maximum", "threshold",
                         "Give a percentage above 0 and up to 100")
    if threshold is not None and not (math.isfinite(threshold) and threshold > 0):
        raise InputError(f"The threshold is {threshold:g}, but has to be above zero", "threshold")
    if not (math.isfinite(radiusMM) and 0 < radiusMM <= LARGEST_RADIUS_MM):
        raise InputError(f"The radius is {radiusMM:g} mm", "sphere", f"Give one up to {LARGEST_RADIUS_MM:g} mm")
    grid = gridOf(grid)
    gridToImage = np.eye(4) if gridToImage is None else rigidOrAffine(gridToImage)
    _requireInside(grid, centerRAS)
    maximum, maximumRAS = _maximumInSphere(image, centerRAS, radiusMM, gridToImage)
    limit = threshold if threshold is not None else fractionOfMaximum * maximum
    box, squared = _squaredDistances(grid, centerRAS, radiusMM, isCut=True)
    values = _interpolated(image, grid.cropped(box), gridToImage)
    mask = (squared <= radiusMM**2) & (values >= limit)  # NaN, which is outside the image, is below every limit
    if not mask.any():
        raise InputError(f"Nothing in the sphere reaches {limit:.3g} {image.unit}; its maximum is {maximum:.3g}",
                         "threshold", "Lower the threshold, or move or enlarge the sphere")
    region = Volume(mask.view(np.uint8), grid.cropped(box).ijkToRAS, "", "threshold")
    return ThresholdedRegion(region, float(limit), maximum, maximumRAS)


def maskOnGrid(mask, grid, maskToGrid=None):
    """A region on another grid: where its linearly interpolated mask is at least one half.

    Parameters
    ----------
    mask : Volume
        0 and 1.
    grid : Volume or Grid
    maskToGrid : numpy.ndarray, optional
        4 x 4 in RAS mm, from points of the mask to points of the grid; identity when left out.

    Returns
    -------
    (Volume, float)
        uint8 on the part of the grid that the region covers, and the fraction of the region's volume that lies
        outside the grid.

    Raises
    ------
    InputError
        When nothing of the region lies in the grid.
    """
    grid = gridOf(grid)
    maskToGrid = np.eye(4) if maskToGrid is None else rigidOrAffine(maskToGrid)
    matrix = indexMatrix(mask, grid, maskToGrid)
    used = np.array(np.nonzero(mask.array))[::-1]
    if not used.size:
        raise InputError("The region is empty", mask.name, "Draw it first")
    centers = matrix[:3, :3] @ used + matrix[:3, 3:]
    size = np.array(grid.sizeIJK)[:, None]
    outside = float(np.mean(np.any((centers < -0.5) | (centers > size - 0.5), axis=0)))
    reach = np.abs(matrix[:3, :3]).sum(axis=1) + 1.0
    low = np.maximum(np.floor(centers.min(axis=1) - reach), 0).astype(int)
    high = np.minimum(np.ceil(centers.max(axis=1) + reach) + 1, grid.sizeIJK).astype(int)
    box = tuple(slice(int(a), int(b)) for a, b in zip(low[::-1], high[::-1], strict=True))
    values = None
    if np.all(high > low):
        part = grid.cropped(box)
        # zeros around, so that the outline at the border of the mask's own box is interpolated as everywhere
        padded = np.pad(mask.array > 0, 1).astype(np.float32)
        shifted = mask.ijkToRAS.copy()
        shifted[:3, 3] -= mask.ijkToRAS[:3, :3].sum(axis=1)
        values = _interpolated(Volume(padded, shifted, "", mask.name), part, np.linalg.inv(maskToGrid))
    if values is None or not np.any(values >= 0.5):
        raise InputError("The region lies outside the image", mask.name,
                         "Check that region and image belong together")
    return Volume((values >= 0.5).view(np.uint8), part.ijkToRAS, "", mask.name), outside


def _requireInside(grid, centerRAS):
    center = np.asarray(centerRAS, dtype=float)
    if center.shape != (3,) or not np.all(np.isfinite(center)):
        raise InputError("The point is not three numbers in mm", "sphere", _PLACE)
    index = (np.linalg.inv(grid.ijkToRAS) @ [*center, 1.0])[:3]
    if np.any(index < -0.5) or np.any(index > np.array(grid.sizeIJK) - 0.5):
        raise InputError("The point lies outside the image", "sphere", _PLACE)


def _squaredDistances(grid, centerRAS, radiusMM, isCut):
    """Box (k, j, i) around a sphere, and the squared distances (mm2) of its voxels to the center."""
    toIndex = np.linalg.inv(grid.ijkToRAS)
    center = (toIndex @ [*np.asarray(centerRAS, float), 1.0])[:3]
    reach = radiusMM * np.linalg.norm(toIndex[:3, :3], axis=1)
    low, high = np.floor(center - reach).astype(int), np.ceil(center + reach).astype(int) + 1
    if isCut:
        low, high = np.maximum(low, 0), np.minimum(high, grid.sizeIJK)
    box = tuple(slice(int(a), int(b)) for a, b in zip(low[::-1], high[::-1], strict=True))
    k, j, i = (np.arange(part.start, part.stop) - middle for part, middle in zip(box, center[::-1], strict=True))
    squared = np.zeros((len(k), len(j), len(i)))
    for row in grid.ijkToRAS[:3, :3]:
        squared += (row[2] * k[:, None, None] + row[1] * j[None, :, None] + row[0] * i[None, None, :]) ** 2
    return box, squared


def _maximumInSphere(image, centerRAS, radiusMM, gridToImage):
    """Largest voxel of the image in the sphere, and where it lies in the coordinates of the grid."""
    imageToGrid = np.linalg.inv(gridToImage)
    there = gridOf(image)
    moved = type(there)(there.sizeIJK, imageToGrid @ there.ijkToRAS)
    _requireInside(moved, centerRAS)
    box, squared = _squaredDistances(moved, centerRAS, radiusMM, isCut=True)
    part = image.array[box]
    inside = squared <= max(radiusMM**2, squared.min())  # at least the voxel next to the point
    if not np.all(np.isfinite(part[inside])):
        raise InputError("The sphere holds voxels without a valid number (NaN or infinite)", image.name,
                         "Export or reconstruct the image again")
    values = np.where(inside, part, -np.inf)
    place = np.unravel_index(int(values.argmax()), values.shape)
    maximum = float(values[place])
    if maximum <= 0:
        raise InputError("There is no activity in the sphere", image.name, "Move or enlarge the sphere")
    index = [axis + part.start for axis, part in zip(place, box, strict=True)][::-1]
    return maximum, (moved.ijkToRAS @ [*index, 1.0])[:3]


def _interpolated(image, grid, gridToImage):
    """Linear interpolation at the voxel centers of a grid; NaN outside of the image."""
    from scipy import ndimage

    matrix = indexMatrix(grid, image, gridToImage)
    reverse = matrix[:3, :3][::-1, ::-1]
    offset = matrix[:3, 3][::-1]
    # Half a voxel beyond the outer centers still is the image: the value of the edge holds there.
    corners = np.array([[a, b, c] for a in (0, grid.sizeIJK[2] - 1) for b in (0, grid.sizeIJK[1] - 1)
                        for c in (0, grid.sizeIJK[0] - 1)], float) @ reverse.T + offset
    low = np.clip(np.floor(corners.min(axis=0)).astype(int) - 1, 0, np.array(image.array.shape) - 1)
    high = np.clip(np.ceil(corners.max(axis=0)).astype(int) + 2, low + 1, image.array.shape)
    part = image.array[tuple(slice(a, b) for a, b in zip(low, high, strict=True))].astype(np.float32)
    values = ndimage.affine_transform(part, reverse, offset - low, grid.shape, np.float32, order=1, mode="nearest")
    inside = np.ones(grid.shape, bool)
    axes = np.ogrid[tuple(slice(0, size) for size in grid.shape)]
    for row, start, size in zip(reverse, offset, image.array.shape, strict=True):
        index = sum(step * axis for step, axis in zip(row, axes, strict=True)) + start
        inside &= (index >= -0.5 - 1e-6) & (index <= size - 0.5 + 1e-6)
    values[~inside] = np.nan
    return values

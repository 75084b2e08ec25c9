"""Regions as points inside a dose map: exact volume, map interpolated between its voxels.

A dose-volume histogram of whole voxels depends on where the voxels happen to lie. Here the region keeps its own shape
(label image at its own resolution, or closed surface), and the map is interpolated at many points inside of it. The
points are stratified: one in each cell of a fine sub-grid that belongs to the region, shifted within its cell by a
low-discrepancy sequence, so that no layer of cells meets an isodose surface at once and the curve has no stairs.
"""

import numpy as np

from ..errors import InputError
from ..physics.regionPoints import RegionPoints
from .files import requireLabels
from .grid import gridOf, indexMatrix, rigidOrAffine
from .occupancy import labelBoxes
from .surfaces import columnIntervals, enclosedVolumeML

# Cells across the shortest axis of a region (Nelms et al., Med Phys 2015;42:4435: curve errors come from few cells) ...
CELLS_ACROSS = 50
# ... but not more points than this, which already give every volume of the curve to about 0.05 %.
MAXIMUM_POINTS = 125_000
# Boundaries need fewer.
_BOUNDARY_POINTS = 40_000
_BOUNDARY_VOXELS = 3_000_000
# Additive recurrence with the root of x^4 = x + 1: evenly spread in three dimensions for any number of points.
_STEPS = 1.0 / 1.2207440846057596 ** np.arange(1, 4)


def regionPoints(labels, grid, gridToLabels=None, values=None, cellsAcross=CELLS_ACROSS, maximumPoints=MAXIMUM_POINTS,
                 withBoundary=False):
    """Points inside the regions of a label image, in the voxel indices of a map.

    Parameters
    ----------
    labels : Volume
        Whole numbers at the resolution at which the regions were drawn; 0 is background.
    grid : Volume or Grid
        Of the map(s), any orientation.
    gridToLabels : numpy.ndarray, optional
        4 x 4 in RAS mm, from points of ``grid`` to points of ``labels``; identity when left out.
    values : iterable of int, optional
        Labels wanted; all of the image when left out.
    cellsAcross, maximumPoints : int
        Cells across the shortest axis of the region, and the limit of points per region.
    withBoundary : bool
        Also sample the boundary, which :func:`MRTDosimetryLib.physics.dvhBand.bandOf` needs for the uncertainty of the
        volume.

    Returns
    -------
    dict of int to RegionPoints
        Their weights sum to the volume of the label's voxels within the grid.

    Raises
    ------
    InputError
        No label image, no region, or a wanted label that the image does not hold.
    """
    array, target = requireLabels(labels), gridOf(grid)
    boxes = labelBoxes(array)
    wanted = sorted(boxes) if values is None else [int(value) for value in values]
    missing = [value for value in wanted if value not in boxes]
    if missing or not wanted:
        raise InputError(f"The label image holds no region {', '.join(map(str, missing))}".rstrip(), labels.name,
                         "Draw or load the regions first")
    gridToLabels = np.eye(4) if gridToLabels is None else rigidOrAffine(gridToLabels)
    labelsToGrid = indexMatrix(gridOf(labels), target, np.linalg.inv(gridToLabels))
    found = {}
    for value in wanted:
        box = boxes[value]
        mask = array[box] == value
        start = np.array([part.start for part in reversed(box)], float)
        count = int(np.count_nonzero(mask))
        indices = _pointsOfMask(mask, count, labels.spacingMM, cellsAcross, maximumPoints)
        boundary = _boundaryOfMask(mask, labels.spacingMM) if withBoundary else None
        found[value] = _inGrid(indices + start[:, None], None, count * labels.voxelVolumeML, labelsToGrid, target,
                               None if boundary is None else (boundary[0] + start[:, None], boundary[1]))
    return found


def surfacePoints(surface, grid, gridToSurface=None, cellsAcross=CELLS_ACROSS, maximumPoints=MAXIMUM_POINTS,
                  withBoundary=False):
    """Points inside a closed surface, in the voxel indices of a map; no voxels of the region are needed.

    Parameters
    ----------
    surface : Surface
        Closed.
    grid, gridToSurface, cellsAcross, maximumPoints, withBoundary
        See :func:`regionPoints`.

    Returns
    -------
    RegionPoints

    Raises
    ------
    InputError
        When the surface is not closed.
    """
    target = gridOf(grid)
    gridToSurface = np.eye(4) if gridToSurface is None else rigidOrAffine(gridToSurface)
    toIndex = np.linalg.inv(gridToSurface @ target.ijkToRAS)
    vertices = toIndex[:3, :3] @ surface.pointsRAS.T + toIndex[:3, 3:]
    low, high = vertices.min(axis=1), vertices.max(axis=1)
    extentMM = (high - low) * target.spacingMM
    cellMM = extentMM.min() / cellsAcross
    volumeMM3 = 1000.0 * enclosedVolumeML(surface)
    cellMM = max(cellMM, (volumeMM3 / maximumPoints) ** (1 / 3))
    counts = np.maximum(np.ceil(extentMM / cellMM), 1).astype(int)
    # one straight line through each column of cells, at a place of its own in the column
    columns = np.indices(counts[:2]).reshape(2, -1)
    places = (columns + _spread(columns.shape[1])[:2]) / counts[:2, None] * (high - low)[:2, None] + low[:2, None]
    column, enters, leaves = columnIntervals(vertices, surface.triangles, counts[:2], low[:2], high[:2], places)
    length = leaves - enters
    parts = np.maximum(np.rint(length / ((high[2] - low[2]) / counts[2])), 1).astype(int)
    owner = np.repeat(np.arange(len(parts)), parts)
    order = np.arange(len(owner)) - np.repeat(np.cumsum(parts) - parts, parts)
    step = length[owner] / parts[owner]
    indices = np.vstack([places[:, column[owner]], enters[owner] + (order + _spread(len(owner))[2]) * step])
    boundary = _boundaryOfSurface(vertices, surface) if withBoundary else None
    return _inGrid(indices, step, enclosedVolumeML(surface), np.eye(4), target, boundary)


def _spread(count):
    """Evenly spread numbers from 0 to 1, shape (3, count); always the same."""
    return (0.5 + np.arange(1, count + 1)[None, :] * _STEPS[:, None]) % 1.0


def _pointsOfMask(mask, count, spacingMM, cellsAcross, maximumPoints):
    """Indices (i, j, k) of points in the voxels of a mask (k, j, i), shape (3, N), all of one weight."""
    extentMM = np.array(mask.shape[::-1]) * spacingMM
    cellMM = extentMM.min() / cellsAcross
    cellMM = max(cellMM, (count * float(np.prod(spacingMM)) / maximumPoints) ** (1 / 3))
    counts = np.maximum(np.ceil(spacingMM / cellMM - 0.2), 1).astype(int)
    while np.prod(counts) > 1 and count * np.prod(counts) > maximumPoints:
        counts[np.argmin(np.where(counts > 1, spacingMM / counts, np.inf))] -= 1
    if count > maximumPoints:
        mask = _thinned(mask, maximumPoints / count)
    kji = np.nonzero(mask)
    voxels = np.array(kji[::-1], float)
    parts = np.indices(counts).reshape(3, -1)
    points = np.repeat(voxels, parts.shape[1], axis=1)
    cells = np.tile(parts, voxels.shape[1])
    points += (cells + _spread(points.shape[1])) / counts[:, None] - 0.5
    return points


def _thinned(mask, share):
    """About this share of the voxels of a mask, evenly spread over it (a thin slab of a four-dimensional lattice)."""
    thinned = np.zeros_like(mask)
    alongK, alongJ, alongI = (np.arange(size) * step for size, step in zip(mask.shape, _STEPS, strict=True))
    plane = alongJ[:, None] + alongI[None, :]
    for k in range(mask.shape[0]):
        kept = (plane + alongK[k]) % 1.0 < share
        np.logical_and(mask[k], kept, out=thinned[k])
    return thinned


def _boundaryOfMask(mask, spacingMM):
    """Points (i, j, k) around the boundary of a mask and the area each stands for.

    The area is the gradient of the blurred mask (coarea formula), which does not count the stairs of the voxels.
    """
    from scipy import ndimage

    stride = max(1, int(np.ceil((mask.size / _BOUNDARY_VOXELS) ** (1 / 3))))
    padded = np.pad(mask, 3 * stride)[::stride, ::stride, ::stride].astype(np.float32)
    blurred = ndimage.gaussian_filter(padded, 0.8)
    gradient = np.sqrt(sum((part / step) ** 2 for part, step in zip(
        np.gradient(blurred), spacingMM[::-1] * stride, strict=True)))
    kji = np.nonzero(gradient > 0.02 * gradient.max())
    if len(kji[0]) > _BOUNDARY_POINTS:
        chosen = _spread(len(kji[0]))[0] < _BOUNDARY_POINTS / len(kji[0])
        kji = tuple(part[chosen] for part in kji)
    return np.array(kji[::-1], float) * stride - 3 * stride, gradient[kji].astype(float)


def _boundaryOfSurface(vertices, surface):
    """Centers (i, j, k) of the triangles and their areas."""
    corners = surface.pointsRAS[surface.triangles]
    areas = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1) / 2.0
    return vertices[:, surface.triangles].mean(axis=2), areas


def _inGrid(indices, weights, volumeML, matrix, grid, boundary):
    """The points that lie within the outer faces of a grid; the weights are scaled to the volume of all points."""
    placed, inside = _place(indices, matrix, grid)
    weights = np.ones(indices.shape[1]) if weights is None else weights
    weights = weights * (volumeML / weights.sum())
    total, weights = float(weights.sum()), weights[inside]
    edge = None, None
    if boundary is not None:
        points, within = _place(boundary[0], matrix, grid)
        edge = points[::-1, within], boundary[1][within]
    outside = 1.0 - float(weights.sum()) / total
    return RegionPoints(np.ascontiguousarray(placed[::-1, inside]), weights, grid.shape,
                        outside if outside > 1e-9 else 0.0, *edge)


def _place(indices, matrix, grid):
    placed = matrix[:3, :3] @ indices + matrix[:3, 3:]
    limit = np.array(grid.sizeIJK)[:, None] - 0.5
    return placed, np.all((placed >= -0.5 - 1e-6) & (placed <= limit + 1e-6), axis=0)

"""Gamma index of two absorbed-dose maps: agreement in absorbed dose or in distance, whichever is better.

Low, Harms, Mutic and Purdy, Med Phys 1998;25:656. For a point of the reference map with absorbed dose D, gamma is the
smallest value of sqrt(distance^2 / distanceMM^2 + (E - D)^2 / tolerance^2) over all points of the evaluated map, where
E is that map's trilinear value: the search is continuous, not on a lattice.

The search goes through the cells between eight voxel centers of the evaluated map, from near to far. A cell is looked
into only when its smallest distance and the range of its corner values allow a smaller gamma than found before; within
it the minimum is found by linearizing the trilinear value (exact for a linear one) in a box, a few times. Where noise
of 5 % bends a cell, a smaller minimum elsewhere in it is missed by more than 0.01 in about one of a thousand voxels.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from ..progress import noProgress

_STEPS = 6
_PASSES = 4
# Points of a cell that moved less (in units of the cell) have arrived.
_STILL = 0.01
# Points at a time: few enough for the processor's cache.
_PORTION = 32_768


@dataclass(frozen=True)
class GammaResult:
    """Gamma index of the reference map's voxels.

    Attributes
    ----------
    gamma : numpy.ndarray
        float32, shape (k, j, i) of the reference; 0 where it was not evaluated, see ``isEvaluated``. Values are cut at
        ``maximumGamma``.
    isEvaluated : numpy.ndarray
        bool, same shape: voxels in the mask, above the low-dose threshold, and covered by the evaluated map.
    passRate : float
        Fraction of the evaluated voxels with gamma up to 1.
    meanGamma : float
    evaluatedVoxels : int
    uncoveredVoxels : int
        Voxels in the mask and above the threshold that the evaluated map does not reach.
    absorbedDoseDifference : float
        Relative criterion.
    distanceMM : float
    isLocal : bool
        Whether the criterion is relative to each voxel, else to ``normalizationGy``.
    normalizationGy : float
    thresholdGy : float
        Reference values below it were left out.
    maximumGamma : float
    """

    gamma: np.ndarray
    isEvaluated: np.ndarray
    passRate: float
    meanGamma: float
    evaluatedVoxels: int
    uncoveredVoxels: int
    absorbedDoseDifference: float
    distanceMM: float
    isLocal: bool
    normalizationGy: float
    thresholdGy: float
    maximumGamma: float

    def toDict(self):
        """Numbers for results (without the map)."""
        keys = ("passRate", "meanGamma", "evaluatedVoxels", "uncoveredVoxels", "absorbedDoseDifference", "distanceMM",
                "isLocal", "normalizationGy", "thresholdGy", "maximumGamma")
        return {key: getattr(self, key) for key in keys}


def gammaIndex(reference, evaluated, absorbedDoseDifference=0.03, distanceMM=3.0, isLocal=False, threshold=0.1,
               mask=None, normalizationGy=None, maximumGamma=2.0, progress=noProgress):
    """Three-dimensional gamma index.

    Parameters
    ----------
    reference, evaluated : Volume
        Absorbed dose in Gy: objects with ``array`` (k, j, i) and ``ijkToRAS`` (4 x 4, mm); spacing, origin and
        orientation may differ.
    absorbedDoseDifference : float
        Criterion, as a fraction: 0.03 is 3 %.
    distanceMM : float
        Distance-to-agreement criterion.
    isLocal : bool
        Fraction of the voxel's own reference value; else of ``normalizationGy``.
    threshold : float
        Voxels below this fraction of ``normalizationGy`` are left out.
    mask : numpy.ndarray, optional
        bool, shape of the reference: voxels wanted (the body, a region).
    normalizationGy : float, optional
        Default: maximum of the reference within the mask.
    maximumGamma : float
        The search ends at this value.
    progress : callable

    Returns
    -------
    GammaResult

    Raises
    ------
    InputError
        Maps or criteria that cannot be used, or no voxel to evaluate.
    """
    first, second = _requireMap(reference, "Reference map"), _requireMap(evaluated, "Evaluated map")
    for value, what in ((absorbedDoseDifference, "absorbed-dose difference"), (distanceMM, "distance"),
                        (maximumGamma, "largest gamma")):
        if not (np.isfinite(value) and value > 0):
            raise InputError(f"The {what} of {value:g} is not above 0", "Gamma index")
    if mask is not None and np.shape(mask) != first.shape:
        raise InputError("The mask does not have the voxels of the reference map", "Gamma index")
    wanted = np.ones(first.shape, bool) if mask is None else np.asarray(mask, bool)
    if normalizationGy is None:
        normalizationGy = float(first.max(where=wanted, initial=0.0))
    if not (np.isfinite(normalizationGy) and normalizationGy > 0):
        raise InputError("The reference map holds no absorbed dose in the mask", "Gamma index")
    if not 0 <= threshold < 1 or (isLocal and threshold == 0):
        raise InputError(f"A threshold of {threshold:g} cannot be used", "Gamma index",
                         "Give a fraction below 1, above 0 for the local criterion")
    wanted = wanted & (first >= threshold * normalizationGy)
    kji = np.nonzero(wanted)
    if not len(kji[0]):
        raise InputError("No voxel is in the mask and above the threshold", "Gamma index", "Lower the threshold")
    search = _Search(second, np.linalg.inv(evaluated.ijkToRAS) @ reference.ijkToRAS, evaluated.ijkToRAS, distanceMM,
                     maximumGamma)
    values = first[kji].astype(float)
    tolerance = absorbedDoseDifference * (values if isLocal else np.full(len(values), normalizationGy))
    found, covered = np.empty(len(values)), np.empty(len(values), bool)
    parts = [slice(start, start + _PORTION) for start in range(0, len(values), _PORTION)]

    def run(part):
        return search.gamma(np.array([axis[part] for axis in kji]), values[part], tolerance[part])

    # numpy's loops run side by side; progress is told, and may cancel, between the portions
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        waiting = [pool.submit(run, part) for part in parts]
        try:
            for number, (part, item) in enumerate(zip(parts, waiting, strict=True)):
                progress(number / len(parts), "Gamma index")
                found[part], covered[part] = item.result()
        finally:
            for item in waiting:
                item.cancel()
    if not covered.any():
        raise InputError("The two maps do not overlap", "Gamma index", "Bring them into the same coordinates")
    gamma, isEvaluated = np.zeros(first.shape, np.float32), np.zeros(first.shape, bool)
    gamma[kji] = np.where(covered, found, 0.0)
    isEvaluated[kji] = covered
    found = found[covered]
    progress(1.0, "Gamma index")
    return GammaResult(gamma, isEvaluated, float(np.mean(found <= 1.0)), float(found.mean()), int(covered.sum()),
                       int((~covered).sum()), float(absorbedDoseDifference), float(distanceMM), bool(isLocal),
                       normalizationGy, threshold * normalizationGy, float(maximumGamma))


def _requireMap(volume, where):
    array = np.asarray(volume.array)
    if array.ndim != 3 or not np.all(np.isfinite(array)) or array.min() < 0:
        raise InputError("The map holds values that are negative or not finite", where, "Check the image")
    return array


class _Search:
    """Cells of the evaluated map and how to find the best point in them."""

    def __init__(self, array, referenceToIndex, ijkToRAS, distanceMM, maximumGamma):
        from scipy import ndimage

        # one voxel along an axis has no cells: two equal ones
        self.sizeKJI = np.array(array.shape)
        self.array = np.pad(array, [(0, int(size == 1)) for size in array.shape], mode="edge").astype(np.float32)
        self.lowest = ndimage.minimum_filter(self.array, size=2, origin=-1).ravel()
        self.highest = ndimage.maximum_filter(self.array, size=2, origin=-1).ravel()
        self.shape = np.array(self.array.shape)
        self.strides = np.array([self.shape[1] * self.shape[2], self.shape[2], 1])
        self.flat = self.array.ravel()
        order = [2, 1, 0]
        self.matrix = referenceToIndex[:3, :3][np.ix_(order, order)]
        self.origin = referenceToIndex[:3, 3][order]
        # edge lengths of a cell along k, j, i in units of the distance criterion; axes of an image are orthogonal
        self.edges = np.linalg.norm(ijkToRAS[:3, :3], axis=0)[order] / distanceMM
        self.inverseMetric = 1.0 / self.edges[:, None] ** 2
        self.toCorners = np.indices((2, 2, 2)).reshape(3, -1).T @ self.strides
        self.maximum = maximumGamma ** 2
        reach = np.ceil(maximumGamma / self.edges).astype(int)
        cells = np.array(np.meshgrid(*[np.arange(-n, n + 1) for n in reach], indexing="ij")).reshape(3, -1)
        nearest = ((np.maximum(np.abs(cells) - 1, 0) * self.edges[:, None]) ** 2).sum(axis=0)
        centers = ((np.abs(cells) * self.edges[:, None]) ** 2).sum(axis=0)
        kept = nearest < self.maximum
        order = np.lexsort((centers[kept], nearest[kept]))
        self.cells, self.nearest = cells[:, kept][:, order], nearest[kept][order]

    def gamma(self, kji, values, tolerance):
        """Gamma of reference voxels (3, N), and whether they lie within the evaluated map."""
        points = self.matrix @ kji + self.origin[:, None]
        covered = np.all((points > -0.5 - 1e-6) & (points < self.sizeKJI[:, None] - 0.5 + 1e-6), axis=0)
        best = np.full(len(values), self.maximum)
        active = np.flatnonzero(covered)
        home = np.floor(points).astype(np.int64)
        lastCell = self.shape[:, None] - 2
        for cell, nearest in zip(self.cells.T, self.nearest, strict=True):
            if nearest > 0:
                active = active[best[active] > nearest]
            if not len(active):
                break
            index = home[:, active] + cell[:, None]
            inside = np.all((index >= 0) & (index <= lastCell), axis=0)
            # without the cells beyond the map the outermost half voxels would have none of their own
            chosen, index = active[inside], index[:, inside]
            at = self.strides @ index
            value = values[chosen]
            gap = np.maximum(np.maximum(self.lowest[at] - value, value - self.highest[at]), 0.0) / tolerance[chosen]
            offset = points[:, chosen] - index
            away = np.maximum(np.maximum(-offset, offset - 1.0), 0.0) * self.edges[:, None]
            promising = (away * away).sum(axis=0) + gap * gap < best[chosen]
            chosen = chosen[promising]
            if len(chosen):
                found = self._inCell(at[promising], offset[:, promising], values[chosen], tolerance[chosen])
                best[chosen] = np.minimum(best[chosen], found)
        return np.sqrt(best), covered

    def _inCell(self, at, offset, values, tolerance):
        """Smallest squared gamma in one cell per point; ``offset`` is the point in units of the cell."""
        corners = self.flat[at + self.toCorners[:, None]].reshape(2, 2, 2, -1)
        scale = 1.0 / tolerance
        place = np.clip(offset, 0.0, 1.0)
        best, residual, gradient = self._squared(corners, place, offset, values, scale)
        result, moving = best.copy(), np.arange(len(best))
        for step in range(_STEPS):
            constant = residual - (gradient * place).sum(axis=0)
            moved = _boxMinimum(offset, gradient * self.inverseMetric, gradient, constant)
            squared, residual, gradient = self._squared(corners, moved, offset, values, scale)
            result[moving] = np.minimum(result[moving], squared)
            still = np.flatnonzero((np.abs(moved - place) > _STILL).any(axis=0))
            if step == _STEPS - 1 or not len(still):
                break
            place, residual, gradient = moved[:, still], residual[still], gradient[:, still]
            corners, offset, values = corners[..., still], offset[:, still], values[still]
            scale, moving = scale[still], moving[still]
        return result

    def _squared(self, corners, place, offset, values, scale):
        """At ``place`` (3, N) in the cell: squared gamma, difference in units of the tolerance, its gradient."""
        k, j, i = place
        slopeI = corners[:, :, 1] - corners[:, :, 0]
        alongI = corners[:, :, 0] + slopeI * i
        slopeJ = alongI[:, 1] - alongI[:, 0]
        alongJ = alongI[:, 0] + slopeJ * j
        planeI = slopeI[:, 0] + (slopeI[:, 1] - slopeI[:, 0]) * j
        slopeK = alongJ[1] - alongJ[0]
        residual = (alongJ[0] + slopeK * k - values) * scale
        gradient = np.stack([slopeK, slopeJ[0] + (slopeJ[1] - slopeJ[0]) * k, planeI[0] + (planeI[1] - planeI[0]) * k])
        gradient *= scale
        distance = (place - offset) * self.edges[:, None]
        return (distance * distance).sum(axis=0) + residual * residual, residual, gradient


def _boxMinimum(offset, direction, gradient, constant):
    """Minimum in the unit box of distance^2 + (constant + gradient . t)^2 for a diagonal metric.

    The minimum is t = clip(offset - x direction) with x = constant + gradient . t: the right side falls with x in
    straight pieces, so that Newton's steps, one per set of clipped axes, end at the crossing.
    """
    product = gradient * direction
    x = (constant + (gradient * offset).sum(axis=0)) / (1.0 + product.sum(axis=0))
    place = offset - x * direction
    beyond = np.flatnonzero(((place < 0.0) | (place > 1.0)).any(axis=0))
    if not len(beyond):
        return place
    offset, direction, gradient = offset[:, beyond], direction[:, beyond], gradient[:, beyond]
    constant, product, at = constant[beyond], product[:, beyond], place[:, beyond]
    for _ in range(_PASSES):
        isFree = (at >= 0.0) & (at <= 1.0)
        fixed = np.where(isFree, offset, np.clip(at, 0.0, 1.0))
        x = (constant + (gradient * fixed).sum(axis=0)) / (1.0 + (product * isFree).sum(axis=0))
        at = offset - x * direction
    place[:, beyond] = np.clip(at, 0.0, 1.0)
    return place

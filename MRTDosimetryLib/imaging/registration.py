"""Registration of the CT of one time point to that of another."""

import time
from dataclasses import asdict, dataclass

import numpy as np

from ..errors import CalculationError, InputError
from ..progress import noProgress
from . import alignment, alignmentSearch
from .checks import requireFinite
from .grid import gridOf
from .masks import axialAxis, dilated, shrinkToSpacing, shrunkBodyMask
from .registrationQuality import Comparison, quality
from .volume import Volume

_KINDS = ("rigid", "affine")
_FINE_MM, _MIDDLE_MM, _COARSE_MM = 4.0, 8.0, 12.0
# skin belongs to the points that are compared; farther out lie couch and clothes
_SKIN_MM = 8.0
_LEAST_EXTENT_MM = 40.0
_CUT_END_MM = 8.0
_NO_OVERLAP = "The CT does not overlap with that of the reference time point: no part of the body is found in both"


@dataclass(frozen=True)
class RegistrationResult:
    """How a time point lies in the coordinates of the reference time point.

    Attributes
    ----------
    referenceFromTimePoint : numpy.ndarray
        4 x 4, RAS mm, from points of the moving CT to points of the fixed CT.
    kind : str
        "rigid" or "affine".
    metricBefore, metricAfter : float
        Mutual information (nat) of the Hounsfield units in the fixed body and its skin; 0 when nothing is shared.
    correlationAfter : float
        Of the same Hounsfield units, cut off at 400.
    bodyOverlapDiceBefore, bodyOverlapDiceAfter : float
        Dice coefficient of the two bodies inside the common field of view.
    meanAbsoluteDifferenceHUBefore, meanAbsoluteDifferenceHUAfter : float or None
        Inside the fixed body; None when nothing is shared.
    sharedBodyFraction : float
        Fraction of the smaller body that lies in the common field of view, after registration.
    translationMM : tuple of float
        Along R, A, S: how far the center of the moving body is moved.
    rotationDegrees : tuple of float
        About R, A and S, in this order (fixed axes); of the rotational part when affine.
    iterations : int
    stopReason : str
    quality : str
        "good" or "check".
    qualityReasons : tuple of str
        Why a person should look at it; empty when good.
    seconds : float
    """

    referenceFromTimePoint: np.ndarray
    kind: str
    metricBefore: float
    metricAfter: float
    correlationAfter: float
    bodyOverlapDiceBefore: float
    bodyOverlapDiceAfter: float
    meanAbsoluteDifferenceHUBefore: float | None
    meanAbsoluteDifferenceHUAfter: float | None
    sharedBodyFraction: float
    translationMM: tuple
    rotationDegrees: tuple
    iterations: int
    stopReason: str
    quality: str
    qualityReasons: tuple
    seconds: float

    def toDict(self):
        """Plain values for JSON."""
        result = asdict(self)
        result["referenceFromTimePoint"] = self.referenceFromTimePoint.tolist()
        for key in ("translationMM", "rotationDegrees", "qualityReasons"):
            result[key] = list(result[key])
        return result


def register(fixedCT, movingCT, kind="rigid", progress=noProgress):
    """Find the transform that lays one CT of a patient over another.

    Both CTs are averaged to about 4 mm and freed of their couches. Starting points (the scanners' coordinates,
    the centers of the images, the centers of the bodies and the best shifts of a masked cross-correlation) are
    refined at 12 mm; the best one is refined at 8 and 4 mm (see :mod:`.alignment`). The result does
    not depend on random numbers or on the number of threads.

    Parameters
    ----------
    fixedCT, movingCT : Volume
        Hounsfield units; any grid, field of view and couch.
    kind : {"rigid", "affine"}
    progress : callable

    Returns
    -------
    RegistrationResult

    Raises
    ------
    InputError
        Unknown kind, invalid images, no patient in one of them, or images that share no part of the body.
    CalculationError
        When no transform is found that is better than none.
    """
    started = time.perf_counter()
    if kind not in _KINDS:
        raise InputError(f"Registration '{kind}' is unknown", movingCT.name, "Use rigid or affine")
    progress(0.0, "Preparing the CTs")
    fixed = _Prepared(fixedCT)
    progress(0.2, "Preparing the CTs")
    moving = _Prepared(movingCT)
    progress(0.4, "Finding the patient's position")
    before = Comparison.of(fixed, moving, np.eye(4))
    fixedToMoving, iterations = _bestStart(fixed, moving, movingCT.name)
    hasConverged = True
    # an affine transform is freed only where a rigid one has settled
    plan = [("rigid", _MIDDLE_MM, 60000, 60.0, 0.05), ("rigid", _FINE_MM, 150000, 40.0, 0.01)]
    if kind == "affine":
        plan += [("affine", _MIDDLE_MM, 60000, 60.0, 0.02), ("affine", _FINE_MM, 150000, 40.0, 0.01)]
    for index, (stage, spacingMM, points, floorHU, toleranceMM) in enumerate(plan):
        progress(0.5 + 0.4 * index / len(plan), "Registering")
        level = alignment.prepareLevel(*fixed.level(spacingMM), floorHU, points)
        movingImage, _ = moving.level(spacingMM)
        fixedToMoving, used, hasConverged = alignment.align(level, movingImage, fixedToMoving, stage, 40, toleranceMM,
                                                            movingCT.name)
        iterations += used
    progress(0.9, "Judging the registration")
    after = Comparison.of(fixed, moving, fixedToMoving)
    if before.sharedBodyFraction == 0.0 and not after.isCredible(hasConverged):
        raise InputError(_NO_OVERLAP, movingCT.name, alignment.MEND)
    if after.isWorseThan(before):
        raise CalculationError("The registration found no transform better than the scanner's coordinates",
                               movingCT.name, alignment.MEND)
    if not after.isCredible(hasConverged):
        raise CalculationError("The registration failed: the CTs do not match under any transform found "
                               f"(correlation {after.correlation:.2f})", movingCT.name, alignment.MEND)
    referenceFromTimePoint = np.linalg.inv(fixedToMoving)
    translationMM, rotationDegrees = describe(referenceFromTimePoint, moving.bodyCenter)
    verdict, reasons = quality(after, translationMM, rotationDegrees, hasConverged,
                               np.linalg.det(referenceFromTimePoint[:3, :3]))
    progress(1.0, "Registered")
    return RegistrationResult(
        referenceFromTimePoint, kind, before.mutualInformation, after.mutualInformation, after.correlation, before.dice,
        after.dice, before.meanAbsoluteDifferenceHU, after.meanAbsoluteDifferenceHU, after.sharedBodyFraction,
        tuple(float(x) for x in translationMM), tuple(float(x) for x in rotationDegrees), iterations,
        "converged" if hasConverged else "iteration limit", verdict, tuple(reasons), time.perf_counter() - started)


def describe(matrix, centerRAS):
    """Shift of a point (mm along R, A, S) and angles (degrees about R, A, S) of a transform.

    The rotation of an affine transform is that of its polar decomposition.
    """
    u, _, v = np.linalg.svd(matrix[:3, :3])
    rotation = u @ np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ v))]) @ v
    aboutA = -np.arcsin(np.clip(rotation[2, 0], -1.0, 1.0))
    aboutR = np.arctan2(rotation[2, 1], rotation[2, 2])
    aboutS = np.arctan2(rotation[1, 0], rotation[0, 0])
    center = np.array([*centerRAS, 1.0])
    return (matrix @ center - center)[:3], np.degrees([aboutR, aboutA, aboutS])


class _Prepared:
    """A CT at about 4 mm with its body, and what is derived from it, each made once."""

    def __init__(self, ct):
        requireFinite(ct)
        extentMM = ct.spacingMM * ct.sizeIJK
        if extentMM.min() < _LEAST_EXTENT_MM:
            raise InputError(f"The CT is only {extentMM.min():.0f} mm long in one direction, too little to be "
                             f"registered (at least {_LEAST_EXTENT_MM:.0f} mm)", ct.name, "Load the whole CT")
        image = shrinkToSpacing(ct, _FINE_MM)
        body = shrunkBodyMask(image)
        kept = _withoutCutEnds(body)
        matrix = gridOf(image).cropped(kept).ijkToRAS
        self.image = Volume(image.array[kept], matrix, image.unit, image.name)
        self.body = Volume(body.array[kept], matrix, "", body.name)
        self.region = dilated(self.body, _SKIN_MM)
        clipped = np.clip(self.image.array, *alignment.WINDOW_HU)
        self._windowed = self.image.withArray(np.where(self.region, clipped, np.float32(alignment.WINDOW_HU[0])))
        self._levels = {}

    @property
    def bodyCenter(self):
        """Center of mass of the body, RAS mm, shape (3,)."""
        k, j, i = (index.mean() for index in np.nonzero(self.body.array))
        return (self.body.ijkToRAS @ [i, j, k, 1.0])[:3]

    @property
    def center(self):
        return gridOf(self.image).center()

    def level(self, spacingMM):
        """Smoothed windowed image (Volume) and region of interest (bool array) at a resolution."""
        from scipy import ndimage

        if spacingMM not in self._levels:
            windowed = shrinkToSpacing(self._windowed, spacingMM)
            region = shrinkToSpacing(self.image.withArray(self.region.astype(np.float32)), spacingMM).array > 0.5
            # half a voxel of smoothing makes the differences that serve as gradients agree with the interpolation
            smooth = ndimage.gaussian_filter(windowed.array, 0.5, mode="nearest", truncate=3.0)
            self._levels[spacingMM] = windowed.withArray(smooth), region
        return self._levels[spacingMM]

    def coarse(self):
        return alignmentSearch.coarseImage(self._windowed, self.body.array, _COARSE_MM, alignment.WINDOW_HU[0])


def _withoutCutEnds(body):
    """Slices (k, j, i) without the ends of the body along the patient.

    Where a scan ends, or is filled up with air, the cut through the body belongs to the scan and not to the patient.
    """
    axis = axialAxis(body)
    used = np.flatnonzero(body.array.any(axis=tuple({0, 1, 2} - {axis})))
    margin = int(np.ceil(_CUT_END_MM / body.spacingMM[2 - axis]))
    first, last = used[0] + margin, used[-1] - margin
    if (last - first + 1) * body.spacingMM[2 - axis] < _LEAST_EXTENT_MM:
        first, last = used[0], used[-1]
    return tuple(slice(int(first), int(last) + 1) if a == axis else slice(0, body.array.shape[a]) for a in range(3))


def _bestStart(fixed, moving, name):
    """Refine every starting point at the coarsest level; returns the best transform and all iterations."""
    fixedCoarse, movingCoarse = fixed.coarse(), moving.coarse()
    shifts = [np.zeros(3), moving.center - fixed.center, moving.bodyCenter - fixed.bodyCenter]
    shifts += [shift for shift, _ in alignmentSearch.bestShifts(fixedCoarse, movingCoarse, 3)]
    level = alignment.prepareLevel(fixedCoarse[0], fixedCoarse[2] > 0.0, 100.0, 60000)
    best, bestScore, iterations = None, -np.inf, 0
    for shift in shifts:
        start = np.eye(4)
        start[:3, 3] = shift
        if alignmentSearch.similarity(fixedCoarse, movingCoarse, start) is None:
            continue
        try:
            refined, used, _ = alignment.align(level, movingCoarse[0], start, "rigid", 15, 0.5, name)
        except CalculationError:
            continue  # this start leads nowhere; the others may
        iterations += used
        score = alignmentSearch.similarity(fixedCoarse, movingCoarse, refined)
        if score is not None and score > bestScore:
            best, bestScore = refined, score
    if best is None:
        raise InputError(_NO_OVERLAP, name, alignment.MEND)
    return best, iterations

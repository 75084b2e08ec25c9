"""Registration of the CT of one time point to that of another."""

import time
from dataclasses import asdict, dataclass

import numpy as np

from ..errors import CalculationError, InputError
from ..progress import noProgress, subProgress
from .alignment import MEND, PreparedCT, align, bestShift
from .registrationQuality import Comparison, quality
from .volume import RAS_FROM_LPS

_KINDS = ("rigid", "affine")
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
        Mattes mutual information (nat) of the Hounsfield units, cut off at 400, in the fixed body and its skin; 0 when
        nothing is shared.
    correlationAfter : float
        Of the same Hounsfield units.
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
        In SimpleITK's words.
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

    Both CTs are averaged to about 4 mm and freed of their couches. From the shift of the best masked correlation,
    SimpleITK maximizes Mattes mutual information inside the fixed body and its skin, on voxels of 12 and 8 mm (see
    :mod:`.alignment`). The result does not depend on random numbers or on the number of threads.

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
    fixed = PreparedCT(fixedCT)
    progress(0.2, "Preparing the CTs")
    moving = PreparedCT(movingCT)
    progress(0.4, "Finding the patient's position")
    before = Comparison.of(fixed, moving, np.eye(4))
    fixedToMoving, iterations = bestShift(fixed, moving), 0
    # an affine transform is freed only where a rigid one has settled
    stages = ("rigid",) if kind == "rigid" else ("rigid", "affine")
    for index, stage in enumerate(stages):
        part = subProgress(progress, 0.5 + 0.4 * index / len(stages), 0.5 + 0.4 * (index + 1) / len(stages))
        part(0.0, "Registering")
        found = align(fixed, moving, fixedToMoving, stage, part, movingCT.name)
        fixedToMoving, iterations = found.fixedToMoving, iterations + found.iterations
    progress(0.9, "Judging the registration")
    after = Comparison.of(fixed, moving, fixedToMoving)
    if before.sharedBodyFraction == 0.0 and not after.isCredible(found.hasConverged):
        raise InputError(_NO_OVERLAP, movingCT.name, MEND)
    if after.isWorseThan(before):
        raise CalculationError("The registration found no transform better than the scanner's coordinates",
                               movingCT.name, MEND)
    if not after.isCredible(found.hasConverged):
        raise CalculationError("The registration failed: the CTs do not match under any transform found "
                               f"(correlation {after.correlation:.2f})", movingCT.name, MEND)
    referenceFromTimePoint = np.linalg.inv(fixedToMoving)
    translationMM, rotationDegrees = describe(referenceFromTimePoint, RAS_FROM_LPS[:3, :3] @ moving.bodyCenter)
    verdict, reasons = quality(after, translationMM, rotationDegrees, found.hasConverged,
                               np.linalg.det(referenceFromTimePoint[:3, :3]))
    progress(1.0, "Registered")
    return RegistrationResult(
        referenceFromTimePoint, kind, before.mutualInformation, after.mutualInformation, after.correlation, before.dice,
        after.dice, before.meanAbsoluteDifferenceHU, after.meanAbsoluteDifferenceHU, after.sharedBodyFraction,
        tuple(float(x) for x in translationMM), tuple(float(x) for x in rotationDegrees), iterations,
        found.stopReason, verdict, tuple(reasons), time.perf_counter() - started)


def judge(fixedCT, movingCT, referenceFromTimePoint):
    """Agreement of two CTs under a transform that was set by hand.

    Parameters
    ----------
    fixedCT, movingCT : Volume or None
        Without CTs the movement alone is described, of the origin.
    referenceFromTimePoint : numpy.ndarray
        4 x 4, RAS mm.

    Returns
    -------
    dict
        ``translationMM``, ``rotationDegrees``, ``diceAfter``, ``differenceAfterHU``, ``metricAfter``,
        ``sharedBodyFraction``, ``quality``, ``reasons``; without CTs what they would tell is ``None``.
    """
    if fixedCT is None or movingCT is None:
        translationMM, rotationDegrees = describe(referenceFromTimePoint, (0.0, 0.0, 0.0))
        return {**_movement(translationMM, rotationDegrees), "diceAfter": None, "differenceAfterHU": None,
                "metricAfter": None, "sharedBodyFraction": None, "quality": "check",
                "reasons": ["there is no CT to judge the alignment by"]}
    fixed, moving = PreparedCT(fixedCT), PreparedCT(movingCT)
    after = Comparison.of(fixed, moving, np.linalg.inv(referenceFromTimePoint))
    translationMM, rotationDegrees = describe(referenceFromTimePoint, RAS_FROM_LPS[:3, :3] @ moving.bodyCenter)
    verdict, reasons = quality(after, translationMM, rotationDegrees, True,
                               np.linalg.det(referenceFromTimePoint[:3, :3]))
    return {**_movement(translationMM, rotationDegrees), "diceAfter": after.dice,
            "differenceAfterHU": after.meanAbsoluteDifferenceHU, "metricAfter": after.mutualInformation,
            "sharedBodyFraction": after.sharedBodyFraction, "quality": verdict, "reasons": list(reasons)}


def _movement(translationMM, rotationDegrees):
    return {"translationMM": [float(x) for x in translationMM], "rotationDegrees": [float(x) for x in rotationDegrees]}


def describe(matrix, centerRAS):
    """Shift of a point (mm along R, A, S) and angles (degrees about R, A, S) of a transform.

    The rotation of an affine transform is that of its polar decomposition.
    """
    from scipy import linalg
    from scipy.spatial.transform import Rotation

    rotation, _ = linalg.polar(matrix[:3, :3])
    degrees = Rotation.from_matrix(rotation).as_euler("xyz", degrees=True)
    center = np.array([*centerRAS, 1.0])
    return (matrix @ center - center)[:3], degrees

"""How well two registered CTs agree, and whether a person should look at them."""

import math
from dataclasses import dataclass

import numpy as np

from ..physics.sums import productSum
from .alignment import mutualInformation
from .sitkBridge import sitkTransform

# The thresholds are choices of this project: right registrations of real and simulated CTs correlate by 0.9 and more,
# CTs of different parts of the body by 0.2 to 0.65.
_CREDIBLE_CORRELATION = 0.6
_GOOD_CORRELATION = 0.8
_GOOD_DICE = 0.9
_GOOD_SHARED_FRACTION = 0.5
_LARGE_SHIFT_MM = 100.0
_LARGE_ROTATION_DEGREES = 15.0
_LARGE_VOLUME_CHANGE = 0.1


@dataclass(frozen=True)
class Comparison:
    """Agreement of two CTs under one transform, on the voxels of the fixed one.

    Attributes
    ----------
    mutualInformation : float
        Mattes (nat), of the windowed Hounsfield units in the fixed body and its skin; 0 when nothing is shared.
    correlation : float
        Of the same Hounsfield units; 0 when nothing is shared.
    dice : float
        Of the bodies inside the common field of view.
    meanAbsoluteDifferenceHU : float or None
        Inside the fixed body; None when nothing is shared.
    sharedBodyFraction : float
        Body found in both over the smaller body, 0..1.
    """

    mutualInformation: float
    correlation: float
    dice: float
    meanAbsoluteDifferenceHU: float | None
    sharedBodyFraction: float

    @classmethod
    def of(cls, fixed, moving, fixedToMoving):
        """Compare two CTs.

        Parameters
        ----------
        fixed, moving : PreparedCT
        fixedToMoving : numpy.ndarray
            4 x 4, RAS mm.
        """
        import SimpleITK as sitk

        transform, nothing = sitkTransform(fixedToMoving), -32768.0

        def moved(image, interpolator=sitk.sitkLinear):
            return sitk.Resample(image, fixed.image, transform, interpolator, nothing, sitk.sitkFloat32)

        image, windowed = moved(moving.image), moved(moving.windowed)
        isShared = image > nothing / 2
        fixedBody = fixed.body & isShared
        movingBody = isShared & (moved(moving.body, sitk.sitkNearestNeighbor) > 0)
        both = _count(fixedBody & movingBody)
        if both == 0:
            return cls(0.0, 0.0, 0.0, None, 0.0)
        overlap = sitk.LabelOverlapMeasuresImageFilter()
        overlap.Execute(fixedBody, movingBody)
        difference = np.abs(sitk.GetArrayFromImage(fixed.image - image)[sitk.GetArrayFromImage(fixedBody) > 0])
        near = sitk.GetArrayFromImage(fixed.region & isShared) > 0
        one, other = (sitk.GetArrayViewFromImage(i)[near].astype(float) for i in (fixed.windowed, windowed))
        varies = one.std() > 0 and other.std() > 0
        smallerMM3 = min(_count(ct.body) * np.prod(ct.body.GetSpacing()) for ct in (fixed, moving))
        return cls(mutualInformation(fixed, moving, transform), _correlation(one, other) if varies else 0.0,
                   overlap.GetDiceCoefficient(), float(difference.mean(dtype=np.float64)),
                   min(1.0, float(both * np.prod(fixed.body.GetSpacing()) / smallerMM3)))

    def isWorseThan(self, before):
        """Whether a registration has lost agreement against the transform it should improve on.

        Agreement over a small common part says little, so it counts by its size.
        """
        gain = self.mutualInformation * self.sharedBodyFraction - before.mutualInformation * before.sharedBodyFraction
        return gain < -0.02

    def isCredible(self, hasConverged):
        """Whether the two CTs show the same anatomy at all."""
        least = _CREDIBLE_CORRELATION if hasConverged else (_CREDIBLE_CORRELATION + _GOOD_CORRELATION) / 2
        return self.correlation >= least


def quality(after, translationMM, rotationDegrees, hasConverged, volumeChange):
    """Verdict "good" or "check", with the reasons to check in the user's words."""
    reasons = []
    if not hasConverged:
        reasons.append("the search ended at its iteration limit")
    if after.correlation < _GOOD_CORRELATION:
        reasons.append(f"the two CTs correlate by {after.correlation:.2f} only")
    if after.dice < _GOOD_DICE:
        reasons.append(f"the bodies overlap by {100 * after.dice:.0f} % only (Dice)")
    if after.sharedBodyFraction < _GOOD_SHARED_FRACTION:
        reasons.append(f"the CTs share {100 * after.sharedBodyFraction:.0f} % of the body only")
    if np.linalg.norm(translationMM) > _LARGE_SHIFT_MM:
        reasons.append(f"the patient is shifted by {np.linalg.norm(translationMM):.0f} mm")
    if np.abs(rotationDegrees).max() > _LARGE_ROTATION_DEGREES:
        reasons.append(f"the patient is turned by {np.abs(rotationDegrees).max():.0f} degrees")
    if abs(volumeChange - 1.0) > _LARGE_VOLUME_CHANGE:
        reasons.append(f"the affine transform changes volumes by {100 * (volumeChange - 1.0):+.0f} %")
    return ("check" if reasons else "good"), reasons


def _count(mask):
    import SimpleITK as sitk

    return int(np.count_nonzero(sitk.GetArrayViewFromImage(mask)))


def _correlation(one, other):
    """Pearson's correlation of two samples that vary."""
    first, second = one - one.mean(), other - other.mean()
    return productSum(first, second) / math.sqrt(productSum(first, first) * productSum(second, second))

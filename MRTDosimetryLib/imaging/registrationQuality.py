"""How well two registered CTs agree, and whether a person should look at them."""

from dataclasses import dataclass

import numpy as np

from .alignment import WINDOW_HU
from .resampling import resample

_BINS = 32
_HISTOGRAM_HU = (-1000.0, 1000.0)
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
        Nat, 32 bins from -1000 to 1000 HU, in and closely around the fixed body; 0 when nothing is shared.
    correlation : float
        Of the windowed Hounsfield units in the same region; 0 when nothing is shared.
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
        fixed, moving : object
            With ``image`` (Volume in HU), ``body`` (Volume, mask) and ``region`` (bool array: the body and its skin).
        fixedToMoving : numpy.ndarray
            4 x 4, RAS mm.
        """
        nothing = -32768.0
        values = resample(moving.image, fixed.image, fixedToMoving, outside=nothing).array
        isBody = fixed.body.array > 0
        isShared = values > nothing / 2
        isMovingBody = resample(moving.body, fixed.image, fixedToMoving, "nearest", outside=0).array > 0
        both = int(np.count_nonzero(isBody & isMovingBody))
        if both == 0:
            return cls(0.0, 0.0, 0.0, None, 0.0)
        inside, near = isBody & isShared, fixed.region & isShared
        total = int(np.count_nonzero(inside)) + int(np.count_nonzero(isMovingBody & isShared))
        difference = float(np.mean(np.abs(fixed.image.array[inside] - values[inside]), dtype=np.float64))
        smallerML = min(volume.array.sum(dtype=float) * volume.voxelVolumeML for volume in (fixed.body, moving.body))
        one, other = fixed.image.array[near], values[near]
        return cls(mutualInformation(one, other), _correlation(one, other), 2.0 * both / total, difference,
                   min(1.0, both * fixed.body.voxelVolumeML / float(smallerML)))

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


def mutualInformation(one, other):
    """Mutual information (nat) of two samples of Hounsfield units, from their joint histogram."""
    low, high = _HISTOGRAM_HU
    scale = _BINS / (high - low)
    first = np.clip((one - low) * scale, 0, _BINS - 1).astype(np.int32)
    second = np.clip((other - low) * scale, 0, _BINS - 1).astype(np.int32)
    joint = np.bincount(first * _BINS + second, minlength=_BINS * _BINS).reshape(_BINS, _BINS) / one.size
    product = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    used = joint > 0
    return max(0.0, float(np.sum(joint[used] * np.log(joint[used] / product[used]))))


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


def _correlation(one, other):
    one, other = (np.clip(values, *WINDOW_HU).astype(np.float64) for values in (one, other))
    one -= one.mean()
    other -= other.mean()
    spread = np.sqrt(np.sum(one ** 2) * np.sum(other ** 2))
    return float(np.sum(one * other) / spread) if spread > 0 else 0.0

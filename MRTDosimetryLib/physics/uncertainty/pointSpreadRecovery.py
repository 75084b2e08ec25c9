"""Step 3 by a fitted point spread: the recovery of spheres, with the covariance of its two parameters."""

import math
from dataclasses import dataclass

import numpy as np

from ...errors import InputError
from ..partialVolume import SIGMA_PER_FWHM, meanOverSphere, radiusMM
from .recovery import Recovery, requireCovariance
from .samples import correlatedNormal, logNormal
from .volume import notNegative, positive

_WHERE = "point spread"
# Relative step of the derivatives with respect to volume and width.
_STEP = 1e-4
# What is left of a recovery that its random parameters would make negative.
_SMALLEST = 1e-3


@dataclass(frozen=True)
class PointSpreadRecovery(Recovery):
    """Recovery of a sphere in a cold surrounding by the image of a point.

    Attributes
    ----------
    fwhmMM, enhancement : float
        See :class:`.pointSpread.PointSpread`.
    covariance : tuple
        2 x 2 of the two.
    scatter : float
        Standard deviation of the recovery of single objects about what the point spread says.
    voxelVarianceMM2 : float
        Of the voxels through which a region sums up the image: a^2/12.
    """

    fwhmMM: float
    enhancement: float
    covariance: tuple = ((0.0, 0.0), (0.0, 0.0))
    scatter: float = 0.0
    voxelVarianceMM2: float = 0.0

    def __post_init__(self):
        positive(self.fwhmMM, "full width at half maximum (mm)", _WHERE)
        notNegative(self.scatter, "scatter about the point spread", _WHERE)
        notNegative(self.voxelVarianceMM2, "variance of the voxels (mm^2)", _WHERE)
        requireCovariance(self.covariance, _WHERE)
        if not math.isfinite(self.enhancement):
            raise InputError("The enhancement of the point spread is not a number", _WHERE)

    def value(self, volumeML):
        """R at a volume (or an array of volumes) in mL."""
        return self._valueWith(volumeML, self.fwhmMM, self.enhancement)

    def _valueWith(self, volumeML, fwhmMM, enhancement):
        radius, variance = radiusMM(volumeML), (np.asarray(fwhmMM, float) * SIGMA_PER_FWHM) ** 2
        one, two = (meanOverSphere(radius, np.sqrt(passes * variance + self.voxelVarianceMM2)) for passes in (1, 2))
        return one + enhancement * (one - two)

    def slopePerML(self, volumeML):
        """dR/dV in 1/mL."""
        step = _STEP * volumeML
        return (self.value(volumeML + step) - self.value(volumeML - step)) / (2.0 * step)

    def parameterGradient(self, volumeML):
        """(dR/d width, dR/d enhancement)."""
        step = _STEP * self.fwhmMM
        above, below = (self._valueWith(volumeML, self.fwhmMM + change, self.enhancement) for change in (step, -step))
        more = self._valueWith(volumeML, self.fwhmMM, self.enhancement + 1.0)
        return np.array([float(above - below) / (2.0 * step), float(more - self.value(volumeML))])

    def sampled(self, volumesML, volumeML, random, samples):
        """R with random parameters; see :meth:`.Recovery.sampled`."""
        covariance = np.asarray(self.covariance, float)
        deviations = math.sqrt(math.log1p(covariance[0, 0] / self.fwhmMM ** 2)), math.sqrt(covariance[1, 1])
        first, second = correlatedNormal(deviations, covariance, random, samples)
        scatter = logNormal(random, self.scatter / float(self.value(volumeML)), samples)
        values = self._valueWith(volumesML, self.fwhmMM * np.exp(first), self.enhancement + second)
        return np.maximum(values, _SMALLEST) * np.exp(scatter)

    def toDict(self):
        """Ready for JSON."""
        return {"fwhmMM": self.fwhmMM, "enhancement": self.enhancement,
                "covariance": [list(row) for row in self.covariance], "scatter": self.scatter,
                "voxelVarianceMM2": self.voxelVarianceMM2}

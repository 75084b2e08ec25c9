"""Cumulative dose-volume histogram of voxels that belong to a region in part."""

from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from .sums import productSum

CURVE_POINTS = 300
# Round-off of the accumulated volume, relative.
_TOLERANCE = 1e-12


@dataclass(frozen=True)
class DVH:
    """Dose-volume histogram, exact for the given voxels.

    Attributes
    ----------
    volumeML, meanGy, minGy, maxGy : float
        Minimum and maximum are over voxels with any share in the region.
    """

    volumeML: float
    meanGy: float
    minGy: float
    maxGy: float
    _dosesGy: np.ndarray
    _volumesML: np.ndarray

    def doseAtVolumeGy(self, percent):
        """Dx: the largest absorbed dose that at least ``percent`` of the volume receives.

        Raises
        ------
        InputError
            Unless 0 < percent <= 100.
        """
        if not 0 < percent <= 100:
            raise InputError(f"A volume of {percent:g} % is not between 0 and 100 %", "DVH")
        wanted = percent / 100.0 * self._volumesML[-1] * (1 - _TOLERANCE)
        return float(self._dosesGy[np.searchsorted(self._volumesML, wanted, side="left")])

    def volumeAtDose(self, absorbedDoseGy):
        """Volume in mL that receives at least ``absorbedDoseGy`` (a number or an array)."""
        wanted = np.asarray(absorbedDoseGy, float)
        # Absorbed doses are stored falling; searchsorted wants them rising.
        count = np.searchsorted(-self._dosesGy, -wanted, side="right")
        volumes = np.concatenate(([0.0], self._volumesML))[count]
        return float(volumes) if volumes.ndim == 0 else volumes

    @property
    def D98Gy(self):
        return self.doseAtVolumeGy(98)

    @property
    def D95Gy(self):
        return self.doseAtVolumeGy(95)

    @property
    def D90Gy(self):
        return self.doseAtVolumeGy(90)

    @property
    def D70Gy(self):
        return self.doseAtVolumeGy(70)

    @property
    def D50Gy(self):
        return self.doseAtVolumeGy(50)

    @property
    def D2Gy(self):
        return self.doseAtVolumeGy(2)

    def curve(self, points=CURVE_POINTS):
        """For a chart: ``{"absorbedDoseGy": array, "volumePercent": array}``, from 0 Gy to just above the maximum."""
        top = self.maxGy if self.maxGy > 0 else 1.0
        doses = np.append(np.linspace(0.0, top, points - 1), top * (1 + 1e-6))
        return {"absorbedDoseGy": doses, "volumePercent": 100.0 * self.volumeAtDose(doses) / self._volumesML[-1]}

    @property
    def curveAbsorbedDoseGy(self):
        return self.curve()["absorbedDoseGy"]

    @property
    def curveVolumePercent(self):
        return self.curve()["volumePercent"]

    def toDict(self):
        """Numbers for results: ``D98Gy`` ... ``D2Gy``, ``meanGy``, ``minGy``, ``maxGy``, ``volumeML``."""
        content = {name: getattr(self, name) for name in ("D98Gy", "D95Gy", "D90Gy", "D70Gy", "D50Gy", "D2Gy")}
        return {**content, "meanGy": self.meanGy, "minGy": self.minGy, "maxGy": self.maxGy, "volumeML": self.volumeML}


def computeDVH(absorbedDoseGy, weightsML):
    """Dose-volume histogram by weighted sorting: no bins, so no binning error.

    Parameters
    ----------
    absorbedDoseGy : array_like
        Shape (N,), absorbed dose of the voxels, finite and not negative.
    weightsML : array_like
        Shape (N,), volume of each voxel that lies in the region, not negative; voxels without any are left out.

    Returns
    -------
    DVH

    Raises
    ------
    InputError
        Shapes that differ, values that are not finite or negative, or no volume at all.
    """
    doses, weights = np.asarray(absorbedDoseGy, float), np.asarray(weightsML, float)
    if doses.ndim != 1 or doses.shape != weights.shape:
        raise InputError("Absorbed doses and volumes are not two lists of one length", "DVH")
    if not (np.all(np.isfinite(doses)) and np.all(np.isfinite(weights))):
        raise InputError("Absorbed doses or volumes are not all finite", "DVH", "Check the images")
    if np.any(doses < 0) or np.any(weights < 0):
        raise InputError("An absorbed dose or a volume is negative", "DVH", "Check the images")
    inside = weights > 0
    if not np.any(inside):
        raise InputError("The region has no volume in the image", "DVH", "Check the region")
    doses, weights = doses[inside], weights[inside]
    order = np.argsort(-doses, kind="stable")
    doses, weights = doses[order], weights[order]
    volumes = np.cumsum(weights)
    mean = productSum(doses, weights) / float(volumes[-1])
    return DVH(volumeML=float(volumes[-1]), meanGy=mean, minGy=float(doses[-1]), maxGy=float(doses[0]),
               _dosesGy=doses, _volumesML=volumes)

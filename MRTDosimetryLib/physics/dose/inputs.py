"""Checks of what an absorbed-dose engine computes from."""

import math
from dataclasses import dataclass

import numpy as np

from ...errors import InputError
from ..density import AIR_DENSITY_G_PER_ML

WHERE = "absorbed dose"


@dataclass(frozen=True)
class DoseInputs:
    """Checked maps of one shape (k, j, i).

    Attributes
    ----------
    activityMBqH, densityGPerML : numpy.ndarray
        The density as an array even where one value was given.
    isTissue : numpy.ndarray of bool
        Where the density is not that of air.
    voxelSizeMM : numpy.ndarray
        Along i, j, k.
    totalMBqH : float
    """

    activityMBqH: np.ndarray
    densityGPerML: np.ndarray
    isTissue: np.ndarray
    voxelSizeMM: np.ndarray
    totalMBqH: float

    @property
    def voxelVolumeML(self):
        return float(np.prod(self.voxelSizeMM)) / 1000.0


def doseInputs(timeIntegratedActivityMBqHPerVoxel, densityGPerML, voxelSizeMM):
    """:class:`DoseInputs` of the arguments of an engine.

    Raises
    ------
    InputError
        No three dimensions, shapes that differ, values that are not finite, negative activity, no activity at all,
        a density that is negative or everywhere that of air, an impossible voxel size.
    """
    activity, density = np.asarray(timeIntegratedActivityMBqHPerVoxel), np.asarray(densityGPerML)
    if activity.ndim != 3:
        raise InputError("The time-integrated activity has no three dimensions", WHERE, "Check the images")
    if density.ndim and density.shape != activity.shape:
        raise InputError("The density and the time-integrated activity have different grids", WHERE,
                         "Resample the CT to the grid of the time-integrated activity")
    size = np.asarray(voxelSizeMM, float)
    if size.shape != (3,) or not np.all(np.isfinite(size)) or np.any(size <= 0):
        raise InputError("The voxel size is not three lengths above zero", WHERE, "Check the image")
    total = _finiteSum(activity, "time-integrated activity")
    _finiteSum(density, "density")
    if activity.size and float(activity.min()) < 0:
        raise InputError("The time-integrated activity is negative in some voxels", WHERE,
                         "Check reconstruction and fits, or set negative voxels to zero")
    if total <= 0:
        raise InputError("There is no activity in the image", WHERE, "Check the images")
    if float(density.min()) < 0:
        raise InputError("The density is negative in some voxels", WHERE, "Check the CT and its calibration")
    if density.ndim == 0:
        density = np.full(activity.shape, float(density), np.float32)
    isTissue = density >= AIR_DENSITY_G_PER_ML
    if not isTissue.any():
        raise InputError(f"The density is that of air (below {AIR_DENSITY_G_PER_ML:g} g/mL) everywhere", WHERE,
                         "Check the CT, its position and its calibration")
    return DoseInputs(activity, density, isTissue, size, total)


def _finiteSum(array, what):
    # The sum of float32 values in float64 is finite exactly when all are: no array of flags is needed.
    total = float(array.sum(dtype=np.float64))
    if not math.isfinite(total):
        raise InputError(f"The {what} holds voxels that are not finite numbers", WHERE, "Check the images")
    return total

"""Activity inside regions of a calibrated image."""

import numpy as np

from ..errors import InputError
from ..physics.sums import productSum

_BQ_PER_MBQ = 1e6


def regionActivityMBq(volume, occupancies):
    """Activity in each region: sum of concentration x occupancy x voxel volume.

    Parameters
    ----------
    volume : Volume
        In Bq/mL.
    occupancies : dict of int to Occupancy
        On the grid of ``volume``.

    Returns
    -------
    dict of int to float
        MBq; 0 for a region that lies wholly outside (see ``fractionOutside``).

    Raises
    ------
    InputError
        Other unit, other grid, or invalid numbers inside a region.
    """
    _requireConcentration(volume)
    result = {}
    for label, region in occupancies.items():
        part = volume.array[region.slices]
        if part.shape != region.fraction.shape:
            raise InputError(f"The occupancy of region {label} belongs to another image", volume.name)
        total = productSum(part, region.fraction)
        if not np.isfinite(total):
            raise InputError(f"Region {label} holds voxels without a valid number (NaN or infinite)", volume.name,
                             "Export or reconstruct the image again")
        result[label] = total * volume.voxelVolumeML / _BQ_PER_MBQ
    return result


def totalActivityMBq(volume):
    """Activity in the whole field of view of an image in Bq/mL.

    Raises
    ------
    InputError
        Other unit, or invalid numbers.
    """
    _requireConcentration(volume)
    with np.errstate(over="ignore", invalid="ignore"):
        total = float(volume.array.sum(dtype=np.float64))
    if not np.isfinite(total):
        raise InputError("The image holds voxels without a valid number (NaN or infinite)", volume.name,
                         "Export or reconstruct the image again")
    return total * volume.voxelVolumeML / _BQ_PER_MBQ


def _requireConcentration(volume):
    if volume.unit.lower() != "bq/ml":
        raise InputError(f"The image is in '{volume.unit or 'no unit'}' instead of Bq/mL", volume.name,
                         "Give its unit or its calibration factor")

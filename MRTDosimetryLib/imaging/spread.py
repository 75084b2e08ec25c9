"""The time-integrated activity of whole regions spread over their voxels."""

import numpy as np

from ..errors import CalculationError, InputError


def registeredMean(volumes, weights=None, covered=None):
    """Weighted mean of images on one grid: the distribution inside a region, with the noise of several scans.

    Parameters
    ----------
    volumes : list of Volume or numpy.ndarray
        Registered images (k, j, i) of the same shape.
    weights : list of float, optional
        One per image, e.g. the time that it stands for; equal when left out.
    covered : list of numpy.ndarray, optional
        Per image, the fraction (0..1) of each voxel that its field of view covers: where an image ends,
        the mean is that of the others.

    Returns
    -------
    numpy.ndarray
        Float64 (k, j, i); 0 where no image reaches.

    Raises
    ------
    InputError
        No images, different shapes, or weights that are negative or all zero.
    """
    arrays = [getattr(volume, "array", volume) for volume in volumes]
    if not arrays:
        raise InputError("No images to average", "", "Include at least one time point")
    weights = np.ones(len(arrays)) if weights is None else np.asarray(weights, dtype=float)
    if weights.shape != (len(arrays),) or not np.all(np.isfinite(weights)) or weights.min() < 0 or not weights.any():
        raise InputError("Each image needs a weight of zero or more, and one of them above zero")
    covers = [None] * len(arrays) if covered is None else list(covered)
    if len(covers) != len(arrays) or any(a.shape != arrays[0].shape for a in [*arrays, *covers] if a is not None):
        raise InputError("The images to average are not on one grid")
    total = np.zeros(arrays[0].shape)
    share = np.zeros(arrays[0].shape)
    for array, weight, cover in zip(arrays, weights, covers, strict=True):
        here = weight if cover is None else weight * cover
        total += here * array
        share += here
    return np.divide(total, share, out=np.zeros_like(total), where=share > 0)


def spreadTimeIntegratedActivity(regionTIAMBqH, occupancies, distribution, remainderTIAMBqH=0.0):
    """Time-integrated activity per voxel, so that every region sums to its own value.

    Each region is spread over its voxels in proportion to occupancy x distribution, the remainder over
    what no region occupies. Negative values of the distribution (an artifact of filtered images) count
    as no activity, since a share cannot be negative.

    Parameters
    ----------
    regionTIAMBqH : dict of int to float
        Time-integrated activity of each region, MBq h.
    occupancies : dict of int to Occupancy
        On the grid of ``distribution``.
    distribution : numpy.ndarray or Volume
        Relative activity concentration (k, j, i); its scale does not matter.
    remainderTIAMBqH : float
        Time-integrated activity outside all regions, MBq h.

    Returns
    -------
    numpy.ndarray
        MBq h per voxel, float64 (k, j, i).

    Raises
    ------
    InputError
        Invalid or negative values, a region without occupancy.
    CalculationError
        A region (or the remainder) has time-integrated activity but no activity in the images to spread it by.
    """
    array = np.asarray(getattr(distribution, "array", distribution), dtype=float)
    if not np.all(np.isfinite(array)):
        raise InputError("The distribution holds voxels without a valid number (NaN or infinite)")
    missing = [label for label in regionTIAMBqH if label not in occupancies]
    if missing:
        raise InputError(f"Region {missing[0]} has time-integrated activity but no place in the image")
    for label, value in [*regionTIAMBqH.items(), ("remainder", remainderTIAMBqH)]:
        if not np.isfinite(value) or value < 0:
            raise InputError(f"The time-integrated activity of region {label} is {value}, not zero or more")
    result = np.zeros(array.shape)
    occupied = np.zeros(array.shape)
    for label, value in regionTIAMBqH.items():
        region = occupancies[label]
        if array[region.slices].shape != region.fraction.shape:
            raise InputError(f"The occupancy of region {label} belongs to another image")
        shares = region.fraction * np.maximum(array[region.slices], 0.0)
        result[region.slices] += _scaled(shares, value, f"region {label}")
        occupied[region.slices] += region.fraction
    if remainderTIAMBqH > 0:
        shares = np.maximum(1.0 - occupied, 0.0) * np.maximum(array, 0.0)
        result += _scaled(shares, remainderTIAMBqH, "the remainder of the image")
    return result


def _scaled(shares, value, where):
    total = shares.sum()
    if total > 0:
        return shares * (value / total)
    if value > 0:
        raise CalculationError(f"{value:.3g} MBq h cannot be spread over {where}: the images show no activity there",
                               where, "Check the region and the registration")
    return shares

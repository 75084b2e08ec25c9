"""Values of a map between its voxels: trilinear, or cubic without the overshoot of splines at steps."""

import numpy as np

from ..errors import InputError

INTERPOLATIONS = ("cubic", "linear")
# A spline reaches this far: each further voxel counts 0.27 times as much.
_MARGIN = 6


def interpolate(array, indicesKJI, interpolation="cubic"):
    """Values of a map at points given in voxel indices.

    Parameters
    ----------
    array : numpy.ndarray
        Shape (k, j, i), finite.
    indicesKJI : numpy.ndarray
        Shape (3, N); beyond the outermost voxel centers the nearest value inside is taken.
    interpolation : {"cubic", "linear"}
        "linear": trilinear. It lowers maxima: at the middle of a maximum whose curvature radius is small the mean error
        is the spacing squared times the Laplacian, over 12.
        "cubic": cubic spline, kept between the smallest and the largest of the eight voxels around each point, widened
        only where the map is curved to one side all around (a smooth maximum or minimum), by what a parabola rises
        between two voxels. The limit follows Suresh and Huynh, J Comput Phys 1997;136:83 (their "monotonicity
        preserving" bounds), so that a step, such as tissue to air, is not overshot.

    Returns
    -------
    numpy.ndarray
        Shape (N,), float64.
    """
    from scipy import ndimage

    if interpolation not in INTERPOLATIONS:
        raise InputError(f"Interpolation '{interpolation}' is unknown", "Absorbed dose",
                         f"Use {' or '.join(INTERPOLATIONS)}")
    array = np.asarray(array)
    if indicesKJI.shape[1] == 0:
        return np.zeros(0)
    limit = np.array(array.shape)[:, None] - 1
    points = np.clip(indicesKJI, 0, limit)
    margin = _MARGIN if interpolation == "cubic" else 0
    low = np.maximum(np.floor(points.min(axis=1)).astype(int) - margin, 0)
    high = np.minimum(np.ceil(points.max(axis=1)).astype(int) + 1 + margin, array.shape)
    part = array[tuple(slice(a, b) for a, b in zip(low, high, strict=True))].astype(float)
    points = points - low[:, None]
    if interpolation == "linear":
        return ndimage.map_coordinates(part, points, order=1, mode="nearest", prefilter=False)
    # constant beyond the edge, as for the points themselves
    part = np.pad(part, 2, mode="edge")
    points += 2
    values = ndimage.map_coordinates(ndimage.spline_filter(part, 3, mode="mirror"), points, order=3, mode="mirror",
                                     prefilter=False)
    lower, upper = cellBounds(part)
    cell = tuple(points.astype(int))
    return np.clip(values, lower[cell], upper[cell], out=values)


def cellBounds(array):
    """Smallest and largest value that "cubic" allows in each cell between eight voxels.

    Parameters
    ----------
    array : numpy.ndarray
        Shape (k, j, i), float.

    Returns
    -------
    lower, upper : numpy.ndarray
        Shape (k - 1, j - 1, i - 1).
    """
    lower, upper = _overCorners(np.minimum, array), _overCorners(np.maximum, array)
    # a parabola of second difference c rises by c / 8 above its values half a spacing away; 4 / 3: Suresh and Huynh
    factor = 4.0 / 3.0 / 8.0
    for axis in range(3):
        curvature = np.zeros_like(array)
        inner, before, after = ((slice(None),) * axis + (part,) for part in
                                (slice(1, -1), slice(None, -2), slice(2, None)))
        curvature[inner] = factor * (array[before] + array[after] - 2.0 * array[inner])
        upper += np.maximum(-_overCorners(np.maximum, curvature), 0.0)
        lower -= np.maximum(_overCorners(np.minimum, curvature), 0.0)
    return np.maximum(lower, min(0.0, float(array.min())), out=lower), upper


def _overCorners(select, values):
    for axis in range(3):
        first = (slice(None),) * axis
        values = select(values[(*first, slice(None, -1))], values[(*first, slice(1, None))])
    return values

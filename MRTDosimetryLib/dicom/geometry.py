"""From DICOM positions and orientations to one matrix."""

import numpy as np

from ..errors import InputError
from ..imaging.volume import RAS_FROM_LPS
from .elements import tagName, tagText

_COSINE_TOLERANCE = 1e-3
_SPACING_TOLERANCE = 0.01
_POSITION_TOLERANCE_MM = 0.02
_LATERAL_TOLERANCE_MM = 0.5  # over the whole stack: less than a voxel of any emission image
# What a scanner of people can mean, in mm; beyond it a header is in another unit, or damaged.
_SPACING_RANGE_MM = (0.01, 100.0)
_FARTHEST_MM = 20000.0


def directionCosines(orientation, where):
    """Row direction, column direction and their normal (each 3, LPS), made exactly orthonormal.

    Raises
    ------
    InputError
        When the six numbers are no two perpendicular unit vectors.
    """
    row, column = np.asarray(orientation[:3], float), np.asarray(orientation[3:], float)
    lengths = np.linalg.norm(row), np.linalg.norm(column)
    if max(abs(lengths[0] - 1), abs(lengths[1] - 1), abs(row @ column)) > _COSINE_TOLERANCE:
        raise InputError(
            f"The image orientation in the file is not valid ({tagName('ImageOrientationPatient')})", where
        )
    row = row / lengths[0]
    column = column - (column @ row) * row
    column = column / np.linalg.norm(column)
    return row, column, np.cross(row, column)


def requirePixelSpacing(spacingMM, where):
    """Refuse pixels that no scanner makes."""
    if min(spacingMM) < _SPACING_RANGE_MM[0] or max(spacingMM) > _SPACING_RANGE_MM[1]:
        shown = " x ".join(f"{edge:g}" for edge in spacingMM)
        raise InputError(f"Pixels of {shown} mm cannot be ({tagName('PixelSpacing')})", where, "Export it again")


def requireStep(stepMM, where, keyword="SpacingBetweenSlices"):
    """Refuse a distance between slices that no scanner makes."""
    if not _SPACING_RANGE_MM[0] <= abs(stepMM) <= _SPACING_RANGE_MM[1]:
        raise InputError(f"A distance between slices of {stepMM:g} mm cannot be ({tagName(keyword)})", where,
                         "Export it again")  # fmt: skip


def requirePosition(positionMM, where):
    """Refuse a position that lies outside any room."""
    if max(abs(coordinate) for coordinate in positionMM) > _FARTHEST_MM:
        raise InputError(f"{tagName('ImagePositionPatient')} is {list(positionMM)} mm, which cannot be", where,
                         "Export it again")  # fmt: skip


def matrixFromStep(orientation, positionMM, pixelSpacingMM, stepMM, where):
    """ijkToRAS of slices stacked along the normal, and whether their order has to be reversed.

    Parameters
    ----------
    orientation : sequence of 6
        Image Orientation (Patient).
    positionMM : sequence of 3
        Image Position (Patient) of the first slice.
    pixelSpacingMM : sequence of 2
        Pixel Spacing: between rows, between columns.
    stepMM : float
        Signed distance between slices along row x column (PS3.3 C.8.4.15: negative is in front of the first slice).

    Returns
    -------
    tuple of (numpy.ndarray 4 x 4, bool)
        The matrix is right-handed: for a negative step it belongs to the slices in reversed order.
    """
    row, column, normal = directionCosines(orientation, where)
    requirePixelSpacing(pixelSpacingMM, where)
    requireStep(stepMM, where)
    requirePosition(positionMM, where)
    matrix = np.eye(4)
    matrix[:3, 0], matrix[:3, 1], matrix[:3, 2] = row * pixelSpacingMM[1], column * pixelSpacingMM[0], normal * stepMM
    matrix[:3, 3] = positionMM
    return RAS_FROM_LPS @ matrix, stepMM < 0


def reversedStack(matrix, sliceCount):
    """Matrix of the same slices counted from the last one."""
    result = matrix.copy()
    result[:3, 3] = matrix[:3, 3] + matrix[:3, 2] * (sliceCount - 1)
    result[:3, 2] = -matrix[:3, 2]
    return result


def orderSlices(positionsMM, orientation, where):
    """Order and common distance of parallel slices.

    Parameters
    ----------
    positionsMM : numpy.ndarray
        Image Position (Patient) of every slice, shape (slices, 3).
    orientation : sequence of 6
        Image Orientation (Patient), common to all.

    Returns
    -------
    tuple of (numpy.ndarray of int, float)
        Indices in order along the normal, and the distance between slices in mm.

    Raises
    ------
    InputError
        When slices are missing, doubled, unevenly spaced or sheared (gantry tilt), or when there is only one.
    """
    _, _, normal = directionCosines(orientation, where)
    if len(positionsMM) < 2:
        raise InputError("There is only one slice; a volume needs all slices of the series", where)
    for position in positionsMM:
        requirePosition(position, where)
    depths = positionsMM @ normal
    order = np.argsort(depths, kind="stable")
    depths, positions = depths[order], positionsMM[order]
    steps = np.diff(depths)
    if steps.min() < _POSITION_TOLERANCE_MM:
        first = int(np.argmin(steps))
        raise InputError(
            f"Two slices lie at the same position ({depths[first]:.2f} mm, {tagText('ImagePositionPatient')})", where,
            "Several phases or copies in one series: export the one wanted alone",
        )  # fmt: skip
    typical = float(np.median(steps))
    isUneven = np.abs(steps - typical) > max(_SPACING_TOLERANCE * typical, _POSITION_TOLERANCE_MM)
    if isUneven.any():
        first = int(np.argmax(isUneven))
        missing = steps[isUneven] / typical - 1
        if np.abs(missing - np.round(missing)).max() < 0.1 and missing.min() > 0.5:
            what = (
                f"{int(np.round(missing).sum())} slice(s) are missing, the first between "
                f"{depths[first]:.2f} and {depths[first + 1]:.2f} mm ({tagText('ImagePositionPatient')})"
            )
        else:
            what = (
                f"The slices are not evenly spaced: {steps[first]:.2f} mm instead of {typical:.2f} mm "
                f"at {depths[first]:.2f} mm ({tagText('ImagePositionPatient')})"
            )
        raise InputError(what, where, "Export the complete series with one slice distance")
    drift = positions - positions[0]
    lateral = drift - np.outer(drift @ normal, normal)
    if np.abs(lateral).max() > _LATERAL_TOLERANCE_MM:
        raise InputError(
            f"The slices are shifted against each other (gantry tilt, {tagText('ImagePositionPatient')})", where,
            "Export the series without tilt",
        )
    return order, float((depths[-1] - depths[0]) / (len(depths) - 1))

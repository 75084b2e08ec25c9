"""Between :class:`~.volume.Volume` (numpy, RAS) and SimpleITK images and transforms (LPS)."""

import numpy as np

from ..errors import InputError
from .grid import gridOf, rigidOrAffine
from .volume import RAS_FROM_LPS, Volume


def supportedArray(array):
    """The array in a pixel type and byte order SimpleITK knows; the very same object where it already is."""
    array = np.asarray(array)
    if array.dtype == bool:
        return array.view(np.uint8)
    if array.dtype == np.float16:
        return array.astype(np.float32)
    if array.dtype.kind not in "iuf" or array.dtype.itemsize > 8:
        raise InputError(f"Voxels of type {array.dtype} cannot be processed", "", "Use integer or real numbers")
    if not array.dtype.isnative:
        return array.astype(array.dtype.newbyteorder("="))
    return array


def toSITK(volume):
    """SimpleITK image with the values and the geometry of a volume (one copy of the voxels).

    Parameters
    ----------
    volume : Volume

    Returns
    -------
    SimpleITK.Image
        Voxel (i, j, k) lies at the same place; positions in left-posterior-superior mm.
    """
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(supportedArray(volume.array), isVector=False)
    origin, spacing, direction = _geometryLPS(volume)
    image.SetOrigin(origin)
    image.SetSpacing(spacing)
    image.SetDirection(direction)
    return image


def fromSITK(image, unit="", name=""):
    """Volume with the values (copied once, so that it outlives ``image``) and the geometry of a SimpleITK image."""
    import SimpleITK as sitk

    if image.GetDimension() != 3 or image.GetNumberOfComponentsPerPixel() != 1:
        raise InputError("The image is not three-dimensional with one number per voxel", name)
    direction = np.array(image.GetDirection()).reshape(3, 3)
    matrixLPS = np.eye(4)
    matrixLPS[:3, :3] = direction * np.array(image.GetSpacing())
    matrixLPS[:3, 3] = image.GetOrigin()
    return Volume(sitk.GetArrayFromImage(image), RAS_FROM_LPS @ matrixLPS, unit, name)


def sitkTransform(matrixRAS):
    """SimpleITK affine transform that maps points (LPS) as the 4 x 4 ``matrixRAS`` maps points in RAS mm."""
    import SimpleITK as sitk

    matrix = RAS_FROM_LPS @ rigidOrAffine(matrixRAS) @ RAS_FROM_LPS
    transform = sitk.AffineTransform(3)
    transform.SetMatrix(matrix[:3, :3].ravel().tolist())
    transform.SetTranslation(matrix[:3, 3].tolist())
    return transform


def matrixFromSITK(transform):
    """4 x 4 in RAS mm of a linear SimpleITK transform; inverse of :func:`sitkTransform`."""
    offset = np.array(transform.TransformPoint((0.0, 0.0, 0.0)))
    columns = [np.array(transform.TransformPoint(tuple(axis))) - offset for axis in np.eye(3)]
    matrix = np.eye(4)
    matrix[:3, :3] = np.array(columns).T
    matrix[:3, 3] = offset
    return RAS_FROM_LPS @ matrix @ RAS_FROM_LPS


def resampleOnto(image, grid, gridToImage, interpolator, outside, dtype=None):
    """Values of a SimpleITK image on the voxel centers of ``grid``, as an array (k, j, i); multi-threaded.

    ``dtype`` (numpy) is that of the result; the type of the image when left out.
    """
    import SimpleITK as sitk

    pixelType = sitk.sitkUnknown
    if dtype is not None:
        pixelType = sitk.GetImageFromArray(supportedArray(np.zeros((1, 1, 1), dtype))).GetPixelID()
    origin, spacing, direction = _geometryLPS(grid)
    resampled = sitk.Resample(image, [int(n) for n in gridOf(grid).sizeIJK], sitkTransform(gridToImage), interpolator,
                              origin, spacing, direction, float(outside), pixelType)
    return sitk.GetArrayFromImage(resampled)


def _geometryLPS(image):
    matrix = RAS_FROM_LPS @ image.ijkToRAS
    spacing = image.spacingMM
    return matrix[:3, 3].tolist(), spacing.tolist(), (matrix[:3, :3] / spacing).ravel().tolist()

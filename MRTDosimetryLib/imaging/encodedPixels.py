"""Compressed DICOM pixels that pydicom finds no decoder for, through the GDCM inside SimpleITK."""

import numpy as np

from ..errors import InputError

_WHOLE_TOLERANCE = 0.01


def storedSlice(path, slope, intercept):
    """Stored values of a single-frame file, shape (rows, columns).

    Parameters
    ----------
    path : str
    slope, intercept : float
        Rescale slope and intercept of the file; SimpleITK applies them, so they are taken out again.

    Raises
    ------
    InputError
        When the file cannot be decoded, holds more than one frame, or the values do not come back as whole numbers.
    """
    import SimpleITK as sitk

    try:
        image = sitk.ReadImage(str(path), imageIO="GDCMImageIO")
    except RuntimeError as error:
        raise InputError("The pixels cannot be decoded", str(path)) from error
    if image.GetDimension() != 3 or image.GetSize()[2] != 1 or image.GetNumberOfComponentsPerPixel() != 1:
        raise InputError("The pixels cannot be decoded", str(path))
    values = (sitk.GetArrayFromImage(image)[0].astype(np.float64) - intercept) / slope
    whole = np.rint(values)
    if np.abs(values - whole).max() > _WHOLE_TOLERANCE:
        raise InputError("The pixels cannot be decoded", str(path))
    return whole.astype(np.int32)

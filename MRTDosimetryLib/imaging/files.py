"""Images from and to NRRD, NIfTI and MetaImage files."""

import os

import numpy as np

from ..errors import InputError
from .sitkBridge import fromSITK, toSITK

_ENDINGS = (".nrrd", ".nhdr", ".nii", ".nii.gz", ".mha", ".mhd")
_KNOWN = "NRRD (.nrrd), NIfTI (.nii, .nii.gz) or MetaImage (.mha)"


def isImageFile(path):
    """Whether the name of the file ends like an image :func:`readImage` can read."""
    return str(path).lower().endswith(_ENDINGS)


def readImage(path, name=""):
    """Read one three-dimensional scalar image.

    Values, also those that are not finite, come as they are in the file (see :mod:`.checks`); the voxel
    type is kept. The unit is unknown and left empty.

    Parameters
    ----------
    path : str or os.PathLike
        NRRD, NIfTI or MetaImage file.
    name : str
        What the image is called in messages; the file's name when empty.

    Returns
    -------
    Volume

    Raises
    ------
    InputError
        Missing or unreadable file, unknown format, not exactly three dimensions, several numbers per voxel.
    """
    import SimpleITK as sitk

    path = os.fspath(path)
    name = name or os.path.basename(path)
    if not os.path.exists(path):
        raise InputError("The file does not exist", path, "Check the path")
    if os.path.isdir(path):
        raise InputError("This is a folder, not an image file", path, f"Choose a {_KNOWN} file")
    if not isImageFile(path):
        raise InputError("The file is of no known image format", path, f"Use {_KNOWN}")
    reader = sitk.ImageFileReader()
    reader.SetFileName(path)
    try:
        reader.ReadImageInformation()
    except RuntimeError as error:
        raise InputError(f"The file cannot be read as an image ({_reason(error)})", path,
                         "Export the image again") from error
    dimensions, components = reader.GetDimension(), reader.GetNumberOfComponents()
    if dimensions != 3:
        raise InputError(f"The image has {dimensions} dimensions instead of 3", path,
                         "Give one three-dimensional image per file")
    if components != 1:
        raise InputError(f"The image has {components} numbers per voxel instead of one", path,
                         "Give a scalar image; export a segmentation as a labelmap")
    if reader.GetPixelID() in (sitk.sitkComplexFloat32, sitk.sitkComplexFloat64):
        raise InputError("The image holds complex numbers", path, "Give an image of real numbers")
    try:
        image = reader.Execute()
    except RuntimeError as error:
        raise InputError(f"The voxels of the file cannot be read ({_reason(error)})", path,
                         "The file may be cut short; copy or export it again") from error
    return fromSITK(image, "", name)


def writeImage(volume, path, compress=True):
    """Write a volume; the ending of ``path`` chooses the format.

    The file is written under another name first, so that a failure leaves nothing half-written.

    Raises
    ------
    InputError
        Unknown ending, missing folder, or a place that cannot be written.
    """
    import SimpleITK as sitk

    path = os.fspath(path)
    ending = next((e for e in sorted(_ENDINGS, key=len, reverse=True) if path.lower().endswith(e)), None)
    if ending is None:
        raise InputError("The ending of the file name is of no known image format", path, f"Use {_KNOWN}")
    if ending in (".nhdr", ".mhd"):
        raise InputError("Images are written as one file, not as header and data apart", path, f"Use {_KNOWN}")
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise InputError("The folder to write into does not exist", folder, "Create it or choose another")
    partial = f"{path[:-len(ending)]}.partial{ending}"
    try:
        sitk.WriteImage(toSITK(volume), partial, compress)
        os.replace(partial, path)
    except (RuntimeError, OSError) as error:
        if os.path.exists(partial):
            os.remove(partial)
        raise InputError(f"The image cannot be written ({_reason(error)})", path,
                         "Check free space and permissions") from error


def requireLabels(volume):
    """The values of a label image as non-negative integers, array (k, j, i) of the smallest fitting type.

    Raises
    ------
    InputError
        When the image holds values that are not whole numbers from 0 on.
    """
    array = volume.array
    if array.dtype == bool:
        return array.view(np.uint8)
    if array.dtype.kind == "f":
        if not np.all(np.isfinite(array)) or np.any(array != np.rint(array)):
            raise InputError("The label image holds values that are not whole numbers", volume.name,
                             "Give a labelmap with one whole number per region")
    elif array.dtype.kind not in "iu":
        raise InputError("The label image does not hold numbers", volume.name)
    low, high = array.min(), array.max()
    if low < 0:
        raise InputError(f"The label image holds the negative value {low:g}", volume.name,
                         "Labels are whole numbers from 1 on; 0 is background")
    if high >= 2 ** 31:
        raise InputError(f"The label image holds the value {high:g}, too large for a label", volume.name)
    return array.astype(np.uint8 if high < 256 else np.uint16 if high < 65536 else np.int32, copy=False)


def _reason(error):
    """The last meaningful line of an ITK message, short enough for a user."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = lines[-1] if lines else type(error).__name__
    text = text.split("): ")[-1]
    return text[:160].rstrip(".")

"""Maps from elsewhere in any file format: DICOM RT Dose, or an image file (NRRD, NIfTI, MetaImage)."""

import os

from ..errors import InputError
from ..imaging.externalMap import externalMap, readMapImage
from ..imaging.files import isImageFile, readImage
from . import catalog
from .radiotherapyDose import readRTDose


def readExternalMap(path, quantity, unit=None, *, frameOfReferenceUID="", patientId="", **stated):
    """Read a map that was computed elsewhere.

    Parameters
    ----------
    path : str or os.PathLike
        NRRD, NIfTI, MetaImage (.mha, or .mhd with its voxels in a file of its own) or DICOM RT Dose.
    quantity : {"absorbedDose", "absorbedDoseRate", "timeIntegratedActivity"}
    unit : str, optional
        May be left out where the file states it (always for RT Dose: Gy).
    frameOfReferenceUID : str
        Of the study's reference CT; an RT Dose of another frame of reference is refused. Empty: cannot be checked, and
        the notes say so.
    patientId : str
        Of the study; another one in an RT Dose is noted.
    stated
        ``timeHours``, ``primaries``, ``decays``, ``activityMBq``, ``uncertainty`` (path or Volume),
        ``uncertaintyKind``, ``gridFrom``: see :func:`~MRTDosimetryLib.imaging.externalMap.externalMap`.

    Returns
    -------
    ExternalMap

    Raises
    ------
    InputError
        A file that cannot be read or trusted; otherwise as :func:`~MRTDosimetryLib.imaging.externalMap.externalMap`.
    """
    path = os.fspath(path)
    if not os.path.exists(path):
        raise InputError("The file does not exist", path, "Check the path")
    if isImageFile(path) and not os.path.isdir(path):
        return readMapImage(path, quantity, unit, **stated)
    if not catalog.holdsDicom(path):
        raise InputError("The file is neither DICOM nor an image file", path,
                         "Give DICOM RT Dose, NRRD (.nrrd), NIfTI (.nii, .nii.gz) or MetaImage (.mha, .mhd)")
    if quantity != "absorbedDose":
        raise InputError("DICOM RT Dose holds an absorbed dose and nothing else", path,
                         "Give the map as absorbed dose, or in another format")
    series = readRTDose(path, frameOfReferenceUID, patientId)
    uncertainty = stated.pop("uncertainty", None)
    files = series.files
    if isinstance(uncertainty, (str, os.PathLike)):
        files, uncertainty = (*files, os.fspath(uncertainty)), readImage(uncertainty)
    frame = series.facts.get("frameOfReferenceUID")
    return externalMap(series.volume, quantity, unit, headerUnit=("Gy", series.facts["unit"].detail),
                       uncertainty=uncertainty, files=files,
                       notes=[f"{series.volume.name}: {words}." for words in series.warnings],
                       frameOfReferenceUID=frame.value if frame else "", **stated)

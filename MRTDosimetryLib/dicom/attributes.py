"""Attributes that every image we write has in common."""

import hashlib
from dataclasses import dataclass

from .. import __version__
from ..errors import InputError

MANUFACTURER = "MRTDosimetry"
_CHARACTER_SET = "ISO_IR 192"


@dataclass(frozen=True)
class PatientDescription:
    """Patient and study that written images belong to.

    Attributes
    ----------
    name, patientId : str
        DICOM person name and patient ID.
    sex : str
        ``"M"``, ``"F"``, ``"O"`` or empty.
    weightKG, heightM : float or None
    isIdentityRemoved : bool
        Whether no real person stands behind the data.
    deidentificationMethod : str
        Said when the identity is removed.
    birthDate : str
        DICOM date, or empty.
    """

    name: str
    patientId: str
    sex: str = ""
    weightKG: float | None = None
    heightM: float | None = None
    isIdentityRemoved: bool = False
    deidentificationMethod: str = ""
    birthDate: str = ""


def stableUID(*parts):
    """UID below 2.25 (PS3.5 B.2) that depends on nothing but ``parts``."""
    digest = bytearray(hashlib.sha256("\0".join(str(part) for part in parts).encode()).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x80  # RFC 9562 version 8, variant 10: a UUID of our own making
    digest[8] = digest[8] & 0x3F | 0x80
    return f"2.25.{int.from_bytes(digest, 'big')}"


def newImage(sopClassUID, sopInstanceUID):
    """Empty data set with its file meta information, explicit VR little endian."""
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = sopClassUID
    meta.MediaStorageSOPInstanceUID = sopInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    # A fixed root of our own for the implementation, so that files do not depend on the version of pydicom.
    meta.ImplementationClassUID = stableUID("implementation", MANUFACTURER)
    meta.ImplementationVersionName = "MRTDOSIMETRY"
    dataset = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SpecificCharacterSet = _CHARACTER_SET
    dataset.SOPClassUID = sopClassUID
    dataset.SOPInstanceUID = sopInstanceUID
    return dataset


def describePatientAndStudy(dataset, patient, studyInstanceUID, studyDateTime, studyDescription):
    """Patient, general study and equipment modules (PS3.3 C.7.1 to C.7.5)."""
    dataset.PatientName = patient.name
    dataset.PatientID = patient.patientId
    dataset.PatientBirthDate = patient.birthDate
    dataset.PatientSex = patient.sex
    if patient.weightKG is not None:
        dataset.PatientWeight = decimal(patient.weightKG)
    if patient.heightM is not None:
        dataset.PatientSize = decimal(patient.heightM)
    if patient.isIdentityRemoved:
        dataset.PatientIdentityRemoved = "YES"
        dataset.DeidentificationMethod = patient.deidentificationMethod
    dataset.StudyInstanceUID = studyInstanceUID
    dataset.StudyDate, dataset.StudyTime = dateAndTime(studyDateTime)
    dataset.StudyDescription = studyDescription
    dataset.StudyID = "1"
    dataset.AccessionNumber = ""
    dataset.ReferringPhysicianName = ""
    dataset.Manufacturer = MANUFACTURER
    dataset.ManufacturerModelName = "MRTDosimetry"
    dataset.DeviceSerialNumber = "0"
    dataset.SoftwareVersions = __version__


def dateAndTime(moment):
    """DICOM DA and TM texts of a date and time."""
    time = moment.strftime("%H%M%S")
    return moment.strftime("%Y%m%d"), f"{time}.{moment.microsecond:06d}" if moment.microsecond else time


def decimal(value):
    """Number as a DICOM decimal string: at most 16 characters, exact where that suffices."""
    from pydicom.valuerep import format_number_as_ds

    return format_number_as_ds(float(value))


def codeItem(value, scheme, meaning):
    """One item of a code sequence (PS3.3 8.8)."""
    from pydicom.dataset import Dataset

    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def rightHanded(volume):
    """The same image with its slices in the order that makes rows, columns and slices right-handed, as DICOM needs."""
    import numpy as np

    if np.linalg.det(volume.ijkToRAS[:3, :3]) > 0:
        return volume
    matrix = volume.ijkToRAS.copy()
    matrix[:3, 3] += matrix[:3, 2] * (volume.array.shape[0] - 1)
    matrix[:3, 2] = -matrix[:3, 2]
    return type(volume)(np.ascontiguousarray(volume.array[::-1]), matrix, volume.unit, volume.name)


def axialGeometry(volume):
    """Orientation, first position (LPS), pixel spacing and slice distance of a volume, as DICOM has them.

    Returns
    -------
    tuple of (list of 6, numpy.ndarray 3, numpy.ndarray 3, list of 2, float)
        Image Orientation (Patient), position of the first slice, unit normal, Pixel Spacing (rows, columns), distance
        between slices along the normal (positive).

    Raises
    ------
    InputError
        When the axes of the volume are not perpendicular or left-handed (see :func:`rightHanded`).
    """
    import numpy as np

    from ..imaging.volume import RAS_FROM_LPS

    matrix = RAS_FROM_LPS @ volume.ijkToRAS
    spacing = volume.spacingMM
    directions = matrix[:3, :3] / spacing
    if np.abs(directions.T @ directions - np.eye(3)).max() > 1e-4 or np.linalg.det(directions) < 0:
        raise InputError("The axes of the image are not perpendicular and right-handed", volume.name)
    row, column, normal = directions.T
    return [*row, *column], matrix[:3, 3], normal, [spacing[1], spacing[0]], float(spacing[2])


def save(dataset, path):
    """Write a file, or say why not."""
    try:
        dataset.save_as(path, enforce_file_format=True)
    except OSError as error:
        raise InputError(f"The file cannot be written ({error.strerror or error})", str(path)) from error

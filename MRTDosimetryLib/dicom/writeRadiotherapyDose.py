"""Write a map of the absorbed dose as RT Dose (PS3.3 A.18.3)."""

import numpy as np

from ..errors import InputError
from .attributes import (
    axialGeometry,
    dateAndTime,
    decimal,
    describePatientAndStudy,
    newImage,
    rightHanded,
    save,
)
from .radiotherapyDose import SOP_CLASS_UID

_LARGEST_STORED = 2**32 - 1
_PLAN_SOP_CLASS_UID = "1.2.840.10008.5.1.4.1.1.481.5"


def writeRTDose(volume, path, source, seriesInstanceUID, sopInstanceUID, madeAt, seriesDescription="Absorbed dose",
                seriesNumber=101, comment="", planInstanceUID=None):  # fmt: skip
    """Write an absorbed dose.

    The values are stored as 32-bit numbers with a grid scaling that fits the largest, so that their steps are below
    that of single precision.

    Parameters
    ----------
    volume : Volume
        Gy, not negative, on perpendicular axes.
    path : str
    source : Source
        Patient, study, frame of reference and the images on which the map lies.
    seriesInstanceUID, sopInstanceUID : str
    madeAt : datetime.datetime
    comment : str
        Dose Comment, e.g. engine and density; at most 64 characters are kept.
    planInstanceUID : str, optional
        Of an RT Plan. Molecular radiotherapy has none; a summation over a plan (the only term for the absorbed dose of
        a whole treatment that needs no treatment records) requires a reference, which then is a UID of its own.

    Raises
    ------
    InputError
        When the values are not in Gy, negative or not finite, or the file cannot be written.
    """
    if volume.unit != "Gy":
        raise InputError(f"An RT Dose is written in Gy, not in {volume.unit or 'an unknown unit'}", volume.name)
    volume = rightHanded(volume)
    values = volume.array
    largest = float(values.max())
    if not np.isfinite(largest) or not np.isfinite(float(values.min())) or values.min() < 0:
        raise InputError("The absorbed dose is negative or not finite", volume.name)
    scaling = gridScaling(largest)
    stored = np.rint(values.astype(np.float64) / scaling)
    orientation, first, _, pixelSpacing, stepMM = axialGeometry(volume)
    dataset = newImage(SOP_CLASS_UID, sopInstanceUID)
    describePatientAndStudy(dataset, source.patient, source.studyInstanceUID, source.studyDateTime,
                            source.studyDescription)  # fmt: skip
    source.describeStudy(dataset)
    date, time = dateAndTime(madeAt)
    dataset.Modality, dataset.OperatorsName = "RTDOSE", ""
    dataset.SeriesInstanceUID, dataset.SeriesNumber, dataset.InstanceNumber = seriesInstanceUID, seriesNumber, 1
    dataset.SeriesDescription = seriesDescription
    dataset.SeriesDate = dataset.InstanceCreationDate = dataset.ContentDate = date
    dataset.SeriesTime = dataset.InstanceCreationTime = dataset.ContentTime = time
    dataset.FrameOfReferenceUID, dataset.PositionReferenceIndicator = source.frameOfReferenceUID, ""
    dataset.SliceThickness = decimal(stepMM)
    dataset.ImagePositionPatient = [decimal(value) for value in first]
    dataset.ImageOrientationPatient = [decimal(value) for value in orientation]
    dataset.PixelSpacing = [decimal(value) for value in pixelSpacing]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.NumberOfFrames = len(stored)
    from pydicom.tag import Tag

    dataset.FrameIncrementPointer = Tag("GridFrameOffsetVector")
    dataset.Rows, dataset.Columns = values.shape[1:]
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 32, 32, 31, 0
    dataset.DoseUnits, dataset.DoseType, dataset.DoseSummationType = "GY", "PHYSICAL", "PLAN"
    dataset.DoseComment = comment[:64]
    dataset.GridFrameOffsetVector = [decimal(index * stepMM) for index in range(len(stored))]
    dataset.DoseGridScaling = decimal(scaling)
    dataset.TissueHeterogeneityCorrection = ["IMAGE"] if source.hasDensityFromImage else ["WATER"]
    dataset.ReferencedRTPlanSequence = [_reference(_PLAN_SOP_CLASS_UID, planInstanceUID or source.planInstanceUID)]
    if source.images:
        dataset.ReferencedImageSequence = [
            _reference(image.SOPClassUID, image.SOPInstanceUID) for image in source.images
        ]
    dataset.PixelData = stored.astype("<u4").tobytes()
    save(dataset, path)


def gridScaling(largest):
    """Dose Grid Scaling in Gy: as a decimal string exactly, and large enough for the largest value."""
    if largest <= 0:
        return 1e-9
    scaling = float(decimal(float(f"{largest / _LARGEST_STORED:.9e}")))
    return scaling if largest / scaling <= _LARGEST_STORED else float(f"{scaling * (1 + 2e-9):.9e}")


def _reference(sopClassUID, sopInstanceUID):
    from pydicom.dataset import Dataset

    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sopClassUID, sopInstanceUID
    return item

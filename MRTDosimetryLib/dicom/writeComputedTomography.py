"""Write a CT series: one CT Image Storage file per slice (PS3.3 A.3)."""

import os

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
    stableUID,
)
from .computedTomography import SOP_CLASS_UID

_RESCALE_INTERCEPT = -1024


def writeCTSeries(
    volume, folder, patient, studyInstanceUID, seriesInstanceUID, frameOfReferenceUID, acquisition,
    studyDateTime=None, studyDescription="", seriesDescription="CT", seriesNumber=1,
):  # fmt: skip
    """Write a CT volume.

    Parameters
    ----------
    volume : Volume
        Whole Hounsfield units from -1024 to 31743, shape (k, j, i).
    folder : str
        Existing folder; files are called ``ct0001.dcm`` and so on, from the first slice upward.
    patient : PatientDescription
    studyInstanceUID, seriesInstanceUID, frameOfReferenceUID : str
    acquisition, studyDateTime : datetime.datetime
        Start of the acquisition and of the study (the same when left out).

    Returns
    -------
    list of str
        Paths, in slice order.

    Raises
    ------
    InputError
        When values are no whole Hounsfield units in range, or a file cannot be written.
    """
    values = volume.array
    if values.dtype.kind not in "iu":
        raise InputError("A CT series is written from whole Hounsfield units", volume.name)
    if values.min() < _RESCALE_INTERCEPT or values.max() > np.iinfo(np.int16).max + _RESCALE_INTERCEPT:
        raise InputError("The CT values are outside -1024 to 31743 HU", volume.name)
    volume = rightHanded(volume)
    values = volume.array
    orientation, first, normal, pixelSpacing, stepMM = axialGeometry(volume)
    dataset = newImage(SOP_CLASS_UID, "")
    describePatientAndStudy(dataset, patient, studyInstanceUID, studyDateTime or acquisition, studyDescription)
    date, time = dateAndTime(acquisition)
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.Modality = "CT"
    dataset.SeriesInstanceUID, dataset.SeriesNumber = seriesInstanceUID, seriesNumber
    dataset.SeriesDescription, dataset.Laterality = seriesDescription, ""  # type 2C: of paired organs
    dataset.SeriesDate = dataset.AcquisitionDate = dataset.ContentDate = dataset.InstanceCreationDate = date
    dataset.SeriesTime = dataset.AcquisitionTime = dataset.ContentTime = dataset.InstanceCreationTime = time
    dataset.PatientPosition = "HFS"
    dataset.FrameOfReferenceUID, dataset.PositionReferenceIndicator = frameOfReferenceUID, ""
    dataset.KVP = decimal(120)
    dataset.ConvolutionKernel = "SOFT TISSUE"
    dataset.AcquisitionNumber = 1
    dataset.SliceThickness = decimal(stepMM)
    dataset.SpacingBetweenSlices = decimal(stepMM)
    dataset.ImageOrientationPatient = [decimal(value) for value in orientation]
    dataset.PixelSpacing = [decimal(value) for value in pixelSpacing]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = values.shape[1:]
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 16, 15, 0
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = str(_RESCALE_INTERCEPT), "1", "HU"
    dataset.WindowCenter, dataset.WindowWidth = "40", "400"
    paths = []
    for index, plane in enumerate(values):
        # One data set is changed from slice to slice: building it anew for each is what makes writing slow.
        uid = stableUID(seriesInstanceUID, index)
        position = first + index * stepMM * normal
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = uid
        dataset.InstanceNumber = index + 1
        dataset.ImagePositionPatient = [decimal(value) for value in position]
        dataset.SliceLocation = decimal(position @ normal)
        stored = (plane.astype(np.int32) - _RESCALE_INTERCEPT).astype("<u2")
        dataset.PixelData = stored.tobytes()
        path = os.path.join(folder, f"ct{index + 1:04d}.dcm")
        save(dataset, path)
        paths.append(path)
    return paths

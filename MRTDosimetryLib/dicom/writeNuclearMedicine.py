"""Write a SPECT as one multi-frame RECON TOMO object (PS3.3 A.5: Nuclear Medicine Image Storage)."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from ..errors import InputError
from .attributes import (
    axialGeometry,
    codeItem,
    dateAndTime,
    decimal,
    describePatientAndStudy,
    newImage,
    save,
    stableUID,
)
from .nuclearMedicine import SOP_CLASS_UID

_LARGEST_STORED = 65535


@dataclass(frozen=True)
class Administration:
    """What was given to the patient, and when.

    Attributes
    ----------
    radionuclideCode, radiopharmaceuticalCode : tuple of (value, scheme, meaning)
        From PS3.16 CID 18 and CID 25.
    """

    startDateTime: datetime
    activityMBq: float
    halfLifeSeconds: float
    radionuclideCode: tuple
    radiopharmaceuticalCode: tuple
    radiopharmaceutical: str


LUTETIUM_177 = ("447553000", "SCT", "^177^Lutetium")
LUTETIUM_177_DOTATATE = ("781259000", "SCT", "Lutetium^177^ DOTATATE")


def writeSpect(
    volume, path, patient, studyInstanceUID, seriesInstanceUID, frameOfReferenceUID, acquisition, administration,
    views, viewSeconds, studyDateTime=None, studyDescription="", seriesDescription="SPECT", seriesNumber=2,
):  # fmt: skip
    """Write a calibrated SPECT volume.

    Parameters
    ----------
    volume : Volume
        Activity concentration in Bq/mL at the start of the acquisition, not negative.
    path : str
    patient : PatientDescription
    studyInstanceUID, seriesInstanceUID, frameOfReferenceUID : str
    acquisition, studyDateTime : datetime.datetime
        Start of the acquisition and of the study (the same when left out).
    administration : Administration
    views, viewSeconds : int, float
        Views in the rotation and the duration of each.

    Raises
    ------
    InputError
        When the values are not in Bq/mL, negative or not finite, or the file cannot be written.
    """
    if volume.unit != "Bq/mL":
        raise InputError(f"A SPECT is written in Bq/mL, not in {volume.unit or 'an unknown unit'}", volume.name)
    values = volume.array
    largest = float(values.max())
    if not np.isfinite(largest) or not np.isfinite(float(values.min())) or values.min() < 0:
        raise InputError("The activity concentration is negative or not finite", volume.name)
    # The slope is rounded to what a decimal string holds, so that reading gives back the very same factor.
    slope = float(f"{(largest or 1.0) / _LARGEST_STORED:.9e}")
    stored = np.minimum(np.rint(values / np.float64(slope)), _LARGEST_STORED).astype("<u2")
    orientation, first, _, pixelSpacing, stepMM = axialGeometry(volume)
    dataset = newImage(SOP_CLASS_UID, stableUID(seriesInstanceUID, "image"))
    describePatientAndStudy(dataset, patient, studyInstanceUID, studyDateTime or acquisition, studyDescription)
    date, time = dateAndTime(acquisition)
    dataset.ImageType = ["DERIVED", "PRIMARY", "RECON TOMO", "EMISSION"]
    dataset.Modality = "NM"
    dataset.SeriesInstanceUID, dataset.SeriesNumber = seriesInstanceUID, seriesNumber
    dataset.SeriesDescription, dataset.InstanceNumber = seriesDescription, 1
    dataset.SeriesDate = dataset.AcquisitionDate = dataset.ContentDate = dataset.InstanceCreationDate = date
    dataset.SeriesTime = dataset.AcquisitionTime = dataset.ContentTime = dataset.InstanceCreationTime = time
    dataset.PatientPosition = "HFS"
    dataset.FrameOfReferenceUID, dataset.PositionReferenceIndicator = frameOfReferenceUID, ""
    dataset.PatientOrientationCodeSequence = [codeItem("102538003", "SCT", "recumbent")]
    dataset.PatientOrientationCodeSequence[0].PatientOrientationModifierCodeSequence = [
        codeItem("40199007", "SCT", "supine")
    ]
    dataset.PatientGantryRelationshipCodeSequence = [codeItem("102540008", "SCT", "headfirst")]
    dataset.CorrectedImage = ["UNIF", "COR", "DECY", "ATTN", "SCAT"]
    dataset.DecayCorrection = "START"
    dataset.CountsAccumulated = ""
    dataset.TypeOfDetectorMotion = "STEP AND SHOOT"
    dataset.SliceThickness = decimal(stepMM)
    dataset.SpacingBetweenSlices = decimal(stepMM)
    dataset.PixelSpacing = [decimal(value) for value in pixelSpacing]
    _describeWindowsAndDetector(dataset, orientation, first, views, viewSeconds)
    dataset.RadiopharmaceuticalInformationSequence = [_radiopharmaceutical(administration)]
    _describePixels(dataset, stored, slope)
    save(dataset, path)


def _describePixels(dataset, stored, slope):
    """Multi-frame, pixel and real-world-value modules."""
    from pydicom.dataset import Dataset
    from pydicom.tag import Tag

    count = len(stored)
    dataset.NumberOfFrames = count
    dataset.FrameIncrementPointer = Tag("SliceVector")
    dataset.NumberOfSlices = count
    dataset.SliceVector = list(range(1, count + 1))
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = stored.shape[1:]
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 16, 15, 0
    mapping = Dataset()
    mapping.RealWorldValueFirstValueMapped, mapping.RealWorldValueLastValueMapped = 0, _LARGEST_STORED
    # both are of VR "US or SS"; the pixels are unsigned
    for keyword in ("RealWorldValueFirstValueMapped", "RealWorldValueLastValueMapped"):
        mapping[keyword].VR = "US"
    mapping.RealWorldValueIntercept, mapping.RealWorldValueSlope = 0.0, slope
    mapping.LUTExplanation, mapping.LUTLabel = "Activity concentration", "Bq/ml"
    mapping.MeasurementUnitsCodeSequence = [codeItem("Bq/ml", "UCUM", "Becquerels/milliliter")]
    dataset.RealWorldValueMappingSequence = [mapping]
    dataset.PixelData = stored.tobytes()


def _describeWindowsAndDetector(dataset, orientation, first, views, viewSeconds):
    """NM isotope, detector and TOMO acquisition modules (PS3.3 C.8.4.10, C.8.4.11, C.8.4.14)."""
    from pydicom.dataset import Dataset

    # 208 keV window of 20 %
    bounds, window = Dataset(), Dataset()
    bounds.EnergyWindowLowerLimit, bounds.EnergyWindowUpperLimit = "187.2", "228.8"
    window.EnergyWindowName, window.EnergyWindowRangeSequence = "Lu-177 208 keV", [bounds]
    dataset.NumberOfEnergyWindows, dataset.EnergyWindowInformationSequence = 1, [window]
    detector = Dataset()
    detector.CollimatorGridName, detector.CollimatorType = "MEGP", "PARA"
    detector.FieldOfViewShape = "RECTANGLE"
    detector.ImagePositionPatient = [decimal(value) for value in first]
    detector.ImageOrientationPatient = [decimal(value) for value in orientation]
    dataset.NumberOfDetectors, dataset.DetectorInformationSequence = 1, [detector]
    rotation = Dataset()
    rotation.StartAngle, rotation.AngularStep = "0", decimal(360.0 / views)
    rotation.RotationDirection, rotation.ScanArc = "CW", "360"
    rotation.ActualFrameDuration = int(round(viewSeconds * 1000))
    rotation.NumberOfFramesInRotation = views
    dataset.NumberOfRotations, dataset.RotationInformationSequence = 1, [rotation]


def _radiopharmaceutical(administration):
    from pydicom.dataset import Dataset

    item = Dataset()
    item.Radiopharmaceutical = administration.radiopharmaceutical
    date, time = dateAndTime(administration.startDateTime)
    item.RadiopharmaceuticalStartTime = time
    item.RadiopharmaceuticalStartDateTime = date + time
    # In the NM IOD this is in MBq (PS3.3 C.8.4.10); in the PET IOD it is in Bq.
    item.RadionuclideTotalDose = decimal(administration.activityMBq)
    item.RadionuclideHalfLife = decimal(administration.halfLifeSeconds)
    item.RadionuclideCodeSequence = [codeItem(*administration.radionuclideCode)]
    item.RadiopharmaceuticalCodeSequence = [codeItem(*administration.radiopharmaceuticalCode)]
    item.AdministrationRouteCodeSequence = [codeItem("47625008", "SCT", "Intravenous route")]
    return item

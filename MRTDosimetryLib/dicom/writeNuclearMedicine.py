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
    rightHanded,
    save,
    stableUID,
)
from .nuclearMedicine import SOP_CLASS_UID

_LARGEST_STORED = 65535
_LARGEST_SIGNED = 32767


@dataclass(frozen=True)
class Administration:
    """What was given to the patient, and when.

    Attributes
    ----------
    radionuclideCode, radiopharmaceuticalCode : tuple of (value, scheme, meaning)
        From PS3.16 CID 18 and CID 25.
    """

    startDateTime: datetime | None
    activityMBq: float | None
    halfLifeSeconds: float
    radionuclideCode: tuple
    radiopharmaceuticalCode: tuple = ()
    radiopharmaceutical: str = ""


LUTETIUM_177 = ("447553000", "SCT", "^177^Lutetium")
LUTETIUM_177_DOTATATE = ("781259000", "SCT", "Lutetium^177^ DOTATATE")


LUTETIUM_177_WINDOW = ("Lu-177 208 keV", 187.2, 228.8)  # 20 % around 208 keV


def writeSpect(
    volume, path, patient, studyInstanceUID, seriesInstanceUID, frameOfReferenceUID, acquisition, administration,
    views, viewSeconds, studyDateTime=None, studyDescription="", seriesDescription="SPECT", seriesNumber=2,
    window=LUTETIUM_177_WINDOW, decayCorrection="START",
):  # fmt: skip
    """Write a calibrated SPECT volume.

    The values are scaled to the whole range of 16 bits. The factor stands in a Real World Value Mapping with its unit,
    and as rescale slope for readers that know only that; a mapping applies to stored values, so the two never multiply.

    Parameters
    ----------
    volume : Volume
        Activity concentration in Bq/mL at the start of the acquisition.
    path : str
    patient : PatientDescription
    studyInstanceUID, seriesInstanceUID, frameOfReferenceUID : str
    acquisition, studyDateTime : datetime.datetime
        Start of the acquisition and of the study (the same when left out).
    administration : Administration or None
    views, viewSeconds : int, float or None
        Views in the rotation and the duration of each, where they are known.
    window : tuple of (str, float, float) or None
        Name and limits in keV of the energy window.
    decayCorrection : str or None
        ``"START"`` or ``"NONE"``; None where it is not known.

    Raises
    ------
    InputError
        When the values are not in Bq/mL or not finite, or the file cannot be written.
    """
    if volume.unit != "Bq/mL":
        raise InputError(f"A SPECT is written in Bq/mL, not in {volume.unit or 'an unknown unit'}", volume.name)
    volume = rightHanded(volume)
    stored, slope = _stored(volume)
    orientation, first, _, pixelSpacing, stepMM = axialGeometry(volume)
    dataset = newImage(SOP_CLASS_UID, stableUID(seriesInstanceUID, "image"))
    describePatientAndStudy(dataset, patient, studyInstanceUID, studyDateTime or acquisition, studyDescription)
    date, time = dateAndTime(acquisition)
    dataset.ImageType = ["DERIVED", "PRIMARY", "RECON TOMO", "EMISSION"]
    dataset.Modality = "NM"
    dataset.SeriesInstanceUID, dataset.SeriesNumber = seriesInstanceUID, seriesNumber
    dataset.SeriesDescription, dataset.InstanceNumber = seriesDescription, 1
    dataset.Laterality = ""  # type 2C: of paired organs
    dataset.SeriesDate = dataset.AcquisitionDate = dataset.ContentDate = dataset.InstanceCreationDate = date
    dataset.SeriesTime = dataset.AcquisitionTime = dataset.ContentTime = dataset.InstanceCreationTime = time
    dataset.FrameOfReferenceUID, dataset.PositionReferenceIndicator = frameOfReferenceUID, ""
    dataset.PatientOrientationCodeSequence = [codeItem("102538003", "SCT", "recumbent")]
    dataset.PatientOrientationCodeSequence[0].PatientOrientationModifierCodeSequence = [
        codeItem("40199007", "SCT", "supine")
    ]
    dataset.PatientGantryRelationshipCodeSequence = [codeItem("102540008", "SCT", "headfirst")]
    dataset.CorrectedImage = ["UNIF", "COR", "ATTN", "SCAT"]
    if decayCorrection:
        dataset.DecayCorrection = decayCorrection
    if decayCorrection == "START":
        dataset.CorrectedImage = ["UNIF", "COR", "DECY", "ATTN", "SCAT"]
    dataset.CountsAccumulated = ""
    dataset.TypeOfDetectorMotion = "STEP AND SHOOT"
    dataset.SliceThickness = decimal(stepMM)
    dataset.SpacingBetweenSlices = decimal(stepMM)
    dataset.PixelSpacing = [decimal(value) for value in pixelSpacing]
    _describeWindowsAndDetector(dataset, orientation, first, views, viewSeconds, window)
    dataset.RadiopharmaceuticalInformationSequence = [] if administration is None else [
        _radiopharmaceutical(administration)
    ]
    _describePixels(dataset, stored, slope)
    save(dataset, path)


def _stored(volume):
    """Values as 16-bit numbers (signed where some are negative), and the factor back to Bq/mL."""
    values = volume.array
    low, high = float(values.min()), float(values.max())
    if not np.isfinite(low) or not np.isfinite(high):
        raise InputError("The activity concentration is not finite", volume.name)
    largest, dtype = (_LARGEST_STORED, "<u2") if low >= 0 else (_LARGEST_SIGNED, "<i2")
    # The slope is rounded to what a decimal string holds, so that reading gives back the very same factor.
    slope = float(f"{(max(-low, high) or 1.0) / largest:.9e}")
    return np.clip(np.rint(values / np.float64(slope)), -largest, largest).astype(dtype), slope


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
    isSigned = stored.dtype.kind == "i"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 16, 15, int(isSigned)
    limits = np.iinfo(stored.dtype)
    mapping = Dataset()
    mapping.RealWorldValueFirstValueMapped, mapping.RealWorldValueLastValueMapped = int(limits.min), int(limits.max)
    for keyword in ("RealWorldValueFirstValueMapped", "RealWorldValueLastValueMapped"):
        mapping[keyword].VR = "SS" if isSigned else "US"
    mapping.RealWorldValueIntercept, mapping.RealWorldValueSlope = 0.0, slope
    mapping.LUTExplanation, mapping.LUTLabel = "Activity concentration", "Bq/ml"
    mapping.MeasurementUnitsCodeSequence = [codeItem("Bq/ml", "UCUM", "Becquerels/milliliter")]
    dataset.RealWorldValueMappingSequence = [mapping]
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.Units = "0", f"{slope:.9e}", "BQML"
    dataset.PixelData = stored.tobytes()


def _describeWindowsAndDetector(dataset, orientation, first, views, viewSeconds, energyWindow):
    """NM isotope, detector and TOMO acquisition modules (PS3.3 C.8.4.10, C.8.4.11, C.8.4.14)."""
    from pydicom.dataset import Dataset

    window = Dataset()
    if energyWindow is not None:
        bounds = Dataset()
        window.EnergyWindowName = energyWindow[0]
        bounds.EnergyWindowLowerLimit, bounds.EnergyWindowUpperLimit = map(decimal, energyWindow[1:])
        window.EnergyWindowRangeSequence = [bounds]
    dataset.NumberOfEnergyWindows, dataset.EnergyWindowInformationSequence = 1, [window]
    detector = Dataset()
    detector.CollimatorGridName, detector.CollimatorType = "MEGP", "PARA"
    detector.FieldOfViewShape = "RECTANGLE"
    detector.ImagePositionPatient = [decimal(value) for value in first]
    detector.ImageOrientationPatient = [decimal(value) for value in orientation]
    dataset.NumberOfDetectors, dataset.DetectorInformationSequence = 1, [detector]
    dataset.NumberOfRotations = 1
    if views is None:
        dataset.RotationInformationSequence = []
        return
    rotation = Dataset()
    rotation.StartAngle, rotation.AngularStep = "0", decimal(360.0 / views)
    rotation.RotationDirection, rotation.ScanArc = "CW", "360"
    rotation.ActualFrameDuration = int(round(viewSeconds * 1000))
    rotation.NumberOfFramesInRotation = views
    dataset.RotationInformationSequence = [rotation]


def _radiopharmaceutical(administration):
    from pydicom.dataset import Dataset

    item = Dataset()
    if administration.radiopharmaceutical:
        item.Radiopharmaceutical = administration.radiopharmaceutical
    if administration.startDateTime is not None:
        date, time = dateAndTime(administration.startDateTime)
        item.RadiopharmaceuticalStartTime = time
        item.RadiopharmaceuticalStartDateTime = date + time
    # In the NM IOD this is in MBq (PS3.3 C.8.4.10); in the PET IOD it is in Bq.
    if administration.activityMBq is not None:
        item.RadionuclideTotalDose = decimal(administration.activityMBq)
    item.RadionuclideHalfLife = decimal(administration.halfLifeSeconds)
    item.RadionuclideCodeSequence = [codeItem(*administration.radionuclideCode)]
    if administration.radiopharmaceuticalCode:
        item.RadiopharmaceuticalCodeSequence = [codeItem(*administration.radiopharmaceuticalCode)]
    item.AdministrationRouteCodeSequence = [codeItem("47625008", "SCT", "Intravenous route")]
    return item

"""Read DICOM RT Dose (PS3.3 A.18.3, C.8.8.3): a physical absorbed dose in Gy, on planes at stated offsets."""

import os

import numpy as np

from ..errors import InputError
from ..imaging.volume import Volume
from . import catalog
from .elements import number, numbers, readDataset, tagName, tagText, text
from .facts import Fact, ImageSeries
from .geometry import directionCosines, matrixFromStep, reversedStack
from .headers import identityFacts
from .pixelData import storedValues

SOP_CLASS_UID = "1.2.840.10008.5.1.4.1.1.481.2"
_OFFSET_TOLERANCE_MM = 0.01
_SPACING_TOLERANCE = 0.01
_HIGHEST_GRAY = 1e7
# Absorbed dose of a whole course; the other terms stand for a part (one beam, fraction, control point ...).
_WHOLE_SUMMATIONS = ("PLAN", "MULTI_PLAN", "PLAN_OVERVIEW", "RECORD")


def readRTDose(path, frameOfReferenceUID="", patientId=""):
    """Read one RT Dose object.

    Parameters
    ----------
    path : str
        The file, or a folder that holds exactly one.
    frameOfReferenceUID : str
        Of the image the map has to lie on; empty where it is not known.
    patientId : str
        Of the study; empty where it is not known.

    Returns
    -------
    ImageSeries
        Volume in Gy (float32), modality ``"RTDOSE"``; facts ``unit``, ``doseType``, ``doseSummationType``,
        ``frameOfReferenceUID``, ``patientId`` and the UIDs, as far as stated.

    Raises
    ------
    InputError
        Not a physical absorbed dose in Gy, planes that are not parallel, evenly spaced and at stated positions,
        another frame of reference, or a damaged file.
    """
    path = _singleFile(os.fspath(path))
    dataset = readDataset(path)
    if text(dataset, "SOPClassUID") != SOP_CLASS_UID:
        from pydicom.uid import UID

        kind = UID(text(dataset, "SOPClassUID")).name or "unknown"
        raise InputError(f"The DICOM file is no RT Dose object, but {kind} ({tagName('SOPClassUID')})", path,
                         "Give the RT Dose file")
    _requirePhysicalGray(dataset, path)
    warnings = _summationWarnings(dataset) + _identityWarnings(dataset, patientId)
    warnings += _frameOfReferenceWarnings(dataset, frameOfReferenceUID, path)
    scaling = number(dataset, "DoseGridScaling")
    if scaling is None or scaling <= 0:
        raise InputError(f"The file does not say how its values become Gy ({tagText('DoseGridScaling')})", path,
                         "Export it again")
    stored = storedValues(dataset, path)
    matrix, isReversed = _geometry(dataset, stored.shape[0], path)
    array = (stored * np.float64(scaling)).astype(np.float32)
    if float(array.max()) > _HIGHEST_GRAY:
        what = f"The RT Dose goes to {array.max():g} Gy, which cannot be ({tagName('DoseGridScaling')})"
        raise InputError(what, path, "Export it again")
    if isReversed:
        array, matrix = np.ascontiguousarray(array[::-1]), reversedStack(matrix, stored.shape[0])
    facts = identityFacts(dataset)
    facts["unit"] = Fact("Gy", "", "DICOM", f"{tagText('DoseUnits')} GY, {tagText('DoseGridScaling')} {scaling:g}")
    for name, keyword in (("doseType", "DoseType"), ("doseSummationType", "DoseSummationType")):
        if text(dataset, keyword):
            facts[name] = Fact(text(dataset, keyword), "", "DICOM", tagText(keyword))
    name = text(dataset, "SeriesDescription") or text(dataset, "DoseComment") or "RT Dose"
    return ImageSeries(Volume(array, matrix, "Gy", name), facts, "RTDOSE", (path,), tuple(warnings))


def _singleFile(path):
    if os.path.isfile(path):
        return path
    found = [file for series in catalog.scan(path) if series.sopClassUID == SOP_CLASS_UID for file in series.files]
    if len(found) != 1:
        what = f"The folder holds {len(found)} RT Dose objects instead of one"
        raise InputError(what, path, "Give the file that is meant")
    return found[0]


def _requirePhysicalGray(dataset, path):
    units, kind = text(dataset, "DoseUnits").upper(), text(dataset, "DoseType").upper()
    if units != "GY":
        stated = f"'{units}'" if units else "nothing"
        raise InputError(f"The unit of the RT Dose is {stated} instead of GY ({tagText('DoseUnits')})", path,
                         "Export the absorbed dose in Gy; relative values cannot be used")
    if kind != "PHYSICAL":
        stated = f"'{kind}'" if kind else "not stated"
        raise InputError(f"The kind of the RT Dose is {stated} instead of PHYSICAL ({tagText('DoseType')})", path,
                         "Export the physical absorbed dose, without any biological weighting")


def _summationWarnings(dataset):
    summation = text(dataset, "DoseSummationType").upper()
    if summation and summation not in _WHOLE_SUMMATIONS:
        return [f"The RT Dose says that it is a part of the absorbed dose ({tagText('DoseSummationType')} "
                f"{summation}); it is used as it is"]
    return []


def _identityWarnings(dataset, patientId):
    own = text(dataset, "PatientID")
    if patientId and own and own != patientId:
        return [f"The patient ID of the RT Dose ({own}) is not that of the study ({patientId})"]
    return []


def _frameOfReferenceWarnings(dataset, expected, path):
    own = text(dataset, "FrameOfReferenceUID")
    if own and expected and own != expected:
        raise InputError("The RT Dose lies in another frame of reference than the reference CT", path,
                         "Export it on that CT, or register and resample it there first")
    if own and expected:
        return []
    missing = "the RT Dose" if not own else "the reference image"
    return [f"The frame of reference cannot be checked: {missing} states none. Positions in mm are used as they are"]


def _geometry(dataset, frames, path):
    """ijkToRAS of the frames in the order of the file, and whether that order runs against the normal."""
    position = numbers(dataset, "ImagePositionPatient", 3)
    orientation = numbers(dataset, "ImageOrientationPatient", 6)
    spacing = numbers(dataset, "PixelSpacing", 2)
    if position is None or orientation is None or spacing is None or min(spacing) <= 0:
        lacking = next((keyword for keyword, found in (("ImagePositionPatient", position), (
            "ImageOrientationPatient", orientation)) if found is None), "PixelSpacing")
        raise InputError("The RT Dose does not state its position, orientation and pixel size "
                         f"({tagName(lacking)})", path, "Export it again")
    if frames < 2:
        raise InputError("The RT Dose holds a single plane", path, "Export the absorbed dose of the whole volume")
    offsets = numbers(dataset, "GridFrameOffsetVector", frames)
    if offsets is None:
        raise InputError(f"The positions of the {frames} planes are missing or not as many "
                         f"({tagText('GridFrameOffsetVector')})", path, "Export it again")
    steps = np.diff(_alongNormal(np.array(offsets), position, orientation, path))
    step = float(steps.mean())
    isEven = np.abs(steps - step).max() <= max(_SPACING_TOLERANCE * abs(step), _OFFSET_TOLERANCE_MM)
    if abs(step) < _OFFSET_TOLERANCE_MM or not isEven:
        raise InputError(f"The planes of the RT Dose are not evenly spaced ({tagName('GridFrameOffsetVector')})", path,
                         "Export it with one plane distance")
    return matrixFromStep(orientation, position, spacing, step, path)


def _alongNormal(offsets, position, orientation, path):
    """Offsets along row x column from the first plane.

    PS3.3 C.8.8.3.2: the vector begins with 0 (offsets along the normal), or with the z of Image Position (Patient)
    (positions along the patient's z axis, for axial planes alone).
    """
    if abs(offsets[0]) <= _OFFSET_TOLERANCE_MM:
        return offsets
    normal = directionCosines(orientation, path)[2]
    isAxial = abs(abs(normal[2]) - 1.0) < 1e-4
    if not isAxial or abs(offsets[0] - position[2]) > _OFFSET_TOLERANCE_MM:
        raise InputError(f"The plane positions begin with {offsets[0]:g} mm, which is neither 0 nor the z of the first "
                         f"plane ({tagText('GridFrameOffsetVector')})", path, "Export it again")
    return (offsets - offsets[0]) * np.sign(normal[2])

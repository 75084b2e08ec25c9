"""Read NM SPECT: multi-frame RECON TOMO objects of the Nuclear Medicine Image Storage class (PS3.3 A.5, C.8.4)."""

import numpy as np

from ..errors import InputError
from ..imaging.volume import Volume
from .facts import Fact, ImageSeries
from .geometry import matrixFromStep, reversedStack
from .headers import (
    acquisitionFacts,
    firstItem,
    identityFacts,
    number,
    numbers,
    radiopharmaceuticalFacts,
    readDataset,
    tagText,
    text,
)
from .pixelData import activityScale, scaled, storedValues
from .reader import Reader

SOP_CLASS_UID = "1.2.840.10008.5.1.4.1.1.20"
_SLICE_VECTOR_TAG = 0x00540080
_REFUSALS = {
    "STATIC": "a planar image, not a volume",
    "WHOLE BODY": "a planar whole-body image, not a volume",
    "DYNAMIC": "a planar dynamic series, not a volume",
    "GATED": "a gated planar series, not a volume",
    "TOMO": "raw projections that have to be reconstructed first",
    "GATED TOMO": "raw gated projections that have to be reconstructed first",
    "RECON GATED TOMO": "a gated reconstruction; export the ungated one",
}


def candidates(series):
    """Every RECON TOMO object of the series is an image of its own (PS3.3 A.5: one volume in one file)."""
    accepted, refused = [], []
    for path, imageType in zip(series.files, series.imageTypes, strict=True):
        kind = _kind(imageType)
        name = f'NM "{series.description or kind}" ({path})'
        if kind == "RECON TOMO":
            accepted.append(((path,), name))
        else:
            refused.append(f"{name} is {_refusal(kind)}")
    return accepted, refused


def readNM(path):
    """Read one reconstructed SPECT.

    Parameters
    ----------
    path : str or sequence of one str
        The DICOM file.

    Returns
    -------
    ImageSeries
        Volume in Bq/mL (Real World Value Mapping, or rescale slope with Units BQML), else in counts.

    Raises
    ------
    InputError
        When the object is no RECON TOMO, or its position, orientation or signed slice distance is not stated.
    """
    where = path if isinstance(path, str) else str(path[0])
    dataset = readDataset(where)
    if text(dataset, "SOPClassUID") != SOP_CLASS_UID:
        raise InputError("The file is not a nuclear medicine image", where)
    imageType = dataset.get("ImageType") or ()
    kind = _kind((imageType,) if isinstance(imageType, str) else tuple(imageType))
    if kind != "RECON TOMO":
        raise InputError(f"The file is {_refusal(kind)}", where, "Give the reconstructed SPECT (RECON TOMO)")
    order, warnings = _sliceOrder(dataset, where)
    matrix, isReversed, geometryWarnings = _geometry(dataset, where)
    slope, intercept, unit, unitDetail, unitAlternatives, scaleWarnings = activityScale(dataset, where)
    stored = storedValues(dataset, where)
    if len(stored) != len(order):
        raise InputError(f"The file announces {len(order)} slices and holds {len(stored)}", where)
    if isReversed:
        order, matrix = order[::-1], reversedStack(matrix, len(order))
    isInOrder = np.array_equal(order, np.arange(len(order)))
    array = scaled(stored if isInOrder else stored[order], slope, intercept)
    facts = identityFacts(dataset)
    facts["unit"] = Fact(unit, "", "DICOM", unitDetail, unitAlternatives)
    for found, foundWarnings in (
        acquisitionFacts(dataset), radiopharmaceuticalFacts(dataset, isActivityInBq=False), _decayFacts(dataset),
    ):  # fmt: skip
        facts.update(found)
        warnings += foundWarnings
    facts.update(_durationFacts(dataset))
    name = text(dataset, "SeriesDescription") or "SPECT"
    warnings += geometryWarnings + scaleWarnings
    return ImageSeries(Volume(array, matrix, unit, name), facts, "NM", (where,), tuple(warnings))


def _kind(imageType):
    return imageType[2].strip().upper() if len(imageType) > 2 else ""


def _refusal(kind):
    return _REFUSALS.get(kind, f"of a kind that is not read ({kind or 'Image Type not stated'})")


def _sliceOrder(dataset, where):
    """Frame indices in order of the Slice Vector, and warnings."""
    frames = int(number(dataset, "NumberOfFrames") or 1)
    pointer = dataset.get("FrameIncrementPointer")
    pointers = [] if pointer is None else [pointer] if isinstance(pointer, int) else list(pointer)
    if [int(tag) for tag in pointers] not in ([], [_SLICE_VECTOR_TAG]):
        raise InputError(
            "The frames are not the slices of one volume (Frame Increment Pointer)", where,
            "Export the reconstructed slices alone",
        )  # fmt: skip
    slices = number(dataset, "NumberOfSlices")
    if slices is not None and int(slices) != frames:
        raise InputError(f"The file states {int(slices)} slices and {frames} frames", where)
    if frames < 2:
        raise InputError("There is only one slice; a volume needs all slices", where)
    vector = dataset.get("SliceVector")
    if vector is None or isinstance(vector, int) or len(vector) == 0:
        warning = "The file does not number its slices (Slice Vector); their order in the file is used"
        return np.arange(frames), [warning]
    vector = np.asarray(vector, dtype=int)
    if not np.array_equal(np.sort(vector), np.arange(1, frames + 1)):
        raise InputError("The slice numbers of the file are not 1 to the number of slices (Slice Vector)", where)
    return np.argsort(vector), []


def _geometry(dataset, where):
    detector = firstItem(dataset, "DetectorInformationSequence")
    warnings = []
    holder = detector if detector is not None and numbers(detector, "ImagePositionPatient", 3) else dataset
    position = numbers(holder, "ImagePositionPatient", 3)
    orientation = numbers(holder, "ImageOrientationPatient", 6)
    if position is None or orientation is None:
        lacking = "position" if position is None else "orientation"
        raise InputError(
            f"The file does not state the {lacking} of the image in the patient "
            f"({tagText('DetectorInformationSequence')})", where, "Export it with its geometry",
        )  # fmt: skip
    if holder is dataset:
        warnings.append("Position and orientation stand outside the Detector Information Sequence of the file")
    pixelSpacing = numbers(dataset, "PixelSpacing", 2)
    if pixelSpacing is None or min(pixelSpacing) <= 0:
        raise InputError("The file does not state the size of a pixel (Pixel Spacing)", where)
    step = number(dataset, "SpacingBetweenSlices")
    if not step:
        thickness = number(dataset, "SliceThickness")
        hint = f"; a slice thickness of {thickness:g} mm is stated, which is not the distance" if thickness else ""
        raise InputError(
            f"The file does not state the distance between slices ({tagText('SpacingBetweenSlices')}){hint}",
            where, "Export it with the spacing between slices",
        )  # fmt: skip
    matrix, isReversed = matrixFromStep(orientation, position, pixelSpacing, step, where)
    return matrix, isReversed, warnings


def _decayFacts(dataset):
    stated = text(dataset, "DecayCorrection").upper()
    if stated in ("NONE", "START", "ADMIN"):
        return {"decayCorrection": Fact(stated, "", "DICOM", tagText("DecayCorrection"))}, []
    corrections = dataset.get("CorrectedImage")
    if not corrections:
        return {}, []
    corrections = [corrections] if isinstance(corrections, str) else list(corrections)
    if "DECY" not in corrections:
        return {"decayCorrection": Fact("NONE", "", "DICOM", f"{tagText('CorrectedImage')} without DECY")}, []
    warning = "The image is decay-corrected (Corrected Image DECY), and the file does not say to what time"
    return {"decayCorrection": Fact("UNSTATED", "", "DICOM", f"{tagText('CorrectedImage')} DECY")}, [warning]


def _durationFacts(dataset):
    """Duration of one view, and of the whole acquisition as views x duration, summed over the rotations.

    Detectors of one rotation record at the same time (PS3.3 C.8.4.14), so they do not multiply the duration.
    """
    sequence = "RotationInformationSequence"
    total, first = 0.0, None
    for item in dataset.get(sequence) or []:
        durationMS, views = number(item, "ActualFrameDuration"), number(item, "NumberOfFramesInRotation")
        if not durationMS or not views:
            return {}
        first = durationMS / 1000.0 if first is None else first
        total += durationMS / 1000.0 * views
    if first is None:
        return {}
    detail = tagText((sequence, 0), "ActualFrameDuration")
    totalDetail = f"{detail} x {tagText((sequence, 0), 'NumberOfFramesInRotation')}"
    return {
        "frameDurationSeconds": Fact(first, "s", "DICOM", detail),
        "acquisitionDurationSeconds": Fact(total, "s", "DICOM", totalDetail),
    }


READER = Reader(SOP_CLASS_UID, "emission", "NM SPECT", candidates, readNM)

"""Read NM SPECT: multi-frame RECON TOMO objects of the Nuclear Medicine Image Storage class (PS3.3 A.5, C.8.4)."""

import numpy as np

from ..errors import InputError
from ..imaging.volume import Volume
from .elements import inFile, items, number, numbers, readDataset, tagName, tagText, text, texts, wholeNumber
from .facts import Fact, ImageSeries
from .frames import chosenFrames, detectorName, energyWindows, sliceOrder
from .geometry import matrixFromStep, reversedStack
from .headers import acquisitionFacts, identityFacts, radiopharmaceuticalFacts
from .pixelData import activityScale, requireLossless, requireMapped, saturationWarnings, scaled, storedValues
from .reader import Reader
from .reportingFacts import reportingFacts
from .stated import NOTHING_STATED

SOP_CLASS_UID = "1.2.840.10008.5.1.4.1.1.20"
PLANAR = ("STATIC", "WHOLE BODY")
# Pure beta emitters of therapy.
BREMSSTRAHLUNG_NUCLIDES = ("Y-90", "P-32", "Sr-89")
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
        kind = kindOf(imageType)
        name = f'NM "{series.description or kind}" ({path})'
        if kind == "RECON TOMO":
            accepted.append(((path,), name))
        else:
            refused.append(f"{name} is {_refusal(kind)}")
    return accepted, refused


def readNM(path, stated=NOTHING_STATED):
    """Read one reconstructed SPECT.

    Parameters
    ----------
    path : str or sequence of one str
        The DICOM file.
    stated : Stated
        Geometry the header lacks, and the energy window or detector that is meant.

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
    with inFile(where):
        return _read(dataset, stated, where)


def _read(dataset, stated, where):
    kind = requireNM(dataset, where)
    if kind != "RECON TOMO":
        raise InputError(f"The file is {_refusal(kind)}", where, "Give the reconstructed SPECT (RECON TOMO)")
    requireLossless(dataset, where)
    kept, window, detector = chosenFrames(dataset, stated, where)
    order, warnings = sliceOrder(dataset, kept, where)
    matrix, isReversed, facts, geometryWarnings = _geometry(dataset, stated, detector, where)
    slope, intercept, unit, unitDetail, unitAlternatives, scaleWarnings, limits = activityScale(dataset, where)
    stored = storedValues(dataset, where)
    requireMapped(stored, limits, where)
    if isReversed:
        order, matrix = order[::-1], reversedStack(matrix, len(order))
    isInOrder = np.array_equal(order, np.arange(len(stored)))
    array = scaled(stored if isInOrder else stored[order], slope, intercept)
    facts.update(identityFacts(dataset))
    facts["unit"] = Fact(unit, "", "DICOM", unitDetail, unitAlternatives)
    facts.update(_windowFacts(dataset, window, detector, stated))
    facts.update(cameraFacts(dataset, detector))
    for found, foundWarnings in (
        acquisitionFacts(dataset), radiopharmaceuticalFacts(dataset, isActivityInBq=False), decayFacts(dataset),
        reportingFacts(dataset),
    ):  # fmt: skip
        facts.update(found)
        warnings += foundWarnings
    durations, durationWarnings = _durationFacts(dataset)
    facts.update(durations)
    if "radionuclide" in facts and facts["radionuclide"].value in BREMSSTRAHLUNG_NUCLIDES:
        warnings.append(f"{facts['radionuclide'].value} is seen by a gamma camera through its bremsstrahlung alone: "
                        "the image is typically not quantitative and good for a qualitative check only")
    name = text(dataset, "SeriesDescription") or "SPECT"
    warnings += geometryWarnings + scaleWarnings + durationWarnings + saturationWarnings(stored, slope)
    return ImageSeries(Volume(array, matrix, unit, name), facts, "NM", (where,), tuple(warnings))


def requireNM(dataset, where):
    """Third value of Image Type, the kind of nuclear medicine image.

    Raises
    ------
    InputError
        When the file is of another SOP class.
    """
    if text(dataset, "SOPClassUID") != SOP_CLASS_UID:
        raise InputError(f"The file is not a nuclear medicine image ({tagName('SOPClassUID')})", where)
    wholeNumber(dataset, "PixelRepresentation", 0, 1)  # values inside of sequences depend on it
    return kindOf(texts(dataset, "ImageType"))


def kindOf(imageType):
    """Kind of nuclear medicine image from the values of Image Type (PS3.3 C.8.4.9), empty where it is not stated."""
    return imageType[2].strip().upper() if len(imageType) > 2 else ""


def _refusal(kind):
    tag = tagName("ImageType")
    return _REFUSALS.get(kind, f"of a kind that is not read ({kind or 'Image Type not stated'})") + f" [{tag}]"


def _geometry(dataset, stated, detector, where):
    """ijkToRAS in the order of the file, whether that order runs against the normal, facts and warnings."""
    holder, warnings = _positionHolder(dataset, detector, where)
    path = f"{tagText('DetectorInformationSequence')}."
    found, facts = {}, {}
    for name, keyword, count, lacking in (
        ("imagePositionMM", "ImagePositionPatient", 3, "the position of the image in the patient"),
        ("imageOrientation", "ImageOrientationPatient", 6, "the orientation of the image in the patient"),
        ("pixelSpacingMM", "PixelSpacing", 2, "the size of a pixel"),
        ("spacingBetweenSlicesMM", "SpacingBetweenSlices", 1, "the distance between slices"),
    ):
        isInDetector = keyword.startswith("Image")
        owner = holder if isInDetector else dataset
        header = _header(owner, keyword, count, isNeeded=getattr(stated, name) is None)
        unit = "" if keyword == "ImageOrientationPatient" else "mm"
        value, stateFacts, words = stated.choose(
            name, header, f"{path if isInDetector else ''}{tagText(keyword)}", unit
        )
        if value is None or value == 0:
            hint = ""
            thickness = number(dataset, "SliceThickness") if keyword == "SpacingBetweenSlices" else None
            if thickness:
                hint = f"; a slice thickness of {thickness:g} mm is stated, which is not the distance"
            raise InputError(
                f"The file does not state {lacking} ({tagName(keyword)}"
                f"{' in ' + tagText('DetectorInformationSequence') if isInDetector else ''}){hint}", where,
                f"Export it with its geometry, or state {name} with a reason",
            )  # fmt: skip
        found[name] = value
        facts.update(stateFacts)
        warnings += words
    matrix, isReversed = matrixFromStep(
        found["imageOrientation"], found["imagePositionMM"], found["pixelSpacingMM"], found["spacingBetweenSlicesMM"],
        where,
    )  # fmt: skip
    return matrix, isReversed, facts, warnings


def _header(owner, keyword, count, isNeeded):
    """Number or list of numbers of a header; None where it has none, or damaged ones that are not needed."""
    try:
        found = numbers(owner, keyword, count)
    except InputError:
        if isNeeded:
            raise
        return None
    return found[0] if found is not None and count == 1 else found


def _positionHolder(dataset, detector, where):
    """The item that states position and orientation: that of the detector, else the object itself."""
    detectors = items(dataset, "DetectorInformationSequence")
    if detector is not None and detector <= len(detectors):
        detectors = [detectors[detector - 1]]
    stating = [(item, numbers(item, "ImagePositionPatient", 3), numbers(item, "ImageOrientationPatient", 6))
               for item in detectors]  # fmt: skip
    stating = [entry for entry in stating if entry[1] is not None]
    if not stating:
        if numbers(dataset, "ImagePositionPatient", 3) is None:
            return (detectors[0] if detectors else dataset), []
        return dataset, ["Position and orientation stand outside the Detector Information Sequence of the file"]
    if any(entry[1:] != stating[0][1:] for entry in stating[1:]):
        named = ", ".join(detectorName(dataset, index + 1) for index in range(len(detectors)))
        raise InputError(
            f"The detectors of the file state different positions ({tagName('DetectorInformationSequence')}: {named})",
            where, "Export the reconstructed image alone, or say which detector is meant (detector)",
        )  # fmt: skip
    return stating[0][0], []


def _windowFacts(dataset, window, detector, stated):
    facts = {}
    windows = energyWindows(dataset)
    if windows:
        shown = [windows[window - 1]] if window is not None and window <= len(windows) else windows
        isChosen = stated.energyWindow is not None
        detail = tagText("EnergyWindowInformationSequence")
        facts["energyWindow"] = Fact(
            "; ".join(str(item) for item in shown), "", stated.source if isChosen else "DICOM", detail,
            reason=stated.reason if isChosen else "",
        )  # fmt: skip
    if detector is not None and stated.detector is not None:
        name = detectorName(dataset, detector)
        facts["detector"] = Fact(name, "", stated.source, tagText("DetectorVector"), reason=stated.reason)
    return facts


def cameraFacts(dataset, detector):
    """Camera model and collimator, as a calibration names them."""
    facts = {}
    model = text(dataset, "ManufacturerModelName")
    if model:
        facts["camera"] = Fact(model, "", "DICOM", tagText("ManufacturerModelName"))
    detectors = items(dataset, "DetectorInformationSequence")
    index = 0 if detector is None else detector - 1
    if index < len(detectors):
        for keyword in ("CollimatorGridName", "CollimatorType"):
            found = text(detectors[index], keyword)
            if found:
                facts["collimator"] = Fact(found, "", "DICOM", tagText(("DetectorInformationSequence", index), keyword))
                break
    return facts


def decayFacts(dataset):
    stated = text(dataset, "DecayCorrection").upper()
    if stated in ("NONE", "START", "ADMIN"):
        return {"decayCorrection": Fact(stated, "", "DICOM", tagText("DecayCorrection"))}, []
    if stated:
        warning = f"{tagName('DecayCorrection')} is '{stated}', so to what time the image is corrected is not known"
        return {"decayCorrection": Fact("UNSTATED", "", "DICOM", f"{tagText('DecayCorrection')} {stated}")}, [warning]
    corrections = texts(dataset, "CorrectedImage")
    if not corrections:
        return {}, []
    if "DECY" not in corrections:
        return {"decayCorrection": Fact("NONE", "", "DICOM", f"{tagText('CorrectedImage')} without DECY")}, []
    warning = (
        f"The image is decay-corrected ({tagName('CorrectedImage')} DECY), and the file does not say to what time "
        f"({tagName('DecayCorrection')})"
    )
    return {"decayCorrection": Fact("UNSTATED", "", "DICOM", f"{tagText('CorrectedImage')} DECY")}, [warning]


def _durationFacts(dataset):
    """Duration of one view, and of the whole acquisition as views x duration, summed over the rotations.

    Detectors of one rotation record at the same time (PS3.3 C.8.4.14), so they do not multiply the duration.
    """
    sequence = "RotationInformationSequence"
    total, first = 0.0, None
    for index, item in enumerate(items(dataset, sequence)):
        try:
            durationMS = wholeNumber(item, "ActualFrameDuration")
            views = wholeNumber(item, "NumberOfFramesInRotation")
        except InputError as error:
            return {}, [f"{error.what}; the duration of the acquisition is not known"]
        if not durationMS or not views:
            lacking = tagText((sequence, index), "ActualFrameDuration" if not durationMS else
                              "NumberOfFramesInRotation")  # fmt: skip
            return {}, [f"The file does not say how long the acquisition took ({lacking})"]
        first = durationMS / 1000.0 if first is None else first
        total += durationMS / 1000.0 * views
    if first is None:
        return {}, []
    detail = tagText((sequence, 0), "ActualFrameDuration")
    totalDetail = f"{detail} x {tagText((sequence, 0), 'NumberOfFramesInRotation')}"
    return {
        "frameDurationSeconds": Fact(first, "s", "DICOM", detail),
        "acquisitionDurationSeconds": Fact(total, "s", "DICOM", totalDetail),
    }, []


READER = Reader(SOP_CLASS_UID, "emission", "NM SPECT", candidates, readNM)

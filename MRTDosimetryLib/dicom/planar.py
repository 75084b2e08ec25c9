"""Read planar NM images (STATIC and WHOLE BODY) as what they are: counts in two dimensions, one view at a time."""

from dataclasses import dataclass, field

import numpy as np

from ..errors import InputError
from .elements import inFile, items, number, numbers, readDataset, tagName, tagText, texts, wholeNumber
from .facts import Fact
from .frames import DETECTOR, ENERGY_WINDOW, detectorName, energyWindows, frameCount, framePointers, vector
from .geometry import requirePixelSpacing
from .headers import acquisitionFacts, identityFacts, radiopharmaceuticalFacts
from .nuclearMedicine import PLANAR, cameraFacts, decayFacts, requireNM
from .pixelData import activityScale, requireLossless, requireMapped, saturationWarnings, scaled, storedValues

# Cosine beyond which a view is as good as coronal.
_STRAIGHT = 0.99


@dataclass(frozen=True)
class PlanarView:
    """One frame of a planar object.

    Attributes
    ----------
    counts : numpy.ndarray
        Shape (rows, columns), float32. Row 0 is at the top, column 0 at the left of the picture; a planar image has
        no position in the patient.
    pixelSpacingMM : tuple of 2 float
        Between rows, between columns.
    title : str
        Detector with its view, and energy window, as far as the file tells them.
    detector, energyWindow : int or None
        Numbers from 1.
    orientation : tuple of 2 str, or None
        Side of the patient toward which columns (``"R"``, ``"L"``) and rows (``"H"``, ``"F"``) go on, where the
        detector's Image Orientation (Patient) says so.
    """

    counts: np.ndarray
    pixelSpacingMM: tuple
    title: str
    detector: int | None
    energyWindow: int | None
    orientation: tuple | None = None


@dataclass(frozen=True)
class PlanarImage:
    """A planar object.

    Attributes
    ----------
    kind : str
        ``"STATIC"`` or ``"WHOLE BODY"``.
    views : tuple of PlanarView
    facts : dict of str to Fact
        As of an ImageSeries, with ``durationSeconds`` (STATIC), ``scanVelocityMMPerSecond`` and ``scanLengthMM``
        (WHOLE BODY), ``countsAccumulated``, ``photonSource`` (``"EMISSION"``, ``"TRANSMISSION"``);
        ``unit`` is always ``"counts"`` (UCUM {counts}).
    warnings : tuple of str
    """

    kind: str
    views: tuple
    facts: dict = field(default_factory=dict)
    warnings: tuple = ()


def readPlanar(path):
    """Read one planar object.

    Parameters
    ----------
    path : str
        The DICOM file.

    Returns
    -------
    PlanarImage

    Raises
    ------
    InputError
        When the file is no STATIC or WHOLE BODY nuclear medicine image, does not state its pixel size or is not in
        counts.
    """
    where = str(path)
    dataset = readDataset(where)
    with inFile(where):
        kind = requireNM(dataset, where)
        if kind not in PLANAR:
            raise InputError(f"The file is no planar image, but {kind or 'of no stated kind'} ({tagName('ImageType')})",
                             where, "Give a STATIC or WHOLE BODY image")  # fmt: skip
        return _read(dataset, kind, where)


def _read(dataset, kind, where):
    requireLossless(dataset, where)
    if not set(framePointers(dataset, where)) <= {DETECTOR, ENERGY_WINDOW}:
        raise InputError(f"The frames are not views and energy windows ({tagName('FrameIncrementPointer')})", where)
    spacing = numbers(dataset, "PixelSpacing", 2)
    if spacing is None:
        raise InputError(f"The file does not state the size of a pixel ({tagName('PixelSpacing')})", where)
    requirePixelSpacing(spacing, where)
    slope, intercept, unit, detail, alternatives, warnings, limits = activityScale(dataset, where)
    if unit != "counts":
        raise InputError(f"A planar image cannot be an activity concentration ({detail})", where,
                         "Export it in counts")  # fmt: skip
    stored = storedValues(dataset, where)
    requireMapped(stored, limits, where)
    counts = scaled(stored, slope, intercept)
    facts = {**identityFacts(dataset), **cameraFacts(dataset, None)}
    facts["unit"] = Fact(unit, "", "DICOM", detail, alternatives)
    for source in texts(dataset, "ImageType")[3:4]:
        facts["photonSource"] = Fact(source, "", "DICOM", tagText("ImageType"))
    for found, words in (
        acquisitionFacts(dataset), radiopharmaceuticalFacts(dataset, isActivityInBq=False),
        decayFacts(dataset), _acquisition(dataset, kind), _accumulated(dataset, counts, kind),
    ):  # fmt: skip
        facts.update(found)
        warnings += words
    warnings += saturationWarnings(stored, slope)
    views = _views(dataset, counts, spacing, where)
    if any("(" not in detectorName(dataset, view.detector) for view in views if view.detector):
        warnings.append(f"The file does not say from which side its views are ({tagName('ViewCodeSequence')})")
    return PlanarImage(kind, views, facts, tuple(warnings))


def _views(dataset, counts, spacing, where):
    frames = frameCount(dataset, where)
    detectors = vector(dataset, "DetectorVector", frames, where)
    windowNumbers = vector(dataset, "EnergyWindowVector", frames, where)
    if frames > 1 and detectors is None and windowNumbers is None:
        raise InputError(
            f"The file does not say what its {frames} frames are ({tagName('DetectorVector')}, "
            f"{tagName('EnergyWindowVector')})", where, "Export the views one by one",
        )  # fmt: skip
    windows = energyWindows(dataset)
    views, seen = [], {}
    for index, plane in enumerate(counts):
        detector = None if detectors is None else int(detectors[index])
        window = None if windowNumbers is None else int(windowNumbers[index])
        parts = [detectorName(dataset, detector)] if detector else []
        if window and window <= len(windows):
            parts.append(str(windows[window - 1]))
        title = ", ".join(parts) or "view"
        if (detector, window) in seen:
            raise InputError(f"Two frames are of the same view: {title} ({tagName('DetectorVector')})", where)
        seen[detector, window] = title
        views.append(PlanarView(plane, tuple(spacing), title, detector, window, _orientation(dataset, detector)))
    return tuple(views)


def _orientation(dataset, detector):
    """Letters of a coronal view, ``None`` where the file does not give them or the view is oblique."""
    described = items(dataset, "DetectorInformationSequence")
    if detector is None or detector > len(described):
        return None
    cosines = numbers(described[detector - 1], "ImageOrientationPatient", 6)
    if cosines is None or abs(cosines[0]) < _STRAIGHT or abs(cosines[5]) < _STRAIGHT:
        return None
    return "L" if cosines[0] > 0 else "R", "H" if cosines[5] > 0 else "F"


def _acquisition(dataset, kind):
    facts, warnings = {}, []
    duration = wholeNumber(dataset, "ActualFrameDuration")
    if duration:
        facts["durationSeconds"] = Fact(duration / 1000.0, "s", "DICOM", tagText("ActualFrameDuration"))
    else:
        warnings.append(f"The file does not say how long the acquisition took ({tagName('ActualFrameDuration')})")
    if kind == "WHOLE BODY":
        for name, keyword, unit in (("scanVelocityMMPerSecond", "ScanVelocity", "mm/s"),
                                    ("scanLengthMM", "ScanLength", "mm")):  # fmt: skip
            found = number(dataset, keyword)
            if found:
                facts[name] = Fact(found, unit, "DICOM", tagText(keyword))
    return facts, warnings


def _accumulated(dataset, counts, kind):
    """Counts Accumulated (0018,0070) is the sum of all counts; a difference means that counts were lost on the way."""
    stated = number(dataset, "CountsAccumulated")
    if not stated:
        return {}, []
    fact = {"countsAccumulated": Fact(stated, "", "DICOM", tagText("CountsAccumulated"))}
    total = float(counts.sum(dtype=np.float64))
    if abs(total / stated - 1) <= 0.001:
        return fact, []
    return fact, [f"The image holds {total:.0f} counts, and the file states {stated:.0f} "
                  f"({tagName('CountsAccumulated')}): counts were lost, scaled or cut off"]  # fmt: skip

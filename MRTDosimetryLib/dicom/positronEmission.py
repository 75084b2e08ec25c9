"""Read PET series in Bq/mL (Positron Emission Tomography Image Storage, PS3.3 A.21)."""

import numpy as np

from ..errors import InputError
from ..imaging.volume import Volume
from .facts import Fact, ImageSeries
from .headers import acquisitionFacts, identityFacts, number, radiopharmaceuticalFacts, tagText, text
from .pixelData import scaled
from .reader import Reader
from .sliceFiles import readSlices

SOP_CLASS_UID = "1.2.840.10008.5.1.4.1.1.128"


def candidates(series):
    """The slices of the series are one image."""
    return [(series.files, series.title)], []


def readPET(files):
    """Read one PET series.

    Parameters
    ----------
    files : sequence of str
        All slices of one static series, in any order.

    Returns
    -------
    ImageSeries
        Volume in Bq/mL; every slice with its own rescale slope.

    Raises
    ------
    InputError
        When the unit is not BQML, the series is dynamic or incomplete, or its geometry cannot be trusted.
    """
    where = files[0]
    datasets, stored, matrix = readSlices(files, SOP_CLASS_UID, where, complete=lambda all_: _requireWhole(all_, where))
    array = np.empty((len(stored), *stored[0].shape), np.float32)
    for target, values, dataset in zip(array, stored, datasets, strict=True):
        slope = number(dataset, "RescaleSlope")
        if not slope or slope < 0:
            raise InputError("A PET slice does not say how it becomes Bq/mL (Rescale Slope)", where)
        target[...] = scaled(values, slope, number(dataset, "RescaleIntercept") or 0.0)
    first = datasets[0]
    facts = identityFacts(first)
    facts["unit"] = Fact("Bq/mL", "", "DICOM", f"{tagText('Units')} BQML, {tagText('RescaleSlope')} per slice")
    started, warnings = acquisitionFacts(first)
    administered, moreWarnings = radiopharmaceuticalFacts(first, isActivityInBq=True)
    facts.update(started)
    facts.update(administered)
    correction = text(first, "DecayCorrection").upper()
    if correction:
        facts["decayCorrection"] = Fact(correction, "", "DICOM", tagText("DecayCorrection"))
    duration = number(first, "ActualFrameDuration")
    if duration:
        detail = tagText("ActualFrameDuration")
        facts["frameDurationSeconds"] = Fact(duration / 1000.0, "s", "DICOM", detail)
    name = text(first, "SeriesDescription") or "PET"
    volume = Volume(array, matrix, "Bq/mL", name)
    return ImageSeries(volume, facts, "PT", tuple(files), tuple(warnings + moreWarnings))


def _requireWhole(datasets, where):
    units = {text(dataset, "Units").upper() for dataset in datasets}
    if units != {"BQML"}:
        shown = ", ".join(sorted(unit or "no unit" for unit in units))
        raise InputError(f"The PET image is in {shown}, not in Bq/mL (BQML)", where, "Export it in Bq/mL")
    kinds = {text(dataset, "SeriesType") for dataset in datasets}
    if any("DYNAMIC" in kind or "GATED" in kind for kind in kinds):
        raise InputError("The PET series is dynamic or gated", where, "Export one static series")
    expected = number(datasets[0], "NumberOfSlices")
    if expected and int(expected) != len(datasets):
        raise InputError(f"The PET series holds {len(datasets)} of {int(expected)} slices", where, "Give all of them")


READER = Reader(SOP_CLASS_UID, "emission", "PET", candidates, readPET)

"""Read CT series (CT Image Storage, one file per slice)."""

import numpy as np

from ..errors import InputError
from ..imaging.volume import Volume
from .elements import inFile, number, tagName, tagText, text
from .facts import Fact, ImageSeries
from .headers import acquisitionFacts, identityFacts
from .pixelData import scaled
from .reader import Reader
from .sliceFiles import readSlices
from .stated import NOTHING_STATED

SOP_CLASS_UID = "1.2.840.10008.5.1.4.1.1.2"
HOUNSFIELD = "[hnsf'U]"
# Metal in an extended range stays below; beyond it the rescale is damaged.
_HIGHEST_HOUNSFIELD = 100000.0


def candidates(series):
    """The slices of the series are one image; scout views (LOCALIZER) are left out."""
    files = tuple(
        path for path, kind in zip(series.files, series.imageTypes, strict=True) if "LOCALIZER" not in kind[2:3]
    )
    if not files:
        return [], [f"{series.title} is a scout view"]
    return [(files, series.title)], []


def readCT(files, stated=NOTHING_STATED):
    """Read one CT series.

    Parameters
    ----------
    files : sequence of str
        All slices of one series, in any order.
    stated : Stated
        Not used: a CT states everything itself.

    Returns
    -------
    ImageSeries
        Volume in Hounsfield units: int16 where every rescaled value is a whole number that fits, else float32.

    Raises
    ------
    InputError
        When slices are missing, doubled, unevenly spaced, tilted or not in Hounsfield units.
    """
    where = files[0]
    datasets, stored, matrix = readSlices(files, SOP_CLASS_UID, where)
    with inFile(where):
        scales, warnings = _scales(datasets, where)
        array = _hounsfield(stored, scales)
        if float(array.max()) > _HIGHEST_HOUNSFIELD or float(array.min()) < -_HIGHEST_HOUNSFIELD:
            raise InputError(
                f"The CT holds {array.min():g} to {array.max():g} HU, which cannot be ({tagName('RescaleSlope')}, "
                f"{tagName('RescaleIntercept')})", where, "Export the series again",
            )  # fmt: skip
        facts = identityFacts(datasets[0])
        facts["unit"] = Fact(HOUNSFIELD, "", "DICOM", f"{tagText('RescaleSlope')} {tagText('RescaleIntercept')}")
        starts = [(acquisitionFacts(dataset)[0].get("acquisitionDateTime")) for dataset in datasets]
        starts = [fact for fact in starts if fact is not None]
        if starts:
            facts["acquisitionDateTime"] = min(starts, key=lambda fact: fact.value)
        name = text(datasets[0], "SeriesDescription") or "CT"
        return ImageSeries(Volume(array, matrix, HOUNSFIELD, name), facts, "CT", tuple(files), tuple(warnings))


def _scales(datasets, where):
    """Slope and intercept of every slice, and warnings."""
    scales = []
    for dataset in datasets:
        slope, intercept = number(dataset, "RescaleSlope"), number(dataset, "RescaleIntercept")
        rescaleType = text(dataset, "RescaleType").upper()
        if not slope or slope < 0 or intercept is None:
            raise InputError(
                f"The CT slices do not say how they become Hounsfield units ({tagName('RescaleSlope')}, "
                f"{tagName('RescaleIntercept')})", where, "Export the series again",
            )  # fmt: skip
        if rescaleType not in ("", "HU", "US"):
            raise InputError(
                f"The CT slices are in {rescaleType}, not in Hounsfield units ({tagName('RescaleType')})", where
            )
        scales.append((slope, intercept))
    warnings = []
    if len(set(scales)) > 1:
        warnings.append(f"The CT slices are scaled differently ({tagName('RescaleSlope')})")
    if any(text(dataset, "LossyImageCompression") == "01" for dataset in datasets):
        warnings.append(f"The CT was changed by a lossy compression ({tagName('LossyImageCompression')})")
    return scales, warnings


def _hounsfield(stored, scales):
    """Rescaled slices as one array; whole Hounsfield units stay int16."""
    isWhole = all(slope == 1 and intercept == round(intercept) for slope, intercept in scales)
    shape = (len(stored), *stored[0].shape)
    if isWhole:
        low = min(int(values.min()) + int(intercept) for values, (_, intercept) in zip(stored, scales, strict=True))
        high = max(int(values.max()) + int(intercept) for values, (_, intercept) in zip(stored, scales, strict=True))
        limits = np.iinfo(np.int16)
        if limits.min <= low and high <= limits.max:
            array = np.empty(shape, np.int16)
            for target, values, (_, intercept) in zip(array, stored, scales, strict=True):
                # int32 in between only where the stored values are unsigned and the sum could wrap
                np.add(values, np.int32(intercept), out=target, dtype=np.int32, casting="unsafe")
            return array
    array = np.empty(shape, np.float32)
    for target, values, (slope, intercept) in zip(array, stored, scales, strict=True):
        target[...] = scaled(values, slope, intercept)
    return array


READER = Reader(SOP_CLASS_UID, "ct", "CT", candidates, readCT)

"""Stored pixel values, and what they stand for."""

import numpy as np

from ..errors import InputError
from .headers import number, tagText, text

# UCUM codes of an activity concentration and the factor to Bq/mL. Codes are case-sensitive; both "ml" and "mL" exist.
_CONCENTRATION_FACTORS = {"Bq/ml": 1.0, "Bq/mL": 1.0, "kBq/ml": 1e3, "kBq/mL": 1e3, "MBq/ml": 1e6, "MBq/mL": 1e6}
_RELATIVE_SLOPE_TOLERANCE = 1e-3


def storedValues(dataset, where):
    """Stored values as (frames, rows, columns), unscaled.

    Raises
    ------
    InputError
        When there are no pixels, too few of them, or they are compressed in a way that cannot be decoded here.
    """
    samples = number(dataset, "SamplesPerPixel")
    if samples is not None and samples != 1:
        raise InputError("The image is in color; it holds no measured values", where)
    if "PixelData" not in dataset:
        raise InputError("The file holds no pixel values", where)
    shape = (int(number(dataset, "NumberOfFrames") or 1), int(dataset.Rows), int(dataset.Columns))
    syntax = dataset.file_meta.get("TransferSyntaxUID")
    isPlain = syntax is not None and syntax.is_little_endian and not syntax.is_compressed
    bits = int(dataset.BitsAllocated)
    if isPlain and bits in (8, 16, 32) and int(dataset.BitsStored) == bits:
        dtype = np.dtype(f"<{'i' if int(dataset.PixelRepresentation) else 'u'}{bits // 8}")
        count = int(np.prod(shape))
        if len(dataset.PixelData) < count * dtype.itemsize:
            raise InputError("The file ends before its last pixel", where, "Export it again")
        return np.frombuffer(dataset.PixelData, dtype, count).reshape(shape)
    try:
        return dataset.pixel_array.reshape(shape)
    except (RuntimeError, ValueError, NotImplementedError, AttributeError, TypeError) as error:
        name = "unknown" if syntax is None else syntax.name
        raise InputError(
            f"The pixels cannot be decoded (transfer syntax {name})", where, "Export the images uncompressed"
        ) from error


def activityScale(dataset, where):
    """How stored values become an activity concentration.

    A Real World Value Mapping applies to the stored values themselves (PS3.3 C.7.6.16.2.11), so it replaces the
    rescale slope and never multiplies it.

    Returns
    -------
    tuple of (slope, intercept, unit, detail, alternatives, warnings)
        ``unit`` is ``"Bq/mL"`` or ``"counts"``.

    Raises
    ------
    InputError
        When the file states a unit that is neither.
    """
    mapped, mappedAlternatives = _realWorldValue(dataset, where)
    rescaled = _rescale(dataset, where)
    warnings = []
    if mapped:
        slope, intercept, detail = mapped
        alternatives = list(mappedAlternatives)
        if rescaled[2] == "Bq/mL":
            alternatives.append({"value": rescaled[2], "detail": rescaled[3]})
            if abs(rescaled[0] / slope - 1) > _RELATIVE_SLOPE_TOLERANCE:
                warnings.append(
                    f"Real World Value Mapping (slope {slope:g}) and rescale slope ({rescaled[0]:g}) of the file "
                    "disagree; the mapping is used"
                )
        return slope, intercept, "Bq/mL", detail, tuple(alternatives), warnings
    slope, intercept, unit, detail = rescaled
    if unit == "counts" and slope != 1:
        warnings.append(f"The counts are scaled by the rescale slope of the file ({slope:g})")
    return slope, intercept, unit, detail, tuple(mappedAlternatives), warnings


def _realWorldValue(dataset, where):
    found, others = None, []
    for index, item in enumerate(dataset.get("RealWorldValueMappingSequence") or []):
        units = item.get("MeasurementUnitsCodeSequence")
        code = text(units[0], "CodeValue") if units else ""
        path = tagText(("RealWorldValueMappingSequence", index), ("MeasurementUnitsCodeSequence", 0))
        factor = _CONCENTRATION_FACTORS.get(code)
        if factor is None:
            others.append({"value": code, "detail": path})
            continue
        slope, intercept = number(item, "RealWorldValueSlope"), number(item, "RealWorldValueIntercept")
        if slope is None or slope <= 0 or intercept is None:
            raise InputError("The Real World Value Mapping in Bq/mL has no valid slope and intercept", where)
        if found:
            others.append({"value": code, "detail": path})
            continue
        found = (slope * factor, intercept * factor, f"{path} UCUM {code}, slope {slope:g}")
    return found, others


def _rescale(dataset, where):
    slope, intercept = number(dataset, "RescaleSlope"), number(dataset, "RescaleIntercept")
    units = text(dataset, "Units") or text(dataset, "RescaleType")
    detail = tagText("Units") if text(dataset, "Units") else tagText("RescaleType")
    if slope is not None and slope <= 0:
        raise InputError(f"The rescale slope is {slope:g}", where)
    if units.upper() == "BQML" and slope is not None:
        return slope, intercept or 0.0, "Bq/mL", f"{detail} BQML, {tagText('RescaleSlope')} {slope:g}"
    if units.upper() not in ("", "US", "CNTS", "BQML"):
        raise InputError(
            f"The image is in {units}, which is no activity concentration", where, "Export it in Bq/mL or in counts"
        )
    reason = "no unit in the file" if units.upper() in ("", "US", "BQML") else f"{detail} CNTS"
    return slope or 1.0, intercept or 0.0, "counts", reason


def scaled(stored, slope, intercept):
    """``stored * slope + intercept`` as float32, computed with one array."""
    values = stored.astype(np.float32)
    if slope != 1:
        values *= np.float32(slope)
    if intercept:
        values += np.float32(intercept)
    return values

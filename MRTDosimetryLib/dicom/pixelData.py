"""Stored pixel values, and what they stand for."""

import math

import numpy as np

from ..errors import InputError
from ..imaging.encodedPixels import storedSlice
from .elements import decodingErrors, items, number, tagName, tagText, text, value, wholeNumber

# UCUM codes of an activity concentration and the factor to Bq/mL. Codes are case-sensitive; both "ml" and "mL" exist.
_CONCENTRATION_FACTORS = {"Bq/ml": 1.0, "Bq/mL": 1.0, "kBq/ml": 1e3, "kBq/mL": 1e3, "MBq/ml": 1e6, "MBq/mL": 1e6}
_COUNTS_CODES = ("{counts}", "{Counts}", "counts", "[Counts]")
_RELATIVE_SLOPE_TOLERANCE = 1e-3
_SLOPE_RANGE = (1e-20, 1e20)
# An object larger than this is no emission image nor CT slice; what it claims is not allocated.
_LARGEST_PIXELS = 2**31
_LARGEST_COMPRESSION = 2000
_PHOTOMETRIC = ("", "MONOCHROME1", "MONOCHROME2", "PALETTE COLOR")


def imageShape(dataset, where):
    """Frames, rows and columns as the header announces them.

    Raises
    ------
    InputError
        When one of them is missing or cannot be.
    """
    rows = wholeNumber(dataset, "Rows", 1, 65535)
    columns = wholeNumber(dataset, "Columns", 1, 65535)
    frames = wholeNumber(dataset, "NumberOfFrames", 1)
    for found, keyword in ((rows, "Rows"), (columns, "Columns")):
        if found is None:
            raise InputError(f"{tagName(keyword)} is missing", where, "Export the images again")
    return frames or 1, rows, columns


def storedValues(dataset, where):
    """Stored values as (frames, rows, columns), unscaled.

    Raises
    ------
    InputError
        When there are no pixels, not as many as announced, or they are compressed in a way that cannot be decoded
        here.
    """
    samples = wholeNumber(dataset, "SamplesPerPixel")
    photometric = text(dataset, "PhotometricInterpretation")
    if samples not in (None, 1) or photometric not in _PHOTOMETRIC:
        raise InputError(
            f"The image is in color; it holds no measured values ({tagName('SamplesPerPixel')}, "
            f"{tagName('PhotometricInterpretation')})", where,
        )  # fmt: skip
    pixels = value(dataset, "PixelData")
    if pixels is None:
        raise InputError(f"The file holds no pixel values ({tagName('PixelData')})", where, "Export it again")
    shape = imageShape(dataset, where)
    bits, isSigned = _pixelType(dataset, where)
    syntax = dataset.file_meta.get("TransferSyntaxUID") if getattr(dataset, "file_meta", None) else None
    if syntax is None:
        raise InputError(f"The file does not say how it is encoded ({tagName('TransferSyntaxUID')})", where)
    count = math.prod(shape)
    size = count * bits // 8
    if not syntax.is_transfer_syntax:
        raise InputError(f"'{syntax}' is no encoding of a file ({tagName('TransferSyntaxUID')})", where)
    isCompressed = not syntax.is_private and syntax.is_compressed
    if not isCompressed and len(pixels) not in (size, size + size % 2):
        problem = "ends before its last pixel" if len(pixels) < size else "holds more pixels than it announces"
        raise InputError(
            f"The file {problem}: {tagName('PixelData')} has {len(pixels)} bytes, and {_announced(shape, bits)} "
            f"need {size}", where, "Export it again",
        )  # fmt: skip
    if isCompressed and (count > _LARGEST_PIXELS or size > max(len(pixels), 64) * _LARGEST_COMPRESSION):
        raise InputError(
            f"{tagName('PixelData')} has {len(pixels)} bytes, too few for {_announced(shape, bits)}", where,
            "Export it again",
        )  # fmt: skip
    if not isCompressed and syntax.is_little_endian and bits in (8, 16, 32):
        dtype = np.dtype(f"<{'i' if isSigned else 'u'}{bits // 8}")
        stored = np.frombuffer(pixels, dtype, count).reshape(shape)
    else:
        stored = _decoded(dataset, shape, bits, syntax, where)
    _requireWithinBits(dataset, stored, bits, isSigned, where)
    return stored


def _decoded(dataset, shape, bits, syntax, where):
    """Pixels through pydicom; those of a single frame through GDCM where pydicom has no decoder for them."""
    try:
        return dataset.pixel_array.reshape(shape)
    except (RuntimeError, ImportError, EOFError, MemoryError, *decodingErrors()) as error:
        name = getattr(syntax, "name", "") or "unknown"
        refusal = InputError(
            f"The pixels cannot be decoded (transfer syntax {name}, {tagText('TransferSyntaxUID')}; "
            f"{_announced(shape, bits)})", where, "Export the images uncompressed",
        )  # fmt: skip
        path = getattr(dataset, "filename", None)
        if shape[0] != 1 or not path:
            raise refusal from error
        slope, intercept = number(dataset, "RescaleSlope"), number(dataset, "RescaleIntercept")
        try:
            stored = storedSlice(path, 1.0 if slope is None else slope, intercept or 0.0)
        except InputError:
            raise refusal from error
        if stored.shape != shape[1:]:
            raise refusal from error
        return stored.reshape(shape)


def _announced(shape, bits):
    frames, rows, columns = shape
    return (
        f"{frames} frames {tagText('NumberOfFrames')} of {rows} rows {tagText('Rows')} and {columns} columns "
        f"{tagText('Columns')} of {bits} bits {tagText('BitsAllocated')}"
    )


def _pixelType(dataset, where):
    bits = wholeNumber(dataset, "BitsAllocated", 1, 64)
    if bits is None or bits not in (8, 16, 32, 64):
        raise InputError(f"{tagName('BitsAllocated')} is {bits or 'missing'}, not 8, 16 or 32", where)
    sign = wholeNumber(dataset, "PixelRepresentation", 0, 1)
    if sign is None:
        raise InputError(
            f"The file does not say whether its values have a sign ({tagName('PixelRepresentation')})", where,
            "Export it again",
        )  # fmt: skip
    return bits, bool(sign)


def _requireWithinBits(dataset, stored, bits, isSigned, where):
    """Values that need more bits than are stored, or that do not start at the lowest bit, are not what they seem."""
    used = wholeNumber(dataset, "BitsStored", 1, bits)
    high = wholeNumber(dataset, "HighBit", 0, bits - 1)
    if used is not None and high is not None and high != used - 1:
        raise InputError(f"{tagName('HighBit')} is {high}, but {tagName('BitsStored')} {used}", where)
    if used is None or used == bits:
        return
    low, top = (-(2 ** (used - 1)), 2 ** (used - 1) - 1) if isSigned else (0, 2**used - 1)
    if int(stored.min()) < low or int(stored.max()) > top:
        raise InputError(
            f"There are values outside the {used} bits that the file says to use ({tagName('BitsStored')})", where,
            "Export it again",
        )  # fmt: skip


def requireLossless(dataset, where):
    """Refuse an image whose values a lossy compression has changed."""
    flag = text(dataset, "LossyImageCompression")
    syntax = dataset.file_meta.get("TransferSyntaxUID") if getattr(dataset, "file_meta", None) else None
    isLossySyntax = syntax in _LOSSY_SYNTAXES
    if flag == "01" or isLossySyntax:
        reason = tagName("LossyImageCompression") if flag == "01" else f"transfer syntax {syntax.name}"
        raise InputError(f"The values were changed by a lossy compression ({reason})", where,
                         "Export the images without compression from where they are whole")  # fmt: skip


# JPEG baseline and extended: always lossy. JPEG 2000 and JPEG-LS may be either, which the flag says.
_LOSSY_SYNTAXES = ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51")


def saturationWarnings(stored, slope):
    """A word on counts that reached the largest number their type can hold, where the true ones may be higher."""
    if slope != 1 or stored.dtype.kind not in "iu" or stored.dtype.itemsize > 2:
        return []
    top = np.iinfo(stored.dtype).max
    if int(stored.max()) != top:
        return []
    clipped = int(np.count_nonzero(stored == top))
    return [f"{clipped} voxels hold {top}, the largest number that fits ({tagText('BitsStored')}): higher counts may "
            "have been cut off"]  # fmt: skip


def activityScale(dataset, where):
    """How stored values become an activity concentration.

    A Real World Value Mapping applies to the stored values themselves (PS3.3 C.7.6.16.2.11), so it replaces the
    rescale slope and never multiplies it.

    Returns
    -------
    tuple of (slope, intercept, unit, detail, alternatives, warnings, limits)
        ``unit`` is ``"Bq/mL"`` or ``"counts"``; ``limits`` are the stored values for which the mapping holds, or None.

    Raises
    ------
    InputError
        When the file states a unit that is neither, or a unit without the factor to it.
    """
    concentrations, counts, others = _realWorldValues(dataset, where)
    rescaled = _rescale(dataset, where, isOptional=bool(concentrations))
    warnings, alternatives = [], [*others]
    if concentrations:
        slope, intercept, detail, limits = concentrations[0]
        for other in concentrations[1:]:
            alternatives.append({"value": "Bq/mL", "detail": other[2]})
            if not _isClose(other[0], slope) or other[1] != intercept:
                raise InputError(
                    f"{tagName('RealWorldValueMappingSequence')} maps to Bq/mL in two ways (slopes {slope:g} and "
                    f"{other[0]:g})", where, "Export the image with one calibration",
                )  # fmt: skip
        if rescaled[2] == "Bq/mL":
            alternatives.append({"value": rescaled[2], "detail": rescaled[3]})
            if not _isClose(rescaled[0], slope):
                warnings.append(
                    f"Real World Value Mapping (slope {slope:g}) and rescale slope ({rescaled[0]:g}) of the file "
                    "disagree; the mapping is used"
                )
        return slope, intercept, "Bq/mL", detail, tuple(alternatives), warnings, limits
    slope, intercept, unit, detail = rescaled
    if unit == "counts" and counts:
        mapped, mappedIntercept, mappedDetail, limits = counts[0]
        if slope != 1 and not _isClose(mapped, slope):
            warnings.append(
                f"Real World Value Mapping in counts (slope {mapped:g}) and rescale slope ({slope:g}) of the file "
                "disagree; the mapping is used"
            )
        if mapped != 1:
            warnings.append(f"The counts are scaled by the Real World Value Mapping of the file ({mapped:g})")
        return mapped, mappedIntercept, "counts", mappedDetail, tuple(alternatives), warnings, limits
    if unit == "counts" and slope != 1:
        warnings.append(f"The counts are scaled by the rescale slope of the file ({slope:g})")
    return slope, intercept, unit, detail, tuple(alternatives), warnings, None


def requireMapped(stored, limits, where):
    """Refuse stored values for which the file's Real World Value Mapping does not hold."""
    if limits is None:
        return
    low, high = int(stored.min()), int(stored.max())
    if low < limits[0] or high > limits[1]:
        raise InputError(
            f"The stored values {low} to {high} go beyond {limits[0]:g} to {limits[1]:g}, for which "
            f"{tagName('RealWorldValueFirstValueMapped')} and {tagName('RealWorldValueLastValueMapped')} say how they "
            f"become activity ({tagText('PixelRepresentation')} says whether they have a sign)", where,
            "Export the image again",
        )  # fmt: skip


def _isClose(a, b):
    return abs(a / b - 1) <= _RELATIVE_SLOPE_TOLERANCE


def _realWorldValues(dataset, where):
    """Mappings to Bq/mL, mappings to counts (each slope, intercept, detail, limits), and what else is mapped to."""
    concentrations, counts, others = [], [], []
    for index, item in enumerate(items(dataset, "RealWorldValueMappingSequence")):
        units = items(item, "MeasurementUnitsCodeSequence")
        code = text(units[0], "CodeValue") if units else ""
        path = tagText(("RealWorldValueMappingSequence", index), ("MeasurementUnitsCodeSequence", 0))
        if not code:
            raise InputError(
                f"A Real World Value Mapping of the file has no unit ({path}.{tagText('CodeValue')})", where,
                "Export the image with its unit",
            )  # fmt: skip
        factor = 1.0 if code in _COUNTS_CODES else _CONCENTRATION_FACTORS.get(code)
        if factor is None:
            others.append({"value": code, "detail": path})
            continue
        slope, intercept = number(item, "RealWorldValueSlope"), number(item, "RealWorldValueIntercept")
        if slope is None or intercept is None or not _SLOPE_RANGE[0] < slope < _SLOPE_RANGE[1]:
            raise InputError(
                f"The Real World Value Mapping in {code} has no valid {tagName('RealWorldValueSlope')} and "
                f"{tagName('RealWorldValueIntercept')}", where, "Export the image again",
            )  # fmt: skip
        limits = _limits(item)
        kept = counts if code in _COUNTS_CODES else concentrations
        kept.append((slope * factor, intercept * factor, f"{path} UCUM {code}, slope {slope:g}", limits))
    if not concentrations and not counts and any(other["value"] != "1" for other in others):
        listed = ", ".join(other["value"] for other in others)
        raise InputError(
            f"The image is mapped to {listed}, which is no activity concentration "
            f"({tagName('RealWorldValueMappingSequence')})", where, "Export it in Bq/mL or in counts",
        )  # fmt: skip
    return concentrations, counts, others


def _limits(item):
    """Stored values a mapping holds for, or None where it does not say."""
    ends = []
    for kind in ("First", "Last"):
        end = number(item, f"RealWorldValue{kind}ValueMapped")
        ends.append(number(item, f"DoubleFloatRealWorldValue{kind}ValueMapped") if end is None else end)
    return None if None in ends else tuple(ends)


def _rescale(dataset, where, isOptional):
    slope, intercept = number(dataset, "RescaleSlope"), number(dataset, "RescaleIntercept")
    keyword = "Units" if text(dataset, "Units") else "RescaleType"
    units, detail = text(dataset, keyword).upper(), tagText(keyword)
    if slope is not None and not _SLOPE_RANGE[0] < slope < _SLOPE_RANGE[1]:
        raise InputError(f"{tagName('RescaleSlope')} is {slope:g}", where, "Export the image again")
    if units in ("BQML", "BQ/ML"):
        if slope is not None:
            if intercept is not None and abs(intercept) > 1e15:
                raise InputError(f"{tagName('RescaleIntercept')} is {intercept:g}", where, "Export the image again")
            return slope, intercept or 0.0, "Bq/mL", f"{detail} {units}, {tagText('RescaleSlope')} {slope:g}"
        if not isOptional:
            raise InputError(
                f"The image is in Bq/mL ({detail}), but the factor to it is lost ({tagName('RescaleSlope')})", where,
                "Export it again with its rescale slope",
            )  # fmt: skip
    if units not in ("", "US", "CNTS", "COUNTS", "BQML", "BQ/ML"):
        raise InputError(
            f"The image is in {units}, which is no activity concentration ({tagName(keyword)})", where,
            "Export it in Bq/mL or in counts",
        )  # fmt: skip
    reason = f"{detail} {units}" if units in ("CNTS", "COUNTS") else "no unit in the file"
    if intercept is not None and abs(intercept) > 1e15:
        raise InputError(f"{tagName('RescaleIntercept')} is {intercept:g}", where, "Export the image again")
    return 1.0 if slope is None else slope, intercept or 0.0, "counts", reason


def scaled(stored, slope, intercept):
    """``stored * slope + intercept`` as float32, computed with one array."""
    values = stored.astype(np.float32)
    if slope != 1:
        values *= np.float32(slope)
    if intercept:
        values += np.float32(intercept)
    return values

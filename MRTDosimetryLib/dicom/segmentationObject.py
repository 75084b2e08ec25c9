"""Read DICOM Segmentations (PS3.3 A.51): binary, fractional and label-map objects as masks on their own grid."""

import math

import numpy as np

from ..errors import InputError
from ..imaging.volume import RAS_FROM_LPS, Volume
from .elements import decodingErrors, firstItem, items, number, numbers, tagName, text, value, wholeNumber
from .geometry import directionCosines, requirePixelSpacing, requirePosition, requireStep
from .structureSet import chosenRegions

SOP_CLASS_UIDS = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")
_FRACTION_INSIDE = 0.5
_POSITION_TOLERANCE_MM = 0.02
_MOST_VOXELS = 2**31
_LARGEST_COMPRESSION = 5000


def segmentMasks(dataset, wanted, where):
    """Masks of the segments.

    Parameters
    ----------
    dataset : pydicom.Dataset
    wanted : dict of str to str or None
        Label in the file to name it is to have; None for all.

    Returns
    -------
    tuple of (str, dict of str to Volume, list of str)
        Frame of reference UID, a boolean mask for every region (all on one grid), and warnings.

    Raises
    ------
    InputError, FaultList
        Segments that are absent, frames without position or segment, planes that are not evenly spaced.
    """
    wholeNumber(dataset, "PixelRepresentation", 0, 1)  # values inside of sequences depend on it
    frameOfReferenceUID = text(dataset, "FrameOfReferenceUID")
    if not frameOfReferenceUID:
        raise InputError(f"The segmentation does not state {tagName('FrameOfReferenceUID')}", where, "Export it again")
    chosen = chosenRegions(_labels(dataset, where), wanted, where, ("SegmentSequence", "SegmentLabel"))
    kind = text(dataset, "SegmentationType").upper()
    if kind not in ("BINARY", "FRACTIONAL", "LABELMAP"):
        raise InputError(f"{tagName('SegmentationType')} is '{kind}', which is not known", where, "Export it again")
    frames, warnings = _frames(dataset, kind, where)
    groups = items(dataset, "PerFrameFunctionalGroupsSequence")
    if len(groups) != len(frames):
        raise InputError(
            f"The file describes {len(groups)} of its {len(frames)} frames "
            f"({tagName('PerFrameFunctionalGroupsSequence')}, {tagName('NumberOfFrames')})", where, "Export it again",
        )  # fmt: skip
    planes, matrix, count = _planes(dataset, groups, where)
    segmentOfFrame = [None] * len(frames) if kind == "LABELMAP" else [
        _segmentOf(dataset, group, where) for group in groups]  # fmt: skip
    known = _labels(dataset, where)
    for segment in segmentOfFrame:
        if segment is not None and segment not in known:
            raise InputError(
                f"A frame belongs to segment {segment}, which is not described ({tagName('ReferencedSegmentNumber')}, "
                f"{tagName('SegmentNumber')})", where, "Export it again",
            )  # fmt: skip
    masks, seen = {}, set()
    for number_, name in chosen.items():
        mask = np.zeros((count, *frames.shape[1:]), bool)
        for index, plane in enumerate(planes):
            if segmentOfFrame[index] not in (None, number_):
                continue
            if (number_, plane) in seen:
                raise InputError(
                    f"Two frames show the same plane of one segment ({tagName('ImagePositionPatient')}, "
                    f"{tagName('ReferencedSegmentNumber')})", f"{where}: {name}", "Export it again",
                )  # fmt: skip
            seen.add((number_, plane))
            mask[plane] = frames[index] == number_ if kind == "LABELMAP" else frames[index]
        masks[name] = Volume(mask, matrix, "", name)
    return frameOfReferenceUID, masks, warnings


def _labels(dataset, where):
    labels = {}
    for item in items(dataset, "SegmentSequence"):
        segment = wholeNumber(item, "SegmentNumber", 1, 65535)
        if segment is None or segment in labels:
            raise InputError(f"{tagName('SegmentNumber')} is missing or given twice", where, "Export it again")
        labels[segment] = text(item, "SegmentLabel")
    if not labels:
        raise InputError(f"The segmentation describes no segment ({tagName('SegmentSequence')})", where)
    return labels


def _frames(dataset, kind, where):
    """Frames as (frames, rows, columns): boolean, or label values; and warnings."""
    rows, columns = wholeNumber(dataset, "Rows", 1, 65535), wholeNumber(dataset, "Columns", 1, 65535)
    count = wholeNumber(dataset, "NumberOfFrames", 1)
    bits = wholeNumber(dataset, "BitsAllocated", 1, 16)
    for found, keyword in ((rows, "Rows"), (columns, "Columns"), (count, "NumberOfFrames"), (bits, "BitsAllocated")):
        if found is None:
            raise InputError(f"{tagName(keyword)} is missing", where, "Export it again")
    pixels = value(dataset, "PixelData")
    total = math.prod((rows, columns, count))
    syntax = dataset.file_meta.get("TransferSyntaxUID") if getattr(dataset, "file_meta", None) else None
    if pixels is None or syntax is None or not syntax.is_transfer_syntax:
        keyword = "PixelData" if pixels is None else "TransferSyntaxUID"
        raise InputError(f"{tagName(keyword)} is missing or not valid", where, "Export it again")
    announced = f"{tagName('NumberOfFrames')}, {tagName('Rows')}, {tagName('Columns')}, {tagName('BitsAllocated')}"
    size = (total * bits + 7) // 8
    isCompressed = not syntax.is_private and syntax.is_compressed
    isWrong = len(pixels) not in (size, size + size % 2) if not isCompressed else (
        size > max(len(pixels), 64) * _LARGEST_COMPRESSION)  # fmt: skip
    if isWrong or total > _MOST_VOXELS:
        raise InputError(f"{tagName('PixelData')} has {len(pixels)} bytes, which do not fit {announced}", where,
                         "Export it again")  # fmt: skip
    if bits == 1 and not isCompressed:
        flat = np.unpackbits(np.frombuffer(pixels, np.uint8), count=total, bitorder="little")
        frames = flat.reshape(count, rows, columns)
    elif not isCompressed and bits in (8, 16):
        frames = np.frombuffer(pixels, f"<u{bits // 8}", total).reshape(count, rows, columns)
    else:
        try:
            frames = dataset.pixel_array.reshape(count, rows, columns)
        except (RuntimeError, ImportError, EOFError, MemoryError, *decodingErrors()) as error:
            raise InputError(f"The pixels cannot be decoded ({tagName('TransferSyntaxUID')}, {announced})", where,
                             "Export the segmentation uncompressed") from error  # fmt: skip
    if kind != "FRACTIONAL":
        if kind == "BINARY" and int(frames.max()) > 1:
            what = f"The segmentation is BINARY but holds {int(frames.max())} ({tagName('SegmentationType')})"
            raise InputError(what, where, "Export it again")
        return (frames.astype(bool) if kind == "BINARY" else frames), []
    highest = wholeNumber(dataset, "MaximumFractionalValue", 1, 255)
    if highest is None:
        raise InputError(f"{tagName('MaximumFractionalValue')} is missing", where, "Export it again")
    words = f"The segments are fractional ({tagName('SegmentationType')}): voxels of at least {_FRACTION_INSIDE:g} " \
            "count as inside"
    return frames >= _FRACTION_INSIDE * highest, [words]


def _group(dataset, frameGroup, keyword):
    """Item of a functional group: of the frame, else of all frames."""
    found = firstItem(frameGroup, keyword)
    if found is None:
        shared = firstItem(dataset, "SharedFunctionalGroupsSequence")
        found = None if shared is None else firstItem(shared, keyword)
    return found


def _stated(dataset, group, sequence, keyword, count, where):
    item = _group(dataset, group, sequence)
    found = None if item is None else numbers(item, keyword, count)
    if found is None:
        raise InputError(
            f"A frame does not state {tagName(keyword)} ({tagName(sequence)}, "
            f"{tagName('SharedFunctionalGroupsSequence')} or {tagName('PerFrameFunctionalGroupsSequence')})", where,
            "Export it again",
        )  # fmt: skip
    return found


def _segmentOf(dataset, group, where):
    item = _group(dataset, group, "SegmentIdentificationSequence")
    found = None if item is None else wholeNumber(item, "ReferencedSegmentNumber", 1, 65535)
    if found is None:
        raise InputError(
            f"A frame does not say which segment it shows ({tagName('SegmentIdentificationSequence')}, "
            f"{tagName('ReferencedSegmentNumber')})", where, "Export it again",
        )  # fmt: skip
    return found


def _planes(dataset, groups, where):
    """Index of the plane of every frame, ijkToRAS, and the number of planes."""
    positions, first = [], None
    for group in groups:
        positions.append(_stated(dataset, group, "PlanePositionSequence", "ImagePositionPatient", 3, where))
        requirePosition(positions[-1], where)
        own = (_stated(dataset, group, "PlaneOrientationSequence", "ImageOrientationPatient", 6, where),
               _stated(dataset, group, "PixelMeasuresSequence", "PixelSpacing", 2, where))  # fmt: skip
        first = first or own
        for mine, theirs, keyword in zip(own, first, ("ImageOrientationPatient", "PixelSpacing"), strict=True):
            if np.abs(np.subtract(mine, theirs)).max() > 1e-4:
                raise InputError(f"The frames differ in {tagName(keyword)}", where, "Export it again")
    orientation, spacing = first
    requirePixelSpacing(spacing, where)
    row, column, normal = directionCosines(orientation, where)
    positions = np.array(positions)
    depths = positions @ normal
    start = positions[np.argmin(depths)]
    lateral = positions - start - np.outer(depths - depths.min(), normal)
    if np.abs(lateral).max() > _POSITION_TOLERANCE_MM:
        raise InputError(
            f"The frames are shifted against each other ({tagName('ImagePositionPatient')}, "
            f"{tagName('ImageOrientationPatient')})", where, "Export it again",
        )  # fmt: skip
    step = _step(dataset, groups, depths, where)
    planes = np.rint((depths - depths.min()) / step).astype(int)
    off = np.abs(depths - depths.min() - planes * step).max()
    if off > max(_POSITION_TOLERANCE_MM, 0.01 * step):
        raise InputError(
            f"The planes are not {step:g} mm or multiples of it apart ({tagName('ImagePositionPatient')}, "
            f"{tagName('SpacingBetweenSlices')})", where, "Export it again",
        )  # fmt: skip
    count = int(planes.max()) + 1
    rows, columns = wholeNumber(dataset, "Rows"), wholeNumber(dataset, "Columns")
    if count * rows * columns > _MOST_VOXELS:
        raise InputError(f"The planes lie too far apart ({tagName('ImagePositionPatient')})", where, "Export it again")
    matrix = np.eye(4)
    matrix[:3, 0], matrix[:3, 1], matrix[:3, 2] = row * spacing[1], column * spacing[0], normal * step
    matrix[:3, 3] = start
    return planes, RAS_FROM_LPS @ matrix, count


def _step(dataset, groups, depths, where):
    """Distance between planes: as stated, else the smallest one between frames, else the thickness of a single one."""
    measures = _group(dataset, groups[0], "PixelMeasuresSequence")
    stated, thickness = number(measures, "SpacingBetweenSlices"), number(measures, "SliceThickness")
    if stated is not None:
        requireStep(stated, where)
        return abs(stated)
    steps = np.diff(np.unique(np.round(depths, 3)))
    if len(steps):
        requireStep(float(steps.min()), where, "ImagePositionPatient")
        return float(steps.min())
    if thickness is None:
        raise InputError(f"The distance between planes is not stated ({tagName('SpacingBetweenSlices')})", where)
    requireStep(thickness, where, "SliceThickness")
    return thickness

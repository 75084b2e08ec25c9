"""Outlines of an RT Structure Set (PS3.3 C.8.8.6) as voxels: islands, holes, keyholes and exclusive-or planes."""

from dataclasses import dataclass

import numpy as np

from ..errors import Faults, InputError
from ..imaging.volume import RAS_FROM_LPS, Volume
from .elements import items, numbers, tagName, tagText, text, value, wholeNumber

SOP_CLASS_UID = "1.2.840.10008.5.1.4.1.1.481.3"
_CLOSED, _EXCLUSIVE_OR = "CLOSED_PLANAR", "CLOSEDPLANAR_XOR"
_OPEN = ("POINT", "OPEN_PLANAR", "OPEN_NONPLANAR")
# Voxels of the outlines' own grid: fine enough for a lesion of 1 mL (a sphere of 12 mm) to keep its volume.
_LARGEST_PIXEL_MM = 0.7
_MOST_VOXELS = 300_000_000
_PLANE_TOLERANCE_MM = 0.1
_PARALLEL_TOLERANCE_MM = 0.5
_FARTHEST_MM = 20000.0


@dataclass
class _Outline:
    """Points (N, 3) in mm along row, column and normal of the image; exclusive-or with the others of its plane."""

    points: np.ndarray
    isExclusiveOr: bool
    depthMM: float = 0.0


def outlinedMasks(dataset, grid, wanted, where):
    """Voxelize the regions of a structure set.

    Parameters
    ----------
    dataset : pydicom.Dataset
    grid : Volume
        Image whose slices the outlines are parallel to; the voxels are at most 0.7 mm wide and as thick as the distance
        of the outlines.
    wanted : dict of str to str or None
        Name in the file to name it is to have; None for all.

    Returns
    -------
    tuple of (str, dict of str to Volume, list of str)
        Frame of reference UID, a boolean mask for every region (all on one grid), and warnings.

    Raises
    ------
    InputError, FaultList
        Regions that are absent, without closed outlines, or outlined across the slices.
    """
    names, frames = _names(dataset, where)
    chosen = chosenRegions(names, wanted, where, ("StructureSetROISequence", "ROIName"))
    axes, spacing = _axes(grid)
    faults, warnings, outlines = Faults(), [], {}
    contours = {wholeNumber(item, "ReferencedROINumber"): item for item in items(dataset, "ROIContourSequence")}
    for number, name in chosen.items():
        place = f"{where}: {name}"
        with faults.collect():
            outlines[name] = _outlines(contours.get(number), axes, place, warnings)
    faults.raiseIfAny()
    used = {frames[number] for number in chosen} - {""}
    if len(used) > 1:
        raise InputError(
            f"The regions lie in different frames of reference ({tagName('ReferencedFrameOfReferenceUID')})", where,
            "Give those of one image",
        )  # fmt: skip
    steps = {name: _planeStep(found, grid, name, warnings) for name, found in outlines.items()}
    low, size, edges = _ownGrid(outlines, steps, spacing, where)
    masks = {}
    for name, found in outlines.items():
        mask = np.zeros(size[::-1], bool)
        _fill(mask, found, low, edges, steps[name], name, warnings)
        masks[name] = Volume(mask, _matrix(axes, low, edges), "", name)
    return (used.pop() if used else ""), masks, warnings


def _names(dataset, where):
    names, frames = {}, {}
    for item in items(dataset, "StructureSetROISequence"):
        number = wholeNumber(item, "ROINumber")
        if number is None or number in names:
            raise InputError(f"{tagName('ROINumber')} is missing or given twice", where, "Export the structures again")
        names[number] = text(item, "ROIName")
        frames[number] = text(item, "ReferencedFrameOfReferenceUID")
    if not names:
        raise InputError(f"The structure set holds no structure ({tagName('StructureSetROISequence')})", where)
    return names, frames


def chosenRegions(labels, wanted, where, keywords):
    """{key: name it is to have} of the regions wanted, with every fault found; ``keywords`` say where names stand."""
    tags = ", ".join(tagName(keyword) for keyword in keywords)
    faults, chosen = Faults(), {}
    for name in sorted({name for name in labels.values() if list(labels.values()).count(name) > 1}):
        if wanted is None or name in wanted:
            faults.add(f"Two regions are called '{name}' ({tags})", where, "Rename one of them")
    for name in wanted or ():
        if name not in labels.values():
            held = ", ".join(labels.values()) or "none"
            faults.add(f"There is no region '{name}' ({tags})", where, f"It holds {held}")
    for key, name in labels.items():
        if not name:
            faults.add(f"A region has no name ({tags})", where, "Name it")
        elif wanted is None or name in wanted:
            chosen[key] = name if wanted is None else wanted[name]
    faults.raiseIfAny()
    return chosen


def _axes(grid):
    """Unit vectors of rows, columns and slices in LPS (as columns), and voxel edges."""
    matrix = (RAS_FROM_LPS @ grid.ijkToRAS)[:3, :3]
    spacing = np.linalg.norm(matrix, axis=0)
    axes = matrix / spacing
    if np.abs(axes.T @ axes - np.eye(3)).max() > 1e-3:
        raise InputError("The axes of the image are not perpendicular", grid.name)
    return axes, spacing


def _outlines(contour, axes, where, warnings):
    """Closed outlines of one region, each in one plane parallel to the slices of the image."""
    found, left = [], {}
    for item in items(contour, "ContourSequence") if contour is not None else ():
        kind = text(item, "ContourGeometricType").upper()
        if kind in _OPEN:
            left[kind] = left.get(kind, 0) + 1
            continue
        if kind not in (_CLOSED, _EXCLUSIVE_OR):
            raise InputError(f"{tagName('ContourGeometricType')} is '{kind}', which is not known", where,
                             "Export the structures again")  # fmt: skip
        points = _points(item, where) @ axes
        depths = points[:, 2]
        if np.ptp(depths) > _PARALLEL_TOLERANCE_MM:
            raise InputError(
                f"An outline does not lie in a plane parallel to the slices of the image ({tagName('ContourData')}: "
                f"{np.ptp(depths):.1f} mm off)", where, "Give the image on which it was drawn",
            )  # fmt: skip
        found.append(_Outline(points, kind == _EXCLUSIVE_OR, float(depths.mean())))
    if left:
        listed = ", ".join(f"{count} {kind}" for kind, count in left.items())
        warnings.append(f"{where.rpartition(': ')[2]}: outlines that enclose nothing are left out ({listed}, "
                        f"{tagName('ContourGeometricType')})")  # fmt: skip
    if not found:
        tags = ", ".join(tagText(keyword) for keyword in (
            "ROIContourSequence", "ContourSequence", "ROINumber", "ReferencedROINumber"))  # fmt: skip
        raise InputError(f"The region has no closed outline ({tags})", where,
                         "Draw it, or leave it out by naming the others")  # fmt: skip
    return found


def _points(item, where):
    data = value(item, "ContourData")
    count = len(data) if data is not None and not isinstance(data, str | bytes | float | int) else 0
    if count < 9 or count % 3:
        raise InputError(f"{tagName('ContourData')} holds {count} numbers, not at least three points", where,
                         "Export the structures again")  # fmt: skip
    points = np.array(numbers(item, "ContourData", count)).reshape(-1, 3)
    stated = wholeNumber(item, "NumberOfContourPoints")
    if stated is not None and stated != len(points):
        what = f"{tagName('NumberOfContourPoints')} is {stated}, {tagName('ContourData')} holds {len(points)} points"
        raise InputError(what, where, "Export the structures again")
    if np.abs(points).max() > _FARTHEST_MM:
        raise InputError(f"{tagName('ContourData')} holds positions that cannot be", where, "Export it again")
    return points


def _planes(outlines):
    """Depths of the planes, those closer than a tolerance taken as one."""
    depths = np.sort([outline.depthMM for outline in outlines])
    return depths[np.insert(np.diff(depths) > _PLANE_TOLERANCE_MM, 0, True)]


def _planeStep(outlines, grid, name, warnings):
    """Distance between the planes of a region in mm: what each outline stands for along the normal."""
    planes = _planes(outlines)
    if len(planes) == 1:
        warnings.append(f"{name}: there is an outline in one plane only; it counts for one slice of the image")
        return float(grid.spacingMM[2])
    steps = np.diff(planes)
    step = float(np.median(steps))
    gaps = int(np.count_nonzero(steps > 1.5 * step))
    if gaps:
        warnings.append(f"{name}: {gaps} gap(s) between outlines larger than their usual distance of {step:.2f} mm "
                        "stay empty")  # fmt: skip
    return step


def _ownGrid(outlines, steps, spacing, where):
    """First voxel center (mm along the axes), size (i, j, k) and voxel edges that hold all outlines."""
    points = np.vstack([outline.points for found in outlines.values() for outline in found])
    pixels = spacing[:2] / np.ceil(spacing[:2] / _LARGEST_PIXEL_MM)
    edges = np.array([*pixels, min(steps.values())])
    if edges[2] < 2 * _PLANE_TOLERANCE_MM:
        raise InputError(f"The outlines lie only {edges[2]:.2f} mm apart ({tagName('ContourData')})", where)
    # Half a pixel off: outlines like to run through the centers of pixels, where inside and outside meet.
    low = points.min(axis=0) - [pixels[0] / 2.0, pixels[1] / 2.0, 0.0]
    size = np.ceil((points.max(axis=0) - low) / edges + 1e-6).astype(int) + 1
    # Half of the thickest slab lies beyond the outermost planes.
    margin = int(np.ceil(max(steps.values()) / edges[2] / 2.0))
    low[2] -= margin * edges[2]
    size[2] += 2 * margin
    if int(np.prod(size, dtype=np.int64)) > _MOST_VOXELS:
        raise InputError("The outlines cover too large a space", where, "Name the regions that are needed")
    return low, tuple(int(count) for count in size), edges


def _matrix(axes, low, edges):
    matrix = np.eye(4)
    matrix[:3, :3] = axes * edges
    matrix[:3, 3] = axes @ low
    return RAS_FROM_LPS @ matrix


def _fill(mask, outlines, low, edges, step, name, warnings):
    """Set the voxels of a region: every slice shows the outlines of the plane nearest to it."""
    planes = _planes(outlines)
    drawn, words = {}, set()
    centers = low[2] + edges[2] * np.arange(mask.shape[0])
    for slab, depth in zip(mask, centers, strict=True):
        nearest = int(np.argmin(np.abs(planes - depth)))
        offset = depth - planes[nearest]
        if not -step / 2 - 1e-6 <= offset < step / 2 - 1e-6:
            continue
        if nearest not in drawn:
            members = [one for one in outlines if abs(one.depthMM - planes[nearest]) <= _PLANE_TOLERANCE_MM]
            drawn[nearest] = _plane(members, slab.shape, low, edges, words)
        slab[...] = drawn[nearest]
    warnings += [f"{name}: {sentence}" for sentence in sorted(words)]


def _plane(outlines, shape, low, edges, words):
    """One plane of a region (PS3.3 C.8.8.6.3)."""
    parts = []
    for outline in outlines:
        part = polygonMask((outline.points[:, :2] - low[:2]) / edges[:2], shape)
        if any(np.array_equal(part, other) for other, _ in parts) and not outline.isExclusiveOr:
            words.add("the same outline is there twice; it counts once")
            continue
        parts.append((part, outline.isExclusiveOr))
    parts.sort(key=lambda entry: -int(entry[0].sum()))
    result = np.zeros(shape, bool)
    for part, isExclusiveOr in parts:
        shared = part & result
        if isExclusiveOr:
            result ^= part
        elif shared.any() and np.array_equal(shared, part):
            words.add("an outline inside another is taken as a hole")
            result ^= part
        else:
            if shared.any():
                words.add("outlines that cross each other are taken together")
            result |= part
    return result


def polygonMask(points, shape):
    """Pixels whose centers lie inside a polygon by the even-odd rule, so that a keyhole leaves its hole open.

    Parameters
    ----------
    points : numpy.ndarray
        Corners (N, 2) as (column, row) in pixels.
    shape : tuple of int
        Rows, columns.

    Returns
    -------
    numpy.ndarray of bool
    """
    start, end = points, np.roll(points, -1, axis=0)
    first = np.clip(np.ceil(np.minimum(start[:, 1], end[:, 1])), 0, shape[0]).astype(int)
    last = np.clip(np.ceil(np.maximum(start[:, 1], end[:, 1])), 0, shape[0]).astype(int)
    counts = last - first
    edge = np.repeat(np.arange(len(points)), counts)
    row = first[edge] + np.arange(len(edge)) - np.repeat(np.cumsum(counts) - counts, counts)
    slope = (end[edge, 0] - start[edge, 0]) / (end[edge, 1] - start[edge, 1])
    crossing = start[edge, 0] + slope * (row - start[edge, 1])
    column = np.clip(np.ceil(crossing), 0, shape[1]).astype(int)
    turns = np.zeros((shape[0], shape[1] + 1), np.int32)
    np.add.at(turns, (row, column), 1)
    return np.cumsum(turns, axis=1)[:, :-1] % 2 == 1

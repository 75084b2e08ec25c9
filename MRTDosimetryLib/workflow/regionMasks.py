"""The regions of a study as occupancies of each time point's own voxels, computed once per alignment."""

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

from ..errors import Faults, InputError
from ..imaging.grid import gridOf
from ..imaging.occupancy import occupancy
from ..imaging.volume import Volume
from ..scene import segments, volumes
from ..scene.regionSurfaces import isDrawnAsSurfaces, surfacesFromSegmentation
from .registration import referenceFromTimePoint, referenceOf
from .stage import digestOf

# Regions cut by the field of view beyond this share of their volume give too little activity ...
OUTSIDE_SHARE = 0.01
# ... and beyond this one what is left says nothing about the region.
MOSTLY_OUTSIDE = 0.9
_CACHE_SIZE = 8
_cache = OrderedDict()


@dataclass(frozen=True)
class RegionLayer:
    """Regions that do not overlap each other: a label image and the region name of each label."""

    labels: Volume
    names: dict


def segmentationNode(study):
    """The segmentation of the study, or ``None``."""
    return study.nodeByRole("segmentation")


def regionLayers(study):
    """The regions as label images at the segmentation's own resolution, in the reference's coordinates.

    Returns
    -------
    list of RegionLayer

    Raises
    ------
    InputError, FaultList
        No segmentation, an empty region, or two regions of one name.
    """
    node = segmentationNode(study)
    if node is None:
        raise InputError("There are no regions", "Regions", "Draw the regions or give a label map")
    reference = referenceOf(study)
    found = segments.labelsFromSegmentation(node, reference.ctNode or reference.spectNode)
    layers, seen, faults = [], set(), Faults()
    for labels, segmentsOfLayer in found:
        names = {value: name for value, (_segmentID, name) in segmentsOfLayer.items()}
        for name in names.values():
            if name in seen:
                faults.add("Two regions have the same name", name, "Rename one of them")
            seen.add(name)
        layers.append(RegionLayer(labels, names))
    for name in regionNames(study):
        if name not in seen:
            faults.add("The region is empty", name, "Draw it or remove it")
    faults.raiseIfAny()
    return layers


def regionSurfaces(study):
    """The regions as closed surfaces in the reference's coordinates, where they were drawn or loaded as such.

    Returns
    -------
    dict of str to Surface, or None
        By region name; ``None`` where the regions are label images.

    Raises
    ------
    InputError
        A region without a closed surface.
    """
    node = segmentationNode(study)
    if node is None or not isDrawnAsSurfaces(node):
        return None
    return surfacesFromSegmentation(node)


def regionNames(study):
    """Names of the regions in the order of the segmentation."""
    node = segmentationNode(study)
    return [] if node is None else list(segments.regionNames(node).values())


def regionOccupancies(study, timePoint, counts=None):
    """Which fraction of each SPECT voxel of a time point lies inside each region.

    Parameters
    ----------
    study : Study
    timePoint : TimePoint
    counts : sequence of int, optional
        Of the parts along i, j, k of each voxel, where more than the voxels is asked for.

    Returns
    -------
    dict of str to Occupancy
        By region name; the fraction array covers the bounding box ``slices`` of the SPECT grid.
    """
    grid = gridOf(volumes.volumeFromNode(timePoint.spectNode))
    if counts is not None:
        grid = grid.subdivided(counts)
    matrix = referenceFromTimePoint(timePoint)
    key = digestOf({"segmentation": segments.segmentationDigest(segmentationNode(study)),
                    "grid": [list(grid.sizeIJK), grid.ijkToRAS.tolist()], "matrix": matrix.tolist()})
    if key in _cache:
        _cache.move_to_end(key)
        return _cache[key]
    found = {}
    for layer in regionLayers(study):
        for value, item in occupancy(layer.labels, grid, matrix).items():
            if value in layer.names:
                found[layer.names[value]] = item
    _cache[key] = found
    while len(_cache) > _CACHE_SIZE:
        _cache.popitem(last=False)
    return found


def unionFraction(occupancies, shape):
    """Fraction of each voxel that lies in any region, at most 1; shape (k, j, i)."""
    union = np.zeros(shape, np.float32)
    for item in occupancies.values():
        union[item.slices] += item.fraction
    return np.minimum(union, 1.0, out=union)


def overlapShare(occupancies, shape):
    """Share of the regions' summed volume that is counted more than once (0 where no region overlaps another)."""
    total = np.zeros(shape, np.float32)
    for item in occupancies.values():
        total[item.slices] += item.fraction
    summed = float(total.sum(dtype=np.float64))
    excess = float(np.maximum(total - 1.0, 0.0).sum(dtype=np.float64))
    return excess / summed if summed else 0.0

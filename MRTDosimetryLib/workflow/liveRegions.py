"""The regions while they are drawn: volume, mean activity and recovery, quick enough to follow the pencil."""

from collections import OrderedDict

import numpy as np

from ..imaging.grid import gridOf
from ..imaging.occupancy import labelBoxes, occupancyOfMask
from ..imaging.regionActivity import regionActivityMBq
from ..imaging.volume import Volume
from ..physics.partialVolume import recoveryOfSphere
from ..scene import regionContents, segments, volumes
from ..therapies.tissues import tissueOf
from .regionMasks import MOSTLY_OUTSIDE, OUTSIDE_SHARE, segmentationNode
from .reportContext import ASSUMED_RESOLUTION_FWHM_MM, SMALL_REGION_ML
from .stage import digestOf

# Activities of drawings that have been seen; undo finds its number here.
_CACHE_SIZE = 400
_cache = OrderedDict()


def rows(study):
    """One row per region of the study's segmentation, as it is drawn now; nothing needs to be computed before.

    Returns
    -------
    list of dict
        ``segmentID``, ``name``, ``tissue``, ``volumeML`` (0 where nothing is drawn), ``activityMBq`` and
        ``meanActivityBqPerML`` on the reference time point (``None`` without one, or where the region lies outside),
        ``recovery`` (found over true activity of a sphere of that volume, without activity around it; ``None`` for an
        empty region), ``resolutionFWHMMM``, ``isResolutionAssumed``, ``isSmall`` (the recovery matters),
        ``problems`` (words).
    """
    node, reference = segmentationNode(study), study.referenceTimePoint
    if node is None:
        return []
    stated = study.choice("resolutionFWHMMM")
    resolution = float(stated or ASSUMED_RESOLUTION_FWHM_MM)
    regions = _drawn(node, reference)
    names = [name for name, _volumeML, _digest, _mask in regions.values()]
    found = []
    for segmentID, (name, volumeML, digest, mask) in regions.items():
        row = {"segmentID": segmentID, "name": name, "tissue": tissueOf(name), "volumeML": volumeML,
               "activityMBq": None, "meanActivityBqPerML": None, "recovery": None, "resolutionFWHMMM": resolution,
               "isResolutionAssumed": stated is None, "isSmall": False, "problems": []}
        found.append(row)
        if names.count(name) > 1:
            row["problems"].append("another region has the same name")
        if volumeML <= 0:
            row["problems"].append("nothing is drawn yet")
            continue
        row["recovery"] = float(recoveryOfSphere(volumeML, resolution))
        row["isSmall"] = volumeML < SMALL_REGION_ML
        if reference is not None:
            _addActivity(row, digest, mask, reference)
    return found


def recoveryWords(row):
    """What limited resolution does to a small region, in a sentence; empty where it does not matter."""
    if not row["isSmall"]:
        return ""
    words = f"Small: about {row['recovery']:.0%} of its activity is found in it"
    known = f"at a resolution of {row['resolutionFWHMMM']:.3g} mm"
    return f"{words} {known}{' (assumed)' if row['isResolutionAssumed'] else ''}"


def _drawn(node, reference):
    """{segment ID: (name, volume in mL, digest, function that gives its mask)}."""
    worldFromNode = volumes.matrixOf(node.GetParentTransformNode())
    if node.GetSegmentation().ContainsRepresentation(segments.BINARY_LABELMAP) \
            or not node.GetSegmentation().GetNumberOfSegments():
        scale = abs(np.linalg.det(worldFromNode[:3, :3]))
        place = worldFromNode.tolist()
        return {key: (item.name, item.volumeML * scale, digestOf([item.digest, place]),
                      lambda item=item: item.mask(worldFromNode))
                for key, item in regionContents.contents(node).items()}
    return _drawnAsSurfaces(node, reference)


def _drawnAsSurfaces(node, reference):
    key = segments.segmentationDigest(node)
    if key not in _cache:
        volumeNode = None if reference is None else reference.ctNode or reference.spectNode
        found = {}
        for labels, members in segments.labelsFromSegmentation(node, volumeNode):
            for value, (segmentID, name) in members.items():
                inside = labels.array == value
                box = labelBoxes(inside.view(np.uint8))[1]
                mask = Volume(inside[box].view(np.uint8), gridOf(labels).cropped(box).ijkToRAS, "", name)
                volumeML = int(np.count_nonzero(mask.array)) * labels.voxelVolumeML
                found[segmentID] = (name, volumeML, digestOf([key, segmentID]), lambda mask=mask: mask)
        _keep(key, {segmentID: found.get(segmentID, (name, 0.0, "", None))
                    for segmentID, name in segments.regionNames(node).items()})
    return _cache[key]


def _addActivity(row, digest, mask, reference):
    grid = volumes.volumeFromNode(reference.spectNode)
    key = (digest, volumes.contentDigest(reference.spectNode), reference.referenceFromTimePoint.tobytes())
    if key not in _cache:
        item = occupancyOfMask(mask(), grid, reference.referenceFromTimePoint)
        activityMBq = regionActivityMBq(grid, {1: item})[1] if grid.unit.lower() == "bq/ml" else None
        _keep(key, (activityMBq, item.volumeML, item.fractionOutside))
    activityMBq, insideML, outside = _cache[key]
    if outside >= MOSTLY_OUTSIDE:
        row["problems"].append("the region lies outside the SPECT image")
        return
    if outside > OUTSIDE_SHARE:
        row["problems"].append(f"{outside:.0%} of the volume lies outside the SPECT image")
    if activityMBq is None:
        row["problems"].append("the SPECT image is not in Bq/mL yet")
        return
    row["activityMBq"] = activityMBq
    row["meanActivityBqPerML"] = activityMBq * 1e6 / insideML


def _keep(key, value):
    _cache[key] = value
    while len(_cache) > _CACHE_SIZE:
        _cache.popitem(last=False)

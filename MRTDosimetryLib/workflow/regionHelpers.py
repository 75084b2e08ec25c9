"""Helps to draw: the regions a protocol wants, spheres and thresholds at a point, regions taken from elsewhere."""

import numpy as np

from ..errors import InputError
from ..imaging.regionDrawing import maskOnGrid, sphereOfVolume, thresholdInSphere
from ..scene import regionContents, segmentDrawing, segments, terminology, volumes
from ..therapies import registry as therapies
from ..therapies.tissues import tissueOf
from . import regionFiles, segmentation
from .regionMasks import regionNames, segmentationNode
from .registration import referenceFromTimePoint, referenceOf

# The regions that make up a tissue, as the wizard proposes them.
_REGIONS_OF_TISSUE = {
    "kidney": ("kidney left", "kidney right"), "liver": ("liver",), "spleen": ("spleen",), "marrow": ("red marrow",),
    "lung": ("lung left", "lung right"), "thyroid": ("thyroid",), "heart": ("heart",), "bladder": ("bladder",),
    "salivaryGland": ("parotid gland left", "parotid gland right", "submandibular gland left",
                      "submandibular gland right"),
    "lacrimalGland": ("lacrimal gland left", "lacrimal gland right"), "blood": ("blood pool",), "body": ("body",),
}
_LESION = "lesion"
# Of a region brought from another image, what may be lost at the border without words.
_LOST_SHARE = 0.005
_LABEL_MAPS = (".nrrd", ".nhdr", ".nii", ".nii.gz", ".mha", ".mhd")
_SLICER_SEGMENTATIONS = (".seg.nrrd", ".seg.nhdr", ".seg.vtm")


def regionChoices(study):
    """Regions that can be added: those the protocol wants and are missing first, then a further lesion, then others.

    Returns
    -------
    list of dict
        ``name``, ``isWanted`` (by the protocol), ``meaning`` (of its DICOM code), ``color`` (0..255, three values).
    """
    present = regionNames(study)
    known = {name.lower() for name in present}
    wanted = wantedTissues(study)
    names = [(name, True) for tissue in wanted for name in _names(tissue, present)
             if tissue == "tumor" or not _isThere(tissue, name, present)]
    if "tumor" not in wanted:
        names += [(name, False) for name in _names("tumor", present)]
    names += [(name, False) for tissue in _REGIONS_OF_TISSUE if tissue not in wanted
              for name in _names(tissue, present) if name.lower() not in known]
    found = []
    for name, isWanted in names:
        term = terminology.termFor(name)
        parts = [term["type"]["CodeMeaning"], (term["modifier"] or {}).get("CodeMeaning")]
        found.append({"name": name, "isWanted": isWanted, "meaning": ", ".join(part for part in parts if part),
                      "color": tuple(term["color"])})
    return found


def wantedTissues(study):
    """Tissues that the protocol of the study wants; empty without a protocol."""
    identifier = study.choice("protocol")
    return list(therapies.protocol(identifier)["tissuesWanted"]) if identifier else []


def missingRegions(study):
    """Names of the organs the protocol wants that are not there yet; a lesion only while there is none."""
    present = regionNames(study)
    missing = []
    for tissue in wantedTissues(study):
        if tissue == "tumor":
            missing += [] if any(tissueOf(name) == "tumor" for name in present) else [_LESION]
        else:
            missing += [name for name in _names(tissue, present) if not _isThere(tissue, name, present)]
    return missing


def startDrawing(study):
    """An empty set of regions with the voxels of the reference CT (or SPECT), which becomes the study's."""
    reference = referenceOf(study)
    node = segmentDrawing.createSegmentation(study.scene, reference.ctNode or reference.spectNode, "Regions")
    segmentation.setSegmentation(study, node)
    return node


def addRegion(study, name):
    """Add an empty region with terminology and color of its name, ready to draw; returns its segment ID.

    Raises
    ------
    InputError
        No name, one that is there already, or no time point to draw on.
    """
    return segmentDrawing.addRegion(segmentationNode(study) or startDrawing(study), name)


def nothing():
    """Nothing is to be done before a change."""


def drawSphere(study, segmentID, centerRAS, volumeML, isAdded=False, takesVoxels=True, beforeChange=nothing):
    """Draw a sphere of a set volume around a point.

    Parameters
    ----------
    segmentID : str
        Region to draw in.
    centerRAS : sequence of float
        In the coordinates of the reference time point, mm.
    volumeML : float
    isAdded, takesVoxels : bool
        See :func:`MRTDosimetryLib.scene.segmentDrawing.setRegionMask`.
    beforeChange : callable
        Called when all is well, right before the voxels change: the place to save the state for undo.

    Returns
    -------
    dict
        ``volumeML`` as drawn.
    """
    node, grid = _target(study, segmentID)
    mask = sphereOfVolume(grid, _point(centerRAS), volumeML)
    beforeChange()
    segmentDrawing.setRegionMask(node, segmentID, mask, isAdded, takesVoxels)
    return {"volumeML": int(np.count_nonzero(mask.array)) * mask.voxelVolumeML}


def drawThreshold(study, segmentID, centerRAS, radiusMM, percentOfMaximum=None, thresholdBqPerML=None, timePoint=None,
                  isAdded=False, takesVoxels=True, beforeChange=nothing):
    """Draw what reaches a threshold in a sphere around a point.

    Parameters
    ----------
    segmentID : str
        Region to draw in.
    centerRAS : sequence of float
        In the coordinates of the reference time point, mm.
    radiusMM : float
    percentOfMaximum, thresholdBqPerML : float, optional
        One of them: percentage of the largest voxel in the sphere, or activity concentration.
    timePoint : TimePoint, optional
        Whose SPECT image is looked at, through its registration; the reference when left out.
    isAdded, takesVoxels, beforeChange
        See :func:`drawSphere`.

    Returns
    -------
    dict
        ``volumeML``, ``maximumBqPerML``, ``thresholdBqPerML``, ``maximumRAS``.
    """
    node, grid = _target(study, segmentID)
    timePoint = timePoint or referenceOf(study)
    image = volumes.volumeFromNode(timePoint.spectNode)
    if image.unit.lower() != "bq/ml":
        raise InputError(f"The image is in '{image.unit or 'no unit'}' instead of Bq/mL", timePoint.label,
                         "Give its unit or its calibration factor")
    fraction = None if percentOfMaximum is None else float(percentOfMaximum) / 100.0
    found = thresholdInSphere(image, grid, _point(centerRAS), radiusMM, fraction, thresholdBqPerML,
                              np.linalg.inv(referenceFromTimePoint(timePoint)))
    beforeChange()
    segmentDrawing.setRegionMask(node, segmentID, found.mask, isAdded, takesVoxels)
    return {"volumeML": found.volumeML, "maximumBqPerML": found.maximum, "thresholdBqPerML": found.threshold,
            "maximumRAS": tuple(float(value) for value in found.maximumRAS)}


def copyRegion(study, segmentID, sourceNode, sourceSegmentID, timePoint=None, isAdded=False, takesVoxels=True,
               beforeChange=nothing):
    """Draw what is drawn in a region of another segmentation.

    Parameters
    ----------
    segmentID : str
        Region to draw in.
    sourceNode : vtkMRMLSegmentationNode
        A transform it is under is applied.
    sourceSegmentID : str
    timePoint : TimePoint, optional
        On whose images the source was drawn: its registration is applied, unless the source is under it already.
    isAdded, takesVoxels, beforeChange
        See :func:`drawSphere`.

    Returns
    -------
    dict
        ``volumeML`` as drawn, ``sourceVolumeML``.

    Raises
    ------
    InputError
        An empty region, or one that lies outside the reference image.
    """
    node, grid = _target(study, segmentID)
    volumeNode = None if timePoint is None else timePoint.ctNode or timePoint.spectNode
    mask = segmentDrawing.regionMask(sourceNode, sourceSegmentID, volumeNode)
    isPlaced = timePoint is None or sourceNode.GetParentTransformNode() is not None
    drawn, outside = maskOnGrid(mask, grid, None if isPlaced else referenceFromTimePoint(timePoint))
    if outside > _LOST_SHARE:
        raise InputError(f"{outside:.0%} of the region lies outside the reference image", mask.name,
                         "Check that region and time point belong together")
    beforeChange()
    segmentDrawing.setRegionMask(node, segmentID, drawn, isAdded, takesVoxels)
    return {"volumeML": int(np.count_nonzero(drawn.array)) * drawn.voxelVolumeML,
            "sourceVolumeML": int(np.count_nonzero(mask.array)) * mask.voxelVolumeML}


def adoptRegions(study, sourceNode, names):
    """Take over regions that another tool drew in the reference's coordinates, under the project's names.

    What is drawn already stays as it is: a lesion in the liver is left out of the liver.

    Parameters
    ----------
    sourceNode : vtkMRMLSegmentationNode
    names : sequence of str
        Names wanted; the source's region of the same DICOM code and side is taken.

    Returns
    -------
    list of str
        The names that were found; the others are not drawn in the source, or wholly belong to regions that were.
    """
    byTerm = {}
    for segmentID, name in segments.regionNames(sourceNode).items():
        for text in (name, segmentID):
            byTerm.setdefault(_termKey(text), segmentID)
    drawn, found = regionContents.contents(sourceNode), []
    for name in names:
        sourceID = byTerm.get(_termKey(name))
        if sourceID is None or not drawn[sourceID].voxelCount:
            continue
        node, reference = segmentationNode(study) or startDrawing(study), referenceOf(study)
        existing = {text: segmentID for segmentID, text in segments.regionNames(node).items()}
        grid = segmentDrawing.drawingGrid(node, reference.ctNode or reference.spectNode)
        mask = maskOnGrid(segmentDrawing.regionMask(sourceNode, sourceID), grid)[0]
        mask = segmentDrawing.withoutOthers(node, existing.get(name), mask)
        if mask.array.any():
            segmentID = existing.get(name) or segmentDrawing.addRegion(node, name)
            segmentDrawing.setRegionMask(node, segmentID, mask)
            found.append(name)
    return found


def importFile(study, path, names, timePoint):
    """Regions from a file, which becomes the study's set of regions.

    Parameters
    ----------
    path : str
        DICOM Segmentation or RT Structure Set (file or folder), ``.seg.nrrd`` of Slicer, or label map (NRRD, NIfTI,
        MetaImage).
    names : dict
        For a label map: name of each label value, needed. For DICOM: {name in the file: name here}, optional.
    timePoint : TimePoint
        On whose images the regions were drawn; becomes the reference.
    """
    path = str(path).strip()
    if not path:
        raise InputError("No file is chosen", "Regions", "Choose the file with the regions")
    lower = path.lower()
    if lower.endswith(_LABEL_MAPS) and not lower.endswith(_SLICER_SEGMENTATIONS):
        return segmentation.addFromLabelmap(study, path, names, timePoint)
    return regionFiles.addFromFile(study, path, names or None, timePoint)


def _target(study, segmentID):
    """The study's segmentation and the grid on which it is drawn."""
    node = segmentationNode(study)
    if node is None or not segmentID or node.GetSegmentation().GetSegment(segmentID) is None:
        raise InputError("No region is selected", "Regions", "Select the region to draw in, or add one")
    reference = referenceOf(study)
    return node, segmentDrawing.drawingGrid(node, reference.ctNode or reference.spectNode)


def _point(centerRAS):
    if centerRAS is None:
        raise InputError("No point is placed", "sphere", "Place the point in a view first")
    return centerRAS


def _names(tissue, present):
    if tissue != "tumor":
        return _REGIONS_OF_TISSUE.get(tissue, (tissue,))
    known, number = {name.lower() for name in present}, 1
    while f"{_LESION} {number}" in known:
        number += 1
    return (f"{_LESION} {number}",)


def _isThere(tissue, name, present):
    """Whether a region of that tissue and side is there, whatever it is called ("Left kidney", "kidneys")."""
    key = _termKey(name)
    same = [_termKey(other) for other in present if tissueOf(other) == tissue]
    return key in same or any(side is None for _code, side in same)


def _termKey(name):
    term = terminology.termFor(name)
    return term["type"]["CodeValue"], (term["modifier"] or {}).get("CodeMeaning")

"""Regions from files: Slicer segmentations, DICOM Segmentations and RT Structure Sets."""

from ..scene import segmentLayers, volumes
from . import segmentation

CT_FRAME_FACT = "ctFrameOfReferenceUID"
_REMARKS = "remarks"


def addFromFile(study, path, names, timePoint):
    """Regions drawn on ``timePoint``, which becomes the reference.

    Parameters
    ----------
    path : str
        ``.seg.nrrd`` or ``.seg.vtm`` of Slicer, or DICOM Segmentation or RT Structure Set (a file, or a folder that
        holds one).
    names : dict of str to str, optional
        For DICOM: the regions wanted and the name each is to have; all under their own names when left out.
    timePoint : TimePoint
        Its CT (or SPECT) is the image of the outlines.

    Raises
    ------
    InputError, FaultList
        A file that cannot be read or does not belong to the image; regions that are absent or empty.
    """
    from ..dicom.readers import isDicom

    if not isDicom(path):
        return segmentation.addFromSegmentationFile(study, path, timePoint)
    from ..dicom.regions import readRegions

    grid = volumes.volumeFromNode(timePoint.ctNode or timePoint.spectNode)
    found = readRegions(path, grid, names, framesOfReference(timePoint))
    node = segmentLayers.segmentationFromLayers(study.scene, found.layers, "Regions")
    study.referenceTimePoint = timePoint
    segmentation.setSegmentation(study, node)
    for words in found.warnings:
        addRemark(timePoint, f"Regions ({found.kind}): {words}")
    return node


def framesOfReference(timePoint):
    """Frame of reference UIDs that CT and SPECT of a time point state; empty while that of its CT is not known."""
    ct = timePoint.factValue(CT_FRAME_FACT)
    if timePoint.ctNode is not None and not ct:
        return []
    return [uid for uid in (ct, timePoint.factValue("frameOfReferenceUID")) if uid]


def addRemark(timePoint, words, source="file"):
    """Keep something the user should look at with a time point."""
    earlier = list(timePoint.factValue(_REMARKS) or [])
    if words not in earlier:
        timePoint.setFact(_REMARKS, [*earlier, words], "", source, "found while reading")

"""How an alignment is looked at: blended, in turns or side by side in the slice views, and moved by hand."""

from collections import OrderedDict

import numpy as np

from ..errors import InputError
from ..imaging import comparisonImage
from . import display, volumes

BLEND, CHECKERBOARD, SWIPE, ACTIVITY = "blend", "checkerboard", "swipe", "activity"
MODES = (BLEND, CHECKERBOARD, SWIPE, ACTIVITY)
# Slice views with such a name show the time point alone.
MOVING_VIEW = "MRTDosimetryMoving"

_ROLE = "registrationComparison"
_AIR_HU = -1000
_CACHE_SIZE = 1
_cache = OrderedDict()


def show(study, timePoint, mode=BLEND, fraction=0.5):
    """Show a time point against the reference time point in all slice views.

    Parameters
    ----------
    mode : str
        ``"blend"`` (the time point over the reference with opacity ``fraction``), ``"checkerboard"``, ``"swipe"``
        (reference left of ``fraction`` of the width, time point right of it) or ``"activity"`` (the SPECT of the time
        point over the CT of the reference, with opacity ``fraction``). By the CTs where both have one, else by SPECT.
    fraction : float
        0 to 1.
    """
    if mode not in MODES:
        raise InputError(f"'{mode}' is not a way to compare images", "registration", f"Use {', '.join(MODES)}")
    reference = study.referenceTimePoint
    fixedNode, movingNode = _pair(reference, timePoint)
    _style(reference, fixedNode)
    _style(timePoint, movingNode)
    if study.nodeByRole("segmentation") is not None:
        display.styleRegions(study.nodeByRole("segmentation"))  # filled regions would hide what is compared
    compared, alone = _compositeNodes(study.scene)
    display.showOver(study.scene, movingNode, None, compositeNodes=alone)
    if mode == ACTIVITY:
        removeComparison(study)
        _showActivity(study, reference, timePoint, fraction, compared)
    elif fixedNode is movingNode or mode == BLEND:
        removeComparison(study)
        isSame = fixedNode is movingNode
        display.showOver(study.scene, fixedNode, None if isSame else movingNode, fraction, compared)
    else:
        node = _comparison(study, timePoint, fixedNode, movingNode, mode, fraction)
        display.showOver(study.scene, node, None, compositeNodes=compared)


def _pair(reference, timePoint):
    """The two images that are compared: CTs, or SPECTs where one has no CT."""
    if reference.ctNode is not None and timePoint.ctNode is not None:
        return reference.ctNode, timePoint.ctNode
    return reference.spectNode, timePoint.spectNode


def _style(timePoint, node):
    if node is timePoint.ctNode:
        display.styleCT(node)
    else:
        display.styleActivity(node, overCT=False)


def _showActivity(study, reference, timePoint, opacity, compositeNodes):
    background = reference.ctNode or reference.spectNode
    display.styleActivity(timePoint.spectNode, overCT=reference.ctNode is not None)
    isSame = background is timePoint.spectNode
    display.showOver(study.scene, background, None if isSame else timePoint.spectNode, opacity, compositeNodes)


def _compositeNodes(scene):
    """Composite nodes of the views that compare, and of those that show the time point alone."""
    count = scene.GetNumberOfNodesByClass("vtkMRMLSliceCompositeNode")
    nodes = [scene.GetNthNodeByClass(index, "vtkMRMLSliceCompositeNode") for index in range(count)]
    isAlone = [(node.GetLayoutName() or "").startswith(MOVING_VIEW) for node in nodes]
    return ([node for node, alone in zip(nodes, isAlone, strict=True) if not alone],
            [node for node, alone in zip(nodes, isAlone, strict=True) if alone])


def _comparison(study, timePoint, fixedNode, movingNode, mode, fraction):
    """Volume node with both images in it; one per study, which is not saved with the scene."""
    fixed = volumes.volumeFromNode(fixedNode)
    moving = _onReference(fixed, fixedNode, movingNode, timePoint)
    image = comparisonImage.checkerboard(fixed, moving) if mode == CHECKERBOARD \
        else comparisonImage.swipe(fixed, moving, fraction)
    quantity = "attenuation" if fixedNode is study.referenceTimePoint.ctNode else "activityConcentration"
    node = study.nodeByRole(_ROLE)
    name = f"Alignment {timePoint.label}"
    if node is None:
        node = volumes.addVolume(study.scene, image.withArray(image.array, name=name), quantity)
        for item in (node, node.GetDisplayNode()):
            item.SetSaveWithScene(False)
        study.setNodeForRole(_ROLE, node)
    else:
        volumes.setVolume(node, image, quantity)
        node.SetName(name)
    if quantity == "attenuation":
        display.styleCT(node)
    else:
        display.styleActivity(node, overCT=False)
    return node


def _onReference(fixed, fixedNode, movingNode, timePoint):
    """The image of a time point on the voxels of the reference; the last one is kept, for the slider of a swipe."""
    matrix = timePoint.referenceFromTimePoint
    key = (volumes.contentDigest(fixedNode), volumes.contentDigest(movingNode), volumes.geometryBytes(matrix))
    if key not in _cache:
        moving = volumes.volumeFromNode(movingNode)
        outside = _AIR_HU if movingNode is timePoint.ctNode else 0
        found = comparisonImage.onVoxelsOf(fixed, moving, np.linalg.inv(matrix), outside)
        while len(_cache) >= _CACHE_SIZE:
            _cache.popitem(last=False)
        _cache[key] = found
    return _cache[key]


def removeComparison(study):
    """Take the volume with both images out of the scene; the views forget it."""
    _cache.clear()
    node = study.nodeByRole(_ROLE)
    study.setNodeForRole(_ROLE, None)
    if node is not None:
        study.scene.RemoveNode(node)


def linkViews(scene, isLinked=True):
    """Let all slice views move together. Returns the composite nodes that were changed, to give them back.

    Parameters
    ----------
    scene : vtkMRMLScene
    isLinked : bool

    Returns
    -------
    list of vtkMRMLSliceCompositeNode
    """
    changed = [node for group in _compositeNodes(scene) for node in group if bool(node.GetLinkedControl()) != isLinked]
    for node in changed:
        node.SetLinkedControl(isLinked)
    return changed


def setHandles(timePoint, isShown):
    """Show or hide the handles by which the transform of a time point is moved and turned in the views.

    Parameters
    ----------
    timePoint : TimePoint
        With a transform; one without has no handles to hide.
    """
    transformNode = timePoint.transformNode
    if transformNode is None:
        return
    if transformNode.GetDisplayNode() is None:
        if not isShown:
            return
        transformNode.CreateDefaultDisplayNodes()
    handles = transformNode.GetDisplayNode()
    wasModifying = handles.StartModify()
    if isShown:
        image = volumes.volumeFromNode(timePoint.ctNode or timePoint.spectNode)
        middle = image.ijkToRAS @ [*((np.array(image.sizeIJK) - 1) / 2.0), 1.0]
        # The patient is turned about the middle of the image, not about the scanner's origin.
        transformNode.SetCenterOfTransformation(*(float(part) for part in middle[:3]))
        # A patient does not grow between two scans.
        handles.SetEditorScalingEnabled(False)
        handles.SetEditorScalingSliceEnabled(False)
    handles.SetEditorVisibility(isShown)
    handles.SetEditorVisibility3D(isShown)
    handles.SetEditorSliceIntersectionVisibility(isShown)
    handles.EndModify(wasModifying)


def hasHandles(timePoint):
    """Whether the handles of a time point are shown."""
    transformNode = timePoint.transformNode
    handles = transformNode.GetDisplayNode() if transformNode is not None else None
    return handles is not None and bool(handles.GetEditorVisibility())

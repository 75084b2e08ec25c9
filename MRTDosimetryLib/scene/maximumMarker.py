"""The point in slice and 3D views that marks the largest value of the map that is shown. It shows, and is no input."""

from . import hierarchy

ROLE = "maximumMarker"
_ROLE_ATTRIBUTE = "MRTDosimetry.role"
_CLASS = "vtkMRMLMarkupsFiducialNode"
_COLOR = (0.1, 0.9, 0.9)  # nowhere in the colors of absorbed dose
_TEXT_SCALE = 3.0
_MAP_ROLE = "MRTDosimetry.markedMap"


def markerNode(study):
    """The markups node, or None."""
    return study.nodeByRole(ROLE)


def put(study, mapNode, position, label):
    """Mark a place of a map; the node is made once and then moved.

    Parameters
    ----------
    mapNode : vtkMRMLScalarVolumeNode
    position : sequence of float
        RAS mm in the map's own coordinates.
    label : str
        Such as "maximum 12.3 Gy".

    Returns
    -------
    vtkMRMLMarkupsFiducialNode
    """
    node = markerNode(study)
    if node is None:
        node = study.scene.AddNewNodeByClass(_CLASS, "Maximum")
        node.SetAttribute(_ROLE_ATTRIBUTE, ROLE)
        node.SetMaximumNumberOfControlPoints(1)
        node.CreateDefaultDisplayNodes()
        _style(node.GetDisplayNode())
        study.setNodeForRole(ROLE, node)
        hierarchy.placeBeside(node, mapNode)
    wasModifying = node.StartModify()
    node.SetNodeReferenceID(_MAP_ROLE, mapNode.GetID())
    node.SetAndObserveTransformNodeID(mapNode.GetTransformNodeID())
    if node.GetNumberOfControlPoints() != 1:
        node.RemoveAllControlPoints()
        node.AddControlPoint(list(position))
    node.SetNthControlPointPosition(0, list(position))
    node.SetNthControlPointLabel(0, label)
    # what is found is not dragged about
    node.SetLocked(True)
    node.EndModify(wasModifying)
    return node


def _style(style):
    style.SetGlyphTypeFromString("CrossDot2D")
    style.SetTextScale(_TEXT_SCALE)
    style.SetColor(*_COLOR)
    style.SetSelectedColor(*_COLOR)
    style.SetPointLabelsVisibility(True)
    style.SetPropertiesLabelVisibility(False)


def markedMap(study):
    """The map whose maximum is marked, or None where there is no marker or the map is gone."""
    node = markerNode(study)
    return None if node is None else node.GetNodeReference(_MAP_ROLE)


def setVisible(study, isVisible):
    """Show or hide the marker where there is one."""
    node = markerNode(study)
    if node is not None and node.GetDisplayNode() is not None:
        node.GetDisplayNode().SetVisibility(bool(isVisible))


def remove(study):
    """Take the marker out of the scene."""
    node = markerNode(study)
    study.setNodeForRole(ROLE, None)
    if node is not None:
        study.scene.RemoveNode(node)

"""The one point that a user places in the views for the drawing helpers."""

import slicer

from ..errors import InputError

ROLE = "drawingPoint"
_ATTRIBUTE = "MRTDosimetry.role"
_CLASS = "vtkMRMLMarkupsFiducialNode"


def pointNode(study):
    """The markups node of the study's point, or None."""
    return study.nodeByRole(ROLE)


def pointRAS(study):
    """World coordinates of the point in mm as three floats, or None while none is placed."""
    node = pointNode(study)
    if node is None or node.GetNumberOfDefinedControlPoints() == 0:
        return None
    position = [0.0, 0.0, 0.0]
    node.GetNthControlPointPositionWorld(0, position)
    return tuple(position)


def setPoint(study, centerRAS):
    """Put the point somewhere; the node is made where there is none."""
    values = [float(value) for value in centerRAS]
    if len(values) != 3:
        raise InputError("A point has three coordinates", "sphere", "Give right, anterior and superior in mm")
    node = _ensuredNode(study)
    node.RemoveAllControlPoints()
    node.AddControlPointWorld(values)
    return node


def startPlacing(study):
    """Let the next click in a view place the point; returns its node."""
    node = _ensuredNode(study)
    node.RemoveAllControlPoints()
    selection = study.scene.GetFirstNodeByClass("vtkMRMLSelectionNode")
    interaction = study.scene.GetFirstNodeByClass("vtkMRMLInteractionNode")
    if selection is None or interaction is None:
        raise InputError("There is no view to place a point in", "sphere", "Give the coordinates of the point")
    selection.SetReferenceActivePlaceNodeClassName(_CLASS)
    selection.SetActivePlaceNodeID(node.GetID())
    interaction.SwitchToSinglePlaceMode()
    return node


def stopPlacing(study):
    """Give the mouse back to the views when a point was to be placed."""
    node = pointNode(study)
    if node is None or node.GetScene() is None:
        return
    selection = node.GetScene().GetFirstNodeByClass("vtkMRMLSelectionNode")
    interaction = node.GetScene().GetFirstNodeByClass("vtkMRMLInteractionNode")
    if selection is None or interaction is None:
        return
    isOurs = selection.GetActivePlaceNodeID() == node.GetID()
    if isOurs and interaction.GetCurrentInteractionMode() == slicer.vtkMRMLInteractionNode.Place:
        interaction.SetCurrentInteractionMode(slicer.vtkMRMLInteractionNode.ViewTransform)


def setVisible(study, isVisible):
    """Show or hide the point in the views."""
    node = pointNode(study)
    if node is not None and node.GetDisplayNode() is not None:
        node.GetDisplayNode().SetVisibility(isVisible)


def _ensuredNode(study):
    node = pointNode(study)
    if node is None:
        node = study.scene.AddNewNodeByClass(_CLASS, "Sphere center")
        node.SetAttribute(_ATTRIBUTE, ROLE)
        node.SetMaximumNumberOfControlPoints(1)
        node.CreateDefaultDisplayNodes()
        study.setNodeForRole(ROLE, node)
    return node

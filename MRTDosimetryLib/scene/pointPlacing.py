"""A point that a user places in the views by one click."""

import slicer

from ..errors import InputError

CLASS = "vtkMRMLMarkupsFiducialNode"


def newPoint(scene, name):
    """A markups node for one point."""
    node = scene.AddNewNodeByClass(CLASS, name)
    node.SetMaximumNumberOfControlPoints(1)
    node.CreateDefaultDisplayNodes()
    return node


def positionRAS(node):
    """World coordinates of the point in mm as three floats, or None while none is placed."""
    if node is None or node.GetNumberOfDefinedControlPoints() == 0:
        return None
    position = [0.0, 0.0, 0.0]
    node.GetNthControlPointPositionWorld(0, position)
    return tuple(position)


def setPosition(node, centerRAS):
    """Put the point somewhere."""
    values = [float(value) for value in centerRAS]
    if len(values) != 3:
        raise InputError("A point has three coordinates", "sphere", "Give right, anterior and superior in mm")
    node.RemoveAllControlPoints()
    node.AddControlPointWorld(values)


def start(node):
    """Let the next click in a view place the point."""
    node.RemoveAllControlPoints()
    selection, interaction = _modes(node)
    if selection is None or interaction is None:
        raise InputError("There is no view to place a point in", "sphere", "Give the coordinates of the point")
    selection.SetReferenceActivePlaceNodeClassName(CLASS)
    selection.SetActivePlaceNodeID(node.GetID())
    interaction.SwitchToSinglePlaceMode()


def stop(node):
    """Give the mouse back to the views when the point was to be placed."""
    if node is None or node.GetScene() is None:
        return
    selection, interaction = _modes(node)
    if selection is None or interaction is None:
        return
    isOurs = selection.GetActivePlaceNodeID() == node.GetID()
    if isOurs and interaction.GetCurrentInteractionMode() == slicer.vtkMRMLInteractionNode.Place:
        interaction.SetCurrentInteractionMode(slicer.vtkMRMLInteractionNode.ViewTransform)


def _modes(node):
    scene = node.GetScene()
    return (scene.GetFirstNodeByClass("vtkMRMLSelectionNode"), scene.GetFirstNodeByClass("vtkMRMLInteractionNode"))

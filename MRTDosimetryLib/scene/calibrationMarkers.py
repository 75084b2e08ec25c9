"""Points in the views while a calibration is made: the one that is placed, and the spheres where they were found."""

from . import pointPlacing

_ATTRIBUTE = "MRTDosimetry.calibrationMarkers"
_POINT, _SPHERES = "point", "spheres"


def pointNode(scene):
    """The node of the placed point, or None."""
    return _node(scene, _POINT)


def ensuredPoint(scene):
    """The node of the placed point, made where there is none."""
    node = _node(scene, _POINT)
    if node is None:
        node = pointPlacing.newPoint(scene, "Phantom point")
        _mark(node, _POINT)
    return node


def showSpheres(scene, spheres):
    """Mark the centers of spheres by their names, in place of those marked before.

    Parameters
    ----------
    scene : vtkMRMLScene
    spheres : list of (str, sequence of float)
        Name, and center in RAS mm.
    """
    node = _node(scene, _SPHERES)
    if node is not None:
        scene.RemoveNode(node)
    if not spheres:
        return
    node = scene.AddNewNodeByClass(pointPlacing.CLASS, "Spheres of the phantom")
    _mark(node, _SPHERES)
    node.CreateDefaultDisplayNodes()
    for name, center in spheres:
        node.AddControlPointWorld(*(float(value) for value in center))
        node.SetNthControlPointLabel(node.GetNumberOfControlPoints() - 1, name)
    node.SetLocked(True)


def remove(scene):
    """Take all of them out of the scene, and give the mouse back."""
    for kind in (_POINT, _SPHERES):
        node = _node(scene, kind)
        if node is not None:
            pointPlacing.stop(node)
            scene.RemoveNode(node)


def _mark(node, kind):
    node.SetAttribute(_ATTRIBUTE, kind)
    node.SetSaveWithScene(False)


def _node(scene, kind):
    for index in range(scene.GetNumberOfNodesByClass(pointPlacing.CLASS)):
        node = scene.GetNthNodeByClass(index, pointPlacing.CLASS)
        if node.GetAttribute(_ATTRIBUTE) == kind:
            return node
    return None

"""The one point that a user places in the views for the drawing helpers."""

from . import pointPlacing

ROLE = "drawingPoint"
_ATTRIBUTE = "MRTDosimetry.role"


def pointNode(study):
    """The markups node of the study's point, or None."""
    return study.nodeByRole(ROLE)


def pointRAS(study):
    """World coordinates of the point in mm as three floats, or None while none is placed."""
    return pointPlacing.positionRAS(pointNode(study))


def setPoint(study, centerRAS):
    """Put the point somewhere; the node is made where there is none."""
    node = _ensuredNode(study)
    pointPlacing.setPosition(node, centerRAS)
    return node


def startPlacing(study):
    """Let the next click in a view place the point; returns its node."""
    node = _ensuredNode(study)
    pointPlacing.start(node)
    return node


def stopPlacing(study):
    """Give the mouse back to the views when a point was to be placed."""
    pointPlacing.stop(pointNode(study))


def setVisible(study, isVisible):
    """Show or hide the point in the views."""
    node = pointNode(study)
    if node is not None and node.GetDisplayNode() is not None:
        node.GetDisplayNode().SetVisibility(isVisible)


def _ensuredNode(study):
    node = pointNode(study)
    if node is None:
        node = pointPlacing.newPoint(study.scene, "Sphere center")
        node.SetAttribute(_ATTRIBUTE, ROLE)
        study.setNodeForRole(ROLE, node)
    return node

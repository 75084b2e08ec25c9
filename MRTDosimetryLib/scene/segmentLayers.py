"""Regions that may overlap, from several label images, as one segmentation."""

from . import segments


def segmentationFromLayers(scene, layers, name):
    """Add a segmentation made of several label images; regions of different images may overlap.

    Parameters
    ----------
    scene : vtkMRMLScene
    layers : sequence of (Volume, dict of int to str)
        Label images with the region name of every label.
    name : str
        Name of the node.

    Returns
    -------
    vtkMRMLSegmentationNode
        With the first image's grid as reference geometry.

    Raises
    ------
    InputError
        As :func:`MRTDosimetryLib.scene.segments.segmentationFromLabels`.
    """
    (labels, names), *others = layers
    node = segments.segmentationFromLabels(scene, labels, names, name)
    for labels, names in others:
        part = segments.segmentationFromLabels(scene, labels, names, name)
        source = part.GetSegmentation()
        for segmentID in list(source.GetSegmentIDs()):
            node.GetSegmentation().CopySegmentFromSegmentation(source, segmentID)
        scene.RemoveNode(part)
    return node

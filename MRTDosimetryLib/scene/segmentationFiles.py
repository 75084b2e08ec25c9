"""Slicer's own segmentation files."""

import os

import slicer

from ..errors import InputError


def readSegmentation(scene, path, name="Regions"):
    """Add the segmentation of a ``.seg.nrrd`` or ``.seg.vtm`` file to the scene.

    Raises
    ------
    InputError
        The file is missing, cannot be read, or holds no segment.
    """
    if not os.path.isfile(path):
        raise InputError("There is no such file", str(path), "Check the path of the segmentation")
    node = slicer.vtkMRMLSegmentationNode()
    node.SetName(name)
    scene.AddNode(node)
    storage = slicer.vtkMRMLSegmentationStorageNode()
    storage.SetFileName(os.path.abspath(path))
    isRead = storage.SupportedFileType(path) and storage.ReadData(node)
    if not isRead or node.GetSegmentation().GetNumberOfSegments() == 0:
        scene.RemoveNode(node)
        raise InputError("The file cannot be read as a segmentation, or holds no segment", str(path),
                         "Give a .seg.nrrd file saved by Slicer")
    node.CreateDefaultDisplayNodes()
    return node

"""Images and regions of a scene in files that give back every bit, also of their geometry.

The decimals of a file's header move a geometry in its last digits, and with it every number in its last digits:
what the scene holds is written beside the voxels as JSON numbers, which lose nothing, and put back from there.
"""

import os

import numpy as np
import slicer
import vtk
from vtk.util import numpy_support

from ..errors import InputError
from ..imaging import files as imageFiles
from . import labelLayers, segmentationFiles, segments, volumes

# Geometry of a file and the one written beside it may differ by rounding alone.
_LARGEST_ROUNDING_MM = 1e-3


def geometryOf(item):
    """``spacing``, ``origin`` and ``directions`` (3 x 3) of a volume node or vtkOrientedImageData, as they are."""
    matrix = vtk.vtkMatrix4x4()
    if item.IsA("vtkMRMLVolumeNode"):
        item.GetIJKToRASDirectionMatrix(matrix)
    else:
        item.GetDirectionMatrix(matrix)
    return {"spacing": list(item.GetSpacing()), "origin": list(item.GetOrigin()),
            "directions": volumes.matrixFromVTK(matrix)[:3, :3].tolist()}


def setGeometry(item, geometry):
    """Put back what :func:`geometryOf` gave."""
    matrix = np.eye(4)
    matrix[:3, :3] = geometry["directions"]
    item.SetSpacing(*geometry["spacing"])
    item.SetOrigin(*geometry["origin"])
    if item.IsA("vtkMRMLVolumeNode"):
        # A volume keeps directions that it already has but for rounding: so they are others in between.
        item.SetIJKToRASDirectionMatrix(volumes.matrixToVTK(np.diag([-1.0, -1.0, -1.0, 1.0]) @ matrix))
        item.SetIJKToRASDirectionMatrix(volumes.matrixToVTK(matrix))
    else:
        item.SetDirectionMatrix(volumes.matrixToVTK(matrix))


def checkedGeometry(value, where):
    """``value`` where it is a geometry, or an :class:`InputError`."""
    try:
        shapes = {key: np.asarray(value[key], float) for key in ("spacing", "origin", "directions")}
        isGeometry = shapes["spacing"].shape == shapes["origin"].shape == (3,) and shapes["directions"].shape == (3, 3)
    except (KeyError, TypeError, ValueError):
        isGeometry = False
    if not isGeometry or not all(np.all(np.isfinite(part)) for part in shapes.values()) \
            or not np.all(shapes["spacing"] > 0) or abs(np.linalg.det(shapes["directions"])) < 1e-9:
        raise InputError("The geometry is not one", where, "Leave it out: then that of the file counts")
    return value


def writeVolume(node, path):
    """Write an image (``.nrrd``); returns its geometry for :func:`readVolume`."""
    volume = volumes.volumeFromNode(node)
    imageFiles.writeImage(volume, path)
    if not np.array_equal(imageFiles.readImage(path).array, volume.array, equal_nan=volume.array.dtype.kind == "f"):
        raise InputError("The image came back from the disk with other values", path, "Choose another disk")
    return geometryOf(node)


def readVolume(scene, path, name, quantity, unit, geometry=None):
    """Add an image of a file to the scene, with the geometry written beside it.

    Raises
    ------
    InputError
        A file that cannot be read, or one whose geometry is another.
    """
    image = imageFiles.readImage(path, name)
    node = volumes.addVolume(scene, image.withArray(image.array, unit=unit, name=name), quantity)
    if geometry is None:
        return node
    before = volumes.ijkToRASOf(node)
    setGeometry(node, checkedGeometry(geometry, path))
    if not _isRounding(before, volumes.ijkToRASOf(node), image.array.shape):
        scene.RemoveNode(node)
        raise InputError("The file lies elsewhere than the geometry stated for it", path, "Bring the right file back")
    return node


def _isRounding(first, second, shape):
    corners = np.array([[i, j, k, 1.0] for i in (0, shape[2]) for j in (0, shape[1]) for k in (0, shape[0])])
    return bool(np.abs(corners @ (first - second).T).max() < _LARGEST_ROUNDING_MM)


def writeRegions(node, path):
    """Write a segmentation and read it back to be sure of it.

    Parameters
    ----------
    path : str
        Without its ending: ``.seg.nrrd`` is added, or ``.seg.vtm`` for regions drawn as surfaces.

    Returns
    -------
    (str, list or None)
        The file, and the geometry of each layer of labels for :func:`readRegions`.

    Raises
    ------
    InputError
        It cannot be written, or does not come back as it is.
    """
    isLabels = node.GetSegmentation().ContainsRepresentation(segments.BINARY_LABELMAP)
    path = f"{path}.seg.nrrd" if isLabels else f"{path}.seg.vtm"
    storage = slicer.vtkMRMLSegmentationStorageNode()
    storage.SetFileName(os.path.abspath(path))
    # The world is where regions count: a transform above them is none of the file's.
    if not storage.WriteData(node):
        raise InputError("The regions cannot be written", path, "Check the folder and the free space")
    layers = None
    if isLabels:
        layers = [{"segments": sorted(ID for ID, _name in members.values()), "extent": list(image.GetExtent()),
                   **geometryOf(image)} for _layer, image, members in labelLayers.layersOf(node.GetSegmentation())]
    scene = slicer.vtkMRMLScene()
    again = readRegions(scene, path, layers)
    if not _isSame(node, again):
        raise InputError("The regions came back from the disk with another shape", path,
                         "Save the segmentation in Slicer, load it, and use that one")
    return path, layers


def readRegions(scene, path, layers=None, name="Regions"):
    """Add the segmentation of a file to the scene, its label images with the geometry written beside it."""
    node = segmentationFiles.readSegmentation(scene, path, name)
    try:
        for layer in layers or ():
            _restoreLayer(node.GetSegmentation(), layer, path)
    except InputError:
        scene.RemoveNode(node)
        raise
    return node


def _restoreLayer(segmentation, layer, path):
    where = os.path.basename(path)
    checkedGeometry(layer, where)
    IDs = [ID for ID in layer["segments"] if segmentation.GetSegment(ID) is not None]
    if len(IDs) < len(layer["segments"]) or not IDs:
        raise InputError("The file lacks regions that are stated for it", where, "Bring the right file back")
    found = segmentation.GetSegment(IDs[0]).GetRepresentation(segments.BINARY_LABELMAP)
    image = slicer.vtkOrientedImageData()
    image.SetExtent(layer["extent"])
    setGeometry(image, layer)
    source = labelLayers.arrayOf(found)
    image.AllocateScalars(numpy_support.get_vtk_array_type(source.dtype), 1)
    target = numpy_support.vtk_to_numpy(image.GetPointData().GetScalars()).reshape(image.GetDimensions()[::-1])
    target[...] = 0
    # Both are parts of one grid: the file may have cut off or added empty voxels.
    start = (np.linalg.inv(labelLayers.arrayToRAS(image)) @ labelLayers.arrayToRAS(found))[:3]
    offset = np.rint(start[:, 3]).astype(int)
    if np.abs(start[:, :3] - np.eye(3)).max() > 1e-4 or np.abs(start[:, 3] - offset).max() > 1e-3:
        raise InputError("The regions lie elsewhere than the geometry stated for them", where,
                         "Bring the right file back")
    into, outOf = [], []
    for axis, shift in enumerate(offset[::-1]):
        low, high = max(shift, 0), min(shift + source.shape[axis], target.shape[axis])
        into.append(slice(low, max(high, low)))
        outOf.append(slice(low - shift, max(high, low) - shift))
    target[tuple(into)] = source[tuple(outOf)]
    for ID in IDs:
        segment = segmentation.GetSegment(ID)
        segment.AddRepresentation(segments.BINARY_LABELMAP, image)


def _isSame(node, again):
    if list(segments.regionNames(node).items()) != list(segments.regionNames(again).items()):
        return False
    if not node.GetSegmentation().ContainsRepresentation(segments.BINARY_LABELMAP):
        return all(segments.surfaceDigest(node, ID) == segments.surfaceDigest(again, ID)
                   for ID in segments.regionNames(node))
    first, second = (list(labelLayers.layersOf(item.GetSegmentation())) for item in (node, again))
    byMembers = {frozenset(ID for ID, _name in members.values()): (image, members) for _n, image, members in second}
    for _number, image, members in first:
        other = byMembers.get(frozenset(ID for ID, _name in members.values()))
        if other is None or other[1] != members \
                or not np.array_equal(labelLayers.arrayOf(image), labelLayers.arrayOf(other[0])) \
                or not np.array_equal(labelLayers.arrayToRAS(image), labelLayers.arrayToRAS(other[0])):
            return False
    return True

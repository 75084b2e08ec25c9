"""Regions as a segmentation node: label images both ways, digest, problems in words."""

import hashlib
import re

import numpy as np
import slicer
import vtk
from vtk.util import numpy_support

from ..errors import InputError
from ..imaging.volume import Volume
from . import terminology, volumes

# The representation names vtkSegmentationConverter uses; they are part of Slicer's file format.
BINARY_LABELMAP = "Binary labelmap"
CLOSED_SURFACE = "Closed surface"

_digests = {}
_DIGEST_CACHE_SIZE = 16


def segmentationFromLabels(scene, labels, names, name):
    """Add a segmentation made of the labels of an image, all in one layer.

    Parameters
    ----------
    scene : vtkMRMLScene
    labels : Volume
        Integer array (k, j, i), 0 outside.
    names : dict of {int: str}
        Label value -> region name; labels that are not named are left out.
    name : str
        Name of the node.

    Returns
    -------
    vtkMRMLSegmentationNode
        With terminology and color of each region from its name, and the label image's grid as reference geometry.

    Raises
    ------
    InputError
        When a named label has no voxel, a name is empty or given twice, or the labels are no integers.
    """
    array = _integerLabels(labels)
    names = {int(value): str(text).strip() for value, text in names.items()}
    box = _boundingBox(array)
    counts = np.bincount(array[box].ravel(), minlength=max(names, default=0) + 1)
    _requireNames(names, counts, labels.name)
    part = array[box]
    unnamed = sorted(set(np.flatnonzero(counts).tolist()) - {0} - set(names))
    if unnamed:
        part = np.where(np.isin(part, unnamed), 0, part).astype(part.dtype)
    image = _orientedImage(part, labels.ijkToRAS, box)

    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
    node.CreateDefaultDisplayNodes()
    segmentation = node.GetSegmentation()
    setReferenceGeometry(node, labels)
    ids = []
    wasModifying = node.StartModify()
    for value, regionName in names.items():
        # One image shared by all segments is one layer: that is what keeps large segmentations fast.
        segment = slicer.vtkSegment()
        segment.SetName(regionName)
        segment.SetLabelValue(value)
        segment.AddRepresentation(BINARY_LABELMAP, image)
        ids.append(segmentation.GenerateUniqueSegmentID(re.sub(r"\W+", "_", regionName)))
        segmentation.AddSegment(segment, ids[-1])
    terminology.applyTo(segmentation, ids)
    node.EndModify(wasModifying)
    return node


def _integerLabels(labels):
    array = labels.array
    if array.dtype.kind == "f":
        if not np.all(np.isfinite(array)) or np.any(array != np.round(array)):
            raise InputError("The label image holds values that are no whole numbers", labels.name)
    elif array.dtype.kind not in "iub":
        raise InputError("The label image holds no numbers", labels.name)
    low, high = int(array.min()), int(array.max())
    if low < 0 or high > 32767:
        raise InputError(f"Label values have to be 0 to 32767, found {low} to {high}", labels.name)
    return array.astype(np.uint8 if high < 256 else np.int16, copy=False)


def _requireNames(names, counts, where):
    if not names:
        raise InputError("No label of the image has a name", where, "Say which label is which region")
    for value, text in names.items():
        if value <= 0:
            raise InputError(f"Label {value} ({text}) cannot be a region", where, "Use values from 1")
        if not text:
            raise InputError(f"Label {value} has an empty name", where, "Name the region")
        if counts[value] == 0:
            found = ", ".join(str(label) for label in np.flatnonzero(counts) if label)
            raise InputError(f"Label {value} ({text}) is not in the image", where, f"It holds: {found or 'nothing'}")
    if len(set(names.values())) < len(names):
        raise InputError("Two labels have the same region name", where, "Give each region its own name")


def _boundingBox(array):
    """Slices (k, j, i) around everything that is not 0."""
    box = []
    for axis in range(3):
        used = np.flatnonzero(array.any(axis=tuple(other for other in range(3) if other != axis)))
        if not len(used):
            return (slice(0, 1),) * 3
        box.append(slice(int(used[0]), int(used[-1]) + 1))
    return tuple(box)


def _orientedImage(array, ijkToRAS, box):
    """vtkOrientedImageData of the part ``box`` (k, j, i) of a grid."""
    image = slicer.vtkOrientedImageData()
    extent = [limit for part in reversed(box) for limit in (part.start, part.stop - 1)]
    image.SetExtent(extent)
    image.AllocateScalars(numpy_support.get_vtk_array_type(array.dtype), 1)
    numpy_support.vtk_to_numpy(image.GetPointData().GetScalars()).reshape(array.shape)[...] = array
    image.SetGeometryFromImageToWorldMatrix(volumes.matrixToVTK(ijkToRAS))
    return image


def setReferenceGeometry(node, volume):
    """Make the grid of an image the one on which segments are drawn and converted."""
    sizes = volume.sizeIJK
    geometry = slicer.vtkSegmentationConverter.SerializeImageGeometry(
        volumes.matrixToVTK(volume.ijkToRAS), [0, sizes[0] - 1, 0, sizes[1] - 1, 0, sizes[2] - 1]
    )
    parameter = slicer.vtkSegmentationConverter.GetReferenceImageGeometryParameterName()
    node.GetSegmentation().SetConversionParameter(parameter, geometry)


def labelsFromSegmentation(node, referenceVolumeNode=None):
    """The regions as label images, one per layer, at the full resolution at which they were drawn.

    Regions inside one layer do not overlap; those of different layers may.

    Parameters
    ----------
    node : vtkMRMLSegmentationNode
        A linear parent transform is applied to the geometry.
    referenceVolumeNode : vtkMRMLScalarVolumeNode, optional
        Grid for surfaces that bring none of their own.

    Returns
    -------
    list of (Volume, dict)
        Labels (read-only) with {value: (segment ID, region name)}; regions without a voxel are left out, see
        :func:`segmentationProblems`.

    Raises
    ------
    InputError
        When there are no regions, or surfaces that cannot be converted.
    """
    segmentation = _labelmapSegmentation(node, referenceVolumeNode)
    worldFromNode = volumes.matrixOf(node.GetParentTransformNode())
    layers = []
    for _, image, members in _layers(segmentation):
        array = _arrayOf(image)
        present = np.flatnonzero(np.bincount(array.ravel(), minlength=1))
        regions = {value: region for value, region in members.items() if value in present}
        if regions:
            layers.append((Volume(array, worldFromNode @ _arrayToRAS(image), "", node.GetName()), regions))
    if not layers:
        raise InputError("Nothing is drawn in the segmentation", node.GetName(), "Draw or load the regions first")
    return layers


def _labelmapSegmentation(node, referenceVolumeNode=None):
    """The node's segmentation if it has label maps, else a converted copy."""
    if node is None:
        raise InputError("The segmentation is not in the scene any more", mend="Draw or load the regions again")
    segmentation = node.GetSegmentation()
    if segmentation is None or segmentation.GetNumberOfSegments() == 0:
        raise InputError("The segmentation has no regions", node.GetName(), "Draw or load the regions first")
    if segmentation.ContainsRepresentation(BINARY_LABELMAP):
        return segmentation
    copy = slicer.vtkSegmentation()
    copy.DeepCopy(segmentation)
    parameter = slicer.vtkSegmentationConverter.GetReferenceImageGeometryParameterName()
    if not copy.GetConversionParameter(parameter):
        if referenceVolumeNode is None:
            raise InputError(
                "The surfaces need an image on whose voxels they are counted", node.GetName(), "Choose the reference CT"
            )
        reference = volumes.volumeFromNode(referenceVolumeNode)
        sizes = reference.sizeIJK
        nodeFromIJK = np.linalg.inv(volumes.matrixOf(node.GetParentTransformNode())) @ volumes.matrixOf(
            referenceVolumeNode.GetParentTransformNode()
        )
        copy.SetConversionParameter(
            parameter,
            slicer.vtkSegmentationConverter.SerializeImageGeometry(
                volumes.matrixToVTK(nodeFromIJK @ reference.ijkToRAS),
                [0, sizes[0] - 1, 0, sizes[1] - 1, 0, sizes[2] - 1],
            ),
        )
    if not copy.CreateRepresentation(BINARY_LABELMAP):
        raise InputError("The surfaces cannot be turned into voxels", node.GetName(), "Draw the regions on the CT")
    return copy


def _layers(segmentation):
    """(index, vtkOrientedImageData, {label value: (segment ID, name)}) of every layer that holds voxels."""
    for layer in range(segmentation.GetNumberOfLayers(BINARY_LABELMAP)):
        image = segmentation.GetLayerDataObject(layer, BINARY_LABELMAP)
        if image is None or image.GetNumberOfPoints() == 0 or image.GetPointData().GetScalars() is None:
            continue
        members = {}
        for segmentID in segmentation.GetSegmentIDsForLayer(layer, BINARY_LABELMAP):
            segment = segmentation.GetSegment(segmentID)
            members[segment.GetLabelValue()] = (segmentID, segment.GetName())
        yield layer, image, members


def _arrayOf(image):
    """Read-only (k, j, i) view of an oriented image's labels."""
    scalars = image.GetPointData().GetScalars()
    array = numpy_support.vtk_to_numpy(scalars).reshape(image.GetDimensions()[::-1]).view()
    array.flags.writeable = False
    return array


def _arrayToRAS(image):
    """4 x 4 from array indices (they start at 0, the extent of a layer seldom does) to the segmentation's RAS."""
    matrix = vtk.vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    start = np.eye(4)
    start[:3, 3] = image.GetExtent()[0::2]
    return volumes.matrixFromVTK(matrix) @ start


def regionNames(node):
    """{segment ID: name} of all segments in their order."""
    segmentation = node.GetSegmentation()
    return {segmentID: segmentation.GetSegment(segmentID).GetName() for segmentID in segmentation.GetSegmentIDs()}


def regionColors(node):
    """{region name: (red, green, blue)} with values from 0 to 1, for charts and pictures."""
    segmentation = node.GetSegmentation()
    return {name: tuple(segmentation.GetSegment(segmentID).GetColor()) for segmentID, name in regionNames(node).items()}


def segmentationProblems(node):
    """What a user should mend: list of sentences about empty and equally named regions; empty when all is well."""
    if node is None or node.GetSegmentation().GetNumberOfSegments() == 0:
        return ["No regions are drawn yet"]
    names = list(regionNames(node).values())
    problems = [f"Two regions are called '{name}'" for name in sorted({n for n in names if names.count(n) > 1})]
    if not node.GetSegmentation().ContainsRepresentation(BINARY_LABELMAP):
        return problems
    drawn = set()
    for _, image, members in _layers(node.GetSegmentation()):
        counts = np.bincount(_arrayOf(image).ravel(), minlength=max(members, default=0) + 1)
        drawn.update(region[0] for value, region in members.items() if counts[value])
    return problems + [f"Region '{name}' is empty" for ID, name in regionNames(node).items() if ID not in drawn]


def segmentationDigest(node):
    """Fingerprint of names, shapes and places of all regions; colors do not matter, nor does saving and reopening.

    Returns
    -------
    str
        32 hexadecimal digits (BLAKE2b), cached until a segment is modified.
    """
    segmentation = node.GetSegmentation()
    digest = hashlib.blake2b(digest_size=16)
    digest.update(volumes.geometryBytes(volumes.matrixOf(node.GetParentTransformNode())))
    digest.update("\n".join(f"{ID}\t{name}" for ID, name in regionNames(node).items()).encode())
    if not segmentation.ContainsRepresentation(BINARY_LABELMAP):
        for segmentID in segmentation.GetSegmentIDs():
            digest.update(_surfaceBytes(segmentation.GetSegment(segmentID)))
        return digest.hexdigest()
    order = {segmentID: index + 1 for index, segmentID in enumerate(regionNames(node))}
    layers = list(_layers(segmentation))
    key = (digest.hexdigest(), *((image.GetMTime(), tuple(members.items())) for _, image, members in layers))
    if key not in _digests:
        parts = sorted(_layerDigest(image, members, order) for _, image, members in layers)
        for part in parts:
            digest.update(part)
        while len(_digests) >= _DIGEST_CACHE_SIZE:
            _digests.pop(next(iter(_digests)))
        _digests[key] = digest.hexdigest()
    return _digests[key]


def _surfaceBytes(segment):
    surface = segment.GetRepresentation(CLOSED_SURFACE)
    if surface is None or surface.GetNumberOfPoints() == 0:
        return b""
    return numpy_support.vtk_to_numpy(surface.GetPoints().GetData()).tobytes()


def _layerDigest(image, members, order):
    """Digest of a layer with its labels in the order of the segments and without the empty margin around them."""
    array = _arrayOf(image)
    table = np.zeros(int(array.max()) + 1, dtype="<i2")
    for value, (segmentID, _) in members.items():
        if value < len(table):
            table[value] = order[segmentID]
    labels = table[array]
    if not labels.any():
        return b""
    box = _boundingBox(labels)
    start = np.eye(4)
    start[:3, 3] = [part.start for part in reversed(box)]
    digest = hashlib.blake2b(volumes.geometryBytes(_arrayToRAS(image) @ start), digest_size=16)
    digest.update(np.ascontiguousarray(labels[box]))
    return digest.digest()


def createSurfaces(node):
    """Make the closed surfaces that three-dimensional views show (a few seconds at CT resolution)."""
    segmentation = node.GetSegmentation()
    if segmentation.GetNumberOfSegments() and not segmentation.ContainsRepresentation(CLOSED_SURFACE):
        node.CreateClosedSurfaceRepresentation()

"""Regions as a segmentation node: label images both ways, digest, problems in words."""

import hashlib
import re

import numpy as np
import slicer
from vtk.util import numpy_support

from ..errors import InputError
from ..imaging.volume import Volume
from . import regionContents, terminology, volumes
from .labelLayers import BINARY_LABELMAP, arrayOf, arrayToRAS, boundingBox, layersOf

# As in vtkSegmentationConverter.
CLOSED_SURFACE = "Closed surface"


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
    box = boundingBox(array)
    counts = np.bincount(array[box].ravel(), minlength=max(names, default=0) + 1)
    _requireNames(names, counts, labels.name)
    part = array[box]
    unnamed = sorted(set(np.flatnonzero(counts).tolist()) - {0} - set(names))
    if unnamed:
        part = np.where(np.isin(part, unnamed), 0, part).astype(part.dtype)
    image = orientedImage(part, labels.ijkToRAS, box)

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


def orientedImage(array, ijkToRAS, box):
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
    for _, image, members in layersOf(segmentation):
        array = arrayOf(image)
        present = np.flatnonzero(np.bincount(array.ravel(), minlength=1))
        regions = {value: region for value, region in members.items() if value in present}
        if regions:
            layers.append((Volume(array, worldFromNode @ arrayToRAS(image), "", node.GetName()), regions))
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
    found = regionContents.contents(node).values()
    return problems + [f"Region '{content.name}' is empty" for content in found if not content.voxelCount]


def segmentationDigest(node):
    """Fingerprint of names, shapes and places of all regions; colors do not matter, nor does saving and reopening.

    Returns
    -------
    str
        32 hexadecimal digits (BLAKE2b); after a change only the changed regions are looked at.
    """
    segmentation = node.GetSegmentation()
    digest = hashlib.blake2b(digest_size=16)
    digest.update(volumes.geometryBytes(volumes.matrixOf(node.GetParentTransformNode())))
    digest.update("\n".join(f"{ID}\t{name}" for ID, name in regionNames(node).items()).encode())
    if not segmentation.ContainsRepresentation(BINARY_LABELMAP):
        for segmentID in segmentation.GetSegmentIDs():
            digest.update(_surfaceBytes(segmentation.GetSegment(segmentID)))
        return digest.hexdigest()
    for segmentID, content in regionContents.contents(node).items():
        digest.update(f"{segmentID}\t{content.digest}\n".encode())
    return digest.hexdigest()


def surfaceDigest(node, segmentID):
    """Fingerprint of the closed surface of a region; empty where there is none."""
    found = _surfaceBytes(node.GetSegmentation().GetSegment(segmentID))
    return hashlib.blake2b(found, digest_size=16).hexdigest() if found else ""


def _surfaceBytes(segment):
    surface = segment.GetRepresentation(CLOSED_SURFACE)
    if surface is None or surface.GetNumberOfPoints() == 0:
        return b""
    return numpy_support.vtk_to_numpy(surface.GetPoints().GetData()).tobytes()


def createSurfaces(node):
    """Make the closed surfaces that three-dimensional views show (a few seconds at CT resolution)."""
    segmentation = node.GetSegmentation()
    if segmentation.GetNumberOfSegments() and not segmentation.ContainsRepresentation(CLOSED_SURFACE):
        node.CreateClosedSurfaceRepresentation()

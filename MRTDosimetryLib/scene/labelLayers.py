"""The label images that hold the drawn regions of a segmentation, as arrays."""

import numpy as np
import vtk
from vtk.util import numpy_support

from . import volumes

# The representation name that vtkSegmentationConverter uses; it is part of Slicer's file format.
BINARY_LABELMAP = "Binary labelmap"


def layersOf(segmentation):
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


def arrayOf(image):
    """Read-only (k, j, i) view of an oriented image's labels."""
    scalars = image.GetPointData().GetScalars()
    array = numpy_support.vtk_to_numpy(scalars).reshape(image.GetDimensions()[::-1]).view()
    array.flags.writeable = False
    return array


def imageToRAS(image):
    """4 x 4 from the indices of an oriented image (its extent seldom starts at 0) to the segmentation's RAS."""
    matrix = vtk.vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    return volumes.matrixFromVTK(matrix)


def arrayToRAS(image):
    """4 x 4 from array indices, which start at 0, to the segmentation's RAS."""
    start = np.eye(4)
    start[:3, 3] = image.GetExtent()[0::2]
    return imageToRAS(image) @ start


def boundingBox(array):
    """Slices (k, j, i) around everything that is not 0; one voxel where there is nothing."""
    box = []
    for axis in range(3):
        # what the axes before have left, so that little is looked at twice
        part = array[tuple(box)]
        used = np.flatnonzero(part.any(axis=tuple(other for other in range(3) if other != axis)))
        if not len(used):
            return (slice(0, 1),) * 3
        box.append(slice(int(used[0]), int(used[-1]) + 1))
    return tuple(box)

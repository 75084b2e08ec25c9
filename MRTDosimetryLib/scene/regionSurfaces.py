"""Regions drawn as closed surfaces, without the detour over voxels."""

import numpy as np
import vtk
from vtk.util import numpy_support

from ..errors import InputError
from ..imaging.surfaces import Surface
from . import volumes
from .segments import CLOSED_SURFACE


def isDrawnAsSurfaces(node):
    """Whether the surfaces are what was drawn or loaded, not something derived from voxels."""
    return node.GetSegmentation().GetSourceRepresentationName() == CLOSED_SURFACE


def surfacesFromSegmentation(node):
    """The closed surface of every region, in world coordinates.

    Parameters
    ----------
    node : vtkMRMLSegmentationNode
        With closed surfaces; a linear parent transform is applied.

    Returns
    -------
    dict of str to Surface
        By region name, in the order of the segmentation.

    Raises
    ------
    InputError
        When a region has no surface, or none with an inside.
    """
    segmentation = node.GetSegmentation()
    matrix = volumes.matrixOf(node.GetParentTransformNode())
    found = {}
    for segmentID in segmentation.GetSegmentIDs():
        segment = segmentation.GetSegment(segmentID)
        polyData = segment.GetRepresentation(CLOSED_SURFACE)
        if polyData is None or polyData.GetNumberOfPolys() + polyData.GetNumberOfStrips() == 0:
            raise InputError("The region has no closed surface", segment.GetName(), "Draw it or remove it")
        found[segment.GetName()] = surfaceOf(polyData, matrix, segment.GetName())
    return found


def surfaceOf(polyData, matrix=None, name=""):
    """:class:`~..imaging.surfaces.Surface` of a vtkPolyData, moved by a 4 x 4 in RAS mm; equal points are merged."""
    clean = vtk.vtkCleanPolyData()
    clean.SetInputData(polyData)
    # only what lies at the very same place, as at the seams that vtkPolyDataNormals leaves
    clean.SetTolerance(0.0)
    clean.ConvertPolysToLinesOff()
    triangulate = vtk.vtkTriangleFilter()
    triangulate.SetInputConnection(clean.GetOutputPort())
    triangulate.PassLinesOff()
    triangulate.PassVertsOff()
    triangulate.Update()
    output = triangulate.GetOutput()
    if output.GetNumberOfPolys() == 0:
        raise InputError("The region has no closed surface", name, "Draw it or remove it")
    points = numpy_support.vtk_to_numpy(output.GetPoints().GetData()).astype(float)
    triangles = numpy_support.vtk_to_numpy(output.GetPolys().GetConnectivityArray()).reshape(-1, 3)
    matrix = np.eye(4) if matrix is None else matrix
    return Surface(points @ matrix[:3, :3].T + matrix[:3, 3], triangles, name)

"""Isodose surfaces: where the absorbed dose passes chosen levels, in three-dimensional views and as lines on slices.

All levels are closed surfaces of one segmentation node, so that slices show them as lines, and lists of regions and
their colors, opacities and names are those Slicer's users know. The node is filled again on the next run.
"""

import numpy as np
import slicer
import vtk
from vtk.util import numpy_support

from ..errors import InputError
from ..imaging.isodose import checkedLevelsGy, defaultLevelsGy, fineLattice, levelName
from ..imaging.surfaces import Surface, enclosedVolumeML
from . import colorMaps, display, tables, volumes
from .segments import CLOSED_SURFACE, setReferenceGeometry

ROLE = "isodose"
TABLE_ROLE = "isodoseTable"
_ROLE_ATTRIBUTE = "MRTDosimetry.role"
_LEVEL_TAG = "MRTDosimetry.isodoseGy"
# Of the surfaces, from the lowest to the highest level: the hot core stays visible through the others.
_OPACITIES = (0.15, 0.6)
_LINE_WIDTH = 3
# Part of the absorbed-dose color map that is bright enough for lines on a CT.
_COLOR_RANGE = (0.35, 1.0)
# Of the node: content of the map and levels that it shows.
_SHOWN_ATTRIBUTE = "MRTDosimetry.isodoseOf"
# (surface as vtkPolyData or None, volume inside in mL) by content of the map and level: maps that are compared are
# shown in turn, and of a list of levels mostly one is changed.
_surfaces = {}
_CACHE_SIZE = 40


def isodoseSurfaces(volume, levelsGy):
    """The closed surfaces on which the absorbed dose passes some levels.

    Between the voxels the absorbed dose is interpolated as in the dose-volume histograms; the surface itself is made of
    flat pieces on a lattice of about 2 mm (marching cubes). Where the absorbed dose at the edge of the image is above a
    level, the outer faces of the voxels close the surface.

    Parameters
    ----------
    volume : Volume
        Absorbed dose in Gy, any orientation.
    levelsGy : sequence of float

    Returns
    -------
    list of Surface or None
        One per level; ``None`` where the absorbed dose is nowhere above the level.
    """
    return [_surface(volume, float(level)) for level in levelsGy]


def _surface(volume, levelGy):
    if not float(volume.array.max()) > levelGy:
        return None
    array, positions = fineLattice(volume, levelGy)
    image = vtk.vtkImageData()
    image.SetDimensions(array.shape[::-1])
    image.GetPointData().SetScalars(numpy_support.numpy_to_vtk(array.ravel(), deep=True))
    contour = vtk.vtkFlyingEdges3D()
    contour.SetInputData(image)
    contour.ComputeNormalsOff()
    contour.ComputeGradientsOff()
    contour.ComputeScalarsOff()
    contour.SetValue(0, levelGy)
    contour.Update()
    output = contour.GetOutput()
    nodes = numpy_support.vtk_to_numpy(output.GetPoints().GetData())
    indices = np.stack([np.interp(nodes[:, axis], np.arange(len(positions[2 - axis])), positions[2 - axis])
                        for axis in range(3)], axis=1)
    triangles = numpy_support.vtk_to_numpy(output.GetPolys().GetConnectivityArray()).reshape(-1, 3)
    points = indices @ volume.ijkToRAS[:3, :3].T + volume.ijkToRAS[:3, 3]
    corners = (points - points.mean(axis=0))[triangles]
    if np.einsum("ij,ij->", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])) < 0:
        triangles = triangles[:, ::-1]
    return Surface(points, triangles, levelName(levelGy))


def showIsodoses(study, levelsGy=None, doseNode=None):
    """Draw the isodose surfaces of a study and list the volume inside each.

    Parameters
    ----------
    study : Study
    levelsGy : sequence of float, optional
        Default: round levels near 10, 25, 50, 75 and 90 % of the upper end of the colors.
    doseNode : vtkMRMLScalarVolumeNode, optional
        Default: the absorbed dose of the study.

    Returns
    -------
    list of dict
        Per level, rising: ``levelGy``, ``volumeML`` (inside the surface; 0 where the absorbed dose stays below),
        ``name``.

    Raises
    ------
    InputError
        No absorbed dose, or a level that cannot be used.
    """
    doseNode = doseNode or study.nodeByRole("absorbedDose")
    if doseNode is None:
        raise InputError("The absorbed dose is not computed yet", study.name, "Run the absorbed dose step")
    levels = checkedLevelsGy(levelsGy) if levelsGy is not None else defaultLevelsGy(display.displayedMaximum(doseNode))
    found = _surfacesOf(doseNode, levels)
    rows = [{"levelGy": level, "name": levelName(level), "volumeML": volumeML}
            for level, (_surface, volumeML) in zip(levels, found, strict=True)]
    shown = f"{volumes.contentDigest(doseNode)} {levels}"
    node = study.nodeByRole(ROLE)
    if node is None or node.GetAttribute(_SHOWN_ATTRIBUTE) != shown:
        _fillNode(study, doseNode, levels, [surface for surface, _volumeML in found])
        study.nodeByRole(ROLE).SetAttribute(_SHOWN_ATTRIBUTE, shown)
        _fillTable(study, rows)
    return rows


def _surfacesOf(doseNode, levels):
    """(vtkPolyData or None, volume inside in mL) of each level, made where they are not known yet."""
    digest, volume, found = volumes.contentDigest(doseNode), volumes.volumeFromNode(doseNode), []
    for level in levels:
        if (digest, level) not in _surfaces:
            while len(_surfaces) >= _CACHE_SIZE:
                del _surfaces[next(iter(_surfaces))]
            surface = _surface(volume, level)
            _surfaces[digest, level] = (None, 0.0) if surface is None else (
                polyDataOf(surface), enclosedVolumeML(surface))
        found.append(_surfaces[digest, level])
    return found


def _fillNode(study, doseNode, levels, surfaces):
    scene, node = study.scene, study.nodeByRole(ROLE)
    if node is None:
        node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Isodose")
        node.SetAttribute(_ROLE_ATTRIBUTE, ROLE)
        node.CreateDefaultDisplayNodes()
        study.setNodeForRole(ROLE, node)
        _style(node.GetDisplayNode())
    segmentation = node.GetSegmentation()
    # a surface without a point cannot be saved: a level that is nowhere reached stays in the table only
    drawn = {levelName(level): (place, level, surface) for place, level, surface in
             zip(_places(len(levels)), levels, surfaces, strict=True) if surface is not None}
    known = {segmentation.GetSegment(segmentID).GetName(): segmentID for segmentID in levelIDs(node)}
    wasModifying = node.StartModify()
    segmentation.SetSourceRepresentationName(CLOSED_SURFACE)
    setReferenceGeometry(node, volumes.volumeFromNode(doseNode))
    node.SetAndObserveTransformNodeID(doseNode.GetTransformNodeID())
    for name in set(known) - set(drawn):
        segmentation.RemoveSegment(known[name])
    colors = colorMaps.colors("absorbedDose")
    for name, (place, level, surface) in drawn.items():
        segmentID = known.get(name) or _addSegment(segmentation, level)
        segment = segmentation.GetSegment(segmentID)
        # a copy: what is edited in the scene is not what the cache holds
        shown = vtk.vtkPolyData()
        shown.DeepCopy(surface)
        segment.AddRepresentation(CLOSED_SURFACE, shown)
        at = _COLOR_RANGE[0] + place * (_COLOR_RANGE[1] - _COLOR_RANGE[0])
        segment.SetColor(*colors[int(round(at * (len(colors) - 1)))])
        node.GetDisplayNode().SetSegmentOpacity3D(segmentID, _OPACITIES[0] + place * (_OPACITIES[1] - _OPACITIES[0]))
    segmentation.ReorderSegments(levelIDs(node))
    node.EndModify(wasModifying)


def _addSegment(segmentation, level):
    segment = slicer.vtkSegment()
    segment.SetName(levelName(level))
    segment.SetTag(_LEVEL_TAG, repr(level))
    # else Slicer takes name and color from the terminology
    segment.SetNameAutoGenerated(False)
    segment.SetColorAutoGenerated(False)
    segmentID = segmentation.GenerateUniqueSegmentID(f"isodose_{level:g}_Gy")
    segmentation.AddSegment(segment, segmentID)
    return segmentID


def levelIDs(node):
    """Segment IDs of the levels that are drawn, from the lowest to the highest."""
    segmentation, levels = node.GetSegmentation(), {}
    for segmentID in segmentation.GetSegmentIDs():
        text = vtk.reference("")
        if segmentation.GetSegment(segmentID).GetTag(_LEVEL_TAG, text):
            levels[segmentID] = float(str(text))
    return sorted(levels, key=levels.get)


def levelColors(node):
    """Color (red, green, blue; 0..1) of each level that is drawn, by its name."""
    segmentation = node.GetSegmentation()
    drawn = [segmentation.GetSegment(segmentID) for segmentID in levelIDs(node)]
    return {segment.GetName(): tuple(segment.GetColor()) for segment in drawn}


def _places(count):
    """0 for the lowest to 1 for the highest level; a single one is in the middle."""
    return [0.5] if count == 1 else list(np.linspace(0.0, 1.0, count))


def polyDataOf(surface):
    """vtkPolyData with normals, which make it look smooth."""
    polyData = vtk.vtkPolyData()
    points = vtk.vtkPoints()
    points.SetData(numpy_support.numpy_to_vtk(np.asarray(surface.pointsRAS, np.float32), deep=True))
    polyData.SetPoints(points)
    cells = vtk.vtkCellArray()
    connectivity = np.ascontiguousarray(surface.triangles, np.int64).ravel()
    offsets = np.arange(0, len(connectivity) + 1, 3, dtype=np.int64)
    cells.SetData(numpy_support.numpy_to_vtkIdTypeArray(offsets, deep=True),
                  numpy_support.numpy_to_vtkIdTypeArray(connectivity, deep=True))
    polyData.SetPolys(cells)
    normals = vtk.vtkPolyDataNormals()
    normals.SetInputData(polyData)
    normals.SplittingOff()
    normals.ConsistencyOff()
    normals.Update()
    return normals.GetOutput()


def _style(style):
    style.SetVisibility2DFill(False)
    style.SetVisibility2DOutline(True)
    style.SetSliceIntersectionThickness(_LINE_WIDTH)
    style.SetVisibility3D(True)
    style.SetPreferredDisplayRepresentationName2D(CLOSED_SURFACE)
    style.SetPreferredDisplayRepresentationName3D(CLOSED_SURFACE)


def _fillTable(study, rows):
    columns = [tables.Column("Isodose", "Gy", [row["levelGy"] for row in rows]),
               tables.Column("Volume inside", "mL", [row["volumeML"] for row in rows])]
    node = tables.setTable(study.nodeByRole(TABLE_ROLE), study.scene, "Isodose volumes", columns)
    study.setNodeForRole(TABLE_ROLE, node)


def setVisible(study, inSlices=True, in3D=True):
    """Show or hide the isodose lines and surfaces; InputError when there are none."""
    node = study.nodeByRole(ROLE)
    if node is None:
        raise InputError("There are no isodose surfaces yet", study.name, "Draw them first")
    style = node.GetDisplayNode()
    style.SetVisibility(inSlices or in3D)
    style.SetVisibility2DOutline(inSlices)
    style.SetVisibility3D(in3D)


def removeIsodoses(study):
    """Take surfaces and table out of the scene."""
    for role in (ROLE, TABLE_ROLE):
        node = study.nodeByRole(role)
        study.setNodeForRole(role, None)
        if node is not None:
            study.scene.RemoveNode(node)

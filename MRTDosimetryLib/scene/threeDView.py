"""A three-dimensional picture of the regions inside the body, labeled, optionally colored by absorbed dose."""

import numpy as np
import slicer
import vtk
from vtk.util import numpy_support

from ..errors import InputError
from . import colorMaps, display, segments, terminology, volumes
from .views import View

_MANAGERS = (
    "vtkMRMLCameraDisplayableManager",
    "vtkMRMLViewDisplayableManager",
    "vtkMRMLModelDisplayableManager",
    "vtkMRMLSegmentationsDisplayableManager3D",
)
_DARK, _MIDDLE = (0.13, 0.15, 0.18), (0.45, 0.48, 0.52)
_BACKGROUND_TOP, _BACKGROUND_BOTTOM = (0.99, 0.99, 1.0), (0.86, 0.89, 0.93)
_ORGAN_OPACITY = 0.5
_BONE_HU = 150
_BODY_SPACING_MM = 3.5
# Direction from which each view looks at the patient (RAS) and its upward direction.
_DIRECTIONS = {
    "anterior": ((0.0, 1.0, 0.12), (0.0, 0.0, 1.0)),
    "posterior": ((0.0, -1.0, 0.12), (0.0, 0.0, 1.0)),
    "left": ((-1.0, 0.25, 0.12), (0.0, 0.0, 1.0)),
    "right": ((1.0, 0.25, 0.12), (0.0, 0.0, 1.0)),
}


class ThreeDView(View):
    """Surfaces of the regions of a segmentation in a light view.

    Parameters
    ----------
    scene : vtkMRMLScene
    name : str
        Layout name, different from those of other views.
    """

    def __init__(self, scene, name):
        super().__init__(scene)
        self.logic = slicer.vtkMRMLViewLogic()
        self.logic.SetMRMLApplicationLogic(self.applicationLogic)
        self.logic.SetMRMLScene(scene)
        self.node = self.logic.AddViewNode(name)
        self.node.SetSaveWithScene(False)
        self.node.SetBoxVisible(False)
        self.node.SetAxisLabelsVisible(False)
        self.node.SetBackgroundColor(*_BACKGROUND_BOTTOM)
        self.node.SetBackgroundColor2(*_BACKGROUND_TOP)
        self.activate(slicer.vtkMRMLThreeDViewDisplayableManagerFactory.GetInstance(), _MANAGERS, self.node)
        # Depth peeling sorts the translucent surfaces; it needs an alpha channel and excludes multisampling.
        self.window.SetAlphaBitPlanes(1)
        self.renderer.SetUseDepthPeeling(True)
        self.renderer.SetMaximumNumberOfPeels(6)
        self.renderer.SetOcclusionRatio(0.02)
        self.renderer.SetUseFXAA(True)
        self.renderer.GradientBackgroundOn()
        self.renderer.SetBackground(*_BACKGROUND_BOTTOM)
        self.renderer.SetBackground2(*_BACKGROUND_TOP)
        self._bodyActors = []

    def showBody(self, ctNode):
        """Draw skin and bones of a CT as a translucent hint of where the regions lie."""
        from ..imaging.masks import shrinkToSpacing, shrunkBodyMask

        ct = shrinkToSpacing(volumes.volumeFromNode(ctNode), _BODY_SPACING_MM)
        body = shrunkBodyMask(ct).array
        # Cut at both ends, so that the smoothing neither eats thin ribs nor swells dense bone.
        bones = np.clip(np.where(body > 0, ct.array, -100.0), -100.0, 500.0)
        world = volumes.matrixOf(ctNode.GetParentTransformNode()) @ ct.ijkToRAS
        for values, level, color, opacity in (
            (body.astype(np.float32), 0.5, (0.66, 0.53, 0.46), 0.14),
            (bones.astype(np.float32), _BONE_HU, (0.90, 0.83, 0.68), 0.42),
        ):
            actor = vtk.vtkActor()
            actor.SetMapper(_surface(values, level, world))
            style = actor.GetProperty()
            style.SetColor(*color)
            style.SetOpacity(opacity)
            style.SetSpecular(0.0)
            style.SetAmbient(0.25)
            style.SetDiffuse(0.75)
            self.renderer.AddActor(actor)
            self._bodyActors.append(actor)

    def png(self, path, segmentationNode, size=(900, 700), direction="anterior", values=None, valueTitle="",
            texts=None, maximum=None, fontSize=None):
        """Write the picture.

        Parameters
        ----------
        path : str
        segmentationNode : vtkMRMLSegmentationNode
            Closed surfaces are made when it has none; its own colors are as before afterwards.
        size : (int, int)
            Width and height in pixels.
        direction : str
            "anterior", "posterior", "left" or "right".
        values : dict of {str: float}, optional
            Region name -> value, such as mean absorbed dose in Gy: the surfaces get its color and the picture a legend.
        valueTitle : str
            Title of the legend with unit.
        texts : dict of {str: str}, optional
            Region name -> label; default the name (and value).
        maximum : float, optional
            Upper end of the legend; default a round number above all values.
        fontSize : int, optional
            Of labels and legend in pixels; default by the height of the picture.
        """
        if direction not in _DIRECTIONS:
            raise InputError(f"Unknown direction '{direction}'", mend=f"Use one of: {', '.join(_DIRECTIONS)}")
        names = segments.regionNames(segmentationNode)
        if not names:
            raise InputError("There are no regions to draw", segmentationNode.GetName(), "Draw the regions first")
        segments.createSurfaces(segmentationNode)
        self.window.SetSize(*size)
        if values:
            maximum = maximum or display.roundRange(max(values.values()))[0]
        style = segmentationNode.GetDisplayNode()
        restore = _showIn3D(style)
        opacities = {ID: style.GetSegmentOpacity3D(ID) for ID in names}
        # A lesion is seen inside its organ only if the organ is translucent.
        lesions = {ID for ID, name in names.items() if terminology.isLesion(name)}
        extra = []
        try:
            for ID, name in names.items():
                if values and name in values:
                    style.SetSegmentOverrideColor(ID, *_colorOf(values[name], maximum))
                if lesions and ID not in lesions:
                    style.SetSegmentOpacity3D(ID, _ORGAN_OPACITY)
            fontSize = fontSize or max(13, size[1] // 42)
            self._look(segmentationNode, direction, size, bool(values))
            extra += self._annotate(segmentationNode, names, texts or _texts(names, values, valueTitle), size, fontSize)
            if values:
                extra += self.legend(
                    colorMaps.colors("absorbedDose"), maximum, valueTitle, (0.28, 0.06), (0.44, 0.025), fontSize, _DARK
                )
            self.write(path)
        finally:
            for actor in extra:
                self.renderer.RemoveViewProp(actor)
            for ID, opacity in opacities.items():
                style.UnsetSegmentOverrideColor(ID)
                style.SetSegmentOpacity3D(ID, opacity)
            restore()

    def _look(self, segmentationNode, direction, size, hasLegend):
        """Point the camera at the body, or at the regions when there is none."""
        bounds = np.zeros(6)
        segmentationNode.GetRASBounds(bounds)
        lower, upper = bounds[0::2], bounds[1::2]
        for actor in self._bodyActors:
            own = np.array(actor.GetBounds())
            lower, upper = np.minimum(lower, own[0::2]), np.maximum(upper, own[1::2])
        center = (lower + upper) / 2
        away, up = (np.array(part) for part in _DIRECTIONS[direction])
        away /= np.linalg.norm(away)
        camera = self.renderer.GetActiveCamera()
        camera.SetParallelProjection(True)
        camera.SetFocalPoint(*center)
        camera.SetPosition(*(center + 1500.0 * away))
        camera.SetViewUp(*up)
        extent = upper - lower
        side = extent[0] if direction in ("anterior", "posterior") else extent[1]
        # Room is left for the labels at both sides.
        scale = max(extent[2] * (0.62 if hasLegend else 0.54), side * 0.80 * size[1] / size[0])
        camera.SetParallelScale(scale)
        camera.SetWindowCenter(0.0, -0.12 if hasLegend else 0.0)
        self.renderer.ResetCameraClippingRange()

    def _annotate(self, segmentationNode, names, texts, size, fontSize):
        """Labels in columns left and right, each with a line to its region."""
        width, height = size
        sides = {"left": [], "right": []}
        for ID, name in names.items():
            center = np.zeros(3)
            segmentationNode.GetSegmentCenterRAS(ID, center)
            x, y = self._onScreen(center)
            sides["left" if x < 0.5 else "right"].append((y, x, texts.get(name, name)))
        actors = []
        for side, entries in sides.items():
            entries.sort(key=lambda entry: entry[0])
            lines = max((entry[2].count("\n") + 1 for entry in entries), default=1)
            places = _spread([entry[0] for entry in entries], 1.35 * fontSize * lines / height)
            for (y, x, text), place in zip(entries, places, strict=True):
                edge = 0.02 if side == "left" else 0.98
                label = self.text(text, edge, place, fontSize, _DARK, side.capitalize())
                # the line starts behind the widest end of the text
                extent = [0.0, 0.0]
                label.GetSize(self.renderer, extent)
                start = edge + (1 if side == "left" else -1) * (extent[0] / width + 0.012)
                actors += [label, self._line(start, place, x, y)]
        return actors

    def _onScreen(self, point):
        """Where a point in RAS mm is drawn, as fractions of the picture."""
        self.renderer.SetWorldPoint(*point, 1.0)
        self.renderer.WorldToDisplay()
        x, y, _ = self.renderer.GetDisplayPoint()
        width, height = self.window.GetSize()
        return x / width, y / height

    def _line(self, x1, y1, x2, y2):
        line = vtk.vtkLineSource()
        line.SetPoint1(x1, y1, 0)
        line.SetPoint2(x2, y2, 0)
        mapper = vtk.vtkPolyDataMapper2D()
        mapper.SetInputConnection(line.GetOutputPort())
        coordinate = vtk.vtkCoordinate()
        coordinate.SetCoordinateSystemToNormalizedViewport()
        mapper.SetTransformCoordinate(coordinate)
        actor = vtk.vtkActor2D()
        actor.SetMapper(mapper)
        actor.GetProperty().SetColor(*_MIDDLE)
        actor.GetProperty().SetLineWidth(1.2)
        self.renderer.AddViewProp(actor)
        return actor

    def close(self):
        """Remove the view and its nodes from the scene."""
        name = self.node.GetLayoutName()
        for actor in self._bodyActors:
            self.renderer.RemoveActor(actor)
        self.closeView([self.node])
        # The application gives every view a camera node of its own.
        count = self.scene.GetNumberOfNodesByClass("vtkMRMLCameraNode")
        cameras = [self.scene.GetNthNodeByClass(index, "vtkMRMLCameraNode") for index in range(count)]
        for camera in cameras:
            if camera.GetLayoutName() == name:
                self.scene.RemoveNode(camera)
        self.logic.SetMRMLScene(None)


def _showIn3D(style):
    """Switch the three-dimensional display of a segmentation on; returns what puts it back."""
    was3D, wasVisible = style.GetVisibility3D(), style.GetVisibility()
    style.SetVisibility(True)
    style.SetVisibility3D(True)

    def restore():
        style.SetVisibility(wasVisible)
        style.SetVisibility3D(was3D)

    return restore


def _texts(names, values, valueTitle):
    """Name, and below it the value in three digits with the unit that the title has in parentheses."""
    if not values:
        return {}
    unit = valueTitle[valueTitle.rfind("(") + 1 : valueTitle.rfind(")")] if valueTitle.endswith(")") else ""
    numbers = {name: f"{value:#.3g}".rstrip(".") for name, value in values.items()}
    return {name: f"{name}\n{numbers[name]} {unit}".rstrip() for name in names.values() if name in values}


def _colorOf(value, maximum):
    colors = colorMaps.colors("absorbedDose")
    return colors[int(round(min(max(value / maximum, 0.0), 1.0) * (len(colors) - 1)))]


def _spread(places, distance):
    """Heights (0..1, ascending) moved apart to at least ``distance``, within the picture."""
    places = list(places)
    for index in range(1, len(places)):
        places[index] = max(places[index], places[index - 1] + distance)
    limit = 1.0 - distance / 2
    for index in reversed(range(len(places))):
        places[index] = min(places[index], limit)
        limit = places[index] - distance
    return places


def _surface(values, level, ijkToRAS):
    """Mapper of the surface where a (k, j, i) array passes a level, smoothed, in RAS mm."""
    padded = np.pad(values, 1, constant_values=min(float(values.min()), level - 1.0))
    image = vtk.vtkImageData()
    image.SetDimensions(padded.shape[::-1])
    image.GetPointData().SetScalars(numpy_support.numpy_to_vtk(padded.ravel(), deep=True))
    blurred = vtk.vtkImageGaussianSmooth()
    blurred.SetInputData(image)
    blurred.SetStandardDeviation(0.7)
    contour = vtk.vtkFlyingEdges3D()
    contour.SetInputConnection(blurred.GetOutputPort())
    contour.SetValue(0, level)
    smooth = vtk.vtkWindowedSincPolyDataFilter()
    smooth.SetInputConnection(contour.GetOutputPort())
    smooth.SetNumberOfIterations(25)
    smooth.SetPassBand(0.03)
    start = np.eye(4)
    start[:3, 3] = -1.0
    place = vtk.vtkTransform()
    place.SetMatrix(volumes.matrixToVTK(ijkToRAS @ start))
    moved = vtk.vtkTransformPolyDataFilter()
    moved.SetInputConnection(smooth.GetOutputPort())
    moved.SetTransform(place)
    normals = vtk.vtkPolyDataNormals()
    normals.SetInputConnection(moved.GetOutputPort())
    normals.SplittingOff()
    mapper = vtk.vtkPolyDataMapper()
    mapper.SetInputConnection(normals.GetOutputPort())
    mapper.ScalarVisibilityOff()
    return mapper

"""Pictures of the scene without windows, drawn by Slicer's own displayable managers."""

import ctypes.util
import os
import subprocess
import sys

import numpy as np
import slicer
import vtk
from vtk.util import numpy_support

from ..errors import CalculationError, InputError
from . import display, headless, volumes

_SLICE_MANAGERS = (
    "vtkMRMLModelSliceDisplayableManager",
    "vtkMRMLSegmentationsDisplayableManager2D",
    "vtkMRMLRulerDisplayableManager",
)
# Indices in RAS of the horizontal, vertical and normal axis of a slice.
_AXES = {"Axial": (0, 1, 2), "Coronal": (0, 2, 1), "Sagittal": (1, 2, 0)}
_BODY_MARGIN = 1.18
# In the legend: values that are not drawn over the CT.
_TRANSPARENT = (0.25, 0.25, 0.25)
_BODY_SPACING_MM = 4.0
# Fraction of a slice picture's width that the legend takes.
_LEGEND_MARGIN = 0.13
_PROBE_SECONDS = 60
_PROBE = """
import vtkmodules.vtkRenderingOpenGL2
from vtkmodules.vtkRenderingCore import vtkRenderer, vtkRenderWindow
window = vtkRenderWindow()
window.SetOffScreenRendering(1)
window.AddRenderer(vtkRenderer())
window.SetSize(16, 16)
window.Render()
print("drawn" if window.SupportsOpenGL() else "no OpenGL")
"""
_canRender = None


def canRender():
    """Whether this machine can draw pictures.

    Tried once in a process of its own, because drawing without a graphics library may end the process.

    Returns
    -------
    (bool, str)
        The reason, with the library to install, when it cannot.
    """
    global _canRender
    if headless.isApplication():
        return True, ""
    if _canRender is None:
        _canRender = _probe()
    return _canRender


def _probe():
    command = [sys.executable, "-c", _PROBE]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=_PROBE_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return False, f"Drawing without a display did not answer within {_PROBE_SECONDS} s"
    if result.returncode == 0 and result.stdout.strip() == "drawn":
        return True, ""
    missing = [name for name in ("EGL", "OSMesa") if ctypes.util.find_library(name) is None]
    if "EGL" in missing:
        libraries = " and ".join(f"lib{name}" for name in missing)
        return False, f"No pictures: {libraries} not found; install libegl1 with Mesa's driver (libgl1-mesa-dri)"
    return False, "No pictures: OpenGL does not work without a display; install Mesa's driver (libgl1-mesa-dri)"


def _requireRendering():
    possible, reason = canRender()
    if not possible:
        raise CalculationError(reason)


class View:
    """A render window that is never shown, with the displayable managers of its kind. A context manager."""

    def __init__(self, scene):
        _requireRendering()
        self.scene = scene
        self.applicationLogic = headless.applicationLogicOf(scene)
        self.window = vtk.vtkRenderWindow()
        self.window.SetOffScreenRendering(1)
        self.window.SetMultiSamples(0)
        self.renderer = vtk.vtkRenderer()
        self.window.AddRenderer(self.renderer)
        self.interactor = vtk.vtkRenderWindowInteractor()
        self.interactor.SetRenderWindow(self.window)
        self._group = slicer.vtkMRMLDisplayableManagerGroup()

    def activate(self, factory, managers, viewNode):
        """Register the managers that are not yet, and let them draw what the view node shows."""
        for name in managers:
            if not factory.IsDisplayableManagerRegistered(name):
                factory.RegisterDisplayableManager(name)
        self._group.Initialize(factory, self.renderer)
        self._group.SetMRMLDisplayableNode(viewNode)
        viewNode.SetMappedInLayout(1)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        self.close()

    def closeView(self, nodes):
        """Free the window and take the view's own nodes out of the scene."""
        self._group.SetMRMLDisplayableNode(None)
        self.window.Finalize()
        for node in nodes:
            if node is not None and node.GetScene() is self.scene:
                self.scene.RemoveNode(node)

    def write(self, path):
        """Render and write as PNG."""
        self.window.Render()
        grabber = vtk.vtkWindowToImageFilter()
        grabber.SetInput(self.window)
        grabber.ReadFrontBufferOff()
        grabber.ShouldRerenderOff()  # it would draw the same a second time
        grabber.Update()
        writer = vtk.vtkPNGWriter()
        writer.SetInputConnection(grabber.GetOutputPort())
        writer.SetFileName(os.fspath(path))
        writer.Write()
        if writer.GetErrorCode() or not os.path.isfile(path):
            raise InputError("The picture cannot be written", os.fspath(path), "Check the folder and the free space")

    def text(self, text, x, y, size, color, horizontal="Centered", vertical="Centered", isBold=False):
        """Text at a place given as fraction of the picture."""
        actor = vtk.vtkTextActor()
        actor.SetInput(text)
        actor.GetPositionCoordinate().SetCoordinateSystemToNormalizedViewport()
        actor.SetPosition(x, y)
        style = actor.GetTextProperty()
        style.SetFontSize(size)
        style.SetBold(isBold)
        style.SetColor(*color)
        getattr(style, f"SetJustificationTo{horizontal}")()
        getattr(style, f"SetVerticalJustificationTo{vertical}")()
        self.renderer.AddViewProp(actor)
        return actor

    def legend(self, colors, maximum, title, position, extent, fontSize, textColor):
        """Color bar from 0 to ``maximum`` with round labels and its title, upright if it is higher than wide.

        Parameters
        ----------
        colors : sequence of (red, green, blue)
        position, extent : (float, float)
            Lower left corner and size of the bar, as fractions of the picture.

        Returns
        -------
        list of vtkProp
            What was added to the picture.
        """
        pixels = self.window.GetSize()
        isUpright = extent[1] * pixels[1] > extent[0] * pixels[0]
        props = [self._colorBar(colors, position, extent, isUpright)]
        _, labels = display.roundRange(maximum)
        labelFormat = display.labelFormat(maximum, labels)
        gap = 0.35 * fontSize
        for index in range(labels):
            fraction = index / (labels - 1)
            words = labelFormat % (fraction * maximum)
            if isUpright:
                x, y = position[0] + extent[0] + gap / pixels[0], position[1] + fraction * extent[1]
                props.append(self.text(words, x, y, fontSize, textColor, "Left"))
            else:
                x, y = position[0] + fraction * extent[0], position[1] - gap / pixels[1]
                props.append(self.text(words, x, y, fontSize, textColor, vertical="Top"))
        x = position[0] + extent[0] / 2
        y = position[1] + extent[1] + (3.0 if isUpright else 2.0) * gap / pixels[1]
        if isUpright:  # it stands in a narrow margin
            title = title.replace(" ", "\n", 1)
        props.append(self.text(title, x, y, fontSize, textColor, vertical="Bottom"))
        return props

    def _colorBar(self, colors, position, extent, isUpright):
        """The colors as one textured rectangle."""
        width, height = (max(2, round(part * size)) for part, size in zip(extent, self.window.GetSize(), strict=True))
        ramp = np.asarray(colors, dtype=float)
        row = ramp[np.linspace(0, len(ramp) - 1, height if isUpright else width).round().astype(int)]
        array = np.broadcast_to(row[:, None] if isUpright else row[None], (height, width, 3))
        image = vtk.vtkImageData()
        image.SetDimensions(width, height, 1)
        values = np.ascontiguousarray(np.round(array * 255).astype(np.uint8)).reshape(-1, 3)
        image.GetPointData().SetScalars(numpy_support.numpy_to_vtk(values, deep=True))
        mapper = vtk.vtkImageMapper()
        mapper.SetInputData(image)
        mapper.SetColorWindow(255)
        mapper.SetColorLevel(127.5)
        actor = vtk.vtkActor2D()
        actor.SetMapper(mapper)
        actor.GetPositionCoordinate().SetCoordinateSystemToNormalizedViewport()
        actor.SetPosition(*position)
        self.renderer.AddViewProp(actor)
        return actor


def _letters(direction):
    """Letters of the patient's side to which a direction in RAS mostly points, and of the opposite one."""
    axis = int(np.argmax(np.abs(direction)))
    letters = ("R", "L"), ("A", "P"), ("S", "I")
    return letters[axis] if direction[axis] > 0 else letters[axis][::-1]


class SliceView(View):
    """A slice through the scene: CT, absorbed dose over it, outlines of the regions, legend.

    Parameters
    ----------
    scene : vtkMRMLScene
    orientation : str
        "Axial", "Coronal" or "Sagittal".
    name : str
        Layout name, different from those of other views.
    """

    def __init__(self, scene, orientation, name):
        if orientation not in _AXES:
            raise InputError(f"Unknown slice orientation '{orientation}'", mend="Use Axial, Coronal or Sagittal")
        super().__init__(scene)
        self.orientation = orientation
        self._bounds = None
        self.logic = slicer.vtkMRMLSliceLogic()
        self.logic.SetMRMLApplicationLogic(self.applicationLogic)
        self.logic.SetMRMLScene(scene)
        self.node = self.logic.AddSliceNode(name)
        self.node.SetSaveWithScene(False)
        self.compositeNode = self.logic.GetSliceCompositeNode()
        self.compositeNode.SetSaveWithScene(False)
        self.applicationLogic.GetSliceLogics().AddItem(self.logic)
        self.node.SetOrientation(orientation)
        self.activate(slicer.vtkMRMLSliceViewDisplayableManagerFactory.GetInstance(), _SLICE_MANAGERS, self.node)
        self._mapper = vtk.vtkImageMapper()
        self._mapper.SetColorWindow(255)
        self._mapper.SetColorLevel(127.5)
        actor = vtk.vtkActor2D()
        actor.SetMapper(self._mapper)
        actor.GetProperty().SetDisplayLocationToBackground()
        self.renderer.AddViewProp(actor)
        self.renderer.SetBackground(0, 0, 0)

    def show(self, backgroundNode, foregroundNode=None, opacity=0.55):
        """Choose the images of this view."""
        composite = self.compositeNode
        composite.SetBackgroundVolumeID(backgroundNode.GetID() if backgroundNode is not None else None)
        composite.SetForegroundVolumeID(foregroundNode.GetID() if foregroundNode is not None else None)
        composite.SetForegroundOpacity(opacity)

    def png(self, path, size=(900, 700), centerRAS=None, zoomMM=None, caption=""):
        """Write the picture.

        Parameters
        ----------
        path : str
        size : (int, int)
            Width and height in pixels.
        centerRAS : array_like, optional
            Point in RAS mm through which the slice goes; default the middle of the body.
        zoomMM : float, optional
            Height of the part shown around ``centerRAS``; default all of the body, or of a background that is no CT.
        caption : str
            Shown at the upper left.
        """
        height = size[1]
        legend = self._legendOf(self.compositeNode.GetForegroundVolumeID())
        # The legend gets a margin of its own, so that it hides nothing and is read on an even background.
        width = size[0] - (int(_LEGEND_MARGIN * size[0]) if legend else 0)
        self.window.SetSize(*size)
        self.logic.ResizeSliceNode(width, height)
        self._frame(width, height, centerRAS, zoomMM)
        self.node.SetRulerType(self.node.RulerTypeThin)
        # The slice logic has another output once it has images to blend.
        self._mapper.SetInputConnection(self.logic.GetImageDataConnection())
        fontSize = max(14, height // 38)
        extra = self._labels(caption, fontSize, width / size[0])
        if legend:
            x = 1.0 - 0.62 * _LEGEND_MARGIN
            extra += self.legend(*legend, (x, 0.15), (0.018, 0.7), fontSize, (1.0, 1.0, 1.0))
        try:
            self.write(path)
        finally:
            for actor in extra:
                self.renderer.RemoveViewProp(actor)

    def _frame(self, width, height, centerRAS, zoomMM):
        """Set field of view and position of the slice."""
        self.logic.FitSliceToBackground(width, height)
        depth = self.node.GetFieldOfView()[2]
        bounds = self._bodyBounds()
        if bounds is not None:
            middle = (bounds[0] + bounds[1]) / 2
            center = middle if centerRAS is None else np.array(centerRAS, dtype=float)
            if zoomMM is None:
                across, up, normal = _AXES[self.orientation]
                extent = _BODY_MARGIN * (bounds[1] - bounds[0])
                zoomMM = max(extent[up], extent[across] * height / width)
                middle[normal] = center[normal]
                center = middle
            centerRAS = center
        if zoomMM is not None:
            self.node.SetFieldOfView(zoomMM * width / height, zoomMM, depth)
        if centerRAS is not None:
            jump = self.node.JumpSliceByCentering if zoomMM is not None else self.node.JumpSliceByOffsetting
            jump(*(float(part) for part in centerRAS))

    def _bodyBounds(self):
        """Lowest and highest RAS coordinates (mm) of the body in the background image; None when that is no CT."""
        from ..imaging.masks import shrinkToSpacing, shrunkBodyMask

        node = self.scene.GetNodeByID(self.compositeNode.GetBackgroundVolumeID() or "")
        if node is None or volumes.unitOf(node) != "[hnsf'U]":
            return None
        key = volumes.contentDigest(node)
        if self._bounds is None or self._bounds[0] != key:
            try:
                body = shrunkBodyMask(shrinkToSpacing(volumes.volumeFromNode(node), _BODY_SPACING_MM))
            except InputError:  # nothing in the image is dense enough to be a body: show all of it
                return None
            inside = np.argwhere(body.array)[:, ::-1]
            corners = [inside.min(axis=0) - 0.5, inside.max(axis=0) + 0.5]
            indices = [(i, j, k, 1.0) for i, *_ in corners for _, j, _ in corners for *_, k in corners]
            world = volumes.matrixOf(node.GetParentTransformNode()) @ body.ijkToRAS
            points = (np.array(indices) @ world.T)[:, :3]
            self._bounds = (key, (points.min(axis=0), points.max(axis=0)))
        return self._bounds[1]

    def _legendOf(self, volumeID):
        """(colors, maximum, title) of a volume that has a color legend, else None."""
        node = self.scene.GetNodeByID(volumeID) if volumeID else None
        legend = slicer.modules.colors.logic().GetColorLegendDisplayNode(node) if node is not None else None
        if legend is None or not legend.GetVisibility() or self.compositeNode.GetForegroundOpacity() == 0:
            return None
        style = node.GetDisplayNode()
        colorNode, color = style.GetColorNode(), [0.0] * 4
        count, maximum = colorNode.GetNumberOfColors(), style.GetWindowLevelMax()
        hidden = style.GetLowerThreshold() / maximum * (count - 1) if style.GetApplyThreshold() else 0
        colors = []
        for index in range(count):
            colorNode.GetColor(index, color)
            colors.append(tuple(color[:3]) if index >= hidden else _TRANSPARENT)
        return colors, maximum, legend.GetTitleText()

    def sides(self):
        """The letters (R, L, A, P, S, I) that stand at the "left", "right", "bottom" and "top" of the picture."""
        toRAS = volumes.matrixFromVTK(self.node.GetSliceToRAS())
        right, top = _letters(toRAS[:3, 0]), _letters(toRAS[:3, 1])
        return {"left": right[1], "right": right[0], "bottom": top[1], "top": top[0]}

    def _labels(self, caption, fontSize, width):
        """Letters of the directions and the caption; ``width`` is the fraction of the picture the slice takes."""
        white = (1.0, 1.0, 1.0)
        sides = self.sides()
        texts = [
            self.text(sides["left"], 0.012, 0.5, fontSize, white, "Left", isBold=True),
            self.text(sides["right"], width - 0.012, 0.5, fontSize, white, "Right", isBold=True),
            self.text(sides["top"], width / 2, 0.985, fontSize, white, vertical="Top", isBold=True),
            self.text(sides["bottom"], width / 2, 0.075, fontSize, white, vertical="Bottom", isBold=True),
        ]
        if caption:
            texts.append(self.text(caption, 0.012, 0.985, fontSize, white, "Left", "Top"))
        return texts

    def close(self):
        """Remove the view and its nodes from the scene."""
        self.applicationLogic.GetSliceLogics().RemoveItem(self.logic)
        model = self.logic.GetSliceModelNode()
        extra = [model, model.GetDisplayNode(), model.GetParentTransformNode()] if model is not None else []
        nodes = [self.node, self.compositeNode, *extra]
        self.closeView(nodes)
        self.logic.SetMRMLScene(None)

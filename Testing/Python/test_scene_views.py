"""Pictures drawn without windows, and what happens where nothing can be drawn."""

import sys

import numpy as np
import pytest

pytest.importorskip("slicer", reason="the scene layer needs slicer-core")

import vtk
from vtk.util import numpy_support

from MRTDosimetryLib.errors import CalculationError, InputError
from MRTDosimetryLib.imaging.volume import Volume
from MRTDosimetryLib.scene import colorMaps, display, headless, segments, threeDView, views, volumes
from MRTDosimetryLib.scene.study import Study

MATRIX = np.array([[-4.0, 0, 0, 80], [0, -4.0, 0, 80], [0, 0, 4.0, -80], [0, 0, 0, 1]])
SIZE = (400, 320)


@pytest.fixture
def study():
    scene = headless.newScene()
    made = Study.create(scene, "Case")
    k, j, i = np.indices((40, 40, 40))
    # a water cylinder in air, with a hot ball on the patient's right (R = 80 - 4 i)
    body = np.where((j - 20) ** 2 / 144 + (i - 20) ** 2 / 256 < 1, 40, -1000).astype(np.int16)
    ball = (k - 20) ** 2 + (j - 20) ** 2 + (i - 12) ** 2 < 16
    dose = np.where(ball, 10.0, 0.0).astype(np.float32)
    spect = volumes.addVolume(scene, Volume(dose, MATRIX, "Bq/mL", "SPECT"), "activityConcentration")
    made.addTimePoint(spect, volumes.addVolume(scene, Volume(body, MATRIX, "[hnsf'U]", "CT"), "attenuation"))
    made.setNodeForRole("absorbedDose", volumes.addVolume(scene, Volume(dose, MATRIX, "Gy", "dose"), "absorbedDose"))
    labels = Volume(ball.astype(np.uint8), MATRIX, "", "labels")
    made.setNodeForRole("segmentation", segments.segmentationFromLabels(scene, labels, {1: "liver"}, "Regions"))
    return made


def needRendering():
    possible, reason = views.canRender()
    if not possible:
        pytest.skip(reason)


def pixels(path):
    """(rows from the top, columns, 3) of a PNG, 0..255."""
    reader = vtk.vtkPNGReader()
    reader.SetFileName(str(path))
    reader.Update()
    image = reader.GetOutput()
    array = numpy_support.vtk_to_numpy(image.GetPointData().GetScalars())
    return array.reshape(image.GetDimensions()[1], image.GetDimensions()[0], -1)[::-1, :, :3].astype(int)


def colored(array):
    """Where the picture is clearly not gray."""
    return array.max(axis=2) - array.min(axis=2) > 40


def testSliceShowsDoseOverCTOnTheRightSideWithLegend(study, tmp_path):
    needRendering()
    display.showDoseOverCT(study, 10.0)
    nodes = study.scene.GetNumberOfNodes()
    path = tmp_path / "axial.png"
    with views.SliceView(study.scene, "Axial", "testAxial") as view:
        view.show(study.referenceTimePoint.ctNode, study.nodeByRole("absorbedDose"), 1.0)
        view.png(path, SIZE, (0, 0, 0))
        sides = view.sides()
    assert study.scene.GetNumberOfNodes() == nodes
    picture = pixels(path)
    assert picture.shape == (320, 400, 3)
    slice_, legend = picture[:, :340], picture[:, 348:]
    # the ball lies at R = +32 mm, which an axial slice shows left of the middle of the body
    columns = np.nonzero(colored(slice_))[1]
    assert columns.size > 100 and columns.mean() < 0.45 * 348
    assert colored(legend).sum() > 500
    assert sides == {"left": "R", "right": "L", "bottom": "P", "top": "A"}
    # soft tissue at its middle is drawn in middle gray
    assert 100 < slice_[160, 240].mean() < 160


def testCoronalShowsHeadUpAndOutlines(study, tmp_path):
    needRendering()
    display.styleRegions(study.nodeByRole("segmentation"))
    with views.SliceView(study.scene, "Coronal", "testCoronal") as view:
        view.show(study.referenceTimePoint.ctNode)
        view.png(tmp_path / "c.png", SIZE, (0, 0, 0))
        assert view.sides() == {"left": "R", "right": "L", "bottom": "I", "top": "S"}
    picture = pixels(tmp_path / "c.png")
    outline = colored(picture)
    assert 40 < outline.sum() < 2000
    # outline of the liver's color (an orange) and nothing filled
    assert np.all(np.median(picture[outline], axis=0)[[0, 2]] > (150, -1))


def testSliceDrawnTwiceIsTheSame(study, tmp_path):
    needRendering()
    with views.SliceView(study.scene, "Axial", "testTwice") as view:
        view.show(study.referenceTimePoint.ctNode)
        for name in ("1.png", "2.png"):
            view.png(tmp_path / name, SIZE, (0, 0, 0), caption="Axial")
    assert np.array_equal(pixels(tmp_path / "1.png"), pixels(tmp_path / "2.png"))


def testThreeDPictureIsLightAndLeavesTheSceneAsItWas(study, tmp_path):
    needRendering()
    node = study.nodeByRole("segmentation")
    nodes, colors = study.scene.GetNumberOfNodes(), segments.regionColors(node)
    with threeDView.ThreeDView(study.scene, "test3D") as view:
        view.showBody(study.referenceTimePoint.ctNode)
        view.png(tmp_path / "a.png", node, SIZE)
        view.png(tmp_path / "b.png", node, SIZE, values={"liver": 7.0}, valueTitle="Mean absorbed dose (Gy)")
        view.png(tmp_path / "c.png", node, SIZE)
    assert study.scene.GetNumberOfNodes() == nodes and segments.regionColors(node) == colors
    plain, valued = pixels(tmp_path / "a.png"), pixels(tmp_path / "b.png")
    assert np.array_equal(plain, pixels(tmp_path / "c.png"))
    assert plain[:10].mean() > 200
    assert 50 < colored(plain).sum() < plain[..., 0].size / 2
    # the legend is only in the second picture
    assert colored(valued[-60:]).sum() > colored(plain[-60:]).sum() + 500


def hues(rgb):
    """Hue in degrees of colors (..., 3), 0..255; lighting and translucency over white leave it nearly as it is."""
    rgb = np.asarray(rgb, float)
    highest, lowest = rgb.max(axis=-1), rgb.min(axis=-1)
    red, green, blue = np.moveaxis(rgb, -1, 0)
    span = np.maximum(highest - lowest, 1e-9)
    sector = np.select([highest == red, highest == green], [(green - blue) / span % 6, (blue - red) / span + 2],
                       (red - green) / span + 4)
    return 60.0 * sector


def testEveryRegionIsDrawnInTheColorOfItsValue(study, tmp_path):
    needRendering()
    k, j, i = np.indices((40, 40, 40))
    # at the patient's right, in the middle and at the left: none hides another
    labels = sum(value * ((k - 20) ** 2 + (j - 20) ** 2 + (i - place) ** 2 < 16).astype(np.uint8)
                 for value, place in ((1, 8), (2, 20), (3, 32)))
    names, valuesGy = {1: "liver", 2: "spleen", 3: "kidney left"}, {"liver": 4.0, "spleen": 12.0, "kidney left": 17.0}
    node = segments.segmentationFromLabels(study.scene, Volume(labels, MATRIX, "", "labels"), names, "Three")
    study.scene.RemoveNode(study.nodeByRole("segmentation"))
    with threeDView.ThreeDView(study.scene, "test3DColors") as view:
        view.png(tmp_path / "a.png", node, SIZE, values=valuesGy, valueTitle="Mean absorbed dose (Gy)", maximum=20.0)
    picture = pixels(tmp_path / "a.png")
    balls = picture[: int(0.88 * SIZE[1])]
    rows, columns = np.nonzero(balls.max(axis=2) - balls.min(axis=2) > 60)
    found, colors = balls[rows, columns], colorMaps.colors("absorbedDose")
    borders = np.quantile(columns, 0.0) + np.ptp(columns) * np.array([0.0, 1 / 3, 2 / 3, 1.001])
    for part, name in enumerate(names.values()):
        own = found[(columns >= borders[part]) & (columns < borders[part + 1])]
        wanted = hues(np.array(colors[round(valuesGy[name] / 20.0 * (len(colors) - 1))]) * 255.0)
        apart = np.abs((hues(own) - wanted + 180.0) % 360.0 - 180.0)
        assert len(own) > 300 and np.mean(apart < 15.0) > 0.9, f"{name}: {np.median(hues(own)):.0f}, not {wanted:.0f}"
    # the bar below has the colors from the lowest to the highest value, from left to right
    y, start, end = round(SIZE[1] * (1 - 0.0725)), 0.29, 0.71
    bar = picture[y, round(start * SIZE[0]) : round(end * SIZE[0])]
    expected = np.array(colors)[np.round(np.linspace(0.023, 0.977, len(bar)) * (len(colors) - 1)).astype(int)] * 255.0
    assert np.abs(bar - expected).mean() < 12.0


def testLabelsDoNotOverlap():
    places = threeDView._spread([0.5, 0.501, 0.52, 0.99, 1.2], 0.05)
    assert np.all(np.diff(places) >= 0.05 - 1e-9) and max(places) <= 0.975 + 1e-9


def testUnknownOrientationAndDirectionAreRefused(study, tmp_path):
    needRendering()
    with pytest.raises(InputError, match="orientation"):
        views.SliceView(study.scene, "oblique", "x")
    with threeDView.ThreeDView(study.scene, "y") as view, pytest.raises(InputError, match="direction"):
        view.png(tmp_path / "x.png", study.nodeByRole("segmentation"), direction="up")


@pytest.mark.parametrize("script", [
    "import os; os.abort()", "raise SystemExit(1)", "print('no OpenGL')", "import time; time.sleep(30)"])
def testAMachineThatCannotDrawIsFoundOutWithoutHarm(monkeypatch, script, study):
    monkeypatch.setattr(views, "_canRender", None)
    monkeypatch.setattr(views, "_PROBE", script)
    monkeypatch.setattr(views, "_PROBE_SECONDS", 1)
    possible, reason = views.canRender()
    assert not possible and reason
    with pytest.raises(CalculationError) as caught:
        views.SliceView(study.scene, "Axial", "x")
    assert reason in str(caught.value)


def testTheReasonNamesTheMissingLibraries(monkeypatch):
    monkeypatch.setattr(views, "_canRender", None)
    monkeypatch.setattr(views, "_PROBE", "raise SystemExit(1)")
    monkeypatch.setattr(views.ctypes.util, "find_library", lambda name: None)
    assert "libEGL and libOSMesa not found" in views.canRender()[1]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="OSMesa is chosen by this variable on Linux")
def testVTKWithoutAUsableLibraryIsFoundOut(monkeypatch):
    # the VTK wheel has no OSMesa: choosing it is the same as a machine without EGL
    monkeypatch.setattr(views, "_canRender", None)
    monkeypatch.setenv("VTK_DEFAULT_OPENGL_WINDOW", "vtkOSOpenGLRenderWindow")
    possible, reason = views.canRender()
    assert not possible and "No pictures" in reason

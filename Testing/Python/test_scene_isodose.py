"""Isodose surfaces: volume inside, oblique images, edges, update in place, save and reopen, surfaces as regions."""

import numpy as np
import pytest

pytest.importorskip("slicer", reason="the scene layer needs slicer-core")

from dvhShapes import OBLIQUE, gridAround, positions

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.imaging.doseVolume import surfacePoints
from MRTDosimetryLib.imaging.isodose import checkedLevelsGy, defaultLevelsGy
from MRTDosimetryLib.imaging.surfaces import enclosedVolumeML
from MRTDosimetryLib.imaging.volume import Volume
from MRTDosimetryLib.scene import files, headless, isodose, regionSurfaces, segments, tables, views, volumes
from MRTDosimetryLib.scene.study import Study

CENTER = np.array([1.7, -1.0, 2.2])


def coneDose(spacing, angles=(0, 0, 0), halfWidth=40.0):
    """60 Gy minus 1 Gy per mm from the center."""
    grid = gridAround(spacing, (0.3, 0.4, -0.5), angles, halfWidth)
    distance = np.sqrt(((positions(grid) - CENTER[:, None, None, None]) ** 2).sum(axis=0))
    return Volume(np.maximum(60 - distance, 0).astype(np.float32), grid.ijkToRAS, "Gy", "Absorbed dose")


def sphereML(radiusMM):
    return 4 / 3 * np.pi * radiusMM ** 3 / 1000


@pytest.fixture
def study():
    scene = headless.newScene()
    made = Study.create(scene, "Cycle 1")
    made.setNodeForRole("absorbedDose", volumes.addVolume(scene, coneDose(4.0, OBLIQUE), "absorbedDose"))
    return made


@pytest.mark.parametrize(("spacing", "angles"), [(4.8, (0, 0, 0)), (3.0, OBLIQUE)])
def testVolumeInsideSpheres(spacing, angles):
    volume = coneDose(spacing, angles)
    for flip in (np.eye(4), np.diag([-1.0, 1.0, 1.0, 1.0])):
        mirrored = Volume(volume.array, flip @ volume.ijkToRAS)
        for level, surface in zip((30, 45), isodose.isodoseSurfaces(mirrored, (30, 45)), strict=True):
            assert enclosedVolumeML(surface) == pytest.approx(sphereML(60 - level), rel=0.01)
            radius = np.linalg.norm(surface.pointsRAS - flip[:3, :3] @ CENTER, axis=1)
            assert radius == pytest.approx(60 - level, abs=0.5)


def testSurfaceEndsAtTheFacesOfTheImage():
    array = np.full((4, 5, 6), 10.0, np.float32)
    matrix = gridAround(3.0, (0, 0, 0), OBLIQUE).ijkToRAS
    surface, none = isodose.isodoseSurfaces(Volume(array, matrix), (5.0, 10.0))
    assert enclosedVolumeML(surface) == pytest.approx(120 * 0.027, rel=1e-6) and none is None


def testSurfacesAgreeWithTheDoseVolumeHistogram(study):
    volume = volumes.volumeFromNode(study.nodeByRole("absorbedDose"))
    whole, inner = isodose.isodoseSurfaces(volume, (30, 40))
    dvh = surfacePoints(whole, volume).dvh(volume.array)
    assert dvh.volumeML == pytest.approx(enclosedVolumeML(whole), rel=1e-6)
    assert dvh.volumeAtDose(40.0) == pytest.approx(enclosedVolumeML(inner), rel=0.01)
    assert dvh.minGy > 29.5


def testShownUpdatedAndRemovedWithoutLitter(study):
    rows = isodose.showIsodoses(study, [45, 30, 100.0])
    assert [row["name"] for row in rows] == ["30 Gy", "45 Gy", "100 Gy"]
    assert [row["volumeML"] for row in rows] == pytest.approx([sphereML(30), sphereML(15), 0.0], rel=0.01)
    node, count = study.nodeByRole("isodose"), study.scene.GetNumberOfNodes()
    assert list(segments.regionNames(node).values()) == ["30 Gy", "45 Gy"]
    kept = segments.regionNames(node).items()
    isodose.showIsodoses(study, [40, 45])
    assert study.nodeByRole("isodose") is node and study.scene.GetNumberOfNodes() == count
    assert list(segments.regionNames(node).values()) == ["40 Gy", "45 Gy"]
    assert set(kept) & set(segments.regionNames(node).items())
    assert len(set(segments.regionColors(node).values())) == 2
    isodose.setVisible(study, inSlices=True, in3D=False)
    assert node.GetDisplayNode().GetVisibility2DOutline() and not node.GetDisplayNode().GetVisibility3D()
    isodose.removeIsodoses(study)
    assert study.nodeByRole("isodose") is None and study.scene.GetFirstNodeByName("Isodose") is None


def testSaveAndReopen(study, tmp_path):
    rows = isodose.showIsodoses(study, [30, 45, 99])
    files.saveBundle(study.scene, str(tmp_path / "case.mrb"))
    again = Study.all(files.openBundle(str(tmp_path / "case.mrb")))[0]
    node, table = again.nodeByRole("isodose"), again.nodeByRole("isodoseTable")
    assert list(segments.regionNames(node).values()) == ["30 Gy", "45 Gy"]
    wanted = [row["volumeML"] for row in rows]
    assert tables.columnValues(table, "Volume inside (mL)") == pytest.approx(wanted, rel=1e-4)
    surfaces = regionSurfaces.surfacesFromSegmentation(node)
    assert enclosedVolumeML(surfaces["30 Gy"]) == pytest.approx(sphereML(30), rel=0.01)
    count = again.scene.GetNumberOfNodes()
    isodose.showIsodoses(again, [45])
    assert again.scene.GetNumberOfNodes() == count and list(segments.regionNames(node).values()) == ["45 Gy"]


def testSegmentsAsSurfaces(study):
    node = study.nodeByRole("isodose")
    isodose.showIsodoses(study, [30])
    node = study.nodeByRole("isodose")
    assert regionSurfaces.isDrawnAsSurfaces(node)
    volumes.setTransform(node, np.array([[1, 0, 0, 7.0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]), "move")
    surface = regionSurfaces.surfacesFromSegmentation(node)["30 Gy"]
    assert surface.pointsRAS.mean(axis=0) == pytest.approx(CENTER + [7, 0, 0], abs=0.3)
    node.GetSegmentation().AddEmptySegment("nothing", "nothing")
    with pytest.raises(InputError, match="no closed surface"):
        regionSurfaces.surfacesFromSegmentation(node)


def testLinesOnASlice(study, tmp_path):
    if not views.canRender()[0]:
        pytest.skip(views.canRender()[1])
    import vtk
    from vtk.util import numpy_support

    dose = study.nodeByRole("absorbedDose")
    pictures = []
    for name in ("without", "with"):
        if name == "with":
            isodose.showIsodoses(study, [30, 45])
        with views.SliceView(study.scene, "Axial", name) as view:
            view.show(dose)
            view.png(str(tmp_path / f"{name}.png"), (300, 240))
        reader = vtk.vtkPNGReader()
        reader.SetFileName(str(tmp_path / f"{name}.png"))
        reader.Update()
        pictures.append(numpy_support.vtk_to_numpy(reader.GetOutput().GetPointData().GetScalars()).astype(int))
    assert 200 < np.count_nonzero(np.abs(pictures[1] - pictures[0]).max(axis=1) > 40) < 8000


@pytest.mark.parametrize(("maximum", "levels"), [
    (20.0, (2, 5, 10, 15, 18)), (60.0, (6, 15, 30, 45, 50)), (0.3, (0.03, 0.08, 0.15, 0.25)),
    (1.0, (0.1, 0.25, 0.5, 0.8, 0.9))])
def testDefaultLevels(maximum, levels):
    found = defaultLevelsGy(maximum)
    assert found == pytest.approx(levels)
    assert all(0 < level < maximum for level in found)


def testLevelsOfOneNameAreOne():
    assert checkedLevelsGy([20, 5.0, np.float32(20), 20.0000001]) == (5.0, 20.0)


def testRefusals(study):
    for levels in ([], [0], [-1.0], [float("nan")], ["20"], [True]):
        with pytest.raises(InputError):
            checkedLevelsGy(levels)
    with pytest.raises(InputError, match="maximum"):
        defaultLevelsGy(0.0)
    with pytest.raises(InputError, match="no isodose"):
        isodose.setVisible(study)
    study.setNodeForRole("absorbedDose", None)
    with pytest.raises(InputError, match="not computed"):
        isodose.showIsodoses(study)

"""Volumes as nodes: values, geometry, units, digest, files."""

import numpy as np
import pytest

pytest.importorskip("slicer", reason="the scene layer needs slicer-core")

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.imaging.volume import Volume
from MRTDosimetryLib.scene import files, headless, volumes


@pytest.fixture
def scene():
    return headless.newScene()


def obliqueMatrix():
    angle = np.radians(20)
    rotation = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, -1]])
    matrix = np.eye(4)
    matrix[:3, :3] = rotation * (0.9765625, 2.34375, 4.0)
    matrix[:3, 3] = (-249.51171875, 12.345678, -1030.5)
    return matrix


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32, np.float32, np.float64])
def testRoundTripIsExact(scene, dtype):
    array = np.arange(3 * 4 * 5).reshape(3, 4, 5).astype(dtype)
    node = volumes.addVolume(scene, Volume(array, obliqueMatrix(), "Gy", "dose"), "absorbedDose")
    back = volumes.volumeFromNode(node)
    assert back.array.dtype == dtype and np.array_equal(back.array, array)
    assert np.abs(back.ijkToRAS - obliqueMatrix()).max() < 1e-12
    assert (back.unit, back.name) == ("Gy", "dose")


@pytest.mark.parametrize("dtype, expected", [(bool, np.uint8), (np.int64, np.int32), (np.float16, np.float32)])
def testTypesWithoutAFileFormatBecomeTheNextOne(scene, dtype, expected):
    array = np.ones((2, 2, 2), dtype)
    node = volumes.addVolume(scene, Volume(array, np.eye(4), "", "x"), "counts")
    assert volumes.volumeFromNode(node).array.dtype == expected


def testTooLargeIntegersAreRefused(scene):
    with pytest.raises(InputError, match="32 bit"):
        volumes.addVolume(scene, Volume(np.full((2, 2, 2), 2**40), np.eye(4), "", "x"), "counts")


def testUnknownQuantityIsRefused(scene):
    with pytest.raises(InputError, match="quantity"):
        volumes.addVolume(scene, Volume(np.ones((2, 2, 2))), "dose")


def testTheNodeDoesNotShareMemoryWithTheVolumeAndIsReadOnly(scene):
    array = np.zeros((2, 3, 4), np.float32)
    node = volumes.addVolume(scene, Volume(array, np.eye(4), "Gy", "d"), "absorbedDose")
    array[:] = 7
    view = volumes.volumeFromNode(node).array
    assert view.max() == 0
    with pytest.raises(ValueError, match="read-only"):
        view[0, 0, 0] = 1


def testParentTransformDoesNotChangeTheGeometry(scene):
    node = volumes.addVolume(scene, Volume(np.ones((2, 2, 2)), np.eye(4), "Gy", "d"), "absorbedDose")
    matrix = np.eye(4)
    matrix[0, 3] = 10
    volumes.setTransform(node, matrix, "moved")
    assert np.array_equal(volumes.volumeFromNode(node).ijkToRAS, np.eye(4))
    assert np.array_equal(volumes.matrixOf(node.GetParentTransformNode()), matrix)


def testSingularTransformIsRefused(scene):
    node = volumes.addVolume(scene, Volume(np.ones((2, 2, 2))), "counts")
    with pytest.raises(InputError, match="no valid transform"):
        volumes.setTransform(node, np.zeros((4, 4)), "x")


def testNonlinearTransformIsRefused(scene):
    with pytest.raises(InputError, match="not linear"):
        volumes.matrixOf(scene.AddNewNodeByClass("vtkMRMLBSplineTransformNode", "warp"))


def testEmptyAndMissingNodesAreRefusedInWords(scene):
    with pytest.raises(InputError, match="no image"):
        volumes.volumeFromNode(scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "empty"))
    with pytest.raises(InputError, match="not in the scene"):
        volumes.volumeFromNode(None)


def testDigestSeesValuesGeometryAndUnit(scene):
    def digestOf(array, matrix, unit):
        return volumes.contentDigest(volumes.addVolume(scene, Volume(array, matrix, unit, "x"), "absorbedDose"))

    array, matrix = np.zeros((2, 3, 4), np.float32), obliqueMatrix()
    base = digestOf(array, matrix, "Gy")
    assert digestOf(array, matrix, "Gy") == base
    changed = array.copy()
    changed[1, 2, 3] = 1e-6
    moved = matrix.copy()
    moved[0, 3] += 0.01
    assert len({base, digestOf(changed, matrix, "Gy"), digestOf(array, moved, "Gy"), digestOf(array, matrix, "mGy"),
                digestOf(array.reshape(4, 3, 2), matrix, "Gy")}) == 5


def testDigestFollowsAnEditInPlace(scene):
    node = volumes.addVolume(scene, Volume(np.zeros((2, 3, 4), np.float32), np.eye(4), "Gy", "x"), "absorbedDose")
    before = volumes.contentDigest(node)
    import slicer

    slicer.util.arrayFromVolume(node)[0, 0, 0] = 1
    slicer.util.arrayFromVolumeModified(node)
    assert volumes.contentDigest(node) != before


def testGeometryDigestIsStableAgainstDecimalsOfAFile():
    # spacings as they occur, with the noise of a text format
    values = np.array([0.9765625, 1.953125, 2.34375, 4.6875, 4.0, 4.79519987106, -249.51171875, 0.0])
    matrix = np.resize(values, (4, 4))
    for noise in (1e-11, -1e-11):
        assert volumes.geometryBytes(matrix) == volumes.geometryBytes(matrix + noise)
    assert volumes.geometryBytes(matrix) != volumes.geometryBytes(matrix + 1e-3)


def testWrittenNrrdReadsBackWithGeometry(scene, tmp_path):
    sitk = pytest.importorskip("SimpleITK")
    array = np.random.default_rng(1).random((3, 4, 5)).astype(np.float32)
    node = volumes.addVolume(scene, Volume(array, obliqueMatrix(), "Gy", "dose"), "absorbedDose")
    path = str(tmp_path / "absorbedDose.nrrd")
    files.writeVolume(node, path)
    image = sitk.ReadImage(path)
    assert np.array_equal(sitk.GetArrayFromImage(image), array)
    lps = np.array(image.TransformContinuousIndexToPhysicalPoint((4.0, 3.0, 2.0)))
    assert np.abs(lps * (-1, -1, 1) - (obliqueMatrix() @ (4, 3, 2, 1))[:3]).max() < 1e-4
    assert node.GetStorageNode() is None


def testFilesThatCannotBeWrittenOrReadAreRefusedInWords(scene, tmp_path):
    node = volumes.addVolume(scene, Volume(np.ones((2, 2, 2)), np.eye(4), "Gy", "d"), "absorbedDose")
    with pytest.raises(InputError, match="cannot be written"):
        files.writeVolume(node, str(tmp_path / "missing" / "x.nrrd"))
    with pytest.raises(InputError, match="folder does not exist"):
        files.saveBundle(scene, str(tmp_path / "missing" / "x.mrb"))
    with pytest.raises(InputError, match=".mrb"):
        files.saveBundle(scene, str(tmp_path / "x.zip"))
    with pytest.raises(InputError, match="does not exist"):
        files.openBundle(str(tmp_path / "x.mrb"))
    (tmp_path / "text.mrb").write_text("no scene")
    with pytest.raises(InputError, match="no Slicer scene"):
        files.openBundle(str(tmp_path / "text.mrb"))


def testSavingLeavesNothingElseInTheFolder(scene, tmp_path):
    volumes.addVolume(scene, Volume(np.ones((2, 2, 2)), np.eye(4), "Gy", "d"), "absorbedDose")
    files.saveBundle(scene, str(tmp_path / "scene.mrb"))
    assert [item.name for item in tmp_path.iterdir()] == ["scene.mrb"]

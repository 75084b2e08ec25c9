"""Regions: label images to a segmentation and back, digest, terminology, problems in words."""

import numpy as np
import pytest

pytest.importorskip("slicer", reason="the scene layer needs slicer-core")

import vtk

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.imaging.volume import Volume
from MRTDosimetryLib.scene import files, headless, segments, terminology, volumes

MATRIX = np.array([[-2.0, 0, 0, 60], [0, -2.0, 0, 50], [0, 0, 3.0, -400], [0, 0, 0, 1]])
NAMES = {1: "liver", 2: "kidney left", 5: "lesion 1"}


@pytest.fixture
def scene():
    return headless.newScene()


def labelArray(dtype=np.uint8):
    array = np.zeros((20, 30, 40), dtype)
    array[3:12, 5:20, 4:18] = 1
    array[6:9, 22:27, 20:30] = 2
    array[5:7, 8:10, 6:9] = 5
    return array


def makeSegmentation(scene, array=None, names=None):
    labels = Volume(labelArray() if array is None else array, MATRIX, "", "labels")
    return segments.segmentationFromLabels(scene, labels, NAMES if names is None else names, "Regions")


def fullGrid(volume, shape):
    """The label image of a layer put back onto the grid of MATRIX."""
    offset = np.round(np.linalg.inv(MATRIX) @ volume.ijkToRAS[:, 3]).astype(int)[:3]
    full = np.zeros(shape, volume.array.dtype)
    k, j, i = volume.array.shape
    full[offset[2] : offset[2] + k, offset[1] : offset[1] + j, offset[0] : offset[0] + i] = volume.array
    return full


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int64, np.float32])
def testLabelsComeBackVoxelByVoxel(scene, dtype):
    node = makeSegmentation(scene, labelArray(dtype))
    assert node.GetSegmentation().GetNumberOfLayers() == 1
    layers = segments.labelsFromSegmentation(node)
    assert len(layers) == 1
    volume, regions = layers[0]
    assert {value: name for value, (_, name) in regions.items()} == NAMES
    assert np.array_equal(fullGrid(volume, labelArray().shape), labelArray())
    assert np.allclose(volume.spacingMM, (2, 2, 3))


def testLabelsWithoutANameAreLeftOut(scene):
    node = makeSegmentation(scene, names={2: "kidney left"})
    (volume, regions), = segments.labelsFromSegmentation(node)
    assert list(regions) == [2] and set(np.unique(volume.array)) <= {0, 2}
    assert (volume.array == 2).sum() == (labelArray() == 2).sum()


@pytest.mark.parametrize("names, words", [
    ({}, "No label"), ({1: ""}, "empty name"), ({1: "a", 2: "a"}, "same region name"),
    ({0: "air"}, "cannot be a region"),
    ({3: "spleen"}, r"Label 3 \(spleen\) is not in the image.*1, 2, 5")])
def testNamesThatCannotBeUsedAreRefused(scene, names, words):
    before = scene.GetNumberOfNodes()
    with pytest.raises(InputError, match=words):
        makeSegmentation(scene, names=names)
    assert scene.GetNumberOfNodes() == before


@pytest.mark.parametrize("value", [0.5, np.nan, -1, 40000])
def testValuesThatAreNoLabelsAreRefused(scene, value):
    array = labelArray(np.float32)
    array[0, 0, 0] = value
    with pytest.raises(InputError):
        makeSegmentation(scene, array)


def testOverlappingSegmentsAreSeparateLayers(scene):
    node = makeSegmentation(scene)
    import slicer

    image = slicer.vtkOrientedImageData()
    image.DeepCopy(node.GetSegmentation().GetNthSegment(0).GetRepresentation(segments.BINARY_LABELMAP))
    whole = slicer.vtkSegment()
    whole.SetName("whole body")
    array = np.where(labelArray()[3:12, 5:27, 4:30] >= 0, 1, 0).astype(np.uint8)
    box = (slice(3, 12), slice(5, 27), slice(4, 30))
    whole.AddRepresentation(segments.BINARY_LABELMAP, segments.orientedImage(array, MATRIX, box))
    node.GetSegmentation().AddSegment(whole)
    layers = segments.labelsFromSegmentation(node)
    counts = {name: int((volume.array == value).sum()) for volume, regions in layers
              for value, (_, name) in regions.items()}
    assert len(layers) == 2
    assert counts == {"liver": 1878, "kidney left": 150, "lesion 1": 12, "whole body": 9 * 22 * 26}


def testParentTransformMovesTheLabels(scene):
    node = makeSegmentation(scene)
    plain = segments.labelsFromSegmentation(node)[0][0].ijkToRAS
    matrix = np.eye(4)
    matrix[:3, 3] = (3, -4, 5)
    volumes.setTransform(node, matrix, "moved")
    assert np.allclose(segments.labelsFromSegmentation(node)[0][0].ijkToRAS, matrix @ plain)


def testSurfacesBecomeVoxelsOfTheReference(scene):
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "surfaces")
    node.CreateDefaultDisplayNodes()
    node.GetSegmentation().SetSourceRepresentationName(segments.CLOSED_SURFACE)
    sphere = vtk.vtkSphereSource()
    sphere.SetRadius(20)
    sphere.SetCenter(20, 20, -370)
    sphere.SetPhiResolution(64)
    sphere.SetThetaResolution(64)
    sphere.Update()
    import slicer

    segment = slicer.vtkSegment()
    segment.SetName("liver")
    segment.AddRepresentation(segments.CLOSED_SURFACE, sphere.GetOutput())
    node.GetSegmentation().AddSegment(segment, "liver")
    digest = segments.segmentationDigest(node)
    with pytest.raises(InputError, match="need an image"):
        segments.labelsFromSegmentation(node)
    reference = volumes.addVolume(scene, Volume(np.zeros((20, 30, 40), np.int16), MATRIX, "", "CT"), "attenuation")
    (volume, regions), = segments.labelsFromSegmentation(node, reference)
    assert list(regions.values()) == [("liver", "liver")]
    assert (volume.array > 0).sum() * volume.voxelVolumeML == pytest.approx(4 / 3 * np.pi * 8, rel=0.02)
    assert not node.GetSegmentation().ContainsRepresentation(segments.BINARY_LABELMAP)
    sphere.SetRadius(21)
    sphere.Update()
    assert segments.segmentationDigest(node) != digest


def testDigestFollowsShapeNameAndPlaceButNotColor(scene):
    node = makeSegmentation(scene)
    base = segments.segmentationDigest(node)
    assert segments.segmentationDigest(makeSegmentation(scene)) == base
    node.GetSegmentation().GetNthSegment(0).SetColor(0, 0, 1)
    assert segments.segmentationDigest(node) == base
    node.GetSegmentation().GetNthSegment(0).SetName("spleen")
    renamed = segments.segmentationDigest(node)
    array = labelArray()
    array[3, 5, 4] = 0
    edited = segments.segmentationDigest(makeSegmentation(scene, array))
    shifted = segments.segmentationDigest(makeSegmentation(scene, np.roll(labelArray(), 1, axis=0)))
    assert len({base, renamed, edited, shifted}) == 4


def testDigestFollowsAnEditBySlicersOwnTools(scene):
    import slicer

    node = makeSegmentation(scene)
    reference = volumes.addVolume(scene, Volume(np.zeros((20, 30, 40), np.int16), MATRIX, "", "CT"), "attenuation")
    before = segments.segmentationDigest(node)
    array = slicer.util.arrayFromSegmentBinaryLabelmap(node, "lesion_1", reference)
    array[5, 8, 6] = 0
    slicer.util.updateSegmentBinaryLabelmapFromArray(array, node, "lesion_1", reference)
    assert segments.segmentationDigest(node) != before
    counts = {name: int((volume.array == value).sum()) for volume, regions in segments.labelsFromSegmentation(node)
              for value, (_, name) in regions.items()}
    assert counts["lesion 1"] == 11


def testSaveAndReopenKeepsDigestNamesColorsTerminology(scene, tmp_path):
    node = makeSegmentation(scene)
    before = (segments.segmentationDigest(node), segments.regionNames(node), segments.regionColors(node))
    files.saveBundle(scene, str(tmp_path / "s.mrb"))
    again = files.openBundle(str(tmp_path / "s.mrb")).GetFirstNodeByClass("vtkMRMLSegmentationNode")
    assert segments.segmentationDigest(again) == before[0] and segments.regionNames(again) == before[1]
    for name, color in segments.regionColors(again).items():
        assert np.allclose(color, before[2][name], atol=1e-4)
    entry = again.GetSegmentation().GetSegment("liver").GetTerminology()
    assert entry.startswith("MRTDosimetry regions~SCT^123037004^Anatomical Structure~SCT^10200004^Liver~^^~")


def testProblemsAreSaidInWords(scene):
    assert segments.segmentationProblems(None) == ["No regions are drawn yet"]
    node = makeSegmentation(scene)
    assert segments.segmentationProblems(node) == []
    node.GetSegmentation().AddEmptySegment("", "lesion 2")
    node.GetSegmentation().GetSegment("kidney_left").SetName("liver")
    assert segments.segmentationProblems(node) == ["Two regions are called 'liver'", "Region 'lesion 2' is empty"]
    assert len(segments.labelsFromSegmentation(node)[0][1]) == 3


def testASegmentationWithoutRegionsIsRefused(scene):
    with pytest.raises(InputError, match="no regions"):
        segments.labelsFromSegmentation(scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "empty"))


@pytest.mark.parametrize("name, code, modifier", [
    ("kidney left", "64033007", "Left"), ("Right Kidney", "64033007", "Right"), ("kidneys", "64033007", None),
    ("lesion 2 (liver)", "108369006", None), ("liver metastasis", "14799000", None), ("red marrow", "14016003", None),
    ("vertebralMarrow", "14016003", None), ("whole body", "38266002", None), ("blood pool", "87612001", None),
    ("large intestine", "14742008", None), ("left lacrimal gland", "13561001", "Left"), ("ROI_7", "85756007", None)])
def testNamesFindTheirTerm(name, code, modifier):
    term = terminology.termFor(name)
    assert term["type"]["CodeValue"] == code
    assert (term["modifier"]["CodeMeaning"] if term["modifier"] else None) == modifier


def testLesionsAndOrgansHaveDistinctColors(scene):
    array = np.arange(12, dtype=np.uint8).reshape(3, 2, 2)
    names = dict(enumerate(["liver", "spleen", "kidney left", "kidney right", "red marrow", "lungs", "thyroid",
                            "lesion 1", "lesion 2", "lesion 3", "lesion 4"], 1))
    colors = np.array(list(segments.regionColors(makeSegmentation(scene, array, names)).values()))
    distances = np.linalg.norm(colors[:, None] - colors[None], axis=2) + 10 * np.eye(len(colors))
    assert distances.min() > 0.15


def testSlicerKnowsTheTerminology(scene):
    import slicer

    name = terminology.loadTerminology()
    logic = slicer.modules.terminologies.logic()
    assert logic.IsTerminologyContextLoaded(name)
    entry = slicer.vtkSlicerTerminologyEntry()
    text = terminology.serialized(terminology.termFor("kidney left"))
    assert logic.DeserializeTerminologyEntry(text, entry)
    assert entry.GetTypeObject().GetCodeMeaning() == "Kidney"
    assert entry.GetTypeModifierObject().GetCodeMeaning() == "Left"

"""Regions from DICOM Segmentations and RT Structure Sets: volumes, places, holes, and what is refused."""

import numpy as np
import pydicom
import pytest
from dicomExamples import circle, regionGrid, writeSegmentationExample, writeStructureSet

from MRTDosimetryLib.dicom.regions import readRegions
from MRTDosimetryLib.dicom.structureSet import polygonMask
from MRTDosimetryLib.errors import FaultList, InputError
from MRTDosimetryLib.imaging.volume import RAS_FROM_LPS, Volume

FRAME = "2.25.1003"
DEPTHS = [-15.5 + 1.5 * index for index in range(9)]
CLOSED, XOR = "CLOSED_PLANAR", "CLOSEDPLANAR_XOR"


def stack(center, radiusMM, depths=DEPTHS, kind=CLOSED):
    return [(circle((*center, depth), radiusMM), kind) for depth in depths]


def square(lowX, highX, lowY, highY, depth):
    return np.array([(lowX, lowY, depth), (highX, lowY, depth), (highX, highY, depth), (lowX, highY, depth)], float)


def read(tmp_path, structures, names=None, grid=None, frames=(FRAME,), frameUID=FRAME):
    path = writeStructureSet(tmp_path / "structures.dcm", structures, frameUID)
    return readRegions(path, grid or regionGrid(), names, frames)


def masks(found):
    return {name: labels.withArray(labels.array == value, name=name)
            for labels, names in found.layers for value, name in names.items()}


def volumeML(mask):
    return float(mask.array.sum()) * mask.voxelVolumeML


def centroidRAS(mask):
    k, j, i = (np.flatnonzero(mask.array.any(axis=axes)).mean() for axes in ((1, 2), (0, 2), (0, 1)))
    return (mask.ijkToRAS @ [i, j, k, 1])[:3]


def test_cylinderKeepsVolumeAndPlace(tmp_path):
    found = read(tmp_path, {"liver": stack((4.0, -7.0), 14.0)})
    mask = masks(found)["liver"]
    assert volumeML(mask) == pytest.approx(np.pi * 14.0**2 * 9 * 1.5 / 1000, rel=0.01)
    assert np.allclose(centroidRAS(mask), [-4.0, 7.0, np.mean(DEPTHS)], atol=0.3)
    assert found.warnings == () and found.kind == "RTSTRUCT"


@pytest.mark.parametrize("radiusMM", [5.0, 7.8])
def test_smallSphereOnACoarseImage(tmp_path, radiusMM):
    """A sphere of 0.5 or 2 mL keeps its volume although the SPECT's voxels are 4.8 mm wide."""
    matrix = np.diag([-4.8, -4.8, 4.8, 1.0])
    matrix[:3, 3] = 60, 60, -60
    depths = np.arange(-radiusMM + 0.5, radiusMM, 1.0)
    contours = [(circle((1.3, 2.1, depth), np.sqrt(radiusMM**2 - depth**2)), CLOSED) for depth in depths]
    found = read(tmp_path, {"lesion": contours}, grid=Volume(np.zeros((25, 25, 25)), matrix))
    assert volumeML(masks(found)["lesion"]) == pytest.approx(4 / 3 * np.pi * radiusMM**3 / 1000, rel=0.03)


def test_holesByKeyholeAndByExclusiveOr(tmp_path):
    ring = np.pi * (14.0**2 - 6.0**2) * 9 * 1.5 / 1000
    keyholes = []
    for depth in DEPTHS:
        outer, inner = circle((0, 0, depth), 14.0), circle((0, 0, depth), 6.0)[::-1]
        # a channel of no width leads from the outer line to the inner one and back
        keyholes.append((np.vstack([outer, outer[:1], inner[-1:], inner, outer[:1]]), CLOSED))
    nested = stack((0, 0), 14.0) + stack((0, 0), 6.0)
    exclusive = stack((0, 0), 14.0, kind=XOR) + stack((0, 0), 6.0, kind=XOR)
    found = read(tmp_path, {"keyhole": keyholes, "nested": nested, "exclusive": exclusive})
    for name, mask in masks(found).items():
        assert volumeML(mask) == pytest.approx(ring, rel=0.02), name
        assert not mask.array[:, mask.array.shape[1] // 2, mask.array.shape[2] // 2].any(), name
    assert [words for words in found.warnings if "hole" in words] == [
        "nested: an outline inside another is taken as a hole"]


def test_islandsAndDoubledOutlines(tmp_path):
    islands = stack((-12, 0), 5.0) + stack((12, 0), 5.0)
    found = read(tmp_path, {"islands": islands, "doubled": stack((0, 0), 5.0) * 2})
    area = np.pi * 25 * 9 * 1.5 / 1000
    assert volumeML(masks(found)["islands"]) == pytest.approx(2 * area, rel=0.03)
    assert volumeML(masks(found)["doubled"]) == pytest.approx(area, rel=0.03)
    assert any("twice" in words for words in found.warnings)


def test_everySecondSliceIsFilled(tmp_path):
    found = read(tmp_path, {"liver": stack((0, 0), 10.0, DEPTHS[::2])})
    mask = masks(found)["liver"]
    assert volumeML(mask) == pytest.approx(np.pi * 100 * 5 * 3.0 / 1000, rel=0.02)


def test_gapBetweenOutlinesIsTold(tmp_path):
    found = read(tmp_path, {"liver": stack((0, 0), 10.0, DEPTHS[:3] + DEPTHS[6:])})
    assert any("1 gap(s)" in words for words in found.warnings)


def test_overlappingRegionsKeepTheirOwnVolume(tmp_path):
    found = read(tmp_path, {"liver": stack((0, 0), 14.0), "lesion": stack((3, 0), 5.0), "spleen": stack((24, 0), 4.0)})
    assert [list(names.values()) for _, names in found.layers] == [["liver", "spleen"], ["lesion"]]
    assert volumeML(masks(found)["lesion"]) == pytest.approx(np.pi * 25 * 9 * 1.5 / 1000, rel=0.03)


def test_regionsAreChosenAndRenamed(tmp_path):
    structures = {"Leber": stack((0, 0), 10.0), "Couch": [(np.zeros((1, 3)), "POINT")]}
    assert read(tmp_path, structures, {"Leber": "liver"}).names == ["liver"]
    with pytest.raises(InputError, match="no region 'Niere'"):
        read(tmp_path, structures, {"Niere": "kidney"})


@pytest.mark.parametrize(("structures", "words"), [
    ({"liver": []}, "no closed outline"),
    ({"liver": [(circle((0, 0, 0), 5.0, 12), "OPEN_PLANAR")]}, "no closed outline"),
    ({"liver": [(circle((0, 0, 0), 5.0, 12)[:, [0, 2, 1]], CLOSED)]}, "parallel to the slices"),
    ({"liver": [(np.zeros((2, 3)), CLOSED)]}, "three points"),
    ({"": stack((0, 0), 5.0)}, "no name"),
    # an outline narrower than a voxel encloses no center: nothing of the region would be left
    ({"liver": [(square(0.1, 0.11, 0.1, 0.11, depth), CLOSED) for depth in DEPTHS]}, "empty"),
])
def test_regionsWithoutVolumeAreErrors(tmp_path, structures, words):
    with pytest.raises((InputError, FaultList), match=words):
        read(tmp_path, structures)


def test_anotherFrameOfReferenceIsRefused(tmp_path):
    with pytest.raises(InputError, match=r"another frame of reference.*\(0020,0052\)"):
        read(tmp_path, {"liver": stack((0, 0), 5.0)}, frameUID="2.25.9")
    assert any("cannot be checked" in words for words in read(
        tmp_path, {"liver": stack((0, 0), 5.0)}, frames=()).warnings)


def test_polygonAgainstItsArea():
    rng = np.random.default_rng(2)
    for _ in range(20):
        angles = np.sort(rng.uniform(0, 2 * np.pi, 40))
        radii = rng.uniform(20, 60, 40)
        points = np.column_stack([80 + radii * np.cos(angles), 75 + radii * np.sin(angles)])
        x, y = points.T
        area = abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2
        assert polygonMask(points, (150, 160)).sum() == pytest.approx(area, rel=0.02)


# Segmentation objects

def test_segmentationRoundTrip(tmp_path):
    (tmp_path / "out").mkdir()
    path, grid = writeSegmentationExample(tmp_path / "out" / "regions.dcm")
    found = readRegions(path, grid, None, [FRAME])
    assert found.kind == "SEG" and sorted(found.names) == ["kidney left", "liver"] and found.warnings == ()
    for name, mask in masks(found).items():
        expected = np.zeros(grid.array.shape, bool)
        if name == "liver":
            expected[2:5, 5:15, 4:12] = True
        else:
            expected[1:4, 3:9, 4:12] = True
        k, j, i = np.nonzero(mask.array)
        world = mask.ijkToRAS @ np.vstack([i, j, k, np.ones(len(i))])
        index = np.rint(np.linalg.solve(grid.ijkToRAS, world)[:3]).astype(int)
        filled = np.zeros_like(expected)
        filled[index[2], index[1], index[0]] = True
        assert np.array_equal(filled, expected), name


def test_sameMasksAsHighdicom(tmp_path):
    """highdicom reads its own object; we read it with plain pydicom."""
    highdicom = pytest.importorskip("highdicom")
    (tmp_path / "out").mkdir()
    path, grid = writeSegmentationExample(tmp_path / "out" / "regions.dcm")
    own = masks(readRegions(path, grid))
    theirs = highdicom.seg.segread(path).get_volume()
    matrix = RAS_FROM_LPS @ theirs.affine
    for index, name in enumerate(("kidney left", "liver")):
        k, j, i = np.nonzero(own[name].array)
        world = own[name].ijkToRAS @ np.vstack([i, j, k, np.ones(len(i))])
        found = np.rint(np.linalg.solve(matrix, world)[:3]).astype(int)
        inside = theirs.array[..., index]
        assert inside[tuple(found)].all() and inside.sum() == len(i)


def test_fractionalSegments(tmp_path):
    (tmp_path / "out").mkdir()
    path, grid = writeSegmentationExample(tmp_path / "out" / "regions.dcm")
    binary = masks(readRegions(path, grid))
    dataset = pydicom.dcmread(path)
    frames = dataset.pixel_array
    dataset.SegmentationType, dataset.SegmentationFractionalType = "FRACTIONAL", "OCCUPANCY"
    dataset.MaximumFractionalValue = 200
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8, 8, 7
    dataset.PixelData = np.where(frames, 101, 99).astype(np.uint8).tobytes()
    dataset.save_as(path)
    found = readRegions(path, grid)
    assert any("fractional" in words for words in found.warnings)
    assert all(np.array_equal(mask.array, binary[name].array) for name, mask in masks(found).items())


def test_folderAndForeignFiles(tmp_path):
    (tmp_path / "out").mkdir()
    path, grid = writeSegmentationExample(tmp_path / "out" / "regions.dcm")
    assert readRegions(str(tmp_path / "out"), grid).kind == "SEG"
    with pytest.raises(InputError, match="0 segmentations and structure sets"):
        readRegions(str(tmp_path / "segmentationSource"), grid)
    with pytest.raises(InputError, match=r"holds no regions \(SOP Class UID"):
        readRegions(str(tmp_path / "segmentationSource" / "ct0001.dcm"), grid)
    with pytest.raises(InputError, match="no such file"):
        readRegions(str(tmp_path / "nowhere.dcm"), grid)

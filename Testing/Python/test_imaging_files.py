"""Image files and the bridge to SimpleITK keep values and geometry; what cannot be used is refused in words."""

import numpy as np
import pytest
import SimpleITK as sitk
from imagingExamples import geometry, needsPatient, patientImage, pose, smoothVolume

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.imaging.files import isImageFile, readImage, requireLabels, writeImage
from MRTDosimetryLib.imaging.sitkBridge import fromSITK, matrixFromSITK, sitkTransform, toSITK
from MRTDosimetryLib.imaging.volume import Volume

OBLIQUE = pose((10, -20, 5), (0, 0, 0)) @ geometry((1.5, 2.0, 3.5), (12.0, -7.0, 30.0))


def test_geometryIsExactInBothDirections():
    volume = smoothVolume((4, 5, 6), OBLIQUE)
    image = toSITK(volume)
    for index in ((0, 0, 0), (5, 4, 3), (2, 3, 1)):
        ras = (OBLIQUE @ [*index, 1.0])[:3] * [-1, -1, 1]
        assert np.allclose(image.TransformIndexToPhysicalPoint(index), ras, atol=1e-9)
        assert image[index] == volume.array[index[::-1]]
    back = fromSITK(image, "Bq/mL", "again")
    assert np.allclose(back.ijkToRAS, OBLIQUE, atol=1e-12)
    assert np.array_equal(back.array, volume.array) and back.array.dtype == np.float32
    assert (back.unit, back.name) == ("Bq/mL", "again")


def test_transformMapsPointsAsTheMatrix():
    matrix = pose((5, 8, -12), (10, -20, 30))
    matrix[0, 1] += 0.1
    point = np.array([13.0, 27.0, -45.0])
    mapped = np.array(sitkTransform(matrix).TransformPoint((point * [-1, -1, 1]).tolist())) * [-1, -1, 1]
    assert np.allclose(mapped, (matrix @ [*point, 1.0])[:3], atol=1e-9)
    assert np.allclose(matrixFromSITK(sitkTransform(matrix)), matrix, atol=1e-12)


@pytest.mark.parametrize("ending", [".nrrd", ".nii", ".nii.gz", ".mha"])
@pytest.mark.parametrize("kind", [np.int16, np.float32, np.uint8])
def test_writtenIsReadBack(tmp_path, ending, kind):
    volume = Volume(np.arange(60).reshape(3, 4, 5).astype(kind), OBLIQUE, "", "x")
    writeImage(volume, tmp_path / f"image{ending}")
    back = readImage(tmp_path / f"image{ending}")
    assert np.array_equal(back.array, volume.array) and back.array.dtype == kind
    assert np.allclose(back.ijkToRAS, OBLIQUE, atol=1e-4)
    assert back.name == f"image{ending}"
    assert [p.name for p in tmp_path.iterdir()] == [f"image{ending}"]


def test_unusualArraysAreAccepted():
    mask = np.zeros((2, 3, 4), bool)
    mask[1, 2, 3] = True
    assert toSITK(Volume(mask))[3, 2, 1] == 1
    swapped = np.arange(24, dtype=">i2").reshape(2, 3, 4)
    assert toSITK(Volume(swapped))[3, 2, 1] == 23
    assert toSITK(Volume(np.arange(24.0).reshape(4, 3, 2).transpose(2, 1, 0)))[1, 0, 0] == 6.0
    with pytest.raises(InputError, match="cannot be processed"):
        toSITK(Volume(np.zeros((2, 2, 2), complex)))


def test_valuesThatAreNotFiniteStay(tmp_path):
    array = np.ones((3, 3, 3), np.float32)
    array[1, 1, 1] = np.nan
    writeImage(Volume(array), tmp_path / "a.nrrd")
    assert np.isnan(readImage(tmp_path / "a.nrrd").array[1, 1, 1])


def test_refusalsNameTheFile(tmp_path):
    def refused(path, words):
        with pytest.raises(InputError, match=words) as caught:
            readImage(path)
        assert str(path) in caught.value.where and caught.value.mend

    refused(tmp_path / "missing.nrrd", "does not exist")
    refused(tmp_path, "folder")
    (tmp_path / "text.nrrd").write_text("no image")
    refused(tmp_path / "text.nrrd", "cannot be read")
    (tmp_path / "image.txt").write_text("x")
    refused(tmp_path / "image.txt", "no known image format")
    sitk.WriteImage(sitk.Image(4, 4, sitk.sitkUInt8), str(tmp_path / "flat.nrrd"))
    refused(tmp_path / "flat.nrrd", "2 dimensions")
    sitk.WriteImage(sitk.Image([4, 4, 4, 2], sitk.sitkUInt8), str(tmp_path / "moving.nrrd"))
    refused(tmp_path / "moving.nrrd", "4 dimensions")
    sitk.WriteImage(sitk.Image([4, 4, 4], sitk.sitkVectorUInt8, 3), str(tmp_path / "color.nrrd"))
    refused(tmp_path / "color.nrrd", "3 numbers per voxel")
    whole = tmp_path / "cut.nrrd"
    sitk.WriteImage(sitk.Image([40, 40, 40], sitk.sitkInt16), str(whole))
    whole.write_bytes(whole.read_bytes()[:400])
    refused(whole, "cannot be read")


def test_writingRefusals(tmp_path):
    volume = Volume(np.zeros((2, 2, 2), np.int16))
    for path, words in ((tmp_path / "a.txt", "format"), (tmp_path / "no" / "a.nrrd", "folder"),
                        (tmp_path / "a.mhd", "one file")):
        with pytest.raises(InputError, match=words):
            writeImage(volume, path)
    assert not list(tmp_path.iterdir())
    assert isImageFile("a/B.NII.GZ") and not isImageFile("a.dcm")


def test_labelsMustBeWholeNumbers():
    assert requireLabels(Volume(np.full((2, 2, 2), 3.0))).dtype == np.uint8
    assert requireLabels(Volume(np.full((2, 2, 2), 300, np.int64))).dtype == np.uint16
    for array, words in ((np.full((2, 2, 2), 0.5), "whole"), (np.full((2, 2, 2), -1), "negative"),
                         (np.full((2, 2, 2), np.nan), "whole"), (np.full((2, 2, 2), 2 ** 40), "too large")):
        with pytest.raises(InputError, match=words):
            requireLabels(Volume(array))


@needsPatient
def test_realPatientGeometry():
    ct = patientImage("ct_HU")
    assert ct.array.shape == (90, 70, 108) and ct.array.dtype == np.int16
    assert np.allclose(ct.spacingMM, (3.9063, 3.9063, 4.4196))
    assert np.allclose(ct.ijkToRAS[:3, 3], (208.987, 134.767, -196.67))
    assert np.allclose(np.diag(ct.ijkToRAS)[:3], (-3.9063, -3.9063, 4.4196))

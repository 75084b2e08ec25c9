"""DICOM RT Dose as others write it, read as a map of the absorbed dose."""

import numpy as np
import pytest

from MRTDosimetryLib.dicom.attributes import newImage
from MRTDosimetryLib.dicom.externalMapFiles import readExternalMap
from MRTDosimetryLib.dicom.radiotherapyDose import SOP_CLASS_UID, readRTDose
from MRTDosimetryLib.errors import InputError

FRAME = "2.25.77"
STEP = 3.0
POSITION = (-31.5, 12.25, -140.5)
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def writeRTDose(path, bits=32, change=None, frames=5):
    """An RT Dose of 5 planes of 6 x 7 voxels, 2 mm between rows, 2.5 mm between columns; Gy of voxel (k, j, i)."""
    stored = (np.arange(frames * 42) * 97 % 60000).reshape(frames, 6, 7).astype(f"<u{bits // 8}")
    dataset = newImage(SOP_CLASS_UID, "2.25.501")
    dataset.PatientID, dataset.SeriesInstanceUID, dataset.StudyInstanceUID = "TEST", "2.25.502", "2.25.503"
    dataset.Modality, dataset.FrameOfReferenceUID = "RTDOSE", FRAME
    dataset.SeriesDescription = "Absorbed dose of another program"
    dataset.DoseUnits, dataset.DoseType, dataset.DoseSummationType = "GY", "PHYSICAL", "PLAN"
    dataset.DoseGridScaling = "1.25E-4"
    dataset.ImagePositionPatient, dataset.ImageOrientationPatient = list(POSITION), list(AXIAL)
    dataset.PixelSpacing = [2.0, 2.5]
    dataset.NumberOfFrames = frames
    dataset.GridFrameOffsetVector = [STEP * k for k in range(frames)]
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = 6, 7, 1
    dataset.PhotometricInterpretation, dataset.PixelRepresentation = "MONOCHROME2", 0
    dataset.BitsAllocated = dataset.BitsStored = bits
    dataset.HighBit = bits - 1
    dataset.PixelData = stored.tobytes()
    if change is not None:
        change(dataset)
    dataset.save_as(path, enforce_file_format=True)
    return stored * 1.25e-4


def at(volume, lps):
    """Value of a map at a point in DICOM coordinates that is the center of a voxel."""
    i, j, k, _ = np.linalg.inv(volume.ijkToRAS) @ [-lps[0], -lps[1], lps[2], 1.0]
    assert np.abs([i - round(i), j - round(j), k - round(k)]).max() < 1e-3
    return volume.array[round(k), round(j), round(i)]


@pytest.mark.parametrize("bits", [16, 32])
def test_valuesAndGeometry(tmp_path, bits):
    expected = writeRTDose(tmp_path / "dose.dcm", bits)
    series = readRTDose(tmp_path / "dose.dcm", FRAME, "TEST")
    assert series.volume.unit == "Gy" and series.modality == "RTDOSE" and series.warnings == ()
    assert series.volume.array == pytest.approx(expected, rel=1e-6)
    assert series.volume.spacingMM == pytest.approx([2.5, 2.0, 3.0])
    point = (POSITION[0] + 2.5 * 4, POSITION[1] + 2.0 * 5, POSITION[2] + STEP * 3)
    assert at(series.volume, point) == pytest.approx(expected[3, 5, 4])
    assert series.facts["frameOfReferenceUID"].value == FRAME and series.facts["doseType"].value == "PHYSICAL"


def setAttributes(**values):
    def change(dataset):
        for keyword, value in values.items():
            if value is None:
                delattr(dataset, keyword)
            else:
                setattr(dataset, keyword, value)

    return change


# Direction of the planes in the patient (LPS z) per plane, for all conventions of Grid Frame Offset Vector.
@pytest.mark.parametrize(("offsets", "orientation", "direction"), [
    ([0, 3, 6, 9, 12], AXIAL, 1), ([0, -3, -6, -9, -12], AXIAL, -1),
    ([-140.5, -137.5, -134.5, -131.5, -128.5], AXIAL, 1), ([-140.5, -143.5, -146.5, -149.5, -152.5], AXIAL, -1),
    ([0, 3, 6, 9, 12], (1.0, 0, 0, 0, -1.0, 0), -1),  # along the normal, which points to the feet here
    ([-140.5, -137.5, -134.5, -131.5, -128.5], (1.0, 0, 0, 0, -1.0, 0), 1)])
def test_planePositions(tmp_path, offsets, orientation, direction):
    expected = writeRTDose(tmp_path / "dose.dcm", change=setAttributes(
        GridFrameOffsetVector=offsets, ImageOrientationPatient=list(orientation)))
    volume = readRTDose(tmp_path / "dose.dcm", FRAME).volume
    for k in range(5):
        point = (POSITION[0] + 2.5 * 2, POSITION[1] + orientation[4] * 2.0 * 4, POSITION[2] + direction * STEP * k)
        assert at(volume, point) == pytest.approx(expected[k, 4, 2])
    assert np.linalg.det(volume.ijkToRAS[:3, :3]) > 0


def test_obliquePlanes(tmp_path):
    angle = np.radians(20)
    row, column = np.array([1.0, 0, 0]), np.array([0, np.cos(angle), np.sin(angle)])
    expected = writeRTDose(tmp_path / "dose.dcm", change=setAttributes(
        ImageOrientationPatient=[*row, *column.round(9)]))
    volume = readRTDose(tmp_path / "dose.dcm", FRAME).volume
    point = np.array(POSITION) + 2.5 * 3 * row + 2.0 * 2 * column + STEP * 4 * np.cross(row, column)
    assert at(volume, point) == pytest.approx(expected[4, 2, 3])
    writeRTDose(tmp_path / "dose.dcm", change=setAttributes(
        ImageOrientationPatient=[*row, *column.round(9)], GridFrameOffsetVector=[-140.5 + 3 * k for k in range(5)]))
    with pytest.raises(InputError, match="neither 0 nor the z"):
        readRTDose(tmp_path / "dose.dcm", FRAME)


@pytest.mark.parametrize(("values", "words"), [
    ({"DoseUnits": "RELATIVE"}, "'RELATIVE' instead of GY"), ({"DoseUnits": None}, "nothing instead of GY"),
    ({"DoseType": "EFFECTIVE"}, "'EFFECTIVE' instead of PHYSICAL"), ({"DoseType": "ERROR"}, "'ERROR' instead"),
    ({"DoseType": None}, "not stated instead of PHYSICAL"), ({"DoseGridScaling": None}, "how its values become Gy"),
    ({"DoseGridScaling": "0"}, "how its values become Gy"), ({"GridFrameOffsetVector": [0, 3, 6]}, "5 "),
    ({"GridFrameOffsetVector": None}, "missing"), ({"GridFrameOffsetVector": [7, 10, 13, 16, 19]}, "neither 0 nor"),
    ({"GridFrameOffsetVector": [0, 3, 6, 9, 13]}, "evenly spaced"),
    ({"GridFrameOffsetVector": [0, 0, 0, 0, 0]}, "evenly spaced"), ({"ImagePositionPatient": None}, "position"),
    ({"PixelSpacing": [0, 2]}, "pixel size"), ({"ImageOrientationPatient": [1, 0, 0, 1, 0, 0]}, "orientation"),
    ({"FrameOfReferenceUID": "2.25.78"}, "another frame of reference"), ({"PixelData": b"\0" * 100}, "ends before"),
    ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.2"}, "no RT Dose object")])
def test_refusals(tmp_path, values, words):
    writeRTDose(tmp_path / "dose.dcm", change=setAttributes(**values))
    with pytest.raises(InputError, match=words):
        readRTDose(tmp_path / "dose.dcm", FRAME)


def test_singlePlaneIsNoVolume(tmp_path):
    writeRTDose(tmp_path / "dose.dcm", frames=1)
    with pytest.raises(InputError, match="single plane"):
        readRTDose(tmp_path / "dose.dcm", FRAME)


def test_whatIsDoubtfulIsSaid(tmp_path):
    writeRTDose(tmp_path / "dose.dcm", change=setAttributes(DoseSummationType="BEAM"))
    words = " ".join(readRTDose(tmp_path / "dose.dcm", FRAME, "OTHER").warnings)
    assert "part of the absorbed dose" in words and "BEAM" in words and "patient ID" in words
    assert "cannot be checked: the reference image states none" in readRTDose(tmp_path / "dose.dcm").warnings[-1]
    writeRTDose(tmp_path / "dose.dcm", change=setAttributes(FrameOfReferenceUID=None))
    assert "the RT Dose states none" in readRTDose(tmp_path / "dose.dcm", FRAME).warnings[-1]


def test_asExternalMap(tmp_path):
    expected = writeRTDose(tmp_path / "dose.dcm")
    for path, unit in ((tmp_path / "dose.dcm", None), (tmp_path, "Gy")):
        found = readExternalMap(path, "absorbedDose", unit, frameOfReferenceUID=FRAME)
        assert found.volume.array == pytest.approx(expected, rel=1e-6) and found.volume.unit == "Gy"
        assert found.frameOfReferenceUID == FRAME and found.files == (str(tmp_path / "dose.dcm"),)
    words = readExternalMap(tmp_path / "dose.dcm", "absorbedDose").notes[0]
    assert words.startswith("Absorbed dose of another program: The frame") and words.endswith(".")
    for quantity, unit, words in (("absorbedDose", "mGy", "states the unit Gy"),
                                  ("absorbedDoseRate", "Gy/h", "absorbed dose and nothing else"),
                                  ("timeIntegratedActivity", "MBq h", "absorbed dose and nothing else")):
        with pytest.raises(InputError, match=words):
            readExternalMap(tmp_path / "dose.dcm", quantity, unit)
    writeRTDose(tmp_path / "second.dcm")
    with pytest.raises(InputError, match="2 RT Dose objects"):
        readExternalMap(tmp_path, "absorbedDose")


def test_otherFiles(tmp_path):
    (tmp_path / "notes.txt").write_text("no map", encoding="utf-8")
    with pytest.raises(InputError, match="neither DICOM nor an image file"):
        readExternalMap(tmp_path / "notes.txt", "absorbedDose", "Gy")
    with pytest.raises(InputError, match="does not exist"):
        readExternalMap(tmp_path / "missing.nrrd", "absorbedDose", "Gy")
    (tmp_path / "broken.nrrd").write_text("no map", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be read"):
        readExternalMap(tmp_path / "broken.nrrd", "absorbedDose", "Gy")

"""What we write: the independent conformance check passes it, and independent readers find the same numbers."""

import shutil
import subprocess
from datetime import datetime
from pathlib import Path

import numpy as np
import pydicom
import pytest
from dicomExamples import (
    changed,
    ctVolume,
    spectVolume,
    writeCTExample,
    writeSegmentationExample,
    writeSpectExample,
)

from MRTDosimetryLib.dicom import coding, exportSource
from MRTDosimetryLib.dicom.attributes import stableUID
from MRTDosimetryLib.dicom.radiotherapyDose import readRTDose
from MRTDosimetryLib.dicom.readers import readCTSeries, readSpect
from MRTDosimetryLib.dicom.writeParametricMap import writeParametricMap
from MRTDosimetryLib.dicom.writeRadiotherapyDose import gridScaling, writeRTDose
from MRTDosimetryLib.dicom.writeReport import writeReport
from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.imaging.volume import RAS_FROM_LPS, Volume

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "nuclearMedicineDicom"
MADE_AT = datetime(2026, 5, 9, 10, 0, 0)
CHECKER = shutil.which("dciodvfy")
needsChecker = pytest.mark.skipif(CHECKER is None, reason="dciodvfy (package dicom3tools) is not installed")
LIVER = {"category": ("123037004", "SCT", "Anatomical Structure"), "type": ("10200004", "SCT", "Liver")}
KIDNEY = {**LIVER, "type": ("64033007", "SCT", "Kidney"), "modifier": ("7771000", "SCT", "Left")}


def errorsOf(path):
    """Lines of the checker that are errors."""
    answer = subprocess.run([CHECKER, "-new", str(path)], capture_output=True, text=True, timeout=60)
    lines = (answer.stdout + answer.stderr).splitlines()
    assert lines, "the checker says nothing at all"
    return [line for line in lines if line.startswith("Error") or "ssert" in line]


@pytest.fixture
def source(tmp_path):
    return exportSource.sourceFromFiles(writeCTExample(tmp_path / "ct"))


def absorbedDose(scale=4e-6):
    volume = spectVolume()
    return volume.withArray(volume.array * np.float32(scale), unit="Gy", name="absorbed dose")


def worldAndValues(volume):
    """Sum, and sums of value times position (RAS): the same only where values and places are the same."""
    k, j, i = np.indices(volume.array.shape)
    world = np.tensordot(volume.ijkToRAS[:3], np.stack([i, j, k, np.ones_like(i)]), axes=1)
    return np.array([volume.array.sum(dtype=float), *(float((volume.array * axis).sum()) for axis in world)])


def viaSimpleITK(path):
    import SimpleITK as sitk

    image = sitk.ReadImage(str(path) if isinstance(path, str) or hasattr(path, "parts") else [str(p) for p in path])
    matrix = np.eye(4)
    matrix[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
    matrix[:3, 3] = image.GetOrigin()
    return Volume(sitk.GetArrayFromImage(image).astype(float), RAS_FROM_LPS @ matrix)


def viaSlicer(paths):
    """The archetype reader of Slicer's own library (GDCM)."""
    slicer = pytest.importorskip("slicer")
    import vtk
    from vtk.util.numpy_support import vtk_to_numpy

    reader = slicer.vtkITKArchetypeImageSeriesScalarReader()
    reader.SetArchetype(str(paths[0]))
    reader.ResetFileNames()
    for path in paths:
        reader.AddFileName(str(path))
    reader.SetSingleFile(len(paths) == 1)
    reader.SetOutputScalarTypeToNative()
    reader.SetDesiredCoordinateOrientationToNative()
    reader.SetUseNativeOriginOn()
    reader.Update()
    output = reader.GetOutput()
    array = vtk_to_numpy(output.GetPointData().GetScalars()).reshape(output.GetDimensions()[::-1]).astype(float)
    rasToIJK = reader.GetRasToIjkMatrix()
    inverse = vtk.vtkMatrix4x4()
    vtk.vtkMatrix4x4.Invert(rasToIJK, inverse)
    return Volume(array, np.array([[inverse.GetElement(r, c) for c in range(4)] for r in range(4)]))


def assertSame(found, expected, rel=1e-6):
    a, b = worldAndValues(found), worldAndValues(expected)
    scale = np.abs(b).max()
    assert np.allclose(a, b, rtol=rel, atol=rel * scale), (a, b)


# The same object through three readers

def test_spectThroughThreeReaders(tmp_path):
    path = writeSpectExample(tmp_path / "spect.dcm")
    own = readSpect(path).volume
    assertSame(own, spectVolume(), 1e-5)
    assertSame(viaSimpleITK(path), own)
    assertSame(viaSlicer([path]), own)


def test_ctThroughThreeReaders(tmp_path):
    paths = writeCTExample(tmp_path / "ct")
    own = readCTSeries(str(tmp_path / "ct")).volume
    assertSame(own, ctVolume())
    assertSame(viaSimpleITK(tuple(paths)), own)
    assertSame(viaSlicer(paths), own)


def test_leftHandedArraysAreWrittenRightHanded(tmp_path):
    """An NRRD may count its slices downward; DICOM may not."""
    volume = spectVolume()
    matrix = volume.ijkToRAS.copy()
    matrix[:3, 3] += matrix[:3, 2] * 6
    matrix[:3, 2] *= -1
    turned = Volume(volume.array[::-1], matrix, "Bq/mL", "left-handed")
    assert np.linalg.det(turned.ijkToRAS[:3, :3]) < 0
    assertSame(readSpect(writeSpectExample(tmp_path / "spect.dcm", volume=turned)).volume, volume, 1e-5)


@pytest.mark.skipif(not REAL.is_dir(), reason="the real NM files of ../shared/data are not here")
def test_realSpectThroughThreeReaders():
    """Spacing between slices -4.13: the first frame is the highest slice, for all three."""
    path = str(REAL / "jaszczakTomo.dcm")
    own = readSpect(path).volume
    assertSame(viaSimpleITK(path), own, 1e-5)
    assertSame(viaSlicer([path]), own, 1e-5)


def test_whereTheOthersAreSilentlyWrong(tmp_path):
    """Without spacing, or with a Real World Value Mapping alone, they go on with 1 mm, or with counts."""
    path = writeSpectExample(tmp_path / "spect.dcm")
    own = readSpect(path).volume
    changed(path, lambda d: (delattr(d, "RescaleSlope"), delattr(d, "RescaleIntercept"), delattr(d, "Units")))
    assert readSpect(path).volume.array.max() == own.array.max()
    assert viaSlicer([path]).array.max() == viaSimpleITK(path).array.max() == 65535
    changed(path, lambda d: delattr(d, "SpacingBetweenSlices"))
    assert viaSlicer([path]).spacingMM[2] == pytest.approx(1.0)
    with pytest.raises(InputError, match="distance between slices"):
        readSpect(path)


# RT Dose

def test_rtDose(tmp_path, source):
    path, volume = tmp_path / "dose.dcm", absorbedDose()
    writeRTDose(volume, str(path), source, "2.25.7", "2.25.8", MADE_AT, comment="Lu-177")
    found = readRTDose(str(path), frameOfReferenceUID="2.25.1003", patientId="TEST")
    # steps below those of the single precision the map was computed in
    assert np.abs(found.volume.array - volume.array).max() <= np.finfo(np.float32).eps * volume.array.max()
    assert np.array_equal(np.unique(found.volume.array).size, np.unique(volume.array).size)
    assert found.volume.hasSameGridAs(volume, 1e-4) and found.warnings == ()
    dataset = pydicom.dcmread(path)
    assert (dataset.DoseUnits, dataset.DoseType, dataset.BitsStored) == ("GY", "PHYSICAL", 32)
    assert dataset.FrameOfReferenceUID == source.frameOfReferenceUID
    assert dataset.StudyInstanceUID == "2.25.1001" and dataset.PatientName == "Test^Case"
    referred = {item.ReferencedSOPInstanceUID for item in dataset.ReferencedImageSequence}
    assert referred == {stableUID("2.25.1004", index) for index in range(6)}
    scaling = float(dataset.DoseGridScaling)
    for reader in (viaSimpleITK, lambda path: viaSlicer([path])):
        image = reader(path)
        assertSame(image.withArray(image.array * scaling), volume, 1e-6)


@pytest.mark.parametrize("largest", [1e-9, 0.123456789, 3.0, 65.535, 4294.967295, 1e6])
def test_gridScalingFitsTheLargest(largest):
    scaling = gridScaling(largest)
    assert largest / scaling <= 2**32 - 1 and largest / scaling > 0.99 * 2**32
    assert len(repr(scaling)) <= 16


def test_rtDoseRefusals(tmp_path, source):
    volume = absorbedDose()
    for bad in (volume.withArray(-volume.array), volume.withArray(volume.array * np.nan),
                volume.withArray(volume.array, unit="Gy/h")):
        with pytest.raises(InputError):
            writeRTDose(bad, str(tmp_path / "dose.dcm"), source, "2.25.7", "2.25.8", MADE_AT)
    shear = volume.ijkToRAS.copy()
    shear[0, 1] += 1.0
    with pytest.raises(InputError, match="perpendicular"):
        writeRTDose(Volume(volume.array, shear, "Gy"), str(tmp_path / "dose.dcm"), source, "2.25.7", "2.25.8", MADE_AT)


# Parametric map, segmentation, report

def test_parametricMap(tmp_path, source):
    highdicom = pytest.importorskip("highdicom")
    path, volume = tmp_path / "map.dcm", absorbedDose()
    writeParametricMap(volume, str(path), source, "absorbedDose", "Gy", "2.25.71", "2.25.81", MADE_AT, "Absorbed dose",
                       103, "ABSORBED_DOSE")
    dataset = pydicom.dcmread(path)
    geometry = highdicom.imread(path).get_volume_geometry()
    matrix = np.array(geometry.affine)[:, [2, 1, 0, 3]]
    order = slice(None) if np.linalg.det(matrix[:3, :3]) > 0 else slice(None, None, -1)
    assertSame(Volume(dataset.pixel_array[order], RAS_FROM_LPS @ matrix), volume, 1e-7)
    mapping = dataset.SharedFunctionalGroupsSequence[0].RealWorldValueMappingSequence[0]
    assert mapping.MeasurementUnitsCodeSequence[0].CodeValue == "Gy"
    assert mapping.MeasurementUnitsCodeSequence[0].CodingSchemeDesignator == "UCUM"
    quantity = mapping.QuantityDefinitionSequence[0].ConceptCodeSequence[0]
    assert (quantity.CodeValue, quantity.CodingSchemeDesignator) == ("128513", "DCM")
    assert np.frombuffer(dataset.FloatPixelData, "<f4").max() == volume.array.max()


def writtenReport(tmp_path, source):
    (tmp_path / "seg").mkdir()
    segmentation = pydicom.dcmread(writeSegmentationExample(tmp_path / "seg" / "regions.dcm")[0])
    entries = [
        ("kidney left", KIDNEY, [("meanAbsorbedDose", 4.125, "Gy", 0.5), ("volume", 151.5, "ml", None)],
         segmentation, 1),
        ("liver", LIVER, [("meanAbsorbedDose", 1.25, "Gy", None),
                          ("timeIntegratedActivity", 12345.0, "MBq.h", 100.0)], segmentation, 2)]
    path = tmp_path / "report.dcm"
    writeReport(entries, [segmentation], str(path), source, "2.25.72", "2.25.82", MADE_AT)
    return path, segmentation


def test_structuredReport(tmp_path, source):
    highdicom = pytest.importorskip("highdicom")
    path, segmentation = writtenReport(tmp_path, source)
    report = highdicom.sr.srread(path).content
    groups = report.get_volumetric_roi_measurement_groups()
    assert [group.tracking_identifier for group in groups] == ["kidney left", "liver"]
    assert [list(group.referenced_segment.referenced_segment_numbers) for group in groups] == [[1], [2]]
    assert groups[0].referenced_segment.referenced_sop_instance_uid == segmentation.SOPInstanceUID
    dose = groups[0].get_measurements()[0]
    assert dose.name.value == "128533" and dose.value == 4.125 and dose.unit.value == "Gy"
    assert dose.unit.scheme_designator == "UCUM"
    assert groups[1].get_measurements()[1].unit.value == "MBq.h"
    assert groups[0].finding_sites[0].laterality.meaning == "Left"


def test_missingPackageIsSaid(tmp_path, source, monkeypatch):
    """highdicom comes with Slicer 5.12; elsewhere its absence is a sentence, and the RT Dose needs none of it."""
    import sys

    monkeypatch.setitem(sys.modules, "highdicom", None)
    with pytest.raises(InputError, match="needs the Python package highdicom"):
        writeReport([], [], str(tmp_path / "report.dcm"), source, "2.25.72", "2.25.82", MADE_AT)
    writeRTDose(absorbedDose(), str(tmp_path / "dose.dcm"), source, "2.25.7", "2.25.8", MADE_AT)


def test_codesAreShortEnoughForEveryReader():
    for value, scheme, meaning in coding.QUANTITIES.values():
        assert len(value) <= 16 and len(scheme) <= 16 and len(meaning) <= 64
    assert coding.radionuclideCode("Lu-177")[0] == "447553000" and coding.radionuclideCode("I-131")[0] == "1368003"
    assert coding.radionuclideCode("Ga-68")[0] == "35337001" and coding.radionuclideCode("Ac-225")[1] == coding.SCHEME


# Conformance

@needsChecker
def test_everythingConforms(tmp_path, source):
    found = {}
    found["NM"] = errorsOf(writeSpectExample(tmp_path / "spect.dcm"))
    found["CT"] = errorsOf(writeCTExample(tmp_path / "again")[0])
    writeParametricMap(absorbedDose(), str(tmp_path / "map.dcm"), source, "timeIntegratedActivity", "MBq.h", "2.25.71",
                       "2.25.81", MADE_AT, "Time-integrated activity", 104, "TIME_INTEGRATED")
    found["parametric map"] = errorsOf(tmp_path / "map.dcm")
    path, _ = writtenReport(tmp_path, source)
    found["SR"] = errorsOf(path)
    found["SEG"] = errorsOf(tmp_path / "seg" / "regions.dcm")
    writeRTDose(absorbedDose(), str(tmp_path / "dose.dcm"), source, "2.25.7", "2.25.8", MADE_AT)
    found["RTDOSE"] = errorsOf(with16Bits(tmp_path / "dose.dcm"))
    assert not any(found.values()), found


def with16Bits(path):
    """The checker of Debian 12 stops at an assertion of its own on any 32-bit pixels: the same header with 16 bits."""
    dataset = pydicom.dcmread(path)
    count = dataset.NumberOfFrames * dataset.Rows * dataset.Columns
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit, dataset.PixelData = 15, bytes(2 * count)
    dataset.save_as(path)
    return path


@needsChecker
def test_theCheckSeesAFault(tmp_path):
    path = writeSpectExample(tmp_path / "spect.dcm")
    dataset = pydicom.dcmread(path)
    del dataset.NumberOfEnergyWindows
    dataset.save_as(path)
    assert any("0054,0011" in line for line in errorsOf(path))

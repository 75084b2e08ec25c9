"""NM SPECT: what is written is read back, what is doubtful is refused in words."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
from dicomExamples import changed, ctVolume, spectVolume, writeCTExample, writeSpectExample

from MRTDosimetryLib.dicom.readers import isDicom, readSpect
from MRTDosimetryLib.errors import InputError

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "nuclearMedicineDicom"
needsRealFiles = pytest.mark.skipif(not REAL.is_dir(), reason="the real NM files of ../shared/data are not here")


def test_spectRoundTrip(tmp_path):
    original = spectVolume()
    image = readSpect(writeSpectExample(tmp_path / "spect.dcm"))
    assert image.volume.unit == "Bq/mL" and image.modality == "NM" and image.warnings == ()
    assert np.abs(image.volume.array - original.array).max() <= original.array.max() / 65535 * 0.51
    assert image.volume.hasSameGridAs(original, 1e-4)
    values = {name: fact.value for name, fact in image.facts.items()}
    assert values["acquisitionDateTime"] == "2026-05-05T10:00:00"
    assert values["radiopharmaceuticalStartDateTime"] == "2026-05-04T09:58:30"
    assert values["administeredActivityMBq"] == 7345.5
    assert values["radionuclide"] == "Lu-177"
    assert values["decayCorrection"] == "START"
    assert values["frameDurationSeconds"] == 20.0 and values["acquisitionDurationSeconds"] == 1200.0
    assert values["unit"] == "Bq/mL" and "(0040,9096)[0].(0040,08EA)[0]" in image.facts["unit"].detail
    assert values["frameOfReferenceUID"] == "2.25.1003" and values["patientId"] == "TEST"


def test_bremsstrahlungIsSaidToBeQualitative(tmp_path):
    def toYttrium(dataset):
        code = dataset.RadiopharmaceuticalInformationSequence[0].RadionuclideCodeSequence[0]
        code.CodeValue, code.CodeMeaning = "14691008", "^90^Yttrium"

    image = readSpect(changed(writeSpectExample(tmp_path / "spect.dcm"), toYttrium))
    assert any("bremsstrahlung" in text and "qualitative" in text for text in image.warnings)


def test_zeroImageRoundTrips(tmp_path):
    blank = spectVolume()
    blank = blank.withArray(np.zeros_like(blank.array))
    assert readSpect(writeSpectExample(tmp_path / "a.dcm", volume=blank)).volume.array.max() == 0


def test_negativeSpacingStacksTheOtherWay(tmp_path):
    """PS3.3 C.8.4.15: the sign says on which side of the first slice the others lie."""
    path = writeSpectExample(tmp_path / "spect.dcm")
    forward = readSpect(path).volume
    changed(path, lambda dataset: setattr(dataset, "SpacingBetweenSlices", "-4.6"))
    backward = readSpect(path).volume
    normal = forward.ijkToRAS[:3, 2]
    # the first frame stays where it was and is now the top of the stack
    assert np.allclose(backward.array[-1], forward.array[0])
    top = backward.ijkToRAS @ [0, 0, 6, 1]
    assert np.allclose(top[:3], forward.ijkToRAS[:3, 3], atol=1e-6)
    assert np.allclose(backward.ijkToRAS[:3, 3], forward.ijkToRAS[:3, 3] - 6 * normal, atol=1e-6)
    assert np.linalg.det(backward.ijkToRAS[:3, :3]) > 0


def test_sliceVectorOrdersTheFrames(tmp_path):
    path = writeSpectExample(tmp_path / "spect.dcm")
    expected = readSpect(path).volume.array

    def shuffle(dataset):
        frames = np.frombuffer(dataset.PixelData, "<u2").reshape(7, 8, 9)
        order = [3, 0, 6, 1, 5, 2, 4]
        dataset.PixelData = frames[order].tobytes()
        dataset.SliceVector = [index + 1 for index in order]

    changed(path, shuffle)
    assert np.array_equal(readSpect(path).volume.array, expected)


def _rescaled(dataset):
    del dataset.RealWorldValueMappingSequence
    dataset.RescaleSlope, dataset.RescaleIntercept, dataset.Units = "3.5", "0", "BQML"


def test_rescaleSlopeWithUnits(tmp_path):
    path = changed(writeSpectExample(tmp_path / "spect.dcm"), _rescaled)
    stored = np.frombuffer(pydicom.dcmread(path).PixelData, "<u2").reshape(7, 8, 9)
    image = readSpect(path)
    assert image.volume.unit == "Bq/mL"
    assert np.allclose(image.volume.array, stored * 3.5)


def test_noDoubleScaling(tmp_path):
    """A mapping applies to stored values: a rescale slope beside it must not multiply it."""
    path = writeSpectExample(tmp_path / "spect.dcm")
    expected = readSpect(path).volume.array

    def add(dataset):
        dataset.RescaleSlope, dataset.RescaleIntercept, dataset.Units = "1000", "0", "BQML"

    image = readSpect(changed(path, add))
    assert np.array_equal(image.volume.array, expected)
    assert any("disagree" in warning for warning in image.warnings)


def test_kilobecquerelMappingIsConverted(tmp_path):
    path = writeSpectExample(tmp_path / "spect.dcm")
    expected = readSpect(path).volume.array

    def toKilo(dataset):
        mapping = dataset.RealWorldValueMappingSequence[0]
        mapping.MeasurementUnitsCodeSequence[0].CodeValue = "kBq/ml"

    assert np.allclose(readSpect(changed(path, toKilo)).volume.array, expected * 1000)


def test_uncalibratedImageIsInCounts(tmp_path):
    def strip(dataset):
        del dataset.RealWorldValueMappingSequence, dataset.RescaleSlope, dataset.RescaleIntercept, dataset.Units

    path = changed(writeSpectExample(tmp_path / "spect.dcm"), strip)
    image = readSpect(path)
    assert image.volume.unit == "counts" and image.facts["unit"].value == "counts"
    assert image.volume.array.max() == 65535


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: delattr(d, "SpacingBetweenSlices"), "distance between slices"),
        (lambda d: setattr(d, "SpacingBetweenSlices", "0"), "distance between slices"),
        (lambda d: delattr(d, "DetectorInformationSequence"), "position"),
        (lambda d: delattr(d.DetectorInformationSequence[0], "ImageOrientationPatient"), "orientation"),
        (lambda d: setattr(d.DetectorInformationSequence[0], "ImageOrientationPatient", [1, 0, 0, 1, 0, 0]),
         "orientation"),
        (lambda d: setattr(d, "ImageType", ["ORIGINAL", "PRIMARY", "TOMO", "EMISSION"]), "reconstructed"),
        (lambda d: setattr(d, "ImageType", ["ORIGINAL", "PRIMARY", "STATIC", "EMISSION"]), "planar"),
        (lambda d: setattr(d, "ImageType", ["DERIVED", "PRIMARY", "RECON GATED TOMO", "EMISSION"]), "gated"),
        (lambda d: setattr(d, "SliceVector", [1, 2, 3, 4, 5, 6, 6]), "slice numbers"),
        (lambda d: setattr(d, "NumberOfSlices", 6), "6 slices and 7 frames"),
        (lambda d: setattr(d, "PixelData", d.PixelData[:400]), "ends before"),
        (lambda d: (_rescaled(d), setattr(d, "Units", "GML")), "GML"),
        (lambda d: setattr(d, "FrameIncrementPointer", 0x00540010), "Frame Increment Pointer"),
    ],
)  # fmt: skip
def test_refusals(tmp_path, change, words):
    path = changed(writeSpectExample(tmp_path / "spect.dcm"), change)
    with pytest.raises(InputError, match=words):
        readSpect(path)


def test_timesThatAreNotThere(tmp_path):
    def strip(dataset):
        del dataset.AcquisitionDate
        item = dataset.RadiopharmaceuticalInformationSequence[0]
        del item.RadiopharmaceuticalStartDateTime
        item.RadionuclideTotalDose = "0"

    image = readSpect(changed(writeSpectExample(tmp_path / "spect.dcm"), strip))
    for name in ("acquisitionDateTime", "radiopharmaceuticalStartDateTime", "administeredActivityMBq"):
        assert name not in image.facts
    assert len(image.warnings) == 3


@pytest.mark.parametrize(("stated", "activityMBq"), [("7400", 7400), ("7400000000", 7400), ("500000", None)])
def test_activityInBqIsNoticed(tmp_path, stated, activityMBq):
    def state(dataset):
        dataset.RadiopharmaceuticalInformationSequence[0].RadionuclideTotalDose = stated

    image = readSpect(changed(writeSpectExample(tmp_path / "spect.dcm"), state))
    fact = image.facts.get("administeredActivityMBq")
    assert (fact.value if fact else None) == activityMBq
    assert bool(image.warnings) == (stated != "7400")


def test_decayCorrectionOfUnknownTimeIsSaid(tmp_path):
    path = writeSpectExample(tmp_path / "spect.dcm")
    image = readSpect(changed(path, lambda dataset: delattr(dataset, "DecayCorrection")))
    assert image.facts["decayCorrection"].value == "UNSTATED" and image.warnings
    image = readSpect(changed(path, lambda dataset: setattr(dataset, "CorrectedImage", ["UNIF", "ATTN"])))
    assert image.facts["decayCorrection"].value == "NONE"


def test_mixedFolderAndSeveralImages(tmp_path):
    writeSpectExample(tmp_path / "one.dcm")
    writeCTExample(tmp_path / "ct")
    (tmp_path / "notes.txt").write_text("no image")
    assert isDicom(str(tmp_path)) and not isDicom(str(tmp_path / "notes.txt"))
    assert readSpect(str(tmp_path)).modality == "NM"
    writeSpectExample(tmp_path / "two.dcm", seriesUID="2.25.2002")
    with pytest.raises(InputError, match=r"more than one.*one\.dcm.*two\.dcm"):
        readSpect(str(tmp_path))
    assert readSpect(str(tmp_path / "two.dcm")).facts["seriesInstanceUID"].value == "2.25.2002"


def test_missingAndForeignFiles(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        readSpect(str(tmp_path / "nowhere"))
    (tmp_path / "notes.dcm").write_text("no image")
    with pytest.raises(InputError, match="not DICOM"):
        readSpect(str(tmp_path / "notes.dcm"))
    with pytest.raises(InputError, match="no DICOM"):
        readSpect(str(tmp_path))
    writeCTExample(tmp_path / "ct")
    with pytest.raises(InputError, match="no SPECT"):
        readSpect(str(tmp_path / "ct"))
    damaged = tmp_path / "damaged.dcm"
    damaged.write_bytes((tmp_path / "ct" / "ct0001.dcm").read_bytes()[:700])
    with pytest.raises(InputError):
        readSpect(str(damaged))


def test_writerRefusesWhatItWouldDistort(tmp_path):
    volume = spectVolume()
    notFinite = volume.withArray(volume.array * np.nan)
    for bad in (notFinite, volume.withArray(volume.array, unit="")):
        with pytest.raises(InputError):
            writeSpectExample(tmp_path / "bad.dcm", volume=bad)
    with pytest.raises(InputError, match="cannot be written"):
        writeSpectExample(tmp_path / "no" / "folder.dcm")
    with pytest.raises(InputError, match="whole Hounsfield"):
        ct = ctVolume()
        writeCTExample(tmp_path / "ct", volume=ct.withArray(ct.array.astype(np.float32)))


@needsRealFiles
def test_realJaszczakTomo():
    image = readSpect(str(REAL / "jaszczakTomo.dcm"))
    assert image.volume.array.shape == (45, 128, 128) and image.volume.unit == "counts"
    assert np.allclose(image.volume.spacingMM, 4.13, atol=1e-5)
    # Image Position (0, -264.32, -165.2) is that of the first frame; spacing -4.13 puts the others below it.
    first = image.volume.ijkToRAS @ [0, 0, 44, 1]
    assert np.allclose(first[:3], [0, 264.319977, -165.199986], atol=1e-4)
    stored = pydicom.dcmread(REAL / "jaszczakTomo.dcm").pixel_array
    assert np.array_equal(image.volume.array[44], stored[0]) and np.array_equal(image.volume.array[0], stored[44])
    assert image.facts["acquisitionDateTime"].value == "2014-11-14T18:45:21"
    assert {"2014-07-28T17:46:03"} <= {other["value"] for other in image.facts["acquisitionDateTime"].alternatives}
    assert any("disagree" in warning for warning in image.warnings)
    assert image.facts["radionuclide"].value == "Tc-99m" and "administeredActivityMBq" not in image.facts


@needsRealFiles
def test_realPlanarAndSinglePETSliceAreRefused():
    with pytest.raises(InputError, match="planar"):
        readSpect(str(REAL / "planarUniformity.dcm"))
    with pytest.raises(InputError, match="1 of 267"):
        readSpect(str(REAL / "petBqml.dcm"))

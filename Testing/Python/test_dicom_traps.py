"""What goes wrong silently elsewhere, one test each: scale, unit, windows, geometry, counts."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
from dicomExamples import changed, spectVolume, writeCTExample, writePETExample, writePlanarExample, writeSpectExample

from MRTDosimetryLib.dicom.pixelData import storedValues
from MRTDosimetryLib.dicom.planar import readPlanar
from MRTDosimetryLib.dicom.readers import readCTSeries, readSpect
from MRTDosimetryLib.dicom.stated import Stated
from MRTDosimetryLib.errors import FaultList, InputError
from MRTDosimetryLib.imaging.encodedPixels import storedSlice

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "nuclearMedicineDicom"
needsRealFiles = pytest.mark.skipif(not REAL.is_dir(), reason="the real NM files of ../shared/data are not here")


def stripped(dataset):
    """Leaves the counts."""
    for keyword in ("RealWorldValueMappingSequence", "RescaleSlope", "RescaleIntercept", "Units"):
        delattr(dataset, keyword)


# Scale and unit

def test_lostRescaleIsRefused(tmp_path):
    """Bq/mL without its factor is not a count."""
    def lose(dataset):
        stripped(dataset)
        dataset.Units = "BQML"

    path = changed(writeSpectExample(tmp_path / "spect.dcm"), lose)
    with pytest.raises(InputError, match=r"lost \(Rescale Slope \(0028,1053\)\)"):
        readSpect(path)


def test_malformedSlopeIsNotOne(tmp_path):
    def spoil(dataset):
        stripped(dataset)
        dataset.add_new("RescaleSlope", "LO", "abc")

    path = changed(writeSpectExample(tmp_path / "spect.dcm"), spoil)
    with pytest.raises(InputError, match=r"\(0028,1053\) is 'abc'"):
        readSpect(path)


@pytest.mark.parametrize("code", ["g/ml", "{SUVbw}g/ml", "%", ""])
def test_mappingToAnotherUnitIsRefused(tmp_path, code):
    def toOther(dataset):
        stripped_ = dataset.RealWorldValueMappingSequence[0]
        stripped_.MeasurementUnitsCodeSequence[0].CodeValue = code
        del dataset.RescaleSlope, dataset.RescaleIntercept, dataset.Units

    with pytest.raises(InputError, match=r"\(0040,9096\)"):
        readSpect(changed(writeSpectExample(tmp_path / "spect.dcm"), toOther))


def test_mappingToCounts(tmp_path):
    """Some systems map to counts: then the image is in counts, scaled, and says so."""
    def toCounts(dataset):
        mapping = dataset.RealWorldValueMappingSequence[0]
        mapping.MeasurementUnitsCodeSequence[0].CodeValue, mapping.RealWorldValueSlope = "{counts}", 0.25
        del dataset.RescaleSlope, dataset.RescaleIntercept, dataset.Units

    image = readSpect(changed(writeSpectExample(tmp_path / "spect.dcm"), toCounts))
    assert image.volume.unit == "counts" and image.volume.array.max() == 65535 * 0.25
    assert any("0.25" in words for words in image.warnings)


def test_mappingHoldsOnlyForItsRange(tmp_path):
    def narrow(dataset):
        dataset.RealWorldValueMappingSequence[0]["RealWorldValueLastValueMapped"].value = 1000

    with pytest.raises(InputError, match=r"\(0040,9211\)"):
        readSpect(changed(writeSpectExample(tmp_path / "spect.dcm"), narrow))


def test_twoMappingsThatDisagreeAreRefused(tmp_path):
    import copy

    def double(dataset):
        second = copy.deepcopy(dataset.RealWorldValueMappingSequence[0])
        second.RealWorldValueSlope *= 2
        dataset.RealWorldValueMappingSequence.append(second)

    with pytest.raises(InputError, match="in two ways"):
        readSpect(changed(writeSpectExample(tmp_path / "spect.dcm"), double))


def test_lossyCompressionIsRefused(tmp_path):
    path = changed(writeSpectExample(tmp_path / "spect.dcm"), lambda d: setattr(d, "LossyImageCompression", "01"))
    with pytest.raises(InputError, match=r"lossy compression \(Lossy Image Compression \(0028,2110\)\)"):
        readSpect(path)


def test_countsAtTheCeilingAreSaid(tmp_path):
    image = readSpect(changed(writeSpectExample(tmp_path / "spect.dcm"), stripped))
    assert any("65535" in words and "cut off" in words for words in image.warnings)
    assert not readSpect(writeSpectExample(tmp_path / "calibrated.dcm")).warnings


def test_largeAndNegativeValuesSurviveWriting(tmp_path):
    """No clipping at 65535, no holes, and the same sum."""
    volume = spectVolume()
    for array in (volume.array * 1e4, volume.array - np.float32(1e5)):
        image = readSpect(writeSpectExample(tmp_path / "spect.dcm", volume=volume.withArray(array)))
        assert np.abs(image.volume.array - array).max() <= np.abs(array).max() / 32767 * 0.51
        assert image.volume.array.sum(dtype=float) == pytest.approx(array.sum(dtype=float), rel=2e-5)


def test_wrongSOPClass(tmp_path):
    """Modality says NM, the object is a screenshot."""
    def toCapture(dataset):
        dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"

    with pytest.raises(InputError, match="no SPECT.*Secondary Capture"):
        readSpect(changed(writeSpectExample(tmp_path / "spect.dcm"), toCapture))


# Energy windows and detectors

def twoWindows(dataset):
    import copy

    dataset.NumberOfFrames, dataset.FrameIncrementPointer = 14, [0x00540010, 0x00540080]
    dataset.EnergyWindowVector = [1] * 7 + [2] * 7
    dataset.SliceVector = [*range(1, 8), *range(1, 8)]
    second = copy.deepcopy(dataset.EnergyWindowInformationSequence[0])
    second.EnergyWindowName = "Lu-177 113 keV"
    second.EnergyWindowRangeSequence[0].EnergyWindowLowerLimit = "101.7"
    second.EnergyWindowRangeSequence[0].EnergyWindowUpperLimit = "124.3"
    dataset.EnergyWindowInformationSequence.append(second)
    dataset.NumberOfEnergyWindows = 2
    dataset.PixelData = dataset.PixelData + (np.frombuffer(dataset.PixelData, "<u2") // 2).tobytes()


def test_severalEnergyWindowsAreNamedAndChosen(tmp_path):
    path = writeSpectExample(tmp_path / "spect.dcm")
    expected = readSpect(path).volume.array
    changed(path, twoWindows)
    with pytest.raises(InputError, match=r"1: Lu-177 208 keV \(187.2 to 228.8 keV\); 2: Lu-177 113 keV \(101.7"):
        readSpect(path)
    assert np.array_equal(readSpect(path, stated=Stated(energyWindow=1)).volume.array, expected)
    second = readSpect(path, stated=Stated(energyWindow="113", reason="the report names it"))
    assert second.volume.array.sum() == pytest.approx(expected.sum() / 2, rel=1e-3)
    assert second.facts["energyWindow"].reason == "the report names it"
    for wrong in (3, "Lu-177", "nothing"):
        with pytest.raises(InputError, match="not one of"):
            readSpect(path, stated=Stated(energyWindow=wrong))


def test_detectorsThatStateDifferentPositionsAreRefused(tmp_path):
    import copy

    def second(dataset, shift=10.0):
        other = copy.deepcopy(dataset.DetectorInformationSequence[0])
        other.ImagePositionPatient = [float(other.ImagePositionPatient[0]) + shift, *other.ImagePositionPatient[1:]]
        dataset.DetectorInformationSequence.append(other)
        dataset.NumberOfDetectors = 2

    path = writeSpectExample(tmp_path / "spect.dcm")
    expected = readSpect(path).volume
    with pytest.raises(InputError, match=r"different positions \(Detector Information Sequence \(0054,0022\)"):
        readSpect(changed(path, second))
    path = changed(writeSpectExample(tmp_path / "same.dcm"), lambda dataset: second(dataset, 0.0))
    assert readSpect(path).volume.hasSameGridAs(expected)


# Geometry that the user supplies

def test_missingGeometryIsSuppliedWithAReason(tmp_path):
    path = writeSpectExample(tmp_path / "spect.dcm")
    expected = readSpect(path).volume
    detector = pydicom.dcmread(path).DetectorInformationSequence[0]
    position, orientation = list(map(float, detector.ImagePositionPatient)), list(
        map(float, detector.ImageOrientationPatient))

    def strip(dataset):
        del dataset.SpacingBetweenSlices, dataset.DetectorInformationSequence

    changed(path, strip)
    stated = Stated.fromDict({
        "spacingBetweenSlicesMM": 4.6, "imagePositionMM": position, "imageOrientation": orientation,
        "reason": "protocol sheet"}, "time point 1", "file")
    image = readSpect(path, stated=stated)
    assert image.volume.hasSameGridAs(expected, 1e-4)
    fact = image.facts["spacingBetweenSlicesMM"]
    assert (fact.value, fact.unit, fact.source, fact.reason) == (4.6, "mm", "file", "protocol sheet")


def test_statedGeometryAgainstTheHeaderIsSaid(tmp_path):
    path = writeSpectExample(tmp_path / "spect.dcm")
    image = readSpect(path, stated=Stated(spacingBetweenSlicesMM=5.0, reason="measured"))
    assert image.volume.spacingMM[2] == pytest.approx(5.0)
    assert image.facts["spacingBetweenSlicesMM"].alternatives == ({"value": 4.6, "detail": "(0018,0088)"},)
    assert any("stated is 5.0" in words for words in image.warnings)


@pytest.mark.parametrize(("description", "words"), [
    ({"spacingBetweenSlicesMM": 4.6}, "needs a reason"),
    ({"spacingBetweenSlicesMM": "4.6", "reason": "x"}, "not a number"),
    ({"imagePositionMM": [1, 2], "reason": "x"}, "list of 3 numbers"),
    ({"imageOrientation": [1, 0, 0, 0, 1, float("nan")], "reason": "x"}, "list of 6 numbers"),
    ({"spacing": 3, "reason": "x"}, "not known"),
    ({"energyWindow": True}, "neither a number nor a name"),
    (4.6, "not an object"),
])
def test_statedGeometryIsChecked(description, words):
    with pytest.raises((InputError, FaultList), match=words):
        Stated.fromDict(description, "time point 1")


def test_sliceThicknessIsNotTheStep(tmp_path):
    """CT slices of 5 mm every 3 mm lie 3 mm apart, whatever thickness and spacing say."""
    for path in writeCTExample(tmp_path / "ct"):
        changed(path, lambda d: (setattr(d, "SliceThickness", "5"), setattr(d, "SpacingBetweenSlices", "5")))
    assert readCTSeries(str(tmp_path / "ct")).volume.spacingMM[2] == pytest.approx(3.0)


# PET

def testPET(tmp_path):
    image = readSpect(str(Path(writePETExample(tmp_path / "pet")[0]).parent))
    assert image.volume.unit == "Bq/mL" and not image.warnings
    assert image.facts["radionuclideHalfLifeSeconds"].value == 230760


def toCounts(dataset):
    dataset.Units = "CNTS"


def test_petInCountsNeedsACalibration(tmp_path):
    writePETExample(tmp_path / "pet", toCounts)
    with pytest.raises(InputError, match=r"CNTS, Units \(0054,1001\)\) and holds no calibration"):
        readSpect(str(tmp_path / "pet"))


@pytest.mark.parametrize("unit", ["PROPCPS", "CPS", "GML", ""])
def test_petInOtherUnitsIsRefused(tmp_path, unit):
    writePETExample(tmp_path / "pet", lambda d: setattr(d, "Units", unit))
    with pytest.raises(InputError, match=rf"{unit or 'no unit'}, not in Bq/mL"):
        readSpect(str(tmp_path / "pet"))


def test_petInCountsWithTheFactorOfItsMaker(tmp_path):
    """Counts = stored x rescale slope; Bq/mL = counts x (7053,xx09)."""
    expected = readSpect(str(Path(writePETExample(tmp_path / "bqml")[0]).parent)).volume.array

    def philips(dataset):
        toCounts(dataset)
        block = dataset.private_block(0x7053, "Philips PET Private Group", create=True)
        block.add_new(0x09, "DS", "2.5")

    writePETExample(tmp_path / "pet", philips)
    image = readSpect(str(tmp_path / "pet"))
    assert np.allclose(image.volume.array, expected * 2.5)
    assert "(7053,xx09)" in image.facts["unit"].detail
    writePETExample(tmp_path / "zero", lambda d: (philips(d), setattr(
        d.private_block(0x7053, "Philips PET Private Group")[0x09], "value", "0")))
    with pytest.raises(InputError, match="no calibration"):
        readSpect(str(tmp_path / "zero"))


def test_petInCountsWithAMapping(tmp_path):
    def mapped(dataset):
        toCounts(dataset)
        mapping, unit = pydicom.Dataset(), pydicom.Dataset()
        mapping.RealWorldValueSlope, mapping.RealWorldValueIntercept = 7.0, 0.0
        unit.CodeValue, unit.CodingSchemeDesignator, unit.CodeMeaning = "Bq/ml", "UCUM", "Bq/ml"
        mapping.MeasurementUnitsCodeSequence = [unit]
        dataset.RealWorldValueMappingSequence = [mapping]

    paths = writePETExample(tmp_path / "pet", mapped)
    stored = np.stack([pydicom.dcmread(path).pixel_array for path in paths])
    assert np.allclose(readSpect(str(tmp_path / "pet")).volume.array, stored * 7.0)


def test_decayFactorAgainstDecayCorrection(tmp_path):
    """The factor tells to what time a slice was really corrected."""
    rate = np.log(2) / 230760

    def factor(hoursBefore):
        within = (1 - np.exp(-rate * 180)) / (rate * 180)

        def change(dataset):
            dataset.DecayFactor = f"{np.exp(rate * 3600 * hoursBefore) / within:.8g}"

        return change

    writePETExample(tmp_path / "start", factor(0.0))
    assert not readSpect(str(tmp_path / "start")).warnings
    writePETExample(tmp_path / "other", factor(5.0))
    words, = readSpect(str(tmp_path / "other")).warnings
    assert "(0054,1321)" in words and "2026-05-05T05:00:00" in words
    writePETExample(tmp_path / "none", lambda d: (factor(5.0)(d), setattr(d, "DecayCorrection", "NONE")))
    assert any("is NONE, but Decay Factor" in words for words in readSpect(str(tmp_path / "none")).warnings)


# Planar

def test_wholeBodyIsTwoViewsOfCounts(tmp_path):
    image = readPlanar(writePlanarExample(tmp_path / "planar.dcm"))
    assert image.kind == "WHOLE BODY" and not image.warnings
    assert [view.title.split(",")[0] for view in image.views] == ["detector 1 (Anterior)", "detector 2 (Posterior)"]
    assert all(view.counts.shape == (12, 6) and view.pixelSpacingMM == (4.7, 4.8) for view in image.views)
    assert image.facts["unit"].value == "counts" and image.facts["scanVelocityMMPerSecond"].value == 2.2
    assert image.facts["durationSeconds"].value == 900.0
    assert sum(view.counts.sum() for view in image.views) == image.facts["countsAccumulated"].value
    with pytest.raises(InputError, match="planar whole-body image, not a volume"):
        readSpect(str(tmp_path / "planar.dcm"))
    with pytest.raises(InputError, match="no planar image"):
        readPlanar(writeSpectExample(tmp_path / "spect.dcm"))


def test_lossyCountsAreNoticed(tmp_path):
    """Pixels halved on the way: the header still knows how many counts there were."""
    def halve(dataset):
        dataset.PixelData = (np.frombuffer(dataset.PixelData, "<u2") // 2).astype("<u2").tobytes()

    words, = readPlanar(changed(writePlanarExample(tmp_path / "planar.dcm"), halve)).warnings
    assert "(0018,0070)" in words and "counts were lost" in words


@needsRealFiles
def test_realPlanarUniformity():
    image = readPlanar(str(REAL / "planarUniformity.dcm"))
    view, = image.views
    assert image.kind == "STATIC" and view.counts.shape == (256, 256)
    assert view.counts.sum(dtype=float) == image.facts["countsAccumulated"].value == 16000045
    assert image.facts["durationSeconds"].value == 812.39
    assert not any("counts were lost" in words for words in image.warnings)
    assert any("zero" in words for words in image.warnings)  # administered activity


@needsRealFiles
def test_compressedPixelsWithoutADecoderOfPydicom(monkeypatch):
    """JPEG lossless, as archives keep PET: SimpleITK decodes it where pydicom cannot, to the same stored values."""
    dataset = pydicom.dcmread(REAL / "petBqml.dcm")
    assert dataset.file_meta.TransferSyntaxUID.is_compressed
    own = storedSlice(str(REAL / "petBqml.dcm"), float(dataset.RescaleSlope), float(dataset.RescaleIntercept))
    assert own.shape == (128, 128) and own.sum(dtype=float) == 13766989 and own.max() == 32767

    def fails(self):
        raise RuntimeError("no decoder")

    monkeypatch.setattr(pydicom.dataset.Dataset, "pixel_array", property(fails))
    assert np.array_equal(storedValues(dataset, "pet")[0], own)

"""CT and PET series: round trip, order, and what is refused."""

import re

import numpy as np
import pytest
from dicomExamples import changed, ctVolume, writeCTExample, writePETExample

from MRTDosimetryLib.dicom.catalog import scan
from MRTDosimetryLib.dicom.facts import Fact
from MRTDosimetryLib.dicom.headers import nuclideName, parseDateTime, parseDT
from MRTDosimetryLib.dicom.readers import readCTSeries, readSpect
from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.imaging.volume import Volume


def test_ctRoundTrip(tmp_path):
    original = ctVolume()
    writeCTExample(tmp_path / "ct")
    image = readCTSeries(str(tmp_path / "ct"))
    assert image.volume.array.dtype == np.int16 and np.array_equal(image.volume.array, original.array)
    assert image.volume.hasSameGridAs(original, 1e-4) and image.modality == "CT"
    assert image.facts["acquisitionDateTime"].value == "2026-05-05T10:00:00"
    assert image.facts["frameOfReferenceUID"].value == "2.25.1003"


def test_anyFileOfTheSeriesWillDo(tmp_path):
    paths = writeCTExample(tmp_path / "ct")
    assert readCTSeries(paths[3]).volume.array.shape == (6, 20, 24)


def test_filesOrderDoesNotMatter(tmp_path):
    paths = writeCTExample(tmp_path / "ct")
    for index, path in enumerate(reversed(paths)):
        (tmp_path / "ct" / f"{index:03d}_renamed").write_bytes(open(path, "rb").read())
    for path in paths:
        (tmp_path / "ct" / path).unlink()
    assert np.array_equal(readCTSeries(str(tmp_path / "ct")).volume.array, ctVolume().array)


def test_obliqueRoundTrip(tmp_path):
    angle = np.radians(7)
    turn = np.array([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]])
    matrix = np.eye(4)
    matrix[:3, :3] = turn @ np.diag([-0.977, -0.977, 3.0])
    matrix[:3, 3] = 12.5, -7.25, 33.0
    volume = Volume(ctVolume().array, matrix, "[hnsf'U]", "CT")
    writeCTExample(tmp_path / "ct", volume=volume)
    assert readCTSeries(str(tmp_path / "ct")).volume.hasSameGridAs(volume, 1e-4)


def test_fractionalSlopeGivesRealNumbers(tmp_path):
    for path in writeCTExample(tmp_path / "ct"):
        changed(path, lambda dataset: setattr(dataset, "RescaleSlope", "0.5"))
    image = readCTSeries(str(tmp_path / "ct"))
    expected = (ctVolume().array.astype(float) + 1024) * 0.5 - 1024
    assert image.volume.array.dtype == np.float32 and np.allclose(image.volume.array, expected)


def test_signedStoredValues(tmp_path):
    def toSigned(dataset):
        stored = np.frombuffer(dataset.PixelData, "<u2").astype(np.int32) - 1024
        dataset.PixelData = stored.astype("<i2").tobytes()
        dataset.PixelRepresentation, dataset.RescaleIntercept = 1, "0"

    for path in writeCTExample(tmp_path / "ct"):
        changed(path, toSigned)
    assert np.array_equal(readCTSeries(str(tmp_path / "ct")).volume.array, ctVolume().array)


def test_missingSlice(tmp_path):
    paths = writeCTExample(tmp_path / "ct")
    (tmp_path / "ct" / paths[2]).unlink()
    with pytest.raises(InputError, match=r"1 slice\(s\) are missing, the first between -167.00 and -161.00"):
        readCTSeries(str(tmp_path / "ct"))


def test_doubledSlice(tmp_path):
    paths = writeCTExample(tmp_path / "ct")
    (tmp_path / "ct" / "copy.dcm").write_bytes(open(paths[1], "rb").read())
    with pytest.raises(InputError, match="same position"):
        readCTSeries(str(tmp_path / "ct"))


def _shift(axis, step):
    def change(dataset):
        position = [float(value) for value in dataset.ImagePositionPatient]
        position[axis] += step * dataset.InstanceNumber
        dataset.ImagePositionPatient = [f"{value:.6f}" for value in position]

    return change


def test_gantryTiltIsRefused(tmp_path):
    for path in writeCTExample(tmp_path / "ct"):
        changed(path, _shift(1, 0.8))
    with pytest.raises(InputError, match="gantry tilt"):
        readCTSeries(str(tmp_path / "ct"))


def test_unevenSpacingIsRefused(tmp_path):
    paths = writeCTExample(tmp_path / "ct")
    changed(paths[4], _shift(2, 0.3))
    with pytest.raises(InputError, match="evenly spaced"):
        readCTSeries(str(tmp_path / "ct"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: setattr(d, "PixelSpacing", ["0.9", "0.9"]), "differ"),
        (lambda d: setattr(d, "ImageOrientationPatient", ["1", "0", "0", "0", "0", "-1"]), "differ"),
        (lambda d: delattr(d, "ImagePositionPatient"), r"\(0020,0032\)"),
        (lambda d: delattr(d, "RescaleSlope"), "Rescale Slope"),
        (lambda d: setattr(d, "RescaleType", "HU_MOD"), "HU_MOD"),
    ],
)
def test_ctRefusals(tmp_path, change, words):
    paths = writeCTExample(tmp_path / "ct")
    changed(paths[2], change)
    with pytest.raises(InputError, match=words):
        readCTSeries(str(tmp_path / "ct"))


def test_scoutViewIsLeftOut(tmp_path):
    paths = writeCTExample(tmp_path / "ct")

    def toScout(dataset):
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = "2.25.77"

    scout = tmp_path / "ct" / "scout.dcm"
    scout.write_bytes(open(paths[0], "rb").read())
    changed(str(scout), toScout)
    assert readCTSeries(str(tmp_path / "ct")).volume.array.shape[0] == 6


def test_severalSeriesAreNamed(tmp_path):
    writeCTExample(tmp_path / "one")
    writeCTExample(tmp_path / "two", seriesUID="2.25.3003")
    assert [len(series.files) for series in scan(str(tmp_path))] == [6, 6]
    with pytest.raises(InputError, match="more than one CT series"):
        readCTSeries(str(tmp_path))


def _asPET(folder, slopes, change=None):
    """A PET series made of the CT slices."""
    writePETExample(folder, change, slopes)
    return str(folder)


def test_petWithOneSlopePerSlice(tmp_path):
    slopes = np.array([0.5, 1.0, 2.0, 0.25, 3.0, 0.125])
    image = readSpect(_asPET(tmp_path / "pet", slopes))
    stored = ctVolume().array.astype(float) + 1024
    assert image.modality == "PT" and image.volume.unit == "Bq/mL"
    assert np.allclose(image.volume.array, stored * slopes[:, None, None])
    assert image.facts["administeredActivityMBq"].value == 210.0
    assert image.facts["radionuclide"].value == "Y-90"
    assert image.facts["frameDurationSeconds"].value == 180.0
    assert image.facts["radiopharmaceuticalStartDateTime"].value == "2026-05-05T09:15:00"


@pytest.mark.parametrize(("fraction", "words"), [
    (3.186e-5, None), ("3.2e-5", None), (None, r"\(0018,1076\) is missing.*3.186e-05 positrons"),
    (1.0, r"\(0018,1076\) is 1;.*wrong, by a factor of 3.139e\+04"), ("0", r"\(0018,1076\) is 0;.*wrong: check"),
    ("0.000017", "factor of 0.5336")])
def test_positronFractionOfYttrium(tmp_path, fraction, words):
    """About 32 positrons per million decays, by internal pair production."""
    def change(dataset):
        item = dataset.RadiopharmaceuticalInformationSequence[0]
        del item.RadionuclidePositronFraction
        if fraction is not None:
            item.RadionuclidePositronFraction = str(fraction)

    image = readSpect(_asPET(tmp_path / "pet", np.ones(6), change))
    found = [text for text in image.warnings if "0018,1076" in text]
    assert (not found) if words is None else re.search(words, found[0]), found
    assert ("positronFraction" in image.facts) == (fraction is not None)


def test_positronFractionOfOtherNuclidesIsNotJudged(tmp_path):
    def change(dataset):
        dataset.RadiopharmaceuticalInformationSequence[0].RadionuclideCodeSequence[0].CodeMeaning = "^18^Fluorine"

    assert not [text for text in readSpect(_asPET(tmp_path / "pet", np.ones(6), change)).warnings if "1076" in text]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: setattr(d, "Units", "CNTS"), "CNTS"),
        (lambda d: setattr(d, "SeriesType", ["DYNAMIC", "IMAGE"]), "dynamic"),
        (lambda d: setattr(d, "NumberOfSlices", 9), "6 of 9"),
    ],
)
def test_petRefusals(tmp_path, change, words):
    folder = _asPET(tmp_path / "pet", np.ones(6), change)
    with pytest.raises(InputError, match=words):
        readSpect(folder)


@pytest.mark.parametrize(
    ("code", "meaning", "name"),
    [
        ("447553000", "", "Lu-177"), ("x", "^177^Lutetium", "Lu-177"), ("x", "177Lu", "Lu-177"),
        ("x", "Lu-177", "Lu-177"),
        ("x", "Lutetium^177^", "Lu-177"), ("x", "^131^Iodine", "I-131"), ("x", "^99m^Technetium", "Tc-99m"),
        ("x", "18F", "F-18"), ("x", "Unobtainium 12", ""), ("x", "", ""),
    ],
)  # fmt: skip
def test_nuclideNames(code, meaning, name):
    assert nuclideName(code, meaning) == name


def test_dates():
    assert parseDateTime("20260504", "095830.25").isoformat() == "2026-05-04T09:58:30.250000"
    assert parseDateTime("2026.05.04", "09:58:30").isoformat() == "2026-05-04T09:58:30"
    assert parseDT("20260504095830.000000+0200").isoformat() == "2026-05-04T09:58:30"
    assert parseDateTime("00000000", "095830") is None and parseDateTime("20260504", "256060") is None


def test_factSurvivesJSON():
    fact = Fact(7400.0, "MBq", "DICOM", "(0054,0016)[0]", ({"value": 1, "detail": "x"},))
    assert Fact.fromDict(fact.toDict()) == fact

"""Dates, times and administered activity as headers have them: which counts, what else is there, what is told."""

import pydicom
import pytest
from dicomExamples import changed, writeSpectExample

from MRTDosimetryLib.dicom.readers import readSpect
from MRTDosimetryLib.dicom.times import offsetText, parseDateTime, parseOffset


def read(tmp_path, change):
    return readSpect(changed(writeSpectExample(tmp_path / "spect.dcm"), change))


def test_seriesAndContentTimesAreNeverTaken(tmp_path):
    """Reconstructed two days later."""
    def later(dataset):
        dataset.SeriesDate = dataset.ContentDate = "20260507"

    image = read(tmp_path, later)
    fact = image.facts["acquisitionDateTime"]
    assert fact.value == "2026-05-05T10:00:00" and fact.detail == "(0008,0022) (0008,0032)"
    assert {other["detail"] for other in fact.alternatives} == {"(0008,0021) (0008,0031)", "(0008,0023) (0008,0033)"}
    assert image.warnings == ()

    def withoutAcquisition(dataset):
        later(dataset)
        del dataset.AcquisitionDate, dataset.AcquisitionTime

    image = read(tmp_path, withoutAcquisition)
    assert "acquisitionDateTime" not in image.facts
    assert any("series 2026-05-07T10:00:00" in words and "may be later" in words for words in image.warnings)


def test_contentBeforeAcquisitionIsTold(tmp_path):
    image = read(tmp_path, lambda d: setattr(d, "ContentTime", "080000"))
    assert any("lies after the making of its image" in words for words in image.warnings)


def test_dateOfAStudyThatPassedMidnight(tmp_path):
    """Study at 23:50, acquisition at 00:05 with the date of the evening before."""
    def midnight(dataset):
        dataset.StudyTime, dataset.AcquisitionTime = "235000", "000500"

    image = read(tmp_path, midnight)
    assert any("passed midnight" in words for words in image.warnings)

    def rightDate(dataset):
        midnight(dataset)
        dataset.AcquisitionDate = dataset.SeriesDate = dataset.ContentDate = "20260506"

    assert not any("midnight" in words for words in read(tmp_path, rightDate).warnings)


def test_acquisitionDateTimeAlone(tmp_path):
    def combine(dataset):
        del dataset.AcquisitionDate
        dataset.AcquisitionDateTime = "20260505101500.5+0200"

    fact = read(tmp_path, combine).facts["acquisitionDateTime"]
    assert fact.value == "2026-05-05T10:15:00.500" and fact.detail == "(0008,002A)"


def test_disagreeingAcquisitionTimesAreTold(tmp_path):
    image = read(tmp_path, lambda d: setattr(d, "AcquisitionDateTime", "20260505120000"))
    assert image.facts["acquisitionDateTime"].value == "2026-05-05T10:00:00"
    assert any("(0008,002A)" in words for words in image.warnings)


def test_daylightSavingBetweenAdministrationAndScan(tmp_path):
    """Given on the Friday before the clocks change, scanned on the Monday after: 72 h by the clocks, 73 h in truth."""
    def cross(dataset):
        dataset.TimezoneOffsetFromUTC = "+0100"
        item = dataset.RadiopharmaceuticalInformationSequence[0]
        item.RadiopharmaceuticalStartDateTime = "20261023100000+0200"
        item.RadiopharmaceuticalStartTime = "100000"
        for kind in ("Acquisition", "Study", "Series", "Content"):
            setattr(dataset, f"{kind}Date", "20261026")

    image = read(tmp_path, cross)
    assert image.facts["utcOffset"].value == "UTC+01:00"
    fact = image.facts["radiopharmaceuticalStartDateTime"]
    assert fact.value == "2026-10-23T09:00:00"
    assert {other["value"] for other in fact.alternatives} >= {"2026-10-23T10:00:00"}
    assert any("daylight saving" in words for words in image.warnings)


def test_startTimeAgainstStartDateTime(tmp_path):
    def disagree(dataset):
        dataset.RadiopharmaceuticalInformationSequence[0].RadiopharmaceuticalStartTime = "113000"

    image = read(tmp_path, disagree)
    assert image.facts["radiopharmaceuticalStartDateTime"].value == "2026-05-04T09:58:30"
    assert any("(0018,1072)" in words and "(0018,1078)" in words for words in image.warnings)


def test_zeroActivityIsTold(tmp_path):
    def zero(dataset):
        dataset.RadiopharmaceuticalInformationSequence[0].RadionuclideTotalDose = "0"

    image = read(tmp_path, zero)
    assert "administeredActivityMBq" not in image.facts
    assert any("zero" in words and "(0018,1074)" in words for words in image.warnings)


def test_becquerelInPlaceOfMegabecquerelIsTold(tmp_path):
    def inBq(dataset):
        dataset.RadiopharmaceuticalInformationSequence[0].RadionuclideTotalDose = "7345500000"

    image = read(tmp_path, inBq)
    assert image.facts["administeredActivityMBq"].value == 7345.5
    assert image.facts["administeredActivityMBq"].detail.endswith("read as Bq")
    assert any("only be meant in Bq" in words for words in image.warnings)


def test_halfLifeOfAnotherNuclideIsTold(tmp_path):
    def wrong(dataset):
        dataset.RadiopharmaceuticalInformationSequence[0].RadionuclideHalfLife = "6586.2"

    assert any("(0018,1075)" in words for words in read(tmp_path, wrong).warnings)


def test_severalRadionuclidesAreNotGuessed(tmp_path):
    def two(dataset):
        item, code = pydicom.Dataset(), pydicom.Dataset()
        code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "72454006", "SCT", "^99m^Technetium"
        item.RadionuclideCodeSequence = [code]
        dataset.RadiopharmaceuticalInformationSequence.append(item)

    image = read(tmp_path, two)
    assert "radionuclide" not in image.facts and "administeredActivityMBq" not in image.facts
    assert any("Lu-177, Tc-99m" in words for words in image.warnings)


@pytest.mark.filterwarnings("ignore::UserWarning:pydicom")
def test_datesThatAreNoneNameTheirTag(tmp_path):
    image = read(tmp_path, lambda d: d.add_new("AcquisitionDate", "DA", "20261399"))
    assert "acquisitionDateTime" not in image.facts
    assert any("(0008,0022) '20261399'" in words for words in image.warnings)


@pytest.mark.parametrize(("text", "shown"), [("+0200", "UTC+02:00"), ("-0330", "UTC-03:30"), ("+0000", "UTC+00:00")])
def test_offsets(text, shown):
    assert offsetText(parseOffset(text)) == shown


def test_offsetsThatAreNone():
    assert parseOffset("0200") is None and parseOffset("+9900") is None
    assert parseDateTime("18991231", "120000") is None

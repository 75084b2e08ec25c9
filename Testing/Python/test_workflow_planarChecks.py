"""Planar views that are not what the planar file takes them for: told or refused, never a number."""

import copy
from datetime import datetime, timezone

import numpy as np
import planarPhantom as phantom
import pytest

from MRTDosimetryLib import commandLine
from MRTDosimetryLib.dicom.planar import readPlanar
from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.imaging.files import writeImage
from MRTDosimetryLib.workflow import planarChecks, planarFile, planarSeries, planarViews

HOURS = (4.0, 96.0)


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    folder = tmp_path_factory.mktemp("checks")
    return folder, phantom.writeSeries(folder, HOURS)


def run(case, change=None):
    folder, content = case[0], copy.deepcopy(case[1])
    if change:
        change(content)
    return planarSeries.planarSeries(planarFile.readPlanarStudy(phantom.writePlanarFile(folder, content)))


def refusal(case, change):
    with pytest.raises(InputError) as caught:
        run(case, change)
    return " ".join(str(fault) for fault in caught.value.faults)


def other(case, change, hours=96.0, name="other.dcm"):
    """Take another file for the second image, the same scan with another header."""
    phantom.writeWholeBody(case[0] / name, phantom.scanAt(hours), hours=hours, change=change)
    return lambda content: content["images"][1].update(file=name)


def setWindows(*limits):
    def change(dataset):
        for item, (low, high) in zip(dataset.EnergyWindowInformationSequence, limits, strict=True):
            item.EnergyWindowRangeSequence[0].EnergyWindowLowerLimit = str(low)
            item.EnergyWindowRangeSequence[0].EnergyWindowUpperLimit = str(high)
    return change


def drawn(content):
    """The liver by a polygon and a stated transmission, without any CT."""
    for key in ("alignment", "projection", "orientation", "ct", "labelmap", "names"):
        del content[key]
    content.update(isPosteriorMirrored=True, attenuation={"from": "transmission", "transmissionKeV": 122.06},
                   regions=[{"name": "liver", "anterior": [[60, 400], [100, 400], [100, 440], [60, 440]],
                             "thicknessMM": 90,
                             "transmission": {"openCounts": 1e6, "transmittedCounts": 5e4}}])


def setAttribute(**values):
    def change(dataset):
        for name, value in values.items():
            setattr(dataset, name, value)
    return change


@pytest.mark.parametrize("change, words", [
    (setAttribute(CorrectedImage=["UNIF", "DECY"]), "counts are corrected for decay"),
    (setAttribute(ImageType=["ORIGINAL", "PRIMARY", "WHOLE BODY", "TRANSMISSION"]), "This is a transmission scan"),
    (setAttribute(DecayCorrection="ADMIN"), "counts are corrected for decay"),
    (setAttribute(PatientID="ANOTHER"), "several patients by their headers (TEST, ANOTHER)"),
    (setWindows((101.7, 124.3), (90, 101.7), (124.3, 136)), "Main energy window of the anterior view"),
    (setWindows((187.2, 228.8), (101.7, 124.3), (228.8, 249.6)), "window (101.7 to 124.3 keV) does not lie beside"),
    (setWindows((187.2, 228.8), (166.4, 187.2), (166.4, 187.2)), "window (166.4 to 187.2 keV) does not lie beside"),
])
def test_imagesThatAreRefused(case, change, words):
    assert words in refusal(case, other(case, change))


def test_narrowScatterWindowsAtTheEdgesAreFine(case):
    """Windows of a few keV centered at the edges of the main one (Ogawa et al. 1991)."""
    path = phantom.writeWholeBody(case[0] / "narrow.dcm", phantom.scanAt(4.0), change=setWindows(
        (187.2, 228.8), (185.2, 189.2), (226.8, 230.8)))
    image, windows = readPlanar(path), {"main": 1, "lower": 2, "upper": 3}
    views = {side: planarViews.chosen(image, None, windows, "image", side) for side in planarFile.SIDES}
    assert planarChecks.pairWords(image, {}, views, "image") == []


def test_decayFromTheStartOfTheScanIsFine(case):
    run(case, other(case, setAttribute(DecayCorrection="START")))


def test_timesAreComparedWithTheHeaders(case):
    assert not any("disagrees" in words for words in run(case)[1])

    def inDays(content):
        for item in content["images"]:
            item["hoursAfterAdministration"] /= 24.0

    _rows, warnings = run(case, inDays)
    assert any("time after administration of 4 h disagrees with 96 h by the header" in words for words in warnings)
    # without the administration in the header: with each other

    def unstated(dataset):
        for item in dataset.RadiopharmaceuticalInformationSequence:
            for name in ("RadiopharmaceuticalStartDateTime", "RadiopharmaceuticalStartTime"):
                if name in item:
                    delattr(item, name)

    def exchanged(content):
        for item, hours in zip(content["images"], HOURS, strict=True):
            name = f"unstated{hours:g}.dcm"
            phantom.writeWholeBody(case[0] / name, phantom.scanAt(hours), hours=hours, change=unstated)
            item["file"] = name
        content["images"][1]["hoursAfterAdministration"] = 24.0

    _rows, warnings = run(case, exchanged)
    assert any("of 24 h disagrees with 96 h by the headers, if image 1 (4 h) is right" in words for words in warnings)


def test_aTimeZoneOfOneAloneIsToldAndNotRefused(case):
    content = planarFile.readPlanarStudy(phantom.writePlanarFile(*case))
    _rows, warnings = planarSeries.planarSeries(content, start=datetime(2026, 5, 4, 10, tzinfo=timezone.utc))
    assert sum("cannot be compared with the header" in words for words in warnings) == 2


def test_viewsOfAnotherPatientThanTheStudyAreTold(case):
    content = planarFile.readPlanarStudy(phantom.writePlanarFile(*case))
    assert not any("of patient" in words for words in planarSeries.planarSeries(content, patientIds=["TEST"])[1])
    _rows, warnings = planarSeries.planarSeries(content, patientIds=["OTHER"])
    assert "The views are of patient TEST, the study's images of OTHER" in warnings


def test_speedInOtherUnitsIsTold(case):
    rows, warnings = run(case, other(case, setAttribute(ScanVelocity="22")))
    assert any("2458 mm at 22 mm/s take 111.7 s, and the file states a duration of 900 s" in words
               for words in warnings)
    assert rows[1]["activityMBq"] > 5 * phantom.activityMBq("kidney left", 96.0)


def test_anotherCameraIsTold(case):
    _rows, warnings = run(case, other(case, setAttribute(ManufacturerModelName="Camera B")))
    assert any("several cameras" in words and "Camera B" in words for words in warnings)


def test_pixelsOfDrawnRegionsAreAlike(case):
    def zoomed(content):
        other(case, setAttribute(PixelSpacing=[1.2, 1.2]))(content)
        drawn(content)

    assert "Regions drawn in pixels need images alike" in refusal(case, zoomed)
    assert len(run(case, drawn)[0]) == 2


def test_sidesAndWhichIsMirrored(case):
    exchanged = {"detectors": {"anterior": 2, "posterior": 1}}
    assert "is 'detector 2 (Posterior), main" in refusal(case, lambda d: (drawn(d), d.update(exchanged)))
    assert "fits it better the other way around" in refusal(
        case, lambda d: (drawn(d), d.update(isPosteriorMirrored=False)))
    assert "fits it better the other way around" in refusal(
        case, lambda d: d["orientation"].update(posterior="L\\F"))


def test_aCTThatEndsWithinTheBodyIsTold(case):
    """Its front planes cut away up to the liver: too little attenuation, and words on it."""
    ct, labels = phantom.body()
    first, last = np.flatnonzero((labels.array == 1).any(axis=(0, 2)))[[0, -1]]
    assert not any("the CT ends within the body" in words for words in run(case)[1])
    writeImage(ct.withArray(ct.array[:, :last + 1].copy()), str(case[0] / "cut.nrrd"))

    def cut(content):
        content.update(ct="cut.nrrd", regions=[{"name": "liver"}])

    rows, warnings = run(case, cut)
    assert any(words.startswith("liver: on ") and "the CT ends within the body" in words for words in warnings)
    assert rows[0]["activityMBq"] < 0.97 * phantom.activityMBq("liver", 4.0)


@pytest.mark.parametrize("change, words", [
    (lambda d: d["images"][1].update(file="scan4.dcm"), "holds the same counts as image 1 (4 h)"),
    (lambda d: d["detectors"].update(posterior=1), "One number stands for two (1, 1)"),
    (lambda d: d["windows"].update(lower=1), "One number stands for two (1, 1, 3)"),
    (lambda d: d["windows"].update(main="1"), "no numbers from 1 ('1', 2, 3)"),
    (lambda d: d["sensitivity"].update(cpsPerMBq=9.3e-6), "that of no gamma camera"),
    (lambda d: d.update(fieldOfViewLengthMM=40), "as no detector is"),
    (lambda d: d.update(names={**d["names"], "3": "liver"}), "Two labels have the same name"),
    (lambda d: d.update(names={**d["names"], "two": "organ"}), "not regions by their label"),
    (lambda d: d.update(names=["liver"]), "not regions by their label"),
    (lambda d: d["regions"][0].update(bodyFraction="a"), "bodyFraction is 'a'"),
    (lambda d: d["regions"][0].update(thicknessMM=9), "thickness is stated for a region of the CT"),
    (lambda d: d["images"][0].update(durationSeconds=900), "duration is stated for a whole-body scan"),
    (lambda d: d.update(ct="labels.nrrd"), "Nothing of the CT is as low as air"),
    (lambda d: (drawn(d), d["regions"][0]["transmission"].update(transmittedCounts="5")), "is not openCounts and"),
    (lambda d: (drawn(d), d["regions"][0].update(anterior=[[1, "a"], [2, 3], [4, 5]])), "'anterior' is no polygon"),
])
def test_filesThatAreRefused(case, change, words):
    assert words in refusal(case, change)


def test_aKeyThatStandsTwiceIsRefused(case, tmp_path, capsys):
    path = phantom.writePlanarFile(case[0], case[1])
    text = path.read_text(encoding="utf-8")
    again = '"hoursAfterAdministration": 4.0'
    assert again in text
    path.write_text(text.replace(again, f"{again}, {again.replace('4.0', '12.0')}"), encoding="utf-8")
    assert commandLine.main(["planar", str(path), "--out", str(tmp_path / "out.csv")]) == 2
    assert "'hoursAfterAdministration' is given twice in one object" in capsys.readouterr().err
    assert not (tmp_path / "out.csv").exists()

"""All scans of a folder and all loaded ones: pairs with their CT, what is left out and why, all or none."""

import datetime
import os
import shutil

import numpy as np
import pytest

pytest.importorskip("slicer", reason="the workflow needs slicer-core")

from dicomExamples import changed, writeCTExample, writePETExample, writePlanarExample, writeSpectExample

from MRTDosimetryLib.errors import CanceledError, InputError
from MRTDosimetryLib.imaging.volume import Volume
from MRTDosimetryLib.scene import headless
from MRTDosimetryLib.scene.study import Study
from MRTDosimetryLib.workflow import foundScans, protocol, scanFolder, scanPairing


@pytest.fixture
def study():
    made = Study.create(headless.newScene(), "Cycle 1")
    protocol.setProtocol(made, "lutetiumDotatate.multiTimePoint", "Lu-177")
    return made


def ctAround():
    """A CT that covers the SPECT of the examples."""
    matrix = np.diag([-10.0, -10.0, 10.0, 1.0])
    matrix[:3, 3] = 140, 120, -230
    return Volume(np.zeros((8, 12, 12), np.int16), matrix, "[hnsf'U]", "CT")


def setAll(dataset, **values):
    for keyword, value in values.items():
        setattr(dataset, keyword, value)


def writeScan(folder, number, day, frame=None, patient="TEST", studyUID=None):
    """SPECT and CT of one day in a folder of their own."""
    folder.mkdir(parents=True, exist_ok=True)
    frame, studyUID = frame or f"2.25.5{number}", studyUID or f"2.25.6{number}"
    common = {"FrameOfReferenceUID": frame, "StudyInstanceUID": studyUID, "PatientID": patient,
              "AcquisitionDate": day, "StudyDate": day, "SeriesDate": day, "ContentDate": day}
    spect = changed(writeSpectExample(folder / "spect.dcm", f"2.25.7{number}"), lambda d: setAll(
        d, **common, SOPInstanceUID=f"2.25.9{number}", SeriesDescription=f"SPECT {number}"))
    for path in writeCTExample(folder / "ct", f"2.25.8{number}", ctAround()):
        changed(path, lambda d: setAll(d, **common, SeriesDescription=f"CT {number}"))
    return spect


def summary(found):
    return [(scan.identity.title, None if scan.timeHours is None else round(scan.timeHours), found.ctTitle(scan),
             scan.isWanted) for scan in found.scans]


def stateOf(study):
    scene = study.scene
    nodes = sorted(scene.GetNthNode(index).GetID() for index in range(scene.GetNumberOfNodes()))
    return nodes, study.choices(), [point.facts for point in study.timePoints]


def testEveryScanOfAFolderWithItsCT(study, tmp_path):
    for number, day in ((1, "20260505"), (2, "20260506"), (3, "20260508")):
        writeScan(tmp_path / f"scan{number}", number, day)
    found = scanFolder.find(study, [str(tmp_path)])
    assert summary(found) == [("SPECT 1", 24, "CT 1", True), ("SPECT 2", 48, "CT 2", True),
                              ("SPECT 3", 96, "CT 3", True)]
    assert study.timePoints == [], "only looked at"
    assert found.scans[0].words == ["CT: same frame of reference"] and found.words == []
    added = foundScans.addWanted(study, found)
    assert [point.label for point in added] == ["24 h", "48 h", "96 h"]
    for point, number in zip(study.timePoints, (1, 2, 3), strict=True):
        assert point.factValue("seriesDescription") == f"SPECT {number}"
        assert point.ctNode.GetName().startswith("CT ")
        assert point.factValue("ctFrameOfReferenceUID") == point.factValue("frameOfReferenceUID") == f"2.25.5{number}"
        assert point.fact("timeAfterAdministrationHours")["source"] == "DICOM"
    again = scanFolder.find(study, [str(tmp_path)])
    assert [scan.refusal for scan in again.scans] == ["It is a time point of the study already"] * 3
    with pytest.raises(InputError, match="No scan is ticked"):
        foundScans.addWanted(study, again)


def testAFileStandsForItsSeries(study, tmp_path):
    spect = writeScan(tmp_path / "a", 1, "20260505")
    writeScan(tmp_path / "b", 2, "20260506")
    found = scanFolder.find(study, [spect, str(tmp_path / "a" / "ct")])
    assert summary(found) == [("SPECT 1", 24, "CT 1", True)]
    both = scanFolder.find(study, [spect, str(tmp_path / "a")])
    assert summary(both) == [("SPECT 1", 24, "CT 1", True)], "met twice, counted once"
    with pytest.raises(InputError, match="no such file or folder"):
        scanFolder.find(study, [str(tmp_path / "absent")])
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no DICOM images"):
        scanFolder.find(study, [str(tmp_path / "empty")])


def testTwoCTsOfOneScanAreLeftToTheUser(study, tmp_path):
    writeScan(tmp_path, 1, "20260505")
    for path in writeCTExample(tmp_path / "lung", "2.25.444", ctAround()):
        changed(path, lambda d: setAll(d, FrameOfReferenceUID="2.25.51", StudyInstanceUID="2.25.61",
                                       SeriesDescription="CT lung"))
    found = scanFolder.find(study, [str(tmp_path)])
    scan, = found.scans
    assert scan.ct is None and not scan.isWanted and not scan.canBeAdded
    assert scan.words[0].startswith("2 CTs fit (same frame of reference)") and "CT lung" in scan.words[0]
    place = next(place for place, title in found.ctChoices() if title.startswith("CT 1"))
    found.chooseCT(scan, place)
    assert scan.isWanted
    point, = foundScans.addWanted(study, found)
    assert point.ctNode is not None


def testOneCTForAllScansIsAskedFor(study, tmp_path):
    for number, day in ((1, "20260505"), (2, "20260506")):
        writeScan(tmp_path / f"{number}", number, day)
    shutil.rmtree(tmp_path / "2" / "ct")
    found = scanFolder.find(study, [str(tmp_path)])
    assert summary(found) == [("SPECT 1", 24, "CT 1", True), ("SPECT 2", 48, "", False)]
    assert "more than 12 h away" in found.scans[1].words[0]
    found.chooseCT(found.scans[1], foundScans.NO_CT)
    first, second = foundScans.addWanted(study, found)
    assert first.ctNode is not None and second.ctNode is None


def testACTIsThatOfOneVisit(study, tmp_path):
    for number in (1, 2):
        writeScan(tmp_path / f"{number}", number, "20260505", "2.25.5", studyUID="2.25.6")
    shutil.rmtree(tmp_path / "2" / "ct")
    changed(str(tmp_path / "2" / "spect.dcm"), lambda d: setAll(d, AcquisitionTime="150000"))
    found = scanFolder.find(study, [str(tmp_path)])
    assert [(scan.isWanted, scan.ct) for scan in found.scans] == [(False, None)] * 2
    assert all(scan.words == ['The CT "CT 1" would be that of several scans. Choose one, or none']
               for scan in found.scans)


def testNoCTAtAllIsSaid(study, tmp_path):
    writeScan(tmp_path, 1, "20260505")
    shutil.rmtree(tmp_path / "ct")
    scan, = scanFolder.find(study, [str(tmp_path)]).scans
    assert scan.isWanted and scan.ct == foundScans.NO_CT and scan.words == ["No CT was found"]


def testTwoReconstructionsOfOneScanAreLeftToTheUser(study, tmp_path):
    writeScan(tmp_path, 1, "20260505")
    shutil.copy(tmp_path / "spect.dcm", tmp_path / "uncorrected.dcm")
    changed(str(tmp_path / "uncorrected.dcm"), lambda d: setAll(
        d, SOPInstanceUID="2.25.123", SeriesInstanceUID="2.25.124", SeriesDescription="NAC"))
    found = scanFolder.find(study, [str(tmp_path)])
    listed = [(scan.isWanted, scan.canBeAdded, found.ctTitle(scan)) for scan in found.scans]
    assert listed == [(False, True, "CT 1")] * 2
    assert all("Acquired within an hour of" in scan.words[1] for scan in found.scans)


def testPatientsAreNotMixed(study, tmp_path):
    writeScan(tmp_path / "1", 1, "20260505")
    writeScan(tmp_path / "2", 2, "20260506", patient="OTHER")
    found = scanFolder.find(study, [str(tmp_path)])
    assert not any(scan.canBeAdded for scan in found.scans)
    assert found.words == ["The images are of several patients: OTHER, TEST."]
    study.setChoice("patient", {"name": "", "id": "TEST"})
    found = scanFolder.find(study, [str(tmp_path)])
    assert summary(found) == [("SPECT 1", 24, "CT 1", True), ("SPECT 2", 48, "", False)]
    assert found.scans[1].refusal == "Of another patient: OTHER, the study has TEST"
    study.setChoice("patient", {"name": "", "id": "ELSE"})
    found = scanFolder.find(study, [str(tmp_path / "1")])
    assert found.scans[0].isWanted and "check that they are the same" in found.words[0]


def testWhatIsNoScanIsSaid(study, tmp_path):
    writeScan(tmp_path, 1, "20260505")
    writePlanarExample(tmp_path / "planar.dcm")
    found = scanFolder.find(study, [str(tmp_path)])
    refused = [scan for scan in found.scans if scan.refusal]
    assert len(refused) == 1 and "planar whole-body image, not a volume" in refused[0].refusal
    assert [scan.isWanted for scan in found.scans] == [True, False]


def testCountsNeedTheirCalibration(study, tmp_path):
    spect = writeScan(tmp_path, 1, "20260505")

    def toCounts(dataset):
        del dataset.RealWorldValueMappingSequence, dataset.RescaleSlope, dataset.RescaleIntercept, dataset.Units

    changed(spect, toCounts)
    scan, = scanFolder.find(study, [str(tmp_path)]).scans
    assert "in counts and no calibration factor" in scan.refusal
    found = scanFolder.find(study, [str(tmp_path)], 12.5)
    assert found.scans[0].isWanted
    point, = foundScans.addWanted(study, found)
    assert point.factValue("calibrationFactorBqPerCps") == 12.5 and point.factValue("unit") == "counts"


def testTimeBeforeTheAdministrationIsRefused(study, tmp_path):
    writeScan(tmp_path, 1, "20260504")
    protocol.setAdministration(study, 7400.0, "2026-05-04T12:00:00")
    scan, = scanFolder.find(study, [str(tmp_path)]).scans
    assert not scan.canBeAdded and "has to be above zero" in scan.refusal


def testPETIsAScanToo(study, tmp_path):
    protocol.setProtocol(study, None, "Y-90")
    writePETExample(tmp_path / "pet")
    scan, = scanFolder.find(study, [str(tmp_path)]).scans
    assert scan.isWanted and scan.timeHours == pytest.approx(0.75)


def testOneThatFailsOrCancelLeavesTheStudyAsItWas(study, tmp_path):
    for number, day in ((1, "20260505"), (2, "20260506")):
        writeScan(tmp_path / f"{number}", number, day)
    found, before = scanFolder.find(study, [str(tmp_path)]), stateOf(study)

    def cancel(fraction, message=""):
        if fraction > 0.4:
            raise CanceledError()

    with pytest.raises(CanceledError):
        foundScans.addWanted(study, found, cancel)
    assert stateOf(study) == before
    os.remove(tmp_path / "2" / "ct" / sorted(os.listdir(tmp_path / "2" / "ct"))[2])
    with pytest.raises(InputError):
        foundScans.addWanted(study, found)
    assert stateOf(study) == before
    with pytest.raises(CanceledError):
        scanFolder.find(study, [str(tmp_path)], None, cancel)


def moment(hour, day=5):
    return datetime.datetime(2026, 5, day, hour)


@pytest.mark.parametrize("cts, expected, words", [
    # what states most counts first: frame of reference, then study, then time
    ([("A", "", "f", 9), ("A", "s", "g", 10)], 0, "same frame of reference"),
    ([("A", "s", "g", 9), ("A", "t", "h", 10)], 0, "same DICOM study"),
    ([("A", "t", "g", 11), ("A", "t", "h", 20)], 0, "taken at the same time"),
    ([("A", "s", "f", 9), ("A", "t", "f", 9)], 0, "same frame of reference"),
    ([("B", "s", "f", 9)], None, "No CT was found"),
    ([("A", "t", "g", 15)], None, "No CT states that it belongs"),
    ([("", "t", "g", 10)], None, "No CT states that it belongs"),
    ([("A", "s", "g", 9), ("A", "s", "h", 10)], None, "2 CTs fit (same DICOM study)"),
])
def testPairs(cts, expected, words):
    emission = scanPairing.Identity("SPECT", "A", "s", "1", "f", moment(10))
    identities = [scanPairing.Identity(f"CT {place}", patient, study, str(place), frame, moment(hour))
                  for place, (patient, study, frame, hour) in enumerate(cts)]
    found = scanPairing.pair(emission, identities)
    assert found.ct == expected and words in found.words

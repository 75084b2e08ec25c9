"""A record repeats its study bit for bit, also one that was built by hand from volumes of the scene."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from caseFiles import writeStudy
from movedStudy import addMovedStudy
from recordCases import comparable, numbersAlone, obliqueMatrix, recordOf, requireSameNumbers, writeByHand
from repositoryTree import REPOSITORY

from MRTDosimetryLib import commandLine
from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.imaging.volume import Volume
from MRTDosimetryLib.scene import keptImages, segmentLayers, volumes
from MRTDosimetryLib.scene.headless import newScene
from MRTDosimetryLib.scene.study import Study
from MRTDosimetryLib.workflow import report, stages
from MRTDosimetryLib.workflow.regionMasks import segmentationNode


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    numbersAlone(monkeypatch)

pytestmark = pytest.mark.usefixtures("allWithoutPictures")


def repeat(folder, again):
    assert commandLine.main(["run", str(folder / "record.json"), "--out", str(again)]) == 0
    return comparable(again)


@pytest.fixture(scope="module")
def byHand(tmp_path_factory):
    folder = tmp_path_factory.mktemp("byHand") / "out"
    with pytest.MonkeyPatch.context() as monkeypatch:
        numbersAlone(monkeypatch)
        writeByHand(folder)
    return folder


def test_studyBuiltByHandIsRepeatedBitForBit(byHand, tmp_path):
    assert repeat(byHand, tmp_path / "again") == comparable(byHand)
    first, second = recordOf(byHand), recordOf(tmp_path / "again")
    assert {key: stage["digest"] for key, stage in first["stages"].items() if key in ("kinetics", "dose")} \
        == {key: stage["digest"] for key, stage in second["stages"].items() if key in ("kinetics", "dose")}
    assert first["overrides"] == second["overrides"]


def test_recordOfAStudyBuiltByHandSaysAll(byHand):
    content = recordOf(byHand)
    study = content["study"]
    assert study["regions"]["segmentation"] == "inputs/regions.seg.nrrd" and study["registration"] == "rigid"
    assert [point["spect"] for point in study["timePoints"]] == [f"inputs/spect{n}.nrrd" for n in (1, 2, 3)]
    assert study["timePoints"][1]["registration"]["isAccepted"] is True
    assert study["kinetics"]["excludedPoints"]["liver"][0]["reason"] == "dead time"
    assert study["choices"]["doseDisplay"]["isodoseLevelsGy"] == [0.5, 1.0]
    assert {"clock was slow", "dead time"} <= {entry["reason"] for entry in content["overrides"]}
    kinds = [entry["kind"] for entry in content["log"]]
    assert {"override", "exclusion", "registration", "signOff", "stage", "record"} == set(kinds)
    assert sorted(item["path"] for item in content["inputs"]) == [
        "inputs/ct1.nrrd", "inputs/ct2.nrrd", "inputs/ct3.nrrd", "inputs/regions.seg.nrrd", "inputs/spect1.nrrd",
        "inputs/spect2.nrrd", "inputs/spect3.nrrd"]


def test_signedRegionsOfARecordStaySignedAsLongAsTheyAreTheSame(byHand, tmp_path):
    repeat(byHand, tmp_path / "again")
    rows = json.loads((tmp_path / "again" / "results.json").read_text(encoding="utf-8"))["signOff"]["regions"]
    assert rows[0]["verified"]["name"] == "Reader One" and rows[0]["state"] == "verified" and rows[1]["state"] == "open"


def test_signaturesOfAnEditedRecordAreNotTakenOver(byHand, tmp_path):
    shutil.copytree(byHand, tmp_path / "edited")
    content = recordOf(byHand)
    for entries in content["study"]["regions"]["kept"]["signOff"].values():
        entries["verified"]["name"] = "Somebody Else"
    (tmp_path / "edited" / "record.json").write_text(json.dumps(content), encoding="utf-8")
    repeat(tmp_path / "edited", tmp_path / "again")
    results = json.loads((tmp_path / "again" / "results.json").read_text(encoding="utf-8"))
    assert [row["state"] for row in results["signOff"]["regions"]] == ["open", "open"]
    assert "liver: verified by Somebody Else (physician) is not taken over: the record was edited since." \
        in results["warnings"]


def test_nobodySignsByWritingAStudyFile(byHand, tmp_path, capfd):
    study = recordOf(byHand)["study"]
    for item in study["timePoints"]:
        item.update(spect=str(byHand / item["spect"]), ct=str(byHand / item["ct"]))
    study["regions"]["segmentation"] = str(byHand / "inputs" / "regions.seg.nrrd")
    path = tmp_path / "study.json"
    path.write_text(json.dumps(study), encoding="utf-8")
    assert commandLine.main(["run", str(path), "--out", str(tmp_path / "out")]) == 2
    assert "cannot be signed in a study file" in capfd.readouterr().err
    del study["regions"]["kept"]["signOff"]
    path.write_text(json.dumps(study), encoding="utf-8")
    assert commandLine.main(["run", str(path), "--out", str(tmp_path / "out")]) == 0
    assert comparable(tmp_path / "out") == comparable(byHand)


def test_scansFromFilesStayFilesAndAnExcludedOneStaysOut(tmp_path):
    from MRTDosimetryLib.workflow import protocol, registration, segmentation, timePoints

    writeStudy(tmp_path)
    study = Study.create(newScene(), "Files")
    protocol.setProtocol(study, None, "Lu-177")
    protocol.setAdministration(study, 7400, "2026-05-04T10:00:00")
    registration.setKind(study, "none")
    for number, hours in enumerate((4.0, 24.0, 96.0, 168.0), 1):
        timePoints.addFromFiles(study, str(tmp_path / f"spect{number}.nrrd"), str(tmp_path / "ct.nrrd"), "Bq/mL", hours)
    timePoints.setExcluded(study, study.timePoints[3], True, "patient moved")
    segmentation.addFromLabelmap(study, str(tmp_path / "labels.nrrd"), {1: "liver"}, study.timePoints[1])
    report.setFolder(study, str(tmp_path / "out"))
    stages.runStale(study)
    content = recordOf(tmp_path / "out")
    assert content["study"]["timePoints"][0]["spect"] == str(tmp_path / "spect1.nrrd")
    assert content["study"]["timePoints"][3]["excluded"] == {"reason": "patient moved"}
    assert content["study"]["regions"]["kept"]["unnamedLabels"] == [3] and content["study"]["regions"]["timePoint"] == 1
    assert repeat(tmp_path / "out", tmp_path / "again") == comparable(tmp_path / "out")
    warnings = json.loads(comparable(tmp_path / "again"))["warnings"]
    assert any("Labels without a name" in words for words in warnings)


def test_everyBitOfImagesAndRegionsComesBack(tmp_path):
    scene, matrix = newScene(), obliqueMatrix()
    first, second = np.zeros((20, 22, 24), np.uint8), np.zeros((20, 22, 24), np.uint8)
    first[3:9, 4:10, 5:12], first[12:18, 10:14, 2:9], second[3:6, 4:18, 5:8] = 1, 2, 1
    parts = [(Volume(first, matrix), {1: "liver", 2: "kidney left"}), (Volume(second, matrix), {1: "lesion 1"})]
    node = segmentLayers.segmentationFromLayers(scene, parts, "R")
    path, layers = keptImages.writeRegions(node, str(tmp_path / "regions"))  # which reads back and compares
    assert path.endswith("regions.seg.nrrd") and len(layers) == 2
    layers[0]["origin"][0] += 5.0
    with pytest.raises(InputError, match="lie elsewhere"):
        keptImages.readRegions(scene, path, layers)
    image = volumes.addVolume(scene, Volume(np.random.default_rng(0).random((4, 5, 6)).astype(np.float32), matrix,
                                            "Bq/mL", "v"), "activityConcentration")
    geometry = keptImages.writeVolume(image, str(tmp_path / "v.nrrd"))
    again = keptImages.readVolume(scene, str(tmp_path / "v.nrrd"), "v", "activityConcentration", "Bq/mL", geometry)
    assert np.array_equal(volumes.ijkToRASOf(image), volumes.ijkToRASOf(again))
    assert np.array_equal(volumes.volumeFromNode(image).array, volumes.volumeFromNode(again).array)
    geometry["spacing"][0] *= 1.1
    with pytest.raises(InputError, match="lies elsewhere"):
        keptImages.readVolume(scene, str(tmp_path / "v.nrrd"), "v", "activityConcentration", "Bq/mL", geometry)


def externalMap(study):
    """A map that another program made, a volume of the scene in double precision."""
    from MRTDosimetryLib.workflow import doseOptions, externalDose

    image = np.random.default_rng(0).random(volumes.volumeFromNode(study.timePoints[0].spectNode).array.shape)
    geometry = volumes.volumeFromNode(study.timePoints[0].spectNode).ijkToRAS
    node = volumes.addVolume(study.scene, Volume(image, geometry, "mGy/h", "Other"), "absorbedDoseRate")
    externalDose.setVolume(study, node, "absorbedDoseRate", "mGy/h", 24.0)
    doseOptions.setComparison(study, ["external"])


def planarCounts(study):
    """One scan, and counts of planar views typed in."""
    from MRTDosimetryLib.workflow import statements, timePoints

    for timePoint in study.timePoints[1:]:
        timePoints.setExcluded(study, timePoint, True, "planar views only")
    statements.setStatement(study, "measurements.planar", [
        {"timeHours": hours, "region": region, "counts": 1e4 * 2 ** (-hours / halfLife), "uncertaintyCounts": 50.0}
        for region, halfLife in (("liver", 60.0), ("kidney left", 45.0)) for hours in (4.0, 24.0, 96.0)])


def statedByHand(study):
    """What is typed on the pages, each with who says so and why."""
    from MRTDosimetryLib.workflow import administrationEntry, reporting, statements

    reporting.change(study, indication="Follow-up", bodySurfaceAreaM2=1.9)
    statements.setStatement(study, "patient", {"massKg": 70.0, "sex": "female"}, "DICOM", "weighed again", "0010,1030")
    statements.setStatement(study, "earlierCycles", [
        {"cycle": 1, "administeredActivityMBq": 7400, "regions": {"kidney left": {"absorbedDoseGy": 4.3}}},
        {"cycle": 2, "administeredActivityMBq": 7400, "isImaged": False}])
    administrationEntry.change(study, reason="meter 2", measuredActivityMBq=7500.0, residualActivityMBq=60.0,
                               dateTime="2026-05-04T10:00:00", measuredDateTime="2026-05-04T09:00:00")


def movedRegions(study):
    """Regions below a transform, and names as a user types them."""
    node = segmentationNode(study)
    transform = study.scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "Moved")
    matrix = np.eye(4)
    matrix[:3, 3] = [2.5, -1.3, 0.7]
    transform.SetMatrixTransformToParent(volumes.matrixToVTK(matrix))
    node.SetAndObserveTransformNodeID(transform.GetID())
    node.GetSegmentation().GetNthSegment(0).SetName("liver, \u00e4 / b")


@pytest.mark.parametrize("change", [externalMap, planarCounts, statedByHand, movedRegions])
def test_whatWasStatedByHandIsRepeatedWithItsOrigins(tmp_path, change):
    study = addMovedStudy(newScene(), "By hand")
    change(study)
    report.setFolder(study, str(tmp_path / "out"))
    stages.runStale(study)
    (tmp_path / "out").rename(tmp_path / "elsewhere")
    assert commandLine.main(["run", str(tmp_path / "elsewhere" / "record.json"), "--out", str(tmp_path / "again")]) == 0
    requireSameNumbers(tmp_path / "elsewhere", tmp_path / "again")
    assert (tmp_path / "elsewhere" / "results.json").read_bytes() == (tmp_path / "again" / "results.json").read_bytes()
    assert commandLine.main(["verify", str(tmp_path / "elsewhere")]) == 0


@pytest.mark.parametrize("origins", [[], {"all": {}}, {"statements": {"patient": {"source": "me"}}},
                                     {"statements": {"patient": 1}}, {"administration": {"reason": 1}}])
def test_damagedOriginsAreRefused(origins):
    from MRTDosimetryLib.workflow import protocol, statedOrigins, statements

    study = Study.create(newScene(), "Origins")
    protocol.setProtocol(study, None, "Lu-177")
    protocol.setAdministration(study, 7400)
    statements.setStatement(study, "patient", {"massKg": 70.0})
    with pytest.raises(InputError, match="rigin"):
        statedOrigins.restore(study, origins)


@pytest.fixture(scope="module")
def everyKind(tmp_path_factory):
    """A study whose log holds an entry of each kind, with its result files."""
    from MRTDosimetryLib.workflow import radiobiologyOptions, reportSignOff, signOff, timePoints

    folder = tmp_path_factory.mktemp("kinds") / "out"

    def change(study):
        timePoints.setExcluded(study, study.timePoints[2], True, "patient moved")
        timePoints.setExcluded(study, study.timePoints[2], False)
        radiobiologyOptions.setParameters(study, "kidney", {"alphaBetaGy": 2.1, "source": "own cohort"})

    with pytest.MonkeyPatch.context() as monkeypatch:
        numbersAlone(monkeypatch)
        study = writeByHand(folder, change=change)
        segmentID = segmentationNode(study).GetSegmentation().GetNthSegmentID(1)
        signOff.sign(study, segmentID, signOff.DRAFTED, "technologist", "Reader Two", "2026-05-12T08:00:00+02:00")
        signOff.withdraw(study, segmentID, signOff.DRAFTED)
        reportSignOff.sign(study, "medicalPhysicsExpert", "Reader Three", "2026-05-12T09:30:00+02:00", "physicist")
        report.setFolder(study, str(folder))
        stages.runStale(study)
    return folder


def entryOf(content, kind, words=""):
    """The last entry of a kind that is about something."""
    return [entry for entry in content["log"] if entry["kind"] == kind and words in entry["what"]][-1]


def test_everyOverrideAndSignatureIsInTheRecordWithReasonPersonAndTime(everyKind):
    content = recordOf(everyKind)
    overridden = {row["what"]: (row["from"], row["to"], row["reason"]) for row in content["overrides"]}
    assert (96.0, 95.25, "clock was slow") in overridden.values()
    assert overridden["kidney: alpha/beta"][1:] == ("2.1 Gy", "source: own cohort")
    assert entryOf(content, "override", "kidney: alpha/beta")["after"] == "2.1 Gy"
    assert entryOf(content, "override", "timeAfter")["reason"] == "clock was slow"
    assert entryOf(content, "exclusion", "time point")["reason"] == "patient moved"
    assert entryOf(content, "exclusion", "liver")["after"][0]["reason"] == "dead time"
    signed = {(entry["name"], entry["role"]): entry["signedAt"] for entry in content["log"]
              if entry["kind"] == "signOff"}
    assert signed[("Reader Two", "technologist")] == "2026-05-12T08:00:00+02:00"
    assert signed[("Reader Three", "physicist")] == "2026-05-12T09:30:00+02:00"
    assert signed[("Reader One", "physician")] and entryOf(content, "withdrawal")["name"] == "Reader Two"
    assert all(entry["time"] for entry in content["log"])


KINDS = ("override", "exclusion", "inclusion", "registration", "signOff", "withdrawal", "stage", "record")


@pytest.mark.parametrize("kind", KINDS)
def test_anEditOfAnEntryOfEachKindShows(everyKind, tmp_path, kind):
    from MRTDosimetryLib.workflow import hashChain, recordVerify

    content = recordOf(everyKind)
    assert {entry["kind"] for entry in content["log"]} == set(KINDS) and recordVerify.verify(everyKind)["isIntact"]
    place = next(index for index, entry in enumerate(content["log"]) if entry["kind"] == kind)
    for key in set(content["log"][place]) - {"hash", "previous", "number"}:
        edited = json.loads(json.dumps(content["log"]))
        edited[place][key] = "edited"
        assert any(words.startswith(f"Entry {place + 1} of the log (") and words.endswith("was edited")
                   for words in hashChain.faultWords(edited)), key
        # an editor who computes the hash of the entry anew is told by the next one, or by the seal of the record
        edited[place]["hash"] = hashChain.sha256Of({k: v for k, v in edited[place].items() if k != "hash"})
        (tmp_path / "record.json").write_text(json.dumps({**content, "log": edited}), encoding="utf-8")
        found = recordVerify.verify(tmp_path)["edited"]
        assert "The part 'log' of the record was edited" in found
        assert place + 1 == len(edited) or any("does not follow on the one before" in words for words in found)


_COMPUTE = """
import json, sys
from MRTDosimetryLib.workflow import job, outputs, studyFile
study, _inputs = job.computeStudy(studyFile.readStudyFile(sys.argv[1])[0])
print(json.dumps(outputs.finalResults(study), sort_keys=True))
"""


def test_coresTimeZoneAndOrderOfSetsMoveNoBit(tmp_path):
    def change(description):
        description["kinetics"]["perVoxel"] = True
        description["dose"].update(engine=["localDeposition", "voxelS"])

    study, found = writeStudy(tmp_path, change=change), []
    for threads, seed, zone in (("1", "1", "UTC"), ("2", "2", "Asia/Tokyo")):
        environment = {**os.environ, "PYTHONPATH": REPOSITORY, "OMP_NUM_THREADS": threads, "PYTHONHASHSEED": seed,
                       "OPENBLAS_NUM_THREADS": threads, "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS": threads, "TZ": zone}
        found.append(subprocess.run([sys.executable, "-c", _COMPUTE, str(study)], env=environment, check=True,
                                    stdout=subprocess.PIPE, text=True).stdout)
    isSame = found[0] == found[1]  # not shown digit by digit
    assert json.loads(found[0])["regions"][0]["absorbedDoseGy"] > 0 and isSame

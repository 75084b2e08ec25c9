"""A record repeats its study bit for bit, also one that was built by hand from volumes of the scene."""

import json

import numpy as np
import pytest
from caseFiles import writeStudy
from recordCases import comparable, obliqueMatrix, recordOf, writeByHand

from MRTDosimetryLib import commandLine
from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.imaging.volume import Volume
from MRTDosimetryLib.scene import keptImages, segmentLayers, volumes
from MRTDosimetryLib.scene.headless import newScene


def repeat(folder, again):
    assert commandLine.main(["run", str(folder / "record.json"), "--out", str(again)]) == 0
    return comparable(again)


@pytest.fixture(scope="module")
def byHand(tmp_path_factory):
    folder = tmp_path_factory.mktemp("byHand") / "out"
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
    from MRTDosimetryLib.scene.study import Study
    from MRTDosimetryLib.workflow import protocol, registration, report, segmentation, stages, timePoints

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


# Those without images, and one of the digital patient; its others differ in what they state.
EXAMPLES = ("iodineMibg.wholeBody", "lutetiumDotatate.hybrid", "thyroidCancerIodine.bloodDose",
            "thyroidCancerIodine.wholeBodySinglePoint", "thyroidIodine.lateUptake", "thyroidIodine.multipleUptakes")


@pytest.fixture(scope="module")
def patient(tmp_path_factory):
    """Folder with the small digital patient."""
    from MRTDosimetryLib.workflow.demo import writePatient

    folder = tmp_path_factory.mktemp("examples")
    writePatient(str(folder / "patient"), "small")
    return folder


@pytest.mark.parametrize("name", EXAMPLES)
def test_everyExampleIsRepeatedBitForBitAlsoAsBuiltInTheModule(patient, name):
    import shutil

    from MRTDosimetryLib.resources import resourcePath
    from MRTDosimetryLib.scene.study import Study
    from MRTDosimetryLib.workflow import report, stages, studyFile

    path, out = patient / f"{name}.json", patient / name
    shutil.copy(resourcePath("Protocols", "examples", f"{name}.json"), path)
    assert commandLine.main(["run", str(path), "--out", str(out / "run")]) == 0
    assert repeat(out / "run", out / "repeated") == comparable(out / "run")
    description, _recorded = studyFile.readStudyFile(str(path))
    study = Study.create(newScene(), description.get("name") or "Study")
    studyFile.applyStudy(study, description)
    report.setFolder(study, str(out / "module"))
    stages.runStale(study)
    assert comparable(out / "module") == comparable(out / "run")
    assert repeat(out / "module", out / "moduleRepeated") == comparable(out / "run")
    assert commandLine.main(["verify", str(out / "module")]) == 0

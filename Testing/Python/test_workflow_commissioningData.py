"""Commissioning on downloaded data sets: a reference is run, held against its numbers, and refused when damaged."""

import json
import shutil
import types

import challengeFiles
import pytest
from caseFiles import writeStudy

from MRTDosimetryLib import commandLine
from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.resources import resourcePath
from MRTDosimetryLib.scene import headless
from MRTDosimetryLib.workflow import (
    commissioning,
    commissioningCasesPublic,
    commissioningReferences,
    publicChallenge,
)


def quantity(name, values, tolerance=0.02, **more):
    return {"quantity": name, "source": "Made up for the test", "tolerance": tolerance, "isRelative": True,
            "toleranceReason": "voxels", "values": values, **more}


def reference(folder, quantities, study="study.json", **more):
    content = {"kind": "commissioning reference", "schemaVersion": 1, "title": "Small study", "study": study,
               "quantities": quantities, **more}
    (folder / "reference.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


@pytest.fixture
def thyroid(tmp_path):
    """A study without images, whose activity is known: 332.04 MBq for 200 Gy to 20 g."""
    folder = tmp_path / "data" / "thyroid"
    folder.mkdir(parents=True)
    shutil.copy(resourcePath("Protocols", "examples", "thyroidIodine.multipleUptakes.json"), folder / "study.json")
    return reference(folder, [quantity("therapy.prescribedActivityMBq", {"activity": 332.04}, 1e-3)])


def onlyPublic(monkeypatch):
    monkeypatch.setattr(commissioning, "CHECKS", commissioningCasesPublic.CHECKS)


def run(tmp_path, data):
    status = commandLine.main(["check", "--out", str(tmp_path / "out"), "--data", str(data)])
    return status, json.loads((tmp_path / "out" / "commissioning.json").read_text(encoding="utf-8"))["cases"]


def test_withoutDataTheyAreNotRun(tmp_path, monkeypatch):
    onlyPublic(monkeypatch)
    assert commandLine.main(["check", "--out", str(tmp_path / "out")]) == 0
    content = json.loads((tmp_path / "out" / "commissioning.json").read_text(encoding="utf-8"))
    assert [case["status"] for case in content["cases"]] == ["not run"] * 2
    assert content["overall"]["optionalNotRun"] == 2 and "SNMMI" in content["cases"][0]["name"]
    assert publicChallenge.ADDRESS in content["cases"][0]["problem"]


def test_twoDataSetsAreRunAndHeldAgainstTheirNumbers(tmp_path, monkeypatch, thyroid):
    onlyPublic(monkeypatch)
    folder = tmp_path / "data" / "organs"
    folder.mkdir()
    writeStudy(folder)
    # 400 MBq and 120 MBq with effective half-lives of 70 h and 50 h
    reference(folder, [quantity("timeIntegratedActivityMBqH", {"liver": 40395.5, "kidney left": 8656.2}, 1e-3),
                       quantity("effectiveHalfLifeHours", {"liver": 70.0, "kidney left": 55.0}),
                       quantity("dvh.D50Gy", {"spleen": 1.0})])
    status, cases = run(tmp_path, tmp_path / "data")
    assert status == 1
    found = {case["key"]: case for case in cases}
    area = found["public.organs.timeIntegratedActivityMBqH"]
    assert area["status"] == "PASS" and area["unit"] == "MBq h" and len(area["details"]) == 2
    wrong = found["public.organs.effectiveHalfLifeHours"]
    assert wrong["status"] == "FAIL" and wrong["note"] == "worst of 2: kidney left"
    assert wrong["computed"] == pytest.approx(50.0, rel=1e-3) and wrong["quantity"] == "effective half life"
    absent = found["public.organs.dvh.D50Gy"]
    assert absent["status"] == "not run" and "no region 'spleen'" in absent["problem"] and not absent["isOptional"]
    activity = found["public.thyroid.therapy.prescribedActivityMBq"]
    assert activity["status"] == "PASS" and activity["source"] == "Made up for the test"


def test_insideTheApplicationItsSceneStaysAsItIs(tmp_path, monkeypatch):
    """The whole job runs in a scene beside that of the application, which the user works in."""
    import slicer

    onlyPublic(monkeypatch)
    folder = tmp_path / "organs"
    folder.mkdir()
    writeStudy(folder)
    reference(folder, [quantity("timeIntegratedActivityMBqH", {"liver": 40395.5, "kidney left": 8656.2}, 1e-3)])
    scene = headless.newScene()
    application = types.SimpleNamespace(temporaryPath=str(tmp_path), applicationVersion="5.12",
                                        layoutManager=lambda: None, applicationLogic=slicer.app.applicationLogic)
    monkeypatch.setattr(slicer, "app", application)
    count = scene.GetNumberOfNodes()
    assert headless.isApplication()
    status, cases = run(tmp_path, folder)
    assert status == 0 and cases[0]["status"] == "PASS"
    assert slicer.mrmlScene is scene and slicer.app is application and scene.GetNumberOfNodes() == count


def test_oneDataSetByItsOwnFolder(tmp_path, monkeypatch, thyroid):
    onlyPublic(monkeypatch)
    status, cases = run(tmp_path, thyroid)
    assert status == 0 and [case["status"] for case in cases] == ["PASS", "not run"]
    assert cases[1]["key"] == "public.snmmi" and cases[1]["isOptional"], "the known set that is not in the folder"


def test_aStudyThatCannotBeReadIsNotPassed(tmp_path, monkeypatch, thyroid):
    onlyPublic(monkeypatch)
    (thyroid / "study.json").write_text("{}", encoding="utf-8")
    status, cases = run(tmp_path, thyroid)
    assert status == 1 and cases[0]["status"] == "not run" and not cases[0]["isOptional"]


@pytest.mark.parametrize(("change", "words"), [
    ({"kind": "x"}, "no reference of a commissioning"), ({"schemaVersion": 2}, "another version"),
    ({"more": 1}, "'more' is not known"), ({"title": " "}, "'title' is not stated"),
    ({"study": 3}, "'study' is not stated"),
    ({"study": "none.json"}, "'none.json' is not there"), ({"quantities": []}, "no list of quantities"),
    ({"quantities": [quantity("massKg", {"liver": 1.0})]}, "'massKg' is no quantity"),
    ({"quantities": [quantity("therapy.energyConstantGyGPerMBqD", {"a": 1.0})]}, "is no quantity"),
    ({"quantities": [quantity("therapy.Gy", {"a": 1.0})]}, "is no quantity"),
    ({"quantities": [quantity("massG", {})]}, "no expected value"),
    ({"quantities": [quantity("massG", {"liver": "7"})]}, "expected value of liver is not a number"),
    ({"quantities": [quantity("massG", {"liver": 0})]}, "is 0, with a relative tolerance"),
    ({"quantities": [quantity("massG", {"liver": 1.0}, 0.0)]}, "tolerance is 0"),
    ({"quantities": [quantity("massG", {"liver": 1.0}, isRelative="yes")]}, "neither true nor false"),
    ({"quantities": [quantity("massG", {"liver": 1.0}, source="")]}, "'source' is not stated"),
    ({"quantities": [quantity("massG", {"liver": 1.0}, toleranceReason=None)]}, "'toleranceReason' is not stated"),
    ({"quantities": [quantity("massG", {"liver": 1.0}, unit="g")]}, "'unit' is not known"),
    ({"quantities": [3]}, "not an object")])
def test_damagedReferencesAreRefusedBeforeAnythingRuns(thyroid, capsys, change, words):
    path = thyroid / "reference.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | change), encoding="utf-8")
    out = thyroid.parent / "out"
    assert commandLine.main(["check", "--out", str(out), "--data", str(thyroid)]) == 2
    assert words in capsys.readouterr().err and not out.exists()


@pytest.mark.parametrize(("text", "words"), [("{", "not JSON"), ("\udcff", "cannot be read"), ("[]", "no reference")])
def test_unreadableReferences(thyroid, text, words):
    (thyroid / "reference.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError, match=words):
        commissioningReferences.readDataSets(str(thyroid))


def test_aFolderWithoutReferences(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        commissioningReferences.readDataSets(str(tmp_path / "none"))
    with pytest.raises(InputError, match="No folder with a reference.json"):
        commissioningReferences.readDataSets(str(tmp_path))


def test_theChallengeInItsOwnLayout(tmp_path, monkeypatch):
    """Two archives unpacked beside each other; the second patient's map is another one than that of the scans."""
    onlyPublic(monkeypatch)
    images, maps = tmp_path / "data" / "images", tmp_path / "data" / "maps"
    challengeFiles.writePatient(images, "patient_4", hasStrayModality=True)
    challengeFiles.writePatient(images, "patient_6", mapFactor=1.25, scans=3)
    for name in ("patient_4", "patient_6"):
        shutil.move(images / name / "TIA", maps / name / "TIA")
    status, cases = run(tmp_path, tmp_path / "data")
    found = {case["key"]: case for case in cases}
    fits, other = (found[f"public.snmmi.patient_{number}.timeIntegratedActivityMBqH"] for number in (4, 6))
    truth = challengeFiles.timeIntegratedActivityMBqH()
    assert status == 1 and fits["status"] == "PASS" and other["status"] == "FAIL"
    assert fits["expected"] == pytest.approx(truth, rel=1e-4), "decays/mL became MBq h"
    # edges of the region lose a little where scans of 6 mm are brought onto each other
    assert fits["computed"] == pytest.approx(truth, rel=0.06)
    assert other["expected"] == pytest.approx(1.25 * truth, rel=1e-4)
    assert fits["tolerance"] == 0.1 and "PMC10315703" in fits["toleranceReason"]
    assert publicChallenge.ADDRESS in fits["source"]
    assert found["public.phantom"]["isOptional"] and "public.snmmi" not in found


def test_whatOfTheChallengeIsNotThereIsSaid(tmp_path, monkeypatch):
    onlyPublic(monkeypatch)
    folder = challengeFiles.writePatient(tmp_path / "data", scans=2)
    shutil.rmtree(folder / "TIA")
    shutil.rmtree(folder / "SPECT_Cts" / "scan2" / "ct")
    status, cases = run(tmp_path, tmp_path / "data")
    words = cases[0]["problem"].replace("\\", "/")
    assert status == 1 and cases[0]["status"] == "not run" and not cases[0]["isOptional"]
    assert "patient_4/SPECT_Cts/scan2/ct, patient_4/TIA is not there" in words and publicChallenge.ADDRESS in words


def test_aMapInAnotherUnitIsNotTaken(tmp_path):
    challengeFiles.writePatient(tmp_path, mapFactor=1e-6, scans=1)
    patient, = publicChallenge.patients(tmp_path / "patient_4")
    with pytest.raises(InputError, match="nowhere above 1e[+]11 decays/mL"):
        publicChallenge.writeStudy(patient, publicChallenge.readMap(patient), str(tmp_path))


@pytest.mark.parametrize(("name", "unit"), [
    ("absorbedDoseGy", "Gy"), ("therapy.wholeBodyAbsorbedDoseGy", "Gy"), ("therapy.nextActivityMBq", "MBq"),
    ("therapy.absorbedDoseCoefficientGyPerMBq", "Gy/MBq"), ("therapy.wholeBodyTailPhysicalH", "h"),
    ("therapy.uptakeIntegralD", "d"), ("therapy.achievedToWantedRatio", "")])
def test_unitsComeFromTheNames(name, unit):
    assert commissioningReferences.unitOf(name, "x") == unit

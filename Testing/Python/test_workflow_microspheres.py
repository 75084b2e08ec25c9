"""Radioembolization through the command line: plan on relative counts, verification, examples, refusals."""

import copy
import json
import math

import microsphereFiles
import numpy as np
import pytest
from microsphereFiles import PLANNED_MBQ, SHUNT, description, writeImages, writeStudy

from MRTDosimetryLib import commandLine
from MRTDosimetryLib.imaging.files import readImage, writeImage
from MRTDosimetryLib.physics.microspheres import tableConstantJPerGBq
from MRTDosimetryLib.resources import resourcePath

pytestmark = pytest.mark.usefixtures("allWithoutPictures")

K = tableConstantJPerGBq("Y-90")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("microspheres")
    writeImages(str(path))
    return path


def run(folder, content, out):
    study = writeStudy(str(folder), content, f"{out}.json")
    assert commandLine.main(["run", study, "--out", str(folder / out)]) == 0
    return json.loads((folder / out / "results.json").read_text(encoding="utf-8"))


def refused(folder, content, capfd, words, out="refused"):
    study = writeStudy(str(folder), content, f"{out}.json")
    assert commandLine.main(["run", study, "--out", str(folder / out)]) == 2
    said = capfd.readouterr().err
    assert all(text in said for text in words), said
    assert not (folder / out).exists()


@pytest.fixture(scope="module")
def plan(folder):
    return run(folder, description(), "plan")


def test_planOfRelativeCountsIsTheLocalFormula(plan, folder):
    activity = microsphereFiles.activityMBq(microsphereFiles.labels())
    assert sum(activity.values()) == pytest.approx(PLANNED_MBQ)
    for region in plan["regions"]:
        expected = K * activity[region["name"]] / region["massG"]
        assert region["absorbedDoseGy"] == pytest.approx(expected, rel=1e-3), region["name"]
        assert region["fit"]["model"] == "physicalDecay"
        assert region["effectiveHalfLifeHours"] == pytest.approx(64.1)
        assert region["timeIntegratedActivityMBqH"] == pytest.approx(
            activity[region["name"]] * 64.1 / math.log(2), rel=1e-5)
    dose = readImage(str(folder / "plan" / "absorbedDose.nrrd"))
    image = microsphereFiles.labels()
    for region in plan["regions"]:
        inside = image.array == microsphereFiles.LABELS[region["name"]]
        assert dose.array[inside].mean() == pytest.approx(region["absorbedDoseGy"], rel=1e-3)


def test_planIsSaidToBeOne(plan):
    therapy = plan["therapy"]
    masses = {region["name"]: region["massG"] for region in plan["regions"]}
    doses = {region["name"]: region["absorbedDoseGy"] for region in plan["regions"]}
    assert therapy["tumorAbsorbedDoseGy"] == pytest.approx(doses["tumor"], rel=1e-9)
    assert therapy["normalLiverAbsorbedDoseGy"] == pytest.approx(doses["liver"], rel=1e-9)
    assert therapy["lungAbsorbedDoseGy"] == pytest.approx(K * PLANNED_MBQ * SHUNT / masses["lungs"])
    # by mass: the tumor's density differs a little from the liver's
    assert therapy["imageTumorToNormalRatio"] == pytest.approx(doses["tumor"] / doses["liver"])
    assert not therapy["isVerified"] and therapy["calibration"] == "patientRelative"
    assert any("plan" in words and "2000 MBq" in words for words in plan["warnings"])
    assert any("not measured" in words for words in therapy["assumptions"])
    assert any("Permanent trapping" in words for words in therapy["assumptions"])
    planned = plan["plannedActivity"]
    assert planned["netActivityMBq"] == PLANNED_MBQ and planned["perfusedRegions"] == ["liver", "tumor"]
    assert planned["shareOutside"] == pytest.approx(0.0, abs=1e-6)
    assert plan["activityBalance"] == [], "what is planned is not held against what is administered"


def test_theUnitOfTheCountsDoesNotMatter(plan, folder):
    counts = readImage(str(folder / "maa.nrrd"))
    writeImage(counts.withArray((1e-3 * counts.array).astype(np.float32)), str(folder / "small.nrrd"))
    content = description()
    content["timePoints"][0]["spect"] = "small.nrrd"
    content["timePoints"][0]["hoursAfterAdministration"] = 5.0
    again = run(folder, content, "small")
    for mine, other in zip(again["regions"], plan["regions"], strict=True):
        assert mine["absorbedDoseGy"] == pytest.approx(other["absorbedDoseGy"], rel=1e-5)


def test_planWithPartitionBesideIt(plan, folder):
    masses = {region["name"]: region["massG"] for region in plan["regions"]}
    doses = {region["name"]: region["absorbedDoseGy"] for region in plan["regions"]}
    content = description()
    content["microspheres"] |= {
        "compartments": [{"name": "tumor", "massG": masses["tumor"]}, {"name": "liver", "massG": masses["liver"]}],
        "tumorToNormalRatio": doses["tumor"] / doses["liver"], "lungMassG": masses["lungs"]}
    therapy = run(folder, content, "both")["therapy"]
    for key in ("tumorAbsorbedDoseGy", "normalLiverAbsorbedDoseGy", "lungAbsorbedDoseGy", "perfusedAbsorbedDoseGy"):
        assert therapy["partition"][key] == pytest.approx(therapy[key], rel=1e-3), key


def test_verificationOnPET(folder):
    content = description(
        administration={"activityMBq": PLANNED_MBQ, "dateTime": "2026-05-04T10:00:00"},
        timePoints=[{"spect": "pet.nrrd", "unit": "Bq/mL", "hoursAfterAdministration": 20.0, "ct": "ct.nrrd"}],
        microspheres={"images": "yttriumPET", "lungShuntFraction": SHUNT})
    found = run(folder, content, "pet")
    activity = microsphereFiles.activityMBq(microsphereFiles.labels())
    for region in found["regions"]:
        assert region["absorbedDoseGy"] == pytest.approx(K * activity[region["name"]] / region["massG"], rel=1e-3)
    therapy = found["therapy"]
    assert therapy["isVerified"] and therapy["calibration"] == "absolute"
    lungs = next(region for region in found["regions"] if region["name"] == "lungs")
    assert therapy["lungAbsorbedDoseGy"] == pytest.approx(lungs["absorbedDoseGy"])
    assert found["activityBalance"][0]["shareOfAdministered"] == pytest.approx(1.0, rel=1e-4)
    assert "plannedActivity" not in found
    # decay-corrected to the administration, the same
    image = readImage(str(folder / "pet.nrrd"))
    writeImage(image.withArray((image.array * 2.0 ** (20.0 / 64.1)).astype(np.float32)), str(folder / "petAdmin.nrrd"))
    content["timePoints"][0] |= {"spect": "petAdmin.nrrd", "decayCorrectedTo": "administration"}
    again = run(folder, content, "petAdmin")
    assert again["regions"][0]["absorbedDoseGy"] == pytest.approx(found["regions"][0]["absorbedDoseGy"], rel=1e-5)


def test_bremsstrahlungIsLabeledQualitative(folder):
    content = description(
        administration={"activityMBq": PLANNED_MBQ, "dateTime": "2026-05-04T10:00:00"},
        timePoints=[{"spect": "pet.nrrd", "unit": "Bq/mL", "hoursAfterAdministration": 20.0, "ct": "ct.nrrd"}],
        microspheres={"images": "bremsstrahlungSPECT", "lungShuntFraction": SHUNT})
    found = run(folder, content, "bremsstrahlung")
    assert not found["therapy"]["isVerified"] and any("qualitative" in words for words in found["warnings"])


def test_recordRepeatsThePlan(plan, folder):
    assert commandLine.main(["run", str(folder / "plan" / "record.json"), "--out", str(folder / "again")]) == 0
    assert json.loads((folder / "again" / "results.json").read_text(encoding="utf-8")) == plan


def test_aChangedPlanMakesTheKineticsStale(plan, folder):
    from MRTDosimetryLib.scene import files
    from MRTDosimetryLib.scene.study import Study
    from MRTDosimetryLib.workflow import administrationEntry, stages

    study = Study.all(files.openBundle(str(folder / "plan" / "scene.mrb")))[0]
    assert stages.state(study, "kinetics") == "done"
    administrationEntry.change(study, prescribedActivityMBq=1000.0)
    assert stages.state(study, "kinetics") == "stale"
    stages.runStale(study, upTo="results")
    again = study.stageRecord("results")["value"]
    for mine, other in zip(again["regions"], plan["regions"], strict=True):
        assert mine["absorbedDoseGy"] == pytest.approx(other["absorbedDoseGy"] / 2, rel=1e-5)


def changed(**changes):
    content = description()
    for key, value in changes.items():
        content[key] = {**content[key], **value} if isinstance(content.get(key), dict) else value
    return content


@pytest.mark.parametrize(("change", "words"), [
    ({"kinetics": {"model": "singleTimePoint", "effectiveHalfLifeHours": {"liver": 60}}}, ["physicalDecay", "liver"]),
    ({"microspheres": {"perfusedRegions": ["right lobe"]}}, ["right lobe", "not a region"]),
    ({"microspheres": {"lungShuntFraction": None}}, ["lung shunt fraction"]),
    ({"microspheres": {"lungShuntFraction": 6}}, ["lung shunt fraction is 6", "0.05 for 5 %"]),
    ({"microspheres": {"images": None}}, ["microspheres.images"]),
    ({"administration": {"prescribedActivityMBq": None}}, ["planned activity"]),
    ({"regions": {"names": {"4": "lungs"}}}, ["liver or tumor"]),
    ({"timePoints": [{"spect": "maa.nrrd", "unit": "relative", "ct": "ct.nrrd", "decayCorrectedTo": "administration"}]},
     ["decayCorrectedTo", "relative"]),
    ({"timePoints": [{"spect": "maa.nrrd", "unit": "relative", "ct": "ct.nrrd"},
                     {"spect": "pet.nrrd", "unit": "Bq/mL", "hoursAfterAdministration": 20.0, "ct": "ct.nrrd"}]},
     ["plan", "cannot be fitted together"])])
def test_whatCannotBeIsRefusedInWords(folder, capfd, change, words):
    content = copy.deepcopy(changed(**change))
    for key in ("microspheres", "administration"):
        content[key] = {name: value for name, value in content[key].items() if value is not None}
    refused(folder, content, capfd, words)


def test_liverBeyondTheImageIsRefused(folder, capfd):
    image = readImage(str(folder / "maa.nrrd"))
    moved = image.ijkToRAS.copy()
    moved[2, 3] += 8.0 * 12
    writeImage(type(image)(np.ascontiguousarray(image.array[12:]), moved, image.unit, "cut"), str(folder / "cut.nrrd"))
    content = description()
    content["timePoints"][0]["spect"] = "cut.nrrd"
    refused(folder, content, capfd, ["liver", "outside"])


def test_exampleOfThePartitionModel(tmp_path):
    path = resourcePath("Protocols", "examples", "yttriumMicrospheres.partition.json")
    assert commandLine.main(["run", path, "--out", str(tmp_path / "out")]) == 0
    therapy = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))["therapy"]
    assert f"{therapy['tumorAbsorbedDoseGy']:.3f}" == "179.576"
    assert f"{therapy['prescribedActivityMBq'] / 1000:.5f}" == "1.33648"
    assert f"{therapy['bsaActivityMBq'] / 1000:.5f}" == "1.76593"
    assert therapy["tumorAbsorbedDoseUncertaintyGy"] > 0 and therapy["prescribedActivityUncertaintyMBq"] > 0


def test_exampleOfTheVoxelPlan(tmp_path):
    import subprocess
    import sys

    subprocess.run([sys.executable, microsphereFiles.__file__, str(tmp_path)], check=True, timeout=120)
    study = tmp_path / "yttriumMicrospheres.voxel.json"
    assert commandLine.main(["run", str(study), "--out", str(tmp_path / "out")]) == 0
    therapy = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))["therapy"]
    assert therapy["tumorAbsorbedDoseGy"] > 4 * therapy["normalLiverAbsorbedDoseGy"] > 0

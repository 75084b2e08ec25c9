"""A small case with fits per voxel, from the study file to the saved scene."""

import json
import math

import numpy as np
import pytest
from caseFiles import ORGANS, bodyLabels, writeStudy

from MRTDosimetryLib import commandLine
from MRTDosimetryLib.imaging.files import readImage, writeImage
from MRTDosimetryLib.scene import files, headless, volumes
from MRTDosimetryLib.scene.study import Study
from MRTDosimetryLib.workflow import kineticsOptions, stages, studyFile, voxelKinetics


def perVoxel(description):
    description["kinetics"]["perVoxel"] = True


def opened(path):
    """The study of a study file in a new scene."""
    study = Study.create(headless.newScene(), "case")
    studyFile.applyStudy(study, studyFile.readStudyFile(path)[0])
    return study


def truth(name):
    return ORGANS[name]["startMBq"] * ORGANS[name]["halfLifeHours"] / math.log(2)


def results(folder):
    return json.loads((folder / "out" / "results.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    folder = tmp_path_factory.mktemp("perVoxel")
    path = writeStudy(folder, change=perVoxel)
    assert commandLine.main(["run", str(path), "--out", str(folder / "out")]) == 0
    return folder


def test_sumsOfTheVoxelMapAreTheAnalyticValues(case):
    for region in results(case)["regions"]:
        assert region["voxelTimeIntegratedActivityMBqH"] == pytest.approx(truth(region["name"]), rel=1e-3)
        assert region["timeIntegratedActivityMBqH"] == pytest.approx(truth(region["name"]), rel=1e-3)
        assert region["dvh"]["D50Gy"] == pytest.approx(region["absorbedDoseGy"], rel=2e-3)
    assert not [line for line in results(case)["warnings"] if "add up" in line or "physical fit" in line]


def test_mapsWithTheirUnitsAreInTheSavedScene(case):
    study = Study.all(files.openBundle(str(case / "out" / "scene.mrb")))[0]
    labels = bodyLabels()
    maps = {role: volumes.volumeFromNode(study.nodeByRole(role))
            for role in ("timeIntegratedActivity", "effectiveHalfLife", "fitQuality")}
    assert {role: item.unit for role, item in maps.items()} == {
        "timeIntegratedActivity": "MBq.h/mL", "effectiveHalfLife": "h", "fitQuality": "%"}
    for name, organ in ORGANS.items():
        inside = labels.array == organ["label"]
        assert maps["effectiveHalfLife"].array[inside] == pytest.approx(organ["halfLifeHours"], rel=1e-4)
        assert maps["fitQuality"].array[inside].max() < 0.01
        total = maps["timeIntegratedActivity"].array[inside].sum(dtype=float) * labels.voxelVolumeML
        assert total == pytest.approx(truth(name), rel=1e-3)


def test_activityOutsideTheRegionsIsFittedToo(case):
    study = Study.all(files.openBundle(str(case / "out" / "scene.mrb")))[0]
    tia, labels = volumes.volumeFromNode(study.nodeByRole("timeIntegratedActivity")), bodyLabels()
    total = tia.array[labels.array == 0].sum(dtype=float) * labels.voxelVolumeML
    assert total == pytest.approx(200.0 * 60.0 / math.log(2), rel=1e-3)


def test_reportSaysWhatComesFromWhat(case):
    html = (case / "out" / "report.html").read_text(encoding="utf-8")
    assert "fitted per voxel" in html and "own curve" in html


def test_recordRepeatsIt(case, tmp_path, withoutPictures):
    assert commandLine.main(["run", str(case / "out" / "record.json"), "--out", str(tmp_path / "out")]) == 0
    assert results(tmp_path) == results(case)


def test_sameAbsorbedDosesAsWithoutForUniformRegions(case, tmp_path, withoutPictures):
    assert commandLine.main(["run", str(writeStudy(tmp_path)), "--out", str(tmp_path / "out")]) == 0
    mine, other = (readImage(str(folder / "out" / "absorbedDose.nrrd")).array for folder in (case, tmp_path))
    inside = bodyLabels().array > 0
    assert mine[inside] == pytest.approx(other[inside], rel=2e-3)
    assert all("voxelTimeIntegratedActivityMBqH" not in region for region in results(tmp_path)["regions"])


def test_risingVoxelsTakeTheirRegionsKineticsAndAreCounted(tmp_path):
    path = writeStudy(tmp_path, change=perVoxel)
    inside = np.argwhere(bodyLabels().array == ORGANS["kidney left"]["label"])
    chosen = tuple(inside[: len(inside) // 3].T)
    for position in range(4):
        image = readImage(str(tmp_path / f"spect{position + 1}.nrrd"))
        changed = image.array.copy()
        changed[chosen] = 1e4 * (1 + position)
        writeImage(image.withArray(changed), str(tmp_path / f"spect{position + 1}.nrrd"))
    study = opened(path)
    stages.runStale(study, upTo="results")
    found = study.stageRecord("kinetics")["value"]["voxels"]["regions"]
    assert found["kidney left"]["replacedVoxels"] == found["kidney left"]["states"]["activity that does not fall"] > 0
    assert found["kidney left"]["voxels"] == len(inside) and found["liver"]["replacedVoxels"] == 0
    assert any(line.startswith("kidney left:") and "region's kinetics stand in" in line
               for line in stages.warnings(study, "kinetics"))


def test_disagreementOfSumAndRegionIsWarnedOf():
    found = {"voxelTimeIntegratedActivityMBqH": 115.0, "replacedVoxels": 0, "voxels": 10}
    assert "+15%" in voxelKinetics._regionWarnings("liver", found, 100.0, {})[0]
    assert not voxelKinetics._regionWarnings("liver", found, 110.0, {})


def test_takingTheChoiceBackTakesTheMapsAway(tmp_path):
    study = opened(writeStudy(tmp_path, change=perVoxel))
    stages.runStale(study, upTo="kinetics")
    count = study.scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode")
    kineticsOptions.setPerVoxel(study, False)
    assert stages.state(study, "kinetics") == "stale"
    stages.runStale(study, upTo="kinetics")
    assert study.nodeByRole("effectiveHalfLife") is None and study.nodeByRole("fitQuality") is None
    assert study.scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == count - 2
    kineticsOptions.setPerVoxel(study, True)
    stages.runStale(study, upTo="kinetics")
    assert study.scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == count


def test_withoutCTEveryVoxelWithActivityIsFitted(tmp_path):
    study = opened(writeStudy(tmp_path, change=perVoxel, withCT=False))
    stages.runStale(study, upTo="kinetics")
    found = study.stageRecord("kinetics")["value"]["voxels"]["regions"]
    assert found["remainder"]["voxels"] > 0 and found["remainder"]["replacedVoxels"] == 0


def test_partOfTheBodyOutsideALaterScan(tmp_path):
    path = writeStudy(tmp_path, change=perVoxel)
    image = readImage(str(tmp_path / "spect4.nrrd"))
    matrix = image.ijkToRAS.copy()
    matrix[:3, 3] += matrix[:3, 2] * 2
    cut = type(image)(image.array[2:], matrix, image.unit, image.name)
    writeImage(cut, str(tmp_path / "spect4.nrrd"))
    study = opened(path)
    stages.runStale(study, upTo="kinetics")
    found = study.stageRecord("kinetics")["value"]["voxels"]["regions"]
    assert found["remainder"]["states"]["not in the field of view of every time point"] > 0
    assert found["liver"]["voxelTimeIntegratedActivityMBqH"] == pytest.approx(truth("liver"), rel=1e-3)
    tia = volumes.volumeFromNode(study.nodeByRole("timeIntegratedActivity"))
    assert np.isfinite(tia.array).all() and tia.array[0].max() > 0


@pytest.mark.parametrize(("fit", "activities", "model"), [
    ("monoExponential", (4, 3), "monoExponential"), ("trapezoid", (4, 3), "trapezoid"),
    ("biExponential", (4, 3, 2, 1), "monoExponential"), ("biExponential", (5, 4, 3, 2, 1), "biExponential"),
    ("uptakeWashout", (1, 3, 2), "trapezoid"), ("uptakeWashout", (1, 4, 3, 2), "uptakeWashout"),
    ("f4", (5, 4, 3, 2, 1), "biExponential"),
    ("another", (1, 3, 2), "trapezoid"), ("another", (3, 2, 1), "monoExponential")])
def test_modelOfTheVoxelsOfARegion(fit, activities, model):
    assert voxelKinetics.voxelModelOf(fit, activities) == model


def test_oneTimePointCannotBeFittedPerVoxel(tmp_path, capfd):
    def change(description):
        perVoxel(description)
        description["timePoints"] = description["timePoints"][2:3]
        description["kinetics"]["effectiveHalfLifeHours"] = {"liver": 70.0, "kidney left": 50.0}
    path = writeStudy(tmp_path, change=change)
    assert commandLine.main(["run", str(path), "--out", str(tmp_path / "out")]) == 2
    assert "per voxel need at least two" in capfd.readouterr().err


def test_perVoxelHasToBeTrueOrFalse(tmp_path, capfd):
    path = writeStudy(tmp_path, change=lambda description: description["kinetics"].update(perVoxel="yes"))
    assert commandLine.main(["run", str(path), "--out", str(tmp_path / "out")]) == 2
    assert "perVoxel" in capfd.readouterr().err

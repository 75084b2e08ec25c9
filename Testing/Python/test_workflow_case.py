"""A whole small case through the command line: result files, keys, numbers against analytic truth, repeat."""

import csv
import json
import math

import numpy as np
import pytest
from caseFiles import ORGANS, PHYSICAL_HALF_LIFE_HOURS, bodyLabels, writeStudy

from MRTDosimetryLib import commandLine
from MRTDosimetryLib.imaging.files import readImage

LOCAL_GY_KG_PER_GBQ_H = 0.08532  # clinical figure for Lu-177 from ICRP-107 energies
REGION_KEYS = {"name", "volumeML", "massG", "timeActivity", "fit", "timeIntegratedActivityMBqH",
               "timeIntegratedActivityUncertaintyMBqH", "timeIntegratedActivityCoefficientH",
               "effectiveHalfLifeHours", "absorbedDoseGy", "absorbedDoseUncertaintyGy",
               "absorbedDoseCoefficientGyPerGBq", "bedGy", "dvh"}


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    folder = tmp_path_factory.mktemp("case")
    study = writeStudy(folder)
    assert commandLine.main(["run", str(study), "--out", str(folder / "out")]) == 0
    return folder


def results(folder):
    return json.loads((folder / "out" / "results.json").read_text(encoding="utf-8"))


def test_keysOfTheContract(case):
    content = results(case)
    assert {"schemaVersion", "radionuclide", "administration", "warnings", "regions"} <= set(content)
    assert content["radionuclide"] == "Lu-177" and content["administration"]["activityMBq"] == 7400
    for region in content["regions"]:
        assert REGION_KEYS <= set(region)
        assert {"D98Gy", "D95Gy", "D50Gy", "D2Gy", "minGy", "maxGy"} <= set(region["dvh"])
        assert {"model", "parameters", "aicc", "extrapolatedFraction"} <= set(region["fit"])
        for point in region["timeActivity"]:
            assert set(point) == {"timeHours", "activityMBq", "uncertaintyMBq"}
        for parameter in region["fit"]["parameters"].values():
            assert set(parameter) >= {"value", "standardError", "unit"}


def test_numbersAgainstAnalyticTruth(case):
    for region in results(case)["regions"]:
        organ = ORGANS[region["name"]]
        tia = organ["startMBq"] * organ["halfLifeHours"] / math.log(2)
        volumeML = float((bodyLabels().array == organ["label"]).sum()) * 0.512
        assert region["volumeML"] == pytest.approx(volumeML, rel=1e-6)
        assert region["timeIntegratedActivityMBqH"] == pytest.approx(tia, rel=1e-4)
        assert region["timeIntegratedActivityCoefficientH"] == pytest.approx(tia / 7400, rel=1e-4)
        assert region["effectiveHalfLifeHours"] == pytest.approx(organ["halfLifeHours"], rel=1e-4)
        expected = tia * LOCAL_GY_KG_PER_GBQ_H / region["massG"]
        assert region["absorbedDoseGy"] == pytest.approx(expected, rel=1e-3)
        assert region["absorbedDoseCoefficientGyPerGBq"] == pytest.approx(expected / 7.4, rel=1e-3)
        assert region["dvh"]["D98Gy"] == pytest.approx(region["dvh"]["D2Gy"], rel=1e-3)
        repair = 2.8 if "kidney" in region["name"] else 2.5
        alphaBeta = 2.6 if "kidney" in region["name"] else 2.5
        protraction = repair / (repair + organ["halfLifeHours"])
        bed = expected * (1 + protraction * expected / alphaBeta)
        assert region["bedGy"] == pytest.approx(bed, rel=2e-3)


def test_absorbedDoseMapIsOnTheReferenceGrid(case):
    dose = readImage(str(case / "out" / "absorbedDose.nrrd"))
    labels = bodyLabels()
    assert dose.hasSameGridAs(labels)
    for region in results(case)["regions"]:
        inside = labels.array == ORGANS[region["name"]]["label"]
        assert dose.array[inside].mean() == pytest.approx(region["absorbedDoseGy"], rel=1e-3)


def test_csvFilesHaveUnitsInTheirTitles(case):
    with open(case / "out" / "timeActivity.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert any("(MBq)" in title for title in rows[0]) and any("(h)" in title for title in rows[0])
    assert len(rows) == 1 + 2 * 4
    with open(case / "out" / "dvh.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert any("(Gy)" in title for title in rows[0]) and any("(%)" in title for title in rows[0])
    assert len(rows) > 100


def test_nullsHaveWords(case):
    content = results(case)
    for region in content["regions"]:
        if region["fit"]["aicc"] is None or region["bedGy"] is None:
            assert any(region["name"] in line for line in content["warnings"])


def test_recordRepeatsEveryNumber(case, tmp_path, withoutPictures):
    assert commandLine.main(["run", str(case / "out" / "record.json"), "--out", str(tmp_path / "again")]) == 0
    again = json.loads((tmp_path / "again" / "results.json").read_text(encoding="utf-8"))
    assert again == results(case)


def test_recordWithAChangedInputIsRefused(tmp_path, capfd, withoutPictures):
    study = writeStudy(tmp_path)
    assert commandLine.main(["run", str(study), "--out", str(tmp_path / "out")]) == 0
    image = tmp_path / "spect1.nrrd"
    image.write_bytes(image.read_bytes() + b"\0")
    status = commandLine.main(["run", str(tmp_path / "out" / "record.json"), "--out", str(tmp_path / "again")])
    assert status == 2 and "changed since" in capfd.readouterr().err


def test_reportIsOneSelfContainedFile(case):
    html = (case / "out" / "report.html").read_text(encoding="utf-8")
    assert "treating physician decides" in html and "liver" in html and "Gy" in html
    assert 'src="http' not in html and "<link" not in html


@pytest.mark.parametrize(("unit", "scale"), [("kBq/mL", 1e3), ("MBq/mL", 1e6)])
def test_unitsGiveTheSameNumbers(case, tmp_path, unit, scale, withoutPictures):
    study = writeStudy(tmp_path, change=lambda d: [p.update(unit=unit) for p in d["timePoints"]])
    from MRTDosimetryLib.imaging.files import writeImage
    for index in range(4):
        path = str(tmp_path / f"spect{index + 1}.nrrd")
        image = readImage(path)
        writeImage(image.withArray((image.array / scale).astype(np.float32)), path)
    assert commandLine.main(["run", str(study), "--out", str(tmp_path / "out")]) == 0
    for mine, other in zip(results(tmp_path)["regions"], results(case)["regions"], strict=True):
        assert mine["timeIntegratedActivityMBqH"] == pytest.approx(other["timeIntegratedActivityMBqH"], rel=1e-5)


def test_countsWithCalibration(case, tmp_path, withoutPictures):
    factor, seconds = 10000.0, 1200.0
    def change(description):
        for point in description["timePoints"]:
            point.update(unit="counts", calibrationFactorBqPerCps=factor, durationSeconds=seconds)
    study = writeStudy(tmp_path, change=change)
    from MRTDosimetryLib.imaging.files import writeImage
    for index in range(4):
        path = str(tmp_path / f"spect{index + 1}.nrrd")
        image = readImage(path)
        counts = image.array * image.voxelVolumeML * seconds / factor
        writeImage(image.withArray(counts.astype(np.float32)), path)
    assert commandLine.main(["run", str(study), "--out", str(tmp_path / "out")]) == 0
    for mine, other in zip(results(tmp_path)["regions"], results(case)["regions"], strict=True):
        assert mine["timeIntegratedActivityMBqH"] == pytest.approx(other["timeIntegratedActivityMBqH"], rel=1e-5)


def test_decayCorrectionToAdministrationIsUndone(case, tmp_path, withoutPictures):
    study = writeStudy(tmp_path, change=lambda d: [p.update(decayCorrectedTo="administration")
                                                   for p in d["timePoints"]])
    from MRTDosimetryLib.imaging.files import writeImage
    for index, timeHours in enumerate((4.0, 24.0, 96.0, 168.0)):
        path = str(tmp_path / f"spect{index + 1}.nrrd")
        image = readImage(path)
        grown = image.array * 2 ** (timeHours / PHYSICAL_HALF_LIFE_HOURS)
        writeImage(image.withArray(grown.astype(np.float32)), path)
    assert commandLine.main(["run", str(study), "--out", str(tmp_path / "out")]) == 0
    for mine, other in zip(results(tmp_path)["regions"], results(case)["regions"], strict=True):
        assert mine["timeIntegratedActivityMBqH"] == pytest.approx(other["timeIntegratedActivityMBqH"], rel=1e-4)


def test_singleTimePointWithHalfLife(tmp_path, withoutPictures):
    def change(description):
        description["timePoints"] = description["timePoints"][2:3]
        description["kinetics"]["effectiveHalfLifeHours"] = {"liver": 70.0, "kidney left": 50.0}
    study = writeStudy(tmp_path, change=change)
    assert commandLine.main(["run", str(study), "--out", str(tmp_path / "out")]) == 0
    for region in results(tmp_path)["regions"]:
        organ = ORGANS[region["name"]]
        tia = organ["startMBq"] * organ["halfLifeHours"] / math.log(2)
        assert region["timeIntegratedActivityMBqH"] == pytest.approx(tia, rel=1e-4)


def test_uniformDensityWithoutCTAndWithoutAdministration(tmp_path):
    study = writeStudy(tmp_path, change=lambda d: d.update(administration=None), withCT=False)
    assert commandLine.main(["run", str(study), "--out", str(tmp_path / "out")]) == 0
    content = results(tmp_path)
    assert content["administration"] is None
    for region in content["regions"]:
        assert region["timeIntegratedActivityCoefficientH"] is None
        assert region["absorbedDoseGy"] > 0
    assert any("No administered activity" in line for line in content["warnings"])


def test_risingTotalIsWarnedOf(tmp_path, withoutPictures):
    from MRTDosimetryLib.imaging.files import writeImage
    study = writeStudy(tmp_path)
    image = readImage(str(tmp_path / "spect4.nrrd"))
    writeImage(image.withArray(image.array * np.float32(6.0)), str(tmp_path / "spect4.nrrd"))
    assert commandLine.main(["run", str(study), "--out", str(tmp_path / "out")]) == 0
    assert any("without new uptake" in line for line in results(tmp_path)["warnings"])


def test_segmentationFileGivesTheSameNumbers(case, tmp_path, withoutPictures):
    import slicer

    from MRTDosimetryLib.scene import headless, segments
    labels = bodyLabels()
    node = segments.segmentationFromLabels(headless.newScene(), labels, {1: "liver", 3: "kidney left"}, "regions")
    storage = slicer.vtkMRMLSegmentationStorageNode()
    storage.SetFileName(str(tmp_path / "regions.seg.nrrd"))
    assert storage.WriteData(node)
    study = writeStudy(tmp_path, change=lambda d: d.update(
        regions={"segmentation": "regions.seg.nrrd", "timePoint": 0}))
    assert commandLine.main(["run", str(study), "--out", str(tmp_path / "out")]) == 0
    for mine, other in zip(results(tmp_path)["regions"], results(case)["regions"], strict=True):
        assert mine["name"] == other["name"] and mine["volumeML"] == pytest.approx(other["volumeML"], rel=1e-6)
        assert mine["timeIntegratedActivityMBqH"] == pytest.approx(other["timeIntegratedActivityMBqH"], rel=1e-6)


def test_emptySegmentIsRefused(tmp_path, capfd):
    import slicer

    from MRTDosimetryLib.scene import headless, segments
    node = segments.segmentationFromLabels(headless.newScene(), bodyLabels(), {1: "liver"}, "regions")
    node.GetSegmentation().AddEmptySegment("empty", "spleen")
    storage = slicer.vtkMRMLSegmentationStorageNode()
    storage.SetFileName(str(tmp_path / "regions.seg.nrrd"))
    assert storage.WriteData(node)
    study = writeStudy(tmp_path, change=lambda d: d.update(regions={"segmentation": "regions.seg.nrrd"}))
    assert commandLine.main(["run", str(study), "--out", str(tmp_path / "out")]) == 2
    shown = capfd.readouterr().err
    assert "spleen" in shown and "empty" in shown and not (tmp_path / "out").exists()


def test_withoutGraphicsLibraryTheJobCompletes(tmp_path, monkeypatch):
    from MRTDosimetryLib.scene import views
    monkeypatch.setattr(views, "canRender", lambda: (False, "No pictures: libEGL not found; install libegl1"))
    study = writeStudy(tmp_path)
    assert commandLine.main(["run", str(study), "--out", str(tmp_path / "out")]) == 0
    assert any("libEGL" in line for line in results(tmp_path)["warnings"])
    html = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert html.count("data:image/png;base64") >= 2 and "libegl1" in html


def test_reopenedSceneIsTheSameStudy(tmp_path):
    """Saved and reopened: every stage is still done, so nothing has to be computed again."""
    from MRTDosimetryLib.scene import files
    from MRTDosimetryLib.scene.study import Study
    from MRTDosimetryLib.workflow import results as resultsStage
    from MRTDosimetryLib.workflow import stages

    def change(description):
        description["registration"] = "rigid"
    study = writeStudy(tmp_path, change=change)
    from MRTDosimetryLib.imaging.files import writeImage
    for index in range(1, 4):  # moved a little, so that the transforms are not the identity
        for name in (f"spect{index + 1}", "ct"):
            image = readImage(str(tmp_path / f"{name}.nrrd"))
            matrix = image.ijkToRAS.copy()
            matrix[:3, 3] += [3.3 * index, -2.7, 4.1]
            writeImage(type(image)(image.array, matrix, image.unit, name),
                       str(tmp_path / (f"{name}.nrrd" if name != "ct" else f"ct{index + 1}.nrrd")))
    description = json.loads(study.read_text())
    for index in range(1, 4):
        description["timePoints"][index]["ct"] = f"ct{index + 1}.nrrd"
    study.write_text(json.dumps(description))
    assert commandLine.main(["run", str(study), "--out", str(tmp_path / "out")]) == 0
    reopened = Study.all(files.openBundle(str(tmp_path / "out" / "scene.mrb")))[0]
    found = stages.states(reopened)
    beside = ("measurements", "radiobiology", "therapy")
    assert {name: found[name] for name in beside} == dict.fromkeys(beside, "notNeeded")
    ofImages = [name for name in found if name not in (*beside, "report")]
    assert {name: found[name] for name in ofImages} == dict.fromkeys(ofImages, "done")
    assert [point.spectNode.GetName() for point in reopened.timePoints] == ["SPECT 4 h", "SPECT 24 h", "SPECT 96 h",
                                                                            "SPECT 168 h"]
    again = resultsStage.resultsDict(reopened)
    assert again["regions"] == results(tmp_path)["regions"]

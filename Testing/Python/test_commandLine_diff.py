"""mrt-dosimetry diff: each kind of change alone is named with its stage, and with the results it moved there."""

import json
import shutil

import numpy as np
import pytest
from caseFiles import bodyLabels, writeStudy
from recordCases import numbersAlone
from test_workflow_calibrationUse import makeCase
from test_workflow_calibrationUse import record as calibration

from MRTDosimetryLib import commandLine
from MRTDosimetryLib.imaging.files import readImage, writeImage
from MRTDosimetryLib.resources import resourcePath
from MRTDosimetryLib.workflow import record


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    numbersAlone(monkeypatch)


def run(study, out):
    assert commandLine.main(["run", str(study), "--out", str(out)]) == 0
    return out


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    folder = tmp_path_factory.mktemp("first")
    with pytest.MonkeyPatch.context() as monkeypatch:
        numbersAlone(monkeypatch)
        return run(writeStudy(folder), folder / "out")


def differ(one, other, capfd):
    """The outcome as JSON and in words."""
    capfd.readouterr()
    assert commandLine.main(["diff", str(one), str(other), "--json"]) == 1
    found = json.loads(capfd.readouterr().out)
    assert commandLine.main(["diff", str(one), str(other)]) == 1
    return found, capfd.readouterr().out


def stagesOf(found):
    """Stage -> (causes, keys of the regions' results that moved)."""
    return {row["stage"]: (row["causes"], {change["path"][2] for change in row["moved"]
                                           if change["path"][0] == "regions" and len(change["path"]) > 2})
            for row in found["stages"]}


def changed(folder, change):
    return run(writeStudy(folder, change=change), folder / "out")


def test_anotherEngineMovesAbsorbedDosesAlone(first, tmp_path, capfd):
    found, words = differ(first, changed(tmp_path, lambda item: item["dose"].update(engine="voxelS")), capfd)
    stages = stagesOf(found)
    assert "dose.engine: localDeposition -> voxelS" in words and found["inputs"] == []
    assert stages["dose"][0] == ["dose.engine: localDeposition -> voxelS"] and "absorbedDoseGy" in stages["dose"][1]
    assert not {"timePoints", "regions", "kinetics"} & set(stages)
    assert stages["radiobiology"][0] == ["follows from Absorbed dose"]


def test_anotherAdministeredActivityMovesWhatIsPerActivity(first, tmp_path, capfd):
    found, words = differ(first, changed(tmp_path, lambda item: item["administration"].update(activityMBq=7000)), capfd)
    stages = stagesOf(found)
    assert "administration.activityMBq: 7400.0 -> 7000.0" in words
    assert stages["protocol"][0] == ["administration.activityMBq: 7400.0 -> 7000.0"]
    assert stages["kinetics"] == (["follows from Protocol, Time points"], {
        "timeIntegratedActivityCoefficientH", "timeIntegratedActivityCoefficientUncertaintyH"})
    assert stages["dose"][1] == {"absorbedDoseCoefficientGyPerGBq", "absorbedDoseCoefficientUncertaintyGyPerGBq"}
    assert found["headline"] == [] and "no main number of a region moved" in words


def test_anotherNameOfARegionIsNamed(first, tmp_path, capfd):
    other = changed(tmp_path, lambda item: item["regions"]["names"].update({"1": "spleen"}))
    found, words = differ(first, other, capfd)
    assert "regions.names.1: liver -> spleen" in words
    assert stagesOf(found)["regions"][0] == ["regions.names.1: liver -> spleen"]
    assert {row["path"][0] for row in found["headline"]} == {"liver", "spleen"}


def test_anotherDensityMovesMassesAndWhatRestsOnThem(first, tmp_path, capfd):
    found, words = differ(first, changed(tmp_path, lambda item: item["dose"].update(density="uniform")), capfd)
    stages = stagesOf(found)
    assert "dose.density: ct -> uniform" in words and stages["regions"][1] == {"massG"}
    assert "kinetics" not in stages or stages["kinetics"][1] == set()
    assert "absorbedDoseGy" in stages["dose"][1]


def test_oneVoxelOfCTAndOneOfTheRegionsAreNamed(first, tmp_path, capfd):
    study = writeStudy(tmp_path)
    ct, labels = (readImage(str(tmp_path / name)) for name in ("ct.nrrd", "labels.nrrd"))
    k, j, i = np.argwhere(bodyLabels().array == 3)[0]
    for image, name, value in ((ct, "ct.nrrd", 400), (labels, "labels.nrrd", 0)):
        values = image.array.copy()
        values[k, j, i] = value
        writeImage(image.withArray(values), str(tmp_path / name))
    found, words = differ(first, run(study, tmp_path / "out"), capfd)
    details = {row["what"]: row["details"] for row in found["inputs"]}
    assert details["regions"][0] == (
        f"1 of {labels.array.size} voxels differ, the most at (i, j, k) = ({i}, {j}, {k}): 3 -> 0")
    assert f"({i}, {j}, {k}): 50 -> 400" in details["time point 1, CT"][0]
    stages = stagesOf(found)
    assert "regions: another file" in stages["regions"][0] and stages["regions"][1] == {"volumeML", "massG"}
    assert "kidney left / massG" in words and "liver / massG" not in words


def test_anotherCalibrationIsNamedWithItsValues(tmp_path, capfd):
    outs = []
    for name, factor in (("one", 1.0), ("two", 1.02)):
        (tmp_path / name).mkdir()
        content = calibration(deadTime=None, recovery=None)
        sensitivity = {**content["sensitivity"], "factor": factor * content["sensitivity"]["factor"]}
        study = makeCase(tmp_path / name, calibration(deadTime=None, recovery=None, sensitivity=sensitivity))
        outs.append(run(study, tmp_path / name / "out"))
    found, words = differ(*outs, capfd)
    assert [row["what"] for row in found["inputs"]] == ["calibration of the scans"]
    assert any(line.startswith("sensitivity / factor: 111111 -> 113333 (+2 %)") for line in
               found["inputs"][0]["details"]), found["inputs"]
    stages = stagesOf(found)
    assert "calibration of the scans: another file" in stages["timePoints"][0]
    assert "calibrationFactorBqPerCps" in words and "timeActivity" in stages["kinetics"][1]
    assert {row["path"][1]: row["percent"] for row in found["headline"] if row["path"][0] == "liver"}[
        "absorbedDoseGy"] == pytest.approx(2.0, rel=1e-3)


def test_oneCellOfATableOfMeasurementsIsNamed(tmp_path, capfd):
    with open(resourcePath("Protocols", "examples", "thyroidCancerIodine.bloodDose.json"), encoding="utf-8") as file:
        study = json.load(file)
    rows = study["measurements"]["blood"]
    study["measurements"]["blood"] = {"file": "blood.csv"}
    outs = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        if name == "two":
            rows[2]["activityMBqPerML"] *= 1.5
        text = [",".join(rows[0])] + [",".join(map(str, row.values())) for row in rows]
        (tmp_path / name / "blood.csv").write_text("\n".join(text), encoding="utf-8")
        (tmp_path / name / "study.json").write_text(json.dumps(study), encoding="utf-8")
        outs.append(run(tmp_path / name / "study.json", tmp_path / name / "out"))
    found, words = differ(*outs, capfd)
    assert [row["what"] for row in found["inputs"]] == ["statements, measurements.blood"]
    assert found["inputs"][0]["details"] == ["24 / activityMBqPerML: 0.00018072 -> 0.00027108"]
    moved = {tuple(row["path"]) for row in next(
        stage for stage in found["stages"] if stage["stage"] == "therapy")["moved"]}
    assert ("therapy", "bloodAbsorbedDoseCoefficientGyPerGBq") in moved
    assert "statements.measurements.blood.value.24.0.activityMBqPerML" in words


@pytest.mark.parametrize(("key", "cause"), [
    ("versions", "only the versions differ"), ("processor", "computed on another kind of processor"),
    (None, "nothing in the records explains it: check both with mrt-dosimetry verify")])
def test_numbersThatMovedByNoChoiceSayWhatIsLeft(first, tmp_path, capfd, key, cause):
    """As another version, another machine or an edit would leave it."""
    shutil.copytree(first, tmp_path / "other")
    results, content = (json.loads((first / name).read_text(encoding="utf-8"))
                        for name in ("results.json", "record.json"))
    results["regions"][0]["fit"]["aicc"] += 1e-9
    if key == "versions":
        content["versions"]["scipy"] = "0.1"
    elif key:
        content[key] = "Another"
    for name, values in (("results.json", results), ("record.json", content)):
        (tmp_path / "other" / name).write_text(json.dumps(values), encoding="utf-8")
    found, words = differ(first, tmp_path / "other", capfd)
    assert found["stages"][0]["stage"] == "kinetics" and found["stages"][0]["causes"][0].startswith(cause)
    assert found["stages"][0]["moved"][0]["path"] == ["regions", "liver", "fit", "aicc"]
    assert ("scipy: " in words) == (key == "versions")


def test_anotherProcessorAloneIsNoDifference(first, tmp_path, capfd):
    shutil.copytree(first, tmp_path / "other")
    content = json.loads((first / "record.json").read_text(encoding="utf-8"))
    assert content["processor"] == record.processor()
    content["processor"] = "Another"
    (tmp_path / "other" / "record.json").write_text(json.dumps(content), encoding="utf-8")
    assert commandLine.main(["diff", str(first), str(tmp_path / "other")]) == 0

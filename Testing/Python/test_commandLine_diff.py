"""mrt-dosimetry diff: each kind of change alone is named with its stage, and with the results it moved there."""

import json
import re
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
from MRTDosimetryLib.workflow import record, recordDiffStages, recordDiffTold
from MRTDosimetryLib.workflow.recordDiffValues import changes, flat


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


def results(folder):
    return json.loads((folder / "results.json").read_text(encoding="utf-8"))


def requireReadable(words):
    """No key of JSON, no digit that says nothing, and no line that the terminal breaks; names of files apart."""
    for line in words.partition("\nWarnings\n")[0].splitlines():
        if "SHA-256" in line or line.startswith(("first:", "second:")):
            continue
        assert len(line) <= 100, line
        assert not re.search(r"\b[a-z]+[A-Z][a-z]+|_", line), line
        assert all(len(number.replace(".", "").lstrip("0")) <= 6 for number in re.findall(r"[\d.]+", line)), line


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
    change = "absorbed-dose engine: Local energy deposition -> Voxel S values (convolution)"
    assert change in words and f"because: {change}" in words and found["inputs"] == []
    requireReadable(words)
    dose = {region["name"]: region["absorbedDoseGy"] for region in results(first)["regions"]}
    told = next(line.split() for line in words.splitlines() if line.startswith("  liver "))
    assert told[2] == "->" and float(told[1]) == pytest.approx(dose["liver"], rel=5e-3)
    moved = next(row["percent"] for row in found["headline"] if row["path"] == ["liver", "absorbedDoseGy"])
    assert float(told[5]) == pytest.approx(moved, rel=0.06) and told[4] == "Gy" and told[6] == "%"
    assert stages["dose"][0] == ["dose.engine: localDeposition -> voxelS"] and "absorbedDoseGy" in stages["dose"][1]
    assert not {"timePoints", "regions", "kinetics"} & set(stages)
    assert stages["radiobiology"][0] == ["follows from Absorbed dose"]


def test_anotherAdministeredActivityMovesWhatIsPerActivity(first, tmp_path, capfd):
    found, words = differ(first, changed(tmp_path, lambda item: item["administration"].update(activityMBq=7000)), capfd)
    stages = stagesOf(found)
    assert "administered activity: 7400 -> 7000 MBq (-5.4 %)" in words
    requireReadable(words)
    assert stages["protocol"][0] == ["administration.activityMBq: 7400.0 -> 7000.0"]
    assert stages["kinetics"] == (["follows from Protocol, Time points"], {
        "timeIntegratedActivityCoefficientH", "timeIntegratedActivityCoefficientUncertaintyH"})
    assert stages["dose"][1] == {"absorbedDoseCoefficientGyPerGBq", "absorbedDoseCoefficientUncertaintyGyPerGBq"}
    assert found["headline"] == [] and "no main number of a region moved" in words


def test_anotherNameOfARegionIsNamed(first, tmp_path, capfd):
    other = changed(tmp_path, lambda item: item["regions"]["names"].update({"1": "spleen"}))
    found, words = differ(first, other, capfd)
    assert "name of region 1: liver -> spleen" in words and "only in the second" in words
    assert stagesOf(found)["regions"][0] == ["regions.names.1: liver -> spleen"]
    assert {row["path"][0] for row in found["headline"]} == {"liver", "spleen"}


def test_anotherDensityMovesMassesAndWhatRestsOnThem(first, tmp_path, capfd):
    found, words = differ(first, changed(tmp_path, lambda item: item["dose"].update(density="uniform")), capfd)
    stages = stagesOf(found)
    assert "density: from the CT -> uniform" in words and "68 % interval of the histogram" in words
    assert "D98, lower end" in words or "largest change" in words
    assert stages["regions"][1] == {"massG"}
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
    masses = words.partition("\n  mass\n")[2].splitlines()
    assert masses[0].startswith("    kidney left  ") and masses[0].count(" g (") == 1 and "liver" not in masses[1]


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
    assert "sensitivity, factor: 111111 -> 113333 (+2.0 %)" in words and "half-life: last digits alone" in words
    assert "time points 1 (4 h), 2 (24 h), 3 (96 h), 4 (168 h): calibration factor: 111111 -> 113333 Bq/cps" in words
    assert "calibration of the scans: another record (" in words and words.count("because: time points 1") == 2
    requireReadable(words)
    assert "timeActivity" in stages["kinetics"][1]
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
    told = "measurements, blood, 24 h, activity concentration: 0.00018072 -> 0.00027108 MBq/mL (+50 %)"
    assert told in " ".join(words.split())
    requireReadable(words)


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


@pytest.mark.parametrize(("one", "other", "text"), [
    (40547.333, 40595.7, "40547 -> 40596 MBq h (+0.12 %)"), (0.375138, 0.409265, "0.375 -> 0.409 MBq h (+9.1 %)"),
    (2.0, 2.0 + 1e-12, "2.00000 MBq h (last digits)"), (1.5, None, "1.5 MBq h -> none"),
    (-0.2, 0.3, "-0.200 -> 0.300 MBq h"),
    (0.0, 3.25e-7, "0 -> 3.25e-07 MBq h"), (0.011, 0.0, "0.0110 -> 0 MBq h (-100 %)"),
    ("absent", 24.0, "24 MBq h, only in the second study"), (9460.3, 10627.4, "9460 -> 10630 MBq h (+12 %)"),
    (0.001, 0.05, "0.0010 -> 0.0500 MBq h (times 50)")])
def test_aChangeIsToldWithTheDigitsItNeeds(one, other, text):
    assert recordDiffTold.pair(one, other, "MBq h") == text


def test_listsAreSummarizedByTheirLargestChange():
    """Twelve values of a curve, of which one moves by 3.1 %."""
    one = {"regions": [{"name": "liver", "timeActivity": [
        {"timeHours": float(hours), "activityMBq": 100.0 + hours} for hours in range(12)]}]}
    other = json.loads(json.dumps(one))
    for number, row in enumerate(other["regions"][0]["timeActivity"]):
        row["activityMBq"] *= 1.031 if number == 5 else 1.001
    stage = {"stage": "kinetics", "moved": changes(flat(one), flat(other))}
    assert recordDiffStages.stageLines(stage, [other, one], {"liver"}) == [
        "  time-activity curve of liver: 12 values, largest change +3.1 % (5 h, activity: 105.0 -> 108.3 MBq)"]

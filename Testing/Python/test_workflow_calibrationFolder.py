"""The center's folder of calibrations: what each is worth today, versions, and records that repeat themselves."""

import json
import os
from datetime import date

import calibrationExamples as example
import pytest

from MRTDosimetryLib import commandLine
from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.imaging import files
from MRTDosimetryLib.workflow import calibration, calibrationFolder, constancyLog

TODAY = date(2026, 9, 1)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A calibration as it is before it is kept, and the folder of its scan."""
    inputs = tmp_path_factory.mktemp("inputs")
    files.writeImage(example.phantomScan(), str(inputs / "cylinder.nrrd"))
    return calibration.fromStatement(example.statement(), str(inputs)), inputs


def counter(**changes):
    return calibration.fromStatement({
        "schemaVersion": 1, "camera": "Probe 1", "radionuclide": "I-131", "date": "2026-05-05",
        "counter": {"instrument": "thyroidProbe",
                    "standard": {"activityKBq": 370, "dateTime": "2026-05-05T08:00:00", "relativeUncertainty": 0.03},
                    "countings": [{"dateTime": "2026-05-05T08:00:00", "counts": 222600, "seconds": 60,
                                   "backgroundCounts": 600, "backgroundSeconds": 60}]}, **changes}, ".")


def log(**changes):
    return {"instrument": "Counter 2", "period": "quarterly",
            "source": {"name": "Cs-137, 123", "halfLifeHours": 263000, "halfLifeSource": "certificate"},
            "limits": {"warningPercent": 2, "actionPercent": 3},
            "reference": {"dateTime": "2026-01-05T09:00", "value": 1000},
            "tests": [{"dateTime": "2026-07-05T09:00", "value": 990}], **changes}


def states(folder, today=TODAY):
    return {row["file"]: row["state"] for row in calibrationFolder.listed(str(folder), today)}


def test_aSavedRecordRepeatsItself(made, tmp_path):
    content, inputs = made
    path = calibrationFolder.save(content, str(tmp_path / "center"), str(inputs))
    assert os.path.basename(path) == "CameraA-Lu177-sensitivity-2026-05-04-v1.json"
    kept = calibration.load(path)
    assert kept["version"] == 1 and kept["sensitivity"] == content["sensitivity"]
    assert [item["path"] for item in kept["inputs"]] == ["CameraA-Lu177-sensitivity-2026-05-04-v1.inputs/cylinder.nrrd"]
    assert calibration.create(path) == kept
    again = calibrationFolder.save(content, str(tmp_path / "center"), str(inputs))
    assert again.endswith("-v2.json") and calibration.load(again)["version"] == 2
    assert calibration.load(path) == kept, "what was written stays as it is"
    assert states(tmp_path / "center") == {os.path.basename(path): "superseded", os.path.basename(again): "valid"}


def test_filesElsewhereAreNamedWhereTheyAre(made, tmp_path):
    _content, inputs = made
    statement = example.statement()
    statement["sensitivity"]["scans"][0]["image"] = str(inputs / "cylinder.nrrd")
    content = calibration.fromStatement(statement, str(tmp_path))
    path = calibrationFolder.save(content, str(tmp_path / "center"), str(tmp_path))
    assert os.listdir(tmp_path / "center") == [os.path.basename(path)]
    assert calibration.create(path) == calibration.load(path)


def test_whatEachIsWorthToday(made, tmp_path, capsys):
    content, _inputs = made

    def write(name, found):
        calibration.write(found, tmp_path / name)

    write("valid.json", content)
    edited = json.loads(json.dumps(content))
    edited["sensitivity"]["factor"] *= 1.1
    (tmp_path / "edited.json").write_text(json.dumps(edited), encoding="utf-8")
    write("unlimited.json", counter())
    write("expired.json", counter(camera="Probe 2", validUntil="2026-06-01"))
    write("ending.json", counter(camera="Probe 3", validUntil="2026-09-20"))
    write("toCome.json", counter(camera="Probe 4", date="2027-01-01", validUntil="2028-01-01"))
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    (tmp_path / "other.json").write_text('{"kind": "something else"}', encoding="utf-8")
    constancyLog.create(tmp_path / "inControl.json", log())
    constancyLog.create(tmp_path / "overdue.json", log(instrument="Counter 3", tests=[
        {"dateTime": "2026-03-01T09:00", "value": 1000}]))
    constancyLog.create(tmp_path / "action.json", log(instrument="Counter 4", tests=[
        {"dateTime": "2026-07-05T09:00", "value": 900}]))
    assert states(tmp_path) == {
        "valid.json": "valid", "edited.json": "edited", "unlimited.json": "unlimited", "expired.json": "expired",
        "ending.json": "ending", "toCome.json": "notYet", "broken.json": "damaged", "inControl.json": "valid",
        "overdue.json": "expired", "action.json": "action"}
    rows = {row["file"]: row for row in calibrationFolder.listed(str(tmp_path), TODAY)}
    assert "Expired on 2026-06-01, 92 days ago" in rows["expired.json"]["words"][0]
    assert "was changed after it was written" in rows["edited.json"]["words"][0]
    assert rows["edited.json"]["content"] is None and rows["edited.json"]["instrument"] == "Camera A"
    assert "deviates by -8.96 %" in rows["action.json"]["words"][0]
    assert rows["overdue.json"]["words"] == ["Next test due on 2026-06-01: overdue"]
    assert (rows["valid.json"]["value"], rows["valid.json"]["unit"]) == (pytest.approx(9.0, rel=1e-4), "1/(s MBq)")
    assert rows["valid.json"]["uncertainty"] == pytest.approx(0.02 * 9.0, rel=1e-3)
    assert rows["unlimited.json"]["value"] == pytest.approx(0.01)
    assert commandLine.main(["calibrations", str(tmp_path), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert [(row["file"], row["instrument"]) for row in printed] == [(name, row["instrument"])
                                                                     for name, row in rows.items()]
    assert commandLine.main(["calibrations", str(tmp_path)]) == 0
    told = capsys.readouterr().out.splitlines()
    assert len(told) == len(rows)
    shown = "Camera A; Lu-177; Sensitivity; 9 +- 0.18 1/(s MBq); 2027-05-04; valid"
    assert any(line.startswith(shown) for line in told)
    with pytest.raises(InputError, match="folder of the calibrations cannot be read"):
        calibrationFolder.listed(str(tmp_path / "absent"))


def test_aLogIsNeverWrittenOver(tmp_path):
    path = tmp_path / "log.json"
    chart = constancyLog.create(path, log())
    assert chart["nextDue"] == "2026-10-05"
    with pytest.raises(InputError, match="a file of this name already"):
        constancyLog.create(path, log())
    with pytest.raises(InputError, match="^bad.json: limits"):
        constancyLog.create(tmp_path / "bad.json", log(limits={}))
    assert os.listdir(tmp_path) == ["log.json"]


def test_aFolderThatCannotBeWrittenTo(made, tmp_path):
    content, inputs = made
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match="calibration cannot be kept"):
        calibrationFolder.save(content, str(tmp_path / "file"), str(inputs))

"""Input that cannot be used: words on standard error, exit status 2, and nothing half-written."""

import json
import os

import numpy as np
import pytest
from caseFiles import bodyLabels, writeStudy

from MRTDosimetryLib import commandLine
from MRTDosimetryLib.imaging.files import readImage, writeImage

FILES = {"results.json", "scene.mrb", "absorbedDose.nrrd", "dvh.csv", "timeActivity.csv", "report.html",
         "report.pdf", "record.json"}


def refuse(capfd, study, out, *words):
    """Run, and require exit status 2, every word in one line per fault, no traceback and no output."""
    status = commandLine.main(["run", str(study), "--out", str(out)])
    shown = capfd.readouterr().err
    lines = [line for line in shown.splitlines() if line.strip()]
    assert status == 2, shown
    assert lines and "Traceback" not in shown
    for word in words:
        assert word.lower() in shown.lower(), (word, shown)
    left = set(os.listdir(out)) if os.path.isdir(out) else set()
    assert not left, left
    return lines


def changed(folder, change):
    return writeStudy(folder, change=change)


def setTime(index, value):
    def change(description):
        description["timePoints"][index]["hoursAfterAdministration"] = value
    return change


@pytest.mark.parametrize("key", ["spect", "ct"])
def test_missingImage(tmp_path, capfd, key):
    study = changed(tmp_path, lambda d: d["timePoints"][1].update({key: "nowhere.nrrd"}))
    refuse(capfd, study, tmp_path / "out", "nowhere.nrrd", "no such file")


def test_missingStudyFile(tmp_path, capfd):
    refuse(capfd, tmp_path / "none.json", tmp_path / "out", "none.json", "no such file")


def test_studyFileThatIsNotJSON(tmp_path, capfd):
    (tmp_path / "study.json").write_text("{'a': 1}", encoding="utf-8")
    refuse(capfd, tmp_path / "study.json", tmp_path / "out", "not valid JSON")


def test_unreadableImage(tmp_path, capfd):
    study = writeStudy(tmp_path)
    (tmp_path / "spect2.nrrd").write_bytes(b"this is no image")
    refuse(capfd, study, tmp_path / "out", "spect2.nrrd")


def test_cutImage(tmp_path, capfd):
    study = writeStudy(tmp_path)
    content = (tmp_path / "spect2.nrrd").read_bytes()
    (tmp_path / "spect2.nrrd").write_bytes(content[: len(content) // 2])
    refuse(capfd, study, tmp_path / "out", "spect2.nrrd")


def test_timesOutOfOrder(tmp_path, capfd):
    refuse(capfd, changed(tmp_path, setTime(1, 100.0)), tmp_path / "out", "out of order", "time point 3")


def test_equalTimes(tmp_path, capfd):
    refuse(capfd, changed(tmp_path, setTime(1, 4.0)), tmp_path / "out", "same time", "time point 2")


@pytest.mark.parametrize("value", [0.0, -4.0])
def test_timeNotAboveZero(tmp_path, capfd, value):
    refuse(capfd, changed(tmp_path, setTime(0, value)), tmp_path / "out", "above zero", "time point 1")


def test_timeMissing(tmp_path, capfd):
    study = changed(tmp_path, lambda d: d["timePoints"][0].pop("hoursAfterAdministration"))
    refuse(capfd, study, tmp_path / "out", "time after administration is not known", "time point 1")


def test_unitMissing(tmp_path, capfd):
    study = changed(tmp_path, lambda d: d["timePoints"][2].pop("unit"))
    refuse(capfd, study, tmp_path / "out", "unit", "time point 3", "Bq/mL")


def test_unknownUnit(tmp_path, capfd):
    study = changed(tmp_path, lambda d: d["timePoints"][2].update(unit="mCi/mL"))
    refuse(capfd, study, tmp_path / "out", "mCi/mL", "time point 3")


def test_countsWithoutCalibration(tmp_path, capfd):
    study = changed(tmp_path, lambda d: d["timePoints"][2].update(unit="counts", durationSeconds=1200))
    refuse(capfd, study, tmp_path / "out", "calibration", "time point 3")


def test_regionLabelAbsent(tmp_path, capfd):
    study = changed(tmp_path, lambda d: d["regions"]["names"].update({"9": "spleen"}))
    refuse(capfd, study, tmp_path / "out", "spleen", "absent")


def test_regionsEmpty(tmp_path, capfd):
    study = writeStudy(tmp_path)
    labels = bodyLabels()
    writeImage(labels.withArray(np.zeros_like(labels.array)), str(tmp_path / "labels.nrrd"))
    refuse(capfd, study, tmp_path / "out", "liver", "absent")


def test_regionOutsideImage(tmp_path, capfd):
    study = writeStudy(tmp_path, withCT=False)
    labels = bodyLabels()
    moved = labels.ijkToRAS.copy()
    moved[0, 3] += 5000.0
    writeImage(type(labels)(labels.array, moved, "", "labels"), str(tmp_path / "labels.nrrd"))
    refuse(capfd, study, tmp_path / "out", "liver", "outside")


def test_spectAndCTDoNotOverlap(tmp_path, capfd):
    study = writeStudy(tmp_path)
    ct = readImage(str(tmp_path / "ct.nrrd"))
    moved = ct.ijkToRAS.copy()
    moved[2, 3] += 3000.0
    writeImage(type(ct)(ct.array, moved, ct.unit, "ct"), str(tmp_path / "ct2.nrrd"))
    description = json.loads(study.read_text())
    description["timePoints"][1]["ct"] = "ct2.nrrd"
    study.write_text(json.dumps(description))
    refuse(capfd, study, tmp_path / "out", "do not overlap", "time point 2")


def test_singleTimePointWithoutHalfLife(tmp_path, capfd):
    study = changed(tmp_path, lambda d: d.update(timePoints=d["timePoints"][:1]))
    refuse(capfd, study, tmp_path / "out", "effective half-life", "liver", "kidney left")


def test_unknownRadionuclide(tmp_path, capfd):
    study = changed(tmp_path, lambda d: d.update(radionuclide="Xy-999"))
    refuse(capfd, study, tmp_path / "out", "Xy-999", "Lu-177")


def test_nanVoxels(tmp_path, capfd):
    study = writeStudy(tmp_path)
    spect = readImage(str(tmp_path / "spect3.nrrd"))
    array = spect.array.copy()
    array[3, 4, 5] = np.nan
    writeImage(spect.withArray(array), str(tmp_path / "spect3.nrrd"))
    refuse(capfd, study, tmp_path / "out", "time point 3")


def test_outputFolderNotWritable(tmp_path, capfd):
    study = writeStudy(tmp_path)
    (tmp_path / "file").write_text("not a folder")
    status = commandLine.main(["run", str(study), "--out", str(tmp_path / "file" / "out")])
    shown = capfd.readouterr().err
    assert status == 2 and "cannot be written" in shown and "Traceback" not in shown
    status = commandLine.main(["run", str(study), "--out", str(tmp_path / "file")])
    assert status == 2 and (tmp_path / "file").read_text() == "not a folder"


def test_misspelledKey(tmp_path, capfd):
    study = changed(tmp_path, lambda d: d["timePoints"][0].update(decayCorectedTo="administration"))
    refuse(capfd, study, tmp_path / "out", "decayCorectedTo", "not known")


def test_unknownEngineModelProtocolAndRegistration(tmp_path, capfd):
    def change(description):
        description["dose"]["engine"] = "magic"
        description["registration"] = "elastic"
        description["protocol"] = "nothing.atAll"
    lines = refuse(capfd, changed(tmp_path, change), tmp_path / "out", "magic", "elastic", "nothing.atAll")
    assert len(lines) == 3


def test_halfLifeLongerThanPhysical(tmp_path, capfd):
    def change(description):
        description["timePoints"] = description["timePoints"][:1]
        description["kinetics"]["effectiveHalfLifeHours"] = {"liver": 400.0, "kidney left": 50.0}
    refuse(capfd, changed(tmp_path, change), tmp_path / "out", "liver", "longer than the physical")


def test_severalFaultsAreToldAtOnce(tmp_path, capfd):
    def change(description):
        description["timePoints"][0].pop("unit")
        description["timePoints"][1]["spect"] = "gone.nrrd"
        description["timePoints"][3]["hoursAfterAdministration"] = -1
    lines = refuse(capfd, changed(tmp_path, change), tmp_path / "out", "gone.nrrd", "time point 1", "time point 4")
    assert len(lines) == 3


def test_earlierResultsStayWhenARunFails(tmp_path, capfd):
    out = tmp_path / "out"
    study = writeStudy(tmp_path)
    assert commandLine.main(["run", str(study), "--out", str(out)]) == 0
    assert set(os.listdir(out)) == FILES
    before = (out / "results.json").read_bytes()
    (tmp_path / "spect2.nrrd").unlink()
    assert commandLine.main(["run", str(study), "--out", str(out)]) == 2
    assert set(os.listdir(out)) == FILES and (out / "results.json").read_bytes() == before
    capfd.readouterr()


def test_folderWithoutDICOM(tmp_path, capfd):
    (tmp_path / "empty").mkdir()
    study = changed(tmp_path, lambda d: d["timePoints"][0].update(spect="empty"))
    refuse(capfd, study, tmp_path / "out", "empty", "no DICOM")


def test_rigidRegistrationWithoutCT(tmp_path, capfd):
    def change(description):
        description["registration"] = "rigid"
        description["timePoints"][1].pop("ct")
    refuse(capfd, changed(tmp_path, change), tmp_path / "out", "24 h", "CT")

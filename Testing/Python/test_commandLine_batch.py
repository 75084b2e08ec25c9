"""mrt-dosimetry batch: one failed study stops no other, what is finished is skipped, and a killed batch goes on."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from batchCases import run, studies, summary
from recordCases import comparable
from repositoryTree import REPOSITORY

from MRTDosimetryLib import commandLine
from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.report import templateFolder
from MRTDosimetryLib.workflow import batch, batchStudy


def test_aBadStudyStopsNoOtherAndWhatIsFinishedIsSkipped(tmp_path, capfd):
    paths = studies(tmp_path, ("one", "bad", "two"))
    content = json.loads((tmp_path / "bad" / "study.json").read_text(encoding="utf-8"))
    content["timePoints"][0]["hoursAfterAdministration"] = -4.0
    (tmp_path / "bad" / "study.json").write_text(json.dumps(content), encoding="utf-8")
    paths.append(str(tmp_path / "absent.json"))
    out = tmp_path / "out"
    assert run(paths, out, "--jobs", "2") == 1
    rows = summary(out)
    assert [row["state"] for row in rows] == ["done", "failed", "done", "failed"]
    assert "has to be above zero" in rows[1]["words"] and "There is no such file" in rows[3]["words"]
    assert "Traceback" not in rows[1]["words"] and rows[0]["regions"] == "2" and float(rows[0]["time (s)"]) > 0
    page = (out / "summary.html").read_text(encoding="utf-8")
    assert "2 done, 0 skipped (finished before), 2 failed" in page and 'href="one-study/report.html"' in page
    assert sorted(os.listdir(out)) == ["one-study", "summary.csv", "summary.html", "two-study"]
    printed = capfd.readouterr()
    assert "has to be above zero" in printed.err and "4 studies: 2 done" in printed.out
    # again, with the bad one mended and an input of another one changed
    content["timePoints"][0]["hoursAfterAdministration"] = 4.0
    (tmp_path / "bad" / "study.json").write_text(json.dumps(content), encoding="utf-8")
    image = (tmp_path / "two" / "spect2.nrrd")
    image.write_bytes((tmp_path / "two" / "spect1.nrrd").read_bytes())
    before = (out / "one-study" / "record.json").read_bytes()
    assert run(paths[:3], out, "--jobs", "2") == 0
    assert [row["state"] for row in summary(out)] == ["skipped", "done", "done"]
    assert (out / "one-study" / "record.json").read_bytes() == before
    # a result that was edited is not finished
    path = out / "one-study" / "results.json"
    path.write_text(path.read_text(encoding="utf-8").replace("liver", "spleen"), encoding="utf-8")
    assert run(paths[:1], out) == 0 and summary(out)[0]["state"] == "done"


def test_aKilledBatchGoesOnWhereItWas(tmp_path, capfd):
    paths, out = studies(tmp_path, ("one", "two")), tmp_path / "out"
    process = subprocess.Popen([sys.executable, "-m", "MRTDosimetryLib.commandLine", "batch", *paths, "--out", str(out),
                                "--jobs", "1"], env={**os.environ, "PYTHONPATH": REPOSITORY},
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    isSecondStarted, deadline = False, time.monotonic() + 540
    while not isSecondStarted and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.05)
        isSecondStarted = (out / "summary.csv").exists() and any(name.startswith(".mrt-") for name in os.listdir(out))
    assert isSecondStarted and process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (out / batch.LOCK).exists() and not (out / "two-study").exists()
    assert run(paths, out, "--jobs", "1") == 0
    assert [row["state"] for row in summary(out)] == ["skipped", "done"]
    assert sorted(os.listdir(out)) == ["one-study", "summary.csv", "summary.html", "two-study"]
    assert commandLine.main(["verify", str(out / "two-study")]) == 0
    assert comparable(out / "one-study") == comparable(out / "two-study")


def test_namesOfFoldersAreToldApart(tmp_path):
    paths = [str(tmp_path / name) for name in ("a/x/study.json", "b/x/study.json", "c/other.json")]
    assert [os.path.basename(target) for _path, target in batch.targets(paths, tmp_path)] == [
        "a-x-study", "b-x-study", "other"]
    with pytest.raises(InputError, match="named twice"):
        batch.targets([paths[0], paths[0]], tmp_path)


def test_whatCannotBeRunIsToldAtOnce(tmp_path, capfd):
    paths, out = [str(tmp_path / "absent.json")], tmp_path / "out"
    assert run(paths, out, "--jobs", "0") == 2 and "not a number of studies" in capfd.readouterr().err
    out.mkdir()
    (out / batch.LOCK).write_text(json.dumps({"host": "elsewhere", "pid": 1}), encoding="utf-8")
    assert run(paths, out) == 2 and "Another batch is writing" in capfd.readouterr().err
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert run(paths, tmp_path / "file") == 2 and "output folder is a file" in capfd.readouterr().err


def test_jobsFollowCoresAndMemory(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(16)), raising=False)
    for free, jobs in ((100.0, 16), (9.0, int(9.0 / batch.MEMORY_PER_STUDY_GB)), (0.5, 1), (None, 16)):
        monkeypatch.setattr(batch, "_freeMemoryGB", lambda free=free: free)
        assert batch.defaultJobs() == jobs


def test_theCentersTemplateIsPartOfWhatIsFinished(tmp_path, capfd):
    paths, out, folder = studies(tmp_path, ("one",)), tmp_path / "out", tmp_path / "template"
    assert run(paths, out, "--template", str(folder)) == 2 and "no such folder" in capfd.readouterr().err
    folder.mkdir()
    (folder / "center.json").write_text(json.dumps({"name": "A hospital"}), encoding="utf-8")
    assert run(paths, out, "--template", str(folder)) == 0
    assert "A hospital" in (out / "study" / "report.html").read_text(encoding="utf-8")
    assert run(paths, out, "--template", str(folder)) == 0 and summary(out)[0]["state"] == "skipped"
    shipped = templateFolder.load().describe()
    assert batch.finishedOutcome(paths[0], str(out / "study"), shipped) is None


def test_aStudyThatNobodyWantsIsEnded(tmp_path):
    path = studies(tmp_path, ("one",))[0]
    lock = tmp_path / batch.LOCK
    lock.write_text(json.dumps({"batch": "first"}), encoding="utf-8")
    assert batch.isRunning(lock, "first")
    lock.write_text(json.dumps({"batch": "second"}), encoding="utf-8")
    outcome = batchStudy.runStudy(path, str(tmp_path / "out"), isWanted=lambda: batch.isRunning(lock, "first"))
    assert outcome.state == "failed" and "is over" in outcome.words and not (tmp_path / "out").exists()
    lock.write_text("", encoding="utf-8")
    assert batch.isRunning(lock, "first"), "while it is being written"
    lock.unlink()
    assert not batch.isRunning(lock, "first")


def test_whatKilledStudiesHadWrittenAsideIsRemoved(tmp_path):
    (tmp_path / ".mrt-a").mkdir()
    (tmp_path / "one" / ".mrt-b").mkdir(parents=True)
    (tmp_path / "one" / "record.json").write_text("{}", encoding="utf-8")
    batch._removeLeftovers(str(tmp_path), [("one.json", str(tmp_path / "one")), ("two.json", str(tmp_path / "two"))])
    assert os.listdir(tmp_path) == ["one"] and os.listdir(tmp_path / "one") == ["record.json"]

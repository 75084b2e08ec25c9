"""The set-up that both commands of the README share: what reaches its virtual environment, and its words."""

import importlib.util
import json
import os
import subprocess
import sys

import pytest
from repositoryTree import REPOSITORY


@pytest.fixture
def runner(monkeypatch, tmp_path):
    """Testing/run.py as a module, for a virtual environment that nobody uses."""
    monkeypatch.setenv("MRTDOSIMETRY_VENV", str(tmp_path / "venv"))
    spec = importlib.util.spec_from_file_location("run", os.path.join(REPOSITORY, "Testing", "run.py"))
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    spec.loader.exec_module(module)
    return module


def facts(version=(3, 12), venv=True, ensurepip=True, pip=True, is64Bit=True):
    return {"version": list(version), "venv": venv, "ensurepip": ensurepip, "pip": pip, "is64Bit": is64Bit}


def use(monkeypatch, runner, found):
    """Let the runner find the Pythons ``{path: facts}``; returns the commands that it would run."""
    commands = []
    monkeypatch.setattr(runner, "pythons", lambda: iter(found))
    monkeypatch.setattr(runner, "probe", found.get)
    monkeypatch.setattr(runner, "run", lambda command, failure: commands.append(command))
    return commands


def test_environmentKeepsTheIndexAndDropsTheRest(runner, monkeypatch):
    for name in ("PYTHONPATH", "PYTHONHOME", "PIP_TARGET", "PIP_PREFIX", "PIP_CONSTRAINT", "VIRTUAL_ENV"):
        monkeypatch.setenv(name, "elsewhere")
    monkeypatch.setenv("PIP_USER", "1")
    for name in ("PIP_INDEX_URL", "PIP_CERT", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "kept")
    found = runner.environment(QT_QPA_PLATFORM="offscreen")
    assert "elsewhere" not in found.values()
    assert [found[name] for name in ("PIP_INDEX_URL", "PIP_CERT", "HTTPS_PROXY")] == ["kept"] * 3
    assert found["PIP_USER"] == "0" and found["PYTHONNOUSERSITE"] == "1" and found["QT_QPA_PLATFORM"] == "offscreen"


def test_anotherPythonIsTakenWhenTheRunningOneIsOutOfRange(runner, monkeypatch, tmp_path):
    commands = use(monkeypatch, runner, {"old": facts((3, 9)), "new": facts((3, 14)), "broken": None,
                                         "good": facts((3, 13))})
    runner.create(str(tmp_path / "venv"))
    assert commands == [["good", "-I", "-m", "venv", str(tmp_path / "venv")]]


def test_systemPipHelpsOutWithoutEnsurepip(runner, monkeypatch, tmp_path):
    commands = use(monkeypatch, runner, {"bare": facts(ensurepip=False, pip=False), "fair": facts(ensurepip=False)})
    runner.create(str(tmp_path / "venv"))
    assert "--without-pip" in commands[0] and commands[1][:5] == ["fair", "-I", "-m", "pip", "--python"]


@pytest.mark.parametrize("found, words", [
    ({"a": facts((3, 9)), "b": facts((3, 14))}, "needs a 64-bit Python 3.11 to 3.13; found only 3.14, 3.9"),
    ({"a": None}, "found only none"),
    ({"a": facts(is64Bit=False)}, "64-bit"),
    ({"a": facts((3, 11), ensurepip=False, pip=False)}, "python3.11-venv"),
])
def test_wordsWhenNoPythonWillDo(runner, monkeypatch, tmp_path, found, words):
    use(monkeypatch, runner, found)
    with pytest.raises(runner.SetupError, match=words):
        runner.create(str(tmp_path / "venv"))


def test_aFolderThatIsNoVirtualEnvironmentIsLeftAlone(runner, tmp_path):
    (tmp_path / "venv").mkdir()
    (tmp_path / "venv" / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(runner.SetupError, match="left as it is"):
        runner.prepare({"standalone"}, "python")
    assert os.listdir(tmp_path / "venv") == ["thesis.txt"]


def test_installsOnceAndAgainWhenMoreIsWanted(runner, monkeypatch, tmp_path):
    folder = tmp_path / "venv"
    made, installed = [], []

    def create(path):
        made.append(path)
        folder.mkdir()

    monkeypatch.setattr(runner, "create", create)
    monkeypatch.setattr(runner, "install", lambda python, extras: installed.append(extras))
    monkeypatch.setattr(runner, "probe", lambda python: facts())
    for extras in ({"standalone"}, {"standalone"}, {"standalone", "test"}, {"standalone"}):
        runner.prepare(extras, "python")
    assert len(made) == 1 and installed == [["standalone"], ["standalone", "test"]]
    stamp = folder / runner.STAMP
    stamp.write_text(json.dumps(dict(json.loads(stamp.read_text("utf-8")), pyproject="older")), encoding="utf-8")
    runner.prepare({"standalone"}, "python")
    assert len(made) == 1 and installed[2:] == [["standalone", "test"]]


def test_anInterruptedInstallationIsTakenUpAgain(runner, monkeypatch, tmp_path):
    (tmp_path / "venv").mkdir()
    monkeypatch.setattr(runner, "probe", lambda python: facts())

    def fail(python, extras):
        raise runner.SetupError("no network")

    monkeypatch.setattr(runner, "install", fail)
    for _attempt in range(2):
        with pytest.raises(runner.SetupError, match="no network"):
            runner.prepare({"standalone"}, "python")
    assert runner.readStamp(str(tmp_path / "venv" / runner.STAMP)) == {}


def test_helpAndWrongCommand():
    script = os.path.join(REPOSITORY, "Testing", "run.py")
    answer = subprocess.run([sys.executable, script, "dmeo"], capture_output=True, text=True, timeout=60)
    assert answer.returncode == 2 and "demo" in answer.stderr and "Traceback" not in answer.stderr

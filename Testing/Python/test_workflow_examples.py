"""Every example study that needs no images runs from the command line; every example can be read."""

import json
import os

import pytest
from repositoryTree import REPOSITORY

from MRTDosimetryLib import commandLine
from MRTDosimetryLib.therapies import registry
from MRTDosimetryLib.workflow import studyFile

FOLDER = os.path.join(REPOSITORY, "Resources", "Protocols", "examples")
NAMES = sorted(name for name in os.listdir(FOLDER) if name.endswith(".json"))


def content(name):
    with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
        return json.load(file)


WITHOUT_IMAGES = [name for name in NAMES if not content(name).get("timePoints")]


def test_thereAreExamplesWithoutImages():
    assert len(WITHOUT_IMAGES) >= 5


@pytest.mark.parametrize("name", NAMES)
def test_exampleCanBeRead(name):
    description, _inputs = studyFile.readStudyFile(os.path.join(FOLDER, name))
    assert description["protocol"] == name.removesuffix(".json")


@pytest.mark.parametrize("name", WITHOUT_IMAGES)
def test_exampleRuns(name, tmp_path, capsys):
    assert commandLine.main(["run", os.path.join(FOLDER, name), "--out", str(tmp_path / "out")]) == 0
    results = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    therapy, protocol = results["therapy"], registry.protocol(results["protocol"])
    assert results["regions"] == [] and therapy["recommendation"], "an example shows a recommendation"
    assert therapy["assumptions"][:len(protocol["assumptions"])] == protocol["assumptions"]
    assert therapy["leavesOut"] == protocol["leavesOut"] and therapy["uncertaintyCost"] == protocol["uncertaintyCost"]
    printed = capsys.readouterr().out
    assert therapy["recommendation"] in printed and "treating physician" in printed
    report = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Calculated for the decision" in report and "What is left out" in report

"""A run of the commissioning is signed: by whom the rules let, once, as it is, and an edit afterwards shows."""

import json
import shutil
from pathlib import Path

import pytest

from MRTDosimetryLib import commandLine
from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.resources import resourcePath
from MRTDosimetryLib.workflow import commissioningKept, commissioningSigned, recordVerify


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kept")
    return commissioningKept.runAndKeep(str(folder), True, chosen=["biology"], runBy={"name": "Ada Bee"})[0]


@pytest.fixture
def run(made, tmp_path):
    return Path(shutil.copytree(made, tmp_path / "kept" / "run"))


def main(*options):
    return commandLine.main([str(option) for option in options])


def signed(run):
    commissioningSigned.sign(str(run), "physicist", "Cee Dee")
    return json.loads((run / "signed.json").read_text(encoding="utf-8"))


def test_commandLine(run, capsys):
    before = (run / "commissioning.json").read_bytes()
    assert main("verify", run) == 2 and "is not signed" in capsys.readouterr().err
    assert main("check", "--sign", run, "--by", " Cee  Dee ", "--role", "physicist") == 0
    assert "Commissioning, PASS (quick, 10 groups left out): signed by Cee Dee (physicist)" in capsys.readouterr().out
    assert (run / "commissioning.json").read_bytes() == before
    page = (run / "commissioning.html").read_text(encoding="utf-8")
    assert "<strong>Cee Dee (physicist), " in page
    assert main("verify", run) == 0 and main("verify", run / "signed.json") == 0
    assert main("check", "--sign", run, "--by", "E Eff", "--role", "physicist") == 0
    capsys.readouterr()
    assert main("verify", run) == 0
    said = capsys.readouterr().out
    assert "the log with 2 entries, 2 files" in said and "Cee Dee" in said and "E Eff" in said
    (found,), problems = commissioningKept.keptRuns(str(run.parent))
    assert [entry["name"] for entry in found.signatures] == ["Cee Dee", "E Eff"] and not found.faults + tuple(problems)
    code = recordVerify.verify(str(run))["code"]
    assert code in page and main("verify", run, "--code", code[:12]) == 0
    assert main("verify", run, "--code", "0" * 12) == 1


@pytest.mark.parametrize(("name", "old", "new", "words"), [
    ("commissioning.json", "5.5099", "5.5098", "commissioning.json: case biology.kidneyBED was edited"),
    ("commissioning.html", "Ada Bee", "Ada Cee", "commissioning.html was edited after it was written"),
    ("signed.json", "Cee Dee", "Dee Dee", "The part 'log' of the record was edited"),
    ("signed.json", '"role": "physicist"', '"role": "physician"', "Entry 1 of the log (signOff, Commissioning, PASS"),
])
def test_anEditShows(run, capsys, name, old, new, words):
    signed(run)
    file = run / name
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    assert main("verify", run) == 1
    assert words in capsys.readouterr().out
    with pytest.raises(InputError, match="cannot be signed"):
        commissioningSigned.sign(str(run), "physicist", "E Eff")


@pytest.mark.parametrize(("role", "name", "words"), [
    ("technologist", "Cee Dee", "The technologist does not sign the numbers. This is for the physicist"),
    ("physician", "Cee Dee", "The physician does not sign"), ("boss", "Cee Dee", "'boss' is not a role"),
    (None, "Cee Dee", "is not a role"), ("physicist", " ", "no name to sign with"), ("physicist", None, "no name")])
def test_whoMayNotSign(run, role, name, words):
    with pytest.raises(InputError, match=words):
        commissioningSigned.sign(str(run), role, name)
    assert not (run / "signed.json").exists()


def test_fourEyes(run, tmp_path, monkeypatch):
    with open(resourcePath("Roles", "roles.json"), encoding="utf-8") as file:
        rules = {**json.load(file), "fourEyes": True}
    (tmp_path / "roles.json").write_text(json.dumps(rules), encoding="utf-8")
    monkeypatch.setenv("MRTDOSIMETRY_ROLES", str(tmp_path / "roles.json"))
    with pytest.raises(InputError, match="another person has to sign than Ada Bee, who ran the commissioning"):
        commissioningSigned.sign(str(run), "physicist", "ada bee")
    commissioningSigned.sign(str(run), "physicist", "Cee Dee")
    monkeypatch.delenv("MRTDOSIMETRY_ROLES")
    commissioningSigned.sign(str(run), "physicist", "Ada Bee")
    with pytest.raises(InputError, match="cee dee signed this run already"):
        commissioningSigned.sign(str(run), "physicist", "cee dee")


def test_whatCannotBeSigned(run, tmp_path, capsys):
    assert main("check", "--sign", run, "--by", "Cee Dee", "--role", "physicist", "--quick") == 2
    assert "signed as it is" in capsys.readouterr().err
    with pytest.raises(InputError, match="no run of the commissioning in this folder.*sub-folder of one run"):
        commissioningSigned.sign(str(run.parent), "physicist", "Cee Dee")
    file = run / "commissioning.json"
    file.write_text(file.read_text(encoding="utf-8").replace("5.5099", "5.5098"), encoding="utf-8")
    with pytest.raises(InputError, match="cannot be signed: The earlier result was edited"):
        commissioningSigned.sign(str(run), "physicist", "Cee Dee")


def test_anEmptiedLogIsNoSignature(run, capsys):
    assert main("check", "--sign", run, "--by", "Cee Dee", "--role", "physicist") == 0
    content = json.loads((run / "signed.json").read_text(encoding="utf-8"))
    (run / "signed.json").write_text(json.dumps({**content, "log": []}), encoding="utf-8")
    capsys.readouterr()
    assert main("verify", run) == 1
    assert "signed by None" not in capsys.readouterr().out
    assert recordVerify.verify(str(run))["signatures"] == []

"""The chained log: every entry holds the hash of the one before, and any edit is told by its place."""

import copy

import pytest

from MRTDosimetryLib.scene import files
from MRTDosimetryLib.scene.headless import newScene
from MRTDosimetryLib.scene.study import Study
from MRTDosimetryLib.workflow import hashChain


@pytest.fixture
def study():
    study = Study.create(newScene(), "Log")
    hashChain.append(study, "override", "24 h: time", before=24.0, after=25.0, reason="clock", unit=None)
    hashChain.append(study, "signOff", "liver: verified", name="A. Bee", role="physician")
    hashChain.append(study, "stage", "Kinetics", stage="kinetics", inputs="ab", result="cd")
    return study


def test_entriesFollowOnOneAnother(study):
    entries = hashChain.entries(study)
    assert [entry["number"] for entry in entries] == [1, 2, 3] and entries[0]["previous"] == ""
    assert [entry["previous"] for entry in entries[1:]] == [entry["hash"] for entry in entries[:2]]
    assert "unit" not in entries[0] and hashChain.head(study) == entries[2]["hash"]
    # SHA-256 over canonical JSON: keys in order, no spaces, without the hash itself
    assert hashChain.canonical({"b": 1.5, "a": "ä"}) == '{"a":"ä","b":1.5}'
    assert hashChain.sha256Of({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    assert hashChain.faultWords(entries) == [] and hashChain.faultWords([]) == []


def test_theLogSurvivesSavingTheScene(study, tmp_path):
    files.saveBundle(study.scene, str(tmp_path / "s.mrb"))
    before = hashChain.entries(study)
    again = Study.all(files.openBundle(str(tmp_path / "s.mrb")))[0]
    assert hashChain.entries(again) == before and hashChain.faultWords(hashChain.entries(again)) == []


@pytest.mark.parametrize(("edit", "words"), [
    (lambda c: c[0].update(reason="other"), ["Entry 1 of the log (override, 24 h: time) was edited"]),
    (lambda c: c[1].update(name="B. Cee"), ["Entry 2 of the log (signOff, liver: verified) was edited"]),
    (lambda c: c.pop(1), ["Entry 2 of the log (stage, Kinetics) has the number 3: an entry was taken out or put in "
                          "before it"]),
    (lambda c: c[1].update(name="B. Cee", hash=hashChain.sha256Of(
        {**{key: value for key, value in c[1].items() if key != "hash"}, "name": "B. Cee"})),
     ["Entry 3 of the log (stage, Kinetics) does not follow on the one before it: that one was exchanged"])])
def test_anEditShowsWithItsPlace(study, edit, words):
    chain = copy.deepcopy(hashChain.entries(study))
    edit(chain)
    assert hashChain.faultWords(chain) == words


def test_whatIsNoLogIsSaid():
    assert hashChain.faultWords(None) == hashChain.faultWords([1]) == ["The log is not a list of entries"]

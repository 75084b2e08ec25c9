"""Who may draft, verify and sign: the rules that come with the program, a center's own, and four eyes."""

import json

import pytest
from movedStudy import addMovedStudy

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.resources import resourcePath
from MRTDosimetryLib.scene.headless import newScene
from MRTDosimetryLib.workflow import hashChain, reportSignOff, roles, signOff, stages
from MRTDosimetryLib.workflow.regionMasks import segmentationNode


@pytest.fixture(scope="module")
def computed():
    study = addMovedStudy(newScene())
    stages.runStale(study, upTo="results")
    return study


@pytest.fixture
def study(computed):
    yield computed
    for segmentID in segmentationNode(computed).GetSegmentation().GetSegmentIDs():
        for kind in signOff.KINDS:
            signOff.withdraw(computed, segmentID, kind)
    for role, _title in reportSignOff.ROLES:
        reportSignOff.withdraw(computed, role)


@pytest.fixture
def ownRules(tmp_path, monkeypatch):
    """Puts a changed copy of the rules in force."""
    def change(function):
        with open(resourcePath("Roles", "roles.json"), encoding="utf-8") as file:
            content = json.load(file)
        function(content)
        path = tmp_path / "roles.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        monkeypatch.setenv(roles.ENVIRONMENT, str(path))

    return change


def liver(study):
    return segmentationNode(study).GetSegmentation().GetNthSegmentID(0)


@pytest.mark.parametrize("role", ["physicist", "technologist"])
def test_regionsAreVerifiedByThePhysician(study, role):
    signOff.sign(study, liver(study), "drafted", role, "A. Bee")
    with pytest.raises(InputError, match=f"The {role} does not verify regions.*This is for the physician"):
        signOff.sign(study, liver(study), "verified", role, "A. Bee")
    assert signOff.rows(study)[0]["state"] == "drafted"
    signOff.sign(study, liver(study), "verified", "physician", "A. Bee")
    assert signOff.rows(study)[0]["state"] == "verified"


@pytest.mark.parametrize(("line", "role", "words"), [
    ("medicalPhysicsExpert", "physician", "The physician does not sign the numbers"),
    ("medicalPhysicsExpert", "technologist", "The technologist does not sign the numbers"),
    ("treatingPhysician", "physicist", "The physicist does not sign the report as the treating physician"),
    ("treatingPhysician", "visitor", "'visitor' is not a role")])
def test_numbersAndReportAreSignedByTheirRoles(study, line, role, words):
    with pytest.raises(InputError, match=words):
        reportSignOff.sign(study, line, "A. Bee", actingAs=role)
    assert not any(row["name"] for row in reportSignOff.rows(study))


def test_whoSignedInWhichRoleIsInTheLog(study):
    reportSignOff.sign(study, "medicalPhysicsExpert", "C. Dee", "2026-05-12T09:30:00+02:00", "physicist")
    entry = hashChain.entries(study)[-1]
    assert (entry["kind"], entry["line"], entry["role"], entry["name"]) == (
        "signOff", "medicalPhysicsExpert", "physicist", "C. Dee")
    assert entry["signed"] == study.choice("reportSignOff")["medicalPhysicsExpert"]["digest"] and entry["rules"]
    reportSignOff.withdraw(study, "medicalPhysicsExpert")
    assert hashChain.entries(study)[-1]["kind"] == "withdrawal"
    assert hashChain.faultWords(hashChain.entries(study)) == []


def test_fourEyesWantAnotherPerson(study, ownRules):
    reportSignOff.sign(study, "preparedBy", "A. Bee", actingAs="physicist")
    reportSignOff.sign(study, "medicalPhysicsExpert", "A. Bee", actingAs="physicist")
    reportSignOff.withdraw(study, "medicalPhysicsExpert")
    ownRules(lambda content: content.update(fourEyes=True))
    with pytest.raises(InputError, match="another person has to sign than A. Bee, who prepared the report"):
        reportSignOff.sign(study, "medicalPhysicsExpert", " a.  bee", actingAs="physicist")
    reportSignOff.sign(study, "medicalPhysicsExpert", "C. Dee", actingAs="physicist")
    signOff.sign(study, liver(study), "drafted", "physician", "E. Eff")
    with pytest.raises(InputError, match="E. Eff, who drafted the region"):
        signOff.sign(study, liver(study), "verified", "physician", "E. Eff")
    signOff.sign(study, liver(study), "verified", "physician", "G. Gee")


def test_aCenterMayLetThePhysicistVerify(study, ownRules):
    ownRules(lambda content: content["mayDo"].update(verifyRegion=["physicist"]))
    signOff.sign(study, liver(study), "verified", "physicist", "A. Bee")
    with pytest.raises(InputError, match="This is for the physicist"):
        signOff.sign(study, liver(study), "verified", "physician", "A. Bee")


@pytest.mark.parametrize(("change", "words"), [
    (lambda content: content.update(fourEyes="yes"), "fourEyes is neither true nor false"),
    (lambda content: content["mayDo"].update(verifyRegion="physician"), "are not a list of roles"),
    (lambda content: content["mayDo"].update(verifyRegion=["nurse"]), "are not a list of roles"),
    (lambda content: content["mayDo"].update(prescribe=["physician"]), "'prescribe' is not something to be done"),
    (lambda content: content["mayDo"].pop("verifyRegion"), "are not a list of roles"),
    (lambda content: content.update(schemaVersion=2), "These are not rules of roles"),
    (lambda content: content.update(hint=1), "The key 'hint' is not known")])
def test_withDamagedRulesNobodySigns(study, ownRules, change, words):
    ownRules(change)
    with pytest.raises(InputError, match=words):
        reportSignOff.sign(study, "preparedBy", "A. Bee", actingAs="physicist")


def test_withMissingRulesNobodySigns(study, tmp_path, monkeypatch):
    monkeypatch.setenv(roles.ENVIRONMENT, str(tmp_path / "none.json"))
    with pytest.raises(InputError, match="The rules of the roles cannot be read"):
        signOff.sign(study, liver(study), "drafted", "physician", "A. Bee")

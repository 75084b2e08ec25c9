"""Who may draft, verify and sign: the rules that come with the program, a center's own, and four eyes."""

import json

import pytest
from movedStudy import addMovedStudy

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.resources import resourcePath
from MRTDosimetryLib.scene.headless import newScene
from MRTDosimetryLib.workflow import (
    administrationEntry,
    hashChain,
    reportSignOff,
    roles,
    signOff,
    stages,
    statementEntry,
    statements,
)
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


def test_measurementsAreStatedByTheirRoles(study, ownRules):
    uptake = [{"timeHours": 24.0, "uptakeFraction": 0.4}]
    statementEntry.keep(study, "measurements.thyroidUptake", uptake, actingAs="technologist")
    assert statements.statements(study)["measurements.thyroidUptake"]["role"] == "technologist"
    ownRules(lambda content: content["mayDo"].update(stateMeasurements=["technologist"]))
    with pytest.raises(InputError, match="The physicist does not state measurements.*This is for the technologist"):
        statementEntry.keep(study, "measurements.thyroidUptake", None, actingAs="physicist")
    with pytest.raises(InputError, match="The physician does not state measurements"):
        statementEntry.keep(study, "patient", {"massKg": 70.0}, actingAs="physician")
    with pytest.raises(InputError, match="The physicist does not state measurements"):
        administrationEntry.change(study, actingAs="physicist", activityMBq=7000.0)
    assert statements.stated(study) == {"measurements.thyroidUptake": uptake}
    assert study.choice("administration")["activityMBq"] == 7400.0
    # what is prescribed is decided, not measured
    statementEntry.keep(study, "prescription", {"cyclesPlanned": 4}, actingAs="physicist")
    administrationEntry.change(study, actingAs="physician", prescribedActivityMBq=7400.0)
    statementEntry.keep(study, "measurements.thyroidUptake", None)  # by a file, at no desk
    statementEntry.keep(study, "prescription", None)
    administrationEntry.change(study, prescribedActivityMBq=None)
    with pytest.raises(InputError, match="'nurse' is not a role"):
        statementEntry.keep(study, "patient", {"massKg": 70.0}, actingAs="nurse")


def test_signaturesOfARecordHoldOnlyAsTheRulesInForceSay(study, ownRules):
    signOff.sign(study, liver(study), "verified", "physician", "A. Bee")
    signOff.sign(study, liver(study), "drafted", "technologist", "C. Dee")
    signed = signOff.statements(study)
    signOff.restore(study, signed)
    assert signOff.rows(study)[0]["state"] == "verified" and signOff.warnings(study) == []
    ownRules(lambda content: content["mayDo"].update(verifyRegion=["physicist"]))
    signOff.restore(study, signed)
    row, words = signOff.rows(study)[0], signOff.warnings(study)
    assert row["state"] == "drafted" and row["drafted"]["name"] == "C. Dee" and len(words) == 1
    assert "liver: verified by A. Bee (physician) is not taken over: " in words[0]
    assert "The physician does not verify regions" in words[0]
    signOff.restore(study, signed, isRecordEdited=True)
    assert signOff.rows(study)[0]["state"] == "open" and len(signOff.warnings(study)) == 2
    signOff.restore(study, {})
    assert signOff.warnings(study) == []

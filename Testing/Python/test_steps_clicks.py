"""The digital patient from its DICOM files to the signed report: few clicks, and the numbers of the command line."""

import json

import pytest
import StandIns

if StandIns.missingReason():
    pytest.skip(StandIns.missingReason(), allow_module_level=True)

from recordCases import numbersAlone
from StandIns import driving, qtModule
from StandIns.driving import select

MOST_CLICKS = 30
# Of results.json: persons and times, and the checklist that counts them.
NOT_COMPARED = ("signOff", "checklist")


class Hand:
    """Does what the user does, and counts it: a click, a choice, a filled field, a file dialog."""

    def __init__(self):
        self.count = 0

    def click(self, button):
        assert button.enabled, f"{button.text} cannot be pressed"
        self.count += 1
        button.click()

    def choose(self, selector, value):
        self.count += 1
        select(selector, value)

    def enter(self, box, value):
        self.count += 1
        box.value = value

    def type(self, edit, text):
        self.count += 1
        edit.text = text
        edit.editingFinished.emit()

    def toggle(self, box):
        self.count += 1
        box.checked = not box.checked

    def answer(self, button, dialog, path):
        qtModule.queueReply(f"QFileDialog.{dialog}", str(path))
        self.click(button)


@pytest.fixture(scope="module")
def byCommandLine(tmp_path_factory):
    """The small digital patient as DICOM, and what the command line makes of it."""
    from MRTDosimetryLib.workflow import demo, job, outputs, studyFile

    folder = tmp_path_factory.mktemp("clicks")
    path, _truth = demo.writePatient(str(folder), "small")
    description = readJSON(path)
    # the same choices: the fields of the wizard hold one decimal
    description["resolutionFWHMMM"] = round(description["resolutionFWHMMM"], 1)
    description["administration"]["activityMBq"] = round(description["administration"]["activityMBq"], 1)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(description, file)
    # what "run" does before it writes files
    study, _inputs = job.computeStudy(studyFile.readStudyFile(path)[0])
    return folder, description, json.loads(json.dumps(outputs.finalResults(study)))


def readJSON(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def requireSame(found, expected, where=""):
    """Equal structure; numbers within 1e-6 of each other."""
    if isinstance(expected, dict):
        assert set(found) == set(expected), where
        for key in expected:
            requireSame(found[key], expected[key], f"{where}/{key}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), where
        for index, item in enumerate(expected):
            requireSame(found[index], item, f"{where}/{index}")
    elif isinstance(expected, float) and not isinstance(found, str):
        assert found == pytest.approx(expected, rel=1e-6, abs=1e-9), where
    else:
        assert found == expected, where


def testFromImagesToSignedReportInFewClicks(byCommandLine, tmp_path, monkeypatch):
    from MRTDosimetryLib.workflow import pictures

    # they cost seconds, hold no numbers, and have tests of their own
    monkeypatch.setattr(pictures, "reportPictures", lambda *_args: ([], []))
    patient, description, expected = byCommandLine
    hand = Hand()
    with driving.Wizard(380) as wizard:
        ui = wizard.ui
        hand.click(ui.newStudyButton)
        page = wizard.shell.step.ui
        hand.choose(page.therapySelector, description["protocol"].partition(".")[0])
        hand.choose(page.strategySelector, description["protocol"])
        hand.type(page.patientNameEdit, description["patient"]["name"])
        hand.type(page.patientIDEdit, description["patient"]["id"])
        hand.enter(page.activityBox, description["administration"]["activityMBq"])
        hand.count += 1
        page.dateBox.dateTime = page.dateBox.dateTime.fromString(
            description["administration"]["dateTime"], "yyyy-MM-dd'T'HH:mm:ss")
        hand.click(ui.nextButton)
        page = wizard.shell.step.ui
        hand.answer(page.folderScansButton, "getExistingDirectory", patient)
        hand.click(page.foundAddButton)
        assert len(wizard.study.timePoints) == len(description["timePoints"]), wizard.messages()
        hand.click(wizard.barButton("regions"))
        page = wizard.shell.step.ui
        hand.answer(page.labelFileButton, "getOpenFileName", patient / description["regions"]["labelmap"])
        hand.type(page.labelNamesEdit, ", ".join(
            f"{value} = {name}" for value, name in description["regions"]["names"].items()))
        hand.click(page.labelAddButton)
        hand.click(wizard.barButton("dose"))
        hand.enter(wizard.shell.step.ui.resolutionBox, description["resolutionFWHMMM"])
        hand.click(wizard.barButton("results"))
        hand.click(ui.computeButton)
        assert wizard.shell._states["results"] == "done", wizard.messages()
        hand.click(ui.nextButton)
        page = wizard.shell.step.ui
        for role in ("preparedBy", "medicalPhysicsExpert", "treatingPhysician"):
            if role == "treatingPhysician":  # who signs at the own desk, without leaving the page
                hand.choose(wizard.ui.roleSelector, "physician")
                assert wizard.shell.step.name == "report"
            hand.type(getattr(page, f"{role}Edit"), f"Name of {role}")
            hand.click(getattr(page, f"{role}Button"))
        hand.answer(page.folderButton, "getExistingDirectory", tmp_path)
        hand.click(ui.computeButton)
        assert set(wizard.shell._states.values()) == {"done", "notNeeded"}, wizard.messages()
    print(f"{hand.count} clicks")
    assert hand.count < MOST_CLICKS
    found = readJSON(tmp_path / "results.json")
    assert [row["name"] for row in found["signOff"]["report"]] == [
        f"Name of {row['role']}" for row in found["signOff"]["report"]]
    assert all(row["isValid"] for row in found["signOff"]["report"])
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert len(found["signOff"]["report"]) == 3
    assert all(row["name"] in html for row in found["signOff"]["report"]) and "Digital patient" in html
    for key in expected:
        if key not in NOT_COMPARED:
            requireSame(found[key], expected[key], key)
    requireRepeated(tmp_path, tmp_path / "again", monkeypatch)


def requireRepeated(folder, again, monkeypatch):
    """The command line repeats the record of the module to the last bit; nobody has signed the repetition."""
    from MRTDosimetryLib import commandLine

    numbersAlone(monkeypatch)
    assert commandLine.main(["run", str(folder / "record.json"), "--out", str(again)]) == 0
    first, second = (readJSON(item / "results.json") for item in (folder, again))
    assert {row["name"] for row in second["signOff"]["report"]} == {None}
    ofPersons = {"responsiblePhysician", "medicalPhysicsExpert", "approval"}
    for content in (first, second):
        content.pop("signOff")
        content["checklist"].pop("recorded")  # the count of the items
        for section in content["checklist"]["sections"]:
            section.pop("recorded")
            section["items"] = [item for item in section["items"] if item["id"] not in ofPersons]
    requireSame(second, first)  # which names what is not
    assert json.dumps(first) == json.dumps(second)
    for name in ("absorbedDose.nrrd", "dvh.csv", "timeActivity.csv"):
        assert (folder / name).read_bytes() == (again / name).read_bytes(), name
    assert commandLine.main(["diff", str(folder), str(again)]) == 0

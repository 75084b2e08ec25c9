"""A hybrid study typed in from DICOM to the signed report: one SPECT/CT, planar counts, half-lives, an earlier cycle.

Every number is that of the command line, to the last bit.
"""

import json

import pytest
import StandIns

if StandIns.missingReason():
    pytest.skip(StandIns.missingReason(), allow_module_level=True)

from StandIns import driving
from test_steps_clicks import NOT_COMPARED, Hand, readJSON, requireSame

from MRTDosimetryLib import commandLine

NARROWEST = 380
EXAMPLE = "lutetiumPsma.hybrid"
ROLES = {"preparedBy": "physicist", "medicalPhysicsExpert": "physicist", "treatingPhysician": "physician"}
PATIENT = {"name": "Hybrid^Patient", "id": "HYBRID-2", "cycle": 2}


@pytest.fixture(scope="module")
def byCommandLine(tmp_path_factory):
    """Folder of the DICOM files, the example as a study file beside them, and what the command line makes of it."""
    from MRTDosimetryLib.resources import resourcePath
    from MRTDosimetryLib.workflow import demo, job, outputs, studyFile

    folder = tmp_path_factory.mktemp("typedImages")
    demo.writePatient(str(folder / demo.PATIENT_FOLDER), "small")
    description = {**readJSON(resourcePath("Protocols", "examples", f"{EXAMPLE}.json")), "patient": PATIENT}
    path = folder / "study.json"
    path.write_text(json.dumps(description), encoding="utf-8")
    study, _inputs = job.computeStudy(studyFile.readStudyFile(str(path))[0])
    return folder, description, json.loads(json.dumps(outputs.finalResults(study)))


def typeProtocol(hand, wizard, description):
    page, given = wizard.page("protocol").ui, description["administration"]
    hand.choose(page.therapySelector, description["protocol"].partition(".")[0])
    hand.choose(page.strategySelector, description["protocol"])
    hand.type(page.patientNameEdit, PATIENT["name"])
    hand.type(page.patientIDEdit, PATIENT["id"])
    hand.enter(page.cycleBox, PATIENT["cycle"])
    hand.enter(page.prescribedBox, given["prescribedActivityMBq"])
    hand.enter(page.activityBox, given["activityMBq"])
    page.dateBox.dateTime = page.dateBox.dateTime.fromString(given["dateTime"], "yyyy-MM-dd'T'HH:mm:ss")


def typeImages(hand, wizard, description, folder):
    page = wizard.page("timePoints").ui
    scan, = description["timePoints"]
    hand.answer(page.folderScansButton, "getExistingDirectory", (folder / scan["ct"]).parent)
    hand.click(page.foundAddButton)
    assert len(wizard.study.timePoints) == 1, wizard.messages()
    page, regions = wizard.page("regions").ui, description["regions"]
    hand.answer(page.labelFileButton, "getOpenFileName", folder / regions["labelmap"])
    hand.type(page.labelNamesEdit, ", ".join(f"{value} = {name}" for value, name in regions["names"].items()))
    hand.click(page.labelAddButton)


def typeKinetics(hand, wizard, stated):
    page = wizard.page("kinetics")
    hand.enter(page.ui.activityUncertaintyBox, 100.0 * stated["relativeActivityUncertainty"])
    for region, entry in stated["effectiveHalfLifeHours"].items():
        names = [page.ui.kineticsTable.item(row, 0).text() for row in range(page.ui.kineticsTable.rowCount)]
        page.ui.kineticsTable.setCurrentCell(names.index(region), 0)
        hand.enter(page.ui.halfLifeBox, entry["hours"])
        hand.enter(page.ui.halfLifeUncertaintyBox, 100.0 * entry["relativeUncertainty"])
        hand.type(page.ui.halfLifeSourceEdit, entry["source"])
        hand.click(page.ui.halfLifeButton)
    wizard.grab("typedImages-kinetics")


def sign(hand, wizard, folder):
    page = wizard.page("report").ui
    for role, desk in ROLES.items():
        driving.select(wizard.ui.roleSelector, desk)
        hand.type(getattr(page, f"{role}Edit"), f"Name of {role}")
        hand.click(getattr(page, f"{role}Button"))
    hand.answer(page.folderButton, "getExistingDirectory", folder)
    hand.click(wizard.ui.computeButton)


def testAHybridStudyFromDicomToTheSignedReport(byCommandLine, tmp_path, withoutPictures, monkeypatch):
    # costs seconds, and has tests of its own
    monkeypatch.setattr("MRTDosimetryLib.workflow.outputs.pdfOf", lambda *_arguments: b"%PDF")
    folder, description, expected = byCommandLine
    assert set(description) == {"schemaVersion", "name", "protocol", "radionuclide", "administration", "timePoints",
                                "regions", "registration", "dose", "resolutionFWHMMM", "uncertainty", "kinetics",
                                "measurements", "earlierCycles", "patient"}, "all of it is typed below"
    hand = Hand()
    with driving.Wizard(NARROWEST) as wizard:
        from MRTDosimetryLib.steps import selfTest

        hand.click(wizard.ui.newStudyButton)
        typeProtocol(hand, wizard, description)
        typeImages(hand, wizard, description, folder)
        hand.choose(wizard.page("registration").ui.kindSelector, description["registration"])
        selfTest.typeStatements(wizard.shell, {"measurements": description["measurements"]})
        wizard.grab("typedImages-measurements")
        typeKinetics(hand, wizard, description["kinetics"])
        page = wizard.page("dose").ui
        hand.enter(page.resolutionBox, description["resolutionFWHMMM"])
        hand.enter(page.calibrationUncertaintyBox, 100.0 * description["uncertainty"]["calibrationRelative"])
        selfTest.typeStatements(wizard.shell, {"earlierCycles": description["earlierCycles"]})
        for name in ("therapy", "results"):
            wizard.page(name)
            hand.click(wizard.ui.computeButton)
            assert wizard.shell.state(name) == "done", wizard.messages()
            wizard.grab(f"typedImages-{name}")
        sign(hand, wizard, tmp_path / "out")
        assert set(wizard.shell._states.values()) == {"done"}, wizard.messages()
    found = readJSON(tmp_path / "out" / "results.json")
    assert expected["therapy"]["accumulated"] and len(expected["regions"]) == 8
    for key in expected:
        if key not in NOT_COMPARED:
            requireSame(found[key], expected[key], key)  # which names what is not
            assert found[key] == expected[key], key
    assert [row["isValid"] for row in found["signOff"]["report"]] == [True] * 3
    html = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert all(f"Name of {role}" in html for role in ROLES)
    assert commandLine.main(["verify", str(tmp_path / "out")]) == 0

"""Page 8: preview, signatures by role, result files and DICOM objects."""

import json
import os

import pytest
import StandIns

if StandIns.missingReason():
    pytest.skip(StandIns.missingReason(), allow_module_level=True)

from StandIns import driving, qtModule

pytestmark = pytest.mark.usefixtures("allWithoutPictures")
ROLES = ("preparedBy", "medicalPhysicsExpert", "treatingPhysician")


@pytest.fixture
def wizard():
    """A small study of a named patient, computed, at its report."""
    with driving.Wizard(380) as opened:
        from MRTDosimetryLib.workflow import administrationEntry, stages

        opened.ui.newStudyButton.click()
        driving.addSmallStudy(opened.study)
        administrationEntry.setPatient(opened.study, name="Sample^A", id="ID-7", cycle=2)
        stages.runStale(opened.study, upTo="results")
        opened.page("report")
        yield opened


def sign(wizard, role, name):
    """At the desk of the role that the line is for."""
    desk = "physician" if role == "treatingPhysician" else "physicist"
    if wizard.shell.role() != desk:
        wizard.ui.roleSelector.setCurrentIndex(wizard.ui.roleSelector.findData(desk))
    ui = wizard.shell.step.ui
    getattr(ui, f"{role}Edit").text = name
    getattr(ui, f"{role}Button").click()


def write(wizard, folder):
    qtModule.queueReply("QFileDialog.getExistingDirectory", str(folder))
    wizard.shell.step.ui.folderButton.click()
    wizard.ui.computeButton.click()
    assert wizard.shell._states["report"] == "done", wizard.messages()
    with open(os.path.join(folder, "results.json"), encoding="utf-8") as file:
        return json.load(file)


def testPreviewShowsWhatIsSigned(wizard, monkeypatch):
    import qt

    ui = wizard.shell.step.ui
    text = ui.previewBrowser.toPlainText()
    for words in ("Sample, A, ID-7", "Cycle: 2", "7400 MBq on 2026-05-04 10:00", "liver", "kidney left"):
        assert words in text, text
    opened = []
    monkeypatch.setattr(qt.QDesktopServices, "openUrl", staticmethod(lambda url: opened.append(url.toLocalFile())))
    ui.previewButton.click()
    with open(opened[0], encoding="utf-8") as file:
        assert "Absorbed dose report" in file.read()
    assert wizard.study.stageRecord("report") is None, "a draft is no report"
    wizard.grab("report-preview")


def testNothingToSignBeforeThereAreResults():
    with driving.Wizard(380) as wizard:
        wizard.ui.newStudyButton.click()
        ui = wizard.page("report").ui
        assert ui.previewBrowser.isHidden() and ui.previewButton.isHidden()
        assert not any(getattr(ui, f"{role}Button").enabled for role in ROLES)


def testSignaturesByRoleAreInReportRecordAndResults(wizard, tmp_path):
    ui = wizard.shell.step.ui
    sign(wizard, "preparedBy", " ")
    assert any("no name to sign with" in text for text in wizard.messages())
    for role in ROLES[:2]:
        sign(wizard, role, f"Name of {role}")
    assert ui.preparedByButton.text == "Withdraw" and not ui.preparedByEdit.enabled
    assert ui.treatingPhysicianButton.text == "Sign"
    found = write(wizard, tmp_path)
    signed = {row["role"]: row for row in found["signOff"]["report"]}
    assert signed["preparedBy"]["name"] == "Name of preparedBy" and signed["preparedBy"]["isValid"]
    assert signed["treatingPhysician"]["name"] is None and not signed["treatingPhysician"]["isValid"]
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert html.count('class="signed"') == 2 and "Name of medicalPhysicsExpert" in html
    record = json.loads((tmp_path / "record.json").read_text(encoding="utf-8"))
    assert record["choices"]["reportSignOff"]["preparedBy"]["name"] == "Name of preparedBy"
    wizard.grab("report-signed")
    # one more signature: the files are not up to date
    sign(wizard, "treatingPhysician", "Name of treatingPhysician")
    assert wizard.shell._states["report"] == "stale"
    ui.treatingPhysicianButton.click()
    assert wizard.shell._states["report"] == "done", "withdrawn: as it was written"


@pytest.mark.parametrize(("desk", "line", "words"), [
    ("physicist", "treatingPhysician", "The physicist does not sign the report as the treating physician"),
    ("physician", "medicalPhysicsExpert", "The physician does not sign the numbers"),
    ("technologist", "medicalPhysicsExpert", "The technologist does not sign the numbers")])
def testNobodySignsWhatIsNotTheirBusiness(wizard, desk, line, words):
    from MRTDosimetryLib.workflow import reportSignOff

    wizard.ui.roleSelector.setCurrentIndex(wizard.ui.roleSelector.findData(desk))
    wizard.page("report")
    ui = wizard.shell.step.ui
    getattr(ui, f"{line}Edit").text = "Name"
    getattr(ui, f"{line}Button").click()
    assert any(words in text for text in wizard.messages()), wizard.messages()
    assert not any(row["name"] for row in reportSignOff.rows(wizard.study))


def testChangedResultsTakeTheSignatureBack(wizard, tmp_path):
    from MRTDosimetryLib.workflow import administrationEntry, kineticsOptions, reportSignOff

    for role in ROLES:
        sign(wizard, role, f"Name of {role}")
    kineticsOptions.setModel(wizard.study, "trapezoid")
    wizard.shell.refresh()
    assert not any(row["isValid"] for row in reportSignOff.rows(wizard.study))
    assert not wizard.shell.step.ui.preparedByButton.enabled, "nothing up to date to sign"
    found = write(wizard, tmp_path)
    assert not any(row["isValid"] for row in found["signOff"]["report"])
    assert sum("signature no longer holds" in text for text in found["warnings"]) == 3
    assert 'class="signed"' not in (tmp_path / "report.html").read_text(encoding="utf-8")
    ui = wizard.shell.step.ui
    assert ui.preparedByButton.text == "Sign" and "sign again" in ui.signWords.text
    wizard.grab("report-changed")
    # back to what was signed: the same numbers, so the signature holds
    kineticsOptions.setModel(wizard.study, "auto")
    wizard.shell.refresh()
    wizard.ui.computeButton.click()
    assert all(row["isValid"] for row in reportSignOff.rows(wizard.study))
    administrationEntry.setPatient(wizard.study, name="Other^B")
    assert not any(row["isValid"] for row in reportSignOff.rows(wizard.study)), "another patient is not what was signed"


@pytest.mark.parametrize("isDeidentified", [False, True])
def testDicomExport(wizard, tmp_path, isDeidentified):
    pydicom = pytest.importorskip("pydicom")
    pytest.importorskip("highdicom")
    ui = wizard.shell.step.ui
    assert not ui.deidentifiedBox.enabled
    ui.dicomBox.checked = True
    ui.deidentifiedBox.checked = isDeidentified
    found = write(wizard, tmp_path)
    assert found["regions"] and "dicom/" in [ui.filesList.item(row).text() for row in range(ui.filesList.count)]
    header = pydicom.dcmread(tmp_path / "dicom" / "absorbedDose.dcm", stop_before_pixels=True)
    assert header.Modality == "RTDOSE"
    assert (str(header.PatientName), header.PatientID == "ID-7") == (
        ("Sample^A", True) if not isDeidentified else (str(header.PatientName), False))
    assert ("Sample" in str(header.PatientName)) is not isDeidentified
    assert wizard.study.choice("export") == {"dicom": True, "deidentified": isDeidentified}


def testNamesDoNotGoToAnotherStudy(wizard):
    ui = wizard.shell.step.ui
    sign(wizard, "preparedBy", "Name")
    wizard.shell.studies.add()
    wizard.page("report")
    assert ui.preparedByEdit.text == "" and not ui.preparedByButton.enabled
    wizard.ui.studySelector.setCurrentIndex(0)
    wizard.page("report")
    assert (ui.preparedByEdit.text, ui.preparedByButton.text) == ("Name", "Withdraw")


def testSignaturesSurviveSavingTheScene(wizard, tmp_path):
    import slicer

    from MRTDosimetryLib.scene import files
    from MRTDosimetryLib.workflow import reportSignOff

    sign(wizard, "medicalPhysicsExpert", "Name")
    path = str(tmp_path / "study.mrb")
    files.saveBundle(wizard.scene, path)
    slicer.mrmlScene.Clear(0)
    files.openBundle(path)
    wizard.shell.updateStudies()
    row = reportSignOff.rows(wizard.study)[1]
    assert (row["name"], row["isValid"]) == ("Name", True)


def testTheCentersTemplateIsKeptForTheNextStudy(wizard, tmp_path):
    from MRTDosimetryLib.report import templateFolder

    ours, ui = tmp_path / "ours", wizard.shell.step.ui
    ours.mkdir()
    (ours / "center.json").write_text('{"name": "A hospital"}', encoding="utf-8")
    qtModule.queueReply("QFileDialog.getExistingDirectory", str(ours))
    ui.templateButton.click()
    assert ui.templateEdit.text == str(ours)
    write(wizard, tmp_path / "out")
    assert "A hospital" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    record = json.loads((tmp_path / "out" / "record.json").read_text(encoding="utf-8"))
    assert record["report"] == templateFolder.load(str(ours)).describe()
    # another study finds it set
    wizard.ui.newStudyButton.click()
    wizard.page("report")
    assert ui.templateEdit.text == str(ours)
    ui.shippedButton.click()
    assert ui.templateEdit.text == ""


def testBrokenTemplateIsRefusedInThePanel(wizard, tmp_path):
    ui = wizard.shell.step.ui
    (tmp_path / "report.html").write_text("{% if %}", encoding="utf-8")
    qtModule.queueReply("QFileDialog.getExistingDirectory", str(tmp_path))
    ui.templateButton.click()
    assert any("no template" in text for text in wizard.messages()) and ui.templateEdit.text == ""

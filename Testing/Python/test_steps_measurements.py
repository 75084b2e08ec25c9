"""Every example study file typed into the wizard gives the numbers of the command line; what cannot be is told."""

import json
import os

import pytest
import StandIns

if StandIns.missingReason():
    pytest.skip(StandIns.missingReason(), allow_module_level=True)

from StandIns import driving, qtModule
from StandIns.driving import select, texts
from test_steps_clicks import requireSame

from MRTDosimetryLib.resources import resourcePath

NARROWEST = 380
FOLDER = resourcePath("Protocols", "examples")
UPTAKE = "measurements.thyroidUptake"


def load(name):
    with open(os.path.join(FOLDER, f"{name}.json"), encoding="utf-8") as file:
        return json.load(file)


WITHOUT_IMAGES = sorted(name.removesuffix(".json") for name in os.listdir(FOLDER)
                        if name.endswith(".json") and not load(name.removesuffix(".json")).get("timePoints"))


@pytest.fixture
def wizard():
    with driving.Wizard(NARROWEST) as opened:
        yield opened


def selfTest():
    """What types into the pages, there once the stand-ins are."""
    from MRTDosimetryLib.steps import selfTest

    return selfTest


def byCommandLine(description):
    """The numbers of ``mrt-dosimetry run``, and whether that application's scene is left as it was."""
    from MRTDosimetryLib.workflow import job, outputs

    study, _inputs = job.computeStudy(description)
    return json.loads(json.dumps(outputs.finalResults(study)))


def finalResults(study):
    from MRTDosimetryLib.workflow import outputs

    return json.loads(json.dumps(outputs.finalResults(study)))


def stated(wizard, key):
    from MRTDosimetryLib.workflow import statements

    return statements.stated(wizard.study).get(key)


def inOneLine(label):
    return label.text.replace("\n", " ")


def begin(wizard, protocolId):
    wizard.ui.newStudyButton.click()
    driving.chooseProtocol(wizard.page("protocol"), protocolId)


def testThereAreExamplesWithoutImages():
    assert len(WITHOUT_IMAGES) >= 5


@pytest.mark.parametrize("name", WITHOUT_IMAGES)
def testAnExampleTypedInGivesTheNumbersOfTheCommandLine(name):
    description = load(name)
    expected = byCommandLine(description)
    with driving.Wizard(NARROWEST) as wizard:
        selfTest().typeStudy(wizard.shell, description)
        wizard.page("measurements")
        wizard.grab(f"measurements-{name}")
        wizard.page("protocol")
        wizard.grab(f"protocol-{name}")
        shown = [step.name for step in wizard.shell.steps if not wizard.barButton(step.name).isHidden()]
        assert shown == ["protocol", "measurements", "therapy", "results", "report"]
        assert [wizard.barButton(step).text for step in shown] == ["1", "2", "3", "4", "5"]
        for step in shown[1:4]:
            wizard.ui.nextButton.click()
            assert wizard.shell.step.name == step
            if wizard.ui.computeButton.enabled:
                wizard.ui.computeButton.click()
            assert wizard.shell.widget.minimumSizeHint.width() <= NARROWEST - 20
            wizard.grab(f"{step}-{name}-done")
        assert {wizard.shell._states[step] for step in shown[:4]} == {"done"}, wizard.messages()
        found = finalResults(wizard.study)
        for key in expected:
            if key != "signOff":
                requireSame(found[key], expected[key], key)
        for key in ("wholeBody", "blood", "thyroidUptake"):
            if key in description["measurements"]:
                assert wizard.study.nodeByRole(f"statement.measurements.{key}.chart") is not None


def testAnExampleWithImagesGivesTheNumbersOfTheCommandLine(tmp_path):
    from MRTDosimetryLib.workflow import demo, studyFile

    example = load("lutetiumDotatate.singleTimePoint")
    path, _truth = demo.writePatient(str(tmp_path), "small")
    base, _record = studyFile.readStudyFile(path)
    base = {**base, "protocol": example["protocol"], "timePoints": base["timePoints"][:1], "registration": "none",
            "kinetics": example["kinetics"]}
    example["prescription"]["alphaBetaGy"], example["prescription"]["radiobiologySource"] = 2.5, "of the test"
    beside = {key: example[key] for key in ("prescription", "earlierCycles")}
    expected = byCommandLine({**base, **beside})
    assert expected["therapy"]["limits"] and expected["therapy"]["accumulated"]
    with driving.Wizard(NARROWEST) as wizard:
        wizard.ui.newStudyButton.click()
        studyFile.applyStudy(wizard.study, base)
        selfTest().typeStatements(wizard.shell, beside)
        wizard.grab("therapy-cycles")
        page = wizard.page("therapy")
        page.section("prescription")
        wizard.grab("therapy-prescription")
        wizard.page("results")
        wizard.ui.computeButton.click()
        assert wizard.shell._states["results"] == "done", wizard.messages()
        found = finalResults(wizard.study)
        for key in expected:
            if key != "signOff":
                requireSame(found[key], expected[key], key)
        wizard.grab("results-cohort")
        page = wizard.page("therapy")
        for key in ("values", "limits", "cycles", "cohort"):
            select(page.ui.therapySelector, key)
            assert page.ui.therapyTable.rowCount > 0 and page.ui.therapyTable.columnCount <= 4
            wizard.grab(f"therapy-{key}")


# what cannot be is told beside its field, and kept


def testWhatIsWrongIsSaidAtItsFieldAndNothingIsLost(wizard):
    begin(wizard, "thyroidIodine.lateUptake")
    page = wizard.page("measurements")
    thyroid = page.section("thyroid")
    fields = {field.name: field for field in thyroid.kind.fields}
    selfTest().typeField(thyroid.form, fields["massG"], 0.0)
    selfTest().typeField(thyroid.form, fields["densityGPerML"], "1,050")
    assert "0" in thyroid.form.faultOf("massG").text and not thyroid.form.faultOf("massG").isHidden()
    assert "thousands are not understood" in inOneLine(thyroid.form.faultOf("densityGPerML"))
    assert "2 to mend" in thyroid.button.text
    assert stated(wizard, "thyroid") == {"massG": 0.0, "densityGPerML": "1,050"}
    assert any("Thyroid: The mass" in text for text in wizard.messages()) and not wizard.ui.computeButton.enabled
    wizard.grab("measurements-faults")
    selfTest().typeField(thyroid.form, fields["massG"], 20.0)
    selfTest().typeField(thyroid.form, fields["densityGPerML"], "")
    assert stated(wizard, "thyroid") == {"massG": 20.0} and thyroid.form.faultOf("massG").isHidden()
    uptake = page.section(UPTAKE).table
    selfTest().typeCell(uptake, 0, 0, "5")
    selfTest().typeCell(uptake, 0, 1, "30")
    assert "Row 1, Uptake" in inOneLine(uptake.words)
    assert uptake.table.item(0, 1).toolTip() in inOneLine(uptake.words)
    wizard.grab("measurements-table-faults")
    selfTest().typeCell(uptake, 0, 1, "0,302")
    assert "Give the times in hours (5 days are 120)" in inOneLine(uptake.words)
    selfTest().typeCell(uptake, 0, 0, "120")
    assert stated(wizard, UPTAKE) == [{"timeHours": 120.0, "uptakeFraction": 0.302}]
    assert uptake.words.isHidden(), uptake.words.text


def testRowsArePastedReadAddedAndRemoved(wizard, tmp_path):
    import qt

    begin(wizard, "thyroidCancerIodine.bloodDose")
    section = wizard.page("measurements").section("measurements.blood")
    table = section.table
    qt.QApplication.clipboard().setText("2\t0,00054\t2,7e-5\n6\t0,00044\n")
    table.buttons["paste"].click()
    assert [row["timeHours"] for row in stated(wizard, "measurements.blood")] == [2.0, 6.0]
    qt.QApplication.clipboard().setText("24\tlow")
    table.buttons["paste"].click()
    assert any("'low'" in text for text in wizard.messages()) and len(stated(wizard, "measurements.blood")) == 2
    path = tmp_path / "blood.csv"
    path.write_text("timeHours,activityMBqPerML\n24,0.00018\n48,0.00005\n", encoding="utf-8")
    qtModule.queueReply("QFileDialog.getOpenFileName", str(path))
    table.buttons["file"].click()
    assert [row["timeHours"] for row in stated(wizard, "measurements.blood")] == [2.0, 6.0, 24.0, 48.0]
    assert "blood.csv" in section.origin.toolTip
    table.table.setCurrentCell(1, 0)
    table.buttons["remove"].click()
    assert [row["timeHours"] for row in stated(wizard, "measurements.blood")] == [2.0, 24.0, 48.0]
    table.buttons["add"].click()
    assert table.table.currentRow() == 3
    section.takeBackButton.click()
    assert stated(wizard, "measurements.blood") is None and section.takeBackButton.text == "Put back"
    section.takeBackButton.click()
    assert len(stated(wizard, "measurements.blood")) == 3
    qtModule.queueReply("QFileDialog.getOpenFileName", "")
    table.buttons["file"].click()
    section.takeBackButton.click()
    qtModule.queueReply("QFileDialog.getOpenFileName", str(path))
    table.buttons["file"].click()
    assert "from a file, blood.csv" in section.origin.toolTip
    section.reasonEdit.text = "gamma counter 2"
    section.reasonEdit.editingFinished.emit()
    from MRTDosimetryLib.workflow import statements

    entry = statements.statements(wizard.study)["measurements.blood"]
    assert (entry["source"], entry["reason"], entry["detail"]) == ("file", "gamma counter 2", "blood.csv")


def testTheProtocolIsChangedAndWhatIsStatedStays(wizard):
    selfTest().typeStudy(wizard.shell, load("thyroidIodine.lateUptake"))
    page = wizard.page("protocol")
    assert "Level 3" in page.ui.protocolWords.text
    select(page.ui.strategySelector, "thyroidIodine.multipleUptakes")
    assert stated(wizard, "thyroid")["densityGPerML"] == 1.0 and len(stated(wizard, UPTAKE)) == 1
    page = wizard.page("measurements")
    assert any("several uptakes are at least two" in text for text in wizard.messages())
    driving.chooseProtocol(wizard.page("protocol"), "lutetiumDotatate.multiTimePoint")
    page = wizard.page("measurements")
    assert not page.section("thyroid").button.isHidden(), "what is stated is shown whatever the protocol"
    driving.chooseProtocol(wizard.page("protocol"), "thyroidIodine.lateUptake")
    wizard.page("results")
    wizard.ui.computeButton.click()
    assert wizard.shell._states["results"] == "done"


def testTheLevelFollowsFromStrategyAndPrescription(wizard):
    begin(wizard, "lutetiumDotatate.multiTimePoint")
    ui = wizard.page("protocol").ui
    assert "Level 2" in ui.protocolWords.text and "Level 3 once" in ui.protocolWords.text
    ui.aboutSection.collapsed = False
    words = ui.aboutBrowser.toPlainText()
    assert "Recommended" in words and "What it leaves out" in words and "uncertainty" in words
    wizard.grab("protocol-about")
    page = wizard.page("therapy")
    page.ui.practiceSection.collapsed = False
    wizard.grab("therapy-practice")
    assert not page.ui.practiceUseButton.enabled
    page.ui.practiceTable.setCurrentCell(0, 0)
    assert "not checked" in page.ui.practiceWords.text and stated(wizard, "prescription") is None
    page.ui.practiceUseButton.click()
    (limit,) = stated(wizard, "prescription")["limits"]
    assert (limit["tissue"], limit["quantity"], limit["valueGy"]) == ("kidney", "absorbedDose", 23.0)
    assert "not verified" in limit["source"]
    page.ui.practiceUseButton.click()
    assert any("stated already" in text for text in wizard.messages())
    assert "Level 3:" in wizard.page("protocol").ui.protocolWords.text


def testWhatNoProtocolAsksForCanBeStated(wizard):
    wizard.ui.newStudyButton.click()
    driving.addSmallStudy(wizard.study, hours=(48.0,))
    page = wizard.page("protocol")
    assert wizard.barButton("measurements").isHidden() and not page.ui.measurementsButton.isHidden()
    page.ui.measurementsButton.click()
    assert wizard.shell.step.name == "measurements" and not wizard.barButton("measurements").isHidden()
    page = wizard.shell.step
    assert not page.ui.measurementsWords.isHidden()
    wizard.grab("measurements-empty")
    select(page.ui.addKindSelector, "measurements.blood")
    assert not page._sections["measurements.blood"].button.collapsed
    selfTest().typeCell(page._sections["measurements.blood"].table, 0, 0, "2")
    assert wizard.shell._states["measurements"] == "needsInput"
    select(page.ui.addKindSelector, "prescription")
    assert wizard.shell.step.name == "therapy"


def testMessagesLeadToWhereItIsStated(wizard):
    begin(wizard, "iodineMibg.wholeBody")
    for words, step in (("body mass", "protocol"), ("administered activity", "protocol")):
        wizard.page("measurements")
        row = next(row for row, text in enumerate(wizard.messages()) if words in text)
        wizard.ui.messageList.itemClicked.emit(wizard.ui.messageList.item(row))
        assert wizard.shell.step.name == step
    page = wizard.page("measurements")
    page.section("measurements.wholeBodyMonitor")
    row = next(row for row, text in enumerate(wizard.messages()) if "whole-body readings" in text)
    wizard.ui.messageList.itemClicked.emit(wizard.ui.messageList.item(row))
    assert not page._sections["measurements.wholeBody"].button.collapsed


def testASavedSceneHoldsWhatWasTyped(wizard, tmp_path):
    import slicer

    from MRTDosimetryLib.scene import files

    selfTest().typeStudy(wizard.shell, load("iodineMibg.wholeBody"))
    selfTest().typeCell(wizard.page("measurements").section("measurements.wholeBody").table, 0, 1, "many")
    before = stated(wizard, "measurements.wholeBody")
    path = str(tmp_path / "study.mrb")
    files.saveBundle(wizard.scene, path)
    slicer.mrmlScene.Clear(0)
    files.openBundle(path)
    wizard.shell.updateStudies()
    assert wizard.shell.step.name == "measurements" and stated(wizard, "measurements.wholeBody") == before
    table = wizard.shell.step.section("measurements.wholeBody").table
    assert texts(table.table)[0][1] == "many" and "not a number" in inOneLine(table.words)


def testTwoStudiesKeepApart(wizard):
    selfTest().typeStudy(wizard.shell, load("thyroidIodine.lateUptake"))
    first = wizard.study
    selfTest().typeStudy(wizard.shell, load("thyroidIodine.multipleUptakes"))
    page = wizard.page("measurements")
    assert texts(page.section(UPTAKE).table.table)[0][0] == "5"
    wizard.ui.studySelector.setCurrentIndex(0)
    assert wizard.study == first
    page = wizard.page("measurements")
    assert texts(page.section(UPTAKE).table.table)[0][0] == "120"
    wizard.page("therapy")
    wizard.ui.computeButton.click()
    assert "332" in wizard.shell.step.ui.recommendationWords.text
    wizard.ui.studySelector.setCurrentIndex(1)
    assert wizard.page("therapy").ui.recommendationWords.isHidden()


def testThePhysicianReadsThePrescription(wizard):
    selfTest().typeStudy(wizard.shell, load("thyroidIodine.lateUptake"))
    wizard.page("results")
    wizard.ui.computeButton.click()
    wizard.page("protocol")
    wizard.ui.roleSelector.setCurrentIndex(wizard.ui.roleSelector.findData("physician"))
    shown = [step.name for step in wizard.shell.steps if not wizard.barButton(step.name).isHidden()]
    assert shown == ["therapy", "results", "report"] and wizard.shell.step.name == "therapy"
    section = wizard.shell.step.section("prescription")
    assert not section.form.editor("absorbedDoseGy").enabled and section.takeBackButton.isHidden()
    assert wizard.shell.step._sections["earlierCycles"].button.isHidden()
    wizard.grab("therapy-physician")
    wizard.page("results")
    assert "332" in wizard.shell.step.ui.therapyWords.text
    wizard.grab("results-without-images")
    wizard.page("report")
    assert "332" in wizard.shell.step.ui.previewBrowser.toPlainText()
    wizard.grab("report-without-images")


def testEarlierResultsByFile(wizard, tmp_path):
    begin(wizard, "lutetiumDotatate.multiTimePoint")
    page = wizard.page("therapy")
    content = {"radionuclide": "Lu-177", "administration": {"activityMBq": 7350.0},
               "regions": [{"name": "kidney left", "absorbedDoseGy": 4.3, "effectiveHalfLifeHours": 51.0}]}
    path = tmp_path / "results.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    qtModule.queueReply("QFileDialog.getOpenFileName", str(path))
    page.ui.cycleFileButton.click()
    (row,) = stated(wizard, "earlierCycles")
    assert (row["cycle"], row["administeredActivityMBq"]) == (1, 7350.0)
    content["radionuclide"] = "Y-90"
    path.write_text(json.dumps(content), encoding="utf-8")
    qtModule.queueReply("QFileDialog.getOpenFileName", str(path))
    page.ui.cycleFileButton.click()
    assert any("Y-90" in text for text in wizard.messages()) and len(stated(wizard, "earlierCycles")) == 1


def testWhatTheImagesStateOfThePatientIsOfferedNotTaken(wizard):
    wizard.ui.newStudyButton.click()
    driving.addSmallStudy(wizard.study)
    for point in wizard.study.timePoints:
        point.setFact("patientWeightKg", 72.5, "kg", "DICOM")
        point.setFact("patientSex", "female", "", "DICOM")
        point.setFact("patientAge", "54 years", "", "DICOM")
    wizard.study.timePoints[0].setFact("patientHeightCm", 165.0, "cm", "DICOM")
    wizard.study.timePoints[1].setFact("patientHeightCm", 1.65, "cm", "DICOM")
    page = wizard.page("protocol")
    assert stated(wizard, "patient") is None and "(3)" in page.ui.patientFactsButton.text
    assert "72.5" in page.ui.patientFactsButton.toolTip
    selfTest().typeField(page.section("patient").form, page.section("patient").kind.fields[0], 70.0)
    page.ui.patientFactsButton.click()
    assert stated(wizard, "patient") == {"massKg": 70.0, "sex": "female", "ageYears": 54.0}
    assert page.ui.patientFactsButton.isHidden()
    page.section("patient").takeBackButton.click()
    page.ui.patientFactsButton.click()
    assert stated(wizard, "patient")["massKg"] == 72.5
    assert "from DICOM" in page.section("patient").origin.toolTip
    wizard.grab("protocol-patient")


def testACycleWithoutImages(tmp_path):
    """The third cycle has no images: estimated from the first one, marked, and the record says so."""
    from MRTDosimetryLib import commandLine
    from MRTDosimetryLib.workflow import protocol

    with driving.Wizard(380) as wizard:
        wizard.ui.newStudyButton.click()
        page = wizard.page("protocol")
        driving.chooseProtocol(page, "lutetiumDotatate.multiTimePoint")
        page.ui.cycleBox.value = 3
        page.ui.activityBox.value = 7400.0

        def shownPages(wizard):
            return [step.name for index, step in enumerate(wizard.shell.steps) if wizard.shell.isShown(index)]

        assert not page.ui.withoutImagesBox.isHidden() and "timePoints" in shownPages(wizard)
        page.ui.withoutImagesBox.checked = True
        assert protocol.lacksImages(wizard.study) and not {"timePoints", "regions", "dose"} & set(shownPages(wizard))
        wizard.grab("protocol-withoutImages")
        wizard.page("measurements")
        assert any("A cycle without images rests on something else: state one of Earlier cycles" in text
                   for text in wizard.messages()), wizard.messages()
        section = wizard.page("therapy").section("earlierCycles")
        selfTest().typeRows(section.table, [
            {"cycle": 1, "administeredActivityMBq": 7400, "regions": [
                {"name": "kidney left", "absorbedDoseGy": 4.0, "absorbedDoseUncertaintyGy": 0.4}]},
            {"cycle": 2, "administeredActivityMBq": 7000, "isImaged": False, "cycleVariation": 0.15}])
        wizard.grab("therapy-withoutImages")
        qtModule.queueReply("QFileDialog.getExistingDirectory", str(tmp_path / "out"))
        wizard.page("report").ui.folderButton.click()
        wizard.ui.computeButton.click()
        assert wizard.shell._states["report"] == "done", wizard.messages()
        # a protocol that never has images asks for nothing
        driving.chooseProtocol(wizard.page("protocol"), "thyroidIodine.lateUptake")
        assert wizard.page("protocol").ui.withoutImagesBox.isHidden()
    results = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    kidney = results["therapy"]["accumulated"][0]
    # 4.0 Gy of the first, and of the others as much per activity
    assert kidney["absorbedDoseGy"] == pytest.approx(4.0 * (7400 + 7000 + 7400) / 7400)
    assert kidney["estimatedCycles"] == [2, 3] and any("No images are stated" in line for line in results["warnings"])
    assert commandLine.main(["run", str(tmp_path / "out" / "record.json"), "--out", str(tmp_path / "again")]) == 0
    assert (tmp_path / "again" / "results.json").read_bytes() == (tmp_path / "out" / "results.json").read_bytes()

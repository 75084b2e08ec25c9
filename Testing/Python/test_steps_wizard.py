"""The wizard as a whole: states, messages, cancel, roles, studies, the sample patient from images to report."""

import os

import pytest
import StandIns

if StandIns.missingReason():
    pytest.skip(StandIns.missingReason(), allow_module_level=True)

from StandIns import driving, qtModule, signals
from StandIns.driving import texts


@pytest.fixture
def wizard():
    with driving.Wizard() as opened:
        yield opened


@pytest.fixture
def small(wizard):
    wizard.ui.newStudyButton.click()
    driving.addSmallStudy(wizard.study)
    wizard.shell.refresh()
    return wizard


def statesOf(wizard):
    """Of the pages of images, in their order."""
    return [state for name, state in wizard.shell._states.items() if name not in ("measurements", "therapy")]


def contentOf(study):
    """Everything the study keeps, to see that nothing changed."""
    node = study.node
    parameters = {name: node.GetParameter(name) for name in node.GetParameterNames()}
    names = sorted(study.scene.GetNthNode(i).GetName() or "" for i in range(study.scene.GetNumberOfNodes()))
    facts = [point.spectNode.GetAttribute("MRTDosimetry.facts") for point in study.timePoints]
    return parameters, names, facts


def shownSteps(wizard):
    return [step.name for step in wizard.shell.steps if not wizard.barButton(step.name).isHidden()]


def testEmptySceneOffersAStudyAndTheSample(wizard):
    assert wizard.study is None
    assert wizard.shell.shownWidget is wizard.ui.emptyPage
    assert wizard.ui.computeButton.isHidden() and wizard.ui.messageList.isHidden()
    wizard.grab("empty")
    wizard.ui.newStudyButton.click()
    assert wizard.study is not None
    assert wizard.ui.pageTitle.text == "Protocol"
    assert set(statesOf(wizard)) == {"needsInput"}
    assert wizard.barButton("measurements").isHidden() and wizard.barButton("therapy").isHidden()


def testStepBarShowsStatesAndWhatIsMissing(small):
    assert "Report: needs input" in small.barButton("report").toolTip
    assert "Choose the folder" in small.barButton("report").toolTip
    assert "Kinetics: ready" in small.barButton("kinetics").toolTip
    small.barButton("kinetics").click()
    assert small.ui.pageTitle.text == "Kinetics" and small.barButton("kinetics").checked
    assert not small.barButton("protocol").checked


def testComputeButtonSaysWhyItIsDisabled(wizard):
    wizard.ui.newStudyButton.click()
    for step in shownSteps(wizard):
        wizard.barButton(step).click()
        assert not wizard.ui.computeButton.enabled
        assert "Choose the protocol or the radionuclide" in wizard.ui.computeButton.toolTip


def testAMessageOfAnEarlierStepLeadsThere(wizard):
    wizard.ui.newStudyButton.click()
    wizard.page("kinetics")
    item = wizard.ui.messageList.item(0)
    assert item.text() == "Protocol: Choose the protocol or the radionuclide"
    wizard.ui.messageList.itemClicked.emit(item)
    assert wizard.ui.pageTitle.text == "Protocol"


def testAMessageSelectsTheRegionItNames(small):
    page = small.page("kinetics")
    small.ui.computeButton.click()
    row = next(i for i, text in enumerate(small.messages()) if text.startswith("kidney left"))
    page.ui.kineticsTable.setCurrentCell(0, 0)
    small.ui.messageList.itemClicked.emit(small.ui.messageList.item(row))
    table = page.ui.kineticsTable
    assert table.item(table.currentRow(), 0).text() == "kidney left"


def testAMessageSelectsTheTimePointItNames(small):
    page = small.page("timePoints")
    for text, row in (("24 h: 3 % lies outside the CT.", 1), ("4 h: no CT.", 0), ("Nothing of this kind.", 0)):
        page.goTo(text)
        assert page.ui.timePointsTable.currentRow() == row


def testBackAndNext(small):
    seen = []
    for _step in range(9):
        seen.append(small.ui.pageTitle.text)
        small.ui.nextButton.click()
    assert seen == ["Protocol", "Time points", "Registration", "Regions", "Kinetics", "Absorbed dose",
                    "Prescription and limits", "Results", "Report"]
    assert not small.ui.nextButton.enabled
    small.ui.backButton.click()
    assert small.ui.pageTitle.text == "Results"


def testOneButtonComputesEverythingBefore(small):
    small.page("results")
    small.ui.computeButton.click()
    assert statesOf(small) == ["done"] * 7 + ["needsInput"]
    assert not small.ui.computeButton.enabled and small.ui.computeButton.toolTip == "Up to date"
    assert small.ui.nextButton.default


def testGoingBackMakesStaleAndComputeAllStaleMends(small):
    from MRTDosimetryLib.workflow import kineticsOptions

    small.page("results")
    small.ui.computeButton.click()
    before = texts(small.page("results").ui.resultsTable)
    assert small.ui.computeStaleButton.isHidden()
    kineticsOptions.setModel(small.study, "trapezoid")
    small.shell.refresh()
    assert statesOf(small)[4:7] == ["stale"] * 3
    assert texts(small.shell.step.ui.resultsTable) == before, "nothing is deleted"
    assert not small.ui.computeStaleButton.isHidden()
    small.ui.computeStaleButton.click()
    assert statesOf(small)[:7] == ["done"] * 7
    assert texts(small.shell.step.ui.resultsTable) != before


@pytest.mark.parametrize("before, name, report", [
    *(("regions", "kinetics", report) for report in range(1, 9)),
    *(("kinetics", "dose", report) for report in range(1, 7))])
def testCancelLeavesTheStudyAsItWas(small, monkeypatch, before, name, report):
    """Cancel is pressed at some point of the work: the canceled stage leaves no trace, and it can be run again."""
    small.page(before)
    small.ui.computeButton.click()
    small.page(name)
    content = contentOf(small.study)
    cancelAtReport(monkeypatch, report)
    small.ui.computeButton.click()
    assert any(text.startswith("Canceled") for text in small.messages())
    assert contentOf(small.study) == content
    monkeypatch.undo()
    small.ui.computeButton.click()
    assert small.shell._states[name] == "done"


def cancelAtReport(monkeypatch, number):
    """Press Cancel when the running work reports for the ``number``-th time."""
    import slicer

    opened, original, events, count = [], slicer.util.createProgressDialog, slicer.app.processEvents, [0]

    def create(*args, **kwargs):
        opened.append(original(*args, **kwargs))
        return opened[-1]

    def processEvents():
        events()
        count[0] += 1
        if count[0] == number:
            opened[-1].cancel()

    monkeypatch.setattr(slicer.util, "createProgressDialog", create)
    monkeypatch.setattr(slicer.app, "processEvents", processEvents, raising=False)


def testErrorsAreShownInTheirOwnWordsAndClearedByTheNextRun(small):
    from MRTDosimetryLib.workflow import timePoints

    timePoints.overrideFact(small.study, small.study.timePoints[1], "timeAfterAdministrationHours", 96.0, "h", "typo")
    small.page("timePoints")
    small.ui.computeButton.click()
    assert small.shell._states["timePoints"] == "error"
    assert any("same time" in text for text in small.messages())
    timePoints.overrideFact(small.study, small.study.timePoints[1], "timeAfterAdministrationHours", 24.0, "h", "mended")
    small.page("timePoints")
    small.ui.computeButton.click()
    assert small.shell._states["timePoints"] == "done"
    assert not any("same time" in text for text in small.messages())


def testUnexpectedErrorsAreNotSwallowed(small, monkeypatch):
    from MRTDosimetryLib.workflow import stages

    def broken(*_args, **_kwargs):
        raise ZeroDivisionError("a fault of the program")

    monkeypatch.setattr(stages, "runStale", broken)
    small.page("kinetics")
    small.ui.computeButton.click()
    assert "a fault of the program" in signals.takeSlotFailures()[0]
    assert not small.shell.isBusy


def testPhysicianSeesRegionsResultsAndReport(small):
    small.ui.roleSelector.setCurrentIndex(small.ui.roleSelector.findData("physician"))
    assert small.ui.pageTitle.text == "Regions"
    assert shownSteps(small) == ["regions", "therapy", "results", "report"]
    assert small.shell.step.ui.labelMapSection.isHidden()
    assert small.shell.step.ui.segmentEditor.segmentationNode() is not None, "drawing tools are ready"
    small.grab("physician")
    for title in ("Prescription and limits", "Results"):
        small.ui.nextButton.click()
        assert small.ui.pageTitle.text == title
    small.ui.roleSelector.setCurrentIndex(small.ui.roleSelector.findData("physicist"))
    assert shownSteps(small) == [step.name for step in small.shell.steps if step.name != "measurements"]


def technologist(wizard):
    wizard.ui.roleSelector.setCurrentIndex(wizard.ui.roleSelector.findData("technologist"))


def testTechnologistAcquiresStatesDraftsAndPrepares(small):
    """The whole way of a technologist by the rules as delivered."""
    from MRTDosimetryLib.workflow import hashChain, statements

    small.page("results")
    small.ui.computeButton.click()
    technologist(small)
    assert shownSteps(small) == ["protocol", "timePoints", "regions", "report"]
    assert small.shell.step.name == "timePoints"
    small.page("protocol").ui.activityBox.value = 7390.0
    assert small.study.choice("administration")["role"] == "technologist"
    editor = small.page("protocol").section("patient").form.editor("massKg")
    editor.text = "71"
    editor.editingFinished.emit()
    entry = statements.statements(small.study)["patient"]
    assert entry["value"] == {"massKg": 71.0} and entry["role"] == "technologist"
    ui = small.page("regions").ui
    ui.regionsTable.setCurrentCell(0, 0)
    ui.signerEdit.text = "T. Name"
    ui.draftedButton.click()
    assert hashChain.entries(small.study)[-1].get("role") == "technologist", small.messages()
    ui.verifiedButton.click()
    assert any("The technologist does not verify regions" in text for text in small.messages())
    small.page("results")
    small.ui.computeButton.click()
    ui = small.page("report").ui
    ui.preparedByEdit.text = "T. Name"
    ui.preparedByButton.click()
    last = hashChain.entries(small.study)[-1]
    assert (last["kind"], last["line"], last["role"], last["name"]) == (
        "signOff", "preparedBy", "technologist", "T. Name")
    small.grab("technologist-report")


def testWhatTheRulesOfACenterDoNotLetATechnologistDo(small, tmp_path, monkeypatch):
    import json

    from MRTDosimetryLib.resources import loadJSON, resourcePath
    from MRTDosimetryLib.workflow import roles, statements

    content = loadJSON(resourcePath("Roles", "roles.json"))
    content["mayDo"] |= {"draftRegion": ["physician"], "preparedBy": ["physicist"], "stateMeasurements": ["physicist"]}
    path = tmp_path / "roles.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    monkeypatch.setenv(roles.ENVIRONMENT, str(path))
    technologist(small)
    assert shownSteps(small) == ["protocol", "timePoints"]
    before = small.study.choice("administration")
    small.page("protocol").ui.activityBox.value = 100.0
    assert any("The technologist does not state measurements" in text for text in small.messages())
    assert small.study.choice("administration") == before
    editor = small.page("protocol").section("patient").form.editor("massKg")
    assert not editor.enabled
    editor.text = "71"
    editor.editingFinished.emit()
    assert "patient" not in statements.stated(small.study)
    page = small.page("measurements")
    assert "This is for the physicist" in page.ui.rolesWords.text and not page.ui.rolesWords.isHidden()
    assert not page.ui.addKindSelector.enabled
    small.grab("measurements-refused")
    small.ui.roleSelector.setCurrentIndex(small.ui.roleSelector.findData("physicist"))
    small.page("measurements")
    assert page.ui.rolesWords.isHidden() and page.ui.addKindSelector.enabled
    small.page("protocol")
    assert editor.enabled


def testSeveralStudies(small):
    first = small.study
    small.shell.studies.add()
    assert small.ui.studySelector.count == 2 and small.study != first
    qtModule.queueReply("QInputDialog.getText", "Cycle 2")
    small.shell.studies.rename()
    assert small.study.name == "Cycle 2" and small.ui.studySelector.currentText == "Cycle 2"
    qtModule.queueReply("QInputDialog.getText", "")
    small.shell.studies.rename()
    assert small.study.name == "Cycle 2", "canceled"
    small.ui.studySelector.setCurrentIndex(0)
    assert small.study == first


def testTheSceneIsTheOnlyMemory(small, tmp_path):
    """Saved, closed and opened again: the same study with the same numbers."""
    import slicer

    from MRTDosimetryLib.scene import files

    small.page("results")
    small.ui.computeButton.click()
    before = texts(small.shell.step.ui.resultsTable)
    path = str(tmp_path / "study.mrb")
    files.saveBundle(small.scene, path)
    slicer.mrmlScene.Clear(0)
    assert small.study is None and small.shell.shownWidget is small.ui.emptyPage
    files.openBundle(path)
    small.shell.updateStudies()
    assert small.study is not None
    small.page("results")
    assert texts(small.shell.step.ui.resultsTable) == before
    assert statesOf(small)[:7] == ["done"] * 7


def testAStudyOfANewerVersionIsRefusedInWords(wizard):
    study = wizard.module.MRTDosimetryLogic.createStudy("From next year")
    study.node.SetParameter("study", '{"schemaVersion": 99, "choices": {}}')
    wizard.shell.updateStudies()
    assert wizard.study is None
    assert any("newer version" in text for text in wizard.messages())
    wizard.ui.newStudyButton.click()
    assert wizard.study is not None and wizard.ui.studySelector.count == 1


def testDeletedNodesAreSurvived(small):
    small.page("results")
    small.ui.computeButton.click()
    for node in (small.study.timePoints[2].spectNode, small.study.nodeByRole("segmentation")):
        small.scene.RemoveNode(node)
        small.shell.refresh()
    for step in small.shell.steps:
        small.page(step.name)
    small.scene.RemoveNode(small.study.node)
    small.shell.refresh()
    assert small.study is None


def testLayoutsAreShownAndGivenBack(small):
    import slicer

    manager = slicer.app.layoutManager()
    small.widget.exit()
    manager.setLayout(6)
    small.widget.enter()
    small.page("kinetics")
    small.ui.computeButton.click()
    assert manager.layout == 15083
    chart = small.study.nodeByRole("timeActivityChart")
    assert manager.plotWidget(0).mrmlPlotViewNode().GetPlotChartNodeID() == chart.GetID()
    small.page("results")
    small.ui.computeButton.click()
    assert manager.layout == 15085 and manager.tableViewCount == 1
    table = small.study.nodeByRole("resultsTable")
    assert manager.tableWidget(0).mrmlTableViewNode().GetTableNodeID() == table.GetID()
    small.widget.exit()
    assert manager.layout == 6


def testSamplePatientFromImagesToReport(wizard, tmp_path):
    """The whole job through the buttons alone."""
    wizard.shell.studies.sampleSize = "small"
    wizard.ui.loadSampleButton.click()
    assert wizard.ui.pageTitle.text == "Time points" and wizard.messages() == []
    qtModule.queueReply("QFileDialog.getExistingDirectory", str(tmp_path / "out"))
    page = wizard.page("report")
    page.ui.folderButton.click()
    wizard.ui.computeButton.click()
    assert statesOf(wizard) == ["done"] * 8, wizard.messages()
    shown = {page.ui.filesList.item(row).text() for row in range(page.ui.filesList.count)}
    assert {"results.json", "report.html", "record.json", "scene.mrb", "absorbedDose.nrrd"} <= shown
    assert all(os.path.exists(os.path.join(tmp_path, "out", name)) for name in shown)
    rows = {row[0]: row for row in texts(wizard.page("results").ui.resultsTable)}
    assert {"liver", "kidney left", "lesion 3"} <= set(rows)
    for step in wizard.shell.steps:
        wizard.page(step.name)
        wizard.grab(f"sample-{step.name}")


@pytest.mark.parametrize("report", [1, 8])
def testCanceledSampleLeavesNothing(wizard, monkeypatch, report):
    wizard.shell.studies.sampleSize = "small"
    names = {wizard.scene.GetNthNode(i).GetID() for i in range(wizard.scene.GetNumberOfNodes())}
    cancelAtReport(monkeypatch, report)
    wizard.ui.loadSampleButton.click()
    assert wizard.study is None
    assert {wizard.scene.GetNthNode(i).GetID() for i in range(wizard.scene.GetNumberOfNodes())} == names

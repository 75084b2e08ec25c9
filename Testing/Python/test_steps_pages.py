"""Every page is driven through its own signals; what it does is looked up in the study, not in the page."""

import glob
import os

import pytest
import StandIns

if StandIns.missingReason():
    pytest.skip(StandIns.missingReason(), allow_module_level=True)

from StandIns import driving, qtModule
from StandIns.driving import select, texts

NARROWEST = 380
STAGES = ("protocol", "measurements", "timePoints", "registration", "regions", "kinetics", "dose", "therapy",
          "results", "report")
# Stages that the wizard computes on the way, without a page of their own.
WITHOUT_PAGE = {"radiobiology"}


@pytest.fixture
def empty():
    """The wizard with one empty study."""
    with driving.Wizard(NARROWEST) as wizard:
        wizard.ui.newStudyButton.click()
        yield wizard


@pytest.fixture
def small():
    """The wizard with a small study, nothing computed."""
    with driving.Wizard() as wizard:
        wizard.ui.newStudyButton.click()
        driving.addSmallStudy(wizard.study)
        wizard.shell.refresh()
        yield wizard


def testEveryUiFileBelongsToAPage(empty):
    from MRTDosimetryLib.steps.allCenterPages import CENTER_PAGES
    from MRTDosimetryLib.steps.allSteps import STEPS

    folder = os.path.join(driving.MODULE_FOLDER, "Resources", "UI")
    files = {os.path.basename(path) for path in glob.glob(os.path.join(folder, "*.ui"))}
    assert files == {"MRTDosimetry.ui", "CenterPanel.ui", *(page.uiFile for page in (*STEPS, *CENTER_PAGES))}


def testStepsAreTheStagesInTheirOrder(empty):
    from MRTDosimetryLib.workflow import stages

    withPage = [stage.name for stage in stages.stages() if stage.name not in WITHOUT_PAGE]
    assert [step.name for step in empty.shell.steps] == withPage == list(STAGES)


@pytest.mark.parametrize("name", STAGES)
def testPagesFitTheNarrowestPanel(empty, name):
    page = empty.page(name)
    for section in ("protocolAdvanced", "factsSection", "addSection", "driftSection", "kineticsAdvanced",
                    "doseAdvanced", "radiobiologySection", "effectSection"):
        if hasattr(page.ui, section):
            getattr(page.ui, section).collapsed = False
    empty.app.processEvents()
    assert empty.shell.widget.minimumSizeHint.width() <= NARROWEST - 20
    assert page.title() and page.help().endswith(".") and page.help().count(".") == 1
    assert page.mainTable() is None or page.mainTable().columnCount <= 4
    empty.grab(f"{name}-empty-{NARROWEST}")


# protocol


def testProtocolAndAdministration(empty):
    page = empty.page("protocol")
    assert "Choose the protocol or the radionuclide" in empty.messages()
    driving.chooseProtocol(page, "lutetiumDotatate.multiTimePoint")
    assert empty.study.choice("protocol") == "lutetiumDotatate.multiTimePoint"
    assert empty.study.choice("radionuclide") == "Lu-177"
    page.ui.activityBox.value = 7400.0
    page.ui.dateKnown.checked = True
    page.ui.dateBox.dateTime = page.ui.dateBox.dateTime.fromString("2026-05-04T10:00:00", "yyyy-MM-dd'T'HH:mm:ss")
    given = empty.study.choice("administration")
    assert (given["activityMBq"], given["dateTime"], given["source"]) == (7400.0, "2026-05-04T10:00:00", "user")
    empty.ui.computeButton.click()
    assert empty.shell._states["protocol"] == "done"
    page.ui.activityBox.value = 7300.0
    assert empty.shell._states["protocol"] == "stale"
    assert "The inputs changed since this was computed." in empty.messages()


def testPlainStudyWithAnyRadionuclide(empty):
    page = empty.page("protocol")
    driving.chooseProtocol(page, "")
    select(page.ui.radionuclideSelector, "Y-90")
    assert (empty.study.choice("protocol"), empty.study.choice("radionuclide")) == (None, "Y-90")


def testActivityNotStatedIsNotZero(small):
    page = small.page("protocol")
    page.ui.activityBox.value = 0.0
    assert small.study.choice("administration")["activityMBq"] is None


def testReasonAndSourceOfTheAdministration(small):
    from MRTDosimetryLib.workflow import protocol

    protocol.setAdministration(small.study, 7400.0, "2026-05-04T10:00:00", "DICOM")
    page = small.page("protocol")
    assert "DICOM" in page.ui.activitySource.toolTip
    page.ui.activitySource.click()
    assert page.ui.protocolAdvanced.collapsed is False
    page.ui.reasonEdit.text = "residue in the syringe"
    page.ui.activityBox.value = 7250.0
    given = small.study.choice("administration")
    assert (given["source"], given["reason"]) == ("user", "residue in the syringe")


# time points


def testEmptyTimePointsTeach(empty):
    page = empty.page("timePoints")
    assert page.ui.noTimePointsButtons.visible and not page.ui.timePointsTable.visible


def testTimePointsTable(small):
    page = small.page("timePoints")
    assert not page.ui.noTimePointsButtons.visible
    rows = texts(page.ui.timePointsTable)
    assert [row[1] for row in rows] == ["4.00", "24.0", "96.0"]
    assert "reference" in rows[0][0]


def testReferenceAndExclusion(small):
    page = small.page("timePoints")
    page.ui.timePointsTable.setCurrentCell(1, 0)
    page.ui.referenceButton.click()
    assert small.study.referenceTimePoint.timeHours == 24.0
    assert page.ui.referenceButton.enabled is False
    page.ui.timePointsTable.setCurrentCell(2, 0)
    page.ui.excludeButton.click()
    assert not small.study.timePoints[2].isExcluded
    assert any("Leaving a scan out needs a reason" in text for text in small.messages())
    page.ui.excludeReasonEdit.text = "patient moved"
    page.ui.excludeButton.click()
    assert small.study.timePoints[2].isExcluded and small.study.timePoints[2].exclusionReason == "patient moved"
    assert page.ui.excludeButton.text == "Include" and not page.ui.excludeReasonEdit.enabled
    assert "because: patient moved" in page.ui.timePointsTable.item(2, 0).toolTip()
    small.grab("timePoints-excluded")
    page.ui.timePointsTable.setCurrentCell(1, 0)
    assert page.ui.excludeReasonEdit.text == "" and page.ui.excludeReasonEdit.enabled
    page.ui.timePointsTable.setCurrentCell(2, 0)
    assert page.ui.excludeReasonEdit.text == "patient moved"
    page.ui.excludeButton.click()
    assert not small.study.timePoints[2].isExcluded and page.ui.excludeReasonEdit.text == ""


def testOverridingAFactNeedsAReason(small):
    page = small.page("timePoints")
    page.ui.timePointsTable.setCurrentCell(1, 0)
    names = [name for name, _fact in page._facts()]
    page.ui.factsTable.setCurrentCell(names.index("timeAfterAdministrationHours"), 0)
    page.ui.overrideValueEdit.text = "25,5"
    page.ui.overrideButton.click()
    assert any("needs a reason" in text for text in small.messages())
    assert small.study.timePoints[1].timeHours == 24.0
    page.ui.overrideReasonEdit.text = "scanner clock was wrong"
    page.ui.overrideButton.click()
    fact = small.study.timePoints[1].fact("timeAfterAdministrationHours")
    assert (fact["value"], fact["reason"]) == (25.5, "scanner clock was wrong")
    assert [row[1] for row in texts(page.ui.timePointsTable)][1] == "25.5"
    assert "Because: scanner clock was wrong" in page.ui.factsTable.item(
        names.index("timeAfterAdministrationHours"), 2).toolTip()


def testOverridingWithWordsIsRefused(small):
    page = small.page("timePoints")
    page.ui.timePointsTable.setCurrentCell(0, 0)
    page.ui.factsTable.setCurrentCell([n for n, _f in page._facts()].index("timeAfterAdministrationHours"), 0)
    page.ui.overrideValueEdit.text, page.ui.overrideReasonEdit.text = "noon", "because"
    page.ui.overrideButton.click()
    assert any("not a number" in text for text in small.messages())
    assert small.study.timePoints[0].timeHours == 4.0


def testAddingFromFiles(empty, tmp_path):
    import numpy as np

    from MRTDosimetryLib.imaging.files import writeImage
    from MRTDosimetryLib.imaging.volume import Volume
    from MRTDosimetryLib.workflow import protocol

    path = str(tmp_path / "spect.nrrd")
    writeImage(Volume(np.full((4, 5, 6), 0.5, np.float32), np.diag([4.0, 4.0, 4.0, 1.0]), "", "spect"), path)
    protocol.setProtocol(empty.study, None, "Lu-177")
    page = empty.page("timePoints")
    page.ui.spectPathEdit.text = "/nowhere/spect.nrrd"
    page.ui.addButton.click()
    assert any("/nowhere/spect.nrrd" in text for text in empty.messages())
    qtModule.queueReply("QFileDialog.getOpenFileName", path)
    page.ui.spectFileButton.click()
    assert page.ui.spectPathEdit.text == path
    page.ui.hoursBox.value = 24.0
    page.ui.addButton.click()
    assert any("unit" in text.lower() for text in empty.messages()), "a unit is never guessed"
    select(page.ui.unitSelector, "kBq/mL")
    page.ui.addButton.click()
    assert [row[1] for row in texts(page.ui.timePointsTable)] == ["24.0"]
    # 0.5 kBq/mL in 120 voxels of 0.064 mL
    assert shownActivityMBq(page) == pytest.approx(0.5e-3 * 120 * 0.064, rel=1e-3)
    assert page.ui.spectPathEdit.text == ""


def shownActivityMBq(page):
    """Activity shown in the first row."""
    return float(page.ui.timePointsTable.item(0, 2).text())


def testAddingFromLoadedVolumes(empty):
    import numpy as np

    from MRTDosimetryLib.imaging.volume import Volume
    from MRTDosimetryLib.scene import volumes
    from MRTDosimetryLib.workflow import protocol

    protocol.setProtocol(empty.study, None, "Lu-177")
    image = Volume(np.full((4, 5, 6), 2.0, np.float32), np.eye(4), "Bq/mL", "loaded SPECT")
    node = volumes.addVolume(empty.scene, image, "activityConcentration")
    page = empty.page("timePoints")
    select(page.ui.addFromSelector, "scene")
    assert page.ui.spectPathEdit.isHidden() and not page.ui.spectNodeSelector.isHidden()
    page.ui.spectNodeSelector.setCurrentNode(node)
    page.ui.hoursBox.value = 4.0
    page.ui.addButton.click()
    assert [point.spectNode for point in empty.study.timePoints] == [node]


# registration


def testRegistrationKindAndRows(small):
    page = small.page("registration")
    select(page.ui.kindSelector, "none")
    small.ui.computeButton.click()
    rows = texts(page.ui.registrationTable)
    assert [row[3] for row in rows] == ["reference", "not registered", "not registered"]
    assert any("taken as aligned" in text for text in small.messages())
    select(page.ui.kindSelector, "rigid")
    assert small.study.choice("registration") == "rigid"
    assert small.shell._states["registration"] == "stale"


def testAlignmentIsAcceptedAndTakenBack(small):
    small.page("registration")
    small.ui.computeButton.click()
    record = small.study.stageRecord("registration")
    record["value"]["rows"][1].update(quality="check", reasons=["moved by 30 mm"], diceBefore=0.8, diceAfter=0.85)
    small.study.setStageRecord("registration", record)
    page = small.page("registration")
    page.ui.registrationTable.setCurrentCell(1, 0)
    assert page.ui.registrationTable.item(1, 3).text() == "check"
    assert "moved by 30 mm" in page.ui.registrationTable.item(1, 3).toolTip()
    page.ui.acceptButton.click()
    assert page.ui.registrationTable.item(1, 3).text() == "accepted"
    page.ui.acceptButton.click()
    assert page.ui.registrationTable.item(1, 3).text() == "check"


def testBlendChangesTheViews(small):
    small.scene.AddNewNodeByClass("vtkMRMLSliceCompositeNode")
    page = small.page("registration")
    small.ui.computeButton.click()
    page.ui.blendSlider.value = 80
    node = small.scene.GetFirstNodeByClass("vtkMRMLSliceCompositeNode")
    assert node.GetForegroundOpacity() == pytest.approx(0.8)


# regions


def testSegmentEditorGetsItsNodesOnEnteringAndGivesThemBack(small):
    page = small.page("regions")
    editor, node = page.ui.segmentEditor, small.study.nodeByRole("segmentation")
    assert editor.mrmlSegmentEditorNode().GetSingletonTag() == "MRTDosimetryEditor"
    assert editor.segmentationNode() is node
    assert editor.sourceVolumeNode() is small.study.referenceTimePoint.ctNode
    assert editor._hasShortcuts
    editor.setActiveEffectByName("Paint")
    small.page("kinetics")
    assert editor.activeEffect() is None and not editor._hasShortcuts


def testStartDrawingTakesTheGeometryOfTheCT(small):
    small.study.setNodeForRole("segmentation", None)
    page = small.page("regions")
    page.ui.startDrawingButton.click()
    node = small.study.nodeByRole("segmentation")
    assert node is not None and page.ui.segmentationSelector.currentData == node.GetID()
    geometry = node.GetSegmentation().GetConversionParameter("Reference image geometry")
    assert geometry
    assert any("Draw the regions" in text for text in small.messages())


def testDrawingMakesLaterStepsStale(small):
    small.page("kinetics")
    small.ui.computeButton.click()
    page = small.page("regions")
    assert small.shell._states["kinetics"] == "done"
    node = small.study.nodeByRole("segmentation")
    node.GetSegmentation().AddEmptySegment("", "lesion 1")
    assert page.ui.regionsTable.rowCount == 2, "not in the middle of a stroke"
    small.shell.refresh()
    assert small.shell._states["regions"] == "stale"
    assert page.ui.regionsTable.rowCount == 3


def testRegionsFromALabelMapFile(small, tmp_path):
    import numpy as np

    from MRTDosimetryLib.imaging.files import writeImage
    from MRTDosimetryLib.imaging.volume import Volume

    labels = np.zeros((20, 24, 24), np.uint8)
    labels[6:12, 8:14, 4:10] = 2
    path = str(tmp_path / "labels.nrrd")
    writeImage(Volume(labels, np.diag([5.0, 5.0, 5.0, 1.0]), "", "labels"), path)
    page = small.page("regions")
    page.ui.labelPathEdit.text = path
    page.ui.labelNamesEdit.text = "2 spleen"
    page.ui.labelAddButton.click()
    assert any("1 = liver, 3 = kidney left" in text for text in small.messages())
    page.ui.labelNamesEdit.text = "2 = spleen"
    page.ui.labelAddButton.click()
    assert [row[0] for row in texts(page.ui.regionsTable)] == ["spleen"]


def testRegionVolumesAndMasses(small):
    page = small.page("regions")
    small.ui.computeButton.click()
    rows = {row[0]: row for row in texts(page.ui.regionsTable)}
    counted = {"liver": 389, "kidney left": 147}  # voxels of 0.125 mL
    for name, count in counted.items():
        assert float(rows[name][1]) == pytest.approx(count * 0.125, rel=5e-3)
    page.showRow(0)


# kinetics


def testKineticsTableShowsTheTruth(small):
    page = small.page("kinetics")
    small.ui.computeButton.click()
    rows = {row[0]: row for row in texts(page.ui.kineticsTable)}
    assert float(rows["liver"][2]) == pytest.approx(60.0, rel=1e-3)
    assert float(rows["kidney left"][2]) == pytest.approx(45.0, rel=1e-3)
    assert "extrapolated" in page.ui.kineticsTable.item(0, 3).toolTip()
    small.grab("kinetics-done")


def testModelIsMarkedAndReset(small):
    page = small.page("kinetics")
    assert not page.ui.kineticsResetButton.enabled
    select(page.ui.modelSelector, "trapezoid")
    assert small.study.choice("kinetics")["model"] == "trapezoid"
    assert "Changed from the protocol" in page.ui.kineticsChanged.text
    page.ui.kineticsResetButton.click()
    assert small.study.choice("kinetics")["model"] == "auto"


def testSingleTimePointAsksForHalfLives(empty):
    driving.addSmallStudy(empty.study, hours=(24.0,))
    page = empty.page("kinetics")
    assert any("effective half-life" in text for text in empty.messages())
    for row, hours in enumerate((60.0, 45.0)):
        page.ui.kineticsTable.setCurrentCell(row, 0)
        page.ui.halfLifeBox.value = hours
        page.ui.halfLifeSourceEdit.text = "cycle 1"
        page.ui.halfLifeButton.click()
    stated = empty.study.choice("kinetics")["effectiveHalfLifeHours"]
    assert stated["liver"] == {"hours": 60.0, "source": "cycle 1"}
    empty.ui.computeButton.click()
    assert empty.shell._states["kinetics"] == "done"
    page.ui.halfLifeBox.value = 500.0
    page.ui.halfLifeButton.click()
    assert any("longer than the physical" in text for text in empty.messages())


# absorbed dose, results, report


def testAbsorbedDoseAndResults(small):
    page = small.page("dose")
    small.ui.computeButton.click()
    rows = {row[0]: row for row in texts(page.ui.doseTable)}
    assert float(rows["liver"][1].split("\xa0")[0].split("±")[0]) > 1.0
    assert small.study.nodeByRole("absorbedDose") is not None
    page.ui.showDoseButton.click()
    small.grab("dose-done")
    page = small.page("results")
    small.ui.computeButton.click()
    assert {row[0] for row in texts(page.ui.resultsTable)} == {"liver", "kidney left"}
    assert small.shell._states["results"] == "done"
    small.grab("results-done")


def testDensityChoiceIsMarkedAndReset(small):
    page = small.page("dose")
    select(page.ui.densitySelector, "uniform")
    page.ui.densityBox.value = 1.04
    assert small.study.choice("dose")["densityGPerML"] == 1.04
    assert "Changed from the protocol" in page.ui.doseChanged.text
    page.ui.doseResetButton.click()
    assert small.study.choice("dose")["density"] == "ct"


def testReportFolder(small, tmp_path):
    page = small.page("report")
    assert any("Choose the folder" in text for text in small.messages())
    qtModule.queueReply("QFileDialog.getExistingDirectory", "")
    page.ui.folderButton.click()
    assert small.study.choice("outputFolder") is None, "canceled"
    qtModule.queueReply("QFileDialog.getExistingDirectory", str(tmp_path))
    page.ui.folderButton.click()
    assert small.study.choice("outputFolder") == str(tmp_path)
    assert small.ui.computeButton.enabled

"""Pages 2 and 3 as the user sees them: time slider, activity balance, comparison, correction by hand, drift."""

import numpy as np
import pytest
import StandIns

if StandIns.missingReason():
    pytest.skip(StandIns.missingReason(), allow_module_level=True)

from movedStudy import SHIFT_MM, addMovedStudy, correction
from StandIns import driving
from StandIns.driving import select, texts


@pytest.fixture
def moved():
    """The wizard with a study whose second scan lies elsewhere; time points and registration computed."""
    with driving.Wizard(380) as wizard:
        study = addMovedStudy(wizard.scene)
        wizard.shell.updateStudies()
        assert wizard.study == study
        wizard.page("registration")
        wizard.ui.computeButton.click()
        yield wizard


def compositeOf(wizard, name="Red"):
    node = wizard.scene.AddNewNodeByClass("vtkMRMLSliceCompositeNode")
    node.SetLayoutName(name)
    return node


def moveByHand(wizard, matrix, index=1):
    """What the handles in the views do."""
    from MRTDosimetryLib.scene import volumes

    node = wizard.study.timePoints[index].transformNode
    node.SetMatrixTransformToParent(volumes.matrixToVTK(matrix))


# time points


def testTheTimePointsLayoutHasBalanceAndTable(moved):
    import slicer

    page, manager = moved.page("timePoints"), slicer.app.layoutManager()
    assert manager.layout == 15086
    assert {"Red", "Green", "Yellow"} <= set(manager.sliceViewNames())
    chart = moved.study.nodeByRole("activityBalanceChart")
    assert manager.plotWidget(0).mrmlPlotViewNode().GetPlotChartNodeID() == chart.GetID()
    table = moved.study.nodeByRole("timePointsTable")
    assert manager.tableWidget(0).mrmlTableViewNode().GetTableNodeID() == table.GetID()
    assert table.GetNumberOfRows() == 3
    for _again in range(3):
        moved.page("registration")
        moved.page("timePoints")
    assert moved.study.nodeByRole("activityBalanceChart") is chart
    names = [node.GetName() for node in nodesOf(moved, "vtkMRMLPlotChartNode")]
    assert names == ["Activity balance"]
    page.ui.factsSection.collapsed = False
    moved.grab("timePoints-facts")


def nodesOf(wizard, className):
    count = wizard.scene.GetNumberOfNodesByClass(className)
    return [wizard.scene.GetNthNodeByClass(index, className) for index in range(count)]


def testTheImpossibleIsMarkedAndSaidInWords(moved):
    from MRTDosimetryLib.workflow import protocol

    protocol.setAdministration(moved.study, 100.0, "2026-05-04T10:00:00")
    page = moved.page("timePoints")
    moved.ui.computeButton.click()
    item = page.ui.timePointsTable.item(0, 0)
    assert "of the administered activity left by decay is in view" in item.toolTip()
    assert not page.ui.timePointsTable.item(0, 2).icon().isNull()
    assert any(text.startswith("4 h:") and "in view" in text for text in moved.messages())
    names = [series.GetName() for series in nodesOf(moved, "vtkMRMLPlotSeriesNode")]
    assert "not possible" in names
    moved.grab("timePoints-impossible")


def testTheTimeSliderShowsTheRegisteredImages(moved):
    node = compositeOf(moved)
    page = moved.page("timePoints")
    assert page.ui.timeSlider.maximum == 2 and page.ui.timeSliderWords.text == "4 h"
    page.ui.timeSlider.value = 1
    assert page.ui.timeSliderWords.text == "24 h"
    shown = moved.scene.GetNodeByID(node.GetForegroundVolumeID())
    assert shown.GetName().endswith("SPECT")
    assert node.GetBackgroundVolumeID() == moved.study.referenceTimePoint.ctNode.GetID()
    browser = moved.study.nodeByRole("sequenceBrowser")
    assert browser.GetSelectedItemNumber() == 1
    page.ui.timeSlider.value = 2
    assert moved.study.nodeByRole("sequenceBrowser") is browser
    page.ui.timePointsTable.setCurrentCell(2, 0)
    page.ui.excludeReasonEdit.text = "patient moved"
    page.ui.excludeButton.click()
    assert page.ui.timeSlider.maximum == 1


def testAnUnknownFactCanBeGiven(moved):
    page = moved.page("timePoints")
    page.ui.timePointsTable.setCurrentCell(1, 0)
    names = [name for name, _fact in page._facts()]
    row = names.index("durationSeconds")
    assert texts(page.ui.factsTable)[row][1] == "\N{EN DASH}"
    page.ui.factsTable.setCurrentCell(row, 0)
    page.ui.overrideValueEdit.text, page.ui.overrideReasonEdit.text = "1200", "protocol sheet"
    page.ui.overrideButton.click()
    assert moved.study.timePoints[1].factValue("durationSeconds") == 1200.0
    assert page.ui.overrideReasonEdit.text == ""


def testWhatTheImageWasConvertedWithIsNotOverridden(moved):
    page = moved.page("timePoints")
    page.ui.timePointsTable.setCurrentCell(0, 0)
    page.ui.factsTable.setCurrentCell([name for name, _fact in page._facts()].index("unit"), 0)
    page.ui.overrideValueEdit.text, page.ui.overrideReasonEdit.text = "kBq/mL", "the header is wrong"
    page.ui.overrideButton.click()
    assert any("converted with this value" in text for text in moved.messages())
    assert page.ui.overrideReasonEdit.text == "the header is wrong", "what was typed stays to be mended"


# registration


def testEveryWayOfComparing(moved):
    import slicer

    node = compositeOf(moved)
    page, study = moved.page("registration"), moved.study
    assert slicer.app.layoutManager().layout == 15087
    assert "MRTDosimetryMovingRed" in slicer.app.layoutManager().sliceViewNames()
    assert node.GetForegroundVolumeID() == study.timePoints[1].ctNode.GetID()
    assert page.ui.blendSliderLabel.text == "Opacity"
    select(page.ui.compareSelector, "checkerboard")
    comparison = study.nodeByRole("registrationComparison")
    assert node.GetBackgroundVolumeID() == comparison.GetID() and page.ui.blendSlider.isHidden()
    moved.grab("registration-checkerboard")
    select(page.ui.compareSelector, "swipe")
    assert page.ui.blendSliderLabel.text == "Edge" and not page.ui.blendSlider.isHidden()
    page.ui.blendSlider.value = 25
    assert study.nodeByRole("registrationComparison") is comparison
    select(page.ui.compareSelector, "activity")
    assert node.GetForegroundVolumeID() == study.timePoints[1].spectNode.GetID()
    page.ui.registrationTable.setCurrentCell(2, 0)
    assert node.GetForegroundVolumeID() == study.timePoints[2].spectNode.GetID()
    select(page.ui.compareSelector, "checkerboard")
    moved.page("regions")
    assert study.nodeByRole("registrationComparison") is None, "nothing is left behind"


def testViewsAreLinkedWhileThePageIsInFront(moved):
    moved.page("timePoints")
    node = compositeOf(moved)
    moved.page("registration")
    assert node.GetLinkedControl()
    moved.page("timePoints")
    assert not node.GetLinkedControl()


def testCorrectionByHand(moved):
    page, study = moved.page("registration"), moved.study
    page.ui.registrationTable.setCurrentCell(0, 0)
    assert not page.ui.correctButton.enabled and not page.ui.acceptButton.enabled, "the reference stays"
    page.ui.registrationTable.setCurrentCell(1, 0)
    assert page.ui.correctButton.enabled and not page.ui.resetButton.enabled
    page.ui.correctButton.click()
    transform = study.timePoints[1].transformNode
    assert transform.GetDisplayNode().GetEditorVisibility() and page.ui.correctButton.checked
    moveByHand(moved, correction())
    assert moved.shell._timer.active, "the page follows the hand, once it is quiet"
    moved.shell.updateStudies()
    assert moved.shell._states["registration"] == "stale" and moved.ui.computeButton.text == "Keep correction"
    assert page.ui.registrationTable.item(1, 3).text() == "moved"
    assert not page.ui.acceptButton.enabled and page.ui.resetButton.enabled
    moved.grab("registration-moved")
    moved.ui.computeButton.click()
    assert not transform.GetDisplayNode().GetEditorVisibility() and not page.ui.correctButton.checked
    assert page.ui.registrationTable.item(1, 3).text() == "by hand"
    assert page.ui.registrationTable.item(1, 1).text() == "−10.0  5.0  −5.0"
    assert any("corrected by hand" in text for text in moved.messages())
    assert moved.ui.computeButton.text == "Register"
    page.ui.acceptButton.click()
    assert page.ui.registrationTable.item(1, 3).text() == "accepted" and page.ui.acceptButton.text == "Take back"
    page.ui.resetButton.click()
    moved.ui.computeButton.click()
    assert page.ui.registrationTable.item(1, 3).text() == "not registered"
    assert study.timePoints[1].fact("registration") is None


def testHandlesGoWithThePage(moved):
    page, study = moved.page("registration"), moved.study
    page.ui.registrationTable.setCurrentCell(1, 0)
    page.ui.correctButton.click()
    handles = study.timePoints[1].transformNode.GetDisplayNode()
    page.ui.registrationTable.setCurrentCell(2, 0)
    assert not handles.GetEditorVisibility() and not page.ui.correctButton.checked
    page.ui.registrationTable.setCurrentCell(1, 0)
    page.ui.correctButton.click()
    assert handles.GetEditorVisibility()
    moved.widget.exit()
    assert not handles.GetEditorVisibility()
    moved.widget.enter()
    page.ui.correctButton.click()
    moved.page("kinetics")
    assert not handles.GetEditorVisibility()
    moved.shell._timer.stop()
    moveByHand(moved, np.eye(4))
    assert not moved.shell._timer.active, "nothing is followed any more"


def testDriftOfTheRegions(moved):
    page = moved.page("registration")
    page.ui.driftSection.collapsed = False
    page.ui.registrationTable.setCurrentCell(1, 0)
    assert page.ui.driftTable.rowCount == 0 and "Not measured" in page.ui.driftWords.text
    page.ui.driftButton.click()
    rows = texts(page.ui.driftTable)
    assert [row[0] for row in rows] == ["liver", "kidney left"]
    assert float(rows[0][1]) == pytest.approx(np.linalg.norm(SHIFT_MM), abs=0.8)
    assert all(float(row[2]) > 1 for row in rows)
    assert not page.ui.driftTable.item(0, 1).icon().isNull() and not page.ui.driftButton.enabled
    moved.grab("registration-drift")
    page.ui.registrationTable.setCurrentCell(2, 0)
    assert float(texts(page.ui.driftTable)[0][1]) < 0.3 and page.ui.driftTable.item(0, 1).icon().isNull()
    page.ui.driftTable.cellDoubleClicked.emit(0, 0)
    moved.study.timePoints[1].setReferenceFromTimePoint(correction())
    moved.shell.refresh()
    assert page.ui.driftTable.rowCount == 0 and page.ui.driftButton.enabled


def testDriftWantsRegionsFirst(moved):
    moved.scene.RemoveNode(moved.study.nodeByRole("segmentation"))
    page = moved.page("registration")
    assert page.ui.driftWords.text == "Draw the regions first" and not page.ui.driftButton.enabled


def testTheViewsShowTheScansBeforeTheyAreRegistered(moved):
    from MRTDosimetryLib.scene import registrationView

    composite = moved.scene.AddNewNodeByClass("vtkMRMLSliceCompositeNode")
    alone = moved.scene.AddNewNodeByClass("vtkMRMLSliceCompositeNode")
    composite.SetLayoutName("Red")
    alone.SetLayoutName(f"{registrationView.MOVING_VIEW}Red")
    moved.study.setStageRecord("registration", None)
    moved.page("registration")
    first, other = moved.study.timePoints[:2]
    assert composite.GetBackgroundVolumeID() == first.ctNode.GetID()
    assert composite.GetForegroundVolumeID() == other.ctNode.GetID() == alone.GetBackgroundVolumeID()

"""Page 4 through its own signals: adding and drawing regions, live numbers, undo, signing, files."""

import os
import re
import types

import pytest
import StandIns

if StandIns.missingReason():
    pytest.skip(StandIns.missingReason(), allow_module_level=True)

from StandIns import driving
from StandIns.driving import select, texts

NARROWEST = 380
CENTER = (35.0, 60.0, 45.0)  # of the sphere called liver in driving.addSmallStudy


@pytest.fixture
def wizard():
    """The wizard, as narrow as it gets, with a small study; the page of the regions in front."""
    with driving.Wizard(NARROWEST) as opened:
        opened.ui.newStudyButton.click()
        driving.addSmallStudy(opened.study)
        opened.shell.refresh()
        opened.regions = opened.page("regions")
        yield opened


def shown(wizard):
    """Rows of the table by region name."""
    return {row[0]: row for row in texts(wizard.regions.ui.regionsTable)}


def add(wizard, name):
    ui = wizard.regions.ui
    ui.regionSelector.setEditText(name)
    ui.addRegionButton.click()


def picture(wizard, name):
    """Picture of the page as high as it wants to be, as a scrolling panel shows it."""
    from StandIns.native import native

    panel = native(wizard.widget.parent)
    panel.resize(NARROWEST, max(820, wizard.regions.widget.sizeHint.height() + 330))
    wizard.app.processEvents()
    wizard.grab(name)


def put(wizard, point):
    """Type a point and leave the field."""
    ui = wizard.regions.ui
    ui.pointEdit.text = "  ".join(str(value) for value in point)
    ui.pointEdit.editingFinished.emit()


def testNumbersAreThereBeforeAnythingIsComputed(wizard):
    rows = shown(wizard)
    assert wizard.shell._states["regions"] == "ready"
    assert float(rows["liver"][1]) == pytest.approx(389 * 0.125, rel=5e-3)
    # 200 MBq of 60 h half-life at 4 h in 389 voxels of 0.125 mL
    assert float(rows["liver"][2].replace("\N{NARROW NO-BREAK SPACE}", "").replace("\xa0", "")) == pytest.approx(
        200e3 * 0.5 ** (4 / 60) / (389 * 0.125), rel=5e-3)
    assert rows["liver"][3].startswith("~") and 60 < float(rows["liver"][3][1:]) < 95
    tip = wizard.regions.ui.regionsTable.item(1, 3).toolTip()
    assert "Small: about" in tip and "10 mm (assumed)" in tip
    picture(wizard, f"regions-{NARROWEST}")


def testStatedResolutionIsNotMarkedAsAssumed(wizard):
    wizard.study.setChoice("resolutionFWHMMM", 0.001)
    wizard.shell.refresh()
    assert [row[3] for row in texts(wizard.regions.ui.regionsTable)] == ["100", "100"]


def testMissingOrgansComeFirstAndAreAddedReadyToDraw(wizard):
    ui = wizard.regions.ui
    assert ui.missingLabel.text == "Still missing for the protocol: kidney right, red marrow, spleen, lesion"
    names = [ui.regionSelector.itemText(index) for index in range(ui.regionSelector.count)]
    assert names[:4] == ["kidney right", "red marrow", "spleen", "lesion 1"] and "liver" not in names
    ui.regionSelector.setCurrentIndex(0)
    ui.addRegionButton.click()
    segmentation = wizard.study.nodeByRole("segmentation").GetSegmentation()
    segment = segmentation.GetSegment("kidney_right")
    assert "SCT^64033007^Kidney~SCT^24028007^Right" in segment.GetTerminology()
    assert segment.GetColor() != segmentation.GetSegment("kidney_left").GetColor()
    assert ui.segmentEditor.currentSegmentID() == "kidney_right"
    assert ui.regionsTable.item(ui.regionsTable.currentRow(), 0).text() == "kidney right"
    assert "kidney right" not in ui.missingLabel.text
    assert "Nothing is drawn yet." in ui.regionsTable.item(2, 0).toolTip()
    add(wizard, "Liver")
    assert any("already is a region" in text for text in wizard.messages())
    add(wizard, " ")
    assert any("no name" in text for text in wizard.messages())


def testAddingTheFirstRegionStartsTheDrawing(wizard):
    wizard.study.setNodeForRole("segmentation", None)
    wizard.shell.refresh()
    add(wizard, "lacrimal gland left")
    node = wizard.study.nodeByRole("segmentation")
    assert "Lacrimal gland" in node.GetSegmentation().GetNthSegment(0).GetTerminology()
    assert wizard.regions.ui.segmentEditor.segmentationNode() is node
    assert wizard.regions.ui.segmentEditor.currentSegmentID() == "lacrimal_gland_left"


def testTheTableFollowsADrawingAndItsUndo(wizard):
    ui, node = wizard.regions.ui, wizard.study.nodeByRole("segmentation")
    before = shown(wizard)["liver"]
    ui.regionsTable.setCurrentCell(0, 0)
    put(wizard, CENTER)
    ui.sphereVolumeBox.value = 8.0
    ui.sphereButton.click()
    assert float(shown(wizard)["liver"][1]) == pytest.approx(8.0, rel=0.01)
    assert ui.helperLabel.text == "liver: sphere of 8.00 mL."
    ui.sphereVolumeBox.value = 5000.0
    ui.sphereButton.click()
    assert any("of the sphere lies outside" in text for text in wizard.messages())
    ui.segmentEditor.undo()  # one step, the refused sphere is none
    assert shown(wizard)["liver"][1] == "8.00", "after a moment, not at once"
    wizard.regions.updateLive()
    assert shown(wizard)["liver"] == before
    ui.segmentEditor.redo()
    wizard.regions.updateLive()
    assert shown(wizard)["liver"][1] == "8.00"
    assert node.GetSegmentation().GetNumberOfSegments() == 2


def testThresholdInASphereOnAnyTimePoint(wizard):
    ui = wizard.regions.ui
    add(wizard, "lesion 1")
    ui.pointSection.collapsed = False
    assert ui.helperLabel.text == ""
    ui.thresholdButton.click()
    assert any("No point is placed" in text for text in wizard.messages())
    put(wizard, ("here", 1, 2))
    assert any("Write three numbers in mm" in text for text in wizard.messages())
    put(wizard, CENTER)
    ui.takeBox.checked = False
    ui.radiusBox.value = 25.0
    select(ui.imageSelector, wizard.study.timePoints[2].spectNode.GetID())
    ui.thresholdButton.click()
    assert float(shown(wizard)["lesion 1"][1]) == pytest.approx(389 * 0.125, rel=5e-3)
    assert float(shown(wizard)["liver"][1]) == pytest.approx(389 * 0.125, rel=5e-3), "may overlap"
    assert "50.0" not in ui.helperLabel.text and "maximum" in ui.helperLabel.text
    picture(wizard, f"regions-point-{NARROWEST}")
    select(ui.thresholdUnitSelector, "kBq/mL")
    ui.thresholdBox.value = 1e6
    ui.thresholdButton.click()
    assert any("Nothing in the sphere reaches" in text for text in wizard.messages())


def testThePointIsPlacedByAClickAndGivenBack(wizard):
    from MRTDosimetryLib.scene import placedPoint

    ui = wizard.regions.ui
    ui.placeButton.click()
    node = placedPoint.pointNode(wizard.study)
    selection = wizard.scene.GetFirstNodeByClass("vtkMRMLSelectionNode")
    interaction = wizard.scene.GetFirstNodeByClass("vtkMRMLInteractionNode")
    assert selection.GetActivePlaceNodeID() == node.GetID()
    assert interaction.GetCurrentInteractionMode() == interaction.Place
    node.AddControlPointWorld(1.0, 2.0, 3.0)
    assert ui.pointEdit.text == "1.0  2.0  3.0"
    node.SetNthControlPointPositionWorld(0, 4.0, 5.0, 6.0)
    assert ui.pointEdit.text == "4.0  5.0  6.0"
    wizard.page("results")
    assert interaction.GetCurrentInteractionMode() == interaction.ViewTransform
    assert not node.GetDisplayNode().GetVisibility()
    wizard.page("regions")
    assert node.GetDisplayNode().GetVisibility() and ui.pointEdit.text == "4.0  5.0  6.0"


def testRegionsAreCopiedFromOtherSegmentations(wizard):
    from MRTDosimetryLib.scene import segments
    from MRTDosimetryLib.scene.segmentDrawing import regionMask

    ui, own = wizard.regions.ui, wizard.study.nodeByRole("segmentation")
    assert ui.copySection.isHidden()
    liver = regionMask(own, "liver")
    segments.segmentationFromLabels(wizard.scene, liver, {1: "liver"}, "Earlier cycle")
    wizard.shell.refresh()
    assert not ui.copySection.isHidden() and ui.copySelector.currentText == "liver in Earlier cycle"
    add(wizard, "lesion 1")
    ui.takeBox.checked = False
    ui.copyButton.click()
    assert shown(wizard)["lesion 1"][1] == shown(wizard)["liver"][1]
    assert "mL where it was drawn" in ui.copyLabel.text
    assert ui.copyTimePointSelector.enabled
    moved = wizard.scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    wizard.scene.GetFirstNodeByName("Earlier cycle").SetAndObserveTransformNodeID(moved.GetID())
    wizard.shell.refresh()
    assert not ui.copyTimePointSelector.enabled, "its transform says where it was drawn"


def testIsodosesAreNoRegions(wizard):
    from MRTDosimetryLib.errors import InputError
    from MRTDosimetryLib.workflow import segmentation

    node = wizard.scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Isodose")
    node.SetAttribute("MRTDosimetry.role", "isodose")
    other = wizard.scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Drawn elsewhere")
    wizard.shell.refresh()
    selector = wizard.regions.ui.segmentationSelector
    assert [selector.itemText(index) for index in range(selector.count)] == ["none yet", "Regions", "Drawn elsewhere"]
    with pytest.raises(InputError, match="computed, they are no drawn regions"):
        segmentation.setSegmentation(wizard.study, node)
    select(selector, other.GetID())
    assert wizard.study.nodeByRole("segmentation") is other
    select(selector, "")
    assert wizard.study.nodeByRole("segmentation") is None


def testSigningOneAndAllRegions(wizard):
    ui = wizard.regions.ui
    add(wizard, "lesion 1")
    ui.regionsTable.setCurrentCell(0, 0)
    ui.verifiedButton.click()
    assert any("The physicist does not verify regions. This is for the physician" in text for text in wizard.messages())
    ui.draftedButton.click()
    assert any("Give your name" in text for text in wizard.messages())
    ui.signerEdit.text = "A. Reader"
    ui.signerEdit.editingFinished.emit()
    ui.draftedButton.click()
    assert "liver: drafted by A. Reader (physicist)" in ui.signLabel.text
    assert ui.signLabel.text.startswith("0 of 3 regions verified.")
    wizard.ui.roleSelector.setCurrentIndex(wizard.ui.roleSelector.findData("physician"))
    ui.signAllBox.checked = True
    ui.verifiedButton.click()
    assert ui.signLabel.text.startswith("2 of 3 regions verified."), "nothing is drawn in the lesion"
    assert "verified by A. Reader (physician)" in ui.regionsTable.item(0, 0).toolTip()
    put(wizard, CENTER)
    ui.regionsTable.setCurrentCell(0, 0)
    ui.sphereButton.click()
    assert ui.signLabel.text.startswith("1 of 3 regions verified, 1 changed since.")
    assert "changed since" in ui.regionsTable.item(0, 0).toolTip()
    picture(wizard, f"regions-physician-{NARROWEST}")
    ui.segmentEditor.undo()
    wizard.regions.updateLive()
    assert ui.signLabel.text.startswith("2 of 3 regions verified."), "as it was when it was signed"


def testTotalSegmentatorOnlyWhereItIs(wizard, monkeypatch):
    import slicer

    from MRTDosimetryLib.scene import segments
    from MRTDosimetryLib.scene.segmentDrawing import regionMask

    ui = wizard.regions.ui
    assert ui.totalSegmentatorButton.isHidden()
    mask = regionMask(wizard.study.nodeByRole("segmentation"), "kidney_left")
    mask.ijkToRAS[1, 3] += 10.0
    asked = []

    def process(volumeNode, segmentationNode, fast=True, subset=None):
        asked.append((volumeNode, fast, subset))
        drawn = segments.segmentationFromLabels(wizard.scene, mask, {1: "kidney_right"}, "drawn")
        segmentationNode.GetSegmentation().DeepCopy(drawn.GetSegmentation())
        wizard.scene.RemoveNode(drawn)

    logic = types.SimpleNamespace(process=process, setupPythonRequirements=lambda: None)
    monkeypatch.setattr(slicer.modules, "totalsegmentator", object(), raising=False)
    monkeypatch.setattr(slicer.util, "getModuleLogic", lambda name: logic)
    wizard.shell.refresh()
    assert not ui.totalSegmentatorButton.isHidden()
    count = wizard.scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode")
    ui.totalSegmentatorButton.click()
    assert asked == [(wizard.study.referenceTimePoint.ctNode, True, ["kidney_right", "spleen"])]
    assert list(shown(wizard)) == ["liver", "kidney left", "kidney right"] and wizard.messages() == []
    assert wizard.scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == count

    def broken(*args, **kwargs):
        raise RuntimeError("no license")

    logic.process = broken
    ui.totalSegmentatorButton.click()
    assert any("did not finish: no license" in text for text in wizard.messages())
    assert wizard.scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == count


def testRegionsFromASlicerSegmentationFile(wizard, tmp_path):
    import slicer

    node = wizard.study.nodeByRole("segmentation")
    path = str(tmp_path / "drawn.seg.nrrd")
    storage = slicer.vtkMRMLSegmentationStorageNode()
    storage.SetFileName(path)
    assert storage.WriteData(node)
    ui = wizard.regions.ui
    ui.labelAddButton.click()
    assert any("No file is chosen" in text for text in wizard.messages())
    ui.labelPathEdit.text = path
    ui.labelAddButton.click()
    assert wizard.study.nodeByRole("segmentation") is not node
    assert list(shown(wizard)) == ["liver", "kidney left"]


def testRegionsAreSeenThroughWhileTheyAreDrawn(wizard):
    style = wizard.study.nodeByRole("segmentation").GetDisplayNode()
    assert style.GetOpacity2DFill() == pytest.approx(0.2)
    wizard.page("results")
    assert style.GetOpacity2DFill() == pytest.approx(0.5)
    wizard.page("regions")
    wizard.widget.exit()
    assert style.GetOpacity2DFill() == pytest.approx(0.5)
    wizard.widget.enter()


def testAStudyThatIsRemovedWhileAPointIsPlaced(wizard):
    wizard.regions.ui.placeButton.click()
    wizard.scene.RemoveNode(wizard.study.node)
    wizard.shell.goToPage(0)
    wizard.shell.refresh()
    assert wizard.study is None


def testDrawingNothingKnownDisturbsNothing(wizard):
    """Segments renamed, removed, added and the node deleted while the page is open, an effect active."""
    ui, node = wizard.regions.ui, wizard.study.nodeByRole("segmentation")
    ui.segmentEditor.setActiveEffectByName("Paint")
    segmentation = node.GetSegmentation()
    segmentation.GetSegment("liver").SetName("kidney left")
    wizard.regions.updateLive()
    assert "Another region has the same name." in ui.regionsTable.item(0, 0).toolTip()
    segmentation.RemoveSegment("liver")
    wizard.regions.updateLive()
    assert list(shown(wizard)) == ["kidney left"]
    wizard.widget.exit()
    segmentation.AddEmptySegment("", "spleen")
    wizard.widget.enter()
    assert list(shown(wizard)) == ["kidney left", "spleen"]
    wizard.scene.RemoveNode(node)
    wizard.shell.refresh()
    assert ui.regionsTable.rowCount == 0 and not ui.startDrawingButton.isHidden()
    editors = wizard.scene.GetNumberOfNodesByClass("vtkMRMLSegmentEditorNode")
    for _round in range(2):
        wizard.page("results")
        wizard.page("regions")
    assert wizard.scene.GetNumberOfNodesByClass("vtkMRMLSegmentEditorNode") == editors == 1


@pytest.mark.parametrize("role", ["physicist", "physician"])
def testEverythingOpenFitsTheNarrowestPanel(wizard, role):
    ui = wizard.regions.ui
    wizard.ui.roleSelector.setCurrentIndex(wizard.ui.roleSelector.findData(role))
    for section in (ui.pointSection, ui.copySection, ui.labelMapSection):
        section.collapsed = False
    ui.regionsTable.setCurrentCell(0, 0)
    wizard.app.processEvents()
    assert wizard.shell.widget.minimumSizeHint.width() <= NARROWEST - 20
    picture(wizard, f"regions-open-{role}-{NARROWEST}")


def testAllTextsOfThePageAreShort(wizard):
    """A hint is read at a glance."""
    path = os.path.join(driving.MODULE_FOLDER, "Resources", "UI", "RegionsStep.ui")
    with open(path, encoding="utf-8") as file:
        tips = re.findall(r'name="toolTip"><string>([^<]*)<', file.read())
    assert len(tips) > 20 and max(len(tip) for tip in tips) <= 90

"""What the alignment page puts into the scene: compared images, linked views, handles, the time slider."""

import numpy as np
import pytest
from movedStudy import HOURS, addMovedStudy, correction

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.scene import files, headless, registrationView, sequences, volumes
from MRTDosimetryLib.scene.study import Study


@pytest.fixture
def study():
    return addMovedStudy(headless.newScene())


def composite(scene, layoutName):
    node = scene.AddNewNodeByClass("vtkMRMLSliceCompositeNode")
    node.SetLayoutName(layoutName)
    return node


def identifiers(scene):
    return {scene.GetNthNode(index).GetID() for index in range(scene.GetNumberOfNodes())}


def test_blendingShowsTheTimePointOverTheReference(study):
    compared, alone = composite(study.scene, "Red"), composite(study.scene, f"{registrationView.MOVING_VIEW}Red")
    reference, moving = study.timePoints[:2]
    registrationView.show(study, moving, registrationView.BLEND, 0.7)
    assert compared.GetBackgroundVolumeID() == reference.ctNode.GetID()
    assert compared.GetForegroundVolumeID() == moving.ctNode.GetID()
    assert compared.GetForegroundOpacity() == pytest.approx(0.7)
    assert (alone.GetBackgroundVolumeID(), alone.GetForegroundVolumeID()) == (moving.ctNode.GetID(), None)
    registrationView.show(study, moving, registrationView.ACTIVITY, 0.4)
    assert compared.GetForegroundVolumeID() == moving.spectNode.GetID()
    registrationView.show(study, reference, registrationView.BLEND, 0.7)
    assert (compared.GetBackgroundVolumeID(), compared.GetForegroundVolumeID()) == (reference.ctNode.GetID(), None)


def test_withoutCTTheActivitiesAreCompared(study):
    compared, moving = composite(study.scene, "Red"), study.timePoints[1]
    moving.ctNode = None
    registrationView.show(study, moving, registrationView.BLEND)
    assert compared.GetBackgroundVolumeID() == study.timePoints[0].spectNode.GetID()
    assert compared.GetForegroundVolumeID() == moving.spectNode.GetID()


def test_theComparisonHoldsBothImagesAndIsOneNode(study):
    compared, moving = composite(study.scene, "Red"), study.timePoints[1]
    before = identifiers(study.scene)
    registrationView.show(study, moving, registrationView.CHECKERBOARD)
    node = study.nodeByRole("registrationComparison")
    assert compared.GetBackgroundVolumeID() == node.GetID() and compared.GetForegroundVolumeID() is None
    fixed = volumes.volumeFromNode(study.timePoints[0].ctNode).array
    board = volumes.volumeFromNode(node).array
    assert board.dtype == fixed.dtype and 0.02 < np.mean(board != fixed) < 0.2, "a body that lies elsewhere shows"
    added = identifiers(study.scene) - before
    registrationView.show(study, moving, registrationView.SWIPE, 1.0)
    assert np.array_equal(volumes.volumeFromNode(node).array, fixed)
    moving.setReferenceFromTimePoint(correction())
    registrationView.show(study, moving, registrationView.SWIPE, 0.0)
    assert np.mean(volumes.volumeFromNode(node).array != fixed) < 0.1, "the alignment is applied"
    assert identifiers(study.scene) - before - {moving.transformNode.GetID()} == added
    assert not node.GetSaveWithScene() and not node.GetDisplayNode().GetSaveWithScene()
    moving.setReferenceFromTimePoint(None)
    registrationView.removeComparison(study)
    registrationView.removeComparison(study)
    assert identifiers(study.scene) == before


def test_nothingOfTheComparisonIsSaved(study, tmp_path):
    registrationView.show(study, study.timePoints[1], registrationView.CHECKERBOARD)
    sequences.showTimePoint(study, 1)
    path = str(tmp_path / "study.mrb")
    files.saveBundle(study.scene, path)
    headless.newScene()
    opened = Study.all(files.openBundle(path))[0]
    assert opened.nodeByRole("registrationComparison") is None and opened.nodeByRole("sequenceBrowser") is None
    names = [opened.scene.GetNthNode(i).GetName() for i in range(opened.scene.GetNumberOfNodes())]
    assert not any(name and "Alignment" in name for name in names)
    # and it is made again where it is wanted
    registrationView.show(opened, opened.timePoints[1], registrationView.CHECKERBOARD)
    assert opened.nodeByRole("registrationComparison") is not None


def test_unknownWaysAreRefused(study):
    with pytest.raises(InputError, match="not a way"):
        registrationView.show(study, study.timePoints[1], "guess")


def test_linkedViewsAreGivenBack(study):
    first, second = composite(study.scene, "Red"), composite(study.scene, "Green")
    second.SetLinkedControl(True)
    changed = registrationView.linkViews(study.scene)
    assert changed == [first] and first.GetLinkedControl()
    for node in changed:
        node.SetLinkedControl(False)
    assert not first.GetLinkedControl() and second.GetLinkedControl()


def test_handlesMoveAndTurnButDoNotScale(study):
    moving, before = study.timePoints[1], identifiers(study.scene)
    registrationView.setHandles(moving, True)
    assert not registrationView.hasHandles(moving), "there is nothing to move yet"
    moving.setReferenceFromTimePoint(correction())
    registrationView.setHandles(moving, False)
    assert moving.transformNode.GetDisplayNode() is None
    registrationView.setHandles(moving, True)
    handles = moving.transformNode.GetDisplayNode()
    assert registrationView.hasHandles(moving)
    assert handles.GetEditorVisibility3D() and handles.GetEditorSliceIntersectionVisibility()
    assert handles.GetEditorTranslationEnabled() and handles.GetEditorRotationEnabled()
    assert not handles.GetEditorScalingEnabled()
    assert moving.transformNode.GetCenterOfTransformation() == pytest.approx([0, 0, 0], abs=1e-6), "of the image"
    registrationView.setHandles(moving, False)
    assert not registrationView.hasHandles(moving)
    registrationView.setHandles(moving, True)
    assert moving.transformNode.GetDisplayNode() is handles
    moving.setReferenceFromTimePoint(None)
    assert identifiers(study.scene) == before, "no display node is left behind"


def test_theSliderGoesThroughTheTimesAndFollowsTheAlignment(study):
    before = identifiers(study.scene)
    for index, hours in enumerate(HOURS):
        shown = sequences.showTimePoint(study, index)
        assert np.array_equal(volumes.volumeFromNode(shown).array,
                              volumes.volumeFromNode(study.timePoints[index].spectNode).array), hours
    added = identifiers(study.scene) - before
    browser = study.nodeByRole("sequenceBrowser")
    sequences.showTimePoint(study, 0)
    assert study.nodeByRole("sequenceBrowser") is browser, "made once"
    study.timePoints[1].setReferenceFromTimePoint(correction())
    shown = sequences.showTimePoint(study, 1)
    assert volumes.ijkToRASOf(shown)[:3, 3] - volumes.ijkToRASOf(study.timePoints[1].spectNode)[:3, 3] == \
        pytest.approx(correction()[:3, 3])
    left = identifiers(study.scene) - before - {study.timePoints[1].transformNode.GetID()}
    assert len(left) == len(added), "made again, not beside"
    study.timePoints[2].isExcluded = True
    with pytest.raises(InputError, match="no such time point"):
        sequences.showTimePoint(study, 2)
    sequences.removeSequence(study)
    study.timePoints[1].setReferenceFromTimePoint(None)
    assert identifiers(study.scene) <= before | added


def test_theSliderSurvivesADeletedVolumeAndEqualTimes(study):
    shown = sequences.showTimePoint(study, 0)
    study.scene.RemoveNode(shown)
    assert sequences.showTimePoint(study, 1) is not None
    study.timePoints[1].setFact("timeAfterAdministrationHours", 4.0, "h", "user", reason="typo")
    assert len(sequences.shownTimePoints(study)) == 2
    assert sequences.showTimePoint(study, 1) is not None

"""What people do to a wizard: close the scene, delete what it uses, undo, switch, reload, work on two studies."""

from collections import Counter

import pytest
import StandIns

if StandIns.missingReason():
    pytest.skip(StandIns.missingReason(), allow_module_level=True)

from StandIns import driving, signals
from StandIns.driving import texts

STAGES = ("protocol", "timePoints", "registration", "regions", "kinetics", "dose", "results", "report")
_VIEW_CLASSES = ("vtkMRMLSliceNode", "vtkMRMLViewNode", "vtkMRMLPlotViewNode", "vtkMRMLTableViewNode",
                 "vtkMRMLSliceDisplayNode", "vtkMRMLClipNode")


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


@pytest.fixture
def done(small):
    small.page("results")
    small.ui.computeButton.click()
    assert statesOf(small)[:7] == ["done"] * 7
    return small


def statesOf(wizard):
    """Of the pages of images, in their order."""
    return [state for name, state in wizard.shell._states.items() if name not in ("measurements", "therapy")]


def dataNodes(scene):
    """Identifier and name of all nodes but those of the views, which belong to the application."""
    nodes = [scene.GetNthNode(index) for index in range(scene.GetNumberOfNodes())]
    return {node.GetID(): node.GetName() for node in nodes if node.GetClassName() not in _VIEW_CLASSES}


def countOf(scene, className):
    return scene.GetNumberOfNodesByClass(className)


def visitAll(wizard):
    for name in STAGES:
        wizard.page(name)
    assert signals.takeSlotFailures() == []


# the step is remembered with the study


def testASavedSceneOpensAtTheStepItWasLeftAt(done, tmp_path):
    import slicer

    from MRTDosimetryLib.scene import files

    done.page("kinetics")
    path = str(tmp_path / "study.mrb")
    files.saveBundle(done.scene, path)
    done.page("report")
    slicer.mrmlScene.Clear(0)
    files.openBundle(path)
    done.shell.updateStudies()
    assert done.ui.pageTitle.text == "Kinetics" and done.barButton("kinetics").checked


def testAFreshWidgetStartsAtTheStepOfTheStudy(done):
    done.page("dose")
    widget = done.module.MRTDosimetryWidget()
    widget.setup()
    assert widget.shell.step.name == "dose"
    widget.cleanup()


def testAnUnknownStepIsNoHindrance(done):
    done.study.node.SetAttribute("MRTDosimetry.step", "fromNextYear")
    done.shell.switchTo(done.study)
    assert done.ui.pageTitle.text == "Report", "the first that is not done"


def testEachStudyKeepsItsOwnStep(small):
    first = small.study
    small.page("kinetics")
    small.shell.studies.add()
    assert small.ui.pageTitle.text == "Protocol"
    small.page("regions")
    small.ui.studySelector.setCurrentIndex(0)
    assert small.study == first and small.ui.pageTitle.text == "Kinetics"
    small.ui.studySelector.setCurrentIndex(1)
    assert small.ui.pageTitle.text == "Regions"


def testThePhysicianOpensAtTheRegions(small):
    small.page("kinetics")
    small.ui.roleSelector.setCurrentIndex(small.ui.roleSelector.findData("physician"))
    small.shell.studies.add()
    assert small.ui.pageTitle.text == "Regions"


# closing


def testTheSceneIsClosedOnAnyPage(small):
    import slicer

    for name in ("timePoints", "registration", "regions", "results"):
        small.page(name)
        if name == "registration":
            small.ui.computeButton.click()
        slicer.mrmlScene.Clear(0)
        assert small.study is None and small.shell.shownWidget is small.ui.emptyPage, name
        assert signals.takeSlotFailures() == []
        visitAll(small)
        left = [text for text in dataNodes(small.scene).values() if text and ("SPECT" in text or "4 h" in text)]
        assert left == [], name
        small.ui.newStudyButton.click()
        assert small.ui.pageTitle.text == "Protocol"
        driving.addSmallStudy(small.study)


def testTwoStudiesOneAfterTheOther(done):
    """The second study has nodes of its own, and the first keeps its numbers."""
    first, table = done.study, texts(done.page("results").ui.resultsTable)
    charts = countOf(done.scene, "vtkMRMLPlotChartNode")
    done.shell.studies.add()
    driving.addSmallStudy(done.study)
    done.shell.refresh()
    done.page("results")
    done.ui.computeButton.click()
    assert statesOf(done)[:7] == ["done"] * 7
    assert countOf(done.scene, "vtkMRMLPlotChartNode") == 2 * charts
    assert done.study.nodeByRole("absorbedDose") is not first.nodeByRole("absorbedDose")
    done.ui.studySelector.setCurrentIndex(0)
    assert done.study == first and statesOf(done)[:7] == ["done"] * 7
    assert texts(done.page("results").ui.resultsTable) == table
    visitAll(done)


def testTwoStudiesWithTheSceneClosedBetween(done):
    import slicer

    table = texts(done.page("results").ui.resultsTable)
    count = len(dataNodes(done.scene))
    slicer.mrmlScene.Clear(0)
    done.ui.newStudyButton.click()
    driving.addSmallStudy(done.study)
    done.page("results")
    done.ui.computeButton.click()
    assert texts(done.page("results").ui.resultsTable) == table
    assert len(dataNodes(done.scene)) == count


# computing again


def testComputingAgainLeavesNoLitter(done):
    from MRTDosimetryLib.workflow import kineticsOptions

    visitAll(done)
    before = classesOf(done.scene)
    for model in ("trapezoid", "auto"):
        kineticsOptions.setModel(done.study, model)
        done.page("results")
        done.ui.computeStaleButton.click()
        visitAll(done)
    assert statesOf(done)[:7] == ["done"] * 7
    assert classesOf(done.scene) == before


def classesOf(scene):
    """How many nodes there are of each class."""
    return Counter(scene.GetNodeByID(identifier).GetClassName() for identifier in dataNodes(scene))


def testNothingIsComputedTwice(done, monkeypatch):
    from MRTDosimetryLib.workflow import stages

    ran = []
    monkeypatch.setattr(stages, "runStage", lambda study, name, progress: ran.append(name))
    visitAll(done)
    done.page("results")
    done.ui.computeButton.click()
    assert ran == []


# deleting


def testNodesThatStepsUseAreDeleted(done):
    """Each on the page that shows it; all of them come back with the next run."""
    from MRTDosimetryLib.workflow import kineticsOptions

    pages = {"absorbedDose": "dose", "timeIntegratedActivity": "dose", "timeActivityChart": "kinetics",
             "timeActivityTable": "kinetics", "dvhChart": "results", "resultsTable": "results",
             "activityBalanceChart": "timePoints", "timePointsTable": "timePoints", "sequenceBrowser": "timePoints"}
    for role, page in pages.items():
        done.page(page)
        node = done.study.nodeByRole(role)
        assert node is not None, role
        done.scene.RemoveNode(node)
        done.shell.updateStudies()
        assert signals.takeSlotFailures() == [], role
    visitAll(done)
    kineticsOptions.setModel(done.study, "trapezoid")
    done.page("results")
    done.ui.computeButton.click()
    visitAll(done)
    assert statesOf(done)[:7] == ["done"] * 7, done.messages()
    assert [role for role in pages if done.study.nodeByRole(role) is None] == []


def testImagesAndRegionsAreDeleted(done):
    done.page("registration")
    done.scene.RemoveNode(done.study.timePoints[1].ctNode)
    done.shell.updateStudies()
    visitAll(done)
    assert statesOf(done)[1] == "stale"
    done.page("timePoints")
    done.scene.RemoveNode(done.study.timePoints[0].spectNode)
    done.shell.updateStudies()
    visitAll(done)
    assert len(texts(done.page("timePoints").ui.timePointsTable)) == 2
    done.page("regions")
    done.scene.RemoveNode(done.study.nodeByRole("segmentation"))
    done.shell.updateStudies()
    visitAll(done)
    assert statesOf(done)[3] == "needsInput"


def testTheStudyNodeIsDeletedOnAnyPage(done):
    other = done.module.MRTDosimetryLogic.createStudy("Other")
    done.page("registration")
    done.scene.RemoveNode(done.study.node)
    done.shell.updateStudies()
    assert done.study == other and done.ui.pageTitle.text == "Protocol"
    done.page("regions")
    done.scene.RemoveNode(other.node)
    done.shell.refresh()
    assert done.study is None and done.shell.shownWidget is done.ui.emptyPage
    assert signals.takeSlotFailures() == []


# regions


def segmentationOf(wizard):
    return wizard.study.nodeByRole("segmentation").GetSegmentation()


def testRegionsAreRenamed(done):
    content = segmentationOf(done)
    content.GetSegment(content.GetSegmentIdBySegmentName("kidney left")).SetName("kidney right")
    done.shell.refresh()
    assert statesOf(done)[3:7] == ["stale"] * 4
    visitAll(done)
    done.page("results")
    done.ui.computeButton.click()
    assert [row[0] for row in texts(done.page("results").ui.resultsTable)] == ["liver", "kidney right"]
    content.GetSegment(content.GetSegmentIdBySegmentName("liver")).SetName("kidney right")
    done.shell.refresh()
    visitAll(done)
    done.page("results")
    done.ui.computeButton.click()
    assert any("same name" in text for text in done.messages())


def testARegionIsRemovedAndAnotherAdded(done):
    content = segmentationOf(done)
    content.RemoveSegment(content.GetSegmentIdBySegmentName("liver"))
    content.AddEmptySegment("", "spleen")
    done.shell.refresh()
    visitAll(done)
    done.page("results")
    done.ui.computeButton.click()
    assert any("empty" in text and "spleen" in text for text in done.messages())
    content.RemoveSegment(content.GetSegmentIdBySegmentName("spleen"))
    done.page("results")
    done.ui.computeButton.click()
    assert [row[0] for row in texts(done.page("results").ui.resultsTable)] == ["kidney left"]


def testUndoneDrawingIsUpToDateAgain(done):
    """Undo in the Segment Editor brings the voxels back: then nothing has to be computed again."""
    import slicer

    content = segmentationOf(done)
    representation = "Binary labelmap"
    image = content.GetSegment(content.GetSegmentIdBySegmentName("liver")).GetRepresentation(representation)
    kept = slicer.vtkOrientedImageData()
    kept.DeepCopy(image)
    image.SetScalarComponentFromDouble(*[extent + 1 for extent in image.GetExtent()[::2]], 0, 1)
    image.Modified()
    content.Modified()
    done.shell.refresh()
    assert statesOf(done)[3] == "stale"
    image.DeepCopy(kept)
    image.Modified()
    content.Modified()
    done.shell.refresh()
    assert statesOf(done)[:7] == ["done"] * 7


def testUndoOfTheSceneKeepsTheWizardAlive(done):
    """Slicer's scene undo, where an application has it on: the study node's state goes back as one."""
    from MRTDosimetryLib.workflow import kineticsOptions

    done.scene.SetUndoOn()
    done.study.node.SetUndoEnabled(True)
    done.page("kinetics")
    done.scene.SaveStateForUndo()
    kineticsOptions.setModel(done.study, "trapezoid")
    done.shell.refresh()
    assert statesOf(done)[4] == "stale"
    done.scene.Undo()
    done.shell.updateStudies()
    visitAll(done)
    assert statesOf(done)[:7] == ["done"] * 7
    done.scene.SetUndoOff()


# leaving and coming back


def testAnotherModuleAndBack(done):
    import slicer

    manager = slicer.app.layoutManager()
    done.widget.exit()
    manager.setLayout(6)
    done.widget.enter()
    for name in STAGES:
        done.page(name)
        shown, before = manager.layout, dataNodes(done.scene)
        for _again in range(2):
            done.widget.exit()
            assert manager.layout == 6, "the user's own"
            done.widget.enter()
            assert done.shell.step.name == name and manager.layout == shown
        assert dataNodes(done.scene) == before, name


def testAnotherModuleAndBackWithAnEffectActive(done):
    page = done.page("regions")
    editor = page.ui.segmentEditor
    editor.setActiveEffectByName("Paint")
    assert editor.activeEffect() is not None
    done.widget.exit()
    assert editor.activeEffect() is None and editor.segmentationNode() is None
    done.widget.enter()
    assert editor.segmentationNode() is done.study.nodeByRole("segmentation")
    editor.setActiveEffectByName("Paint")
    done.page("kinetics")
    assert editor.activeEffect() is None


def testTheStudyIsDeletedWhileAnotherModuleIsOpen(done):
    done.page("registration")
    done.widget.exit()
    done.scene.RemoveNode(done.study.node)
    done.widget.enter()
    assert done.study is None
    visitAll(done)


def testTheModuleIsReloaded(done):
    """Reload: cleanup, a new widget, setup, no enter; the new one works at once where the module is open."""
    done.page("registration")
    before = dataNodes(done.scene)
    done.widget.cleanup()
    parent = done.widget.parent

    class Reloaded(done.module.MRTDosimetryWidget):
        """The parent of the application says that the module is open; a plain widget does not."""

        @property
        def parent(self):
            return self._parent

        @parent.setter
        def parent(self, value):
            self._parent = _Entered(value)

    Reloaded.__module__ = done.module.MRTDosimetryWidget.__module__  # where the resources are looked for
    done.widget = Reloaded(parent)
    done.widget.setup()
    done.shell, done.ui = done.widget.shell, done.widget.shell.ui
    assert done.shell.isEntered and done.shell.step.name == "registration"
    assert dataNodes(done.scene) == before
    visitAll(done)
    done.widget._parent = parent  # to be closed


class _Entered:
    """A widget that is entered."""

    isEntered = True

    def __init__(self, widget):
        self._widget = widget

    def __getattr__(self, name):
        return getattr(self._widget, name)


def testWithoutAMainWindowEveryPageWorks():
    with driving.Wizard(hasMainWindow=False) as wizard:
        wizard.ui.newStudyButton.click()
        driving.addSmallStudy(wizard.study)
        wizard.page("registration")
        wizard.ui.computeButton.click()
        visitAll(wizard)
        wizard.widget.exit()
        wizard.widget.enter()
        assert statesOf(wizard)[:3] == ["done"] * 3


def testChangingTheStepIsQuick(done):
    """A budget of 200 ms on the desk; the first visit of each page pays for what is loaded once."""
    import time

    visitAll(done)
    longest = {}
    for name in STAGES:
        started = time.perf_counter()
        done.page(name)
        longest[name] = time.perf_counter() - started
    assert max(longest.values()) < 1.0, longest

"""The panel of the center: opened and left from anywhere, and no study is any different for it."""

import pytest
import StandIns

if StandIns.missingReason():
    pytest.skip(StandIns.missingReason(), allow_module_level=True)

from StandIns import driving
from StandIns.driving import select

NARROWEST = 380


@pytest.fixture
def wizard(monkeypatch):
    """The wizard without a study; the center has two plain pages, the second for the physicist alone."""
    with driving.Wizard(NARROWEST) as opened:
        opened.widget.cleanup()
        monkeypatch.setattr("MRTDosimetryLib.steps.centerPanel.CENTER_PAGES", plainPages())
        opened.widget = opened.module.MRTDosimetryWidget()
        opened.widget.setup()
        opened.shell, opened.ui = opened.widget.shell, opened.widget.shell.ui
        opened.widget.enter()
        yield opened


def plainPages():
    import qt
    import slicer

    from MRTDosimetryLib.errors import InputError
    from MRTDosimetryLib.steps.centerPage import CenterPage

    class Plain(CenterPage):
        """Counts what happens to it."""

        name, isForPhysician, isForTechnologist = "plain", False, True

        def setup(self, loadUI):
            self.widget = slicer.qMRMLWidget()
            self.widget.setLayout(qt.QVBoxLayout())
            self.edit = qt.QLineEdit()
            self.widget.layout().addWidget(self.edit)
            self.happened = []

        def title(self):
            return "Plain"

        def help(self):
            return "Does what it is told."

        def primaryText(self):
            return "Do it"

        def enter(self):
            self.happened.append("enter")

        def exit(self):
            self.happened.append("exit")

        def blockers(self):
            return [] if self.edit.text else ["Say what to do"]

        def remarks(self):
            return [("warning", "Nothing was done yet")] if "done" not in self.happened else []

        def onPrimary(self):
            self.run("Work", self._work)

        def _work(self, progress):
            progress(0.5, "half")
            if self.edit.text == "wrong":
                raise InputError("It is wrong", "the text", "Write another")
            self.happened.append("done")

    class Other(Plain):
        name, isForTechnologist = "other", False

        def title(self):
            return "Other"

    return Plain, Other


def isShown(wizard):
    """Whether the center is in front; exactly one of both panels has to be."""
    isCenter = not wizard.shell.center.widget.isHidden()
    assert isCenter == wizard.ui.studyPanel.isHidden() == wizard.shell.center.isInFront
    assert isCenter == wizard.ui.centerButton.checked
    return isCenter


def testWorksWithoutAStudyAndWithAnEmptyScene(wizard):
    import slicer

    center = wizard.shell.center
    wizard.ui.centerButton.click()
    assert isShown(wizard) and center.ui.pageTitle.text == "Plain" and center.ui.backButton.text == "Back"
    assert wizard.centerMessages() == ["Nothing was done yet", "Say what to do"]
    assert not center.ui.primaryButton.enabled and center.ui.primaryButton.toolTip == "Say what to do"
    center.page.edit.text = "wrong"
    center.refresh()
    center.ui.primaryButton.click()
    assert wizard.centerMessages()[0] == "the text: It is wrong. Write another."
    center.page.edit.text = "right"
    center.ui.primaryButton.click()
    assert wizard.centerMessages() == [] and center.page.happened == ["enter", "done"]
    slicer.mrmlScene.Clear(0)
    assert isShown(wizard)
    center.ui.backButton.click()
    assert not isShown(wizard) and wizard.shell.shownWidget is wizard.ui.emptyPage
    assert center.pages[0].happened == ["enter", "done", "exit"]


def testOneOfItsPagesAfterTheOther(wizard):
    center = wizard.shell.center
    wizard.ui.centerButton.click()
    assert [button.text for button in center._buttons] == ["Plain", "Other"]
    center._buttons[1].click()
    assert center.ui.pageTitle.text == "Other" and [button.checked for button in center._buttons] == [False, True]
    assert center.pages[0].happened == ["enter", "exit"] and center.pages[1].happened == ["enter"]
    wizard.ui.centerButton.click()
    assert not isShown(wizard), "the same button leads back"
    wizard.ui.centerButton.click()
    assert center.ui.pageTitle.text == "Other", "where it was left"
    assert wizard.shell.widget.minimumSizeHint.width() <= NARROWEST - 20


def testTheStudyIsAsItWas(wizard):
    import slicer

    wizard.ui.newStudyButton.click()
    driving.addSmallStudy(wizard.study)
    wizard.page("kinetics")
    wizard.ui.computeButton.click()
    manager, shell = slicer.app.layoutManager(), wizard.shell
    study, states, layout = wizard.study, dict(shell._states), manager.layout
    kept = {key: study.node.GetAttribute(key) for key in study.node.GetAttributeNames()}
    nodes = wizard.scene.GetNumberOfNodes()
    wizard.ui.centerButton.click()
    assert isShown(wizard) and manager.layout == layout and not shell.isEntered
    assert shell.center.ui.backButton.text == "Back to the study"
    manager.setLayout(6)
    shell.center.ui.backButton.click()
    assert not isShown(wizard) and wizard.study == study and shell.step.name == "kinetics"
    assert manager.layout == layout and shell._states == states and states["kinetics"] == "done"
    assert {key: study.node.GetAttribute(key) for key in study.node.GetAttributeNames()} == kept
    assert wizard.scene.GetNumberOfNodes() == nodes


def testAnotherModuleAndBackWhileTheCenterIsInFront(wizard):
    import slicer

    manager = slicer.app.layoutManager()
    own = manager.layout
    wizard.ui.newStudyButton.click()
    driving.addSmallStudy(wizard.study)
    wizard.page("registration")
    shown = manager.layout
    wizard.ui.centerButton.click()
    wizard.widget.exit()
    assert manager.layout == own and wizard.shell.center.page.happened == ["enter", "exit"]
    wizard.widget.enter()
    assert isShown(wizard) and manager.layout == own and wizard.shell.center.page.happened[-1] == "enter"
    wizard.ui.centerButton.click()
    assert wizard.shell.step.name == "registration" and manager.layout == shown


def testTheEffectOfTheSegmentEditorEndsAndTheEditorComesBack(wizard):
    wizard.ui.newStudyButton.click()
    driving.addSmallStudy(wizard.study)
    editor = wizard.page("regions").ui.segmentEditor
    editor.setActiveEffectByName("Paint")
    wizard.ui.centerButton.click()
    assert editor.activeEffect() is None and editor.segmentationNode() is None
    wizard.ui.centerButton.click()
    assert editor.segmentationNode() is wizard.study.nodeByRole("segmentation")


def testChoosingAStudyLeadsToIt(wizard):
    wizard.ui.newStudyButton.click()
    wizard.page("regions")
    wizard.shell.studies.add()
    wizard.ui.centerButton.click()
    wizard.ui.studySelector.setCurrentIndex(0)
    assert not isShown(wizard) and wizard.shell.step.name == "regions"


def testTheStudyIsDeletedWhileTheCenterIsInFront(wizard):
    import slicer

    wizard.ui.newStudyButton.click()
    wizard.ui.centerButton.click()
    wizard.scene.RemoveNode(wizard.study.node)
    wizard.ui.centerButton.click()
    assert wizard.study is None and wizard.shell.shownWidget is wizard.ui.emptyPage
    wizard.ui.newStudyButton.click()
    wizard.ui.centerButton.click()
    slicer.mrmlScene.Clear(0)
    assert isShown(wizard) and wizard.shell.center.ui.backButton.text == "Back"


def testEachRoleSeesItsPages(wizard):
    center = wizard.shell.center
    wizard.ui.newStudyButton.click()
    wizard.ui.centerButton.click()
    center._buttons[1].click()
    select(wizard.ui.roleSelector, "technologist")
    assert isShown(wizard) and center.ui.pageTitle.text == "Plain" and center._buttons[1].isHidden()
    select(wizard.ui.roleSelector, "physician")
    assert not isShown(wizard) and wizard.ui.centerButton.isHidden() and wizard.shell.step.name == "regions"
    select(wizard.ui.roleSelector, "physicist")
    assert not isShown(wizard) and not wizard.ui.centerButton.isHidden()


def testHelpOpensTheTutorial(wizard, monkeypatch):
    import qt

    opened = []
    monkeypatch.setattr(qt.QDesktopServices, "openUrl", staticmethod(lambda url: opened.append(url.toString())))
    wizard.ui.centerButton.click()
    wizard.shell.center.ui.helpButton.click()
    assert len(opened) == 1 and opened[0].endswith("docs/tutorial.md"), "a page without a section of its own"

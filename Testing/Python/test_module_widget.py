"""The module file: metadata, life cycle, packages at first use, self test."""

import os
import time
import unittest

import pytest
import StandIns

if StandIns.missingReason():
    pytest.skip(StandIns.missingReason(), allow_module_level=True)

from StandIns import application, driving


@pytest.fixture
def wizard():
    with driving.Wizard() as opened:
        yield opened


def testMetadata(wizard):
    parent = application.ModuleParent()
    module = wizard.module.MRTDosimetry(parent)
    assert parent.title == "MRT Dosimetry" and parent.categories == ["Nuclear Medicine"]
    assert "research use" in parent.helpText and "treating physician decides" in parent.helpText
    assert "Not affiliated with the EURAMET" in parent.acknowledgementText
    assert module.parent is parent
    with pytest.raises(AttributeError):
        parent.noSuchProperty = 1


def testSampleDataIsRegisteredOnceTheApplicationHasStarted(wizard, monkeypatch):
    """The module Sample Data calls the function with the source; the sample is then loaded through the wizard."""
    import sys
    import types

    import slicer

    application.connections.clear()
    wizard.module.MRTDosimetry(application.ModuleParent())
    (signal, function), = application.connections
    registered = []
    logic = types.SimpleNamespace(registerCustomSampleDataSource=lambda **given: registered.append(given))
    monkeypatch.setitem(sys.modules, "SampleData", types.SimpleNamespace(SampleDataLogic=logic))
    function()
    given, = registered
    assert signal == "startupCompleted()" and given["uris"] == "" and given["category"] == "Nuclear Medicine"
    assert os.path.exists(given["thumbnailFileName"])
    opened = []
    monkeypatch.setattr(slicer.util, "selectModule", opened.append)
    monkeypatch.setattr(slicer.util, "getModuleWidget", lambda name: wizard.widget)
    wizard.shell.studies.sampleSize = "small"
    given["customDownloader"](None)
    assert opened == ["MRTDosimetry"] and wizard.study.name == "Sample patient"


def testIconsExistAndAreDrawn(wizard):
    from MRTDosimetryLib.steps import icons

    assert os.path.exists(os.path.join(driving.MODULE_FOLDER, "Resources", "Icons", "MRTDosimetry.svg"))
    for name in (*icons.STATES, "warning", "info", "user", "header"):
        image = icons.icon(name).pixmap(32, 32).toImage()
        opaque = sum(image.pixelColor(x, y).alpha() > 128 for x in range(0, 32, 2) for y in range(0, 32, 2))
        assert opaque > 15, f"{name} is empty"


def testEnterExitCleanupTwice(wizard):
    for _round in range(2):
        wizard.widget.exit()
        wizard.widget.enter()
    wizard.ui.newStudyButton.click()
    wizard.page("regions")
    wizard.widget.exit()
    wizard.widget.exit()
    wizard.widget.cleanup()
    assert wizard.widget.Observations == []


def testSceneCloseAndReload(wizard):
    import slicer

    wizard.ui.newStudyButton.click()
    driving.addSmallStudy(wizard.study)
    for step in ("timePoints", "regions"):
        wizard.page(step)
    slicer.mrmlScene.Clear(0)
    assert wizard.study is None
    wizard.ui.newStudyButton.click()
    driving.addSmallStudy(wizard.study)
    wizard.page("regions")
    assert wizard.shell.step.ui.segmentEditor.segmentationNode() is not None


def testNodesFromOutsideAreNoticed(wizard):
    """A study made by a script appears after the events have settled."""
    study = wizard.module.MRTDosimetryLogic.createStudy("By script")
    assert wizard.study is None
    end = time.monotonic() + 5.0
    while wizard.study is None and time.monotonic() < end:
        wizard.app.processEvents()
        time.sleep(0.02)
    assert wizard.ui.studySelector.currentText == "By script" and wizard.study == study
    assert [item.name for item in wizard.module.MRTDosimetryLogic.studies()] == ["By script"]


def testWorksWithoutMainWindow():
    """--no-main-window: there is no layout manager."""
    with driving.Wizard(hasMainWindow=False) as wizard:
        import slicer

        assert slicer.app.layoutManager() is None
        wizard.ui.newStudyButton.click()
        driving.addSmallStudy(wizard.study)
        wizard.page("results")
        wizard.ui.computeButton.click()
        assert wizard.shell._states["results"] == "done"
        for step in wizard.shell.steps:
            page = wizard.page(step.name)
            if page.mainTable() is not None and page.mainTable().rowCount:
                page.showRow(0)


def testPackagesAreAskedForAtFirstUseOnly(wizard):
    application.ensuredPackages.clear()
    wizard.ui.newStudyButton.click()
    driving.addSmallStudy(wizard.study)
    wizard.page("regions")
    wizard.ui.computeButton.click()
    assert application.ensuredPackages == []
    wizard.page("kinetics")
    wizard.ui.computeButton.click()
    (requirements, requester), = application.ensuredPackages
    assert {item.name for item in requirements} == {"lmfit", "jinja2", "matplotlib", "reportlab", "SQLAlchemy"}
    assert requester == "MRTDosimetry"


def testDecliningTheInstallationIsShownInThePanel(wizard, monkeypatch):
    import slicer.packaging

    def decline(requirements, requester=""):
        raise RuntimeError("User declined package installation")

    monkeypatch.setattr(slicer.packaging, "pip_ensure", decline)
    wizard.ui.newStudyButton.click()
    driving.addSmallStudy(wizard.study)
    wizard.page("kinetics")
    wizard.ui.computeButton.click()
    assert any("Python packages" in text and "declined" in text for text in wizard.messages())
    assert wizard.shell._states["kinetics"] == "ready"


def testModuleSelfTestPasses(wizard):
    """The same test class that the application runs; a skipped test raises here."""
    test = wizard.module.MRTDosimetryTest()
    names = unittest.defaultTestLoader.getTestCaseNames(wizard.module.MRTDosimetryTest)
    assert "test_WholeCaseInTheWizard" in names
    test.runTest()

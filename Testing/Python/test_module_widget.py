"""The module file: metadata, life cycle, packages at first use, self test."""

import os
import subprocess
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


@pytest.fixture
def asked(wizard, monkeypatch):
    """An application that is no test, lacks all packages and answers with ``asked.answer``; the questions are kept."""
    import slicer

    class Asked(list):
        answer = True

        def __call__(self, text, title):
            self.append(text)
            return self.answer

    questions = Asked()
    monkeypatch.setattr(type(slicer.app), "testingEnabled", lambda _app: False)
    monkeypatch.setattr(slicer.util, "confirmOkCancelDisplay", questions)
    monkeypatch.setattr(application, "absentPackages", set(REQUIREMENTS))
    monkeypatch.setattr(application, "ensuredPackages", [])
    return questions


REQUIREMENTS = ("lmfit", "jinja2", "matplotlib", "reportlab", "SQLAlchemy")


def testPackagesAreAskedForOnceAllTogetherAtFirstUseOnly(wizard, asked):
    wizard.ui.newStudyButton.click()
    driving.addSmallStudy(wizard.study)
    wizard.page("regions")
    wizard.ui.computeButton.click()
    assert asked == [] and application.ensuredPackages == []
    wizard.page("kinetics")
    wizard.ui.computeButton.click()
    assert wizard.shell._states["kinetics"] == "done"
    question, = asked
    for words in (*REQUIREMENTS, "fits of time-activity curves", "the report as PDF", "about 125 MB",
                  "Nothing of the study is sent"):
        assert words in question
    (requirements, requester), = application.ensuredPackages
    assert [item.name for item in requirements] == list(REQUIREMENTS) and requester == "MRTDosimetry"
    wizard.shell.hasPackages()
    assert len(asked) == 1


def testOnlyWhatIsMissingIsAskedFor(wizard, asked):
    application.absentPackages -= {"lmfit", "matplotlib", "jinja2"}
    assert wizard.shell.hasPackages()
    assert "lmfit" not in asked[0] and "about 40 MB" in asked[0]
    assert [item.name for item in application.ensuredPackages[0][0]] == ["reportlab", "SQLAlchemy"]


def testEveryPackageIsExplained():
    from MRTDosimetryLib.steps import packages

    with open(os.path.join(driving.MODULE_FOLDER, "Resources", "requirements.txt"), encoding="utf-8") as file:
        names = [line.partition(">=")[0] for line in file if line.strip() and not line.startswith("#")]
    assert names == list(packages.purposes()) == list(REQUIREMENTS)


def testDecliningOrAFailedInstallationIsShownInThePanel(wizard, asked, monkeypatch):
    import slicer.packaging

    asked.answer = False
    wizard.ui.newStudyButton.click()
    driving.addSmallStudy(wizard.study)
    wizard.page("kinetics")
    wizard.ui.computeButton.click()
    assert wizard.messages()[0].startswith("Python packages that Slicer does not bring are missing: lmfit, jinja2")
    assert wizard.shell._states["kinetics"] == "ready"

    def fail(*_args, **_options):
        raise subprocess.CalledProcessError(1, "pip install")

    asked.answer = True
    monkeypatch.setattr(slicer.packaging, "pip_ensure", fail)
    wizard.ui.computeButton.click()
    assert wizard.messages()[0].startswith("The Python packages could not be installed: lmfit")
    assert wizard.shell._states["kinetics"] == "ready" and len(asked) == 2


def testAPackageThatTurnsOutToBeMissingIsAskedForAndTheWorkDone(wizard, asked):
    """What does without the pages that ask before: readings of the whole body, which are fitted as well."""
    import slicer.packaging

    from MRTDosimetryLib.errors import missingPackage

    done = []

    def work():
        if "lmfit" in application.absentPackages:
            raise missingPackage("lmfit", "time-activity fit")
        done.append("work")

    assert wizard.shell.attempt(work) and done == ["work"] and len(asked) == 1
    assert slicer.packaging.pip_check([]) and wizard.messages() == []
    assert not wizard.shell.attempt(lambda: (_ for _ in ()).throw(missingPackage("lmfit", "fit")))
    assert wizard.messages() == ["fit: The Python package lmfit is not installed. Install lmfit into this Python."]
    assert len(asked) == 1, "all are there: asking again does not help"


def testModuleSelfTestPasses(wizard):
    """The same test class that the application runs; a skipped test raises here."""
    test = wizard.module.MRTDosimetryTest()
    names = unittest.defaultTestLoader.getTestCaseNames(wizard.module.MRTDosimetryTest)
    assert "test_WholeCaseInTheWizard" in names
    test.runTest()

"""The tutorial has a section for each page, Help leads there, and what it links to exists."""

import os
import re

import pytest
import StandIns

if StandIns.missingReason():
    pytest.skip(StandIns.missingReason(), allow_module_level=True)

from StandIns import application, driving

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
LARGEST_PICTURE = 150_000


@pytest.fixture(autouse=True)
def scene():
    """The stand-ins of the application."""
    yield application.newScene()
    application.closeScene()


def tutorialText():
    with open(os.path.join(ROOT, "docs", "tutorial.md"), encoding="utf-8") as file:
        return file.read()


def anchors(text):
    """Fragments of all headings, as the hosting page makes them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def testEveryPageHasItsSection():
    from MRTDosimetryLib.steps import tutorial
    from MRTDosimetryLib.steps.allCenterPages import CENTER_PAGES
    from MRTDosimetryLib.steps.allSteps import STEPS

    found = anchors(tutorialText())
    for page in (*STEPS, *CENTER_PAGES):
        assert page.name in tutorial.SECTIONS, f"{page.name}: write its section of docs/tutorial.md"
        assert tutorial.anchor(tutorial.SECTIONS[page.name]) in found


def testLinksAndPicturesExist():
    text = tutorialText()
    for target in re.findall(r"\]\(([^)]+)\)", text):
        path, _hash, fragment = target.partition("#")
        file = os.path.normpath(os.path.join(ROOT, "docs", path or "tutorial.md"))
        assert os.path.exists(file), target
        if file.endswith(".png"):
            assert os.path.getsize(file) < LARGEST_PICTURE, target
        elif fragment:
            with open(file, encoding="utf-8") as other:
                assert fragment in anchors(other.read()), target


def testHelpOpensTheSectionOfThePage(monkeypatch):
    import qt

    opened = []
    monkeypatch.setattr(qt.QDesktopServices, "openUrl", staticmethod(lambda url: opened.append(url.toString())))
    with driving.Wizard(380) as wizard:
        wizard.ui.helpButton.click()
        wizard.ui.newStudyButton.click()
        for name in ("timePoints", "dose"):
            wizard.page(name)
            wizard.ui.helpButton.click()
    assert [address.partition("tutorial.md")[2] for address in opened] == ["", "#time-points", "#absorbed-dose"]


def testModuleHelpLinksToEverySection():
    from MRTDosimetryLib.steps import tutorial

    if driving.MODULE_FOLDER not in os.sys.path:
        os.sys.path.append(driving.MODULE_FOLDER)
    import MRTDosimetry

    parent = application.ModuleParent()
    MRTDosimetry.MRTDosimetry(parent)
    for name in tutorial.SECTIONS:
        assert tutorial.addressOf(name) in parent.helpText

"""The frame around the pages: one is shown, what scrolls is as tall as it needs, and messages lead to their page."""

import pytest
import StandIns

if StandIns.missingReason():
    pytest.skip(StandIns.missingReason(), allow_module_level=True)

from StandIns import driving
from StandIns.native import native

from MRTDosimetryLib.errors import InputError

NARROWEST = 380


@pytest.fixture(params=(NARROWEST, 620))
def wizard(request):
    """The wizard with one empty study; in a window so low that every page has to scroll."""
    with driving.Wizard(request.param, height=300) as opened:
        opened.ui.newStudyButton.click()
        yield opened


def contentHeights(opened, ui, page):
    """Height of what scrolls, and what the page in front needs at that width or, where taller, the panel gives."""
    for _pass in range(6):
        opened.app.processEvents()
    content, viewport = native(ui.pageHolder), native(native(ui.pageScroll).viewport())
    assert native(native(page.widget).parentWidget()).width() == content.width()
    return content.height(), max(viewport.height(), native(page.widget).heightForWidth(content.width()))


def testAShortStepDoesNotScrollIntoEmptiness(wizard):
    needed = {}
    for name in ("protocol", "registration", "timePoints", "protocol", "report"):
        page = wizard.page(name)
        height, needed[name] = contentHeights(wizard, wizard.ui, page)
        assert height == needed[name], name
    assert len(set(needed.values())) > 2, needed


def testAShortPageOfTheCenterDoesNotEither(wizard):
    needed, center = {}, wizard.shell.center
    for name in [page.name for page in center.pages]:
        page = wizard.centerPage(name)
        height, needed[name] = contentHeights(wizard, center.ui, page)
        assert height == needed[name], name
    assert len(set(needed.values())) > 1, needed


def testOnePageIsShownAndThePanelKeepsItsWidth(wizard):
    widths = set()
    for step in wizard.shell.steps:
        wizard.page(step.name)
        widths.add(wizard.ui.pageScroll.minimumWidth)
        shown = [other.name for other in wizard.shell.steps if not other.widget.isHidden()]
        assert shown == [step.name] and wizard.ui.emptyPage.isHidden() and wizard.shell.shownWidget is step.widget
    assert len(widths) == 1 and widths.pop() <= NARROWEST - 20


def testAMessageSpeaksInWords(wizard):
    """An error that names keys of the study file, as the command line needs them."""
    def refused():
        raise InputError("0.30000000000000004 is no half-life", "kinetics.effectiveHalfLifeHours, liver",
                         "Give patient.massKg")

    assert not wizard.shell.attempt(refused)
    assert wizard.messages()[0] == "effective half-life, liver: 0.3 is no half-life. Give “patient, mass”."


def testWhatIsMissingIsSaidInWords(wizard):
    """One scan needs a half-life, which the command line calls by its keys."""
    driving.addSmallStudy(wizard.study, hours=(24.0,))
    wizard.shell.refresh()
    wizard.page("kinetics")
    for tip in (wizard.barButton("kinetics").toolTip, wizard.ui.computeButton.toolTip, *wizard.messages()):
        assert "kinetics." not in tip, tip
    assert "give the effective half-life or a prior of it" in wizard.ui.computeButton.toolTip


def testAMessageLeadsToItsPageOrItsRow(wizard):
    shell, center = wizard.shell, wizard.shell.center
    wizard.page("kinetics")
    shell.goToMessage("protocol", "Protocol: Choose the protocol")
    assert shell.step.name == "protocol"
    wizard.centerPage("planner")
    center.goToMessage("calibrations", "none")
    assert center.page.name == "calibrations"
    center.close()
    told = []
    shell.step.goTo = told.append
    shell.goToMessage("", "the activity")
    wizard.scene.RemoveNode(wizard.study.node)
    shell.refresh()
    shell.goToMessage("", "of a study that is gone")
    assert told == ["the activity"]

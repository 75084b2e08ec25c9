"""The frame around the pages: study selector, step bar, title, messages, Back, Compute, Next."""

import qt
import slicer
from slicer.i18n import tr as _

from ..scene import regionsIn3D
from ..workflow import roles, spokenKeys, stages
from . import icons
from .allSteps import STEPS
from .centerPanel import CenterPanel
from .frame import Frame
from .layouts import Layouts, fit3DViews
from .messages import MessageArea
from .stepBar import StepBar
from .studyChooser import StudyChooser
from .tables import fitHeight

ROLE_SETTING = "MRTDosimetry/role"
# Of the study's node: the step that was in front, so that a scene opens where it was left.
STEP_ATTRIBUTE = "MRTDosimetry.step"
PHYSICIST, PHYSICIAN, TECHNOLOGIST = "physicist", "physician", "technologist"
# Where the work of those starts who do not see all pages.
_HOME = {PHYSICIAN: "regions", TECHNOLOGIST: "timePoints"}
_REFRESH_DELAY_MS = 300


class Shell(Frame):
    """Holds the pages together and shows where the selected study stands.

    Parameters
    ----------
    resourcePath : callable
        ``resourcePath("UI/X.ui")``: files of the module.
    observers : slicer.util.VTKObservationMixin
        Keeps the observations of the pages and ends them with the widget.
    """

    def __init__(self, resourcePath, observers):
        super().__init__(resourcePath)
        self.observers = observers
        self.study = None
        self.isEntered = False
        self.studies = StudyChooser(self)
        self.layouts = Layouts()
        self.messageArea = MessageArea(self)
        self.center = CenterPanel(self)
        self._states = {}

    # ------------------------------------------------------------------ building

    def setup(self):
        """Make all widgets; returns the one to put into the module panel."""
        icons.setFolder(self.resourcePath("Icons"))
        self.widget = self.loadUI("MRTDosimetry.ui")
        self.ui = slicer.util.childWidgetVariables(self.widget)
        self.addWidget(self.ui.emptyPage)
        self.addPages(STEPS)
        self.stepBar = StepBar(self.ui.stepBar, self.steps, self.goToPage)
        self.studies.setup()
        self.center.setup()
        self.ui.roleSelector.addItem(_("Physicist"), PHYSICIST)
        self.ui.roleSelector.addItem(_("Physician"), PHYSICIAN)
        self.ui.roleSelector.addItem(_("Technologist"), TECHNOLOGIST)
        self.ui.roleSelector.setCurrentIndex(self.ui.roleSelector.findData(self.role()))
        self.ui.roleSelector.connect("currentIndexChanged(int)", self.onRoleSelected)
        self.ui.computeStaleButton.connect("clicked()", self.computeStale)
        self.ui.backButton.connect("clicked()", self.goBack)
        self.ui.nextButton.connect("clicked()", self.goNext)
        self.ui.computeButton.connect("clicked()", self.compute)
        self.messageArea.connectWidgets()
        self.ui.helpButton.connect("clicked()", self.onHelp)
        self._timer = qt.QTimer()
        self._timer.setSingleShot(True)
        self._timer.setInterval(_REFRESH_DELAY_MS)
        self._timer.connect("timeout()", self.updateStudies)
        self._setRole()
        return self.widget

    # ------------------------------------------------------------------ life cycle

    def enter(self):
        """The module comes to the front, or the study's pages do in place of those of the center."""
        if self.center.isInFront:
            self.center.enter()
            return
        self.isEntered = True
        for step in self.steps:
            step.setScene(slicer.mrmlScene)
        self.updateStudies()
        self._enterStep()

    def exit(self):
        """Another module comes to the front: give views and shortcuts back."""
        self.leaveStudy()
        self.layouts.restore()
        self.center.exit()

    def leaveStudy(self):
        """Leave the page in front with its shortcuts; layout and views stay as they are."""
        if self.isEntered:
            self._exitStep()
        self.isEntered = False

    def cleanup(self):
        """The widget goes away: let go of all nodes."""
        self.exit()
        self._timer.stop()
        self.study = None
        self.center.cleanup()
        for step in self.steps:
            step.setScene(None)

    def sceneStartsClosing(self):
        """Drop everything that points into the scene."""
        if self.isEntered:
            self._exitStep()
        self._timer.stop()
        self.study = None
        self._messages = []

    def sceneHasChanged(self):
        """After closing or reading a scene."""
        before = self.study
        self.updateStudies()
        self.center.refresh()
        if self.isEntered and self.study == before:
            self._enterStep()

    def refreshSoon(self):
        """Refresh once things are quiet: many nodes change in one go."""
        if self.isEntered and not self.isBusy:
            self._timer.start()

    # ------------------------------------------------------------------ studies

    def updateStudies(self):
        """Follow the scene: studies come and go with their nodes."""
        if self.isBusy:
            return
        self._dropDeletedStudy()
        before = self.study
        unreadable = self.studies.update()
        if unreadable:
            self._messages = [("error", text) for text in unreadable]
        if self.study == before or self.study is None:
            self.refresh()
            return
        self.index = self._stepOf(self.study)
        if self.isEntered:
            self._enterStep()
        else:
            self.refresh()

    def _dropDeletedStudy(self):
        """Leave the page of a study whose node was removed from the scene."""
        if self.study is not None and self.study.node.GetScene() is None:
            if self.isEntered:
                self._exitStep()
            self.study = None
            self._messages = []

    def switchTo(self, study, stepName=None):
        """Select a study and go to a step, by default the one it was left at."""
        self.center.close()
        if self.isEntered:
            self._exitStep()
        self.study = study
        self._messages = []
        self.index = self._stepOf(study) if stepName is None else self.indexOf(stepName)
        self._keepStep()
        self.updateStudies()
        if self.isEntered:
            self._enterStep()

    # ------------------------------------------------------------------ roles

    def role(self):
        """Who is at the desk; a setting of the application, not of the study."""
        return slicer.util.settingsValue(ROLE_SETTING, PHYSICIST)

    def onRoleSelected(self, index):
        role = self.ui.roleSelector.itemData(index)
        qt.QSettings().setValue(ROLE_SETTING, role)
        self._setRole()
        if not self.isShown(self.index):
            self.goToPage(self._homeOf(role))
        else:
            self.refresh()

    def _setRole(self):
        """Tell the pages who is at the desk."""
        for step in self.steps:
            step.setRole(self.role() == PHYSICIST)
        self.center.setRole(self.role() == PHYSICIST)

    def _homeOf(self, role):
        """Where a role begins; without that page, at the first of its own that the study needs."""
        home, found = self.indexOf(_HOME[role]), stages.states(self.study) if self.study is not None else {}
        own = [index for index, step in enumerate(self.steps)
               if self.isForRole(self.steps[index]) and found.get(step.name) != stages.NOT_NEEDED]
        return home if home in own or not own else own[0]

    def state(self, name):
        """State of a stage as it was when the pages were last shown."""
        return self._states.get(name, "needsInput")

    def isShown(self, index):
        """Whether a page is for this user and this study; the one in front always is for the study."""
        isNeeded = index == self.index or self.state(self.steps[index].name) != stages.NOT_NEEDED
        return isNeeded and self.isForRole(self.steps[index])

    def isForRole(self, page):
        """Whether a page is for the role at the desk."""
        role = self.role()
        isForTechnologist = page.isForTechnologist or any(
            not roles.refusal(act, TECHNOLOGIST) for act in page.technologistsActs)
        return {PHYSICIAN: page.isForPhysician, TECHNOLOGIST: isForTechnologist}.get(role, True)

    # ------------------------------------------------------------------ navigation

    @property
    def steps(self):
        """The pages: each is a step of the workflow."""
        return self.pages

    @property
    def step(self):
        """The step that is worked on."""
        return self.page

    def _stepOf(self, study):
        """Where work goes on: the step that was in front, else the first that is not done."""
        kept = study.node.GetAttribute(STEP_ATTRIBUTE)
        found = next((i for i, step in enumerate(self.steps) if step.name == kept), None)
        if found is None:
            states = stages.states(study)
            unsettled = [i for i, step in enumerate(self.steps) if states[step.name] not in stages.SETTLED]
            found = min(unsettled, default=len(self.steps) - 1)
        return found if self.isForRole(self.steps[found]) else self._homeOf(self.role())

    def _keepStep(self):
        if self.study is not None:
            self.study.node.SetAttribute(STEP_ATTRIBUTE, self.step.name)

    def goToPage(self, index):
        if self.isEntered:
            self._exitStep()
        self.index = index
        self._messages = []
        self._keepStep()
        if self.isEntered:
            self._enterStep()
        else:
            self.refresh()

    def goBack(self):
        earlier = [i for i in range(self.index) if self.isShown(i)]
        if earlier:
            self.goToPage(earlier[-1])

    def goNext(self):
        following = [i for i in range(self.index + 1, len(self.steps)) if self.isShown(i)]
        if following:
            self.goToPage(following[0])

    def _enterStep(self):
        if self.study is not None:
            self.layouts.show(self.step.layoutName)
            regionsIn3D.setVisible(self.study, self.step.isAboutAbsorbedDose)
            self.step.enter()
            self.step.showInViews()
        self.refresh()

    def _exitStep(self):
        if self.study is not None:
            self.step.exit()

    # ------------------------------------------------------------------ work

    def compute(self):
        """Run the step in front, and every earlier one that is not up to date."""
        self._runUpTo(self.step)

    def computeStale(self):
        """Run again what was computed before its inputs changed."""
        last = max(i for i, step in enumerate(self.steps) if self._states[step.name] == "stale")
        self._runUpTo(self.steps[last])

    def _runUpTo(self, step):
        position = self.steps.index(step)
        missing = {item.name for item in self.steps if self._states[item.name] not in stages.SETTLED}
        isNeeded = any(item.needsPackages and item.name in missing for item in self.steps[: position + 1])

        if isNeeded and not self.hasPackages():
            return
        if self.run(step.title(), step.apply) and step is self.step:
            step.showInViews()
            if step.isAboutAbsorbedDose:
                regionsIn3D.setVisible(self.study, True)
                fit3DViews()

    def blockers(self, step):
        """What the user has to give before a step can be computed: words of the first step that lacks something.

        Words of an earlier step begin with its title, so that a click on them can lead there.
        """
        name, words = stages.blockers(self.study, step.name)
        if name == step.name:
            return words
        title = next((item.title() for item in self.steps if item.name == name), stages.stage(name).title)
        return [_("{title}: {text}").format(title=title, text=text) for text in words]

    # ------------------------------------------------------------------ showing

    def refresh(self):
        """Show the state of the study: step bar, page, messages, buttons."""
        if self.isBusy:
            return
        self._dropDeletedStudy()
        hasStudy = self.study is not None
        found = stages.states(self.study) if hasStudy else {}
        self._states = {step.name: found.get(step.name, "needsInput") for step in self.steps}
        self.showWidget(self.step.widget if hasStudy else self.ui.emptyPage)
        self.ui.pageTitle.text = self.step.title() if hasStudy else _("Molecular radiotherapy dosimetry")
        self.ui.pageHelp.text = self.step.help() if hasStudy else ""
        self.ui.pageHelp.setVisible(hasStudy)
        fitHeight(self.ui.pageHelp)
        if hasStudy:
            self.step.update()
        self.stepBar.refresh(self._states if hasStudy else None, self.index,
                             lambda name: stages.stage(name).missing(self.study), self.isShown)
        self.ui.computeStaleButton.setVisible("stale" in self._states.values())
        self.messageArea.refresh(self._messages, self._states[self.step.name])
        self._refreshButtons(hasStudy)

    def _refreshButtons(self, hasStudy):
        ui, state = self.ui, self._states[self.step.name]
        blockers = self.blockers(self.step) if hasStudy else [_("Start a study first")]
        for button in (ui.backButton, ui.computeButton, ui.nextButton):
            button.setVisible(hasStudy)
        ui.backButton.setEnabled(any(self.isShown(i) for i in range(self.index)))
        ui.nextButton.setEnabled(any(self.isShown(i) for i in range(self.index + 1, len(self.steps))))
        ui.computeButton.text = self.step.computeText()
        isSettled = state in stages.SETTLED
        ui.computeButton.setEnabled(not blockers and not isSettled)
        settled = _("Up to date") if state == "done" else _("The protocol does without this")
        why = spokenKeys.spoken(blockers[0]) if blockers else ""
        ui.computeButton.toolTip = why or (settled if isSettled else self.step.help())
        # One primary action: compute while there is something to compute, then go on.
        ui.computeButton.setDefault(not blockers and not isSettled)
        ui.nextButton.setDefault(isSettled)

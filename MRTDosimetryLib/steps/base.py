"""What every step of the wizard has in common."""

from slicer.i18n import tr as _

from ..workflow import stages
from .page import Page


class Step(Page):
    """One page of the wizard: a stage of the workflow. Nothing of the study is kept in a step.

    Attributes
    ----------
    name : str
        Name of the stage of the workflow.
    layoutName : str
        Layout of the views, see :mod:`.layouts`.
    needsPackages : bool
        Whether running the stage needs packages that Slicer does not bring.
    isAboutAbsorbedDose : bool
        Whether the 3D view shows the regions as they were when the absorbed dose was computed.
    """

    layoutName = "fourUp"
    needsPackages = False
    isAboutAbsorbedDose = False

    @property
    def shell(self):
        """The wizard."""
        return self.frame

    @property
    def study(self):
        """The selected study; pages are only used when there is one."""
        return self.shell.study

    def computeText(self):
        """Words on the primary button."""
        return _("Compute")

    def showInViews(self):
        """Show in the views what the step is about; called on entering and after computing."""

    def apply(self, progress):
        """Run the stage, and before it every earlier one that is not up to date."""
        stages.runStale(self.study, progress, upTo=self.name)

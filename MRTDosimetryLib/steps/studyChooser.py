"""The study selector with its menu: choose, add, rename, load the sample patient."""

import os

import qt
import slicer
from slicer.i18n import tr as _

from ..errors import InputError
from ..scene.study import Study


class StudyChooser:
    """Keeps the selector in step with the scene; the selected study itself belongs to the shell."""

    def __init__(self, shell):
        self.shell = shell
        self.sampleSize = "full"

    def setup(self):
        """Connect the widgets of the shell."""
        ui = self.shell.ui
        self._menu = qt.QMenu(ui.studyMenuButton)
        for text, slot in ((_("New study"), self.add), (_("Rename study..."), self.rename),
                           (_("Load the sample patient"), self.loadSample)):
            action = qt.QAction(text, self._menu)
            action.connect("triggered()", slot)
            self._menu.addAction(action)
        ui.studyMenuButton.setMenu(self._menu)
        ui.studySelector.connect("currentIndexChanged(int)", self.onSelected)
        ui.newStudyButton.connect("clicked()", self.add)
        ui.loadSampleButton.connect("clicked()", self.loadSample)

    def update(self):
        """Fill the selector with the studies of the scene; the selected one stays if it is still there.

        Returns
        -------
        list of str
            Why studies are left out, e.g. because a newer version saved them.
        """
        shell = self.shell
        found, refusals = _readable(slicer.mrmlScene)
        if shell.study not in found:
            shell.study = found[0] if found else None
        selector = shell.ui.studySelector
        wasBlocked = selector.blockSignals(True)
        selector.clear()
        for study in found:
            selector.addItem(study.name, study.node.GetID())
        selector.setCurrentIndex(found.index(shell.study) if shell.study else -1)
        selector.setEnabled(bool(found))
        selector.blockSignals(wasBlocked)
        return refusals

    def onSelected(self, index):
        found, _refusals = _readable(slicer.mrmlScene)
        if 0 <= index < len(found):
            self.shell.switchTo(found[index])

    def add(self):
        """Add an empty study and select it."""
        self.shell.switchTo(Study.create(slicer.mrmlScene, _("Study")))

    def rename(self):
        shell = self.shell
        if shell.study is None:
            return
        name = qt.QInputDialog.getText(shell.widget, _("Rename study"), _("Name"), qt.QLineEdit.Normal,
                                       shell.study.name)
        if name.strip():
            shell.study.name = name.strip()
            self.update()

    def loadSample(self):
        """Make the digital patient on this computer and load it into a study of its own."""
        # The digital patient brings packages that nothing else of the wizard needs.
        from ..workflow import samples

        folder = os.path.join(slicer.app.temporaryPath, "MRTDosimetrySample")
        study = Study.create(slicer.mrmlScene, _("Sample patient"))
        isLoaded = self.shell.run(_("Sample patient"), lambda progress: samples.loadDigitalPatient(
            study, folder, self.sampleSize, progress))
        if isLoaded:
            self.shell.switchTo(study, "timePoints")
        else:
            _discard(study)
            self.shell.updateStudies()


def _readable(scene):
    """The studies that this version can read, and the words on the others."""
    found, refusals = [], []
    for study in Study.all(scene):
        try:
            study.choices()
        except InputError as error:
            refusals.append(str(error))
        else:
            found.append(study)
    return found, refusals


def _discard(study):
    """Remove a study that could not be loaded to its end, with what it had loaded."""
    scene = study.scene
    nodes = [node for timePoint in study.timePoints
             for node in (timePoint.ctNode, timePoint.transformNode, timePoint.spectNode)]
    for node in [*nodes, study.nodeByRole("segmentation"), study.node]:
        if node is not None:
            scene.RemoveNode(node)

"""Guided module for molecular radiotherapy dosimetry: metadata, widget, logic facade and self test."""

import os
import sys

import slicer
import slicer.util
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)

# In the source tree the library lies beside this folder; a built or installed extension has it on the path.
_SOURCE_TREE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
if os.path.exists(os.path.join(_SOURCE_TREE, "MRTDosimetryLib", "__init__.py")) and _SOURCE_TREE not in sys.path:
    sys.path.append(_SOURCE_TREE)


class MRTDosimetry(ScriptedLoadableModule):
    """Metadata of the module."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("MRT Dosimetry")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Nuclear Medicine")]
        self.parent.dependencies = []
        self.parent.contributors = ["MRTDosimetry contributors"]
        self.parent.helpText = _(
            "Dosimetry for molecular radiotherapy in eight steps: protocol, time points, registration, regions, "
            "kinetics, absorbed dose, results, report. Everything is kept in the scene.\n"
            "For research use. Not a medical device: the treating physician decides."
        )
        self.parent.acknowledgementText = _(
            "MRT stands for molecular radiotherapy. Not affiliated with the EURAMET EMPIR project 15HLT06 MRTDosimetry."
        )


class MRTDosimetryWidget(ScriptedLoadableModuleWidget, slicer.util.VTKObservationMixin):
    """Puts the wizard into the module panel and tells it what happens to the scene."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        slicer.util.VTKObservationMixin.__init__(self)
        self.shell = None

    def setup(self):
        """Called once, when the module is first opened."""
        ScriptedLoadableModuleWidget.setup(self)
        from MRTDosimetryLib.steps.shell import Shell

        self.shell = Shell(self.resourcePath, self)
        self.layout.addWidget(self.shell.setup())
        self.shell.updateStudies()
        scene = slicer.mrmlScene
        self.addObserver(scene, scene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(scene, scene.EndCloseEvent, self.onSceneChanged)
        self.addObserver(scene, scene.EndImportEvent, self.onSceneChanged)
        self.addObserver(scene, scene.NodeAddedEvent, self.onNodesChanged)
        self.addObserver(scene, scene.NodeRemovedEvent, self.onNodesChanged)
        # A reload makes a new widget while the module is open, and does not open it again.
        if getattr(self.parent, "isEntered", False):
            self.enter()

    def enter(self):
        """Called each time the module is opened."""
        self.shell.enter()

    def exit(self):
        """Called each time another module is opened."""
        self.shell.exit()

    def cleanup(self):
        """Called when the widget is destroyed, also at reload."""
        if self.shell is not None:
            self.shell.cleanup()
        self.removeObservers()

    def onSceneStartClose(self, caller, event):
        """Nothing may point to nodes that go away."""
        self.shell.sceneStartsClosing()

    def onSceneChanged(self, caller, event):
        """A scene was closed or read."""
        self.shell.sceneHasChanged()

    def onNodesChanged(self, caller, event):
        """Single nodes come and go; not while a whole scene does."""
        if not slicer.mrmlScene.IsBatchProcessing():
            self.shell.refreshSoon()


class MRTDosimetryLogic(ScriptedLoadableModuleLogic):
    """Door for scripts: the same workflow as the wizard and the command line, on the application's scene."""

    @staticmethod
    def studies():
        """The studies of the scene."""
        from MRTDosimetryLib.scene.study import Study

        return Study.all(slicer.mrmlScene)

    @staticmethod
    def createStudy(name="Study"):
        """Add an empty study to the scene."""
        from MRTDosimetryLib.scene.study import Study

        return Study.create(slicer.mrmlScene, name)

    @staticmethod
    def loadSamplePatient(study, folder=None, size="full"):
        """Make the digital patient and load it into ``study``; returns its truth."""
        from MRTDosimetryLib.workflow import samples

        folder = folder or os.path.join(slicer.app.temporaryPath, "MRTDosimetrySample")
        return samples.loadDigitalPatient(study, folder, size)

    @staticmethod
    def compute(study, upTo="results"):
        """Run every stage that is not up to date, up to and with the named one."""
        from MRTDosimetryLib.workflow import stages

        stages.runStale(study, upTo=upTo)

    @staticmethod
    def results(study):
        """All numbers of a computed study, as in ``results.json``."""
        from MRTDosimetryLib.workflow import results

        return results.resultsDict(study)


class MRTDosimetryTest(ScriptedLoadableModuleTest):
    """Self test on a small digital patient; needs no main window and no network."""

    # A coarse patient: this shows that the parts work together, accuracy is tested outside the application.
    RELATIVE_TOLERANCE = 0.25

    def setUp(self):
        """Start with an empty scene."""
        slicer.mrmlScene.Clear(0)

    def runTest(self):
        """Run every test method, each on an empty scene."""
        for name in sorted(name for name in dir(type(self)) if name.startswith("test_")):
            self.setUp()
            getattr(self, name)()

    def test_LibraryIsFound(self):
        """The library belongs to this module file."""
        import MRTDosimetryLib

        self.assertTrue(MRTDosimetryLib.__version__)

    def test_SamplePatient(self):
        """From images to absorbed dose, compared with the truth the patient was made from."""
        if not self._canFit():
            self.skipTest("lmfit is not installed: it is asked for at the first fit")
        logic = MRTDosimetryLogic()
        study = logic.createStudy("Self test")
        truth = logic.loadSamplePatient(study, size="small")
        logic.compute(study)
        found = {region["name"]: region for region in logic.results(study)["regions"]}
        self.assertIn("liver", found)
        for name, region in found.items():
            self.assertGreater(region["absorbedDoseGy"], 0.0, name)
        expected = truth["regions"]["liver"]["absorbedDoseGy"]
        self.assertLess(abs(found["liver"]["absorbedDoseGy"] / expected - 1.0), self.RELATIVE_TOLERANCE)
        self.assertIsNotNone(study.nodeByRole("absorbedDose"))
        self.assertIsNotNone(study.nodeByRole("dvhChart"))

    def test_RefusalIsInWords(self):
        """An empty study is refused with the sentence that the wizard shows."""
        from MRTDosimetryLib.errors import InputError

        logic = MRTDosimetryLogic()
        with self.assertRaises(InputError) as caught:
            logic.compute(logic.createStudy("Empty"))
        self.assertIn("Choose the protocol", str(caught.exception))

    @staticmethod
    def _canFit():
        import importlib.util

        return importlib.util.find_spec("lmfit") is not None

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

_README = "https://github.com/MRTDosimetry/SlicerMRTDosimetry#"


class MRTDosimetry(ScriptedLoadableModule):
    """Metadata of the module."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        from MRTDosimetryLib.steps import tutorial  # texts alone: every module is made at start-up

        self.parent.title = _("MRT Dosimetry")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Nuclear Medicine")]
        self.parent.dependencies = []
        self.parent.contributors = ["MRTDosimetry contributors"]
        self.parent.helpText = _(
            "Dosimetry for molecular radiotherapy step by step: protocol, measurements, time points, registration, "
            "regions, kinetics, absorbed dose, prescription, results, report. Everything is kept in the scene.\n"
            "For research use. Not a medical device: the treating physician decides."
        ) + "".join(f'<p><a href="{address}">{title}</a></p>' for address, title in (
            (tutorial.ADDRESS, _("Tutorial: the digital patient, page by page")),
            *((tutorial.addressOf(name), title) for name, title in tutorial.SECTIONS.items()),
            (f"{_README}on-the-command-line", _("Tutorial: the same on the command line")),
            (f"{_README}your-own-study", _("Your own study"))))
        self.parent.acknowledgementText = _(
            "MRT stands for molecular radiotherapy. Not affiliated with the EURAMET EMPIR project 15HLT06 MRTDosimetry."
        )
        slicer.app.connect("startupCompleted()", registerSampleData)


def registerSampleData():
    """Offer the digital patient in the module Sample Data; it is made on this computer, nothing is downloaded."""
    import SampleData

    icon = os.path.join(os.path.dirname(os.path.abspath(__file__)), "Resources", "Icons", "MRTDosimetry.svg")
    SampleData.SampleDataLogic.registerCustomSampleDataSource(
        category=translate("qSlicerAbstractCoreModule", "Nuclear Medicine"), sampleName="DosimetryDigitalPatient",
        uris="", fileNames="", customDownloader=openDigitalPatient, thumbnailFileName=icon)


def openDigitalPatient(source=None):
    """Open the wizard with the digital patient in a study of its own."""
    slicer.util.selectModule("MRTDosimetry")
    slicer.util.getModuleWidget("MRTDosimetry").shell.studies.loadSample()


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
    """Self test on a small digital patient, through the buttons; needs no main window and no network.

    What is not shown to work fails: pages that did not get done, an exception in an answer to a button (which the
    application prints and passes over), a file that is not written.
    """

    # A coarse patient: this shows that the parts work together, accuracy is tested outside the application.
    RELATIVE_TOLERANCE = 0.25
    DESKS = {"preparedBy": "physicist", "medicalPhysicsExpert": "physicist", "treatingPhysician": "physician"}

    def setUp(self):
        """Start with an empty scene and no exception on record."""
        slicer.mrmlScene.Clear(0)
        sys.last_type = None

    def runTest(self):
        """Run every test method, each on an empty scene."""
        for name in sorted(name for name in dir(type(self)) if name.startswith("test_")):
            self.setUp()
            getattr(self, name)()

    def test_LibraryIsFound(self):
        """The library belongs to this module file."""
        import MRTDosimetryLib

        self.assertTrue(MRTDosimetryLib.__version__)

    def test_WholeCaseInTheWizard(self):
        """From DICOM files to the signed report, page by page, compared with the truth the patient was made from."""
        self._requirePackages("lmfit", "jinja2", "matplotlib")
        folder = os.path.join(slicer.app.temporaryPath, "MRTDosimetrySelfTest")
        self._inWizard(lambda shell: self._driveWholeCase(shell, folder))

    def _inWizard(self, drive):
        """Drive a wizard in a window of its own, whatever the application shows; the role is put back."""
        import qt

        parent = slicer.qMRMLWidget()
        parent.setLayout(qt.QVBoxLayout())
        parent.setMRMLScene(slicer.mrmlScene)
        widget = MRTDosimetryWidget(parent)
        widget.setup()
        widget.enter()
        role = widget.shell.role()
        try:
            drive(widget.shell)
        finally:
            widget.shell.ui.roleSelector.setCurrentIndex(widget.shell.ui.roleSelector.findData(role))
            widget.exit()
            widget.cleanup()
        self.assertIsNone(sys.last_type, "an answer to a button raised, see the error log")

    def _driveWholeCase(self, shell, folder):
        from MRTDosimetryLib.steps import selfTest
        from MRTDosimetryLib.workflow import report, reportSignOff

        ui = shell.ui
        selfTest.choose(ui.roleSelector, "physicist")
        shell.studies.sampleSize = "small"
        self._press(ui.loadSampleButton)
        self.assertIsNotNone(shell.study)
        for name in ("protocol", "timePoints", "registration", "regions", "kinetics", "dose", "therapy", "results"):
            selfTest.goTo(shell, name)
            self._press(ui.computeButton)
            self.assertEqual(shell.state(name), "done", f"{name}: {selfTest.messagesOf(shell)}")
            table = shell.step.mainTable()
            if table is not None:
                self.assertGreater(table.rowCount, 0, name)
                shell.step.showRow(0)
        sample = os.path.join(slicer.app.temporaryPath, "MRTDosimetrySample")
        selfTest.checkDigitalPatient(self, shell, sample, self.RELATIVE_TOLERANCE)
        page = selfTest.goTo(shell, "report").ui
        self.assertIn("liver", page.previewBrowser.toPlainText())
        for role, desk in self.DESKS.items():
            selfTest.choose(ui.roleSelector, desk)
            getattr(page, f"{role}Edit").text = "Self test"
            self._press(getattr(page, f"{role}Button"))
        page.dicomBox.checked = True
        # the dialog would wait for somebody to answer
        shell.attempt(lambda: report.setFolder(shell.study, folder))
        self._press(ui.computeButton)
        states = {shell.state(step.name) for index, step in enumerate(shell.steps) if shell.isShown(index)}
        self.assertEqual(states, {"done"}, selfTest.messagesOf(shell))
        self.assertTrue(all(row["isValid"] for row in reportSignOff.rows(shell.study)))
        for name in ("results.json", "report.html", "record.json", "scene.mrb", "absorbedDose.nrrd",
                     os.path.join("dicom", "absorbedDose.dcm")):
            self.assertTrue(os.path.exists(os.path.join(folder, name)), name)

    def test_StudyWithoutImages(self):
        """An example study file typed into its pages gives the values that it gives without them."""
        from MRTDosimetryLib.steps import selfTest
        from MRTDosimetryLib.workflow import results

        description = selfTest.example("thyroidIodine.lateUptake")
        expected = selfTest.valuesByFile(description)

        def drive(shell):
            selfTest.typeStudy(shell, description)
            for name in ("measurements", "therapy", "results"):
                selfTest.goTo(shell, name)
                self._press(shell.ui.computeButton)
                self.assertEqual(shell.state(name), "done", selfTest.messagesOf(shell))
            self.assertEqual(results.resultsDict(shell.study)["therapy"], expected)

        self._inWizard(drive)

    def test_PagesOfTheCenter(self):
        """Every page of the center, and a commissioning of a quick group; a scene beside the user's."""
        from MRTDosimetryLib.steps import selfTest

        self._requirePackages("jinja2")
        folder = os.path.join(slicer.app.temporaryPath, "MRTDosimetryCenter")
        self._inWizard(lambda shell: selfTest.driveCenter(self, shell, folder))

    def test_RefusalIsInWords(self):
        """An empty study is refused with the sentence that the wizard shows."""
        from MRTDosimetryLib.errors import InputError

        logic = MRTDosimetryLogic()
        with self.assertRaises(InputError) as caught:
            logic.compute(logic.createStudy("Empty"))
        self.assertIn("Choose the protocol", str(caught.exception))

    def _press(self, button):
        """Press a button that the user could press as well; a page that is done has nothing to press."""
        if button.enabled:
            button.click()
        else:
            self.assertEqual(button.toolTip.replace("<p>", "").replace("</p>", ""), "Up to date", button.text)
        self.assertIsNone(sys.last_type, f"'{button.text}' raised, see the error log")

    def _requirePackages(self, *names):
        """Packages that Slicer does not bring are asked for at the first fit, not in a test."""
        import importlib.util

        absent = [name for name in names if importlib.util.find_spec(name) is None]
        if absent:
            self.skipTest(f"not installed: {', '.join(absent)}")

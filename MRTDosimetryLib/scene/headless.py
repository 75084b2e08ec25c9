"""A complete MRML scene without the Slicer application, for the command line and the tests.

Inside the desktop application nothing is started: its own scene is used.
"""

import atexit
import logging
import os
import shutil
import sys
import tempfile
import types

import slicer
import vtk

from ..errors import InputError

logger = logging.getLogger(__name__)

# Module name (as in slicer.modules) and class of its logic. Colors comes before everything that has a display
# node: without vtkSlicerColorLogic the color legend class is not registered in the scene.
_LOGICS = (
    ("Units", "vtkSlicerUnitsLogic"),
    ("Colors", "vtkSlicerColorLogic"),
    ("Terminologies", "vtkSlicerTerminologiesModuleLogic"),
    ("SubjectHierarchy", "vtkSlicerSubjectHierarchyModuleLogic"),
    ("Volumes", "vtkSlicerVolumesLogic"),
    ("Segmentations", "vtkSlicerSegmentationsModuleLogic"),
    ("Transforms", "vtkSlicerTransformLogic"),
    ("Tables", "vtkSlicerTablesLogic"),
    ("Plots", "vtkSlicerPlotsLogic"),
    ("Texts", "vtkSlicerTextsLogic"),
    ("Markups", "vtkSlicerMarkupsLogic"),
    ("Models", "vtkSlicerModelsLogic"),
    ("Sequences", "vtkSlicerSequencesLogic"),
    ("VolumeRendering", "vtkSlicerVolumeRenderingLogic"),
    ("CropVolume", "vtkSlicerCropVolumeLogic"),
    ("Cameras", "vtkSlicerCamerasModuleLogic"),
    ("SceneViews", "vtkSlicerSceneViewsModuleLogic"),
    ("ViewControllers", "vtkSlicerViewControllersLogic"),
    ("Data", "vtkSlicerDataModuleLogic"),
)

# What the library says when it runs without the application's files and display; none of it concerns the study.
_HARMLESS_MESSAGES = (
    "HomeDirectory is not set",
    "GenericColors",
    "bad X server connection",
    "LoadDefaultTerminologies",
    "LoadDefaultRegionContexts",
    "LoadRegionContextFromFile",
    "from file '/SegmentationCategoryTypeModifier",
)


class _Module:
    """What ``slicer.modules.<name>`` offers of a module: its logic."""

    def __init__(self, name, logic):
        self.name = name
        self._logic = logic

    def logic(self):
        return self._logic


class _HeadlessApplication:
    """The few services of ``slicer.app`` that make sense without windows.

    Deliberately not forgiving: what is not here raises AttributeError, so that nothing is silently skipped.
    """

    applicationName = "Slicer"

    def __init__(self, scene, applicationLogic, temporaryPath):
        self._scene = scene
        self._applicationLogic = applicationLogic
        self.temporaryPath = temporaryPath

    def mrmlScene(self):
        return self._scene

    def applicationLogic(self):
        return self._applicationLogic

    def layoutManager(self):
        return None

    def testingEnabled(self):
        return True

    def processEvents(self):
        pass


class _Session:
    """Keeps the logics of a scene alive; the scene itself only points to them weakly."""

    def __init__(self, temporaryPath):
        scene = slicer.vtkMRMLScene()
        applicationLogic = slicer.vtkSlicerApplicationLogic()
        crosshair = slicer.vtkMRMLCrosshairNode()
        crosshair.SetCrosshairName("default")
        scene.AddNode(crosshair)
        applicationLogic.SetMRMLScene(scene)
        applicationLogic.SetSliceLogics(vtk.vtkCollection())
        applicationLogic.SetViewLogics(vtk.vtkCollection())
        applicationLogic.SetTemporaryPath(temporaryPath)
        self.scene, self.applicationLogic = scene, applicationLogic
        self._addDataIO(temporaryPath)
        self.modules = types.ModuleType("slicer.modules")
        self.logics = {}
        for name, className in _LOGICS:
            self._addLogic(name, getattr(slicer, className)())
        for factory in (
            slicer.vtkMRMLThreeDViewDisplayableManagerFactory,
            slicer.vtkMRMLSliceViewDisplayableManagerFactory,
        ):
            factory.GetInstance().SetMRMLApplicationLogic(applicationLogic)
        slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(scene, True)
        self.application = _HeadlessApplication(scene, applicationLogic, temporaryPath)

    def _addDataIO(self, temporaryPath):
        """Bundles (.mrb) are unpacked in the cache directory of the remote IO logic."""
        self.remoteIO = slicer.vtkMRMLRemoteIOLogic()
        self.remoteIO.SetMRMLScene(self.scene)
        self.remoteIO.SetMRMLApplicationLogic(self.applicationLogic)
        self.remoteIO.GetCacheManager().SetRemoteCacheDirectory(temporaryPath)
        self.dataIO = slicer.vtkDataIOManagerLogic()
        self.dataIO.SetMRMLScene(self.scene)
        self.dataIO.SetMRMLApplicationLogic(self.applicationLogic)
        self.dataIO.SetAndObserveDataIOManager(self.remoteIO.GetDataIOManager())
        self.remoteIO.AddDataIOToScene()

    def _addLogic(self, name, logic):
        # Volume rendering looks itself up while its scene is set; every logic wants the application logic first.
        if name == "VolumeRendering":
            self.applicationLogic.SetModuleLogic(name, logic)
        logic.SetMRMLApplicationLogic(self.applicationLogic)
        logic.SetMRMLScene(self.scene)
        self.applicationLogic.SetModuleLogic(name, logic)
        self.logics[name] = logic
        setattr(self.modules, name.lower(), _Module(name, logic))

    def activate(self):
        slicer.mrmlScene = self.scene
        slicer.app = self.application
        slicer.modules = sys.modules["slicer.modules"] = self.modules


_session = None
_temporaryPath = None
_messageWindow = None


def isApplication():
    """Whether this runs inside the Slicer application (anything else than the headless scene of this file)."""
    application = getattr(slicer, "app", None)
    return application is not None and not isinstance(application, _HeadlessApplication)


def startHeadless():
    """The scene to work in: the application's, else the headless one, started at the first call.

    Returns
    -------
    vtkMRMLScene
        Also ``slicer.mrmlScene``.
    """
    if isApplication():
        return slicer.mrmlScene
    if _session is None:
        return newScene()
    _session.activate()
    return _session.scene


def newScene():
    """An empty scene of its own, which becomes the current one (about 0.05 s).

    Nodes of the scene before stay usable as long as someone holds that scene.

    Raises
    ------
    InputError
        Inside the application, whose one scene belongs to the user.
    """
    global _session
    if isApplication():
        raise InputError("The application has one scene, which is not replaced", "scene",
                         "Create the study in the scene that is open")
    routeMessages()
    _session = _Session(temporaryFolder())
    _session.activate()
    return _session.scene


def separateScene():
    """An empty scene to compute in, beside the current one, which stays as it is: inside the application too.

    Returns
    -------
    vtkMRMLScene
        Knows the node classes of the current scene. Nodes hold on to it only weakly: keep it while they are used.
    """
    isThere = isApplication() or _session is not None
    current, scene = slicer.mrmlScene if isThere else newScene(), slicer.vtkMRMLScene()
    known = {scene.GetNthRegisteredNodeClass(index).GetClassName()
             for index in range(scene.GetNumberOfRegisteredNodeClasses())}
    for index in range(current.GetNumberOfRegisteredNodeClasses()):
        node = current.GetNthRegisteredNodeClass(index)
        if node.GetClassName() not in known:
            known.add(node.GetClassName())
            scene.RegisterNodeClass(node)
    return scene


def applicationLogicOf(scene):
    """The application logic that belongs to ``scene``."""
    if not isApplication() and _session is not None and scene is _session.scene:
        return _session.applicationLogic
    return slicer.app.applicationLogic()


def slicerVersion():
    """Version of the application, or of the package that stands for it in the headless scene."""
    if isApplication():
        return str(slicer.app.applicationVersion)
    from importlib import metadata

    return f"slicer-core {metadata.version('slicer-core')}"


def temporaryFolder():
    """A folder for intermediate files that is removed at exit (the application has its own)."""
    global _temporaryPath
    if isApplication():
        return slicer.app.temporaryPath
    if _temporaryPath is None or not os.path.isdir(_temporaryPath):
        _temporaryPath = tempfile.mkdtemp(prefix="MRTDosimetry-")
        atexit.register(shutil.rmtree, _temporaryPath, ignore_errors=True)
    return _temporaryPath


def routeMessages():
    """Hand VTK's messages to Python's ``logging`` instead of the terminal.

    Errors become warnings of this module's logger; the known messages about files and a display that only the
    desktop application has become debug messages. Idempotent.
    """
    global _messageWindow
    if _messageWindow is not None:
        return
    _messageWindow = vtk.vtkOutputWindow()
    _messageWindow.SetDisplayModeToNever()
    vtk.vtkLogger.SetStderrVerbosity(vtk.vtkLogger.VERBOSITY_OFF)

    def onMessage(caller, event, text=""):
        level = logging.DEBUG if any(words in text for words in _HARMLESS_MESSAGES) else logging.WARNING
        logger.log(level, "%s", " ".join(text.split()))

    onMessage.CallDataType = vtk.VTK_STRING
    _messageWindow.AddObserver("ErrorEvent", onMessage)
    _messageWindow.AddObserver("WarningEvent", onMessage)
    vtk.vtkOutputWindow.SetInstance(_messageWindow)

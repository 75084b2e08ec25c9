"""``slicer.app`` and the modules that exist only in the application, around the headless scene."""

import atexit
import os
import sys
import tempfile
import types
import unittest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import slicer
import slicer.util
from PySide6 import QtCore, QtGui, QtWidgets

from . import api, ctkWidgets, dicomLib, mrmlWidgets, pythonQt, qtModule
from .layoutManager import LayoutManager

_SANS = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")
_installed = None
connections = []  # (signal, function) of slicer.app
ensuredPackages = []  # what slicer.packaging.pip_ensure was asked for
absentPackages = set()  # names that slicer.packaging.pip_check does not find


def install():
    """Once per process: modules qt, ctk, DICOMLib, slicer.i18n, slicer.packaging, slicer.ScriptedLoadableModule."""
    global _installed
    if _installed is None:
        QtCore.qInstallMessageHandler(_onQtMessage)
        QtCore.QCoreApplication.setOrganizationName("MRTDosimetryTest")
        _installed = QtWidgets.QApplication.instance() or QtWidgets.QApplication([])
        QtCore.QSettings.setDefaultFormat(QtCore.QSettings.IniFormat)
        # Settings of this process alone: tests run at the same time would change each other's.
        QtCore.QSettings.setPath(QtCore.QSettings.IniFormat, QtCore.QSettings.UserScope, _settingsFolder())
        _loadFonts()
        sys.modules["qt"] = qtModule.build()
        sys.modules["ctk"] = ctkWidgets.build()
        mrmlWidgets.install()
        dicomLib.install()
        _addModule("i18n", tr=lambda text: _literal(text), translate=lambda context, text: _literal(text))
        _addModule("packaging", pip_check=_pipCheck, pip_ensure=_pipEnsure, load_requirements=_loadRequirements)
        _addModule(
            "ScriptedLoadableModule", ScriptedLoadableModule=ScriptedLoadableModule,
            ScriptedLoadableModuleWidget=ScriptedLoadableModuleWidget,
            ScriptedLoadableModuleLogic=ScriptedLoadableModuleLogic,
            ScriptedLoadableModuleTest=ScriptedLoadableModuleTest)
    return _installed


def _settingsFolder():
    """A folder that goes with the process."""
    folder = tempfile.TemporaryDirectory(prefix="MRTDosimetry-settings-", ignore_cleanup_errors=True)
    atexit.register(folder.cleanup)
    return folder.name


def _onQtMessage(kind, context, text):
    """Qt's messages on standard error, without the one that the offscreen platform repeats for every window."""
    if "propagateSizeHints" not in text:
        sys.stderr.write(f"{text}\n")


def _loadFonts():
    """The offscreen platform has no fonts of its own; matplotlib brings one, for readable pictures."""
    import importlib.util

    found = importlib.util.find_spec("matplotlib")
    if found is None or QtGui.QFontDatabase.families():
        return
    folder = os.path.join(os.path.dirname(found.origin), "mpl-data", "fonts", "ttf")
    for name in _SANS:
        QtGui.QFontDatabase.addApplicationFont(os.path.join(folder, name))
    QtWidgets.QApplication.setFont(QtGui.QFont("DejaVu Sans", 9))


def newScene(hasMainWindow=True):
    """A fresh scene with ``slicer.app`` as in the application.

    Parameters
    ----------
    hasMainWindow : bool
        Without, ``layoutManager()`` is None, as with ``--no-main-window``.
    """
    install()
    from MRTDosimetryLib.scene import headless

    closeScene()
    scene = headless.newScene()
    # A subclass of the headless application, so that the scene layer keeps to the headless way of doing things.
    slicer.app = _applicationClass(type(slicer.app))(slicer.app, hasMainWindow)
    return scene


def closeScene():
    """Give ``slicer.app`` back to the headless scene."""
    from MRTDosimetryLib.scene import headless

    headless.startHeadless()


def _applicationClass(base):
    class Application(base):
        """What the wizard uses of ``qSlicerApplication``; raises on what the application does not have."""

        majorVersion, minorVersion = 5, 12

        def __init__(self, headless, hasMainWindow):
            super().__init__(headless.mrmlScene(), headless.applicationLogic(), headless.temporaryPath)
            self._layoutManager = LayoutManager(headless.mrmlScene()) if hasMainWindow else None

        def layoutManager(self):
            return self._layoutManager

        def processEvents(self):
            QtWidgets.QApplication.processEvents()

        def setOverrideCursor(self, cursor):
            QtWidgets.QApplication.setOverrideCursor(cursor)

        def restoreOverrideCursor(self):
            QtWidgets.QApplication.restoreOverrideCursor()

        def pauseRender(self):
            pass

        def resumeRender(self):
            pass

        def connect(self, signal, function):
            if signal not in api.signals("slicer.qSlicerApplication"):
                raise AttributeError(f"slicer.app has no signal '{signal}' in the application")
            connections.append((signal, function))
            return True

        def __getattr__(self, name):
            if name in api.members("slicer.qSlicerApplication"):
                raise api.NotImitated(f"slicer.app.{name} is not imitated")
            raise AttributeError(f"slicer.app has no attribute '{name}' in the application")

    return Application


def _addModule(name, **members):
    module = types.ModuleType(f"slicer.{name}")
    module.__dict__.update(members)
    sys.modules[f"slicer.{name}"] = module
    setattr(slicer, name, module)


def _literal(text):
    if not isinstance(text, str):
        raise TypeError("a translated text is a string")
    return text


def _loadRequirements(path):
    from packaging.requirements import Requirement

    with open(path, encoding="utf-8") as file:
        return [Requirement(line.strip()) for line in file if line.strip() and not line.startswith("#")]


def _pipCheck(requirements):
    """Whether all are installed; none of those is that a test calls absent."""
    from importlib import metadata

    def isThere(item):
        try:
            return item.name not in absentPackages and metadata.version(item.name) in item.specifier
        except metadata.PackageNotFoundError:
            return False

    return all(isThere(item) for item in requirements)


def _pipEnsure(requirements, requester="", prompt_install=True):  # names as in Slicer
    ensuredPackages.append((tuple(requirements), requester))
    absentPackages.difference_update(item.name for item in requirements)


class ModuleParent(types.SimpleNamespace):
    """The module object (qSlicerScriptedLoadableModule) that metadata is written to."""

    def __setattr__(self, name, value):
        kind, detail = api.members("slicer.qSlicerScriptedLoadableModule").get(name, (None, None))
        if kind != "property":
            raise AttributeError(f"the module object has no property '{name}'")
        object.__setattr__(self, name, pythonQt.converted(name, detail[0], value))


class ScriptedLoadableModule:
    """Base class of the module: keeps the parent."""

    def __init__(self, parent):
        self.parent = parent
        self.moduleName = type(self).__name__

    def resourcePath(self, name):
        return os.path.join(os.path.dirname(sys.modules[type(self).__module__].__file__), "Resources", name)


class ScriptedLoadableModuleWidget:
    """Base class of the widget: a parent with a vertical layout."""

    def __init__(self, parent=None):
        self.moduleName = type(self).__name__.removesuffix("Widget")
        if parent is None:
            parent = mrmlWidgets.qMRMLWidget()
            parent.setLayout(QtWidgets.QVBoxLayout())
            parent.setMRMLScene(slicer.mrmlScene)
        self.parent = parent
        self.layout = parent.layout()

    def resourcePath(self, name):
        return os.path.join(os.path.dirname(sys.modules[type(self).__module__].__file__), "Resources", name)

    def setup(self):
        """Nothing: the developer section is not imitated."""


class ScriptedLoadableModuleLogic:
    """Base class of the logic."""

    def __init__(self, parent=None):
        self.moduleName = type(self).__name__.removesuffix("Logic")


class ScriptedLoadableModuleTest(unittest.TestCase):
    """Base class of the self test."""

    def __init__(self, methodName="runTest"):
        super().__init__(methodName)

    def delayDisplay(self, message, msec=None):
        pass

    def runTest(self):
        """Slicer runs the test methods of the class through this."""

"""Imports point down only, and importing the library stays light.

The layers, top to bottom, and the outside packages that each may use. A file may import its own layer and every
layer below; ``digests``, ``errors``, ``jsonText``, ``numberText``, ``progress`` and ``resources`` lie below all of
them.
"""

import subprocess
import sys

import pytest
from repositoryTree import REPOSITORY, files, imports, shippedPython

LAYERS = {  # name: outside packages; from the top down
    "MRTDosimetry": {"qt", "ctk", "slicer", "vtk", "DICOMLib", "SampleData"},
    "steps": {"qt", "ctk", "slicer", "vtk"},
    "commandLine": set(),
    "workflow": {"numpy", "distributed"},
    "report": {"numpy", "jinja2", "markupsafe", "matplotlib", "reportlab"},
    "scene": {"slicer", "vtk", "numpy"},
    "dicom": {"pydicom", "highdicom", "numpy"},
    "registry": {"sqlalchemy", "psycopg", "numpy"},
    "therapies": {"numpy"},
    "imaging": {"numpy", "scipy", "SimpleITK"},
    "physics": {"numpy", "scipy", "lmfit"},
    "data": set(),
    "root": set(),
}
ROOT_MODULES = {"__init__", "digests", "errors", "jsonText", "numberText", "progress", "resources"}
ORDER = list(LAYERS)

# Fast enough at file scope; every other outside package is imported by the function that uses it.
LIGHT = {"numpy", "slicer", "vtk", "qt", "ctk"}
DESKTOP_ONLY = ("slicer.ScriptedLoadableModule", "slicer.parameterNodeWrapper", "slicer.i18n", "slicer.packaging")
WITHOUT_SCENE = ("physics", "imaging", "dicom", "registry", "therapies", "data")


def layerOf(path):
    """Layer of a file, given by its path in the repository."""
    parts = path.removesuffix(".py").split("/")
    if parts[0] == "MRTDosimetry":
        return "MRTDosimetry"
    return moduleLayer(parts[1])


def moduleLayer(name):
    """Layer of a folder or module below MRTDosimetryLib; sub-commands are in files of their own, ``xCommands``."""
    return "root" if name in ROOT_MODULES else "commandLine" if name.endswith("Commands") else name


def layerOfName(name):
    """Layer of an imported dotted name of this project; None for an outside package."""
    parts = name.split(".")
    if parts[0] in DOORS:
        return "MRTDosimetry"
    if parts[0] != "MRTDosimetryLib":
        return None
    layer = moduleLayer(parts[1]) if len(parts) > 1 else "root"
    return layer if layer in LAYERS else "root"


DOORS = {path.split("/")[1].removesuffix(".py") for path in files("MRTDosimetry", ".py")}


def faultsOf(path, found):
    """What is wrong with the imports ``found`` of the file ``path``."""
    layer = layerOf(path)
    if layer not in LAYERS:
        return [f"{path}: no layer is called {layer}"]
    faults = []
    for name, line, isFileScope in found:
        place, top, target = f"{path}:{line}", name.split(".")[0], layerOfName(name)
        if target is not None:
            if ORDER.index(target) < ORDER.index(layer):
                faults.append(f"{place}: {layer} imports {name} of the higher layer {target}")
        elif top not in sys.stdlib_module_names:
            if top not in LAYERS[layer]:
                faults.append(f"{place}: {layer} may not use {top}")
            elif layer != "MRTDosimetry" and top not in LIGHT and isFileScope:
                faults.append(f"{place}: import {top} inside the function that uses it")
        if name.startswith(DESKTOP_ONLY) and layer not in ("MRTDosimetry", "steps"):
            faults.append(f"{place}: {name} exists only in the desktop application")
        if top == "lmfit" and not path.startswith("MRTDosimetryLib/physics/kinetics/"):
            faults.append(f"{place}: lmfit is for the fit models of physics/kinetics only")
    return faults


def test_importsPointDown():
    faults = [fault for path in shippedPython() for fault in faultsOf(path, imports(path))]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("path, name, words", [
    ("MRTDosimetryLib/physics/decay.py", "MRTDosimetryLib.imaging.volume.Volume", "higher layer imaging"),
    ("MRTDosimetryLib/report/figures.py", "MRTDosimetryLib.workflow.stages", "higher layer workflow"),
    ("MRTDosimetryLib/registry/store.py", "MRTDosimetryLib.scene.study", "higher layer scene"),
    ("MRTDosimetryLib/workflow/demo.py", "MRTDosimetryLib.registryCommands", "higher layer commandLine"),
    ("MRTDosimetryLib/registry/schema.py", "sqlalchemy", "inside the function"),
    ("MRTDosimetryLib/errors.py", "MRTDosimetryLib.physics", "higher layer physics"),
    ("MRTDosimetryLib/workflow/stages.py", "slicer", "may not use slicer"),
    ("MRTDosimetryLib/imaging/files.py", "SimpleITK", "inside the function"),
    ("MRTDosimetryLib/scene/study.py", "slicer.i18n.tr", "only in the desktop"),
])
def test_theCheckSeesAFault(path, name, words):
    faults = faultsOf(path, [(name, 1, True)])
    assert len(faults) == 1 and words in faults[0]


def test_everyFolderOfTheLibraryIsAPackage():
    python = set(files("MRTDosimetryLib", ".py"))
    folders = {path.rpartition("/")[0] for path in python}
    assert not [folder for folder in sorted(folders) if f"{folder}/__init__.py" not in python]


def importedBy(modules):
    """Top-level names that a fresh Python has loaded after it imported ``modules``."""
    code = (f"import importlib, sys\nfor name in {modules!r}: importlib.import_module(name)\n"
            "print(*sorted({name.partition('.')[0] for name in sys.modules}))")
    answer = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, timeout=120)
    assert answer.returncode == 0, answer.stderr
    return set(answer.stdout.split())


def moduleNames(layer):
    """Dotted names of all modules of a layer."""
    paths = [path for path in files("MRTDosimetryLib", ".py") if layerOf(path) == layer]
    return [path.removesuffix(".py").replace("/", ".").removesuffix(".__init__") for path in paths]


def test_lowerLayersNeedNoSlicer():
    loaded = importedBy([name for layer in WITHOUT_SCENE + ("root",) for name in moduleNames(layer)])
    assert not loaded & {"slicer", "slicer_core", "qt", "ctk", "vtk", "vtkmodules", "PythonQt", "PySide6"}


def test_importingTheLibraryIsLight():
    loaded = importedBy([name for layer in WITHOUT_SCENE + ("report", "root") for name in moduleNames(layer)])
    assert not loaded & {"lmfit", "scipy", "SimpleITK", "pydicom", "highdicom", "matplotlib", "jinja2", "PIL",
                         "reportlab", "sqlalchemy", "psycopg"}


def test_commandLineStartsWithoutTheScene():
    names = moduleNames("commandLine")
    assert names, "MRTDosimetryLib has no commandLine"
    assert not importedBy(names) & {"slicer", "vtk", "vtkmodules", "scipy", "SimpleITK", "pydicom", "matplotlib",
                                    "sqlalchemy"}

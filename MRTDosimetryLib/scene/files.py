"""Scenes and volumes as files."""

import contextlib
import os
import tempfile
import zipfile

import slicer

from ..errors import InputError
from . import headless


def saveBundle(scene, path):
    """Save a scene with all its data in one .mrb file.

    Written beside its place and moved there when complete: a failure leaves nothing half-written.

    Raises
    ------
    InputError
        When the folder is missing or the file cannot be written.
    """
    path = os.path.abspath(path)
    if not path.lower().endswith(".mrb"):
        raise InputError("A scene is saved as .mrb", path, "Choose a name that ends with .mrb")
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        raise InputError("The folder does not exist", folder, "Create it or choose another one")
    with _writing(path) as work:
        partial = os.path.join(work, os.path.basename(path))
        if not scene.WriteToMRB(partial) or not zipfile.is_zipfile(partial):
            raise InputError("The scene cannot be saved", path, "Check the free space and the log")
        os.replace(partial, path)


@contextlib.contextmanager
def _writing(path):
    """A folder beside ``path`` for what is not complete yet."""
    try:
        work = tempfile.TemporaryDirectory(prefix=".MRTDosimetry-", dir=os.path.dirname(path))
    except OSError as error:
        raise InputError(f"The folder cannot be written to ({error.strerror})", os.path.dirname(path)) from error
    with work as folder:
        yield folder


def openBundle(path):
    """Open a saved scene.

    Returns
    -------
    vtkMRMLScene
        Without the application a new scene, which becomes the current one; in the application its scene, replaced.

    Raises
    ------
    InputError
        When the file is missing or no readable scene.
    """
    if not os.path.isfile(path):
        raise InputError("The scene file does not exist", path)
    if not zipfile.is_zipfile(path):
        raise InputError("The file is no Slicer scene (.mrb)", path)
    if headless.isApplication():
        try:
            slicer.util.loadScene(path, {"clear": True})
        except RuntimeError as error:
            raise InputError("The scene cannot be read", path, "See the log for the part that is damaged") from error
        return slicer.mrmlScene
    scene = headless.newScene()
    if not scene.ReadFromMRB(os.path.abspath(path)):
        raise InputError("The scene cannot be read", path, "See the log for the part that is damaged")
    return scene


def writeVolume(node, path):
    """Write a volume as .nrrd (or another image format by its ending); its own storage node stays untouched."""
    storage = slicer.vtkMRMLVolumeArchetypeStorageNode()
    if path.lower().endswith((".nrrd", ".nhdr")):
        storage = slicer.vtkMRMLNRRDStorageNode()
    storage.SetFileName(os.path.abspath(path))
    if not storage.WriteData(node):
        raise InputError("The image cannot be written", path, "Check the folder and the free space")

"""Reconstructed NM SPECT for the DICOM browser: recognized, read, and put into the scene with its facts."""

import json

import numpy as np

from ..dicom import nuclearMedicine
from ..scene import display, volumes
from ..scene.study import FACTS_ATTRIBUTE
from .activityImage import seriesFacts

_RECONSTRUCTION = "RECON TOMO"


def isReconstruction(path, sopClassUID="", imageType=""):
    """Whether a file is a reconstructed SPECT by SOP class and Image Type (PS3.3 C.8.4.9); its pixels are not read.

    Parameters
    ----------
    path : str
        DICOM file; its header is read only where the two texts leave the question open.
    sopClassUID, imageType : str
        As a DICOM database knows them (values separated by backslashes); empty where it does not.

    Raises
    ------
    InputError
        When the header is needed and cannot be read.
    """
    if sopClassUID and sopClassUID != nuclearMedicine.SOP_CLASS_UID:
        return False
    if not sopClassUID or not imageType:
        sopClassUID, imageType = _headerTexts(path)
    kinds = [value.strip().upper() for value in imageType.split("\\")]
    return sopClassUID == nuclearMedicine.SOP_CLASS_UID and kinds[2:3] == [_RECONSTRUCTION]


def _headerTexts(path):
    from ..dicom.headers import readDataset, text

    header = readDataset(path, stop_before_pixels=True, specific_tags=["SOPClassUID", "ImageType"])
    value = header.get("ImageType") or ()
    return text(header, "SOPClassUID"), value if isinstance(value, str) else "\\".join(value)


def read(path):
    """The one image of a file, as :func:`MRTDosimetryLib.dicom.nuclearMedicine.readNM` gives it.

    A reconstructed SPECT is one file, so its neighbors in the folder, which may be thousands, are not looked at.
    """
    return nuclearMedicine.readNM(str(path))


def addToScene(scene, path, name):
    """Read a reconstructed SPECT and add it, ready to become a time point.

    Parameters
    ----------
    scene : vtkMRMLScene
    path : str
    name : str
        Name of the volume.

    Returns
    -------
    vtkMRMLScalarVolumeNode
        In Bq/mL or in counts; what the header states is kept with it, and
        :func:`MRTDosimetryLib.workflow.timePoints.addFromNodes` takes it from there.

    Raises
    ------
    InputError
        When the file cannot be trusted; nothing is added then.
    """
    series = read(path)
    image = series.volume
    quantity = "counts" if image.unit == "counts" else "activityConcentration"
    node = volumes.addVolume(scene, image.withArray(image.array, name=name), quantity)
    node.SetAttribute(FACTS_ATTRIBUTE, json.dumps(seriesFacts(series), allow_nan=False, sort_keys=True))
    if np.any(image.array > 0):
        display.styleActivity(node, overCT=False)
    return node

"""Phantom scans and regions of the scene as files that a calibration record can name."""

import json
import os

import numpy as np

from ..errors import InputError
from ..imaging.files import writeImage
from ..scene import segments, volumes
from ..scene.loadedVolumes import timePointsOfStudies
from ..scene.study import FACTS_ATTRIBUTE
from .calibrationRecord import SETTINGS

# Fact of a scan -> key of the side-car.
_KEYS = {"unit": "unit", "acquisitionDateTime": "acquisitionDateTime", "durationSeconds": "durationSeconds",
         "radionuclide": "radionuclide", **{key: key for key in SETTINGS}}
_DECAY = {"START": "scan", "NONE": "none", "ADMIN": "administration"}
_UNITS = ("counts", "bq/ml", "kbq/ml", "mbq/ml")


def factsOf(node):
    """What is known of a scan that is loaded: fact -> value; the unit is that of the volume."""
    text = node.GetAttribute(FACTS_ATTRIBUTE)
    facts = {key: fact.get("value") for key, fact in (json.loads(text) if text else {}).items()}
    return {**facts, "unit": volumes.unitOf(node)}


def factWords(node):
    """What is known of a scan, in lines."""
    facts = factsOf(node)
    found = [(title, facts.get(key)) for key, title in (
        ("acquisitionDateTime", "Start of the scan"), ("durationSeconds", "Duration (s)"), ("unit", "Unit"),
        ("radionuclide", "Radionuclide"), *((key, title.capitalize()) for key, title in SETTINGS.items()))]
    return [f"{title}: {value:g}" if isinstance(value, float) else f"{title}: {value}" for title, value in found
            if value not in (None, "")]


def requireScan(node):
    """Refuse a volume that cannot be the scan of a phantom.

    Raises
    ------
    InputError
        None, or a time point of a study: its image was calibrated, and is no longer what the camera counted.
    """
    if node is None or node.GetScene() is None:
        raise InputError("The scan is not in the scene any more", "scan", "Choose it again")
    study = timePointsOfStudies(node.GetScene()).get(node)
    if study is not None:
        raise InputError(f"The volume is a time point of the study {study}: its image was brought to activity already",
                         node.GetName(), "Load the scan of the phantom on its own, without a study")


def writeScan(node, folder, name):
    """Write a loaded scan with what is known of it; its entry for a calibration file, relative to ``folder``.

    Returns
    -------
    dict

    Raises
    ------
    InputError
        See :func:`requireScan`; a volume in a unit that is no activity.
    """
    requireScan(node)
    image = volumes.volumeFromNode(node)
    matrix = volumes.matrixOf(node.GetParentTransformNode()) @ image.ijkToRAS
    facts = factsOf(node)
    if facts["unit"] and facts["unit"].lower() not in _UNITS:
        raise InputError(f"The volume is in '{facts['unit']}', which is neither counts nor an activity concentration",
                         node.GetName(), "Choose the SPECT, or state its unit when it is loaded")
    path = os.path.join(folder, f"{name}.nrrd")
    writeImage(type(image)(image.array, matrix, image.unit, image.name), path)
    content = {"kind": "image facts", "schemaVersion": 1,
               **{key: facts[fact] for fact, key in _KEYS.items() if facts.get(fact) not in (None, "")}}
    state = str(facts.get("decayCorrection") or "")
    if state.upper() in _DECAY or state[:4].isdigit():
        content["decayCorrectedTo"] = _DECAY.get(state.upper(), state)
    content["source"] = f"the volume {node.GetName()} of a scene"
    _writeText(os.path.join(folder, f"{name}.json"), json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    return {"image": f"{name}.nrrd"}


def writeRegion(segmentationNode, segmentID, scanNode, folder, name):
    """Write a region as a label image (1 inside); its entry for a calibration file.

    Parameters
    ----------
    segmentationNode : vtkMRMLSegmentationNode
    segmentID : str
    scanNode : vtkMRMLScalarVolumeNode or None
        Grid for regions drawn as surfaces that bring none of their own.

    Returns
    -------
    dict
        ``method``, ``file``, ``label``.

    Raises
    ------
    InputError
        An empty region, or one that is not there any more.
    """
    for labels, members in segments.labelsFromSegmentation(segmentationNode, scanNode):
        for value, (found, _title) in members.items():
            if found == segmentID:
                path = os.path.join(folder, f"{name}.nrrd")
                writeImage(type(labels)((labels.array == value).astype(np.uint8), labels.ijkToRAS, "", name), path)
                return {"method": "labelmap", "file": f"{name}.nrrd", "label": 1}
    raise InputError("The region is empty, or not there any more", segmentationNode.GetName(), "Draw it, or choose "
                     "another one")


def regionChoices(scene):
    """Every region of the scene: (``node ID|segment ID``, title)."""
    found = []
    for index in range(scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode")):
        node = scene.GetNthNodeByClass(index, "vtkMRMLSegmentationNode")
        found += [(f"{node.GetID()}|{segmentID}", f"{name} in {node.GetName()}")
                  for segmentID, name in segments.regionNames(node).items()]
    return found


def regionOf(scene, key):
    """Segmentation node and segment of a choice of :func:`regionChoices`, or an :class:`InputError`."""
    nodeID, _bar, segmentID = (key or "").partition("|")
    node = scene.GetNodeByID(nodeID) if nodeID else None
    if node is None:
        raise InputError("No region is chosen, or it is not there any more", "region", "Draw it with the Segment "
                         "Editor and choose it")
    return node, segmentID


def _writeText(path, text):
    try:
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise InputError(f"The file cannot be written ({error.strerror or error})", path) from None

"""Emission images with what their files say: NM SPECT for the DICOM browser, and time points of a study file."""

import json
import os

import numpy as np

from ..dicom import nuclearMedicine
from ..dicom.stated import NOTHING_STATED, Stated
from ..errors import Faults, InputError
from ..scene import display, volumes
from ..scene.study import FACTS_ATTRIBUTE, TIME_FACT
from . import timePoints
from .activityImage import compareFramesOfReference, readCT, seriesFacts
from .regionFiles import CT_FRAME_FACT, addRemark

_RECONSTRUCTION = "RECON TOMO"
# Keys of a time point in a study file, and the fact that each becomes.
_STATED_FACTS = {
    "unit": "unit", "hoursAfterAdministration": TIME_FACT, "acquisitionDateTime": "acquisitionDateTime",
    "calibrationFactorBqPerCps": "calibrationFactorBqPerCps", "durationSeconds": "durationSeconds",
    "decayCorrectedTo": "decayCorrectedTo",
}  # fmt: skip


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


def addTimePoint(study, item, name, calibration=None):
    """Add the time point that an entry of a study file describes.

    Parameters
    ----------
    study : Study
    item : dict
        Keys ``spect``, ``ct``, ``unit``, ``hoursAfterAdministration``, ``acquisitionDateTime``,
        ``calibrationFactorBqPerCps``, ``durationSeconds``, ``decayCorrectedTo`` as of
        :func:`.timePoints.addFromFiles`; ``geometry`` (see :class:`MRTDosimetryLib.dicom.stated.Stated`),
        ``energyWindow`` and ``detector`` where the header is silent; ``reason`` for all that is stated here.
    name : str
        What the time point is called in messages.
    calibration : ScanCalibration, optional
        See :func:`.timePoints.addFromFiles`.

    Returns
    -------
    TimePoint

    Raises
    ------
    InputError, FaultList
    """
    from ..dicom.sideCar import sideCarPath

    stated = _stated(item, name)
    given = {**{key: item.get(key) for key in _STATED_FACTS}, "calibration": calibration}
    if stated == NOTHING_STATED and not os.path.isfile(sideCarPath(item["spect"])):
        timePoint = timePoints.addFromFiles(study, item["spect"], item.get("ct"), source="file", name=name, **given)
    else:
        timePoint = _addDescribed(study, item, given, stated, name)
    _keepFrameOfReference(timePoint, item.get("ct"))
    reason = str(item.get("reason") or "").strip()
    for key, factName in _STATED_FACTS.items():
        fact = timePoint.fact(factName)
        if reason and given[key] is not None and fact and fact["source"] == "file":
            timePoint.setFact(factName, fact["value"], fact["unit"], "file", fact["detail"], fact["alternatives"],
                              reason)
    _compareClocks(study, timePoint)
    return timePoint


def _stated(item, name):
    if not any(item.get(key) is not None for key in ("geometry", "energyWindow", "detector")):
        return NOTHING_STATED
    geometry = item.get("geometry")
    description = {} if geometry is None else geometry
    if isinstance(description, dict):
        chosen = {key: item[key] for key in ("energyWindow", "detector") if item.get(key) is not None}
        reason = {"reason": item["reason"]} if item.get("reason") and "reason" not in description else {}
        description = {**description, **chosen, **reason}
    return Stated.fromDict(description, f"{name}: geometry", "file")


def _addDescribed(study, item, given, stated, name):
    """Read the image with what is stated or stands in its side-car, and make it a time point."""
    from ..dicom import readers

    faults, ct, ctFacts = Faults(), None, {}
    with faults.collect():
        series = readers.readEmission(item["spect"], f"{name} SPECT", stated=stated)
    with faults.collect():
        if item.get("ct") is not None:
            ct, ctFacts = readCT(item["ct"], name)
    faults.raiseIfAny()
    facts = seriesFacts(series)
    compareFramesOfReference(facts, ctFacts)
    for key in ("calibrationFactorBqPerCps",):
        if given[key] is None and key in facts:
            given = {**given, key: facts[key]["value"]}
    if given["decayCorrectedTo"] is None and _isDateTime((facts.get("decayCorrection") or {}).get("value")):
        given = {**given, "decayCorrectedTo": facts["decayCorrection"]["value"]}
    image = series.volume
    quantity = "counts" if image.unit == "counts" else "activityConcentration"
    node = volumes.addVolume(study.scene, image.withArray(image.array, name=name), quantity)
    node.SetAttribute(FACTS_ATTRIBUTE, json.dumps(facts, allow_nan=False, sort_keys=True))
    ctNode = None if ct is None else volumes.addVolume(study.scene, ct, "attenuation")
    try:
        timePoint = timePoints.addFromNodes(study, node, ctNode, source="file", **given)
    except InputError:
        for added in (node, ctNode):
            if added is not None:
                study.scene.RemoveNode(added)
        raise
    if timePoint.spectNode is not node:
        study.scene.RemoveNode(node)
    timePoint.spectNode.SetName(f"SPECT {timePoint.timeHours:.4g} h")
    if ctNode is not None:
        ctNode.SetName(f"CT {timePoint.timeHours:.4g} h")
    return timePoint


def _keepFrameOfReference(timePoint, ctPath):
    """Frame of reference of a DICOM CT among the facts: regions drawn on it have to state the same."""
    from ..dicom import readers
    from ..dicom.headers import identityFacts, readDataset

    if ctPath is None or not readers.isDicom(ctPath):
        return
    header = readDataset(readers.ctFiles(ctPath)[0], stop_before_pixels=True)
    frame = identityFacts(header).get("frameOfReferenceUID")
    if frame:
        timePoint.setFact(CT_FRAME_FACT, frame.value, "", "DICOM", f"{frame.detail} of the CT")


def _isDateTime(value):
    return isinstance(value, str) and value[:4].isdigit()


def _compareClocks(study, timePoint):
    """A remark when the clock of this scan differs from that of another one by daylight saving."""
    own = timePoint.factValue("utcOffset")
    for other in study.timePoints:
        theirs = other.factValue("utcOffset")
        if own and theirs and own != theirs and other != timePoint:
            addRemark(timePoint, f"The clock of this scan is at {own}, that of {other.label} at {theirs} (daylight "
                      "saving): check the time after administration, which is the difference of clock times", "DICOM")
            return

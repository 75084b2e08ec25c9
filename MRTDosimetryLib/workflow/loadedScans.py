"""All emission images that are loaded already, through the DICOM browser or otherwise, each with its CT."""

from dataclasses import replace

from ..errors import DosimetryError
from ..progress import noProgress
from ..scene import loadedVolumes, volumes
from . import foundScans, timePoints
from .activityImage import Given, establishFacts
from .protocol import parseDateTime
from .scanPairing import Identity

_EMISSION_MODALITIES = ("NM", "PT")
_EMISSION_UNITS = ("bq/ml", "kbq/ml", "mbq/ml", "counts")
_CT_UNIT, _CT_MODALITY = "[hnsf'U]", "CT"


def find(study, items=None, calibrationFactorBqPerCps=None, progress=noProgress, calibration=None):
    """Look through the loaded volumes for the scans of a study; nothing is added.

    Parameters
    ----------
    study : Study
    items : list of int, optional
        Items of the subject hierarchy to look at and below; default: the whole scene.
    calibrationFactorBqPerCps : float or None
        For images in counts.
    progress : callable
    calibration : ScanCalibration, optional
        A record in place of the factor.

    Returns
    -------
    foundScans.FoundScans
    """
    taken = loadedVolumes.timePointsOfStudies(study.scene)
    found = loadedVolumes.loadedVolumes(study.scene, items)
    scans, cts, others = [], [], []
    for number, loaded in enumerate(found):
        progress(number / len(found), loaded.node.GetName())
        unit = volumes.volumeFromNode(loaded.node).unit
        if loaded.hasFacts or loaded.modality in _EMISSION_MODALITIES or unit.lower() in _EMISSION_UNITS:
            given = Given(calibrationFactorBqPerCps=calibrationFactorBqPerCps, calibration=calibration)
            scans.append(_scan(study, loaded, given, taken))
        elif unit == _CT_UNIT or loaded.modality == _CT_MODALITY:
            cts.append((_identity(loaded), loaded.node))
        else:
            others.append(loaded.node.GetName())
    words = [f"Neither activity nor CT: {', '.join(others)}."] if others else []
    if not scans:
        words.append("No volume that shows activity is loaded: load the SPECT in the module DICOM.")
    progress(1.0, "")

    def add(study, scan, ctNode):
        return timePoints.addFromNodes(study, scan.source, ctNode, calibration=calibration,
                                       calibrationFactorBqPerCps=calibrationFactorBqPerCps)

    return foundScans.arranged(study, scans, cts, words, add)


def _identity(loaded, moment=None):
    return Identity(loaded.node.GetName(), loaded.patientId, loaded.studyUID, loaded.seriesUID, loaded.frameUID, moment)


def _completed(identity, facts):
    """With what the header said of a volume that the browser brought in."""
    found = {key: (facts.get(fact) or {}).get("value") or "" for key, fact in (
        ("patientId", "patientId"), ("studyUID", "studyInstanceUID"), ("seriesUID", "seriesInstanceUID"),
        ("frameUID", "frameOfReferenceUID"))}
    return replace(identity, **{key: getattr(identity, key) or value for key, value in found.items()})


def _scan(study, loaded, given, taken):
    """A loaded emission image, converted for a try."""
    node = loaded.node
    if node in taken:
        return foundScans.FoundScan(_identity(loaded), node, refusal=f"It is a time point of {taken[node]} already")
    volume = volumes.volumeFromNode(node)
    facts = timePoints.factsOfNode(study, node, volume)
    stated = (facts.get("acquisitionDateTime") or {}).get("value")
    moment = parseDateTime(stated, node.GetName()) if stated else None
    scan = foundScans.FoundScan(_completed(_identity(loaded, moment), facts), node)
    try:
        _image, facts = establishFacts(study, volume, facts, given, "")
    except DosimetryError as error:
        scan.refusal = " ".join(str(fault) for fault in error.faults)
    else:
        scan.take(facts)
    return scan

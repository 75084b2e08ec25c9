"""All SPECT or PET scans of a folder, each with its CT."""

import os

from ..errors import DosimetryError, InputError
from ..progress import noProgress, subProgress
from . import foundScans, timePoints
from .activityImage import Given, ctOf, establishFacts, seriesFacts
from .protocol import parseDateTime
from .regionFiles import CT_FRAME_FACT
from .scanPairing import Identity


def find(study, paths, calibrationFactorBqPerCps=None, progress=noProgress, calibration=None):
    """Look through folders (and their subfolders) or files for the scans of a study; nothing is added.

    Every emission image is read as it will be when it is added, so that what would be refused is said now.

    Parameters
    ----------
    study : Study
    paths : list of str
        Folders, and DICOM files: of a file, its series.
    calibrationFactorBqPerCps : float or None
        For images in counts.
    progress : callable
    calibration : ScanCalibration, optional
        A record in place of the factor.

    Returns
    -------
    foundScans.FoundScans

    Raises
    ------
    InputError
        A path does not exist, or holds no DICOM images.
    """
    from ..dicom import readers

    def given():
        return Given(calibrationFactorBqPerCps=calibrationFactorBqPerCps, calibration=calibration)

    series = _scanned(paths, subProgress(progress, 0.0, 0.4))
    emissions, refused = readers.candidates(series, "emission")
    cts, words = readers.candidates(series, "ct")
    scans = [_refusedScan(sentence) for sentence in refused]
    for number, candidate in enumerate(emissions):
        progress(0.4 + 0.6 * number / len(emissions), f"Reading {candidate.name}")
        scans.append(_scan(study, candidate, given()))
    found = [(_identityOfCT(candidate), candidate) for candidate in cts]
    if not emissions:
        words.append("There is no SPECT or PET image here.")
    words += _others(series, readers)
    progress(1.0, "")

    def add(study, scan, ct):
        return _add(study, scan, ct, given())

    return foundScans.arranged(study, scans, found, words, add)


def isPlainImage(path):
    """Whether a path is an image file that is no DICOM: it cannot say what it is, so somebody has to."""
    from ..dicom import readers

    return os.path.isfile(path) and not readers.isDicom(path)


def _scanned(paths, progress):
    """The series of all paths; one that is met twice (a folder and a file of it) counts once."""
    from ..dicom import catalog

    if not paths:
        raise InputError("No file or folder is given", "Time points", "Choose the folder of the scans")
    found = {}
    for number, path in enumerate(paths):
        if not os.path.exists(path):
            raise InputError("There is no such file or folder", str(path), "Check the path")
        part = subProgress(progress, number / len(paths), (number + 1) / len(paths))
        for series in catalog.scan(path, part):
            found.setdefault((series.seriesInstanceUID, series.sopClassUID, series.files), series)
    return _withoutParts(list(found.values()))


def _withoutParts(series):
    """Of the same series from several paths, the one with all of its files."""
    return [item for item in series if not any(
        other is not item and other.seriesInstanceUID == item.seriesInstanceUID
        and other.sopClassUID == item.sopClassUID and set(item.files) < set(other.files) for other in series)]


def _others(series, readers):
    """A word on what is neither an emission image nor a CT."""
    known = {reader.sopClassUID for reader in readers.readers()}
    titles = [item.title for item in series if item.sopClassUID not in known]
    return [f"Not looked at: {', '.join(titles)}."] if titles else []


def _refusedScan(sentence):
    """An emission image that its header rules out."""
    title, _is, reason = sentence.partition(" is ")
    return foundScans.FoundScan(Identity(title), None, refusal=f"It is {reason}" if reason else sentence)


def _scan(study, candidate, given):
    """An emission image, read for a try."""
    try:
        series = candidate.read()
    except DosimetryError as error:
        return foundScans.FoundScan(Identity(candidate.name), candidate, refusal=_reasons(error))
    facts = seriesFacts(series)
    scan = foundScans.FoundScan(_identity(facts, candidate.name), candidate)
    try:
        _image, facts = establishFacts(study, series.volume, facts, given, "")
    except DosimetryError as error:
        scan.refusal = _reasons(error)
    else:
        scan.take(facts)
        if _isKnown(study, facts):
            scan.refusal = "It is a time point of the study already"
    return scan


def _reasons(error):
    return " ".join(str(fault) for fault in error.faults)


def _isKnown(study, facts):
    """Whether the same object, or for an image of many objects the same series, is a time point of the study."""
    key = "sopInstanceUID" if "sopInstanceUID" in facts else "seriesInstanceUID"
    own = (facts.get(key) or {}).get("value")
    return bool(own) and own in [point.factValue(key) for point in study.timePoints]


def _identity(facts, name):
    value = {key: (facts.get(key) or {}).get("value") or "" for key in (
        "patientId", "studyInstanceUID", "seriesInstanceUID", "frameOfReferenceUID", "seriesDescription",
        "acquisitionDateTime")}
    moment = parseDateTime(value["acquisitionDateTime"], name) if value["acquisitionDateTime"] else None
    return Identity(value["seriesDescription"] or name, value["patientId"], value["studyInstanceUID"],
                    value["seriesInstanceUID"], value["frameOfReferenceUID"], moment)


def _identityOfCT(candidate):
    from ..dicom.headers import acquisitionFacts, identityFacts, readDataset

    header = readDataset(candidate.files[0], stop_before_pixels=True)
    facts = {**identityFacts(header), **acquisitionFacts(header)[0]}
    return _identity({key: fact.toDict() for key, fact in facts.items()}, candidate.name)


def _add(study, scan, ct, given):
    """Read both images and make them a time point."""
    label = scan.identity.title
    series = scan.source.read()
    ctVolume, ctFacts = (None, {}) if ct is None else ctOf(ct.read(), label)
    timePoint = timePoints.addImages(study, series.volume, seriesFacts(series), ctVolume, ctFacts, given, label)
    frame = ctFacts.get("frameOfReferenceUID")
    if frame:
        timePoint.setFact(CT_FRAME_FACT, frame["value"], "", "DICOM", f"{frame['detail']} of the CT")
    return timePoint

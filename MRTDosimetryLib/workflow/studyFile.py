"""STUDY.json and record.json: read, check to the end, and put into a study of the scene."""

import copy
import json
import os

from .. import jsonText
from ..errors import Faults, InputError
from ..physics.nuclides import nuclide
from ..progress import noProgress
from ..therapies import registry as therapies
from . import (
    administration,
    administrationEntry,
    calibrationUse,
    dicomExport,
    doseOptions,
    imagedTracer,
    kineticsDescription,
    partialVolume,
    planarStudy,
    protocol,
    radiobiologyOptions,
    record,
    recordedTimePoints,
    recordSeal,
    regionFiles,
    registration,
    reporting,
    segmentation,
    statedOrigins,
    statements,
    studyDescription,
    studyFileStatements,
    uncertainty,
)
from .regionMasks import regionNames

SCHEMA_VERSION = 1
_KEYS = {"schemaVersion", "protocol", "radionuclide", "administration", "timePoints", "regions", "registration",
         "kinetics", "dose", "name", "patient", "resolutionFWHMMM", "uncertainty", "radiobiology", "export", "choices",
         calibrationUse.KEY, partialVolume.KEY, reporting.KEY, statedOrigins.KEY}
# What describes images: not for a protocol that does without.
_IMAGE_KEYS = ("timePoints", "regions", "registration", "kinetics", "dose", "resolutionFWHMMM", "uncertainty",
               "radiobiology", calibrationUse.KEY, partialVolume.KEY)
_TIME_POINT_KEYS = {"spect", "ct", "unit", "hoursAfterAdministration", "acquisitionDateTime",
                    "calibrationFactorBqPerCps", "durationSeconds", "decayCorrectedTo", "geometry", "energyWindow",
                    "detector", "reason", *recordedTimePoints.KEYS, *calibrationUse.TIME_POINT_KEYS}
_ADMINISTRATION_KEYS = {*administration.KEYS, administrationEntry.PRESCRIBED, *administrationEntry.UNCERTAINTY_KEYS}
_REGION_KEYS = {"labelmap", "segmentation", "timePoint", "names", "kept"}
_KINETICS_KEYS = {"model", "perVoxel", "effectiveHalfLifeHours", "populationHalfLife", "earlierCycle", "regionModels",
                  "fixed", "bounds", "relativeActivityUncertainty", "shared", "hybrid", "lateForm", "trapezoid",
                  "excludedPoints"}
_DOSE_KEYS = set(doseOptions.KEYS)


def readStudyFile(path):
    """The study description of a study file or of a record, with absolute paths.

    Returns
    -------
    (dict, list)
        The description, and the inputs a record states (``path``, ``sha256``), empty for a study file.

    Raises
    ------
    InputError, FaultList
        Missing, unreadable or wrong content: every fault found.
    """
    where = os.path.basename(str(path))
    try:
        with open(path, encoding="utf-8") as file:
            content = jsonText.load(file, where)
    except FileNotFoundError:
        raise InputError("There is no such file", str(path), "Check the path of the study file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The file cannot be read ({error.__class__.__name__})", str(path)) from None
    except json.JSONDecodeError as error:
        raise InputError(f"This is not valid JSON: {error.msg} in line {error.lineno}", where) from None
    if not isinstance(content, dict):
        raise InputError("The file does not hold a study", where, "See docs/studyFile.md for an example")
    inputs = []
    if content.get("kind") == "record":
        inputs = [{**item, "path": _absolute(item["path"], path)} for item in content.get("inputs", [])]
        content = _withTrust(content)
    else:
        _refuseSignatures(content, where)
    return _checked(content, where, path), inputs


def _withTrust(content):
    """The study of a record, which says where signatures of its regions cannot be relied on."""
    study = copy.deepcopy(content.get("study"))
    regions = study.get("regions") if isinstance(study, dict) else None
    kept = regions.get("kept") if isinstance(regions, dict) else None
    if isinstance(kept, dict) and kept.get("signOff") and recordSeal.faultWords(content):
        kept[studyDescription.EDITED] = True
    return study


def _refuseSignatures(content, where):
    """Nobody signs by writing a study file: only a record carries the sign-offs of its regions along."""
    regions = content.get("regions")
    kept = regions.get("kept") if isinstance(regions, dict) else None
    if isinstance(kept, dict) and kept.get("signOff"):
        raise InputError("The regions cannot be signed in a study file", f"{where}: regions.kept.signOff",
                         "Leave it out, and sign them in the module")


def applyStudy(study, description, progress=noProgress):
    """Fill ``study`` (of the scene) from a checked description; all faults of all time points in one go.

    Raises
    ------
    InputError, FaultList
    """
    faults = Faults()
    with faults.collect():
        protocol.setProtocol(study, description.get("protocol"), description.get("radionuclide"))
    with faults.collect():
        administrationEntry.applyDescription(study, description.get("administration") or {})
    with faults.collect():
        studyFileStatements.apply(study, description)
        imagedTracer.requireUsable(study)
    with faults.collect():
        reporting.change(study, "file", **reporting.checked(description.get(reporting.KEY) or {}))
    if description.get("timePoints"):
        _applyImages(study, description, faults, progress)
    else:
        protocol.setWithoutImages(study, True)
    with faults.collect():
        statedOrigins.restore(study, description.get(statedOrigins.KEY) or {})
    with faults.collect():
        studyDescription.applyFurther(study, description.get("choices") or {})
    faults.raiseIfAny()
    progress(1.0, "")


def _applyImages(study, description, faults, progress):
    with faults.collect():
        registration.setKind(study, description.get("registration", "rigid" if _hasEveryCT(description) else "none"))
    with faults.collect():
        if description.get("dose"):
            studyDescription.applyDose(study, description["dose"])
    with faults.collect():
        uncertainty.setResolution(study, description.get("resolutionFWHMMM"))
    with faults.collect():
        uncertainty.setUncertainty(study, description.get("uncertainty"))
    added, items = [], [calibrationUse.itemOf(description, item) for item in description["timePoints"]]
    for position, item in enumerate(items):
        name = f"time point {position + 1}"
        progress(0.9 * position / len(items), f"Reading {name}")
        with faults.collect():
            added.append(recordedTimePoints.addTimePoint(study, item, name))
    if len(added) == len(items):
        _checkOrder(added, faults)
    faults.raiseIfAny()
    calibrationUse.applyToStudy(study, [calibrationUse.ofScan(item) for item in items])
    progress(0.9, "Reading the regions")
    _applyRegions(study, description["regions"], added, faults)
    with faults.collect():
        partialVolume.applyDescription(study, description, regionNames(study))
    with faults.collect():
        kineticsDescription.applyDescription(study, description.get("kinetics") or {}, regionNames(study))
    with faults.collect():
        radiobiologyOptions.setRadiobiology(study, description.get("radiobiology"), regionNames(study))
    with faults.collect():
        if statements.PLANAR in statements.stated(study):
            statements.applyPlanar(study, regionNames(study))


def _applyRegions(study, description, added, faults):
    with faults.collect():
        reference = added[description.get("timePoint", 0)]
        if description.get("kept") is not None and "segmentation" in description:
            studyDescription.applyRegions(study, description, reference)
        elif "segmentation" in description:
            regionFiles.addFromFile(study, description["segmentation"], description.get("names"), reference)
        else:
            segmentation.addFromLabelmap(study, description["labelmap"], description.get("names"), reference)


def _checkOrder(added, faults):
    # Those left out of all stages stand in nobody's way.
    counted = [(position, item) for position, item in enumerate(added) if not item.isExcluded]
    for (_before, earlier), (position, later) in zip(counted, counted[1:], strict=False):
        if later.timeHours < earlier.timeHours:
            faults.add(f"Time points are out of order: {later.timeHours:g} h comes after {earlier.timeHours:g} h",
                       f"time point {position + 1}", "List them in the order of time, or correct the times")
        elif later.timeHours - earlier.timeHours < 1e-6:
            faults.add(f"Two time points are at the same time, {later.timeHours:g} h", f"time point {position + 1}",
                       "Correct the time or leave one of them out")


def _hasEveryCT(description):
    return len(description["timePoints"]) > 1 and all(item.get("ct") for item in description["timePoints"])


def _checked(content, where, path):
    """A copy of the description whose shape is right, with absolute paths; values of images are checked where they
    are used, statements here."""
    faults = Faults()
    if not isinstance(content, dict):
        raise InputError("The file does not hold a study", where, "See docs/studyFile.md for an example")
    version = content.get("schemaVersion")
    if version != SCHEMA_VERSION:
        raise InputError(f"The schemaVersion is {version!r}, this version reads {SCHEMA_VERSION}", where)
    _refuseUnknown(content, _KEYS | studyFileStatements.topKeys(), where, faults)
    with faults.collect():
        if content.get("protocol") is None or content.get("radionuclide") is not None:
            nuclide(content.get("radionuclide"))
    given = content.get("administration")
    if given is not None and not isinstance(given, dict):
        faults.add("The administration is not an object", where, 'Write e.g. {"activityMBq": 7400, "dateTime": "..."}')
    elif given:
        _refuseUnknown(given, _ADMINISTRATION_KEYS, f"{where}: administration", faults)
    if _hasImages(content, where, faults):
        _checkImages(content, where, faults)
    with faults.collect():
        dicomExport.checkedChoice(content.get("export") or {}, f"{where}: export")
    with faults.collect():
        reporting.checked(content.get(reporting.KEY) or {}, f"{where}: {reporting.KEY}")
    # paths are only looked at where the shape around them is right
    description = copy.deepcopy(content)
    if not faults:
        with faults.collect():
            _resolvePaths(description, path)
    else:
        _resolveReferences(description, path)
    studyFileStatements.requireValid(description, where, faults)
    faults.raiseIfAny()
    return description


def _hasImages(content, where, faults):
    """Whether the description has images to check; faults where the protocol needs or refuses them."""
    identifier, strategy = content.get("protocol"), None
    # an empty list of time points states that there are none
    given = [key for key in _IMAGE_KEYS if content.get(key) is not None and content[key] != []]
    if identifier in therapies.protocolIds():
        strategy = therapies.strategy(identifier)
    elif identifier is not None and not given:
        with faults.collect():
            therapies.protocol(identifier)  # which tells the known ones
        return False
    if strategy is None or strategy.needsImages:
        standIns = therapies.standIns(identifier) if strategy or identifier is None else ()
        return bool(given) or not set(standIns) & set(studyFileStatements.givenIn(content))
    if not strategy.usesImages:
        for key in given:
            faults.add(f"Protocol {identifier} does without images", f"{where}: {key}",
                       f"Leave '{key}' out, or choose another protocol")
        return False
    return bool(given)


def _checkImages(content, where, faults):
    points = content.get("timePoints")
    if not isinstance(points, list) or not points:
        faults.add("No time points are given", f"{where}: timePoints", "Give at least one, with its SPECT image")
        points = []
    for position, item in enumerate(points):
        place = f"{where}: time point {position + 1}"
        if not isinstance(item, dict) or not isinstance(item.get("spect"), str):
            faults.add("The SPECT image is not named", place, 'Give "spect": a path')
        else:
            _refuseUnknown(item, _TIME_POINT_KEYS, place, faults)
    _checkRegions(content.get("regions"), len(points), where, faults)
    if content.get("radiobiology") is not None:
        with faults.collect():
            radiobiologyOptions.checked(content["radiobiology"], f"{where}: radiobiology")
    with faults.collect():
        partialVolume.checkedDescription(content, f"{where}: {partialVolume.KEY}")
    if content.get(calibrationUse.KEY) is not None and not isinstance(content[calibrationUse.KEY], str):
        faults.add("The calibration is not a path", f"{where}: {calibrationUse.KEY}", "Name a calibration record")
    for key, known in (("kinetics", _KINETICS_KEYS), ("dose", _DOSE_KEYS)):
        if content.get(key) is not None and not isinstance(content[key], dict):
            faults.add(f"'{key}' is not an object", where)
        elif content.get(key):
            _refuseUnknown(content[key], known, f"{where}: {key}", faults)


def _checkRegions(regions, points, where, faults):
    place = f"{where}: regions"
    if not isinstance(regions, dict) or not (isinstance(regions.get("labelmap"), str)
                                             or isinstance(regions.get("segmentation"), str)):
        faults.add("The regions are not named", place, 'Give "labelmap": a path, and "names"')
        return
    _refuseUnknown(regions, _REGION_KEYS, place, faults)
    index = regions.get("timePoint", 0)
    if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < max(points, 1):
        faults.add(f"There is no time point {index!r}", place, f"Count from 0 to {max(points, 1) - 1}")


def _refuseUnknown(content, known, where, faults):
    for key in content:
        if key not in known:
            faults.add(f"The key '{key}' is not known", where, f"Known are {', '.join(sorted(known))}")


def _resolveReferences(description, studyPath):
    """Paths of what is stated beside images."""
    for holder, key in (*studyFileStatements.fileReferences(description),
                        *calibrationUse.fileReferences(description)):
        holder[key] = _absolute(holder[key], studyPath)


def _resolvePaths(description, studyPath):
    _resolveReferences(description, studyPath)
    for item in description.get("timePoints") or []:
        for key in ("spect", "ct"):
            if item.get(key) is not None:
                item[key] = _absolute(item[key], studyPath)
    regions = description.get("regions") or {}
    for key in ("labelmap", "segmentation"):
        if key in regions:
            regions[key] = _absolute(regions[key], studyPath)
    given = description.get("administration") or {}
    if isinstance(given.get("report"), str):
        given["report"] = _absolute(given["report"], studyPath)
    planarStudy.resolvePaths(description, studyPath)
    external = record.externalOf(description)
    for key in record.EXTERNAL_FILES:
        if external and isinstance(external.get(key), str):
            external[key] = _absolute(external[key], studyPath)


def _absolute(path, studyPath):
    return os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(studyPath)), path))

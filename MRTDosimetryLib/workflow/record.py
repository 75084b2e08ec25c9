"""record.json: inputs by SHA-256, versions, every choice and override; running it repeats the study."""

import copy
import datetime
import hashlib
import os
import platform
import sys

from .. import __version__
from ..errors import Faults
from ..scene.headless import slicerVersion
from . import (
    calibrationUse,
    excludedPoints,
    hashChain,
    imagedTracer,
    jointKinetics,
    planarFile,
    radiobiologyOptions,
    studyFileStatements,
    timePointSource,
)
from .activityImage import isPlan

RECORD_SCHEMA_VERSION = 1
# Keys under which an external map names files.
EXTERNAL_FILES = ("file", "uncertainty")
# Relative difference of administered activities; headers hold rounded numbers.
_SAME_ACTIVITY = 1e-3
_PACKAGES = ("numpy", "scipy", "SimpleITK", "pydicom", "vtk", "lmfit")


def inputFiles(description):
    """Every file a study description reads, folders file by file, each once and in order."""
    points, regions = description.get("timePoints") or [], description.get("regions") or {}
    paths = [item.get(key) for item in points for key in ("spect", "ct")]
    paths += [regions.get(key) for key in ("labelmap", "segmentation")]
    paths += [timePointSource.sideCarOf(item["spect"]) for item in points]
    paths.append(_surfacesOf(regions.get("segmentation")))
    paths.append((description.get("administration") or {}).get("report"))
    paths += [holder[key] for _name, holder, key in planarReferences(description)]
    paths += [(externalOf(description) or {}).get(key) for key in EXTERNAL_FILES]
    paths += [holder[key] for holder, key in (*studyFileStatements.fileReferences(description),
                                              *calibrationUse.fileReferences(description))]
    return list(dict.fromkeys(file for path in paths if path is not None for file in timePointSource.filesOf(path)))


def _surfacesOf(path):
    """The folder of the surfaces that a file of Slicer's surface format names, or ``None``."""
    folder = None if path is None or not path.endswith(".vtm") else path.removesuffix(".vtm")
    return folder if folder is not None and os.path.isdir(folder) else None


def planarReferences(description):
    """(name, object, key) of every path of the planar series of a study description."""
    hybrid = (description.get("kinetics") or {}).get("hybrid")
    if not isinstance(hybrid, dict):
        return []
    found = [("planar series", hybrid, "file")] if isinstance(hybrid.get("file"), str) else []
    views = hybrid.get("views")
    return [*found, *planarFile.fileReferences(views)] if isinstance(views, dict) else found


def externalOf(description):
    """The absorbed-dose map from elsewhere of a study description, else ``None``."""
    external = (description.get("dose") or {}).get("external")
    return external if isinstance(external, dict) else None


def hashInputs(paths):
    """``path``, ``sha256`` and ``bytes`` of each file."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor() as pool:  # hashlib lets other threads run
        return list(pool.map(_hashFile, paths))


def requireSameInputs(recorded):
    """Refuse to repeat a record whose inputs are not what they were.

    Raises
    ------
    InputError, FaultList
        Each file that is missing or changed.
    """
    faults = Faults()
    present = [item for item in recorded if os.path.isfile(item["path"])]
    for item in recorded:
        if not os.path.isfile(item["path"]):
            faults.add("The file of the record is missing", item["path"], "Bring it back to where it was")
    for item, now in zip(present, hashInputs([entry["path"] for entry in present]), strict=True):
        if now["sha256"] != item["sha256"]:
            faults.add("The file changed since it was recorded", item["path"], "Run the study anew instead")
    faults.raiseIfAny()


def makeRecord(study, description, inputs, folder, stageNames):
    """The record of a finished study; :func:`.recordSeal.sealed` completes it.

    Parameters
    ----------
    description : dict or None
        The study description with absolute paths (see :mod:`.studyDescription`); without it the record cannot be run.
    inputs : list of dict
        From :func:`hashInputs`.
    folder : str
        Where the record will lie: paths below it are written relative to it, so that the folder can be moved.
    """
    stages = {}
    for name in stageNames:
        stageRecord = study.stageRecord(name)
        if stageRecord:
            stages[name] = {"digest": stageRecord["digest"], "warnings": stageRecord["warnings"]}
    return {
        "kind": "record", "schemaVersion": RECORD_SCHEMA_VERSION,
        "created": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        "versions": versions(), "processor": processor(),
        "study": None if description is None else withRelativePaths(description, folder),
        "inputs": [{**item, "path": _relative(item["path"], folder)} for item in inputs],
        "choices": _choices(study, folder),
        "timePoints": [{"label": item.label, "facts": item.facts, "isExcluded": item.isExcluded,
                        "exclusionReason": item.exclusionReason} for item in study.timePoints],
        "overrides": overrides(study),
        "stages": stages,
        "log": hashChain.entries(study),
    }


def _choices(study, folder):
    """All choices, with paths relative to the record."""
    choices = study.choices()
    for _name, holder, key in planarFile.fileReferences((choices.get(jointKinetics.VIEWS) or {}).get("content") or {}):
        holder[key] = _relative(holder[key], folder)
    return choices


def overrides(study):
    """Every fact the user replaced, every scan and every point of a fit left out: what, from, to, and the reason."""
    found = []
    for timePoint in study.timePoints:
        if timePoint.isExcluded:
            found.append({"what": f"time point {timePoint.label}", "from": "included", "to": "excluded",
                          "reason": timePoint.exclusionReason})
        calibration = timePoint.fact(calibrationUse.KEY) or {}
        if calibration.get("reason"):
            found.append({"what": f"{timePoint.label}: what speaks against the calibration", "from": "refused",
                          "to": calibration["detail"], "reason": calibration["reason"]})
        for name, fact in timePoint.facts.items():
            if fact.get("detail") == "override":
                previous = (fact.get("alternatives") or [{}])[-1]
                found.append({"what": f"{timePoint.label}: {name}", "from": previous.get("value"),
                              "to": fact["value"], "reason": fact.get("reason", "")})
    return [*_administrationOverride(study), *found, *excludedPoints.overrides(study),
            *radiobiologyOptions.overrides(study)]


def _administrationOverride(study):
    """The administered activity where the images' headers state another one."""
    given = study.choice("administration", {})
    activities = {point.factValue("administeredActivityMBq") for point in study.timePoints if not isPlan(point)}
    stated = [float(activity) for activity in activities if activity]
    if len(stated) != 1 or given.get("activityMBq") is None or imagedTracer.statedPrediction(study) is not None \
            or abs(given["activityMBq"] / stated[0] - 1.0) <= _SAME_ACTIVITY:
        return []
    return [{"what": "administered activity (MBq), which the images state", "from": stated[0],
             "to": given["activityMBq"], "reason": given.get("reason", "")}]


def versions():
    """Versions of the program and of what it computes with."""
    from importlib import metadata

    found = {"MRTDosimetry": __version__, "Slicer": slicerVersion(), "Python": platform.python_version(),
             "platform": f"{platform.system()} {platform.machine()}"}
    for package in _PACKAGES:
        module = sys.modules.get(package)
        version = getattr(module, "__version__", None)
        if version is None:
            try:
                version = metadata.version(package)
            except metadata.PackageNotFoundError:
                continue
        found[package] = str(version)
    return found


def processor():
    """Name of the processor: the last digits of a number may depend on its kind; empty where it is not told."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            found = (line.partition(":") for line in file)
            names = [value.strip() for key, _colon, value in found if key.strip() in ("model name", "Hardware")]
    except OSError:
        names = []
    return names[0] if names else platform.processor()


def _hashFile(path):
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"path": path, "sha256": digest, "bytes": os.path.getsize(path)}


def _relative(path, folder):
    relative = os.path.relpath(path, folder)
    return path if relative.startswith("..") else relative.replace(os.sep, "/")


def withRelativePaths(description, folder):
    """A copy of a study description whose paths below ``folder`` are relative to it."""
    content = copy.deepcopy(description)
    for item in content.get("timePoints") or []:
        for key in ("spect", "ct"):
            if item.get(key) is not None:
                item[key] = _relative(item[key], folder)
    regions = content.get("regions") or {}
    for key in ("labelmap", "segmentation"):
        if key in regions:
            regions[key] = _relative(regions[key], folder)
    for holder, key in (*studyFileStatements.fileReferences(content), *calibrationUse.fileReferences(content)):
        holder[key] = _relative(holder[key], folder)
    for _name, holder, key in planarReferences(content):
        holder[key] = _relative(holder[key], folder)
    external = externalOf(content)
    for key in EXTERNAL_FILES:
        if external and external.get(key):
            external[key] = _relative(external[key], folder)
    return content

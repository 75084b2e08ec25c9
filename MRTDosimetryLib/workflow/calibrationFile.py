"""CALIBRATION.json: what was filled, scanned and measured; read and checked to the end before anything is computed.

::

    {"schemaVersion": 1, "camera": "...", "collimator": "...", "radionuclide": "Lu-177",
     "energyWindow": {"lowerKeV": 187.2, "upperKeV": 228.8}, "reconstruction": "...",
     "date": "2026-05-04", "validUntil": "2027-05-04",
     "sensitivity": {
       "activity": {"measuredActivityMBq": 1000, "measuredDateTime": "2026-05-04T08:00:00",
                    "residualActivityMBq": 5, "residualDateTime": "2026-05-04T08:30:00", "relativeUncertainty": 0.02},
       "scans": [{"image": "cylinder.nrrd", "unit": "counts", "acquisitionDateTime": "2026-05-04T10:00:00",
                  "durationSeconds": 1200}],
       "region": {"method": "cylinder", "marginMM": -30, "fillVolumeML": 6800}},
     "recovery": {
       "sphereConcentration": {"kBqPerML": 900, "dateTime": "2026-05-04T08:00:00"},
       "scans": [{"image": "spheres.nrrd", "ct": "ct.nrrd", "unit": "counts", "acquisitionDateTime": "...",
                  "durationSeconds": 1200}]},
     "deadTime": {"model": "paralyzable", "microseconds": 5, "source": "..."}}

A planar scan has ``"planar": "static.dcm"`` in place of ``image``, with ``detector`` and ``windows`` (``main``,
``lower``, ``upper``) by number where the file holds several, and ``corners`` of a polygon where not the whole view
counts. ``sensitivityFrom`` names an earlier record whose sensitivity the recovery rests on. A dead time may be
measured, by a source as it decays or by several known activities; the model ``auto`` is the one that fits better::

    "deadTime": {"model": "paralyzable", "decayingSource": {
        "countings": [{"dateTime": "...", "counts": 900000, "seconds": 10}], "backgroundCps": 5}}
    "deadTime": {"model": "auto", "knownActivities": {
        "countings": [{"activityMBq": 500, "counts": 900000, "seconds": 10}], "backgroundCps": 5}}

A thyroid probe or gamma counter is calibrated by a standard; ``camera`` then names the instrument::

    "counter": {"instrument": "thyroidProbe",
                "standard": {"activityKBq": 370, "dateTime": "...", "relativeUncertainty": 0.03, "volumeML": 20},
                "countings": [{"dateTime": "...", "counts": 60000, "seconds": 60, "backgroundCounts": 600,
                               "backgroundSeconds": 60}]}
"""

import copy
import json
import os

from .. import jsonText
from ..errors import Faults, InputError
from ..physics.nuclides import nuclide
from ..physics.sphereRecovery import BEST, CURVES
from . import calibrationRecord
from .protocol import positiveNumber

SCHEMA_VERSION = 1
_KEYS = {"schemaVersion", "camera", "collimator", "radionuclide", "energyWindow", "reconstruction", "date",
         "validUntil", "sensitivity", "sensitivityFrom", "recovery", "deadTime", "counter", "source", "version"}
_SENSITIVITY_KEYS = {"activity", "scans", "region", "background", "source"}
_ACTIVITY_KEYS = {"measuredActivityMBq", "measuredDateTime", "residualActivityMBq", "residualDateTime",
                  "relativeUncertainty", "source"}
_SCAN_KEYS = {"image", "unit", "acquisitionDateTime", "durationSeconds", "isDecayCorrected", "fullFieldCountRateCps",
              "counts", "backgroundCounts", "backgroundSeconds", "energyWindow", "detector", "planar", "windows",
              "corners", "nuclideReason"}
_SOURCES = ("image", "planar", "counts")
_REGION_KEYS = {"method", "marginMM", "fillVolumeML", "centerRASMM", "axisRAS", "radiusMM", "lengthMM", "diameterMM",
                "file", "label"}
_BACKGROUND_KEYS = {"countRateCps", "uncertaintyCps", "region"}
PARTS = ("sensitivity", "recovery", "deadTime", "counter")
_RECOVERY_KEYS = {"spheres", "ringRadiusMM", "wallMM", "leftOut", "curve", "sphereConcentration",
                  "backgroundConcentration", "relativeUncertainty", "scans", "source"}
_SPHERE_KEYS = {"name", "diameterMM", "centerRASMM"}
_COUNTER_KEYS = {"instrument", "standard", "countings"}
_STANDARD_KEYS = {"activityKBq", "dateTime", "relativeUncertainty", "volumeML", "source"}
_COUNTING_KEYS = {"dateTime", "counts", "seconds", "backgroundCounts", "backgroundSeconds"}
_CONCENTRATION_KEYS = {"kBqPerML", "activityMBq", "volumeML", "dateTime"}
REGION_METHODS = ("wholeImage", "cylinder", "sphere", "labelmap")
COUNTERS = {"thyroidProbe": "Thyroid probe", "gammaCounter": "Gamma counter"}


def readCalibrationFile(path):
    """What a calibration file states, with the paths as they are written.

    Returns
    -------
    (dict, str, list of dict)
        The statement, the folder its paths are relative to, and the inputs that a record states (to be repeated),
        empty for a calibration file.

    Raises
    ------
    InputError, FaultList
        Missing, unreadable or wrong content: every fault found.
    """
    where = os.path.basename(str(path))
    folder = os.path.dirname(os.path.abspath(str(path)))
    try:
        with open(path, encoding="utf-8") as file:
            content = jsonText.load(file, where)
    except FileNotFoundError:
        raise InputError("There is no such file", str(path), "Check the path of the calibration file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The file cannot be read ({error.__class__.__name__})", str(path)) from None
    except json.JSONDecodeError as error:
        raise InputError(f"This is not valid JSON: {error.msg} in line {error.lineno}", where) from None
    inputs = []
    if isinstance(content, dict) and content.get("kind") == calibrationRecord.KIND:
        record = calibrationRecord.checked(content, where)
        content, inputs = record["statement"], record["inputs"]
    return checkedStatement(content, where), folder, inputs


def checkedStatement(content, where):
    """A copy of the statement whose shape is right; values are checked where they are used."""
    if not isinstance(content, dict):
        raise InputError("The file does not hold a calibration", where, "See docs/calibration.md for an example")
    version = content.get("schemaVersion")
    if version != SCHEMA_VERSION:
        raise InputError(f"The schemaVersion is {version!r}, this version reads {SCHEMA_VERSION}", where)
    faults = Faults()
    _refuseUnknown(content, _KEYS, where, faults)
    for key, mend in (("camera", "Name it as it shall be recognized in a study"), ("date", "Write year-month-day")):
        if not (isinstance(content.get(key), str) and content[key].strip()):
            faults.add(f"The {key} is not stated", f"{where}: {key}", mend)
    with faults.collect():
        nuclide(content.get("radionuclide"))
    made = end = None
    with faults.collect():
        made = calibrationRecord.dateOf(content.get("date"), f"{where}: date", isOptional=True)
    with faults.collect():
        end = calibrationRecord.dateOf(content.get("validUntil"), f"{where}: validUntil", isOptional=True)
    if None not in (made, end) and end < made:
        faults.add(f"The validity ends on {end}, before the calibration of {made}", f"{where}: validUntil")
    window = content.get("energyWindow")
    if window is not None and not isinstance(window, (str, dict)):
        faults.add("The energy window is neither a text nor an object", f"{where}: energyWindow",
                   'Write e.g. {"lowerKeV": 187.2, "upperKeV": 228.8}')
    if not any(content.get(key) is not None for key in PARTS):
        faults.add("There is nothing to calibrate", where, "Give sensitivity, recovery, deadTime or counter")
    earlier, version = content.get("sensitivityFrom"), content.get("version")
    if earlier is not None and not isinstance(earlier, str):
        faults.add("The record of the sensitivity is not named", f"{where}: sensitivityFrom", "Give its path")
    if earlier is not None and content.get("sensitivity") is not None:
        faults.add("A sensitivity is measured, and another one named", f"{where}: sensitivityFrom", "Give one of them")
    if version is not None and (isinstance(version, bool) or not isinstance(version, int) or version < 1):
        faults.add(f"{version!r} is no number of a version", f"{where}: version", "Count from 1, or leave it out")
    if content.get("counter") is not None:
        _checkCounter(content["counter"], f"{where}: counter", faults)
    if content.get("sensitivity") is not None:
        _checkSensitivity(content["sensitivity"], f"{where}: sensitivity", faults)
    if content.get("recovery") is not None:
        _checkRecovery(content["recovery"], f"{where}: recovery", faults)
    if content.get("deadTime") is not None:
        with faults.collect():
            calibrationRecord.checkedDeadTime(content["deadTime"], f"{where}: deadTime")
    faults.raiseIfAny()
    return copy.deepcopy(content)


def _checkCounter(content, where, faults):
    if not _isObject(content, where, faults):
        return
    _refuseUnknown(content, _COUNTER_KEYS, where, faults)
    if content.get("instrument") not in COUNTERS:
        faults.add(f"{content.get('instrument')!r} is no instrument", where, f"Use {' or '.join(COUNTERS)}")
    standard, countings = content.get("standard"), content.get("countings")
    if _isObject(standard, f"{where}.standard", faults):
        _refuseUnknown(standard, _STANDARD_KEYS, f"{where}.standard", faults)
        with faults.collect():
            calibrationRecord.momentOf(standard.get("dateTime"), f"{where}.standard.dateTime")
    if not isinstance(countings, list) or not countings:
        faults.add("No countings are given", f"{where}.countings", "Give at least one")
        return
    for position, item in enumerate(countings):
        place = f"{where}.countings[{position}]"
        if _isObject(item, place, faults):
            _refuseUnknown(item, _COUNTING_KEYS, place, faults)
            with faults.collect():
                calibrationRecord.momentOf(item.get("dateTime"), f"{place}.dateTime")


def _checkSensitivity(content, where, faults):
    if not _isObject(content, where, faults):
        return
    _refuseUnknown(content, _SENSITIVITY_KEYS, where, faults)
    activity = content.get("activity")
    if _isObject(activity, f"{where}.activity", faults):
        _refuseUnknown(activity, _ACTIVITY_KEYS, f"{where}.activity", faults)
        with faults.collect():
            positiveNumber(activity.get("measuredActivityMBq"), "measured activity", f"{where}.activity")
        for key in ("measuredDateTime", "residualDateTime"):
            if key in activity or key == "measuredDateTime":
                with faults.collect():
                    calibrationRecord.momentOf(activity.get(key), f"{where}.activity.{key}")
        if activity.get("residualActivityMBq") is None:
            faults.add("The residual activity is missing", f"{where}.activity", "Give 0 where nothing was left")
    _checkScans(content.get("scans"), where, faults)
    _checkRegion(content.get("region"), f"{where}.region", faults, REGION_METHODS)
    background = content.get("background")
    if background is not None and _isObject(background, f"{where}.background", faults):
        _refuseUnknown(background, _BACKGROUND_KEYS, f"{where}.background", faults)
        _checkRegion(background.get("region"), f"{where}.background.region", faults, ("sphere", "labelmap"))
        if background.get("region") is not None and background.get("countRateCps") is not None:
            faults.add("The background is given as a region and as a count rate", f"{where}.background",
                       "Give one of them")


def _checkRegion(region, where, faults, methods):
    if region is None or not _isObject(region, where, faults):
        return
    _refuseUnknown(region, _REGION_KEYS, where, faults)
    if region.get("method") not in methods:
        faults.add(f"{region.get('method')!r} is no way to choose the region", where, f"Use {', '.join(methods)}")


def _checkRecovery(content, where, faults):
    if not _isObject(content, where, faults):
        return
    _refuseUnknown(content, _RECOVERY_KEYS, where, faults)
    _checkScans(content.get("scans"), where, faults, isImageNeeded=True)
    for key in ("sphereConcentration", "backgroundConcentration"):
        stated = content.get(key)
        if stated is None and key == "backgroundConcentration":
            continue
        if _isObject(stated, f"{where}.{key}", faults):
            _refuseUnknown(stated, _CONCENTRATION_KEYS, f"{where}.{key}", faults)
    if content.get("curve", BEST) not in CURVES:
        faults.add(f"{content['curve']!r} is no recovery curve", f"{where}.curve", f"Use {', '.join(CURVES)}")
    leftOut = content.get("leftOut")
    if leftOut is not None and not (isinstance(leftOut, list) and all(isinstance(name, str) for name in leftOut)):
        faults.add("What is left out is not a list of names", f"{where}.leftOut", 'Write e.g. ["28 mm"]')
    spheres = content.get("spheres")
    if spheres is None:
        return
    if not isinstance(spheres, list) or not spheres:
        faults.add("The spheres are not a list", f"{where}.spheres", 'Write e.g. [{"name": "10 mm", "diameterMM": 10}]')
        return
    for position, sphere in enumerate(spheres):
        place = f"{where}.spheres[{position}]"
        if _isObject(sphere, place, faults):
            _refuseUnknown(sphere, _SPHERE_KEYS, place, faults)
            with faults.collect():
                positiveNumber(sphere.get("diameterMM"), "diameter (mm)", place)


def _checkScans(scans, where, faults, isImageNeeded=False):
    if not isinstance(scans, list) or not scans:
        faults.add("No scans are given", f"{where}.scans", "Give at least one")
        return
    for position, scan in enumerate(scans):
        place = f"{where}.scans[{position}]"
        if not _isObject(scan, place, faults):
            continue
        _refuseUnknown(scan, _SCAN_KEYS | ({"ct"} if isImageNeeded else set()), place, faults)
        if scan.get("ct") is not None and not isinstance(scan["ct"], str):
            faults.add("The CT is not named", place, 'Give "ct": a path')
        given = [key for key in _SOURCES if scan.get(key) is not None]
        isPath = all(isinstance(scan[key], str) for key in given if key != "counts")
        if len(given) != 1 or not isPath or (isImageNeeded and given != ["image"]):
            faults.add("The scan is not given once", place, 'Give "image": a path' + (
                "" if isImageNeeded else ', or "planar": a path, or "counts" of the region'))
        windows = scan.get("windows")
        if windows is not None and not (isinstance(windows, dict) and set(windows) <= {"main", "lower", "upper"}
                                        and ("lower" in windows) == ("upper" in windows)):
            faults.add("The energy windows are not main, and lower and upper beside it", f"{place}.windows",
                       'Write e.g. {"main": 1, "lower": 2, "upper": 3}')
        if scan.get("acquisitionDateTime") is not None:
            with faults.collect():
                calibrationRecord.momentOf(scan["acquisitionDateTime"], f"{place}.acquisitionDateTime")


def _isObject(content, where, faults):
    if isinstance(content, dict):
        return True
    faults.add("This is missing, or is not an object", where, "See docs/calibration.md for an example")
    return False


def _refuseUnknown(content, known, where, faults):
    for key in content:
        if key not in known:
            faults.add(f"The key '{key}' is not known", where, f"Known are {', '.join(sorted(known))}")

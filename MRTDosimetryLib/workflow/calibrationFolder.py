"""The calibrations of a center in a folder: what is there, what it is worth today, and where a new one is kept.

A record that was written is never changed: what is measured again becomes the next version beside it.
"""

import copy
import json
import os
import re
import shutil
from datetime import date

from ..digests import sealOf
from ..errors import InputError
from ..physics import constancy, sphereRecovery
from . import calibration, calibrationFile, calibrationRecord, constancyLog

CONSTANCY = "constancy"
# States of a row, from the best to the worst.
VALID, SUPERSEDED, ENDING, UNLIMITED, NOT_YET, EXPIRED, WARNING, ACTION, EDITED, DAMAGED = (
    "valid", "superseded", "ending", "unlimited", "notYet", "expired", "warning", "action", "edited", "damaged")
USABLE = (VALID, SUPERSEDED, ENDING, UNLIMITED, NOT_YET, EXPIRED)
TITLES = {"sensitivity": "Sensitivity", "planar": "Planar sensitivity", "recovery": "Recovery",
          "deadTime": "Dead time", "counter": "Probe or counter", CONSTANCY: "Constancy"}
# A record whose validity ends within so many days is to be measured again.
_SOON_DAYS = 30
# A recovery curve is known by its value at this volume, or the nearest one that was measured.
_SHOWN_VOLUME_ML = 10.0
_INPUTS_ENDING = ".inputs"


def listed(folder, today=None):
    """The records and constancy logs of a folder.

    Parameters
    ----------
    folder : str
    today : datetime.date, optional

    Returns
    -------
    list of dict
        ``path``, ``file``, ``kinds`` (keys of :data:`TITLES`), ``instrument``, ``radionuclide``, ``value``,
        ``uncertainty``, ``unit`` (of what is shown; ``None`` where there is no number), ``date``, ``validUntil``
        (texts; of a log when the next test is due), ``version``, ``state``, ``words`` (what is to be said of it) and
        ``content`` (``None`` where it cannot be used). In the order of instrument, kind and date, newest first.

    Raises
    ------
    InputError
        A folder that cannot be read.
    """
    today = today or date.today()
    try:
        names = sorted(name for name in os.listdir(folder) if name.lower().endswith(".json"))
    except OSError as error:
        raise InputError(f"The folder of the calibrations cannot be read ({error.strerror or error})", str(folder),
                         "Choose another folder") from None
    rows = [row for row in (_row(os.path.join(folder, name), today) for name in names) if row is not None]
    _markSuperseded(rows)
    rows.sort(key=lambda row: (row["date"], row["version"]), reverse=True)
    return sorted(rows, key=lambda row: (row["instrument"].casefold(), [list(TITLES).index(kind) for kind
                                                                       in row["kinds"]]))


def countersIn(folder, instrument, today=None):
    """Rows of the usable records of a kind of instrument ("thyroidProbe", "gammaCounter"); empty without a folder."""
    if not folder or not os.path.isdir(folder):
        return []
    return [row for row in listed(folder, today) if row["content"] is not None
            and (row["content"].get("counter") or {}).get("instrument") == instrument]


def _row(path, today):
    """One row, or ``None`` for a JSON file that is neither a record nor a log."""
    name = os.path.basename(path)
    blank = {"path": path, "file": name, "kinds": [], "instrument": name, "radionuclide": "", "value": None,
             "uncertainty": None, "unit": "", "date": "", "validUntil": "", "version": 0, "content": None}
    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        return {**blank, "state": DAMAGED, "words": [f"The file cannot be read ({error.__class__.__name__})"]}
    if not isinstance(content, dict):
        return None
    if content.get("kind") == calibrationRecord.KIND:
        return _recordRow(blank, content, today)
    if {"instrument", "reference", "tests"} <= set(content):
        return _logRow(blank, content, today)
    return None


def _recordRow(row, content, today):
    row["kinds"] = kindsOf(content)
    for key, place in (("instrument", "camera"), ("radionuclide", "radionuclide"), ("date", "date"),
                       ("validUntil", "validUntil")):
        row[key] = str(content.get(place) or row[key])
    row["version"] = content["version"] if isinstance(content.get("version"), int) else 1
    try:
        checked = calibrationRecord.checked(content, row["file"])
    except InputError as error:
        isEdited = content.get("digest") != sealOf(content)
        return {**row, "state": EDITED if isEdited else DAMAGED, "words": [str(fault) for fault in error.faults]}
    state, words = _validity(checked, today)
    value, uncertainty, unit = shownValue(checked)
    return {**row, "content": checked, "state": state, "words": words + list(checked.get("warnings") or []),
            "value": value, "uncertainty": uncertainty, "unit": unit}


def _validity(content, today):
    made = calibrationRecord.dateOf(content["date"], "date")
    end = calibrationRecord.dateOf(content.get("validUntil"), "validUntil", isOptional=True)
    if end is None:
        return UNLIMITED, ["No end of the validity is stated"]
    if today > end:
        return EXPIRED, [f"Expired on {end}, {(today - end).days} days ago: measure it again"]
    if today < made:
        return NOT_YET, [f"The calibration is dated {made}, which is to come"]
    if (end - today).days <= _SOON_DAYS:
        return ENDING, [f"Valid until {end}, for {(end - today).days} more days: measure it again soon"]
    return VALID, []


def _logRow(row, content, today):
    row |= {"kinds": [CONSTANCY], "instrument": str(content.get("instrument") or row["instrument"])}
    try:
        chart = constancyLog.chartOf(row["path"], today)
    except InputError as error:
        return {**row, "state": DAMAGED, "words": [str(fault) for fault in error.faults]}
    last = chart["tests"][-1] if chart["tests"] else None
    words = [f"Next test due on {chart['nextDue']}" + (": overdue" if chart["isOverdue"] else "")]
    if last is not None:
        row |= {"value": 100.0 * last["deviation"], "unit": "%", "date": last["dateTime"][:10]}
        words += [text for text in (last["words"],) if text]
    state = {constancy.ACTION: ACTION, constancy.WARNING: WARNING}.get(
        chart["status"], EXPIRED if chart["isOverdue"] else VALID)
    if state in (ACTION, WARNING):
        words.insert(0, f"The last test deviates by {100.0 * last['deviation']:+.2f} %, beyond the "
                        f"{'action' if state == ACTION else 'warning'} limit of "
                        f"{100.0 * chart['limits']['action' if state == ACTION else 'warning']:.2f} %")
    return {**row, "content": chart, "validUntil": chart["nextDue"], "state": state, "words": words,
            "radionuclide": chart["source"]}


def kindsOf(content):
    """Which of :data:`TITLES` a record holds."""
    found = [key for key in calibrationFile.PARTS if content.get(key) is not None]
    isPlanar = isinstance(content.get("sensitivity"), dict) and content["sensitivity"].get("isPlanar")
    return ["planar" if key == "sensitivity" and isPlanar else key for key in found]


def shownValue(content):
    """The number that a record is known by: value, standard uncertainty or ``None``, and unit."""
    found = content.get("sensitivity")
    if found is not None and not (found.get("from") and content.get("recovery")):
        relative = found["relativeUncertainty"]
        return found["value"], None if relative is None else relative * found["value"], \
            "" if found["isRatio"] else "1/(s MBq)"
    if content.get("recovery") is not None:
        curve = sphereRecovery.fromDict(content["recovery"])
        volumeML = min(max(_SHOWN_VOLUME_ML, curve.minimumVolumeML), curve.maximumVolumeML)
        value = float(curve.value(volumeML))
        return value, value * float(curve.forRegions().relativeFitUncertainty(volumeML)), f"at {volumeML:.3g} mL"
    if content.get("counter") is not None:
        found = content["counter"]
        relative = found["relativeUncertainty"]
        return found["cpsPerBq"], None if relative is None else relative * found["cpsPerBq"], "1/(s Bq)"
    if content.get("deadTime") is not None:
        found = content["deadTime"]
        relative = found.get("relativeUncertainty")
        return found["microseconds"], None if relative is None else relative * found["microseconds"], "µs"
    return None, None, ""


def _markSuperseded(rows):
    """Older records of the same instrument, nuclide, settings and kind are known as such."""
    groups = {}
    for row in rows:
        if row["content"] is not None and row["kinds"] != [CONSTANCY]:
            settings = [row["content"].get(name) for name in calibrationRecord.SETTINGS]
            groups.setdefault(json.dumps([row["kinds"], row["radionuclide"], settings], sort_keys=True), []).append(row)
    for group in groups.values():
        best = max(group, key=lambda row: (row["date"], row["version"]))
        for row in group:
            if row is not best:
                row["words"] = [f"There is a newer one: {best['file']}", *row["words"]]
                if row["state"] in (VALID, ENDING, UNLIMITED):
                    row["state"] = SUPERSEDED


def save(content, folder, inputsFolder):
    """Keep a new record in the folder of the center, as the next version.

    Parameters
    ----------
    content : dict
        Of :func:`.calibration.fromStatement` with paths relative to ``inputsFolder``.
    folder : str
    inputsFolder : str
        Files below it are copied beside the record; those elsewhere are named where they are.

    Returns
    -------
    str
        Path of the record.

    Raises
    ------
    InputError
        It cannot be written; nothing stays behind.
    """
    stem = _stem(content)
    try:
        os.makedirs(folder, exist_ok=True)
        version = 1 + max((int(found.group(1)) for found in (
            re.fullmatch(rf"{re.escape(stem)}-v(\d+)\.json", name) for name in os.listdir(folder)) if found), default=0)
        name = f"{stem}-v{version}"
        moved = _moved(content, folder, inputsFolder, name + _INPUTS_ENDING)
    except OSError as error:
        raise InputError(f"The calibration cannot be kept ({error.strerror or error})", str(folder),
                         "Choose a folder you may write to") from None
    moved |= {"version": version, "statement": {**moved["statement"], "version": version}}
    moved = calibrationRecord.sealed({key: value for key, value in moved.items() if key != "digest"})
    path = os.path.join(folder, f"{name}.json")
    try:
        calibration.write(moved, path)
    except InputError:
        shutil.rmtree(os.path.join(folder, name + _INPUTS_ENDING), ignore_errors=True)
        raise
    return path


def _stem(content):
    words = [content["camera"], content["radionuclide"], *kindsOf(content), content["date"]]
    return "-".join(re.sub(r"[^\w]+", "", str(word)) if index != len(words) - 1 else str(word)
                    for index, word in enumerate(words))


def _moved(content, folder, inputsFolder, name):
    """The record with its own inputs copied below ``folder``, and every path relative to it."""
    moved, copies = copy.deepcopy(content), {}
    for item in moved["inputs"]:
        path = os.path.normpath(os.path.join(inputsFolder, item["path"]))
        if os.path.dirname(path) == os.path.normpath(inputsFolder):
            copies[path] = os.path.join(folder, name, os.path.basename(path))
    if copies:
        os.makedirs(os.path.join(folder, name), exist_ok=True)
    for path, target in copies.items():
        shutil.copyfile(path, target)

    def renamed(stated):
        path = os.path.normpath(os.path.join(inputsFolder, stated))
        return calibration.relativePath(copies.get(path, path), folder)

    for item in moved["inputs"]:
        item["path"] = renamed(item["path"])
    for holder, key in calibration.paths(moved["statement"]):
        holder[key] = renamed(holder[key])
    return moved

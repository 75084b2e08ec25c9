"""The calibration record: what a camera was found to be, for what it holds and until when, sealed by its own digest."""

import json
import os
import re
from datetime import date, datetime

from .. import jsonText
from ..digests import sealOf
from ..errors import Faults, InputError
from ..physics import sphereRecovery
from ..physics.deadTime import MODELS
from ..physics.deadTimeFit import AUTO
from ..physics.nuclides import nuclide
from .protocol import parseDateTime, positiveNumber

KIND, SCHEMA_VERSION = "calibration", 1
# What a study has to have in common with its calibration, and what it is called.
SETTINGS = {"camera": "camera", "collimator": "collimator", "energyWindow": "energy window",
            "reconstruction": "reconstruction"}
_SHOWN_DIGITS = 12
_DEAD_TIME_SERIES = {"decayingSource": {"dateTime"}, "knownActivities": {"activityMBq"}}
# From fast cameras to Geiger counters; beyond it, the unit is another one (s, ns).
_LEAST_MICROSECONDS, _MOST_MICROSECONDS = 0.01, 1000.0
_DEAD_TIME_KEYS = {"model", "microseconds", "relativeUncertainty", "source", *_DEAD_TIME_SERIES, "points",
                   "largestLoss", "chiSquare", "degreesOfFreedom", "modelProbability", "otherMicroseconds"}
_MEND = "Calibrate again, or bring the record back as it was written"
# Two stated limits of an energy window closer than this (keV) are the same.
_WINDOW_KEV = 1.0


def sealed(content):
    """The record with its digest."""
    return {**content, "digest": sealOf(content)}


def load(path):
    """Read a calibration record.

    Returns
    -------
    dict

    Raises
    ------
    InputError, FaultList
        Missing or unreadable, no calibration record, of a newer version, changed since it was written, or incomplete.
    """
    where = os.path.basename(str(path))
    try:
        with open(path, encoding="utf-8") as file:
            content = jsonText.load(file, where)
    except FileNotFoundError:
        raise InputError("There is no such file", str(path), "Check the path of the calibration record") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The file cannot be read ({error.__class__.__name__})", str(path)) from None
    except json.JSONDecodeError as error:
        raise InputError(f"This is not valid JSON: {error.msg} in line {error.lineno}", where) from None
    return checked(content, where)


def checked(content, where):
    """The record, if it is one and unchanged since it was written."""
    if not isinstance(content, dict) or content.get("kind") != KIND:
        raise InputError("This is no calibration record", where, "Make one with mrt-dosimetry calibrate")
    version = content.get("schemaVersion")
    if version != SCHEMA_VERSION:
        raise InputError(f"The schemaVersion is {version!r}, this version reads {SCHEMA_VERSION}", where)
    stated = content.get("digest")
    if stated != sealOf(content):
        raise InputError("The calibration record was changed after it was written: its digest does not fit its content",
                         where, _MEND)
    faults = Faults()
    for key in ("camera", "radionuclide", "date"):
        if not (isinstance(content.get(key), str) and content[key].strip()):
            faults.add(f"The record states no {key}", where, _MEND)
    faults.raiseIfAny()
    with faults.collect():
        nuclide(content["radionuclide"])
    for key in ("date", "validUntil"):
        with faults.collect():
            dateOf(content.get(key), f"{where}: {key}", isOptional=key == "validUntil")
    sensitivity, deadTime = content.get("sensitivity"), content.get("deadTime")
    if sensitivity is not None:
        with faults.collect():
            positiveNumber(sensitivity.get("factor"), "calibration factor", f"{where}: sensitivity")
    if deadTime is not None:
        with faults.collect():
            checkedDeadTime(deadTime, f"{where}: deadTime")
    if content.get("recovery") is not None:
        with faults.collect():
            sphereRecovery.fromDict(content["recovery"])
    faults.raiseIfAny()
    return content


def checkedDeadTime(stated, where):
    """Dead time as stated: ``model`` and ``microseconds``, ``decayingSource`` or ``knownActivities``, optionally
    ``relativeUncertainty`` and ``source``; of a record also what the fit left behind."""
    if not isinstance(stated, dict):
        raise InputError("The dead time is not an object", where,
                         'Write e.g. {"model": "paralyzable", "microseconds": 5, "source": "..."}')
    faults = Faults()
    for key in sorted(set(stated) - _DEAD_TIME_KEYS):
        faults.add(f"The key '{key}' is not known", where, "Known are decayingSource, knownActivities, microseconds, "
                   "model, relativeUncertainty, source")
    given = [key for key in ("microseconds", *_DEAD_TIME_SERIES) if stated.get(key) is not None]
    models = (*MODELS, AUTO) if given and given[0] in _DEAD_TIME_SERIES else tuple(MODELS)
    if stated.get("model") not in models:
        faults.add(f"{stated.get('model')!r} is no model of dead time", where, f"Use {' or '.join(models)}")
    if len(given) > 1:
        faults.add("The dead time is stated and measured" if "microseconds" in given else
                   "The dead time is measured in two ways", where, f"Give one of {', '.join(given)}")
    elif given and given[0] in _DEAD_TIME_SERIES:
        _checkSeries(stated[given[0]], given[0], f"{where}.{given[0]}", faults)
    else:
        with faults.collect():
            found = positiveNumber(stated.get("microseconds"), "dead time (µs)", where)
            if not _LEAST_MICROSECONDS <= found <= _MOST_MICROSECONDS:
                faults.add(f"The dead time of {found:g} µs is that of no instrument", where,
                           "Check units: microseconds, and counts in all of the seconds")
    if stated.get("relativeUncertainty") is not None:
        with faults.collect():
            _requireFraction(stated["relativeUncertainty"], where)
    faults.raiseIfAny()
    return dict(stated)


def _checkSeries(measured, kind, where, faults):
    own = _DEAD_TIME_SERIES[kind]
    if not (isinstance(measured, dict) and set(measured) <= {"countings", "backgroundCps"}
            and isinstance(measured.get("countings"), list)):
        faults.add("The countings are not known by their shape", where,
                   'Write e.g. {"countings": [{"dateTime": "...", "counts": 1e6, "seconds": 10}], "backgroundCps": 5}')
        return
    for position, item in enumerate(measured["countings"]):
        place = f"{where}.countings[{position}]"
        if not isinstance(item, dict) or set(item) - {"relativeUncertainty"} != {*own, "counts", "seconds"}:
            faults.add(f"The counting is not {', '.join(own)}, counts and seconds", place)
            continue
        for key, what in (("counts", "number of counts"), ("seconds", "counting time (s)"),
                          ("activityMBq", "activity (MBq)"), ("relativeUncertainty", "")):
            if key not in item:
                continue
            with faults.collect():
                if key == "relativeUncertainty":
                    _requireFraction(item[key], place)
                else:
                    positiveNumber(item[key], what, place)


def _requireFraction(value, where):
    found = positiveNumber(value, "relative uncertainty", where)
    if found >= 1.0:
        raise InputError(f"The relative uncertainty is {found:g}", where, "Give a fraction, 0.03 for 3 %")


def dateOf(text, where, isOptional=False):
    """A date (``YYYY-MM-DD``) or ``None`` where it may be left out."""
    if text is None and isOptional:
        return None
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        raise InputError(f"'{text}' is not a date", where, "Write it as year-month-day, e.g. 2026-05-04") from None


def momentOf(text, where):
    """A date with its time of day: without one, decay would be counted from midnight.

    Raises
    ------
    InputError
    """
    found = parseDateTime(text, where)
    if ":" not in str(text):
        raise InputError(f"'{text}' has no time of day", where, "Write it as year-month-day hour:minute")
    return found


def requireNuclide(content, radionuclide, where):
    """Refuse a calibration of another nuclide.

    Raises
    ------
    InputError
    """
    found = nuclide(content["radionuclide"]).name
    if radionuclide is not None and nuclide(radionuclide).name != found:
        raise InputError(f"The calibration is for {found}, the study is of {nuclide(radionuclide).name}", where,
                         f"Give a calibration for {nuclide(radionuclide).name}")


def validityWords(content, settings, moment=None):
    """What speaks against using a calibration for a scan, and what cannot be checked, in words; the nuclide is refused
    elsewhere.

    Parameters
    ----------
    content : dict
        The record.
    settings : dict
        What is known of the scan: any of ``camera``, ``collimator``, ``energyWindow``, ``reconstruction``.
    moment : datetime.datetime or datetime.date, optional
        When the scan was made.

    Returns
    -------
    list of str
        Each without a full stop; empty where everything fits.
    """
    return [words for words, _isAgainst in _validity(content, settings, moment)]


def contradictions(content, settings, moment=None):
    """What of :func:`validityWords` speaks against the calibration: it is of something else, or not of that day."""
    return [words for words, isAgainst in _validity(content, settings, moment) if isAgainst]


def _validity(content, settings, moment):
    """(words, whether they speak against the calibration) pairs."""
    found, unknown = [], []
    for key, title in SETTINGS.items():
        own, stated = content.get(key), settings.get(key)
        if own in (None, ""):
            found.append((f"the calibration states no {title}", False))
        elif stated in (None, ""):
            unknown.append(title)
        elif not isSameSetting(key, own, stated):
            found.append((f"the {title} is {settingText(stated)}, the calibration is for {settingText(own)}", True))
    if unknown:
        found.append((f"the scan states no {', no '.join(unknown)}: whether the calibration fits cannot be checked",
                      False))
    return found + _age(content, moment)


def _age(content, moment):
    made = dateOf(content["date"], "date")
    end = dateOf(content.get("validUntil"), "validUntil", isOptional=True)
    if end is None:
        return [("the calibration states no end of its validity", False)] if moment is not None else []
    if moment is None:
        return [(f"the date of the scan is not known: whether the calibration was valid ({made} to {end}) cannot be "
                 "checked", False)]
    day = moment.date() if isinstance(moment, datetime) else moment
    if day > end:
        return [(f"the calibration expired on {end}, {(day - end).days} days before the scan", True)]
    if day < made:
        return [(f"the scan was made on {day}, before the calibration of {made}", True)]
    return []


def isSameSetting(key, first, second):
    """Whether two statements of a setting mean the same; of energy windows the limits count, not the name."""
    if key == "energyWindow":
        limits = windowLimits(first), windowLimits(second)
        if None not in limits:
            return all(abs(a - b) <= _WINDOW_KEV for a, b in zip(*limits, strict=True))
    return _plain(first) == _plain(second)


def windowLimits(value):
    """Lower and upper limit in keV of a stated energy window or of the words of a DICOM header, or ``None``."""
    if isinstance(value, dict):
        low, high = value.get("lowerKeV"), value.get("upperKeV")
        return (float(low), float(high)) if None not in (low, high) else None
    found = re.search(r"([\d.]+)\s*(?:to|-)\s*([\d.]+)\s*keV", str(value))
    return (float(found.group(1)), float(found.group(2))) if found else None


def settingText(value):
    """A setting as a user reads it."""
    if isinstance(value, dict):
        limits = windowLimits(value)
        return f"{limits[0]:g} to {limits[1]:g} keV" if limits else str(value.get("name") or value)
    return f"'{value}'"


def _plain(value):
    return " ".join((settingText(value) if isinstance(value, dict) else str(value)).casefold().split())


def describe(content):
    """The record in a few lines."""
    end = content.get("validUntil")
    lines = [f"Calibration of {content['camera']} for {content['radionuclide']}, {content['date']}"
             + (f", valid until {end}" if end else ", no end of validity stated")]
    stated = [f"{title} {settingText(content[key])}" for key, title in SETTINGS.items()
              if key != "camera" and content.get(key)]
    if stated:
        lines.append("; ".join(stated))
    found = content.get("sensitivity")
    if found:
        spread = found["relativeUncertainty"]
        spread = "uncertainty not known" if spread is None else f"± {spread:.2%} (k = 1)"
        if found["isRatio"]:
            lines.append(f"Found over true activity {found['value']:.5g}, {spread}")
        else:
            lines.append(f"Sensitivity {found['value']:.5g} counts per second and MBq, calibration factor "
                         f"{found['factor']:.6g} Bq per count per second, {spread}")
    if content.get("deadTime"):
        dead = content["deadTime"]
        spread = dead.get("relativeUncertainty")
        lines.append(f"Dead time {dead['microseconds']:g} µs, "
                     f"{'paralyzable' if dead['model'] == 'paralyzable' else 'non-paralyzable'}, "
                     + ("uncertainty not known" if spread is None else f"± {spread:.2%} (k = 1)"))
    counter = content.get("counter")
    if counter:
        spread = counter["relativeUncertainty"]
        lines.append(f"Sensitivity {counter['cpsPerBq']:.5g} counts per second and Bq, "
                     + ("uncertainty not known" if spread is None else f"± {spread:.2%} (k = 1)"))
    if content.get("recovery"):
        curve = sphereRecovery.fromDict(content["recovery"])
        lines.append(f"Recovery {curve.words()}, spheres of {curve.minimumVolumeML:.3g} to "
                     f"{curve.maximumVolumeML:.3g} mL")
    lines.append(f"Digest {content['digest'][:_SHOWN_DIGITS]}")
    return lines

"""Numbers and keys of a comparison as a physicist reads them: words, units, as many digits as the change needs."""

import math
import re
import textwrap

from ..physics.kinetics.registry import modelTitles
from ..report.numbers import dateTimeText
from ..report.quantities import titleAndUnit, valueText
from . import doseOptions
from .recordDiffValues import ABSENT, entryNames, isNumber

WIDTH = 100
_DIGEST_DIGITS = 12
# Of a number: at least, at most, and of the change.
_LEAST_DIGITS, _MOST_DIGITS, _CHANGE_DIGITS = 3, 6, 2
_LONGEST_PLAIN, _SMALLEST_PLAIN = 7, -4
# Quantities that are about zero, so that their change is not told in percent.
_ABOUT_ZERO = re.compile(r"zScore|[rR]esidual|drift|translation|rotation|[dD]eviation|difference|[cC]ovariance|"
                         r"chiSquare|aicc|akaike|degreesOfFreedom|Percent|percentile|[pP]robability")
# Below this a change in percent is one of the last digits.
_LAST_DIGITS_PERCENT = 1e-4
_ENTRY_TITLES = ("region", "tissue", "label", "title", "name")
_UNITS = {"1": ""}
_ENDS = {"1": "lower end", "2": "upper end"}
# What the last key of a path would say too little of, or with other words.
_TITLES = {
    "aicc": "AICc", "activityMBq": "activity", "activityMBqPerML": "activity concentration",
    "activityKBqPerML": "activity concentration", "minGy": "minimum", "maxGy": "maximum", "meanGy": "mean",
    "lowerKeV": "lower limit", "upperKeV": "upper limit", "candidates": "models compared",
    "timeIntegratedActivityUncertaintyMBqH": "standard uncertainty of the time-integrated activity",
    "timeIntegratedActivityCoefficientUncertaintyH": "standard uncertainty of the coefficient",
    "absorbedDoseUncertaintyGy": "standard uncertainty of the absorbed dose",
    "bedUncertaintyGy": "standard uncertainty of the BED", "eqd2UncertaintyGy": "standard uncertainty of the EQD2",
    "leaCatchesideFactor": "Lea-Catcheside factor", "dvh": "absorbed-dose-volume histogram",
    "dvhInterval68": "68 % interval of the histogram",
    "timeActivity": "time-activity curve", "fit": "fit of the curve", "uncertaintyBudget": "uncertainty budget",
    "engines": "engines beside each other", "absorbedDoseCoefficientGyPerGBq": "absorbed-dose coefficient",
    "absorbedDoseCoefficientUncertaintyGyPerGBq": "standard uncertainty of the absorbed-dose coefficient",
    "timeIntegratedActivityMBqH": "time-integrated activity", "lambda": "effective decay constant",
    "timeIntegratedActivityCoefficientH": "time-integrated activity coefficient",
    "radiobiology": "parameters of the BED",
    "spect": "SPECT", "ct": "CT", "fwhmMM": "FWHM", "resolutionFWHMMM": "resolution of the SPECT (FWHM)",
    "cohort": "comparison with published cohorts", "accumulated": "sum over the cycles",
    "tables": "tables of the report", "remainder": "remainder of the body", "organDrift": "drift of the regions",
    "massG": "mass", "volumeML": "volume", "bedGy": "BED", "eqd2Gy": "EQD2", "densityGPerML": "density",
    "timeAfterAdministrationHours": "time after administration", "isodoses": "volumes within isodoses",
    "covariance": "covariance of the parameters", "points": "measured points"}
_CHOICES = {
    "dose.engine": "absorbed-dose engine", "dose.density": "density", "dose.densityGPerML": "uniform density",
    "kinetics.model": "model of the time-activity curves", "kinetics.perVoxel": "time-activity curves fitted per voxel",
    "kinetics.regionModels": "model of the time-activity curve",
    "kinetics.effectiveHalfLifeHours": "effective half-life",
    "kinetics.populationHalfLife": "half-life of a population",
    "kinetics.earlierCycle": "half-life of an earlier cycle", "kinetics.hybrid": "planar series",
    "kinetics.shared": "shared fit", "kinetics.excludedPoints": "points left out of a fit",
    "kinetics.relativeActivityUncertainty": "relative uncertainty of the activities",
    "uncertainty.calibrationRelative": "relative uncertainty of the calibration",
    "partialVolume": "partial-volume correction",
    "partialVolume.method": "partial-volume correction", "partialVolume.file": "partial-volume correction, calibration",
    "partialVolume.curve": "partial-volume correction, curve of recovery",
    "administration.activityMBq": "administered activity", "administration.dateTime": "time of the administration",
    "regions.names": "name of region", "regions.timePoint": "time point of the outlines (from 0)",
    "statements.measurements": "measurements"}
_CHOICE_VALUES = {
    "dose.density": {"ct": "from the CT", "uniform": "uniform"},
    "partialVolume.method": {"recovery": "a sphere of the region's volume",
                             "geometricTransfer": "the region's own shape (geometric transfer)"}}
_PARTS_NOT_SAID = {"value"}


def wrapped(text, indent=2, hanging=4):
    """A line, broken where it would be too long for the terminal: list of str."""
    return textwrap.wrap(text, WIDTH, initial_indent=" " * indent, subsequent_indent=" " * (indent + hanging),
                         break_long_words=False, break_on_hyphens=False) or [""]


def resolved(path, contents):
    """What a path of values is made of.

    Parameters
    ----------
    path : sequence of str
        See :func:`.recordDiffValues.flat`.
    contents : sequence
        JSON contents that may hold it, the first that does counts.

    Returns
    -------
    (list of (str, bool), str)
        Each part in words, and whether it is an entry of a list; the unit that stands beside the value.
    """
    for content in contents:
        found, node, holder = [], content, None
        for part in path:
            if isinstance(node, dict) and part in node:
                holder = node
                node = node[part]
                found.append((part, False))
            elif isinstance(node, list) and part in (names := entryNames(node)):
                holder, node = None, node[names.index(part)]
                isInterval = any("nterval" in key for key in path[-3:-1])
                found.append((_ENDS[part] if isInterval and part in _ENDS else _entryTitle(node, part), True))
            else:
                break
        if len(found) == len(path):
            unit = holder.get("unit") if isinstance(holder, dict) else None
            return found, _UNITS.get(unit, unit) if isinstance(unit, str) and path[-1] in (
                "value", "standardError", "center", "low95", "high95") else ""
    return [(part, False) for part in path], ""


def _entryTitle(entry, part):
    if isinstance(entry, dict) and isinstance(entry.get("title"), str) and part == entry.get("name"):
        return entry["title"]
    if isinstance(entry, dict) and re.fullmatch(r"\d+", part):
        own = [str(entry[key]) for key in _ENTRY_TITLES if isinstance(entry.get(key), str) and entry[key]]
        return own[0] if own else f"no. {part}"
    if re.fullmatch(r"\d+", part):
        return f"no. {part}"
    if isinstance(entry, dict) and part in (str(entry.get("timeHours")), str(entry.get("hoursAfterAdministration"))):
        return f"{float(part):g} h"
    if isinstance(entry, dict) and part == str(entry.get("levelGy")):
        return f"{float(part):g} Gy"
    return part


def keyTitle(key, isEntry=False):
    """A part of a path in words, and its unit."""
    if isEntry or not re.fullmatch(r"[A-Za-z][A-Za-z0-9.]*", key):
        return key, ""
    if "." in key:
        return ", ".join(keyTitle(part)[0] for part in key.split(".") if part), ""
    title, unit = titleAndUnit(key)
    return _TITLES.get(key, title), unit


def pathWords(path, contents):
    """A path in words and the unit of its value."""
    parts, unit = resolved(path, contents)
    titles = [keyTitle(*part) for part in parts]
    unit = unit or next((own for _title, own in reversed(titles) if own), "")
    said = [title for (part, isEntry), (title, _unit) in zip(parts, titles, strict=True)
            if isEntry or part not in _PARTS_NOT_SAID] or [titles[-1][0]]
    return ", ".join(dict.fromkeys(said)), unit


def choiceWords(path, contents=()):
    """Title and unit of a choice by its path in the choices of a record, one of ``contents``."""
    parts = [keyTitle(*part) for part in resolved(path, contents)[0]]
    unit = next((own for _title, own in reversed(parts) if own), "")
    title, left = next(((_CHOICES[".".join(path[:length])], length) for length in range(len(path), 0, -1)
                        if ".".join(path[:length]) in _CHOICES), ("", 0))
    said = [own for part, (own, _unit) in zip(path[left:], parts[left:], strict=True)
            if part not in (*_PARTS_NOT_SAID, "statements")]
    joined = (" " if title.startswith("name of") else ", ").join(dict.fromkeys([title, *said] if title else said))
    return joined, unit


def choiceValue(path, value):
    """A value of a choice as it is read."""
    place = ".".join(path)
    own = _CHOICE_VALUES.get(place, {})
    if isinstance(value, str) and value in own:
        return own[value]
    if place.startswith("dose.engine") and value in dict(doseOptions.engineChoices()):
        return doseOptions.titleOf(value)
    if place.startswith(("kinetics.model", "kinetics.regionModels")) and value in dict(modelTitles()):
        return dict(modelTitles())[value]
    return value


def pair(one, other, unit="", isSigned=True):
    """``old -> new unit (+1.2 %)``."""
    old, new = numberPair(one, other) if isNumber(one) and isNumber(other) else (single(one), single(other))
    if isNumber(one) != isNumber(other) and ABSENT not in (one, other) and unit:
        unit = f" {unit}"
        old, new = (text + unit if isNumber(value) else text for text, value in ((old, one), (new, other)))
        return f"{old} -> {new}"
    change = percentWords(percentOf(one, other)) if isSigned else ""
    if old == new and isNumber(one):
        return f"{new}{f' {unit}' if unit else ''} (last digits)"
    end = f" {unit}" if unit and (isNumber(one) or isNumber(other)) else ""
    if ABSENT in (one, other):
        side, text = ("second", new) if one == ABSENT else ("first", old)
        return f"{text}{end}, only in the {side} study"
    return f"{old} -> {new}{end}{f' ({change})' if change else ''}"


def percentOf(one, other):
    """Change in percent; ``None`` where it says nothing."""
    if not (isNumber(one) and isNumber(other)) or one == 0 or one * other < 0:
        return None
    return 100.0 * (other - one) / abs(one)


def percentWords(percent):
    """A change in percent, two digits."""
    if percent is None:
        return ""
    if abs(percent) < _LAST_DIGITS_PERCENT:
        return "last digits"
    if abs(percent) >= 1000:
        return f"times {percent / 100.0 + 1.0:.2g}"
    return f"{percent:+.0f} %" if abs(percent) >= 100 else f"{percent:+#.2g} %".replace(". %", " %")


def isOfLastDigits(row):
    """Whether two numbers differ by less than a reader sees."""
    percent = percentOf(row["from"], row["to"])
    return percent is not None and abs(percent) < _LAST_DIGITS_PERCENT


def isAboutZero(path):
    """Whether the changes of a value are not told in percent."""
    return any(_ABOUT_ZERO.search(part) for part in path)


def numberPair(one, other):
    """Two numbers with the same last place, so that their difference shows."""
    if isinstance(one, int) and isinstance(other, int):
        return str(one), str(other)
    largest = max(abs(one), abs(other))
    if largest == 0:
        return "0", "0"
    difference = abs(other - one)
    smallest = min(abs(one), abs(other))
    # of two of like size, the smaller one has its digits too
    top = math.floor(math.log10(smallest if smallest > 0.1 * largest else largest))
    wanted = top - math.floor(math.log10(difference)) + _CHANGE_DIGITS if difference else _LEAST_DIGITS
    place = top - min(max(wanted, _LEAST_DIGITS), _MOST_DIGITS) + 1
    if not _SMALLEST_PLAIN <= top <= _LONGEST_PLAIN:
        return tuple("0" if value == 0 else f"{value:.{max(top - place, 0)}e}" for value in (one, other))
    return tuple("0" if value == 0 else f"{round(value, -place):.{max(-place, 0)}f}" for value in (one, other))


def single(value):
    """One value as it is read."""
    if value is None:
        return "none"
    if isinstance(value, float):
        return f"{value:.4g}"
    if value in ({}, []):
        return "none"
    if re.fullmatch(r"[0-9a-f]{64}", str(value)):
        return value[:_DIGEST_DIGITS]
    return dateTimeText(value) if isinstance(value, str) and value[:2].isdigit() else valueText(value)

"""From a key with its unit at its end to words and a unit, and from nested values to lines of a table."""

import re
from dataclasses import dataclass

from .numbers import asGiven, words
from .tables import NOT_COMPUTED, NOT_STATED

# A key's end -> unit as it is printed; the longest end that fits counts.
_UNITS = {
    "GyPerGBq": "Gy/GBq", "GyPerMBq": "Gy/MBq", "MGyPerMBq": "mGy/MBq", "GyPerMBqH": "Gy/(MBq h)", "GyPerH": "Gy/h",
    "MGyPerMBqS": "mGy/(MBq s)", "MBqPerML": "MBq/mL", "KBqPerML": "kBq/mL", "BqPerML": "Bq/mL", "MBqPerG": "MBq/g",
    "MBqPerKg": "MBq/kg", "GyGPerMBqD": "Gy g/(MBq d)", "JPerGBq": "J/GBq", "HPerML": "h/mL", "GPerML": "g/mL",
    "BqPerCps": "Bq/cps", "CpsPerMBq": "cps/MBq", "CpsPerBq": "cps/Bq", "PerHour": "1/h", "PerDay": "1/d",
    "PerGy": "1/Gy", "MBqH": "MBq h", "MBqD": "MBq d", "MBq": "MBq", "GBq": "GBq", "KBq": "kBq", "MGy": "mGy",
    "Gy": "Gy", "Hours": "h", "Days": "d", "Minutes": "min", "Seconds": "s", "Percent": "%", "Cps": "cps", "MeV": "MeV",
    "KeV": "keV", "Kg": "kg", "ML": "mL", "MM": "mm", "Cm": "cm", "M2": "m²", "H": "h", "D": "d", "G": "g",
}
_END = re.compile(rf"(?<=[a-z0-9])({'|'.join(sorted(_UNITS, key=len, reverse=True))})$")
_KEY = re.compile(r"[a-z]+(?:[A-Z][a-z]+)+")
_BESIDE, _ORIGIN = ("Uncertainty", "Interval95"), ("Origin", "Basis")
_ABBREVIATIONS = {"Bed": "BED", "bed": "BED", "Eqd2": "EQD2", "eqd2": "EQD2", "Bsa": "BSA",
                  "bsa": "BSA"}
_PHRASES = (("interval95", "95 % interval"), ("at95 percent", "at 95 %"), ("SValue", "S value"),
            ("half life", "half-life"), ("time integrated", "time-integrated"), ("blood based", "blood-based"),
            ("image based", "image-based"), ("mono compartment", "mono-compartment"), ("whole body ", "whole-body "),
            ("tumor to normal", "tumor-to-normal"))
# Keys whose own words would say too little, without their unit.
_TITLES = {
    "administeredDeviation": "deviation of the administered from the prescribed activity",
    "isDeliveryConfirmed": "delivery confirmed by images", "isVerified": "verified by images after the treatment",
    "doseConstant": "absorbed-dose constant", "imageDoseConstant": "absorbed-dose constant for the images",
    "isLimitBinding": "given by a limit", "isDoseConstantVerified": "absorbed-dose constant verified",
    "wholeBodyTail": "whole body after the last reading",
    "wholeBodyTailEffective": "coefficient after the last reading, effective decay",
    "wholeBodyTailPhysical": "coefficient after the last reading, physical decay alone",
    "wholeBodyWantedTotal": "whole-body absorbed dose wanted in all",
    "wholeBodyTotalAbsorbedDose": "whole-body absorbed dose of all administrations",
    "wholeBodyRetainedFractionTime": "time of the retained fraction",
    "predictedAbsorbedDoseUncertainty": "standard uncertainty of the absorbed dose it will give (k = 1)",
    "predictedAbsorbedDoseInterval95": "95 % interval of the absorbed dose it will give",
    "maximumActivityAt95Percent": "largest activity that stays below the limit with 95 % probability",
    "maximumActivity": "activity that reaches the limit", "remainingCyclesWhole": "remaining cycles, whole",
    "bsaActivity": "activity by body surface area (BSA)",
    "bsaReducedActivity": "activity by body surface area, reduced for the lung shunt",
    "targetActivity": "activity per cycle for the wanted absorbed dose",
    "targetReachedProbability": "probability of reaching the wanted absorbed dose",
    "acceptedProbability": "accepted probability of passing a limit",
    "nextActivity": "activity of the next cycle", "remainingActivity": "activity left if given in one cycle",
    "relativeUncertainties": "relative standard uncertainty", "activity": "activity the absorbed doses are stated for",
}
# Keys whose value is missing because it, or what it is of, was not stated.
_STATED = ("isDeliveryConfirmed", "administeredDeviation", "acceptedProbability")
_VALUES = {"maaSPECT": "99mTc-MAA SPECT", "yttriumPET": "90Y PET", "bremsstrahlungSPECT": "bremsstrahlung SPECT",
           "bed": "BED", "eqd2": "EQD2"}


def titleAndUnit(key):
    """A key as words and unit, e.g. ``"wholeBodyAbsorbedDoseGy"`` as ``("whole body absorbed dose", "Gy")``."""
    match = _END.search(key)
    unit = _UNITS[match.group(1)] if match else ""
    bare = _bare(key)
    if bare in _TITLES:
        return _TITLES[bare], unit
    parts = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", bare).split()
    parts = [_ABBREVIATIONS.get(part, part.lower() if part[1:].islower() or len(part) == 1 else part) for part in parts]
    text = " ".join(parts)
    for raw, printed in _PHRASES:
        text = text.replace(raw, printed)
    return text, unit


def _bare(key):
    """A key without the unit at its end."""
    match = _END.search(key)
    return key[:match.start()] if match else key


@dataclass(frozen=True)
class Line:
    """One value of a calculation.

    Attributes
    ----------
    title : str
        In words.
    value : object
        Number, text, bool, list of these, or ``None``.
    unit : str
    uncertainty : float or None
        Standard uncertainty (k = 1) in that unit.
    interval : tuple of float or None
        95 % interval in that unit.
    origin : str
        Where the value comes from or what it is for, where the results hold it beside the value.
    missing : str
        The words for a value that is ``None``.
    """

    title: str
    value: object
    unit: str
    uncertainty: float | None = None
    interval: tuple | None = None
    origin: str = ""
    missing: str = NOT_COMPUTED


def lines(values):
    """The values of a dictionary of results, list of :class:`Line`: uncertainty and interval with their value, objects
    one level deep; what lies deeper, and lists of objects, are left to tables."""
    found = []
    beside = {part: {_with(part, key) for key, value in values.items() if value is not None}
              for part in (*_BESIDE, *_ORIGIN)}
    origins = {_with(part, key, isUnitKept=False): key for key in values for part in _ORIGIN}
    origins = {key: values[name] for name, key in origins.items() if isinstance(values.get(name), str)}
    for key, value in values.items():
        title, unit = titleAndUnit(key)
        if isinstance(value, dict):
            found += [_lineBelow(title, unit, name, below) for name, below in value.items() if not _isDeep(below)]
        elif not _isDeep(value) and not any(key in keys for keys in beside.values()) and \
                not any(_with(part, other, isUnitKept=False) == key for other in origins for part in _ORIGIN):
            spread, interval = (None if value is None else values.get(_with(part, key)) for part in _BESIDE)
            found.append(Line(title, value, unit, spread, tuple(interval) if interval else None,
                              valueText(origins.get(key, "")), NOT_STATED if _bare(key) in _STATED else NOT_COMPUTED))
    return found


def valueText(value):
    """A value as it is printed; ``None`` stays for the caller to word."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(valueText(item) for item in value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return asGiven(value)
    if str(value) in _VALUES:
        return _VALUES[str(value)]
    # a key among the values, e.g. that of a method
    return words(value) if _KEY.fullmatch(str(value)) else str(value)


def _with(part, key, isUnitKept=True):
    """The key of what belongs to a value: ``"Uncertainty"`` before the unit of ``key``, or in its place."""
    match = _END.search(key)
    return f"{key[:match.start()]}{part}{match.group(1) if isUnitKept else ''}" if match else f"{key}{part}"


def _lineBelow(title, unit, key, value):
    """A value in an object: another quantity, or that of a region or tissue of the same one."""
    own, ownUnit = titleAndUnit(key)
    return Line(f"{title}: {own if ownUnit else key}", value, ownUnit or unit)


def _isDeep(value):
    return isinstance(value, dict) or (isinstance(value, (list, tuple))
                                       and (not value or any(isinstance(item, (dict, list, tuple)) for item in value)))

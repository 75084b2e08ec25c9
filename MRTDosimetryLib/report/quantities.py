"""From a key with its unit at its end to words and a unit, and from nested values to lines of a table."""

import re

from .numbers import finite, significant

# A key's end -> unit as it is printed; the longest end that fits counts.
_UNITS = {
    "GyPerGBq": "Gy/GBq", "GyPerMBq": "Gy/MBq", "MGyPerMBq": "mGy/MBq", "GyPerMBqH": "Gy/(MBq h)", "GyPerH": "Gy/h",
    "MGyPerMBqS": "mGy/(MBq s)", "MBqPerML": "MBq/mL", "KBqPerML": "kBq/mL", "BqPerML": "Bq/mL", "MBqPerG": "MBq/g",
    "MBqPerKg": "MBq/kg", "GyGPerMBqD": "Gy g/(MBq d)", "JPerGBq": "J/GBq", "HPerML": "h/mL", "GPerML": "g/mL",
    "BqPerCps": "Bq/cps", "CpsPerMBq": "cps/MBq", "CpsPerBq": "cps/Bq", "PerHour": "1/h", "PerDay": "1/d",
    "PerGy": "1/Gy", "MBqH": "MBq h", "MBqD": "MBq d", "MBq": "MBq", "GBq": "GBq", "KBq": "kBq", "MGy": "mGy",
    "Gy": "Gy", "Hours": "h", "Days": "d", "Minutes": "min", "Seconds": "s", "Percent": "%", "Cps": "cps", "MeV": "MeV",
    "Kg": "kg", "ML": "mL", "MM": "mm", "Cm": "cm", "M2": "m²", "H": "h", "D": "d", "G": "g",
}
_END = re.compile(rf"(?<=[a-z0-9])({'|'.join(sorted(_UNITS, key=len, reverse=True))})$")
_ABBREVIATIONS = {"Bed": "BED", "bed": "BED", "Eqd2": "EQD2", "eqd2": "EQD2"}
_PHRASES = (("interval95", "95 % interval"), ("at95 percent", "at 95 %"), ("SValue", "S value"),
            ("half life", "half-life"), ("time integrated", "time-integrated"), ("blood based", "blood-based"),
            ("image based", "image-based"))


def titleAndUnit(key):
    """A key as words and unit, e.g. ``"wholeBodyAbsorbedDoseGy"`` as ``("whole body absorbed dose", "Gy")``."""
    match = _END.search(key)
    unit = _UNITS[match.group(1)] if match else ""
    bare = key[:match.start()] if match else key
    parts = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", bare).split()
    words = [_ABBREVIATIONS.get(part, part.lower() if part[1:].islower() or len(part) == 1 else part) for part in parts]
    text = " ".join(words)
    for raw, printed in _PHRASES:
        text = text.replace(raw, printed)
    return text, unit


def lines(values):
    """Every value of a dictionary of results, nested ones one by one; lists of objects are left to tables.

    Returns
    -------
    list of (str, object, str)
        Words, value (number, text, bool or ``None``), unit.
    """
    found = []
    for key, value in values.items():
        title, unit = titleAndUnit(key)
        found += _linesOf(title, value, unit)
    return found


def valueText(value, digits=4):
    """A value as it is printed; ``None`` stays for the caller to word."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, float) or hasattr(value, "__float__"):
        return significant(finite(value), digits)
    return str(value)


def _linesOf(title, value, unit):
    if isinstance(value, dict):
        found = []
        for key, below in value.items():
            # a key below is another quantity, or the name of a region or tissue of the same one
            own, ownUnit = titleAndUnit(key)
            found += _linesOf(f"{title}: {own if ownUnit else key}", below, ownUnit or unit)
        return found
    if isinstance(value, (list, tuple)):
        if all(not isinstance(item, (dict, list, tuple)) for item in value):
            return [(title, ", ".join(valueText(item) for item in value) if value else None, unit)]
        return []
    return [(title, value, unit)]

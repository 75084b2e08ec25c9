"""Units of maps that come from other programs: absorbed dose, its rate, and time-integrated activity."""

import re

from ..errors import InputError

QUANTITIES = {
    "absorbedDose": "absorbed dose", "absorbedDoseRate": "absorbed-dose rate",
    "timeIntegratedActivity": "time-integrated activity",
}
CANONICAL_UNITS = {"absorbedDose": "Gy", "absorbedDoseRate": "Gy/h", "timeIntegratedActivity": "MBq.h"}
EXAMPLES = {
    "absorbedDose": "Gy or mGy", "absorbedDoseRate": "Gy/h, mGy/h or Gy/s",
    "timeIntegratedActivity": "MBq h per voxel, Bq s per voxel, MBq h/mL or Bq s/mL",
}
_GRAY_PREFIXES = {"": 1.0, "c": 1e-2, "m": 1e-3, "u": 1e-6, "n": 1e-9}
_BECQUEREL_PREFIXES = {"": 1e-6, "k": 1e-3, "M": 1.0, "G": 1e3}
_HOURS = {"s": 1 / 3600.0, "min": 1 / 60.0, "h": 1.0, "d": 24.0}
# Prefixes are case-sensitive (m and M differ by 1e9); the rest of a unit may be spelled as programs spell it.
_GRAY = re.compile(r"([cmun]?)[Gg][Yy](?: ?/ ?(h|min|s|d))?")
_ACTIVITY = re.compile(r"(?:([kMG]?)Bq ?(s|min|h|d)|decays?)(?: ?/ ?(m[lL]|cm3|voxel))?")


def isMapUnit(unit, quantity=None):
    """Whether a text is a unit of a quantity, or of any when it is left out."""
    for name in [quantity] if quantity else QUANTITIES:
        if _factorOf(name, unit) is not None:
            return True
    return False


def mapUnit(quantity, unit):
    """Factor from a stated unit to the canonical one of a quantity, and whether the values are per mL.

    Parameters
    ----------
    quantity : str
        A key of :data:`QUANTITIES`.
    unit : str
        For example ``"mGy/h"``, ``"MBq h/mL"``, ``"Bq.s per voxel"``. A time-integrated activity without "/mL" is
        that of each voxel.

    Returns
    -------
    factor : float
        To :data:`CANONICAL_UNITS`: Gy, Gy/h, MBq h (per voxel, or per mL).
    isPerML : bool

    Raises
    ------
    InputError
        No unit, an unknown one, or one of another quantity.
    """
    requireQuantity(quantity)
    title, mend = QUANTITIES[quantity], f"State it, for example {EXAMPLES[quantity]}"
    if not _plain(unit):
        raise InputError(f"The unit of the map of {title} is neither in the file nor stated; it is never guessed",
                         "unit", mend)
    found = _factorOf(quantity, unit)
    if found is not None:
        return found
    raise InputError(f"'{unit}' is no unit of {title}", "unit", mend)


def _factorOf(quantity, unit):
    """Factor and whether per mL, or None."""
    text = _plain(unit)
    gray, activity = _GRAY.fullmatch(text), _ACTIVITY.fullmatch(text)
    if gray is not None and quantity != "timeIntegratedActivity":
        prefix, time = gray.groups()
        if (time is None) == (quantity == "absorbedDose"):
            return _GRAY_PREFIXES[prefix] / (_HOURS[time] if time else 1.0), False
    if activity is not None and quantity == "timeIntegratedActivity":
        prefix, time, volume = activity.groups()
        factor = 1e-6 / 3600.0 if time is None else _BECQUEREL_PREFIXES[prefix] * _HOURS[time]
        return factor, volume is not None and volume != "voxel"
    return None


def requireQuantity(quantity):
    """Refuse a quantity that is not one of :data:`QUANTITIES`."""
    if quantity not in QUANTITIES:
        raise InputError(f"'{quantity}' is no quantity of a map", "quantity", f"Use {', '.join(QUANTITIES)}")


def _plain(unit):
    """A unit with single spaces and slashes: ``"MBq·h per mL"`` -> ``"MBq h/mL"``."""
    text = "" if unit is None else str(unit)
    text = text.replace("\u00b5", "u").replace("\u03bc", "u")
    text = re.sub(r"[\u00b7\u00d7*.]", " ", text)
    text = re.sub(r"\s*\bper\b\s*", "/", text)
    return re.sub(r"\s+", " ", text).strip()

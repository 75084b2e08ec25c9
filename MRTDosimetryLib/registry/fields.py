"""What the registry keeps of a case: one list for the database, the CSV file and the checks."""

import math
import re
from dataclasses import dataclass
from datetime import datetime

from ..errors import InputError

TEXT, INTEGER, NUMBER, TIME = "text", "integer", "number", "time"
LONGEST_TEXT = 200


@dataclass(frozen=True)
class Field:
    """One field.

    Attributes
    ----------
    name : str
        Attribute and database column, with the unit in the name.
    title : str
        Column title of a CSV file, with the unit in brackets.
    kind : str
        "text", "integer" (from 1), "number" (finite) or "time" (ISO 8601).
    isRequired : bool
    isZeroAllowed : bool
        Of a number: 0 is possible; below zero nothing is.
    """

    name: str
    title: str
    kind: str = TEXT
    isRequired: bool = False
    isZeroAllowed: bool = False


CASE_FIELDS = (
    Field("centerId", "center", isRequired=True),
    Field("pseudonym", "pseudonym", isRequired=True),
    Field("treatment", "treatment", isRequired=True),
    Field("radionuclide", "radionuclide", isRequired=True),
    Field("cycle", "cycle", INTEGER, isRequired=True),
    Field("protocol", "protocol"),
    Field("strategy", "strategy"),
    Field("tracer", "tracer"),
    Field("level", "level"),
    Field("administeredActivityMBq", "administered activity (MBq)", NUMBER),
    Field("administrationDigest", "keyed digest of the administration"),
    Field("softwareVersion", "software version"),
    Field("resultsDigest", "digest of the results", isRequired=True),
    Field("overrideReason", "taken without complete sign-off, reason"),
    Field("registeredTime", "registered (ISO 8601)", TIME, isRequired=True),
)
REGION_FIELDS = (
    Field("name", "region", isRequired=True),
    Field("tissue", "tissue"),
    Field("massG", "mass (g)", NUMBER, isRequired=True),
    Field("volumeML", "volume (mL)", NUMBER, isRequired=True),
    Field("timeIntegratedActivityCoefficientH", "time-integrated activity coefficient (h)", NUMBER,
          isZeroAllowed=True),
    Field("effectiveHalfLifeHours", "effective half-life (h)", NUMBER),
    Field("absorbedDoseGy", "absorbed dose (Gy)", NUMBER, isRequired=True, isZeroAllowed=True),
    Field("absorbedDoseCoefficientGyPerGBq", "absorbed dose coefficient (Gy/GBq)", NUMBER, isZeroAllowed=True),
    Field("absorbedDoseUncertaintyGy", "absorbed dose uncertainty k=1 (Gy)", NUMBER, isZeroAllowed=True),
    Field("bedGy", "BED (Gy)", NUMBER, isZeroAllowed=True),
    Field("model", "model of the kinetics"),
    Field("engine", "absorbed-dose engine"),
)
SIGNATURE_FIELDS = (Field("role", "signed role", isRequired=True), Field("time", "signed time", TIME, isRequired=True))
THERAPY_FIELDS = (Field("name", "therapy quantity with its unit", isRequired=True),
                  Field("value", "therapy value", NUMBER, isRequired=True, isZeroAllowed=True))

# What a distribution can be asked for, per region: title and unit.
QUANTITIES = {
    "absorbedDoseCoefficientGyPerGBq": ("Absorbed dose coefficient", "Gy/GBq"),
    "absorbedDoseGy": ("Absorbed dose", "Gy"),
    "effectiveHalfLifeHours": ("Effective half-life", "h"),
    "timeIntegratedActivityCoefficientH": ("Time-integrated activity coefficient", "h"),
    "bedGy": ("BED", "Gy"),
    "massG": ("Mass", "g"),
    "volumeML": ("Volume", "mL"),
}
# Values of a therapy's own calculation that are results of the patient: those of the whole body, blood and marrow.
THERAPY_PREFIXES = ("wholeBody", "blood", "marrow")
_UNIT = re.compile(r"(?:GyPerGBq|MBqH|MBq|GBq|PerHour|Hours|Percent|Gy|ML|G|H|D)$")


def checkValue(field, value, where, faults):
    """Add to ``faults`` what is wrong with a value; ``None`` is "not known"."""
    what = f"The {field.title}"
    if value is None:
        if field.isRequired:
            faults.add(f"{what} is missing", where, "Give it")
        return
    if field.kind == TEXT:
        _checkText(what, value, where, faults)
    elif field.kind == INTEGER:
        if type(value) is not int or value < 1:
            faults.add(f"{what} is {value!r}, but has to be a whole number from 1", where)
    elif field.kind == TIME:
        with faults.collect():
            momentOf(value, where)
    else:
        _checkNumber(field, what, value, where, faults)


def momentOf(text, where):
    """ISO 8601 text as a moment; a time without its zone is taken as that of this machine."""
    try:
        return datetime.fromisoformat(str(text)).astimezone()
    except (ValueError, OverflowError, OSError):
        raise InputError(f"'{text}' is not a date and time", where, "Write it as 2026-05-04T10:00:00+02:00") from None


def isTherapyQuantity(name):
    """Whether a key of ``therapy`` is kept: of whole body, blood or marrow, with its unit in the name."""
    return name.startswith(THERAPY_PREFIXES) and _UNIT.search(name) is not None


def _checkText(what, value, where, faults):
    if not isinstance(value, str) or not value or value != value.strip():
        faults.add(f"{what} is no text ({value!r})", where)
    elif len(value) > LONGEST_TEXT:
        faults.add(f"{what} is longer than {LONGEST_TEXT} characters", where)
    elif not value.isprintable():
        faults.add(f"{what} holds characters that cannot be printed", where)
    elif "^" in value:
        faults.add(f"{what}, '{value}', looks like a patient's name in DICOM", where,
                   "The registry holds no names: rename it")


def _checkNumber(field, what, value, where, faults):
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        faults.add(f"{what} is no finite number ({value!r})", where)
    elif value < 0 or (value == 0 and not field.isZeroAllowed):
        faults.add(f"{what} is {value:g}, but has to be {'zero or above' if field.isZeroAllowed else 'above zero'}",
                   where)

"""Data sets that a center has downloaded, each a folder with a study file and ``reference.json``: what it has to give.

The program ships no such data and no numbers of them: the expected values come from the publication that the center
has read, with source, tolerance and the reason of the tolerance beside each of them.
"""

import json
import os
from dataclasses import dataclass

from ..errors import Faults, InputError
from ..therapies.inputs import number, refuseUnknown
from . import publicChallenge

FILE_NAME = "reference.json"
KIND, SCHEMA_VERSION = "commissioning reference", 1
# Of a region, as results.json names them, with their units; those of the therapy by the ending of their name.
REGION_UNITS = {
    "volumeML": "mL", "massG": "g", "timeIntegratedActivityMBqH": "MBq h", "timeIntegratedActivityCoefficientH": "h",
    "effectiveHalfLifeHours": "h", "absorbedDoseGy": "Gy", "absorbedDoseCoefficientGyPerGBq": "Gy/GBq", "bedGy": "Gy",
    "dvh.D98Gy": "Gy", "dvh.D95Gy": "Gy", "dvh.D50Gy": "Gy", "dvh.D2Gy": "Gy",
}
THERAPY = "therapy."
_ENDINGS = (("GyPerGBq", "Gy/GBq"), ("GyPerMBqH", "Gy/(MBq h)"), ("GyPerMBq", "Gy/MBq"), ("MBqPerKg", "MBq/kg"),
            ("PerDay", "1/d"), ("Gy", "Gy"), ("MBqH", "MBq h"), ("MBq", "MBq"), ("Hours", "h"), ("Days", "d"),
            ("Percent", "%"), ("Fraction", ""), ("Ratio", ""), ("H", "h"), ("D", "d"), ("ML", "mL"), ("G", "g"))
_TOP_KEYS = {"kind", "schemaVersion", "about", "title", "study", "quantities"}
_QUANTITY_KEYS = {"quantity", "source", "tolerance", "isRelative", "toleranceReason", "values"}
_MEND = "See docs/publicDataSets.md for how to fill it in"


@dataclass(frozen=True)
class Quantity:
    """One quantity of a data set with its expected values.

    Attributes
    ----------
    name, unit, source : str
    tolerance : float
    isRelative : bool
    reason : str
        Of the tolerance.
    values : dict
        Region (or a label, for values of the therapy) -> expected value.
    """

    name: str
    unit: str
    source: str
    tolerance: float
    isRelative: bool
    reason: str
    values: dict


@dataclass(frozen=True)
class Reference:
    """A data set: its folder's name, title, study file and quantities."""

    key: str
    title: str
    studyPath: str
    quantities: tuple


def readDataSets(folder):
    """All data sets of a folder: those of its sub-folders, or the folder itself.

    Returns
    -------
    (tuple of Reference, tuple of Patient)
        Those with a reference file, and the patients of the challenge that have none.

    Raises
    ------
    InputError, FaultList
        No data set is there, or one is damaged: every fault found.
    """
    if not os.path.isdir(folder):
        raise InputError("There is no such folder", str(folder), "Name the folder of the downloaded data")
    found, faults = [], Faults()
    for place in [folder, *(entry.path for entry in sorted(os.scandir(folder), key=lambda entry: entry.name)
                            if entry.is_dir())]:
        if os.path.isfile(os.path.join(place, FILE_NAME)):
            with faults.collect():
                found.append(readReference(place))
    faults.raiseIfAny()
    known = {reference.key for reference in found}
    challenge = tuple(patient for patient in publicChallenge.patients(folder) if patient.name not in known)
    if not found and not challenge:
        raise InputError(f"No folder with a {FILE_NAME} is there, and none of the SNMMI challenge (patient_4/"
                         f"{publicChallenge.SCANS})", str(folder), _MEND)
    return tuple(found), challenge


def readReference(folder):
    """The data set of one folder.

    Raises
    ------
    InputError, FaultList
        Every fault found in its ``reference.json``.
    """
    path = os.path.join(folder, FILE_NAME)
    where = f"{os.path.basename(os.path.abspath(folder))}/{FILE_NAME}"
    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The file cannot be read ({error.__class__.__name__})", where) from None
    except json.JSONDecodeError as error:
        raise InputError(f"The file is not JSON ({error.msg}, line {error.lineno})", where) from None
    if not isinstance(content, dict) or content.get("kind") != KIND or content.get("schemaVersion") != SCHEMA_VERSION:
        raise InputError("The file is no reference of a commissioning, or of another version", where, _MEND)
    faults = Faults()
    with faults.collect():
        refuseUnknown(content, _TOP_KEYS, where)
    title, study = (_text(content, key, where, faults) for key in ("title", "study"))
    studyPath = os.path.join(folder, study)
    if study and not os.path.isfile(studyPath):
        faults.add(f"The study file '{study}' is not there", where, "Name it relative to this file")
    entries, quantities = content.get("quantities"), []
    if not isinstance(entries, list) or not entries:
        faults.add("'quantities' is no list of quantities", where, _MEND)
        entries = []
    for index, entry in enumerate(entries):
        with faults.collect():
            quantities.append(_quantity(entry, f"{where}: quantity {index + 1}"))
    faults.raiseIfAny()
    return Reference(os.path.basename(os.path.abspath(folder)), title, studyPath, tuple(quantities))


def _quantity(entry, where):
    faults = Faults()
    refuseUnknown(entry, _QUANTITY_KEYS, where)
    name, source, reason = (_text(entry, key, where, faults) for key in ("quantity", "source", "toleranceReason"))
    unit = ""
    if name:
        with faults.collect():
            unit = unitOf(name, where)
    isRelative, tolerance, values = entry.get("isRelative"), 0.0, {}
    if not isinstance(isRelative, bool):
        faults.add("'isRelative' is neither true nor false", where, "true: the tolerance is a fraction, 0.05 for 5 %")
    with faults.collect():
        tolerance = number(entry.get("tolerance"), "tolerance", where, 0.0, isLowIncluded=False)
    stated = entry.get("values")
    if not isinstance(stated, dict) or not stated:
        faults.add("'values' holds no expected value", where, "Give them by region")
        stated = {}
    for region, value in stated.items():
        with faults.collect():
            values[region] = number(value, f"expected value of {region}", where)
            if isRelative is True and values[region] == 0:
                faults.add(f"The expected value of {region} is 0, with a relative tolerance", where,
                           "State an absolute tolerance")
    faults.raiseIfAny()
    return Quantity(name, unit, source, tolerance, isRelative, reason, values)


def _text(content, key, where, faults):
    value = content.get(key)
    if not isinstance(value, str) or not value.strip():
        faults.add(f"'{key}' is not stated", where, _MEND)
        return ""
    return value


def unitOf(name, where):
    """Unit of a quantity by its name."""
    if name in REGION_UNITS:
        return REGION_UNITS[name]
    if name.startswith(THERAPY):
        for ending, unit in _ENDINGS:
            # a compound unit that is not listed must not pass for its last part
            bare = name.removesuffix(ending)
            if bare not in (name, THERAPY) and "Per" not in bare:
                return unit
    raise InputError(f"'{name}' is no quantity that can be held against a reference", where,
                     f"Known are {', '.join(REGION_UNITS)}, and values of the therapy as {THERAPY}NAME")


def valueOf(results, name, region):
    """A quantity of a region in results; words where it is not there.

    Raises
    ------
    InputError
        There is no such region, value, or number.
    """
    if name.startswith(THERAPY):
        value = (results.get("therapy") or {}).get(name.removeprefix(THERAPY))
        place = "therapy"
    else:
        rows = {row["name"]: row for row in results["regions"]}
        if region not in rows:
            raise InputError(f"The results have no region '{region}'", name,
                             f"They have {', '.join(rows) or 'none'}")
        value, place = rows[region], region
        for key in name.split("."):
            value = (value or {}).get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise InputError(f"The results hold no number for {name}", place, "See the warnings of the study")
    return float(value)

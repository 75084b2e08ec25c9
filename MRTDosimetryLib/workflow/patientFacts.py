"""Mass, height, sex and age of the patient as the images state them, for the user to take over."""

import re

from . import statementEntry, statements

KEY = "patient"
# Field of the statement -> fact of a time point.
_FACTS = {"massKg": "patientWeightKg", "heightCm": "patientHeightCm", "sex": "patientSex", "ageYears": "patientAge"}
_YEARS = re.compile(r"(\d+) years?")


def inImages(study):
    """What the images state of the patient, and the statement does not hold yet.

    Returns
    -------
    dict
        ``massKg``, ``heightCm``, ``sex``, ``ageYears``; a fact that differs between the images is left out.
    """
    stated = statements.stated(study).get(KEY) or {}
    found = {}
    for name, fact in _FACTS.items():
        values = {point.factValue(fact) for point in study.timePoints} - {None, ""}
        if len(values) == 1 and name not in stated:
            value = _value(name, values.pop())
            if value is not None:
                found[name] = value
    return found


def take(study, actingAs=None):
    """Take over what :func:`inImages` gives; what is stated already stays."""
    found = inImages(study)
    if found:
        entry = statements.statements(study).get(KEY)
        details = ", ".join(_FACTS[name] for name in found)
        source = "DICOM" if entry is None else entry["source"]
        before = [] if entry is None or not entry["detail"] else [entry["detail"]]
        detail = details if entry is None else "; ".join([*before, f"DICOM: {details}"])
        statementEntry.keep(study, KEY, {**((entry or {}).get("value") or {}), **found}, source=source, detail=detail,
                            actingAs=actingAs)


def _value(name, value):
    if name == "ageYears":
        match = _YEARS.fullmatch(str(value))
        return float(match.group(1)) if match else None
    if name == "sex":
        return value if value in ("female", "male") else None
    return float(value)

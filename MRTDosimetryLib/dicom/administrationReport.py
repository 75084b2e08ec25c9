"""Read a Radiopharmaceutical Radiation Dose report (PS3.16 TID 10021): what was measured, given and left."""

from ..errors import InputError
from .elements import firstItem, inFile, items, number, readDataset, tagName, tagText, text
from .facts import Fact
from .radiopharmaceuticals import nuclideName
from .times import isoText, parseDT

SOP_CLASS_UID = "1.2.840.10008.5.1.4.1.1.88.68"
_EVENT = "113502"  # Radiopharmaceutical Administration
_FACTORS = {"MBq": 1.0, "Bq": 1e-6, "kBq": 1e-3, "GBq": 1e3}
# DCM code of a number: name of the fact
_ACTIVITIES = {
    "113507": "administeredActivityMBq",
    "113508": "measuredActivityMBq",  # before the administration
    "113509": "residualActivityMBq",  # after the administration
}
_TIMES = {"123003": "radiopharmaceuticalStartDateTime", "123004": "radiopharmaceuticalStopDateTime"}
_RADIONUCLIDE = ("89457008", "C-10072")  # SNOMED CT, and SNOMED RT as earlier editions had it
_MOST_ITEMS = 100_000


def readAdministration(path):
    """Facts of the one administration that a report tells.

    Parameters
    ----------
    path : str

    Returns
    -------
    dict of str to Fact
        ``administeredActivityMBq``, ``measuredActivityMBq``, ``residualActivityMBq``, ``radionuclide``,
        ``radiopharmaceuticalStartDateTime``, ``radiopharmaceuticalStopDateTime``, ``patientId``, as far as stated.

    Raises
    ------
    InputError
        Another kind of object, no or several administrations, an activity in a unit that is none.
    """
    where = str(path)
    dataset = readDataset(where)
    with inFile(where):
        if text(dataset, "SOPClassUID") != SOP_CLASS_UID:
            raise InputError(f"The file reports no administration ({tagName('SOPClassUID')})", where,
                             "Give a Radiopharmaceutical Radiation Dose report")  # fmt: skip
        events = [item for item, _ in _walk(dataset, "") if _concept(item) == _EVENT]
        if len(events) != 1:
            raise InputError(
                f"The report tells {len(events)} administrations instead of one ({tagText('ContentSequence')})", where,
                "State activity and time of the one that is meant",
            )  # fmt: skip
        facts = {}
        for item, place in _walk(events[0], ""):
            _take(item, place, facts, where)
        if text(dataset, "PatientID"):
            facts["patientId"] = Fact(text(dataset, "PatientID"), "", "DICOM", tagText("PatientID"))
        return facts


def _walk(item, place):
    """All content items below an item, with their path."""
    waiting, count = [(item, place)], 0
    while waiting:
        current, path = waiting.pop(0)
        for index, child in enumerate(items(current, "ContentSequence")):
            count += 1
            if count > _MOST_ITEMS:
                raise InputError(f"The report has too many items ({tagText('ContentSequence')})")
            below = f"{path}.{tagText(('ContentSequence', index))}".lstrip(".")
            yield child, below
            waiting.append((child, below))


def _concept(item):
    code = firstItem(item, "ConceptNameCodeSequence")
    return "" if code is None else text(code, "CodeValue")


def _take(item, place, facts, where):
    concept = _concept(item)
    detail = f"{place} {concept}"
    if concept in _ACTIVITIES:
        measured = firstItem(item, "MeasuredValueSequence")
        value = None if measured is None else number(measured, "NumericValue")
        unit = None if measured is None else firstItem(measured, "MeasurementUnitsCodeSequence")
        factor = None if unit is None else _FACTORS.get(text(unit, "CodeValue"))
        if value is None:
            return
        if factor is None or value < 0:
            raise InputError(
                f"An activity of the report is negative or in no unit of activity ({tagName('NumericValue')}, "
                f"{tagName('MeasurementUnitsCodeSequence')})", where, "State the activity instead",
            )  # fmt: skip
        _keep(facts, _ACTIVITIES[concept], Fact(value * factor, "MBq", "DICOM", detail), where)
    elif concept in _TIMES:
        moment = parseDT(text(item, "DateTime"))
        if moment is None:
            raise InputError(f"{tagName('DateTime')} of the report is no date and time", where)
        _keep(facts, _TIMES[concept], Fact(isoText(moment), "", "DICOM", detail), where)
    elif concept in _RADIONUCLIDE:
        code = firstItem(item, "ConceptCodeSequence")
        name = "" if code is None else nuclideName(text(code, "CodeValue"), text(code, "CodeMeaning"))
        if name:
            _keep(facts, "radionuclide", Fact(name, "", "DICOM", detail), where)


def _keep(facts, name, fact, where):
    if name in facts and facts[name].value != fact.value:
        raise InputError(f"The report states two values for {name} ({fact.detail})", where, "State the right one")
    facts.setdefault(name, fact)

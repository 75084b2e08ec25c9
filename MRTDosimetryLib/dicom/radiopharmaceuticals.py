"""The administration as an image's header tells it: radionuclide, activity, time."""

import re

from ..errors import InputError
from .elements import firstItem, items, number, tagName, tagText, text
from .facts import Fact
from .times import isoText, offsetOfDT, offsetText, parseDT, utcOffset

_SEQUENCE = "RadiopharmaceuticalInformationSequence"
_NUCLIDE_NUMBER_FIRST = re.compile(r"\^?(\d{1,3}m?)\^?\s*[- ]?\s*([A-Za-z]+)$")
_NUCLIDE_SYMBOL_FIRST = re.compile(r"([A-Za-z]+)\s*[- ^]?\s*(\d{1,3}m?)\^?$")

# Element names as they appear in code meanings (PS3.16 CID 18 and CID 4020).
_SYMBOLS = {
    "lutetium": "Lu", "iodine": "I", "yttrium": "Y", "technetium": "Tc", "holmium": "Ho", "fluorine": "F",
    "gallium": "Ga", "indium": "In", "samarium": "Sm", "radium": "Ra", "actinium": "Ac", "copper": "Cu",
    "zirconium": "Zr", "rhenium": "Re", "terbium": "Tb", "scandium": "Sc", "strontium": "Sr", "astatine": "At",
    "lead": "Pb", "bismuth": "Bi", "thorium": "Th", "phosphorus": "P", "erbium": "Er", "dysprosium": "Dy",
    "carbon": "C", "nitrogen": "N", "oxygen": "O", "rubidium": "Rb", "thallium": "Tl", "krypton": "Kr",
    "xenon": "Xe", "chromium": "Cr", "cobalt": "Co", "selenium": "Se", "barium": "Ba", "cesium": "Cs",
}  # fmt: skip

# Codes whose meaning some writers leave out: SNOMED CT and SNOMED RT codes of PS3.16 CID 18 and CID 4020.
_NUCLIDE_CODES = {
    "447553000": "Lu-177", "C-163A8": "Tc-99m", "C-114B1": "I-131", "C-111A1": "F-18", "C-122A9": "Y-90",
    "C-131A3": "Ga-68",
}  # fmt: skip

# Larger than any administered activity, to notice Bq where MBq belongs; and the smallest one that is believed in the
# unit that is right for the file, and in the other one.
_LARGEST_ACTIVITY_MBQ = 1e5
_SMALLEST_ACTIVITY_MBQ = (0.1, 1.0)
_HALF_LIFE_TOLERANCE = 0.01


def nuclideName(code, meaning):
    """Nuclide as ``"Lu-177"`` from a code value and its meaning, or empty where neither names one."""
    if code in _NUCLIDE_CODES:
        return _NUCLIDE_CODES[code]
    match = _NUCLIDE_NUMBER_FIRST.match(meaning)
    massNumber, element = match.groups() if match else ("", "")
    if not match:
        match = _NUCLIDE_SYMBOL_FIRST.match(meaning)
        element, massNumber = match.groups() if match else ("", "")
    symbol = _SYMBOLS.get(element.lower(), element.capitalize() if len(element) <= 2 else "")
    return f"{symbol}-{massNumber}" if symbol in _SYMBOLS.values() and massNumber else ""


def radiopharmaceuticalFacts(dataset, isActivityInBq):
    """Facts of the administration from the Radiopharmaceutical Information Sequence, and warnings.

    Parameters
    ----------
    dataset : pydicom.Dataset
    isActivityInBq : bool
        Unit of Radionuclide Total Dose: Bq in the PET IOD (PS3.3 C.8.9.2), MBq in the NM IOD (PS3.3 C.8.4.10).

    Returns
    -------
    tuple of (dict of Fact, list of str)
    """
    facts, warnings = {}, []
    found = items(dataset, _SEQUENCE)
    if not found:
        return facts, warnings
    item = found[0]
    if len(found) > 1:
        warnings.append(f"{tagName(_SEQUENCE)} lists {len(found)} radiopharmaceuticals; the first one is used")
        names = {_nuclide(other)[0] for other in found} - {""}
        if len(names) > 1:
            warnings[-1] = (
                f"{tagName(_SEQUENCE)} lists several radionuclides ({', '.join(sorted(names))}); the file does not "
                "say which one the image shows, and nothing of the administrations is used"
            )
            return facts, warnings
    for part, words in (_startFact(dataset, item), _activityFact(item, isActivityInBq), _nuclideFacts(item)):
        facts.update(part)
        warnings += words
    return facts, warnings


def _startFact(dataset, item):
    """Date and time of the administration, expressed in the local time of the scan."""
    stated = text(item, "RadiopharmaceuticalStartDateTime")
    start, warnings, others = parseDT(stated), [], []
    detail = tagText((_SEQUENCE, 0), "RadiopharmaceuticalStartDateTime")
    timeOfDay = text(item, "RadiopharmaceuticalStartTime")
    timeDetail = tagText((_SEQUENCE, 0), "RadiopharmaceuticalStartTime")
    if stated and start is None:
        warnings.append(f"{tagName('RadiopharmaceuticalStartDateTime')} is '{stated}', which is no date and time")
    if start is None:
        if not timeOfDay:
            return {}, warnings
        # A time without its date says nothing in therapy: scans follow days later.
        warnings.append(
            f"The file gives the time of day of the administration ({tagName('RadiopharmaceuticalStartTime')}), "
            "not its date"
        )
        return {"radiopharmaceuticalStartTime": Fact(timeOfDay, "", "DICOM", timeDetail)}, warnings
    own, ofFile = offsetOfDT(stated), utcOffset(dataset)[0]
    if own is not None and ofFile is not None and own != ofFile:
        others.append({"value": isoText(start), "detail": f"{detail} at {offsetText(own)}"})
        start += ofFile - own
        warnings.append(
            f"The administration is stated at {offsetText(own)}, the scan at {offsetText(ofFile)} (daylight saving): "
            f"the administration is taken as {isoText(start)} by the clock of the scan"
        )
    if timeOfDay and timeOfDay.split(".")[0].replace(":", "") != start.strftime("%H%M%S"):
        others.append({"value": timeOfDay, "detail": timeDetail})
        if not timeOfDay.replace(":", "").startswith(start.strftime("%H%M")) and own in (None, ofFile):
            warnings.append(
                f"{tagName('RadiopharmaceuticalStartTime')} is {timeOfDay}, "
                f"{tagName('RadiopharmaceuticalStartDateTime')} {isoText(start)}; the latter is used"
            )
    return {"radiopharmaceuticalStartDateTime": Fact(isoText(start), "", "DICOM", detail, tuple(others))}, warnings


def _activityFact(item, isActivityInBq):
    name = tagName("RadionuclideTotalDose")
    try:
        stated = number(item, "RadionuclideTotalDose")
    except InputError as error:
        return {}, [f"{error.what}, and is not used"]
    if stated is None:
        return {}, []
    if stated == 0:
        return {}, [f"The administered activity in the file is zero, which means that it was not entered ({name})"]
    detail = tagText((_SEQUENCE, 0), "RadionuclideTotalDose")
    expected, other = ("Bq", "MBq") if isActivityInBq else ("MBq", "Bq")
    for unit, smallestMBq in zip((expected, other), _SMALLEST_ACTIVITY_MBQ, strict=True):
        activityMBq = stated * (1e-6 if unit == "Bq" else 1.0)
        if smallestMBq <= activityMBq <= _LARGEST_ACTIVITY_MBQ:
            warnings = []
            if unit != expected:
                warnings.append(
                    f"The administered activity {stated:g} ({name}) can only be meant in {unit}, although {expected} "
                    "is the unit of this kind of file"
                )
            fact = Fact(activityMBq, "MBq", "DICOM", f"{detail} read as {unit}")
            return {"administeredActivityMBq": fact}, warnings
    return {}, [
        f"The administered activity in the file ({stated:g}, {name}) is not plausible in Bq nor in MBq and is not used"
    ]


def _nuclide(item):
    """Name of the radionuclide of an item, and what its code shows."""
    code = firstItem(item, "RadionuclideCodeSequence")
    if code is None:
        return "", ""
    value, meaning = text(code, "CodeValue"), text(code, "CodeMeaning")
    return nuclideName(value, meaning), meaning or value


def _nuclideFacts(item):
    from ..physics.nuclides import nuclide

    name, shown = _nuclide(item)
    if not name:
        words = f"The radionuclide code of the file is not understood: {shown} ({tagText('RadionuclideCodeSequence')})"
        return {}, [words] if shown else []
    detail = tagText((_SEQUENCE, 0), ("RadionuclideCodeSequence", 0))
    facts = {"radionuclide": Fact(name, "", "DICOM", detail)}
    try:
        stated = number(item, "RadionuclideHalfLife")
    except InputError as error:
        return facts, [f"{error.what}, and is not used"]
    if not stated:
        return facts, []
    detail = tagText((_SEQUENCE, 0), "RadionuclideHalfLife")
    facts["radionuclideHalfLifeSeconds"] = Fact(stated, "s", "DICOM", detail)
    try:
        known = nuclide(name).halfLifeHours * 3600.0
    except InputError:
        return facts, []  # a nuclide without an entry of its own; the study asks for one that has
    if abs(stated / known - 1.0) > _HALF_LIFE_TOLERANCE:
        return facts, [
            f"{tagName('RadionuclideHalfLife')} is {stated:g} s; that of {name} is {known:g} s. A decay correction by "
            "the scanner may be wrong"
        ]
    return facts, []

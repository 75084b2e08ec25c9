"""From DICOM attributes to facts: dates, radiopharmaceutical, identity."""

import math
import re
from datetime import datetime, timedelta

from ..errors import InputError
from .facts import Fact

_DATE = re.compile(r"^(\d{4})[.-]?(\d{2})[.-]?(\d{2})$")
_TIME = re.compile(r"^(\d{2})(?::?(\d{2}))?(?::?(\d{2}))?(?:[.,](\d{1,6}))?$")
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


def tagText(*path):
    """Tag path in words of the standard: ``tagText(("RadiopharmaceuticalInformationSequence", 0), "...")``."""
    from pydicom.datadict import tag_for_keyword

    parts = []
    for step in path:
        keyword, index = step if isinstance(step, tuple) else (step, None)
        tag = tag_for_keyword(keyword)
        parts.append(f"({tag >> 16:04X},{tag & 0xFFFF:04X})" + ("" if index is None else f"[{index}]"))
    return ".".join(parts)


def text(dataset, keyword):
    """Stripped text of an attribute, empty where it is absent or empty."""
    value = dataset.get(keyword)
    return "" if value is None else str(value).strip().strip("\0")


def number(dataset, keyword):
    """Finite number of an attribute, or None where it is absent, empty or no number."""
    value = dataset.get(keyword)
    if value is None or isinstance(value, str) and not value.strip():
        return None
    try:
        result = float(value)
    except (TypeError, ValueError):
        return None
    return result if math.isfinite(result) else None


def numbers(dataset, keyword, count):
    """List of ``count`` finite numbers, or None where the attribute does not hold that many."""
    value = dataset.get(keyword)
    if value is None or isinstance(value, str | bytes):
        return None
    try:
        result = [float(item) for item in value]
    except (TypeError, ValueError):
        return None
    return result if len(result) == count and all(map(math.isfinite, result)) else None


def firstItem(dataset, keyword):
    """First item of a sequence, or None."""
    sequence = dataset.get(keyword)
    return sequence[0] if sequence else None


def parseDateTime(date, time):
    """Local date and time from DICOM DA and TM texts, or None where either is absent or no valid date and time."""
    dateMatch, timeMatch = _DATE.match(date), _TIME.match(time)
    if not dateMatch or not timeMatch:
        return None
    hours, minutes, seconds, fraction = timeMatch.groups()
    try:
        return datetime(
            *(int(part) for part in dateMatch.groups()),
            int(hours), int(minutes or 0), int(seconds or 0), int((fraction or "0").ljust(6, "0")),
        )  # fmt: skip
    except ValueError:
        return None


def parseDT(value):
    """Local date and time from a DICOM DT text (an offset from UTC is dropped: DICOM's DT is local time with it)."""
    match = re.match(r"^(\d{8})(\d{2,6}(?:\.\d{1,6})?)(?:[+-]\d{4})?$", value)
    return parseDateTime(match.group(1), match.group(2)) if match else None


def isoText(moment):
    """ISO 8601 text, with a fraction of a second only where there is one."""
    return moment.isoformat(timespec="seconds" if moment.microsecond == 0 else "milliseconds")


def acquisitionFacts(dataset):
    """Fact ``acquisitionDateTime`` and warnings.

    Acquisition start is Acquisition Date and Time (or Acquisition DateTime) alone: series and content times may be
    those of a reconstruction days later, so they are listed as alternatives and never used.
    """
    found, alternatives = None, []
    moments = {}
    moment = parseDateTime(text(dataset, "AcquisitionDate"), text(dataset, "AcquisitionTime"))
    if moment:
        found = (moment, f"{tagText('AcquisitionDate')} {tagText('AcquisitionTime')}")
    combined = parseDT(text(dataset, "AcquisitionDateTime"))
    if combined and not found:
        found = (combined, tagText("AcquisitionDateTime"))
    elif combined and combined != found[0]:
        alternatives.append({"value": isoText(combined), "detail": tagText("AcquisitionDateTime")})
    for kind in ("Series", "Content", "Study"):
        other = parseDateTime(text(dataset, f"{kind}Date"), text(dataset, f"{kind}Time"))
        if other and (not found or other != found[0]):
            moments[kind] = other
            detail = f"{tagText(f'{kind}Date')} {tagText(f'{kind}Time')}"
            alternatives.append({"value": isoText(other), "detail": detail})
    if not found:
        return {}, ["The file does not say when the acquisition started (Acquisition Date and Time)"]
    warnings = []
    study = moments.get("Study")
    if study and abs(found[0] - study) > timedelta(days=1):
        warnings.append(
            f"The dates in the file disagree: acquisition {isoText(found[0])}, study {isoText(study)}; "
            "the acquisition date and time are used"
        )
    return {"acquisitionDateTime": Fact(isoText(found[0]), "", "DICOM", found[1], tuple(alternatives))}, warnings


def identityFacts(dataset):
    """Facts that tell patient, study, series and frame of reference."""
    names = {
        "patientId": "PatientID", "studyInstanceUID": "StudyInstanceUID", "seriesInstanceUID": "SeriesInstanceUID",
        "seriesDescription": "SeriesDescription", "frameOfReferenceUID": "FrameOfReferenceUID",
    }  # fmt: skip
    return {
        name: Fact(text(dataset, keyword), "", "DICOM", tagText(keyword))
        for name, keyword in names.items()
        if text(dataset, keyword)
    }


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
    sequence = "RadiopharmaceuticalInformationSequence"
    items = dataset.get(sequence) or []
    if not items:
        return facts, warnings
    if len(items) > 1:
        warnings.append("The file lists several radiopharmaceuticals; the first one is used")
    item = items[0]
    start = parseDT(text(item, "RadiopharmaceuticalStartDateTime"))
    if start:
        detail = tagText((sequence, 0), "RadiopharmaceuticalStartDateTime")
        facts["radiopharmaceuticalStartDateTime"] = Fact(isoText(start), "", "DICOM", detail)
    elif text(item, "RadiopharmaceuticalStartTime"):
        # A time without its date says nothing in therapy: scans follow days later.
        detail = tagText((sequence, 0), "RadiopharmaceuticalStartTime")
        facts["radiopharmaceuticalStartTime"] = Fact(text(item, "RadiopharmaceuticalStartTime"), "", "DICOM", detail)
        warnings.append("The file gives the time of day of the administration, not its date")
    activityFact, activityWarnings = _activityFact(item, sequence, isActivityInBq)
    facts.update(activityFact)
    warnings += activityWarnings
    code = firstItem(item, "RadionuclideCodeSequence")
    if code is not None:
        name = nuclideName(text(code, "CodeValue"), text(code, "CodeMeaning"))
        if name:
            detail = tagText((sequence, 0), ("RadionuclideCodeSequence", 0))
            facts["radionuclide"] = Fact(name, "", "DICOM", detail)
        else:
            shown = text(code, "CodeMeaning") or text(code, "CodeValue")
            warnings.append(f"The radionuclide code of the file is not understood: {shown}")
    return facts, warnings


def _activityFact(item, sequence, isActivityInBq):
    stated = number(item, "RadionuclideTotalDose")
    if stated is None or stated == 0:
        return {}, []  # an empty or zero value is how many systems write "not entered"
    detail = tagText((sequence, 0), "RadionuclideTotalDose")
    expected, other = ("Bq", "MBq") if isActivityInBq else ("MBq", "Bq")
    for unit, smallestMBq in zip((expected, other), _SMALLEST_ACTIVITY_MBQ, strict=True):
        activityMBq = stated * (1e-6 if unit == "Bq" else 1.0)
        if smallestMBq <= activityMBq <= _LARGEST_ACTIVITY_MBQ:
            warnings = []
            if unit != expected:
                warnings.append(
                    f"The administered activity {stated:g} can only be meant in {unit}, although {expected} "
                    "is the unit of this kind of file"
                )
            fact = Fact(activityMBq, "MBq", "DICOM", f"{detail} read as {unit}")
            return {"administeredActivityMBq": fact}, warnings
    return {}, [f"The administered activity in the file ({stated:g}) is not plausible in Bq nor in MBq and is not used"]


def readDataset(path, **options):
    """Read a DICOM file, or say in words why not.

    Raises
    ------
    InputError
        When the file is missing, unreadable or no DICOM.
    """
    import warnings

    import pydicom
    from pydicom.errors import InvalidDicomError

    try:
        with warnings.catch_warnings():
            # pydicom warns of values that break the standard's length limits; vendors write them every day.
            warnings.simplefilter("ignore", UserWarning)
            return pydicom.dcmread(path, **options)
    except FileNotFoundError as error:
        raise InputError("The file does not exist", str(path)) from error
    except OSError as error:
        raise InputError(f"The file cannot be read ({error.strerror or error})", str(path)) from error
    except InvalidDicomError as error:
        raise InputError("The file is not DICOM", str(path)) from error
    except (EOFError, ValueError, KeyError, NotImplementedError, AttributeError) as error:
        raise InputError("The DICOM file is damaged", str(path), "Export it again") from error

"""Dates and times of a header: which one counts, what else the file says, and where the two disagree."""

import re
from datetime import datetime, timedelta

from .elements import tagName, tagText, text
from .facts import Fact

_DATE = re.compile(r"^(\d{4})[.-]?(\d{2})[.-]?(\d{2})$")
_TIME = re.compile(r"^(\d{2})(?::?(\d{2}))?(?::?(\d{2}))?(?:[.,](\d{1,6}))?$")
_DATE_TIME = re.compile(r"^(\d{8})(\d{2,6}(?:\.\d{1,6})?)([+-]\d{4})?$")
_OFFSET = re.compile(r"^([+-])(\d{2})(\d{2})$")

# Clocks of one system agree to this; more is another event, or another clock.
_CLOCK_TOLERANCE = timedelta(minutes=1)
_PLAUSIBLE_YEARS = (1970, 2200)


def parseDateTime(date, time):
    """Local date and time from DICOM DA and TM texts, or None where either is absent or no valid date and time."""
    dateMatch, timeMatch = _DATE.match(date), _TIME.match(time)
    if not dateMatch or not timeMatch:
        return None
    hours, minutes, seconds, fraction = timeMatch.groups()
    try:
        moment = datetime(
            *(int(part) for part in dateMatch.groups()),
            int(hours), int(minutes or 0), int(seconds or 0), int((fraction or "0").ljust(6, "0")),
        )  # fmt: skip
    except ValueError:
        return None
    return moment if _PLAUSIBLE_YEARS[0] <= moment.year < _PLAUSIBLE_YEARS[1] else None


def parseDT(value):
    """Local date and time from a DICOM DT text; see :func:`offsetOfDT` for what it says about the time zone."""
    match = _DATE_TIME.match(value)
    return parseDateTime(match.group(1), match.group(2)) if match else None


def offsetOfDT(value):
    """Offset from UTC that a DICOM DT text states itself, as a timedelta, or None."""
    match = _DATE_TIME.match(value)
    return parseOffset(match.group(3)) if match and match.group(3) else None


def parseOffset(value):
    """Timedelta of an offset such as ``"+0200"``, or None where it is none."""
    match = _OFFSET.match(value)
    if not match:
        return None
    offset = timedelta(hours=int(match.group(2)), minutes=int(match.group(3)))
    if offset > timedelta(hours=14):
        return None
    return -offset if match.group(1) == "-" else offset


def isoText(moment):
    """ISO 8601 text, with a fraction of a second only where there is one."""
    return moment.isoformat(timespec="seconds" if moment.microsecond == 0 else "milliseconds")


def offsetText(offset):
    """``"UTC+02:00"`` of a timedelta."""
    minutes = int(offset.total_seconds() // 60)
    return f"UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def utcOffset(dataset):
    """Offset from UTC of all local times of the file (0008,0201) as a timedelta, or None; and warnings."""
    stated = text(dataset, "TimezoneOffsetFromUTC")
    if not stated:
        return None, []
    offset = parseOffset(stated)
    if offset is None:
        return None, [f"{tagName('TimezoneOffsetFromUTC')} is '{stated}', which is no offset from UTC"]
    return offset, []


def acquisitionFacts(dataset):
    """Fact ``acquisitionDateTime`` (and ``utcOffset``), and warnings.

    Acquisition start is Acquisition Date and Time (or Acquisition DateTime) alone: series and content times may be
    those of a reconstruction days later, so they are listed as alternatives and never used.
    """
    facts = {}
    offset, warnings = utcOffset(dataset)
    if offset is not None:
        facts["utcOffset"] = Fact(offsetText(offset), "", "DICOM", tagText("TimezoneOffsetFromUTC"))
    found, alternatives = None, []
    moment, words = _moment(dataset, "Acquisition")
    warnings += words
    if moment:
        found = (moment, f"{tagText('AcquisitionDate')} {tagText('AcquisitionTime')}")
    stated = text(dataset, "AcquisitionDateTime")
    combined = parseDT(stated)
    if stated and combined is None:
        warnings.append(f"{tagName('AcquisitionDateTime')} is '{stated}', which is no date and time")
    if combined and not found:
        found = (combined, tagText("AcquisitionDateTime"))
    elif combined and combined != found[0]:
        alternatives.append({"value": isoText(combined), "detail": tagText("AcquisitionDateTime")})
        if abs(combined - found[0]) > _CLOCK_TOLERANCE:
            warnings.append(
                f"{tagName('AcquisitionDateTime')} is {isoText(combined)}, Acquisition Date and Time "
                f"{isoText(found[0])}; the latter is used"
            )
    others = {}
    for kind in ("Series", "Content", "Study"):
        other, _ = _moment(dataset, kind)
        if other and (not found or other != found[0]):
            others[kind] = other
            detail = f"{tagText(f'{kind}Date')} {tagText(f'{kind}Time')}"
            alternatives.append({"value": isoText(other), "detail": detail})
    if not found:
        words = "The file does not say when the acquisition started " \
                f"({tagName('AcquisitionDate')}, {tagName('AcquisitionTime')})"
        if others:
            listed = ", ".join(f"{kind.lower()} {isoText(other)}" for kind, other in others.items())
            words += f"; it states {listed}, which may be later"
        return facts, [*warnings, words]
    warnings += _disagreements(found[0], others)
    facts["acquisitionDateTime"] = Fact(isoText(found[0]), "", "DICOM", found[1], tuple(alternatives))
    return facts, warnings


def _moment(dataset, kind):
    """Date and time of a kind, or None; and what is wrong with them."""
    date, time = text(dataset, f"{kind}Date"), text(dataset, f"{kind}Time")
    moment = parseDateTime(date, time)
    if moment or not date or not time:
        return moment, []
    named = f"{tagName(f'{kind}Date')} '{date}' and {tagName(f'{kind}Time')} '{time}'"
    return None, [f"{named} are no date and time"]


def _disagreements(acquisition, others):
    """What other dates and times of the file say against the acquisition's; the acquisition's are used."""
    study, content = others.get("Study"), others.get("Content")
    if study and abs(acquisition - study) > timedelta(days=1):
        return [
            f"The dates in the file disagree: acquisition {isoText(acquisition)}, study {isoText(study)}; "
            "the acquisition date and time are used"
        ]
    if study and acquisition < study - _CLOCK_TOLERANCE and acquisition.date() == study.date():
        return [
            f"The acquisition at {isoText(acquisition)} lies before the start of its study at {isoText(study)}: if "
            "the study passed midnight, the date of the acquisition is that of the day before"
        ]
    if content and content < acquisition - _CLOCK_TOLERANCE:
        return [
            f"The acquisition at {isoText(acquisition)} lies after the making of its image at {isoText(content)}; "
            "the acquisition date and time are used"
        ]
    return []

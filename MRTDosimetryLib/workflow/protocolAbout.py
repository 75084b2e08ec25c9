"""What there is to choose from, and what the chosen protocol says of itself: level, time points, assumptions, costs."""

from ..report.contextTables import levelText
from ..report.therapyTables import texts
from ..therapies import registry as therapies
from . import statements
from .protocol import studyProtocol, studyStrategy

_PRESCRIPTION = "prescription"
# What makes it the third level.
_WANTED = ("absorbedDoseGy", "wholeBodyAbsorbedDoseGy", "limits")
_TIMES = (("recommendedTimePoints", "Recommended number of scans"), ("recommendedTimesHours", "Recommended"),
          ("recommendedPlanarTimesHours", "Planar images"), ("recommendedReadingTimesHours", "Whole-body readings"),
          ("recommendedSampleTimesHours", "Blood samples"), ("reducedSampleTimesHours", "Fewer blood samples"),
          ("windowHours", "Time window"), ("windowsHours", "Time windows"))
LEVELS = (1, 2, 3)
_PARTS = (("assumptions", "Assumptions"), ("leavesOut", "What it leaves out"),
          ("uncertaintyCost", "What that costs in uncertainty"))


def therapyChoices():
    """Id and title of every therapy, for a list to choose from."""
    return [(item.id, item.title) for item in therapies.therapies().values()]


def strategyChoices(therapyId):
    """Id of the protocol and title of every strategy of a therapy."""
    return [(f"{therapyId}.{item.id}", item.title) for item in therapies.therapy(therapyId).strategies]


def level(study):
    """The level of dosimetry of the study.

    Returns
    -------
    (int, str) or None
        1 to 3, and what would change it (or an empty text); ``None`` without a protocol. The strategy says what can be
        reached; the third level also takes a prescription.
    """
    content, strategy = studyProtocol(study), studyStrategy(study)
    if content is None:
        return None
    reachable = int(content["level"])
    canPrescribe = _PRESCRIPTION in strategy.statements
    stated = statements.stated(study).get(_PRESCRIPTION) or {}
    if canPrescribe and any(stated.get(key) for key in _WANTED):
        return 3, ""
    if canPrescribe:
        return min(reachable, 2), "Level 3 once a prescription or limits are stated"
    return reachable, ""


def levelWords(number):
    """What a level means."""
    return levelText(number)


def about(study):
    """What the protocol says of itself.

    Returns
    -------
    list of (str, list of str)
        Headings and sentences; empty without a protocol.
    """
    content = studyProtocol(study)
    if content is None:
        return []
    found = [("", [content.get("summary") or ""]), ("Time points", _timePoints(content))]
    found += [(heading, texts(content.get(key))) for key, heading in _PARTS]
    return [(heading, sentences) for heading, sentences in found if any(sentences)]


def _timePoints(content):
    words = []
    fewest = content.get("minimumTimePoints", 0)
    if fewest:
        words.append(f"At least {fewest} SPECT or PET time point{'s' if fewest > 1 else ''}.")
    for key, title in _TIMES:
        stated = content.get(key)
        if stated:
            unit = "" if stated.get("unit") in (None, "1") else f" {stated['unit']}"
            source = f"{stated['source']}{'' if stated.get('verified') else '; not verified'}"
            words.append(f"{title}: {_plain(stated['value'], key.startswith('window'))}{unit} ({source}).")
    return words


def _plain(value, isRange):
    if isinstance(value, list) and value and isinstance(value[0], list):
        return " and ".join(_plain(item, isRange) for item in value)
    if isinstance(value, list):
        return (" to " if isRange else ", ").join(f"{item:g}" for item in value)
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)

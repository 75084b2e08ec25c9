"""Stage 1: protocol, radionuclide and administration."""

import math
from datetime import datetime

from ..errors import InputError
from ..physics.nuclides import nuclide, nuclideNames
from ..progress import noProgress
from ..therapies import registry as therapies
from .stage import Stage

# Choice of a study that its protocol wants images of, and that has none.
WITHOUT_IMAGES = "isWithoutImages"


def protocolChoices():
    """Identifier and title of every protocol, for a list to choose from."""
    return [(identifier, therapies.protocol(identifier)["title"]) for identifier in therapies.protocolIds()]


def radionuclides():
    """Names of the radionuclides in the table, e.g. ``"Lu-177"``."""
    return list(nuclideNames())


def setProtocol(study, protocolId, radionuclide=None):
    """Choose a protocol (``None``: a plain imaging study) and its radionuclide.

    Raises
    ------
    InputError
        Unknown protocol, unknown radionuclide, or a radionuclide that the protocol is not made for.
    """
    if protocolId is not None:
        protocol = therapies.protocol(protocolId)
        allowed = list(protocol["radionuclides"])
        if radionuclide is None:
            radionuclide = allowed[0]
        name = nuclide(radionuclide).name
        if name not in allowed:
            raise InputError(f"Protocol {protocolId} is not made for {name}", "radionuclide",
                             f"Use {' or '.join(allowed)}, or a study without a protocol")
    elif radionuclide is not None:
        name = nuclide(radionuclide).name
    else:
        raise InputError("No radionuclide is given", "radionuclide", f"Known are {', '.join(nuclideNames())}")
    study.setChoice("protocol", protocolId)
    study.setChoice("radionuclide", name)


def setAdministration(study, activityMBq, dateTimeISO=None, source="user", reason=""):
    """Set the administered activity and when it was given.

    Parameters
    ----------
    activityMBq : float or None
        Net administered activity at ``dateTimeISO``; ``None`` when it is still being prescribed.
    dateTimeISO : str or None
        Local date and time, ISO 8601.
    """
    if activityMBq is None and dateTimeISO is None:
        study.setChoice("administration", None)
        return
    if activityMBq is not None:
        activityMBq = positiveNumber(activityMBq, "administered activity", "administration.activityMBq")
    if dateTimeISO is not None:
        parseDateTime(dateTimeISO, "administration.dateTime")
    study.setChoice("administration", {
        "activityMBq": activityMBq, "dateTime": dateTimeISO, "source": source, "reason": reason})


def administeredActivityMBq(study):
    """Net administered activity, or ``None`` when none is stated."""
    return (study.choice("administration") or {}).get("activityMBq")


def administrationDateTime(study):
    """Date and time of administration, or ``None``."""
    text = (study.choice("administration") or {}).get("dateTime")
    return parseDateTime(text, "administration.dateTime") if text else None


def studyNuclide(study):
    """The study's radionuclide; refuses a study that has none."""
    name = study.choice("radionuclide")
    if not name:
        raise InputError("No radionuclide is chosen", "Protocol", "Choose the radionuclide")
    return nuclide(name)


def studyProtocol(study):
    """The protocol's content, or ``None`` for a plain imaging study."""
    identifier = study.choice("protocol")
    return therapies.protocol(identifier) if identifier else None


def studyStrategy(study):
    """The :class:`~MRTDosimetryLib.therapies.registry.Strategy` of the protocol, or ``None`` for a plain imaging
    study."""
    identifier = study.choice("protocol")
    return therapies.strategy(identifier) if identifier else None


def usesImages(study):
    """Whether images are part of the study: by its protocol, or, where that leaves it open, by its time points."""
    if areImagesWanted(study):
        return bool(study.timePoints) or not study.choice(WITHOUT_IMAGES, False)
    return studyStrategy(study).usesImages and bool(study.timePoints)


def areImagesWanted(study):
    """Whether the study is one of images by its protocol, or has none."""
    strategy = studyStrategy(study)
    return strategy is None or strategy.needsImages


def setWithoutImages(study, isWithout):
    """State that there are no images though the protocol is one of images; until a time point is added."""
    study.setChoice(WITHOUT_IMAGES, True if isWithout and areImagesWanted(study) else None)


def canBeWithoutImages(study):
    """Whether the study, one of images by its protocol, can be carried out without any: where something else speaks
    for the cycle, and no image is there."""
    return areImagesWanted(study) and not study.timePoints and bool(therapies.standIns(study.choice("protocol")))


def lacksImages(study):
    """Whether the study, one of images by its protocol, is stated to have none."""
    return areImagesWanted(study) and not usesImages(study)


def positiveNumber(value, what, where):
    """``value`` as a finite float above zero, or an :class:`InputError` in words."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise InputError(f"The {what} is not a number", where, "Give a number")
    value = float(value)
    if not math.isfinite(value) or value <= 0:
        raise InputError(f"The {what} is {value:g}, but has to be above zero", where)
    return value


def parseDateTime(text, where):
    """ISO 8601 text as :class:`datetime.datetime`, or an :class:`InputError` in words."""
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        raise InputError(f"'{text}' is not a date and time", where,
                         "Write it as year-month-dayThour:minute:second, e.g. 2026-05-04T10:00:00") from None


def hoursBetween(start, end, where):
    """Hours from ``start`` to ``end``; both with a time zone, or both without."""
    if (start.tzinfo is None) != (end.tzinfo is None):
        raise InputError("One date and time states its time zone and the other does not", where,
                         "State both with, or both without a time zone")
    return (end - start).total_seconds() / 3600.0


def _missing(study):
    from . import administrationEntry  # which builds on this file

    words = [] if study.choice("radionuclide") else ["Choose the protocol or the radionuclide"]
    return list(dict.fromkeys(words + administrationEntry.missing(study)))


def _inputs(study):
    found = {key: study.choice(key) for key in ("protocol", "radionuclide", "administration")}
    return found | ({WITHOUT_IMAGES: True} if lacksImages(study) else {})


def _compute(study, progress=noProgress):
    from . import administrationEntry

    value = {"radionuclide": studyNuclide(study).name, "protocol": study.choice("protocol")}
    warnings = []
    # without images the activity may be what is looked for, and the therapy's own calculation says what it lacks
    from . import imagedTracer

    if administeredActivityMBq(study) is None and usesImages(study) and imagedTracer.statedPrediction(study) is None:
        warnings.append("No administered activity is stated: coefficients per administered activity are not computed.")
    if lacksImages(study):
        warnings.append("No images are stated: no region has a measured absorbed dose of this study. What is given "
                        "rests on earlier cycles, samples and readings alone.")
    return value, warnings + administrationEntry.warnings(study)


STAGE = Stage("protocol", "Protocol", _missing, _inputs, _compute)

"""Dead time of a calibration: as stated, or fitted to countings of a decaying source or of known activities."""

from ..physics import deadTimeFit
from ..physics.nuclides import nuclide
from . import calibrationRecord
from .protocol import hoursBetween, parseDateTime

# Cameras have some µs; only Geiger counters have more than this.
_NOTABLE_MICROSECONDS = 50.0


def measure(statement):
    """The dead time of a calibration file.

    Returns
    -------
    dict
        ``model``, ``microseconds``, ``relativeUncertainty``, ``source``; where it is measured, also the countings and
        what the fit tells.
    list of str
        Warnings.

    Raises
    ------
    InputError, CalculationError
    """
    stated = statement["deadTime"]
    if stated.get("decayingSource") is not None:
        measured, places, fitted, kind = _decaying(statement, stated)
    elif stated.get("knownActivities") is not None:
        measured, places, fitted, kind = _known(stated)
    else:
        return dict(stated), []
    found = {"model": fitted.model, "microseconds": fitted.microseconds,
             "relativeUncertainty": fitted.relativeUncertainty,
             "source": stated.get("source") or f"{len(places)} countings of {kind}",
             "points": [{**place, "countRateCps": item["counts"] / item["seconds"], "residual": residual}
                        for place, item, residual in zip(places, measured["countings"], fitted.residuals, strict=True)],
             "largestLoss": fitted.lossFraction, "chiSquare": fitted.chiSquare,
             "degreesOfFreedom": fitted.degreesOfFreedom}
    if fitted.probability is not None:
        found |= {"modelProbability": fitted.probability, "otherMicroseconds": fitted.otherMicroseconds}
    words = [] if fitted.isToldApart else [
        f"Dead time: the countings do not tell the models apart (probability of the {fitted.model} one "
        f"{fitted.probability:.0%}, dead time by the other one {fitted.otherMicroseconds:.3g} µs); beyond losses of "
        f"{fitted.lossFraction:.0%} the correction is not known: count at higher rates"]
    # said of what was measured, refused where it is no instrument's
    calibrationRecord.checkedDeadTime({"model": fitted.model, "microseconds": fitted.microseconds}, "deadTime")
    if fitted.microseconds > _NOTABLE_MICROSECONDS:
        words.append(f"Dead time: {fitted.microseconds:.3g} µs is far more than a camera has (some µs): check that "
                     "counts are counts in all of the seconds, of the full field of view")
    return found, words


def _decaying(statement, stated):
    measured, own = stated["decayingSource"], nuclide(statement["radionuclide"])
    moments = [parseDateTime(item["dateTime"], "deadTime.decayingSource") for item in measured["countings"]]
    hours = [hoursBetween(moments[0], moment, "deadTime.decayingSource") for moment in moments]
    fitted = deadTimeFit.fitDeadTime(hours, *_countings(measured), own.halfLifeHours, stated["model"],
                                     measured.get("backgroundCps") or 0.0)
    return measured, [{"hours": hour} for hour in hours], fitted, f"a decaying source of {own.name}"


def _known(stated):
    measured = stated["knownActivities"]
    activities = [float(item["activityMBq"]) for item in measured["countings"]]
    fitted = deadTimeFit.fitKnownActivities(
        activities, *_countings(measured), stated["model"], measured.get("backgroundCps") or 0.0,
        [item.get("relativeUncertainty") or 0.0 for item in measured["countings"]])
    return measured, [{"activityMBq": activity} for activity in activities], fitted, "known activities"


def _countings(measured):
    """Counts and seconds of each counting."""
    return [[item.get(key) for item in measured["countings"]] for key in ("counts", "seconds")]

"""Radioiodine uptake of the thyroid from counts of a probe or gamma camera, and from another tracer to 131I.

An uptake is the fraction of the administered activity that is in the thyroid at a time, physical decay included (it
is not corrected to administration).
"""

import math
from dataclasses import dataclass

from ..errors import InputError
from .counting import netRate
from .decay import decayConstantPerHour, decayFactor
from .uncertainty.volume import positive
from .units import BQ_PER_MBQ

# Beyond this share of lost events the correction rests on the model of dead time more than on the measurement.
LARGEST_TRUSTED_LOSS = 0.25
NECK_NOT_ABOVE = "neck are not above those of the background (thigh)"


@dataclass(frozen=True)
class Counting:
    """One counting.

    Attributes
    ----------
    counts : float
    seconds : float or None
        Live time, or real time where a dead time is corrected for; ``None``: the same, not stated time for all
        countings of a measurement.
    """

    counts: float
    seconds: float | None = None


@dataclass(frozen=True)
class DeadTime:
    """Dead time of the detector and its model (:mod:`.deadTime`)."""

    microseconds: float
    model: str


@dataclass(frozen=True)
class UptakeMeasurement:
    """Uptake at one time.

    Attributes
    ----------
    timeHours : float
        After administration.
    fraction : float
        Of the administered activity, as present at that time.
    uncertainty : float or None
        Standard uncertainty (k = 1) of what is this measurement's own; ``None`` where not known.
    standardRelative : float
        Relative standard uncertainty by the counting of the standard: its own, or common to several measurements
        that use the same counting.
    warnings : tuple of str
    """

    timeHours: float
    fraction: float
    uncertainty: float | None = None
    standardRelative: float = 0.0
    warnings: tuple = ()


def uptakeFromCounts(timeHours, patient, background, standard, room, tracerHalfLifeHours, standardTimeHours=0.0,
                     standardActivityFraction=1.0, deadTime=None, where="thyroid uptake"):
    """Uptake from countings of neck, thigh, standard and room.

    (n_neck - n_thigh) / (n_standard - n_room) x f exp(-lambda t_s) with the count rates n, f the activity of the
    standard per administered activity at the same instant, and t_s the time from administration to the counting of
    the standard: what the standard shows then is f A_0 exp(-lambda t_s). With the standard counted along with the
    patient this is the ratio of the net rates times the decay since administration.

    Parameters
    ----------
    timeHours : float
        Of the patient's counting, after administration.
    patient, background, standard, room : Counting
        Neck, thigh, standard in the neck phantom, and the same place without standard.
    tracerHalfLifeHours : float
    standardTimeHours : float
        0 where the standard's counts are those at administration, or decayed to it.
    standardActivityFraction : float
    deadTime : DeadTime, optional
        Needs the counting times.

    Returns
    -------
    UptakeMeasurement
        Of the tracer. Uncertainties by Poisson statistics alone.

    Raises
    ------
    InputError
        Counts not above their background, uptake above 1, counting times stated for some countings only.
    """
    neck, reference = netCountRates(patient, background, standard, room, deadTime, where)
    factor = standardActivityFraction * decayFactor(tracerHalfLifeHours, standardTimeHours) / reference.rateCps
    fraction = neck.rateCps * factor
    if fraction > 1:
        raise InputError(f"The uptake by the counts is {fraction:.4g}: more than all that was administered", where,
                         "Check counts, counting times, and activity and time of the standard")
    warnings = [f"{where}: {words}" for words in _warningsOfCounts({"neck": neck, "standard": reference})]
    return UptakeMeasurement(float(timeHours), fraction, neck.uncertaintyCps * factor,
                             reference.uncertaintyCps / reference.rateCps, tuple(warnings))


def uptakeFromCalibration(timeHours, patient, background, cpsPerBq, tracerActivityMBq, deadTime=None,
                          where="thyroid uptake"):
    """Uptake from countings of neck and thigh by a calibrated probe.

    (n_neck - n_thigh) / (epsilon A_0) with the sensitivity epsilon for the same geometry, nuclide and window, and the
    administered activity A_0 of the tracer: the fraction of it that is present, decay included.

    Parameters
    ----------
    timeHours : float
        Of the counting, after administration.
    patient, background : Counting
        With their counting times.
    cpsPerBq : float
        Sensitivity; its uncertainty is common to all uptakes and not part of this one's.
    tracerActivityMBq : float
        Administered.
    deadTime : DeadTime, optional

    Returns
    -------
    UptakeMeasurement

    Raises
    ------
    InputError
        Counting times missing, counts not above background, uptake above 1.
    """
    if patient.seconds is None or background.seconds is None:
        raise InputError("A calibrated probe needs the counting times of neck and thigh", where,
                         "State patientSeconds and backgroundSeconds")
    requireAbove(patient, background, NECK_NOT_ABOVE, where)
    neck = netRate(patient.counts, patient.seconds, background.counts, background.seconds,
                   0.0 if deadTime is None else deadTime.microseconds,
                   "paralyzable" if deadTime is None else deadTime.model, f"{where}, neck")
    factor = 1.0 / (positive(cpsPerBq, "sensitivity of the probe (1/(s Bq))", where)
                    * positive(tracerActivityMBq, "administered activity of the tracer (MBq)", where) * BQ_PER_MBQ)
    fraction = neck.rateCps * factor
    if fraction > 1:
        raise InputError(f"The uptake by the counts is {fraction:.4g}: more than all that was administered", where,
                         "Check counts, counting times, the tracer's activity and the calibration of the probe")
    return UptakeMeasurement(float(timeHours), fraction, neck.uncertaintyCps * factor, 0.0,
                             tuple(f"{where}: {words}" for words in _warningsOfCounts({"neck": neck})))


def requireAbove(high, low, words, where):
    """Refuse counts that are not above those of their background, per time."""
    if high.counts * (low.seconds or 1.0) <= low.counts * (high.seconds or 1.0):
        raise InputError(f"The counts of the {words}", where, "Check whether the counts were exchanged or the "
                         "source is decayed, and the counting times")


def netCountRates(patient, background, standard, room, deadTime=None, where="thyroid uptake"):
    """Net count rates of neck (less thigh) and standard (less room), checked.

    Dead time is corrected for neck and standard; thigh and room count too slowly for it to matter.

    Returns
    -------
    neck, standard : NetRate
        Per second, or per the common time where no times are stated.

    Raises
    ------
    InputError
    """
    countings = {"patient": patient, "background": background, "standard": standard, "room": room}
    stated = [name for name, item in countings.items() if item.seconds is not None]
    if stated and len(stated) < len(countings):
        lacking = ", ".join(name for name in countings if name not in stated)
        raise InputError(f"Counting times are stated for some countings, but not for {lacking}", where,
                         "State all counting times, or none where they are the same")
    if deadTime is not None and not stated:
        raise InputError("A dead time is stated, but no counting times: the count rates are not known", where,
                         "State the counting times in seconds")
    requireAbove(patient, background, NECK_NOT_ABOVE, where)
    requireAbove(standard, room, "standard are not above those of the room", where)
    return tuple(netRate(gross.counts, gross.seconds or 1.0, pause.counts, pause.seconds or 1.0,
                         0.0 if deadTime is None else deadTime.microseconds,
                         "paralyzable" if deadTime is None else deadTime.model, f"{where}, {name}")
                 for gross, pause, name in ((patient, background, "neck"), (standard, room, "standard")))


def _warningsOfCounts(rates):
    words = []
    for name, rate in rates.items():
        if not rate.isAboveDecisionThreshold:
            words.append(f"The net counts of the {name} are not distinguishable from background: the uptake has no "
                         "meaning.")
        if rate.lossFraction > LARGEST_TRUSTED_LOSS:
            words.append(f"{rate.lossFraction:.0%} of the events of the {name} are lost to dead time: the correction "
                         "rests on the model. Count from farther away or later.")
    return words


def decayCorrectedToPresent(fraction, timeHours, halfLifeHours):
    """An uptake corrected to administration as the fraction that is present at its time."""
    return fraction * decayFactor(halfLifeHours, timeHours)


def uptakeOf131Iodine(fraction, timeHours, tracerHalfLifeHours, iodineHalfLifeHours):
    """Uptake of 131I from that of a tracer, both as present at the time.

    RIU_131(t) = RIU_tracer(t) exp(+lambda_tracer t) exp(-lambda_131 t): the same iodine, another decay.
    """
    rate = decayConstantPerHour(tracerHalfLifeHours) - decayConstantPerHour(iodineHalfLifeHours)
    return fraction * math.exp(rate * timeHours)

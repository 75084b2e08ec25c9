"""The calibration record of a thyroid probe or gamma counter in a statement: what it says, and whether it fits.

A statement names the record's file under ``calibration``; what is read of it is kept there in its place, sealed by a
digest of its own, so that a study repeats without the file and a changed number is found.
"""

import datetime
from dataclasses import dataclass

from ..digests import sealOf
from ..errors import InputError
from ..physics.counting import Sensitivity
from ..physics.nuclides import nuclide
from .inputs import refuseUnknown

KEY = "calibration"
THYROID_PROBE, GAMMA_COUNTER = "thyroidProbe", "gammaCounter"
_TITLES = {THYROID_PROBE: "thyroid probe", GAMMA_COUNTER: "gamma counter"}
_KEYS = ("file", "recordDigest", "camera", "instrument", "radionuclide", "cpsPerBq", "relativeUncertainty", "volumeML",
         "deadTimeMicroseconds", "deadTimeModel", "date", "validUntil", "digest")
_SHOWN_DIGITS = 12


@dataclass(frozen=True)
class CounterCalibration:
    """What a record says of a counter.

    Attributes
    ----------
    file, recordDigest, camera : str
        The record's file and digest, and the name of the instrument.
    radionuclide : str
    sensitivity : Sensitivity
    deadTimeMicroseconds : float or None
    deadTimeModel : str or None
    date : str
        Of the calibration, ISO.
    validUntil : str or None
    """

    file: str
    recordDigest: str
    camera: str
    radionuclide: str
    sensitivity: Sensitivity
    deadTimeMicroseconds: float | None
    deadTimeModel: str | None
    date: str
    validUntil: str | None


def kept(content, name, instrument, where):
    """What a statement keeps of a record.

    Parameters
    ----------
    content : dict
        The record, unchanged since it was written.
    name : str
        Of its file.
    instrument : str
        That the statement is of: :data:`THYROID_PROBE` or :data:`GAMMA_COUNTER`.

    Returns
    -------
    dict

    Raises
    ------
    InputError
        A record of another instrument.
    """
    counter = content.get("counter")
    if counter is None or counter["instrument"] != instrument:
        found = "of a camera" if counter is None else f"of a {_TITLES[counter['instrument']]}"
        raise InputError(f"The record {name} is {found}, not of a {_TITLES[instrument]}", where,
                         f"Choose the record of the {_TITLES[instrument]}")
    dead = content.get("deadTime") or {}
    found = {"file": name, "recordDigest": content["digest"], "camera": content["camera"], "instrument": instrument,
             "radionuclide": nuclide(content["radionuclide"]).name, "cpsPerBq": counter["cpsPerBq"],
             "relativeUncertainty": counter["relativeUncertainty"], "volumeML": counter.get("volumeML"),
             "deadTimeMicroseconds": dead.get("microseconds"), "deadTimeModel": dead.get("model"),
             "date": content["date"], "validUntil": content.get("validUntil")}
    found = {key: value for key, value in found.items() if value is not None}
    return {**found, "digest": sealOf(found)}


def check(value, instrument, where):
    """What is kept of a record, if it is unchanged and of the instrument.

    Raises
    ------
    InputError
    """
    if not isinstance(value, dict):
        raise InputError("The calibration record was not read", where, "Name the file of the record")
    refuseUnknown(value, _KEYS, where)
    if value.get("digest") != sealOf(value):
        raise InputError("What is stated of the calibration record was changed", where, "Name the file of the record")
    if value.get("instrument") != instrument:
        raise InputError(f"The calibration is of another instrument, not of a {_TITLES[instrument]}", where,
                         f"Choose the record of the {_TITLES[instrument]}")
    return dict(value)


def calibrationOf(statement):
    """The :class:`CounterCalibration` of a checked statement, or ``None``."""
    value = (statement or {}).get(KEY)
    if value is None:
        return None
    return CounterCalibration(
        value["file"], value["recordDigest"], value["camera"], value["radionuclide"],
        Sensitivity(value["cpsPerBq"], value.get("relativeUncertainty"), value.get("volumeML")),
        value.get("deadTimeMicroseconds"), value.get("deadTimeModel"), value["date"], value.get("validUntil"))


def requireNuclide(calibration, name, where):
    """Refuse the calibration of another nuclide.

    Raises
    ------
    InputError
    """
    if calibration.radionuclide != nuclide(name).name:
        raise InputError(f"The calibration {calibration.file} is for {calibration.radionuclide}, what was counted is "
                         f"{nuclide(name).name}", where, f"Choose a calibration for {nuclide(name).name}")


def doubts(calibration, instrument, day):
    """What speaks against a calibration, and what is not known of it: sentences.

    Parameters
    ----------
    calibration : CounterCalibration
    instrument : str or None
        Name of the instrument, as stated for the measurement.
    day : datetime.date or None
        Of the measurement.
    """
    title, words = f"Calibration {calibration.file}", []
    if instrument and " ".join(instrument.casefold().split()) != " ".join(calibration.camera.casefold().split()):
        words.append(f"{title}: the instrument is '{instrument}', the calibration is for '{calibration.camera}'.")
    made = datetime.date.fromisoformat(calibration.date)
    end = None if calibration.validUntil is None else datetime.date.fromisoformat(calibration.validUntil)
    if end is None:
        words.append(f"{title}: it states no end of its validity.")
    if day is None:
        words.append(f"{title}: the date of the measurement is not known, so that its validity (from {made}"
                     + ("" if end is None else f" to {end}") + ") cannot be checked.")
    elif end is not None and day > end:
        words.append(f"{title}: it expired on {end}, {(day - end).days} days before the measurement.")
    elif day < made:
        words.append(f"{title}: the measurement was made on {day}, before the calibration of {made}.")
    if calibration.sensitivity.relativeUncertainty is None:
        words.append(f"{title}: its uncertainty is not known, and is not part of those stated.")
    return words


def dayAfter(start, hours):
    """Day so many hours after a date and time, or ``None`` where that is not known."""
    return None if start is None else (start + datetime.timedelta(hours=hours)).date()


def assumption(calibration):
    """What rests on the record, for the report."""
    found = calibration.sensitivity
    spread = "" if found.relativeUncertainty is None else f" ± {found.relativeUncertainty:.2%} (k = 1)"
    return (f"Sensitivity {found.cpsPerBq:.4g} counts per second and Bq{spread} of {calibration.camera} for "
            f"{calibration.radionuclide}, calibrated on {calibration.date} ({calibration.file}, digest "
            f"{calibration.recordDigest[:_SHOWN_DIGITS]}).")

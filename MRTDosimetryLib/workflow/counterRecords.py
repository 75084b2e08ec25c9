"""Calibration records that measurements name: read, and replaced by what the calculations take of them."""

import os

from ..therapies import counterCalibration
from ..therapies.bloodStatements import COUNTER
from ..therapies.thyroidStatements import PROBE
from . import calibrationRecord

KEY = counterCalibration.KEY
_INSTRUMENTS = {f"measurements.{PROBE}": counterCalibration.THYROID_PROBE,
                f"measurements.{COUNTER}": counterCalibration.GAMMA_COUNTER}


def instrumentOf(key):
    """The instrument that a statement is of, or ``None`` where it names no record."""
    return _INSTRUMENTS.get(key)


def isNamed(key, value):
    """Whether a statement names the file of a record."""
    return key in _INSTRUMENTS and isinstance(value, dict) and isinstance(value.get(KEY), str)


def resolved(key, value, where):
    """A statement with the record that it names replaced by what is read of it.

    Returns
    -------
    (object, str)
        The statement, and the name of the file or an empty text.

    Raises
    ------
    InputError, FaultList
        A record that cannot be read, was edited, or is of another instrument.
    """
    if not isNamed(key, value):
        return value, ""
    path = value[KEY]
    name = os.path.basename(path)
    content = calibrationRecord.load(path)
    return {**value, KEY: counterCalibration.kept(content, name, _INSTRUMENTS[key], f"{where}.{KEY}")}, name

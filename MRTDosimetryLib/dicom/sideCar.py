"""The side-car of an image file: ``x.json`` beside ``x.nrrd``, ``x.nii.gz`` or ``x.mha`` says what they cannot.

::

    {"kind": "image facts", "schemaVersion": 1,
     "unit": "Bq/mL", "acquisitionDateTime": "2026-05-05T10:00:00", "durationSeconds": 1200,
     "decayCorrectedTo": "scan", "source": "exported from the reconstruction workstation"}

All keys but the first two are optional:

- ``unit``: ``Bq/mL``, ``kBq/mL``, ``MBq/mL`` or ``counts``;
- ``acquisitionDateTime``: local start of the acquisition (ISO 8601);
- ``durationSeconds``: of the acquisition; for tomography that of all views of one detector;
- ``decayCorrectedTo``: ``scan`` (the start of the acquisition), ``none``, ``administration``, or a date and time;
- ``calibrationFactorBqPerCps``: for an image in counts;
- ``radionuclide``, ``administeredActivityMBq``, ``administrationDateTime``: what the file was made with, compared with
  the study;
- ``frameOfReferenceUID``, ``patientId``: as in DICOM;
- ``camera``, ``collimator``, ``energyWindow``, ``reconstruction``: how it was made, compared with the calibration;
- ``source``: where all this is known from, in words.
"""

import json
import math
import os
from datetime import datetime

from ..errors import Faults, InputError
from .facts import Fact

KIND, SCHEMA_VERSION = "image facts", 1
_ENDINGS = (".nii.gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd")
_UNITS = ("Bq/mL", "Bq/ml", "kBq/mL", "kBq/ml", "MBq/mL", "MBq/ml", "counts")
# key: (name of the fact, its unit, kind of value)
_KEYS = {
    "unit": ("unit", "", "unit"),
    "acquisitionDateTime": ("acquisitionDateTime", "", "time"),
    "durationSeconds": ("durationSeconds", "s", "number"),
    "decayCorrectedTo": ("decayCorrection", "", "decay"),
    "calibrationFactorBqPerCps": ("calibrationFactorBqPerCps", "Bq/cps", "number"),
    "radionuclide": ("radionuclide", "", "text"),
    "administeredActivityMBq": ("administeredActivityMBq", "MBq", "number"),
    "administrationDateTime": ("radiopharmaceuticalStartDateTime", "", "time"),
    "frameOfReferenceUID": ("frameOfReferenceUID", "", "text"),
    "patientId": ("patientId", "", "text"),
    **{key: (key, "", "text") for key in ("camera", "collimator", "energyWindow", "reconstruction")},
}
_DECAY_STATES = {"scan": "START", "none": "NONE", "administration": "ADMIN"}


def sideCarPath(path):
    """Where the side-car of an image file lies."""
    path = os.fspath(path)
    ending = next((ending for ending in _ENDINGS if path.lower().endswith(ending)), os.path.splitext(path)[1])
    return f"{path[: len(path) - len(ending)]}.json"


def readSideCar(path):
    """Facts of the side-car of an image file.

    Parameters
    ----------
    path : str
        The image file.

    Returns
    -------
    tuple of (dict of str to Fact, list of str, tuple of str)
        Facts, warnings and the path of the side-car; all empty where there is none. A date and time of the decay
        correction is kept as ``decayCorrection`` itself.

    Raises
    ------
    InputError, FaultList
        A side-car that is no JSON, of a newer version, or holds unknown keys or values that cannot be.
    """
    where = sideCarPath(path)
    if not os.path.isfile(where) or os.path.abspath(where) == os.path.abspath(path):
        return {}, [], ()
    name = os.path.basename(where)
    try:
        with open(where, encoding="utf-8") as file:
            content = json.load(file)
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise InputError(f"The side-car cannot be read ({error.__class__.__name__})", where,
                         "Correct or remove it") from error  # fmt: skip
    if not isinstance(content, dict) or content.get("kind") != KIND:
        # e.g. the metadata that converters write beside NIfTI files
        return {}, [f'{name} beside the image is not used: it has no "kind": "{KIND}"'], ()
    if content.get("schemaVersion") != SCHEMA_VERSION:
        raise InputError(f"The schemaVersion is {content.get('schemaVersion')!r}, this version reads {SCHEMA_VERSION}",
                         where)  # fmt: skip
    faults, facts = Faults(), {}
    origin = content.get("source") or ""
    for key, value in content.items():
        if key in ("kind", "schemaVersion", "source") or value is None:
            continue
        if key not in _KEYS:
            faults.add(f"The key '{key}' is not known", where, f"Known are {', '.join(sorted(_KEYS))}, source")
            continue
        factName, unit, kind = _KEYS[key]
        with faults.collect():
            facts[factName] = Fact(_checked(value, kind, f"{where}: {key}"), unit, "file", f"{name}: {key}",
                                   reason=str(origin))  # fmt: skip
    faults.raiseIfAny()
    return facts, [], (where,)


def _checked(value, kind, where):
    if kind == "number":
        isNumber = isinstance(value, int | float) and not isinstance(value, bool)
        if not isNumber or not math.isfinite(value) or value <= 0:
            raise InputError("This is not a number above zero", where)
        return float(value)
    if not isinstance(value, str) or not value.strip():
        raise InputError("This is not a text", where)
    if kind == "unit" and value not in _UNITS:
        raise InputError(f"'{value}' is no unit of an activity image", where, f"Use {', '.join(_UNITS[::2])}")
    if kind == "decay" and value in _DECAY_STATES:
        return _DECAY_STATES[value]
    if kind in ("time", "decay"):
        _requireDateTime(value, where)
    return value


def _requireDateTime(value, where):
    try:
        datetime.fromisoformat(value)
    except ValueError:
        raise InputError(f"'{value}' is not a date and time", where, "Write e.g. 2026-05-04T10:00:00") from None

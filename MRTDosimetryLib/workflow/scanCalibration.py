"""The calibration record that the scans of a study are added with, and the one whose recovery its regions are given."""

import os

from ..errors import InputError
from . import calibrationFolder, calibrationRecord, partialVolume
from .calibrationUse import ScanCalibration
from .imagedTracer import imagedNuclide

_CHOICE = "scanCalibration"
SETTINGS = tuple(calibrationRecord.SETTINGS)
_FOR_SCANS, _FOR_REGIONS = ("sensitivity", "planar", "deadTime"), ("recovery",)


def chosen(study):
    """What is chosen: ``path``, ``file``, ``digest``, ``settings``, ``reason``; ``None`` for no record."""
    return study.choice(_CHOICE)


def setRecord(study, path):
    """Choose the record for the scans that are added from now on; ``None`` takes it back.

    Raises
    ------
    InputError, FaultList
        No record, an edited one, or one for another nuclide.
    """
    if not path:
        study.setChoice(_CHOICE, None)
        return
    record = _loaded(study, path)
    before = chosen(study) or {}
    study.setChoice(_CHOICE, {"path": os.path.abspath(path), "file": os.path.basename(path),
                              "digest": record["digest"], "settings": before.get("settings") or {}, "reason": ""})


def setSetting(study, key, value):
    """State how the scans were made where their headers are silent, by a key of :data:`SETTINGS`; ``None``: nothing."""
    choice = _required(study)
    settings = {name: kept for name, kept in choice["settings"].items() if name != key}
    if value is not None:
        if key == "energyWindow" and calibrationRecord.windowLimits(value) is None:
            raise InputError(f"'{value}' is no energy window", "calibration of the scans", "Write e.g. 187-229 keV")
        settings[key] = str(value)
    study.setChoice(_CHOICE, {**choice, "settings": settings})


def setReason(study, reason):
    """State why the record is used although something speaks against it."""
    study.setChoice(_CHOICE, {**_required(study), "reason": str(reason or "").strip()})


def _required(study):
    choice = chosen(study)
    if choice is None:
        raise InputError("No calibration is chosen", "calibration of the scans", "Choose one")
    return choice


def forScan(study, fullFieldCountRateCps=None):
    """The chosen record for a scan, as :mod:`.timePoints` takes it; ``None`` where none is chosen.

    Raises
    ------
    InputError
        A record that was changed since it was chosen, or a count rate without a record.
    """
    choice = chosen(study)
    if choice is None:
        if fullFieldCountRateCps is not None:
            raise InputError("A full-field count rate is stated, but no calibration is chosen",
                             "calibration of the scans", "Choose one with a dead time, or leave the rate out")
        return None
    found = ScanCalibration(choice["path"], choice["settings"], fullFieldCountRateCps, choice["reason"],
                            isReasonRequired=True)
    if found.record["digest"] != choice["digest"]:
        raise InputError("The calibration is another one than was chosen", choice["file"], "Choose it again")
    return found


def describe(study):
    """The chosen record in lines, the first says of what and until when it is."""
    choice = chosen(study)
    return [] if choice is None else calibrationRecord.describe(forScan(study).record)[:-1]


def setRecovery(study, path, reason=""):
    """Divide the activity of the regions by the recovery of a record; ``None`` takes it back.

    Raises
    ------
    InputError, FaultList
        No recovery curve, another nuclide, or something that speaks against it while no reason is given.
    """
    if not path:
        partialVolume.setRecovery(study, None, "")
        return
    record, name, reason = _loaded(study, path), os.path.basename(path), str(reason or "").strip()
    against = partialVolume.contradictions(study, record)
    if against and not reason:
        raise InputError("; ".join(f"{text[:1].upper()}{text[1:]}" for text in against), f"recovery, {name}",
                         "Choose another calibration, or say why this one is used")
    before = partialVolume.choice(study) or {}
    # as before where the record can be used so
    hasSpread = (record.get("recovery") or {}).get("pointSpread") is not None
    method = before.get("method", partialVolume.SPHERES) if hasSpread else partialVolume.SPHERES
    partialVolume.setRecovery(study, record, name, reason=reason if against else "", method=method)


def _loaded(study, path):
    record = calibrationRecord.load(path)
    calibrationRecord.requireNuclide(record, imagedNuclide(study).name, os.path.basename(path))
    return record


def choices(study, folder, isRecovery=False, today=None):
    """The records of the center that are for the nuclide of a study.

    Parameters
    ----------
    folder : str
        Of the center; empty for none.
    isRecovery : bool
        Those with a recovery curve, in place of those for scans.

    Returns
    -------
    list of dict
        Rows of :func:`.calibrationFolder.listed` that can be used, what is valid today first.
    """
    if not folder or not os.path.isdir(folder):
        return []
    wanted = _FOR_REGIONS if isRecovery else _FOR_SCANS
    try:
        name = imagedNuclide(study).name
    except InputError:
        return []  # without a radionuclide, none is for it
    rows = [row for row in calibrationFolder.listed(folder, today) if row["content"] is not None
            and row["radionuclide"] == name and set(wanted) & set(row["kinds"])]
    return sorted(rows, key=lambda row: row["state"] not in (calibrationFolder.VALID, calibrationFolder.ENDING,
                                                             calibrationFolder.UNLIMITED))

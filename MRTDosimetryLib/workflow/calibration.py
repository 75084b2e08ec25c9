"""Doors of the calibration: make a record from phantom scans, load it, check it for a scan, describe it."""

import json
import os

from .. import __version__
from ..errors import InputError
from ..physics.nuclides import nuclide
from ..progress import noProgress, subProgress
from . import (
    calibrationFile,
    calibrationMeasure,
    calibrationRecord,
    calibrationUse,
    partialVolume,
    record,
    timePointSource,
)

describe = calibrationRecord.describe
load = calibrationRecord.load


def create(path, progress=noProgress):
    """The calibration record of a calibration file; or of a record whose inputs lie beside it, made again.

    The same inputs and the same version give the same record, digest included.

    Returns
    -------
    dict
        Sealed by its ``digest``.

    Raises
    ------
    InputError, CalculationError, FaultList
    """
    statement, folder, recorded = calibrationFile.readCalibrationFile(path)
    if recorded:
        record.requireSameInputs([{**item, "path": os.path.join(folder, item["path"])} for item in recorded])
    return fromStatement(statement, folder, progress)


def fromStatement(statement, folder, progress=noProgress):
    """The record of what is stated (see :mod:`.calibrationFile`), paths relative to ``folder``."""
    statement = calibrationFile.checkedStatement(statement, "calibration")
    found = calibrationMeasure.measure(statement, folder, subProgress(progress, 0.0, 0.9))
    settings = {key: statement[key]
                for key in (*calibrationRecord.SETTINGS, "date", "validUntil", "source", "version")
                if statement.get(key) is not None}
    warnings = found.pop("warnings")
    if statement.get("validUntil") is None:
        warnings.append("No end of the validity is stated (validUntil)")
    content = {"kind": calibrationRecord.KIND, "schemaVersion": calibrationRecord.SCHEMA_VERSION,
               "program": f"MRTDosimetry {__version__}", "radionuclide": nuclide(statement["radionuclide"]).name,
               **settings, **found, "warnings": warnings, "statement": statement, "inputs": _inputs(statement, folder)}
    progress(1.0, "")
    return calibrationRecord.sealed(content)


def paths(statement):
    """(object, key) of every path that a statement names."""
    scans = [scan for part in ("sensitivity", "recovery") for scan in (statement.get(part) or {}).get("scans", [])]
    found = [(scan, key) for scan in scans for key in ("image", "planar", "ct")]
    sensitivity = statement.get("sensitivity") or {}
    found += [(region, "file") for region in (sensitivity.get("region") or {},
                                              (sensitivity.get("background") or {}).get("region") or {})]
    return [(holder, key) for holder, key in (*found, (statement, "sensitivityFrom")) if holder.get(key)]


def _inputs(statement, folder):
    """Every file read, by SHA-256; paths as they are relative to the calibration file."""
    files = []
    for path in dict.fromkeys(holder[key] for holder, key in paths(statement)):
        path = os.path.join(folder, path)
        beside = timePointSource.sideCarOf(path)
        files += [*timePointSource.filesOf(path), *([beside] if beside else [])]
    return [{**item, "path": relativePath(item["path"], folder)} for item in record.hashInputs(files)]


def relativePath(path, folder):
    """A path as a record names it: relative to its folder, or absolute where it is on another drive."""
    try:
        return os.path.relpath(path, folder).replace(os.sep, "/")
    except ValueError:
        return os.path.abspath(path)


def write(content, path):
    """Write a record; nothing half-written stays behind.

    Raises
    ------
    InputError
    """
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    partial = f"{path}.partial"
    try:
        with open(partial, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.replace(partial, path)
    except OSError as error:
        if os.path.exists(partial):
            os.remove(partial)
        raise InputError(f"The calibration record cannot be written ({error.strerror or error})", str(path),
                         "Choose a folder you may write to") from None


def check(content, radionuclide, settings, moment=None, where="calibration"):
    """Refuse a calibration for another nuclide; words on everything else that does not fit (see
    :func:`.calibrationRecord.validityWords`)."""
    calibrationRecord.requireNuclide(content, radionuclide, where)
    return calibrationRecord.validityWords(content, settings, moment)


def forScan(path, settings=None, fullFieldCountRateCps=None):
    """A record for one scan, as :func:`.timePoints.addFromFiles` and ``addFromNodes`` take it.

    Parameters
    ----------
    settings : dict, optional
        How the scan was made: any of ``camera``, ``collimator``, ``energyWindow``, ``reconstruction``; what its header
        states is known without.
    fullFieldCountRateCps : float, optional
        Observed in the whole field of view, for the dead time.

    Returns
    -------
    ScanCalibration
    """
    return calibrationUse.ScanCalibration(path, settings, fullFieldCountRateCps)


def apply(study, calibrations):
    """Keep with the study what calibrated its scans, and take over the uncertainty of the factor where none is stated;
    ``calibrations`` of the time points in their order, ``None`` for one without."""
    calibrationUse.applyToStudy(study, calibrations)


def recover(study, path, regions=None, method=partialVolume.SPHERES):
    """Divide the activity of regions by the recovery of a record (``None``: no correction); see
    :func:`.partialVolume.setRecovery`."""
    partialVolume.setRecovery(study, None if path is None else load(path), "" if path is None else
                              os.path.basename(path), regions, method=method)

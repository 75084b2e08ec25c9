"""From what a calibration file states to numbers: sensitivity, recovery curve, and words on what is doubtful."""

import math
import os

from ..errors import Faults, InputError
from ..imaging.calibration import regions
from ..imaging.files import readImage
from ..physics import cameraSensitivity, counting
from ..physics.nuclides import nuclide
from ..progress import noProgress, subProgress
from . import calibrationDeadTime, calibrationRecord, calibrationScans, calibrationSpheres
from .protocol import hoursBetween, parseDateTime, positiveNumber

_KBQ_PER_MBQ = 1e3
# A reading of the activity meter farther from the scan is worth a word: its date may be wrong.
_USUAL_HOURS = 24.0


def measure(statement, folder, progress=noProgress):
    """All numbers of a calibration.

    Parameters
    ----------
    statement : dict
        Of :func:`.calibrationFile.readCalibrationFile`.
    folder : str
        That the paths are relative to.

    Returns
    -------
    dict
        ``sensitivity``, ``recovery``, ``deadTime`` (each only where stated) and ``warnings``.

    Raises
    ------
    InputError, CalculationError, FaultList
    """
    found, warnings = {}, []
    dead = None
    if statement.get("deadTime"):
        found["deadTime"], words = calibrationDeadTime.measure(statement)
        dead = found["deadTime"]
        warnings += words
    if statement.get("counter"):
        found["counter"], words = _counter(statement, dead or {})
        warnings += words
    if statement.get("sensitivity"):
        progress(0.0, "Sensitivity")
        found["sensitivity"], words = _sensitivity(statement, folder, dead)
        warnings += words
    if statement.get("sensitivityFrom"):
        found["sensitivity"], words = _sensitivityOf(statement, folder)
        warnings += words
    if statement.get("recovery"):
        found["recovery"], words = calibrationSpheres.measure(statement, folder, found.get("sensitivity"), dead,
                                                              subProgress(progress, 0.4, 1.0))
        warnings += words
    progress(1.0, "")
    return {**found, "warnings": list(dict.fromkeys(warnings))}


def _sensitivityOf(statement, folder):
    """The sensitivity of an earlier record, where this calibration measures none, and words on whether it fits."""
    path = statement["sensitivityFrom"]
    name = os.path.basename(path)
    record = calibrationRecord.load(os.path.join(folder, path))
    calibrationRecord.requireNuclide(record, statement["radionuclide"], f"sensitivityFrom, {name}")
    if record.get("sensitivity") is None:
        raise InputError("The record holds no sensitivity", f"sensitivityFrom, {name}", "Name one with a sensitivity")
    day = calibrationRecord.dateOf(statement["date"], "date")
    words = calibrationRecord.validityWords(record, statement, day)
    return {**record["sensitivity"], "from": {"file": name, "digest": record["digest"], "date": record["date"]}}, \
        [f"Sensitivity of {name}: {text}" for text in words]


def _sensitivity(statement, folder, dead):
    content, halfLife = statement["sensitivity"], nuclide(statement["radionuclide"]).halfLifeHours
    stated, faults, scans, rows, warnings = content["activity"], Faults(), [], [], []
    kinds = set()
    for position, item in enumerate(content["scans"]):
        where = f"sensitivity, scan {position + 1}"
        with faults.collect():
            measured = calibrationScans.read(item, folder, where, statement, dead)
            activity, words = _activityAt(stated, measured.moment, halfLife, where)
            signal, counts, region, row = _signal(measured, content, folder, where)
            warnings += [*measured.words, *words]
            kinds.add((measured.isCalibrated, item.get("planar") is not None))
            scans.append(cameraSensitivity.SensitivityScan(
                signal, activity * row["activityShare"], measured.durationSeconds, measured.isCorrected, counts, region,
                where))
            rows.append({"acquisitionDateTime": measured.moment.isoformat(),
                         "durationSeconds": measured.durationSeconds, "isDecayCorrected": measured.isCorrected,
                         "activityMBqAtStart": activity, "netSignal": signal, **row})
    if len(kinds) > 1:
        faults.add("The scans are not of one kind (counts, activity, or planar views)", "sensitivity",
                   "Give scans of one kind")
    faults.raiseIfAny()
    isRatio, isPlanar = kinds.pop()
    relative = stated.get("relativeUncertainty")
    if relative is not None:
        relative = positiveNumber(relative, "relative uncertainty of the activity", "sensitivity.activity")
        if relative > 1:
            raise InputError(f"The relative uncertainty of the activity is {relative:g}", "sensitivity.activity",
                             "Give a fraction, 0.02 for 2 %")
    else:
        warnings.append("The activity meter's uncertainty is not stated: that of the calibration factor is not known")
    result = cameraSensitivity.cameraSensitivity(scans, halfLife, relative, isRatio)
    if not isRatio:
        warnings += cameraSensitivity.plausibilityWords(nuclide(statement["radionuclide"]).name, result.value)
    elif not 0.5 < result.value < 2.0:
        warnings.append(f"The images show {result.value:.3g} times the true activity: check unit, activity and dates")
    return {"value": result.value, "unit": result.unit, "isRatio": isRatio, "factor": result.factor,
            "factorUnit": result.factorUnit, "relativeUncertainty": result.relativeUncertainty,
            "components": result.components, "values": list(result.values), "scans": rows,
            **({"isPlanar": True} if isPlanar else {})}, warnings


def _counter(statement, dead):
    """Sensitivity of a probe or gamma counter by its standard: the mean over its countings, and warnings."""
    content, halfLife = statement["counter"], nuclide(statement["radionuclide"]).halfLifeHours
    standard, faults, found, warnings = content["standard"], Faults(), [], []
    relative = standard.get("relativeUncertainty")
    for position, item in enumerate(content["countings"]):
        where = f"counter, counting {position + 1}"
        with faults.collect():
            moment = parseDateTime(item["dateTime"], where)
            elapsed = hoursBetween(parseDateTime(standard["dateTime"], "counter.standard.dateTime"), moment, where)
            activity = cameraSensitivity.netActivityMBq(
                positiveNumber(standard.get("activityKBq"), "activity of the standard (kBq)", where) / _KBQ_PER_MBQ,
                elapsed, 0.0, 0.0, halfLife, where) * _KBQ_PER_MBQ
            seconds = positiveNumber(item.get("seconds"), "counting time (s)", where)
            net = counting.netRate(item.get("counts") or 0, seconds, item.get("backgroundCounts", 0),
                                   item.get("backgroundSeconds", seconds), dead.get("microseconds", 0.0),
                                   dead.get("model", "paralyzable"), where)
            found.append(counting.sensitivity(net, activity, relative, standard.get("volumeML"), where))
            if net.lossFraction > counting.LARGEST_LOSS:
                warnings.append(f"{where}: dead time took {net.lossFraction:.0%} of the counts: use a weaker standard")
    faults.raiseIfAny()
    values = [item.cpsPerBq for item in found]
    mean = sum(values) / len(values)
    if relative is None:
        warnings.append("The uncertainty of the standard's activity is not stated: that of the sensitivity is not "
                        "known")
        total = None
    else:
        # statistics of each counting, or the spread of all of them: the larger one
        own = math.sqrt(sum(item.relativeUncertainty ** 2 - relative ** 2 for item in found)) / len(found)
        spread = 0.0 if len(values) == 1 else math.sqrt(sum((value - mean) ** 2 for value in values) / (
            len(values) - 1) / len(values)) / mean
        total = math.hypot(relative, max(own, spread))
    return {"instrument": content["instrument"], "cpsPerBq": mean, "relativeUncertainty": total,
            "volumeML": standard.get("volumeML"), "values": values}, warnings


def _activityAt(stated, moment, halfLife, where):
    """Activity in the phantom at the start of a scan, and words on readings of an unusual date."""
    measured = parseDateTime(stated["measuredDateTime"], "sensitivity.activity.measuredDateTime")
    elapsed = hoursBetween(measured, moment, where)
    residualTime = stated.get("residualDateTime")
    residualElapsed = elapsed if residualTime is None else hoursBetween(
        parseDateTime(residualTime, "sensitivity.activity.residualDateTime"), moment, where)
    activity = cameraSensitivity.netActivityMBq(stated["measuredActivityMBq"], elapsed, stated["residualActivityMBq"],
                                                residualElapsed, halfLife, where)
    words = []
    for title, hours in (("activity", elapsed), ("residual activity", residualElapsed)):
        if hours < 0:
            words.append(f"{where}: the {title} was measured {-hours:.3g} h after the scan: check the dates")
        elif hours > _USUAL_HOURS:
            words.append(f"{where}: the {title} was measured {hours:.3g} h before the scan: check the dates")
    return activity, words


def _signal(measured, content, folder, where):
    """Net signal, relative counting and region uncertainty, and what describes the region."""
    if measured.net is not None:
        net = measured.net
        return net.rateCps, net.uncertaintyCps / net.rateCps, 0.0, {"region": measured.region, "activityShare": 1.0}
    found = _region(measured, content.get("region") or {"method": "wholeImage"}, folder, "region")
    signal, row = found.signal, {"region": found.words, "activityShare": found.activityShare}
    counts = None
    background = content.get("background") or {}
    if background.get("region"):
        around = _region(measured, background["region"], folder, "background.region")
        taken = around.signal / around.volumeML * found.volumeML
        signal -= taken
        row |= {"background": around.words, "backgroundSignal": taken}
    elif background.get("countRateCps"):
        if measured.isCalibrated:
            raise InputError("A background count rate is stated for an image in activity", "sensitivity.background",
                             "Leave it out, or give a region")
        signal -= background["countRateCps"]
        row["backgroundSignal"] = background["countRateCps"]
    net = signal * (measured.image.voxelVolumeML if measured.isCalibrated else 1.0)
    spread = background.get("uncertaintyCps")
    if spread is not None and net > 0:
        counts = spread / net
    return net, counts, found.relativeUncertainty, row


def _region(measured, stated, folder, key):
    labels = None
    if stated["method"] == "labelmap":
        if not isinstance(stated.get("file"), str):
            raise InputError("The label map is not named", f"sensitivity.{key}", 'Give "file": a path')
        labels = readImage(os.path.join(folder, stated["file"]), key)
    return regions.measureRegion(measured.image, stated, labels)

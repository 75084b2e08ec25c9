"""From what a calibration file states to numbers: sensitivity, recovery curve, and words on what is doubtful."""

import math
import os

import numpy as np

from ..errors import Faults, InputError
from ..imaging.calibration import findSpheres, regions, spheres
from ..imaging.files import readImage
from ..physics import cameraSensitivity, counting
from ..physics.deadTimeFit import fitDeadTime
from ..physics.decay import acquisitionDecayFactor, decayFactor
from ..physics.nuclides import nuclide
from ..physics.recoveryFit import fitRecovery
from ..physics.units import SECONDS_PER_HOUR
from ..progress import noProgress, subProgress
from ..resources import dataPath, loadJSON
from . import calibrationRecord, calibrationScans
from .protocol import hoursBetween, parseDateTime, positiveNumber

_BQ_PER_KBQ, _BQ_PER_MBQ, _KBQ_PER_MBQ = 1e3, 1e6, 1e3
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
        found["deadTime"] = dead = _deadTime(statement)
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
        found["recovery"], words = _recovery(statement, folder, found.get("sensitivity"), dead,
                                             subProgress(progress, 0.4, 1.0))
        warnings += words
    progress(1.0, "")
    return {**found, "warnings": list(dict.fromkeys(warnings))}


def _deadTime(statement):
    """The dead time as stated, or as a decaying source shows it."""
    stated = statement["deadTime"]
    measured = stated.get("decayingSource")
    if measured is None:
        return dict(stated)
    moments = [parseDateTime(item["dateTime"], "deadTime.decayingSource") for item in measured["countings"]]
    hours = [hoursBetween(moments[0], moment, "deadTime.decayingSource") for moment in moments]
    counts, seconds = ([item.get(key) for item in measured["countings"]] for key in ("counts", "seconds"))
    fitted = fitDeadTime(hours, counts, seconds, nuclide(statement["radionuclide"]).halfLifeHours, stated["model"],
                         measured.get("backgroundCps") or 0.0)
    return {"model": stated["model"], "microseconds": fitted.microseconds,
            "relativeUncertainty": fitted.relativeUncertainty,
            "source": stated.get("source") or f"{len(hours)} countings of a decaying source of "
                                              f"{nuclide(statement['radionuclide']).name}",
            "points": [{"hours": hour, "countRateCps": count / second, "residual": residual}
                       for hour, count, second, residual in zip(hours, counts, seconds, fitted.residuals, strict=True)],
            "largestLoss": fitted.lossFraction, "chiSquare": fitted.chiSquare,
            "degreesOfFreedom": fitted.degreesOfFreedom}


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


def _recovery(statement, folder, sensitivity, dead, progress):
    content, halfLife = statement["recovery"], nuclide(statement["radionuclide"]).halfLifeHours
    wanted, faults, found, warnings, places = _spheres(content), Faults(), [], [], None
    for position, item in enumerate(content["scans"]):
        where = f"recovery, scan {position + 1}"
        progress(position / len(content["scans"]), where)
        with faults.collect():
            measured = calibrationScans.read(item, folder, where, statement, dead)
            warnings += measured.words
            image = _concentrationImage(measured, sensitivity, halfLife, where)
            hot = _concentrationAt(content["sphereConcentration"], measured.moment, halfLife, where,
                                   "sphereConcentration")
            warm = 0.0
            if content.get("backgroundConcentration"):
                warm = _concentrationAt(content["backgroundConcentration"], measured.moment, halfLife, where,
                                        "backgroundConcentration")
            placed = _placed(image, wanted, hot, warm, content)
            places = places or placed
            shown = None
            if warm > 0:
                shown = float(np.mean([spheres.shellMean(image, sphere.centerRAS, sphere.diameterMM)
                                       for sphere in placed]))
            found.append(spheres.measureSpheres(image, placed, hot, warm, shown))
    faults.raiseIfAny()
    points, missing = spheres.recoveryPoints(found)
    warnings += [f"Sphere {name} is missing: {reason}. It is not part of the recovery curve"
                 for name, reason in missing.items()]
    curve = fitRecovery(points, content.get("relativeUncertainty") or 0.0)
    if content.get("relativeUncertainty") is None:
        warnings.append("The uncertainty of the concentration in the spheres is not stated: the recovery curve does "
                        "not include it")
    return {**curve.toDict(), "missing": missing, "isBackgroundWarm": bool(content.get("backgroundConcentration")),
            "spheres": [{"name": sphere.name, "diameterMM": sphere.diameterMM, "centerRASMM": list(sphere.centerRAS)}
                        for sphere in places]}, warnings


def _spheres(content):
    stated = content.get("spheres")
    if stated is None:
        diameters = loadJSON(dataPath("commissioning.json"))["records"]["sphereDiameters"]["values"]
        stated = [{"diameterMM": diameter} for diameter in diameters]
    found = []
    for item in stated:
        center = item.get("centerRASMM")
        found.append(spheres.Sphere(str(item.get("name") or f"{item['diameterMM']:g} mm"), float(item["diameterMM"]),
                                    None if center is None else tuple(float(value) for value in center)))
    names = [sphere.name for sphere in found]
    if len(set(names)) < len(names):
        raise InputError("Two spheres have the same name", "recovery.spheres", "Give every sphere its own name")
    return found


def _placed(image, wanted, hot, warm, content):
    isGiven = [sphere.centerRAS is not None for sphere in wanted]
    if all(isGiven):
        return tuple(wanted)
    if any(isGiven):
        lacking = [sphere.name for sphere in wanted if sphere.centerRAS is None]
        raise InputError(f"The places of some spheres are given, those of {', '.join(lacking)} are not",
                         "recovery.spheres", "Give centerRASMM of all of them or of none")
    ring = content.get("ringRadiusMM")
    return findSpheres.findSpheres(image, wanted, hot, warm, **({} if ring is None else {"ringRadiusMM": ring}))


def _concentrationAt(stated, moment, halfLife, where, key):
    """Bq/mL at the start of a scan."""
    place = f"recovery.{key}"
    if stated.get("kBqPerML") is not None:
        value = positiveNumber(stated["kBqPerML"], "concentration (kBq/mL)", place) * _BQ_PER_KBQ
    else:
        value = positiveNumber(stated.get("activityMBq"), "activity (MBq)", place) * _BQ_PER_MBQ \
            / positiveNumber(stated.get("volumeML"), "volume (mL)", place)
    if stated.get("dateTime") is None:
        raise InputError("The date and time of the concentration are not stated", place, "State dateTime")
    elapsed = hoursBetween(parseDateTime(stated["dateTime"], f"{place}.dateTime"), moment, where)
    share = decayFactor(halfLife, elapsed)
    if not cameraSensitivity.SMALLEST_SHARE <= share <= 1.0 / cameraSensitivity.SMALLEST_SHARE:
        raise InputError(f"The concentration was measured {elapsed / 24:.4g} days before the scan", place,
                         "Check the date of its measurement")
    return value * share


def _concentrationImage(measured, sensitivity, halfLife, where):
    """The scan in Bq/mL at its start."""
    decay = 1.0 if measured.isCorrected else acquisitionDecayFactor(halfLife,
                                                                    measured.durationSeconds / SECONDS_PER_HOUR)
    if measured.isCalibrated:
        factor = 1.0
        if sensitivity is not None and sensitivity["isRatio"]:
            factor = sensitivity["factor"]
    else:
        if sensitivity is None or sensitivity["isRatio"]:
            raise InputError("The sphere phantom is in counts, and no sensitivity in counts is calibrated", where,
                             "Give the sensitivity scan as well, or an image in Bq/mL")
        factor = sensitivity["factor"] / measured.image.voxelVolumeML
    scale = factor * decay
    if not math.isfinite(scale):
        raise InputError("The image cannot be brought to Bq/mL", where)
    return measured.image.withArray((measured.image.array * np.float32(scale)).astype(np.float32), unit="Bq/mL")

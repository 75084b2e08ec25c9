"""Commissioning of the calibration of cameras, probes and counters: digital phantoms, and worked examples."""

import math
import os
import re

import numpy as np

from ..errors import DosimetryError
from ..imaging.digitalPatient.scanner import SENSITIVITY_CPS_PER_MBQ
from ..imaging.planarAttenuation import lineOfSight
from ..imaging.planarProjection import PlanarGeometry, attenuationCoefficientCM2PerG, project
from ..imaging.volume import Volume
from ..physics import constancy, counting, deadTime, deadTimeFit, planarActivity, sphereRecovery
from ..physics.density import densityGPerML
from ..physics.nuclides import nuclide
from ..progress import subProgress
from . import calibration
from .commissioningCase import Case, Check, published, sourceOf, worst
from .phantomFiles import PhantomFiles

_SUBJECT = "Camera calibration"
_PRINTED = "the printed digits"
_CAMERA = "Made with it: the digital patient's camera"
_SCANS, _MISSING = 3, 4
_LEVELS = (constancy.IN_CONTROL, constancy.WARNING, constancy.ACTION)


def sizeOf(job):
    """Size of the digital patient and of its camera's voxels."""
    return "small" if job.isQuick else "full"


def cameraRecord(job, progress):
    """Path of the calibration record of the digital patient's camera, made where it is not there yet."""
    path = os.path.join(job.folder, "camera.json")
    if not os.path.exists(path):
        progress(0.0, "Scanning digital phantoms")
        statement = PhantomFiles(sizeOf(job)).write(os.path.join(job.folder, "phantoms"), _SCANS)
        calibration.write(calibration.create(statement, subProgress(progress, 0.5, 1.0)), path)
    return path


def digitalPhantoms(job, progress):
    """A filled cylinder and six spheres, from counts on disk to the record of the calibration."""
    size, files = sizeOf(job), PhantomFiles(sizeOf(job))
    record = calibration.load(cameraRecord(job, subProgress(progress, 0.0, 0.7)))
    yield Case(f"calibration.{size}.sensitivity", _SUBJECT, f"Filled cylinder ({size})", "sensitivity",
               "1/(s MBq)", SENSITIVITY_CPS_PER_MBQ, record["sensitivity"]["value"], _CAMERA, 0.01, True,
               "noise, edge of the cylinder")
    truth, recovery = files.sphereScan(), record["recovery"]
    names = [sphere["name"] for sphere in recovery["spheres"]]
    shifts = np.array([sphere["centerRASMM"] for sphere in recovery["spheres"]]) - truth.centersRAS
    yield worst(Case(f"calibration.{size}.places", _SUBJECT, f"Spheres found by themselves ({size})",
                     "distance from their place", "mm", source=_CAMERA, tolerance=1.0, reason="less than half a voxel"),
                [(name, 0.0, np.linalg.norm(shift)) for name, shift in zip(names, shifts, strict=True)])
    curve = sphereRecovery.fromDict(recovery)
    computed = curve.pointSpread.recovery.value(np.array([point.volumeML for point in curve.points]))
    yield worst(Case(f"calibration.{size}.recovery", _SUBJECT, f"Recovery by the point spread ({size})", "recovery",
                     source="Noise-free image of the digital patient's camera inside the true outline",
                     tolerance=0.02, isRelative=True, reason="a recovery curve is wanted to 2 %"),
                [(point.name, expected, value) for point, expected, value in zip(
                    curve.points, truth.recoveries, computed, strict=True)])
    progress(0.8, "Leaving a sphere out")
    yield Case(f"calibration.{size}.missing", _SUBJECT, f"Sphere left empty, refused by name ({size})", "diameter",
               "mm", files.camera().diametersMM[_MISSING], _refusedDiameter(job, files), "The sphere that was left out",
               0.0, False, "exact")


def _refusedDiameter(job, files):
    """Diameter in mm of the sphere by whose name a calibration is refused; not a number where it is not."""
    path = files.write(os.path.join(job.folder, "missing"), 1, (_MISSING,))
    try:
        calibration.create(path)
    except DosimetryError as error:
        found = re.findall(r"The sphere (\S+) mm is missing", str(error))
        if len(found) == 1:
            return float(found[0])
    return float("nan")


def deadTimes(job, progress):
    """True count rates by both models, and the dead time of a source that decays."""
    # the first case keeps the key that it had among the single therapies
    for key, name, model in (("therapies.deadTime", "deadTime", "paralyzable"),
                             ("calibration.deadTimeNonParalyzable", "deadTimeNonParalyzable", "nonParalyzable")):
        record = published(name)
        shown = deadTime.observedRate(record["trueRate"], record["deadTime"], model)
        back = deadTime.trueRate(record["observedRate"], record["deadTime"], model)
        words = "paralyzable (Lambert W)" if model == "paralyzable" else "non-paralyzable"
        yield worst(Case(key, _SUBJECT, f"Dead time, {words}", source=sourceOf(record),
                         tolerance=2e-4 if model == "paralyzable" else 5e-6, isRelative=True, reason=_PRINTED),
                    [("observed", record["observedRate"], shown, "count rate", "1/s"),
                     ("true", record["trueRate"], back.rateCps, "count rate", "1/s"),
                     ("lost", record["loss"], back.lossFraction, "loss", "")])
    record, values = published("decayingSource"), []
    for model, item in record["models"].items():
        counts = item["counts"]
        found = deadTimeFit.fitDeadTime(record["times"], counts, [record["seconds"]] * len(counts),
                                        nuclide(record["nuclide"]).halfLifeHours, deadTimeFit.AUTO,
                                        record["background"])
        values.append((model, item["deadTime"], found.microseconds if found.model == model else float("nan")))
    yield worst(Case("calibration.decayingSource", _SUBJECT, "Dead time by a decaying source, model found", "dead time",
                     "µs", source=sourceOf(record), tolerance=1e-4, isRelative=True, reason="whole counts"), values)


def counters(job, progress):
    """Sensitivities of a probe and a well counter, a sample, and the control chart of an instrument."""
    record = published("counters")
    halfLife, seconds, values = nuclide(record["nuclide"]).halfLifeHours, record["seconds"], []
    for kind, label in (("thyroidProbe", "probe"), ("gammaCounter", "well counter")):
        item = record[label]
        found = calibration.fromStatement({
            "schemaVersion": 1, "camera": label, "radionuclide": record["nuclide"], "date": "2026-05-05",
            "counter": {"instrument": kind, "standard": {
                "activityKBq": item["activity"], "dateTime": "2026-05-04T09:00:00",
                "relativeUncertainty": record["activityUncertainty"]}, "countings": [
                    {"dateTime": "2026-05-05T09:00:00" if item["hours"] else "2026-05-04T09:00:00",
                     "counts": item["counts"], "seconds": seconds, "backgroundCounts": record["backgroundCounts"],
                     "backgroundSeconds": seconds}]}}, job.folder)["counter"]
        values += [(label, item["sensitivity"], found["cpsPerBq"], "sensitivity", "1/(s Bq)"),
                   (label, item["uncertainty"], found["relativeUncertainty"], "relative uncertainty", "")]
    net = counting.netRate(record["sampleCounts"], seconds, record["backgroundCounts"], seconds)
    concentration, _uncertainty = counting.concentrationMBqPerML(
        net, counting.Sensitivity(found["cpsPerBq"], None), record["sampleVolume"], halfLife, record["sampleHours"])
    values.append(("sample", record["concentration"], concentration, "concentration", "MBq/mL"))
    yield worst(Case("calibration.counters", _SUBJECT, "Thyroid probe, well counter", source=sourceOf(record),
                     tolerance=5e-6, isRelative=True, reason=_PRINTED), values)
    record = published("constancyChart")
    rows = record["rows"]
    chart = constancy.controlChart([row[:2] for row in rows], record["reference"], record["halfLife"],
                                   constancy.percentLimits(record["warning"], record["action"]))
    values = []
    for (hours, _shown, deviation, level), found in zip(rows, chart, strict=True):
        values += [(f"after {hours:g} h", deviation, found.deviation, "deviation", ""),
                   (f"after {hours:g} h", level, _LEVELS.index(found.status), "level of the verdict", "")]
    yield worst(Case("calibration.constancy", _SUBJECT, "Constancy chart: deviations and verdicts",
                     source=sourceOf(record), tolerance=1e-6, reason=_PRINTED), values)


def scatterWindows(job, progress):
    """Scatter by three energy windows."""
    record, values = published("scatterWindows"), []
    for name, *counts, scatter, primary in record["rows"]:
        found = planarActivity.primaryCounts(*counts)
        values += [(f"{name}, scatter", scatter, found.scatterCounts), (f"{name}, primary", primary,
                                                                        found.primaryCounts)]
    yield worst(Case("calibration.scatterWindows", _SUBJECT, "Triple energy window", "counts", source=sourceOf(record),
                     tolerance=2e-7, isRelative=True, reason=_PRINTED), values)


def planarActivities(job, progress):
    """Activity of a slab in a body of water from counts by the law of attenuation: the CT voxel by voxel, the
    conjugate view of a slab, and a transmission measurement."""
    activity, sensitivity, seconds, energyMeV = 50.0, 9.0, 600.0, 0.208
    array, labels = np.full((10, 60, 40), -1000, np.int16), np.zeros((10, 60, 40), np.uint8)
    array[:, 10:50, 5:35], labels[2:8, 20:32, 10:20] = 0, 1  # 20 cm of water, 6 cm of source 9 cm from the front
    matrix = np.diag([5.0, 5.0, 5.0, 1.0])
    geometry = PlanarGeometry((30, 60), (5.0, 5.0), ("L", "F"), (97.5, 22.5))
    seen = lineOfSight(project(Volume(array, matrix, "[hnsf'U]", "CT"), geometry,
                               [(Volume(labels, matrix), {1: "source"})], energyMeV), "source")
    perCM = attenuationCoefficientCM2PerG(energyMeV) * float(densityGPerML([0])[0])
    nets = []
    for depthCM in (9.0, 5.0):
        share = math.exp(-perCM * depthCM) * -math.expm1(-perCM * 6.0) / (perCM * 6.0)
        counts = activity * sensitivity * seconds * share
        nets.append(planarActivity.NetCounts(counts, math.sqrt(counts)))
    mean = planarActivity.geometricMean(*nets)
    through = planarActivity.attenuationFromTransmission(1e6, 1e6 * math.exp(-20.0 * perCM))
    found = {"by the CT, each voxel by its depth": (-2.0 * math.log(seen.transmission), 0.0),
             "by the CT, as a slab": (seen.bodyMuT, seen.sourceMuT),
             "by transmission, as a slab": (through, 6.0 * perCM)}
    yield worst(Case("calibration.planarActivities", _SUBJECT, "Conjugate view with attenuation", "activity", "MBq",
                     source="Law of attenuation", tolerance=1e-3, isRelative=True,
                     reason="a CT of voxels of 5 mm stands for the slab"),
                [(label, activity, planarActivity.conjugateViewActivity(mean, seconds, body, sensitivity,
                                                                        source).activityMBq)
                 for label, (body, source) in found.items()])


CHECKS = (
    Check("calibration.phantoms", _SUBJECT, "Digital phantoms", digitalPhantoms, 3.0),
    Check("calibration.deadTimes", _SUBJECT, "Dead time", deadTimes, 0.3),
    Check("calibration.counters", _SUBJECT, "Probe, well counter, constancy", counters, 0.2),
    Check("calibration.scatterWindows", _SUBJECT, "Scatter windows", scatterWindows, 0.1),
    Check("calibration.planarActivities", _SUBJECT, "Planar activities", planarActivities, 0.1),
)

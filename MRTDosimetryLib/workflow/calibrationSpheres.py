"""The recovery of a sphere phantom from its scans: spheres placed, measured, and curves fitted."""

import math
import os

import numpy as np

from ..errors import Faults, InputError
from ..imaging.calibration import findSpheres, findSpheresInCT, spheres
from ..physics import cameraSensitivity, sphereRecovery
from ..physics.decay import acquisitionDecayFactor, decayFactor
from ..physics.nuclides import nuclide
from ..physics.units import SECONDS_PER_HOUR
from ..resources import dataPath, loadJSON
from . import calibrationScans
from .activityImage import readCT
from .protocol import hoursBetween, parseDateTime, positiveNumber

_BQ_PER_KBQ, _BQ_PER_MBQ = 1e3, 1e6
_SAME_VOXELS_MM = 1e-3
_LEAVE_OUT = "Check filling and positions, or name it among the spheres left out where it is known to be empty or " \
             "not mounted"


def measure(statement, folder, sensitivity, dead, progress):
    """Recovery curve of the scans that a calibration file states.

    Parameters
    ----------
    statement : dict
        Of :func:`.calibrationFile.readCalibrationFile`.
    folder : str
        That the paths are relative to.
    sensitivity : dict or None
        Of the same calibration, for scans in counts.
    dead : dict or None
        Dead time of the same calibration.
    progress : callable

    Returns
    -------
    dict
        Of :meth:`.SphereRecovery.toDict`, with the spheres and where their places are from.
    list of str
        Warnings.

    Raises
    ------
    InputError, CalculationError, FaultList
        Among others a sphere that is not there, by its name.
    """
    content, halfLife = statement["recovery"], nuclide(statement["radionuclide"]).halfLifeHours
    wanted, faults, found, warnings, places, origin, spacing = _spheres(content), Faults(), [], [], None, "", None
    leftOut = _leftOut(content, wanted)
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
            if spacing is not None and np.abs(image.spacingMM - spacing).max() > _SAME_VOXELS_MM:
                raise InputError("The voxels are of another size than those of the first scan", where,
                                 "Give scans of one reconstruction")
            spacing = image.spacingMM
            placed, placedBy = _placed(image, item, folder, wanted, leftOut, hot, warm, content, where)
            places, origin = places or placed, origin or placedBy
            shown = None
            if warm > 0:
                shown = float(np.mean([spheres.shellMean(image, sphere.centerRAS, sphere.diameterMM)
                                       for sphere in placed]))
            found.append([sphere for sphere in spheres.measureSpheres(image, placed, hot, warm, shown)
                          if sphere.sphere.name not in leftOut])
    faults.raiseIfAny()
    points, missing, samples = spheres.recoveryPoints(found)
    for name, reason in missing.items():
        faults.add(f"The sphere {name} is missing: {reason}", "recovery", _LEAVE_OUT)
    faults.raiseIfAny()
    curve = sphereRecovery.fitSpheres(points, samples, spacing, content.get("relativeUncertainty") or 0.0,
                                      content.get("curve", sphereRecovery.BEST))
    if content.get("relativeUncertainty") is None:
        warnings.append("The uncertainty of the concentration in the spheres is not stated: the recovery curve does "
                        "not include it")
    return {**curve.toDict(), "leftOut": sorted(leftOut), "placesFrom": origin,
            "isBackgroundWarm": bool(content.get("backgroundConcentration")),
            "spheres": [{"name": sphere.name, "diameterMM": sphere.diameterMM, "centerRASMM": list(sphere.centerRAS)}
                        for sphere in places]}, warnings


def _leftOut(content, wanted):
    """Names of the spheres that are known to be empty or not mounted."""
    names = set(content.get("leftOut") or [])
    unknown = names - {sphere.name for sphere in wanted}
    if unknown:
        raise InputError(f"No sphere is called {', '.join(sorted(unknown))}", "recovery.leftOut",
                         f"The spheres are {', '.join(sphere.name for sphere in wanted)}")
    return names


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


def _placed(image, item, folder, wanted, leftOut, hot, warm, content, where):
    """The spheres in their places, and in words where those are from."""
    isGiven = [sphere.centerRAS is not None for sphere in wanted]
    if all(isGiven):
        return tuple(wanted), "as stated"
    if any(isGiven):
        lacking = [sphere.name for sphere in wanted if sphere.centerRAS is None]
        raise InputError(f"The places of some spheres are given, those of {', '.join(lacking)} are not",
                         "recovery.spheres", "Give centerRASMM of all of them or of none")
    ring = {} if content.get("ringRadiusMM") is None else {"ringRadiusMM": positiveNumber(
        content["ringRadiusMM"], "radius of the ring (mm)", "recovery.ringRadiusMM")}
    if item.get("ct") is None:
        return findSpheres.findSpheres(image, wanted, hot, warm, **ring), "found in the emission image"
    if content.get("wallMM") is not None:
        ring["wallMM"] = positiveNumber(content["wallMM"], "thickness of the walls (mm)", "recovery.wallMM")
    ct, _facts = readCT(os.path.join(folder, item["ct"]), where)
    placed, without = findSpheresInCT.findSpheresInCT(ct, wanted, **ring)
    faults = Faults()
    for name in without:
        if name not in leftOut:
            faults.add(f"The sphere {name} is missing: the CT shows no wall at its place", where, _LEAVE_OUT)
    faults.raiseIfAny()
    return placed, "found in the CT"


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

"""Recovery of what limited resolution takes out of the regions, by the spheres of a calibration record.

The activity of a region is divided by R(V) of its volume, at every time point alike; or, by the geometric transfer of
:mod:`.regionTransfer`, by what its own shape and its neighbors make of it at each. The maps and histograms show the
images as they are: they are not corrected.
"""

import os

from ..errors import Faults, InputError
from ..physics import sphereRecovery
from ..physics.uncertainty.regionRecovery import RegionRecovery
from ..progress import noProgress
from . import calibrationRecord, jointKinetics, regionTransfer, segmentation
from .calibrationUse import momentOf
from .imagedTracer import imagedNuclide

KEY = "partialVolume"
SPHERES, TRANSFER = "recovery", "geometricTransfer"
METHODS = ("none", SPHERES, TRANSFER)
_KEYS = {"method", "calibration", "regions"}


def setRecovery(study, record, name, regions=None, reason="", method=SPHERES):
    """Divide the activity of regions by their recovery.

    Parameters
    ----------
    record : dict or None
        Of :func:`.calibrationRecord.load`; ``None`` takes the correction back.
    name : str
        Of its file.
    regions : list of str, optional
        Only these; left out, all.
    reason : str
        Why it is used although something speaks against it.
    method : str
        :data:`SPHERES`, by the volume alone, or :data:`TRANSFER`, by shape and neighbors.

    Raises
    ------
    InputError
        A record without a recovery curve (for the transfer: without a point spread), or for another nuclide.
    """
    if record is None:
        study.setChoice(KEY, None)
        return
    calibrationRecord.requireNuclide(record, imagedNuclide(study).name, f"{KEY}, {name}")
    if record.get("recovery") is None:
        raise InputError("The calibration holds no recovery curve", f"{KEY}, {name}",
                         "Calibrate with a sphere phantom, or choose the method none")
    _requireCurve(record["recovery"], method, name)
    study.setChoice(KEY, {
        "method": method, "file": name, "digest": record["digest"],
        "date": record["date"], "curve": record["recovery"],
        **{key: record.get(key) for key in (*calibrationRecord.SETTINGS, "validUntil")},
        **({} if regions is None else {"regions": list(regions)}), **({"reason": reason} if reason else {})})


def setMethod(study, method):
    """Change how the record that is chosen is used: as a sphere, or by shape and neighbors.

    Raises
    ------
    InputError
        Nothing is chosen, or the record holds no point spread.
    """
    chosen = choice(study)
    if chosen is None:
        raise InputError("No recovery is chosen", KEY, "Choose a calibration first")
    _requireCurve(chosen["curve"], method, chosen["file"])
    study.setChoice(KEY, {**chosen, "method": method})


def _requireCurve(content, method, name):
    if sphereRecovery.fromDict(content).pointSpread is None and method == TRANSFER:
        raise InputError("The calibration holds no point spread, which a geometric transfer needs", f"{KEY}, {name}",
                         f"Calibrate again with the images of the spheres, or use the method {SPHERES}")


def checkedDescription(description, where):
    """The choice of a study file, or ``None``; every fault in one go."""
    given = description.get(KEY)
    if given is None:
        return None
    if not isinstance(given, dict):
        raise InputError("This is not an object", where, 'Write e.g. {"method": "recovery", "calibration": "..."}')
    faults = Faults()
    for key in sorted(set(given) - _KEYS):
        faults.add(f"The key '{key}' is not known", where, f"Known are {', '.join(sorted(_KEYS))}")
    if given.get("method") not in METHODS:
        faults.add(f"{given.get('method')!r} is no method of partial-volume correction", where,
                   f"Use {' or '.join(METHODS)}")
    names = given.get("regions")
    if names is not None and not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
        faults.add("The regions are not a list of names", where)
    path = given.get("calibration") or description.get("calibration")
    if given.get("method") in (SPHERES, TRANSFER) and not isinstance(path, str):
        faults.add("The calibration record is not named", where, 'Give "calibration": a path')
    faults.raiseIfAny()
    return {"method": given["method"], "calibration": path, "regions": names}


def applyDescription(study, description, names):
    """Put the choice of a study file into the study."""
    chosen = checkedDescription(description, KEY)
    if chosen is None or chosen["method"] == "none":
        setRecovery(study, None, "")
        return
    for name in chosen["regions"] or []:
        if name not in names:
            raise InputError(f"'{name}' is not a region", f"{KEY}.regions", f"Known are {', '.join(names)}")
    setRecovery(study, calibrationRecord.load(chosen["calibration"]), os.path.basename(chosen["calibration"]),
                chosen["regions"], method=chosen["method"])


def choice(study):
    """What is chosen, or ``None`` for no correction."""
    return study.choice(KEY)


def contradictions(study, record):
    """What speaks against the recovery of a record for the scans of a study: it is of another camera, collimator,
    window or reconstruction, or not of that day. Each once, in words."""
    words = []
    for timePoint in study.timePoints:
        settings = {key: timePoint.factValue(key) for key in calibrationRecord.SETTINGS}
        words += calibrationRecord.contradictions(record, settings, momentOf(study, timePoint.facts))
    return list(dict.fromkeys(words))


def recoveries(study, names, images, progress=noProgress):
    """Recovery of each region that is corrected.

    Parameters
    ----------
    study : Study
    names : list of str
    images : RegionImages
        Of the included time points; looked at by the transfer only.
    progress : callable

    Returns
    -------
    dict of str to dict
        ``coefficient``, ``relativeUncertainty`` (of the curve and its scatter, without that of the volume),
        ``volumeML``, ``isExtrapolated``; by the transfer also ``coefficients``, one per time point, and ``shape``.
    list of str
        Warnings: what lies beyond the spheres, and regions that are left uncorrected.
    """
    chosen = choice(study)
    if chosen is None:
        return {}, []
    curve = sphereRecovery.fromDict(chosen["curve"])
    because = f"; used because: {chosen['reason']}" if chosen.get("reason") else ""
    words = [f"Recovery of {chosen['file']}: {text}{because}." for text in contradictions(study, chosen)]
    volumes = {row["name"]: row["volumeML"] for row in segmentation.rows(study)}
    wanted = [name for name in names if chosen.get("regions") is None or name in chosen["regions"]]
    planar = [name for name in wanted if jointKinetics.isAbsolute(study, name)]
    words += [f"{name}: its activity is that of the planar views as it is, and is not corrected for the recovery of "
              "the SPECT/CT." for name in planar]
    wanted = [name for name in wanted if name not in planar]
    if chosen["method"] == TRANSFER:
        found, more = regionTransfer.recoveries(curve.pointSpread.recovery, images, volumes, wanted, progress)
    else:
        found, more = _ofSpheres(curve, volumes, wanted)
    return found, words + more + ([] if found else ["No region is corrected for recovery."])


def _ofSpheres(curve, volumes, names):
    found, words, recovery = {}, [], curve.forRegions()
    spheres = f"the spheres of the calibration ({curve.minimumVolumeML:.3g} to {curve.maximumVolumeML:.3g} mL)"
    for name in names:
        volumeML = volumes[name]
        if volumeML < curve.minimumVolumeML:
            words.append(f"{name}: the volume of {volumeML:.3g} mL is below {spheres}: nothing is known of its "
                         "recovery, and its activity is not corrected.")
            continue
        isBeyond = curve.isExtrapolated(volumeML)
        if isBeyond:
            words.append(f"{name}: the volume of {volumeML:.3g} mL is above {spheres}: its recovery of "
                         f"{recovery.value(volumeML):.3g} is extrapolated, {_beyondWords(curve)}.")
        found[name] = {"coefficient": float(recovery.value(volumeML)),
                       "relativeUncertainty": float(recovery.relativeFitUncertainty(volumeML)),
                       "volumeML": float(volumeML), "isExtrapolated": isBeyond}
    return found, words


def corrected(activities, found):
    """Activities (MBq by region, one per scan) divided by the recovery of the region."""
    return {name: [value / _at(found[name], position) for position, value in enumerate(values)]
            if name in found else values for name, values in activities.items()}


def _at(recovery, position):
    return recovery["coefficients"][position] if "coefficients" in recovery else recovery["coefficient"]


def coefficientOf(region, position=None):
    """Recovery by which the activity of a region (of the kinetics stage) was divided at a time point, or its
    time-integrated activity (``None``); 1 where it was not."""
    found = region.get("recovery")
    if not found:
        return 1.0
    return found["coefficient"] if position is None else _at(found, position)


def asImaged(value):
    """The kinetics stage's value with the activities of the regions as the images show them, for the maps."""
    regions = {}
    for name, region in value["regions"].items():
        share = coefficientOf(region)
        regions[name] = region if not region.get("recovery") else {
            **region,
            "fit": {**region["fit"], "timeIntegratedActivityMBqH": region["fit"]["timeIntegratedActivityMBqH"] * share},
            "timeActivity": [{**point, "activityMBq": point["activityMBq"] * coefficientOf(region, position)}
                             for position, point in enumerate(region["timeActivity"])]}
    return {**value, "regions": regions}


def curveOf(study, region):
    """The recovery for the uncertainty of a region that is corrected, or ``None``."""
    chosen, found = choice(study), region.get("recovery")
    if not chosen or not found:
        return None
    if "shape" in found:
        return RegionRecovery.fromDict(found["shape"])
    return sphereRecovery.fromDict(chosen["curve"]).forRegions()


def _beyondWords(curve):
    return "by the point spread" if curve.chosen == sphereRecovery.POINT_SPREAD else "by surface over volume"


def assumptions(study, kineticsValue):
    """How the activities were corrected, for the report; empty without a correction."""
    chosen = choice(study)
    found = {name: region["recovery"] for name, region in kineticsValue["regions"].items() if region.get("recovery")}
    if chosen is None or not found:
        return []
    curve = sphereRecovery.fromDict(chosen["curve"])
    source = f"measured on {chosen['date']} with {chosen['camera']} ({chosen['file']}, digest {chosen['digest'][:12]})"
    uncorrected = "The maps and the dose-volume histograms are not corrected."
    if chosen["method"] == TRANSFER:
        return [f"{regionTransfer.methodWords(curve.pointSpread.recovery, source)} {uncorrected}",
                *(regionTransfer.regionWords(name, item) for name, item in found.items())]
    words = [f"Activities of regions are divided by the recovery {curve.words()}, of spheres of their volume, {source}."
             f" What spills in from neighbors is not taken off. {uncorrected}"]
    for name, item in found.items():
        beyond = f", extrapolated beyond the spheres measured, {_beyondWords(curve)}" if item["isExtrapolated"] else ""
        words.append(f"{name}: recovery {item['coefficient']:.4g} ± {item['relativeUncertainty']:.2%} of a sphere of "
                     f"{item['volumeML']:.4g} mL{beyond}.")
    return words

"""Recovery of what limited resolution takes out of the regions, by the curve of a calibration record.

The activity of a region is divided by R(V) of its volume, at every time point alike. The maps and histograms show the
images as they are: they are not corrected.
"""

import os

from ..errors import Faults, InputError
from ..physics import sphereRecovery
from . import calibrationRecord, segmentation
from .calibrationUse import momentOf
from .imagedTracer import imagedNuclide

KEY = "partialVolume"
METHODS = ("none", "recovery")
_KEYS = {"method", "calibration", "regions"}


def setRecovery(study, record, name, regions=None, reason=""):
    """Divide the activity of regions by the recovery of their volume.

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

    Raises
    ------
    InputError
        A record without a recovery curve, or for another nuclide.
    """
    if record is None:
        study.setChoice(KEY, None)
        return
    calibrationRecord.requireNuclide(record, imagedNuclide(study).name, f"{KEY}, {name}")
    if record.get("recovery") is None:
        raise InputError("The calibration holds no recovery curve", f"{KEY}, {name}",
                         "Calibrate with a sphere phantom, or choose the method none")
    sphereRecovery.fromDict(record["recovery"])
    study.setChoice(KEY, {
        "method": "recovery", "file": name, "digest": record["digest"],
        "date": record["date"], "curve": record["recovery"],
        **{key: record.get(key) for key in (*calibrationRecord.SETTINGS, "validUntil")},
        **({} if regions is None else {"regions": list(regions)}), **({"reason": reason} if reason else {})})


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
    if given.get("method") == "recovery" and not isinstance(path, str):
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
                chosen["regions"])


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


def coefficients(study, names):
    """Recovery of each region that is corrected.

    Returns
    -------
    dict of str to dict
        ``coefficient``, ``relativeUncertainty`` (of the curve and its scatter, without that of the volume),
        ``volumeML``, ``isExtrapolated``.
    list of str
        Warnings: what lies beyond the spheres, and regions that are left uncorrected.
    """
    chosen = choice(study)
    if chosen is None:
        return {}, []
    curve, found = sphereRecovery.fromDict(chosen["curve"]), {}
    because = f"; used because: {chosen['reason']}" if chosen.get("reason") else ""
    words = [f"Recovery of {chosen['file']}: {text}{because}." for text in contradictions(study, chosen)]
    recovery = curve.forRegions()
    volumes = {row["name"]: row["volumeML"] for row in segmentation.rows(study)}
    spheres = f"the spheres of the calibration ({curve.minimumVolumeML:.3g} to {curve.maximumVolumeML:.3g} mL)"
    for name in names:
        if chosen.get("regions") is not None and name not in chosen["regions"]:
            continue
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
    others = [name for name in names if name not in found and name in (chosen.get("regions") or names)]
    if len(others) == len(names):
        words.append("No region is corrected for recovery.")
    return found, words


def corrected(activities, recoveries):
    """Activities (MBq by region, one per scan) divided by the recovery of the region."""
    return {name: [value / recoveries[name]["coefficient"] for value in values] if name in recoveries else values
            for name, values in activities.items()}


def coefficientOf(region):
    """Recovery by which the activity of a region (of the kinetics stage) was divided; 1 where it was not."""
    return (region.get("recovery") or {}).get("coefficient", 1.0)


def asImaged(value):
    """The kinetics stage's value with the activities of the regions as the images show them, for the maps."""
    regions = {}
    for name, region in value["regions"].items():
        share = coefficientOf(region)
        regions[name] = region if share == 1.0 else {
            **region,
            "fit": {**region["fit"], "timeIntegratedActivityMBqH": region["fit"]["timeIntegratedActivityMBqH"] * share},
            "timeActivity": [{**point, "activityMBq": point["activityMBq"] * share}
                             for point in region["timeActivity"]]}
    return {**value, "regions": regions}


def curveOf(study, region):
    """The fitted recovery for the uncertainty of a region that is corrected, or ``None``."""
    return sphereRecovery.fromDict(choice(study)["curve"]).forRegions() if choice(study) and region.get("recovery") \
        else None


def _beyondWords(curve):
    return "by the point spread" if curve.chosen == sphereRecovery.POINT_SPREAD else "by surface over volume"


def assumptions(study, kineticsValue):
    """How the activities were corrected, for the report; empty without a correction."""
    chosen = choice(study)
    found = {name: region["recovery"] for name, region in kineticsValue["regions"].items() if region.get("recovery")}
    if chosen is None or not found:
        return []
    curve = sphereRecovery.fromDict(chosen["curve"])
    words = [f"Activities of regions are divided by the recovery {curve.words()}, of spheres of their volume, measured "
             f"on {chosen['date']} with {chosen['camera']} ({chosen['file']}, digest {chosen['digest'][:12]}). What "
             "spills in from neighbors is not taken off. The maps and the dose-volume histograms are not corrected."]
    for name, item in found.items():
        beyond = f", extrapolated beyond the spheres measured, {_beyondWords(curve)}" if item["isExtrapolated"] else ""
        words.append(f"{name}: recovery {item['coefficient']:.4g} ± {item['relativeUncertainty']:.2%} of a sphere of "
                     f"{item['volumeML']:.4g} mL{beyond}.")
    return words

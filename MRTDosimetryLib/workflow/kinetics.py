"""Stage 5: time-activity curve of each region, its fit and the time-integrated activity map."""

import numpy as np

from ..errors import Faults, InputError
from ..imaging.regionActivity import regionActivityMBq
from ..imaging.resampling import resample
from ..imaging.spread import registeredMean, spreadTimeIntegratedActivity
from ..physics.kinetics import selection
from ..physics.kinetics.curve import TimeActivityCurve
from ..physics.kinetics.registry import modelTitles
from ..progress import noProgress, subProgress
from ..scene import segments, volumes
from . import studyNodes, voxelKinetics
from .protocol import positiveNumber, studyNuclide, studyProtocol
from .regionMasks import regionNames, regionOccupancies, segmentationNode, unionFraction
from .registration import referenceFromTimePoint, referenceOf
from .stage import Stage
from .timePoints import includedTimePoints, totalActivityMBq

REMAINDER = "remainder"
CURVE_SAMPLES = 200


def modelNames():
    """Name and title of every fit model, ``"auto"`` first."""
    return [("auto", "Chosen by rules from the data")] + list(modelTitles())


def options(study):
    """The kinetics choices: ``model``, ``perVoxel``, ``effectiveHalfLifeHours`` (region -> h)."""
    return {"model": "auto", "perVoxel": False, "effectiveHalfLifeHours": {}, **(study.choice("kinetics") or {})}


def setModel(study, name):
    """Choose the fit model of all regions."""
    known = [model for model, _title in modelNames()]
    if name not in known:
        raise InputError(f"'{name}' is not a fit model", "kinetics.model", f"Known are {', '.join(known)}")
    study.setChoice("kinetics", {**options(study), "model": name})


def setPerVoxel(study, isPerVoxel):
    """Fit the map of time-integrated activity per voxel, or spread each region's fit over the region."""
    if not isinstance(isPerVoxel, bool):
        raise InputError(f"perVoxel is {isPerVoxel!r}", "kinetics.perVoxel", "Give true or false")
    study.setChoice("kinetics", {**options(study), "perVoxel": isPerVoxel})


def setEffectiveHalfLife(study, region, hours, source="user"):
    """State the effective half-life of a region (or of ``"remainder"``), for a single time point.

    Parameters
    ----------
    hours : float or None
        ``None`` takes the statement back.
    """
    current = options(study)
    halfLives = dict(current["effectiveHalfLifeHours"])
    halfLives.pop(region, None)
    if hours is not None:
        hours = positiveNumber(hours, "effective half-life", region)
        physical = studyNuclide(study).halfLifeHours
        if hours > physical * (1 + 1e-9):
            raise InputError(f"The effective half-life of {hours:g} h is longer than the physical one of "
                             f"{physical:.4g} h", region, "Give an effective half-life, physical decay included")
        halfLives[region] = {"hours": hours, "source": source}
    study.setChoice("kinetics", {**current, "effectiveHalfLifeHours": halfLives})


def rows(study):
    """One row per region.

    Returns
    -------
    list of dict
        ``region``, ``model``, ``effectiveHalfLifeHours``, ``timeIntegratedActivityMBqH``,
        ``timeIntegratedActivityUncertaintyMBqH``, ``extrapolatedFraction``, ``warnings``; ``None`` before the run.
    """
    record = study.stageRecord("kinetics")
    found = ((record or {}).get("value") or {}).get("regions", {})
    table = []
    for name in regionNames(study):
        fit = (found.get(name) or {}).get("fit") or {}
        keys = ("model", "effectiveHalfLifeHours", "timeIntegratedActivityMBqH",
                "timeIntegratedActivityUncertaintyMBqH", "extrapolatedFraction")
        table.append({"region": name, **{key: fit.get(key) for key in keys}, "warnings": fit.get("warnings", [])})
    return table


def _givenHalfLife(study, region):
    """Stated effective half-life of a region and its source, or ``(None, "")``."""
    stated = options(study)["effectiveHalfLifeHours"].get(region)
    return (stated["hours"], stated["source"]) if stated else (None, "")


def _missing(study):
    missing = []
    included = includedTimePoints(study)
    if not included:
        missing.append("Add at least one time point")
    if not regionNames(study):
        missing.append("Draw the regions")
    if len(included) == 1:
        without = [name for name in regionNames(study) if _givenHalfLife(study, name)[0] is None]
        if without:
            missing.append("With a single time point, give the effective half-life (kinetics.effectiveHalfLifeHours) "
                           f"of {', '.join(without)}")
    if options(study)["perVoxel"] and 0 < len(included) < voxelKinetics.MINIMUM_TIME_POINTS:
        missing.append("Fits per voxel need at least two time points: add one, or set kinetics.perVoxel to false")
    protocol = studyProtocol(study)
    fewest = (protocol or {}).get("minimumTimePoints", 1)
    if included and len(included) < fewest:
        missing.append(f"Protocol {study.choice('protocol')} needs at least {fewest} time points, "
                       f"the study has {len(included)}")
    return missing


def _inputs(study):
    node = segmentationNode(study)
    return {"radionuclide": study.choice("radionuclide"), "options": options(study),
            "segmentation": segments.segmentationDigest(node) if node else None,
            "timePoints": [{"spect": volumes.contentDigest(item.spectNode), "timeHours": item.timeHours,
                            "matrix": volumes.geometryBytes(referenceFromTimePoint(item)).hex()}
                           for item in includedTimePoints(study)]}


def _compute(study, progress=noProgress):
    included, reference, nuclide = includedTimePoints(study), referenceOf(study), studyNuclide(study)
    names, warnings, faults = regionNames(study), [], Faults()
    timesHours = [item.timeHours for item in included]
    activities = _measure(study, included, names, subProgress(progress, 0.0, 0.5))
    regions = {}
    for name in names:
        with faults.collect():
            fit = _fit(study, name, timesHours, activities[name], nuclide, len(included))
            regions[name] = _regionValue(timesHours, activities[name], fit)
            warnings += [f"{name}: {text}" for text in fit.warnings]
    faults.raiseIfAny()
    progress(0.6, "Remainder of the image")
    remainder, words = _remainder(study, timesHours, activities[REMAINDER], nuclide)
    warnings += words
    unused = [name for name in options(study)["effectiveHalfLifeHours"] if name not in [*names, REMAINDER]]
    if unused:
        warnings.append(f"An effective half-life is stated for {', '.join(unused)}, which is not a region.")
    if len(included) > 1 and options(study)["effectiveHalfLifeHours"]:
        warnings.append("Stated effective half-lives are not used: the study has more than one time point.")
    progress(0.7, "Time-integrated activity map")
    value = {"regions": regions, "remainder": remainder, "timesHours": timesHours}
    tiaMap, words = _map(study, included, reference, value, nuclide, subProgress(progress, 0.7, 0.95))
    warnings += words
    studyNodes.putVolume(study, "timeIntegratedActivity", tiaMap, "timeIntegratedActivity")
    studyNodes.writeTimeActivity(study, value)
    return value, warnings


def _measure(study, included, names, progress):
    """Activity of each region and of the remainder at each time point: name -> list of MBq."""
    activities = {name: [] for name in [*names, REMAINDER]}
    for position, timePoint in enumerate(included):
        progress(position / len(included), f"{timePoint.label}: activity of the regions")
        image = volumes.volumeFromNode(timePoint.spectNode)
        occupancies = regionOccupancies(study, timePoint)
        outside = [name for name in names if name not in occupancies]
        if outside:
            raise InputError(f"The region lies outside the image of {timePoint.label}", ", ".join(outside),
                             "Check the registration, or exclude the time point")
        found = regionActivityMBq(image, occupancies)
        for name in names:
            activities[name].append(float(found[name]))
        inside = unionFraction(occupancies, image.array.shape)
        insideMBq = float(np.vdot(image.array.astype(np.float64), inside)) * image.voxelVolumeML * 1e-6
        activities[REMAINDER].append(totalActivityMBq(timePoint) - insideMBq)
    return activities


def _fit(study, name, timesHours, activitiesMBq, nuclide, points):
    if any(value < 0 for value in activitiesMBq):
        raise InputError("The activity is negative at a time point", name, "Check region and images")
    if not any(value > 0 for value in activitiesMBq):
        raise InputError("The region holds no activity at any time point", name, "Check region and images")
    halfLife, source = _givenHalfLife(study, name)
    curve = TimeActivityCurve(timesHours, activitiesMBq)
    fit = selection.fit(curve, nuclide.decayConstantPerHour, model=options(study)["model"],
                        effectiveHalfLifeHours=halfLife if points == 1 else None)
    if points == 1:
        fit.assumptions.append(f"Effective half-life of {halfLife:g} h taken from: {source}.")
    return fit


def _regionValue(timesHours, activitiesMBq, fit):
    uncertainties = fit.activityUncertaintiesMBq
    sampled = np.linspace(0.0, 1.25 * max(timesHours), CURVE_SAMPLES)
    points = [{"timeHours": float(time), "activityMBq": float(activity),
               "uncertaintyMBq": None if uncertainties is None else float(uncertainties[index])}
              for index, (time, activity) in enumerate(zip(timesHours, activitiesMBq, strict=True))]
    return {"timeActivity": points, "fit": fit.toDict(),
            "curve": {"timesHours": sampled.tolist(), "activitiesMBq": np.asarray(fit.activityMBq(sampled)).tolist()}}


def _remainder(study, timesHours, activitiesMBq, nuclide):
    """Time-integrated activity outside the regions, for the map; a value or a word, never a silent zero."""
    largest = max(activitiesMBq)
    value = {"activitiesMBq": [float(item) for item in activitiesMBq]}
    if largest <= 1e-6:
        return {**value, "timeIntegratedActivityMBqH": 0.0, "model": None,
                "note": "The images hold no activity outside the regions."}, []
    if min(activitiesMBq) < 0:
        return {**value, "timeIntegratedActivityMBqH": None, "model": None, "note": "negative activity"}, [
            "The activity outside the regions is negative at a time point: its time-integrated activity is not computed"
            + ("." if options(study)["perVoxel"] else ", and the map holds the regions only.")]
    halfLife, _source = _givenHalfLife(study, REMAINDER)
    words = []
    curve = TimeActivityCurve(timesHours, activitiesMBq)
    if len(timesHours) == 1:
        if halfLife is None:
            halfLife = nuclide.halfLifeHours
            words.append("Remainder of the image: no effective half-life is stated, so physical decay is assumed "
                         "(an upper bound).")
        fit = selection.fit(curve, nuclide.decayConstantPerHour, model="auto", effectiveHalfLifeHours=halfLife)
    else:
        fit = selection.fit(curve, nuclide.decayConstantPerHour, model="auto")
    return {**value, "timeIntegratedActivityMBqH": fit.timeIntegratedActivityMBqH, "model": fit.model,
            "effectiveHalfLifeHours": fit.effectiveHalfLifeHours, "note": ""}, words


def _map(study, included, reference, value, nuclide, progress):
    """Time-integrated activity in MBq h per mL on the reference's grid, and warnings.

    Fitted per voxel (then ``value`` gets ``voxels``), or each region's value spread over it by its own images.
    """
    isPerVoxel = options(study)["perVoxel"]
    progress(0.0, "Registered images")
    # A fit has to know where a scan does not reach; in the mean of all scans, nothing is added there.
    images = _registeredImages(included, reference, outside=np.nan if isPerVoxel else 0.0)
    grid, weights = images[0], _areaWeights(value["timesHours"])
    occupancies = regionOccupancies(study, reference)
    warnings = []
    if isPerVoxel:
        perVoxel, value["voxels"], warnings = voxelKinetics.fitPerVoxel(
            study, reference, images, occupancies, value, weights, nuclide.decayConstantPerHour,
            subProgress(progress, 0.3, 1.0))
    else:
        voxelKinetics.removeMaps(study)
        progress(0.7, "Spreading over the regions")
        byName = {name: region["fit"]["timeIntegratedActivityMBqH"] for name, region in value["regions"].items()}
        perVoxel = spreadTimeIntegratedActivity(byName, occupancies, registeredMean(images, weights),
                                                value["remainder"]["timeIntegratedActivityMBqH"] or 0.0)
    perML = perVoxel / np.float32(grid.voxelVolumeML)
    return grid.withArray(perML, unit="MBq.h/mL", name="Time-integrated activity"), warnings


def _registeredImages(included, reference, outside):
    """The images of all time points on the grid of the reference."""
    grid = volumes.volumeFromNode(reference.spectNode)
    images = []
    for timePoint in included:
        image = volumes.volumeFromNode(timePoint.spectNode)
        isAligned = timePoint.spectNode is reference.spectNode
        gridToImage = np.linalg.inv(referenceFromTimePoint(timePoint))
        images.append(image if isAligned else resample(image, grid, gridToImage, outside=outside, dtype=np.float32))
    return images


def _areaWeights(timesHours):
    """Weights by which images add up to the trapezoid's area, the first and last point standing for the ends."""
    times = np.asarray(timesHours, float)
    if times.size == 1:
        return [1.0]
    edges = np.concatenate(([0.0], (times[1:] + times[:-1]) / 2.0, [times[-1] + (times[-1] - times[-2]) / 2.0]))
    return np.diff(edges).tolist()


STAGE = Stage("kinetics", "Kinetics", _missing, _inputs, _compute, needs=("regions",))

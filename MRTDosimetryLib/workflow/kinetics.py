"""Stage 6: time-activity curve of each region, its fit and the time-integrated activity map."""

import numpy as np

from ..errors import CalculationError, Faults, InputError
from ..imaging.regionActivity import regionActivityMBq, totalActivityMBq
from ..imaging.resampling import resampleActivity
from ..imaging.spread import registeredMean, spreadTimeIntegratedActivity
from ..physics.sums import productSum
from ..progress import noProgress, subProgress
from ..scene import segments, volumes
from . import (
    deadTimeUncertainty,
    excludedPoints,
    imagedTracer,
    jointKinetics,
    kineticsCharts,
    kineticsChecks,
    kineticsOptions,
    partialVolume,
    planarStudy,
    plannedActivity,
    regionFits,
    studyNodes,
    voxelKinetics,
)
from .kineticsOptions import REMAINDER, options, statedOptions
from .protocol import studyNuclide, studyProtocol, usesImages
from .regionMasks import (
    MOSTLY_OUTSIDE,
    OUTSIDE_SHARE,
    regionNames,
    regionOccupancies,
    segmentationNode,
    unionFraction,
)
from .regionTransfer import RegionImages
from .registration import referenceFromTimePoint, referenceOf
from .stage import Stage
from .timePoints import includedTimePoints

ROUNDING = 1e-6
# What the interpolation takes away below zero is only spoken of where it is more than this share of the image.
CLIPPED_SHARE = 0.01


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


def showRegion(study, region):
    """Fill the chart of one region (points, fit, 95 % band, residuals) and return its node; ``None`` before the run."""
    value = (study.stageRecord("kinetics") or {}).get("value") or {}
    if region not in value.get("regions", {}):
        return None
    return kineticsCharts.writeRegionChart(study, value, region)


def setLogScale(study, isLogarithmic):
    """Draw the charts of the curves on a logarithmic axis of activity, or on a linear one."""
    value = (study.stageRecord("kinetics") or {}).get("value")
    if value:
        kineticsCharts.setLogScale(study, value, isLogarithmic)


def _missing(study):
    missing = []
    included = includedTimePoints(study)
    if not included:
        missing.append("Add at least one time point")
    if not regionNames(study):
        missing.append("Draw the regions")
    missing += excludedPoints.missingStatements(study, regionNames(study))
    missing += plannedActivity.missing(study, included)
    missing += kineticsChecks.missingStatements(study, regionNames(study))
    missing += jointKinetics.missingStatements(study, regionNames(study), len(included))
    missing += planarStudy.missing(study)
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
    found = {"radionuclide": study.choice("radionuclide"), "options": statedOptions(study),
             "segmentation": segments.segmentationDigest(node) if node else None,
             "timePoints": [{"spect": volumes.contentDigest(item.spectNode), "timeHours": item.timeHours,
                             "matrix": volumes.geometryBytes(referenceFromTimePoint(item)).hex()}
                            for item in includedTimePoints(study)],
             **plannedActivity.inputs(study, includedTimePoints(study)), **imagedTracer.inputs(study),
             **deadTimeUncertainty.inputs(includedTimePoints(study))}
    recovery = partialVolume.choice(study)
    # Left out while there is none, so that an earlier study stays up to date.
    return {**found, "recovery": recovery} if recovery else found


def _compute(study, progress=noProgress):
    included, reference, nuclide = includedTimePoints(study), referenceOf(study), studyNuclide(study)
    names, warnings = regionNames(study), []
    timesHours = [item.timeHours for item in included]
    planned, words = plannedActivity.settle(study, included)
    warnings += words
    predicted, words = imagedTracer.settle(study, included)
    warnings += words
    activities, words = _measure(study, included, names, subProgress(progress, 0.0, 0.5))
    warnings += words
    recoveries, words = partialVolume.recoveries(
        study, names, RegionImages(study, included, _areaWeights(timesHours)), subProgress(progress, 0.5, 0.6))
    warnings += words
    activities = partialVolume.corrected(activities, recoveries)
    regions, words = regionFits.fitRegions(study, names, timesHours, activities, nuclide)
    for name, recovery in recoveries.items():
        regions[name]["recovery"] = recovery
    for name, relative in deadTimeUncertainty.ofRegions(study, included, timesHours, activities, nuclide,
                                                        regions).items():
        regions[name]["deadTimeRelativeUncertainty"] = relative
    warnings += words
    progress(0.6, "Remainder of the image")
    remainder, words = _remainder(study, timesHours, activities[REMAINDER], nuclide)
    warnings += words
    warnings += kineticsChecks.unusedWords(study, names) + planarStudy.warnings(study)
    progress(0.7, "Time-integrated activity map")
    value = {"regions": regions, "remainder": remainder, "timesHours": timesHours,
             **({"planned": planned} if planned else {}), **({"prediction": predicted} if predicted else {})}
    tiaMap, words = _map(study, included, reference, value, nuclide, subProgress(progress, 0.7, 0.95))
    warnings += words
    studyNodes.putVolume(study, "timeIntegratedActivity", tiaMap, "timeIntegratedActivity")
    kineticsCharts.writeTimeActivity(study, value)
    kineticsCharts.writeCandidates(study, value)
    return value, warnings


def _measure(study, included, names, progress):
    """Activity of each region and of the remainder at each time point: name -> list of MBq, and warnings.

    Raises
    ------
    InputError, FaultList
        A region that an image does not show at all: its activity is unknown there, not zero.
    """
    activities, warnings, faults = {name: [] for name in [*names, REMAINDER]}, [], Faults()
    for position, timePoint in enumerate(included):
        progress(position / len(included), f"{timePoint.label}: activity of the regions")
        image = plannedActivity.activityVolume(study, timePoint)
        occupancies = regionOccupancies(study, timePoint)
        for name in names:
            beyond = occupancies[name].fractionOutside
            if beyond >= MOSTLY_OUTSIDE:
                faults.add(f"The region lies outside the image of {timePoint.label}", name,
                           "Check the registration, or exclude the time point")
            elif beyond > OUTSIDE_SHARE and timePoint.spectNode is not study.referenceTimePoint.spectNode:
                warnings.append(f"{name}: {beyond:.0%} of the volume lies outside the image of {timePoint.label}: its "
                                "activity there is too low.")
        faults.raiseIfAny()
        found = regionActivityMBq(image, occupancies)
        for name in names:
            activities[name].append(float(found[name]))
        inside = unionFraction(occupancies, image.array.shape)
        insideMBq = productSum(image.array, inside) * image.voxelVolumeML * 1e-6
        total = totalActivityMBq(image)
        restMBq = total - insideMBq
        # what rounding leaves of a difference of equal sums is no activity
        activities[REMAINDER].append(0.0 if abs(restMBq) < ROUNDING * total else restMBq)
    return activities, warnings


def _remainder(study, timesHours, activitiesMBq, nuclide):
    """Time-integrated activity outside the regions, for the map; a value or a word, never a silent zero."""
    value = {"activitiesMBq": [float(item) for item in activitiesMBq]}
    words = [f"Remainder of the image: {text}" for text in excludedPoints.warnings(study, REMAINDER, timesHours)]
    timesHours, activitiesMBq = regionFits.keptPoints(study, REMAINDER, timesHours, activitiesMBq)
    largest = max(activitiesMBq)
    if largest <= 1e-6:
        return {**value, "timeIntegratedActivityMBqH": 0.0, "model": None,
                "note": "The images hold no activity outside the regions."}, words
    if min(activitiesMBq) < 0:
        return {**value, "timeIntegratedActivityMBqH": None, "model": None, "note": "negative activity"}, [
            *words, "The activity outside the regions is negative at a time point: its time-integrated activity is not "
            "computed" + ("." if options(study)["perVoxel"] else ", and the map holds the regions only.")]
    choice = kineticsOptions.fitChoice(study, REMAINDER, len(timesHours))
    if len(timesHours) == 1 and choice.model == kineticsOptions.AUTO and choice.effectiveHalfLifeHours is None \
            and REMAINDER not in jointKinetics.planarSeries(study):
        choice = kineticsOptions.FitChoice(kineticsOptions.AUTO, nuclide.halfLifeHours, source="physical decay")
        words.append("Remainder of the image: no effective half-life is stated, so physical decay is assumed "
                     "(an upper bound).")
    try:
        fit = regionFits.fitAsChosen(choice, study, REMAINDER, timesHours, activitiesMBq, nuclide)
    except (InputError, CalculationError) as error:
        # The regions do not depend on what lies outside them: said in words, not a reason to stop.
        return {**value, "timeIntegratedActivityMBqH": None, "model": None, "note": error.what}, [
            *words, f"The time-integrated activity outside the regions is not computed: {error.what}. The map holds "
                    "the regions only."]
    return {**value, "timeIntegratedActivityMBqH": fit.timeIntegratedActivityMBqH, "model": fit.model,
            "effectiveHalfLifeHours": fit.effectiveHalfLifeHours, "note": "",
            **{key: fit.toDict()[key] for key in ("absorbedDoseRateShape", "piecewiseShape")}}, words


def _map(study, included, reference, value, nuclide, progress):
    """Time-integrated activity in MBq h per mL on the reference's grid, and warnings.

    Fitted per voxel (then ``value`` gets ``voxels``), or each region's value spread over it by its own images.
    """
    isPerVoxel = options(study)["perVoxel"]
    progress(0.0, "Registered images")
    # Fit and mean have to know where a scan does not reach: no data there, not a zero.
    images, warnings = _registeredImages(study, included, reference)
    grid, weights = images[0], _areaWeights(value["timesHours"])
    occupancies, imaged = regionOccupancies(study, reference), partialVolume.asImaged(value)
    if isPerVoxel:
        perVoxel, value["voxels"], words = voxelKinetics.fitPerVoxel(
            study, reference, images, occupancies, imaged, weights, nuclide, subProgress(progress, 0.3, 1.0))
        warnings += words
    else:
        voxelKinetics.removeMaps(study)
        progress(0.7, "Spreading over the regions")
        byName = {name: region["fit"]["timeIntegratedActivityMBqH"] for name, region in imaged["regions"].items()}
        covered = [np.isfinite(image.array) for image in images]
        filled = [np.nan_to_num(image.array, nan=0.0) for image in images]
        perVoxel = spreadTimeIntegratedActivity(byName, occupancies, registeredMean(filled, weights, covered),
                                                value["remainder"]["timeIntegratedActivityMBqH"] or 0.0)
    perML = perVoxel / np.float32(grid.voxelVolumeML)
    return grid.withArray(perML, unit="MBq.h/mL", name="Time-integrated activity"), warnings


def _registeredImages(study, included, reference):
    """The images of all time points on the grid of the reference (NaN where they do not reach), and warnings."""
    grid = volumes.volumeFromNode(reference.spectNode)
    images, warnings = [], []
    for timePoint in included:
        image = plannedActivity.activityVolume(study, timePoint)
        if timePoint.spectNode is not reference.spectNode:
            image, clipped = resampleActivity(image, grid, np.linalg.inv(referenceFromTimePoint(timePoint)))
            if clipped > CLIPPED_SHARE:
                warnings.append(f"{timePoint.label}: bringing the image onto the reference left {clipped:.1%} of its "
                                "activity below zero, which is set to zero.")
        images.append(image)
    return images, warnings


def _areaWeights(timesHours):
    """Weights by which images add up to the trapezoid's area, the first and last point standing for the ends."""
    times = np.asarray(timesHours, float)
    if times.size == 1:
        return [1.0]
    edges = np.concatenate(([0.0], (times[1:] + times[:-1]) / 2.0, [times[-1] + (times[-1] - times[-2]) / 2.0]))
    return np.diff(edges).tolist()


STAGE = Stage("kinetics", "Kinetics", _missing, _inputs, _compute, needs=("regions",),
              isNeeded=usesImages)

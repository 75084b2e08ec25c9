"""Kinetics fitted per voxel: maps in the scene, and how they compare with each region's own fit."""

import numpy as np

from ..imaging.masks import bodyMask
from ..imaging.resampling import resample
from ..imaging.voxelKinetics import RegionKinetics, fitMaps, regionIndexMap
from ..physics.kinetics.voxelModels import STATE_WORDS, VoxelState
from ..physics.kinetics.voxelwise import voxelModels
from ..physics.sums import productSum
from ..progress import noProgress, subProgress
from ..report.numbers import words as modelWords
from ..scene import display, volumes
from . import studyNodes

# Beyond this the sum of the voxel map and the region's own fit tell different stories.
SUM_DISAGREEMENT = 0.10
# Share of a region's voxels with the region's kinetics from which the user is told.
REPLACED_SHARE = 0.20
MINIMUM_TIME_POINTS = 2
# Noise is large in a voxel: a model has to leave it at least one degree of freedom.
_FREE_POINTS = {"biExponential": 1, "uptakeWashout": 1}
# Clinical names of models that have one here.
_SAME_MODEL = {"f2": "monoExponential", "f3": "uptakeWashout", "f4": "biExponential"}
_ROLES = ("effectiveHalfLife", "fitQuality")


def voxelModelOf(fitModel, activities):
    """The model of a region's voxels.

    That of the region where it can be fitted per voxel and leaves a degree of freedom; else one exponential where the
    region falls from its first point, the trapezoid where it does not.
    """
    points, fitModel = len(activities), _SAME_MODEL.get(fitModel, fitModel)
    fewest = voxelModels().get(fitModel)
    if fewest is not None and points >= fewest + _FREE_POINTS.get(fitModel, 0):
        return fitModel
    return "monoExponential" if int(np.argmax(activities)) == 0 else "trapezoid"


def removeMaps(study):
    """Take away the maps that only a fit per voxel makes, after the choice was taken back."""
    for role in _ROLES:
        node = study.nodeByRole(role)
        if node is not None:
            study.setNodeForRole(role, None)
            study.scene.RemoveNode(node)


def fitPerVoxel(study, reference, images, occupancies, value, timeWeights, nuclide, progress=noProgress):
    """Fit every voxel of the body and put half-life and fit quality into the scene.

    Parameters
    ----------
    reference : TimePoint
    images : list of Volume
        Bq/mL on the grid of the reference, NaN where a scan does not reach.
    occupancies : dict of str to Occupancy
        By region name, on that grid.
    value : dict
        Value of the kinetics stage: ``timesHours``, ``regions``, ``remainder``.
    timeWeights : list of float
        Time that each scan stands for, h.
    nuclide : Nuclide

    Returns
    -------
    numpy.ndarray
        Time-integrated activity in MBq h per voxel.
    dict
        ``weighting`` and ``regions``: per region (and the remainder) ``model``, ``voxels``, ``replacedVoxels``,
        ``states`` in words, and for regions ``voxelTimeIntegratedActivityMBqH``, the sum of the map.
    list of str
        Warnings.
    """
    grid = images[0]
    names = list(value["regions"])
    kinetics = [_regionKinetics(value["regions"][name]) for name in names] + [_remainderKinetics(value["remainder"])]
    index = regionIndexMap([occupancies[name] for name in names], grid.array.shape)
    progress(0.0, "Body")
    mask = _mask(reference, images, index < len(names))
    maps = fitMaps(value["timesHours"], [image.array for image in images], mask, index, kinetics,
                   nuclide.decayConstantPerHour, timeWeights, progress=subProgress(progress, 0.2, 0.95))
    # The images are in Bq/mL, the map in MBq h per voxel.
    perVoxel = maps.timeIntegrated * np.float32(grid.voxelVolumeML * 1e-6)
    for role, array, unit, name in (
            ("effectiveHalfLife", maps.effectiveHalfLifeHours, "h", "Effective half-life"),
            ("fitQuality", 100.0 * maps.relativeResidual, "%", "Fit quality (relative residual)")):
        studyNodes.putVolume(study, role, grid.withArray(array, unit=unit, name=name), role)
    display.styleEffectiveHalfLife(study.nodeByRole("effectiveHalfLife"), nuclide.halfLifeHours)
    display.styleFitQuality(study.nodeByRole("fitQuality"))
    found, warnings = {}, []
    for position, name in enumerate([*names, "remainder"]):
        found[name] = {"model": kinetics[position].model, "voxels": maps.voxels[position],
                       "replacedVoxels": maps.replaced[position],
                       "states": {STATE_WORDS[state]: count for state, count in maps.states[position].items()}}
        if position == len(names):
            break
        total = productSum(perVoxel[occupancies[name].slices], occupancies[name].fraction)
        found[name]["voxelTimeIntegratedActivityMBqH"] = total
        warnings += _regionWarnings(name, found[name], kinetics[position].timeIntegrated, maps.states[position])
    warnings += _remainderWarnings(found["remainder"], kinetics[-1])
    return perVoxel, {"weighting": maps.weighting, "regions": found}, warnings


def assumptions(value):
    """How the maps came about, for the report; empty for a study without fits per voxel."""
    voxels = value.get("voxels")
    if voxels is None:
        return []
    words = ["The time-integrated activity map is fitted per voxel of the registered images inside the body "
             f"(weights: {voxels['weighting']}). The absorbed-dose map and the dose-volume histograms follow from it. "
             "Time-integrated activity, effective half-life and the absorbed dose computed from mass are those of each "
             "region's own curve."]
    for name, region in voxels["regions"].items():
        words.append(f"{name}: {region['voxels']} voxels fitted with the model {modelWords(region['model'])}; the "
                     f"kinetics of the whole stand in for {region['replacedVoxels']} of them without a physical fit of "
                     "their own.")
    return words


def _regionKinetics(region):
    fit, activities = region["fit"], tuple(point["activityMBq"] for point in region["timeActivity"])
    return RegionKinetics(voxelModelOf(fit["model"], activities), fit["timeIntegratedActivityMBqH"], activities,
                          fit["effectiveHalfLifeHours"])


def _remainderKinetics(remainder):
    activities = tuple(remainder["activitiesMBq"])
    return RegionKinetics(voxelModelOf(remainder["model"], activities), remainder["timeIntegratedActivityMBqH"],
                          activities, remainder.get("effectiveHalfLifeHours"))


def _mask(reference, images, isRegion):
    """Body and regions; without a CT, every voxel with activity."""
    if reference.ctNode is None:
        return isRegion | np.any([image.array > 0 for image in images], axis=0)
    body = bodyMask(volumes.volumeFromNode(reference.ctNode))
    return isRegion | (resample(body, images[0], interpolation="nearest", outside=0).array > 0)


def _regionWarnings(name, found, regionMBqH, states):
    words, total = [], found["voxelTimeIntegratedActivityMBqH"]
    difference = total / regionMBqH - 1.0
    if abs(difference) > SUM_DISAGREEMENT:
        words.append(f"{name}: the voxels' time-integrated activities add up to {total:.4g} MBq h, {difference:+.0%} "
                     f"against the {regionMBqH:.4g} MBq h of the region's own fit.")
    if found["replacedVoxels"] > REPLACED_SHARE * found["voxels"]:
        reasons = ", ".join(f"{STATE_WORDS[state]}: {count}" for state, count in states.items()
                            if state > VoxelState.ONE_PHASE)
        words.append(f"{name}: {found['replacedVoxels']} of {found['voxels']} voxels have no physical fit of their own "
                     f"({reasons}); the region's kinetics stand in.")
    return words


def _remainderWarnings(found, kinetics):
    if kinetics.timeIntegrated is not None or not found["replacedVoxels"]:
        return []
    return [f"The kinetics outside the regions are not known: {found['replacedVoxels']} voxels there without a "
            "physical fit of their own count as without activity."]

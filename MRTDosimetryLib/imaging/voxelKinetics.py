"""Maps of time-integrated activity, effective half-life and fit quality from images on one grid."""

from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from ..physics.kinetics.voxelModels import VoxelState
from ..physics.kinetics.voxelwise import fitVoxels, replaceUnphysical, scaledRegionKinetics
from ..progress import noProgress, subProgress


@dataclass(frozen=True)
class RegionKinetics:
    """What the voxels of a region are fitted with, and what stands in where their fit is not physical.

    Attributes
    ----------
    model : str
        Name of a voxel model.
    timeIntegrated : float or None
        Time-integrated activity of the region, any unit; ``None`` when it is not known.
    activities : sequence of float
        The region's activity at the time points, in that unit per h.
    effectiveHalfLifeHours : float or None
        Of the region's last phase.
    """

    model: str
    timeIntegrated: float | None
    activities: tuple
    effectiveHalfLifeHours: float | None


@dataclass(frozen=True)
class VoxelMaps:
    """Maps (k, j, i), float32, and how the voxels of each region fared.

    Attributes
    ----------
    timeIntegrated : numpy.ndarray
        Unit of the images times h.
    effectiveHalfLifeHours : numpy.ndarray
        Of the last phase; 0 where there is none and outside the mask.
    relativeResidual : numpy.ndarray
        As :class:`~MRTDosimetryLib.physics.kinetics.voxelwise.VoxelFit`: 1 where the region's kinetics stand in;
        0 outside the mask.
    voxels, replaced : list of int
        Per region, voxels in the mask and those of them with the region's kinetics.
    states : list of dict
        Per region, voxels in the mask of each ``VoxelState``.
    weighting : str
        In words.
    """

    timeIntegrated: np.ndarray
    effectiveHalfLifeHours: np.ndarray
    relativeResidual: np.ndarray
    voxels: list
    replaced: list
    states: list
    weighting: str


def regionIndexMap(occupancies, shape):
    """The region that fills at least half of each voxel, and most of it.

    Parameters
    ----------
    occupancies : list of Occupancy
        On one grid.
    shape : tuple of int
        (k, j, i) of the grid.

    Returns
    -------
    numpy.ndarray
        int32 (k, j, i): position in ``occupancies``, and ``len(occupancies)`` where there is none.
    """
    index = np.full(shape, len(occupancies), np.int32)
    largest = np.full(shape, np.nextafter(np.float32(0.5), np.float32(0)), np.float32)
    for position, item in enumerate(occupancies):
        isLarger = item.fraction > largest[item.slices]
        index[item.slices][isLarger] = position
        largest[item.slices][isLarger] = item.fraction[isLarger]
    return index


def fitMaps(timesHours, images, mask, regionIndex, kinetics, decayConstantPerHour, timeWeights, weighting="fitted",
            progress=noProgress):
    """Fit every voxel of a mask with the model of its region.

    Voxels without a physical fit, those that an image does not cover, and those outside the mask get the kinetics of
    their region, in proportion to their own mean activity.

    Parameters
    ----------
    timesHours : array_like
        (T,) h after administration.
    images : sequence of numpy.ndarray
        T images (k, j, i) on one grid, activity concentration in any unit; NaN where an image does not reach.
    mask : numpy.ndarray
        (k, j, i) bool, e.g. the body.
    regionIndex : numpy.ndarray
        (k, j, i) position in ``kinetics``, see :func:`regionIndexMap`.
    kinetics : list of RegionKinetics
        The last one is that of the remainder.
    decayConstantPerHour : float
        Physical decay constant.
    timeWeights : array_like
        (T,) time that each image stands for, for the mean activity.
    weighting : str
        Of the fits.

    Returns
    -------
    VoxelMaps

    Raises
    ------
    InputError
        Images, mask or regions that do not belong together.
    """
    shape = np.shape(mask)
    if len(images) != len(timesHours) or any(item.shape != shape for item in [*images, regionIndex]):
        raise InputError("Images, mask and regions are not on one grid", "voxel fit")
    mask = np.asarray(mask, bool)
    totals = [np.nan if item.timeIntegrated is None else item.timeIntegrated for item in kinetics]
    activitiesOfRegions = np.array([item.activities for item in kinetics], float)
    halfLives = [item.effectiveHalfLifeHours or 0.0 for item in kinetics]
    maps = [np.zeros(shape, np.float32) for _ in range(3)]
    voxels, replaced = (np.zeros(len(kinetics), int) for _ in range(2))
    states = [{} for _ in kinetics]
    words = []
    models = list(dict.fromkeys(item.model for item in kinetics))
    for position, model in enumerate(models):
        part = subProgress(progress, 0.9 * position / len(models), 0.9 * (position + 1) / len(models))
        isOfModel = np.array([item.model == model for item in kinetics])
        chosen = np.flatnonzero((mask & isOfModel[regionIndex]).ravel())
        activities, regions = _columns(images, chosen), regionIndex.ravel()[chosen]
        own = fitVoxels(timesHours, activities, decayConstantPerHour, model, weighting, progress=part)
        fit, counts = replaceUnphysical(own, activities, timeWeights, regions, totals, activitiesOfRegions, halfLives)
        for target, values in zip(maps, (fit.timeIntegrated, fit.effectiveHalfLifeHours, fit.relativeResidual),
                                  strict=True):
            target.ravel()[chosen] = values
        voxels += np.bincount(regions, minlength=len(kinetics))
        replaced += counts
        for index in np.flatnonzero(isOfModel):
            states[index] = _stateCounts(fit.states[regions == index])
        words.append(fit.weighting)
    progress(0.9, "Voxels outside the body")
    outside = np.flatnonzero(~mask.ravel())
    maps[0].ravel()[outside] = scaledRegionKinetics(_columns(images, outside), timeWeights,
                                                    regionIndex.ravel()[outside], totals, activitiesOfRegions)
    progress(1.0, "")
    return VoxelMaps(*maps, voxels.tolist(), replaced.tolist(), states, "; ".join(dict.fromkeys(words)))


def _columns(images, chosen):
    """Values of the chosen voxels, one row per image."""
    return np.stack([image.ravel()[chosen] for image in images])


def _stateCounts(states):
    counts = np.bincount(states, minlength=len(VoxelState))
    return {state: int(counts[state]) for state in VoxelState if counts[state]}

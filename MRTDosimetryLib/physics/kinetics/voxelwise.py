"""Time-integrated activity of every voxel by a fit of its own, and what replaces a fit that is not physical."""

import math
from dataclasses import dataclass, replace

import numpy as np

from ...errors import InputError
from ...progress import noProgress
from ..decay import LN2
from .voxelModels import LAST_PHYSICAL, MODELS, VoxelState
from .weighting import PROPORTIONAL_FLOOR

# Voxels that are worked on together: few enough for the processor's cache.
CHUNK = 16384
# Physical decay constant times first time point beyond which no activity can be left to measure.
LARGEST_DECAY = 25.0
WEIGHTINGS = {
    "proportional": "u proportional to the voxel's activity, at least as for 5 % of its largest",
    "poisson": "variance proportional to the voxel's activity, at least as for 5 % of its largest",
    "constant": "the same u at every time point",
    "fitted": "u proportional to the voxel's fitted activity, at least as for 5 % of its largest measured one (a "
              "second fit, weighted by the first)",
}


@dataclass(frozen=True)
class VoxelFit:
    """Fits of n voxels; the units of activity are those of the input.

    Attributes
    ----------
    timeIntegrated : numpy.ndarray
        (n,) float64, activity unit times h, from administration to infinity; 0 where the fit is not physical.
    effectiveHalfLifeHours : numpy.ndarray
        (n,) float32, of the last phase; 0 where there is none (not physical, or nothing left at the last point).
    relativeResidual : numpy.ndarray
        (n,) float32, root of the sum of squared residuals over that of squared activities: 0 is a perfect fit, and a
        trapezoid always is; 1 where the fit is not physical.
    states : numpy.ndarray
        (n,) uint8, a :class:`VoxelState` each.
    model, weighting : str
        Name of the model, and the weights in words.
    isReplaced : numpy.ndarray
        (n,) bool, True where the kinetics of a region stand in (:func:`replaceUnphysical`).
    """

    timeIntegrated: np.ndarray
    effectiveHalfLifeHours: np.ndarray
    relativeResidual: np.ndarray
    states: np.ndarray
    model: str
    weighting: str
    isReplaced: np.ndarray

    @property
    def isPhysical(self):
        """(n,) bool: the voxel's own fit can be used."""
        return self.states <= LAST_PHYSICAL

    def stateCounts(self):
        """Number of voxels of each :class:`VoxelState` that occurs."""
        counts = np.bincount(self.states, minlength=len(VoxelState))
        return {state: int(counts[state]) for state in VoxelState if counts[state]}


def voxelModels():
    """Name -> fewest time points of the models that can be fitted per voxel."""
    return {name: model.minimumPoints for name, model in MODELS.items()}


def fitVoxels(timesHours, activities, decayConstantPerHour, model="monoExponential", weighting="proportional",
              options=None, progress=noProgress, chunkSize=None):
    """Fit a time-activity curve to every voxel.

    Batched variable projection (:mod:`.voxelRates`). No effective rate is below physical decay: where the data ask
    for less, the amplitude is fitted with the rate exactly at physical decay. The result of a voxel does not depend on
    the other voxels, but for rounding.

    Models: ``monoExponential``; ``biExponential`` (two washouts with amplitudes of zero or more; where the best
    solution has only one, that one: state ``ONE_PHASE``); ``uptakeWashout`` (difference of two exponentials, zero at
    administration); ``trapezoid`` (straight lines, as the trapezoid of a region).

    Not physical, and flagged in ``states``: see :data:`.voxelModels.STATE_WORDS`. "Does not fall" is, for
    exponentials, a fit held at physical decay although the weighted straight line through the activities does not
    fall; with uptake and for the trapezoid, activity that is largest at the last time point. "Too fast" is a fit with
    90 % of its area before the first time point, or one that falls to a thousandth between the closest two.

    Parameters
    ----------
    timesHours : array_like
        (T,) h after administration, above zero and strictly increasing.
    activities : numpy.ndarray
        (T, n) activity or activity concentration in any unit, as present at the times. Values that are not finite
        mean: not measured.
    decayConstantPerHour : float
        Physical decay constant, 1/h.
    model : str
        A key of :func:`voxelModels`.
    weighting : str
        A key of :data:`WEIGHTINGS`: ``"proportional"`` as for the curve of a region without uncertainties,
        ``"poisson"``, ``"constant"``, or ``"fitted"``: weights from noisy values favor those that are too low (with
        30 % noise at 4 time points the area is 6 % too low on average, 4 % with ``"poisson"``), weights from a first
        fit do not. The trapezoid has none.
    options : dict, optional
        Of the trapezoid: ``start`` (``"constant"`` or ``"zero-linear"``) and ``tail`` (``"effective"`` or
        ``"physical"``).
    progress : callable
    chunkSize : int, optional
        Voxels that are worked on together; changes speed and rounding alone.

    Returns
    -------
    VoxelFit

    Raises
    ------
    InputError
        Times, shapes or names that cannot be used.
    """
    times = _checkedTimes(timesHours)
    activities = np.asarray(activities)
    if activities.ndim != 2 or activities.shape[0] != times.size or activities.dtype.kind not in "fiu":
        raise InputError(f"The activities have shape {activities.shape} for {times.size} times", "voxel fit",
                         "Give one row of numbers per time point")
    if not (math.isfinite(decayConstantPerHour) and decayConstantPerHour > 0):
        raise InputError("The physical decay constant has to be above zero", "radionuclide")
    if decayConstantPerHour * times[0] > LARGEST_DECAY:
        raise InputError(f"The first time point, {times[0]:g} h, lies {decayConstantPerHour * times[0] / LN2:.0f} "
                         "physical half-lives after administration", "voxel fit", "Check radionuclide and times")
    options = _checkedNames(model, weighting, options, times.size)
    found = MODELS[model]
    count = activities.shape[1]
    fit = VoxelFit(np.zeros(count), np.zeros(count, np.float32), np.ones(count, np.float32),
                   np.full(count, VoxelState.FITTED, np.uint8), model,
                   "none: the lines go through the points" if model == "trapezoid" else WEIGHTINGS[weighting],
                   np.zeros(count, bool))
    size = int(chunkSize or CHUNK)
    for start in range(0, count, size):
        progress(start / count, "Fits per voxel")
        part = slice(start, start + size)
        _fitChunk(times, activities[:, part], float(decayConstantPerHour), found, weighting, options,
                  (fit.timeIntegrated[part], fit.effectiveHalfLifeHours[part], fit.relativeResidual[part],
                   fit.states[part]))
    progress(1.0, "Fits per voxel")
    return fit


def replaceUnphysical(fit, activities, timeWeights, regionOfVoxel, regionTimeIntegrated, regionActivities,
                      regionHalfLivesHours):
    """Give every voxel without a physical fit the kinetics of its region.

    Its time-integrated activity is that of the region times its own weighted mean activity over that of the region,
    both over the time points at which it was measured (a negative mean counts as no activity). Fit quality stays 1.

    Parameters
    ----------
    fit : VoxelFit
    activities : numpy.ndarray
        (T, n), as fitted.
    timeWeights : array_like
        (T,) zero or more, e.g. the time that each time point stands for.
    regionOfVoxel : numpy.ndarray
        (n,) integer index into the lists of regions.
    regionTimeIntegrated : array_like
        (R,) time-integrated activity of each region in any unit; not finite: not known, and its voxels get 0.
    regionActivities : array_like
        (R, T) activity of each region at the time points, in that unit per h.
    regionHalfLivesHours : array_like
        (R,) effective half-life of the last phase; not finite or 0: not known.

    Returns
    -------
    VoxelFit
        With ``isReplaced``.
    replaced : numpy.ndarray
        (R,) int, voxels of each region that were replaced.

    Raises
    ------
    InputError
        Lists of different length, or weights that are all zero.
    """
    isReplaced = ~fit.isPhysical
    regions = np.asarray(regionOfVoxel)[isReplaced]
    replaced = scaledRegionKinetics(activities[:, isReplaced], timeWeights, regions, regionTimeIntegrated,
                                    regionActivities)
    halfLives = np.nan_to_num(np.asarray(regionHalfLivesHours, float), nan=0.0, posinf=0.0)
    if halfLives.shape != np.shape(regionTimeIntegrated):
        raise InputError("The kinetics of the regions are not complete", "voxel fit")
    timeIntegrated, halfLifeHours = fit.timeIntegrated.copy(), fit.effectiveHalfLifeHours.copy()
    timeIntegrated[isReplaced] = replaced
    halfLifeHours[isReplaced] = np.where(replaced > 0, halfLives[regions], 0.0)
    counts = np.bincount(regions, minlength=halfLives.size)
    return replace(fit, timeIntegrated=timeIntegrated, effectiveHalfLifeHours=halfLifeHours,
                   isReplaced=isReplaced), counts


def scaledRegionKinetics(activities, timeWeights, regionOfVoxel, regionTimeIntegrated, regionActivities):
    """Time-integrated activity of voxels that follow the kinetics of their region, see :func:`replaceUnphysical`.

    Returns
    -------
    numpy.ndarray
        (n,) float64; 0 for a voxel without activity, and where that of the region is not known.
    """
    weights = np.asarray(timeWeights, float)
    total = np.asarray(regionTimeIntegrated, float)
    regionActivities = np.asarray(regionActivities, float).reshape(total.size, -1)
    regions = np.asarray(regionOfVoxel)
    if regionActivities.shape[1] != weights.size or weights.size != len(activities) or not weights.any() \
            or weights.min() < 0:
        raise InputError("The kinetics of the regions do not belong to these voxels", "voxel fit")
    own, whole = np.zeros(regions.size), np.zeros(regions.size)
    for weight, row, regionRow in zip(weights, activities, regionActivities.T, strict=True):
        isMeasured = np.isfinite(row)
        own += np.where(isMeasured, row, 0.0) * weight
        whole += np.where(isMeasured, regionRow[regions], 0.0) * weight
    total = total[regions]
    isKnown = np.isfinite(total) & (whole > 0) & (own > 0)
    found = np.zeros(regions.size)
    with np.errstate(over="ignore"):
        np.divide(own, whole, out=found, where=isKnown)
        np.multiply(found, total, out=found, where=isKnown)
    return np.minimum(found, np.finfo(np.float64).max)


def _checkedTimes(timesHours):
    times = np.asarray(timesHours, float)
    if times.ndim != 1 or times.size < 2 or not np.all(np.isfinite(times)) or times[0] <= 0 \
            or np.any(np.diff(times) <= 0):
        raise InputError("The times of the voxel fit are not increasing hours after administration, two or more",
                         "voxel fit", "Check the time points")
    return times


def _checkedNames(model, weighting, options, points):
    if model not in MODELS:
        raise InputError(f"'{model}' cannot be fitted per voxel", "kinetics.model", f"Known are {', '.join(MODELS)}")
    if points < MODELS[model].minimumPoints:
        raise InputError(f"{model} per voxel needs at least {MODELS[model].minimumPoints} time points, there are "
                         f"{points}", "kinetics.model", "Choose a model with fewer parameters")
    if weighting not in WEIGHTINGS:
        raise InputError(f"'{weighting}' is no weighting", "voxel fit", f"Known are {', '.join(WEIGHTINGS)}")
    options = {"start": "constant", "tail": "effective", **(options or {})}
    if set(options) != {"start", "tail"} or options["start"] not in ("constant", "zero-linear") \
            or options["tail"] not in ("effective", "physical"):
        raise InputError("Unknown option of the trapezoid per voxel", "kinetics",
                         "Known are start 'constant' or 'zero-linear', tail 'effective' or 'physical'")
    return options


def _fitChunk(times, activities, physicalRate, model, weighting, options, out):
    """Fit some voxels into the slices ``out`` of the result."""
    timeIntegrated, halfLifeHours, relativeResidual, states = out
    with np.errstate(invalid="ignore"):
        largest, smallest = activities.max(axis=0), activities.min(axis=0)
        states[np.count_nonzero(activities > 0, axis=0) < model.minimumPositive] = VoxelState.NO_ACTIVITY
        states[smallest < 0] = VoxelState.NEGATIVE
        states[~np.isfinite(largest) | ~np.isfinite(smallest)] = VoxelState.NOT_MEASURED
    isFitted = states == VoxelState.FITTED
    if not isFitted.any():
        return
    chosen = slice(None) if isFitted.all() else np.flatnonzero(isFitted)
    scale = largest[chosen]
    # Scaled by its largest value, a curve of any unit is safe from overflow and underflow.
    scaled = (activities[:, chosen] / scale).astype(model.dtype)
    weights = _weights(scaled, weighting)
    area, lastRate, fitted, found = model.fit(times, scaled, weights, physicalRate, options)
    if weighting == "fitted":
        area, lastRate, fitted, found = model.fit(times, scaled, _weights(fitted, weighting), physicalRate, options)
    residuals = scaled - fitted
    relative = np.sqrt(np.einsum("tn,tn->n", residuals, residuals) / np.einsum("tn,tn->n", scaled, scaled))
    with np.errstate(over="ignore"):
        area = area * scale
    # Only of values near the largest that a number can hold.
    found[~np.isfinite(area)] = VoxelState.NOT_CONVERGED
    isUsable = found <= LAST_PHYSICAL
    halfLives = np.divide(LN2, lastRate, out=np.zeros_like(area), where=isUsable & (lastRate > 0))
    timeIntegrated[chosen] = np.where(isUsable, area, 0.0)
    halfLifeHours[chosen] = halfLives
    relativeResidual[chosen] = np.where(isUsable, relative, 1.0)
    states[chosen] = found


def _weights(scaled, weighting):
    if weighting == "constant":
        return np.ones_like(scaled)
    floored = np.maximum(scaled, scaled.dtype.type(PROPORTIONAL_FLOOR))
    return 1.0 / (floored if weighting == "poisson" else floored * floored)

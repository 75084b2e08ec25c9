"""Absorbed dose from maps of the absorbed-dose rate: integral over time per voxel."""

from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from ..physics.decay import LN2
from ..physics.kinetics.voxelwise import fitVoxels, voxelModels
from ..progress import noProgress
from .grid import isSameGrid
from .volume import Volume
from .voxelKinetics import RegionKinetics, fitMaps

# Rounding of a half-life given by the user against that of the table.
_HALF_LIFE_ROUNDING = 1.001
# Voxels below this part of the largest rate take the course of the whole: there is nothing but noise to fit.
_SMALLEST_RATE = 1e-5


@dataclass(frozen=True)
class IntegratedRate:
    """Absorbed dose from rates.

    Attributes
    ----------
    volume : Volume
        Gy.
    notes : list of str
    replacedShare : float
        Share of the fitted voxels whose own course was not physical, and took that of their region; 0 for one map.
    """

    volume: Volume
    notes: list
    replacedShare: float = 0.0


def integrateRate(volume, timeHours, effectiveHalfLifeHours, physicalHalfLifeHours):
    """Absorbed dose of one rate map with a stated effective half-life, from administration to infinity.

    D = R(t) exp(lambda t) / lambda: a single exponential from administration on, without uptake.

    Parameters
    ----------
    volume : Volume
        Absorbed-dose rate, Gy/h.
    timeHours : float
        After administration.
    effectiveHalfLifeHours : float or numpy.ndarray
        For all voxels, or of each one (k, j, i).
    physicalHalfLifeHours : float

    Returns
    -------
    IntegratedRate

    Raises
    ------
    InputError
        A half-life that is not above zero or longer than the physical one, or a time that is not above zero.
    """
    halfLife = np.asarray(effectiveHalfLifeHours, float)
    if halfLife.ndim and halfLife.shape != volume.array.shape:
        raise InputError("The effective half-lives are not on the grid of the absorbed-dose rate", volume.name)
    isValid = np.isfinite(halfLife) & (halfLife > 0) & (halfLife <= physicalHalfLifeHours * _HALF_LIFE_ROUNDING)
    if not np.all(isValid):
        bad = float(halfLife[~isValid].flat[0]) if halfLife.ndim else float(halfLife)
        raise InputError(f"The effective half-life {bad:g} h is not between 0 and the physical one, "
                         f"{physicalHalfLifeHours:g} h", volume.name, "Check it, and the radionuclide")
    if not (np.isfinite(timeHours) and timeHours > 0):
        raise InputError(f"The time of the absorbed-dose rate is {timeHours!r}, but has to be above zero", volume.name)
    rate = LN2 / halfLife
    with np.errstate(over="ignore"):
        factor = np.exp(rate * timeHours) / rate
        values = volume.array * factor
    if not np.all(np.isfinite(values)):
        raise InputError("The time lies so many effective half-lives after administration that nothing can be said",
                         volume.name, "Check time and effective half-life")
    dtype = np.float64 if volume.array.dtype == np.float64 else np.float32
    words = "one for each voxel" if halfLife.ndim else f"{float(halfLife):.4g} h for all voxels"
    notes = [f"Absorbed dose from one absorbed-dose rate at {timeHours:g} h with a stated effective half-life "
             f"({words}), as a single exponential from administration on."]
    return IntegratedRate(volume.withArray(values.astype(dtype), unit="Gy", name="Absorbed dose"), notes)


def integrateRates(volumes, timesHours, physicalHalfLifeHours, model="auto", regionIndex=None, kinetics=None,
                   progress=noProgress):
    """Absorbed dose from rate maps at several times by a fit per voxel (:func:`~.voxelKinetics.fitMaps`).

    Voxels without a physical fit, and those below 1e-5 of the largest rate, follow the course of their
    region, in proportion to their own mean rate.

    Parameters
    ----------
    volumes : sequence of Volume
        Absorbed-dose rates in Gy/h on one grid, in the order of the times.
    timesHours : sequence of float
        Strictly increasing, above zero.
    physicalHalfLifeHours : float
        No voxel falls more slowly.
    model : str
        A key of :func:`~MRTDosimetryLib.physics.kinetics.voxelwise.voxelModels`; ``"auto"``: a single exponential
        where the sum of the rates falls from the first time on, else the trapezoid.
    regionIndex : numpy.ndarray, optional
        (k, j, i) position of each voxel's region in ``kinetics``, see :func:`~.voxelKinetics.regionIndexMap`.
    kinetics : list of RegionKinetics, optional
        With ``regionIndex``; in Gy and Gy/h, or any unit and that per h. Left out: one region, the whole map.
    progress : callable

    Returns
    -------
    IntegratedRate

    Raises
    ------
    InputError
        Fewer than two maps, times that do not increase, grids that differ, or a whole that has no physical course.
    """
    if len(volumes) < 2 or len(volumes) != len(timesHours):
        raise InputError(f"There are {len(volumes)} maps of the absorbed-dose rate for {len(timesHours)} times",
                         "absorbed-dose rate", "Give two or more, or one with an effective half-life")
    if any(not isSameGrid(volumes[0], other) for other in volumes[1:]):
        raise InputError("The maps of the absorbed-dose rate are not on one grid", "absorbed-dose rate",
                         "Resample them to one grid first")
    arrays = [item.array for item in volumes]
    totals = np.array([float(array.sum(dtype=np.float64)) for array in arrays])
    if model == "auto":
        model = "monoExponential" if np.all(np.diff(totals) < 0) else "trapezoid"
    elif model not in voxelModels():
        raise InputError(f"'{model}' cannot be fitted per voxel", "absorbed-dose rate",
                         f"Use auto, {', '.join(voxelModels())}")
    decayConstant = LN2 / physicalHalfLifeHours
    largest = np.max(arrays, axis=0)
    mask = largest > _SMALLEST_RATE * float(largest.max())
    if (regionIndex is None) != (kinetics is None):
        raise InputError("Regions and their kinetics have to be given together", "absorbed-dose rate")
    if kinetics is None:
        regionIndex = np.zeros(mask.shape, np.int32)
        kinetics = [_wholeKinetics(timesHours, totals, decayConstant, model)]
    maps = fitMaps(timesHours, arrays, mask, regionIndex, kinetics, decayConstant, _timeWeights(timesHours),
                   progress=progress)
    fitted, replaced = sum(maps.voxels), sum(maps.replaced)
    share = replaced / fitted if fitted else 0.0
    words = ", ".join(dict.fromkeys(item.model for item in kinetics))
    times = ", ".join(f"{time:g}" for time in timesHours)
    notes = [f"Absorbed dose from absorbed-dose rates at {times} h by a fit per voxel ({words}); {share:.1%} of the "
             "voxels have no physical course of their own and follow that of their region."]
    volume = Volume(maps.timeIntegrated, volumes[0].ijkToRAS, "Gy", "Absorbed dose")
    return IntegratedRate(volume, notes, share)


def _wholeKinetics(timesHours, totals, decayConstant, model):
    whole = fitVoxels(timesHours, totals[:, None], decayConstant, model)
    if not whole.isPhysical[0]:
        raise InputError("The sum of the absorbed-dose rates has no physical course over time", "absorbed-dose rate",
                         "Check the times, the radionuclide and the scaling of each map")
    return RegionKinetics(model, float(whole.timeIntegrated[0]), tuple(totals),
                          float(whole.effectiveHalfLifeHours[0]) or None)


def _timeWeights(timesHours):
    """The time that each map stands for: halfway to its neighbors, the first from administration on."""
    times = np.asarray(timesHours, float)
    middles = np.concatenate([[0.0], (times[1:] + times[:-1]) / 2, [times[-1]]])
    return np.diff(middles)

"""The chosen absorbed-dose engines on one map of time-integrated activity, and each region's mean from them."""

import time
from dataclasses import dataclass, field

import numpy as np

from ..errors import CalculationError, InputError
from ..imaging.volume import Volume
from ..physics.density import AIR_DENSITY_G_PER_ML
from ..physics.dose import registry as engines
from ..physics.nuclides import LOCAL_CLASSES
from ..physics.progeny import progenyChoice
from ..physics.sums import productSum
from ..physics.units import GY_KG_PER_GBQ_H_PER_MEV
from ..progress import noProgress, subProgress
from . import doseOptions

# Deposited and escaped have to add up to the emitted energy within this share.
BALANCE_TOLERANCE = 0.005
# Negative voxels of a map (an artifact of filtered images) up to this share of it are taken as no activity.
LARGEST_NEGATIVE_SHARE = 0.01
LOCAL = "localDeposition"
DECAYS_PER_MBQ_H = 3600.0e6


@dataclass
class EngineResult:
    """Absorbed dose by one engine.

    Attributes
    ----------
    name, title : str
    absorbedDose : Volume
        Gy, float32, on the grid of the time-integrated activity.
    isLocal : bool
    notes : list of str
    regionStandardErrorGy : dict
        Region name to the statistical standard error of its mean; empty without statistics.
    energyBalance : dict
        ``emittedMeV``, ``depositedMeV``, ``escapedMeV``, ``deviationPercent``; empty where energy is not followed.
    seconds : float
    isExternal : bool
        An absorbed-dose map made elsewhere: its means are those of the map.
    """

    name: str
    title: str
    absorbedDose: Volume
    isLocal: bool
    notes: list = field(default_factory=list)
    regionStandardErrorGy: dict = field(default_factory=dict)
    energyBalance: dict = field(default_factory=dict)
    seconds: float = 0.0
    isExternal: bool = False


def sourceMap(timeIntegratedActivity, where="time-integrated activity map"):
    """Time-integrated activity in MBq h per voxel, and words on negative voxels that were taken as zero.

    Raises
    ------
    InputError
        More than a trace of negative activity, or none at all.
    """
    array = timeIntegratedActivity.array * np.float32(timeIntegratedActivity.voxelVolumeML)
    total = float(array.sum(dtype=np.float64))
    negative = -float(array.sum(dtype=np.float64, where=array < 0))
    if not total > 0:
        raise InputError("The map holds no activity", where, "Check the images")
    if negative == 0:
        return array, []
    share = negative / (total + negative)
    if share > LARGEST_NEGATIVE_SHARE:
        raise InputError(f"The activity is negative in voxels that make up {share:.1%} of the map", where,
                         "Check reconstruction and scatter correction of the images")
    return np.maximum(array, 0), [f"Negative activity ({share:.2%} of the map) is taken as no activity."]


def run(study, name, perVoxelMBqH, grid, density, nuclide, occupancies, progress=noProgress):
    """Absorbed dose by one engine of the registry.

    Parameters
    ----------
    perVoxelMBqH : numpy.ndarray
        Shape (k, j, i), MBq h.
    grid : Volume
        Gives the geometry.
    density : numpy.ndarray
        g/mL, of the same shape.
    occupancies : dict of str to Occupancy
        Regions for which an engine with statistics stops at the requested uncertainty.

    Returns
    -------
    EngineResult

    Raises
    ------
    CalculationError
        The energy balance does not close.
    """
    engine = engines.engine(name)
    options = optionsFor(study, engine, occupancies)
    started = time.perf_counter()
    found = engine.compute(perVoxelMBqH, density, grid.spacingMM, nuclide, progress, options)
    seconds = time.perf_counter() - started
    absorbedDose = grid.withArray(np.asarray(found.absorbedDoseGy, np.float32), "Gy", "Absorbed dose")
    balance = dict(found.energyBalance)
    if engine.isLocal and not balance:
        balance = _localBalance(absorbedDose, perVoxelMBqH, density, nuclide, options)
    return EngineResult(
        name, engine.title, absorbedDose, engine.isLocal, list(found.notes),
        {key: float(value) for key, value in found.regionStandardErrorGy.items()},
        checkedBalance(balance, engine.title), seconds)


def optionsFor(study, engine, occupancies):
    """Options to compute with; an engine with statistics gets the regions, by which it judges when to stop."""
    options = doseOptions.engineOptions(study, engine.name)
    if "regions" in engine.optionNames:
        options["regions"] = {region: (item.slices, item.fraction) for region, item in occupancies.items()}
    return options


def runAll(study, names, timeIntegratedActivity, density, nuclide, occupancies, progress=noProgress):
    """All engines of the registry among ``names`` on one map.

    Returns
    -------
    (dict of str to EngineResult, EngineResult, list of str)
        The engines by name in their order; local deposition on the same voxels, by which the means of the others
        are freed of the grid (see :func:`regionMeanGy`); and warnings.
    """
    perVoxel, words = sourceMap(timeIntegratedActivity)
    found, wanted = {}, [name for name in names if name != doseOptions.EXTERNAL]
    for position, name in enumerate(wanted):
        part = subProgress(progress, position / len(wanted), (position + 1) / len(wanted))
        part(0.0, engines.engine(name).title)
        found[name] = run(study, name, perVoxel, timeIntegratedActivity, density, nuclide, occupancies, part)
    local = found.get(LOCAL) or run(study, LOCAL, perVoxel, timeIntegratedActivity, density, nuclide, occupancies)
    progress(1.0, "")
    return found, local, words


def localMeanGy(study, timeIntegratedActivityMBqH, massG, nuclide):
    """Mean absorbed dose of a region by its own decays' electrons, alpha particles and recoil nuclei."""
    return engines.engine(LOCAL).regionMeanGy(timeIntegratedActivityMBqH, massG, nuclide,
                                              doseOptions.progenyOptions(study))


def mapMeanGy(absorbedDose, density, occupancy):
    """Energy over mass of what the map shows inside a region."""
    grams = occupancy.fraction * density[occupancy.slices]
    total = float(grams.sum(dtype=np.float64))
    if not total > 0:
        raise InputError("The region has no mass on the absorbed-dose map", "", "Check region and CT")
    return productSum(grams, absorbedDose.array[occupancy.slices]) / total


def regionMeanGy(result, local, localMean, density, occupancy):
    """Mean absorbed dose of a region by an engine.

    The electron part is the region's own time-integrated activity over the mass from the CT's own voxels, as by
    local deposition. What an engine adds to it (photons, electrons that leave or enter) is the difference between
    its map and that of local deposition over the same voxels. So the engines differ by their physics alone, and not
    by voxels of the map that belong to a region in part. An absorbed-dose map made elsewhere has nothing but its
    voxels.

    Parameters
    ----------
    result, local : EngineResult
    localMean : float
        Of :func:`localMeanGy`.

    Returns
    -------
    float
        Gy.
    """
    if result.isExternal:
        return mapMeanGy(result.absorbedDose, density, occupancy)
    if result.name == LOCAL:
        return localMean
    mean = localMean + mapMeanGy(result.absorbedDose, density, occupancy) \
        - mapMeanGy(local.absorbedDose, density, occupancy)
    if not mean >= 0:
        raise CalculationError("The mean absorbed dose of the region comes out negative", result.title,
                               "Check that region and images belong together")
    return mean


def checkedBalance(balance, where):
    """The energy balance with its deviation in percent.

    Raises
    ------
    CalculationError
        Deposited and escaped energy differ from the emitted one by more than 0.5 %.
    """
    if not balance:
        return {}
    emitted, deposited, escaped = (float(balance[key]) for key in ("emittedMeV", "depositedMeV", "escapedMeV"))
    if not emitted > 0:
        raise CalculationError("No energy is emitted", where)
    deviation = (deposited + escaped) / emitted - 1.0
    if not abs(deviation) <= BALANCE_TOLERANCE:
        raise CalculationError(f"Deposited and escaped energy are {100 * (1 + deviation):.2f} % of the emitted energy",
                               where, "Report this as a fault of the program, with the study")
    return {"emittedMeV": emitted, "depositedMeV": deposited, "escapedMeV": escaped,
            "deviationPercent": 100.0 * deviation}


def _localBalance(absorbedDose, perVoxelMBqH, density, nuclide, options):
    """Balance of an engine that keeps all energy but the photons' in the voxel; what decays in air is not in the map.

    Deposited is what the map holds, so that the map itself is checked.
    """
    energies = nuclide.summedEnergiesMeV(progenyChoice(nuclide, options))
    local, photon = sum(energies[name] for name in LOCAL_CLASSES), energies["photon"]
    decays = DECAYS_PER_MBQ_H * float(perVoxelMBqH.sum(dtype=np.float64))
    inAir = DECAYS_PER_MBQ_H * float(perVoxelMBqH.sum(dtype=np.float64, where=density < AIR_DENSITY_G_PER_ML))
    gyGrams = productSum(absorbedDose.array, density) * absorbedDose.voxelVolumeML
    return {"emittedMeV": decays * (local + photon), "escapedMeV": decays * photon + inAir * local,
            "depositedMeV": gyGrams / GY_KG_PER_GBQ_H_PER_MEV * DECAYS_PER_MBQ_H}

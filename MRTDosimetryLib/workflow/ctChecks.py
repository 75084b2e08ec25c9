"""Whether the CT of the reference time point can give densities: its CT numbers, its field of view, metal, contrast."""

import numpy as np

from ..errors import Faults, InputError
from ..imaging.resampling import averageOnGrid
from ..physics.density import AIR_DENSITY_G_PER_ML, densityCurve, densityGPerML
from ..scene import volumes
from .segmentation import densityChoice, uniformDensityGPerML
from .timePoints import UNCOVERED_SHARE

AIR_HU = -1000.0
# Air around and in a patient is far below this; soft tissue is far above.
NO_TISSUE_BELOW_HU, SURELY_AIR_HU = -300.0, -500.0
# Regions whose CT numbers together have a median above this are bone, or air lies at 0 HU instead of -1000 HU.
SHIFTED_ABOVE_HU = 600.0
# Unenhanced soft organs lie below this (blood 40-60 HU, liver up to 75 HU).
ENHANCED_ABOVE_HU = 100.0
SOFT_TISSUES = ("liver", "spleen", "kidney", "heart", "bowel", "salivaryGland", "lacrimalGland", "thyroid")
# More activity than this where no CT says what is there cannot be computed with densities from the CT.
LARGEST_UNCOVERED_SHARE = 0.2
# A share of the CT's voxels: fewer is noise.
_FEW = 1e-3
_SAMPLES = 2_000_000


def densityMap(study, reference, grid, occupancies, tissues):
    """Density on the absorbed-dose grid.

    Parameters
    ----------
    reference : TimePoint
        Whose CT gives the densities.
    grid : Volume
        Time-integrated activity.
    occupancies : dict of str to Occupancy
        The regions on the grid.
    tissues : dict of str to str
        Tissue of each region.

    Returns
    -------
    (numpy.ndarray, list of str)
        g/mL, float32, shape (k, j, i), and what the user has to know of the CT.

    Raises
    ------
    InputError
        CT numbers that are not in Hounsfield units, or a CT that does not show where the activity is.
    """
    if densityChoice(study) == "uniform":
        return np.full(grid.array.shape, uniformDensityGPerML(study), np.float32), []
    ct = volumes.volumeFromNode(reference.ctNode)
    where = f"CT of {reference.label}"
    requireHounsfield(ct.array, where)
    hounsfield, covered = averageOnGrid(ct, grid, outside=AIR_HU)
    means = {name: float(np.average(hounsfield.array[item.slices], weights=item.fraction))
             for name, item in occupancies.items() if item.fraction.any()}
    _requireUnshifted(ct.array, means, where)
    words = _coverageWords(grid, covered, where)
    words += metalWords(ct, where)
    words += enhancementWords(means, tissues)
    return densityGPerML(hounsfield.array), words


def requireHounsfield(array, where):
    """Refuse a CT that holds one value only, or no tissue.

    Raises
    ------
    InputError
    """
    sample = _sample(array)
    lowest, highest = float(sample.min()), float(sample.max())
    if lowest == highest:
        raise InputError(f"All CT numbers are {lowest:g}: this is no CT in Hounsfield units", where,
                         "Load the CT again, or choose a uniform density")
    if np.count_nonzero(sample > NO_TISSUE_BELOW_HU) < _FEW * sample.size:
        raise InputError(f"The CT shows no tissue: hardly a voxel lies above {NO_TISSUE_BELOW_HU:g} HU", where,
                         "Check the rescale intercept: soft tissue has to lie around 40 HU and air at -1000 HU")


def _requireUnshifted(array, regionMeansHU, where):
    """Refuse CT numbers with air at 0 instead of -1000 HU (stored values without their intercept of -1024)."""
    if not regionMeansHU or np.median(list(regionMeansHU.values())) < SHIFTED_ABOVE_HU:
        return
    if np.count_nonzero(_sample(array) < SURELY_AIR_HU) == 0:
        typical = float(np.median(list(regionMeansHU.values())))
        raise InputError(f"The CT numbers seem to be shifted by 1024: the regions lie around {typical:.0f} HU and "
                         "nothing is as low as air", where,
                         "Load the CT with its rescale intercept: soft tissue has to lie around 40 HU")


def requireMass(rows):
    """Refuse regions without mass, whose absorbed dose would have no meaning.

    Parameters
    ----------
    rows : iterable of dict
        Of the regions, with ``name``, ``volumeML`` and ``massG``.

    Raises
    ------
    InputError, FaultList
    """
    faults = Faults()
    for row in rows:
        if not row["massG"] > AIR_DENSITY_G_PER_ML * row["volumeML"]:
            faults.add(f"The region has hardly any mass ({row['massG']:.3g} g in {row['volumeML']:.3g} mL): it lies "
                       "in air", row["name"], "Check that region and CT belong together, or choose a uniform density")
    faults.raiseIfAny()


def metalWords(ct, where):
    """What lies above the density curve: its density is that of the curve's end."""
    numbers, densities = densityCurve()
    count = int(np.count_nonzero(ct.array > numbers[-1]))
    if not count:
        return []
    return [f"{where}: {count * ct.voxelVolumeML:.2g} mL lie above {numbers[-1]:g} HU (metal or dense contrast medium, "
            f"up to {float(ct.array.max()):.0f} HU); their density is capped at {densities[-1]:.2f} g/mL. Absorbed "
            "doses beside metal are uncertain."]


def enhancementWords(regionMeansHU, tissues):
    """Soft organs with CT numbers that only contrast medium gives."""
    words = []
    for name, mean in regionMeansHU.items():
        if tissues.get(name) in SOFT_TISSUES and mean > ENHANCED_ABOVE_HU:
            density = float(densityGPerML(np.array([mean]))[0])
            words.append(f"{name}: the mean CT number is {mean:.0f} HU, as with contrast medium; its density is taken "
                         f"as {density:.3f} g/mL. Mass and absorbed dose are off by a few percent.")
    return words


def _coverageWords(grid, covered, where):
    total = float(grid.array.sum(dtype=np.float64))
    outside = float(grid.array.sum(dtype=np.float64, where=covered < 0.5))
    if outside <= UNCOVERED_SHARE * total:
        return []
    share = f"{outside / total:.0%} of the time-integrated activity lies outside the CT"
    if outside > LARGEST_UNCOVERED_SHARE * total:
        raise InputError(f"{share}: the CT does not cover the SPECT", where,
                         "Use a CT that covers it, or a uniform density")
    return [f"{share}: no absorbed dose is computed there, and photons from there are not followed."]


def _sample(array):
    step = max(1, int(round((array.size / _SAMPLES) ** (1 / 3))))
    return array[::step, ::step, ::step]

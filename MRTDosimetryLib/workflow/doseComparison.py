"""The engines side by side: differences of each region and of the maps, and the gamma index between them."""

import numpy as np

from ..physics.gammaIndex import gammaIndex
from ..progress import noProgress, subProgress
from . import doseOptions

# The gamma index looks at the regions: elsewhere the absorbed dose is small and noisy, and a local criterion strict.
INSIDE_FRACTION = 0.5
# Share of the largest absorbed dose in the regions below which voxels are left out: organs with a hundredth of the
# absorbed dose of a lesion still count, empty voxels do not.
THRESHOLD = 0.001


def compare(study, results, regions, occupancies, grid, progress=noProgress):
    """Add to each region how the engines differ, and compare their maps.

    Parameters
    ----------
    results : dict of str to EngineResult
        The primary one first.
    regions : dict of str to dict
        With ``engines``; gets ``differenceFromPrimaryPercent`` and ``gammaPassPercent`` of each engine.
    occupancies : dict of str to Occupancy

    Returns
    -------
    dict
        By name of the other engine: ``gamma`` (criteria, pass rate of all regions together), ``difference`` (Volume in
        Gy) and ``largestGy`` (end of the range to show it in).
    """
    names = list(results)
    primary = results[names[0]]
    for region in regions.values():
        reference = region["engines"][names[0]]["absorbedDoseGy"]
        for name, content in region["engines"].items():
            isOther = name != names[0]
            content["differenceFromPrimaryPercent"] = \
                100.0 * (content["absorbedDoseGy"] / reference - 1.0) if isOther and reference > 0 else None
            content["gammaPassPercent"] = None
    found = {}
    for position, name in enumerate(names[1:]):
        part = subProgress(progress, position / (len(names) - 1), (position + 1) / (len(names) - 1))
        part(0.0, f"{results[name].title}: difference")
        difference = results[name].absorbedDose.array - primary.absorbedDose.array
        found[name] = {"difference": grid.withArray(difference, "Gy", f"{results[name].title} minus {primary.title}"),
                       "largestGy": _largestInside(difference, occupancies),
                       "gamma": _gamma(study, primary, results[name], name, regions, occupancies, part)}
    return found


def _largestInside(difference, occupancies):
    """Largest difference inside the regions but for the highest percent of the voxels; just above 0 if all agree."""
    inside = [np.abs(difference[item.slices][item.fraction >= INSIDE_FRACTION]) for item in occupancies.values()]
    values = np.concatenate(inside) if inside else np.zeros(0)
    return max(float(np.quantile(values, 0.99)) if values.size else 0.0, 1e-6)


def _gamma(study, primary, other, name, regions, occupancies, progress):
    """Gamma index of the other map in all regions: criteria, pass rates; that of each region goes into ``regions``."""
    criteria = doseOptions.stated(study)["gamma"]
    content = {"absorbedDosePercent": criteria["absorbedDosePercent"], "distanceMM": criteria["distanceMM"],
               "isLocal": True, "thresholdPercent": 100.0 * THRESHOLD, "evaluatedVoxels": 0, "passPercent": None}
    mask = np.zeros(primary.absorbedDose.array.shape, bool)
    for item in occupancies.values():
        mask[item.slices] |= item.fraction >= INSIDE_FRACTION
    if not np.any(primary.absorbedDose.array[mask] > 0):
        return content
    evaluated = other.absorbedDose.withArray(np.maximum(other.absorbedDose.array, 0))
    found = gammaIndex(primary.absorbedDose, evaluated, criteria["absorbedDosePercent"] / 100.0,
                       criteria["distanceMM"], isLocal=True, threshold=THRESHOLD, mask=mask, progress=progress)
    for region, item in occupancies.items():
        inside = found.isEvaluated[item.slices] & (item.fraction >= INSIDE_FRACTION)
        if region in regions and inside.any():
            passed = np.count_nonzero(found.gamma[item.slices][inside] <= 1.0)
            regions[region]["engines"][name]["gammaPassPercent"] = 100.0 * passed / np.count_nonzero(inside)
    return {**content, "evaluatedVoxels": found.evaluatedVoxels, "passPercent": 100.0 * found.passRate}

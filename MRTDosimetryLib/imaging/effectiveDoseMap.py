"""Map of the biologically effective dose: every voxel by the course in time and the tissue of its region."""

import numpy as np

from ..errors import InputError


def biologicallyEffectiveDoseMap(absorbedDose, occupancies, quadraticPerGy, repopulationGy=None,
                                 remainderQuadraticPerGy=None, remainderRepopulationGy=0.0):
    """BED = D + q D^2 - repopulation per voxel, q = G / (alpha/beta) of the voxel's region.

    A voxel that several regions share takes the mean of their q (and of what repopulation makes up for), weighted by
    the part of the voxel that each occupies. Parts of a voxel without parameters do not count, and a voxel without any
    part that has parameters has no BED: it is 0 in the map and not in the mask.

    Parameters
    ----------
    absorbedDose : Volume
        Gy, shape (k, j, i); what is below zero counts as zero.
    occupancies : dict of str to Occupancy
        On that grid.
    quadraticPerGy : dict of str to float
        1/Gy, of the regions that have parameters.
    repopulationGy : dict of str to float, optional
        By region; 0 when left out.
    remainderQuadraticPerGy : float, optional
        Outside all regions; ``None``: not known.
    remainderRepopulationGy : float

    Returns
    -------
    (Volume, numpy.ndarray)
        BED in Gy, float32, and where it is known (k, j, i).

    Raises
    ------
    InputError
        A region without place in the map, or a q that is negative.
    """
    shape = absorbedDose.array.shape
    weights, quadratic, lost, occupied = (np.zeros(shape, np.float32) for _ in range(4))
    repopulationGy = repopulationGy or {}
    for name in quadraticPerGy:
        if name not in occupancies:
            raise InputError("The region has no place on the absorbed-dose map", name)
    for name, region in occupancies.items():
        if absorbedDose.array[region.slices].shape != region.fraction.shape:
            raise InputError("The region belongs to another image", name)
        occupied[region.slices] += region.fraction
        q = quadraticPerGy.get(name)
        if q is None:
            continue
        _requireQuadratic(q, name)
        weights[region.slices] += region.fraction
        quadratic[region.slices] += np.float32(q) * region.fraction
        lost[region.slices] += np.float32(repopulationGy.get(name, 0.0)) * region.fraction
    if remainderQuadraticPerGy is not None:
        _requireQuadratic(remainderQuadraticPerGy, "remainder")
        rest = np.maximum(1.0 - occupied, 0.0)
        weights += rest
        quadratic += np.float32(remainderQuadraticPerGy) * rest
        lost += np.float32(remainderRepopulationGy) * rest
    isKnown = weights > 0
    dose = np.maximum(absorbedDose.array, 0)
    np.divide(quadratic, weights, out=quadratic, where=isKnown)
    np.divide(lost, weights, out=lost, where=isKnown)
    values = np.where(isKnown, np.maximum(dose * (1.0 + quadratic * dose) - lost, 0.0), 0.0).astype(np.float32)
    return absorbedDose.withArray(values, "Gy", "Biologically effective dose"), isKnown


def _requireQuadratic(q, name):
    if not (np.isfinite(q) and q >= 0):
        raise InputError(f"The quadratic part of the BED is {q:g} per Gy, not zero or more", name)

"""The recovery of every region of an image by its own shape and neighbors, with what its uncertainty needs."""

import numpy as np

from ..physics.pointSpread import PointSpread
from ..physics.uncertainty.regionRecovery import RegionRecovery
from .outlineShift import shiftedOutlines

# Shifts of the outline in full widths at half maximum: what an outline is known within, and twice that.
_SHIFTS = (-0.4, -0.2, 0.2, 0.4)
# Changes of width (relative) and enhancement, for derivatives.
_WIDTH_STEP, _ENHANCEMENT_STEP = 0.01, 0.05


def regionRecoveries(transfer, image, curve, volumesML):
    """The recovery of each region in one image, and what another outline or point spread would change.

    Parameters
    ----------
    transfer : GeometricTransfer
        Of the point spread of ``curve``.
    image : Volume
    curve : PointSpreadRecovery
        Of the camera's spheres.
    volumesML : dict of str to float
        As reported.

    Returns
    -------
    dict of str to RegionRecovery

    Raises
    ------
    InputError, CalculationError
        See :class:`.GeometricTransfer` and its ``recovered``.
    """
    step = _WIDTH_STEP * curve.fwhmMM
    found = transfer.recovered(image)
    wider = transfer.withPointSpread(PointSpread(curve.fwhmMM + step, curve.enhancement)).recovered(image)
    sharper = transfer.withPointSpread(
        PointSpread(curve.fwhmMM, curve.enhancement + _ENHANCEMENT_STEP)).recovered(image)
    concentrations, recoveries = transfer.concentrations(image), {}
    for name, item in found.items():
        shifted = shiftedOutlines(transfer, concentrations, name, [curve.fwhmMM * shift for shift in _SHIFTS])
        gradient = tuple(float(np.log(other[name].coefficient / item.coefficient)) / change
                         for other, change in ((wider, step), (sharper, _ENHANCEMENT_STEP)))
        own = np.array(shifted.counts) / (np.array(shifted.concentrations) * np.array(shifted.volumes))
        recoveries[name] = RegionRecovery(
            float(volumesML[name]), item.coefficient, shifted.shiftsMM, shifted.volumes, shifted.counts,
            tuple(float(value) for value in own), gradient, curve.covariance, curve.scatter)
    return recoveries

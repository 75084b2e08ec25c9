"""The recovery of every region of an image by its own shape and neighbors, with what its uncertainty needs."""

from dataclasses import dataclass

import numpy as np

from ..physics.pointSpread import PointSpread
from ..physics.uncertainty.regionRecovery import RegionRecovery
from .geometricTransfer import GeometricTransfer
from .outlineShift import shiftedOutlines

# Shifts of the outline in full widths at half maximum: what an outline is known within, and twice that.
_SHIFTS = (-0.4, -0.2, 0.2, 0.4)
# Changes of width (relative) and enhancement, for derivatives.
_WIDTH_STEP, _ENHANCEMENT_STEP = 0.01, 0.05


@dataclass(frozen=True)
class RegionRecoveries:
    """Recovery of each region in one image.

    Attributes
    ----------
    transfer : GeometricTransfer
    found : dict of str to Recovered
    recoveries : dict of str to RegionRecovery
    """

    transfer: GeometricTransfer
    found: dict
    recoveries: dict


def regionRecoveries(occupancies, image, curve, volumesML, counts=(1, 1, 1)):
    """Solve an image for the activities of its regions, and see what another outline or point spread would change.

    Parameters
    ----------
    occupancies : dict of str to Occupancy
        On the grid of the image cut into ``counts`` parts.
    image : Volume
    curve : PointSpreadRecovery
        Of the camera's spheres.
    volumesML : dict of str to float
        As reported.
    counts : sequence of int
        Of :func:`.subdivisions`.

    Returns
    -------
    RegionRecoveries

    Raises
    ------
    InputError, CalculationError
        See :class:`.GeometricTransfer` and its ``recovered``.
    """
    def solved(fwhmMM, enhancement):
        transfer = GeometricTransfer(occupancies, image, PointSpread(fwhmMM, enhancement), counts)
        return transfer, transfer.recovered(image)

    step = _WIDTH_STEP * curve.fwhmMM
    transfer, found = solved(curve.fwhmMM, curve.enhancement)
    wider = solved(curve.fwhmMM + step, curve.enhancement)[1]
    sharper = solved(curve.fwhmMM, curve.enhancement + _ENHANCEMENT_STEP)[1]
    concentrations, recoveries = transfer.concentrations(image), {}
    for name, item in found.items():
        shifted = shiftedOutlines(transfer, concentrations, name, [curve.fwhmMM * shift for shift in _SHIFTS])
        gradient = tuple(float(np.log(other[name].coefficient / item.coefficient)) / change
                         for other, change in ((wider, step), (sharper, _ENHANCEMENT_STEP)))
        own = np.array(shifted.counts) / (np.array(shifted.concentrations) * np.array(shifted.volumes))
        recoveries[name] = RegionRecovery(
            float(volumesML[name]), item.coefficient, shifted.shiftsMM, shifted.volumes, shifted.counts,
            tuple(float(value) for value in own), gradient, curve.covariance, curve.scatter)
    return RegionRecoveries(transfer, found, recoveries)

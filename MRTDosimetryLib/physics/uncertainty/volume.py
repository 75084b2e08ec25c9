"""Steps 1 and 2: how well the outline knows the volume of a region, and its mass.

Source: Gear et al., EJNMMI 2018;45:2456-2474, volume of interest and mass.
"""

import math

import numpy as np

from ...errors import InputError

_WHERE = "uncertainty of the volume"


def positive(value, what, where=_WHERE):
    """``value`` as a finite float above zero."""
    if not (math.isfinite(value) and value > 0):
        raise InputError(f"The {what} is {value:g}, but has to be above zero", where)
    return float(value)


def notNegative(value, what, where=_WHERE):
    """``value`` as a finite float that is not below zero."""
    if not (math.isfinite(value) and value >= 0):
        raise InputError(f"The {what} is {value:g}, but cannot be negative", where)
    return float(value)


def equivalentDiameterMM(volumeML):
    """Diameter of the sphere of that volume, d = (6 V / pi)^(1/3), in mm."""
    return (6000.0 * positive(volumeML, "volume") / math.pi) ** (1.0 / 3.0)


def diameterUncertaintyMM(voxelSizeMM, outlineFWHMMM, operatorDiameterMM=0.0):
    """u(d) of an outlined diameter: u^2 = a^2/6 + FWHM^2/(4 ln 2) + u_operator^2.

    Both edges lie somewhere in a voxel of edge a (a^2/12 each) and are blurred by the standard deviation
    FWHM/(2 sqrt(2 ln 2)) each.

    Parameters
    ----------
    voxelSizeMM : float or sequence of float
        Edge, or three edges (then the mean of a^2 over the directions), of the image that was outlined.
    outlineFWHMMM : float
        Resolution of the image that was outlined.
    operatorDiameterMM : float
        Further standard uncertainty of the diameter, e.g. between observers; 0 for none.

    Returns
    -------
    float
        In mm, k = 1.

    Raises
    ------
    InputError
        A size not above zero, a negative resolution or operator term.
    """
    edges = [positive(float(edge), "voxel size") for edge in np.atleast_1d(np.asarray(voxelSizeMM, float))]
    fwhm = notNegative(outlineFWHMMM, "resolution")
    operator = notNegative(operatorDiameterMM, "operator's uncertainty of the diameter")
    meanSquare = sum(edge ** 2 for edge in edges) / len(edges)
    return math.sqrt(meanSquare / 6.0 + fwhm ** 2 / (4.0 * math.log(2.0)) + operator ** 2)


def relativeVolumeUncertainty(diameterMM, diameterUncertainty):
    """u(V)/V = 3 u(d)/d."""
    return 3.0 * notNegative(diameterUncertainty, "uncertainty of the diameter") / positive(diameterMM, "diameter")


def relativeMassUncertainty(relativeVolume, relativeDensity=0.0):
    """u(m)/m; the density is taken as known unless its uncertainty is given."""
    return math.hypot(notNegative(relativeVolume, "relative uncertainty of the volume"),
                      notNegative(relativeDensity, "relative uncertainty of the density"))

"""Steps 4 to 6: count rate inside the outline, calibration factor and activity.

Source: Gear et al., EJNMMI 2018;45:2456-2474, count rate, calibration factor and activity.
"""

import math

import numpy as np

from ...errors import InputError
from ..partialVolume import SIGMA_PER_FWHM, profileOfSphere, recoveryOfSphere
from .volume import equivalentDiameterMM, notNegative, positive


def boundaryFactor(volumeML, fwhmMM):
    """phi: twice the height of a blurred uniform sphere at its own edge.

    phi = erf(2 r/(sigma sqrt 2)) - 2 sigma/(r sqrt(2 pi)) (1 - exp(-2 r^2/sigma^2)); 1 without blur, 0 for a sphere
    far smaller than the resolution.
    """
    radius, sigma = equivalentDiameterMM(volumeML) / 2.0, notNegative(fwhmMM, "resolution") * SIGMA_PER_FWHM
    if sigma == 0.0:
        return 1.0
    ratio = radius / sigma
    if ratio < 0.01:  # the closed form cancels there: the leading term of its series
        return 4.0 * ratio ** 3 / (3.0 * math.sqrt(2.0 * math.pi))
    return math.erf(ratio * math.sqrt(2.0)) + 2.0 * math.expm1(-2.0 * ratio ** 2) / (ratio * math.sqrt(2.0 * math.pi))


def countRateExponent(volumeML, fwhmMM, recovery=None):
    """d ln C / d ln V = phi/(2 R): how the count rate inside the outline follows the outlined volume.

    Parameters
    ----------
    recovery : float or None
        Recovery coefficient that is applied. ``None`` (no correction): the recovery that the image itself has, that
        of a blurred sphere in a cold surrounding; with it the expression is exact, 1/2 for large and 1 for small
        regions. R = 1 in its place would let a small region's count rate not depend on the outline at all.

    Returns
    -------
    float
    """
    seen = recoveryOfSphere(volumeML, fwhmMM) if recovery is None else positive(recovery, "recovery coefficient")
    return boundaryFactor(volumeML, fwhmMM) / (2.0 * seen)


def relativeCountRateUncertainty(exponent, relativeVolume):
    """u(C)/C = phi/(2 R) u(V)/V."""
    return exponent * relativeVolume


def calibrationRelativeUncertainty(referenceActivityRelative, referenceCountRateRelative):
    """u(Q)/Q of a calibration factor Q = A_ref / C_ref, from its two relative uncertainties."""
    return math.hypot(notNegative(referenceActivityRelative, "uncertainty of the reference activity", "calibration"),
                      notNegative(referenceCountRateRelative, "uncertainty of the reference count rate",
                                  "calibration"))


def recoveryCountRateCovariance(exponent, recoveryExponent, relativeVolume):
    """u(R,C)/(R C) = [phi/(2 R)] (V/R) dR/dV (u(V)/V)^2: both follow the same volume."""
    return exponent * recoveryExponent * relativeVolume ** 2


def relativeActivityUncertainty(calibration, recovery, countRate, covariance):
    """u(A)/A of A = Q C / R: u^2 = u_Q^2 + u_R^2 + u_C^2 - 2 u(R,C)/(R C), all relative."""
    variance = calibration ** 2 + recovery ** 2 + countRate ** 2 - 2.0 * covariance
    return math.sqrt(max(variance, 0.0))


def outlinedCountRate(volumesML, volumeML, fwhmMM):
    """Count rate inside spheres of several volumes around one blurred sphere, relative to its own volume's.

    Parameters
    ----------
    volumesML : array_like
        Outlined volumes, above zero.
    volumeML : float
        Volume of the object, uniform, in a cold surrounding.
    fwhmMM : float

    Returns
    -------
    numpy.ndarray
        1 at ``volumeML``; towards 1/recovery for a wide outline.
    """
    outlined = np.asarray(volumesML, float)
    if outlined.size == 0 or not np.all(np.isfinite(outlined)) or np.any(outlined <= 0):
        raise InputError("An outlined volume is not above zero", "count rate")
    sigma = notNegative(fwhmMM, "resolution") * SIGMA_PER_FWHM
    edge = equivalentDiameterMM(volumeML) / 2.0
    if sigma == 0.0:
        return np.minimum(outlined / volumeML, 1.0)
    radii = (3000.0 * outlined / (4.0 * math.pi)) ** (1.0 / 3.0)
    # beyond the edge and eight standard deviations nothing more is added
    last = min(max(float(radii.max()), 1.001 * edge), edge + 8.0 * sigma)
    grid = np.linspace(0.0, last, 4001)[1:]
    profile = profileOfSphere(grid, edge, sigma)
    cubes = grid ** 3
    # the mean profile of each shell times its volume; the innermost shell is flat
    enclosed = np.cumsum(np.diff(cubes, prepend=0.0) * (profile + np.concatenate((profile[:1], profile[:-1]))) / 2.0)
    # interpolated as the mean concentration, which is nearly flat: the count rate itself goes with the cube
    concentration = enclosed / cubes
    return np.interp(radii, grid, concentration) * np.minimum(radii, last) ** 3 \
        / (np.interp(edge, grid, concentration) * edge ** 3)

"""How much of a small lesion's activity limited resolution moves out of it, and what a blurred sphere looks like."""

import math

import numpy as np

from ..errors import InputError

SIGMA_PER_FWHM = 1.0 / (2.0 * math.sqrt(2.0 * math.log(2.0)))
# In sigmas: below this diameter the closed form of the recovery cancels, below this distance that of the profile.
_SMALL_SPHERE, _NEAR_CENTER = 0.3, 1e-4


def recoveryOfSphere(volumeML, fwhmMM):
    """Share of a sphere's activity that is still seen inside it after Gaussian blur, without activity around it.

    Its inverse is the factor by which the measured activity of a small lesion in a cold surrounding is too low; in a
    warm surrounding the bias is smaller.

    Parameters
    ----------
    volumeML : float
        Volume of the sphere.
    fwhmMM : float
        Full width at half maximum of the point-spread function; 0 gives 1.

    Returns
    -------
    float
        Recovery, above 0 and at most 1.

    Raises
    ------
    InputError
        Volume not above zero, or a resolution below zero.
    """
    if not (math.isfinite(volumeML) and volumeML > 0):
        raise InputError(f"The volume is {volumeML:g} mL, but has to be above zero", "recovery")
    if not (math.isfinite(fwhmMM) and fwhmMM >= 0):
        raise InputError(f"The resolution is {fwhmMM:g} mm, but cannot be negative", "recovery")
    return 1.0 if fwhmMM == 0 else float(meanOverSphere(radiusMM(volumeML), fwhmMM * SIGMA_PER_FWHM))


def radiusMM(volumesML):
    """Radius of a sphere of a volume (number or array), mm."""
    return np.cbrt(3000.0 * np.asarray(volumesML, float) / (4.0 * math.pi))


def meanOverSphere(radiiMM, sigmasMM):
    """Mean, over a sphere itself, of the sphere (1 inside) blurred by a Gaussian; numbers or arrays, above zero.

    It is the integral of the Gaussian with the sphere's self-overlap 1 - 3r/4R + r^3/16R^3 (r < 2R). With X = 2R/sigma:

    erf(X/sqrt 2) - sqrt(2/pi) [3/X - 4/X^3 - exp(-X^2/2) (1/X - 4/X^3)]

    Derived here; the tests hold it against numerical convolution.
    """
    from scipy.special import erf

    x = 2.0 * np.asarray(radiiMM, float) / np.asarray(sigmasMM, float)
    safe = np.maximum(x, _SMALL_SPHERE)
    bracket = 3.0 / safe - 4.0 / safe ** 3 - np.exp(-safe * safe / 2.0) * (1.0 / safe - 4.0 / safe ** 3)
    closed = erf(safe / math.sqrt(2.0)) - math.sqrt(2.0 / math.pi) * bracket
    series = math.sqrt(2.0 / math.pi) * x ** 3 * (1.0 / 24.0 - x ** 2 / 160.0 + 3.0 * x ** 4 / 4480.0)
    return np.where(x < _SMALL_SPHERE, series, closed)


def profileOfSphere(distancesMM, radius, sigmaMM):
    """A sphere (1 inside) blurred by a Gaussian, at distances (mm, number or array) from its center.

    With r the distance: [erf((R - r)/(sigma sqrt 2)) + erf((R + r)/(sigma sqrt 2))]/2 - sigma/(r sqrt(2 pi))
    [exp(-(R - r)^2/(2 sigma^2)) - exp(-(R + r)^2/(2 sigma^2))]. Derived here, as above.
    """
    from scipy.special import erf

    r = np.maximum(np.asarray(distancesMM, float), _NEAR_CENTER * sigmaMM)
    scale = sigmaMM * math.sqrt(2.0)
    gaussians = np.exp(-((r - radius) / sigmaMM) ** 2 / 2.0) - np.exp(-((r + radius) / sigmaMM) ** 2 / 2.0)
    return 0.5 * (erf((radius - r) / scale) + erf((radius + r) / scale)) \
        - sigmaMM / (r * math.sqrt(2.0 * math.pi)) * gaussians

"""How much of a small lesion's activity limited resolution moves out of it."""

import math

from ..errors import InputError

_SIGMA_PER_FWHM = 1.0 / (2.0 * math.sqrt(2.0 * math.log(2.0)))


def recoveryOfSphere(volumeML, fwhmMM):
    """Share of a sphere's activity that is still seen inside it after Gaussian blur, without activity around it.

    Its inverse is the factor by which the measured activity of a small lesion in a cold surrounding is too low; in a
    warm surrounding the bias is smaller.

    The mean of a uniform sphere blurred by a Gaussian, over the sphere itself, is the integral of the Gaussian with
    the sphere's self-overlap 1 - 3r/4R + r^3/16R^3 (r < 2R). With X = 2R/sigma (R radius):

    erf(X/sqrt 2) - sqrt(2/pi) [3/X - 4/X^3 - exp(-X^2/2) (1/X - 4/X^3)]

    Derived here; the tests hold it against numerical convolution.

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
    if fwhmMM == 0:
        return 1.0
    radiusMM = (3.0 * volumeML * 1000.0 / (4.0 * math.pi)) ** (1.0 / 3.0)
    x = 2.0 * radiusMM / (fwhmMM * _SIGMA_PER_FWHM)
    if x < 0.3:  # the closed form cancels there; its series
        return math.sqrt(2.0 / math.pi) * x ** 3 * (1.0 / 24.0 - x ** 2 / 160.0 + 3.0 * x ** 4 / 4480.0)
    bracket = 3.0 / x - 4.0 / x ** 3 - math.exp(-x * x / 2.0) * (1.0 / x - 4.0 / x ** 3)
    return math.erf(x / math.sqrt(2.0)) - math.sqrt(2.0 / math.pi) * bracket


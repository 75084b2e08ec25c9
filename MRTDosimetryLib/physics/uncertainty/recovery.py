"""Step 3: the recovery coefficient as a function of volume, with the covariance of its fit.

Source: Gear et al., EJNMMI 2018;45:2456-2474, recovery coefficient.
"""

import math
from dataclasses import dataclass

import numpy as np

from ...errors import InputError
from .samples import correlatedLogNormal, logNormal
from .volume import notNegative, positive

_WHERE = "recovery coefficient"


class Recovery:
    """What a recovery coefficient has to tell; ``covariance`` and ``scatter`` are attributes of each.

    Attributes
    ----------
    relativeVolumePerMM : float or None
        d ln V / d shift of the outline (1/mm), where the shape of the region is known; ``None``: that of a sphere.
    countRateExponent : float or None
        d ln C / d ln V, where the image about the region is known; ``None``: that of a blurred sphere.
    """

    relativeVolumePerMM = None
    countRateExponent = None

    def value(self, volumeML):
        """R at a volume (or an array of volumes) in mL."""
        raise NotImplementedError

    def slopePerML(self, volumeML):
        """dR/dV in 1/mL."""
        raise NotImplementedError

    def parameterGradient(self, volumeML):
        """Derivatives of R with respect to the two parameters of ``covariance``."""
        raise NotImplementedError

    def relativeFitUncertainty(self, volumeML):
        """Part of u(R)/R that comes from the fit of the parameters, and the scatter: sqrt(g^T V_b g + s^2) / R."""
        gradient = self.parameterGradient(volumeML)
        variance = float(gradient @ np.asarray(self.covariance, float) @ gradient)
        return math.hypot(math.sqrt(max(variance, 0.0)), self.scatter) / float(self.value(volumeML))

    def sampled(self, volumesML, volumeML, random, samples):
        """R of outlines with random parameters.

        Parameters
        ----------
        volumesML : numpy.ndarray
            Shape (samples,) or (1,).
        volumeML : float
            Of the region as reported.
        random : numpy.random.Generator
        samples : int

        Returns
        -------
        numpy.ndarray
        """
        raise NotImplementedError

    def logCountRate(self, logVolumes):
        """ln of the count rate in outlines over the reported one, by the logarithms of their volumes over the reported
        one, where the image about the region is known; ``None``: that of a blurred sphere."""
        return None


@dataclass(frozen=True)
class FittedRecovery(Recovery):
    """R(V) = 1 - 1/(1 + (V/b2)^b1), fitted to phantom measurements.

    Attributes
    ----------
    b1 : float
    b2ML : float
        Volume at which half is recovered.
    covariance : tuple
        2 x 2 of (b1, b2), b2 in mL.
    scatter : float
        Standard deviation of the recovery of single objects about the curve: what shape and measurement leave, added
        to the uncertainty of the fit.
    largestML : float or None
        Largest volume measured. Above it the loss goes on with the surface of a sphere over its volume,
        1 - R = (1 - R(largest)) (largest / V)^(1/3), as what spills over a border does (Gaussian blur of a sphere far
        larger than the resolution); the fitted function falls faster and would leave large organs too low. ``None``:
        the function for all volumes.

    Raises
    ------
    InputError
        Parameters not above zero, a negative scatter, or a matrix that is no covariance.
    """

    b1: float
    b2ML: float
    covariance: tuple = ((0.0, 0.0), (0.0, 0.0))
    scatter: float = 0.0
    largestML: float | None = None

    def __post_init__(self):
        if self.largestML is not None:
            positive(self.largestML, "largest volume", _WHERE)
        notNegative(self.scatter, "scatter about the curve", _WHERE)
        positive(self.b1, "exponent b1", _WHERE)
        positive(self.b2ML, "volume b2", _WHERE)
        requireCovariance(self.covariance, _WHERE)

    @classmethod
    def fromStandardErrors(cls, b1, b2ML, b1Error, b2ErrorML, correlation=0.0):
        """From standard errors and the correlation of the two parameters."""
        shared = correlation * b1Error * b2ErrorML
        return cls(b1, b2ML, ((b1Error ** 2, shared), (shared, b2ErrorML ** 2)))

    def value(self, volumeML):
        """R at a volume (or an array of volumes) in mL, between 0 and 1."""
        return self.valueWith(volumeML, self.b1, self.b2ML)

    def valueWith(self, volumeML, b1, b2ML):
        """R with other parameters, of which there may be arrays."""
        if self.largestML is None:
            return recoveryCoefficient(volumeML, b1, b2ML)
        inside = recoveryCoefficient(np.minimum(volumeML, self.largestML), b1, b2ML)
        return 1.0 - (1.0 - inside) * self._beyond(volumeML)

    def _beyond(self, volumeML):
        """(largest / V)^(1/3) above the largest volume, else 1."""
        return 1.0 if self.largestML is None else np.minimum(self.largestML / volumeML, 1.0) ** (1.0 / 3.0)

    def slopePerML(self, volumeML):
        """dR/dV = (b1/V) R (1 - R), and (1 - R)/(3 V) above the largest volume, in 1/mL."""
        recovery = self.value(volumeML)
        if self.largestML is not None and volumeML > self.largestML:
            return (1.0 - recovery) / (3.0 * volumeML)
        return self.b1 / volumeML * recovery * (1.0 - recovery)

    def parameterGradient(self, volumeML):
        """(dR/db1, dR/db2) = (ln(V/b2), -b1/b2) R (1 - R); above the largest volume smaller as the loss is."""
        volume = volumeML if self.largestML is None else min(volumeML, self.largestML)
        recovery = float(recoveryCoefficient(volume, self.b1, self.b2ML))
        return np.array([math.log(volume / self.b2ML), -self.b1 / self.b2ML]) * recovery * (1.0 - recovery) \
            * self._beyond(volumeML)

    def sampled(self, volumesML, volumeML, random, samples):
        """R with random b1 and b2; see :meth:`Recovery.sampled`."""
        b1, b2 = correlatedLogNormal((self.b1, self.b2ML), np.asarray(self.covariance, float), random, samples)
        scatter = logNormal(random, self.scatter / float(self.value(volumeML)), samples)
        return self.valueWith(volumesML, b1, b2) * np.exp(scatter)


def recoveryCoefficient(volumeML, b1, b2ML):
    """R(V) = 1 - 1/(1 + (V/b2)^b1), written so that small volumes lose no digits; arrays are taken."""
    return 1.0 / (1.0 + (b2ML / volumeML) ** b1)


def relativeRecoveryUncertainty(recovery, volumeML, relativeVolume):
    """u(R)/R with u^2(R) = g_b^T V_b g_b + (dR/dV)^2 u^2(V)."""
    fromVolume = recovery.slopePerML(volumeML) * volumeML / recovery.value(volumeML) * relativeVolume
    return math.hypot(recovery.relativeFitUncertainty(volumeML), fromVolume)


def requireCovariance(matrix, where):
    """Refuse what is no 2 x 2 covariance matrix."""
    values = np.asarray(matrix, float)
    isCovariance = values.shape == (2, 2) and bool(np.all(np.isfinite(values)))
    if isCovariance:
        largest = max(math.sqrt(max(values[0, 0], 0.0) * max(values[1, 1], 0.0)), 1e-300)
        isCovariance = min(values[0, 0], values[1, 1]) >= 0 and abs(values[0, 1] - values[1, 0]) <= 1e-9 * largest \
            and abs(values[0, 1]) <= largest * (1 + 1e-9)
    if not isCovariance:
        raise InputError("The covariance of the two parameters is no covariance matrix", where,
                         "Give two variances and a covariance no larger than the root of their product")

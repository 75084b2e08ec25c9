"""Band around a dose-volume histogram: what the uncertainties of absorbed dose and of the region's volume do to it.

Two things are uncertain, independently of each other:

* the scale of the map (calibration, time integration, density ...), common to all voxels of the region: every absorbed
  dose is multiplied by exp(s x), x standard normal, s = sqrt(ln(1 + u^2)) for the relative standard uncertainty u. The
  log-normal keeps absorbed doses positive; up to u = 0.2 it agrees with the normal distribution within 2 %;
* where the boundary lies: the volume changes by the factor 1 + r (r normal), and what is gained or lost is a shell of
  even thickness, whose absorbed doses are those on the boundary. With v the relative volume curve of the region and b
  that of its boundary area, the curve becomes (v + r b) / (1 + r), the first order of an even dilation or erosion.

The band is pointwise: at each absorbed dose the quantiles of the volume. Because all curves fall, its inverse gives the
quantiles of D98, D50 ... as well. Noise of single voxels is not part of it.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from ..errors import InputError

# Probability within one standard uncertainty of a normal distribution.
ONE_SIGMA = math.erf(1.0 / math.sqrt(2.0))
COVERAGES = (ONE_SIGMA, 0.95)
_SCALES, _SHELLS = 101, 41
# Volume changes beyond this are no longer a thin shell.
_LARGEST_VOLUME_CHANGE = 0.9


@dataclass(frozen=True)
class DVHBand:
    """Pointwise interval of a cumulative dose-volume histogram.

    Attributes
    ----------
    coverage : float
        Probability that the interval holds the curve at any one absorbed dose.
    absorbedDoseGy : numpy.ndarray
        Shape (N,), rising from 0.
    lowerPercent, upperPercent : numpy.ndarray
        Shape (N,), relative volume that receives at least the absorbed dose.
    """

    coverage: float
    absorbedDoseGy: np.ndarray
    lowerPercent: np.ndarray
    upperPercent: np.ndarray

    def doseAtVolumeGy(self, percent):
        """Interval (low, high) of Dx in Gy, with the same coverage.

        Raises
        ------
        InputError
            Unless 0 < percent < 100.
        """
        if not 0 < percent < 100:
            raise InputError(f"A volume of {percent:g} % is not between 0 and 100 %", "DVH band")
        return tuple(float(np.interp(-percent, -curve, self.absorbedDoseGy))
                     for curve in (self.lowerPercent, self.upperPercent))

    def toDict(self):
        """For results and charts, JSON-able."""
        return {"coverage": self.coverage, "absorbedDoseGy": self.absorbedDoseGy.tolist(),
                "lowerPercent": self.lowerPercent.tolist(), "upperPercent": self.upperPercent.tolist()}


def bandOf(dvh, relativeDoseUncertainty, relativeVolumeUncertainty=0.0, boundary=None, coverage=ONE_SIGMA, points=300):
    """Band of a dose-volume histogram.

    Parameters
    ----------
    dvh : DVH
    relativeDoseUncertainty : float
        Relative standard uncertainty (k = 1) common to all absorbed doses of the map in this region, without what the
        volume contributes.
    relativeVolumeUncertainty : float
        Relative standard uncertainty (k = 1) of the region's volume.
    boundary : DVH, optional
        Histogram over the area of the boundary, from :meth:`~.regionPoints.RegionPoints.boundaryHistogram`; needed with
        an uncertain volume.
    coverage : float
        Probability, between 0 and 1; :data:`COVERAGES` has those of k = 1 and of 95 %.
    points : int
        Of the curve.

    Returns
    -------
    DVHBand

    Raises
    ------
    InputError
        Uncertainties that are negative, not finite or beyond 100 % (50 % for the volume), or a missing boundary.
    """
    doseSpread = _requireRelative(relativeDoseUncertainty, "absorbed dose", 1.0)
    volumeSpread = _requireRelative(relativeVolumeUncertainty, "volume", 0.5)
    if not 0 < coverage < 1:
        raise InputError(f"A coverage of {coverage:g} is not between 0 and 1", "DVH band")
    if volumeSpread > 0 and boundary is None:
        raise InputError("The absorbed dose on the boundary is not known", "DVH band",
                         "Sample the region with its boundary, or leave out the uncertainty of the volume")
    logSpread = math.sqrt(math.log1p(doseSpread ** 2))
    scales = np.exp(logSpread * _quantiles(_SCALES if doseSpread else 1))
    changes = np.clip(volumeSpread * _quantiles(_SHELLS if volumeSpread else 1), -_LARGEST_VOLUME_CHANGE, None)
    # as far as the upper limit of the band reaches
    reach = math.exp(logSpread * NormalDist().inv_cdf((1 + coverage) / 2))
    top = max(dvh.maxGy, boundary.maxGy if volumeSpread else 0.0) * reach
    doses = np.linspace(0.0, top * (1 + 1e-6) if top > 0 else 1.0, points)
    curves = np.empty((len(scales), len(changes), points))
    for row, scale in zip(curves, scales, strict=True):
        inside = dvh.volumeAtDose(doses / scale) / dvh.volumeML
        if volumeSpread:
            edge = boundary.volumeAtDose(doses / scale) / boundary.volumeML
            row[:] = (inside + changes[:, None] * edge) / (1 + changes[:, None])
        else:
            row[:] = inside
    curves = np.clip(curves.reshape(-1, points), 0.0, 1.0)
    low, high = np.quantile(curves, [(1 - coverage) / 2, (1 + coverage) / 2], axis=0)
    # an eroded curve may rise by a hair where the boundary is hotter than the inside; volumes never do
    low, high = np.minimum.accumulate(low), np.maximum.accumulate(high[::-1])[::-1]
    return DVHBand(float(coverage), doses, 100.0 * low, 100.0 * high)


def _quantiles(count):
    """Standard normal numbers in the middle of ``count`` parts of equal probability."""
    normal = NormalDist()
    return np.array([normal.inv_cdf((index + 0.5) / count) for index in range(count)])


def _requireRelative(value, what, limit):
    if not (math.isfinite(value) and 0 <= value <= limit):
        raise InputError(f"A relative uncertainty of the {what} of {value:g} cannot be used", "DVH band",
                         f"Give a number from 0 to {limit:g}")
    return float(value)

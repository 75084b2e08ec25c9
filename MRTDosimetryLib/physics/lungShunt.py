"""Lung shunt fraction from a 99mTc-MAA scan: planar by the geometric mean, or SPECT/CT; with counting uncertainty."""

import math
from dataclasses import dataclass

from ..errors import InputError

PLANAR, SPECT = "planar", "spect"


@dataclass(frozen=True)
class LungShunt:
    """``fraction`` of the activity in the lungs, its standard uncertainty by counting (k = 1), and the net counts."""

    fraction: float
    uncertainty: float
    method: str
    lungCounts: float
    liverCounts: float


def planarShunt(lung, liver):
    """LSF = GM_lung / (GM_lung + GM_liver), GM the geometric mean of the net counts of both views.

    Attenuation differs between lungs and liver, so that planar images overestimate the fraction
    (PMC9793490).

    Parameters
    ----------
    lung, liver : dict
        ``anteriorCounts``, ``posteriorCounts``, and ``anteriorBackgroundCounts``, ``posteriorBackgroundCounts`` (in
        an area of the size of the region; 0 where none is subtracted).

    Returns
    -------
    LungShunt

    Raises
    ------
    InputError
        Counts at or below their background.
    """
    lungMean, lungRelative = _geometricMean(lung, "lungs")
    liverMean, liverRelative = _geometricMean(liver, "liver")
    return _shunt(lungMean, lungRelative, liverMean, liverRelative, PLANAR)


def spectShunt(lungCounts, liverCounts):
    """LSF = C_lung / (C_lung + C_liver) from counts of a SPECT in whole lungs and whole liver.

    Returns
    -------
    LungShunt
    """
    for what, counts in (("lungs", lungCounts), ("liver", liverCounts)):
        if not (math.isfinite(counts) and counts > 0):
            raise InputError(f"The counts are {counts:g}, but have to be above zero", what)
    return _shunt(lungCounts, lungCounts ** -0.5, liverCounts, liverCounts ** -0.5, SPECT)


def _geometricMean(counts, where):
    """Geometric mean of the net counts of two views, and its relative uncertainty.

    Counts and background are Poisson distributed: u^2(net) = counts + background.
    """
    product, relativeSquared = 1.0, 0.0
    for view in ("anterior", "posterior"):
        gross, background = float(counts[f"{view}Counts"]), float(counts.get(f"{view}BackgroundCounts") or 0.0)
        if not (math.isfinite(gross) and gross > 0 and math.isfinite(background) and background >= 0):
            raise InputError(f"The {view} counts are {gross:g} with a background of {background:g}", where,
                             "Give counts above zero, and a background of at least zero")
        net = gross - background
        if not net > 0:
            raise InputError(f"The {view} counts of {gross:g} are not above their background of {background:g}", where,
                             "Check the regions; the background is that of an area of the same size")
        product *= net
        relativeSquared += (gross + background) / net ** 2
    return math.sqrt(product), 0.5 * math.sqrt(relativeSquared)


def _shunt(lung, lungRelative, liver, liverRelative, method):
    fraction = lung / (lung + liver)
    return LungShunt(fraction, fraction * (1.0 - fraction) * math.hypot(lungRelative, liverRelative), method, lung,
                     liver)

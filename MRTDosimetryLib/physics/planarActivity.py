"""Activity from planar images: scatter by three energy windows, and the conjugate view.

Conjugate view (MIRD Pamphlet 16, Siegel et al., J Nucl Med 1999;40:37S-61S):
A = sqrt(I_A I_P exp(mu T)) f / epsilon, f = (mu t / 2) / sinh(mu t / 2), with the thickness T of the body and t of the
source along the line of sight. Triple-energy-window scatter (Ogawa et al., IEEE Trans Med Imaging 1991;10:408-412):
C_scatter = (C_lower / w_lower + C_upper / w_upper) w_main / 2.
Where a CT tells the depth of every voxel of a source of uniform uptake, exp(mu T / 2) f is the reciprocal of the
geometric mean of what leaves the body toward both sides, without the assumption of a slab.
"""

import math
from dataclasses import dataclass

from ..errors import InputError
from .uncertainty.volume import notNegative, positive

_WHERE = "conjugate view"
# exp(mu T) beyond this corrects for a body that no patient has.
_LARGEST_ATTENUATION = 8.0


@dataclass(frozen=True)
class PrimaryCounts:
    """Counts without scatter.

    Attributes
    ----------
    primaryCounts, scatterCounts : float
    uncertaintyCounts : float
        Of the primary counts by counting statistics, k = 1.
    isClipped : bool
        Whether more scatter was estimated than counted, so that the primary counts are set to zero.
    """

    primaryCounts: float
    scatterCounts: float
    uncertaintyCounts: float
    isClipped: bool


def primaryCounts(mainCounts, lowerCounts, upperCounts, mainKeV, lowerKeV, upperKeV, where="scatter windows"):
    """Counts of the main window less the scatter that the windows beside it tell of.

    Parameters
    ----------
    mainCounts, lowerCounts, upperCounts : float
        Of the same region or pixel.
    mainKeV, lowerKeV, upperKeV : float
        Widths of the windows.

    Returns
    -------
    PrimaryCounts
    """
    main = notNegative(mainCounts, "counts of the main window", where)
    lower, upper = (notNegative(counts, f"counts of the {side} window", where)
                    for counts, side in ((lowerCounts, "lower"), (upperCounts, "upper")))
    width = positive(mainKeV, "width of the main window (keV)", where)
    shares = [width / (2.0 * positive(side, "width of a scatter window (keV)", where)) for side in (lowerKeV, upperKeV)]
    scatter = shares[0] * lower + shares[1] * upper
    spread = math.sqrt(main + shares[0] ** 2 * lower + shares[1] ** 2 * upper)
    return PrimaryCounts(max(main - scatter, 0.0), scatter, spread, scatter > main)


@dataclass(frozen=True)
class NetCounts:
    """Counts of a region less background, with the standard uncertainty (k = 1) of counting."""

    counts: float
    uncertainty: float


def netCounts(counts, pixels, backgroundCounts, backgroundPixels, bodyFraction=1.0, uncertainty=None,
              backgroundUncertainty=None, where="planar region"):
    """Counts of a region less those of the body around the source.

    Parameters
    ----------
    counts, backgroundCounts : float
    pixels, backgroundPixels : float
        Area of the region and of its background region.
    bodyFraction : float
        Share of the background region's counts per pixel that also lies before and behind the source: 1 for a thin
        source, 1 - t/T for one of thickness t in a body of thickness T.
    uncertainty, backgroundUncertainty : float, optional
        Where the counts are not plain ones (scatter taken off); left out, their square roots.

    Returns
    -------
    NetCounts

    Raises
    ------
    InputError
        A share outside 0 to 1; counts not above the background.
    """
    area = positive(pixels, "area of the region (pixels)", where)
    share = notNegative(bodyFraction, "share of the background", where)
    if share > 1:
        raise InputError(f"The share of the background is {share:g}", where, "Give 1, or 1 - t/T")
    gross = notNegative(counts, "counts of the region", where)
    factor, background, spread = 0.0, 0.0, 0.0
    if backgroundCounts is not None:
        factor = share * area / positive(backgroundPixels, "area of the background (pixels)", where)
        background = factor * notNegative(backgroundCounts, "counts of the background", where)
        spread = factor * (math.sqrt(backgroundCounts) if backgroundUncertainty is None else backgroundUncertainty)
    net = gross - background
    if net <= 0:
        raise InputError(f"The region's {gross:.5g} counts are not above its background of {background:.5g}", where,
                         "Check both regions")
    own = math.sqrt(gross) if uncertainty is None else uncertainty
    return NetCounts(net, math.hypot(own, spread))


def geometricMean(anterior, posterior):
    """Geometric mean of two opposed views, hardly dependent on the depth of the source.

    Parameters
    ----------
    anterior, posterior : NetCounts

    Returns
    -------
    NetCounts
    """
    mean = math.sqrt(anterior.counts * posterior.counts)
    return NetCounts(mean, mean / 2.0 * math.hypot(anterior.uncertainty / anterior.counts,
                                                   posterior.uncertainty / posterior.counts))


def sourceFactor(attenuationOfSource):
    """f = (mu t / 2) / sinh(mu t / 2): attenuation inside of the source itself; 1 for a thin one."""
    half = notNegative(attenuationOfSource, "attenuation of the source (mu t)", _WHERE) / 2.0
    return 1.0 if half == 0 else half / math.sinh(half)


def attenuationFromTransmission(openCounts, transmittedCounts, where="transmission"):
    """mu T = ln(I_0 / I) of a transmission scan without and with the patient."""
    empty = positive(openCounts, "counts without the patient", where)
    shown = positive(transmittedCounts, "counts through the patient", where)
    if shown >= empty:
        raise InputError(f"The transmission scan shows {shown:.5g} counts through the patient and {empty:.5g} without",
                         where, "Check that the two are not exchanged")
    return math.log(empty / shown)


def sourceFactorUncertainty(attenuationOfSource, uncertainty):
    """u(f)/f of :func:`sourceFactor` by u(mu t): |1/h - coth h| / 2 times it, with h = mu t / 2."""
    half = notNegative(attenuationOfSource, "attenuation of the source (mu t)", _WHERE) / 2.0
    spread = notNegative(uncertainty, "uncertainty", _WHERE)
    # of a thin source by the first term of the series, -h / 3
    slope = -half / 3.0 if half < 1e-3 else 1.0 / half - 1.0 / math.tanh(half)
    return abs(slope) / 2.0 * spread


@dataclass(frozen=True)
class PlanarActivity:
    """Activity by conjugate view.

    Attributes
    ----------
    activityMBq : float
    components : dict of str to float
        Relative standard uncertainties (k = 1) by source, as far as they are stated: ``counting``, and, common to all
        images of a region, ``sensitivity``, ``attenuation`` and ``thickness``.
    """

    activityMBq: float
    components: dict

    @property
    def relativeUncertainty(self):
        """Of all components, k = 1."""
        return math.hypot(*self.components.values())

    @property
    def commonRelativeUncertainty(self):
        """Of what is the same in all images of a region, k = 1."""
        return math.hypot(*(value for name, value in self.components.items() if name != "counting"))


def conjugateViewActivity(mean, durationSeconds, attenuation, sensitivityCpsPerMBq, attenuationOfSource=0.0,
                          attenuationUncertainty=0.0, sensitivityRelative=0.0, sourceFactorRelative=0.0):
    """Activity of a source from the geometric mean of two opposed views.

    Parameters
    ----------
    mean : NetCounts
        Of :func:`geometricMean`.
    durationSeconds : float
        Exposure of the source: of a whole-body scan, the length of the field of view over the speed.
    attenuation : float
        mu T of the body along the line of sight.
    sensitivityCpsPerMBq : float
        In air, of one view.
    attenuationOfSource : float
        mu t of the source.
    attenuationUncertainty, sensitivityRelative, sourceFactorRelative : float
        u(mu T), u(epsilon)/epsilon, and u(f)/f of :func:`sourceFactorUncertainty`.

    Returns
    -------
    PlanarActivity
    """
    depth = notNegative(attenuation, "attenuation (mu T)", _WHERE)
    if depth > _LARGEST_ATTENUATION:
        raise InputError(f"The attenuation mu T is {depth:.4g}", _WHERE, "Check units: mu in 1/cm, thickness in cm")
    if attenuationOfSource > depth:
        raise InputError(f"The source attenuates more (mu t {attenuationOfSource:.4g}) than the body "
                         f"(mu T {depth:.4g})", _WHERE, "Check both thicknesses")
    rate = positive(mean.counts, "counts", _WHERE) / positive(durationSeconds, "duration (s)", _WHERE)
    activity = rate * math.exp(depth / 2.0) * sourceFactor(attenuationOfSource) \
        / positive(sensitivityCpsPerMBq, "sensitivity", _WHERE)
    return PlanarActivity(activity, {
        "counting": mean.uncertainty / mean.counts,
        "sensitivity": notNegative(sensitivityRelative, "uncertainty", _WHERE),
        "attenuation": notNegative(attenuationUncertainty, "uncertainty", _WHERE) / 2.0,
        "thickness": notNegative(sourceFactorRelative, "uncertainty", _WHERE)})

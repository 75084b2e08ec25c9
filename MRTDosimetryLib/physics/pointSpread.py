"""The image of a point by a camera and its reconstruction, and its fit to the spheres of a phantom.

Its transfer function is G + e G (1 - G), with G that of a Gaussian: e = 0 is plain blur; with e = 1 one pass of Van
Cittert's iteration (Z Phys 1931;69:298-308) has put back part of what the Gaussian took, as reconstructions with a
model of the resolution do: sharper, with a faint rim. e below 0 lets blur reach farther than a Gaussian.
"""

import math
from dataclasses import dataclass

import numpy as np

from ..errors import CalculationError, InputError
from .partialVolume import SIGMA_PER_FWHM, profileOfSphere
from .scatterFit import fitWithScatter
from .uncertainty.pointSpreadRecovery import PointSpreadRecovery
from .uncertainty.volume import positive

_WHERE = "point spread"
# Beyond these no camera's image of a point is described.
_SMALLEST_FWHM_MM, _LARGEST_FWHM_MM = 1.0, 60.0
_SMALLEST_ENHANCEMENT, _LARGEST_ENHANCEMENT = -1.0, 3.0
# Widths at which the spheres are computed, for a spline in ln FWHM.
_WIDTHS = 80
_LONGEST = 50.0  # ln FWHM, against overflow
_STARTS_MM = (6.0, 9.0, 13.0, 18.0)


@dataclass(frozen=True)
class PointSpread:
    """The image of a point: ``fwhmMM`` of the Gaussian and ``enhancement`` e (see above)."""

    fwhmMM: float
    enhancement: float = 0.0

    def __post_init__(self):
        positive(self.fwhmMM, "full width at half maximum (mm)", _WHERE)
        if not math.isfinite(self.enhancement):
            raise InputError("The enhancement of the point spread is not a number", _WHERE)

    @property
    def sigmaMM(self):
        """Standard deviation of the Gaussian."""
        return self.fwhmMM * SIGMA_PER_FWHM

    def gaussians(self):
        """The sum of Gaussians that it is: pairs of weight and standard deviation in mm."""
        if self.enhancement == 0.0:
            return ((1.0, self.sigmaMM),)
        return (1.0 + self.enhancement, self.sigmaMM), (-self.enhancement, self.sigmaMM * math.sqrt(2.0))


@dataclass(frozen=True)
class SphereSample:
    """Where the voxels of a measured sphere lie.

    Attributes
    ----------
    radiusMM : float
    distancesMM : numpy.ndarray
        Of the voxels' centers from that of the sphere, shape (N,).
    fractions : numpy.ndarray
        Of each voxel inside the sphere, shape (N,).
    """

    radiusMM: float
    distancesMM: np.ndarray
    fractions: np.ndarray

    def key(self):
        """Tells samples with the same voxels."""
        return self.radiusMM, self.distancesMM.tobytes(), self.fractions.tobytes()

    def shown(self, sigmaMM):
        """Mean inside the sphere as those voxels show it, blurred by a Gaussian, of a concentration of 1."""
        profile = profileOfSphere(self.distancesMM, self.radiusMM, sigmaMM)
        return float(self.fractions @ profile / self.fractions.sum())


@dataclass(frozen=True)
class PointSpreadFit:
    """A fitted point spread.

    Attributes
    ----------
    recovery : PointSpreadRecovery
        Of spheres as regions of an image show them, with covariance and scatter.
    residuals : tuple of float
        Measured less fitted recovery of every sphere in its own place between the voxels.
    chiSquare : float
    degreesOfFreedom : int
    words : str
        Where the covariance comes from.
    """

    recovery: PointSpreadRecovery
    residuals: tuple
    chiSquare: float
    degreesOfFreedom: int
    words: str

    @property
    def pointSpread(self):
        return PointSpread(self.recovery.fwhmMM, self.recovery.enhancement)

    def toDict(self):
        """Ready for JSON; read back by :func:`pointSpreadFromDict`."""
        return {**self.recovery.toDict(), "residuals": list(self.residuals), "chiSquare": self.chiSquare,
                "degreesOfFreedom": self.degreesOfFreedom, "covarianceSource": self.words}


def pointSpreadFromDict(content):
    """The fit of :meth:`PointSpreadFit.toDict`.

    Raises
    ------
    InputError
        When something is missing or can be no point spread.
    """
    try:
        recovery = PointSpreadRecovery(
            float(content["fwhmMM"]), float(content["enhancement"]),
            tuple(tuple(float(value) for value in row) for row in content["covariance"]), float(content["scatter"]),
            float(content["voxelVarianceMM2"]))
        return PointSpreadFit(recovery, tuple(float(value) for value in content["residuals"]),
                              float(content["chiSquare"]), int(content["degreesOfFreedom"]),
                              str(content["covarianceSource"]))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"The point spread is not complete ({error})", _WHERE, "Calibrate again") from None


def fitPointSpread(points, samples, voxelSizeMM, commonRelative=0.0):
    """Fit width and enhancement to the measured recoveries of spheres.

    Every sphere is held against what its own voxels show of a blurred sphere at its place: where the voxels happen to
    lie changes what is found in a small sphere, and that is no property of the camera.

    Parameters
    ----------
    points : sequence of RecoveryPoint
        By contrast where the surrounding is warm.
    samples : sequence of sequence of SphereSample
        For each point, one per scan that it is the mean of.
    voxelSizeMM : sequence of float
        Of the image, three edges.
    commonRelative : float
        See :func:`.fitWithScatter`.

    Returns
    -------
    PointSpreadFit

    Raises
    ------
    InputError, CalculationError
        Too few spheres, or recoveries that no camera gives.
    """
    measured = np.array([point.recovery for point in points], float)
    if measured.size < 3:
        raise InputError(f"A point spread needs at least 3 spheres, there are {measured.size}", _WHERE)

    shown = _shownOverWidth(samples)
    slope, double = shown.derivative(), math.log(2.0) / 2.0  # of ln sigma

    def model(values):
        one, two = shown(values[0]), shown(values[0] + double)
        return one + values[1] * (one - two)

    def jacobian(values):
        one, two = slope(values[0]), slope(values[0] + double)
        return np.column_stack([one + values[1] * (one - two), shown(values[0]) - shown(values[0] + double)])

    start = min(((math.log(width), 0.0) for width in _STARTS_MM),
                key=lambda values: float(np.sum((model(values) - measured) ** 2)))
    found = fitWithScatter(model, jacobian, start, measured, [point.uncertainty for point in points], commonRelative,
                           _WHERE, "Check the recoveries: they have to rise with the volume")
    width, enhancement = math.exp(min(found.values[0], _LONGEST)), float(found.values[1])
    if not (_SMALLEST_FWHM_MM < width < _LARGEST_FWHM_MM
            and _SMALLEST_ENHANCEMENT < enhancement < _LARGEST_ENHANCEMENT):
        raise CalculationError(f"No point spread describes the spheres (width {width:.3g} mm, enhancement "
                               f"{enhancement:.3g})", _WHERE, "Check concentrations and places of the spheres")
    scale = np.array([width, 1.0])  # d width = width d ln width
    covariance = found.covariance * np.outer(scale, scale)
    variance = float(np.mean(np.square(np.asarray(voxelSizeMM, float)))) / 12.0
    recovery = PointSpreadRecovery(width, enhancement, tuple(tuple(float(value) for value in row)
                                                             for row in covariance), found.scatter, variance)
    return PointSpreadFit(recovery, tuple(float(value) for value in found.residuals), found.chiSquare,
                          found.degreesOfFreedom, found.words)


def _shownOverWidth(samples):
    """What the voxels of every sphere show, as a spline over ln FWHM of the Gaussian."""
    from scipy.interpolate import CubicSpline

    logWidths = np.linspace(math.log(_SMALLEST_FWHM_MM), math.log(math.sqrt(2.0) * _LARGEST_FWHM_MM), _WIDTHS)
    table = np.empty((_WIDTHS, len(samples)))
    for column, own in enumerate(samples):
        # scans of a phantom that was not moved have the same voxels
        once = {sample.key(): (sample, sum(sample.key() == other.key() for other in own)) for sample in own}
        for row, logWidth in enumerate(logWidths):
            sigma = math.exp(logWidth) * SIGMA_PER_FWHM
            table[row, column] = sum(count * sample.shown(sigma) for sample, count in once.values()) / len(own)
    return CubicSpline(logWidths, table)

"""The recovery curve of a sphere phantom: R(V) = 1/(1 + (b2/V)^b1), with the covariance of its two parameters.

Source of the function: Gear et al., EJNMMI 2018;45:2456-2474, recovery coefficient.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from ..errors import CalculationError, InputError
from .scatterFit import fitWithScatter
from .uncertainty.recovery import FittedRecovery
from .uncertainty.volume import notNegative, positive

_WHERE = "recovery curve"
FEWEST_SPHERES = 3
# A measured recovery outside is none: the concentrations, the positions or the images are wrong.
_SMALLEST, _LARGEST = 0.02, 1.3


@dataclass(frozen=True)
class RecoveryPoint:
    """Measured recovery of one sphere: ``uncertainty`` is its standard uncertainty (k = 1) or ``None``."""

    name: str
    volumeML: float
    recovery: float
    uncertainty: float | None = None


@dataclass(frozen=True)
class RecoveryCurve:
    """A fitted recovery curve.

    Attributes
    ----------
    fitted : FittedRecovery
    minimumVolumeML, maximumVolumeML : float
        Of the spheres: beyond them the curve is an extrapolation.
    points : tuple of RecoveryPoint
    residuals : tuple of float
        Measured less fitted recovery.
    chiSquare : float
        Weighted by the uncertainties of the points and their scatter about the curve.
    degreesOfFreedom : int
    covarianceSource : str
        In words.
    """

    fitted: FittedRecovery
    minimumVolumeML: float
    maximumVolumeML: float
    points: tuple
    residuals: tuple
    chiSquare: float
    degreesOfFreedom: int
    covarianceSource: str

    def forRegions(self):
        """The recovery as it is used for regions of patients: above the largest sphere, where nothing was measured,
        the loss goes with surface over volume (see :class:`.FittedRecovery`)."""
        return replace(self.fitted, largestML=self.maximumVolumeML)

    def isMeasuredAt(self, volumeML):
        """Whether a volume lies within those of the spheres."""
        return self.minimumVolumeML <= volumeML <= self.maximumVolumeML

    def toDict(self):
        """Ready for JSON; read back by :func:`curveFromDict`."""
        return {"b1": self.fitted.b1, "b2ML": self.fitted.b2ML,
                "covariance": [list(row) for row in self.fitted.covariance], "scatter": self.fitted.scatter,
                "minimumVolumeML": self.minimumVolumeML, "maximumVolumeML": self.maximumVolumeML,
                "points": [{"name": point.name, "volumeML": point.volumeML, "recovery": point.recovery,
                            "uncertainty": point.uncertainty, "residual": residual}
                           for point, residual in zip(self.points, self.residuals, strict=True)],
                "chiSquare": self.chiSquare, "degreesOfFreedom": self.degreesOfFreedom,
                "covarianceSource": self.covarianceSource}


def curveFromDict(content):
    """The curve of :meth:`RecoveryCurve.toDict`.

    Raises
    ------
    InputError
        When something is missing or can be no recovery curve.
    """
    try:
        points = tuple(RecoveryPoint(row["name"], float(row["volumeML"]), float(row["recovery"]), row["uncertainty"])
                       for row in content["points"])
        fitted = FittedRecovery(float(content["b1"]), float(content["b2ML"]),
                                tuple(tuple(float(value) for value in row) for row in content["covariance"]),
                                float(content["scatter"]))
        return RecoveryCurve(
            fitted, positive(content["minimumVolumeML"], "smallest volume (mL)", _WHERE),
            positive(content["maximumVolumeML"], "largest volume (mL)", _WHERE), points,
            tuple(float(row["residual"]) for row in content["points"]), float(content["chiSquare"]),
            int(content["degreesOfFreedom"]), str(content["covarianceSource"]))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"The recovery curve is not complete ({error})", _WHERE, "Calibrate again") from None


def fitRecovery(points, commonRelative=0.0):
    """Fit b1 and b2 to measured recoveries.

    Points with uncertainties are weighted by them, without them by the scatter about the curve (see
    :mod:`.scatterFit`). The scatter stays with the curve: a patient's region deviates from it as a sphere does.

    Parameters
    ----------
    points : sequence of RecoveryPoint
    commonRelative : float
        Relative standard uncertainty (k = 1) that all recoveries share, e.g. of the concentration; it moves the whole
        curve and is added to the covariance to first order.

    Returns
    -------
    RecoveryCurve

    Raises
    ------
    InputError, CalculationError
    """
    points = tuple(points)
    if len(points) < FEWEST_SPHERES:
        raise InputError(f"A recovery curve needs at least {FEWEST_SPHERES} spheres, there are {len(points)}", _WHERE,
                         "Give the positions of spheres that were not found, or scan the phantom again")
    for point in points:
        positive(point.volumeML, "volume of the sphere (mL)", point.name)
        if not (math.isfinite(point.recovery) and _SMALLEST <= point.recovery <= _LARGEST):
            raise InputError(f"The recovery is {point.recovery:.4g}, which no sphere has", point.name,
                             "Check concentrations, their times, and the position of the sphere")
    common = notNegative(commonRelative, "common relative uncertainty", _WHERE)
    volumes = np.array([point.volumeML for point in points])
    if np.unique(volumes).size < 2:
        raise InputError("All spheres have the same volume", _WHERE, "A curve needs spheres of several sizes")
    measured = np.array([point.recovery for point in points])
    found = fitWithScatter(lambda values: _shape(values, volumes), lambda values: _jacobian(values, volumes),
                           _start(volumes, measured), measured, [point.uncertainty for point in points], common, _WHERE,
                           "Check the recoveries: they have to rise with the volume")
    exponent, halfVolume = float(found.values[0]), float(np.exp(found.values[1]))
    if not exponent > 0:
        raise CalculationError("The recovery falls with the volume of the spheres", _WHERE,
                               "Check that names, diameters and positions of the spheres belong together")
    scale = np.array([1.0, halfVolume])  # d b2 = b2 d ln b2
    covariance = found.covariance * np.outer(scale, scale)
    fitted = FittedRecovery(exponent, halfVolume, tuple(tuple(float(value) for value in row) for row in covariance),
                            found.scatter)
    return RecoveryCurve(fitted, float(volumes.min()), float(volumes.max()), points,
                         tuple(float(value) for value in found.residuals), found.chiSquare, found.degreesOfFreedom,
                         found.words)


def _shape(values, volumes):
    """R in (b1, ln b2), where the curve is a logistic function of ln V."""
    return 1.0 / (1.0 + np.exp(-values[0] * (np.log(volumes) - values[1])))


def _jacobian(values, volumes):
    shape = _shape(values, volumes)
    slope = shape * (1.0 - shape)
    return np.column_stack([slope * (np.log(volumes) - values[1]), -slope * values[0]])


def _start(volumes, measured):
    """(b1, ln b2) of the straight line through the logits."""
    inside = np.clip(measured, 0.05, 0.97)
    slope, offset = np.polyfit(np.log(volumes), np.log(inside / (1.0 - inside)), 1)
    slope = max(float(slope), 0.2)
    return np.array([slope, float(np.clip(-offset / slope, -10.0, 10.0))])

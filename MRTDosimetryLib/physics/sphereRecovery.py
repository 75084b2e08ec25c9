"""Which curve describes the recovery of a sphere phantom: the logistic function of ln V, or the camera's point spread.

Both have two parameters, so that the smaller sum of squared residuals is also the smaller Akaike criterion.
"""

from dataclasses import dataclass

from ..errors import CalculationError, InputError
from .pointSpread import PointSpreadFit, fitPointSpread, pointSpreadFromDict
from .recoveryFit import RecoveryCurve, curveFromDict, fitRecovery

LOGISTIC, POINT_SPREAD, BEST = "logistic", "pointSpread", "best"
CURVES = (BEST, LOGISTIC, POINT_SPREAD)
_WHERE = "recovery curve"


@dataclass(frozen=True)
class SphereRecovery:
    """Both curves of a sphere phantom.

    Attributes
    ----------
    logistic : RecoveryCurve
    pointSpread : PointSpreadFit or None
        ``None`` where none describes the spheres, or none was fitted.
    chosen : str
        ``"logistic"`` or ``"pointSpread"``.
    reason : str
        In words.
    """

    logistic: RecoveryCurve
    pointSpread: PointSpreadFit | None
    chosen: str
    reason: str = ""

    @property
    def points(self):
        return self.logistic.points

    @property
    def minimumVolumeML(self):
        return self.logistic.minimumVolumeML

    @property
    def maximumVolumeML(self):
        return self.logistic.maximumVolumeML

    @property
    def residuals(self):
        """Measured less fitted recovery of each sphere, by the chosen curve."""
        return self.pointSpread.residuals if self.chosen == POINT_SPREAD else self.logistic.residuals

    def value(self, volumesML):
        """Recovery of a sphere by the chosen curve."""
        return self.forRegions().value(volumesML)

    def forRegions(self):
        """The :class:`.Recovery` by which regions of patients are divided.

        The point spread holds for all volumes; of the logistic function see :meth:`.RecoveryCurve.forRegions`.
        """
        return self.pointSpread.recovery if self.chosen == POINT_SPREAD else self.logistic.forRegions()

    def isExtrapolated(self, volumeML):
        """Whether a volume lies above those of the spheres, where a fitted function alone knows nothing."""
        return volumeML > self.maximumVolumeML

    def words(self):
        """The chosen curve as a user reads it."""
        if self.chosen == POINT_SPREAD:
            found = self.pointSpread.recovery
            return (f"of a sphere blurred by a Gaussian of {found.fwhmMM:.4g} mm, resolution put back in part "
                    f"({found.enhancement:.3g})")
        found = self.logistic.fitted
        return f"R(V) = 1/(1 + ({found.b2ML:.4g} mL / V)^{found.b1:.4g})"

    def toDict(self):
        """Ready for JSON; read back by :func:`fromDict`."""
        return {**self.logistic.toDict(), "curve": self.chosen, "curveReason": self.reason,
                "pointSpread": None if self.pointSpread is None else self.pointSpread.toDict()}


def fromDict(content):
    """The curves of :meth:`SphereRecovery.toDict`; a content without a point spread is a logistic curve.

    Raises
    ------
    InputError
        When something is missing or can be no recovery curve.
    """
    logistic = curveFromDict(content)
    spread = content.get("pointSpread")
    chosen = content.get("curve", LOGISTIC)
    if chosen not in (LOGISTIC, POINT_SPREAD) or (chosen == POINT_SPREAD and spread is None):
        raise InputError("The recovery curve does not say which function it is", _WHERE, "Calibrate again")
    return SphereRecovery(logistic, None if spread is None else pointSpreadFromDict(spread), chosen,
                          str(content.get("curveReason") or ""))


def fitSpheres(points, samples, voxelSizeMM, commonRelative=0.0, curve=BEST):
    """Fit both curves to measured recoveries and choose one.

    Parameters
    ----------
    points : sequence of RecoveryPoint
    samples : sequence of sequence of SphereSample
        See :func:`.fitPointSpread`.
    voxelSizeMM : sequence of float
    commonRelative : float
        Relative standard uncertainty that all recoveries share.
    curve : {"best", "logistic", "pointSpread"}

    Returns
    -------
    SphereRecovery

    Raises
    ------
    InputError, CalculationError
        As of :func:`.fitRecovery`; of :func:`.fitPointSpread` where the point spread is asked for.
    """
    if curve not in CURVES:
        raise InputError(f"{curve!r} is no recovery curve", _WHERE, f"Use {', '.join(CURVES)}")
    logistic = fitRecovery(points, commonRelative)
    try:
        spread = fitPointSpread(points, samples, voxelSizeMM, commonRelative)
    except CalculationError as error:
        if curve == POINT_SPREAD:
            raise
        return SphereRecovery(logistic, None, LOGISTIC, error.what)
    if curve != BEST:
        return SphereRecovery(logistic, spread, curve, "as stated")
    sums = {name: sum(value ** 2 for value in found.residuals)
            for name, found in ((LOGISTIC, logistic), (POINT_SPREAD, spread))}
    chosen = min(sums, key=sums.get)
    count = len(logistic.points)
    deviations = {name: (value / count) ** 0.5 for name, value in sums.items()}
    return SphereRecovery(logistic, spread, chosen,
                          f"root-mean-square deviation of the spheres {deviations[POINT_SPREAD]:.2g} from the point "
                          f"spread, {deviations[LOGISTIC]:.2g} from the logistic function")

"""Steps 7 to 9 and the whole chain by first-order propagation, with its covariances.

Source: Gear et al., EJNMMI 2018;45:2456-2474, time-integrated activity, S value and absorbed dose.
"""

import math
from dataclasses import asdict, dataclass

import numpy as np

from ...errors import Faults, InputError
from ..partialVolume import recoveryOfSphere
from . import activity as activitySteps
from . import volume as volumeSteps
from .recovery import Recovery, relativeRecoveryUncertainty, requireCovariance


@dataclass(frozen=True)
class MassScaling:
    """S = c1 m^-c2: how the absorbed dose per decay follows the mass.

    Attributes
    ----------
    exponent : float
        c2; 1 for local deposition.
    covariance : tuple
        2 x 2 of (ln c1, c2) of the fit of S values against mass; zeros where S is no fit.
    massG : float or None
        Mass in the unit in which c1 was fitted; needed with a covariance only.
    """

    exponent: float = 1.0
    covariance: tuple = ((0.0, 0.0), (0.0, 0.0))
    massG: float | None = None

    def __post_init__(self):
        volumeSteps.positive(self.exponent, "exponent of the mass", "S value")
        requireCovariance(self.covariance, "S value")
        if np.any(np.asarray(self.covariance) != 0):
            if self.massG is None:
                raise InputError("The covariance of the S value's fit needs the mass", "S value", "Give the mass")
            volumeSteps.positive(self.massG, "mass", "S value")

    def relativeFitUncertainty(self):
        """Part of u(S)/S that comes from c1 and c2: d ln S = d ln c1 - ln m dc2."""
        if self.massG is None:
            return 0.0
        gradient = np.array([1.0, -math.log(self.massG)])
        return math.sqrt(max(float(gradient @ np.asarray(self.covariance, float) @ gradient), 0.0))


@dataclass(frozen=True)
class ChainInputs:
    """All that the chain starts from; ``None`` says that something is not known, which is not the same as 0.

    Attributes
    ----------
    volumeML : float
    voxelSizeMM : float or sequence of float
        Of the image that was outlined.
    imageFWHMMM : float or None
        Resolution of the activity images.
    outlineFWHMMM : float or None
        Resolution of the image that was outlined; ``None``: that of the activity images.
    operatorDiameterMM : float
        Further standard uncertainty of the diameter; 0 where none is stated.
    recovery : Recovery or None
        ``None``: the activities are not corrected (R = 1, without uncertainty).
    calibrationRelative : float or None
        u(Q)/Q.
    fitRelative : float or None
        Random part of the time-integrated activity, from the covariance of the fit.
    massScaling : MassScaling
    """

    volumeML: float
    voxelSizeMM: float | tuple
    imageFWHMMM: float | None = None
    outlineFWHMMM: float | None = None
    operatorDiameterMM: float = 0.0
    recovery: Recovery | None = None
    calibrationRelative: float | None = None
    fitRelative: float | None = None
    massScaling: MassScaling = MassScaling()

    def __post_init__(self):
        faults = Faults()
        with faults.collect():
            volumeSteps.positive(self.volumeML, "volume")
        for value, what in ((self.imageFWHMMM, "resolution"), (self.outlineFWHMMM, "resolution of the outline"),
                            (self.operatorDiameterMM, "operator's uncertainty of the diameter"),
                            (self.calibrationRelative, "relative uncertainty of the calibration"),
                            (self.fitRelative, "relative uncertainty of the fit")):
            if value is not None:
                with faults.collect():
                    volumeSteps.notNegative(value, what, "uncertainty")
        faults.raiseIfAny()

    @property
    def isVolumeKnown(self):
        """Whether volume and resolution can be taken into account."""
        return self.imageFWHMMM is not None


@dataclass(frozen=True)
class ChainSteps:
    """Every intermediate result of the chain, relative unless its name has a unit; ``None``: not known.

    The exponents are logarithmic slopes with respect to the volume: ``countRateExponent`` phi/(2 R),
    ``recoveryExponent`` (V/R) dR/dV, ``activityExponent`` kappa, their difference. What depends on something that is
    not stated holds the stated parts alone.
    """

    diameterMM: float
    diameterUncertaintyMM: float | None
    volume: float | None
    mass: float | None
    recoveryCoefficient: float
    recoverySlopePerML: float
    recovery: float | None
    recoveryFit: float
    boundaryFactor: float | None
    countRateExponent: float | None
    recoveryExponent: float
    countRate: float | None
    recoveryCountRateCovariance: float | None
    calibration: float | None
    activity: float
    fit: float | None
    timeIntegratedActivity: float
    activityExponent: float | None
    sValue: float
    activitySValueCovariance: float | None
    absorbedDose: float

    def toDict(self):
        return asdict(self)


def relativeTimeIntegratedActivityUncertainty(fit, activity):
    """u(A~)/A~: random part of the fit and common part of the activity, which all time points share."""
    return math.hypot(fit, activity)


def relativeSValueUncertainty(massScaling, relativeMass):
    """u(S)/S = c2 u(m)/m, and the fit of c1 and c2 where S values were fitted."""
    return math.hypot(massScaling.exponent * relativeMass, massScaling.relativeFitUncertainty())


def activitySValueCovariance(massExponent, activityExponent, relativeVolume):
    """u(A~,S)/(A~ S) = -c2 kappa (u(V)/V)^2: a larger outline holds more activity and more mass."""
    return -massExponent * activityExponent * relativeVolume ** 2


def relativeAbsorbedDoseUncertainty(timeIntegratedActivity, sValue, covariance):
    """u(D)/D of D = A~ S: u^2 = u_A~^2 + u_S^2 + 2 u(A~,S)/(A~ S), all relative."""
    variance = timeIntegratedActivity ** 2 + sValue ** 2 + 2.0 * covariance
    return math.sqrt(max(variance, 0.0))


def countRateExponentOf(inputs):
    """phi/(2 R) with the recovery that is applied, else with that of the image itself; or what the recovery of a region
    knows of the image about it."""
    if inputs.recovery is not None and inputs.recovery.countRateExponent is not None:
        return inputs.recovery.countRateExponent
    applied = None if inputs.recovery is None else float(inputs.recovery.value(inputs.volumeML))
    return activitySteps.countRateExponent(inputs.volumeML, inputs.imageFWHMMM, applied)


def _boundaryFactor(inputs, applied, exponent):
    """Twice the height of the image at the edge of the region."""
    if inputs.recovery is not None and inputs.recovery.countRateExponent is not None:
        return 2.0 * applied * exponent
    return activitySteps.boundaryFactor(inputs.volumeML, inputs.imageFWHMMM)


def imageRecovery(inputs):
    """Recovery of a sphere of the region's volume in the image itself."""
    return recoveryOfSphere(inputs.volumeML, inputs.imageFWHMMM)


def relativeVolumeOf(inputs):
    """u(d) in mm and u(V)/V of the outline: 3 u(d)/d of a sphere, or S/V u(d)/2 by the surface S where the shape of the
    region is known, which of a sphere is the same."""
    outline = inputs.imageFWHMMM if inputs.outlineFWHMMM is None else inputs.outlineFWHMMM
    spread = volumeSteps.diameterUncertaintyMM(inputs.voxelSizeMM, outline, inputs.operatorDiameterMM)
    perMM = None if inputs.recovery is None else inputs.recovery.relativeVolumePerMM
    if perMM is not None:
        return spread, perMM * spread / 2.0
    return spread, volumeSteps.relativeVolumeUncertainty(volumeSteps.equivalentDiameterMM(inputs.volumeML), spread)


def propagate(inputs):
    """The whole chain by first-order propagation.

    Parameters
    ----------
    inputs : ChainInputs

    Returns
    -------
    ChainSteps
    """
    volumeML, recovery = inputs.volumeML, inputs.recovery
    known = inputs.isVolumeKnown
    spread, volume = relativeVolumeOf(inputs) if known else (None, None)
    v = volume or 0.0
    applied = 1.0 if recovery is None else float(recovery.value(volumeML))
    slope = 0.0 if recovery is None else float(recovery.slopePerML(volumeML))
    recoveryFit = 0.0 if recovery is None else recovery.relativeFitUncertainty(volumeML)
    relativeRecovery = 0.0 if recovery is None else relativeRecoveryUncertainty(recovery, volumeML, v)
    recoveryExponent = slope * volumeML / applied
    exponent = countRateExponentOf(inputs) if known else 0.0
    countRate = activitySteps.relativeCountRateUncertainty(exponent, v)
    shared = activitySteps.recoveryCountRateCovariance(exponent, recoveryExponent, v)
    activity = activitySteps.relativeActivityUncertainty(inputs.calibrationRelative or 0.0, relativeRecovery,
                                                         countRate, shared)
    timeIntegrated = relativeTimeIntegratedActivityUncertainty(inputs.fitRelative or 0.0, activity)
    mass = volumeSteps.relativeMassUncertainty(v)
    sValue = relativeSValueUncertainty(inputs.massScaling, mass)
    kappa = exponent - recoveryExponent
    sharedDose = activitySValueCovariance(inputs.massScaling.exponent, kappa, v)
    return ChainSteps(
        diameterMM=volumeSteps.equivalentDiameterMM(volumeML), diameterUncertaintyMM=spread, volume=volume,
        mass=mass if known else None, recoveryCoefficient=applied, recoverySlopePerML=slope,
        recovery=relativeRecovery if known or recovery is None else None, recoveryFit=recoveryFit,
        boundaryFactor=_boundaryFactor(inputs, applied, exponent) if known else None,
        countRateExponent=exponent if known else None, recoveryExponent=recoveryExponent,
        countRate=countRate if known else None, recoveryCountRateCovariance=shared if known else None,
        calibration=inputs.calibrationRelative, activity=activity, fit=inputs.fitRelative,
        timeIntegratedActivity=timeIntegrated, activityExponent=kappa if known else None, sValue=sValue,
        activitySValueCovariance=sharedDose if known else None,
        absorbedDose=relativeAbsorbedDoseUncertainty(timeIntegrated, sValue, sharedDose))

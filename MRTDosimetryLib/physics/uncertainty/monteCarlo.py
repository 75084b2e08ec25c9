"""The chain by Monte Carlo: for outlines too uncertain for first-order propagation.

Follows the propagation of distributions of JCGM 101:2008 (GUM Supplement 1) through the model of Gear et al. 2018.
"""

import math
from dataclasses import dataclass

import numpy as np

from .activity import outlinedCountRate
from .chain import imageRecovery, relativeVolumeOf
from .samples import correlatedNormal, logNormal

SAMPLES = 100_000
SEED = 20180914


@dataclass(frozen=True)
class MonteCarloResult:
    """Outcome of the propagation of distributions.

    Attributes
    ----------
    absorbedDose, timeIntegratedActivity : float
        Relative standard uncertainties: standard deviation over mean of the samples.
    meanRatio : float
        Mean absorbed dose of the samples over the reported one.
    interval95 : (float, float)
        2.5 % and 97.5 % quantiles of the true absorbed dose over the reported one. The samples are what would be
        reported of one and the same object by outlines of several volumes, so the true value is as far from the
        reported one as the reciprocal of a sample: where the distribution is skewed, that is not the same interval.
    stepVariances : dict of str to float
        Variances and (signed) covariance terms of the logarithms by step; their sum is the variance of ln D but for
        the scatter between independent samples.
    originVariances : dict of str to float
        Variances of the logarithms by origin.
    samples : int
    """

    absorbedDose: float
    timeIntegratedActivity: float
    meanRatio: float
    interval95: tuple
    stepVariances: dict
    originVariances: dict
    samples: int


def propagateDistributions(inputs, samples=SAMPLES, seed=SEED):
    """The whole chain by Monte Carlo.

    Volume, recovery parameters, calibration, random part of the time-integrated activity and c1 are log-normal with
    the reported value as the median and the stated relative standard uncertainty, so that none can become negative;
    c2 is normal. The count rate follows the outline as in a blurred uniform sphere in a cold surrounding; with a
    fitted recovery its logarithm is scaled so that its slope is phi/(2 R) with the fitted R, as in the analytic
    chain. What is not stated has no spread.

    Parameters
    ----------
    inputs : ChainInputs
    samples : int
    seed : int
        The same inputs give the same digits.

    Returns
    -------
    MonteCarloResult
    """
    random = np.random.default_rng(seed)
    zero = np.zeros(1)
    fit = logNormal(random, inputs.fitRelative or 0.0, samples)
    calibration = logNormal(random, inputs.calibrationRelative or 0.0, samples)
    relativeVolume = relativeVolumeOf(inputs)[1] if inputs.isVolumeKnown else 0.0
    volume = logNormal(random, relativeVolume, samples)
    countRate = _countRate(inputs, volume) if relativeVolume else zero
    recovery, recoveryAtMean = _recovery(inputs, volume, random, samples)
    sValue, sValueFit = _sValue(inputs.massScaling, volume, random, samples)
    activity = countRate - recovery
    timeIntegrated = fit + calibration + activity
    logDose = timeIntegrated + sValue
    dose = np.exp(logDose)
    high, low = 1.0 / np.quantile(dose, (0.025, 0.975))
    return MonteCarloResult(
        absorbedDose=_relativeDeviation(dose), timeIntegratedActivity=_relativeDeviation(np.exp(timeIntegrated)),
        meanRatio=float(dose.mean()), interval95=(float(low), float(high)),
        stepVariances={
            "curveFit": float(np.var(fit)), "calibration": float(np.var(calibration)),
            "recovery": float(np.var(recovery)), "countRate": float(np.var(countRate)),
            "recoveryCountRate": -2.0 * _covariance(recovery, countRate), "sValue": float(np.var(sValue)),
            "activitySValue": 2.0 * _covariance(activity, sValue)},
        originVariances={
            "volume": float(np.var(countRate - recoveryAtMean + (sValue - sValueFit))),
            "calibration": float(np.var(calibration)), "curveFit": float(np.var(fit)),
            "recoveryFit": float(np.var(recovery - recoveryAtMean)), "sValueFit": float(np.var(sValueFit))},
        samples=samples)


def _countRate(inputs, logVolume):
    recovery = inputs.recovery
    seen = None if recovery is None else recovery.logCountRate(logVolume)
    if seen is not None:
        return seen
    volumes = inputs.volumeML * np.exp(logVolume)
    curve = np.log(outlinedCountRate(volumes, inputs.volumeML, inputs.imageFWHMMM))
    if recovery is None:
        return curve
    return curve * (imageRecovery(inputs) / float(recovery.value(inputs.volumeML)))


def _recovery(inputs, logVolume, random, samples):
    """ln of the recovery coefficient over the reported one, and the part of it that only the volume makes."""
    recovery = inputs.recovery
    if recovery is None:
        return np.zeros(1), np.zeros(1)
    volumes = inputs.volumeML * np.exp(logVolume)
    reported = math.log(recovery.value(inputs.volumeML))
    sampled = np.log(recovery.sampled(volumes, inputs.volumeML, random, samples))
    return sampled - reported, np.log(recovery.value(volumes)) - reported


def _sValue(scaling, logVolume, random, samples):
    """ln of the S value over the reported one, and the part of it that the fit of c1 and c2 makes."""
    covariance = np.asarray(scaling.covariance, float)
    fromFit = np.zeros(1)
    if np.any(covariance != 0):
        logFirst, second = correlatedNormal(np.sqrt(np.diag(covariance)), covariance, random, samples)
        fromFit = logFirst - second * (math.log(scaling.massG) + logVolume)
    return fromFit - scaling.exponent * logVolume, fromFit


def _covariance(first, second):
    return float(np.mean((first - first.mean()) * (second - second.mean())))


def _relativeDeviation(values):
    return float(values.std() / values.mean())

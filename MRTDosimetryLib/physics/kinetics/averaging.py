"""Akaike weights, and the time-integrated activity averaged over models with the spread between them.

Burnham KP, Anderson DR. Model Selection and Multimodel Inference, 2nd ed., Springer 2002, sections 2.9 and 6.12.
"""

import dataclasses
import math

import numpy as np

from .exponentialModel import evaluateExponentials
from .intervals import mixtureBand95, mixtureInterval95

# Models further from the best have essentially no support (Burnham and Anderson 2002, section 2.6).
LARGEST_DIFFERENCE = 10.0


def akaikeWeights(criteria):
    """exp(-D/2) of each, divided by their sum; D = difference to the least.

    Parameters
    ----------
    criteria : sequence of float
        AICc or AIC.

    Returns
    -------
    list of float
    """
    least = min(criteria)
    shares = [math.exp(-(value - least) / 2.0) for value in criteria]
    return [share / math.fsum(shares) for share in shares]


def average(results, curve, best=None, criteria=None, name="AICc"):
    """One result from several fits of a curve, weighted by an Akaike criterion.

    The curve reported is the weighted sum of the curves, and its area is the weighted mean of their areas, so that
    curve, time-integrated activity, extrapolated parts and the course of the absorbed dose rate belong together.
    The variance is the unconditional one, sum of w_i (u_i^2 + (A_i - A)^2). Parameters and covariance are those of the
    best model, as a parameter has no meaning across models. Models more than 10 from the least criterion are left out,
    unless it is the best one.

    Parameters
    ----------
    results : list of FitResult
        With ``aicc`` and ``absorbedDoseRateShape``.
    curve : TimeActivityCurve
    best : FitResult, optional
        The model reported, one of ``results``; that of the least AICc by default.
    criteria : list of float, optional
        One for each of ``results``, called ``name``; their AICc by default.

    Returns
    -------
    FitResult
        The best one as it is when no other has support.
    weights : list of float
        Akaike weight of each of ``results``; zero where left out.
    """
    criteria = [result.aicc for result in results] if criteria is None else criteria
    best = min(results, key=lambda result: result.aicc) if best is None else best
    least = min(criteria)
    places = [place for place, result in enumerate(results)
              if criteria[place] - least <= LARGEST_DIFFERENCE or result is best]
    kept, keptWeights = [results[place] for place in places], akaikeWeights([criteria[place] for place in places])
    weights = [keptWeights[places.index(place)] if place in places else 0.0 for place in range(len(results))]
    if len(kept) == 1:
        return best, weights
    areas = np.array([result.timeIntegratedActivityMBqH for result in kept])
    shares = np.array(keptWeights)
    mean = float(shares @ areas)
    uncertainties = [result.timeIntegratedActivityUncertaintyMBqH for result in kept]
    between = float(shares @ (areas - mean) ** 2)
    within = total = interval = None
    if all(value is not None and value > 0 for value in uncertainties):
        within = float(shares @ np.square(uncertainties))
        total = math.sqrt(within + between)
        interval = mixtureInterval95([
            (weight, result.timeIntegratedActivityMBqH, result.timeIntegratedActivityUncertaintyMBqH,
             result.degreesOfFreedom if result.covarianceKind == "scaled" else None)
            for weight, result in zip(keptWeights, kept, strict=True)])
    shape = [(weight * value, rate) for weight, result in zip(keptWeights, kept, strict=True)
             for value, rate in result.absorbedDoseRateShape]
    words = ", ".join(f"{result.title} {weight:.0%}" for result, weight in zip(kept, keptWeights, strict=True))
    record = {"models": [result.model for result in kept], "weights": keptWeights, "criterion": name,
              "withinUncertaintyMBqH": None if within is None else math.sqrt(within),
              "betweenUncertaintyMBqH": math.sqrt(between)}
    return dataclasses.replace(
        best, timeIntegratedActivityMBqH=mean, timeIntegratedActivityUncertaintyMBqH=total,
        timeIntegratedActivityInterval95MBqH=interval, absorbedDoseRateShape=shape,
        evaluate=lambda timesHours: evaluateExponentials(shape, timesHours),
        **_curveSpread(kept, keptWeights),
        residualsMBq=(curve.activitiesMBq - evaluateExponentials(shape, curve.timesHours)).tolist(),
        extrapolatedBeforeFraction=_share(kept, shares * areas / mean, "extrapolatedBeforeFraction"),
        extrapolatedAfterFraction=_share(kept, shares * areas / mean, "extrapolatedAfterFraction"),
        modelAverage=record,
        assumptions=[*best.assumptions, f"Time-integrated activity, its uncertainty and the curve are averaged over "
                     f"models by their Akaike weights, {name} ({words}); parameters and half-life are those of the "
                     f"chosen one, {best.title}."]), weights


def _curveSpread(results, weights):
    """Unconditional standard error and 95 % band of the weighted sum of curves."""
    reasons = [result.activityBandReason for result in results if result.standardErrors is None]
    if reasons:
        return {"standardErrors": None, "band": None, "bandReason": reasons[0]}
    shares = np.array(weights)

    def curves(timesHours):
        return (np.stack([result.activityMBq(timesHours) for result in results]),
                np.stack([result.activityStandardErrorMBq(timesHours) for result in results]))

    def standardErrors(timesHours):
        values, errors = curves(timesHours)
        return np.sqrt(np.tensordot(shares, errors ** 2 + (values - np.tensordot(shares, values, 1)) ** 2, 1))

    def band(timesHours):
        return mixtureBand95(weights, *curves(timesHours), [
            result.degreesOfFreedom if result.covarianceKind == "scaled" else None for result in results])

    return {"standardErrors": standardErrors, "band": band, "bandReason": ""}


def _share(results, shares, name):
    return float(sum(share * getattr(result, name) for share, result in zip(shares, results, strict=True)))

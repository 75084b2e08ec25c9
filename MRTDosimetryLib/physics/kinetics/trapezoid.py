"""Linear between the points, a stated start before the first and an exponential tail after the last."""

import math

import numpy as np

from ...errors import InputError
from ..decay import LN2
from .intervals import interval95
from .registry import FitModel, registerModel
from .result import FitResult, Parameter

NAME, TITLE = "trapezoid", "Trapezoid"
STARTS = {"zero-linear": "Before the first point: linear rise from zero at administration.",
          "constant": "Before the first point: the activity of the first point.",
          "extrapolated": "Before the first point: the exponential through the first two points."}
TAILS = {"physical": "After the last point: physical decay alone.",
         "effective": "After the last point: the exponential through the last two points, never slower than "
                      "physical decay."}
START_SAMPLES = 33


def fitTrapezoid(curve, decayConstantPerHour, options=None):
    """Area under straight lines between the points, with a stated start and tail.

    Parameters
    ----------
    curve : TimeActivityCurve
        At least two points.
    decayConstantPerHour : float
        Physical decay constant.
    options : dict, optional
        ``start``: ``"zero-linear"``, ``"constant"`` (default) or ``"extrapolated"``; ``tail``: ``"physical"`` or
        ``"effective"`` (default).

    Returns
    -------
    FitResult
        Parameter ``tailRate`` (1/h). With given uncertainties the covariance holds the activities at the points
        (taken as independent), propagated through area and tail; without them there is no uncertainty.

    Raises
    ------
    InputError
        Unknown option, or a start that the data do not allow.
    """
    options = options or {}
    start, tail = options.get("start", "constant"), options.get("tail", "effective")
    for value, known, key in ((start, STARTS, "start"), (tail, TAILS, "tail")):
        if value not in known:
            raise InputError(f"'{value}' is no {key} of the trapezoid", f"kinetics {key}",
                             f"Known are {', '.join(known)}")
    times, activities, sigmas = curve.timesHours, curve.activitiesMBq, curve.uncertaintiesMBq
    warnings = []
    startArea, startGradient, startRate = _startArea(curve, start)
    tailArea, tailGradient, tailRate, words = _tailArea(curve, tail, decayConstantPerHour)
    warnings += words
    between = np.zeros(curve.size)
    halfSteps = np.diff(times) / 2.0
    between[:-1] += halfSteps
    between[1:] += halfSteps
    middleArea = float(between @ activities)
    area = startArea + middleArea + tailArea
    uncertainty, covariance, kind = None, None, "none"
    tailParameterError = None
    if sigmas is None:
        warnings.append("The uncertainty is not computed: the trapezoid has none without uncertainties of the "
                        "activities.")
    else:
        gradient = startGradient + between + tailGradient
        uncertainty = float(np.linalg.norm(gradient * sigmas))
        if tail == "effective" and tailRate is not None and tailRate > decayConstantPerHour:
            step = times[-1] - times[-2]
            tailParameterError = math.hypot(*(sigmas[-2:] / activities[-2:])) / step
            covariance, kind = [[tailParameterError ** 2]], "absolute"
        else:
            kind = "absolute"
    parameters, names = {}, []
    if tailRate is not None:
        parameters["tailRate"] = Parameter(float(tailRate), tailParameterError, "1/h")
        names = ["tailRate"]
    shape = _piecewise(curve, start, startRate, tailRate)
    return FitResult(
        model=NAME, title=TITLE, parameters=parameters, parameterNames=names, covariance=covariance,
        timeIntegratedActivityMBqH=float(area), timeIntegratedActivityUncertaintyMBqH=uncertainty,
        timeIntegratedActivityInterval95MBqH=interval95(float(area), uncertainty),
        effectiveHalfLifeHours=None if tailRate is None else float(LN2 / tailRate), aicc=None, chiSquare=None,
        degreesOfFreedom=0, covarianceKind=kind, weighting="none: the lines go through the points",
        coefficientOfVariation=None, activityUncertaintiesMBq=None if sigmas is None else sigmas.tolist(),
        extrapolatedBeforeFraction=float(startArea / area), extrapolatedAfterFraction=float(tailArea / area),
        residualsMBq=[0.0] * curve.size, piecewiseShape=shape,
        evaluate=lambda timesHours: _evaluate(timesHours, curve, start, startRate, tailRate),
        standardErrors=None if sigmas is None else lambda timesHours: _curveErrors(
            timesHours, curve, start, startRate, tailRate, decayConstantPerHour),
        bandReason="The uncertainties of the activities are not known." if sigmas is None else "",
        assumptions=["Straight lines between the points.", STARTS[start], TAILS[tail]], warnings=warnings)


def _startArea(curve, start):
    """Area before the first point, its gradient by the activities and the rate of the back-extrapolation."""
    first, activities, times = curve.timesHours[0], curve.activitiesMBq, curve.timesHours
    gradient = np.zeros(curve.size)
    if start != "extrapolated":
        share = 0.5 if start == "zero-linear" else 1.0
        gradient[0] = share * first
        return share * first * activities[0], gradient, None
    if activities[0] <= 0 or activities[1] <= 0:
        raise InputError("An extrapolated start needs the first two activities above zero", "time-activity curve",
                         "Choose the start 'constant' or 'zero-linear'")
    step = times[1] - times[0]
    rate = math.log(activities[0] / activities[1]) / step
    # Area = A1 (exp(r t1) - 1) / r; its limit for r -> 0 is A1 t1.
    x = rate * first
    factor = first * (math.expm1(x) / x if abs(x) > 1e-12 else 1.0)
    slope = (first * math.exp(x) - factor) / rate if abs(x) > 1e-6 else first ** 2 / 2.0  # d factor / d rate
    gradient[0] = factor + slope / step
    gradient[1] = -activities[0] * slope / (step * activities[1])
    return activities[0] * factor, gradient, rate


def _tailArea(curve, tail, physicalRate):
    """Area after the last point, its gradient by the activities, the tail's rate (or ``None``) and warnings."""
    activities, times = curve.activitiesMBq, curve.timesHours
    gradient = np.zeros(curve.size)
    last, before = activities[-1], activities[-2]
    if last == 0:
        return 0.0, gradient, None, ["The activity at the last point is zero: no activity is assumed after it, and "
                                     "the effective half-life is not computed."]
    gradient[-1] = 1.0 / physicalRate
    if tail == "physical":
        return last / physicalRate, gradient, physicalRate, []
    step = times[-1] - times[-2]
    rate = math.log(before / last) / step if before > 0 else -math.inf
    if rate <= physicalRate:
        return last / physicalRate, gradient, physicalRate, [
            "The last two points fall no faster than by physical decay: the tail is physical decay."]
    gradient[-1] = 1.0 / rate + 1.0 / (rate ** 2 * step)
    gradient[-2] = -last / (rate ** 2 * step * before)
    return last / rate, gradient, rate, []


def _piecewise(curve, start, startRate, tailRate):
    """The curve as straight lines from t = 0; an extrapolated start is sampled finely."""
    times, activities, first = curve.timesHours, curve.activitiesMBq, curve.timesHours[0]
    startTimes = np.linspace(0.0, first, START_SAMPLES if start == "extrapolated" else 2)[:-1]
    startValues = _startActivities(startTimes, curve, start, startRate)
    return {"timesHours": [*startTimes.tolist(), *times.tolist()],
            "activitiesMBq": [*startValues.tolist(), *activities.tolist()],
            "tailRatePerHour": None if tailRate is None else float(tailRate)}


def _startActivities(timesHours, curve, start, startRate):
    first, activity = curve.timesHours[0], curve.activitiesMBq[0]
    if start == "zero-linear":
        return activity * timesHours / first
    if start == "constant":
        return np.full_like(timesHours, activity)
    return activity * np.exp(startRate * (first - timesHours))


def _evaluate(timesHours, curve, start, startRate, tailRate):
    times, activities = curve.timesHours, curve.activitiesMBq
    values = np.interp(timesHours, times, activities)
    values = np.where(timesHours < times[0], _startActivities(timesHours, curve, start, startRate), values)
    after = np.maximum(timesHours - times[-1], 0.0)
    tail = np.where(after > 0, 0.0, activities[-1]) if tailRate is None else activities[-1] * np.exp(-tailRate * after)
    return np.where(timesHours > times[-1], tail, values)


def _curveErrors(timesHours, curve, start, startRate, tailRate, physicalRate):
    """Standard error of the curve from those of the activities at its ends, independent of each other."""
    times, activities, sigmas = curve.timesHours, curve.activitiesMBq, curve.uncertaintiesMBq
    index = np.clip(np.searchsorted(times, timesHours, side="right") - 1, 0, times.size - 2)
    share = (timesHours - times[index]) / (times[index + 1] - times[index])
    between = np.hypot((1.0 - share) * sigmas[index], share * sigmas[index + 1])
    if start == "extrapolated":
        steps = np.maximum(times[0] - timesHours, 0.0) / (times[1] - times[0])
        early = _startActivities(timesHours, curve, start, startRate) * np.hypot(
            (1.0 + steps) * sigmas[0] / activities[0], steps * sigmas[1] / activities[1])
    else:
        early = sigmas[0] * (timesHours / times[0] if start == "zero-linear" else np.ones_like(timesHours))
    after = np.maximum(timesHours - times[-1], 0.0)
    # A last activity of zero is one within its uncertainty, which then decays.
    late = sigmas[-1] * np.exp(-(physicalRate if tailRate is None else tailRate) * after)
    if tailRate is not None and tailRate > physicalRate:
        steps = after / (times[-1] - times[-2])
        late = activities[-1] * np.exp(-tailRate * after) * np.hypot((1.0 + steps) * sigmas[-1] / activities[-1],
                                                                     steps * sigmas[-2] / activities[-2])
    return np.where(timesHours < times[0], early, np.where(timesHours > times[-1], late, between))


registerModel(FitModel(NAME, TITLE, fitTrapezoid, minimumPoints=2, optionNames=("start", "tail")))

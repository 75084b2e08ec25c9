"""One and two time points: a population prior, an earlier cycle's half-life, or the parameter-free late point.

Every way names its assumption, carries the spread of the assumed half-life into the uncertainty, and gives
d ln(time-integrated activity) / d t, the sensitivity to the time of each scan.
"""

import dataclasses
import math

import numpy as np

from ...errors import InputError
from ..decay import LN2
from .curve import TimeActivityCurve
from .exponentialModel import evaluateExponentials
from .intervals import bisect
from .populationPrior import priorFromMean, priorOf
from .rateSearch import LARGEST_EXPONENT
from .registry import FitModel, registerModel
from .result import FitResult, Parameter

POPULATION, EARLIER, LATE = "populationHalfLife", "earlierCycleHalfLife", "latePoint"
TITLES = {POPULATION: "Population prior of the effective half-life", EARLIER: "Effective half-life of an earlier cycle",
          LATE: "Late time point without a half-life"}
TIME_STEP_HOURS = 1e-2
# Areas in the far tail of a prior are cut off here, above any quantile asked for.
LARGEST_LOGARITHM = 600.0
QUANTILES = (0.025, 0.158655, 0.5, 0.841345, 0.975)
# Haenscheid et al., J Nucl Med 2018;59:75-81: the form is within 12 % while the scan is 0.75 to 2.5 half-lives late.
LATE_RANGE = (0.75, 2.5)
LATE_FORMS = {"haenscheid2018": 2.0 / LN2, "minimum": math.e}


def fitPopulationHalfLife(curve, decayConstantPerHour, options=None):
    """Posterior of the time-integrated activity for a log-normal prior of the effective half-life.

    One exponential; its activity has a prior uniform in the logarithm. For each half-life T of a quadrature over the
    prior, the points give the activity and a likelihood of T (with one point all T are as likely as before). The
    time-integrated activity is the posterior median (the mean has no use for a wide prior: short half-lives make the
    extrapolation to administration boundless), its uncertainty half the width of the central 68.27 %, the interval
    that of 95 %: not the value at the median half-life.

    Parameters
    ----------
    curve : TimeActivityCurve
        One or two points, above zero.
    decayConstantPerHour : float
        Physical decay constant; the prior is cut off there.
    options : dict
        ``populationHalfLife`` (needed, see :func:`~.populationPrior.priorOf`); ``relativeActivityUncertainty`` (k = 1)
        where the curve has no uncertainties; two points need one of them.

    Returns
    -------
    FitResult
        Parameters ``effectiveHalfLife`` (h, posterior median and SD) and, where it lies within the 95 % interval,
        ``meanTimeIntegratedActivity`` (MBq h).
    """
    prior = priorOf((options or {}).get("populationHalfLife"))
    return _posteriorResult(POPULATION, curve, decayConstantPerHour, prior, options or {}, [
        f"Effective half-life as in the population: {prior}."])


def fitEarlierCycle(curve, decayConstantPerHour, options=None):
    """The same posterior with the patient's own half-life of an earlier cycle as the prior.

    Parameters
    ----------
    options : dict
        ``earlierCycle`` (needed): ``effectiveHalfLifeHours``, ``standardErrorHours``, optionally ``cycle`` (its name)
        and ``relativeChange`` (k = 1, change of the half-life between cycles); ``relativeActivityUncertainty``.
    """
    options = options or {}
    given = options.get("earlierCycle")
    where = "kinetics.earlierCycle"
    if not isinstance(given, dict) or not {"effectiveHalfLifeHours", "standardErrorHours"} <= set(given):
        raise InputError("The half-life of the earlier cycle and its standard error are not given", where,
                         "Give effectiveHalfLifeHours and standardErrorHours")
    unknown = set(given) - {"effectiveHalfLifeHours", "standardErrorHours", "cycle", "relativeChange"}
    if unknown:
        raise InputError(f"Unknown entry {', '.join(sorted(unknown))}", where)
    halfLife, change = given["effectiveHalfLifeHours"], given.get("relativeChange")
    prior = priorFromMean(halfLife, given["standardErrorHours"], f"cycle {given.get('cycle', 'before')}")
    warnings = []
    if change is None:
        warnings.append("The half-life is taken as unchanged since the earlier cycle: the uncertainty holds that of "
                        "the earlier fit only.")
    else:
        changed = _share(change, "change of the half-life", where)
        prior = priorFromMean(halfLife, math.hypot(given["standardErrorHours"], changed * halfLife), prior.source)
    prior = dataclasses.replace(prior, isVerified=True)
    return _posteriorResult(EARLIER, curve, decayConstantPerHour, prior, options, [
        f"Effective half-life of this patient and region as in an earlier cycle: {prior}."], warnings)


def fitLatePoint(curve, decayConstantPerHour, options=None):
    """Late single point without any half-life: A(t) t times a constant.

    2 / ln 2 (Haenscheid et al., J Nucl Med 2018;59:75-81, exact for T = t and T = t/2), or e, the least area that any
    exponential through the point can have (reached at T = t ln 2). The uncertainty is that of the constant for a scan
    at 0.75 to 2.5 half-lives, all ratios in this range being equally likely in their logarithm, and of the activity.

    Parameters
    ----------
    options : dict, optional
        ``lateForm``: ``"haenscheid2018"`` (default) or ``"minimum"``; ``relativeActivityUncertainty``.
    """
    options = options or {}
    form = options.get("lateForm", "haenscheid2018")
    if form not in LATE_FORMS:
        raise InputError(f"'{form}' is no form of the late point", "kinetics lateForm",
                         f"Known are {', '.join(LATE_FORMS)}")
    _requirePositive(curve)
    time, activity = float(curve.timesHours[0]), float(curve.activitiesMBq[0])
    constant = LATE_FORMS[form]
    area = constant * activity * time
    ratios = np.exp(np.linspace(*np.log(LATE_RANGE), 401))
    truths = np.exp(LN2 * ratios) / (LN2 * ratios) * activity * time  # A exp(k t) / k with k t = ln 2 t / T
    halfLives = time / ratios
    sigmas, words = _sigmas(curve, options, isNeeded=False)
    relative = 0.0 if sigmas is None else float(sigmas[0]) / activity
    weights = np.full(ratios.size, 1.0 / ratios.size)
    mean = float(weights @ truths)
    spread = math.sqrt(float(weights @ (truths - area) ** 2) + (relative * mean) ** 2)
    rate = _rateOfArea(activity, time, area, decayConstantPerHour)
    amplitude = area * rate
    warnings = ["The whole time-integrated activity rests on one measurement.", *words]
    if time < LATE_RANGE[0] * LN2 / decayConstantPerHour and time < 60.0:
        warnings.append(f"The scan at {time:g} h is early for this form, which needs 0.75 to 2.5 effective half-lives.")
    return FitResult(
        model=LATE, title=TITLES[LATE],
        parameters={"constant": Parameter(constant, spread / (activity * time), "1")}, parameterNames=["constant"],
        covariance=None, timeIntegratedActivityMBqH=area, timeIntegratedActivityUncertaintyMBqH=spread,
        timeIntegratedActivityInterval95MBqH=_quantiles(weights, truths, relative * truths),
        effectiveHalfLifeHours=None, aicc=None, chiSquare=None, degreesOfFreedom=0, covarianceKind="none",
        weighting="none: one point", coefficientOfVariation=None,
        activityUncertaintiesMBq=None if sigmas is None else sigmas.tolist(),
        extrapolatedBeforeFraction=-math.expm1(-rate * time), extrapolatedAfterFraction=math.exp(-rate * time),
        residualsMBq=[activity - amplitude * math.exp(-rate * time)], absorbedDoseRateShape=[(amplitude, rate)],
        evaluate=lambda timesHours: amplitude * np.exp(-rate * timesHours),
        **_curveSpread(weights, LN2 / halfLives, np.full(weights.size, math.log(activity)),
                       np.full(weights.size, relative), time),
        scanTimeSensitivityPerHour=[1.0 / time], warnings=warnings,
        assumptions=["One exponential from administration to infinity: no uptake phase.",
                     f"The scan is 0.75 to 2.5 effective half-lives after administration, that is the effective "
                     f"half-life is {halfLives[-1]:.3g} to {halfLives[0]:.3g} h; area = {constant:.4g} x A(t) x t."])


def _rateOfArea(activity, time, area, physicalRate):
    """Rate of the exponential through the point that has an area: the slower of two, not slower than physical.

    Where no such rate is allowed, the physical one; the area is kept.
    """
    low, high = physicalRate, 1.0 / time
    if high <= low or activity * math.exp(low * time) / low < area:
        return max(low, min(high, 1.0 / time)) if high <= low else low
    for _step in range(200):
        middle = (low + high) / 2.0
        low, high = (middle, high) if activity * math.exp(middle * time) / middle > area else (low, middle)
    return (low + high) / 2.0


def _posteriorResult(name, curve, physicalRate, prior, options, assumptions, warnings=()):
    _requirePositive(curve)
    _requireReach(min(prior.medianHours, LN2 / physicalRate), curve)
    sigmas, words = _sigmas(curve, options, isNeeded=curve.size > 1)
    relative = None if sigmas is None else sigmas / curve.activitiesMBq
    halfLives, weights, logarithms, shares = _posterior(curve.timesHours, curve.activitiesMBq, relative, prior,
                                                        physicalRate)
    areas, spreads = _areas(halfLives, logarithms, shares, curve.timesHours[0])
    mean = float(weights @ areas)
    low, lower, median, upper, high = (_quantile(weights, areas, spreads, share) for share in QUANTILES)
    medianT = float(np.interp(0.5, np.cumsum(weights) - weights / 2.0, halfLives))
    deviationT = math.sqrt(float(weights @ (halfLives - weights @ halfLives) ** 2))
    rate = LN2 / medianT
    shape = [(median * rate, rate)]
    fitted = evaluateExponentials(shape, curve.timesHours)
    parameters = {"effectiveHalfLife": Parameter(medianT, deviationT, "h")}
    if low <= mean <= high:
        parameters["meanTimeIntegratedActivity"] = Parameter(mean, None, "MBq h")
    kind = "one measurement" if curve.size == 1 else "two measurements"
    return FitResult(
        model=name, title=TITLES[name],
        parameters=parameters, parameterNames=list(parameters), covariance=None,
        timeIntegratedActivityMBqH=median, timeIntegratedActivityUncertaintyMBqH=(upper - lower) / 2.0,
        timeIntegratedActivityInterval95MBqH=[low, high], effectiveHalfLifeHours=medianT, aicc=None, chiSquare=None,
        degreesOfFreedom=0, covarianceKind="none", weighting="posterior over the effective half-life",
        coefficientOfVariation=None, activityUncertaintiesMBq=None if sigmas is None else sigmas.tolist(),
        extrapolatedBeforeFraction=-math.expm1(-rate * curve.timesHours[0]),
        extrapolatedAfterFraction=math.exp(-rate * curve.timesHours[-1]),
        residualsMBq=(curve.activitiesMBq - fitted).tolist(), absorbedDoseRateShape=shape,
        evaluate=lambda timesHours: evaluateExponentials(shape, timesHours),
        **_curveSpread(weights, LN2 / halfLives, logarithms, shares, curve.timesHours[0]),
        scanTimeSensitivityPerHour=_sensitivities(curve, relative, prior, physicalRate),
        assumptions=["One exponential from administration to infinity: no uptake phase.", *assumptions,
                     "The time-integrated activity is the posterior median, its uncertainty half the width of the "
                     "central 68 %; the curve has the median half-life and this area."],
        warnings=[f"The time-integrated activity rests on {kind} and a half-life that is not measured alone.",
                  *words, *warnings])


def _posterior(times, activities, relative, prior, physicalRate):
    """Half-lives and posterior weights; for each, the logarithm and the relative SD of the activity at the first time.

    All (n,).
    """
    halfLives, weights = prior.nodes(physicalRate)
    rates = LN2 / halfLives
    if times.size == 1:
        return (halfLives, weights, np.full(rates.size, math.log(activities[0])),
                np.full(rates.size, 0.0 if relative is None else relative[0]))
    sigmas = relative * activities
    # From the first point on, so that no exponential leaves the range of numbers.
    shapes = np.exp(-rates[:, None] * (times - times[0])) / sigmas
    information = np.sum(shapes ** 2, axis=1)
    amplitudes = shapes @ (activities / sigmas) / information
    chiSquares = np.sum((activities / sigmas - amplitudes[:, None] * shapes) ** 2, axis=1)
    # Integral over the activity with a prior 1 / activity, at its narrow peak.
    weights = weights * np.exp(-0.5 * (chiSquares - chiSquares.min())) / (np.sqrt(information) * amplitudes)
    return halfLives, weights / weights.sum(), np.log(amplitudes), 1.0 / (np.sqrt(information) * amplitudes)


def _areas(halfLives, logarithms, relative, time):
    """Area from 0 to infinity and its standard deviation for each half-life, (n,), from the activities at a time."""
    rates = LN2 / halfLives
    areas = np.exp(np.minimum(logarithms + rates * time - np.log(rates), LARGEST_LOGARITHM))
    return areas, relative * areas


def _quantiles(weights, means, deviations):
    return [_quantile(weights, means, deviations, share) for share in (0.025, 0.975)]


def _quantile(weights, means, deviations, probability):
    """Quantile of a mixture of normal distributions (of points, where a deviation is zero)."""
    if not np.any(deviations > 0):
        order = np.argsort(means)
        return float(np.interp(probability, np.cumsum(weights[order]) - weights[order] / 2.0, means[order]))
    return float(_curveQuantile(weights, np.log(means)[None, :], deviations / means, probability)[0])


def _curveSpread(weights, rates, logarithms, relative, time):
    """Standard error and 95 % band of the curve: quantiles of the activity's distribution at each time."""
    isUsed = weights > 1e-9 * weights.max()
    weights, rates, logarithms, relative = (array[isUsed] for array in (weights, rates, logarithms, relative))

    def quantiles(timesHours, *probabilities):
        places = logarithms - np.multiply.outer(timesHours.ravel() - time, rates)
        return [_curveQuantile(weights, places, relative, probability).reshape(timesHours.shape)
                for probability in probabilities]

    def standardErrors(timesHours):
        lower, upper = quantiles(timesHours, QUANTILES[1], QUANTILES[3])
        return (upper - lower) / 2.0

    return {"standardErrors": standardErrors,
            "band": lambda timesHours: tuple(quantiles(timesHours, QUANTILES[0], QUANTILES[-1]))}


def _curveQuantile(weights, logarithms, relative, probability):
    """:func:`_quantile` of many mixtures, of means exp(logarithms) (T, n) and relative deviations (n,): (T,)."""
    if not np.any(relative > 0):
        means = np.exp(np.minimum(logarithms, LARGEST_LOGARITHM))
        return np.array([_quantile(weights, row, relative, probability) for row in means])
    from scipy.special import ndtr

    def below(places):
        ratios = np.exp(np.minimum(places[:, None] - logarithms, LARGEST_LOGARITHM))
        return ndtr((ratios - 1.0) / relative) @ weights

    # In the logarithm: the activities range over hundreds of orders of magnitude.
    return np.exp(bisect(below, probability, logarithms.min(axis=1) - 30.0,
                         np.minimum((logarithms + np.log1p(9.0 * relative)).max(axis=1), LARGEST_LOGARITHM)))


def _sensitivities(curve, relative, prior, physicalRate):
    """d ln(median area) / d t for each point, by central differences."""
    found = []
    for index in range(curve.size):
        values = []
        for step in (TIME_STEP_HOURS, -TIME_STEP_HOURS):
            times = curve.timesHours.copy()
            times[index] += step
            halfLives, weights, logarithms, shares = _posterior(times, curve.activitiesMBq, relative, prior,
                                                                physicalRate)
            areas, spreads = _areas(halfLives, logarithms, shares, times[0])
            values.append(math.log(_quantile(weights, areas, spreads, 0.5)))
        found.append((values[0] - values[1]) / (2.0 * TIME_STEP_HOURS))
    return found


def _sigmas(curve: TimeActivityCurve, options, isNeeded):
    """Standard uncertainties of the activities (N,) or ``None``, and a warning where they are not known."""
    given = options.get("relativeActivityUncertainty")
    if curve.uncertaintiesMBq is not None:
        return curve.uncertaintiesMBq, []
    if given is not None:
        return _share(given, "uncertainty of the activity", "kinetics relativeActivityUncertainty") \
            * curve.activitiesMBq, []
    if isNeeded:
        raise InputError("Two points and a prior need the uncertainties of the activities to be weighed against each "
                         "other", "time-activity curve",
                         "Give uncertaintyMBq, or the option relativeActivityUncertainty")
    return None, ["The uncertainty is that of the effective half-life alone: that of the activity is not known."]


def _share(value, what, where):
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
        raise InputError(f"The relative {what}, {value!r}, is not a number between 0 and 1", where)
    return float(value)


def _requireReach(halfLifeHours, curve):
    """Refuse a half-life so short that the activity at administration has no meaning."""
    if curve.timesHours[0] * LN2 / halfLifeHours > LARGEST_EXPONENT:
        raise InputError(f"An effective half-life of {halfLifeHours:g} h is far too short for a first scan at "
                         f"{curve.timesHours[0]:g} h", "kinetics", "Check half-life and time, in hours")


def _requirePositive(curve):
    if np.any(curve.activitiesMBq <= 0):
        raise InputError("An activity is zero", "time-activity curve", "Check region and images")


registerModel(FitModel(POPULATION, TITLES[POPULATION], fitPopulationHalfLife, minimumPoints=1, maximumPoints=2,
                       optionNames=("populationHalfLife", "relativeActivityUncertainty")))
registerModel(FitModel(EARLIER, TITLES[EARLIER], fitEarlierCycle, minimumPoints=1, maximumPoints=2,
                       optionNames=("earlierCycle", "relativeActivityUncertainty")))
registerModel(FitModel(LATE, TITLES[LATE], fitLatePoint, minimumPoints=1, maximumPoints=1,
                       optionNames=("lateForm", "relativeActivityUncertainty")))

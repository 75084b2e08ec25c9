"""The door to the fit models: a chosen one, or the automatic choice with its reasons."""

import numpy as np

from ...errors import CalculationError, InputError
from .acceptance import (
    HELD_AT_PHYSICAL,
    doubts,
    nestedLimit,
    noBetter,
    objections,
    remarks,
    startsAtZero,
    surpassed,
    uptakeTime,
)
from .averaging import LARGEST_DIFFERENCE, average
from .curve import risesAgainstDecay
from .intervals import interval95
from .registry import fitModel, fitModels
from .result import EXTRAPOLATION_WARNING
from .weighting import akaike, correctedAkaike

AUTO = "auto"
# In the order of their parameters. Physical decay alone (f1a) is left out: no biological clearance at all is not
# plausible, and the mono-exponential holds it as its bound; AICc at four points would prefer it for its one parameter.
AUTO_MODELS = ("monoExponential", "uptakeWashout", "monoExponentialPlusPhysicalTail", "biExponential", "f4a",
               "uptakeTwoWashouts", "triExponential")
UPTAKE_MODEL, SIMPLEST = "uptakeWashout", "monoExponential"
TAIL_MODEL, TAIL_HOLDER = "monoExponentialPlusPhysicalTail", "biExponential"
# Always fitted where the points allow it; larger models only where they may matter by AICc or likelihood ratio.
ALWAYS_FITTED = ("monoExponential", "uptakeWashout", "monoExponentialPlusPhysicalTail", "biExponential")
# Relative; a model that is not chosen and whose area is less certain stays out of the average.
LARGEST_AREA_UNCERTAINTY = 1.0
# Model -> those of which it is a special case.
HELD_BY = {"monoExponential": AUTO_MODELS[1:], "monoExponentialPlusPhysicalTail": ("biExponential", "triExponential"),
           "biExponential": ("triExponential",), "uptakeWashout": ("f4a", "uptakeTwoWashouts")}


def fit(curve, decayConstantPerHour, model=AUTO, effectiveHalfLifeHours=None, options=None):
    """Time-integrated activity of a curve.

    ``"auto"``: one point takes the given half-life. With more, the sums of exponentials that the number of points
    allows (N > K + 1 for K parameters, as the corrected Akaike criterion needs it) are fitted, those that are not
    acceptable (:func:`~.acceptance.objections`) are set aside, and the others are averaged by their Akaike weights
    (:func:`~.averaging.average`). The model reported is that of the least AICc. Models with a hardly determined phase
    (:func:`~.acceptance.doubts`) are reported only where no other is acceptable.

    With given uncertainties, special cases that a larger acceptable model fits significantly better than are not
    reported (:func:`~.acceptance.surpassed`), and the average is by AIC and over all models that the points do not
    contradict: a phase too faint to be reported still widens the interval. AICc is made for a scatter estimated from
    the same points; with few of them it would leave the mono-exponential alone. The mono-exponential with a physical
    tail is the bi-exponential at its bound, no biological clearance of the retained part; where the bi-exponential is
    acceptable, the tail is reported only if that bound is the best fit, and counts in the average.

    The mono-exponential is tried from two points on, and uptake and washout from four points on where the data show an
    uptake; without an Akaike criterion they stand alone. The trapezoid is used when no exponential model is
    acceptable. All models, also those not tried, are in ``candidates`` with the reason.

    Parameters
    ----------
    curve : TimeActivityCurve
    decayConstantPerHour : float
        Physical decay constant.
    model : str
        ``"auto"`` or a name of :func:`~.registry.fitModels`.
    effectiveHalfLifeHours : float, optional
        For a single time point.
    options : dict, optional
        Options of the models (their ``optionNames``): ``start`` and ``tail`` of the trapezoid,
        ``relativeHalfLifeUncertainty`` of the single time point, ``fixed`` and ``bounds`` of an exponential model,
        those of :mod:`~.fewPoints`. A chosen model takes its own only.

    Returns
    -------
    FitResult

    Raises
    ------
    InputError
        Unknown model or option, too few or too many points, a single point without a half-life.
    CalculationError
        When no model gives a result.
    """
    options = dict(options or {})
    _checkOptions(options, model)
    if not (np.isfinite(decayConstantPerHour) and decayConstantPerHour > 0):
        raise InputError("The physical decay constant has to be above zero", "radionuclide")
    if effectiveHalfLifeHours is not None:
        options["effectiveHalfLifeHours"] = effectiveHalfLifeHours
    if model != AUTO:
        result = _run(model, curve, decayConstantPerHour, options)
        result.candidates = [_candidate(result, True, "chosen by the user")]
    elif curve.size == 1:
        if effectiveHalfLifeHours is None:
            raise InputError("A single time point needs an effective half-life", "kinetics.effectiveHalfLifeHours",
                             "Give it per region, or add time points")
        result = _run("singleTimePoint", curve, decayConstantPerHour, options)
        result.candidates = [_candidate(result, True, "a single time point")]
    else:
        result = _choose(curve, decayConstantPerHour, options)
    if effectiveHalfLifeHours is not None and "effectiveHalfLifeHours" not in fitModel(result.model).optionNames:
        result.warnings.append("The given effective half-life is not used: the curve has more than one point.")
    _flag(result, curve, decayConstantPerHour)
    return result


def _checkOptions(options, model):
    models = fitModels()
    known = {name for entry in models.values() for name in entry.optionNames}
    unknown = [name for name in options if name not in known]
    if unknown:
        raise InputError(f"Unknown fit option {', '.join(map(repr, unknown))}", "kinetics",
                         f"Known are {', '.join(sorted(known))}")
    if model == AUTO:
        foreign = [name for name in ("fixed", "bounds") if options.get(name)]
        if foreign:
            raise InputError(f"The automatic choice takes no {' and '.join(foreign)} parameters", "kinetics",
                             "Choose the model whose parameters they are")
        return
    foreign = [name for name in options if name not in fitModel(model).optionNames and options[name] is not None]
    if foreign:
        raise InputError(f"{models[model].title} takes no option {', '.join(map(repr, foreign))}", "kinetics",
                         f"It knows {', '.join(models[model].optionNames) or 'none'}")


def _run(name, curve, decayConstantPerHour, options):
    model = fitModel(name)
    if curve.size < model.minimumPoints:
        raise InputError(f"{model.title} needs at least {model.minimumPoints} time points, there "
                         f"{'is' if curve.size == 1 else 'are'} {curve.size}", "time-activity curve",
                         "Add time points, or give an effective half-life")
    if model.maximumPoints is not None and curve.size > model.maximumPoints:
        raise InputError(f"{model.title} takes {model.maximumPoints} point{'s' if model.maximumPoints > 1 else ''}, "
                         f"there are {curve.size}", "time-activity curve",
                         "Choose another model, or exclude time points")
    return model.fit(curve, decayConstantPerHour,
                     {key: value for key, value in options.items() if key in model.optionNames})


def _choose(curve, decayConstantPerHour, options):
    """Akaike average of the acceptable models, by the rules of :func:`fit`."""
    accepted, doubtful, rejected, atBound, rows, notTried = [], [], [], [], {}, []
    isGiven = curve.uncertaintiesMBq is not None
    for name in AUTO_MODELS:
        parameters = fitModel(name).parameterCount
        if not _isTried(name, parameters, curve):
            rows[name] = _absent(name, f"not tried: {parameters} parameters need at least {parameters + 2} points, "
                                       f"there are {curve.size}")
            notTried.append(parameters)
            continue
        hopeless = _cannotCompete(name, parameters, curve, accepted)
        if hopeless:
            rows[name] = _absent(name, hopeless)
            continue
        try:
            result = _run(name, curve, decayConstantPerHour, options)
        except (InputError, CalculationError) as error:
            rows[name] = _absent(name, f"not possible: {error.what}")
            continue
        reasons = objections(result, curve, decayConstantPerHour)
        if accepted and accepted[0].model == SIMPLEST:
            reasons += noBetter(result, accepted[0], curve)
        words = doubts(result)
        rows[name] = _candidate(result, False, "; ".join(reasons or words), isAccepted=not (reasons or words))
        (rejected if reasons else doubtful if words else accepted).append(result)
        if isGiven and reasons == [HELD_AT_PHYSICAL]:
            atBound.append(result)
    trapezoid = _run("trapezoid", curve, decayConstantPerHour, options)
    rows["trapezoid"] = _candidate(trapezoid, False, "for curves that no exponential model describes: it has no "
                                                     "likelihood to be compared by")
    averaged = [*accepted, *doubtful, *atBound] if isGiven else None
    if isGiven:
        _withoutHeldTail(accepted, doubtful, rows)
    accepted = _withoutSurpassed(accepted, doubtful, rows, curve)
    if not accepted and doubtful:
        accepted = _withoutSurpassed(doubtful, [], rows, curve)
        for result in accepted:
            result.warnings.append(f"No model with well determined parameters describes the points; {result.title}: "
                                   f"{'; '.join(doubts(result))}.")
            rows[result.model]["isAccepted"] = True
    if not accepted:
        _addDoubt(trapezoid, rejected, curve)
    result = _decide(accepted, accepted if averaged is None else averaged, rows, trapezoid, curve)
    result.candidates = sorted(rows.values(), key=lambda row: not row["isChosen"])
    if notTried:
        result.assumptions.append(f"{curve.size} time points leave no comparison with models of {min(notTried)} and "
                                  "more parameters.")
    return result


def _withoutHeldTail(accepted, doubtful, rows):
    """Take the physical tail out where the larger model that holds it is acceptable and not at that bound."""
    if not any(result.model == TAIL_HOLDER for result in (*accepted, *doubtful)):
        return
    for results in (accepted, doubtful):
        for result in [result for result in results if result.model == TAIL_MODEL]:
            results.remove(result)
            rows[TAIL_MODEL] |= {"isAccepted": False, "reason": f"a special case of the {fitModel(TAIL_HOLDER).title}, "
                                 "whose slowest phase falls faster than by physical decay"}


def _isTried(name, parameters, curve):
    if curve.size > parameters + 1 or name == SIMPLEST:
        return True
    return name == UPTAKE_MODEL and curve.size > parameters and uptakeTime(curve) is not None


def _withoutSurpassed(accepted, doubtful, rows, curve):
    """The accepted models without those that a larger one fits much better than."""
    kept = []
    for result in accepted:
        reasons = [words for larger in (*accepted, *doubtful) if larger.model in HELD_BY.get(result.model, ())
                   for words in surpassed(result, larger, curve)]
        if reasons:
            rows[result.model] |= {"isAccepted": False, "reason": "; ".join(reasons)}
        else:
            kept.append(result)
    return kept


def _cannotCompete(name, parameters, curve, accepted):
    """Why a model needs no fit: even without residuals it could neither outweigh nor surpass one already accepted."""
    for result in accepted:
        more = parameters - fitModel(result.model).parameterCount
        if name in HELD_BY.get(result.model, ()) and result.chiSquare > nestedLimit(more):
            return ""
    if name in ALWAYS_FITTED:
        return ""
    criteria = [result.aicc for result in accepted if result.aicc is not None]
    perfect = correctedAkaike(0.0, True, curve.size, parameters)
    if curve.uncertaintiesMBq is None or perfect is None or not criteria:
        return ""
    if perfect <= min(criteria) + LARGEST_DIFFERENCE:
        return ""
    return (f"not fitted: without any residuals its AICc would be {perfect:.1f}, more than {LARGEST_DIFFERENCE:g} "
            f"above the {min(criteria):.1f} of an acceptable model")


def _addDoubt(trapezoid, rejected, curve):
    """Widen the trapezoid's uncertainty by its distance to the best of the rejected fits.

    Straight lines have an error that the uncertainties of the activities know nothing of. The distance is taken as
    the half-width of a rectangular distribution. With an uptake, only fits that rise from zero say anything.
    """
    if uptakeTime(curve) is not None:
        rejected = [result for result in rejected if startsAtZero(result)]
    if not rejected or trapezoid.timeIntegratedActivityUncertaintyMBqH is None:
        return
    best = min(rejected, key=lambda result: result.chiSquare)
    distance = abs(trapezoid.timeIntegratedActivityMBqH - best.timeIntegratedActivityMBqH)
    total = float(np.hypot(trapezoid.timeIntegratedActivityUncertaintyMBqH, distance / np.sqrt(3.0)))
    trapezoid.timeIntegratedActivityUncertaintyMBqH = total
    trapezoid.timeIntegratedActivityInterval95MBqH = interval95(trapezoid.timeIntegratedActivityMBqH, total)
    errors = trapezoid.standardErrors
    trapezoid.standardErrors = lambda timesHours: np.hypot(
        errors(timesHours), (trapezoid.activityMBq(timesHours) - best.activityMBq(timesHours)) / np.sqrt(3.0))
    trapezoid.assumptions.append(f"The uncertainty holds the distance to the rejected {best.title} fit, as the "
                                 "half-width of a rectangular distribution.")


def _decide(accepted, averaged, rows, trapezoid, curve):
    """The result, with the chosen one and the weights written into the rows."""
    compared = [result for result in accepted if result.aicc is not None]
    if compared:
        averaged = [item for item in averaged if item.aicc is not None
                    and (_hasDeterminedArea(item) or any(item is other for other in compared))]
        isGiven = curve.uncertaintiesMBq is not None
        criteria = [akaike(result.chiSquare, curve.size - result.degreesOfFreedom) if isGiven else result.aicc
                    for result in averaged]
        name = "AIC" if isGiven else "AICc"
        best = min(compared, key=lambda result: result.aicc)
        result, weights = average(averaged, curve, best, criteria, name)
        for item, weight in zip(averaged, weights, strict=True):
            row = rows[item.model]
            row["akaikeWeight"] = weight
            if not any(item is other for other in compared):
                row["reason"] += f"; counts in the average by its {name}" if weight > 0 else ""
                continue
            row["reason"] = "; ".join([
                "acceptable" if weight > 0 else f"acceptable, but without support: {name} more than 10 above the least",
                *remarks(item)])
        reason = ("the curve falls from its first point and the fit is acceptable" if result.model == SIMPLEST
                  else "the fit is acceptable")
        if len(compared) > 1:
            reason += ", least AICc of the acceptable models"
    elif accepted:
        result = accepted[0]
        reason = ("the curve falls from its first point and the fit is acceptable" if result.model == SIMPLEST
                  else "the data show an uptake and the fit is acceptable")
        reason += f"; {curve.size} points are too few for an Akaike criterion"
    else:
        trapezoid.warnings.insert(0, "The trapezoid is used, no exponential model is acceptable: " + ". ".join(
            f"{row['title']}: {row['reason']}" for row in rows.values()
            if row["model"] != "trapezoid" and not row["reason"].startswith("not ")) + ".")
        result, reason = trapezoid, "no exponential model is acceptable"
    row = rows[result.model]
    row["isChosen"], row["reason"] = True, "; ".join([reason, *(remarks(result) if result is not trapezoid else [])])
    return result


def _hasDeterminedArea(result):
    """Whether the linear uncertainty of the area means something: not for an extrapolation without any hold."""
    uncertainty = result.timeIntegratedActivityUncertaintyMBqH
    return uncertainty is None or uncertainty < LARGEST_AREA_UNCERTAINTY * result.timeIntegratedActivityMBqH


def _candidate(result, isChosen, reason, isAccepted=None):
    return {"model": result.model, "title": result.title,
            "timeIntegratedActivityMBqH": result.timeIntegratedActivityMBqH,
            "timeIntegratedActivityUncertaintyMBqH": result.timeIntegratedActivityUncertaintyMBqH,
            "effectiveHalfLifeHours": result.effectiveHalfLifeHours, "chiSquare": result.chiSquare,
            "aicc": result.aicc, "akaikeWeight": None, "isAccepted": isAccepted, "isChosen": isChosen,
            "reason": reason}


def _absent(name, reason):
    return {"model": name, "title": fitModel(name).title, "timeIntegratedActivityMBqH": None,
            "timeIntegratedActivityUncertaintyMBqH": None, "effectiveHalfLifeHours": None, "chiSquare": None,
            "aicc": None, "akaikeWeight": None, "isAccepted": False, "isChosen": False, "reason": reason}


def _flag(result, curve, decayConstantPerHour):
    """Warnings that hold for every model."""
    if curve.size > 1 and result.extrapolatedFraction > EXTRAPOLATION_WARNING:
        result.warnings.append(
            f"More than {EXTRAPOLATION_WARNING:.0%} of the time-integrated activity is extrapolated "
            f"({result.extrapolatedFraction:.1%}: {result.extrapolatedBeforeFraction:.1%} before the first, "
            f"{result.extrapolatedAfterFraction:.1%} after the last point).")
    result.warnings += [str(rise) for rise in risesAgainstDecay(curve, decayConstantPerHour)]

"""The fit of every region's curve as the study chooses it: alone, with rates in common, or by its planar series."""

import numpy as np

from ..errors import CalculationError, FaultList, Faults, InputError
from ..physics.kinetics import selection
from ..physics.kinetics.curve import TimeActivityCurve, risesAgainstDecay
from ..physics.kinetics.hybrid import fitAbsolute, fitHybrid
from ..physics.kinetics.registry import fitModel
from ..physics.kinetics.result import EXTRAPOLATION_WARNING
from ..physics.kinetics.shared import fitShared
from ..physics.kinetics.weighting import PROPORTIONAL_FLOOR
from . import excludedPoints, jointKinetics, kineticsOptions
from .kineticsOptions import options

CURVE_SAMPLES = 200
SHOWN_HALF_LIVES = 3.0
# Beyond it, planar views and SPECT/CT tell of different activities.
NOTABLE_RATIO = 1.25


def fitRegions(study, names, timesHours, activities, nuclide):
    """Fit all regions.

    Parameters
    ----------
    activities : dict of str to list of float
        MBq at the time points by region name.

    Returns
    -------
    dict
        Region name -> ``timeActivity``, ``fit``, ``curve`` as JSON values, in the order of ``names``.
    list of str
        Warnings, each with its region.

    Raises
    ------
    InputError, CalculationError, FaultList
        Every region that cannot be fitted, by name.
    """
    faults, found, joint = Faults(), {}, {}
    for group in jointKinetics.sharedGroups(study):
        with faults.collect():
            joint |= _fitGroup(study, group, timesHours, activities, nuclide)
    inGroups = {name for group in jointKinetics.sharedGroups(study) for name in group["regions"]}
    for name in names:
        with faults.collect():
            if name in inGroups and name not in joint:
                continue  # its group has failed
            fit, further = joint[name] if name in joint else (
                _fit(study, name, timesHours, activities[name], nuclide), {})
            found[name] = (_regionValue(study, name, timesHours, activities[name], fit, further), fit.warnings)
    faults.raiseIfAny()
    return ({name: value for name, (value, _words) in found.items()},
            [f"{name}: {text}" for name, (_value, words) in found.items() for text in words])


def fitAsChosen(choice, study, name, timesHours, activitiesMBq, nuclide):
    """Fit by a :class:`~.kineticsOptions.FitChoice`; every fault names the region.

    Returns
    -------
    FitResult
    """
    sigmas, words = _sigmas(study, activitiesMBq)
    series = jointKinetics.planarSeries(study).get(name)
    if series is not None:
        fit = _named(name, _fitHybrid, choice, series, timesHours, activitiesMBq, sigmas, nuclide)
        fit.warnings += series.get("warnings") or []
        fit.assumptions += _activityWords(series)
    else:
        curve = _named(name, TimeActivityCurve, timesHours, activitiesMBq, sigmas)
        fit = _named(name, selection.fit, curve, nuclide.decayConstantPerHour, choice.model,
                     choice.effectiveHalfLifeHours, choice.options)
        if choice.effectiveHalfLifeHours is not None:
            fit.assumptions.append(f"Effective half-life of {choice.effectiveHalfLifeHours:g} h taken from: "
                                   f"{choice.source}.")
    fit.assumptions += [*choice.assumptions, *words]
    fit.warnings += choice.notes
    return fit


def _fit(study, name, timesHours, activitiesMBq, nuclide):
    times, activities = keptPoints(study, name, timesHours, activitiesMBq)
    _requireActivity(name, activities)
    fit = fitAsChosen(kineticsOptions.fitChoice(study, name, len(times)), study, name, times, activities, nuclide)
    _sayExcluded(study, name, timesHours, fit)
    return fit


def keptPoints(study, name, timesHours, activitiesMBq):
    """Times and activities of the points that the user did not exclude from the curve."""
    kept = excludedPoints.keptPositions(study, name, timesHours)
    return [timesHours[position] for position in kept], [activitiesMBq[position] for position in kept]


def _sayExcluded(study, name, timesHours, fit):
    fit.warnings[:0] = excludedPoints.warnings(study, name, timesHours)
    fit.assumptions += excludedPoints.assumptions(study, name, timesHours)


def _fitHybrid(choice, series, timesHours, activitiesMBq, sigmas, nuclide):
    isAbsolute = series.get("use") == jointKinetics.ABSOLUTE
    if len(timesHours) != 1 and not isAbsolute:
        raise InputError(f"A planar series is scaled by one SPECT/CT, there are {len(timesHours)} time points",
                         "kinetics.hybrid", "Exclude the others, or take the planar series back")
    if choice.model != kineticsOptions.AUTO and fitModel(choice.model).maximumPoints is not None:
        raise InputError(f"{fitModel(choice.model).title} does not fit a planar series", "kinetics.hybrid",
                         "Choose another model for the region, or take the planar series back")
    planar = TimeActivityCurve(series["timesHours"], series["values"], series["uncertainties"])
    if choice.effectiveHalfLifeHours is not None:
        unused = ["The stated effective half-life is not used: the planar series gives the course in time."]
    else:
        unused = []
    if isAbsolute:
        fit = fitAbsolute(planar, nuclide.decayConstantPerHour, series.get("commonRelativeUncertainty", 0.0),
                          choice.model, choice.options)
        ratios = np.asarray(fit.activityMBq(timesHours)) / np.asarray(activitiesMBq)
        fit.assumptions += [f"Planar series of {planar.size} scans in {series['unit']}, from: {series['source']}. The "
                            "SPECT/CT spreads the activity over the region, and does not scale it."]
        fit.warnings += [*unused, *_ratioWords(ratios, timesHours)]
        return fit
    fit = fitHybrid(planar, float(timesHours[0]), float(activitiesMBq[0]), nuclide.decayConstantPerHour,
                    None if sigmas is None else sigmas[0], choice.model, choice.options)
    factor = float(_scaledPlanar(fit, series).sum() / np.sum(series["values"]))
    for row in fit.candidates:
        # Compared on the planar values; scaled like the chosen one, so that they can be read beside it.
        for key in ("timeIntegratedActivityMBqH", "timeIntegratedActivityUncertaintyMBqH"):
            row[key] = None if row[key] is None else factor * row[key]
    fit.warnings += unused
    if series["unit"] == jointKinetics.ABSOLUTE_UNIT:
        fit.warnings += _ratioWords([1.0 / factor], timesHours)
    fit.assumptions += [
        f"Planar series of {planar.size} scans in {series['unit']}, from: {series['source']}. Its values are taken as "
        "those at the scans' own times, of like duration or per second.",
        f"Relative to the SPECT/CT at {timesHours[0]:g} h, all of the region's activity follows the planar series."]
    return fit


def _activityWords(series):
    """What the activities of planar views rest on, for those that state it."""
    first = next((item for item in series.get("details") or [] if "attenuation" in item), None)
    if first is None:
        return []
    found, parts = first["attenuation"], first["components"]
    return [f"Activities of the planar views by the geometric mean of both, with attenuation from "
            f"{'the CT' if found['from'] == 'ct' else 'a transmission scan'} at {found['energyKeV']:.0f} keV (mu T "
            f"{found['bodyMuT']:.3g}, source {found['sourceThicknessMM']:.3g} mm thick, factor {found['factor']:.3g}); "
            f"relative uncertainties (k = 1) that are common to all of them: sensitivity {parts['sensitivity']:.2%}, "
            f"attenuation {parts['attenuation']:.2%}, thickness {parts['thickness']:.2%}."]


def _ratioWords(ratios, timesHours):
    """Words where planar activities and SPECT/CT differ by more than either should."""
    return [f"The planar views show {ratio:.2f} times the activity of the SPECT/CT at {time:g} h: check overlap, "
            "background, attenuation and sensitivity."
            for ratio, time in zip(ratios, timesHours, strict=True) if not 1.0 / NOTABLE_RATIO < ratio < NOTABLE_RATIO]


def _scaledPlanar(fit, series):
    """Planar values in MBq: the scaled curve at their times and their residuals."""
    return np.asarray(fit.activityMBq(series["timesHours"])) + np.asarray(fit.residualsMBq)


def _fitGroup(study, group, timesHours, activities, nuclide):
    """Joint fit of a group: region -> (FitResult, what ties it to the others)."""
    names, model, faults = group["regions"], group["model"], Faults()
    stated = options(study)
    curves, words = [], []
    for name in names:
        with faults.collect():
            where = f"kinetics.shared, {name}"
            own = stated["regionModels"].get(name)
            if own not in (None, model):
                raise InputError(f"The model {fitModel(own).title} is chosen, but the joint fit takes "
                                 f"{fitModel(model).title}", where, "Choose one of them")
            for key in ("fixed", "bounds"):
                if stated[key].get(name):
                    done = "fixed" if key == "fixed" else "bounded"
                    raise InputError(f"Parameters of a region in a joint fit are {done}", where,
                                     f"Take kinetics.{key} of the region or its joint fit back")
            if name in stated["hybrid"]:
                raise InputError("A region with a planar series is in a joint fit", where, "Take one of them back")
            if name not in activities:
                raise InputError("The joint fit names what is not a region", where, "Correct the name")
            times, values = keptPoints(study, name, timesHours, activities[name])
            _requireActivity(name, values)
            sigmas, words = _sigmas(study, values)
            curves.append(_named(name, TimeActivityCurve, times, values, sigmas))
    faults.raiseIfAny()
    fit = _named(" + ".join(names), fitShared, curves, nuclide.decayConstantPerHour, model, group["parameters"])
    source = [f"Sharing stated by: {group['source']}."] if group.get("source") else []
    found = {}
    for index, (name, curve, result) in enumerate(zip(names, curves, fit.results, strict=True)):
        _complete(result, curve, nuclide.decayConstantPerHour, names)
        tie = {"regions": names, "parameters": group["parameters"], "chiSquare": fit.chiSquare,
               "degreesOfFreedom": result.degreesOfFreedom, "covarianceMBqH2": None, "correlation": None}
        if fit.covarianceMBqH2 is not None:
            covariance = np.asarray(fit.covarianceMBqH2)
            deviations = np.sqrt(np.diag(covariance))
            others = [place for place in range(len(names)) if place != index]
            tie["covarianceMBqH2"] = {names[place]: float(covariance[index, place]) for place in others}
            tie["correlation"] = {names[place]: float(covariance[index, place] / deviations[index] / deviations[place])
                                  for place in others if deviations[index] * deviations[place] > 0}
        result.assumptions += [_sharedWords(name, names, group["parameters"], tie), *source, *words]
        _sayExcluded(study, name, timesHours, result)
        found[name] = (result, {"shared": tie})
    return found


def _sharedWords(name, names, parameters, tie):
    others = [other for other in names if other != name]
    text = f"{', '.join(parameters)} shared with {', '.join(others)}: their time-integrated activities are not " \
           "independent"
    if tie["correlation"]:
        text += " (" + "; ".join(f"with {other}: correlation {value:.2f}, covariance "
                                 f"{tie['covarianceMBqH2'][other]:.3g} (MBq h)\N{SUPERSCRIPT TWO}"
                                 for other, value in tie["correlation"].items()) + ")"
    return text + "."


def _complete(result, curve, decayConstantPerHour, names):
    """The row of candidates and the warnings that every fit of a single curve has."""
    keys = ("model", "title", "timeIntegratedActivityMBqH", "timeIntegratedActivityUncertaintyMBqH",
            "effectiveHalfLifeHours", "chiSquare", "aicc")
    result.candidates = [{**{key: getattr(result, key) for key in keys}, "akaikeWeight": None, "isAccepted": None,
                          "isChosen": True, "reason": f"chosen by the user, in one fit of {', '.join(names)}"}]
    result.warnings.append("AICc is not computed: one region's share of a joint fit has none of its own.")
    if result.extrapolatedFraction > EXTRAPOLATION_WARNING:
        result.warnings.append(f"More than {EXTRAPOLATION_WARNING:.0%} of the time-integrated activity is extrapolated "
                               f"({result.extrapolatedFraction:.1%}).")
    result.warnings += [str(rise) for rise in risesAgainstDecay(curve, decayConstantPerHour)]


def _requireActivity(name, activitiesMBq):
    if any(value < 0 for value in activitiesMBq):
        raise InputError("The activity is negative at a time point", name, "Check region and images")
    if not any(value > 0 for value in activitiesMBq):
        raise InputError("The region holds no activity at any time point", name, "Check region and images")


def proportionalSigmas(share, activitiesMBq):
    """Standard uncertainties (MBq) of activities of a stated relative one.

    As in a fit without stated uncertainties, that of a tiny activity is not tiny in proportion.
    """
    floor = PROPORTIONAL_FLOOR * max(activitiesMBq)
    return [share * max(value, floor) for value in activitiesMBq]


def _sigmas(study, activitiesMBq):
    """Standard uncertainties of the activities as stated, or ``None``; and words on them."""
    share = options(study)["relativeActivityUncertainty"]
    if share is None:
        return None, []
    return proportionalSigmas(share, activitiesMBq), [
        f"Random standard uncertainty of each activity as stated: {share:.3g} of the activity, and of "
        f"{PROPORTIONAL_FLOOR:.0%} of the curve's largest where it is less."]


def _named(region, function, *args):
    """Call a function of the physics; its faults then name the region."""
    try:
        return function(*args)
    except InputError as error:
        raise FaultList([InputError(fault.what, _within(region, fault.where), fault.mend)
                         for fault in error.faults]) from None
    except CalculationError as error:
        raise CalculationError(error.what, _within(region, error.where), error.mend) from None


def _within(region, where):
    return f"{region}, {where}" if where else region


def _regionValue(study, name, timesHours, activitiesMBq, fit, further):
    """Everything of a region as JSON values; ``further`` goes into its fit."""
    series = jointKinetics.planarSeries(study).get(name)
    content = {**fit.toDict(), **further}
    if series is None:
        uncertainties, last = fit.activityUncertaintiesMBq, max(timesHours)
    else:
        uncertainties, last = _sigmas(study, activitiesMBq)[0], max(*timesHours, *series["timesHours"])
        sigmas = fit.activityUncertaintiesMBq
        content["planarSeries"] = {
            **series, "activitiesMBq": _scaledPlanar(fit, series).tolist(),
            "uncertaintiesMBq": None if series["uncertainties"] is None else list(sigmas)}
    points = _pointValues(study, name, timesHours, activitiesMBq, uncertainties)
    sampled = np.linspace(0.0, _shownHours(fit, len(timesHours) == 1 and series is None, last), CURVE_SAMPLES)
    curve = {"timesHours": sampled.tolist(), **_curveValues(fit, sampled),
             "atPoints": _curveValues(fit, np.asarray(timesHours, float))}
    return {"timeActivity": points, "fit": content, "curve": curve}


def _shownHours(fit, isSinglePoint, last):
    """Where the curve is drawn to: somewhat beyond the last point; over the half-life that one point alone rests on."""
    halfLife = fit.effectiveHalfLifeHours
    return max(1.25 * last, SHOWN_HALF_LIVES * halfLife) if isSinglePoint and halfLife else 1.25 * last


def _pointValues(study, name, timesHours, activitiesMBq, uncertaintiesMBq):
    """Every measured point, also the excluded ones; ``uncertaintiesMBq`` are those of the fitted ones, or ``None``."""
    spreads, points = iter(() if uncertaintiesMBq is None else uncertaintiesMBq), []
    reasons = excludedPoints.reasonsAt(study, name, timesHours)
    for time, activity, reason in zip(timesHours, activitiesMBq, reasons, strict=True):
        point = {"timeHours": float(time), "activityMBq": float(activity)}
        if reason is None:
            spread, further = next(spreads, None), {}
        else:
            # What is estimated from the scatter about the fit says nothing of a point beside it.
            stated = _sigmas(study, [activity, max(activitiesMBq)])[0]
            spread, further = None if stated is None else stated[0], {"isExcluded": True, "reason": reason}
        points.append({**point, "uncertaintyMBq": None if spread is None else float(spread), **further})
    return points


def _curveValues(fit, timesHours):
    """Fitted activities with their 95 % band, ``None`` without one."""
    band = fit.activityBandMBq(timesHours)
    return {"activitiesMBq": np.asarray(fit.activityMBq(timesHours)).tolist(),
            "lowMBq": None if band is None else np.asarray(band[0]).tolist(),
            "highMBq": None if band is None else np.asarray(band[1]).tolist()}

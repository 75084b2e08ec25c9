"""What is reported of 131I for benign thyroid disease: activity, absorbed dose, methods beside each other, tables."""

import math

import numpy as np

from ..numberText import compact, significant
from ..physics.thyroidActivity import (
    Budget,
    absorbedDoseCoefficient,
    activityMBq,
    energyConstants,
    marinelliIntegralD,
)
from ..physics.thyroidKinetics import MONO_EXPONENTIAL
from ..physics.thyroidLateUptake import LATE_FORM, lateUptakeWithoutHalfLife
from ..physics.units import HOURS_PER_DAY
from ..resources import dataPath, loadJSON
from .allowanceWords import unitWarning
from .case import Curve, Table, TherapyResult
from .thyroidPoints import chosenConstant
from .thyroidStatements import diagnoses

# The administered activity is checked against the calculated one to this share.
ACTIVITY_TOLERANCE = 0.10
DAY_ONE_HOURS = (20.0, 28.0)
LINE_POINTS = 161


def thyroidResult(case, points, integral, massWords, achieved, warnings):
    """The :class:`~.case.TherapyResult` of a case.

    Parameters
    ----------
    case : TherapyCase
    points : UptakePoints
    integral : UptakeIntegral
    massWords : (Mass, list of str, list of str)
        As of :func:`~.thyroidPoints.targetMass`.
    achieved : (UptakePoints, UptakeIntegral) or None
        After therapy.
    warnings : list of str
    """
    mass, massAssumptions, massWarnings = massWords
    constant, constantWords = chosenConstant(case.thyroid)
    budget = _budget(points, integral, mass)
    wanted = case.prescription.get("absorbedDoseGy")
    warnings = [*warnings, *integral.warnings, *massWarnings]
    assumptions = [*points.assumptions, *integral.assumptions, *massAssumptions, *constantWords]
    coefficient = absorbedDoseCoefficient(mass.massG, integral.integralD, constant)
    values = {
        **_valuesOfKinetics(integral), "targetMassG": mass.massG,
        "targetMassUncertaintyG": _times(mass.relativeUncertainty, mass.massG),
        "energyConstant": constant.id, "energyConstantGyGPerMBqD": constant.valueGyGPerMBqD,
        "absorbedDoseCoefficientGyPerMBq": coefficient,
        "absorbedDoseCoefficientUncertaintyGyPerMBq": _times(budget.relative, coefficient),
        "relativeUncertainties": dict(budget.components)}
    if not budget.isComplete:
        lacking = " and ".join(name for name, value in budget.components.items() if value is None)
        warnings.append(f"The uncertainties of activity and absorbed dose leave out what is not known: {lacking}.")
    activity = None if wanted is None else activityMBq(wanted, mass.massG, integral.integralD, constant)
    values |= _valuesOfPrescription(wanted, activity, budget)
    methods = _methods(points, integral, mass, constant, wanted)
    values["alternatives"] = {entry["id"]: {"uptakeIntegralD": entry["integralD"],
                                            "prescribedActivityMBq": entry["activityMBq"]} for entry in methods}
    warnings += _warningsOfPrescription(case, wanted, activity)
    tables = [_uptakeTable("Uptake before therapy", points), _methodTable(methods, wanted), _budgetTable(budget),
              _usualTable(case.thyroid.get("diagnosis"))]
    curves = [_curve("Uptake before therapy", points, integral)]
    if case.administeredActivityMBq is not None:
        expected = coefficient * case.administeredActivityMBq
        values["expectedAbsorbedDoseGy"] = expected
        values["expectedAbsorbedDoseUncertaintyGy"] = _times(_withActivity(budget, case).relative, expected)
    if achieved is not None:
        after, afterIntegral = achieved
        found, words = _achieved(case, after, afterIntegral, mass, constant, wanted)
        values |= found
        warnings += [f"After therapy: {text}" for text in (*after.warnings, *afterIntegral.warnings)] + words
        assumptions += [f"After therapy: {text}" for text in (*after.assumptions, *afterIntegral.assumptions)]
        tables.insert(1, _uptakeTable("Uptake after therapy", after))
        curves.append(_curve("Uptake after therapy", after, afterIntegral))
    return TherapyResult(values, tuple(dict.fromkeys(warnings)), tuple(dict.fromkeys(assumptions)), tuple(tables),
                         tuple(curves), _recommendation(wanted, activity, mass, budget))


def _times(relative, value):
    return None if relative is None or value is None else relative * value


def _pair(interval):
    return None if interval is None else list(interval)


def _budget(points, integral, mass):
    return Budget({"mass": mass.relativeUncertainty,
                   "uptake and half-life": None if integral.uncertaintyD is None
                   else integral.uncertaintyD / integral.integralD,
                   "calibration common to all uptakes": points.commonRelative})


def _valuesOfKinetics(integral):
    values = {"uptakeIntegralMethod": integral.method, "uptakeIntegralD": integral.integralD,
              "uptakeIntegralUncertaintyD": integral.uncertaintyD,
              "uptakeIntegralInterval95D": _pair(integral.interval95D),
              "effectiveHalfLifeDays": _times(1.0 / HOURS_PER_DAY, integral.effectiveHalfLifeHours),
              "effectiveHalfLifeUncertaintyDays": _times(1.0 / HOURS_PER_DAY,
                                                         integral.effectiveHalfLifeUncertaintyHours)}
    if integral.extrapolatedUptake is not None:
        values["extrapolatedUptakeFraction"] = integral.extrapolatedUptake
    if integral.poolHalfLifeHours is not None:
        time, fraction = integral.maximum
        values |= {"uptakeRatePerDay": integral.uptakeRatePerDay, "thyroidLossRatePerDay": integral.lossRatePerDay,
                   "poolLossRatePerDay": integral.poolLossRatePerDay, "maximumUptakeFraction": fraction,
                   "maximumUptakeTimeDays": time / HOURS_PER_DAY}
    return values


def _valuesOfPrescription(wanted, activity, budget):
    if wanted is None:
        return {"wantedAbsorbedDoseGy": None, "prescribedActivityMBq": None, "prescribedActivityUncertaintyMBq": None,
                "prescribedActivityInterval95MBq": None}
    return {"wantedAbsorbedDoseGy": wanted, "prescribedActivityMBq": activity,
            "prescribedActivityUncertaintyMBq": _times(budget.relative, activity),
            "prescribedActivityInterval95MBq": _pair(budget.interval95(activity)),
            # Of the absorbed dose that this activity gives.
            "predictedAbsorbedDoseUncertaintyGy": _times(budget.relative, wanted),
            "predictedAbsorbedDoseInterval95Gy": _pair(budget.interval95(wanted))}


def _methods(points, integral, mass, constant, wanted):
    """Each way to compute the activity: list of dict ``id``, ``title``, ``integralD``, ``activityMBq``, ``note``."""
    found = []

    def add(identifier, title, area, note, used=constant):
        found.append({"id": identifier, "title": title, "integralD": area, "note": note, "activityMBq": None
                      if wanted is None else activityMBq(wanted, mass.massG, area, used)})

    add(integral.method, integral.title, integral.integralD, "used")
    for item in energyConstants().values():
        if item.id != constant.id:
            add(item.id, f"{integral.title}; {item.title[0].lower()}{item.title[1:]}", integral.integralD,
                f"another energy constant, {item.valueGyGPerMBqD:.4f} Gy g/(MBq d)", item)
    if integral.poolHalfLifeHours is not None:
        add("marinelliExtrapolated", "Classic form with the uptake extrapolated to administration",
            marinelliIntegralD(integral.extrapolatedUptake, integral.effectiveHalfLifeHours),
            "no uptake phase: activity too low")
        add("marinelliMaximum", "Classic form with the greatest uptake",
            marinelliIntegralD(integral.maximum[1], integral.effectiveHalfLifeHours), "comparison only, biased")
    if integral.effectiveHalfLifeHours is not None:
        fraction, how = _dayOne(points, integral)
        add("marinelliDay1", f"Classic form with the uptake at 24 h ({how})",
            marinelliIntegralD(fraction, integral.effectiveHalfLifeHours), "comparison only, biased")
    if integral.method != LATE_FORM:
        late = lateUptakeWithoutHalfLife(points.timesHours[-1], points.fractions[-1], None,
                                         (points.timesHours[-1], points.timesHours[-1]))
        add(LATE_FORM, late.title, late.integralD, f"with the uptake at {points.timesHours[-1]:g} h alone")
    if points.standardFactor is not None and len(points.timesHours) == 1:
        add("standardWithPatient", f"{integral.title}, if the standard was counted together with the patient",
            integral.integralD / points.standardFactor, "the time of the standard is not stated")
    return found


def _dayOne(points, integral):
    """Uptake at about 24 h and whether it is measured or read from the curve."""
    least, largest = DAY_ONE_HOURS
    near = [(abs(time - HOURS_PER_DAY), fraction) for time, fraction in zip(points.timesHours, points.fractions,
                                                                           strict=True) if least <= time <= largest]
    if near:
        return min(near)[1], "measured"
    return float(integral.evaluate(np.array([HOURS_PER_DAY]))[0]), "from the curve"


def _warningsOfPrescription(case, wanted, activity):
    words, given = [], case.administeredActivityMBq
    usual = loadJSON(dataPath("thyroidIodine.json"))["usualActivities"]["fixed"]
    if wanted is None:
        words.append("No absorbed dose is wanted: no activity is computed for one.")
        if given is not None and not usual["least"] <= given <= usual["largest"]:
            words.append(unitWarning(given, math.sqrt(usual["least"] * usual["largest"]), "The administered activity")
                         or f"The administered activity of {given:.4g} MBq is outside of what is usual, "
                         f"{usual['least']:g} to {usual['largest']:g} MBq (not verified).")
        return words
    entries = diagnoses()
    chosen = entries.get(case.thyroid.get("diagnosis"))
    least = min(entry["least"] for entry in entries.values()) if chosen is None else chosen["least"]
    largest = max(entry["largest"] for entry in entries.values()) if chosen is None else chosen["largest"]
    title = "any diagnosis" if chosen is None else chosen["title"]
    if not least <= wanted <= largest:
        words.append(f"The wanted absorbed dose of {wanted:g} Gy is outside of what is usual for {title}, {least:g} to "
                     f"{largest:g} Gy (not verified).")
    target = case.thyroid.get("target")
    if chosen is not None and target is not None and target != chosen["target"]:
        words.append(f"For {chosen['title']} the usual target is the {chosen['target']}, not the {target}.")
    if not usual["least"] <= activity <= usual["largest"]:
        words.append(f"The activity of {activity:.4g} MBq is outside of what is usual, {usual['least']:g} to "
                     f"{usual['largest']:g} MBq (not verified).")
    if given is not None and abs(given / activity - 1.0) > ACTIVITY_TOLERANCE:
        words.append(f"The administered activity of {given:.4g} MBq differs by {100 * (given / activity - 1):+.0f} % "
                     f"from the {activity:.4g} MBq computed for the wanted absorbed dose.")
        words.append(unitWarning(given, activity, "The administered activity"))
    return [text for text in words if text]


def _withActivity(budget, case):
    """The budget of an absorbed dose of the administered activity, whose uncertainty is part of it where it is
    stated."""
    relative = case.administeredActivityRelativeUncertainty
    return budget if relative is None else Budget({**budget.components, "administered activity": relative})


def _achieved(case, points, integral, mass, constant, wanted):
    """Values and warnings of the verification."""
    budget = _withActivity(_budget(points, integral, mass), case)
    dose = absorbedDoseCoefficient(mass.massG, integral.integralD, constant) * case.administeredActivityMBq
    interval = budget.interval95(dose)
    values = {"achievedAbsorbedDoseGy": dose, "achievedAbsorbedDoseUncertaintyGy": _times(budget.relative, dose),
              "achievedAbsorbedDoseInterval95Gy": _pair(interval), "achievedUptakeIntegralD": integral.integralD,
              "achievedUptakeIntegralUncertaintyD": integral.uncertaintyD,
              "achievedEffectiveHalfLifeDays": _times(1.0 / HOURS_PER_DAY, integral.effectiveHalfLifeHours),
              "achievedToWantedRatio": None if wanted is None else dose / wanted}
    words = []
    if wanted is not None and interval is not None and not interval[0] <= wanted <= interval[1]:
        words.append(f"The absorbed dose achieved, {dose:.4g} Gy, differs from the wanted {wanted:g} Gy by more than "
                     f"its 95 % interval of {interval[0]:.4g} to {interval[1]:.4g} Gy.")
    if integral.method == MONO_EXPONENTIAL:
        words.append("The absorbed dose achieved is without an uptake phase and so somewhat too high.")
    return values, words


def _uptakeTable(title, points):
    return Table(title, ("Time after administration (h)", "Uptake of 131I (%)", "Standard uncertainty (%)", "Found by"),
                 points.rows)


def _methodTable(methods, wanted):
    used = methods[0]["activityMBq"]
    return Table("Ways to compute the activity" if wanted is None else
                 f"Ways to compute the activity for {wanted:g} Gy",
                 ("Method", "Integral of the uptake (d)", "Activity (MBq)", "Difference (%)", "Note"),
                 tuple((entry["title"], entry["integralD"], entry["activityMBq"],
                        None if used is None else 100.0 * (entry["activityMBq"] / used - 1.0), entry["note"])
                       for entry in methods))


def _budgetTable(budget):
    rows = [(name[0].upper() + name[1:], None if value is None else 100.0 * value)
            for name, value in budget.components.items()]
    rows.append(("All that is known", None if budget.relative is None else 100.0 * budget.relative))
    return Table("Standard uncertainty of activity and absorbed dose", ("Source", "Relative standard uncertainty (%)"),
                 tuple(rows))


def _usualTable(diagnosis):
    entries = diagnoses()
    rows = tuple((entry["title"], entry["target"], entry["least"], entry["largest"],
                  "stated diagnosis" if name == diagnosis else "") for name, entry in entries.items())
    sources = dict.fromkeys(f"{entry['source']}, {entry['edition']}; not verified" if not entry["verified"]
                            else f"{entry['source']}, {entry['edition']}" for entry in entries.values())
    return Table("Usual absorbed doses, never taken without being stated",
                 ("Diagnosis", "Target", "From (Gy)", "To (Gy)", ""), rows, "; ".join(sources))


def _curve(title, points, integral):
    measured = tuple((time, 100.0 * fraction)
                     for time, fraction in zip(points.timesHours, points.fractions, strict=True))
    line = ()
    if integral.evaluate is not None:
        times = np.linspace(0.0, 1.25 * points.timesHours[-1], LINE_POINTS)
        line = tuple(zip(times.tolist(), (100.0 * np.asarray(integral.evaluate(times))).tolist(), strict=True))
    return Curve(title, "Time after administration (h)", "Uptake of 131I (%)", measured, line)


def _recommendation(wanted, activity, mass, budget):
    if wanted is None:
        return ""
    interval = budget.interval95(activity)
    scope = "" if budget.isComplete else ", of what is known"
    spread = "" if interval is None else \
        f" (95 % interval {significant(interval[0])} to {significant(interval[1])} MBq{scope})"
    return (f"For {wanted:g} Gy to {compact(mass.massG)} g an activity of {significant(activity)} MBq of 131I is "
            f"needed{spread}.")

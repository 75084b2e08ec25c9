"""Level 3: the activity or the cycles that a wanted absorbed dose asks for and that limits leave, with uncertainty."""

from dataclasses import dataclass

from ..errors import InputError
from ..physics.courseLimits import Course, Part
from . import allowanceWords
from .case import TherapyResult
from .course import parametersFor
from .prescription import BED, limitTitle

_ROW = ("accumulatedGy", "consumedShare", "remainingGy", "expectedActivityMBq", "allowedActivityMBq",
        "perCycleActivityMBq", "expectedCycles", "remainingCycles", "remainingCyclesWhole", "probability",
        "totalAfterPlannedGy")


@dataclass(frozen=True)
class Plan:
    """Cycles to come that are planned, activity of each (MBq), accepted probability (``None``: best estimate)."""

    cycles: int
    activityMBq: float
    probability: float | None


@dataclass(frozen=True)
class _Parts:
    """A region's cycles as the calculation takes them."""

    given: tuple
    future: Part
    isUncertaintyKnown: bool
    alphaBetaUncertainty: float

    def course(self, hasSamples):
        if hasSamples:
            return Course(self.given, self.future, self.alphaBetaUncertainty)
        return Course(self.given, self.future, samples=None)


def evaluate(case, found):
    """What the prescription's wanted absorbed dose and limits allow.

    Parameters
    ----------
    case : TherapyCase
    found : dict of str to RegionCourse
        As of :func:`.course.courses`.

    Returns
    -------
    TherapyResult
        ``remainingActivityMBq`` (all in one cycle), ``nextActivityMBq`` (per cycle of those planned),
        ``remainingCycles`` (real number) and ``remainingCyclesWhole`` of the limit that binds, at the accepted
        probability, or by best estimate where none is stated; ``bindingLimit``; ``limits`` and ``limitProbability``
        by limit and region; ``targetActivityMBq`` per cycle for the wanted absorbed dose.

    Raises
    ------
    InputError
        A region or tissue that no cycle holds.
    """
    stated, practice = case.prescription, allowanceWords.practiceTables(case, found)
    hasTarget = stated.get("absorbedDoseGy") is not None and ("region" in stated or "tissue" in stated)
    if not stated.get("limits") and not hasTarget:
        return TherapyResult({}, tables=practice)
    if not found:
        values = dict.fromkeys(("remainingActivityMBq", "nextActivityMBq", "remainingCycles", "remainingCyclesWhole",
                                "bindingLimit", "targetActivityMBq")) | {"limits": [], "limitProbability": []}
        return TherapyResult(values, ("No absorbed dose of this patient is known: neither activity nor cycles are "
                                      "computed from the prescription.",), tables=practice)
    warnings = []
    plan = _plan(case, found, warnings)
    rows = [row for limit in stated.get("limits", []) for row in _limitRows(limit, case, found, plan, warnings)]
    target = _target(case, found, plan, warnings) if hasTarget else None
    values = _values(rows, target, plan)
    warnings += allowanceWords.plausibilityWarnings(case, values, plan)
    return TherapyResult(values, tuple(dict.fromkeys(warnings)), allowanceWords.assumptions(stated, plan, rows, target),
                         (*allowanceWords.limitTables(rows, plan), *practice),
                         recommendation=allowanceWords.recommendation(values, rows, target, plan))


def _plan(case, found, warnings):
    stated, cycles = case.prescription, 1
    given = max(len(course.cycles) for course in found.values())
    if "cyclesPlanned" in stated:
        cycles = stated["cyclesPlanned"] - given
        if cycles < 1:
            warnings.append(f"{stated['cyclesPlanned']} cycles are planned and {given} are given: what follows is for "
                            "one further cycle.")
            cycles = 1
    activity = stated.get("activityPerCycleMBq")
    if activity is None:
        last = max((cycle for course in found.values() for cycle in course.known), key=lambda item: item.cycle)
        activity = last.activityMBq
        warnings.append("No activity per cycle is stated: cycles are counted at that "
                        f"{'of the last one' if case.predictedActivityMBq is None else 'of the prediction'}, "
                        f"{activity:.5g} MBq.")
    return Plan(cycles, activity, stated.get("probability"))


def _affected(entry, found, where):
    """The courses that a limit or a wanted absorbed dose names."""
    if "region" in entry:
        if entry["region"] not in found:
            raise InputError(f"'{entry['region']}' is not a region with an absorbed dose", where,
                             f"Known are {', '.join(found)}")
        return [found[entry["region"]]]
    courses = [course for course in found.values() if course.tissue == entry["tissue"]]
    if not courses:
        raise InputError(f"No region is of the tissue '{entry['tissue']}'", where, f"Regions are {', '.join(found)}")
    return courses


def _partsOf(course, quantity, case, warnings):
    """:class:`_Parts`, or ``None`` with a warning where a BED cannot be computed."""
    stated, quadratic, spread = case.prescription, {}, 0.0
    if quantity == BED:
        parameters, isOverridden = parametersFor(course.tissue, stated)
        quadratic = {item.cycle: item.quadraticPerGy(parameters, isOverridden) for item in course.known}
        if None in quadratic.values():
            lacking = "radiobiological parameters of its tissue are not known" if parameters is None else \
                "the course in time of a cycle is not known"
            warnings.append(f"{course.name}: the BED over the cycles is not computed, {lacking}.")
            return None
        uncertain = stated.get("alphaBetaUncertaintyGy", {})
        spread = uncertain.get(course.tissue, uncertain.get("", 0.0)) / parameters.alphaBetaGy
    given = tuple(Part(item.absorbedDoseGy, item.relativeUncertainty or 0.0, item.variation,
                       quadratic.get(item.cycle, 0.0)) for item in course.cycles)
    latest = course.latestImaged
    future = Part(latest.coefficientGyPerGBq, latest.coefficientRelativeUncertainty or 0.0,
                  stated.get("cycleVariation", 0.0), quadratic.get(latest.cycle, 0.0))
    return _Parts(given, future, all(item.uncertaintyGy is not None for item in course.known), spread)


def _limitRows(limit, case, found, plan, warnings):
    title = limitTitle(limit)
    if not limit["source"]:
        warnings.append(f"{title}: no source of the limit is stated.")
    rows = []
    for course in _affected(limit, found, f"prescription, {title}"):
        row = {"limit": title, "region": course.name, "tissue": course.tissue, "quantity": limit["quantity"],
               "valueGy": limit["valueGy"], "source": limit["source"], **dict.fromkeys(_ROW)}
        parts = _partsOf(course, limit["quantity"], case, warnings)
        if parts is not None:
            row |= _limitRow(limit["valueGy"], parts, plan, f"{title} ({course.name})", warnings)
        rows.append(row)
    return rows


def _limitRow(valueGy, parts, plan, title, warnings):
    """What one limit leaves to one region."""
    best, planned = parts.course(False), plan.activityMBq / 1000.0
    consumed = best.givenGy / valueGy
    row = {"accumulatedGy": best.givenGy, "consumedShare": consumed, "remainingGy": max(valueGy - best.givenGy, 0.0),
           "expectedActivityMBq": 1000.0 * best.activityGBq(valueGy, None),
           "expectedCycles": best.remainingCycles(valueGy, planned, None)[0],
           "totalAfterPlannedGy": best.totalGy(planned, plan.cycles)}
    if consumed >= 1.0:
        warnings.append(f"{title}: the limit is already passed or reached, {best.givenGy:.3g} Gy of {valueGy:g} Gy; it "
                        "leaves no further activity.")
    course = best
    if parts.isUncertaintyKnown:
        sampled = parts.course(True)
        row["probability"] = sampled.passingProbability(valueGy, planned, plan.cycles)
        course = best if plan.probability is None else sampled
    elif plan.probability is not None:
        warnings.append(f"{title}: the uncertainty of the absorbed dose is not known for every cycle, so nothing is "
                        "given for the accepted probability; expectedActivityMBq of the limit is the best estimate.")
        return row
    else:
        warnings.append(f"{title}: the uncertainty of the absorbed dose is not known for every cycle, so the "
                        "probability of passing the limit is not computed.")
    row["allowedActivityMBq"] = 1000.0 * course.activityGBq(valueGy, plan.probability)
    row["perCycleActivityMBq"] = 1000.0 * course.activityGBq(valueGy, plan.probability, plan.cycles)
    row["remainingCycles"], row["remainingCyclesWhole"] = course.remainingCycles(valueGy, planned, plan.probability)
    if consumed < 1.0 and row["allowedActivityMBq"] == 0.0:
        warnings.append(f"{title}: the probability that the limit is already passed is above {plan.probability:g}; it "
                        "leaves no further activity.")
    return row


def _target(case, found, plan, warnings):
    """Activity per planned cycle for the wanted absorbed dose, in the region that needs most; ``None`` in part."""
    stated = case.prescription
    quantity, wanted = stated.get("quantity", "absorbedDose"), stated["absorbedDoseGy"]
    rows = []
    for course in _affected(stated, found, "prescription"):
        parts = _partsOf(course, quantity, case, warnings)
        row = {"region": course.name, "tissue": course.tissue, "quantity": quantity, "wantedGy": wanted,
               "activityMBq": None, "parts": parts}
        if parts is not None:
            best = parts.course(False)
            row["activityMBq"] = 1000.0 * best.activityGBq(wanted, None, plan.cycles)
            row["accumulatedGy"] = best.givenGy
        rows.append(row)
    if any(row["activityMBq"] is None for row in rows):
        warnings.append("The activity for the wanted absorbed dose is not computed, see above.")
        return {"activityMBq": None, "rows": rows}
    return {**max(rows, key=lambda row: row["activityMBq"]), "rows": rows}


def _values(rows, target, plan):
    """For results: what binds, and every limit."""
    isKnown = bool(rows) and all(row["allowedActivityMBq"] is not None for row in rows)
    binding = min(rows, key=lambda row: (row["perCycleActivityMBq"], row["valueGy"])) if isKnown else None
    targetMBq = None if target is None else target["activityMBq"]
    nextMBq = None if binding is None else binding["perCycleActivityMBq"]
    if not rows:
        nextMBq = targetMBq
    elif nextMBq is not None and targetMBq is not None and targetMBq < nextMBq:
        nextMBq, binding = targetMBq, None
    elif target is not None and targetMBq is None:
        nextMBq = None
    fewest = min(rows, key=lambda row: row["remainingCycles"]) if isKnown else None
    return {
        "acceptedProbability": plan.probability, "plannedActivityMBq": plan.activityMBq, "plannedCycles": plan.cycles,
        "nextActivityMBq": nextMBq, "targetActivityMBq": targetMBq,
        "remainingActivityMBq": min(row["allowedActivityMBq"] for row in rows) if isKnown else None,
        "remainingCycles": fewest["remainingCycles"] if isKnown else None,
        "remainingCyclesWhole": fewest["remainingCyclesWhole"] if isKnown else None,
        "bindingLimit": None if binding is None else f"{binding['limit']} ({binding['region']})",
        "targetReachedProbability": _reached(target, nextMBq, plan),
        "limitProbability": [{key: row[key] for key in ("limit", "region", "probability")}
                             | {"activityMBq": plan.activityMBq, "cycles": plan.cycles} for row in rows],
        "limits": rows,
    }


def _reached(target, activityMBq, plan):
    """P(the wanted absorbed dose is reached) at the activity found, or ``None``."""
    if target is None or activityMBq is None or not target["parts"].isUncertaintyKnown:
        return None
    return target["parts"].course(True).passingProbability(target["wantedGy"], activityMBq / 1000.0, plan.cycles)

"""Level 3 in words and tables: limits, assumptions, what looks like a wrong unit, and the recommendation."""

from ..numberText import compact, significant
from ..physics.courseLimits import MOST_CYCLES, SAMPLES
from . import registry
from .case import Table
from .course import parametersFor
from .prescription import BED, QUANTITIES

DECISION = "The treating physician decides."
# The guide's level 2: more than 25 % above the usual activity is no standard treatment.
ABOVE_USUAL = 1.25
_UNITS = (("mCi", 1 / 37.0), ("GBq", 1e-3), ("kBq", 1e3), ("Ci", 1 / 37e3))


def plausibilityWarnings(case, values, plan):
    """Words on activities that are far from the usual one of the protocol."""
    usual = _usualActivityMBq(case)
    if usual is None:
        return []
    words = [unitWarning(activity, usual, what) for activity, what in (
        (case.prescription.get("activityPerCycleMBq"), "The planned activity per cycle"),
        (case.administeredActivityMBq, "The administered activity"),
        *((row.get("administeredActivityMBq"), f"The activity of cycle {row.get('cycle')}")
          for row in case.earlierCycles))]
    activity = values["nextActivityMBq"]
    if activity is not None and activity > ABOVE_USUAL * usual:
        words.append(f"{significant(activity)} MBq per cycle are more than 25 % above the usual {compact(usual)} MBq: "
                     "no standard treatment, and kinetics at another activity may differ.")
    if plan.activityMBq > ABOVE_USUAL * usual:
        words.append(f"The planned {compact(plan.activityMBq)} MBq per cycle are more than 25 % above the usual "
                     f"{compact(usual)} MBq: no standard treatment.")
    return [text for text in words if text]


def unitWarning(activityMBq, usualMBq, what):
    """A sentence where an activity looks as if it were in another unit, else an empty text."""
    if activityMBq is None:
        return ""
    for unit, factor in _UNITS:
        # between half and twice the usual activity, in that unit
        if 0.5 <= activityMBq / (factor * usualMBq) <= 2.0:
            return (f"{what}, {activityMBq:g} MBq, is far from the usual {usualMBq:g} MBq and looks as if it were in "
                    f"{unit}. Check the unit.")
    return ""


def _usualActivityMBq(case):
    if case.protocolId not in registry.protocolIds():
        return None
    return registry.protocol(case.protocolId).get("usualActivityMBq", {}).get("value")


def assumptions(stated, plan, rows, target):
    """What the calculation takes for granted, in sentences."""
    variation = stated.get("cycleVariation")
    words = ["The next cycle has the absorbed dose per activity of the latest imaged one, region by region, and its "
             "course in time; BED of the cycles adds up.",
             "A limit on a tissue is held by each of its regions by itself, and the probability is that of each limit "
             "by itself."]
    if plan.probability is None:
        words.append("No accepted probability of passing a limit is stated: activity and cycles are those at which the "
                     "best estimate reaches it, which the truth then passes about every other time.")
    else:
        words.append(f"Activity and cycles keep the probability of passing a limit at or below {plan.probability:g}, "
                     f"by {SAMPLES} samples (0 means less than one of them): the uncertainty of a region's absorbed "
                     "dose is log-normal and the same error in all cycles.")
        words.append("The probability knows no more than the uncertainties stated for the absorbed doses: what these "
                     "leave out, such as the partial-volume loss of small regions, it leaves out as well.")
    words.append("No variation from cycle to cycle is stated, and none is included." if variation is None else
                 f"From cycle to cycle the absorbed dose per activity varies by {variation:.0%}, each cycle by itself.")
    tissues = [row["tissue"] for row in (*rows, *(target or {"rows": ()})["rows"]) if row["quantity"] == BED]
    if not tissues:
        return tuple(words)
    for tissue in dict.fromkeys(tissues):
        parameters = parametersFor(tissue, stated)[0]
        if parameters is not None:
            words.append(f"BED of {tissue}: alpha/beta {parameters.alphaBetaGy:g} Gy and repair half-life "
                         f"{parameters.repairHalfLifeHours:g} h ({parameters.source}"
                         f"{'' if parameters.verified else '; not verified'}).")
    words.append("The uncertainty of alpha/beta is included as stated." if stated.get("alphaBetaUncertaintyGy") else
                 "The uncertainty of alpha/beta and of the repair half-life is not included.")
    return tuple(words)


def limitTables(rows, plan):
    """The limits of the prescription with what is consumed, as a table."""
    if not rows:
        return ()
    chance = f"Probability of passing it after {plan.cycles} × {compact(plan.activityMBq)} MBq"
    columns = ("Limit", "Region", "Given (Gy)", "Consumed (%)", "Left (Gy)", "Activity left (MBq)",
               "Activity per planned cycle (MBq)", "Cycles left", chance, "Source")
    content = tuple((row["limit"], row["region"], row["accumulatedGy"],
                     None if row["consumedShare"] is None else 100.0 * row["consumedShare"], row["remainingGy"],
                     row["allowedActivityMBq"], row["perCycleActivityMBq"], row["remainingCycles"], row["probability"],
                     row["source"] or "not stated") for row in rows)
    return (Table("Limits of the prescription", columns, content),)


def practiceTables(case, found):
    """Limits used in practice of the case's therapy, beside what was given. None of them is applied."""
    if case.protocolId not in registry.protocolIds():
        return ()
    rows = []
    for limit in registry.therapy(registry.protocol(case.protocolId)["therapy"]).limits:
        for course in found.values():
            if course.tissue != limit.tissue or not course.cycles:
                continue
            given = course.bedGy(*parametersFor(course.tissue, case.prescription)) if limit.quantity == "BED" \
                else course.absorbedDoseGy
            rows.append((course.name, f"{limit.quantity} {limit.value:g} {limit.unit}", limit.scope, given,
                         None if given is None else 100.0 * given / limit.value,
                         "yes" if limit.isVerified else "no", limit.source))
    if not rows:
        return ()
    return (Table("Limits used in practice, for information: none of them is applied",
                  ("Region", "Limit", "Scope", "Given (Gy)", "Share (%)", "Checked against the source", "Source"),
                  tuple(rows)),)


def recommendation(values, rows, target, plan):
    """One sentence, and who decides."""
    if rows and values["remainingActivityMBq"] is None:
        return ""
    parts = []
    if rows:
        parts.append(_limitSentence(values, plan))
    if target is not None and target["activityMBq"] is not None:
        quantity = QUANTITIES[target["quantity"]]
        if target["activityMBq"] == 0:
            parts.append(f"the wanted {quantity} of {target['wantedGy']:g} Gy is reached already in {target['region']}")
        else:
            parts.append(f"{significant(target['activityMBq'])} MBq in each of {plan.cycles} further cycle(s) give "
                         f"{target['region']} the wanted {quantity} of {target['wantedGy']:g} Gy by best estimate")
            if rows and values["nextActivityMBq"] < target["activityMBq"]:
                parts.append(f"the limits allow {significant(values['nextActivityMBq'])} MBq of it per cycle")
    if not parts:
        return ""
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}. {DECISION}"


def _limitSentence(values, plan):
    if values["remainingActivityMBq"] == 0:
        return "the stated limits leave no further activity"
    condition = "by best estimate" if plan.probability is None else \
        f"with a probability of passing one of at most {plan.probability:g} for each"
    cycles = values["remainingCycles"]
    count = f"more than {MOST_CYCLES}" if cycles >= MOST_CYCLES else f"{cycles:.2f}"
    return (f"the stated limits leave {significant(values['remainingActivityMBq'])} MBq in one cycle, or {count} "
            f"further cycles of {compact(plan.activityMBq)} MBq ({values['remainingCyclesWhole']} whole), {condition}")

"""Whole body by activities that a calibrated counter found, where no first reading calibrates: an unexpected exposure.

The readings of a monitor (``measurements.wholeBody``) stand for fractions of a known administered activity. After an
exposure whose activity is not known, a calibrated whole-body counter or quantitative whole-body images give the
activity in the body itself; absorbed doses follow, and no coefficients per administered activity.
"""

import numpy as np

from ..errors import Faults, InputError
from ..physics.bodyConstants import constantsOf, originOf
from ..physics.kinetics import selection
from ..physics.kinetics.curve import TimeActivityCurve
from ..physics.nuclides import nuclide
from ..physics.wholeBodyDose import wholeBodyDoseCoefficient
from .bloodAndMarrow import OWN_THERAPIES
from .bodyStatements import LONGEST_TIME_HOURS, WHOLE_BODY, required
from .case import Curve, Table, TherapyResult
from .inputs import Field, Kind, number, optionalNumber, refuseUnknown, registerKind, requireOrderedTimes, table
from .registry import Supplement, registerSupplement

BODY_ACTIVITY = "wholeBodyActivity"
KEY = f"measurements.{BODY_ACTIVITY}"
LARGEST_ACTIVITY_MBQ = 1e6
# The activity in the body cannot be above that administered by more than its calibration is wrong.
_LARGEST_EXCESS = 1.1
_MBQ_PER_GBQ = 1000.0
_LINE_POINTS = 161
_FIELDS = (
    Field("timeHours", "Time after the exposure (h)", isRequired=True),
    Field("activityMBq", "Activity in the body (MBq)", isRequired=True, tip="As present at that time"),
    Field("uncertaintyMBq", "Standard uncertainty (MBq)", tip="k = 1; calibration included"),
)


def check(value, where):
    """Rows of activities in the body, as present at their times, in the order of time."""
    rows = table(value, where, _checkRow)
    requireOrderedTimes(rows, where)
    stated = ["uncertaintyMBq" in row for row in rows]
    if any(stated) and not all(stated):
        raise InputError("Some activities have an uncertainty and others not",
                         f"{where}, row {stated.index(False) + 1}", "Give every uncertainty or none")
    return rows


def _checkRow(row, where):
    refuseUnknown(row, [field.name for field in _FIELDS], where)
    faults, found = Faults(), {}
    with faults.collect():
        found["timeHours"] = number(required(row, "timeHours", "time", where), "time (h)", where, low=0.0,
                                    isLowIncluded=False, high=LONGEST_TIME_HOURS,
                                    mend="Give hours after the exposure, not minutes or seconds")
    with faults.collect():
        found["activityMBq"] = number(required(row, "activityMBq", "activity in the body", where),
                                      "activity in the body (MBq)", where, low=0.0, isLowIncluded=False,
                                      high=LARGEST_ACTIVITY_MBQ, mend="Give MBq; kBq are thousandths of it")
    with faults.collect():
        spread = optionalNumber(row.get("uncertaintyMBq"), "uncertainty (MBq)", where, low=0.0, isLowIncluded=False,
                                high=found.get("activityMBq"), mend="Give a standard uncertainty (k = 1) in MBq")
        found |= {} if spread is None else {"uncertaintyMBq": spread}
    faults.raiseIfAny()
    return found


def evaluate(case):
    """Time-integrated activity and absorbed dose of the whole body.

    Parameters
    ----------
    case : TherapyCase

    Returns
    -------
    TherapyResult

    Raises
    ------
    InputError, FaultList
        Readings of a monitor beside them, more activity than was administered, or activities that are no curve.
    """
    rows = case.measurements[BODY_ACTIVITY]
    if case.measurements.get(WHOLE_BODY):
        raise InputError("The whole body is stated by readings of a monitor and by activities", KEY, "Give one of them")
    _refuseTooMuch(case, rows)
    chosen = nuclide(case.radionuclide)
    spreads = [row["uncertaintyMBq"] for row in rows] if "uncertaintyMBq" in rows[0] else None
    curve = TimeActivityCurve([row["timeHours"] for row in rows], [row["activityMBq"] for row in rows], spreads)
    warnings = []
    if curve.size == 1:
        fit = selection.fit(curve, chosen.decayConstantPerHour, selection.AUTO, chosen.halfLifeHours)
        warnings.append("Whole body: of a single measurement nothing is known of excretion. Physical decay alone is "
                        "taken: what left the body before is missed, and what leaves it after counts too much.")
    else:
        fit = selection.fit(curve, chosen.decayConstantPerHour)
    warnings += [f"Whole body: {text}" for text in fit.warnings]
    integral, spread = fit.timeIntegratedActivityMBqH, fit.timeIntegratedActivityUncertaintyMBqH
    dose, words, assumptions = _dose(case, chosen, integral, spread)
    given = case.administeredActivityMBq
    if given is None:
        warnings.append("Whole body: no administered activity is stated, so that nothing is stated per administered "
                        "activity.")
    values = {
        "wholeBodyTimeIntegratedActivityMBqH": integral, "wholeBodyTimeIntegratedActivityUncertaintyMBqH": spread,
        "wholeBodyTimeIntegratedActivityCoefficientH": None if given is None else integral / given,
        "wholeBodyEffectiveHalfLifeHours": fit.effectiveHalfLifeHours,
        "wholeBodyExtrapolatedFraction": fit.extrapolatedFraction, "wholeBodyModel": fit.model,
        "wholeBodyAbsorbedDoseGy": dose.totalGyPerGBq if dose else None,
        "wholeBodyAbsorbedDoseUncertaintyGy": dose.uncertaintyGyPerGBq if dose else None,
        "wholeBodyElectronAbsorbedDoseGy": dose.electronGyPerGBq if dose else None,
        "wholeBodyAbsorbedDoseCoefficientGyPerGBq":
            None if dose is None or None in (dose.totalGyPerGBq, given) else dose.totalGyPerGBq / given * _MBQ_PER_GBQ}
    return TherapyResult(
        values, tuple(warnings + words),
        ("Activities of the whole body are those present at their times, by a calibrated measurement.",
         f"Whole-body curve by: {fit.title}.", *(f"Whole body: {text}" for text in fit.assumptions), *assumptions),
        (Table("Activity in the whole body", ("Time (h)", "Activity (MBq)", "u, k = 1 (MBq)"),
               tuple((row["timeHours"], row["activityMBq"], row.get("uncertaintyMBq")) for row in rows)),),
        (_curve(rows, fit),))


def _refuseTooMuch(case, rows):
    given = case.administeredActivityMBq
    if (case.protocolId or "").partition(".")[0] in OWN_THERAPIES:
        raise InputError(f"Protocol {case.protocolId} takes the whole body by readings of a monitor", KEY,
                         "State measurements.wholeBody, or a study without a protocol")
    largest = max(row["activityMBq"] for row in rows)
    if given is not None and largest > _LARGEST_EXCESS * given:
        raise InputError(f"The body would hold {largest:g} MBq, more than the {given:g} MBq that were administered",
                         KEY, "Check both and their units")


def _dose(case, chosen, integral, spread):
    """Whole-body absorbed dose of the time-integrated activity; as of one GBq with its coefficient."""
    massKg = case.patient.get("massKg")
    if massKg is None:
        return None, ["The whole-body absorbed dose is not computed: the body mass is not stated."], []
    if chosen.progeny:
        return None, [f"The whole-body absorbed dose is not computed: where the radioactive progeny of {chosen.name} "
                      "decay is not seen from outside."], []
    dose = wholeBodyDoseCoefficient(integral / _MBQ_PER_GBQ, None if spread is None else spread / _MBQ_PER_GBQ, massKg,
                                    chosen)
    law = constantsOf("wholeBodySValue", chosen.name)
    if law is not None:
        return dose, [], [f"Whole-body S value {law['coefficient']:g} m^-{law['exponent']:g} Gy/(MBq h), m = "
                          f"{massKg:g} kg: {originOf(law)}."]
    if dose.totalGyPerGBq is None:
        return dose, [f"There is no whole-body S value of {chosen.name}: only the part of its electrons is computed. "
                      "With all photons absorbed in the body as well, it would be "
                      f"{dose.upperBoundGyPerGBq / dose.electronGyPerGBq:.3g} times as much."], []
    return dose, [], [f"The electrons of {chosen.name} stay in the body; it emits no photons to speak of."]


def _curve(rows, fit):
    times = np.linspace(0.0, 1.25 * rows[-1]["timeHours"], _LINE_POINTS)
    line = fit.activityMBq(times)
    return Curve("Whole body", "Time after the exposure (h)", "Activity in the body (MBq)",
                 tuple((row["timeHours"], row["activityMBq"]) for row in rows),
                 tuple((float(time), float(value)) for time, value in zip(times, line, strict=True)))


registerKind(Kind(KEY, "Activity in the whole body", check, _FIELDS, isTable=True))
registerSupplement(Supplement(BODY_ACTIVITY, (KEY,), evaluate))

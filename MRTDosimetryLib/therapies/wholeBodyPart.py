"""Whole body of a case: retention by the external monitor, time-integrated activity and absorbed dose."""

from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from ..physics.bodyConstants import constantsOf, originOf
from ..physics.nuclides import nuclide
from ..physics.wholeBody import Retention, WholeBodyIntegral, integrate, retention
from ..physics.wholeBodyDose import WholeBodyDose, wholeBodyDoseCoefficient, wholeBodySValue
from ..physics.wholeBodyModels import alternatives, modelUncertaintyH, totalUncertaintyH
from .bodyStatements import AFTER_VOIDING, BEFORE_VOIDING, MONITOR, WHOLE_BODY, readings
from .case import Curve, Table, TherapyResult

WHERE = f"measurements.{WHOLE_BODY}"
# A first reading within this time is taken as one before voiding; up to the second one with a warning.
_SURELY_FIRST_HOURS, _PERHAPS_FIRST_HOURS = 0.5, 4.0
# Half of the whole body's activity does not leave so fast, of a nuclide that lives longer, in a series so short: the
# times are days.
_SHORTEST_HALF_LIFE_HOURS, _SHORTEST_SERIES_HOURS, _LONG_LIVED_HOURS = 3.0, 15.0, 24.0
_LARGEST_EXTRAPOLATION = 0.20
_LARGEST_LOSS = 0.20
_LINE_POINTS = 161


@dataclass(frozen=True)
class WholeBody:
    """What was found; ``dose`` is ``None`` without body mass or where the nuclide's progeny forbid it."""

    retention: Retention
    integral: WholeBodyIntegral
    uncertaintyH: float | None
    dose: WholeBodyDose | None


def wholeBody(case):
    """Whole-body finding and its result for the report.

    Returns
    -------
    (WholeBody, TherapyResult)

    Raises
    ------
    InputError, FaultList
        Readings that cannot calibrate themselves, or times that are not hours.
    """
    chosen, monitor, given = nuclide(case.radionuclide), case.measurements.get(MONITOR) or {}, readings(case)
    rate = chosen.decayConstantPerHour
    warnings, assumptions = firstReadingWords(given[0].timeHours, monitor.get("firstReading"))
    kept = retention(given, rate, monitor.get("deadTimeMicroseconds") or 0.0,
                     monitor.get("deadTimeModel") or "paralyzable", monitor.get("relativeReproducibility"), WHERE)
    integral = integrate(kept, rate, monitor.get("tail") or "effective", monitor.get("tailReadings") or 2)
    _refuseDays(kept, integral, chosen)
    others = alternatives(kept, rate)
    modelH, modelWords = modelUncertaintyH(integral, others)
    uncertainty = totalUncertaintyH(integral, modelH)
    warnings += [*integral.warnings, *_warningsOfReadings(kept, integral)]
    assumptions += [*integral.assumptions, *_assumptionsOfReadings(kept), modelWords]
    if uncertainty is None:
        warnings.append("The uncertainty of the whole body is not computed: the counting times of the readings are not "
                        "stated.")
    dose, doseWords, doseAssumptions = _dose(case, integral, uncertainty, chosen)
    found = WholeBody(kept, integral, uncertainty, dose)
    return found, TherapyResult(
        values=_values(case, found, chosen), warnings=tuple(warnings + doseWords),
        assumptions=tuple(assumptions + doseAssumptions),
        tables=(_readingTable(kept), _phaseTable(integral), _alternativeTable(integral, uncertainty, others)),
        curves=(_curve(kept, integral),))


def firstReadingWords(timeHours, statement):
    """Warnings and assumptions on the reading that calibrates all others; refused where it cannot."""
    place = f"{WHERE}, row 1"
    if statement == AFTER_VOIDING:
        raise InputError("The first reading was taken after the patient had voided, so that it cannot stand for the "
                         "administered activity", place, "Only a first reading before voiding calibrates the others")
    if statement == BEFORE_VOIDING:
        words = [] if timeHours <= _PERHAPS_FIRST_HOURS else [
            f"The first reading, stated as before voiding, is at {timeHours:g} h."]
        return words, ["The first reading, stated as before voiding, stands for the whole administered activity."]
    if timeHours > _PERHAPS_FIRST_HOURS:
        raise InputError(f"The first reading is at {timeHours:g} h, and it is not stated that the patient had not "
                         "voided", place, f"State measurements.{MONITOR}.firstReading, or give the reading right after "
                         "administration")
    words = [] if timeHours <= _SURELY_FIRST_HOURS else [
        f"The first reading is at {timeHours:g} h. If the patient had voided before it, all retained fractions, and "
        "the absorbed dose with them, are too high."]
    return words, ["The first reading is taken as one before voiding: it stands for the whole administered activity."]


def _refuseDays(kept, integral, chosen):
    last = kept.timesHours[-1]
    if (chosen.halfLifeHours > _LONG_LIVED_HOURS and last < _SHORTEST_SERIES_HOURS
            and integral.tailEffectiveHalfLifeHours < _SHORTEST_HALF_LIFE_HOURS):
        raise InputError(f"The last reading is at {last:g} h, with an effective half-life of "
                         f"{integral.tailEffectiveHalfLifeHours:.2g} h: no whole body loses {chosen.name} so fast",
                         WHERE, "The times look like days; give hours after administration")


def _warningsOfReadings(kept, integral):
    words, last = [], kept.timesHours[-1]
    if kept.isSingleView:
        words.append("Single view: the posterior readings are missing, and a shift of activity within the body counts "
                     "as a change of the whole.")
    if last < 24.0:
        words.append(f"The last reading is at {last:g} h: give the times in hours, and later readings.")
    if integral.extrapolatedFraction > _LARGEST_EXTRAPOLATION:
        words.append(f"{integral.extrapolatedFraction:.0%} of the whole-body time-integrated activity lies after the "
                     f"last reading, more than {_LARGEST_EXTRAPOLATION:.0%}.")
    if kept.largestLossFraction > _LARGEST_LOSS:
        words.append(f"Dead time took up to {kept.largestLossFraction:.0%} of the counts, more than "
                     f"{_LARGEST_LOSS:.0%}: the correction rests on the stated dead time.")
    return words


def _assumptionsOfReadings(kept):
    words = ["All readings are at the same distance and posture, the later ones after voiding."]
    if not kept.isSingleView:
        words.append("The geometric mean of anterior and posterior net count rates follows the activity in the body.")
    if kept.largestLossFraction == 0:
        words.append("Count rates are taken as free of dead time.")
    if kept.covariance is not None and not kept.hasReproducibility:
        words.append("The uncertainty of a reading is that of counting statistics; reproducibility of posture and "
                     "distance is not stated.")
    return words


def _dose(case, integral, uncertainty, chosen):
    """Absorbed dose coefficient, warnings and assumptions."""
    massKg = case.patient.get("massKg")
    if massKg is None:
        return None, ["The whole-body absorbed dose is not computed: the body mass is not stated."], []
    if chosen.progeny:
        return None, [f"The whole-body absorbed dose is not computed: where the radioactive progeny of {chosen.name} "
                      f"({chosen.progeny}) decay is not seen from outside."], []
    dose = wholeBodyDoseCoefficient(integral.timeIntegratedActivityCoefficientH, uncertainty, massKg, chosen)
    law = constantsOf("wholeBodySValue", chosen.name)
    if law is not None:
        return dose, [], [f"Whole-body S value {law['coefficient']:g} m^-{law['exponent']:g} Gy/(MBq h), m = "
                          f"{massKg:g} kg: {originOf(law)}. Its own uncertainty is not known and not part of that of "
                          "the absorbed dose."]
    if dose.totalGyPerGBq is None:
        return dose, [f"There is no whole-body S value of {chosen.name}: only the part of its electrons is computed. "
                      "With all photons absorbed in the body as well, it would be "
                      f"{dose.upperBoundGyPerGBq / dose.electronGyPerGBq:.3g} times as much."], []
    return dose, [], [f"The electrons of {chosen.name} stay in the body; it emits no photons to speak of."]


def _values(case, found, chosen):
    integral, dose, activity = found.integral, found.dose, case.administeredActivityGBq
    values = {
        "wholeBodyTimeIntegratedActivityCoefficientH": integral.timeIntegratedActivityCoefficientH,
        "wholeBodyTimeIntegratedActivityCoefficientUncertaintyH": found.uncertaintyH,
        "wholeBodyEffectiveHalfLifeHours": integral.tailEffectiveHalfLifeHours,
        "wholeBodyExtrapolatedFraction": integral.extrapolatedFraction,
        "wholeBodyTail": integral.tail,
        "wholeBodyTailEffectiveH": integral.tailEffectiveH,
        "wholeBodyTailPhysicalH": integral.tailPhysicalH,
        "wholeBodyAbsorbedDoseCoefficientGyPerGBq": None if dose is None else dose.totalGyPerGBq,
        "wholeBodyAbsorbedDoseGy": _times(None if dose is None else dose.totalGyPerGBq, activity),
        # the coefficient is one of fractions: with the activity comes its own uncertainty
        "wholeBodyAbsorbedDoseUncertaintyGy": _times(None if dose is None else case.withActivityUncertainty(
            dose.uncertaintyGyPerGBq, dose.totalGyPerGBq), activity),
    }
    if dose is not None and constantsOf("wholeBodySValue", chosen.name) is not None:
        values["wholeBodySValueGyPerMBqH"] = wholeBodySValue(case.patient["massKg"], chosen)
    if dose is not None:
        values["wholeBodyElectronAbsorbedDoseCoefficientGyPerGBq"] = dose.electronGyPerGBq
    return values


def _times(value, factor):
    return None if value is None or factor is None else value * factor


def _readingTable(kept):
    errors = [None] * kept.timesHours.size if kept.relativeErrors is None else kept.relativeErrors
    return Table("Whole-body retention",
                 ("Time (h)", "Retained fraction", "Standard uncertainty of the reading (%)"),
                 tuple((float(time), float(fraction), None if error is None else 100.0 * float(error))
                       for time, fraction, error in zip(kept.timesHours, kept.fractions, errors, strict=True)))


def _phaseTable(integral):
    rows = [(f"{phase.fromHours:g} to {phase.toHours:g}", phase.effectiveHalfLifeHours, phase.areaH)
            for phase in integral.phases]
    rows.append((f"after {integral.phases[-1].toHours:g} ({integral.tail})", integral.tailEffectiveHalfLifeHours,
                 integral.tailH))
    return Table("Phases of the whole-body retention",
                 ("Time (h)", "Effective half-life (h)", "Time-integrated activity coefficient (h)"), tuple(rows))


def _alternativeTable(integral, uncertainty, others):
    rows = [("Phases between readings, as used", integral.timeIntegratedActivityCoefficientH, uncertainty,
             100.0 * integral.extrapolatedFraction, "")]
    if integral.tailEffectiveH is not None:
        total = integral.betweenH + integral.tailEffectiveH
        rows.append(("Phases, exponential through the last readings as tail", total, None,
                     100.0 * integral.tailEffectiveH / total, ""))
    total = integral.betweenH + integral.tailPhysicalH
    rows.append(("Phases, physical decay as tail (upper bound)", total, None, 100.0 * integral.tailPhysicalH / total,
                 ""))
    rows += [(item.title, item.timeIntegratedActivityCoefficientH, item.uncertaintyH,
              None if item.extrapolatedFraction is None else 100.0 * item.extrapolatedFraction, item.reason)
             for item in others]
    return Table("Ways to the whole-body time-integrated activity coefficient",
                 ("Way", "Coefficient (h)", "Standard uncertainty (h)", "Extrapolated (%)", "Remark"), tuple(rows))


def _curve(kept, integral):
    times = np.linspace(0.0, 1.25 * kept.timesHours[-1], _LINE_POINTS)
    logs = np.log(kept.fractions)
    line = np.exp(np.interp(times, kept.timesHours, logs))
    after = times > kept.timesHours[-1]
    line[after] = kept.fractions[-1] * np.exp2(
        -(times[after] - kept.timesHours[-1]) / integral.tailEffectiveHalfLifeHours)
    before = times < kept.timesHours[0]
    # physical decay from 1 at the administration to the first reading
    if before.any():
        line[before] = kept.fractions[0] ** (times[before] / kept.timesHours[0])
    return Curve("Whole-body retention", "Time after administration (h)", "Fraction of the administered activity",
                 tuple((float(time), float(value))
                       for time, value in zip(kept.timesHours, kept.fractions, strict=True)),
                 tuple((float(time), float(value)) for time, value in zip(times, line, strict=True)))

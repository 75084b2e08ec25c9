"""Blood of a case: samples or gamma counter, time-integrated activity per mL, absorbed dose and largest activity."""

import math
from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from ..physics import blood
from ..physics.bodyConstants import constants, constantsOf, originOf, sourceWords
from ..physics.counting import LARGEST_LOSS, concentrationMBqPerML, netRate, sensitivity
from ..physics.kinetics.curve import TimeActivityCurve
from ..physics.nuclides import nuclide
from . import counterCalibration
from .bloodStatements import BLOOD, COUNTER, SAMPLES
from .case import Curve, Table, TherapyResult

WHERE = f"measurements.{BLOOD}"
LIMIT_TISSUE, LIMIT_QUANTITY = "blood", "absorbedDose"
# Blood is never less than this share of the body: more activity in it than was given is a wrong unit.
_LEAST_BLOOD_ML_PER_KG = 50.0
# Nor does it hold less than this share of a substance given so few hours before.
_LEAST_SHARE, _EARLY_HOURS = 1e-4, 6.0
_VOLUME_TOLERANCE = 0.10
_MBQ_PER_MCI = 37.0
_LINE_POINTS = 161


@dataclass(frozen=True)
class Concentrations:
    """Activity concentrations of blood at the draws; ``commonRelative``: uncertainty common to all of them."""

    timesHours: tuple
    valuesMBqPerML: tuple
    uncertaintiesMBqPerML: tuple | None
    commonRelative: float | None
    warnings: tuple = ()
    assumptions: tuple = ()
    tables: tuple = ()


@dataclass(frozen=True)
class Blood:
    """What was found: time-integrated activity coefficient per mL of blood in h/mL, and the fit."""

    coefficientH: float
    uncertaintyH: float | None
    dose: blood.BloodDose | None


def isStated(case):
    """Whether there are blood measurements."""
    return bool(case.measurements.get(BLOOD) or case.measurements.get(COUNTER))


def concentrations(case):
    """Blood activity concentrations of a case, as stated or by the gamma counter.

    Raises
    ------
    InputError
        Both stated, no samples, or counts not above background.
    """
    rows, counter = case.measurements.get(BLOOD), case.measurements.get(COUNTER)
    if rows and counter:
        raise InputError("Blood is stated twice: as activity concentrations and as counts", WHERE, "Give one of them")
    if rows:
        spreads = tuple(row["uncertaintyMBqPerML"] for row in rows) if "uncertaintyMBqPerML" in rows[0] else None
        return Concentrations(tuple(row["timeHours"] for row in rows), tuple(row["activityMBqPerML"] for row in rows),
                              spreads, 0.0)
    return _counted(case, counter, case.measurements.get(SAMPLES), nuclide(case.radionuclide))


def _counted(case, counter, samples, chosen):
    place = f"measurements.{COUNTER}"
    if counter.get("samples") and samples:
        raise InputError("The samples of the gamma counter are stated twice", place,
                         f"Leave measurements.{SAMPLES} out")
    samples = counter.get("samples") or samples
    if not samples:
        raise InputError("The gamma counter has no samples", place, f"Give samples, or measurements.{SAMPLES}")
    background, calibration = counter["background"], counterCalibration.calibrationOf(counter)
    dead = _deadTime(counter, calibration)

    def rateOf(row, where):
        return netRate(row["counts"], row["countingSeconds"], background["counts"], background["countingSeconds"],
                       *dead, where=where)

    eps, net, words = _sensitivity(case, counter, calibration, rateOf, place, samples[-1]["countedAtHours"])
    values, spreads, rows, warnings = [], [], [], list(words)
    for position, row in enumerate(samples, 1):
        where = f"{place}, sample {position}"
        rate = rateOf(row, where)
        value, spread = concentrationMBqPerML(rate, eps, row["volumeML"], chosen.halfLifeHours,
                                              row["countedAtHours"] - row["timeHours"], where)
        values.append(value)
        spreads.append(spread)
        rows.append((row["timeHours"], row["countedAtHours"], rate.rateCps, 100.0 * rate.lossFraction, value, spread))
        warnings += _sampleWarnings(position, row, rate, eps)
    if net is not None and net.lossFraction > LARGEST_LOSS:
        warnings.append(f"Dead time took {net.lossFraction:.1%} of the standard's counts, more than "
                        f"{LARGEST_LOSS:.0%}.")
    if eps.relativeUncertainty is None and calibration is None:
        warnings.append("The uncertainty of the standard's activity is not stated, so that those of blood and marrow "
                        "are not computed.")
    table = Table("Blood samples in the gamma counter",
                  ("Draw (h)", "Counted (h)", "Net count rate (1/s)", "Lost by dead time (%)",
                   "Activity concentration (MBq/mL)", "Standard uncertainty (MBq/mL)"), tuple(rows))
    told = counterCalibration.assumption(calibration) if calibration is not None else \
        (f"Sensitivity of the gamma counter {eps.cpsPerBq:.4g} counts per second and Bq, of a standard of the same "
         "nuclide, geometry and energy window.")
    # Without the standard's uncertainty the common part is not known: None keeps the absorbed dose from stating one.
    return Concentrations(tuple(row["timeHours"] for row in samples), tuple(values), tuple(spreads),
                          eps.relativeUncertainty, tuple(warnings),
                          (f"{told.rstrip('.')}; decay between draw and counting is corrected.",), (table,))


def _deadTime(counter, calibration):
    """Dead time and its model: as stated, else as the calibration has it."""
    if counter.get("deadTimeMicroseconds") is not None or calibration is None:
        return counter.get("deadTimeMicroseconds") or 0.0, counter.get("deadTimeModel") or "paralyzable"
    return calibration.deadTimeMicroseconds or 0.0, calibration.deadTimeModel or "paralyzable"


def _sensitivity(case, counter, calibration, rateOf, place, lastHours):
    """Sensitivity by the standard that was counted along, with its net rate, or by a calibration; and warnings."""
    if calibration is None:
        standard = counter["standard"]
        net = rateOf(standard, f"{place}, standard")
        return sensitivity(net, standard["activityKBq"], standard.get("relativeUncertainty"), standard.get("volumeML"),
                           f"{place}, standard"), net, []
    counterCalibration.requireNuclide(calibration, case.radionuclide, place)
    day = counterCalibration.dayAfter(case.administrationDateTime, lastHours)
    return calibration.sensitivity, None, counterCalibration.doubts(calibration, counter.get("counterName"), day)


def _sampleWarnings(position, row, rate, eps):
    words = []
    if not rate.isAboveDecisionThreshold:
        words.append(f"Blood sample {position} ({row['timeHours']:g} h) cannot be told from background (decision "
                     f"threshold {rate.decisionThresholdCps:.3g} counts per second).")
    if rate.lossFraction > LARGEST_LOSS:
        words.append(f"Dead time took {rate.lossFraction:.1%} of the counts of blood sample {position} "
                     f"({row['timeHours']:g} h), more than {LARGEST_LOSS:.0%}: count it again after it has decayed.")
    if eps.volumeML is not None and abs(row["volumeML"] / eps.volumeML - 1.0) > _VOLUME_TOLERANCE:
        words.append(f"Blood sample {position} ({row['volumeML']:g} mL) differs in volume from the standard "
                     f"({eps.volumeML:g} mL): its sensitivity is not that of the standard.")
    return words


def bloodPart(case, body=None, limitGy=None, limitSource=""):
    """Blood finding and its result for the report.

    Parameters
    ----------
    case : TherapyCase
    body : WholeBody or None
        Of the same case.
    limitGy : float or None
        Limit of the absorbed dose of blood; ``None``: no largest activity.
    limitSource : str

    Returns
    -------
    (Blood, TherapyResult)
    """
    if case.administeredActivityMBq is None:
        raise InputError("Blood samples need the administered activity: they are activities of it", WHERE,
                         "Give administration.activityMBq")
    chosen, measured = nuclide(case.radionuclide), concentrations(case)
    warnings = [*measured.warnings, *_checkAmounts(case, measured)]
    curve = TimeActivityCurve(measured.timesHours, measured.valuesMBqPerML, measured.uncertaintiesMBqPerML)
    fit = blood.bloodKinetics(curve, chosen.decayConstantPerHour)
    coefficient = fit.timeIntegratedActivityMBqH / case.administeredActivityMBq
    uncertainty = None
    if fit.timeIntegratedActivityUncertaintyMBqH is not None and measured.commonRelative is not None:
        uncertainty = coefficient * math.hypot(
            fit.timeIntegratedActivityUncertaintyMBqH / fit.timeIntegratedActivityMBqH, measured.commonRelative)
    warnings += [f"Blood: {text}" for text in fit.warnings]
    if max(measured.timesHours) < 24.0:
        warnings.append(f"The last blood sample is at {max(measured.timesHours):g} h: give the times in hours, and "
                        "later samples.")
    assumptions = [*measured.assumptions, *(f"Blood: {text}" for text in fit.assumptions),
                   f"Blood curve by: {fit.title}. The samples are whole blood, activities as present at the draw."]
    dose, doseWords, doseAssumptions = _dose(case, chosen, coefficient, uncertainty, body)
    found = Blood(coefficient, uncertainty, dose)
    values, limitAssumptions = _values(case, found, fit, limitGy, limitSource)
    return found, TherapyResult(
        values, tuple(warnings + doseWords), tuple(assumptions + doseAssumptions + limitAssumptions),
        (*measured.tables, _sampleTable(measured, fit, case)), (_curve(measured, fit),))


def _checkAmounts(case, measured):
    """Refuse more activity in blood than was given; flag next to none."""
    massKg, first = case.patient.get("massKg"), measured.valuesMBqPerML[0]
    volume = case.patient.get("bloodVolumeML") or (None if massKg is None else _LEAST_BLOOD_ML_PER_KG * massKg)
    if volume is None:
        return []
    largest, activity = max(measured.valuesMBqPerML), case.administeredActivityMBq
    if largest * volume > activity:
        hint = f" Read as mCi it would be {_MBQ_PER_MCI * activity:g} MBq." \
            if largest * volume <= _MBQ_PER_MCI * activity else ""
        raise InputError(f"The blood ({volume:.0f} mL or more) would hold {largest * volume:.4g} MBq, more than the "
                         f"{activity:g} MBq that were administered.{hint}", WHERE,
                         "Check the administered activity (MBq, not mCi or GBq) and the samples (MBq/mL, not kBq/mL)")
    if first * volume < _LEAST_SHARE * activity and measured.timesHours[0] <= _EARLY_HOURS:
        return [f"The blood holds only {first * volume / activity:.1g} of the administered activity at "
                f"{measured.timesHours[0]:g} h. Check the units: samples in MBq/mL, activity in MBq."]
    return []


def _dose(case, chosen, coefficient, uncertainty, body):
    law, massKg = constantsOf("bloodAbsorbedDose", chosen.name), case.patient.get("massKg")
    if law is None and chosen.progeny:
        return None, [f"The absorbed dose of blood is not computed: the radioactive progeny of {chosen.name} "
                      f"({chosen.progeny}) move on their own."], []
    if law is None:
        dose = blood.bloodDose(coefficient, uncertainty, None, None, None, chosen)
        density = constants("bloodDensity")
        return dose, [f"The absorbed dose of blood holds the electrons of {chosen.name} in blood alone; the photons of "
                      f"the body ({chosen.photonEnergyMeV:.3g} MeV per decay) are not computed."], [
            f"Electrons are deposited in blood of {density['value']:g} g/mL ({originOf(density)})."]
    if body is None or massKg is None:
        lacking = " and ".join(name for name, value in (("the whole-body readings", body), ("the body mass", massKg))
                               if value is None)
        return None, [f"The absorbed dose of blood is not computed: it needs {lacking}."], []
    dose = blood.bloodDose(coefficient, uncertainty, body.integral.timeIntegratedActivityCoefficientH,
                           body.uncertaintyH, massKg, chosen)
    return dose, [], [f"Absorbed dose of blood = {law['perBloodCoefficient']:g} Gy mL/(GBq h) x coefficient of blood + "
                      f"{law['perWholeBodyCoefficient']:g} Gy kg^(2/3)/(GBq h) / mass^(2/3) x coefficient of the whole "
                      f"body: {originOf(law)}."]


def _values(case, found, fit, limitGy, limitSource):
    values = {"bloodTimeIntegratedActivityCoefficientHPerML": found.coefficientH,
              "bloodTimeIntegratedActivityCoefficientUncertaintyHPerML": case.withActivityUncertainty(
                  found.uncertaintyH, found.coefficientH),
              "bloodEffectiveHalfLifeHours": fit.effectiveHalfLifeHours,
              "bloodExtrapolatedFraction": fit.extrapolatedFraction, "bloodModel": fit.model}
    doseValues, assumptions = doseValuesOf(case, found.dose, limitGy, limitSource, isBySamples=True)
    return values | doseValues, assumptions


def doseValuesOf(case, dose, limitGy, limitSource, isBySamples=False):
    """Values of the absorbed dose of blood and the largest activity, and the words on the limit.

    Parameters
    ----------
    isBySamples : bool
        Whether the activity in blood was measured, so that its part of the absorbed dose does not go with the
        administered activity; all that comes from readings of the body does.

    Returns
    -------
    (dict, list of str)
    """
    coefficient = None if dose is None else dose.coefficientGyPerGBq
    spread = total = None
    if dose is not None:
        measured = dose.bloodTermGyPerGBq if isBySamples else 0.0
        spread = case.withActivityUncertainty(dose.uncertaintyGyPerGBq, measured)
        total = case.withActivityUncertainty(dose.uncertaintyGyPerGBq, coefficient - measured)
    given, prescribed = case.administeredActivityGBq, case.prescribedActivityMBq
    values = {"bloodAbsorbedDoseCoefficientGyPerGBq": coefficient,
              "bloodAbsorbedDoseCoefficientUncertaintyGyPerGBq": spread,
              "bloodAbsorbedDoseGy": _times(coefficient, given),
              "bloodAbsorbedDoseUncertaintyGy": _times(total, given)}
    if prescribed is not None:
        values["bloodAbsorbedDoseOfPrescribedActivityGy"] = _times(coefficient, prescribed / 1000.0)
    if limitGy is None:
        return values, []
    found = (None, None, None) if coefficient is None else blood.maximumActivity(coefficient, spread, limitGy)
    values |= {"bloodAbsorbedDoseLimitGy": limitGy, "maximumActivityGBq": found[0],
               "maximumActivityUncertaintyGBq": found[1], "maximumActivityAt95PercentGBq": found[2]}
    return values, [f"Limit of the absorbed dose of blood {limitGy:g} Gy ({limitSource}); earlier administrations are "
                    "not counted. The activity at 95 % stays below the limit with that probability."]


def bloodLimit(case, therapy=None):
    """Limit of the absorbed dose of blood in Gy and where it comes from; (``None``, "") for none.

    A limit of the prescription (tissue blood, absorbed dose) comes before that of the therapy.
    """
    for limit in case.prescription.get("limits") or []:
        if limit.get("tissue") == LIMIT_TISSUE and limit.get("quantity") == LIMIT_QUANTITY:
            return limit["valueGy"], limit.get("source") or "as prescribed"
    for limit in () if therapy is None else therapy.limitsFor(LIMIT_TISSUE):
        return limit.value, sourceWords(limit.source, limit.isVerified)
    return None, ""


def _times(value, factor):
    return None if value is None or factor is None else value * factor


def _sampleTable(measured, fit, case):
    fitted = fit.activityMBq(np.array(measured.timesHours))
    spreads = measured.uncertaintiesMBqPerML or (None,) * len(measured.timesHours)
    return Table("Activity concentration of blood",
                 ("Time (h)", "Concentration (MBq/mL)", "Standard uncertainty (MBq/mL)", "Fitted (MBq/mL)",
                  "Per administered activity (%/L)"),
                 tuple((time, value, spread, float(line), 1e5 * value / case.administeredActivityMBq)
                       for time, value, spread, line in zip(measured.timesHours, measured.valuesMBqPerML, spreads,
                                                            fitted, strict=True)))


def _curve(measured, fit):
    times = np.linspace(0.0, 1.25 * measured.timesHours[-1], _LINE_POINTS)
    return Curve("Blood", "Time after administration (h)", "Activity concentration (MBq/mL)",
                 tuple(zip(measured.timesHours, measured.valuesMBqPerML, strict=True)),
                 tuple(zip(times.tolist(), fit.activityMBq(times).tolist(), strict=True)))

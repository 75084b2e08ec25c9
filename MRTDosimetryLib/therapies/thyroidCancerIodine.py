"""131I for differentiated thyroid cancer: absorbed dose of blood, and the activity that its limit allows.

By blood samples and whole-body readings (Lassmann et al., Eur J Nucl Med Mol Imaging 2008;35:1405-1412), or by a single
whole-body reading on day 1 or 2 (Hänscheid et al., Endocr Relat Cancer 2009;16:1283-1289).
"""

import numpy as np

from ..errors import InputError
from ..numberText import plusMinus, significant
from ..physics import blood
from ..physics.bodyConstants import constants, constantsOf, originOf
from ..physics.nuclides import nuclide
from ..physics.wholeBody import retention
from . import cohorts, prescription  # noqa: F401 - which register the kinds of their statements
from .bloodAndMarrow import BLOOD_COEFFICIENT, WHOLE_BODY_H, cohortValues, parts
from .bloodPart import bloodLimit, doseValuesOf, isStated
from .bloodStatements import BLOOD, COUNTER, S_VALUES, SAMPLES
from .bodyStatements import MONITOR, WHOLE_BODY, readings
from .case import Curve, Table, TherapyResult
from .registry import Strategy, Therapy, registerTherapy
from .wholeBodyPart import WHERE, firstReadingWords

BLOOD_DOSE, SINGLE_POINT = "bloodDose", "wholeBodySinglePoint"
BODY_STATEMENTS = ("patient", f"measurements.{WHOLE_BODY}", f"measurements.{MONITOR}")
BLOOD_STATEMENTS = (f"measurements.{BLOOD}", f"measurements.{COUNTER}", f"measurements.{SAMPLES}",
                    f"measurements.{S_VALUES}")
LAST_STATEMENTS = ("prescription", f"measurements.{cohorts.CONFIRMATION}")
# Therapeutic activities; what is below the least and in mCi would be one of them may be in mCi.
_MBQ_PER_MCI, _LEAST_THERAPY_MBQ, _LARGEST_THERAPY_MBQ = 37.0, 1000.0, 15000.0
_LEAST_TRACER_MBQ = 27.0


def missingBloodDose(case):
    """What the user still has to give for blood samples and whole-body readings, in the user's words."""
    words = _missingOfBoth(case)
    if case.administeredActivityMBq is None:
        words.append("State the administered activity: the blood samples are activities of it")
    if not isStated(case):
        words.append("State the blood samples, as activity concentrations or as counts of a gamma counter")
    return words


def missingSinglePoint(case):
    """What the user still has to give for a single whole-body reading, in the user's words."""
    words = _missingOfBoth(case)
    if "bloodVolumeML" not in case.patient and not {"sex", "heightCm"} <= set(case.patient):
        words.append("State the blood volume, or sex and height to estimate it")
    return words


def _missingOfBoth(case):
    words = []
    if case.patient.get("massKg") is None:
        words.append("State the body mass of the patient")
    if not case.measurements.get(WHOLE_BODY):
        words.append("State the whole-body readings, the first one before the patient voids")
    return words


def _require(lacking, strategy):
    if lacking:
        raise InputError(lacking[0], f"protocol thyroidCancerIodine.{strategy}", "; ".join(lacking[1:]))


def evaluateBloodDose(case):
    """Absorbed dose of blood and marrow by samples and whole body, and the largest activity for the limit."""
    _require(missingBloodDose(case), BLOOD_DOSE)
    result = parts(case, *bloodLimit(case, THERAPY))
    return result.joinedWith(TherapyResult({}, recommendation=_recommendation(result.values))).joinedWith(
        cohorts.evaluate(case, cohortValues(result.values, (WHOLE_BODY_H, BLOOD_COEFFICIENT))))


def evaluateSinglePoint(case):
    """Absorbed dose of blood by one whole-body reading of day 1 or 2, and the largest activity for the limit."""
    _require(missingSinglePoint(case), SINGLE_POINT)
    chosen, monitor, given = nuclide(case.radionuclide), case.measurements.get(MONITOR) or {}, readings(case)
    warnings, assumptions = firstReadingWords(given[0].timeHours, monitor.get("firstReading"))
    kept = retention(given, chosen.decayConstantPerHour, monitor.get("deadTimeMicroseconds") or 0.0,
                     monitor.get("deadTimeModel") or "paralyzable", monitor.get("relativeReproducibility"), WHERE)
    index = _chosenReading(kept)
    time, fraction = float(kept.timesHours[index]), float(kept.fractions[index])
    spread = None if kept.covariance is None else float(np.sqrt(kept.covariance[index, index]))
    volumeML, volumeWords = _bloodVolume(case)
    dose, wholeBodyH, halfLife = blood.singlePointBloodDose(time, fraction, spread, case.patient["massKg"], volumeML,
                                                            chosen)
    method = constants("singlePoint")
    warnings += [*_timeWarnings(kept, time, method), *_unitWarnings(case)]
    if kept.isSingleView:
        warnings.append("Single view: the posterior readings are missing.")
    if spread is None:
        warnings.append("The uncertainty is that of the method alone: the counting times of the readings are not "
                        "stated.")
    assumptions += [
        f"The whole-body activity follows one exponential, and {method['bloodShare']:.0%} of its time integral is in "
        f"blood: {originOf(method)}. The method deviates from blood samples by {method['meanAbsoluteDeviation']:.0%} "
        "on average, which the uncertainty holds.",
        f"Constants: {originOf(constantsOf('bloodAbsorbedDose', chosen.name))}.",
        volumeWords]
    values, limitWords = doseValuesOf(case, dose, *bloodLimit(case, THERAPY))
    values = {"wholeBodyRetainedFraction": fraction, "wholeBodyRetainedFractionTimeHours": time,
              "wholeBodyTimeIntegratedActivityCoefficientH": wholeBodyH, "wholeBodyEffectiveHalfLifeHours": halfLife,
              "bloodVolumeML": volumeML, **values}
    return TherapyResult(values, tuple(warnings), tuple(assumptions + limitWords),
                         (_singlePointTable(kept, index, case, volumeML, chosen),), (_curve(kept, halfLife),),
                         recommendation=_recommendation(values)).joinedWith(
        cohorts.evaluate(case, cohortValues(values, (WHOLE_BODY_H,))))


def _chosenReading(kept):
    """Index of the reading nearest to the wanted time; the first one calibrates and is none of them."""
    wanted = constants("singlePoint")["wantedHours"]
    return 1 + int(np.argmin(np.abs(kept.timesHours[1:] - wanted)))


def _timeWarnings(kept, time, method):
    words = []
    if not method["earliestHours"] <= time <= method["latestHours"]:
        words.append(f"The reading at {time:g} h is not one of day 1 or 2 after administration, for which the method "
                     "was tested: its deviation may be larger. Check that the times are hours.")
    if kept.timesHours.size > 2:
        words.append(f"{kept.timesHours.size - 1} later readings are given; the one at {time:g} h is used. The table "
                     "shows what the others would give.")
    return words


def _unitWarnings(case):
    activity = case.administeredActivityMBq
    if activity is None or not _LEAST_TRACER_MBQ <= activity < _LEAST_THERAPY_MBQ:
        return []
    if not _LEAST_THERAPY_MBQ <= activity * _MBQ_PER_MCI <= _LARGEST_THERAPY_MBQ:
        return []
    return [f"The administered activity of {activity:g} MBq is one of a tracer. If it is in mCi, it is "
            f"{activity * _MBQ_PER_MCI:g} MBq, and the absorbed dose of blood is {_MBQ_PER_MCI:g} times as much."]


def _bloodVolume(case):
    if "bloodVolumeML" in case.patient:
        return case.patient["bloodVolumeML"], f"Blood volume {case.patient['bloodVolumeML']:g} mL as stated."
    volume = blood.bloodVolumeML(case.patient["sex"], case.patient["heightCm"], case.patient["massKg"],
                                 case.patient.get("ageYears"))
    return volume, (f"Blood volume {volume:.0f} mL estimated from sex, height and mass: "
                    f"{originOf(constants('bloodVolume'))}.")


def _recommendation(values):
    activity, spread = values["maximumActivityGBq"], values["maximumActivityUncertaintyGBq"]
    if activity is None:
        return ""
    words = f"{significant(activity)} GBq" if spread is None else (
        f"{plusMinus(activity, spread)} GBq (k = 1); {significant(values['maximumActivityAt95PercentGBq'])} GBq stay "
        "below with a probability of 95 %")
    return (f"The absorbed dose of blood reaches {values['bloodAbsorbedDoseLimitGy']:g} Gy with {words}, the kinetics "
            "being those measured.")


def _singlePointTable(kept, used, case, volumeML, chosen):
    rows = []
    for index in range(1, kept.timesHours.size):
        time, fraction = float(kept.timesHours[index]), float(kept.fractions[index])
        try:
            dose, wholeBodyH, _halfLife = blood.singlePointBloodDose(time, fraction, None, case.patient["massKg"],
                                                                     volumeML, chosen)
        except InputError as error:
            rows.append((time, fraction, None, None, error.what))
            continue
        rows.append((time, fraction, wholeBodyH, dose.coefficientGyPerGBq, "used" if index == used else ""))
    return Table("Blood by single whole-body readings",
                 ("Time (h)", "Retained fraction", "Whole-body time-integrated activity coefficient (h)",
                  "Absorbed dose of blood (Gy/GBq)", "Remark"), tuple(rows))


def _curve(kept, halfLife):
    times = np.linspace(0.0, 1.25 * float(kept.timesHours[-1]), 161)
    return Curve("Whole-body retention", "Time after administration (h)", "Fraction of the administered activity",
                 tuple(zip(kept.timesHours.tolist(), kept.fractions.tolist(), strict=True)),
                 tuple(zip(times.tolist(), np.exp2(-times / halfLife).tolist(), strict=True)))


THERAPY = Therapy(
    id="thyroidCancerIodine",
    title="131I, differentiated thyroid cancer",
    radionuclides=("I-131",),
    strategies=(
        Strategy(BLOOD_DOSE, "Blood samples and whole-body readings", minimumTimePoints=0, defaultModel=None,
                 statements=(*BODY_STATEMENTS, *BLOOD_STATEMENTS, *LAST_STATEMENTS), missing=missingBloodDose,
                 evaluate=evaluateBloodDose, usesImages=False),
        Strategy(SINGLE_POINT, "A single whole-body reading", minimumTimePoints=0, defaultModel=None,
                 statements=(*BODY_STATEMENTS, *LAST_STATEMENTS), missing=missingSinglePoint,
                 evaluate=evaluateSinglePoint, usesImages=False),
    ),
    tissuesWanted=(),
)

registerTherapy(THERAPY)

"""What is stated of a thyroid probe or camera for all countings: standard, tracer, dead time, or its calibration."""

import datetime

from ..errors import Faults, InputError
from ..physics.deadTime import MODELS
from . import counterCalibration
from .inputs import Field, Kind, number, refuseUnknown, registerKind
from .thyroidStatements import (
    AS_PRESENT,
    AT_ADMINISTRATION,
    DECAY_CORRECTED,
    PROBE,
    TRACERS,
    UPTAKE,
    VERIFICATION,
    WITH_PATIENT,
    choiceOf,
    hasStandard,
)


def checkProbe(value, where):
    """What holds for all countings of a study: dead time, standard, tracer, uncertainties."""
    refuseUnknown(value, [field.name for field in PROBE_FIELDS], where)
    faults, found = Faults(), {}
    options = {"deadTimeMicroseconds": {"low": 0.0, "high": 1000.0, "mend": "Give microseconds"},
               "standardActivityFraction": {"low": 0.0, "high": 10.0, "isLowIncluded": False},
               "verificationStandardActivityFraction": {"low": 0.0, "high": 10.0, "isLowIncluded": False},
               "tracerActivityMBq": {"low": 0.0, "high": 1000.0, "isLowIncluded": False,
                                     "mend": "Give MBq; kBq are thousandths of it"},
               "calibrationRelativeUncertainty": {"low": 0.0, "high": 1.0, "isHighIncluded": False,
                                                  "mend": "Give a fraction, 0.05 for 5 %"},
               "repeatabilityRelativeUncertainty": {"low": 0.0, "high": 1.0, "isHighIncluded": False,
                                                    "mend": "Give a fraction, 0.05 for 5 %"}}
    choices = {"deadTimeModel": tuple(MODELS), "tracer": TRACERS,
               "standardReference": (AT_ADMINISTRATION, WITH_PATIENT),
               "uptakeConvention": (AS_PRESENT, DECAY_CORRECTED)}
    for field in PROBE_FIELDS:
        if value.get(field.name) is None:
            continue
        with faults.collect():
            if field.name in _OWN_CHECKS:
                found[field.name] = _OWN_CHECKS[field.name](value[field.name], f"{where}.{field.name}")
                continue
            found[field.name] = (choiceOf(value[field.name], choices[field.name], field.title, where)
                                 if field.name in choices
                                 else number(value[field.name], field.title, where, **options[field.name]))
    faults.raiseIfAny()
    if found.get("deadTimeMicroseconds") and "deadTimeModel" not in found:
        raise InputError("The dead time is given, but not its model", where,
                         f"Give deadTimeModel, {' or '.join(MODELS)}")
    return found


def _checkText(value, where):
    if not (isinstance(value, str) and value.strip()):
        raise InputError("This is no text", where, "Give it in words, or leave it out")
    return value.strip()


def _checkDate(value, where):
    try:
        return datetime.date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise InputError(f"'{value}' is not a date", where, "Write it as year-month-day, e.g. 2026-05-04") from None


_OWN_CHECKS = {counterCalibration.KEY: lambda value, where: counterCalibration.check(
                   value, counterCalibration.THYROID_PROBE, where),
               "probeName": _checkText, "testDate": _checkDate}


def probeCalibration(case, rows, tracers, isVerification, where):
    """The calibration of the probe and the activity that the uptakes are of, where rows rest on it.

    Returns
    -------
    (CounterCalibration or None, float or None)

    Raises
    ------
    InputError
        Rows without a standard and no calibration, both, another nuclide, or an activity that is not stated.
    """
    probe = case.measurements.get(PROBE, {})
    calibration = counterCalibration.calibrationOf(probe)
    counted = [(row, tracer) for row, tracer in zip(rows, tracers, strict=True) if "patientCounts" in row]
    bare = [row for row, _tracer in counted if not hasStandard(row)]
    if calibration is None:
        if bare:
            raise InputError("The counts of the standard are missing, and no calibration of the probe is named",
                             f"{where}, row {rows.index(bare[0]) + 1}",
                             f"Give the counts of standard and room, or {PROBE}.{counterCalibration.KEY}")
        return None, None
    if bare and len(bare) < len(counted):
        raise InputError("A calibration of the probe is named, and some countings have a standard", where,
                         "Give the standard of every counting, or of none")
    if not bare:
        others = case.measurements.get(UPTAKE if isVerification else VERIFICATION) or []
        if not any("patientCounts" in row and not hasStandard(row) for row in others):
            raise InputError("A calibration of the probe is named, but no counting rests on it", where,
                             "Leave the calibration out, or the counts of the standard")
        return None, None
    for _row, tracer in counted:
        counterCalibration.requireNuclide(calibration, tracer, f"measurements.{PROBE}")
    activityMBq = case.administeredActivityMBq if isVerification else probe.get("tracerActivityMBq")
    if activityMBq is None:
        raise InputError("The administered activity of the tracer is not stated", f"measurements.{PROBE}",
                         "Give tracerActivityMBq: a calibrated probe measures activity, and not a fraction of a "
                         "standard")
    return calibration, activityMBq


def probeDoubts(case, calibration, rows, isVerification):
    """What speaks against the calibration of the probe for these countings: sentences."""
    probe = case.measurements.get(PROBE, {})
    start = case.administrationDateTime
    if not isVerification:
        start = datetime.datetime.fromisoformat(probe["testDate"]) if "testDate" in probe else None
    return counterCalibration.doubts(calibration, probe.get("probeName"),
                                     counterCalibration.dayAfter(start, rows[-1]["timeHours"]))


PROBE_FIELDS = (
    Field("standardReference", "The standard's counts are those", "choice",
          choices=((AT_ADMINISTRATION, "at administration, or decayed to it"),
                   (WITH_PATIENT, "together with the patient")),
          tip="For rows that do not state the time of the standard's counting."),
    Field("standardActivityFraction", "Activity of the standard per administered activity", tip="1 where not stated."),
    Field("verificationStandardActivityFraction", "The same, of the verification after therapy"),
    Field("tracer", "Tracer", "choice", choices=tuple((name, name) for name in TRACERS)),
    Field("uptakeConvention", "Uptakes given as fractions are", "choice",
          choices=((AS_PRESENT, "as present at their times"),
                   (DECAY_CORRECTED, "corrected for decay to administration"))),
    Field(counterCalibration.KEY, "Calibration of the probe", "calibration",
          choices=((counterCalibration.THYROID_PROBE, ""),),
          tip="Record of the probe in the place of countings of a standard: neck and thigh are counted alone."),
    Field("tracerActivityMBq", "Administered activity of the tracer (MBq)", tip="With a calibrated probe."),
    Field("probeName", "Name of the probe", "text", tip="Compared with its calibration."),
    Field("testDate", "Date of the tracer's administration", "text",
          tip="year-month-day; compared with the calibration."),
    Field("deadTimeMicroseconds", "Dead time (microseconds)"),
    Field("deadTimeModel", "Dead-time model", "choice",
          choices=tuple(MODELS.items())),
    Field("calibrationRelativeUncertainty", "Relative uncertainty common to all uptakes (fraction)",
          tip="Standard and phantom, depth and size of the gland; k = 1."),
    Field("repeatabilityRelativeUncertainty", "Relative uncertainty of each uptake beside the counts (fraction)",
          tip="Positioning; k = 1."),
)

registerKind(Kind(f"measurements.{PROBE}", "Probe or camera, standard and tracer", checkProbe, PROBE_FIELDS))

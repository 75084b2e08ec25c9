"""What the study file or the wizard states of the patient's body and of whole-body readings, and their checks."""

from ..errors import Faults, InputError
from ..physics.deadTime import MODELS
from ..physics.wholeBody import TAILS, Reading
from .inputs import Field, Kind, number, optionalNumber, refuseUnknown, registerKind, requireOrderedTimes, table

WHOLE_BODY, MONITOR = "wholeBody", "wholeBodyMonitor"
SEXES = (("female", "female"), ("male", "male"))
BEFORE_VOIDING, AFTER_VOIDING = "beforeVoiding", "afterVoiding"

# Checks of magnitude: outside of these a wrong unit is likelier than the value.
LARGEST_MASS_KG, LEAST_MASS_KG = 400.0, 0.5
LONGEST_TIME_HOURS = 2000.0
LARGEST_RATE_CPS = 1e7


def required(row, key, what, where, mend=""):
    """The value under ``key``; :class:`InputError` where it is missing."""
    if row.get(key) is None:
        raise InputError(f"The {what} is missing", where, mend or f"Give {key}")
    return row[key]


def checkPatient(value, where):
    """Mass, height, sex, hematocrit, blood volume and age of the patient, as far as they are stated."""
    refuseUnknown(value, [field.name for field in PATIENT_FIELDS], where)
    faults, found = Faults(), {}
    for key, check in (("massKg", _checkMass), ("heightCm", _checkHeight), ("hematocrit", _checkHematocrit),
                       ("bloodVolumeML", _checkBloodVolume), ("ageYears", _checkAge), ("sex", _checkSex)):
        if value.get(key) is not None:
            with faults.collect():
                found[key] = check(value[key], where)
    faults.raiseIfAny()
    return found


def _checkMass(value, where):
    mend = "Give the body mass in kg"
    if isinstance(value, (int, float)) and value > LARGEST_MASS_KG:
        mend += f": {value:g} looks like grams, which would be {value / 1000.0:g} kg"
    return number(value, "body mass (kg)", where, low=LEAST_MASS_KG, high=LARGEST_MASS_KG, mend=mend)


def _checkHeight(value, where):
    mend = "Give the height in cm"
    if isinstance(value, (int, float)) and 0.3 <= value <= 2.5:
        mend += f": {value:g} looks like meters, which would be {value * 100.0:g} cm"
    return number(value, "height (cm)", where, low=30.0, high=250.0, mend=mend)


def _checkHematocrit(value, where):
    mend = "Give a fraction, 0.45 for 45 %"
    if isinstance(value, (int, float)) and 10 <= value <= 75:
        mend = f"Give a fraction: {value:g} looks like percent, which would be {value / 100.0:g}"
    return number(value, "hematocrit", where, low=0.1, high=0.75, mend=mend)


def _checkBloodVolume(value, where):
    mend = "Give the blood volume in mL"
    if isinstance(value, (int, float)) and 0 < value < 20:
        mend += f": {value:g} looks like liters, which would be {value * 1000.0:g} mL"
    return number(value, "blood volume (mL)", where, low=50.0, high=15000.0, mend=mend)


def _checkAge(value, where):
    return number(value, "age (years)", where, low=0.0, high=120.0, mend="Give the age in years")


def _checkSex(value, where):
    known = [name for name, _title in SEXES]
    if value not in known:
        raise InputError(f"The sex '{value}' is not known", where, f"Known are {', '.join(known)}")
    return value


def checkWholeBody(value, where):
    """Rows of whole-body readings in the order of time; the first one calibrates all others."""
    rows = table(value, where, _checkReading, fewest=2)
    requireOrderedTimes(rows, where)
    return rows


def _checkReading(row, where):
    refuseUnknown(row, [field.name for field in READING_FIELDS], where)
    faults, found = Faults(), {}
    with faults.collect():
        found["timeHours"] = number(required(row, "timeHours", "time of the reading", where), "time (h)", where,
                                    low=0.0, high=LONGEST_TIME_HOURS, mend="Give hours after administration, not "
                                    "minutes or seconds")
    for key, what in (("anteriorCps", "anterior count rate"), ("backgroundCps", "background count rate")):
        with faults.collect():
            mend = ("Measure the background without the patient; it may be 0 only where nothing was counted"
                    if key == "backgroundCps" else "")
            found[key] = _rate(required(row, key, what, where, mend), what, where)
    with faults.collect():
        if row.get("posteriorCps") is not None:
            found["posteriorCps"] = _rate(row["posteriorCps"], "posterior count rate", where)
    for key, what in (("countingSeconds", "counting time (s)"),
                      ("backgroundSeconds", "counting time of the background (s)")):
        with faults.collect():
            seconds = optionalNumber(row.get(key), what, where, low=0.0, isLowIncluded=False, high=86400.0,
                                     mend="Give seconds")
            found |= {} if seconds is None else {key: seconds}
    faults.raiseIfAny()
    return found


def _rate(value, what, where):
    return number(value, f"{what} (1/s)", where, low=0.0, high=LARGEST_RATE_CPS, mend="Give counts per second")


def checkMonitor(value, where):
    """What holds for all whole-body readings: first reading, tail, dead time, reproducibility."""
    refuseUnknown(value, [field.name for field in MONITOR_FIELDS], where)
    faults, found = Faults(), {}
    choices = {"firstReading": (BEFORE_VOIDING, AFTER_VOIDING), "tail": tuple(TAILS), "deadTimeModel": tuple(MODELS)}
    for key, known in choices.items():
        if value.get(key) is None:
            continue
        if value[key] not in known:
            faults.add(f"'{value[key]}' is not known for {key}", where, f"Known are {', '.join(known)}")
        found[key] = value[key]
    with faults.collect():
        takeDeadTime(value, where, found)
    with faults.collect():
        readings = value.get("tailReadings")
        if readings is not None:
            if type(readings) is not int or readings < 2:
                raise InputError(f"The number of readings for the tail is {readings!r}", where,
                                 "Give a whole number from 2")
            found["tailReadings"] = readings
    with faults.collect():
        spread = optionalNumber(value.get("relativeReproducibility"), "reproducibility of one reading", where, low=0.0,
                                high=0.5, isLowIncluded=False, mend="Give a fraction, 0.03 for 3 %")
        found |= {} if spread is None else {"relativeReproducibility": spread}
    faults.raiseIfAny()
    return found


def takeDeadTime(value, where, found):
    """``deadTimeMicroseconds`` and its model; one without the other is refused."""
    dead = optionalNumber(value.get("deadTimeMicroseconds"), "dead time (µs)", where, low=0.0, high=1000.0,
                          mend="Give microseconds")
    if dead is None and value.get("deadTimeModel") is None:
        return
    if not dead and value.get("deadTimeModel") is not None:
        raise InputError("A model of the dead time is given, but no dead time", where, "Give deadTimeMicroseconds")
    if dead and value.get("deadTimeModel") is None:
        raise InputError("The dead time is given, but not its model", where,
                         f"Give deadTimeModel, {' or '.join(MODELS)}")
    if dead and value["deadTimeModel"] not in MODELS:
        raise InputError(f"'{value['deadTimeModel']}' is no model of dead time", where, f"Use {' or '.join(MODELS)}")
    found["deadTimeMicroseconds"] = dead
    if dead:
        found["deadTimeModel"] = value["deadTimeModel"]


def readings(case):
    """Checked rows of a case as :class:`Reading`."""
    return [Reading(row["timeHours"], row["anteriorCps"], row.get("posteriorCps"), row["backgroundCps"],
                    row.get("countingSeconds"), row.get("backgroundSeconds"))
            for row in case.measurements.get(WHOLE_BODY) or []]


PATIENT_FIELDS = (
    Field("massKg", "Body mass (kg)"),
    Field("heightCm", "Height (cm)"),
    Field("sex", "Sex", "choice", SEXES),
    Field("ageYears", "Age (years)"),
    Field("hematocrit", "Hematocrit", tip="A fraction, 0.45 for 45 %"),
    Field("bloodVolumeML", "Blood volume (mL)", tip="Else it is estimated from sex, height and mass"),
)
READING_FIELDS = (
    Field("timeHours", "Time after administration (h)", isRequired=True),
    Field("anteriorCps", "Anterior count rate (1/s)", isRequired=True),
    Field("posteriorCps", "Posterior count rate (1/s)", tip="Empty at every time: single view"),
    Field("backgroundCps", "Background count rate (1/s)", isRequired=True),
    Field("countingSeconds", "Counting time (s)", tip="Of each view; for the uncertainty"),
    Field("backgroundSeconds", "Counting time of the background (s)", tip="Empty: as that of the views"),
)
MONITOR_FIELDS = (
    Field("firstReading", "First reading", "choice",
          ((BEFORE_VOIDING, "before the patient voided"), (AFTER_VOIDING, "after the patient voided")),
          tip="It calibrates all others, so that it has to be that of the whole activity"),
    Field("tail", "After the last reading", "choice",
          (("effective", "exponential through the last readings"), ("physical", "physical decay, upper bound"))),
    Field("tailReadings", "Readings for the tail", "integer", tip="Number of last readings, 2 where left empty"),
    Field("relativeReproducibility", "Reproducibility of one reading",
          tip="Relative standard uncertainty by posture and distance, 0.03 for 3 %"),
    Field("deadTimeMicroseconds", "Dead time (µs)"),
    Field("deadTimeModel", "Model of the dead time", "choice", tuple(MODELS.items())),
)

registerKind(Kind("patient", "Patient", checkPatient, PATIENT_FIELDS))
registerKind(Kind(f"measurements.{WHOLE_BODY}", "Whole-body readings", checkWholeBody, READING_FIELDS, isTable=True))
registerKind(Kind(f"measurements.{MONITOR}", "Whole-body monitor", checkMonitor, MONITOR_FIELDS))

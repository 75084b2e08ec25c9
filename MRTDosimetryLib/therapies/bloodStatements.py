"""What the study file or the wizard states of blood samples, gamma counter and S values of marrow; their checks."""

from ..errors import Faults, InputError
from ..physics.deadTime import MODELS
from . import counterCalibration
from .bodyStatements import LONGEST_TIME_HOURS, required, takeDeadTime
from .inputs import Field, Kind, number, optionalNumber, refuseUnknown, registerKind, requireOrderedTimes, table

BLOOD, COUNTER, SAMPLES, S_VALUES = "blood", "wellCounter", "wellCounterSamples", "marrowSValues"
TOTAL_BODY = "total body"
# 30 GBq in the blood of an adult are 6 MBq/mL.
LARGEST_CONCENTRATION_MBQ_PER_ML = 100.0
# Keys of a form without groups -> group and key of the study file.
FLAT = {"standardActivityKBq": ("standard", "activityKBq"), "standardCounts": ("standard", "counts"),
        "standardSeconds": ("standard", "countingSeconds"),
        "standardRelativeUncertainty": ("standard", "relativeUncertainty"),
        "standardVolumeML": ("standard", "volumeML"), "backgroundCounts": ("background", "counts"),
        "backgroundSeconds": ("background", "countingSeconds")}
_STANDARD_KEYS = ("activityKBq", "counts", "countingSeconds", "relativeUncertainty", "volumeML")
_BACKGROUND_KEYS = ("counts", "countingSeconds")
_COUNTER_KEYS = ("standard", "background", "samples", "deadTimeMicroseconds", "deadTimeModel", counterCalibration.KEY,
                 "counterName", *FLAT)


def checkBlood(value, where):
    """Rows of blood activity concentrations, as present at the draw, in the order of time."""
    rows = table(value, where, _checkBloodRow)
    requireOrderedTimes(rows, where)
    stated = ["uncertaintyMBqPerML" in row for row in rows]
    if any(stated) and not all(stated):
        raise InputError("Some samples have an uncertainty and others not", f"{where}, row {stated.index(False) + 1}",
                         "Give every uncertainty or none")
    return rows


def _checkBloodRow(row, where):
    refuseUnknown(row, [field.name for field in BLOOD_FIELDS], where)
    faults, found = Faults(), {}
    with faults.collect():
        found["timeHours"] = _time(required(row, "timeHours", "time of the draw", where), "time of the draw (h)", where)
    with faults.collect():
        found["activityMBqPerML"] = number(
            required(row, "activityMBqPerML", "activity concentration", where), "activity concentration (MBq/mL)",
            where, low=0.0, isLowIncluded=False, high=LARGEST_CONCENTRATION_MBQ_PER_ML,
            mend="Give MBq per mL of whole blood; kBq/mL are thousandths of it, Bq/mL millionths")
    with faults.collect():
        spread = optionalNumber(row.get("uncertaintyMBqPerML"), "uncertainty (MBq/mL)", where, low=0.0,
                                isLowIncluded=False, high=found.get("activityMBqPerML"),
                                mend="Give a standard uncertainty (k = 1) in MBq/mL")
        found |= {} if spread is None else {"uncertaintyMBqPerML": spread}
    faults.raiseIfAny()
    return found


def _time(value, what, where):
    return number(value, what, where, low=0.0, isLowIncluded=False, high=LONGEST_TIME_HOURS,
                  mend="Give hours after administration, not minutes or seconds")


def checkCounter(value, where):
    """Gamma counter: ``standard``, ``background``, dead time, and ``samples`` here or in a table of their own.

    The keys of :data:`FLAT` may stand in place of those of ``standard`` and ``background``.
    """
    refuseUnknown(value, _COUNTER_KEYS, where)
    groups = {"standard": value.get("standard"), "background": value.get("background")}
    for name, (group, key) in FLAT.items():
        if value.get(name) is None:
            continue
        inner = groups[group] = {} if groups[group] is None else groups[group]
        if not isinstance(inner, dict) or key in inner:
            raise InputError(f"{group}.{key} is stated twice, also as {name}", where, "Give it once")
        inner[key] = value[name]
    faults, found = Faults(), {}
    with faults.collect():
        if value.get(counterCalibration.KEY) is None:
            found["standard"] = _checkStandard(groups["standard"], f"{where}, standard")
        elif groups["standard"]:
            raise InputError("The counts of a standard are stated, and a calibration of the counter is named", where,
                             "Give one of them")
        else:
            found[counterCalibration.KEY] = counterCalibration.check(
                value[counterCalibration.KEY], counterCalibration.GAMMA_COUNTER, f"{where}.{counterCalibration.KEY}")
    with faults.collect():
        if value.get("counterName") is not None:
            if not (isinstance(value["counterName"], str) and value["counterName"].strip()):
                raise InputError("The name of the counter is no text", where, "Give it in words, or leave it out")
            found["counterName"] = value["counterName"].strip()
    with faults.collect():
        found["background"] = _checkCounts(groups["background"], _BACKGROUND_KEYS, f"{where}, background")
    with faults.collect():
        takeDeadTime(value, where, found)
    if value.get("samples") is not None:
        with faults.collect():
            found["samples"] = checkSamples(value["samples"], f"{where}, samples")
    faults.raiseIfAny()
    return found


def _checkStandard(value, where):
    found = _checkCounts(value, _STANDARD_KEYS, where)
    faults = Faults()
    with faults.collect():
        found["activityKBq"] = number(required(value, "activityKBq", "activity", where), "activity (kBq)", where,
                                      low=0.0, isLowIncluded=False, high=1e6, mend="Give kBq when it was counted")
    with faults.collect():
        spread = optionalNumber(value.get("relativeUncertainty"), "relative uncertainty of the activity", where,
                                low=0.0, high=0.5, mend="Give a fraction, 0.03 for 3 %")
        found |= {} if spread is None else {"relativeUncertainty": spread}
    with faults.collect():
        volume = optionalNumber(value.get("volumeML"), "volume (mL)", where, low=0.0, isLowIncluded=False, high=100.0)
        found |= {} if volume is None else {"volumeML": volume}
    faults.raiseIfAny()
    return found


def _checkCounts(value, keys, where):
    if value is None:
        raise InputError("This is missing", where, f"Give {' and '.join(_BACKGROUND_KEYS)}")
    refuseUnknown(value, keys, where)
    faults, found = Faults(), {}
    with faults.collect():
        found["counts"] = number(required(value, "counts", "number of counts", where), "number of counts", where,
                                 low=0.0)
    with faults.collect():
        found["countingSeconds"] = number(
            required(value, "countingSeconds", "counting time", where), "counting time (s)", where, low=0.0,
            isLowIncluded=False, high=1e6, mend="Give seconds")
    faults.raiseIfAny()
    return found


def checkSamples(value, where):
    """Rows of blood samples in the gamma counter, in the order of their draws."""
    rows = table(value, where, _checkSample)
    requireOrderedTimes(rows, where)
    return rows


def _checkSample(row, where):
    names = [field.name for field in SAMPLE_FIELDS]
    refuseUnknown(row, names, where)
    faults, found = Faults(), {}
    for key, what in (("timeHours", "time of the draw (h)"), ("countedAtHours", "time of the counting (h)")):
        with faults.collect():
            found[key] = _time(required(row, key, what, where), what, where)
    if found.get("countedAtHours", 0.0) < found.get("timeHours", 0.0):
        faults.add(f"The sample was counted at {found.get('countedAtHours', 0):g} h, before it was drawn at "
                   f"{found['timeHours']:g} h", where, "Give both in hours after administration")
    with faults.collect():
        found["volumeML"] = number(required(row, "volumeML", "volume", where), "volume (mL)", where, low=0.0,
                                   isLowIncluded=False, high=100.0, mend="Give mL")
    with faults.collect():
        found |= _checkCounts({key: row.get(key) for key in _BACKGROUND_KEYS}, _BACKGROUND_KEYS, where)
    faults.raiseIfAny()
    return found


def checkSValues(value, where):
    """Rows of S values to red marrow of one reference phantom; the total body has to be among them."""
    rows = table(value, where, _checkSValue)
    names = [row["source"] for row in rows]
    for name in sorted({name for name in names if names.count(name) > 1}):
        raise InputError(f"The source '{name}' is stated twice", where, "Give it once")
    if TOTAL_BODY not in names:
        raise InputError("The S value of the total body is missing", where,
                         f"Give a row with the source '{TOTAL_BODY}': the remainder of the body follows from it")
    return rows


def _checkSValue(row, where):
    refuseUnknown(row, [field.name for field in S_VALUE_FIELDS], where)
    faults, found = Faults(), {}
    source = row.get("source")
    if not (isinstance(source, str) and source.strip()):
        faults.add("The source organ has no name", where, f"Give source, e.g. liver or {TOTAL_BODY}")
    else:
        found["source"] = source.strip()
    with faults.collect():
        found["sValueGyPerMBqH"] = number(
            required(row, "sValueGyPerMBqH", "S value", where), "S value to red marrow (Gy/(MBq h))", where, low=0.0,
            isLowIncluded=False, high=1e-2, mend="Give Gy/(MBq h); mGy/(MBq s) times 3.6 are Gy/(MBq h)")
    with faults.collect():
        found["massKg"] = number(required(row, "massKg", "mass of the source in the phantom", where), "mass (kg)",
                                 where, low=0.0, isLowIncluded=False, high=200.0, mend="Give kg")
    with faults.collect():
        stated = row.get("timeIntegratedActivityCoefficientH")
        if found.get("source") == TOTAL_BODY:
            if stated is not None:
                raise InputError("The time-integrated activity of the total body is that of the whole-body readings",
                                 where, "Leave it out")
        else:
            found["timeIntegratedActivityCoefficientH"] = number(
                required(row, "timeIntegratedActivityCoefficientH", "time-integrated activity coefficient", where),
                "time-integrated activity coefficient (h)", where, low=0.0, high=LONGEST_TIME_HOURS, mend="Give h")
    faults.raiseIfAny()
    return found


BLOOD_FIELDS = (
    Field("timeHours", "Time of the draw (h)", isRequired=True, tip="After administration"),
    Field("activityMBqPerML", "Activity concentration (MBq/mL)", isRequired=True,
          tip="Of whole blood, as present at the draw"),
    Field("uncertaintyMBqPerML", "Standard uncertainty (MBq/mL)"),
)
COUNTER_FIELDS = (
    Field(counterCalibration.KEY, "Calibration of the counter", "calibration",
          choices=((counterCalibration.GAMMA_COUNTER, ""),),
          tip="Record in the place of a standard that is counted along"),
    Field("counterName", "Name of the counter", "text", tip="Compared with its calibration"),
    Field("standardActivityKBq", "Activity of the standard (kBq)", tip="When it was counted"),
    Field("standardRelativeUncertainty", "Relative uncertainty of that activity", tip="0.03 for 3 %"),
    Field("standardVolumeML", "Volume of the standard (mL)"),
    Field("standardCounts", "Counts of the standard"),
    Field("standardSeconds", "Counting time of the standard (s)"),
    Field("backgroundCounts", "Counts of the background", isRequired=True),
    Field("backgroundSeconds", "Counting time of the background (s)", isRequired=True),
    Field("deadTimeMicroseconds", "Dead time (µs)"),
    Field("deadTimeModel", "Model of the dead time", "choice", tuple(MODELS.items())),
)
SAMPLE_FIELDS = (
    Field("timeHours", "Time of the draw (h)", isRequired=True, tip="After administration"),
    Field("countedAtHours", "Time of the counting (h)", isRequired=True, tip="After administration"),
    Field("volumeML", "Volume (mL)", isRequired=True, tip="Of whole blood"),
    Field("counts", "Counts", isRequired=True),
    Field("countingSeconds", "Counting time (s)", isRequired=True),
)
S_VALUE_FIELDS = (
    Field("source", "Source", "text", isRequired=True, tip=f"An organ, or '{TOTAL_BODY}'"),
    Field("sValueGyPerMBqH", "S value to red marrow (Gy/(MBq h))", isRequired=True),
    Field("massKg", "Mass in the phantom (kg)", isRequired=True),
    Field("timeIntegratedActivityCoefficientH", "Time-integrated activity coefficient (h)",
          tip="Of the patient; not of the total body"),
)

registerKind(Kind(f"measurements.{BLOOD}", "Blood samples", checkBlood, BLOOD_FIELDS, isTable=True))
registerKind(Kind(f"measurements.{COUNTER}", "Gamma counter", checkCounter, COUNTER_FIELDS))
registerKind(Kind(f"measurements.{SAMPLES}", "Blood samples in the gamma counter", checkSamples, SAMPLE_FIELDS,
                  isTable=True))
registerKind(Kind(f"measurements.{S_VALUES}", "S values of red marrow", checkSValues, S_VALUE_FIELDS, isTable=True))

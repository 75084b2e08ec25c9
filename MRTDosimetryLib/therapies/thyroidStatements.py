"""What the study file or the wizard states about the thyroid: uptakes, probe, mass, half-lives, and their checks."""

import math

from ..errors import Faults, InputError
from ..physics.nuclides import nuclide
from ..physics.thyroidActivity import USER, energyConstants, lobeFormulas
from ..physics.thyroidUptake import NECK_NOT_ABOVE, Counting, netCountRates, requireAbove
from ..physics.units import HOURS_PER_DAY
from ..resources import dataPath, loadJSON
from .inputs import Field, Kind, number, optionalNumber, refuseUnknown, registerKind, requireOrderedTimes, table

UPTAKE, VERIFICATION, PROBE = "thyroidUptake", "thyroidUptakeVerification", "thyroidProbe"
WHOLE_GLAND, NODULE = "whole gland", "nodule"
AT_ADMINISTRATION, WITH_PATIENT = "atAdministration", "withPatient"
AS_PRESENT, DECAY_CORRECTED = "asPresent", "decayCorrected"
TRACERS = ("I-131", "I-123", "I-124")
COUNTS = ("patientCounts", "backgroundCounts", "standardCounts", "roomCounts")
NECK_COUNTS = COUNTS[:2]
SECONDS = ("patientSeconds", "backgroundSeconds", "standardSeconds", "roomSeconds")
STANDARD_KEYS = ("standardCounts", "roomCounts", "standardSeconds", "roomSeconds", "standardTimeHours")
AXES = ("LengthMM", "WidthMM", "DepthMM")
LOBES = ("leftLobe", "rightLobe")

# Checks of magnitude: outside of these a wrong unit is likelier than the value.
LONGEST_TIME_HOURS, LEAST_LAST_TIME_HOURS = 720.0, 12.0
LEAST_MASS_G, LARGEST_MASS_G = 0.3, 2000.0
LEAST_LONG_AXIS_MM = {"lobe": 12.0, "nodule": 6.0}
LARGEST_AXIS_MM = 200.0
LEAST_HALF_LIFE_DAYS = 0.5
LARGEST_POOL_HALF_LIFE_HOURS = 48.0


def diagnoses():
    """Entries of the usual absorbed doses, diagnosis -> dict (``data/thyroidIodine.json``)."""
    return {entry["diagnosis"]: entry for entry in loadJSON(dataPath("thyroidIodine.json"))["usualAbsorbedDoses"]}


def choiceOf(value, known, what, where):
    if value not in known:
        raise InputError(f"The {what} '{value}' is not known", where, f"Known are {', '.join(known)}")
    return value


def _positive(content, key, what, where, **options):
    """The number under ``key`` above zero, or ``None`` where it is absent."""
    return optionalNumber(content.get(key), what, where, low=0.0, isLowIncluded=False, **options)


def checkUptakes(value, where):
    """Rows of uptakes, in order of time: fractions, or counts of neck, thigh, standard and room."""
    rows = table(value, where, _checkRow)
    requireOrderedTimes(rows, where)
    latest = rows[-1]["timeHours"]
    if latest < LEAST_LAST_TIME_HOURS:
        raise InputError(f"The latest uptake is at {latest:g} h after administration, which shows nothing of the "
                         "loss of iodine", where, "Give the times in hours (5 days are 120), or measure later")
    return rows


def _checkRow(row, where):
    refuseUnknown(row, ("timeHours", "uptakeFraction", "uncertainty", "tracer", "standardTimeHours", *COUNTS, *SECONDS),
                  where)
    if row.get("timeHours") is None:
        raise InputError("The time of the measurement is missing", where, "Give timeHours, after administration")
    faults, found = Faults(), {}
    with faults.collect():
        found["timeHours"] = number(row["timeHours"], "time in hours", where, low=0.0, high=LONGEST_TIME_HOURS,
                                    isLowIncluded=False, mend="Give hours after administration, not minutes or seconds")
    if row.get("tracer") is not None:
        with faults.collect():
            found["tracer"] = choiceOf(row["tracer"], TRACERS, "tracer", where)
    isCounted = [name for name in (*COUNTS, *SECONDS, "standardTimeHours") if row.get(name) is not None]
    with faults.collect():
        if row.get("uptakeFraction") is not None and isCounted:
            raise InputError(f"The uptake is given as a fraction and by {isCounted[0]}", where, "Give one of the two")
        found |= _counted(row, where) if isCounted else _fraction(row, where)
    faults.raiseIfAny()
    return found


def _fraction(row, where):
    if row.get("uptakeFraction") is None:
        raise InputError("Neither an uptake nor counts are given", where,
                         f"Give uptakeFraction, or {', '.join(COUNTS)}")
    value = number(row["uptakeFraction"], "uptake", where, low=0.0, high=1.0, isLowIncluded=False,
                   mend="Give a fraction of the administered activity, 0.42 for 42 %")
    found = {"uptakeFraction": value}
    if row.get("uncertainty") is not None:
        found["uncertainty"] = number(
            row["uncertainty"], "uncertainty of the uptake", where, low=0.0, high=value, isLowIncluded=False,
            isHighIncluded=False, mend="Give a standard uncertainty in the unit of the uptake, 0.02 for two percent of "
            "the administered activity")
    return found


def _counted(row, where):
    faults = Faults()
    titles = {"patientCounts": "counts of the neck", "backgroundCounts": "counts of the thigh (background)",
              "standardCounts": "counts of the standard", "roomCounts": "counts of the room without the standard"}
    found = {}
    isByStandard = any(row.get(name) is not None for name in STANDARD_KEYS)
    for name in COUNTS if isByStandard else NECK_COUNTS:
        with faults.collect():
            if row.get(name) is None:
                raise InputError(f"The {titles[name]} are missing", where, f"Give {name}; 0 where none were counted")
            found[name] = number(row[name], titles[name], where, low=0.0)
    for name in SECONDS:
        with faults.collect():
            seconds = _positive(row, name, f"counting time ({name})", where)
            found |= {} if seconds is None else {name: seconds}
    with faults.collect():
        if row.get("standardTimeHours") is not None:
            found["standardTimeHours"] = number(
                row["standardTimeHours"], "time of the standard's counting in hours", where, low=-LONGEST_TIME_HOURS,
                high=LONGEST_TIME_HOURS, mend="Give hours after administration, below zero for before")
        if row.get("uncertainty") is not None:
            found["uncertainty"] = number(row["uncertainty"], "uncertainty of the uptake beside that of the counts",
                                          where, low=0.0, high=1.0, isHighIncluded=False, mend="Give a fraction")
    faults.raiseIfAny()
    if isByStandard:
        netCountRates(*countings(found), where=where)
    else:
        requireAbove(*countings(found), NECK_NOT_ABOVE, where)
    return found


def hasStandard(row):
    """Whether a checked row with counts has those of a standard, and needs no calibrated probe."""
    return "standardCounts" in row


def countings(row):
    """The countings of a checked row: neck and thigh, and where they are stated standard and room."""
    return [Counting(row[counts], row.get(seconds)) for counts, seconds in zip(COUNTS, SECONDS, strict=True)
            if counts in row]


def checkThyroid(value, where):
    """Mass or axes of the target, half-lives that are not measured, and the energy constant."""
    refuseUnknown(value, [field.name for field in THYROID_FIELDS], where)
    faults, found = Faults(), {}
    for check in (_checkMass, _checkHalfLives, _checkConstant):
        with faults.collect():
            found |= check(value, where)
    with faults.collect():
        if value.get("diagnosis") is not None:
            found["diagnosis"] = choiceOf(value["diagnosis"], tuple(diagnoses()), "diagnosis", where)
    faults.raiseIfAny()
    return found


def _checkMass(value, where):
    faults, found = Faults(), {}
    bounds = {"low": LEAST_MASS_G, "high": LARGEST_MASS_G}
    for key, what, mend in (("massG", "mass in g", "Give grams, not kilograms or milligrams"),
                            ("volumeML", "volume in mL", "Give milliliters, not liters")):
        if value.get(key) is not None:
            with faults.collect():
                found[key] = number(value[key], what, where, **bounds, mend=mend)
    axes = {}
    for body in (*LOBES, NODULE):
        with faults.collect():
            triple = _axes(value, body, where)
            axes |= {} if triple is None else {body: triple}
    found |= {f"{body}{axis}": length for body, triple in axes.items()
              for axis, length in zip(AXES, triple, strict=True)}
    with faults.collect():
        _checkTarget(value, found, axes, where)
        for key, what, options in (
                ("densityGPerML", "density in g/mL", {"low": 0.9, "high": 1.2, "mend": "Give g/mL, about 1"}),
                ("massRelativeUncertainty", "relative uncertainty of the mass",
                 {"low": 0.0, "high": 1.0, "isHighIncluded": False, "mend": "Give a fraction, 0.2 for 20 %"}),
                ("axisUncertaintyMM", "uncertainty of an axis in mm", {"low": 0.0, "high": 30.0})):
            if value.get(key) is not None:
                found[key] = number(value[key], what, where, **options)
        if value.get("lobeFormula") is not None:
            found["lobeFormula"] = choiceOf(value["lobeFormula"], tuple(lobeFormulas()), "formula of the volume", where)
        _refuseUnused(found, axes, where)
    faults.raiseIfAny()
    return found


def _axes(value, body, where):
    """The three axes of a body in mm, or ``None`` where none is given."""
    given = [value.get(f"{body}{axis}") for axis in AXES]
    if all(item is None for item in given):
        return None
    title = {"leftLobe": "left lobe", "rightLobe": "right lobe", NODULE: "nodule"}[body]
    lacking = [f"{body}{axis}" for axis, item in zip(AXES, given, strict=True) if item is None]
    if lacking:
        raise InputError(f"Of the {title} not all three axes are given", where, f"Give {', '.join(lacking)}")
    lengths = [number(item, f"axis of the {title} in mm", where, low=0.0, high=LARGEST_AXIS_MM, isLowIncluded=False,
                      mend="Give millimeters") for item in given]
    least = LEAST_LONG_AXIS_MM["nodule" if body == NODULE else "lobe"]
    if max(lengths) < least:
        raise InputError(f"The longest axis of the {title} is {max(lengths):g} mm: centimeters by magnitude", where,
                         "Give the axes in millimeters")
    return lengths


def _checkTarget(value, found, axes, where):
    target = value.get("target")
    stated = [key for key in ("massG", "volumeML") if key in found] + (["axes"] if axes else [])
    if len(stated) > 1:
        raise InputError(f"The mass is given more than once, by {' and '.join(stated)}", where, "Give one of them")
    if target is not None:
        found["target"] = choiceOf(target, (WHOLE_GLAND, NODULE), "target", where)
    if not axes:
        return
    ofGland, ofNodule = [body for body in LOBES if body in axes], NODULE in axes
    if target is None:
        if ofGland and ofNodule:
            raise InputError("Axes of lobes and of a nodule are given, but not which of them is the target", where,
                             f"Give target, '{WHOLE_GLAND}' or '{NODULE}'")
        found["target"] = NODULE if ofNodule else WHOLE_GLAND
    elif (target == NODULE and not ofNodule) or (target == WHOLE_GLAND and not ofGland):
        raise InputError(f"The target is the {target}, but only axes of {'lobes' if ofGland else 'a nodule'} are given",
                         where, "Give the axes of the target, or another target")


def _refuseUnused(found, axes, where):
    """What has no use with the mass as it is given would be lost in silence."""
    for key, isUsed, words in (("densityGPerML", "volumeML" in found or bool(axes), "a volume or axes"),
                               ("lobeFormula", bool(axes), "axes"), ("axisUncertaintyMM", bool(axes), "axes")):
        if key in found and not isUsed:
            raise InputError(f"{key} is given, but there are no {words.removeprefix('a ')} to use it with", where,
                             f"Give {words}, or leave {key} out")
    if "massRelativeUncertainty" in found and "axisUncertaintyMM" in found:
        raise InputError("The uncertainty of the mass is given twice, as its own and by the axes", where,
                         "Give massRelativeUncertainty or axisUncertaintyMM")


def _checkHalfLives(value, where):
    found, longest = {}, nuclide("I-131").halfLifeHours / HOURS_PER_DAY
    for prefix, unit, what, bounds, mend in (
            ("effectiveHalfLife", "Days", "effective half-life of the thyroid in days",
             {"low": LEAST_HALF_LIFE_DAYS, "high": round(longest, 4)},
             f"Give days, physical decay (half-life {longest:.2f} d) included"),
            ("poolHalfLife", "Hours", "effective half-life of the iodide pool in hours",
             {"low": 0.0, "high": LARGEST_POOL_HALF_LIFE_HOURS, "isLowIncluded": False}, "Give hours")):
        halfLife, spread, source = (value.get(f"{prefix}{part}") for part in (unit, f"Uncertainty{unit}", "Source"))
        if halfLife is None:
            if spread is not None or source:
                raise InputError(f"Uncertainty or source of the {what} are given, but not its value", where,
                                 f"Give {prefix}{unit}")
            continue
        found[f"{prefix}{unit}"] = number(halfLife, what, where, **bounds, mend=mend)
        if source is not None:
            if not (isinstance(source, str) and source.strip()):
                raise InputError(f"The source of the {what} is no text", where, "Give it in words, or leave it out")
            found[f"{prefix}Source"] = source.strip()
        if spread is not None:
            found[f"{prefix}Uncertainty{unit}"] = number(
                spread, f"uncertainty of the {what}", where, low=0.0, high=found[f"{prefix}{unit}"],
                isHighIncluded=False, mend="Give a standard deviation in the unit of the half-life")
    return found


def _checkConstant(value, where):
    found, constant = {}, value.get("energyConstant")
    if constant is not None:
        found["energyConstant"] = choiceOf(constant, (*energyConstants(), USER), "energy constant", where)
    own, source = value.get("energyConstantGyGPerMBqD"), value.get("energyConstantSource")
    if constant != USER:
        if own is not None or source:
            raise InputError("An own energy constant is given, but not chosen", where,
                             f"Set energyConstant to '{USER}', or leave the value out")
        return found
    if own is None or not (isinstance(source, str) and source.strip()):
        raise InputError("The own energy constant lacks its value or its source", where,
                         "Give energyConstantGyGPerMBqD and energyConstantSource")
    # From electrons alone to all that 131I emits.
    iodine = energyConstants()["electrons"]
    least = iodine.valueGyGPerMBqD
    largest = least * (1.0 + nuclide("I-131").photonEnergyMeV / iodine.energyMeV)
    found["energyConstantGyGPerMBqD"] = number(
        own, "energy constant in Gy g/(MBq d)", where, low=math.floor(least * 100) / 100,
        high=math.ceil(largest * 100) / 100,
        mend="It is about 2.8; the classic figure 24.7 is chosen by energyConstant 'classic'")
    found["energyConstantSource"] = source.strip()
    return found


ROW_FIELDS = (
    Field("timeHours", "Time after administration (h)", isRequired=True),
    Field("uptakeFraction", "Uptake (fraction of the administered activity)",
          tip="As present at that time unless stated otherwise; 0.42 for 42 %."),
    Field("uncertainty", "Standard uncertainty (fraction)", tip="k = 1; beside that of the counts, if any."),
    Field("patientCounts", "Counts of the neck"),
    Field("backgroundCounts", "Counts of the thigh"),
    Field("standardCounts", "Counts of the standard",
          tip="Of the standard as at administration, unless the time of its counting is stated."),
    Field("roomCounts", "Counts of the room without the standard"),
    Field("standardTimeHours", "Time of the standard's counting after administration (h)"),
    *(Field(name, f"Counting time, {title} (s)") for name, title in zip(
        SECONDS, ("neck", "thigh", "standard", "room"), strict=True)),
    Field("tracer", "Tracer", "choice", choices=tuple((name, name) for name in TRACERS)),
)
THYROID_FIELDS = (
    Field("target", "Target", "choice", choices=((WHOLE_GLAND, "whole gland"), (NODULE, "nodule"))),
    Field("massG", "Mass of the target (g)"),
    Field("volumeML", "Volume of the target (mL)"),
    *(Field(f"{body}{axis}", f"{title}, {axis.removesuffix('MM').lower()} (mm)") for body, title in (
        ("leftLobe", "Left lobe"), ("rightLobe", "Right lobe"), (NODULE, "Nodule")) for axis in AXES),
    Field("lobeFormula", "Volume from the axes", "choice",
          choices=tuple((item.id, item.title) for item in lobeFormulas().values())),
    Field("densityGPerML", "Density (g/mL)"),
    Field("axisUncertaintyMM", "Standard uncertainty of an axis (mm)"),
    Field("massRelativeUncertainty", "Relative standard uncertainty of the mass (fraction)"),
    Field("diagnosis", "Diagnosis", "choice",
          choices=tuple((name, entry["title"]) for name, entry in diagnoses().items())),
    Field("effectiveHalfLifeDays", "Effective half-life of the thyroid (d)",
          tip="Of a population or of this patient; blank where none is known."),
    Field("effectiveHalfLifeUncertaintyDays", "Its standard deviation (d)"),
    Field("effectiveHalfLifeSource", "Its source", "text"),
    Field("poolHalfLifeHours", "Effective half-life of the iodide pool (h)"),
    Field("poolHalfLifeUncertaintyHours", "Its standard deviation (h)"),
    Field("poolHalfLifeSource", "Its source", "text"),
    Field("energyConstant", "Energy constant", "choice",
          choices=(*((item.id, item.title) for item in energyConstants().values()), (USER, "Stated by the user"))),
    Field("energyConstantGyGPerMBqD", "Own energy constant (Gy g/(MBq d))"),
    Field("energyConstantSource", "Its source", "text"),
)

registerKind(Kind(f"measurements.{UPTAKE}", "Uptake of the thyroid", checkUptakes, ROW_FIELDS, isTable=True))
registerKind(Kind(f"measurements.{VERIFICATION}", "Uptake of the thyroid after therapy", checkUptakes, ROW_FIELDS,
                  isTable=True))
registerKind(Kind("thyroid", "Thyroid", checkThyroid, THYROID_FIELDS))

"""From the rows of a study file to uptakes of 131I with their uncertainties, and from statements to the mass."""

import dataclasses
import math
from dataclasses import dataclass

from ..errors import InputError
from ..physics.decay import decayFactor
from ..physics.nuclides import nuclide
from ..physics.thyroidActivity import ELLIPSOID, Mass, energyConstant, energyConstants, lobeFormulas, massOfAxes
from ..physics.thyroidKinetics import StatedHalfLife
from ..physics.thyroidUptake import (
    DeadTime,
    UptakeMeasurement,
    decayCorrectedToPresent,
    netCountRates,
    uptakeFromCalibration,
    uptakeFromCounts,
    uptakeOf131Iodine,
)
from ..physics.units import HOURS_PER_DAY
from ..resources import dataPath, loadJSON
from . import counterCalibration
from .probeStatements import probeCalibration, probeDoubts
from .thyroidStatements import (
    AXES,
    DECAY_CORRECTED,
    LOBES,
    NODULE,
    PROBE,
    UPTAKE,
    VERIFICATION,
    WHOLE_GLAND,
    WITH_PATIENT,
    countings,
    hasStandard,
)

IODINE = "I-131"
# Checks of magnitude of this program.
LEAST_USUAL_UPTAKE = 0.05
USUAL_MASS_G = (3.0, 300.0)
MOST_TRACER_HALF_LIVES = 5.0
STANDARD_TOLERANCE = 0.05


@dataclass(frozen=True)
class UptakePoints:
    """Uptakes of 131I as present at their times.

    Attributes
    ----------
    timesHours, fractions : tuple of float
    uncertainties : tuple of float or None
        Standard uncertainties, each measurement's own; ``None`` unless all are known.
    commonRelative : float or None
        Relative standard uncertainty common to all; ``None`` where it is not stated.
    rows : tuple of tuple
        Time (h), uptake (%), its standard uncertainty (%), how it was found.
    assumptions, warnings : tuple of str
    standardFactor : float or None
        Ratio of the last uptake to what it is with the standard counted together with the patient; ``None`` where the
        time of the standard is stated or there is none.
    """

    timesHours: tuple
    fractions: tuple
    uncertainties: tuple | None
    commonRelative: float | None
    rows: tuple
    assumptions: tuple
    warnings: tuple
    standardFactor: float | None = None


def uptakePoints(case, key=UPTAKE):
    """Uptakes under ``key`` of a case's measurements.

    Raises
    ------
    InputError
        Counts that give no uptake, or a standard whose time is not stated and whose counts fall.
    """
    rows, probe = case.measurements[key], case.measurements.get(PROBE, {})
    isVerification = key == VERIFICATION
    where = f"measurements.{key}"
    tracers = [IODINE if isVerification else row.get("tracer") or probe.get("tracer") or IODINE for row in rows]
    if isVerification and any(row.get("tracer", IODINE) != IODINE for row in rows):
        raise InputError("A tracer is stated for uptakes of the therapy itself", where,
                         "Leave it out: the therapy is with 131I")
    _requireTimesOfStandard(rows, tracers, probe, where)
    countedRows = [row for row in rows if "patientCounts" in row and hasStandard(row)]
    calibration, activityMBq = probeCalibration(case, rows, tracers, isVerification, where)
    measured = [_measure(row, tracer, probe, isVerification, f"{where}, row {position + 1}", calibration, activityMBq)
                for position, (row, tracer) in enumerate(zip(rows, tracers, strict=True))]
    shared, ofStandard = _sharedStandard(rows, measured)
    points = []
    for row, tracer, item, isShared in zip(rows, tracers, measured, shared, strict=True):
        parts = [item.uncertainty, row.get("uncertainty") if "patientCounts" in row else None,
                 None if isShared or not item.standardRelative else item.standardRelative * item.fraction,
                 probe["repeatabilityRelativeUncertainty"] * item.fraction
                 if probe.get("repeatabilityRelativeUncertainty") else None]
        known = [part for part in parts if part is not None]
        factor = uptakeOf131Iodine(1.0, item.timeHours, nuclide(tracer).halfLifeHours, nuclide(IODINE).halfLifeHours)
        points.append(dataclasses.replace(item, fraction=item.fraction * factor,
                                          uncertainty=math.hypot(*known) * factor if known else None))
    for position, point in enumerate(points):
        if point.fraction > 1.0:
            raise InputError(f"The uptake of 131I is {point.fraction:.4g}: more than all that was administered",
                             f"{where}, row {position + 1}", "Check the uptake, its time and the tracer")
    assumptions, warnings = _words(rows, tracers, probe, points, isVerification)
    if calibration is not None:
        assumptions.append(counterCalibration.assumption(calibration))
        if _deadTime(probe, calibration) is None:
            assumptions.append("No dead time is corrected for.")
        warnings += probeDoubts(case, calibration, rows, isVerification)
    common = [part for part in (probe.get("calibrationRelativeUncertainty"), ofStandard or None,
                                None if calibration is None else calibration.sensitivity.relativeUncertainty)
              if part is not None]
    if probe.get("calibrationRelativeUncertainty") is None:
        warnings.append("No uncertainty common to all uptakes is stated (standard and phantom, depth and size of the "
                        "gland): the uncertainties leave it out.")
    isKnown = all(point.uncertainty is not None for point in points)
    factor = None
    if countedRows and "standardTimeHours" not in countedRows[-1] and "standardReference" not in probe:
        factor = 1.0 / decayFactor(nuclide(tracers[-1]).halfLifeHours, points[-1].timeHours)
    return UptakePoints(
        tuple(point.timeHours for point in points), tuple(point.fraction for point in points),
        tuple(point.uncertainty for point in points) if isKnown else None, math.hypot(*common) if common else None,
        tuple((point.timeHours, 100.0 * point.fraction,
               None if point.uncertainty is None else 100.0 * point.uncertainty,
               _origin(row) + ("" if tracer == IODINE else f", {tracer}"))
              for row, tracer, point in zip(rows, tracers, points, strict=True)),
        tuple(assumptions), tuple([words for item in measured for words in item.warnings] + warnings), factor)


def _origin(row):
    """How an uptake was found."""
    if "patientCounts" not in row:
        return "stated"
    return "counts" if hasStandard(row) else "calibrated probe"


def _standardTime(row, probe):
    """Hours from administration to the counting of the standard."""
    if "standardTimeHours" in row:
        return row["standardTimeHours"]
    return row["timeHours"] if probe.get("standardReference") == WITH_PATIENT else 0.0


def _deadTime(probe, calibration=None):
    """As stated, or else as the calibration of the probe has it."""
    microseconds, model = probe.get("deadTimeMicroseconds"), probe.get("deadTimeModel")
    if microseconds is None and calibration is not None:
        microseconds, model = calibration.deadTimeMicroseconds, calibration.deadTimeModel
    return DeadTime(microseconds, model) if microseconds else None


def _measure(row, tracer, probe, isVerification, where, calibration, activityMBq):
    """Uptake of the tracer of one row."""
    halfLife = nuclide(tracer).halfLifeHours
    if "patientCounts" not in row:
        factor = (decayCorrectedToPresent(1.0, row["timeHours"], halfLife)
                  if probe.get("uptakeConvention") == DECAY_CORRECTED else 1.0)
        spread = row.get("uncertainty")
        return UptakeMeasurement(row["timeHours"], row["uptakeFraction"] * factor,
                                 None if spread is None else spread * factor)
    if not hasStandard(row):
        return uptakeFromCalibration(row["timeHours"], *countings(row), calibration.sensitivity.cpsPerBq, activityMBq,
                                     _deadTime(probe, calibration), where)
    share = probe.get("verificationStandardActivityFraction" if isVerification else "standardActivityFraction", 1.0)
    return uptakeFromCounts(row["timeHours"], *countings(row), halfLife, _standardTime(row, probe), share,
                            _deadTime(probe), where)


def _standardOf(row):
    return tuple(row.get(name) for name in ("standardCounts", "standardSeconds", "roomCounts", "roomSeconds",
                                            "standardTimeHours"))


def _sharedStandard(rows, measured):
    """Whether each row uses a counting of the standard that another row uses, too; its relative uncertainty."""
    standards = [_standardOf(row) if hasStandard(row) else None for row in rows]
    shared = [item is not None and standards.count(item) > 1 for item in standards]
    return shared, max((item.standardRelative for item, isShared in zip(measured, shared, strict=True) if isShared),
                       default=0.0)


def _standardRates(rows, probe):
    """(row, net rate of the standard, its standard uncertainty) per row with counts."""
    found = []
    for row in rows:
        if hasStandard(row):
            _neck, standard = netCountRates(*countings(row), deadTime=_deadTime(probe))
            found.append((row, standard.rateCps, standard.uncertaintyCps))
    return found


def _requireTimesOfStandard(rows, tracers, probe, where):
    """Refuse a standard that evidently decayed from row to row while nothing says when it was counted."""
    if "standardReference" in probe:
        return
    found = [(row, rate, error) for row, rate, error in _standardRates(rows, probe) if "standardTimeHours" not in row]
    if len(found) < 2 or len(set(tracers)) > 1:
        return
    (first, early, earlyError), (last, late, lateError) = found[0], found[-1]
    expected = decayFactor(nuclide(tracers[0]).halfLifeHours, last["timeHours"] - first["timeHours"])
    ratio = late / early
    spread = ratio * math.hypot(earlyError / early, lateError / late)
    isFalling = ratio < 1.0 - max(STANDARD_TOLERANCE, 3.0 * spread)
    if isFalling and abs(math.log(ratio / expected)) < abs(math.log(ratio)):
        raise InputError(f"The counts of the standard fall to {ratio:.3g} of the first ones, as by decay "
                         f"({expected:.3g}), but the times of its countings are not stated", where,
                         f"Give standardTimeHours in every row, or {PROBE}.standardReference")


def _words(rows, tracers, probe, points, isVerification):
    assumptions, warnings = [], []
    counted = [row for row in rows if hasStandard(row)]
    if any("patientCounts" not in row for row in rows):
        if probe.get("uptakeConvention") == DECAY_CORRECTED:
            assumptions.append("Uptakes given as fractions are corrected for decay to administration; they are decayed "
                               "back to their times.")
        else:
            assumptions.append("Uptakes given as fractions are as present at their times, not corrected for decay.")
    if counted:
        _wordsOfCounts(rows, tracers, probe, isVerification, assumptions, warnings)
    for tracer in sorted({name for name in tracers if name != IODINE}):
        assumptions.append(f"The uptake of {tracer} is taken over to 131I: the same iodine, with the decay of 131I in "
                           "the place of the tracer's.")
        late = [row["timeHours"] for row, name in zip(rows, tracers, strict=True)
                if name == tracer and row["timeHours"] > MOST_TRACER_HALF_LIVES * nuclide(tracer).halfLifeHours]
        if late:
            warnings.append(f"At {late[-1]:g} h more than {MOST_TRACER_HALF_LIVES:g} half-lives of {tracer} have "
                            "passed: the counts are few, and an impurity with a longer half-life may outweigh them.")
    low = [point for point in points if point.fraction < LEAST_USUAL_UPTAKE]
    if low:
        warnings.append(f"The uptake at {low[0].timeHours:g} h is {100 * low[0].fraction:.3g} %: lower than usual. "
                        "Check the unit (a fraction, 0.42 for 42 %), iodine load and medication.")
    if any(point.uncertainty is None for point in points):
        warnings.append("Not every uptake has an uncertainty: the points are weighted alike in relative terms, and "
                        "those given are not used.")
    return assumptions, warnings


def _wordsOfCounts(rows, tracers, probe, isVerification, assumptions, warnings):
    counted = [row for row in rows if hasStandard(row)]
    key = "verificationStandardActivityFraction" if isVerification else "standardActivityFraction"
    if key not in probe:
        assumptions.append("The standard holds the administered activity." if not isVerification else
                           "The standard of the verification holds the administered activity of the therapy.")
    if all("patientSeconds" not in row for row in counted):
        assumptions.append("Neck, thigh, standard and room were counted for the same time.")
    if "deadTimeMicroseconds" not in probe:
        assumptions.append("No dead time is corrected for.")
    silent = [row for row in counted if "standardTimeHours" not in row]
    if silent and "standardReference" not in probe:
        last = silent[-1]["timeHours"]
        factor = 1.0 / decayFactor(nuclide(tracers[rows.index(silent[-1])]).halfLifeHours, last)
        assumptions.append("The counts of the standard are those at administration, or decayed to it.")
        warnings.append("It is not stated when the standard was counted: its counts are taken as those at "
                        f"administration. If it was counted together with the patient, the uptake at {last:g} h is too "
                        f"high by the factor {factor:.3g} and the activity too low: give standardTimeHours, or "
                        f"{PROBE}.standardReference.")
    elif silent:
        title = "together with the patient" if probe["standardReference"] == WITH_PATIENT else "at administration"
        assumptions.append(f"The counts of the standard are those {title}.")
    # The standard itself shows whether probe and times are right.
    found = [(rate / decayFactor(nuclide(tracer).halfLifeHours, _standardTime(row, probe)), error / rate)
             for (row, rate, error), tracer in zip(
                 _standardRates(rows, probe), [name for row, name in zip(rows, tracers, strict=True)
                                               if hasStandard(row)], strict=True)]
    values = [value for value, _relative in found]
    spread = max(values) / min(values) - 1.0
    if spread > max(STANDARD_TOLERANCE, 3.0 * max(relative for _value, relative in found) * math.sqrt(2.0)):
        warnings.append(f"The count rates of the standard, decayed to administration, differ by {100 * spread:.0f} %: "
                        "check probe, geometry and times.")


def targetMass(thyroid):
    """Mass of the target, with assumptions and warnings.

    Returns
    -------
    Mass, list of str, list of str
    """
    target = thyroid.get("target")
    data = loadJSON(dataPath("thyroidIodine.json"))["density"]
    assumptions, warnings = [], []
    density = thyroid.get("densityGPerML")
    if density is None and "massG" not in thyroid:
        density = data["value"]
        assumptions.append(f"The density is {density:g} g/mL ({data['source']}).")
    stated = thyroid.get("massRelativeUncertainty")
    if "massG" in thyroid:
        mass = Mass(thyroid["massG"], stated, f"The mass of {thyroid['massG']:g} g is stated.")
    elif "volumeML" in thyroid:
        mass = Mass(thyroid["volumeML"] * density, stated,
                    f"The volume of {thyroid['volumeML']:g} mL is stated, the density is {density:g} g/mL.")
    else:
        bodies = (NODULE,) if target == NODULE else LOBES
        axes = [[thyroid[f"{body}{axis}"] for axis in AXES] for body in bodies if f"{body}{AXES[0]}" in thyroid]
        formula = lobeFormulas()[thyroid.get("lobeFormula", ELLIPSOID)]
        mass = massOfAxes(axes, formula, density, thyroid.get("axisUncertaintyMM"))
        if stated is not None:
            mass = dataclasses.replace(mass, relativeUncertainty=stated)
        if target == WHOLE_GLAND and len(axes) == 1:
            warnings.append("The axes of one lobe alone are given: the mass is that of this lobe.")
        if not formula.isVerified:
            assumptions.append(f"The formula of the volume is not verified: {formula.source}.")
    if target is None:
        assumptions.append("The stated mass is that of the tissue that takes up the iodine and is to receive the "
                           "absorbed dose.")
    elif target == NODULE:
        assumptions.append("All of the uptake is in the nodule: uptake of the other thyroid tissue is not subtracted.")
    assumptions += [mass.words, "The uptake is spread evenly over the target, whose mass stays the same during "
                    "therapy."]
    if mass.relativeUncertainty is None:
        warnings.append("The uncertainty of the mass is not stated: the uncertainties leave it out, although the "
                        "volume by ultrasound often dominates.")
    least, largest = USUAL_MASS_G
    if not least <= mass.massG <= largest:
        warnings.append(f"The mass of the target is {mass.massG:.4g} g, outside of the usual {least:g} to {largest:g} "
                        "g: check its unit.")
    return mass, assumptions, warnings


def statedHalfLife(thyroid):
    """The stated effective half-life of the thyroid, or ``None``."""
    days, spread = thyroid.get("effectiveHalfLifeDays"), thyroid.get("effectiveHalfLifeUncertaintyDays")
    return None if days is None else StatedHalfLife(days * HOURS_PER_DAY, None if spread is None else
                                                    spread * HOURS_PER_DAY, thyroid.get("effectiveHalfLifeSource", ""))


def statedPool(thyroid):
    """The stated effective half-life of the iodide pool, or ``None``."""
    hours = thyroid.get("poolHalfLifeHours")
    return None if hours is None else StatedHalfLife(hours, thyroid.get("poolHalfLifeUncertaintyHours"),
                                                     thyroid.get("poolHalfLifeSource", ""))


def chosenConstant(thyroid):
    """The energy constant in use, and what to say about it.

    Returns
    -------
    EnergyConstant, list of str
    """
    choice = thyroid.get("energyConstant")
    constant = energyConstant(choice or "classic", thyroid.get("energyConstantGyGPerMBqD"),
                              thyroid.get("energyConstantSource", ""))
    words = [f"Energy constant {constant.valueGyGPerMBqD:.4f} Gy g/(MBq d), that is {constant.classicFigure:.4g} in "
             f"the classic form and {constant.energyMeV:.4f} MeV per decay: {constant.title}"
             f"{'' if choice else ', as none was chosen'} ({constant.source}"
             f"{'' if constant.isVerified else '; not verified'})."]
    other = energyConstants()["electrons"]
    if constant.id != other.id:
        change = 100.0 * (constant.valueGyGPerMBqD / other.valueGyGPerMBqD - 1.0)
        words.append(f"With electrons alone the activity would be {abs(change):.1f} % "
                     f"{'higher' if change > 0 else 'lower'}.")
    return constant, words

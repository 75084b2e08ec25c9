"""Commissioning of what belongs to single therapies: thyroid, whole body, blood, microspheres, limits."""

import math

import numpy as np

from ..physics import blood, microspheres, thyroidActivity, wholeBody, wholeBodyDose
from ..physics.courseLimits import Course, Part
from ..physics.nuclides import nuclide
from ..physics.radiobiology import leaCatchesideFactor
from ..physics.thyroidKinetics import StatedHalfLife, fitUptakes, twoCompartmentUptake
from ..physics.thyroidLateUptake import lateUptake, lateUptakeWithoutHalfLife
from ..physics.units import HOURS_PER_DAY
from .commissioningCase import Case, Check, published, sourceOf, worst

_SUBJECT = "Single therapies"
_PRINTED = "the printed digits"
# Counts of a monitor: any will do, since a retention is a ratio of them.
_FIRST_CPS, _BACKGROUND_CPS, _RATIO_OF_VIEWS = 10000.0, 5.0, 1.5


def _worst(key, name, record, tolerance, values):
    """The value that deviates most, of (label, expected, computed, quantity, unit)."""
    return worst(Case(f"therapies.{key}", _SUBJECT, name, source=sourceOf(record), tolerance=tolerance,
                      isRelative=True, reason=_PRINTED), values)


def thyroid(job, progress):
    """Uptake of 131I in the thyroid: two compartments, one late uptake, activity."""
    record, rate = published("thyroidActivity"), nuclide("I-131").decayConstantPerHour
    uptakeRate = record["uptakeRate"]
    loss, poolLoss = (math.log(2) / record[name] * HOURS_PER_DAY for name in ("thyroidHalfLife", "poolHalfLife"))
    times = np.array(record["times"])
    uptakes = twoCompartmentUptake(times, uptakeRate, loss, poolLoss)
    found = fitUptakes(times, uptakes, None, rate)
    halfLife = StatedHalfLife(record["thyroidHalfLife"])
    late = float(twoCompartmentUptake(np.array([record["lateTime"]]), uptakeRate, loss, poolLoss)[0])
    # the form without a half-life gives the same value for every range of half-lives
    without = lateUptakeWithoutHalfLife(record["lateTime"], late, None, (halfLife.hours, halfLife.hours * 1.01))
    integrals = (("five uptakes", "integral", found), ("one late uptake alone", "lateIntegralWithoutHalfLife", without),
                 ("one late uptake, half-life stated", "lateIntegral",
                  lateUptake(record["lateTime"], late, None, rate, halfLife)))
    yield _worst("thyroidUptake", "Thyroid, 131I: uptakes", record, 2.5e-5, [
        *((f"uptake at {time:g} h", expected, uptake, "uptake", "") for time, expected, uptake in zip(
            record["times"], record["uptakes"], uptakes.tolist(), strict=True)),
        *((f"integral, {label}", record[name], integral.integralD, "integral", "d")
          for label, name, integral in integrals)])
    constants = thyroidActivity.energyConstants()
    extrapolated = thyroidActivity.marinelliIntegralD(found.extrapolatedUptake, found.effectiveHalfLifeHours)
    rows = [(label, record[name], thyroidActivity.activityMBq(record["absorbedDose"], record["mass"], integral,
                                                              constants[constant]), "activity", "MBq")
            for label, name, integral, constant in (
                ("energy constant 24.7", "activity", found.integralD, "classic"),
                ("electrons alone", "activityOfElectrons", found.integralD, thyroidActivity.ELECTRONS),
                ("extrapolated uptake", "activityOfExtrapolatedUptake", extrapolated, "classic"))]
    yield _worst("thyroidActivity", "Thyroid, 131I: activity for 200 Gy", record, 2.5e-5, rows)


def wholeBodyMonitor(job, progress):
    """Whole body by an external monitor: retention, absorbed dose, next activity."""
    record, iodine = published("wholeBody"), nuclide("I-131")
    rate = iodine.decayConstantPerHour
    readings = [wholeBody.Reading(time, _FIRST_CPS * fraction * _RATIO_OF_VIEWS + _BACKGROUND_CPS,
                                  _FIRST_CPS * fraction / _RATIO_OF_VIEWS + _BACKGROUND_CPS, _BACKGROUND_CPS)
                for time, fraction in zip(record["times"], record["fractions"], strict=True)]
    found = wholeBody.integrate(wholeBody.retention(readings, rate), rate)
    yield _worst("wholeBody", "Whole body, 131I: retention", record, 5e-5, [
        ("all times", record["coefficient"], found.timeIntegratedActivityCoefficientH, "TIA coefficient", "h"),
        ("tail by physical decay", record["physicalTail"], found.tailPhysicalH, "TIA coefficient", "h"),
        ("tail", record["tailHalfLife"], found.tailEffectiveHalfLifeHours, "half-life", "h")])
    coefficient = wholeBodyDose.wholeBodyDoseCoefficient(found.timeIntegratedActivityCoefficientH, None,
                                                         record["mass"], iodine)
    absorbedDoseGy = coefficient.totalGyPerGBq * record["given"] / 1000.0
    following, _uncertainty = wholeBodyDose.nextActivityMBq(record["given"], absorbedDoseGy, record["wanted"])
    yield _worst("wholeBodyDose", "Whole body, 131I: next activity", record, 2.5e-5, [
        ("given", record["absorbedDose"], absorbedDoseGy, "absorbed dose", "Gy"),
        ("next", record["nextActivity"], following, "activity", "MBq")])


def bloodAndLimits(job, progress):
    """Absorbed dose of blood with its largest activity, and what a limit on the kidneys leaves."""
    record = published("bloodDose")
    dose = blood.bloodDose(record["blood"], None, record["wholeBody"], None, record["mass"], nuclide("I-131"))
    largest, *_rest = blood.maximumActivity(dose.coefficientGyPerGBq, None, record["limit"])
    yield _worst("blood", "Blood, 131I: largest activity", record, 3.5e-4, [
        ("blood", record["coefficient"], dose.coefficientGyPerGBq, "absorbed dose", "Gy/GBq"),
        ("largest activity", record["largestActivity"], largest, "activity", "GBq")])
    record = published("kidneyLimit")
    perCycleGBq, coefficient = record["perCycle"], record["coefficient"]
    course = Course([Part(coefficient * perCycleGBq)] * record["cyclesGiven"], Part(coefficient), samples=None)
    quadratic = leaCatchesideFactor([(1.0, math.log(2) / record["halfLife"])],
                                    record["repairHalfLife"]) / record["alphaBeta"]
    inBED = Course([], Part(coefficient, quadraticPerGy=quadratic), samples=None)
    rows = [("to 23 Gy", record["remaining"], course.activityGBq(record["limit"], None), "activity", "GBq")]
    rows += [(f"to a BED of {limit:g} Gy", cycles, inBED.remainingCycles(limit, perCycleGBq, None)[0], "cycles", "")
             for limit, cycles in zip(record["bedLimits"], record["cycles"], strict=True)]
    yield _worst("prescription", "Kidney, 177Lu: what limits leave", record, 8e-4, rows)


def partition(job, progress):
    """Partition model of microspheres."""
    record = published("partition")
    found = microspheres.concentrationPartition(
        {"tumor": record["tumorMass"], "normal": record["normalMass"]}, {"tumor": record["ratio"], "normal": 1.0},
        record["lungShunt"], record["lungMass"], record["constant"])
    activityMBq = record["activity"]
    compartments = {"tumor": ("tumor",), "normal": ("normal",), "lungs": (microspheres.LUNGS,),
                    "perfused": ("tumor", "normal")}
    rows = [(label, record[label], found.absorbedDoseGy(activityMBq, *names), "absorbed dose", "Gy")
            for label, names in compartments.items()]
    rows.append(("for 40 Gy to normal liver", record["activityForNormal"],
                 found.activityForMBq(record["wantedNormal"], "normal"), "activity", "MBq"))
    yield _worst("partition", "Microspheres, 90Y: partition", record, 2e-5, rows)


CHECKS = (
    Check("therapies.thyroid", _SUBJECT, "Thyroid", thyroid, 0.3),
    Check("therapies.wholeBody", _SUBJECT, "Whole body", wholeBodyMonitor, 0.2),
    Check("therapies.blood", _SUBJECT, "Blood and limits", bloodAndLimits, 0.2),
    Check("therapies.partition", _SUBJECT, "Microspheres", partition, 0.2),
)

"""Commissioning of time-activity curves, radiobiology and the chain of uncertainty."""

import math

import numpy as np

from ..physics.kinetics.curve import TimeActivityCurve
from ..physics.kinetics.selection import fit
from ..physics.kinetics.solver import covarianceOf, solveLeastSquares
from ..physics.nuclides import nuclide
from ..physics.radiobiology import bed, leaCatchesideFactor
from ..physics.uncertainty.chain import ChainInputs, MassScaling, propagate
from ..physics.uncertainty.recovery import FittedRecovery
from .commissioningCase import Case, Check, published, sourceOf, worst

_SUBJECT = "Time-activity curves"
_BIOLOGY = "Radiobiology, uncertainty"
_PRINTED = "the printed digits"
_CERTIFIED = "six certified digits"


def analyticCurves(job, progress):
    """Curves made of exponentials without noise: their area is known, and the fit has to find it."""
    rate = nuclide("Lu-177").decayConstantPerHour
    record = published("monoArea")
    times = np.array([4.0, 24.0, 96.0, 168.0])
    activities = record["amplitude"] * np.exp(-(rate + math.log(2) / record["biologicalHalfLife"]) * times)
    yield _area("kinetics.monoExponential", "Mono-exponential curve, 4 points",
                fit(TimeActivityCurve(times, activities), rate, "monoExponential"), record["timeIntegratedActivity"],
                record)
    record = published("biArea")
    times = np.array([1.0, 3.0, 6.0, 12.0, 24.0, 48.0, 96.0, 168.0])
    activities = sum(amplitude * np.exp(-(rate + math.log(2) / halfLife) * times) for amplitude, halfLife in zip(
        record["amplitudes"], record["biologicalHalfLives"], strict=True))
    yield _area("kinetics.biExponential", "Bi-exponential curve, 8 points",
                fit(TimeActivityCurve(times, activities), rate, "biExponential"), record["timeIntegratedActivity"],
                record)


def workedCurves(job, progress):
    """Measured-like curves with a result worked out elsewhere."""
    rate, record = nuclide("Lu-177").decayConstantPerHour, published("fourPoints")
    times, activities = np.array(record["times"]), np.array(record["activities"])
    result = fit(TimeActivityCurve(times, activities), rate, "trapezoid", options={"tail": "physical"})
    yield _area("kinetics.trapezoid", "Trapezoid with physical tail", result, record["trapezoid"], record)
    result = fit(TimeActivityCurve(times, activities, 0.05 * activities), rate, "monoExponential")
    yield _area("kinetics.weighted", "Weighted fit of four points", result, record["monoExponential"], record)
    yield Case("kinetics.weightedUncertainty", _SUBJECT, "Weighted fit of four points", "u(TIA)/TIA", "",
               record["relativeUncertainty"],
               result.timeIntegratedActivityUncertaintyMBqH / result.timeIntegratedActivityMBqH, sourceOf(record),
               1e-4, True, _PRINTED)
    record = published("kidney")
    result = fit(TimeActivityCurve([record["time"]], [record["activity"]]), rate,
                 effectiveHalfLifeHours=record["halfLife"])
    yield _area("kinetics.singlePoint", "Single point with a half-life", result, record["timeIntegratedActivity"],
                record)


def _area(key, name, result, expected, record):
    return Case(key, _SUBJECT, name, "TIA", "MBq h", expected, result.timeIntegratedActivityMBqH, sourceOf(record),
                1e-5, True, _PRINTED)


def certifiedRegressions(job, progress):
    """The solver on certified problems of nonlinear regression, started far from the answer."""
    for key, name in (("misra1a", "Misra1a"), ("boxBOD", "BoxBOD")):
        record = published(key)
        x, y = np.array(record["x"]), np.array(record["y"])

        def derivatives(b, x=x):
            return np.column_stack([1 - np.exp(-b[1] * x), b[0] * x * np.exp(-b[1] * x)])

        def residuals(b, x=x, y=y):
            return y - b[0] * (1 - np.exp(-b[1] * x))

        solution = solveLeastSquares(residuals, lambda b, of=derivatives: -of(b), np.array(record["start1"]))
        covariance = covarianceOf(derivatives(solution.values)) * solution.chiSquare / (x.size - 2)
        yield _certified(f"kinetics.{key}", f"NIST {name}", record, [("b1", "b2"), ("s(b1)", "s(b2)")],
                         [solution.values, np.sqrt(np.diag(covariance))])
    record = published("lanczos3")
    # shifted by 1 h, since a curve has no point at 0: the rates keep their values
    y = np.array(record["y"])
    result = fit(TimeActivityCurve(np.array(record["x"]) + 1.0, y, np.ones_like(y)), 1e-3, "triExponential")
    rates = np.array([result.parameters[f"lambda{index}"].value for index in (1, 2, 3)])
    amplitudes = np.array([result.parameters[f"A{index}"].value for index in (1, 2, 3)]) * np.exp(-rates)
    yield _certified("kinetics.lanczos3", "NIST Lanczos3, three exponentials", record,
                     [[f"b{index}" for index in range(1, 7)]], [np.column_stack([amplitudes, rates]).ravel()])


def _certified(key, name, record, labels, found):
    expected = [record["certified"], record["standardDeviations"]][:len(found)]
    values = [(label, *pair) for names, pairs in zip(labels, zip(expected, found, strict=True), strict=True)
              for label, *pair in zip(names, *pairs, strict=True)]
    return worst(Case(key, _SUBJECT, name, "parameters", "", source=sourceOf(record), tolerance=1e-6, isRelative=True,
                      reason=_CERTIFIED), values)


def biologyAndUncertainty(job, progress):
    """Biologically effective dose and the chain of uncertainty of worked examples."""
    for key, name in (("kidneyBED", "Kidney, 177Lu"), ("microspheresBED", "Liver, 90Y microspheres")):
        record = published(key)
        factor = leaCatchesideFactor([(1.0, math.log(2) / record["halfLife"])], record["repairHalfLife"])
        yield Case(f"biology.{key}", _BIOLOGY, name, "BED", "Gy", record["bed"],
                   float(bed(record["absorbedDose"], factor, record["alphaBeta"])), sourceOf(record), 1e-5, True,
                   _PRINTED)
    record = published("uncertaintyChain")
    recovery = FittedRecovery.fromStandardErrors(record["exponent"], record["halfVolume"], record["exponentError"],
                                                 record["halfVolumeError"], record["correlation"])
    found = propagate(ChainInputs(
        volumeML=record["volume"], voxelSizeMM=record["voxelSize"], imageFWHMMM=record["resolution"],
        recovery=recovery, calibrationRelative=record["calibration"], fitRelative=record["fit"],
        massScaling=MassScaling(record["massExponent"])))
    yield Case("uncertainty.lesion", _BIOLOGY, "Lesion of 30 mL, whole chain", "u(D)/D", "",
               record["relativeUncertainty"], found.absorbedDose, sourceOf(record), 1e-5, True, _PRINTED)


CHECKS = (
    Check("kinetics.analytic", _SUBJECT, "Analytic curves", analyticCurves),
    Check("kinetics.worked", _SUBJECT, "Worked examples", workedCurves),
    Check("kinetics.certified", _SUBJECT, "Certified regressions", certifiedRegressions),
    Check("biology", _BIOLOGY, "Worked examples", biologyAndUncertainty),
)

"""The uncertainty chain against its worked example, finite differences, limits and Monte Carlo."""

import json
import math
import time

import numpy as np
import pytest

from MRTDosimetryLib.errors import FaultList, InputError
from MRTDosimetryLib.physics.partialVolume import recoveryOfSphere
from MRTDosimetryLib.physics.uncertainty import activity, volume
from MRTDosimetryLib.physics.uncertainty.budget import uncertaintyBudget
from MRTDosimetryLib.physics.uncertainty.chain import ChainInputs, MassScaling, propagate
from MRTDosimetryLib.physics.uncertainty.monteCarlo import propagateDistributions
from MRTDosimetryLib.physics.uncertainty.recovery import FittedRecovery

# Lesion of 30 mL: 3 % each for amplitude and rate of the fit with a correlation of 0.4
RANDOM = math.sqrt(0.03 ** 2 + 0.03 ** 2 - 2 * 0.4 * 0.03 ** 2)
RECOVERY = FittedRecovery.fromStandardErrors(0.90, 4.0, 0.05, 0.4, 0.3)


def lesion(**changes):
    values = {"volumeML": 30.0, "voxelSizeMM": 4.8, "imageFWHMMM": 10.0, "recovery": RECOVERY,
              "calibrationRelative": 0.03, "fitRelative": RANDOM, "massScaling": MassScaling(0.99)}
    return ChainInputs(**{**values, **changes})


def wellOutlined(**changes):
    """Outlined on a sharp image: u(V)/V of 2 %."""
    return lesion(**{"voxelSizeMM": 0.3, "outlineFWHMMM": 0.377, **changes})


@pytest.mark.parametrize(("name", "printed"), [
    ("diameterMM", "38.5515"), ("diameterUncertaintyMM", "6.31723"), ("volume", "0.491594"), ("mass", "0.491594"),
    ("recoveryCoefficient", "0.859774"), ("recoverySlopePerML", "0.00361688"), ("recovery", "0.0640387"),
    ("boundaryFactor", "0.824219"), ("countRate", "0.235633"), ("recoveryCountRateCovariance", "0.0146189"),
    ("fit", "0.03286"), ("activity", "0.176878"), ("timeIntegratedActivity", "0.179905"),
    ("activityExponent", "0.35312"), ("sValue", "0.486678"), ("activitySValueCovariance", "-0.0844833"),
    ("absorbedDose", "0.316631")])
def test_workedExampleToAllPrintedDigits(name, printed):
    digits = len(printed.partition(".")[2])
    assert f"{getattr(propagate(lesion()), name):.{digits}f}" == printed


def test_gradientOfTheRecoveryByFiniteDifferences():
    step = 1e-5
    for volumeML in (0.5, 4.0, 30.0, 400.0):
        slope = (RECOVERY.value(volumeML * (1 + step)) - RECOVERY.value(volumeML * (1 - step))) / (2 * step * volumeML)
        assert RECOVERY.slopePerML(volumeML) == pytest.approx(slope, rel=1e-8)
        first = [FittedRecovery(0.9 + sign * step, 4.0).value(volumeML) for sign in (-1, 1)]
        second = [FittedRecovery(0.9, 4.0 + sign * step).value(volumeML) for sign in (-1, 1)]
        numeric = [(first[1] - first[0]) / (2 * step), (second[1] - second[0]) / (2 * step)]
        assert RECOVERY.parameterGradient(volumeML) == pytest.approx(numeric, rel=1e-6, abs=1e-10)


@pytest.mark.parametrize(("volumeML", "fwhmMM"), [(1.0, 12.0), (8.0, 10.0), (30.0, 10.0), (1700.0, 10.0)])
def test_countRateExponentIsTheSlopeOfTheOutlinedCountRate(volumeML, fwhmMM):
    around = activity.outlinedCountRate([volumeML * 0.999, volumeML * 1.001], volumeML, fwhmMM)
    slope = math.log(around[1] / around[0]) / math.log(1.001 / 0.999)
    assert activity.countRateExponent(volumeML, fwhmMM) == pytest.approx(slope, rel=2e-4)


def test_outlinedCountRateAgainstConvolution():
    from scipy.ndimage import gaussian_filter

    radius, fwhm = 12.0, 10.0
    volumeML = 4 / 3 * math.pi * radius ** 3 / 1000
    edge = np.arange(-40, 41).astype(float)
    distance = np.sqrt(edge[:, None, None] ** 2 + edge[None, :, None] ** 2 + edge[None, None, :] ** 2)
    blurred = gaussian_filter(np.clip(radius - distance + 0.5, 0, 1), fwhm / 2.354820045, truncate=5)

    def enclosed(outline):
        return float(np.sum(blurred * np.clip(outline - distance + 0.5, 0, 1)))

    for outline in (6.0, 9.0, 15.0, 20.0, 35.0):
        found = activity.outlinedCountRate([4 / 3 * math.pi * outline ** 3 / 1000], volumeML, fwhm)[0]
        assert found == pytest.approx(enclosed(outline) / enclosed(radius), rel=0.01)


def test_outlinedCountRateLimits():
    wide = activity.outlinedCountRate([1e5, 1e6], 5.0, 10.0)
    assert wide == pytest.approx([1.0 / recoveryOfSphere(5.0, 10.0)] * 2, rel=2e-4)
    assert activity.outlinedCountRate([2.5, 5.0, 10.0], 5.0, 0.0) == pytest.approx([0.5, 1.0, 1.0])
    assert activity.outlinedCountRate([5.0], 5.0, 10.0)[0] == 1.0


def test_boundaryFactorLimits():
    assert activity.boundaryFactor(10.0, 0.0) == 1.0
    assert activity.boundaryFactor(1e9, 10.0) == pytest.approx(1.0, abs=0.01)
    values = [activity.boundaryFactor(item, 10.0) for item in np.geomspace(1e-9, 1e6, 300)]
    assert np.all(np.diff(values) > 0) and 0 < values[0] < 1e-6
    # a blurred point: all of a small outline holds the same concentration; a large one is cut at half its height
    assert activity.countRateExponent(1e-6, 10.0) == pytest.approx(1.0, abs=1e-4)
    assert activity.countRateExponent(1e8, 10.0) == pytest.approx(0.5, abs=0.005)


def test_chainAgainstANumericalGradientOfTheWholeModel():
    scaling = MassScaling(0.97, ((4e-4, 1.2e-4), (1.2e-4, 9e-5)), massG=31.0)
    inputs = lesion(massScaling=scaling)
    steps = propagate(inputs)
    exponent = steps.boundaryFactor / (2 * steps.recoveryCoefficient)

    def logDose(logVolume, logCalibration, logFit, b1, b2, logFirst, second):
        volumeML = 30.0 * math.exp(logVolume)
        recovery = 1 - 1 / (1 + (volumeML / b2) ** b1)
        mass = 31.0 * math.exp(logVolume)
        return logCalibration + logFit + exponent * logVolume - math.log(recovery) + logFirst - second * math.log(mass)

    at = np.array([0.0, 0.0, 0.0, 0.9, 4.0, 0.0, 0.97])
    gradient = []
    for index in range(len(at)):
        shift = np.zeros(len(at))
        shift[index] = 1e-6
        gradient.append((logDose(*(at + shift)) - logDose(*(at - shift))) / 2e-6)
    covariance = np.zeros((7, 7))
    covariance[0, 0], covariance[1, 1], covariance[2, 2] = steps.volume ** 2, 0.03 ** 2, RANDOM ** 2
    covariance[3:5, 3:5], covariance[5:, 5:] = RECOVERY.covariance, scaling.covariance
    expected = math.sqrt(np.array(gradient) @ covariance @ np.array(gradient))
    assert steps.absorbedDose == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize("changes", [
    {}, {"recovery": None}, {"recovery": None, "calibrationRelative": None}, {"volumeML": 900.0},
    {"massScaling": MassScaling(0.97, ((4e-4, 1.2e-4), (1.2e-4, 9e-5)), massG=31.0)}])
def test_monteCarloAgreesWhereTheVolumeIsWellKnown(changes):
    inputs = wellOutlined(**changes)
    steps, carlo = propagate(inputs), propagateDistributions(inputs)
    assert steps.volume < 0.05
    assert carlo.absorbedDose == pytest.approx(steps.absorbedDose, rel=0.01)
    assert carlo.timeIntegratedActivity == pytest.approx(steps.timeIntegratedActivity, rel=0.01)
    assert carlo.meanRatio == pytest.approx(1.0, abs=0.005)


def test_monteCarloOfAPureRatioIsLogNormal():
    """D ~ 1/V has the relative deviation of the log-normal volume itself, however large it is."""
    inputs = lesion(recovery=None, calibrationRelative=None, fitRelative=None, imageFWHMMM=2000.0, outlineFWHMMM=10.0,
                    massScaling=MassScaling(2.0))
    carlo, relative = propagateDistributions(inputs), propagate(inputs).volume
    # the image is so blurred that the count rate goes with V: D ~ V / V^2
    assert carlo.absorbedDose == pytest.approx(relative, rel=0.01)
    assert carlo.interval95[1] == pytest.approx(math.exp(1.95996 * math.sqrt(math.log1p(relative ** 2))), rel=0.02)


def test_monteCarloRepeatsItsDigitsAndIsFast():
    started = time.perf_counter()
    first = propagateDistributions(lesion())
    assert time.perf_counter() - started < 0.5
    assert first == propagateDistributions(lesion())
    assert first.samples == 100_000
    assert first.absorbedDose != propagateDistributions(lesion(), seed=1).absorbedDose


def test_monteCarloStaysFiniteForAHopelessOutline():
    carlo = propagateDistributions(lesion(volumeML=0.05, imageFWHMMM=14.0, operatorDiameterMM=5.0))
    assert math.isfinite(carlo.absorbedDose) and 0 < carlo.interval95[0] < carlo.interval95[1] < math.inf


@pytest.mark.parametrize("method", ["analytic", "monteCarlo"])
@pytest.mark.parametrize("changes", [{}, {"recovery": None}, {"calibrationRelative": None}, {"fitRelative": None},
                                     {"imageFWHMMM": None, "recovery": None}])
def test_sharesAddUpTo100(method, changes):
    budget = uncertaintyBudget(lesion(**changes), method)
    for lines in (budget.components, budget.origins):
        assert sum(line.sharePercent or 0.0 for line in lines) == pytest.approx(100.0, abs=1e-9)
        assert all((line.sharePercent is None) == (line.status != "included") for line in lines)
    assert all(line.sharePercent is None or line.sharePercent >= 0 for line in budget.origins)
    json.dumps(budget.toDict(), allow_nan=False)


def test_covariancesAreLinesOfTheBudget():
    lines = {line.name: line for line in uncertaintyBudget(lesion(), "analytic").components}
    total = 0.316631 ** 2
    assert lines["activitySValue"].sharePercent == pytest.approx(100 * 2 * -0.0844833 / total, rel=1e-4)
    assert lines["recoveryCountRate"].sharePercent == pytest.approx(100 * -2 * 0.0146189 / total, rel=1e-4)
    assert lines["sValue"].sharePercent == pytest.approx(100 * 0.486678 ** 2 / total, rel=1e-4)
    assert lines["activitySValue"].relativeUncertainty is None


def test_methodIsChosenByTheVolume():
    rough, sharp = uncertaintyBudget(lesion()), uncertaintyBudget(wellOutlined())
    assert rough.method == "monteCarlo" and any("above 0.3" in flag for flag in rough.flags)
    assert sharp.method == "analytic" and sharp.monteCarlo is None and not sharp.flags
    assert rough.analyticRelativeUncertainty == pytest.approx(0.316631, abs=1e-6)
    assert uncertaintyBudget(wellOutlined(), "monteCarlo").method == "monteCarlo"
    forced = uncertaintyBudget(lesion(), "analytic")
    assert forced.monteCarlo is None and any("not reliable" in flag for flag in forced.flags)
    with pytest.raises(InputError, match="auto, analytic, monteCarlo"):
        uncertaintyBudget(lesion(), "guess")


def test_bothMethodsAreSaidWhenTheyDiffer():
    small = uncertaintyBudget(lesion(volumeML=2.0, recovery=None))
    difference = abs(small.monteCarlo.absorbedDose / small.analyticRelativeUncertainty - 1)
    assert difference > 0.1 and any("First-order propagation gives" in flag for flag in small.flags)
    assert not any("First-order" in flag for flag in uncertaintyBudget(lesion()).flags)  # 7 % apart


def test_whatIsNotStatedIsNamedAndNotZero():
    budget = uncertaintyBudget(lesion(calibrationRelative=None), "analytic")
    line = next(item for item in budget.components if item.name == "calibration")
    assert (line.status, line.relativeUncertainty, line.sharePercent) == ("not stated", None, None)
    assert budget.notIncluded == ["calibration"]
    exact = uncertaintyBudget(lesion(calibrationRelative=0.0), "analytic")
    line = next(item for item in exact.components if item.name == "calibration")
    assert (line.status, line.relativeUncertainty, line.sharePercent) == ("included", 0.0, 0.0)
    assert exact.notIncluded == []
    assert exact.relativeUncertainty == budget.relativeUncertainty


def test_nothingStatedGivesNoTotal():
    budget = uncertaintyBudget(ChainInputs(30.0, 4.8))
    assert budget.relativeUncertainty is None and budget.analyticRelativeUncertainty is None
    assert budget.notIncluded == ["curveFit", "calibration", "volume"]


def test_withoutRecoveryItsTermsVanishAndTheCountRateStays():
    steps = propagate(lesion(recovery=None))
    assert (steps.recoveryCoefficient, steps.recovery, steps.recoveryCountRateCovariance) == (1.0, 0.0, 0.0)
    exponent = 0.824219 / (2 * recoveryOfSphere(30.0, 10.0))
    assert steps.countRate == pytest.approx(exponent * 0.491594, rel=1e-5)
    expected = math.sqrt(0.03 ** 2 + RANDOM ** 2 + ((exponent - 0.99) * 0.491594) ** 2)
    assert steps.absorbedDose == pytest.approx(expected, rel=1e-5)


def test_withoutResolutionOnlyFitAndCalibrationCount():
    steps = propagate(lesion(imageFWHMMM=None, recovery=None))
    assert steps.volume is None and steps.countRate is None
    assert steps.absorbedDose == pytest.approx(math.hypot(0.03, RANDOM), rel=1e-12)


def test_volumeTerms():
    assert volume.equivalentDiameterMM(30.0) == pytest.approx(38.5515, abs=5e-5)
    # both edges of a voxel, each uniform within it
    assert volume.diameterUncertaintyMM(6.0, 0.0) == pytest.approx(math.sqrt(2 * 36 / 12), rel=1e-12)
    sigma = 10.0 / (2 * math.sqrt(2 * math.log(2)))
    assert volume.diameterUncertaintyMM(1e-9, 10.0) == pytest.approx(math.sqrt(2) * sigma, rel=1e-12)
    assert volume.diameterUncertaintyMM((4.0, 4.0, 4.0), 9.0) == pytest.approx(volume.diameterUncertaintyMM(4.0, 9.0))
    with_ = volume.diameterUncertaintyMM(4.0, 9.0, 3.0)
    assert with_ == pytest.approx(math.hypot(volume.diameterUncertaintyMM(4.0, 9.0), 3.0), rel=1e-12)


def test_largeRegionsNearlyKnowTheirVolume():
    values = [propagate(lesion(volumeML=item, recovery=None)).volume for item in (1, 10, 100, 1000, 1e6)]
    assert np.all(np.diff(values) < 0) and values[-1] < 0.02


def test_calibrationFactor():
    assert activity.calibrationRelativeUncertainty(0.04, 0.03) == pytest.approx(0.05, rel=1e-12)


@pytest.mark.parametrize("changes", [
    {"volumeML": 0.0}, {"volumeML": math.nan}, {"imageFWHMMM": -1.0}, {"outlineFWHMMM": math.inf},
    {"operatorDiameterMM": -0.1}, {"calibrationRelative": -0.03}, {"fitRelative": math.nan}])
def test_refusals(changes):
    with pytest.raises(InputError):
        lesion(**changes)


def test_refusalsTellAllAtOnce():
    with pytest.raises(FaultList) as caught:
        lesion(volumeML=-1.0, calibrationRelative=-1.0)
    assert len(caught.value.faults) == 2


@pytest.mark.parametrize("covariance", [
    ((-1.0, 0.0), (0.0, 1.0)), ((1.0, 2.0), (2.0, 1.0)), ((1.0, 0.1), (0.2, 1.0)), ((math.nan, 0.0), (0.0, 1.0)),
    ((1.0, 0.0),)])
def test_matricesThatAreNoCovariance(covariance):
    with pytest.raises(InputError):
        FittedRecovery(0.9, 4.0, covariance)
    with pytest.raises(InputError):
        MassScaling(1.0, covariance, massG=30.0)


def test_fittedSValueNeedsTheMass():
    with pytest.raises(InputError, match="mass"):
        MassScaling(0.99, ((1e-4, 0.0), (0.0, 1e-4)))

"""Sensitivity of a camera, and the recovery curve of spheres."""

import math

import numpy as np
import pytest

from MRTDosimetryLib.errors import CalculationError, InputError
from MRTDosimetryLib.physics.cameraSensitivity import (
    SensitivityScan,
    cameraSensitivity,
    netActivityMBq,
    plausibilityWords,
    plausibleRange,
)
from MRTDosimetryLib.physics.decay import acquisitionDecayFactor
from MRTDosimetryLib.physics.nuclides import nuclide
from MRTDosimetryLib.physics.partialVolume import recoveryOfSphere
from MRTDosimetryLib.physics.recoveryFit import RecoveryPoint, curveFromDict, fitRecovery
from MRTDosimetryLib.physics.uncertainty.activity import outlinedCountRate
from MRTDosimetryLib.physics.uncertainty.chain import ChainInputs
from MRTDosimetryLib.physics.uncertainty.monteCarlo import propagateDistributions
from MRTDosimetryLib.physics.uncertainty.recovery import FittedRecovery
from MRTDosimetryLib.physics.uncertainty.volume import (
    diameterUncertaintyMM,
    equivalentDiameterMM,
    relativeVolumeUncertainty,
)

HALF_LIFE = nuclide("Lu-177").halfLifeHours
# Inner diameters 10, 13, 17, 22, 28, 37 mm of the NEMA IEC body phantom; volumes as of the clinical reference, 9.4.
VOLUMES_ML = (0.5236, 1.1503, 2.5724, 5.5753, 11.4940, 26.5218)


def points(recoveries, uncertainties=None, volumes=VOLUMES_ML):
    spreads = uncertainties or [None] * len(volumes)
    return [RecoveryPoint(f"{volume:g} mL", volume, float(recovery), spread)
            for volume, recovery, spread in zip(volumes, recoveries, spreads, strict=True)]


def test_theRecoveryExample():
    """T32: alpha 4 mL, beta 0.9: 26.52 mL 0.8459, 100 mL 0.9477, 150 mL 0.9631; fitted back from the spheres."""
    curve = fitRecovery(points(FittedRecovery(0.9, 4.0).value(np.array(VOLUMES_ML))))
    assert curve.fitted.b1 == pytest.approx(0.9, rel=1e-6) and curve.fitted.b2ML == pytest.approx(4.0, rel=1e-6)
    for volume, expected in ((26.52, 0.8459), (100.0, 0.9477), (150.0, 0.9631)):
        assert curve.fitted.value(volume) == pytest.approx(expected, abs=5e-5)
    assert np.abs(curve.residuals).max() < 1e-7
    assert curve.isMeasuredAt(10.0) and not curve.isMeasuredAt(0.4) and not curve.isMeasuredAt(30.0)
    assert curveFromDict(curve.toDict()) == curve


def test_theCovarianceIsThatOfTheNoise():
    """Spread of the fitted parameters over many noisy phantoms against the covariance that is stated."""
    rng, sigma = np.random.default_rng(4), 0.02
    true = FittedRecovery(0.9, 4.0).value(np.array(VOLUMES_ML))
    fits = [fitRecovery(points(true + rng.normal(0, sigma, 6), [sigma] * 6)) for _ in range(400)]
    found = np.array([(fit.fitted.b1, fit.fitted.b2ML) for fit in fits])
    exact = fitRecovery(points(true, [sigma] * 6))
    assert exact.fitted.scatter == 0.0
    stated = np.sqrt(np.diag(exact.fitted.covariance))
    assert found.std(axis=0, ddof=1) == pytest.approx(stated, rel=0.12)
    correlation = exact.fitted.covariance[0][1] / stated.prod()
    assert np.corrcoef(found.T)[0, 1] == pytest.approx(correlation, abs=0.12)


def test_scatterAboutTheCurveStaysWithIt():
    true = FittedRecovery(0.9, 4.0).value(np.array(VOLUMES_ML))
    scattered = true + np.array([0.03, -0.03, 0.03, -0.03, 0.03, -0.03])
    for spreads in (None, [0.002] * 6):
        curve = fitRecovery(points(scattered, spreads))
        assert curve.fitted.scatter == pytest.approx(math.sqrt(np.sum(np.square(curve.residuals)) / 4), rel=0.02)
        assert curve.fitted.scatter / curve.fitted.value(5.0) < curve.fitted.relativeFitUncertainty(5.0)
    # what fits within its uncertainties needs no further scatter
    assert fitRecovery(points(scattered, [0.1] * 6)).fitted.scatter == 0.0


def test_theScatterIsPartOfBothPropagations():
    plain = FittedRecovery(0.9, 4.0, ((0.0025, 0.006), (0.006, 0.16)))
    wider = FittedRecovery(0.9, 4.0, plain.covariance, 0.05)
    spread = 0.05 / float(plain.value(10.0))
    assert wider.relativeFitUncertainty(10.0) == pytest.approx(math.hypot(plain.relativeFitUncertainty(10.0), spread))
    without, withScatter = (propagateDistributions(ChainInputs(10.0, 1.0, 1.0, recovery=recovery))
                            for recovery in (plain, wider))
    more = withScatter.originVariances["recoveryFit"] - without.originVariances["recoveryFit"]
    assert more == pytest.approx(spread ** 2, rel=0.05)


def test_whatIsCommonToAllSpheresMovesTheCurve():
    true = FittedRecovery(0.9, 4.0).value(np.array(VOLUMES_ML))
    exact, shifted = fitRecovery(points(true)), fitRecovery(points(true * 1.001))
    curve = fitRecovery(points(true), commonRelative=0.02)
    moved = 20 * abs(shifted.fitted.value(5.0) - exact.fitted.value(5.0)) / exact.fitted.value(5.0)
    assert curve.fitted.relativeFitUncertainty(5.0) == pytest.approx(moved, rel=0.02)


def test_beyondTheLargestSphere():
    """The loss goes with surface over volume there, as that of a blurred sphere; the fitted function falls faster."""
    volumes = np.array(VOLUMES_ML)
    curve = fitRecovery(points([recoveryOfSphere(volume, 10.0) for volume in volumes]))
    used = curve.forRegions()
    inside = np.array([1.0, 20.0])
    assert used.value(inside) == pytest.approx(curve.fitted.value(inside), rel=1e-12)
    for volume in (100.0, 150.0, 1700.0):
        exact = recoveryOfSphere(volume, 10.0)
        assert used.value(volume) == pytest.approx(exact, abs=0.015)
        assert abs(used.value(volume) - exact) < abs(curve.fitted.value(volume) - exact)
        step = 1e-4 * volume
        slope = (used.value(volume + step) - used.value(volume - step)) / (2 * step)
        assert used.slopePerML(volume) == pytest.approx(slope, rel=1e-5)
        gradient = [(used.valueWith(volume, used.b1 + 1e-6, used.b2ML) - used.value(volume)) / 1e-6,
                    (used.valueWith(volume, used.b1, used.b2ML + 1e-6) - used.value(volume)) / 1e-6]
        assert used.parameterGradient(volume) == pytest.approx(gradient, rel=1e-3)
    with pytest.raises(InputError, match="largest volume"):
        FittedRecovery(0.9, 4.0, largestML=0.0)


def test_theStatedIntervalIsThatOfTheTruth():
    """Outlines drawn around one object: the interval that each one states holds the object's value in 95 %.

    A small object, whose reported absorbed dose is skewed by its outline.
    """
    true, fwhm, voxel = 8.0, 8.0, 4.0
    rng = np.random.default_rng(7)
    spread = relativeVolumeUncertainty(equivalentDiameterMM(true), diameterUncertaintyMM(voxel, fwhm))
    outlined = true * np.exp(math.sqrt(math.log1p(spread ** 2)) * rng.standard_normal(300))
    ratios = outlinedCountRate(outlined, true, fwhm) * true / outlined  # activity inside over mass
    inside = []
    for volume, ratio in zip(outlined, ratios, strict=True):
        low, high = propagateDistributions(ChainInputs(float(volume), voxel, fwhm), samples=4000).interval95
        inside.append(ratio * low <= 1.0 <= ratio * high)
    assert 0.91 <= np.mean(inside) <= 0.99


def test_badRecoveries():
    true = FittedRecovery(0.9, 4.0).value(np.array(VOLUMES_ML))
    with pytest.raises(InputError, match="at least 3 spheres, there are 2"):
        fitRecovery(points(true)[:2])
    with pytest.raises(InputError, match="which no sphere has"):
        fitRecovery(points([*true[:5], 2.0]))
    with pytest.raises(InputError, match="same volume"):
        fitRecovery(points([0.5, 0.6, 0.7], volumes=(2.0, 2.0, 2.0)))
    with pytest.raises(CalculationError, match="falls with the volume"):
        fitRecovery(points(true[::-1]))
    with pytest.raises(InputError, match="Some points have an uncertainty"):
        fitRecovery(points(true, [0.01] * 5 + [None]))
    broken = fitRecovery(points(true)).toDict()
    del broken["b1"]
    with pytest.raises(InputError, match="not complete"):
        curveFromDict(broken)


def test_sensitivityWithDecay():
    """Counts of 9 cps/MBq collected over a scan of 8 h while 99mTc decays."""
    halfLife, seconds = nuclide("Tc-99m").halfLifeHours, 8 * 3600.0
    factor = acquisitionDecayFactor(halfLife, 8.0)
    assert factor == pytest.approx(1.5308, abs=1e-4)  # 0.92190 / (1 - exp(-0.92190))
    uncorrected = SensitivityScan(9.0 * 100.0 / factor, 100.0, seconds)
    corrected = SensitivityScan(9.0 * 100.0, 100.0, seconds, isCorrectedToStart=True)
    for scan in (uncorrected, corrected):
        found = cameraSensitivity([scan], halfLife, 0.02)
        assert found.value == pytest.approx(9.0) and found.factor == pytest.approx(1e6 / 9.0)
        assert found.relativeUncertainty == pytest.approx(0.02)


def test_netActivity():
    assert netActivityMBq(1000.0, HALF_LIFE, 100.0, HALF_LIFE / 2, HALF_LIFE) == pytest.approx(
        500.0 - 100.0 / math.sqrt(2))
    with pytest.raises(InputError, match="measured 365 days before the scan.*Check the date"):
        netActivityMBq(1000.0, 365 * 24.0, 0.0, 0.0, HALF_LIFE)
    with pytest.raises(InputError, match="days after the scan"):
        netActivityMBq(1000.0, -365 * 24.0, 0.0, 0.0, HALF_LIFE)
    with pytest.raises(InputError, match="is not below the measured one"):
        netActivityMBq(10.0, 0.0, 20.0, 0.0, HALF_LIFE)


def test_repeatedScansAndWhatIsNotKnown():
    scans = [SensitivityScan(value, 100.0, 60.0, True, 0.001) for value in (990.0, 1000.0, 1010.0)]
    found = cameraSensitivity(scans, HALF_LIFE, 0.02)
    assert found.value == pytest.approx(10.0) and found.components["repeat"] == pytest.approx(0.01 / math.sqrt(3))
    # counting statistics are part of what the repeats show
    assert found.relativeUncertainty == pytest.approx(math.hypot(0.02, 0.01 / math.sqrt(3)))
    assert cameraSensitivity(scans, HALF_LIFE).relativeUncertainty is None
    ratio = cameraSensitivity([SensitivityScan(95e6, 100.0, 60.0, True)], HALF_LIFE, 0.02, isRatio=True)
    assert ratio.value == pytest.approx(0.95) and ratio.factor == pytest.approx(1 / 0.95) and ratio.factorUnit == ""


@pytest.mark.parametrize("signal", [0.0, -3.0, math.nan])
def test_noSensitivityFromNothing(signal):
    with pytest.raises(InputError, match="not above zero"):
        cameraSensitivity([SensitivityScan(signal, 100.0, 60.0)], HALF_LIFE, 0.02)


def test_plausibility():
    """Published: 4.6 to 9.3 (clinical reference, 9.1)."""
    assert plausibleRange("Lu-177")["verified"] is False and plausibleRange("I-131") is None
    assert plausibilityWords("Lu-177", 5.67) == [] and plausibilityWords("I-131", 500.0) == []
    assert "outside 4 to 10" in plausibilityWords("Lu-177", 0.0093)[0]

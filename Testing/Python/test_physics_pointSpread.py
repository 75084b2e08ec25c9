"""The image of a point from spheres, and the recovery curve that follows from it."""

import math

import numpy as np
import pytest

from MRTDosimetryLib.errors import CalculationError, InputError
from MRTDosimetryLib.physics import sphereRecovery
from MRTDosimetryLib.physics.partialVolume import SIGMA_PER_FWHM, meanOverSphere, profileOfSphere
from MRTDosimetryLib.physics.pointSpread import PointSpread, SphereSample, fitPointSpread, pointSpreadFromDict
from MRTDosimetryLib.physics.recoveryFit import RecoveryPoint
from MRTDosimetryLib.physics.uncertainty.chain import ChainInputs, propagate
from MRTDosimetryLib.physics.uncertainty.monteCarlo import propagateDistributions
from MRTDosimetryLib.physics.uncertainty.pointSpreadRecovery import PointSpreadRecovery
from MRTDosimetryLib.physics.uncertainty.recovery import FittedRecovery

DIAMETERS_MM = np.array([10.0, 13.0, 17.0, 22.0, 28.0, 37.0])
VOLUMES_ML = math.pi / 6e3 * DIAMETERS_MM ** 3
VOXEL_MM = (4.4, 4.4, 4.4)


def sample(radius, shift):
    """A sphere at a place between the voxels; shares by sub-points."""
    half, fine = int(radius / VOXEL_MM[0]) + 2, 8
    axis = np.arange(-half, half + 1) * VOXEL_MM[0]
    points = (np.arange(fine) + 0.5) / fine - 0.5
    grid = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1) + shift
    inside = np.zeros(grid.shape[:3])
    for offset in np.array(np.meshgrid(points, points, points)).reshape(3, -1).T * VOXEL_MM[0]:
        inside += np.sum((grid + offset) ** 2, axis=-1) <= radius ** 2
    used = inside > 0
    return SphereSample(radius, np.linalg.norm(grid, axis=-1)[used], inside[used] / fine ** 3)


SHIFTS = np.random.default_rng(8).uniform(-2.2, 2.2, (6, 3))
SAMPLES = [[sample(diameter / 2, shift)] for diameter, shift in zip(DIAMETERS_MM, SHIFTS, strict=True)]


def shown(gaussians):
    """What the samples show by a camera that is a sum of Gaussians (weight, sigma)."""
    return np.array([sum(weight * own[0].shown(sigma) for weight, sigma in gaussians) for own in SAMPLES])


def points(recoveries, uncertainties=None):
    return [RecoveryPoint(f"{diameter:g} mm", volume, float(value), spread) for diameter, volume, value, spread in zip(
        DIAMETERS_MM, VOLUMES_ML, recoveries, uncertainties or [None] * 6, strict=True)]


def test_theProfileOfASphere():
    """Against convolution in three dimensions, and against its own mean."""
    from scipy.ndimage import gaussian_filter

    radius, sigma, edge = 9.0, 4.0, np.arange(-30, 31).astype(float)
    distance = np.sqrt(edge[:, None, None] ** 2 + edge[None, :, None] ** 2 + edge[None, None, :] ** 2)
    blurred = gaussian_filter(np.clip(radius - distance + 0.5, 0, 1), sigma, mode="constant", truncate=6)
    middle = blurred[30, 30]
    assert profileOfSphere(np.abs(edge), radius, sigma) == pytest.approx(middle, abs=0.004)
    r = np.linspace(0.0, radius, 20001)
    mean = 3.0 * np.trapezoid(profileOfSphere(r, radius, sigma) * r ** 2, r) / radius ** 3
    assert mean == pytest.approx(float(meanOverSphere(radius, sigma)), rel=1e-7)


@pytest.mark.parametrize(("width", "enhancement"), [(9.0, 0.0), (8.5, 1.0), (14.0, 0.4), (11.0, -0.3)])
def test_theCameraIsFoundAgain(width, enhancement):
    """Where the voxels lie does not matter, though it changes what is measured in the small spheres."""
    camera = PointSpread(width, enhancement)
    fit = fitPointSpread(points(shown(camera.gaussians())), SAMPLES, VOXEL_MM)
    assert fit.recovery.fwhmMM == pytest.approx(width, rel=1e-4)
    assert fit.recovery.enhancement == pytest.approx(enhancement, abs=1e-3)
    assert np.abs(fit.residuals).max() < 1e-6 and fit.recovery.voxelVarianceMM2 == pytest.approx(4.4 ** 2 / 12)
    assert pointSpreadFromDict(fit.toDict()) == fit
    between = shown(camera.gaussians()) / fit.recovery.value(VOLUMES_ML) - 1
    assert 0.001 < np.abs(between).max() < 0.05


def test_theRecoveryIsThatOfTheMeanPlace():
    """Over many places between the voxels, the mean of what is measured is R(V)."""
    camera = PointSpread(8.5, 1.0)
    recovery = PointSpreadRecovery(8.5, 1.0, voxelVarianceMM2=4.4 ** 2 / 12)
    random = np.random.default_rng(3)
    values = [sum(weight * sample(5.0, random.uniform(-2.2, 2.2, 3)).shown(sigma)
                  for weight, sigma in camera.gaussians()) for _ in range(60)]
    assert np.mean(values) == pytest.approx(float(recovery.value(VOLUMES_ML[0])), rel=0.01)
    assert np.std(values) > 0.01


def test_aCameraOfAnotherKind():
    """Three passes of enhancement are no member of the family; its recovery is followed within 1 % all the same."""
    sigma = 9.5 * SIGMA_PER_FWHM
    camera = tuple((weight, sigma * math.sqrt(passes)) for weight, passes in ((3, 1), (-3, 2), (1, 3)))
    fit = fitPointSpread(points(shown(camera)), SAMPLES, VOXEL_MM)
    variance = 4.4 ** 2 / 12
    for volume, diameter in ((VOLUMES_ML[0], 10.0), (VOLUMES_ML[3], 22.0), (VOLUMES_ML[5], 37.0), (900.0, 119.8)):
        true = sum(weight * float(meanOverSphere(diameter / 2, math.hypot(own, math.sqrt(variance))))
                   for weight, own in camera)
        assert float(fit.recovery.value(volume)) == pytest.approx(true, rel=0.01)


def test_theCovarianceIsThatOfTheNoise():
    random, sigma = np.random.default_rng(5), 0.01
    true = shown(PointSpread(8.5, 1.0).gaussians())
    fits = [fitPointSpread(points(true + random.normal(0, sigma, 6), [sigma] * 6), SAMPLES, VOXEL_MM)
            for _ in range(60)]
    exact = fitPointSpread(points(true, [sigma] * 6), SAMPLES, VOXEL_MM)
    for volume in (0.6, 3.0, 20.0, 300.0):
        values = np.array([float(fit.recovery.value(volume)) for fit in fits])
        stated = exact.recovery.relativeFitUncertainty(volume)
        assert values.std() / values.mean() == pytest.approx(stated, rel=0.3)


def test_slopeAndGradient():
    recovery, volume = PointSpreadRecovery(8.5, 0.7, voxelVarianceMM2=1.6), 3.0
    assert recovery.slopePerML(volume) == pytest.approx(
        float(recovery.value(3.01) - recovery.value(2.99)) / 0.02, rel=1e-4)
    byWidth = (float(PointSpreadRecovery(8.51, 0.7, voxelVarianceMM2=1.6).value(volume))
               - float(PointSpreadRecovery(8.49, 0.7, voxelVarianceMM2=1.6).value(volume))) / 0.02
    byEnhancement = (float(PointSpreadRecovery(8.5, 0.71, voxelVarianceMM2=1.6).value(volume))
                     - float(PointSpreadRecovery(8.5, 0.69, voxelVarianceMM2=1.6).value(volume))) / 0.02
    assert recovery.parameterGradient(volume) == pytest.approx([byWidth, byEnhancement], rel=1e-4)


def test_bothPropagationsAgree():
    recovery = PointSpreadRecovery(8.5, 1.0, ((0.04, 0.006), (0.006, 0.01)), 0.01, 1.6)
    inputs = ChainInputs(60.0, 1.0, 1.5, recovery=recovery, calibrationRelative=0.02, fitRelative=0.02)
    steps, carlo = propagate(inputs), propagateDistributions(inputs)
    assert steps.volume < 0.1
    assert carlo.absorbedDose == pytest.approx(steps.absorbedDose, rel=0.03)
    assert carlo.originVariances["recoveryFit"] ** 0.5 == pytest.approx(steps.recoveryFit, rel=0.03)


def test_theBetterCurveIsChosen():
    camera = sphereRecovery.fitSpheres(points(shown(PointSpread(8.5, 1.0).gaussians())), SAMPLES, VOXEL_MM)
    assert camera.chosen == "pointSpread" and "from the point spread" in camera.reason
    assert sphereRecovery.fromDict(camera.toDict()) == camera
    assert camera.residuals == camera.pointSpread.residuals and "blurred by a Gaussian of 8.5 mm" in camera.words()
    # a curve that rises more slowly than that of any camera of the family
    slow = sphereRecovery.fitSpheres(points(FittedRecovery(0.35, 3.0).value(VOLUMES_ML)), SAMPLES, VOXEL_MM)
    assert slow.chosen == "logistic" and slow.words().startswith("R(V) = ")
    stated = sphereRecovery.fitSpheres(points(shown(PointSpread(8.5, 1.0).gaussians())), SAMPLES, VOXEL_MM,
                                       curve="logistic")
    assert stated.chosen == "logistic" and stated.forRegions() == stated.logistic.forRegions()
    old = {key: value for key, value in camera.toDict().items() if key not in ("curve", "curveReason", "pointSpread")}
    assert sphereRecovery.fromDict(old).chosen == "logistic"


def test_whatIsRefused():
    true = shown(PointSpread(8.5, 1.0).gaussians())
    with pytest.raises(InputError, match="at least 3 spheres"):
        fitPointSpread(points(true)[:2], SAMPLES[:2], VOXEL_MM)
    with pytest.raises(CalculationError):
        fitPointSpread(points(np.full(6, 0.995)), SAMPLES, VOXEL_MM)
    with pytest.raises(InputError, match="no recovery curve"):
        sphereRecovery.fitSpheres(points(true), SAMPLES, VOXEL_MM, curve="magic")
    with pytest.raises(InputError, match="not complete"):
        pointSpreadFromDict({"fwhmMM": 8.0})
    with pytest.raises(InputError, match="does not say which function"):
        sphereRecovery.fromDict({**sphereRecovery.fitSpheres(points(true), SAMPLES, VOXEL_MM).toDict(),
                                 "curve": "magic"})
    for wrong in ({"fwhmMM": 0.0, "enhancement": 1.0}, {"fwhmMM": 8.0, "enhancement": math.nan},
                  {"fwhmMM": 8.0, "enhancement": 0.0, "scatter": -1.0}):
        with pytest.raises(InputError):
            PointSpreadRecovery(**wrong)

"""Regions of phantoms: painted, fitted, and found."""

import math

import calibrationFiles as phantom
import numpy as np
import pytest

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.imaging.calibration import regions
from MRTDosimetryLib.imaging.calibration.cylinder import fitCylinder
from MRTDosimetryLib.imaging.calibration.findSpheres import findSpheres
from MRTDosimetryLib.imaging.calibration.findSpheresInCT import findSpheresInCT
from MRTDosimetryLib.imaging.calibration.shapes import cylinderOccupancy, sphereOccupancy
from MRTDosimetryLib.imaging.calibration.spheres import Sphere, measureSpheres, recoveryPoints
from MRTDosimetryLib.imaging.digitalPatient import phantoms
from MRTDosimetryLib.imaging.grid import Grid
from MRTDosimetryLib.imaging.volume import Volume
from MRTDosimetryLib.workflow import phantomFiles

SPHERES = [Sphere(f"{diameter:g} mm", diameter) for diameter in phantomFiles.DIAMETERS_MM]


def turned(axis, degrees):
    angle, matrix = math.radians(degrees), np.eye(3)
    a, b = (axis + 1) % 3, (axis + 2) % 3
    matrix[a, a] = matrix[b, b] = math.cos(angle)
    matrix[a, b], matrix[b, a] = -math.sin(angle), math.sin(angle)
    return matrix


def obliqueGrid():
    matrix = np.eye(4)
    matrix[:3, :3] = turned(0, 20.0) @ turned(2, 33.0) @ np.diag([-4.0, -4.5, 5.0])
    matrix[:3, 3] = -matrix[:3, :3] @ np.array([24.5, 24.5, 21.5])
    return Grid((50, 50, 44), matrix)


@pytest.mark.parametrize("grid", [Grid((60, 60, 60), np.diag([4.0, 4.0, 4.0, 1.0])), obliqueGrid()])
def test_paintedShapesHaveTheirVolume(grid):
    center = grid.center() + (1.3, -0.7, 0.4)
    for diameter in phantomFiles.DIAMETERS_MM:
        found = sphereOccupancy(grid, center, diameter)
        assert found.volumeML == pytest.approx(math.pi / 6e3 * diameter ** 3, rel=3e-3)
    found = cylinderOccupancy(grid, center, (0.2, 0.1, 1.0), 30.0, 80.0)
    assert found.volumeML == pytest.approx(math.pi * 900.0 * 80.0 / 1000.0, rel=5e-3)


def test_shapesHaveToLieInside():
    grid = Grid((20, 20, 20), np.diag([4.0, 4.0, 4.0, 1.0]))
    with pytest.raises(InputError, match="lies outside the image"):
        sphereOccupancy(grid, (0.0, 0.0, 0.0), 20.0)
    with pytest.raises(InputError, match="no direction"):
        cylinderOccupancy(grid, grid.center(), (0, 0, 0), 10.0, 10.0)
    with pytest.raises(InputError, match="three numbers"):
        sphereOccupancy(grid, (1.0, 2.0), 10.0)


def test_aLeaningCylinderIsFound():
    grid = obliqueGrid()
    axis = np.array([0.10, -0.06, 1.0])
    axis /= np.linalg.norm(axis)
    center = grid.center() + (3.0, -2.0, 1.0)
    array = np.zeros(grid.shape, np.float32)
    item = cylinderOccupancy(grid, center, axis, 50.0, 120.0)
    array[item.slices] = 7.0 * item.fraction
    found = fitCylinder(Volume(array, grid.ijkToRAS, "cps", "cylinder"))
    assert np.linalg.norm(found.centerRAS - center) < 0.5 and found.axisRAS @ axis > math.cos(math.radians(1.0))
    assert found.radiusMM == pytest.approx(50.0, rel=0.02) and found.lengthMM == pytest.approx(120.0, rel=0.03)


def test_noCylinderInNothing():
    empty = Volume(np.zeros((20, 20, 20), np.float32), np.eye(4), "cps", "empty")
    with pytest.raises(InputError, match="no activity at all"):
        fitCylinder(empty)
    flat = np.zeros((20, 20, 20), np.float32)
    flat[10] = 1.0
    with pytest.raises(InputError, match="Only 1 slices"):
        fitCylinder(Volume(flat, np.eye(4), "cps", "flat"))


def test_regionsOfTheCylinder():
    scan = phantom.cylinderScan()
    inside = regions.measureRegion(scan.image, {"method": "cylinder", "marginMM": -30.0,
                                                "fillVolumeML": phantomFiles.FILL_VOLUME_ML})
    whole = regions.measureRegion(scan.image, {"method": "wholeImage"})
    activity = inside.signal * scan.image.voxelVolumeML * 1e-6 / inside.activityShare
    assert activity == pytest.approx(scan.totalMBq, rel=0.01) and inside.relativeUncertainty < 0.005
    # the digital camera's reconstruction knows no negative values: what it shows beside the cylinder adds up
    assert whole.signal * scan.image.voxelVolumeML * 1e-6 == pytest.approx(scan.totalMBq, rel=0.015)
    stated = regions.measureRegion(scan.image, {
        "method": "cylinder", "marginMM": -30.0, "fillVolumeML": phantomFiles.FILL_VOLUME_ML, "centerRASMM": [0, 0, 0],
        "axisRAS": [0, 0, 1], "radiusMM": phantoms.CYLINDER_RADIUS_MM, "lengthMM": phantoms.CYLINDER_LENGTH_MM})
    assert stated.signal / stated.activityShare == pytest.approx(inside.signal / inside.activityShare, rel=0.003)
    with pytest.raises(InputError, match="needs the volume of its filling"):
        regions.measureRegion(scan.image, {"method": "cylinder", "marginMM": -30.0})
    with pytest.raises(InputError, match="larger than the filling"):
        regions.measureRegion(scan.image, {"method": "cylinder", "marginMM": -30.0, "fillVolumeML": 100.0})


def test_spheresAreFoundAndMeasured():
    """The measured recovery against that of the noise-free image inside the true outlines, known to the camera."""
    scan = phantom.sphereScan(1)
    placed = findSpheres(scan.image, SPHERES, scan.sphereBqPerML)
    misses = [np.linalg.norm(np.array(sphere.centerRAS) - center)
              for sphere, center in zip(placed, scan.centersRAS, strict=True)]
    assert max(misses) < 0.6
    found, missing, samples = recoveryPoints([measureSpheres(
        phantom.sphereScan(seed).image, placed, scan.sphereBqPerML) for seed in (1, 2, 3)])
    assert not missing and all(point.uncertainty > 0 for point in found) and [len(own) for own in samples] == [3] * 6
    difference = np.array([point.recovery for point in found]) - np.array(scan.recoveries)
    assert np.abs(difference).max() < 0.02
    # of the two smallest a scan holds few counts
    assert np.abs(difference[2:] / np.array(scan.recoveries)[2:]).max() < 0.02


def test_spheresInAWarmBackground():
    cold, warm = phantom.sphereScan(1), phantom.sphereScan(1, 1.0e5)
    placed = findSpheres(warm.image, SPHERES, 1.0e6, 1.0e5)
    found = measureSpheres(warm.image, placed, 1.0e6, 1.0e5)
    # contrast takes out what spills in
    assert [item.recovery for item in found] == pytest.approx(cold.recoveries, abs=0.04)


@pytest.mark.parametrize("missing", [(4,), (5,), (0,), (2, 3)])
def test_aMissingSphereIsNamed(missing):
    scan = phantom.sphereScan(1, missing=missing)
    placed = findSpheres(scan.image, SPHERES, scan.sphereBqPerML)
    for sphere, center in zip(placed, scan.centersRAS, strict=True):
        assert np.linalg.norm(np.array(sphere.centerRAS) - center) < 1.0
    found, absent, _samples = recoveryPoints([measureSpheres(scan.image, placed, scan.sphereBqPerML)])
    assert set(absent) == {SPHERES[index].name for index in missing} and len(found) == 6 - len(missing)
    assert all("does not stand out" in reason for reason in absent.values())


def posed(degrees, shiftMM):
    pose = np.eye(4)
    pose[:3, :3] = turned(0, degrees[0]) @ turned(1, degrees[1]) @ turned(2, degrees[2])
    pose[:3, 3] = shiftMM
    return pose


@pytest.mark.parametrize(("degrees", "shiftMM", "without"), [
    ((0, 0, 70), (20, -10, 5), ()), ((6, -5, 200), (-15, 8, 30), ()), ((180, 4, 10), (5, 5, 5), (5,)),
    ((3, 3, 33), (0, 0, 0), (0,))])
def test_spheresAreFoundInAnyPose(degrees, shiftMM, without):
    """Shifted, turned and turned over: in the CT by their walls, in the emission image by their activity."""
    camera = phantoms.PhantomCamera(phantomFiles.DIAMETERS_MM, missing=without, pose=posed(degrees, shiftMM))
    placed, missing = findSpheresInCT(camera.ct(1, without), SPHERES)
    seen = findSpheres(camera.scan(1, 1.0e6).image, SPHERES, 1.0e6)
    assert missing == tuple(SPHERES[index].name for index in without)
    for found, largest in ((placed, 0.4), (seen, 1.0)):
        misses = [np.linalg.norm(np.array(sphere.centerRAS) - center)
                  for sphere, center in zip(found, camera.centersRAS, strict=True)]
        assert max(misses) < largest


def test_whatShowsNoRingInTheCT():
    ct = phantom.camera().ct(1, range(6))
    with pytest.raises(InputError, match="No ring of spheres is found in the CT"):
        findSpheresInCT(ct, SPHERES)
    with pytest.raises(InputError, match="at least 3 are needed"):
        findSpheresInCT(ct, SPHERES[:2])


def test_whatIsNoSpherePhantom():
    scan = phantom.sphereScan(1)
    with pytest.raises(InputError, match="Only 0 spheres stand out"):
        findSpheres(scan.image.withArray(np.zeros_like(scan.image.array)), SPHERES, 1.0e6)
    with pytest.raises(InputError, match="does not lie on the ring"):
        findSpheres(scan.image, SPHERES, 1.0e6, ringRadiusMM=90.0)
    with pytest.raises(InputError, match="'counts' instead of Bq/mL"):
        measureSpheres(scan.counts(), SPHERES, 1.0e6)
    with pytest.raises(InputError, match="not hotter than the background"):
        measureSpheres(scan.image, SPHERES, 1.0e5, 2.0e5)

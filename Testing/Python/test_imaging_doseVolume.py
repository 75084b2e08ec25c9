"""Dose-volume histograms that do not depend on the grid: analytic shapes, label images, fields of view."""

import numpy as np
import pytest
from dvhShapes import OBLIQUE, SHAPES, gaussianError, gaussianGy, gradientErrors, gradientGy, gridAround, labelsOf

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.imaging.doseVolume import MAXIMUM_POINTS, regionPoints, surfacePoints
from MRTDosimetryLib.imaging.grid import Grid
from MRTDosimetryLib.imaging.surfaces import Surface, columnIntervals, enclosedVolumeML
from MRTDosimetryLib.imaging.volume import Volume

GRIDS = [((0, 0, 0), (0, 0, 0)), ((1.1, -0.7, 0.4), (0, 0, 0)), ((-0.9, 1.3, 1.5), OBLIQUE)]


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize(("shift", "angles"), GRIDS)
def test_shapesInAGradientAtThreeMM(name, shift, angles):
    shape, grid = SHAPES[name], gridAround(3.0, shift, angles)
    curve, volume = gradientErrors(surfacePoints(shape.surface, grid).dvh(gradientGy(grid)), shape)
    assert curve < 0.3 and abs(volume) < 0.05  # percent; wanted are 1 and 0.5


@pytest.mark.parametrize("sigma", [6.0, 10.0, 15.0])
@pytest.mark.parametrize(("shift", "angles"), GRIDS[1:])
def test_gaussianInASphereAtThreeMM(sigma, shift, angles):
    grid = gridAround(3.0, shift, angles)
    points = surfacePoints(SHAPES["sphere"].surface, grid)
    assert gaussianError(points.dvh(gaussianGy(grid, sigma)), sigma) < 0.5
    # what the usual interpolation costs
    assert gaussianError(points.dvh(gaussianGy(grid, sigma), "linear"), sigma) > 2.0


def test_labelsKeepTheirVolumeAndTheGridDoesNotMatter():
    shape = SHAPES["sphere"]
    labels = labelsOf(shape, gridAround(1.0, (0.2, 0.1, -0.3), (0, 0, 0), 14))
    volumeML = int(labels.array.sum()) * labels.voxelVolumeML
    curves = []
    for spacing, (shift, angles) in zip((2.0, 3.0, 4.8), GRIDS, strict=True):
        grid = gridAround(spacing, shift, angles)
        points = regionPoints(labels, grid)[1]
        assert points.volumeML == pytest.approx(volumeML, rel=1e-9) and points.fractionOutside == 0
        dvh = points.dvh(gradientGy(grid))
        curves.append(dvh.volumeAtDose(np.arange(20.0, 41.0)) / dvh.volumeML)
        assert gradientErrors(dvh, shape)[0] < 0.6  # the voxels of 1 mm are all that is wrong
    assert np.abs(np.diff(curves, axis=0)).max() < 0.002


def test_coarseSlicesOfLabelsAreCutIntoPoints():
    grid, labelGrid = gridAround(3.0), Grid((40, 40, 7), np.diag([1.0, 1.0, 4.0, 1.0]))
    array = np.zeros(labelGrid.shape, np.uint8)
    array[2:5, 10:30, 10:30] = 4  # 20 x 20 x 12 mm from z = 6 to 18 mm
    shifted = np.eye(4)
    shifted[:3, 3] = (20.0, 20.0, 12.0)  # the middle of the box comes to the origin of the grid
    points = regionPoints(Volume(array, labelGrid.ijkToRAS), grid, shifted)[4]
    dvh = points.dvh(gradientGy(grid))
    assert dvh.volumeML == pytest.approx(4.8)
    assert [dvh.D98Gy, dvh.D50Gy, dvh.D2Gy] == pytest.approx([24.24, 30.0, 35.76], abs=0.03)
    assert 60_000 < len(points.weightsML) <= MAXIMUM_POINTS


def test_largeRegionsAreThinnedEvenly():
    labels = labelsOf(SHAPES["sphere"], gridAround(0.25, (0, 0, 0), (0, 0, 0), 11))
    grid = gridAround(3.0, *GRIDS[2])
    points = regionPoints(labels, grid, maximumPoints=20_000)[1]
    assert len(points.weightsML) == pytest.approx(20_000, rel=0.02)
    curve, volume = gradientErrors(points.dvh(gradientGy(grid)), SHAPES["sphere"])
    assert curve < 0.4 and abs(volume) < 0.2


def test_partBeyondTheFieldOfView():
    array = np.ones((10, 10, 10), np.uint8)
    array[:, :, 0] = 0
    labels = Volume(np.pad(array, 1), np.eye(4))
    grid = Grid((20, 20, 6), np.eye(4))  # ends at z = 5.5, the region at 10.5
    points = regionPoints(labels, grid)[1]
    assert points.fractionOutside == pytest.approx(0.5, abs=2e-3)
    assert points.volumeML == pytest.approx(0.45, rel=5e-3)
    gone = regionPoints(labels, Grid((5, 5, 5), np.diag([1, 1, 1, 1.0]) + np.array([[0, 0, 0, 90.0]] + 3 * [[0] * 4])))
    assert gone[1].fractionOutside == 1.0 and len(gone[1].weightsML) == 0
    with pytest.raises(InputError, match="no volume"):
        gone[1].dvh(np.ones((5, 5, 5)))


def test_stepToAirIsNotOvershot():
    labels = labelsOf(SHAPES["sphere"], gridAround(1.0, (0, 0, 0), (0, 0, 0), 12))
    grid = gridAround(3.0, *GRIDS[1])
    array = np.where(gradientGy(grid) > 32.0, 10.0, 0.0)
    points = regionPoints(labels, grid)[1]
    dvh = points.dvh(array)
    assert dvh.maxGy <= 10.0 + 1e-9 and dvh.minGy >= 0.0
    assert dvh.D50Gy == pytest.approx(0.0, abs=1e-9) and dvh.D2Gy == pytest.approx(10.0, rel=1e-9)


def test_boundaryOfLabelsAndOfASurface():
    shape, grid = SHAPES["sphere"], gridAround(3.0, *GRIDS[2])
    labels = labelsOf(shape, gridAround(1.0, (0.2, 0.1, -0.3), (0, 0, 0), 14))
    wanted = (10 - np.arange(-9.0, 10.0)) / 20  # area of a sphere above a plane
    for points in (regionPoints(labels, grid, withBoundary=True)[1],
                   surfacePoints(shape.surface, grid, withBoundary=True)):
        edge = points.boundaryHistogram(gradientGy(grid))
        assert edge.volumeAtDose(30 + np.arange(-9.0, 10.0)) / edge.volumeML == pytest.approx(wanted, abs=0.02)
    with pytest.raises(InputError, match="boundary"):
        regionPoints(labels, grid)[1].boundaryHistogram(gradientGy(grid))


def test_linesThroughAHollowCube():
    """Outer cube 4 mm, inner one 2 mm whose surface is turned inside out; the lines meet edges and corners."""
    corners = np.array(list(np.ndindex(2, 2, 2)), float)
    faces = [(0, 1, 3), (0, 3, 2), (4, 6, 7), (4, 7, 5), (0, 4, 5), (0, 5, 1), (2, 3, 7), (2, 7, 6), (0, 2, 6),
             (0, 6, 4), (1, 5, 7), (1, 7, 3)]
    faces = np.array(faces)
    points, triangles = np.vstack([4 * corners, 1 + 2 * corners]), np.vstack([faces, 8 + faces[:, ::-1]])
    surface = Surface(points, triangles)
    assert enclosedVolumeML(surface) == pytest.approx((64 - 8) / 1000)
    places = np.array([[0.5, 1.5, 2.5, 3.5] * 4, [0.5] * 4 + [1.5] * 4 + [2.5] * 4 + [3.5] * 4])[::-1]
    for orientation in (triangles, triangles[:, ::-1]):
        column, enters, leaves = columnIntervals(points.T, orientation, (4, 4), (0, 0), (4, 4), places)
        assert (leaves - enters).sum() == pytest.approx(16 * 4 - 4 * 2)
        assert np.bincount(column).tolist() == [1, 1, 1, 1, 1, 2, 2, 1, 1, 2, 2, 1, 1, 1, 1, 1]


def test_refusals():
    shape = SHAPES["cylinder"].surface
    with pytest.raises(InputError, match="holes"):
        surfacePoints(Surface(shape.pointsRAS, shape.triangles[200:]), gridAround(3.0))
    with pytest.raises(InputError, match="encloses nothing"):
        Surface(shape.pointsRAS, shape.triangles[:2])
    with pytest.raises(InputError, match="damaged"):
        Surface(shape.pointsRAS[:50], shape.triangles)
    labels = Volume(np.pad(np.ones((2, 2, 2), np.uint8), 1), np.eye(4))
    with pytest.raises(InputError, match="no region 7"):
        regionPoints(labels, gridAround(3.0), values=[1, 7])
    with pytest.raises(InputError, match="no region"):
        regionPoints(labels.withArray(0 * labels.array), gridAround(3.0))
    with pytest.raises(InputError, match="one grid"):
        regionPoints(labels, gridAround(3.0))[1].sample(np.ones((4, 4, 4)))
    with pytest.raises(InputError, match="Interpolation"):
        regionPoints(labels, gridAround(3.0))[1].sample(np.ones(gridAround(3.0).shape), "sinc")

"""Shapes with a known dose-volume curve: those of Nelms et al. (Med Phys 2015;42:4435), and a Gaussian in a sphere."""

from dataclasses import dataclass

import numpy as np

from MRTDosimetryLib.imaging.grid import Grid
from MRTDosimetryLib.imaging.surfaces import Surface
from MRTDosimetryLib.imaging.volume import Volume

CENTER_GY, GRADIENT_GY_PER_MM = 30.0, 1.0
PEAK_GY = 50.0


def lathe(heights, radii, count=180):
    """Closed surface of revolution around z; its cross sections have exactly the area of the circles."""
    angles = np.arange(count) * 2 * np.pi / count
    scale = np.sqrt(2 * np.pi / count / np.sin(2 * np.pi / count))
    rings = [np.column_stack([scale * r * np.cos(angles), scale * r * np.sin(angles), np.full(count, z)])
             for z, r in zip(heights, radii, strict=True)]
    points = np.vstack([[[0, 0, heights[0]]], *rings, [[0, 0, heights[-1]]]])
    this, after = np.arange(count), (np.arange(count) + 1) % count
    last, triangles = len(points) - 1, [np.column_stack([np.zeros_like(this), 1 + after, 1 + this])]
    for ring in range(len(heights) - 1):
        low, high = 1 + ring * count, 1 + (ring + 1) * count
        triangles += [np.column_stack([low + this, low + after, high + after]),
                      np.column_stack([low + this, high + after, high + this])]
    triangles.append(np.column_stack([np.full_like(this, last), last - count + this, last - count + after]))
    return Surface(points, np.vstack(triangles), "shape")


@dataclass(frozen=True)
class Shape:
    """Volume in mm3, half height in mm, and relative volume above each height z in a gradient along z."""

    surface: Surface
    volumeMM3: float
    halfHeightMM: float
    volumeAbove: object
    contains: object


_POLAR = np.linspace(0, np.pi, 121)
SHAPES = {
    "sphere": Shape(lathe(-10 * np.cos(_POLAR), np.maximum(10 * np.sin(_POLAR), 1e-3)), 4188.79, 10,
                    lambda z: (2000 - 300 * z + z ** 3) / 4000, lambda x, y, z: x * x + y * y + z * z <= 100),
    "cylinder": Shape(lathe([-12, 12], [12, 12]), 10857.34, 12, lambda z: (12 - z) / 24,
                      lambda x, y, z: (np.hypot(x, y) <= 12) & (np.abs(z) <= 12)),
    "cone": Shape(lathe([-12, 12], [12, 1e-6]), 3619.11, 12, lambda z: ((12 - z) / 24) ** 3,
                  lambda x, y, z: (np.hypot(x, y) <= 12 * (12 - z) / 24) & (np.abs(z) <= 12)),
}
OBLIQUE = (20.0, 10.0, -15.0)


def gridAround(spacingMM, shiftMM=(0, 0, 0), anglesDegrees=(0, 0, 0), halfWidthMM=24.0):
    """Cubic grid whose middle voxel is ``shiftMM`` away from the origin, rotated about z, y and x."""
    size = int(np.ceil(2 * halfWidthMM / spacingMM)) + 1
    rotation = np.eye(3)
    for axis, angle in zip((2, 1, 0), np.radians(anglesDegrees), strict=True):
        first, second = [(1, 2), (2, 0), (0, 1)][axis]
        turn = np.eye(3)
        turn[[first, second], [first, second]] = np.cos(angle)
        turn[first, second], turn[second, first] = -np.sin(angle), np.sin(angle)
        rotation = rotation @ turn
    matrix = np.eye(4)
    matrix[:3, :3] = rotation * spacingMM
    matrix[:3, 3] = np.array(shiftMM) - matrix[:3, :3] @ np.full(3, (size - 1) / 2)
    return Grid((size, size, size), matrix)


def positions(grid):
    """RAS mm of all voxel centers, shape (3, k, j, i)."""
    k, j, i = np.indices(grid.shape)
    return (np.einsum("ab,b...->a...", grid.ijkToRAS[:3, :3], np.array([i, j, k], float))
            + grid.ijkToRAS[:3, 3][:, None, None, None])


def gradientGy(grid):
    return CENTER_GY + GRADIENT_GY_PER_MM * positions(grid)[2]


def gaussianGy(grid, sigmaMM):
    return PEAK_GY * np.exp(-(positions(grid) ** 2).sum(axis=0) / (2 * sigmaMM ** 2))


def labelsOf(shape, grid):
    return Volume(shape.contains(*positions(grid)).astype(np.uint8), grid.ijkToRAS, "", "shape")


def gradientErrors(dvh, shape):
    """Largest error of the relative curve, and relative error of the volume, both in percent."""
    z = np.linspace(-shape.halfHeightMM, shape.halfHeightMM, 121)
    found = dvh.volumeAtDose(CENTER_GY + GRADIENT_GY_PER_MM * z) / dvh.volumeML
    return 100 * np.abs(found - shape.volumeAbove(z)).max(), 100 * (1000 * dvh.volumeML / shape.volumeMM3 - 1)


def gaussianError(dvh, sigmaMM, radiusMM=10.0):
    """Largest error of the relative curve of a sphere around the Gaussian, in percent."""
    r = np.linspace(0.5, radiusMM, 60)
    found = dvh.volumeAtDose(PEAK_GY * np.exp(-r ** 2 / (2 * sigmaMM ** 2))) / dvh.volumeML
    return 100 * np.abs(found - (r / radiusMM) ** 3).max()

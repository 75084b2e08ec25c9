"""Commissioning of dose-volume histograms: shapes of a known volume in a linear gradient.

Nelms et al., Med Phys 2015;42:4435-4448.
"""

import numpy as np

from ..imaging.doseVolume import surfacePoints
from ..imaging.grid import Grid
from ..imaging.surfaces import Surface
from .commissioningCase import Case, Check, published, sourceOf, worst

_SUBJECT = "Dose-volume histograms"
_CENTER_GY, _GRADIENT_GY_PER_MM = 30.0, 1.0
_VOXEL_MM = 3.0
_POLAR = np.linspace(0.0, np.pi, 121)
# Heights and radii of the outline in mm, and the share of the volume above a height.
_SHAPES = {
    "sphere": (-10 * np.cos(_POLAR), np.maximum(10 * np.sin(_POLAR), 1e-3),
               lambda z: (2000 - 300 * z + z ** 3) / 4000),
    "cylinder": (np.array([-12.0, 12.0]), np.array([12.0, 12.0]), lambda z: (12 - z) / 24),
    "cone": (np.array([-12.0, 12.0]), np.array([12.0, 1e-6]), lambda z: ((12 - z) / 24) ** 3),
}


def shapesInAGradient(job, progress):
    """Volume, and the largest error of the cumulative histogram, of each shape."""
    record, grid = published("doseVolumeShapes"), _grid()
    k, volumes, largest = np.arange(grid.shape[0]), [], []
    heights = grid.ijkToRAS[2, 2] * k + grid.ijkToRAS[2, 3]
    doseGy = np.broadcast_to((_CENTER_GY + _GRADIENT_GY_PER_MM * heights)[:, None, None], grid.shape)
    for name, (zs, radii, volumeAbove) in _SHAPES.items():
        dvh = surfacePoints(_lathe(zs, radii), grid).dvh(np.ascontiguousarray(doseGy))
        z = np.linspace(zs[0], zs[-1], 121)
        found = dvh.volumeAtDose(_CENTER_GY + _GRADIENT_GY_PER_MM * z) / dvh.volumeML
        errors = 100.0 * (found - volumeAbove(z))
        largest.append((name, 0.0, float(errors[np.argmax(np.abs(errors))])))
        volumes.append((name, record["volumes"][name] / 1000.0, dvh.volumeML))
    yield worst(Case("dvh.shapes", _SUBJECT, "Sphere, cylinder, cone, voxels of 3 mm", "largest error", "% of volume",
                     source="Exact integral of the shape", tolerance=1.0, reason="wanted for a region of 4 mL"),
                largest)
    yield worst(Case("dvh.volumes", _SUBJECT, "Shapes on voxels of 3 mm", "volume", "mL", source=sourceOf(record),
                     tolerance=0.005, isRelative=True, reason="surface of flat triangles"), volumes)


def _grid():
    """Cubic grid off the center of the shapes."""
    size = 2 * int(24 / _VOXEL_MM) + 1
    matrix = np.diag([_VOXEL_MM] * 3 + [1.0])
    matrix[:3, 3] = np.array([1.1, -0.7, 0.4]) - _VOXEL_MM * (size - 1) / 2
    return Grid((size,) * 3, matrix)


def _lathe(heights, radii, count=180):
    """Closed surface of revolution around z, whose cross sections have the area of the circles."""
    angles = np.arange(count) * 2 * np.pi / count
    scale = np.sqrt(2 * np.pi / count / np.sin(2 * np.pi / count))
    rings = [np.column_stack([scale * r * np.cos(angles), scale * r * np.sin(angles), np.full(count, z)])
             for z, r in zip(heights, radii, strict=True)]
    points = np.vstack([[[0, 0, heights[0]]], *rings, [[0, 0, heights[-1]]]])
    first, following = np.arange(count), (np.arange(count) + 1) % count
    top = len(points) - 1
    triangles = [np.column_stack([np.zeros_like(first), 1 + following, 1 + first])]
    for ring in range(len(heights) - 1):
        low, high = 1 + ring * count, 1 + (ring + 1) * count
        triangles += [np.column_stack([low + first, low + following, high + following]),
                      np.column_stack([low + first, high + following, high + first])]
    triangles.append(np.column_stack([np.full_like(first, top), top - count + first, top - count + following]))
    return Surface(points, np.vstack(triangles), "shape")


CHECKS = (Check("dvh", _SUBJECT, "Shapes in a gradient", shapesInAGradient),)

"""Accuracy and time of dose-volume histograms, isodose surfaces and the gamma index, the usual way beside ours.

Run from the repository: ``.venv/bin/python Testing/Benchmarks/benchmarkDVH.py [--gamma]``.
``--gamma`` adds the gamma index of 128 x 128 x 128 voxels. Times are those of this machine, wall and processor.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np

for folder in (Path(__file__).resolve().parents[2], Path(__file__).resolve().parents[1] / "Python"):
    sys.path.insert(0, str(folder))

from dvhShapes import (  # noqa: E402
    OBLIQUE,
    SHAPES,
    gaussianError,
    gaussianGy,
    gradientErrors,
    gradientGy,
    gridAround,
    labelsOf,
    positions,
)

from MRTDosimetryLib.imaging.doseVolume import regionPoints, surfacePoints  # noqa: E402
from MRTDosimetryLib.imaging.grid import Grid  # noqa: E402
from MRTDosimetryLib.imaging.resampling import blockSum  # noqa: E402
from MRTDosimetryLib.imaging.volume import Volume  # noqa: E402
from MRTDosimetryLib.physics.dvh import computeDVH  # noqa: E402
from MRTDosimetryLib.physics.gammaIndex import gammaIndex  # noqa: E402
from MRTDosimetryLib.physics.regionPoints import histograms  # noqa: E402

SUBDIVISIONS = 8
SIGMA_MM = 8.0


def timed(function):
    wall, cpu = time.perf_counter(), time.process_time()
    result = function()
    return result, time.perf_counter() - wall, time.process_time() - cpu


def voxelDVH(values, shape, grid, isBinary):
    """Of whole voxels: their centers inside or not, or the share of each voxel that lies inside."""
    if isBinary:
        share = shape.contains(*positions(grid)).astype(float)
    else:
        fine = shape.contains(*positions(grid.subdivided([SUBDIVISIONS] * 3)))
        share = blockSum(fine.view(np.uint8), [SUBDIVISIONS] * 3) / SUBDIVISIONS ** 3
    return computeDVH(values[share > 0], share[share > 0] * grid.voxelVolumeML)


def accuracy():
    rng = np.random.default_rng(7)
    print("Largest error of the relative curve / largest error of the volume, percent; 6 grids each")
    print(f"{'':28}{'binary mask':>16}{'occupancy':>16}{'labels 1 mm':>16}{'surface':>16}")
    for spacing in (4.8, 3.0, 2.0):
        for angles in ((0, 0, 0), OBLIQUE):
            for name in (*SHAPES, "Gaussian"):
                shape = SHAPES.get(name, SHAPES["sphere"])
                worst = np.zeros((4, 2))
                for _ in range(6):
                    grid = gridAround(spacing, rng.uniform(-spacing / 2, spacing / 2, 3), angles, 20.0)
                    labels = labelsOf(shape, gridAround(1.0, rng.uniform(-0.5, 0.5, 3), (0, 0, 0), 14.0))
                    values = gaussianGy(grid, SIGMA_MM) if name == "Gaussian" else gradientGy(grid)
                    histograms = [voxelDVH(values, shape, grid, True), voxelDVH(values, shape, grid, False),
                                  regionPoints(labels, grid)[1].dvh(values),
                                  surfacePoints(shape.surface, grid).dvh(values)]
                    for row, dvh in zip(worst, histograms, strict=True):
                        curve, volume = gradientErrors(dvh, shape)
                        curve = gaussianError(dvh, SIGMA_MM) if name == "Gaussian" else curve
                        row[:] = np.maximum(row, [curve, abs(volume)])
                text = "".join(f"{curve:>9.2f}/{volume:<6.2f}" for curve, volume in worst)
                print(f"{spacing:4.1f} mm {'oblique' if any(angles) else 'parallel':9}{name:12}{text}")


def bigCase():
    """20 regions (a body, 19 ellipsoids of 2 mL to 1.8 L) on 512 x 512 x 115 labels, 128 x 128 x 106 voxels of map."""
    rng = np.random.default_rng(0)
    array = np.zeros((115, 512, 512), np.uint8)
    k, j, i = np.ogrid[:115, :512, :512]
    array[:] = (((j - 256) / 150.0) ** 2 + ((i - 256) / 210.0) ** 2 < 1).astype(np.uint8)
    radii = (75, 60, 55, 45, 45, 40, 35, 30, 30, 25, 20, 20, 15, 15, 12, 12, 10, 10, 8)
    for value, radius in enumerate(radii, start=2):
        z, y, x = rng.uniform(80, 380), rng.uniform(166, 322), rng.uniform(117, 381)
        array[(k * 4 - z) ** 2 + (j * 0.977 - y) ** 2 + (i * 0.977 - x) ** 2 < radius ** 2] = value
    labels = Volume(array, np.array([[-0.977, 0, 0, 250], [0, -0.977, 0, 250], [0, 0, 4, -230], [0, 0, 0, 1.0]]))
    grid = Grid((128, 128, 106), np.array([[-4.8, 0, 0, 305], [0, -4.8, 0, 305], [0, 0, 4.8, -250], [0, 0, 0, 1.0]]))
    return labels, Volume(rng.gamma(4.0, 2.0, grid.shape).astype(np.float32), grid.ijkToRAS)


def speed():
    labels, volume = bigCase()
    regionPoints(labels, volume, values=[20])  # imports
    points, wall, cpu = timed(lambda: regionPoints(labels, volume))
    print(f"Points of {len(points)} regions: {wall:.2f} s (processor {cpu:.2f} s)")
    _, wall, cpu = timed(lambda: histograms(points, volume.array))
    print(f"Their histograms: {wall:.2f} s (processor {cpu:.2f} s)")
    _, wall, cpu = timed(lambda: regionPoints(labels, volume, withBoundary=True))
    print(f"Points with boundaries: {wall:.2f} s (processor {cpu:.2f} s)")


def blobs(shape, spacing, shift=(0, 0, 0)):
    rng = np.random.default_rng(3)
    axes = [np.arange(size) * spacing - size * spacing / 2 for size in shape]
    total = np.zeros(shape)
    for _ in range(40):
        center = rng.uniform(-0.35, 0.35, 3) * np.array(shape) * spacing + shift
        width, height = rng.uniform(8, 40), rng.uniform(2, 20)
        k, j, i = (np.exp(-(axis - at) ** 2 / (2 * width ** 2)) for axis, at in zip(axes, center, strict=True))
        total += height * k[:, None, None] * j[None, :, None] * i[None, None, :]
    return total


def gamma():
    shape, spacing = (128, 128, 128), 4.8
    matrix = np.diag([spacing, spacing, spacing, 1.0])
    _, j, i = np.indices(shape)
    mask = ((j - 64) / 45.0) ** 2 + ((i - 64) / 58.0) ** 2 < 1
    first = blobs(shape, spacing)
    noise = np.random.default_rng(1).normal(1.0, 0.03, shape)
    for name, second in (("shifted by 2.7 mm", blobs(shape, spacing, (1.5, -1.0, 2.0))), ("+15 %", 1.15 * first),
                         ("noise of 3 %", np.maximum(first * noise, 0))):
        for isLocal in (False, True):
            found, wall, cpu = timed(lambda second=second, isLocal=isLocal: gammaIndex(
                Volume(first, matrix), Volume(second, matrix), isLocal=isLocal, mask=mask, threshold=0.02))
            print(f"Gamma index, {name}, {'local' if isLocal else 'global'}: {found.evaluatedVoxels} voxels, "
                  f"{wall:.1f} s (processor {cpu:.1f} s), {found.passRate:.1%} pass, mean {found.meanGamma:.3f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gamma", action="store_true")
    arguments = parser.parse_args()
    accuracy()
    speed()
    if arguments.gamma:
        gamma()

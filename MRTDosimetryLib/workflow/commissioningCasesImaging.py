"""Commissioning of images: a digital phantom with six spheres."""

import math

import numpy as np

from ..imaging.grid import Grid
from ..imaging.occupancy import occupancyOfMask
from ..imaging.regionActivity import regionActivityMBq
from ..imaging.resampling import averageOnGrid
from ..imaging.volume import Volume
from ..physics.partialVolume import recoveryOfSphere
from .commissioningCase import Case, Check, published, sourceOf, worst

_PHANTOM = "Digital sphere phantom"
_FWHM_MM = 10.0
_BACKGROUND_BQ_PER_ML, _RATIO = 50_000.0, 8.0
_FINE_MM, _VOXEL_MM = 1.0, 2.5
_RING_RADIUS_MM = 57.2


def spherePhantom(job, progress):
    """Six hot spheres in a warm background, blurred by a Gaussian and measured inside their true outlines."""
    record = published("sphereDiameters")
    diameters = np.array(record["values"])
    angles = np.arange(len(diameters)) * 2 * np.pi / len(diameters)
    centers = np.column_stack([_RING_RADIUS_MM * np.cos(angles), _RING_RADIUS_MM * np.sin(angles), 0.3 + 0 * angles])
    fine = _grid((190, 190, 90), _FINE_MM)
    labels = np.zeros(fine.shape, np.uint8)
    for index, (diameter, center) in enumerate(zip(diameters, centers, strict=True), start=1):
        labels[_distanceSquared(fine, center) < (diameter / 2) ** 2] = index
    progress(0.3, "Blurring the digital phantom")
    hot = (labels > 0).astype(np.float32) * np.float32(_BACKGROUND_BQ_PER_ML * (_RATIO - 1))
    shown = _gaussian(hot, _FWHM_MM / _FINE_MM) + np.float32(_BACKGROUND_BQ_PER_ML)
    coarse = _grid((76, 76, 36), _VOXEL_MM)
    image, _covered = averageOnGrid(Volume(shown, fine.ijkToRAS, "Bq/mL", "phantom"), coarse)
    # averaging over voxels and over the parts of them inside the outline are two more blurs
    fwhmMM = math.sqrt(_FWHM_MM ** 2 + 8 * math.log(2) * 2 * _VOXEL_MM ** 2 / 12)
    background = np.zeros(fine.shape, np.uint8)
    background[_distanceSquared(fine, (0.0, 0.0, 0.0)) < 15.0 ** 2] = 1
    yield Case("phantom.background", _PHANTOM, "Background", "concentration", "kBq/mL", _BACKGROUND_BQ_PER_ML / 1000,
               _concentration(image, background, fine, coarse) / 1000, "Made with it", 0.01, True,
               "spill-out of the spheres")
    values = []
    for index, diameter in enumerate(diameters, start=1):
        volumeML = float(np.count_nonzero(labels == index)) * fine.voxelVolumeML
        found = _concentration(image, (labels == index).astype(np.uint8), fine, coarse)
        values.append((f"sphere of {diameter:g} mm", recoveryOfSphere(volumeML, fwhmMM),
                       (found / _BACKGROUND_BQ_PER_ML - 1) / (_RATIO - 1)))
    yield worst(Case("phantom.spheres", _PHANTOM, f"Spheres of {diameters[0]:g} to {diameters[-1]:g} mm", "recovery",
                     source=f"Exact for a sphere and a Gaussian of {_FWHM_MM:g} mm. {sourceOf(record)}",
                     tolerance=0.02, isRelative=True, reason="a recovery curve is wanted to 2 %"), values)


def _grid(sizeIJK, spacingMM):
    matrix = np.diag([-spacingMM, -spacingMM, spacingMM, 1.0])
    matrix[:3, 3] = -matrix[:3, :3] @ ((np.array(sizeIJK) - 1) / 2)
    return Grid(sizeIJK, matrix)


def _distanceSquared(grid, centerRAS):
    axes = [grid.ijkToRAS[axis, axis] * np.arange(grid.sizeIJK[axis]) + grid.ijkToRAS[axis, 3] - centerRAS[axis]
            for axis in range(3)]
    return axes[2][:, None, None] ** 2 + axes[1][None, :, None] ** 2 + axes[0][None, None, :] ** 2


def _gaussian(array, fwhmVoxels):
    """Gaussian blur along all axes; outside of the image is nothing."""
    sigma = fwhmVoxels / (2 * math.sqrt(2 * math.log(2)))
    for axis, count in enumerate(array.shape):
        apart = np.arange(count)[:, None] - np.arange(count)[None, :]
        # the integral over voxels is that of the middle, to the precision of a single number at this width
        weights = np.exp(-(apart / sigma) ** 2 / 2) / (sigma * math.sqrt(2 * math.pi))
        array = np.moveaxis(np.tensordot(weights.astype(np.float32), array, (1, axis)), 0, axis)
    return array


def _concentration(image, mask, fine, coarse):
    """Bq/mL inside a mask on the fine grid."""
    region = occupancyOfMask(Volume(mask, fine.ijkToRAS, "", "sphere"), coarse)
    return regionActivityMBq(image, {1: region})[1] * 1e6 / region.volumeML


CHECKS = (Check("phantom", _PHANTOM, "Six spheres", spherePhantom, 2.0),)

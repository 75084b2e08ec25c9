"""Phantoms in front of the digital patient's own camera and CT: a filled cylinder, and six spheres in a cylinder."""

import math
from dataclasses import dataclass

import numpy as np

from ...physics.decay import acquisitionDecayFactor
from ...physics.nuclides import nuclide
from ...physics.partialVolume import meanOverSphere, profileOfSphere
from ...physics.units import SECONDS_PER_HOUR
from ..calibration.spheres import distancesFrom
from ..volume import Volume
from .anatomy import Anatomy
from .kinetics import RegionKinetics
from .scanner import (
    POINT_SPREAD,
    SENSITIVITY_CPS_PER_MBQ,
    VIEW_SECONDS,
    VIEWS,
    SPECTScanner,
    scanGrids,
    withNoise,
)
from .truth import RADIONUCLIDE

DURATION_SECONDS = VIEWS * VIEW_SECONDS
RING_RADIUS_MM = 57.2
CYLINDER_RADIUS_MM, CYLINDER_LENGTH_MM = 108.0, 186.0
_BODY_RADIUS_MM, _BODY_LENGTH_MM = 140.0, 180.0
# Off the middle of the voxels, as a phantom on a table is.
_SPHERES_CENTER_MM = (3.1, -4.3, 11.7)
_SPACING_MM = (1.25, 1.25, 2.0)
_MARGIN_MM = 22.0
# The remainder of the digital patient takes up 1 here and nothing in air.
_FILLED_HU, _AIR_HU = 20.0, -1000.0
# In the CT: hollow spheres of acrylic in water.
WALL_MM, _WALL_HU, _WATER_HU, _CT_NOISE_HU = 1.0, 120.0, 0.0, 12.0
_CT_SPACING_MM = (0.98, 0.98, 2.0)


@dataclass(frozen=True)
class PhantomScan:
    """A scan of a phantom with its truth.

    Attributes
    ----------
    image : Volume
        Bq/mL at the start of the scan.
    centersRAS : numpy.ndarray
        Of the spheres, RAS mm, shape (N, 3).
    sphereBqPerML, backgroundBqPerML : float
        True concentrations at the start of the scan.
    totalMBq : float
        True activity of the whole phantom at the start of the scan.
    recoveries : tuple of float
        Of each sphere that is filled: what the noise-free image shows inside its true outline over the true activity,
        a voxel counting by its share inside, on average over the places between the voxels; in closed form.
    """

    image: object
    centersRAS: np.ndarray
    sphereBqPerML: float
    backgroundBqPerML: float
    totalMBq: float
    recoveries: tuple

    def counts(self, durationSeconds=DURATION_SECONDS):
        """The image as the camera counts it: counts per voxel, not corrected for decay during the scan."""
        perConcentration = self.image.voxelVolumeML * 1e-6 * SENSITIVITY_CPS_PER_MBQ * durationSeconds
        mean = perConcentration / acquisitionDecayFactor(nuclide(RADIONUCLIDE).halfLifeHours,
                                                         durationSeconds / SECONDS_PER_HOUR)
        return self.image.withArray((self.image.array * np.float32(mean)).astype(np.float32), unit="counts",
                                    name=f"{self.image.name} counts")


class PhantomCamera:
    """The digital patient's SPECT camera with a phantom in it; every scan has noise of its own.

    The spheres are not painted on voxels: their image by this camera is known in closed form.

    Parameters
    ----------
    diametersMM : sequence of float
        Inner diameters of the spheres on a ring, counterclockwise as seen from the feet; empty for a filled cylinder.
    size : {"full", "small"}
        Voxels as of the digital patient of that size.
    missing : sequence of int
        Spheres that hold what the background holds.
    pose : numpy.ndarray, optional
        4 x 4 in RAS mm: how the phantom lies, shifted and turned from its place on the table.
    grid : Grid, optional
        Voxels of another image.
    """

    def __init__(self, diametersMM=(), size="full", missing=(), pose=None, grid=None):
        self.diametersMM, self.missing = tuple(float(value) for value in diametersMM), tuple(missing)
        self.pose = np.eye(4) if pose is None else np.asarray(pose, float)
        self.grid = scanGrids(size).spect if grid is None else grid
        self.centersRAS = self.pose[:3, 3] + sphereCenters(len(self.diametersMM)) @ self.pose[:3, :3].T
        self._body = (_BODY_RADIUS_MM, _BODY_LENGTH_MM) if self.diametersMM else (CYLINDER_RADIUS_MM,
                                                                                  CYLINDER_LENGTH_MM)
        # Images of 1 Bq/mL, made when they are first needed.
        self._filledImage = self._sphereImage = None

    def scan(self, seed, sphereBqPerML=0.0, backgroundBqPerML=0.0):
        """One scan with known concentrations at its start.

        Returns
        -------
        PhantomScan
        """
        array, totalMBq = np.zeros(self.grid.shape, np.float32), 0.0
        if backgroundBqPerML > 0:
            filled, volumeML = self._filled()
            array += np.float32(backgroundBqPerML) * filled
            totalMBq += backgroundBqPerML * volumeML * 1e-6
        excess = sphereBqPerML - backgroundBqPerML
        if self.diametersMM and excess != 0:
            array += np.float32(excess) * self._spheres()
            totalMBq += excess * sum(math.pi / 6e9 * self.diametersMM[index] ** 3 for index in self._isFilled())
        np.maximum(array, 0, out=array)
        image = withNoise(Volume(array, self.grid.ijkToRAS, "Bq/mL", "SPECT 0 h"), np.random.default_rng(seed))
        recoveries = tuple(self._recovery(self.diametersMM[index] / 2) for index in self._isFilled())
        return PhantomScan(image, self.centersRAS, float(sphereBqPerML), float(backgroundBqPerML), totalMBq, recoveries)

    def _recovery(self, radius):
        """Of a sphere alone: its image summed over the shares of the voxels inside, on average over where they lie."""
        variance = float(np.mean(self.grid.spacingMM)) ** 2 / 12
        return float(sum(weight * (2 * meanOverSphere(radius, math.sqrt(sigma ** 2 + variance))
                                   - meanOverSphere(radius, math.sqrt(sigma ** 2 + 2 * variance)))
                         for weight, sigma in POINT_SPREAD.gaussians()))

    def _isFilled(self):
        return [index for index in range(len(self.diametersMM)) if index not in self.missing]

    def _spheres(self):
        """Noise-free image of the spheres alone, taken back by one voxel's blur as :meth:`.SPECTScanner.mean` does."""
        if self._sphereImage is None:
            variance = float(np.mean(self.grid.spacingMM)) ** 2 / 12
            image = np.zeros(self.grid.shape, np.float32)
            reach = 6 * POINT_SPREAD.sigmaMM
            for index in self._isFilled():
                radius = self.diametersMM[index] / 2
                box, distance = distancesFrom(self.grid, self.centersRAS[index], radius + reach)
                for weight, sigma in POINT_SPREAD.gaussians():
                    wider = math.sqrt(sigma ** 2 + variance)
                    image[box] += (weight * (2 * profileOfSphere(distance, radius, sigma)
                                             - profileOfSphere(distance, radius, wider))).astype(np.float32)
            self._sphereImage = image
        return self._sphereImage

    def _filled(self):
        """Noise-free image of the body filled with 1 Bq/mL, and its volume in mL as it is painted."""
        if self._filledImage is None:
            half = np.abs(self.pose[:3, :3]) @ [self._body[0], self._body[0], self._body[1] / 2] + _MARGIN_MM
            axes = [np.arange(-reach + step / 2, reach, step) + shift
                    for reach, step, shift in zip(half, _SPACING_MM, self.pose[:3, 3], strict=True)]
            hounsfield = np.where(self._isInBody(axes), _FILLED_HU, _AIR_HU).astype(np.float32)
            matrix = np.diag([*_SPACING_MM, 1.0])
            matrix[:3, 3] = [axis[0] for axis in axes]
            anatomy = Anatomy(hounsfield, {}, np.zeros(hounsfield.shape, np.uint8), matrix, _SPACING_MM)
            scanner = SPECTScanner(anatomy, self.grid, {}, None)
            shares = scanner.shares["remainder"][1]
            volumeML = float(shares.sum(dtype=float)) * float(np.prod(scanner.spacingMM)) / 1000.0
            scanner.kinetics = {"remainder": RegionKinetics(((volumeML * 1e-6, nuclide(RADIONUCLIDE).halfLifeHours),))}
            self._filledImage = scanner.mean(np.eye(4), 0.0)[0].array, volumeML
        return self._filledImage

    def _isInBody(self, axes):
        """Whether grid points (k, j, i) of three axes (RAS mm) lie in the body of the phantom."""
        x, y, z = axes[0][None, None, :], axes[1][None, :, None], axes[2][:, None, None]
        inverse, (radius, length) = np.linalg.inv(self.pose), self._body
        own = [inverse[axis, 0] * x + inverse[axis, 1] * y + inverse[axis, 2] * z + inverse[axis, 3]
               for axis in range(3)]
        return (own[0] ** 2 + own[1] ** 2 <= radius ** 2) & (np.abs(own[2]) <= length / 2)

    def ct(self, seed, isWithout=()):
        """CT of the phantom, filled with water, in the coordinates of its scans.

        Parameters
        ----------
        seed : int
            Of the noise.
        isWithout : sequence of int
            Spheres that are not mounted.

        Returns
        -------
        Volume
            Hounsfield units, int16.
        """
        half = np.abs(self.pose[:3, :3]) @ [self._body[0], self._body[0], self._body[1] / 2] + 10.0
        axes = [np.arange(-reach, reach, step) + shift
                for reach, step, shift in zip(half, _CT_SPACING_MM, self.pose[:3, 3], strict=True)]
        hounsfield = np.where(self._isInBody(axes), _WATER_HU, _AIR_HU).astype(np.float32)
        edge = float(np.mean(_CT_SPACING_MM))
        for index, (diameter, center) in enumerate(zip(self.diametersMM, self.centersRAS, strict=True)):
            if index in isWithout:
                continue
            reach = diameter / 2 + WALL_MM + edge
            parts = [slice(*np.searchsorted(axis, (middle - reach, middle + reach)))
                     for axis, middle in zip(axes, center, strict=True)]
            x, y, z = (axis[part] - middle for axis, part, middle in zip(axes, parts, center, strict=True))
            distance = np.sqrt(z[:, None, None] ** 2 + y[None, :, None] ** 2 + x[None, None, :] ** 2)
            fromWall = np.abs(distance - (diameter + WALL_MM) / 2)
            share = np.clip(((WALL_MM + edge) / 2 - fromWall) / edge, 0.0, WALL_MM / edge)
            hounsfield[tuple(reversed(parts))] += (share * (_WALL_HU - _WATER_HU)).astype(np.float32)
        hounsfield += np.random.default_rng(seed).normal(0.0, _CT_NOISE_HU, hounsfield.shape).astype(np.float32)
        matrix = np.diag([*_CT_SPACING_MM, 1.0])
        matrix[:3, 3] = [axis[0] for axis in axes]
        return Volume(np.rint(hounsfield).astype(np.int16), matrix, "[hnsf'U]", "CT of the phantom")


def sphereCenters(count):
    """Centers of the spheres in the phantom's own place, RAS mm, shape (count, 3)."""
    angles = np.arange(count) * 2 * np.pi / max(count, 1)
    ring = np.column_stack([RING_RADIUS_MM * np.cos(angles), RING_RADIUS_MM * np.sin(angles), 0 * angles])
    return ring + np.asarray(_SPHERES_CENTER_MM)

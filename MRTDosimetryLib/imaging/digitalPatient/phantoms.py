"""Phantoms in front of the digital patient's own camera: a filled cylinder, and six spheres in a cylinder."""

from dataclasses import dataclass

import numpy as np

from ...physics.decay import acquisitionDecayFactor
from ...physics.nuclides import nuclide
from ...physics.units import SECONDS_PER_HOUR
from .anatomy import Anatomy
from .kinetics import RegionKinetics
from .scanner import SENSITIVITY_CPS_PER_MBQ, VIEW_SECONDS, VIEWS, SPECTScanner, scanGrids
from .truth import RADIONUCLIDE

DURATION_SECONDS = VIEWS * VIEW_SECONDS
RING_RADIUS_MM = 57.2
CYLINDER_RADIUS_MM, CYLINDER_LENGTH_MM = 108.0, 186.0
_BODY_RADIUS_MM, _BODY_LENGTH_MM = 140.0, 180.0
# Off the middle of the voxels, as a phantom on a table is.
_SPHERES_CENTER_MM = (3.1, -4.3, 11.7)
_SPACING_MM = (1.25, 1.25, 2.0)
_MARGIN_MM, _SUBDIVISIONS = 22.0, 4
# The remainder of the digital patient takes up 1 here and nothing in air.
_FILLED_HU, _AIR_HU = 20.0, -1000.0


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
        Of each sphere: what the noise-free image shows inside its true outline over the true activity.
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

    Parameters
    ----------
    diametersMM : sequence of float
        Inner diameters of the spheres on a ring, counterclockwise as seen from the feet; empty for a filled cylinder.
    size : {"full", "small"}
        Voxels as of the digital patient of that size.
    missing : sequence of int
        Spheres that hold what the background holds.
    """

    def __init__(self, diametersMM=(), size="full", missing=()):
        radius, length = (_BODY_RADIUS_MM, _BODY_LENGTH_MM) if len(diametersMM) else (CYLINDER_RADIUS_MM,
                                                                                       CYLINDER_LENGTH_MM)
        self.diametersMM = tuple(float(value) for value in diametersMM)
        angles = np.arange(len(self.diametersMM)) * 2 * np.pi / max(len(self.diametersMM), 1)
        ring = np.column_stack([RING_RADIUS_MM * np.cos(angles), RING_RADIUS_MM * np.sin(angles), 0 * angles])
        self.centersRAS = ring + np.asarray(_SPHERES_CENTER_MM)
        half = np.array([radius, radius, length / 2]) + _MARGIN_MM
        axes = [np.arange(-reach + step / 2, reach, step) for reach, step in zip(half, _SPACING_MM, strict=True)]
        x, y, z = axes
        inside = (x[None, None, :] ** 2 + y[None, :, None] ** 2 <= radius ** 2) \
            & (np.abs(z)[:, None, None] <= length / 2)
        hounsfield = np.where(inside, _FILLED_HU, _AIR_HU).astype(np.float32)
        regions = {}
        for index, (diameter, center) in enumerate(zip(self.diametersMM, self.centersRAS, strict=True)):
            if index not in missing:
                regions[str(index)] = _sphereFractions(axes, center, diameter / 2)
        matrix = np.diag([*_SPACING_MM, 1.0])
        matrix[:3, 3] = [axis[0] for axis in axes]
        anatomy = Anatomy(hounsfield, regions, np.zeros(hounsfield.shape, np.uint8), matrix, _SPACING_MM)
        self._scanner = SPECTScanner(anatomy, scanGrids(size).spect, {}, None)

    def scan(self, seed, sphereBqPerML=0.0, backgroundBqPerML=0.0):
        """One scan with known concentrations at its start.

        Returns
        -------
        PhantomScan
        """
        scanner, halfLife = self._scanner, nuclide(RADIONUCLIDE).halfLifeHours
        scanner.rng = np.random.default_rng(seed)
        voxelML, kinetics, total = float(np.prod(scanner.spacingMM)) / 1000.0, {}, 0.0
        for name, (_box, share) in scanner.shares.items():
            concentration = backgroundBqPerML if name == "remainder" else sphereBqPerML
            activityMBq = concentration * float(share.sum(dtype=float)) * voxelML * 1e-6
            total += activityMBq
            # Above zero, so that a recovery can be told of every sphere.
            kinetics[name] = RegionKinetics(((max(activityMBq, 1e-30), halfLife),))
        scanner.kinetics = kinetics
        image, recovery = scanner.scan(np.eye(4), 0.0)
        shown = tuple(recovery[str(index)] for index in range(len(self.diametersMM)) if str(index) in recovery)
        return PhantomScan(image, self.centersRAS, float(sphereBqPerML), float(backgroundBqPerML), total, shown)


def _sphereFractions(axes, center, radius):
    """Fraction of each voxel inside a sphere in 1/255, by sub-points."""
    counts = [len(axis) for axis in axes]
    fractions = np.zeros(counts[::-1], np.uint8)
    parts, points = [], []
    for axis, middle in zip(axes, center, strict=True):
        step = axis[1] - axis[0]
        chosen = np.flatnonzero(np.abs(axis - middle) <= radius + step)
        parts.append(slice(int(chosen[0]), int(chosen[-1]) + 1))
        offsets = ((np.arange(_SUBDIVISIONS) + 0.5) / _SUBDIVISIONS - 0.5) * step
        points.append((axis[chosen][:, None] + offsets[None, :]).ravel() - middle)
    x, y, z = points
    inside = z[:, None, None] ** 2 + y[None, :, None] ** 2 + x[None, None, :] ** 2 <= radius ** 2
    shape = [dimension for points_ in (z, y, x) for dimension in (points_.size // _SUBDIVISIONS, _SUBDIVISIONS)]
    share = inside.reshape(shape).mean(axis=(1, 3, 5))
    fractions[parts[2], parts[1], parts[0]] = np.rint(share * 255)
    return fractions

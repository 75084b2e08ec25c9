"""SPECT/CT scans of the painted anatomy: pose, resolution, noise."""

import math
from dataclasses import dataclass

import numpy as np

from ...physics.partialVolume import SIGMA_PER_FWHM
from ...physics.pointSpread import PointSpread
from ..grid import Grid, cornerIndices
from ..sitkBridge import resampleOnto, toSITK
from ..volume import Volume
from .shapes import rotationAbout

# The image of a point by iterative reconstruction with resolution modeling: after n passes the transfer function is
# 1 - (1 - G)^n with G the Gaussian of the camera, here n = 2. Compared with a plain Gaussian of the same full width at
# half maximum it keeps large organs' totals (and has faint rims), as such reconstructions do.
_PASSES = 2
_GAUSSIAN_FWHM = 2.3548  # in units of its sigma
# Full width at half maximum of that image, a sum of Gaussians of widths s and s sqrt 2, in units of s (numerically).
_FWHM_PER_SIGMA = 2.2145
_PADDING = 16
SPATIAL_RESOLUTION_MM = 8.0
# What spills over a plane border goes with the mean distance |x| of the image of a line: s sqrt(2/pi) times this sum.
_SPILL_OUT_PER_SIGMA = sum((-1) ** (m + 1) * math.comb(_PASSES, m) * math.sqrt(m) for m in range(1, _PASSES + 1))
EQUIVALENT_GAUSSIAN_FWHM_MM = _GAUSSIAN_FWHM * _SPILL_OUT_PER_SIGMA * SPATIAL_RESOLUTION_MM / _FWHM_PER_SIGMA
# The same image of a point as the physics of recovery describes it: 1 - (1 - G)^2 is G + G (1 - G).
POINT_SPREAD = PointSpread(SPATIAL_RESOLUTION_MM / _FWHM_PER_SIGMA / SIGMA_PER_FWHM, _PASSES - 1.0)

# Counts per second and MBq in the 208 keV window of a camera with medium-energy collimators, and the fraction of them
# by which reconstruction noise is as large as that of plain counting (noise amplification by tomography).
SENSITIVITY_CPS_PER_MBQ = 9.3
_NOISE_EQUIVALENT_FRACTION = 0.06
_NOISE_FWHM_MM = 8.5

VIEWS, VIEW_SECONDS = 60, 20.0
_MAX_SHIFT_MM, _MAX_ROTATION_DEGREES = (8.0, 5.0, 11.0), (2.2, 1.6, 2.8)
_PIVOT_MM = (0.0, -20.0, 0.0)
_CT_NOISE_HU = 11.0
_NOISE_SLICES = 16
_AIR_HU = -1000.0
_THREADS = 2
# Concentration in tissues without a region of their own, relative to soft tissue, over Hounsfield units.
_REMAINDER_UPTAKE = (-1000, -950, -850, -300, -110, -40, 20, 200, 600), (0, 0, 0.25, 0.3, 0.3, 0.8, 1, 0.8, 0.4)


@dataclass(frozen=True)
class ScanGrids:
    """Grids of one scan in scanner coordinates (RAS mm), the same for every scan."""

    ct: Grid
    spect: Grid


def scanGrids(size):
    """Grids of the ``"full"`` or the ``"small"`` patient."""
    if size == "full":
        ct, spect = ((512, 512, 115), (500 / 512, 500 / 512, 4.0)), ((128, 128, 106), (4.42, 4.42, 4.42))
    else:
        ct, spect = ((128, 128, 76), (500 / 128, 500 / 128, 6.0)), ((64, 64, 72), (6.6, 6.6, 6.6))
    return ScanGrids(_grid(*ct), _grid(*spect))


def _grid(counts, spacing):
    """Centered grid in DICOM order: columns to the patient's left, rows to the back, slices to the head."""
    matrix = np.diag([-spacing[0], -spacing[1], spacing[2], 1.0])
    half = (np.asarray(counts) - 1) / 2 * np.asarray(spacing)
    matrix[:3, 3] = half[0], half[1], 2.0 - half[2]
    return Grid(counts, matrix)


def randomPoses(count, rng):
    """4 x 4 scanner-from-patient matrices: the first scan as it is, the others moved and turned a little."""
    poses = [np.eye(4)]
    pivot = np.asarray(_PIVOT_MM)
    for _ in range(count - 1):
        # at least a third of the largest motion, so that every scan has something to be registered
        size = rng.uniform(1 / 3, 1, 6) * rng.choice((-1.0, 1.0), 6)
        angles = size[:3] * _MAX_ROTATION_DEGREES
        rotation = rotationAbout(0, angles[0]) @ rotationAbout(1, angles[1]) @ rotationAbout(2, angles[2])
        pose = np.eye(4)
        pose[:3, :3] = rotation
        pose[:3, 3] = pivot - rotation @ pivot + size[3:] * _MAX_SHIFT_MM
        poses.append(pose)
    return poses


class CTScanner:
    """Makes CT images of one anatomy."""

    def __init__(self, anatomy, grid, rng):
        self.grid, self.rng = grid, rng
        # a slice is about two voxels of the anatomy thick
        self.image = toSITK(Volume(sliceProfile(anatomy.hu), anatomy.ijkToRAS))
        self.cornersRAS = anatomy.ijkToRAS @ cornerIndices(anatomy.hu.shape[::-1])
        self.noise = self._noiseSlices()

    def scan(self, pose):
        """CT with the patient in a pose.

        Returns
        -------
        Volume
            Hounsfield units, int16.
        """
        import SimpleITK as sitk

        # Most of the field of view is air that need not be interpolated.
        part = self._patientBox(pose)
        hu = resampleOnto(
            self.image, self.grid.cropped(part), np.linalg.inv(pose), sitk.sitkLinear, _AIR_HU, np.float32
        )
        couch = self._couch(pose[1, 3])
        result = np.empty(self.grid.shape, np.int16)
        counts = self.grid.shape[1:]
        for index, target in enumerate(result):
            plane = couch.copy()
            if part[0].start <= index < part[0].stop:
                np.maximum(plane[part[1:]], hu[index - part[0].start], out=plane[part[1:]])
            noise = self.noise[self.rng.integers(_NOISE_SLICES)]
            shift = self.rng.integers(0, counts[0]), self.rng.integers(0, counts[1])
            plane += self.noiseLevel * np.roll(noise, shift, axis=(0, 1))
            np.rint(plane, out=plane)
            np.clip(plane, -1024, 3071, out=plane)
            target[...] = plane
        return Volume(result, self.grid.ijkToRAS, "[hnsf'U]", "CT")

    def _patientBox(self, pose):
        """Slices (k, j, i) of the grid that the anatomy can reach."""
        corners = np.linalg.inv(self.grid.ijkToRAS) @ pose @ self.cornersRAS
        low = np.clip(np.floor(corners[:3].min(axis=1)), 0, self.grid.sizeIJK).astype(int)
        high = np.clip(np.ceil(corners[:3].max(axis=1)) + 1, 0, self.grid.sizeIJK).astype(int)
        return tuple(slice(int(a), int(b)) for a, b in zip(low[::-1], high[::-1], strict=True))

    def _positions(self):
        columns, rows, _ = self.grid.sizeIJK
        matrix = self.grid.ijkToRAS
        x = matrix[0, 3] + matrix[0, 0] * np.arange(columns)
        y = matrix[1, 3] + matrix[1, 1] * np.arange(rows)
        return x[None, :], y[:, None]

    def _couch(self, heightMM):
        """The table: carbon fiber shell, foam core, and the mattress on it. It moves up and down with the patient."""
        x, y = self._positions()
        top = -111.0 + heightMM + 0.0006 * x**2
        within = np.clip(212 - np.abs(x), 0, 1)
        width = abs(self.grid.ijkToRAS[1, 1])

        def layer(high, low, value):
            part = np.clip((high - y) / width + 0.5, 0, 1) * np.clip((y - low) / width + 0.5, 0, 1)
            return _AIR_HU + part * within * (value - _AIR_HU)

        mattress = layer(top, top - 10, -945)
        core = layer(top - 10, top - 36 + 0.0010 * x**2 * 0.5, -925)
        shell = np.maximum(layer(top - 10, top - 12, -330), layer(top - 34, top - 36, -330))
        return np.maximum(np.maximum(mattress, core), shell).astype(np.float32)

    def _noiseSlices(self):
        columns, rows, _ = self.grid.sizeIJK
        noise = self.rng.standard_normal((_NOISE_SLICES, rows, columns), dtype=np.float32)
        for axis in (1, 2):
            noise = 2 * noise + np.roll(noise, 1, axis) + np.roll(noise, -1, axis)
        noise /= noise.std()
        x, y = self._positions()
        # most noise where most tissue lies in the beam's way
        depth = np.exp(-((x / 190) ** 2 + (y / 150) ** 2))
        self.noiseLevel = (_CT_NOISE_HU * (0.35 + 0.75 * depth)).astype(np.float32)
        return noise


def sliceProfile(values):
    """Average over neighboring slices (1/4, 1/2, 1/4): the sensitivity of a thick slice."""
    result = values * np.float32(0.5)
    result[1:] += np.float32(0.25) * values[:-1]
    result[:-1] += np.float32(0.25) * values[1:]
    result[0] += np.float32(0.25) * values[0]
    result[-1] += np.float32(0.25) * values[-1]
    return result


class SPECTScanner:
    """Makes SPECT images of the activity in one anatomy."""

    def __init__(self, anatomy, grid, kinetics, rng):
        self.grid, self.kinetics, self.rng = grid, kinetics, rng
        factor = 2
        shape = [n // factor * factor for n in anatomy.hu.shape[1:]]
        self.spacingMM = (anatomy.spacingMM[0] * factor, anatomy.spacingMM[1] * factor, anatomy.spacingMM[2])
        toFine = np.diag([factor, factor, 1.0, 1.0])
        toFine[0, 3] = toFine[1, 3] = (factor - 1) / 2
        self.matrix = anatomy.ijkToRAS @ toFine

        def coarse(values):
            blocks = values[:, : shape[0], : shape[1]].reshape(
                len(values), shape[0] // factor, factor, shape[1] // factor, factor
            )
            return blocks.mean(axis=(2, 4), dtype=np.float32)

        self.shares, occupied = {}, 0
        for name, fractions in anatomy.regions.items():
            box = boundingBox(fractions)
            whole = coarse(fractions)
            whole *= np.float32(1 / 255)
            occupied = occupied + whole
            box = (box[0], *(slice(part.start // factor, -(-part.stop // factor)) for part in box[1:]))
            self.shares[name] = (box, whole[box].copy())
        # tissues of the remainder take up little in fat and lung, more in blood
        weight = np.interp(coarse(anatomy.hu), *_REMAINDER_UPTAKE).astype(np.float32)
        weight += coarse(anatomy.blood) * np.float32(1.2 / 255)
        weight *= np.clip(1 - occupied, 0, 1)
        self.shares["remainder"] = ((slice(None),) * 3, weight)

    def scan(self, pose, timeHours):
        """SPECT with the patient in a pose, at a time after administration.

        Returns
        -------
        tuple of (Volume, dict of str to float)
            Bq/mL at the start of the acquisition, float32; and for every region the activity that the noise-free
            image shows inside its true outline over its true activity.
        """
        mean, recovery = self.mean(pose, timeHours)
        return withNoise(mean, self.rng), recovery

    def mean(self, pose, timeHours):
        """As :meth:`scan`, without noise."""
        import SimpleITK as sitk

        voxelML = float(np.prod(self.spacingMM)) / 1000.0
        true = None
        for name, (box, share) in sorted(self.shares.items(), key=lambda item: item[0] != "remainder"):
            concentration = self.kinetics[name].activityMBq(timeHours) * 1e6 / (share.sum(dtype=float) * voxelML)
            if true is None:
                true = share * np.float32(concentration)
            else:
                true[box] += share * np.float32(concentration)
        blurred, toSample = self._blur(true)
        recovery = {}
        for name, (box, share) in self.shares.items():
            if name != "remainder":
                shown = float((blurred[box] * share).sum(dtype=float)) * voxelML * 1e-6
                recovery[name] = shown / float(self.kinetics[name].activityMBq(timeHours))
        image = toSITK(Volume(toSample, self.matrix))
        mean = resampleOnto(image, self.grid, np.linalg.inv(pose), sitk.sitkLinear, 0.0, np.float32)
        np.maximum(mean, 0, out=mean)
        return Volume(mean, self.grid.ijkToRAS, "Bq/mL", f"SPECT {timeHours:g} h"), recovery

    def _blur(self, true):
        """The noise-free image of an activity distribution, on the fine grid.

        Returns
        -------
        tuple of (numpy.ndarray, numpy.ndarray)
            The image; and the same ready to be sampled: to second order, the blur of interpolation and of the
            image's own voxels is taken back, as a reconstruction does whose model of the camera includes its voxels.
        """
        from scipy import fft

        shape = [fft.next_fast_len(count + _PADDING, real=True) for count in true.shape]
        steps = self.spacingMM[::-1]
        transforms = (fft.fftfreq, fft.fftfreq, fft.rfftfreq)
        squares = [
            (2 * np.pi * frequencies(count, step)) ** 2
            for frequencies, count, step in zip(transforms, shape, steps, strict=True)
        ]

        def gaussian(sigmaMM):
            factors = [np.exp(-square * sigmaMM**2 / 2).astype(np.float32) for square in squares]
            return factors[0][:, None, None] * factors[1][None, :, None] * factors[2][None, None, :]

        spectrum = fft.rfftn(true, shape, workers=_THREADS)
        spectrum *= 1 - (1 - gaussian(SPATIAL_RESOLUTION_MM / _FWHM_PER_SIGMA)) ** _PASSES
        inside = tuple(slice(count) for count in true.shape)
        blurred = fft.irfftn(spectrum, shape, workers=_THREADS)[inside]
        variance = np.mean(self.spacingMM) ** 2 / 6 + np.mean(self.grid.spacingMM) ** 2 / 12
        spectrum *= 2 - gaussian(np.sqrt(variance))
        return blurred, np.ascontiguousarray(fft.irfftn(spectrum, shape, workers=_THREADS)[inside])


def withNoise(image, rng):
    """A noise-free SPECT (Bq/mL) with Poisson noise of the effective counts, correlated like that of a filtered
    reconstruction; nothing is below zero."""
    import SimpleITK as sitk

    countsPerMBq = SENSITIVITY_CPS_PER_MBQ * VIEWS * VIEW_SECONDS * _NOISE_EQUIVALENT_FRACTION
    countsPerBqPerML = image.voxelVolumeML * 1e-6 * countsPerMBq
    expected = image.array * np.float32(countsPerBqPerML)
    noise = sitk.GetImageFromArray((rng.poisson(expected) - expected).astype(np.float32))
    noise.SetSpacing([float(step) for step in image.spacingMM])
    smoothed = sitk.SmoothingRecursiveGaussian(noise, _NOISE_FWHM_MM / _GAUSSIAN_FWHM)
    # a view lives as long as its image
    values = sitk.GetArrayViewFromImage(smoothed) / np.float32(countsPerBqPerML)
    return image.withArray(np.maximum(image.array + values, 0).astype(np.float32))


def boundingBox(values):
    """Slices (k, j, i) of the smallest box that holds all values other than zero."""
    box = []
    for axis in range(3):
        used = np.flatnonzero(values.any(axis=tuple(other for other in range(3) if other != axis)))
        box.append(slice(int(used[0]), int(used[-1]) + 1))
    return tuple(box)

"""Voxel kernels: energy deposited in each voxel around a voxel of uniform activity, for any voxel size.

The fraction of a radial kernel that goes from a voxel to the voxel n voxels away is the integral of the kernel times
the overlap of the two boxes, which is the product of three triangle functions. Near the source the integral is a sum
over spheres of directions, distributed trilinearly, which keeps the energy exactly; far away it is the density at the
voxel's center with the second-order correction of the triangle. Both share the energy by a smooth weight over the
distance. Kernels of electrons end steeply and are treated in the first way up to 10 voxels and more.
"""

import functools
import math
from dataclasses import dataclass

import numpy as np

from ...errors import InputError
from .radialKernels import COMPONENTS, ELECTRON, radialKernel

REFERENCE_DENSITY_G_PER_ML = 1.04
DEFAULT_RADIUS_MM = 300.0
DIRECTIONS = 2400


@dataclass(frozen=True)
class _Limits:
    """Up to ``near`` longest voxel edges all goes by directions, from ``far`` on all by the density.

    The density is the mean over ``window`` in the logarithm of the distance to both sides.
    """

    near: float
    far: float
    window: float


PHOTON_LIMITS, ELECTRON_LIMITS = _Limits(2.5, 6.0, 0.05), _Limits(10.0, 16.0, 0.01)


@dataclass(frozen=True)
class VoxelKernel:
    """Energy per decay in the voxels around a source voxel; the kernel is symmetric about it.

    Attributes
    ----------
    octantMeV : numpy.ndarray
        Shape (a, b, c): energy in MeV per decay in the voxel that lies (k, j, i) voxels away in one or the other
        direction of each axis.
    voxelSizeMM : tuple of float
        Edge lengths in the order of the axes of ``octantMeV``.
    radiusMM : float
    emittedMeV : float
        Energy per decay of the components.
    depositedMeV : float
        Energy per decay within ``radiusMM``: the sum over the kernel.
    """

    octantMeV: np.ndarray
    voxelSizeMM: tuple
    radiusMM: float
    emittedMeV: float
    depositedMeV: float

    @property
    def remainderMeV(self):
        """Energy per decay that is deposited beyond the radius."""
        return self.emittedMeV - self.depositedMeV

    def fullMeV(self):
        """The kernel over all directions: odd shape, the source voxel in the center."""
        full = self.octantMeV
        for axis in range(3):
            full = np.concatenate([np.flip(full, axis)[tuple(
                slice(0, -1) if index == axis else slice(None) for index in range(3))], full], axis=axis)
        return full

    def sumMeV(self):
        """Sum over the whole kernel."""
        return float(np.sum(self.octantMeV * multiplicity(self.octantMeV.shape)))


def multiplicity(shape):
    """How many voxels of the whole kernel each voxel of an octant stands for."""
    factors = [np.where(np.arange(number) == 0, 1.0, 2.0) for number in shape]
    return factors[0][:, None, None] * factors[1][:, None] * factors[2]


def voxelKernelMeV(nuclide, voxelSizeMM, radiusMM=DEFAULT_RADIUS_MM, densityGPerML=REFERENCE_DENSITY_G_PER_ML,
                   component=ELECTRON):
    """Voxel kernel of one component of a nuclide's radiation in uniform soft tissue.

    Parameters
    ----------
    nuclide : Nuclide or str
        Without its progeny and alpha particles.
    voxelSizeMM : sequence of float
        Edge lengths in the order of the axes of the arrays, (k, j, i).
    radiusMM : float
        Up to where energy is followed.
    densityGPerML : float
    component : str or sequence of str
        ``"electron"``, ``"bremsstrahlung"``, ``"photon"``, or several, which are added.

    Returns
    -------
    VoxelKernel

    Raises
    ------
    InputError
        Impossible voxel size, radius or density; unknown nuclide or component.
    """
    size = checkedVoxelSizeMM(voxelSizeMM)
    for value, name in ((radiusMM, "kernel radius"), (densityGPerML, "density")):
        if not (math.isfinite(value) and value > 0):
            raise InputError(f"The {name} is {value:g}, but has to be above zero", "absorbed dose")
    components = (component,) if isinstance(component, str) else tuple(component)
    if not components or set(components) - set(COMPONENTS):
        raise InputError(f"'{component}' is not a component of the radiation", "absorbed dose",
                         f"Known are {', '.join(COMPONENTS)}")
    name = nuclide if isinstance(nuclide, str) else nuclide.name
    return _voxelKernel(name, tuple(float(edge) for edge in size), float(radiusMM), float(densityGPerML), components)


@functools.lru_cache(maxsize=4)  # the maps of one study have one grid
def _voxelKernel(nuclideName, voxelSizeMM, radiusMM, densityGPerML, components):
    kernel, size = radialKernel(nuclideName), np.array(voxelSizeMM)
    # The steep end of an electron kernel is for directions alone, the smooth one of photons far away for the density.
    groups = [(group, limits) for group, limits in
              (([name for name in components if name == ELECTRON], ELECTRON_LIMITS),
               ([name for name in components if name != ELECTRON], PHOTON_LIMITS)) if group]
    parts = [_part(kernel, group, size, radiusMM, densityGPerML, limits) for group, limits in groups]
    octant = summedOctantMeV([(part, 1.0) for part in parts])
    octant.flags.writeable = False
    emitted, deposited = (sum(getattr(part, name) for part in parts) for name in ("emittedMeV", "depositedMeV"))
    return VoxelKernel(octant, voxelSizeMM, max(part.radiusMM for part in parts), emitted, deposited)


def _part(kernel, components, size, radiusMM, densityGPerML, limits):
    """Kernel of components that one pair of limits suits."""
    gPerCM2PerMM = densityGPerML / 10.0
    components = [name for name in components if kernel.energiesMeV[name]]

    def energyWithinMeV(distanceMM):
        return sum(kernel.energiesMeV[name] * kernel.fractionWithin(name, distanceMM * gPerCM2PerMM)
                   for name in components) + 0.0 * distanceMM

    ends = [kernel.edgesGPerCM2[name][-1] / gPerCM2PerMM for name in components]
    radius = min(radiusMM, max(ends, default=float(size.min())))
    return VoxelKernel(_octant(energyWithinMeV, size, radius, limits), tuple(size), radius,
                       sum(kernel.energiesMeV[name] for name in components), float(energyWithinMeV(radius)))


def summedOctantMeV(kernels):
    """Sum of the octants of several kernels of one voxel, each times its share; the smaller ones filled with zeros.

    Parameters
    ----------
    kernels : sequence of (VoxelKernel, float)
    """
    shape = np.max([kernel.octantMeV.shape for kernel, _share in kernels], axis=0)
    total = np.zeros(shape)
    for kernel, share in kernels:
        total[tuple(slice(0, number) for number in kernel.octantMeV.shape)] += share * kernel.octantMeV
    return total


def checkedVoxelSizeMM(voxelSizeMM):
    """Three edge lengths as an array; :class:`InputError` when they are none."""
    size = np.asarray(voxelSizeMM, float)
    if size.shape != (3,) or not np.all(np.isfinite(size)) or np.any(size <= 0):
        raise InputError("The voxel size is not three lengths above zero", "absorbed dose", "Check the image")
    return size


def _octant(energyWithinMeV, size, radius, limits):
    longest = float(size.max())
    hasFar = radius > limits.far * longest
    shape = [int(radius / edge) + 2 for edge in size]
    near = _nearOctant(energyWithinMeV, size, min(radius, limits.far * longest), limits if hasFar else None, shape)
    if hasFar:
        far = _farOctant(energyWithinMeV, size, radius, limits, shape)
        weights = multiplicity(shape)
        nearSum, farSum = float(np.sum(near * weights)), float(np.sum(far * weights))
        wanted = float(energyWithinMeV(radius)) - nearSum
        # What the lattice sum of the density misses of its integral, a few 1e-4: the energy is kept exactly.
        if farSum > 0:
            far *= max(wanted, 0.0) / farSum
        near += far
    return _symmetrized(near, size)


def _nearWeight(distance, longest, limits):
    t = np.clip((distance / longest - limits.near) / (limits.far - limits.near), 0.0, 1.0)
    return 1.0 - t * t * t * (10.0 + t * (6.0 * t - 15.0))


def _nearOctant(energyWithinMeV, size, end, limits, shape):
    """Shells of directions in one octant, each energy shared among the eight voxels around its point."""
    smallest, longest = float(size.min()), float(size.max())
    edges = [0.0, 1e-3 * smallest]
    while edges[-1] < end:
        edges.append(edges[-1] + min(0.12 * edges[-1], 0.05 * smallest))
    edges[-1] = end
    edges = np.array(edges)
    energies = np.diff(np.concatenate([[0.0], energyWithinMeV(edges[1:])]))
    radii = (edges[1:] + edges[:-1]) / 2
    if limits:
        energies = energies * _nearWeight(radii, longest, limits)
    used = energies > 0
    energies, radii = energies[used], radii[used]
    directions = int(DIRECTIONS * min(longest / smallest, 4.0) * (4 if end > PHOTON_LIMITS.far * longest else 1))
    index = np.arange(directions)
    golden = (math.sqrt(5.0) - 1) / 2
    box = [min(number, int(end / edge) + 2) for number, edge in zip(shape, size, strict=True)]
    inside = np.zeros(int(np.prod(box)))
    strides = (box[1] * box[2], box[2], 1)
    for start in range(0, len(radii), 32):
        part = slice(start, start + 32)
        shift = np.arange(start, start + len(radii[part]))[:, None] * golden
        cosine = (index + shift % 1) / directions
        azimuth = (index * golden + shift * golden) % 1 * (math.pi / 2)
        sine = np.sqrt(1 - cosine ** 2)
        r = radii[part][:, None]
        points = [r * value / edge for value, edge in zip((cosine, sine * np.sin(azimuth), sine * np.cos(azimuth)),
                                                          size, strict=True)]
        whole = [point.astype(np.int32) for point in points]
        rest = [point - lower for point, lower in zip(points, whole, strict=True)]
        energy = np.broadcast_to(energies[part][:, None] / directions, r.shape[:1] + (directions,))
        base = whole[0] * strides[0] + whole[1] * strides[1] + whole[2]
        for corner in range(8):
            weight, place = energy, base
            for axis in range(3):
                if corner >> axis & 1:
                    weight, place = weight * rest[axis], place + strides[axis]
                else:
                    weight = weight * (1 - rest[axis])
            inside += np.bincount(place.ravel(), weight.ravel(), len(inside))
    # An octant of directions stands for its seven mirror images, which spread over the mirrored voxels.
    octant = np.zeros(shape)
    octant[:box[0], :box[1], :box[2]] = inside.reshape(box) / multiplicity(box)
    return octant


def _farOctant(energyWithinMeV, size, radius, limits, shape):
    """Density at the voxel centers times the voxel volume, averaged over the overlap of the two boxes."""
    longest = float(size.max())
    logs = np.linspace(math.log(limits.near * longest * 0.9), math.log(radius + 3 * longest), 3000)
    spread = energyWithinMeV(np.exp(logs + limits.window)) - energyWithinMeV(np.exp(logs - limits.window))
    distance = np.exp(logs)
    density = spread / (2 * limits.window) / (4 * math.pi * distance ** 3) * float(np.prod(size))
    density *= 1 - _nearWeight(distance, longest, limits)
    # The layer beyond is for the second difference alone.
    squares = [(np.arange(number + 1) * edge) ** 2 for number, edge in zip(shape, size, strict=True)]
    far = np.empty([number + 1 for number in shape])
    plane = squares[1][:, None] + squares[2]
    for index, square in enumerate(squares[0]):
        far[index] = np.interp(np.sqrt(plane + square), distance, density, left=0.0)
    for axis in range(3):
        far = np.moveaxis(far, axis, 0)
        result = far[:-1] * (10 / 12)
        result += far[1:] * (1 / 12)
        result[1:] += far[:-2] * (1 / 12)
        result[0] += far[1] * (1 / 12)
        far = np.moveaxis(result, 0, axis)
    plane = squares[1][:-1, None] + squares[2][:-1]
    for index, square in enumerate(squares[0][:-1]):
        # voxels cut by the sphere in part
        far[index] *= np.clip((radius - np.sqrt(plane + square)) / longest + 0.5, 0.0, 1.0)
    return far


def _symmetrized(octant, size):
    """Exactly equal values for directions that the equal edges of the voxel make equal."""
    for first, second in ((0, 1), (1, 2), (0, 2)):
        if size[first] == size[second]:
            others = 3 - first - second
            if size[others] != size[first]:
                return (octant + np.swapaxes(octant, first, second)) / 2
    if size[0] == size[1] == size[2]:
        octant = octant + np.swapaxes(octant, 1, 2)
        octant = octant + octant.transpose(1, 2, 0) + octant.transpose(2, 0, 1)
        octant /= 6
        # The order of the additions leaves differences in the last digit: one of the equal values counts for all.
        i, j, k = np.ogrid[:octant.shape[0], :octant.shape[1], :octant.shape[2]]
        low, high = np.minimum(np.minimum(i, j), k), np.maximum(np.maximum(i, j), k)
        octant = octant[low, i + j + k - low - high, high]
    return octant

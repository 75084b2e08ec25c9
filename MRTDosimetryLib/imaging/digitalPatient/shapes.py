"""Geometric building blocks: signed distances in mm (negative inside), painted with anti-aliased edges."""

from dataclasses import dataclass

import numpy as np


@dataclass
class Window:
    """Part of a slab: coordinates in mm (broadcastable, float32) and where it lies in the slab's arrays."""

    x: np.ndarray
    y: np.ndarray
    z: np.ndarray
    slices: tuple


class Slab:
    """A stack of consecutive slices of the anatomy while it is painted.

    Parameters
    ----------
    x, y, z : numpy.ndarray
        One-dimensional voxel center coordinates in mm (patient right, anterior, superior).
    hu : numpy.ndarray
        Hounsfield units, shape (z, y, x), painted in place.
    regions : dict of str to numpy.ndarray
        Fraction of every voxel inside each source region in 1/255, uint8, same shape.
    blood : numpy.ndarray
        Fraction of every voxel filled with blood in 1/255, uint8.
    edgeMM : float
        Width over which an edge is smeared: about one voxel.
    tissues : dict of str to float
        Hounsfield units by tissue.
    """

    def __init__(self, x, y, z, hu, regions, blood, edgeMM, tissues):
        self.x, self.y, self.z = (np.asarray(axis, np.float32) for axis in (x, y, z))
        self.hu, self.regions, self.blood = hu, regions, blood
        self.edgeMM, self.tissues = edgeMM, tissues

    def window(self, lowMM=(-1e4, -1e4, -1e4), highMM=(1e4, 1e4, 1e4)):
        """The voxels inside a box given by its (x, y, z) corners, or None."""
        ranges = []
        for axis, low, high in zip((self.x, self.y, self.z), lowMM, highMM, strict=True):
            start, stop = np.searchsorted(axis, [low, high])
            if start >= stop:
                return None
            ranges.append(slice(int(start), int(stop)))
        sx, sy, sz = ranges
        return Window(self.x[None, None, sx], self.y[None, sy, None], self.z[sz, None, None], (sz, sy, sx))

    def coverage(self, distanceMM):
        """Fraction of a voxel inside, from the signed distance of its center."""
        return np.clip(np.float32(0.5) - distanceMM * np.float32(1 / self.edgeMM), 0, 1)

    def paint(self, window, coverage, value):
        """Put a tissue of ``value`` HU (number or array) over what is there."""
        target = self.hu[window.slices]
        target += coverage * (np.float32(value) - target if np.isscalar(value) else value - target)

    def claim(self, window, coverage, name=None):
        """Give voxels to a source region (or, without a name, take them from all regions)."""
        for other, fractions in self.regions.items():
            part = fractions[window.slices]
            if other != name and part.any():
                part[...] = np.rint(part * (1 - coverage)).astype(np.uint8)
        if name is not None:
            part = self.regions[name][window.slices]
            part[...] = np.maximum(part, np.rint(coverage * 255).astype(np.uint8))

    def fill(self, window, coverage):
        """Mark voxels as blood."""
        part = self.blood[window.slices]
        part[...] = np.maximum(part, np.rint(coverage * 255).astype(np.uint8))


def superellipse(x, y, halfWidth, halfDepth, centerY, exponent):
    """Normalized radius (1 on the outline) and approximate signed distance in mm of a column with varying outline.

    ``halfWidth``, ``halfDepth``, ``centerY`` have shape (z, 1, 1); the powers are taken in two dimensions each,
    because that is where the time goes.
    """
    inverse = np.float32(1 / exponent)
    radius = (np.abs(x) / halfWidth) ** exponent + (np.abs(y - centerY) / halfDepth) ** exponent
    radius **= inverse
    np.maximum(radius, np.float32(1e-3), out=radius)
    return radius, np.sqrt(x * x + (y - centerY) ** 2) * (1 - 1 / radius)


def ellipsoid(window, centerMM, semiAxesMM, rotation=None):
    """Signed distance of an ellipsoid, exact on the surface and first-order beside it.

    ``rotation`` is a 3 x 3 matrix whose rows are the axes of the ellipsoid.
    """
    x, y, z = (axis - np.float32(c) for axis, c in zip((window.x, window.y, window.z), centerMM, strict=True))
    if rotation is not None:
        x, y, z = (np.float32(r[0]) * x + np.float32(r[1]) * y + np.float32(r[2]) * z for r in rotation)
    a, b, c = (np.float32(1 / semi) for semi in semiAxesMM)
    x, y, z = x * a, y * b, z * c
    radius = np.sqrt(x * x + y * y + z * z)
    gradient = np.sqrt((x * a) ** 2 + (y * b) ** 2 + (z * c) ** 2)
    return radius * (radius - 1) / np.maximum(gradient, np.float32(1e-4))


def tube(window, pointsMM, radiiMM):
    """Signed distance of a tube along a polyline whose radius changes linearly between its points, and the height
    of every voxel above the tube's axis along y (for what settles or rises in it)."""
    best, aboveAxis = None, None
    for (start, startRadius), (end, endRadius) in zip(
        list(zip(pointsMM, radiiMM, strict=True))[:-1], list(zip(pointsMM, radiiMM, strict=True))[1:], strict=True
    ):
        start, end = np.asarray(start, np.float32), np.asarray(end, np.float32)
        step = end - start
        x, y, z = window.x - start[0], window.y - start[1], window.z - start[2]
        along = np.clip((x * step[0] + y * step[1] + z * step[2]) / np.float32(step @ step), 0, 1)
        height = y - along * step[1]
        distance = np.sqrt((x - along * step[0]) ** 2 + height**2 + (z - along * step[2]) ** 2)
        distance -= np.float32(startRadius) + along * np.float32(endRadius - startRadius)
        if best is None:
            best, aboveAxis = distance, height
        else:
            aboveAxis = np.where(distance < best, height, aboveAxis)
            best = np.minimum(best, distance)
    return best, aboveAxis


def tubeBox(pointsMM, radiiMM, marginMM=3.0):
    """Corners of the box around a tube."""
    points, reach = np.asarray(pointsMM, float), max(radiiMM) + marginMM
    return points.min(axis=0) - reach, points.max(axis=0) + reach


def smoothMax(a, b, widthMM):
    """Intersection of two bodies with a rounded edge."""
    h = np.clip(0.5 + (a - b) * np.float32(0.5 / widthMM), 0, 1)
    return b + (a - b) * h + np.float32(widthMM) * h * (1 - h)


def rotationAbout(axis, degrees):
    """3 x 3 rotation about a coordinate axis (0 x, 1 y, 2 z), right-handed."""
    angle = np.radians(degrees)
    matrix = np.eye(3)
    first, second = (axis + 1) % 3, (axis + 2) % 3
    matrix[first, first] = matrix[second, second] = np.cos(angle)
    matrix[first, second], matrix[second, first] = -np.sin(angle), np.sin(angle)
    return matrix


def profile(z, heightsMM, values):
    """A quantity given at some heights, at every slice: shape (z, 1, 1)."""
    return np.interp(z, heightsMM, values).astype(np.float32).reshape(-1, 1, 1)


class NoiseField:
    """Smooth random texture of unit variance: cubic B-splines on a coarse random lattice.

    Parameters
    ----------
    rng : numpy.random.Generator
    lowMM, highMM : sequence of 3
        Box (x, y, z) that has to be covered.
    latticeMM : float or sequence of 3
        Distance of the lattice points: half the typical size of a structure.
    """

    def __init__(self, rng, lowMM, highMM, latticeMM):
        self.low = np.asarray(lowMM, float)
        self.step = np.broadcast_to(np.asarray(latticeMM, float), 3)
        counts = np.ceil((np.asarray(highMM, float) - self.low) / self.step).astype(int) + 4
        self.values = rng.standard_normal(counts[::-1], dtype=np.float32)
        # mean square of the B-spline weights is 0.4794 per axis
        self.values *= np.float32(0.4794**-1.5)

    def sample(self, window):
        """Texture at the voxels of a window."""
        # Sums of four shifted copies per axis, the coarse axes first: no matrix products, whose own threads would
        # fight with those that paint the slabs.
        values = self.values
        for axis, coordinates in ((0, window.z), (2, window.x), (1, window.y)):
            index, weights = self._weights(np.asarray(coordinates).ravel(), 2 - axis)
            if axis == 0:
                first, last = int(index[0]), int(index[-1]) + 4
                values, coarse = values[first:last], (index - first, weights)
                continue
            shape = [1, 1, 1]
            shape[axis] = -1
            values = sum(
                np.take(values, index + tap, axis) * weights[:, tap].reshape(shape) for tap in range(4)
            )
        index, weights = coarse
        result = np.empty((len(index), *values.shape[1:]), np.float32)
        for plane, start, weight in zip(result, index, weights, strict=True):
            np.multiply(values[start], weight[0], out=plane)
            for tap in range(1, 4):
                plane += weight[tap] * values[start + tap]
        return result

    def _weights(self, coordinates, axis):
        """First lattice index and the four cubic B-spline weights of every coordinate."""
        position = (coordinates - self.low[axis]) / self.step[axis] + 1
        index = np.floor(position).astype(int) - 1
        t = (position - np.floor(position)).astype(np.float32)
        weights = np.stack(
            ((1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3), axis=1
        ) / np.float32(6)
        return index, weights

"""What limited resolution moves out of regions and between them: the geometric transfer matrix.

Rousset, Ma and Evans, J Nucl Med 1998;39:904-911: what an image shows inside a region is the sum, over all regions, of
their concentrations times what of each the point spread brings there; the sums inside all regions are solved for the
concentrations. Here the point spread is the one that spheres of the camera gave, and what surrounds each region, the
part of the remainder nearest to it, is a region of its own. In a second step the remainder need not be uniform: it is
taken as the image shows it when the regions are taken off.
"""

from dataclasses import dataclass

import numpy as np

from ..errors import CalculationError, InputError
from ..physics.partialVolume import SIGMA_PER_FWHM
from ..physics.sums import productSum
from .grid import gridOf
from .resampling import blockSum

# How far the surroundings of a region reach, in full widths at half maximum: beyond, hardly anything spills in.
_REACH = 1.5
# Least standard deviation of the blur in voxels (a finer grid is made below it), the finest grid, and how far it is
# followed, in standard deviations.
_LEAST_SIGMA, _FINEST = 0.5, 4
_TRUNCATED = 5.0
# Of distances from an outline, and of the remainder of the image, in voxels.
_SMOOTHED = 1.0
# Of what a remainder of 1 would show: where less is seen of it, nothing is known of it.
_LEAST_SEEN = 0.05
# Of a region's volume: more in two regions at once is no rounding of outlines.
LARGEST_OVERLAP = 0.02
_LARGEST_CONDITION = 1e4
# Volume of the surroundings over that of the region, below which they are none.
_LEAST_SURROUNDINGS = 0.1
_WHERE = "geometric transfer"


@dataclass(frozen=True)
class Piece:
    """A region, or what surrounds one, in ``slices`` (k, j, i) of an image as far as it is seen.

    ``fraction`` of each voxel is in it; ``blurred`` is what an image of a concentration of 1 shows.
    """

    slices: tuple
    fraction: np.ndarray
    blurred: np.ndarray

    def shown(self, other):
        """Sum, over the voxels of this piece, of the image of another."""
        ours, theirs = _common(self.slices, other.slices)
        return 0.0 if ours is None else productSum(self.fraction[ours], other.blurred[theirs])


@dataclass(frozen=True)
class Recovered:
    """Of one region in one image: what is found and what is there, in the image's unit times voxels.

    Attributes
    ----------
    found, recovered : float
        Sum inside the outline, and concentration times volume.
    surroundings : float or None
        Concentration in the part of the remainder nearest to the region over that in the region.
    """

    found: float
    recovered: float
    surroundings: float | None

    @property
    def coefficient(self):
        """Found over recovered; above 1 where more spills in than out."""
        return self.found / self.recovered


def subdivisions(grid, fwhmMM):
    """Into how many parts along i, j, k each voxel is to be cut for a blur by a Gaussian of a width.

    Raises
    ------
    InputError
        Voxels too large to show a blur of that width.
    """
    spacing = gridOf(grid).spacingMM
    sigmas = _sigmasMM(spacing, fwhmMM * SIGMA_PER_FWHM)
    counts = [max(int(np.ceil(_LEAST_SIGMA * step / sigma)), 1) for step, sigma in zip(spacing, sigmas, strict=True)]
    if max(counts) > _FINEST:
        raise InputError(f"Voxels of {max(spacing):.3g} mm are too large for a resolution of {fwhmMM:.3g} mm", _WHERE,
                         "Correct by the recovery of spheres")
    return counts


def _sigmasMM(spacingMM, sigmaMM):
    """Of the blur of voxels along each axis: to be averaged over a voxel is a part of the blur already."""
    variances = sigmaMM ** 2 - np.square(spacingMM) / 12.0
    return np.sqrt(np.maximum(variances, 1e-12))


class GeometricTransfer:
    """The regions of an image before a point spread.

    Parameters
    ----------
    occupancies : dict of str to Occupancy
        On the grid cut into ``counts`` parts.
    grid : Volume or Grid
        Of the image.
    pointSpread : PointSpread
    counts : sequence of int
        Of :func:`subdivisions`.

    Raises
    ------
    InputError
        Regions that overlap, since what both hold cannot be told apart.
    """

    def __init__(self, occupancies, grid, pointSpread, counts=(1, 1, 1)):
        self.grid, self.counts = gridOf(grid), tuple(int(count) for count in counts)
        self.pointSpread, self.names, self._occupancies = pointSpread, list(occupancies), occupancies
        self._fine = self.grid.subdivided(self.counts)
        self._gaussians = [(weight, _sigmasMM(self.grid.spacingMM, sigma))
                           for weight, sigma in pointSpread.gaussians()]
        self._requireApart(occupancies)
        self._fineRegions = {name: self._embedded(item.slices, item.fraction) for name, item in occupancies.items()}
        self._fineSurroundings = {name: self._embedded(*found) for name, found in self._nearest(occupancies).items()}
        self.regions = {name: self._piece(*found) for name, found in self._fineRegions.items()}
        self.surroundings = {name: self._piece(*found) for name, found in self._fineSurroundings.items()}
        self._matrix = self._transfer()

    def withPointSpread(self, pointSpread):
        """The same regions before another point spread."""
        return GeometricTransfer(self._occupancies, self.grid, pointSpread, self.counts)

    @property
    def fineSpacingMM(self):
        """Edges of the parts of the voxels along i, j, k."""
        return self._fine.spacingMM

    # ------------------------------------------------------------------ pieces

    def _requireApart(self, occupancies):
        total = np.zeros(self._fine.shape, np.float32)
        for name, item in occupancies.items():
            if not item.fraction.any():
                raise InputError("The region holds no voxel of the image", name, "Leave it out of the regions")
            total[item.slices] += item.fraction
        for name, item in occupancies.items():
            excess = np.maximum(total[item.slices] - 1.0, 0.0)[item.fraction > 0].sum(dtype=np.float64)
            share = float(excess / item.fraction.sum(dtype=np.float64))
            if share > LARGEST_OVERLAP:
                raise InputError(f"{share:.0%} of the region lies in other regions too", name,
                                 "Take the smaller region out of the larger one, or correct by the recovery of spheres")

    def _embedded(self, slices, fraction):
        """A part of the fine grid with the reach of the blur about it, of whole voxels of the image.

        Returns its slices (k, j, i) of the fine grid and the fraction of each voxel there.
        """
        box = tuple(slice(max(part.start - more, 0) // count * count,
                          -(-min(part.stop + more, size) // count) * count)
                    for part, more, count, size in zip(slices, self._margin(), self.counts[::-1], self._fine.shape,
                                                       strict=True))
        whole = np.zeros([part.stop - part.start for part in box], np.float32)
        whole[_within(slices, box)] = fraction
        return box, whole

    def _piece(self, box, whole):
        reach = tuple(slice(part.start // count, part.stop // count)
                      for part, count in zip(box, self.counts[::-1], strict=True))
        return Piece(reach, self._coarse(whole), self._coarse(self.blurred(whole)))

    def blurred(self, fraction):
        """An array (k, j, i) on the fine grid as the point spread shows it; what lies around it counts as empty."""
        from scipy import fft

        steps, margin = self._fine.spacingMM[::-1], self._margin()
        shape = [fft.next_fast_len(count + more, real=True)
                 for count, more in zip(fraction.shape, margin, strict=True)]
        spectrum = fft.rfftn(fraction.astype(np.float32, copy=False), shape)
        spectrum *= sum(np.float32(weight) * self._attenuation(shape, steps, sigmas[::-1])
                        for weight, sigmas in self._gaussians)
        return fft.irfftn(spectrum, shape)[tuple(slice(count) for count in fraction.shape)]

    @staticmethod
    def _attenuation(shape, steps, sigmas):
        """A Gaussian's transfer function on the frequencies of a real transform, float32."""
        from scipy import fft

        parts = [np.exp(-0.5 * (2.0 * np.pi * frequencies(count, step) * sigma) ** 2).astype(np.float32)
                 for frequencies, count, step, sigma in zip((fft.fftfreq, fft.fftfreq, fft.rfftfreq), shape, steps,
                                                            sigmas, strict=True)]
        return parts[0][:, None, None] * parts[1][None, :, None] * parts[2][None, None, :]

    def _margin(self):
        """Reach of the blur in voxels of the fine grid along k, j, i."""
        widest = np.max([sigmas for _weight, sigmas in self._gaussians], axis=0)
        return (np.ceil(_TRUNCATED * widest / self._fine.spacingMM).astype(int) + 1)[::-1]

    def _coarse(self, fine):
        if self.counts == (1, 1, 1):
            return fine
        return blockSum(fine, self.counts) / np.float32(np.prod(self.counts))

    def _nearest(self, occupancies):
        """What surrounds each region: the part of the remainder within reach that is nearer to it than to others."""
        from scipy import ndimage

        steps = self._fine.spacingMM[::-1]
        reachMM = _REACH * self.pointSpread.fwhmMM
        low = np.min([[part.start for part in item.slices] for item in occupancies.values()], axis=0)
        high = np.max([[part.stop for part in item.slices] for item in occupancies.values()], axis=0)
        margin = np.ceil(reachMM / steps).astype(int) + 1
        box = tuple(slice(int(max(a - more, 0)), int(min(b + more, size)))
                    for a, b, more, size in zip(low, high, margin, self._fine.shape, strict=True))
        start = np.array([part.start for part in box])
        label = np.zeros([part.stop - part.start for part in box], np.int16)
        largest, total = np.zeros(label.shape, np.float32), np.zeros(label.shape, np.float32)
        for number, item in enumerate(occupancies.values(), 1):
            own = tuple(slice(part.start - first, part.stop - first)
                        for part, first in zip(item.slices, start, strict=True))
            isOwn = item.fraction > largest[own]
            label[own][isOwn] = number
            largest[own][isOwn] = item.fraction[isOwn]
            total[own] += item.fraction
        distance, place = ndimage.distance_transform_edt(label == 0, steps, return_indices=True)
        nearest = label[tuple(place)]
        rest = np.clip(1.0 - total, 0.0, 1.0) * (distance <= reachMM)
        found = {}
        for number, name in enumerate(occupancies, 1):
            own = rest * (nearest == number)
            # slivers between outlines say nothing
            if own.sum(dtype=np.float64) > _LEAST_SURROUNDINGS * occupancies[name].fraction.sum(dtype=np.float64):
                used = [np.flatnonzero(own.any(axis=tuple(other for other in range(3) if other != axis)))
                        for axis in range(3)]
                part = tuple(slice(int(axis[0]), int(axis[-1]) + 1) for axis in used)
                found[name] = (tuple(slice(s.start + int(first), s.stop + int(first))
                                     for s, first in zip(part, start, strict=True)), own[part])
        return found

    # ------------------------------------------------------------------ transfer

    def _pieces(self):
        return [*self.regions.values(), *self.surroundings.values()]

    def _transfer(self):
        """Matrix of what each piece shows of each; the last one is all that lies beyond."""
        pieces = self._pieces()
        shown = np.array([[piece.shown(other) for other in pieces] for piece in pieces])
        sizes = np.array([piece.fraction.sum(dtype=np.float64) for piece in pieces])
        size = float(np.prod(self.grid.shape))
        matrix = np.empty((len(pieces) + 1,) * 2)
        matrix[:-1, :-1] = shown
        # the image of a concentration of 1 everywhere is 1 everywhere
        matrix[:-1, -1] = sizes - shown.sum(axis=1)
        matrix[-1, :-1] = sizes - shown.sum(axis=0)
        matrix[-1, -1] = size - sizes.sum() - matrix[-1, :-1].sum()
        scale = np.sqrt(np.abs(np.diag(matrix)))
        condition = np.linalg.cond(matrix / np.outer(scale, scale))
        if not condition < _LARGEST_CONDITION:
            raise CalculationError("The regions cannot be told apart at this resolution", _WHERE,
                                   "Join regions that are far smaller than the resolution, or correct by the recovery "
                                   "of spheres")
        return matrix

    def concentrations(self, image):
        """Concentration in each piece, in the image's unit, shape (regions + surroundings + 1,)."""
        array = np.asarray(getattr(image, "array", image))
        sums = [productSum(array[piece.slices], piece.fraction) for piece in self._pieces()]
        rest = float(array.sum(dtype=np.float64)) - sum(sums)
        return np.linalg.solve(self._matrix, np.array([*sums, rest]))

    def recovered(self, image):
        """What is found and what is there in each region.

        Parameters
        ----------
        image : Volume or numpy.ndarray
            On the grid.

        Returns
        -------
        dict of str to Recovered

        Raises
        ------
        CalculationError
            A region that comes out without activity: what is found in it spills in from its neighbors.
        """
        array, concentrations = np.asarray(getattr(image, "array", image)), self.concentrations(image)
        spilled = self._remainder(array, concentrations)
        count = len(self.regions)
        sums = [productSum(array[piece.slices] - spilled[piece.slices], piece.fraction)
                for piece in self.regions.values()]
        found = np.linalg.solve(self._matrix[:count, :count], sums)
        values, beside = {}, dict(zip(self.surroundings, concentrations[count:-1], strict=True))
        for (name, piece), concentration in zip(self.regions.items(), found, strict=True):
            shown = productSum(array[piece.slices], piece.fraction)
            if not concentration > 0 or not shown > 0:
                raise CalculationError("Nothing is left of the activity of the region when what spills in from its "
                                       "neighbors is taken off", name, "Leave the region out of the correction")
            values[name] = Recovered(shown, float(concentration) * float(piece.fraction.sum(dtype=np.float64)),
                                     float(beside[name] / concentration) if name in beside else None)
        return values

    def _remainder(self, array, concentrations):
        """What all that lies in no region contributes to an image, float32 (k, j, i).

        Its concentration near each voxel is what the image shows there without the regions, over what a remainder of 1
        would show.
        """
        from scipy import ndimage

        shown, seen = array.astype(np.float32), np.ones(array.shape, np.float32)
        outside = np.ones(array.shape, np.float32)
        for piece, concentration in zip(self.regions.values(), concentrations, strict=False):
            shown[piece.slices] -= np.float32(concentration) * piece.blurred
            seen[piece.slices] -= piece.blurred
            outside[piece.slices] -= piece.fraction
        np.maximum(outside, 0.0, out=outside)
        shown, seen = (ndimage.gaussian_filter(values * outside, _SMOOTHED) for values in (shown, seen))
        local = np.where(seen > _LEAST_SEEN, np.maximum(shown, 0.0) / np.maximum(seen, _LEAST_SEEN), 0.0)
        fine = local
        for axis, parts in enumerate(self.counts[::-1]):
            fine = np.repeat(fine, parts, axis=axis)
        free = np.ones(self._fine.shape, np.float32)
        for slices, fraction in self._fineRegions.values():
            free[slices] -= fraction
        return self._coarse(self.blurred(fine.astype(np.float32, copy=False) * np.maximum(free, 0.0)))

    # ------------------------------------------------------------------ the solved image

    def signedDistance(self, name):
        """Fraction of a region, and the distance from its outline in mm (negative inside), on the fine grid in its
        box.

        Smoothed, since distances from voxels go in steps; then scaled so that they rise by 1 mm per mm across the
        outline, and moved so that the volume inside stays.
        """
        from scipy import ndimage

        fraction, steps = self._fineRegions[name][1], self._fine.spacingMM[::-1]
        inside = fraction > 0.5 * float(fraction.max())
        distance = np.where(inside, -ndimage.distance_transform_edt(inside, steps),
                            ndimage.distance_transform_edt(~inside, steps))
        distance = ndimage.gaussian_filter(distance, _SMOOTHED, mode="nearest")
        slope = np.sqrt(sum(part ** 2 for part in np.gradient(distance, *steps)))
        distance /= float(slope[np.abs(distance) < float(np.mean(steps))].mean())
        count = min(max(round(float(fraction.sum(dtype=np.float64))), 1), fraction.size - 1)
        return fraction, distance - np.partition(distance, count, axis=None)[count - 1:count + 1].mean()

    def smallerRegions(self, name):
        """Fraction of each voxel of the fine grid in a region's box that lies in regions smaller than it."""
        box, own = self._fineRegions[name]
        found, size = np.zeros(own.shape, np.float32), float(own.sum(dtype=np.float64))
        for other, (slices, fraction) in self._fineRegions.items():
            ours, theirs = _common(box, slices)
            if other != name and ours is not None and float(fraction.sum(dtype=np.float64)) < size:
                found[ours] += fraction[theirs]
        return np.minimum(found, 1.0, out=found)

    def painted(self, concentrations, name):
        """The solved concentrations about a region, and what the point spread makes of them, on the fine grid in its
        box.

        Parameters
        ----------
        concentrations : numpy.ndarray
            Of :meth:`concentrations`.
        name : str
            Of the region.
        """
        box = self._fineRegions[name][0]
        found = np.zeros([part.stop - part.start for part in box], np.float32)
        taken = np.zeros(found.shape, np.float32)
        pieces = [*self._fineRegions.values(), *self._fineSurroundings.values()]
        for (slices, fraction), concentration in zip(pieces, concentrations, strict=False):
            ours, theirs = _common(box, slices)
            if ours is not None:
                found[ours] += np.float32(concentration) * fraction[theirs]
                taken[ours] += fraction[theirs]
        found += np.float32(concentrations[-1]) * np.maximum(1.0 - taken, 0.0)
        return found, self.blurred(found)


def _within(inner, outer):
    """Slices of a box in the array of a box that holds it."""
    return tuple(slice(part.start - first.start, part.stop - first.start)
                 for part, first in zip(inner, outer, strict=True))


def _common(first, second):
    """The voxels two boxes share, as slices in the arrays of each; ``None`` twice where they share none."""
    low = [max(a.start, b.start) for a, b in zip(first, second, strict=True)]
    high = [min(a.stop, b.stop) for a, b in zip(first, second, strict=True)]
    if any(stop <= start for start, stop in zip(low, high, strict=True)):
        return None, None
    return tuple(tuple(slice(start - part.start, stop - part.start)
                       for start, stop, part in zip(low, high, box, strict=True)) for box in (first, second))

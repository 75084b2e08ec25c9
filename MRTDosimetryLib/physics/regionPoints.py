"""A region as points inside of it, each with the volume it stands for: what a dose-volume histogram is made of."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from ..errors import Faults, InputError
from .dvh import computeDVH
from .interpolation import interpolate


@dataclass(frozen=True)
class RegionPoints:
    """Points of a region in the voxel indices of a grid; made once, used for every map on that grid.

    Attributes
    ----------
    indicesKJI : numpy.ndarray
        Shape (3, N): positions along k, j, i; whole numbers are voxel centers.
    weightsML : numpy.ndarray
        Shape (N,): volume each point stands for.
    gridShape : tuple of int
        Shape (k, j, i) of the arrays the indices belong to.
    fractionOutside : float
        Fraction of the region's volume beyond the outer faces of the grid; no points stand for it.
    boundaryIndicesKJI : numpy.ndarray or None
        Shape (3, M): points on the boundary of the region, where they are known.
    boundaryWeights : numpy.ndarray or None
        Shape (M,): area that each of them stands for, in any unit.
    """

    indicesKJI: np.ndarray
    weightsML: np.ndarray
    gridShape: tuple
    fractionOutside: float = 0.0
    boundaryIndicesKJI: np.ndarray | None = None
    boundaryWeights: np.ndarray | None = None

    @property
    def volumeML(self):
        """Volume of the region within the grid."""
        return float(self.weightsML.sum(dtype=np.float64))

    def sample(self, array, interpolation="cubic"):
        """Values of a map at the points, shape (N,), float64.

        Parameters
        ----------
        array : numpy.ndarray
            Shape ``gridShape``.
        interpolation : {"cubic", "linear"}
            See :func:`~.interpolation.interpolate`.
        """
        return self._values(array, self.indicesKJI, interpolation)

    def dvh(self, absorbedDoseGy, interpolation="cubic"):
        """:class:`~.dvh.DVH` of a map (k, j, i) in Gy in this region.

        Its ``meanGy`` is that of the interpolated map over the volume: at the edge of a region neighboring voxels have
        a share in it. The absorbed dose of the region stays the energy over the mass that the engine states.
        """
        return computeDVH(self.sample(absorbedDoseGy, interpolation), self.weightsML)

    def boundaryHistogram(self, absorbedDoseGy, interpolation="cubic"):
        """:class:`~.dvh.DVH` over the area of the region's boundary (its "volumes" are areas).

        Raises
        ------
        InputError
            When the boundary was not sampled.
        """
        if self.boundaryIndicesKJI is None:
            raise InputError("The boundary of the region is not known", "Region", "Sample the region with its boundary")
        values = self._values(absorbedDoseGy, self.boundaryIndicesKJI, interpolation)
        return computeDVH(values, self.boundaryWeights)

    def _values(self, array, indicesKJI, interpolation):
        array = np.asarray(array)
        if array.shape != tuple(self.gridShape):
            raise InputError(f"The map has {array.shape} voxels, the region was sampled for {tuple(self.gridShape)}",
                             "Absorbed dose", "Use maps on one grid")
        return interpolate(array, indicesKJI, interpolation)


def histograms(regions, absorbedDoseGy, interpolation="cubic"):
    """Dose-volume histograms of many regions in one map, computed side by side.

    Parameters
    ----------
    regions : dict of str to RegionPoints
    absorbedDoseGy : numpy.ndarray
        Shape (k, j, i), in Gy.
    interpolation : {"cubic", "linear"}

    Returns
    -------
    dict of str to DVH

    Raises
    ------
    InputError, FaultList
        Naming every region that has no volume in the map.
    """
    faults = Faults()
    for name, points in regions.items():
        if not len(points.weightsML):
            faults.add("The region has no volume in the image", name, "Check the region")
    faults.raiseIfAny()
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        found = pool.map(lambda points: points.dvh(absorbedDoseGy, interpolation), regions.values())
        return dict(zip(regions, found, strict=True))

"""Two absorbed-dose maps of one study side by side: differences per region and per voxel."""

from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from .dvh import DVH
from .regionPoints import histograms

QUANTITIES = ("meanGy", "D98Gy", "D50Gy", "D2Gy")


@dataclass(frozen=True)
class RegionDifference:
    """One region in both maps.

    Attributes
    ----------
    name : str
    firstGy, secondGy : dict
        ``meanGy``, ``D98Gy``, ``D50Gy``, ``D2Gy`` of each map.
    differenceGy : dict
        Second minus first, same keys.
    relativeDifference : dict
        Difference over the first, same keys; ``None`` where the first is 0.
    firstDVH, secondDVH : DVH
        For the overlaid curves.
    """

    name: str
    firstGy: dict
    secondGy: dict
    differenceGy: dict
    relativeDifference: dict
    firstDVH: DVH
    secondDVH: DVH

    def toDict(self):
        """Numbers for results (without the curves)."""
        return {"region": self.name, "first": dict(self.firstGy), "second": dict(self.secondGy),
                "differenceGy": dict(self.differenceGy), "relativeDifference": dict(self.relativeDifference)}


@dataclass(frozen=True)
class MapComparison:
    """Second map against first.

    Attributes
    ----------
    regions : dict of str to RegionDifference
    differenceGy : numpy.ndarray
        Second minus first per voxel, float32, shape (k, j, i).
    """

    regions: dict
    differenceGy: np.ndarray

    def rows(self):
        """One dictionary per region, see :meth:`RegionDifference.toDict`."""
        return [region.toDict() for region in self.regions.values()]


def compareMaps(first, second, regions, firstMeansGy=None, secondMeansGy=None):
    """Compare two maps on one grid, region by region and voxel by voxel.

    Parameters
    ----------
    first, second : numpy.ndarray
        Absorbed dose in Gy, shape (k, j, i). The first is what the second is held against.
    regions : dict of str to RegionPoints
        From :func:`MRTDosimetryLib.imaging.doseVolume.regionPoints` for the grid of the maps.
    firstMeansGy, secondMeansGy : dict of str to float, optional
        Mean absorbed dose of each region as its engine states it (energy over mass); taken in place of the mean of the
        interpolated map, which is slightly blurred at the region's edge.

    Returns
    -------
    MapComparison

    Raises
    ------
    InputError, FaultList
        Maps of different shape, values that are negative or not finite, or a region without volume in the grid.
    """
    first, second = np.asarray(first), np.asarray(second)
    if first.ndim != 3 or first.shape != second.shape:
        raise InputError("The two maps do not have the same voxels", "Comparison",
                         "Bring the second one onto the grid of the first")
    pairs, found = [histograms(regions, each) for each in (first, second)], {}
    for name in regions:
        pair = tuple(each[name] for each in pairs)
        means = [(given or {}).get(name, dvh.meanGy)
                 for given, dvh in zip((firstMeansGy, secondMeansGy), pair, strict=True)]
        found[name] = _difference(name, pair, means)
    return MapComparison(found, np.subtract(second, first, dtype=np.float32))


def _difference(name, pair, means):
    a, b = ({"meanGy": float(mean), **{key: getattr(dvh, key) for key in QUANTITIES[1:]}}
            for dvh, mean in zip(pair, means, strict=True))
    difference = {key: b[key] - a[key] for key in QUANTITIES}
    relative = {key: difference[key] / a[key] if a[key] > 0 else None for key in QUANTITIES}
    return RegionDifference(name, a, b, difference, relative, *pair)

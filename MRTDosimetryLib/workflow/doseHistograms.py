"""Dose-volume histograms of the study's regions, with the band that the uncertainties leave around them."""

import dataclasses
import math

import numpy as np

from ..imaging.doseVolume import regionPoints, surfacePoints
from ..physics.dvhBand import bandOf
from ..physics.regionPoints import histograms
from . import uncertainty
from .regionMasks import regionLayers, regionSurfaces

KEYS = ("D98Gy", "D95Gy", "D90Gy", "D70Gy", "D50Gy", "D2Gy", "minGy", "maxGy", "meanGy")
_BAND_KEYS = {"D98Gy": 98.0, "D50Gy": 50.0, "D2Gy": 2.0}
# Curves of the engines beside the primary one are for a chart alone.
OVERLAY_POINTS = 120
_BAND_POINTS = 150
# Beyond these a band says nothing (and the model of a thin shell at the boundary ends).
_LARGEST_DOSE_UNCERTAINTY, _LARGEST_VOLUME_UNCERTAINTY = 1.0, 0.5
_LARGEST_MEAN_DIFFERENCE = 0.2


def samplePoints(study, grid, occupancies):
    """Points inside each region at its own resolution, in the voxels of the map.

    Regions drawn as closed surfaces are taken as such, without the steps of a label image. The voxels of a region that
    holds whole ones count as they are: between them lies no more information, and interpolation would only mix in what
    lies outside.

    Returns
    -------
    dict of str to RegionPoints
        With points on the boundary where the study states how uncertain volumes are.
    """
    withBoundary, found = uncertainty.options(study)["resolutionFWHMMM"] is not None, {}
    surfaces = regionSurfaces(study)
    if surfaces is not None:
        return {name: surfacePoints(surface, grid, withBoundary=withBoundary) for name, surface in surfaces.items()}
    for layer in regionLayers(study):
        byValue = regionPoints(layer.labels, grid, values=list(layer.names), withBoundary=withBoundary)
        for value, points in byValue.items():
            name = layer.names[value]
            fraction = occupancies[name].fraction
            isWhole = np.all((fraction == 0) | (fraction == 1))
            found[name] = _voxelCenters(points, occupancies[name], grid) if isWhole else points
    return found


def _voxelCenters(points, occupancy, grid):
    inside = np.nonzero(occupancy.fraction > 0)
    indices = np.array([axis + part.start for axis, part in zip(inside, occupancy.slices, strict=True)], float)
    weights = np.full(indices.shape[1], grid.voxelVolumeML)
    return dataclasses.replace(points, indicesKJI=indices, weightsML=weights)


def ofMap(points, absorbedDose):
    """Histogram of each region in a map (:class:`~.volume.Volume` in Gy)."""
    return histograms(points, np.maximum(absorbedDose.array, 0))


def values(dvh):
    """The numbers of a histogram for results, Gy."""
    return {key: float(getattr(dvh, key)) for key in KEYS}


def meanWords(name, histogramMeanGy, meanGy):
    """Words on a histogram whose mean is far from the region's mean absorbed dose; an empty list otherwise.

    Voxels at the edge hold what lies beside the region too, and points are interpolated, so that a few percent are
    ordinary. More comes from scans that do not lie on each other.
    """
    if not meanGy > 0 or abs(histogramMeanGy / meanGy - 1.0) <= _LARGEST_MEAN_DIFFERENCE:
        return []
    side = "above" if histogramMeanGy > meanGy else "below"
    return [f"{name}: the map inside the region has a mean of {histogramMeanGy:.3g} Gy, far {side} the mean absorbed "
            f"dose of its own activity, {meanGy:.3g} Gy: its histogram tells of what lies around it. Look at "
            "registration and outline."]


def curve(dvh, points=None):
    """Rows for a chart: ``absorbedDoseGy`` and ``volumePercent``."""
    found = dvh.curve() if points is None else dvh.curve(points)
    return {key: np.asarray(row).tolist() for key, row in found.items()}


def band(points, dvh, absorbedDose, budget):
    """Band of a histogram (k = 1) by the region's uncertainty budget.

    Returns
    -------
    (dict, dict) or None
        Interval of D98, D50 and D2 in Gy, and rows for a chart (``absorbedDoseGy``, ``lowerPercent``,
        ``upperPercent``); ``None`` where the budget lacks the random part of the fit, or is too large for a band.
    """
    if "curveFit" in budget.notIncluded:
        return None
    common = math.sqrt(sum(item.relativeUncertainty ** 2 for item in budget.origins
                           if item.name != "volume" and item.relativeUncertainty is not None))
    volume = budget.steps.volume or 0.0
    if common > _LARGEST_DOSE_UNCERTAINTY or volume > _LARGEST_VOLUME_UNCERTAINTY:
        return None
    boundary = None
    if volume > 0:
        if points.boundaryIndicesKJI is None or not points.boundaryIndicesKJI.size:
            return None
        boundary = points.boundaryHistogram(np.maximum(absorbedDose.array, 0))
    found = bandOf(dvh, common, volume, boundary, points=_BAND_POINTS)
    rows = {key: row for key, row in found.toDict().items() if key != "coverage"}
    return {key: list(found.doseAtVolumeGy(percent)) for key, percent in _BAND_KEYS.items()}, rows

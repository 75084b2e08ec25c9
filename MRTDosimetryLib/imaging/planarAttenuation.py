"""Attenuation of a region along the lines of sight of planar views, from the projection of a CT."""

from dataclasses import dataclass

import numpy as np

from ..errors import InputError


@dataclass(frozen=True)
class LineOfSight:
    """Mean attenuation of a region along anterior-posterior lines.

    Attributes
    ----------
    bodyMuT, sourceMuT : float
        mu T of the body, mu t of the source.
    bodyCM, sourceCM : float
        Mean thickness, weighted by how much of the source each line meets.
    spread : float
        Standard deviation of mu T over the region.
    transmission : float
        Geometric mean of the shares of photons of the region that leave the body toward front and back, each voxel by
        its own depth: what exp(-mu T / 2) / f of a uniform slab stands for.
    share : float
        Part of the region's volume that the lines meet.
    """

    bodyMuT: float
    sourceMuT: float
    bodyCM: float
    sourceCM: float
    spread: float
    transmission: float
    share: float


def lineOfSight(projection, name, pixels=None):
    """mu T and mu t of a region of a projected CT.

    The mass attenuation coefficient is that of soft tissue at the energy (narrow beam: for images freed of scatter);
    density comes from the CT.

    Parameters
    ----------
    projection : Projection
    name : str
        Of the region.
    pixels : numpy.ndarray, optional
        Weights (0..1) of the pixels whose lines count, of the window of the projection; all where left out.

    Returns
    -------
    LineOfSight

    Raises
    ------
    InputError
        No such region, or none of it on these lines.
    """
    region = projection.regions.get(name)
    if region is None:
        raise InputError("The region is not in the projection of the CT", name,
                         f"Known are {', '.join(projection.regions) or 'none'}")
    weights = region.sourceCM if pixels is None else region.sourceCM * pixels
    total = weights.sum()
    if not total > 0:
        raise InputError("Nothing of the region lies on the lines of these pixels", name, "Check region and alignment")

    def mean(values):
        return float((values * weights).sum() / total)

    bodyMuT = mean(projection.bodyMuT)
    seen = [(view if pixels is None else view * pixels).sum() / total for view in (region.anterior, region.posterior)]
    return LineOfSight(bodyMuT, mean(region.sourceMuT), mean(projection.bodyCM), mean(region.sourceCM),
                       float(np.sqrt(mean((projection.bodyMuT - bodyMuT) ** 2))), float(np.sqrt(seen[0] * seen[1])),
                       float(total / region.sourceCM.sum()))

"""Attenuation along the line of sight of planar views, from a CT."""

from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from ..physics.density import densityGPerML
from ..physics.photonInteractions import photonMaterial

_MATERIAL = {"softTissue": 1.0}
_MM_PER_CM = 10.0
# Thinner than this in units of its own CT, air and clothes around the patient are no body.
_LEAST_DENSITY = 0.02


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
    """

    bodyMuT: float
    sourceMuT: float
    bodyCM: float
    sourceCM: float
    spread: float


def lineOfSight(ct, mask, energyMeV):
    """mu T and mu t of a region along the axis of the CT that runs most nearly from front to back.

    The mass attenuation coefficient is that of soft tissue at the energy (narrow beam: for images freed of scatter);
    density comes from the CT.

    Parameters
    ----------
    ct : Volume
        Hounsfield units.
    mask : numpy.ndarray
        Fraction or 0/1 of each voxel inside the source, the shape of ``ct.array``.
    energyMeV : float

    Returns
    -------
    LineOfSight
    """
    inside = np.asarray(mask, np.float32)
    if inside.shape != ct.array.shape:
        raise InputError("Region and CT are on different grids", ct.name, "Bring the region onto the CT")
    if not inside.any():
        raise InputError("The region is empty", ct.name, "Draw it")
    axis = 2 - int(np.abs(ct.ijkToRAS[1, :3] / ct.spacingMM).argmax())
    step = float(ct.spacingMM[2 - axis]) / _MM_PER_CM
    coefficient = float(photonMaterial(_MATERIAL).coefficientCM2PerG("total", energyMeV))
    density = densityGPerML(ct.array)
    density = np.where(density > _LEAST_DENSITY, density, 0.0)
    body = density.sum(axis=axis, dtype=np.float64) * step * coefficient
    thickness = (density > 0).sum(axis=axis) * step
    source = (density * inside).sum(axis=axis, dtype=np.float64) * step * coefficient
    weights = inside.sum(axis=axis, dtype=np.float64)
    mean = float(np.average(body, weights=weights))
    return LineOfSight(mean, float(np.average(source, weights=weights)), float(np.average(thickness, weights=weights)),
                       float(np.average(weights * step, weights=weights)),
                       float(np.sqrt(np.average((body - mean) ** 2, weights=weights))))

"""Tables that the transport of photons looks up: one row per class of composition, columns by energy."""

import functools
from dataclasses import dataclass

import numpy as np

from ..photonInteractions import ELECTRON_MEV, HC_MEV_ANGSTROM
from .materials import classMaterial

CUTOFF_MEV, HIGHEST_MEV = 0.010, 3.0
ENERGY_BINS = 2048  # 0.28 % wide: a coefficient at the middle of its bin is off by less than 0.4 %, on average by 0
NODES, QUANTILES, ANGLES = 96, 129, 1500


@dataclass(frozen=True)
class TransportTables:
    """What the transport needs of the materials of one patient.

    Arrays are float32 and flat: entry ``class * ENERGY_BINS + bin``. The last class is the vacuum around the patient.

    Attributes
    ----------
    freePathCM : numpy.ndarray
        Shape (ENERGY_BINS,): mean free path in the thinnest medium that is nowhere thinner than the patient.
    total, transfer : numpy.ndarray
        Coefficient per mass x ``freePathCM``: times the density, the share of the real among the tentative
        collisions, and the share of the energy given to electrons at a tentative collision.
    absorbed, photoelectric, compton : numpy.ndarray
        Cumulative shares of the real collisions: photoelectric; ... or pair; ... or Compton. The rest is Rayleigh.
    oneMinusCosine : numpy.ndarray
        Quantiles of 1 - cosine of the angle of scattering: flat (kind, class, NODES, QUANTILES), Compton and Rayleigh.
    """

    freePathCM: np.ndarray
    total: np.ndarray
    transfer: np.ndarray
    photoelectric: np.ndarray
    absorbed: np.ndarray
    compton: np.ndarray
    oneMinusCosine: np.ndarray
    classCount: int


def energyBin(energyMeV):
    """Bin of each energy, integer index type."""
    scale = ENERGY_BINS / np.log(HIGHEST_MEV / CUTOFF_MEV)
    bins = (np.log(np.asarray(energyMeV, np.float32) * np.float32(1 / CUTOFF_MEV)) * np.float32(scale)).astype(np.intp)
    return np.clip(bins, 0, ENERGY_BINS - 1)


def transportTables(classes, highestDensities):
    """Tables for the classes of composition that occur.

    Parameters
    ----------
    classes : sequence of int
        Of :func:`~.materials.materialClasses`.
    highestDensities : sequence of float
        Highest density of each of them in the patient, g/mL; from it follows the majorant.

    Returns
    -------
    TransportTables
        Row n is ``classes[n]``; one row more is vacuum.
    """
    middles = CUTOFF_MEV * (HIGHEST_MEV / CUTOFF_MEV) ** ((np.arange(ENERGY_BINS) + 0.5) / ENERGY_BINS)
    materials = [classMaterial(int(index)) for index in classes]

    def rows(kind):
        return np.array([material.coefficientCM2PerG(kind, middles) for material in materials])

    photo, pair, compton, rayleigh, transfer = (
        rows(kind) for kind in ("photoelectric", "pair", "compton", "rayleigh", "energyTransfer"))
    total = photo + pair + compton + rayleigh
    # A little above the highest attenuation, as rounding to float32 must not make a share exceed 1.
    freePath = 1 / (1.00001 * (total * np.asarray(highestDensities, float)[:, None]).max(axis=0))

    def flat(values):
        return np.append(values.astype(np.float32), np.zeros(ENERGY_BINS, np.float32))

    quantiles = np.array([[_quantiles(int(index), kind) for index in classes] for kind in ("compton", "rayleigh")])
    return TransportTables(
        freePath.astype(np.float32), flat(total * freePath), flat(transfer * freePath), flat(photo / total),
        flat((photo + pair) / total), flat((photo + pair + compton) / total),
        quantiles.astype(np.float32).reshape(-1), len(materials))


def nodeEnergiesMeV():
    """Energies of the tables of angles."""
    return CUTOFF_MEV * (HIGHEST_MEV / CUTOFF_MEV) ** (np.arange(NODES) / (NODES - 1))


@functools.lru_cache(maxsize=128)
def _quantiles(index, kind):
    """Quantiles of 1 - cosine at every node of energy, shape (NODES, QUANTILES).

    Klein-Nishina x incoherent scattering function, or Thomson x form factor squared, integrated over the angle.
    """
    material = classMaterial(index)
    # Fine steps in the forward direction, where form factors have all their change.
    half = np.concatenate(([0.0], np.geomspace(1e-5, 1, ANGLES)))  # sine of half the angle
    energy = nodeEnergiesMeV()[:, None]
    x = np.log(np.maximum(energy / HC_MEV_ANGSTROM * half, 1e-12))
    grid = np.log(material.momentumTransfer)
    sineSquared = 4 * half ** 2 * (1 - half ** 2)
    if kind == "compton":
        left = 1 / (1 + 2 * energy / ELECTRON_MEV * half ** 2)
        density = left ** 2 * (left + 1 / left - sineSquared) * np.interp(x, grid, material.incoherentScattering)
    else:
        density = (2 - sineSquared) * np.exp(np.interp(x, grid, np.log(material.formFactorSquared)))
    oneMinusCosine = 2 * half ** 2
    cumulative = np.zeros(density.shape)
    np.cumsum((density[:, 1:] + density[:, :-1]) / 2 * np.diff(oneMinusCosine), axis=1, out=cumulative[:, 1:])
    cumulative /= cumulative[:, -1:]
    wanted = np.linspace(0, 1, QUANTILES)
    return np.array([np.interp(wanted, row, oneMinusCosine) for row in cumulative])

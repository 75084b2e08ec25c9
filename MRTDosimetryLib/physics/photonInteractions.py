"""Photon interactions of body materials, 10 keV to 3 MeV (``data/photonInteractions.json``)."""

import functools
from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from ..resources import dataPath, loadJSON

ELECTRON_MEV = 0.51099895
HC_MEV_ANGSTROM = 0.01239841984
KINDS = ("photoelectric", "pair", "compton", "rayleigh")
_TINY = 1e-30  # in place of 0 under a logarithm


@dataclass(frozen=True)
class PhotonMaterial:
    """Interactions of a material or of a mixture of materials, per mass.

    Attributes
    ----------
    massFractions : dict of str to float
        The materials of the table it is mixed of.
    energiesMeV : numpy.ndarray
        Shape (n,), increasing.
    coefficients : dict of str to numpy.ndarray
        cm2/g at these energies: ``photoelectric``, ``pair``, ``compton``, ``rayleigh``, and ``comptonTransfer``: the
        part of ``compton`` that stands for the energy of the electron.
    momentumTransfer, incoherentScattering, formFactorSquared : numpy.ndarray
        Shape (m,): sin(angle / 2) / wavelength in 1/angstrom; sums of S(x, Z) and of F(x, Z) squared in mol/g.
    """

    massFractions: dict
    energiesMeV: np.ndarray
    coefficients: dict
    momentumTransfer: np.ndarray
    incoherentScattering: np.ndarray
    formFactorSquared: np.ndarray

    def coefficientCM2PerG(self, kind, energyMeV):
        """Mass coefficient of a kind at energies inside of the table, by log-log interpolation.

        ``kind`` is a key of ``coefficients``, or ``"total"`` for the mass attenuation coefficient, or
        ``"energyTransfer"`` for the energy given to electrons and positrons, without what they radiate later.
        """
        energy = np.asarray(energyMeV, float)
        if np.any(energy < self.energiesMeV[0] * (1 - 1e-9)) or np.any(energy > self.energiesMeV[-1] * (1 + 1e-9)):
            raise InputError(f"Photon interactions are known from {self.energiesMeV[0]:g} to "
                             f"{self.energiesMeV[-1]:g} MeV", "photon interactions")
        if kind == "total":
            return sum(self.coefficientCM2PerG(part, energy) for part in KINDS)
        if kind == "energyTransfer":
            pair = self.coefficientCM2PerG("pair", energy) * np.maximum(1 - 2 * ELECTRON_MEV / energy, 0)
            return self.coefficientCM2PerG("photoelectric", energy) + self.coefficientCM2PerG(
                "comptonTransfer", energy) + pair
        values = self.coefficients[kind]
        if kind == "pair":  # 0 below its threshold, where there is no logarithm
            return np.interp(energy, self.energiesMeV, values)
        return np.exp(np.interp(np.log(energy), np.log(self.energiesMeV), np.log(np.maximum(values, _TINY))))


def photonMaterial(massFractions):
    """A material of the table, or a mixture by mass.

    Parameters
    ----------
    massFractions : str or dict of str to float
        ``"softTissue"``, or ``{"softTissue": 0.8, "corticalBone": 0.2}``; see :func:`materialNames`. The fractions
        add up to 1.

    Returns
    -------
    PhotonMaterial
        Coefficients per mass add up by mass fraction.
    """
    if isinstance(massFractions, str):
        massFractions = {massFractions: 1.0}
    content = _table()
    unknown = [name for name in massFractions if name not in content["materials"]]
    if unknown:
        raise InputError(f"The material '{unknown[0]}' is not known", "photon interactions",
                         f"Known are {', '.join(materialNames())}")
    if abs(sum(massFractions.values()) - 1) > 1e-6 or min(massFractions.values()) < 0:
        raise InputError("The mass fractions of the mixture do not add up to 1", "photon interactions")

    def mixed(key):
        return sum(share * np.array(content["materials"][name][key]) for name, share in massFractions.items())

    return PhotonMaterial(dict(massFractions), np.array(content["energyMeV"]),
                          {kind: mixed(kind) for kind in (*KINDS, "comptonTransfer")},
                          np.array(content["momentumTransfer"]), mixed("incoherentScattering"),
                          mixed("formFactorSquared"))


def materialNames():
    """Names of the materials of the table."""
    return tuple(_table()["materials"])


def materialDensityGPerML(name):
    """Nominal density of a material of the table."""
    return float(_table()["materials"][name]["densityGPerML"])


def interactionSource():
    """Where the interactions come from, for the report."""
    return _table()["source"]


@functools.lru_cache(maxsize=1)
def _table():
    return loadJSON(dataPath("photonInteractions.json"))

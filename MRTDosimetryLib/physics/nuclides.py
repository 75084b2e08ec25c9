"""Radionuclides: half-life, mean energies emitted per decay, principal photons (``data/nuclides.json``).

Energies are those of the named nuclide alone. Where radioactive progeny carry a share that matters, the nuclide
says so (``progeny``), and an engine that has no energies of the progeny has to refuse or to state it.
"""

import functools
import re
from dataclasses import dataclass

from ..errors import InputError
from ..resources import dataPath, loadJSON
from .decay import decayConstantPerHour
from .units import GY_KG_PER_GBQ_H_PER_MEV

ELECTRON_CLASSES = ("beta", "conversionElectron", "auger")
LOCAL_CLASSES = (*ELECTRON_CLASSES, "alpha", "recoil")


@dataclass(frozen=True)
class PhotonLine:
    """One photon energy and its yield per decay."""

    energyKeV: float
    yieldPerDecay: float


@dataclass(frozen=True)
class Nuclide:
    """Decay data of one radionuclide.

    Attributes
    ----------
    name : str
        For example ``"Lu-177"``.
    halfLifeHours : float
    energiesMeV : dict of str to float
        Mean energy per decay by class: ``beta`` (electrons and positrons), ``conversionElectron``, ``auger``,
        ``alpha``, ``recoil`` (of the alpha decay), ``photon`` (gamma, x rays and annihilation).
    photonLines : tuple of PhotonLine
        Gamma rays, strongest first; x rays are left out.
    progeny : str
        Radioactive progeny whose energy matters and is not part of ``energiesMeV``; empty when there are none.
    source, edition : str
    isVerified : bool
    """

    name: str
    halfLifeHours: float
    energiesMeV: dict
    photonLines: tuple
    progeny: str
    source: str
    edition: str
    isVerified: bool

    @property
    def decayConstantPerHour(self):
        """Physical decay constant in 1/h."""
        return decayConstantPerHour(self.halfLifeHours)

    @property
    def electronEnergyMeV(self):
        """Mean energy of beta particles, conversion and Auger electrons per decay."""
        return sum(self.energiesMeV[name] for name in ELECTRON_CLASSES)

    @property
    def photonEnergyMeV(self):
        """Mean energy of photons per decay."""
        return self.energiesMeV["photon"]

    @property
    def localEnergyMeV(self):
        """Mean energy per decay that stays within millimeters: electrons, alpha particles and recoil nuclei."""
        return sum(self.energiesMeV[name] for name in LOCAL_CLASSES)

    @property
    def localDoseConstantGyKgPerGBqH(self):
        """Absorbed dose by local deposition in 1 kg per GBq h. The same number holds in Gy g/(MBq h)."""
        return self.localEnergyMeV * GY_KG_PER_GBQ_H_PER_MEV


def nuclideNames():
    """Names of all radionuclides of the table, in its order."""
    return tuple(_table())


def nuclide(name):
    """Decay data of a radionuclide.

    Parameters
    ----------
    name : str
        ``"Lu-177"``, ``"177Lu"``, ``"lu177"``, ``"Tc-99m"`` ...

    Returns
    -------
    Nuclide

    Raises
    ------
    InputError
        When the table does not hold it; the message lists the known ones.
    """
    found = _table().get(_canonical(name))
    if found is None:
        raise InputError(f"The radionuclide '{name}' is not known", "radionuclide",
                         f"Known are {', '.join(nuclideNames())}")
    return found


def _canonical(name):
    """``"177lu"`` -> ``"Lu-177"``; text of another form comes back as it is."""
    text = re.sub(r"[\s^_-]", "", str(name))
    match = re.fullmatch(r"([A-Za-z]{1,2})(\d{1,3})([mM]?)", text)
    if match:
        symbol, mass, metastable = match.groups()
        return f"{symbol.capitalize()}-{mass}{metastable.lower()}"
    # An "m" between mass number and symbol is the metastable state in 99mTc; no symbol of the table begins with m.
    match = re.fullmatch(r"(\d{1,3})(m?)([A-Za-z]{1,2})", text)
    if match:
        mass, metastable, symbol = match.groups()
        return f"{symbol.capitalize()}-{mass}{metastable}"
    return text


@functools.lru_cache(maxsize=1)
def _table():
    content = loadJSON(dataPath("nuclides.json"))
    return {entry["name"]: Nuclide(
        name=entry["name"], halfLifeHours=float(entry["halfLifeHours"]), energiesMeV=dict(entry["energiesMeV"]),
        photonLines=tuple(PhotonLine(line["energyKeV"], line["yieldPerDecay"]) for line in entry["photonLines"]),
        progeny=entry["progeny"], source=entry["source"], edition=entry["edition"], isVerified=entry["verified"])
        for entry in content["nuclides"]}

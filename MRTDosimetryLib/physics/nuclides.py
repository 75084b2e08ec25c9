"""Radionuclides: half-life, mean energies emitted per decay, principal photons (``data/nuclides.json``).

Energies are those of the named nuclide alone. Where radioactive progeny carry a share that matters, the nuclide
says so (``progeny``), and whoever computes absorbed dose has to state whether they count (:mod:`.progeny`).
"""

import functools
import re
from dataclasses import dataclass

from ..errors import InputError
from ..resources import dataPath, loadJSON
from .decay import decayConstantPerHour
from .units import GY_KG_PER_GBQ_H_PER_MEV

ELECTRON_CLASSES = ("beta", "conversionElectron", "auger")
ALPHA_CLASSES = ("alpha", "recoil")
LOCAL_CLASSES = (*ELECTRON_CLASSES, *ALPHA_CLASSES)
PROGENY_CHOICES = ("excluded", "inPlace")


@dataclass(frozen=True)
class PhotonLine:
    """One photon energy and its yield per decay."""

    energyKeV: float
    yieldPerDecay: float


@dataclass(frozen=True)
class BetaSpectrum:
    """Moments of the spectrum of all beta particles (electrons and positrons) of one radionuclide.

    ``yieldPerDecay`` particles of mean energy ``meanMeV``, root mean square ``rmsMeV`` and at most ``maximumMeV``.
    """

    yieldPerDecay: float
    meanMeV: float
    rmsMeV: float
    maximumMeV: float


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
    daughters : tuple of (str, float)
        Radioactive daughters that :meth:`members` follows, with their branching fractions; empty where progeny do
        not matter.
    endsIn : tuple of (str, float)
        Radioactive daughters that live longer than a year and are left out.
    betaSpectrum : BetaSpectrum or None
        ``None`` without beta decay.
    isProgenyOnly : bool
        Whether the nuclide is in the table as a member of chains alone, not for administration.
    """

    name: str
    halfLifeHours: float
    energiesMeV: dict
    photonLines: tuple
    progeny: str
    source: str
    edition: str
    isVerified: bool
    daughters: tuple = ()
    endsIn: tuple = ()
    betaSpectrum: BetaSpectrum | None = None
    isProgenyOnly: bool = False

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

    def members(self, progeny="excluded"):
        """The nuclides that decay per decay of this one, itself first.

        Parameters
        ----------
        progeny : {"excluded", "inPlace"}
            ``"inPlace"``: every radioactive descendant decays, in the end and in full, where this nuclide decayed.
            Descendants that live longer than a year are left out.

        Returns
        -------
        tuple of (Nuclide, float)
            Each with its number of decays per decay of this nuclide, over all branches.

        Raises
        ------
        InputError
            Another choice.
        """
        if progeny not in PROGENY_CHOICES:
            raise InputError(f"'{progeny}' is no way to treat radioactive progeny", "progeny",
                             f"Use {' or '.join(PROGENY_CHOICES)}")
        if progeny == "excluded":
            return ((self, 1.0),)
        decays = _decaysPerDecay(self)
        return ((self, 1.0), *((_table()[name], share) for name, share in decays.items()))

    def summedEnergiesMeV(self, progeny="excluded"):
        """Mean energy by class per decay of this nuclide, summed over :meth:`members`; keys of ``energiesMeV``."""
        members = self.members(progeny)
        return {name: sum(share * member.energiesMeV[name] for member, share in members) for name in self.energiesMeV}


def nuclideNames(includeProgeny=False):
    """Names of the radionuclides of the table, in its order; without those that only occur as progeny."""
    return tuple(name for name, entry in _table().items() if includeProgeny or not entry.isProgenyOnly)


def nuclide(name, includeProgeny=False):
    """Decay data of a radionuclide.

    Parameters
    ----------
    name : str
        ``"Lu-177"``, ``"177Lu"``, ``"lu177"``, ``"Tc-99m"`` ...
    includeProgeny : bool
        Whether nuclides are known, too, that only occur as progeny (``"Po-213"``).

    Returns
    -------
    Nuclide

    Raises
    ------
    InputError
        When the table does not hold it; the message lists the known ones.
    """
    found = _table().get(_canonical(name))
    if found is None or (found.isProgenyOnly and not includeProgeny):
        raise InputError(f"The radionuclide '{name}' is not known", "radionuclide",
                         f"Known are {', '.join(nuclideNames(includeProgeny))}")
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


def _decaysPerDecay(parent):
    """Name -> decays per decay of ``parent`` of all its descendants, summed over branches."""
    decays = {}

    def follow(daughters, share):
        for name, fraction in daughters:
            decays[name] = decays.get(name, 0.0) + share * fraction
            follow(_table()[name].daughters, share * fraction)

    follow(parent.daughters, 1.0)
    return decays


@functools.lru_cache(maxsize=1)
def _table():
    entries = {entry["name"]: entry for entry in loadJSON(dataPath("nuclides.json"))["nuclides"]}
    return {name: _nuclideOf(entry, entries) for name, entry in entries.items()}


def _nuclideOf(entry, entries):
    spectrum = entry["betaSpectrum"]
    return Nuclide(
        name=entry["name"], halfLifeHours=float(entry["halfLifeHours"]), energiesMeV=dict(entry["energiesMeV"]),
        photonLines=tuple(PhotonLine(line["energyKeV"], line["yieldPerDecay"]) for line in entry["photonLines"]),
        progeny=", ".join(dict.fromkeys(_descendants(entry, entries))), source=entry["source"],
        edition=entry["edition"], isVerified=entry["verified"], daughters=_steps(entry["daughters"]),
        endsIn=_steps(entry["endsIn"]), betaSpectrum=None if spectrum is None else BetaSpectrum(**spectrum),
        isProgenyOnly=entry["isProgenyOnly"])


def _steps(rows):
    return tuple((row["name"], row["branchingFraction"]) for row in rows)


def _descendants(entry, entries):
    for name, _ in _steps(entry["daughters"]):
        yield name
        yield from _descendants(entries[name], entries)

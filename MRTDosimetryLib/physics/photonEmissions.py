"""Photons that radionuclides emit (``data/photonEmissions.json``): gamma rays, x rays and annihilation photons."""

import functools

import numpy as np

from ..errors import InputError
from ..resources import dataPath, loadJSON


def photonEmissions(name):
    """Photon lines of 10 keV and more per decay of one nuclide alone.

    ICRP Publication 107, close lines joined (at most 40) so that the sums of yield and of energy stay. Progeny are
    nuclides of their own here, also those that nobody administers (``"Tl-208"``).

    Parameters
    ----------
    name : str
        ``"Lu-177"``, or what :func:`~.nuclides.nuclide` takes.

    Returns
    -------
    energiesMeV, yields : numpy.ndarray
        Float64, energies increasing, yields per decay; both empty for a nuclide without photons.

    Raises
    ------
    InputError
        When the nuclide is not known.
    """
    entry = _entry(name)
    return np.array(entry["energyMeV"], float), np.array(entry["yieldPerDecay"], float)


def softPhotonEnergyMeV(name):
    """Energy per decay of all photons below 10 keV, in MeV; they end within a millimeter of tissue."""
    return float(_entry(name)["softEnergyMeV"])


def photonSource():
    """Where the lines come from, for the report."""
    return _table()["source"]


@functools.lru_cache(maxsize=1)
def _table():
    return loadJSON(dataPath("photonEmissions.json"))


def _entry(name):
    from .nuclides import nuclide

    nuclides = _table()["nuclides"]
    found = nuclides.get(name) or nuclides.get(nuclide(name).name)
    if found is None:
        raise InputError(f"The photons of {name} are not known", "radionuclide", f"Known are {', '.join(nuclides)}")
    return found

"""Energy deposited around a point source in soft tissue, per radionuclide (``data/radialKernels.json``).

The table is an own calculation (``Utilities/generateRadialKernels.py``): electrons, their bremsstrahlung, and photons.
Alpha particles and recoil nuclei have no kernel: they stay where they arise.
"""

import functools
from dataclasses import dataclass

import numpy as np

from ...errors import InputError
from ...resources import dataPath, loadJSON

ELECTRON, BREMSSTRAHLUNG, PHOTON = "electron", "bremsstrahlung", "photon"
COMPONENTS = (ELECTRON, BREMSSTRAHLUNG, PHOTON)
PHOTON_COMPONENTS = (BREMSSTRAHLUNG, PHOTON)


@dataclass(frozen=True)
class RadialKernel:
    """Cumulative energy deposition around a point source of one nuclide, without progeny and alpha particles.

    Attributes
    ----------
    nuclide : str
    energiesMeV : dict
        Component -> emitted energy in MeV per decay. ``electron`` is what electrons deposit themselves,
        ``bremsstrahlung`` what they radiate, ``photon`` gamma, x and annihilation radiation.
    edgesGPerCM2 : dict
        Component -> distances in g/cm2, from 0 on.
    fractions : dict
        Component -> fraction of the energy deposited within each distance. A last value below 1 says that the rest
        is deposited farther away.
    """

    nuclide: str
    energiesMeV: dict
    edgesGPerCM2: dict
    fractions: dict

    def fractionWithin(self, component, distanceGPerCM2):
        """Fraction of a component's energy deposited within a distance (array or number) in g/cm2.

        Monotone cubic interpolation (PCHIP) over the logarithm of the distance; linear below the first edge.
        """
        distance = np.asarray(distanceGPerCM2, float)
        edges, fractions = self.edgesGPerCM2[component], self.fractions[component]
        smallest = edges[1]
        inside = np.clip(distance, smallest, edges[-1])
        values = _interpolator(self.nuclide, component)(np.log(inside))
        below = fractions[0] + (fractions[1] - fractions[0]) * np.clip(distance, 0.0, smallest) / smallest
        return np.where(distance < smallest, below, np.where(distance >= edges[-1], fractions[-1], values))

    def remainder(self, component, distanceGPerCM2):
        """Fraction of a component's energy deposited beyond a distance in g/cm2."""
        return 1.0 - self.fractionWithin(component, distanceGPerCM2)


@functools.lru_cache(maxsize=64)
def radialKernel(name):
    """Radial kernel of a radionuclide of the table, progeny nuclides included.

    Parameters
    ----------
    name : str
        For example ``"Lu-177"``.

    Raises
    ------
    InputError
        When the table does not hold it; the message lists the known ones.
    """
    table = _table()
    for entry in table["nuclides"]:
        if entry["name"] == name:
            return _kernelOf(entry, table["edges"])
    raise InputError(f"There is no radial kernel of '{name}'", "radionuclide",
                     f"Known are {', '.join(radialKernelNames())}")


def radialKernelNames():
    """Names of all nuclides with a radial kernel."""
    return tuple(entry["name"] for entry in _table()["nuclides"])


def _kernelOf(entry, edges):
    allEdges, fractions = {}, {}
    for component in COMPONENTS:
        values = np.array(entry[component] or [1.0, 1.0], float)
        positions = np.array(edges[ELECTRON if component == ELECTRON else PHOTON][:len(values)], float)
        for array in (values, positions):
            array.flags.writeable = False
        allEdges[component], fractions[component] = positions, values
    return RadialKernel(entry["name"], dict(entry["energiesMeV"]), allEdges, fractions)


@functools.lru_cache(maxsize=1)
def _table():
    return loadJSON(dataPath("radialKernels.json"))


@functools.lru_cache(maxsize=192)
def _interpolator(name, component):
    from scipy.interpolate import PchipInterpolator

    kernel = radialKernel(name)
    edges, fractions = kernel.edgesGPerCM2[component][1:], kernel.fractions[component][1:]
    if len(edges) == 1:
        return lambda logDistance: np.full(np.shape(logDistance), fractions[0])
    return PchipInterpolator(np.log(edges), fractions)

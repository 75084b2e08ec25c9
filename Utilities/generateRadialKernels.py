"""Write MRTDosimetryLib/data/radialKernels.json: energy deposited around a point, per nuclide. For developers only.

Needs packages that are no dependency of the extension:

    python -m pip install numpy scipy numba xraylib==4.3.0 icrp107-database==0.0.3
    python Utilities/generateRadialKernels.py

With the seed fixed the table is the same on every run of the same versions. The steps, each in a file beside this one:

1. ``kernelTransportData``: cross sections of soft tissue.
2. ``kernelTransportElectrons``: electrons of 31 energies from a point, deposit by distance over the CSDA range.
3. ``kernelTransportPhotons``: the bremsstrahlung of those electrons, and the photon lines of each nuclide.
4. Here: folding with the beta spectra, conversion and Auger electrons of ICRP Publication 107.

Positrons are followed as electrons. Alpha particles are left out: they stay where they arise. Internal
bremsstrahlung and the pair production of photons are left out.
"""

import argparse
import json
import os
import time

import kernelTransportElectrons as electrons
import kernelTransportPhotons as photons
import numpy as np
from kernelTransportData import COMPOUND, csdaRange

VERSION, SEED = 1, 20120517
NAMES = ("Lu-177", "I-131", "Y-90", "Tc-99m", "In-111", "Ga-68", "F-18", "I-123", "I-124", "Ho-166", "Tb-161",
         "Ac-225", "Ra-223", "Pb-212", "Th-227", "At-211", "Bi-213", "Sm-153", "Re-186", "Re-188", "Cu-67", "Cu-64",
         "Sr-89", "P-32", "Zr-89",
         "Fr-221", "At-217", "Po-213", "Tl-209", "Pb-209", "Rn-219", "Po-215", "Pb-211", "Bi-211", "Tl-207",
         "Po-211", "Bi-212", "Po-212", "Tl-208")
ENERGIES = np.geomspace(0.01, 3.0, 31)
# Fine where the kernels of fast beta particles end.
ELECTRON_EDGES = np.concatenate([[0.0], np.geomspace(1e-5, 0.02, 81), np.geomspace(0.02, 1.7, 301)[1:]])
SOURCE = ("Own calculation: Monte Carlo of electrons (mixed condensed history) and photons from a point in infinite "
          f"soft tissue ({COMPOUND} of the NIST compound list), folded with the emissions of ICRP Publication 107 as "
          "packaged in icrp107-database 0.0.3")
EDITION = "ICRP 107 (2008)"
DIGITS = 8  # the far end of an electron kernel lies in the last ones; photons get six


def monoenergetic(histories, photonCapacity, copies, kernels):
    """Per energy: cumulative fraction of the electron's energy deposited, fraction radiated, and its deposit."""
    deposited, radiated, radiation = [], [], []
    for index, energy in enumerate(ENERGIES):
        started = time.perf_counter()
        cumulative, loss, emitted = electrons.simulate(energy, histories if energy > 0.1 else histories // 2,
                                                       SEED + index, photonCapacity)
        deposited.append(cumulative / energy)
        radiated.append(loss / energy)
        radiation.append(kernels.radiation(emitted, copies, SEED + 1000 + index))
        half, most = (np.interp(level, cumulative / cumulative[-1], scaledEdges()) for level in (0.5, 0.9))
        print(f"{energy:8.4f} MeV  R {float(csdaRange(energy)):.4g} g/cm2  50 % {half:.4f}  90 % {most:.4f} of R  "
              f"radiated {radiated[-1]:.3e}  {time.perf_counter() - started:5.1f} s", flush=True)
    return np.array(deposited), np.array(radiated), np.array(radiation)


def scaledEdges():
    return np.linspace(0.0, electrons.REACH, electrons.BINS + 1)


def emissionsOf(name):
    """Emissions of ICRP 107: lists of [energy MeV, yield per decay]; ``b-spectra`` of [energy, density]."""
    import icrp107_database

    folder = os.path.join(os.path.dirname(icrp107_database.__file__), "icrp107")
    with open(os.path.join(folder, f"{name}.json"), encoding="utf-8") as file:
        return json.loads(json.load(file))["emissions"]  # the files are JSON text inside JSON


def lines(emissions, *groups):
    """Energies and yields of some groups."""
    found = np.array([line for group in groups for line in emissions.get(group, [])], float).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def betaSpectrum(emissions):
    """Energies and electrons per decay, with the yield and the mean energy of the list of branches."""
    branchEnergies, branchYields = lines(emissions, "beta-", "beta+", "betaD")
    if not len(branchEnergies):
        return np.zeros(0), np.zeros(0)
    from scipy.interpolate import PchipInterpolator

    spectrum = np.array(emissions["b-spectra"], float)
    edges = np.linspace(0.0, spectrum[-1, 0], 401)
    fine = np.linspace(0.0, spectrum[-1, 0], 4001)
    # The points lie far apart at high energies, where the density falls as the square of the energy left.
    density = PchipInterpolator(spectrum[:, 0], np.sqrt(spectrum[:, 1]))(fine) ** 2
    counts = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2)])
    sums = np.concatenate([[0.0], np.cumsum((density * fine)[1:] / 2 + (density * fine)[:-1] / 2)])
    number, energy = (np.diff(np.interp(edges, fine, values)) for values in (counts, sums))
    energies = energy[number > 0] / number[number > 0]
    number = number[number > 0] * branchYields.sum() / number.sum()
    scale = branchEnergies @ branchYields / (energies @ number)  # a per mille: rounding and binning of the spectrum
    if abs(scale - 1) > 0.01:
        raise ValueError(f"the beta spectrum has {1 / scale:.4f} of the mean energy of the branches")
    return energies * scale, number


class Folding:
    """Electrons of any energy from the monoenergetic results, by scaling with the CSDA range."""

    def __init__(self, deposited, radiated, radiation):
        self.deposited, self.radiated, self.radiation = deposited, radiated, radiation
        self.x = scaledEdges()

    def add(self, energies, yields):
        """Cumulative deposit at ``ELECTRON_EDGES`` and at the photon edges (bremsstrahlung), MeV per decay."""
        near, far = np.zeros(len(ELECTRON_EDGES)), np.zeros(len(photons.EDGES))
        if not len(energies):
            return near, far, 0.0
        place = np.interp(np.log(np.maximum(energies, 1e-9)), np.log(ENERGIES), np.arange(len(ENERGIES)))
        for energy, number, csda, p in zip(energies, yields, csdaRange(energies), place, strict=True):
            i = min(int(p), len(ENERGIES) - 2)
            f = p - i
            curve = (1 - f) * self.deposited[i] + f * self.deposited[i + 1]
            near += energy * number * np.interp(ELECTRON_EDGES / csda, self.x, curve)
            share = energy * number * np.array([1 - f, f]) * self.radiated[i:i + 2]
            far += share @ self.radiation[i:i + 2]
        radiated = float(np.sum(energies * yields * np.interp(place, np.arange(len(ENERGIES)), self.radiated)))
        return near, far, radiated


def kernelOf(name, folding, kernels, histories, seed):
    """Table entry of one nuclide."""
    emissions = emissionsOf(name)
    groups = [betaSpectrum(emissions), lines(emissions, "IE", "auger")]
    energies, yields = (np.concatenate(values) for values in zip(*groups, strict=True))
    near, far, radiated = folding.add(energies, yields)
    electron = float(energies @ yields)
    lineEnergies, lineYields = lines(emissions, "gamma", "X", "annihilation")
    photon, scattered, emitted, ratio = np.zeros(len(photons.EDGES)), 0.0, 0.0, 1.0
    if len(lineEnergies):
        photon, scattered, emitted, ratio = kernels.pointSource(lineEnergies, lineYields, histories, seed)
        photon = photon + smoothed(scattered)
    print(f"{name:7s} electrons {electron:.5f} MeV, radiated {radiated:.3e}, photons {emitted:.5f} "
          f"(statistics {ratio - 1:+.1e}), 90 % of the electrons' energy within "
          f"{np.interp(0.9 * near[-1], near, ELECTRON_EDGES):.3g} g/cm2", flush=True)
    entry = {"name": name, "energiesMeV": {
        "electron": rounded(electron - radiated, 7), "bremsstrahlung": rounded(radiated, 7),
        "photon": rounded(emitted, 7)}}
    far = smoothed(far)
    for key, values in (("electron", near), ("bremsstrahlung", far / max(radiated, 1e-300)), ("photon", photon)):
        total = {"electron": near[-1], "photon": emitted}.get(key, 1.0)
        fractions = np.minimum(np.maximum.accumulate(values / total if total else values * 0), 1.0)
        entry[key] = [rounded(value, DIGITS if key == "electron" else 6) for value in untilOne(fractions)] \
            if total and values[-1] else []
    return entry


def smoothed(cumulative):
    """Cumulative deposit at the photon edges without the noise from one interval to the next; its ends are kept."""
    from scipy.signal import savgol_filter

    scale = photons.EDGES[2:] / photons.EDGES[2]
    increments = np.diff(cumulative[1:])
    smooth = np.maximum(savgol_filter(increments / scale, 11, 4) * scale, 0.0)
    if not smooth.sum():
        return cumulative
    smooth *= increments.sum() / smooth.sum()
    return np.concatenate([cumulative[:2], cumulative[1] + np.cumsum(smooth)])


def untilOne(fractions):
    """Without the values after the first that is 1 at the number of digits kept."""
    isOne = fractions > 1 - 0.5 * 10.0 ** -DIGITS
    return [*fractions[:np.argmax(isOne)], 1.0] if isOne.any() else fractions


def rounded(value, digits):
    return float(f"{value:.{digits}g}")


def main():
    """Calculate and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the histories, to see whether it works")
    options = parser.parse_args()
    scale = 10 if options.quick else 1
    started = time.perf_counter()
    kernels = photons.PhotonKernels()
    folding = Folding(*monoenergetic(120_000 // scale, 40_000 // scale, 4, kernels))
    print("cumulative fractions; statistics is deposited over emitted energy before normalization")
    entries = [kernelOf(name, folding, kernels, 1_500_000 // scale, SEED + 2000 + index)
               for index, name in enumerate(NAMES)]
    table = {"schemaVersion": 1,
             "about": "Fraction of the energy deposited within each distance of a point source in infinite soft "
                      "tissue, at 'edges' (later values are 1). Of the named nuclide alone, without its progeny and "
                      "without alpha particles. Generated by Utilities/generateRadialKernels.py; do not edit by hand.",
             "source": SOURCE, "edition": EDITION, "verified": True, "generatorVersion": VERSION, "seed": SEED,
             "medium": COMPOUND,
             "unit": {"edges": "g/cm2", "energiesMeV": "MeV per decay", "electron": "1", "bremsstrahlung": "1",
                      "photon": "1"},
             "edges": {"electron": [rounded(value, 6) for value in ELECTRON_EDGES],
                       "photon": [rounded(value, 6) for value in photons.EDGES]},
             "nuclides": entries}
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    path = os.path.join(root, "MRTDosimetryLib", "data", "radialKernels.json")
    with open(path, "w", encoding="utf-8") as file:
        text = json.dumps(table, ensure_ascii=False, separators=(",", ":"))
        file.write(text.replace('{"name"', '\n{"name"') + "\n")
    print(f"{len(entries)} nuclides, {os.path.getsize(path) / 1e3:.0f} kB, {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()

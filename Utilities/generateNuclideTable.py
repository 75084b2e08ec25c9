"""Write MRTDosimetryLib/data/nuclides.json from ICRP Publication 107 decay data. For developers only.

Needs the packages icrp107-database (0.0.3) and, for branching fractions, radioactivedecay (0.6.1; its data file alone
is read); neither is a dependency of the extension:

    python -m pip install icrp107-database==0.0.3
    python -m pip install --no-deps radioactivedecay==0.6.1
    python Utilities/generateNuclideTable.py

Only half-lives, mean energies per class, the principal gamma rays, moments of the beta spectra and branching fractions
are kept. The tabulated line energies of beta particles are the mean energies of the branches, so that energy times
yield adds up to the mean energy per decay. The tabulated spectra are normalized to the yield of these branches: the
trapezoid rule over their points alone gives up to 0.2 % too many particles.
"""

import functools
import importlib.util
import json
import os

import numpy as np

NAMES = ("Lu-177", "I-131", "Y-90", "Tc-99m", "In-111", "Ga-68", "F-18", "I-123", "I-124", "Ho-166", "Tb-161",
         "Ac-225", "Ra-223", "Pb-212", "Th-227", "At-211", "Bi-213", "Sm-153", "Re-186", "Re-188", "Cu-67", "Cu-64",
         "Sr-89", "P-32", "Zr-89")
HOURS = {"s": 1 / 3600.0, "m": 1 / 60.0, "h": 1.0, "d": 24.0, "y": 365.2422 * 24.0}
CLASSES = {"beta": ("beta-", "beta+", "betaD"), "conversionElectron": ("IE",), "auger": ("auger",),
           "alpha": ("alpha",), "recoil": ("alpha recoil",), "photon": ("gamma", "X", "annihilation")}
# Nuclides whose radioactive progeny carry energy that is not negligible beside their own.
CHAINS = ("Ac-225", "Ra-223", "Pb-212", "Th-227", "At-211", "Bi-213")
# Progeny that live longer are no part of a chain: they outlast the patient's follow-up.
LONGEST_HALF_LIFE_HOURS = 365.2422 * 24.0
SOURCE = ("ICRP. Nuclear Decay Data for Dosimetric Calculations. ICRP Publication 107. Ann ICRP 2008;38(3); "
          "mean energies summed from the emission tables as packaged in icrp107-database 0.0.3, branching fractions "
          "as packaged in radioactivedecay 0.6.1")
EDITION = "ICRP 107 (2008)"
MINIMUM_YIELD = 0.001
LINES = 8


def entryFor(name, folder):
    """Table entry of one radionuclide."""
    content = decayFile(name, folder)
    emissions = content["emissions"]
    energies = {key: round(sum(energy * share for group in groups for energy, share in emissions[group]), 6)
                for key, groups in CLASSES.items()}
    gammas = sorted((line for line in emissions["gamma"] if line[1] >= MINIMUM_YIELD), key=lambda line: -line[1])
    annihilation = [[energy, share] for energy, share in emissions["annihilation"]]
    lines = sorted(gammas[:LINES] + annihilation, key=lambda line: -line[1])
    isChain = name in CHAINS or name in progenyNames()
    steps, stops = daughters(name) if isChain else ([], [])
    return {"name": name, "isProgenyOnly": name not in NAMES, "halfLifeHours": hoursOf(content),
            "energiesMeV": energies, "betaSpectrum": betaSpectrum(emissions),
            "photonLines": [{"energyKeV": round(energy * 1000, 3), "yieldPerDecay": float(f"{share:.6g}")}
                            for energy, share in lines],
            "daughters": [{"name": daughter, "branchingFraction": fraction} for daughter, fraction in steps],
            "endsIn": [{"name": daughter, "branchingFraction": fraction} for daughter, fraction in stops],
            "source": SOURCE, "edition": EDITION,
            "unit": {"halfLifeHours": "h", "energiesMeV": "MeV per decay", "energyKeV": "keV",
                     "yieldPerDecay": "1 per decay", "meanMeV": "MeV", "rmsMeV": "MeV", "maximumMeV": "MeV",
                     "branchingFraction": "1"},
            "verified": True}


def decayFile(name, folder):
    """Content of a file of the package: half-life and emissions."""
    with open(os.path.join(folder, f"{name}.json"), encoding="utf-8") as file:
        return json.loads(json.load(file))  # the files are JSON text inside JSON


def hoursOf(content):
    """Half-life in hours."""
    return float(f"{content['half_life'] * HOURS[content['time_unit']]:.9g}")


def betaSpectrum(emissions):
    """Yield of electrons and positrons from beta decay, their mean, root mean square and highest energy; or None."""
    branches = [line for group in CLASSES["beta"] for line in emissions[group]]
    spectrum = np.array(emissions["b-spectra"], float).reshape(-1, 2)
    if not branches or not len(spectrum):
        return None
    energies, density = spectrum.T
    count = np.trapezoid(density, energies)
    total = sum(share for _, share in branches)
    return {"yieldPerDecay": float(f"{total:.6g}"),
            "meanMeV": float(f"{sum(energy * share for energy, share in branches) / total:.6g}"),
            "rmsMeV": float(f"{(np.trapezoid(density * energies ** 2, energies) / count) ** 0.5:.6g}"),
            "maximumMeV": float(f"{energies[-1]:.6g}")}


@functools.lru_cache(maxsize=1)
def decayChains():
    """Name -> (half-life in h, [(daughter, branching fraction)]) of the nuclides that are not stable."""
    place = importlib.util.find_spec("radioactivedecay").submodule_search_locations[0]
    path = os.path.join(place, "icrp107_ame2020_nubase2020", "decay_data.npz")
    units = {"μs": 1e-6 / 3600, "ms": 1e-3 / 3600, **HOURS, "ky": HOURS["y"] * 1e3, "My": HOURS["y"] * 1e6,
             "Gy": HOURS["y"] * 1e9, "Ty": HOURS["y"] * 1e12, "Py": HOURS["y"] * 1e15, "Ey": HOURS["y"] * 1e18}
    with np.load(path, allow_pickle=True) as data:
        rows = zip(data["nuclides"], data["hldata"], data["progeny"], data["bfs"], strict=True)
        return {str(name): (float(life[0]) * units.get(life[1], HOURS["y"] * 1e30),
                            [(str(other), float(share)) for other, share in zip(others, shares, strict=True)
                             if other != "SF"])
                for name, life, others, shares in rows if np.isfinite(float(life[0]))}


def daughters(name):
    """Radioactive daughters that belong to the chain, and those that live too long, with branching fractions."""
    found = [(other, share) for other, share in decayChains()[name][1] if other in decayChains()]
    isShort = [decayChains()[other][0] < LONGEST_HALF_LIFE_HOURS for other, _ in found]
    return ([step for step, short in zip(found, isShort, strict=True) if short],
            [step for step, short in zip(found, isShort, strict=True) if not short])


@functools.lru_cache(maxsize=1)
def progenyNames():
    """Names of all progeny of the chains, each once, in the order of the chains."""
    names = []
    waiting = list(CHAINS)
    while waiting:
        for other, _ in daughters(waiting.pop(0))[0]:
            if other not in names:
                names.append(other)
                waiting.append(other)
    return tuple(names)


def tableNames():
    """Names of all entries: the nuclides for use, then those that only occur as progeny."""
    return (*NAMES, *(name for name in progenyNames() if name not in NAMES))


def main():
    """Read the installed packages and write the table."""
    import icrp107_database

    folder = os.path.join(os.path.dirname(icrp107_database.__file__), "icrp107")
    table = {"schemaVersion": 2,
             "about": "Energies are those of the named nuclide alone, without its progeny. Generated by "
                      "Utilities/generateNuclideTable.py; do not edit by hand.",
             "nuclides": [entryFor(name, folder) for name in tableNames()]}
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    path = os.path.join(root, "MRTDosimetryLib", "data", "nuclides.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(table, file, indent=1, ensure_ascii=False)
        file.write("\n")
    print(f"{len(table['nuclides'])} radionuclides written to {path}")


if __name__ == "__main__":
    main()

"""Write MRTDosimetryLib/data/photonEmissions.json and photonInteractions.json. For developers only.

Needs two packages that are no dependencies of the extension:

    python -m pip install icrp107-database==0.0.3 xraylib==4.3.0
    python Utilities/generatePhotonData.py

Emissions: gamma rays, x rays and annihilation photons of ICRP Publication 107. Lines that differ little are joined to
one line with the yield of both and their mean energy, so that yield and energy of the sum stay; lines below 10 keV,
which go no further than a millimeter of tissue, are given as one energy per decay.

Interactions, per mass, 10 keV to 3 MeV:
  photoelectric  xraylib up to 0.8 MeV, the end of its tables, then on with its last slope in log-log
  Compton        Klein-Nishina cross section x incoherent scattering function S(x, Z), integrated here over the angle
  Rayleigh       Thomson cross section x form factor F(x, Z) squared, integrated here over the angle
  pair           Maximon's series of the unscreened Bethe-Heitler cross section in the field of the nucleus
  comptonTransfer  Compton x mean share of the energy that the electron gets
Compton and Rayleigh are integrals of the same S and F that the transport samples from, so that its mean energy loss
is exactly the one of the table.
"""

import json
import math
import os
import sys

import numpy as np

NAMES = ("Lu-177", "I-131", "Y-90", "Tc-99m", "In-111", "Ga-68", "F-18", "I-123", "I-124", "Ho-166", "Tb-161",
         "Ac-225", "Ra-223", "Pb-212", "Th-227", "At-211", "Bi-213", "Sm-153", "Re-186", "Re-188", "Cu-67", "Cu-64",
         "Sr-89", "P-32", "Zr-89",
         "Fr-221", "At-217", "Po-213", "Tl-209", "Pb-209", "Rn-219", "Po-215", "Pb-211", "Bi-211", "Tl-207",
         "Po-211", "Bi-212", "Po-212", "Tl-208")
EMISSIONS = ("gamma", "X", "annihilation")
SOFT_MEV = 0.010
LINES = 40
# Two lines are joined at once when the spread of energy they lose is below this share of the photon energy (squared).
NEGLIGIBLE = 1e-7
EMISSION_SOURCE = ("ICRP. Nuclear Decay Data for Dosimetric Calculations. ICRP Publication 107. Ann ICRP 2008;38(3); "
                   "gamma, x-ray and annihilation lines as packaged in icrp107-database 0.0.3, close lines joined")

MATERIALS = {"air": "Air, Dry (near sea level)", "lung": "Lung (ICRP)", "adipose": "Adipose Tissue (ICRP)",
             "softTissue": "Tissue, Soft (ICRP)", "corticalBone": "Bone, Cortical (ICRP)", "water": "Water, Liquid"}
INTERACTION_SOURCE = (
    "Schoonjans T et al. The xraylib library for X-ray-matter interactions. Spectrochim Acta B 2011;66:776-784 "
    "(xraylib 4.3.0): photoelectric cross sections, incoherent scattering functions, form factors, and the "
    "compositions of the NIST list of compounds (ICRU, ICRP). Klein-Nishina and Thomson cross sections integrated with "
    "them; pair production by the series of Maximon LC, J Res NBS B 1968;72:79-88. Held against NIST (Hubbell and "
    "Seltzer, NISTIR 5632, 2004) for water")
ENERGIES = 121
LOWEST_MEV, HIGHEST_MEV, XRAYLIB_MEV = 0.010, 3.0, 0.8
ELECTRON_MEV = 0.51099895
AVOGADRO, ELECTRON_RADIUS_CM, FINE_STRUCTURE = 6.02214076e23, 2.8179403262e-13, 7.2973525693e-3
HC_KEV_ANGSTROM = 12.39841984
ANGLES = 4000
MOMENTUM, MOMENTA = (1e-3, 250.0), 161


def photonLines(emissions):
    """Lines ``(energyMeV, yield)`` of 10 keV and more, joined to few, and the energy of those below."""
    lines = sorted([energy, share] for group in EMISSIONS for energy, share in emissions[group] if share > 0)
    soft = sum(energy * share for energy, share in lines if energy < SOFT_MEV)
    lines = [line for line in lines if line[0] >= SOFT_MEV]
    total = sum(energy * share for energy, share in lines)

    def loss(index):
        (lowEnergy, lowShare), (highEnergy, highShare) = lines[index:index + 2]
        low, high = lowEnergy * lowShare, highEnergy * highShare
        return low * high / (low + high) * math.log(highEnergy / lowEnergy) ** 2

    while len(lines) > 1:
        losses = [loss(index) for index in range(len(lines) - 1)]
        best = min(range(len(losses)), key=losses.__getitem__)
        if len(lines) <= LINES and losses[best] > NEGLIGIBLE * total:
            break
        share = lines[best][1] + lines[best + 1][1]
        energy = sum(lines[index][0] * lines[index][1] for index in (best, best + 1)) / share
        lines[best:best + 2] = [[energy, share]]
    return lines, soft


def emissionTable():
    """Content of photonEmissions.json."""
    import icrp107_database

    folder = os.path.join(os.path.dirname(icrp107_database.__file__), "icrp107")
    nuclides = {}
    for name in NAMES:
        with open(os.path.join(folder, f"{name}.json"), encoding="utf-8") as file:
            emissions = json.loads(json.load(file))["emissions"]  # the files are JSON text inside JSON
        lines, soft = photonLines(emissions)
        nuclides[name] = {"energyMeV": [rounded(energy, 8) for energy, _ in lines],
                          "yieldPerDecay": [rounded(share, 8) for _, share in lines],
                          "softEnergyMeV": rounded(soft, 6)}
    return {"schemaVersion": 1,
            "about": "Photons per decay of the named nuclide alone: gamma rays, x rays, annihilation photons. Close "
                     "lines are joined so that yield and energy stay; softEnergyMeV is the energy of all lines below "
                     "10 keV. Generated by Utilities/generatePhotonData.py; do not edit by hand.",
            "unit": {"energyMeV": "MeV", "yieldPerDecay": "1 per decay", "softEnergyMeV": "MeV per decay"},
            "source": EMISSION_SOURCE, "edition": "ICRP 107 (2008)", "verified": True, "nuclides": nuclides}


def interactionTable():
    """Content of photonInteractions.json."""
    import xraylib

    energies = np.array([rounded(value, 6) for value in np.geomspace(LOWEST_MEV, HIGHEST_MEV, ENERGIES)])
    transfers = np.array([rounded(value, 6) for value in np.geomspace(MOMENTUM[0], MOMENTUM[1], MOMENTA)])
    materials = {}
    for name, compound in MATERIALS.items():
        data = xraylib.GetCompoundDataNISTByName(compound)
        elements = dict(zip(data["Elements"], data["massFractions"], strict=True))
        moles = {Z: share / xraylib.AtomicWeight(Z) for Z, share in elements.items()}
        scattering = np.array([sum(mole * xraylib.SF_Compt(Z, x) for Z, mole in moles.items()) for x in transfers])
        form = np.array([sum(mole * xraylib.FF_Rayl(Z, x) ** 2 for Z, mole in moles.items()) for x in transfers])
        scattering, form = listed(scattering), listed(form)
        photo = photoelectric(xraylib, elements, energies)
        pair = np.array([sum(mole * AVOGADRO * pairCrossSection(Z, energy) for Z, mole in moles.items())
                         for energy in energies])
        compton, recoil, rayleigh = scatteringCrossSections(energies, transfers, scattering, form)
        materials[name] = {
            "compound": compound, "densityGPerML": data["density"],
            "massFractions": {str(Z): rounded(share, 6) for Z, share in elements.items()},
            "photoelectric": listed(photo), "compton": listed(compton), "rayleigh": listed(rayleigh),
            "pair": listed(pair), "comptonTransfer": listed(recoil),
            "incoherentScattering": scattering, "formFactorSquared": form}
    return {"schemaVersion": 1,
            "about": "Photon interactions per mass. incoherentScattering and formFactorSquared are sums over the "
                     "elements of S(x, Z) and F(x, Z) squared times mass fraction / atomic mass, on momentumTransfer "
                     "x = sin(angle / 2) / wavelength. Generated by Utilities/generatePhotonData.py; do not edit by "
                     "hand.",
            "unit": {"energyMeV": "MeV", "momentumTransfer": "1/angstrom", "densityGPerML": "g/mL",
                     "massFractions": "1, by atomic number", "photoelectric": "cm2/g", "compton": "cm2/g",
                     "rayleigh": "cm2/g", "pair": "cm2/g", "comptonTransfer": "cm2/g",
                     "incoherentScattering": "mol/g", "formFactorSquared": "mol/g"},
            "source": INTERACTION_SOURCE, "edition": "xraylib 4.3.0", "verified": True,
            "energyMeV": energies.tolist(), "momentumTransfer": transfers.tolist(), "materials": materials}


def photoelectric(xraylib, elements, energies):
    """Photoelectric cross section in cm2/g; beyond the tables it goes on with the slope that it has at their end."""
    def value(energyMeV):
        return sum(share * xraylib.CS_Photo(Z, energyMeV * 1000) for Z, share in elements.items())

    low, high = 0.6, XRAYLIB_MEV
    slope = math.log(value(high) / value(low)) / math.log(high / low)
    return np.array([value(energy) if energy <= high else value(high) * (energy / high) ** slope
                     for energy in energies])


def pairCrossSection(Z, energyMeV):
    """Cross section of an atom for pair production in the field of the nucleus in cm2 (Maximon 1968, below 2 MeV)."""
    k = energyMeV / ELECTRON_MEV
    if k <= 2:
        return 0.0
    e = (2 * k - 4) / (k + 2 + 2 * math.sqrt(2 * k))
    series = 1 + e / 2 + 23 / 40 * e ** 2 + 11 / 60 * e ** 3 + 29 / 960 * e ** 4
    return FINE_STRUCTURE * (ELECTRON_RADIUS_CM * Z) ** 2 * 2 * math.pi / 3 * ((k - 2) / k) ** 3 * series


def scatteringCrossSections(energies, transfers, scattering, form):
    """Compton, its part given to the electron, and Rayleigh, in cm2/g."""
    half = np.geomspace(1e-6, 1, ANGLES)  # sine of half the angle
    measure = 8 * math.pi * half ** 2  # solid angle per step of ln(half)
    sineSquared = 4 * half ** 2 * (1 - half ** 2)
    result = []
    for energy in energies:
        x = energy * 1000 / HC_KEV_ANGSTROM * half
        left = 1 / (1 + 2 * energy / ELECTRON_MEV * half ** 2)  # share of the energy that the photon keeps
        kleinNishina = left ** 2 * (left + 1 / left - sineSquared) / 2
        S = np.interp(np.log(x), np.log(transfers), scattering)
        F = np.exp(np.interp(np.log(x), np.log(transfers), np.log(form)))
        result.append([np.trapezoid(values * measure, np.log(half)) for values in (
            kleinNishina * S, kleinNishina * S * (1 - left), (2 - sineSquared) / 2 * F)])
    return AVOGADRO * ELECTRON_RADIUS_CM ** 2 * np.array(result).T


def listed(values):
    """A list with 6 significant digits."""
    return [rounded(value, 6) for value in values]


def rounded(value, digits):
    """A number of so many significant digits."""
    return float(f"{value:.{digits}g}")


def write(name, table):
    """Write a table with one line per list."""
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    path = os.path.join(root, "MRTDosimetryLib", "data", name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(compact(table) + "\n")
    print(f"{path}: {os.path.getsize(path) / 1000:.0f} kB")


def compact(value, indent=0):
    """JSON in which a list of numbers stays on one line."""
    if isinstance(value, dict):
        inner = ",\n".join(" " * (indent + 1) + json.dumps(key) + ": " + compact(item, indent + 1)
                           for key, item in value.items())
        return "{\n" + inner + "\n" + " " * indent + "}"
    return json.dumps(value, ensure_ascii=False)


def main(arguments):
    """Write both tables, or the one named ``emissions`` or ``interactions``."""
    if "interactions" not in arguments:
        write("photonEmissions.json", emissionTable())
    if "emissions" not in arguments:
        write("photonInteractions.json", interactionTable())


if __name__ == "__main__":
    main(sys.argv[1:])

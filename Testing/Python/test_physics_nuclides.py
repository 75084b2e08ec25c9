"""Decay data against the figures of ICRP Publication 107 printed in the clinical reference, section 10."""

import pytest

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.physics.nuclides import nuclide, nuclideNames

# name: half-life in h, electrons, photons (MeV per decay), alpha, recoil, local Gy kg/(GBq h), local Gy kg/GBq in all
PRINTED = {
    "Lu-177": (6.647 * 24, 0.14792, 0.03510, 0, 0, 0.08532, 19.636),
    "I-131": (192.497, 0.19185, 0.38276, 0, 0, 0.11066, 30.731),
    "Y-90": (64.1, 0.93311, 0.0, 0, 0, 0.53820, 49.771),
    "Tc-99m": (6.015, 0.01619, 0.12659, 0, 0, 0.00934, 0.081),
    "In-111": (2.8047 * 24, 0.03482, 0.40611, 0, 0, 0.02008, 1.950),
    "Ga-68": (67.71 / 60, 0.73794, 0.94869, 0, 0, 0.42563, 0.693),
    "F-18": (109.77 / 60, 0.24161, 0.98858, 0, 0, 0.13936, 0.368),
    "I-123": (13.27, 0.02819, 0.17303, 0, 0, 0.01626, 0.311),
    "I-124": (4.176 * 24, 0.19429, 1.11325, 0, 0, 0.11206, 16.204),
    "Ho-166": (26.80, 0.69634, 0.03007, 0, 0, 0.40164, 15.529),
    "Tb-161": (6.906 * 24, 0.20249, 0.03652, 0, 0, 0.11679, 27.927),
    "Ac-225": (240.0, 0.02476, 0.01709, 5.7872, 0.1048, 3.41269, 1181.6),
    "Ra-223": (11.43 * 24, 0.07810, 0.14126, 5.6666, 0.1036, 3.37318, 1335.0),
    "Pb-212": (10.64, 0.17663, 0.14503, 0, 0, 0.10188, 1.564),
    "Th-227": (18.68 * 24, 0.07547, 0.13175, 5.8827, 0.1056, 3.49748, 2262.1),
    "At-211": (7.214, 0.00594, 0.03667, 2.4524, 0.0474, 1.44528, 15.04),
    "Bi-213": (45.59 / 60, 0.44405, 0.12774, 0.1222, 0.0023, 0.32794, 0.359),
    "Sm-153": (46.50, 0.26988, 0.06426, 0, 0, 0.15566, 10.443),
    "Re-186": (3.7183 * 24, 0.33624, 0.02080, 0, 0, 0.19394, 24.969),
    "Re-188": (17.004, 0.77934, 0.06125, 0, 0, 0.44951, 11.027),
    "Cu-67": (61.83, 0.15039, 0.11535, 0, 0, 0.08674, 7.737),
    "Cu-64": (12.70, 0.12475, 0.18548, 0, 0, 0.07195, 1.318),
    "Sr-89": (50.53 * 24, 0.58454, 0.00009, 0, 0, 0.33715, 589.9),
    "P-32": (14.263 * 24, 0.69478, 0.0, 0, 0, 0.40074, 197.9),
    "Zr-89": (78.41, 0.10194, 1.15808, 0, 0, 0.05880, 6.651),
}


def test_allNuclidesOfTheReference():
    assert set(nuclideNames()) == set(PRINTED)


@pytest.mark.parametrize("name", PRINTED)
def test_printedFigures(name):
    halfLife, electrons, photons, alpha, recoil, local, complete = PRINTED[name]
    found = nuclide(name)
    assert found.halfLifeHours == pytest.approx(halfLife, rel=2e-6)
    assert found.electronEnergyMeV == pytest.approx(electrons, abs=1.1e-5)
    assert found.photonEnergyMeV == pytest.approx(photons, abs=1.1e-5)
    assert found.energiesMeV["alpha"] == pytest.approx(alpha, abs=6e-5)
    assert found.energiesMeV["recoil"] == pytest.approx(recoil, abs=6e-5)
    assert found.localDoseConstantGyKgPerGBqH == pytest.approx(local, abs=1.1e-5)
    digits = 10.0 ** -len(str(complete).partition(".")[2])
    assert found.localDoseConstantGyKgPerGBqH / found.decayConstantPerHour == pytest.approx(complete, abs=0.7 * digits)


@pytest.mark.parametrize(("name", "energyKeV", "share"), [
    ("Lu-177", 208.4, 0.110), ("Lu-177", 112.9, 0.064), ("I-131", 364.5, 0.817), ("I-131", 637.0, 0.0717),
    ("In-111", 245.4, 0.941), ("In-111", 171.3, 0.9065), ("Tc-99m", 140.5, 0.891), ("Ho-166", 80.6, 0.067),
    ("Pb-212", 238.6, 0.433), ("Bi-213", 440.5, 0.261), ("Ra-223", 269.5, 0.139), ("Tb-161", 74.6, 0.102),
    ("F-18", 511.0, 1.9346)])
def test_principalPhotons(name, energyKeV, share):
    line = min(nuclide(name).photonLines, key=lambda item: abs(item.energyKeV - energyKeV))
    assert line.energyKeV == pytest.approx(energyKeV, abs=0.06)
    assert line.yieldPerDecay == pytest.approx(share, abs=6e-4)


@pytest.mark.parametrize(("text", "name"), [
    ("Lu-177", "Lu-177"), ("177Lu", "Lu-177"), ("lu177", "Lu-177"), ("LU 177", "Lu-177"), ("^177Lu", "Lu-177"),
    ("177-Lu", "Lu-177"), ("99mTc", "Tc-99m"), ("Tc-99m", "Tc-99m"), ("TC99M", "Tc-99m"), ("y90", "Y-90"),
    ("I_131", "I-131")])
def test_spellings(text, name):
    assert nuclide(text).name == name


@pytest.mark.parametrize("text", ["", "Lu", "177", "Lu-178", "Tc-99", "Lu-177m", "radium", None])
def test_unknownNuclidesAreRefusedWithTheKnownOnes(text):
    with pytest.raises(InputError, match="not known.*Lu-177, I-131"):
        nuclide(text)


def test_progenyThatMatterAreNamed():
    assert {name for name in nuclideNames() if nuclide(name).progeny} == {
        "Ac-225", "Ra-223", "Pb-212", "Th-227", "At-211", "Bi-213"}

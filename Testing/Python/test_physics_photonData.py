"""The shipped photon lines and photon interactions against published numbers."""

import numpy as np
import pytest

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.physics.nuclides import nuclide, nuclideNames
from MRTDosimetryLib.physics.photonEmissions import photonEmissions, softPhotonEnergyMeV
from MRTDosimetryLib.physics.photonInteractions import materialDensityGPerML, materialNames, photonMaterial

# Hubbell and Seltzer, NISTIR 5632 (2004), water: MeV, mu/rho and mu_en/rho in cm2/g.
NIST_WATER = """0.010 5.329 4.944
0.015 1.673 1.374
0.020 0.8096 0.5503
0.030 0.3756 0.1557
0.040 0.2683 0.06947
0.050 0.2269 0.04223
0.060 0.2059 0.03190
0.080 0.1837 0.02597
0.100 0.1707 0.02546
0.150 0.1505 0.02764
0.200 0.1370 0.02967
0.300 0.1186 0.03192
0.400 0.1061 0.03279
0.500 0.09687 0.03299
0.600 0.08956 0.03284
0.800 0.07865 0.03206
1.000 0.07072 0.03103
1.250 0.06323 0.02965
1.500 0.05754 0.02833
2.000 0.04942 0.02608
3.000 0.03969 0.02281"""


@pytest.mark.parametrize("name", nuclideNames(includeProgeny=True))
def test_photonEnergyIsThatOfTheNuclideTable(name):
    energies, yields = photonEmissions(name)
    total = nuclide(name, includeProgeny=True).photonEnergyMeV
    assert energies @ yields + softPhotonEnergyMeV(name) == pytest.approx(total, rel=1e-5, abs=1e-6)
    assert energies.size == yields.size <= 40
    assert np.all(np.diff(energies) > 0) and np.all(yields > 0)
    assert energies.size == 0 or (energies[0] >= 0.010 and energies[-1] < 3)


@pytest.mark.parametrize("name, energyMeV, share", [
    ("Lu-177", 0.208366, 0.110), ("Lu-177", 0.11295, 0.064), ("I-131", 0.364489, 0.817), ("F-18", 0.511, 1.9346),
    ("Tc-99m", 0.140511, 0.891), ("Tl-208", 2.61453, 0.9916), ("Bi-213", 0.44046, 0.261)])
def test_principalLines(name, energyMeV, share):
    """ICRP 107, as in the table of the digest; Tl-208 with the well-known line of 2.6 MeV."""
    energies, yields = photonEmissions(name)
    nearest = np.argmin(abs(energies - energyMeV))
    assert energies[nearest] == pytest.approx(energyMeV, rel=1e-3)
    assert yields[nearest] == pytest.approx(share, rel=0.02)


def test_nuclideWithoutPhotons():
    energies, yields = photonEmissions("32P")
    assert energies.shape == yields.shape == (0,)


def test_unknownNuclide():
    with pytest.raises(InputError, match="not known"):
        photonEmissions("Xx-999")


def test_waterIsThatOfNIST():
    water = photonMaterial("water")
    for line in NIST_WATER.splitlines():
        energy, attenuation, absorption = map(float, line.split())
        assert water.coefficientCM2PerG("total", energy) == pytest.approx(attenuation, rel=0.003), energy
        # Above 1.5 MeV bremsstrahlung, which counts as deposited here, takes up to 0.6 %.
        assert water.coefficientCM2PerG("energyTransfer", energy) == pytest.approx(absorption, rel=0.006), energy


def test_boneAbsorbsMoreAndAdiposeLess():
    """Ratios to water near 60 keV: the photoelectric effect goes with the third power of the atomic number."""
    at60 = {name: float(photonMaterial(name).coefficientCM2PerG("energyTransfer", 0.06)) for name in materialNames()}
    assert 3.5 < at60["corticalBone"] / at60["water"] < 5.5
    assert 0.7 < at60["adipose"] / at60["softTissue"] < 0.9
    at1000 = [float(photonMaterial(name).coefficientCM2PerG("compton", 1.0)) for name in materialNames()]
    assert max(at1000) / min(at1000) < 1.12  # electrons per gram


def test_mixtureAddsUpByMass():
    mixture = photonMaterial({"softTissue": 0.75, "corticalBone": 0.25})
    for kind in ("photoelectric", "compton", "rayleigh", "comptonTransfer"):
        soft, bone = (photonMaterial(name).coefficients[kind] for name in ("softTissue", "corticalBone"))
        np.testing.assert_allclose(mixture.coefficients[kind], 0.75 * soft + 0.25 * bone, rtol=1e-12)
    assert materialDensityGPerML("corticalBone") == 1.85


@pytest.mark.parametrize("mixture, words", [("granite", "not known"), ({"water": 0.5}, "do not add up")])
def test_impossibleMaterials(mixture, words):
    with pytest.raises(InputError, match=words):
        photonMaterial(mixture)


def test_energiesBeyondTheTableAreRefused():
    with pytest.raises(InputError, match="known from"):
        photonMaterial("water").coefficientCM2PerG("total", 5.0)

"""Decay chains: what decays per decay of the parent, its energies, and absorbed dose by particle."""

import numpy as np
import pytest

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.physics.dose.registry import engine
from MRTDosimetryLib.physics.nuclides import ELECTRON_CLASSES, nuclide, nuclideNames
from MRTDosimetryLib.physics.particleDose import localShares, particleDose, rbeWeightedDose
from MRTDosimetryLib.physics.progeny import progenyMembers, progenyNotes

CHAINS = ("Ac-225", "Ra-223", "Pb-212", "Th-227", "At-211", "Bi-213")
IN_PLACE = {"progeny": "inPlace"}


@pytest.mark.parametrize(("name", "alpha", "recoil", "electrons", "photons"), [
    ("Ac-225", 27.48, 0.513, 0.690, 0.219), ("Ra-223", 26.38, 0.497, 1.043, 0.314),
    ("Pb-212", 7.80, 0.150, 0.901, 1.456), ("Th-227", 32.26, 0.602, 1.119, 0.446)])
def test_chainTotalsOfTheReference(name, alpha, recoil, electrons, photons):
    """Clinical reference, section 10: totals with all progeny in place, from ICRP Publication 107."""
    energies = nuclide(name).summedEnergiesMeV("inPlace")
    assert energies["alpha"] == pytest.approx(alpha, abs=0.005)
    assert energies["recoil"] == pytest.approx(recoil, abs=0.0006)
    assert sum(energies[key] for key in ELECTRON_CLASSES) == pytest.approx(electrons, abs=0.0006)
    assert energies["photon"] == pytest.approx(photons, abs=0.0006)


def test_membersOfAChain():
    members = {member.name: share for member, share in nuclide("Ac-225").members("inPlace")}
    assert members == pytest.approx({"Ac-225": 1, "Fr-221": 1, "At-217": 1, "Bi-213": 0.99988,
                                     "Po-213": 0.99988 * 0.9791, "Tl-209": 0.99988 * 0.0209, "Pb-209": 0.99988})
    members = {member.name: share for member, share in nuclide("Pb-212").members("inPlace")}
    assert members == pytest.approx({"Pb-212": 1, "Bi-212": 1, "Po-212": 0.6406, "Tl-208": 0.3594})
    thorium, radium = nuclide("Th-227").members("inPlace"), nuclide("Ra-223").members("inPlace")
    assert [(member.name, share) for member, share in thorium[1:]] == \
        [(member.name, share) for member, share in radium]
    assert [(member.name, share) for member, share in nuclide("At-211").members("inPlace")[1:]] == [("Po-211", 0.582)]


@pytest.mark.parametrize("name", CHAINS)
def test_alphaDecaysOfAChain(name):
    """Mass number falls by 4 per alpha decay: every chain ends where its number of alpha decays says."""
    alphaDecays = {"Ac-225": 4, "Ra-223": 4, "Pb-212": 1, "Th-227": 5, "At-211": 1, "Bi-213": 1}[name]
    # Share of alpha decay of the members that have another way to decay.
    partial = {"Bi-213": 0.0209, "Bi-212": 0.3594, "Bi-211": 0.99724, "At-211": 0.418}
    found = sum(share * partial.get(member.name, 1.0) for member, share in nuclide(name).members("inPlace")
                if member.energiesMeV["alpha"])
    assert found == pytest.approx(alphaDecays, abs=4e-4)  # 217At beta minus (0.012 %) is not followed


def test_onlyNuclidesForAdministrationAreListed():
    assert len(nuclideNames()) == 25 and "Po-213" not in nuclideNames()
    assert set(nuclideNames(includeProgeny=True)) - set(nuclideNames()) == {
        "Fr-221", "At-217", "Po-213", "Tl-209", "Pb-209", "Rn-219", "Po-215", "Pb-211", "Bi-211", "Tl-207", "Po-211",
        "Bi-212", "Po-212", "Tl-208"}
    with pytest.raises(InputError, match="not known"):
        nuclide("Po-213")
    assert nuclide("213Po", includeProgeny=True).energiesMeV["alpha"] == pytest.approx(8.376, abs=1e-3)


def test_excludedIsTheParentAlone():
    for name in nuclideNames():
        assert nuclide(name).members() == ((nuclide(name), 1.0),)
        assert nuclide(name).summedEnergiesMeV() == nuclide(name).energiesMeV
        if name not in CHAINS:
            assert nuclide(name).members("inPlace") == nuclide(name).members()
    with pytest.raises(InputError, match="excluded or inPlace"):
        nuclide("Ac-225").members("somewhere")


@pytest.mark.parametrize(("name", "count", "mean", "maximum"), [
    ("Y-90", 1.0, 0.9329, 2.280), ("Lu-177", 1.0, 0.1333, 0.498), ("F-18", 0.9673, 0.2498, 0.6335),
    ("I-131", 1.0, 0.1819, 0.807), ("P-32", 1.0, 0.6948, 1.711)])
def test_betaSpectra(name, count, mean, maximum):
    spectrum = nuclide(name).betaSpectrum
    assert spectrum.yieldPerDecay == pytest.approx(count, abs=1e-4)
    assert spectrum.meanMeV == pytest.approx(mean, abs=1e-4)
    assert spectrum.maximumMeV == pytest.approx(maximum, abs=6e-4)
    assert spectrum.meanMeV < spectrum.rmsMeV < spectrum.maximumMeV


def test_momentsAgreeWithTheEnergies():
    for name in nuclideNames(includeProgeny=True):
        entry = nuclide(name, includeProgeny=True)
        spectrum = entry.betaSpectrum
        energy = 0.0 if spectrum is None else spectrum.yieldPerDecay * spectrum.meanMeV
        assert energy == pytest.approx(entry.energiesMeV["beta"], abs=1.5e-6), name


def test_whatHasToBeStated():
    with pytest.raises(InputError, match="progeny of Ra-223.*not stated"):
        progenyMembers(nuclide("Ra-223"), {})
    assert progenyMembers(nuclide("Lu-177"), None) == (((nuclide("Lu-177"), 1.0),), [])
    with pytest.raises(InputError, match="excluded or inPlace"):
        progenyMembers(nuclide("Lu-177"), {"progeny": "yes"})
    words = " ".join(progenyNotes(nuclide("Th-227"), "inPlace"))
    assert "Ra-223 (half-life 11.43 d)" in words and "assumption" in words
    words = " ".join(progenyNotes(nuclide("At-211"), "inPlace"))
    assert "Bi-207 (0.418 per decay of At-211)" in words and "left out" in words
    assert "Bi-213 (half-life 0.76 h)" in " ".join(progenyNotes(nuclide("Ac-225"), "inPlace"))


@pytest.mark.parametrize(("name", "megaelectronvolts"), [("Ac-225", 28.6843), ("Pb-212", 8.8533)])
def test_localDepositionOfAChain(name, megaelectronvolts):
    local = engine("localDeposition")
    activity = np.full((2, 3, 4), 1.5)
    dose = local.compute(activity, 1.05, (4.0, 5.0, 10.0), nuclide(name), options=IN_PLACE)
    expected = 1.5 * megaelectronvolts * 0.5767835683 / (1.05 * 0.2)  # Gy g/(MBq h) per MeV
    assert dose.absorbedDoseGy == pytest.approx(expected, rel=2e-5)
    assert local.regionMeanGy(1.5, 1.05 * 0.2, nuclide(name), IN_PLACE) == pytest.approx(expected, rel=2e-5)
    assert any("in place" in text for text in dose.notes)
    with pytest.raises(InputError, match="not stated"):
        local.regionMeanGy(1.0, 1.0, nuclide(name))


def test_absorbedDoseByParticle():
    """1 MBq h of 225Ac with progeny in place in 10 g; the parts add up to local deposition plus photons."""
    dose = particleDose(1.0, 10.0, nuclide("Ac-225"), IN_PLACE, photonAbsorbedFraction=0.1)
    assert dose.alphaGy == pytest.approx((27.4814 + 0.5133) * 0.0576784, rel=1e-5)
    assert dose.electronGy == pytest.approx(0.689535 * 0.0576784, rel=1e-5)
    assert dose.photonGy == pytest.approx(0.219279 * 0.1 * 0.0576784, rel=1e-5)
    local = engine("localDeposition").regionMeanGy(1.0, 10.0, nuclide("Ac-225"), IN_PLACE)
    assert dose.totalGy == pytest.approx(local + dose.photonGy, rel=1e-12)
    shares = localShares(nuclide("Ac-225"), IN_PLACE)
    assert shares["alpha"] == pytest.approx(dose.alphaGy / local, rel=1e-12) and sum(shares.values()) == \
        pytest.approx(1.0)
    without = particleDose(1.0, 10.0, nuclide("Ac-225"), IN_PLACE)
    assert without.photonGy is None and any("photons" in text and "not computed" in text for text in without.notes)
    assert without.toDict()["photonGy"] is None
    given = particleDose(1.0, 10.0, nuclide("Ac-225"), IN_PLACE, photonGy=0.5)
    assert given.totalGy == pytest.approx(local + 0.5)


def test_rbeIsExplicitAndOffByDefault():
    dose = particleDose(1.0, 10.0, nuclide("Pb-212"), IN_PLACE)
    assert rbeWeightedDose(dose) is None
    weighted = rbeWeightedDose(dose, 5)
    assert weighted.valueGy == pytest.approx(5 * dose.alphaGy + dose.electronGy)
    assert weighted.title == "RBE-weighted absorbed dose (Gy, RBE 5 for alpha, user-stated)"
    assert rbeWeightedDose(particleDose(1.0, 10.0, nuclide("Lu-177")), 5) is None
    for bad in (0, -1, float("nan"), 500, "5", True):
        with pytest.raises(InputError, match="RBE of alpha"):
            rbeWeightedDose(dose, bad)


@pytest.mark.parametrize(("arguments", "words"), [
    ((-1.0, 10.0), "time-integrated activity"), ((1.0, 0.0), "mass"), ((float("nan"), 1.0), "time-integrated"),
    ((1.0, float("inf")), "mass"), ((1.0, 1.0, 1.5), "absorbed fraction"), ((1.0, 1.0, 0.5, 1.0), "twice"),
    ((1.0, 1.0, None, -1.0), "photons")])
def test_refusals(arguments, words):
    activity, mass, *photons = arguments
    with pytest.raises(InputError, match=words):
        particleDose(activity, mass, nuclide("Lu-177"), None, *photons)

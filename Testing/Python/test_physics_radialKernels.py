"""The shipped radial kernels: complete, energies as in the nuclide table, shape as published."""

import os

import numpy as np
import pytest

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.physics.dose.radialKernels import (
    BREMSSTRAHLUNG,
    COMPONENTS,
    ELECTRON,
    PHOTON,
    radialKernel,
    radialKernelNames,
)
from MRTDosimetryLib.physics.nuclides import nuclide, nuclideNames
from MRTDosimetryLib.resources import dataPath, loadJSON

# Radius that holds 90 % of the electrons' energy in mm of soft tissue at 1.04 g/mL, by the reference calculation of
# ../shared/reference (section 2), whose transport mean free path is another one.
REFERENCE_X90 = {"Y-90": 5.31, "I-131": 0.838, "Lu-177": 0.585, "Ho-166": 3.82, "Tb-161": 0.604}


@pytest.mark.parametrize("name", nuclideNames(includeProgeny=True))
def test_everyNuclideHasAKernelOfItsEnergy(name):
    kernel, entry = radialKernel(name), nuclide(name, includeProgeny=True)
    electrons = kernel.energiesMeV[ELECTRON] + kernel.energiesMeV[BREMSSTRAHLUNG]
    assert electrons == pytest.approx(entry.electronEnergyMeV, rel=2e-5, abs=1e-6)
    assert kernel.energiesMeV[PHOTON] == pytest.approx(entry.photonEnergyMeV, rel=2e-5, abs=1e-6)


def test_cumulativeFractions():
    for name in radialKernelNames():
        kernel = radialKernel(name)
        for component in COMPONENTS:
            edges, values = kernel.edgesGPerCM2[component], kernel.fractions[component]
            assert edges[0] == 0 and np.all(np.diff(edges) > 0) and len(edges) == len(values)
            assert 0 <= values[0] and np.all(np.diff(values) >= 0) and values[-1] <= 1
            if component == ELECTRON or not kernel.energiesMeV[component]:
                assert values[-1] == 1
            else:
                assert values[-1] > 0.95 and (values[-1] == 1 or edges[-1] >= 60)  # 60 g/cm2 and more


def test_interpolation():
    kernel = radialKernel("I-131")
    edges, values = kernel.edgesGPerCM2[PHOTON], kernel.fractions[PHOTON]
    assert kernel.fractionWithin(PHOTON, edges) == pytest.approx(values, rel=1e-12)
    fine = np.concatenate([np.linspace(0, 1e-3, 50), np.geomspace(1e-3, 200, 5000)])
    found = kernel.fractionWithin(PHOTON, fine)
    assert np.all(np.diff(found) >= 0) and found[0] == values[0] and found[-1] == values[-1]
    assert kernel.remainder(PHOTON, 1e4) == pytest.approx(1 - values[-1], abs=1e-15)


@pytest.mark.parametrize("name, reference", REFERENCE_X90.items())
def test_rangeOfBetaParticles(name, reference):
    kernel = radialKernel(name)
    x90 = np.interp(0.9, kernel.fractions[ELECTRON], kernel.edgesGPerCM2[ELECTRON]) * 10 / 1.04
    assert x90 == pytest.approx(reference, rel=0.03)


@pytest.mark.parametrize("name, energyMeV, absorption", [
    # mass energy-absorption coefficients of water, cm2/g, interpolated from Hubbell and Seltzer (NISTIR 5632, 1995)
    ("F-18", 0.511, 0.0330), ("I-131", 0.3645, 0.0326)])
def test_photonsNearTheSource(name, energyMeV, absorption):
    """Within a millimeter hardly a photon has scattered: the energy absorbed grows with the absorption coefficient."""
    kernel = radialKernel(name)
    near = kernel.fractionWithin(PHOTON, np.array([0.05, 0.15]))
    assert np.diff(near)[0] / 0.1 == pytest.approx(absorption, rel=0.06)


def test_bremsstrahlungOfYttrium():
    """About 4.4 keV per decay by the reference (section 5); most of it far outside of the range of the electrons."""
    kernel = radialKernel("Y-90")
    assert kernel.energiesMeV[BREMSSTRAHLUNG] == pytest.approx(0.0044, rel=0.08)
    assert kernel.fractionWithin(BREMSSTRAHLUNG, 1.1) < 0.25


def test_originOfTheTable():
    table = loadJSON(dataPath("radialKernels.json"))
    assert table["source"] and table["edition"] and table["seed"] and table["generatorVersion"] and table["medium"]
    assert table["unit"]["edges"] == "g/cm2"
    assert os.path.getsize(dataPath("radialKernels.json")) < 600_000


def test_unknownNuclide():
    with pytest.raises(InputError, match="no radial kernel of 'Xx-1'.*Lu-177"):
        radialKernel("Xx-1")

"""S values of spheres and ellipsoids, without images."""

import math

import numpy as np
import pytest

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.physics.dose.convolution import convolveSymmetric
from MRTDosimetryLib.physics.dose.radialKernels import ELECTRON, PHOTON
from MRTDosimetryLib.physics.dose.spheres import (
    ellipsoidSValue,
    generalizedRadiusMM,
    photonFraction,
    scaledSValue,
    sphereAbsorbedFraction,
    sphereSValue,
)
from MRTDosimetryLib.physics.dose.voxelKernel import voxelKernelMeV
from MRTDosimetryLib.physics.nuclides import nuclide


@pytest.mark.parametrize("massG, published", [(4 / 3 * math.pi * 0.1 ** 3, 0.17), (4.0, 0.80), (20.0, 0.88),
                                              (100.0, 0.93)])
def test_publishedFractionsOfYttrium(massG, published):
    """90Y in spheres of unit density, to the two digits printed (Akabani et al. 1997, quoted by Hashempour 2019).

    Of the energy that electrons deposit; the 0.4 % that they radiate are left out.
    """
    assert round(sphereSValue(nuclide("Y-90"), massG, 1.0).absorbedFractions["electron"], 2) == published


def test_sValuesOfTheReference():
    """The reference's own spheres (section 3b), mGy/(MBq s) at unit density, from another transport mean free path."""
    for name, massG, expected in (("Lu-177", 1, 2.322e-2), ("Lu-177", 20, 1.191e-3), ("Lu-177", 1000, 2.468e-5),
                                  ("I-131", 1, 3.035e-2), ("I-131", 20, 1.643e-3), ("I-131", 1000, 4.006e-5),
                                  ("Y-90", 1, 1.036e-1), ("Y-90", 20, 6.590e-3), ("Y-90", 1000, 1.445e-4)):
        assert sphereSValue(nuclide(name), massG, 1.0).sValueMGyPerMBqS == pytest.approx(expected, rel=0.015)


def voxelizedFraction(semiAxesMM, edgeMM, name, component):
    """Absorbed fraction of an ellipsoid made of voxels, partial ones at its surface, by convolution."""
    sub = 4
    fine = [(np.arange(2 * sub * (int(axis / edgeMM) + 1)) + 0.5) * edgeMM / sub - (int(axis / edgeMM) + 1) * edgeMM
            for axis in semiAxesMM]
    inside = sum((points.reshape([-1 if axis == index else 1 for index in range(3)]) / semiAxesMM[axis]) ** 2
                 for axis, points in enumerate(fine)) < 1
    shape = [size for number in inside.shape for size in (number // sub, sub)]
    body = inside.reshape(shape).mean(axis=(1, 3, 5), dtype=np.float32)
    kernel = voxelKernelMeV(name, (edgeMM,) * 3, 40.0, component=component)
    (energy,) = convolveSymmetric(body, [kernel.octantMeV])
    return float(np.vdot(energy.astype(float), body)) / float(body.sum(dtype=float)) / kernel.emittedMeV


def extrapolatedFraction(semiAxesMM, name, component):
    """Without the blur of the voxels, whose effect goes with the square of their size."""
    coarse, fine = (voxelizedFraction(semiAxesMM, edge, name, component) for edge in (1.0, 0.5))
    return (4 * fine - coarse) / 3


@pytest.mark.parametrize("name, component", [("Y-90", ELECTRON), ("I-131", PHOTON)])
def test_againstAVoxelizedSphere(name, component):
    fraction = extrapolatedFraction((10.0, 10.0, 10.0), name, component)
    assert sphereAbsorbedFraction(name, component, 10.0 * 0.104) == pytest.approx(fraction, rel=0.003)


def test_limits():
    assert sphereAbsorbedFraction("Lu-177", ELECTRON, 1e4) == pytest.approx(1.0, abs=1e-4)
    small = sphereAbsorbedFraction("I-131", PHOTON, np.array(0.02))
    # photons of a small sphere: mean path 3/4 R times the absorption coefficient
    assert small == pytest.approx(0.75 * 0.02 * 0.0326, rel=0.15)
    large, tiny = (sphereSValue(nuclide("Lu-177"), massG) for massG in (1e6, 1e-3))
    assert large.absorbedFractions["photon"] > 0.75 and tiny.absorbedFractions["electron"] < 0.8


def test_absorbedDoseByRadiation():
    result = sphereSValue(nuclide("Lu-177"), 20.0)
    parts = [result.absorbedDoseGy(1000.0, name) for name in result.energiesMeV]
    assert sum(parts) == pytest.approx(result.absorbedDoseGy(1000.0), rel=1e-12)
    assert result.gyPerMBqH * 1000 == pytest.approx(result.absorbedDoseGy(1000.0), rel=1e-12)
    assert result.sValueMGyPerMBqS * 3600 / 1000 == pytest.approx(result.gyPerMBqH, rel=1e-12)
    assert 0.01 < photonFraction(result) < 0.02


def test_density():
    """The same mass at half the density is a larger sphere of fewer g/cm2: less is absorbed."""
    y90 = nuclide("Y-90")
    assert sphereSValue(y90, 20.0, 0.5).radiusMM == pytest.approx(sphereSValue(y90, 20.0, 1.0).radiusMM * 2 ** (1 / 3))
    assert sphereSValue(y90, 20.0, 0.5).absorbedFractions["electron"] == pytest.approx(
        sphereSValue(y90, 5.0, 1.0).absorbedFractions["electron"], rel=1e-9)


def test_ellipsoids():
    assert generalizedRadiusMM((10, 10, 10)) == pytest.approx(10.0, rel=1e-12)
    # prolate spheroid: surface 2 pi a^2 (1 + c/(a e) asin e)
    a, c = 10.0, 20.0
    e = math.sqrt(1 - a * a / c / c)
    surface = 2 * math.pi * a * a * (1 + c / (a * e) * math.asin(e))
    assert generalizedRadiusMM((a, c, a)) == pytest.approx(4 * math.pi * a * a * c / surface, rel=1e-10)
    sphere = sphereSValue(nuclide("Y-90"), 4 / 3 * math.pi * 1.04)
    assert ellipsoidSValue(nuclide("Y-90"), (10, 10, 10)).sValueMGyPerMBqS == pytest.approx(sphere.sValueMGyPerMBqS)
    flat = ellipsoidSValue(nuclide("Y-90"), (20, 20, 2.5))
    assert flat.massG == pytest.approx(sphere.massG) and flat.sValueMGyPerMBqS < 0.9 * sphere.sValueMGyPerMBqS


def test_ellipsoidAgainstVoxels():
    """The generalized radius holds within 1 % for a spheroid twice as long as wide."""
    axes = (15.0, 7.5, 7.5)
    fraction = extrapolatedFraction(axes, "Y-90", ELECTRON)
    assert ellipsoidSValue(nuclide("Y-90"), axes).absorbedFractions["electron"] == pytest.approx(fraction, rel=0.01)


def test_massScaling():
    assert scaledSValue(8.0, 1.0, 100.0, 100.0) == 9.0
    assert scaledSValue(8.0, 1.0, 800.0, 100.0) == pytest.approx(64 + 4)
    # spheres from 200 to 100 g, where it is nearly exact
    large, small = (sphereSValue(nuclide("I-131"), massG) for massG in (200.0, 100.0))
    photons = large.absorbedDoseGy(1.0, "photon", "bremsstrahlung")
    scaled = scaledSValue(large.absorbedDoseGy(1.0, "electron"), photons, 200.0, 100.0)
    assert scaled == pytest.approx(small.gyPerMBqH, rel=0.005)
    for arguments in ((1.0, 1.0, 0.0, 1.0), (1.0, 1.0, 1.0, -1.0), (-1.0, 1.0, 1.0, 1.0), (math.nan, 0.0, 1.0, 1.0)):
        with pytest.raises(InputError):
            scaledSValue(*arguments)


def test_alphaChain():
    actinium = nuclide("Ac-225")
    with pytest.raises(InputError, match="progeny"):
        sphereSValue(actinium, 20.0)
    alone = sphereSValue(actinium, 20.0, options={"progeny": "excluded"})
    chain = sphereSValue(actinium, 20.0, options={"progeny": "inPlace"})
    assert alone.energiesMeV["alpha"] == pytest.approx(5.892, abs=2e-3)
    assert chain.energiesMeV["alpha"] == pytest.approx(27.48 + 0.513, abs=0.02)
    assert chain.energiesMeV["electron"] + chain.energiesMeV["bremsstrahlung"] == pytest.approx(0.690, abs=0.002)
    assert any("Progeny of Ac-225 in place" in note for note in chain.notes)

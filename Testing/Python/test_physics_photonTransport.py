"""The transport of photons against analytic attenuation, energy conservation and numbers of spheres."""

import dataclasses
import itertools

import numpy as np
import pytest

from MRTDosimetryLib.physics.dose.materials import AIR_CLASS, cappedDensity, classCount, classMaterial, materialClasses
from MRTDosimetryLib.physics.dose.photonTables import NODES, QUANTILES, energyBin, nodeEnergiesMeV, transportTables
from MRTDosimetryLib.physics.dose.photonTransport import makePatient, makeSource, transport
from MRTDosimetryLib.physics.photonEmissions import photonEmissions, softPhotonEnergyMeV
from MRTDosimetryLib.physics.photonInteractions import ELECTRON_MEV, photonMaterial


def seed(number):
    return np.random.SeedSequence(number)


def pointSource(shape, index, energies, yields=(1.0,)):
    activity = np.zeros(shape)
    activity[index] = 1
    return makeSource(activity, energies, yields)


def unpadded(deposited, patient):
    shape = tuple(size + 2 for size in patient.shape)
    return deposited.reshape(shape)[1:-1, 1:-1, 1:-1]


def distancesCM(shape, index, voxelSizeMM):
    """Distance of all voxel centers from those of one voxel; ``voxelSizeMM`` along i, j, k."""
    axes = [(np.arange(size) - at) * mm / 10 for size, at, mm in zip(shape, index, voxelSizeMM[::-1], strict=True)]
    return np.sqrt(sum(axis ** 2 for axis in np.meshgrid(*axes, indexing="ij")))


def test_inverseSquareLawInThinMatter():
    """So thin that nothing scatters: energy = E mu_en rho V / (4 pi r2), here on an anisotropic grid."""
    size, shape, center = (4.0, 6.0, 10.0), (25, 41, 61), (12, 20, 30)
    density = np.full(shape, 0.0012, np.float32)
    density[0, 0, 0] = 1.8  # far away; shortens the flights, so that there are tentative collisions to score
    patient = makePatient(density, size)
    source = pointSource(shape, center, [0.2])
    deposited, emitted, escaped = transport(patient, source, 600_000, seed(1))
    distance = distancesCM(shape, center, size)
    coefficient = float(classMaterial(AIR_CLASS).coefficientCM2PerG("energyTransfer", 0.2))
    expected = emitted * coefficient * 0.0012 * np.prod(size) / 1000 / (4 * np.pi * np.maximum(distance, 0.1) ** 2)
    found = unpadded(deposited, patient)
    for low, high in ((4, 7), (7, 11)):
        shell = (distance > low) & (distance < high)
        assert found[shell].sum() == pytest.approx(expected[shell].sum(), rel=0.015)
    # Each axis has its own voxel size: 6 cm away, along i, j and k, the same law holds.
    for where in ((slice(10, 15), slice(17, 24), slice(40, 50)), (slice(10, 15), slice(27, 34), slice(26, 35)),
                  (slice(16, 21), slice(17, 24), slice(26, 35))):
        assert found[where].sum() == pytest.approx(expected[where].sum(), rel=0.06)
    assert escaped > 0.99 * emitted


def test_exponentialAttenuationOfAPureAbsorber():
    """First flights: with all collisions absorbing, a voxel gets the integral of mu exp(-mu r) / (4 pi r2)."""
    shape, center, size = (21, 21, 21), (10, 10, 10), (10.0, 10.0, 10.0)
    density = np.full(shape, 1.04, np.float32)
    density[0, 0, 0] = 1.8  # makes three of four collisions in the rest unreal
    patient = makePatient(density, size)
    everything = np.ones_like(patient.tables.absorbed)
    patient = dataclasses.replace(patient, tables=dataclasses.replace(
        patient.tables, absorbed=everything, photoelectric=everything, transfer=patient.tables.total))
    deposited, emitted, escaped = transport(patient, pointSource(shape, center, [0.1]), 1_500_000, seed(2))
    assert deposited.sum() + escaped == pytest.approx(emitted, rel=2e-3)
    mu = 1.04 * float(photonMaterial("softTissue").coefficientCM2PerG("total", 0.1))
    offsets = (np.arange(5) + 0.5) / 5 - 0.5
    found = unpadded(deposited, patient) / emitted
    points = np.stack(np.meshgrid(*3 * [offsets], indexing="ij")).reshape(3, -1)
    for away in ((0, 0, 2), (0, 0, 5), (0, 3, 3), (2, 3, 4), (0, 0, 8)):
        # Source point and target point both anywhere in their voxels.
        apart = np.array(away)[:, None, None] + points[:, :, None] - points[:, None, :]
        r = np.sqrt((apart ** 2).sum(axis=0))
        expected = float(np.mean(mu * np.exp(-mu * r) / (4 * np.pi * r ** 2)))
        alike = {tuple(np.add(center, np.multiply(order, sign))) for order in itertools.permutations(away)
                 for sign in itertools.product((-1, 1), repeat=3)}
        assert np.mean([found[index] for index in alike]) == pytest.approx(expected, rel=0.04), away
    shell = distancesCM(shape, center, size)
    inside = shell < 7.5
    ideal = 1 - np.exp(-mu * 7.5)
    assert found[inside].sum() == pytest.approx(ideal, rel=0.02)


@pytest.mark.parametrize("energyMeV", [0.015, 0.06, 0.208, 0.511, 2.6])
def test_energyIsConserved(energyMeV):
    rng = np.random.default_rng(3)
    density = rng.choice([0.0012, 0.3, 0.93, 1.04, 1.3, 1.8], (16, 18, 20)).astype(np.float32)
    patient = makePatient(density, (8.0, 8.0, 8.0))
    source = makeSource(np.ones(density.shape), [energyMeV], [1.0])
    deposited, emitted, escaped = transport(patient, source, 100_000, seed(4))
    assert emitted == pytest.approx(100_000 * energyMeV, rel=1e-6)
    assert deposited.sum() + escaped == pytest.approx(emitted, rel=5e-3)
    outer = deposited.reshape(tuple(size + 2 for size in patient.shape)).copy()
    outer[1:-1, 1:-1, 1:-1] = 0
    assert not outer.any()


@pytest.mark.parametrize("name, grams, fraction", [("Lu-177", 1000, 0.169), ("I-131", 1000, 0.153),
                                                   ("Lu-177", 20, 0.0481), ("I-131", 20, 0.0416)])
def test_absorbedFractionsOfSpheres(name, grams, fraction):
    """Photons of a uniform sphere in a wide medium, from the energy around one voxel.

    With h(r) the energy at a distance r of its source: absorbed fraction = sum of h (1 - 3r/4R + r3/16R3) to r = 2R.
    The expected numbers come from a radial kernel of another program; they count photons below 10 keV.
    """
    radius = (grams / (4 / 3 * np.pi)) ** (1 / 3)
    shape, center, density, edge = (121, 121, 121), (60, 60, 60), 1.04, 3.0 if grams > 100 else 1.3
    size = (edge, edge, edge)
    patient = makePatient(np.full(shape, density, np.float32), size)
    energies, yields = photonEmissions(name)
    deposited, emitted, _ = transport(patient, pointSource(shape, center, energies, yields), 200_000, seed(5))
    # Distance of points that lie anywhere in their voxels, in cm of unit density.
    away = np.sqrt(distancesCM(shape, center, size) ** 2 + (0.1 * edge) ** 2 / 4) * density
    soft = softPhotonEnergyMeV(name)
    geometry = np.where(away < 2 * radius, 1 - 0.75 * away / radius + (away / radius) ** 3 / 16, 0)
    found, hard = float((unpadded(deposited, patient) * geometry).sum()) / emitted, float(energies @ yields)
    assert (found * hard + soft) / (hard + soft) == pytest.approx(fraction, rel=0.03)


def test_scatteringAnglesAreThoseOfTheCrossSections():
    """Mean energy that Compton scattering gives to the electron, from the tables of angles, against the integral."""
    index = int(materialClasses(np.array([1.04]))[0])
    tables = transportTables([index], [1.04])
    material = classMaterial(index)
    quantiles = tables.oneMinusCosine.reshape(2, 1, NODES, QUANTILES)[0, 0]
    for node in (0, 20, 45, 70, NODES - 1):
        energy = nodeEnergiesMeV()[node]
        between = np.linspace(0, QUANTILES - 1, 20001)
        loss = np.interp((between[1:] + between[:-1]) / 2, np.arange(QUANTILES), quantiles[node])
        mean = float(np.mean(1 - 1 / (1 + energy / ELECTRON_MEV * loss)))
        recoil = (material.coefficientCM2PerG("energyTransfer", energy)
                  - material.coefficientCM2PerG("photoelectric", energy)
                  - material.coefficientCM2PerG("pair", energy) * max(1 - 2 * ELECTRON_MEV / energy, 0))
        assert mean == pytest.approx(recoil / material.coefficientCM2PerG("compton", energy), rel=3e-3)


def test_energyBins():
    assert energyBin(np.array([0.001, 0.010, 2.9999, 9.0])).tolist()[0] == 0
    assert energyBin([0.2]) < energyBin([0.201])


def test_materialsOfDensities():
    densities = np.array([0.0012, 0.3, 0.93, 1.04, 1.4, 1.9, 2.2, 9.0])
    classes = materialClasses(densities)
    mixtures = [classMaterial(int(index)).massFractions for index in classes]
    assert [max(mixture, key=mixture.get) for mixture in mixtures] == [
        "air", "lung", "adipose", "softTissue", "corticalBone", "corticalBone", "corticalBone", "corticalBone"]
    assert classes[-1] == classCount() - 1 and np.all(np.diff(classes.astype(int)) >= 0)
    # A mixture of soft tissue and bone by volume gives the density back.
    bone = mixtures[4]["corticalBone"]
    assert 1 / (bone / 1.85 + (1 - bone) / 1.06) == pytest.approx(1.4, abs=0.03)


def test_metalIsCappedAndReported():
    density = np.full((2, 3, 4), 1.04, np.float32)
    assert cappedDensity(density) == (density, []) or cappedDensity(density)[0] is density
    density[0, 0, :2] = 7.9
    capped, words = cappedDensity(density)
    assert capped.max() == pytest.approx(2.2) and "2 voxels" in words[0] and "7.9 g/mL" in words[0]

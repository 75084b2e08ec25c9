"""The voxel S engine: S values out of it, energy balance, density, progeny, bad input."""

import numpy as np
import pytest

from MRTDosimetryLib.errors import CanceledError, InputError
from MRTDosimetryLib.physics.dose.radialKernels import COMPONENTS
from MRTDosimetryLib.physics.dose.registry import engine
from MRTDosimetryLib.physics.dose.voxelKernel import voxelKernelMeV
from MRTDosimetryLib.physics.nuclides import nuclide
from MRTDosimetryLib.physics.units import GY_KG_PER_GBQ_H_PER_MEV

SOFT = 1.04
DECAYS_PER_MBQ_H = 3.6e9


def compute(activity, density=SOFT, spacing=(4.8, 4.8, 4.8), name="Lu-177", **options):
    return engine("voxelS").compute(activity, density, spacing, nuclide(name), options=options)


def pointSource(shape=(21, 25, 17)):
    activity = np.zeros(shape, np.float32)
    activity[tuple(number // 2 for number in shape)] = 1.0
    return activity


@pytest.mark.parametrize("name", ["Lu-177", "Y-90"])
def test_onePointGivesTheKernel(name):
    """Spacing is along i, j, k: the last axis of the array first."""
    activity, spacing = pointSource(), (2.0, 3.0, 5.0)
    dose = compute(activity, spacing=spacing, name=name).absorbedDoseGy
    kernel = voxelKernelMeV(name, spacing[::-1], component=COMPONENTS).octantMeV[:11, :13, :9]
    expected = kernel * GY_KG_PER_GBQ_H_PER_MEV / (SOFT * 0.03)
    assert dose.dtype == np.float32
    # voxels far away hold a millionth of the center: the rounding of the transform is relative to that
    assert np.max(np.abs(dose[10:, 12:, 8:] - expected)) < 2e-7 * expected.max()
    assert dose[10, 12, 9] > dose[10, 13, 8] > dose[11, 12, 8]


def test_manyVoxelsOfOneActivity():
    """Where everything emitted comes back from the neighbors, all energy per decay stays: D = A E / m."""
    activity = np.full((60, 60, 60), 2.0, np.float32)
    beta = compute(activity, spacing=(3.0, 3.0, 3.0), name="P-32")
    entry = nuclide("P-32")
    expected = 2.0 * entry.electronEnergyMeV * GY_KG_PER_GBQ_H_PER_MEV / (SOFT * 0.027)
    assert beta.absorbedDoseGy[30, 30, 30] == pytest.approx(expected, rel=0.002)  # some bremsstrahlung leaves
    local = engine("localDeposition").compute(activity, SOFT, (3.0, 3.0, 3.0), entry)
    assert beta.absorbedDoseGy[30, 30, 30] == pytest.approx(local.absorbedDoseGy[30, 30, 30], rel=0.002)


@pytest.mark.parametrize("name", ["Lu-177", "I-131", "Y-90", "F-18"])
def test_energyBalance(name):
    rng = np.random.default_rng(4)
    activity = np.zeros((30, 40, 36), np.float32)
    activity[8:20, 10:25, 9:30] = rng.gamma(2.0, 1.0, (12, 15, 21))
    density = np.full(activity.shape, SOFT, np.float32)
    density[:, :, :5] = 0.001
    found = compute(activity, density, name=name)
    balance = found.energyBalance
    emitted = float(activity.sum(dtype=float)) * DECAYS_PER_MBQ_H * sum(
        value for key, value in nuclide(name).energiesMeV.items())
    assert balance["emittedMeV"] == pytest.approx(emitted, rel=2e-5)
    assert balance["depositedMeV"] + balance["escapedMeV"] == pytest.approx(balance["emittedMeV"], rel=1e-9)
    assert 0 < balance["escapedMeV"] < balance["emittedMeV"]
    # what the map holds: at the reference density, energy over mass
    joules = float(found.absorbedDoseGy.sum(dtype=float)) * SOFT * 4.8e-1 ** 3 * 1e-3
    inTissue = balance["depositedMeV"]
    assert joules / 1.602176634e-13 == pytest.approx(inTissue, rel=1e-5)
    assert balance["depositedInAirMeV"] > 0
    assert np.all(found.absorbedDoseGy[:, :, :5] == 0) and any("set to 0" in note for note in found.notes)


def test_densityOfElectronsAndPhotons():
    """Electrons over the true mass of the voxel; photons per mass of soft tissue whatever the density."""
    activity = pointSource((15, 15, 15))
    density = np.full(activity.shape, SOFT, np.float32)
    density[:, :, 8:] = 0.3
    density[7, 7, 7] = 0.52
    plain, lung = (compute(activity, value, name="I-131").absorbedDoseGy for value in (SOFT, density))
    assert lung[7, 7, 7] == pytest.approx(2 * plain[7, 7, 7], rel=0.02)  # 3 % of the center are photons
    assert lung[7, 7, 12] == pytest.approx(plain[7, 7, 12], rel=1e-3)


def test_alphaEmittersAndProgeny():
    activity = pointSource((11, 11, 11))
    with pytest.raises(InputError, match="progeny"):
        compute(activity, name="Ac-225")
    alone = compute(activity, name="Ac-225", progeny="excluded")
    chain = compute(activity, name="Ac-225", progeny="inPlace")
    assert chain.absorbedDoseGy[5, 5, 5] / alone.absorbedDoseGy[5, 5, 5] == pytest.approx(28.6 / 5.91, rel=0.02)
    total = sum(nuclide("Ac-225").summedEnergiesMeV("inPlace").values())
    assert chain.energyBalance["emittedMeV"] == pytest.approx(total * DECAYS_PER_MBQ_H, rel=2e-5)
    assert any("NOT included" in note for note in alone.notes)
    assert any("Progeny of Ac-225 in place" in note for note in chain.notes)


def test_kernelRadius():
    activity = pointSource((41, 41, 41))
    short, long = (compute(activity, name="I-131", kernelRadiusMM=radius).absorbedDoseGy for radius in (40.0, 300.0))
    assert short[20, 20, 20] == pytest.approx(long[20, 20, 20], rel=1e-5)
    assert long[20, 20, 38] > 1e-7 and abs(short[20, 20, 38]) < 1e-3 * long[20, 20, 38]
    assert any("followed to 300 mm" in note for note in compute(activity, name="I-131").notes)


def test_badInput():
    activity = pointSource((5, 5, 5))
    broken = activity.copy()
    broken[0, 0, 0] = np.nan
    for arguments, words in (((activity, np.ones((5, 5, 4))), "different grids"), ((broken,), "not finite"),
                             ((-activity,), "negative"), ((activity * 0,), "no activity"),
                             ((activity, 0.001), "that of air"), ((activity, SOFT, (0, 1, 1)), "voxel size")):
        with pytest.raises(InputError, match=words):
            compute(*arguments)
    for options, words in (({"magic": 1}, "Unknown option.*magic"), ({"kernelRadiusMM": 5.0}, "kernel radius"),
                           ({"kernelRadiusMM": "far"}, "kernel radius"), ({"kernelRadiusMM": True}, "kernel radius")):
        with pytest.raises(InputError, match=words):
            compute(activity, **options)


def test_canBeCanceled():
    def cancel(fraction, message=""):
        if fraction > 0.2:
            raise CanceledError

    with pytest.raises(CanceledError):
        engine("voxelS").compute(pointSource((5, 5, 5)), SOFT, (4, 4, 4), nuclide("Lu-177"), cancel)


def test_registered():
    found = engine("voxelS")
    assert found.title and not found.isLocal and set(found.optionNames) == {"progeny", "kernelRadiusMM"}

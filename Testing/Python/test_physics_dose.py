"""Local deposition and the registry of engines."""

import numpy as np
import pytest

from MRTDosimetryLib.errors import CanceledError, InputError
from MRTDosimetryLib.physics.dose.registry import engine, engineNames
from MRTDosimetryLib.physics.nuclides import nuclide

LUTETIUM = nuclide("Lu-177")


def compute(activity, density, spacing=(4.8, 4.8, 4.8), radionuclide=LUTETIUM, **options):
    return engine("localDeposition").compute(activity, density, spacing, radionuclide, options=options)


def test_kidneyOfTheWorkedExample():
    """Clinical reference T6: 10764.4 MBq h in 150 g of 177Lu gives 6.1228 Gy."""
    voxels = (10, 10, 10)
    spacing = (5.0, 5.0, 150 / 1.05 / 25.0)  # 1000 voxels hold 150 g at 1.05 g/mL
    doseMap = compute(np.full(voxels, 10764.4 / 1000), np.full(voxels, 1.05), spacing)
    assert doseMap.absorbedDoseGy == pytest.approx(6.1228, abs=5e-4)
    assert doseMap.isLocal and doseMap.engine == "localDeposition"


def test_completeDecay():
    """1 GBq of 90Y in 1 kg: 49.771 Gy (reference 5.1)."""
    yttrium = nuclide("Y-90")
    activity = np.full((1, 1, 1), 1000.0 / yttrium.decayConstantPerHour)
    doseMap = compute(activity, np.ones((1, 1, 1)), (100.0, 100.0, 100.0), yttrium)
    assert doseMap.absorbedDoseGy.item() == pytest.approx(49.771, abs=5e-4)


def test_energyIsConserved():
    rng = np.random.default_rng(3)
    activity = rng.gamma(1.0, 2.0, (20, 30, 25))
    density = rng.uniform(0.2, 1.6, activity.shape)
    dose = compute(activity, density, (4.0, 3.0, 5.0)).absorbedDoseGy
    joules = float(np.sum(dose * density)) * 0.06 * 1e-3  # Gy x g/mL x mL -> mJ x 1e-3
    expected = activity.sum() * 1e6 * 3600 * LUTETIUM.localEnergyMeV * 1.602176634e-13
    assert joules == pytest.approx(expected, rel=1e-12)


def test_uniformDensityAsANumber():
    activity = np.ones((2, 3, 4), np.float32)
    uniform = compute(activity, 1.04).absorbedDoseGy
    assert uniform == pytest.approx(compute(activity, np.full((2, 3, 4), 1.04, np.float32)).absorbedDoseGy)
    assert uniform.dtype == np.float32
    assert compute(activity.astype(float), 1.04).absorbedDoseGy.dtype == np.float64


def test_airIsZeroAndSaidSo():
    activity = np.full((1, 1, 4), 1.0, np.float32)
    doseMap = compute(activity, np.array([[[0.0, 0.00121, 0.3, 1.0]]], np.float32))
    assert doseMap.absorbedDoseGy[0, 0, :2].tolist() == [0.0, 0.0]
    assert np.all(doseMap.absorbedDoseGy[0, 0, 2:] > 0)
    assert any("set to 0" in text and "50.00%" in text for text in doseMap.notes)
    assert not any("set to 0" in text for text in compute(activity, np.ones_like(activity)).notes)


def test_noNumbersWithoutMeaning():
    activity, density = np.ones((2, 2, 2)), np.ones((2, 2, 2))
    bad = activity.copy()
    bad[0, 0, 0] = np.nan
    for arguments, words in (
            ((activity, np.ones((2, 2, 3))), "different grids"), ((bad, density), "time-integrated activity holds"),
            ((activity, bad), "density holds"), ((activity, -density), "not above zero"),
            ((activity, 0.0), "not above zero"), ((activity, density, (0, 1, 1)), "voxel size"),
            ((activity, density, (1, 1)), "voxel size")):
        with pytest.raises(InputError, match=words):
            compute(*arguments)
    with pytest.raises(InputError, match="Unknown option"):
        compute(activity, density, magic=1)


def test_progenyAreNotForgotten():
    activity = np.ones((1, 1, 1))
    with pytest.raises(InputError, match="progeny of Ac-225"):
        compute(activity, 1.0, radionuclide=nuclide("Ac-225"))
    doseMap = compute(activity, 1.0, radionuclide=nuclide("Ac-225"), progeny="excluded")
    assert any("NOT included" in text for text in doseMap.notes)


def test_canBeCanceled():
    def cancel(fraction, message=""):
        raise CanceledError

    with pytest.raises(CanceledError):
        engine("localDeposition").compute(np.ones((1, 1, 1)), 1.0, (1, 1, 1), LUTETIUM, cancel)


def test_registry():
    assert engineNames()[0] == "localDeposition" and engine("localDeposition").title
    with pytest.raises(InputError, match="not an absorbed-dose engine.*localDeposition"):
        engine("magic")

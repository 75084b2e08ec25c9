"""Units and decay."""

import math

import pytest

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.physics import decay, units


@pytest.mark.parametrize(("unit", "factor"), [
    ("Bq/mL", 1.0), ("Bq/ml", 1.0), ("BQ/ML", 1.0), ("kBq/mL", 1e3), ("MBq/ml", 1e6), (" MBq/mL ", 1e6)])
def test_concentrationUnits(unit, factor):
    assert units.concentrationFactorToBqPerML(unit) == factor


@pytest.mark.parametrize("unit", ["", "counts", "mBq/mL", "Bq", "GBq/mL", "Bq/cc", None])
def test_otherUnitsAreRefused(unit):
    with pytest.raises(InputError, match="not a unit of activity concentration"):
        units.concentrationFactorToBqPerML(unit)


def test_absorbedDosePerEnergy():
    # 1 MeV per decay x 1 GBq h in 1 kg = 1.602176634e-13 J x 3.6e12 decays.
    assert units.GY_KG_PER_GBQ_H_PER_MEV == pytest.approx(0.57678358824, rel=1e-12)


def test_decayFactor():
    assert decay.decayFactor(6.0, 6.0) == 0.5
    assert decay.decayFactor(6.0, -12.0) == 4.0
    assert decay.decayFactor(6.0, [0.0, 6.0, 18.0]).tolist() == [1.0, 0.5, 0.125]


def test_halfLifeAndDecayConstant():
    # Mean life of 177Lu: 230.150 h (clinical reference, section 10).
    assert 1.0 / decay.decayConstantPerHour(159.528) == pytest.approx(230.150, abs=5e-4)
    assert decay.halfLifeHours(decay.decayConstantPerHour(64.1)) == pytest.approx(64.1, rel=1e-14)


def test_acquisitionDecayFactorAgainstTheMeanOverTheScan():
    halfLife, duration, steps = 1.8295, 0.75, 200000
    mean = sum(2.0 ** (-(step + 0.5) * duration / steps / halfLife) for step in range(steps)) / steps
    assert decay.acquisitionDecayFactor(halfLife, duration) == pytest.approx(1.0 / mean, rel=1e-9)
    assert decay.acquisitionDecayFactor(159.528, 0.0) == 1.0
    # A short scan of a long-lived nuclide: 1 + lambda d / 2.
    tiny = math.log(2) / 159.528 * 1e-6 / 2
    assert decay.acquisitionDecayFactor(159.528, 1e-6) - 1 == pytest.approx(tiny, rel=1e-3)


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf, "6", True])
def test_impossibleHalfLives(value):
    with pytest.raises(InputError, match="half-life"):
        decay.decayConstantPerHour(value)
    with pytest.raises(InputError, match="half-life"):
        decay.decayFactor(value, 1.0)


def test_impossibleTimes():
    with pytest.raises(InputError, match="elapsed"):
        decay.decayFactor(6.0, math.nan)
    with pytest.raises(InputError, match="duration"):
        decay.acquisitionDecayFactor(6.0, -1.0)

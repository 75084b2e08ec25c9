"""Absorbed dose from absorbed-dose rates, and rates from engines."""

import numpy as np
import pytest

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.imaging.rateMaps import integrateRate, integrateRates
from MRTDosimetryLib.imaging.volume import Volume
from MRTDosimetryLib.physics.dose.doseRate import computeDoseRate
from MRTDosimetryLib.physics.dose.registry import engine
from MRTDosimetryLib.physics.nuclides import nuclide

LUTETIUM = nuclide("Lu-177")
PHYSICAL = LUTETIUM.halfLifeHours
TIMES = (4.0, 24.0, 96.0, 168.0)
GEOMETRY = np.diag([4.0, 5.0, 6.0, 1.0])


def patient():
    """Initial activity (MBq per voxel) and effective half-life (h) per voxel."""
    rng = np.random.default_rng(8)
    return rng.uniform(0.5, 2.0, (6, 8, 10)), rng.uniform(30.0, 100.0, (6, 8, 10))


def ratesOf(activity, halfLife):
    rates = [computeDoseRate(engine("localDeposition"), activity * np.exp2(-time / halfLife), 1.05, (4.0, 5.0, 6.0),
                             LUTETIUM) for time in TIMES]
    return [Volume(item.absorbedDoseRateGyPerH, GEOMETRY, "Gy/h", "rate") for item in rates]


def test_ratesAndTheIntegratedRouteAgree():
    activity, halfLife = patient()
    integrated = engine("localDeposition").compute(activity * halfLife / np.log(2), 1.05, (4.0, 5.0, 6.0), LUTETIUM)
    rates = ratesOf(activity, halfLife)
    found = integrateRates(rates, TIMES, PHYSICAL)
    assert found.volume.unit == "Gy" and found.replacedShare == 0
    assert found.volume.array == pytest.approx(integrated.absorbedDoseGy, rel=2e-5)
    single = integrateRate(rates[1], TIMES[1], halfLife, PHYSICAL)
    assert single.volume.array == pytest.approx(integrated.absorbedDoseGy, rel=1e-9)
    assert any("monoExponential" in note for note in found.notes)


def test_oneRateWithOneHalfLife():
    rate = Volume(np.full((2, 2, 2), 0.01), GEOMETRY, "Gy/h", "rate")
    found = integrateRate(rate, 24.0, 50.0, PHYSICAL)
    assert found.volume.array == pytest.approx(0.01 * np.exp2(24 / 50) * 50 / np.log(2))
    assert "50 h" in found.notes[0]
    assert integrateRate(rate, 24.0, PHYSICAL, PHYSICAL).volume.array.min() > 0
    for halfLife, time, words in ((200.0, 24.0, "200 h is not between"), (0.0, 24.0, "not between"),
                                  (float("nan"), 24.0, "not between"), (50.0, 0.0, "time"),
                                  (1e-3, 24.0, "nothing can be said"), (np.ones((1, 2, 2)), 24.0, "not on the grid")):
        with pytest.raises(InputError, match=words):
            integrateRate(rate, time, halfLife, PHYSICAL)


def test_voxelsWithoutAPhysicalCourseFollowTheWhole():
    activity, halfLife = patient()
    rates = ratesOf(activity, halfLife)
    expected = integrateRates(rates, TIMES, PHYSICAL).volume.array
    for rate, value in zip(rates, (1e-3, 2e-3, 3e-3, 8e-3), strict=True):
        rate.array[0, 0, 0] = value  # rises
        rate.array[5, 5, 5] = 0.0
    found = integrateRates(rates, TIMES, PHYSICAL)
    assert found.replacedShare == pytest.approx(1 / (activity.size - 1), rel=1e-6)
    assert found.volume.array[5, 5, 5] == 0 and found.volume.array[0, 0, 0] > 0
    assert found.volume.array[1:4] == pytest.approx(expected[1:4])


def test_refusalsOfSeveralRates():
    rates = ratesOf(*patient())
    other = Volume(rates[0].array, np.diag([4.0, 5.0, 6.5, 1.0]), "Gy/h", "rate")
    rising = [rate.withArray(rate.array) for rate in reversed(rates)]
    for volumes, times, words in ((rates[:1], TIMES[:1], "two or more"), (rates, TIMES[:3], "4 maps.*3 times"),
                                  ([rates[0], other], TIMES[:2], "not on one grid"),
                                  (rates, TIMES[::-1], "increasing"), (rising, TIMES, "no physical course")):
        with pytest.raises(InputError, match=words):
            integrateRates(volumes, times, PHYSICAL)
    with pytest.raises(InputError, match="cannot be fitted per voxel"):
        integrateRates(rates, TIMES, PHYSICAL, model="magic")


def test_rateOfAnEngine():
    activity = np.full((2, 2, 2), 3.0)
    rate = computeDoseRate(engine("localDeposition"), activity, 1.0, (10.0, 10.0, 10.0), LUTETIUM)
    assert rate.absorbedDoseRateGyPerH == pytest.approx(3 * 0.08532, rel=1e-4)
    assert rate.engine == "localDeposition" and "Gy/h" in rate.notes[0]


def test_progenyOfARateHaveToBeInEquilibrium():
    def rate(name, progeny):
        return computeDoseRate(engine("localDeposition"), np.ones((1, 1, 1)), 1.0, (10.0, 10.0, 10.0), nuclide(name),
                               options={"progeny": progeny})

    assert rate("Ac-225", "inPlace").absorbedDoseRateGyPerH.item() == pytest.approx(28.6843 * 0.57678, rel=1e-4)
    assert any("equilibrium" in note for note in rate("Pb-212", "inPlace").notes)
    with pytest.raises(InputError, match="Ra-223 is not in equilibrium with Th-227"):
        rate("Th-227", "inPlace")
    with pytest.raises(InputError, match="Pb-209 is not in equilibrium with Bi-213"):
        rate("Bi-213", "inPlace")
    assert rate("Th-227", "excluded").absorbedDoseRateGyPerH.item() == pytest.approx(3.49748, rel=1e-4)
    with pytest.raises(InputError, match="not stated"):
        computeDoseRate(engine("localDeposition"), np.ones((1, 1, 1)), 1.0, (1, 1, 1), nuclide("Ra-223"))

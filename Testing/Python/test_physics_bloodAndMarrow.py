"""Absorbed dose of blood and red marrow: worked examples, uncertainty, refusals."""

import math

import numpy as np
import pytest

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.physics import blood, marrow
from MRTDosimetryLib.physics.kinetics.curve import TimeActivityCurve
from MRTDosimetryLib.physics.nuclides import nuclide

IODINE, LUTETIUM = nuclide("I-131"), nuclide("Lu-177")


def test_theWorkedExampleOfBlood():
    """Clinical reference T4."""
    dose = blood.bloodDose(8.0e-4, 4e-5, 24.0, 1.0, 70.0, IODINE)
    assert dose.bloodTermGyPerGBq == pytest.approx(0.0864) and dose.wholeBodyTermGyPerGBq == pytest.approx(
        0.026565, abs=5e-7)
    assert dose.coefficientGyPerGBq == pytest.approx(0.11296, abs=5e-6)
    assert dose.uncertaintyGyPerGBq == pytest.approx(math.hypot(108 * 4e-5, 0.026565 / 24), rel=1e-4)
    activity, uncertainty, safe = blood.maximumActivity(dose.coefficientGyPerGBq, dose.uncertaintyGyPerGBq, 2.0)
    assert activity == pytest.approx(17.70, abs=6e-3)
    assert uncertainty / activity == pytest.approx(dose.uncertaintyGyPerGBq / dose.coefficientGyPerGBq)
    assert safe < activity and blood.maximumActivity(0.1, None, 2.0) == (pytest.approx(20.0), None, None)


def test_probabilityOfTheSafeActivity():
    random = np.random.default_rng(5)
    true = np.exp(math.log(0.1) + 0.15 * random.standard_normal(20000))
    _activity, _uncertainty, safe = blood.maximumActivity(0.1, 0.015, 2.0)
    assert np.mean(true * safe > 2.0) == pytest.approx(0.05, abs=0.006)


def test_bloodOfAnotherRadionuclide():
    """Electrons in blood; photons are not guessed."""
    dose = blood.bloodDose(6.0e-4, 1e-5, None, None, None, LUTETIUM)
    assert dose.coefficientGyPerGBq == pytest.approx(0.0483, abs=5e-5) and dose.wholeBodyTermGyPerGBq is None
    assert dose.uncertaintyGyPerGBq == pytest.approx(dose.coefficientGyPerGBq / 60)
    with pytest.raises(InputError, match="whole-body readings and the body mass"):
        blood.bloodDose(6.0e-4, None, None, None, 70.0, IODINE)
    with pytest.raises(InputError, match="progeny"):
        blood.bloodDose(6.0e-4, None, None, None, None, nuclide("Ra-223"))


def test_singlePoint():
    """(15.12/V + 0.0188/m^(2/3)) t/ln(1/R)."""
    dose, wholeBodyH, halfLife = blood.singlePointBloodDose(24.0, 0.3, None, 70.0, 5000.0, IODINE)
    assert wholeBodyH == pytest.approx(24.0 / math.log(1 / 0.3)) and halfLife == pytest.approx(wholeBodyH * math.log(2))
    assert dose.coefficientGyPerGBq == pytest.approx((15.12 / 5000 + 0.0188 / 70 ** (2 / 3)) * wholeBodyH, rel=1e-12)
    assert dose.uncertaintyGyPerGBq / dose.coefficientGyPerGBq == pytest.approx(0.14 * math.sqrt(math.pi / 2))
    wide = blood.singlePointBloodDose(24.0, 0.3, 0.03, 70.0, 5000.0, IODINE)[0]
    step = 1e-5
    slope = (blood.singlePointBloodDose(24.0, 0.3 + step, None, 70.0, 5000.0, IODINE)[0].coefficientGyPerGBq
             - blood.singlePointBloodDose(24.0, 0.3 - step, None, 70.0, 5000.0, IODINE)[0].coefficientGyPerGBq) / (
        2 * step)
    assert wide.uncertaintyGyPerGBq == pytest.approx(math.hypot(dose.uncertaintyGyPerGBq, 0.03 * slope), rel=1e-5)


@pytest.mark.parametrize("retained", [0.97, 1.0, 1.2])
def test_singlePointBeyondPhysicalDecay(retained):
    with pytest.raises(InputError, match="more than the .* that physical decay leaves"):
        blood.singlePointBloodDose(24.0, retained, None, 70.0, 5000.0, IODINE)


def test_singlePointOfAnotherRadionuclide():
    with pytest.raises(InputError, match="It is for 131I"):
        blood.singlePointBloodDose(24.0, 0.3, None, 70.0, 5000.0, LUTETIUM)


def test_bloodVolume():
    """Nadler 1962: 1.75 m and 75 kg, 1.65 m and 65 kg."""
    assert blood.bloodVolumeML("male", 175.0, 75.0) == pytest.approx(4984.7, abs=0.1)
    assert blood.bloodVolumeML("female", 165.0, 65.0) == pytest.approx(3933.1, abs=0.1)
    for height, age in ((120.0, None), (165.0, 12)):
        with pytest.raises(InputError, match="adults alone.*bloodVolumeML"):
            blood.bloodVolumeML("female", height, 40.0, age)


@pytest.mark.parametrize("scale", [1.0, 1e-3, 1e-6])
def test_bloodKineticsOfConcentrations(scale):
    """A bi-exponential blood curve of small numbers is fitted as one of large ones."""
    times = np.array([2.0, 6.0, 24.0, 48.0, 96.0, 144.0])
    values = 0.9 * np.exp(-0.15 * times) + 0.1 * np.exp(-0.012 * times)
    curve = TimeActivityCurve(times, scale * values, 0.03 * scale * values)
    result = blood.bloodKinetics(curve, IODINE.decayConstantPerHour)
    truth = scale * (0.9 / 0.15 + 0.1 / 0.012)
    assert result.timeIntegratedActivityMBqH == pytest.approx(truth, rel=0.02)
    assert result.timeIntegratedActivityUncertaintyMBqH < 0.15 * truth
    with pytest.raises(InputError, match="at least two samples"):
        blood.bloodKinetics(TimeActivityCurve([2.0], [1e-3]), IODINE.decayConstantPerHour)


def test_coverageOfTheBloodCoefficient():
    """5 % scatter of the samples: 95 % intervals hold the true area."""
    random = np.random.default_rng(11)
    times = np.array([2.0, 6.0, 24.0, 48.0, 96.0, 144.0])
    truth = 2e-4 * (0.9 / 0.15 + 0.1 / 0.012)
    hits, runs = 0, 100
    for _ in range(runs):
        values = 2e-4 * (0.9 * np.exp(-0.15 * times) + 0.1 * np.exp(-0.012 * times))
        measured = values * random.normal(1.0, 0.05, times.size)
        low, high = blood.bloodKinetics(TimeActivityCurve(times, measured, 0.05 * measured),
                                        IODINE.decayConstantPerHour).timeIntegratedActivityInterval95MBqH
        hits += low < truth < high
    assert hits / runs >= 0.90, hits / runs


@pytest.mark.parametrize(("hematocrit", "ratio"), [(0.47, 0.3585), (0.40, 0.3167)])
def test_marrowToBloodRatio(hematocrit, ratio):
    found = marrow.ratioByHematocrit(hematocrit)
    assert found.ratio == pytest.approx(ratio, abs=5e-5) and "hematocrit" in found.words


def test_whichRatio():
    assert marrow.ratioFor("Lu-177").ratio == 1.0 and marrow.ratioFor("Lu-177", 0.4).ratio == 1.0
    assert marrow.ratioFor("I-131", 0.4).ratio == pytest.approx(0.19 / 0.6)
    with pytest.raises(InputError, match="needs the hematocrit"):
        marrow.ratioFor("I-131")
    with pytest.raises(InputError, match="Write 0.45 for 45 %"):
        marrow.ratioByHematocrit(45)


def test_localElectronsInMarrow():
    """6.0e-4 h/mL, 1.06 g/mL, ratio 1, 177Lu."""
    assert marrow.selfDoseCoefficient(6.0e-4, 1.0, LUTETIUM) == pytest.approx(0.0483, abs=5e-5)
    assert marrow.selfDoseCoefficient(6.0e-4, 0.3167, LUTETIUM) == pytest.approx(0.0153, abs=5e-5)


def test_remainderOfTheBody():
    """A body of uniform S values has that S value in each of its parts; activities add up."""
    organs = [marrow.Source("liver", 2e-7, 1.8, 3.0), marrow.Source("kidneys", 2e-7, 0.3, 2.0)]
    assert marrow.remainderSValue(2e-7, 73.0, organs) == pytest.approx(2e-7)
    hot = [marrow.Source("liver", 4e-7, 1.8, 3.0)]
    assert marrow.remainderSValue(2e-7, 73.0, hot) == pytest.approx((2e-7 * 73.0 - 4e-7 * 1.8) / 71.2)
    organ, rest = marrow.crossDoseCoefficient(organs, 2e-7, 73.0, 20.0, 1.0, 73.0)
    assert organ == pytest.approx(1000 * 5 * 2e-7) and rest == pytest.approx(1000 * 14 * 2e-7)
    lighter = marrow.crossDoseCoefficient(organs, 2e-7, 73.0, 20.0, 1.0, 36.5)
    assert lighter == pytest.approx((2 * organ, 2 * rest))
    with pytest.raises(InputError, match="more than the whole body"):
        marrow.crossDoseCoefficient(organs, 2e-7, 73.0, 5.0, 1.0, 73.0)
    with pytest.raises(InputError, match="not above zero.*one phantom"):
        marrow.remainderSValue(2e-8, 73.0, [marrow.Source("liver", 4e-6, 1.8, 3.0)])

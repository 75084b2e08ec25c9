"""Radioembolization: worked examples to their printed digits, limits of the models, conservation, uncertainties."""

import math
import re

import numpy as np
import pytest

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.physics import lungShunt, microspheres
from MRTDosimetryLib.physics.microspheres import LUNGS
from MRTDosimetryLib.physics.nuclides import nuclide
from MRTDosimetryLib.physics.uncertainty.firstOrder import propagateFirstOrder

K = 49.67  # J/GBq, of the worked examples


def example(ratio=5.0, constant=K):
    """Tumor 0.25 kg, normal liver 1.35 kg, lungs 1 kg, 6 % to the lungs."""
    return microspheres.concentrationPartition({"tumor": 250.0, "normal": 1350.0}, {"tumor": ratio, "normal": 1.0},
                                               0.06, 1000.0, constant)


def test_monoCompartmentToThePrintedDigits():
    activityMBq = microspheres.monoCompartmentActivityMBq(120.0, 1200.0, K, 0.05, 0.02)
    assert f"{activityMBq / 1000:.5f}" == "3.11400"
    assert microspheres.monoCompartmentAbsorbedDoseGy(activityMBq, 1200.0, K, 0.05, 0.02) == pytest.approx(120.0)


def test_partitionToThePrintedDigits():
    found = example()
    activities = [found.activityMBq(2000.0, name) / 1000 for name in ("tumor", "normal", LUNGS)]
    assert [f"{value:.6f}" for value in activities] == ["0.903846", "0.976154", "0.120000"]
    doses = [found.absorbedDoseGy(2000.0, name) for name in ("tumor", "normal", LUNGS)]
    assert [f"{doses[0]:.3f}", f"{doses[1]:.3f}", f"{doses[2]:.4f}"] == ["179.576", "35.915", "5.9604"]
    assert f"{found.absorbedDoseGy(2000.0, 'tumor', 'normal'):.3f}" == "58.362"
    wanted = [found.activityForMBq(doseGy, name) / 1000 for doseGy, name in (
        (40.0, "normal"), (120.0, "tumor"), (30.0, LUNGS))]
    assert [f"{wanted[0]:.5f}", f"{wanted[1]:.5f}", f"{wanted[2]:.4f}"] == ["2.22747", "1.33648", "10.0664"]


def test_bodySurfaceAreaToThePrintedDigits():
    surface = microspheres.bodySurfaceAreaM2(170.0, 70.0)
    assert f"{surface:.5f}" == "1.80968"
    assert f"{microspheres.bodySurfaceActivityMBq(surface, 0.25 / 1.60) / 1000:.5f}" == "1.76593"
    assert f"{microspheres.bodySurfaceActivityMBq(surface, 0.25 / 1.60, 0.6) / 1000:.5f}" == "1.05956"
    assert [microspheres.lungShuntReduction(value) for value in (0.05, 0.10, 0.12, 0.18, 0.25)] == [
        0.0, 0.0, 0.2, 0.4, 1.0]


def test_lungLimitOfTheInstructionsForUse():
    """0.61 GBq in the lungs are 30.5 Gy at 50 J/GBq in 1 kg."""
    found = microspheres.concentrationPartition({"liver": 1500.0}, {"liver": 1.0}, 0.1, 1000.0, 50.0)
    limitMBq = microspheres.lungActivityLimitMBq()
    assert limitMBq == 610.0
    assert found.absorbedDoseGy(limitMBq / 0.1, LUNGS) == pytest.approx(30.5)


def test_constantsAndTheirOrigin():
    y90 = microspheres.tableConstantJPerGBq("Y-90")
    assert y90 == pytest.approx(49.771, abs=5e-4) and microspheres.tableConstantJPerGBq("Ho-166") == pytest.approx(
        15.53, abs=5e-3)
    default = microspheres.doseConstant("Y-90")
    assert default.valueJPerGBq == 49.67 and "default" in default.origin
    assert "nuclide table" in microspheres.doseConstant("Y-90", 49.77).origin
    assert "rounded" in microspheres.doseConstant("Y-90", 50.0).origin
    assert not microspheres.doseConstant("Y-90", 49.38).isVerified
    own = microspheres.doseConstant("Y-90", 49.5)
    assert "own" in own.origin and own.valueJPerGBq == 49.5 and not own.isVerified
    assert "nuclide table" in microspheres.doseConstant("Ho-166").origin
    # 49.67 is 0.9312 MeV per decay at 64.1 h
    assert 0.9312 * 1.602176634e-13 * 1e9 * 64.1 * 3600 / math.log(2) == pytest.approx(49.67, abs=5e-3)
    for wrong in (49670.0, 0.04967, 15.5, float("nan")):
        with pytest.raises(InputError, match="J/GBq"):
            microspheres.doseConstant("Y-90", wrong)


def test_aRatioOfOneIsTheMonoCompartment():
    found = example(ratio=1.0)
    mono = microspheres.monoCompartmentAbsorbedDoseGy(2000.0, 1600.0, K, 0.06)
    for name in ("tumor", "normal"):
        assert found.absorbedDoseGy(2000.0, name) == pytest.approx(mono, rel=1e-12)
    # whatever the ratio, the mean of the perfused volume stays
    assert example(17.0).absorbedDoseGy(2000.0, "tumor", "normal") == pytest.approx(mono, rel=1e-12)


@pytest.mark.parametrize("ratio", [0.2, 1.0, 5.0, 40.0])
def test_activityAndEnergyAreConserved(ratio):
    found = microspheres.concentrationPartition(
        {"one": 120.0, "two": 40.0, "normal": 1100.0, "cold": 300.0},
        {"one": ratio, "two": 2 * ratio, "normal": 1.0, "cold": 0.0}, 0.08, 950.0, K)
    assert math.fsum(found.shares.values()) == pytest.approx(1.0, rel=1e-14)
    energy = math.fsum(found.absorbedDoseGy(1000.0, name) * mass for name, mass in found.massesG.items())
    assert energy == pytest.approx(1000.0 * K, rel=1e-12)
    assert found.absorbedDoseGy(1000.0, "two") == pytest.approx(2 * found.absorbedDoseGy(1000.0, "one"))
    assert found.absorbedDoseGy(1000.0, "cold") == 0.0
    whole = found.absorbedDoseGy(1000.0, "normal", "cold")
    assert whole == pytest.approx(found.absorbedDoseGy(1000.0, "normal") * 1100 / 1400)


def test_ratioOfActivitiesIsAnotherModel():
    masses = {"tumor": 250.0, "normal": 1350.0}
    found = microspheres.activityRatioPartition("tumor", "normal", masses, 2.0, 0.1, 1000.0, 50.0)
    tumor, normal, lung = (found.activityMBq(1000.0, name) for name in ("tumor", "normal", LUNGS))
    assert tumor / normal == pytest.approx(2.0) and lung / (tumor + lung) == pytest.approx(0.1)
    assert tumor + normal + lung == pytest.approx(1000.0)
    assert found.absorbedDoseGy(1000.0, "tumor") == pytest.approx(50.0 * tumor / 250.0)
    # the same activities by concentrations: TNR = R m_N / m_T, LSF = A_L / A
    same = microspheres.concentrationPartition(masses, {"tumor": 2.0 * 1350 / 250, "normal": 1.0}, lung / 1000.0,
                                               1000.0, 50.0)
    for name in ("tumor", "normal", LUNGS):
        assert same.shares[name] == pytest.approx(found.shares[name])


def test_lungShuntByGeometricMean():
    found = lungShunt.planarShunt(
        {"anteriorCounts": 1200, "posteriorCounts": 2500, "anteriorBackgroundCounts": 200,
         "posteriorBackgroundCounts": 250},
        {"anteriorCounts": 40100, "posteriorCounts": 22600, "anteriorBackgroundCounts": 100,
         "posteriorBackgroundCounts": 100})
    assert found.lungCounts == pytest.approx(1500.0) and found.liverCounts == pytest.approx(30000.0)
    assert found.fraction == pytest.approx(1500 / 31500)
    assert lungShunt.spectShunt(500, 9500).fraction == pytest.approx(0.05)
    # binomial: sqrt(p (1 - p) / n)
    assert lungShunt.spectShunt(500, 9500).uncertainty == pytest.approx(math.sqrt(0.05 * 0.95 / 10000))


def test_countingUncertaintyOfTheLungShuntAgainstMonteCarlo():
    random = np.random.default_rng(3)
    means = {"lung": (1200, 200, 2500, 250), "liver": (40100, 100, 22600, 100)}
    drawn = {}
    for organ, values in means.items():
        anterior, anteriorBackground, posterior, posteriorBackground = (
            random.poisson(value, 200_000) for value in values)
        drawn[organ] = np.sqrt((anterior - anteriorBackground) * (posterior - posteriorBackground))
    spread = (drawn["lung"] / (drawn["lung"] + drawn["liver"])).std()
    organs = [dict(zip(("anteriorCounts", "anteriorBackgroundCounts", "posteriorCounts", "posteriorBackgroundCounts"),
                       values, strict=True)) for values in means.values()]
    assert lungShunt.planarShunt(*organs).uncertainty == pytest.approx(spread, rel=0.02)


def test_uncertaintiesAgainstMonteCarlo():
    values = {"mass": 250.0, "normal": 1350.0, "ratio": 5.0, "shunt": 0.06, "lung": 1000.0, "k": K}
    # of a few percent, where first order holds; 10 % of the ratio would make the activity's 4 % larger than first order
    spreads = {"mass": 6.0, "normal": 30.0, "ratio": 0.25, "shunt": 0.005, "lung": 25.0, "k": 0.25}

    def outputs(item):
        found = microspheres.concentrationPartition(
            {"tumor": item["mass"], "normal": item["normal"]}, {"tumor": item["ratio"], "normal": 1.0}, item["shunt"],
            item["lung"], item["k"])
        return {"tumor": found.absorbedDoseGy(2000.0, "tumor"), "normal": found.absorbedDoseGy(2000.0, "normal"),
                "lung": found.absorbedDoseGy(2000.0, LUNGS), "activity": found.activityForMBq(120.0, "tumor")}

    found = propagateFirstOrder(outputs, values, spreads)
    random = np.random.default_rng(7)
    samples = [outputs({name: random.normal(value, spreads[name]) for name, value in values.items()})
               for _ in range(20_000)]
    for name, item in found.items():
        drawn = np.array([sample[name] for sample in samples])
        assert item.uncertainty == pytest.approx(drawn.std(), rel=0.02), name
        assert item.uncertainty ** 2 == pytest.approx(sum(part ** 2 for part in item.parts.values()))
    # mono-compartment lungs: relative uncertainties of shunt, mass and constant in quadrature
    expected = math.sqrt((0.005 / 0.06) ** 2 + 0.025 ** 2 + (0.25 / K) ** 2)
    assert found["lung"].uncertainty / found["lung"].value == pytest.approx(expected, rel=1e-5)


def test_ratioFromCounts():
    ratio, uncertainty = microspheres.tumorToNormalRatio(250_000, 250.0, 270_000, 1350.0)
    assert ratio == pytest.approx(5.0) and uncertainty == pytest.approx(5.0 * math.sqrt(1 / 250_000 + 1 / 270_000))


@pytest.mark.parametrize(("call", "words"), [
    (lambda: microspheres.monoCompartmentActivityMBq(120.0, 1200.0, K, 5.0), "5.*below 1.*fraction"),
    (lambda: microspheres.monoCompartmentActivityMBq(120.0, 1200.0, K, 0.05, -0.02), "residual fraction.*-0.02"),
    (lambda: microspheres.monoCompartmentAbsorbedDoseGy(120.0, 0.0, K), "mass.*above zero"),
    (lambda: microspheres.concentrationPartition({"tumor": 1.0}, {"tumor": 0.0}, 0.0, None, K), "No compartment"),
    (lambda: microspheres.concentrationPartition({"tumor": -1.0}, {"tumor": 1.0}, 0.0, None, K), "tumor.*above zero"),
    (lambda: microspheres.concentrationPartition({"tumor": 1.0}, {"tumor": -1.0}, 0.0, None, K), "cannot be negative"),
    (lambda: microspheres.activityRatioPartition("t", "n", {"t": 1, "n": 1}, 0.0, 0.1, None, K), "above zero"),
    (lambda: example().activityForMBq(10.0) and None, "No activity reaches"),
    (lambda: lungShunt.planarShunt({"anteriorCounts": 100, "posteriorCounts": 50, "posteriorBackgroundCounts": 60},
                                   {"anteriorCounts": 100, "posteriorCounts": 100}), "lungs.*posterior.*background"),
    (lambda: lungShunt.spectShunt(0, 100), "lungs.*above zero"),
    (lambda: propagateFirstOrder(lambda item: {"x": item["a"]}, {"a": 1.0}, {"b": 1.0}), "not among"),
    (lambda: propagateFirstOrder(lambda item: {"x": item["a"]}, {"a": 1.0}, {"a": -1.0}), "cannot be negative")])
def test_badInputIsRefusedInWords(call, words):
    with pytest.raises(InputError) as caught:
        call()
    assert re.search(words, str(caught.value)), str(caught.value)


def test_absorbedDoseWithoutMassIsNotComputed():
    found = microspheres.concentrationPartition({"liver": 1500.0}, {"liver": 1.0}, 0.1, None, K)
    assert found.absorbedDoseGy(1000.0, LUNGS) is None and found.activityForMBq(30.0, LUNGS) is None


def test_constantIsTheMeanLifeTimesTheEnergy():
    """k of the nuclide table is the absorbed dose of 1 GBq in 1 kg by the local engine."""
    from MRTDosimetryLib.physics.dose.localDeposition import regionMeanGy

    y90 = nuclide("Y-90")
    assert regionMeanGy(1000.0 / y90.decayConstantPerHour, 1000.0, y90) == pytest.approx(
        microspheres.tableConstantJPerGBq("Y-90"), rel=1e-12)

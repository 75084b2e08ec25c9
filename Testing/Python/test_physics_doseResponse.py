"""Repair in two components, repopulation, maps, EUD and dose-response curves against closed forms and quadrature."""

import math

import numpy as np
import pytest
from scipy import integrate, stats

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.physics import doseResponse
from MRTDosimetryLib.physics.radiobiology import bed, leaCatchesideFactor, leaCatchesideFactorPiecewise, repopulationGy

LN2 = math.log(2)
UPTAKE = [(10.0, LN2 / 50), (-9.0, LN2 / 3), (2.0, LN2 / 120)]


def byDoubleQuadrature(shape, repair):
    """G = (2/D^2) of the double integral of R(t) R(w) exp(-mu (t - w)) over w < t, by scipy."""
    def rate(t):
        return sum(amplitude * math.exp(-k * t) for amplitude, k in shape)

    def inner(t):  # what is left unrepaired at t; older damage than 60 repair half-lives is gone
        return integrate.quad(lambda w: rate(w) * sum(
            share * math.exp(-LN2 / hours * (t - w)) for share, hours in repair), max(t - 60 * 30, 0), t,
            points=[max(t - 10, 0), max(t - 60, 0)] if t > 60 else None, limit=400)[0]

    total = sum(amplitude / k for amplitude, k in shape)
    edges = [0, 5, 20, 60, 200, 600, 1500, 3500]
    cross = sum(integrate.quad(lambda t: rate(t) * inner(t), low, high, limit=200)[0]
                for low, high in zip(edges, edges[1:], strict=False))
    return 2 * cross / total ** 2


@pytest.mark.parametrize("repair", [[(1.0, 2.8)], [(0.5, 0.4), (0.5, 5.0)], [(0.2, 0.3), (0.8, 2.5)]])
def test_anySumOfExponentialsWithRepairInComponents(repair):
    expected = byDoubleQuadrature(UPTAKE, repair)
    assert leaCatchesideFactor(UPTAKE, repair) == pytest.approx(expected, rel=1e-6)


def test_oneComponentIsTheHalfLife():
    assert leaCatchesideFactor(UPTAKE, [(1.0, 2.8)]) == leaCatchesideFactor(UPTAKE, 2.8)
    pieces = ([0, 10, 100], [1.0, 0.8, 0.2], 0.01)
    mixed = leaCatchesideFactorPiecewise(*pieces, [(0.3, 1.0), (0.7, 4.0)])
    assert mixed == pytest.approx(0.3 * leaCatchesideFactorPiecewise(*pieces, 1.0)
                                  + 0.7 * leaCatchesideFactorPiecewise(*pieces, 4.0))


@pytest.mark.parametrize("repair", [[(0.5, 1.0), (0.6, 2.0)], [(-0.5, 1.0), (1.5, 2.0)], [], [(1.0, 0.0)], [1.0, 2.8]])
def test_repairThatCannotBe(repair):
    with pytest.raises(InputError):
        leaCatchesideFactor(UPTAKE, repair)


def test_bedOfAMap():
    """T25 in a voxel: 5 Gy, 50 h, repair 2.8 h, alpha/beta 2.6 Gy -> 5.509907 Gy."""
    factor = leaCatchesideFactor([(1.0, LN2 / 50)], 2.8)
    absorbedDose = np.zeros((2, 3, 4), np.float32)
    absorbedDose[1, 2, 3] = 5.0
    found = bed(absorbedDose, factor, 2.6)
    assert found.shape == (2, 3, 4) and found[1, 2, 3] == pytest.approx(5.509907, abs=5e-7) and found.sum() == \
        pytest.approx(found[1, 2, 3])


def test_repopulation():
    gone = repopulationGy(30 * 24, 4 * 24, 0.35, kickOffTimeHours=10 * 24)
    assert gone == pytest.approx(LN2 * 20 / (0.35 * 4))
    assert repopulationGy(5 * 24, 4 * 24, 0.35, 10 * 24) == 0.0
    assert bed(60.0, 0.05, 10.0, gone) == pytest.approx(60 * (1 + 0.05 * 6) - gone)
    assert list(bed(np.array([0.0, 60.0]), 0.05, 10.0, gone)) == [0.0, pytest.approx(78 - gone)]
    for wrong in ((-1, 96, 0.3), (10, 0, 0.3), (10, 96, 0.0), (10, math.nan, 0.3)):
        with pytest.raises(InputError, match="repopulation"):
            repopulationGy(*wrong)
    with pytest.raises(InputError, match="repopulation"):
        bed(1.0, 0.1, 10.0, -1.0)


def test_equivalentUniformDose():
    two = doseResponse.equivalentUniformDose([10.0, 30.0], 0.3)
    assert two == pytest.approx(-math.log((math.exp(-3) + math.exp(-9)) / 2) / 0.3)
    assert doseResponse.equivalentUniformDose([20.0, 20.0], 0.3) == pytest.approx(20.0)
    # no underflow at absorbed doses of radioembolization
    assert doseResponse.equivalentUniformDose([4000.0, 5000.0], 0.3) == pytest.approx(4000 + LN2 / 0.3)
    weighted = doseResponse.equivalentUniformDose([10.0, 30.0, 99.0], 0.3, [1.0, 3.0, 0.0])
    assert weighted == pytest.approx(doseResponse.equivalentUniformDose([10.0, 30.0, 30.0, 30.0], 0.3))
    # a normal distribution of absorbed doses: EUD = mean - alpha variance / 2
    grid = stats.norm.ppf((np.arange(200000) + 0.5) / 200000) * 3 + 60
    assert doseResponse.equivalentUniformDose(grid, 0.2) == pytest.approx(60 - 0.2 * 9 / 2, rel=1e-4)


def test_generalizedEquivalentUniformDose():
    values = np.array([10.0, 20.0, 30.0])
    assert doseResponse.generalizedEquivalentUniformDose(values, 1.0) == pytest.approx(20.0)
    assert doseResponse.generalizedEquivalentUniformDose(values, 2.0) == pytest.approx(math.sqrt(1400 / 3))
    assert doseResponse.generalizedEquivalentUniformDose(values, -10.0) == pytest.approx(
        ((values ** -10.0).mean()) ** -0.1)
    assert doseResponse.generalizedEquivalentUniformDose(values, 200.0) == pytest.approx(30.0, rel=0.01)
    assert doseResponse.generalizedEquivalentUniformDose([0.0, 5.0], -10.0) == 0.0
    with pytest.raises(InputError):
        doseResponse.generalizedEquivalentUniformDose(values, 0.0)


def test_curves():
    assert doseResponse.lymanProbability(44.0, 40.0, 0.1) == pytest.approx(stats.norm.cdf(1.0))
    assert doseResponse.logisticProbability(40.0, 40.0, 2.0) == pytest.approx(0.5)
    assert doseResponse.logisticProbability(0.0, 40.0, 2.0) == 0.0
    step = 1e-5
    slope = (doseResponse.logisticProbability(40 + step, 40.0, 2.0)
             - doseResponse.logisticProbability(40 - step, 40.0, 2.0)) / (2 * step)
    assert 40 * slope == pytest.approx(2.0, rel=1e-6)  # gamma50


def test_tableShipsOnlyWhatIsKnown():
    curves = doseResponse.doseResponses()
    control = curves["radioembolizationTumorControl.absorbedDose"]
    assert (control.d50Gy, control.slope, control.isVerified) == (292.0, None, True)
    assert curves["radioembolizationTumorControl.bed"].d50Gy == 441.0
    with pytest.raises(InputError, match="without the slope"):
        control.probability(300.0)
    stated = control.stated(slope=0.5, source="own patients")
    assert stated.probability(292.0) == pytest.approx(0.5) and not stated.isVerified
    assert stated.slopeSource == "own patients" and stated.d50Source == control.d50Source
    kidney = curves["kidneyComplication.bed"]
    assert kidney.d50Gy is None and kidney.slope is None and not kidney.isVerified
    with pytest.raises(InputError, match="no source"):
        kidney.stated(d50Gy=44.0, slope=0.1)
    with pytest.raises(InputError, match="above zero"):
        kidney.stated(d50Gy=-44.0, source="own")


@pytest.mark.parametrize("call", [
    lambda: doseResponse.equivalentUniformDose([], 0.3), lambda: doseResponse.equivalentUniformDose([1.0], 0.0),
    lambda: doseResponse.equivalentUniformDose([-1.0], 0.3), lambda: doseResponse.lymanProbability(1.0, 0.0, 0.1),
    lambda: doseResponse.equivalentUniformDose([1.0, 2.0], 0.3, [0.0, 0.0]),
    lambda: doseResponse.logisticProbability(math.nan, 40.0, 2.0)])
def test_refusals(call):
    with pytest.raises(InputError):
        call()

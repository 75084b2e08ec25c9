"""BED and the Lea-Catcheside factor against worked examples and quadrature."""

import math

import numpy as np
import pytest

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.physics import radiobiology
from MRTDosimetryLib.physics.kinetics.curve import TimeActivityCurve
from MRTDosimetryLib.physics.kinetics.selection import fit
from MRTDosimetryLib.physics.radiobiology import bed, eqd2, leaCatchesideFactor, leaCatchesideFactorPiecewise

LN2 = math.log(2)


def test_kidneyOfTheWorkedExample():
    """Clinical reference T25: 5 Gy, 50 h, repair 2.8 h, alpha/beta 2.6 Gy."""
    factor = leaCatchesideFactor([(1.0, LN2 / 50)], 2.8)
    assert factor == pytest.approx(0.05303030, abs=5e-9)
    assert bed(5.0, factor, 2.6) == pytest.approx(5.509907, abs=5e-7)
    assert eqd2(bed(5.0, factor, 2.6), 2.6) == pytest.approx(3.114295, abs=5e-7)
    assert 4 * bed(5.0, factor, 2.6) == pytest.approx(22.0396, abs=5e-5)
    assert 4 * bed(5.75, factor, 2.6) == pytest.approx(25.6974, abs=5e-5)


def test_microspheresOfTheWorkedExample():
    """T27: 90Y, liver 40 Gy and tumor 120 Gy."""
    liver = leaCatchesideFactor([(3.0, LN2 / 64.1)], 2.5)
    assert liver == pytest.approx(0.0375375, abs=5e-8)
    assert bed(40.0, liver, 2.5) == pytest.approx(64.024, abs=5e-4)
    tumor = leaCatchesideFactor([(3.0, LN2 / 64.1)], 1.5)
    assert bed(120.0, tumor, 10.0) == pytest.approx(152.927, abs=5e-4)


def quadrature(rate, mu, end, steps=200001):
    """2/D^2 of the double integral, by the cumulative trapezoid on a fine grid."""
    times = np.linspace(0, end, steps)
    rates, step = rate(times), times[1] - times[0]
    unrepaired = np.empty_like(rates)
    unrepaired[0], keep = 0.0, math.exp(-mu * step)
    for index in range(1, steps):
        unrepaired[index] = unrepaired[index - 1] * keep + step / 2 * (rates[index] + rates[index - 1] * keep)
    return 2 * np.trapezoid(rates * unrepaired, times) / np.trapezoid(rates, times) ** 2


def test_uptakeAndWashoutAgainstQuadrature():
    terms = [(10.0, LN2 / 50), (-9.0, LN2 / 3), (2.0, LN2 / 120)]
    expected = quadrature(lambda t: sum(a * np.exp(-k * t) for a, k in terms), LN2 / 2.8, 3600.0)
    assert leaCatchesideFactor(terms, 2.8) == pytest.approx(expected, rel=1e-5)


def test_limits():
    assert leaCatchesideFactor([(1.0, 1e6)], 2.8) == pytest.approx(1.0, abs=1e-5)  # acute
    assert leaCatchesideFactor([(1.0, 1e-7)], 2.8) == pytest.approx(0.0, abs=1e-5)  # very slow


def test_piecewiseAgainstQuadrature():
    times, rates, tail = [0, 4, 24, 96, 168], [0, 10, 30, 25, 12], 0.012

    def rate(t):
        return np.where(t <= 168, np.interp(t, times, rates), 12 * np.exp(-tail * (t - 168)))

    expected = quadrature(rate, LN2 / 2.8, 1800.0)
    assert leaCatchesideFactorPiecewise(times, rates, tail, 2.8) == pytest.approx(expected, rel=1e-5)


def test_piecewiseOfAnExponentialIsTheExponential():
    times = np.linspace(0, 168, 2001)
    found = leaCatchesideFactorPiecewise(times, np.exp(-0.0139 * times), 0.0139, 2.8)
    assert found == pytest.approx(leaCatchesideFactor([(1.0, 0.0139)], 2.8), rel=1e-6)
    assert leaCatchesideFactorPiecewise([0, 1e-4], [1.0, 1.0], None, 2.8) == pytest.approx(1.0, abs=1e-4)


def test_fitsCarryWhatTheFactorNeeds():
    curve = TimeActivityCurve([4, 24, 96, 168], [100, 80, 35, 15])
    mono = fit(curve, 0.0043449, "monoExponential")
    trapezoid = fit(curve, 0.0043449, "trapezoid", options={"start": "extrapolated"})
    exact = leaCatchesideFactor(mono.absorbedDoseRateShape, 2.8)
    shape = trapezoid.piecewiseShape
    other = leaCatchesideFactorPiecewise(shape["timesHours"], shape["activitiesMBq"], shape["tailRatePerHour"], 2.8)
    assert trapezoid.absorbedDoseRateShape is None and mono.piecewiseShape is None
    assert other == pytest.approx(exact, rel=0.1)
    area = np.trapezoid(shape["activitiesMBq"], shape["timesHours"])
    tail = shape["activitiesMBq"][-1] / shape["tailRatePerHour"]
    assert area + tail == pytest.approx(trapezoid.timeIntegratedActivityMBqH, rel=1e-5)


def test_bedOfAnArray():
    assert bed(np.array([0.0, 5.0]), 0.05303030, 2.6) == pytest.approx([0.0, 5.509907], abs=1e-6)


@pytest.mark.parametrize("call", [
    lambda: leaCatchesideFactor([], 2.8), lambda: leaCatchesideFactor([(1.0, 0.0)], 2.8),
    lambda: leaCatchesideFactor([(-1.0, 0.1)], 2.8), lambda: leaCatchesideFactor([(1.0, 0.1)], 0.0),
    lambda: leaCatchesideFactorPiecewise([0, 0], [1, 1], None, 2.8),
    lambda: leaCatchesideFactorPiecewise([0, 1], [1, -1], None, 2.8),
    lambda: leaCatchesideFactorPiecewise([0, 1], [1, 1], -1.0, 2.8),
    lambda: leaCatchesideFactorPiecewise([0, 1], [0, 0], None, 2.8),
    lambda: bed(-1.0, 0.05, 2.6), lambda: bed(math.nan, 0.05, 2.6), lambda: bed(1.0, 1.5, 2.6),
    lambda: bed(1.0, 0.05, 0.0), lambda: eqd2(1.0, -1.0)])
def test_refusals(call):
    with pytest.raises(InputError):
        call()


def test_parametersOfTissues():
    kidney = radiobiology.parametersFor("kidney")
    assert (kidney.alphaBetaGy, kidney.repairHalfLifeHours) == (2.6, 2.8)
    assert kidney.source and kidney.verified is False
    assert radiobiology.parametersFor("toenail") is None and radiobiology.parametersFor(None) is None
    assert set(radiobiology.tissuesWithParameters()) == {"kidney", "liver", "marrow", "tumor"}

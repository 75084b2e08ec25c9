"""Dead time of detectors, and the gamma counter."""

import math

import numpy as np
import pytest

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.physics import counting, deadTime
from MRTDosimetryLib.physics.nuclides import nuclide

HALF_LIFE = nuclide("I-131").halfLifeHours


def test_thePublishedDeadTime():
    """Adams et al. 1978: 6 µs, about 36,000 observed counts per second are 25 % loss (clinical reference T30)."""
    assert deadTime.observedRate(48000.0, 6.0) == pytest.approx(35988.6, abs=0.05)
    found = deadTime.trueRate(35988.6, 6.0)
    assert found.rateCps == pytest.approx(48000.0, abs=0.1) and found.lossFraction == pytest.approx(0.2502, abs=5e-5)


@pytest.mark.parametrize("model", list(deadTime.MODELS))
@pytest.mark.parametrize("true", [0.0, 1.0, 1e4, 1.6e5])
def test_thereAndBack(model, true):
    observed = deadTime.observedRate(true, 6.0, model)
    found = deadTime.trueRate(observed, 6.0, model)
    assert found.rateCps == pytest.approx(true, rel=1e-6)
    if true:
        assert found.lossFraction == pytest.approx(1.0 - observed / true, abs=1e-9)
        step = 1e-4 * observed
        slope = (deadTime.trueRate(observed + step, 6.0, model).rateCps
                 - deadTime.trueRate(observed - step, 6.0, model).rateCps) / (2 * step)
        # at 160,000 per second the paralyzable curve is nearly flat
        assert found.sensitivity == pytest.approx(slope, rel=2e-3)


@pytest.mark.parametrize(("model", "observed"), [
    ("paralyzable", 500.0), ("paralyzable", 36000.0), ("paralyzable", 60000.0), ("nonParalyzable", 36000.0),
    ("nonParalyzable", 120000.0)])
def test_whatTheUncertaintyOfTheDeadTimeChanges(model, observed):
    """Relative uncertainty of the corrected rate by a finite difference of the dead time; of T30 0.288/(1 - 0.288)."""
    relative, step = 0.03, 1e-5
    found = deadTime.trueRate(observed, 6.0, model)
    rates = [deadTime.trueRate(observed, 6.0 * (1.0 + sign * step), model).rateCps for sign in (1, -1)]
    derivative = (rates[0] - rates[1]) / (2.0 * step * found.rateCps)
    assert found.deadTimeExponent * relative == pytest.approx(derivative * relative, rel=1e-6)
    lost = found.rateCps * 6e-6
    assert found.deadTimeExponent == pytest.approx(lost / (1.0 - lost) if model == "paralyzable" else lost, rel=1e-9)
    if (model, observed) == ("paralyzable", 36000.0):
        assert found.deadTimeExponent == pytest.approx(0.288 / 0.712, rel=2e-3)


def test_beyondWhatADetectorCanShow():
    largest = 1.0 / (math.e * 6e-6)
    assert deadTime.trueRate(0.9999 * largest, 6.0).rateCps < 1 / 6e-6
    with pytest.raises(InputError, match="the most that a paralyzable detector"):
        deadTime.trueRate(largest, 6.0)
    with pytest.raises(InputError, match="the most that a non-paralyzable detector"):
        deadTime.trueRate(1.0 / 6e-6, 6.0, "nonParalyzable")
    with pytest.raises(InputError, match="no model of dead time.*paralyzable or nonParalyzable"):
        deadTime.trueRate(100.0, 6.0, "magic")
    for rate, tau in ((-1.0, 6.0), (1.0, -6.0), (math.nan, 6.0)):
        with pytest.raises(InputError, match="cannot be negative"):
            deadTime.trueRate(rate, tau)
    assert deadTime.trueRate(123.0, 0.0) == deadTime.TrueRate(123.0, 1.0, 0.0)


def test_gammaCounter():
    standard = counting.netRate(30000, 60.0, 600, 60.0)
    assert standard.rateCps == pytest.approx(490.0)
    assert standard.uncertaintyCps == pytest.approx(math.sqrt(30000 / 3600 + 600 / 3600))
    sensitivity = counting.sensitivity(standard, 2.0, 0.03, 1.0)
    assert sensitivity.cpsPerBq == pytest.approx(0.245)
    assert sensitivity.relativeUncertainty == pytest.approx(math.hypot(standard.uncertaintyCps / 490.0, 0.03))
    sample = counting.netRate(6600, 60.0, 600, 60.0)
    value, uncertainty = counting.concentrationMBqPerML(sample, sensitivity, 2.0, HALF_LIFE, HALF_LIFE)
    assert value == pytest.approx(100.0 / (0.245 * 2.0) * 2.0 * 1e-6)
    assert uncertainty / value == pytest.approx(sample.uncertaintyCps / sample.rateCps)
    assert counting.sensitivity(standard, 2.0).relativeUncertainty is None


def test_countingStatisticsOfSimulatedSamples():
    """The stated uncertainty is the scatter of repeated counts, dead time included."""
    random = np.random.default_rng(3)
    tau, seconds, true, background = 20.0, 60.0, 12000.0, 40.0
    observed = deadTime.observedRate(true + background, tau)
    nets = [counting.netRate(float(random.poisson(observed * seconds)), seconds,
                             float(random.poisson(background * seconds)), seconds, tau) for _ in range(2000)]
    rates = np.array([net.rateCps for net in nets])
    assert rates.mean() == pytest.approx(true, rel=2e-4)
    assert rates.std() == pytest.approx(nets[0].uncertaintyCps, rel=0.06)
    assert nets[0].lossFraction == pytest.approx(1 - observed / (true + background), abs=2e-3)


def test_badCounts():
    with pytest.raises(InputError, match="not above the background"):
        counting.netRate(590, 60.0, 600, 60.0)
    with pytest.raises(InputError, match="counts per decay.*unit"):
        counting.sensitivity(counting.netRate(30000, 60.0, 600, 60.0), 0.002)
    with pytest.raises(InputError, match="sample volume"):
        counting.concentrationMBqPerML(counting.netRate(6600, 60.0, 600, 60.0), counting.Sensitivity(0.2, None), 0.0,
                                       HALF_LIFE, 1.0)
    with pytest.raises(InputError, match="from draw to count"):
        counting.concentrationMBqPerML(counting.netRate(6600, 60.0, 600, 60.0), counting.Sensitivity(0.2, None), 1.0,
                                       HALF_LIFE, -1.0)
    assert not counting.netRate(610, 60.0, 600, 60.0).isAboveDecisionThreshold
    assert counting.netRate(800, 60.0, 600, 60.0).isAboveDecisionThreshold

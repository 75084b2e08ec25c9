"""Where a value stands in a published cohort, against closed forms of scipy and tabulated constants."""

import math

import numpy as np
import pytest
from scipy import stats

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.physics import cohorts


def kidney():
    """Marin 2018: 0.43 +- 0.13 (0.27 to 0.91) Gy/GBq, 12 patients."""
    return next(item for item in cohorts.cohorts("DOTATATE", cohorts.COEFFICIENT, "kidney") if item.patients == 12)


def test_percentileIsThePredictionOfStudent():
    cohort = kidney()
    assert (cohort.mean, cohort.sd, cohort.least, cohort.largest, cohort.unit) == (0.43, 0.13, 0.27, 0.91, "Gy/GBq")
    assert cohort.isVerified
    sigma = math.sqrt(math.log(1 + (0.13 / 0.43) ** 2))
    mu = math.log(0.43) - sigma ** 2 / 2
    found = cohort.distribution
    for value in (0.2, 0.43, 0.55, 1.1):
        z = (math.log(value) - mu) / sigma
        assert found.zScore(value) == pytest.approx(z, rel=1e-12)
        expected = 100 * stats.t.cdf(z / math.sqrt(1 + 1 / 12), 11)
        assert found.percentile(value) == pytest.approx(expected, rel=1e-9)
        assert found.quantile(expected) == pytest.approx(value, rel=1e-9)
    low, high = found.interval95
    assert (found.percentile(low), found.percentile(high)) == pytest.approx((2.5, 97.5))


def test_theMomentsAreThePublishedOnes():
    found = cohorts.fromMoments(1.90, 1.19)
    dist = stats.lognorm(s=math.log(found.geometricSD), scale=found.median)
    assert (dist.mean(), dist.std()) == pytest.approx((1.90, 1.19))
    assert found.percentile(3.0) == pytest.approx(100 * dist.cdf(3.0))
    assert "not stated" in found.basis and found.degreesOfFreedom is None


def test_medianAndRange():
    """Constants of the range of 20 standard normal values: d2 = 3.735, d3 = 0.729 (ASTM E2587)."""
    found = cohorts.fromRange(35.5, 8.5, 152.0, 20)
    sigma = math.log(152.0 / 8.5) / 3.735
    assert math.log(found.geometricSD) == pytest.approx(sigma, rel=2e-4)
    degrees = 3.735 ** 2 / (2 * 0.729 ** 2)
    assert found.degreesOfFreedom == pytest.approx(degrees, rel=5e-3) and found.degreesOfFreedom < 19
    z = math.log(60 / 35.5) / math.log(found.geometricSD) / math.sqrt(1 + math.pi / 40)
    assert found.percentile(60.0) == pytest.approx(100 * stats.t.cdf(z, found.degreesOfFreedom))
    assert found.percentile(35.5) == pytest.approx(50.0)


@pytest.mark.parametrize(("count", "d2", "d3"), [(5, 2.326, 0.864), (10, 3.078, 0.797), (25, 3.931, 0.708)])
def test_degreesOfFreedomOfARange(count, d2, d3):
    """Constants of ASTM E2587."""
    assert cohorts.rangeDegreesOfFreedom(count) == pytest.approx(min(d2 ** 2 / (2 * d3 ** 2), count - 1), rel=5e-3)


def test_predictionHoldsInSimulation():
    """Of patients drawn from the truth, 95 % lie within the interval made from a cohort of 7."""
    random = np.random.default_rng(7)
    inside = 0
    for _ in range(4000):
        logs = random.normal(0.0, 0.25, 7)
        found = cohorts.CohortDistribution(math.exp(logs.mean()), math.exp(logs.std(ddof=1)), 6.0, 1 / 7, "")
        low, high = found.interval95
        inside += low < math.exp(random.normal(0.0, 0.25)) < high
    assert inside / 4000 == pytest.approx(0.95, abs=0.012)


def test_theTable():
    tracers = {item.tracer for item in cohorts._tables()}
    assert {"DOTATATE", "PSMA-617", "mIBG", "iodide", "MIP-1095"} <= tracers
    for item in cohorts._tables():
        assert item.center is not None and item.source and item.edition and item.unit in ("Gy/GBq", "Gy", "h")
        assert item.measuredBy in ("image", "blood", "wholeBody", "notStated")
        if "Prescribing information" in item.source:
            assert not item.isVerified
        if item.least is not None:
            assert item.least < item.center < item.largest
    # label figures are shown, but never as verified
    labels = [item for item in cohorts.cohorts("DOTATATE") if not item.isVerified]
    assert {item.tissue: item.mean for item in labels}["kidney"] == 0.654


def test_unitTrapAndUncertainFiguresAreLeftOut():
    kidneys = cohorts.cohorts("PSMA-617", cohorts.COEFFICIENT, "kidney")
    assert kidneys and max(item.center for item in kidneys) < 1.0
    assert not cohorts.cohorts("DOTATATE", cohorts.HALF_LIFE)
    assert any("per cycle" in entry["why"] for entry in cohorts.leftOut())


def test_bloodAndImagesAreKeptApart():
    marrow = {item.measuredBy: item.mean for item in cohorts.cohorts("DOTATATE", cohorts.COEFFICIENT, "marrow")
              if item.isVerified}
    assert marrow["blood"] == 0.0164 and marrow["image"] > 3 * marrow["blood"]


def test_absorbedDoseAtOneActivityIsACoefficient():
    blood = [item for item in cohorts.cohorts("iodide", cohorts.COEFFICIENT, "blood") if "3.7" in item.method][0]
    assert blood.mean == pytest.approx(0.65 / 3.7) and blood.sd == pytest.approx(0.20 / 3.7)
    # 131I-mIBG: activities per kg differ, so there is none
    assert not cohorts.cohorts("mIBG", cohorts.COEFFICIENT)
    assert cohorts.cohorts("mIBG", cohorts.ABSORBED_DOSE, "body")[0].median == 2.28


def test_halfLivesOfThePopulationTable():
    halfLife = cohorts.cohorts("PSMA-617", cohorts.HALF_LIFE, "kidney")[0]
    assert (halfLife.median, halfLife.least, halfLife.largest, halfLife.patients) == (35.5, 8.5, 152, 20)


@pytest.mark.parametrize("call", [
    lambda: kidney().distribution.percentile(0.0), lambda: kidney().distribution.percentile(-1.0),
    lambda: kidney().distribution.percentile(math.nan), lambda: kidney().distribution.quantile(0.0),
    lambda: cohorts.fromMoments(0.0, 1.0), lambda: cohorts.fromMoments(1.0, 0.0),
    lambda: cohorts.fromMoments(1.0, 0.1, 1), lambda: cohorts.fromRange(1.0, 2.0, 3.0, 10)])
def test_refusals(call):
    with pytest.raises(InputError):
        call()

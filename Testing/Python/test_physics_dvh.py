"""Dose-volume histograms against analytic shapes and a plain reading of the definition."""

import numpy as np
import pytest

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.physics.dvh import computeDVH


def test_uniformRegion():
    dvh = computeDVH(np.full(7, 3.0), np.full(7, 0.1))
    assert [dvh.D98Gy, dvh.D50Gy, dvh.D2Gy, dvh.minGy, dvh.maxGy, dvh.meanGy] == pytest.approx([3.0] * 6)
    assert dvh.volumeML == pytest.approx(0.7)
    assert dvh.volumeAtDose(3.0) == pytest.approx(0.7) and dvh.volumeAtDose(3.0001) == 0.0


def test_percentilesOfEqualVoxels():
    dvh = computeDVH(np.arange(1, 101, dtype=float), np.ones(100))
    found = [dvh.D98Gy, dvh.D95Gy, dvh.D90Gy, dvh.D70Gy, dvh.D50Gy, dvh.D2Gy]
    assert found == [3, 6, 11, 31, 51, 99]  # the x-th largest of 100
    assert dvh.doseAtVolumeGy(100) == 1 and dvh.doseAtVolumeGy(0.5) == 100


def test_definitionOnRandomPartialVoxels():
    rng = np.random.default_rng(5)
    doses, weights = rng.gamma(3.0, 2.0, 500), rng.uniform(0, 0.11, 500)
    dvh = computeDVH(doses, weights)
    for percent in (99.9, 98, 70, 50, 33, 2, 0.1):
        found = dvh.doseAtVolumeGy(percent)
        assert weights[doses >= found].sum() >= percent / 100 * weights.sum() * (1 - 1e-9)
        assert weights[doses > found].sum() < percent / 100 * weights.sum()
    for level in (0.0, 1.0, doses[17], 50.0):
        assert dvh.volumeAtDose(level) == pytest.approx(weights[doses >= level].sum(), abs=1e-12)
    assert dvh.meanGy == pytest.approx(np.average(doses, weights=weights), rel=1e-12)


@pytest.mark.parametrize("shape", ["sphere", "cylinder", "cone"])
def test_analyticShapesInALinearGradient(shape):
    """Nelms et al. 2015 shapes, 30 Gy at the center, 1 Gy/mm along z."""
    edge = np.arange(-12, 12, 0.25) + 0.125
    x, y, z = np.meshgrid(edge, edge, edge, indexing="ij")
    radius = np.hypot(x, y)
    inside = {"sphere": radius ** 2 + z ** 2 <= 100, "cylinder": radius <= 12,
              "cone": radius <= 12 * (12 - z) / 24}[shape]
    dvh = computeDVH(30 + z[inside], np.full(inside.sum(), 0.25 ** 3 / 1000))
    exact = {"sphere": lambda h: (2000 - 300 * h + h ** 3) / 4000, "cylinder": lambda h: (12 - h) / 24,
             "cone": lambda h: ((12 - h) / 24) ** 3}[shape]
    volumes = {"sphere": 4188.79, "cylinder": 10857.34, "cone": 3619.11}
    assert dvh.volumeML * 1000 == pytest.approx(volumes[shape], rel=0.01)
    for height in np.linspace(-9, 9, 13):
        assert dvh.volumeAtDose(30 + height) / dvh.volumeML == pytest.approx(exact(height), abs=0.012)


def test_voxelsOutsideDoNotCount():
    dvh = computeDVH([0.0, 5.0, 90.0], [0.0, 1.0, 0.0])
    assert (dvh.minGy, dvh.maxGy, dvh.meanGy) == (5.0, 5.0, 5.0)


def test_curveForAChart():
    dvh = computeDVH([1.0, 2.0, 4.0], [1.0, 1.0, 2.0])
    curve = dvh.curve()
    assert 200 <= curve["absorbedDoseGy"].size <= 400
    assert curve["volumePercent"][0] == 100 and curve["volumePercent"][-1] == 0
    assert np.all(np.diff(curve["volumePercent"]) <= 0)
    assert np.array_equal(dvh.curveAbsorbedDoseGy, curve["absorbedDoseGy"])
    assert np.array_equal(dvh.curveVolumePercent, curve["volumePercent"])
    assert computeDVH([0.0], [1.0]).curve()["volumePercent"][0] == 100


def test_orderDoesNotMatter():
    first = computeDVH([1.0, 5.0, 3.0], [0.2, 0.3, 0.5]).toDict()
    assert first == pytest.approx(computeDVH([3.0, 1.0, 5.0], [0.5, 0.2, 0.3]).toDict())
    assert {"D98Gy", "D95Gy", "D50Gy", "D2Gy", "minGy", "maxGy", "meanGy"} <= set(first)


@pytest.mark.parametrize(("doses", "weights", "words"), [
    ([1.0], [0.0], "no volume"), ([], [], "no volume"), ([1.0, 2.0], [1.0], "one length"),
    ([[1.0]], [[1.0]], "one length"), ([np.nan], [1.0], "finite"), ([1.0], [np.inf], "finite"),
    ([-1.0], [1.0], "negative"), ([1.0], [-1.0], "negative")])
def test_refusals(doses, weights, words):
    with pytest.raises(InputError, match=words):
        computeDVH(doses, weights)


@pytest.mark.parametrize("percent", [0, -1, 101])
def test_impossibleVolumes(percent):
    with pytest.raises(InputError, match="between 0 and 100"):
        computeDVH([1.0], [1.0]).doseAtVolumeGy(percent)

"""Band of a dose-volume histogram against drawing scales and boundaries at random."""

import numpy as np
import pytest

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.physics.dvh import computeDVH
from MRTDosimetryLib.physics.dvhBand import COVERAGES, ONE_SIGMA, bandOf

RADIUS_MM = 10.0


def sphere(count=4000):
    """Sphere in a gradient of 1 Gy/mm about 30 Gy: its histogram and that of its boundary (uniform along z)."""
    z = (np.arange(count) + 0.5) / count * 2 * RADIUS_MM - RADIUS_MM
    return computeDVH(30 + z, (RADIUS_MM ** 2 - z ** 2) / 1000), computeDVH(30 + z, np.ones(count))


def drawn(absorbedDoseGy, doseSpread, volumeSpread, draws=4000):
    """Curves of spheres of random size in a gradient of random scale, shape (draws, doses)."""
    rng = np.random.default_rng(11)
    logSpread = np.sqrt(np.log1p(doseSpread ** 2))
    scale = np.exp(logSpread * rng.standard_normal(draws))[:, None]
    radius = RADIUS_MM * np.cbrt(np.maximum(1 + volumeSpread * rng.standard_normal(draws), 0.1))[:, None]
    z = np.clip(absorbedDoseGy[None, :] / scale - 30, -radius, radius)
    return (2 * radius ** 3 - 3 * radius ** 2 * z + z ** 3) / (4 * radius ** 3) * 100


@pytest.mark.parametrize("coverage", COVERAGES)
@pytest.mark.parametrize(("doseSpread", "volumeSpread"), [(0.1, 0.0), (0.05, 0.1), (0.0, 0.1), (0.2, 0.15)])
def test_bandAgainstDrawnCurves(doseSpread, volumeSpread, coverage):
    dvh, boundary = sphere()
    band = bandOf(dvh, doseSpread, volumeSpread, boundary, coverage)
    low, high = np.quantile(drawn(band.absorbedDoseGy, doseSpread, volumeSpread),
                            [(1 - coverage) / 2, (1 + coverage) / 2], axis=0)
    # percent of volume; the rest is the noise of the draws and the second order of a shell
    assert np.abs(band.lowerPercent - low).max() < 2.0 and np.abs(band.upperPercent - high).max() < 2.0
    assert np.all(band.lowerPercent <= band.upperPercent)


def test_bandOfDx():
    dvh, boundary = sphere()
    doses = np.linspace(10, 60, 600)
    curves = drawn(doses, 0.1, 0.08, 1500)
    for percent in (98, 50, 2):
        found = np.array([np.interp(-percent, -curve, doses) for curve in curves])
        for coverage in COVERAGES:
            wanted = np.quantile(found, [(1 - coverage) / 2, (1 + coverage) / 2])
            assert bandOf(dvh, 0.1, 0.08, boundary, coverage).doseAtVolumeGy(percent) == pytest.approx(wanted, abs=0.6)


def test_uniformRegionIsOnlyScaled():
    dvh = computeDVH(np.full(10, 20.0), np.ones(10))
    band = bandOf(dvh, 0.1, coverage=ONE_SIGMA, points=3001)
    low, high = band.doseAtVolumeGy(50)
    logSpread = np.sqrt(np.log(1.01))
    assert (low, high) == pytest.approx((20 * np.exp(-logSpread), 20 * np.exp(logSpread)), rel=0.01)


def test_withoutUncertaintyTheBandIsTheCurve():
    dvh, _boundary = sphere()
    band = bandOf(dvh, 0.0)
    curve = 100 * dvh.volumeAtDose(band.absorbedDoseGy) / dvh.volumeML
    assert band.lowerPercent == pytest.approx(curve) and band.upperPercent == pytest.approx(curve)
    content = band.toDict()
    assert content["coverage"] == pytest.approx(0.6827, abs=1e-4) and len(content["lowerPercent"]) == 300


@pytest.mark.parametrize(("arguments", "words"), [
    ((-0.1,), "absorbed dose of -0.1"), ((np.nan,), "absorbed dose"), ((1.5,), "absorbed dose"),
    ((0.1, 0.7), "volume"), ((0.1, 0.1), "boundary")])
def test_refusals(arguments, words):
    with pytest.raises(InputError, match=words):
        bandOf(sphere(50)[0], *arguments)
    with pytest.raises(InputError, match="coverage"):
        bandOf(sphere(50)[0], 0.1, coverage=1.0)
    with pytest.raises(InputError, match="between 0 and 100"):
        bandOf(sphere(50)[0], 0.1).doseAtVolumeGy(100)

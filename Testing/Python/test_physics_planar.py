"""Scatter by three windows, conjugate view, background of planar regions."""

import math

import numpy as np
import pytest

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.imaging.planarAttenuation import lineOfSight
from MRTDosimetryLib.imaging.planarProjection import PlanarGeometry, attenuationCoefficientCM2PerG, project
from MRTDosimetryLib.imaging.planarRegions import countsInside, mirrored, overlapShare, polygonFractions
from MRTDosimetryLib.imaging.volume import Volume
from MRTDosimetryLib.physics.planarActivity import (
    NetCounts,
    attenuationFromTransmission,
    conjugateViewActivity,
    geometricMean,
    netCounts,
    primaryCounts,
    sourceFactor,
    sourceFactorUncertainty,
)


def test_theScatterExamples():
    """T29: 131I and 177Lu."""
    iodine = primaryCounts(10000, 1200, 600, 72.8, 21.8, 21.8)
    assert iodine.scatterCounts == pytest.approx(3005.50, abs=0.01)
    assert iodine.primaryCounts == pytest.approx(6994.50, abs=0.01)
    lutetium = primaryCounts(10000, 1200, 300, 41.6, 20.8, 20.8)
    assert lutetium.primaryCounts == pytest.approx(8500.0, abs=1e-9)
    assert lutetium.uncertaintyCounts == pytest.approx(math.sqrt(10000 + 1200 + 300)) and not lutetium.isClipped


def test_moreScatterThanCounts():
    found = primaryCounts(100, 900, 900, 40.0, 20.0, 20.0)
    assert found.primaryCounts == 0.0 and found.isClipped
    with pytest.raises(InputError, match="width of a scatter window"):
        primaryCounts(100, 1, 1, 40.0, 0.0, 20.0)
    with pytest.raises(InputError, match="cannot be negative"):
        primaryCounts(-100, 1, 1, 40.0, 20.0, 20.0)


def test_conjugateViewOfAKnownSource():
    """Rays through a body of 20 cm with a uniform slab of 6 cm at some depth, integrated numerically."""
    mu, body, thickness, front, sensitivity, activity = 0.12, 20.0, 6.0, 5.0, 9.0, 50.0
    depth = np.linspace(front, front + thickness, 20001)
    middle = (depth[1:] + depth[:-1]) / 2
    anterior = activity * sensitivity * np.exp(-mu * middle).mean() * 600.0
    posterior = activity * sensitivity * np.exp(-mu * (body - middle)).mean() * 600.0
    mean = geometricMean(NetCounts(anterior, math.sqrt(anterior)), NetCounts(posterior, math.sqrt(posterior)))
    found = conjugateViewActivity(mean, 600.0, mu * body, sensitivity, mu * thickness, 0.1, 0.03)
    assert found.activityMBq == pytest.approx(activity, rel=1e-6)
    counting = math.hypot(1 / math.sqrt(anterior), 1 / math.sqrt(posterior)) / 2
    assert found.relativeUncertainty == pytest.approx(math.sqrt(counting ** 2 + 0.05 ** 2 + 0.03 ** 2))
    assert found.components == pytest.approx({"counting": counting, "sensitivity": 0.03, "attenuation": 0.05,
                                              "thickness": 0.0})
    assert found.commonRelativeUncertainty == pytest.approx(math.hypot(0.05, 0.03))
    assert sourceFactor(0.0) == 1.0 and sourceFactor(0.72) == pytest.approx(0.36 / math.sinh(0.36))


def test_attenuation():
    assert attenuationFromTransmission(100000, 100000 * math.exp(-2.4)) == pytest.approx(2.4)
    with pytest.raises(InputError, match="exchanged"):
        attenuationFromTransmission(100, 1000)
    with pytest.raises(InputError, match="Check units"):
        conjugateViewActivity(NetCounts(100, 10), 60.0, 24.0, 9.0)
    with pytest.raises(InputError, match="attenuates more"):
        conjugateViewActivity(NetCounts(100, 10), 60.0, 1.0, 9.0, 2.0)


@pytest.mark.parametrize("thickness", [0.0, 1e-4, 0.3, 2.0])
def test_uncertaintyOfTheSourceFactor(thickness):
    step = 1e-5
    slope = (math.log(sourceFactor(thickness + step)) - math.log(sourceFactor(max(thickness - step, 0.0)))) / (
        step + min(thickness, step))
    assert sourceFactorUncertainty(thickness, 0.1) == pytest.approx(0.1 * abs(slope), rel=1e-2, abs=1e-6)


def waterBody(axes=(1, 1)):
    """A water body of 200 mm with a source of 60 mm, its middle 10 mm behind that of the body, in air."""
    array = np.full((10, 60, 40), -1000, np.int16)
    array[:, 10:50, 5:35] = 0
    inside = np.zeros(array.shape, np.uint8)
    inside[2:8, 20:32, 10:20] = 1
    matrix = np.diag([5.0 * axes[0], 5.0 * axes[1], 5.0, 1.0])
    return Volume(array, matrix, "[hnsf'U]", "CT"), Volume(inside, matrix, "", "labels")


@pytest.mark.parametrize("axes", [(1, 1), (-1, -1)])
@pytest.mark.parametrize("orientation", [("L", "F"), ("R", "H")])
def test_attenuationFromCT(axes, orientation):
    """mu T by the mass attenuation coefficient of soft tissue; each depth of the source by itself is a slab here."""
    ct, labels = waterBody(axes)
    middle = (97.5 * axes[0], 22.5)
    found = project(ct, PlanarGeometry((30, 60), (5.0, 5.0), orientation, middle), [(labels, {1: "source"})], 0.208)
    source = found.regions["source"]
    # 10 x 6 lines of 60 mm
    assert source.sourceCM.sum() * 0.5 * 0.5 == pytest.approx(60 * 0.25 * 6.0, rel=1e-6)
    line = lineOfSight(found, "source")
    assert line.bodyCM == pytest.approx(20.0) and line.sourceCM == pytest.approx(6.0) and line.share == 1.0
    coefficient = attenuationCoefficientCM2PerG(0.208)
    assert 0.12 < coefficient < 0.15  # cm2/g
    assert line.bodyMuT == pytest.approx(20.0 * coefficient, rel=0.02) and line.spread < 1e-6
    assert line.sourceMuT == pytest.approx(0.3 * line.bodyMuT, rel=1e-6)
    slab = math.exp(-line.bodyMuT / 2.0) / sourceFactor(line.sourceMuT)
    assert line.transmission == pytest.approx(slab, rel=2e-4)
    # nearer to the side on which rows of the CT end where they run to the front
    front, back = source.anterior.sum(), source.posterior.sum()
    assert back / front == pytest.approx(math.exp((line.bodyMuT / 20.0) * (4.0 if axes[1] > 0 else -4.0)), rel=1e-3)
    pixels = np.zeros(source.sourceCM.shape)
    pixels[:, source.sourceCM.any(axis=0).argmax()] = 1.0
    assert lineOfSight(found, "source", pixels).share == pytest.approx(0.1)


def test_impossibleProjections():
    ct, labels = waterBody()
    with pytest.raises(InputError, match="shows nothing of the CT"):
        project(ct, PlanarGeometry((30, 60), (5.0, 5.0), ("L", "F"), (900.0, 22.5)), [(labels, {1: "source"})], 0.208)
    with pytest.raises(InputError, match="R or L for the columns"):
        PlanarGeometry((30, 60), (5.0, 5.0), ("F", "L"), (0.0, 0.0))
    geometry = PlanarGeometry((30, 60), (5.0, 5.0), ("L", "F"), (97.5, 22.5))
    found = project(ct, geometry, [(labels, {1: "source"})], 0.208)
    with pytest.raises(InputError, match="not in the projection"):
        lineOfSight(found, "liver")
    with pytest.raises(InputError, match="Nothing of the region"):
        lineOfSight(found, "source", np.zeros(found.bodyMuT.shape))


def test_background():
    found = netCounts(5000, 100, 400, 20, 0.75)
    assert found.counts == pytest.approx(5000 - 0.75 * 100 * 20)
    assert found.uncertainty == pytest.approx(math.hypot(math.sqrt(5000), 0.75 * 5 * 20))
    assert netCounts(5000, 100, None, None).counts == 5000
    with pytest.raises(InputError, match="not above its background"):
        netCounts(500, 100, 400, 20)
    with pytest.raises(InputError, match="share of the background is 1.2"):
        netCounts(5000, 100, 400, 20, 1.2)


def test_polygons():
    square = polygonFractions((20, 30), [[2.5, 3.5], [12.5, 3.5], [12.5, 9.5], [2.5, 9.5]])
    assert square.sum() == pytest.approx(60.0) and set(np.unique(square)) == {0.0, 1.0}
    assert countsInside(np.full((20, 30), 7.0), square) == pytest.approx(420.0)
    triangle = polygonFractions((20, 30), [[2, 2], [22, 2], [2, 12]])
    assert triangle.sum() == pytest.approx(100.0, rel=0.03)
    moved = polygonFractions((20, 30), mirrored([[2.5, 3.5], [12.5, 3.5], [12.5, 9.5], [2.5, 9.5]], 30))
    assert moved == pytest.approx(square[:, ::-1])
    assert overlapShare(square, moved) == 0.0 and overlapShare(square, square) == 1.0
    for points, words in (([[1, 1], [2, 2]], "not a polygon"), ([[1, 1], [40, 2], [3, 9]], "outside the image"),
                          ([[3, 3], [5, 3], [4, 3]], "no area")):
        with pytest.raises(InputError, match=words):
            polygonFractions((20, 30), points)

"""Two maps of one study side by side."""

import json

import numpy as np
import pytest

from MRTDosimetryLib.errors import FaultList, InputError
from MRTDosimetryLib.physics.mapComparison import compareMaps
from MRTDosimetryLib.physics.regionPoints import RegionPoints

SHAPE = (6, 7, 8)


def region(low, high):
    """All voxels of a box, one point each."""
    kji = np.array([axis.ravel() for axis in np.indices(SHAPE)], float)
    inside = np.all((kji >= low) & (kji < high), axis=0)
    return RegionPoints(kji[:, inside], np.full(inside.sum(), 0.1), SHAPE)


def maps():
    first = np.random.default_rng(2).gamma(4.0, 2.0, SHAPE)
    return first, 1.1 * first


def test_aScaledMap():
    first, second = maps()
    regions = {"liver": region(0, 4), "lesion": region(2, 6)}
    found = compareMaps(first, second, regions)
    assert list(found.regions) == ["liver", "lesion"]
    assert found.differenceGy == pytest.approx(0.1 * first, rel=1e-4) and found.differenceGy.dtype == np.float32
    for name, item in found.regions.items():
        assert list(item.relativeDifference.values()) == pytest.approx([0.1] * 4)
        assert item.firstGy["D50Gy"] == regions[name].dvh(first).D50Gy
        assert item.differenceGy["D2Gy"] == pytest.approx(item.secondGy["D2Gy"] - item.firstGy["D2Gy"])
        assert item.secondDVH.maxGy == pytest.approx(1.1 * item.firstDVH.maxGy)
    liver = first[:4, :4, :4]
    assert found.regions["liver"].firstGy["meanGy"] == pytest.approx(liver.mean())
    assert json.loads(json.dumps(found.rows()))[0]["region"] == "liver"


def test_meansThatTheEnginesState():
    first, second = maps()
    found = compareMaps(first, second, {"liver": region(0, 4), "lesion": region(2, 6)}, {"liver": 8.0}, {"liver": 10.0})
    assert found.regions["liver"].differenceGy["meanGy"] == 2.0
    assert found.regions["liver"].relativeDifference["meanGy"] == 0.25
    assert found.regions["lesion"].relativeDifference["meanGy"] == pytest.approx(0.1)


def test_nothingToBeRelativeTo():
    first, second = maps()
    row = compareMaps(0 * first, second, {"liver": region(0, 4)}).rows()[0]
    assert row["relativeDifference"]["D50Gy"] is None and row["differenceGy"]["D50Gy"] > 0


def test_refusals():
    first, second = maps()
    with pytest.raises(InputError, match="same voxels"):
        compareMaps(first, second[1:], {"liver": region(0, 4)})
    with pytest.raises(FaultList):
        compareMaps(first, second, {"a": region(9, 9), "b": region(9, 9)})
    with pytest.raises(InputError, match="negative"):
        compareMaps(first - 50, second, {"liver": region(0, 4)})

"""Density from CT numbers."""

import numpy as np
import pytest

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.physics.density import UNIFORM_DENSITY_G_PER_ML, densityCurve, densityGPerML, densitySource


@pytest.mark.parametrize(("hounsfield", "expected"), [
    # Segments of Schneider et al. 2000: 1.018 + 0.000893 H, 1.03, 1.003 + 0.001169 H, 1.017 + 0.000592 H.
    # At 0 HU: water, by the definition of the Hounsfield unit.
    (-49, (0.930486 + 1.0) / 2), (0, 1.0), (18, 1.03), (60, 1.003 + 0.001169 * 60),
    (300, 1.017 + 0.000592 * 300), (1200, 1.017 + 0.000592 * 1200), (-1000, 0.00121),
    (-500, 0.00121 + 0.001029700665188 * 500)])
def test_publishedSegments(hounsfield, expected):
    assert float(densityGPerML(hounsfield)) == pytest.approx(expected, abs=2e-5)


def test_beyondTheEndsTheEndHolds():
    found = densityGPerML(np.array([-3000, -1024, 2000, 3071, 30000], np.int16))
    assert found == pytest.approx([0.00121, 0.00121, 2.201, 2.201, 2.201], rel=1e-6)


@pytest.mark.parametrize("dtype", [np.int16, np.float32, np.float64])
def test_shapeAndType(dtype):
    image = np.full((3, 700, 700), 45, dtype)  # more than one chunk
    image[2, 699, 699] = -800
    found = densityGPerML(image)
    assert found.shape == image.shape and found.dtype == np.float32
    assert found[0, 0, 0] == pytest.approx(1.055605, abs=1e-5) and found[2, 699, 699] < 0.3


def test_ownCurve():
    assert densityGPerML([0, 50], curve=([-1000, 1000], [0.001, 2.0])) == pytest.approx([1.0005, 1.050475])
    for curve in (([0, 0], [1, 2]), ([0, 1], [1, 0]), ([0], [1]), ([0, 1], [1, np.nan]), ([0, 1], [1])):
        with pytest.raises(InputError, match="density curve"):
            densityGPerML([0], curve=curve)


def test_notFinite():
    with pytest.raises(InputError, match="not finite"):
        densityGPerML(np.array([0.0, np.nan]))


def test_softTissueIsNearItsTextbookDensity():
    assert 1.03 <= UNIFORM_DENSITY_G_PER_ML <= 1.06
    assert float(densityGPerML(55)) == pytest.approx(1.06, abs=0.015)
    numbers, densities = densityCurve()
    assert np.all(np.diff(numbers) > 0) and np.all(densities > 0) and "Schneider" in densitySource()

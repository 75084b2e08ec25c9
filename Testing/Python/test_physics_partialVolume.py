"""Recovery of a blurred sphere against numerical convolution and quadrature."""

import math

import numpy as np
import pytest

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.physics.partialVolume import recoveryOfSphere

LN2 = math.log(2)


@pytest.mark.parametrize(("volumeML", "fwhmMM"), [(2.5, 10.0), (8.0, 10.0), (18.0, 10.0), (0.5236, 12.0)])
def test_againstConvolution(volumeML, fwhmMM):
    from scipy.ndimage import gaussian_filter

    radius = (3000 * volumeML / (4 * math.pi)) ** (1 / 3)
    half = int(radius + 2 * fwhmMM)
    edge = np.arange(-half, half + 1).astype(float)
    # A voxel's share of the sphere by its distance to the surface: the stair-steps of a mask are smoothed.
    distance = np.sqrt(edge[:, None, None] ** 2 + edge[None, :, None] ** 2 + edge[None, None, :] ** 2)
    sphere = np.clip(radius - distance + 0.5, 0, 1)
    blurred = gaussian_filter(sphere, fwhmMM / 2.354820045, mode="constant", truncate=5)
    expected = float(np.sum(blurred * sphere) / np.sum(sphere))
    assert recoveryOfSphere(volumeML, fwhmMM) == pytest.approx(expected, abs=0.004)


@pytest.mark.parametrize("x", [1e-3, 0.1, 0.29, 0.31, 1.0, 3.0, 10.0, 60.0])
def test_closedFormAgainstQuadrature(x):
    from scipy.integrate import quad

    # X = 2 R / sigma; sigma = 1.
    def integrand(r):
        overlap = 1 - 3 * r / (2 * x) + r ** 3 / (2 * x ** 3)
        return math.sqrt(2 / math.pi) * r * r * math.exp(-r * r / 2) * overlap

    expected = quad(integrand, 0, min(x, 12.0), epsabs=0, epsrel=1e-11, limit=200)[0]
    volumeML = 4 / 3 * math.pi * (x / 2) ** 3 / 1000
    assert recoveryOfSphere(volumeML, 2 * math.sqrt(2 * LN2)) == pytest.approx(expected, rel=1e-6)


def test_limitsAndMonotony():
    assert recoveryOfSphere(10.0, 0.0) == 1.0
    assert recoveryOfSphere(1e6, 10.0) > 0.98
    values = [recoveryOfSphere(volume, 10.0) for volume in np.geomspace(1e-6, 1e5, 400)]
    assert np.all(np.diff(values) > 0) and 0 < values[0] and values[-1] < 1


@pytest.mark.parametrize(("volumeML", "fwhmMM"), [(0.0, 10.0), (-1.0, 10.0), (1.0, -1.0), (math.nan, 1.0)])
def test_refusals(volumeML, fwhmMM):
    with pytest.raises(InputError):
        recoveryOfSphere(volumeML, fwhmMM)

"""Gamma index against closed forms, and a search by brute force."""

import json
import time

import numpy as np
import pytest

from MRTDosimetryLib.errors import CanceledError, InputError
from MRTDosimetryLib.imaging.volume import Volume
from MRTDosimetryLib.physics.gammaIndex import gammaIndex

CRITERIA = {"absorbedDoseDifference": 0.03, "distanceMM": 3.0}


def ramp(shape=(14, 15, 16), spacing=(3.0, 3.0, 3.0), gradient=(0.0, 0.0, 0.5), start=20.0, shift=(0.0, 0.0, 0.0)):
    """Absorbed dose that rises linearly along x, y, z; ``shift`` moves the grid."""
    matrix = np.diag([*spacing[::-1], 1.0])
    matrix[:3, 3] = shift
    k, j, i = np.indices(shape)
    x, y, z = (step * index + move for step, index, move in zip(spacing[::-1], (i, j, k), shift, strict=True))
    return Volume(start + gradient[0] * x + gradient[1] * y + gradient[2] * z, matrix)


def inner(values, margin=4):
    return values[margin:-margin, margin:-margin, margin:-margin]


def test_identicalMaps():
    volume = ramp()
    found = gammaIndex(volume, volume, **CRITERIA)
    assert found.gamma.max() < 1e-6 and found.passRate == 1.0 and found.evaluatedVoxels == volume.array.size
    assert found.uncoveredVoxels == 0 and found.thresholdGy == pytest.approx(0.1 * volume.array.max())
    json.dumps(found.toDict())


@pytest.mark.parametrize("gradient", [(0.5, 0, 0), (0.3, -0.2, 0.4), (0, 2.0, 0), (0.05, 0, 0.02)])
@pytest.mark.parametrize("offsetGy", [0.4, 1.2, -1.4])
def test_parallelGradients(gradient, offsetGy):
    """gamma = offset / sqrt(tolerance^2 + distance^2 gradient^2) for maps of one gradient."""
    reference, evaluated = ramp(gradient=gradient, start=40), ramp(gradient=gradient, start=40 + offsetGy)
    found = gammaIndex(reference, evaluated, normalizationGy=50.0, **CRITERIA)
    wanted = abs(offsetGy) / np.sqrt(1.5 ** 2 + 9 * np.dot(gradient, gradient))
    assert inner(found.gamma) == pytest.approx(wanted, abs=2e-5)


@pytest.mark.parametrize(("size", "spacing"), [((30, 26, 20), (2.0, 2.5, 4.8)), ((13, 13, 13), (5.0, 5.0, 5.0))])
def test_gridsOfDifferentSpacing(size, spacing):
    reference = ramp(gradient=(0.3, 0.1, -0.2))
    evaluated = ramp(size, spacing, (0.3, 0.1, -0.2), 20.8, (-11.3, -7.7, -9.1))
    found = gammaIndex(reference, evaluated, normalizationGy=40.0, **CRITERIA)
    wanted = 0.8 / np.sqrt(1.2 ** 2 + 9 * 0.14)
    assert inner(found.gamma[found.isEvaluated].reshape(found.gamma.shape)) == pytest.approx(wanted, abs=2e-5)


def test_obliqueGrids():
    angle = np.radians(25.0)
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    turn[:3, 3] = (5.0, -3.0, 8.0)
    reference = ramp(gradient=(0.4, 0, 0.2))
    turned = Volume(reference.array, turn @ reference.ijkToRAS)
    # the same function of place on a grid of its own orientation
    matrix = np.diag([2.5, 2.5, 2.5, 1.0])
    matrix[:3, 3] = (-30.0, -25.0, 0.0)
    k, j, i = np.indices((26, 44, 40))
    places = np.linalg.inv(turn) @ matrix @ np.array([i.ravel(), j.ravel(), k.ravel(), np.ones(i.size)])
    evaluated = Volume(np.maximum(20.6 + 0.4 * places[0] + 0.2 * places[2], 0).reshape(i.shape), matrix)
    found = gammaIndex(turned, evaluated, normalizationGy=40.0, **CRITERIA)
    wanted = 0.6 / np.sqrt(1.2 ** 2 + 9 * 0.2)
    assert inner(found.gamma, 5)[inner(found.isEvaluated, 5)] == pytest.approx(wanted, abs=2e-5)
    assert inner(found.isEvaluated, 5).mean() > 0.9


def test_scaledUniformMapGlobalAndLocal():
    reference = ramp(gradient=(0, 0, 0), start=10.0)
    reference.array[:, :, 8:] = 50.0
    scaled = reference.withArray(1.02 * reference.array)
    found = gammaIndex(reference, scaled, **CRITERIA).gamma
    assert found[7, 7, 1] == pytest.approx(0.02 * 10 / 1.5, rel=1e-4)
    assert found[7, 7, 14] == pytest.approx(2 / 3, rel=1e-4)
    local = gammaIndex(reference, scaled, isLocal=True, **CRITERIA)
    assert local.gamma[7, 7, 1] == pytest.approx(2 / 3, rel=1e-4) and local.passRate == 1.0
    assert gammaIndex(reference, reference.withArray(1.04 * reference.array), isLocal=True, **CRITERIA).passRate < 0.1


def test_neverAboveASearchOnAFineLattice():
    """Noisy maps: the continuous search finds what a lattice of 0.25 mm finds, or less, in all but odd cells."""
    from scipy import ndimage

    rng = np.random.default_rng(8)
    k, j, i = np.indices((12, 12, 12))
    smooth = 30 * np.exp(-((k - 6) ** 2 + (j - 5) ** 2 + (i - 6) ** 2) / 30.0) + 5
    matrix = np.diag([3.0, 3.0, 3.0, 1.0])
    reference = Volume(smooth, matrix)
    evaluated = Volume(smooth * rng.normal(1.05, 0.04, smooth.shape), matrix)
    found = gammaIndex(reference, evaluated, maximumGamma=2.0, **CRITERIA)
    steps = np.arange(-6, 6.01, 0.25)
    offsets = np.array(np.meshgrid(steps, steps, steps, indexing="ij")).reshape(3, -1)
    offsets = offsets[:, (offsets ** 2).sum(axis=0) <= 36]
    tolerance = 0.03 * smooth.max()
    differences = []
    for voxel in rng.integers(3, 9, (60, 3)):
        place = voxel[:, None] + offsets / 3.0
        values = ndimage.map_coordinates(evaluated.array, place, order=1, mode="nearest")
        squared = (offsets ** 2).sum(axis=0) / 9 + ((values - smooth[tuple(voxel)]) / tolerance) ** 2
        differences.append(found.gamma[tuple(voxel)] - min(np.sqrt(squared.min()), 2.0))
    assert max(differences) < 0.02 and np.mean(differences) < 0 and min(differences) > -0.1


def test_thresholdMaskAndCover():
    reference = ramp(gradient=(2.0, 0, 0), start=1.0)  # 1 to 91 Gy along x
    mask = np.zeros(reference.array.shape, bool)
    mask[:, 3:9] = True
    evaluated = Volume(reference.array[:7], reference.ijkToRAS)
    found = gammaIndex(reference, evaluated, mask=mask, threshold=0.2, **CRITERIA)
    wanted = mask & (reference.array >= 0.2 * 91)
    assert found.evaluatedVoxels == wanted[:7].sum() and found.uncoveredVoxels == wanted[7:].sum()
    assert np.array_equal(found.isEvaluated[:7], wanted[:7]) and not found.isEvaluated[7:].any()
    assert np.all(found.gamma[~found.isEvaluated] == 0)


def test_searchEndsAtTheLargestGamma():
    reference, evaluated = ramp(gradient=(0, 0, 0), start=10.0), ramp(gradient=(0, 0, 0), start=90.0)
    found = gammaIndex(reference, evaluated, maximumGamma=1.5, **CRITERIA)
    assert np.all(found.gamma == np.float32(1.5)) and found.passRate == 0.0 and found.meanGamma == pytest.approx(1.5)


def test_singleSlice():
    reference, evaluated = ramp((1, 12, 12), gradient=(0.5, 0, 0)), ramp((1, 12, 12), gradient=(0.5, 0, 0), start=20.5)
    found = gammaIndex(reference, evaluated, normalizationGy=50.0, **CRITERIA)
    assert found.gamma[0, 5, 5] == pytest.approx(0.5 / np.sqrt(1.5 ** 2 + 9 * 0.25), abs=2e-5)


def test_speedAndCancel():
    k, j, i = np.indices((32, 32, 32))
    values = 40 * np.exp(-((k - 16) ** 2 + (j - 14) ** 2 + (i - 17) ** 2) / 200.0)
    smooth = Volume(values, np.diag([4.8, 4.8, 4.8, 1.0]))
    started = time.process_time()
    assert gammaIndex(smooth, smooth.withArray(1.03 * smooth.array), **CRITERIA).passRate == 1.0
    assert time.process_time() - started < 3.0  # about 0.2

    def stop(fraction, message):
        raise CanceledError()

    with pytest.raises(CanceledError):
        gammaIndex(smooth, smooth, threshold=0.5, progress=stop)


def test_refusals():
    volume = ramp()
    for arguments, words in (({"absorbedDoseDifference": 0.0}, "difference"), ({"distanceMM": -1.0}, "distance"),
                             ({"maximumGamma": np.nan}, "largest gamma"), ({"threshold": 1.0}, "threshold"),
                             ({"threshold": 0.0, "isLocal": True}, "threshold"),
                             ({"mask": np.ones((2, 2, 2), bool)}, "mask"),
                             ({"mask": np.zeros(volume.array.shape, bool)}, "no absorbed dose"),
                             ({"normalizationGy": 1e6}, "above the threshold")):
        with pytest.raises(InputError, match=words):
            gammaIndex(volume, volume, **arguments)
    with pytest.raises(InputError, match="negative or not finite"):
        gammaIndex(volume, volume.withArray(volume.array - 100))
    with pytest.raises(InputError, match="do not overlap"):
        gammaIndex(volume, ramp(shift=(500.0, 0, 0), gradient=(0, 0, 0)))

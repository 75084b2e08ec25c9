"""The spheres of a NEMA-like phantom found in its CT, by their walls and by the ring they lie on."""

import itertools

import numpy as np

from ...errors import InputError
from ..grid import Grid
from ..resampling import averageOnGrid
from .findSpheres import RING_RADIUS_MM, rigid, ringPlaces
from .spheres import Sphere

WALL_MM = 1.0
_STEP_MM = 2.0
# Denser or lighter than this says nothing about a wall in water.
_LOW_HU, _HIGH_HU = -100.0, 250.0
# The mean of a shell as thick as a voxel of the work is held against the layers beside it.
_LAYER_MM = 2.0
_CANDIDATES, _APART_MM = 8, 8.0
# Of the spheres by size: two of them may be missing.
_SEARCHED = 5
# How far two spheres may lie from where the ring has them, and how far a wall may lie beside its place.
_LARGEST_MISFIT_MM, _REACH_MM = 4.0, 4.0
# Every third place along each axis tells the noise.
_STRIDE = (slice(None, None, 3),) * 3
# A wall that stands out by less than this share of the others' is none, and none by less than this many of the
# standard deviations that places without a wall show.
_LEAST_SHARE, _LEAST_DEVIATIONS = 0.35, 6.0


def findSpheresInCT(ct, spheres, ringRadiusMM=RING_RADIUS_MM, wallMM=WALL_MM):
    """Give the spheres of a ring their places by their walls in a CT.

    For every diameter the CT is searched for a bright shell in darker layers; of the places found for the largest
    spheres those three are taken that lie on the ring, in any rotation, with walls at the places of all others.

    Parameters
    ----------
    ct : Volume
        In Hounsfield units, in the coordinates of the emission image.
    spheres : sequence of Sphere
        In the order of their places on the ring; ``diameterMM`` is the inner one.
    ringRadiusMM, wallMM : float

    Returns
    -------
    tuple of Sphere
        With places, RAS mm; those without a wall at the place where the ring has them.
    tuple of str
        Names of the spheres without a wall.

    Raises
    ------
    InputError
        When no ring of walls is found.
    """
    where = ct.name or "CT of the phantom"
    if len(spheres) < 3:
        raise InputError(f"Only {len(spheres)} spheres are stated, at least 3 are needed to find their ring", where,
                         "Give centerRASMM of every sphere")
    image = _prepared(ct)
    responses = [_wallResponse(image, sphere.diameterMM / 2.0, wallMM) for sphere in spheres]
    noise = [_noiseOf(response[_STRIDE]) for response in responses]
    ring = ringPlaces(len(spheres), ringRadiusMM)
    largest = sorted(range(len(spheres)), key=lambda index: -spheres[index].diameterMM)[:_SEARCHED]
    candidates = {index: _peaks(image, responses[index], noise[index]) for index in largest}
    best, bestScore = None, 0.0
    for chosen, places in _triples(candidates, ring):
        rotation, shift, misfit = rigid(ring[list(chosen)], places)
        if misfit > _LARGEST_MISFIT_MM:
            continue
        expected = ring @ rotation.T + shift
        score = sum(_at(image, response, place)[1] for response, place in zip(responses, expected, strict=True))
        if score > bestScore:
            best, bestScore = expected, score
    if best is None:
        raise InputError("No ring of spheres is found in the CT", where,
                         "Check ringRadiusMM and the diameters, or give centerRASMM of every sphere")
    found = [_at(image, response, place) for response, place in zip(responses, best, strict=True)]
    usual = float(np.median([height for _place, height in found]))
    isThere = [height >= max(_LEAST_SHARE * usual, _LEAST_DEVIATIONS * spread)
               for (_place, height), spread in zip(found, noise, strict=True)]
    if sum(isThere) < 3:
        raise InputError(f"Only {sum(isThere)} spheres show a wall in the CT", where,
                         "Give centerRASMM of every sphere")
    rotation, shift, _misfitMM = rigid(ring[isThere], np.array([place for (place, _height), there in zip(
        found, isThere, strict=True) if there]))
    every = ring @ rotation.T + shift
    placed = tuple(Sphere(sphere.name, sphere.diameterMM, tuple(float(value) for value in (
        place if there else onRing))) for sphere, (place, _height), there, onRing in zip(
            spheres, found, isThere, every, strict=True))
    return placed, tuple(sphere.name for sphere, there in zip(spheres, isThere, strict=True) if not there)


def _noiseOf(values):
    """Standard deviation of what is no wall, by the median of the deviations."""
    return float(1.4826 * np.median(np.abs(values - np.median(values))))


def _prepared(ct):
    """The CT on even voxels along its own axes, cut to the densities of water and walls."""
    spacing = ct.spacingMM
    counts = np.maximum(np.ceil(np.array(ct.sizeIJK) * spacing / _STEP_MM), 1).astype(int)
    matrix = ct.ijkToRAS.copy()
    matrix[:3, :3] = ct.ijkToRAS[:3, :3] / spacing * _STEP_MM
    matrix[:3, 3] = ct.ijkToRAS[:3, :3] @ ((_STEP_MM / spacing - 1.0) / 2.0) + ct.ijkToRAS[:3, 3]
    even, _covered = averageOnGrid(ct, Grid(counts, matrix), outside=_LOW_HU)
    return even.withArray(np.clip(even.array, _LOW_HU, _HIGH_HU).astype(np.float32))


def _wallResponse(image, radius, wallMM):
    """Mean of a shell less that of the layers within and around it, for a sphere about every voxel."""
    from scipy import fft

    middle, half = radius + wallMM / 2.0, (wallMM + _STEP_MM) / 2.0
    reach = int(np.ceil((middle + half + _LAYER_MM) / _STEP_MM)) + 1
    axis = np.arange(-reach, reach + 1) * _STEP_MM
    distance = np.sqrt(axis[:, None, None] ** 2 + axis[None, :, None] ** 2 + axis[None, None, :] ** 2)
    # shares of voxels, so that a small shell is as round as a large one
    shell = np.clip((half - np.abs(distance - middle)) / _STEP_MM + 0.5, 0.0, 1.0)
    wide = np.clip((half + _LAYER_MM - np.abs(distance - middle)) / _STEP_MM + 0.5, 0.0, 1.0)
    layers = wide - shell
    kernel = shell / shell.sum() - layers / layers.sum()
    shape = [fft.next_fast_len(count + 2 * reach, real=True) for count in image.array.shape]
    spectrum = fft.rfftn(image.array, shape) * fft.rfftn(kernel.astype(np.float32), shape)
    inside = tuple(slice(reach, reach + count) for count in image.array.shape)
    return fft.irfftn(spectrum, shape)[inside]


def _peaks(image, response, noise):
    """Places (RAS mm) of the highest responses, apart from each other."""
    left, found = response.copy(), []
    reach = int(np.ceil(_APART_MM / _STEP_MM))
    for _ in range(_CANDIDATES):
        index = np.unravel_index(int(left.argmax()), left.shape)
        if left[index] < _LEAST_DEVIATIONS * noise:
            break
        found.append(image.ijkToRAS[:3, :3] @ np.array(index[::-1], float) + image.ijkToRAS[:3, 3])
        left[tuple(slice(max(value - reach, 0), value + reach + 1) for value in index)] = -np.inf
    return found


def _triples(candidates, ring):
    """Three spheres (indices) and places for them whose distances are those of the ring."""
    for chosen in itertools.combinations(candidates, 3):
        wanted = [np.linalg.norm(ring[a] - ring[b]) for a, b in itertools.combinations(chosen, 2)]
        for places in itertools.product(*(candidates[index] for index in chosen)):
            found = [np.linalg.norm(a - b) for a, b in itertools.combinations(places, 2)]
            if np.abs(np.subtract(found, wanted)).max() <= _LARGEST_MISFIT_MM:
                yield chosen, np.array(places)


def _at(image, response, place):
    """Place (RAS mm) and height of the highest response near a place; the place itself and 0 beyond the image."""
    index = np.linalg.solve(image.ijkToRAS, [*place, 1.0])[2::-1]
    reach = _REACH_MM / _STEP_MM
    low = np.maximum(np.ceil(index - reach).astype(int), 1)
    high = np.minimum(np.floor(index + reach).astype(int) + 1, np.array(response.shape) - 1)
    if np.any(high <= low):
        return np.asarray(place, float), 0.0
    part = response[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    top = np.array(np.unravel_index(int(part.argmax()), part.shape)) + low
    fine = top.astype(float)
    for axis in range(3):  # the vertex of a parabola through three voxels
        before, after = (response[tuple(top + step * (np.arange(3) == axis))] for step in (-1, 1))
        bend = before - 2.0 * response[tuple(top)] + after
        if bend < 0:
            fine[axis] += np.clip(0.5 * (before - after) / bend, -0.5, 0.5)
    return image.ijkToRAS[:3, :3] @ fine[::-1] + image.ijkToRAS[:3, 3], float(response[tuple(top)])

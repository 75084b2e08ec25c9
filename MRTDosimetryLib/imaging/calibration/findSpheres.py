"""The spheres of a NEMA-like phantom found in its emission image, by their ring and their order of size."""

import itertools

import numpy as np

from ...errors import InputError
from .spheres import Sphere, shellMean

# Spheres lie on a ring, the next larger one always a sixth of a turn further (NEMA NU 2 body phantom).
RING_RADIUS_MM = 57.2
_THRESHOLD = 0.35  # of the highest excess over the surroundings
_FEWEST_FOUND = 3
# Places that fit the ring worse than this are not those of the phantom.
_LARGEST_MISFIT_MM = 5.0
_LARGEST_SHIFT_MM = 2.0
# How far a found activity may lie from the expected one in units of a natural logarithm before it speaks against an
# order: recovery and threshold alone leave about so much.
_LOG_SPREAD = 0.5
_EXCESS_REACH_MM = 10.0


def findSpheres(image, spheres, sphereBqPerML, backgroundBqPerML=0.0, ringRadiusMM=RING_RADIUS_MM):
    """Give the spheres of a ring their places.

    Hot spots that stand out are matched, in any rotation and from either side, with the places on the ring; what
    they hold tells them apart. From the match follow the places of all spheres, also of those too small to stand out.

    Parameters
    ----------
    image : Volume
        Bq/mL.
    spheres : sequence of Sphere
        In the order of their places on the ring.
    sphereBqPerML, backgroundBqPerML : float
        True concentrations at the scan.
    ringRadiusMM : float

    Returns
    -------
    tuple of Sphere
        With places, RAS mm.

    Raises
    ------
    InputError
        When fewer than three stand out, or what stands out does not lie on the ring.
    """
    where = image.name or "sphere phantom"
    ring = ringPlaces(len(spheres), ringRadiusMM)
    places, excess = _hotSpots(image, sphereBqPerML, backgroundBqPerML, len(spheres))
    if len(places) < _FEWEST_FOUND:
        raise InputError(f"Only {len(places)} spheres stand out in the image, at least {_FEWEST_FOUND} are needed to "
                         "place the others", where, "Give centerRASMM of every sphere")
    expected = np.array([sphere.volumeML for sphere in spheres]) * (sphereBqPerML - backgroundBqPerML)
    bestCost, best = np.inf, None
    for chosen in itertools.permutations(range(len(spheres)), len(places)):
        if any(expected[a] < expected[b] for a, b in itertools.pairwise(chosen)):
            continue  # the hot spots are in falling order of what they hold
        logarithms = np.log(excess / expected[list(chosen)])
        for isMirrored in (False, True):
            points = ring[list(chosen)] * np.array([1.0, -1.0 if isMirrored else 1.0, 1.0])
            rotation, shift, misfit = rigid(points, places)
            cost = (misfit / _LARGEST_MISFIT_MM) ** 2 + float(np.mean((logarithms / _LOG_SPREAD) ** 2))
            if misfit <= _LARGEST_MISFIT_MM and cost < bestCost:
                bestCost, best = cost, (rotation, shift, isMirrored, chosen)
    if best is None:
        raise InputError("What stands out in the image does not lie on the ring of the phantom", where,
                         "Give centerRASMM of every sphere, or check ringRadiusMM")
    rotation, shift, isMirrored, chosen = best
    every = (ring * np.array([1.0, -1.0 if isMirrored else 1.0, 1.0])) @ rotation.T + shift
    for index, place in zip(chosen, places, strict=True):
        # The ring averages over all hot spots, which a small one's own center does not; a sphere that lies beside the
        # ring keeps its own.
        if np.linalg.norm(place - every[index]) > _LARGEST_SHIFT_MM:
            every[index] = place
    return tuple(Sphere(sphere.name, sphere.diameterMM, tuple(float(value) for value in place))
                 for sphere, place in zip(spheres, every, strict=True))


def _hotSpots(image, sphereBqPerML, backgroundBqPerML, most):
    """Centers (RAS mm) of what stands out, and the activity it holds above its surroundings (Bq), largest first."""
    from scipy import ndimage

    contrast = sphereBqPerML - backgroundBqPerML
    excess = image.array - np.float32(backgroundBqPerML)
    highest = min(float(excess.max()), 1.2 * contrast)
    parts, count = ndimage.label(excess > _THRESHOLD * highest)
    found = []
    reach = _EXCESS_REACH_MM / image.spacingMM[::-1]
    for index, box in enumerate(ndimage.find_objects(parts), start=1):
        if np.count_nonzero(parts[box] == index) < 2:
            continue
        wide = tuple(slice(max(int(part.start - r), 0), int(part.stop + r) + 1)
                     for part, r in zip(box, reach, strict=True))
        isOther = (parts[wide] > 0) & (parts[wide] != index)
        values = np.where(isOther, 0.0, np.maximum(excess[wide], 0.0)).astype(float)
        own = np.where(parts[wide] == index, excess[wide], 0.0).astype(float)
        center = [float((own * axis).sum() / own.sum()) + part.start
                  for axis, part in zip(np.indices(own.shape), wide, strict=True)]
        place = image.ijkToRAS[:3, :3] @ center[::-1] + image.ijkToRAS[:3, 3]
        around = shellMean(image, place, 10.0) - backgroundBqPerML
        held = float((values - np.maximum(around, 0.0)).sum()) * image.voxelVolumeML
        if held > 0:
            found.append((held, place))
    found.sort(key=lambda item: -item[0])
    found = found[:most]
    return np.array([place for _held, place in found]).reshape(-1, 3), np.array([held for held, _place in found])


def ringPlaces(count, ringRadiusMM):
    """Places on a ring about the origin, one after the other, mm, shape (count, 3)."""
    angles = 2 * np.pi * np.arange(count) / count
    return ringRadiusMM * np.column_stack([np.cos(angles), np.sin(angles), 0 * angles])


def rigid(points, places):
    """Rotation, shift and root-mean-square misfit (mm) that bring points onto places (Kabsch)."""
    first, second = points.mean(axis=0), places.mean(axis=0)
    left, _singular, right = np.linalg.svd((points - first).T @ (places - second))
    sign = np.sign(np.linalg.det(right.T @ left.T)) or 1.0
    rotation = right.T @ np.diag([1.0, 1.0, sign]) @ left.T
    shift = second - rotation @ first
    misfit = points @ rotation.T + shift - places
    return rotation, shift, float(np.sqrt(np.mean((misfit ** 2).sum(axis=1))))

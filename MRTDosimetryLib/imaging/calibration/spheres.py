"""Recovery of the spheres of a phantom at known places."""

import math
from dataclasses import dataclass

import numpy as np

from ...errors import InputError
from ...physics.pointSpread import SphereSample
from ...physics.recoveryFit import RecoveryPoint
from ...physics.uncertainty.volume import notNegative, positive
from .shapes import meanInside, sphereOccupancy

# Around each sphere its own surroundings are measured in a shell between these distances from its surface ...
_SHELL_MM = (12.0, 24.0)
# ... and a sphere whose center does not stand out from them by this share of the expected difference is not there.
_LEAST_CONTRAST = 0.15
_CENTER_SHARE = 0.6  # of the diameter
_FEWEST_REPEATS = 3


@dataclass(frozen=True)
class Sphere:
    """A sphere of a phantom: ``name``, inner ``diameterMM`` and, where it is known, ``centerRAS`` in RAS mm."""

    name: str
    diameterMM: float
    centerRAS: tuple | None = None

    @property
    def volumeML(self):
        return math.pi / 6.0 * self.diameterMM ** 3 / 1000.0


@dataclass(frozen=True)
class SphereMeasurement:
    """What was found of a sphere.

    Attributes
    ----------
    sphere : Sphere
    concentrationBqPerML : float or None
        Mean inside the sphere; ``None`` where it is missing.
    recovery : float or None
        Found over true concentration, or by contrast where a background is stated.
    problem : str
        Why it is missing, in words; empty where it was found.
    sample : SphereSample or None
        Where its voxels lie.
    """

    sphere: Sphere
    concentrationBqPerML: float | None
    recovery: float | None
    problem: str = ""
    sample: SphereSample | None = None


def measureSpheres(image, spheres, sphereBqPerML, backgroundBqPerML=0.0, measuredBackgroundBqPerML=None):
    """Recovery of every sphere of one scan.

    In a cold surrounding R = found / true concentration inside the true outline. In a warm one what spills in is taken
    off: R = (found - background) / (true - background), both with the background found in the image where it is given.

    Parameters
    ----------
    image : Volume
        Bq/mL.
    spheres : sequence of Sphere
        With their places.
    sphereBqPerML, backgroundBqPerML : float
        True concentrations at the time of the scan.
    measuredBackgroundBqPerML : float, optional
        Mean of the image in the background; left out, the true one is taken.

    Returns
    -------
    tuple of SphereMeasurement
        In the order given.
    """
    if image.unit.lower() != "bq/ml":
        raise InputError(f"The image is in '{image.unit or 'no unit'}' instead of Bq/mL", image.name,
                         "Recovery is activity found over true activity: calibrate the sensitivity first")
    true = positive(sphereBqPerML, "concentration in the spheres (Bq/mL)", "recovery")
    background = notNegative(backgroundBqPerML, "concentration in the background (Bq/mL)", "recovery")
    if true <= background:
        raise InputError(f"The spheres ({true:.4g} Bq/mL) are not hotter than the background ({background:.4g} Bq/mL)",
                         "recovery", "Check both concentrations and their times")
    shown = background if measuredBackgroundBqPerML is None else measuredBackgroundBqPerML
    return tuple(_measure(image, sphere, true, background, shown) for sphere in spheres)


def _measure(image, sphere, true, background, shown):
    if sphere.centerRAS is None:
        return SphereMeasurement(sphere, None, None, "its place is not known")
    whole = sphereOccupancy(image, sphere.centerRAS, sphere.diameterMM, sphere.name)
    core = sphereOccupancy(image, sphere.centerRAS, max(_CENTER_SHARE * sphere.diameterMM,
                                                        float(np.mean(image.spacingMM))), sphere.name)
    found = meanInside(image, whole)
    around = shellMean(image, sphere.centerRAS, sphere.diameterMM)
    contrast = (meanInside(image, core) - around) / (true - background)
    if contrast < _LEAST_CONTRAST:
        return SphereMeasurement(sphere, None, None,
                                 f"it does not stand out from its surroundings ({contrast:.0%} of what was filled)")
    return SphereMeasurement(sphere, found, (found - shown) / (true - background), "",
                             sphereSample(image, sphere, whole))


def sphereSample(image, sphere, whole):
    """Distances and fractions of the voxels of a sphere by its :class:`.Occupancy`."""
    distance = _distancesIn(image, sphere.centerRAS, whole.slices)
    isUsed = whole.fraction > 0
    return SphereSample(sphere.diameterMM / 2.0, distance[isUsed].astype(float), whole.fraction[isUsed].astype(float))


def shellMean(image, centerRAS, diameterMM):
    """Median of the image in a shell around a sphere, beyond what spills out of it."""
    box, distance = distancesFrom(image, centerRAS, diameterMM / 2 + _SHELL_MM[1])
    radius = diameterMM / 2
    chosen = (distance >= radius + _SHELL_MM[0]) & (distance <= radius + _SHELL_MM[1])
    if not chosen.any():
        raise InputError("There are no voxels around the sphere", image.name, "Check its place")
    return float(np.median(image.array[box][chosen]))


def distancesFrom(image, centerRAS, reachMM):
    """Slices (k, j, i) of a box around a point, and the distance of its voxel centers in mm."""
    index = np.linalg.solve(image.ijkToRAS, [*centerRAS, 1.0])[:3]
    reach = reachMM / image.spacingMM
    low = np.clip(np.floor(index - reach), 0, np.array(image.sizeIJK) - 1).astype(int)
    high = np.clip(np.ceil(index + reach) + 1, 1, image.sizeIJK).astype(int)
    box = tuple(slice(int(a), int(b)) for a, b in zip(low[::-1], high[::-1], strict=True))
    return box, _distancesIn(image, centerRAS, box)


def _distancesIn(image, centerRAS, box):
    """Distance in mm of the voxel centers of a box (k, j, i) from a point."""
    index = np.linalg.solve(image.ijkToRAS, [*centerRAS, 1.0])[:3]
    offsets = [np.arange(part.start, part.stop) - index[axis] for axis, part in enumerate(reversed(box))]
    i, j, k = offsets[0][None, None, :], offsets[1][None, :, None], offsets[2][:, None, None]
    matrix = image.ijkToRAS[:3, :3]
    return np.sqrt(sum((matrix[axis, 0] * i + matrix[axis, 1] * j + matrix[axis, 2] * k) ** 2 for axis in range(3)))


def recoveryPoints(scans):
    """Points of the recovery curve from one scan or several scans of the same phantom, and who is missing.

    Parameters
    ----------
    scans : sequence of tuple of SphereMeasurement
        By :func:`measureSpheres`, the same spheres in the same order.

    Returns
    -------
    list of RecoveryPoint
        The mean over the scans; from three scans on with its standard uncertainty, that of all spheres together: a few
        scans tell the spread of one sphere poorly, and noise moves the recovery of small and large spheres by about as
        much.
    dict of str to str
        Missing spheres by name, with the reason.
    list of list of SphereSample
        Of each point, one per scan.
    """
    found, missing, samples = [], {}, []
    for measurements in zip(*scans, strict=True):
        sphere = measurements[0].sphere
        problem = next((item.problem for item in measurements if item.problem), "")
        if problem:
            missing[sphere.name] = problem
            continue
        found.append((sphere, np.array([item.recovery for item in measurements])))
        samples.append([item.sample for item in measurements])
    spread = None
    if len(scans) >= _FEWEST_REPEATS and found:
        spread = float(np.sqrt(np.mean([values.var(ddof=1) for _sphere, values in found]) / len(scans))) or None
    points = [RecoveryPoint(sphere.name, sphere.volumeML, float(values.mean()), spread) for sphere, values in found]
    return points, missing, samples

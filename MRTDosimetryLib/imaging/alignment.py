"""Two CTs aligned by robust least squares: the optimizer behind :mod:`.registration`.

Inverse compositional Gauss-Newton steps (Baker and Matthews, Int J Comput Vis 2004;56:221) on windowed Hounsfield
units, with robust weights so that bowel gas, arms and breathing do not pull the result (as in Reuter et al.,
NeuroImage 2010;53:1181). No random numbers, and no sums whose order depends on the number of threads.
"""

from dataclasses import dataclass

import numpy as np

from ..errors import CalculationError

# Down to air: a window that cuts the skin edge apart would turn every difference in sharpness into one in size.
WINDOW_HU = (-1000.0, 400.0)
MEND = "Check that both CTs show the same part of the same patient; else register by hand or exclude the time point"
_MINIMUM_POINTS = 60


@dataclass(frozen=True)
class Level:
    """One resolution of a fixed image, ready for :func:`align`.

    Attributes
    ----------
    points : numpy.ndarray
        RAS mm, shape (3, n): voxels that can tell a shift (inside the body, on some edge).
    values : numpy.ndarray
        Windowed HU there, shape (n,).
    gradients : numpy.ndarray
        HU per mm along R, A, S, shape (3, n).
    scaleFloorHU : float
        Differences below it are never taken for outliers.
    """

    points: np.ndarray
    values: np.ndarray
    gradients: np.ndarray
    scaleFloorHU: float


def prepareLevel(windowed, body, scaleFloorHU, maximumPoints):
    """Choose the points of a fixed image that carry information.

    Parameters
    ----------
    windowed : Volume
        Float HU inside :data:`WINDOW_HU`.
    body : numpy.ndarray
        Bool (k, j, i): where points may lie.
    scaleFloorHU : float
    maximumPoints : int
        Points with the strongest gradients are preferred.
    """
    gradientKJI = [np.gradient(windowed.array, axis=axis) if windowed.array.shape[axis] > 1
                   else np.zeros_like(windowed.array) for axis in range(3)]
    toMM = np.linalg.inv(windowed.ijkToRAS[:3, :3]).T
    k, j, i = np.nonzero(body)
    index = np.stack([g[k, j, i] for g in reversed(gradientKJI)]).astype(np.float64)
    gradients = np.einsum("ab,bn->an", toMM, index)
    strength = np.einsum("an,an->n", gradients, gradients)
    if strength.size > maximumPoints:
        threshold = np.partition(strength, strength.size - maximumPoints)[strength.size - maximumPoints]
        chosen = np.flatnonzero(strength >= max(threshold, 1e-12))
    else:
        chosen = np.flatnonzero(strength > 1e-12)
    i, j, k = i[chosen], j[chosen], k[chosen]
    points = np.einsum("ab,bn->an", windowed.ijkToRAS[:3, :3], np.stack([i, j, k]).astype(float))
    points += windowed.ijkToRAS[:3, 3:]
    return Level(points, windowed.array[k, j, i].astype(np.float64), gradients[:, chosen], scaleFloorHU)


def align(level, moving, fixedToMoving, kind, iterations, toleranceMM, name=""):
    """Refine a transform at one resolution.

    Parameters
    ----------
    level : Level
        Of the fixed image.
    moving : Volume
        Windowed HU at the same resolution.
    fixedToMoving : numpy.ndarray
        4 x 4 start, RAS mm.
    kind : {"rigid", "affine"}
    iterations : int
        At most.
    toleranceMM : float
        Done when no step moves a point at the typical distance from the center by more.
    name : str
        Of the moving image, for messages.

    Returns
    -------
    numpy.ndarray, int, bool
        Transform, iterations used, whether it converged.

    Raises
    ------
    CalculationError
        When the images share too little.
    """
    center = level.points.mean(axis=1, keepdims=True)
    arms = level.points - center
    radius = float(np.sqrt(np.einsum("an,an->", arms, arms) / arms.shape[1]))
    jacobian = _jacobian(arms / radius, level.gradients, kind)
    rasToIJK = np.linalg.inv(moving.ijkToRAS)
    for iteration in range(1, iterations + 1):
        values, inside = sample(moving.array, rasToIJK @ fixedToMoving, level.points)
        if np.count_nonzero(inside) < _MINIMUM_POINTS:
            raise CalculationError("The two CTs share too little of the body to be registered", name, MEND)
        residual = (values - level.values)[inside]
        weights = _robustWeights(residual, level.scaleFloorHU)
        used = jacobian[:, inside]
        weighted = used * weights
        # einsum without BLAS: the same order of summation whatever the number of threads
        normal = np.einsum("an,bn->ab", weighted, used)
        normal[np.diag_indices_from(normal)] *= 1.0 + 1e-6
        right = np.einsum("an,n->a", weighted, residual)
        try:
            step = np.linalg.solve(normal, right)
        except np.linalg.LinAlgError as error:
            raise CalculationError("The two CTs do not determine a transform", name, MEND) from error
        fixedToMoving = fixedToMoving @ np.linalg.inv(_increment(step, center[:, 0], radius, kind))
        if np.abs(step).max() < toleranceMM:
            return fixedToMoving, iteration, True
    return fixedToMoving, iterations, False


def sample(array, rasToIJK, points):
    """Linear interpolation at points (RAS mm, (3, n)); returns values (n,) and whether each lies in the image."""
    from scipy import ndimage

    index = np.einsum("ab,bn->an", rasToIJK[:3, :3], points) + rasToIJK[:3, 3:]
    limit = np.array(array.shape[::-1], dtype=float)[:, None] - 0.5
    inside = np.all((index >= -0.5) & (index <= limit), axis=0)
    values = ndimage.map_coordinates(array, index[::-1], order=1, mode="nearest", output=np.float64)
    return values, inside


def _jacobian(arms, gradients, kind):
    """Change of the fixed image with each parameter, all in mm: (6 or 12, n)."""
    if kind == "rigid":
        turning = np.stack([arms[1] * gradients[2] - arms[2] * gradients[1],
                            arms[2] * gradients[0] - arms[0] * gradients[2],
                            arms[0] * gradients[1] - arms[1] * gradients[0]])
        return np.concatenate([gradients, turning])
    return np.concatenate([gradients, *(gradients[axis] * arms for axis in range(3))])


def _increment(step, center, radius, kind):
    matrix = np.eye(4)
    if kind == "rigid":
        matrix[:3, :3] = rotationFromVector(step[3:] / radius)
    else:
        matrix[:3, :3] += step[3:].reshape(3, 3) / radius
    matrix[:3, 3] = center - matrix[:3, :3] @ center + step[:3]
    return matrix


def rotationFromVector(vector):
    """3 x 3 rotation by the length (radians) of a vector around its direction (Rodrigues)."""
    angle = float(np.linalg.norm(vector))
    x, y, z = vector
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    if angle < 1e-9:
        return np.eye(3) + cross
    return np.eye(3) + np.sin(angle) / angle * cross + (1.0 - np.cos(angle)) / angle ** 2 * (cross @ cross)


def _robustWeights(residual, floorHU):
    """Weights of Geman and McClure, 1 / (1 + (r/s)^2)^2, with s from the median absolute residual."""
    scale = max(2.0 * 1.4826 * float(np.median(np.abs(residual))), floorHU)
    return 1.0 / (1.0 + (residual / scale) ** 2) ** 2

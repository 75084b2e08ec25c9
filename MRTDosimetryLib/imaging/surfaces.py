"""Closed surfaces of triangles: the volume they enclose, and straight lines through them."""

from dataclasses import dataclass

import numpy as np

from ..errors import InputError


@dataclass(frozen=True)
class Surface:
    """A closed surface.

    Attributes
    ----------
    pointsRAS : numpy.ndarray
        Shape (N, 3), corners in right-anterior-superior mm.
    triangles : numpy.ndarray
        Shape (M, 3), indices of the corners; counterclockwise as seen from outside (or all clockwise).
    name : str
        What the surface is called in messages.
    """

    pointsRAS: np.ndarray
    triangles: np.ndarray
    name: str = ""

    def __post_init__(self):
        points = np.asarray(self.pointsRAS, float)
        triangles = np.asarray(self.triangles, np.int64)
        if points.ndim != 2 or points.shape[1] != 3 or triangles.ndim != 2 or triangles.shape[1] != 3:
            raise InputError("The surface is not made of triangles", self.name)
        if len(triangles) < 4:
            raise InputError("The surface encloses nothing", self.name, "Draw the region")
        if not np.all(np.isfinite(points)) or triangles.min() < 0 or triangles.max() >= len(points):
            raise InputError("The surface is damaged", self.name, "Make it again")
        object.__setattr__(self, "pointsRAS", points)
        object.__setattr__(self, "triangles", triangles)


def enclosedVolumeML(surface):
    """Volume inside a closed surface (divergence theorem), in mL."""
    points = surface.pointsRAS - surface.pointsRAS.mean(axis=0)
    a, b, c = (points[surface.triangles[:, corner]] for corner in range(3))
    return abs(float(np.einsum("ij,ij->", a, np.cross(b, c)))) / 6000.0


def columnIntervals(vertices, triangles, counts, low, high, places):
    """Where straight lines along the third axis run inside a closed surface.

    Parameters
    ----------
    vertices : numpy.ndarray
        Shape (3, N).
    triangles : numpy.ndarray
        Shape (M, 3).
    counts : sequence of int
        Columns along the first and second axis, which divide the range ``low`` to ``high`` evenly.
    low, high : sequence of float
        Shape (2,), range of the surface along the first two axes.
    places : numpy.ndarray
        Shape (2, counts[0] * counts[1]): one line in each column (the second axis runs fastest).

    Returns
    -------
    column, enters, leaves : numpy.ndarray
        Shape (K,): of each piece of a line inside the surface its column and its ends along the third axis.

    Raises
    ------
    InputError
        When a line enters more often than it leaves.
    """
    line, height, turn = _crossings(vertices, triangles, np.asarray(counts), np.asarray(low), np.asarray(high), places)
    order = np.lexsort((height, line))
    line, height, turn = line[order], height[order], turn[order]
    # Around each line the crossings cancel, so that a running sum over all lines is the count for the current one.
    depth = np.cumsum(turn)
    isLast = np.append(line[1:] != line[:-1], True) if len(line) else np.zeros(0, bool)
    if np.any(depth[isLast] != 0):
        raise InputError("The surface has holes", "Region", "Make the closed surface again")
    if len(line) and depth[np.argmax(np.abs(depth))] < 0:
        depth = -depth
    inside = np.flatnonzero(depth[:-1] > 0)
    return line[inside], height[inside], height[inside + 1]


def _crossings(vertices, triangles, counts, low, high, places):
    """Line, height and +1 (upwards into the surface) or -1 of every crossing of a line and a triangle."""
    cell = (high - low) / counts
    corners = vertices[:2, triangles]  # (axis, triangle, corner)
    first = np.floor((corners.min(axis=2) - low[:, None]) / cell[:, None]).astype(int)
    last = np.floor((corners.max(axis=2) - low[:, None]) / cell[:, None]).astype(int)
    first = np.clip(first, 0, counts[:, None] - 1)
    last = np.clip(last, 0, counts[:, None] - 1)
    sizes = last - first + 1
    number = sizes[0] * sizes[1]
    found = [[], [], []]
    # in portions: large triangles over many columns would need much memory at once
    ends = np.searchsorted(np.cumsum(number), np.arange(1, int(number.sum() // 2_000_000) + 1) * 2_000_000)
    for part in np.split(np.arange(len(triangles)), np.unique(ends)):
        if len(part):
            for kept, values in zip(found, _portion(vertices, triangles[part], first[:, part], sizes[:, part],
                                                    number[part], counts, places), strict=True):
                kept.append(values)
    return tuple(np.concatenate(kept) for kept in found)


def _portion(vertices, triangles, first, sizes, number, counts, places):
    owner = np.repeat(np.arange(len(triangles)), number)
    order = np.arange(len(owner)) - np.repeat(np.cumsum(number) - number, number)
    line = (first[0, owner] + order // sizes[1, owner]) * counts[1] + first[1, owner] + order % sizes[1, owner]
    x, y = places[:, line]
    corners = triangles[owner].T
    sides = []
    for a, b in ((0, 1), (1, 2), (2, 0)):
        # Both triangles at an edge compute the very same number, so that a line never slips between them.
        start, end = np.minimum(corners[a], corners[b]), np.maximum(corners[a], corners[b])
        (x0, y0), (x1, y1) = vertices[:2, start], vertices[:2, end]
        isLeft = (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0) > 0
        sides.append(isLeft == (corners[a] < corners[b]))
    hit = np.flatnonzero((sides[0] == sides[1]) & (sides[1] == sides[2]))
    a, b, c = (vertices[:, corners[corner, hit]] for corner in range(3))
    normal = np.cross((b - a).T, (c - a).T).T
    isFlat = normal[2] == 0
    slope = np.where(isFlat, 1.0, normal[2])
    height = a[2] - (normal[0] * (x[hit] - a[0]) + normal[1] * (y[hit] - a[1])) / slope
    turn = -np.sign(normal[2]).astype(int)
    kept = ~isFlat
    return line[hit][kept], height[kept], turn[kept]

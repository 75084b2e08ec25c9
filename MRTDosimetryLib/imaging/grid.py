"""Where the voxels of an image lie, without its values."""

from dataclasses import dataclass

import numpy as np

from ..errors import InputError


@dataclass(frozen=True)
class Grid:
    """Voxel positions of an image.

    Attributes
    ----------
    sizeIJK : tuple of int
        Number of voxels along i, j, k.
    ijkToRAS : numpy.ndarray
        4 x 4, from voxel centers (i, j, k) to right-anterior-superior mm.
    """

    sizeIJK: tuple
    ijkToRAS: np.ndarray

    def __post_init__(self):
        size = tuple(int(n) for n in self.sizeIJK)
        matrix = np.array(self.ijkToRAS, dtype=float)
        if len(size) != 3 or min(size) < 1:
            raise InputError("A grid needs at least one voxel along each of its three axes", "", "")
        if matrix.shape != (4, 4) or not np.all(np.isfinite(matrix)) or abs(np.linalg.det(matrix[:3, :3])) < 1e-12:
            raise InputError("The grid has no valid position, orientation and spacing")
        object.__setattr__(self, "sizeIJK", size)
        object.__setattr__(self, "ijkToRAS", matrix)

    @property
    def shape(self):
        """Shape (k, j, i) of an array on this grid."""
        return self.sizeIJK[::-1]

    @property
    def spacingMM(self):
        """Voxel edge lengths along i, j, k in mm."""
        return np.linalg.norm(self.ijkToRAS[:3, :3], axis=0)

    @property
    def voxelVolumeML(self):
        return abs(np.linalg.det(self.ijkToRAS[:3, :3])) / 1000.0

    def cropped(self, slices):
        """The part of the grid that ``slices`` (three slices, order k, j, i) cut out of an array on it."""
        start = [s.start for s in slices][::-1]
        size = [s.stop - s.start for s in slices][::-1]
        matrix = self.ijkToRAS.copy()
        matrix[:3, 3] = (self.ijkToRAS @ [*start, 1.0])[:3]
        return Grid(size, matrix)

    def subdivided(self, counts):
        """The grid with every voxel cut into ``counts`` (along i, j, k) parts; outer faces stay where they are."""
        counts = np.asarray(counts, dtype=float)
        toCoarse = np.diag([*(1.0 / counts), 1.0])
        toCoarse[:3, 3] = 0.5 / counts - 0.5
        return Grid(np.multiply(self.sizeIJK, counts).astype(int), self.ijkToRAS @ toCoarse)

    def center(self):
        """Middle of the field of view, RAS mm, shape (3,)."""
        return (self.ijkToRAS @ [*((np.array(self.sizeIJK) - 1) / 2.0), 1.0])[:3]


def gridOf(image):
    """The :class:`Grid` of a :class:`~.volume.Volume` (a Grid is returned as it is)."""
    return image if isinstance(image, Grid) else Grid(image.sizeIJK, image.ijkToRAS)


def isSameGrid(first, second, toleranceMM=1e-3):
    """Whether two images or grids put every voxel at the same place, within ``toleranceMM``."""
    first, second = gridOf(first), gridOf(second)
    if first.sizeIJK != second.sizeIJK:
        return False
    corners = cornerIndices(first.sizeIJK)
    return bool(np.abs((first.ijkToRAS - second.ijkToRAS) @ corners).max() < toleranceMM)


def cornerIndices(sizeIJK):
    """Homogeneous indices of the eight outer corners (half a voxel beyond the centers), shape (4, 8)."""
    low, high = -0.5, np.asarray(sizeIJK) - 0.5
    ends = [(low, end) for end in high]
    return np.array([[i, j, k, 1.0] for i in ends[0] for j in ends[1] for k in ends[2]]).T


def indexMatrix(fromImage, toImage, fromToTo=None):
    """4 x 4 from the voxel indices (i, j, k) of one image to those of another.

    Parameters
    ----------
    fromImage, toImage : Volume or Grid
    fromToTo : numpy.ndarray, optional
        4 x 4 in RAS mm, from points of the first image to points of the second; identity when left out.
    """
    fromToTo = np.eye(4) if fromToTo is None else rigidOrAffine(fromToTo)
    return np.linalg.inv(toImage.ijkToRAS) @ fromToTo @ fromImage.ijkToRAS


def rigidOrAffine(matrix):
    """The matrix as a checked 4 x 4 float array.

    Raises
    ------
    InputError
        When it is not an invertible, finite affine transform.
    """
    matrix = np.array(matrix, dtype=float)
    if (matrix.shape != (4, 4) or not np.all(np.isfinite(matrix)) or not np.allclose(matrix[3], [0, 0, 0, 1])
            or abs(np.linalg.det(matrix[:3, :3])) < 1e-9):
        raise InputError("The transform between two images is not a valid 4 x 4 matrix")
    return matrix

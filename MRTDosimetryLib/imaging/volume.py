"""A scalar image: array, geometry and unit in one object."""

from dataclasses import dataclass, field, replace

import numpy as np

from ..errors import InputError

RAS_FROM_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


@dataclass(frozen=True)
class Volume:
    """A three-dimensional image in patient coordinates.

    Attributes
    ----------
    array : numpy.ndarray
        Values, shape (slices k, rows j, columns i).
    ijkToRAS : numpy.ndarray
        4 x 4, from voxel centers (i, j, k) to right-anterior-superior mm.
    unit : str
        UCUM code of the values, e.g. ``"Bq/mL"``, ``"[hnsf'U]"`` (Hounsfield), ``"Gy"``; empty for labels.
    name : str
        What the image is called in messages.
    """

    array: np.ndarray
    ijkToRAS: np.ndarray = field(default_factory=lambda: np.eye(4))
    unit: str = ""
    name: str = ""

    def __post_init__(self):
        array = np.asarray(self.array)
        matrix = np.array(self.ijkToRAS, dtype=float)
        if array.ndim != 3:
            raise InputError(f"The image has {array.ndim} dimensions instead of 3", self.name)
        if array.size == 0:
            raise InputError("The image holds no voxels", self.name)
        if matrix.shape != (4, 4) or not np.all(np.isfinite(matrix)) or abs(np.linalg.det(matrix[:3, :3])) < 1e-12:
            raise InputError("The image has no valid position, orientation and spacing", self.name)
        object.__setattr__(self, "array", array)
        object.__setattr__(self, "ijkToRAS", matrix)

    @property
    def spacingMM(self):
        """Voxel edge lengths along i, j, k in mm."""
        return np.linalg.norm(self.ijkToRAS[:3, :3], axis=0)

    @property
    def voxelVolumeML(self):
        return abs(np.linalg.det(self.ijkToRAS[:3, :3])) / 1000.0

    @property
    def sizeIJK(self):
        """Number of voxels along i, j, k."""
        return self.array.shape[::-1]

    def withArray(self, array, unit=None, name=None):
        """The same geometry with other values."""
        return replace(self, array=array, unit=self.unit if unit is None else unit,
                       name=self.name if name is None else name)

    def hasSameGridAs(self, other, toleranceMM=1e-3):
        """Whether every voxel of both images lies at the same place (corner difference below ``toleranceMM``)."""
        from .grid import isSameGrid

        return isSameGrid(self, other, toleranceMM)

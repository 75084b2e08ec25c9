"""The patient of a CT as an opposed pair of planar views sees them: attenuation along the lines, regions, body."""

from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from ..physics.density import densityGPerML
from ..physics.photonInteractions import photonMaterial
from .grid import Grid, cornerIndices
from .occupancy import occupancy
from .resampling import averageOnGrid

_MATERIAL = "softTissue"
_MM_PER_CM = 10.0
# Thinner than this in units of its own CT, air and clothes around the patient are no body.
_LEAST_DENSITY = 0.02
# Denser than a table, at the front or back end of a CT: the body goes on there.
_TISSUE_DENSITY = 0.8
# Finer steps along the lines than this (mm) change nothing that a camera sees.
_LEAST_STEP_MM = 2.0
_SIGNS = {"R": (0, 1.0), "L": (0, -1.0), "H": (1, 1.0), "F": (1, -1.0)}


@dataclass(frozen=True)
class PlanarGeometry:
    """Where the pixels of a planar view lie in the coordinates of a CT.

    Attributes
    ----------
    shape : tuple of 2 int
        Rows, columns.
    spacingMM : tuple of 2 float
        Between rows, between columns.
    orientation : tuple of 2 str
        Side of the patient toward which the columns (``"R"`` or ``"L"``) and the rows (``"H"`` or ``"F"``) go on.
    middleRSMM : tuple of 2 float
        Right and superior coordinate (mm) of the patient in the middle of the view.
    """

    shape: tuple
    spacingMM: tuple
    orientation: tuple
    middleRSMM: tuple

    def __post_init__(self):
        column, row = (_SIGNS.get(letter, (None, 0))[0] for letter in self.orientation)
        if (column, row) != (0, 1):
            raise InputError(f"Columns and rows of the view go on toward {' and '.join(map(str, self.orientation))}",
                             "planar view", "Give R or L for the columns, H or F for the rows")

    @property
    def isMirrored(self):
        """Whether the columns go on toward the patient's right, as a view from behind has it."""
        return self.orientation[0] == "R"

    @property
    def signs(self):
        """+1 where columns, rows go on toward right, head; else -1."""
        return tuple(_SIGNS[letter][1] for letter in self.orientation)

    def rightMM(self):
        """Right coordinate of the middle of each column."""
        offsets = np.arange(self.shape[1]) - (self.shape[1] - 1) / 2.0
        return self.middleRSMM[0] + self.signs[0] * self.spacingMM[1] * offsets

    def superiorMM(self):
        """Superior coordinate of the middle of each row."""
        offsets = np.arange(self.shape[0]) - (self.shape[0] - 1) / 2.0
        return self.middleRSMM[1] + self.signs[1] * self.spacingMM[0] * offsets


@dataclass(frozen=True)
class RegionProjection:
    """A region along the lines of the pixels; arrays of the window of the projection (rows, columns).

    Attributes
    ----------
    sourceCM : numpy.ndarray
        Thickness of the region.
    sourceMuT : numpy.ndarray
        Attenuation by the region itself.
    anterior, posterior : numpy.ndarray
        Thickness, each depth weighted by the share of photons that leave the body toward that side.
    outside : float
        Share of the region's volume that lies beyond view and CT.
    """

    sourceCM: np.ndarray
    sourceMuT: np.ndarray
    anterior: np.ndarray
    posterior: np.ndarray
    outside: float = 0.0


@dataclass(frozen=True)
class Projection:
    """A CT along the lines of a view's pixels.

    Attributes
    ----------
    geometry : PlanarGeometry
    window : tuple of 2 slice
        Rows and columns of the view that the CT covers; all arrays are of this part of the view.
    coefficientCM2PerG : float
        Mass attenuation coefficient.
    bodyMuT, bodyCM : numpy.ndarray
        Attenuation and thickness of the body.
    body : RegionProjection
        The body as one source that goes with its density.
    regions : dict of str to RegionProjection
    isCut : numpy.ndarray
        Lines that leave the CT within the body, whose attenuation is too low.
    """

    geometry: PlanarGeometry
    window: tuple
    coefficientCM2PerG: float
    bodyMuT: np.ndarray
    bodyCM: np.ndarray
    body: RegionProjection
    regions: dict
    isCut: np.ndarray | None = None

    def full(self, values):
        """An array of the window within the whole view, zero outside."""
        whole = np.zeros(self.geometry.shape, np.asarray(values).dtype)
        whole[self.window] = values
        return whole

    def distanceMM(self, name):
        """Distance of every pixel of the whole view to those that show a region (0 on them), float32."""
        from scipy import ndimage

        shown = self.full(self.regions[name].sourceCM) > 0
        return ndimage.distance_transform_edt(~shown, sampling=self.geometry.spacingMM).astype(np.float32)


def attenuationCoefficientCM2PerG(energyMeV):
    """Mass attenuation coefficient of soft tissue (narrow beam: for images freed of scatter)."""
    return float(photonMaterial(_MATERIAL).coefficientCM2PerG("total", energyMeV))


def project(ct, geometry, layers, energyMeV):
    """Attenuation of the body and thickness of its regions along anterior-posterior lines through the pixels.

    Parameters
    ----------
    ct : Volume
        Hounsfield units.
    geometry : PlanarGeometry
        Of the view, in the coordinates of the CT.
    layers : iterable of (Volume, dict of int to str)
        Label images in the coordinates of the CT, and the region of each label.
    energyMeV : float

    Returns
    -------
    Projection

    Raises
    ------
    InputError
        A view that shows nothing of the CT.
    """
    window, grid = _lines(ct, geometry)
    coefficient = attenuationCoefficientCM2PerG(energyMeV)
    density = densityGPerML(ct.array)
    density[density <= _LEAST_DENSITY] = 0.0
    density = averageOnGrid(ct.withArray(density, "g/mL"), grid)[0].array
    stepCM = float(grid.spacingMM[2]) / _MM_PER_CM
    own = density * np.float32(stepCM * coefficient)
    isCut = (density[[0, 1, -2, -1]] > _TISSUE_DENSITY).any(axis=0)
    behind = np.cumsum(own, axis=0, dtype=np.float32)
    total = behind[-1].copy()
    behind -= own / 2.0
    toFront, toBack = np.exp(behind - total), np.exp(-behind)
    body = RegionProjection(_sum(density > _LEAST_DENSITY, stepCM), total.astype(float),
                            _sum(density * toFront, stepCM), _sum(density * toBack, stepCM))
    regions = {}
    for labels, names in layers:
        for value, item in occupancy(labels, grid).items():
            if value in names and item.fractionOutside < 1.0:
                regions[names[value]] = _region(item, own, toFront, toBack, stepCM)
    return Projection(geometry, window, coefficient, total.astype(float), body.sourceCM, body, regions, isCut)


def _region(item, own, toFront, toBack, stepCM):
    inside, box = item.fraction, item.slices
    shape = own.shape[1:]

    def placed(values, scale):
        whole = np.zeros(shape)
        whole[box[1:]] = values.sum(axis=0, dtype=np.float64) * scale
        return whole

    return RegionProjection(placed(inside, stepCM), placed(inside * own[box], 1.0),
                            placed(inside * toFront[box], stepCM), placed(inside * toBack[box], stepCM),
                            item.fractionOutside)


def _sum(values, scale):
    return values.sum(axis=0, dtype=np.float64) * scale


def _lines(ct, geometry):
    """Rows and columns of the view that a CT covers, and the grid of points along their lines (k from back to front).
    """
    corners = ct.ijkToRAS @ cornerIndices(ct.sizeIJK)
    low, high = corners[:3].min(axis=1), corners[:3].max(axis=1)
    window = []
    for positions, axis in ((geometry.superiorMM(), 2), (geometry.rightMM(), 0)):
        used = np.flatnonzero((positions >= low[axis]) & (positions <= high[axis]))
        if len(used) < 2:
            raise InputError("The planar view shows nothing of the CT", ct.name,
                             "Check middleRSMM of the alignment: right and superior coordinate of the CT, in mm")
        window.append(slice(int(used[0]), int(used[-1]) + 1))
    axis = int(np.abs(ct.ijkToRAS[1, :3] / ct.spacingMM).argmax())
    step = max(float(ct.spacingMM[axis]), _LEAST_STEP_MM)
    count = max(int(np.ceil((high[1] - low[1]) / step)), 1)
    matrix = np.zeros((4, 4))
    matrix[0, 0], matrix[2, 1] = (sign * spacing for sign, spacing in zip(geometry.signs, geometry.spacingMM[::-1],
                                                                        strict=True))
    matrix[1, 2], matrix[3, 3] = step, 1.0
    matrix[:3, 3] = geometry.rightMM()[window[1].start], low[1] + step / 2.0, geometry.superiorMM()[window[0].start]
    shape = tuple(part.stop - part.start for part in window)
    return tuple(window), Grid((shape[1], shape[0], count), matrix)

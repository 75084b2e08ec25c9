"""The torso of an adult as Hounsfield units and source regions, painted on a fine grid."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from ...progress import noProgress
from ...resources import dataPath, loadJSON
from . import organs, skeleton, torso
from .shapes import NoiseField, Slab

REGION_NAMES = (
    "liver", "spleen", "kidney left", "kidney right", "red marrow", "lesion 1", "lesion 2", "lesion 3",
)  # fmt: skip
_LOW_MM, _HIGH_MM = (-192.0, -118.0, -262.0), (192.0, 122.0, 272.0)
_TEXTURE_MM = {
    "fat": 5.0, "planes": (14.0, 14.0, 26.0), "loops": (11.0, 11.0, 13.0), "lobules": 3.5, "parenchyma": 3.0,
    "trabeculae": 3.0, "vesselsA": 13.0, "vesselsB": 13.0,
}  # fmt: skip
_SLAB_SLICES = 12
_THREADS = 2


@dataclass(frozen=True)
class Anatomy:
    """A torso on a regular grid in the patient's own coordinates.

    Attributes
    ----------
    hu : numpy.ndarray
        Hounsfield units, float32, shape (k, j, i).
    regions : dict of str to numpy.ndarray
        Fraction of every voxel inside each source region in 1/255, uint8, same shape; they never add up to more than 1.
    blood : numpy.ndarray
        Fraction of every voxel filled with blood in 1/255, uint8.
    ijkToRAS : numpy.ndarray
        4 x 4.
    spacingMM : tuple of 3
        Along i, j, k.
    """

    hu: np.ndarray
    regions: dict
    blood: np.ndarray
    ijkToRAS: np.ndarray
    spacingMM: tuple

    @property
    def voxelVolumeML(self):
        return float(np.prod(self.spacingMM)) / 1000.0

    def volumeML(self, name):
        """Volume of a source region: the sum of its voxel fractions."""
        return float(self.regions[name].sum(dtype=np.int64)) / 255.0 * self.voxelVolumeML


def patientTable():
    """The shipped table of organ masses, tissues and kinetics with their sources."""
    return loadJSON(dataPath("digitalPatient.json"))


def buildAnatomy(spacingMM=(1.25, 1.25, 2.0), seed=1, progress=noProgress):
    """Paint the torso.

    Parameters
    ----------
    spacingMM : sequence of 3
        Voxel size along right, anterior, superior.
    seed : int
        Of all textures; shapes do not depend on it.
    progress : callable

    Returns
    -------
    Anatomy
    """
    axes = [
        np.arange(low + step / 2, high, step, dtype=np.float32)
        for low, high, step in zip(_LOW_MM, _HIGH_MM, spacingMM, strict=True)
    ]
    x, y, z = axes
    tissues = {name: value for name, value in patientTable()["hounsfield"].items() if isinstance(value, int | float)}
    rng = np.random.default_rng([seed, 1])
    textures = {name: NoiseField(rng, _LOW_MM, _HIGH_MM, lattice) for name, lattice in _TEXTURE_MM.items()}
    shape = (len(z), len(y), len(x))
    hu = np.full(shape, tissues["air"], np.float32)
    regions = {name: np.zeros(shape, np.uint8) for name in REGION_NAMES}
    blood = np.zeros(shape, np.uint8)
    edgeMM = float(np.mean(spacingMM))

    def paintSlab(start):
        part = slice(start, start + _SLAB_SLICES)
        own = {name: value[part] for name, value in regions.items()}
        _paintAll(Slab(x, y, z[part], hu[part], own, blood[part], edgeMM, tissues), textures)

    starts = range(0, len(z), _SLAB_SLICES)
    with ThreadPoolExecutor(_THREADS) as pool:
        for count, _ in enumerate(pool.map(paintSlab, starts), start=1):
            progress(count / len(starts), "Painting the digital patient's anatomy")
    matrix = np.diag([*spacingMM, 1.0])
    matrix[:3, 3] = [axis[0] for axis in axes]
    return Anatomy(hu, regions, blood, matrix, tuple(float(step) for step in spacingMM))


def _paintAll(slab, textures):
    window = slab.window()
    frame = torso.buildFrame(window)
    torso.paintWall(slab, window, frame, textures)
    torso.paintCavity(slab, window, frame, textures)
    skeleton.paintRibs(slab, window, frame)
    skeleton.paintShoulderAndPelvis(slab)
    organs.paintAbdomen(slab, textures)
    organs.paintChest(slab)
    skeleton.paintSpine(slab, textures)
    organs.paintKidneys(slab, textures)
    organs.paintLiverAndSpleen(slab, window, frame, textures)

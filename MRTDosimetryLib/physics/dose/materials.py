"""The material of a voxel from its density, for the transport of photons.

A CT calibration gives one density per voxel. The composition follows from it in bands: air, lung, adipose to soft
tissue, soft tissue to cortical bone. Between the last two pairs it is a mixture: of adipose and soft tissue linear in
density, of soft tissue and cortical bone by volume (a voxel of spongiosa, or one that bone fills in part).
Compositions: ICRU and ICRP, see ``data/photonInteractions.json``.

Limits: the composition is that of a healthy adult's tissue of this density. Fatty red marrow in spongiosa counts as
soft tissue; soft tissue with contrast medium counts as soft tissue with a little bone, which absorbs about as much.
Density above :data:`DENSITY_CAP_G_PER_ML` is metal or contrast medium: it counts as bone of that density.
"""

import functools

import numpy as np

from ..density import AIR_DENSITY_G_PER_ML
from ..photonInteractions import materialDensityGPerML, photonMaterial

# The published curve of CT number and density ends at dense bone (2000 HU, 2.2 g/mL).
DENSITY_CAP_G_PER_ML = 2.2
# CT numbers from -950 to -120 HU are lung in Schneider et al., Phys Med Biol 2000;45:459-478: up to 0.91 g/mL.
LUNG_BELOW, ADIPOSE_AT, SOFT_FROM, SOFT_TO = 0.90, 0.95, 1.02, 1.06
ADIPOSE_STEPS, BONE_STEPS = 4, 16
AIR_CLASS = 0


@functools.lru_cache(maxsize=1)
def _classes():
    """Lower density of each class but the first, and the mass fractions of every class."""
    bone = materialDensityGPerML("corticalBone")
    edges, mixtures = [AIR_DENSITY_G_PER_ML, LUNG_BELOW], [{"air": 1.0}, {"lung": 1.0}, {"adipose": 1.0}]
    for step in range(1, ADIPOSE_STEPS):
        soft = step / ADIPOSE_STEPS
        edges.append(ADIPOSE_AT + (SOFT_FROM - ADIPOSE_AT) * (step - 0.5) / ADIPOSE_STEPS)
        mixtures.append({"softTissue": soft, "adipose": 1 - soft})
    edges.append(ADIPOSE_AT + (SOFT_FROM - ADIPOSE_AT) * (ADIPOSE_STEPS - 0.5) / ADIPOSE_STEPS)
    mixtures.append({"softTissue": 1.0})
    for step in range(1, BONE_STEPS):
        edges.append(_boneDensity((step - 0.5) / BONE_STEPS, bone))
        mixtures.append({"corticalBone": step / BONE_STEPS, "softTissue": 1 - step / BONE_STEPS})
    edges.append(_boneDensity((BONE_STEPS - 0.5) / BONE_STEPS, bone))
    mixtures.append({"corticalBone": 1.0})
    return np.array(edges), tuple(mixtures)


def _boneDensity(massFraction, bone):
    """Density of a mixture of bone and soft tissue whose volumes add up."""
    return 1 / (massFraction / bone + (1 - massFraction) / SOFT_TO)


def materialClasses(densityGPerML):
    """Class of composition of every voxel.

    Parameters
    ----------
    densityGPerML : numpy.ndarray
        Any shape.

    Returns
    -------
    numpy.ndarray
        uint8 of the same shape, for :func:`classMaterial`; ``AIR_CLASS`` is air.
    """
    edges, _ = _classes()
    values = np.asarray(densityGPerML)
    # Through a fine table of density: many times as fast as a search per voxel, edges kept to 0.1 mg/mL.
    steps = 10000
    table = np.searchsorted(edges, np.arange(int(3 * steps) + 1) / steps, side="right").astype(np.uint8)
    return table[np.minimum(values * steps + 0.5, len(table) - 1).astype(np.intp)]


@functools.lru_cache(maxsize=64)
def classMaterial(index):
    """:class:`~..photonInteractions.PhotonMaterial` of a class."""
    return photonMaterial(_classes()[1][index])


def classCount():
    """Number of classes."""
    return len(_classes()[1])


def cappedDensity(densityGPerML):
    """Density with metal and contrast medium cut down, and words on it.

    Returns
    -------
    numpy.ndarray, list of str
        The same array when there is nothing to cut.
    """
    isAbove = densityGPerML > DENSITY_CAP_G_PER_ML * (1 + 1e-3)
    count = int(np.count_nonzero(isAbove))
    if not count:
        return densityGPerML, []
    highest = float(densityGPerML.max())
    return np.minimum(densityGPerML, np.asarray(DENSITY_CAP_G_PER_ML, densityGPerML.dtype)), [
        f"{count} voxels are denser than {DENSITY_CAP_G_PER_ML:g} g/mL (up to {highest:.3g} g/mL: metal or contrast "
        f"medium). They count as bone of {DENSITY_CAP_G_PER_ML:g} g/mL; the absorbed dose in and beside them is not "
        "reliable."]

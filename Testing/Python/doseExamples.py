"""An absorbed-dose engine for tests of the flow: local deposition, and photons as the blurred rest."""

import contextlib

import numpy as np

from MRTDosimetryLib.physics.dose import registry
from MRTDosimetryLib.physics.dose.registry import DoseEngine, DoseMap, registerEngine
from MRTDosimetryLib.physics.units import GY_KG_PER_GBQ_H_PER_MEV

NAME = "testEngine"
PHOTON_SHARE = 0.1  # of the local energy, as kerma in the mean density
RELATIVE_ERROR = 0.02


def compute(perVoxelMBqH, density, voxelSizeMM, nuclide, progress, options, lost=0.0):
    """Local deposition, and ``PHOTON_SHARE`` of that energy blurred by three voxels; ``lost`` breaks the balance."""
    from scipy import ndimage

    local = registry.engine("localDeposition").compute(perVoxelMBqH, density, voxelSizeMM, nuclide, progress, {})
    volumeML = float(np.prod(voxelSizeMM)) / 1000.0
    perMBqH = nuclide.localEnergyMeV * GY_KG_PER_GBQ_H_PER_MEV
    blurred = ndimage.gaussian_filter(np.asarray(perVoxelMBqH, float), 3.0)
    dose = local.absorbedDoseGy + PHOTON_SHARE * perMBqH * blurred / volumeML
    emitted = 1000.0 * (1 + PHOTON_SHARE)
    means = {name: float(np.average(dose[slices], weights=fraction))
             for name, (slices, fraction) in (options.get("regions") or {}).items()}
    return DoseMap(dose.astype(np.float32), NAME, False, ["For tests."],
                   regionStandardErrorGy={name: RELATIVE_ERROR * mean for name, mean in means.items()},
                   energyBalance={"emittedMeV": emitted, "depositedMeV": 950.0, "escapedMeV": emitted - 950.0 - lost})


@contextlib.contextmanager
def registered(lost=0.0):
    """The engine in the registry for the time of a test."""
    def broken(*arguments):
        return compute(*arguments, lost=lost)

    before = registry._engines.get(NAME)
    registerEngine(DoseEngine(NAME, "Test engine", False, broken if lost else compute,
                              optionNames=("progeny", "regions", "relativeUncertainty")))
    try:
        yield
    finally:
        registry._engines.pop(NAME)
        if before is not None:
            registerEngine(before)

"""Absorbed dose by local deposition: all electron and alpha energy stays in the voxel of the decay."""

import math

import numpy as np

from ...errors import InputError
from ...progress import noProgress
from ..density import AIR_DENSITY_G_PER_ML
from ..nuclides import LOCAL_CLASSES
from ..progeny import progenyChoice, progenyNotes
from ..units import GY_KG_PER_GBQ_H_PER_MEV
from .registry import DoseEngine, DoseMap, registerEngine

NAME, TITLE = "localDeposition", "Local energy deposition"
OPTIONS = ("progeny",)


def computeLocalDeposition(timeIntegratedActivityMBqHPerVoxel, densityGPerML, voxelSizeMM, nuclide,
                           progress=noProgress, options=None):
    """D = time-integrated activity x local energy per decay / (density x voxel volume).

    MIRD schema (Bolch et al., J Nucl Med 2009;50:477-484) with self-absorption of electrons and alpha particles 1
    and of photons 0, per voxel. Photons are left out altogether.

    Parameters
    ----------
    timeIntegratedActivityMBqHPerVoxel : numpy.ndarray
        Shape (k, j, i), MBq h in each voxel.
    densityGPerML : numpy.ndarray or float
        Mass density, of the same shape, or one value.
    voxelSizeMM : sequence of float
        Three edge lengths.
    nuclide : Nuclide
    progress : callable
        ``progress(fraction, message)``; may raise to cancel.
    options : dict, optional
        ``progeny``: ``"excluded"`` computes the parent's part alone of a nuclide whose progeny matter,
        ``"inPlace"`` counts them where the parent decayed; such a nuclide is refused when nothing is stated.

    Returns
    -------
    DoseMap
        Float32, or float64 when the time-integrated activity is. Where the density is below 0.05 g/mL (air) it is 0
        by definition: a few noise counts over a vanishing mass would give values without meaning.

    Raises
    ------
    InputError
        Shapes that differ, values that are not finite, density not above zero, impossible voxel size, a nuclide with
        progeny that matter.
    """
    activity = np.asarray(timeIntegratedActivityMBqHPerVoxel)
    options = _checkedOptions(options)
    voxelVolumeML = _voxelVolumeML(voxelSizeMM)
    density = np.asarray(densityGPerML)
    if density.ndim and density.shape != activity.shape:
        raise InputError("The density and the time-integrated activity have different grids", "absorbed dose",
                         "Resample the CT to the grid of the time-integrated activity")
    progeny = progenyChoice(nuclide, options)
    notes = progenyNotes(nuclide, progeny)
    _requireFinite(activity, "time-integrated activity")
    _requireFinite(density, "density")
    if density.size and float(density.min()) < 0 or (density.ndim == 0 and float(density) < AIR_DENSITY_G_PER_ML):
        raise InputError("The density is not above zero", "absorbed dose", "Check the density")
    progress(0.2, "Absorbed dose")
    dtype = np.float64 if activity.dtype == np.float64 else np.float32
    localMeV = _localEnergyMeV(nuclide, progeny)
    factor = localMeV * GY_KG_PER_GBQ_H_PER_MEV / voxelVolumeML  # Gy g/(MBq h) / mL
    dose = np.zeros(activity.shape, dtype)
    if density.ndim == 0:
        np.multiply(activity, dtype(factor / float(density)), out=dose, casting="same_kind")
    else:
        isTissue = density >= AIR_DENSITY_G_PER_ML
        np.divide(activity, density, out=dose, where=isTissue, casting="same_kind")
        dose *= dtype(factor)
        notes += _airNotes(activity, isTissue)
    notes.insert(0, f"Local deposition of {localMeV:.5g} MeV per decay of {nuclide.name} "
                    f"({localMeV * GY_KG_PER_GBQ_H_PER_MEV:.4g} Gy kg per GBq h); photons "
                    f"({nuclide.summedEnergiesMeV(progeny)['photon']:.3g} MeV per decay) are left out.")
    progress(1.0, "Absorbed dose")
    return DoseMap(dose, NAME, True, notes)


def regionMeanGy(timeIntegratedActivityMBqH, massG, nuclide, options=None):
    """Mean absorbed dose of a region: all local energy of its decays over its mass.

    MIRD schema (Bolch et al., J Nucl Med 2009;50:477-484) with one region that is source and target. ``options`` as
    for the map.

    Raises
    ------
    InputError
        When the mass is not above zero, or the progeny of the nuclide matter and the options do not state them.
    """
    if not (math.isfinite(massG) and massG > 0):
        raise InputError(f"The mass is {massG:g} g, but has to be above zero", "absorbed dose", "Check region and CT")
    localMeV = _localEnergyMeV(nuclide, progenyChoice(nuclide, _checkedOptions(options)))
    return timeIntegratedActivityMBqH * localMeV * GY_KG_PER_GBQ_H_PER_MEV / massG


def _localEnergyMeV(nuclide, progeny):
    energies = nuclide.summedEnergiesMeV(progeny)
    return sum(energies[name] for name in LOCAL_CLASSES)


def _checkedOptions(options):
    options = dict(options or {})
    unknown = [name for name in options if name not in OPTIONS]
    if unknown:
        raise InputError(f"Unknown option of the local deposition engine: {', '.join(unknown)}", "dose",
                         "Known is progeny: 'excluded' or 'inPlace'")
    return options


def _voxelVolumeML(voxelSizeMM):
    size = np.asarray(voxelSizeMM, float)
    if size.shape != (3,) or not np.all(np.isfinite(size)) or np.any(size <= 0):
        raise InputError("The voxel size is not three lengths above zero", "absorbed dose", "Check the image")
    return float(np.prod(size)) / 1000.0


def _requireFinite(array, what):
    # The sum of float32 values in float64 is finite exactly when all are: no array of flags is needed.
    if not math.isfinite(float(array.sum(dtype=np.float64))):
        raise InputError(f"The {what} holds voxels that are not finite numbers", "absorbed dose", "Check the images")


def _airNotes(activity, isTissue):
    if isTissue.all():
        return []
    total = float(activity.sum(dtype=np.float64))
    text = (f"Where the density is below {AIR_DENSITY_G_PER_ML:g} g/mL (air) the absorbed dose is set to 0: it has no "
            "meaning there.")
    if total > 0:
        inAir = total - float(activity.sum(dtype=np.float64, where=isTissue))
        text += f" {inAir / total:.2%} of the time-integrated activity of the image lies there."
    return [text]


registerEngine(DoseEngine(NAME, TITLE, True, computeLocalDeposition, regionMeanGy))

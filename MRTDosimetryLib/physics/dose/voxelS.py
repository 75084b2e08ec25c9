"""Absorbed dose by voxel S values: the time-integrated activity convolved with kernels in uniform soft tissue."""

import numpy as np

from ...errors import InputError
from ...progress import noProgress
from ..density import AIR_DENSITY_G_PER_ML
from ..nuclides import ALPHA_CLASSES
from ..progeny import progenyMembers
from ..units import BQ_PER_MBQ, GY_KG_PER_GBQ_H_PER_MEV, SECONDS_PER_HOUR
from .convolution import convolveSymmetric
from .inputs import WHERE, doseInputs
from .radialKernels import ELECTRON, PHOTON_COMPONENTS, radialKernel
from .registry import DoseEngine, DoseMap, registerEngine
from .voxelKernel import DEFAULT_RADIUS_MM, REFERENCE_DENSITY_G_PER_ML, multiplicity, summedOctantMeV, voxelKernelMeV

NAME, TITLE = "voxelS", "Voxel S values (convolution)"
OPTIONS = ("progeny", "kernelRadiusMM")
SMALLEST_RADIUS_MM, LARGEST_RADIUS_MM = 10.0, 1000.0
LITTLE_ENERGY_MEV = 1e-9  # per decay; below, a kernel is not worth a transform


def computeVoxelS(timeIntegratedActivityMBqHPerVoxel, densityGPerML, voxelSizeMM, nuclide, progress=noProgress,
                  options=None):
    """Electrons by kernel over the true voxel mass, photons by kernel at the reference density, alpha particles local.

    One convolution of the time-integrated activity (MIRD Pamphlet No. 17, Bolch et al., J Nucl Med 1999;40:11S-36S)
    with kernels made for the voxel at hand. The energy of electrons is divided by the mass of the voxel it lies in,
    which is exact where their range is short against the voxel. Photons deposit nearly the same energy per mass
    whatever the density, so theirs is divided by the mass of a voxel of soft tissue, without scaling.

    Parameters
    ----------
    timeIntegratedActivityMBqHPerVoxel : numpy.ndarray
        Shape (k, j, i), MBq h in each voxel, not below zero.
    densityGPerML : numpy.ndarray or float
        Mass density of the same shape, or one value.
    voxelSizeMM : sequence of float
        Edge lengths along i, j, k (the last array axis first), as ``Volume.spacingMM`` gives them.
    nuclide : Nuclide
    progress : callable
        ``progress(fraction, message)``; may raise to cancel.
    options : dict, optional
        ``progeny`` (see :mod:`..progeny`); ``kernelRadiusMM``: up to where photons are followed (default 300).

    Returns
    -------
    DoseMap
        Float32. Where the density is below 0.05 g/mL (air) the absorbed dose is 0 by definition. The energy balance
        is that of soft tissue everywhere; ``escapedMeV`` is what leaves the image or the kernel radius, and what the
        kernels put where there is air (``depositedInAirMeV`` of it).

    Raises
    ------
    InputError
        See :func:`~.inputs.doseInputs`; further unknown or impossible options, a nuclide without a kernel, progeny
        that matter and are not stated.
    """
    radiusMM = _kernelRadiusMM(options)
    inputs = doseInputs(timeIntegratedActivityMBqHPerVoxel, densityGPerML, voxelSizeMM)
    members, notes = progenyMembers(nuclide, options)
    progress(0.05, "Voxel kernels")
    near, far, emittedMeV = memberKernels(members, inputs.voxelSizeMM[::-1], radiusMM)
    progress(0.3, "Convolution")
    isWorthFar = sum(emittedMeV[name] for name in PHOTON_COMPONENTS) > LITTLE_ENERGY_MEV
    energies = convolveSymmetric(inputs.activityMBqH, [near, far] if isWorthFar else [near])
    progress(0.9, "Absorbed dose")
    dose, depositedMeV, inAirMeV = _absorbedDose(inputs, energies)
    emitted = sum(emittedMeV.values())
    notes = [_summary(emittedMeV, nuclide, radiusMM, far, isWorthFar), *notes,
             *_airWords(inputs, inAirMeV, emitted)]
    balance = {"emittedMeV": emitted, "depositedMeV": depositedMeV - inAirMeV,
               "escapedMeV": emitted - depositedMeV + inAirMeV, "depositedInAirMeV": inAirMeV}
    decays = inputs.totalMBqH * BQ_PER_MBQ * SECONDS_PER_HOUR
    progress(1.0, TITLE)
    return DoseMap(dose, NAME, False, notes,
                   energyBalance={key: value * decays for key, value in balance.items()})


def memberKernels(members, voxelSizeMM, radiusMM=DEFAULT_RADIUS_MM):
    """Octants of the kernels of electrons with local energy, and of photons, summed over the members of a chain.

    Parameters
    ----------
    members : sequence of (Nuclide, float)
        See :meth:`~..nuclides.Nuclide.members`.
    voxelSizeMM : sequence of float
        In the order of the axes of the arrays, (k, j, i).
    radiusMM : float
        Up to where photons are followed; electrons are to their end.

    Returns
    -------
    near, far : numpy.ndarray
        MeV per decay of the first member; see :attr:`~.voxelKernel.VoxelKernel.octantMeV`.
    emittedMeV : dict
        ``electron``, ``alpha`` (with recoil), ``bremsstrahlung``, ``photon``: MeV per decay.
    """
    emitted = dict.fromkeys((ELECTRON, "alpha", *PHOTON_COMPONENTS), 0.0)
    for member, share in members:
        for name, value in radialKernel(member.name).energiesMeV.items():
            emitted[name] += share * value
        emitted["alpha"] += share * sum(member.energiesMeV[name] for name in ALPHA_CLASSES)
    near, far = (summedOctantMeV([(voxelKernelMeV(member, voxelSizeMM, radius, component=component), share)
                                  for member, share in members])
                 for component, radius in ((ELECTRON, DEFAULT_RADIUS_MM), (PHOTON_COMPONENTS, radiusMM)))
    near[0, 0, 0] += emitted["alpha"]
    return near, far, emitted


def _absorbedDose(inputs, energies):
    """Absorbed dose in Gy, and energy per decay (MeV) that the kernels put into the image and into air in it."""
    volumeML = inputs.voxelVolumeML
    deposited, inAir = 0.0, 0.0
    dose = np.zeros(inputs.activityMBqH.shape, np.float32)
    for number, energy in enumerate(energies):
        np.maximum(energy, 0.0, out=energy)  # rounding of the transform
        inImage = float(energy.sum(dtype=np.float64))
        deposited += inImage
        inAir += inImage - float(energy.sum(dtype=np.float64, where=inputs.isTissue))
        if number == 0:
            energy *= np.float32(GY_KG_PER_GBQ_H_PER_MEV / volumeML)
            np.divide(energy, inputs.densityGPerML, out=dose, where=inputs.isTissue, casting="same_kind")
        else:
            energy *= np.float32(GY_KG_PER_GBQ_H_PER_MEV / volumeML / REFERENCE_DENSITY_G_PER_ML)
            np.add(dose, energy, out=dose, where=inputs.isTissue)
    return dose, deposited / inputs.totalMBqH, inAir / inputs.totalMBqH


def _summary(emittedMeV, nuclide, radiusMM, far, isWorthFar):
    text = (f"Convolution with voxel S kernels of {nuclide.name} in soft tissue "
            f"({REFERENCE_DENSITY_G_PER_ML:g} g/mL): {emittedMeV[ELECTRON]:.4g} MeV of electrons per decay over the "
            "mass of the voxel")
    if emittedMeV["alpha"]:
        text += f", {emittedMeV['alpha']:.4g} MeV of alpha particles and recoil nuclei in the voxel of the decay"
    if isWorthFar:
        emitted = sum(emittedMeV[name] for name in PHOTON_COMPONENTS)
        beyond = 1 - float(np.sum(far * multiplicity(far.shape))) / emitted
        text += (f", {emitted:.4g} MeV of photons and bremsstrahlung followed to {radiusMM:g} mm (beyond: "
                 f"{beyond:.1%}), per mass of soft tissue whatever the density. The kernels know no body surface, lung "
                 "or bone: within an organ the photons' part is a few percent too high near the surface")
    return text + "."


def _airWords(inputs, inAirMeV, emittedMeV):
    if inputs.isTissue.all():
        return []
    return [f"Where the density is below {AIR_DENSITY_G_PER_ML:g} g/mL (air) the absorbed dose is set to 0: it has no "
            f"meaning there. {inAirMeV / emittedMeV:.2%} of the emitted energy would be deposited there."]


def _kernelRadiusMM(options):
    unknown = [name for name in (options or {}) if name not in OPTIONS]
    if unknown:
        raise InputError(f"Unknown option of the voxel S engine: {', '.join(unknown)}", WHERE,
                         f"Known are {', '.join(OPTIONS)}")
    radius = (options or {}).get("kernelRadiusMM", DEFAULT_RADIUS_MM)
    if isinstance(radius, bool) or not isinstance(radius, (int, float)) \
            or not SMALLEST_RADIUS_MM <= radius <= LARGEST_RADIUS_MM:
        raise InputError(f"The kernel radius is {radius!r}", WHERE,
                         f"Give a number from {SMALLEST_RADIUS_MM:g} to {LARGEST_RADIUS_MM:g} mm")
    return float(radius)


registerEngine(DoseEngine(NAME, TITLE, False, computeVoxelS, None, OPTIONS))

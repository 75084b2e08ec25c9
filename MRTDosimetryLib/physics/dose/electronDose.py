"""What the Monte Carlo engine does not simulate: electrons, alpha particles, recoil nuclei, photons below 10 keV."""

import numpy as np

from ..photonEmissions import softPhotonEnergyMeV
from ..units import GY_KG_PER_GBQ_H_PER_MEV
from .convolution import convolveSymmetric
from .radialKernels import BREMSSTRAHLUNG, ELECTRON
from .voxelKernel import DEFAULT_RADIUS_MM, REFERENCE_DENSITY_G_PER_ML, summedOctantMeV, voxelKernelMeV

LITTLE_ENERGY_MEV = 1e-9


def localElectrons(inputs, grams, members):
    """All of it where the nuclide decays.

    Parameters
    ----------
    inputs : DoseInputs
    grams : numpy.ndarray
        Mass of every voxel, shape (k, j, i).
    members : sequence of (Nuclide, float)

    Returns
    -------
    dose : numpy.ndarray
        Gy, float32, 0 in air.
    balance : dict
        Per decay: ``emittedMeV``, ``depositedMeV`` (``depositedInAirMeV`` of it in air), ``escapedMeV``.
    words : str
    """
    localMeV = sum(share * (member.localEnergyMeV + softPhotonEnergyMeV(member.name)) for member, share in members)
    dose = _perMass(inputs.activityMBqH, grams, inputs.isTissue, localMeV)
    inAir = float(inputs.activityMBqH.sum(dtype=np.float64, where=~inputs.isTissue)) / inputs.totalMBqH
    balance = {"emittedMeV": localMeV, "depositedMeV": localMeV, "escapedMeV": 0.0,
               "depositedInAirMeV": localMeV * inAir}
    return dose, balance, (f"{1000 * localMeV:.4g} keV of electrons, alpha particles, recoil nuclei and photons below "
                           "10 keV are deposited in the voxel of the decay; the bremsstrahlung that electrons would "
                           "radiate away is part of it.")


def kernelElectrons(inputs, grams, members):
    """Electrons by their voxel kernel in soft tissue over the true mass, their bremsstrahlung by its kernel.

    Arguments and result as for :func:`localElectrons`. As for voxel S values, the energy of electrons goes by the
    mass of the voxel, and that of bremsstrahlung by the mass of a voxel of soft tissue.
    """
    size = inputs.voxelSizeMM[::-1]
    kernels = [[(voxelKernelMeV(member, size, DEFAULT_RADIUS_MM, component=component), share)
                for member, share in members] for component in (ELECTRON, BREMSSTRAHLUNG)]
    electronMeV, radiatedMeV = (sum(share * kernel.emittedMeV for kernel, share in group) for group in kernels)
    localMeV = sum(share * (member.localEnergyMeV - member.electronEnergyMeV + softPhotonEnergyMeV(member.name))
                   for member, share in members)
    octants = [summedOctantMeV(group) for group in kernels]
    octants[0][0, 0, 0] += localMeV
    isWorthRadiated = radiatedMeV > LITTLE_ENERGY_MEV
    energies = convolveSymmetric(inputs.activityMBqH, octants if isWorthRadiated else octants[:1])
    for energy in energies:
        np.maximum(energy, 0.0, out=energy)  # rounding of the transform
    dose = _perMass(energies[0], grams, inputs.isTissue, 1.0)
    # Bremsstrahlung per mass hardly depends on the density: over the mass of soft tissue.
    for energy in energies[1:]:
        factor = GY_KG_PER_GBQ_H_PER_MEV / inputs.voxelVolumeML / REFERENCE_DENSITY_G_PER_ML
        np.add(dose, energy * np.float32(factor), out=dose, where=inputs.isTissue)
    deposited = sum(float(energy.sum(dtype=np.float64)) for energy in energies) / inputs.totalMBqH
    inAir = sum(float(energy.sum(dtype=np.float64, where=~inputs.isTissue)) for energy in energies) / inputs.totalMBqH
    emitted = localMeV + electronMeV + radiatedMeV
    balance = {"emittedMeV": emitted, "depositedMeV": deposited, "escapedMeV": emitted - deposited,
               "depositedInAirMeV": inAir}
    words = (f"{1000 * electronMeV:.4g} keV of electrons are spread by the kernel of soft tissue, over the mass of the "
             f"voxel; {1000 * radiatedMeV:.3g} keV of bremsstrahlung by its kernel, over the mass of soft tissue")
    if localMeV:
        words += (f"; {1000 * localMeV:.4g} keV of alpha particles, recoil nuclei and photons below 10 keV are "
                  "deposited in the voxel of the decay")
    return dose, balance, words + "."


def _perMass(energy, grams, isTissue, factorMeV):
    dose = np.zeros(grams.shape, np.float32)
    np.divide(energy, grams, out=dose, where=isTissue, casting="same_kind")
    dose *= np.float32(factorMeV * GY_KG_PER_GBQ_H_PER_MEV)
    return dose

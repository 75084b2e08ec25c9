"""Absorbed dose by a Monte Carlo simulation of the photons in the patient's own materials and density.

Electrons, alpha particles and recoil nuclei are not simulated: their energy stays in the voxel of the decay, or is
spread by a kernel. Photons carry the energy that leaves the voxels, and are followed (:mod:`.photonTransport`).
"""

import math

import numpy as np

from ...errors import InputError
from ...progress import noProgress, subProgress
from ..density import AIR_DENSITY_G_PER_ML
from ..photonEmissions import photonEmissions
from ..progeny import progenyMembers
from ..sums import productSum
from ..units import GY_KG_PER_GBQ_H_PER_MEV
from .electronDose import kernelElectrons, localElectrons
from .inputs import WHERE, doseInputs
from .materials import cappedDensity
from .photonStatistics import RegionScore, planOf, simulate
from .photonTransport import makePatient, makeSource
from .registry import DoseEngine, DoseMap, registerEngine

NAME, TITLE = "monteCarlo", "Monte Carlo of the photons"
OPTIONS = ("progeny", "electrons", "seed", "photons", "relativeUncertainty", "uncertaintyOf", "maximumPhotons",
           "regions", "threads")
DEFAULT_SEED = 20160601
DEFAULT_RELATIVE_UNCERTAINTY, DEFAULT_MAXIMUM_PHOTONS, DEFAULT_PHOTONS = 0.01, 20_000_000, 2_000_000
# With fewer photons the energy balance itself is uncertain by more than 0.1 %.
SMALLEST_PHOTONS, LARGEST_PHOTONS = 50_000, 10_000_000_000
DECAYS_PER_MBQ_H = 3.6e9


def computeMonteCarlo(timeIntegratedActivityMBqHPerVoxel, densityGPerML, voxelSizeMM, nuclide, progress=noProgress,
                      options=None):
    """Photons by Monte Carlo, all other energy where the nuclide decays.

    Woodcock tracking with the collision estimator, photoelectric effect, Compton scattering by bound electrons,
    Rayleigh scattering and pair production down to 10 keV; materials from the density (:mod:`.materials`).
    Annihilation photons start where the nuclide decays, without the range of the positron. Electrons that photons
    set free end where they start.

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
        ``progress(fraction, message)`` between batches; may raise to cancel.
    options : dict, optional
        ``progeny`` (see :mod:`..progeny`); ``electrons``: ``"local"`` (default) or ``"kernel"`` (with
        bremsstrahlung, see :mod:`.electronDose`); ``seed``: an integer, fixed unless given; ``regions``: name ->
        (slices, occupancy fraction of these voxels); ``relativeUncertainty``: stop when the statistical relative
        standard error of every region's mean absorbed dose is below (default 0.01), with ``uncertaintyOf``
        ``"total"`` (default) or ``"photons"`` (of their part alone); ``maximumPhotons``: end in any case;
        ``photons``: a fixed number instead of both; ``threads``: of which the result does not depend.

    Returns
    -------
    DoseMap
        Float32, with the statistical standard error per voxel and of the mean (energy over mass) of every region
        (k = 1, from independent batches), and the energy balance, in MeV of all decays. Where the density is below
        0.05 g/mL (air) the absorbed dose is 0 by definition; what ends there counts as escaped
        (``depositedInAirMeV`` of it).

    Raises
    ------
    InputError
        See :func:`~.inputs.doseInputs`; further unknown or impossible options, a region without mass, progeny that
        matter and are not stated.
    """
    stated = _checkedOptions(options)
    inputs = doseInputs(timeIntegratedActivityMBqHPerVoxel, densityGPerML, voxelSizeMM)
    members, progenyWords = progenyMembers(nuclide, options)
    density, cappedWords = cappedDensity(inputs.densityGPerML)
    grams = density * np.float32(inputs.voxelVolumeML)
    progress(0.02, "Electrons")
    byElectrons = kernelElectrons if stated["electrons"] == "kernel" else localElectrons
    dose, balance, electronWords = byElectrons(inputs, grams, members)
    energies, yields = _emissions(members)
    notes = [f"{TITLE}: {_keV(yields @ energies)} keV of photons per decay simulated in the patient's materials. "
             f"{electronWords}"]
    regions = _regionMasses(stated["regions"], grams, inputs.isTissue)
    error, regionErrors = np.zeros(dose.shape, np.float32), dict.fromkeys(stated["regions"], 0.0)
    if yields.size:
        found, photonWords = _photons(inputs, density, grams, (dose, balance["emittedMeV"]), (energies, yields), stated,
                                      regions, subProgress(progress, 0.1, 0.98))
        dose, error, regionErrors = found["dose"], found["error"], found["regionErrors"]
        notes += photonWords
        for key, value in found["balance"].items():
            balance[key] += value
    else:
        notes.append("There are no photons to simulate.")
    balance["depositedMeV"] -= balance["depositedInAirMeV"]
    balance["escapedMeV"] += balance["depositedInAirMeV"]
    decays = inputs.totalMBqH * DECAYS_PER_MBQ_H
    notes += progenyWords + cappedWords + _airWords(inputs, balance)
    progress(1.0, TITLE)
    return DoseMap(dose, NAME, False, notes, error, regionErrors,
                   {key: value * decays for key, value in balance.items()})


def _emissions(members):
    """The photon lines of all members: energies in MeV, and yields per decay of the first."""
    lines = [(photonEmissions(member.name), share) for member, share in members]
    return (np.concatenate([energies for (energies, _yields), _share in lines]),
            np.concatenate([share * yields for (_energies, yields), share in lines]))


def _photons(inputs, density, grams, local, lines, stated, regions, progress):
    """Absorbed dose with the photons', its standard error, errors of regions, energy balance per decay; and words."""
    localDose, localMeV = local
    energies, yields = lines
    box = _boundingBox(inputs.isTissue | (inputs.activityMBqH > 0))
    patient = makePatient(density[box], inputs.voxelSizeMM)
    source = makeSource(inputs.activityMBqH[box], energies, yields)
    # Gy g of an energy per photon: all decays' photons.
    gyGrams = float(yields.sum()) * inputs.totalMBqH * GY_KG_PER_GBQ_H_PER_MEV
    scores = [_regionScore(name, voxels, shares, box, patient, localDose, grams, gyGrams)
              for name, (voxels, shares, _mass) in regions.items()]
    if stated["photons"] is None and not regions:  # nothing whose uncertainty could end the simulation
        stated = {**stated, "photons": min(DEFAULT_PHOTONS, stated["maximumPhotons"])}
    photonMeV = float(yields @ energies)
    plan = planOf(patient.density.size, photonMeV / (photonMeV + localMeV), stated)
    result = simulate(patient, source, plan, scores, progress)
    inner = tuple(slice(1, -1) for _ in range(3))
    padded = tuple(size + 2 for size in patient.shape)
    isTissue = inputs.isTissue[box]
    perGram = np.zeros(isTissue.shape, np.float32)
    np.divide(np.float32(gyGrams), grams[box], out=perGram, where=isTissue)
    deposited = result.depositedMeV.reshape(padded)[inner]
    localDose[box] += deposited * perGram
    error = np.zeros(localDose.shape, np.float32)
    error[box] = result.standardErrorMeV.reshape(padded)[inner] * perGram
    perDecay = float(yields.sum())
    inAir = float(deposited.sum(dtype=np.float64, where=~isTissue))
    balance = {"emittedMeV": result.emittedMeV, "escapedMeV": result.escapedMeV,
               "depositedMeV": result.totalDepositedMeV, "depositedInAirMeV": inAir}
    errors = {name: result.regionErrorMeV[index] * gyGrams / mass
              for index, (name, (_voxels, _shares, mass)) in enumerate(regions.items())}
    return ({"dose": localDose, "error": error, "regionErrors": {name: float(value) for name, value in errors.items()},
             "balance": {key: value * perDecay for key, value in balance.items()}},
            _photonWords(result, stated, scores, plan) + _voxelWords(localDose, error, regions))


def _regionMasses(regions, grams, isTissue):
    """For each region its tissue voxels (flat), the share of each that belongs to it, and its mass in g."""
    found = {}
    for name, (slices, fraction) in regions.items():
        fraction = np.asarray(fraction, np.float32)
        if fraction.shape != grams[slices].shape:
            raise InputError("The region lies on another grid than the time-integrated activity", name)
        shares = fraction * isTissue[slices]
        index = np.flatnonzero(shares > 0)
        position = np.unravel_index(index, shares.shape)
        corner = [piece.indices(size)[0] for piece, size in zip(slices, grams.shape, strict=True)]
        voxels = np.ravel_multi_index([axis + start for axis, start in zip(position, corner, strict=True)], grams.shape)
        shares = shares.reshape(-1)[index].astype(np.float64)
        mass = productSum(shares, grams.reshape(-1)[voxels])
        if not mass > 0:
            raise InputError("The region has no mass on the grid of the absorbed dose", name,
                             "Check that the region lies in tissue, and the CT")
        found[name] = (voxels, shares, mass)
    return found


def _regionScore(name, voxels, shares, box, patient, localDose, grams, gyGrams):
    corner = np.array([piece.start for piece in box])[:, None]
    position = np.array(np.unravel_index(voxels, localDose.shape)) - corner + 1
    inside = np.ravel_multi_index(position, tuple(size + 2 for size in patient.shape))
    local = productSum(shares, localDose.reshape(-1)[voxels] * grams.reshape(-1)[voxels]) / gyGrams
    return RegionScore(name, inside, shares, local)


def _boundingBox(isInside):
    box = []
    for axis in range(3):
        found = np.flatnonzero(isInside.any(axis=tuple(other for other in range(3) if other != axis)))
        box.append(slice(int(found[0]), int(found[-1]) + 1))
    return tuple(box)


def _photonWords(result, stated, scores, plan):
    words = [f"{result.photons / 1e6:.3g} million photons in {result.photons // plan.batchPhotons} batches, seed "
             f"{stated['seed']}. The statistical standard error (k = 1) stands beside every number."]
    parts = []
    for score, mean, error in zip(scores, result.regionMeV, result.regionErrorMeV, strict=True):
        share = f"{100 * mean / (mean + score.localMeV):.3g} % of the mean" if mean > 0 else "none"
        parts.append(f"{score.name} {100 * error / mean if mean > 0 else 0:.2g} % of the photon part ({share})")
    if parts:
        words.append("Statistical standard error of the regions: " + "; ".join(parts) + ".")
    if not result.isReached:
        words.append(f"The requested statistical uncertainty of {stated['relativeUncertainty']:.2%} was NOT reached in "
                     f"every region within {result.photons / 1e6:.3g} million photons.")
    return words


def _voxelWords(dose, error, regions):
    if not regions:
        return []
    voxels = np.concatenate([voxels for voxels, _shares, _mass in regions.values()])
    dose, error = dose.reshape(-1)[voxels], error.reshape(-1)[voxels]
    relative = float(np.median(np.divide(error, dose, out=np.zeros_like(dose), where=dose > 0)))
    return [f"A single voxel of the regions has a statistical standard error of {100 * relative:.2g} % (median): it "
            "widens histograms, and averages out over regions."]


def _airWords(inputs, balance):
    if inputs.isTissue.all():
        return []
    return [f"Where the density is below {AIR_DENSITY_G_PER_ML:g} g/mL (air) the absorbed dose is set to 0: it has no "
            f"meaning there. {balance['depositedInAirMeV'] / balance['emittedMeV']:.2%} of the emitted energy is "
            "deposited there."]


def _keV(energyMeV):
    return f"{1000 * float(energyMeV):.4g}"


def _checkedOptions(options):
    stated = {"progeny": None, "electrons": "local", "seed": DEFAULT_SEED, "photons": None,
              "relativeUncertainty": DEFAULT_RELATIVE_UNCERTAINTY, "uncertaintyOf": "total",
              "maximumPhotons": DEFAULT_MAXIMUM_PHOTONS, "regions": {}, "threads": None}
    unknown = [name for name in (options or {}) if name not in OPTIONS]
    if unknown:
        raise InputError(f"Unknown option of the Monte Carlo engine: {', '.join(unknown)}", WHERE,
                         f"Known are {', '.join(OPTIONS)}")
    stated.update({name: value for name, value in (options or {}).items() if value is not None})
    for name, choices in (("electrons", ("local", "kernel")), ("uncertaintyOf", ("total", "photons"))):
        if stated[name] not in choices:
            raise InputError(f"{name} is '{stated[name]}'", WHERE, f"Known are {', '.join(choices)}")
    _requireInteger("seed", stated["seed"], 0, 2 ** 63)
    for name in ("photons", "maximumPhotons"):
        if stated[name] is not None:
            _requireInteger(f"number of {name}", stated[name], SMALLEST_PHOTONS, LARGEST_PHOTONS)
    if stated["threads"] is not None:
        _requireInteger("number of threads", stated["threads"], 1, 256)
    wanted = stated["relativeUncertainty"]
    if isinstance(wanted, bool) or not isinstance(wanted, (int, float)) or not 1e-5 <= wanted <= 1:
        raise InputError(f"The requested relative uncertainty is {wanted}", WHERE, "Give a number from 0.00001 to 1")
    return stated


def _requireInteger(what, value, lowest, highest):
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer)) or not math.isfinite(value) \
            or value != int(value) or not lowest <= value <= highest:
        raise InputError(f"The {what} is {value}", WHERE, f"Give a whole number from {lowest} to {highest}")


registerEngine(DoseEngine(NAME, TITLE, False, computeMonteCarlo, None, OPTIONS))

"""Batches of simulated photons: their sums, standard errors, and when there are enough of them."""

import math
import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from ..sums import productSum
from .photonTransport import transport

MINIMUM_BATCHES = 20  # with fewer, the standard error is itself uncertain by more than 16 %
SMALLEST_BATCH, LARGEST_BATCH, VOXELS_PER_PHOTON = 50_000, 500_000, 40
SMALLEST_FACTOR = 0.2
LARGEST_THREAD_COUNT = 4


@dataclass(frozen=True)
class Plan:
    """How many photons to simulate.

    Attributes
    ----------
    seed : int
    batchPhotons, batches : int
        Photons of a batch, and batches at most.
    relativeUncertainty : float or None
        Stop when every region is below; ``None`` simulates all batches.
    isOfPhotons : bool
        Whether the uncertainty is that of the photons alone, or relative to the total with the electrons.
    threads : int or None
        ``None``: as many as there are processors, up to 4. The result does not depend on it.
    """

    seed: int
    batchPhotons: int
    batches: int
    relativeUncertainty: float | None
    isOfPhotons: bool = False
    threads: int | None = None


@dataclass(frozen=True)
class RegionScore:
    """A region among the voxels of a patient.

    ``voxels`` are flat indices with the layer of vacuum, ``shares`` the part of each that belongs to the region;
    ``localMeV`` is what the region gets per photon of the simulation without any chance (its electrons).
    """

    name: str
    voxels: np.ndarray
    shares: np.ndarray
    localMeV: float


@dataclass(frozen=True)
class Simulation:
    """Sums over all batches, per photon.

    Attributes
    ----------
    depositedMeV, standardErrorMeV : numpy.ndarray
        float32, flat, with the layer of vacuum.
    regionMeV, regionErrorMeV : numpy.ndarray
        Shape (regions,): of the photons alone.
    emittedMeV, escapedMeV, totalDepositedMeV : float
        Mean per photon.
    photons : int
    isReached : bool
        Whether every region came below the requested uncertainty (true where none was requested).
    """

    depositedMeV: np.ndarray
    standardErrorMeV: np.ndarray
    regionMeV: np.ndarray
    regionErrorMeV: np.ndarray
    emittedMeV: float
    escapedMeV: float
    totalDepositedMeV: float
    photons: int
    isReached: bool


def planOf(voxels, photonShare, stated):
    """:class:`Plan` for a patient.

    Parameters
    ----------
    voxels : int
    photonShare : float
        Part of the emitted energy that photons carry: where it is small, fewer of them give the same uncertainty of
        the total.
    stated : dict
        ``seed``, ``photons`` (a fixed number, or ``None``), ``maximumPhotons``, ``relativeUncertainty``,
        ``uncertaintyOf``, ``threads``.
    """
    photons, isOfPhotons = stated["photons"], stated["uncertaintyOf"] == "photons"
    batch = np.clip(voxels // VOXELS_PER_PHOTON, SMALLEST_BATCH, LARGEST_BATCH)
    batch = int(batch * (1 if isOfPhotons else np.clip(10 * photonShare, SMALLEST_FACTOR, 1)))
    wanted = photons if photons is not None else stated["maximumPhotons"]
    batches = max(MINIMUM_BATCHES, math.ceil(wanted / batch))
    return Plan(stated["seed"], min(batch, math.ceil(wanted / batches)), batches,
                stated["relativeUncertainty"] if photons is None else None, isOfPhotons, stated["threads"])


def simulate(patient, source, plan, regions, progress):
    """Simulate batches until the plan is fulfilled.

    Every batch has a seed of its own, and batches are added up in their order: neither the number of threads nor
    which of them ends first changes a bit of the result.

    Parameters
    ----------
    patient : Patient
    source : PhotonSource
    plan : Plan
    regions : sequence of RegionScore
    progress : callable
        Called between batches; may raise to cancel.

    Returns
    -------
    Simulation
    """
    sums, isReached = _Sums(patient.density.size, regions), plan.relativeUncertainty is None
    threads = plan.threads or min(os.cpu_count() or 1, LARGEST_THREAD_COUNT)
    with ThreadPoolExecutor(threads) as pool:
        def start(index):
            seed = np.random.SeedSequence(plan.seed, spawn_key=(index,))
            return pool.submit(_batch, patient, source, plan.batchPhotons, seed, regions)

        waiting = deque(start(index) for index in range(min(threads + 1, plan.batches)))
        try:
            while waiting:
                sums.add(waiting.popleft().result())
                started = sums.batches + len(waiting)
                if started < plan.batches:
                    waiting.append(start(started))
                fraction = sums.batches / plan.batches
                if plan.relativeUncertainty is not None and sums.batches >= 2:
                    ratio = sums.largestRelativeError(plan.isOfPhotons) / plan.relativeUncertainty
                    isReached = sums.batches >= MINIMUM_BATCHES and ratio <= 1
                    # The error goes with 1 / sqrt(batches): that many more of them are needed.
                    needed = max(sums.batches * ratio ** 2, MINIMUM_BATCHES)
                    fraction = max(fraction, min(sums.batches / needed, 1.0))
                    if isReached:
                        break
                progress(fraction, f"{sums.batches * plan.batchPhotons / 1e6:.1f} million photons")
        finally:
            for future in waiting:
                future.cancel()
    return sums.simulation(plan.batchPhotons, isReached)


def _batch(patient, source, photons, seed, regions):
    """Energy per voxel (MeV, of the whole batch) and what there is per photon of it: regions and energies."""
    deposited, emitted, escaped = transport(patient, source, photons, seed)
    perRegion = [productSum(deposited.take(region.voxels), region.shares) for region in regions]
    energies = [emitted, escaped, float(deposited.sum())]
    return deposited.astype(np.float32), np.array(perRegion) / photons, np.array(energies) / photons


class _Sums:
    """Sums over batches."""

    def __init__(self, voxels, regions):
        self.batches = 0
        self._sum, self._squares = np.zeros(voxels, np.float32), np.zeros(voxels, np.float32)
        self._regions, self._energies = [], []
        self._local = np.array([region.localMeV for region in regions])

    def add(self, result):
        deposited, perRegion, energies = result
        self.batches += 1
        self._sum += deposited
        np.multiply(deposited, deposited, out=deposited)
        self._squares += deposited
        self._regions.append(perRegion)
        self._energies.append(energies)

    def largestRelativeError(self, isOfPhotons):
        """Largest relative standard error of the energy of a region; 0 without regions."""
        mean, error = self._perRegion()
        total = mean if isOfPhotons else mean + self._local
        return float(np.max(np.divide(error, total, out=np.full_like(error, np.inf), where=total > 0), initial=0.0))

    def _perRegion(self):
        batches = np.array(self._regions)
        return batches.mean(axis=0), batches.std(axis=0, ddof=1) / math.sqrt(self.batches)

    def simulation(self, batchPhotons, isReached):
        count = self.batches
        mean = self._sum / np.float32(count)
        variance = self._squares / np.float32(count) - mean * mean
        error = np.sqrt(np.maximum(variance, 0) / np.float32(count - 1))
        perPhoton = np.float32(1 / batchPhotons)
        emitted, escaped, deposited = np.mean(self._energies, axis=0)
        return Simulation(mean * perPhoton, error * perPhoton, *self._perRegion(), float(emitted), float(escaped),
                          float(deposited), count * batchPhotons, isReached)

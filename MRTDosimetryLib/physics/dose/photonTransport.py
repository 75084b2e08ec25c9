"""Transport of photons through a voxel patient: Woodcock tracking of many photons at a time.

Woodcock ER et al., Proc. Conf. Applications of Computing Methods to Reactor Problems, ANL-7050 (1965) 557-579: flights
are sampled with the highest attenuation of the whole patient, and a collision is real with the local share of it, so
no photon has to be followed from voxel to voxel. Every tentative collision, real or not, scores its expected energy
transfer (collision estimator): unbiased for the energy given to electrons, with less noise than the real ones alone.

Photoelectric effect, Compton (bound electrons), Rayleigh and pair production down to 10 keV. Electrons end where they
start; fluorescence and bremsstrahlung count as deposited on the spot.

All photons take a step at a time, as operations on arrays. A loop over single photons compiled by numba, on the same
tables, was measured to be no faster (0.8 to 1.1 times), so there is none.
"""

from dataclasses import dataclass

import numpy as np

from ..photonInteractions import ELECTRON_MEV
from .materials import materialClasses
from .photonTables import CUTOFF_MEV, ENERGY_BINS, NODES, QUANTILES, energyBin, transportTables

CHUNK = 50000  # photons at a time: their arrays stay in the cache
_COMPACT_SHARE = 0.2


@dataclass(frozen=True)
class Patient:
    """A voxel patient, with one layer of vacuum around, ready for the transport.

    Attributes
    ----------
    shape : tuple of int
        (k, j, i) without the layer of vacuum.
    density : numpy.ndarray
        float32, flat, with the layer; g/mL.
    classes : numpy.ndarray
        uint8, flat, with the layer: row of the voxel's class in the tables.
    voxelSizeCM : numpy.ndarray
        float32, along k, j, i.
    tables : TransportTables
    """

    shape: tuple
    density: np.ndarray
    classes: np.ndarray
    voxelSizeCM: np.ndarray
    tables: object


@dataclass(frozen=True)
class PhotonSource:
    """Where photons start and with which energies.

    ``voxels`` are flat indices into the (k, j, i) grid without the layer, increasing; ``cumulative`` their
    cumulative share, the last 1; ``energiesMeV`` and ``cumulativeYield`` the same for the lines.
    """

    voxels: np.ndarray
    cumulative: np.ndarray
    energiesMeV: np.ndarray
    cumulativeYield: np.ndarray


def makePatient(densityGPerML, voxelSizeMM):
    """:class:`Patient` of a density map.

    Parameters
    ----------
    densityGPerML : numpy.ndarray
        Shape (k, j, i), capped.
    voxelSizeMM : sequence of float
        Edge lengths along i, j, k, as ``Volume.spacingMM`` gives them.
    """
    density = np.pad(np.asarray(densityGPerML, np.float32), 1)
    found = materialClasses(densityGPerML)
    present = np.unique(found)
    highest = [float(densityGPerML.max(where=found == index, initial=0)) for index in present]
    rowOf = np.zeros(int(present.max()) + 1, np.uint8)
    rowOf[present] = np.arange(len(present))
    classes = np.pad(rowOf[found], 1, constant_values=len(present))
    return Patient(tuple(densityGPerML.shape), density.reshape(-1), classes.reshape(-1),
                   np.asarray(voxelSizeMM, np.float32)[::-1] / 10, transportTables(present, highest))


def makeSource(activity, energiesMeV, yields):
    """:class:`PhotonSource` of a map of activity, shape (k, j, i), not below zero, and photon lines."""
    flat = np.asarray(activity).reshape(-1)
    voxels = np.flatnonzero(flat > 0)
    cumulative = np.cumsum(flat[voxels], dtype=np.float64)
    cumulativeYield = np.cumsum(yields, dtype=np.float64)
    return PhotonSource(voxels, cumulative / cumulative[-1], np.asarray(energiesMeV, np.float32),
                        cumulativeYield / cumulativeYield[-1])


def transport(patient, source, photons, seed):
    """Energy per voxel of a number of photons.

    Parameters
    ----------
    patient : Patient
    source : PhotonSource
    photons : int
    seed : numpy.random.SeedSequence

    Returns
    -------
    depositedMeV : numpy.ndarray
        float64, flat, with the layer of vacuum (0 there).
    emittedMeV, escapedMeV : float
        Of the photons started, and of those that left the patient.
    """
    generator = np.random.Generator(np.random.SFC64(seed))
    tally = _Tally(patient)
    for start in range(0, photons, CHUNK):
        count = min(CHUNK, photons - start)
        state = _startedPhotons(patient, source, (start, count, photons), generator)
        tally.emittedMeV += float(state.energy.sum(dtype=np.float64))
        while state is not None:
            state = _follow(patient, state, generator, tally)
    return tally.depositedMeV(), tally.emittedMeV, tally.escapedMeV


class _Tally:
    """Scores, kept as lists of events and added up once."""

    def __init__(self, patient):
        self._size = patient.density.size
        self._voxels, self._energies = [], []
        self.emittedMeV = self.escapedMeV = 0.0

    def add(self, voxels, energies):
        self._voxels.append(voxels)
        self._energies.append(energies)

    def depositedMeV(self):
        return np.bincount(np.concatenate(self._voxels), np.concatenate(self._energies), self._size)


class _Photons:
    """Photons under way: positions in voxels of the padded grid and directions (3, n) along k, j, i; energies; bins."""

    def __init__(self, position, direction, energy):
        self.position, self.direction, self.energy = position, direction, energy
        self.bin = energyBin(energy)

    def keep(self, index):
        self.position = self.position.take(index, axis=1)
        self.direction = self.direction.take(index, axis=1)
        self.energy, self.bin = self.energy.take(index), self.bin.take(index)


def _startedPhotons(patient, source, part, generator):
    """Photons ``start`` to ``start + count`` of a stratified sample of the source: one in each share of the activity.

    The strata take the noise of the number of photons per organ away, and photons of one call start near each other,
    which the caches of the processor like.
    """
    start, count, photons = part
    strata = (np.arange(start, start + count) + generator.random(count)) / photons
    voxels = source.voxels[np.minimum(np.searchsorted(source.cumulative, strata), source.voxels.size - 1)]
    position = np.array(np.unravel_index(voxels, patient.shape), np.float32) + 1
    position += generator.random((3, count), np.float32)
    line = np.searchsorted(source.cumulativeYield, generator.random(count))
    energy = source.energiesMeV[np.minimum(line, source.energiesMeV.size - 1)]
    return _Photons(position, _isotropic(count, generator), energy)


def _isotropic(count, generator):
    cosine = 2 * generator.random(count, np.float32) - 1
    azimuth = generator.random(count, np.float32) * np.float32(2 * np.pi)
    sine = np.sqrt(np.maximum(1 - cosine * cosine, 0))
    return np.stack([cosine, sine * np.sin(azimuth), sine * np.cos(azimuth)])


def _follow(patient, photons, generator, tally):
    """Follow photons to their end; returns the annihilation photons of the pairs they made, or ``None``."""
    tables, density, classes = patient.tables, patient.density, patient.classes
    perVoxel = (1 / patient.voxelSizeCM)[:, None]
    padded = np.array(patient.shape) + 2
    limits = (padded - 1).astype(np.uintp)[:, None]
    strides = (int(padded[1] * padded[2]), int(padded[2]))
    vacuum, pairs = np.uint8(tables.classCount), []
    while photons.energy.size:
        step = generator.standard_exponential(photons.energy.size, np.float32)
        step *= tables.freePathCM.take(photons.bin)
        photons.position += photons.direction * (step * perVoxel)
        # Indices below 0 are huge as unsigned numbers: all that is outside comes to the layer of vacuum.
        index = np.minimum(photons.position.astype(np.intp).view(np.uintp), limits).view(np.intp)
        voxel = index[0] * strides[0]
        voxel += index[1] * strides[1]
        voxel += index[2]
        kind = classes.take(voxel)
        here = density.take(voxel)
        row = kind * np.intp(ENERGY_BINS)
        row += photons.bin
        score = tables.transfer.take(row)
        score *= here
        score *= photons.energy
        tally.add(voxel, score)
        isReal = generator.random(voxel.size, np.float32)
        share = tables.total.take(row)
        share *= here
        hits = np.flatnonzero(isReal < share)
        if hits.size:
            _collide(patient, photons, hits, (voxel[hits], row[hits], isReal[hits] / share[hits]), generator, tally,
                     pairs)
        isGone = (kind == vacuum) | (photons.energy == 0)
        gone = np.count_nonzero(isGone)
        if gone > _COMPACT_SHARE * isGone.size:
            tally.escapedMeV += float(photons.energy.sum(dtype=np.float64, where=isGone))
            photons.keep(np.flatnonzero(~isGone))
    return _annihilation(pairs, generator) if pairs else None


def _collide(patient, photons, hits, collision, generator, tally, pairs):
    """Real collisions of the photons ``hits``."""
    tables = patient.tables
    voxel, row, choice = collision
    energy = photons.energy[hits]
    isAbsorbed = choice < tables.absorbed.take(row)
    if energy.max() > 2 * ELECTRON_MEV:
        isPair = isAbsorbed & (choice >= tables.photoelectric.take(row)) & (energy > 2 * ELECTRON_MEV)
        if isPair.any():
            pairs.append(photons.position[:, hits[isPair]])
    scattered = np.flatnonzero(~isAbsorbed)
    photons.energy[hits] = 0
    target, row, energy = hits[scattered], row[scattered], energy[scattered]
    isCompton = choice[scattered] < tables.compton.take(row)
    # Rows of the tables of angles: a node of energy above or below, by chance according to the distance.
    random = generator.random((3, target.size), np.float32)
    kind, bins = np.divmod(row, ENERGY_BINS)
    node = ((bins + np.float32(0.5)) * np.float32((NODES - 1) / ENERGY_BINS) + random[0]).astype(np.intp)
    kind += np.where(isCompton, 0, tables.classCount)
    quantile = random[1] * np.float32(QUANTILES - 1)
    lower = np.minimum(quantile.astype(np.intp), QUANTILES - 2)
    quantile -= lower
    lower += (kind * NODES + np.minimum(node, NODES - 1)) * QUANTILES
    loss = tables.oneMinusCosine.take(lower)
    loss += (tables.oneMinusCosine.take(lower + 1) - loss) * quantile
    after = energy / (1 + isCompton * (energy * np.float32(1 / ELECTRON_MEV)) * loss)
    photons.direction[:, target] = _turned(photons.direction[:, target], loss, random[2])
    isSoft = after < CUTOFF_MEV
    if isSoft.any():
        tally.add(voxel[scattered[isSoft]], after[isSoft])
        after[isSoft] = 0
    photons.energy[target] = after
    isLive = after > 0
    photons.bin[target[isLive]] = energyBin(after[isLive])


def _turned(direction, oneMinusCosine, azimuth):
    """Directions after scattering.

    Orthonormal frame without branches: Duff T et al., Building an orthonormal basis, revisited. J Comput Graph Tech
    2017;6(1):1-8.
    """
    w, v, u = direction
    azimuth = azimuth * np.float32(2 * np.pi)
    sine = np.sqrt(np.maximum(oneMinusCosine * (2 - oneMinusCosine), 0))
    first, second = sine * np.cos(azimuth), sine * np.sin(azimuth)
    cosine = 1 - oneMinusCosine
    sign = np.copysign(np.float32(1), w)
    a = -1 / (sign + w)
    b = u * v * a
    return np.stack([cosine * w - first * sign * u - second * v,
                     cosine * v + first * sign * b + second * (sign + v * v * a),
                     cosine * u + first * (1 + sign * u * u * a) + second * b])


def _annihilation(pairs, generator):
    """The two photons back to back of every positron, which ends where it is made."""
    position = np.concatenate(pairs, axis=1)
    direction = _isotropic(position.shape[1], generator)
    return _Photons(np.concatenate([position, position], axis=1), np.concatenate([direction, -direction], axis=1),
                    np.full(2 * position.shape[1], ELECTRON_MEV, np.float32))

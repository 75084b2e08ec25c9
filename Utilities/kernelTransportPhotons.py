"""Photons from a point, or from given places, in infinite soft tissue. For developers only (needs numba).

Analog transport with incoherent (Klein-Nishina times scattering function), coherent (form factor) and photoelectric
interaction; electrons set in motion deposit where they arise. Scored is the expected deposit at every collision, by
distance from the origin; of a point source the first flight is taken analytically.
"""

import math

import numba
import numpy as np
from kernelTransportData import (
    ELECTRON_MASS,
    RADIATION,
    RADIATION_ENERGIES,
    RADIATION_FRACTIONS,
    photonScatteringFunctions,
    photonTables,
)
from kernelTransportElectrons import _rotate

EDGES = np.concatenate([[0.0], np.geomspace(1e-3, 100.0, 151)])  # g/cm2
HC_KEV_ANGSTROM = 12.39842
LOWEST = 1e-3  # MeV, photons below are deposited where they are


def tables():
    """Arrays for :func:`transportPhotons`."""
    energies = np.geomspace(LOWEST * 0.99, 3.2, 800)
    photo, incoherent, coherent = photonTables(energies)
    x = np.concatenate([[0.0], np.geomspace(1e-3, 300.0, 600)])
    form2, scattering = photonScatteringFunctions(x)
    scattering[0] = 0.0
    kerma = photo + incoherent * _meanTransfer(energies, x, scattering)
    cumulative = np.concatenate([[0.0], np.cumsum(np.diff(x * x) * (form2[1:] + form2[:-1]) / 2)])
    return (np.log(energies), np.array([photo, incoherent, coherent, kerma]), x * x, cumulative, scattering)


def _meanTransfer(energies, x, scattering):
    """Mean fraction of the energy that an incoherent collision gives to the electron."""
    cosine, weight = np.polynomial.legendre.leggauss(400)
    p = 1 / (1 + energies[:, None] / ELECTRON_MASS * (1 - cosine))
    momentum = np.sqrt((1 - cosine) / 2) * energies[:, None] * 1e3 / HC_KEV_ANGSTROM
    density = p * p * (p + 1 / p - 1 + cosine ** 2) * np.interp(momentum ** 2, x * x, scattering) * weight
    return ((1 - p) * density).sum(axis=1) / density.sum(axis=1)


@numba.njit(cache=False)
def transportPhotons(seed, energies, positions, directions, weights, isFirstScored, logEnergies, cross, x2, form,
                     scattering, logLow, logStep, bins, deposit):
    """Follow photons; adds the deposit (MeV times weight) by distance to ``deposit`` (its last element: beyond)."""
    np.random.seed(seed)
    step = logEnergies[1] - logEnergies[0]
    for n in range(energies.shape[0]):
        energy, weight = energies[n], weights[n]
        x, y, z = positions[n, 0], positions[n, 1], positions[n, 2]
        ux, uy, uz = directions[n, 0], directions[n, 1], directions[n, 2]
        isScored = isFirstScored
        while True:
            place = (math.log(energy) - logEnergies[0]) / step
            i = min(max(int(place), 0), logEnergies.shape[0] - 2)
            f = place - i
            photo = cross[0, i] + f * (cross[0, i + 1] - cross[0, i])
            incoherent = cross[1, i] + f * (cross[1, i + 1] - cross[1, i])
            coherent = cross[2, i] + f * (cross[2, i + 1] - cross[2, i])
            kerma = cross[3, i] + f * (cross[3, i + 1] - cross[3, i])
            total = photo + incoherent + coherent
            isLast = energy < 1.0e-3
            if not isLast:
                flight = -math.log(1 - np.random.random()) / total
                x, y, z = x + ux * flight, y + uy * flight, z + uz * flight
            r = math.sqrt(x * x + y * y + z * z)
            if isScored or isLast:
                j = 0  # the origin, then the intervals between the edges, then beyond
                if r > 0:
                    j = 1 if math.log(r) < logLow else min(int((math.log(r) - logLow) / logStep) + 2, bins)
                deposit[j] += weight * energy * (1.0 if isLast else kerma / total)
            isScored = True
            if isLast or r > 400.0:
                break
            u = np.random.random() * total
            if u < photo:
                break
            if u < photo + incoherent:
                k = energy / ELECTRON_MASS
                low = 1 / (1 + 2 * k)
                while True:  # mixture of 1/p and p between low and 1
                    first, second = -math.log(low), (1 - low * low) / 2
                    if np.random.random() * (first + second) < first:
                        p = math.exp(math.log(low) * np.random.random())
                    else:
                        p = math.sqrt(low * low + (1 - low * low) * np.random.random())
                    t = (1 - p) / (k * p)  # 1 - cosine
                    if np.random.random() > 1 - p * t * (2 - t) / (1 + p * p):
                        continue
                    # sin(theta/2)/lambda in 1/Angstrom
                    q2 = 0.5 * t * (energy * 1e3 / HC_KEV_ANGSTROM) ** 2
                    m = np.searchsorted(x2, q2)
                    if m >= x2.shape[0]:
                        break
                    if m < 1:
                        m = 1
                    s = scattering[m - 1] + (scattering[m] - scattering[m - 1]) * (q2 - x2[m - 1]) / (x2[m] - x2[m - 1])
                    if np.random.random() < s:
                        break
                energy *= p
                ux, uy, uz = _rotate(ux, uy, uz, 1 - t)
            else:
                largest = (energy * 1e3 / HC_KEV_ANGSTROM) ** 2
                m = min(np.searchsorted(x2, largest), x2.shape[0] - 1)
                top = form[m - 1] + (form[m] - form[m - 1]) * (min(largest, x2[m]) - x2[m - 1]) / (x2[m] - x2[m - 1])
                while True:
                    v = np.random.random() * top
                    m = max(np.searchsorted(form, v), 1)
                    q2 = x2[m - 1] + (x2[m] - x2[m - 1]) * (v - form[m - 1]) / (form[m] - form[m - 1])
                    cosine = 1 - 2 * q2 / largest
                    if np.random.random() < (1 + cosine * cosine) / 2:
                        break
                ux, uy, uz = _rotate(ux, uy, uz, max(cosine, -1.0))


class PhotonKernels:
    """Photon transport with its tables kept."""

    def __init__(self):
        self.tables = tables()
        self.logLow = math.log(EDGES[1])
        self.logStep = math.log(EDGES[-1] / EDGES[1]) / (len(EDGES) - 2)

    def _run(self, seed, energies, positions, directions, weights, isFirstScored):
        deposit = np.zeros(len(EDGES) + 1)
        transportPhotons(seed, energies, positions, directions, weights, isFirstScored, *self.tables, self.logLow,
                         self.logStep, len(EDGES), deposit)
        return deposit

    def pointSource(self, energies, yields, histories, seed):
        """Deposit of lines (energies in MeV, yields per decay), without and after scattering.

        Returns
        -------
        first, scattered : numpy.ndarray
            Cumulative deposit at ``EDGES`` in MeV per decay.
        emitted : float
            MeV per decay.
        ratio : float
            All deposited over emitted energy before normalization: 1 but for statistics.
        """
        rng = np.random.default_rng(seed)
        energies, yields = np.asarray(energies, float), np.asarray(yields, float)
        emitted = float(energies @ yields)
        isPoint = energies < 1.5e-3
        point = float(energies[isPoint] @ yields[isPoint])
        energies, yields = energies[~isPoint], yields[~isPoint]
        if not len(energies):
            return np.full(len(EDGES), point), np.zeros(len(EDGES)), emitted, 1.0
        logs, cross = self.tables[:2]
        total = np.array([np.interp(np.log(energies), logs, row) for row in (cross[0] + cross[1] + cross[2], cross[3])])
        first = ((energies * yields * total[1] / total[0])[:, None]
                 * -np.expm1(-total[0][:, None] * EDGES)).sum(axis=0)
        # photons per line by the energy they carry, each line weighted back
        share = energies * yields / (energies @ yields)
        counts = np.maximum(rng.multinomial(histories, share), 50)
        perPhoton = np.repeat(yields / counts, counts)
        n = int(counts.sum())
        deposit = self._run(seed, np.repeat(energies, counts), np.zeros((n, 3)), isotropic(n, rng), perPhoton, False)
        scattered = np.cumsum(deposit)[:-1]
        lineEnergy = float(energies @ yields)
        everything = deposit.sum() + (energies * yields * total[1] / total[0]).sum()
        norm = lineEnergy / everything
        return point + first * norm, scattered * norm, emitted, everything / lineEnergy

    def radiation(self, photons, copies, seed):
        """Cumulative deposit at ``EDGES`` of bremsstrahlung, as a fraction of its energy.

        ``photons``: electron energy, position, direction of electrons that radiate equal energies.
        """
        rng = np.random.default_rng(seed)
        photons = np.repeat(photons, copies, axis=0)
        electron = photons[:, 0]
        fraction = _sampleRadiation(electron, rng)
        energies = np.maximum(electron * fraction, 1e-6)
        beta = np.sqrt(1 - 1 / (1 + electron / ELECTRON_MASS) ** 2)
        u = 2 * rng.random(len(photons)) - 1
        cosine = (u + beta) / (beta * u + 1)
        directions = _turned(photons[:, 4:7], cosine, rng)
        deposit = self._run(seed, energies, np.ascontiguousarray(photons[:, 1:4]), directions, 1 / energies, True)
        return np.cumsum(deposit)[:-1] / deposit.sum()


def _sampleRadiation(energies, rng):
    """k/T with a density proportional to k dsigma/dk."""
    logs = np.log(np.clip(energies, RADIATION_ENERGIES[0], RADIATION_ENERGIES[-1]))
    place = np.interp(logs, np.log(RADIATION_ENERGIES), np.arange(len(RADIATION_ENERGIES)))
    row = np.minimum(place.astype(int) + (rng.random(len(energies)) < place % 1), len(RADIATION_ENERGIES) - 1)
    result = np.zeros(len(energies))
    for index, values in enumerate(RADIATION):
        fine = np.linspace(0, 1, 401)
        density = np.interp(fine, RADIATION_FRACTIONS, values)
        cumulative = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2)])
        chosen = row == index
        result[chosen] = np.interp(rng.random(chosen.sum()), cumulative / cumulative[-1], fine)
    return result


def isotropic(number, rng):
    """Unit vectors, shape (number, 3)."""
    cosine, phi = 2 * rng.random(number) - 1, 2 * np.pi * rng.random(number)
    sine = np.sqrt(1 - cosine ** 2)
    return np.stack([sine * np.cos(phi), sine * np.sin(phi), cosine], axis=1)


def _turned(directions, cosine, rng):
    """Directions turned by given angles about a random azimuth."""
    other = isotropic(len(directions), rng)
    side = np.cross(directions, other)
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    return directions * cosine[:, None] + side * np.sqrt(np.maximum(0, 1 - cosine ** 2))[:, None]

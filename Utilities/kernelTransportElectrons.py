"""Electrons of one energy from a point in infinite soft tissue. For developers only (needs numba).

Mixed condensed history: knock-on electrons above a cutoff, hard elastic collisions and bremsstrahlung above a cutoff
one by one; below, continuous slowing down with straggling and one soft deflection at a random hinge of every step.
Scored are the energy deposited by distance (in units of the CSDA range) and where photons are emitted.
"""

import math

import numba
import numpy as np
from kernelTransportData import (
    ELECTRON_MASS,
    MOLLER_CONSTANT,
    RADIATION,
    RADIATION_ENERGIES,
    RADIATION_FRACTIONS,
    betaSquared,
    csdaRange,
    electronsPerMass,
    radiativeStoppingPower,
    stoppingPower,
    transportCoefficients,
    wentzel,
)

BINS, REACH = 160, 1.28  # scaled distance r / CSDA range
TABLE = 400
ENERGY, STOPPING, STRAGGLING, HARD, KNOCK, SOFT, SCREENING, LIMIT, RADIATIVE, BOUND, SOFT_RADIATIVE, \
    PHOTON = range(12)
CUTOFF_FRACTION, CUTOFF_FLOOR = 0.01, 0.5e-3  # knock-on cutoff relative to the first energy, MeV
ABSORPTION_FRACTION = 0.02  # of the first energy: a range below 0.2 % of the first
HARD_FRACTION = 0.08  # hard mean free path in transport mean free paths
LOSS_FRACTION = 0.04  # of the energy, in one step
PHOTON_FRACTION = 0.005  # of the first energy: smallest photon that is a loss of its own


@numba.njit(cache=False)
def _rotate(ux, uy, uz, cosine):
    sine = math.sqrt(max(0.0, 1 - cosine * cosine))
    phi = 2 * math.pi * np.random.random()
    c, s = math.cos(phi), math.sin(phi)
    if abs(uz) > 0.999999:
        return sine * c, sine * s, cosine * math.copysign(1.0, uz)
    t = math.sqrt(1 - uz * uz)
    return (ux * cosine + sine * (ux * uz * c - uy * s) / t, uy * cosine + sine * (uy * uz * c + ux * s) / t,
            uz * cosine - sine * t * c)


@numba.njit(cache=False)
def _knockOn(energy, cutoff):
    """Energy of a Moller knock-on electron above the cutoff."""
    tau = energy / ELECTRON_MASS
    low = cutoff / energy
    a, b = (tau / (tau + 1)) ** 2, (2 * tau + 1) / (tau + 1) ** 2
    bound = 1 + 1.0 + a * 0.25
    while True:
        e = 1 / (1 / low - np.random.random() * (1 / low - 2.0))
        ratio = 1 + (e / (1 - e)) ** 2 + a * e * e - b * e / (1 - e)
        if np.random.random() * bound <= ratio:
            return e * energy


@numba.njit(cache=False)
def _photon(energy, lowest):
    """Energy of a bremsstrahlung photon above the lowest."""
    logEnergy = math.log(energy)
    row = 0
    while row < RADIATION_ENERGIES.shape[0] - 2 and logEnergy > math.log(RADIATION_ENERGIES[row + 1]):
        row += 1
    step = math.log(RADIATION_ENERGIES[row + 1] / RADIATION_ENERGIES[row])
    f = min(max((logEnergy - math.log(RADIATION_ENERGIES[row])) / step, 0.0), 1.0)
    bound = (1 - f) * RADIATION[row, 0] + f * RADIATION[row + 1, 0]
    while True:
        k = lowest * math.exp(math.log(energy / lowest) * np.random.random())
        x = k / energy
        c = 0
        while c < RADIATION_FRACTIONS.shape[0] - 2 and x > RADIATION_FRACTIONS[c + 1]:
            c += 1
        g = (x - RADIATION_FRACTIONS[c]) / (RADIATION_FRACTIONS[c + 1] - RADIATION_FRACTIONS[c])
        value = (1 - f) * ((1 - g) * RADIATION[row, c] + g * RADIATION[row, c + 1]) \
            + f * ((1 - g) * RADIATION[row + 1, c] + g * RADIATION[row + 1, c + 1])
        if np.random.random() * bound < value:
            return k


@numba.njit(cache=False)
def transportElectrons(seed, histories, first, csda, cutoff, absorption, table, photons, photonShare):
    """Deposit by distance and emitted photons.

    ``table``: rows as named below. ``photons``: array (n, 7) to fill with the electron's energy, place and direction at
    emissions of equal energy. Returns the deposit per bin and the expected radiated energy (MeV per electron), and the
    number of emissions kept.
    """
    np.random.seed(seed)
    deposit = np.zeros(BINS + 1)
    stack = np.zeros((200, 7))
    kept, allRadiated = 0, 0.0
    lowestPhoton = PHOTON_FRACTION * first
    logFirst, step = table[ENERGY, 0], table[ENERGY, 1] - table[ENERGY, 0]
    for _history in range(histories):
        depth = 1
        stack[0] = (first, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)
        while depth:
            depth -= 1
            energy, x, y, z, ux, uy, uz = stack[depth]
            while energy > absorption:
                place = (math.log(energy) - logFirst) / step
                i = min(max(int(place), 0), table.shape[1] - 2)
                f = place - i
                bound = table[BOUND, i] + f * (table[BOUND, i + 1] - table[BOUND, i])
                stopping = table[STOPPING, i] + f * (table[STOPPING, i + 1] - table[STOPPING, i])
                longest = LOSS_FRACTION * energy / stopping
                length = -math.log(1 - np.random.random()) / bound
                isEvent = length < longest
                length = min(length, longest)
                # everything that acts along the step, at the energy in its middle
                place = (math.log(energy - 0.5 * stopping * length) - logFirst) / step
                i = min(max(int(place), 0), table.shape[1] - 2)
                f = place - i
                loss = (table[STOPPING, i] + f * (table[STOPPING, i + 1] - table[STOPPING, i])) * length
                straggling = table[STRAGGLING, i] + f * (table[STRAGGLING, i + 1] - table[STRAGGLING, i])
                soft = table[SOFT, i] + f * (table[SOFT, i + 1] - table[SOFT, i])
                sigma = math.sqrt(straggling * length)
                if sigma > 0:  # uniform or two-valued with the right mean and variance: never negative
                    if loss > 1.7320508 * sigma:
                        loss += 1.7320508 * sigma * (2 * np.random.random() - 1)
                    else:
                        r = (sigma / loss) ** 2
                        # zero with probability p0, else uniform (0, w): mean and variance kept
                        p0 = (3 * r - 1) / (3 * r + 3)
                        loss = 0.0 if np.random.random() < p0 else 2 * loss / (1 - p0) * np.random.random()
                loss = min(loss, energy)
                tau = np.random.random() * length
                x, y, z = x + ux * tau, y + uy * tau, z + uz * tau
                # the loss is deposited at a point anywhere on the broken line
                share = np.random.random() * length
                if share <= tau:
                    r2 = (x - ux * (tau - share)) ** 2 + (y - uy * (tau - share)) ** 2 + (z - uz * (tau - share)) ** 2
                mean = 1 - math.exp(-soft * length)
                cosine = 1 + mean * math.log(1 - np.random.random())
                if cosine < -1:
                    cosine = 2 * np.random.random() - 1
                ux, uy, uz = _rotate(ux, uy, uz, cosine)
                if share > tau:
                    r2 = (x + ux * (share - tau)) ** 2 + (y + uy * (share - tau)) ** 2 + (z + uz * (share - tau)) ** 2
                x, y, z = x + ux * (length - tau), y + uy * (length - tau), z + uz * (length - tau)
                j = int(math.sqrt(r2) / csda * (BINS / REACH))
                deposit[min(j, BINS)] += loss
                radiated = (table[RADIATIVE, i] + f * (table[RADIATIVE, i + 1] - table[RADIATIVE, i])) * length
                allRadiated += radiated
                softRadiated = (table[SOFT_RADIATIVE, i] + f * (table[SOFT_RADIATIVE, i + 1]
                                                                - table[SOFT_RADIATIVE, i])) * length
                if photonShare > 0:
                    # one photon stands for many: kept with a probability proportional to its radiated energy
                    expected = radiated * photonShare
                    while expected > 0 and kept < photons.shape[0]:
                        if np.random.random() < expected:
                            photons[kept, 0] = energy
                            photons[kept, 1] = x
                            photons[kept, 2] = y
                            photons[kept, 3] = z
                            photons[kept, 4] = ux
                            photons[kept, 5] = uy
                            photons[kept, 6] = uz
                            kept += 1
                        expected -= 1
                # small photons slow the electron by their mean loss, without deposit
                energy -= min(loss + softRadiated, energy)
                if not isEvent or energy <= absorption:
                    continue
                place = (math.log(energy) - logFirst) / step
                i = min(max(int(place), 0), table.shape[1] - 2)
                f = place - i
                hard = table[HARD, i] + f * (table[HARD, i + 1] - table[HARD, i])
                knock = table[KNOCK, i] + f * (table[KNOCK, i + 1] - table[KNOCK, i])
                u = np.random.random() * bound
                if u < hard:
                    a = math.exp(table[SCREENING, i] + f * (table[SCREENING, i + 1] - table[SCREENING, i]))
                    limit = math.exp(table[LIMIT, i] + f * (table[LIMIT, i + 1] - table[LIMIT, i]))
                    # mu from A(1+A)/(A+mu)^2 above the limit
                    u = np.random.random()
                    mu = 1 / (u / (a + limit) + (1 - u) / (1 + a)) - a
                    ux, uy, uz = _rotate(ux, uy, uz, 1 - 2 * min(max(mu, 0.0), 1.0))
                elif u < hard + knock and energy > 2 * cutoff:
                    w = _knockOn(energy, cutoff)
                    if w > absorption and depth < 199:
                        cosine = math.sqrt(w * (energy + 2 * ELECTRON_MASS) / (energy * (w + 2 * ELECTRON_MASS)))
                        vx, vy, vz = _rotate(ux, uy, uz, cosine)
                        stack[depth] = (w, x, y, z, vx, vy, vz)
                        depth += 1
                    else:
                        j = int(math.sqrt(x * x + y * y + z * z) / csda * (BINS / REACH))
                        deposit[min(j, BINS)] += w
                    left = energy - w
                    cosine = math.sqrt(left * (energy + 2 * ELECTRON_MASS) / (energy * (left + 2 * ELECTRON_MASS)))
                    ux, uy, uz = _rotate(ux, uy, uz, cosine)
                    energy = left
                elif u >= hard + knock and energy > lowestPhoton:
                    photon = table[PHOTON, i] + f * (table[PHOTON, i + 1] - table[PHOTON, i])
                    if u < hard + knock + photon:
                        energy -= _photon(energy, lowestPhoton)
            j = int(math.sqrt(x * x + y * y + z * z) / csda * (BINS / REACH))
            deposit[min(j, BINS)] += energy
    return deposit / histories, allRadiated / histories, kept


def photonsAbove(energies, lowest):
    """Share of the radiated energy in photons above the lowest, and their cross section."""
    share, cross = np.zeros(len(energies)), np.zeros(len(energies))
    x = np.concatenate([[0.0], np.geomspace(1e-4, 1.0, 600)])
    for index, energy in enumerate(energies):
        place = np.interp(np.log(energy), np.log(RADIATION_ENERGIES), np.arange(len(RADIATION_ENERGIES)))
        row = min(int(place), len(RADIATION_ENERGIES) - 2)
        values = (1 - place + row) * RADIATION[row] + (place - row) * RADIATION[row + 1]
        if energy > lowest:
            k = np.geomspace(lowest / energy, 1.0, 300)
            density = np.interp(k, RADIATION_FRACTIONS, values)
            cross[index] = np.trapezoid(density, np.log(k)) / betaSquared(energy)
            share[index] = np.trapezoid(density, k) / np.trapezoid(np.interp(x, RADIATION_FRACTIONS, values), x)
    return share, cross


def electronTable(first):
    """Interpolation table of :func:`transportElectrons`, with cutoff and absorption energy."""
    cutoff = max(CUTOFF_FRACTION * first, CUTOFF_FLOOR)
    absorption = max(ABSORPTION_FRACTION * first, 0.3e-3)
    energies = np.geomspace(absorption * 0.9, first * 1.001, TABLE)
    coarse = np.geomspace(absorption * 0.9, first * 1.001, 24)
    g1, g2 = transportCoefficients(coarse, cutoff)
    logG1 = np.interp(np.log(energies), np.log(coarse), np.log(g1))
    ratio = np.interp(np.log(energies), np.log(coarse), g2 / g1)
    g1 = np.exp(logG1)
    screening, total = wentzel(g1, g1 * ratio)
    tau, beta2 = energies / ELECTRON_MASS, betaSquared(energies)
    constant = MOLLER_CONSTANT * electronsPerMass() / beta2
    low = np.minimum(cutoff / energies, 0.5)
    a, b = (tau / (tau + 1)) ** 2, (2 * tau + 1) / (tau + 1) ** 2
    knock = constant / energies * (1 / low - 1 / (1 - low) + a * (0.5 - low) - b * np.log((1 - low) / low))
    straggling = constant * np.minimum(cutoff, energies / 2)
    knock = np.maximum(knock, 0.0)
    # Angle that parts hard from soft: the hard cross section is total A (1 - mu) / (A + mu).
    hard = np.minimum(g1 / HARD_FRACTION, total)
    limit = np.maximum(screening * (total - hard) / (screening * total + hard), 1e-30)
    soft = 2 * total * screening * (1 + screening) * (np.log1p(limit / screening) - limit / (screening + limit))
    # A step may end at a lower energy, where events are more frequent.
    lowest = PHOTON_FRACTION * first
    share, photon = photonsAbove(energies, lowest)
    events = hard + knock + photon
    lower = np.log(energies * (1 - 1.5 * LOSS_FRACTION))
    bound = np.maximum(events, np.interp(lower, np.log(energies), events)) * 1.001
    radiative = radiativeStoppingPower(energies)
    table = np.array([np.log(energies), stoppingPower(energies, cutoff), straggling, hard, knock, soft,
                      np.log(screening), np.log(limit), radiative, bound, radiative * (1 - share), photon])
    return table, cutoff, absorption


def simulate(first, histories, seed, photonCapacity=0):
    """Electrons of ``first`` MeV: cumulative deposit at ``REACH * arange(BINS + 1) / BINS`` and emitted photons.

    Returns
    -------
    cumulative : numpy.ndarray
        MeV per electron within the scaled distance; its last value is the deposited energy.
    radiated : float
        MeV per electron given to photons.
    photons : numpy.ndarray
        Shape (n, 7): electron energy at the emission, position in g/cm2, direction. Each stands for the same energy.
    """
    table, cutoff, absorption = electronTable(first)
    csda = float(csdaRange(np.array([first]))[0])
    share = 0.0
    photons = np.zeros((max(photonCapacity, 1), 7))
    if photonCapacity:
        # expected radiated energy per electron: integral of the ratio of stopping powers
        energies = np.geomspace(1e-3, first, 500)
        radiative = radiativeStoppingPower(energies)
        yieldMeV = np.trapezoid(radiative / (stoppingPower(energies) + radiative), energies)
        share = 0.9 * photonCapacity / (histories * yieldMeV)
    deposit, radiated, kept = transportElectrons(seed, histories, first, csda, cutoff, absorption, table, photons,
                                                 share)
    cumulative = np.concatenate([[0.0], np.cumsum(deposit[:-1])])
    cumulative[-1] += deposit[-1]
    # the expected radiated energy has far less noise than the photons that were drawn
    cumulative *= (first - radiated) / cumulative[-1]
    return cumulative, radiated, photons[:kept]

"""Cross sections of soft tissue for the radial kernels. For developers only (needs numpy, scipy and xraylib).

Medium: soft tissue of ICRP (xraylib's NIST compound list), 10.4 % H, 23.2 % C, 2.5 % N, 63.0 % O and traces. All
lengths are mass thicknesses in g/cm2, all energies MeV, all cross sections cm2/g.

Electrons
    Collision stopping power: Bethe with the Moller restricted form of ICRU Report 37 (1984), I = 72.3 eV, density
    effect of ICRU Report 37. Deflection: elastic scattering in Born approximation with the atoms' form factors and the
    spin factor of McKinley and Feshbach (Phys Rev 1948;74:1759), inelastic scattering below the cutoff of explicit
    knock-on electrons with the atoms' incoherent scattering functions. Nothing is tuned. Radiation: Seltzer and Berger
    (At Data Nucl Data Tables 1986;35:345-418), condensed here to the mixture.
Photons
    Photoelectric, incoherent and coherent cross sections, form factors and scattering functions of xraylib up to
    0.8 MeV; above, incoherent by Klein and Nishina, photoelectric continued by a power law, pair production left out.
"""

import numpy as np

ELECTRON_MASS = 0.51099895
ALPHA = 1 / 137.035999
AVOGADRO = 6.02214076e23
CLASSICAL_RADIUS = 2.8179403e-13  # cm
MOLLER_CONSTANT = 0.1535375  # 2 pi r_e2 m c2 N_A in MeV cm2/mol
COMPOUND = "Tissue, Soft (ICRP)"
MEAN_EXCITATION = 72.3e-6
XRAYLIB_LIMIT = 0.8

# Density effect of ICRP soft tissue (ICRU Report 37): zero up to 0.45 MeV.
DELTA = np.array([[0.45, 0.0], [0.5, 0.00697], [0.55, 0.02818], [0.6, 0.05218], [0.7, 0.1061], [0.8, 0.1652],
                  [0.9, 0.2270], [1.0, 0.2902], [1.25, 0.4480], [1.5, 0.6004], [1.75, 0.7445], [2.0, 0.8798],
                  [2.5, 1.126], [3.0, 1.343], [3.5, 1.536], [4.0, 1.709]])

# beta^2 k dsigma/dk of the mixture in 1e-3 cm2/g, from the scaled cross sections of Seltzer and Berger.
RADIATION_ENERGIES = np.array([0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 1.5, 2.0, 3.0])
RADIATION_FRACTIONS = np.array([0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0])
RADIATION = np.array([
    [18.51, 18.48, 18.15, 17.02, 15.77, 14.61, 13.58, 12.66, 11.85, 11.13, 10.51, 10.26, 10.05],
    [21.28, 20.47, 19.55, 17.7, 16.0, 14.48, 13.11, 11.9, 10.84, 9.917, 9.114, 8.794, 8.506],
    [23.96, 22.38, 20.78, 17.98, 15.61, 13.6, 11.9, 10.46, 9.19, 8.036, 6.878, 6.322, 5.932],
    [25.43, 23.19, 21.05, 17.54, 14.75, 12.51, 10.72, 9.192, 7.816, 6.532, 5.245, 4.597, 4.035],
    [26.99, 23.69, 20.89, 16.67, 13.62, 11.28, 9.423, 7.822, 6.385, 5.116, 3.85, 3.166, 2.466],
    [30.14, 24.92, 21.32, 16.3, 12.85, 10.34, 8.335, 6.633, 5.147, 3.863, 2.669, 2.025, 1.248],
    [33.65, 27.08, 22.98, 17.18, 13.5, 10.84, 8.671, 6.834, 5.213, 3.766, 2.483, 1.789, 0.8753],
    [35.88, 28.44, 24.15, 18.28, 14.48, 11.66, 9.375, 7.447, 5.74, 4.149, 2.674, 1.882, 0.7918],
    [37.26, 29.53, 25.18, 19.21, 15.34, 12.46, 10.1, 8.099, 6.302, 4.605, 2.946, 2.037, 0.7632],
    [39.01, 30.84, 26.57, 20.77, 16.84, 13.83, 11.36, 9.244, 7.343, 5.517, 3.54, 2.369, 0.7414]]) * 1e-3


def composition():
    """``[(atomic number, mass fraction / atomic weight)]`` of the medium."""
    import xraylib

    compound = xraylib.GetCompoundDataNISTByName(COMPOUND)
    return [(z, w / xraylib.AtomicWeight(z)) for z, w in
            zip(compound["Elements"], compound["massFractions"], strict=True)]


def electronsPerMass():
    """Z/A of the medium in mol/g."""
    return sum(z * n for z, n in composition())


def betaSquared(energy):
    return 1.0 - 1.0 / (1.0 + energy / ELECTRON_MASS) ** 2


def stoppingPower(energy, cutoff=None):
    """Collision stopping power in MeV cm2/g, restricted to losses below ``cutoff`` (MeV)."""
    energy = np.asarray(energy, float)
    tau, beta2 = energy / ELECTRON_MASS, betaSquared(energy)
    eta = np.full_like(energy, 0.5) if cutoff is None else np.minimum(cutoff / energy, 0.5)
    gamma = (-1 - beta2 + np.log(4 * (1 - eta) * eta) + 1 / (1 - eta)
             + (1 - beta2) * (tau * tau * eta * eta / 2 + (2 * tau + 1) * np.log(1 - eta)))
    log = np.log(tau * tau * (tau + 2) / 2 * (ELECTRON_MASS / MEAN_EXCITATION) ** 2)
    delta = np.interp(energy, DELTA[:, 0], DELTA[:, 1])
    return MOLLER_CONSTANT * electronsPerMass() / beta2 * (log + gamma - delta)


def radiativeStoppingPower(energy):
    """MeV cm2/g."""
    energy = np.atleast_1d(np.asarray(energy, float))
    table = np.array([np.trapezoid(row, RADIATION_FRACTIONS) for row in RADIATION])
    return np.interp(np.log(energy), np.log(RADIATION_ENERGIES), table) * energy / betaSquared(energy)


def csdaRange(energies):
    """CSDA range in g/cm2 of ascending energies, from 1 keV on (below: proportional to E^1.75)."""
    grid = np.geomspace(1e-3, max(np.max(energies), 2e-3), 4000)
    inverse = 1 / (stoppingPower(grid) + radiativeStoppingPower(grid))
    start = grid[0] * inverse[0] / 1.75
    ranges = start + np.concatenate([[0], np.cumsum(np.diff(grid) * (inverse[1:] + inverse[:-1]) / 2)])
    energies = np.asarray(energies, float)
    below = start * (energies / grid[0]) ** 1.75
    return np.where(energies < grid[0], below, np.exp(np.interp(np.log(energies), np.log(grid), np.log(ranges))))


def _atomicFunctions(atomicNumber, x):
    """Form factor and incoherent scattering function at ``x`` = sin(theta/2)/lambda in 1/Angstrom."""
    import xraylib

    form, incoherent = np.zeros(len(x)), np.zeros(len(x))
    for index, value in enumerate(x):
        form[index] = xraylib.FF_Rayl(atomicNumber, value) if 0 < value < 1e4 else atomicNumber * (value <= 0)
        incoherent[index] = xraylib.SF_Compt(atomicNumber, value) if 1e-3 < value < 1e4 else \
            atomicNumber * (value >= 1e4)
    return form, incoherent


def transportCoefficients(energies, cutoff):
    """First and second transport coefficients (1 - P1, 1 - P2) in cm2/g, of elastic and soft inelastic scattering."""
    logS = np.linspace(np.log(1e-5), 0.0, 1500)  # s = sin(theta/2)
    s = np.exp(logS)
    x = np.geomspace(1e-3, 1e4, 900)
    atoms = [(z, n, *_atomicFunctions(z, x)) for z, n in composition()]
    g1, g2 = np.zeros(len(energies)), np.zeros(len(energies))
    for index, energy in enumerate(energies):
        beta2 = betaSquared(energy)
        momentum = np.sqrt(energy * (energy + 2 * ELECTRON_MASS))  # MeV/c
        pBeta = momentum * np.sqrt(beta2)
        # sin(theta/2)/lambda = q/(4 pi hbar) with q = 2 p s; hbar c = 1973.27 eV Angstrom = 197.327 MeV fm
        qx = 2 * momentum * s * 1e6 / 1973.2698 / (4 * np.pi)
        rutherford = (ALPHA * 197.32698e-13 / (2 * pBeta)) ** 2 / s ** 4  # cm2/sr for Z = 1
        mu = s * s
        measure = 4 * np.pi * 2 * mu  # dOmega = 2 pi dcos = 4 pi dmu, dmu = 2 mu dlogS
        # energy given to a free electron by this momentum transfer
        isSoft = (2 * momentum * s) ** 2 / (2 * ELECTRON_MASS) < cutoff
        total = np.zeros_like(s)
        for z, perMass, form, incoherent in atoms:
            f = np.interp(qx, x, form)
            inelastic = np.interp(qx, x, incoherent, left=0.0) * isSoft
            spin = 1 - beta2 * mu + np.pi * ALPHA * z * np.sqrt(beta2) * s * (1 - s)
            total += AVOGADRO * perMass * ((z - f) ** 2 * spin + inelastic)
        total *= rutherford * measure
        g1[index] = np.trapezoid(2 * mu * total, logS)
        g2[index] = np.trapezoid(6 * mu * (1 - mu) * total, logS)
    return g1, g2


def wentzel(g1, g2):
    """Screening ``A`` and total cross section of A(1 + A)/(A + mu)^2 with given transport coefficients.

    mu = (1 - cos)/2; 1 - P1 = 2 mu, 1 - P2 = 6 mu (1 - mu).
    """
    from scipy.optimize import brentq

    def moments(a):
        log = np.log1p(1 / a)
        first = a * ((1 + a) * log - 1)
        second = a * (1 + a) * (1 + a / (1 + a) - 2 * a * log)  # mean of mu^2
        return first, second

    screening, total = np.zeros(len(g1)), np.zeros(len(g1))
    for index, ratio in enumerate(g2 / g1):
        def difference(logA, wanted=ratio):
            first, second = moments(np.exp(logA))
            return 3 * (first - second) / first - wanted

        screening[index] = np.exp(brentq(difference, np.log(1e-40), np.log(1e2)))
        total[index] = g1[index] / (2 * moments(screening[index])[0])
    return screening, total


def kleinNishina(energy):
    """Total cross section per free electron, cm2."""
    energy = np.atleast_1d(np.asarray(energy, float))
    cosine, weight = np.polynomial.legendre.leggauss(400)
    k = energy[:, None] / ELECTRON_MASS
    p = 1 / (1 + k * (1 - cosine))
    differential = CLASSICAL_RADIUS ** 2 / 2 * p * p * (p + 1 / p - 1 + cosine ** 2)
    return 2 * np.pi * (differential * weight).sum(axis=1)


def photonTables(energies):
    """Photoelectric, incoherent, coherent cross section of the medium in cm2/g, shape (3, number of energies)."""
    import xraylib

    result = np.zeros((3, len(energies)))
    functions = (xraylib.CS_Photo, xraylib.CS_Compt, xraylib.CS_Rayl)
    for z, perMass in composition():
        fraction = perMass * xraylib.AtomicWeight(z)
        for row, function in enumerate(functions):
            low, high = function(z, 600.0), function(z, 799.0)
            slope = np.log(high / low) / np.log(799.0 / 600.0)
            for index, energy in enumerate(energies):
                value = function(z, energy * 1e3) if energy <= XRAYLIB_LIMIT - 1e-3 else \
                    high * (energy * 1e3 / 799.0) ** slope
                result[row, index] += fraction * value
    isHigh = np.asarray(energies) > XRAYLIB_LIMIT - 1e-3
    result[1, isHigh] = kleinNishina(np.asarray(energies)[isHigh]) * AVOGADRO * electronsPerMass()
    return result


def photonScatteringFunctions(x):
    """Form factor squared and incoherent scattering function of the medium per mass (arbitrary unit), at ``x``."""
    form, incoherent = np.zeros(len(x)), np.zeros(len(x))
    for z, perMass in composition():
        f, s = _atomicFunctions(z, x)
        form += perMass * f * f
        incoherent += perMass * s
    return form, incoherent / electronsPerMass()

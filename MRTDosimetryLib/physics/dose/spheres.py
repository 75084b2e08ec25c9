"""Self-absorbed fractions and S values of uniform spheres and ellipsoids, exact from the radial kernels; mass scaling.

For activities that come as numbers, without images. Medium inside and around the sphere is soft tissue of one density.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from ...errors import InputError
from ..nuclides import ALPHA_CLASSES
from ..progeny import progenyMembers
from ..units import GY_KG_PER_GBQ_H_PER_MEV, SECONDS_PER_HOUR
from .radialKernels import COMPONENTS, PHOTON_COMPONENTS, radialKernel
from .voxelKernel import REFERENCE_DENSITY_G_PER_ML

WHERE = "S value"
ALPHA = "alpha"
SEGMENTS, NODES = 300, 4


@dataclass(frozen=True)
class SelfSValue:
    """S value of a region for itself.

    Attributes
    ----------
    nuclide : str
    massG : float
    gyPerMBqH : float
        Mean absorbed dose per time-integrated activity.
    title : str
        What it is of, in words.
    notes : list of str
    densityGPerML, radiusMM : float or None
        ``radiusMM`` is that of the sphere, or three times volume over surface of the ellipsoid; ``None`` of an organ.
    energiesMeV : dict
        ``alpha`` (with recoil), ``electron``, ``bremsstrahlung``, ``photon`` -> MeV emitted per decay; empty of an
        organ.
    absorbedFractions : dict
        The same keys -> fraction of that energy deposited inside.
    """

    nuclide: str
    massG: float
    gyPerMBqH: float
    title: str
    notes: list = field(default_factory=list)
    densityGPerML: float | None = None
    radiusMM: float | None = None
    energiesMeV: dict = field(default_factory=dict)
    absorbedFractions: dict = field(default_factory=dict)

    def absorbedMeV(self, *names):
        """Energy per decay deposited inside a sphere or ellipsoid, by some or all kinds of radiation."""
        return sum(self.energiesMeV[name] * self.absorbedFractions[name] for name in names or self.energiesMeV)

    @property
    def sValueMGyPerMBqS(self):
        """Mean absorbed dose per time-integrated activity in mGy/(MBq s)."""
        return self.gyPerMBqH * 1e3 / SECONDS_PER_HOUR

    def absorbedDoseGy(self, timeIntegratedActivityMBqH, *names):
        """Mean absorbed dose of a time-integrated activity; of a sphere or ellipsoid also by some kinds of radiation.

        Raises
        ------
        InputError
            A time-integrated activity that is negative or no finite number.
        """
        if not math.isfinite(timeIntegratedActivityMBqH) or timeIntegratedActivityMBqH < 0:
            raise InputError(f"The time-integrated activity is {timeIntegratedActivityMBqH:g} MBq h", WHERE,
                             "Give a number not below zero")
        share = self.absorbedMeV(*names) / self.absorbedMeV() if names else 1.0
        return timeIntegratedActivityMBqH * self.gyPerMBqH * share

    def toDict(self):
        return {"radionuclide": self.nuclide, "massG": self.massG, "densityGPerML": self.densityGPerML,
                "radiusMM": self.radiusMM, "energiesMeV": dict(self.energiesMeV),
                "absorbedFractions": dict(self.absorbedFractions), "sValueMGyPerMBqS": self.sValueMGyPerMBqS,
                "gyPerMBqH": self.gyPerMBqH, "notes": list(self.notes)}


def sphereAbsorbedFraction(nuclideName, component, radiusGPerCM2):
    """Fraction of the energy of a uniform source in a sphere that is deposited in the sphere.

    The integral of the radial kernel h(r) times the chance 1 - 3r/4R + r^3/16R^3 that two points of a sphere a distance
    r apart in a random direction both lie inside (Berger, MIRD Pamphlet No. 7, J Nucl Med 1971;12(Suppl 5):5-23: the
    geometric reduction factor of the sphere); integrated by parts over the cumulative kernel.

    Parameters
    ----------
    nuclideName : str
    component : str
        ``"electron"``, ``"bremsstrahlung"`` or ``"photon"``.
    radiusGPerCM2 : float
        Radius times density.
    """
    kernel = radialKernel(nuclideName)
    position, weight = np.polynomial.legendre.leggauss(NODES)
    edges = np.concatenate([[0.0], np.geomspace(1e-7, 1.0, SEGMENTS)])
    half = np.diff(edges)[:, None] / 2
    x = ((edges[1:] + edges[:-1])[:, None] / 2 + half * position).ravel()  # r / 2R
    weights = (half * weight).ravel()
    return float(np.sum(weights * 1.5 * (1 - x * x) * kernel.fractionWithin(component, 2 * radiusGPerCM2 * x)))


def sphereSValue(nuclide, massG, densityGPerML=REFERENCE_DENSITY_G_PER_ML, options=None):
    """S value of a uniform sphere for itself.

    Parameters
    ----------
    nuclide : Nuclide
    massG, densityGPerML : float
    options : dict, optional
        ``progeny``: ``"excluded"`` or ``"inPlace"``; has to be stated where progeny matter.

    Returns
    -------
    SelfSValue

    Raises
    ------
    InputError
        Mass or density not above zero, a nuclide without a kernel, progeny that matter and are not stated.
    """
    _requirePositive(massG, "mass")
    _requirePositive(densityGPerML, "density")
    radiusCM = (3 * massG / densityGPerML / (4 * math.pi)) ** (1 / 3)
    title = f"{nuclide.name}, sphere of {massG:g} g at {densityGPerML:g} g/mL, radius {10 * radiusCM:.4g} mm"
    return _sValue(nuclide, massG, densityGPerML, radiusCM, options, title, [])


def ellipsoidSValue(nuclide, semiAxesMM, densityGPerML=REFERENCE_DENSITY_G_PER_ML, options=None):
    """S value of a uniform ellipsoid for itself, with the absorbed fractions of the sphere of radius 3 V / S.

    The generalized radius is that of Amato et al. (AAPP 2014;92(S1)); for 90Y in a spheroid twice as long as wide it
    holds within 1 % (against voxels, in the tests). Arguments as for :func:`sphereSValue`, with three semi-axes.
    """
    axes = np.asarray(semiAxesMM, float)
    if axes.shape != (3,):
        raise InputError("An ellipsoid has three semi-axes", WHERE, "Give three lengths in mm")
    for axis in axes:
        _requirePositive(axis, "semi-axis")
    _requirePositive(densityGPerML, "density")
    volumeML = 4 / 3 * math.pi * float(np.prod(axes)) / 1000
    radiusCM = generalizedRadiusMM(axes) / 10
    note = ("Absorbed fractions of the sphere with the same ratio of volume to surface stand for those of the "
            f"ellipsoid (radius {10 * radiusCM:.4g} mm).")
    massG = volumeML * densityGPerML
    title = (f"{nuclide.name}, ellipsoid of {massG:.4g} g at {densityGPerML:g} g/mL, semi-axes "
             f"{' x '.join(f'{axis:g}' for axis in axes)} mm")
    return _sValue(nuclide, massG, densityGPerML, radiusCM, options, title, [note])


def organSValue(nuclide, massG, referenceMassG, electronSValueMGyPerMBqS, photonSValueMGyPerMBqS):
    """S value of a patient's organ for itself, from that of a reference organ (:func:`scaledSValue`).

    Parameters
    ----------
    nuclide : Nuclide
        The one that the S values are of.
    massG, referenceMassG : float
    electronSValueMGyPerMBqS, photonSValueMGyPerMBqS : float
        Of the reference organ for itself; alpha particles count with the electrons.

    Returns
    -------
    SelfSValue

    Raises
    ------
    InputError
        See :func:`scaledSValue`; S values that are both zero.
    """
    scaled = scaledSValue(electronSValueMGyPerMBqS, photonSValueMGyPerMBqS, referenceMassG, massG)
    if not scaled > 0:
        raise InputError("Both S values of the reference organ are zero", WHERE)
    return SelfSValue(nuclide.name, float(massG), scaled * SECONDS_PER_HOUR / 1e3,
                      f"{nuclide.name}, organ of {massG:g} g, scaled from {referenceMassG:g} g",
                      ["The S values of the reference organ are taken as given: electrons scaled by 1/mass, photons by "
                       "1/mass to the power of two thirds."])


def generalizedRadiusMM(semiAxesMM):
    """Three times volume over surface of an ellipsoid."""
    from scipy.special import elliprg

    a, b, c = (float(axis) for axis in semiAxesMM)
    surface = 4 * math.pi * elliprg(a * a * b * b, a * a * c * c, b * b * c * c)
    return float(4 * math.pi * a * b * c / surface)


def scaledSValue(electronSValue, photonSValue, referenceMassG, massG):
    """S value of an organ for itself, from that of a reference organ.

    Electrons and alpha particles with the inverse mass, photons with its power of two thirds (their absorbed fraction
    grows with the diameter).

    Parameters
    ----------
    electronSValue, photonSValue : float
        Of the reference organ, in any one unit; alpha particles count with the electrons.
    referenceMassG, massG : float

    Returns
    -------
    float
        In the same unit.

    Raises
    ------
    InputError
        A mass not above zero, a negative S value.
    """
    _requirePositive(referenceMassG, "reference mass")
    _requirePositive(massG, "mass")
    for value in (electronSValue, photonSValue):
        if not math.isfinite(value) or value < 0:
            raise InputError(f"The S value is {value:g}, but cannot be negative", WHERE)
    ratio = referenceMassG / massG
    return electronSValue * ratio + photonSValue * ratio ** (2 / 3)


def _sValue(nuclide, massG, densityGPerML, radiusCM, options, title, notes):
    members, progenyWords = progenyMembers(nuclide, options)
    energies, absorbed = (dict.fromkeys((ALPHA, *COMPONENTS), 0.0) for _ in range(2))
    for member, share in members:
        alpha = share * sum(member.energiesMeV[name] for name in ALPHA_CLASSES)
        energies[ALPHA] += alpha
        absorbed[ALPHA] += alpha
        for name, energy in radialKernel(member.name).energiesMeV.items():
            energies[name] += share * energy
            if energy:
                absorbed[name] += share * energy * sphereAbsorbedFraction(member.name, name, radiusCM * densityGPerML)
    fractions = {name: absorbed[name] / energy if energy else 1.0 for name, energy in energies.items()}
    if energies[ALPHA]:
        notes = [*notes, "Alpha particles and recoil nuclei are taken to stay inside: their range is below 0.1 mm."]
    return SelfSValue(nuclide.name, float(massG), sum(absorbed.values()) * GY_KG_PER_GBQ_H_PER_MEV / massG, title,
                      [*notes, *progenyWords], float(densityGPerML), 10 * radiusCM, energies, fractions)


def photonFraction(result):
    """Part of the S value that photons and bremsstrahlung make."""
    return result.absorbedMeV(*PHOTON_COMPONENTS) / result.absorbedMeV()


def _requirePositive(value, name):
    isNumber = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    if not isNumber or not math.isfinite(value) or value <= 0:
        raise InputError(f"The {name} is {value!r}, but has to be a number above zero", WHERE)

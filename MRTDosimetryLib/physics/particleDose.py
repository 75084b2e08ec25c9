"""Absorbed dose of a region by type of particle, and what a stated RBE of alpha particles makes of it.

MIRD Pamphlet No. 22 (Sgouros et al., J Nucl Med 2010;51:311-328): the absorbed dose of alpha emitters is reported by
type of radiation, and a relative biological effectiveness (RBE) only beside it, with its value.
"""

import math
from dataclasses import dataclass, field

from ..errors import InputError
from .nuclides import ALPHA_CLASSES, ELECTRON_CLASSES
from .progeny import progenyMembers
from .units import GY_KG_PER_GBQ_H_PER_MEV

# No published RBE of alpha particles comes near it: a typing error is likelier.
LARGEST_RBE = 50.0


@dataclass(frozen=True)
class ParticleDose:
    """Mean absorbed dose of a region in Gy, by particle.

    Attributes
    ----------
    alphaGy : float
        Alpha particles with the recoil nuclei of their decays.
    electronGy : float
        Beta particles, conversion and Auger electrons.
    photonGy : float or None
        ``None``: not computed.
    notes : list of str
        What was summed and what is missing.
    """

    alphaGy: float
    electronGy: float
    photonGy: float | None
    notes: list = field(default_factory=list)

    @property
    def totalGy(self):
        """Absorbed dose of all particles that were computed."""
        return self.alphaGy + self.electronGy + (self.photonGy or 0.0)

    def toDict(self):
        return {"alphaGy": self.alphaGy, "electronGy": self.electronGy, "photonGy": self.photonGy,
                "totalGy": self.totalGy, "notes": list(self.notes)}


@dataclass(frozen=True)
class RBEWeightedDose:
    """An RBE-weighted absorbed dose; it stands beside the absorbed dose and never replaces it.

    ``title`` says quantity, unit, RBE and who stated it.
    """

    valueGy: float
    rbeAlpha: float
    title: str


def particleDose(timeIntegratedActivityMBqH, massG, nuclide, options=None, photonAbsorbedFraction=None, photonGy=None):
    """Mean absorbed dose of a region that is source and target, by particle.

    D = time-integrated activity x energy per decay x absorbed fraction / mass (MIRD schema, Bolch et al., J Nucl Med
    2009;50:477-484). Alpha particles and electrons stay in the region: their absorbed fraction is 1.

    Parameters
    ----------
    timeIntegratedActivityMBqH, massG : float
    nuclide : Nuclide
    options : dict, optional
        ``progeny``: ``"excluded"`` or ``"inPlace"``; required where progeny matter.
    photonAbsorbedFraction : float, optional
        Fraction (0..1) of the photon energy that stays in the region, e.g. of a sphere.
    photonGy : float, optional
        Absorbed dose by photons from another computation, e.g. Monte Carlo. Give one of the two, or none: then
        photons are not computed, and the notes say so.

    Returns
    -------
    ParticleDose

    Raises
    ------
    InputError
        Activity below zero, mass not above zero, progeny not stated, a fraction outside 0..1, or both photon inputs.
    """
    _require(timeIntegratedActivityMBqH, "time-integrated activity (MBq h)", isZeroAllowed=True)
    _require(massG, "mass (g)")
    members, notes = progenyMembers(nuclide, options)
    grayPerMeV = timeIntegratedActivityMBqH * GY_KG_PER_GBQ_H_PER_MEV / massG
    alpha, electron, photon = (sum(share * member.energiesMeV[name] for member, share in members for name in names)
                               for names in (ALPHA_CLASSES, ELECTRON_CLASSES, ("photon",)))
    if photonAbsorbedFraction is not None and photonGy is not None:
        raise InputError("Photons are given twice, as absorbed fraction and as absorbed dose", "absorbed dose",
                         "Give one of them")
    if photonAbsorbedFraction is not None:
        _require(photonAbsorbedFraction, "absorbed fraction of photons", isZeroAllowed=True, largest=1.0)
        photonGy = grayPerMeV * photon * photonAbsorbedFraction
    elif photonGy is not None:
        _require(photonGy, "absorbed dose by photons (Gy)", isZeroAllowed=True)
    else:
        notes = [*notes, f"The absorbed dose by photons ({photon:.3g} MeV emitted per decay) is not computed."]
    return ParticleDose(grayPerMeV * alpha, grayPerMeV * electron, photonGy, notes)


def localShares(nuclide, options=None):
    """Shares of alpha particles (with recoil) and electrons in the locally deposited energy; they add up to 1.

    A map by local deposition, times a share, is the map of that particle.

    Returns
    -------
    dict of str to float
        ``alpha`` and ``electron``.
    """
    members, _ = progenyMembers(nuclide, options)
    alpha, electron = (sum(share * member.energiesMeV[name] for member, share in members for name in names)
                       for names in (ALPHA_CLASSES, ELECTRON_CLASSES))
    return {"alpha": alpha / (alpha + electron), "electron": electron / (alpha + electron)}


def rbeWeightedDose(dose, rbeAlpha=1.0, statedBy="user-stated"):
    """RBE x absorbed dose by alpha particles + absorbed dose by all others.

    Parameters
    ----------
    dose : ParticleDose
    rbeAlpha : float
        RBE of alpha particles; 1, the default, weights nothing.
    statedBy : str
        Who or which publication stated it; part of the title.

    Returns
    -------
    RBEWeightedDose or None
        ``None`` for an RBE of 1 and for a nuclide without alpha particles: there is nothing to show beside the
        absorbed dose.

    Raises
    ------
    InputError
        An RBE that is not a number above zero and at most 50.
    """
    _require(rbeAlpha, "RBE of alpha particles", largest=LARGEST_RBE)
    if rbeAlpha == 1 or dose.alphaGy == 0:
        return None
    return RBEWeightedDose(dose.totalGy + (rbeAlpha - 1.0) * dose.alphaGy, float(rbeAlpha),
                           f"RBE-weighted absorbed dose (Gy, RBE {rbeAlpha:g} for alpha, {statedBy})")


def _require(value, what, isZeroAllowed=False, largest=math.inf):
    isNumber = isinstance(value, (int, float)) or hasattr(value, "__float__")
    isNumber = isNumber and not isinstance(value, (bool, str))
    if not isNumber or not math.isfinite(value) or value < 0 or (value == 0 and not isZeroAllowed) or value > largest:
        limits = "zero or above" if isZeroAllowed else "above zero"
        limits += f" and at most {largest:g}" if math.isfinite(largest) else ""
        raise InputError(f"The {what} is {value!r}, but has to be a number {limits}", "absorbed dose")

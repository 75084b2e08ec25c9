"""Activity of 131I for a wanted absorbed dose to thyroid or nodule, the absorbed dose of an activity, and the mass.

D = k A I / M with the mass M in g, the integral I of the uptake (fraction times days) and the energy constant k in
Gy g/(MBq d). The classic form A = 24.7 M D / (RIU[%] T[d]) is k = 100 ln 2 / 24.7 with I = RIU T / ln 2 (Marinelli
and Quimby; Haenscheid et al., Eur J Nucl Med Mol Imaging 2013;40:1126-1134).
"""

import math
from dataclasses import dataclass

from ..errors import InputError
from ..resources import dataPath, loadJSON
from .decay import LN2
from .kinetics.intervals import interval95
from .nuclides import nuclide
from .units import GY_KG_PER_GBQ_H_PER_MEV, HOURS_PER_DAY

ELECTRONS, USER = "electrons", "user"
ELLIPSOID = "ellipsoid"
WHERE = "thyroid"


@dataclass(frozen=True)
class EnergyConstant:
    """Energy constant of 131I in the thyroid.

    Attributes
    ----------
    id, title : str
    valueGyGPerMBqD : float
    source : str
    isVerified : bool
    """

    id: str
    title: str
    valueGyGPerMBqD: float
    source: str
    isVerified: bool

    @property
    def classicFigure(self):
        """The figure of the classic form, 100 ln 2 / k."""
        return 100.0 * LN2 / self.valueGyGPerMBqD

    @property
    def energyMeV(self):
        """Energy per decay that stays in the thyroid."""
        return self.valueGyGPerMBqD / (GY_KG_PER_GBQ_H_PER_MEV * HOURS_PER_DAY)


def energyConstants():
    """Known energy constants, id -> :class:`EnergyConstant`: published figures, and electrons alone by ICRP 107."""
    found = {}
    for entry in loadJSON(dataPath("thyroidIodine.json"))["energyConstants"]:
        found[entry["id"]] = EnergyConstant(entry["id"], entry["title"], 100.0 * LN2 / entry["value"],
                                            entry["source"], bool(entry["verified"]))
    iodine = nuclide("I-131")
    value = iodine.electronEnergyMeV * GY_KG_PER_GBQ_H_PER_MEV * HOURS_PER_DAY
    found[ELECTRONS] = EnergyConstant(ELECTRONS, "Electrons alone, photons left out", value, iodine.source,
                                      iodine.isVerified)
    return found


def energyConstant(choice, valueGyGPerMBqD=None, source=""):
    """The :class:`EnergyConstant` of an id of :func:`energyConstants`, or the user's own (``"user"``)."""
    if choice == USER:
        if valueGyGPerMBqD is None:
            raise InputError("The user's own energy constant is not given", WHERE, "Give it in Gy g/(MBq d)")
        return EnergyConstant(USER, "Stated by the user", float(valueGyGPerMBqD), source, False)
    known = energyConstants()
    if choice not in known:
        raise InputError(f"'{choice}' is no energy constant", WHERE, f"Known are {', '.join([*known, USER])}")
    return known[choice]


@dataclass(frozen=True)
class Mass:
    """Mass that receives the absorbed dose.

    Attributes
    ----------
    massG : float
    relativeUncertainty : float or None
        Standard uncertainty (k = 1).
    words : str
        How it was found, as a sentence.
    """

    massG: float
    relativeUncertainty: float | None
    words: str


@dataclass(frozen=True)
class LobeFormula:
    """Volume of a lobe per product of its axes."""

    id: str
    title: str
    factor: float
    source: str
    isVerified: bool


def lobeFormulas():
    """Known formulas of the volume of a lobe, id -> :class:`LobeFormula`."""
    found = {ELLIPSOID: LobeFormula(ELLIPSOID, "pi/6 L W D (ellipsoid)", math.pi / 6.0, "geometry", True)}
    for entry in loadJSON(dataPath("thyroidIodine.json"))["lobeFormulas"]:
        found[entry["id"]] = LobeFormula(entry["id"], entry["title"], float(entry["value"]), entry["source"],
                                         bool(entry["verified"]))
    return found


def massOfAxes(bodiesMM, formula, densityGPerML, axisUncertaintyMM=None):
    """Mass of lobes or of a nodule from the three axes of each.

    Parameters
    ----------
    bodiesMM : sequence of (float, float, float)
    formula : LobeFormula
    densityGPerML : float
    axisUncertaintyMM : float, optional
        Standard uncertainty of every axis, independent of each other.

    Returns
    -------
    Mass
    """
    volumes = [formula.factor * math.prod(axes) / 1000.0 for axes in bodiesMM]
    total = sum(volumes)
    relative = None
    if axisUncertaintyMM is not None:
        variances = [(volume ** 2) * sum((axisUncertaintyMM / axis) ** 2 for axis in axes)
                     for volume, axes in zip(volumes, bodiesMM, strict=True)]
        relative = math.sqrt(sum(variances)) / total
    return Mass(total * densityGPerML, relative,
                f"The volume of {total:.4g} mL is {formula.title} of the axes, factor {formula.factor:.3f}; the "
                f"density is {densityGPerML:g} g/mL.")


def activityMBq(absorbedDoseGy, massG, integralD, constant):
    """Activity for an absorbed dose, D M / (k I), in MBq."""
    return absorbedDoseGy / absorbedDoseCoefficient(massG, integralD, constant)


def absorbedDoseCoefficient(massG, integralD, constant):
    """Absorbed dose per administered activity, k I / M, in Gy/MBq.

    Raises :class:`InputError` unless mass and integral are above zero.
    """
    for name, value in (("mass (g)", massG), ("integral of the uptake (d)", integralD)):
        if not (math.isfinite(value) and value > 0):
            raise InputError(f"The {name} is {value:g}, but has to be above zero", WHERE)
    return constant.valueGyGPerMBqD * integralD / massG


def marinelliIntegralD(uptakeFraction, effectiveHalfLifeHours):
    """Integral that the classic form takes from an uptake and an effective half-life: RIU T / ln 2, in d."""
    return uptakeFraction * effectiveHalfLifeHours / HOURS_PER_DAY / LN2


@dataclass(frozen=True)
class Budget:
    """Relative standard uncertainties (k = 1) of an absorbed dose per activity, by where they come from.

    Attributes
    ----------
    components : dict of str to (float or None)
        ``None``: not known, and not part of the total.
    """

    components: dict

    @property
    def isComplete(self):
        return all(value is not None for value in self.components.values())

    @property
    def relative(self):
        """Total of what is known; ``None`` where nothing is."""
        known = [value for value in self.components.values() if value is not None]
        return math.hypot(*known) if known else None

    def interval95(self, value):
        """95 % interval (log-normal) of a positive value with this uncertainty, or ``None``."""
        return None if self.relative is None else tuple(interval95(value, self.relative * value))

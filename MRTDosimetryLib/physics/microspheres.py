"""Radioembolization: where the activity goes, the absorbed doses it gives, and the activity for a wanted one.

Microspheres stay where they lodge (permanent trapping), decay there by physical decay alone, and their electrons are
absorbed in the compartment: D = k A / m with one constant k. Numerically J/GBq = Gy kg/GBq = Gy g/MBq.
"""

import functools
import math
from dataclasses import dataclass

from ..errors import InputError
from ..resources import dataPath, loadJSON
from .nuclides import nuclide

# An own constant further from the nuclide table than this is one in another unit.
LARGEST_CONSTANT_DEVIATION = 0.2
LUNGS = "lungs"


@dataclass(frozen=True)
class DoseConstant:
    """Energy per activity for complete physical decay: ``valueJPerGBq`` (Gy g/MBq) and where it comes from."""

    valueJPerGBq: float
    origin: str
    isVerified: bool


@dataclass(frozen=True)
class Distribution:
    """Where the activity that reaches the patient goes.

    Attributes
    ----------
    shares : dict of str to float
        Name of a compartment to its share of the activity; they add up to 1. The lungs are one of them.
    massesG : dict of str to (float or None)
        ``None``: not known, then there is no absorbed dose.
    constantJPerGBq : float
    """

    shares: dict
    massesG: dict
    constantJPerGBq: float

    def activityMBq(self, netActivityMBq, *names):
        """Activity in the compartments together, of a net activity, at the administration."""
        return netActivityMBq * math.fsum(self.shares[name] for name in names)

    def absorbedDoseGy(self, netActivityMBq, *names):
        """Mean absorbed dose of the compartments together; those without activity count with their mass.

        Returns
        -------
        float or None
            ``None`` where a mass is not known.
        """
        masses = [self.massesG[name] for name in names]
        if None in masses:
            return None
        return self.constantJPerGBq * self.activityMBq(netActivityMBq, *names) / math.fsum(masses)

    def activityForMBq(self, absorbedDoseGy, *names):
        """Net activity that gives the compartments together a mean absorbed dose.

        Raises
        ------
        InputError
            They get no activity.
        """
        share, masses = math.fsum(self.shares[name] for name in names), [self.massesG[name] for name in names]
        if None in masses:
            return None
        if not share > 0:
            raise InputError("No activity reaches the compartment, so that no activity gives it an absorbed dose",
                             ", ".join(names))
        return absorbedDoseGy * math.fsum(masses) / (self.constantJPerGBq * share)


def publishedConstants(radionuclide):
    """Published constants of a radionuclide, list of dict as in ``data/microspheres.json``."""
    return [dict(entry) for entry in table()["doseConstants"] if entry["radionuclide"] == radionuclide]


def tableConstantJPerGBq(radionuclide):
    """Constant of the nuclide table: local energy per decay over the physical decay constant."""
    item = nuclide(radionuclide)
    return item.localDoseConstantGyKgPerGBqH / item.decayConstantPerHour


def doseConstant(radionuclide, jPerGBq=None):
    """The constant to compute with.

    Parameters
    ----------
    jPerGBq : float, optional
        A chosen one; left out: the usual one of ``data/microspheres.json``, or else that of the nuclide table.

    Returns
    -------
    DoseConstant

    Raises
    ------
    InputError
        One that is more than 20 % away from the nuclide table: that is another unit.
    """
    byTable, published = tableConstantJPerGBq(radionuclide), publishedConstants(radionuclide)
    words = f"nuclide table: {nuclide(radionuclide).source.split(';')[0]}"
    if jPerGBq is None:
        usual = next((entry for entry in published if entry.get("isDefault")), None)
        if usual is None:
            return DoseConstant(byTable, f"{words}; the default", nuclide(radionuclide).isVerified)
        return DoseConstant(float(usual["value"]), f"{usual['source']}; the default", bool(usual["verified"]))
    if not (math.isfinite(jPerGBq) and abs(jPerGBq / byTable - 1.0) <= LARGEST_CONSTANT_DEVIATION):
        raise InputError(f"The absorbed-dose constant is {jPerGBq:g} J/GBq, that of {radionuclide} is about "
                         f"{byTable:.4g} J/GBq", "doseConstantJPerGBq", "Give it in J/GBq (the same as Gy kg/GBq)")
    for entry in published:
        if jPerGBq == entry["value"]:
            return DoseConstant(float(jPerGBq), f"chosen; {entry['source']}", bool(entry["verified"]))
    if abs(jPerGBq - byTable) <= 0.006:  # as printed with two decimals
        return DoseConstant(float(jPerGBq), f"chosen; {words} ({byTable:.5g} J/GBq)", True)
    return DoseConstant(float(jPerGBq), "the user's own value", False)


def monoCompartmentAbsorbedDoseGy(activityMBq, massG, constantJPerGBq, lungShuntFraction=0.0, residualFraction=0.0):
    """D = k A (1 - LSF) (1 - residual) / m of the whole perfused volume."""
    kept = _kept(lungShuntFraction, "lung shunt fraction") * _kept(residualFraction, "residual fraction")
    return constantJPerGBq * activityMBq * kept / _positive(massG, "mass (g)")


def monoCompartmentActivityMBq(absorbedDoseGy, massG, constantJPerGBq, lungShuntFraction=0.0, residualFraction=0.0):
    """A = D m / (k (1 - LSF) (1 - residual)), the activity in the vial for an absorbed dose of the perfused volume."""
    kept = _kept(lungShuntFraction, "lung shunt fraction") * _kept(residualFraction, "residual fraction")
    return absorbedDoseGy * _positive(massG, "mass (g)") / (constantJPerGBq * kept)


def concentrationPartition(massesG, ratios, lungShuntFraction, lungMassG, constantJPerGBq):
    """Partition model of MIRD: ratios of CONCENTRATIONS (activity per mass) to that of the normal liver.

    A_i = A (1 - LSF) r_i m_i / sum_j r_j m_j, with r = TNR for a tumor, 1 for perfused normal liver and 0 for liver
    that is not perfused; the lungs get A LSF.

    Parameters
    ----------
    massesG, ratios : dict of str to float
        By name of the compartment of the liver.
    lungShuntFraction : float
    lungMassG : float or None
    constantJPerGBq : float

    Returns
    -------
    Distribution

    Raises
    ------
    InputError
        A mass not above zero, a negative ratio, nothing perfused, a lung shunt fraction outside 0 to 1.
    """
    kept = _kept(lungShuntFraction, "lung shunt fraction")
    weights = {}
    for name, massG in massesG.items():
        if not (math.isfinite(ratios[name]) and ratios[name] >= 0):
            raise InputError(f"The concentration ratio is {ratios[name]:g}, but cannot be negative", name)
        weights[name] = ratios[name] * _positive(massG, "mass (g)", name)
    total = math.fsum(weights.values())
    if not total > 0:
        raise InputError("No compartment of the liver is perfused", "microspheres",
                         "Give a tumor or normal liver that gets activity")
    return Distribution({**{name: kept * weight / total for name, weight in weights.items()}, LUNGS: lungShuntFraction},
                        {**massesG, LUNGS: lungMassG}, constantJPerGBq)


def activityRatioPartition(tumor, normal, massesG, activityRatio, tumorLungShuntFraction, lungMassG, constantJPerGBq):
    """Partition by the ACTIVITY ratio of Kao et al. (2013), which is not that of MIRD.

    R = A_T / A_N and TLSF = A_L / (A_T + A_L): both compare activities, not concentrations, and the tumor with the
    lungs alone (Kao YH, et al. Cardiovasc Intervent Radiol 2013, 10.1007/s00270-013-0783-z).

    Parameters
    ----------
    tumor, normal : str
        Names of the two compartments of the liver, with their masses in ``massesG`` (g).

    Returns
    -------
    Distribution
    """
    if not (math.isfinite(activityRatio) and activityRatio > 0):
        raise InputError(f"The ratio of the activities of tumor and normal liver is {activityRatio:g}, but has to be "
                         "above zero", "microspheres")
    kept = _kept(tumorLungShuntFraction, "tumor-to-lung shunt fraction")
    relative = {tumor: 1.0, normal: 1.0 / activityRatio, LUNGS: tumorLungShuntFraction / kept}
    total = math.fsum(relative.values())
    for name in (tumor, normal):
        _positive(massesG[name], "mass (g)", name)
    return Distribution({name: value / total for name, value in relative.items()},
                        {tumor: massesG[tumor], normal: massesG[normal], LUNGS: lungMassG}, constantJPerGBq)


def tumorToNormalRatio(tumorCounts, tumorMassG, normalCounts, normalMassG):
    """Concentration ratio from counts of a SPECT in whole compartments, and its uncertainty (k = 1) by counting."""
    for what, value in (("counts of the tumor", tumorCounts), ("counts of the normal liver", normalCounts)):
        _positive(value, what)
    ratio = tumorCounts / _positive(tumorMassG, "mass (g)") / (normalCounts / _positive(normalMassG, "mass (g)"))
    return ratio, ratio * math.sqrt(1.0 / tumorCounts + 1.0 / normalCounts)


def bodySurfaceAreaM2(heightCm, massKg):
    """Body surface area in m2: 0.20247 h^0.725 m^0.425 (h in m, m in kg)."""
    values = table()["bodySurfaceArea"]
    return values["factor"] * (_positive(heightCm, "height (cm)") / 100.0) ** values["heightExponent"] \
        * _positive(massKg, "body mass (kg)") ** values["massExponent"]


def bodySurfaceActivityMBq(surfaceM2, tumorShare, treatedShare=1.0):
    """Empirical activity of resin microspheres: A[GBq] = (BSA - 0.2 + tumor share) x treated share of the liver.

    Parameters
    ----------
    tumorShare : float
        Tumor volume over the volume of tumor and normal liver.
    treatedShare : float
        Volume of the treated lobe over that of the liver; 1 for the whole liver.
    """
    for what, value in (("tumor share", tumorShare), ("treated share", treatedShare)):
        if not 0.0 <= value <= 1.0:
            raise InputError(f"The {what} of the liver is {value:g}, but lies between 0 and 1", "body surface area")
    activityGBq = (surfaceM2 - table()["bodySurfaceArea"]["offset"] + tumorShare) * treatedShare
    if not activityGBq > 0:
        raise InputError("The activity by body surface area comes out at or below zero", "body surface area",
                         "Check height and mass of the patient")
    return 1000.0 * activityGBq


def lungShuntReduction(lungShuntFraction):
    """Share by which the activity of resin microspheres is reduced for a lung shunt; 1.0: contraindicated."""
    reached = [entry["reduction"] for entry in table()["lungShuntReductions"]["rows"]
               if lungShuntFraction > entry["above"]]
    return max(reached, default=0.0)


def lungActivityLimitMBq():
    """Largest activity shunted to the lungs by the instructions for use of glass microspheres (A x LSF)."""
    return 1000.0 * table()["lungActivityLimit"]["valueGBq"]


def internalPairPositrons(radionuclide):
    """Positrons per decay by internal pair production and their relative standard uncertainty; ``None`` where none are
    known. They are what a PET of 90Y sees; the nuclide table does not hold them."""
    entry = table()["internalPairPositrons"]
    return (entry["value"], entry["relativeUncertainty"]) if entry["radionuclide"] == radionuclide else None


@functools.lru_cache(maxsize=1)
def table():
    """``data/microspheres.json``; not to be changed by the caller."""
    return loadJSON(dataPath("microspheres.json"))


def _kept(fraction, what):
    if not (math.isfinite(fraction) and 0.0 <= fraction < 1.0):
        raise InputError(f"The {what} is {fraction:g}, but has to be at least 0 and below 1", "microspheres",
                         "Give a fraction, 0.05 for 5 %")
    return 1.0 - fraction


def _positive(value, what, where="microspheres"):
    if not (math.isfinite(value) and value > 0):
        raise InputError(f"The {what} is {value:g}, but has to be above zero", where)
    return value

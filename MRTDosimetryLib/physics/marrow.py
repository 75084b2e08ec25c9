"""Absorbed dose of red marrow from blood, and what the rest of the body and organs add.

D_RM = A_RM S(RM<-RM) + sum over organs A_h S(RM<-h) + A_RB S(RM<-RB), A the time-integrated activities (Hindorf et
al., EANM Dosimetry Committee guidelines for bone marrow and whole-body dosimetry, Eur J Nucl Med Mol Imaging
2010;37:1238-50). Self-absorbed dose by the activity concentration of blood, in which the marrow's mass cancels.
"""

from dataclasses import dataclass

from ..errors import InputError
from .bodyConstants import constants
from .progeny import progenyChoice
from .uncertainty.volume import positive

_MBQ_PER_GBQ = 1000.0


@dataclass(frozen=True)
class MarrowToBlood:
    """Ratio of the activity concentrations of red marrow and blood, and in words where it comes from."""

    ratio: float
    words: str


def ratioByHematocrit(hematocrit):
    """Red marrow extracellular fluid fraction / (1 - hematocrit), for what stays outside of cells.

    Parameters
    ----------
    hematocrit : float
        Fraction.

    Returns
    -------
    MarrowToBlood
    """
    if not 0 < hematocrit < 1:
        raise InputError(f"The hematocrit is {hematocrit:g}, not a fraction between 0 and 1", "patient",
                         "Write 0.45 for 45 %")
    fluid = constants("marrowExtracellularFraction")["value"]
    ratio = fluid / (1.0 - hematocrit)
    return MarrowToBlood(ratio, f"the activity concentration of red marrow is {ratio:.4g} times that of blood "
                                f"({fluid:g} / (1 - hematocrit {hematocrit:g})): activity outside of cells, none "
                                "bound in marrow")


def ratioOne():
    """Ratio 1, as found for 177Lu peptides."""
    record = constants("marrowToBloodRatioOne")
    return MarrowToBlood(record["value"], "the activity concentration of red marrow is that of blood (ratio 1, found "
                                          "for 177Lu-DOTATATE)")


def ratioFor(radionuclide, hematocrit=None):
    """The ratio that is customary for a radionuclide; :class:`InputError` where it needs the hematocrit."""
    if radionuclide in constants("marrowToBloodRatioOne")["radionuclides"]:
        return ratioOne()
    if hematocrit is None:
        raise InputError("The absorbed dose of red marrow from blood needs the hematocrit", "patient",
                         "Give patient.hematocrit as a fraction")
    return ratioByHematocrit(hematocrit)


def selfDoseCoefficient(bloodCoefficientH, ratio, nuclide):
    """Absorbed dose of red marrow from its own activity per administered activity, in Gy/GBq.

    Local deposition: time-integrated activity coefficient per g of blood x ratio x energy of electrons and alpha
    particles. What leaves the marrow for bone is not taken off.

    Parameters
    ----------
    bloodCoefficientH : float
        h per mL of blood.
    ratio : float
        Of :class:`MarrowToBlood`.
    """
    progenyChoice(nuclide, None)
    perGram = positive(bloodCoefficientH, "time-integrated activity coefficient of blood (h/mL)", "marrow") / (
        constants("bloodDensity")["value"])
    return perGram * positive(ratio, "marrow-to-blood ratio", "marrow") * (
        nuclide.localDoseConstantGyKgPerGBqH * _MBQ_PER_GBQ)


@dataclass(frozen=True)
class Source:
    """An organ as a source of absorbed dose in marrow.

    ``sValueGyPerMBqH`` and ``massKg`` are those of the reference phantom; ``coefficientH`` is the patient's
    time-integrated activity coefficient.
    """

    name: str
    sValueGyPerMBqH: float
    massKg: float
    coefficientH: float


def remainderSValue(totalBodySValue, totalBodyMassKg, sources):
    """S(RM<-RB) = S(RM<-TB) m_TB/m_RB - sum S(RM<-h) m_h/m_RB, all of the reference phantom, in Gy/(MBq h)."""
    rest = positive(totalBodyMassKg, "mass of the total body (kg)", "marrow S values") - sum(
        positive(source.massKg, f"mass of {source.name} (kg)", "marrow S values") for source in sources)
    positive(rest, "mass of the remainder of the body (kg)", "marrow S values")
    value = (totalBodySValue * totalBodyMassKg
             - sum(source.sValueGyPerMBqH * source.massKg for source in sources)) / rest
    if value <= 0:
        raise InputError("The S value of the remainder of the body is not above zero", "marrow S values",
                         "Check S values and masses: all of one phantom, in Gy/(MBq h) and kg")
    return value


def crossDoseCoefficient(sources, totalBodySValue, totalBodyMassKg, wholeBodyCoefficientH, marrowCoefficientH,
                         patientMassKg):
    """Absorbed dose of red marrow from organs and the remainder of the body, in Gy/GBq.

    Parameters
    ----------
    sources : sequence of Source
    totalBodySValue, totalBodyMassKg : float
        S(RM<-TB) and mass of the reference phantom.
    wholeBodyCoefficientH : float
        Of the patient; the remainder is what is neither in ``sources`` nor in marrow.
    marrowCoefficientH : float
        Of the patient's red marrow, h.
    patientMassKg : float
        Cross terms are scaled by phantom mass / patient mass.

    Returns
    -------
    (float, float)
        From organs, and from the remainder.
    """
    rest = wholeBodyCoefficientH - marrowCoefficientH - sum(source.coefficientH for source in sources)
    if rest < 0:
        raise InputError("Organs and marrow together hold more than the whole body", "marrow S values",
                         "Check the time-integrated activity coefficients, in h")
    scale = _MBQ_PER_GBQ * totalBodyMassKg / positive(patientMassKg, "body mass (kg)", "patient")
    organs = sum(source.coefficientH * source.sValueGyPerMBqH for source in sources)
    remainder = remainderSValue(totalBodySValue, totalBodyMassKg, sources)
    return scale * organs, scale * rest * remainder

"""Absorbed dose of the whole body from its time-integrated activity, and a next activity to a wanted total.

The S value of the whole body by body mass is that of ``data/bloodAndWholeBody.json``, with its source.
"""

import math
from dataclasses import dataclass

from ..errors import CalculationError, InputError
from .bodyConstants import constantsOf
from .progeny import progenyChoice
from .uncertainty.volume import positive
from .units import GY_KG_PER_GBQ_H_PER_MEV

_MBQ_PER_GBQ = 1000.0


def wholeBodySValue(massKg, nuclide):
    """S value of the whole body as source and target, scaled to the body mass, in Gy/(MBq h).

    S = c m^-p with m in kg; for the radionuclides of the data file only.

    Raises
    ------
    InputError
        No S value for the radionuclide: photons reach far, and none is guessed.
    """
    mass = positive(massKg, "body mass (kg)", "patient")
    law = constantsOf("wholeBodySValue", nuclide.name)
    if law is None:
        raise InputError(f"There is no whole-body S value of {nuclide.name}", "whole-body absorbed dose",
                         "The part of its electrons is computed instead")
    return law["coefficient"] * mass ** -law["exponent"]


@dataclass(frozen=True)
class WholeBodyDose:
    """Absorbed dose coefficient of the whole body in Gy/GBq.

    Attributes
    ----------
    totalGyPerGBq : float or None
        ``None`` where photons matter and there is no S value.
    uncertaintyGyPerGBq : float or None
        k = 1, of the time-integrated activity alone.
    electronGyPerGBq : float
        Electrons and alpha particles, deposited in the body.
    upperBoundGyPerGBq : float
        As if all photons stayed in the body, too.
    """

    totalGyPerGBq: float | None
    uncertaintyGyPerGBq: float | None
    electronGyPerGBq: float
    upperBoundGyPerGBq: float


def wholeBodyDoseCoefficient(coefficientH, uncertaintyH, massKg, nuclide):
    """Absorbed dose of the whole body per administered activity.

    Parameters
    ----------
    coefficientH : float
        Time-integrated activity coefficient of the whole body in h.
    uncertaintyH : float or None
    massKg : float
    nuclide : Nuclide

    Returns
    -------
    WholeBodyDose

    Raises
    ------
    InputError
        Mass not above zero, or radioactive progeny that matter: where they decay is not known from outside.
    """
    mass = positive(massKg, "body mass (kg)", "patient")
    progenyChoice(nuclide, None)
    grayPerMeV = coefficientH * GY_KG_PER_GBQ_H_PER_MEV / mass
    electron = grayPerMeV * nuclide.localEnergyMeV
    bound = electron + grayPerMeV * nuclide.photonEnergyMeV
    if constantsOf("wholeBodySValue", nuclide.name) is not None:
        total = wholeBodySValue(mass, nuclide) * coefficientH * _MBQ_PER_GBQ
    elif nuclide.photonEnergyMeV == 0:
        total = electron
    else:
        total = None
    relative = None if uncertaintyH is None else uncertaintyH / coefficientH
    return WholeBodyDose(total, None if None in (total, relative) else total * relative, electron, bound)


def nextActivityMBq(givenMBq, absorbedDoseGy, wantedTotalGy, absorbedDoseUncertaintyGy=None, earlierGy=0.0,
                     relativeActivityUncertainty=0.0):
    """Activity that brings the absorbed dose to a wanted total, the kinetics staying as they were.

    A_next = A (D_total - D_earlier - D) / D.

    Parameters
    ----------
    givenMBq, absorbedDoseGy : float
        Of the administration that was measured.
    wantedTotalGy : float
    absorbedDoseUncertaintyGy : float or None
    earlierGy : float
        Absorbed dose by administrations before that one.
    relativeActivityUncertainty : float
        Of the given activity (k = 1), which the uncertainty of the absorbed dose holds: both are of one measurement.

    Returns
    -------
    (float, float or None)
        Activity and its standard uncertainty in MBq.

    Raises
    ------
    CalculationError
        The total is already reached.
    """
    given, dose = positive(givenMBq, "administered activity (MBq)"), positive(absorbedDoseGy, "absorbed dose (Gy)")
    left = positive(wantedTotalGy, "wanted absorbed dose (Gy)", "prescription") - earlierGy - dose
    if left <= 0:
        raise CalculationError(f"The wanted total of {wantedTotalGy:g} Gy is already reached ({earlierGy + dose:.4g} "
                               "Gy)", "next activity", "No further activity follows from it")
    activity = given * left / dose
    if absorbedDoseUncertaintyGy is None:
        return activity, None
    # With D = c A: A_next = (D_total - D_earlier) / c - A, of independent c and A.
    ofCoefficient = math.sqrt(max((absorbedDoseUncertaintyGy / dose) ** 2 - relativeActivityUncertainty ** 2, 0.0))
    return activity, given * math.hypot((left + dose) / dose * ofCoefficient, relativeActivityUncertainty)

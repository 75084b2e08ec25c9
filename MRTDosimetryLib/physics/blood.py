"""Absorbed dose of blood from blood samples and whole-body retention, and the activity that a limit allows.

D/A0 = 108 Gy mL/(GBq h) tau_mL + 0.0188 Gy kg^(2/3)/(GBq h) m^(-2/3) tau_WB for 131I, tau_mL the time-integrated
activity coefficient per mL of blood, tau_WB that of the whole body (Lassmann et al., Eur J Nucl Med Mol Imaging
2008;35:1405-12); constants with their origin in ``data/bloodAndWholeBody.json``.
"""

import math
from dataclasses import dataclass

from ..errors import InputError
from .bodyConstants import constants, constantsOf
from .decay import LN2
from .kinetics import selection
from .progeny import progenyChoice
from .uncertainty.volume import notNegative, positive

_ONE_SIDED_95 = 1.6448536269514722
# What the retention may pass physical decay by, before a single reading is refused.
_LARGEST_EXCESS = 1.05


@dataclass(frozen=True)
class BloodDose:
    """Absorbed dose coefficient of blood, in Gy/GBq.

    Attributes
    ----------
    coefficientGyPerGBq : float
        Of electrons and, where there are constants for them, photons of the whole body.
    uncertaintyGyPerGBq : float or None
        k = 1, of the time-integrated activities.
    bloodTermGyPerGBq : float
        From activity in the blood: electrons.
    wholeBodyTermGyPerGBq : float or None
        Photons from the whole body; ``None``: not computed for this radionuclide.
    """

    coefficientGyPerGBq: float
    uncertaintyGyPerGBq: float | None
    bloodTermGyPerGBq: float
    wholeBodyTermGyPerGBq: float | None


def bloodKinetics(curve, physicalRate, model=selection.AUTO, options=None):
    """Fit of a blood curve in MBq/mL: :func:`.kinetics.selection.fit`, whose MBq then are MBq per mL.

    Parameters
    ----------
    curve : TimeActivityCurve
        Activity concentrations, MBq/mL in place of MBq.

    Returns
    -------
    FitResult
    """
    if curve.size < 2:
        raise InputError("A blood curve needs at least two samples", "blood samples", "Add samples at later times")
    return selection.fit(curve, physicalRate, model, options=options)


def bloodDose(bloodCoefficientH, bloodUncertaintyH, wholeBodyCoefficientH, wholeBodyUncertaintyH, massKg, nuclide):
    """Absorbed dose of blood per administered activity.

    Parameters
    ----------
    bloodCoefficientH : float
        Time-integrated activity coefficient per mL of blood, h/mL.
    bloodUncertaintyH : float or None
        k = 1.
    wholeBodyCoefficientH : float or None
        Time-integrated activity coefficient of the whole body, h; needed where the radionuclide has constants.
    wholeBodyUncertaintyH : float or None
    massKg : float or None
        As ``wholeBodyCoefficientH``.
    nuclide : Nuclide
        Without constants of its own, the electrons are deposited in blood of its density, and there is no photon term.

    Returns
    -------
    BloodDose
    """
    blood = positive(bloodCoefficientH, "time-integrated activity coefficient of blood (h/mL)", "blood")
    law = constantsOf("bloodAbsorbedDose", nuclide.name)
    if law is None:
        progenyChoice(nuclide, None)
        # Gy g/(MBq h) times 1000 MBq/GBq, per mL of blood
        perH = nuclide.localDoseConstantGyKgPerGBqH * 1000.0 / constants("bloodDensity")["value"]
        term = perH * blood
        return BloodDose(term, None if bloodUncertaintyH is None else perH * bloodUncertaintyH, term, None)
    if wholeBodyCoefficientH is None or massKg is None:
        raise InputError("The absorbed dose of blood needs the whole-body readings and the body mass, too",
                         "blood", "Give measurements.wholeBody and patient.massKg")
    first = law["perBloodCoefficient"]
    second = law["perWholeBodyCoefficient"] / positive(massKg, "body mass (kg)", "patient") ** law["bodyMassExponent"]
    wholeBody = notNegative(wholeBodyCoefficientH, "time-integrated activity coefficient of the whole body (h)",
                            "blood")
    uncertainty = None
    if bloodUncertaintyH is not None and wholeBodyUncertaintyH is not None:
        uncertainty = math.hypot(first * bloodUncertaintyH, second * wholeBodyUncertaintyH)
    return BloodDose(first * blood + second * wholeBody, uncertainty, first * blood, second * wholeBody)


def singlePointBloodDose(timeHours, retainedFraction, retentionUncertainty, massKg, bloodVolumeML, nuclide):
    """Absorbed dose of blood from one whole-body reading, 131I in differentiated thyroid cancer.

    D/A0 = (0.14 x 108 / V_blood + 0.0188 m^(-2/3)) t / ln(1/R): one exponential, 14 % of the whole-body
    time-integrated activity in blood (Hänscheid et al., Endocr Relat Cancer 2009;16:1283-9).

    Parameters
    ----------
    timeHours, retainedFraction : float
        Fraction of the administered activity in the body, decaying.
    retentionUncertainty : float or None
        k = 1.
    massKg, bloodVolumeML : float
    nuclide : Nuclide

    Returns
    -------
    dose : BloodDose
        Its uncertainty holds the published deviation of the method, as a normal distribution (standard deviation =
        mean absolute deviation x sqrt(pi/2)), and that of the reading where known.
    wholeBodyCoefficientH : float
    effectiveHalfLifeHours : float

    Raises
    ------
    InputError
        A retention that physical decay alone does not allow.
    """
    law, method = constantsOf("bloodAbsorbedDose", nuclide.name), constants("singlePoint")
    if law is None:
        raise InputError(f"The single-point method has no constants for {nuclide.name}", "blood", "It is for 131I")
    time = positive(timeHours, "time of the reading (h)", "whole-body reading")
    retained = positive(retainedFraction, "retained fraction", "whole-body reading")
    decayed = math.exp(-nuclide.decayConstantPerHour * time)
    if retained > decayed * _LARGEST_EXCESS:
        raise InputError(f"The body holds {retained:.1%} of the administered activity at {time:g} h, more than the "
                         f"{decayed:.1%} that physical decay leaves", "whole-body reading",
                         "Check the first reading (before voiding), distance, posture and background")
    rate = max(math.log(1.0 / retained) / time, nuclide.decayConstantPerHour)
    wholeBody = 1.0 / rate
    first = method["bloodShare"] * law["perBloodCoefficient"] / positive(bloodVolumeML, "blood volume (mL)", "patient")
    second = law["perWholeBodyCoefficient"] / positive(massKg, "body mass (kg)", "patient") ** law["bodyMassExponent"]
    value = (first + second) * wholeBody
    relative = method["meanAbsoluteDeviation"] * math.sqrt(math.pi / 2.0)
    if retentionUncertainty is not None:
        # d ln(t / ln(1/R)) / dR = 1 / (R ln(1/R))
        relative = math.hypot(relative, retentionUncertainty / (retained * rate * time))
    return BloodDose(value, value * relative, first * wholeBody, second * wholeBody), wholeBody, LN2 / rate


def maximumActivity(coefficientGyPerGBq, uncertaintyGyPerGBq, limitGy):
    """Activity at which an absorbed-dose limit is reached.

    Returns
    -------
    activityGBq : float
    uncertaintyGBq : float or None
        k = 1.
    safeGBq : float or None
        Activity that stays below the limit with a probability of 95 %, the logarithm of the coefficient being normal.
    """
    coefficient = positive(coefficientGyPerGBq, "absorbed dose coefficient (Gy/GBq)", "blood")
    activity = positive(limitGy, "limit of the absorbed dose (Gy)", "prescription") / coefficient
    if uncertaintyGyPerGBq is None:
        return activity, None, None
    relative = uncertaintyGyPerGBq / coefficient
    return activity, activity * relative, activity * math.exp(-_ONE_SIDED_95 * relative)


def bloodVolumeML(sex, heightCm, massKg, ageYears=None):
    """Blood volume of an adult by sex, height and mass in mL: V = a h^3 + b m + c (data file: ``bloodVolume``).

    Raises
    ------
    InputError
        A child, for whom the formula was not made.
    """
    law = constants("bloodVolume")
    if heightCm < law["leastHeightCM"] or (ageYears is not None and ageYears < law["leastAgeYears"]):
        raise InputError("The blood volume is estimated for adults alone", "patient",
                         "Give patient.bloodVolumeML of this child or small person")
    terms = law[sex]
    height = positive(heightCm, "height (cm)", "patient") / 100.0
    return 1000.0 * (terms["perCubicMeter"] * height ** 3
                     + terms["perKg"] * positive(massKg, "body mass (kg)", "patient") + terms["offset"])

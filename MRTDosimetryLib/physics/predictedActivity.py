"""From the activity of one radionuclide in images to that of another one that is given later.

The pharmaceutical is taken to behave alike with both: the fraction b(t) of the administered activity that a region
holds, decay taken out, is the same function of the time after administration. An image of radionuclide i at time t
shows A_i(t) = A_i b(t) exp(-l_i t); radionuclide T then has A_T(t) = A_T b(t) exp(-l_T t), so that
A_T(t) = A_i(t) (A_T / A_i) exp((l_i - l_T) t), l the decay constants. The relation is derived from radioactive decay
alone.
"""

import math

from ..errors import InputError


def decayRatio(imaged, therapy, timeHours):
    """exp((l_i - l_T) t): what decay alone makes of the ratio of the two activities.

    Parameters
    ----------
    imaged, therapy : Nuclide
    timeHours : float
        After the administration of the imaged one.

    Returns
    -------
    float
        Above 1 where the imaged radionuclide decays faster. Noise and errors of the image grow with it.

    Raises
    ------
    InputError
        A time below zero.
    """
    if not (math.isfinite(timeHours) and timeHours >= 0):
        raise InputError(f"The time after administration is {timeHours:g} h, but has to be at least 0", "prediction")
    return math.exp((imaged.decayConstantPerHour - therapy.decayConstantPerHour) * timeHours)


def conversionFactor(imaged, therapy, timeHours, imagedActivityMBq, activityMBq):
    """Activity of the therapy radionuclide over that of the imaged one, at the same time after administration.

    Parameters
    ----------
    imagedActivityMBq, activityMBq : float
        Administered of the imaged radionuclide, and to be administered of the other one.
    """
    for value, what in ((imagedActivityMBq, "imaged"), (activityMBq, "planned")):
        if not (math.isfinite(value) and value > 0):
            raise InputError(f"The {what} activity is {value:g} MBq, but has to be above zero", "prediction")
    return activityMBq / imagedActivityMBq * decayRatio(imaged, therapy, timeHours)

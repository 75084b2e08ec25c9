"""Physical constants and units.

Constants: SI Brochure, 9th edition (2019), exact by definition.
"""

from ..errors import InputError

JOULE_PER_MEV = 1.602176634e-13
SECONDS_PER_HOUR = 3600.0
HOURS_PER_DAY = 24.0
BQ_PER_MBQ = 1e6

# One MeV per decay, deposited in 1 kg, for 1 GBq h: 1.602e-13 J x 1e9 /s x 3600 s.
GY_KG_PER_GBQ_H_PER_MEV = JOULE_PER_MEV * 1e9 * SECONDS_PER_HOUR

_CONCENTRATIONS = {"bq/ml": 1.0, "kbq/ml": 1e3, "mbq/ml": 1e6}


def concentrationFactorToBqPerML(unit):
    """Factor that turns an activity concentration into Bq/mL.

    Parameters
    ----------
    unit : str
        ``"Bq/mL"``, ``"kBq/mL"`` or ``"MBq/mL"``. The spelling of liter is free (``"Bq/ml"`` is UCUM and DICOM);
        the prefix is not, since m and M differ by a factor of 1e9.

    Returns
    -------
    float

    Raises
    ------
    InputError
        For any other unit.
    """
    text = str(unit).strip()
    if text[:1] in ("B", "b", "k", "K", "M") and text.lower() in _CONCENTRATIONS:
        return _CONCENTRATIONS[text.lower()]
    raise InputError(f"'{unit}' is not a unit of activity concentration", "unit", "Use Bq/mL, kBq/mL or MBq/mL")

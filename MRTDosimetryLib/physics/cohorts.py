"""Published cohorts, and where a patient's value stands among them.

Values of a cohort are taken as log-normal: they are above zero, and their spread is nearly as large as their mean.
Where the patients of the cohort are few, the next patient is expected by Student's t, not by the normal distribution.
"""

import functools
import math
from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from ..resources import dataPath, loadJSON
from .kinetics.populationPrior import expectedNormalRange

COEFFICIENT, ABSORBED_DOSE = "absorbedDoseCoefficient", "absorbedDose"
HALF_LIFE, TIA_COEFFICIENT = "effectiveHalfLife", "timeIntegratedActivityCoefficient"
# A patient's value outside of these percentiles of the cohort is flagged.
LOW_PERCENT, HIGH_PERCENT = 2.5, 97.5


@dataclass(frozen=True)
class CohortDistribution:
    """Log-normal distribution of a quantity, as far as a finite cohort tells it.

    Attributes
    ----------
    median, geometricSD : float
    degreesOfFreedom : float or None
        Of the spread; ``None`` (normal) where the number of patients is not known.
    centerVariance : float
        Variance of the logarithm of the median, in units of the variance of the logarithm.
    basis : str
        How it follows from what is published, in words.
    """

    median: float
    geometricSD: float
    degreesOfFreedom: float | None
    centerVariance: float
    basis: str

    def zScore(self, value):
        """Distance of ``value`` from the median in standard deviations of the logarithm."""
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value <= 0:
            raise InputError(f"The value {value!r} is not a number above zero", "cohort")
        return math.log(value / self.median) / math.log(self.geometricSD)

    def percentile(self, value):
        """Percentage of patients expected below ``value``: prediction for one more patient."""
        from scipy.special import ndtr, stdtr

        z = self.zScore(value) / self._widening
        return 100.0 * float(ndtr(z) if self.degreesOfFreedom is None else stdtr(self.degreesOfFreedom, z))

    def quantile(self, percent):
        """The value below which ``percent`` of patients are expected."""
        from scipy.special import ndtri, stdtrit

        if not 0 < percent < 100:
            raise InputError(f"{percent:g} is not a percentage between 0 and 100", "cohort")
        share = percent / 100.0
        z = float(ndtri(share) if self.degreesOfFreedom is None else stdtrit(self.degreesOfFreedom, share))
        return self.median * math.exp(z * self._widening * math.log(self.geometricSD))

    @property
    def interval95(self):
        """Prediction interval of one more patient, 2.5 to 97.5 %."""
        return self.quantile(LOW_PERCENT), self.quantile(HIGH_PERCENT)

    @property
    def _widening(self):
        return math.sqrt(1.0 + self.centerVariance)


@dataclass(frozen=True)
class Cohort:
    """One published cohort of one tissue and quantity; what is not published is ``None``.

    Attributes
    ----------
    tracer, radionuclide, tissue, method : str
    measuredBy : str
        "image", "blood", "wholeBody" or "notStated": values of different ones are not comparable.
    quantity : str
        ``COEFFICIENT`` (Gy/GBq), ``ABSORBED_DOSE`` (Gy), ``HALF_LIFE`` (h) or ``TIA_COEFFICIENT`` (h).
    mean, sd, median, least, largest : float or None
    patients, count : int or None
        Patients, and values where these are more (several cycles of one patient).
    unit, source, edition : str
    isVerified : bool
    note : str
    """

    tracer: str
    radionuclide: str
    tissue: str
    method: str
    measuredBy: str
    quantity: str
    mean: float | None
    sd: float | None
    median: float | None
    least: float | None
    largest: float | None
    patients: int | None
    count: int | None
    unit: str
    source: str
    edition: str
    isVerified: bool
    note: str = ""

    @property
    def center(self):
        """Mean, or median where no mean is published."""
        return self.median if self.mean is None else self.mean

    @property
    def distribution(self):
        """:class:`CohortDistribution`, or ``None`` where no spread follows from what is published."""
        if self.mean is not None and self.sd is not None:
            return fromMoments(self.mean, self.sd, self.patients)
        if None not in (self.median, self.least, self.largest, self.patients):
            return fromRange(self.median, self.least, self.largest, self.patients)
        return None


def fromMoments(mean, sd, patients=None):
    """Log-normal distribution of a published mean and standard deviation.

    Parameters
    ----------
    patients : int or None
        ``None``: not known, then the cohort is taken as large, and ``basis`` says so.
    """
    _requireSpread(mean, sd)
    variance = math.log1p((sd / mean) ** 2)
    words = "log-normal with the published mean and standard deviation"
    degrees, center, words = _finite(patients, words, lambda count: (count - 1.0, 1.0 / count))
    return CohortDistribution(mean * math.exp(-variance / 2.0), math.exp(math.sqrt(variance)), degrees, center, words)


def fromRange(median, least, largest, patients):
    """Log-normal distribution of a published median and range of so many patients.

    The spread is the range of the logarithms over that expected of as many standard normal values; it counts as many
    degrees of freedom as a standard deviation that scatters as much.
    """
    if not 0 < least < median < largest:
        raise InputError(f"Median {median:g} and range {least:g} to {largest:g} are not in order above zero", "cohort")
    spread = math.log(largest / least) / expectedNormalRange(patients)
    words = "log-normal with the published median, its spread from the range"
    # the median of n values scatters by pi/2 as much as their mean
    degrees, center, words = _finite(patients, words,
                                     lambda count: (rangeDegreesOfFreedom(count), math.pi / (2.0 * count)))
    return CohortDistribution(median, math.exp(spread), degrees, center, words)


@functools.lru_cache(maxsize=64)
def rangeDegreesOfFreedom(count):
    """Degrees of freedom of a standard deviation that scatters as much as the range of ``count`` normal values.

    1 / (2 c^2), c the coefficient of variation of the range, and not more than ``count - 1``. The second moment of the
    range is 2 times the integral over x < y of 1 - F(y)^n - (1 - F(x))^n + (F(y) - F(x))^n.
    """
    from scipy.special import ndtr

    grid = np.linspace(-7.0, 7.0, 1401)
    below = ndtr(grid)
    x, y = below[:, None], below[None, :]
    inner = np.where(grid[:, None] <= grid[None, :],
                     1.0 - y ** count - (1.0 - x) ** count + np.maximum(y - x, 0.0) ** count, 0.0)
    # the diagonal belongs to the triangle by half
    second = 2.0 * float(inner.sum() - 0.5 * np.trace(inner)) * float(grid[1] - grid[0]) ** 2
    first = expectedNormalRange(count)
    return min(first ** 2 / (2.0 * (second - first ** 2)), count - 1.0)


def _finite(patients, words, estimates):
    """Degrees of freedom, variance of the center and words for a number of patients that may not be known."""
    if patients is None:
        return None, 0.0, f"{words}; the number of patients is not stated, so the cohort is taken as large"
    if isinstance(patients, bool) or not isinstance(patients, int) or patients < 2:
        raise InputError(f"A cohort of {patients!r} patients has no spread", "cohort")
    degrees, center = estimates(patients)
    return degrees, center, f"{words}; {patients} patients: Student's t with {degrees:.3g} degrees of freedom"


def _requireSpread(mean, sd):
    if not (math.isfinite(mean) and math.isfinite(sd) and mean > 0 and sd > 0):
        raise InputError(f"Mean {mean:g} and standard deviation {sd:g} of a cohort have to be above zero", "cohort")


@functools.lru_cache(maxsize=1)
def _tables():
    found = [_fromRecord(entry, entry["value"], entry["quantity"], entry["method"], entry["measuredBy"])
             for entry in loadJSON(dataPath("cohorts.json"))["cohorts"]]
    for entry in loadJSON(dataPath("populationHalfLives.json"))["halfLives"]:
        record = dict(entry["effectiveHalfLife"])
        record["median"] = record.pop("value")
        found.append(_fromRecord(entry, record, HALF_LIFE, "SPECT/CT", "image"))
    return tuple(found)


def _fromRecord(entry, record, quantity, method, measuredBy):
    numbers = {key: record.get(key) for key in ("mean", "sd", "median", "least", "largest")}
    unit = record["unit"]
    if quantity == ABSORBED_DOSE and "activityGBq" in record:
        # absorbed dose at one stated activity is a coefficient
        numbers = {key: None if value is None else value / record["activityGBq"] for key, value in numbers.items()}
        quantity, unit = COEFFICIENT, "Gy/GBq"
    return Cohort(entry["tracer"], entry["radionuclide"], entry["tissue"], method, measuredBy, quantity,
                  **{key: None if value is None else float(value) for key, value in numbers.items()},
                  patients=record.get("patients"), count=record.get("count"), unit=unit, source=record["source"],
                  edition=record["edition"], isVerified=bool(record["verified"]), note=record.get("note", ""))


def cohorts(tracer, quantity=None, tissue=None):
    """Cohorts of a tracer, in the order of the table.

    Parameters
    ----------
    tracer : str
        For example ``"DOTATATE"``.
    quantity, tissue : str, optional
        Only these.

    Returns
    -------
    tuple of Cohort
    """
    return tuple(item for item in _tables() if item.tracer == tracer and quantity in (None, item.quantity)
                 and tissue in (None, item.tissue))


def leftOut():
    """Published figures that are not in the table, and why: list of ``tracer``, ``tissue``, ``source``, ``why``."""
    return loadJSON(dataPath("cohorts.json"))["leftOut"]

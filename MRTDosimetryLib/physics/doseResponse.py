"""What an uneven absorbed dose amounts to (EUD, gEUD, EUBED), and curves of tumor control and complication.

Curves come from ``data/doseResponse.json``; a parameter that the table leaves blank has to be stated with its source
before there is a probability.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from ..errors import InputError
from ..resources import dataPath, loadJSON
from .sums import productSum

LYMAN, LOGISTIC = "lyman", "logistic"
_WHERE = "curve of effect"


@dataclass(frozen=True)
class DoseResponse:
    """A curve of probability over absorbed dose or BED.

    Attributes
    ----------
    id, endpoint, tissue : str
    effect : str
        "control" or "complication".
    quantity : str
        "absorbedDose" or "bed".
    model : str
        ``LYMAN``: slope m; ``LOGISTIC``: slope gamma50.
    d50Gy, slope : float or None
        ``None``: not known.
    d50Source, slopeSource : str
    isVerified : bool
    therapy : str or None
        The only therapy that it was found for; ``None``: no particular one.
    """

    id: str
    endpoint: str
    tissue: str
    effect: str
    quantity: str
    model: str
    d50Gy: float | None
    slope: float | None
    d50Source: str
    slopeSource: str
    isVerified: bool
    therapy: str | None = None

    @property
    def lacking(self):
        """Parameters that are not known, in words."""
        return [words for value, words in ((self.d50Gy, "the value of 50 % probability"), (self.slope, "the slope"))
                if value is None]

    def stated(self, d50Gy=None, slope=None, source=""):
        """The same curve with parameters that the user states, with their source."""
        if not (isinstance(source, str) and source.strip()):
            raise InputError("The parameters of the curve have no source", _WHERE, "State where they come from")
        changed = self
        if d50Gy is not None:
            changed = replace(changed, d50Gy=_positive(d50Gy, "value of 50 % probability"), d50Source=source,
                              isVerified=False)
        if slope is not None:
            changed = replace(changed, slope=_positive(slope, "slope"), slopeSource=source, isVerified=False)
        return changed

    def probability(self, valuesGy):
        """Probability at absorbed doses or BED (a number or an array).

        Raises
        ------
        InputError
            A parameter that is not known.
        """
        if self.lacking:
            raise InputError(f"{self.endpoint}: there is no probability without {' and '.join(self.lacking)}", _WHERE,
                             "State it with its source")
        values = _values(valuesGy)
        if self.model == LYMAN:
            return lymanProbability(values, self.d50Gy, self.slope)
        return logisticProbability(values, self.d50Gy, self.slope)


def doseResponses():
    """All curves of the table, id -> :class:`DoseResponse`."""
    found = {}
    for entry in loadJSON(dataPath("doseResponse.json"))["curves"]:
        d50, slope = entry["d50"], entry["slope"]
        known = [part for part in (d50, slope) if part["value"] is not None]
        found[entry["id"]] = DoseResponse(
            entry["id"], entry["endpoint"], entry["tissue"], entry["effect"], entry["quantity"], entry["model"],
            d50["value"], slope["value"], d50["source"], slope["source"],
            bool(known) and all(part["verified"] for part in known), entry["therapy"])
    return found


def lymanProbability(valuesGy, d50Gy, m):
    """Normal distribution of (D - D50) / (m D50) (Lyman, Radiat Res 1985;104:S13-S19)."""
    from scipy.special import ndtr

    d50Gy, m = _positive(d50Gy, "value of 50 % probability"), _positive(m, "slope")
    return _asGiven(ndtr((_values(valuesGy) - d50Gy) / (m * d50Gy)))


def logisticProbability(valuesGy, d50Gy, gamma50):
    """1 / (1 + (D50/D)^(4 gamma50)); gamma50 is the normalized slope at 50 %."""
    d50Gy, gamma50 = _positive(d50Gy, "value of 50 % probability"), _positive(gamma50, "slope")
    with np.errstate(divide="ignore", over="ignore"):
        return _asGiven(1.0 / (1.0 + (d50Gy / _values(valuesGy)) ** (4.0 * gamma50)))


def equivalentUniformDose(absorbedDoseGy, alphaPerGy, weightsML=None):
    """EUD = -ln(mean of exp(-alpha D)) / alpha, in Gy (Niemierko, Med Phys 1997;24:103-110).

    Parameters
    ----------
    absorbedDoseGy : array_like
        Shape (N,), of the voxels; with BED in its place the result is the EUBED.
    alphaPerGy : float
    weightsML : array_like, optional
        Shape (N,), volume of each voxel in the region; all the same when left out.

    Returns
    -------
    float
    """
    alphaPerGy = _positive(alphaPerGy, "alpha")
    values, weights = _weighted(absorbedDoseGy, weightsML)
    least = float(values.min())  # taken out of the exponential, which would vanish at high absorbed doses
    return least - math.log(productSum(weights, np.exp(-alphaPerGy * (values - least)))) / alphaPerGy


def generalizedEquivalentUniformDose(absorbedDoseGy, exponent, weightsML=None):
    """gEUD = (mean of D^a)^(1/a), in Gy.

    Parameters
    ----------
    exponent : float
        a: above 1 the high absorbed doses count most (serial organs), 1 is the mean, below 0 the low ones (tumors).
    """
    if not math.isfinite(exponent) or exponent == 0:
        raise InputError(f"The exponent of the gEUD is {exponent:g}, but has to be other than zero", _WHERE)
    values, weights = _weighted(absorbedDoseGy, weightsML)
    scale = float(values.max() if exponent > 0 else values.min())
    if scale == 0:
        return 0.0  # nothing was given, or with a negative exponent some part got nothing
    return scale * productSum(weights, (values / scale) ** exponent) ** (1.0 / exponent)


def _weighted(absorbedDoseGy, weightsML):
    values = _values(absorbedDoseGy).ravel()
    weights = np.ones_like(values) if weightsML is None else np.asarray(weightsML, float).ravel()
    if values.size == 0 or weights.shape != values.shape or not np.all(np.isfinite(weights)) or np.any(weights < 0) \
            or not weights.sum() > 0:
        raise InputError("Absorbed doses and volumes of the voxels do not belong together", _WHERE)
    inside = weights > 0
    return values[inside], weights[inside] / weights[inside].sum()


def _values(valuesGy):
    values = np.asarray(valuesGy, float)
    if not np.all(np.isfinite(values)) or np.any(values < 0):
        raise InputError("An absorbed dose is negative or not finite", _WHERE)
    return values


def _asGiven(values):
    return float(values) if np.ndim(values) == 0 else values


def _positive(value, what):
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value <= 0:
        raise InputError(f"The {what}, {value!r}, is not a number above zero", _WHERE)
    return float(value)

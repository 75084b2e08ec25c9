"""Sensitivity of a camera from scans of a known activity, and the calibration factor with its uncertainty.

epsilon = C_net / (mean activity during the scan x duration); factor Q = 1 / epsilon. The activity is that of the
activity meter less what stayed in the syringe, each decayed from its own time; during a scan that is not corrected for
it, the mean activity is below that at the start by lambda d / (1 - exp(-lambda d)).
"""

import functools
import math
from dataclasses import dataclass

from ..errors import InputError
from ..resources import dataPath, loadJSON
from .decay import acquisitionDecayFactor, decayFactor
from .uncertainty.volume import notNegative, positive
from .units import BQ_PER_MBQ, SECONDS_PER_HOUR

# Components of the uncertainty, each relative and k = 1.
COMPONENTS = {"activity": "Reference activity", "counting": "Counting statistics", "region": "Region of the phantom",
              "repeat": "Repeated scans"}
# Of the activity measured: less than this left at the scan is a reading of another date.
SMALLEST_SHARE = 1e-3


def netActivityMBq(measuredMBq, hoursSinceMeasured, residualMBq, hoursSinceResidual, halfLifeHours, where="activity"):
    """Activity in the phantom: measured less residual, each decayed from its own time.

    Parameters
    ----------
    measuredMBq : float
        In the syringe or vial before filling.
    hoursSinceMeasured, hoursSinceResidual : float
        From each reading to the time asked for; negative where the reading came later.
    residualMBq : float
        Left in the syringe or vial; 0 for nothing.

    Returns
    -------
    float

    Raises
    ------
    InputError
        Not above zero, or a reading so far from the scan that its date has to be wrong.
    """
    measured = positive(measuredMBq, "measured activity (MBq)", where)
    share = decayFactor(halfLifeHours, hoursSinceMeasured)
    if not SMALLEST_SHARE <= share <= 1.0 / SMALLEST_SHARE:
        side = "before" if hoursSinceMeasured > 0 else "after"
        raise InputError(f"The activity was measured {abs(hoursSinceMeasured) / 24:.4g} days {side} the scan, "
                         f"{abs(hoursSinceMeasured) / halfLifeHours:.3g} half-lives", where,
                         "Check the date of the activity meter's reading")
    residual = notNegative(residualMBq, "residual activity (MBq)", where) * decayFactor(halfLifeHours,
                                                                                         hoursSinceResidual)
    net = measured * share - residual
    if net <= 0:
        raise InputError(f"The residual activity ({residual:.4g} MBq at the scan) is not below the measured one "
                         f"({measured * share:.4g} MBq)", where, "Check both readings and their times")
    return net


@dataclass(frozen=True)
class SensitivityScan:
    """One scan of the known activity.

    Attributes
    ----------
    signal : float
        Net count rate (1/s) of the region, or net activity (Bq) of an image that is calibrated already.
    activityMBq : float
        In the region at the start of the scan.
    durationSeconds : float
    isCorrectedToStart : bool
        Whether the image is corrected for decay during the scan.
    countingRelative, regionRelative : float or None
        Relative standard uncertainties of the signal; ``None``: not known.
    name : str
    """

    signal: float
    activityMBq: float
    durationSeconds: float
    isCorrectedToStart: bool = False
    countingRelative: float | None = None
    regionRelative: float | None = None
    name: str = "scan"


@dataclass(frozen=True)
class CameraSensitivity:
    """Sensitivity of a camera.

    Attributes
    ----------
    value : float
        Counts per second and MBq; for a calibrated image activity found over true activity.
    isRatio : bool
        Whether the images were in activity already.
    relativeUncertainty : float or None
        k = 1, of all components that are known; ``None`` where that of the reference activity is not.
    components : dict of str to (float or None)
    values : tuple of float
        Of each scan.
    """

    value: float
    isRatio: bool
    relativeUncertainty: float | None
    components: dict
    values: tuple

    @property
    def factor(self):
        """Bq per (count/s); for a calibrated image the factor that brings it to the true activity."""
        return 1.0 / self.value if self.isRatio else BQ_PER_MBQ / self.value

    @property
    def unit(self):
        return "" if self.isRatio else "1/(s MBq)"

    @property
    def factorUnit(self):
        return "" if self.isRatio else "Bq/cps"


def meanActivityMBq(scan, halfLifeHours):
    """Activity that the signal of a scan stands for: at its start, or the mean during the scan."""
    if scan.isCorrectedToStart:
        return scan.activityMBq
    duration = positive(scan.durationSeconds, "duration (s)", scan.name)
    return scan.activityMBq / acquisitionDecayFactor(halfLifeHours, duration / SECONDS_PER_HOUR)


def cameraSensitivity(scans, halfLifeHours, activityRelative=None, isRatio=False):
    """Sensitivity from one scan or several scans of the same activity.

    Parameters
    ----------
    scans : sequence of SensitivityScan
    halfLifeHours : float
    activityRelative : float or None
        u(A)/A of the reference activity, common to all scans.
    isRatio : bool
        The signals are activities (Bq) instead of count rates.

    Returns
    -------
    CameraSensitivity

    Raises
    ------
    InputError
        A signal or activity not above zero: such a calibration would turn every image around or into nothing.
    """
    if not scans:
        raise InputError("No scan is given", "sensitivity", "Give at least one scan of the known activity")
    values = []
    for scan in scans:
        if not (math.isfinite(scan.signal) and scan.signal > 0):
            raise InputError(f"The net {'activity' if isRatio else 'count rate'} of the region is {scan.signal:.4g}, "
                             "not above zero", scan.name, "Check region, background and durations")
        mean = meanActivityMBq(scan, halfLifeHours)
        values.append(scan.signal / (positive(mean, "activity (MBq)", scan.name) * (BQ_PER_MBQ if isRatio else 1.0)))
    value, count = sum(values) / len(values), len(values)
    spread = None
    if count > 1:
        spread = math.sqrt(sum((item - value) ** 2 for item in values) / (count - 1)) / value / math.sqrt(count)
    components = {
        "activity": None if activityRelative is None else notNegative(activityRelative, "uncertainty of the activity",
                                                                      "sensitivity"),
        "counting": _mean([scan.countingRelative for scan in scans], isIndependent=True),
        "region": _mean([scan.regionRelative for scan in scans], isIndependent=False), "repeat": spread}
    # Repeated scans show the counting statistics too: only the larger of the two counts.
    known = [components["activity"], components["region"], _larger(components["counting"], spread)]
    relative = None if components["activity"] is None else math.hypot(*(item for item in known if item is not None))
    return CameraSensitivity(value, isRatio, relative, components, tuple(values))


def _mean(relatives, isIndependent):
    if any(item is None for item in relatives):
        return None
    if isIndependent:
        return math.sqrt(sum(item ** 2 for item in relatives)) / len(relatives)
    return sum(relatives) / len(relatives)


def _larger(first, second):
    found = [item for item in (first, second) if item is not None]
    return max(found) if found else None


@functools.lru_cache(maxsize=1)
def _table():
    return loadJSON(dataPath("cameraSensitivity.json"))


def plausibleRange(radionuclide):
    """Record ``low``, ``high`` (1/(s MBq)), ``source`` of the sensitivities that cameras have, or ``None``."""
    return next((dict(row) for row in _table()["ranges"] if row["radionuclide"] == radionuclide), None)


def plausibilityWords(radionuclide, cpsPerMBq):
    """Words on a sensitivity outside of what cameras have; an empty list where it is inside or nothing is known."""
    known = plausibleRange(radionuclide)
    if known is None or known["low"] <= cpsPerMBq <= known["high"]:
        return []
    return [f"The sensitivity of {cpsPerMBq:.4g} counts per second and MBq lies outside {known['low']:g} to "
            f"{known['high']:g}, what is published for {radionuclide} in the window at {known['energyKeV']:g} keV: "
            "check activity, dates, duration, window and collimator"]

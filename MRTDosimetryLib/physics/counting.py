"""Gamma counter and probe: count rates, sensitivity by a standard, activity concentration of a sample.

Poisson statistics of gross and background counts; decision threshold after Currie (Anal Chem 1968;40:586-593) at
5 % error probability.
"""

import math
from dataclasses import dataclass

from ..errors import InputError
from .deadTime import trueRate
from .decay import decayFactor
from .uncertainty.volume import notNegative, positive
from .units import BQ_PER_MBQ

BQ_PER_KBQ = 1e3
_CURRIE_QUANTILE = 1.645
# Of the true counts: beyond it a sample is better counted again after it has decayed.
LARGEST_LOSS = 0.05


@dataclass(frozen=True)
class NetRate:
    """Count rate less background.

    Attributes
    ----------
    rateCps, uncertaintyCps : float
        k = 1, of counting statistics.
    lossFraction : float
        Share of the gross counts that dead time took and that was put back.
    decisionThresholdCps : float
        Rates up to it are not distinguishable from background.
    """

    rateCps: float
    uncertaintyCps: float
    lossFraction: float
    decisionThresholdCps: float

    @property
    def isAboveDecisionThreshold(self):
        return self.rateCps > self.decisionThresholdCps


@dataclass(frozen=True)
class Sensitivity:
    """Counts per second and Bq, of one geometry, energy window and nuclide.

    ``relativeUncertainty`` (k = 1) holds the counting statistics of the standard and the uncertainty of its activity;
    it is common to all samples.
    """

    cpsPerBq: float
    relativeUncertainty: float | None
    volumeML: float | None = None


def netRate(counts, countingSeconds, backgroundCounts, backgroundSeconds, deadTimeMicroseconds=0.0,
            deadTimeModel="paralyzable", where="gamma counter"):
    """Count rate less background, with its counting uncertainty.

    Returns
    -------
    NetRate

    Raises
    ------
    InputError
        Counts not above those of the background, or a rate beyond what the dead time allows.
    """
    seconds = positive(countingSeconds, "counting time (s)", where)
    pause = positive(backgroundSeconds, "counting time of the background (s)", where)
    gross = trueRate(notNegative(counts, "number of counts", where) / seconds, deadTimeMicroseconds, deadTimeModel,
                     where)
    background = notNegative(backgroundCounts, "number of background counts", where) / pause
    net = gross.rateCps - background
    if net <= 0:
        raise InputError(f"The count rate ({counts / seconds:.6g} per second) is not above the background "
                         f"({background:.6g} per second)", where,
                         "Check counts and counting times, or leave this sample out")
    uncertainty = math.hypot(gross.sensitivity * math.sqrt(counts) / seconds, math.sqrt(backgroundCounts) / pause)
    threshold = _CURRIE_QUANTILE * math.sqrt(background / seconds + background / pause)
    return NetRate(net, uncertainty, gross.lossFraction, threshold)


def sensitivity(net, activityKBq, relativeActivityUncertainty=None, volumeML=None, where="standard"):
    """Sensitivity by a standard: net count rate / activity at the time of counting.

    Parameters
    ----------
    net : NetRate
    activityKBq : float
    relativeActivityUncertainty : float or None
        k = 1; ``None``: not known, and then that of the sensitivity is not, either.
    volumeML : float or None
        Volume of the standard, to compare those of the samples with.

    Returns
    -------
    Sensitivity
    """
    activity = positive(activityKBq, "activity of the standard (kBq)", where) * BQ_PER_KBQ
    value = net.rateCps / activity
    if value > 1.0:
        # Several photons per decay may be counted, but not in sum more than a few tenths per decay for a real counter.
        raise InputError(f"The standard gives {value:.4g} counts per decay", where,
                         "Check the unit of its activity (kBq), its counts and the time they were counted for")
    relative = None if relativeActivityUncertainty is None else math.hypot(
        net.uncertaintyCps / net.rateCps, relativeActivityUncertainty)
    return Sensitivity(value, relative, volumeML)


def concentrationMBqPerML(net, sensitivity, volumeML, halfLifeHours, hoursFromDrawToCount, where="sample"):
    """Activity concentration at the time of the draw, and its counting uncertainty (k = 1).

    (C - C_background) exp(lambda t) / (sensitivity V).

    Parameters
    ----------
    net : NetRate
    sensitivity : Sensitivity
    hoursFromDrawToCount : float
        Not negative.

    Returns
    -------
    (float, float)
        MBq/mL. The uncertainty of the sensitivity, common to all samples, is not part of it.
    """
    volume = positive(volumeML, "sample volume (mL)", where)
    elapsed = notNegative(hoursFromDrawToCount, "time from draw to count (h)", where)
    factor = 1.0 / (sensitivity.cpsPerBq * volume * decayFactor(halfLifeHours, elapsed) * BQ_PER_MBQ)
    return net.rateCps * factor, net.uncertaintyCps * factor

"""How much activity, or how many cycles, a limit of absorbed dose or BED leaves over a course of cycles.

Absorbed dose of cycle i: D_i = best estimate x f x v_i. f is what one region's values have in common (volume,
calibration, model) and is the same draw in all cycles, v_i what changes from cycle to cycle; both are log-normal with
mean 1. BED adds over cycles, BED_i = D_i + q_i D_i^2 with q_i = G_i/(alpha/beta); q = 0 is the absorbed dose itself.
"""

import functools
import math
from dataclasses import dataclass

import numpy as np

from ..errors import InputError

SAMPLES = 50000
SEED = 20230101
MOST_CYCLES = 100
_ALPHA_BETA = 10 ** 6  # stream of random numbers, beyond those of the cycles
_WHERE = "prescription"


@dataclass(frozen=True)
class Part:
    """One cycle's share of a course.

    Attributes
    ----------
    absorbedDoseGy : float
        Best estimate; of a future cycle, that per GBq.
    relativeUncertainty : float
        Standard uncertainty in common with the other cycles, relative.
    relativeVariation : float
        From cycle to cycle: of a future cycle, or one that was estimated from another.
    quadraticPerGy : float
        q = G/(alpha/beta); 0 for absorbed dose.
    """

    absorbedDoseGy: float
    relativeUncertainty: float = 0.0
    relativeVariation: float = 0.0
    quadraticPerGy: float = 0.0

    def __post_init__(self):
        for name in ("absorbedDoseGy", "relativeUncertainty", "relativeVariation", "quadraticPerGy"):
            value = getattr(self, name)
            if not math.isfinite(value) or value < 0:
                raise InputError(f"{name} is {value:g}, but has to be at least 0", _WHERE)

    @property
    def effectGy(self):
        """Best estimate of absorbed dose or BED."""
        return self.absorbedDoseGy * (1.0 + self.quadraticPerGy * self.absorbedDoseGy)


class Course:
    """Cycles given, and the cycle to come of which any number may follow, all alike.

    Parameters
    ----------
    given : sequence of Part
    future : Part
        Absorbed dose per GBq.
    alphaBetaUncertainty : float
        Relative standard uncertainty of alpha/beta.
    samples : int
        Of the Monte Carlo; ``None``: best estimates alone.

    Notes
    -----
    The common part is drawn at equally probable quantiles, so that where nothing else is uncertain, the result is
    exact to 1/samples in probability. Results repeat: the seed is fixed.
    """

    def __init__(self, given, future, alphaBetaUncertainty=0.0, samples=SAMPLES):
        self._given, self._future, self._samples = tuple(given), future, samples
        if not future.absorbedDoseGy > 0:
            raise InputError("The absorbed dose per activity of the next cycle is not above zero", _WHERE)
        if not (math.isfinite(alphaBetaUncertainty) and 0 <= alphaBetaUncertainty < 1):
            raise InputError(f"The relative uncertainty of alpha/beta is {alphaBetaUncertainty:g}, but has to be at "
                             "least 0 and below 1", _WHERE)
        self._common = _normalQuantiles(samples) if samples else np.zeros(1)
        spread = math.sqrt(math.log1p(alphaBetaUncertainty ** 2)) if samples else 0.0
        # alpha/beta is log-normal with its value as the mean; q is inverse to it
        self._quadraticFactor = np.exp(spread ** 2 / 2.0 - spread * self._shuffled(_ALPHA_BETA)) if spread else 1.0
        self._drawn = {}

    @property
    def givenGy(self):
        """Best estimate of what was given."""
        return sum(part.effectGy for part in self._given)

    def limitLeftGy(self, limitGy):
        """Shape (samples,): the limit less what was given."""
        return limitGy - sum((self._effect(part, position, 1.0) for position, part in enumerate(self._given)), 0.0) \
            + np.zeros(self._common.size)

    def activityGBq(self, limitGy, probability, cycles=1):
        """The largest activity per cycle, of so many cycles, for which P(limit is passed) <= ``probability``.

        Without samples, the activity that just reaches the limit by best estimate. 0 where the limit leaves nothing.
        """
        left = self.limitLeftGy(limitGy)
        linear, square = 0.0, 0.0
        for position in range(cycles):
            dose = self._dose(self._future, len(self._given) + position)
            linear, square = linear + dose, square + self._future.quadraticPerGy * self._quadraticFactor * dose ** 2
        # the root of square A^2 + linear A = left, in the form that holds for square -> 0
        root = np.sqrt(np.maximum(linear ** 2 + 4.0 * square * left, 0.0))
        allowed = np.where(left > 0, 2.0 * left / (linear + root), 0.0)
        return self._lowQuantile(allowed, probability)

    def passingProbability(self, limitGy, activityGBq, cycles):
        """P(limit is passed) after so many further cycles, or ``None`` without samples."""
        return None if not self._samples else float(np.mean(self._after(limitGy, activityGBq, cycles) < 0))

    def remainingCycles(self, limitGy, activityGBq, probability):
        """Cycles of this activity until the limit: as a real number, and whole.

        Whole is the largest number after which P(limit is passed) <= ``probability`` (without samples: after which
        the best estimate does not pass it). The real number is linear between whole ones in what is left of the
        limit at this probability. Counting stops at ``MOST_CYCLES``.
        """
        whole, before = -1, 0.0
        left = self.limitLeftGy(limitGy)
        while True:
            margin = self._lowQuantile(left, probability)
            if margin < -1e-9 * limitGy:
                break
            whole, before = whole + 1, max(margin, 0.0)
            if whole == MOST_CYCLES:
                return float(whole), whole
            left = left - self._effect(self._future, len(self._given) + whole, activityGBq)
        if whole < 0:
            return 0.0, 0
        return whole + before / (before - margin), whole

    def totalGy(self, activityGBq, cycles):
        """Best estimate after so many further cycles."""
        dose = self._future.absorbedDoseGy * activityGBq
        return self.givenGy + cycles * dose * (1.0 + self._future.quadraticPerGy * dose)

    def _after(self, limitGy, activityGBq, cycles):
        left = self.limitLeftGy(limitGy)
        for position in range(cycles):
            left = left - self._effect(self._future, len(self._given) + position, activityGBq)
        return left

    def _effect(self, part, position, activity):
        dose = self._dose(part, position) * activity
        return dose * (1.0 + part.quadraticPerGy * self._quadraticFactor * dose)

    def _dose(self, part, position):
        """Samples of one cycle's absorbed dose; the same ones for the same cycle, whatever is asked."""
        if not self._samples:
            return np.full(1, part.absorbedDoseGy)
        dose = part.absorbedDoseGy * _logNormalFactor(part.relativeUncertainty, self._common)
        if part.relativeVariation:
            if position not in self._drawn:
                self._drawn[position] = self._shuffled(position)
            dose = dose * _logNormalFactor(part.relativeVariation, self._drawn[position])
        return dose

    def _shuffled(self, stream):
        # a stream of its own for each cycle: a result does not depend on what else was asked before
        return np.random.default_rng([SEED, stream]).permutation(self._common)

    def _lowQuantile(self, values, probability):
        return float(values[0]) if not self._samples else float(np.quantile(values, probability))


def _logNormalFactor(relative, normal):
    """Log-normal factor of mean 1 and standard deviation ``relative``, from standard normal draws."""
    spread = math.sqrt(math.log1p(relative ** 2))
    return np.exp(spread * normal - spread ** 2 / 2.0)


@functools.lru_cache(maxsize=4)
def _normalQuantiles(count):
    from scipy.special import ndtri

    return ndtri((np.arange(count) + 0.5) / count)

"""What can be fitted to a voxel: the models, and how a fit ends."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from .voxelRates import TwoWashouts, UptakeWashout, fitOneRate, fitTwoRates

# Share of the area before the first scan above which a curve falls too fast for these scans.
LARGEST_START_SHARE = 0.9
# A fall to a thousandth between the closest scans: faster cannot be told apart.
LARGEST_FALL = 7.0
# Fastest uptake that is told apart: by the first scan all but e^-20 of it has happened.
FASTEST_UPTAKE = 20.0


class VoxelState(IntEnum):
    """How the fit of a voxel ended; the first three are physical."""

    FITTED = 0
    AT_PHYSICAL_DECAY = 1
    ONE_PHASE = 2
    NO_ACTIVITY = 3
    NEGATIVE = 4
    RISING = 5
    TOO_FAST = 6
    NOT_CONVERGED = 7
    NOT_MEASURED = 8


STATE_WORDS = {
    VoxelState.FITTED: "fitted",
    VoxelState.AT_PHYSICAL_DECAY: "fitted, with the effective rate held at physical decay",
    VoxelState.ONE_PHASE: "one exponential fits as well as two",
    VoxelState.NO_ACTIVITY: "no activity, or at too few time points",
    VoxelState.NEGATIVE: "negative activity at a time point",
    VoxelState.RISING: "activity that does not fall",
    VoxelState.TOO_FAST: "activity that falls too fast for the time points",
    VoxelState.NOT_CONVERGED: "the fit does not converge",
    VoxelState.NOT_MEASURED: "not in the field of view of every time point",
}
LAST_PHYSICAL = VoxelState.ONE_PHASE


@dataclass(frozen=True)
class VoxelModel:
    """``fit(times, scaled, weights, physicalRate, options)`` returns area, last rate, fitted activities, states."""

    fit: Callable
    minimumPoints: int
    minimumPositive: int
    dtype: type


def _fastestRate(times, physicalRate):
    """Upper bound of an effective rate."""
    fastest = min(LARGEST_FALL / float(np.min(np.diff(times))), -math.log1p(-LARGEST_START_SHARE) / times[0])
    return max(fastest, 4.0 * physicalRate)


def _sumOf(times, terms):
    """Activities (T, n) of a sum of exponentials, terms of (amplitude at time zero, rate)."""
    return np.stack([sum(amplitude * np.exp(-rate * rate.dtype.type(time)) for amplitude, rate in terms)
                     for time in times])


def _states(times, scaled, weights, rates, isConverged, physicalRate, fastest):
    """States of exponential fits whose slowest rate is given."""
    isHeld = rates <= physicalRate
    states = np.where(isHeld, np.uint8(VoxelState.AT_PHYSICAL_DECAY), np.uint8(VoxelState.FITTED))
    if isHeld.any():
        w, y = weights[:, isHeld], scaled[:, isHeld]
        meanTime = times @ w / w.sum(axis=0)
        slope = np.einsum("tn,tn,tn->n", w, times[:, None] - meanTime, y)
        # Nothing but rounding is left of the slope of a constant.
        isRising = slope >= -1e-6 * np.einsum("tn,tn->n", w, y) * times[-1]
        states[np.flatnonzero(isHeld)[isRising]] = VoxelState.RISING
    states[rates >= fastest * (1.0 - 1e-9)] = VoxelState.TOO_FAST
    states[~isConverged] = VoxelState.NOT_CONVERGED
    return states


def _fitMono(times, scaled, weights, physicalRate, options):
    fastest = _fastestRate(times, physicalRate)
    rates, firsts, isConverged = fitOneRate(times, scaled, weights, physicalRate, fastest)
    states = _states(times, scaled, weights, rates, isConverged, physicalRate, fastest)
    single = scaled.dtype.type
    fitted = _sumOf(times - times[0], [(firsts.astype(single), rates.astype(single))])
    return firsts * np.exp(rates * times[0]) / rates, rates, fitted, states


def _fitBi(times, scaled, weights, physicalRate, options):
    fastest = _fastestRate(times, physicalRate)
    area, lastRate, fitted, states = _fitMono(times, scaled, weights, physicalRate, options)
    residuals = scaled - fitted
    oneChiSquare = np.einsum("tn,tn,tn->n", weights, residuals, residuals)
    slow, difference, amplitudes, chiSquare, isConverged = fitTwoRates(
        TwoWashouts, times, scaled, weights, (physicalRate, fastest), (0.05 * physicalRate, fastest))
    isTwo = chiSquare < oneChiSquare * (1.0 - 1e-9)
    # One exponential is the case of two with one amplitude at its bound of zero.
    states = np.where(states == VoxelState.FITTED, np.uint8(VoxelState.ONE_PHASE), states)
    twoStates = _states(times, scaled, weights, slow, isConverged, physicalRate, fastest)
    twoArea = TwoWashouts.area(slow, difference, amplitudes)
    later = TwoWashouts.area(slow, difference, amplitudes * np.exp(-times[0] * np.stack([slow, slow + difference])))
    twoStates[later < (1.0 - LARGEST_START_SHARE) * twoArea] = VoxelState.TOO_FAST
    states = np.where(isTwo, twoStates, states)
    area = np.where(isTwo, twoArea, area)
    two = _sumOf(times, [(amplitudes[0], slow), (amplitudes[1], slow + difference)])
    return area, np.where(isTwo, slow, lastRate), np.where(isTwo, two, fitted), states


def _fitUptake(times, scaled, weights, physicalRate, options):
    fastest = _fastestRate(times, physicalRate)
    slow, difference, amplitudes, _chiSquare, isConverged = fitTwoRates(
        UptakeWashout, times, scaled, weights, (physicalRate, fastest),
        (0.05 * physicalRate, max(FASTEST_UPTAKE / times[0], fastest)))
    isHeld = slow <= physicalRate
    states = np.where(isHeld, np.uint8(VoxelState.AT_PHYSICAL_DECAY), np.uint8(VoxelState.FITTED))
    states[isHeld & (scaled[-1] >= scaled[:-1].max(axis=0))] = VoxelState.RISING
    states[slow >= fastest * (1.0 - 1e-9)] = VoxelState.TOO_FAST
    states[~isConverged] = VoxelState.NOT_CONVERGED
    scale = amplitudes[0] / difference
    fitted = _sumOf(times, [(scale, slow), (-scale, slow + difference)])
    return UptakeWashout.area(slow, difference, amplitudes), slow, fitted, states


def _fitTrapezoid(times, scaled, weights, physicalRate, options):
    halfSteps = np.diff(times) / 2.0
    weightsOfArea = np.zeros(times.size)
    weightsOfArea[:-1] += halfSteps
    weightsOfArea[1:] += halfSteps
    weightsOfArea[0] += times[0] * (1.0 if options["start"] == "constant" else 0.5)
    before, last = scaled[-2], scaled[-1]
    rate = np.full(last.size, physicalRate)
    states = np.full(last.size, VoxelState.FITTED, np.uint8)
    if options["tail"] == "effective":
        isFalling = (last > 0) & (before > last)
        np.log(np.divide(before, last, out=np.ones_like(last), where=isFalling), out=rate)
        rate /= times[-1] - times[-2]
        isHeld = (rate <= physicalRate) & (last > 0)
        states[isHeld] = VoxelState.AT_PHYSICAL_DECAY
        np.maximum(rate, physicalRate, out=rate)
    area = weightsOfArea @ scaled + last / rate
    states[(last > 0) & (last >= scaled[:-1].max(axis=0))] = VoxelState.RISING
    return area, np.where(last > 0, rate, 0.0), scaled, states


MODELS = {
    "monoExponential": VoxelModel(_fitMono, 2, 2, np.float32),
    "biExponential": VoxelModel(_fitBi, 4, 2, np.float64),
    "uptakeWashout": VoxelModel(_fitUptake, 3, 2, np.float64),
    "trapezoid": VoxelModel(_fitTrapezoid, 2, 1, np.float64),
}

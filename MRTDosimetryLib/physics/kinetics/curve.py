"""The time-activity curve of one region, and the check that it does not rise against physical decay."""

import math
from dataclasses import dataclass

import numpy as np

from ...errors import Faults, InputError


@dataclass(frozen=True)
class TimeActivityCurve:
    """Activities of a region as present at their times (decaying, not corrected to administration).

    Attributes
    ----------
    timesHours : numpy.ndarray
        Hours after administration, shape (N,), above zero and strictly increasing.
    activitiesMBq : numpy.ndarray
        Shape (N,), not negative, not all zero.
    uncertaintiesMBq : numpy.ndarray or None
        Standard uncertainties (k = 1) of the activities, shape (N,), above zero; ``None`` when they are not known.

    Raises
    ------
    InputError, FaultList
        For data that are no such curve; all faults at once.
    """

    timesHours: np.ndarray
    activitiesMBq: np.ndarray
    uncertaintiesMBq: np.ndarray | None = None

    def __post_init__(self):
        times, activities = _vector(self.timesHours, "times"), _vector(self.activitiesMBq, "activities")
        sigmas = None if self.uncertaintiesMBq is None else _vector(self.uncertaintiesMBq, "uncertainties")
        faults = Faults()
        where = "time-activity curve"
        if times.size == 0:
            faults.add("The curve holds no points", where, "Add at least one time point")
        if activities.size != times.size or (sigmas is not None and sigmas.size != times.size):
            faults.add(f"The curve has {times.size} times, {activities.size} activities"
                       + ("" if sigmas is None else f" and {sigmas.size} uncertainties"), where, "Give one of each")
        faults.raiseIfAny()
        _checkTimes(times, faults, where)
        _checkActivities(activities, times, faults, where)
        if sigmas is not None:
            for time, value in zip(times, sigmas, strict=True):
                if not (math.isfinite(value) and value > 0):
                    faults.add(f"The uncertainty at {time:g} h is {value:g} MBq, but has to be above zero", where,
                               "Give every uncertainty or none")
        faults.raiseIfAny()
        for name, value in (("timesHours", times), ("activitiesMBq", activities), ("uncertaintiesMBq", sigmas)):
            object.__setattr__(self, name, value)

    @property
    def size(self):
        """Number of points."""
        return self.timesHours.size


def _vector(values, what):
    try:
        vector = np.array(values, dtype=float)
    except (TypeError, ValueError):
        raise InputError(f"The {what} are not all numbers", "time-activity curve") from None
    if vector.ndim != 1:
        raise InputError(f"The {what} are not a list of numbers", "time-activity curve")
    return vector


def _checkTimes(times, faults, where):
    if not np.all(np.isfinite(times)):
        faults.add("A time is not a finite number", where, "Give hours after administration")
        return
    for time in times[times <= 0]:
        faults.add(f"A time is {time:g} h, but has to be after administration (above 0 h)", where,
                   "Check the times of scan and administration")
    for earlier, later in zip(times[:-1], times[1:], strict=True):
        if later == earlier:
            faults.add(f"Two time points have the same time, {later:g} h", where, "Remove or mend one of them")
        elif later < earlier:
            faults.add(f"The times are out of order: {later:g} h follows {earlier:g} h", where,
                       "Give the times in increasing order")


def _checkActivities(activities, times, faults, where):
    for time, value in zip(times, activities, strict=True):
        if not math.isfinite(value):
            faults.add(f"The activity at {time:g} h is not a finite number", where, "Check region and images")
        elif value < 0:
            faults.add(f"The activity at {time:g} h is {value:g} MBq, but cannot be negative", where,
                       "Check region, background and images")
    if np.all(activities == 0):
        faults.add("The activity is zero at every time", where, "Check region and images")


@dataclass(frozen=True)
class Rise:
    """A rise of the decay-corrected activity between two neighboring points; ``ratio`` = later / earlier."""

    fromHours: float
    toHours: float
    ratio: float

    def __str__(self):
        increase = (f"by {(self.ratio - 1) * 100:.0f} %" if math.isfinite(self.ratio) else "from zero")
        return (f"The decay-corrected activity rises {increase} between {self.fromHours:g} h and {self.toHours:g} h: "
                "physically impossible without new uptake. Check calibration, region and registration.")


def risesAgainstDecay(curve, decayConstantPerHour, tolerance=0.05, fromHours=24.0):
    """Neighboring points between which the activity falls more slowly than physical decay, or rises.

    Parameters
    ----------
    curve : TimeActivityCurve
    decayConstantPerHour : float
        Physical decay constant.
    tolerance : float
        Relative rise of the decay-corrected activity that passes. With known uncertainties, two standard
        uncertainties of the ratio pass as well, if that is more.
    fromHours : float
        Only points at or after this time are compared: before it, uptake is expected. For a whole-body total, which
        can never rise, give 0.

    Returns
    -------
    list of Rise
        Empty when there is none.
    """
    found = []
    times, activities, sigmas = curve.timesHours, curve.activitiesMBq, curve.uncertaintiesMBq
    for first in range(curve.size - 1):
        if times[first] < fromHours:
            continue
        allowed = tolerance
        expected = activities[first] * math.exp(-decayConstantPerHour * (times[first + 1] - times[first]))
        if sigmas is not None and activities[first] > 0 and activities[first + 1] > 0:
            relative = math.hypot(sigmas[first] / activities[first], sigmas[first + 1] / activities[first + 1])
            allowed = max(allowed, 2.0 * relative)
        if activities[first + 1] > expected * (1.0 + allowed):
            ratio = activities[first + 1] / expected if expected > 0 else math.inf
            found.append(Rise(float(times[first]), float(times[first + 1]), float(ratio)))
    return found

"""Points that the user leaves out of the fit of one region's curve, each with a reason.

The scan stays in the curves of the other regions and in the maps. Points are kept by their time, so that adding a
scan does not move a statement to another one.
"""

import math

from ..errors import Faults, InputError
from . import hashChain, kineticsOptions
from .kineticsOptions import REMAINDER
from .protocol import studyProtocol
from .timePoints import includedTimePoints

WHERE = "kinetics.excludedPoints"
# Times that a user writes are rounded.
NEAR_HOURS = 0.05
_EXAMPLE = '{"liver": [{"hoursAfterAdministration": 96, "reason": "..."}]}'
_ENTRY_KEYS = {"timePoint", "hoursAfterAdministration", "reason"}


def stated(study, region):
    """``hoursAfterAdministration`` and ``reason`` of each excluded point of a region, in the order of time."""
    return kineticsOptions.options(study)["excludedPoints"].get(region, [])


def reasonsAt(study, region, timesHours):
    """Why each point of a region's curve is excluded; ``None`` for those that are fitted."""
    entries = stated(study, region)
    return [next((entry["reason"] for entry in entries if _isNear(entry["hoursAfterAdministration"], time)), None)
            for time in timesHours]


def keptPositions(study, region, timesHours):
    """Positions of the points that are fitted."""
    return [position for position, reason in enumerate(reasonsAt(study, region, timesHours)) if reason is None]


def counts(study, names):
    """Number of fitted points by region."""
    times = [timePoint.timeHours for timePoint in includedTimePoints(study)]
    return {name: len(keptPositions(study, name, times)) for name in names}


def setExcluded(study, region, timeHours, reason):
    """Exclude the point of a region's curve at a time (h after administration); ``None`` as reason takes it back.

    Raises
    ------
    InputError
        No reason, no scan at that time, the last point, or a region whose curve is that of a planar series.
    """
    others = [entry for entry in stated(study, region)
              if not _isNear(entry["hoursAfterAdministration"], timeHours)]
    if reason is not None:
        where = f"{WHERE}, {region}"
        others.append(_checkedEntry(study, {"hoursAfterAdministration": timeHours, "reason": reason}, where))
        _requireSense(study, region, others, where)
    _store(study, region, others)


def setExcludedPoints(study, region, given):
    """State all excluded points of a region; replaces what was stated.

    Parameters
    ----------
    given : list of dict
        ``reason``, and either ``timePoint`` (from 0, in the order of time) or ``hoursAfterAdministration``.

    Raises
    ------
    InputError, FaultList
    """
    where, faults, entries = f"{WHERE}, {region}", Faults(), []
    if not isinstance(given, list):
        raise InputError("The excluded points of a region are not a list", where, f"Write e.g. {_EXAMPLE}")
    for item in given:
        with faults.collect():
            entry = _checkedEntry(study, item, where)
            hours = entry["hoursAfterAdministration"]
            if any(_isNear(other["hoursAfterAdministration"], hours) for other in entries):
                raise InputError(f"The point at {hours:g} h is excluded twice", where, "Name it once")
            entries.append(entry)
    faults.raiseIfAny()
    if entries:
        _requireSense(study, region, entries, where)
    _store(study, region, entries)


def missingStatements(study, names):
    """What stands against the excluded points as the study is now."""
    missing = []
    for region, entries in kineticsOptions.options(study)["excludedPoints"].items():
        if region not in (*names, REMAINDER):
            continue  # a warning of its own
        for entry in entries:
            if _timeNear(study, entry["hoursAfterAdministration"]) is None:
                missing.append(f"{region}: the point excluded at {entry['hoursAfterAdministration']:g} h belongs to "
                               f"no time point: correct {WHERE}, or reset the kinetics to the protocol")
        try:
            _requireSense(study, region, entries, region)
        except InputError as error:
            missing.append(f"{region}: {error.what}: {error.mend}")
    return missing


def warnings(study, region, timesHours):
    """A line on what is excluded from a region's fit and what that leaves; empty where nothing is."""
    reasons = reasonsAt(study, region, timesHours)
    excluded = [(time, reason) for time, reason in zip(timesHours, reasons, strict=True) if reason is not None]
    if not excluded:
        return []
    points, left = "; ".join(f"{time:g} h ({reason})" for time, reason in excluded), len(reasons) - len(excluded)
    words = f"Excluded from the fit by the user: {points}. {left} of {len(reasons)} points are left."
    fewest = (studyProtocol(study) or {}).get("minimumTimePoints", 1)
    if left < fewest:
        words += f" Protocol {study.choice('protocol')} asks for at least {fewest}."
    return [words]


def assumptions(study, region, timesHours):
    """What the maps make of the excluded scans."""
    reasons = reasonsAt(study, region, timesHours)
    times = ", ".join(f"{time:g} h" for time, reason in zip(timesHours, reasons, strict=True) if reason is not None)
    if not times:
        return []
    if kineticsOptions.options(study)["perVoxel"]:
        return [f"Excluded points ({times}) are left out of the region's curve alone: the fits per voxel keep all "
                "scans, and so do the maps and dose-volume histograms that follow from them."]
    return [f"Excluded points ({times}) are left out of the region's curve alone: the image of every scan counts in "
            "how the time-integrated activity is spread over the region."]


def overrides(study):
    """What was excluded and why, as rows of the record: ``what``, ``from``, ``to``, ``reason``."""
    return [{"what": f"{region}: point at {entry['hoursAfterAdministration']:g} h", "from": "fitted",
             "to": "excluded from the fit", "reason": entry["reason"]}
            for region, entries in kineticsOptions.options(study)["excludedPoints"].items() for entry in entries]


def _checkedEntry(study, item, where):
    if not isinstance(item, dict):
        raise InputError("An excluded point is not an object", where, f"Write e.g. {_EXAMPLE}")
    faults = Faults()
    for key in sorted(set(item) - _ENTRY_KEYS):
        faults.add(f"The key '{key}' is not known", where, f"Known are {', '.join(sorted(_ENTRY_KEYS))}")
    reason = item.get("reason")
    if not (isinstance(reason, str) and reason.strip()):
        faults.add("A point is excluded without a reason", where, "Give the reason in words")
    hours = None
    with faults.collect():
        hours = _hoursOf(study, item, where)
    faults.raiseIfAny()
    return {"hoursAfterAdministration": hours, "reason": reason.strip()}


def _hoursOf(study, item, where):
    """Time of the scan that an entry names."""
    index, hours = item.get("timePoint"), item.get("hoursAfterAdministration")
    if (index is None) == (hours is None):
        raise InputError("The excluded point is not named once", where,
                         "Give either timePoint or hoursAfterAdministration")
    times = _times(study)
    known = ", ".join(f"{time:g} h" for time in times) or "none"
    if index is not None:
        if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < len(times):
            raise InputError(f"There is no time point {index!r} to exclude", where,
                             f"Count from 0 to {max(len(times), 1) - 1} ({known})")
        return times[index]
    isNumber = not isinstance(hours, bool) and isinstance(hours, int | float) and math.isfinite(hours)
    found = _timeNear(study, hours) if isNumber else None
    if found is None:
        raise InputError(f"There is no time point at {f'{hours:g}' if isNumber else repr(hours)} h to exclude", where,
                         f"Time points are at {known}")
    return found


def _requireSense(study, region, entries, where):
    """Refuse a planar series, and a curve without any point left."""
    if region in kineticsOptions.options(study)["hybrid"]:
        raise InputError("A point is excluded, but the curve is that of a planar series scaled by one SPECT/CT", where,
                         "Take the excluded point or the planar series back")
    times = [timePoint.timeHours for timePoint in includedTimePoints(study)]
    if times and all(any(_isNear(entry["hoursAfterAdministration"], time) for entry in entries) for time in times):
        raise InputError("Every point of the curve would be excluded", where, "Leave at least one point")


def _times(study):
    return [timePoint.timeHours for timePoint in study.timePoints if timePoint.timeHours is not None]


def _timeNear(study, hours):
    """Time of the closest scan, ``None`` where there is none near."""
    closest = min(_times(study), key=lambda time: abs(time - hours), default=None)
    return closest if closest is not None and _isNear(closest, hours) else None


def _isNear(first, second):
    return abs(first - second) <= NEAR_HOURS


def _store(study, region, entries):
    stated = {name: kept for name, kept in kineticsOptions.options(study)["excludedPoints"].items() if name != region}
    if entries:
        stated[region] = sorted(entries, key=lambda entry: entry["hoursAfterAdministration"])
    before = kineticsOptions.options(study)["excludedPoints"].get(region, [])
    if before != stated.get(region, []):
        hashChain.append(study, "exclusion" if entries else "inclusion", f"{region}: points left out of the fit",
                         before=before, after=stated.get(region, []))
    kineticsOptions.change(study, excludedPoints=stated)

"""What the uncertainty of a camera's dead time changes of the time-integrated activity of each region.

One dead time corrects all scans of a camera, those at high count rates more than the others: its deviation changes the
course of the curve, which no factor common to all scans tells. So the curves are fitted again.
"""

import math

from ..errors import CalculationError, InputError
from . import regionFits
from .calibrationUse import DEAD_TIME_UNCERTAINTY, KEY


def inputs(included):
    """What the uncertainty depends on, for the digest of a stage; empty without a dead time."""
    found = [item.factValue(DEAD_TIME_UNCERTAINTY) for item in included]
    return {"deadTimeUncertainty": found} if any(found) else {}


def ofRegions(study, included, timesHours, activities, nuclide, regions):
    """Relative standard uncertainty (k = 1) of the time-integrated activity by that of the dead time.

    Half of the difference between the fits of activities that one standard uncertainty of the dead time makes larger
    and smaller. Where another function would be chosen, or none fits, it is the largest relative change of a scan.
    Records of calibration are independent of each other.

    Parameters
    ----------
    included : list of TimePoint
    activities : dict of str to list of float
        MBq by region, one per scan.
    regions : dict
        Of :func:`.regionFits.fitRegions`.

    Returns
    -------
    dict of str to float
        By region; empty where no uncertainty of a dead time is known.
    """
    records = {}
    for position, item in enumerate(included):
        change = item.factValue(DEAD_TIME_UNCERTAINTY)
        if change:
            records.setdefault(item.factValue(KEY), [0.0] * len(included))[position] = change
    found = [_ofRecord(study, changes, timesHours, activities, nuclide, regions) for changes in records.values()]
    return {name: math.hypot(*(own[name] for own in found)) for name in regions} if found else {}


def _ofRecord(study, changes, timesHours, activities, nuclide, regions):
    largest = max(abs(change) for change in changes)
    try:
        more, less = (regionFits.fitRegions(study, list(regions), timesHours, {
            name: [value * math.exp(sign * change) for value, change in zip(activities[name], changes, strict=True)]
            for name in regions}, nuclide)[0] for sign in (1.0, -1.0))
    except (InputError, CalculationError):
        return dict.fromkeys(regions, largest)
    found = {}
    for name, region in regions.items():
        fits = [item[name]["fit"] for item in (more, less)]
        isSame = all(fit["model"] == region["fit"]["model"] for fit in fits)
        found[name] = abs(fits[0]["timeIntegratedActivityMBqH"] - fits[1]["timeIntegratedActivityMBqH"]) \
            / (2.0 * region["fit"]["timeIntegratedActivityMBqH"]) if isSame else largest
    return found

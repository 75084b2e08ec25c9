"""Planar series as a study file states it row by row (``measurements.planar``)."""

from ..errors import Faults
from .inputs import Field, Kind, number, optionalNumber, refuseUnknown, registerKind, table

KEYS = {"timeHours", "region", "counts", "uncertaintyCounts"}
UNIT = "counts"


def check(value, where):
    """Rows of ``timeHours``, ``region``, ``counts`` (net, at that time, not decay-corrected), ``uncertaintyCounts``."""
    rows = table(value, where, _checkRow, fewest=2)
    faults = Faults()
    for region in dict.fromkeys(row["region"] for row in rows):
        own = [row for row in rows if row["region"] == region]
        times, place = [row["timeHours"] for row in own], f"{where}, {region}"
        if len(own) < 2:
            faults.add("A planar series needs at least two times", place, "Add the counts of the other images")
        if any(later <= earlier for earlier, later in zip(times, times[1:], strict=False)):
            faults.add("The times are not in order", place, "List the counts in the order of time, each time once")
        if not any(row["counts"] > 0 for row in own):
            faults.add("The planar series holds nothing above zero", place, "Check region and background")
        if len({"uncertaintyCounts" in row for row in own}) > 1:
            faults.add("Some counts have an uncertainty and others have none", place, "Give all of them or none")
    faults.raiseIfAny()
    return rows


def seriesByRegion(rows):
    """The series as the kinetics take them: region -> ``timesHours``, ``values``, ``uncertainties``, ``unit``,
    ``source``."""
    found = {}
    for row in rows:
        series = found.setdefault(row["region"], {"timesHours": [], "values": [], "uncertainties": [], "unit": UNIT,
                                                  "source": "planar counts of the study"})
        series["timesHours"].append(row["timeHours"])
        series["values"].append(row["counts"])
        series["uncertainties"].append(row.get("uncertaintyCounts"))
    for series in found.values():
        if None in series["uncertainties"]:
            series["uncertainties"] = None
    return found


def _checkRow(row, where):
    refuseUnknown(row, KEYS, where)
    found, faults = {}, Faults()
    with faults.collect():
        found["timeHours"] = number(row.get("timeHours"), "time after administration (h)", where, low=0, high=5000)
    region = row.get("region")
    if not (isinstance(region, str) and region.strip()):
        faults.add("The region is not named", where, "Name it as the region of the SPECT/CT")
    else:
        found["region"] = region.strip()
    with faults.collect():
        found["counts"] = number(row.get("counts"), "net counts", where, low=0,
                                 mend="Counts below the background hold no activity: check the background region")
    with faults.collect():
        spread = optionalNumber(row.get("uncertaintyCounts"), "uncertainty of the counts", where, low=0,
                                isLowIncluded=False, mend="Give the standard uncertainty (k = 1) in counts")
        if spread is not None:
            found["uncertaintyCounts"] = spread
    faults.raiseIfAny()
    return found


registerKind(Kind("measurements.planar", "Planar series", check, isTable=True, fields=(
    Field("timeHours", "Time after administration (h)", isRequired=True),
    Field("region", "Region", "text", isRequired=True, tip="As named in the SPECT/CT"),
    Field("counts", "Net counts", isRequired=True,
          tip="Geometric mean or one view, background taken off, at that time; every view in the same way"),
    Field("uncertaintyCounts", "Uncertainty (k = 1)"),
)))

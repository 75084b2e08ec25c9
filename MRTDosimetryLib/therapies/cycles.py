"""Earlier cycles of the patient as a study file states them (``earlierCycles``)."""

from datetime import datetime

from ..errors import Faults, InputError
from .inputs import Field, Kind, Rows, number, optionalNumber, refuseUnknown, registerKind, table

ROW_KEYS = {"cycle", "administeredActivityMBq", "dateTime", "isImaged", "cycleVariation", "regions", "results"}
REGION_KEYS = {"absorbedDoseGy", "absorbedDoseUncertaintyGy", "bedGy", "effectiveHalfLifeHours", "massG", "tissue",
               "rateShape"}
# The same activity in two units, or the same absorbed dose, differs by far more than cycles of one patient do.
MBQ_PER_MCI, LARGEST_ACTIVITY_RATIO, LARGEST_COEFFICIENT_RATIO = 37.0, 100.0, 100.0
_EXAMPLE = ('{"cycle": 1, "administeredActivityMBq": 7400, "regions": {"kidney left": {"absorbedDoseGy": 4.1}}}, or '
            '"isImaged": false in place of regions, or {"results": "cycle1/results.json"}')


def checkEarlierCycles(value, where):
    """Rows of ``earlierCycles``, in the order of the cycles; see :func:`checkRow`.

    Where no row states the number of its cycle, they are numbered as they are listed.
    """
    if isinstance(value, list) and all(isinstance(row, dict) and row.get("cycle") is None for row in value):
        value = [{**row, "cycle": position + 1} for position, row in enumerate(value)]
    rows = table(value, where, checkRow)
    faults = Faults()
    read = [row for row in rows if "results" not in row]
    numbers = [row["cycle"] for row in rows if row.get("cycle") is not None]
    for cycle in sorted({item for item in numbers if numbers.count(item) > 1}):
        faults.add(f"Cycle {cycle} is stated twice", where, "Number each cycle once")
    _requireOneActivityUnit(read, where, faults)
    _requireOneDoseUnit(read, where, faults)
    faults.raiseIfAny()
    # rows that only name a file of results have their place once they are read
    return sorted(rows, key=lambda row: row.get("cycle") or 0) if len(read) == len(rows) else rows


def checkRow(row, where):
    """One earlier cycle.

    Parameters
    ----------
    row : dict
        ``cycle`` (from 1), ``administeredActivityMBq``, ``dateTime`` (optional) and ``regions``: name ->
        ``absorbedDoseGy``, optionally ``absorbedDoseUncertaintyGy`` (k = 1), ``bedGy``, ``effectiveHalfLifeHours``,
        ``massG``, ``tissue``, ``rateShape``; or a list of these with ``name``. Or ``isImaged`` false
        without regions, optionally with ``cycleVariation`` (relative standard deviation between cycles). Or
        ``results``, a results file of this program.
    """
    refuseUnknown(row, ROW_KEYS, where)
    if "results" in row:
        return _checkReference(row, where)
    found, faults = {}, Faults()
    with faults.collect():
        found["cycle"] = checkCycleNumber(row.get("cycle"), where)
    with faults.collect():
        found["administeredActivityMBq"] = number(
            row.get("administeredActivityMBq"), "administered activity (MBq)", where, low=0, isLowIncluded=False,
            high=1e6, mend="Give the net administered activity in MBq")
    if row.get("dateTime") is not None:
        with faults.collect():
            found["dateTime"] = _checkDateTime(row["dateTime"], where)
    with faults.collect():
        variation = optionalNumber(row.get("cycleVariation"), "variation between cycles", where, low=0, high=1,
                                   isHighIncluded=False, mend="Give 0.15 for 15 %")
        if variation is not None:
            found["cycleVariation"] = variation
    isImaged = row.get("isImaged", True)
    if not isinstance(isImaged, bool):
        faults.add("isImaged is neither true nor false", where)
    elif isImaged:
        with faults.collect():
            found["regions"] = _checkRegions(row.get("regions"), where)
    elif row.get("regions"):
        faults.add("Absorbed doses are stated for a cycle without images", where,
                   "Leave isImaged out, or the regions")
    found["isImaged"] = isImaged
    faults.raiseIfAny()
    return found


def rowFromResults(results, cycle, where):
    """The row of a cycle from the content of its results file.

    Parameters
    ----------
    results : dict
        Content of ``results.json``.
    cycle : int

    Raises
    ------
    InputError
        No administered activity, or no regions.
    """
    if results.get("prediction"):
        raise InputError("The results are predicted by images of another radionuclide: nothing of them was given",
                         where, "State the cycle by the results of its own images")
    regions = {}
    for region in results.get("regions") or []:
        entry = {key: region.get(key) for key in REGION_KEYS - {"rateShape"} if region.get(key) is not None}
        shape = (region.get("fit") or {}).get("absorbedDoseRateShape")
        if shape:
            entry["rateShape"] = shape
        regions[region["name"]] = entry
    activity = (results.get("administration") or {}).get("activityMBq")
    if activity is None:
        raise InputError("The results state no administered activity", where, "State the cycle in full")
    moment = (results.get("administration") or {}).get("dateTime")
    return checkRow({"cycle": cycle, "administeredActivityMBq": activity, "regions": regions,
                     **({} if moment is None else {"dateTime": moment})}, where)


def checkCycleNumber(value, where):
    """A whole number from 1."""
    if type(value) is not int or value < 1:
        raise InputError(f"The number of the cycle, {value!r}, is not a whole number from 1", where,
                         f"Write e.g. {_EXAMPLE}")
    return value


def _checkReference(row, where):
    if not (isinstance(row["results"], str) and row["results"].strip()):
        raise InputError("The results file of the cycle is not named", where, 'Give "results": a path')
    others = sorted(set(row) - {"results", "cycle"})
    if others:
        raise InputError(f"A results file and {', '.join(others)} are both stated", where,
                         "Give the file, or the values")
    if row.get("cycle") is not None:
        checkCycleNumber(row["cycle"], where)
    return row


def _checkRegions(regions, where):
    if isinstance(regions, list) and regions:
        regions = _byName(regions, where)
    if not isinstance(regions, dict) or not regions:
        raise InputError("No absorbed doses are stated for the cycle", where, f"Write e.g. {_EXAMPLE}")
    faults, found = Faults(), {}
    for name, values in regions.items():
        with faults.collect():
            found[name] = _checkRegion(values, f"{where}, {name}")
    faults.raiseIfAny()
    return found


def _byName(regions, where):
    """A list of regions with their names, as results hold them, by name."""
    names = [region.get("name") if isinstance(region, dict) else None for region in regions]
    if not all(isinstance(name, str) and name.strip() for name in names) or len(set(names)) < len(names):
        raise InputError("The regions of the cycle are not named, each once", where, f"Write e.g. {_EXAMPLE}")
    return {name: {key: item for key, item in region.items() if key != "name"}
            for name, region in zip(names, regions, strict=True)}


def _checkRegion(values, where):
    refuseUnknown(values, REGION_KEYS, where)
    dose = number(values.get("absorbedDoseGy"), "absorbed dose (Gy)", where, low=0, isLowIncluded=False, high=1e4,
                  mend="Give the absorbed dose in Gy")
    found = {"absorbedDoseGy": dose}
    limits = {"absorbedDoseUncertaintyGy": (0.0, False, dose, "Give the standard uncertainty (k = 1) in Gy"),
              "bedGy": (dose, True, 1e6, "A BED is not below its absorbed dose"),
              "effectiveHalfLifeHours": (0.0, False, 1e5, "Give the half-life in h"),
              "massG": (0.0, False, 2e5, "Give the mass in g")}
    faults = Faults()
    for key, (low, isLowIncluded, high, mend) in limits.items():
        with faults.collect():
            value = optionalNumber(values.get(key), key, where, low=low, isLowIncluded=isLowIncluded, high=high,
                                   mend=mend)
            if value is not None:
                found[key] = value
    for key in ("tissue", "rateShape"):
        if values.get(key) is not None:
            found[key] = values[key]
    shape = found.get("rateShape")
    if shape is not None:
        with faults.collect():
            pairs = isinstance(shape, (list, tuple)) and shape and all(
                isinstance(term, (list, tuple)) and len(term) == 2 for term in shape)
            if not pairs:
                raise InputError("rateShape is not a list of [amplitude, rate in 1/h]", where)
            found["rateShape"] = tuple((number(a, "amplitude", where), number(k, "rate (1/h)", where, low=0,
                                                                             isLowIncluded=False)) for a, k in shape)
    faults.raiseIfAny()
    return found


def _checkDateTime(text, where):
    try:
        return datetime.fromisoformat(str(text)).isoformat()
    except ValueError:
        raise InputError(f"'{text}' is not a date and time", where, "Write e.g. 2026-05-04T10:00:00") from None


def _requireOneActivityUnit(rows, where, faults):
    """Cycles of one patient do not differ by the factor between two units."""
    if not rows:
        return
    activities = [row["administeredActivityMBq"] for row in rows]
    ratio = max(activities) / min(activities)
    if ratio > LARGEST_ACTIVITY_RATIO or abs(ratio / MBQ_PER_MCI - 1.0) < 0.15:
        unit = "mCi" if abs(ratio / MBQ_PER_MCI - 1.0) < 0.15 else "GBq or mCi"
        faults.add(f"The administered activities differ by a factor of {ratio:.3g} ({min(activities):g} and "
                   f"{max(activities):g} MBq): one of them seems to be in {unit}", where, "Give all activities in MBq")


def _requireOneDoseUnit(rows, where, faults):
    coefficients = {}
    for row in rows:
        for name, values in (row.get("regions") or {}).items():
            coefficients.setdefault(name, []).append(values["absorbedDoseGy"] / row["administeredActivityMBq"])
    for name, found in coefficients.items():
        ratio = max(found) / min(found)
        if ratio > LARGEST_COEFFICIENT_RATIO:
            faults.add(f"The absorbed doses per activity of {name} differ by a factor of {ratio:.3g} between cycles: "
                       "units seem to be mixed", where, "Give absorbed doses in Gy and activities in MBq")


# What a form asks of one region of a cycle.
REGION_FIELDS = (
    Field("name", "Region", "text", isRequired=True, tip="As named in this cycle"),
    Field("absorbedDoseGy", "Absorbed dose (Gy)", isRequired=True),
    Field("absorbedDoseUncertaintyGy", "Uncertainty, k = 1 (Gy)"),
    Field("effectiveHalfLifeHours", "Effective half-life (h)", tip="Of the last phase; for the BED"),
    Field("bedGy", "BED (Gy)"),
    Field("massG", "Mass (g)"),
    Field("tissue", "Tissue", "text", tip="Where the name does not say it, e.g. kidney"),
)


registerKind(Kind(
    "earlierCycles", "Earlier cycles", checkEarlierCycles, isTable=True,
    lists=(Rows("regions", "Absorbed doses of that cycle", REGION_FIELDS),), fields=(
        Field("cycle", "Cycle", "integer", tip="Number of the cycle, from 1"),
        Field("results", "Results file", "text", tip="results.json of that cycle"),
        Field("administeredActivityMBq", "Administered activity (MBq)", tip="Of a cycle without a results file"),
        Field("dateTime", "Date and time", "text", tip="Of the administration, e.g. 2026-05-04T10:00:00"),
        Field("isImaged", "Imaged", "choice", ((True, "yes"), (False, "no")),
              tip="A cycle without images is estimated from the nearest imaged one"),
        Field("cycleVariation", "Variation between cycles",
              tip="Relative standard deviation, 0.15 for 15 %, of a cycle without images"),
    )))

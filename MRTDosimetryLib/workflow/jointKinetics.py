"""Statements that tie a region's curve to other curves: rates shared with other regions, and planar series.

A planar series gives the course in time of a region whose activity one SPECT/CT gives (hybrid scaling).
"""

import csv
import math

from ..errors import Faults, InputError
from ..physics.kinetics.curve import TimeActivityCurve
from ..physics.kinetics.exponentialFit import exponentialModel
from ..physics.kinetics.registry import fitModel
from . import kineticsOptions
from .kineticsOptions import AUTO, REMAINDER, renamed

SHARED_KEYS = {"regions", "model", "parameters", "source"}
# What a series may say beside its values: ``use`` (scaled by one SPECT/CT, or absolute: activities of their own), the
# relative uncertainty that its values have in common, what it was measured by at each time, and what is doubtful.
FURTHER_KEYS = ("use", "commonRelativeUncertainty", "details", "warnings")
SERIES_KEYS = {"timesHours", "values", "uncertainties", "unit", "source", *FURTHER_KEYS}
SCALED, ABSOLUTE = "scaled", "absolute"
ABSOLUTE_UNIT = "MBq"
# Choice of the study: the planar views that the series were measured in.
VIEWS = "planarViews"
# Only the course in time counts: the unit is for the record, and must be of activity at the time of the scan.
PLANAR_UNITS = ("counts", "cps", "Bq", "kBq", "MBq", "%")
UNCERTAINTY_COLUMN = " uncertainty"
_SHARED, _HYBRID = "kinetics.shared", "kinetics.hybrid"
_EXAMPLE_SHARED = '[{"regions": ["kidney left", "kidney right"], "model": "monoExponential", "parameters": ["lambda"]}]'
_EXAMPLE_SERIES = '{"timesHours": [4, 24, 96], "values": [900, 700, 250], "unit": "counts", "source": "..."}'


def sharedGroups(study):
    """Groups of regions fitted together: list of ``regions``, ``model``, ``parameters`` and optionally ``source``."""
    return kineticsOptions.options(study)["shared"]


def groupOf(study, region):
    """The group a region belongs to, or ``None``."""
    return next((group for group in sharedGroups(study) if region in group["regions"]), None)


def setShared(study, groups, names=()):
    """State which regions share which rates of a sum of exponentials; replaces what was stated.

    Parameters
    ----------
    groups : list of dict
        ``regions`` (two or more), ``model``, ``parameters`` (rates), optionally ``source``.
    names : sequence of str
        Regions of the study; empty when they are not known, then names are not checked.

    Raises
    ------
    InputError, FaultList
    """
    groups = groups or []
    if not isinstance(groups, list):
        raise InputError("The shared parameters are not a list", _SHARED, f"Write e.g. {_EXAMPLE_SHARED}")
    faults, checked = Faults(), []
    for position, group in enumerate(groups):
        with faults.collect():
            checked.append(_checkedGroup(group, f"{_SHARED}, group {position + 1}", names))
    members = [name for group in checked for name in group["regions"]]
    for name in dict.fromkeys(name for name in members if members.count(name) > 1):
        faults.add(f"{name} is in more than one joint fit", _SHARED, "Name each region once")
    faults.raiseIfAny()
    kineticsOptions.change(study, shared=checked)


def share(study, region, other, parameters):
    """Let a region share rates with another one, and with those that one shares them with already.

    The model is that chosen for the region. Other statements of the region have to leave room for it.
    """
    own, group = groupOf(study, region), groupOf(study, other)
    if region == other:
        raise InputError("A region cannot share with itself", region, "Choose another region")
    model = kineticsOptions.chosenModel(study, region)
    merged = list(dict.fromkeys([*(own or {}).get("regions", [region]), *(group or {}).get("regions", [other])]))
    rest = [item for item in sharedGroups(study) if item not in (own, group)]
    setShared(study, [*rest, {"regions": merged, "model": model, "parameters": list(parameters)}])


def unshare(study, region):
    """Take a region out of its joint fit; a group of one is none."""
    groups = []
    for group in sharedGroups(study):
        left = [name for name in group["regions"] if name != region]
        if len(left) > 1:
            groups.append({**group, "regions": left})
    setShared(study, groups)


def sharableRates(model):
    """Names of the rates of a model that regions can share; empty for one that is no plain sum of exponentials."""
    if model == AUTO:
        return ()
    description = exponentialModel(model)
    return () if description is None or description.reported is not None else description.rates


def _checkedGroup(group, where, names):
    if not isinstance(group, dict):
        raise InputError("This is not an object", where, f"Write e.g. {_EXAMPLE_SHARED}")
    faults = Faults()
    for key in sorted(set(group) - SHARED_KEYS):
        faults.add(f"The key '{key}' is not known", where, f"Known are {', '.join(sorted(SHARED_KEYS))}")
    regions, parameters, model = group.get("regions"), group.get("parameters"), group.get("model")
    if not _isNames(regions) or len(regions) < 2:
        faults.add("A joint fit needs two or more regions, each named once", where, f"Write e.g. {_EXAMPLE_SHARED}")
    elif names:
        for name in regions:
            if name not in names:
                faults.add(f"'{name}' is not a region", where, f"Known are {', '.join(names)}")
    with faults.collect():
        rates = _ratesOf(model, where)
        if not _isNames(parameters) or set(parameters) - set(rates):
            faults.add(f"The shared parameters {parameters!r} are not rates of the model", where,
                       f"Rates of {fitModel(model).title} are {', '.join(rates)}, each once")
    source = group.get("source")
    if source is not None and not (isinstance(source, str) and source.strip()):
        faults.add("The source is not a text", where)
    faults.raiseIfAny()
    return {key: group[key] for key in ("regions", "model", "parameters", "source") if group.get(key) is not None}


def _ratesOf(model, where):
    if not isinstance(model, str) or model == AUTO:
        raise InputError("No model is chosen for the joint fit", where,
                         "Choose a sum of exponentials, e.g. monoExponential")
    rates = renamed(where, sharableRates, model)
    if not rates:
        raise InputError(f"{fitModel(model).title} has no rates to share", where,
                         "Choose a sum of exponentials, e.g. monoExponential")
    return rates


def _isNames(value):
    return isinstance(value, list) and bool(value) and all(isinstance(name, str) for name in value) \
        and len(set(value)) == len(value)


def planarSeries(study):
    """Planar series by region: ``timesHours``, ``values``, ``uncertainties`` or ``None``, ``unit``, ``source``."""
    return kineticsOptions.options(study)["hybrid"]


def isAbsolute(study, region):
    """Whether a region's activities are those of planar views as they are, not of the SPECT/CT."""
    return (planarSeries(study).get(region) or {}).get("use") == ABSOLUTE


def setPlanarSeries(study, region, series):
    """State the planar series of a region (or of the remainder); ``None`` takes it back.

    Parameters
    ----------
    series : dict or None
        ``timesHours``, ``values`` at these times (not decay-corrected), optionally ``uncertainties`` (k = 1),
        ``unit`` (one of ``PLANAR_UNITS``), ``source`` and ``FURTHER_KEYS``.

    Raises
    ------
    InputError
    """
    entries = {name: entry for name, entry in planarSeries(study).items() if name != region}
    if series is not None:
        entries[region] = _checkedSeries(series, f"{_HYBRID}, {region}")
    kineticsOptions.change(study, hybrid=entries)


def replacePlanarSeries(study, entries, views):
    """State the planar series of all regions, and the planar views they were measured in; nothing is changed where one
    of them cannot be used."""
    faults, checked = Faults(), {}
    for region, series in entries.items():
        with faults.collect():
            checked[region] = _checkedSeries(series, f"{_HYBRID}, {region}")
    faults.raiseIfAny()
    study.setChoice(VIEWS, views)
    kineticsOptions.change(study, hybrid=checked)


def removePlanarSeries(study):
    """Take all planar series back."""
    study.setChoice(VIEWS, None)
    kineticsOptions.change(study, hybrid={})


def setPlanarFile(study, path, unit, source="", names=(), further=None):
    """State the planar series of all regions of a CSV file; replaces what was stated.

    Header ``timeHours``, then the regions, each with or without a column ``<region> uncertainty``; an empty cell is
    a region that was not measured. ``further``: of ``FURTHER_KEYS``, for all regions.
    """
    known = {*names, REMAINDER}
    faults, entries = Faults(), {}
    for region, series in readPlanarFile(path).items():
        if names and region not in known:
            faults.add(f"'{region}' is not a region", str(path), f"Known are {', '.join(sorted(known))}")
            continue
        with faults.collect():
            entries[region] = _checkedSeries({**series, **(further or {}), "unit": unit,
                                              "source": source or str(path).split("/")[-1]}, f"{path}, {region}")
    faults.raiseIfAny()
    study.setChoice(VIEWS, None)
    kineticsOptions.change(study, hybrid=entries)


def readPlanarFile(path):
    """``timesHours``, ``values`` and ``uncertainties`` (or ``None``) by region of a CSV file of planar series.

    Raises
    ------
    InputError, FaultList
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            lines = [row for row in csv.reader(file) if any(cell.strip() for cell in row)]
    except FileNotFoundError:
        raise InputError("There is no such file", str(path), "Check the path of the planar series") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"The file cannot be read ({error.__class__.__name__})", str(path)) from None
    header = [cell.strip() for cell in lines[0]] if lines else []
    regions = [name for name in header[1:] if not name.endswith(UNCERTAINTY_COLUMN)]
    if not regions or header[0] != "timeHours" or len(set(header)) < len(header) or not all(header):
        raise InputError("The header is not timeHours and the names of regions, each once", str(path),
                         "Write e.g. timeHours,kidney left,kidney left uncertainty")
    faults, rows = Faults(), []
    stray = [name for name in header[1:] if name.endswith(UNCERTAINTY_COLUMN)
             and name.removesuffix(UNCERTAINTY_COLUMN) not in regions]
    for name in stray:
        faults.add(f"The column '{name}' belongs to no region", str(path))
    for number, row in enumerate(lines[1:], start=2):
        with faults.collect():
            rows.append(_numbers(row, header, f"{path}, line {number}"))
    faults.raiseIfAny()
    found = {}
    for region in regions:
        used = [row for row in rows if row[region] is not None]
        spreads = [row.get(region + UNCERTAINTY_COLUMN) for row in used]
        if any(spread is None for spread in spreads) and any(spread is not None for spread in spreads):
            faults.add("Some values have an uncertainty and others have none", f"{path}, {region}",
                       "Give all of them or none")
        found[region] = {"timesHours": [row["timeHours"] for row in used], "values": [row[region] for row in used],
                         "uncertainties": spreads if spreads and spreads[0] is not None else None}
    faults.raiseIfAny()
    return found


def _numbers(row, header, where):
    if len(row) != len(header):
        raise InputError(f"The line has {len(row)} instead of {len(header)} values", where)
    values = {}
    for name, cell in zip(header, row, strict=True):
        try:
            values[name] = float(cell) if cell.strip() else None
        except ValueError:
            raise InputError(f"'{cell.strip()}' is not a number", f"{where}, {name}") from None
    if values["timeHours"] is None:
        raise InputError("The time is missing", where)
    return values


def _checkedSeries(series, where):
    if not isinstance(series, dict):
        raise InputError("The planar series is not an object", where, f"Write e.g. {_EXAMPLE_SERIES}")
    faults = Faults()
    for key in sorted(set(series) - SERIES_KEYS):
        faults.add(f"The key '{key}' is not known", where, f"Known are {', '.join(sorted(SERIES_KEYS))}")
    if series.get("unit") not in PLANAR_UNITS:
        faults.add(f"The unit {series.get('unit')!r} is not one of planar values", where,
                   f"Known are {', '.join(PLANAR_UNITS)}")
    source = series.get("source")
    if not (isinstance(source, str) and source.strip()):
        faults.add("The planar series has no source", where, "State which images and method it is from")
    lists = {key: series.get(key) for key in ("timesHours", "values", "uncertainties")}
    for key, values in lists.items():
        isLeftOut = values is None and key == "uncertainties"
        if not isLeftOut and not (isinstance(values, list) and all(_isNumber(value) for value in values)):
            faults.add(f"{key} is not a list of numbers", where, f"Write e.g. {_EXAMPLE_SERIES}")
    faults.raiseIfAny()
    if len(lists["values"]) < 2:
        faults.add("A planar series needs at least two points", where, "Add the values of the other scans")
    if not any(value > 0 for value in lists["values"]):
        faults.add("The planar series holds nothing above zero", where, "Check region and background")
    with faults.collect():
        renamed(where, TimeActivityCurve, lists["timesHours"], lists["values"], lists["uncertainties"])
    _checkFurther(series, where, faults)
    faults.raiseIfAny()
    return {**lists, "unit": series["unit"], "source": source.strip(),
            **{key: series[key] for key in FURTHER_KEYS if series.get(key) is not None}}


def _checkFurther(series, where, faults):
    use, common = series.get("use"), series.get("commonRelativeUncertainty")
    if use not in (None, SCALED, ABSOLUTE):
        faults.add(f"{use!r} is no use of a planar series", where, f"Use {SCALED} or {ABSOLUTE}")
    if use == ABSOLUTE and series["unit"] != ABSOLUTE_UNIT:
        faults.add(f"Values in {series['unit']} are not used as activities", where, f"Give them in {ABSOLUTE_UNIT}")
    if use == ABSOLUTE and series.get("uncertainties") is None:
        faults.add("Activities of planar views have no uncertainties", where, "Give the uncertainty of each, k = 1")
    if common is not None and not (_isNumber(common) and 0 <= common < 1):
        faults.add(f"The common relative uncertainty is {common!r}", where, "Give a fraction, 0.05 for 5 %")
    for key in ("details", "warnings"):
        if series.get(key) is not None and not isinstance(series[key], list):
            faults.add(f"{key} is not a list", where, "Leave it out")


def _isNumber(value):
    return not isinstance(value, bool) and isinstance(value, int | float) and math.isfinite(value)


def applyHybrid(study, given, names):
    """Planar series of a study file: a CSV ``file``, or ``series`` by region, with common ``unit``, ``source``, ``use``
    and ``commonRelativeUncertainty``."""
    if not given:
        return
    if not isinstance(given, dict):
        raise InputError("This is not an object", _HYBRID, 'Write e.g. {"file": "planar.csv", "unit": "counts"}')
    faults = Faults()
    common = {key: given[key] for key in ("unit", "source", "use", "commonRelativeUncertainty") if key in given}
    for key in sorted(set(given) - {"file", "series", *common}):
        faults.add(f"The key '{key}' is not known", _HYBRID,
                   "Known are commonRelativeUncertainty, file, series, source, unit, use, views")
    if ("file" in given) == ("series" in given):
        faults.add("The planar series are not given once", _HYBRID, "Give either file or series")
    faults.raiseIfAny()
    if "file" in given:
        if not isinstance(given["file"], str):
            raise InputError("The file of the planar series is not named", _HYBRID, 'Give "file": a path')
        source = given.get("source", "")
        if not isinstance(source, str):
            raise InputError("The source is not a text", _HYBRID)
        setPlanarFile(study, given["file"], given.get("unit"), source, names,
                      {key: value for key, value in common.items() if key in FURTHER_KEYS})
        return
    series = kineticsOptions.requireByName(given["series"], f"{_HYBRID}.series", f'{{"liver": {_EXAMPLE_SERIES}}}')
    known = {*names, REMAINDER}
    for region, entry in series.items():
        if names and region not in known:
            faults.add(f"A planar series is stated for '{region}', which is not a region", f"{_HYBRID}.series",
                       f"Known are {', '.join(sorted(known))}")
            continue
        with faults.collect():
            setPlanarSeries(study, region, {**common, **entry} if isinstance(entry, dict) else entry)
    faults.raiseIfAny()


def missingStatements(study, names, points):
    """What stands against the joint fits and the planar series."""
    missing = []
    for group in sharedGroups(study):
        unknown = [name for name in group["regions"] if name not in names]
        if unknown and names:
            missing.append(f"The joint fit of {', '.join(group['regions'])} names {', '.join(unknown)}, which is not a "
                           "region: change kinetics.shared")
    if points > 1 and any(series.get("use") != ABSOLUTE for series in planarSeries(study).values()):
        missing.append(f"A planar series is scaled by one SPECT/CT, the study has {points} time points: exclude the "
                       "others, or take the planar series (kinetics.hybrid) back")
    return missing

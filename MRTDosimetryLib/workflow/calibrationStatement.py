"""From the fields of the page of calibrations to what a calibration file states."""

import re

from ..errors import InputError
from .calibrationForms import (
    BACKGROUND_SEGMENT,
    COUNTER,
    CYLINDER,
    DEAD_TIME,
    MBQ_PER_UNIT,
    PLANAR,
    POINTS,
    RATE,
    RECOVERY,
    SEGMENT,
    SENSITIVITY,
    SPHERE,
)

_KBQ_PER_MBQ = 1e3
_PLANAR_WINDOWS = {"main": "mainWindow", "lower": "lowerWindow", "upper": "upperWindow"}


def statement(kind, values, scans=(), regions=None, centerRAS=None, sensitivityFrom=None):
    """What a calibration file would state.

    Parameters
    ----------
    kind : str
        Of :mod:`.calibrationForms`; not those of constancy.
    values : dict
        Group -> name of a field -> value; ``rows``: those of the kind's table.
    scans : sequence of dict
        Scans as in a calibration file.
    regions : dict, optional
        ``region``, ``background``: label maps of drawn regions, as in a calibration file.
    centerRAS : sequence of float, optional
        Of a sphere, RAS mm.
    sensitivityFrom : str, optional
        Path of a record, for the recovery.

    Returns
    -------
    dict

    Raises
    ------
    InputError
        A choice that lacks what it needs.
    """
    found = _instrument(values, kind)
    dead = _stated(values, "deadTime")
    if dead:
        found["deadTime"] = dead
    if kind in (SENSITIVITY, PLANAR):
        found["sensitivity"] = {"activity": _activity(values["activity"]), "scans": list(scans)}
        if kind == SENSITIVITY:
            found["sensitivity"] |= _region(values["region"], regions or {}, centerRAS)
    elif kind == RECOVERY:
        found["recovery"] = _recovery(values, scans)
        if sensitivityFrom:
            found["sensitivityFrom"] = sensitivityFrom
    elif kind == DEAD_TIME:
        found["deadTime"] = _deadTime(values)
    elif kind == COUNTER:
        found["counter"] = _counter(values)
    return found


def scanItem(kind, source, values):
    """A scan as in a calibration file.

    Parameters
    ----------
    source : dict
        ``{"image": path}`` or ``{"planar": path}``.
    values : dict
        Of the kind's group of scans.
    """
    stated = {name: value for name, value in values.items() if value is not None}
    if kind != PLANAR:
        return {**source, **stated}
    found = {key: stated[key] for key in ("detector", "acquisitionDateTime", "durationSeconds", "backgroundCounts",
                                          "backgroundSeconds", "fullFieldCountRateCps", "nuclideReason")
             if key in stated}
    windows = {window: stated[name] for window, name in _PLANAR_WINDOWS.items() if name in stated}
    if windows:
        found["windows"] = windows
    if "columns" in stated or "rows" in stated:
        if not {"columns", "rows"} <= set(stated):
            raise InputError("The region is given by columns or by rows alone", "region of the planar image",
                             "Give both, e.g. 40-80")
        (left, right), (top, bottom) = _range(stated["columns"], "columns"), _range(stated["rows"], "rows")
        found["corners"] = [[left - 0.5, top - 0.5], [right + 0.5, top - 0.5], [right + 0.5, bottom + 0.5],
                            [left - 0.5, bottom + 0.5]]
    return {**source, **found}


def _range(text, what):
    found = re.fullmatch(r"\s*(\d+)\s*(?:-|to|\.\.)\s*(\d+)\s*", str(text))
    if found is None or int(found.group(2)) < int(found.group(1)):
        raise InputError(f"'{text}' are no {what} from one to another", "region of the planar image",
                         "Write e.g. 40-80")
    return int(found.group(1)), int(found.group(2))


def _instrument(values, kind):
    group = {COUNTER: "counterInstrument", DEAD_TIME: "deadTimeInstrument"}.get(kind, "instrument")
    stated = _stated(values, group)
    found = {"schemaVersion": 1}
    for key in ("camera", "radionuclide", "collimator", "reconstruction", "date", "validUntil", "source"):
        if key in stated:
            found[key] = stated[key]
    low, high = stated.get("windowLowerKeV"), stated.get("windowUpperKeV")
    if (low is None) != (high is None) or (low is not None and not low < high):
        raise InputError("The energy window is not given by a lower and an upper limit", "Instrument and validity",
                         "Give both in keV, the lower one first")
    if low is not None:
        found["energyWindow"] = {"lowerKeV": low, "upperKeV": high}
    return found


def _stated(values, group):
    return {name: value for name, value in (values.get(group) or {}).items() if value is not None}


def _relative(percent):
    return {} if percent is None else {"relativeUncertainty": percent / 100.0}


def _activity(values):
    toMBq = MBQ_PER_UNIT[values["unit"]]
    found = {"measuredActivityMBq": values["measuredActivity"] * toMBq, "measuredDateTime": values["measuredDateTime"],
             "residualActivityMBq": values["residualActivity"] * toMBq, **_relative(values.get("activityPercent"))}
    if values.get("residualDateTime") is not None:
        found["residualDateTime"] = values["residualDateTime"]
    return found


def _region(values, regions, centerRAS):
    method = values["method"]
    fill = {} if values.get("fillVolumeML") is None else {"fillVolumeML": values["fillVolumeML"]}
    if method == SEGMENT:
        region = {**_drawn(regions, "region"), **fill}
    elif method == SPHERE:
        if centerRAS is None:
            raise InputError("The sphere has no center", "Region of the phantom", "Place the point in the views")
        if values.get("diameterMM") is None:
            raise InputError("The sphere has no diameter", "Region of the phantom", "Give it in mm")
        region = {"method": SPHERE, "centerRASMM": list(centerRAS), "diameterMM": values["diameterMM"], **fill}
    elif method == CYLINDER:
        margin = values.get("marginMM")
        region = {"method": CYLINDER, **({} if margin is None else {"marginMM": margin}), **fill}
    else:
        region = {"method": method}
    found = {"region": region}
    if values.get("background") == RATE:
        if values.get("backgroundCps") is None:
            raise InputError("The count rate of the background is missing", "Region of the phantom",
                             "Give it, or choose no background")
        found["background"] = {"countRateCps": values["backgroundCps"]}
    elif values.get("background") == BACKGROUND_SEGMENT:
        found["background"] = {"region": _drawn(regions, "background")}
    return found


def _drawn(regions, key):
    if key not in regions:
        raise InputError("No drawn region is chosen", "Region of the phantom", "Draw it with the Segment Editor and "
                         "choose it")
    return dict(regions[key])


def _recovery(values, scans):
    stated = _stated(values, "spheres")
    found = {"sphereConcentration": {"kBqPerML": stated["kBqPerML"], "dateTime": stated["dateTime"]},
             **_relative(stated.get("percent")), "scans": list(scans)}
    if stated.get("backgroundKBqPerML") is not None:
        found["backgroundConcentration"] = {"kBqPerML": stated["backgroundKBqPerML"], "dateTime": stated["dateTime"]}
    isPlaced, spheres = stated["placing"] == POINTS, []
    for row in values.get("rows") or []:
        sphere = {"diameterMM": row["diameterMM"], **({"name": str(row["name"])} if row.get("name") else {})}
        if isPlaced:
            center = [row.get(axis) for axis in ("right", "anterior", "superior")]
            if None in center:
                raise InputError(f"The sphere of {row['diameterMM']:g} mm has no place", "Spheres",
                                 "Place it in the views, or take it out of the table")
            sphere["centerRASMM"] = center
        spheres.append(sphere)
    if spheres:
        found["spheres"] = spheres
    if not isPlaced and stated.get("ringRadiusMM") is not None:
        found["ringRadiusMM"] = stated["ringRadiusMM"]
    if not isPlaced and stated.get("ct"):
        found["scans"] = [{**scan, "ct": stated["ct"]} for scan in scans]
    names = [name.strip() for name in str(stated.get("leftOut") or "").split(",")]
    if any(names):
        found["leftOut"] = [name for name in names if name]
    return found


def _deadTime(values):
    stated, rows = _stated(values, "deadTimeStated"), values.get("rows") or []
    found = {"model": stated["model"], **({"source": stated["origin"]} if "origin" in stated else {})}
    if rows:
        if "microseconds" in stated:
            raise InputError("The dead time is stated and measured", "Dead time",
                             "Leave the microseconds out, or the countings")
        return {**found, "decayingSource": {"countings": rows, "backgroundCps": stated.get("backgroundCps", 0.0)}}
    if "microseconds" not in stated:
        raise InputError("The dead time is neither stated nor measured", "Dead time",
                         "Give microseconds, or countings of a decaying source")
    return {**found, "microseconds": stated["microseconds"], **_relative(stated.get("percent"))}


def _counter(values):
    stated = _stated(values, "standard")
    standard = {"activityKBq": stated["activity"] * MBQ_PER_UNIT[stated["unit"]] * _KBQ_PER_MBQ,
                "dateTime": stated["dateTime"], **_relative(stated.get("percent"))}
    if "volumeML" in stated:
        standard["volumeML"] = stated["volumeML"]
    return {"instrument": _stated(values, "counterInstrument")["instrument"], "standard": standard,
            "countings": list(values.get("rows") or [])}


def constancyLog(values):
    """A new log of constancy tests, as :func:`.constancyLog.create` takes it."""
    stated = _stated(values, "log")
    source = {key: stated[key] for key in ("name", "radionuclide", "halfLifeHours", "halfLifeSource") if key in stated}
    if "halfLifeHours" in source:
        source.pop("radionuclide", None)
    elif "radionuclide" not in source:
        raise InputError("The half-life of the source is not known", "Control chart",
                         "Choose its radionuclide, or give half-life and where it is from")
    return {"instrument": stated["instrument"], "period": stated["period"], "source": source,
            "limits": {"warningPercent": stated["warningPercent"], "actionPercent": stated["actionPercent"]},
            "reference": _stated(values, "reference")}


def constancyTest(values):
    """A test, as :func:`.constancyLog.addTest` takes it."""
    return _stated(values, "test")


def logName(content):
    """File name of a log."""
    return "-".join(re.sub(r"[^\w]+", "", word) for word in (content["instrument"], content["source"].get("name", ""))
                    if word) + "-constancy.json"

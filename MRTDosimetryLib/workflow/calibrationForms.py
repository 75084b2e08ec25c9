"""What the page of calibrations asks for: kinds, their groups of fields, and what is wrong with what was typed."""

from ..errors import InputError
from ..physics.constancy import PERIODS
from ..physics.deadTime import MODELS
from ..physics.deadTimeFit import AUTO
from ..physics.nuclides import nuclideNames
from ..therapies.inputs import Field
from . import calibrationRecord

SENSITIVITY, RECOVERY, PLANAR, DEAD_TIME, COUNTER, LOG, TEST = (
    "sensitivity", "recovery", "planar", "deadTime", "counter", "constancyLog", "constancyTest")
KINDS = {
    SENSITIVITY: "Camera sensitivity", RECOVERY: "Recovery of spheres", PLANAR: "Planar sensitivity",
    DEAD_TIME: "Dead time", COUNTER: "Thyroid probe or gamma counter", LOG: "Constancy: begin a control chart",
    TEST: "Constancy: add a test"}
WHOLE_FIELD, CYLINDER, SPHERE, SEGMENT = "wholeImage", "cylinder", "sphere", "segment"
NO_BACKGROUND, RATE, BACKGROUND_SEGMENT = "none", "rate", "segment"
AUTOMATIC, POINTS = "automatic", "points"
MBQ_PER_UNIT = {"kBq": 1e-3, "MBq": 1.0, "GBq": 1e3, "mCi": 37.0, "µCi": 37.0e-3}
_ACTIVITY_UNITS = tuple((unit, unit) for unit in MBQ_PER_UNIT)
NUCLIDES = tuple((name, name) for name in nuclideNames())
_PERIODS = tuple(zip(PERIODS, ("every three months", "every six months", "every year"), strict=True))
_DATE, _DATE_TIME = "year-month-day", "year-month-day hour:minute"
# A percentage, or a number that may be zero or below; every other number has to be above zero.
_NOT_NEGATIVE = {"residualActivity", "backgroundCounts", "backgroundCps", "counts", "activityPercent", "percent"}
_ANY_SIGN = {"marginMM", "right", "anterior", "superior"}

_CAMERA = Field("camera", "Camera or instrument", "text", isRequired=True,
                tip="As the scans' headers or the center call it: a study is compared with it")
_COLLIMATOR = Field("collimator", "Collimator", "text", tip="As the scans' headers call it")
_NUCLIDE = Field("radionuclide", "Radionuclide", "choice", NUCLIDES, isRequired=True)
_WINDOW = (Field("windowLowerKeV", "Energy window from (keV)"), Field("windowUpperKeV", "Energy window to (keV)"))
_RECONSTRUCTION = Field("reconstruction", "Reconstruction", "text",
                        tip="Method, updates, filter, corrections: one name for one protocol")
_VALIDITY = (Field("date", "Date of the calibration", "text", isRequired=True, tip=_DATE),
             Field("validUntil", "Valid until", "text", tip=f"{_DATE}; then it is flagged in every study"),
             Field("source", "Note", "text", tip="Who measured it, phantom, deviations"))
_SETTINGS = (_CAMERA, _NUCLIDE, _COLLIMATOR, *_WINDOW)
_DEAD_TIME_FIELDS = (Field("model", "Model of the dead time", "choice", tuple(MODELS.items()), isRequired=True),
                     Field("microseconds", "Dead time (µs)", tip="Leave it empty where countings of a decaying source "
                                                                 "are given below"))
_SCAN_TIME = (
    Field("acquisitionDateTime", "Start of the scan", "text", tip=f"{_DATE_TIME}; empty: as the header states it"),
    Field("durationSeconds", "Duration (s)", tip="Of all views of one detector; empty: as the header states it"))
_HEADER = (
    Field("fullFieldCountRateCps", "Full-field count rate (1/s)", tip="Of the whole spectrum, for the dead time"),
    Field("nuclideReason", "Why the header's nuclide is wrong", "text"))
_COUNTING = (
    Field("dateTime", "At", "text", isRequired=True, tip=_DATE_TIME),
    Field("counts", "Counts", isRequired=True), Field("seconds", "Time (s)", isRequired=True),
    Field("backgroundCounts", "Background (counts)"),
    Field("backgroundSeconds", "Counting time of the background (s)"))

_RESULT = (
    Field("dateTime", "Date and time", "text", isRequired=True, tip=_DATE_TIME),
    Field("value", "Reading", tip="e.g. of the activity meter; or the counts below"),
    Field("counts", "Counts"), Field("seconds", "Counting time (s)"),
    Field("backgroundCounts", "Counts of the background"),
    Field("backgroundSeconds", "Counting time of the background (s)"))

GROUPS = {
    "instrument": ("Instrument and validity", (*_SETTINGS, _RECONSTRUCTION, *_VALIDITY)),
    "counterInstrument": ("Instrument and validity", (
        Field("instrument", "Kind of instrument", "choice", (("thyroidProbe", "Thyroid probe"),
                                                             ("gammaCounter", "Gamma counter")), isRequired=True),
        _CAMERA, _NUCLIDE, *_WINDOW, *_VALIDITY)),
    "deadTimeInstrument": ("Instrument and validity", (*_SETTINGS, *_VALIDITY)),
    "scan": ("Where the header is silent or wrong", (
        Field("unit", "Unit", "choice", tuple((unit, unit) for unit in ("counts", "cps", "Bq/mL", "kBq/mL", "MBq/mL"))),
        *_SCAN_TIME,
        Field("isDecayCorrected", "Decay during the scan", "choice", ((True, "corrected"), (False, "not corrected"))),
        *_HEADER)),
    "planarScan": ("View, windows and region", (
        Field("detector", "Detector", "integer", tip="Its number, where the file holds several views"),
        Field("mainWindow", "Number of the main window", "integer", tip="Where the file holds several windows"),
        Field("lowerWindow", "Number of the window below", "integer", tip="For scatter by three energy windows"),
        Field("upperWindow", "Number of the window above", "integer", tip="For scatter by three energy windows"),
        Field("columns", "Columns of the region", "text", tip="From-to, counted from 0; empty: the whole view"),
        Field("rows", "Rows of the region", "text", tip="From-to, counted from 0; empty: the whole view"),
        *_SCAN_TIME,
        Field("backgroundCounts", "Counts of the background", tip="Of the same region without the source"),
        Field("backgroundSeconds", "Counting time of the background (s)"),
        *_HEADER)),
    "region": ("Region of the phantom", (
        Field("method", "Region", "choice", (
            (WHOLE_FIELD, "the whole field of view"), (CYLINDER, "cylinder, found in the image"),
            (SPHERE, "sphere at the point"), (SEGMENT, "a drawn region")), isRequired=True),
        Field("marginMM", "Larger by (mm)", tip="Of the cylinder; below zero: its inside alone"),
        Field("diameterMM", "Diameter of the sphere (mm)"),
        Field("fillVolumeML", "Volume of the filling (mL)", tip="Where the region is a part of it"),
        Field("background", "Background", "choice", (
            (NO_BACKGROUND, "none"), (RATE, "count rate"), (BACKGROUND_SEGMENT, "a drawn region"))),
        Field("backgroundCps", "Count rate of the background (1/s)", tip="In the region, without the phantom"))),
    "activity": ("Activity meter", (
        Field("unit", "Unit of both readings", "choice", _ACTIVITY_UNITS, isRequired=True),
        Field("measuredActivity", "Activity before filling", isRequired=True),
        Field("measuredDateTime", "measured on", "text", isRequired=True, tip=_DATE_TIME),
        Field("residualActivity", "Residual activity", isRequired=True, tip="In syringe and vial; 0 for nothing"),
        Field("residualDateTime", "measured on", "text", tip=f"{_DATE_TIME}; empty: as the activity before filling"),
        Field("activityPercent", "Standard uncertainty (%)", tip="Of the activity meter, k = 1"))),
    "spheres": ("Filling of the spheres", (
        Field("kBqPerML", "Concentration (kBq/mL)", isRequired=True, tip="In the spheres"),
        Field("dateTime", "at", "text", isRequired=True, tip=_DATE_TIME),
        Field("percent", "Standard uncertainty (%)", tip="Of the concentration, k = 1"),
        Field("backgroundKBqPerML", "Background (kBq/mL)", tip="At the same time; empty: cold"),
        Field("placing", "Places of the spheres", "choice", (
            (AUTOMATIC, "found in the image"), (POINTS, "as in the table")), isRequired=True),
        Field("ringRadiusMM", "Radius of their ring (mm)", tip="Empty: 57.2 mm, as of the NEMA body phantom"),
        Field("ct", "CT of the phantom", "text",
              tip="File or DICOM folder, in the coordinates of the scans: the spheres are found by their walls"),
        Field("leftOut", "Spheres left out", "text", tip="Those known to be empty or not mounted, as 10 mm, 13 mm"))),
    "deadTimeStated": ("Dead time", (
        Field("model", "Model of the dead time", "choice", (*MODELS.items(), (AUTO, "The one that fits countings "
                                                                             "better")), isRequired=True),
        *_DEAD_TIME_FIELDS[1:], Field("percent", "Standard uncertainty (%)", tip="k = 1"),
        Field("origin", "Known from", "text"),
        Field("backgroundCps", "Count rate without the source (1/s)", tip="For a decaying source"))),
    "standard": ("Standard", (
        Field("unit", "Unit of the activity", "choice", _ACTIVITY_UNITS, isRequired=True),
        Field("activity", "Activity", isRequired=True),
        Field("dateTime", "at", "text", isRequired=True, tip=_DATE_TIME),
        Field("percent", "Standard uncertainty (%)", tip="k = 1"),
        Field("volumeML", "Volume (mL)", tip="Samples of another volume are flagged"))),
    "log": ("Control chart", (
        Field("instrument", "Instrument", "text", isRequired=True),
        Field("period", "Test", "choice", _PERIODS, isRequired=True),
        Field("name", "Source", "text", isRequired=True, tip="Radionuclide and serial number"),
        Field("radionuclide", "Radionuclide", "choice", NUCLIDES, tip="For its half-life; or state the half-life"),
        Field("halfLifeHours", "Half-life (h)", tip="Of a radionuclide that is not listed"),
        Field("halfLifeSource", "Half-life from", "text", tip="e.g. the certificate of the source"),
        Field("warningPercent", "Warning from (%)", isRequired=True),
        Field("actionPercent", "Action from (%)", isRequired=True))),
    "reference": ("Reference measurement", _RESULT),
    "test": ("Test", (*_RESULT, Field("note", "Note", "text"))),
    "deadTime": ("Dead time", _DEAD_TIME_FIELDS),
}

_OF_KIND = {
    SENSITIVITY: ("instrument", "region", "activity", "deadTime"), RECOVERY: ("instrument", "spheres", "deadTime"),
    PLANAR: ("instrument", "activity", "deadTime"), DEAD_TIME: ("deadTimeInstrument", "deadTimeStated"),
    COUNTER: ("counterInstrument", "standard", "deadTime"), LOG: ("log", "reference"), TEST: ("test",)}
# Groups of which nothing has to be stated.
OPTIONAL = ("deadTime",)
SPHERE_FIELDS = (Field("diameterMM", "Inner \N{LATIN CAPITAL LETTER O WITH STROKE} (mm)", isRequired=True),
                 Field("right", "R (mm)"), Field("anterior", "A (mm)"), Field("superior", "S (mm)"),
                 Field("name", "Name", "text"))
_TABLES = {RECOVERY: ("Spheres", SPHERE_FIELDS), COUNTER: ("Countings of the standard", _COUNTING),
           DEAD_TIME: ("Countings of a decaying source", _COUNTING[:3])}


def groupsOf(kind):
    """Names of the groups of a kind, in their order."""
    return _OF_KIND[kind]


def scanGroupOf(kind):
    """The group of what is stated of each scan, or ``None`` for a kind without scans."""
    return {SENSITIVITY: "scan", RECOVERY: "scan", PLANAR: "planarScan"}.get(kind)


def tableOf(kind):
    """Title and fields of the kind's table, or ``None``."""
    return _TABLES.get(kind)


def faultsOf(fields, values):
    """What is wrong with what was typed: name of a field -> words. What is missing is none of it."""
    found = {}
    for field in fields:
        value = values.get(field.name)
        if value is None:
            continue
        try:
            _check(field, value)
        except InputError as error:
            found[field.name] = f"{error.what}. {error.mend}." if error.mend else f"{error.what}."
    return found


def _check(field, value):
    if field.name in ("dateTime", "measuredDateTime", "residualDateTime", "acquisitionDateTime"):
        calibrationRecord.momentOf(value, field.title)
    elif field.name in ("date", "validUntil"):
        calibrationRecord.dateOf(value, field.title)
    elif field.kind in ("number", "integer"):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise InputError(f"'{value}' is not a number", field.title, "Write it with a decimal point")
        isTooLow = value < 0 if field.name in _NOT_NEGATIVE else value <= 0
        if isTooLow and field.name not in _ANY_SIGN:
            raise InputError(f"{value:g} is not {'zero or more' if field.name in _NOT_NEGATIVE else 'above zero'}",
                             field.title, "Check it and its unit")
        if field.name.lower().endswith("percent") and value > 100:
            raise InputError(f"{value:g} % is more than all of it", field.title, "Give percent of the value")


def missingOf(fields, values):
    """Titles of required fields that are not stated."""
    return [field.title for field in fields if field.isRequired and values.get(field.name) is None]


def missing(kind, values, scans):
    """What is to be given before a calibration can be made: sentences.

    Parameters
    ----------
    kind : str
    values : dict
        Group -> name of a field -> value; ``rows``: those of the kind's table.
    scans : list
        Scans that were added.
    """
    words = []
    if scanGroupOf(kind) and not scans:
        words.append("Add a scan")
    for group in groupsOf(kind):
        title, fields = GROUPS[group]
        stated = {name: value for name, value in values.get(group, {}).items() if value is not None}
        if group in OPTIONAL and not stated:
            continue
        lacking = missingOf(fields, stated)
        if lacking:
            words.append(f"{title}: {', '.join(lacking)}")
        words += [f"{title}: {text}" for text in faultsOf(fields, stated).values()]
    rows = values.get("rows") or []
    if kind == COUNTER and not rows:
        words.append("Add a counting of the standard")
    if kind == RECOVERY and values.get("spheres", {}).get("placing") == POINTS and not rows:
        words.append("Give the spheres with their diameters and places")
    return words + _rowWords(kind, rows)


def _rowWords(kind, rows):
    if tableOf(kind) is None:
        return []
    title, fields = tableOf(kind)
    words = []
    for number, row in enumerate(rows, 1):
        place = f"{title}, row {number}"
        words += [f"{place}: {text}" for text in faultsOf(fields, row).values()]
        words += [f"{place}: {name} is missing" for name in missingOf(fields, row)]
    return words

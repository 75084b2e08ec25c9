"""PLANAR.json: serial planar or whole-body views, the regions in them, and what makes activities of their counts.

::

    {"schemaVersion": 1, "source": "whole-body scans, regions by ...",
     "images": [{"file": "day0.dcm", "hoursAfterAdministration": 4.0},
                {"file": "day1.dcm", "hoursAfterAdministration": 24.0, "shiftPixels": [1, -2]}],
     "detectors": {"anterior": 1, "posterior": 2}, "windows": {"main": 1, "lower": 2, "upper": 3},
     "isPosteriorMirrored": true,
     "regions": [{"name": "kidney left", "anterior": [[150, 90], [162, 90], [162, 110], [150, 110]],
                  "background": [[165, 90], [168, 90], [168, 110], [165, 110]], "bodyFraction": 0.8}]}

Corners are [column, row]; ``posterior`` and ``backgroundPosterior`` may be left out where the posterior view is the
mirror image (``isPosteriorMirrored`` true) or drawn like the anterior one (false). With ``alignment`` and a CT, regions
without corners are those of the CT as the views show them; with ``attenuation`` and ``sensitivity`` counts become
activities (docs/planar.md).
"""

import json
import os

from .. import jsonText
from ..errors import Faults, InputError
from .protocol import positiveNumber

SCHEMA_VERSION = 1
SIDES = ("anterior", "posterior")
SCALED, ABSOLUTE = "scaled", "absolute"
CT, TRANSMISSION = "ct", "transmission"
EXCLUDED, KEPT, SEPARATED = "exclude", "keep", "separate"
# Keys that name files.
FILE_KEYS = ("ct", "labelmap", "sensitivity")
_TRANSMISSION_FILES = ("open", "transmitted")
_KEYS = {"schemaVersion", "source", "images", "detectors", "windows", "isPosteriorMirrored", "regions", "radionuclide",
         "ct", "labelmap", "names", "orientation", "alignment", "projection", "attenuation", "sensitivity",
         "fieldOfViewLengthMM", "use"}
_IMAGE_KEYS = {"file", "hoursAfterAdministration", "shiftPixels", "shiftMM", "durationSeconds"}
_REGION_KEYS = {"name", *SIDES, "background", "backgroundPosterior", "bodyFraction", "projection", "thicknessMM",
                "thicknessUncertaintyMM", "transmission"}
_PROJECTION_KEYS = {"marginMM", "background", "overlap", "resolutionFWHMMM"}
_PROJECTION_EXAMPLE = 'Write e.g. {"overlap": "separate", "resolutionFWHMMM": 9}'
_RING_KEYS = {"gapMM", "widthMM"}
_ATTENUATION_KEYS = {"from", "relativeUncertainty", "energyKeV", *_TRANSMISSION_FILES, "transmissionKeV", "detector",
                     "window"}
_SENSITIVITY_KEYS = {"cpsPerMBq", "relativeUncertainty", "source"}
# Of one view: beyond it, the unit is another one (cps/kBq, cps/Bq) and no camera's.
_LEAST_CPS_PER_MBQ, _MOST_CPS_PER_MBQ = 0.1, 5000.0
# Length of a detector along the table.
_LEAST_LENGTH_MM, _MOST_LENGTH_MM = 150.0, 1500.0
_MOST_BODY_FRACTION = 2.0


def readPlanarStudy(path):
    """The content of a planar file with absolute paths.

    Raises
    ------
    InputError, FaultList
        Every fault of its shape.
    """
    where = os.path.basename(str(path))
    try:
        with open(path, encoding="utf-8") as file:
            content = jsonText.load(file, where)
    except FileNotFoundError:
        raise InputError("There is no such file", str(path), "Check the path of the planar file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The file cannot be read ({error.__class__.__name__})", str(path)) from None
    except json.JSONDecodeError as error:
        raise InputError(f"This is not valid JSON: {error.msg} in line {error.lineno}", where) from None
    content = checked(content, where)
    folder = os.path.dirname(os.path.abspath(path))
    for _name, holder, key in fileReferences(content):
        holder[key] = os.path.normpath(os.path.join(folder, holder[key]))
    return content


def fileReferences(content):
    """(name, object, key) of every path that the content of a planar file holds; no two names are the same."""
    found = [(f"planar image {number}", image, "file") for number, image in enumerate(content.get("images") or [], 1)
             if isinstance(image, dict) and isinstance(image.get("file"), str)]
    found += [(f"planar {key}", content, key) for key in FILE_KEYS if isinstance(content.get(key), str)]
    attenuation = content.get("attenuation")
    if isinstance(attenuation, dict):
        found += [(f"planar transmission, {key}", attenuation, key) for key in _TRANSMISSION_FILES
                  if isinstance(attenuation.get(key), str)]
    return found


def checked(content, where):
    """A copy of the content of a planar file whose shape is right; files are not looked at.

    Raises
    ------
    InputError, FaultList
    """
    if not isinstance(content, dict) or content.get("schemaVersion") != SCHEMA_VERSION:
        raise InputError("The file does not hold planar views of a known schemaVersion", where,
                         f'Give "schemaVersion": {SCHEMA_VERSION}')
    content, faults = json.loads(json.dumps(content)), Faults()
    refuseUnknown(content, _KEYS, where, faults)
    _checkImages(content, where, faults)
    _checkRegions(content, where, faults)
    for key, known in (("detectors", set(SIDES)), ("windows", {"main", "lower", "upper"}), ("orientation", set(SIDES)),
                       ("alignment", {"middleRSMM", "source", "isRefined", "uncertaintyMM"})):
        if content.get(key) is not None and not (isinstance(content[key], dict) and set(content[key]) <= known):
            faults.add(f"'{key}' is not an object of {', '.join(sorted(known))}", where)
            faults.raiseIfAny()
    for key in ("detectors", "windows"):
        with faults.collect():
            _requireNumbers(content.get(key) or {}, f"{where}: {key}")
    names = content.get("names")
    if names is not None:
        with faults.collect():
            _requireNames(names, f"{where}: names")
    if content.get("windows") and ("lower" in content["windows"]) != ("upper" in content["windows"]):
        faults.add("Scatter needs both windows beside the main one", f"{where}: windows", "Give lower and upper")
    _checkActivity(content, where, faults)
    if isinstance(content.get("projection"), dict):
        _checkProjection(content["projection"], f"{where}: projection", faults)
    elif content.get("projection") is not None:
        faults.add("The projection is not an object", f"{where}: projection", _PROJECTION_EXAMPLE)
    alignment = content.get("alignment") or {}
    if not isinstance(alignment.get("isRefined", False), bool):
        faults.add(f"isRefined is {alignment['isRefined']!r}", f"{where}: alignment", "Give true or false")
    if alignment.get("uncertaintyMM") is not None:
        with faults.collect():
            positiveNumber(alignment["uncertaintyMM"], "uncertainty of the position (mm)", f"{where}: alignment")
    middle = alignment.get("middleRSMM")
    if middle is not None and not isPair(middle):
        faults.add("The middle of the view is not two numbers", f"{where}: alignment.middleRSMM",
                   "Give right and superior coordinate in mm, e.g. [0, -120]")
    faults.raiseIfAny()
    return content


def _checkImages(content, where, faults):
    images = content.get("images")
    # one pair of views is enough for an activity, but not for a course in time
    if not isinstance(images, list) or len(images) < (1 if content.get("sensitivity") is not None else 2):
        faults.add("A planar series needs at least two images", f"{where}: images")
        images = []
    for position, image in enumerate(images):
        place = f"{where}: image {position + 1}"
        if not isinstance(image, dict) or not isinstance(image.get("file"), str):
            faults.add("The image is not named", place, 'Give "file": a path')
            continue
        refuseUnknown(image, _IMAGE_KEYS, place, faults)
        with faults.collect():
            positiveNumber(image.get("hoursAfterAdministration"), "time after administration (h)", place)
        if image.get("durationSeconds") is not None:
            with faults.collect():
                positiveNumber(image["durationSeconds"], "duration of the image (s)", place)
        for key in ("shiftPixels", "shiftMM"):
            if image.get(key) is not None and not isPair(image[key]):
                faults.add(f"{key} is not two numbers", place, "Give e.g. [4, -10]")
        if image.get("shiftPixels") is not None and image.get("shiftMM") is not None:
            faults.add("The image is shifted in pixels and in mm", place, "Give one of them")


def _checkRegions(content, where, faults):
    regions = content.get("regions")
    if not isinstance(regions, list) or not regions:
        faults.add("No regions are given", f"{where}: regions", "Give at least one")
        regions = []
    named = [region for region in regions if isinstance(region, dict)]
    names = [region.get("name") for region in named]
    for position, region in enumerate(regions):
        place = f"{where}: region {position + 1}"
        if not isinstance(region, dict) or not (isinstance(region.get("name"), str) and region["name"].strip()):
            faults.add("The region is not named", place, "Name it as the region of the SPECT/CT")
            continue
        refuseUnknown(region, _REGION_KEYS, place, faults)
        if names.count(region["name"]) > 1:
            faults.add("Two regions have the same name", place, "Rename one of them")
        if isinstance(region.get("projection"), dict):
            _checkProjection(region["projection"], f"{place}: projection", faults)
        elif region.get("projection") not in (None, False):
            faults.add("The projection is not an object", f"{place}: projection", _PROJECTION_EXAMPLE)
        for key in ("thicknessMM", "thicknessUncertaintyMM"):
            if region.get(key) not in (None, 0):
                with faults.collect():
                    positiveNumber(region[key], f"{key} of the region", place)
        for key in (*SIDES, "background", "backgroundPosterior"):
            corners = region.get(key)
            if corners is not None and not (isinstance(corners, list) and all(isPair(corner) for corner in corners)):
                faults.add(f"'{key}' is no polygon", place,
                           "Give its corners in pixels, e.g. [[8, 9], [12, 9], [9, 20]]")
        share = region.get("bodyFraction")
        if share is not None and not (isNumber(share) and 0 <= share <= _MOST_BODY_FRACTION):
            faults.add(f"bodyFraction is {share!r}", place,
                       "Give a factor, 1 for a thin source, 1 - t/T for a thick one")
        given = region.get("transmission")
        if given is not None and not (isinstance(given, dict) and set(given) == {"openCounts", "transmittedCounts"}
                                      and all(isNumber(value) for value in given.values())):
            faults.add("The transmission of the region is not openCounts and transmittedCounts", place)
    drawn = [region for region in named if "anterior" in region and "posterior" not in region]
    if drawn and not isinstance(content.get("isPosteriorMirrored"), bool) and not content.get("orientation"):
        faults.add("Whether the posterior view is the mirror image is not stated", f"{where}: isPosteriorMirrored",
                   "Give true or false, or the posterior region of each")


def _checkProjection(given, where, faults):
    refuseUnknown(given, _PROJECTION_KEYS, where, faults)
    if given.get("overlap", EXCLUDED) not in (EXCLUDED, KEPT, SEPARATED):
        faults.add(f"{given['overlap']!r} is no way to treat overlap", where, f"Use {EXCLUDED}, {KEPT} or {SEPARATED}")
    if given.get("overlap") == SEPARATED:
        with faults.collect():
            positiveNumber(given.get("resolutionFWHMMM"), "resolution of the views (resolutionFWHMMM, mm)", where)
        for key in sorted({"marginMM", "background"} & set(given)):
            faults.add(f"'{key}' is given for regions that are separated, where all of the view is described", where,
                       "Leave it out")
        return
    if not isNumber(given.get("marginMM")) or given["marginMM"] < 0:
        faults.add("The margin around projected regions is not stated", where,
                   'Give "marginMM", about the resolution of the views, e.g. 10; 0 for none')
    ring = given.get("background")
    if ring is None:
        return
    if not (isinstance(ring, dict) and set(ring) == _RING_KEYS and all(isNumber(ring[key]) and ring[key] >= 0
                                                                       for key in _RING_KEYS) and ring["widthMM"] > 0):
        faults.add("The background of projected regions is not a ring", where,
                   'Write e.g. {"gapMM": 5, "widthMM": 10}')


def _checkActivity(content, where, faults):
    """Sensitivity and attenuation, both or neither."""
    given = [key for key in ("attenuation", "sensitivity") if content.get(key) is not None]
    if len(given) == 1:
        faults.add(f"Counts become activities by attenuation and sensitivity, and only the {given[0]} is given", where,
                   "Give both, or neither for counts")
    if content.get("use", SCALED) not in (SCALED, ABSOLUTE):
        faults.add(f"{content['use']!r} is no use of a planar series", f"{where}: use", f"Use {SCALED} or {ABSOLUTE}")
    if content.get("use") == ABSOLUTE and len(given) < 2:
        faults.add("Counts cannot be used as activities", f"{where}: use", "Give attenuation and sensitivity")
    sensitivity, attenuation = content.get("sensitivity"), content.get("attenuation")
    if isinstance(sensitivity, dict):
        place = f"{where}: sensitivity"
        refuseUnknown(sensitivity, _SENSITIVITY_KEYS, place, faults)
        with faults.collect():
            value = positiveNumber(sensitivity.get("cpsPerMBq"), "sensitivity (cps/MBq)", place)
            if not _LEAST_CPS_PER_MBQ <= value <= _MOST_CPS_PER_MBQ:
                faults.add(f"The sensitivity of {value:g} cps/MBq is that of no gamma camera", place,
                           "Check its unit: counts per second and MBq, of one view")
        if not (isinstance(sensitivity.get("source"), str) and sensitivity["source"].strip()):
            faults.add("The sensitivity has no source", place, "State how it was measured")
        _checkShare(sensitivity, place, faults)
    elif sensitivity is not None and not isinstance(sensitivity, str):
        faults.add("The sensitivity is neither a calibration record nor stated", f"{where}: sensitivity",
                   'Name the record, or give {"cpsPerMBq": 9.1, "relativeUncertainty": 0.03, "source": "..."}')
    if content.get("fieldOfViewLengthMM") is not None:
        with faults.collect():
            length = positiveNumber(content["fieldOfViewLengthMM"], "length of the field of view (mm)", where)
            if not _LEAST_LENGTH_MM <= length <= _MOST_LENGTH_MM:
                faults.add(f"The field of view is {length:g} mm long, as no detector is", where,
                           "Give the length of the detectors along the table in mm")
    if attenuation is None:
        return
    place = f"{where}: attenuation"
    if not isinstance(attenuation, dict) or attenuation.get("from") not in (CT, TRANSMISSION):
        faults.add("What attenuation comes from is not stated", place, f'Give "from": "{CT}" or "{TRANSMISSION}"')
        return
    refuseUnknown(attenuation, _ATTENUATION_KEYS, place, faults)
    _checkShare(attenuation, place, faults)
    for key in ("energyKeV", "transmissionKeV"):
        if attenuation.get(key) is not None:
            with faults.collect():
                positiveNumber(attenuation[key], f"{key} (keV)", place)
    files = [key for key in _TRANSMISSION_FILES if attenuation.get(key) is not None]
    if attenuation["from"] == TRANSMISSION and attenuation.get("transmissionKeV") is None:
        faults.add("The energy of the transmission source is not stated", place, 'Give "transmissionKeV"')
    if len(files) == 1 or (files and attenuation["from"] == CT):
        faults.add("A transmission scan is two images, without and with the patient", place,
                   f'Give "from": "{TRANSMISSION}", "open" and "transmitted"')


def _checkShare(given, where, faults):
    value = given.get("relativeUncertainty")
    if value is not None and not (isNumber(value) and 0 <= value < 1):
        faults.add(f"The relative uncertainty is {value!r}", where, "Give a fraction, 0.03 for 3 %")


def _requireNames(names, where):
    """Region by label: what is left out by mistake is neither measured nor seen as overlap."""
    if not isinstance(names, dict) or not all(str(label).isdigit() and int(label) > 0 for label in names) \
            or not all(isinstance(name, str) and name.strip() for name in names.values()):
        raise InputError("The names are not regions by their label", where, 'Write e.g. {"1": "liver"}')
    if len(set(names.values())) < len(names) or len({int(label) for label in names}) < len(names):
        raise InputError("Two labels have the same name, or a label stands twice", where,
                         "Give each label its own name")


def _requireNumbers(given, where):
    """Detectors and windows are counted from 1, and each stands for one thing."""
    found = list(given.values())
    if any(isinstance(number, bool) or not isinstance(number, int) or number < 1 for number in found):
        raise InputError(f"These are no numbers from 1 ({', '.join(map(repr, found))})", where,
                         "Give whole numbers, as the file counts them")
    if len(set(found)) < len(found):
        raise InputError(f"One number stands for two ({', '.join(map(str, found))})", where, "Give each its own")


def isNumber(value):
    return not isinstance(value, bool) and isinstance(value, int | float) and abs(value) < float("inf")


def isPair(value):
    return isinstance(value, list) and len(value) == 2 and all(isNumber(item) for item in value)


def refuseUnknown(content, known, where, faults):
    for key in content:
        if key not in known:
            faults.add(f"The key '{key}' is not known", where, f"Known are {', '.join(sorted(known))}")

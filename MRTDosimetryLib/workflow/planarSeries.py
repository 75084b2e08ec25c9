"""PLANAR.json: serial planar or whole-body views and the regions in them, to planar series for hybrid protocols.

::

    {"schemaVersion": 1, "source": "whole-body scans, regions by ...",
     "images": [{"file": "day0.dcm", "hoursAfterAdministration": 4.0},
                {"file": "day1.dcm", "hoursAfterAdministration": 24.0, "shiftPixels": [1, -2]}],
     "detectors": {"anterior": 1, "posterior": 2}, "windows": {"main": 1, "lower": 2, "upper": 3},
     "isPosteriorMirrored": true,
     "regions": [{"name": "kidney left", "anterior": [[150, 90], [162, 90], [162, 110], [150, 110]],
                  "background": [[165, 90], [168, 90], [168, 110], [165, 110]], "bodyFraction": 0.8}]}

Corners are [column, row]; ``posterior`` and ``backgroundPosterior`` may be left out where the posterior view is the
mirror image (``isPosteriorMirrored`` true) or drawn like the anterior one (false). Counts are those of the main window
less scatter by the windows beside it, less background, as the geometric mean of both views; per second for static
images, per scan speed for whole-body scans.
"""

import csv
import io
import json
import os

from ..dicom.planar import readPlanar
from ..errors import Faults, InputError
from ..imaging import planarRegions
from ..physics import planarActivity
from ..therapies import planar as planarTable
from . import planarViews
from .jointKinetics import UNCERTAINTY_COLUMN
from .protocol import positiveNumber

SCHEMA_VERSION = 1
_KEYS = {"schemaVersion", "source", "images", "detectors", "windows", "isPosteriorMirrored", "regions"}
_IMAGE_KEYS = {"file", "hoursAfterAdministration", "shiftPixels", "durationSeconds"}
_REGION_KEYS = {"name", "anterior", "posterior", "background", "backgroundPosterior", "bodyFraction"}
_SIDES = ("anterior", "posterior")
# Of the smaller region: what lies over each other in a view cannot be told apart.
_NOTABLE_OVERLAP = 0.02


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
            content = json.load(file)
    except FileNotFoundError:
        raise InputError("There is no such file", str(path), "Check the path of the planar file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The file cannot be read ({error.__class__.__name__})", str(path)) from None
    except json.JSONDecodeError as error:
        raise InputError(f"This is not valid JSON: {error.msg} in line {error.lineno}", where) from None
    if not isinstance(content, dict) or content.get("schemaVersion") != SCHEMA_VERSION:
        raise InputError("The file does not hold planar views of a known schemaVersion", where,
                         f'Give "schemaVersion": {SCHEMA_VERSION}')
    faults = Faults()
    _refuseUnknown(content, _KEYS, where, faults)
    images, regions = content.get("images"), content.get("regions")
    if not isinstance(images, list) or len(images) < 2:
        faults.add("A planar series needs at least two images", f"{where}: images")
        images = []
    for position, image in enumerate(images):
        place = f"{where}: image {position + 1}"
        if not isinstance(image, dict) or not isinstance(image.get("file"), str):
            faults.add("The image is not named", place, 'Give "file": a path')
            continue
        _refuseUnknown(image, _IMAGE_KEYS, place, faults)
        with faults.collect():
            positiveNumber(image.get("hoursAfterAdministration"), "time after administration (h)", place)
    if not isinstance(regions, list) or not regions:
        faults.add("No regions are given", f"{where}: regions", "Give at least one")
        regions = []
    names = [region.get("name") for region in regions if isinstance(region, dict)]
    for position, region in enumerate(regions):
        place = f"{where}: region {position + 1}"
        if not isinstance(region, dict) or not (isinstance(region.get("name"), str) and region["name"].strip()):
            faults.add("The region is not named", place, "Name it as the region of the SPECT/CT")
            continue
        _refuseUnknown(region, _REGION_KEYS, place, faults)
        if names.count(region["name"]) > 1:
            faults.add("Two regions have the same name", place, "Rename one of them")
    if not isinstance(content.get("isPosteriorMirrored"), bool) and any(
            isinstance(region, dict) and "posterior" not in region for region in regions):
        faults.add("Whether the posterior view is the mirror image is not stated", f"{where}: isPosteriorMirrored",
                   "Give true or false, or the posterior region of each")
    for key, known in (("detectors", set(_SIDES)), ("windows", {"main", "lower", "upper"})):
        if content.get(key) is not None and not (isinstance(content[key], dict) and set(content[key]) <= known):
            faults.add(f"'{key}' is not an object of {', '.join(sorted(known))}", where)
    if content.get("windows") and ("lower" in content["windows"]) != ("upper" in content["windows"]):
        faults.add("Scatter needs both windows beside the main one", f"{where}: windows", "Give lower and upper")
    faults.raiseIfAny()
    folder = os.path.dirname(os.path.abspath(path))
    return {**content, "images": [{**image, "file": os.path.normpath(os.path.join(folder, image["file"]))}
                                  for image in images]}


def planarSeries(content):
    """Net counts of every region in every image.

    Parameters
    ----------
    content : dict
        Of :func:`readPlanarStudy`.

    Returns
    -------
    list of dict
        ``timeHours``, ``region``, ``counts``, ``uncertaintyCounts`` (k = 1), as the study key
        ``measurements.planar`` takes them.
    list of str
        Warnings, each without a full stop.

    Raises
    ------
    InputError, FaultList
    """
    faults, rows, warnings, scales = Faults(), [], [], {}
    for position, item in enumerate(content["images"]):
        with faults.collect():
            image = readPlanar(item["file"])
            name = f"image {position + 1} ({item['hoursAfterAdministration']:g} h)"
            warnings += [f"{name}: {words}" for words in image.warnings]
            scales[name] = _scale(image, item, name)
            found, words = _regions(content, item, image, name)
            warnings += words
            rows.append((item["hoursAfterAdministration"], name, found))
    faults.raiseIfAny()
    kinds = {kind for kind, _value in scales.values()}
    if len(kinds) > 1:
        raise InputError("Static images and whole-body scans do not make up one series", "planar images",
                         "Give images of one kind")
    found = [{"timeHours": float(hours), "region": region, "counts": net.counts * scales[name][1],
              "uncertaintyCounts": net.uncertainty * scales[name][1]}
             for hours, name, regions in rows for region, net in regions.items()]
    return planarTable.check(sorted(found, key=lambda row: (row["region"], row["timeHours"])), "planar series"), \
        list(dict.fromkeys(warnings))


def _scale(image, item, name):
    """What one image's counts are multiplied by to be comparable with another's."""
    if image.kind == "WHOLE BODY":
        speed = image.facts.get("scanVelocityMMPerSecond")
        if speed is None:
            raise InputError("The whole-body scan does not state its speed", name, "Export it with its scan velocity")
        return image.kind, float(speed.value)
    duration = item.get("durationSeconds")
    if duration is None and "durationSeconds" in image.facts:
        duration = image.facts["durationSeconds"].value
    return image.kind, 1.0 / positiveNumber(duration, "duration of the image (s)", name)


def _regions(content, item, image, name):
    """Geometric mean of the net counts of both views by region, and warnings."""
    found, shapes, words, faults = {}, {side: {} for side in _SIDES}, [], Faults()
    detectors = content.get("detectors") or {}
    views = {side: planarViews.chosen(image, detectors.get(side), content.get("windows"), name, side)
             for side in _SIDES}
    for region in content["regions"]:
        with faults.collect():
            nets = []
            for side in _SIDES:
                net, fractions, said = _net(content, item, views[side], region, side, name)
                nets.append(net)
                shapes[side][region["name"]] = fractions
                words += said
            found[region["name"]] = planarActivity.geometricMean(*nets)
    faults.raiseIfAny()
    for side, byName in shapes.items():
        names = list(byName)
        for index, first in enumerate(names):
            for second in names[index + 1:]:
                share = planarRegions.overlapShare(byName[first], byName[second])
                if share > _NOTABLE_OVERLAP:
                    words.append(f"{first} and {second} lie over each other in the {side} view ({share:.0%} of the "
                                 "smaller one): their counts cannot be told apart. Draw what is free of overlap")
    return found, words


def _net(content, item, views, region, side, name):
    """Net counts of a region in a view, its fractions of pixels, and warnings."""
    where = f"{name}, {region['name']}, {side}"
    shape = views["main"].counts.shape
    own = _corners(content, region, item, "anterior" if side == "anterior" else "posterior", side, shape)
    if own is None:
        raise InputError("The region is not drawn", where, "Give the corners of its polygon")
    fractions = planarRegions.polygonFractions(shape, own, where)
    counts, spread, words = planarViews.primary(views, fractions, where)
    key = "background" if side == "anterior" else "backgroundPosterior"
    corners = _corners(content, region, item, key, side, shape)
    background = backgroundSpread = pixels = None
    if corners is not None:
        around = planarRegions.polygonFractions(shape, corners, f"{where}, background")
        background, backgroundSpread, said = planarViews.primary(views, around, f"{where}, background")
        pixels = float(around.sum(dtype=float))
        words += said
    share = region.get("bodyFraction", 1.0)
    return planarActivity.netCounts(counts, float(fractions.sum(dtype=float)), background, pixels, share, spread,
                                    backgroundSpread, where), fractions, words


def _corners(content, region, item, key, side, shape):
    """Corners in this image and view: its own, or those of the anterior view as the posterior one shows them."""
    corners = region.get(key)
    if corners is None and side == "posterior":
        corners = region.get({"posterior": "anterior", "backgroundPosterior": "background"}[key])
        if corners is not None and content["isPosteriorMirrored"]:
            corners = planarRegions.mirrored(corners, shape[1])
    if corners is None:
        return None
    shift = item.get("shiftPixels") or (0, 0)
    sign = -1 if side == "posterior" and content.get("isPosteriorMirrored") else 1
    return [[column + sign * shift[0], row + shift[1]] for column, row in corners]


def tableText(rows):
    """The series as the CSV text that ``kinetics.hybrid`` reads."""
    names = list(dict.fromkeys(row["region"] for row in rows))
    table = {(row["timeHours"], row["region"]): row for row in rows}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["timeHours", *(cell for name in names for cell in (name, name + UNCERTAINTY_COLUMN))])
    for hours in sorted({row["timeHours"] for row in rows}):
        cells = [table.get((hours, name)) for name in names]
        writer.writerow([hours, *(value for row in cells for value in (
            ("", "") if row is None else (row["counts"], row["uncertaintyCounts"])))])
    return text.getvalue()


def writeTable(rows, path):
    """Write :func:`tableText`; nothing half-written stays behind."""
    partial = f"{path}.partial"
    try:
        with open(partial, "w", encoding="utf-8", newline="") as file:
            file.write(tableText(rows))
        os.replace(partial, path)
    except OSError as error:
        if os.path.exists(partial):
            os.remove(partial)
        raise InputError(f"The series cannot be written ({error.strerror or error})", str(path),
                         "Choose a folder you may write to") from None


def _refuseUnknown(content, known, where, faults):
    for key in content:
        if key not in known:
            faults.add(f"The key '{key}' is not known", where, f"Known are {', '.join(sorted(known))}")

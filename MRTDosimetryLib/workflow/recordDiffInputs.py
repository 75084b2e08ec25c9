"""Which files differ between two finished studies: by SHA-256, and of images how many voxels and which tags."""

import csv
import json
import os

import numpy as np

from ..errors import InputError
from ..imaging.files import readImage
from . import activityImage, calibrationUse, record, studyFileStatements
from .record import hashInputs
from .recordDiffValues import changes, flat
from .recordDiffValues import words as changeWords

SPECT, CT, LABELS = "SPECT", "CT", "regions"
# Of a series of many slices, tags that differ in each are told once.
_TAGS_TOLD = 20


def roles(content):
    """What each path of a record's study is for: list of (title, stage, path, kind of image or None, time point)."""
    study = content.get("study") or {}
    found = []
    for number, item in enumerate(study.get("timePoints") or [], 1):
        found += [(f"time point {number}, {title}", "timePoints", item.get(key), title, number - 1)
                  for key, title in (("spect", SPECT), ("ct", CT))]
        found.append((f"time point {number}, calibration", "timePoints", item.get(calibrationUse.KEY), None, None))
    found += [("calibration of the scans", "timePoints", study.get(calibrationUse.KEY), None, None),
              ("calibration of the recovery", "kinetics",
               (study.get("partialVolume") or {}).get(calibrationUse.KEY), None, None)]
    regions = study.get("regions") or {}
    found += [("regions", "regions", regions.get("labelmap"), LABELS, None),
              ("regions", "regions", regions.get("segmentation"), None, None)]
    found.append(("report of the administration", "protocol", (study.get("administration") or {}).get("report"),
                  None, None))
    found += [(name, "kinetics", holder[key], None, None) for name, holder, key in record.planarReferences(study)]
    found += [(f"external map, {key}", "dose", (record.externalOf(study) or {}).get(key), None, None)
              for key in record.EXTERNAL_FILES]
    found += [(f"statements, {name}", "measurements", holder[key], None, None)
              for name, holder, key in studyFileStatements.namedFileReferences(study)]
    return [row for row in found if row[2] is not None]


def differences(first, second, sceneImages):
    """Inputs that differ.

    Parameters
    ----------
    first, second : Finished
    sceneImages : callable
        ``sceneImages(finished) -> list of (SPECT, CT)``: volumes of the saved scene by time point, for files that are
        not as they were any more; may raise :class:`InputError`.

    Returns
    -------
    list of dict
        ``what``, ``stage``, ``files`` (``path``, ``from``, ``to``: SHA-256 or ``None``), ``details`` in words, and
        ``values`` of tables and JSON files (see :func:`.recordDiffValues.changes`).
    """
    one, other = ({row[0]: row for row in roles(item.record)} for item in (first, second))
    found = []
    for title in dict.fromkeys([*one, *other]):
        a, b = one.get(title), other.get(title)
        stage = (a or b)[1]
        if a is None or b is None:
            found.append({"what": title, "stage": stage, "files": [], "values": [], "details": [
                f"only in the {'second' if a is None else 'first'} study"]})
            continue
        files = _changedFiles(_filesOf(first.record, a[2]), _filesOf(second.record, b[2]))
        if not files:
            continue
        details, values = [], []
        if a[3] == LABELS == b[3]:
            details = _labelWords(first, second, a, b)
        elif a[3] in (SPECT, CT):
            details = _imageWords(first, second, a, b, sceneImages) + _tagWords(first, second, files)
        else:
            values = _changedValues(first, second, files)
            details = _valueWords(values)
        found.append({"what": title, "stage": stage, "details": details, "values": values,
                      "files": [{key: row[key] for key in ("path", "from", "to")} for row in files]})
    return found


def _filesOf(content, path):
    """{name below the path: (path, SHA-256)} of the inputs of one role, side-cars included."""
    stem = path.rsplit(".", 1)[0]
    found = {}
    for item in content.get("inputs") or []:
        own = item["path"]
        if own == path:
            found[""] = (own, item["sha256"])
        elif own.startswith(f"{path}/") or own.startswith(path + os.sep):
            found[own[len(path) + 1:]] = (own, item["sha256"])
        elif own.startswith(f"{stem}.") and own.endswith(".json"):
            found["side-car"] = (own, item["sha256"])
        elif path.endswith(".vtm") and own.startswith(f"{stem}/"):
            found[own[len(stem) + 1:]] = (own, item["sha256"])
    return found


def _changedFiles(first, second):
    found = []
    for name in dict.fromkeys([*first, *second]):
        a, b = first.get(name), second.get(name)
        if a is None or b is None or a[1] != b[1]:
            found.append({"path": (b or a)[0], "from": a and a[1], "to": b and b[1],
                          "paths": (a and a[0], b and b[0])})
    return found


def _isAsRecorded(finished, path):
    """Whether all files of a role still are those of the record."""
    items = _filesOf(finished.record, path).values()
    paths = [finished.absolute(own) for own, _digest in items]
    return bool(paths) and all(os.path.isfile(own) for own in paths) and \
        [row["sha256"] for row in hashInputs(paths)] == [digest for _own, digest in items]


def _labelWords(first, second, a, b):
    try:
        return voxelWords(*(readImage(finished.absolute(row[2])) for finished, row in ((first, a), (second, b)))) \
            if _isAsRecorded(first, a[2]) and _isAsRecorded(second, b[2]) else []
    except InputError as error:
        return [f"voxels cannot be compared: {error}"]


def _imageWords(first, second, a, b, sceneImages):
    images, sources = [], []
    for finished, (title, _stage, path, kind, number) in ((first, a), (second, b)):
        try:
            if _isAsRecorded(finished, path):
                read = activityImage.readActivityImage if kind == SPECT else activityImage.readCT
                images.append(read(finished.absolute(path), title)[0])
                sources.append("file")
            else:
                images.append(sceneImages(finished)[number][0 if kind == SPECT else 1])
                sources.append("scene")
        except (InputError, IndexError) as error:
            words = str(error) if isinstance(error, InputError) else "the saved scene has no such image"
            return [f"voxels cannot be compared: {words}"]
    if "scene" in sources and kind == SPECT and sources != ["scene", "scene"]:
        # one in the unit of its file, the other one as it was computed with
        try:
            images = [sceneImages(finished)[number][0] for finished in (first, second)]
        except (InputError, IndexError):
            return ["voxels cannot be compared: one of the images is gone"]
    words = voxelWords(*images)
    return [*words, "compared as they are in the saved scenes: a file is gone or was exchanged"] \
        if "scene" in sources else words


def voxelWords(one, other):
    """How two images differ: in size, in place, in how many voxels and by how much; empty where they are equal."""
    if one.array.shape != other.array.shape:
        return [f"the images have {' x '.join(map(str, one.sizeIJK))} and {' x '.join(map(str, other.sizeIJK))} voxels"]
    words = []
    shift = np.abs(one.ijkToRAS - other.ijkToRAS).max()
    if shift > 0:
        words.append(f"the geometry differs (largest entry of the matrix by {shift:.3g})")
    first, second = np.asarray(one.array, float), np.asarray(other.array, float)
    changed = first != second
    count = int(changed.sum())
    if count == 0:
        return words or ["all voxels are equal"]
    k, j, i = np.unravel_index(int(np.argmax(np.abs(second - first))), changed.shape)
    unit = f" {one.unit}" if one.unit else ""
    words.append(f"{count} of {changed.size} voxels differ, the most at (i, j, k) = ({i}, {j}, {k}): "
                 f"{first[k, j, i]:.6g} -> {second[k, j, i]:.6g}{unit}")
    total = first.sum()
    if total:
        words.append(f"sum of the image {100.0 * (second.sum() - total) / abs(total):+.3g} %")
    return words


def _tagWords(first, second, files):
    """DICOM tags that differ between files of the same name, those of all slices told once."""
    from ..dicom.headerDifferences import headerDifferences
    from ..dicom.readers import isDicom

    found = {}
    for row in files:
        if None in row["paths"]:
            continue
        paths = [item.absolute(path) for item, path in zip((first, second), row["paths"], strict=True)]
        if paths[0] == paths[1] or not all(os.path.isfile(path) and isDicom(path) for path in paths):
            continue
        for change in headerDifferences(*paths):
            found.setdefault((change["tag"], change["keyword"]), []).append(change)
    words = []
    for (tag, keyword), rows in list(found.items())[:_TAGS_TOLD]:
        more = f" and so on in {len(rows)} files" if len(rows) > 1 else ""
        words.append(f"tag {tag} {keyword}: {rows[0]['from']} -> {rows[0]['to']}{more}")
    if len(found) > _TAGS_TOLD:
        words.append(f"and {len(found) - _TAGS_TOLD} more tags")
    return words


def _changedValues(first, second, files):
    """Values that differ between JSON files or tables that still are those of the records."""
    found = []
    for row in files:
        contents = [_valuesOf(finished, path, row[key]) for finished, path, key in zip(
            (first, second), row["paths"], ("from", "to"), strict=True)]
        if None not in contents:
            found += changes(*map(flat, contents))
    return found


def _valueWords(values):
    words = [changeWords(change) for change in values[:_TAGS_TOLD]]
    return words + ([f"and {len(values) - _TAGS_TOLD} more values"] if len(values) > _TAGS_TOLD else [])


def _valuesOf(finished, path, digest):
    path = None if path is None else finished.absolute(path)
    if path is None or not os.path.isfile(path) or hashInputs([path])[0]["sha256"] != digest:
        return None
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            if path.endswith(".json"):
                return json.load(file)
            return list(csv.DictReader(file)) if path.endswith(".csv") else None
    except (OSError, ValueError, csv.Error):
        return None

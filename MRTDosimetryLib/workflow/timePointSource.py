"""Which files a time point was read from, so that a record can name them in place of a copy."""

import os

from ..scene import volumes

# Whose word the statements beside the images are; "user" for those given in the module.
STATED_BY = "statedBy"


def note(timePoint, item):
    """Keep the entry of a study file that makes this time point again.

    Parameters
    ----------
    item : dict
        With absolute paths under ``spect`` and ``ct``.
    """
    item = {key: value for key, value in item.items() if value is not None}
    for key in ("spect", "ct"):
        if key in item:
            item[key] = os.path.abspath(item[key])
    timePoint.source = {"item": item, "files": _stamps(item), "images": _digests(timePoint)}


def itemOf(timePoint):
    """The entry that makes this time point again; ``None`` where the files or the images in the scene changed since,
    or where the images came from elsewhere."""
    source = timePoint.source
    if not source or source["files"] != _stamps(source["item"]) or source["images"] != _digests(timePoint):
        return None
    return source["item"]


def sideCarOf(path):
    """The side-car of an image file, or ``None``."""
    from ..dicom.sideCar import sideCarPath

    beside = sideCarPath(path)
    return beside if os.path.isfile(path) and os.path.isfile(beside) and beside != path else None


def filesOf(path):
    """A file, or the files of a folder in order."""
    if not os.path.isdir(path):
        return [path]
    return [os.path.join(folder, name) for folder, _folders, names in sorted(os.walk(path)) for name in sorted(names)]


def _stamps(item):
    """Size and time of every file: they tell a changed file at once, its SHA-256 goes into the record."""
    paths = [path for key in ("spect", "ct") if key in item for path in filesOf(item[key])]
    paths += [path for path in (sideCarOf(item["spect"]),) if path]
    found = []
    for path in paths:
        state = os.stat(path) if os.path.exists(path) else None
        found.append([path, None if state is None else [state.st_size, state.st_mtime_ns]])
    return found


def _digests(timePoint):
    ct = timePoint.ctNode
    return [volumes.contentDigest(timePoint.spectNode), None if ct is None else volumes.contentDigest(ct)]

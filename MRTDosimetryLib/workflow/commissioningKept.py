"""The commissioning runs that a center keeps: a folder with one sub-folder for each run."""

import datetime
import os
from dataclasses import dataclass

from ..errors import InputError
from ..progress import noProgress
from . import commissioningSigned
from .commissioning import HTML_NAME, JSON_NAME, groups, readResult, runCommissioning, versions
from .commissioningCase import Case

_CASE_KEYS = set(Case("", "", "").toDict())
_NAME_FORMAT = "%Y-%m-%dT%H-%M-%S"


@dataclass(frozen=True)
class KeptRun:
    """A run that is kept.

    Attributes
    ----------
    folder : str
    content : dict
        Of its ``commissioning.json``.
    created : datetime.datetime
        With its offset from UTC.
    warning : str
        Words where its page bears another digest, or there is none.
    signatures : tuple of dict
        Who signed it; see :func:`.commissioningSigned.signatures`.
    faults : tuple of str
        What is no longer as it was signed.
    """

    folder: str
    content: dict
    created: datetime.datetime
    warning: str
    signatures: tuple = ()
    faults: tuple = ()

    @property
    def pagePath(self):
        """The page to be signed, or ``None`` where it is not there."""
        path = os.path.join(self.folder, HTML_NAME)
        return path if os.path.isfile(path) else None

    @property
    def changedVersions(self):
        """What is another version now: ``(name, then, now)``; the computer is not meant."""
        before = self.content.get("versions") or {}
        return [(name, str(before.get(name) or "none"), str(value)) for name, value in versions().items()
                if name != "platform" and str(before.get(name)) != str(value)]

    def isComparable(self, isQuick, chosen=None):
        """Whether it was made to the same extent and holds all chosen groups (all groups by default)."""
        wanted = set(groups() if chosen is None else chosen)
        return self.content.get("isQuick") is isQuick and wanted <= set(self.content.get("groups") or groups())


def keptRuns(folder):
    """The runs in a folder, newest first.

    Returns
    -------
    (list of KeptRun, list of str)
        Those that can be read, and words on the others.

    Raises
    ------
    InputError
        There is no such folder, or it cannot be read.
    """
    try:
        places = sorted(entry.path for entry in os.scandir(folder)
                        if entry.is_dir() and os.path.isfile(os.path.join(entry.path, JSON_NAME)))
    except OSError as error:
        raise InputError(f"The folder of the runs cannot be read ({error.strerror or error})", str(folder),
                         "Choose the folder in which they are kept") from None
    runs, problems = [], []
    for place in places:
        try:
            runs.append(_read(place))
        except InputError as error:
            problems.append(str(error))
    return sorted(runs, key=lambda run: (run.created, run.folder), reverse=True), problems


def _read(place):
    content, _digest, warning = readResult(place)
    counts = {"result", "isPassed", "passed", "failed", "notRun", "optionalNotRun"}
    if not {"isQuick", "seconds", "versions", "previous"} <= set(content) or not counts <= set(content["overall"]) \
            or not all(_CASE_KEYS <= set(case) for case in content["cases"]):
        raise InputError("The result is not complete", os.path.join(place, JSON_NAME))
    try:
        created = datetime.datetime.fromisoformat(content["created"]).astimezone()
    except (KeyError, TypeError, ValueError):
        raise InputError("The result does not say when it was made", os.path.join(place, JSON_NAME)) from None
    return KeptRun(place, content, created, warning, tuple(commissioningSigned.signatures(place)),
                   tuple(commissioningSigned.faultWords(place)))


def lastComparable(folder, isQuick, chosen=None):
    """The newest run that a run of this extent and these groups can be compared with, or ``None``."""
    runs = keptRuns(folder)[0] if os.path.isdir(folder) else []
    return next((run for run in runs if run.isComparable(isQuick, chosen)), None)


def runAndKeep(folder, isQuick=False, progress=noProgress, dataFolder=None, chosen=None, runBy=None, previous=None):
    """Run the commissioning into a new sub-folder, compared with the last comparable run that is kept.

    Parameters
    ----------
    folder : str
        Made where there is none. Canceled work adds nothing to it.
    previous : str, optional
        Folder of the run to compare with, in place of the last comparable one.
    isQuick, progress, dataFolder, chosen, runBy
        As of :func:`.commissioning.runCommissioning`.

    Returns
    -------
    (str, dict)
        The sub-folder, and what its ``commissioning.json`` holds.

    Raises
    ------
    InputError
        As :func:`.commissioning.runCommissioning`.
    """
    if not str(folder).strip():
        raise InputError("No folder is named in which the runs are kept", "commissioning", "Choose a folder")
    if previous is None:
        last = lastComparable(folder, isQuick, chosen)
        previous = None if last is None else last.folder
    place = _newPlace(folder)
    return place, runCommissioning(place, isQuick, previous, progress, dataFolder, chosen, runBy)


def _newPlace(folder):
    """A sub-folder that is not there yet, named by the time."""
    name, number = datetime.datetime.now().strftime(_NAME_FORMAT), 1
    place = os.path.join(folder, name)
    while os.path.exists(place):
        number += 1
        place = os.path.join(folder, f"{name}-{number}")
    return place

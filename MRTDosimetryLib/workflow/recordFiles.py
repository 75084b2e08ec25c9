"""A finished study, or a signed commissioning, on disk: what its record and its results say."""

import json
import os

from ..errors import InputError

RECORD, RESULTS = "record.json", "results.json"
SIGNED, COMMISSIONING = "signed.json", "commissioning.json"


class Finished:
    """A finished study.

    Attributes
    ----------
    folder : str
        Of the record; paths of the record are relative to it.
    record, results : dict
        ``results`` is None where it was not asked for, or is not there.
    """

    recordName, resultsName, kind, what = RECORD, RESULTS, "record", "a study"

    def __init__(self, path, areResultsNeeded=True):
        path = os.path.abspath(str(path))
        recordPath = os.path.join(path, self.recordName) if os.path.isdir(path) else path
        self.folder = os.path.dirname(recordPath)
        self.record = readJSON(recordPath, "the record")
        if not isinstance(self.record, dict) or self.record.get("kind") != self.kind:
            raise InputError(f"This is not the record of {self.what}", recordPath,
                             f"Give the folder of results, or its {self.recordName}")
        self.results = None
        resultsPath = os.path.join(self.folder, self.resultsName)
        if areResultsNeeded:
            self.results = readJSON(resultsPath, "the results")
            if not isinstance(self.results, dict):
                raise InputError(f"These are not the results of {self.what}", resultsPath)

    def absolute(self, path):
        """A path of the record."""
        return os.path.normpath(os.path.join(self.folder, path))


class SignedCommissioning(Finished):
    """A run of the commissioning that was signed; ``results`` is its ``commissioning.json``."""

    recordName, resultsName = SIGNED, COMMISSIONING
    kind, what = "signed commissioning", "a signed commissioning"


def finishedAt(path, areResultsNeeded=True):
    """The :class:`Finished` study, or :class:`SignedCommissioning`, at a path."""
    path = os.path.abspath(str(path))
    isRun = os.path.isfile(os.path.join(path, COMMISSIONING)) and not os.path.exists(os.path.join(path, RECORD))
    if isRun and not os.path.exists(os.path.join(path, SIGNED)):
        raise InputError("This run of the commissioning is not signed", path, "Sign it: mrt-dosimetry check --sign")
    isSigned = isRun or os.path.basename(path) == SIGNED
    return (SignedCommissioning if isSigned else Finished)(path, areResultsNeeded)


def readJSON(path, what):
    """Content of a JSON file, or an :class:`InputError` that names it."""
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        raise InputError(f"There is no file of {what}", path, "Give the folder that a study was written into") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"The file of {what} cannot be read ({error.__class__.__name__})", path) from None

"""A finished study on disk, by its folder or its record: what the record and the results say."""

import json
import os

from ..errors import InputError

RECORD, RESULTS = "record.json", "results.json"


class Finished:
    """A finished study.

    Attributes
    ----------
    folder : str
        Of the record; paths of the record are relative to it.
    record, results : dict
        ``results`` is None where it was not asked for, or is not there.
    """

    def __init__(self, path, areResultsNeeded=True):
        path = os.path.abspath(str(path))
        recordPath = os.path.join(path, RECORD) if os.path.isdir(path) else path
        self.folder = os.path.dirname(recordPath)
        self.record = readJSON(recordPath, "the record")
        if not isinstance(self.record, dict) or self.record.get("kind") != "record":
            raise InputError("This is not the record of a study", recordPath, "Give the folder of results, or its "
                             "record.json")
        self.results = None
        resultsPath = os.path.join(self.folder, RESULTS)
        if areResultsNeeded:
            self.results = readJSON(resultsPath, "the results")
            if not isinstance(self.results, dict):
                raise InputError("These are not the results of a study", resultsPath)

    def absolute(self, path):
        """A path of the record."""
        return os.path.normpath(os.path.join(self.folder, path))


def readJSON(path, what):
    """Content of a JSON file, or an :class:`InputError` that names it."""
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        raise InputError(f"There is no file of {what}", path, "Give the folder that a study was written into") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"The file of {what} cannot be read ({error.__class__.__name__})", path) from None

"""Where the files shipped beside the code are found: from the source tree, a Slicer build or a Python package."""

import json
import os

from .errors import InputError

_HERE = os.path.dirname(os.path.abspath(__file__))


def dataPath(*names):
    """Absolute path of a file of the ``data`` layer."""
    return os.path.join(_HERE, "data", *names)


def resourcePath(*names):
    """Absolute path of a file of the shared ``Resources`` folder.

    Raises
    ------
    InputError
        When the file is in none of the places an installation may have.
    """
    candidates = [os.path.join(_HERE, "Resources", *names), os.path.join(os.path.dirname(_HERE), "Resources", *names)]
    for path in candidates:
        if os.path.exists(path):
            return path
    raise InputError(f"The installation lacks {'/'.join(names)}", "MRTDosimetry", "Install the extension again")


def loadJSON(path):
    """Content of a UTF-8 JSON file that ships with the library."""
    with open(path, encoding="utf-8") as file:
        return json.load(file)

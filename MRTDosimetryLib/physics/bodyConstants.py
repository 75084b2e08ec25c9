"""Published constants of whole body, blood and marrow (``data/bloodAndWholeBody.json``), each with its origin."""

import copy
import functools

from ..resources import dataPath, loadJSON


@functools.lru_cache(maxsize=1)
def _constants():
    return loadJSON(dataPath("bloodAndWholeBody.json"))


def constants(name):
    """Record of a name, with ``source``, ``edition``, ``unit`` and ``verified``; the caller's own copy."""
    return copy.deepcopy(_constants()[name])


def constantsOf(name, radionuclide):
    """As :func:`constants`, of a radionuclide; ``None`` where the file holds none for it."""
    return next((entry for entry in constants(name) if entry["radionuclide"] == radionuclide), None)


def originOf(record):
    """Source of a record in words, with whether it was checked."""
    return sourceWords(record["source"], record["verified"])


def sourceWords(source, isVerified):
    """A source, and "not verified" where it neither was checked nor says so itself."""
    return source if isVerified or "not checked" in source else f"{source} (not verified)"

"""JSON that a person wrote: a key that stands twice in an object is refused, where JSON takes the last one silently."""

import json

from .errors import InputError


def load(file, where=""):
    """Content of an open JSON file, otherwise as :func:`json.load`.

    Raises
    ------
    InputError
        A key that is given twice in one object; no end of nesting.
    """
    return loads(file.read(), where)


def loads(text, where=""):
    """As :func:`load`, of a text."""

    def once(pairs):
        found = {}
        for key, value in pairs:
            if key in found:
                raise InputError(f"The key '{key}' is given twice in one object", where,
                                 "Give it once: which of both is meant cannot be known")
            found[key] = value
        return found

    try:
        return json.loads(text, object_pairs_hook=once)
    except RecursionError:
        raise InputError("The objects lie too deep in each other to be read", where) from None

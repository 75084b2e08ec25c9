"""Sentences of the other layers as a report prints them."""

import re

from .numbers import GROUP_SEPARATOR

_PERCENT = re.compile(r"(?<=\d)%")
# A key of the study file in parentheses, e.g. (uncertainty.calibrationRelative): where a file is mended, for no reader.
_KEY = re.compile(r" \((?!\w+\.(?:csv|html|json|nrrd|pdf)\))(?:[a-z]\w*\.)+[a-z]\w*\)"
                  r"| \([a-z]{2,}(?:[A-Z][a-z]\w*|[A-Z]+)+\)")


def readable(text):
    """A sentence with a space before each percent sign and without the keys of study files.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
    """
    return _PERCENT.sub(f"{GROUP_SEPARATOR}%", _KEY.sub("", str(text)))

"""Messages as a page says them: keys of the study file as words, and no digit that says nothing.

A file of a study is written by its keys, so that errors and warnings name them. Who works in the module never sees
that file: there the same messages speak of what the pages call it.
"""

import re

from .recordDiffTold import choiceWords

_HEADS = ("administration", "dose", "kinetics", "measurements", "microspheres", "partialVolume", "patient",
          "prediction", "prescription", "radiobiology", "regions", "reporting", "thyroid", "timePoints", "uncertainty")
_FILES = r"(?:csv|dcm|html|json|md|nrrd|pdf|py|txt)\b"
_KEY = rf"(?<![\w./\\-])(?:{'|'.join(_HEADS)})(?:\.(?!{_FILES})[a-z][A-Za-z]*)+(?![\w.]*[\w/\\])"
# In brackets after the words that say the same.
_BESIDE = re.compile(rf" \({_KEY}(?:(?:, | or | and ){_KEY})*\)")
# The place that an error names first.
_PLACE = re.compile(rf"^{_KEY}(?=[:,])")
_INSIDE = re.compile(_KEY)
# Not those of a UID.
_MANY_DIGITS = re.compile(r"(?<![\w.])\d+\.\d{7,}(?!\.?\w)")
_DIGITS = 6


def spoken(text):
    """A message in which keys are words, and numbers have up to six digits."""
    text = _BESIDE.sub("", text)
    text = _PLACE.sub(lambda match: _words(match.group()), text)
    text = _INSIDE.sub(lambda match: f"“{_words(match.group())}”", text)
    return _MANY_DIGITS.sub(lambda match: f"{float(match.group()):.{_DIGITS}g}", text)


def _words(key):
    return choiceWords(key.split("."))[0]

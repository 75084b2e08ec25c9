"""What is asked of a stage's record again and again: whether it is current, failed, or holds a value."""

import functools
import json
from dataclasses import dataclass

from ..digests import digestOf


@dataclass(frozen=True)
class StageHead:
    """What there is to know of a stage's record without its value.

    Attributes
    ----------
    digest : str
        Of the inputs.
    error : str or None
    hasValue : bool
    valueDigest : str
        :func:`~MRTDosimetryLib.digests.digestOf` the value.
    """

    digest: str = ""
    error: str | None = None
    hasValue: bool = False
    valueDigest: str = digestOf(None)


@functools.lru_cache(maxsize=64)  # the pages ask many times for records of megabytes that did not change
def headOf(text):
    """The head of a stage's record, given as its JSON text; KeyError or ValueError where it is none."""
    record = json.loads(text)
    value = record.get("value")
    return StageHead(record["digest"], record.get("error"), value is not None, digestOf(value))

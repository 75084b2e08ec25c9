"""The log of a study: overrides, exclusions, sign-offs and stage runs, each entry holding the hash of the one before.

A later edit of an entry, or one taken out, breaks the chain there and shows. Whoever rewrites the whole chain can hide
it: this is no electronic signature.
"""

import hashlib
import json
from datetime import datetime

_RECORD = "chain"
HASH, PREVIOUS, NUMBER = "hash", "previous", "number"


def canonical(value):
    """JSON text of a value that does not depend on the order of keys; numbers keep every digit."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256Of(value):
    """SHA-256 of a JSON value, 64 hexadecimal digits."""
    return hashlib.sha256(canonical(value).encode("utf-8")).hexdigest()


def entries(study):
    """All entries, the oldest first.

    Returns
    -------
    list of dict
        ``number`` (from 1), ``time`` (ISO 8601), ``kind``, ``what``, what else the kind has (``reason``, ``name``,
        ``role``, ``before``, ``after`` ...), ``previous`` and ``hash``.
    """
    return list((study.stageRecord(_RECORD) or {}).get("entries") or [])


def append(study, kind, what, **details):
    """Add an entry.

    Parameters
    ----------
    kind : str
        "override", "exclusion", "inclusion", "registration", "signOff", "withdrawal", "stage" or "record".
    what : str
        What it is about, in words.
    **details
        JSON values; ``None`` is left out.

    Returns
    -------
    dict
        The entry.
    """
    found = entries(study)
    entry = following(found, kind, what, **details)
    study.setStageRecord(_RECORD, {"entries": [*found, entry]})
    return entry


def following(chain, kind, what, **details):
    """The entry that goes on from those of ``chain``, which stays as it is; see :func:`append`."""
    entry = {NUMBER: len(chain) + 1, "time": now(), "kind": kind, "what": what,
             **{key: value for key, value in details.items() if value is not None},
             PREVIOUS: chain[-1][HASH] if chain else ""}
    entry[HASH] = sha256Of(entry)
    return entry


def head(study):
    """Hash of the last entry, which stands for all of them; an empty text where there is none."""
    found = entries(study)
    return found[-1][HASH] if found else ""


def now():
    """The time with its offset from UTC, ISO 8601."""
    return datetime.now().astimezone().isoformat(timespec="seconds")


def faultWords(chain):
    """What is wrong with a chain as read from a file, one sentence each; empty where it is whole."""
    words, previous = [], ""
    if not isinstance(chain, list) or not all(isinstance(entry, dict) for entry in chain):
        return ["The log is not a list of entries"]
    for position, entry in enumerate(chain, 1):
        name = f"Entry {position} of the log ({entry.get('kind')}, {entry.get('what')})"
        if entry.get(NUMBER) != position:
            words.append(f"{name} has the number {entry.get(NUMBER)}: an entry was taken out or put in before it")
        elif entry.get(PREVIOUS) != previous:
            words.append(f"{name} does not follow on the one before it: that one was exchanged")
        if entry.get(HASH) != sha256Of({key: value for key, value in entry.items() if key != HASH}):
            words.append(f"{name} was edited")
        previous = entry.get(HASH)
    return words

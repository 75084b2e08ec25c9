"""Digest of a JSON value: what results depend on, and what a registry holds, told apart by a short text."""

import hashlib
import json


def grouped(digest, letters=64):
    """The first ``letters`` of a digest in groups of four, to be compared by eye: ``"3f9a 1c22"``."""
    shown = digest[:letters]
    return " ".join(shown[start:start + 4] for start in range(0, len(shown), 4))


def sealOf(content):
    """SHA-256 of an object without its key ``digest``, independent of the order of keys: what it is sealed by."""
    text = json.dumps({key: value for key, value in content.items() if key != "digest"}, sort_keys=True,
                      separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def digestOf(value):
    """Digest of a JSON value that does not depend on the order of keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.blake2b(text.encode("utf-8"), digest_size=16).hexdigest()

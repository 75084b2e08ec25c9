"""Digest of a JSON value: what results depend on, and what a registry holds, told apart by a short text."""

import hashlib
import json


def digestOf(value):
    """Digest of a JSON value that does not depend on the order of keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.blake2b(text.encode("utf-8"), digest_size=16).hexdigest()

"""How a patient is called in the registry: by the center's own study code, or by a keyed hash of the identifier.

The key (256 random bits) stands in a file of its own, never in the registry: without it nobody can try identifiers
until one fits. HMAC-SHA-256, RFC 2104.
"""

import hashlib
import hmac
import os
import re
import secrets
from datetime import date

from ..errors import InputError

KEY_ENVIRONMENT = "MRTDOSIMETRY_REGISTRY_KEY"
OTHER_KEY = ("Name the key that the registry was begun with: with another one a known patient would count as a new "
             "one")
_KEY_BYTES = 32
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_YEAR_FIRST = re.compile(r"(?<!\d)(?P<year>\d{4})[-._]?(?P<first>\d{2})[-._]?(?P<second>\d{2})(?!\d)")
_YEAR_LAST = re.compile(r"(?<!\d)(?P<first>\d{1,2})[-._]?(?P<second>\d{1,2})[-._]?(?P<year>\d{4})(?!\d)")
_HASHED = re.compile(r"h-[0-9a-f]{32}")
_LONGEST_NUMBER = 5
# Identifiers of images whose identity was taken away: all patients would be one.
_PLACEHOLDERS = {"anon", "anonym", "anonymous", "anonymized", "anonymised", "deidentified", "unknown", "none", "null",
                 "noid", "nopatientid", "patient", "patientid", "id", "test", "phantom", "na"}


def checkCode(code, what="study code", where="registry"):
    """``code`` if it can stand for a patient or center without naming anybody.

    Raises
    ------
    InputError
        It holds other characters than letters, digits, point, hyphen and underscore (a DICOM name has ``^``), or it
        looks like a name, a date of birth or a patient's number.
    """
    text = str(code)
    if "^" in text or "," in text:
        raise InputError(f"The {what} looks like a patient's name", where, "Give a code of your study, such as P-017")
    if not _CODE.fullmatch(text):
        raise InputError(f"The {what} is not a code of at most 64 letters, digits, points, hyphens and underscores "
                         "that begins with a letter or digit", where, "Give a code of your study, such as P-017")
    if what == "center" or _HASHED.fullmatch(text):
        return text
    if not any(character.isdigit() for character in text):
        raise InputError(f"The {what} has no digit and may be a name", where,
                         "Give a code of your study, such as P-017")
    if any(_isDate(match) for pattern in (_YEAR_FIRST, _YEAR_LAST) for match in pattern.finditer(text)):
        raise InputError(f"The {what} holds what looks like a date of birth", where,
                         "Give a code of your study, such as P-017")
    if text.isdigit() and len(text) > _LONGEST_NUMBER:
        raise InputError(f"The {what} is a number of {len(text)} digits and may be the patient's own", where,
                         "Give a code of your study, such as P-017")
    return text


def requireForeignCode(code, *identities):
    """Refuse a code that holds the patient's name or identifier, as far as they are known."""
    plain = _plain(code)
    for identity in identities:
        for part in (_plain(identity), *map(_plain, re.split(r"[\s^,]+", str(identity or "")))):
            if len(part) >= 3 and part in plain:
                raise InputError("The study code holds the patient's name or identifier", "registry",
                                 "Give a code that tells nothing of the patient, such as P-017")
    return code


def pseudonymOf(key, identifier):
    """Pseudonym of a patient's identifier: a keyed hash."""
    return f"h-{keyedHash(key, 'patient', requireIdentifier(identifier))}"


def requireIdentifier(identifier):
    """A patient's identifier without blanks around it.

    Raises
    ------
    InputError
        No identifier, or one that stands for many patients.
    """
    text = str(identifier or "").strip()
    if not isIdentifying(text):
        raise InputError(f"'{text}' identifies no patient" if text else "The patient has no identifier", "registry",
                         "Give the patient's identifier, or a code of your study")
    return text


def isIdentifying(identifier):
    """Whether an identifier can be that of one patient: not empty, zeros, or a word such as "anonymous"."""
    plain = _plain(identifier)
    return bool(plain.strip("0")) and plain not in _PLACEHOLDERS


def keyedHash(key, purpose, text):
    """128 bits of HMAC-SHA-256, as hexadecimal text; ``purpose`` keeps hashes of different kinds apart."""
    return hmac.new(key, f"{purpose}\0{text}".encode(), hashlib.sha256).hexdigest()[:32]


def fingerprint(key):
    """What a registry keeps of its key, to know it again."""
    return keyedHash(key, "fingerprint", "MRTDosimetry registry")[:16]


def keyPath(place, isFile, path=None):
    """Where the key of a registry is, or should be made; ``None`` where nobody says so.

    Parameters
    ----------
    place : str
        The registry's file, or its URL.
    path : str, optional
        Stated by the user; the environment's :data:`KEY_ENVIRONMENT` comes next, then ``<file>.key``.
    """
    return path or os.environ.get(KEY_ENVIRONMENT) or (f"{place}.key" if isFile else None)


def makeKey(path):
    """Write a new key that only its owner can read; never over another file."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(_KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        raise InputError("There is a file of this name already", str(path), "A key is never overwritten") from None
    except OSError as error:
        raise InputError(f"The key cannot be written ({error.strerror or error})", str(path),
                         "Choose a folder you may write to") from None


def readKey(path):
    """The key of a key file."""
    try:
        with open(path, encoding="ascii") as file:
            key = bytes.fromhex(file.read().strip())
    except FileNotFoundError:
        raise InputError("The key of the registry is missing", str(path),
                         "Bring it back, or name it by --key: without it a known patient cannot be told from a new one"
                         ) from None
    except OSError as error:
        raise InputError(f"The key of the registry cannot be read ({error.strerror or error})", str(path)) from None
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise InputError("This is not a key of a registry", str(path), f"A key is {2 * _KEY_BYTES} hexadecimal digits")
    return key


def _isDate(match):
    """Whether the numbers are those of a day since 1880, in either order of day and month."""
    year, first, second = (int(match[name]) for name in ("year", "first", "second"))
    if not 1880 <= year <= 2100:
        return False
    for month, day in ((first, second), (second, first)):
        try:
            date(year, month, day)
            return True
        except ValueError:
            continue
    return False


def _plain(text):
    return re.sub(r"[\W_]+", "", str(text or "").lower())

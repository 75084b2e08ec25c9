"""Who the patient of a study is to an open registry: identifier, key and pseudonym brought together."""

import os

from ..errors import InputError
from . import pseudonyms


def patientIn(registry, identifier, patient, final, code, keyPath):
    """How the patient is called in an open registry.

    Parameters
    ----------
    registry : Registry
    identifier : str
        Of the patient; may be empty where ``code`` is given.
    patient : dict
        ``name``, if known: a code may not hold it.
    final : dict
        Content of results.json.
    code, keyPath : str or None
        Study code, and the file of the key.

    Returns
    -------
    (str, str or None, str or None)
        Pseudonym, keyed digest of the administration's date and time, fingerprint of the key; the last two are
        ``None`` without a key.
    """
    if code is not None:
        pseudonyms.requireForeignCode(pseudonyms.checkCode(code), patient.get("name"), identifier)
    else:
        pseudonyms.requireIdentifier(identifier)  # before a key is made
    key = registryKey(registry, keyPath, isMade=code is None)
    pseudonym = code if code is not None else pseudonyms.pseudonymOf(key, identifier)
    moment = (final.get("administration") or {}).get("dateTime")
    if key is None:
        return pseudonym, None, None
    return (pseudonym, pseudonyms.keyedHash(key, "administration", moment) if moment else None,
            pseudonyms.fingerprint(key))


def registryKey(registry, keyPath=None, isMade=False):
    """The key of an open registry, or ``None``; with ``isMade`` a first one is made beside the registry's file.

    Raises
    ------
    InputError
        A key that is missing although the registry was begun with one, that nobody names, or of another registry.
    """
    path = pseudonyms.keyPath(registry.place, registry.isFile, keyPath)
    isStated = path is not None and path != f"{registry.place}.key"
    if path is not None and (isStated or os.path.exists(path)):
        return _ofRegistry(pseudonyms.readKey(path), registry, path)
    if not isMade:
        return None
    if path is None:
        raise InputError("Nothing says where the key of the pseudonyms is", registry.place,
                         f"Set {pseudonyms.KEY_ENVIRONMENT} to its file, or give a study code")
    if registry.keyFingerprint is None:
        pseudonyms.makeKey(path)
    return _ofRegistry(pseudonyms.readKey(path), registry, path)


def knownPseudonym(registry, identifier, code=None, keyPath=None):
    """(center, pseudonym) of a patient, or ``None`` where neither code nor identifier and key tell."""
    if code is not None:
        return registry.centerId, pseudonyms.checkCode(code)
    key = registryKey(registry, keyPath)
    if key is None or not pseudonyms.isIdentifying(identifier):
        return None
    return registry.centerId, pseudonyms.pseudonymOf(key, identifier)


def _ofRegistry(key, registry, path):
    if registry.keyFingerprint not in (None, pseudonyms.fingerprint(key)):
        raise InputError("The key is not that of this registry", str(path), pseudonyms.OTHER_KEY)
    return key


def patientOf(record):
    """``(identifier, patient)`` of a record: what the user states, else what the images agree upon.

    Returns
    -------
    (str, dict)
        An empty text where no identifier is stated; ``patient`` holds ``name``, ``id`` and ``cycle`` as far as known.
    """
    patient = ((record or {}).get("choices") or {}).get("patient") or {}
    inImages = {str((point["facts"].get("patientId") or {}).get("value") or "")
                for point in (record or {}).get("timePoints", [])} - {""}
    identifier = patient.get("id") or (inImages.pop() if len(inImages) == 1 else "")
    return str(identifier), patient

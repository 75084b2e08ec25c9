"""Whether a finished study, or a signed commissioning, is as it was written: log, record, results, report, files."""

import os

from ..digests import grouped
from ..errors import InputError
from . import hashChain, recordSeal
from .record import hashInputs
from .recordFiles import SignedCommissioning, finishedAt

# Of a code that is typed in from paper: enough to tell reports apart.
_FEWEST_LETTERS = 8


def verify(path, printed=""):
    """Check a finished study against its record.

    Parameters
    ----------
    path : str
        Folder of results, or its ``record.json``; of a commissioning, or its ``signed.json``.
    printed : str
        Code from a printed report, whole or its beginning, to be matched as well.

    Returns
    -------
    dict
        ``isIntact``, ``edited`` (list of sentences: what is no longer as it was written), ``notChecked`` (inputs that
        are not where they were), ``files``, ``inputs`` and ``entries`` (numbers of what was checked), ``head`` (hash
        of the last entry of the log), ``code`` (that the report prints; empty where it was written without one),
        ``seal`` (SHA-256 of the record), and of a commissioning ``signatures`` (who signed, in words).

    Raises
    ------
    InputError
        No record there, or one of a version that sealed none.
    """
    found = finishedAt(path, areResultsNeeded=False)
    content = found.record
    if recordSeal.SEAL not in content and "log" not in content:
        raise InputError("The record has no seal: it was written by an earlier version, or the seal was taken out",
                         found.folder, "Run the study again to get a sealed one")
    edited = recordSeal.faultWords(content) + hashChain.faultWords(content.get("log"))
    edited += _fileFaults(found)
    codeFaults, code = _code(found)
    edited += codeFaults
    if printed:
        edited += _printedFaults(printed, code)
    inputFaults, notChecked = _inputFaults(found)
    edited += inputFaults
    log = content.get("log") or [{}]
    return {"isIntact": not edited, "edited": edited, "notChecked": notChecked,
            "files": len(content.get("files") or []), "inputs": len(content.get("inputs") or []) - len(notChecked),
            "entries": len(content.get("log") or []), "head": log[-1].get(hashChain.HASH, ""), "code": code,
            "seal": (content.get(recordSeal.SEAL) or {}).get("sha256", ""),
            **({"signatures": [signatureWords(entry) for entry in content.get("log") or []]}
               if _isCommissioning(found) else {})}


def _isCommissioning(found):
    return isinstance(found, SignedCommissioning)


def signatureWords(entry):
    """An entry of a log that is a signature, in words."""
    return (f"{entry.get('what')}: signed by {entry.get('name')} ({entry.get('role')}) "
            f"{str(entry.get('time')).replace('T', ' ')[:16]}")


def _code(found):
    """What is wrong with the code of the report, and the code."""
    content = found.record
    if _isCommissioning(found):  # its page prints the SHA-256 of the results
        return [], next((str(item["sha256"]) for item in content.get("files") or []
                         if item["path"] == found.resultsName), "")
    entry = recordSeal.writtenEntry(content.get("log"))
    if entry is None:
        return [], ""
    made = recordSeal.reportCode(entry.get(hashChain.PREVIOUS), content.get("values") or {})
    code = str(entry[recordSeal.CODE])
    return ([] if made == code else ["The code of the report is not that of these results and this log"]), code


def _printedFaults(printed, code):
    """What a code that was read from paper is wrong about."""
    letters = "".join(printed.split()).lower()
    if len(letters) < _FEWEST_LETTERS or set(letters) - set("0123456789abcdef"):
        raise InputError(f"'{printed}' is not the code of a report", "code",
                         f"Give at least its first {_FEWEST_LETTERS} letters, as printed on every page")
    if not code:
        return ["The report of this record was written without a code"]
    return [] if code.startswith(letters) else ["The printed report is not the one of this record: its code differs"]


def _fileFaults(found):
    words = []
    for item in found.record.get("files") or []:
        path, name = found.absolute(item["path"]), item["path"]
        if not os.path.isfile(path):
            words.append(f"{name} is missing")
        elif hashInputs([path])[0]["sha256"] != item["sha256"]:
            words.append(f"{name} was edited after it was written")
            if name == found.resultsName:
                words += _valueFaults(found)
    return words


def _valueFaults(found):
    """Which values of the results are not those of the record."""
    name = found.resultsName
    try:
        results = type(found)(found.folder).results
        now = recordSeal.valueDigests(results)
    except (InputError, AttributeError, TypeError):
        return [f"{name} cannot be read any more"]
    then = found.record.get("values") or {}
    words = [f"{name}: {key} was edited" for key in then if key in now and now[key] != then[key]]
    words += [f"{name}: {key} was taken out" for key in then if key not in now]
    return words + [f"{name}: {key} was put in" for key in now if key not in then]


def _inputFaults(found):
    words, missing, present = [], [], []
    for item in found.record.get("inputs") or []:
        path = found.absolute(item["path"])
        if os.path.isfile(path):
            present.append((path, item))
        elif item["path"] == path:  # elsewhere: images may have gone to an archive
            missing.append(f"The input is not where it was: {path}")
        else:
            words.append(f"{item['path']} is missing")
    for (path, item), now in zip(present, hashInputs([path for path, _item in present]), strict=True):
        if now["sha256"] != item["sha256"]:
            words.append(f"The input changed since it was used: {path}")
    return words, missing


def lines(found):
    """The outcome of :func:`verify` in words."""
    words = list(found["edited"])
    words += [f"not checked: {text}" for text in found["notChecked"]]
    if found["isIntact"]:
        words.append(f"As it was written: the log with {found['entries']} entries, {found['files']} files, "
                     f"{found['inputs']} inputs.")
    else:
        words.append("This is not as it was written.")
    words += found.get("signatures") or []
    words += [f"code of the report:    {grouped(found['code'])}"] if found["code"] else []
    words.append(f"last entry of the log: {found['head']}")
    words.append(f"seal of the record:    {found['seal']}")
    return words

"""What makes a later edit show: digests of the record's own parts, of the result files, and of every value in them; and
the code that a report and its record share."""

import json
import os

from .hashChain import sha256Of

SEAL = "seal"
# Enough to tell an edited value; the file's own SHA-256 stands beside them.
_VALUE_DIGITS = 16
# Of the results: completed by what the writing of the report itself meets, when the code is printed already.
_AFTER_THE_CODE = ("warnings",)
LOG_KIND, CODE = "record", "code"


def sealed(content, results, folder):
    """A record completed by the digests of the files in its folder and of its own parts.

    Parameters
    ----------
    content : dict
        From :func:`.record.makeRecord`.
    results : dict
        Content of ``results.json``.
    folder : str
        With all files but the record itself.
    """
    from .record import hashInputs

    paths = filesOf(folder)
    inputs = {item["path"] for item in content["inputs"]}
    content["files"] = [{**item, "path": relative(item["path"], folder)} for item in hashInputs(paths)
                        if relative(item["path"], folder) not in inputs]
    content["values"] = valueDigests(results)
    content = json.loads(json.dumps(content, allow_nan=False))  # as it is read back
    sections = {key: sha256Of(value) for key, value in content.items()}
    return {**content, SEAL: {"sections": sections, "sha256": sha256Of(sections)}}


def reportCode(head, values):
    """The code of a report: of the log up to its writing, and of the results in it.

    The report is among the files that the record seals, so that it cannot hold the seal. The code is made before the
    report; the log's next entry and the record hold it, too.

    Parameters
    ----------
    head : str
        Hash of the last entry of the log before the report is written.
    values : dict
        From :func:`valueDigests`.

    Returns
    -------
    str
        SHA-256, 64 hexadecimal digits.
    """
    return sha256Of({"log": head, "results": {key: value for key, value in values.items()
                                              if key not in _AFTER_THE_CODE}})


def writtenEntry(log):
    """The last entry of a log that tells of the writing of a report with a code, or ``None``."""
    return next((entry for entry in reversed(log or []) if isinstance(entry, dict) and entry.get("kind") == LOG_KIND
                 and entry.get(CODE)), None)


def filesOf(folder):
    """Every file below a folder, in order."""
    return [os.path.join(place, name) for place, _folders, names in sorted(os.walk(folder)) for name in sorted(names)]


def relative(path, folder):
    """A path below a folder with forward slashes."""
    return os.path.relpath(path, folder).replace(os.sep, "/")


def valueDigests(results):
    """Digest of every part of the results: by its key, of regions by their name and key, of cases by their key."""
    results = json.loads(json.dumps(results, allow_nan=False))
    found = {key: sha256Of(value)[:_VALUE_DIGITS] for key, value in results.items() if key not in ("regions", "cases")}
    for case in results.get("cases") or []:
        found[f"case {case.get('key')}"] = sha256Of(case)[:_VALUE_DIGITS]
    for region in results.get("regions") or []:
        for key, value in region.items():
            found[f"regions, {region.get('name')}, {key}"] = sha256Of(value)[:_VALUE_DIGITS]
    return found


def faultWords(content):
    """Parts of a record that were edited since it was sealed, one sentence each."""
    seal = content.get(SEAL)
    if not isinstance(seal, dict) or not isinstance(seal.get("sections"), dict):
        return ["The record has no seal"]
    words, sections = [], seal["sections"]
    if sha256Of(sections) != seal.get("sha256"):
        words.append("The seal of the record was edited")
    for key in dict.fromkeys([*content, *sections]):
        if key == SEAL:
            continue
        if key not in content:
            words.append(f"The part '{key}' of the record was taken out")
        elif key not in sections:
            words.append(f"The part '{key}' of the record was put in")
        elif sha256Of(content[key]) != sections[key]:
            words.append(f"The part '{key}' of the record was edited")
    return words

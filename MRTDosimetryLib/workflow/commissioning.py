"""Commissioning: the program holds itself against known truths, and writes down how it did.

Every case has an expected value with its source, a tolerance with its reason, and passes or fails. The result is
``commissioning.json`` and one page to be signed, ``commissioning.html``, that bears the digest of the first, so that a
later change of it shows.
"""

import datetime
import hashlib
import json
import os
import platform
import tempfile
import time
from dataclasses import replace

from ..errors import CanceledError, DosimetryError, InputError
from ..progress import noProgress, subProgress
from ..report import commissioningReport
from . import (
    commissioningCasesCalibration,
    commissioningCasesDicom,
    commissioningCasesDvh,
    commissioningCasesEngines,
    commissioningCasesImaging,
    commissioningCasesKinetics,
    commissioningCasesPatient,
    commissioningCasesPhysics,
    commissioningCasesPublic,
    commissioningCasesTherapies,
    commissioningReferences,
    record,
)
from .commissioningCase import FAIL, NOT_RUN, PASS, Case, Job, isChanged
from .outputs import stagedFolder

JSON_NAME, HTML_NAME = "commissioning.json", "commissioning.html"
KIND, SCHEMA_VERSION = "commissioning", 1
CHECKS = (
    *commissioningCasesKinetics.CHECKS, *commissioningCasesPhysics.CHECKS,
    *commissioningCasesTherapies.CHECKS, *commissioningCasesEngines.CHECKS, *commissioningCasesDvh.CHECKS,
    *commissioningCasesImaging.CHECKS, *commissioningCasesCalibration.CHECKS, *commissioningCasesDicom.CHECKS,
    *commissioningCasesPatient.CHECKS, *commissioningCasesPublic.CHECKS,
)
_PUBLIC = commissioningCasesPublic.CHECKS[0].key  # the group that can be given data sets
_PACKAGES = ("highdicom", "jinja2")
# Whatever a broken installation makes a computation raise: the other cases still run, this one is not passed.
_BROKEN = (DosimetryError, ArithmeticError, AttributeError, ImportError, LookupError, OSError, RuntimeError, TypeError,
           ValueError)


def groups():
    """Groups of cases that can be chosen: key -> subject, in their order."""
    found = {}
    for check in CHECKS:
        if check.subject not in found.values():
            found[check.key.partition(".")[0]] = check.subject
    return found


def runCommissioning(folder, isQuick=False, previous=None, progress=noProgress, dataFolder=None, chosen=None,
                     runBy=None):
    """Run all cases and write the result.

    Parameters
    ----------
    folder : str
        Gets ``commissioning.json`` and ``commissioning.html``; stays as it was when the work is canceled.
    isQuick : bool
        Smaller images and fewer photons.
    previous : str, optional
        Folder (or ``commissioning.json``) of an earlier run to be compared with.
    progress : callable
        May raise to cancel.
    dataFolder : str, optional
        Folder of downloaded data sets, see :mod:`.commissioningReferences`.
    chosen : list of str, optional
        Keys of :func:`groups`; what is left out is told on the page, which is then no whole commissioning.
    runBy : dict, optional
        ``name`` and ``role`` of who runs it.

    Returns
    -------
    dict
        What ``commissioning.json`` holds; ``["overall"]["isPassed"]`` tells whether every case passed that is not
        optional.

    Raises
    ------
    InputError
        The earlier result or the data sets cannot be read, the folder cannot be written, jinja2 is missing, a group
        is not known, or a role is stated without a name.
    """
    chosen, runBy = _chosenGroups(chosen, dataFolder), _person(runBy)
    dataSets = ((), ()) if dataFolder is None else commissioningReferences.readDataSets(dataFolder)
    earlier = None if previous is None else readResult(previous)
    commissioningReport.template()  # its absence is told now, not after the work
    with stagedFolder(folder) as staging:
        started = time.perf_counter()
        cases = _runAll(isQuick, dataSets, chosen, subProgress(progress, 0.0, 0.98))
        content = _content(cases, isQuick, time.perf_counter() - started, earlier, chosen, runBy)
        text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        digest = hashlib.sha256(text.encode("utf-8")).hexdigest()
        for name, written in ((JSON_NAME, text), (HTML_NAME, commissioningReport.render(content, digest))):
            with open(os.path.join(staging, name), "w", encoding="utf-8", newline="\n") as file:
                file.write(written)
        progress(1.0, "")
    return content


def _chosenGroups(chosen, dataFolder):
    known, where = groups(), "commissioning"
    if chosen is None:
        return list(known)
    unknown = [key for key in chosen if key not in known]
    if unknown:
        raise InputError(f"'{unknown[0]}' is no group of cases", where, f"Known are {', '.join(known)}")
    if not chosen:
        raise InputError("No group of cases is chosen", where, "Choose at least one")
    if dataFolder is not None and _PUBLIC not in chosen:
        raise InputError("Data sets are named, but their group is not chosen", where,
                         f"Choose the group '{_PUBLIC}' as well, or name no data sets")
    return [key for key in known if key in chosen]


def _person(runBy):
    stated = {key: " ".join(str((runBy or {}).get(key) or "").split()) for key in ("name", "role")}
    if stated["role"] and not stated["name"]:
        raise InputError("A role is stated without a name", "commissioning", "Give the name of who runs it")
    return stated if stated["name"] else None


def _runAll(isQuick, dataSets, chosen, progress):
    subjects = {groups()[key] for key in chosen}
    checks = [check for check in CHECKS if check.subject in subjects]
    cases, done, total = [], 0.0, sum(check.share for check in checks)
    with tempfile.TemporaryDirectory(prefix="mrt-dosimetry-") as folder:
        for check in checks:
            part = subProgress(progress, done / total, (done + check.share) / total, f"{check.subject}: ")
            part(0.0, check.title)
            cases += _runOne(check, Job(isQuick, folder, *dataSets), part)
            done += check.share
    return cases


def _runOne(check, job, progress):
    """Cases of one check; where it breaks, one more that was not run."""
    cases, started = [], time.perf_counter()
    try:
        for case in check.run(job, progress):
            now = time.perf_counter()
            cases.append(replace(case, seconds=now - started))
            started = now
        if cases:  # what is put away after the last case belongs to it
            cases[-1] = replace(cases[-1], seconds=cases[-1].seconds + time.perf_counter() - started)
    except CanceledError:
        raise
    except _BROKEN as error:
        words = str(error) if isinstance(error, DosimetryError) else f"{type(error).__name__}: {error}"
        cases.append(Case(check.key, check.subject, check.title, problem=" ".join(words.split()),
                          seconds=time.perf_counter() - started))
    return cases


def _content(cases, isQuick, seconds, earlier, chosen, runBy):
    leftOut = [subject for key, subject in groups().items() if key not in chosen]
    rows = [case.toDict() for case in cases]
    counts = {status: sum(row["status"] == status for row in rows) for status in (PASS, FAIL)}
    optional = sum(row["status"] == NOT_RUN and row["isOptional"] for row in rows)
    isPassed = all(case.isPassed for case in cases)
    return {
        "kind": KIND, "schemaVersion": SCHEMA_VERSION,
        "created": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        "isQuick": isQuick, "groups": chosen, "leftOut": leftOut, "runBy": runBy, "versions": versions(),
        "platform": {"system": platform.platform(), "processor": platform.machine(), "processors": os.cpu_count()},
        "seconds": round(seconds, 1),
        "overall": {"result": PASS if isPassed else FAIL, "isPassed": isPassed, "passed": counts[PASS],
                    "failed": counts[FAIL], "notRun": len(rows) - counts[PASS] - counts[FAIL] - optional,
                    "optionalNotRun": optional},
        "previous": None if earlier is None else _comparison(rows, earlier, leftOut),
        "cases": rows,
    }


def versions():
    """Versions of the program and of the packages that it computes with."""
    from importlib import metadata

    found = record.versions()
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


def _comparison(rows, earlier, leftOut):
    """Marks every case as changed or not; what the earlier result was, and which of its cases are gone."""
    content, digest, warning = earlier
    before = {case["key"]: case for case in content["cases"] if case.get("subject") not in leftOut}
    for row in rows:
        last = before.pop(row["key"], None)
        row["previous"] = None if last is None else {"status": last["status"], "computed": last.get("computed")}
        row["isChanged"] = last is not None and isChanged(row, last)
    return {"created": content.get("created"), "version": (content.get("versions") or {}).get("MRTDosimetry"),
            "result": content["overall"].get("result"), "isQuick": content.get("isQuick"), "sha256": digest,
            "warning": warning, "changed": [row["key"] for row in rows if row["isChanged"]],
            "new": [row["key"] for row in rows if row["previous"] is None], "missing": list(before)}


def readResult(path):
    """An earlier result.

    Returns
    -------
    (dict, str, str)
        Its content, the SHA-256 of its file, and a warning where its report bears another digest.

    Raises
    ------
    InputError
        There is none, or it is damaged or of a newer version.
    """
    mend = "Name the folder of an earlier mrt-dosimetry check"
    file = os.path.join(path, JSON_NAME) if os.path.isdir(path) else path
    try:
        with open(file, "rb") as stream:
            written = stream.read()
    except OSError as error:
        raise InputError(f"The earlier result cannot be read ({error.strerror or error})", file, mend) from None
    try:
        content = json.loads(written.decode("utf-8"))
    except ValueError:
        raise InputError("The earlier result is no JSON file", file, mend) from None
    if not isinstance(content, dict) or content.get("kind") != KIND:
        raise InputError("The file is no result of a commissioning", file, mend)
    if not isinstance(content.get("schemaVersion"), int) or content["schemaVersion"] > SCHEMA_VERSION:
        raise InputError("The earlier result comes from a newer version of the program", file,
                         "Update the program, or name another result")
    cases = content.get("cases")
    if not isinstance(content.get("overall"), dict) or not isinstance(cases, list) or not all(
            isinstance(case, dict) and isinstance(case.get("key"), str) and isinstance(case.get("status"), str)
            and isinstance(case.get("computed"), (int, float, type(None))) for case in cases):
        raise InputError("The earlier result is not complete", file, mend)
    digest = hashlib.sha256(written).hexdigest()
    return content, digest, _digestWarning(os.path.join(os.path.dirname(file), HTML_NAME), digest)


def _digestWarning(path, digest):
    """Words where the page beside a result does not bear its digest."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read()
    except OSError:
        return "The earlier result has no page beside it: whether it was edited cannot be told."
    return "" if digest in text else "The earlier result was edited: its page bears another digest."

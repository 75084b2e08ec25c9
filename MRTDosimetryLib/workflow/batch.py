"""Many studies, each in a process of its own: one that fails stops no other, and what is finished is not run again."""

import contextlib
import json
import os
import platform
import uuid
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import asdict

from ..errors import InputError
from ..progress import noProgress
from .batchStudy import SKIPPED, outcomeOf, runStudy

# The full digital patient (four SPECT/CT) took 1.4 GB at most as measured; clinical CTs have finer voxels.
MEMORY_PER_STUDY_GB = 4.0
LOCK = ".batch.lock"
_STAGING_PREFIX = ".mrt-"


def targets(paths, folder):
    """(study file, folder of its results) of each study: named by the file, or by its folder where names repeat.

    Raises
    ------
    InputError
        A study that is named twice.
    """
    paths = [os.path.abspath(path) for path in paths]
    twice = sorted({path for path in paths if paths.count(path) > 1})
    if twice:
        raise InputError("The study is named twice", twice[0], "Name each study once")
    parts = [os.path.splitext(path)[0].split(os.sep) for path in paths]
    found = []
    for path, own in zip(paths, parts, strict=True):
        # As many folders of the path as it takes to tell this name from those of the others.
        length = next((length for length in range(1, len(own))
                       if sum(other[-length:] == own[-length:] for other in parts) == 1), len(own))
        found.append((path, os.path.join(os.path.abspath(folder), "-".join(part for part in own[-length:] if part))))
    names = [target.casefold() for _path, target in found]  # as file systems may compare them
    return [(path, target if names.count(target.casefold()) == 1 else f"{target}-{number}")
            for number, (path, target) in enumerate(found, 1)]


def defaultJobs(memoryPerStudyGB=MEMORY_PER_STUDY_GB):
    """Studies at the same time: one per core, as far as the free memory goes."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    free = _freeMemoryGB()
    return cores if free is None else max(1, min(cores, int(free / memoryPerStudyGB)))


def _freeMemoryGB():
    """Memory that is free or can be freed in GB, ``None`` where the system does not tell."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            found = dict(line.split(":", 1) for line in file)
        return int(found["MemAvailable"].split()[0]) / 1024.0**2
    except (OSError, KeyError, ValueError, IndexError):
        pass
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024.0**3
    except (AttributeError, ValueError, OSError):
        return None


def runBatch(paths, folder, jobs=None, scheduler=None, report=noProgress, template=None):
    """Run studies into folders below ``folder``.

    Parameters
    ----------
    paths : list of str
        Study files or records.
    jobs : int, optional
        Studies at the same time on this machine; see :func:`defaultJobs`.
    scheduler : str, optional
        Address of a Dask scheduler, e.g. ``tcp://node1:8786``, whose workers see the same folders.
    report : callable
        ``report(fraction, words)`` after each study.
    template : str, optional
        Folder of the center's template of the report.

    Returns
    -------
    list of Outcome
        In the order of ``paths``.

    Raises
    ------
    InputError
        The folder or the template cannot be used, another batch is writing there, there is no such scheduler, or one
        of its workers runs another program.
    """
    from ..report import templateFolder

    if jobs is not None and (isinstance(jobs, bool) or not isinstance(jobs, int) or jobs < 1):
        raise InputError(f"{jobs!r} is not a number of studies at the same time", "--jobs", "Give 1 or more")
    described = templateFolder.load(template).describe()
    template = os.path.abspath(template) if template else None
    pairs = targets(paths, folder)
    with _locked(folder) as batchID:
        _removeLeftovers(folder, pairs)
        outcomes = {}
        waiting = []
        for path, target in pairs:
            finished = finishedOutcome(path, target, described)
            if finished is None:
                waiting.append((path, target))
            else:
                _take(outcomes, finished, pairs, folder, report)
        if scheduler:
            from . import batchCluster

            run = batchCluster.outcomes(scheduler, waiting, template, os.path.join(os.path.abspath(folder), LOCK),
                                        batchID)
        else:
            run = _onThisMachine(jobs or defaultJobs(), waiting, template)
        for outcome in run:
            _take(outcomes, outcome, pairs, folder, report)
        _removeLeftovers(folder, pairs)
        return [outcomes[path] for path, _target in pairs]


def _take(outcomes, outcome, pairs, folder, report):
    outcomes[outcome.study] = outcome
    # After each study: whoever stops the batch finds what was done.
    from ..report import batchReport

    rows = [asdict(outcomes[path]) for path, _target in pairs if path in outcomes]
    batchReport.write(rows, len(pairs), folder)
    report(len(outcomes) / len(pairs), f"{outcome.state}: {outcome.study}")


def finishedOutcome(path, target, template):
    """The outcome of a study that is finished, ``None`` where it has to be run.

    Finished is one whose record is whole, and states these choices, these inputs, the versions of now and this
    template of the report, as :meth:`~MRTDosimetryLib.report.templateFolder.Template.describe` does.
    """
    from . import record, recordVerify, studyFile
    from .recordFiles import Finished

    try:
        description, _recorded = studyFile.readStudyFile(path)
        found = Finished(target)
        inputs = record.inputFiles(description)
        isSame = found.record.get("study") == json.loads(json.dumps(
            record.withRelativePaths(description, os.path.join(target, _STAGING_PREFIX)))) \
            and found.record.get("versions") == record.versions() and found.record.get("report") == template \
            and [found.absolute(item["path"]) for item in found.record.get("inputs") or []] == inputs
        checked = recordVerify.verify(target) if isSame else None
    except (InputError, OSError):
        return None
    if checked is None or not checked["isIntact"] or checked["notChecked"]:
        return None
    return outcomeOf(path, target, SKIPPED, found.results)


def _onThisMachine(jobs, pairs, template):
    """Outcomes as they come; each thread waits for a process."""
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        pending = {pool.submit(runStudy, *pair, template) for pair in pairs}
        try:
            while pending:
                ready, pending = wait(pending, return_when=FIRST_COMPLETED)
                for future in ready:
                    yield future.result()
        finally:
            for future in pending:  # stopped by the user: what has not started does not start
                future.cancel()


@contextlib.contextmanager
def _locked(folder):
    """The folder for this batch alone; its identity, which the lock holds as long as the batch runs."""
    path = os.path.join(folder, LOCK)
    own = {"host": platform.node(), "pid": os.getpid(), "batch": uuid.uuid4().hex}
    try:
        os.makedirs(folder, exist_ok=True)
        _releaseDead(path, own["host"])
        with open(path, "x", encoding="utf-8") as file:
            json.dump(own, file)
    except FileExistsError:
        if not os.path.isdir(folder):
            raise InputError("The output folder is a file", folder, "Name another folder") from None
        raise InputError("Another batch is writing into this folder", folder,
                         f"Wait for its end; if there is none, remove {path}") from None
    except OSError as error:
        raise InputError(f"The output folder cannot be written ({error.strerror or error})", folder,
                         "Choose a folder you may write to") from None
    try:
        yield own["batch"]
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.remove(path)


def _releaseDead(path, host):
    """Remove the lock of a batch of this machine that was killed."""
    try:
        with open(path, encoding="utf-8") as file:
            holder = json.load(file)
        if holder["host"] != host:
            return
        os.kill(int(holder["pid"]), 0)
    except ProcessLookupError:
        os.remove(path)
    except (FileNotFoundError, PermissionError, ValueError, KeyError, TypeError):
        return  # none, or of somebody else's process, or one that is just being written


def isRunning(path, batchID):
    """Whether the batch of that identity holds the lock; yes where it cannot be told."""
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file).get("batch") == batchID
    except FileNotFoundError:
        return False
    except (OSError, ValueError, AttributeError):
        return True


def _removeLeftovers(folder, pairs):
    """What studies that were killed had written aside: beside the folder of their results, or in it."""
    import shutil

    for place in (folder, *(target for _path, target in pairs)):
        for name in os.listdir(place) if os.path.isdir(place) else ():
            if name.startswith(_STAGING_PREFIX) and os.path.isdir(os.path.join(place, name)):
                shutil.rmtree(os.path.join(place, name), ignore_errors=True)

"""Many studies, each in a process of its own: one that fails stops no other, and what is finished is not run again."""

import contextlib
import json
import os
import platform
import subprocess
import sys
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass

from ..errors import InputError
from ..progress import noProgress

DONE, SKIPPED, FAILED = "done", "skipped", "failed"
# The full digital patient (four SPECT/CT) took 1.4 GB at most as measured; clinical CTs have finer voxels.
MEMORY_PER_STUDY_GB = 4.0
LOCK = ".batch.lock"
_STAGING_PREFIX = ".mrt-"
_WORDS_KEPT = 20
_LIBRARY_PARENT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


@dataclass
class Outcome:
    """What became of a study.

    Attributes
    ----------
    study, folder : str
        Study file and folder of its results.
    state : str
        "done", "skipped" (finished before, with the same inputs, choices and versions) or "failed".
    regions, warnings : int or None
    seconds : float
        None for one that was skipped.
    words : str
        Why it failed.
    """

    study: str
    folder: str
    state: str
    regions: int = None
    warnings: int = None
    seconds: float = None
    words: str = ""


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


def runBatch(paths, folder, jobs=None, scheduler=None, report=noProgress):
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

    Returns
    -------
    list of Outcome
        In the order of ``paths``.

    Raises
    ------
    InputError
        The folder cannot be used, another batch is writing there, or there is no such scheduler.
    """
    if jobs is not None and (isinstance(jobs, bool) or not isinstance(jobs, int) or jobs < 1):
        raise InputError(f"{jobs!r} is not a number of studies at the same time", "--jobs", "Give 1 or more")
    pairs = targets(paths, folder)
    with _locked(folder):
        _removeLeftovers(folder)
        outcomes = {}
        waiting = []
        for path, target in pairs:
            finished = finishedOutcome(path, target)
            if finished is None:
                waiting.append((path, target))
            else:
                _take(outcomes, finished, pairs, folder, report)
        run = _onCluster(scheduler, waiting) if scheduler else _onThisMachine(jobs or defaultJobs(), waiting)
        for outcome in run:
            _take(outcomes, outcome, pairs, folder, report)
        return [outcomes[path] for path, _target in pairs]


def _take(outcomes, outcome, pairs, folder, report):
    outcomes[outcome.study] = outcome
    # After each study: whoever stops the batch finds what was done.
    from ..report import batchReport

    rows = [asdict(outcomes[path]) for path, _target in pairs if path in outcomes]
    batchReport.write(rows, len(pairs), folder)
    report(len(outcomes) / len(pairs), f"{outcome.state}: {outcome.study}")


def finishedOutcome(path, target):
    """The outcome of a study that is finished, ``None`` where it has to be run.

    Finished is one whose record is whole, and states these choices, these inputs and the versions of now.
    """
    from . import record, recordVerify, studyFile
    from .recordFiles import Finished

    try:
        description, _recorded = studyFile.readStudyFile(path)
        found = Finished(target)
        inputs = record.inputFiles(description)
        isSame = found.record.get("study") == json.loads(json.dumps(
            record.withRelativePaths(description, os.path.join(target, _STAGING_PREFIX)))) \
            and found.record.get("versions") == record.versions() \
            and [found.absolute(item["path"]) for item in found.record.get("inputs") or []] == inputs
        checked = recordVerify.verify(target) if isSame else None
    except (InputError, OSError):
        return None
    if checked is None or not checked["isIntact"] or checked["notChecked"]:
        return None
    return _outcome(path, target, SKIPPED, found.results)


def _outcome(path, target, state, results, seconds=None):
    return Outcome(path, target, state, len(results.get("regions") or []), len(results.get("warnings") or []), seconds)


def runStudy(path, target):
    """Run one study by the command line in a process of its own; never raises for what goes wrong in it.

    The process ends when this one does: two of them must not write one study.
    """
    started = time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(
        part for part in (_LIBRARY_PARENT, os.environ.get("PYTHONPATH")) if part)}
    command = [sys.executable, "-m", f"{__package__.partition('.')[0]}.batchCommands", "run", path, "--out", target]
    try:
        # Its input stays open as long as this process lives.
        with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True, encoding="utf-8", errors="replace") as process:
            words, status = process.stderr.read(), process.wait()
    except OSError as error:
        words, status = f"The process cannot be started ({error.strerror or error})", None
    seconds = time.perf_counter() - started
    if status == 0:
        from .recordFiles import Finished

        return _outcome(path, target, DONE, Finished(target).results, seconds)
    lines = [line for line in words.splitlines() if line.strip() and not line.startswith("warning: ")]
    if status is not None and status < 0:
        lines.append(f"The process was ended by signal {-status}, e.g. for lack of memory. Use fewer --jobs.")
    elif status not in (2, None):
        lines.append(f"The process ended with status {status}.")
    return Outcome(path, target, FAILED, seconds=seconds, words="\n".join(lines[-_WORDS_KEPT:]) or "It left no words.")


def _onThisMachine(jobs, pairs):
    """Outcomes as they come; each thread waits for a process."""
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        pending = {pool.submit(runStudy, *pair) for pair in pairs}
        try:
            while pending:
                ready, pending = wait(pending, return_when=FIRST_COMPLETED)
                for future in ready:
                    yield future.result()
        finally:
            for future in pending:  # stopped by the user: what has not started does not start
                future.cancel()


def _onCluster(address, pairs):
    try:
        from distributed import Client, as_completed
    except ImportError:
        raise InputError("The Python package distributed is not installed", "--scheduler",
                         "Install mrt-dosimetry[cluster]") from None
    try:
        client = Client(address, timeout="20s")
    except (OSError, ValueError, TimeoutError) as error:
        raise InputError(f"There is no scheduler ({type(error).__name__})", address,
                         "Check its address and that it is running, e.g. tcp://node1:8786") from None
    with client:
        if not client.scheduler_info()["workers"]:
            raise InputError("The scheduler has no workers", address, "Start dask worker on the machines that compute")
        futures = {client.submit(_onWorker, *pair, pure=False, retries=0): pair for pair in pairs}
        for future in as_completed(futures):
            path, target = futures[future]
            error = future.exception()
            words = f"The worker was lost or refused the study ({type(error).__name__}: {error})"
            yield future.result() if error is None else Outcome(path, target, FAILED, words=words)


def _onWorker(path, target):
    """On a worker, which has to see the same folders."""
    if not os.path.isfile(path):
        return Outcome(path, target, FAILED, seconds=0.0, words=f"{path}: The worker {platform.node()} does not "
                       "see this file. Use a folder that all machines share.")
    return runStudy(path, target)


@contextlib.contextmanager
def _locked(folder):
    """The folder for this batch alone."""
    path = os.path.join(folder, LOCK)
    own = {"host": platform.node(), "pid": os.getpid()}
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
        yield
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


def _removeLeftovers(folder):
    """What studies that were killed had written aside."""
    import shutil

    for name in os.listdir(folder):
        if name.startswith(_STAGING_PREFIX) and os.path.isdir(os.path.join(folder, name)):
            shutil.rmtree(os.path.join(folder, name), ignore_errors=True)

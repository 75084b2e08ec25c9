"""One study of a batch: run by the command line in a process of its own, and what became of it."""

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

from .recordFiles import Finished

DONE, SKIPPED, FAILED = "done", "skipped", "failed"
_WORDS_KEPT = 20
_LIBRARY_PARENT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# How often it is asked whether a study is still wanted.
_LOOK_SECONDS = 1.0


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
        Why it failed, or what else there is to say.
    """

    study: str
    folder: str
    state: str
    regions: int = None
    warnings: int = None
    seconds: float = None
    words: str = ""


def outcomeOf(path, target, state, results, seconds=None):
    """The outcome of a study with results."""
    return Outcome(path, target, state, len(results.get("regions") or []), len(results.get("warnings") or []), seconds)


def runStudy(path, target, template=None, isWanted=None):
    """Run one study by the command line in a process of its own; never raises for what goes wrong in it.

    The process ends when this one does: two of them must not write one study.

    Parameters
    ----------
    path, target : str
        Study file or record, and the folder of its results.
    template : str, optional
        Folder of the center's template of the report.
    isWanted : callable, optional
        ``isWanted()`` is asked every second; the process is ended once it says no.

    Returns
    -------
    Outcome
    """
    started = time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(
        part for part in (_LIBRARY_PARENT, os.environ.get("PYTHONPATH")) if part)}
    command = [sys.executable, "-m", f"{__package__.partition('.')[0]}.batchCommands", "run", path, "--out", target]
    command += ["--template", template] if template else []
    isStopped, status = False, None
    with tempfile.TemporaryFile() as kept:
        try:
            # Its input stays open as long as this process lives.
            with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                  stderr=kept) as process:
                isStopped = not _isWaitedFor(process, isWanted)
                status = process.wait()
        except OSError as error:
            return Outcome(path, target, FAILED, words=f"The process cannot be started ({error.strerror or error})")
        kept.seek(0)
        words = kept.read().decode("utf-8", errors="replace")
    seconds = time.perf_counter() - started
    if status == 0:
        return outcomeOf(path, target, DONE, Finished(target).results, seconds)
    lines = [line for line in words.splitlines() if line.strip() and not line.startswith("warning: ")]
    if isStopped:
        lines.append("The batch that started the study is over; it was ended.")
    elif status < 0:
        lines.append(f"The process was ended by signal {-status}, e.g. for lack of memory. Run fewer studies at the "
                     "same time.")
    elif status != 2:
        lines.append(f"The process ended with status {status}.")
    return Outcome(path, target, FAILED, seconds=seconds, words="\n".join(lines[-_WORDS_KEPT:]) or "It left no words.")


def _isWaitedFor(process, isWanted):
    """Whether a process came to its own end; one that nobody wants any more is killed."""
    while True:
        try:
            process.wait(None if isWanted is None else _LOOK_SECONDS)
            return True
        except subprocess.TimeoutExpired:
            if not isWanted():
                process.kill()
                return False

"""Studies of a batch on the workers of a Dask cluster, which see the same folders and run the same program."""

import contextlib
import hashlib
import logging
import os
import platform
import time

from .. import resources
from ..errors import Faults, InputError
from .batchStudy import FAILED, Outcome, runStudy

_POLL_SECONDS = 0.2
# How long a scheduler may take to answer.
CONNECT_SECONDS = 20
# How often it is looked whether there are workers, and how long a batch waits for one.
_LOOK_SECONDS, _MOST_SECONDS_WITHOUT_WORKER = 10.0, 120.0
_PROGRAM_FILES = (".py", ".json", ".html", ".css")
_INSTALL = "Install the same versions on all machines, and start the worker again"


def outcomes(address, pairs, template, lock, batchID):
    """Run studies on a cluster; yields an :class:`.batchStudy.Outcome` as each ends.

    Parameters
    ----------
    address : str
        Of the scheduler, e.g. ``tcp://node1:8786``.
    pairs : list of (str, str)
        Study file and folder of its results.
    template : str or None
        Folder of the center's template of the report.
    lock, batchID : str
        File and identity of the batch: a study is ended once the file is gone or another batch's.

    Raises
    ------
    InputError, FaultList
        There is no scheduler or no worker, or workers run another program than this one: each by name.
    """
    try:
        import distributed
    except ImportError:
        raise InputError("The Python package distributed is not installed", "--scheduler",
                         "Install mrt-dosimetry[cluster]") from None
    try:
        client = distributed.Client(address, timeout=CONNECT_SECONDS)
    except (OSError, ValueError, TimeoutError) as error:
        raise InputError(f"There is no scheduler ({type(error).__name__})", address,
                         "Check its address and that it is running, e.g. tcp://node1:8786") from None
    # what is lost is told in words, not as a trace of Dask's own functions
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    with client:
        yield from _Cluster(client, address, (template, lock, batchID, program())).outcomes(pairs)


class _Cluster:
    """The studies that wait for workers, and what is known of these."""

    def __init__(self, client, address, arguments):
        self.client, self.address, self.arguments = client, address, arguments
        self._own, self._topic = arguments[-1], f"mrt-dosimetry-{arguments[-2]}"
        self._fits = {}  # address of a worker: whether it runs this program
        self._pending = {}  # future: study and folder, addresses of the workers that may run it or None for all
        self._remarks = {}  # study: words

    def outcomes(self, pairs):
        _requireSameProgram(self.client, self._own, self.address)
        for pair in pairs:
            self._submit(pair)
        looked = since = time.monotonic()
        while self._pending:
            for future in [future for future in self._pending if future.done()]:
                yield from self._taken(future)
            time.sleep(_POLL_SECONDS)
            now = time.monotonic()
            if now - looked < _LOOK_SECONDS:
                continue
            looked = now
            with contextlib.suppress(OSError, TimeoutError):  # a scheduler that is gone cancels what it was to do
                since = now if self._look() else since
            if now - since > _MOST_SECONDS_WITHOUT_WORKER:
                words = f"There was no worker for {now - since:.0f} s. Start workers and run the batch again."
                yield from [Outcome(*pair, FAILED, words=words) for pair, _workers in self._pending.values()]
                return

    def _submit(self, pair, workers=None):
        future = self.client.submit(_onWorker, *pair, *self.arguments, self._topic, pure=False, retries=0,
                                    workers=workers)
        self._pending[future] = pair, workers

    def _taken(self, future):
        """The outcome of a future that ended; none yet where its worker was refused and another one is to run it."""
        pair, _workers = self._pending.pop(future)
        if future.status == "finished":
            found = future.result()
            if not isinstance(found, str):
                return [self._withRemarks(found)]
            self._remarks[pair[0]] = found
            workers = self._fitting()
            if workers:
                self._submit(pair, workers)
                return []
            words = found
        elif future.status == "error":
            error = future.exception()
            words = f"The workers that ran the study were lost ({type(error).__name__}: {error}). Run the batch again."
        else:
            words = "The scheduler was lost or gave the study up. Run the batch again."
        return [Outcome(*pair, FAILED, words=words)]

    def _look(self):
        """Whether there is a worker that fits; studies whose workers are gone are given to others."""
        fitting = self._fitting()
        for future, (pair, workers) in list(self._pending.items()):
            if fitting and workers and not set(workers) & set(fitting):
                del self._pending[future]
                self.client.cancel(future)
                self._submit(pair, fitting)
        return bool(fitting)

    def _fitting(self):
        """Addresses of the workers that are there and run this program."""
        present = list(self.client.nthreads())
        new = [worker for worker in present if worker not in self._fits]
        found = self.client.run(program, workers=new, on_error="return") if new else {}
        self._fits |= {worker: theirs == self._own for worker, theirs in found.items()}
        return [worker for worker in present if self._fits.get(worker)]

    def _withRemarks(self, outcome):
        """The outcome, with what happened on its way."""
        events = ()
        with contextlib.suppress(OSError, TimeoutError):
            events = self.client.get_events(self._topic) or ()
        machines = [event["machine"] for _time, event in events if event["study"] == outcome.study]
        remarks = [self._remarks[outcome.study]] if outcome.study in self._remarks else []
        if len(machines) > 1:
            remarks.append(f"A worker was lost ({', '.join(machines[:-1])}); the study was started again "
                           f"({machines[-1]}).")
        outcome.words = "\n".join(filter(None, (outcome.words, *remarks)))
        return outcome


def program():
    """What has to be the same for the same numbers: versions, and the program's own files by their SHA-256."""
    from . import record

    package = os.path.dirname(resources.__file__)
    digest = hashlib.sha256()
    for folder in (package, *(resources.resourcePath(name) for name in ("Protocols", "Roles", "Terminology"))):
        for place, folders, names in os.walk(folder):
            folders[:] = sorted(name for name in folders if name not in ("__pycache__", "Resources"))
            for name in sorted(name for name in names if name.endswith(_PROGRAM_FILES)):
                path = os.path.join(place, name)
                digest.update(os.path.relpath(path, folder).replace(os.sep, "/").encode("utf-8"))
                with open(path, "rb") as file:
                    digest.update(file.read())
    return {**record.versions(), "program files": digest.hexdigest()[:16]}


def differences(theirs, own):
    """What a worker runs otherwise, in words; empty where it is the same."""
    return ", ".join(f"{name} {theirs.get(name, 'none')} (here {own.get(name, 'none')})"
                     for name in {**own, **theirs} if theirs.get(name) != own.get(name))


def _requireSameProgram(client, own, address):
    found = client.run(program, on_error="return")
    if not found:
        raise InputError("The scheduler has no workers", address, "Start dask worker on the machines that compute")
    faults = Faults()
    for worker, theirs in sorted(found.items()):
        if isinstance(theirs, BaseException):
            faults.add(f"The worker lacks the program, or has an older one ({type(theirs).__name__}: {theirs})", worker,
                       _INSTALL)
        elif differences(theirs, own):
            faults.add(f"The worker runs another program: {differences(theirs, own)}", worker, _INSTALL)
    faults.raiseIfAny()


def _onWorker(path, target, template, lock, batchID, own, topic):
    """On a worker, which has to see the same folders: an :class:`.batchStudy.Outcome`, or why it must not run this.

    The worker may have come after the others were asked for their program.
    """
    import distributed

    from .batch import isRunning

    machine = platform.node()
    other = differences(program(), own)
    if other:
        return f"A worker on {machine} was refused, which runs another program: {other}. {_INSTALL}."
    distributed.get_worker().log_event(topic, {"study": path, "machine": machine})
    if not os.path.isfile(path) or not os.path.isfile(lock):
        return Outcome(path, target, FAILED, seconds=0.0, words=f"{path}: The worker {machine} does not see this file. "
                       "Use a folder that all machines share.")
    return runStudy(path, target, template, lambda: isRunning(lock, batchID))

"""mrt-dosimetry batch on a cluster: workers with another program are refused, lost ones told, numbers the same."""

import sys
import types

import pytest
from batchCases import run, studies, summary
from recordCases import comparable
from repositoryTree import REPOSITORY

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.workflow import batch, batchCluster
from MRTDosimetryLib.workflow.batchStudy import Outcome

PAIRS = [(f"{name}.json", f"out/{name}") for name in "abc"]
OTHER = {"MRTDosimetry": "0.0.1"}


class Future:
    def __init__(self, worker, pair, workers):
        self.worker, self.pair, self.workers, self.status, self.value = worker, pair, workers, "pending", None

    def done(self):
        return self.status != "pending"

    def result(self):
        return self.value

    def exception(self):
        return self.value


class Client:
    """A scheduler with workers by their address and program; each study ends as ``ends`` says, in turn."""

    def __init__(self, programs, ends):
        self.programs, self.ends, self.events, self.submitted = dict(programs), list(ends), [], []

    def __enter__(self):
        return self

    def __exit__(self, *_args):
        return False

    def run(self, _function, workers=None, on_error="raise"):
        return {address: theirs for address, theirs in self.programs.items() if workers is None or address in workers}

    def nthreads(self):
        return dict.fromkeys(self.programs, 1)

    def submit(self, _function, path, target, *_arguments, workers=None, **_options):
        future = Future(None, (path, target), workers)
        self.submitted.append((path, workers))
        if self.ends:
            self.ends.pop(0)(self, future)
        return future

    def cancel(self, future):
        future.status = "given up"

    def get_events(self, _topic):
        return [(0.0, event) for event in self.events]


def finishes(*machines):
    """The study is done, after it was started on these machines."""
    def end(client, future):
        client.events += [{"study": future.pair[0], "machine": machine} for machine in machines]
        future.status, future.value = "finished", Outcome(*future.pair, "done", 2, 0, 1.0)
    return end


def isRefused(client, future):
    future.status, future.value = "finished", "A worker on late was refused, which runs another program."


def isLost(client, future):
    future.status, future.value = "error", RuntimeError("all workers died")


def isCanceled(client, future):
    future.status = "given up"


def loses(address, joins=None):
    """Nothing ends, and a worker goes; another one may come."""
    def end(client, future):
        client.programs.pop(address, None)
        if joins:
            client.programs[joins] = batchCluster.program()
    return end


@pytest.fixture
def onCluster(monkeypatch):
    """``onCluster(client)``: outcomes of the studies by their file, and what was submitted."""
    monkeypatch.setattr(batchCluster, "_POLL_SECONDS", 0.0)
    monkeypatch.setattr(batchCluster, "_LOOK_SECONDS", 0.0)
    monkeypatch.setattr(batchCluster, "_MOST_SECONDS_WITHOUT_WORKER", 0.05)

    def call(client, pairs=PAIRS):
        monkeypatch.setitem(sys.modules, "distributed", types.SimpleNamespace(Client=lambda *_args, **_kw: client))
        return {outcome.study: outcome for outcome in batchCluster.outcomes("tcp://x", pairs, None, "lock", "id")}

    return call


def test_aWorkerWithAnotherProgramIsRefusedByName(onCluster):
    own = batchCluster.program()
    client = Client({"tcp://good": own, "tcp://old": {**own, **OTHER}, "tcp://none": ModuleNotFoundError("No module")},
                    [])
    with pytest.raises(InputError) as caught:
        onCluster(client)
    words = [str(fault) for fault in caught.value.faults]
    assert words[0].startswith("tcp://none: The worker lacks the program") and len(words) == 2
    assert words[1].startswith(f"tcp://old: The worker runs another program: MRTDosimetry 0.0.1 (here "
                               f"{own['MRTDosimetry']}). Install the same versions")
    assert not client.submitted
    with pytest.raises(InputError, match="no workers"):
        onCluster(Client({}, []))


def test_programsAreToldApartByVersionsAndFiles(monkeypatch, tmp_path):
    own = batchCluster.program()
    assert own == batchCluster.program() and batchCluster.differences(own, own) == ""
    assert "numpy 1.0 (here " in batchCluster.differences({**own, "numpy": "1.0"}, own)
    assert batchCluster.differences({key: own[key] for key in own if key != "lmfit"}, own) == \
        f"lmfit none (here {own['lmfit']})"
    for name in ("Protocols", "Roles", "Terminology"):
        (tmp_path / name).mkdir()
    (tmp_path / "Protocols" / "a.json").write_text("{}", encoding="utf-8")
    monkeypatch.setattr(batchCluster.resources, "resourcePath", lambda name: str(tmp_path / name))
    edited = batchCluster.program()
    assert [name for name in own if own[name] != edited[name]] == ["program files"]


def test_aWorkerThatComesLaterWithAnotherProgramGetsNoStudyTwice(onCluster):
    own = batchCluster.program()
    client = Client({"tcp://good": own}, [finishes("one"), isRefused, finishes("one"), finishes("one")])
    found = onCluster(client)
    assert [outcome.state for outcome in found.values()] == ["done"] * 3
    assert client.submitted == [("a.json", None), ("b.json", None), ("c.json", None), ("b.json", ["tcp://good"])]
    assert "was refused" in found["b.json"].words and found["a.json"].words == ""


def test_aStudyWhoseWorkerWasLostIsToldAsStartedAgainOrFailed(onCluster):
    client = Client({"tcp://good": batchCluster.program()}, [finishes("one", "two"), isLost, isCanceled])
    found = onCluster(client)
    assert [found[path].state for path, _target in PAIRS] == ["done", "failed", "failed"]
    assert found["a.json"].words == "A worker was lost (one); the study was started again (two)."
    assert "all workers died" in found["b.json"].words and "scheduler was lost" in found["c.json"].words


def test_withoutAnyWorkerTheBatchEndsInWords(onCluster):
    client = Client({"tcp://good": batchCluster.program()}, [finishes("one"), loses("tcp://good")])
    found = onCluster(client)
    assert [found[path].state for path, _target in PAIRS] == ["done", "failed", "failed"]
    assert "There was no worker for" in found["c.json"].words and "run the batch again" in found["c.json"].words


def test_aStudyIsGivenToAnotherWorkerWhenItsOwnAreGone(onCluster):
    client = Client({"tcp://good": batchCluster.program()},
                    [isRefused, loses("tcp://good", "tcp://new"), finishes("new")])
    found = onCluster(client, PAIRS[:1])
    assert found["a.json"].state == "done" and "was refused" in found["a.json"].words
    assert client.submitted == [("a.json", None), ("a.json", ["tcp://good"]), ("a.json", ["tcp://new"])]


def test_aWorkerRefusesWhatItMustNotRun(monkeypatch, tmp_path):
    told = []
    worker = types.SimpleNamespace(log_event=lambda topic, event: told.append(event["study"]))
    monkeypatch.setitem(sys.modules, "distributed", types.SimpleNamespace(get_worker=lambda: worker))
    own = batchCluster.program()
    answer = batchCluster._onWorker("a.json", "out", None, "lock", "id", {**own, **OTHER}, "topic")
    assert "was refused, which runs another program: MRTDosimetry" in answer and not told
    answer = batchCluster._onWorker(str(tmp_path / "a.json"), "out", None, "lock", "id", own, "topic")
    assert answer.state == "failed" and "does not see this file" in answer.words and len(told) == 1


@pytest.fixture(autouse=True)
def samePath(monkeypatch):
    """Workers find the library; the variable is as it was afterwards."""
    monkeypatch.setenv("PYTHONPATH", REPOSITORY)


@pytest.fixture
def address(tmp_path, samePath):
    """Of a scheduler with two workers on this machine, as processes of their own."""
    distributed = pytest.importorskip("distributed", reason="distributed (extra [cluster]) is not installed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None,
                                  local_directory=str(tmp_path / "dask")) as local:
        yield local.scheduler_address


def test_theSameNumbersOnACluster(tmp_path, address):
    paths, out = [*studies(tmp_path, ("one", "two")), str(tmp_path / "absent.json")], tmp_path / "out"
    assert run(paths, out, "--scheduler", address) == 1
    rows = summary(out)
    assert [row["state"] for row in rows] == ["done", "done", "failed"] and "does not see this file" in rows[2]["words"]
    assert run(paths[:2], out, "--scheduler", address) == 0
    assert [row["state"] for row in summary(out)] == ["skipped", "skipped"]
    assert run(paths[:1], tmp_path / "here") == 0
    here, there = tmp_path / "here" / "study", out / "one-study"
    assert comparable(here) == comparable(there)
    for name in ("absorbedDose.nrrd", "dvh.csv", "timeActivity.csv"):
        assert (here / name).read_bytes() == (there / name).read_bytes(), name


def test_aClusterWhereTheBatchWasGivenUp(tmp_path, address):
    """The study that a worker still runs ends once the lock is gone."""
    path, lock = studies(tmp_path, ("one",))[0], tmp_path / batch.LOCK
    lock.write_text('{"batch": "id"}', encoding="utf-8")
    running = batchCluster.outcomes(address, [(path, str(tmp_path / "out"))], None, str(lock), "id")
    lock.write_text('{"batch": "other"}', encoding="utf-8")
    outcome = next(running)
    assert outcome.state == "failed" and "is over" in outcome.words


def test_aSchedulerThatIsNotThereIsSaid(tmp_path, capfd, monkeypatch):
    pytest.importorskip("distributed", reason="distributed (extra [cluster]) is not installed")
    monkeypatch.setattr(batchCluster, "CONNECT_SECONDS", 1)
    assert run([str(tmp_path / "a.json")], tmp_path / "out", "--scheduler", "tcp://127.0.0.1:1") == 2
    assert "There is no scheduler" in capfd.readouterr().err


def test_withoutThePackageTheClusterIsRefused(tmp_path, capfd, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert run([str(tmp_path / "a.json")], tmp_path / "out", "--scheduler", "tcp://127.0.0.1:1") == 2
    assert "mrt-dosimetry[cluster]" in capfd.readouterr().err

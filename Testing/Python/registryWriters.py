"""Processes that write into a registry: killed in the middle of it, or several at once.

Run by the tests and by the benchmark; started as ``python registryWriters.py PLACE FIRST NUMBER``, it adds cases one
by one and prints the number of each as soon as it is acknowledged.
"""

import os
import random
import signal
import subprocess
import sys
import time

FOLDER = os.path.dirname(os.path.abspath(__file__))
_REPOSITORY = os.path.dirname(os.path.dirname(FOLDER))


def start(place, first, number):
    """A writer of the cases ``first`` to ``first + number - 1``; "ready" is its first line."""
    paths = os.pathsep.join([FOLDER, _REPOSITORY, os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen([sys.executable, os.path.abspath(__file__), place, str(first), str(number)],
                            stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": paths}, text=True)


def killWhileWriting(place, rounds, seed=1, number=400):
    """Kill ``rounds`` writers, one after the other, at a random moment of their writing.

    Returns
    -------
    (set of int, int)
        Numbers of the cases whose writing was acknowledged, and how many could have been begun on top of these.
    """
    rng = random.Random(seed)
    acknowledged, first = set(), 0
    for _ in range(rounds):
        writer = start(place, first, number)
        assert writer.stdout.readline() == "ready\n"
        time.sleep(rng.uniform(0.0, 0.3))
        writer.send_signal(signal.SIGKILL)
        found = {int(line) for line in writer.communicate(timeout=60)[0].splitlines()}
        assert writer.returncode == -signal.SIGKILL
        acknowledged |= found
        first = max(found, default=first) + 2  # one may be there that was not acknowledged any more
    return acknowledged, rounds


def requireWhole(place, acknowledged, atMostMore):
    """Everything acknowledged is there, with all its lines; and no more than one case per kill beyond that."""
    from registryExamples import manyCases

    from MRTDosimetryLib.registry import database, maintenance, store

    with database.openRegistry(place) as registry:
        problems = maintenance.check(registry)
        cases = store.readCases(registry)
    assert problems == [], problems
    numbers = {int(case.pseudonym.partition("-")[2]) for case in cases}
    lost = acknowledged - numbers
    assert not lost, f"{len(lost)} acknowledged cases are lost"
    assert len(numbers - acknowledged) <= atMostMore
    made = manyCases(1)[0]
    assert all((len(case.regions), len(case.signatures)) == (len(made.regions), len(made.signatures))
               for case in cases)
    return len(cases)


def _write(place, first, number):
    from registryExamples import manyCases

    from MRTDosimetryLib.registry import database, store

    with database.openRegistry(place) as registry:
        cases = manyCases(number, first=first)
        print("ready", flush=True)
        for index, case in enumerate(cases, start=first):
            store.addCase(registry, case)
            print(index, flush=True)


if __name__ == "__main__":
    _write(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))

"""The registry with 10 000 cases, writers killed in the middle of a write, and two writers at once.

Run from the repository: ``.venv/bin/python Testing/Benchmarks/benchmarkRegistry.py [--cases N] [--kills N]``.
PostgreSQL takes part where a server is installed (Debian: postgresql) and psycopg is. Times are those of this machine.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

for folder in (Path(__file__).resolve().parents[2], Path(__file__).resolve().parents[1] / "Python"):
    sys.path.insert(0, str(folder))

import registryServers  # noqa: E402
import registryWriters  # noqa: E402
from registryExamples import CENTER, manyCases  # noqa: E402

from MRTDosimetryLib.registry import database, maintenance, queries, store, tableFile  # noqa: E402


def timed(function):
    started = time.perf_counter()
    result = function()
    return result, time.perf_counter() - started


def size(place, folder, cases):
    """Writing, querying, exporting and checking ``cases`` cases."""
    database.createRegistry(place, CENTER).close()
    made = manyCases(cases, cyclesPerPatient=2)
    with database.openRegistry(place) as registry:
        _, seconds = timed(lambda: store.takeOver(registry, made))
        print(f"  {cases} cases taken over in one go: {seconds:.1f} s")
        more = manyCases(50, first=cases + 1)
        _, seconds = timed(lambda: [store.addCase(registry, case) for case in more])
        print(f"  one case added: {seconds / len(more) * 1e3:.1f} ms")

    def query():
        with database.openRegistry(place) as registry:
            cohort = queries.cohort(registry, "Lu-177", "kidney", protocol="lutetiumDotatate")
            return cohort.patients, queries.answer(cohort, 0.7)["position"]["percentile"]

    (patients, percentile), first = timed(query)
    started = time.process_time()
    times = [timed(query)[1] * 1e3 for _ in range(20)]
    cpu = (time.process_time() - started) / len(times) * 1e3
    print(f"  open, query kidney, distribution and percentile ({patients} patients, {percentile:.1f} %): first "
          f"{first * 1e3:.0f} ms, then median {statistics.median(times):.0f} ms, shortest {min(times):.0f} ms, "
          f"longest {max(times):.0f} ms; processor {cpu:.0f} ms")
    with database.openRegistry(place) as registry:
        found, seconds = timed(lambda: store.readCases(registry))
        print(f"  {len(found)} cases read: {seconds:.1f} s")
        table = os.path.join(folder, "cohort.csv")
        _, seconds = timed(lambda: tableFile.writeTable(found, table))
        again, reading = timed(lambda: tableFile.readTable(table))
        print(f"  CSV of {os.path.getsize(table) / 1e6:.0f} MB written in {seconds:.1f} s, read and checked in "
              f"{reading:.1f} s, {'equal' if again == found else 'DIFFERENT'}")
        problems, seconds = timed(lambda: maintenance.check(registry))
        print(f"  check: {seconds:.1f} s, {len(problems)} faults")


def kills(place, number):
    database.createRegistry(place, CENTER).close()
    (acknowledged, begun), seconds = timed(lambda: registryWriters.killWhileWriting(place, number))
    there = registryWriters.requireWhole(place, acknowledged, begun)
    print(f"  {number} writers killed (SIGKILL) while writing: {len(acknowledged)} cases acknowledged, {there} there, "
          f"none lost, none half-written ({seconds:.0f} s)")


def twoAtOnce(place, number=500):
    database.createRegistry(place, CENTER).close()
    started = time.perf_counter()
    writers = [registryWriters.start(place, 100000 * index, number) for index in range(2)]
    acknowledged = {int(line) for writer in writers for line in writer.communicate()[0].splitlines()[1:]}
    there = registryWriters.requireWhole(place, acknowledged, 0)
    print(f"  two writers at once: {there} of {2 * number} cases landed ({time.perf_counter() - started:.0f} s)")


def benchmark(newPlace, options, folder):
    size(newPlace(), folder, options.cases)
    twoAtOnce(newPlace())
    kills(newPlace(), options.kills)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=10000)
    parser.add_argument("--kills", type=int, default=200)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        names = iter(range(100))
        print("SQLite file")
        benchmark(lambda: os.path.join(temporary, f"cohort{next(names)}.sqlite"), arguments, temporary)
        print(f"PostgreSQL {registryServers.missingReason()}")
        if not registryServers.missingReason():
            server = registryServers.Server()
            try:
                benchmark(server.newDatabase, arguments, temporary)
            finally:
                server.stop()

"""Mutate headers of small DICOM objects by the thousand and print what the readers make of them.

``python Testing/Benchmarks/mutateHeaders.py [--truncations 60] [--show]``
"""

import argparse
import collections
import concurrent.futures
import pathlib
import random
import resource
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "Testing" / "Python")]
_SECONDS_PER_CASE = 10
_MEMORY_BYTES = 4 * 2**30


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--truncations", type=int, default=60, help="per object")
    parser.add_argument("--only", help="name of one template")
    parser.add_argument("--show", action="store_true", help="print every fault")
    options = parser.parse_args()
    import headerMutations

    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, resource.RLIM_INFINITY))
    table, faults = collections.Counter(), []
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        referee = headerMutations.Referee(name)
        for template in headerMutations.templates(folder):
            if options.only and template.name != options.only:
                continue
            for case in headerMutations.cases(template):
                _judge(lambda case=case: referee.judge(case), template.name, case.title, table, faults)
            rng = random.Random(7)
            size = pathlib.Path(template.mutated).stat().st_size
            for _ in range(options.truncations):
                length = rng.randrange(size)
                _judge(lambda length=length, template=template: referee.truncated(template, length),
                       template.name, f"{template.name} cut to {length} bytes", table, faults)
    outcomes = sorted({outcome for _, outcome in table})
    names = list(dict.fromkeys(name for name, _ in table))
    print(f"{'':<12}" + "".join(f"{outcome:>32}" for outcome in outcomes))
    for name in names:
        print(f"{name:<12}" + "".join(f"{table[name, outcome]:>32}" for outcome in outcomes))
    print(f"{sum(table.values())} cases in {time.perf_counter() - started:.0f} s, {len(faults)} faults, at most "
          f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    if options.show:
        print("\n".join(faults))
    return 1 if faults else 0


def _judge(judge, name, title, table, faults):
    # A future hands out whatever was raised, and does not wait for a reader that hangs.
    pool = concurrent.futures.ThreadPoolExecutor(1)
    future = pool.submit(judge)
    done, _waiting = concurrent.futures.wait([future], _SECONDS_PER_CASE)
    if not done:
        outcome, words = "FAULT hangs", f"more than {_SECONDS_PER_CASE} s"
    elif future.exception():
        outcome, words = "FAULT traceback", repr(future.exception())
    else:
        outcome, words = future.result()
    pool.shutdown(wait=False)
    table[name, outcome] += 1
    if outcome.startswith("FAULT"):
        faults.append(f"{outcome}: {title}: {words}")


if __name__ == "__main__":
    sys.exit(main())

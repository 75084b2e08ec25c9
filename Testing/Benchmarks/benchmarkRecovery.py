"""Recovery by a sphere phantom: the truth inside the stated interval, and the full digital patient against its truth.

    python3 Testing/Benchmarks/benchmarkRecovery.py coverage [COUNT] [recovery|geometricTransfer]
    python3 Testing/Benchmarks/benchmarkRecovery.py fixedOutlines [COUNT] [recovery|geometricTransfer]
    python3 Testing/Benchmarks/benchmarkRecovery.py patient [full|small]
"""

import json
import os
import pathlib
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Python"))

import recoveryCoverage
from recoveryCoverage import METHODS

from MRTDosimetryLib.workflow import calibration, demo, job, phantomFiles, studyFile

# Random uncertainty of an activity, stated so that a curve which does not fit is seen: the red marrow's fast phase.
POINTS_RELATIVE = 0.03


def coverage(count, isOutlineVaried, method):
    started = time.perf_counter()
    case, outcomes = recoveryCoverage.Case(isOutlineVaried=isOutlineVaried, method=method), []
    for seed in range(count):
        outcomes += case.realization(seed)
        if (seed + 1) % 20 == 0:
            print(f"{seed + 1} realizations, {time.perf_counter() - started:.0f} s", file=sys.stderr)
    print("\n".join(recoveryCoverage.table(outcomes)[0]))


def patient(size):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        record = calibration.create(phantomFiles.PhantomFiles(size).write(str(folder), 3))
        calibration.write(record, folder / "camera.json")
        print("\n".join(calibration.describe(record)))
        path, truth = demo.writePatient(str(folder / "patient"), size)
        tables = []
        for partialVolume in (None, *({"method": method, "calibration": "../camera.json"} for method in METHODS)):
            started = time.perf_counter()
            content = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
            kinetics = {**content["kinetics"], "relativeActivityUncertainty": POINTS_RELATIVE}
            pathlib.Path(path).write_text(json.dumps({**content, "kinetics": kinetics, "partialVolume": partialVolume}),
                                          encoding="utf-8")
            study, _inputs = job.computeStudy(studyFile.readStudyFile(path)[0])
            results = study.stageRecord("results")["value"]
            tables.append([(row["region"], row["deviationPercent"]) for row in demo.compare(results, truth)
                           if row["quantity"] == "absorbed dose"])
            print(f"{(partialVolume or {}).get('method')}: {time.perf_counter() - started:.0f} s", file=sys.stderr)
        print(f"{'absorbed dose':<16}" + "".join(f"{title:>20}" for title in ("uncorrected", *METHODS)))
        for rows in zip(*tables, strict=True):
            print(f"{rows[0][0]:<16}" + "".join(f"{deviation:>+19.1f}%" for _region, deviation in rows))


if __name__ == "__main__":
    what, *options = sys.argv[1:] or ["coverage"]
    if what == "patient":
        patient(options[0] if options else "full")
    else:
        coverage(int(options[0]) if options else 200, what == "coverage", options[1] if options[1:] else METHODS[-1])

"""Time the whole case stage by stage, with the peak memory reached: the digital patient at clinical size.

Run from the repository: ``.venv/bin/python Testing/Benchmarks/benchmarkCase.py [--size small]``.
"""

import argparse
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


class Table:
    """Rows of wall time, processor time and peak memory so far."""

    def __init__(self):
        self.rows = []

    def measure(self, name, function, *arguments):
        wall, cpu = time.perf_counter(), time.process_time()
        result = function(*arguments)
        self.rows.append((name, time.perf_counter() - wall, time.process_time() - cpu, peakMemoryGB()))
        return result

    def print(self):
        print(f"{'stage':<44}{'wall s':>8}{'cpu s':>8}{'peak GB':>9}")
        for name, wall, cpu, peak in self.rows:
            print(f"{name:<44}{wall:8.2f}{cpu:8.2f}{peak:9.2f}")
        print(f"{'total':<44}{sum(row[1] for row in self.rows):8.2f}{sum(row[2] for row in self.rows):8.2f}"
              f"{max(row[3] for row in self.rows):9.2f}")


def peakMemoryGB():
    """Largest resident memory of this process so far (Linux counts KiB, macOS bytes)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024.0 ** 3 if sys.platform == "darwin" else 1024.0 ** 2)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=("full", "small"), default="full")
    options = parser.parse_args()
    table = Table()
    with tempfile.TemporaryDirectory() as folder:
        runCase(options.size, folder, table)
    table.print()


def runCase(size, folder, table):
    def importScene():
        from MRTDosimetryLib.scene import headless
        headless.startHeadless()

    table.measure("import of slicer-core, headless scene", importScene)
    from MRTDosimetryLib.scene.headless import newScene
    from MRTDosimetryLib.scene.study import Study
    from MRTDosimetryLib.workflow import demo, outputs, record, stages, studyFile

    studyPath, _truth = table.measure("digital patient, written as DICOM", demo.writePatient,
                                      os.path.join(folder, "patient"), size)
    description, _inputs = studyFile.readStudyFile(studyPath)
    study = Study.create(newScene(), "Benchmark")
    table.measure("reading DICOM and regions into the scene", studyFile.applyStudy, study, description)
    inputs = table.measure("SHA-256 of the inputs", lambda: record.hashInputs(record.inputFiles(description)))
    for stage in stages.stages():
        if stage.name != "report" and stage.isNeeded(study):
            table.measure(f"stage: {stage.title}", stages.runStage, study, stage.name)
    out = os.path.join(folder, "out")
    os.makedirs(out)
    table.measure("result files, pictures, report, scene", outputs.writeOutputs, study, out, description, inputs)


if __name__ == "__main__":
    main()

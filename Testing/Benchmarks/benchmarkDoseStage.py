"""The absorbed-dose stage of the full digital patient by four engines: seconds, agreement, energy balance.

    python3 Testing/Benchmarks/benchmarkDoseStage.py [full|small]

The fourth engine is a map from elsewhere: that of Monte Carlo with another seed, as a file.
"""

import os
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))

from MRTDosimetryLib.scene import files
from MRTDosimetryLib.scene.headless import newScene
from MRTDosimetryLib.scene.study import Study
from MRTDosimetryLib.workflow import demo, dose, doseOptions, externalDose, stages, studyFile

ENGINES = ["localDeposition", "voxelS", "monteCarlo"]


def main(size):
    with tempfile.TemporaryDirectory() as folder:
        path, _truth = demo.writePatient(folder, size)
        description, _inputs = studyFile.readStudyFile(path)
        study = Study.create(newScene(), "Benchmark")
        studyFile.applyStudy(study, description)
        stages.runStale(study, upTo="kinetics")
        doseOptions.setDose(study, {"engine": "monteCarlo", "options": {"monteCarlo": {"seed": 7}}})
        stages.runStage(study, "dose")
        elsewhere = os.path.join(folder, "elsewhere.nrrd")
        files.writeVolume(study.nodeByRole("absorbedDose"), elsewhere)
        doseOptions.setDose(study, {"engine": ENGINES})
        externalDose.setFile(study, elsewhere, "absorbedDose", "Gy")
        started, cpu = time.perf_counter(), time.process_time()
        stages.runStage(study, "dose")
        print(f"absorbed-dose stage, {len(ENGINES) + 1} engines: {time.perf_counter() - started:.1f} s "
              f"({time.process_time() - cpu:.1f} s of processor)")
        for engine in dose.engines(study).values():
            balance, gamma = engine["energyBalance"], engine.get("gamma") or {}
            energy = "energy not followed" if not balance else f"energy {balance['deviationPercent']:+.4f} %"
            print(f"  {engine['title']:<32}{engine['seconds']:7.2f} s  {energy:<22}"
                  + (f"gamma {gamma['passPercent']:.1f} %" if gamma else ""))
        print(f"{'region':<16}" + "".join(f"{name:>18}" for name in dose.engines(study)))
        for row in dose.rows(study):
            print(f"{row['region']:<16}" + "".join(words(row["engines"][name]) for name in dose.engines(study)))


def words(content):
    difference = content["differenceFromPrimaryPercent"]
    return f"{content['absorbedDoseGy']:>10.4g} " + ("       " if difference is None else f"{difference:+6.1f}%")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "full")

"""Time reading and writing of DICOM at clinical size.

``python Testing/Benchmarks/benchmarkDicom.py``: a SPECT of 128 x 128 x 90, a CT of 100 slices of 512 x 512, a structure
set of four organs, an absorbed dose map, regions and their report. Best of three, files in the system's cache.
"""

import pathlib
import sys
import tempfile
import time
from datetime import datetime

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "Testing" / "Python")]

MADE_AT = datetime(2026, 5, 9, 10)
LIMITS_SECONDS = {"read NM": 0.5, "read CT": 5.0}


def main():
    import dicomExamples

    from MRTDosimetryLib.dicom import exportSource, readers
    from MRTDosimetryLib.dicom.regions import readRegions
    from MRTDosimetryLib.dicom.writeParametricMap import writeParametricMap
    from MRTDosimetryLib.dicom.writeRadiotherapyDose import writeRTDose
    from MRTDosimetryLib.dicom.writeSegmentation import writeSegmentation
    from MRTDosimetryLib.imaging.volume import Volume

    rng = np.random.default_rng(1)
    spect = Volume(rng.uniform(0, 1e6, (90, 128, 128)).astype(np.float32),
                   np.diag([-4.8, -4.8, 4.8, 1.0]), "Bq/mL", "SPECT")
    ct = Volume(rng.integers(-1024, 2000, (100, 512, 512)).astype(np.int16), np.diag([-0.98, -0.98, 4.0, 1.0]),
                "[hnsf'U]", "CT")
    times = {}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        spectPath = folder / "spect.dcm"
        times["write NM"] = best(lambda: dicomExamples.writeSpectExample(spectPath, volume=spect))
        times["read NM"] = best(lambda: readers.readSpect(str(spectPath)))
        times["write CT"] = best(lambda: dicomExamples.writeCTExample(folder / "ct", volume=ct), 1)
        times["read CT"] = best(lambda: readers.readCTSeries(str(folder / "ct")))
        structures = {f"organ {n}": [(dicomExamples.circle((-250 + 20 * n, -250, 4.0 * k), 60.0), "CLOSED_PLANAR")
                                     for k in range(10, 60)] for n in range(4)}
        path = dicomExamples.writeStructureSet(folder / "structures.dcm", structures)
        times["read RTSTRUCT"] = best(lambda: readRegions(path, ct, None, ["2.25.1003"]), 1)
        source = exportSource.sourceFromFiles([str(file) for file in sorted((folder / "ct").iterdir())])
        dose = spect.withArray(spect.array * np.float32(1e-5), unit="Gy")
        times["write RTDOSE"] = best(
            lambda: writeRTDose(dose, str(folder / "dose.dcm"), source, "2.25.1", "2.25.2", MADE_AT))
        times["write parametric map"] = best(lambda: writeParametricMap(
            dose, str(folder / "map.dcm"), source, "absorbedDose", "Gy", "2.25.3", "2.25.4", MADE_AT, "Map", 3, "MAP"),
            1)
        term = {"category": ("123037004", "SCT", "Anatomical Structure"), "type": ("10200004", "SCT", "Liver")}
        regions = []
        for number in range(4):
            mask = np.zeros(ct.array.shape, bool)
            mask[10:60, 100 + 40 * number:200 + 40 * number, 100:250] = True
            regions.append((f"organ {number}", ct.withArray(mask, ""), term))
        times["write SEG"] = best(lambda: writeSegmentation(
            regions, str(folder / "regions.dcm"), source, "2.25.5", "2.25.6", MADE_AT), 1)
        times["read SEG"] = best(lambda: readRegions(str(folder / "regions.dcm"), ct), 1)
    slow = False
    for what, seconds in times.items():
        limit = LIMITS_SECONDS.get(what)
        slow = slow or limit is not None and seconds > limit
        print(f"{what:<22}{seconds:8.2f} s" + (f"  (limit {limit:g} s)" if limit else ""))
    return int(slow)


def best(function, repeats=3):
    """Shortest of some runs in seconds."""
    found = []
    for _ in range(repeats):
        started = time.perf_counter()
        function()
        found.append(time.perf_counter() - started)
    return min(found)


if __name__ == "__main__":
    sys.exit(main())

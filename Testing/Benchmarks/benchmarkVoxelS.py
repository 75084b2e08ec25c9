"""Voxel S values and spheres beside the published ones, and the time of kernels and of the whole engine.

Run from the repository: ``.venv/bin/python Testing/Benchmarks/benchmarkVoxelS.py``.
"""

import os
import sys
import time
from pathlib import Path

import numpy as np

for folder in (Path(__file__).resolve().parents[2], Path(__file__).resolve().parents[1] / "Python"):
    sys.path.insert(0, str(folder))

from test_physics_voxelKernel import LANCONELLI, OFFSETS, sValues  # noqa: E402

from MRTDosimetryLib.physics.dose.convolution import convolveSymmetric  # noqa: E402
from MRTDosimetryLib.physics.dose.radialKernels import PHOTON_COMPONENTS, radialKernelNames  # noqa: E402
from MRTDosimetryLib.physics.dose.registry import engine  # noqa: E402
from MRTDosimetryLib.physics.dose.spheres import sphereSValue  # noqa: E402
from MRTDosimetryLib.physics.dose.voxelKernel import voxelKernelMeV  # noqa: E402
from MRTDosimetryLib.physics.nuclides import nuclide  # noqa: E402

SPHERES = ((4.18879e-3, 0.17), (4.0, 0.80), (20.0, 0.88), (100.0, 0.93))


def publishedVoxels():
    print("Voxel S values in soft tissue, mGy/(MBq s): ours, published (Lanconelli et al. 2012), ratio")
    for (name, edgeMM), published in LANCONELLI.items():
        found = sValues(name, edgeMM)
        for offset, value in zip(OFFSETS, published, strict=True):
            if value is not None:
                print(f"{name:8}{edgeMM:5.2f} mm  {''.join(map(str, offset))}  {found[offset]:10.3e}{value:12.3e}"
                      f"{found[offset] / value:8.3f}")


def publishedSpheres():
    print("\n90Y in spheres of unit density: absorbed fraction of the electrons' energy, ours and published")
    for massG, published in SPHERES:
        result = sphereSValue(nuclide("Y-90"), massG, 1.0)
        print(f"{massG:10.4g} g{result.absorbedFractions['electron']:9.4f}{published:7.2f}")


def kernelTimes():
    print("\nPhoton kernel of 131I to 300 mm: time to build, energy kept, share within 300 mm")
    for size in ((4.8,) * 3, (2.21,) * 3, (5.0, 2.0, 2.0), (3.0, 3.0, 3.0)):
        started = time.perf_counter()
        kernel = voxelKernelMeV("I-131", size, component=PHOTON_COMPONENTS)
        seconds = time.perf_counter() - started
        print(f"{size!s:24}{seconds:7.2f} s{kernel.sumMeV() / kernel.depositedMeV - 1:12.1e}"
              f"{kernel.depositedMeV / kernel.emittedMeV:9.3f}")
    worst = max(abs(voxelKernelMeV(name, (4.8,) * 3, component=PHOTON_COMPONENTS).sumMeV()
                    / max(voxelKernelMeV(name, (4.8,) * 3, component=PHOTON_COMPONENTS).depositedMeV, 1e-30) - 1)
                for name in radialKernelNames() if nuclide(name, includeProgeny=True).photonEnergyMeV)
    print(f"sum rule over all nuclides: at worst {worst:.1e}")


def engineTime():
    shape = (128, 128, 128)
    activity = np.zeros(shape, np.float32)
    z, y, x = np.ogrid[:128, :128, :128]
    activity[((x - 50) / 18) ** 2 + ((y - 60) / 14) ** 2 + ((z - 64) / 16) ** 2 < 1] = 1.0
    print("\nEngine on 128^3 voxels of 4.8 mm, time the first and the second time")
    for name in ("Lu-177", "I-131", "Y-90"):
        seconds = []
        for _ in range(2):
            started = time.perf_counter()
            engine("voxelS").compute(activity, 1.04, (4.8, 4.8, 4.8), nuclide(name))
            seconds.append(time.perf_counter() - started)
        print(f"{name:8}{seconds[0]:6.2f}{seconds[1]:6.2f} s")
    octant = voxelKernelMeV("I-131", (4.8,) * 3, component=PHOTON_COMPONENTS).octantMeV
    started = time.perf_counter()
    convolveSymmetric(activity, [octant])
    print(f"of which one convolution with the 300 mm kernel {time.perf_counter() - started:.2f} s")


def main():
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}\n")
    publishedVoxels()
    publishedSpheres()
    kernelTimes()
    engineTime()


if __name__ == "__main__":
    main()

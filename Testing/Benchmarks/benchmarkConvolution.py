"""Convolution of a map with a symmetric kernel: ours beside scipy.signal and SimpleITK, in one run.

Run from the repository: ``.venv/bin/python Testing/Benchmarks/benchmarkConvolution.py [--size 256] [--kernel 65]
[--skipSimpleITK]``. Each way gets the same map and kernel; the ways take turns, and the best of their times counts.
Errors are relative to the largest value of scipy.signal.fftconvolve in double precision.
"""

import argparse
import os
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from MRTDosimetryLib.physics.dose.convolution import convolveSymmetric


def timed(function):
    """Result, wall and processor time in seconds."""
    wall, processor = time.perf_counter(), time.process_time()
    result = function()
    return result, time.perf_counter() - wall, time.process_time() - processor


def withSimpleITK(image, kernel):
    import SimpleITK as sitk

    first, second = sitk.GetImageFromArray(image), sitk.GetImageFromArray(kernel)
    zeros = sitk.FFTConvolutionImageFilter.ZERO_PAD
    return sitk.GetArrayFromImage(sitk.FFTConvolution(first, second, False, zeros))


def main():
    from scipy.signal import fftconvolve

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--kernel", type=int, default=65)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--skipSimpleITK", action="store_true")
    options = parser.parse_args()
    rng = np.random.default_rng(1)
    image = rng.random((options.size,) * 3).astype(np.float32)
    half = options.kernel // 2 + 1
    distance = np.sqrt(sum(axis ** 2 for axis in np.ogrid[:half, :half, :half]))
    octant = np.exp(-distance / 6) / (distance + 0.5) ** 2
    full = octant
    for axis in range(3):
        full = np.concatenate([np.flip(full, axis).take(range(half - 1), axis), full], axis=axis)
    single, double = full.astype(np.float32), image.astype(np.float64)
    ways = [("scipy.signal.fftconvolve, double precision", lambda: fftconvolve(double, full, "same")),
            ("scipy.signal.fftconvolve, single precision", lambda: fftconvolve(image, single, "same"))]
    if not options.skipSimpleITK:
        ways.append(("SimpleITK FFTConvolution, single precision", lambda: withSimpleITK(image, single)))
    ways += [(f"ours, {workers} thread{'s' if workers > 1 else ''}",
              lambda count=workers: convolveSymmetric(image, [octant], count)[0])
             for workers in (1, 2)]
    print(f"{options.size}^3 map, {options.kernel}^3 kernel, {os.cpu_count()} processors, "
          f"load {os.getloadavg()[0]:.1f}")
    best, errors = {}, {}
    for turn in range(options.repeats):
        reference = None
        for name, function in ways:
            if turn and name.startswith("SimpleITK"):
                continue  # once is enough: it takes longer than all others
            result, wall, processor = timed(function)
            reference = result if reference is None else reference
            errors[name] = float(np.max(np.abs(result - reference)) / reference.max())
            before = best.get(name, (np.inf, np.inf))
            best[name] = min(wall, before[0]), min(processor, before[1])
    ours = [min(best[name][index] for name in best if name.startswith("ours")) for index in (0, 1)]
    print(f"{'':<46}{'wall s':>8}{'cpu s':>8}{'times ours, wall':>18}{'cpu':>7}{'error':>10}")
    for name, (wall, processor) in best.items():
        print(f"{name:<46}{wall:8.3f}{processor:8.3f}{wall / ours[0]:18.1f}{processor / ours[1]:7.1f}"
              f"{errors[name]:10.1e}")


if __name__ == "__main__":
    main()

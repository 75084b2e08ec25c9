"""Voxels per second of the fits per voxel, beside scipy.optimize.curve_fit and lmfit voxel by voxel, in one run.

Run from the repository: ``.venv/bin/python Testing/Benchmarks/benchmarkVoxelKinetics.py``. All rates are per second of
processor time of one core. The last table is the clinical size: 128 x 128 x 100 voxels, 4 time points, body mask.
"""

import os

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")  # before NumPy: one core is compared with one core

import math  # noqa: E402
import resource  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
import warnings  # noqa: E402
from pathlib import Path  # noqa: E402

import lmfit  # noqa: E402
import numpy as np  # noqa: E402
from scipy.optimize import curve_fit  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from MRTDosimetryLib.imaging.voxelKinetics import RegionKinetics, fitMaps  # noqa: E402
from MRTDosimetryLib.physics.kinetics.voxelwise import fitVoxels  # noqa: E402

LN2 = math.log(2)
PHYSICAL = LN2 / 159.528
FOUR = np.array([4.0, 24.0, 96.0, 168.0])
SIX = np.array([2.0, 6.0, 24.0, 48.0, 96.0, 168.0])
NOISE = 0.05
SHAPE = (100, 128, 128)


def mono(t, a, rate):
    return a * np.exp(-rate * t)


def bi(t, a, b, slow, difference):
    return a * np.exp(-slow * t) + b * np.exp(-(slow + difference) * t)


def uptake(t, a, slow, difference):
    return a * np.exp(-slow * t) * -np.expm1(-difference * t)


# function, times, start (of curves scaled to a maximum of 1), lower bounds, voxels of ours, of curve_fit, of lmfit
CASES = {
    "monoExponential": (mono, FOUR, (1.0, 0.01), (0, PHYSICAL), 1_000_000, 3000, 300),
    "biExponential": (bi, SIX, (0.6, 0.4, 0.01, 0.1), (0, 0, PHYSICAL, 0.05 * PHYSICAL), 50_000, 300, 60),
    "uptakeWashout": (uptake, SIX, (1.0, 0.01, 0.2), (0, PHYSICAL, 0.05 * PHYSICAL), 100_000, 300, 60),
}


def voxels(name, count, seed=1):
    rng = np.random.default_rng(seed)
    slow = LN2 / rng.uniform(40, 120, count)
    if name == "monoExponential":
        parameters = (rng.uniform(0.5, 5, count), slow)
    elif name == "biExponential":
        parameters = (rng.uniform(1, 3, count), rng.uniform(1, 3, count), slow, LN2 / rng.uniform(3, 12, count))
    else:
        parameters = (rng.uniform(0.5, 5, count), slow, LN2 / rng.uniform(1, 8, count))
    function, times = CASES[name][:2]
    clean = function(times[:, None], *parameters)
    return (clean * (1 + NOISE * rng.standard_normal(clean.shape))).astype(np.float32)


def rate(function, count, *arguments):
    """Voxels per second of processor time."""
    started = time.process_time()
    function(*arguments)
    return count / (time.process_time() - started)


def byScipy(name, activities):
    function, times, start, lower = CASES[name][:4]
    for values in activities.T.astype(float):
        scaled = values / values.max()
        curve_fit(function, times, scaled, start, np.maximum(scaled, 0.05), bounds=(lower, np.inf), max_nfev=2000)


def byScipyUnbounded(activities):
    for values in activities.T.astype(float):
        scaled = values / values.max()
        curve_fit(mono, FOUR, scaled, (1.0, 0.01), np.maximum(scaled, 0.05))


def byLmfit(name, activities):
    function, times, start, lower = CASES[name][:4]
    model = lmfit.Model(function, independent_vars=["t"])
    for values in activities.T.astype(float):
        scaled = values / values.max()
        parameters = model.make_params(**dict(zip(model.param_names, start, strict=True)))
        for parameter, bound in zip(model.param_names, lower, strict=True):
            parameters[parameter].min = bound
        model.fit(scaled, parameters, t=times, weights=1 / np.maximum(scaled, 0.05))


def peakMemoryMB():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024.0 ** 2 if sys.platform == "darwin" else 1024.0)


def compareRates():
    print("voxels per second of one core (5 % noise)")
    print(f"{'model':<18}{'points':>7}{'ours':>12}{'curve_fit':>11}{'lmfit':>8}{'x curve_fit':>13}{'x lmfit':>9}")

    def row(name, points, ours, scipy=None, model=None):
        cells = [("", 11) if scipy is None else (f"{scipy:.3g}", 11), ("", 8) if model is None else (f"{model:.3g}", 8),
                 ("", 13) if scipy is None else (f"{ours / scipy:.0f}", 13),
                 ("", 9) if model is None else (f"{ours / model:.0f}", 9)]
        print(f"{name:<18}{points:>7}{ours:>12.3g}" + "".join(f"{text:>{width}}" for text, width in cells))

    for name, (_function, times, _start, _lower, count, byCurveFit, byLmfitCount) in CASES.items():
        activities = voxels(name, count)
        fitVoxels(times, activities[:, :1000], PHYSICAL, name)
        row(name, times.size, rate(fitVoxels, count, times, activities, PHYSICAL, name),
            rate(byScipy, byCurveFit, name, activities[:, :byCurveFit]),
            rate(byLmfit, byLmfitCount, name, activities[:, :byLmfitCount]))
    activities = voxels("monoExponential", 1_000_000)
    ours = rate(fitVoxels, 1_000_000, FOUR, activities, PHYSICAL)
    # Without bounds curve_fit takes the faster algorithm of MINPACK.
    row("mono, no bounds", 4, ours, rate(byScipyUnbounded, 3000, activities[:, :3000]))
    row("mono, fit weights", 4, rate(fitVoxels, 1_000_000, FOUR, activities, PHYSICAL, "monoExponential", "fitted"))
    row("trapezoid", 4, rate(fitVoxels, 1_000_000, FOUR, activities, PHYSICAL, "trapezoid"))


def clinicalSize():
    print(f"\nmaps of {SHAPE[2]} x {SHAPE[1]} x {SHAPE[0]} voxels, 4 time points, fitted inside an elliptic body")
    print(f"{'model':<18}{'voxels':>9}{'wall s':>8}{'memory MB':>11}{'fits replaced':>15}")
    rng = np.random.default_rng(2)
    _k, j, i = np.ogrid[:SHAPE[0], :SHAPE[1], :SHAPE[2]]
    mask = np.broadcast_to(((i - 63.5) / 38) ** 2 + ((j - 63.5) / 27) ** 2 < 1, SHAPE)
    halfLives = rng.uniform(40, 90, SHAPE).astype(np.float32)
    images = [np.where(mask, 2 ** (-t / halfLives) * (1 + 0.2 * rng.standard_normal(SHAPE, np.float32)), 0).clip(0)
              .astype(np.float32) for t in FOUR]
    activities = tuple(float(image.sum()) for image in images)
    index = np.zeros(SHAPE, np.int32)
    for model in ("monoExponential", "trapezoid"):
        kinetics = [RegionKinetics(model, 80.0 * activities[0], activities, 60.0)]
        before, wall = peakMemoryMB(), time.perf_counter()
        maps = fitMaps(FOUR, images, mask, index, kinetics, PHYSICAL, [14.0, 46.0, 72.0, 108.0])
        seconds = time.perf_counter() - wall
        print(f"{model:<18}{maps.voxels[0]:>9}{seconds:>8.2f}{peakMemoryMB() - before:>11.0f}{maps.replaced[0]:>15}")
    print(f"peak memory of the process, the images ({4 * images[0].nbytes / 1e6:.0f} MB) included: "
          f"{peakMemoryMB():.0f} MB")


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of curve_fit, that a covariance cannot be estimated
        clinicalSize()
        print()
        compareRates()

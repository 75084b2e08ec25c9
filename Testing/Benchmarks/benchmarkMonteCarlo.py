"""The Monte Carlo of the photons: speed beside a naive one, agreement with kernels, and whether its errors are honest.

Run from the repository: ``.venv/bin/python Testing/Benchmarks/benchmarkMonteCarlo.py [speed kernel patient coverage]``.
The phantom has the size of a SPECT (128 x 128 x 128 voxels of 4.8 mm) and the organs of an adult.
"""

import math
import os
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from MRTDosimetryLib.physics.dose.localDeposition import computeLocalDeposition
from MRTDosimetryLib.physics.dose.monteCarlo import computeMonteCarlo
from MRTDosimetryLib.physics.dose.photonTransport import makePatient, makeSource, transport
from MRTDosimetryLib.physics.nuclides import nuclide
from MRTDosimetryLib.physics.photonEmissions import photonEmissions
from MRTDosimetryLib.physics.photonInteractions import ELECTRON_MEV, photonMaterial
from MRTDosimetryLib.physics.units import GY_KG_PER_GBQ_H_PER_MEV

SIZE, VOXELS = 4.8, 128
REFERENCE = 1.04
# Organ: time-integrated activity concentration (relative), center (k, j, i) and half axes in cm.
ORGANS = {"liver": (0.5, (2, -1, -6), (6.5, 6.2, 8.2)), "spleen": (2, (1, 2.5, 10.5), (5, 3.2, 3.3)),
          "kidney right": (3, (-8, 3.5, -7), (5, 2.6, 2.7)), "kidney left": (3, (-7, 3.5, 7), (5, 2.6, 2.7)),
          "lesion 14 mL": (10, (-14, -3, 4), (1.5, 1.5, 1.5)), "lesion 4 mL": (10, (-12, -2, -9), (1, 1, 1))}
LUNGS = (((16, -0.5, -8), (9, 6.5, 5.2)), ((16, -0.5, 8), (9, 6.5, 5.2)))


def phantom(voxels=VOXELS, sizeMM=SIZE, isUniform=False):
    """Time-integrated activity in MBq h per voxel, density, and masks of the regions."""
    axis = (np.arange(voxels) - (voxels - 1) / 2) * sizeMM / 10
    k, j, i = np.meshgrid(axis, axis, axis, indexing="ij", sparse=True)

    def ellipsoid(center, half):
        return sum(((axis - at) / radius) ** 2 for axis, at, radius in zip((k, j, i), center, half, strict=True)) < 1

    body = ((j / 10.5) ** 2 + (i / 17) ** 2 < 1) & (abs(k) < 29)
    inner = ((j / 9.5) ** 2 + (i / 16) ** 2 < 1) & body
    density = np.where(inner, REFERENCE, np.where(body, 0.95, 0.0012)).astype(np.float32)
    # A kernel knows no end of the medium: in the uniform one all regions stay away from the end of the grid.
    lungs = [((at[0] - 8 * isUniform, *at[1:]), half) for at, half in LUNGS]
    masks = {"lung": (ellipsoid(*lungs[0]) | ellipsoid(*lungs[1])) & inner,
             "spine": ((j - 6) ** 2 + i ** 2 < 1.9 ** 2) & body & (abs(k) < (18 if isUniform else 29))}
    density[masks["lung"]], density[masks["spine"]] = 0.3, 1.35
    activity = np.where(body, 0.03 * density, 0).astype(np.float32)
    for name, (concentration, center, half) in ORGANS.items():
        masks[name] = ellipsoid(center, half)
        activity[masks[name]], density[masks[name]] = concentration, REFERENCE
    if isUniform:
        density[:] = REFERENCE
    return activity * sizeMM ** 3 / 1000, density, masks


def regionsOf(masks):
    everything = tuple(slice(0, size) for size in next(iter(masks.values())).shape)
    return {name: (everything, mask.astype(np.float32)) for name, mask in masks.items()}


def photonPart(found, activity, density, sizes, item):
    """Absorbed dose without electrons."""
    return found.absorbedDoseGy - computeLocalDeposition(activity, density, sizes, item).absorbedDoseGy


def speed():
    """Time to 1 % of the photon part in every organ with activity, and photons per second."""
    print(f"\nSpeed, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    activity, density, masks = phantom()
    sizes = 3 * (SIZE,)
    organs = regionsOf({name: masks[name] for name in ORGANS})
    print(f"{'':8}{'threads':>8}{'photons':>10}{'wall s':>8}{'cpu s':>8}{'photons/s':>11}{'photons/cpu-s':>14}"
          "  balance")
    for name in ("Lu-177", "I-131"):
        for threads in (1, 2):
            wall, cpu = time.perf_counter(), time.process_time()
            found = computeMonteCarlo(activity, density, sizes, nuclide(name), options={
                "regions": organs, "uncertaintyOf": "photons", "relativeUncertainty": 0.01, "threads": threads})
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            photons = float(found.notes[1].split()[0]) * 1e6
            balance = found.energyBalance
            closes = (balance["depositedMeV"] + balance["escapedMeV"]) / balance["emittedMeV"] - 1
            print(f"{name:8}{threads:8}{photons:10.3g}{wall:8.1f}{cpu:8.1f}{photons / wall:11.3g}{photons / cpu:14.3g}"
                  f"  {closes:+.3%}")
        part = photonPart(found, activity, density, sizes, nuclide(name))
        for region, mask in masks.items():
            mean = float(part[mask].mean())
            if region in organs:
                print(f"  {region:14}photon part {mean / found.absorbedDoseGy[mask].mean():7.2%} of the mean; standard "
                      f"error {found.regionStandardErrorGy[region] / mean:6.2%} of it")
    naiveSpeed(activity, density)


def naiveSpeed(activity, density, photons=3000):
    """One photon after another in plain Python, same physics, energy scored where it is deposited."""
    energies, yields = photonEmissions("Lu-177")
    wall = time.perf_counter()
    share = naive(activity, density, energies, yields, photons)
    wall = time.perf_counter() - wall
    patient = makePatient(density, 3 * (SIZE,))
    source = makeSource(activity, energies, yields)
    ours = time.perf_counter()
    deposited, emitted, _escaped = transport(patient, source, 200_000, np.random.SeedSequence(1))
    ours = time.perf_counter() - ours
    print(f"Naive (one photon at a time, plain Python): {photons / wall:.0f} photons/s, {share:.3f} of the energy "
          f"deposited\nThis engine (one thread): {200_000 / ours:.0f} photons/s, {deposited.sum() / emitted:.3f} "
          f"deposited; {200_000 / ours * wall / photons:.0f} times as fast")


def naive(activity, density, energies, yields, photons):
    """Share of the emitted energy that is deposited; Woodcock tracking of single photons, free electrons."""
    import bisect
    import random

    rng = random.Random(1)
    soft, bone = photonMaterial("softTissue"), photonMaterial("corticalBone")
    grid = np.geomspace(0.01, 0.4, 2000)
    tables = [[material.coefficientCM2PerG(kind, grid).tolist() for kind in ("photoelectric", "compton")]
              for material in (soft, bone)]
    logStep = math.log(40) / 1999
    cumulative, flat = np.cumsum(activity).tolist(), np.zeros(activity.shape)
    lines = (np.cumsum(yields) / yields.sum()).tolist()
    highest, cm, total = float(density.max()), SIZE / 10, 0.0
    for _ in range(photons):
        index = bisect.bisect_left(cumulative, rng.random() * cumulative[-1])
        position = [cm * (at + rng.random()) for at in np.unravel_index(min(index, activity.size - 1), activity.shape)]
        energy = float(energies[min(bisect.bisect_left(lines, rng.random()), len(lines) - 1)])
        total += energy
        cosine, azimuth = 2 * rng.random() - 1, 2 * math.pi * rng.random()
        sine = math.sqrt(1 - cosine ** 2)
        direction = [cosine, sine * math.sin(azimuth), sine * math.cos(azimuth)]
        while True:
            row = int(math.log(energy / 0.01) / logStep)
            majorant = highest * max(photo[row] + compton[row] for photo, compton in tables)
            step = -math.log(1 - rng.random()) / majorant
            position = [at + step * along for at, along in zip(position, direction, strict=True)]
            voxel = tuple(math.floor(at / cm) for at in position)
            if min(voxel) < 0 or max(voxel) >= VOXELS:
                break
            here = float(density[voxel])
            photo, compton = tables[here > 1.2]
            choice = rng.random() * majorant / here
            if choice < photo[row]:
                flat[voxel] += energy
                break
            if choice < photo[row] + compton[row]:
                alpha = energy / ELECTRON_MEV
                while True:  # Klein-Nishina by rejection from a uniform distribution
                    cosine = 2 * rng.random() - 1
                    left = 1 / (1 + alpha * (1 - cosine))
                    if 2 * rng.random() < left ** 2 * (left + 1 / left - 1 + cosine ** 2):
                        break
                flat[voxel] += energy * (1 - left)
                energy *= left
                if energy < 0.01:
                    flat[voxel] += energy
                    break
                direction = turned(direction, cosine, 2 * math.pi * rng.random())
    return flat.sum() / total


def turned(direction, cosine, azimuth):
    """A direction after scattering, by vectors."""
    axis = np.eye(3)[int(np.argmin(np.abs(direction)))]
    first = np.cross(direction, axis)
    first /= np.linalg.norm(first)
    second, sine = np.cross(direction, first), math.sqrt(1 - cosine ** 2)
    return (cosine * np.array(direction) + sine * (math.cos(azimuth) * first + math.sin(azimuth) * second)).tolist()


def kernelPhotonsGy(activity, item, radiusMM=300.0):
    """Photon part by the voxel kernel of uniform soft tissue: energy over the mass of a voxel of that tissue."""
    from MRTDosimetryLib.physics.dose.convolution import convolveSymmetric
    from MRTDosimetryLib.physics.dose.voxelKernel import voxelKernelMeV

    kernel = voxelKernelMeV(item, 3 * (SIZE,), radiusMM, REFERENCE, "photon")
    energy, = convolveSymmetric(activity, [kernel.octantMeV])
    return energy * (GY_KG_PER_GBQ_H_PER_MEV / (REFERENCE * SIZE ** 3 / 1000))


def compare(title, isUniform, photons=6_000_000):
    print(f"\n{title} ({photons:.2g} photons)")
    activity, density, masks = phantom(isUniform=isUniform)
    print(f"{'':16}" + "".join(f"{name + ' ' + what:>22}" for name in ("Lu-177", "I-131") for what in (
        "kernel/MC - 1", "standard error", "of the total")))
    rows = {name: "" for name in masks}
    for name in ("Lu-177", "I-131"):
        item = nuclide(name)
        found = computeMonteCarlo(activity, density, 3 * (SIZE,), item,
                                  options={"photons": photons, "regions": regionsOf(masks)})
        part, kernel = photonPart(found, activity, density, 3 * (SIZE,), item), kernelPhotonsGy(
            activity, item, 600.0 if isUniform else 300.0)
        for region, mask in masks.items():
            mean = float(part[mask].mean(dtype=float))
            difference = float(kernel[mask].mean(dtype=float)) - mean
            rows[region] += (f"{difference / mean:22.2%}{found.regionStandardErrorGy[region] / mean:22.2%}"
                             f"{difference / float(found.absorbedDoseGy[mask].mean(dtype=float)):22.3%}")
    for region, text in rows.items():
        print(f"{region:16}{text}")


def kernel():
    """Uniform medium: only geometry and statistics can differ."""
    compare("Photon part, kernel against Monte Carlo in a uniform medium", True)


def patient():
    """Lung, bone, fat and the surface of the body."""
    compare("Photon part, kernel of soft tissue (30 cm, unscaled) against Monte Carlo in a patient", False)


def coverage(seeds=200, photons=50_000):
    """How often the truth lies within one stated standard error."""
    activity, density, masks = phantom(32, 12.0)
    activity += density  # a little activity everywhere
    masks = {name: mask for name, mask in masks.items() if mask.any()}
    options = {"regions": regionsOf(masks), "photons": photons}
    wall = time.perf_counter()
    sums = {name: [] for name in masks}
    for seed in range(seeds):
        found = computeMonteCarlo(activity, density, (12.0, 12.0, 12.0), nuclide("Lu-177"),
                                  options={**options, "seed": seed})
        for name, mask in masks.items():
            grams = density[mask]
            mean = float((found.absorbedDoseGy[mask] * grams).sum(dtype=float) / grams.sum(dtype=float))
            sums[name].append((mean, found.regionStandardErrorGy[name]))
    print(f"\nCoverage of the stated standard error: {seeds} seeds, {photons} photons each, Lu-177, "
          f"{time.perf_counter() - wall:.0f} s")
    inside = []
    for name, pairs in sums.items():
        means, errors = np.array(pairs).T
        hits = abs(means - means.mean()) <= errors
        inside.append(hits)
        print(f"  {name:16}{hits.mean():7.1%} within one;  spread of the means / mean stated error "
              f"{means.std(ddof=1) / np.sqrt(np.mean(errors ** 2)):.3f}")
    print(f"  {'all':16}{np.mean(inside):7.1%} (68.3 % for a normal, 67.0 % for a t distribution of 20 batches)")


if __name__ == "__main__":
    for task in sys.argv[1:] or ("speed", "kernel", "patient", "coverage"):
        {"speed": speed, "kernel": kernel, "patient": patient, "coverage": coverage}[task]()

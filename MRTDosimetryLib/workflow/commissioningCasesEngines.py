"""Commissioning of the absorbed-dose engines, on bodies whose absorbed dose is known."""

import numpy as np

from ..physics.dose.registry import engine
from ..physics.dose.spheres import sphereSValue
from ..physics.nuclides import nuclide
from ..progress import subProgress
from .commissioningCase import Case, Check, published, sourceOf

_SUBJECT = "Absorbed-dose engines"
_DENSITY = 1.04
_DECAYS_PER_MBQ_H = 3.6e9
_BALANCE = "share of what is not followed"


def localDeposition(job, progress):
    """A uniform cube, and complete decay."""
    record = published("kidney")
    shape, volumeML = (10, 10, 10), record["mass"] / _DENSITY
    edgeMM = 10.0 * (volumeML / 1000.0) ** (1.0 / 3.0)
    found = engine("localDeposition").compute(
        np.full(shape, record["timeIntegratedActivity"] / 1000.0), _DENSITY, (edgeMM,) * 3, nuclide("Lu-177"))
    yield Case("engines.localCube", _SUBJECT, "Local deposition, uniform cube", "absorbed dose", "Gy",
               record["absorbedDose"], float(found.absorbedDoseGy.mean()), sourceOf(record), 1e-4, True,
               "the printed digits")
    record = published("completeDecay")
    yttrium = nuclide(record["nuclide"])
    found = engine("localDeposition").compute(np.full((1, 1, 1), 1000.0 / yttrium.decayConstantPerHour), 1.0,
                                              (100.0,) * 3, yttrium)
    yield Case("engines.localDecay", _SUBJECT, "Local deposition, 1 GBq 90Y in 1 kg", "absorbed dose", "Gy",
               record["value"], float(found.absorbedDoseGy.max()), sourceOf(record), 1e-4, True, "the printed digits")


def ball(size, edgeMM, radiusMM, parts=6):
    """Share of each voxel (float32, (size,) * 3) inside a centered ball, from ``parts`` cubed points a voxel."""
    places = (np.arange(size * parts) + 0.5) / parts * edgeMM - size * edgeMM / 2.0
    square = places.astype(np.float32) ** 2
    inside = square[:, None, None] + square[None, :, None] + square[None, None, :] < radiusMM ** 2
    return inside.reshape(size, parts, size, parts, size, parts).mean(axis=(1, 3, 5), dtype=np.float32)


def voxelS(job, progress):
    """The engine on a ball made of voxels, against the formula of the sphere."""
    radiusMM, name = 10.0, "Y-90"
    massG = 4.0 / 3.0 * np.pi * (radiusMM / 10.0) ** 3 * _DENSITY
    found = []
    for edgeMM in (2.0, 1.0):
        progress(0.5, "Voxel S values in a sphere")
        body = ball(2 * int(radiusMM / edgeMM) + 4, edgeMM, radiusMM)
        activity = body * np.float32(100.0 / body.sum(dtype=float))
        dose = engine("voxelS").compute(activity, _DENSITY, (edgeMM,) * 3, nuclide(name),
                                        options={"kernelRadiusMM": 40.0}).absorbedDoseGy
        found.append(float(np.average(dose, weights=body)))
    yield Case("engines.voxelSSphere", _SUBJECT, "Voxel S, 90Y in a sphere of 4.2 mL", "absorbed dose", "Gy",
               sphereSValue(nuclide(name), massG, _DENSITY).absorbedDoseGy(100.0), (4 * found[1] - found[0]) / 3,
               "Exact integral of the radial kernel over a sphere", 0.01, True, "voxels at the surface",
               note="voxels of 2 and 1 mm, extrapolated to none")
    shape = (30, 40, 36)
    activity = np.zeros(shape, np.float32)
    activity[8:20, 10:25, 9:30] = np.random.default_rng(4).gamma(2.0, 1.0, (12, 15, 21))
    result = engine("voxelS").compute(activity, np.full(shape, _DENSITY, np.float32), (4.8,) * 3, nuclide("Lu-177"),
                                      options={"kernelRadiusMM": 100.0})
    yield _balance("engines.voxelSBalance", "Voxel S", result, activity, "Lu-177", 1e-4)


def _balance(key, name, result, activity, nuclideName, tolerance):
    """Deposited and escaped over what the nuclide emits."""
    found = nuclide(nuclideName)
    emitted = float(activity.sum(dtype=float)) * _DECAYS_PER_MBQ_H * (found.localEnergyMeV + found.photonEnergyMeV)
    balance = result.energyBalance
    return Case(key, _SUBJECT, f"{name}, energy balance, {nuclideName}", "deposited + escaped", "/emitted", 1.0,
                (balance["depositedMeV"] + balance["escapedMeV"]) / emitted, "Conservation of energy", tolerance, True,
                _BALANCE)


def monteCarlo(job, progress):
    """Photons of a ball in a wide uniform medium, by Monte Carlo and by the kernel."""
    name, edgeMM, size, radiusMM = "I-131", 8.0, 61, 40.0
    body = ball(size, edgeMM, radiusMM, 3)
    activity = body * np.float32(1000.0 / body.sum(dtype=float))
    density = np.full(body.shape, _DENSITY, np.float32)
    followed = engine("monteCarlo").compute(
        activity, density, (edgeMM,) * 3, nuclide(name), subProgress(progress, 0.0, 0.8),
        {"photons": 150_000 if job.isQuick else 600_000, "seed": 20260504})
    progress(0.8, "The same by the kernel")
    kernel = engine("voxelS").compute(activity, density, (edgeMM,) * 3, nuclide(name))
    local = engine("localDeposition").compute(activity, density, (edgeMM,) * 3, nuclide(name))
    whole = ball(size, edgeMM, 100.0, 3)
    shell, localMean = whole - body, float(np.average(local.absorbedDoseGy, weights=body))
    inBody = [float(np.average(item.absorbedDoseGy, weights=body)) for item in (kernel, followed)]
    inShell = [float(np.average(item.absorbedDoseGy, weights=shell)) for item in (kernel, followed)]
    size = "quick" if job.isQuick else "full"
    yield Case(f"engines.monteCarloBall.{size}", _SUBJECT, "Monte Carlo, 131I in a sphere of 268 mL", "absorbed dose",
               "Gy", *inBody, "The radial kernel, another transport code", 0.015, True,
               "statistics; electrons by kernel or local", note=f"local deposition alone: {localMean:.4g} Gy")
    yield Case(f"engines.monteCarloShell.{size}", _SUBJECT, "Monte Carlo, photons around the sphere", "absorbed dose",
               "Gy", *inShell, "The radial kernel, another transport code", 0.03, True,
               "statistics; kernel spread of 2 %")
    yield _balance(f"engines.monteCarloBalance.{size}", "Monte Carlo", followed, activity, name, 0.005)


CHECKS = (
    Check("engines.local", _SUBJECT, "Local deposition", localDeposition),
    Check("engines.voxelS", _SUBJECT, "Voxel S values", voxelS, 2.0),
    Check("engines.monteCarlo", _SUBJECT, "Monte Carlo", monteCarlo, 6.0),
)

"""Small studies on disk for tests: an ellipse-shaped body with two organs, known kinetics, NRRD files."""

import json
import math

import numpy as np

from MRTDosimetryLib.imaging.files import writeImage
from MRTDosimetryLib.imaging.volume import Volume

PHYSICAL_HALF_LIFE_HOURS = 159.528
TIMES_HOURS = (4.0, 24.0, 96.0, 168.0)
ORGANS = {"liver": {"label": 1, "halfLifeHours": 70.0, "startMBq": 400.0},
          "kidney left": {"label": 3, "halfLifeHours": 50.0, "startMBq": 120.0}}


def bodyLabels(shape=(20, 32, 40), spacingMM=(8.0, 8.0, 8.0)):
    """Label volume (k, j, i) with liver = 1 and left kidney = 3, in RAS with the body around the origin."""
    k, j, i = np.indices(shape)
    labels = np.zeros(shape, np.uint8)
    labels[((i - 14) / 7) ** 2 + ((j - 15) / 6) ** 2 + ((k - 12) / 5) ** 2 < 1] = 1
    labels[((i - 29) / 3) ** 2 + ((j - 18) / 3) ** 2 + ((k - 8) / 4) ** 2 < 1] = 3
    matrix = np.diag([*spacingMM, 1.0])
    matrix[:3, 3] = [-(shape[2] - 1) / 2 * spacingMM[0], -(shape[1] - 1) / 2 * spacingMM[1], 0.0]
    return Volume(labels, matrix, "", "labels")


def bodyCT(labels):
    """CT in HU of that body: soft tissue in air, organs a little denser, a spine."""
    k, j, i = np.indices(labels.array.shape)
    inside = ((i - 20) / 18) ** 2 + ((j - 16) / 14) ** 2 < 1
    hounsfield = np.where(inside, 20, -1000).astype(np.int16)
    hounsfield[labels.array > 0] = 50
    hounsfield[((i - 20) / 3) ** 2 + ((j - 25) / 3) ** 2 < 1] = 300
    return labels.withArray(hounsfield, "[hnsf'U]", "CT")


def activityImage(labels, timeHours, remainderMBq=200.0, organs=None):
    """SPECT in Bq/mL: every organ uniform with its own mono-exponential, the rest of the body with 60 h."""
    array = np.zeros(labels.array.shape, np.float32)
    body = bodyCT(labels).array > -500
    for organ in (organs or ORGANS).values():
        mask = labels.array == organ["label"]
        activity = organ["startMBq"] * math.exp(-math.log(2) * timeHours / organ["halfLifeHours"])
        array[mask] = activity * 1e6 / (mask.sum() * labels.voxelVolumeML)
    rest = body & (labels.array == 0)
    array[rest] = remainderMBq * 2 ** (-timeHours / 60.0) * 1e6 / (rest.sum() * labels.voxelVolumeML)
    return labels.withArray(array, "Bq/mL", f"{timeHours:g} h")


def writeStudy(folder, times=TIMES_HOURS, change=None, withCT=True):
    """Write a study into ``folder``; ``change(description)`` may alter it. Returns the path of the study file."""
    labels = bodyLabels()
    writeImage(labels, str(folder / "labels.nrrd"))
    writeImage(bodyCT(labels), str(folder / "ct.nrrd"))
    points = []
    for index, timeHours in enumerate(times):
        name = f"spect{index + 1}.nrrd"
        writeImage(activityImage(labels, abs(timeHours)), str(folder / name))
        points.append({"spect": name, "unit": "Bq/mL", "hoursAfterAdministration": timeHours})
        if withCT:
            points[-1]["ct"] = "ct.nrrd"
    description = {
        "schemaVersion": 1, "protocol": None, "radionuclide": "Lu-177",
        "administration": {"activityMBq": 7400, "dateTime": "2026-05-04T10:00:00"},
        "timePoints": points,
        "regions": {"labelmap": "labels.nrrd", "timePoint": 0, "names": {"1": "liver", "3": "kidney left"}},
        "registration": "none",
        "kinetics": {"model": "auto", "perVoxel": False},
        "dose": {"engine": "localDeposition", "density": "ct" if withCT else "uniform"},
    }
    if change:
        change(description)
    path = folder / "study.json"
    path.write_text(json.dumps(description), encoding="utf-8")
    return path

"""A small radioembolization on disk: 99mTc-MAA SPECT in counts or 90Y PET in Bq/mL, CT, regions, study file.

    python3 Testing/Python/microsphereFiles.py FOLDER

writes the images that Resources/Protocols/examples/yttriumMicrospheres.voxel.json names into FOLDER, with that study
file beside them. Liver, one tumor in it, and the lungs are ellipsoids of uniform activity.
"""

import json
import os
import shutil
import sys

import numpy as np

if __name__ == "__main__":  # as a script it may not be installed
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))

from MRTDosimetryLib.imaging.files import writeImage
from MRTDosimetryLib.imaging.volume import Volume

HALF_LIFE_HOURS = 64.1
LABELS = {"liver": 1, "tumor": 2, "lungs": 4}
HOUNSFIELD = {"liver": 60, "tumor": 50, "lungs": -750}
PLANNED_MBQ, SHUNT, RATIO = 2000.0, 0.06, 5.0
EXAMPLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "Resources", "Protocols", "examples",
                       "yttriumMicrospheres.voxel.json")


def labels(shape=(32, 30, 36), spacingMM=8.0):
    """Label volume (k, j, i) of 8 mm voxels."""
    k, j, i = np.indices(shape)
    array = np.zeros(shape, np.uint8)
    for center in (9, 26):
        array[((i - center) / 7) ** 2 + ((j - 15) / 9) ** 2 + ((k - 24) / 6) ** 2 < 1] = LABELS["lungs"]
    array[((i - 13) / 9) ** 2 + ((j - 15) / 8) ** 2 + ((k - 10) / 6) ** 2 < 1] = LABELS["liver"]
    array[((i - 11) / 4) ** 2 + ((j - 14) / 4) ** 2 + ((k - 10) / 3) ** 2 < 1] = LABELS["tumor"]
    matrix = np.diag([spacingMM] * 3 + [1.0])
    matrix[:3, 3] = -spacingMM * (np.array(shape[::-1]) - 1) / 2
    return Volume(array, matrix, "", "labels")


def ct(image):
    """CT in HU of those labels in a body of soft tissue."""
    k, j, i = np.indices(image.array.shape)
    hounsfield = np.where(((i - 17.5) / 17) ** 2 + ((j - 14.5) / 14) ** 2 < 1, 20, -1000).astype(np.int16)
    for name, label in LABELS.items():
        hounsfield[image.array == label] = HOUNSFIELD[name]
    return image.withArray(hounsfield, "[hnsf'U]", "CT")


def concentration(image):
    """Relative activity per volume: 1 in the liver, the ratio in the tumor, and the lungs' share of the whole."""
    array = np.zeros(image.array.shape, np.float64)
    array[image.array == LABELS["liver"]] = 1.0
    array[image.array == LABELS["tumor"]] = RATIO
    lungs = image.array == LABELS["lungs"]
    array[lungs] = SHUNT / (1.0 - SHUNT) * array.sum() / lungs.sum()
    return array


def activityMBq(image, totalMBq=PLANNED_MBQ):
    """Name of a region to its activity at the administration, MBq."""
    array = concentration(image)
    return {name: totalMBq * float(array[image.array == label].sum() / array.sum()) for name, label in LABELS.items()}


def description(**changes):
    """The study of the plan on 99mTc-MAA SPECT/CT."""
    found = {
        "schemaVersion": 1, "protocol": "yttriumMicrospheres.voxel", "radionuclide": "Y-90",
        "administration": {"prescribedActivityMBq": PLANNED_MBQ},
        "timePoints": [{"spect": "maa.nrrd", "unit": "relative", "ct": "ct.nrrd"}],
        "regions": {"labelmap": "labels.nrrd", "names": {str(label): name for name, label in LABELS.items()}},
        "registration": "none",
        "dose": {"engine": "localDeposition", "density": "ct"},
        "microspheres": {"images": "maaSPECT", "device": "glass", "indication": "HCC", "lungShuntFraction": SHUNT}}
    return {**found, **changes}


def writeImages(folder):
    """All images into a folder: ``maa.nrrd`` (counts), ``pet.nrrd`` (Bq/mL 20 h after 2000 MBq), CT and labels."""
    image = labels()
    relative = concentration(image)
    writeImage(image, os.path.join(folder, "labels.nrrd"))
    writeImage(ct(image), os.path.join(folder, "ct.nrrd"))
    writeImage(image.withArray((37.0 * relative).astype(np.float32), "counts", "99mTc-MAA"),
               os.path.join(folder, "maa.nrrd"))
    bq = PLANNED_MBQ * 1e6 * 2.0 ** (-20.0 / HALF_LIFE_HOURS) * relative / relative.sum() / image.voxelVolumeML
    writeImage(image.withArray(bq.astype(np.float32), "Bq/mL", "90Y PET"), os.path.join(folder, "pet.nrrd"))
    return image


def writeStudy(folder, content, name="study.json"):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(content, file)
    return path


if __name__ == "__main__":
    os.makedirs(sys.argv[1], exist_ok=True)
    writeImages(sys.argv[1])
    shutil.copy(EXAMPLE, sys.argv[1])

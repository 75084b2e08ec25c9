"""The SNMMI 177Lu Dosimetry Challenge 2021 as it is published: its folders, and a study made of each patient.

Layout of the archives of the images and of the maps: ``patient_4/SPECT_Cts/scan1/spect`` and ``/ct`` to ``scan4``, and
``patient_4/TIA``; the same for ``patient_6`` (as the build recipes of the Spider pipeline name them). The maps of
time-integrated activity are those of a commercial program, in decays per mL on the first scan.
"""

import json
import os
import re
from dataclasses import dataclass

import numpy as np

from ..dicom import catalog, readers
from ..errors import InputError
from ..imaging.externalMap import DECAYS_PER_MBQ_H
from ..imaging.files import writeImage
from ..imaging.volume import Volume

SCANS, MAP = "SPECT_Cts", "TIA"
ADDRESS = "https://deepblue.lib.umich.edu/data/collections/hm50ts030"
_PATIENT, _SCAN = re.compile(r"patient_\d+"), re.compile(r"scan(\d+)")
# What is above is held against the map: uptake that stands out from its surroundings, drawn on the map itself.
THRESHOLD_DECAYS_PER_ML = 1e11
_FEWEST_VOXELS = 8
REGION = "uptake above 28 MBq h/mL"


@dataclass(frozen=True)
class Patient:
    """One patient of the data set.

    Attributes
    ----------
    name : str
        Of the folder.
    scans : tuple of (str, str)
        Folders of SPECT and CT, in the order of the scans.
    mapFolder : str
        Of the map of time-integrated activity.
    problem : str
        What of it is not there, and where it is; an empty text where all is.
    """

    name: str
    scans: tuple
    mapFolder: str
    problem: str


def patients(folder):
    """The patients whose folders lie in a folder, or one level below it, or which it is itself.

    Returns
    -------
    list of Patient
        In the order of their names; folders of one name, e.g. of two archives, belong together.
    """
    found = {}
    for place in _places(os.path.abspath(folder)):
        name = os.path.basename(place)
        if _PATIENT.fullmatch(name) and any(os.path.isdir(os.path.join(place, part)) for part in (SCANS, MAP)):
            found.setdefault(name, []).append(place)
    return [_patient(name, places) for name, places in sorted(found.items())]


def _places(folder):
    yield folder
    for depth in (1, 2):
        yield from _foldersBelow(folder, depth)


def _foldersBelow(folder, depth):
    inner = sorted(entry.path for entry in os.scandir(folder) if entry.is_dir())
    return inner if depth == 1 else [place for item in inner for place in _foldersBelow(item, depth - 1)]


def _patient(name, places):
    scans = [place for folder in places if os.path.isdir(os.path.join(folder, SCANS))
             for place in _foldersBelow(os.path.join(folder, SCANS), 1) if _SCAN.fullmatch(os.path.basename(place))]
    scans.sort(key=lambda place: int(_SCAN.fullmatch(os.path.basename(place))[1]))
    pairs = tuple((os.path.join(place, "spect"), os.path.join(place, "ct")) for place in scans)
    mapFolder = next((os.path.join(folder, MAP) for folder in places if os.path.isdir(os.path.join(folder, MAP))), "")
    absent = [os.path.join(name, SCANS, os.path.basename(os.path.dirname(part)), os.path.basename(part))
              for pair in pairs for part in pair if not os.path.isdir(part)]
    absent += [] if pairs else [os.path.join(name, SCANS, "scan1")]
    absent += [] if mapFolder else [os.path.join(name, MAP)]
    problem = f"{', '.join(absent)} is not there; the data are at {ADDRESS}" if absent else ""
    return Patient(name, pairs, mapFolder, problem)


def readMap(patient):
    """The map of time-integrated activity of a patient.

    Returns
    -------
    Volume
        Decays per mL.

    Raises
    ------
    InputError
        More or less than one image, or one that cannot be trusted.
    """
    found, refused = readers.candidates(catalog.scan(patient.mapFolder), "emission")
    if len(found) != 1:
        raise InputError(f"The folder holds {len(found)} images that can be read in place of the one map"
                         f"{': ' + '; '.join(refused) if refused else ''}", patient.mapFolder,
                         "Unpack the archive of the maps anew")
    # a map in Bq s/mL is stored as an image in Bq/mL is
    volume = found[0].read().volume
    return Volume(volume.array, volume.ijkToRAS, "decays/mL", f"{patient.name}, time-integrated activity")


def writeStudy(patient, volume, folder):
    """Write a study file of a patient, with the region where the map shows uptake.

    Parameters
    ----------
    patient : Patient
    volume : Volume
        From :func:`readMap`.
    folder : str
        Exists.

    Returns
    -------
    (str, float)
        Path of the study file, and the time-integrated activity that the map has in the region, in MBq h.

    Raises
    ------
    InputError
        A map with nothing above the threshold.
    """
    mask = volume.array >= THRESHOLD_DECAYS_PER_ML
    if mask.sum() < _FEWEST_VOXELS:
        raise InputError(f"The map is nowhere above {THRESHOLD_DECAYS_PER_ML:g} decays/mL (largest "
                         f"{float(volume.array.max()):.3g})", patient.mapFolder,
                         "Check that it is the map of time-integrated activity in decays per mL")
    labels = os.path.join(folder, f"{patient.name}.nrrd")
    writeImage(Volume(mask.astype(np.uint8), volume.ijkToRAS, "", "regions"), labels)
    content = {
        "schemaVersion": 1, "name": f"SNMMI challenge, {patient.name}", "radionuclide": "Lu-177",
        "timePoints": [{"spect": spect, "ct": ct} for spect, ct in patient.scans],
        "regions": {"labelmap": labels, "timePoint": 0, "names": {"1": REGION}},
        "registration": "rigid", "kinetics": {"model": "auto"},
        "dose": {"engine": "localDeposition", "density": "ct"},
    }
    path = os.path.join(folder, f"{patient.name}.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(content, file)
    voxelML = abs(float(np.linalg.det(volume.ijkToRAS[:3, :3]))) / 1000.0
    return path, float(volume.array[mask].sum(dtype=float)) * voxelML / DECAYS_PER_MBQ_H

"""DICOM files for tests, written and then bent into what vendors do."""

from datetime import datetime

import numpy as np

from MRTDosimetryLib.dicom.attributes import PatientDescription
from MRTDosimetryLib.dicom.writeComputedTomography import writeCTSeries
from MRTDosimetryLib.dicom.writeNuclearMedicine import (
    LUTETIUM_177,
    LUTETIUM_177_DOTATATE,
    Administration,
    writeSpect,
)
from MRTDosimetryLib.imaging.volume import Volume

ACQUISITION = datetime(2026, 5, 5, 10, 0, 0)
ADMINISTRATION = Administration(
    datetime(2026, 5, 4, 9, 58, 30), 7345.5, 574300.8, LUTETIUM_177, LUTETIUM_177_DOTATATE, "Lutetium (177Lu)"
)
PATIENT = PatientDescription("Test^Case", "TEST", "O", None, None, True, "Computed")


def spectVolume():
    """A SPECT of 9 x 8 x 7 voxels with every value different, in a slightly turned position."""
    angle = np.radians(3)
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    matrix = np.eye(4)
    matrix[:3, :3] = turn @ np.diag([-4.8, -4.7, 4.6])
    matrix[:3, 3] = 101.5, 87.25, -201.125
    values = np.random.default_rng(3).uniform(0, 2.5e6, (7, 8, 9)).astype(np.float32)
    return Volume(values, matrix, "Bq/mL", "SPECT")


def ctVolume():
    matrix = np.diag([-0.977, -0.977, 3.0, 1.0])
    matrix[:3, 3] = 250, 249, -170
    values = np.random.default_rng(4).integers(-1024, 3000, (6, 20, 24)).astype(np.int16)
    return Volume(values, matrix, "[hnsf'U]", "CT")


def writeSpectExample(path, seriesUID="2.25.1002", volume=None):
    writeSpect(
        volume or spectVolume(), str(path), PATIENT, "2.25.1001", seriesUID, "2.25.1003", ACQUISITION, ADMINISTRATION,
        60, 20.0,
    )  # fmt: skip
    return str(path)


def writeCTExample(folder, seriesUID="2.25.1004", volume=None):
    folder.mkdir(exist_ok=True)
    return writeCTSeries(
        volume or ctVolume(), str(folder), PATIENT, "2.25.1001", seriesUID, "2.25.1003", ACQUISITION
    )


def changed(path, change):
    """Apply ``change(dataset)`` to a file in place."""
    import pydicom

    dataset = pydicom.dcmread(path)
    change(dataset)
    dataset.save_as(path, enforce_file_format=True)
    return path

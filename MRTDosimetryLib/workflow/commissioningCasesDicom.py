"""Commissioning of DICOM: what is written is read back at the same place with the same values."""

import os
from datetime import datetime

import numpy as np

from ..dicom.attributes import PatientDescription
from ..dicom.exportSource import sourceFromFiles
from ..dicom.radiotherapyDose import readRTDose
from ..dicom.readers import readCTSeries, readSpect
from ..dicom.regions import readRegions
from ..dicom.writeComputedTomography import writeCTSeries
from ..dicom.writeNuclearMedicine import LUTETIUM_177, LUTETIUM_177_DOTATATE, Administration, writeSpect
from ..dicom.writeRadiotherapyDose import writeRTDose
from ..dicom.writeSegmentation import writeSegmentation
from ..imaging.grid import cornerIndices
from ..imaging.volume import Volume
from .commissioningCase import Case, Check, worst

_SUBJECT = "DICOM written and read"
_PATIENT = PatientDescription("Digital^Phantom", "DIGITAL-PHANTOM", "O", None, None, True, "Computed")
_STUDY, _FRAME = "2.25.3001", "2.25.3002"
_STARTED = datetime(2026, 5, 5, 10, 0, 0)
_ADMINISTRATION = Administration(datetime(2026, 5, 4, 9, 58, 30), 7345.5, 574300.8, LUTETIUM_177,
                                 LUTETIUM_177_DOTATATE, "Lutetium (177Lu)")
_LIVER = {"category": ("123037004", "SCT", "Anatomical Structure"), "type": ("10200004", "SCT", "Liver")}
_WRITTEN = "What was written"


def nuclearMedicine(job, progress):
    """A turned SPECT whose voxels are all different."""
    volume, path = _turnedSpect(), os.path.join(job.folder, "spect.dcm")
    writeSpect(volume, path, _PATIENT, _STUDY, "2.25.3003", _FRAME, _STARTED, _ADMINISTRATION, 60, 20.0)
    series = readSpect(path)
    yield _geometry([("NM", series.volume, volume)], "nm", "NM (SPECT), corners of the image")
    yield Case("dicom.nm.sum", _SUBJECT, "NM (SPECT), sum", "activity", "MBq", _activityMBq(volume),
               _activityMBq(series.volume), _WRITTEN, 1e-5, True, "16 bits per voxel")
    yield _values("nm", "NM (SPECT)", series.volume, volume, 1.0 / 65535, "16 bits per voxel")
    seconds = (datetime.fromisoformat(series.facts["acquisitionDateTime"].value) - _STARTED).total_seconds()
    yield Case("dicom.nm.time", _SUBJECT, "NM (SPECT), start", "difference", "s", 0.0, seconds, _WRITTEN, 0.001, False,
               "exact")


def _turnedSpect():
    angle = np.radians(3)
    matrix = np.diag([-4.8, -4.7, 4.6, 1.0])
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    matrix[:3, :3] = turn @ matrix[:3, :3]
    matrix[:3, 3] = 101.5, 87.25, -201.125
    values = np.random.default_rng(3).uniform(0, 2.5e6, (27, 28, 29)).astype(np.float32)
    return Volume(values, matrix, "Bq/mL", "SPECT")


def computedTomography(job, progress):
    """A CT series, and on it an absorbed dose and regions."""
    matrix = np.diag([-0.977, -0.977, 3.0, 1.0])
    matrix[:3, 3] = 250, 249, -170
    generator = np.random.default_rng(4)
    ct = Volume(generator.integers(-1024, 3000, (12, 40, 48)).astype(np.int16), matrix, "[hnsf'U]", "CT")
    folder = os.path.join(job.folder, "ct")
    os.makedirs(folder, exist_ok=True)
    paths = writeCTSeries(ct, folder, _PATIENT, _STUDY, "2.25.3004", _FRAME, _STARTED)
    found = readCTSeries(folder).volume
    yield _values("ct", "CT", found, ct, 0.0, "whole numbers")
    progress(0.4, "Writing RTDOSE")
    source = sourceFromFiles(paths)
    dose = ct.withArray(generator.gamma(2.0, 3.0, ct.array.shape).astype(np.float32), "Gy", "absorbed dose")
    path = os.path.join(job.folder, "dose.dcm")
    writeRTDose(dose, path, source, "2.25.3005", "2.25.3006", _STARTED)
    read = readRTDose(path, frameOfReferenceUID=_FRAME).volume
    yield _geometry([("CT", found, ct), ("RTDOSE", read, dose)], "ct", "CT and RTDOSE, corners of the image")
    yield _values("rtdose", "RTDOSE", read, dose, float(np.finfo(np.float32).eps), "single precision")
    progress(0.7, "Writing a Segmentation")
    mask = np.zeros(ct.array.shape, bool)
    mask[2:9, 5:31, 4:27] = True
    mask[4, 10:15, 8:12] = False
    path = os.path.join(job.folder, "regions.dcm")
    writeSegmentation([("liver", ct.withArray(mask, ""), _LIVER)], path, source, "2.25.3007", "2.25.3008", _STARTED)
    (labels, names), = readRegions(path, ct, None, (_FRAME,)).layers
    (value,) = names
    yield Case("dicom.seg.volume", _SUBJECT, "SEG, region with a hole", "volume", "mL",
               float(mask.sum()) * ct.voxelVolumeML, float(np.sum(labels.array == value)) * labels.voxelVolumeML,
               _WRITTEN, 1e-6, True, "the same voxels")
    yield Case("dicom.seg.place", _SUBJECT, "SEG, region with a hole", "shift of its center", "mm", 0.0,
               float(np.abs(_center(labels, labels.array == value) - _center(ct, mask)).max()), _WRITTEN, 1e-3, False,
               "digits of the header")


def _geometry(pairs, key, name):
    """Largest distance of an outer corner of an image from where it was."""
    values = []
    for label, found, written in pairs:
        shift = (found.ijkToRAS - written.ijkToRAS) @ cornerIndices(written.sizeIJK)
        isSame = found.array.shape == written.array.shape
        values.append((label, 0.0, np.linalg.norm(shift[:3], axis=0).max() if isSame else np.nan))
    return worst(Case(f"dicom.{key}.geometry", _SUBJECT, name, "largest shift", "mm", source=_WRITTEN, tolerance=1e-3,
                      reason="digits of the header"), values)


def _values(key, name, found, written, tolerance, reason):
    """Largest difference of a voxel as a share of the largest value."""
    a, b = found.array.astype(float), written.array.astype(float)
    difference = float(np.abs(a - b).max() / np.abs(b).max()) if a.shape == b.shape else float("nan")
    return Case(f"dicom.{key}.values", _SUBJECT, f"{name}, voxels", "largest difference", "of maximum", 0.0,
                difference, _WRITTEN, tolerance, False, reason)


def _activityMBq(volume):
    return float(volume.array.sum(dtype=float)) * volume.voxelVolumeML * 1e-6


def _center(volume, mask):
    k, j, i = (axis.mean() for axis in np.nonzero(mask))
    return (volume.ijkToRAS @ [i, j, k, 1.0])[:3]


CHECKS = (
    Check("dicom.nm", _SUBJECT, "NM", nuclearMedicine),
    Check("dicom.ct", _SUBJECT, "CT, RTDOSE and SEG", computedTomography, 2.0),
)

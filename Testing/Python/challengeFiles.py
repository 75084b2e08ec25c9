"""Files in the layout of the SNMMI 177Lu Dosimetry Challenge 2021, of a patient whose activity is known by formula."""

import datetime

import numpy as np
import pydicom

from MRTDosimetryLib.dicom.attributes import PatientDescription
from MRTDosimetryLib.dicom.writeComputedTomography import writeCTSeries
from MRTDosimetryLib.imaging.volume import Volume

# Concentration in Bq/mL at administration and effective half-life in h of a hot and of a warm sphere.
HOT, WARM = (2.0e6, 60.0), (1.0e5, 90.0)
HOURS = (4.0, 24.0, 96.0, 168.0)
_ADMINISTRATION = datetime.datetime(2026, 3, 2, 9, 0)
_SPACING, _SHAPE = 6.0, (14, 26, 30)
_PATIENT = PatientDescription("Challenge", "PATIENT4", "O", None, None, True, "Computed")


def timeIntegratedActivityMBqH(share=1.0):
    """Of the hot sphere as it lies in the voxels."""
    concentration, halfLife = HOT
    return float(share * concentration * 1e-6 * halfLife / np.log(2) * spheres()[0].sum() * (_SPACING / 10.0) ** 3)


def spheres():
    """Voxels of both spheres."""
    k, j, i = np.indices(_SHAPE)
    return [(k - 7) ** 2 + (j - 13) ** 2 + (i - x) ** 2 <= radius**2 for x, radius in ((9, 3.5), (21, 3.5))]


def writePatient(folder, name="patient_4", hasStrayModality=False, mapFactor=1.0, scans=4):
    """Write scans and map of one patient; the factor makes the map another one than that of the activity."""
    for number, hours in enumerate(HOURS[:scans], start=1):
        place = folder / name / "SPECT_Cts" / f"scan{number}"
        moment = _ADMINISTRATION + datetime.timedelta(hours=hours)
        values = sum(mask * (concentration * 0.5 ** (hours / halfLife))
                     for mask, (concentration, halfLife) in zip(spheres(), (HOT, WARM), strict=True))
        _writeCT(place / "ct", moment, number)
        files = writeSlices(place / "spect", values, moment, 10 * number)
        if hasStrayModality and number == 2:
            _changed(files[3], lambda dataset: setattr(dataset, "Modality", "NM"))
    tia = sum(mask * (concentration * halfLife / np.log(2) * 3600.0)
              for mask, (concentration, halfLife) in zip(spheres(), (HOT, WARM), strict=True))
    writeSlices(folder / name / "TIA", mapFactor * tia, _ADMINISTRATION + datetime.timedelta(hours=HOURS[0]), 99)
    return folder / name


def _matrix():
    matrix = np.diag([-_SPACING, -_SPACING, _SPACING, 1.0])
    matrix[:3, 3] = 90.0, 80.0, -40.0
    return matrix


def _writeCT(folder, moment, number):
    k, j, i = np.indices(_SHAPE)
    body = np.where((j - 13) ** 2 / 120 + (i - 15) ** 2 / 170 <= 1, 40, -1000)
    # bones by which the scans can be aligned
    body[((j - 20) ** 2 + (i - 15) ** 2 <= 4) & (k % 4 < 3)] = 700
    return _series(folder, body, moment, number)


def _series(folder, values, moment, number):
    folder.mkdir(parents=True, exist_ok=True)
    return writeCTSeries(Volume(values.astype(np.int16), _matrix(), "[hnsf'U]", "CT"), str(folder), _PATIENT,
                         "2.25.7001", f"2.25.7100{number}", f"2.25.7200{number}", moment)


def writeSlices(folder, values, moment, number):
    """An emission image as it is published: slices of a PET image in Bq/mL."""
    slope = float(values.max()) / 30000.0
    files = _series(folder, np.round(values / slope) - 1024, moment, number)

    def toPET(dataset):
        dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.128"
        dataset.Modality, dataset.Units, dataset.SeriesType = "PT", "BQML", ["STATIC", "IMAGE"]
        dataset.NumberOfSlices, dataset.DecayCorrection = _SHAPE[0], "START"
        dataset.RescaleSlope, dataset.RescaleIntercept = f"{slope:.10g}", "0"
        del dataset.RescaleType
        dataset.ActualFrameDuration = 1200000
        item, code = pydicom.Dataset(), pydicom.Dataset()
        item.RadionuclideTotalDose, item.RadionuclideHalfLife = "7400000000", "574301"
        item.RadiopharmaceuticalStartDateTime = _ADMINISTRATION.strftime("%Y%m%d%H%M%S.00")
        code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "444020006", "SCT", "^177^Lutetium"
        item.RadionuclideCodeSequence = [code]
        dataset.RadiopharmaceuticalInformationSequence = [item]

    for path in files:
        _changed(path, toPET)
    return files


def _changed(path, change):
    dataset = pydicom.dcmread(path)
    change(dataset)
    dataset.save_as(path, enforce_file_format=True)

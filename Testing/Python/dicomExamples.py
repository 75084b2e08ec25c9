"""DICOM files for tests, written and then bent into what vendors do."""

from datetime import datetime, timedelta

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


def writePETExample(folder, change=None, slopes=(0.5, 1.0, 2.0, 0.25, 3.0, 0.125)):
    """A PET series in Bq/mL made of the CT slices."""
    import pydicom

    paths = writeCTExample(folder)
    for path, slope in zip(paths, slopes, strict=True):

        def toPET(dataset, slope=slope):
            dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.128"
            dataset.Modality, dataset.Units, dataset.SeriesType = "PT", "BQML", ["STATIC", "IMAGE"]
            dataset.NumberOfSlices, dataset.DecayCorrection = 6, "START"
            dataset.RescaleSlope, dataset.RescaleIntercept = str(slope), "0"
            del dataset.RescaleType
            dataset.ActualFrameDuration = 180000
            item = pydicom.Dataset()
            item.RadionuclideTotalDose, item.RadionuclideHalfLife = "210000000", "230760"
            item.RadionuclidePositronFraction = "0.00003186"
            item.RadiopharmaceuticalStartDateTime = "20260505091500.00"
            code = pydicom.Dataset()
            code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "14691008", "SCT", "^90^Yttrium"
            item.RadionuclideCodeSequence = [code]
            dataset.RadiopharmaceuticalInformationSequence = [item]
            if change:
                change(dataset)

        changed(path, toPET)
    return paths


def writePlanarExample(path, change=None, kind="WHOLE BODY"):
    """Anterior and posterior whole-body views of 12 x 6 pixels in counts."""
    import pydicom

    counts = np.random.default_rng(8).integers(0, 400, (2, 12, 6)).astype("<u2")

    def toPlanar(dataset):
        del dataset.RealWorldValueMappingSequence, dataset.SliceVector, dataset.NumberOfSlices
        del dataset.SpacingBetweenSlices, dataset.RescaleSlope, dataset.RescaleIntercept, dataset.Units
        del dataset.RotationInformationSequence, dataset.NumberOfRotations, dataset.DecayCorrection
        dataset.CorrectedImage = ["UNIF"]
        dataset.ImageType = ["ORIGINAL", "PRIMARY", kind, "EMISSION"]
        dataset.NumberOfFrames, dataset.Rows, dataset.Columns = counts.shape
        dataset.FrameIncrementPointer = [0x00540010, 0x00540020]
        dataset.EnergyWindowVector, dataset.DetectorVector = [1, 1], [1, 2]
        detectors = []
        for code, view in (("272460009", "Anterior"), ("272461008", "Posterior")):
            detector, item = pydicom.Dataset(), pydicom.Dataset()
            item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code, "SCT", view
            detector.ViewCodeSequence = [item]
            detectors.append(detector)
        dataset.NumberOfDetectors, dataset.DetectorInformationSequence = 2, detectors
        dataset.CountsAccumulated, dataset.ActualFrameDuration = int(counts.sum()), 900000
        dataset.ScanVelocity, dataset.ScanLength = "2.2", "1980"
        dataset.PixelData = counts.tobytes()
        if change:
            change(dataset)

    return changed(writeSpectExample(path), toPlanar)


def atHours(dataset, hours):
    """Let a file state an acquisition so many hours after administration on 2026-05-04, 10:00."""
    moment = datetime(2026, 5, 4, 10) + timedelta(hours=hours)
    for kind in ("Study", "Series", "Acquisition", "Content"):
        setattr(dataset, f"{kind}Date", moment.strftime("%Y%m%d"))
        setattr(dataset, f"{kind}Time", moment.strftime("%H%M%S"))
    for item in dataset.get("RadiopharmaceuticalInformationSequence", []):
        item.RadiopharmaceuticalStartDateTime, item.RadiopharmaceuticalStartTime = "20260504100000", "100000"


def regionGrid():
    """The CT of the examples with 1.5 mm slices, as the image on which regions are drawn."""
    matrix = np.diag([-1.0, -1.0, 1.5, 1.0])
    matrix[:3, 3] = 30, 30, -20
    return Volume(np.zeros((24, 60, 60), np.int16), matrix, "[hnsf'U]", "CT")


def circle(centerLPS, radiusMM, count=180):
    """Contour Data of a circle in an axial plane."""
    angles = 2 * np.pi * np.arange(count) / count
    x, y = centerLPS[0] + radiusMM * np.cos(angles), centerLPS[1] + radiusMM * np.sin(angles)
    return np.column_stack([x, y, np.full(count, centerLPS[2])])


def writeStructureSet(path, structures, frameUID="2.25.1003"):
    """An RT Structure Set of ``{name: [(points (N, 3) in LPS mm, geometric type), ...]}``."""
    import pydicom

    from MRTDosimetryLib.dicom.attributes import decimal, newImage

    dataset = newImage("1.2.840.10008.5.1.4.1.1.481.3", "2.25.4001")
    dataset.Modality, dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "RTSTRUCT", "2.25.1001", "2.25.4002"
    dataset.StructureSetROISequence, dataset.ROIContourSequence = [], []
    for number, (name, contours) in enumerate(structures.items(), start=1):
        roi, drawn = pydicom.Dataset(), pydicom.Dataset()
        roi.ROINumber, roi.ROIName, roi.ReferencedFrameOfReferenceUID = number, name, frameUID
        drawn.ReferencedROINumber, drawn.ContourSequence = number, []
        for points, kind in contours:
            contour = pydicom.Dataset()
            contour.ContourGeometricType, contour.NumberOfContourPoints = kind, len(points)
            contour.ContourData = [decimal(part) for part in np.ravel(points)]
            drawn.ContourSequence.append(contour)
        dataset.StructureSetROISequence.append(roi)
        dataset.ROIContourSequence.append(drawn)
    dataset.save_as(path, enforce_file_format=True)
    return str(path)


def writeStructureSetExample(path):
    """Two cylinders of 6 slices; returns the path and the image they are drawn on."""
    depths = [-15.5 + 1.5 * index for index in range(6)]
    structures = {
        "liver": [(circle((0, 0, depth), 12.0, 24), "CLOSED_PLANAR") for depth in depths],
        "lesion": [(circle((3, 0, depth), 4.0, 24), "CLOSED_PLANAR") for depth in depths[1:4]],
    }
    return writeStructureSet(path, structures), regionGrid()


def writeSegmentationExample(path):
    """Two overlapping boxes as a Segmentation; returns the path and their grid."""
    from MRTDosimetryLib.dicom.exportSource import sourceFromFiles
    from MRTDosimetryLib.dicom.writeSegmentation import writeSegmentation

    ct = ctVolume()
    folder = path.parent.parent / "segmentationSource"
    source = sourceFromFiles(writeCTExample(folder))
    organ, liver = np.zeros(ct.array.shape, bool), np.zeros(ct.array.shape, bool)
    organ[1:4, 3:9, 4:12], liver[2:5, 5:15, 4:12] = True, True
    anatomy = ("123037004", "SCT", "Anatomical Structure")
    kidney = {"category": anatomy, "type": ("64033007", "SCT", "Kidney"), "modifier": ("7771000", "SCT", "Left")}
    writeSegmentation(
        [("kidney left", ct.withArray(organ, ""), kidney),
         ("liver", ct.withArray(liver, ""), {"category": anatomy, "type": ("10200004", "SCT", "Liver")})],
        str(path), source, "2.25.5001", "2.25.5002", ACQUISITION)
    return str(path), ct

"""Results as DICOM: RT Dose, Segmentation, Parametric Maps, structured report, and the SPECT with its scaling."""

import os
import shutil
import tempfile
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from ..dicom import exportSource
from ..dicom.attributes import PatientDescription, stableUID
from ..dicom.elements import inFile
from ..errors import InputError
from ..imaging.resampling import resample
from ..progress import noProgress
from ..scene import terminology, volumes
from . import plannedActivity
from .activityImage import isPlan
from .imagedTracer import imagedActivityMBq, imagedDateTime, imagedNuclide, statedPrediction
from .protocol import parseDateTime, usesImages
from .regionMasks import regionLayers
from .registration import referenceFromTimePoint, referenceOf
from .results import resultsDict
from .stage import digestOf
from .timePoints import includedTimePoints

KEYS = {"dicom", "deidentified"}
_STUDY_DESCRIPTION = "Molecular radiotherapy dosimetry"
_LARGEST_SHEAR = 1e-4
# measurement: key of a region's results, UCUM unit, key of its standard uncertainty
_MEASUREMENTS = (
    ("meanAbsorbedDose", "absorbedDoseGy", "Gy", "absorbedDoseUncertaintyGy"),
    ("absorbedDoseCoefficient", "absorbedDoseCoefficientGyPerGBq", "Gy/GBq", None),
    ("biologicallyEffectiveDose", "bedGy", "Gy", None),
    ("timeIntegratedActivity", "timeIntegratedActivityMBqH", "MBq.h", "timeIntegratedActivityUncertaintyMBqH"),
    ("timeIntegratedActivityCoefficient", "timeIntegratedActivityCoefficientH", "h", None),
    ("effectiveHalfLife", "effectiveHalfLifeHours", "h", None),
    ("volume", "volumeML", "ml", None),
    ("mass", "massG", "g", None),
)


def exportStudy(study, folder, description=None, isDeidentified=False, madeAt=None, progress=noProgress):
    """Write the results of a computed study as DICOM objects.

    Parameters
    ----------
    study : Study
        With the stages up to the results computed.
    folder : str
        Made when it does not exist.
    description : dict, optional
        The study description the study was made from: where its reference CT is DICOM, the objects join the study of
        that CT and refer to its slices.
    isDeidentified : bool
        No name, no identifier, no UID and no date of the source gets into any object; the images that the results
        refer to are written anew. Names of regions are written as they are.
    madeAt : datetime.datetime, optional
        Time of the export; now when left out.

    Returns
    -------
    tuple of (dict of str to str, list of str)
        Kind of object to path, and what the reader of the objects has to know.

    Raises
    ------
    InputError
        Stages that are not computed, highdicom missing, or a folder that cannot be written.
    """
    if study.nodeByRole("absorbedDose") is None or not (study.stageRecord("results") or {}).get("value"):
        raise InputError("There are no results to export yet", study.name, "Compute the study first")
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise InputError(f"The folder cannot be made ({error.strerror or error})", folder) from error
    export = _Export(study, folder, description, isDeidentified, madeAt or datetime.now())
    with inFile(folder):
        progress(0.0, "Writing the images that results refer to")
        export.writeReferenceImages()
        progress(0.3, "Writing SPECT")
        export.writeSpects()
        progress(0.5, "Writing absorbed dose and time-integrated activity")
        export.writeMaps()
        progress(0.8, "Writing regions and their results")
        export.writeRegions()
    progress(1.0, "")
    return export.paths, export.words


class _Export:
    """One export: what has been written, and what all objects share."""

    def __init__(self, study, folder, description, isDeidentified, madeAt):
        self.study, self.folder, self.isDeidentified = study, folder, isDeidentified
        self.reference = referenceOf(study)
        self.paths, self.words = {}, []
        given = imagedDateTime(study)
        self.shift = exportSource.deidentifiedShift(_naive(given)) if isDeidentified else timedelta()
        # The time of the export would tell the true dates from the shifted ones.
        self.madeAt = self._latest() if isDeidentified else madeAt.replace(microsecond=0)
        self.key = digestOf({"results": resultsDict(study), "frame": self.reference.factValue("frameOfReferenceUID"),
                             "study": self.reference.factValue("studyInstanceUID"), "isDeidentified": isDeidentified})
        self.source = self._source(description)

    def _uid(self, *parts):
        """UID of the export's own, the same for the same results of the same study made at the same time."""
        return stableUID(self.source.studyInstanceUID, self.key, self.madeAt.isoformat(), *parts)

    def _path(self, kind, name):
        self.paths[kind] = os.path.join(self.folder, name)
        return self.paths[kind]

    def _moment(self, timePoint):
        """Start of the acquisition of a time point, as it is written."""
        stated = timePoint.factValue("acquisitionDateTime")
        if stated:
            return _naive(parseDateTime(stated, timePoint.label)) + self.shift
        start = imagedDateTime(self.study)
        if start is None:
            words = "No date is stated in the study: dates in the objects count from " \
                    f"{exportSource.DEIDENTIFIED_DAY:%Y-%m-%d}"
            if words not in self.words:
                self.words.append(words)
            start = exportSource.DEIDENTIFIED_DAY
        return _naive(start) + self.shift + timedelta(seconds=round(timePoint.timeHours * 3600.0))

    def _latest(self):
        return max(self._moment(point) for point in includedTimePoints(self.study))

    def _source(self, description):
        files = None if self.isDeidentified else self._referenceFiles(description)
        hasDensity = (self.study.stageRecord("dose")["value"] or {}).get("density") != "uniform"
        if files:
            return replace(exportSource.sourceFromFiles(files, _STUDY_DESCRIPTION), hasDensityFromImage=hasDensity)
        moment = self._moment(self.reference)
        if self.isDeidentified:
            patient = exportSource.deidentifiedPatient(self.key)
        else:
            stated = self.study.choice("patient") or {}
            patient = PatientDescription(str(stated.get("name") or ""), str(
                stated.get("id") or self.reference.factValue("patientId") or ""))
        return exportSource.Source(
            patient, stableUID("study", self.key), moment, stableUID("frame of reference", self.key),
            studyDescription=_STUDY_DESCRIPTION, hasDensityFromImage=hasDensity)

    def _referenceFiles(self, description):
        """Files of the reference CT, where it is DICOM with a frame of reference."""
        from ..dicom import readers

        if description is None:
            return None
        item = description["timePoints"][description["regions"].get("timePoint", 0)]
        if item.get("ct") is None or not readers.isDicom(item["ct"]):
            return None
        return readers.ctFiles(item["ct"])

    def writeReferenceImages(self):
        """CT of the reference time point, unless the objects can refer to the one they came from."""
        from ..dicom.elements import readDataset
        from ..dicom.writeComputedTomography import writeCTSeries

        if self.source.images:
            return
        node = self.reference.ctNode
        if node is None:
            path = self._writeSpect(self.reference, "SPECT", np.eye(4))
            header = readDataset(path, stop_before_pixels=True)
            detector = header.DetectorInformationSequence[0]
            for keyword in ("ImagePositionPatient", "ImageOrientationPatient"):
                header[keyword] = detector[keyword]
            self.source = self.source.withImages(exportSource.imageHeaders([header]))
            return
        volume = volumes.volumeFromNode(node)
        whole = volume.withArray(np.clip(np.rint(volume.array), -1024, 31743).astype(np.int16))
        if not np.array_equal(whole.array, volume.array):
            self.words.append("The CT is written in whole Hounsfield units from -1024 to 31743")
        folder = self._path("CT", "ct")
        os.makedirs(folder, exist_ok=True)
        moment = self._moment(self.reference)
        written = writeCTSeries(
            whole, folder, self.source.patient, self.source.studyInstanceUID, self._uid("CT"),
            self.source.frameOfReferenceUID, moment, self.source.studyDateTime, self.source.studyDescription,
            "CT of the reference time point", 1)
        headers = [readDataset(path, stop_before_pixels=True) for path in written]
        self.source = self.source.withImages(exportSource.imageHeaders(headers))

    def writeSpects(self):
        """Every SPECT in the coordinates of the reference, in Bq/mL."""
        grid = volumes.volumeFromNode(self.reference.spectNode)
        for number, timePoint in enumerate(includedTimePoints(self.study), start=1):
            kind = f"SPECT {timePoint.label}"
            if timePoint.spectNode is self.reference.spectNode and "SPECT" in self.paths:
                continue
            matrix = referenceFromTimePoint(timePoint)
            self._writeSpect(timePoint, kind, matrix, f"spect{number}.dcm", 10 + number, grid)

    def _writeSpect(self, timePoint, kind, matrix, name="spect.dcm", seriesNumber=10, grid=None):
        from ..dicom.coding import radionuclideCode
        from ..dicom.writeNuclearMedicine import Administration, writeSpect

        volume = volumes.volumeFromNode(timePoint.spectNode)
        if isPlan(timePoint):
            volume = plannedActivity.activityVolume(self.study, timePoint)
            self.words.append(f"{timePoint.label}: the SPECT is written in Bq/mL of the planned activity, which was "
                              "not measured")
        moved = replace(volume, ijkToRAS=matrix @ volume.ijkToRAS)
        if _isSheared(moved.ijkToRAS):
            moved = resample(volume, grid, np.linalg.inv(matrix), dtype=np.float32)
            self.words.append(f"{timePoint.label}: the SPECT was resampled, because its registration is not rigid")
        # what was imaged, also where it predicts another radionuclide
        chosen, start = imagedNuclide(self.study), imagedDateTime(self.study)
        state = timePoint.factValue("decayCorrection")
        path = self._path(kind, name)
        writeSpect(
            moved, path, self.source.patient, self.source.studyInstanceUID, self._uid("SPECT", timePoint.label),
            self.source.frameOfReferenceUID, self._moment(timePoint),
            Administration(None if start is None else _naive(start) + self.shift, imagedActivityMBq(self.study),
                           chosen.halfLifeHours * 3600.0, radionuclideCode(chosen.name)),
            None, None, self.source.studyDateTime, self.source.studyDescription,
            f"SPECT {timePoint.label}, on the reference", seriesNumber, window=None,
            decayCorrection=state if state in ("START", "NONE") else None)
        return path

    def writeMaps(self):
        """Absorbed dose as RT Dose and as Parametric Map, time-integrated activity as Parametric Map."""
        from ..dicom.writeParametricMap import writeParametricMap
        from ..dicom.writeRadiotherapyDose import writeRTDose

        absorbedDose = volumes.volumeFromNode(self.study.nodeByRole("absorbedDose"))
        if float(absorbedDose.array.min()) < 0:
            self.words.append("Negative absorbed dose in single voxels (noise) is written as 0 in the RTDOSE object")
        dose = self.study.stageRecord("dose")["value"]
        comment = f"{self.study.choice('radionuclide')}, {dose['engine']}, density {dose['density']}; no RT Plan exists"
        if statedPrediction(self.study) is not None:
            comment = f"Predicted by images of {imagedNuclide(self.study).name}, not given; {comment}"
        writeRTDose(
            absorbedDose.withArray(np.maximum(absorbedDose.array, 0)), self._path("RTDOSE", "absorbedDose.dcm"),
            self.source, self._uid("RTDOSE series"), self._uid("RTDOSE"), self.madeAt, comment=comment)
        for kind, role, quantity, unit, label, number in (
            ("absorbed dose map", "absorbedDose", "absorbedDose", "Gy", "ABSORBED_DOSE", 103),
            ("time-integrated activity map", "timeIntegratedActivity", "timeIntegratedActivity", "MBq.h",
             "TIME_INTEGRATED", 104),
        ):
            node = self.study.nodeByRole(role)
            if node is None:
                continue
            name = f"{role}Map.dcm"
            writeParametricMap(
                volumes.volumeFromNode(node), self._path(kind, name), self.source, quantity, unit,
                self._uid(f"{kind} series"), self._uid(kind), self.madeAt, kind[0].upper() + kind[1:], number, label)

    def writeRegions(self):
        """Regions as Segmentations (one per grid they were drawn on), and their results as a structured report."""
        from ..dicom.writeReport import writeReport
        from ..dicom.writeSegmentation import writeSegmentation

        groups = []
        for layer in regionLayers(self.study):
            for value, name in layer.names.items():
                mask = layer.labels.withArray(layer.labels.array == value, unit="", name=name)
                same = next((group for group in groups if group[0][1].hasSameGridAs(mask)), None)
                if same is None:
                    groups.append(same := [])
                same.append((name, mask, _term(name)))
        results = {row["name"]: row for row in resultsDict(self.study)["regions"]}
        segmentations, entries = [], []
        for index, group in enumerate(groups, start=1):
            suffix = "" if index == 1 else f" {index}"
            segmentation = writeSegmentation(
                group, self._path(f"SEG{suffix}", f"regions{suffix.strip()}.dcm"), self.source,
                self._uid("SEG series", index), self._uid("SEG", index), self.madeAt, 120 + index)
            segmentations.append(segmentation)
            entries += [(name, term, _measurements(results[name]), segmentation, number)
                        for number, (name, _mask, term) in enumerate(group, start=1)]
        writeReport(entries, segmentations, self._path("SR", "report.dcm"), self.source, self._uid("SR series"),
                    self._uid("SR"), self.madeAt)


def exportResults(study, folder, description, choice, progress=noProgress):
    """Export as the key ``export`` of a study file says, into the folder ``dicom`` of the results.

    Parameters
    ----------
    choice : dict
        ``{"dicom": true, "deidentified": false}``.

    Returns
    -------
    list of str
        What the reader of the objects has to know; empty where nothing is to be exported.
    """
    choice = checkedChoice(choice, "export")
    if not choice.get("dicom"):
        return []
    if not usesImages(study):
        return ["Nothing is exported as DICOM: the study has no images."]
    target = os.path.join(folder, "dicom")
    # Written aside and put in place as a whole: nothing of an earlier export, with other identities, stays among it.
    try:
        staging = tempfile.mkdtemp(prefix=".mrt-", dir=folder)
    except OSError as error:
        raise InputError(f"The folder cannot be written ({error.strerror or error})", folder) from error
    try:
        words = exportStudy(study, staging, description, bool(choice.get("deidentified")), progress=progress)[1]
        if os.path.isdir(target):
            shutil.rmtree(target)
        os.chmod(staging, 0o755)
        os.replace(staging, target)
    except OSError as error:
        raise InputError(f"The export cannot be put in place ({error.strerror or error})", target) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return words


def checkedChoice(choice, where):
    """The key ``export`` of a study file, if it is right."""
    if not isinstance(choice, dict) or not set(choice) <= KEYS or not all(isinstance(v, bool) for v in choice.values()):
        raise InputError("The export is not understood", where, 'Write {"dicom": true, "deidentified": false}')
    return choice


def _measurements(row):
    found = []
    for quantity, key, unit, uncertainty in _MEASUREMENTS:
        if row.get(key) is not None:
            found.append((quantity, row[key], unit, row.get(uncertainty) if uncertainty else None))
    return found


def _term(name):
    term = terminology.termFor(name)
    return {kind: None if term[kind] is None else (
        term[kind]["CodeValue"], term[kind]["CodingSchemeDesignator"], term[kind]["CodeMeaning"])
        for kind in ("category", "type", "modifier")}


def _isSheared(matrix):
    axes = matrix[:3, :3] / np.linalg.norm(matrix[:3, :3], axis=0)
    return np.abs(axes.T @ axes - np.eye(3)).max() > _LARGEST_SHEAR


def _naive(moment):
    """Date and time by the clock, without its time zone."""
    return None if moment is None else moment.replace(tzinfo=None)

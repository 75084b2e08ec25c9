"""Whose results are exported, and on which images they lie: all that written objects take over from elsewhere."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ..errors import InputError
from .attributes import PatientDescription, stableUID
from .elements import inFile, numbers, readDataset, tagName, text
from .times import parseDateTime

# All that is ever copied from the header of a source image: geometry, and what makes a reference to it.
_IMAGE_KEYWORDS = (
    "SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID", "PositionReferenceIndicator",
    "Modality", "InstanceNumber", "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness",
    "SpacingBetweenSlices", "Rows", "Columns", "SamplesPerPixel", "PhotometricInterpretation", "BitsAllocated",
    "BitsStored", "HighBit", "PixelRepresentation", "NumberOfFrames",
)  # fmt: skip
_NUCLEAR_MEDICINE, _SINGLE_FRAME = "1.2.840.10008.5.1.4.1.1.20", "1.2.840.10008.5.1.4.1.1.2"
# De-identified dates: the administration comes to this day, every other date keeps its distance from it.
DEIDENTIFIED_DAY = datetime(2000, 1, 1)
DEIDENTIFICATION = "Listed attributes only; new UIDs; dates shifted by days"


@dataclass(frozen=True)
class Source:
    """Patient, study and images that written results refer to.

    Attributes
    ----------
    patient : PatientDescription
    studyInstanceUID : str
    studyDateTime : datetime.datetime
    studyDescription, studyId, accessionNumber, referringPhysician : str
    frameOfReferenceUID : str
        Of the reference image, in whose coordinates the results lie.
    images : tuple of pydicom.Dataset
        Headers of the reference image (CT slices, or the SPECT), from listed attributes alone.
    hasDensityFromImage : bool
    """

    patient: PatientDescription
    studyInstanceUID: str
    studyDateTime: datetime
    frameOfReferenceUID: str
    studyDescription: str = ""
    studyId: str = "1"
    accessionNumber: str = ""
    referringPhysician: str = ""
    images: tuple = field(default_factory=tuple)
    hasDensityFromImage: bool = True

    @property
    def planInstanceUID(self):
        """UID that stands for the treatment in an RT Dose: there is no RT Plan of a molecular radiotherapy."""
        return stableUID(self.studyInstanceUID, "molecular radiotherapy")

    def describeStudy(self, dataset):
        """What the study module of an object has beyond date and UID."""
        dataset.StudyID = self.studyId
        dataset.AccessionNumber = self.accessionNumber
        dataset.ReferringPhysicianName = self.referringPhysician

    def withImages(self, images):
        """The same patient and study with other reference images."""
        from dataclasses import replace

        return replace(self, images=tuple(images))

    def completeImages(self):
        """Copies of the images' headers with patient and study, as highdicom needs them."""
        from copy import copy

        from .attributes import describePatientAndStudy

        complete = []
        for image in self.images:
            header = copy(image)
            describePatientAndStudy(header, self.patient, self.studyInstanceUID, self.studyDateTime,
                                    self.studyDescription)  # fmt: skip
            self.describeStudy(header)
            header.FrameOfReferenceUID = self.frameOfReferenceUID
            if image.SOPClassUID == _NUCLEAR_MEDICINE:
                # highdicom takes it for an enhanced object and looks for its functional groups; see mendReferences
                header.SOPClassUID = _SINGLE_FRAME
                del header.NumberOfFrames
            complete.append(header)
        return complete

    def mendReferences(self, dataset):
        """Give references to the images the SOP class that the images have."""
        classes = {image.SOPInstanceUID: image.SOPClassUID for image in self.images}
        for element in dataset.iterall():
            if element.VR != "SQ":
                continue
            for item in element.value:
                own = classes.get(item.get("ReferencedSOPInstanceUID"))
                if own is not None:
                    item.ReferencedSOPClassUID = own


def sourceFromFiles(files, studyDescription=""):
    """Source from the files of the reference image, with the identity their headers state.

    Parameters
    ----------
    files : sequence of str
        All slices of the reference CT.

    Raises
    ------
    InputError
        When a header lacks what a reference needs.
    """
    headers = [readDataset(path, stop_before_pixels=True) for path in files]
    with inFile(files[0]):
        first = headers[0]
        for keyword in ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID", "FrameOfReferenceUID"):
            if not text(first, keyword):
                raise InputError(f"The reference image does not state {tagName(keyword)}", files[0],
                                 "Export de-identified, with images of its own")  # fmt: skip
        patient = PatientDescription(
            text(first, "PatientName"), text(first, "PatientID"), text(first, "PatientSex").upper(),
            birthDate=text(first, "PatientBirthDate"),
        )  # fmt: skip
        moments = (parseDateTime(text(first, f"{kind}Date"), text(first, f"{kind}Time"))
                   for kind in ("Study", "Series", "Acquisition", "Content"))
        started = next((moment for moment in moments if moment is not None), None)
        return Source(
            patient, text(first, "StudyInstanceUID"), started or DEIDENTIFIED_DAY, text(first, "FrameOfReferenceUID"),
            studyDescription=text(first, "StudyDescription") or studyDescription, studyId=text(first, "StudyID"),
            accessionNumber=text(first, "AccessionNumber"),
            referringPhysician=text(first, "ReferringPhysicianName"), images=imageHeaders(headers),
        )  # fmt: skip


def imageHeaders(headers):
    """Listed attributes of the headers of a series, in the order of its slices."""
    from pydicom.dataset import Dataset

    found = []
    for header in headers:
        kept = Dataset()
        for keyword in _IMAGE_KEYWORDS:
            if keyword in header:
                kept[keyword] = header[keyword]
        found.append(kept)
    if len(found) > 1:
        found.sort(key=lambda image: tuple(reversed(numbers(image, "ImagePositionPatient", 3) or [0, 0, 0])))
    return tuple(found)


def deidentifiedShift(administration):
    """Time to add to every date so that the administration comes to a fixed day, at the same time of day."""
    return timedelta() if administration is None else DEIDENTIFIED_DAY - datetime.combine(
        administration.date(), datetime.min.time())


def deidentifiedPatient(studyKey):
    """A patient without name, whose ID depends on nothing but the study's own key."""
    return PatientDescription("Anonymous^", f"MRT-{int(stableUID('patient', studyKey)[5:]) % 16**8:08X}",
                              isIdentityRemoved=True, deidentificationMethod=DEIDENTIFICATION)  # fmt: skip

"""From DICOM attributes to facts: what most kinds of images have in common."""

from .elements import firstItem, number, numbers, readDataset, tagText, text
from .facts import Fact
from .radiopharmaceuticals import nuclideName, radiopharmaceuticalFacts
from .times import acquisitionFacts, isoText, parseDateTime, parseDT

__all__ = [
    "acquisitionFacts", "firstItem", "identityFacts", "isoText", "nuclideName", "number", "numbers", "parseDT",
    "parseDateTime", "radiopharmaceuticalFacts", "readDataset", "tagText", "text",
]  # fmt: skip


def identityFacts(dataset):
    """Facts that tell patient, study, series, frame of reference and object."""
    names = {
        "patientId": "PatientID", "studyInstanceUID": "StudyInstanceUID", "seriesInstanceUID": "SeriesInstanceUID",
        "seriesDescription": "SeriesDescription", "frameOfReferenceUID": "FrameOfReferenceUID",
        "sopInstanceUID": "SOPInstanceUID",
    }  # fmt: skip
    return {
        name: Fact(text(dataset, keyword), "", "DICOM", tagText(keyword))
        for name, keyword in names.items()
        if text(dataset, keyword)
    }

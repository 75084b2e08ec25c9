"""What a file says about an image, and where it says so."""

from dataclasses import dataclass, field

from ..imaging.volume import Volume

SOURCES = ("DICOM", "file", "user")


@dataclass(frozen=True)
class Fact:
    """One statement about an image, with its origin.

    Attributes
    ----------
    value : str, int, float, bool, list or None
        JSON-able value; times as ISO 8601 local ``"2026-05-04T14:00:00"``.
    unit : str
        Unit of a number (``"s"``, ``"MBq"``), empty where there is none.
    source : str
        ``"DICOM"``, ``"file"`` or ``"user"``.
    detail : str
        Where exactly, e.g. the tag path ``"(0054,0016)[0].(0018,1074)"``.
    alternatives : tuple of dict
        Other values that the same file gives for the same thing: ``{"value", "detail"}``.
    reason : str
        Why the user says so, where the user does.
    """

    value: object
    unit: str = ""
    source: str = "DICOM"
    detail: str = ""
    alternatives: tuple = ()
    reason: str = ""

    def toDict(self):
        return {
            "value": self.value,
            "unit": self.unit,
            "source": self.source,
            "detail": self.detail,
            "alternatives": [dict(alternative) for alternative in self.alternatives],
            "reason": self.reason,
        }

    @classmethod
    def fromDict(cls, fields):
        return cls(
            fields["value"],
            fields.get("unit", ""),
            fields.get("source", "file"),
            fields.get("detail", ""),
            tuple(fields.get("alternatives", ())),
            fields.get("reason", ""),
        )


@dataclass(frozen=True)
class ImageSeries:
    """An image read from DICOM.

    Attributes
    ----------
    volume : Volume
        Values, geometry and unit (``"Bq/mL"``, ``"counts"`` or ``"[hnsf'U]"``).
    facts : dict of str to Fact
        Only what the file states: a name that is absent is not known. Names: ``acquisitionDateTime``,
        ``frameDurationSeconds``, ``acquisitionDurationSeconds``, ``radiopharmaceuticalStartDateTime``,
        ``administeredActivityMBq``, ``radionuclide``, ``unit``, ``decayCorrection`` (NONE, START, ADMIN or UNSTATED),
        ``frameOfReferenceUID``, ``patientId``, ``seriesInstanceUID``, ``studyInstanceUID``, ``seriesDescription``.
    modality : str
        ``"NM"``, ``"PT"`` or ``"CT"``, from the SOP class.
    files : tuple of str
        The files that hold the image, in slice order.
    warnings : tuple of str
        What is doubtful about the header, in words.
    """

    volume: Volume
    facts: dict = field(default_factory=dict)
    modality: str = ""
    files: tuple = ()
    warnings: tuple = ()

"""What DICOM series a file or folder holds."""

import os
from dataclasses import dataclass, field

from ..errors import InputError
from ..progress import noProgress
from .elements import inFile, readDataset, tagName, text, texts

_TAGS = [
    "SOPClassUID", "SeriesInstanceUID", "StudyInstanceUID", "SeriesDescription", "SeriesNumber", "ImageType",
    "PatientID", "NumberOfFrames", "SpecificCharacterSet", "Modality",
]  # fmt: skip
_DIRECTORY_SOP_CLASS = "1.2.840.10008.1.3.10"
# Files between two reports of progress.
_REPORT_EVERY = 50


@dataclass(frozen=True)
class Series:
    """Files of one series and SOP class.

    Attributes
    ----------
    files : tuple of str
    imageTypes : tuple of tuple of str
        Image Type of every file, in the order of ``files``.
    """

    seriesInstanceUID: str
    sopClassUID: str
    sopClassName: str
    description: str
    number: str
    patientId: str
    studyInstanceUID: str
    files: tuple = field(default_factory=tuple)
    imageTypes: tuple = field(default_factory=tuple)

    @property
    def title(self):
        label = f'"{self.description}"' if self.description else "without description"
        return f"{self.sopClassName} {label} ({len(self.files)} file{'s' if len(self.files) != 1 else ''})"


def scan(path, progress=noProgress):
    """List the DICOM series at a path.

    Parameters
    ----------
    path : str
        A folder (searched with its subfolders), or one DICOM file: then the series of that file, with its other files
        from the same folder.
    progress : callable

    Returns
    -------
    list of Series
        Grouped by Series Instance UID and SOP class, in order of series number.

    Raises
    ------
    InputError
        When the path does not exist or holds no DICOM.
    """
    path = str(path)
    if os.path.isfile(path):
        wanted = readDataset(path, stop_before_pixels=True, specific_tags=_TAGS)
        if not text(wanted, "SOPClassUID"):
            raise InputError(
                f"The DICOM file does not say what kind of object it is ({tagName('SOPClassUID')})", path
            )
        series = _group(_filesBeside(path), progress)
        own = [found for found in series if path in found.files]
        if not own:
            raise InputError("The file is a DICOM directory, not an image", path, "Give the folder instead")
        return own
    if not os.path.isdir(path):
        raise InputError("The file or folder does not exist", path)
    files = [os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names]
    series = _group(sorted(files), progress)
    if not series:
        raise InputError(f"The folder holds no DICOM images (none states {tagName('SOPClassUID')})", path)
    return series


def holdsDicom(path):
    """Whether a file is DICOM by its preamble, or a folder holds such a file."""
    path = str(path)
    if os.path.isfile(path):
        return _hasPreamble(path)
    return any(_hasPreamble(os.path.join(folder, name)) for folder, _, names in os.walk(path) for name in names)


def _filesBeside(path):
    folder = os.path.dirname(path)
    names = sorted(os.listdir(folder or "."))
    files = [os.path.join(folder, name) for name in names]
    return [file for file in files if os.path.isfile(file)]


def _hasPreamble(path):
    try:
        with open(path, "rb") as file:
            return file.read(132)[128:] == b"DICM"
    except OSError:
        return False  # e.g. a file of the folder that the user may not read: it cannot be one of the images


def _group(files, progress):
    groups = {}
    for number, path in enumerate(files):
        if number % _REPORT_EVERY == 0:
            progress(number / len(files), f"Looking at {number} of {len(files)} files")
        if not _hasPreamble(path):
            continue
        header = readDataset(path, stop_before_pixels=True, specific_tags=_TAGS)
        with inFile(path):
            sopClassUID = text(header, "SOPClassUID")
            if not sopClassUID or sopClassUID == _DIRECTORY_SOP_CLASS:
                continue
            groups.setdefault((text(header, "SeriesInstanceUID"), sopClassUID), []).append((path, header))
    return sorted(
        (_series(*key, members) for key, members in groups.items()),
        key=lambda found: (found.number.rjust(8), found.seriesInstanceUID, found.sopClassUID),
    )


def _series(seriesUID, sopClassUID, members):
    from pydicom.uid import UID

    path, first = members[0]
    with inFile(path):
        return Series(
            seriesUID,
            sopClassUID,
            UID(sopClassUID).name,
            text(first, "SeriesDescription"),
            text(first, "SeriesNumber"),
            text(first, "PatientID"),
            text(first, "StudyInstanceUID"),
            tuple(path for path, _ in members),
            tuple(texts(header, "ImageType") for _, header in members),
        )

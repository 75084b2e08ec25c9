"""Read an image from DICOM, whatever it was made by: one reader per SOP class.

A later reader is one file that offers a :class:`~MRTDosimetryLib.dicom.reader.Reader`, and one line in ``_READERS``.
"""

import os
from dataclasses import dataclass

from ..errors import InputError
from ..progress import noProgress
from . import catalog, computedTomography, nuclearMedicine, positronEmission
from .facts import ImageSeries
from .sideCar import readSideCar
from .stated import NOTHING_STATED

_READERS = (nuclearMedicine.READER, positronEmission.READER, computedTomography.READER)


@dataclass(frozen=True)
class Candidate:
    """An image that a reader can read: its files, and what it is called."""

    reader: object
    files: tuple
    name: str

    def read(self, stated=NOTHING_STATED):
        """The image as :class:`~.facts.ImageSeries`; InputError when it cannot be trusted."""
        return self.reader.read(self.files, stated)


def readers():
    """All registered readers."""
    return _READERS


def candidates(series, kind):
    """The images of a kind among the series of a catalog.

    Parameters
    ----------
    series : list of catalog.Series
    kind : str
        ``"emission"`` or ``"ct"``.

    Returns
    -------
    (list of Candidate, list of str)
        And a sentence on each image that is refused by its header alone.
    """
    found, refused = [], []
    for reader in _READERS:
        if reader.kind != kind:
            continue
        for item in series:
            if item.sopClassUID == reader.sopClassUID:
                accepted, reasons = reader.candidates(item)
                found += [Candidate(reader, tuple(files), name) for files, name in accepted]
                refused += reasons
    return found, refused


def isDicom(path):
    """Whether a path is a DICOM file (by its preamble) or a folder that holds at least one."""
    return catalog.holdsDicom(path)


def readSpect(path, progress=noProgress, stated=NOTHING_STATED):
    """Read the one emission image (NM SPECT or PET) found at ``path``.

    Parameters
    ----------
    path : str
        DICOM file, or folder that may hold other series too.
    progress : callable
    stated : Stated
        What the user says where the header is silent.

    Returns
    -------
    ImageSeries
        Volume in Bq/mL, or in counts where the file gives no calibration.

    Raises
    ------
    InputError
        When there is no such image, several of them, or one that cannot be trusted.
    """
    return _readOne(path, "emission", "SPECT or PET image", progress, stated)


def readCTSeries(path, progress=noProgress):
    """Read the one CT series found at ``path`` (folder, or any file of the series beside the others).

    Returns
    -------
    ImageSeries
        Volume in Hounsfield units, int16 where the file's values are whole numbers.

    Raises
    ------
    InputError
        When there is no CT series, several of them, or one that cannot be trusted.
    """
    return _readOne(path, "ct", "CT series", progress, NOTHING_STATED)


def readEmission(path, name="", progress=noProgress, stated=NOTHING_STATED):
    """Read an emission image from DICOM, or from an image file with the side-car that says what it cannot.

    Parameters
    ----------
    path : str
        DICOM file or folder, or NRRD, NIfTI or MetaImage file; see :mod:`.sideCar`.
    name : str
        What an image that has no name of its own is called in messages.

    Returns
    -------
    ImageSeries

    Raises
    ------
    InputError
        As :func:`readSpect`, and for a side-car that cannot be used.
    """
    from ..imaging.files import readImage

    path = str(path)
    if not os.path.exists(path):
        raise InputError("There is no such file or folder", path, "Check the path of the image")
    if isDicom(path):
        return readSpect(path, progress, stated)
    if os.path.isdir(path):
        raise InputError("The folder holds no DICOM files", path, "Give the folder of a DICOM series, or a file")
    if stated != NOTHING_STATED:
        raise InputError("An image file states its geometry itself", path, "Correct it there")
    facts, warnings, files = readSideCar(path)
    volume = readImage(path, name)
    unit = facts["unit"].value if "unit" in facts else ""
    return ImageSeries(volume.withArray(volume.array, unit=unit), facts, "", (path, *files), tuple(warnings))


def ctFiles(path):
    """Files of the one CT series found at ``path``; errors as of :func:`readCTSeries`."""
    return _findOne(str(path), "ct", "CT series").files


def _readOne(path, kind, title, progress, stated):
    progress(0.0, f"Looking for the {title}")
    found = _findOne(str(path), kind, title)
    progress(0.2, f"Reading the {title}")
    image = found.read(stated)
    progress(1.0, "")
    return image


def _findOne(path, kind, title):
    series = catalog.scan(path)
    accepted, refused = candidates(series, kind)
    if not accepted:
        present = "; ".join(refused) or ", ".join(sorted({found.title for found in series}))
        raise InputError(f"There is no {title} here; found: {present}", path)
    if os.path.isfile(path):
        own = [candidate for candidate in accepted if os.path.abspath(path) in map(os.path.abspath, candidate.files)]
        accepted = own or accepted
    if len(accepted) > 1:
        names = "; ".join(candidate.name for candidate in accepted)
        raise InputError(f"There is more than one {title} here: {names}", path, "Give the file or a folder with one")
    return accepted[0]

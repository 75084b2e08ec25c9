"""Images made of one file per slice, as CT and PET are."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ..errors import InputError
from .elements import inFile, numbers, readDataset, tagName, tagText, text
from .geometry import matrixFromStep, orderSlices, requirePixelSpacing
from .pixelData import imageShape, storedValues

_READ_THREADS = 4
_SAME = 1e-4


def readSlices(files, sopClassUID, where, complete=None):
    """Read the slices of a series in spatial order.

    Parameters
    ----------
    files : sequence of str
    sopClassUID : str
        Every file has to be of this class.
    where : str
        How the series is called in messages.
    complete : callable, optional
        ``complete(datasets)`` may raise before any pixel is decoded.

    Returns
    -------
    tuple of (list of pydicom.Dataset, list of numpy.ndarray, numpy.ndarray 4 x 4)
        Headers and stored values (rows, columns) in order, and ijkToRAS.

    Raises
    ------
    InputError
        When slices are missing, doubled, of different size or orientation, or sheared.
    """
    # Waiting for the disk is what takes the time, so a few threads help although decoding holds the interpreter lock.
    with inFile(where), ThreadPoolExecutor(_READ_THREADS) as pool:
        datasets = list(pool.map(readDataset, files))
    for path, dataset in zip(files, datasets, strict=True):
        if text(dataset, "SOPClassUID") != sopClassUID:
            what = f"The file is of another kind than the rest of the series ({tagName('SOPClassUID')})"
            raise InputError(what, path)
    if complete is not None:
        complete(datasets)
    positions, orientation, spacing = _commonGeometry(files, datasets, where)
    order, stepMM = orderSlices(positions, orientation, where)
    datasets = [datasets[index] for index in order]
    matrix, _ = matrixFromStep(orientation, positions[order[0]], spacing, stepMM, where)
    stored = [storedValues(dataset, files[index])[0] for index, dataset in zip(order, datasets, strict=True)]
    return datasets, stored, matrix


_GEOMETRY = (("ImagePositionPatient", 3), ("ImageOrientationPatient", 6), ("PixelSpacing", 2))


def _commonGeometry(files, datasets, where):
    positions, first = [], None
    for path, dataset in zip(files, datasets, strict=True):
        with inFile(path):
            own = {keyword: numbers(dataset, keyword, count) for keyword, count in _GEOMETRY}
            for keyword, found in own.items():
                if found is None:
                    raise InputError(f"The slice does not state {tagName(keyword)}", path, "Export the series again")
            requirePixelSpacing(own["PixelSpacing"], path)
            own["shape"] = imageShape(dataset, path)[1:]
        first = first or own
        for keyword in ("ImageOrientationPatient", "PixelSpacing", "shape"):
            if np.abs(np.subtract(own[keyword], first[keyword])).max() > _SAME:
                tag = f"{tagText('Rows')} {tagText('Columns')}" if keyword == "shape" else tagText(keyword)
                raise InputError(
                    f"The slices differ in orientation, size or pixel spacing ({tag})", where,
                    "Export one reconstruction alone",
                )  # fmt: skip
        positions.append(own["ImagePositionPatient"])
    return np.array(positions), first["ImageOrientationPatient"], first["PixelSpacing"]

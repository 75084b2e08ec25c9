"""Images made of one file per slice, as CT and PET are."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ..errors import InputError
from .geometry import matrixFromStep, orderSlices
from .headers import numbers, readDataset, text
from .pixelData import storedValues

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
    with ThreadPoolExecutor(_READ_THREADS) as pool:
        datasets = list(pool.map(readDataset, files))
    for path, dataset in zip(files, datasets, strict=True):
        if text(dataset, "SOPClassUID") != sopClassUID:
            raise InputError("The file is of another kind than the rest of the series", path)
    if complete is not None:
        complete(datasets)
    positions, orientation, spacing = _commonGeometry(files, datasets, where)
    order, stepMM = orderSlices(positions, orientation, where)
    datasets = [datasets[index] for index in order]
    matrix, _ = matrixFromStep(orientation, positions[order[0]], spacing, stepMM, where)
    stored = [storedValues(dataset, files[index])[0] for index, dataset in zip(order, datasets, strict=True)]
    return datasets, stored, matrix


def _commonGeometry(files, datasets, where):
    positions, orientation, spacing, shape = [], None, None, None
    for path, dataset in zip(files, datasets, strict=True):
        position = numbers(dataset, "ImagePositionPatient", 3)
        ownOrientation = numbers(dataset, "ImageOrientationPatient", 6)
        ownSpacing = numbers(dataset, "PixelSpacing", 2)
        if position is None or ownOrientation is None or ownSpacing is None or min(ownSpacing) <= 0:
            raise InputError("The slice does not state its position, orientation and pixel size", path)
        ownShape = (int(dataset.Rows), int(dataset.Columns))
        if orientation is None:
            orientation, spacing, shape = ownOrientation, ownSpacing, ownShape
        isSame = np.abs(np.subtract(ownOrientation, orientation)).max() < _SAME
        if not isSame or np.abs(np.subtract(ownSpacing, spacing)).max() > _SAME or ownShape != shape:
            raise InputError(
                "The slices differ in orientation, size or pixel spacing", where, "Export one reconstruction alone"
            )
        positions.append(position)
    return np.array(positions), orientation, spacing

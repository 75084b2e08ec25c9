"""Mass density from CT numbers (``data/ctDensity.json``)."""

import functools

import numpy as np

from ..errors import InputError
from ..resources import dataPath, loadJSON

# Voxels less dense than this are air: no tissue, and no absorbed dose that means anything.
AIR_DENSITY_G_PER_ML = 0.05
_CHUNK = 1 << 20


@functools.lru_cache(maxsize=1)
def _content():
    return loadJSON(dataPath("ctDensity.json"))


def densityCurve():
    """The shipped curve: CT numbers (HU, increasing) and densities (g/mL), two float arrays of one shape."""
    points = _content()["curve"]["points"]
    return (np.array([point["hounsfield"] for point in points], float),
            np.array([point["densityGPerML"] for point in points], float))


def densitySource():
    """Where the shipped curve comes from, for the report."""
    return _content()["curve"]["source"]


UNIFORM_DENSITY_G_PER_ML = float(_content()["uniform"]["densityGPerML"])


def densityGPerML(hounsfield, curve=None):
    """Mass density of CT numbers, piecewise linear.

    Schneider et al., Phys Med Biol 2000;45:459-478, unless another curve is given. Beyond the ends of the curve the
    density of the end holds (metal comes out as dense bone).

    Parameters
    ----------
    hounsfield : array_like
        CT numbers in HU, any shape.
    curve : tuple of two array_like, optional
        CT numbers (strictly increasing) and densities in g/mL (above zero) of the own scanner.

    Returns
    -------
    numpy.ndarray
        float32, of the shape of ``hounsfield``.

    Raises
    ------
    InputError
        CT numbers that are not finite, or an impossible curve.
    """
    numbers, densities = densityCurve() if curve is None else _checkedCurve(curve)
    values = np.asarray(hounsfield)
    density = np.empty(values.shape, np.float32)
    source, target = values.reshape(-1), density.reshape(-1)
    # np.interp works in float64: a chunk at a time keeps the extra memory at a few megabytes.
    for start in range(0, source.size, _CHUNK):
        chunk = source[start:start + _CHUNK]
        if chunk.dtype.kind == "f" and not np.all(np.isfinite(chunk)):
            raise InputError("The CT holds voxels that are not finite numbers", "CT", "Check the image")
        target[start:start + _CHUNK] = np.interp(chunk, numbers, densities)
    return density


def _checkedCurve(curve):
    numbers, densities = (np.asarray(values, float) for values in curve)
    if numbers.ndim != 1 or numbers.shape != densities.shape or numbers.size < 2:
        raise InputError("The density curve needs as many CT numbers as densities, at least two", "CT density curve")
    if not (np.all(np.isfinite(numbers)) and np.all(np.isfinite(densities))):
        raise InputError("The density curve holds values that are not finite", "CT density curve")
    if np.any(np.diff(numbers) <= 0):
        raise InputError("The CT numbers of the density curve do not increase", "CT density curve")
    if np.any(densities <= 0):
        raise InputError("The density curve holds densities that are not above zero", "CT density curve")
    return numbers, densities

"""The absorbed-dose engines. A later engine is one file that calls :func:`registerEngine`, and one line below."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ...errors import InputError

MODULES = (
    "localDeposition",
)

_engines = {}


@dataclass
class DoseMap:
    """Absorbed dose per voxel.

    Attributes
    ----------
    absorbedDoseGy : numpy.ndarray
        Shape (k, j, i), of the time-integrated activity.
    engine : str
    isLocal : bool
        Whether all energy stays in its voxel.
    notes : list of str
        What the reader of the map has to know.
    """

    absorbedDoseGy: np.ndarray
    engine: str
    isLocal: bool
    notes: list = field(default_factory=list)


@dataclass(frozen=True)
class DoseEngine:
    """A way from time-integrated activity to absorbed dose.

    ``compute(timeIntegratedActivityMBqHPerVoxel, densityGPerML, voxelSizeMM, nuclide, progress, options)`` returns a
    :class:`DoseMap`. ``regionMeanGy(timeIntegratedActivityMBqH, massG, nuclide)`` gives the mean absorbed dose of a
    region where no energy leaves it; ``None`` for engines whose mean is that of the map.
    """

    name: str
    title: str
    isLocal: bool
    compute: Callable
    regionMeanGy: Callable | None = None


def registerEngine(engine):
    """Make a :class:`DoseEngine` known under its name; the last one of a name counts."""
    _engines[engine.name] = engine


def _all():
    for module in MODULES:
        importlib.import_module(f".{module}", __package__)
    return _engines


def engineNames():
    """Names of all engines, the default first."""
    return tuple(_all())


def engine(name):
    """The engine of a name; :class:`InputError` with the known names otherwise."""
    found = _all().get(name)
    if found is None:
        raise InputError(f"'{name}' is not an absorbed-dose engine", "dose.engine",
                         f"Known are {', '.join(engineNames())}")
    return found

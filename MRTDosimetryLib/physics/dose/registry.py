"""The absorbed-dose engines. A later engine is one file that calls :func:`registerEngine`, and one line below."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ...errors import InputError

MODULES = (
    "localDeposition",
    "voxelS",
    "monteCarlo",
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
    standardErrorGy : numpy.ndarray or None
        Shape (k, j, i), statistical standard error of each voxel (k = 1); ``None`` for engines without any.
    regionStandardErrorGy : dict
        Region name -> statistical standard error of its mean absorbed dose, for the regions given in the options.
    energyBalance : dict
        ``emittedMeV``, ``depositedMeV``, ``escapedMeV``: energies of all decays; empty where the engine does not
        follow the energy.
    """

    absorbedDoseGy: np.ndarray
    engine: str
    isLocal: bool
    notes: list = field(default_factory=list)
    standardErrorGy: np.ndarray | None = None
    regionStandardErrorGy: dict = field(default_factory=dict)
    energyBalance: dict = field(default_factory=dict)


@dataclass(frozen=True)
class DoseEngine:
    """A way from time-integrated activity to absorbed dose.

    ``compute(timeIntegratedActivityMBqHPerVoxel, densityGPerML, voxelSizeMM, nuclide, progress, options)`` returns a
    :class:`DoseMap`. ``regionMeanGy(timeIntegratedActivityMBqH, massG, nuclide, options)`` gives the mean absorbed
    dose of a region where no energy leaves it; ``None`` for engines whose mean is that of the map.
    ``optionNames`` are the keys that ``options`` may hold, further ones are refused. All engines take ``progeny``
    (``"excluded"`` or ``"inPlace"``, see :meth:`~..nuclides.Nuclide.members`).
    """

    name: str
    title: str
    isLocal: bool
    compute: Callable
    regionMeanGy: Callable | None = None
    optionNames: tuple = ("progeny",)


def registerEngine(engine):
    """Make a :class:`DoseEngine` known under its name; the last one of a name counts."""
    _engines[engine.name] = engine


def _all():
    for module in MODULES:
        importlib.import_module(f".{module}", __package__)
    # A module that was imported before the others has registered before them.
    order = {f"{__package__}.{module}": position for position, module in enumerate(MODULES)}
    return dict(sorted(_engines.items(), key=lambda item: order.get(item[1].compute.__module__, len(order))))


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

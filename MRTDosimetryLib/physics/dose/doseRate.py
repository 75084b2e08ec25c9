"""Absorbed-dose rate at one time, by any engine: engines are linear in what decays."""

from dataclasses import dataclass, field

import numpy as np

from ...errors import InputError
from ...progress import noProgress
from ..progeny import progenyChoice

# A descendant that lives longer than this part of its parent's half-life does not keep up with it.
LARGEST_HALF_LIFE_RATIO = 0.2


@dataclass(frozen=True)
class DoseRateMap:
    """Absorbed-dose rate per voxel.

    Attributes
    ----------
    absorbedDoseRateGyPerH : numpy.ndarray
        Shape (k, j, i), at the time of the activity.
    engine : str
    notes : list of str
    standardErrorGyPerH : numpy.ndarray or None
    regionStandardErrorGyPerH : dict
    """

    absorbedDoseRateGyPerH: np.ndarray
    engine: str
    notes: list = field(default_factory=list)
    standardErrorGyPerH: np.ndarray | None = None
    regionStandardErrorGyPerH: dict = field(default_factory=dict)


def computeDoseRate(engine, activityMBqPerVoxel, densityGPerML, voxelSizeMM, nuclide, progress=noProgress,
                    options=None):
    """Absorbed-dose rate from the activity at one time.

    The engine is given the activity as if it were a time-integrated activity: 1 MBq is 1 MBq h per hour, so its Gy are
    Gy/h.

    Parameters
    ----------
    engine : DoseEngine
    activityMBqPerVoxel : numpy.ndarray
        (k, j, i), MBq in each voxel.
    densityGPerML, voxelSizeMM, nuclide, progress, options
        As the engine takes them. Progeny "inPlace" are taken to be in equilibrium with the parent.

    Returns
    -------
    DoseRateMap

    Raises
    ------
    InputError
        As the engine; progeny in place that are not in equilibrium with the parent at any time.
    """
    notes = ["Absorbed-dose rate (Gy/h) at the time of the activity."]
    if progenyChoice(nuclide, options) == "inPlace" and nuclide.progeny:
        slow = [member for member, _ in nuclide.members("inPlace")[1:]
                if member.halfLifeHours > LARGEST_HALF_LIFE_RATIO * nuclide.halfLifeHours]
        if slow:
            names = ", ".join(member.name for member in slow)
            raise InputError(f"{names} {'is' if len(slow) == 1 else 'are'} not in equilibrium with {nuclide.name}: the "
                             "absorbed-dose rate does not follow from its activity", "absorbed-dose rate",
                             "Use the time-integrated activity, or the parent alone by stating progeny 'excluded'")
        notes.append(f"Progeny are taken to be in equilibrium with {nuclide.name}.")
    dose = engine.compute(activityMBqPerVoxel, densityGPerML, voxelSizeMM, nuclide, progress, options or {})
    return DoseRateMap(dose.absorbedDoseGy, dose.engine, notes + list(dose.notes), dose.standardErrorGy,
                       dict(dose.regionStandardErrorGy))

"""How the activity of the digital patient comes and goes: sums of exponentials with exact integrals."""

from dataclasses import dataclass

import numpy as np

from ...errors import InputError
from ...physics.nuclides import nuclide
from .anatomy import patientTable

# The half-lives of the table are effective ones of this radionuclide.
TABLE_RADIONUCLIDE = "Lu-177"
# Of the administered activity that decay alone leaves at the last scan: below it, the image would be empty.
LEAST_AT_LAST_SCAN = 1e-3


@dataclass(frozen=True)
class RegionKinetics:
    """Activity of one source region.

    Attributes
    ----------
    phases : tuple of (float, float)
        Amplitude in MBq at the time of administration (negative for an uptake phase) and effective half-life in h.
        The half-lives are effective: physical decay is in them.
    """

    phases: tuple

    def activityMBq(self, timeHours):
        """Activity present at ``timeHours`` after administration (number or array)."""
        time = np.asarray(timeHours, float)
        return sum(amplitude * np.exp2(-time / halfLife) for amplitude, halfLife in self.phases)

    @property
    def timeIntegratedActivityMBqH(self):
        """Exact integral from the administration to infinity: sum of amplitude x half-life / ln 2."""
        return sum(amplitude * halfLife for amplitude, halfLife in self.phases) / np.log(2)

    @property
    def effectiveHalfLifeHours(self):
        """Of the slowest phase, which is the last one."""
        return max(halfLife for _, halfLife in self.phases)


def regionKinetics(radionuclide=TABLE_RADIONUCLIDE):
    """Kinetics of every source region and of the remainder of the torso, by name.

    Parameters
    ----------
    radionuclide : str
        Another than that of the table keeps what the body does: the biological rate of each phase is its effective rate
        less physical decay of the table's radionuclide, and decays with the other one.

    Raises
    ------
    InputError
        A radionuclide that is not known, or that has decayed before the last scan.
    """
    table, own = patientTable(), nuclide(radionuclide)
    administeredMBq, last = table["administeredActivityMBq"]["value"], max(table["scanTimesHours"]["value"])
    if 2.0 ** (-last / own.halfLifeHours) < LEAST_AT_LAST_SCAN:
        raise InputError(f"{own.name} with its half-life of {own.halfLifeHours:.4g} h has decayed before the digital "
                         f"patient's last scan at {last:g} h", "digital patient", "Choose one that lives longer")

    def effective(halfLife):
        if own.name == TABLE_RADIONUCLIDE:
            return halfLife
        return 1.0 / (1.0 / halfLife - 1.0 / nuclide(TABLE_RADIONUCLIDE).halfLifeHours + 1.0 / own.halfLifeHours)

    return {
        name: RegionKinetics(tuple((fraction * administeredMBq, effective(halfLife)) for fraction, halfLife in phases))
        for name, phases in table["kinetics"].items()
        if isinstance(phases, list)
    }

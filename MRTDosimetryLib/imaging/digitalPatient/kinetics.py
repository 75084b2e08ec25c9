"""How the activity of the digital patient comes and goes: sums of exponentials with exact integrals."""

from dataclasses import dataclass

import numpy as np

from .anatomy import patientTable


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


def regionKinetics():
    """Kinetics of every source region and of the remainder of the torso, by name."""
    table = patientTable()
    administeredMBq = table["administeredActivityMBq"]["value"]
    return {
        name: RegionKinetics(tuple((fraction * administeredMBq, halfLife) for fraction, halfLife in phases))
        for name, phases in table["kinetics"].items()
        if isinstance(phases, list)
    }

"""Step 3 by the region's own shape: a recovery that was computed, with what it does when outline and camera change."""

from dataclasses import dataclass

import numpy as np

from ...errors import InputError
from .recovery import Recovery, requireCovariance
from .samples import correlatedNormal, logNormal
from .volume import equivalentDiameterMM, notNegative, positive

_WHERE = "recovery of a region"


@dataclass(frozen=True)
class RegionRecovery(Recovery):
    """Recovery of one region by the point spread.

    Attributes
    ----------
    volumeML : float
        Of the region as outlined.
    coefficient : float
        Activity found over activity there; above 1 where more spills in than out.
    shiftsMM : tuple of float
        Of the outline, rising, outward positive, 0 among them.
    volumes, counts, recoveries : tuple of float
        Volume, activity seen and recovery with shifted outlines, over those of the outline as it is.
    gradient : tuple of float
        d ln R / d width (1/mm) and d ln R / d enhancement of the point spread.
    covariance : tuple
        2 x 2 of width (mm) and enhancement.
    scatter : float
        Standard deviation of the recovery of single objects about what the point spread says.

    Raises
    ------
    InputError
        Tables of unequal length, without a shift of 0, or with values that are not above zero.
    """

    volumeML: float
    coefficient: float
    shiftsMM: tuple
    volumes: tuple
    counts: tuple
    recoveries: tuple
    gradient: tuple = (0.0, 0.0)
    covariance: tuple = ((0.0, 0.0), (0.0, 0.0))
    scatter: float = 0.0

    def __post_init__(self):
        positive(self.volumeML, "volume", _WHERE)
        positive(self.coefficient, "recovery coefficient", _WHERE)
        notNegative(self.scatter, "scatter about the point spread", _WHERE)
        requireCovariance(self.covariance, _WHERE)
        table = (self.shiftsMM, self.volumes, self.counts, self.recoveries)
        if len({len(column) for column in table}) != 1 or len(self.shiftsMM) < 2 or 0.0 not in self.shiftsMM \
                or np.any(np.diff(self.shiftsMM) <= 0) or np.any(np.diff(self.volumes) <= 0):
            raise InputError("The table of shifted outlines does not rise through a shift of 0", _WHERE)
        for column in table[1:]:
            for value in column:
                positive(value, "value of a shifted outline", _WHERE)

    @classmethod
    def fromDict(cls, content):
        """The recovery of :meth:`toDict`.

        Raises
        ------
        InputError
            When something is missing or cannot be.
        """
        try:
            rows = {key: tuple(float(value) for value in content[key])
                    for key in ("shiftsMM", "volumes", "counts", "recoveries", "gradient")}
            return cls(float(content["volumeML"]), float(content["coefficient"]),
                       covariance=tuple(tuple(float(value) for value in row) for row in content["covariance"]),
                       scatter=float(content["scatter"]), **rows)
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"The recovery of the region is not complete ({error})", _WHERE,
                             "Compute the kinetics again") from None

    def toDict(self):
        """Ready for JSON."""
        return {"volumeML": self.volumeML, "coefficient": self.coefficient, "shiftsMM": list(self.shiftsMM),
                "volumes": list(self.volumes), "counts": list(self.counts), "recoveries": list(self.recoveries),
                "gradient": list(self.gradient), "covariance": [list(row) for row in self.covariance],
                "scatter": self.scatter}

    @property
    def relativeVolumePerMM(self):
        """d ln V / d shift between the outlines next to the region's own; not below that of a sphere, which has the
        smallest surface of all bodies of its volume (outlines of few voxels show less)."""
        return max(self._slope(np.log(self.volumes), np.asarray(self.shiftsMM)),
                   6.0 / equivalentDiameterMM(self.volumeML))

    @property
    def countRateExponent(self):
        """d ln C / d ln V there."""
        return self._slope(np.log(self.counts), np.log(self.volumes))

    def _slope(self, ordinates, abscissas):
        middle = self.shiftsMM.index(0.0)
        low, high = max(middle - 1, 0), min(middle + 1, len(self.shiftsMM) - 1)
        return float((ordinates[high] - ordinates[low]) / (abscissas[high] - abscissas[low]))

    def value(self, volumeML):
        """R with outlines of other volumes (mL, number or array)."""
        return self.coefficient * np.exp(self._table(np.log(np.asarray(volumeML, float) / self.volumeML),
                                                     self.recoveries))

    def _table(self, logVolumes, column):
        """ln of a column over ln of the volume; beyond the table it goes on in a straight line."""
        at, values = np.log(self.volumes), np.log(column)
        found = np.interp(logVolumes, at, values)
        for end, beyond in ((0, np.minimum(logVolumes - at[0], 0.0)), (-1, np.maximum(logVolumes - at[-1], 0.0))):
            inner = 1 if end == 0 else -2
            found = found + beyond * (values[end] - values[inner]) / (at[end] - at[inner])
        return found

    def slopePerML(self, volumeML):
        """dR/dV in 1/mL, between the outlines next to the region's own."""
        exponent = self._slope(np.log(self.recoveries), np.log(self.volumes))
        return exponent * float(self.value(volumeML)) / volumeML

    def parameterGradient(self, volumeML):
        """(dR/d width, dR/d enhancement)."""
        return np.asarray(self.gradient) * float(self.value(volumeML))

    def sampled(self, volumesML, volumeML, random, samples):
        """R with random parameters; see :meth:`.Recovery.sampled`."""
        covariance = np.asarray(self.covariance, float)
        changes = correlatedNormal(np.sqrt(np.diag(covariance)), covariance, random, samples)
        scatter = logNormal(random, self.scatter / float(self.value(volumeML)), samples)
        parameters = sum(slope * change for slope, change in zip(self.gradient, changes, strict=True))
        return self.value(volumesML) * np.exp(parameters + scatter)

    def logCountRate(self, logVolumes):
        """ln of the activity seen over that of the outline as it is."""
        return self._table(np.asarray(logVolumes, float), self.counts)

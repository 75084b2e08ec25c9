"""What a therapy's own calculation is given, and what it gives back: numbers only, no images and no scene."""

import math
from dataclasses import dataclass, field


@dataclass(frozen=True)
class RegionDose:
    """Absorbed dose of one region of the images of this cycle.

    Attributes
    ----------
    name : str
    tissue : str or None
        As of :func:`.tissues.tissueOf`.
    massG, absorbedDoseGy : float
    absorbedDoseUncertaintyGy : float or None
        Standard uncertainty (k = 1); ``None`` where none could be stated.
    effectiveHalfLifeHours : float or None
        Of the last phase.
    effectiveHalfLifeUncertaintyHours : float or None
    rateShape : tuple of (float, float)
        Course of the absorbed-dose rate as a sum of exponentials, (amplitude, rate in 1/h) each; the amplitudes are
        relative. Empty where the fit is no such sum.
    bedGy : float or None
        Biologically effective dose of this cycle.
    """

    name: str
    tissue: str | None
    massG: float
    absorbedDoseGy: float
    absorbedDoseUncertaintyGy: float | None = None
    effectiveHalfLifeHours: float | None = None
    effectiveHalfLifeUncertaintyHours: float | None = None
    rateShape: tuple = ()
    bedGy: float | None = None


@dataclass(frozen=True)
class TherapyCase:
    """All that a therapy's calculation may use. Dictionaries hold the keys of the study file, checked by
    :mod:`.inputs`; what is not stated is absent.

    Attributes
    ----------
    protocolId, radionuclide : str
    administeredActivityMBq, prescribedActivityMBq : float or None
    patient : dict
        ``massKg``, ``heightCm``, ``sex`` ("female", "male"), ``hematocrit`` (fraction), ``bloodVolumeML``.
    measurements : dict
        By kind: ``thyroidUptake``, ``wholeBody``, ``blood``, ``planar``, ``lungShunt``, ``wellCounter`` ...
    thyroid, prescription, microspheres : dict
    earlierCycles : tuple of dict
    regions : tuple of RegionDose
        Empty where nothing was imaged.
    prediction : dict
        As of :mod:`.prediction`.
    predictedActivityMBq : float or None
        Activity that the regions' absorbed doses are predicted for by images of another radionuclide. Nothing of it is
        given: ``administeredActivityMBq`` is ``None`` then.
    administrationDateTime : datetime.datetime or None
    administeredActivityRelativeUncertainty : float or None
        k = 1; ``None``: not stated, and not part of any uncertainty.
    """

    protocolId: str
    radionuclide: str
    administeredActivityMBq: float | None = None
    prescribedActivityMBq: float | None = None
    patient: dict = field(default_factory=dict)
    measurements: dict = field(default_factory=dict)
    thyroid: dict = field(default_factory=dict)
    prescription: dict = field(default_factory=dict)
    microspheres: dict = field(default_factory=dict)
    earlierCycles: tuple = ()
    regions: tuple = ()
    prediction: dict = field(default_factory=dict)
    predictedActivityMBq: float | None = None
    administrationDateTime: object = None
    administeredActivityRelativeUncertainty: float | None = None

    def withActivityUncertainty(self, uncertainty, part):
        """Standard uncertainty of a value joined by that of the administered activity.

        Parameters
        ----------
        uncertainty : float or None
            Without it; ``None`` stays ``None``.
        part : float or None
            What of the value is proportional to the administered activity, or to its inverse.
        """
        if uncertainty is None or part is None:
            return uncertainty
        return math.hypot(uncertainty, part * (self.administeredActivityRelativeUncertainty or 0.0))

    @property
    def administeredActivityGBq(self):
        """Net administered activity in GBq, or ``None``."""
        return None if self.administeredActivityMBq is None else self.administeredActivityMBq / 1000.0

    @property
    def basisActivityGBq(self):
        """Activity that the regions' absorbed doses are of, in GBq: administered or predicted for; or ``None``."""
        activityMBq = self.administeredActivityMBq if self.predictedActivityMBq is None else self.predictedActivityMBq
        return None if activityMBq is None else activityMBq / 1000.0


@dataclass(frozen=True)
class Table:
    """A table for report and wizard; units stand in the titles of the columns.

    Attributes
    ----------
    title : str
    columns : tuple of str
    rows : tuple of tuple
        Text, numbers or ``None`` (not known).
    source : str
        Where the figures come from; empty for what was computed here.
    """

    title: str
    columns: tuple
    rows: tuple
    source: str = ""


@dataclass(frozen=True)
class Curve:
    """Measured points and the fitted line of one quantity, for a chart.

    Attributes
    ----------
    title, xTitle, yTitle : str
        The axes with their units.
    points : tuple of (float, float)
    line : tuple of (float, float)
        Densely sampled; empty where nothing was fitted.
    """

    title: str
    xTitle: str
    yTitle: str
    points: tuple
    line: tuple = ()


@dataclass(frozen=True)
class TherapyResult:
    """What a therapy's calculation found.

    Attributes
    ----------
    values : dict
        For ``therapy`` of results.json: JSON values with units in their names. A value that could not be computed is
        ``None``, with a line in ``warnings``.
    warnings, assumptions : tuple of str
        Full sentences in the user's words. What a strategy leaves out, and what that costs in uncertainty, is an
        assumption.
    tables : tuple of Table
    curves : tuple of Curve
    recommendation : str
        One sentence on the prescribed activity or cycles, or empty. The report adds that the decision is the
        treating physician's.
    """

    values: dict
    warnings: tuple = ()
    assumptions: tuple = ()
    tables: tuple = ()
    curves: tuple = ()
    recommendation: str = ""

    def joinedWith(self, other):
        """Both results as one; keys of ``other`` are added to those here and may not repeat them."""
        repeated = set(self.values) & set(other.values)
        if repeated:
            raise ValueError(f"both results hold {', '.join(sorted(repeated))}")
        return TherapyResult({**self.values, **other.values}, self.warnings + other.warnings,
                             self.assumptions + other.assumptions, self.tables + other.tables,
                             self.curves + other.curves, self.recommendation or other.recommendation)

"""What every fit model gives back."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ...errors import CalculationError
from .intervals import band95

EXTRAPOLATION_WARNING = 0.20


@dataclass(frozen=True)
class Parameter:
    """A fitted or given parameter; ``standardError`` (k = 1) is ``None`` when it is not known."""

    value: float
    standardError: float | None
    unit: str

    def toDict(self):
        return {"value": self.value, "standardError": self.standardError, "unit": self.unit}


@dataclass
class FitResult:
    """Time-integrated activity of a curve from 0 to infinity, and how it came about.

    Attributes
    ----------
    model, title : str
    parameters : dict of str to Parameter
    parameterNames : list of str
        Order of rows and columns of ``covariance``.
    covariance : list of list of float or None
        In the units of the parameters.
    timeIntegratedActivityMBqH : float
    timeIntegratedActivityUncertaintyMBqH : float or None
        k = 1; ``None`` where it cannot be known (a line in ``warnings`` says why).
    timeIntegratedActivityInterval95MBqH : list of float or None
        [lower, upper]: holds the true value with a probability of 95 %. By Student t where the covariance is scaled.
    effectiveHalfLifeHours : float or None
        Of the last phase.
    aicc : float or None
        Corrected Akaike information criterion; lower is better. ``None`` for a model without a likelihood and where
        the points are too few (N <= K + 1).
    chiSquare : float or None
        Sum of squared weighted residuals: (residual / sigma)^2 with given uncertainties; relative residuals squared
        (see ``weighting``) without.
    degreesOfFreedom : int
    covarianceKind : str
        ``"absolute"`` (given uncertainties), ``"scaled"`` (by the reduced chi-square) or ``"none"``.
    weighting : str
        In words.
    coefficientOfVariation : float or None
        Relative standard uncertainty of one activity, estimated from the scatter about the fit.
    activityUncertaintiesMBq : list of float or None
        Per point: the given ones, else the estimated coefficient of variation times the activity.
    extrapolatedFraction, extrapolatedBeforeFraction, extrapolatedAfterFraction : float
        Share of the area before the first and after the last point.
    residualsMBq : list of float
        Measured minus fitted.
    absorbedDoseRateShape : list of (float, float) or None
        (amplitude in MBq, rate in 1/h) of the exponentials whose sum is the curve, for the BED.
    piecewiseShape : dict or None
        For a curve that is no sum of exponentials: ``timesHours``, ``activitiesMBq`` (linear between) and
        ``tailRatePerHour``, for the BED.
    assumptions, warnings : list of str
    candidates : list of dict
        Models tried by the automatic choice: ``model``, ``title``, ``timeIntegratedActivityMBqH``,
        ``timeIntegratedActivityUncertaintyMBqH``, ``aicc``, ``akaikeWeight``, ``isAccepted``, ``isChosen``,
        ``reason``, with ``None`` where there is no value.
    scanTimeSensitivityPerHour : list of float or None
        For one and two points: d ln(time-integrated activity) / d t per point, the activities being as measured.
    modelAverage : dict or None
        Where the time-integrated activity, its uncertainty and the curve are those of several models: ``models``,
        ``weights``, ``withinUncertaintyMBqH``, ``betweenUncertaintyMBqH``. ``model``, ``parameters``,
        ``covariance``, ``chiSquare`` and ``aicc`` then are the best model's.
    evaluate : callable
        Activity in MBq at times in h (array to array).
    standardErrors : callable or None
        Standard error (k = 1) of the curve in MBq at times in h (array to array).
    band : callable or None
        95 % band of the curve, times in h to (low, high) in MBq, where it is not that of ``standardErrors``.
    bandReason : str
        Why the curve has no standard error, where it has none.
    """

    model: str
    title: str
    parameters: dict
    parameterNames: list
    covariance: list | None
    timeIntegratedActivityMBqH: float
    timeIntegratedActivityUncertaintyMBqH: float | None
    effectiveHalfLifeHours: float | None
    aicc: float | None
    chiSquare: float | None
    degreesOfFreedom: int
    covarianceKind: str
    weighting: str
    coefficientOfVariation: float | None
    activityUncertaintiesMBq: list | None
    extrapolatedBeforeFraction: float
    extrapolatedAfterFraction: float
    residualsMBq: list
    evaluate: Callable = field(repr=False)
    absorbedDoseRateShape: list | None = None
    piecewiseShape: dict | None = None
    assumptions: list = field(default_factory=list)
    warnings: list = field(default_factory=list)
    candidates: list = field(default_factory=list)
    timeIntegratedActivityInterval95MBqH: list | None = None
    scanTimeSensitivityPerHour: list | None = None
    modelAverage: dict | None = None
    standardErrors: Callable | None = field(default=None, repr=False)
    band: Callable | None = field(default=None, repr=False)
    bandReason: str = ""

    def __post_init__(self):
        total = self.timeIntegratedActivityMBqH
        if not (math.isfinite(total) and total > 0):
            raise CalculationError(f"The {self.title} gives no valid time-integrated activity", "time-activity fit",
                                   "Check the curve, or choose another model")
        uncertainty = self.timeIntegratedActivityUncertaintyMBqH
        if uncertainty is not None and not math.isfinite(uncertainty):
            raise CalculationError(f"The {self.title} gives no valid uncertainty", "time-activity fit",
                                   "Check the curve, or choose another model")

    @property
    def extrapolatedFraction(self):
        return self.extrapolatedBeforeFraction + self.extrapolatedAfterFraction

    def activityMBq(self, timesHours):
        """Fitted activity in MBq at times (h) from 0 on, array in, array of the same shape out."""
        return self.evaluate(np.asarray(timesHours, float))

    def activityStandardErrorMBq(self, timesHours):
        """Standard error (k = 1) of the fitted curve in MBq at times (h) from 0 on.

        It is that of the true curve's place, from the covariance of the parameters, not the scatter of a measurement.
        Of an average of models it is unconditional (within and between them), of a population prior half the width
        of the central 68.27 % of the posterior.

        Returns
        -------
        numpy.ndarray or None
            Of the shape of ``timesHours``; ``None`` for the reason in :attr:`activityBandReason`.
        """
        return None if self.standardErrors is None else self.standardErrors(np.asarray(timesHours, float))

    def activityBandMBq(self, timesHours):
        """95 % band of the fitted curve at times (h) from 0 on, for each time by itself; never negative.

        Returns
        -------
        (numpy.ndarray, numpy.ndarray) or None
            Lower and upper limit in MBq; ``None`` for the reason in :attr:`activityBandReason`.
        """
        timesHours = np.asarray(timesHours, float)
        if self.band is not None:
            return self.band(timesHours)
        errors = self.activityStandardErrorMBq(timesHours)
        if errors is None:
            return None
        degrees = self.degreesOfFreedom if self.covarianceKind == "scaled" else None
        return band95(self.activityMBq(timesHours), errors, degrees)

    @property
    def activityBandReason(self):
        """Why the curve has no standard error and no band, or ``None`` where it has them."""
        if self.standardErrors is not None:
            return None
        return self.bandReason or f"{self.title} states no uncertainty of its curve."

    def toDict(self):
        """All but the callable, ready for JSON."""
        names = ("model", "title", "parameterNames", "covariance", "timeIntegratedActivityMBqH",
                 "timeIntegratedActivityUncertaintyMBqH", "timeIntegratedActivityInterval95MBqH",
                 "effectiveHalfLifeHours", "aicc", "chiSquare",
                 "degreesOfFreedom", "covarianceKind", "weighting", "coefficientOfVariation",
                 "activityUncertaintiesMBq", "extrapolatedFraction", "extrapolatedBeforeFraction",
                 "extrapolatedAfterFraction", "residualsMBq", "piecewiseShape", "assumptions", "warnings",
                 "candidates", "scanTimeSensitivityPerHour", "modelAverage", "activityBandReason")
        content = {name: getattr(self, name) for name in names}
        content["parameters"] = {name: value.toDict() for name, value in self.parameters.items()}
        shape = self.absorbedDoseRateShape
        content["absorbedDoseRateShape"] = None if shape is None else [list(term) for term in shape]
        return content

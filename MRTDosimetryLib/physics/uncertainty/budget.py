"""The uncertainty budget of a region: what share each component has, by which method, and what is left out."""

from dataclasses import dataclass, field

from ...errors import InputError
from ..kinetics.intervals import interval95
from .chain import propagate
from .monteCarlo import propagateDistributions

METHODS = ("auto", "analytic", "monteCarlo")
# Above this u(V)/V first-order propagation is not relied on.
VOLUME_FOR_MONTE_CARLO = 0.3
# Both methods are shown when they differ by more than this share of the analytic one.
NOTABLE_DIFFERENCE = 0.1

INCLUDED, NOT_STATED, NOT_APPLIED = "included", "not stated", "not applied"
_STEP_TITLES = {
    "curveFit": "Time-activity fit (random)", "calibration": "Calibration", "recovery": "Recovery coefficient",
    "countRate": "Count rate at the outline", "recoveryCountRate": "Covariance of recovery and count rate",
    "sValue": "Mass (S value)", "activitySValue": "Covariance of time-integrated activity and mass"}
_ORIGIN_TITLES = {"volume": "Volume of the outline", "calibration": "Calibration", "curveFit": "Time-activity fit",
                  "recoveryFit": "Fit of the recovery coefficient", "sValueFit": "Fit of the S value"}
_COVARIANCES = ("recoveryCountRate", "activitySValue")


@dataclass(frozen=True)
class BudgetComponent:
    """One line of the budget.

    Attributes
    ----------
    name, title : str
    relativeUncertainty : float or None
        Relative standard uncertainty, k = 1; ``None`` for a covariance and for what is not stated or not applied.
    sharePercent : float or None
        Share of the variance of the absorbed dose; negative for a covariance that cancels. Shares add up to 100.
    status : str
        ``"included"``, ``"not stated"`` (the total lacks it) or ``"not applied"``.
    """

    name: str
    title: str
    relativeUncertainty: float | None
    sharePercent: float | None
    status: str = INCLUDED

    def toDict(self):
        return {"name": self.name, "title": self.title, "relativeUncertainty": self.relativeUncertainty,
                "sharePercent": self.sharePercent, "status": self.status}


@dataclass
class UncertaintyBudget:
    """Combined standard uncertainty (k = 1) of the absorbed dose of a region and where it comes from.

    Attributes
    ----------
    method : str
        ``"analytic"`` or ``"monteCarlo"``: what the totals and shares are from.
    relativeUncertainty : float or None
        u(D)/D of all that is stated; ``None`` when nothing is.
    timeIntegratedActivityRelativeUncertainty : float or None
        u(A~)/A~, random and common part.
    components : list of BudgetComponent
        By step of the chain, with the covariances.
    origins : list of BudgetComponent
        The same variance by independent origin, where covariances do not occur.
    notIncluded : list of str
        Names of components that are not stated, which the total therefore lacks.
    flags : list of str
        In words.
    steps : ChainSteps
        Every intermediate result of the analytic chain.
    analyticRelativeUncertainty : float or None
    monteCarlo : MonteCarloResult or None
    """

    method: str
    relativeUncertainty: float | None
    timeIntegratedActivityRelativeUncertainty: float | None
    components: list
    origins: list
    notIncluded: list
    flags: list
    steps: object
    analyticRelativeUncertainty: float | None
    monteCarlo: object = field(default=None, repr=False)

    @property
    def interval95(self):
        """95 % interval of the true absorbed dose over the reported one: of the Monte Carlo, or log-normal, since all
        that multiplies cannot become negative; ``None`` where nothing is stated."""
        if self.monteCarlo is not None:
            return self.monteCarlo.interval95
        if self.relativeUncertainty is None:
            return None
        return tuple(interval95(1.0, self.relativeUncertainty))

    def toDict(self):
        """Ready for JSON."""
        carlo = self.monteCarlo
        return {
            "method": self.method, "coverageFactor": 1, "relativeUncertainty": self.relativeUncertainty,
            "relativeInterval95": None if self.interval95 is None else list(self.interval95),
            "timeIntegratedActivityRelativeUncertainty": self.timeIntegratedActivityRelativeUncertainty,
            "analyticRelativeUncertainty": self.analyticRelativeUncertainty,
            "monteCarloRelativeUncertainty": None if carlo is None else carlo.absorbedDose,
            "monteCarloInterval95": None if carlo is None else list(carlo.interval95),
            "components": [item.toDict() for item in self.components],
            "origins": [item.toDict() for item in self.origins],
            "notIncluded": list(self.notIncluded), "flags": list(self.flags), "steps": self.steps.toDict()}


def uncertaintyBudget(inputs, method="auto"):
    """The budget of a region.

    Parameters
    ----------
    inputs : ChainInputs
    method : str
        ``"auto"`` (Monte Carlo where u(V)/V is above 0.3, or where what an outline changes is known by a table and not
        by a slope), ``"analytic"`` or ``"monteCarlo"``.

    Returns
    -------
    UncertaintyBudget

    Raises
    ------
    InputError
        Unknown method.
    """
    if method not in METHODS:
        raise InputError(f"'{method}' is not a method of propagation", "uncertainty.method",
                         f"Known are {', '.join(METHODS)}")
    steps = propagate(inputs)
    isVolumeLarge = steps.volume is not None and steps.volume > VOLUME_FOR_MONTE_CARLO
    isTable = bool(steps.volume) and inputs.recovery is not None and inputs.recovery.countRateExponent is not None
    isSampled = method == "monteCarlo" or (method == "auto" and (isVolumeLarge or isTable))
    carlo = propagateDistributions(inputs) if isSampled else None
    stepVariances = _stepVariances(steps) if carlo is None else carlo.stepVariances
    originVariances = _originVariances(steps, inputs) if carlo is None else carlo.originVariances
    stated = _statuses(inputs)
    isAnythingStated = INCLUDED in (stated[name] for name in ("curveFit", "calibration", "countRate", "recovery",
                                                              "sValue"))
    total, totalActivity = (steps.absorbedDose, steps.timeIntegratedActivity) if carlo is None else \
        (carlo.absorbedDose, carlo.timeIntegratedActivity)
    return UncertaintyBudget(
        method="analytic" if carlo is None else "monteCarlo",
        relativeUncertainty=total if isAnythingStated else None,
        timeIntegratedActivityRelativeUncertainty=totalActivity if isAnythingStated else None,
        components=_components(stepVariances, _relative(steps, carlo), stated, _STEP_TITLES),
        origins=_components(originVariances, {name: max(value, 0.0) ** 0.5 for name, value in originVariances.items()},
                            stated, _ORIGIN_TITLES),
        notIncluded=[name for name in ("curveFit", "calibration", "volume") if stated[name] == NOT_STATED],
        flags=_flags(steps, carlo, isVolumeLarge), steps=steps,
        analyticRelativeUncertainty=steps.absorbedDose if isAnythingStated else None, monteCarlo=carlo)


def _stepVariances(steps):
    return {"curveFit": (steps.fit or 0.0) ** 2, "calibration": (steps.calibration or 0.0) ** 2,
            "recovery": (steps.recovery or steps.recoveryFit) ** 2, "countRate": (steps.countRate or 0.0) ** 2,
            "recoveryCountRate": -2.0 * (steps.recoveryCountRateCovariance or 0.0), "sValue": steps.sValue ** 2,
            "activitySValue": 2.0 * (steps.activitySValueCovariance or 0.0)}


def _originVariances(steps, inputs):
    exponent = (steps.activityExponent or 0.0) - inputs.massScaling.exponent
    return {"volume": (exponent * (steps.volume or 0.0)) ** 2, "calibration": (steps.calibration or 0.0) ** 2,
            "curveFit": (steps.fit or 0.0) ** 2, "recoveryFit": steps.recoveryFit ** 2,
            "sValueFit": inputs.massScaling.relativeFitUncertainty() ** 2}


def _relative(steps, carlo):
    """Relative standard uncertainty of each step; those of Monte Carlo are the deviations of the logarithms."""
    variances = _stepVariances(steps) if carlo is None else carlo.stepVariances
    return {name: None if name in _COVARIANCES else max(value, 0.0) ** 0.5 for name, value in variances.items()}


def _statuses(inputs):
    volume = INCLUDED if inputs.isVolumeKnown else NOT_STATED
    hasSValueFit = inputs.massScaling.relativeFitUncertainty() > 0
    recovery = INCLUDED if inputs.recovery is not None else NOT_APPLIED
    return {"curveFit": INCLUDED if inputs.fitRelative is not None else NOT_STATED,
            "calibration": INCLUDED if inputs.calibrationRelative is not None else NOT_STATED,
            "volume": volume, "countRate": volume, "activitySValue": volume, "recovery": recovery,
            "recoveryFit": recovery, "recoveryCountRate": NOT_APPLIED if recovery == NOT_APPLIED else volume,
            "sValue": INCLUDED if hasSValueFit else volume, "sValueFit": INCLUDED if hasSValueFit else NOT_APPLIED}


def _components(variances, relative, stated, titles):
    total = sum(variances.values())
    found = []
    for name, title in titles.items():
        isIn = stated[name] == INCLUDED
        found.append(BudgetComponent(name, title, relative[name] if isIn else None,
                                     100.0 * variances[name] / total if isIn and total > 0 else None, stated[name]))
    return found


def _flags(steps, carlo, isVolumeLarge):
    flags = []
    if isVolumeLarge:
        flags.append(f"u(V)/V is {steps.volume:.2f}, above {VOLUME_FOR_MONTE_CARLO:g}: " + (
            "first-order propagation is not reliable." if carlo is None else "Monte Carlo propagation is used."))
    if carlo is not None and abs(carlo.absorbedDose - steps.absorbedDose) > NOTABLE_DIFFERENCE * steps.absorbedDose:
        flags.append(f"First-order propagation gives {steps.absorbedDose:.1%}, Monte Carlo {carlo.absorbedDose:.1%}.")
    return flags

"""Statistics of an engine as a component of each region's uncertainty budget."""

import dataclasses
import math

from ..physics.uncertainty.budget import BudgetComponent

COMPONENT = "engineStatistics"
TITLE = "Monte Carlo statistics"
# Asked for where the study states no other relative uncertainty.
TARGET_RELATIVE = 0.01


def withStatistics(budget, relative):
    """The budget with the statistical standard error of the engine, independent of all other components.

    Parameters
    ----------
    budget : UncertaintyBudget
    relative : float or None
        Standard error over mean, k = 1; ``None`` for an engine without statistics.

    Returns
    -------
    UncertaintyBudget
    """
    if relative is None:
        return budget
    total, analytic = (None if value is None else math.hypot(value, relative)
                       for value in (budget.relativeUncertainty, budget.analyticRelativeUncertainty))
    kept = 1.0 if not total else (budget.relativeUncertainty / total) ** 2
    share = None if not total else 100.0 * (relative / total) ** 2
    component = BudgetComponent(COMPONENT, TITLE, relative, share)
    # A 95 % interval by sampling lacks this component: it would contradict the total.
    carlo = budget.monteCarlo
    if carlo is not None and total:
        carlo = dataclasses.replace(carlo, absorbedDose=math.hypot(carlo.absorbedDose, relative),
                                    interval95=_widened(carlo.interval95, total / budget.relativeUncertainty))
    return dataclasses.replace(
        budget, relativeUncertainty=total, analyticRelativeUncertainty=analytic, monteCarlo=carlo,
        components=[*_scaled(budget.components, kept), component], origins=[*_scaled(budget.origins, kept), component])


def targetWords(name, standardErrorGy, meanGy, targetRelative):
    """A warning where the statistics of a region are worse than asked for; an empty list where they are not."""
    if standardErrorGy is None or not meanGy > 0 or standardErrorGy <= targetRelative * meanGy:
        return []
    return [f"{name}: the statistical uncertainty of the absorbed dose is {standardErrorGy / meanGy:.1%}, the target "
            f"of {targetRelative:.1%} is not met. Allow more photons."]


def _scaled(components, factor):
    return [item if item.sharePercent is None else dataclasses.replace(item, sharePercent=factor * item.sharePercent)
            for item in components]


def _widened(interval, factor):
    """An interval of ratios to the mean, made wider in its logarithm."""
    return tuple(bound ** factor for bound in interval)

"""Components of a region's uncertainty budget beside the chain: an engine's statistics, activity, dead time."""

import dataclasses
import math

from ..physics.uncertainty.budget import BudgetComponent

STATISTICS = ("engineStatistics", "Monte Carlo statistics")
ADMINISTERED = ("administeredActivity", "Administered activity")
DEAD_TIME = ("deadTime", "Dead time")
# Asked for where the study states no other relative uncertainty.
TARGET_RELATIVE = 0.01


def withComponent(budget, component, relative):
    """The budget with one more component of the absorbed dose, independent of all others.

    Parameters
    ----------
    budget : UncertaintyBudget
    component : (str, str)
        Name and title: :data:`STATISTICS` of the engine, :data:`ADMINISTERED` where the activity gives the images
        their scale, or :data:`DEAD_TIME` of the camera.
    relative : float or None
        Relative standard uncertainty, k = 1; ``None`` where there is none.

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
    added = BudgetComponent(*component, relative, share)
    # A 95 % interval by sampling lacks this component: it would contradict the total.
    carlo = budget.monteCarlo
    if carlo is not None and total:
        carlo = dataclasses.replace(carlo, absorbedDose=math.hypot(carlo.absorbedDose, relative),
                                    interval95=_widened(carlo.interval95, total / budget.relativeUncertainty))
    ofActivity = budget.timeIntegratedActivityRelativeUncertainty
    if component != STATISTICS and ofActivity is not None:
        ofActivity = math.hypot(ofActivity, relative)
    return dataclasses.replace(
        budget, relativeUncertainty=total, analyticRelativeUncertainty=analytic, monteCarlo=carlo,
        timeIntegratedActivityRelativeUncertainty=ofActivity,
        components=[*_scaled(budget.components, kept), added], origins=[*_scaled(budget.origins, kept), added])


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

"""One fit of several regions' curves with rates in common, e.g. the effective half-life of both kidneys."""

from dataclasses import dataclass

import numpy as np

from ...errors import Faults, InputError
from .exponentialFit import buildResult, exponentialModel, parameterBounds
from .rateSearch import TOLERANCE, Projection, searchRates
from .solver import covarianceOf, solveLeastSquares
from .weighting import weightingOf


@dataclass(frozen=True)
class SharedFit:
    """Joint fit.

    Attributes
    ----------
    results : list of FitResult
        One per curve, in their order; ``degreesOfFreedom`` and the scale of the covariance are those of all curves.
    covarianceMBqH2 : numpy.ndarray or None
        Covariance of the time-integrated activities, (curves, curves): the shared rates make them dependent.
    chiSquare : float
    """

    results: list
    covarianceMBqH2: np.ndarray | None
    chiSquare: float


def fitShared(curves, decayConstantPerHour, model, shared):
    """Fit one exponential model to several curves with some rates the same for all.

    Parameters
    ----------
    curves : sequence of TimeActivityCurve
        Two or more; all with uncertainties, or all without (then with one common coefficient of variation).
    decayConstantPerHour : float
    model : str
        Name of a sum of exponentials.
    shared : sequence of str
        Rates of the model that all curves have in common.

    Returns
    -------
    SharedFit

    Raises
    ------
    InputError
        Fewer than two curves, no or unknown rates, a mixture of curves with and without uncertainties, fewer points
        than parameters.
    CalculationError
        When the fit does not converge, or the points do not determine the parameters.
    """
    description = _check(curves, model, shared)
    rates, amplitudeCount = list(description.rates), len(description.amplitudes)
    weightings = [weightingOf(curve) for curve in curves]
    projections, own = [], []
    for curve, weighting in zip(curves, weightings, strict=True):
        amplitudeBounds, rateBounds = parameterBounds(description, curve.timesHours, decayConstantPerHour, {})
        projection = Projection(description, curve.timesHours, curve.activitiesMBq, weighting.sigmasMBq,
                                decayConstantPerHour, amplitudeBounds)
        projections.append(projection)
        own.append((np.log(rateBounds), np.log(searchRates(projection, rateBounds)[0])))
    places = _places(len(curves), rates, shared)
    size = 1 + max(place for row in places for place in row)
    lower, upper, starts = np.full(size, -np.inf), np.full(size, np.inf), []
    for row, (bounds, _start) in zip(places, own, strict=True):
        lower[row], upper[row] = np.maximum(lower[row], bounds[:, 0]), np.minimum(upper[row], bounds[:, 1])
    alone = np.zeros(size)
    for row, (_bounds, start) in zip(places, own, strict=True):
        alone[row] = start
    # The shared rates start from their mean and from each curve's own value: the best end counts.
    common = [rates.index(name) for name in shared]
    values = [start[common] for _bounds, start in own]
    for value in [np.mean(values, axis=0), *values]:
        start = alone.copy()
        start[[places[0][index] for index in common]] = value
        starts.append(np.clip(start, lower, upper))

    def residuals(vector):
        clipped = np.clip(vector, lower - 3.0, upper + 3.0)
        return np.concatenate([projection.residuals(clipped[row])
                               for projection, row in zip(projections, places, strict=True)])

    def jacobian(vector):
        clipped = np.clip(vector, lower - 3.0, upper + 3.0)
        blocks = []
        for projection, row in zip(projections, places, strict=True):
            block = np.zeros((projection.times.size, size))
            block[:, row] = projection.jacobian(clipped[row])
            blocks.append(block)
        return np.concatenate(blocks)

    best = min((solveLeastSquares(residuals, jacobian, start, lower, upper, TOLERANCE) for start in starts),
               key=lambda solution: solution.chiSquare)
    amplitudes = []
    for projection, row in zip(projections, places, strict=True):
        scaled, exponents, _rest = projection.solveOne(best.values[row])
        amplitudes.append(scaled * np.exp(exponents))
    return _collect(description, curves, decayConstantPerHour, weightings, amplitudes, best, places, size,
                    amplitudeCount, shared)


def _collect(description, curves, physicalRate, weightings, amplitudes, best, places, size, amplitudeCount, shared):
    """Results and covariance of the joint fit; global parameters: all amplitudes, then the rates."""
    offset = amplitudeCount * len(curves)
    columns = [[*range(index * amplitudeCount, (index + 1) * amplitudeCount), *(offset + place for place in row)]
               for index, row in enumerate(places)]
    blocks = []
    for index, (curve, weighting) in enumerate(zip(curves, weightings, strict=True)):
        block = np.zeros((curve.size, offset + size))
        block[:, columns[index]] = description.jacobian(
            curve.timesHours, amplitudes[index], np.exp(best.values[places[index]]), physicalRate)
        blocks.append(block / weighting.sigmasMBq[:, None])
    covariance = covarianceOf(np.concatenate(blocks))
    points = sum(curve.size for curve in curves)
    degrees = points - offset - size
    free = [*description.amplitudes, *description.rates]
    words = [f"{', '.join(shared)} shared by {len(curves)} regions in one fit."]
    results, gradients, start = [], np.zeros((len(curves), offset + size)), 0
    for index, (curve, weighting) in enumerate(zip(curves, weightings, strict=True)):
        rates = np.exp(best.values[places[index]])
        results.append(buildResult(description, curve, physicalRate, weighting, amplitudes[index], rates,
                                   best.residuals[start:start + curve.size], free, words,
                                   covariance[np.ix_(columns[index], columns[index])], degrees, best.chiSquare))
        # One curve's share of a joint fit has no criterion of its own.
        results[-1].aicc = None
        gradients[index, columns[index]] = description.areaGradient(amplitudes[index], rates, physicalRate)
        start += curve.size
    scale = 1.0 if weightings[0].isAbsolute else best.chiSquare / degrees if degrees > 0 else None
    between = None if scale is None else scale * gradients @ covariance @ gradients.T
    return SharedFit(results, between, best.chiSquare)


def _places(count, rates, shared):
    """For each curve, the places of its rates in the vector of all rates; shared ones come first."""
    common = {name: index for index, name in enumerate(shared)}
    following, places = len(common), []
    for _curve in range(count):
        row = []
        for name in rates:
            if name in common:
                row.append(common[name])
            else:
                row.append(following)
                following += 1
        places.append(row)
    return places


def _check(curves, model, shared):
    description, where, faults = exponentialModel(model), "joint fit", Faults()
    if description is None or description.reported is not None:
        raise InputError(f"'{model}' cannot share parameters over regions", where, "Choose a sum of exponentials")
    if len(curves) < 2:
        faults.add("A joint fit needs at least two curves", where, "Choose regions")
    unknown = [name for name in shared if name not in description.rates]
    if unknown or not shared or len(set(shared)) != len(shared):
        faults.add(f"{', '.join(unknown) or 'No rate'} cannot be shared", where,
                   f"Rates of {description.title} are {', '.join(description.rates) or 'none'}, each once")
    if len({curve.uncertaintiesMBq is None for curve in curves}) > 1:
        faults.add("Some curves have uncertainties and others have none", where, "Give all of them or none")
    needed = len(description.amplitudes) * len(curves) + len(shared) \
        + (len(description.rates) - len(shared)) * len(curves)
    if sum(curve.size for curve in curves) < needed or any(np.count_nonzero(curve.activitiesMBq) < 2
                                                           for curve in curves):
        faults.add(f"The joint fit has {needed} parameters, and needs as many points and two above zero in each curve",
                   where, "Add time points, or choose a model with fewer parameters")
    faults.raiseIfAny()
    return description

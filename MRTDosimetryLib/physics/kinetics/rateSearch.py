"""Variable projection: the amplitudes are always at their best for the rates, so only the rates are searched."""

import itertools
import math

import numpy as np

from ...errors import CalculationError
from .solver import solveLeastSquares

# Rates looked at per rate sought: all ordered combinations are tried before anything is refined.
GRID_SIZES = {0: 1, 1: 400, 2: 48, 3: 22}
STARTS = {0: 1, 1: 1, 2: 2}
MOST_STARTS = 3
# Of the sum of squares: leaves the rates within a hundred-thousandth of their standard errors.
TOLERANCE = 1e-11
# From the grid, twenty are common; points that do not determine the rates would take thousands.
MAXIMUM_EVALUATIONS = 400
REACH = 3.0
# Larger is the logarithm of no ratio of the activity at administration to that at the first point.
LARGEST_EXPONENT = 100.0
# Gram determinant of unit columns below which they are taken as dependent.
LEAST_DETERMINANT = 1e-9


class Projection:
    """Weighted data of one curve, and the best amplitudes for any rates.

    Parameters
    ----------
    model : ExponentialModel
    times, activities, sigmas : numpy.ndarray
        (N,)
    physicalRate : float
    amplitudeBounds : list of (float, float)
        Least and largest value of each amplitude; equal for a fixed one.
    """

    def __init__(self, model, times, activities, sigmas, physicalRate, amplitudeBounds):
        self.model, self.times, self.sigmas, self.physicalRate = model, times, sigmas, physicalRate
        self.target = activities / sigmas
        self.bounds = amplitudeBounds
        self._last = None

    def solve(self, rates):
        """Best amplitudes for many sets of rates, by trying every set of amplitudes that lie on a bound.

        Parameters
        ----------
        rates : numpy.ndarray
            (G, R)

        Returns
        -------
        amplitudes : (G, M) of the columns taken from the first time
        exponents : (G, M)
        residuals : (G, N) weighted, measured minus fitted
        """
        basis, exponents = self.model.design(self.times, rates, self.physicalRate)
        basis = basis / self.sigmas[:, None]
        count, columns = basis.shape[0], basis.shape[2]
        with np.errstate(over="ignore"):
            shift = np.exp(np.minimum(exponents, 700.0))
        best = np.full(count, np.inf)
        amplitudes = np.zeros((count, columns))
        residuals = np.broadcast_to(self.target, (count, self.target.size)).copy()
        for held in itertools.product(*[self._holds(index) for index in range(columns)]):
            trial = np.zeros((count, columns))
            for index, value in enumerate(held):
                if value is not None and value != 0.0:
                    trial[:, index] = value / shift[:, index]
            free = [index for index, value in enumerate(held) if value is None]
            rest = self.target - np.einsum("gnm,gm->gn", basis, trial)
            if free:
                trial[:, free] = _solveBatch(basis[:, :, free], rest)
                rest = rest - np.einsum("gnm,gm->gn", basis[:, :, free], trial[:, free])
            isAllowed = np.ones(count, bool)
            for index in free:
                least, most = self.bounds[index]
                isAllowed &= trial[:, index] * shift[:, index] >= least
                if math.isfinite(most):
                    isAllowed &= trial[:, index] * shift[:, index] <= most
            chiSquare = np.einsum("gn,gn->g", rest, rest)
            isBetter = isAllowed & (chiSquare < best)
            best[isBetter] = chiSquare[isBetter]
            amplitudes[isBetter], residuals[isBetter] = trial[isBetter], rest[isBetter]
        return amplitudes, exponents, residuals

    def _holds(self, index):
        """Values an amplitude may be held at; ``None`` stands for free."""
        least, most = self.bounds[index]
        if least == most:
            return [least]
        return [None] + [value for value in (least, most) if math.isfinite(value)]

    def solveOne(self, logRates):
        """:meth:`solve` for one set of rates: (M,), (M,), (N,). The last one is kept for its derivatives."""
        if self._last is None or not np.array_equal(self._last[0], logRates):
            rates = np.exp(logRates)
            found = self._solveInside(rates)
            self._last = (np.array(logRates), found or [part[0] for part in self.solve(rates[None, :])])
        return self._last[1]

    def _solveInside(self, rates):
        """:meth:`solve` for one set of rates by the shortest way.

        ``None`` where an amplitude is not inside its bounds, or the columns are nearly dependent.
        """
        if any(least >= most for least, most in self.bounds):
            return None
        basis, exponents = self.model.designOne(self.times, rates, self.physicalRate)
        basis = basis / self.sigmas[:, None]
        unit = basis / np.sqrt(np.maximum(np.einsum("nm,nm->m", basis, basis), np.finfo(float).tiny))
        if np.linalg.det(unit.T @ unit) < LEAST_DETERMINANT:
            return None
        amplitudes = _solveBatch(basis[None], self.target[None])[0]
        values = amplitudes * np.exp(np.minimum(exponents, 700.0))
        if not all(least < value < most for value, (least, most) in zip(values, self.bounds, strict=True)):
            return None
        return [amplitudes, exponents, self.target - basis @ amplitudes]

    def residuals(self, logRates):
        return self.solveOne(logRates)[2]

    def jacobian(self, logRates):
        """Derivative of the projected residuals (Kaufman's form: exact for the gradient of the chi-square)."""
        rates = np.exp(logRates)
        scaled, exponents, _rest = self.solveOne(logRates)
        amplitudes = scaled * np.exp(np.minimum(exponents, LARGEST_EXPONENT))
        full = self.model.jacobian(self.times, amplitudes, rates, self.physicalRate) / self.sigmas[:, None]
        columns = full.shape[1] - rates.size
        free = [index for index, (value, (least, most)) in enumerate(zip(amplitudes, self.bounds, strict=True))
                if least < value < most]
        slopes = -full[:, columns:] * rates
        if free:
            lengths = np.linalg.norm(full[:, free], axis=0)
            basis = full[:, free][:, lengths > 0] / lengths[lengths > 0]
            left, singular, _right = np.linalg.svd(basis, full_matrices=False)
            left = left[:, singular > 1e-12 * singular[:1]]
            slopes = slopes - left @ (left.T @ slopes)
        return slopes


def _solveBatch(basis, rest):
    """Least-squares amplitudes (G, F) of basis (G, N, F), each column scaled to unit length."""
    lengths = np.sqrt(np.einsum("gnf,gnf->gf", basis, basis))
    lengths[lengths == 0.0] = 1.0
    unit = basis / lengths[:, None, :]
    if basis.shape[2] == 1:
        return np.einsum("gnf,gn->gf", unit, rest) / lengths
    if basis.shape[0] == 1:
        return np.linalg.lstsq(unit[0], rest[0], rcond=1e-13)[0][None, :] / lengths
    normal = np.einsum("gnf,gnh->gfh", unit, unit) + 1e-13 * np.eye(basis.shape[2])
    return np.linalg.solve(normal, np.einsum("gnf,gn->gf", unit, rest)[:, :, None])[:, :, 0] / lengths


def searchRates(projection, rateBounds):
    """Rates and amplitudes of the least chi-square within bounds; no start value to be given.

    All ordered combinations of a grid of rates are tried; the best few local minima of the grid are refined with
    lmfit, and the best of them counts.

    Parameters
    ----------
    projection : Projection
    rateBounds : list of (float, float)
        Equal for a fixed rate.

    Returns
    -------
    rates : (R,), amplitudes : (M,) at administration, residuals : (N,) weighted

    Raises
    ------
    CalculationError
        When a fit does not converge, or the activity at administration has no finite value.
    """
    lower, upper = (np.log([bounds[side] for bounds in rateBounds]) for side in (0, 1))
    isFree = upper > lower
    size = GRID_SIZES.get(int(np.count_nonzero(isFree)), 12)
    axes = [np.linspace(low, high, size if free else 1) for low, high, free in zip(lower, upper, isFree, strict=True)]
    combinations = list(itertools.product(*axes))
    grid = np.array(combinations, float).reshape(len(combinations), len(rateBounds))
    isOrdered = np.all(np.diff(grid, axis=1) > 0, axis=1)
    if not np.any(isOrdered):
        raise CalculationError("The bounds leave no increasing rates", "kinetics bounds", "Give wider bounds")
    chiSquares = np.full(len(grid), np.inf)
    chiSquares[isOrdered] = _sumSquares(projection.solve(np.exp(grid[isOrdered]))[2])
    best = None
    for start in _localMinima(grid, chiSquares, axes):
        found = _refine(projection, start, lower, upper, isFree)
        if best is None or found[0] < best[0]:
            best = found
        if not np.any(isFree):
            break
    # Back from the logarithms, fixed rates and bounds are themselves again.
    rates = np.clip(np.exp(best[1]), *np.array(rateBounds, float).reshape(-1, 2).T)
    scaled, exponents, residuals = projection.solve(rates[None, :])
    isUsed = scaled[0] != 0.0
    if np.any(exponents[0][isUsed] > LARGEST_EXPONENT):
        raise CalculationError("The activity falls too fast between the points for an extrapolation to administration",
                               "time-activity curve", "Choose the trapezoid")
    amplitudes = np.where(isUsed, scaled[0] * np.exp(np.where(isUsed, exponents[0], 0.0)), 0.0)
    return rates, amplitudes, residuals[0]


def _sumSquares(residuals):
    return np.einsum("...n,...n->...", residuals, residuals)


def _localMinima(grid, chiSquares, axes):
    """The best grid points without a better neighbor (diagonal ones included), apart from each other.

    The coarse grids of three and more rates can miss a narrow valley: there the best other points fill the number up.
    """
    shape = tuple(axis.size for axis in axes)
    padded = np.pad(chiSquares.reshape(shape), 1, constant_values=np.inf)
    isLocal = np.isfinite(chiSquares)
    for offsets in itertools.product((0, 1, 2), repeat=len(shape)):
        neighbors = padded[tuple(slice(offset, offset + size) for offset, size in zip(offsets, shape, strict=True))]
        isLocal &= chiSquares <= neighbors.ravel()
    steps = np.array([axis[1] - axis[0] if axis.size > 1 else 1.0 for axis in axes])
    places = [index for index in np.argsort(chiSquares, kind="stable") if isLocal[index]]
    if len(axes) > 2:
        places += [index for index in np.argsort(chiSquares, kind="stable") if np.isfinite(chiSquares[index])]
    chosen = []
    for index in places:
        if all(np.max(np.abs(grid[index] - other) / steps, initial=0.0) > 2.5 for other in chosen):
            chosen.append(grid[index])
        if len(chosen) == STARTS.get(len(axes), MOST_STARTS):
            break
    return chosen


def _refine(projection, start, lower, upper, isFree):
    """Local minimum: (chi-square, logarithms of the rates)."""
    if not np.any(isFree):
        return float(_sumSquares(projection.residuals(start))), start

    def full(values):
        logRates = start.copy()
        # The unbounded method may look outside, but not where an exponential leaves the range of numbers.
        logRates[isFree] = np.clip(values, lower[isFree] - REACH, upper[isFree] + REACH)
        return logRates

    solution = solveLeastSquares(lambda values: projection.residuals(full(values)),
                                 lambda values: projection.jacobian(full(values))[:, isFree],
                                 start[isFree], lower[isFree], upper[isFree], TOLERANCE, MAXIMUM_EVALUATIONS)
    best = (solution.chiSquare, full(solution.values))
    # The bounds themselves: an optimizer of interior points never quite reaches them.
    for index in np.flatnonzero(isFree):
        for side in (lower, upper):
            if abs(best[1][index] - side[index]) < 0.05:
                trial = best[1].copy()
                trial[index] = side[index]
                chiSquare = float(_sumSquares(projection.residuals(trial)))
                if chiSquare <= best[0] * (1 + 1e-12):
                    best = (chiSquare, trial)
    return best

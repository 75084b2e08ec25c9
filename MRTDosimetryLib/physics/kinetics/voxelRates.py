"""Batched variable projection: the rates of many small curves at once, amplitudes always at their best values.

Golub and Pereyra, SIAM J Numer Anal 1973;10:413-432: amplitudes are linear, so least squares over the rates alone
remains. All curves of a batch are iterated together, those that have converged leave it. Times run along the first
axis, curves along the second.
"""

import numpy as np

MONO_GRID = 24
PAIR_GRID = 14
MONO_ITERATIONS = 40
PAIR_ITERATIONS = 60
# Gauss-Newton leaves out the curvature of the residuals; where it creeps for that, Newton takes over.
GAUSS_NEWTON_ITERATIONS = 8
# Pairs of a grid with at most that many steps between them are near each other (a factor of about 6).
NEAR_STEPS = 4
DIFFERENCE_STEP = 1e-5
# Largest step of the logarithm of a rate.
LARGEST_STEP = 1.0
COARSE_TOLERANCE = 2e-4
FINE_TOLERANCE = 1e-3
# Single precision does not hit the logarithm of a bound exactly.
BOUND_TOLERANCE = 1e-6


def fitOneRate(times, activities, weights, slowest, fastest):
    """A exp(-rate t) for every curve: safeguarded Newton on the logarithm of the rate.

    The start is the best of a grid of rates (two small matrix products), so that no start value has to be given and
    no local minimum is taken for the best one. Newton's curvature is replaced by that of Gauss and Newton where it is
    not positive. Single precision, with a last step in double precision.

    Parameters
    ----------
    times : numpy.ndarray
        Shape (T,), h, increasing, above zero.
    activities, weights : numpy.ndarray
        Shape (T, n), float32; activities scaled to at most 1 and not negative, weights 1/sigma^2 above zero.
    slowest, fastest : float
        Bounds of the rate, 1/h.

    Returns
    -------
    rates : numpy.ndarray
        (n,) float64; exactly ``slowest`` or ``fastest`` at a bound.
    firsts : numpy.ndarray
        (n,) float64, fitted activities at the first time.
    isConverged : numpy.ndarray
        (n,) bool.
    """
    shifted = times - times[0]
    # Powers of time, whose sums with the squared exponentials are all that the derivatives need.
    powers = np.stack([np.ones_like(shifted), shifted, shifted ** 2])
    grid = np.geomspace(slowest, fastest, MONO_GRID)
    logGrid = np.log(grid).astype(np.float32)
    shapes = np.exp(-np.outer(grid, shifted)).astype(np.float32)
    explained = shapes @ (weights * activities)
    np.multiply(explained, explained, out=explained)
    explained /= (shapes * shapes) @ weights
    best = explained.argmax(axis=0)
    logRates = logGrid[best]
    lower, upper = logGrid[np.maximum(best - 1, 0)], logGrid[np.minimum(best + 1, MONO_GRID - 1)]
    single = powers.astype(np.float32)
    isConverged = np.zeros(logRates.size, bool)
    active = slice(None)  # all of them, without a copy, until enough have converged
    for _iteration in range(MONO_ITERATIONS):
        here, low, high = logRates[active], lower[active], upper[active]
        step, _firsts, _change, slope = _newtonStep(single, activities[:, active], weights[:, active], here)
        # The minimum stays bracketed; a step that leaves the bracket is replaced by its middle.
        low, high = np.where(slope > 0, low, here), np.where(slope > 0, here, high)
        moved = here + step
        moved = np.where((moved < low) | (moved > high), 0.5 * (low + high), moved)
        isDone = np.abs(moved - here) < COARSE_TOLERANCE
        logRates[active], lower[active], upper[active], isConverged[active] = moved, low, high, isDone
        if isDone.all():
            break
        if np.count_nonzero(isDone) > 0.3 * isDone.size:
            active = np.flatnonzero(~isConverged)
    exact = logRates.astype(np.float64)
    step, firsts, change, _slope = _newtonStep(powers, activities, weights, exact)
    bounds = np.log(slowest), np.log(fastest)
    refined = np.clip(exact + step, *bounds)
    isConverged &= np.abs(refined - exact) < FINE_TOLERANCE
    rates = np.exp(refined)
    rates[refined <= bounds[0] + BOUND_TOLERANCE] = slowest
    rates[refined >= bounds[1] - BOUND_TOLERANCE] = fastest
    # To first order, of a step that is far below single precision's needs.
    return rates, firsts + change * (rates - np.exp(exact)), isConverged


def _newtonStep(powers, activities, weights, logRates):
    """Step of the logarithms of the rates; amplitudes at the first time before it, their change by the rate, slope.

    The slope has the sign of the derivative of chi-square by the rate.
    """
    rates = np.exp(logRates)
    shape = np.exp(np.multiply.outer(-powers[1], rates))
    weighted = weights * shape
    squares = powers @ (weighted * shape)
    amplitudes = np.einsum("tn,tn->n", weighted, activities) / squares[0]
    shape *= amplitudes
    np.subtract(activities, shape, out=shape)
    weighted *= shape  # weights x exponential x residual
    slope, bend = powers[1:] @ weighted
    # Derivatives of half the sum of squares by the rate, the amplitude following it.
    gaussNewton = amplitudes * (squares[2] - squares[1] ** 2 / squares[0])
    change = (amplitudes * squares[1] - slope) / squares[0]
    steepest = amplitudes * squares[2] - change * squares[1] - bend
    steepest += np.divide(change * slope, amplitudes, out=np.zeros_like(steepest), where=amplitudes > 0)
    # Gradient and curvature by the logarithm of the rate, both over rate x amplitude.
    curvature = rates * steepest + slope
    gaussNewton *= rates
    np.copyto(curvature, gaussNewton, where=curvature < 0.25 * gaussNewton)
    step = np.divide(-slope, curvature, out=np.zeros_like(curvature), where=curvature > 0)
    return np.clip(step, -LARGEST_STEP, LARGEST_STEP), amplitudes, change, slope


class TwoWashouts:
    """a exp(-slow t) + b exp(-(slow + difference) t) with a, b >= 0."""

    amplitudes = 2

    @staticmethod
    def shapes(times, slow, difference):
        return [np.exp(-times * slow), np.exp(-times * (slow + difference))]

    @staticmethod
    def derivatives(times, slow, difference, shapes, amplitudes):
        late, early = (shape * amplitude for shape, amplitude in zip(shapes, amplitudes, strict=True))
        return -times * slow * (late + early), -times * difference * early

    @staticmethod
    def area(slow, difference, amplitudes):
        return amplitudes[0] / slow + amplitudes[1] / (slow + difference)


class UptakeWashout:
    """a (exp(-slow t) - exp(-(slow + difference) t)) / difference with a >= 0; zero at administration."""

    amplitudes = 1

    @staticmethod
    def shapes(times, slow, difference):
        return [np.exp(-times * slow) * (-np.expm1(-times * difference) / difference)]

    @staticmethod
    def derivatives(times, slow, difference, shapes, amplitudes):
        curve = shapes[0] * amplitudes[0]
        return -times * slow * curve, times * np.exp(-times * (slow + difference)) * amplitudes[0] - curve

    @staticmethod
    def area(slow, difference, amplitudes):
        return amplitudes[0] / slow / (slow + difference)


def fitTwoRates(kind, times, activities, weights, slowBounds, differenceBounds):
    """A curve of two rates for every voxel: Gauss-Newton with the damping of Levenberg and Marquardt.

    Parameters
    ----------
    kind : TwoWashouts or UptakeWashout
    times : numpy.ndarray
        Shape (T,), h.
    activities, weights : numpy.ndarray
        Shape (T, n), float64.
    slowBounds, differenceBounds : (float, float)
        Bounds of the slower rate and of the difference of the two, 1/h.

    Returns
    -------
    slow, difference : numpy.ndarray
        (n,).
    amplitudes : numpy.ndarray
        (1 or 2, n).
    chiSquare : numpy.ndarray
        (n,), infinite where no pair of rates gives amplitudes of zero or more.
    isConverged : numpy.ndarray
        (n,) bool.
    """
    times = times[:, None]
    bounds = np.log([slowBounds, differenceBounds])[:, :, None]
    best = None
    for starts in _bestPairs(kind, times, activities, weights, slowBounds, differenceBounds):
        found = _descend(kind, times, activities, weights, bounds, *starts)
        if best is None:
            best = found
        else:
            # The lower of two minima, each with its own convergence.
            isBetter = found[2] < best[2]
            for old, new in zip(best, found, strict=True):
                np.copyto(old, new, where=isBetter)
    logs, amplitudes, chiSquare, isConverged = best
    slow, difference = np.exp(logs)
    slow[logs[0] <= bounds[0, 0, 0]] = slowBounds[0]
    return slow, difference, amplitudes, chiSquare, isConverged


def _descend(kind, times, activities, weights, bounds, logs, isPossible):
    """Logarithms of the rates, amplitudes, chi-square and convergence from given starts on."""
    count = activities.shape[1]
    damping = np.full(count, 1e-3)
    isConverged = ~isPossible
    amplitudes, chiSquare = _project(kind, times, activities, weights, *np.exp(logs))[1:3]
    chiSquare[~isPossible] = np.inf
    active = np.flatnonzero(isPossible)
    for iteration in range(PAIR_ITERATIONS):
        if active.size == 0:
            break
        y, w, here = activities[:, active], weights[:, active], logs[:, active]
        descent, curvature = _derivatives(kind, times, y, w, here)
        if iteration >= GAUSS_NEWTON_ITERATIONS:
            curvature = _newtonCurvature(kind, times, y, w, here, descent, curvature)
        step = _dampedStep(descent, curvature, here, bounds, damping[active])
        trial = np.clip(here + step, bounds[:, 0], bounds[:, 1])
        found, trialChiSquare = _project(kind, times, y, w, *np.exp(trial))[1:3]
        isBetter = (trialChiSquare <= chiSquare[active]) & (found >= 0).all(axis=0)
        gained = active[isBetter]
        moved = np.abs(trial - here).max(axis=0)
        logs[:, gained], amplitudes[:, gained] = trial[:, isBetter], found[:, isBetter]
        chiSquare[gained] = trialChiSquare[isBetter]
        damping[active] = np.clip(np.where(isBetter, damping[active] * 0.1, damping[active] * 10.0), 1e-9, 1e9)
        isDone = (moved < 1e-9) | (isBetter & (moved < 1e-6)) | (damping[active] >= 1e9)
        isConverged[active[isDone]] = True
        active = active[~isDone]
    return logs, amplitudes, chiSquare, isConverged


def _bestPairs(kind, times, activities, weights, slowBounds, differenceBounds):
    """For every group of pairs of a grid: logarithms of its best pair, and whether any has amplitudes above zero.

    Two washouts can have a minimum with rates close together and one with rates far apart: two groups.
    """
    rates = np.geomspace(slowBounds[0], max(slowBounds[1], differenceBounds[1]), PAIR_GRID)
    weightedActivities = weights * activities
    total = _sumOverTimes(weightedActivities, activities)
    groups = [(1, PAIR_GRID)] if kind.amplitudes == 1 else [(1, NEAR_STEPS), (NEAR_STEPS + 1, PAIR_GRID)]
    for nearest, farthest in groups:
        best, index = np.full(total.size, np.inf), np.zeros(total.size, np.int64)
        pairs = []
        for position, slow in enumerate(rates[rates <= slowBounds[1] * (1 + 1e-9)]):
            for fast in rates[position + nearest:position + farthest + 1]:
                difference = min(max(fast - slow, differenceBounds[0]), differenceBounds[1])
                shapes = np.hstack(kind.shapes(times, slow, difference)).T  # (amplitudes, T)
                explained, isValid = _explained(shapes, weightedActivities, weights)
                chiSquare = np.where(isValid, total - explained, np.inf)
                np.copyto(index, len(pairs), where=chiSquare < best)
                np.minimum(best, chiSquare, out=best)
                pairs.append((slow, difference))
        yield np.log(np.array(pairs).T)[:, index], np.isfinite(best)


def _explained(shapes, weightedActivities, weights):
    """What a fixed pair of rates explains of the sum of squares, and whether its amplitudes are zero or more."""
    right = [_sumOverTimes(shape, weightedActivities) for shape in shapes]
    if len(shapes) == 1:
        return right[0] ** 2 / _sumOverTimes(shapes[0] ** 2, weights), right[0] > 0
    first, second, both = (_sumOverTimes(shapes[a] * shapes[b], weights) for a, b in ((0, 0), (1, 1), (0, 1)))
    determinant = first * second - both ** 2
    a = second * right[0] - both * right[1]
    b = first * right[1] - both * right[0]
    isValid = (a > 0) & (b > 0) & (determinant > 1e-12 * first * second)
    return (a * right[0] + b * right[1]) / np.where(isValid, determinant, 1.0), isValid


def _sumOverTimes(*factors):
    """Sum of products over the first axis, term by term: else its rounding would depend on the number of voxels."""
    total = None
    for first, second, *others in zip(*factors, strict=True):
        product = first * second
        for factor in others:
            product *= factor
        total = product if total is None else np.add(total, product, out=total)
    return total


def _project(kind, times, activities, weights, slow, difference):
    """Shapes, best amplitudes, chi-square and residuals of given rates, and the weighted shapes with their solver."""
    shapes = kind.shapes(times, slow, difference)
    system = _LinearSystem(shapes, weights)
    amplitudes = system.solve(activities)
    residuals = activities - system.combined(amplitudes)
    return shapes, amplitudes, _sumOverTimes(weights, residuals, residuals), residuals, system


class _LinearSystem:
    """Weighted linear least squares with one or two shapes (T, n) for every voxel."""

    def __init__(self, shapes, weights):
        self._shapes = shapes
        self._weighted = [shape * weights for shape in shapes]
        self._first = _sumOverTimes(self._weighted[0], shapes[0])
        if len(shapes) == 2:
            self._second = _sumOverTimes(self._weighted[1], shapes[1])
            self._both = _sumOverTimes(self._weighted[0], shapes[1])
            # Never singular, so that shapes of equal rates share the amplitude.
            self._determinant = np.maximum(self._first * self._second - self._both ** 2,
                                           1e-13 * self._first * self._second)

    def solve(self, values):
        """Amplitudes (1 or 2, n) that fit values (T, n) best."""
        right = [_sumOverTimes(weighted, values) for weighted in self._weighted]
        if len(right) == 1:
            return (right[0] / self._first)[None]
        return np.stack([self._second * right[0] - self._both * right[1],
                         self._first * right[1] - self._both * right[0]]) / self._determinant

    def combined(self, amplitudes):
        """Sum of the shapes times their amplitudes, (T, n)."""
        total = self._shapes[0] * amplitudes[0]
        if len(self._shapes) == 2:
            total += self._shapes[1] * amplitudes[1]
        return total


def _derivatives(kind, times, activities, weights, logs):
    """Descent by the logarithms (2, n), and the curvature (11, 22, 12) of Gauss and Newton (3, n)."""
    slow, difference = np.exp(logs)
    shapes, amplitudes, _chiSquare, residuals, system = _project(kind, times, activities, weights, slow, difference)
    columns = kind.derivatives(times, slow, difference, shapes, amplitudes)
    descent = np.stack([_sumOverTimes(weights, column, residuals) for column in columns])
    # Kaufman, BIT 1975;15:49-57: the part that the amplitudes could take up is projected out.
    columns = [column - system.combined(system.solve(column)) for column in columns]
    return descent, np.stack([_sumOverTimes(weights, columns[a], columns[b])
                              for a, b in ((0, 0), (1, 1), (0, 1))])


def _newtonCurvature(kind, times, activities, weights, logs, descent, gaussNewton):
    """The true curvature from differences of the derivatives, where it is that of a minimum."""
    changes = []
    for axis in (0, 1):
        shifted = logs.copy()
        shifted[axis] += DIFFERENCE_STEP
        changes.append((descent - _derivatives(kind, times, activities, weights, shifted)[0]) / DIFFERENCE_STEP)
    true = np.stack([changes[0][0], changes[1][1], 0.5 * (changes[0][1] + changes[1][0])])
    isMinimum = (true[0] > 0) & (true[1] > 0) & (true[0] * true[1] > true[2] ** 2)
    return np.where(isMinimum, true, gaussNewton)


def _dampedStep(descent, curvature, logs, bounds, damping):
    """Step of both logarithms; one that is held at its bound does not take part."""
    isHeld = ((logs <= bounds[:, 0]) & (descent < 0)) | ((logs >= bounds[:, 1]) & (descent > 0))
    first, second, both = curvature
    both = np.where(isHeld.any(axis=0), 0.0, both)
    descent = np.where(isHeld, 0.0, descent)
    # The smallest curvature that counts: without it a direction that changes nothing gets an endless step.
    floor = 1e-14 * (first + second) + 1e-300
    first, second = first * (1.0 + damping) + floor, second * (1.0 + damping) + floor
    determinant = first * second - both ** 2
    step = np.stack([second * descent[0] - both * descent[1], first * descent[1] - both * descent[0]])
    return np.clip(step / np.maximum(determinant, 1e-300), -LARGEST_STEP, LARGEST_STEP)

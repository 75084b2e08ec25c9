"""Whether a fit is acceptable: uncertainty and correlation of its parameters, its residuals, and what is physical.

After Kletting et al. (NUKFIT, Med Phys 2013;40:102504): coefficient of variation of every parameter below 50 %,
correlations below 0.8, and a look at the residuals, here as tests.
"""

import math

import numpy as np

from .weighting import PROPORTIONAL_FLOOR

PARAMETER_LIMIT = 0.5
# Up to here, a phase that the points show but hardly determine: acceptable where no other model describes them. With
# given uncertainties the likelihood ratio tells whether the phase is there; the linear standard errors of its rate and
# amplitude, strongly correlated, may exceed 100 % where it is.
DOUBTFUL_LIMIT, DOUBTFUL_LIMIT_GIVEN = 1.0, 3.0
# Above REMARK a correlation is told; above LIMIT two parameters are one. An amplitude at administration and the rate
# it is extrapolated with are correlated in every good fit whose points lie late, so 0.8 cannot be a reason to reject.
CORRELATION_REMARK, CORRELATION_LIMIT = 0.8, 0.995
RESIDUAL_LIMIT = 0.30
CHI_SQUARE_PROBABILITY = 0.01
RUNS_PROBABILITY = 0.01
# Rise from the first point that is more than noise: in standard uncertainties of the difference, or where none are
# given at least this share.
UPTAKE_DEVIATIONS, UPTAKE_TOLERANCE = 2.5, 0.10
F_TEST_PROBABILITY, LIKELIHOOD_RATIO_PROBABILITY = 0.01, 0.05
BOUND_TOLERANCE = 1e-6
HELD_AT_PHYSICAL = "the slowest phase is held at physical decay, as in a model with fewer parameters"


def uptakeTime(curve, coefficientOfVariation=None):
    """Time of the largest activity if it exceeds the first one beyond noise, else ``None``.

    Beyond noise: by 2.5 standard uncertainties of the difference; where none are given, by 10 %, or by 2.5 standard
    deviations of the difference at a scatter (relative, of one activity) known from a fit.
    """
    top = int(np.argmax(curve.activitiesMBq))
    if top == 0:
        return None
    if curve.uncertaintiesMBq is not None:
        tolerance = UPTAKE_DEVIATIONS * math.hypot(curve.uncertaintiesMBq[top], curve.uncertaintiesMBq[0])
    else:
        relative = max(UPTAKE_TOLERANCE, UPTAKE_DEVIATIONS * math.sqrt(2.0) * (coefficientOfVariation or 0.0))
        tolerance = relative * curve.activitiesMBq[top]
    isAbove = curve.activitiesMBq[top] - curve.activitiesMBq[0] > tolerance
    return float(curve.timesHours[top]) if isAbove else None


def objections(result, curve, decayConstantPerHour):
    """Why a fit of a sum of exponentials is not acceptable.

    Parameters
    ----------
    result : FitResult
    curve : TimeActivityCurve
    decayConstantPerHour : float

    Returns
    -------
    list of str
        Empty when it is acceptable.
    """
    found = _parameterObjections(result, decayConstantPerHour)
    if curve.uncertaintiesMBq is None:
        found += _residualObjection(result, curve)
    else:
        found += _chiSquareObjection(result)
    found += _runsObjection(result)
    # The scatter about a fit that is not acceptable anyway says nothing about noise.
    uptake = uptakeTime(curve, None if found else result.coefficientOfVariation)
    if uptake is not None and not startsAtZero(result):
        found.insert(0, f"uptake phase: the largest activity is at {uptake:g} h, not at the first point")
    return found


def startsAtZero(result):
    """Whether the fitted activity at administration is zero, as before an uptake."""
    scale = sum(abs(value) for value, _rate in result.absorbedDoseRateShape)
    return abs(sum(value for value, _rate in result.absorbedDoseRateShape)) < 1e-9 * scale


def doubts(result):
    """Why an acceptable fit of three and more parameters is only taken where no other model describes the points."""
    return _wideParameters(result, PARAMETER_LIMIT)


def remarks(result):
    """Correlations worth a word in an accepted fit."""
    pair, value = _largestCorrelation(result)
    return [f"{pair[0]} and {pair[1]} are correlated by {value:.2f}"] if value > CORRELATION_REMARK else []


def noBetter(result, simpler, curve):
    """Objection to a model of more parameters that fits no better than chance would, or ``[]``.

    F test of the chi-squares, 1 %. For weights known up to a scale only: with few points the Akaike criterion then
    takes a chance closeness to the points for a small scatter.
    """
    if curve.uncertaintiesMBq is not None:
        return []
    more, left = simpler.degreesOfFreedom - result.degreesOfFreedom, result.degreesOfFreedom
    if more <= 0 or left <= 0 or not result.chiSquare > 0:
        return []
    # Imported here: scipy.special is needed for this one probability only.
    from scipy.special import fdtrc

    ratio = max(simpler.chiSquare - result.chiSquare, 0.0) / more / (result.chiSquare / left)
    probability = float(fdtrc(more, left, ratio))
    if probability < F_TEST_PROBABILITY:
        return []
    return [f"no better than the {simpler.title} fit by more than chance (F test, p = {probability:.2g})"]


def surpassed(result, larger, curve):
    """Objection to a model that a larger one holding it as a special case fits much better than, or ``[]``.

    Likelihood-ratio test of the chi-squares with given uncertainties, 5 %. The corrected Akaike criterion is made for
    an unknown scatter: at N = K + 2 it sets a fourth parameter against a chi-square of 40. As an amplitude cannot be
    negative, the test is on the safe side (half of the superfluous phases vanish; Self and Liang, J Am Stat Assoc
    1987;82:605-610).
    """
    more = result.degreesOfFreedom - larger.degreesOfFreedom
    if curve.uncertaintiesMBq is None or result.chiSquare - larger.chiSquare <= nestedLimit(more):
        return []
    return [f"{larger.title} has a chi-square lower by {result.chiSquare - larger.chiSquare:.3g} with {more} more "
            f"parameter{'s' if more > 1 else ''}, by chance less likely than {LIKELIHOOD_RATIO_PROBABILITY:.0%}"]


def nestedLimit(more):
    """Fall of the chi-square that so many superfluous parameters reach with a probability of 5 %."""
    # Imported here: scipy.special is needed for this one quantile only.
    from scipy.special import chdtri

    return float(chdtri(more, LIKELIHOOD_RATIO_PROBABILITY))


def _parameterObjections(result, decayConstantPerHour):
    found = []
    for name, parameter in result.parameters.items():
        if parameter.standardError is None:
            if result.covariance is not None:
                found.append(f"the data leave no meaning to {name}")
    limit = PARAMETER_LIMIT
    if len(result.parameters) > 2:
        limit = DOUBTFUL_LIMIT_GIVEN if result.covarianceKind == "absolute" else DOUBTFUL_LIMIT
    found += _wideParameters(result, limit)
    rates = [parameter.value for name, parameter in result.parameters.items() if name.startswith("lambda")]
    if any(later < earlier * 1.05 for earlier, later in zip(rates[:-1], rates[1:], strict=True)):
        found.append("two phases have nearly the same rate")
    falling = result.model in ("biExponential", "triExponential")
    if falling and rates[0] <= decayConstantPerHour * (1 + BOUND_TOLERANCE):
        found.append(HELD_AT_PHYSICAL)
    pair, value = _largestCorrelation(result)
    if len(result.parameters) > 2 and value > CORRELATION_LIMIT:
        found.append(f"{pair[0]} and {pair[1]} are correlated by {value:.3f}, more than {CORRELATION_LIMIT:g}")
    return found


def _wideParameters(result, limit):
    """Words on parameters with a coefficient of variation above a limit."""
    shares = {name: parameter.standardError / abs(parameter.value) for name, parameter in result.parameters.items()
              if parameter.standardError is not None and parameter.value != 0.0}
    return [f"the standard error of {name} is {f'{share:.0%}' if share < 10 else 'over 1000%'}, more than "
            f"{PARAMETER_LIMIT:.0%}"
            for name, share in shares.items() if share > limit]


def _largestCorrelation(result):
    if result.covariance is None:
        return None, 0.0
    covariance = np.array(result.covariance)
    deviations = np.sqrt(np.diag(covariance))
    deviations[deviations == 0] = np.inf
    correlation = np.abs(covariance / np.outer(deviations, deviations))
    np.fill_diagonal(correlation, 0.0)
    first, second = np.unravel_index(int(np.argmax(correlation)), correlation.shape)
    return (result.parameterNames[first], result.parameterNames[second]), float(correlation[first, second])


def _residualObjection(result, curve):
    floor = PROPORTIONAL_FLOOR * curve.activitiesMBq.max()
    relative = np.abs(result.residualsMBq) / np.maximum(curve.activitiesMBq, floor)
    worst = int(np.argmax(relative))
    if relative[worst] <= RESIDUAL_LIMIT:
        return []
    return [f"the residual at {curve.timesHours[worst]:g} h is {relative[worst]:.0%}, more than {RESIDUAL_LIMIT:.0%}"]


def _chiSquareObjection(result):
    if result.degreesOfFreedom == 0:
        return []
    # Imported here: scipy.special is needed for this one probability only.
    from scipy.special import gammaincc

    probability = float(gammaincc(result.degreesOfFreedom / 2.0, result.chiSquare / 2.0))
    if probability >= CHI_SQUARE_PROBABILITY:
        return []
    reduced = result.chiSquare / result.degreesOfFreedom
    return [f"the reduced chi-square is {reduced:.3g}, of a probability below {CHI_SQUARE_PROBABILITY:.0%}"]


def _runsObjection(result):
    """Too few changes of sign along the residuals: the curve bends past the points."""
    signs = [value > 0 for value in result.residualsMBq if value != 0.0]
    above, below = signs.count(True), signs.count(False)
    runs = 1 + sum(first != second for first, second in zip(signs[:-1], signs[1:], strict=True)) if signs else 0
    if not above or not below or runsProbability(runs, above, below) >= RUNS_PROBABILITY:
        return []
    return [f"the residuals change sign only {runs - 1} times along the {len(signs)} points"]


def runsProbability(runs, above, below):
    """Probability of so few runs or fewer in a random order of signs (Wald and Wolfowitz, Ann Math Stat 1940)."""
    total = 0
    for count in range(2, runs + 1):
        half = count // 2
        if count % 2 == 0:
            total += 2 * math.comb(above - 1, half - 1) * math.comb(below - 1, half - 1)
        else:
            total += (math.comb(above - 1, half - 1) * math.comb(below - 1, half)
                      + math.comb(above - 1, half) * math.comb(below - 1, half - 1))
    return total / math.comb(above + below, above)

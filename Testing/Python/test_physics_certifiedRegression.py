"""The solver against certified nonlinear regressions: NIST Statistical Reference Datasets, exponential models.

Testing/Data/nistStRD.json holds data, starting and certified values (https://www.itl.nist.gov/div898/strd/). Every
problem is started from "Start 1", the one further from the answer.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from MRTDosimetryLib.physics.kinetics.curve import TimeActivityCurve
from MRTDosimetryLib.physics.kinetics.selection import fit
from MRTDosimetryLib.physics.kinetics.solver import covarianceOf, solveLeastSquares

FILE = Path(__file__).resolve().parents[1] / "Data" / "nistStRD.json"


def problem(name):
    """Start (P,), certified values (P,), certified standard deviations (P,), sum of squares, x and y."""
    content = json.loads(FILE.read_text(encoding="utf-8"))["problems"][name]
    keys = ("start1", "certified", "standardDeviations", "residualSumOfSquares", "x", "y")
    return tuple(content[key] if key == "residualSumOfSquares" else np.array(content[key]) for key in keys)


def sumOfExponentials(x, b):
    return sum(b[i] * np.exp(-b[i + 1] * x) for i in (0, 2, 4))


def sumDerivatives(x, b):
    return np.column_stack([column for i in (0, 2, 4)
                            for column in (np.exp(-b[i + 1] * x), -b[i] * x * np.exp(-b[i + 1] * x))])


def saturation(x, b):
    return b[0] * (1 - np.exp(-b[1] * x))


def saturationDerivatives(x, b):
    return np.column_stack([1 - np.exp(-b[1] * x), b[0] * x * np.exp(-b[1] * x)])


def quotient(x, b):
    return np.exp(-b[0] * x) / (b[1] + b[2] * x)


def quotientDerivatives(x, b):
    value, below = quotient(x, b), b[1] + b[2] * x
    return np.column_stack([-x * value, -value / below, -x * value / below])


def offset(x, b):
    return b[0] + b[1] * np.exp(-x * b[3]) + b[2] * np.exp(-x * b[4])


def offsetDerivatives(x, b):
    first, second = np.exp(-x * b[3]), np.exp(-x * b[4])
    return np.column_stack([np.ones_like(x), first, second, -b[1] * x * first, -b[2] * x * second])


PROBLEMS = {"Lanczos1": (sumOfExponentials, sumDerivatives), "Lanczos2": (sumOfExponentials, sumDerivatives),
            "Lanczos3": (sumOfExponentials, sumDerivatives), "Misra1a": (saturation, saturationDerivatives),
            "BoxBOD": (saturation, saturationDerivatives), "Chwirut1": (quotient, quotientDerivatives),
            "Chwirut2": (quotient, quotientDerivatives), "MGH17": (offset, offsetDerivatives)}


def digits(found, certified):
    """Digits that agree: - log10 of the relative deviation, of the worst value."""
    return -np.log10(np.max(np.abs(np.asarray(found) / certified - 1)) + 1e-16)


@pytest.mark.parametrize("name", PROBLEMS)
def test_certifiedDigitsFromTheHarderStart(name):
    model, derivatives = PROBLEMS[name]
    start, certified, errors, chiSquare, x, y = problem(name)
    solution = solveLeastSquares(lambda b: y - model(x, b), lambda b: -derivatives(x, b), start)
    covariance = covarianceOf(derivatives(x, solution.values)) * solution.chiSquare / (x.size - start.size)
    order = np.argsort(solution.values[1::2]) if name.startswith("Lanczos") else None
    values, deviations = solution.values, np.sqrt(np.diag(covariance))
    if order is not None:
        values, deviations = (part.reshape(3, 2)[order].ravel() for part in (values, deviations))
    assert digits(values, certified) >= 6
    # Lanczos1 is exact to the last digit of its data: its residuals are rounding errors of 13-digit numbers.
    if name != "Lanczos1":
        assert digits(deviations, errors) >= 6
        assert solution.chiSquare == pytest.approx(chiSquare, rel=1e-6)
    else:
        assert digits(deviations, errors) >= 2.5


@pytest.mark.parametrize(("name", "needed"), [("Lanczos1", 6), ("Lanczos2", 6), ("Lanczos3", 6)])
def test_triExponentialModelNeedsNoStart(name, needed):
    """The model itself, with its grid: shifted by 1 h, as a curve has no point at 0. Rates keep their values."""
    _start, certified, errors, chiSquare, x, y = problem(name)
    result = fit(TimeActivityCurve(x + 1.0, y, np.ones_like(y)), 1e-3, "triExponential")
    rates = np.array([result.parameters[f"lambda{i}"].value for i in (1, 2, 3)])
    amplitudes = np.array([result.parameters[f"A{i}"].value for i in (1, 2, 3)]) * np.exp(-rates)
    assert digits(rates, certified[1::2]) >= needed and digits(amplitudes, certified[0::2]) >= needed
    if name != "Lanczos1":
        scale = np.sqrt(result.chiSquare / result.degreesOfFreedom)
        found = [result.parameters[f"lambda{i}"].standardError * scale for i in (1, 2, 3)]
        assert digits(found, errors[1::2]) >= 6
        assert result.chiSquare == pytest.approx(chiSquare, rel=1e-6)

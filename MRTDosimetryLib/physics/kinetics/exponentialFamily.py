"""The sums of exponentials by their names, and the f-functions under their ids.

The f-functions are those of Kletting et al. (NUKFIT, Med Phys 2013;40:102504) with effective instead of biological
rates: lambda = biological rate + physical decay constant. f4d is parametrized by its area (Eur J Nucl Med Mol Imaging
Phys 2023, 10.1186/s40658-023-00530-1).
"""

import dataclasses

import numpy as np

from . import monoExponential
from .exponentialFit import registerExponential
from .exponentialModel import MIXING, MIXING_RATE_PER_HOUR, PHYSICAL, ExponentialModel

FALLING = "Activity falls from administration on: no uptake phase."
RISING = "No activity at administration, one uptake phase."
MIXED = "No activity at administration, blood mixing with a half-life of 1 min."

BI = ExponentialModel("biExponential", "Bi-exponential", {"A1": [(1, "lambda1")], "A2": [(1, "lambda2")]},
                      ("lambda1", "lambda2"), assumption=FALLING)
TRI = ExponentialModel("triExponential", "Tri-exponential",
                       {"A1": [(1, "lambda1")], "A2": [(1, "lambda2")], "A3": [(1, "lambda3")]},
                       ("lambda1", "lambda2", "lambda3"), assumption=FALLING)
UPTAKE = ExponentialModel("uptakeWashout", "Uptake and washout", {"A1": [(1, "lambda1"), (-1, "lambda2")]},
                          ("lambda1", "lambda2"), assumption=RISING)
UPTAKE_TWO = ExponentialModel("uptakeTwoWashouts", "Uptake and two washouts",
                              {"A1": [(1, "lambda1"), (-1, "lambda3")], "A2": [(1, "lambda2"), (-1, "lambda3")]},
                              ("lambda1", "lambda2", "lambda3"), assumption=RISING)
TAIL = ExponentialModel("monoExponentialPlusPhysicalTail", "Mono-exponential plus physical tail",
                        {"A1": [(1, "lambda1")], "A2": [(1, PHYSICAL)]}, ("lambda1",),
                        assumption=FALLING + " A part of it leaves by physical decay alone.")


def _signedAmplitudes(amplitudes, rates, _physicalRate):
    """f4a: A1 = both amplitudes added up, A2 = the second, so that A1 >= A2."""
    values = [amplitudes[0] + amplitudes[1], rates[0], amplitudes[1], rates[1]]
    outer = np.array([[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]])
    return ("A1", "lambda1", "A2", "lambda2"), ("MBq", "1/h", "MBq", "1/h"), values, outer


def _areaParameters(amplitudes, rates, physicalRate):
    """f4d: A1 is the time-integrated activity itself, a the share of the second exponential."""
    (retained, uptake), (slow, fast) = amplitudes, rates
    early, late = 1.0 / slow - 1.0 / (MIXING_RATE_PER_HOUR + physicalRate), 1.0 / slow - 1.0 / fast
    total = retained + 2.0 * uptake
    values = [retained * early + uptake * late, uptake / total, slow, fast]
    outer = np.array([[early, late, -(retained + uptake) / slow ** 2, uptake / fast ** 2],
                      [-uptake / total ** 2, retained / total ** 2, 0.0, 0.0],
                      [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]])
    return ("A1", "a", "lambda1", "lambda2"), ("MBq h", "1", "1/h", "1/h"), values, outer


# Written with amplitudes that are not negative: f4a's A1 - A2 there at once, A2 after an uptake.
_MIXED_TERMS = {"early": [(1, "lambda1"), (-1, MIXING)], "late": [(1, "lambda1"), (-1, "lambda2")]}
F4A = ExponentialModel("f4a", "f4a: partial uptake at once, the rest later", _MIXED_TERMS, ("lambda1", "lambda2"),
                       reported=_signedAmplitudes, assumption=MIXED)
F4D = ExponentialModel("f4d", "f4d: as f4a, by its area", _MIXED_TERMS, ("lambda1", "lambda2"),
                       reported=_areaParameters, assumption=MIXED)
F1A = ExponentialModel("f1a", "f1a: physical decay alone", {"A1": [(1, PHYSICAL)]},
                       assumption="Physical decay alone from administration to infinity: no biological clearance.")

for _model in (BI, TRI, UPTAKE, UPTAKE_TWO, TAIL, F1A,
               dataclasses.replace(F1A, name="physicalDecay", title="Physical decay alone (permanent trapping)"),
               dataclasses.replace(monoExponential.MODEL, name="f2", title="f2: mono-exponential",
                                   terms={"A1": [(1, "lambda1")]}, rates=("lambda1",)),
               dataclasses.replace(UPTAKE, name="f3", title="f3: uptake and washout"),
               dataclasses.replace(TAIL, name="f3b", title="f3b: mono-exponential plus physical tail"),
               dataclasses.replace(BI, name="f4", title="f4: bi-exponential"), F4A, F4D):
    registerExponential(_model, __name__)

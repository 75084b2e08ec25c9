"""One exponential, never slower than physical decay: A(t) = A0 exp(-lambda t)."""

from .exponentialFit import fitExponential, registerExponential
from .exponentialModel import ExponentialModel

NAME, TITLE = "monoExponential", "Mono-exponential"
MODEL = ExponentialModel(NAME, TITLE, {"A0": [(1, "lambda")]}, ("lambda",),
                         assumption="One exponential from administration to infinity: no uptake phase.")


def fitMonoExponential(curve, decayConstantPerHour, options=None):
    """Fit of one exponential (:func:`~.exponentialFit.fitExponential`), parameters ``A0`` (MBq), ``lambda`` (1/h)."""
    return fitExponential(MODEL, curve, decayConstantPerHour, options)


registerExponential(MODEL, __name__)

"""The fit models. A later model is one file that calls :func:`registerModel`, and one line in ``MODULES``."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass

from ...errors import InputError

MODULES = (
    "monoExponential",
    "trapezoid",
    "singleTimePoint",
    "exponentialFamily",
    "fewPoints",
)

_models = {}


@dataclass(frozen=True)
class FitModel:
    """A way to a time-integrated activity.

    ``fit(curve, decayConstantPerHour, options)`` returns a :class:`~.result.FitResult`; ``optionNames`` are the keys
    of ``options`` it knows; ``minimumPoints`` and ``maximumPoints`` bound the curve (``None``: no upper bound);
    ``parameterCount`` is the number of parameters of a least-squares fit, ``None`` for another way; ``module`` is the
    one that registers it, where that is not the one of ``fit``.
    """

    name: str
    title: str
    fit: Callable
    minimumPoints: int
    maximumPoints: int | None = None
    optionNames: tuple = ()
    parameterCount: int | None = None
    module: str = ""


def registerModel(model):
    """Make a :class:`FitModel` known under its name; the last one of a name counts."""
    _models[model.name] = model


def fitModels():
    """All models, name -> :class:`FitModel`, in the order of ``MODULES``."""
    for module in MODULES:
        importlib.import_module(f".{module}", __package__)
    # A module that was imported before the others has registered before them.
    order = {f"{__package__}.{module}": position for position, module in enumerate(MODULES)}
    return dict(sorted(_models.items(), key=lambda item: order.get(item[1].module or item[1].fit.__module__,
                                                                       len(order))))


def fitModel(name):
    """The model of a name; :class:`InputError` with the known names otherwise."""
    models = fitModels()
    if name not in models:
        raise InputError(f"'{name}' is not a fit model", "kinetics.model",
                         f"Known are auto, {', '.join(models)}")
    return models[name]


def modelTitles():
    """(name, title) of every model, for a list to choose from."""
    return tuple((model.name, model.title) for model in fitModels().values())

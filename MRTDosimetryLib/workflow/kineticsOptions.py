"""How the regions are to be fitted: the study's choices, checked in words, and what they mean for one region.

Regions are named as drawn; ``"remainder"`` is the activity outside of them. A population half-life may also be stated
for a tissue (``"kidney"``), for all its regions.
"""

import math
from dataclasses import dataclass, field

from ..errors import InputError
from ..physics.decay import LN2
from ..physics.kinetics.curve import TimeActivityCurve
from ..physics.kinetics.exponentialFit import exponentialModel
from ..physics.kinetics.fewPoints import LATE_FORMS
from ..physics.kinetics.populationPrior import priorOf
from ..physics.kinetics.registry import fitModel, modelTitles
from ..physics.kinetics.trapezoid import STARTS, TAILS
from ..resources import dataPath, loadJSON
from ..therapies.tissues import tissueOf
from .protocol import positiveNumber, studyNuclide, studyProtocol

REMAINDER = "remainder"
AUTO, SINGLE, LATE, TRAPEZOID = "auto", "singleTimePoint", "latePoint", "trapezoid"
PHYSICAL = "physicalDecay"
# What a prior of the half-life is stated under -> the model that takes it, the closest to the patient first.
PRIOR_MODELS = {"earlierCycle": "earlierCycleHalfLife", "populationHalfLife": "populationHalfLife"}
MOST_POINTS_OF_PRIOR = 2
# Wider than any cohort: then it is an ordinary standard deviation by mistake.
LARGEST_GEOMETRIC_SD = 5.0
TITLES = {"effectiveHalfLifeHours": "An effective half-life", "earlierCycle": "A half-life of an earlier cycle",
           "populationHalfLife": "A population half-life", "regionModels": "A model",
           "fixed": "A fixed parameter", "bounds": "A bound", "hybrid": "A planar series",
           "excludedPoints": "An excluded point"}
# Left out of the stage's inputs while nothing is stated, so that an earlier study stays up to date.
_OPTIONAL = {"populationHalfLife": {}, "earlierCycle": {}, "regionModels": {}, "fixed": {}, "bounds": {},
             "relativeActivityUncertainty": None, "shared": [], "hybrid": {}, "lateForm": None, "trapezoid": {},
             "excludedPoints": {}}
_NOTHING = ({}, [], None)


@dataclass(frozen=True)
class FitChoice:
    """Model and options for one region, and words on what is stated but not used."""

    model: str
    effectiveHalfLifeHours: float | None = None
    options: dict = field(default_factory=dict)
    notes: tuple = ()
    source: str = ""
    assumptions: tuple = ()


def modelNames():
    """Name and title of every fit model, ``"auto"`` first."""
    return [(AUTO, "Chosen by rules from the data")] + list(modelTitles())


def options(study):
    """All kinetics choices.

    ``model``; ``perVoxel``; by region ``effectiveHalfLifeHours`` (``hours``, ``source``, ``relativeUncertainty``),
    ``populationHalfLife`` (or by tissue), ``earlierCycle``, ``regionModels``, ``fixed``, ``bounds`` and ``hybrid``
    (planar series); ``shared``; ``relativeActivityUncertainty``; ``lateForm``; ``trapezoid`` (``start``, ``tail``);
    by region ``excludedPoints`` (see :mod:`.excludedPoints`).
    """
    return {"model": _defaultModel(study), "perVoxel": False, "effectiveHalfLifeHours": {}, **_OPTIONAL,
            **(study.choice("kinetics") or {})}


def _defaultModel(study):
    """Model of the protocol, where it has one of its own."""
    return ((studyProtocol(study) or {}).get("kinetics") or {}).get("model", AUTO)


def statedOptions(study):
    """The choices without those optional ones that state nothing, for the inputs of the stage."""
    return {key: value for key, value in options(study).items() if key not in _OPTIONAL or value not in _NOTHING}


def chosenModel(study, region):
    """The model chosen for a region, of its own or for all.

    The remainder follows the automatic choice by default; physical decay alone, where chosen, holds for it, too.
    """
    stated = options(study)
    isOwn = region == REMAINDER and stated["model"] != PHYSICAL
    return stated["regionModels"].get(region) or (AUTO if isOwn else stated["model"])


def parametersOf(model):
    """Names of the parameters of a model that can be fixed or bounded; empty for one without."""
    description = None if model == AUTO else exponentialModel(model)
    return () if description is None else (*description.amplitudes, *description.rates)


def setModel(study, name):
    """Choose the fit model of all regions."""
    change(study, model=_knownModel(name, "kinetics.model"))


def setRegionModel(study, region, name):
    """Choose the fit model of one region; ``None`` takes that of all regions again."""
    if name is not None:
        _knownModel(name, f"kinetics.regionModels, {region}")
    _setEntry(study, "regionModels", region, name)


def applyModelToAll(study, region):
    """Fit all regions by the model chosen for one of them; models of single regions are taken back."""
    remainder = {REMAINDER: options(study)["regionModels"].get(REMAINDER)}
    change(study, model=chosenModel(study, region),
           regionModels={name: model for name, model in remainder.items() if model is not None})


def setPerVoxel(study, isPerVoxel):
    """Fit the map of time-integrated activity per voxel, or spread each region's fit over the region."""
    if not isinstance(isPerVoxel, bool):
        raise InputError(f"perVoxel is {isPerVoxel!r}", "kinetics.perVoxel", "Give true or false")
    change(study, perVoxel=isPerVoxel)


def resetModels(study):
    """All regions by automatic choice (or the model of the protocol) again, each alone, nothing fixed, no point
    excluded, no fits per voxel.

    Statements of half-lives and planar series stay: they are data.
    """
    change(study, model=_defaultModel(study), perVoxel=False, regionModels={}, fixed={}, bounds={}, shared=[],
           lateForm=None, trapezoid={}, excludedPoints={})


def setEffectiveHalfLife(study, region, hours, source="user", relativeUncertainty=None):
    """State the effective half-life of a region (or of ``"remainder"``), for a single time point.

    Parameters
    ----------
    hours : float or None
        ``None`` takes the statement back.
    relativeUncertainty : float, optional
        k = 1; without it the result has no uncertainty.
    """
    if hours is None:
        _setEntry(study, "effectiveHalfLifeHours", region, None)
        return
    hours = positiveNumber(hours, "effective half-life", region)
    _requireEffective(study, hours, "effective half-life", region)
    stated = {"hours": hours, "source": source}
    if relativeUncertainty is not None:
        stated["relativeUncertainty"] = _share(relativeUncertainty, "uncertainty of the effective half-life", region)
    _setEntry(study, "effectiveHalfLifeHours", region, stated)


def setPopulationHalfLife(study, regionOrTissue, prior):
    """State the population's effective half-life for a region or tissue, for one or two time points.

    Parameters
    ----------
    prior : dict or None
        ``source`` with ``medianHours`` and ``geometricSD``, or with ``meanHours`` and ``sdHours``; or ``tracer`` and
        ``tissue`` of the table that comes with the program. ``None`` takes the statement back.
    """
    if prior is not None:
        _checkedPrior(study, prior, f"kinetics.populationHalfLife, {regionOrTissue}")
    _setEntry(study, "populationHalfLife", regionOrTissue, prior)


def setEarlierCycle(study, region, given):
    """State the patient's own effective half-life of an earlier cycle, for one or two time points.

    Parameters
    ----------
    given : dict or None
        ``effectiveHalfLifeHours``, ``standardErrorHours``, optionally ``cycle``, ``relativeChange`` and ``source``.
    """
    if given is not None:
        where = f"kinetics.earlierCycle, {region}"
        values, _source = _apart(requireByName(given, where, '{"effectiveHalfLifeHours": 70, ...}'), where)
        # The model itself checks it, on a curve that says nothing.
        renamed(where, fitModel(PRIOR_MODELS["earlierCycle"]).fit, TimeActivityCurve([24.0], [1.0]),
                studyNuclide(study).decayConstantPerHour, {"earlierCycle": values})
        _requireEffective(study, given["effectiveHalfLifeHours"], "effective half-life of the earlier cycle", where)
    _setEntry(study, "earlierCycle", region, given)


def setFixed(study, region, values):
    """Fix parameters of a region's exponential model: name -> value in MBq or 1/h; ``None`` frees them.

    ``source`` may say where they come from.
    """
    if values is not None:
        where = f"kinetics.fixed, {region}"
        numbers, _source = _apart(requireByName(values, where, '{"lambda1": 0.0141}'), where)
        for name, value in numbers.items():
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise InputError(f"The value of {name}, {value!r}, is not a number", where)
    _setEntry(study, "fixed", region, values)


def setBounds(study, region, pairs):
    """Keep parameters of a region's exponential model between bounds: name -> [least, most], null for none.

    ``source`` may say where they come from.
    """
    if pairs is not None:
        where = f"kinetics.bounds, {region}"
        limits, source = _apart(requireByName(pairs, where, '{"lambda1": [0.005, null]}'), where)
        for name, pair in limits.items():
            if not isinstance(pair, list | tuple) or len(pair) != 2:
                raise InputError(f"The bounds of {name} are not a pair", where, "Give [least, most], null for no bound")
        pairs = {name: list(pair) for name, pair in limits.items()} | ({"source": source} if source else {})
    _setEntry(study, "bounds", region, pairs)


def setTrapezoid(study, given):
    """Choose what the trapezoid takes before the first and after the last point, for all regions.

    Parameters
    ----------
    given : dict or None
        ``start`` and ``tail`` of :func:`~..physics.kinetics.trapezoid.fitTrapezoid`, each optional, and ``source``.
    """
    where, given = "kinetics.trapezoid", given or {}
    choices, _source = _apart(requireByName(given, where, '{"start": "zero-linear", "tail": "physical"}'), where)
    for key, value in choices.items():
        known = {"start": STARTS, "tail": TAILS}.get(key)
        if known is None:
            raise InputError(f"The key '{key}' is not known", where, "Known are start, tail, source")
        if value not in tuple(known):  # a list is no key
            raise InputError(f"'{value}' is no {key} of the trapezoid", where, f"Known are {', '.join(known)}")
    change(study, trapezoid=given if choices else {})


def setLateForm(study, name):
    """Choose the form of the late point without a half-life (``None``: that of Haenscheid et al. 2018)."""
    if name is not None and name not in tuple(LATE_FORMS):
        raise InputError(f"'{name}' is no form of the late point", "kinetics.lateForm",
                         f"Known are {', '.join(LATE_FORMS)}")
    change(study, lateForm=name)


def setRelativeActivityUncertainty(study, value):
    """State the random relative standard uncertainty (k = 1) of every measured activity; ``None``: not known."""
    if value is not None:
        value = _share(value, "uncertainty of the activity", "kinetics.relativeActivityUncertainty")
    change(study, relativeActivityUncertainty=value)


def tabulatedHalfLives(study):
    """``tracer`` and ``tissue`` of the shipped population half-lives for the study's radionuclide."""
    name = study.choice("radionuclide")
    return [{"tracer": entry["tracer"], "tissue": entry["tissue"]}
            for entry in loadJSON(dataPath("populationHalfLives.json"))["halfLives"] if entry["radionuclide"] == name]


def statedPrior(study, region):
    """Population half-life stated for a region, or else for its tissue: (given, key), or ``(None, "")``."""
    stated = options(study)["populationHalfLife"]
    for key in (region, tissueOf(region)):
        if key in stated:
            return stated[key], key
    return None, ""


def resolvedPrior(study, given):
    """The :class:`~..physics.kinetics.populationPrior.HalfLifePrior` of a stated population half-life."""
    return _checkedPrior(study, given, "kinetics.populationHalfLife")


def fitChoice(study, region, points):
    """Model and options by which a region's curve of so many points is to be fitted.

    With automatic choice and one or two points, what is stated closest to the patient counts: an effective half-life
    (one point), the patient's earlier cycle, then the population.

    Raises
    ------
    InputError
        Parameters fixed for a model that has none to fix.
    """
    stated = options(study)
    model = chosenModel(study, region)
    halfLife = stated["effectiveHalfLifeHours"].get(region) if points == 1 else None
    population, key = statedPrior(study, region)
    priors = {"earlierCycle": stated["earlierCycle"].get(region), "populationHalfLife": population}
    if model == AUTO and points <= MOST_POINTS_OF_PRIOR and halfLife is None:
        model = next((name for prior, name in PRIOR_MODELS.items() if priors[prior] is not None), AUTO)
    used = next((prior for prior, name in PRIOR_MODELS.items() if name == model), None)
    chosen, notes, assumptions = {}, [], []
    if used is not None and priors[used] is not None:
        if used == "populationHalfLife":
            _checkedPrior(study, population, f"kinetics.populationHalfLife, {key}")
        chosen[used] = priors[used]
        if used == "earlierCycle":
            chosen[used], source = _apart(priors[used], used)
            assumptions += _sourceWords("The half-life of the earlier cycle", source)
    for prior, given in priors.items():
        if given is not None and prior != used and points <= MOST_POINTS_OF_PRIOR:
            notes.append(f"{TITLES[prior]} is stated for {region if prior != 'populationHalfLife' else key}, "
                         "but not used: another model or a half-life closer to the patient is chosen.")
    for key in ("fixed", "bounds"):
        if stated[key].get(region):
            if model == AUTO or key not in fitModel(model).optionNames:
                raise InputError(f"Parameters are {'fixed' if key == 'fixed' else 'bounded'}, but no exponential "
                                 "model is chosen", f"kinetics.{key}, {region}",
                                 "Choose it under kinetics.regionModels or kinetics.model")
            chosen[key], source = _apart(stated[key][region], key)
            assumptions += _sourceWords(f"The {'values' if key == 'fixed' else 'bounds'} of "
                                        f"{', '.join(chosen[key])}", source)
    if stated["trapezoid"] and model in (AUTO, TRAPEZOID):
        ends, source = _apart(stated["trapezoid"], "trapezoid")
        chosen |= ends
        assumptions += _sourceWords("The ends of a trapezoid", source)
    if stated["lateForm"] and model == LATE:
        chosen["lateForm"] = stated["lateForm"]
    if halfLife is None or model not in (AUTO, SINGLE):
        return FitChoice(model, None, chosen, tuple(notes), "", tuple(assumptions))
    if halfLife.get("relativeUncertainty") is not None:
        chosen["relativeHalfLifeUncertainty"] = halfLife["relativeUncertainty"]
    return FitChoice(model, halfLife["hours"], chosen, tuple(notes), halfLife["source"], tuple(assumptions))


def _checkedPrior(study, given, where):
    """The prior in full; refuses one of another radionuclide, or longer than physical decay allows."""
    prior = renamed(where, priorOf, given)
    if set(given) >= {"tracer", "tissue"} and {"tracer": given["tracer"], "tissue": given["tissue"]} \
            not in tabulatedHalfLives(study):
        raise InputError(f"The half-life of {given['tissue']} for {given['tracer']} is not one of "
                         f"{studyNuclide(study).name}", where, "Give your own with its source")
    _requireEffective(study, prior.medianHours, "median half-life of the population", where)
    if prior.geometricSD > LARGEST_GEOMETRIC_SD:
        raise InputError(f"The geometric standard deviation of {prior.geometricSD:.3g} is above "
                         f"{LARGEST_GEOMETRIC_SD:g}", where, "A standard deviation in h is given with meanHours, as "
                         "sdHours")
    return prior


def renamed(where, function, *args):
    """Call a function of the physics; its faults then say where in the study they are."""
    try:
        return function(*args)
    except InputError as error:
        raise InputError(error.what, where, error.mend) from None
    except OverflowError:
        raise InputError("The half-life and its spread are out of range", where, "Give both in hours") from None


def _requireEffective(study, hours, what, where):
    physical = LN2 / studyNuclide(study).decayConstantPerHour
    if hours > physical * (1 + 1e-9):
        raise InputError(f"The {what} of {hours:g} h is longer than the physical one of {physical:.4g} h", where,
                         "Give an effective half-life, physical decay included")


def _knownModel(name, where):
    known = [model for model, _title in modelNames()]
    if name not in known:
        raise InputError(f"'{name}' is not a fit model", where, f"Known are {', '.join(known)}")
    return name


def _apart(given, where):
    """Values and source of what is stated with a ``source`` beside its values."""
    source = given.get("source")
    if source is not None and not (isinstance(source, str) and source.strip()):
        raise InputError("The source is not a text", where, "Say where the values come from, or leave it out")
    return {name: value for name, value in given.items() if name != "source"}, (source or "").strip()


def _sourceWords(what, source):
    return [f"{what} taken from: {source}."] if source else []


def _share(value, what, where):
    number = positiveNumber(value, f"relative {what}", where)
    if number >= 1:
        raise InputError(f"The relative {what} is {number:g}, which is not below 1", where,
                         "Give a fraction, 0.05 for 5 %")
    return number


def requireByName(given, where, example):
    """``given`` where it is an object, or an :class:`InputError` with an example."""
    if not isinstance(given, dict):
        raise InputError("This is not given by name", where, f"Write e.g. {example}")
    return given


def _setEntry(study, key, region, value):
    entries = {name: entry for name, entry in options(study)[key].items() if name != region}
    if value is not None:
        entries[region] = value
    change(study, **{key: entries})


def change(study, **changes):
    """Change choices by key as they are, unchecked; what states nothing is left out."""
    merged = {**options(study), **changes}
    study.setChoice("kinetics", {key: value for key, value in merged.items()
                                 if key not in _OPTIONAL or value not in _NOTHING})
